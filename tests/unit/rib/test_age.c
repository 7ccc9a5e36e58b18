#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rib/age.h"

static void test_versions_find_their_second(void **state)
{
    (void)state;
    struct age age = {0};
    assert_int_equal(age_second(&age, 5), 0);
    age_note(&age, 1, 100);
    age_note(&age, 7, 100); /* the same second */
    age_note(&age, 9, 103);
    assert_int_equal(age_second(&age, 0), 0);
    assert_int_equal(age_second(&age, 1), 100);
    assert_int_equal(age_second(&age, 8), 100);
    assert_int_equal(age_second(&age, 9), 103);
    assert_int_equal(age_second(&age, 2000000000u), 103);
    age_release(&age);
}

static void test_memory_is_bounded_and_recent_times_exact(void **state)
{
    (void)state;
    struct age age = {0};
    const uint32_t seconds = 300000;
    for (uint32_t i = 1; i <= seconds; i++)
        age_note(&age, i * 3, i);
    assert_true(age.count <= 64 * 1024);
    for (uint32_t i = seconds - 20000; i <= seconds; i++)
        assert_int_equal(age_second(&age, i * 3 + 1), i);
    /* The distant past is coarse, in order, and never in the future. */
    uint32_t before = 0;
    for (uint32_t i = 1; i <= seconds; i += 17) {
        uint32_t second = age_second(&age, i * 3);
        assert_true(second >= before && second <= i);
        before = second;
    }
    age_release(&age);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_find_their_second),
        cmocka_unit_test(test_memory_is_bounded_and_recent_times_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
