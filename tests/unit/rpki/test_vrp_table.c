/* VRPs: states of RFC 6811, changes of several sources at once, and a random run beside a plain list. */
#include "rpki/vrp_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, false, &prefix), 0);
    return prefix;
}

static struct vrp vrp_of(const char *prefix, unsigned max_length, uint32_t asn)
{
    return (struct vrp){.prefix = prefix_of(prefix), .max_length = (uint8_t)max_length, .asn = asn};
}

static void ignore(void *context, const struct prefix *prefix)
{
}

static void count(void *context, const struct prefix *prefix)
{
    ++*(unsigned *)context;
}

/* Settled, with how many prefixes changed. */
static unsigned settle(struct vrp_table *table)
{
    unsigned changed = 0;
    while (vrp_table_settle(table, 1, count, &changed))
        continue;
    return changed;
}

static int announce(struct vrp_table *table, unsigned source, const char *prefix, unsigned max_length, uint32_t asn)
{
    struct vrp vrp = vrp_of(prefix, max_length, asn);
    return vrp_change_announce(table, source, &vrp);
}

static int withdraw(struct vrp_table *table, unsigned source, const char *prefix, unsigned max_length, uint32_t asn)
{
    struct vrp vrp = vrp_of(prefix, max_length, asn);
    return vrp_change_withdraw(table, source, &vrp);
}

static unsigned commit(struct vrp_table *table, unsigned source)
{
    vrp_change_commit(table, source);
    return settle(table);
}

static enum validity judge(const struct vrp_table *table, const char *prefix, uint32_t origin_as)
{
    struct prefix route = prefix_of(prefix);
    return vrp_validate(table, &route, origin_as);
}

static void test_states(void **state)
{
    struct vrp_table *table = vrp_table_new();
    unsigned source = (unsigned)vrp_source_take(table);
    assert_int_equal(judge(table, "10.0.0.0/8", 65001), VALIDITY_NOT_FOUND);
    vrp_change_begin(table, source, true);
    assert_int_equal(announce(table, source, "10.0.0.0/8", 16, 65001), 0);
    assert_int_equal(announce(table, source, "10.1.0.0/16", 24, 65002), 0);
    assert_int_equal(announce(table, source, "10.2.0.0/16", 32, 0), 0);
    assert_int_equal(announce(table, source, "2001:db8::/32", 48, 65001), 0);
    assert_int_equal(judge(table, "10.0.0.0/8", 65001), VALIDITY_NOT_FOUND); /* not in force yet */
    assert_int_equal(commit(table, source), 4);

    assert_int_equal(judge(table, "10.0.0.0/8", 65001), VALIDITY_VALID);
    assert_int_equal(judge(table, "10.9.0.0/16", 65001), VALIDITY_VALID);
    assert_int_equal(judge(table, "10.9.0.0/17", 65001), VALIDITY_INVALID); /* longer than it may be */
    assert_int_equal(judge(table, "10.0.0.0/8", 65003), VALIDITY_INVALID);
    assert_int_equal(judge(table, "10.1.2.0/24", 65002), VALIDITY_VALID);
    assert_int_equal(judge(table, "10.1.0.0/16", 65001), VALIDITY_VALID); /* by the shorter one */
    assert_int_equal(judge(table, "10.1.2.0/24", 65001), VALIDITY_INVALID);
    assert_int_equal(judge(table, "0.0.0.0/0", 65001), VALIDITY_NOT_FOUND); /* covered by none */
    assert_int_equal(judge(table, "11.0.0.0/8", 65001), VALIDITY_NOT_FOUND);
    /* AS 0 says nobody may; a path ending in a set has no origin. */
    assert_int_equal(judge(table, "10.2.3.0/24", 65001), VALIDITY_INVALID);
    assert_int_equal(judge(table, "10.2.3.0/24", 0), VALIDITY_INVALID);
    assert_int_equal(judge(table, "10.0.0.0/8", 0), VALIDITY_INVALID);
    assert_int_equal(judge(table, "11.0.0.0/8", 0), VALIDITY_NOT_FOUND);

    assert_int_equal(judge(table, "2001:db8::/32", 65001), VALIDITY_VALID);
    assert_int_equal(judge(table, "2001:db8:1::/48", 65001), VALIDITY_VALID);
    assert_int_equal(judge(table, "2001:db8:1::/49", 65001), VALIDITY_INVALID);
    assert_int_equal(judge(table, "2001:db8:1::1/128", 65001), VALIDITY_INVALID);
    assert_int_equal(judge(table, "2001:db9::/32", 65001), VALIDITY_NOT_FOUND);

    struct vrp_counts counts = vrp_source_counts(table, source);
    assert_int_equal(counts.records[0], 3);
    assert_int_equal(counts.records[1], 1);
    assert_int_equal(counts.prefixes[0], 3);
    vrp_table_free(table);
}

static void test_wrong(void **state)
{
    struct vrp_table *table = vrp_table_new();
    unsigned source = (unsigned)vrp_source_take(table);
    vrp_change_begin(table, source, false);
    assert_int_equal(announce(table, source, "10.0.0.0/8", 7, 1), E_INVALID);
    assert_int_equal(announce(table, source, "10.0.0.0/8", 33, 1), E_INVALID);
    assert_int_equal(announce(table, source, "2001:db8::/32", 129, 1), E_INVALID);
    struct vrp host_bits = {.prefix = {.addr = addr_ipv4(0x0a000001), .length = 8}, .max_length = 8, .asn = 1};
    assert_int_equal(vrp_change_announce(table, source, &host_bits), E_INVALID);
    assert_int_equal(withdraw(table, source, "10.0.0.0/8", 8, 1), E_NOT_FOUND);
    assert_int_equal(announce(table, source, "10.0.0.0/8", 8, 1), 0);
    assert_int_equal(announce(table, source, "10.0.0.0/8", 8, 1), E_EXISTS);
    assert_int_equal(withdraw(table, source, "10.0.0.0/8", 8, 1), 0);
    assert_int_equal(withdraw(table, source, "10.0.0.0/8", 8, 1), E_NOT_FOUND);
    assert_int_equal(vrp_table_count(table, ADDR_IPV4), 0);
    /* As many of one prefix as a look-up is to go through, and no more. */
    for (uint32_t asn = 1; asn <= VRP_PER_PREFIX_MAX; asn++)
        assert_int_equal(announce(table, source, "10.0.0.0/8", 8, asn), 0);
    assert_int_equal(announce(table, source, "10.0.0.0/8", 8, VRP_PER_PREFIX_MAX + 1), E_LIMIT);
    vrp_change_abandon(table, source);
    assert_int_equal(settle(table), 0);
    assert_int_equal(vrp_table_count(table, ADDR_IPV4), 0);
    assert_true(vrp_source_is_empty(table, source));
    vrp_source_give(table, source);
    for (unsigned i = 0; i < VRP_SOURCES_MAX; i++)
        assert_int_equal(vrp_source_take(table), i);
    assert_int_equal(vrp_source_take(table), E_LIMIT);
    vrp_table_free(table);
}

static void test_two_sources(void **state)
{
    struct vrp_table *table = vrp_table_new();
    unsigned one = (unsigned)vrp_source_take(table), other = (unsigned)vrp_source_take(table);
    vrp_change_begin(table, one, true);
    announce(table, one, "10.0.0.0/8", 8, 65001);
    announce(table, one, "10.0.0.0/8", 8, 65002);
    assert_int_equal(commit(table, one), 2);
    vrp_change_begin(table, other, true);
    announce(table, other, "10.0.0.0/8", 8, 65001);
    assert_int_equal(commit(table, other), 0); /* nothing that was not there */
    assert_int_equal(vrp_table_count(table, ADDR_IPV4), 2);

    /* What one of them takes back the other one still has. */
    vrp_change_begin(table, one, true);
    assert_int_equal(commit(table, one), 1);
    assert_int_equal(judge(table, "10.0.0.0/8", 65001), VALIDITY_VALID);
    assert_int_equal(judge(table, "10.0.0.0/8", 65002), VALIDITY_INVALID);
    assert_true(vrp_source_is_empty(table, one));
    vrp_change_begin(table, other, false);
    assert_int_equal(withdraw(table, other, "10.0.0.0/8", 8, 65001), 0);
    assert_int_equal(judge(table, "10.0.0.0/8", 65001), VALIDITY_VALID);
    assert_int_equal(commit(table, other), 1);
    assert_int_equal(judge(table, "10.0.0.0/8", 65001), VALIDITY_NOT_FOUND);
    assert_int_equal(vrp_table_count(table, ADDR_IPV4), 0);
    vrp_table_free(table);
}

/* A commit is seen whole before anything has settled, and all the time it settles. */
static void test_at_once(void **state)
{
    enum { COUNT = 200 };
    struct vrp_table *table = vrp_table_new();
    unsigned source = (unsigned)vrp_source_take(table);
    for (unsigned round = 0; round < 4; round++) {
        bool whole = round % 2 == 0;
        vrp_change_begin(table, source, whole);
        for (uint32_t i = 0; i < COUNT; i++) {
            struct addr addr = addr_ipv4(0x0a000000 | i << 8);
            struct vrp vrp = {.prefix = prefix_make(&addr, 24), .max_length = 24, .asn = 65000 + round};
            assert_int_equal(vrp_change_announce(table, source, &vrp), 0);
            vrp.asn--;
            if (!whole && round > 0)
                assert_int_equal(vrp_change_withdraw(table, source, &vrp), 0);
        }
        vrp_change_commit(table, source);
        bool more = true;
        while (more) {
            for (uint32_t i = 0; i < COUNT; i++) {
                struct addr addr = addr_ipv4(0x0a000000 | i << 8);
                struct prefix route = prefix_make(&addr, 24);
                assert_int_equal(vrp_validate(table, &route, 65000 + round), VALIDITY_VALID);
                assert_int_equal(vrp_validate(table, &route, 64999 + round), VALIDITY_INVALID);
            }
            more = vrp_table_settle(table, 7, ignore, NULL);
        }
        assert_int_equal(vrp_table_count(table, ADDR_IPV4), COUNT);
    }
    vrp_table_free(table);
}

/* The model: what each of three sources has, and will have. */
enum { MODEL_SOURCES = 3, MODEL_VRPS = 4000 };

struct model {
    struct vrp vrps[MODEL_VRPS];
    uint8_t now[MODEL_VRPS], next[MODEL_VRPS]; /* bits of sources */
};

static uint32_t random_below(uint32_t limit)
{
    return (uint32_t)rand() % limit;
}

/* Few bits, so that they cover one another. */
static struct prefix random_prefix(void)
{
    uint32_t spread = random_below(4096);
    if (random_below(3) == 0) {
        struct addr addr = {.kind = ADDR_IPV6, .bytes = {0x20, 0x01, (uint8_t)(spread >> 4), (uint8_t)(spread << 4)}};
        return prefix_make(&addr, (uint8_t)(16 + random_below(16)));
    }
    struct addr addr = addr_ipv4(0x0a000000 | spread << 12);
    return prefix_make(&addr, (uint8_t)(8 + random_below(15)));
}

static void random_vrp(struct vrp *vrp)
{
    vrp->prefix = random_prefix();
    vrp->max_length = (uint8_t)(vrp->prefix.length + random_below(5));
    vrp->asn = random_below(6);
}

static enum validity model_judge(const struct model *model, const struct prefix *prefix, uint32_t origin_as)
{
    enum validity validity = VALIDITY_NOT_FOUND;
    for (unsigned i = 0; i < MODEL_VRPS; i++) {
        const struct vrp *vrp = &model->vrps[i];
        if (model->now[i] == 0 || !prefix_covers(&vrp->prefix, prefix))
            continue;
        if (vrp->asn != 0 && vrp->asn == origin_as && prefix->length <= vrp->max_length)
            return VALIDITY_VALID;
        validity = VALIDITY_INVALID;
    }
    return validity;
}

static void compare(const struct vrp_table *table, const struct model *model)
{
    for (unsigned i = 0; i < 300; i++) {
        struct prefix route = random_prefix();
        uint32_t origin_as = random_below(6);
        assert_int_equal(vrp_validate(table, &route, origin_as), model_judge(model, &route, origin_as));
    }
}

static unsigned list_count(const struct vrp_table *table, enum addr_kind kind)
{
    struct vrp_list *list = vrp_list_new(table, kind);
    struct vrp before = {0}, vrp;
    unsigned listed = 0;
    uint32_t sources;
    while (!vrp_list_prepare(list, 100))
        continue;
    while (vrp_list_next(list, &vrp, &sources)) {
        int order = prefix_compare(&before.prefix, &vrp.prefix);
        assert_true(listed == 0 || order < 0 ||
                    (order == 0 && (before.max_length < vrp.max_length ||
                                    (before.max_length == vrp.max_length && before.asn < vrp.asn))));
        before = vrp;
        listed++;
    }
    vrp_list_free(list);
    return listed;
}

static void random_change(struct vrp_table *table, struct model *model, unsigned source)
{
    bool whole = random_below(3) == 0;
    uint8_t bit = (uint8_t)(1u << source);
    vrp_change_begin(table, source, whole);
    for (unsigned i = 0; i < MODEL_VRPS; i++)
        model->next[i] = (uint8_t)(whole ? model->now[i] & ~bit : model->now[i]);
    for (unsigned step = random_below(3000); step > 0; step--) {
        unsigned i = random_below(MODEL_VRPS);
        const struct vrp *vrp = &model->vrps[i];
        bool has = (model->next[i] & bit) != 0;
        if (random_below(2) == 0) {
            assert_int_equal(vrp_change_announce(table, source, vrp), has ? E_EXISTS : 0);
            model->next[i] |= bit;
        } else {
            assert_int_equal(vrp_change_withdraw(table, source, vrp), has ? 0 : E_NOT_FOUND);
            model->next[i] &= (uint8_t)~bit;
        }
    }
    compare(table, model);
    if (random_below(4) == 0) {
        vrp_change_abandon(table, source);
    } else {
        vrp_change_commit(table, source);
        memcpy(model->now, model->next, sizeof(model->now));
    }
    compare(table, model);
    for (unsigned i = 0; i < 20 && vrp_table_settle(table, 50, ignore, NULL); i++)
        compare(table, model);
    settle(table);
    compare(table, model);
}

static bool is_known(const struct model *model, unsigned count, const struct vrp *vrp)
{
    for (unsigned i = 0; i < count; i++)
        if (prefix_equal(&model->vrps[i].prefix, &vrp->prefix) && model->vrps[i].max_length == vrp->max_length &&
            model->vrps[i].asn == vrp->asn)
            return true;
    return false;
}

static void test_model(void **state)
{
    struct model *model = mem_zalloc(MEM_OTHER, sizeof(*model));
    struct vrp_table *table = vrp_table_new();
    srand(20261122);
    for (unsigned i = 0; i < MODEL_VRPS; i++)
        do
            random_vrp(&model->vrps[i]);
        while (is_known(model, i, &model->vrps[i]));
    for (unsigned i = 0; i < MODEL_SOURCES; i++)
        assert_int_equal(vrp_source_take(table), i);
    for (unsigned round = 0; round < 40; round++)
        random_change(table, model, random_below(MODEL_SOURCES));
    unsigned expected = 0, records = 0;
    for (unsigned i = 0; i < MODEL_VRPS; i++) {
        expected += model->now[i] != 0;
        records += (unsigned)__builtin_popcount(model->now[i]);
    }
    assert_int_equal(vrp_table_count(table, ADDR_IPV4) + vrp_table_count(table, ADDR_IPV6), expected);
    assert_int_equal(list_count(table, ADDR_IPV4) + list_count(table, ADDR_IPV6), expected);
    for (unsigned i = 0; i < MODEL_SOURCES; i++) {
        struct vrp_counts counts = vrp_source_counts(table, i);
        records -= counts.records[0] + counts.records[1];
        assert_true(counts.prefixes[0] <= counts.records[0]);
    }
    assert_int_equal(records, 0);
    for (unsigned i = 0; i < MODEL_SOURCES; i++) {
        vrp_change_begin(table, i, true);
        commit(table, i);
        struct vrp_counts counts = vrp_source_counts(table, i);
        assert_int_equal(counts.prefixes[0] + counts.prefixes[1], 0);
    }
    assert_int_equal(vrp_table_count(table, ADDR_IPV4) + vrp_table_count(table, ADDR_IPV6), 0);
    vrp_table_free(table);
    mem_free(MEM_OTHER, model);
}

static void test_empty_list(void **state)
{
    struct vrp_table *table = vrp_table_new();
    assert_int_equal(list_count(table, ADDR_IPV4), 0);
    assert_true(vrp_table_bytes(table) < 1 << 20);
    vrp_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),  cmocka_unit_test(test_wrong), cmocka_unit_test(test_two_sources),
        cmocka_unit_test(test_at_once), cmocka_unit_test(test_model), cmocka_unit_test(test_empty_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
