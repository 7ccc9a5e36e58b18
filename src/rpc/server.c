/* The server as a whole: which methods there are, where it listens, who gets the next turn, how it ends.
 *
 * Fairness. Handlers of server streams are asked for more from one queue, each in its turn, and all of them together
 * for 64 kB or a millisecond in one turn of the loop. A list of three million paths so costs another client's call
 * less than a millisecond, however many such lists run.
 */
#include "rpc/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/tls.h"
#include "io/unix_socket.h"
#include "rpc/server_internal.h"

enum {
    TURN_BYTES = 64 << 10,
    TURN_NS = 1000000,
    FORCED_CLOSE_MS = 500, /* from the last calls' end to closing what is left */
    STREAM_RESETS_MAX = 100,
    STREAM_RESETS_PER_S = 10,
    CONTINUATIONS_MAX = 8,
    SETTINGS_ENTRIES_MAX = 32,
    OUTBOUND_ACKS_MAX = 256,
};

/* Methods --------------------------------------------------------------------------------------------------------- */

static int compare_registered(const void *a, const void *b)
{
    return strcmp(((const struct rpc_registered *)a)->method->path, ((const struct rpc_registered *)b)->method->path);
}

void rpc_server_register(struct rpc_server *server, const struct rpc_method *methods, size_t count, void *context)
{
    size_t total = server->method_count + count;
    server->methods = mem_realloc(MEM_RPC, server->methods, total * sizeof(*server->methods));
    for (size_t i = 0; i < count; i++) {
        const struct rpc_method *method = &methods[i];
        CHECK(method->message && (method->kind != RPC_SERVER_STREAM || method->more) &&
              (method->kind != RPC_CLIENT_STREAM || method->end));
        server->methods[server->method_count++] = (struct rpc_registered){.method = method, .context = context};
    }
    qsort(server->methods, total, sizeof(*server->methods), compare_registered);
}

const struct rpc_registered *rpc_server_find(const struct rpc_server *server, const char *path)
{
    const struct rpc_method method = {.path = path};
    const struct rpc_registered key = {.method = &method};
    return server->method_count == 0
               ? NULL
               : bsearch(&key, server->methods, server->method_count, sizeof(*server->methods), compare_registered);
}

bool rpc_server_knows_service(const struct rpc_server *server, const char *path, size_t service_length)
{
    for (size_t i = 0; i < server->method_count; i++) {
        const char *known = server->methods[i].method->path;
        if (strncmp(known, path, service_length) == 0 && known[service_length] == '/')
            return true;
    }
    return false;
}

/* Turns ----------------------------------------------------------------------------------------------------------- */

static bool server_pump(struct loop_task *task)
{
    struct rpc_server *server = container_of(task, struct rpc_server, pump);
    const struct mono_time begin = mono_now();
    size_t sent_bytes = 0;
    /* Those that are queued again meanwhile wait for the next turn. */
    struct list turn;
    list_init(&turn);
    if (list_empty(&server->runnable))
        return false;
    list_insert_before(server->runnable.next, &turn);
    list_remove(&server->runnable);
    while (!list_empty(&turn) && sent_bytes < TURN_BYTES && mono_now().ns - begin.ns < TURN_NS) {
        struct rpc_call *call = list_entry(turn.next, struct rpc_call, in_runnable);
        size_t before = rpc_call_pending_bytes(call);
        rpc_call_run_more(call);
        sent_bytes += rpc_call_pending_bytes(call) - before;
    }
    /* Who did not get a turn is first in the next. */
    while (!list_empty(&turn)) {
        struct list *last = turn.prev;
        list_remove(last);
        list_insert_before(server->runnable.next, last);
    }
    return !list_empty(&server->runnable);
}

/* Connections ----------------------------------------------------------------------------------------------------- */

static bool connection_is_busy(struct rpc_connection *connection)
{
    list_foreach (call, &connection->calls, struct rpc_call, in_connection)
        if (call->headers_complete)
            return true;
    return false;
}

/* Closes the connection that has been without a call for longest. */
static bool evict_idle(struct rpc_server *server)
{
    struct rpc_connection *idlest = NULL;
    list_foreach (connection, &server->connections, struct rpc_connection, in_server)
        if (!connection_is_busy(connection) && (!idlest || mono_before(connection->quiet_since, idlest->quiet_since)))
            idlest = connection;
    if (idlest)
        rpc_connection_close(idlest, "idle, and another client wants in");
    return idlest != NULL;
}

void rpc_server_adopt(struct rpc_server *server, struct stream *stream, const struct rpc_peer *peer, bool read_only)
{
    if (server->draining || (server->connection_count >= server->limits.connections && !evict_idle(server))) {
        server->refused++;
        stream_free(stream);
        return;
    }
    struct rpc_connection *connection = rpc_connection_new(server, stream, peer, read_only);
    list_append(&server->connections, &connection->in_server);
    server->connection_count++;
    server->accepted++;
}

void rpc_server_connection_gone(struct rpc_server *server)
{
    server->connection_count--;
    if (server->draining && server->connection_count == 0)
        loop_task_schedule(&server->drain_report);
}

/* Listeners ------------------------------------------------------------------------------------------------------- */

struct rpc_listener {
    struct list link;
    struct rpc_server *server;
    struct listener *listener;
    struct rpc_listen_options options;
};

static void listener_drop(struct rpc_listener *listener)
{
    list_remove(&listener->link);
    listener_free(listener->listener);
    tls_context_unref(listener->options.tls);
    mem_free(MEM_RPC, listener);
}

static void listeners_drop(struct rpc_server *server)
{
    list_foreach_safe (listener, &server->listeners, struct rpc_listener, link)
        listener_drop(listener);
}

static struct rpc_listener *listener_new(struct rpc_server *server, const struct rpc_listen_options *options)
{
    struct rpc_listener *listener = mem_zalloc(MEM_RPC, sizeof(*listener));
    listener->server = server;
    listener->options = *options;
    if (options->tls)
        tls_context_ref(options->tls);
    list_init(&listener->link);
    list_append(&server->listeners, &listener->link);
    return listener;
}

static void listener_give(struct rpc_listener *listener, struct stream *stream, const struct rpc_peer *peer)
{
    struct tls_context *tls = listener->options.tls;
    if (tls)
        stream = tls_wrap(tls, listener->server->loop, stream, NULL, NULL);
    rpc_server_adopt(listener->server, stream, peer, listener->options.read_only);
}

static void tcp_accepted(void *owner, struct stream *stream)
{
    struct rpc_listener *listener = owner;
    const struct rpc_peer peer = {.address = stream_remote(stream)};
    listener_give(listener, stream, &peer);
}

static void unix_accepted(void *owner, struct stream *stream)
{
    struct rpc_listener *listener = owner;
    struct unix_peer who = {0};
    if (unix_peer_of(stream, &who) < 0) {
        stream_free(stream);
        return;
    }
    const struct rpc_peer peer = {.local = true, .uid = who.uid, .pid = who.pid};
    listener_give(listener, stream, &peer);
}

int rpc_server_listen(struct rpc_server *server, struct transport *transport, const struct endpoint *local,
                      const struct rpc_listen_options *options, struct endpoint *bound, struct err *err)
{
    struct rpc_listener *listener = listener_new(server, options);
    int result =
        transport->ops->listen(transport, server->loop, local, "", tcp_accepted, listener, &listener->listener, err);
    if (result < 0) {
        listener_drop(listener);
        return result;
    }
    if (bound)
        *bound = listener_local(listener->listener);
    return E_OK;
}

int rpc_server_listen_unix(struct rpc_server *server, const char *path, mode_t mode,
                           const struct rpc_listen_options *options, struct err *err)
{
    struct rpc_listener *listener = listener_new(server, options);
    listener->listener = unix_listen(server->loop, path, mode, unix_accepted, listener, err);
    if (listener->listener)
        return E_OK;
    listener_drop(listener);
    return E_IO;
}

void rpc_server_replace_tls(struct rpc_server *server, const struct tls_context *old, struct tls_context *new)
{
    list_foreach (listener, &server->listeners, struct rpc_listener, link) {
        struct tls_context *tls = listener->options.tls;
        if (!tls || tls != old)
            continue;
        listener->options.tls = tls_context_ref(new);
        tls_context_unref(tls);
    }
}

/* The end --------------------------------------------------------------------------------------------------------- */

static bool drain_report(struct loop_task *task)
{
    struct rpc_server *server = container_of(task, struct rpc_server, drain_report);
    loop_timer_stop(&server->drain_timer);
    void (*drained)(void *context) = server->drained;
    server->drained = NULL;
    if (drained)
        drained(server->drained_context);
    return false;
}

static void connections_close(struct rpc_server *server, const char *reason)
{
    list_foreach_safe (connection, &server->connections, struct rpc_connection, in_server)
        rpc_connection_close(connection, reason);
}

static void drain_limit(struct loop_timer *timer)
{
    struct rpc_server *server = container_of(timer, struct rpc_server, drain_timer);
    if (server->drain_over) {
        connections_close(server, "the server stops");
        return;
    }
    server->drain_over = true;
    list_foreach (connection, &server->connections, struct rpc_connection, in_server)
        list_foreach (call, &connection->calls, struct rpc_call, in_connection)
            rpc_call_abort(call, RPC_UNAVAILABLE, "the server stops");
    loop_timer_start(timer, FORCED_CLOSE_MS);
}

/* A call that has nothing to send and waits for events could wait forever. */
static bool call_only_waits(const struct rpc_call *call)
{
    if (!call->registered || call->finished)
        return false;
    enum rpc_kind kind = call->registered->method->kind;
    return kind == RPC_CLIENT_STREAM || (kind == RPC_SERVER_STREAM && call->started && !call->wants_more);
}

void rpc_server_drain(struct rpc_server *server, uint32_t limit_ms, void (*done)(void *context), void *context)
{
    if (server->draining)
        return;
    server->draining = true;
    server->drained = done;
    server->drained_context = context;
    listeners_drop(server);
    list_foreach (connection, &server->connections, struct rpc_connection, in_server) {
        rpc_connection_say_goodbye(connection);
        list_foreach (call, &connection->calls, struct rpc_call, in_connection)
            if (call_only_waits(call))
                rpc_call_abort(call, RPC_UNAVAILABLE, "the server stops");
    }
    loop_timer_start(&server->drain_timer, limit_ms);
    if (server->connection_count == 0)
        loop_task_schedule(&server->drain_report);
}

static uint32_t limit_or(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static struct rpc_limits limits_complete(const struct rpc_limits *given)
{
    const struct rpc_limits none = {0};
    const struct rpc_limits *from = given ? given : &none;
    return (struct rpc_limits){
        .connections = limit_or(from->connections, 128),
        .streams = limit_or(from->streams, RPC_STREAMS_MAX),
        .preface_ms = limit_or(from->preface_ms, 10000),
        .request_ms = limit_or(from->request_ms, 30000),
        .idle_ms = limit_or(from->idle_ms, 300000),
        .message_bytes = limit_or(from->message_bytes, RPC_MESSAGE_MAX_BYTES),
        .assembling_bytes = limit_or(from->assembling_bytes, 16 << 20),
    };
}

struct rpc_server *rpc_server_new(struct loop *loop, const struct rpc_limits *limits)
{
    struct rpc_server *server = mem_zalloc(MEM_RPC, sizeof(*server));
    server->loop = loop;
    server->limits = limits_complete(limits);
    list_init(&server->listeners);
    list_init(&server->connections);
    list_init(&server->runnable);
    loop_task_init(&server->pump, loop, server_pump);
    loop_task_init(&server->drain_report, loop, drain_report);
    loop_timer_init(&server->drain_timer, loop, drain_limit);

    CHECK(nghttp2_session_callbacks_new(&server->callbacks) == 0);
    rpc_connection_set_callbacks(server->callbacks);
    CHECK(nghttp2_option_new(&server->options) == 0);
    nghttp2_option_set_stream_reset_rate_limit(server->options, STREAM_RESETS_MAX, STREAM_RESETS_PER_S);
    nghttp2_option_set_max_continuations(server->options, CONTINUATIONS_MAX);
    nghttp2_option_set_max_settings(server->options, SETTINGS_ENTRIES_MAX);
    nghttp2_option_set_max_outbound_ack(server->options, OUTBOUND_ACKS_MAX);
    /* Priorities are not used, so closed streams need not be remembered for them. */
    nghttp2_option_set_no_closed_streams(server->options, 1);
    return server;
}

void rpc_server_free(struct rpc_server *server)
{
    listeners_drop(server);
    connections_close(server, "the server stops");
    loop_task_cancel(&server->pump);
    loop_task_cancel(&server->drain_report);
    loop_timer_stop(&server->drain_timer);
    nghttp2_session_callbacks_del(server->callbacks);
    nghttp2_option_del(server->options);
    mem_free(MEM_RPC, server->methods);
    mem_free(MEM_RPC, server);
}

void rpc_server_counters(const struct rpc_server *server, struct rpc_server_counters *counters)
{
    *counters = (struct rpc_server_counters){
        .connections = server->connection_count,
        .calls = server->call_count,
        .accepted = server->accepted,
        .refused = server->refused,
        .calls_started = server->calls_started,
        .calls_failed = server->calls_failed,
        .buffered_bytes = server->pending_bytes + server->assembling_bytes,
    };
}
