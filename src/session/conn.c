/* A connection: carries out what the state machine says.
 *
 * Every happening, a message, a timer, the transport, becomes one event for fsm_step(); the actions that come back
 * are done here in their order, and the session is told where the machine went. Nothing calls the owner from here:
 * the session does, when the happening has been dealt with.
 *
 * Closing. The slot is free again at once. If a NOTIFICATION is queued that the kernel does not take at once, stream
 * and bytes move to a farewell (farewell.c).
 */
#include "session/conn.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "session/internal.h"
#include "session/open_check.h"

static const struct stream_handler conn_handler;

/* Closing --------------------------------------------------------------------------------------------------------- */

static void conn_stop_timers(struct conn *conn)
{
    loop_timer_stop(&conn->connect_retry);
    loop_timer_stop(&conn->hold);
    loop_timer_stop(&conn->keepalive);
    loop_timer_stop(&conn->send_hold);
}

static void conn_remember_opens(struct conn *conn)
{
    struct session_memory *memory = &conn->session->memory;
    if (conn->local) {
        mem_free(MEM_SESSION, memory->local_open);
        memory->local_open = conn->local;
        conn->local = NULL;
    }
    if (conn->remote) {
        mem_free(MEM_SESSION, memory->remote_open);
        memory->remote_open = conn->remote;
        conn->remote = NULL;
    }
}

static void conn_close(struct conn *conn)
{
    conn_stop_timers(conn);
    conn->epoch++;
    if (conn->parting)
        farewell_start(conn);
    stream_free(conn->stream);
    conn->stream = NULL;
    conn_remember_opens(conn);
    conn->negotiated = (struct negotiated){0};
    mem_free(MEM_BUFFER, conn->kept);
    conn->kept = NULL;
    conn->kept_length = 0;
    buf_release(&conn->out);
    buf_init(&conn->out, CONN_OUT_LIMIT_BYTES);
    conn->paused = conn->heard = conn->parting = false;
    conn->own_queued = conn->owner_pending = conn->blocked = conn->flush_due = false;
    conn->broken_errno = 0;
    conn->wanted = 0;
}

/* Opening --------------------------------------------------------------------------------------------------------- */

static void conn_dial(struct conn *conn)
{
    struct session *session = conn->session;
    struct err err = {.text = ""};
    conn->ours = true;
    int result = session->transport->ops->dial(session->transport, session->loop, &session->config.remote,
                                               &session->config.transport, &conn_handler, conn, &conn->stream, &err);
    if (result == E_OK)
        return;
    conn->stream = NULL;
    struct conn_cause cause = {.end = SESSION_END_CONNECT_FAILED, .why = err.text};
    conn_event(conn, FSM_TCP_FAILS, &cause);
}

void conn_accept(struct conn *conn, struct stream *stream)
{
    conn->stream = stream;
    conn->ours = false;
    conn->opened_at = loop_now(conn->session->loop);
    stream_set_owner(stream, &conn_handler, conn);
    conn_event(conn, FSM_TCP_CONFIRMED, NULL);
}

/* The machine's actions ------------------------------------------------------------------------------------------- */

static uint8_t message_type_of(enum fsm_event event)
{
    switch (event) {
    case FSM_OPEN:
        return MESSAGE_OPEN;
    case FSM_UPDATE:
        return MESSAGE_UPDATE;
    case FSM_KEEPALIVE:
        return MESSAGE_KEEPALIVE;
    case FSM_REFRESH:
        return MESSAGE_ROUTE_REFRESH;
    default:
        return 0;
    }
}

static struct notification notification_due(enum fsm_event event, const struct fsm_output *output,
                                            const struct conn_cause *cause)
{
    if (output->code == 0)
        return cause->notification ? *cause->notification : notification_make(0, 0);
    uint8_t type = message_type_of(event);
    if (output->code == NOTIFY_FSM && type) /* RFC 6608 4: the data is the type of the message */
        return notification_with_data(output->code, output->subcode, &type, 1);
    return notification_make(output->code, output->subcode);
}

/* Do the peer's routes outlive this end? (RFC 4724 4.2, RFC 8538 4) A hold timer that ran out says nothing about the
 * peer's forwarding, so it counts as a connection that broke, as for GoBGP; RFC 8538 asks for that where both know it.
 */
static bool ends_gracefully(const struct conn *conn, const struct conn_ending *ending)
{
    const struct negotiated_restart *restart = &conn->negotiated.restart;
    if (ending->from != SESSION_ESTABLISHED || !restart->enabled)
        return false;
    switch (ending->event) {
    case FSM_TCP_FAILS:
    case FSM_HOLD_EXPIRES:
    case FSM_SEND_HOLD_EXPIRES:
        return true;
    case FSM_NOTIFICATION:
    case FSM_NOTIFICATION_VERSION:
        return restart->notification && !notification_is_hard_reset(ending->cause->notification);
    default:
        return restart->notification && ending->sent && ending->sent->code != 0 &&
               !notification_is_hard_reset(ending->sent);
    }
}

static void conn_start_timers(struct conn *conn, unsigned actions)
{
    struct session *session = conn->session;
    if (actions & FSM_DO_RETRY_STOP)
        loop_timer_stop(&conn->connect_retry);
    if (actions & (FSM_DO_RETRY | FSM_DO_RETRY_SOON) && !session->config.passive)
        loop_timer_start(&conn->connect_retry, session_retry_ms(session, conn->fsm.state, actions));
    if (actions & FSM_DO_OPEN)
        loop_timer_start(&conn->hold, session->config.open_wait_s * INT64_C(1000));
    if (actions & FSM_DO_KEEPALIVE && conn->negotiated.keepalive_s)
        loop_timer_start(&conn->keepalive,
                         random_jitter_ms(&session->random, conn->negotiated.keepalive_s * INT64_C(1000)));
}

unsigned conn_event(struct conn *conn, enum fsm_event event, const struct conn_cause *cause)
{
    static const struct conn_cause no_cause;
    enum session_state from = conn->fsm.state;
    struct fsm_output output = fsm_step(&conn->fsm, event);
    if (!cause)
        cause = &no_cause;
    if (conn->fsm.state != from)
        log_debug("fsm", conn->session->key, "%s: %s -> %s", fsm_event_name(event), session_state_name(from),
                  session_state_name(conn->fsm.state));

    struct conn_ending ending = {.from = from, .event = event, .actions = output.actions, .cause = cause};
    struct notification sent;
    if (output.actions & FSM_DO_NOTIFY) {
        sent = notification_due(event, &output, cause);
        if (from == SESSION_ESTABLISHED && conn->negotiated.restart.notification &&
            notification_wants_hard_reset(&sent))
            sent = notification_hard_reset(&sent);
        ending.sent = &sent;
        conn_send_notification(conn, &sent);
    }
    ending.graceful = ends_gracefully(conn, &ending);
    if (output.actions & FSM_DO_CLOSE)
        conn_close(conn);
    if (output.actions & FSM_DO_OPEN)
        conn_send_open(conn);
    if (output.actions & FSM_DO_KEEPALIVE)
        conn_send_keepalive(conn);
    if (output.actions & FSM_DO_HOLD)
        conn->heard = true;
    conn_start_timers(conn, output.actions);

    uint32_t epoch = conn->epoch;
    if (conn->fsm.state != from)
        session_conn_moved(conn, &ending);
    else if (output.actions & FSM_DO_CLOSE)
        session_conn_failed(conn, &ending);
    if (output.actions & FSM_DO_CONNECT && conn->epoch == epoch && conn->fsm.state == SESSION_CONNECT)
        conn_dial(conn);
    return output.actions;
}

/* Timers ---------------------------------------------------------------------------------------------------------- */

static void connect_retry_expired(struct loop_timer *timer)
{
    struct conn *conn = container_of(timer, struct conn, connect_retry);
    struct conn_cause cause = {.end = SESSION_END_CONNECT_FAILED, .system_errno = ETIMEDOUT};
    session_enter(conn->session);
    conn_event(conn, FSM_CONNECT_RETRY_EXPIRES, &cause);
    session_leave(conn->session);
}

static void hold_expired(struct loop_timer *timer)
{
    struct conn *conn = container_of(timer, struct conn, hold);
    const struct session *session = conn->session;
    char why[96];
    long long open_s = mono_diff_ms(loop_now(session->loop), conn->opened_at) / 1000;
    if (conn->fsm.state == SESSION_OPENSENT)
        snprintf(why, sizeof(why), "no OPEN from the peer within %lld s", open_s);
    else if (conn->negotiated.hold_time_s == 0)
        snprintf(why, sizeof(why), "no KEEPALIVE in answer to our OPEN within %lld s", open_s);
    else
        snprintf(why, sizeof(why), "nothing heard from the peer for %u s", conn->negotiated.hold_time_s);
    struct conn_cause cause = {.end = SESSION_END_HOLD_TIMER, .why = why};
    session_enter(conn->session);
    conn_event(conn, FSM_HOLD_EXPIRES, &cause);
    session_leave(conn->session);
}

static void keepalive_expired(struct loop_timer *timer)
{
    struct conn *conn = container_of(timer, struct conn, keepalive);
    session_enter(conn->session);
    conn_event(conn, FSM_KEEPALIVE_EXPIRES, NULL);
    session_leave(conn->session);
}

static void send_hold_expired(struct loop_timer *timer)
{
    struct conn *conn = container_of(timer, struct conn, send_hold);
    char why[96];
    snprintf(why, sizeof(why), "the peer took nothing of our output for %u s", conn_send_hold_s(conn));
    struct conn_cause cause = {.end = SESSION_END_SEND_HOLD_TIMER, .why = why};
    session_enter(conn->session);
    conn_event(conn, FSM_SEND_HOLD_EXPIRES, &cause);
    session_leave(conn->session);
}

uint32_t conn_send_hold_s(const struct conn *conn)
{
    uint32_t configured_s = conn->session->config.send_hold_s;
    uint32_t twice_s = 2 * (uint32_t)conn->negotiated.hold_time_s;
    if (configured_s)
        return configured_s;
    return twice_s > SESSION_SEND_HOLD_S ? twice_s : SESSION_SEND_HOLD_S;
}

void conn_restart_hold(struct conn *conn)
{
    conn->heard = false;
    if (conn->negotiated.hold_time_s)
        loop_timer_start(&conn->hold, conn->negotiated.hold_time_s * INT64_C(1000));
    else if (conn->fsm.state == SESSION_ESTABLISHED) /* before that, the time an OPEN may take goes on */
        loop_timer_stop(&conn->hold);
}

/* The transport --------------------------------------------------------------------------------------------------- */

static void on_connected(struct stream *stream, void *owner)
{
    struct conn *conn = owner;
    session_enter(conn->session);
    conn->opened_at = loop_now(conn->session->loop);
    conn_event(conn, FSM_TCP_ACKED, NULL);
    session_leave(conn->session);
}

static void on_failed(struct stream *stream, void *owner, int system_errno)
{
    struct conn *conn = owner;
    struct conn_cause cause = {.end = SESSION_END_CONNECT_FAILED, .system_errno = system_errno};
    session_enter(conn->session);
    conn_event(conn, FSM_TCP_FAILS, &cause);
    session_leave(conn->session);
}

static void on_readable(struct stream *stream, void *owner)
{
    struct conn *conn = owner;
    session_enter(conn->session);
    conn_readable(conn);
    session_leave(conn->session);
}

static void on_writable(struct stream *stream, void *owner)
{
    struct conn *conn = owner;
    session_enter(conn->session);
    conn_flush(conn);
    session_leave(conn->session);
}

static const struct stream_handler conn_handler = {
    .connected = on_connected,
    .failed = on_failed,
    .readable = on_readable,
    .writable = on_writable,
};

/* Beginning and end ----------------------------------------------------------------------------------------------- */

void conn_init(struct conn *conn, struct session *session)
{
    *conn = (struct conn){.session = session, .fsm.state = SESSION_IDLE};
    loop_timer_init(&conn->connect_retry, session->loop, connect_retry_expired);
    loop_timer_init(&conn->hold, session->loop, hold_expired);
    loop_timer_init(&conn->keepalive, session->loop, keepalive_expired);
    loop_timer_init(&conn->send_hold, session->loop, send_hold_expired);
    buf_init(&conn->out, CONN_OUT_LIMIT_BYTES);
}

void conn_release(struct conn *conn)
{
    conn_close(conn);
    conn->fsm.state = SESSION_IDLE;
    buf_release(&conn->out);
}
