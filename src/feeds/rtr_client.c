/* See rtr_servers.h. Here: one server's connections, queries and timers (RFC 8210 6, 8). What it answers is taken in
 * rtr_receive.c.
 *
 * The version is found from the highest one down (RFC 8210 7): a server may answer in a lower one, or with an error,
 * or, as old ones do, only by closing.
 *
 * What a server said stays in force while it is away: for record-lifetime from the end of the session, at the longest
 * for the expire interval since it was last complete. A server that does not say what it must within a minute, or says
 * too much, is left and tried again, later each time.
 */
#include "feeds/rtr_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum {
    PATIENCE_MS = 60 * 1000,
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 30 * 1000,
    STABLE_MS = 60 * 1000, /* a session this long makes up for the failures before */
    ASK_SPACING_MS = 1000,
    MS_PER_S = 1000,
    INPUT_MAX = 2 * RTR_PDU_MAX,
    SENT_MAX = 4096,
};

/* RFC 8210 6, where the server says nothing. */
static const struct rtr_timing default_timing = {.refresh_s = 3600, .retry_s = 600, .expire_s = 7200};

static void retry_due(struct loop_timer *timer)
{
    struct rtr_client *client = container_of(timer, struct rtr_client, retry);
    if (client->state == RTR_DOWN)
        rtr_client_connect(client);
    else
        rtr_client_ask(client, false);
}

static void refresh_due(struct loop_timer *timer)
{
    rtr_client_ask(container_of(timer, struct rtr_client, refresh), false);
}

static void expired(struct loop_timer *timer)
{
    struct rtr_client *client = container_of(timer, struct rtr_client, expiry);
    if (vrp_source_is_empty(client->servers->table, client->source))
        return;
    log_warn("rpki", client->name, "nothing complete was heard for too long: its %u VRPs are not used any more",
             vrp_source_counts(client->servers->table, client->source).records[0] +
                 vrp_source_counts(client->servers->table, client->source).records[1]);
    rtr_client_forget_session(client);
    rtr_wish(client, RTR_WISH_FLUSH);
}

static void out_of_patience(struct loop_timer *timer)
{
    struct rtr_client *client = container_of(timer, struct rtr_client, patience);
    rtr_client_drop(client,
                    client->state == RTR_CONNECTING ? "no connection within a minute" : "no answer within a minute");
}

void rtr_client_init(struct rtr_client *client)
{
    struct loop *loop = client->servers->speaker->loop;
    client->version = RTR_VERSION_MAX;
    client->timing = default_timing;
    buf_init(&client->input, INPUT_MAX);
    loop_timer_init(&client->retry, loop, retry_due);
    loop_timer_init(&client->refresh, loop, refresh_due);
    loop_timer_init(&client->expiry, loop, expired);
    loop_timer_init(&client->patience, loop, out_of_patience);
    rtr_client_connect(client);
}

void rtr_client_stop(struct rtr_client *client)
{
    if (client->resolution != NULL)
        resolve_forget(client->resolution);
    client->resolution = NULL;
    stream_free(client->stream);
    client->stream = NULL;
    client->state = RTR_DOWN;
    loop_timer_stop(&client->retry);
    loop_timer_stop(&client->refresh);
    loop_timer_stop(&client->patience);
}

void rtr_client_release(struct rtr_client *client)
{
    rtr_client_stop(client);
    loop_timer_stop(&client->expiry);
    buf_release(&client->input);
}

void rtr_client_forget_session(struct rtr_client *client)
{
    client->known = false;
}

/* Connecting ------------------------------------------------------------------------------------------------------- */

static void begin_session(struct rtr_client *client)
{
    if (client->in_turn != RTR_WISH_NONE || client->wish != RTR_WISH_NONE) {
        client->state = RTR_WAITING;
        return;
    }
    client->state = RTR_READY;
    rtr_client_ask(client, false);
}

static void on_connected(struct stream *stream, void *owner)
{
    struct rtr_client *client = owner;
    client->counters = (struct rtr_counters){0};
    client->agreed = client->heard = false;
    buf_clear(&client->input);
    stream_want(stream, LOOP_READ);
    begin_session(client);
}

static void on_failed(struct stream *stream, void *owner, int system_errno)
{
    rtr_client_drop(owner, strerror(system_errno));
}

static void on_readable(struct stream *stream, void *owner)
{
    rtr_receive(owner);
}

static const struct stream_handler handler = {.connected = on_connected, .failed = on_failed, .readable = on_readable};

static void dial(struct rtr_client *client, const struct endpoint *remote)
{
    struct speaker *speaker = client->servers->speaker;
    static const struct transport_options options;
    struct err err = {0};
    client->state = RTR_CONNECTING;
    loop_timer_start(&client->patience, PATIENCE_MS);
    if (speaker->transport->ops->dial(speaker->transport, speaker->loop, remote, &options, &handler, client,
                                      &client->stream, &err) < 0)
        rtr_client_drop(client, err.text);
}

static void resolved(void *context, const struct endpoint *addresses, int count, const char *reason)
{
    struct rtr_client *client = context;
    client->resolution = NULL;
    if (count <= 0)
        rtr_client_drop(client, reason);
    else
        dial(client, &addresses[client->failures % (unsigned)count]); /* the next one if this fails */
}

void rtr_client_connect(struct rtr_client *client)
{
    struct endpoint remote = {.port = client->config.port};
    if (client->disabled || client->removed || client->state != RTR_DOWN)
        return;
    loop_timer_stop(&client->retry);
    if (addr_parse(client->config.address, &remote.addr) == 0) {
        dial(client, &remote);
        return;
    }
    client->state = RTR_CONNECTING;
    client->resolution =
        resolve_start(client->servers->speaker->loop, client->config.address, client->config.port, resolved, client);
    if (client->resolution == NULL)
        rtr_client_drop(client, "its name cannot be looked up now");
}

void rtr_client_reconnect(struct rtr_client *client, int64_t delay_ms)
{
    if (client->disabled || client->removed)
        return;
    loop_timer_start(&client->retry, delay_ms);
}

/* The end of a connection ------------------------------------------------------------------------------------------ */

/* From now on it is away: how long what it said still holds. */
static void limit_lifetime(struct rtr_client *client)
{
    int64_t lifetime_ms = (int64_t)client->config.record_lifetime_s * MS_PER_S;
    if (loop_timer_left_ms(&client->expiry) > lifetime_ms)
        loop_timer_start(&client->expiry, lifetime_ms);
}

static int64_t next_retry_ms(struct rtr_client *client)
{
    int64_t delay_ms = RETRY_FIRST_MS;
    for (unsigned i = 0; i < client->failures && delay_ms < RETRY_MAX_MS; i++)
        delay_ms *= 2;
    client->failures++;
    return delay_ms < RETRY_MAX_MS ? delay_ms : RETRY_MAX_MS;
}

static void disconnect(struct rtr_client *client, const char *reason)
{
    struct loop *loop = client->servers->speaker->loop;
    struct str trouble = str_over(client->trouble, sizeof(client->trouble));
    bool was_up = client->up_at.ns != 0;
    str_add(&trouble, reason);
    if (was_up && mono_diff_ms(loop_now(loop), client->up_at) >= STABLE_MS)
        client->failures = 0;
    rtr_client_stop(client);
    client->up_at = (struct mono_time){0};
    client->down_since = loop_wall_now(loop);
    client->ask_again = false;
    if (was_up)
        limit_lifetime(client);
    if (vrp_change_is_open(client->servers->table, client->source) && client->wish == RTR_WISH_NONE)
        rtr_wish(client, RTR_WISH_ABANDON);
}

void rtr_client_end(struct rtr_client *client, const char *reason)
{
    if (client->state == RTR_DOWN)
        return;
    log_info("rpki", client->name, "session ended: %s", reason);
    disconnect(client, reason);
}

void rtr_client_drop(struct rtr_client *client, const char *reason)
{
    if (client->state == RTR_DOWN)
        return;
    if (client->up_at.ns != 0)
        log_warn("rpki", client->name, "session ended: %s; what it said holds for now", reason);
    else if (client->failures == 0)
        log_warn("rpki", client->name, "no session: %s", reason);
    disconnect(client, reason);
    rtr_client_reconnect(client, next_retry_ms(client));
}

void rtr_client_refuse(struct rtr_client *client, uint16_t code, const struct rtr_pdu *pdu, const char *reason)
{
    char text[RTR_WORDS_MAX];
    struct str str = str_over(text, sizeof(text));
    struct buf buf;
    buf_init(&buf, SENT_MAX);
    rtr_put_error(&buf, client->version, code, pdu != NULL ? pdu->bytes : NULL, pdu != NULL ? pdu->length : 0, reason);
    str_printf(&str, "refused with %s: %s", rtr_error_name(code), reason);
    rtr_client_forget_session(client);
    if (rtr_client_send(client, &buf))
        rtr_client_drop(client, text);
    buf_release(&buf);
}

/* The lowest one does not do either: the highest again, after a while. */
void rtr_client_lower_version(struct rtr_client *client, uint8_t version)
{
    char text[64];
    struct str str = str_over(text, sizeof(text));
    str_printf(&str, "it does not speak version %u", client->version);
    bool possible = version < client->version;
    client->version = possible ? version : RTR_VERSION_MAX;
    if (!possible) {
        rtr_client_drop(client, text);
        return;
    }
    log_debug("rpki", client->name, "%s", text);
    disconnect(client, text);
    rtr_client_reconnect(client, 0);
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

/* Queries are short and one at a time: a connection that does not take one at once is of no use. */
bool rtr_client_send(struct rtr_client *client, const struct buf *buf)
{
    struct iovec piece = {.iov_base = buf->bytes, .iov_len = buf->length};
    if (client->stream == NULL)
        return false;
    if (stream_writev(client->stream, &piece, 1) == (ssize_t)buf->length)
        return true;
    rtr_client_drop(client, "it does not take what we send");
    return false;
}

void rtr_client_ask(struct rtr_client *client, bool whole)
{
    struct buf buf;
    client->whole_wanted |= whole;
    if (client->state != RTR_READY) {
        client->ask_again = client->stream != NULL;
        return;
    }
    client->asked_whole = client->whole_wanted || !client->known || client->known_version != client->version;
    client->whole_wanted = false;
    client->asked_at = loop_now(client->servers->speaker->loop);
    loop_timer_stop(&client->refresh);
    loop_timer_stop(&client->retry);
    client->state = RTR_ASKED;
    client->ask_again = false;
    loop_timer_start(&client->patience, PATIENCE_MS);
    buf_init(&buf, SENT_MAX);
    if (client->asked_whole)
        rtr_put_reset_query(&buf, client->version);
    else
        rtr_put_serial_query(&buf, client->version, client->session_id, client->serial);
    if (rtr_client_send(client, &buf)) {
        client->counters.reset_query += client->asked_whole;
        client->counters.serial_query += !client->asked_whole;
    }
    buf_release(&buf);
}

void rtr_client_ask_soon(struct rtr_client *client)
{
    int64_t since_ms = mono_diff_ms(loop_now(client->servers->speaker->loop), client->asked_at);
    int64_t delay_ms = since_ms < ASK_SPACING_MS ? ASK_SPACING_MS - since_ms : 0;
    if (!loop_timer_running(&client->refresh) || loop_timer_left_ms(&client->refresh) > delay_ms)
        loop_timer_start(&client->refresh, delay_ms);
}

/* What it said is in force. The connection may have ended meanwhile. */
static void taken(struct rtr_client *client)
{
    struct loop *loop = client->servers->speaker->loop;
    struct vrp_counts counts = vrp_source_counts(client->servers->table, client->source);
    client->serial = client->end.serial;
    client->answered_at = loop_wall_now(loop);
    client->known = true;
    client->known_version = client->version;
    client->proven = client->version + 1;
    loop_timer_start(&client->expiry, (int64_t)client->timing.expire_s * MS_PER_S);
    if (client->state != RTR_TAKING) {
        limit_lifetime(client);
        return;
    }
    client->state = RTR_READY;
    client->trouble[0] = '\0';
    loop_timer_stop(&client->patience);
    if (client->up_at.ns == 0) {
        client->up_at = loop_now(loop);
        client->up_since = loop_wall_now(loop);
        log_info("rpki", client->name, "in session, version %u: %u VRPs for IPv4, %u for IPv6, serial %u",
                 client->version, counts.records[0], counts.records[1], client->serial);
    } else {
        log_debug("rpki", client->name, "serial %u: %u VRPs for IPv4, %u for IPv6", client->serial, counts.records[0],
                  counts.records[1]);
    }
    loop_timer_start(&client->refresh, (int64_t)client->timing.refresh_s * MS_PER_S);
    if (client->ask_again)
        rtr_client_ask_soon(client);
    client->ask_again = false;
    stream_want(client->stream, LOOP_READ);
    rtr_receive(client);
}

void rtr_client_settled(struct rtr_client *client, enum rtr_wish wish)
{
    if (wish == RTR_WISH_COMMIT && !client->removed && !client->disabled)
        taken(client);
    if (client->state == RTR_WAITING)
        begin_session(client);
}
