#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

static void test_clocks_are_the_system_s(void **state)
{
    struct timespec low, high;
    clock_gettime(CLOCK_MONOTONIC, &low);
    struct mono_time mono = mono_now(), later = mono_now();
    clock_gettime(CLOCK_MONOTONIC, &high);
    assert_true(mono.ns >= low.tv_sec * 1000000000 + low.tv_nsec);
    assert_true(later.ns <= high.tv_sec * 1000000000 + high.tv_nsec);
    assert_false(mono_before(later, mono));

    struct wall_time wall = wall_now();
    assert_true(wall.ns / 1000000000 >= time(NULL) - 5 && wall.ns / 1000000000 <= time(NULL) + 5);
}

static void test_arithmetic(void **state)
{
    struct mono_time start = {.ns = 5000000000};
    struct mono_time end = mono_add_ms(start, 1500);
    assert_int_equal(end.ns, 6500000000);
    assert_int_equal(mono_diff_ms(end, start), 1500);
    assert_int_equal(mono_diff_ms(start, end), -1500);
    assert_true(mono_before(start, end));
    assert_false(mono_before(end, start));
    assert_false(mono_before(start, start));
    assert_int_equal(mono_add_ms(start, INT64_C(4000000000)).ns, INT64_C(4000005000000000)); /* 46 days */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_are_the_system_s),
        cmocka_unit_test(test_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
