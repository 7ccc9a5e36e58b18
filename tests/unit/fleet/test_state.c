/* What a session is, for every combination of legs that matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fleet/state.h"

static enum fleet_state of(unsigned up, unsigned down, unsigned unknown)
{
    const unsigned legs[LEG_STATE_COUNT] = {[LEG_UP] = up, [LEG_DOWN] = down, [LEG_UNKNOWN] = unknown};
    return fleet_state_of(legs);
}

static void all_up_is_up(void **state)
{
    assert_int_equal(of(1, 0, 0), FLEET_UP);
    assert_int_equal(of(2, 0, 0), FLEET_UP);
}

static void some_up_is_partial(void **state)
{
    assert_int_equal(of(1, 1, 0), FLEET_PARTIAL);
    assert_int_equal(of(1, 0, 1), FLEET_PARTIAL);
    assert_int_equal(of(3, 1, 1), FLEET_PARTIAL);
}

static void down_needs_somebody_who_says_so(void **state)
{
    assert_int_equal(of(0, 1, 0), FLEET_DOWN);
    assert_int_equal(of(0, 1, 1), FLEET_DOWN);
    assert_int_equal(of(0, 0, 2), FLEET_UNKNOWN);
    assert_int_equal(of(0, 0, 0), FLEET_UNKNOWN);
}

static void names_are_read_back(void **state)
{
    for (enum fleet_state i = 0; i < FLEET_STATE_COUNT; i++) {
        enum fleet_state read = FLEET_DISABLED;
        assert_true(fleet_state_parse(fleet_state_name(i), &read));
        assert_int_equal(read, i);
    }
    enum fleet_state read = FLEET_UP;
    assert_false(fleet_state_parse("upp", &read));
    assert_int_equal(leg_state_parse("down"), LEG_DOWN);
    assert_int_equal(leg_state_parse("no such state"), LEG_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_up_is_up),
        cmocka_unit_test(some_up_is_partial),
        cmocka_unit_test(down_needs_somebody_who_says_so),
        cmocka_unit_test(names_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
