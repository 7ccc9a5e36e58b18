/* What the files of session/ share: the session itself. */
#pragma once

#include "base/list.h"
#include "base/str.h"
#include "session/conn.h"
#include "session/random.h"

enum {
    SESSION_CONNS = 2,
    SESSION_FIRST_CONNECT_MS = 1000, /* the first attempt comes within this */
    SESSION_RETRY_FIRST_MS = 5000,   /* retries begin with this and double up to connect_retry_s */
    SESSION_ATTEMPT_MIN_MS = 5000,
    SESSION_CONNECT_RETRY_S = 120, /* where the owner gives none */
    SESSION_OPEN_WAIT_S = 240,
    SESSION_IDLE_HOLD_FIRST_MS = 5000,
    SESSION_IDLE_HOLD_MAX_MS = 300 * 1000,
    SESSION_GRACEFUL_FLAPS = 4,        /* so many graceful restarts in a row are not damped */
    SESSION_STABLE_MS = 300 * 1000,    /* up this long: earlier flaps are forgotten */
    SESSION_COLLISION_MS = 5000,       /* connections further apart than this do not collide, one of them is dead */
    SESSION_COLLISION_OPEN_MS = 10000, /* how long the preferred one may let us wait for its OPEN */
    SESSION_LOG_INTERVAL_MS = 1000,
    SESSION_SEND_HOLD_S = 480, /* RFC 9687 3.2 */
    SESSION_FAREWELLS_MAX = 2,
    SESSION_PATH_MAX = 8,
};

/* State changes the owner has not been told of yet. */
struct session_path {
    enum session_state told;
    enum session_state next[SESSION_PATH_MAX];
    unsigned count;
    bool telling;
};

/* What a session that never failed has not got. */
struct session_failures {
    struct notification last_sent, last_received;
    struct wall_time last_sent_at, last_received_at;
    struct session_down down; /* the latest reason */
    struct session_down lost; /* of the last loss, for ops.lost */
    uint32_t losses[SESSION_END_COUNT];
};

/* Notifications and OPENs outlive their connections, for showing. */
struct session_memory {
    struct open_message *local_open, *remote_open;
    struct session_failures *failures; /* NULL until the first: session_failures() */
    struct wall_time established_at, down_at;
    uint32_t flaps;
    struct session_counters received, sent;
};

struct session {
    struct loop *loop;
    struct transport *transport;
    const struct session_ops *ops;
    void *owner;
    struct session_config config;

    struct conn conns[SESSION_CONNS];
    struct list farewells; /* farewell.c */
    unsigned farewell_count;

    bool started;
    enum session_state state; /* the most advanced connection's */
    struct session_path path;
    struct mono_time up_since;
    struct loop_timer idle_hold;
    struct loop_task task;
    struct random random;
    unsigned flapped;  /* errors in a row, for the idle hold time */
    unsigned restarts; /* graceful restarts in a row, for which there was none */
    unsigned attempts; /* failed connects in a row, for the retry interval */

    bool input_due; /* the owner allows input again; for the task */
    unsigned depth; /* calls in progress that still need the memory */
    unsigned muted; /* calls of the owner in progress: he is told later */
    bool condemned; /* freed by the owner while depth > 0 */

    struct mono_time update_logged_at;
    unsigned updates_unlogged;
    struct session_memory memory;
    char key[ADDR_TEXT_MAX + 16]; /* the peer's address, for the log */
};

struct session_failures *session_failures(struct session *session);

/* Around everything the loop calls. */
void session_enter(struct session *session);
void session_leave(struct session *session);

/* Around every call of the owner that may change the state: he is told later. */
void owner_enter(struct session *session);
void owner_leave(struct session *session);

void session_tell(struct session *session); /* the owner, of state changes he has not been told of */

/* From connections: the machine went to another state; it closed a connection and stayed in its state. */
void session_conn_moved(struct conn *conn, const struct conn_ending *ending);
void session_conn_failed(struct conn *conn, const struct conn_ending *ending);

/* A valid OPEN arrived on `conn` (in OpenSent). False: the connection lost against another one and is closed. */
bool session_conn_survives(struct conn *conn);

/* How long until the next attempt; in Connect: how long this one may take. */
int64_t session_retry_ms(struct session *session, enum session_state state, unsigned actions);
struct conn *session_conn_other(struct conn *conn);

/* Stops both machines with ManualStop or AutomaticStop; nothing is started. */
void session_stop_conns(struct session *session, enum fsm_event event, const struct conn_cause *cause);
void session_begin(struct session *session, bool manual); /* out of Idle */
void session_update_state(struct session *session);
void session_set_config(struct session *session, const struct session_config *config);

void farewell_end_all(struct session *session);

/* why.c: the reason in words. */
void why_down(const struct conn_ending *ending, struct session_down *down);
