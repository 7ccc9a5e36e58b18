/* Confederations (RFC 5065): one AS to the outside, several inside; what crosses which border. */
#include "lab.h"

#include <string.h>

#include "net/bgp.h"

enum { CONFEDERATION = 65100, FIRST = 64601, SECOND = 64602, THIRD = 64603, OUTSIDE = 65009 };

static void expect(struct lab *lab, struct lab_node *node, const char *prefix, bool there)
{
    lab_expect(lab, &(struct lab_expectation){.node = node, .prefix = prefix, .absent = !there});
}

static void join(struct global_config *global)
{
    global->confederation = (struct confederation_config){
        .enabled = true, .identifier = CONFEDERATION, .member_count = 3, .members = {FIRST, SECOND, THIRD}};
}

/* Neighbours outside know the confederation's number only. */
static void from_outside(struct neighbor_config *neighbor, const struct lab_node *self)
{
    if (self->as == OUTSIDE)
        neighbor->peer.peer_as = CONFEDERATION;
}

static void with_next_hop_self(struct neighbor_config *neighbor, const struct lab_node *self)
{
    (void)self;
    neighbor->peer.next_hop_self = true;
}

/* outside-1 -- a (first) == b (first) -- c (second) -- d (third) -- outside-2 */
struct chain {
    struct lab lab;
    struct lab_node *outside[2], *a, *b, *c, *d;
};

static void chain_init(struct chain *chain)
{
    lab_init(&chain->lab);
    chain->outside[0] = lab_node(&chain->lab, OUTSIDE, NULL);
    chain->a = lab_node(&chain->lab, FIRST, join);
    chain->b = lab_node(&chain->lab, FIRST, join);
    chain->c = lab_node(&chain->lab, SECOND, join);
    chain->d = lab_node(&chain->lab, THIRD, join);
    chain->outside[1] = lab_node(&chain->lab, OUTSIDE + 1, NULL);
    lab_peer(chain->outside[0], chain->a, from_outside);
    lab_peer(chain->a, chain->b, NULL);
    lab_peer(chain->b, chain->c, NULL);
    lab_peer(chain->c, chain->d, with_next_hop_self);
}

static void test_through_the_members(void **state)
{
    (void)state;
    struct chain chain;
    struct lab_route route;
    chain_init(&chain);
    lab_announce(chain.outside[0], "192.0.2.0/24", 9, 0);
    expect(&chain.lab, chain.d, "192.0.2.0/24", true);
    assert_true(lab_route(chain.b, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65009");
    assert_true(lab_route(chain.c, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "(64601) 65009");
    /* What is internal to the AS crosses the borders within it (RFC 5065 5, RFC 4271 5.1.5). */
    assert_int_equal(lab_number(&route, ATTR_LOCAL_PREF, 0, 0), 100);
    assert_int_equal(lab_number(&route, ATTR_MED, 0, 0), 9);
    assert_true(lab_next_hop_is(&route, chain.outside[0]));
    assert_true(lab_route(chain.d, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "(64602 64601) 65009");
    assert_int_equal(lab_number(&route, ATTR_MED, 0, 0), 9);
    lab_release(&chain.lab);
}

static void from_second_outside(struct neighbor_config *neighbor, const struct lab_node *self)
{
    if (self->as == OUTSIDE + 1)
        neighbor->peer.peer_as = CONFEDERATION;
}

static void test_out_again(void **state)
{
    (void)state;
    struct chain chain;
    struct lab_route route;
    chain_init(&chain);
    lab_peer(chain.d, chain.outside[1], from_second_outside);
    lab_announce(chain.outside[0], "192.0.2.0/24", 9, 0);
    lab_announce(chain.b, "198.51.100.0/24", 0, 0);
    expect(&chain.lab, chain.outside[1], "192.0.2.0/24", true);
    expect(&chain.lab, chain.outside[1], "198.51.100.0/24", true);
    assert_true(lab_route(chain.outside[1], TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65100 65009");
    assert_false(lab_has(&route, ATTR_LOCAL_PREF));
    assert_false(lab_has(&route, ATTR_MED));
    assert_true(lab_next_hop_is(&route, chain.d));
    assert_true(lab_route(chain.outside[1], TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65100");
    lab_release(&chain.lab);
}

/* A member AS in a confederation segment, and the confederation's number in an ordinary one, are loops. */
static void test_loops(void **state)
{
    (void)state;
    struct lab lab;
    struct err err;
    const struct why *why;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, FIRST, join);
    struct lab_node *b = lab_node(&lab, SECOND, join);
    struct lab_node *c = lab_node(&lab, FIRST, join);
    struct lab_node *outside = lab_node(&lab, OUTSIDE, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_peer(c, outside, from_outside);
    lab_peer(outside, a, from_outside);
    lab_announce(a, "192.0.2.0/24", 0, 0);
    lab_expect(&lab, &(struct lab_expectation){c, TABLE_ADJ_IN, b, "192.0.2.0/24"});
    lab_announce(c, "198.51.100.0/24", 0, 0);
    lab_expect(&lab, &(struct lab_expectation){a, TABLE_ADJ_IN, outside, "198.51.100.0/24"});
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(c->control, &query, &why, &err), E_OK);
    assert_non_null(strstr(why->paths[0].sentence, "own AS"));
    prefix_parse("198.51.100.0/24", false, &query.prefix);
    assert_int_equal(control_why(a->control, &query, &why, &err), E_OK);
    for (size_t i = 0; i < why->path_count; i++)
        assert_non_null(strstr(why->paths[i].sentence, "own AS"));
    lab_release(&lab);
}

/* NO_EXPORT ends at the confederation's border, NO_EXPORT_SUBCONFED at the member's (RFC 1997). */
static void test_communities(void **state)
{
    (void)state;
    struct chain chain;
    struct lab_route route;
    chain_init(&chain);
    lab_peer(chain.d, chain.outside[1], from_second_outside);
    lab_announce(chain.a, "192.0.2.0/24", 0, (uint32_t)COMMUNITY_NO_EXPORT);
    lab_announce(chain.a, "198.51.100.0/24", 0, (uint32_t)COMMUNITY_NO_EXPORT_SUBCONFED);
    expect(&chain.lab, chain.d, "192.0.2.0/24", true);
    expect(&chain.lab, chain.b, "198.51.100.0/24", true);
    lab_run_ms(&chain.lab, 5000);
    assert_false(lab_route(chain.c, TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    assert_false(lab_route(chain.outside[1], TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    lab_release(&chain.lab);
}

/* From another member is as good as internal, and both stand behind external (RFC 5065 5.3). */
static void test_decision(void **state)
{
    (void)state;
    struct lab lab;
    struct err err;
    const struct why *why;
    lab_init(&lab);
    struct lab_node *first = lab_node(&lab, OUTSIDE, NULL);
    struct lab_node *a = lab_node(&lab, FIRST, join);
    struct lab_node *b = lab_node(&lab, SECOND, join);
    struct lab_node *second = lab_node(&lab, OUTSIDE, NULL);
    lab_peer(first, a, from_outside);
    lab_peer(a, b, NULL);
    lab_announce(first, "192.0.2.0/24", 0, 0);
    expect(&lab, b, "192.0.2.0/24", true);
    lab_announce(second, "192.0.2.0/24", 0, 0);
    lab_peer(second, b, from_outside);
    lab_expect(&lab, &(struct lab_expectation){b, TABLE_ADJ_IN, second, "192.0.2.0/24"});
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(b->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 2);
    assert_string_equal(why->paths[0].step, "external over internal");
    assert_true(addr_equal(&why->paths[0].view.neighbor, &second->addr));
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_through_the_members), cmocka_unit_test(test_out_again), cmocka_unit_test(test_loops),
        cmocka_unit_test(test_communities),         cmocka_unit_test(test_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
