/* What the memo says beside what evaluation says, for random routes through policies that ask about prefixes in every
 * order, while the sets change. */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "attr/store.h"
#include "base/check.h"
#include "policy/memo.h"

enum { STEPS = 30000, ATTRS = 12, SETS = 4 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

struct world {
    struct policy_lab lab;
    struct attr_store *store;
    struct policy_memo *memo;
    struct policy_chain chain;
    attr_id attrs[ATTRS];
    attr_id asked;
    uint64_t evaluations;
};

static void block_of(const struct world *world, attr_id id, struct attr_block *block)
{
    const struct attr_store_view *view = attr_store_view(world->store);
    const struct attr_set *set = attr_get(view, id);
    attr_block_of(attr_bytes(view, set), set->wire_length, block);
}

static attr_id evaluate(void *context, struct policy_trace *trace)
{
    struct world *world = context;
    struct attr_block block;
    struct policy_result result;
    world->evaluations++;
    block_of(world, world->asked, &block);
    policy_evaluate(world->lab.scratch, &world->chain, &world->lab.facts, &block, trace, &result);
    if (result.action == POLICY_REJECT)
        return 0;
    attr_block_of(result.attrs, result.length, &block);
    return attr_store_intern(world->store, &block, 0);
}

static void random_set(struct world *world, unsigned number, uint32_t *seed)
{
    char name[8], members[3][32];
    const char *texts[3];
    snprintf(name, sizeof(name), "s%u", number);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(members[i], sizeof(members[i]), "10.%u.0.0/16 16..%u", next_random(seed) % 16,
                 16 + next_random(seed) % 9);
        texts[i] = members[i];
    }
    lab_set(&world->lab, SET_PREFIX, name, texts, 3);
}

/* Statements whose later ones depend on what earlier ones changed. */
static void define(struct world *world)
{
    static const char *const one = "65001:1", *const two = "65001:2";
    static const char *const pattern = "65001:1";
    lab_set(&world->lab, SET_COMMUNITY, "one", &pattern, 1);
    const struct statement_spec statements[] = {
        {.name = "a", .conditions.prefix_set = {"s0", MATCH_ANY}, .actions.community = {COMMUNITY_ADD, &one, 1}},
        {.name = "b",
         .conditions = {.prefix_set = {"s1", MATCH_INVERT}, .as_path_length = {true, COMPARE_AT_LEAST, 2}},
         .actions.med = {MED_ADD, 7}},
        {.name = "c",
         .conditions = {.community_set = {"one", MATCH_ANY}, .prefix_set = {"s2", MATCH_ANY}},
         .actions.route_action = POLICY_REJECT},
        {.name = "d", .conditions.prefix_set = {"s0", MATCH_ANY}, .actions.community = {COMMUNITY_ADD, &two, 1}},
        {.name = "e", .conditions.prefix_set = {"s3", MATCH_INVERT}, .actions.route_action = POLICY_ACCEPT},
    };
    lab_policy(&world->lab, statements, ARRAY_LEN(statements));
}

static void world_init(struct world *world, uint32_t *seed)
{
    *world = (struct world){0};
    policy_lab_init(&world->lab);
    world->store = attr_store_new();
    world->memo = policy_memo_new(world->store);
    for (unsigned i = 0; i < SETS; i++)
        random_set(world, i, seed);
    define(world);
    world->chain.global = policy_assignment(world->lab.table, POLICY_TARGET_GLOBAL, POLICY_IMPORT);
    for (unsigned i = 0; i < ATTRS; i++) {
        struct attr_block block;
        struct route route = {.as_path = i % 2 ? "65002 65003" : "65002", .med = 1 + i};
        lab_block(&world->lab, &route, &block);
        world->attrs[i] = attr_store_intern(world->store, &block, 0);
    }
}

static void world_release(struct world *world)
{
    policy_memo_free(world->memo);
    for (unsigned i = 0; i < ATTRS; i++)
        attr_store_unref(world->store, world->attrs[i], 1);
    assert_int_equal(attr_store_stats(world->store).sets, 0);
    attr_store_free(world->store);
    policy_lab_release(&world->lab);
}

static void test_beside_evaluation(void **state)
{
    struct world world;
    uint32_t seed = 11;
    unsigned rejected = 0;
    (void)state;
    world_init(&world, &seed);
    for (unsigned step = 0; step < STEPS; step++) {
        struct addr addr = addr_ipv4(0x0A000000u | (next_random(&seed) & 0x0FFFFFu));
        struct prefix prefix = prefix_make(&addr, (uint8_t)(14 + next_random(&seed) % 12));
        if (next_random(&seed) % 500 == 0)
            random_set(&world, next_random(&seed) % SETS, &seed);
        if (policy_memo_is_stale(world.memo, world.lab.table))
            policy_memo_clear(world.memo);
        world.asked = world.attrs[next_random(&seed) % ATTRS];
        world.lab.facts = (struct policy_facts){.prefix = &prefix};
        const struct policy_lookup lookup = {
            .table = world.lab.table,
            .facts = &world.lab.facts,
            .attrs = world.asked,
            .source = (uint16_t)(next_random(&seed) % 3),
            .trace = &world.lab.trace,
            .evaluate = evaluate,
            .context = &world,
        };
        attr_id remembered = policy_memo_get(world.memo, &lookup);
        uint64_t evaluations = world.evaluations;
        attr_id expected = evaluate(&world, NULL);
        world.evaluations = evaluations;
        assert_int_equal(remembered, expected);
        if (expected != 0)
            attr_store_unref(world.store, expected, 1);
        rejected += expected == 0;
    }
    assert_in_range(rejected, STEPS / 20, STEPS / 2);
    /* It is there to save evaluations. */
    assert_in_range(world.evaluations, 100, STEPS / 3);
    world_release(&world);
}

/* More sets of attributes than it has room for: it is emptied, and goes on. */
static void test_full(void **state)
{
    struct world world;
    uint32_t seed = 5;
    unsigned cleared = 0;
    (void)state;
    world_init(&world, &seed);
    for (unsigned i = 0; i < 3000; i++) {
        struct prefix prefix = {.addr = addr_ipv4(0x0A000000u), .length = 8};
        struct attr_block block;
        struct route route = {.as_path = "65002", .med = 1000 + i};
        lab_block(&world.lab, &route, &block);
        attr_id attrs = world.asked = attr_store_intern(world.store, &block, 0);
        world.lab.facts = (struct policy_facts){.prefix = &prefix};
        if (policy_memo_is_stale(world.memo, world.lab.table)) {
            policy_memo_clear(world.memo);
            cleared++;
        }
        const struct policy_lookup lookup = {.table = world.lab.table,
                                             .facts = &world.lab.facts,
                                             .attrs = attrs,
                                             .trace = &world.lab.trace,
                                             .evaluate = evaluate,
                                             .context = &world};
        assert_int_not_equal(policy_memo_get(world.memo, &lookup), 0);
        attr_store_unref(world.store, attrs, 1);
    }
    assert_in_range(cleared, 1, 10);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beside_evaluation),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
