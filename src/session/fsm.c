/* The BGP finite state machine, RFC 4271 8.2.2, one per TCP connection.
 *
 *                start                 9 ConnectRetry                16 our TCP
 *      +------+ -------> +--------+ ----------------> +---------+ --------------+
 *      | Idle |          | Active |                   | Connect |               |
 *      +------+          +--------+ <---------------- +---------+               v
 *       ^ ^ ^ ^            |    ^     18 TCP fails        | 9: dial again  +----------+
 *       | | | |            |    |                         +--------------> | OpenSent |
 *       | | | | stop       |    |              18 TCP fails                +----------+
 *       | | | +------------+    +--------------------------------------------+  ^  |
 *       | | |              |                  17 their TCP                      |  |
 *       | | |              +----------------------------------------------------+  |
 *       | | |                                                                      | 19 OPEN
 *       | | |  error, NOTIFICATION, stop, collision                                v
 *       | | +--------------------------------------------------------------- +-------------+
 *       | |                                                                  | OpenConfirm |
 *       | |                                                                  +-------------+
 *       | |                                                                        | 26 KEEPALIVE
 *       | |    the same                                                            v
 *       | +----------------------------------------------------------------- +-------------+
 *       +--- (OpenSent: the same)                                            | Established |
 *                                                                            +-------------+
 *
 * Errors: what the peer did wrong is answered by a NOTIFICATION; a NOTIFICATION never is (6.4). Messages out of place
 * get Finite State Machine Error with the subcode of the state (RFC 6608), a second OPEN among them.
 *
 * Where this differs from the letter of 8.2.2, on purpose:
 *  - A start leads to Active with ConnectRetryTimer about to expire, not to Connect: the peer's connection is welcome
 *    at once, and a thousand sessions started together do not dial in the same instant.
 *  - An attempt that fails leads from Connect to Active, whether or not DelayOpen is used: the retry is a matter of
 *    ConnectRetryTimer, not of idle hold time.
 *  - A NOTIFICATION in OpenSent is not answered by FSM Error (25 is among "any other event" there by oversight).
 */
#include "session/fsm.h"

#include "base/check.h"

static const char *const event_names[FSM_EVENT_LIMIT] = {
    [FSM_MANUAL_START] = "ManualStart",
    [FSM_MANUAL_STOP] = "ManualStop",
    [FSM_AUTOMATIC_START] = "AutomaticStart",
    [FSM_MANUAL_START_PASSIVE] = "ManualStart_with_PassiveTcpEstablishment",
    [FSM_AUTOMATIC_START_PASSIVE] = "AutomaticStart_with_PassiveTcpEstablishment",
    [FSM_AUTOMATIC_STOP] = "AutomaticStop",
    [FSM_CONNECT_RETRY_EXPIRES] = "ConnectRetryTimer_Expires",
    [FSM_HOLD_EXPIRES] = "HoldTimer_Expires",
    [FSM_KEEPALIVE_EXPIRES] = "KeepaliveTimer_Expires",
    [FSM_TCP_ACKED] = "Tcp_CR_Acked",
    [FSM_TCP_CONFIRMED] = "TcpConnectionConfirmed",
    [FSM_TCP_FAILS] = "TcpConnectionFails",
    [FSM_OPEN] = "BGPOpen",
    [FSM_HEADER_ERROR] = "BGPHeaderErr",
    [FSM_OPEN_ERROR] = "BGPOpenMsgErr",
    [FSM_COLLISION_DUMP] = "OpenCollisionDump",
    [FSM_NOTIFICATION_VERSION] = "NotifMsgVerErr",
    [FSM_NOTIFICATION] = "NotifMsg",
    [FSM_KEEPALIVE] = "KeepAliveMsg",
    [FSM_UPDATE] = "UpdateMsg",
    [FSM_UPDATE_ERROR] = "UpdateMsgErr",
    [FSM_SEND_HOLD_EXPIRES] = "SendHoldTimer_Expires",
    [FSM_REFRESH] = "RouteRefreshMsg",
    [FSM_REFRESH_ERROR] = "RouteRefreshMsgErr",
};

const char *fsm_event_name(enum fsm_event event)
{
    return (unsigned)event < FSM_EVENT_LIMIT && event_names[event] ? event_names[event] : "unknown";
}

static struct fsm_output fsm_go(struct fsm *fsm, enum session_state state, unsigned actions)
{
    fsm->state = state;
    return (struct fsm_output){.actions = actions};
}

static struct fsm_output fsm_fail(struct fsm *fsm, uint8_t code, uint8_t subcode)
{
    fsm->state = SESSION_IDLE;
    return (struct fsm_output){.actions = FSM_DO_NOTIFY | FSM_DO_CLOSE | FSM_DO_DAMP, .code = code, .subcode = subcode};
}

static struct fsm_output fsm_idle(struct fsm *fsm, enum fsm_event event)
{
    switch (event) {
    case FSM_MANUAL_START:
    case FSM_AUTOMATIC_START:
        return fsm_go(fsm, SESSION_ACTIVE, FSM_DO_RETRY_SOON);
    case FSM_MANUAL_START_PASSIVE:
    case FSM_AUTOMATIC_START_PASSIVE:
        return fsm_go(fsm, SESSION_ACTIVE, 0);
    default:
        return (struct fsm_output){0};
    }
}

/* Connect and Active: no connection yet, so nothing can be said to the peer. */
static struct fsm_output fsm_unconnected(struct fsm *fsm, enum fsm_event event)
{
    switch (event) {
    case FSM_MANUAL_START:
    case FSM_AUTOMATIC_START:
    case FSM_MANUAL_START_PASSIVE:
    case FSM_AUTOMATIC_START_PASSIVE:
        return (struct fsm_output){0};
    case FSM_CONNECT_RETRY_EXPIRES: {
        unsigned drop = fsm->state == SESSION_CONNECT ? FSM_DO_CLOSE : 0;
        return fsm_go(fsm, SESSION_CONNECT, drop | FSM_DO_CONNECT | FSM_DO_RETRY);
    }
    case FSM_TCP_ACKED:
    case FSM_TCP_CONFIRMED:
        return fsm_go(fsm, SESSION_OPENSENT, FSM_DO_RETRY_STOP | FSM_DO_OPEN);
    case FSM_TCP_FAILS:
        return fsm_go(fsm, SESSION_ACTIVE, FSM_DO_CLOSE | FSM_DO_RETRY);
    default:
        return fsm_go(fsm, SESSION_IDLE, FSM_DO_CLOSE | FSM_DO_RETRY_STOP);
    }
}

/* What holds alike in OpenSent, OpenConfirm and Established. */
static struct fsm_output fsm_connected(struct fsm *fsm, enum fsm_event event)
{
    switch (event) {
    case FSM_MANUAL_START:
    case FSM_AUTOMATIC_START:
    case FSM_MANUAL_START_PASSIVE:
    case FSM_AUTOMATIC_START_PASSIVE:
        return (struct fsm_output){0};
    case FSM_MANUAL_STOP:
    case FSM_AUTOMATIC_STOP:
        return fsm_go(fsm, SESSION_IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE);
    case FSM_COLLISION_DUMP: {
        struct fsm_output output = fsm_fail(fsm, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION);
        output.actions &= ~(unsigned)FSM_DO_DAMP;
        return output;
    }
    case FSM_HEADER_ERROR:
    case FSM_OPEN_ERROR:
    case FSM_UPDATE_ERROR:
    case FSM_REFRESH_ERROR:
        return fsm_fail(fsm, 0, 0);
    case FSM_HOLD_EXPIRES:
        return fsm_fail(fsm, NOTIFY_HOLD_TIMER, 0);
    case FSM_SEND_HOLD_EXPIRES:
        return fsm_fail(fsm, NOTIFY_SEND_HOLD_TIMER, 0);
    case FSM_NOTIFICATION_VERSION:
        return fsm_go(fsm, SESSION_IDLE, FSM_DO_CLOSE);
    case FSM_NOTIFICATION:
    case FSM_TCP_FAILS:
        return fsm_go(fsm, SESSION_IDLE, FSM_DO_CLOSE | FSM_DO_DAMP);
    default: {
        /* RFC 6608: subcodes 1, 2, 3 for OpenSent, OpenConfirm, Established. */
        uint8_t subcode = (uint8_t)(fsm->state - SESSION_OPENSENT + NOTIFY_FSM_OPEN_SENT);
        return fsm_fail(fsm, NOTIFY_FSM, subcode);
    }
    }
}

struct fsm_output fsm_step(struct fsm *fsm, enum fsm_event event)
{
    switch (fsm->state) {
    case SESSION_IDLE:
        return fsm_idle(fsm, event);
    case SESSION_CONNECT:
    case SESSION_ACTIVE:
        return fsm_unconnected(fsm, event);
    case SESSION_OPENSENT:
        if (event == FSM_OPEN)
            return fsm_go(fsm, SESSION_OPENCONFIRM, FSM_DO_KEEPALIVE | FSM_DO_HOLD);
        if (event == FSM_TCP_FAILS)
            return fsm_go(fsm, SESSION_ACTIVE, FSM_DO_CLOSE | FSM_DO_RETRY);
        return fsm_connected(fsm, event);
    case SESSION_OPENCONFIRM:
        if (event == FSM_KEEPALIVE)
            return fsm_go(fsm, SESSION_ESTABLISHED, FSM_DO_HOLD | FSM_DO_ESTABLISHED);
        if (event == FSM_KEEPALIVE_EXPIRES)
            return fsm_go(fsm, SESSION_OPENCONFIRM, FSM_DO_KEEPALIVE);
        return fsm_connected(fsm, event);
    case SESSION_ESTABLISHED:
        if (event == FSM_UPDATE || event == FSM_REFRESH)
            return fsm_go(fsm, SESSION_ESTABLISHED, FSM_DO_HOLD | FSM_DO_DELIVER);
        if (event == FSM_KEEPALIVE)
            return fsm_go(fsm, SESSION_ESTABLISHED, FSM_DO_HOLD);
        if (event == FSM_KEEPALIVE_EXPIRES)
            return fsm_go(fsm, SESSION_ESTABLISHED, FSM_DO_KEEPALIVE);
        return fsm_connected(fsm, event);
    }
    CHECK(!"a state of the machine");
    return (struct fsm_output){0};
}
