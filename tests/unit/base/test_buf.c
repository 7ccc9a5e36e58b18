#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/cursor.h"
#include "base/mem.h"

static void test_writes_in_network_order(void **state)
{
    struct buf buf;
    buf_init(&buf, 100);
    buf_u8(&buf, 1);
    buf_u16(&buf, 0x0203);
    buf_u24(&buf, 0x040506);
    buf_u32(&buf, 0x0708090a);
    buf_u64(&buf, UINT64_C(0x0b0c0d0e0f101112));
    buf_put(&buf, "xy", 2);
    buf_put(&buf, NULL, 0);
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 'x', 'y'};
    assert_int_equal(buf.length, sizeof(expected));
    assert_memory_equal(buf.bytes, expected, sizeof(expected));
    buf_release(&buf);
}

static void test_ceiling_is_exact_and_failure_sticks(void **state)
{
    struct buf buf;
    buf_init(&buf, 5);
    buf_u32(&buf, 1);
    buf_u16(&buf, 2);
    assert_true(buf.failed);
    assert_int_equal(buf.length, 4);
    buf_u8(&buf, 3); /* would fit, but comes after the hole */
    assert_int_equal(buf.length, 4);
    buf_patch_u16(&buf, 1000, 1); /* a place that was never written because of the failure */
    assert_null(buf_extend(&buf, 0));

    buf_clear(&buf);
    assert_false(buf.failed);
    buf_put(&buf, "abcde", 5);
    assert_false(buf.failed);
    buf_u8(&buf, 0);
    assert_true(buf.failed);
    buf_release(&buf);
}

static void test_huge_length_does_not_wrap(void **state)
{
    struct buf buf;
    buf_init(&buf, 1000);
    buf_u8(&buf, 1);
    assert_null(buf_extend(&buf, SIZE_MAX));
    assert_true(buf.failed);
    buf_release(&buf);
}

static void test_grows_across_many_writes(void **state)
{
    struct buf buf;
    buf_init(&buf, 40000);
    for (unsigned i = 0; i < 10000; i++)
        buf_u32(&buf, i * 2654435761u);
    assert_false(buf.failed);
    assert_true(buf.capacity <= 40000);
    struct cursor cursor = cursor_of(buf.bytes, buf.length);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(cursor_u32(&cursor), i * 2654435761u);
    buf_u8(&buf, 0);
    assert_true(buf.failed);
    buf_release(&buf);
}

static void test_fixed_memory_is_never_grown(void **state)
{
    uint8_t memory[8];
    struct buf buf;
    buf_init_fixed(&buf, memory, sizeof(memory));
    buf_u64(&buf, 5);
    assert_false(buf.failed);
    assert_ptr_equal(buf.bytes, memory);
    buf_u8(&buf, 1);
    assert_true(buf.failed);
    buf_release(&buf);
}

static void test_patch_and_consume(void **state)
{
    struct buf buf;
    buf_init(&buf, 100);
    buf_put(&buf, "......", 6);
    buf_patch_u8(&buf, 0, 'a');
    buf_patch_u16(&buf, 4, 0x7a7a);
    assert_memory_equal(buf.bytes, "a...zz", 6);
    buf_consume(&buf, 0);
    buf_consume(&buf, 4);
    assert_int_equal(buf.length, 2);
    assert_memory_equal(buf.bytes, "zz", 2);
    buf_consume(&buf, 2);
    assert_int_equal(buf.length, 0);
    buf_release(&buf);
}

static void test_empty_extension_has_an_address(void **state)
{
    struct buf buf;
    buf_init(&buf, 10);
    assert_non_null(buf_extend(&buf, 0));
    buf_release(&buf);
}

static void test_memory_returns(void **state)
{
    uint64_t before = mem_usage(MEM_BUFFER).bytes;
    struct buf buf;
    buf_init(&buf, 10000);
    buf_extend(&buf, 5000);
    assert_true(mem_usage(MEM_BUFFER).bytes >= before + 5000);
    buf_release(&buf);
    assert_true(mem_usage(MEM_BUFFER).bytes == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_in_network_order),
        cmocka_unit_test(test_ceiling_is_exact_and_failure_sticks),
        cmocka_unit_test(test_huge_length_does_not_wrap),
        cmocka_unit_test(test_grows_across_many_writes),
        cmocka_unit_test(test_fixed_memory_is_never_grown),
        cmocka_unit_test(test_patch_and_consume),
        cmocka_unit_test(test_empty_extension_has_an_address),
        cmocka_unit_test(test_memory_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
