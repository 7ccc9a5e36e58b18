/* What goes out when the network takes little: message boundaries, keepalives on time, send hold, farewells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lab.h"
#include "wire/message.h"

enum { UPDATES = 800 };

/* UPDATEs of all sizes: withdrawals of 1 to 200 prefixes, numbered by the first one. */
static void put_updates(struct buf *buf)
{
    for (unsigned i = 0; i < UPDATES; i++) {
        unsigned count = 1 + i * 37 % 200;
        size_t offset = message_begin(buf, MESSAGE_UPDATE);
        buf_u16(buf, (uint16_t)(count * 4));
        for (unsigned k = 0; k < count; k++) {
            buf_u8(buf, 24);
            buf_u16(buf, (uint16_t)i);
            buf_u8(buf, (uint8_t)k);
        }
        buf_u16(buf, 0);
        message_end(buf, offset);
    }
}

struct bench {
    struct lab *lab;
    struct speaker speaker;
    struct raw raw;
    struct buf updates;
};

static void bench_init(struct bench *bench, struct lab *lab, size_t buffer_bytes)
{
    bench->lab = lab;
    speaker_init(&bench->speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    bench->speaker.config.passive = true;
    raw_init(&bench->raw, lab, 0x0a000002);
    speaker_make(&bench->speaker);
    session_start(bench->speaker.session);
    raw_establish(&bench->raw, &bench->speaker);
    buf_init(&bench->updates, 1 << 20);
    put_updates(&bench->updates);
    bench->raw.idle = true;
    memory_net_set_buffer(lab->net, buffer_bytes);
    bench->speaker.output = bench->updates.bytes;
    bench->speaker.output_length = bench->updates.length;
    session_output_ready(bench->speaker.session);
}

static void bench_release(struct bench *bench)
{
    raw_release(&bench->raw);
    speaker_release(&bench->speaker);
    buf_release(&bench->updates);
}

/* What the peer saw. */
struct seen {
    unsigned updates, keepalives;
    bool notification;
    int64_t longest_silence_ms; /* between two KEEPALIVEs */
    struct mono_time last_keepalive;
};

/* Takes the whole messages from what was read; they must be the ones sent, in order. */
static void digest(struct bench *bench, struct seen *seen, const uint8_t **expected)
{
    struct raw *raw = &bench->raw;
    size_t offset = 0;
    for (;;) {
        struct message message;
        struct notification error;
        int found = message_frame(raw->bytes + offset, raw->length - offset, MESSAGE_MAX_BYTES, &message, &error);
        assert_true(found >= 0);
        if (found == 0)
            break;
        struct mono_time now = loop_now(bench->lab->loop);
        assert_false(seen->notification);
        if (message.type == MESSAGE_UPDATE) {
            assert_memory_equal(raw->bytes + offset, *expected, message.length);
            *expected += message.length;
            seen->updates++;
        } else if (message.type == MESSAGE_KEEPALIVE) {
            int64_t silence_ms = mono_diff_ms(now, seen->last_keepalive);
            seen->longest_silence_ms = silence_ms > seen->longest_silence_ms ? silence_ms : seen->longest_silence_ms;
            seen->last_keepalive = now;
            seen->keepalives++;
        } else {
            assert_int_equal(message.type, MESSAGE_NOTIFICATION);
            seen->notification = true;
        }
        offset += message.length;
    }
    raw->length -= offset;
    memmove(raw->bytes, raw->bytes + offset, raw->length);
}

/* The peer reads a little every second; it sends keepalives so that only our output matters. */
static void trickle(struct bench *bench, size_t buffer_bytes, struct seen *seen, const uint8_t **expected)
{
    lab_run_ms(bench->lab, 1000);
    raw_pull(&bench->raw, 300);
    digest(bench, seen, expected);
    int64_t second = loop_now(bench->lab->loop).ns / 1000000000;
    if (second % 20 == 0 && !bench->raw.closed && speaker_is_up(&bench->speaker)) {
        memory_net_set_buffer(bench->lab->net, MEMORY_BUFFER_BYTES); /* of that direction too */
        raw_keepalive(&bench->raw);
        memory_net_set_buffer(bench->lab->net, buffer_bytes);
    }
}

static void test_keepalives_between_the_messages(void **state)
{
    static const size_t buffers[] = {1, 7, 23, 100, 611, 4096};
    for (unsigned i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        struct bench bench;
        struct lab *lab = *state;
        memory_net_set_buffer(lab->net, MEMORY_BUFFER_BYTES);
        bench_init(&bench, lab, buffers[i]);
        const uint8_t *expected = bench.updates.bytes;
        struct seen seen = {.last_keepalive = loop_now(lab->loop)};
        for (int second = 0; second < 900; second++) {
            for (int k = 0; k < 20 && buffers[i] < 300; k++) { /* many small steps through small buffers */
                raw_pull(&bench.raw, 5);
                digest(&bench, &seen, &expected);
                loop_turn(lab->loop, 0);
                loop_turn(lab->loop, 0);
            }
            trickle(&bench, buffers[i], &seen, &expected);
        }
        assert_true(speaker_is_up(&bench.speaker));
        assert_true(seen.updates > 20);
        assert_true(bench.speaker.output_taken < bench.speaker.output_length); /* it was waiting all the time */
        assert_in_range(seen.keepalives, 20, 41);                              /* 22.5 to 30 s, or one message each */
        /* 30 s, then at most one UPDATE of 823 octets and what is in the buffer at the peer's pace. */
        size_t small = buffers[i] < 5 ? buffers[i] : 5, large = buffers[i] < 300 ? buffers[i] : 300;
        size_t pace = (buffers[i] < 300 ? 20 * small : 0) + large;
        assert_in_range(seen.longest_silence_ms, 22000, 32000 + (823 + 19 + buffers[i]) * 1000 / pace);
        bench_release(&bench);
        lab_run_ms(lab, 1000);
    }
}

static void test_notification_after_half_a_message(void **state)
{
    struct lab *lab = *state;
    for (size_t buffer = 40; buffer < 400; buffer += 13) {
        struct bench bench;
        memory_net_set_buffer(lab->net, MEMORY_BUFFER_BYTES);
        bench_init(&bench, lab, buffer);
        const uint8_t *expected = bench.updates.bytes;
        struct seen seen = {.last_keepalive = loop_now(lab->loop)};
        for (int i = 0; i < 5; i++)
            trickle(&bench, buffer, &seen, &expected);
        struct notification cease = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "good night");
        session_stop(bench.speaker.session, &cease, SESSION_END_ADMIN);
        assert_int_equal(speaker_state(&bench.speaker), SESSION_IDLE); /* does not wait */
        for (int i = 0; i < 200 && !bench.raw.closed; i++) {
            loop_turn(lab->loop, 10);
            raw_pull(&bench.raw, 50);
            digest(&bench, &seen, &expected);
        }
        assert_true(seen.notification);
        assert_true(bench.raw.closed);
        assert_int_equal(bench.raw.length, 0);
        bench_release(&bench);
        lab_run_ms(lab, 1000);
    }
}

/* A peer that never reads: the farewell has its time, no more, and the session none. */
static void test_farewell_is_bounded(void **state)
{
    struct lab *lab = *state;
    struct bench bench;
    bench_init(&bench, lab, 40);
    lab_run_ms(lab, 1000);
    struct notification cease = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_RESET);
    session_reset(bench.speaker.session, &cease, SESSION_END_ADMIN, 0);
    lab_run_ms(lab, 100);
    assert_int_equal(speaker_state(&bench.speaker), SESSION_ACTIVE);
    lab_run_ms(lab, 6000);
    raw_close(&bench.raw);
    lab_run_ms(lab, 100);
    assert_int_equal(memory_net_connections(lab->net), 0);
    bench_release(&bench);
}

static bool is_lost(void *context)
{
    return ((const struct speaker *)context)->lost == 1;
}

static void test_send_hold(void **state)
{
    struct lab *lab = *state;
    struct bench bench;
    bench_init(&bench, lab, 64);
    struct mono_time start = loop_now(lab->loop);
    while (!is_lost(&bench.speaker) && mono_diff_ms(loop_now(lab->loop), start) < 600 * 1000) {
        raw_keepalive(&bench.raw); /* alive, and not reading */
        lab_run_ms(lab, 10000);
    }
    assert_true(is_lost(&bench.speaker));
    int64_t waited_ms = mono_diff_ms(loop_now(lab->loop), start);
    assert_in_range(waited_ms, 480 * 1000, 490 * 1000);
    assert_int_equal(bench.speaker.down.end, SESSION_END_SEND_HOLD_TIMER);
    assert_non_null(strstr(bench.speaker.down.why, "the peer took nothing of our output for 480 s"));
    struct session_status status;
    session_status(bench.speaker.session, &status);
    assert_int_equal(status.last_sent.code, NOTIFY_SEND_HOLD_TIMER);
    bench_release(&bench);
}

/* Slow is not stuck: a peer that reads a little every minute stays. */
static void test_slow_reader_stays(void **state)
{
    struct lab *lab = *state;
    struct bench bench;
    bench_init(&bench, lab, 64);
    for (int minute = 0; minute < 60; minute++) {
        for (int i = 0; i < 6; i++) {
            raw_keepalive(&bench.raw);
            lab_run_ms(lab, 10000);
        }
        raw_pull(&bench.raw, 10);
    }
    assert_true(speaker_is_up(&bench.speaker));
    struct session_status status;
    session_status(bench.speaker.session, &status);
    assert_int_equal(status.output_pending, 1);
    bench_release(&bench);
}

/* The peer's last words are heard even when writing fails first, and in their place behind its last UPDATEs. */
static void test_notification_behind_a_broken_pipe(void **state)
{
    struct lab *lab = *state;
    struct bench bench;
    bench_init(&bench, lab, MEMORY_BUFFER_BYTES);
    lab_run_ms(lab, 1000);
    bench.speaker.deny_input = true; /* nothing is read, so writing meets the broken pipe first */
    raw_message(&bench.raw, MESSAGE_UPDATE, "\0\0\0\0", 4);
    raw_message(&bench.raw, MESSAGE_UPDATE, "\0\0\0\0", 4);
    raw_message(&bench.raw, MESSAGE_NOTIFICATION, "\6\4", 2);
    raw_close(&bench.raw);
    lab_run_ms(lab, 200 * 1000); /* some KEEPALIVEs, none of them taken; the hold timer rests */
    assert_int_equal(bench.speaker.lost, 0);
    assert_int_equal(bench.speaker.updates, 0);
    bench.speaker.deny_input = false;
    session_input_ready(bench.speaker.session);
    assert_int_equal(bench.speaker.updates, 0); /* not from inside the call */
    assert_true(lab_until(lab, is_lost, &bench.speaker, 1000));
    assert_int_equal(bench.speaker.updates, 2);
    assert_int_equal(bench.speaker.down.end, SESSION_END_RECEIVED);
    bench_release(&bench);
}

#define LAB_TEST(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_keepalives_between_the_messages),
        LAB_TEST(test_notification_after_half_a_message),
        LAB_TEST(test_farewell_is_bounded),
        LAB_TEST(test_send_hold),
        LAB_TEST(test_slow_reader_stays),
        LAB_TEST(test_notification_behind_a_broken_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
