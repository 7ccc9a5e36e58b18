#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "attr/store.h"
#include "base/hash.h"
#include "rib/decision.h"

/* A path as few numbers; 0 is the plainest value of each. */
struct wish {
    bool stale;
    uint32_t local_pref; /* 0: none */
    uint8_t kind;        /* enum source_kind */
    uint32_t path[4];    /* AS numbers, up to the first 0 */
    uint8_t origin;
    uint32_t med; /* value + 1; 0: none */
    uint32_t igp_metric;
    uint32_t age;
    uint32_t router_id;
    uint32_t originator;
    unsigned clusters;
    uint8_t address;
    uint32_t path_id;
};

enum { PATHS_MAX = 12 };

struct lab {
    struct attr_store *store;
    struct addr addresses[PATHS_MAX];
};

static struct lab lab;

static int setup(void **state)
{
    (void)state;
    hash_set_seed(7);
    lab.store = attr_store_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    attr_store_free(lab.store);
    return 0;
}

static void put_number(struct buf *out, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    attr_put(out, flags, type, bytes, 4);
}

static void put_path(struct buf *out, const uint32_t *path)
{
    uint8_t value[2 + 16] = {SEGMENT_AS_SEQUENCE, 0};
    unsigned count = 0;
    for (; count < 4 && path[count] != 0; count++)
        for (unsigned i = 0; i < 4; i++)
            value[2 + 4 * count + i] = (uint8_t)(path[count] >> (24 - 8 * i));
    value[1] = (uint8_t)count;
    attr_put(out, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, value, (uint16_t)(count ? 2 + 4 * count : 0));
}

static struct decision_path make(const struct wish *wish, unsigned place)
{
    static const uint8_t clusters[16] = {1};
    struct buf bytes;
    struct attr_block block;
    buf_init(&bytes, 1024);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &wish->origin, 1);
    put_path(&bytes, wish->path);
    if (wish->med != 0)
        put_number(&bytes, ATTR_FLAG_OPTIONAL, ATTR_MED, wish->med - 1);
    if (wish->local_pref != 0)
        put_number(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, wish->local_pref);
    if (wish->stale)
        put_number(&bytes, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, 0xFFFF0006);
    if (wish->originator != 0)
        put_number(&bytes, ATTR_FLAG_OPTIONAL, ATTR_ORIGINATOR_ID, wish->originator);
    if (wish->clusters > 0)
        attr_put(&bytes, ATTR_FLAG_OPTIONAL, ATTR_CLUSTER_LIST, clusters, (uint16_t)(4 * wish->clusters));
    attr_block_of(bytes.bytes, (uint32_t)bytes.length, &block);
    attr_id id = attr_store_intern(lab.store, &block, 0);
    buf_release(&bytes);
    const struct attr_store_view *view = attr_store_view(lab.store);
    const struct attr_set *set = attr_get(view, id);
    lab.addresses[place] = addr_ipv4(0x0A000000 + wish->address);
    return (struct decision_path){.set = set,
                                  .attrs = attr_bytes(view, set),
                                  .peer = &lab.addresses[place],
                                  .router_id = wish->router_id,
                                  .igp_metric = wish->igp_metric,
                                  .path_id = wish->path_id,
                                  .age_order = wish->age,
                                  .kind = wish->kind};
}

/* The worse of each pair differs from the better in one thing; everything behind that step speaks for it. */
static const struct step_case {
    enum decision_step step;
    struct wish better, worse;
} step_cases[] = {
    {DECISION_LLGR_STALE, {.local_pref = 50, .path_id = 1}, {.stale = true, .local_pref = 200}},
    {DECISION_LOCAL_PREF, {.local_pref = 200, .path = {1, 2, 3}, .path_id = 1}, {.local_pref = 199}},
    {DECISION_LOCAL_PREF, {.local_pref = 101, .path_id = 1}, {.path = {1}}}, /* absent is 100 */
    {DECISION_LOCAL_ORIGIN, {.kind = SOURCE_LOCAL, .path = {1, 2}, .path_id = 1}, {.kind = SOURCE_EXTERNAL}},
    {DECISION_AS_PATH_LENGTH,
     {.kind = SOURCE_EXTERNAL, .path = {1}, .origin = 2},
     {.kind = SOURCE_EXTERNAL, .path = {1, 2}}},
    {DECISION_ORIGIN,
     {.kind = SOURCE_EXTERNAL, .path = {1}, .origin = 1, .med = 9},
     {.kind = SOURCE_EXTERNAL, .path = {1}, .origin = 2}},
    {DECISION_MED,
     {.kind = SOURCE_INTERNAL, .path = {1}, .med = 5, .path_id = 1},
     {.kind = SOURCE_EXTERNAL, .path = {1}, .med = 6}},
    {DECISION_MED,
     {.kind = SOURCE_INTERNAL, .path = {1}, .path_id = 1},
     {.kind = SOURCE_EXTERNAL, .path = {1}, .med = 2}}, /* absent is 0 */
    {DECISION_EXTERNAL,
     {.kind = SOURCE_EXTERNAL, .path = {1}, .igp_metric = 9},
     {.kind = SOURCE_INTERNAL, .path = {1}}},
    {DECISION_EXTERNAL,
     {.kind = SOURCE_EXTERNAL, .path = {1}, .med = 9},
     {.kind = SOURCE_INTERNAL, .path = {2}, .med = 1}}, /* other AS: no MED */
    {DECISION_IGP_METRIC,
     {.kind = SOURCE_EXTERNAL, .igp_metric = 1, .age = 9},
     {.kind = SOURCE_EXTERNAL, .igp_metric = 2}},
    {DECISION_AGE,
     {.kind = SOURCE_EXTERNAL, .age = 1, .router_id = 9},
     {.kind = SOURCE_EXTERNAL, .age = 2, .router_id = 1}},
    {DECISION_ROUTER_ID,
     {.kind = SOURCE_INTERNAL, .age = 2, .router_id = 1, .address = 9},
     {.kind = SOURCE_INTERNAL, .age = 1, .router_id = 2}},
    {DECISION_ROUTER_ID,
     {.kind = SOURCE_INTERNAL, .router_id = 9, .originator = 1, .clusters = 2},
     {.kind = SOURCE_INTERNAL, .router_id = 2}},
    {DECISION_CLUSTER_LIST,
     {.kind = SOURCE_INTERNAL, .originator = 1, .clusters = 1, .address = 2},
     {.kind = SOURCE_INTERNAL, .originator = 1, .clusters = 2, .address = 1}},
    {DECISION_NEIGHBOR_ADDRESS,
     {.kind = SOURCE_INTERNAL, .address = 1, .path_id = 2},
     {.kind = SOURCE_INTERNAL, .address = 2, .path_id = 1}},
    {DECISION_PATH_ID,
     {.kind = SOURCE_INTERNAL, .path_id = 1, .age = 2},
     {.kind = SOURCE_INTERNAL, .path_id = 2, .age = 1}},
};

static void test_each_step(void **state)
{
    (void)state;
    const struct decision_rules rules = {0};
    for (size_t i = 0; i < sizeof(step_cases) / sizeof(step_cases[0]); i++) {
        const struct step_case *row = &step_cases[i];
        struct decision_path paths[2] = {make(&row->better, 0), make(&row->worse, 1)};
        enum decision_step step;
        if (decision_compare(&rules, &paths[0], &paths[1], &step) >= 0 || step != row->step)
            fail_msg("case %zu: decided by \"%s\"", i, decision_step_name(step));
        assert_true(decision_compare(&rules, &paths[1], &paths[0], &step) > 0);
        assert_int_equal(step, row->step);
        assert_int_equal(decision_select(&rules, paths, 2), 0);
        bool equal_enough = row->step > DECISION_IGP_METRIC;
        assert_int_equal(decision_is_multipath(&rules, &paths[0], &paths[1]), equal_enough);
    }
}

static void test_rules(void **state)
{
    (void)state;
    enum decision_step step;
    struct wish a = {.kind = SOURCE_EXTERNAL, .path = {1, 2}, .med = 2},
                b = {.kind = SOURCE_EXTERNAL, .path = {2}, .med = 5};
    struct decision_path one = make(&a, 0), other = make(&b, 1);
    struct decision_rules rules = {.ignore_as_path_length = true, .always_compare_med = true};
    assert_true(decision_compare(&rules, &one, &other, &step) < 0);
    assert_int_equal(step, DECISION_MED);
    rules.ignore_as_path_length = false;
    assert_true(decision_compare(&rules, &one, &other, &step) > 0);
    assert_int_equal(step, DECISION_AS_PATH_LENGTH);
    a = (struct wish){.kind = SOURCE_EXTERNAL, .path = {1}, .age = 1, .router_id = 2};
    b = (struct wish){.kind = SOURCE_EXTERNAL, .path = {1}, .age = 2, .router_id = 1};
    one = make(&a, 0);
    other = make(&b, 1);
    rules = (struct decision_rules){.external_compare_router_id = true};
    assert_true(decision_compare(&rules, &one, &other, &step) > 0);
    assert_int_equal(step, DECISION_ROUTER_ID);
}

/* RFC 3345: A beats B by MED, B beats C, C beats A. The answer must not depend on who is looked at first. */
static void test_med_is_not_transitive(void **state)
{
    (void)state;
    const struct decision_rules rules = {0};
    const struct wish a = {.kind = SOURCE_INTERNAL, .path = {1}, .med = 1, .router_id = 3};
    const struct wish b = {.kind = SOURCE_INTERNAL, .path = {1}, .med = 2, .router_id = 1};
    const struct wish c = {.kind = SOURCE_INTERNAL, .path = {2}, .med = 9, .router_id = 2};
    struct decision_path paths[3] = {make(&a, 0), make(&b, 1), make(&c, 2)};
    assert_true(decision_compare(&rules, &paths[0], &paths[1], NULL) < 0);
    assert_true(decision_compare(&rules, &paths[1], &paths[2], NULL) < 0);
    assert_true(decision_compare(&rules, &paths[2], &paths[0], NULL) < 0);
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned i = 0; i < 6; i++) {
        struct decision_path ordered[3];
        for (unsigned j = 0; j < 3; j++)
            ordered[j] = paths[orders[i][j]];
        /* B is out by MED; of A and C the lower router id wins. */
        assert_int_equal(orders[i][decision_select(&rules, ordered, 3)], 2);
    }
}

static void invent(struct wish *wish, unsigned place)
{
    *wish = (struct wish){.stale = rand() % 8 == 0,
                          .local_pref = rand() % 2 ? 0 : 99 + (uint32_t)rand() % 3,
                          .kind = (uint8_t)(rand() % 4),
                          .path = {1 + (uint32_t)rand() % 2, (uint32_t)rand() % 2},
                          .origin = (uint8_t)(rand() % 3),
                          .med = (uint32_t)rand() % 3,
                          .igp_metric = (uint32_t)rand() % 2,
                          .age = place,
                          .router_id = (uint32_t)rand() % 2,
                          .originator = (uint32_t)rand() % 3,
                          .clusters = (unsigned)rand() % 3,
                          .address = (uint8_t)(rand() % 3),
                          .path_id = (uint32_t)rand() % 2};
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

/* The rank is nothing but steps 0 to 4 as one number. */
static int compare_steps(const struct decision_rules *rules, const struct wish *a, const struct wish *b)
{
    uint32_t pref_a = a->local_pref ? a->local_pref : 100, pref_b = b->local_pref ? b->local_pref : 100;
    int length_a = a->path[1] ? 2 : 1, length_b = b->path[1] ? 2 : 1;
    if (a->stale != b->stale)
        return a->stale ? 1 : -1;
    if (pref_a != pref_b)
        return pref_a > pref_b ? -1 : 1;
    if ((a->kind == SOURCE_LOCAL) != (b->kind == SOURCE_LOCAL))
        return a->kind == SOURCE_LOCAL ? -1 : 1;
    if (!rules->ignore_as_path_length && length_a != length_b)
        return sign(length_a - length_b);
    return sign(a->origin - b->origin);
}

static void test_rank_is_the_first_steps(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        struct decision_rules rules = {.ignore_as_path_length = rand() % 2};
        struct wish a, b;
        invent(&a, 0);
        invent(&b, 1);
        struct decision_path one = make(&a, 0), other = make(&b, 1);
        uint64_t rank_a = decision_rank(&rules, one.set->rank, one.kind);
        uint64_t rank_b = decision_rank(&rules, other.set->rank, other.kind);
        int by_rank = rank_a < rank_b ? -1 : rank_a > rank_b;
        assert_int_equal(by_rank, compare_steps(&rules, &a, &b));
        if (by_rank != 0)
            assert_int_equal(sign(decision_compare(&rules, &one, &other, NULL)), by_rank);
        assert_int_equal(sign(decision_compare(&rules, &one, &other, NULL)),
                         -sign(decision_compare(&rules, &other, &one, NULL)));
    }
}

/* Whoever is chosen: nobody of his neighbour AS has a lower MED among those who tie, and he beats everybody of whom
 * that is true too. And it is the same one in any order. */
static void test_select(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct decision_rules rules = {.always_compare_med = rand() % 4 == 0, .external_compare_router_id = rand() % 2};
        struct decision_path paths[PATHS_MAX], shuffled[PATHS_MAX];
        size_t count = 1 + (size_t)rand() % PATHS_MAX;
        for (unsigned i = 0; i < count; i++) {
            struct wish wish;
            invent(&wish, i);
            if (rand() % 2)
                wish = (struct wish){.kind = wish.kind ? wish.kind : SOURCE_INTERNAL,
                                     .path = {wish.path[0]},
                                     .med = wish.med,
                                     .age = i,
                                     .router_id = wish.router_id};
            paths[i] = make(&wish, i);
        }
        memcpy(shuffled, paths, sizeof(paths));
        for (size_t i = count; i > 1; i--) {
            size_t other = (size_t)rand() % i;
            struct decision_path path = shuffled[i - 1];
            shuffled[i - 1] = shuffled[other];
            shuffled[other] = path;
        }
        const struct decision_path *best = &paths[decision_select(&rules, paths, count)];
        const struct decision_path *again = &shuffled[decision_select(&rules, shuffled, count)];
        assert_int_equal(best->age_order, again->age_order);
        for (size_t i = 0; i < count; i++) {
            uint64_t rank = decision_rank(&rules, paths[i].set->rank, paths[i].kind);
            assert_true(rank >= decision_rank(&rules, best->set->rank, best->kind));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_step),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_med_is_not_transitive),
        cmocka_unit_test(test_rank_is_the_first_steps),
        cmocka_unit_test(test_select),
    };
    srand(1);
    return cmocka_run_group_tests(tests, setup, teardown);
}
