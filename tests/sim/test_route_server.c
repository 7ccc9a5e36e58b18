/* A route server (RFC 7947): invisible in what it passes on, and each client's own view of what there is. */
#include "lab.h"

#include <string.h>

#include "net/bgp.h"

enum { SERVER_AS = 65000 };

/* `as_path` NULL: not there. */
static void expect(struct lab *lab, struct lab_node *node, const char *prefix, const char *as_path)
{
    lab_expect(
        lab, &(struct lab_expectation){.node = node, .prefix = prefix, .absent = as_path == NULL, .as_path = as_path});
}

static void expect_in(struct lab *lab, enum table_type table, struct lab_node *server, const struct lab_node *client,
                      const struct lab_offer *route)
{
    lab_expect(lab,
               &(struct lab_expectation){server, table, client, route->prefix, route->as_path == NULL, route->as_path});
}

static void obey_communities(struct global_config *global)
{
    global->route_server_communities = true;
}

static void as_client(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.route_server_client = self->as == SERVER_AS;
    /* The route server's own AS number is not in AS_PATH. */
    neighbor->peer.enforce_first_as = false;
}

static void as_client_with_add_path(struct neighbor_config *neighbor, const struct lab_node *self)
{
    as_client(neighbor, self);
    neighbor->peer.add_paths.receive = true;
    neighbor->peer.add_paths.send_max = self->as == SERVER_AS ? 4 : 0;
}

/* Clients 1 to 4 with AS numbers 65001 to 65004; client 5 is another router of AS 65004. */
struct exchange {
    struct lab lab;
    struct lab_node *server;
    struct lab_node *clients[6]; /* [0] is not used */
};

static void exchange_init(struct exchange *exchange, unsigned count, void (*adjust)(struct global_config *global))
{
    lab_init(&exchange->lab);
    exchange->server = lab_node(&exchange->lab, SERVER_AS, adjust);
    for (unsigned i = 1; i <= count; i++) {
        exchange->clients[i] = lab_node(&exchange->lab, 65000 + (i < 4 ? i : 4), NULL);
        lab_peer(exchange->server, exchange->clients[i], as_client);
    }
    for (unsigned i = 1; i <= count; i++)
        lab_until_established(&exchange->lab, exchange->server, exchange->clients[i]);
}

static void test_it_cannot_be_seen(void **state)
{
    (void)state;
    struct exchange exchange;
    struct lab_route route;
    exchange_init(&exchange, 3, NULL);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 33, 0xFDE80007);
    expect(&exchange.lab, exchange.clients[2], "192.0.2.0/24", "65001");
    expect(&exchange.lab, exchange.clients[3], "192.0.2.0/24", "65001");
    assert_true(lab_route(exchange.clients[2], TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_true(lab_next_hop_is(&route, exchange.clients[1]));
    assert_int_equal(lab_number(&route, ATTR_MED, 0, 0), 33);
    assert_int_equal(lab_number(&route, ATTR_COMMUNITIES, 0, 0), 0xFDE80007);
    assert_false(lab_has(&route, ATTR_LOCAL_PREF));
    lab_withdraw(exchange.clients[1], "192.0.2.0/24");
    expect(&exchange.lab, exchange.clients[2], "192.0.2.0/24", NULL);
    lab_release(&exchange.lab);
}

/* Clients and everybody else do not hear of each other, nor of the speaker's own routes. */
static void test_a_world_of_its_own(void **state)
{
    (void)state;
    struct exchange exchange;
    struct lab_route route;
    exchange_init(&exchange, 2, NULL);
    struct lab_node *ordinary = lab_node(&exchange.lab, 65077, NULL);
    lab_peer(exchange.server, ordinary, NULL);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 0, 0);
    lab_announce(ordinary, "198.51.100.0/24", 0, 0);
    lab_announce(exchange.server, "203.0.113.0/24", 0, 0);
    expect(&exchange.lab, exchange.clients[2], "192.0.2.0/24", "65001");
    expect(&exchange.lab, ordinary, "203.0.113.0/24", "65000");
    lab_run_ms(&exchange.lab, 5000);
    assert_false(lab_route(ordinary, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_false(lab_route(exchange.clients[2], TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    assert_false(lab_route(exchange.clients[2], TABLE_GLOBAL, NULL, "203.0.113.0/24", &route));
    assert_false(lab_route(exchange.server, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_true(lab_route(exchange.server, TABLE_ADJ_IN, exchange.clients[1], "192.0.2.0/24", &route));
    lab_release(&exchange.lab);
}

/* The best path hides nothing from whom it is not for (RFC 7947 2.3): its own source, and those it passed. */
static void test_nothing_is_hidden(void **state)
{
    (void)state;
    struct exchange exchange;
    exchange_init(&exchange, 5, NULL);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 0, 0);
    lab_offer(exchange.clients[2], &(struct lab_offer){"192.0.2.0/24", "65010"});
    lab_offer(exchange.clients[3], &(struct lab_offer){"192.0.2.0/24", "65020 65030"});
    expect(&exchange.lab, exchange.clients[4], "192.0.2.0/24", "65001");
    expect_in(&exchange.lab, TABLE_LOCAL, exchange.server, exchange.clients[1],
              &(struct lab_offer){"192.0.2.0/24", "65002 65010"});
    expect_in(&exchange.lab, TABLE_LOCAL, exchange.server, exchange.clients[2],
              &(struct lab_offer){"192.0.2.0/24", "65001"});
    expect_in(&exchange.lab, TABLE_ADJ_OUT, exchange.server, exchange.clients[1],
              &(struct lab_offer){"192.0.2.0/24", "65002 65010"});
    /* A better path, which passed AS 65004 and 65002. */
    lab_offer(exchange.clients[1], &(struct lab_offer){"198.51.100.0/24", "65004"});
    lab_offer(exchange.clients[3], &(struct lab_offer){"198.51.100.0/24", "65020 65030"});
    expect(&exchange.lab, exchange.clients[2], "198.51.100.0/24", "65001 65004");
    expect(&exchange.lab, exchange.clients[4], "198.51.100.0/24", "65003 65020 65030");
    expect(&exchange.lab, exchange.clients[5], "198.51.100.0/24", "65003 65020 65030");
    expect_in(&exchange.lab, TABLE_ADJ_OUT, exchange.server, exchange.clients[3],
              &(struct lab_offer){"198.51.100.0/24", "65001 65004"});
    lab_withdraw(exchange.clients[3], "198.51.100.0/24");
    expect(&exchange.lab, exchange.clients[4], "198.51.100.0/24", NULL);
    expect(&exchange.lab, exchange.clients[2], "198.51.100.0/24", "65001 65004");
    lab_release(&exchange.lab);
}

static void test_control_communities(void **state)
{
    (void)state;
    struct exchange exchange;
    struct lab_route route;
    exchange_init(&exchange, 4, obey_communities);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 0, 65002);                               /* 0:65002 */
    lab_announce(exchange.clients[1], "198.51.100.0/24", 0, SERVER_AS);                        /* 0:65000 */
    lab_announce(exchange.clients[1], "203.0.113.0/24", 0, (uint32_t)SERVER_AS << 16 | 65002); /* 65000:65002 alone */
    lab_offer(exchange.clients[3], &(struct lab_offer){"192.0.2.0/24", "65030"});
    expect(&exchange.lab, exchange.clients[4], "192.0.2.0/24", "65001");
    expect(&exchange.lab, exchange.clients[2], "192.0.2.0/24", "65003 65030");
    expect(&exchange.lab, exchange.clients[4], "203.0.113.0/24", "65001");
    lab_run_ms(&exchange.lab, 3000);
    for (unsigned i = 2; i <= 4; i++)
        assert_false(lab_route(exchange.clients[i], TABLE_GLOBAL, NULL, "198.51.100.0/24", &route));
    /* What was said to the route server stays there. */
    assert_true(lab_route(exchange.clients[4], TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_false(lab_has(&route, ATTR_COMMUNITIES));
    /* Why not? */
    const struct why *why;
    struct err err;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST,
                              .to_peer = &(struct peer_name){.address = exchange.clients[2]->addr}};
    prefix_parse("198.51.100.0/24", false, &query.prefix);
    assert_int_equal(control_why(exchange.server->control, &query, &why, &err), E_OK);
    assert_false(why->told.told);
    assert_non_null(strstr(why->told.sentence, "control communities"));
    lab_release(&exchange.lab);
}

/* Without the switch they are only communities. */
static void test_communities_disregarded(void **state)
{
    (void)state;
    struct exchange exchange;
    struct lab_route route;
    exchange_init(&exchange, 2, NULL);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 0, 65002);
    expect(&exchange.lab, exchange.clients[2], "192.0.2.0/24", "65001");
    assert_true(lab_route(exchange.clients[2], TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_true(lab_has(&route, ATTR_COMMUNITIES));
    lab_release(&exchange.lab);
}

/* Who comes late, and who comes again, sees the same as the others. */
static void test_late_client(void **state)
{
    (void)state;
    struct exchange exchange;
    exchange_init(&exchange, 3, obey_communities);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 0, 65004);
    lab_offer(exchange.clients[2], &(struct lab_offer){"192.0.2.0/24", "65010"});
    lab_announce(exchange.clients[1], "198.51.100.0/24", 0, 65004);
    expect(&exchange.lab, exchange.clients[3], "192.0.2.0/24", "65001");
    exchange.clients[4] = lab_node(&exchange.lab, 65004, NULL);
    lab_peer(exchange.server, exchange.clients[4], as_client);
    expect(&exchange.lab, exchange.clients[4], "192.0.2.0/24", "65002 65010");
    expect_in(&exchange.lab, TABLE_LOCAL, exchange.server, exchange.clients[4],
              &(struct lab_offer){"198.51.100.0/24", NULL});
    assert_int_equal(memory_net_reset(exchange.lab.net, &exchange.server->addr, &exchange.clients[1]->addr), 1);
    expect(&exchange.lab, exchange.clients[3], "192.0.2.0/24", "65002 65010");
    expect(&exchange.lab, exchange.clients[3], "192.0.2.0/24", "65001");
    expect(&exchange.lab, exchange.clients[4], "192.0.2.0/24", "65002 65010");
    lab_release(&exchange.lab);
}

static void count_groups(void *context, const struct group_view *view)
{
    *(unsigned *)context += view->member_count > 0;
}

/* Many clients, one group; with add-path, one per AS number. */
static void test_groups(void **state)
{
    (void)state;
    struct exchange exchange;
    struct lab_route route;
    unsigned groups = 0;
    exchange_init(&exchange, 5, NULL);
    assert_int_equal(control_group_list(exchange.server->control, count_groups, &groups), 1);
    struct lab_node *several = lab_node(&exchange.lab, 65009, NULL);
    lab_peer(exchange.server, several, as_client_with_add_path);
    lab_announce(exchange.clients[1], "192.0.2.0/24", 0, 0);
    lab_offer(exchange.clients[2], &(struct lab_offer){"192.0.2.0/24", "65009"});
    lab_offer(exchange.clients[3], &(struct lab_offer){"192.0.2.0/24", "65020 65030"});
    expect(&exchange.lab, several, "192.0.2.0/24", "65001");
    lab_run_ms(&exchange.lab, 3000);
    assert_int_equal(control_group_list(exchange.server->control, count_groups, &groups), 2);
    struct path_walk *walk;
    const struct path_view *paths;
    struct err err;
    bool again;
    struct path_query query = {.table = TABLE_ADJ_IN, .peer = {.address = exchange.server->addr}};
    assert_int_equal(control_path_walk(several->control, &query, &walk, &err), E_OK);
    assert_int_equal(path_walk_next(walk, &paths, &again), 2); /* not the one through itself */
    path_walk_free(walk);
    assert_true(lab_route(several, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    lab_release(&exchange.lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_cannot_be_seen),
        cmocka_unit_test(test_a_world_of_its_own),
        cmocka_unit_test(test_nothing_is_hidden),
        cmocka_unit_test(test_control_communities),
        cmocka_unit_test(test_communities_disregarded),
        cmocka_unit_test(test_late_client),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
