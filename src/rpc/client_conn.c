#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "rpc/client_internal.h"

enum {
    CONN_MESSAGE_BYTES = 64 << 20,
    CONN_STREAM_WINDOW_BYTES = 1 << 20,
    CONN_CONNECTION_WINDOW_BYTES = 4 << 20,
};

void client_conn_init(struct client_conn *conn, struct loop *loop, const struct rpc_target *target, bool secure)
{
    *conn = (struct client_conn){.loop = loop, .secure = secure, .message_bytes = CONN_MESSAGE_BYTES};
    list_init(&conn->calls);
    if (target->local)
        snprintf(conn->authority, sizeof(conn->authority), "localhost");
    else
        snprintf(conn->authority, sizeof(conn->authority), strchr(target->host, ':') ? "[%s]:%u" : "%s:%u",
                 target->host, target->port);
    CHECK(nghttp2_session_callbacks_new(&conn->callbacks) == 0);
    client_call_set_callbacks(conn->callbacks);
}

void client_conn_release(struct client_conn *conn)
{
    client_conn_unlink(conn, "closed here");
    nghttp2_session_callbacks_del(conn->callbacks);
}

void client_conn_link(struct client_conn *conn, struct stream *stream,
                      void (*lost)(struct rpc_link *link, const char *reason))
{
    rpc_link_init(&conn->link, conn->loop, stream, lost);
    CHECK(nghttp2_session_client_new3(&conn->link.session, conn->callbacks, conn, NULL, rpc_link_memory()) == 0);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, CONN_STREAM_WINDOW_BYTES},
    };
    nghttp2_submit_settings(conn->link.session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings));
    nghttp2_session_set_local_window_size(conn->link.session, NGHTTP2_FLAG_NONE, 0, CONN_CONNECTION_WINDOW_BYTES);
    conn->linked = true;
    rpc_link_start(&conn->link);
}

void client_conn_unlink(struct client_conn *conn, const char *text)
{
    if (conn->linked)
        rpc_link_release(&conn->link);
    conn->linked = false;
    conn->established = false;
    list_foreach_safe (call, &conn->calls, struct client_call, link)
        client_call_settle(call, RPC_UNAVAILABLE, text);
}
