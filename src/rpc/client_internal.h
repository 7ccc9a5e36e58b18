/* What the two clients, the one that waits (client.c) and the one on a loop (channel.c), share: a connection with
 * HTTP/2 on it, and the calls that run over it (client_call.c).
 */
#pragma once

#include "base/list.h"
#include "rpc/assembly.h"
#include "rpc/client.h"
#include "rpc/link.h"
#include "rpc/target.h"

enum { CLIENT_AUTHORITY_MAX = RPC_HOST_MAX + 8 };

struct client_conn {
    struct loop *loop;
    bool secure;
    char authority[CLIENT_AUTHORITY_MAX];
    uint32_t message_bytes;
    nghttp2_session_callbacks *callbacks;
    bool linked;
    bool established; /* the server's SETTINGS are here */
    struct rpc_link link;
    struct list calls;                                /* running */
    void (*on_established)(struct client_conn *conn); /* may be NULL */
};

void client_conn_init(struct client_conn *conn, struct loop *loop, const struct rpc_target *target, bool secure);
void client_conn_release(struct client_conn *conn);
/* Takes the stream, which is connected. */
void client_conn_link(struct client_conn *conn, struct stream *stream,
                      void (*lost)(struct rpc_link *link, const char *reason));
/* Gives the connection up; running calls end as unavailable, with this text. */
void client_conn_unlink(struct client_conn *conn, const char *text);

struct client_call {
    struct client_conn *conn;
    struct list link;
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
    void (*settled)(struct client_call *call); /* it has ended, and may not be released yet; may be NULL */
    void *context;
    struct loop_timer timer;
};

struct rpc_client {
    struct loop *loop;
    struct rpc_target target;
    struct tls_context *tls;
    uint32_t connect_ms;

    struct stream *dialing;
    int dial_errno; /* -1: not decided yet */
    struct client_conn conn;
    struct loop_timer connect_timer;
    bool connect_expired;
    char lost_reason[128];

    struct client_call call;
};

/* `*call` is not running. */
void client_call_start(struct client_conn *conn, struct client_call *call, const struct rpc_request *request);
void client_call_put(struct client_call *call, const void *message, size_t length);
void client_call_complete_request(struct client_call *call);
void client_call_settle(struct client_call *call, enum rpc_code code, const char *text); /* the first one counts */
void client_call_cancel(struct client_call *call, enum rpc_code code, const char *text); /* settles it from this side */
void client_call_release(struct client_call *call);
size_t client_call_pending_bytes(const struct client_call *call);

void client_call_set_callbacks(nghttp2_session_callbacks *callbacks);
