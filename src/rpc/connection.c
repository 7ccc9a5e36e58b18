/* One client's connection: HTTP/2 events become events of calls. Limits that need the whole connection live here:
 * the preface must come, an idle connection ends, a client that makes streams fail one after the other is sent away
 * (rapid reset, CVE-2023-44487, and its later variants).
 */
#include "base/log.h"
#include "base/mem.h"
#include "io/tls.h"
#include "rpc/server_internal.h"

enum {
    GOODBYE_MS = 5000,  /* from our GOAWAY to closing at the latest */
    PING_MS = 120000,   /* silence of a client with calls before it is asked */
    SILENT_MS = 900000, /* and before it is given up */
    FAILED_STREAMS_MAX = 100,
    FAILED_STREAMS_WINDOW_MS = 10000,
};

static void connection_lost(struct rpc_link *link, const char *reason)
{
    rpc_connection_close(container_of(link, struct rpc_connection, link), reason);
}

void rpc_connection_say_goodbye(struct rpc_connection *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    nghttp2_session *session = connection->link.session;
    nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session),
                          NGHTTP2_NO_ERROR, NULL, 0);
    rpc_link_flush_soon(&connection->link);
}

/* A client whose host has vanished says nothing, and while there is nothing to send the kernel does not notice. A
 * living one answers a PING, even while its user reads. At the same host the kernel tells. */
static void connection_check_life(struct rpc_connection *connection)
{
    int64_t silent_ms = mono_diff_ms(loop_now(connection->server->loop), connection->link.heard_at);
    if (connection->peer.local || addr_is_loopback(&connection->peer.address.addr))
        return; /* the end of the last call starts the timer again */
    if (silent_ms >= SILENT_MS) {
        rpc_connection_close(connection, "nothing is heard of the client");
        return;
    }
    if (silent_ms >= PING_MS) {
        nghttp2_submit_ping(connection->link.session, NGHTTP2_FLAG_NONE, NULL);
        rpc_link_flush_soon(&connection->link);
    }
    loop_timer_start(&connection->timer, PING_MS);
}

static void connection_timer(struct loop_timer *timer)
{
    struct rpc_connection *connection = container_of(timer, struct rpc_connection, timer);
    if (!connection->established) {
        rpc_connection_close(connection, "no HTTP/2 preface in time");
    } else if (connection->call_count > 0) {
        connection_check_life(connection);
    } else if (connection->closing) {
        rpc_connection_close(connection, "idle");
    } else {
        rpc_connection_say_goodbye(connection);
        loop_timer_start(timer, GOODBYE_MS);
    }
}

static void connection_quiet(struct rpc_connection *connection)
{
    connection->quiet_since = loop_now(connection->server->loop);
    loop_timer_start(&connection->timer, connection->closing ? GOODBYE_MS : connection->server->limits.idle_ms);
}

/* HTTP/2's events ------------------------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        struct rpc_call *call = rpc_call_new(user, frame->hd.stream_id);
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
                     uint8_t flags, void *user)
{
    struct rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    nghttp2_vec name_bytes = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec value_bytes = nghttp2_rcbuf_get_buf(value);
    if (!call || rpc_call_header(call, name_bytes.base, name_bytes.len, value_bytes.base, value_bytes.len))
        return 0;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct rpc_connection *connection = user;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK) && !connection->established) {
        connection->established = true;
        connection_quiet(connection);
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        rpc_call_headers_end(call);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        rpc_call_request_end(call);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t length,
                   void *user)
{
    struct rpc_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (call)
        rpc_call_data(call, bytes, length);
    return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if (frame->hd.type != NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    struct rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    /* Answered before the request has ended: the rest of it is not wanted (RFC 9113 8.1). */
    if (call && !call->request_complete)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

static void failed_stream(struct rpc_connection *connection)
{
    struct mono_time now = loop_now(connection->server->loop);
    if (mono_diff_ms(now, connection->failed_since) >= FAILED_STREAMS_WINDOW_MS) {
        connection->failed_since = now;
        connection->failed_streams = 0;
    }
    if (++connection->failed_streams > FAILED_STREAMS_MAX)
        nghttp2_session_terminate_session(connection->link.session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user)
{
    struct rpc_connection *connection = user;
    struct rpc_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (call)
        rpc_call_free(call);
    if (error_code != NGHTTP2_NO_ERROR)
        failed_stream(connection);
    if (connection->call_count == 0)
        connection_quiet(connection);
    return 0;
}

void rpc_connection_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
}

static void connection_secured(struct rpc_link *link)
{
    struct rpc_peer *peer = &container_of(link, struct rpc_connection, link)->peer;
    if (tls_peer_name(link->stream, peer->certificate, sizeof(peer->certificate)) < 0)
        peer->certificate[0] = '\0';
}

/* Its life -------------------------------------------------------------------------------------------------------- */

struct rpc_connection *rpc_connection_new(struct rpc_server *server, struct stream *stream, const struct rpc_peer *peer,
                                          bool read_only)
{
    struct rpc_connection *connection = mem_zalloc(MEM_RPC, sizeof(*connection));
    connection->server = server;
    connection->peer = *peer;
    connection->read_only = read_only;
    connection->quiet_since = loop_now(server->loop);
    list_init(&connection->calls);
    list_init(&connection->in_server);
    loop_timer_init(&connection->timer, server->loop, connection_timer);
    loop_timer_start(&connection->timer, server->limits.preface_ms);
    rpc_link_init(&connection->link, server->loop, stream, connection_lost);
    connection->link.secured = connection_secured;
    int result = nghttp2_session_server_new3(&connection->link.session, server->callbacks, connection, server->options,
                                             rpc_link_memory());
    CHECK(result == 0);

    /* At once: stock clients wait one second for it. */
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server->limits.streams},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, RPC_HEADER_LIST_MAX_BYTES},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, RPC_STREAM_WINDOW_BYTES},
    };
    nghttp2_submit_settings(connection->link.session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings));
    nghttp2_session_set_local_window_size(connection->link.session, NGHTTP2_FLAG_NONE, 0, RPC_CONNECTION_WINDOW_BYTES);
    rpc_link_start(&connection->link);
    return connection;
}

void rpc_connection_close(struct rpc_connection *connection, const char *reason)
{
    struct rpc_server *server = connection->server;
    char name[ENDPOINT_TEXT_MAX];
    log_debug("rpc", connection->peer.local ? "unix" : endpoint_format(&connection->peer.address, name),
              "connection closed: %s", reason);
    list_remove(&connection->in_server);
    list_foreach_safe (call, &connection->calls, struct rpc_call, in_connection)
        rpc_call_free(call);
    loop_timer_stop(&connection->timer);
    rpc_link_release(&connection->link);
    mem_free(MEM_RPC, connection);
    rpc_server_connection_gone(server);
}
