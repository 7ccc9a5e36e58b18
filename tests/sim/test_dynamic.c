/* Neighbours that nobody configured one by one: who may come, as what, how many, and when they go. */
#include "lab.h"

#include <string.h>

enum { HUB_AS = 65000, LEAF_AS = 65001, OTHER_AS = 65002 };

static void add_group(struct lab_node *node, const char *name, uint32_t as, uint16_t hold_time_s)
{
    struct err err = {0};
    struct peer_group_config group = {0};
    struct str str = str_over(group.name, sizeof(group.name));
    str_add(&str, name);
    peer_config_init(&group.peer);
    group.peer.peer_as = as;
    group.peer.timers.hold_time_s = hold_time_s;
    if (control_peer_group_add(node->control, &group, &err) != E_OK)
        fail_msg("%s", err.text);
}

static struct dynamic_neighbor_config range_of(const char *prefix, const char *group)
{
    struct dynamic_neighbor_config dynamic = {0};
    struct str str = str_over(dynamic.peer_group, sizeof(dynamic.peer_group));
    str_add(&str, group);
    assert_int_equal(prefix_parse(prefix, false, &dynamic.prefix), E_OK);
    return dynamic;
}

static void add_range(struct lab_node *node, const char *prefix, const char *group)
{
    struct err err = {0};
    struct dynamic_neighbor_config dynamic = range_of(prefix, group);
    if (control_dynamic_neighbor_add(node->control, &dynamic, &err) != E_OK)
        fail_msg("%s", err.text);
}

/* The leaf dials the hub, which does not know it. */
static void dial(struct lab_node *leaf, const struct lab_node *hub)
{
    struct err err = {0};
    struct neighbor_config neighbor = {.address = hub->addr};
    peer_config_init(&neighbor.peer);
    neighbor.peer.peer_as = hub->as;
    neighbor.peer.transport.local_address = leaf->addr;
    neighbor.peer.timers.connect_retry_s = 1;
    if (control_peer_add(leaf->control, &neighbor, &err) != E_OK)
        fail_msg("%s", err.text);
}

static void hang_up(struct lab_node *leaf, const struct lab_node *hub)
{
    struct peer_name name = {.address = hub->addr};
    struct err err = {0};
    assert_int_equal(control_peer_delete(leaf->control, &name, NULL, &err), E_OK);
}

struct seen {
    unsigned peers, established, dynamic;
    char group[CONFIG_NAME_MAX];
    bool passive;
    uint16_t hold_time_s;
};

static void see(void *context, const struct peer_view *view)
{
    struct seen *seen = context;
    seen->peers++;
    seen->dynamic += view->dynamic;
    seen->established += view->session->state == SESSION_ESTABLISHED;
    seen->passive = view->config->peer.transport.passive_mode;
    seen->hold_time_s = view->config->peer.timers.hold_time_s;
    memcpy(seen->group, view->config->peer_group, sizeof(seen->group));
}

static struct seen look(const struct lab_node *node)
{
    struct seen seen = {0};
    control_peer_list(node->control, NULL, see, &seen);
    return seen;
}

struct wish {
    const struct lab_node *node;
    unsigned peers, established;
};

static bool granted(void *context)
{
    const struct wish *wish = context;
    struct seen seen = look(wish->node);
    return seen.peers == wish->peers && seen.established == wish->established;
}

static void until(struct lab *lab, const struct lab_node *node, unsigned peers, unsigned established)
{
    struct wish wish = {node, peers, established};
    lab_until(lab, 60, granted, &wish);
}

static void comes_and_goes(void **state)
{
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    add_group(hub, "leaves", LEAF_AS, 30);
    add_range(hub, "10.0.0.0/24", "leaves");
    lab_announce(leaf, "192.0.2.0/24", 5, 0);
    for (int round = 0; round < 2; round++) {
        dial(leaf, hub);
        until(&lab, hub, 1, 1);
        struct seen seen = look(hub);
        assert_int_equal(seen.dynamic, 1);
        assert_true(seen.passive);
        assert_int_equal(seen.hold_time_s, 30);
        assert_string_equal(seen.group, "leaves");
        lab_run_ms(&lab, 500);
        assert_true(lab_route(hub, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
        hang_up(leaf, hub);
        until(&lab, hub, 0, 0);
        lab_run_ms(&lab, 500);
        assert_false(lab_route(hub, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    }
    lab_release(&lab);
}

/* 10.0.0.2 and 10.0.0.3 are in the /24; the latter alone is in the /32 too. */
static void the_longest_range_counts(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    struct lab_node *other = lab_node(&lab, OTHER_AS, NULL);
    add_group(hub, "many", LEAF_AS, 90);
    add_group(hub, "one", OTHER_AS, 45);
    add_range(hub, "10.0.0.3/32", "one");
    add_range(hub, "10.0.0.0/24", "many");
    add_range(hub, "10.0.0.0/16", "one");
    dial(other, hub);
    until(&lab, hub, 1, 1);
    assert_string_equal(look(hub).group, "one");
    hang_up(other, hub);
    until(&lab, hub, 0, 0);
    dial(leaf, hub);
    until(&lab, hub, 1, 1);
    assert_string_equal(look(hub).group, "many");
    lab_release(&lab);
}

static void a_stranger_stays_out(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    add_group(hub, "elsewhere", LEAF_AS, 90);
    add_range(hub, "10.0.1.0/24", "elsewhere");
    dial(leaf, hub);
    lab_run_ms(&lab, 20000);
    assert_int_equal(look(hub).peers, 0);
    lab_release(&lab);
}

/* The wrong AS is refused as a configured neighbour's is, and leaves nothing. */
static void a_wrong_as_leaves_nothing(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    add_group(hub, "leaves", OTHER_AS, 90);
    add_range(hub, "10.0.0.0/24", "leaves");
    dial(leaf, hub);
    lab_run_ms(&lab, 3000);
    hang_up(leaf, hub);
    until(&lab, hub, 0, 0);
    lab_release(&lab);
}

static void two_at_most(struct global_config *global)
{
    global->dynamic_neighbor_limit = 2;
}

static void the_limit_holds(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, two_at_most);
    struct lab_node *leaves[3];
    add_group(hub, "leaves", LEAF_AS, 90);
    add_range(hub, "10.0.0.0/24", "leaves");
    for (unsigned i = 0; i < 3; i++) {
        leaves[i] = lab_node(&lab, LEAF_AS, NULL);
        dial(leaves[i], hub);
    }
    until(&lab, hub, 2, 2);
    lab_run_ms(&lab, 10000);
    assert_int_equal(look(hub).peers, 2);
    for (unsigned i = 0; i < 2; i++) /* somebody's place is free again */
        hang_up(leaves[i], hub);
    until(&lab, hub, 1, 1);
    lab_release(&lab);
}

static void the_group_changes_its_members(void **state)
{
    struct lab lab;
    struct err err = {0};
    bool in_matters;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    add_group(hub, "leaves", LEAF_AS, 90);
    add_range(hub, "10.0.0.0/24", "leaves");
    dial(leaf, hub);
    until(&lab, hub, 1, 1);
    struct peer_group_config group = *control_peer_group_find(hub->control, "leaves");
    group.peer.timers.hold_time_s = 33;
    assert_int_equal(control_peer_group_update(hub->control, &group, &in_matters, &err), E_OK);
    struct seen seen = look(hub);
    assert_int_equal(seen.hold_time_s, 33);
    assert_int_equal(seen.established, 1);
    assert_true(seen.passive);
    assert_int_equal(control_peer_group_delete(hub->control, "leaves", &err), E_STATE);
    lab_release(&lab);
}

static void deleting_a_range_leaves_its_peers(void **state)
{
    struct lab lab;
    struct err err = {0};
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    struct dynamic_neighbor_config dynamic = range_of("10.0.0.0/24", "leaves");
    add_group(hub, "leaves", LEAF_AS, 90);
    add_group(hub, "others", LEAF_AS, 90);
    add_range(hub, "10.0.0.0/24", "leaves");
    add_range(hub, "10.0.0.0/24", "leaves"); /* said twice is fine */
    struct dynamic_neighbor_config taken = range_of("10.0.0.0/24", "others");
    assert_int_equal(control_dynamic_neighbor_add(hub->control, &taken, &err), E_EXISTS);
    struct dynamic_neighbor_config unknown = range_of("10.1.0.0/24", "nobody");
    assert_int_equal(control_dynamic_neighbor_add(hub->control, &unknown, &err), E_NOT_FOUND);
    dial(leaf, hub);
    until(&lab, hub, 1, 1);
    assert_int_equal(control_dynamic_neighbor_delete(hub->control, &taken, &err), E_NOT_FOUND);
    assert_int_equal(control_dynamic_neighbor_delete(hub->control, &dynamic, &err), E_OK);
    lab_run_ms(&lab, 1000);
    assert_int_equal(look(hub).established, 1);
    hang_up(leaf, hub);
    until(&lab, hub, 0, 0);
    dial(leaf, hub);
    lab_run_ms(&lab, 10000);
    assert_int_equal(look(hub).peers, 0);
    lab_release(&lab);
}

static void restarts_gracefully(struct peer_config *peer)
{
    peer->graceful_restart = (struct graceful_restart_config){.enabled = true, .restart_time_s = 20};
    peer->families[0] =
        (struct family_config){.family = FAMILY_IPV4_UNICAST, .enabled = true, .mp_graceful_restart = true};
    peer->family_count = 1;
}

/* Whoever may come back for its routes (RFC 4724) is waited for as long as they are kept. */
static void stays_while_its_routes_are_stale(void **state)
{
    struct lab lab;
    struct lab_route route;
    struct err err = {0};
    bool in_matters;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    add_group(hub, "leaves", LEAF_AS, 30);
    struct peer_group_config group = *control_peer_group_find(hub->control, "leaves");
    restarts_gracefully(&group.peer);
    assert_int_equal(control_peer_group_update(hub->control, &group, &in_matters, &err), E_OK);
    add_range(hub, "10.0.0.0/24", "leaves");
    struct neighbor_config neighbor = {.address = hub->addr};
    peer_config_init(&neighbor.peer);
    neighbor.peer.peer_as = hub->as;
    neighbor.peer.transport.local_address = leaf->addr;
    restarts_gracefully(&neighbor.peer);
    assert_int_equal(control_peer_add(leaf->control, &neighbor, &err), E_OK);
    lab_announce(leaf, "192.0.2.0/24", 5, 0);
    until(&lab, hub, 1, 1);
    lab_run_ms(&lab, 500);
    assert_true(lab_route(hub, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    memory_net_cut(lab.net, &hub->addr, &leaf->addr);
    assert_int_equal(memory_net_reset(lab.net, &hub->addr, &leaf->addr), 1);
    lab_run_ms(&lab, 19000);
    assert_int_equal(look(hub).peers, 1);
    assert_int_equal(look(hub).established, 0);
    assert_true(lab_route(hub, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    until(&lab, hub, 0, 0);
    lab_run_ms(&lab, 500);
    assert_false(lab_route(hub, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    memory_net_restore(lab.net, &hub->addr, &leaf->addr);
    until(&lab, hub, 1, 1);
    lab_release(&lab);
}

/* Stopping with a peer there, and its task still to run. */
static void ends_in_the_middle(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *hub = lab_node(&lab, HUB_AS, NULL);
    struct lab_node *leaf = lab_node(&lab, LEAF_AS, NULL);
    struct peer_name name = {.address = leaf->addr};
    struct err err = {0};
    add_group(hub, "leaves", LEAF_AS, 90);
    add_range(hub, "10.0.0.0/24", "leaves");
    dial(leaf, hub);
    until(&lab, hub, 1, 1);
    assert_int_equal(control_peer_disable(hub->control, &name, "", &err), E_OK);
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_and_goes),
        cmocka_unit_test(the_longest_range_counts),
        cmocka_unit_test(a_stranger_stays_out),
        cmocka_unit_test(a_wrong_as_leaves_nothing),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(the_group_changes_its_members),
        cmocka_unit_test(deleting_a_range_leaves_its_peers),
        cmocka_unit_test(stays_while_its_routes_are_stale),
        cmocka_unit_test(ends_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
