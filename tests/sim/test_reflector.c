/* Route reflection (RFC 4456): who is told what, who the route is from, what it passed, and where it ends. */
#include "lab.h"

#include <string.h>

#include "net/bgp.h"

enum { AS = 65001, CLUSTER = 77 };

static void expect(struct lab *lab, struct lab_node *node, const char *prefix, bool there)
{
    lab_expect(lab, &(struct lab_expectation){.node = node, .prefix = prefix, .absent = !there});
}

static const struct lab_node *reflector; /* what the neighbours of a test are adjusted by */

static void as_client(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.route_reflector_client = self == reflector;
}

static void as_client_of_cluster(struct neighbor_config *neighbor, const struct lab_node *self)
{
    as_client(neighbor, self);
    neighbor->peer.cluster_id = self == reflector ? CLUSTER : 0;
}

/* client-1, client-2 -- reflector -- other-1, other-2; an external neighbour hangs on client-1. */
struct cluster {
    struct lab lab;
    struct lab_node *reflector, *clients[2], *others[2], *outside;
};

static void cluster_init(struct cluster *cluster)
{
    lab_init(&cluster->lab);
    reflector = cluster->reflector = lab_node(&cluster->lab, AS, NULL);
    for (unsigned i = 0; i < 2; i++) {
        cluster->clients[i] = lab_node(&cluster->lab, AS, NULL);
        lab_peer(cluster->reflector, cluster->clients[i], as_client);
    }
    for (unsigned i = 0; i < 2; i++) {
        cluster->others[i] = lab_node(&cluster->lab, AS, NULL);
        lab_peer(cluster->reflector, cluster->others[i], NULL);
    }
    cluster->outside = lab_node(&cluster->lab, 65009, NULL);
    lab_peer(cluster->clients[1], cluster->outside, NULL);
}

static void test_who_is_told(void **state)
{
    (void)state;
    struct cluster cluster;
    struct lab_route route;
    cluster_init(&cluster);
    lab_announce(cluster.clients[0], "192.0.2.0/24", 7, 0);
    lab_announce(cluster.others[0], "198.51.100.0/24", 0, 0);
    lab_announce(cluster.outside, "203.0.113.0/24", 0, 0);
    /* From a client: to everybody. From another internal peer: to clients only (RFC 4456 6). */
    for (unsigned i = 0; i < 2; i++) {
        expect(&cluster.lab, cluster.others[i], "192.0.2.0/24", true);
        expect(&cluster.lab, cluster.others[i], "203.0.113.0/24", true);
        expect(&cluster.lab, cluster.clients[i], "198.51.100.0/24", true);
    }
    expect(&cluster.lab, cluster.clients[1], "192.0.2.0/24", true);
    expect(&cluster.lab, cluster.clients[0], "203.0.113.0/24", true);
    expect(&cluster.lab, cluster.outside, "198.51.100.0/24", true);
    lab_run_ms(&cluster.lab, 5000);
    assert_false(lab_route(cluster.others[1], TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    /* Nobody hears his own. */
    assert_false(lab_route(cluster.clients[0], TABLE_ADJ_IN, cluster.reflector, "192.0.2.0/24", &route));
    /* What was reflected does not say so outside. */
    assert_true(lab_route(cluster.outside, TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    assert_false(lab_has(&route, ATTR_ORIGINATOR_ID));
    assert_false(lab_has(&route, ATTR_CLUSTER_LIST));
    lab_withdraw(cluster.clients[0], "192.0.2.0/24");
    expect(&cluster.lab, cluster.others[1], "192.0.2.0/24", false);
    lab_release(&cluster.lab);
}

/* Nothing else changes on the way (RFC 4456 10). */
static void test_what_is_told(void **state)
{
    (void)state;
    struct cluster cluster;
    struct lab_route route;
    cluster_init(&cluster);
    lab_announce(cluster.outside, "203.0.113.0/24", 5, 0);
    expect(&cluster.lab, cluster.others[0], "203.0.113.0/24", true);
    assert_true(lab_route(cluster.others[0], TABLE_GLOBAL, NULL, "203.0.113.0/24", &route));
    assert_int_equal(lab_number(&route, ATTR_ORIGINATOR_ID, 0, 0), addr_ipv4_value(&cluster.clients[1]->addr));
    assert_int_equal(lab_number(&route, ATTR_CLUSTER_LIST, 0, 0), addr_ipv4_value(&cluster.reflector->addr));
    assert_int_equal(lab_number(&route, ATTR_CLUSTER_LIST, 1, 0), 0);
    assert_int_equal(lab_number(&route, ATTR_LOCAL_PREF, 0, 0), 100);
    assert_int_equal(lab_number(&route, ATTR_MED, 0, 0), 5);
    assert_string_equal(lab_as_path(&route), "65009");
    assert_true(lab_next_hop_is(&route, cluster.outside));
    lab_release(&cluster.lab);
}

/* Two reflectors of one cluster do not take each other's routes; the lists grow hop by hop. */
static void test_loops(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    struct err err;
    const struct why *why;
    lab_init(&lab);
    struct lab_node *client = lab_node(&lab, AS, NULL);
    struct lab_node *one = lab_node(&lab, AS, NULL);
    struct lab_node *two = lab_node(&lab, AS, NULL);
    struct lab_node *top = lab_node(&lab, AS, NULL);
    reflector = one;
    lab_peer(one, client, as_client_of_cluster);
    reflector = two;
    lab_peer(two, client, as_client_of_cluster);
    lab_peer(one, two, NULL);
    reflector = top;
    lab_peer(top, one, as_client);
    lab_peer(top, two, as_client);
    lab_announce(client, "192.0.2.0/24", 0, 0);
    lab_expect(&lab, &(struct lab_expectation){two, TABLE_ADJ_IN, one, "192.0.2.0/24"});
    lab_expect(&lab, &(struct lab_expectation){two, TABLE_ADJ_IN, top, "192.0.2.0/24"});
    lab_run_ms(&lab, 5000);
    /* Both came with our cluster in the list, which the client's own configuration gave it. */
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(two->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 3);
    unsigned loops = 0;
    for (size_t i = 0; i < why->path_count; i++)
        loops += strstr(why->paths[i].sentence, "CLUSTER_LIST (RFC 4456)") != NULL;
    assert_int_equal(loops, 2);
    assert_true(lab_route(top, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_int_equal(lab_number(&route, ATTR_CLUSTER_LIST, 0, 0), CLUSTER);
    assert_int_equal(lab_number(&route, ATTR_ORIGINATOR_ID, 0, 0), addr_ipv4_value(&client->addr));
    /* And the client is not told its own route from the side it did not tell it to. */
    assert_int_equal(control_why(client->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 1);
    lab_release(&lab);
}

/* Told directly and reflected: all steps tie, the router id included, down to the shorter CLUSTER_LIST (RFC 4456 9). */
static void test_shorter_list_wins(void **state)
{
    (void)state;
    struct lab lab;
    struct err err;
    const struct why *why;
    lab_init(&lab);
    struct lab_node *origin = lab_node(&lab, AS, NULL);
    struct lab_node *one = lab_node(&lab, AS, NULL);
    struct lab_node *two = lab_node(&lab, AS, NULL);
    reflector = one;
    lab_peer(one, origin, as_client);
    lab_peer(one, two, as_client);
    reflector = two;
    lab_peer(two, origin, as_client);
    lab_announce(origin, "192.0.2.0/24", 0, 0);
    lab_expect(&lab, &(struct lab_expectation){two, TABLE_ADJ_IN, one, "192.0.2.0/24"});
    lab_run_ms(&lab, 3000);
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(two->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 2);
    assert_string_equal(why->paths[0].step, "CLUSTER_LIST length");
    assert_true(addr_equal(&why->paths[0].view.neighbor, &origin->addr));
    lab_release(&lab);
}

static void deaf_to_the_first(struct neighbor_config *neighbor, const struct lab_node *self)
{
    as_client(neighbor, self);
    neighbor->peer.apply_policy.default_import = self == reflector ? DEFAULT_ACTION_REJECT : DEFAULT_ACTION_NONE;
}

/* Own router id in ORIGINATOR_ID: it came around through reflectors that know nothing of each other. */
static void test_originator_loop(void **state)
{
    (void)state;
    struct lab lab;
    struct err err;
    const struct why *why;
    lab_init(&lab);
    struct lab_node *origin = lab_node(&lab, AS, NULL);
    struct lab_node *one = lab_node(&lab, AS, NULL);
    struct lab_node *two = lab_node(&lab, AS, NULL);
    reflector = one;
    lab_peer(one, origin, as_client);
    lab_peer(one, two, as_client);
    reflector = two;
    lab_peer(two, origin, deaf_to_the_first);
    /* From outside, so that the next hop is not origin itself: that alone would make the route useless to it. */
    struct lab_node *outside = lab_node(&lab, 65009, NULL);
    lab_peer(origin, outside, NULL);
    lab_announce(outside, "192.0.2.0/24", 0, 0);
    lab_expect(&lab, &(struct lab_expectation){origin, TABLE_ADJ_IN, two, "192.0.2.0/24"});
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(origin->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 2);
    assert_non_null(strstr(why->paths[1].sentence, "ORIGINATOR_ID is our own"));
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_told),       cmocka_unit_test(test_what_is_told),    cmocka_unit_test(test_loops),
        cmocka_unit_test(test_shorter_list_wins), cmocka_unit_test(test_originator_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
