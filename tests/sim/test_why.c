/* What operators are told: why a path is where it is, and why a session is not up. */
#include "lab.h"

#include <string.h>

enum { S = 1000 };

static const struct why *ask(struct lab_node *node, const char *prefix)
{
    const struct why *why;
    struct err err;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    assert_int_equal(prefix_parse(prefix, false, &query.prefix), 0);
    assert_int_equal(control_why(node->control, &query, &why, &err), E_OK);
    return why;
}

struct paths {
    struct lab_node *node;
    const char *prefix;
    size_t count;
};

static bool has_paths(void *context)
{
    const struct paths *wanted = context;
    const struct why *why;
    struct err err;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    prefix_parse(wanted->prefix, false, &query.prefix);
    return control_why(wanted->node->control, &query, &why, &err) == E_OK && why->path_count == wanted->count;
}

static void test_best_and_second(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_peer(a, c, NULL);
    lab_announce(a, "192.0.2.0/24", 0, 0);
    lab_until(&lab, 60, has_paths, &(struct paths){c, "192.0.2.0/24", 2});
    const struct why *why = ask(c, "192.0.2.0/24");
    assert_string_equal(why->paths[0].step, "AS_PATH length");
    assert_string_equal(why->paths[0].sentence, "AS_PATH is 1 long, that of the next best 2");
    assert_string_equal(why->paths[1].sentence, "AS_PATH is 2 long, that of the best one 1");
    lab_announce(c, "192.0.2.0/24", 0, 0);
    why = ask(c, "192.0.2.0/24");
    assert_string_equal(why->paths[0].sentence, "the next best is from a neighbor");
    assert_string_equal(why->paths[1].sentence, "the best one is originated here");
    assert_string_equal(ask(a, "192.0.2.0/24")->paths[0].sentence, "no other path is eligible");
    lab_release(&lab);
}

/* A route nothing was ever chosen from is as old as it is, not as old as time. */
static void test_age_of_a_rejected_path(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65001, NULL);
    lab_peer(a, b, NULL);
    lab_peer(b, c, NULL);
    lab_announce(a, "192.0.2.0/24", 0, 0);
    lab_until(&lab, 60, has_paths, &(struct paths){c, "192.0.2.0/24", 1});
    lab_run_ms(&lab, 100 * S);
    const struct why *why = ask(c, "192.0.2.0/24");
    int64_t age_s = (loop_wall_now(lab.loop).ns - why->paths[0].view.received_at.ns) / 1000000000;
    assert_true(why->paths[0].view.filtered);
    assert_in_range(age_s, 100, 110);
    lab_release(&lab);
}

struct reason {
    struct lab_node *node;
    const struct lab_node *peer;
    const char *text;
};

static void ask_session(struct lab_node *node, const struct lab_node *peer, struct why_session *why)
{
    struct err err;
    assert_int_equal(control_why_session(node->control, &(struct peer_name){.address = peer->addr}, why, &err), E_OK);
}

static bool has_reason(void *context)
{
    const struct reason *wanted = context;
    struct why_session why;
    ask_session(wanted->node, wanted->peer, &why);
    return strstr(why.reason.text, wanted->text) != NULL;
}

static void expect_another_as(struct neighbor_config *neighbor, const struct lab_node *self)
{
    if (self->as == 65001)
        neighbor->peer.peer_as = 65009;
}

static void test_session_with_the_wrong_as(void **state)
{
    (void)state;
    struct lab lab;
    struct why_session why;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    lab_peer(a, b, expect_another_as);
    lab_until(&lab, 60, has_reason, &(struct reason){a, b, "peer announced AS 65002, configured is AS 65009"});
    ask_session(a, b, &why);
    assert_int_equal(why.since.ns, 0);
    assert_int_equal(why.state, SESSION_IDLE);
    assert_non_null(strstr(why.sentence, "resting after an error, next attempt in "));
    assert_string_equal(why.sent.text, "OPEN Message Error / Bad Peer AS (peer announced 65002)");
    assert_string_equal(why.received.text, "");
    lab_until(&lab, 60, has_reason, &(struct reason){b, a, "peer sent OPEN Message Error / Bad Peer AS"});
    ask_session(b, a, &why);
    assert_string_equal(why.received.text, "OPEN Message Error / Bad Peer AS (peer announced 65002)");
    lab_release(&lab);
}

static void test_session_that_is_disabled(void **state)
{
    (void)state;
    struct lab lab;
    struct why_session why;
    struct err err;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    lab_peer(a, b, NULL);
    lab_until_established(&lab, a, b);
    ask_session(a, b, &why);
    assert_int_equal(why.state, SESSION_ESTABLISHED);
    assert_string_equal(why.sentence, "up, hold time 90 s");
    assert_true(why.since.ns > 0);
    assert_int_equal(control_peer_disable(a->control, &(struct peer_name){.address = b->addr}, "later", &err), E_OK);
    lab_until(&lab, 60, has_reason, &(struct reason){b, a, "peer sent Cease / Administrative Shutdown: \"later\""});
    ask_session(a, b, &why);
    assert_string_equal(why.sentence, "disabled here; it stays down until it is enabled");
    assert_int_equal(why.flaps, 1);
    assert_string_equal(why.sent.text, "Cease / Administrative Shutdown: \"later\"");
    lab_release(&lab);
}

static void note_difference(void *context, const struct group_view *view)
{
    char(*differences)[200] = context;
    struct str out = str_over(differences[view->id - 1], sizeof(differences[0]));
    str_printf(&out, "%u %s", view->member_count, view->difference);
}

static void test_groups_and_their_difference(void **state)
{
    (void)state;
    struct lab lab;
    char differences[2][200] = {"", ""};
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    struct lab_node *d = lab_node(&lab, 65001, NULL);
    lab_peer(a, b, NULL);
    lab_peer(a, c, NULL);
    lab_until_established(&lab, a, b);
    lab_until_established(&lab, a, c);
    assert_int_equal(control_group_list(a->control, note_difference, differences), 1);
    assert_string_equal(differences[0], "2 ");
    lab_peer(a, d, NULL);
    lab_until_established(&lab, a, d);
    assert_int_equal(control_group_list(a->control, note_difference, differences), 2);
    assert_string_equal(differences[0], "2 from group 2: session type: external here, internal there");
    assert_string_equal(differences[1], "1 from group 1: session type: internal here, external there");
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_and_second),
        cmocka_unit_test(test_age_of_a_rejected_path),
        cmocka_unit_test(test_session_with_the_wrong_as),
        cmocka_unit_test(test_session_that_is_disabled),
        cmocka_unit_test(test_groups_and_their_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
