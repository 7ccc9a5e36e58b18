/* File names with a time: strftime's patterns and GoBGP's layouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/time_name.h"

enum { ROOM = 128 };

/* Saturday, 2026-11-07 03:04:09 UTC */
static const struct wall_time moment = {.ns = 1794020649LL * 1000000000};

static void assert_name(const char *pattern, bool layout, const char *expected)
{
    char name[ROOM];
    struct err err = {0};
    if (time_name_format(pattern, layout, moment, name, sizeof(name), &err) < 0)
        fail_msg("%s: %s", pattern, err.text);
    assert_string_equal(name, expected);
}

static void test_patterns(void **state)
{
    assert_name("/var/rib.%Y%m%d.%H%M%S", false, "/var/rib.20261107.030409");
    assert_name("/var/rib.%F-%T.mrt", true, "/var/rib.2026-11-07-03:04:09.mrt");
    assert_name("%s", false, "1794020649");
    assert_name("100%%.%y.%j.%b%a%Z", false, "100%.26.311.NovSatUTC");
    /* with a percent sign it is no layout */
    assert_name("2006.%Y", true, "2006.2026");
}

static void test_layouts(void **state)
{
    assert_name("/var/20060102.1504.dump", true, "/var/20261107.0304.dump");
    assert_name("20060102.150405", true, "20261107.030409");
    assert_name("Jan January Mon Monday", true, "Nov November Sat Saturday");
    assert_name("06-1-2 3PM 4 5", true, "26-11-7 3AM 4 9");
    assert_name("002 MST -0700", true, "311 UTC +0000");
    /* a word that only begins like one */
    assert_name("Janus Montag", true, "Janus Montag");
}

static void test_fixed(void **state)
{
    assert_name("/var/20060102.1504.dump", false, "/var/20060102.1504.dump");
}

static void test_refused(void **state)
{
    char name[ROOM], small[8];
    struct err err = {0};
    assert_int_equal(time_name_format("x%Q", false, moment, name, sizeof(name), &err), E_INVALID);
    assert_string_equal(err.text, "%Q: no conversion that a file name can have (as in strftime)");
    assert_int_equal(time_name_format("x%", false, moment, name, sizeof(name), &err), E_INVALID);
    assert_int_equal(time_name_format("too-long", false, moment, small, sizeof(small), &err), E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_refused),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
