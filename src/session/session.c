/* A session as its owner sees it: the calls of session.h. How it runs stands in session_run.c, what a connection does
 * in conn.c.
 *
 * Calling back. The owner is never called from inside a call of his. State changes go through a short queue: what
 * happens on the loop is told when the happening is dealt with, what the owner did himself is told by the session's
 * task, still in the same turn. The owner may call anything from inside a callback, session_free included: then the
 * memory lives until the calls in progress have returned.
 */
#include "session/session.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/internal.h"
#include "session/open_check.h"

enum { BROKEN_READS_MAX = 64 };

/* Calls in progress ----------------------------------------------------------------------------------------------- */

static void session_delete(struct session *session)
{
    mem_free(MEM_SESSION, session->memory.local_open);
    mem_free(MEM_SESSION, session->memory.remote_open);
    mem_free(MEM_SESSION, session->memory.failures);
    mem_free(MEM_SESSION, session);
}

struct session_failures *session_failures(struct session *session)
{
    struct session_memory *memory = &session->memory;
    if (memory->failures == NULL)
        memory->failures = mem_zalloc(MEM_SESSION, sizeof(*memory->failures));
    return memory->failures;
}

void session_enter(struct session *session)
{
    session->depth++;
}

void session_leave(struct session *session)
{
    if (session->depth == 1 && session->path.count)
        session_tell(session);
    session->depth--;
    if (session->depth == 0 && session->condemned)
        session_delete(session);
}

void owner_enter(struct session *session)
{
    session->depth++;
    session->muted++;
}

void owner_leave(struct session *session)
{
    session->muted--;
    session->depth--;
    if (session->path.count)
        loop_task_schedule(&session->task);
}

/* The task -------------------------------------------------------------------------------------------------------- */

/* Writing failed: hears what the peer had to say, then gives up. While the owner wants no input, that waits. */
static void conn_give_up(struct conn *conn)
{
    uint32_t epoch = conn->epoch;
    for (int i = 0; i < BROKEN_READS_MAX && conn->epoch == epoch && !conn->paused; i++)
        conn_readable(conn);
    if (conn->epoch != epoch || conn->paused)
        return;
    struct conn_cause cause = {.end = SESSION_END_TRANSPORT, .system_errno = conn->broken_errno};
    conn_event(conn, FSM_TCP_FAILS, &cause);
}

static bool session_task_run(struct loop_task *task)
{
    struct session *session = container_of(task, struct session, task);
    session_enter(session);
    bool input_due = session->input_due;
    session->input_due = false;
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        struct conn *conn = &session->conns[i];
        if (input_due && conn->stream)
            conn_resume(conn);
        if (conn->broken_errno)
            conn_give_up(conn);
        else if (conn->flush_due && conn->stream)
            conn_flush(conn);
    }
    session_leave(session);
    return false;
}

/* Life ------------------------------------------------------------------------------------------------------------ */

static void idle_hold_expired(struct loop_timer *timer)
{
    struct session *session = container_of(timer, struct session, idle_hold);
    session_enter(session);
    session_begin(session, false);
    session_leave(session);
}

void session_set_config(struct session *session, const struct session_config *config)
{
    session->config = *config;
    if (session->config.connect_retry_s == 0)
        session->config.connect_retry_s = SESSION_CONNECT_RETRY_S;
    if (session->config.open_wait_s == 0)
        session->config.open_wait_s = SESSION_OPEN_WAIT_S;
    const struct endpoint *remote = &session->config.remote;
    char text[ADDR_TEXT_MAX];
    addr_format(&remote->addr, text);
    if (remote->scope_id)
        snprintf(session->key, sizeof(session->key), "%s%%%u", text, remote->scope_id);
    else
        snprintf(session->key, sizeof(session->key), "%s", text);
}

struct session *session_new(struct loop *loop, struct transport *transport, const struct session_config *config,
                            const struct session_ops *ops, void *owner)
{
    struct session *session = mem_zalloc(MEM_SESSION, sizeof(*session));
    session->loop = loop;
    session->transport = transport;
    session->ops = ops;
    session->owner = owner;
    session_set_config(session, config);
    session->state = session->path.told = SESSION_IDLE;
    uint64_t us = (uint64_t)config->local_as << 32 | config->local_id;
    random_init(&session->random, hash_bytes(session->key, strlen(session->key)) ^ hash_bytes(&us, sizeof(us)));
    list_init(&session->farewells);
    loop_timer_init(&session->idle_hold, loop, idle_hold_expired);
    loop_task_init(&session->task, loop, session_task_run);
    for (unsigned i = 0; i < SESSION_CONNS; i++)
        conn_init(&session->conns[i], session);
    return session;
}

void session_free(struct session *session)
{
    if (!session || session->condemned)
        return;
    session->condemned = true;
    for (unsigned i = 0; i < SESSION_CONNS; i++)
        conn_release(&session->conns[i]);
    farewell_end_all(session);
    loop_timer_stop(&session->idle_hold);
    loop_task_cancel(&session->task);
    if (session->depth == 0)
        session_delete(session);
}

void *session_owner(const struct session *session)
{
    return session->owner;
}

void session_start(struct session *session)
{
    if (session->started || session->config.admin_down || session->condemned)
        return;
    owner_enter(session);
    session->started = true;
    session->flapped = session->restarts = session->attempts = 0;
    session_begin(session, true);
    owner_leave(session);
}

void session_stop(struct session *session, const struct notification *notification, enum session_end end)
{
    if (!session->started)
        return;
    owner_enter(session);
    session->started = false;
    struct conn_cause cause = {.end = end, .notification = notification};
    session_stop_conns(session, FSM_MANUAL_STOP, &cause);
    owner_leave(session);
}

void session_reset(struct session *session, const struct notification *notification, enum session_end end,
                   uint32_t idle_hold_s)
{
    if (!session->started)
        return;
    owner_enter(session);
    struct conn_cause cause = {.end = end, .notification = notification};
    session_stop_conns(session, FSM_AUTOMATIC_STOP, &cause);
    session->attempts = 0;
    loop_timer_start(&session->idle_hold, idle_hold_s * INT64_C(1000));
    owner_leave(session);
}

/* Incoming -------------------------------------------------------------------------------------------------------- */

/* The machine for a connection of the peer's: the one that waits, or a second one beside one that is busy. */
static struct conn *slot_for_incoming(struct session *session)
{
    struct conn *idle = NULL;
    bool running = false;
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        struct conn *conn = &session->conns[i];
        if (conn->fsm.state == SESSION_ACTIVE)
            return conn;
        if (conn->fsm.state == SESSION_IDLE)
            idle = conn;
        else
            running = true;
    }
    return running ? idle : NULL;
}

void session_accept(struct session *session, struct stream *stream)
{
    struct err err;
    struct conn *conn = session->started ? slot_for_incoming(session) : NULL;
    if (!conn) {
        log_debug("peer", session->key, "connection refused in %s", session_state_name(session->state));
        stream_free(stream);
        return;
    }
    if (session->transport->ops->apply(stream, &session->config.transport, &err) < 0) {
        log_warn("peer", session->key, "connection refused: %s", err.text);
        stream_free(stream);
        return;
    }
    owner_enter(session);
    conn->fsm.state = SESSION_ACTIVE; /* where a machine for a connection of the peer's begins (RFC 4271 8.2.1) */
    conn_accept(conn, stream);
    owner_leave(session);
}

/* Input and output ------------------------------------------------------------------------------------------------ */

void session_output_ready(struct session *session)
{
    if (session->state != SESSION_ESTABLISHED)
        return;
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        if (session->conns[i].fsm.state == SESSION_ESTABLISHED)
            conn_flush_due(&session->conns[i]);
    }
}

void session_limit_unsent(struct session *session, uint32_t bytes)
{
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        if (session->conns[i].fsm.state == SESSION_ESTABLISHED)
            stream_limit_unsent(session->conns[i].stream, bytes);
    }
}

void session_input_ready(struct session *session)
{
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        if (session->conns[i].paused) {
            session->input_due = true;
            loop_task_schedule(&session->task);
        }
    }
}

bool session_send_refresh(struct session *session, enum family_id family, enum refresh_kind kind)
{
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        struct conn *conn = &session->conns[i];
        const struct negotiated *negotiated = &conn->negotiated;
        if (conn->fsm.state != SESSION_ESTABLISHED)
            continue;
        bool offered = kind == REFRESH_REQUEST ? negotiated->route_refresh : negotiated->enhanced_refresh;
        return offered && family < FAMILY_COUNT && negotiated->families >> family & 1 &&
               conn_send_refresh(conn, family, kind);
    }
    return false;
}
