/* How a session lives: when it tries, when it rests, which of two connections it keeps.
 *
 * Between Idle and a connection there is one machine without TCP, in Active (waiting for the peer or for its retry
 * timer) or Connect (dialing). A connection of the peer's is given to it in Active; while it is dialing, the other
 * slot takes the connection with a machine of its own, and the two may collide:
 *
 *  - Both have had the peer's OPEN: RFC 4271 6.8 with RFC 6286 decides at the second OPEN. Two connections of the
 *    peer's do not follow from that rule; the newer one is kept, because the peer must have given up the older.
 *  - Only one has: the identifier of the peer is known from it, which 6.8 allows to be used for the other one, still
 *    in OpenSent. If that is the one to stay, this one is closed before its KEEPALIVE is out. Waiting instead can
 *    close both: each side may see another one of the two become Established first. Only connections of about the
 *    same age are decided so; of an old one without an OPEN the other end is dead.
 *  - One is Established: the new one is closed; unless both speakers do graceful restart, then it is the peer come
 *    back after a crash that TCP has not noticed, and the old one is closed (RFC 4724 5).
 *
 * Idle hold (RFC 4271 8.1.1, DampPeerOscillations): after an error the session rests, 5 s at first, each time twice
 * as long, 300 s at most; 300 s of being up make that forgotten. While it rests, connections are refused. A neighbor
 * that restarts gracefully is not to be refused: for it there is no rest, unless it makes a habit of it.
 */
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/internal.h"
#include "session/open_check.h"

const char *session_state_name(enum session_state state)
{
    static const char *const names[] = {
        [SESSION_IDLE] = "IDLE",         [SESSION_CONNECT] = "CONNECT",         [SESSION_ACTIVE] = "ACTIVE",
        [SESSION_OPENSENT] = "OPENSENT", [SESSION_OPENCONFIRM] = "OPENCONFIRM", [SESSION_ESTABLISHED] = "ESTABLISHED",
    };
    return (unsigned)state < ARRAY_LEN(names) && names[state] ? names[state] : "UNKNOWN";
}

struct conn *session_conn_other(struct conn *conn)
{
    struct session *session = conn->session;
    return conn == &session->conns[0] ? &session->conns[1] : &session->conns[0];
}

/* Telling the owner ----------------------------------------------------------------------------------------------- */

void session_update_state(struct session *session)
{
    enum session_state state = SESSION_IDLE;
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        if (session->conns[i].fsm.state > state)
            state = session->conns[i].fsm.state;
    }
    if (state == session->state)
        return;
    session->state = state;
    struct session_path *path = &session->path;
    if (path->count == SESSION_PATH_MAX)
        path->count--;
    path->next[path->count++] = state;
}

void session_tell(struct session *session)
{
    struct session_path *path = &session->path;
    if (path->telling || session->muted)
        return;
    path->telling = true;
    while (path->count > 0 && !session->condemned) {
        enum session_state from = path->told, to = path->next[0];
        path->count--;
        memmove(path->next, path->next + 1, path->count * sizeof(path->next[0]));
        path->told = to;
        if (from == to)
            continue;
        session->ops->state_changed(session, from, to);
        if (from == SESSION_ESTABLISHED && !session->condemned)
            session->ops->lost(session, &session_failures(session)->lost);
        for (unsigned i = 0; i < SESSION_CONNS && to == SESSION_ESTABLISHED && !session->condemned; i++) {
            if (session->conns[i].fsm.state == SESSION_ESTABLISHED) {
                session->ops->established(session, &session->conns[i].negotiated);
                conn_flush_due(&session->conns[i]);
                break;
            }
        }
    }
    path->telling = false;
}

/* Starting and resting -------------------------------------------------------------------------------------------- */

int64_t session_retry_ms(struct session *session, enum session_state state, unsigned actions)
{
    int64_t retry_ms = session->config.connect_retry_s * INT64_C(1000);
    if (state == SESSION_CONNECT) /* no less than a repeated SYN needs */
        return retry_ms > SESSION_ATTEMPT_MIN_MS ? retry_ms : SESSION_ATTEMPT_MIN_MS;
    if (actions & FSM_DO_RETRY_SOON)
        return random_below(&session->random, SESSION_FIRST_CONNECT_MS);
    int64_t backoff_ms = (int64_t)SESSION_RETRY_FIRST_MS << (session->attempts < 16 ? session->attempts : 16);
    return random_jitter_ms(&session->random, backoff_ms < retry_ms ? backoff_ms : retry_ms);
}

void session_begin(struct session *session, bool manual)
{
    bool passive = session->config.passive;
    enum fsm_event event = manual ? (passive ? FSM_MANUAL_START_PASSIVE : FSM_MANUAL_START)
                                  : (passive ? FSM_AUTOMATIC_START_PASSIVE : FSM_AUTOMATIC_START);
    conn_event(&session->conns[0], event, NULL);
}

/* The peer closed this connection for another one: nothing is wrong with it. */
static bool lost_a_collision(const struct conn_ending *ending)
{
    const struct notification *received = ending->cause->notification;
    return ending->cause->end == SESSION_END_RECEIVED && received->code == NOTIFY_CEASE &&
           received->subcode == NOTIFY_CEASE_COLLISION;
}

static void session_rest(struct session *session, const struct conn_ending *ending)
{
    int64_t hold_ms = SESSION_IDLE_HOLD_FIRST_MS;
    if (ending->graceful && session->restarts < SESSION_GRACEFUL_FLAPS) {
        session->restarts++;
        loop_timer_start(&session->idle_hold, 0);
        return;
    }
    if (ending->actions & FSM_DO_DAMP && !lost_a_collision(ending)) {
        hold_ms <<= session->flapped < 16 ? session->flapped : 16;
        session->flapped++;
    }
    if (hold_ms > SESSION_IDLE_HOLD_MAX_MS)
        hold_ms = SESSION_IDLE_HOLD_MAX_MS;
    loop_timer_start(&session->idle_hold, random_jitter_ms(&session->random, hold_ms));
}

void session_stop_conns(struct session *session, enum fsm_event event, const struct conn_cause *cause)
{
    struct conn_ending ending = {.from = session->state, .event = event, .cause = cause};
    if (session->state >= SESSION_OPENSENT)
        ending.sent = cause->notification;
    struct session_down *down = &session_failures(session)->down;
    why_down(&ending, down);
    down->when = loop_wall_now(session->loop);
    loop_timer_stop(&session->idle_hold);
    for (unsigned i = 0; i < SESSION_CONNS; i++)
        conn_event(&session->conns[i], event, cause);
}

/* What became of a connection ------------------------------------------------------------------------------------- */

static void session_up(struct conn *conn)
{
    struct session *session = conn->session;
    struct session_memory *memory = &session->memory;
    const struct negotiated *negotiated = &conn->negotiated;
    session->attempts = 0;
    session->up_since = loop_now(session->loop);
    memory->established_at = loop_wall_now(session->loop);
    mem_free(MEM_SESSION, memory->local_open);
    mem_free(MEM_SESSION, memory->remote_open);
    memory->local_open = memory->remote_open = NULL;

    struct addr id = addr_ipv4(negotiated->peer_id);
    char id_text[ADDR_TEXT_MAX];
    log_info("peer", session->key, "peer up: AS %u, identifier %s, hold time %u s, keepalive %u s", negotiated->peer_as,
             addr_format(&id, id_text), negotiated->hold_time_s, negotiated->keepalive_s);
    if (negotiated->families == 0)
        log_warn("peer", session->key, "no address family in common: no routes can be exchanged");

    struct conn_cause cause = {.end = SESSION_END_COLLISION};
    conn_event(session_conn_other(conn), FSM_COLLISION_DUMP, &cause);
}

static void session_down(struct session *session, const struct conn_ending *ending)
{
    struct session_memory *memory = &session->memory;
    int64_t up_ms = mono_diff_ms(loop_now(session->loop), session->up_since);
    if (up_ms >= SESSION_STABLE_MS)
        session->flapped = session->restarts = 0;
    struct session_failures *failures = session_failures(session);
    why_down(ending, &failures->down);
    failures->down.when = memory->down_at = loop_wall_now(session->loop);
    failures->lost = failures->down;
    memory->flaps++;
    failures->losses[failures->down.end]++;
    log_info("peer", session->key, "peer down after %lld s: %s", (long long)(up_ms / 1000), failures->down.why);
}

/* A connection that never was up came to an end, and none is left. Repetitions are for the debug log. */
static void session_not_up(struct session *session, const struct conn_ending *ending)
{
    struct session_failures *failures = session_failures(session);
    struct session_down down;
    why_down(ending, &down);
    down.when = loop_wall_now(session->loop);
    bool known = strcmp(down.why, failures->down.why) == 0;
    log_at(known ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "peer", session->key, "not up: %s", down.why);
    failures->down = down;
}

static void session_conn_ended(struct conn *conn, const struct conn_ending *ending)
{
    struct session *session = conn->session;
    struct conn *other = session_conn_other(conn);
    bool stopped = ending->event == FSM_MANUAL_STOP || ending->event == FSM_AUTOMATIC_STOP;
    if (ending->from == SESSION_ESTABLISHED)
        session_down(session, ending);
    else if (!stopped && !conn_is_open(other))
        session_not_up(session, ending);
    else if (!stopped)
        log_debug("peer", session->key, "second connection closed in %s", session_state_name(ending->from));
    if (stopped)
        return;

    if (conn->fsm.state != SESSION_IDLE) {
        session->attempts++;
        if (other->fsm.state != SESSION_IDLE) /* one machine without a connection is enough */
            conn_event(conn, FSM_AUTOMATIC_STOP, NULL);
    } else if (!conn_is_open(other) && ending->event != FSM_COLLISION_DUMP) {
        session_rest(session, ending);
        conn_event(other, FSM_AUTOMATIC_STOP, NULL);
    }
}

void session_conn_moved(struct conn *conn, const struct conn_ending *ending)
{
    if (conn->fsm.state == SESSION_ESTABLISHED)
        session_up(conn);
    if (ending->actions & FSM_DO_CLOSE)
        session_conn_ended(conn, ending);
    session_update_state(conn->session);
}

void session_conn_failed(struct conn *conn, const struct conn_ending *ending)
{
    conn->session->attempts++;
    if (!conn_is_open(session_conn_other(conn)))
        session_not_up(conn->session, ending);
}

/* Collision ------------------------------------------------------------------------------------------------------- */

static bool restarts_gracefully(const struct conn *conn)
{
    return conn->local && conn->local->capabilities.graceful_restart && conn->remote &&
           conn->remote->capabilities.graceful_restart && conn->remote->capabilities.restart_families;
}

/* Of two connections, the one that stays; `newer` has just had its OPEN. */
static struct conn *collision_winner(struct conn *newer, struct conn *other)
{
    if (newer->ours == other->ours)
        return newer;
    bool ours = collision_keeps_ours(&newer->session->config, newer->remote);
    return newer->ours == ours ? newer : other;
}

bool session_conn_survives(struct conn *conn)
{
    struct conn *other = session_conn_other(conn);
    struct conn *loser = NULL;
    struct conn_cause cause = {.end = SESSION_END_COLLISION};
    switch (other->fsm.state) {
    case SESSION_ESTABLISHED:
        if (restarts_gracefully(other)) {
            cause = (struct conn_cause){.end = SESSION_END_CLOSED, .why = "peer restarted: it opened a new connection"};
            conn_event(other, FSM_TCP_FAILS, &cause);
            return true;
        }
        loser = conn;
        break;
    case SESSION_OPENCONFIRM:
        loser = collision_winner(conn, other) == conn ? other : conn;
        break;
    case SESSION_OPENSENT: {
        int64_t apart_ms = mono_diff_ms(conn->opened_at, other->opened_at);
        bool at_once = apart_ms < SESSION_COLLISION_MS && apart_ms > -SESSION_COLLISION_MS;
        if (at_once && collision_winner(conn, other) == other) {
            loser = conn;
            /* Its OPEN must be under way. If the other end has died after all, that should not cost minutes. */
            if (loop_timer_left_ms(&other->hold) > SESSION_COLLISION_OPEN_MS)
                loop_timer_start(&other->hold, SESSION_COLLISION_OPEN_MS);
        }
        break;
    }
    default:
        break;
    }
    if (loser)
        conn_event(loser, FSM_COLLISION_DUMP, &cause);
    return loser != conn;
}
