/* One connection of a session: a state machine, the TCP connection it drives once there is one, and its timers.
 *
 * Internal to session/. A session holds two of these in place; which one is ours and which the peer's is a property
 * of the moment. A connection tells its session what became of it (session_conn_* in internal.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/loop.h"
#include "io/stream.h"
#include "session/fsm.h"
#include "session/session.h"
#include "wire/message.h"

enum {
    CONN_READ_BYTES = 256 * 1024,  /* per readiness event */
    CONN_WRITE_BYTES = 256 * 1024, /* per turn */
    CONN_OUT_LIMIT_BYTES = MESSAGE_EXTENDED_MAX_BYTES + 32 * 1024,
    CONN_PIECES_MAX = 16,
};

/* Why an event came, for those that end a connection. Everything may be left zero: then the machine's output says it.
 */
struct conn_cause {
    enum session_end end;
    int system_errno;
    const struct notification *notification; /* received, or to be sent */
    const char *why;
};

/* What a machine's leaving a state was about. */
struct conn_ending {
    enum session_state from;
    enum fsm_event event;
    unsigned actions; /* of enum fsm_action */
    const struct conn_cause *cause;
    const struct notification *sent; /* NULL without FSM_DO_NOTIFY */
    bool graceful; /* it was Established, and what was negotiated says that routes survive such an end */
};

struct conn {
    struct session *session;
    struct fsm fsm;
    struct stream *stream;      /* NULL: none; while dialing it is not connected yet */
    bool ours;                  /* we opened it */
    uint32_t epoch;             /* counts closings: whoever calls out looks whether it is still the same connection */
    struct mono_time opened_at; /* when TCP was up */

    struct loop_timer connect_retry, hold, keepalive, send_hold;

    struct open_message *local;   /* what we sent; NULL before; owned */
    struct open_message *remote;  /* what we received */
    struct negotiated negotiated; /* from OpenConfirm on */
    struct update_rules rules;

    /* Input. `kept` is what was read and not yet digested: the start of a message or, while paused, of several. */
    uint8_t *kept;
    uint32_t kept_length;
    bool paused; /* the owner does not want more input now */
    bool heard;  /* the hold timer is to be restarted at the end of this batch */

    /* Output. `out` holds our own messages and goes before the owner's; see conn_output.c. */
    struct buf out;
    bool own_queued;    /* `out` holds a message of ours, not only the rest of one of the owner's */
    bool blocked;       /* the kernel takes no more: wait for writable */
    bool flush_due;     /* the session's task is to write */
    bool owner_pending; /* the owner offered more than was taken */
    bool parting;       /* `out` ends with a NOTIFICATION */
    int broken_errno;   /* writing failed: read what is left, then give up */
    unsigned wanted;    /* as last told to the stream */
};

void conn_init(struct conn *conn, struct session *session);
void conn_release(struct conn *conn); /* closes without a word, unless something is queued */

/* Runs the machine and does what it says; returns the actions. `cause` may be NULL. */
unsigned conn_event(struct conn *conn, enum fsm_event event, const struct conn_cause *cause);

/* Takes over an accepted stream; the machine must be in Active. */
void conn_accept(struct conn *conn, struct stream *stream);

/* Negotiated and usable, or being so in a moment. */
static inline bool conn_is_open(const struct conn *conn)
{
    return conn->fsm.state >= SESSION_OPENSENT;
}

uint32_t conn_send_hold_s(const struct conn *conn);
void conn_restart_hold(struct conn *conn); /* something was heard of the peer */

/* conn_input.c */
void conn_readable(struct conn *conn);
void conn_resume(struct conn *conn); /* after the owner allowed input again */

/* conn_output.c */
void conn_send_open(struct conn *conn);
void conn_send_keepalive(struct conn *conn);
void conn_send_notification(struct conn *conn, const struct notification *notification);
bool conn_send_refresh(struct conn *conn, enum family_id family, enum refresh_kind kind);
void conn_flush(struct conn *conn);     /* writes what the kernel takes */
void conn_flush_due(struct conn *conn); /* have conn_flush called in this turn */
void conn_watch(struct conn *conn);     /* tells the stream what we wait for */

/* farewell.c: lets what is queued reach the peer for a bounded time; takes over stream and `out`. */
void farewell_start(struct conn *conn);
