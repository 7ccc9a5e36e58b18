/* What the three parts of the server share: server.c (listeners, methods, turns), connection.c (HTTP/2), call.c
 * (gRPC).
 */
#pragma once

#include "base/list.h"
#include "rpc/assembly.h"
#include "rpc/link.h"
#include "rpc/server.h"

enum {
    RPC_PATH_MAX = 128,
    /* More is asked of a handler while less than this waits in its call, and in its connection. */
    RPC_CALL_ROOM_BYTES = 32 << 10,
    RPC_CONNECTION_ROOM_BYTES = 128 << 10,
};

struct rpc_registered {
    const struct rpc_method *method;
    void *context;
};

struct rpc_server {
    struct loop *loop;
    struct rpc_limits limits;
    struct rpc_registered *methods; /* sorted by path */
    size_t method_count;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *options;
    struct list listeners;
    struct list connections; /* oldest first */
    uint32_t connection_count;
    struct list runnable; /* calls to be asked for more, in turn */
    struct loop_task pump;
    uint64_t assembling_bytes;
    uint64_t pending_bytes;
    uint32_t call_count;
    uint64_t accepted;
    uint64_t refused;
    uint64_t calls_started;
    uint64_t calls_failed;
    bool draining;
    bool drain_over;
    struct loop_timer drain_timer;
    struct loop_task drain_report;
    void (*drained)(void *context);
    void *drained_context;
};

struct rpc_connection {
    struct rpc_link link;
    struct rpc_server *server;
    struct list in_server;
    struct list calls;
    uint32_t call_count;
    uint64_t pending_bytes;
    struct rpc_peer peer;
    bool read_only;
    bool established;              /* the client has sent its SETTINGS */
    bool closing;                  /* a GOAWAY of ours is on its way */
    struct mono_time quiet_since;  /* since it has had no calls */
    struct mono_time failed_since; /* begin of the interval in which failed streams are counted */
    uint32_t failed_streams;
    struct loop_timer timer; /* preface, then idle */
};

struct rpc_call {
    struct rpc_connection *connection;
    int32_t stream_id;
    struct list in_connection;
    struct list in_runnable;
    const struct rpc_registered *registered; /* NULL until the headers named one */
    void *state;

    struct rpc_assembly assembly;
    struct buf out; /* messages, with their prefixes, that HTTP/2 has not taken */
    size_t out_taken;

    struct loop_timer timer; /* until the request is complete, then until the deadline */
    struct mono_time deadline;
    bool has_deadline;

    bool headers_complete;
    bool request_complete;
    bool started;    /* the handler has seen it */
    bool wants_more; /* `more` said true, or nobody asked it yet */
    bool answering;  /* response headers were submitted */
    bool finished;   /* the handler's part is over; what is in `out` and the status are still to be sent */

    enum rpc_code code;
    char *text; /* NULL = "" */

    /* The request's headers. */
    size_t header_bytes;
    bool is_post;
    bool is_grpc;
    bool is_encoded;
    bool path_too_long;
    char path[RPC_PATH_MAX];
};

/* server.c */
const struct rpc_registered *rpc_server_find(const struct rpc_server *server, const char *path);
bool rpc_server_knows_service(const struct rpc_server *server, const char *path, size_t service_length);
void rpc_server_connection_gone(struct rpc_server *server);

/* connection.c */
struct rpc_connection *rpc_connection_new(struct rpc_server *server, struct stream *stream, const struct rpc_peer *peer,
                                          bool read_only);
void rpc_connection_close(struct rpc_connection *connection, const char *reason);
void rpc_connection_say_goodbye(struct rpc_connection *connection);
void rpc_connection_set_callbacks(nghttp2_session_callbacks *callbacks);

/* call.c: the events of a stream, in order */
struct rpc_call *rpc_call_new(struct rpc_connection *connection, int32_t stream_id);
/* False: more than is allowed. */
bool rpc_call_header(struct rpc_call *call, const uint8_t *name, size_t name_length, const uint8_t *value,
                     size_t value_length);
void rpc_call_headers_end(struct rpc_call *call);
void rpc_call_data(struct rpc_call *call, const uint8_t *bytes, size_t length);
void rpc_call_request_end(struct rpc_call *call);
void rpc_call_free(struct rpc_call *call); /* cancels if nobody finished it */

/* Ends a call over its handler's head. */
void rpc_call_abort(struct rpc_call *call, enum rpc_code code, const char *text);
void rpc_call_run_more(struct rpc_call *call);
size_t rpc_call_pending_bytes(const struct rpc_call *call);
