/* A gRPC client on a loop, for those who must not wait: one connection that is made again whenever it is lost, and any
 * number of calls at a time. What hangs is found out by HTTP/2 PINGs. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"
#include "rpc/client.h"

struct rpc_channel;
struct rpc_pending;

/* None of these may free the channel; all may begin and cancel calls. */
struct rpc_channel_handler {
    void (*connected)(void *context);
    /* The connection went, or an attempt came to nothing. Calls that ran end as RPC_UNAVAILABLE. */
    void (*lost)(void *context, const char *reason);
};

struct rpc_channel_options {
    const char *target;      /* as rpc_client_options; names are resolved on a thread of their own */
    struct tls_context *tls; /* NULL = in the clear. Made with alpn "h2"; a reference is taken */
    uint32_t connect_ms;     /* for one attempt; 0 = 3,000 */
    uint32_t ping_ms;        /* a PING every so often; after three times that without a byte it is lost; 0 = 2,000 */
};

/* Begins to connect with the next turn. E_INVALID: the target. */
int rpc_channel_new(struct loop *loop, const struct rpc_channel_options *options,
                    const struct rpc_channel_handler *handler, void *context, struct rpc_channel **channel,
                    struct err *err);
void rpc_channel_free(struct rpc_channel *channel); /* running calls are forgotten; NULL is fine */

bool rpc_channel_connected(const struct rpc_channel *channel);
struct mono_time rpc_channel_heard_at(const struct rpc_channel *channel); /* the last byte; meaningful if connected */

/* How a call ended: once, from the loop, never from inside rpc_channel_call. */
typedef void (*rpc_pending_ended)(void *context, const struct rpc_status *status);

/* Unary calls and server streams. `on_message` may be NULL; if it returns false the call is over (RPC_CANCELLED).
 * Without a connection it ends as RPC_UNAVAILABLE. The handle is good until `ended`. */
struct rpc_pending *rpc_channel_call(struct rpc_channel *channel, const struct rpc_request *request,
                                     rpc_client_message on_message, rpc_pending_ended ended, void *context);
void rpc_pending_cancel(struct rpc_pending *pending); /* neither message nor end will be told */
