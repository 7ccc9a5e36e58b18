/* Clients that mean harm, or are broken: what they cost is bounded, and others do not notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "lab.h"

static void test_silent_client(void **state)
{
    struct lab *lab = *state;
    lab_dial(lab, &lab->raw);
    lab_advance(lab, 9900);
    assert_false(lab->raw.closed);
    lab_advance(lab, 200);
    assert_true(lab->raw.closed);
    assert_int_equal(lab_counters(lab).connections, 0);
}

static void test_dribbled_preface(void **state)
{
    struct lab *lab = *state;
    lab_dial(lab, &lab->raw);
    for (size_t i = 0; i < NGHTTP2_CLIENT_MAGIC_LEN && !lab->raw.closed; i++) {
        raw_bytes(&lab->raw, NGHTTP2_CLIENT_MAGIC + i, 1);
        lab_advance(lab, 1000);
    }
    assert_true(lab->raw.closed);
}

static void test_other_protocols(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } greetings[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
        {"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 24},
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24},
    };
    struct lab *lab = *state;
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
        struct raw_http2 raw;
        raw_http2_init(&raw);
        lab_dial(lab, &raw);
        raw_bytes(&raw, greetings[i].bytes, greetings[i].length);
        lab_settle(lab);
        assert_true(raw.closed);
        raw_http2_release(&raw);
    }
    assert_int_equal(lab_counters(lab).connections, 0);
}

static void test_idle_connection_is_closed_politely(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    lab_advance(lab, 200000);
    raw_call(&lab->raw, 1, "/test.Echo/Say", "x", 1);
    lab_advance(lab, 200000);
    assert_false(lab->raw.closed);
    lab_advance(lab, 110000);
    assert_int_equal(lab->raw.goaways, 1);
    assert_int_equal(lab->raw.goaway_code, NGHTTP2_NO_ERROR);
    assert_true(lab->raw.closed);
}

/* With a call it may be quiet for as long as it likes, if it answers when asked. */
static void test_quiet_connection_with_a_call(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Watch", "x", 1);
    for (unsigned answered = 0; answered < 20;) {
        lab_advance(lab, 60000);
        assert_false(lab->raw.closed);
        if (lab->raw.pings > answered) {
            raw_frame(&lab->raw, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "\0\0\0\0\0\0\0", 8);
            answered++;
        }
    }
    assert_int_equal(lab->raw.goaways, 0);
    lab_advance(lab, 1100000);
    assert_true(lab->raw.closed);
    assert_int_equal(lab->service.cancelled, 1);
}

static void test_dribbled_request(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_headers(&lab->raw, 1, "/test.Echo/Say", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, 0, 1, "\0\0\0\1\0", 5);
    for (unsigned i = 0; i < 40 && !raw_answer(&lab->raw, 1)->ended; i++) {
        raw_frame(&lab->raw, NGHTTP2_DATA, 0, 1, "x", 1);
        lab_advance(lab, 1000);
    }
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "4");
    assert_int_equal(lab_counters(lab).calls, 0);
    assert_int_equal(lab_counters(lab).buffered_bytes, 0);
}

static void test_dribbled_headers(void **state)
{
    struct lab *lab = *state;
    uint8_t block[256];
    lab_connect(lab);
    size_t length = raw_header_block(&lab->raw, "/test.Echo/Say", NULL, NULL, block, sizeof(block));
    raw_frame(&lab->raw, NGHTTP2_HEADERS, 0, 1, block, 2);
    for (size_t i = 2; i < 8 && i < length; i++) {
        lab_advance(lab, 2000);
        raw_frame(&lab->raw, NGHTTP2_CONTINUATION, 0, 1, block + i, 1);
    }
    assert_true(lab->raw.closed);
}

static void test_too_many_headers(void **state)
{
    struct lab *lab = *state;
    static char value[12001];
    memset(value, 'v', sizeof(value) - 1);
    lab_connect(lab);
    raw_headers(&lab->raw, 1, "/test.Echo/Say", "x-first", value);
    raw_message(&lab->raw, 1, "x", 1, true);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    static char huge[17001];
    memset(huge, 'w', sizeof(huge) - 1);
    static uint8_t block[32 << 10];
    size_t length = raw_header_block(&lab->raw, "/test.Echo/Say", "x-huge", huge, block, sizeof(block));
    raw_frame(&lab->raw, NGHTTP2_HEADERS, 0, 3, block, length / 2);
    raw_frame(&lab->raw, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 3, block + length / 2, length - length / 2);
    lab_settle(lab);
    assert_true(raw_answer(&lab->raw, 3)->reset);
    assert_string_equal(raw_answer(&lab->raw, 3)->http_status, "");
    assert_false(lab->raw.closed);
}

/* A header of 3,000 bytes put into the table once, and then referred to by one byte each time. */
static void test_header_bomb(void **state)
{
    struct lab *lab = *state;
    uint8_t memory[8 << 10];
    struct buf block;
    lab_connect(lab);
    buf_init_fixed(&block, memory, sizeof(memory));
    block.length = raw_header_block(&lab->raw, "/test.Echo/Say", NULL, NULL, memory, sizeof(memory));
    buf_put(&block, "\x40\x05x-big\x7f\xb9\x16", 10);
    memset(buf_extend(&block, 3000), 'b', 3000);
    for (unsigned i = 0; i < 6; i++)
        buf_u8(&block, 0xbe);
    raw_frame(&lab->raw, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block.bytes, block.length);
    lab_settle(lab);
    assert_true(raw_answer(&lab->raw, 1)->reset);
    assert_int_equal(lab_counters(lab).calls, 0);
    assert_false(lab->raw.closed);
}

static void test_continuation_flood(void **state)
{
    struct lab *lab = *state;
    uint8_t block[256];
    lab_connect(lab);
    size_t length = raw_header_block(&lab->raw, "/test.Echo/Say", NULL, NULL, block, sizeof(block));
    raw_frame(&lab->raw, NGHTTP2_HEADERS, 0, 1, block, length);
    for (unsigned i = 0; i < 20; i++)
        raw_frame(&lab->raw, NGHTTP2_CONTINUATION, 0, 1, "", 0);
    lab_settle(lab);
    assert_true(lab->raw.closed);
}

static void test_more_calls_than_allowed(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_frame(&lab->raw, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
    for (uint32_t i = 0; i < 100; i++)
        raw_call(&lab->raw, 2 * i + 1, "/test.Echo/Hold", "x", 1);
    lab_settle(lab);
    assert_int_equal(lab_counters(lab).calls, 100);
    raw_call(&lab->raw, 201, "/test.Echo/Hold", "x", 1);
    lab_settle(lab);
    assert_true(raw_answer(&lab->raw, 201)->reset || lab->raw.goaways > 0);
    assert_true(lab_counters(lab).calls <= 100);
    assert_int_equal(lab_counters(lab).calls_started, 100);
}

/* Calls opened and reset without end (CVE-2023-44487). */
static void test_rapid_reset(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    for (uint32_t i = 0; i < 400 && !lab->raw.closed; i++) {
        raw_headers(&lab->raw, 2 * i + 1, "/test.Echo/Hold", NULL, NULL);
        raw_reset(&lab->raw, 2 * i + 1);
        if (i % 10 == 0)
            lab_settle(lab);
    }
    lab_settle(lab);
    assert_true(lab->raw.closed);
    assert_int_equal(lab_counters(lab).calls, 0);
}

/* The client's faults make the server reset the calls: the same attack the other way round (CVE-2025-8671). */
static void test_made_you_reset(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    for (uint32_t i = 0; i < 400 && !lab->raw.closed; i++) {
        raw_call(&lab->raw, 2 * i + 1, "/test.Echo/Hold", "x", 1);
        raw_window_update(&lab->raw, 2 * i + 1, 0);
        if (i % 10 == 0)
            lab_settle(lab);
    }
    lab_settle(lab);
    assert_true(lab->raw.closed);
    assert_int_equal(lab_counters(lab).calls, 0);
}

static void flood_without_reading(struct lab *lab, uint8_t type, const void *payload, size_t length)
{
    lab_connect(lab);
    raw_set_reading(&lab->raw, false);
    uint64_t before = mem_usage(MEM_RPC).bytes + mem_usage(MEM_BUFFER).bytes;
    bool taken = true;
    for (unsigned i = 0; i < 200000 && taken && lab_counters(lab).connections > 0; i++) {
        taken = raw_frame(&lab->raw, type, 0, 0, payload, length);
        if (i % 64 == 0)
            lab_settle(lab);
    }
    lab_settle(lab);
    assert_int_equal(lab_counters(lab).connections, 0);
    assert_true(mem_usage(MEM_RPC).bytes + mem_usage(MEM_BUFFER).bytes < before + (1 << 20));
}

static void test_ping_flood(void **state)
{
    flood_without_reading(*state, NGHTTP2_PING, "12345678", 8);
}

static void test_settings_flood(void **state)
{
    flood_without_reading(*state, NGHTTP2_SETTINGS, "", 0);
}

static void test_unknown_and_misplaced_frames(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_frame(&lab->raw, 0xee, 0xff, 0, "whatever", 8);
    raw_frame(&lab->raw, NGHTTP2_PRIORITY, 0, 7, "\0\0\0\0\x10", 5);
    raw_call(&lab->raw, 1, "/test.Echo/Say", "x", 1);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    raw_frame(&lab->raw, NGHTTP2_DATA, 0, 0, "x", 1); /* DATA belongs to a stream */
    lab_settle(lab);
    assert_int_equal(lab->raw.goaways, 1);
    assert_int_equal(lab->raw.goaway_code, NGHTTP2_PROTOCOL_ERROR);
    assert_true(lab->raw.closed);
}

static void test_message_over_the_limit(void **state)
{
    struct lab *lab = *state;
    const struct rpc_limits limits = {.message_bytes = 1000};
    static uint8_t message[1001];
    lab_restart(lab, &limits, false);
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Say", message, 1000);
    raw_call(&lab->raw, 3, "/test.Echo/Say", message, 1001);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_string_equal(raw_answer(&lab->raw, 3)->grpc_status, "8");
    assert_string_equal(raw_answer(&lab->raw, 3)->grpc_message, "a message is longer than 1000 bytes");
}

/* Many messages begun, none completed. */
static void test_incomplete_messages_share_a_budget(void **state)
{
    struct lab *lab = *state;
    const struct rpc_limits limits = {.assembling_bytes = 40000};
    static uint8_t half[8000] = {0, 0, 0, 0x40, 0};
    lab_restart(lab, &limits, false);
    lab_connect(lab);
    for (uint32_t i = 0; i < 8; i++) {
        raw_headers(&lab->raw, 2 * i + 1, "/test.Echo/Say", NULL, NULL);
        raw_frame(&lab->raw, NGHTTP2_DATA, 0, 2 * i + 1, half, sizeof(half));
        lab_settle(lab);
        assert_true(lab_counters(lab).buffered_bytes <= limits.assembling_bytes);
    }
    unsigned refused = 0;
    for (uint32_t i = 0; i < 8; i++)
        refused += strcmp(raw_answer(&lab->raw, 2 * i + 1)->grpc_status, "8") == 0;
    assert_int_equal(refused, 3);
}

static void test_newcomer_takes_the_place_of_the_idlest(void **state)
{
    enum { CONNECTIONS = 4 };
    struct lab *lab = *state;
    const struct rpc_limits limits = {.connections = CONNECTIONS};
    static struct raw_http2 raws[CONNECTIONS + 2];
    lab_restart(lab, &limits, false);
    for (unsigned i = 0; i < CONNECTIONS + 2; i++)
        raw_http2_init(&raws[i]);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        lab_dial(lab, &raws[i]);
        raw_preface(&raws[i]);
        lab_advance(lab, 10);
    }
    raw_call(&raws[0], 1, "/test.Echo/Watch", "x", 1); /* the oldest has work */
    raw_call(&raws[1], 1, "/test.Echo/Say", "x", 1);   /* the second had, just now */
    lab_settle(lab);
    lab_dial(lab, &raws[CONNECTIONS]);
    lab_settle(lab);
    assert_false(raws[0].closed);
    assert_false(raws[1].closed);
    assert_true(raws[2].closed);
    assert_false(raws[3].closed);
    assert_int_equal(lab_counters(lab).connections, CONNECTIONS);

    /* With work on every one of them the newcomer has to go. */
    raw_preface(&raws[CONNECTIONS]);
    raw_call(&raws[1], 3, "/test.Echo/Watch", "x", 1);
    raw_call(&raws[3], 1, "/test.Echo/Watch", "x", 1);
    raw_call(&raws[CONNECTIONS], 1, "/test.Echo/Watch", "x", 1);
    lab_settle(lab);
    lab_dial(lab, &raws[CONNECTIONS + 1]);
    lab_settle(lab);
    assert_true(raws[CONNECTIONS + 1].closed);
    assert_int_equal(lab_counters(lab).refused, 1);
    for (unsigned i = 0; i < CONNECTIONS + 2; i++)
        raw_http2_release(&raws[i]);
    lab_settle(lab);
}

#define lab_test(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        lab_test(test_silent_client),
        lab_test(test_dribbled_preface),
        lab_test(test_other_protocols),
        lab_test(test_idle_connection_is_closed_politely),
        lab_test(test_quiet_connection_with_a_call),
        lab_test(test_dribbled_request),
        lab_test(test_dribbled_headers),
        lab_test(test_too_many_headers),
        lab_test(test_header_bomb),
        lab_test(test_continuation_flood),
        lab_test(test_more_calls_than_allowed),
        lab_test(test_rapid_reset),
        lab_test(test_made_you_reset),
        lab_test(test_ping_flood),
        lab_test(test_settings_flood),
        lab_test(test_unknown_and_misplaced_frames),
        lab_test(test_message_over_the_limit),
        lab_test(test_incomplete_messages_share_a_budget),
        lab_test(test_newcomer_takes_the_place_of_the_idlest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
