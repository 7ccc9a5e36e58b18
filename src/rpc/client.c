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
    CLIENT_CONNECT_MS = 1000,         /* what stock clients wait */
    CLIENT_PENDING_BYTES = 256 << 10, /* of a client stream, before sending waits */
};

/* Connecting ------------------------------------------------------------------------------------------------------ */

/* For errors. */
static const char *client_name(const struct rpc_client *client)
{
    return client->target.local ? client->target.path : client->conn.authority;
}

static void client_lost(struct rpc_link *link, const char *reason)
{
    struct rpc_client *client = container_of(link, struct rpc_client, conn.link);
    char text[sizeof(client->lost_reason) + 32];
    snprintf(client->lost_reason, sizeof(client->lost_reason), "%s", reason);
    snprintf(text, sizeof(text), "connection lost: %s", client->lost_reason);
    client_conn_unlink(&client->conn, text);
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
        client_conn_link(&client->conn, stream, client_lost);
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
    while (result == E_OK && !client->conn.established) {
        if (client->connect_expired)
            result = err_set(err, E_IO, "%s: no HTTP/2 answer in time", client_name(client));
        else if (!client->conn.linked)
            result = err_set(err, E_IO, "%s: %s", client_name(client), client->lost_reason);
        else
            loop_turn(client->loop, -1);
    }
    loop_timer_stop(&client->connect_timer);
    if (result < 0)
        client_conn_unlink(&client->conn, "not connected");
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
    client_conn_init(&client->conn, loop, &target, client->tls != NULL);
    if (options->message_bytes)
        client->conn.message_bytes = options->message_bytes;
    loop_timer_init(&client->connect_timer, loop, connect_expired);
    loop_timer_init(&client->call.timer, loop, NULL);

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
    client_conn_release(&client->conn);
    client_call_release(&client->call);
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
    while (client->conn.linked && loop_turn(client->loop, 0))
        ;
    if (client->conn.linked && !nghttp2_session_check_request_allowed(client->conn.link.session))
        client_conn_unlink(&client->conn, "closed after GOAWAY");
    struct client_call *call = &client->call;
    *call = (struct client_call){.conn = &client->conn, .on_message = on_message, .context = context};
    loop_timer_init(&call->timer, client->loop, NULL);
    list_init(&call->link);
    if (!client->conn.linked && client_connect(client, &err) < 0) {
        call->running = true;
        client_call_settle(call, RPC_UNAVAILABLE, err.text);
        return;
    }
    client_call_start(&client->conn, call, request);
}

bool rpc_client_send(struct rpc_client *client, const void *message, size_t length)
{
    struct client_call *call = &client->call;
    if (call->running)
        client_call_put(&client->call, message, length);
    while (call->running && client_call_pending_bytes(call) > CLIENT_PENDING_BYTES)
        loop_turn(client->loop, -1);
    return call->running;
}

enum rpc_code rpc_client_finish(struct rpc_client *client, struct rpc_status *status)
{
    struct client_call *call = &client->call;
    if (call->running)
        client_call_complete_request(&client->call);
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
        client_call_put(&client->call, request->message, request->length);
        client->call.request_complete = true;
    }
    return rpc_client_finish(client, status);
}
