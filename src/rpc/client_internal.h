/* What client.c (connection, waiting) and client_call.c (HTTP/2 events of the one call) share. */
#pragma once

#include "rpc/assembly.h"
#include "rpc/client.h"
#include "rpc/link.h"
#include "rpc/target.h"

struct client_call {
    int32_t stream_id; /* 0: none */
    bool running;      /* begun and not ended */
    bool request_complete;
    bool answered_http; /* :status was not 200 */
    bool has_status;
    unsigned http_status;
    enum rpc_code code;
    char text[RPC_STATUS_TEXT_MAX];
    struct rpc_assembly assembly;
    struct buf out;
    size_t out_taken;
    rpc_client_message on_message;
    void *context;
    struct loop_timer timer;
};

struct rpc_client {
    struct loop *loop;
    struct rpc_target target;
    struct tls_context *tls;
    char authority[RPC_HOST_MAX + 8];
    uint32_t connect_ms;
    uint32_t message_bytes;
    nghttp2_session_callbacks *callbacks;

    struct stream *dialing;
    int dial_errno; /* -1: not decided yet */
    bool linked;
    bool established; /* the server's SETTINGS are here */
    struct rpc_link link;
    struct loop_timer connect_timer;
    bool connect_expired;
    char lost_reason[128];

    struct client_call call;
};

void client_call_set_callbacks(nghttp2_session_callbacks *callbacks);
void client_call_start(struct rpc_client *client, const struct rpc_request *request, rpc_client_message on_message,
                       void *context);
void client_call_put(struct rpc_client *client, const void *message, size_t length);
void client_call_complete_request(struct rpc_client *client);
void client_call_settle(struct client_call *call, enum rpc_code code, const char *text); /* the first one counts */
void client_call_release(struct client_call *call);
size_t client_call_pending_bytes(const struct client_call *call);
