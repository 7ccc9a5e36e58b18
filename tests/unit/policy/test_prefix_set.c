/* Prefix sets beside a plain list of ranges. */
#include "policy/prefix_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"

static struct prefix_range range(const char *prefix, const char *lengths)
{
    struct prefix_range made;
    assert_int_equal(prefix_range_parse(prefix, lengths, &made, NULL), 0);
    return made;
}

static bool has(const struct prefix_set *set, const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, false, &prefix), 0);
    return prefix_set_match(set, &prefix);
}

static void add(struct prefix_set *set, const char *prefix, const char *lengths)
{
    struct prefix_range more = range(prefix, lengths);
    assert_int_equal(prefix_set_add(set, &more), 0);
}

static void test_lengths(void **state)
{
    struct prefix_set set;
    prefix_set_init(&set);
    assert_false(has(&set, "0.0.0.0/0"));
    add(&set, "10.0.0.0/8", "16..24");
    add(&set, "192.0.2.0/24", NULL);
    add(&set, "0.0.0.0/0", "0..8");
    assert_true(has(&set, "10.1.0.0/16") && has(&set, "10.1.2.0/24") && has(&set, "192.0.2.0/24"));
    assert_true(has(&set, "0.0.0.0/0") && has(&set, "11.0.0.0/8"));
    assert_false(has(&set, "10.0.0.0/15") || has(&set, "10.1.2.0/25") || has(&set, "192.0.2.0/25"));
    assert_false(has(&set, "2001:db8::/32"));
    /* A longer member does not hide a shorter one that matches: GoBGP 3 looks at the longest only. */
    add(&set, "10.1.0.0/16", "30..32");
    assert_true(has(&set, "10.1.2.0/24") && has(&set, "10.1.2.4/30"));
    prefix_set_release(&set);
}

static void test_ipv6(void **state)
{
    struct prefix_set set;
    prefix_set_init(&set);
    add(&set, "2001:db8::/32", "48..64");
    add(&set, "2001:db8:1::/48", "128..128");
    struct prefix_range other = range("10.0.0.0/8", NULL);
    assert_int_equal(prefix_set_add(&set, &other), E_INVALID);
    assert_true(has(&set, "2001:db8:7::/48") && has(&set, "2001:db8:1:2::/64") && has(&set, "2001:db8:1::1/128"));
    assert_false(has(&set, "2001:db8::/32") || has(&set, "2001:db8:1::/65") || has(&set, "2001:db8:2::1/128"));
    prefix_set_release(&set);
}

static void test_list_in_order(void **state)
{
    struct prefix_set set;
    prefix_set_init(&set);
    add(&set, "10.2.0.0/16", NULL);
    add(&set, "10.1.0.0/16", "20..24");
    add(&set, "10.1.0.0/16", NULL);
    add(&set, "10.1.0.0/16", "20..24"); /* there already */
    add(&set, "10.0.0.0/8", NULL);
    assert_int_equal(set.count, 4);
    struct prefix_range *list = prefix_set_list(&set);
    static const struct {
        const char *prefix;
        unsigned minimum;
    } expected[] = {{"10.0.0.0/8", 8}, {"10.1.0.0/16", 20}, {"10.1.0.0/16", 16}, {"10.2.0.0/16", 16}};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        char text[PREFIX_TEXT_MAX];
        assert_string_equal(prefix_format(&list[i].prefix, text), expected[i].prefix);
        assert_int_equal(list[i].length_min, expected[i].minimum);
    }
    mem_free(MEM_POLICY, list);
    prefix_set_release(&set);
}

enum { RANGES = 400, STEPS = 20000 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct prefix_range random_range(uint32_t *seed)
{
    struct addr addr = addr_ipv4(0x0A000000u | (next_random(seed) & 0x0F0F0Fu));
    struct prefix_range made = {.prefix = prefix_make(&addr, (uint8_t)(8 + next_random(seed) % 20))};
    made.length_min = (uint8_t)(made.prefix.length + next_random(seed) % 4);
    made.length_max = (uint8_t)(made.length_min + next_random(seed) % 4);
    made.length_max = made.length_max > 32 ? 32 : made.length_max;
    return made;
}

static bool same(const struct prefix_range *a, const struct prefix_range *b)
{
    return prefix_equal(&a->prefix, &b->prefix) && a->length_min == b->length_min && a->length_max == b->length_max;
}

static void test_beside_a_list(void **state)
{
    static struct prefix_range list[RANGES];
    size_t count = 0, hits = 0;
    uint32_t seed = 7;
    struct prefix_set set;
    prefix_set_init(&set);
    for (unsigned step = 0; step < STEPS; step++) {
        struct prefix_range one = random_range(&seed);
        size_t at = 0;
        while (at < count && !same(&list[at], &one))
            at++;
        if (next_random(&seed) % 2 && count < RANGES) {
            assert_int_equal(prefix_set_add(&set, &one), 0);
            if (at == count)
                list[count++] = one;
        } else if (count > 0) {
            if (at == count)
                at = next_random(&seed) % count;
            assert_true(prefix_set_remove(&set, &list[at]));
            assert_false(prefix_set_has(&set, &list[at]));
            list[at] = list[--count];
        }
        assert_int_equal(set.count, count);
        struct prefix asked = random_range(&seed).prefix;
        bool expected = false;
        for (size_t i = 0; i < count; i++)
            expected |= prefix_covers(&list[i].prefix, &asked) && asked.length >= list[i].length_min &&
                        asked.length <= list[i].length_max;
        assert_int_equal(prefix_set_match(&set, &asked), expected);
        hits += expected;
    }
    assert_in_range(hits, STEPS / 50, STEPS);
    prefix_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_list_in_order),
        cmocka_unit_test(test_beside_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
