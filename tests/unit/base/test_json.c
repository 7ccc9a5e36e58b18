#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct text out;

static int setup(void **state)
{
    text_init(&out, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    text_release(&out);
    return 0;
}

static void test_nesting_and_commas(void **state)
{
    struct json json = json_over(&out);
    json_object(&json);
    json_key(&json, "a");
    json_array(&json);
    json_u64(&json, 1);
    json_i64(&json, -2);
    json_object(&json);
    json_object_end(&json);
    json_array(&json);
    json_array_end(&json);
    json_array_end(&json);
    json_key(&json, "b");
    json_bool(&json, true);
    json_key(&json, "c");
    json_object(&json);
    json_key(&json, "d");
    json_null(&json);
    json_key(&json, "e");
    json_bool(&json, false);
    json_object_end(&json);
    json_key(&json, "f");
    json_u64(&json, UINT64_MAX);
    json_key(&json, "g");
    json_i64(&json, INT64_MIN);
    json_object_end(&json);
    assert_string_equal(out.bytes, "{\"a\":[1,-2,{},[]],\"b\":true,\"c\":{\"d\":null,\"e\":false},"
                                   "\"f\":18446744073709551615,\"g\":-9223372036854775808}");
    assert_int_equal(json.depth, 0);
}

static void test_siblings_after_deeper_levels(void **state)
{
    struct json json = json_over(&out);
    json_array(&json);
    for (unsigned i = 0; i < 2; i++) {
        json_array(&json);
        json_array(&json);
        json_u64(&json, i);
        json_array_end(&json);
        json_array_end(&json);
    }
    json_array_end(&json);
    assert_string_equal(out.bytes, "[[[0]],[[1]]]");
}

static void test_deepest_nesting(void **state)
{
    struct json json = json_over(&out);
    for (unsigned i = 0; i < JSON_DEPTH_MAX - 1; i++)
        json_array(&json);
    json_u64(&json, 1);
    json_u64(&json, 2);
    for (unsigned i = 0; i < JSON_DEPTH_MAX - 1; i++)
        json_array_end(&json);
    assert_int_equal(out.length, 2 * (JSON_DEPTH_MAX - 1) + 3);
}

static void assert_string_json(const char *value, size_t length, const char *expected)
{
    text_clear(&out);
    struct json json = json_over(&out);
    json_string_n(&json, value, length);
    assert_string_equal(out.bytes, expected);
}

static void test_strings_as_go_prints_them(void **state)
{
    assert_string_json("", 0, "\"\"");
    assert_string_json("plain", 5, "\"plain\"");
    assert_string_json("\"\\/", 3, "\"\\\"\\\\/\"");
    assert_string_json("a\n\r\t\b\f\x01\x1f\x7f", 9, "\"a\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\x7f\"");
    assert_string_json("a\0b", 3, "\"a\\u0000b\"");
    assert_string_json("<a>&'", 5, "\"\\u003ca\\u003e\\u0026'\"");
    assert_string_json("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 9, "\"\\u2028\\u2029\xe2\x80\xaa\"");
    assert_string_json("\xc3\xa9\xf0\x9f\x90\xa6", 6, "\"\xc3\xa9\xf0\x9f\x90\xa6\"");
    assert_string_json("x\xff\xe2\x82y", 5, "\"x\\ufffd\\ufffd\\ufffdy\"");
    assert_string_json("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");

    text_clear(&out);
    struct json json = json_over(&out);
    json_object(&json);
    json_key(&json, "<k>");
    json_string(&json, "v");
    json_object_end(&json);
    assert_string_equal(out.bytes, "{\"\\u003ck\\u003e\":\"v\"}");
}

static const char *float_text(float value)
{
    text_clear(&out);
    struct json json = json_over(&out);
    json_float32(&json, value);
    return out.bytes;
}

static void test_float32_as_go_prints_it(void **state)
{
    assert_string_equal(float_text(0.0f), "0");
    assert_string_equal(float_text(-0.0f), "-0");
    assert_string_equal(float_text(1.0f), "1");
    assert_string_equal(float_text(-1.5f), "-1.5");
    assert_string_equal(float_text(0.1f), "0.1");
    assert_string_equal(float_text(3.14159274f), "3.1415927");
    assert_string_equal(float_text(125000.0f), "125000");
    assert_string_equal(float_text(1.25e9f), "1250000000");
    assert_string_equal(float_text(16777216.0f), "16777216");
    assert_string_equal(float_text(0.000001f), "0.000001");
    assert_string_equal(float_text(0.00000099f), "9.9e-7");
    assert_string_equal(float_text(1e20f), "100000000000000000000");
    assert_string_equal(float_text(1e21f), "1e+21");
    assert_string_equal(float_text(3.4028235e38f), "3.4028235e+38");
    assert_string_equal(float_text(1e-45f), "1e-45");
    assert_string_equal(float_text(-1.17549435e-38f), "-1.1754944e-38");
    assert_string_equal(float_text(ldexpf(1, 90)), "1.2379401e+27");
    assert_string_equal(float_text(NAN), "null");
    assert_string_equal(float_text(INFINITY), "null");
}

static void test_float32_reads_back(void **state)
{
    uint32_t bits = 1;
    for (unsigned i = 0; i < 20000; i++) {
        bits = bits * 1664525 + 1013904223;
        float value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        const char *text = float_text(value);
        assert_true(strtof(text, NULL) == value);
        assert_true(strlen(text) <= 32);
    }
}

static void test_base64(void **state)
{
    static const char *const expected[] = {"\"\"",         "\"Zg==\"",     "\"Zm8=\"",    "\"Zm9v\"",
                                           "\"Zm9vYg==\"", "\"Zm9vYmE=\"", "\"Zm9vYmFy\""}; /* RFC 4648 section 10 */
    for (size_t length = 0; length <= 6; length++) {
        text_clear(&out);
        struct json json = json_over(&out);
        json_base64(&json, "foobar", length);
        assert_string_equal(out.bytes, expected[length]);
    }
    text_clear(&out);
    struct json json = json_over(&out);
    json_array(&json);
    json_base64(&json, "\xff\xfe\xfb", 3);
    json_base64(&json, NULL, 0);
    json_array_end(&json);
    assert_string_equal(out.bytes, "[\"//77\",\"\"]");
}

static void test_ceiling_fails_quietly(void **state)
{
    struct text small;
    text_init(&small, 4);
    struct json json = json_over(&small);
    json_array(&json);
    json_string(&json, "too long");
    json_array_end(&json);
    assert_true(small.failed);
    text_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nesting_and_commas, setup, teardown),
        cmocka_unit_test_setup_teardown(test_siblings_after_deeper_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deepest_nesting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings_as_go_prints_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_float32_as_go_prints_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_float32_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_base64, setup, teardown),
        cmocka_unit_test(test_ceiling_fails_quietly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
