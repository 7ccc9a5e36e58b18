/* A session against a peer and an operator who do anything at any time. Whatever happens, the owner is told a story
 * that makes sense, nothing is left behind, and afterwards an honest peer gets its session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "base/mem.h"
#include "session/random.h"
#include "wire/message.h"

enum { RUNS = 60, STEPS = 250, PEERS = 3 };

struct chaos {
    struct lab *lab;
    struct random random;
    struct speaker speaker;
    struct raw raw[PEERS];
    struct buf output;
};

static unsigned roll(struct chaos *chaos, unsigned sides)
{
    return (unsigned)random_below(&chaos->random, sides);
}

static void write_some(struct chaos *chaos, struct raw *raw, const uint8_t *bytes, size_t length)
{
    if (!raw->stream || length == 0)
        return;
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
    stream_writev(raw->stream, &piece, 1); /* may fail: the other end may be closed */
    (void)chaos;
}

static void encode_any(struct chaos *chaos, struct buf *buf)
{
    struct open_message open = {.version = 4, .as = 65002, .hold_time_s = 90, .router_id = 0x0a000002};
    open.capabilities.role = ROLE_NONE;
    open.capabilities.four_octet_as = true;
    open.capabilities.as4 = 65002;
    open.capabilities.route_refresh = true;
    open.capabilities.graceful_restart = roll(chaos, 2);
    open.capabilities.restart_families = 1;
    struct notification notification = notification_make((uint8_t)roll(chaos, 9), (uint8_t)roll(chaos, 12));
    switch (roll(chaos, 6)) {
    case 0:
    case 1:
        open_encode(&open, buf);
        break;
    case 2:
        keepalive_encode(buf);
        break;
    case 3:
        end_of_rib_encode(buf, FAMILY_IPV4_UNICAST);
        break;
    case 4:
        route_refresh_encode(buf, FAMILY_IPV4_UNICAST, REFRESH_REQUEST);
        break;
    case 5:
        notification_encode(&notification, buf);
        break;
    }
}

static void peer_says(struct chaos *chaos, struct raw *raw)
{
    struct buf buf;
    buf_init(&buf, 1 << 16);
    unsigned messages = 1 + roll(chaos, 3);
    for (unsigned i = 0; i < messages; i++)
        encode_any(chaos, &buf);
    for (unsigned flips = roll(chaos, 4) == 0 ? 1 + roll(chaos, 3) : 0; flips > 0; flips--)
        buf.bytes[roll(chaos, (unsigned)buf.length)] ^= (uint8_t)(1 << roll(chaos, 8));
    size_t length = roll(chaos, 5) == 0 ? roll(chaos, (unsigned)buf.length) : buf.length;
    write_some(chaos, raw, buf.bytes, length);
    buf_release(&buf);
}

/* The right words in the right order, so that runs get far. */
static void peer_behaves(struct chaos *chaos, struct raw *raw)
{
    if (!raw->stream)
        return;
    struct buf buf;
    buf_init(&buf, 1 << 16);
    struct open_message open = {.version = 4, .as = 65002, .hold_time_s = 30, .router_id = 0x0a000002};
    open.capabilities.role = ROLE_NONE;
    open_encode(&open, &buf);
    write_some(chaos, raw, buf.bytes, buf.length);
    lab_run_ms(chaos->lab, 10);
    buf_clear(&buf);
    keepalive_encode(&buf);
    write_some(chaos, raw, buf.bytes, buf.length);
    buf_release(&buf);
}

static void operator_acts(struct chaos *chaos)
{
    struct speaker *speaker = &chaos->speaker;
    struct notification cease = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "so long");
    switch (roll(chaos, 6)) {
    case 0:
        session_stop(speaker->session, roll(chaos, 2) ? &cease : NULL, SESSION_END_ADMIN);
        break;
    case 1:
        session_start(speaker->session);
        break;
    case 2:
        session_reset(speaker->session, &cease, SESSION_END_ADMIN, roll(chaos, 3));
        break;
    case 3:
        speaker->config.passive = roll(chaos, 2);
        speaker->config.hold_time_s = roll(chaos, 2) ? 90 : 9;
        session_configure(speaker->session, &speaker->config);
        break;
    case 4:
        speaker->deny_input = roll(chaos, 2);
        session_input_ready(speaker->session);
        break;
    case 5:
        speaker->output_taken = 0;
        speaker->output_length = chaos->output.length;
        session_output_ready(speaker->session);
        break;
    }
}

static void step(struct chaos *chaos)
{
    struct raw *raw = &chaos->raw[roll(chaos, PEERS)];
    switch (roll(chaos, 12)) {
    case 0:
    case 1: {
        struct endpoint remote = {.addr = chaos->speaker.addr, .port = 179};
        struct transport_options options = {0};
        raw_close(raw);
        raw->host->ops->dial(raw->host, chaos->lab->loop, &remote, &options, NULL, NULL, &raw->stream, NULL);
        lab_run_ms(chaos->lab, 1);
        break;
    }
    case 2:
    case 3:
    case 4:
        peer_behaves(chaos, raw);
        break;
    case 5:
    case 6:
        peer_says(chaos, raw);
        break;
    case 7:
        if (roll(chaos, 3) == 0)
            raw_close(raw);
        break;
    case 8:
        operator_acts(chaos);
        break;
    case 9:
        lab_run_ms(chaos->lab, roll(chaos, 8000));
        break;
    case 10:
        memory_net_set_buffer(chaos->lab->net, roll(chaos, 2) ? 100 : MEMORY_BUFFER_BYTES);
        break;
    case 11:
        if (roll(chaos, 8) == 0)
            memory_net_reset(chaos->lab->net, &chaos->speaker.addr, &raw->addr);
        break;
    }
    for (unsigned turns = roll(chaos, 4); turns > 0; turns--)
        loop_turn(chaos->lab->loop, 0);
}

/* "+" only after E, "-" only after an E that was left, never two alike. */
static void assert_story(struct chaos *chaos)
{
    const struct speaker *speaker = &chaos->speaker;
    assert_in_range(speaker->established - speaker->lost, 0, 1);
    bool up = false;
    char last = 'I';
    for (const char *at = speaker->trace; *at; at++) {
        if (*at == '+') {
            assert_true(!up && last == 'E');
            up = true;
        } else if (*at == '-') {
            assert_true(up && last != 'E');
            up = false;
        } else {
            assert_true(*at != last);
            last = *at;
        }
    }
}

static void run(struct lab *lab, uint64_t seed)
{
    struct chaos chaos = {.lab = lab};
    random_init(&chaos.random, seed);
    memory_net_set_buffer(lab->net, MEMORY_BUFFER_BYTES);
    speaker_init(&chaos.speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    chaos.speaker.config.capabilities.graceful_restart = true;
    chaos.speaker.config.capabilities.restart_families = 1;
    chaos.speaker.config.connect_retry_s = 10;
    buf_init(&chaos.output, 1 << 16);
    for (int i = 0; i < 100; i++)
        end_of_rib_encode(&chaos.output, FAMILY_IPV4_UNICAST);
    chaos.speaker.output = chaos.output.bytes;
    for (unsigned i = 0; i < PEERS; i++)
        raw_init(&chaos.raw[i], lab, 0x0a000002);
    speaker_make(&chaos.speaker);
    session_start(chaos.speaker.session);
    for (unsigned i = 0; i < STEPS; i++) {
        step(&chaos);
        if (strlen(chaos.speaker.trace) + 64 < sizeof(chaos.speaker.trace))
            assert_story(&chaos);
    }

    /* And now quietly. */
    memory_net_set_buffer(lab->net, MEMORY_BUFFER_BYTES);
    for (unsigned i = 0; i < PEERS; i++)
        raw_close(&chaos.raw[i]);
    chaos.speaker.deny_input = false;
    session_input_ready(chaos.speaker.session);
    chaos.speaker.config.passive = true;
    chaos.speaker.config.hold_time_s = 90;
    session_configure(chaos.speaker.session, &chaos.speaker.config);
    session_start(chaos.speaker.session);
    lab_run_ms(lab, 700 * 1000);
    memset(chaos.speaker.trace, 0, sizeof(chaos.speaker.trace));
    raw_establish(&chaos.raw[0], &chaos.speaker);
    assert_string_equal(chaos.speaker.trace, "SOE+");
    for (unsigned i = 0; i < PEERS; i++)
        raw_release(&chaos.raw[i]);
    speaker_release(&chaos.speaker);
    buf_release(&chaos.output);
    lab_run_ms(lab, 10000);
    assert_int_equal(mem_usage(MEM_SESSION).objects, 0);
}

static void test_anything_at_any_time(void **state)
{
    const char *first = getenv("CHAOS_SEED"), *runs = getenv("CHAOS_RUNS");
    uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
    uint64_t end = seed + (runs ? strtoull(runs, NULL, 10) : RUNS);
    for (; seed < end; seed++) {
        if (first)
            print_message("seed %llu\n", (unsigned long long)seed);
        run(*state, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_anything_at_any_time, lab_set_up, lab_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
