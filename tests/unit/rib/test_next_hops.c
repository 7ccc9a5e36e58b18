/* Next hops that come and go: the RIB against a plain model, what a change costs, and what is forgotten. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "rib/next_hops.h"

enum { HOPS = 8, SOURCES = 4, PREFIXES = 2500, STEPS = 30000, NOBODY = -1 };

struct lab {
    struct rib *rib;
    struct next_hop_state states[HOPS];
    attr_id sets[HOPS];
    int told[PREFIXES][SOURCES]; /* the next hop, or NOBODY */
    unsigned looks;
    bool woken;
};

static struct addr hop_addr(unsigned hop)
{
    return addr_ipv4(0xC0000200 + hop);
}

static void look(void *context, const struct addr *next_hop, struct next_hop_state *state)
{
    struct lab *lab = context;
    unsigned hop = addr_ipv4_value(next_hop) - 0xC0000200;
    lab->looks++;
    *state = hop < HOPS ? lab->states[hop] : (struct next_hop_state){0};
}

static void wake(void *context)
{
    struct lab *lab = context;
    lab->woken = true;
}

static const struct next_hop_ops ops = {look, wake};

static attr_id make_set(struct rib *rib, const struct addr *next_hop)
{
    const uint8_t origin = 0, path[6] = {SEGMENT_AS_SEQUENCE, 1, 0, 0, 0xFD, 0xE9};
    struct buf bytes;
    struct attr_block block;
    buf_init(&bytes, 256);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &origin, 1);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path, sizeof(path));
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop->bytes, addr_bits(next_hop) / 8);
    attr_block_of(bytes.bytes, (uint32_t)bytes.length, &block);
    attr_id id = attr_store_intern(rib->attrs, &block, 0);
    buf_release(&bytes);
    return id;
}

static struct lab *lab_new(void)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    const struct rib_options options = {0};
    assert_non_null(lab);
    hash_set_seed(5);
    lab->rib = rib_new(FAMILY_IPV4_UNICAST, &options);
    lab->rib->next_hops = next_hops_new(&ops, lab);
    for (source_id source = 1; source <= SOURCES; source++) {
        struct addr address = addr_ipv4(0x0A000000 + source);
        rib_source_open(lab->rib, source, SOURCE_INTERNAL, &address, 65000, source);
    }
    for (unsigned i = 0; i < HOPS; i++) {
        struct addr addr = hop_addr(i);
        lab->sets[i] = make_set(lab->rib, &addr);
    }
    memset(lab->told, 0xFF, sizeof(lab->told));
    return lab;
}

static void lab_free(struct lab *lab)
{
    for (unsigned i = 0; i < HOPS; i++)
        attr_store_unref(lab->rib->attrs, lab->sets[i], 1);
    rib_free(lab->rib);
    free(lab);
}

static struct prefix prefix_of(unsigned index)
{
    struct addr addr = addr_ipv4(0x14000000 + (index << 8));
    return prefix_make(&addr, 24);
}

static void tell(struct lab *lab, unsigned index, unsigned source, int hop)
{
    struct prefix prefix = prefix_of(index);
    if (hop == NOBODY)
        rib_withdraw(lab->rib, (source_id)(source + 1), &prefix, 0);
    else
        rib_announce(lab->rib, (source_id)(source + 1), &prefix, 0, lab->sets[hop], 0);
    lab->told[index][source] = hop;
}

static unsigned settle(struct lab *lab)
{
    unsigned slices = 1;
    while (next_hops_run(lab->rib, 64))
        slices++;
    lab->woken = false;
    return slices;
}

static unsigned take_dirty(struct lab *lab)
{
    unsigned count = 0;
    row_id row;
    while ((row = rib_dirty_take(lab->rib)) != 0) {
        rib_row_release(lab->rib, row);
        count++;
    }
    return count;
}

/* Reachable, nearest, lowest router id. */
static int expected_source(const struct lab *lab, unsigned index)
{
    int best = NOBODY;
    for (int source = 0; source < SOURCES; source++) {
        int hop = lab->told[index][source];
        if (hop == NOBODY || lab->states[hop].down)
            continue;
        if (best == NOBODY || lab->states[hop].metric < lab->states[lab->told[index][best]].metric)
            best = source;
    }
    return best;
}

static void check_all(struct lab *lab)
{
    for (unsigned i = 0; i < PREFIXES; i++) {
        struct prefix prefix = prefix_of(i);
        struct rib_path best;
        uint32_t index;
        row_id row = rib_find(lab->rib, &prefix);
        bool found = row != 0 && rib_row_best(lab->rib, row, &best, &index);
        int expected = expected_source(lab, i);
        if (!found != (expected == NOBODY) || (found && best.source != expected + 1))
            fail_msg("prefix %u: source %d is the best, not %d", i, expected, found ? best.source - 1 : NOBODY);
    }
}

static void change(struct lab *lab, unsigned hop, bool down, uint32_t metric)
{
    struct addr addr = hop_addr(hop);
    struct prefix prefix = prefix_make(&addr, 32);
    lab->states[hop] = (struct next_hop_state){.down = down, .metric = down ? 0 : metric};
    next_hops_routes_changed(lab->rib->next_hops, &prefix);
}

static void any_steps(void **state)
{
    struct lab *lab = lab_new();
    srand(7);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned what = (unsigned)rand() % 100;
        if (what < 90)
            tell(lab, (unsigned)rand() % PREFIXES, (unsigned)rand() % SOURCES,
                 rand() % (HOPS + 2) - 2 < 0 ? NOBODY : rand() % HOPS);
        else if (what < 92)
            change(lab, (unsigned)rand() % HOPS, rand() % 2, (unsigned)rand() % 3);
        else
            next_hops_run(lab->rib, (unsigned)rand() % 100 + 1);
        if (step % 5000 == 4999) {
            settle(lab);
            check_all(lab);
            take_dirty(lab);
        }
    }
    lab_free(lab);
}

/* A change looks at the blocks of its own rows alone, asks about its own address alone, and dirties what changed. */
static void costs_what_it_touches(void **state)
{
    struct lab *lab = lab_new();
    for (unsigned i = 0; i < PREFIXES; i++)
        tell(lab, i, 0, 0);
    for (unsigned i = 0; i < 10; i++)
        tell(lab, 100 + i, 1, 1); /* not the best: the other one's router id is lower */
    settle(lab);
    take_dirty(lab);
    lab->looks = 0;
    change(lab, 1, true, 0);
    assert_true(lab->woken);
    unsigned slices = settle(lab);
    assert_int_equal(lab->looks, 1);
    assert_in_range(slices, 1024 / 64, 1024 / 64 + 3);
    assert_int_equal(take_dirty(lab), 0); /* the best stayed the best */
    change(lab, 1, false, 0);
    settle(lab);
    change(lab, 0, false, 5); /* all rows' best is further away, ten have a nearer one */
    settle(lab);
    assert_int_equal(take_dirty(lab), 10);
    change(lab, 0, true, 0);
    settle(lab);
    assert_int_equal(take_dirty(lab), PREFIXES - 10);
    check_all(lab);
    assert_int_equal(next_hops_stats(lab->rib->next_hops).down, 1);
    lab->looks = 0;
    next_hops_routes_changed(lab->rib->next_hops, NULL); /* nothing did, after all */
    settle(lab);
    assert_int_equal(lab->looks, HOPS < 2 ? HOPS : 2);
    assert_int_equal(take_dirty(lab), 0);
    lab_free(lab);
}

/* Made up one after the other, each gone again: memory stays what is in use. */
static void forgets_what_nobody_uses(void **state)
{
    struct lab *lab = lab_new();
    struct prefix prefix = prefix_of(1);
    for (unsigned i = 0; i < 30000; i++) {
        struct addr addr = addr_ipv4(0xC6120000 + i);
        attr_id set = make_set(lab->rib, &addr);
        rib_announce(lab->rib, 1, &prefix, 0, set, 0);
        attr_store_unref(lab->rib->attrs, set, 1);
        if (lab->woken)
            settle(lab);
        assert_in_range(next_hops_stats(lab->rib->next_hops).count, 1, 4097);
    }
    take_dirty(lab);
    lab_free(lab);
}

/* Nobody can be asked about these. */
static void some_are_not_tracked(void **state)
{
    struct lab *lab = lab_new();
    struct addr addr;
    const char *const texts[] = {"0.0.0.0", "fe80::1", "::"};
    struct prefix prefix = prefix_of(1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(addr_parse(texts[i], &addr), 0);
        attr_id set = make_set(lab->rib, &addr);
        rib_announce(lab->rib, 1, &prefix, 0, set, 0);
        attr_store_unref(lab->rib->attrs, set, 1);
    }
    assert_int_equal(lab->looks, 0);
    assert_int_equal(next_hops_stats(lab->rib->next_hops).count, 0);
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_steps),
        cmocka_unit_test(costs_what_it_touches),
        cmocka_unit_test(forgets_what_nobody_uses),
        cmocka_unit_test(some_are_not_tracked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
