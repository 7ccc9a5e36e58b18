/* The options of the decision process and of AS_PATH, each seen to make its difference. */
#include "lab.h"

#include <string.h>

#include "net/bgp.h"

/* A route as an external neighbour would pass it on. */
struct offer {
    const char *as_path; /* behind its own number */
    uint32_t med;        /* 0: none */
};

static void announce(struct lab_node *node, const struct offer *offer)
{
    lab_offer(node, &(struct lab_offer){.prefix = "192.0.2.0/24", .as_path = offer->as_path, .med = offer->med});
}

enum { NEIGHBORS_MAX = 4 };

struct contest {
    struct lab lab;
    struct lab_node *judge, *neighbors[NEIGHBORS_MAX];
};

static bool has_all(void *context)
{
    struct contest *contest = context;
    struct lab_route route;
    for (unsigned i = 0; i < NEIGHBORS_MAX; i++)
        if (contest->neighbors[i] != NULL &&
            !lab_route(contest->judge, TABLE_ADJ_IN, contest->neighbors[i], "192.0.2.0/24", &route))
            return false;
    return true;
}

/* Neighbors come one after another, so that their paths have that age; the number of the one that wins. */
static unsigned contest_run(struct contest *contest, void (*adjust)(struct global_config *global), const uint32_t *as,
                            const struct offer *offers, unsigned count)
{
    struct lab_route route;
    *contest = (struct contest){0};
    lab_init(&contest->lab);
    contest->judge = lab_node(&contest->lab, 65000, adjust);
    for (unsigned i = 0; i < count; i++) {
        contest->neighbors[i] = lab_node(&contest->lab, as[i], NULL);
        announce(contest->neighbors[i], &offers[i]);
        lab_peer(contest->judge, contest->neighbors[i], NULL);
        lab_until(&contest->lab, 60, has_all, contest);
    }
    assert_true(lab_route(contest->judge, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    for (unsigned i = 0; i < count; i++)
        if (addr_equal(&route.view.neighbor, &contest->neighbors[i]->addr))
            return i;
    fail_msg("nobody won");
    return UINT32_MAX;
}

static void always_compare_med(struct global_config *global)
{
    global->route_selection.always_compare_med = true;
}

static void ignore_path_length(struct global_config *global)
{
    global->route_selection.ignore_as_path_length = true;
}

static void compare_router_id(struct global_config *global)
{
    global->route_selection.external_compare_router_id = true;
}

static void use_multiple_paths(struct global_config *global)
{
    global->use_multiple_paths = true;
}

static void test_always_compare_med(void **state)
{
    (void)state;
    struct contest contest;
    const uint32_t as[] = {65001, 65002};
    const struct offer offers[] = {{"65100", 20}, {"65100", 10}};
    assert_int_equal(contest_run(&contest, NULL, as, offers, 2), 0); /* other AS: MED says nothing, the older wins */
    lab_release(&contest.lab);
    assert_int_equal(contest_run(&contest, always_compare_med, as, offers, 2), 1);
    lab_release(&contest.lab);
}

/* RFC 4271 9.1.2.2 c: MED counts within an AS whatever came first; with pairwise comparison the answer would depend on
 * the order (RFC 3345). */
static void test_deterministic_med(void **state)
{
    (void)state;
    struct contest contest;
    static const uint32_t as[] = {65001, 65002, 65001};
    static const struct offer offers[] = {{"65100", 20}, {"65100", 0}, {"65100", 10}};
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        uint32_t as_of[3];
        struct offer offered[3];
        for (unsigned j = 0; j < 3; j++) {
            as_of[j] = as[orders[i][j]];
            offered[j] = offers[orders[i][j]];
        }
        unsigned winner = orders[i][contest_run(&contest, compare_router_id, as_of, offered, 3)];
        assert_int_not_equal(winner, 0); /* the other path of its AS has the lower MED: out, whoever else there is */
        lab_release(&contest.lab);
    }
}

static void test_ignore_as_path_length(void **state)
{
    (void)state;
    struct contest contest;
    const uint32_t as[] = {65001, 65002};
    const struct offer offers[] = {{"65100 65101 65102", 0}, {"65100", 0}};
    assert_int_equal(contest_run(&contest, NULL, as, offers, 2), 1);
    lab_release(&contest.lab);
    assert_int_equal(contest_run(&contest, ignore_path_length, as, offers, 2), 0);
    lab_release(&contest.lab);
}

/* Router ids follow the order of the nodes: here the younger neighbor has the lower one. */
static void test_external_compare_router_id(void **state)
{
    (void)state;
    for (unsigned compares = 0; compares < 2; compares++) {
        struct contest contest = {0};
        struct lab_route route;
        lab_init(&contest.lab);
        contest.judge = lab_node(&contest.lab, 65000, compares ? compare_router_id : NULL);
        struct lab_node *low = lab_node(&contest.lab, 65001, NULL);
        struct lab_node *high = lab_node(&contest.lab, 65002, NULL);
        announce(low, &(struct offer){"65100", 0});
        announce(high, &(struct offer){"65100", 0});
        contest.neighbors[0] = high;
        lab_peer(contest.judge, high, NULL);
        lab_until(&contest.lab, 60, has_all, &contest);
        contest.neighbors[1] = low;
        lab_peer(contest.judge, low, NULL);
        lab_until(&contest.lab, 60, has_all, &contest);
        assert_true(lab_route(contest.judge, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
        assert_true(addr_equal(&route.view.neighbor, compares ? &low->addr : &high->addr));
        lab_release(&contest.lab);
    }
}

static unsigned count_best(struct contest *contest)
{
    struct path_lookup lookup = {.type = LOOKUP_EXACT};
    struct path_query query = {.family = FAMILY_IPV4_UNICAST, .lookups = &lookup, .lookup_count = 1};
    struct path_walk *walk;
    const struct path_view *paths;
    struct err err;
    bool again;
    unsigned best = 0;
    prefix_parse("192.0.2.0/24", false, &lookup.prefix);
    assert_int_equal(control_path_walk(contest->judge->control, &query, &walk, &err), E_OK);
    size_t count = path_walk_next(walk, &paths, &again);
    for (size_t i = 0; i < count; i++)
        best += paths[i].best;
    path_walk_free(walk);
    return best;
}

static void test_use_multiple_paths(void **state)
{
    (void)state;
    struct contest contest;
    const uint32_t as[] = {65001, 65002, 65003};
    const struct offer offers[] = {{"65100", 0}, {"65101", 0}, {"65100 65101", 0}};
    contest_run(&contest, NULL, as, offers, 3);
    assert_int_equal(count_best(&contest), 1);
    lab_release(&contest.lab);
    contest_run(&contest, use_multiple_paths, as, offers, 3);
    assert_int_equal(count_best(&contest), 2); /* the third path is longer */
    lab_release(&contest.lab);
}

/* AS_PATH ---------------------------------------------------------------------------------------------------------- */

static void expect_path(struct lab *lab, struct lab_node *node, const char *as_path)
{
    lab_expect(lab, &(struct lab_expectation){.node = node, .prefix = "192.0.2.0/24", .as_path = as_path});
}

static void allow_one(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.allow_own_as = self->as == 65001 ? 1 : 0;
}

static void test_allow_own_as(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *site = lab_node(&lab, 65001, NULL);
    struct lab_node *provider = lab_node(&lab, 65002, NULL);
    struct lab_node *strict = lab_node(&lab, 65001, NULL);
    struct lab_node *lenient = lab_node(&lab, 65001, NULL);
    lab_peer(site, provider, NULL);
    lab_peer(provider, strict, NULL);
    lab_peer(provider, lenient, allow_one);
    announce(site, &(struct offer){"", 0});
    expect_path(&lab, lenient, "65002 65001");
    assert_false(lab_route(strict, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    /* Once, not twice. */
    announce(site, &(struct offer){"65001", 0});
    lab_run_ms(&lab, 5000);
    assert_false(lab_route(lenient, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    lab_release(&lab);
}

static void by_the_old_number(struct neighbor_config *neighbor, const struct lab_node *self)
{
    if (self->as == 65002)
        neighbor->peer.local_as = 64999;
    else
        neighbor->peer.peer_as = 64999;
}

/* One neighbor still knows us by the number we had: there it is the only one, elsewhere it is not to be seen. */
static void test_local_as(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *before = lab_node(&lab, 65001, NULL);
    struct lab_node *middle = lab_node(&lab, 65002, NULL);
    struct lab_node *behind = lab_node(&lab, 65003, NULL);
    lab_peer(before, middle, by_the_old_number);
    lab_peer(middle, behind, NULL);
    announce(before, &(struct offer){"", 0});
    expect_path(&lab, behind, "65002 65001");
    control_path_delete_all(before->control, FAMILY_UNKNOWN);
    announce(behind, &(struct offer){"", 0});
    expect_path(&lab, before, "64999 65003");
    announce(behind, &(struct offer){"64999", 0}); /* a loop for that session only */
    expect_path(&lab, middle, "65003 64999");
    lab_run_ms(&lab, 1000);
    assert_true(lab_route(middle, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    lab_release(&lab);
}

static void replace_private(struct neighbor_config *neighbor, const struct lab_node *self)
{
    if (self->as == 65000)
        neighbor->peer.remove_private = REMOVE_PRIVATE_REPLACE;
}

static void test_replace_private(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct lab_node *inside = lab_node(&lab, 64512, NULL);
    struct lab_node *middle = lab_node(&lab, 65000, NULL);
    struct lab_node *outside = lab_node(&lab, 3, NULL);
    lab_peer(inside, middle, NULL);
    lab_peer(middle, outside, replace_private);
    announce(inside, &(struct offer){"4200000001 100", 0});
    expect_path(&lab, outside, "65000 65000 65000 100");
    lab_release(&lab);
}

static void two_paths(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.add_paths.receive = self->as == 65009;
    neighbor->peer.add_paths.send_max = self->as == 65000 ? 2 : 0;
}

/* Three paths, two may be told: the best two, and the third when one of them goes. */
static void test_send_max(void **state)
{
    (void)state;
    struct contest contest;
    const uint32_t as[] = {65001, 65002, 65003};
    const struct offer offers[] = {{"65100 65101", 0}, {"65100", 0}, {"", 0}};
    struct path_walk *walk;
    const struct path_view *paths;
    struct err err;
    bool again;
    contest_run(&contest, NULL, as, offers, 3);
    struct lab_node *receiver = lab_node(&contest.lab, 65009, NULL);
    lab_peer(contest.judge, receiver, two_paths);
    expect_path(&contest.lab, receiver, "65000 65003");
    struct path_query query = {.table = TABLE_ADJ_IN, .peer = {.address = contest.judge->addr}};
    for (unsigned round = 0; round < 2; round++) {
        lab_run_ms(&contest.lab, 2000);
        assert_int_equal(control_path_walk(receiver->control, &query, &walk, &err), E_OK);
        assert_int_equal(path_walk_next(walk, &paths, &again), 2);
        path_walk_free(walk);
        control_path_delete_all(contest.neighbors[2]->control, FAMILY_UNKNOWN);
    }
    expect_path(&contest.lab, receiver, "65000 65002 65100");
    lab_release(&contest.lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_always_compare_med),
        cmocka_unit_test(test_deterministic_med),
        cmocka_unit_test(test_ignore_as_path_length),
        cmocka_unit_test(test_external_compare_router_id),
        cmocka_unit_test(test_use_multiple_paths),
        cmocka_unit_test(test_allow_own_as),
        cmocka_unit_test(test_local_as),
        cmocka_unit_test(test_replace_private),
        cmocka_unit_test(test_send_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
