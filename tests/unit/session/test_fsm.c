#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/check.h"
#include "session/fsm.h"

enum {
    IDLE = SESSION_IDLE,
    CONNECT = SESSION_CONNECT,
    ACTIVE = SESSION_ACTIVE,
    SENT = SESSION_OPENSENT,
    CONFIRM = SESSION_OPENCONFIRM,
    UP = SESSION_ESTABLISHED,
    FAIL = FSM_DO_NOTIFY | FSM_DO_CLOSE | FSM_DO_DAMP,
};

/* RFC 4271 8.2.2, transition by transition. */
static const struct row {
    unsigned state, event, next, actions;
    uint8_t code, subcode;
} rows[] = {
    {IDLE, FSM_MANUAL_START, ACTIVE, FSM_DO_RETRY_SOON, 0, 0},
    {IDLE, FSM_AUTOMATIC_START, ACTIVE, FSM_DO_RETRY_SOON, 0, 0},
    {IDLE, FSM_MANUAL_START_PASSIVE, ACTIVE, 0, 0, 0},
    {IDLE, FSM_AUTOMATIC_START_PASSIVE, ACTIVE, 0, 0, 0},
    {IDLE, FSM_MANUAL_STOP, IDLE, 0, 0, 0},
    {IDLE, FSM_TCP_CONFIRMED, IDLE, 0, 0, 0},
    {IDLE, FSM_UPDATE, IDLE, 0, 0, 0},

    {ACTIVE, FSM_CONNECT_RETRY_EXPIRES, CONNECT, FSM_DO_CONNECT | FSM_DO_RETRY, 0, 0},
    {ACTIVE, FSM_TCP_CONFIRMED, SENT, FSM_DO_RETRY_STOP | FSM_DO_OPEN, 0, 0},
    {ACTIVE, FSM_MANUAL_START, ACTIVE, 0, 0, 0},
    {ACTIVE, FSM_MANUAL_STOP, IDLE, FSM_DO_CLOSE | FSM_DO_RETRY_STOP, 0, 0},
    {ACTIVE, FSM_COLLISION_DUMP, IDLE, FSM_DO_CLOSE | FSM_DO_RETRY_STOP, 0, 0},

    {CONNECT, FSM_CONNECT_RETRY_EXPIRES, CONNECT, FSM_DO_CLOSE | FSM_DO_CONNECT | FSM_DO_RETRY, 0, 0},
    {CONNECT, FSM_TCP_ACKED, SENT, FSM_DO_RETRY_STOP | FSM_DO_OPEN, 0, 0},
    {CONNECT, FSM_TCP_FAILS, ACTIVE, FSM_DO_CLOSE | FSM_DO_RETRY, 0, 0},
    {CONNECT, FSM_MANUAL_STOP, IDLE, FSM_DO_CLOSE | FSM_DO_RETRY_STOP, 0, 0},
    {CONNECT, FSM_AUTOMATIC_STOP, IDLE, FSM_DO_CLOSE | FSM_DO_RETRY_STOP, 0, 0},

    {SENT, FSM_OPEN, CONFIRM, FSM_DO_KEEPALIVE | FSM_DO_HOLD, 0, 0},
    {SENT, FSM_TCP_FAILS, ACTIVE, FSM_DO_CLOSE | FSM_DO_RETRY, 0, 0},
    {SENT, FSM_MANUAL_STOP, IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE, 0, 0},
    {SENT, FSM_HOLD_EXPIRES, IDLE, FAIL, NOTIFY_HOLD_TIMER, 0},
    {SENT, FSM_HEADER_ERROR, IDLE, FAIL, 0, 0},
    {SENT, FSM_OPEN_ERROR, IDLE, FAIL, 0, 0},
    {SENT, FSM_COLLISION_DUMP, IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION},
    {SENT, FSM_NOTIFICATION, IDLE, FSM_DO_CLOSE | FSM_DO_DAMP, 0, 0},
    {SENT, FSM_NOTIFICATION_VERSION, IDLE, FSM_DO_CLOSE, 0, 0},
    {SENT, FSM_KEEPALIVE, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_OPEN_SENT},
    {SENT, FSM_UPDATE, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_OPEN_SENT},
    {SENT, FSM_REFRESH, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_OPEN_SENT},

    {CONFIRM, FSM_KEEPALIVE, UP, FSM_DO_HOLD | FSM_DO_ESTABLISHED, 0, 0},
    {CONFIRM, FSM_KEEPALIVE_EXPIRES, CONFIRM, FSM_DO_KEEPALIVE, 0, 0},
    {CONFIRM, FSM_MANUAL_STOP, IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE, 0, 0},
    {CONFIRM, FSM_HOLD_EXPIRES, IDLE, FAIL, NOTIFY_HOLD_TIMER, 0},
    {CONFIRM, FSM_TCP_FAILS, IDLE, FSM_DO_CLOSE | FSM_DO_DAMP, 0, 0},
    {CONFIRM, FSM_NOTIFICATION, IDLE, FSM_DO_CLOSE | FSM_DO_DAMP, 0, 0},
    {CONFIRM, FSM_COLLISION_DUMP, IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION},
    {CONFIRM, FSM_OPEN, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_OPEN_CONFIRM},
    {CONFIRM, FSM_UPDATE, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_OPEN_CONFIRM},
    {CONFIRM, FSM_REFRESH, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_OPEN_CONFIRM},

    {UP, FSM_KEEPALIVE, UP, FSM_DO_HOLD, 0, 0},
    {UP, FSM_UPDATE, UP, FSM_DO_HOLD | FSM_DO_DELIVER, 0, 0},
    {UP, FSM_REFRESH, UP, FSM_DO_HOLD | FSM_DO_DELIVER, 0, 0},
    {UP, FSM_KEEPALIVE_EXPIRES, UP, FSM_DO_KEEPALIVE, 0, 0},
    {UP, FSM_MANUAL_START, UP, 0, 0, 0},
    {UP, FSM_MANUAL_STOP, IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE, 0, 0},
    {UP, FSM_AUTOMATIC_STOP, IDLE, FSM_DO_NOTIFY | FSM_DO_CLOSE, 0, 0},
    {UP, FSM_HOLD_EXPIRES, IDLE, FAIL, NOTIFY_HOLD_TIMER, 0},
    {UP, FSM_SEND_HOLD_EXPIRES, IDLE, FAIL, NOTIFY_SEND_HOLD_TIMER, 0},
    {UP, FSM_TCP_FAILS, IDLE, FSM_DO_CLOSE | FSM_DO_DAMP, 0, 0},
    {UP, FSM_NOTIFICATION, IDLE, FSM_DO_CLOSE | FSM_DO_DAMP, 0, 0},
    {UP, FSM_UPDATE_ERROR, IDLE, FAIL, 0, 0},
    {UP, FSM_REFRESH_ERROR, IDLE, FAIL, 0, 0},
    {UP, FSM_HEADER_ERROR, IDLE, FAIL, 0, 0},
    {UP, FSM_OPEN, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_ESTABLISHED},
    {UP, FSM_CONNECT_RETRY_EXPIRES, IDLE, FAIL, NOTIFY_FSM, NOTIFY_FSM_ESTABLISHED},
};

static void test_transitions(void **state)
{
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct fsm fsm = {.state = row->state};
        struct fsm_output output = fsm_step(&fsm, row->event);
        if (fsm.state != row->next || output.actions != row->actions || output.code != row->code ||
            output.subcode != row->subcode)
            fail_msg("%s in %s: to %s, actions %x, %u/%u", fsm_event_name(row->event), session_state_name(row->state),
                     session_state_name(fsm.state), output.actions, output.code, output.subcode);
    }
}

/* What must hold of every state and event, those of no row among them. */
static void test_invariants(void **state)
{
    for (unsigned from = SESSION_IDLE; from <= SESSION_ESTABLISHED; from++) {
        for (unsigned event = 1; event < FSM_EVENT_LIMIT; event++) {
            struct fsm fsm = {.state = from};
            struct fsm_output output = fsm_step(&fsm, event);
            bool closes = output.actions & FSM_DO_CLOSE, notifies = output.actions & FSM_DO_NOTIFY;
            assert_in_range(fsm.state, SESSION_IDLE, SESSION_ESTABLISHED);
            if (from >= SESSION_OPENSENT && fsm.state < SESSION_OPENSENT)
                assert_true(closes);
            if (notifies) {
                assert_true(closes);
                assert_true(from >= SESSION_OPENSENT); /* before, there is nobody to tell */
                assert_int_equal(fsm.state, SESSION_IDLE);
            }
            if (event == FSM_NOTIFICATION || event == FSM_NOTIFICATION_VERSION || event == FSM_TCP_FAILS)
                assert_false(notifies); /* RFC 4271 6.4 */
            if (fsm.state == SESSION_ESTABLISHED && from != SESSION_ESTABLISHED)
                assert_true(from == SESSION_OPENCONFIRM && event == FSM_KEEPALIVE);
            if (output.actions & FSM_DO_DELIVER)
                assert_int_equal(from, SESSION_ESTABLISHED);
            if (event == FSM_MANUAL_STOP)
                assert_int_equal(fsm.state, SESSION_IDLE);
        }
    }
}

static void test_names(void **state)
{
    assert_string_equal(fsm_event_name(FSM_HOLD_EXPIRES), "HoldTimer_Expires");
    assert_string_equal(fsm_event_name(12), "unknown");
    assert_string_equal(fsm_event_name(4711), "unknown");
    assert_string_equal(session_state_name(SESSION_OPENCONFIRM), "OPENCONFIRM");
    assert_string_equal(session_state_name(0), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
