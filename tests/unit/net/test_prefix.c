#include "net/prefix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static struct prefix of(const char *text)
{
    struct prefix prefix;
    if (prefix_parse(text, true, &prefix) != 0)
        fail_msg("%s does not parse", text);
    return prefix;
}

static void assert_prints(const char *text, const char *expected)
{
    char printed[PREFIX_TEXT_MAX];
    struct prefix prefix = of(text);
    assert_ptr_equal(prefix_format(&prefix, printed), printed);
    assert_string_equal(printed, expected);
}

static void test_parse_masks_and_prints(void **state)
{
    assert_prints("192.0.2.0/24", "192.0.2.0/24");
    assert_prints("192.0.2.255/25", "192.0.2.128/25");
    assert_prints("255.255.255.255/0", "0.0.0.0/0");
    assert_prints("255.255.255.255/1", "128.0.0.0/1");
    assert_prints("10.1.2.3", "10.1.2.3/32");
    assert_prints("2001:db8::1", "2001:db8::1/128");
    assert_prints("2001:db8:ffff::/33", "2001:db8:8000::/33");
    assert_prints("ffff::ffff/127", "ffff::fffe/127");
    assert_prints("::/0", "::/0");
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "",        "/",          "/24",        "192.0.2.0/",  "192.0.2.0/33", "192.0.2.0/-1",       "::/129",
        "1.2.3/8", "1.2.3.4/ 8", "1.2.3.4/8 ", "1.2.3.4/8/9", "1.2.3.4/+8",   "1.2.3.4/4294967304", "fe80::1%lo/64"};
    struct prefix prefix = of("10.0.0.0/8"), before = prefix;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(prefix_parse(wrong[i], true, &prefix), E_INVALID);
    assert_int_equal(prefix_parse("192.0.2.1", false, &prefix), E_INVALID);
    assert_memory_equal(&prefix, &before, sizeof(prefix));

    char far_too_long[300];
    memset(far_too_long, '1', sizeof(far_too_long));
    memcpy(far_too_long + sizeof(far_too_long) - 4, "/24", 4);
    assert_int_equal(prefix_parse(far_too_long, true, &prefix), E_INVALID);
}

static void test_make_bounds_the_length(void **state)
{
    struct addr addr = addr_ipv4(0xffffffff);
    struct prefix prefix = prefix_make(&addr, 200);
    assert_int_equal(prefix.length, 32);
    for (unsigned length = 0; length <= 32; length++) {
        prefix = prefix_make(&addr, (uint8_t)length);
        assert_int_equal(addr_ipv4_value(&prefix.addr), length ? 0xffffffffu << (32 - length) : 0);
        assert_int_equal(prefix.length, length);
    }
}

static void test_wire_round_trip(void **state)
{
    uint8_t ones[16], wire[17];
    memset(ones, 0xff, sizeof(ones));
    for (unsigned kind = ADDR_IPV4; kind <= ADDR_IPV6; kind += 2) {
        struct addr addr = addr_from_bytes((enum addr_kind)kind, ones);
        for (unsigned length = 0; length <= addr_bits(&addr); length++) {
            struct prefix prefix = prefix_make(&addr, (uint8_t)length), back;
            unsigned octets = prefix_write(&prefix, wire);
            assert_int_equal(octets, 1 + (length + 7) / 8);
            struct cursor cursor = cursor_of(wire, octets);
            prefix_read(&cursor, (enum addr_kind)kind, &back);
            assert_false(cursor.failed);
            assert_int_equal(cursor_left(&cursor), 0);
            assert_memory_equal(&back, &prefix, sizeof(prefix));
            if (octets > 1) {
                cursor = cursor_of(wire, octets - 1);
                prefix_read(&cursor, (enum addr_kind)kind, &back);
                assert_true(cursor.failed);
            }
        }
    }
}

static void test_wire_trailing_bits_and_errors(void **state)
{
    struct prefix prefix, expected = of("192.0.2.128/25");
    struct cursor cursor = cursor_of("\x19\xc0\x00\x02\xff", 5);
    prefix_read(&cursor, ADDR_IPV4, &prefix);
    assert_memory_equal(&prefix, &expected, sizeof(prefix));

    cursor = cursor_of("\x21\xc0\x00\x02\xff\xff", 6);
    prefix_read(&cursor, ADDR_IPV4, &prefix);
    assert_true(cursor.failed);
    uint8_t wide[20] = {129};
    cursor = cursor_of(wide, sizeof(wide));
    prefix_read(&cursor, ADDR_IPV6, &prefix);
    assert_true(cursor.failed);
    cursor = cursor_of(NULL, 0);
    prefix_read(&cursor, ADDR_IPV4, &prefix);
    assert_true(cursor.failed);
}

static void test_order(void **state)
{
    static const char *const ordered[] = {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9",
                                          "::/0",      "::/128",     "1::/16"};
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 7; j++) {
            struct prefix a = of(ordered[i]), b = of(ordered[j]);
            assert_int_equal(prefix_compare(&a, &b), i < j ? -1 : i > j);
            assert_int_equal(prefix_equal(&a, &b), i == j);
        }
    }
}

static void assert_covers(const char *outer_text, const char *inner_text, bool expected)
{
    struct prefix outer = of(outer_text), inner = of(inner_text);
    if (prefix_covers(&outer, &inner) != expected)
        fail_msg("%s %s", outer_text, inner_text);
}

static void test_covers(void **state)
{
    assert_covers("0.0.0.0/0", "1.2.3.4/32", true);
    assert_covers("10.0.0.0/8", "10.0.0.0/8", true);
    assert_covers("10.0.0.0/8", "10.255.0.0/16", true);
    assert_covers("10.0.0.0/8", "11.0.0.0/8", false);
    assert_covers("10.0.0.0/9", "10.0.0.0/8", false);
    assert_covers("10.0.0.0/9", "10.128.0.0/9", false);
    assert_covers("10.128.0.0/9", "10.200.0.0/16", true);
    assert_covers("10.0.0.0/31", "10.0.0.1/32", true);
    assert_covers("10.0.0.0/32", "10.0.0.1/32", false);
    assert_covers("::/0", "0.0.0.0/0", false);
    assert_covers("2001:db8::/32", "2001:db8:1::/48", true);
    assert_covers("::/127", "::1/128", true);
    assert_covers("::1/128", "::1/128", true);
    assert_covers("::/128", "::1/128", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_masks_and_prints),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_make_bounds_the_length),
        cmocka_unit_test(test_wire_round_trip),
        cmocka_unit_test(test_wire_trailing_bits_and_errors),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
