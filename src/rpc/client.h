/* A gRPC client that waits: for command lines and for threads that may block. It turns a private loop until the call
 * has ended. One connection, one call at a time, one thread. A connection that was lost between two calls is made
 * again by the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addr.h"
#include "rpc/rpc.h"

struct rpc_client;
struct tls_context;

struct rpc_client_options {
    const char *target;      /* "host:port", "[::1]:50051", "unix:///run/godwit.sock". Names are resolved, waiting. */
    struct tls_context *tls; /* NULL = in the clear. Made with alpn "h2" and the server's name; a reference is taken */
    uint32_t connect_ms;     /* until the server has answered with its SETTINGS; 0 = 1,000 */
    uint32_t message_bytes;  /* longest message accepted; 0 = 64 MiB */
};

/* E_OK, or E_INVALID (target), E_NOT_FOUND (name), E_IO with the reason in words. */
int rpc_client_connect(const struct rpc_client_options *options, struct rpc_client **client, struct err *err);
void rpc_client_free(struct rpc_client *client); /* NULL is fine */

/* One message of the answer, good during the call. False: enough, cancel the call (its status is then RPC_CANCELLED).
 * While this runs nothing is read, so that a slow consumer slows the server down. */
typedef bool (*rpc_client_message)(void *context, const uint8_t *bytes, size_t length);

/* What to call. */
struct rpc_request {
    const char *path;    /* "/package.Service/Method" */
    const void *message; /* may be NULL if the length is 0 */
    size_t length;
    uint32_t timeout_ms; /* 0 = without end */
};

/* Unary and server streams: sends the request, waits until the call has ended. `on_message` may be NULL. Returns the
 * code, also in `status` with the text. A lost connection is RPC_UNAVAILABLE. */
enum rpc_code rpc_client_call(struct rpc_client *client, const struct rpc_request *request,
                              rpc_client_message on_message, void *context, struct rpc_status *status);

/* Client streams: begin, send any number, finish. rpc_client_send waits while much is on its way; false: the call has
 * ended already, rpc_client_finish tells how. Of `request`, path and timeout count. */
void rpc_client_begin(struct rpc_client *client, const struct rpc_request *request, rpc_client_message on_message,
                      void *context);
bool rpc_client_send(struct rpc_client *client, const void *message, size_t length);
enum rpc_code rpc_client_finish(struct rpc_client *client, struct rpc_status *status);
