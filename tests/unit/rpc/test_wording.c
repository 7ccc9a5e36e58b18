#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/rpc.h"
#include "rpc/target.h"
#include "rpc/wording.h"

static void test_text_goes_there_and_back(void **state)
{
    char encoded[RPC_ENCODED_TEXT_MAX];
    char text[1024];
    char decoded[1024];
    for (unsigned round = 0; round < 2000; round++) {
        size_t length = (size_t)rand() % 300;
        for (size_t i = 0; i < length; i++)
            text[i] = (char)(1 + rand() % 255);
        text[length] = '\0';
        size_t encoded_length = rpc_text_encode(text, encoded);
        assert_int_equal(encoded_length, strlen(encoded));
        for (size_t i = 0; i < encoded_length; i++)
            assert_in_range(encoded[i], 0x20, 0x7e);
        rpc_text_decode((const uint8_t *)encoded, encoded_length, decoded, sizeof(decoded));
        assert_string_equal(decoded, text);
    }
}

static void test_long_text_is_cut(void **state)
{
    static char text[10000];
    char encoded[RPC_ENCODED_TEXT_MAX];
    char decoded[16];
    memset(text, '\n', sizeof(text) - 1);
    size_t length = rpc_text_encode(text, encoded);
    assert_in_range(length, RPC_ENCODED_TEXT_MAX - 4, RPC_ENCODED_TEXT_MAX - 1);
    rpc_text_decode((const uint8_t *)encoded, length, decoded, sizeof(decoded));
    assert_int_equal(strlen(decoded), sizeof(decoded) - 1);
}

static void test_lenient_decoding(void **state)
{
    static const char *const cases[][2] = {
        {"%", "%"},         {"%4", "%4"}, {"%zz", "%zz"}, {"a%20b", "a b"}, {"%e2%82%AC", "\xe2\x82\xac"},
        {"100%25", "100%"}, {"", ""},
    };
    char decoded[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rpc_text_decode((const uint8_t *)cases[i][0], strlen(cases[i][0]), decoded, sizeof(decoded));
        assert_string_equal(decoded, cases[i][1]);
    }
}

static void test_timeouts(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: none */
    } cases[] = {
        {"1S", 1000},   {"99999999H", 99999999LL * 3600000},
        {"2M", 120000}, {"500m", 500},
        {"1u", 1},      {"1001u", 2},
        {"1n", 1},      {"0m", 0},
        {"", -1},       {"S", -1},
        {"1", -1},      {"-1S", -1},
        {"1x", -1},     {"123456789S", -1},
        {"1 S", -1},    {"1.5S", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = -1;
        bool good = rpc_timeout_parse((const uint8_t *)cases[i].text, strlen(cases[i].text), &ms);
        assert_int_equal(good, cases[i].ms >= 0);
        if (good)
            assert_int_equal(ms, cases[i].ms);
    }
    char text[RPC_TIMEOUT_TEXT_MAX];
    int64_t ms = 0;
    rpc_timeout_format(1500, text);
    assert_string_equal(text, "1500m");
    rpc_timeout_format(UINT32_MAX, text);
    assert_true(rpc_timeout_parse((const uint8_t *)text, strlen(text), &ms));
    assert_int_equal(ms, UINT32_MAX / 1000 * 1000LL);
}

static void test_code_names(void **state)
{
    for (int code = 0; code < RPC_CODE_COUNT; code++)
        assert_non_null(rpc_code_name(code));
    assert_string_equal(rpc_code_name(RPC_UNKNOWN), "Unknown");
    assert_null(rpc_code_name(RPC_CODE_COUNT));
    assert_null(rpc_code_name((enum rpc_code) - 1));
}

static void test_targets(void **state)
{
    static const struct {
        const char *text;
        bool local;
        const char *name; /* host or path; NULL: not a target */
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:50051", false, "127.0.0.1", 50051},
        {"host.example:1", false, "host.example", 1},
        {":50051", false, "", 50051},
        {"[::1]:50051", false, "::1", 50051},
        {"[::1]", false, "::1", 7},
        {"::1", false, "::1", 7},
        {"host", false, "host", 7},
        {"dns:///host:99", false, "host", 99},
        {"unix:///run/x.sock", true, "/run/x.sock", 7},
        {"unix:x.sock", true, "x.sock", 7},
        {"unix:", true, NULL, 0},
        {"host:", false, NULL, 0},
        {"host:0", false, NULL, 0},
        {"host:65536", false, NULL, 0},
        {"host:12a", false, NULL, 0},
        {"[::1", false, NULL, 0},
        {"[::1]x", false, NULL, 0},
        {"unix:///"
         "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8",
         true, NULL, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpc_target target;
        struct err err = {.text = ""};
        int result = rpc_target_parse(cases[i].text, 7, &target, &err);
        assert_int_equal(result, cases[i].name ? E_OK : E_INVALID);
        if (!cases[i].name) {
            assert_string_not_equal(err.text, "");
            continue;
        }
        assert_int_equal(target.local, cases[i].local);
        assert_string_equal(target.local ? target.path : target.host, cases[i].name);
        assert_int_equal(target.port, cases[i].port);
    }
    struct rpc_target target;
    assert_int_equal(rpc_target_parse("host", 0, &target, NULL), E_INVALID);
}

static void test_resolving(void **state)
{
    struct rpc_target target;
    struct endpoint addresses[RPC_TARGET_ADDRESSES_MAX];
    assert_int_equal(rpc_target_parse("[2001:db8::1]:5", 0, &target, NULL), E_OK);
    assert_int_equal(rpc_target_resolve(&target, addresses, NULL), 1);
    assert_int_equal(addresses[0].addr.kind, ADDR_IPV6);
    assert_int_equal(addresses[0].port, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_goes_there_and_back),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_lenient_decoding),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_code_names),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_resolving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
