/* The waiting client: a private loop, one connection, and turns until what was asked for has happened. */
#include "rpc/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/tls.h"
#include "io/unix_socket.h"
#include "rpc/client_internal.h"

enum {
    CLIENT_CONNECT_MS = 1000, /* what stock clients wait */
    CLIENT_MESSAGE_BYTES = 64 << 20,
    CLIENT_STREAM_WINDOW_BYTES = 1 << 20,
    CLIENT_CONNECTION_WINDOW_BYTES = 4 << 20,
    CLIENT_PENDING_BYTES = 256 << 10, /* of a client stream, before sending waits */
};

/* Connecting ------------------------------------------------------------------------------------------------------ */

/* For errors. */
static const char *client_name(const struct rpc_client *client)
{
    return client->target.local ? client->target.path : client->authority;
}

static void client_unlink(struct rpc_client *client)
{
    if (client->linked)
        rpc_link_release(&client->link);
    client->linked = false;
    client->established = false;
}

static void client_lost(struct rpc_link *link, const char *reason)
{
    struct rpc_client *client = container_of(link, struct rpc_client, link);
    char text[sizeof(client->lost_reason) + 32];
    snprintf(client->lost_reason, sizeof(client->lost_reason), "%s", reason);
    snprintf(text, sizeof(text), "connection lost: %s", reason);
    client_unlink(client);
    client_call_settle(&client->call, RPC_UNAVAILABLE, text);
}

static void client_link(struct rpc_client *client, struct stream *stream)
{
    rpc_link_init(&client->link, client->loop, stream, client_lost);
    CHECK(nghttp2_session_client_new3(&client->link.session, client->callbacks, client, NULL, rpc_link_memory()) == 0);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, CLIENT_STREAM_WINDOW_BYTES},
    };
    nghttp2_submit_settings(client->link.session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings));
    nghttp2_session_set_local_window_size(client->link.session, NGHTTP2_FLAG_NONE, 0, CLIENT_CONNECTION_WINDOW_BYTES);
    client->linked = true;
    rpc_link_start(&client->link);
}

static void dial_connected(struct stream *stream, void *owner)
{
    ((struct rpc_client *)owner)->dial_errno = 0;
}

static void dial_failed(struct stream *stream, void *owner, int system_errno)
{
    ((struct rpc_client *)owner)->dial_errno = system_errno;
}

static const struct stream_handler dial_handler = {.connected = dial_connected, .failed = dial_failed};

static void connect_expired(struct loop_timer *timer)
{
    container_of(timer, struct rpc_client, connect_timer)->connect_expired = true;
}

/* Waits for a dial that was started, and for TLS. */
static int dial_wait(struct rpc_client *client, const char *name, struct err *err)
{
    if (client->tls)
        client->dialing = tls_wrap(client->tls, client->loop, client->dialing, &dial_handler, client);
    while (client->dial_errno < 0 && !client->connect_expired)
        loop_turn(client->loop, -1);
    struct stream *stream = client->dialing;
    client->dialing = NULL;
    if (client->dial_errno == 0) {
        client_link(client, stream);
        return E_OK;
    }
    const char *reason = client->dial_errno < 0 ? "no answer in time" : strerror(client->dial_errno);
    if (client->tls && *tls_error(stream))
        reason = tls_error(stream);
    int result = err_set(err, E_IO, "%s: %s", name, reason);
    stream_free(stream);
    return result;
}

static int dial_tcp(struct rpc_client *client, struct err *err)
{
    struct endpoint addresses[RPC_TARGET_ADDRESSES_MAX];
    const struct transport_options options = {0};
    int count = rpc_target_resolve(&client->target, addresses, err);
    int result = count;
    for (int i = 0; i < count; i++) {
        char name[ENDPOINT_TEXT_MAX];
        client->dial_errno = -1;
        struct transport *tcp = transport_tcp();
        result =
            tcp->ops->dial(tcp, client->loop, &addresses[i], &options, &dial_handler, client, &client->dialing, err);
        if (result == E_OK)
            result = dial_wait(client, endpoint_format(&addresses[i], name), err);
        if (result == E_OK || client->connect_expired)
            break;
    }
    return result;
}

static int dial_unix(struct rpc_client *client, struct err *err)
{
    client->dial_errno = -1;
    int result = unix_dial(client->loop, client->target.path, &dial_handler, client, &client->dialing, err);
    return result == E_OK ? dial_wait(client, client->target.path, err) : result;
}

/* Dials and waits for the server's SETTINGS. */
static int client_connect(struct rpc_client *client, struct err *err)
{
    client->connect_expired = false;
    loop_timer_start(&client->connect_timer, client->connect_ms);
    int result = client->target.local ? dial_unix(client, err) : dial_tcp(client, err);
    while (result == E_OK && !client->established) {
        if (client->connect_expired)
            result = err_set(err, E_IO, "%s: no HTTP/2 answer in time", client_name(client));
        else if (!client->linked)
            result = err_set(err, E_IO, "%s: %s", client_name(client), client->lost_reason);
        else
            loop_turn(client->loop, -1);
    }
    loop_timer_stop(&client->connect_timer);
    if (result < 0)
        client_unlink(client);
    return result;
}

int rpc_client_connect(const struct rpc_client_options *options, struct rpc_client **client_out, struct err *err)
{
    struct rpc_target target;
    int result = rpc_target_parse(options->target, 0, &target, err);
    if (result < 0)
        return result;
    struct loop *loop = loop_new();
    if (!loop)
        return err_set(err, E_IO, "epoll: %s", strerror(errno));

    struct rpc_client *client = mem_zalloc(MEM_RPC, sizeof(*client));
    client->loop = loop;
    client->target = target;
    client->tls = options->tls ? tls_context_ref(options->tls) : NULL;
    client->connect_ms = options->connect_ms ? options->connect_ms : CLIENT_CONNECT_MS;
    client->message_bytes = options->message_bytes ? options->message_bytes : CLIENT_MESSAGE_BYTES;
    if (target.local)
        snprintf(client->authority, sizeof(client->authority), "localhost");
    else
        snprintf(client->authority, sizeof(client->authority), strchr(target.host, ':') ? "[%s]:%u" : "%s:%u",
                 target.host, target.port);
    loop_timer_init(&client->connect_timer, loop, connect_expired);
    loop_timer_init(&client->call.timer, loop, NULL);
    CHECK(nghttp2_session_callbacks_new(&client->callbacks) == 0);
    client_call_set_callbacks(client->callbacks);

    result = client_connect(client, err);
    if (result < 0) {
        rpc_client_free(client);
        return result;
    }
    *client_out = client;
    return E_OK;
}

void rpc_client_free(struct rpc_client *client)
{
    if (!client)
        return;
    loop_timer_stop(&client->call.timer);
    loop_timer_stop(&client->connect_timer);
    client_unlink(client);
    client_call_release(&client->call);
    nghttp2_session_callbacks_del(client->callbacks);
    loop_free(client->loop);
    tls_context_unref(client->tls);
    mem_free(MEM_RPC, client);
}

/* Calls ----------------------------------------------------------------------------------------------------------- */

void rpc_client_begin(struct rpc_client *client, const struct rpc_request *request, rpc_client_message on_message,
                      void *context)
{
    struct err err;
    CHECK(!client->call.running);
    /* A GOAWAY or the end of the connection may have arrived since the last call. */
    while (client->linked && loop_turn(client->loop, 0))
        ;
    if (client->linked && !nghttp2_session_check_request_allowed(client->link.session))
        client_unlink(client);
    if (!client->linked && client_connect(client, &err) < 0) {
        client->call = (struct client_call){.running = true};
        loop_timer_init(&client->call.timer, client->loop, NULL);
        client_call_settle(&client->call, RPC_UNAVAILABLE, err.text);
        return;
    }
    client_call_start(client, request, on_message, context);
}

bool rpc_client_send(struct rpc_client *client, const void *message, size_t length)
{
    struct client_call *call = &client->call;
    if (call->running)
        client_call_put(client, message, length);
    while (call->running && client_call_pending_bytes(call) > CLIENT_PENDING_BYTES)
        loop_turn(client->loop, -1);
    return call->running;
}

enum rpc_code rpc_client_finish(struct rpc_client *client, struct rpc_status *status)
{
    struct client_call *call = &client->call;
    if (call->running)
        client_call_complete_request(client);
    while (call->running)
        loop_turn(client->loop, -1);
    client_call_release(call);
    enum rpc_code code = call->code;
    if (status) {
        status->code = code;
        memcpy(status->text, call->text, sizeof(status->text));
    }
    return code;
}

enum rpc_code rpc_client_call(struct rpc_client *client, const struct rpc_request *request,
                              rpc_client_message on_message, void *context, struct rpc_status *status)
{
    rpc_client_begin(client, request, on_message, context);
    if (client->call.running) {
        client_call_put(client, request->message, request->length);
        client->call.request_complete = true;
    }
    return rpc_client_finish(client, status);
}
