/* Two of our sessions against each other on a simulated network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "wire/message.h"

static void test_comes_up_promptly(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_int_equal(speaker_state(&pair.a), SESSION_ACTIVE);
    assert_true(lab_until(lab, pair_is_up, &pair, 1100));
    assert_int_equal(pair.a.established, 1);
    assert_int_equal(pair.a.negotiated.peer_as, 65002);
    assert_int_equal(pair.a.negotiated.hold_time_s, 90);
    assert_int_equal(pair.a.negotiated.keepalive_s, 30);
    struct session_status status;
    session_status(pair.a.session, &status);
    assert_non_null(status.local_open);
    assert_non_null(status.remote_open);
    assert_int_equal(status.remote_open->router_id, 0x0a000002);
    assert_true(addr_equal(&status.local.addr, &pair.a.addr));
    assert_int_equal(status.received.open, 1);
    assert_int_equal(status.sent.open, 1);
    pair_release(&pair);
}

static void test_stays_up_for_an_hour(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    lab_run_ms(lab, 3600 * 1000);
    assert_true(pair_is_up(&pair));
    assert_int_equal(pair.a.lost + pair.b.lost, 0);
    struct session_status a, b;
    session_status(pair.a.session, &a);
    session_status(pair.b.session, &b);
    /* 30 s with the jitter of RFC 4271 10: between 120 and 160, and one that answered OPEN. */
    assert_in_range(a.sent.keepalive, 120, 162);
    assert_in_range(b.received.keepalive, a.sent.keepalive - 1, a.sent.keepalive);
    pair_release(&pair);
}

static void put_withdraw(struct buf *buf, unsigned number)
{
    size_t offset = message_begin(buf, MESSAGE_UPDATE);
    buf_u16(buf, 4);
    buf_u8(buf, 24);
    buf_u8(buf, 10);
    buf_u8(buf, (uint8_t)(number >> 8));
    buf_u8(buf, (uint8_t)number);
    buf_u16(buf, 0);
    message_end(buf, offset);
}

static bool all_arrived(void *context)
{
    const struct pair *pair = context;
    return pair->a.output_taken == pair->a.output_length && pair->b.prefixes == 1000;
}

static void test_output_arrives(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (unsigned i = 0; i < 1000; i++)
        put_withdraw(&buf, i);
    end_of_rib_encode(&buf, FAMILY_IPV4_UNICAST);
    pair.a.output = buf.bytes;
    pair.a.output_length = buf.length;
    session_output_ready(pair.a.session);
    assert_int_equal(pair.a.output_taken, 0); /* not from inside the call */
    assert_true(lab_until(lab, all_arrived, &pair, 1000));
    assert_int_equal(pair.b.updates, 1001);
    assert_int_equal(pair.b.end_of_rib, FAMILY_IPV4_UNICAST);
    struct session_status status;
    session_status(pair.a.session, &status);
    assert_int_equal(status.sent.update, 1001);
    assert_int_equal(status.output_pending, 0);
    buf_release(&buf);
    pair_release(&pair);
}

static bool both_lost(void *context)
{
    const struct pair *pair = context;
    return pair->a.lost == 1 && pair->b.lost == 1;
}

static void test_cut_link_expires_hold_timers(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    lab_run_ms(lab, 600 * 1000);
    struct mono_time cut = loop_now(lab->loop);
    memory_net_cut(lab->net, &pair.a.addr, &pair.b.addr);
    assert_true(lab_until(lab, both_lost, &pair, 91 * 1000));
    assert_true(mono_diff_ms(loop_now(lab->loop), cut) >= 60 * 1000);
    assert_int_equal(pair.a.down.end, SESSION_END_HOLD_TIMER);
    assert_non_null(strstr(pair.a.down.why, "nothing heard from the peer for 90 s"));
    memory_net_restore(lab->net, &pair.a.addr, &pair.b.addr);
    assert_true(lab_until(lab, pair_is_up, &pair, 200 * 1000));
    pair_release(&pair);
}

static void test_admin_stop_says_why(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    struct notification cease = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "see you at 6");
    session_stop(pair.a.session, &cease, SESSION_END_ADMIN);
    assert_int_equal(pair.a.lost, 0); /* not from inside the call */
    assert_true(lab_until(lab, both_lost, &pair, 1000));
    assert_int_equal(pair.a.down.end, SESSION_END_ADMIN);
    assert_int_equal(pair.b.down.end, SESSION_END_RECEIVED);
    assert_non_null(strstr(pair.b.down.why, "Administrative Shutdown: \"see you at 6\""));
    struct session_status status;
    session_status(pair.b.session, &status);
    assert_int_equal(status.last_received.subcode, NOTIFY_CEASE_ADMIN_SHUTDOWN);
    lab_run_ms(lab, 3600 * 1000);
    assert_int_equal(speaker_state(&pair.a), SESSION_IDLE);
    assert_int_equal(pair.b.established, 1);
    session_start(pair.a.session);
    assert_true(lab_until(lab, pair_is_up, &pair, 300 * 1000));
    pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_up_promptly, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_stays_up_for_an_hour, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_output_arrives, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_cut_link_expires_hold_timers, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_admin_stop_says_why, lab_set_up, lab_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
