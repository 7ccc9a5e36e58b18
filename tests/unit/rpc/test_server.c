/* Calls as they should be, and as they should not: what each is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"

static void test_settings_come_before_the_client_says_anything(void **state)
{
    struct lab *lab = *state;
    lab_dial(lab, &lab->raw);
    assert_int_equal(lab->raw.settings, 1);
    raw_preface(&lab->raw);
    lab_settle(lab);
    assert_int_equal(lab->raw.settings_acks, 1);
    const uint8_t ping[8] = {2, 4, 16, 16, 9, 14, 7, 7};
    raw_frame(&lab->raw, NGHTTP2_PING, 0, 0, ping, sizeof(ping));
    lab_settle(lab);
    assert_int_equal(lab->raw.pings, 1);
}

static void test_unary(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Say", "hello", 5);
    lab_settle(lab);
    const struct raw_answer *answer = raw_answer(&lab->raw, 1);
    assert_string_equal(answer->http_status, "200");
    assert_string_equal(answer->grpc_status, "0");
    assert_string_equal(answer->grpc_message, "");
    assert_true(answer->ended);
    assert_false(answer->reset);
    assert_int_equal(answer->data.length, 10);
    assert_memory_equal(answer->data.bytes, "\0\0\0\0\5hello", 10);
    assert_int_equal(lab_counters(lab).calls, 0);
}

static void test_empty_message(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Say", "", 0);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_int_equal(raw_answer(&lab->raw, 1)->data.length, 5);
}

static void test_byte_by_byte(void **state)
{
    struct lab *lab = *state;
    struct raw_http2 recorder;
    raw_http2_init(&recorder);
    lab_dial(lab, &lab->raw);
    /* What a client would send, taken off a connection whose other end nobody serves. */
    static uint8_t bytes[1024];
    size_t length = 0;
    memcpy(bytes, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    length += NGHTTP2_CLIENT_MAGIC_LEN;
    const uint8_t settings[] = {0, 0, 0, NGHTTP2_SETTINGS, 0, 0, 0, 0, 0};
    memcpy(bytes + length, settings, sizeof(settings));
    length += sizeof(settings);
    uint8_t block[256];
    size_t block_length = raw_header_block(&recorder, "/test.Echo/Say", NULL, NULL, block, sizeof(block));
    const uint8_t headers[] = {0, 0, (uint8_t)block_length, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 0, 0, 0, 1};
    memcpy(bytes + length, headers, sizeof(headers));
    length += sizeof(headers);
    memcpy(bytes + length, block, block_length);
    length += block_length;
    const uint8_t data[] = {0, 0, 8, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 0, 0, 0, 1, 0, 0, 0, 0, 3, 'a', 'b', 'c'};
    memcpy(bytes + length, data, sizeof(data));
    length += sizeof(data);
    for (size_t i = 0; i < length; i++) {
        assert_true(raw_bytes(&lab->raw, bytes + i, 1));
        lab_settle(lab);
        assert_int_equal(raw_answer(&lab->raw, 1)->ended, i + 1 == length);
    }
    assert_memory_equal(raw_answer(&lab->raw, 1)->data.bytes, "\0\0\0\0\3abc", 8);
    raw_http2_release(&recorder);
}

static void test_error_text_is_percent_encoded(void **state)
{
    struct lab *lab = *state;
    static const char text[] = "100% of \xc3\xa9\n no ";
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Fail", text, strlen(text));
    lab_settle(lab);
    const struct raw_answer *answer = raw_answer(&lab->raw, 1);
    assert_string_equal(answer->http_status, "200");
    assert_string_equal(answer->grpc_status, "2");
    assert_string_equal(answer->grpc_message, "100%25 of %C3%A9%0A no%20");
    assert_int_equal(answer->data.length, 0);
    assert_true(answer->ended);
    assert_int_equal(lab_counters(lab).calls_failed, 1);
}

/* A request's oddity and its answer. */
struct refusal {
    const char *path;
    const char *header;
    const char *value;
    const char *http_status;
    const char *grpc_status;
    const char *text; /* as encoded */
};

static void test_refused_requests(void **state)
{
    static const struct refusal refusals[] = {
        {"/test.Echo/Nope", NULL, NULL, "200", "12", "unknown method Nope for service test.Echo"},
        {"/test.Other/Say", NULL, NULL, "200", "12", "unknown service test.Other"},
        {"/test.Echo", NULL, NULL, "200", "12", "malformed method name: \"/test.Echo\""},
        {"/test.Echo/Say/", NULL, NULL, "200", "12", "unknown service test.Echo/Say"},
        {"/test.Echo//Say", NULL, NULL, "200", "12", "unknown service test.Echo/"},
        {"/test.echo/say", NULL, NULL, "200", "12", "unknown service test.echo"},
        {"/test.Echo/Say", ":method", "GET", "405", "", ""},
        {"/test.Echo/Say", "content-type", "application/json", "415", "", ""},
        {"/test.Echo/Say", "content-type", "application/grpcx", "415", "", ""},
        {"/test.Echo/Say", "grpc-encoding", "gzip", "200", "12",
         "compressed messages are not accepted: use grpc-encoding identity"},
    };
    struct lab *lab = *state;
    lab_connect(lab);
    for (uint32_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *refusal = &refusals[i];
        uint32_t id = 2 * i + 1;
        raw_headers(&lab->raw, id, refusal->path, refusal->header, refusal->value);
        raw_message(&lab->raw, id, "x", 1, true);
        lab_settle(lab);
        const struct raw_answer *answer = raw_answer(&lab->raw, id);
        assert_string_equal(answer->http_status, refusal->http_status);
        assert_string_equal(answer->grpc_status, refusal->grpc_status);
        assert_string_equal(answer->grpc_message, refusal->text);
        assert_true(answer->ended);
    }
    assert_int_equal(lab_counters(lab).calls_started, 0);
    /* The connection is none the worse. */
    raw_call(&lab->raw, 101, "/test.Echo/Say", "y", 1);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 101)->grpc_status, "0");
}

static void test_accepted_content_types(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_headers(&lab->raw, 1, "/test.Echo/Say", "content-type", "application/grpc+proto");
    raw_message(&lab->raw, 1, "x", 1, true);
    raw_headers(&lab->raw, 3, "/test.Echo/Say", "grpc-encoding", "identity");
    raw_message(&lab->raw, 3, "x", 1, true);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_string_equal(raw_answer(&lab->raw, 3)->grpc_status, "0");
}

static void test_read_only_listener(void **state)
{
    struct lab *lab = *state;
    lab_restart(lab, NULL, true);
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Say", "x", 1);
    raw_call(&lab->raw, 3, "/test.Echo/Change", "x", 1);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_string_equal(raw_answer(&lab->raw, 3)->grpc_status, "7");
    assert_int_equal(lab_counters(lab).calls_started, 1);
}

static void test_broken_messages(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    /* No message; half a prefix; half a message; a compressed one; one that is too long; two. */
    raw_headers(&lab->raw, 1, "/test.Echo/Say", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "", 0);
    raw_headers(&lab->raw, 3, "/test.Echo/Say", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "\0\0", 2);
    raw_headers(&lab->raw, 5, "/test.Echo/Say", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 5, "\0\0\0\0\7abc", 8);
    raw_headers(&lab->raw, 7, "/test.Echo/Say", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 7, "\1\0\0\0\1a", 6);
    raw_headers(&lab->raw, 9, "/test.Echo/Say", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, 0, 9, "\0\xff\xff\xff\xff", 5);
    raw_headers(&lab->raw, 11, "/test.Echo/Hold", NULL, NULL);
    raw_message(&lab->raw, 11, "a", 1, false);
    raw_message(&lab->raw, 11, "b", 1, true);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "13");
    assert_string_equal(raw_answer(&lab->raw, 3)->grpc_status, "13");
    assert_string_equal(raw_answer(&lab->raw, 5)->grpc_status, "13");
    assert_string_equal(raw_answer(&lab->raw, 7)->grpc_status, "13");
    assert_string_equal(raw_answer(&lab->raw, 9)->grpc_status, "8");
    assert_string_equal(raw_answer(&lab->raw, 11)->grpc_status, "3");
    assert_int_equal(lab->service.cancelled, 1);
    /* What was not half-closed is told to stop, without a fault. */
    assert_true(raw_answer(&lab->raw, 9)->reset);
    assert_int_equal(raw_answer(&lab->raw, 9)->reset_code, NGHTTP2_NO_ERROR);
    assert_int_equal(lab_counters(lab).calls, 0);
    assert_int_equal(lab_counters(lab).buffered_bytes, 0);
}

static void test_late_answer(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Hold", "x", 1);
    lab_advance(lab, 100000);
    assert_non_null(lab->service.held);
    assert_string_equal(raw_answer(&lab->raw, 1)->http_status, "");
    rpc_call_reply(lab->service.held, "late", 4);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_int_equal(raw_answer(&lab->raw, 1)->data.length, 9);
    assert_int_equal(lab->service.cancelled, 0);
}

static void test_deadline(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_headers(&lab->raw, 1, "/test.Echo/Hold", "grpc-timeout", "200m");
    raw_message(&lab->raw, 1, "x", 1, true);
    lab_advance(lab, 199);
    assert_int_equal(lab->service.cancelled, 0);
    lab_advance(lab, 10);
    assert_int_equal(lab->service.cancelled, 1);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "4");
}

static void test_client_cancels(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Hold", "x", 1);
    raw_call(&lab->raw, 3, "/test.Echo/Watch", "x", 1);
    lab_settle(lab);
    raw_reset(&lab->raw, 1);
    lab_settle(lab);
    assert_int_equal(lab->service.cancelled, 1);
    assert_null(lab->service.held);
    assert_non_null(lab->service.watching);
    /* And then goes altogether. */
    stream_free(lab->raw.stream);
    lab->raw.stream = NULL;
    lab_settle(lab);
    assert_int_equal(lab->service.cancelled, 2);
    assert_int_equal(lab_counters(lab).connections, 0);
    assert_int_equal(lab_counters(lab).calls, 0);
}

static void test_watch_is_woken(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Watch", "x", 1);
    lab_settle(lab);
    for (unsigned i = 1; i <= 3; i++) {
        lab->service.events = 2;
        rpc_call_wake(lab->service.watching);
        lab_settle(lab);
        assert_int_equal(raw_answer(&lab->raw, 1)->data.length, (size_t)i * 2 * 10);
    }
    assert_false(raw_answer(&lab->raw, 1)->ended);
}

static void test_client_stream_is_not_held_back(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_headers(&lab->raw, 1, "/test.Echo/Sum", NULL, NULL);
    raw_message(&lab->raw, 1, "abc", 3, false);
    lab_settle(lab);
    assert_int_equal(lab->service.messages, 1);
    raw_message(&lab->raw, 1, "", 0, false);
    /* Two messages in one frame and half of a third. */
    raw_frame(&lab->raw, NGHTTP2_DATA, 0, 1, "\0\0\0\0\1x\0\0\0\0\2yz\0\0\0\0\3", 18);
    lab_settle(lab);
    assert_int_equal(lab->service.messages, 4);
    raw_frame(&lab->raw, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "123", 3);
    lab_settle(lab);
    assert_int_equal(lab->service.messages, 5);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_memory_equal(raw_answer(&lab->raw, 1)->data.bytes + 5, "\0\0\0\0\0\0\0\x09", 8);
    /* One that just stops, as `gobgp mrt inject` does: everything that came counts. */
    raw_headers(&lab->raw, 3, "/test.Echo/Sum", NULL, NULL);
    raw_message(&lab->raw, 3, "abc", 3, false);
    stream_free(lab->raw.stream);
    lab->raw.stream = NULL;
    lab_settle(lab);
    assert_int_equal(lab->service.messages, 6);
    assert_int_equal(lab->service.ended, 1);
    assert_int_equal(lab->service.cancelled, 1);
}

static void test_client_stream_without_messages(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_headers(&lab->raw, 1, "/test.Echo/Sum", NULL, NULL);
    raw_frame(&lab->raw, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "", 0);
    lab_settle(lab);
    assert_int_equal(lab->service.ended, 1);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
}

static void count_request(uint8_t message[8], uint32_t count, uint32_t bytes)
{
    struct buf buf;
    buf_init_fixed(&buf, message, 8);
    buf_u32(&buf, count);
    buf_u32(&buf, bytes);
}

static void test_empty_list(void **state)
{
    struct lab *lab = *state;
    uint8_t message[8];
    lab_connect(lab);
    count_request(message, 0, 0);
    raw_call(&lab->raw, 1, "/test.Echo/Count", message, sizeof(message));
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_int_equal(raw_answer(&lab->raw, 1)->data.length, 0);
}

static void test_list_waits_for_a_reader(void **state)
{
    struct lab *lab = *state;
    uint8_t message[8];
    lab_connect(lab);
    /* 30 of these, more than fits into the connection's window, and none of them read. */
    count_request(message, 1000000, 1000);
    for (uint32_t i = 0; i < 30; i++)
        raw_call(&lab->raw, 2 * i + 1, "/test.Echo/Count", message, sizeof(message));
    lab_settle(lab);
    assert_int_equal(lab_counters(lab).calls, 30);
    assert_true(lab_counters(lab).buffered_bytes < 256 << 10);
    unsigned asked = lab->service.asked;
    lab_advance(lab, 60000);
    assert_int_equal(lab->service.asked, asked);

    /* Each goes on as soon as it is let, however many stand still. */
    for (uint32_t i = 0; i < 30; i++) {
        uint32_t id = 2 * i + 1;
        size_t before = raw_answer(&lab->raw, id)->data.length;
        raw_window_update(&lab->raw, 0, 200000);
        raw_window_update(&lab->raw, id, 200000);
        lab_settle(lab);
        assert_true(raw_answer(&lab->raw, id)->data.length > before);
        assert_true(lab_counters(lab).buffered_bytes < 256 << 10);
    }
    /* Given up, nothing is left of them. */
    for (uint32_t i = 0; i < 30; i++)
        raw_reset(&lab->raw, 2 * i + 1);
    lab_settle(lab);
    assert_int_equal(lab->service.cancelled, 30);
    assert_int_equal(lab_counters(lab).buffered_bytes, 0);
}

static void test_socket_that_is_not_read(void **state)
{
    struct lab *lab = *state;
    uint8_t message[8];
    lab_connect(lab);
    raw_set_reading(&lab->raw, false);
    count_request(message, 1000000, 1000);
    raw_window_update(&lab->raw, 0, 1 << 30);
    raw_call(&lab->raw, 1, "/test.Echo/Count", message, sizeof(message));
    raw_window_update(&lab->raw, 1, 1 << 30);
    lab_settle(lab);
    assert_true(lab_counters(lab).buffered_bytes < 128 << 10);
    raw_set_reading(&lab->raw, true);
    while (raw_answer(&lab->raw, 1)->data.length < 2000000)
        assert_true(loop_turn(lab->loop, 0));
    raw_reset(&lab->raw, 1);
    lab_settle(lab);
    assert_int_equal(lab->service.cancelled, 1);
}

/* Another client's call is answered in a few turns while a long list runs. */
static void test_list_leaves_turns_to_others(void **state)
{
    struct lab *lab = *state;
    struct raw_http2 other;
    uint8_t message[8];
    lab_connect(lab);
    raw_http2_init(&other);
    lab_dial(lab, &other);
    raw_preface(&other);
    lab_settle(lab);
    count_request(message, 30000, 1000);
    raw_window_update(&lab->raw, 0, 1 << 30);
    raw_call(&lab->raw, 1, "/test.Echo/Count", message, sizeof(message));
    raw_window_update(&lab->raw, 1, 1 << 30);
    for (unsigned i = 0; i < 50; i++)
        loop_turn(lab->loop, 0);
    assert_true(raw_answer(&lab->raw, 1)->data.length > 100000);
    raw_call(&other, 1, "/test.Echo/Say", "x", 1);
    size_t before = raw_answer(&lab->raw, 1)->data.length;
    unsigned turns = 0;
    while (!raw_answer(&other, 1)->ended && turns < 100) {
        loop_turn(lab->loop, 0);
        turns++;
    }
    assert_true(turns < 10);
    assert_true(raw_answer(&lab->raw, 1)->data.length - before < 10 * (128 << 10));
    lab_settle(lab);
    assert_int_equal(raw_answer(&lab->raw, 1)->data.length, 30000 * 1005);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    raw_http2_release(&other);
}

static void drained(void *context)
{
    ((struct lab *)context)->drained = true;
}

static void test_drain(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Hold", "x", 1);
    raw_call(&lab->raw, 3, "/test.Echo/Watch", "x", 1);
    lab_settle(lab);
    rpc_server_drain(lab->server, 2000, drained, lab);
    lab_settle(lab);
    assert_int_equal(lab->raw.goaways, 1);
    assert_int_equal(lab->raw.goaway_code, NGHTTP2_NO_ERROR);
    assert_string_equal(raw_answer(&lab->raw, 3)->grpc_status, "14");
    assert_false(lab->drained);
    /* New calls are too late. */
    raw_call(&lab->raw, 5, "/test.Echo/Say", "x", 1);
    lab_advance(lab, 1000);
    assert_false(raw_answer(&lab->raw, 5)->ended);
    rpc_call_reply(lab->service.held, "done", 4);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_true(lab->raw.closed);
    assert_true(lab->drained);
    assert_int_equal(lab->service.cancelled, 1);
}

static void test_drain_has_an_end(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Hold", "x", 1);
    lab_settle(lab);
    rpc_server_drain(lab->server, 2000, drained, lab);
    lab_advance(lab, 1990);
    assert_false(lab->drained);
    lab_advance(lab, 20);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "14");
    assert_true(lab->drained);
    assert_int_equal(lab->service.cancelled, 1);
}

static void test_drain_of_an_idle_server(void **state)
{
    struct lab *lab = *state;
    rpc_server_drain(lab->server, 2000, drained, lab);
    lab_settle(lab);
    assert_true(lab->drained);
}

static void test_server_freed_with_calls(void **state)
{
    struct lab *lab = *state;
    lab_connect(lab);
    raw_call(&lab->raw, 1, "/test.Echo/Hold", "x", 1);
    raw_call(&lab->raw, 3, "/test.Echo/Watch", "x", 1);
    lab_settle(lab);
    lab_restart(lab, NULL, false);
    assert_int_equal(lab->service.cancelled, 2);
    lab_settle(lab);
    assert_true(lab->raw.closed);
}

#define lab_test(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        lab_test(test_settings_come_before_the_client_says_anything),
        lab_test(test_unary),
        lab_test(test_empty_message),
        lab_test(test_byte_by_byte),
        lab_test(test_error_text_is_percent_encoded),
        lab_test(test_refused_requests),
        lab_test(test_accepted_content_types),
        lab_test(test_read_only_listener),
        lab_test(test_broken_messages),
        lab_test(test_late_answer),
        lab_test(test_deadline),
        lab_test(test_client_cancels),
        lab_test(test_watch_is_woken),
        lab_test(test_client_stream_is_not_held_back),
        lab_test(test_client_stream_without_messages),
        lab_test(test_empty_list),
        lab_test(test_list_waits_for_a_reader),
        lab_test(test_socket_that_is_not_read),
        lab_test(test_list_leaves_turns_to_others),
        lab_test(test_drain),
        lab_test(test_drain_has_an_end),
        lab_test(test_drain_of_an_idle_server),
        lab_test(test_server_freed_with_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
