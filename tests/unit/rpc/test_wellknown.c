#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lab.h"
#include "rpc/wellknown.h"

static const char health_check[] = "/grpc.health.v1.Health/Check";
static const char health_watch[] = "/grpc.health.v1.Health/Watch";
static const char reflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
static const struct rpc_descriptors descriptors = {.bytes = (const uint8_t *)"DESCRIPTORS", .length = 11};

static int set_up(void **state)
{
    lab_set_up(state);
    struct lab *lab = *state;
    rpc_health_register(lab->server);
    rpc_reflection_register(lab->server, &descriptors);
    lab_connect(lab);
    return 0;
}

static void test_health(void **state)
{
    struct lab *lab = *state;
    raw_call(&lab->raw, 1, health_check, "", 0);
    raw_call(&lab->raw, 3, health_check, "\x0a\x09test.Echo", 11);
    raw_call(&lab->raw, 5, health_check, "\x0a\x08test.Ech", 10);
    raw_call(&lab->raw, 7, health_check, "\x0a\x7ftest", 6);
    raw_call(&lab->raw, 9, health_check, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "0");
    assert_memory_equal(raw_answer(&lab->raw, 1)->data.bytes, "\0\0\0\0\2\x08\x01", 7);
    assert_memory_equal(raw_answer(&lab->raw, 3)->data.bytes, "\0\0\0\0\2\x08\x01", 7);
    assert_string_equal(raw_answer(&lab->raw, 5)->grpc_status, "5");
    assert_string_equal(raw_answer(&lab->raw, 7)->grpc_status, "3");
    assert_string_equal(raw_answer(&lab->raw, 9)->grpc_status, "3");
}

static void test_health_is_watched(void **state)
{
    struct lab *lab = *state;
    raw_call(&lab->raw, 1, health_watch, "", 0);
    raw_call(&lab->raw, 3, health_watch, "\x0a\x03zzz", 5);
    lab_settle(lab);
    assert_memory_equal(raw_answer(&lab->raw, 1)->data.bytes, "\0\0\0\0\2\x08\x01", 7);
    assert_memory_equal(raw_answer(&lab->raw, 3)->data.bytes, "\0\0\0\0\2\x08\x03", 7);
    assert_false(raw_answer(&lab->raw, 1)->ended);
    rpc_server_drain(lab->server, 1000, NULL, NULL);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "14");
}

static void test_reflection(void **state)
{
    struct lab *lab = *state;
    raw_headers(&lab->raw, 1, reflection, NULL, NULL);
    raw_message(&lab->raw, 1, "\x3a\x01*", 3, false); /* list_services */
    lab_settle(lab);
    struct raw_answer *answer = raw_answer(&lab->raw, 1);
    assert_memory_equal(answer->data.bytes + 5, "\x12\x03\x3a\x01*\x32", 6);
    assert_non_null(memmem(answer->data.bytes, answer->data.length, "\x0a\x17\x0a\x15grpc.health.v1.Health", 25));
    assert_non_null(memmem(answer->data.bytes, answer->data.length, "\x0a\x0b\x0a\x09test.Echo", 13));
    assert_null(memmem(answer->data.bytes, answer->data.length, "Check", 5));
    assert_false(answer->ended);

    size_t before = answer->data.length;
    raw_message(&lab->raw, 1, "\x22\x09test.Echo", 11, false); /* file_containing_symbol */
    lab_settle(lab);
    assert_memory_equal(answer->data.bytes + before + 5,
                        "\x12\x0b\x22\x09test.Echo\x22\x0b"
                        "DESCRIPTORS",
                        26);
    before = answer->data.length;
    raw_message(&lab->raw, 1, "\x32\x01x", 3, true); /* all_extension_numbers_of_type */
    lab_settle(lab);
    assert_memory_equal(answer->data.bytes + before + 5, "\x12\x03\x32\x01x\x3a", 6);
    assert_string_equal(answer->grpc_status, "0");
}

/* Answers of 11 bytes and more to questions of one, never read. */
static void test_questions_without_a_reader(void **state)
{
    struct lab *lab = *state;
    static const uint8_t zeros[4] = {0};
    raw_frame(&lab->raw, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\0\0\0", 6); /* a window of nothing */
    raw_headers(&lab->raw, 1, reflection, NULL, NULL);
    for (unsigned i = 0; i < 10000 && !raw_answer(&lab->raw, 1)->ended; i++) {
        raw_message(&lab->raw, 1, zeros, 0, false);
        if (i % 100 == 0)
            lab_settle(lab);
        assert_true(lab_counters(lab).buffered_bytes < 64 << 10);
    }
    raw_frame(&lab->raw, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\1\0\0", 6);
    lab_settle(lab);
    assert_string_equal(raw_answer(&lab->raw, 1)->grpc_status, "8");
}

#define wellknown_test(function) cmocka_unit_test_setup_teardown(function, set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        wellknown_test(test_health),
        wellknown_test(test_health_is_watched),
        wellknown_test(test_reflection),
        wellknown_test(test_questions_without_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
