/* Graceful shutdown (RFC 8326): who hears of it turns away before the session ends, and back when it is called off. */
#include "lab.h"

#include <string.h>

#include "net/bgp.h"

static bool says_so(const struct lab_route *route)
{
    return lab_number(route, ATTR_COMMUNITIES, 0, 0) == (uint32_t)COMMUNITY_GRACEFUL_SHUTDOWN;
}

struct expectation {
    struct lab_node *node;
    const struct lab_node *from; /* of the best path */
    int says_so;                 /* -1: either */
};

static bool met(void *context)
{
    const struct expectation *expected = context;
    struct lab_route route;
    return lab_route(expected->node, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route) &&
           addr_equal(&route.view.neighbor, &expected->from->addr) &&
           (expected->says_so < 0 || expected->says_so == says_so(&route));
}

static void expect(struct lab *lab, struct lab_node *node, const struct lab_node *from, int says_so)
{
    lab_until(lab, 60, met, &(struct expectation){node, from, says_so});
}

static void honour(struct global_config *global)
{
    global->honour_graceful_shutdown = true;
}

static void several_paths(struct neighbor_config *neighbor, const struct lab_node *self)
{
    (void)self;
    neighbor->peer.add_paths.receive = true;
    neighbor->peer.add_paths.send_max = 3;
}

static void order(struct lab_node *node, const struct lab_node *to, enum graceful_shutdown_wish wish, bool due)
{
    struct err err = {0};
    bool is_on;
    struct peer_name name = {0};
    if (to != NULL)
        name.address = to->addr;
    if (control_graceful_shutdown(node->control, to != NULL ? &name : NULL, wish, &is_on, &err) != E_OK)
        fail_msg("%s", err.text);
    assert_int_equal(is_on, due);
}

/*        /-- left --\
 *  origin            receiver == inside     (left is the better way: its address is lower, all else ties)
 *        \-- right -/
 */
struct square {
    struct lab lab;
    struct lab_node *left, *right, *origin, *receiver, *inside;
};

static void square_init(struct square *square, void (*adjust)(struct neighbor_config *, const struct lab_node *))
{
    lab_init(&square->lab);
    square->left = lab_node(&square->lab, 65001, NULL);
    square->right = lab_node(&square->lab, 65002, NULL);
    square->origin = lab_node(&square->lab, 65009, NULL);
    square->receiver = lab_node(&square->lab, 65100, honour);
    square->inside = lab_node(&square->lab, 65100, NULL);
    lab_announce(square->origin, "192.0.2.0/24", 0, 0);
    lab_peer(square->origin, square->left, NULL);
    lab_peer(square->left, square->receiver, adjust);
    expect(&square->lab, square->receiver, square->left, 0); /* the older one */
    lab_peer(square->origin, square->right, NULL);
    lab_peer(square->right, square->receiver, adjust);
    lab_peer(square->receiver, square->inside, NULL);
    lab_until_established(&square->lab, square->right, square->receiver);
    expect(&square->lab, square->inside, square->receiver, -1);
    lab_run_ms(&square->lab, 2000);
}

static void turn_away_and_back(void (*adjust)(struct neighbor_config *, const struct lab_node *))
{
    struct square square;
    struct lab_route route;
    struct err err;
    const struct why *why;
    square_init(&square, adjust);
    expect(&square.lab, square.receiver, square.left, 0);
    order(square.left, square.receiver, GRACEFUL_SHUTDOWN_ASK, false);
    order(square.left, square.receiver, GRACEFUL_SHUTDOWN_ON, true);
    order(square.left, square.receiver, GRACEFUL_SHUTDOWN_ASK, true);
    expect(&square.lab, square.receiver, square.right, 0);
    /* Still there, as the last choice. */
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse("192.0.2.0/24", false, &query.prefix);
    assert_int_equal(control_why(square.receiver->control, &query, &why, &err), E_OK);
    assert_int_equal(why->path_count, 2);
    assert_string_equal(why->paths[0].step, "LOCAL_PREF");
    /* The other neighbor of the one that leaves hears nothing of it. */
    assert_true(lab_route(square.left, TABLE_ADJ_OUT, square.receiver, "192.0.2.0/24", &route));
    assert_true(says_so(&route));
    order(square.left, square.receiver, GRACEFUL_SHUTDOWN_OFF, false);
    lab_run_ms(&square.lab, 3000);
    assert_true(lab_route(square.left, TABLE_ADJ_OUT, square.receiver, "192.0.2.0/24", &route));
    assert_false(says_so(&route));
    /* No session was lost over it. */
    order(square.right, square.receiver, GRACEFUL_SHUTDOWN_ON, true);
    expect(&square.lab, square.receiver, square.left, 0);
    lab_release(&square.lab);
}

static void test_one_session(void **state)
{
    (void)state;
    turn_away_and_back(NULL);
}

static void test_one_session_with_add_path(void **state)
{
    (void)state;
    turn_away_and_back(several_paths);
}

/* With all sessions at once, what came over them is the last choice here too, and internal neighbors are told so. */
static void test_all_sessions(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *outside = lab_node(&lab, 65001, NULL);
    struct lab_node *leaving = lab_node(&lab, 65100, NULL);
    struct lab_node *staying = lab_node(&lab, 65100, NULL);
    struct lab_node *far = lab_node(&lab, 65001, NULL);
    lab_peer(outside, leaving, NULL);
    lab_peer(leaving, staying, NULL);
    lab_peer(far, staying, NULL);
    lab_announce(outside, "192.0.2.0/24", 0, 0);
    expect(&lab, staying, leaving, 0);
    order(leaving, NULL, GRACEFUL_SHUTDOWN_ON, true);
    lab_run_ms(&lab, 2000);
    assert_true(lab_route(staying, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_int_equal(lab_number(&route, ATTR_LOCAL_PREF, 0, UINT32_MAX), 0);
    assert_true(lab_route(leaving, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_int_equal(lab_number(&route, ATTR_LOCAL_PREF, 0, UINT32_MAX), 0);
    order(leaving, outside, GRACEFUL_SHUTDOWN_ASK, true);
    order(leaving, NULL, GRACEFUL_SHUTDOWN_OFF, false);
    lab_run_ms(&lab, 2000);
    assert_true(lab_route(staying, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_int_equal(lab_number(&route, ATTR_LOCAL_PREF, 0, UINT32_MAX), 100);
    lab_release(&lab);
}

static void test_not_honoured_unless_said(void **state)
{
    (void)state;
    struct lab lab;
    struct lab_route route;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    lab_peer(a, b, NULL);
    lab_announce(a, "192.0.2.0/24", 0, (uint32_t)COMMUNITY_GRACEFUL_SHUTDOWN);
    expect(&lab, b, a, 1);
    assert_true(lab_route(b, TABLE_GLOBAL, NULL, "192.0.2.0/24", &route));
    assert_int_equal(lab_number(&route, ATTR_LOCAL_PREF, 0, UINT32_MAX), UINT32_MAX);
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_session),
        cmocka_unit_test(test_one_session_with_add_path),
        cmocka_unit_test(test_all_sessions),
        cmocka_unit_test(test_not_honoured_unless_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
