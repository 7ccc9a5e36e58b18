#include "net/asn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/err.h"

static uint32_t parsed(const char *text)
{
    uint32_t asn = 12345;
    assert_int_equal(asn_parse(text, &asn), 0);
    return asn;
}

static void test_plain_and_dotted(void **state)
{
    assert_int_equal(parsed("0"), 0);
    assert_int_equal(parsed("65536"), 65536);
    assert_int_equal(parsed("4294967295"), 4294967295);
    assert_int_equal(parsed("1.0"), 65536);
    assert_int_equal(parsed("0.1"), 1);
    assert_int_equal(parsed("65535.65535"), 4294967295);
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "", "4294967296", "-1", "1.", ".1", "1.65536", "65536.0", "1.1.1", "AS1", "1 ", "00000000000001.1", "1. 1"};
    uint32_t asn = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(asn_parse(wrong[i], &asn), E_INVALID);
    assert_int_equal(asn, 7);
}

static void test_private_ranges(void **state)
{
    static const uint32_t inside[] = {64512, 65534, 4200000000, 4294967294};
    static const uint32_t outside[] = {0, 1, AS_TRANS, 64511, 65535, 65536, 4199999999, 4294967295};
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        assert_true(asn_is_private(inside[i]));
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
        assert_false(asn_is_private(outside[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_dotted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_private_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
