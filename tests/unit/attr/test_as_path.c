#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "base/check.h"
#include "base/err.h"

static const char *format(const struct buf *path, char *text, size_t size)
{
    struct str out = str_over(text, size);
    as_path_format(path->bytes, (uint16_t)path->length, &out);
    return text;
}

static void parse(const char *text, struct buf *path)
{
    buf_init(path, 4096);
    assert_int_equal(as_path_parse(text, path), 0);
}

static void test_parse_and_format(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},
        {"65001", "65001"},
        {"65001 65002 {65010,65011} (64512 64513) [64514,64515]",
         "65001 65002 {65010,65011} (64512 64513) [64514,64515]"},
        {"1 2,3 {4,5} 6.7", "1 2 3 {4,5} 393223"},
        {"{1 2}", "{1,2}"},
        {" 1,, 2 ", "1 2"},
        {"4294967295", "4294967295"},
        {"(1)(2) 3", "(1) (2) 3"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf path;
        char text[200];
        parse(cases[i].text, &path);
        assert_string_equal(format(&path, text, sizeof(text)), cases[i].expected);
        buf_release(&path);
    }
}

static void test_parse_wire(void **state)
{
    struct buf path;
    parse("1 2 {3}", &path);
    static const uint8_t expected[] = {2, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 0, 0, 0, 3};
    assert_int_equal(path.length, sizeof(expected));
    assert_memory_equal(path.bytes, expected, sizeof(expected));
    buf_release(&path);
}

static void test_parse_refuses(void **state)
{
    static const char *const wrong[] = {
        "x",       "1 x",        "{",  "}",  "{}",      "{1", "{1)", "(1}",
        "{1 {2}}", "4294967296", "1.", ".1", "1.65536", "-1", "1;2", "00000000000000000000001",
    };
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        struct buf path;
        buf_init(&path, 4096);
        buf_u8(&path, 77);
        assert_int_equal(as_path_parse(wrong[i], &path), E_INVALID);
        assert_int_equal(path.length, 1);
        buf_release(&path);
    }
    struct buf small;
    buf_init(&small, 8);
    assert_int_equal(as_path_parse("1 2", &small), E_INVALID);
    buf_release(&small);
}

static void test_long_sequence_is_split(void **state)
{
    char text[2000] = "", set[2000] = "{";
    for (unsigned i = 0; i < 300; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u ", i);
        snprintf(set + strlen(set), sizeof(set) - strlen(set), "%u,", i);
    }
    struct buf path;
    parse(text, &path);
    assert_int_equal(path.length, 2 + 255 * 4 + 2 + 45 * 4);
    assert_int_equal(path.bytes[1], 255);
    assert_int_equal(path.bytes[2 + 255 * 4 + 1], 45);
    buf_clear(&path);
    set[strlen(set) - 1] = '}';
    assert_int_equal(as_path_parse(set, &path), E_INVALID);
    buf_release(&path);
}

static void prepend_assert(const char *from, uint8_t type, uint32_t asn, unsigned times, const char *expected)
{
    struct buf path, out;
    char text[200];
    parse(from, &path);
    buf_init(&out, 4096);
    as_path_prepend(path.bytes, (uint16_t)path.length, type, asn, times, &out);
    assert_string_equal(format(&out, text, sizeof(text)), expected);
    buf_release(&path);
    buf_release(&out);
}

static void test_prepend(void **state)
{
    prepend_assert("", SEGMENT_AS_SEQUENCE, 9, 1, "9");
    prepend_assert("1 2", SEGMENT_AS_SEQUENCE, 9, 3, "9 9 9 1 2");
    prepend_assert("1 2", SEGMENT_AS_SEQUENCE, 9, 0, "1 2");
    prepend_assert("{1,2} 3", SEGMENT_AS_SEQUENCE, 9, 1, "9 {1,2} 3");
    prepend_assert("1 2", SEGMENT_CONFED_SEQUENCE, 9, 1, "(9) 1 2");
    prepend_assert("(1) 2", SEGMENT_CONFED_SEQUENCE, 9, 2, "(9 9 1) 2");
}

static void test_prepend_joins_or_opens(void **state)
{
    struct buf path, out;
    buf_init(&path, 4096);
    buf_init(&out, 65536);
    as_path_prepend(NULL, 0, SEGMENT_AS_SEQUENCE, 5, 254, &path);
    assert_int_equal(path.length, 2 + 254 * 4);
    as_path_prepend(path.bytes, (uint16_t)path.length, SEGMENT_AS_SEQUENCE, 6, 1, &out);
    assert_int_equal(out.length, 2 + 255 * 4);
    assert_int_equal(out.bytes[1], 255);
    buf_clear(&out);
    as_path_prepend(path.bytes, (uint16_t)path.length, SEGMENT_AS_SEQUENCE, 6, 2, &out);
    assert_int_equal(out.length, 2 + 2 * 4 + path.length);
    assert_int_equal(out.bytes[1], 2);
    buf_clear(&out);
    as_path_prepend(path.bytes, (uint16_t)path.length, SEGMENT_AS_SEQUENCE, 6, 600, &out);
    assert_int_equal(out.length, 3 * 2 + 600 * 4 + path.length);
    assert_int_equal(as_path_occurrences(out.bytes, (uint16_t)out.length, 6), 600);
    assert_int_equal(as_path_occurrences(out.bytes, (uint16_t)out.length, 5), 254);
    buf_release(&path);
    buf_release(&out);
}

static void test_occurrences(void **state)
{
    struct buf path;
    parse("1 2 1 {1,3} (1) [1]", &path);
    assert_int_equal(as_path_occurrences(path.bytes, (uint16_t)path.length, 1), 5);
    assert_int_equal(as_path_occurrences(path.bytes, (uint16_t)path.length, 3), 1);
    assert_int_equal(as_path_occurrences(path.bytes, (uint16_t)path.length, 4), 0);
    assert_int_equal(as_path_occurrences(NULL, 0, 4), 0);
    buf_release(&path);
}

static void check_rewrite(const char *before, struct as_path_change change, const char *after)
{
    struct buf path, out;
    char memory[256];
    struct str text = str_over(memory, sizeof(memory));
    parse(before, &path);
    buf_init(&out, 4096);
    as_path_rewrite(path.bytes, (uint16_t)path.length, &change, &out);
    as_path_format(out.bytes, (uint16_t)out.length, &text);
    assert_string_equal(memory, after);
    buf_release(&path);
    buf_release(&out);
}

static void test_rewrite(void **state)
{
    const struct as_path_change none = {0};
    const struct as_path_change removed = {.remove_private = true};
    const struct as_path_change replaced = {.remove_private = true, .private_with = 7};
    const struct as_path_change peers = {.replace = 64512, .replace_with = 7};
    const struct as_path_change both = {.replace = 64512, .replace_with = 7, .remove_private = true};
    check_rewrite("1 64512 {2,65534}", none, "1 64512 {2,65534}");
    check_rewrite("1 64512 65535 64511 4200000000 {2,65534} {64513}", removed, "1 65535 64511 {2}");
    check_rewrite("64512 64513", removed, "");
    check_rewrite("1 64512 {2,65534}", replaced, "1 7 {2,7}");
    check_rewrite("1 64512 64513 {64512}", peers, "1 7 64513 {7}");
    check_rewrite("1 64512 64513", both, "1 7");
    check_rewrite("", removed, "");
}

static void test_malformed_is_absent(void **state)
{
    static const uint8_t wrong[][6] = {
        {2, 2, 0, 0, 0, 1}, /* too few numbers */
        {2, 0, 0, 0, 0, 1}, /* none */
        {0, 1, 0, 0, 0, 1}, /* types 0 and 5 */
        {5, 1, 0, 0, 0, 1},
    };
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        struct cursor cursor = cursor_of(wrong[i], 6);
        struct as_segment segment;
        assert_false(as_segment_next(&cursor, &segment));
        assert_true(cursor.failed);
        assert_int_equal(as_path_occurrences(wrong[i], 6, 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format), cmocka_unit_test(test_parse_wire),
        cmocka_unit_test(test_parse_refuses),    cmocka_unit_test(test_long_sequence_is_split),
        cmocka_unit_test(test_prepend),          cmocka_unit_test(test_prepend_joins_or_opens),
        cmocka_unit_test(test_occurrences),      cmocka_unit_test(test_malformed_is_absent),
        cmocka_unit_test(test_rewrite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
