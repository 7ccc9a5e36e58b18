#include "base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

static void test_reads_in_network_order(void **state)
{
    struct cursor cursor = cursor_of(octets, sizeof(octets));
    assert_int_equal(cursor_u8(&cursor), 0x01);
    assert_int_equal(cursor_u16(&cursor), 0x0203);
    assert_int_equal(cursor_u24(&cursor), 0x040506);
    assert_int_equal(cursor_u32(&cursor), 0x0708090a);
    assert_true(cursor_u64(&cursor) == UINT64_C(0x0b0c0d0e0f101112));
    assert_true(cursor_done(&cursor));
    assert_false(cursor.failed);
}

static void test_failure_sticks_and_yields_zeros(void **state)
{
    struct cursor cursor = cursor_of(octets, 3);
    assert_int_equal(cursor_u32(&cursor), 0);
    assert_true(cursor.failed);
    assert_true(cursor_done(&cursor));
    assert_int_equal(cursor_left(&cursor), 0);
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_null(cursor_take(&cursor, 0));

    uint8_t copy[4] = {9, 9, 9, 9};
    cursor_copy(&cursor, copy, sizeof(copy));
    assert_memory_equal(copy, "\0\0\0\0", 4);
}

static void test_exact_end_is_not_failure(void **state)
{
    struct cursor cursor = cursor_of(octets, 2);
    assert_ptr_equal(cursor_take(&cursor, 2), octets);
    assert_true(cursor_done(&cursor));
    assert_false(cursor.failed);
    assert_non_null(cursor_take(&cursor, 0));
    assert_null(cursor_take(&cursor, 1));
    assert_true(cursor.failed);
}

static void test_huge_length_does_not_wrap(void **state)
{
    struct cursor cursor = cursor_of(octets, 4);
    cursor_u8(&cursor);
    assert_null(cursor_take(&cursor, SIZE_MAX));
    assert_true(cursor.failed);
}

static void test_sub_is_bounded_by_its_own_end(void **state)
{
    struct cursor cursor = cursor_of(octets, 6);
    struct cursor sub = cursor_sub(&cursor, 2);
    assert_int_equal(cursor_u16(&sub), 0x0102);
    assert_int_equal(cursor_u8(&sub), 0);
    assert_true(sub.failed);
    assert_false(cursor.failed); /* a broken part leaves the rest readable */
    assert_int_equal(cursor_u8(&cursor), 3);

    sub = cursor_sub(&cursor, 4);
    assert_true(sub.failed);
    assert_true(cursor.failed);
    assert_int_equal(cursor_left(&sub), 0);
}

static void test_empty_window_over_nothing(void **state)
{
    struct cursor cursor = cursor_of(NULL, 0);
    assert_true(cursor_done(&cursor));
    assert_false(cursor.failed);
    assert_non_null(cursor_take(&cursor, 0));
    struct cursor sub = cursor_sub(&cursor, 0);
    assert_false(sub.failed);
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_true(cursor.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_in_network_order),        cmocka_unit_test(test_failure_sticks_and_yields_zeros),
        cmocka_unit_test(test_exact_end_is_not_failure),      cmocka_unit_test(test_huge_length_does_not_wrap),
        cmocka_unit_test(test_sub_is_bounded_by_its_own_end), cmocka_unit_test(test_empty_window_over_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
