/* Origin validation over simulated time: policies that ask about it, in and out, and the timers of RFC 8210 6. */
#include "lab.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "control/control_policy.h"

#define P1 "192.0.2.0/24"
#define P2 "198.51.100.0/24"
#define P3 "203.0.113.0/24"

/* a - b - c, and b asks the cache. All routes come from a. */
struct scene {
    struct lab lab;
    struct lab_node *a, *b, *c;
    struct cache cache;
};

static void define(struct lab_node *node, const char *name, enum rpki_result state, enum policy_action action)
{
    struct statement_spec statement = {.name = name, .conditions.rpki = state, .actions.route_action = action};
    struct policy_spec policy = {.name = name, .statements = &statement, .statement_count = 1};
    struct err err = {{0}};
    if (control_policy_add(node->control, &policy, false, &err) != 0)
        fail_msg("%s", err.text);
}

static void assign(struct lab_node *node, const struct lab_node *neighbor, enum policy_direction direction,
                   const char *policy)
{
    char target[ADDR_TEXT_MAX];
    struct err err = {{0}};
    struct assignment_spec assignment = {.target = addr_format(&neighbor->addr, target),
                                         .direction = direction,
                                         .policies = &policy,
                                         .policy_count = policy != NULL,
                                         .default_action = POLICY_ACCEPT};
    if (control_assignment_set(node->control, &assignment, &err) != 0)
        fail_msg("%s", err.text);
}

struct known {
    struct lab_node *node;
    const char *prefixes; /* without "/24", separated by blanks */
    char seen[128];
};

static int compare_routes(const void *a, const void *b)
{
    return prefix_compare(&((const struct lab_route *)a)->prefix, &((const struct lab_route *)b)->prefix);
}

static bool knows(void *context)
{
    struct known *known = context;
    static struct lab_route routes[16];
    struct str seen = str_over(known->seen, sizeof(known->seen));
    size_t count = lab_routes(known->node, TABLE_GLOBAL, NULL, FAMILY_IPV4_UNICAST, routes, 16);
    qsort(routes, count, sizeof(routes[0]), compare_routes);
    for (size_t i = 0; i < count; i++) {
        char text[PREFIX_TEXT_MAX];
        if (!routes[i].view.filtered)
            str_printf(&seen, "%s%s", seen.length ? " " : "", prefix_format(&routes[i].prefix, text));
    }
    return strcmp(known->seen, known->prefixes) == 0;
}

static void expect(struct scene *scene, struct lab_node *node, const char *prefixes)
{
    struct known known = {.node = node, .prefixes = prefixes};
    lab_until(&scene->lab, 20, knows, &known);
}

static void take_state(void *context, const struct rtr_server_view *view)
{
    *(struct rtr_server_view *)context = *view;
}

static struct rtr_server_view server(const struct scene *scene)
{
    struct rtr_server_view view = {0};
    control_rpki_list(scene->b->control, take_state, &view);
    return view;
}

static bool is_up(void *context)
{
    return server(context).up;
}

static void add_server(struct scene *scene)
{
    struct rpki_server_config config = {.address = "10.0.0.200", .record_lifetime_s = 3600};
    assert_int_equal(control_rpki_add(scene->b->control, &config, NULL), 0);
}

static void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    lab_init(&scene->lab);
    scene->a = lab_node(&scene->lab, 65001, NULL);
    scene->b = lab_node(&scene->lab, 65002, NULL);
    scene->c = lab_node(&scene->lab, 65003, NULL);
    cache_init(&scene->cache, &scene->lab);
    define(scene->b, "no-invalid", RPKI_RESULT_INVALID, POLICY_REJECT);
    define(scene->b, "no-unknown", RPKI_RESULT_NOT_FOUND, POLICY_REJECT);
    lab_peer(scene->a, scene->b, NULL);
    lab_peer(scene->b, scene->c, NULL);
    lab_until_established(&scene->lab, scene->a, scene->b);
    lab_until_established(&scene->lab, scene->b, scene->c);
    lab_announce(scene->a, P1, 0, 0);
    lab_announce(scene->a, P2, 0, 0);
    lab_announce(scene->a, P3, 0, 0);
    expect(scene, scene->c, P1 " " P2 " " P3);
}

static void scene_release(struct scene *scene)
{
    cache_release(&scene->cache);
    lab_release(&scene->lab);
}

static uint32_t flaps(const struct scene *scene, const struct lab_node *peer)
{
    struct peer_name name = {.address = peer->addr};
    struct why_session why;
    assert_int_equal(control_why_session(scene->b->control, &name, &why, NULL), 0);
    assert_int_equal(why.state, SESSION_ESTABLISHED);
    return why.flaps;
}

static void test_import(void **state)
{
    struct scene scene;
    scene_init(&scene);
    assign(scene.b, scene.a, POLICY_IMPORT, "no-invalid");
    cache_change(&scene.cache, "192.0.0.0/8", 24, 65009, true); /* covers P1: of another AS */
    cache_change(&scene.cache, P2, 24, 65001, true);
    add_server(&scene);
    expect(&scene, scene.c, P2 " " P3);

    /* A VRP that makes it valid, and goes again. */
    cache_change(&scene.cache, P1, 24, 65001, true);
    cache_notify(&scene.cache);
    expect(&scene, scene.c, P1 " " P2 " " P3);
    cache_change(&scene.cache, P1, 24, 65001, false);
    cache_notify(&scene.cache);
    expect(&scene, scene.c, P2 " " P3);

    /* Why says so. */
    const struct why *why;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    assert_int_equal(prefix_parse(P1, false, &query.prefix), 0);
    assert_int_equal(control_why(scene.b->control, &query, &why, NULL), 0);
    assert_non_null(strstr(why->paths[0].sentence, "statement no-invalid, rejects it (RPKI: invalid, origin AS 65001; "
                                                   "192.0.0.0/8 up to /24 is for AS 65009)"));

    /* Without the server nothing is invalid. */
    assert_int_equal(control_rpki_remove(scene.b->control, "10.0.0.200", 323, NULL), 0);
    expect(&scene, scene.c, P1 " " P2 " " P3);
    assert_int_equal(flaps(&scene, scene.a) + flaps(&scene, scene.c), 0);
    scene_release(&scene);
}

static void test_export(void **state)
{
    struct scene scene;
    scene_init(&scene);
    assign(scene.b, scene.c, POLICY_EXPORT, "no-unknown");
    expect(&scene, scene.c, "");
    cache_change(&scene.cache, "198.51.100.0/23", 24, 65001, true);
    add_server(&scene);
    expect(&scene, scene.c, P2);
    expect(&scene, scene.b, P1 " " P2 " " P3);
    cache_change(&scene.cache, P3, 24, 65009, true); /* invalid is not unknown */
    cache_notify(&scene.cache);
    expect(&scene, scene.c, P2 " " P3);
    cache_change(&scene.cache, "198.51.100.0/23", 24, 65001, false);
    cache_notify(&scene.cache);
    expect(&scene, scene.c, P3);
    assert_int_equal(flaps(&scene, scene.a) + flaps(&scene, scene.c), 0);
    scene_release(&scene);
}

/* Without a notify it is asked every refresh interval; what it does not confirm expires. */
static void test_timers(void **state)
{
    struct scene scene;
    scene_init(&scene);
    assign(scene.b, scene.a, POLICY_IMPORT, "no-invalid");
    scene.cache.timing = (struct rtr_end){.refresh_s = 1000, .retry_s = 600, .expire_s = 3000};
    cache_change(&scene.cache, P1, 24, 65009, true);
    add_server(&scene);
    expect(&scene, scene.c, P2 " " P3);
    assert_int_equal(scene.cache.whole, 1);
    lab_run_ms(&scene.lab, 990 * 1000);
    assert_int_equal(scene.cache.differences, 0);
    cache_change(&scene.cache, P2, 24, 65009, true);
    lab_run_ms(&scene.lab, 20 * 1000);
    assert_int_equal(scene.cache.differences, 1);
    expect(&scene, scene.c, P3);

    /* It hears and does not answer: a minute of patience each time, and at last its VRPs expire. */
    scene.cache.silent = true;
    lab_run_ms(&scene.lab, 2900 * 1000);
    assert_false(server(&scene).up);
    expect(&scene, scene.c, P3);
    lab_run_ms(&scene.lab, 120 * 1000);
    expect(&scene, scene.c, P1 " " P2 " " P3);
    assert_int_equal(server(&scene).counts.records[0], 0);
    assert_string_equal(server(&scene).trouble, "no answer within a minute");

    /* It answers again: everything is asked for. */
    unsigned whole = scene.cache.whole;
    scene.cache.silent = false;
    lab_run_ms(&scene.lab, 120 * 1000);
    assert_true(scene.cache.whole > whole);
    expect(&scene, scene.c, P3);
    assert_int_equal(flaps(&scene, scene.a) + flaps(&scene, scene.c), 0);
    scene_release(&scene);
}

/* What a server said stays for record-lifetime after its session. */
static void test_away(void **state)
{
    struct scene scene;
    scene_init(&scene);
    assign(scene.b, scene.a, POLICY_IMPORT, "no-invalid");
    cache_change(&scene.cache, P1, 24, 65009, true);
    add_server(&scene);
    expect(&scene, scene.c, P2 " " P3);
    cache_hang_up(&scene.cache);
    lab_run_ms(&scene.lab, 3590 * 1000);
    assert_false(server(&scene).up);
    expect(&scene, scene.c, P2 " " P3);
    lab_run_ms(&scene.lab, 20 * 1000);
    expect(&scene, scene.c, P1 " " P2 " " P3);
    scene_release(&scene);
}

/* Stopped and started, in any state. */
static void test_requests(void **state)
{
    struct scene scene;
    scene_init(&scene);
    assign(scene.b, scene.a, POLICY_IMPORT, "no-invalid");
    cache_change(&scene.cache, P1, 24, 65009, true);
    for (unsigned round = 0; round < 60; round++) {
        struct err err = {{0}};
        add_server(&scene);
        lab_run_ms(&scene.lab, round % 7);
        for (unsigned request = 0; request < 4; request++) {
            assert_int_equal(control_rpki_request(scene.b->control, (enum rpki_request)((round + request) % 4),
                                                  "10.0.0.200", round % 2 ? 323 : 0, &err),
                             0);
            lab_run_ms(&scene.lab, round % 3);
        }
        if (round % 5 == 0) {
            control_rpki_request(scene.b->control, RPKI_ENABLE, "10.0.0.200", 0, NULL);
            lab_until(&scene.lab, 60, is_up, &scene);
            expect(&scene, scene.c, P2 " " P3);
        }
        assert_int_equal(control_rpki_remove(scene.b->control, "10.0.0.200", 323, &err), 0);
        assert_int_equal(control_rpki_remove(scene.b->control, "10.0.0.200", 323, &err), E_NOT_FOUND);
    }
    expect(&scene, scene.c, P1 " " P2 " " P3);
    assert_int_equal(flaps(&scene, scene.a) + flaps(&scene, scene.c), 0);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import), cmocka_unit_test(test_export),   cmocka_unit_test(test_timers),
        cmocka_unit_test(test_away),   cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
