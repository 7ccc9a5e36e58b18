/* The main walk: routes from one speaker to the next, rewritten as each kind of session asks, and gone again. */
#include "lab.h"

#include <string.h>

struct expectation {
    struct lab_node *node;
    enum table_type table;
    const struct lab_node *peer;
    const char *prefix;
    bool there;
};

static bool met(void *context)
{
    const struct expectation *expected = context;
    struct lab_route route;
    return lab_route(expected->node, expected->table, expected->peer, expected->prefix, &route) == expected->there;
}

static void expect_route(struct lab *lab, struct lab_node *node, const char *prefix, bool there)
{
    lab_until(lab, 60, met, &(struct expectation){node, TABLE_GLOBAL, NULL, prefix, there});
}

static void test_ebgp_chain(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 4200000003, NULL);
    lab_announce(a, "192.0.2.0/24", 50, 0);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_until_established(&lab, a, b);
    lab_until_established(&lab, b, c);
    expect_route(&lab, c, "192.0.2.0/24", true);
    assert_true(lab_route(b, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65001");
    assert_true(lab_route(c, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65002 65001");
    struct addr next_hop, link_local;
    assert_true(attr_block_next_hop(route.attrs, route.view.attrs_length, &next_hop, &link_local));
    assert_true(addr_equal(&next_hop, &b->addr));
    struct attr_item item;
    /* MED goes one hop and no further. */
    assert_false(attr_find(route.attrs, route.view.attrs_length, ATTR_MED, &item));
    assert_true(lab_route(b, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_true(attr_find(route.attrs, route.view.attrs_length, ATTR_MED, &item));
    /* Not sent back to where it came from. */
    lab_run_ms(&lab, 1000);
    assert_false(lab_route(a, TABLE_ADJ_IN, b, "192.0.2.0/24", &route));
    assert_false(lab_route(b, TABLE_ADJ_OUT, a, "192.0.2.0/24", &route));
    assert_true(lab_route(b, TABLE_ADJ_OUT, c, "192.0.2.0/24", &route));
    lab_withdraw(a, "192.0.2.0/24");
    expect_route(&lab, c, "192.0.2.0/24", false);
    expect_route(&lab, b, "192.0.2.0/24", false);
    lab_release(&lab);
}

/* Clients of the API may leave AS_PATH out of a route they add; what is sent has one all the same. */
static void test_local_route_without_as_path(void **state)
{
    (void)state;
    static const uint8_t attrs[] = {0x40, ATTR_ORIGIN, 1, ORIGIN_IGP, 0x40, ATTR_NEXT_HOP, 4, 0, 0, 0, 0};
    struct lab lab;
    struct lab_route route;
    struct err err;
    struct local_path path = {.family = FAMILY_IPV4_UNICAST, .attrs = attrs, .attrs_length = sizeof(attrs)};
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65001, NULL);
    lab_peer(a, b, NULL);
    lab_peer(a, c, NULL);
    prefix_parse("192.0.2.0/24", false, &path.prefix);
    assert_int_equal(control_path_add(a->control, &path, NULL, &err), E_OK);
    expect_route(&lab, b, "192.0.2.0/24", true);
    assert_true(lab_route(b, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65001");
    expect_route(&lab, c, "192.0.2.0/24", true);
    assert_true(lab_route(c, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "");
    lab_release(&lab);
}

static void remove_private_ones(struct neighbor_config *neighbor, const struct lab_node *self)
{
    if (self->as == 2)
        neighbor->peer.remove_private = REMOVE_PRIVATE_ALL;
}

static void replace_the_peers(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.replace_peer_as = self->as == 2;
}

/* Private AS numbers stay inside; two sites with one AS number hear of each other. */
static void test_as_numbers_on_the_way_out(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *site = lab_node(&lab, 64512, NULL);
    struct lab_node *middle = lab_node(&lab, 2, NULL);
    struct lab_node *outside = lab_node(&lab, 3, NULL);
    struct lab_node *other_site = lab_node(&lab, 64512, NULL);
    lab_peer(site, middle, NULL);
    lab_peer(middle, outside, remove_private_ones);
    lab_peer(middle, other_site, replace_the_peers);
    lab_announce(site, "192.0.2.0/24", 0, 0);
    expect_route(&lab, outside, "192.0.2.0/24", true);
    assert_true(lab_route(outside, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "2");
    expect_route(&lab, other_site, "192.0.2.0/24", true);
    assert_true(lab_route(other_site, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "2 2");
    lab_release(&lab);
}

static void test_session_loss_withdraws(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_announce(a, "192.0.2.0/24", 0, 0);
    lab_announce(a, "198.51.100.0/24", 0, 0);
    expect_route(&lab, c, "198.51.100.0/24", true);
    assert_int_equal(memory_net_reset(lab.net, &a->addr, &b->addr), 1);
    expect_route(&lab, c, "198.51.100.0/24", false);
    expect_route(&lab, c, "198.51.100.0/24", true);
    expect_route(&lab, c, "192.0.2.0/24", true);
    lab_release(&lab);
}

static void test_ibgp_rules(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    struct attr_item item;
    lab_init(&lab);
    struct lab_node *e = lab_node(&lab, 65009, NULL);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65001, NULL);
    struct lab_node *c = lab_node(&lab, 65001, NULL);
    lab_peer(e, a, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_announce(e, "192.0.2.0/24", 7, 0);
    expect_route(&lab, b, "192.0.2.0/24", true);
    assert_true(lab_route(b, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_string_equal(lab_as_path(&route), "65009");
    assert_true(attr_find(route.attrs, route.view.attrs_length, ATTR_LOCAL_PREF, &item));
    assert_memory_equal(item.value, ((uint8_t[]){0, 0, 0, 100}), 4);
    assert_true(attr_find(route.attrs, route.view.attrs_length, ATTR_MED, &item));
    struct addr next_hop, link_local;
    assert_true(attr_block_next_hop(route.attrs, route.view.attrs_length, &next_hop, &link_local));
    assert_true(addr_equal(&next_hop, &e->addr));
    /* b heard it from an internal peer: c is not told (RFC 4271 9.1.3). */
    lab_run_ms(&lab, 5000);
    assert_false(lab_route(c, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    const struct why *why;
    struct err err;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST, .to_peer = &(struct peer_name){.address = c->addr}};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(b->control, &query, &why, &err), E_OK);
    assert_false(why->told.told);
    assert_non_null(strstr(why->told.sentence, "internal"));
    lab_release(&lab);
}

static void test_well_known_communities(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    struct lab_node *d = lab_node(&lab, 65002, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_peer(b, d, NULL);
    lab_announce(a, "192.0.2.0/24", 0, 0);
    /* a itself must not say NO_ADVERTISE routes to anybody; NO_EXPORT ones not to external peers. */
    lab_announce(b, "198.51.100.0/24", 0, (uint32_t)COMMUNITY_NO_EXPORT);
    lab_announce(b, "203.0.113.0/24", 0, (uint32_t)COMMUNITY_NO_ADVERTISE);
    expect_route(&lab, c, "192.0.2.0/24", true);
    expect_route(&lab, d, "198.51.100.0/24", true);
    lab_run_ms(&lab, 5000);
    assert_false(lab_route(c, TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    assert_false(lab_route(c, TABLE_GLOBAL, NULL, "203.0.113.0/24", &route));
    assert_false(lab_route(d, TABLE_GLOBAL, NULL, "203.0.113.0/24", &route));
    lab_release(&lab);
}

static void test_as_loop_is_kept_with_its_reason(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65001, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_announce(a, "192.0.2.0/24", 0, 0);
    expect_route(&lab, b, "192.0.2.0/24", true);
    lab_until(&lab, 60, met, &(struct expectation){c, TABLE_ADJ_IN, b, "192.0.2.0/24", true});
    assert_false(lab_route(c, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    const struct why *why;
    struct err err;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(c->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 1);
    assert_non_null(strstr(why->paths[0].sentence, "own AS"));
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ebgp_chain),
        cmocka_unit_test(test_local_route_without_as_path),
        cmocka_unit_test(test_as_numbers_on_the_way_out),
        cmocka_unit_test(test_session_loss_withdraws),
        cmocka_unit_test(test_ibgp_rules),
        cmocka_unit_test(test_well_known_communities),
        cmocka_unit_test(test_as_loop_is_kept_with_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
