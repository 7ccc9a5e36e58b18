/* Bulk and fresh changes: what is told again because a policy changed does not stand before what happens now, and who
 * does not read holds up nobody.
 */
#include "lab.h"

#include <stdio.h>

#include "control/control_policy.h"
#include "control/internal.h"

enum {
    ROUTES = 4000,
    BUFFER_BYTES = 8 * 1024, /* of a connection */
    DELAY_MS = 2,
    AHEAD_BYTES = 4 * 1024,
    MESSAGE_BYTES = 70, /* each route has attributes of its own: an UPDATE for each, at least so long */
};

#define FRESH "192.0.2.0/24"

static const char community[] = "65002:7";

struct line {
    struct lab lab;
    struct lab_node *a, *b, *c, *d;
};

static const char *route_text(unsigned number)
{
    static char text[PREFIX_TEXT_MAX];
    snprintf(text, sizeof(text), "10.%u.%u.0/24", 100 + number / 256, number % 256);
    return text;
}

static bool has(struct lab_node *node, const char *prefix, bool tagged)
{
    struct lab_route route;
    return lab_route(node, TABLE_GLOBAL, NULL, prefix, &route) && lab_has(&route, ATTR_COMMUNITIES) == tagged;
}

/* What somebody waits for. */
struct told {
    struct lab_node *node;
    const char *prefix;
    bool tagged;
};

static bool is_told(void *context)
{
    const struct told *told = context;
    return has(told->node, told->prefix, told->tagged);
}

static void until_told(struct line *line, struct lab_node *node, const char *prefix, bool tagged)
{
    struct told told = {.node = node, .prefix = prefix, .tagged = tagged};
    lab_until(&line->lab, 600, is_told, &told);
}

/* a, whose routes they are, b, who is tested, and c and d, who are told. */
static void line_init(struct line *line)
{
    char as_path[16];
    lab_init(&line->lab);
    line->a = lab_node(&line->lab, 65001, NULL);
    line->b = lab_node(&line->lab, 65002, NULL);
    line->c = lab_node(&line->lab, 65003, NULL);
    line->d = lab_node(&line->lab, 65004, NULL);
    memory_net_set_buffer(line->lab.net, BUFFER_BYTES);
    lab_peer(line->a, line->b, NULL);
    lab_peer(line->b, line->c, NULL);
    lab_peer(line->b, line->d, NULL);
    line->b->control->speaker->tuning.walk_ahead_bytes = AHEAD_BYTES;
    for (unsigned i = 0; i < ROUTES; i++) {
        snprintf(as_path, sizeof(as_path), "%u", 100000 + i);
        lab_offer(line->a, &(struct lab_offer){.prefix = route_text(i), .as_path = as_path});
    }
    until_told(line, line->c, route_text(ROUTES - 1), false);
    until_told(line, line->d, route_text(ROUTES - 1), false);
}

static void tag_everything(struct line *line)
{
    static const char *const communities[] = {community};
    static const char *const policies[] = {"tag"};
    const struct statement_spec statement = {.name = "tag", .actions.community = {COMMUNITY_ADD, communities, 1}};
    const struct policy_spec policy = {.name = "tag", .statements = &statement, .statement_count = 1};
    const struct assignment_spec assignment = {.target = POLICY_TARGET_GLOBAL,
                                               .direction = POLICY_EXPORT,
                                               .policies = policies,
                                               .policy_count = 1,
                                               .default_action = POLICY_ACCEPT};
    assert_int_equal(control_policy_add(line->b->control, &policy, false, NULL), 0);
    assert_int_equal(control_assignment_set(line->b->control, &assignment, NULL), 0);
}

static unsigned tagged_count(struct lab_node *node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ROUTES; i++)
        count += has(node, route_text(i), true);
    return count;
}

static void test_a_change_overtakes_a_policys_walk(void **state)
{
    struct line line;
    (void)state;
    line_init(&line);
    memory_net_set_delay(line.lab.net, &line.b->addr, &line.c->addr, DELAY_MS);
    memory_net_set_delay(line.lab.net, &line.b->addr, &line.d->addr, DELAY_MS);
    tag_everything(&line);
    lab_run_ms(&line.lab, 2 * DELAY_MS);
    unsigned before = tagged_count(line.c);
    assert_true(before < ROUTES / 8);
    assert_true(line.b->control->speaker->unsent_is_limited);
    lab_announce(line.a, FRESH, 0, 0);
    until_told(&line, line.c, FRESH, true);
    /* What was on its way, with a little for what is encoded in one go. */
    unsigned stood_before = tagged_count(line.c) - before;
    assert_in_range(stood_before * MESSAGE_BYTES, 0, 2 * BUFFER_BYTES + AHEAD_BYTES + 40 * 1024);
    assert_false(has(line.c, route_text(ROUTES - 1), true));
    until_told(&line, line.c, route_text(ROUTES - 1), true);
    until_told(&line, line.d, route_text(ROUTES - 1), true);
    assert_false(line.b->control->speaker->unsent_is_limited);
    lab_release(&line.lab);
}

static void test_who_does_not_read_is_not_waited_for(void **state)
{
    struct line line;
    (void)state;
    line_init(&line);
    memory_net_cut(line.lab.net, &line.b->addr, &line.c->addr);
    tag_everything(&line);
    until_told(&line, line.d, route_text(ROUTES - 1), true);
    assert_false(has(line.c, route_text(ROUTES - 1), true));
    memory_net_restore(line.lab.net, &line.b->addr, &line.c->addr);
    until_told(&line, line.c, route_text(ROUTES - 1), true);
    lab_release(&line.lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_overtakes_a_policys_walk),
        cmocka_unit_test(test_who_does_not_read_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
