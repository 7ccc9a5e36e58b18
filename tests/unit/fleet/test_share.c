#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "fleet/share.h"

static void one_has_all(void **state)
{
    const struct share_holder alone[] = {{"a", 3}};
    assert_int_equal(share_target(alone, 1, "a", 7), 7);
    assert_int_equal(share_target(alone, 1, "a", 0), 0);
}

static void who_has_most_keeps_the_odd_one(void **state)
{
    const struct share_holder holders[] = {{"a", 0}, {"b", 5}, {"c", 0}};
    assert_int_equal(share_target(holders, 3, "b", 5), 2);
    assert_int_equal(share_target(holders, 3, "a", 5), 2); /* by name among equals */
    assert_int_equal(share_target(holders, 3, "c", 5), 1);
}

/* From any beginning: what each should have adds up, and once everybody has it, it stays. */
static void it_adds_up_and_stays(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    unsigned seed = 1;
    for (unsigned round = 0; round < 2000; round++) {
        struct share_holder holders[ARRAY_LEN(names)];
        unsigned targets[ARRAY_LEN(names)];
        seed = seed * 1103515245 + 12345;
        unsigned count = 1 + (seed >> 16) % ARRAY_LEN(names);
        unsigned routers = (seed >> 8) % 300;
        unsigned sum = 0;
        for (unsigned i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            holders[i] = (struct share_holder){.id = names[i], .held = (seed >> 16) % 100};
        }
        for (unsigned i = 0; i < count; i++) {
            targets[i] = share_target(holders, count, names[i], routers);
            sum += targets[i];
        }
        assert_int_equal(sum, routers);
        for (unsigned i = 0; i < count; i++)
            holders[i].held = targets[i];
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(share_target(holders, count, names[i], routers), targets[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_has_all),
        cmocka_unit_test(who_has_most_keeps_the_odd_one),
        cmocka_unit_test(it_adds_up_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
