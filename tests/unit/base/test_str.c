#include "base/str.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/utf8.h"

static void test_builds_and_truncates(void **state)
{
    char memory[8];
    struct str str = str_over(memory, sizeof(memory));
    assert_string_equal(memory, "");
    str_add(&str, "ab");
    str_add_char(&str, 'c');
    str_printf(&str, "%d", 42);
    assert_string_equal(memory, "abc42");
    assert_int_equal(str.length, 5);
    assert_false(str.truncated);
    str_add_n(&str, "xyz", 2);
    assert_string_equal(memory, "abc42xy");
    assert_false(str.truncated);
    str_add_char(&str, '!');
    assert_true(str.truncated);
    str_add(&str, "");
    str_printf(&str, "more");
    assert_string_equal(memory, "abc42xy");
}

static void test_printf_truncates_at_the_end(void **state)
{
    char memory[6];
    struct str str = str_over(memory, sizeof(memory));
    str_printf(&str, "%s", "12345");
    assert_false(str.truncated);
    str = str_over(memory, sizeof(memory));
    str_printf(&str, "%s", "123456");
    assert_true(str.truncated);
    assert_string_equal(memory, "12345");
    assert_int_equal(str.length, 5);
}

static void test_truncation_keeps_utf8_whole(void **state)
{
    char memory[6];
    struct str str = str_over(memory, sizeof(memory));
    str_add(&str, "abc\xe2\x82\xac");
    assert_string_equal(memory, "abc");
    assert_true(str.truncated);
    str_add(&str, "d"); /* would fit, but comes after the hole */
    assert_string_equal(memory, "abc");
}

static void assert_foreign(const char *bytes, size_t length, const char *expected)
{
    char memory[256];
    struct str str = str_over(memory, sizeof(memory));
    str_add_foreign(&str, bytes, length);
    assert_string_equal(memory, expected);
}

static void test_foreign_text(void **state)
{
    assert_foreign("plain \"quoted\" <b>", 18, "plain \"quoted\" <b>");
    assert_foreign("a\0b", 3, "a\\x00b");
    assert_foreign("a\n\r\t\x1b[31m\x7f", 10, "a\\x0a\\x0d\\x09\\x1b[31m\\x7f");
    assert_foreign("\xc3\xa9t\xc3\xa9 \xf0\x9f\x90\xa6", 10, "\xc3\xa9t\xc3\xa9 \xf0\x9f\x90\xa6");
    assert_foreign("\xc2\x9b", 2, "\\xc2\\x9b");                   /* C1: CSI in 8 bits */
    assert_foreign("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");          /* RIGHT-TO-LEFT OVERRIDE */
    assert_foreign("\xe2\x81\xa6", 3, "\\xe2\\x81\\xa6");          /* LEFT-TO-RIGHT ISOLATE */
    assert_foreign("\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8");          /* LINE SEPARATOR */
    assert_foreign("\xc3(", 2, "\\xc3(");                          /* broken continuation */
    assert_foreign("\xe2\x82", 2, "\\xe2\\x82");                   /* cut off */
    assert_foreign("\xc0\xaf", 2, "\\xc0\\xaf");                   /* overlong */
    assert_foreign("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");          /* surrogate */
    assert_foreign("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
    assert_foreign("\xff", 1, "\\xff");
    assert_foreign("", 0, "");
}

static void test_foreign_never_half_an_escape(void **state)
{
    char memory[6];
    struct str str = str_over(memory, sizeof(memory));
    str_add_foreign(&str, "ab\n", 3);
    assert_string_equal(memory, "ab");
    assert_true(str.truncated);
}

static void test_utf8_round_trip_of_every_character(void **state)
{
    for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
        uint8_t bytes[4];
        unsigned octets;
        if (rune < 0x80) {
            octets = 1, bytes[0] = (uint8_t)rune;
        } else if (rune < 0x800) {
            octets = 2, bytes[0] = (uint8_t)(0xc0 | rune >> 6);
        } else if (rune < 0x10000) {
            octets = 3, bytes[0] = (uint8_t)(0xe0 | rune >> 12);
        } else {
            octets = 4, bytes[0] = (uint8_t)(0xf0 | rune >> 18);
        }
        for (unsigned i = 1; i < octets; i++)
            bytes[i] = (uint8_t)(0x80 | (rune >> 6 * (octets - 1 - i) & 0x3f));
        uint32_t decoded = 0xffffffff;
        bool surrogate = rune >= 0xd800 && rune <= 0xdfff;
        unsigned got = utf8_decode(bytes, octets, &decoded);
        if (got != (surrogate ? 0 : octets) || (!surrogate && decoded != rune) ||
            utf8_decode(bytes, octets - 1, &decoded) != 0)
            fail_msg("U+%04X", rune);
    }
}

static void test_utf8_floor(void **state)
{
    static const char text[] = "a\xe2\x82\xac\x80\x80\x80\x80\x80z";
    assert_int_equal(utf8_floor(text, 1), 1);
    assert_int_equal(utf8_floor(text, 2), 1);
    assert_int_equal(utf8_floor(text, 3), 1);
    assert_int_equal(utf8_floor(text, 0), 0);
    assert_int_equal(utf8_floor(text, 7), 7); /* not UTF-8: cut where asked */
}

static void test_text_grows_to_its_ceiling(void **state)
{
    struct text text;
    text_init(&text, 10);
    text_add(&text, "");
    assert_string_equal(text.bytes, "");
    text_add(&text, "12345");
    text_printf(&text, "%d", 67890);
    assert_false(text.failed);
    assert_string_equal(text.bytes, "1234567890");
    text_add_n(&text, "", 0);
    assert_false(text.failed);
    text_printf(&text, "%c", 'x');
    assert_true(text.failed);
    assert_string_equal(text.bytes, "1234567890");
    text_clear(&text);
    text_add(&text, "12345678901");
    assert_true(text.failed);
    assert_string_equal(text.bytes, "");
    text_add(&text, "1"); /* would fit, but comes after the hole */
    assert_string_equal(text.bytes, "");
    text_release(&text);
}

static void test_text_printf_first_and_large(void **state)
{
    struct text text;
    text_init(&text, 100000);
    text_printf(&text, "%s", "first");
    assert_string_equal(text.bytes, "first");
    text_printf(&text, "%5000d", 7);
    assert_int_equal(text.length, 5005);
    assert_int_equal(strlen(text.bytes), 5005);
    for (unsigned i = 0; i < 9000; i++)
        text_add(&text, "0123456789");
    assert_false(text.failed);
    assert_int_equal(strlen(text.bytes), 95005);
    text_release(&text);
}

static void test_compare(void **state)
{
    assert_true(str_equal_nocase("Ipv4", "iPV4"));
    assert_false(str_equal_nocase("ipv4", "ipv"));
    assert_true(str_starts_with("neighbor", "nei"));
    assert_true(str_starts_with("x", ""));
    assert_false(str_starts_with("nei", "neighbor"));
}

static void test_parse_number(void **state)
{
    uint64_t value = 77;
    static const char *const wrong[] = {
        "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "18446744073709551616", "99999999999999999999", "a", "1a"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(str_parse_u64(wrong[i], 0, UINT64_MAX, &value), E_INVALID);
    assert_int_equal(value, 77); /* untouched by failure */

    assert_int_equal(str_parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(str_parse_u64("0", 0, 5, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(str_parse_u64("3", 3, 5, &value), 0);
    assert_int_equal(str_parse_u64("5", 3, 5, &value), 0);
    assert_int_equal(str_parse_u64("2", 3, 5, &value), E_INVALID);
    assert_int_equal(str_parse_u64("6", 3, 5, &value), E_INVALID);
}

static void test_distance(void **state)
{
    assert_int_equal(str_distance("", ""), 0);
    assert_int_equal(str_distance("abc", ""), 3);
    assert_int_equal(str_distance("", "abc"), 3);
    assert_int_equal(str_distance("kitten", "sitting"), 3);
    assert_int_equal(str_distance("neighbor", "neighbour"), 1);
    assert_int_equal(str_distance("hold-time", "hold-tiem"), 2);
    char a[200], b[200];
    memset(a, 'a', sizeof(a));
    memset(b, 'b', sizeof(b));
    a[127] = b[127] = '\0';
    assert_int_equal(str_distance(a, b), 127);
    assert_int_equal(str_distance(a, ""), 127);
    a[127] = 'a', b[127] = 'b', a[199] = b[199] = '\0';
    assert_int_equal(str_distance(a, b), 199);
    assert_int_equal(str_distance(a, a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builds_and_truncates),
        cmocka_unit_test(test_printf_truncates_at_the_end),
        cmocka_unit_test(test_truncation_keeps_utf8_whole),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_foreign_never_half_an_escape),
        cmocka_unit_test(test_utf8_round_trip_of_every_character),
        cmocka_unit_test(test_utf8_floor),
        cmocka_unit_test(test_text_grows_to_its_ceiling),
        cmocka_unit_test(test_text_printf_first_and_large),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_parse_number),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
