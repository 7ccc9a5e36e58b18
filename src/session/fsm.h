/* The state machine of one connection (RFC 4271 8): state x event -> next state and what to do. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "session/session.h"

/* Numbered as in RFC 4271 8.1 (29: RFC 9687). Missing: 6, 7 and 13 (idle hold belongs to the session, which starts
 * the machine with 3 or 5 when it is over), 12 and 20 (DelayOpen is not offered), 14 and 15 (the kernel's). */
enum fsm_event {
    FSM_MANUAL_START = 1,
    FSM_MANUAL_STOP = 2,
    FSM_AUTOMATIC_START = 3,
    FSM_MANUAL_START_PASSIVE = 4,
    FSM_AUTOMATIC_START_PASSIVE = 5,
    FSM_AUTOMATIC_STOP = 8,
    FSM_CONNECT_RETRY_EXPIRES = 9,
    FSM_HOLD_EXPIRES = 10,
    FSM_KEEPALIVE_EXPIRES = 11,
    FSM_TCP_ACKED = 16,     /* our attempt came through */
    FSM_TCP_CONFIRMED = 17, /* theirs did */
    FSM_TCP_FAILS = 18,
    FSM_OPEN = 19,
    FSM_HEADER_ERROR = 21,
    FSM_OPEN_ERROR = 22,
    FSM_COLLISION_DUMP = 23,
    FSM_NOTIFICATION_VERSION = 24,
    FSM_NOTIFICATION = 25,
    FSM_KEEPALIVE = 26,
    FSM_UPDATE = 27,
    FSM_UPDATE_ERROR = 28,
    FSM_SEND_HOLD_EXPIRES = 29,
    /* Events the RFCs give no number. */
    FSM_REFRESH = 40,       /* RFC 2918 */
    FSM_REFRESH_ERROR = 41, /* RFC 7313 5 */
    FSM_EVENT_LIMIT = 42,
};
const char *fsm_event_name(enum fsm_event event); /* "ManualStart"; "unknown" for the gaps */

/* What is to be done, in this order. */
enum fsm_action {
    FSM_DO_NOTIFY = 1 << 0,      /* send the NOTIFICATION of the output or, with code 0, the one the event brought */
    FSM_DO_CLOSE = 1 << 1,       /* give up the connection or the attempt, and every timer of it */
    FSM_DO_DAMP = 1 << 2,        /* this end was an error: it counts for the idle hold time */
    FSM_DO_CONNECT = 1 << 3,     /* start an attempt */
    FSM_DO_RETRY_SOON = 1 << 4,  /* start ConnectRetryTimer for a first attempt */
    FSM_DO_RETRY = 1 << 5,       /* start ConnectRetryTimer */
    FSM_DO_RETRY_STOP = 1 << 6,  /* stop ConnectRetryTimer */
    FSM_DO_OPEN = 1 << 7,        /* send OPEN; HoldTimer with the long time an OPEN may take */
    FSM_DO_KEEPALIVE = 1 << 8,   /* send KEEPALIVE, restart KeepaliveTimer */
    FSM_DO_HOLD = 1 << 9,        /* restart HoldTimer with the negotiated time */
    FSM_DO_DELIVER = 1 << 10,    /* the message is for the owner */
    FSM_DO_ESTABLISHED = 1 << 11 /* the session is up */
};

struct fsm {
    enum session_state state;
};

struct fsm_output {
    unsigned actions; /* of enum fsm_action */
    uint8_t code;     /* of FSM_DO_NOTIFY; 0: the event's own */
    uint8_t subcode;
};

/* Moves the machine. The caller carries the actions out. */
struct fsm_output fsm_step(struct fsm *fsm, enum fsm_event event);
