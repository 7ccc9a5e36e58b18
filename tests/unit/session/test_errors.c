/* A raw speaker does what it must not; the right NOTIFICATION comes back, and the reason is kept in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "base/check.h"
#include "base/log.h"
#include "wire/message.h"

/* A passive session of ours, AS 65001, for 10.0.0.2 AS 65002, who is raw. */
struct bench {
    struct lab *lab;
    struct speaker speaker;
    struct raw raw;
};

static void bench_init(struct bench *bench, struct lab *lab)
{
    bench->lab = lab;
    speaker_init(&bench->speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    bench->speaker.config.passive = true;
    raw_init(&bench->raw, lab, 0x0a000002);
}

static void bench_start(struct bench *bench)
{
    speaker_make(&bench->speaker);
    session_start(bench->speaker.session);
}

static void bench_release(struct bench *bench)
{
    raw_release(&bench->raw);
    speaker_release(&bench->speaker);
}

static struct session_status status_of(const struct bench *bench)
{
    struct session_status status;
    session_status(bench->speaker.session, &status);
    return status;
}

static void expect_why(const struct bench *bench, enum session_end end, const char *part)
{
    struct session_status status = status_of(bench);
    if (status.down.end != end || !strstr(status.down.why, part))
        fail_msg("end %d: \"%s\"", status.down.end, status.down.why);
}

/* To the state wanted, from a fresh connection. */
static void bench_reach(struct bench *bench, enum session_state state)
{
    raw_dial(&bench->raw, &bench->speaker);
    assert_true(raw_expect(&bench->raw, MESSAGE_OPEN));
    if (state == SESSION_OPENSENT)
        return;
    raw_open(&bench->raw, 65002, 0x0a000002, 90, NULL, 0);
    assert_true(raw_expect(&bench->raw, MESSAGE_KEEPALIVE));
    if (state == SESSION_OPENCONFIRM)
        return;
    raw_keepalive(&bench->raw);
    assert_true(lab_until(bench->lab, speaker_is_up, &bench->speaker, 1000));
}

static bool is_listening(void *context)
{
    return speaker_state(context) == SESSION_ACTIVE;
}

/* After an error: no session for a while, then again. */
static void bench_rest(struct bench *bench)
{
    assert_int_equal(speaker_state(&bench->speaker), SESSION_IDLE);
    assert_true(lab_until(bench->lab, is_listening, &bench->speaker, 300 * 1000));
}

static const uint8_t hello[] = "GET / HTTP/1.1\r\n\r\n";

static const struct header_case {
    uint8_t bytes[20];
    size_t length;
    uint8_t subcode;
} header_cases[] = {
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x13\x04", 19,
     NOTIFY_HEADER_NOT_SYNCHRONIZED},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x12\x04", 19, NOTIFY_HEADER_BAD_LENGTH},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x10\x01\x02", 19, NOTIFY_HEADER_BAD_LENGTH},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x14\x04\x00", 20, NOTIFY_HEADER_BAD_LENGTH},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x13\x00", 19, NOTIFY_HEADER_BAD_TYPE},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x13\x06", 19, NOTIFY_HEADER_BAD_TYPE},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x13\xff", 19, NOTIFY_HEADER_BAD_TYPE},
};

static void test_header_errors_in_every_state(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    for (unsigned i = 0; i < ARRAY_LEN(header_cases); i++) {
        for (unsigned from = SESSION_OPENSENT; from <= SESSION_ESTABLISHED; from++) {
            bench_reach(&bench, from);
            raw_write(&bench.raw, header_cases[i].bytes, header_cases[i].length);
            assert_true(raw_expect_notification(&bench.raw, NOTIFY_HEADER, header_cases[i].subcode));
            expect_why(&bench, SESSION_END_SENT, "we sent Message Header Error");
            bench_rest(&bench);
        }
    }
    raw_dial(&bench.raw, &bench.speaker);
    raw_write(&bench.raw, hello, sizeof(hello));
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_HEADER, NOTIFY_HEADER_NOT_SYNCHRONIZED));
    bench_release(&bench);
}

static void test_open_errors(void **state)
{
    static const uint8_t role_provider[] = {CAPABILITY_ROLE, 1, ROLE_PROVIDER};
    struct bench bench;
    bench_init(&bench, *state);
    bench.speaker.config.capabilities.role = ROLE_PROVIDER;
    bench_start(&bench);
    bench_reach(&bench, SESSION_OPENSENT);
    raw_open(&bench.raw, 65010, 0x0a000002, 90, NULL, 0);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS));
    expect_why(&bench, SESSION_END_SENT, "peer announced AS 65010, configured is AS 65002");
    bench_rest(&bench);

    bench_reach(&bench, SESSION_OPENSENT);
    raw_open(&bench.raw, 65002, 0x0a000002, 2, NULL, 0);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_OPEN, NOTIFY_OPEN_BAD_HOLD_TIME));
    bench_rest(&bench);

    bench_reach(&bench, SESSION_OPENSENT);
    raw_open(&bench.raw, 65002, 0, 90, NULL, 0);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_OPEN, NOTIFY_OPEN_BAD_ID));
    bench_rest(&bench);

    bench_reach(&bench, SESSION_OPENSENT);
    raw_open(&bench.raw, 65002, 0x0a000002, 90, role_provider, sizeof(role_provider));
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_OPEN, NOTIFY_OPEN_ROLE_MISMATCH));
    expect_why(&bench, SESSION_END_SENT, "roles do not match: ours is provider, the peer's is provider");
    bench_rest(&bench);

    bench_reach(&bench, SESSION_OPENSENT);
    raw_message(&bench.raw, MESSAGE_OPEN, "\x03\xfd\xea\x00\x5a\x0a\x00\x00\x02\x00", 10);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_OPEN, NOTIFY_OPEN_BAD_VERSION));
    assert_int_equal(status_of(&bench).flaps, 0);
    bench_release(&bench);
}

static void test_own_identifier_on_ibgp(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench.speaker.config.peer_as = 65001;
    bench.speaker.config.ibgp = true;
    bench_start(&bench);
    bench_reach(&bench, SESSION_OPENSENT);
    raw_open(&bench.raw, 65001, 0x0a000001, 90, NULL, 0);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_OPEN, NOTIFY_OPEN_BAD_ID));
    bench_release(&bench);
}

static void send_any(struct raw *raw, uint8_t type)
{
    static const uint8_t end_of_rib[4], refresh[4] = {0, 1, 0, 1};
    switch (type) {
    case MESSAGE_OPEN:
        raw_open(raw, 65002, 0x0a000002, 90, NULL, 0);
        break;
    case MESSAGE_UPDATE:
        raw_message(raw, type, end_of_rib, 4);
        break;
    case MESSAGE_KEEPALIVE:
        raw_keepalive(raw);
        break;
    case MESSAGE_ROUTE_REFRESH:
        raw_message(raw, type, refresh, 4);
        break;
    }
}

static void test_messages_out_of_place(void **state)
{
    static const struct {
        enum session_state state;
        uint8_t type, subcode;
        const char *why;
    } cases[] = {
        {SESSION_OPENSENT, MESSAGE_UPDATE, NOTIFY_FSM_OPEN_SENT, "UPDATE received in OPENSENT"},
        {SESSION_OPENSENT, MESSAGE_KEEPALIVE, NOTIFY_FSM_OPEN_SENT, "KEEPALIVE received in OPENSENT"},
        {SESSION_OPENSENT, MESSAGE_ROUTE_REFRESH, NOTIFY_FSM_OPEN_SENT, "ROUTE-REFRESH received in OPENSENT"},
        {SESSION_OPENCONFIRM, MESSAGE_OPEN, NOTIFY_FSM_OPEN_CONFIRM, "OPEN received in OPENCONFIRM"},
        {SESSION_OPENCONFIRM, MESSAGE_UPDATE, NOTIFY_FSM_OPEN_CONFIRM, "UPDATE received in OPENCONFIRM"},
        {SESSION_OPENCONFIRM, MESSAGE_ROUTE_REFRESH, NOTIFY_FSM_OPEN_CONFIRM, "ROUTE-REFRESH received in OPENCONFIRM"},
        {SESSION_ESTABLISHED, MESSAGE_OPEN, NOTIFY_FSM_ESTABLISHED, "OPEN received in ESTABLISHED"},
    };
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        bench_reach(&bench, cases[i].state);
        send_any(&bench.raw, cases[i].type);
        assert_true(raw_expect_notification(&bench.raw, NOTIFY_FSM, cases[i].subcode));
        expect_why(&bench, SESSION_END_SENT, cases[i].why);
        struct session_status status = status_of(&bench);
        assert_int_equal(status.last_sent.data_length, 1); /* RFC 6608: the type of the message */
        assert_int_equal(status.last_sent.data[0], cases[i].type);
        bench_rest(&bench);
    }
    bench_release(&bench);
}

static void test_notification_in_every_state(void **state)
{
    static const struct {
        const char *body;
        size_t length;
        const char *why;
    } cases[] = {
        {"\x06\x02\x04"
         "gone",
         7, "peer sent Cease / Administrative Shutdown: \"gone\""},
        {"\x06\x02\x04"
         "\x1b[2J",
         7, "\\x1b[2J"},
        {"\x06\x02\xff"
         "abc",
         6, "peer sent Cease / Administrative Shutdown"},
        {"\xee\xee", 2, "peer sent unknown (238) / unknown (238)"},
        {"\x06\x09\x06", 3, "peer sent Cease / Hard Reset"},
        {"\x02\x01\x00\x03", 4, "Unsupported Version Number"},
        {"", 0, "peer sent "},
        {"\x06", 1, "peer sent "},
    };
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        for (unsigned from = SESSION_OPENSENT; from <= SESSION_ESTABLISHED; from++) {
            bench_reach(&bench, from);
            struct session_counters sent = status_of(&bench).sent;
            raw_message(&bench.raw, MESSAGE_NOTIFICATION, cases[i].body, cases[i].length);
            assert_true(lab_until(bench.lab, raw_is_closed, &bench.raw, 1000));
            assert_int_equal(status_of(&bench).sent.total, sent.total); /* no answer */
            expect_why(&bench, SESSION_END_RECEIVED, cases[i].why);
            bench_rest(&bench);
        }
    }
    assert_int_equal(bench.speaker.established, ARRAY_LEN(cases));
    assert_int_equal(bench.speaker.lost, ARRAY_LEN(cases));
    bench_release(&bench);
}

static void test_update_errors(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    bench_reach(&bench, SESSION_ESTABLISHED);
    /* Withdrawn length beyond the message: nothing can be found in it. */
    raw_message(&bench.raw, MESSAGE_UPDATE, "\x00\xff\x00\x00", 4);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_UPDATE, NOTIFY_UPDATE_MALFORMED));
    assert_int_equal(bench.speaker.down.end, SESSION_END_SENT);
    assert_non_null(strstr(bench.speaker.down.why, "we sent UPDATE Message Error"));
    assert_int_equal(bench.speaker.updates, 0);
    bench_rest(&bench);

    /* ORIGIN of value 9: the route is withdrawn, the session stays. */
    static const uint8_t bad_origin[] = {0, 0,    0,    20,   0x40, 1, 1,  9, 0x40, 2, 6,  2,  1, 0,
                                         0, 0xfd, 0xea, 0x40, 3,    4, 10, 0, 0,    2, 24, 10, 1, 2};
    bench_reach(&bench, SESSION_ESTABLISHED);
    for (int i = 0; i < 3; i++)
        raw_message(&bench.raw, MESSAGE_UPDATE, bad_origin, sizeof(bad_origin));
    lab_run_ms(bench.lab, 100);
    assert_true(speaker_is_up(&bench.speaker));
    assert_int_equal(bench.speaker.updates, 3);
    assert_int_equal(status_of(&bench).received.withdraw_update, 3);
    assert_int_equal(status_of(&bench).received.withdraw_prefix, 3);
    bench_release(&bench);
}

static void count_lines(void *context, enum log_level level, const char *line)
{
    if (strstr(line, "treated as withdraw"))
        ++*(unsigned *)context;
}

static void test_bad_updates_do_not_flood_the_log(void **state)
{
    static const uint8_t no_attributes[] = {0, 0, 0, 0, 24, 10, 1, 2};
    struct bench bench;
    unsigned lines = 0;
    bench_init(&bench, *state);
    bench_start(&bench);
    bench_reach(&bench, SESSION_ESTABLISHED);
    log_set_sink(count_lines, &lines);
    for (int second = 0; second < 5; second++) {
        for (int i = 0; i < 100; i++)
            raw_message(&bench.raw, MESSAGE_UPDATE, no_attributes, sizeof(no_attributes));
        lab_run_ms(bench.lab, 1000);
    }
    assert_int_equal(bench.speaker.updates, 500);
    assert_in_range(lines, 5, 6);
    bench_release(&bench);
}

static void put_long_update(struct raw *raw, unsigned prefixes)
{
    struct buf buf;
    buf_init(&buf, 65535);
    buf_u16(&buf, (uint16_t)(prefixes * 4));
    for (unsigned i = 0; i < prefixes; i++) {
        buf_u16(&buf, 24 << 8 | 10);
        buf_u16(&buf, (uint16_t)i);
    }
    buf_u16(&buf, 0);
    raw_message(raw, MESSAGE_UPDATE, buf.bytes, buf.length);
    buf_release(&buf);
}

static void test_extended_messages(void **state)
{
    static const uint8_t extended[] = {CAPABILITY_EXTENDED_MESSAGE, 0};
    struct bench bench;
    bench_init(&bench, *state);
    bench.speaker.config.capabilities.extended_message = true;
    bench_start(&bench);
    raw_dial(&bench.raw, &bench.speaker);
    assert_true(raw_expect(&bench.raw, MESSAGE_OPEN));
    raw_open(&bench.raw, 65002, 0x0a000002, 90, extended, sizeof(extended));
    assert_true(raw_expect(&bench.raw, MESSAGE_KEEPALIVE));
    raw_keepalive(&bench.raw);
    for (int i = 0; i < 3; i++)
        put_long_update(&bench.raw, 16000);
    lab_run_ms(bench.lab, 100);
    assert_int_equal(bench.speaker.prefixes, 48000);
    raw_close(&bench.raw);
    lab_run_ms(bench.lab, 10);
    bench_rest(&bench);

    bench_reach(&bench, SESSION_ESTABLISHED); /* this time the peer does not offer them */
    put_long_update(&bench.raw, 1100);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH));
    bench_release(&bench);
}

static void test_open_does_not_come(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench.speaker.config.open_wait_s = 30;
    bench_start(&bench);
    bench_reach(&bench, SESSION_OPENSENT);
    raw_write(&bench.raw, header_cases[0].bytes, 10); /* half a header does not help */
    lab_run_ms(bench.lab, 29000);
    assert_int_equal(speaker_state(&bench.speaker), SESSION_OPENSENT);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_HOLD_TIMER, 0));
    expect_why(&bench, SESSION_END_HOLD_TIMER, "no OPEN from the peer within 30 s");
    bench_release(&bench);
}

static void test_hold_time_zero(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench.speaker.config.open_wait_s = 30;
    bench_start(&bench);
    raw_dial(&bench.raw, &bench.speaker);
    assert_true(raw_expect(&bench.raw, MESSAGE_OPEN));
    raw_open(&bench.raw, 65002, 0x0a000002, 0, NULL, 0);
    assert_true(raw_expect(&bench.raw, MESSAGE_KEEPALIVE));
    /* OpenConfirm has no hold timer of its own then; it must not last for ever all the same. */
    lab_run_ms(bench.lab, 25000);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_HOLD_TIMER, 0));
    bench_rest(&bench);

    raw_dial(&bench.raw, &bench.speaker);
    assert_true(raw_expect(&bench.raw, MESSAGE_OPEN));
    raw_open(&bench.raw, 65002, 0x0a000002, 0, NULL, 0);
    assert_true(raw_expect(&bench.raw, MESSAGE_KEEPALIVE));
    raw_keepalive(&bench.raw);
    assert_true(lab_until(bench.lab, speaker_is_up, &bench.speaker, 1000));
    lab_run_ms(bench.lab, 86400 * 1000);
    assert_true(speaker_is_up(&bench.speaker));
    assert_int_equal(bench.raw.length, 0); /* and no KEEPALIVE was sent */
    bench_release(&bench);
}

static void test_closed_without_a_word(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    bench_reach(&bench, SESSION_ESTABLISHED);
    raw_close(&bench.raw);
    assert_true(lab_until(bench.lab, speaker_is_idle, &bench.speaker, 1000));
    expect_why(&bench, SESSION_END_CLOSED, "peer closed the connection in ESTABLISHED without a NOTIFICATION");
    bench_rest(&bench);

    bench_reach(&bench, SESSION_ESTABLISHED);
    assert_int_equal(memory_net_reset(bench.lab->net, &bench.speaker.addr, &bench.raw.addr), 1);
    assert_true(lab_until(bench.lab, speaker_is_idle, &bench.speaker, 1000));
    expect_why(&bench, SESSION_END_TRANSPORT, "connection broke in ESTABLISHED: Connection reset by peer");
    bench_release(&bench);
}

static void test_refresh(void **state)
{
    static const uint8_t capabilities[] = {CAPABILITY_ROUTE_REFRESH, 0};
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    raw_dial(&bench.raw, &bench.speaker);
    assert_true(raw_expect(&bench.raw, MESSAGE_OPEN));
    raw_open(&bench.raw, 65002, 0x0a000002, 90, capabilities, sizeof(capabilities));
    assert_true(raw_expect(&bench.raw, MESSAGE_KEEPALIVE));
    raw_keepalive(&bench.raw);
    assert_true(lab_until(bench.lab, speaker_is_up, &bench.speaker, 1000));
    raw_message(&bench.raw, MESSAGE_ROUTE_REFRESH, "\x00\x01\x00\x01", 4);
    raw_message(&bench.raw, MESSAGE_ROUTE_REFRESH, "\x00\x02\x00\x01", 4); /* not negotiated */
    raw_message(&bench.raw, MESSAGE_ROUTE_REFRESH, "\x00\x01\x01\x01", 4); /* BoRR, not negotiated */
    raw_message(&bench.raw, MESSAGE_ROUTE_REFRESH, "\x00\x01\xff\x01", 4); /* unknown */
    raw_message(&bench.raw, MESSAGE_ROUTE_REFRESH, "\x40\x04\x00\xfe", 4); /* unknown family */
    lab_run_ms(bench.lab, 10);
    assert_int_equal(bench.speaker.refreshes, 1);
    assert_int_equal(status_of(&bench).received.discarded, 4);
    assert_int_equal(status_of(&bench).received.refresh, 5);
    assert_true(session_send_refresh(bench.speaker.session, FAMILY_IPV4_UNICAST, REFRESH_REQUEST));
    assert_false(session_send_refresh(bench.speaker.session, FAMILY_IPV6_UNICAST, REFRESH_REQUEST));
    assert_false(session_send_refresh(bench.speaker.session, FAMILY_IPV4_UNICAST, REFRESH_BEGIN));
    assert_true(raw_expect(&bench.raw, MESSAGE_ROUTE_REFRESH));
    raw_message(&bench.raw, MESSAGE_ROUTE_REFRESH, "\x00\x01\x00\x01\x01", 5);
    assert_true(raw_expect_notification(&bench.raw, NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH));
    bench_release(&bench);
}

static void test_one_octet_at_a_time(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    bench_reach(&bench, SESSION_ESTABLISHED);
    struct buf buf;
    buf_init(&buf, 4096);
    keepalive_encode(&buf);
    end_of_rib_encode(&buf, FAMILY_IPV4_UNICAST);
    keepalive_encode(&buf);
    end_of_rib_encode(&buf, FAMILY_IPV4_UNICAST);
    for (size_t i = 0; i < buf.length; i++) {
        raw_write(&bench.raw, buf.bytes + i, 1);
        lab_run_ms(bench.lab, 10);
    }
    assert_int_equal(bench.speaker.updates, 2);
    assert_int_equal(status_of(&bench).received.keepalive, 3);
    buf_release(&buf);
    bench_release(&bench);
}

/* Slow drops of one message do not keep a session alive (no whole message, no restart of the hold timer). */
static void test_dribble_expires(void **state)
{
    struct bench bench;
    bench_init(&bench, *state);
    bench_start(&bench);
    bench_reach(&bench, SESSION_ESTABLISHED);
    for (int i = 0; i < 8; i++) {
        raw_write(&bench.raw, "\xff", 1);
        lab_run_ms(bench.lab, 10000);
    }
    assert_true(speaker_is_up(&bench.speaker));
    lab_run_ms(bench.lab, 11000);
    assert_int_equal(bench.speaker.down.end, SESSION_END_HOLD_TIMER);
    bench_release(&bench);
}

#define BENCH_TEST(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_header_errors_in_every_state),
        BENCH_TEST(test_open_errors),
        BENCH_TEST(test_own_identifier_on_ibgp),
        BENCH_TEST(test_messages_out_of_place),
        BENCH_TEST(test_notification_in_every_state),
        BENCH_TEST(test_update_errors),
        BENCH_TEST(test_bad_updates_do_not_flood_the_log),
        BENCH_TEST(test_extended_messages),
        BENCH_TEST(test_open_does_not_come),
        BENCH_TEST(test_hold_time_zero),
        BENCH_TEST(test_closed_without_a_word),
        BENCH_TEST(test_refresh),
        BENCH_TEST(test_one_octet_at_a_time),
        BENCH_TEST(test_dribble_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
