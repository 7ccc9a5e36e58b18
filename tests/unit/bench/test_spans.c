#include "bench/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void add(struct spans *spans, uint64_t begin_ns, uint64_t end_ns, uint64_t weight)
{
    spans_add(spans, &(struct span){.begin_ns = begin_ns, .end_ns = end_ns, .weight = weight});
}

static void test_quantiles_are_weighed(void **state)
{
    struct spans spans;
    struct spans_summary summary;
    (void)state;
    spans_init(&spans);
    add(&spans, 100, 105, 60);
    add(&spans, 100, 107, 20);
    add(&spans, 100, 107, 19); /* the same again: one entry */
    add(&spans, 0, 900, 1);
    assert_int_equal(spans.count, 3);
    spans_sum_up(&spans, NULL, &summary);
    assert_int_equal(summary.total, 100);
    assert_int_equal(summary.left_out, 0);
    assert_int_equal(summary.p50_ns, 5);
    assert_int_equal(summary.p99_ns, 7);
    assert_int_equal(summary.longest_ns, 900);
    spans_clear(&spans);
    spans_sum_up(&spans, NULL, &summary);
    assert_int_equal(summary.longest_ns, 0);
    spans_release(&spans);
}

static void test_interruptions_of_all_processors_are_one_list(void **state)
{
    struct spans spans;
    struct spans_summary summary;
    (void)state;
    spans_init(&spans);
    add(&spans, 500, 510, 1);
    add(&spans, 100, 120, 1);
    add(&spans, 105, 110, 1); /* within the one before */
    add(&spans, 115, 130, 1); /* beyond it */
    spans_unite(&spans);
    assert_int_equal(spans.count, 2);
    spans_sum_up(&spans, NULL, &summary);
    assert_int_equal(summary.sum_ns, 40);
    assert_int_equal(summary.longest_ns, 30);
    spans_double(&spans);
    assert_int_equal(spans.list[0].end_ns, 160);
    assert_int_equal(spans.list[1].end_ns, 520);
    spans_release(&spans);
}

static void test_what_an_interruption_explains_is_left_out(void **state)
{
    struct spans spans, shadows;
    struct spans_summary summary;
    (void)state;
    spans_init(&spans);
    spans_init(&shadows);
    add(&shadows, 100, 140, 1);
    add(&shadows, 300, 320, 1);
    add(&spans, 10, 20, 5);   /* before */
    add(&spans, 90, 140, 7);  /* mostly within */
    add(&spans, 310, 325, 2); /* likewise */
    add(&spans, 0, 1000, 1);  /* far longer than both: no excuse, but for their 60 */
    spans_sum_up(&spans, &shadows, &summary);
    assert_int_equal(summary.total, 15);
    assert_int_equal(summary.left_out, 9);
    assert_int_equal(summary.p50_ns, 10);
    assert_int_equal(summary.longest_ns, 940);
    spans_release(&spans);
    spans_release(&shadows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_are_weighed),
        cmocka_unit_test(test_interruptions_of_all_processors_are_one_list),
        cmocka_unit_test(test_what_an_interruption_explains_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
