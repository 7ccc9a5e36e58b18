/* A connection's output: our own messages and the owner's, on one byte stream.
 *
 * The owner offers pieces of whole messages; a write may end in the middle of one. KEEPALIVE and NOTIFICATION must
 * not wait for megabytes of UPDATEs, and can only go between two messages. So when a write ends inside a message of
 * the owner, the rest of that one message is copied to `out` and counts as taken: the owner's pieces then begin at a
 * message again, and whatever is put into `out` goes next. Walking the message lengths also counts what was sent.
 *
 * Writing happens in the session's task, once per turn, and when the kernel says that it takes more. The send hold
 * timer (RFC 9687) runs while the kernel takes nothing.
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "session/internal.h"
#include "session/open_check.h"

enum {
    LENGTH_OFFSET = 16,
    TYPE_OFFSET = 18,
};

/* Our own messages ------------------------------------------------------------------------------------------------ */

static void count_message(struct session_counters *sent, uint8_t type)
{
    sent->total++;
    switch (type) {
    case MESSAGE_OPEN:
        sent->open++;
        break;
    case MESSAGE_UPDATE:
        sent->update++;
        break;
    case MESSAGE_NOTIFICATION:
        sent->notification++;
        break;
    case MESSAGE_KEEPALIVE:
        sent->keepalive++;
        break;
    case MESSAGE_ROUTE_REFRESH:
        sent->refresh++;
        break;
    }
}

static void conn_queued(struct conn *conn, enum message_type type)
{
    count_message(&conn->session->memory.sent, type);
    conn->own_queued = true;
    conn_flush_due(conn);
}

void conn_send_open(struct conn *conn)
{
    CHECK(!conn->local);
    struct open_message local;
    open_make(&conn->session->config, &local);
    open_encode(&local, &conn->out);
    conn->local = open_keep(MEM_SESSION, &local);
    CHECK(!conn->out.failed);
    conn_queued(conn, MESSAGE_OPEN);
    conn_watch(conn);
}

void conn_send_keepalive(struct conn *conn)
{
    /* In Established, a message of ours that still waits keeps the session alive as well as one more KEEPALIVE behind
     * it. Before, KEEPALIVE is the answer to OPEN, but need not pile up before a peer that reads nothing. */
    bool waiting = conn->own_queued && conn->fsm.state == SESSION_ESTABLISHED;
    if (waiting || conn->out.length > 2 * MESSAGE_MAX_BYTES)
        return;
    keepalive_encode(&conn->out);
    CHECK(!conn->out.failed);
    conn_queued(conn, MESSAGE_KEEPALIVE);
}

void conn_send_notification(struct conn *conn, const struct notification *notification)
{
    if (notification->code == 0)
        return;
    struct session_failures *failures = session_failures(conn->session);
    size_t before = conn->out.length;
    notification_encode(notification, &conn->out);
    if (conn->out.failed) { /* a peer that reads nothing will not read this either */
        conn->out.length = before;
        conn->out.failed = false;
        return;
    }
    conn->parting = true;
    count_message(&conn->session->memory.sent, MESSAGE_NOTIFICATION);
    failures->last_sent = *notification;
    failures->last_sent_at = loop_wall_now(conn->session->loop);
}

bool conn_send_refresh(struct conn *conn, enum family_id family, enum refresh_kind kind)
{
    if (conn->out.length + MESSAGE_HEADER_BYTES + NOTIFICATION_DATA_MAX > CONN_OUT_LIMIT_BYTES - MESSAGE_MAX_BYTES)
        return false; /* the rest is for KEEPALIVE and NOTIFICATION */
    route_refresh_encode(&conn->out, family, kind);
    conn_queued(conn, MESSAGE_ROUTE_REFRESH);
    return true;
}

/* Writing --------------------------------------------------------------------------------------------------------- */

void conn_watch(struct conn *conn)
{
    unsigned wanted = (conn->paused ? 0 : LOOP_READ) | (conn->blocked ? LOOP_WRITE : 0);
    if (!conn->stream || wanted == conn->wanted)
        return;
    conn->wanted = wanted;
    stream_want(conn->stream, wanted);
}

void conn_flush_due(struct conn *conn)
{
    if (conn->blocked || conn->flush_due)
        return;
    conn->flush_due = true;
    loop_task_schedule(&conn->session->task);
}

/* `taken` bytes of this piece went out; counts the messages, and copies the rest of the one that was cut to `out`.
 * Returns what now counts as taken. */
static size_t conn_piece_taken(struct conn *conn, const struct iovec *piece, size_t taken)
{
    const uint8_t *bytes = piece->iov_base;
    size_t offset = 0;
    while (offset < taken) {
        CHECK(piece->iov_len - offset >= MESSAGE_HEADER_BYTES);
        const uint8_t *header = bytes + offset;
        size_t length = (size_t)(header[LENGTH_OFFSET] << 8 | header[LENGTH_OFFSET + 1]);
        CHECK(length >= MESSAGE_HEADER_BYTES && length <= piece->iov_len - offset);
        count_message(&conn->session->memory.sent, header[TYPE_OFFSET]);
        offset += length;
    }
    buf_put(&conn->out, bytes + taken, offset - taken);
    CHECK(!conn->out.failed);
    return offset;
}

/* Accounts for `taken` bytes of `out` followed by the owner's pieces. */
static void conn_taken(struct conn *conn, const struct iovec *pieces, int count, size_t taken)
{
    size_t own = taken < conn->out.length ? taken : conn->out.length;
    taken -= own;
    buf_consume(&conn->out, own);
    if (conn->out.length == 0)
        conn->own_queued = false;
    size_t owners = 0;
    for (int i = 0; i < count && taken > 0; i++) {
        size_t part = taken < pieces[i].iov_len ? taken : pieces[i].iov_len;
        owners += conn_piece_taken(conn, &pieces[i], part);
        taken -= part;
    }
    if (owners > 0)
        conn->session->ops->output_written(conn->session, owners);
}

static void conn_write_failed(struct conn *conn)
{
    /* The peer's NOTIFICATION may lie unread behind the broken pipe: the session's task reads first. */
    conn->broken_errno = errno ? errno : EPIPE;
    conn->blocked = false;
    conn_watch(conn);
    conn->flush_due = true;
    loop_task_schedule(&conn->session->task);
}

static void conn_set_blocked(struct conn *conn, bool blocked, bool progress)
{
    conn->blocked = blocked;
    conn_watch(conn);
    bool guarded =
        conn->fsm.state == SESSION_ESTABLISHED && (conn->negotiated.hold_time_s || conn->session->config.send_hold_s);
    if (!blocked)
        loop_timer_stop(&conn->send_hold);
    else if (guarded && (progress || !loop_timer_running(&conn->send_hold)))
        loop_timer_start(&conn->send_hold, conn_send_hold_s(conn) * INT64_C(1000));
}

void conn_flush(struct conn *conn)
{
    struct session *session = conn->session;
    uint32_t epoch = conn->epoch;
    size_t written = 0;
    conn->flush_due = false;
    while (!conn->broken_errno) {
        struct iovec pieces[CONN_PIECES_MAX + 1];
        bool up = conn->fsm.state == SESSION_ESTABLISHED;
        int count = up ? session->ops->output(session, pieces + 1, CONN_PIECES_MAX) : 0;
        if (conn->epoch != epoch)
            return;
        pieces[0] = (struct iovec){.iov_base = conn->out.bytes, .iov_len = conn->out.length};
        size_t offered = conn->out.length;
        for (int i = 1; i <= count; i++)
            offered += pieces[i].iov_len;
        conn->owner_pending = count > 0;
        if (offered == 0) {
            conn_set_blocked(conn, false, false);
            return;
        }
        bool own = conn->out.length > 0;
        ssize_t taken = stream_writev(conn->stream, own ? pieces : pieces + 1, own ? count + 1 : count);
        if (taken == E_AGAIN) {
            conn_set_blocked(conn, true, written > 0);
            return;
        }
        if (taken < 0) {
            conn_write_failed(conn);
            return;
        }
        written += (size_t)taken;
        session->memory.sent.octets += (size_t)taken;
        conn_taken(conn, pieces + 1, count, (size_t)taken);
        if (conn->epoch != epoch)
            return;
        if ((size_t)taken < offered || written >= CONN_WRITE_BYTES) {
            conn_set_blocked(conn, true, true);
            return;
        }
    }
}
