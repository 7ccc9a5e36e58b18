/* The client on a loop. Its connection goes through three stages: the name becomes an address (on a thread if it is
 * none), the address a stream, the stream an HTTP/2 connection once the server's SETTINGS are here. Whatever fails on
 * the way is told, and tried again after a while.
 *
 * Calls end inside callbacks of libnghttp2, where nothing may be freed; so they are put aside and their ends told by a
 * task.
 */
#include "rpc/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/tls.h"
#include "io/unix_socket.h"
#include "rpc/client_internal.h"

enum {
    CHANNEL_CONNECT_MS = 3000,
    CHANNEL_PING_MS = 2000,
    CHANNEL_SILENT_PINGS = 3,
    CHANNEL_RETRY_FIRST_MS = 100,
    CHANNEL_RETRY_MAX_MS = 2000,
    CHANNEL_REASON_MAX = 256,
};

struct rpc_pending {
    struct client_call call; /* first: they are the same to free */
    struct rpc_channel *channel;
    struct list link; /* in channel->ended, once it has */
    rpc_pending_ended ended;
};

struct rpc_channel {
    struct loop *loop;
    struct rpc_target target;
    struct tls_context *tls;
    uint32_t connect_ms;
    uint32_t ping_ms;
    const struct rpc_channel_handler *handler;
    void *context;

    struct client_conn conn;
    struct resolution *resolving;
    struct endpoint addresses[RPC_TARGET_ADDRESSES_MAX];
    int address_count;
    int address_at;
    struct stream *dialing;
    struct loop_timer timer; /* not connected: until the attempt ends or the next begins; connected: the next PING */
    bool attempting;
    bool tell_connected; /* from outside of libnghttp2 */
    uint32_t retry_ms;
    struct list ended;
    struct loop_task tell;
};

/* Connecting ------------------------------------------------------------------------------------------------------ */

/* The attempt, or the connection, is over. */
static void channel_lost(struct rpc_channel *channel, const char *reason)
{
    char text[CHANNEL_REASON_MAX];
    snprintf(text, sizeof(text), "%s", reason);
    stream_free(channel->dialing);
    channel->dialing = NULL;
    channel->attempting = false;
    client_conn_unlink(&channel->conn, text);
    loop_timer_start(&channel->timer, channel->retry_ms);
    channel->retry_ms = channel->retry_ms * 2 > CHANNEL_RETRY_MAX_MS ? CHANNEL_RETRY_MAX_MS : channel->retry_ms * 2;
    channel->handler->lost(channel->context, text);
}

static void link_lost(struct rpc_link *link, const char *reason)
{
    char text[CHANNEL_REASON_MAX];
    snprintf(text, sizeof(text), "connection lost: %s", reason);
    channel_lost(container_of(link, struct rpc_channel, conn.link), text);
}

static void conn_established(struct client_conn *conn)
{
    struct rpc_channel *channel = container_of(conn, struct rpc_channel, conn);
    channel->attempting = false;
    channel->retry_ms = CHANNEL_RETRY_FIRST_MS;
    loop_timer_start(&channel->timer, channel->ping_ms);
    channel->tell_connected = true;
    loop_task_schedule(&channel->tell);
}

static void dial_next(struct rpc_channel *channel, const char *reason);

static void dial_connected(struct stream *stream, void *owner)
{
    struct rpc_channel *channel = owner;
    channel->dialing = NULL;
    client_conn_link(&channel->conn, stream, link_lost);
}

static void dial_failed(struct stream *stream, void *owner, int system_errno)
{
    struct rpc_channel *channel = owner;
    char reason[CHANNEL_REASON_MAX];
    const char *tls = channel->tls ? tls_error(stream) : "";
    snprintf(reason, sizeof(reason), "%s", *tls ? tls : strerror(system_errno));
    stream_free(stream);
    channel->dialing = NULL;
    dial_next(channel, reason);
}

static const struct stream_handler dial_handler = {.connected = dial_connected, .failed = dial_failed};

/* The next address, or the end of the attempt, for the `reason` the last one failed. */
static void dial_next(struct rpc_channel *channel, const char *reason)
{
    const struct transport_options options = {0};
    struct err err = {0};
    struct transport *tcp = transport_tcp();
    int result = E_NOT_FOUND;
    if (channel->target.local && channel->address_at++ == 0)
        result = unix_dial(channel->loop, channel->target.path, &dial_handler, channel, &channel->dialing, &err);
    while (!channel->target.local && result < 0 && channel->address_at < channel->address_count)
        result = tcp->ops->dial(tcp, channel->loop, &channel->addresses[channel->address_at++], &options, &dial_handler,
                                channel, &channel->dialing, &err);
    if (result < 0) {
        channel_lost(channel, err.text[0] ? err.text : reason);
        return;
    }
    if (channel->tls)
        channel->dialing = tls_wrap(channel->tls, channel->loop, channel->dialing, &dial_handler, channel);
}

static void resolved(void *context, const struct endpoint *addresses, int count, const char *reason)
{
    struct rpc_channel *channel = context;
    channel->resolving = NULL;
    channel->address_count = count > 0 ? count : 0;
    memcpy(channel->addresses, addresses, (size_t)channel->address_count * sizeof(*addresses));
    if (channel->attempting)
        dial_next(channel, reason);
}

/* The system's resolver waits, so it gets a thread; one at a time, and it is forgotten if the channel goes. */
static void resolve(struct rpc_channel *channel)
{
    if (channel->resolving)
        return;
    channel->resolving = resolve_start(channel->loop, channel->target.host, channel->target.port, resolved, channel);
    if (!channel->resolving)
        channel_lost(channel, "no thread to resolve its name");
}

static void attempt(struct rpc_channel *channel)
{
    struct addr addr;
    struct err err;
    channel->attempting = true;
    channel->address_at = 0;
    loop_timer_start(&channel->timer, channel->connect_ms);
    if (channel->target.local) {
        dial_next(channel, "no address");
    } else if (!channel->target.host[0] || addr_parse(channel->target.host, &addr) == 0) {
        int count = rpc_target_resolve(&channel->target, channel->addresses, &err);
        channel->address_count = count > 0 ? count : 0;
        dial_next(channel, "no address");
    } else {
        resolve(channel);
    }
}

static void timer_expired(struct loop_timer *timer)
{
    struct rpc_channel *channel = container_of(timer, struct rpc_channel, timer);
    if (channel->attempting) {
        channel_lost(channel, "no answer in time");
    } else if (!channel->conn.established) {
        attempt(channel);
    } else if (mono_diff_ms(loop_now(channel->loop), channel->conn.link.heard_at) >
               (int64_t)channel->ping_ms * CHANNEL_SILENT_PINGS) {
        channel_lost(channel, "connection lost: it does not answer any more");
    } else {
        nghttp2_submit_ping(channel->conn.link.session, NGHTTP2_FLAG_NONE, NULL);
        rpc_link_flush_soon(&channel->conn.link);
        loop_timer_start(&channel->timer, channel->ping_ms);
    }
}

/* Calls ----------------------------------------------------------------------------------------------------------- */

static void pending_free(struct rpc_pending *pending)
{
    list_remove(&pending->link);
    client_call_release(&pending->call);
    mem_free(MEM_RPC, pending);
}

static void call_settled(struct client_call *call)
{
    struct rpc_pending *pending = container_of(call, struct rpc_pending, call);
    list_append(&pending->channel->ended, &pending->link);
    loop_task_schedule(&pending->channel->tell);
}

static bool tell(struct loop_task *task)
{
    struct rpc_channel *channel = container_of(task, struct rpc_channel, tell);
    if (channel->tell_connected && channel->conn.established)
        channel->handler->connected(channel->context);
    channel->tell_connected = false;
    while (!list_empty(&channel->ended)) {
        struct rpc_pending *pending = list_entry(channel->ended.next, struct rpc_pending, link);
        struct rpc_status status = {.code = pending->call.code};
        memcpy(status.text, pending->call.text, sizeof(status.text));
        rpc_pending_ended ended = pending->ended;
        void *context = pending->call.context;
        pending_free(pending);
        if (ended)
            ended(context, &status);
    }
    return false;
}

struct rpc_pending *rpc_channel_call(struct rpc_channel *channel, const struct rpc_request *request,
                                     rpc_client_message on_message, rpc_pending_ended ended, void *context)
{
    struct rpc_pending *pending = mem_zalloc(MEM_RPC, sizeof(*pending));
    struct client_call *call = &pending->call;
    pending->channel = channel;
    pending->ended = ended;
    list_init(&pending->link);
    *call = (struct client_call){
        .conn = &channel->conn, .on_message = on_message, .settled = call_settled, .context = context};
    list_init(&call->link);
    loop_timer_init(&call->timer, channel->loop, NULL);
    if (!channel->conn.established) {
        call->running = true;
        client_call_settle(call, RPC_UNAVAILABLE, "not connected");
        return pending;
    }
    client_call_start(&channel->conn, call, request);
    if (call->running) {
        client_call_put(call, request->message, request->length);
        client_call_complete_request(call);
    }
    return pending;
}

void rpc_pending_cancel(struct rpc_pending *pending)
{
    client_call_cancel(&pending->call, RPC_CANCELLED, "context canceled");
    pending_free(pending);
}

/* The channel ------------------------------------------------------------------------------------------------------ */

int rpc_channel_new(struct loop *loop, const struct rpc_channel_options *options,
                    const struct rpc_channel_handler *handler, void *context, struct rpc_channel **channel_out,
                    struct err *err)
{
    struct rpc_target target;
    int result = rpc_target_parse(options->target, 0, &target, err);
    if (result < 0)
        return result;
    struct rpc_channel *channel = mem_zalloc(MEM_RPC, sizeof(*channel));
    *channel = (struct rpc_channel){
        .loop = loop,
        .target = target,
        .tls = options->tls ? tls_context_ref(options->tls) : NULL,
        .connect_ms = options->connect_ms ? options->connect_ms : CHANNEL_CONNECT_MS,
        .ping_ms = options->ping_ms ? options->ping_ms : CHANNEL_PING_MS,
        .handler = handler,
        .context = context,
        .retry_ms = CHANNEL_RETRY_FIRST_MS,
    };
    client_conn_init(&channel->conn, loop, &target, channel->tls != NULL);
    channel->conn.on_established = conn_established;
    list_init(&channel->ended);
    loop_task_init(&channel->tell, loop, tell);
    loop_timer_init(&channel->timer, loop, timer_expired);
    loop_timer_start(&channel->timer, 0);
    *channel_out = channel;
    return E_OK;
}

void rpc_channel_free(struct rpc_channel *channel)
{
    if (!channel)
        return;
    if (channel->resolving)
        resolve_forget(channel->resolving);
    loop_timer_stop(&channel->timer);
    stream_free(channel->dialing);
    client_conn_release(&channel->conn);
    while (!list_empty(&channel->ended))
        pending_free(list_entry(channel->ended.next, struct rpc_pending, link));
    loop_task_cancel(&channel->tell);
    tls_context_unref(channel->tls);
    mem_free(MEM_RPC, channel);
}

bool rpc_channel_connected(const struct rpc_channel *channel)
{
    return channel->conn.established;
}

struct mono_time rpc_channel_heard_at(const struct rpc_channel *channel)
{
    return channel->conn.link.heard_at;
}
