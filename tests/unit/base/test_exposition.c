#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/exposition.h"

static void test_samples(void **state)
{
    struct text out;
    text_init(&out, 1 << 16);
    exposition_head(&out, "routes", "gauge", "How many.");
    struct exposition plain = exposition_begin(&out, "routes", "");
    exposition_end(&plain, UINT64_MAX);
    struct exposition labelled = exposition_begin(&out, "routes", "_sum");
    exposition_label(&labelled, "peer", "192.0.2.1");
    exposition_label(&labelled, "family", "ipv4");
    exposition_end_real(&labelled, 0.25);
    assert_string_equal(out.bytes, "# HELP routes How many.\n# TYPE routes gauge\nroutes 18446744073709551615\n"
                                   "routes_sum{peer=\"192.0.2.1\",family=\"ipv4\"} 0.25\n");
    text_release(&out);
}

static void test_foreign_labels(void **state)
{
    struct text out;
    text_init(&out, 1 << 16);
    struct exposition sample = exposition_begin(&out, "x", "");
    exposition_label(&sample, "a", "\"\\\n");
    exposition_label(&sample, "b", "");
    exposition_label(&sample, "c", "x} 1\ny");
    exposition_end(&sample, 0);
    assert_string_equal(out.bytes, "x{a=\"\\\"\\\\\\n\",b=\"\",c=\"x} 1\\ny\"} 0\n");
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples), cmocka_unit_test(test_foreign_labels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
