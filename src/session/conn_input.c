/* A connection's input: from bytes to messages to events.
 *
 * All connections of a loop read into one large buffer: what a read brings is digested before the next connection's
 * turn, and only the start of a message that has not arrived whole is kept, in memory of its own. One read per
 * readiness event: a busy peer gets at most CONN_READ_BYTES before the others have theirs.
 *
 * Back-pressure. When the owner wants no more, reading stops and what was read waits in `kept`. The peer's keepalives
 * then lie unread in the kernel, so the hold timer rests as well: it measures the peer, not us.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/internal.h"
#include "session/open_check.h"

/* Working memory of a loop, used by one connection at a time. */
struct input_scratch {
    uint8_t attrs[2 * ATTR_BLOCK_MAX]; /* an UPDATE may yield two blocks */
    uint8_t bytes[MESSAGE_EXTENDED_MAX_BYTES + CONN_READ_BYTES];
};

static struct input_scratch *input_scratch_of(const struct conn *conn)
{
    static const char key;
    return loop_local(conn->session->loop, &key, sizeof(struct input_scratch));
}

/* Messages -------------------------------------------------------------------------------------------------------- */

static const char *message_name(enum fsm_event event)
{
    switch (event) {
    case FSM_OPEN:
        return "OPEN";
    case FSM_UPDATE:
        return "UPDATE";
    case FSM_KEEPALIVE:
        return "KEEPALIVE";
    case FSM_REFRESH:
        return "ROUTE-REFRESH";
    default:
        return "message";
    }
}

/* An event for the machine that may find the message out of place. True: it is the owner's. */
static bool conn_message_event(struct conn *conn, enum fsm_event event)
{
    if (likely(conn->fsm.state == SESSION_ESTABLISHED && event != FSM_OPEN))
        return conn_event(conn, event, NULL) & FSM_DO_DELIVER;
    char why[96];
    snprintf(why, sizeof(why), "%s received in %s", message_name(event), session_state_name(conn->fsm.state));
    struct conn_cause cause = {.end = SESSION_END_SENT, .why = why};
    return conn_event(conn, event, &cause) & FSM_DO_DELIVER;
}

static void conn_on_open(struct conn *conn, const struct message *message)
{
    struct session *session = conn->session;
    session->memory.received.open++;
    if (conn->fsm.state != SESSION_OPENSENT) {
        conn_message_event(conn, FSM_OPEN);
        return;
    }
    struct notification notification;
    char memory[192];
    struct str why = str_over(memory, sizeof(memory));
    struct open_message remote;
    int result = open_decode(message, &remote, &notification);
    if (result == 0) {
        conn->remote = open_keep(MEM_SESSION, &remote);
        result = open_check(&session->config, &remote, &notification, &why);
    }
    if (result < 0) {
        struct conn_cause cause = {
            .end = SESSION_END_SENT, .notification = &notification, .why = why.length ? why.text : NULL};
        conn_event(conn, FSM_OPEN_ERROR, &cause);
        return;
    }
    if (!session_conn_survives(conn))
        return;
    struct endpoint local = stream_local(conn->stream);
    open_negotiate(&session->config, conn->local, &remote, &conn->negotiated);
    open_rules(&session->config, &remote, &conn->negotiated, &local.addr, &conn->rules);
    conn_event(conn, FSM_OPEN, NULL);
}

static void conn_on_notification(struct conn *conn, const struct message *message)
{
    struct session_failures *failures = session_failures(conn->session);
    struct notification received = notification_decode(message->body, message->body_length);
    conn->session->memory.received.notification++;
    failures->last_received = received;
    failures->last_received_at = loop_wall_now(conn->session->loop);
    struct conn_cause cause = {.end = SESSION_END_RECEIVED, .notification = &received};
    bool version = received.code == NOTIFY_OPEN && received.subcode == NOTIFY_OPEN_BAD_VERSION;
    conn_event(conn, version ? FSM_NOTIFICATION_VERSION : FSM_NOTIFICATION, &cause);
}

static void conn_on_refresh(struct conn *conn, const struct message *message)
{
    struct session *session = conn->session;
    session->memory.received.refresh++;
    if (!conn_message_event(conn, FSM_REFRESH))
        return;
    struct route_refresh refresh;
    struct notification notification;
    const struct negotiated *negotiated = &conn->negotiated;
    if (route_refresh_decode(message, negotiated->enhanced_refresh, &refresh, &notification) < 0) {
        struct conn_cause cause = {.end = SESSION_END_SENT, .notification = &notification};
        conn_event(conn, FSM_REFRESH_ERROR, &cause);
        return;
    }
    enum family_id family = family_from_afi_safi(refresh.afi, refresh.safi);
    bool offered = refresh.kind == REFRESH_REQUEST ? negotiated->route_refresh
                                                   : refresh.kind <= REFRESH_END && negotiated->enhanced_refresh;
    if (!offered || family == FAMILY_UNKNOWN || !(negotiated->families >> family & 1)) {
        session->memory.received.discarded++; /* RFC 2918 4, RFC 7313 5: ignored */
        return;
    }
    session->ops->refresh(session, family, refresh.kind);
}

/* One line a second at most: a peer may send nothing but malformed UPDATEs. */
static void log_bad_update(struct session *session, const struct update *update)
{
    static const char *const names[] = {
        [VERDICT_ATTR_DISCARD] = "attribute discarded",
        [VERDICT_TREAT_AS_WITHDRAW] = "UPDATE treated as withdraw",
        [VERDICT_FAMILY_DISABLE] = "address family disabled",
    };
    struct mono_time now = loop_now(session->loop);
    if (session->update_logged_at.ns && mono_diff_ms(now, session->update_logged_at) < SESSION_LOG_INTERVAL_MS) {
        session->updates_unlogged++;
        return;
    }
    if (session->updates_unlogged)
        log_warn("peer", session->key, "%s: %s (and %u more like it before)", names[update->verdict], update->why,
                 session->updates_unlogged);
    else
        log_warn("peer", session->key, "%s: %s", names[update->verdict], update->why);
    session->update_logged_at = now;
    session->updates_unlogged = 0;
}

static void conn_on_update(struct conn *conn, const struct message *message)
{
    struct session *session = conn->session;
    struct session_counters *received = &session->memory.received;
    received->update++;
    if (!conn_message_event(conn, FSM_UPDATE))
        return;
    if (session->ops->update_ahead)
        session->ops->update_ahead(session, message->body, message->body_length);
    struct update update;
    struct buf attrs;
    buf_init_fixed(&attrs, input_scratch_of(conn)->attrs, sizeof(input_scratch_of(conn)->attrs));
    enum verdict verdict = update_decode(&conn->rules, message->body, message->body_length, &attrs, &update);
    if (verdict == VERDICT_RESET) {
        struct conn_cause cause = {
            .end = SESSION_END_SENT, .notification = &update.notification, .why = update.why[0] ? update.why : NULL};
        conn_event(conn, FSM_UPDATE_ERROR, &cause);
        return;
    }
    if (verdict != VERDICT_OK)
        log_bad_update(session, &update);
    if (verdict == VERDICT_TREAT_AS_WITHDRAW) {
        received->withdraw_update++;
        for (unsigned i = 0; i < update.run_count; i++)
            received->withdraw_prefix += update.runs[i].count;
    }
    if (verdict == VERDICT_FAMILY_DISABLE && update.disable_family < FAMILY_COUNT)
        conn->rules.families &= ~((family_set)1 << update.disable_family);
    session->ops->update(session, &update);
}

static void conn_on_message(struct conn *conn, const struct message *message)
{
    struct session_counters *received = &conn->session->memory.received;
    received->total++;
    switch (message->type) {
    case MESSAGE_OPEN:
        conn_on_open(conn, message);
        break;
    case MESSAGE_UPDATE:
        conn_on_update(conn, message);
        break;
    case MESSAGE_NOTIFICATION:
        conn_on_notification(conn, message);
        break;
    case MESSAGE_KEEPALIVE:
        received->keepalive++;
        conn_message_event(conn, FSM_KEEPALIVE);
        break;
    case MESSAGE_ROUTE_REFRESH:
        conn_on_refresh(conn, message);
        break;
    }
}

/* Bytes ----------------------------------------------------------------------------------------------------------- */

static bool input_allowed(const struct conn *conn)
{
    struct session *session = conn->session;
    return conn->fsm.state != SESSION_ESTABLISHED || !session->ops->input_allowed ||
           session->ops->input_allowed(session);
}

static void conn_pause(struct conn *conn)
{
    conn->paused = true;
    loop_timer_stop(&conn->hold);
    conn_watch(conn);
}

static void conn_keep(struct conn *conn, const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return;
    conn->kept = mem_alloc(MEM_BUFFER, length);
    conn->kept_length = (uint32_t)length;
    memcpy(conn->kept, bytes, length);
}

/* Moves what was kept to the start of the scratch buffer; returns how much it was. */
static size_t conn_take_kept(struct conn *conn, struct input_scratch *scratch)
{
    size_t length = conn->kept_length;
    CHECK(length <= sizeof(scratch->bytes));
    if (length)
        memcpy(scratch->bytes, conn->kept, length);
    mem_free(MEM_BUFFER, conn->kept);
    conn->kept = NULL;
    conn->kept_length = 0;
    return length;
}

static void conn_digest(struct conn *conn, const uint8_t *bytes, size_t length)
{
    uint32_t epoch = conn->epoch;
    size_t offset = 0;
    while (offset < length) {
        struct message message;
        struct notification notification;
        size_t max_bytes = conn->negotiated.extended_message ? MESSAGE_EXTENDED_MAX_BYTES : MESSAGE_MAX_BYTES;
        int found = message_frame(bytes + offset, length - offset, max_bytes, &message, &notification);
        if (found == 0)
            break;
        if (found < 0) {
            struct conn_cause cause = {.end = SESSION_END_SENT, .notification = &notification};
            conn_event(conn, FSM_HEADER_ERROR, &cause);
            return;
        }
        conn_on_message(conn, &message);
        if (unlikely(conn->session->path.count)) /* the owner hears "established" before the first UPDATE */
            session_tell(conn->session);
        if (conn->epoch != epoch)
            return; /* closed, by the message or by the owner */
        offset += message.length;
        if (message.type == MESSAGE_UPDATE && !input_allowed(conn)) {
            conn_pause(conn);
            break;
        }
    }
    conn_keep(conn, bytes + offset, length - offset);
    if (conn->heard && !conn->paused)
        conn_restart_hold(conn);
}

static void conn_read_failed(struct conn *conn, ssize_t result)
{
    struct conn_cause cause = {.end = SESSION_END_CLOSED};
    if (conn->broken_errno || result == E_IO) {
        cause.end = SESSION_END_TRANSPORT;
        cause.system_errno = conn->broken_errno ? conn->broken_errno : errno;
    }
    conn_event(conn, FSM_TCP_FAILS, &cause);
}

void conn_readable(struct conn *conn)
{
    if (!input_allowed(conn)) {
        conn_pause(conn);
        return;
    }
    struct input_scratch *scratch = input_scratch_of(conn);
    size_t kept = conn_take_kept(conn, scratch);
    ssize_t got = stream_read(conn->stream, scratch->bytes + kept, CONN_READ_BYTES);
    if (got > 0) {
        conn->session->memory.received.octets += (size_t)got;
        conn_digest(conn, scratch->bytes, kept + (size_t)got);
        return;
    }
    conn_keep(conn, scratch->bytes, kept);
    if (got != E_AGAIN || conn->broken_errno)
        conn_read_failed(conn, got);
}

void conn_resume(struct conn *conn)
{
    if (!conn->paused || !input_allowed(conn))
        return;
    conn->paused = false;
    conn->heard = true;
    struct input_scratch *scratch = input_scratch_of(conn);
    size_t kept = conn_take_kept(conn, scratch);
    uint32_t epoch = conn->epoch;
    conn_digest(conn, scratch->bytes, kept);
    if (conn->epoch == epoch)
        conn_watch(conn);
}
