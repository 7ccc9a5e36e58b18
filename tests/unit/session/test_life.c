/* A session over time: retries, rests, resets, back-pressure, new parameters, and being freed at odd moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lab.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/message.h"

static struct session_status status_of(const struct speaker *speaker)
{
    struct session_status status;
    session_status(speaker->session, &status);
    return status;
}

static bool is_lost(void *context)
{
    return ((const struct speaker *)context)->lost > 0;
}

static void test_passive_to_passive_stays_down(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair.a.config.passive = pair.b.config.passive = true;
    pair_start(&pair);
    lab_run_ms(lab, 3600 * 1000);
    assert_int_equal(pair.a.established + pair.b.established, 0);
    assert_int_equal(speaker_state(&pair.a), SESSION_ACTIVE);
    assert_string_equal(pair.a.trace, "A");
    pair_release(&pair);
}

static void set_key(struct speaker *speaker, const char *key)
{
    speaker->config.transport.md5_key_length = (uint8_t)strlen(key);
    memcpy(speaker->config.transport.md5_key, key, strlen(key));
}

static void test_md5(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    set_key(&pair.a, "one");
    set_key(&pair.b, "other");
    pair_start(&pair);
    lab_run_ms(lab, 3600 * 1000);
    assert_int_equal(pair.a.established + pair.b.established, 0);
    assert_non_null(strstr(status_of(&pair.a).down.why, "cannot connect: Connection timed out"));
    assert_int_equal(status_of(&pair.a).down.end, SESSION_END_CONNECT_FAILED);
    pair_release(&pair);
    lab_run_ms(lab, 10000);

    pair_init(&pair, lab);
    set_key(&pair.a, "one");
    set_key(&pair.b, "one");
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    pair_release(&pair);
}

static void test_retries(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    speaker_make(&pair.a); /* nobody listens at b yet */
    session_start(pair.a.session);
    lab_run_ms(lab, 1500);
    struct session_status status = status_of(&pair.a);
    assert_int_equal(status.state, SESSION_ACTIVE);
    assert_int_equal(status.down.end, SESSION_END_CONNECT_FAILED);
    assert_string_equal(status.down.why, "cannot connect: Connection refused");
    assert_in_range(status.connect_retry_left_ms, 2000, 5000);
    lab_run_ms(lab, 1000 * 1000); /* 5, 10, 20, 40, 80, 120, 120 ... */
    const char *at = pair.a.trace;
    unsigned attempts = 0;
    for (; *at; at++)
        attempts += *at == 'C';
    assert_in_range(attempts, 11, 18);
    assert_in_range(status_of(&pair.a).connect_retry_left_ms, 1, 120000);
    pair.b.config.passive = true;
    speaker_make(&pair.b);
    session_start(pair.b.session);
    assert_true(lab_until(lab, pair_is_up, &pair, 121 * 1000));
    pair_release(&pair);
}

/* A link that swallows everything: the attempt ends with ConnectRetryTimer and is made again. */
static void test_attempt_is_bounded(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair.a.config.connect_retry_s = 20;
    memory_net_cut(lab->net, &pair.a.addr, &pair.b.addr);
    pair_start(&pair);
    lab_run_ms(lab, 10000);
    assert_int_equal(speaker_state(&pair.a), SESSION_CONNECT);
    lab_run_ms(lab, 20000);
    assert_int_equal(speaker_state(&pair.a), SESSION_CONNECT);
    assert_string_equal(status_of(&pair.a).down.why, "cannot connect: Connection timed out");
    memory_net_restore(lab->net, &pair.a.addr, &pair.b.addr);
    assert_true(lab_until(lab, pair_is_up, &pair, 30 * 1000));
    pair_release(&pair);
}

static bool is_active(void *context)
{
    return speaker_state(context) == SESSION_ACTIVE;
}

static void test_flapping_peer_rests_longer(void **state)
{
    struct lab *lab = *state;
    struct speaker speaker;
    struct raw raw;
    speaker_init(&speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    speaker.config.passive = true;
    raw_init(&raw, lab, 0x0a000002);
    speaker_make(&speaker);
    session_start(speaker.session);
    int64_t expected_ms = 5000;
    for (int i = 0; i < 9; i++) {
        raw_establish(&raw, &speaker);
        raw_close(&raw);
        assert_true(lab_until(lab, speaker_is_idle, &speaker, 1000));
        assert_in_range(status_of(&speaker).idle_hold_left_ms, expected_ms * 3 / 4 - 10, expected_ms);
        /* While it rests it takes nobody. */
        raw_dial(&raw, &speaker);
        assert_true(lab_until(lab, raw_is_closed, &raw, 100));
        assert_int_equal(raw.length, 0);
        assert_true(lab_until(lab, is_active, &speaker, 300 * 1000));
        expected_ms = expected_ms * 2 < 300 * 1000 ? expected_ms * 2 : 300 * 1000;
    }
    assert_int_equal(status_of(&speaker).flaps, 9);
    raw_establish(&raw, &speaker);
    for (int i = 0; i < 11; i++) { /* five minutes of peace: forgotten */
        lab_run_ms(lab, 30000);
        raw_keepalive(&raw);
    }
    raw_close(&raw);
    assert_true(lab_until(lab, speaker_is_idle, &speaker, 1000));
    assert_in_range(status_of(&speaker).idle_hold_left_ms, 3700, 5000);
    raw_release(&raw);
    speaker_release(&speaker);
}

static void test_reset(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    struct notification cease = notification_shutdown(NOTIFY_CEASE_ADMIN_RESET, "new cable");
    session_reset(pair.a.session, &cease, SESSION_END_ADMIN, 30);
    assert_true(lab_until(lab, is_lost, &pair.b, 1000));
    assert_non_null(strstr(pair.b.down.why, "peer sent Cease / Administrative Reset: \"new cable\""));
    assert_int_equal(status_of(&pair.a).idle_hold_left_ms / 1000, 30 - (status_of(&pair.a).idle_hold_left_ms < 30000));
    lab_run_ms(lab, 29000);
    assert_int_equal(speaker_state(&pair.a), SESSION_IDLE);
    lab_run_ms(lab, 1100);
    assert_true(speaker_state(&pair.a) != SESSION_IDLE);
    assert_true(lab_until(lab, pair_is_up, &pair, 10000));
    assert_int_equal(pair.a.down.end, SESSION_END_ADMIN);
    assert_string_equal(pair.a.down.why, "stopped here; we sent Cease / Administrative Reset: \"new cable\"");
    /* Once more while it rests: the new time counts. */
    session_reset(pair.a.session, &cease, SESSION_END_ADMIN, 3000);
    session_reset(pair.a.session, &cease, SESSION_END_ADMIN, 0);
    lab_run_ms(lab, 100);
    assert_true(speaker_state(&pair.a) != SESSION_IDLE);
    pair_release(&pair);
}

static void test_admin_down_does_not_start(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair.a.config.admin_down = true;
    pair_start(&pair);
    lab_run_ms(lab, 60000);
    assert_int_equal(speaker_state(&pair.a), SESSION_IDLE);
    assert_int_equal(status_of(&pair.a).admin_down, 1);
    assert_string_equal(pair.a.trace, "");
    pair.a.config.admin_down = false;
    assert_true(session_configure(pair.a.session, &pair.a.config));
    session_start(pair.a.session);
    assert_true(lab_until(lab, pair_is_up, &pair, 10000));
    pair_release(&pair);
}

static void test_stop_and_start_in_one_breath(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    size_t before = strlen(pair.a.trace);
    struct notification cease = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_RESET);
    session_stop(pair.a.session, &cease, SESSION_END_ADMIN);
    session_start(pair.a.session);
    assert_int_equal(strlen(pair.a.trace), before);
    lab_run_ms(lab, 1);
    assert_memory_equal(pair.a.trace + before, "I-A", 3);
    assert_true(lab_until(lab, pair_is_up, &pair, 10000));
    assert_int_equal(pair.a.established, 2);
    pair_release(&pair);
}

static void put_end_of_ribs(struct buf *buf, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        end_of_rib_encode(buf, FAMILY_IPV4_UNICAST);
}

static void test_back_pressure(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    struct buf buf;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    buf_init(&buf, 1 << 20);
    put_end_of_ribs(&buf, 5000);
    pair.a.output = buf.bytes;
    pair.a.output_length = buf.length;
    pair.b.deny_input = true;
    session_output_ready(pair.a.session);
    lab_run_ms(lab, 1000 * 1000); /* far beyond the hold time: it is not the peer who is silent */
    assert_true(pair_is_up(&pair));
    assert_int_equal(pair.b.updates, 0);
    session_input_ready(pair.b.session); /* the session asks again, and is told no */
    lab_run_ms(lab, 10);
    assert_int_equal(pair.b.updates, 0);
    pair.b.deny_input = false;
    for (unsigned limit = 7; limit < 5000; limit += 7) { /* what was read stays in order while it waits */
        pair.b.input_limit = limit;
        session_input_ready(pair.b.session);
        lab_run_ms(lab, 10);
        assert_int_equal(pair.b.updates, limit);
    }
    pair.b.input_limit = 0;
    session_input_ready(pair.b.session);
    lab_run_ms(lab, 100);
    assert_int_equal(pair.b.updates, 5000);
    memory_net_cut(lab->net, &pair.a.addr, &pair.b.addr);
    lab_run_ms(lab, 91 * 1000); /* and the hold timer runs again */
    assert_int_equal(pair.b.lost, 1);
    buf_release(&buf);
    pair_release(&pair);
}

static void test_reset_from_inside_update(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    struct buf buf;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    buf_init(&buf, 1 << 20);
    put_end_of_ribs(&buf, 100);
    pair.a.output = buf.bytes;
    pair.a.output_length = buf.length;
    pair.b.reset_on_update = true;
    session_output_ready(pair.a.session);
    assert_true(lab_until(lab, is_lost, &pair.a, 1000));
    assert_int_equal(pair.b.updates, 1); /* the rest of the batch is not delivered */
    assert_int_equal(pair.b.lost, 1);
    assert_int_equal(pair.b.down.end, SESSION_END_PREFIX_LIMIT);
    assert_string_equal(pair.a.down.why, "peer sent Cease / Maximum Number of Prefixes Reached");
    buf_release(&buf);
    pair_release(&pair);
}

static void test_free_from_inside_callbacks(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    struct buf buf;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    buf_init(&buf, 1 << 20);
    put_end_of_ribs(&buf, 100);
    pair.a.output = buf.bytes;
    pair.a.output_length = buf.length;
    pair.b.free_on_update = true;
    pair.a.free_on_lost = true;
    session_output_ready(pair.a.session);
    assert_true(lab_until(lab, is_lost, &pair.a, 1000));
    assert_null(pair.a.session);
    assert_null(pair.b.session);
    assert_int_equal(pair.b.updates, 1);
    assert_int_equal(pair.b.lost, 0); /* freed: not told any more */
    buf_release(&buf);
    pair_release(&pair);
}

static void test_configure(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    struct session_config config = pair.a.config;
    config.passive = true;
    config.connect_retry_s = 7;
    config.keepalive_s = 5;
    config.rules.as_path_max = 100;
    config.open_wait_s = 30;
    assert_true(session_configure(pair.a.session, &config)); /* taken over */
    uint64_t sent = status_of(&pair.a).sent.keepalive;
    lab_run_ms(lab, 130 * 1000);
    assert_in_range(status_of(&pair.a).sent.keepalive - sent, 20, 35);
    assert_true(pair_is_up(&pair));
    assert_int_equal(pair.a.lost, 0);

    struct session_config others[6];
    for (unsigned i = 0; i < 6; i++)
        others[i] = config;
    others[0].hold_time_s = 30;
    others[1].local_as = 65100;
    others[2].transport.ttl_min = 255;
    others[3].capabilities.graceful_restart = true;
    others[4].local_id = 1;
    others[5].remote.port = 1179;
    for (unsigned i = 0; i < 6; i++) {
        assert_false(session_configure(pair.a.session, &others[i]));
        assert_true(pair_is_up(&pair)); /* for the caller to reset */
        assert_false(session_configure(pair.a.session, &config));
    }
    assert_true(session_configure(pair.a.session, &config));

    config.hold_time_s = 30;
    config.passive = false;
    assert_false(session_configure(pair.a.session, &config));
    struct notification cease = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG_CHANGE);
    session_reset(pair.a.session, &cease, SESSION_END_ADMIN, 0);
    lab_run_ms(lab, 1);
    assert_true(lab_until(lab, pair_is_up, &pair, 60 * 1000));
    assert_int_equal(pair.a.negotiated.hold_time_s, 30);
    pair_release(&pair);
}

static void test_configure_without_a_connection(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair.a.config.remote.addr = addr_ipv4(0x0a000003); /* nobody there: the SYN is answered by nothing */
    memory_net_cut(lab->net, &pair.a.addr, &pair.a.config.remote.addr);
    pair_start(&pair);
    session_stop(pair.b.session, NULL, SESSION_END_ADMIN);
    lab_run_ms(lab, 5000);
    assert_int_equal(speaker_state(&pair.a), SESSION_CONNECT);
    pair.b.config.passive = true;
    assert_true(session_configure(pair.b.session, &pair.b.config));
    session_start(pair.b.session);
    pair.a.config.remote.addr = pair.b.addr;
    assert_true(session_configure(pair.a.session, &pair.a.config)); /* a new attempt at once */
    assert_true(lab_until(lab, pair_is_up, &pair, 1100));
    assert_int_equal(pair.a.lost, 0);
    pair_release(&pair);

    pair_init(&pair, lab);
    pair.a.config.passive = pair.b.config.passive = true;
    pair_start(&pair);
    lab_run_ms(lab, 5000);
    pair.a.config.passive = false;
    assert_true(session_configure(pair.a.session, &pair.a.config));
    assert_true(lab_until(lab, pair_is_up, &pair, 1100));
    pair_release(&pair);
}

/* The same seed, the same hour, message for message. */
static void test_runs_repeat(void **state)
{
    struct lab *lab = *state;
    char traces[2][1024];
    int64_t elapsed_ms[2];
    uint64_t keepalives[2];
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        hash_set_seed(42);
        struct mono_time start = loop_now(lab->loop);
        pair_init(&pair, lab);
        pair_start(&pair);
        assert_true(lab_until(lab, pair_is_up, &pair, 5000));
        elapsed_ms[i] = mono_diff_ms(loop_now(lab->loop), start);
        lab_run_ms(lab, 600 * 1000);
        memory_net_reset(lab->net, &pair.a.addr, &pair.b.addr);
        lab_run_ms(lab, 3000 * 1000);
        keepalives[i] = status_of(&pair.a).sent.keepalive;
        memcpy(traces[i], pair.a.trace, sizeof(traces[i]));
        pair_release(&pair);
        lab_run_ms(lab, 10000);
    }
    assert_string_equal(traces[0], traces[1]);
    assert_int_equal(elapsed_ms[0], elapsed_ms[1]);
    assert_int_equal(keepalives[0], keepalives[1]);
}

/* Nothing is left behind by a thousand flaps. */
static void test_flaps_do_not_leak(void **state)
{
    struct lab *lab = *state;
    struct pair pair;
    pair_init(&pair, lab);
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 5000));
    struct mem_usage before = {0}, after;
    for (int i = 0; i < 1000; i++) {
        memory_net_reset(lab->net, &pair.a.addr, &pair.b.addr);
        assert_true(lab_until(lab, speaker_is_idle, &pair.a, 1000));
        assert_true(lab_until(lab, pair_is_up, &pair, 1000 * 1000));
        if (i == 10)
            before = mem_usage(MEM_SESSION);
    }
    after = mem_usage(MEM_SESSION);
    assert_int_equal(before.objects, after.objects);
    assert_int_equal(before.bytes, after.bytes);
    assert_int_equal(pair.a.lost, 1000);
    pair_release(&pair);
    assert_int_equal(mem_usage(MEM_SESSION).objects, 0);
}

#define LAB_TEST(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_passive_to_passive_stays_down),
        LAB_TEST(test_md5),
        LAB_TEST(test_retries),
        LAB_TEST(test_attempt_is_bounded),
        LAB_TEST(test_flapping_peer_rests_longer),
        LAB_TEST(test_reset),
        LAB_TEST(test_admin_down_does_not_start),
        LAB_TEST(test_stop_and_start_in_one_breath),
        LAB_TEST(test_back_pressure),
        LAB_TEST(test_reset_from_inside_update),
        LAB_TEST(test_free_from_inside_callbacks),
        LAB_TEST(test_configure),
        LAB_TEST(test_configure_without_a_connection),
        LAB_TEST(test_runs_repeat),
        LAB_TEST(test_flaps_do_not_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
