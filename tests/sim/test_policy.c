/* Policies at work: in, out, and again when they change, without a session noticing. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_policy.h"

#define P1 "192.0.2.0/24"
#define P2 "198.51.100.0/24"
#define P3 "203.0.113.0/24"

static void set_members(struct lab_node *node, enum set_type type, const char *name, const char *const *members,
                        size_t count, int (*act)(struct control *, const struct set_spec *, struct err *))
{
    struct prefix_range ranges[8];
    struct set_spec set = {.type = type, .name = name, .texts = members, .prefixes = ranges, .count = count};
    struct err err = {{0}};
    for (size_t i = 0; type == SET_PREFIX && i < count; i++)
        assert_int_equal(prefix_range_parse(members[i], NULL, &ranges[i], NULL), 0);
    if (act(node->control, &set, &err) != 0)
        fail_msg("%s", err.text);
}

#define MEMBERS(...) \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static void define(struct lab_node *node, const char *name, const struct statement_spec *statements, size_t count)
{
    struct policy_spec policy = {.name = name, .statements = statements, .statement_count = count};
    struct err err = {{0}};
    if (control_policy_add(node->control, &policy, false, &err) != 0)
        fail_msg("%s", err.text);
}

static void assign(struct lab_node *node, const struct lab_node *neighbor, enum policy_direction direction,
                   const char *policy, enum policy_action otherwise)
{
    char target[ADDR_TEXT_MAX] = POLICY_TARGET_GLOBAL;
    struct err err = {{0}};
    if (neighbor != NULL)
        addr_format(&neighbor->addr, target);
    struct assignment_spec assignment = {.target = target,
                                         .direction = direction,
                                         .policies = &policy,
                                         .policy_count = policy != NULL,
                                         .default_action = otherwise};
    if (control_assignment_set(node->control, &assignment, &err) != 0)
        fail_msg("%s", err.text);
}

/* Who knows what: prefixes of the table, separated by blanks, in order. */
struct expectation {
    struct lab_node *node;
    const struct lab_node *peer; /* NULL: the table; else Adj-RIB-In from it */
    const char *prefixes;
    char seen[512];
};

static int compare_routes(const void *a, const void *b)
{
    return prefix_compare(&((const struct lab_route *)a)->prefix, &((const struct lab_route *)b)->prefix);
}

static bool is_as_expected(void *context)
{
    struct expectation *expectation = context;
    static struct lab_route routes[64];
    struct str seen = str_over(expectation->seen, sizeof(expectation->seen));
    size_t count = lab_routes(expectation->node, expectation->peer ? TABLE_ADJ_IN : TABLE_GLOBAL, expectation->peer,
                              FAMILY_IPV4_UNICAST, routes, 64);
    qsort(routes, count, sizeof(routes[0]), compare_routes);
    for (size_t i = 0; i < count; i++) {
        char text[PREFIX_TEXT_MAX];
        if (routes[i].view.filtered)
            continue;
        str_printf(&seen, "%s%s", seen.length ? " " : "", prefix_format(&routes[i].prefix, text));
    }
    return strcmp(expectation->seen, expectation->prefixes) == 0;
}

static void expect(struct lab *lab, struct lab_node *node, const char *prefixes)
{
    struct expectation expectation = {.node = node, .prefixes = prefixes};
    lab_until(lab, 60, is_as_expected, &expectation);
}

static uint32_t flaps(struct lab_node *node, const struct lab_node *peer)
{
    struct peer_name name = {.address = peer->addr};
    struct why_session why;
    assert_int_equal(control_why_session(node->control, &name, &why, NULL), 0);
    assert_int_equal(why.state, SESSION_ESTABLISHED);
    return why.flaps;
}

static const char *why_not(struct lab_node *node, const char *prefix, const struct lab_node *to)
{
    const struct why *why;
    struct err err;
    struct why_query query = {.family = FAMILY_IPV4_UNICAST};
    struct peer_name name = {0};
    if (to != NULL) {
        name.address = to->addr;
        query.to_peer = &name;
    }
    assert_int_equal(prefix_parse(prefix, false, &query.prefix), 0);
    assert_int_equal(control_why(node->control, &query, &why, &err), 0);
    return to != NULL ? why->told.sentence : why->paths[0].sentence;
}

struct line {
    struct lab lab;
    struct lab_node *a, *b, *c;
};

/* a - b - c; the test is about b, and all routes come from a. */
static void line_init(struct line *line)
{
    lab_init(&line->lab);
    line->a = lab_node(&line->lab, 65001, NULL);
    line->b = lab_node(&line->lab, 65002, NULL);
    line->c = lab_node(&line->lab, 65003, NULL);
    lab_peer(line->a, line->b, NULL);
    lab_peer(line->b, line->c, NULL);
    lab_announce(line->a, P1, 0, 0);
    lab_announce(line->a, P2, 0, 0);
    lab_announce(line->a, P3, 0, 0);
    expect(&line->lab, line->c, P1 " " P2 " " P3);
}

static void line_release(struct line *line)
{
    assert_int_equal(flaps(line->b, line->a), 0);
    assert_int_equal(flaps(line->b, line->c), 0);
    lab_release(&line->lab);
}

static const struct statement_spec reject_ps = {
    .name = "reject-ps",
    .conditions.prefix_set = {"ps", MATCH_ANY},
    .actions.route_action = POLICY_REJECT,
};

/* A set that changes takes just its members along, and back. */
static void test_import_by_prefix(void **state)
{
    struct line line;
    struct lab_route route;
    (void)state;
    line_init(&line);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(line.b, "p", &reject_ps, 1);
    assign(line.b, NULL, POLICY_IMPORT, "p", POLICY_NONE);
    expect(&line.lab, line.c, P2 " " P3);
    assert_string_equal(why_not(line.b, P1, NULL),
                        "rejected: the global import policy p, statement reject-ps, rejects it");
    assert_true(lab_route(line.b, TABLE_ADJ_IN, line.a, P1, &route));
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P2), control_set_add);
    expect(&line.lab, line.c, P3);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P1, P3), control_set_replace);
    expect(&line.lab, line.c, P2);
    /* What arrives meanwhile passes it too. */
    lab_announce(line.a, "192.0.2.128/25", 0, 0);
    lab_announce(line.a, P3, 7, 0);
    expect(&line.lab, line.c, "192.0.2.128/25 " P2);
    assign(line.b, NULL, POLICY_IMPORT, NULL, POLICY_NONE);
    expect(&line.lab, line.c, P1 " 192.0.2.128/25 " P2 " " P3);
    line_release(&line);
}

/* Attributes are changed on the way in; what was received can still be seen. */
static void test_import_changes(void **state)
{
    static const char *const community = "65002:7";
    struct line line;
    struct lab_route route;
    (void)state;
    line_init(&line);
    const struct statement_spec statements[] = {
        {.name = "prefer",
         .actions = {.local_pref = {true, 333}, .community = {COMMUNITY_ADD, &community, 1}, .med = {MED_SET, 9}}},
        {.name = "more", .conditions.local_pref = {true, 333}, .actions.med = {MED_ADD, 1}},
    };
    define(line.b, "p", statements, 2);
    assign(line.b, line.a, POLICY_IMPORT, "p", POLICY_NONE); /* of one neighbor */
    lab_run_ms(&line.lab, 1000);
    assert_true(lab_route(line.b, TABLE_GLOBAL, NULL, P1, &route));
    struct attr_block block;
    attr_block_of(route.attrs, route.view.attrs_length, &block);
    assert_int_equal(block.summary.local_pref, 333);
    assert_int_equal(block.summary.med, 10);
    assert_true(lab_route(line.b, TABLE_ADJ_IN, line.a, P1, &route));
    attr_block_of(route.attrs, route.view.attrs_length, &block);
    assert_int_equal(block.summary.local_pref, 100);
    assert_int_equal(block.summary.med, 0);
    assert_true(lab_route(line.c, TABLE_ADJ_IN, line.b, P1, &route));
    struct attr_item item;
    assert_true(attr_find(route.attrs, route.view.attrs_length, ATTR_COMMUNITIES, &item));
    assert_false(attr_find(route.attrs, route.view.attrs_length, ATTR_LOCAL_PREF, &item));
    line_release(&line);
}

/* Our own routes pass the global import policy too. */
static void test_own_routes(void **state)
{
    struct line line;
    (void)state;
    line_init(&line);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS("10.1.0.0/16"), control_set_add);
    define(line.b, "p", &reject_ps, 1);
    assign(line.b, NULL, POLICY_IMPORT, "p", POLICY_NONE);
    lab_announce(line.b, "10.1.0.0/16", 0, 0);
    lab_announce(line.b, "10.2.0.0/16", 0, 0);
    expect(&line.lab, line.c, "10.2.0.0/16 " P1 " " P2 " " P3);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS("10.2.0.0/16"), control_set_replace);
    expect(&line.lab, line.c, "10.1.0.0/16 " P1 " " P2 " " P3);
    line_release(&line);
}

/* The global policy and the neighbor's own: both must let a route pass. */
static void test_export_to_one(void **state)
{
    struct line line;
    struct lab_route route;
    (void)state;
    line_init(&line);
    struct lab_node *d = lab_node(&line.lab, 65004, NULL);
    lab_peer(line.b, d, NULL);
    expect(&line.lab, d, P1 " " P2 " " P3);
    const struct statement_spec prepend = {.name = "far",
                                           .conditions.prefix_set = {"ps", MATCH_ANY},
                                           .actions = {.prepend = {true, .asn = 65099, .repeat = 2}}};
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(line.b, "reject", &reject_ps, 1);
    define(line.b, "far", &prepend, 1);
    assign(line.b, d, POLICY_EXPORT, "reject", POLICY_NONE);
    expect(&line.lab, d, P2 " " P3);
    assert_string_equal(why_not(line.b, P1, d),
                        "this neighbor's export policy reject, statement reject-ps, rejects it");
    expect(&line.lab, line.c, P1 " " P2 " " P3);
    assign(line.b, NULL, POLICY_EXPORT, "far", POLICY_NONE);
    lab_run_ms(&line.lab, 1000);
    assert_true(lab_route(line.c, TABLE_GLOBAL, NULL, P1, &route));
    assert_string_equal(lab_as_path(&route), "65099 65099 65002 65001");
    assert_true(lab_route(line.c, TABLE_GLOBAL, NULL, P2, &route));
    assert_string_equal(lab_as_path(&route), "65002 65001");
    expect(&line.lab, d, P2 " " P3);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P2), control_set_replace);
    expect(&line.lab, d, P1 " " P3);
    lab_run_ms(&line.lab, 1000);
    assert_true(lab_route(line.c, TABLE_GLOBAL, NULL, P1, &route));
    assert_string_equal(lab_as_path(&route), "65002 65001");
    /* A default of its own is for what its own policies do not decide. */
    assign(line.b, d, POLICY_EXPORT, "reject", POLICY_REJECT);
    expect(&line.lab, d, "");
    assert_string_equal(why_not(line.b, P1, d),
                        "the default of this neighbor's export policies rejects what none of them decides on");
    assign(line.b, d, POLICY_EXPORT, NULL, POLICY_ACCEPT);
    expect(&line.lab, d, P1 " " P2 " " P3);
    assert_int_equal(flaps(line.b, d), 0);
    line_release(&line);
}

/* A neighbor set tells receivers apart: they part, and change places, with nobody's session noticing. */
static void test_export_by_neighbor(void **state)
{
    struct line line;
    char text_c[ADDR_TEXT_MAX], text_d[ADDR_TEXT_MAX];
    (void)state;
    line_init(&line);
    struct lab_node *d = lab_node(&line.lab, 65003, NULL);
    lab_peer(line.b, d, NULL);
    expect(&line.lab, d, P1 " " P2 " " P3);
    const char *c_name = addr_format(&line.c->addr, text_c), *d_name = addr_format(&d->addr, text_d);
    const struct statement_spec statement = {
        .name = "s",
        .conditions = {.neighbor_set = {"ns", MATCH_ANY}, .prefix_set = {"ps", MATCH_ANY}},
        .actions.route_action = POLICY_REJECT,
    };
    set_members(line.b, SET_NEIGHBOR, "ns", MEMBERS(c_name), control_set_add);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(line.b, "p", &statement, 1);
    assign(line.b, NULL, POLICY_EXPORT, "p", POLICY_NONE);
    expect(&line.lab, line.c, P2 " " P3);
    expect(&line.lab, d, P1 " " P2 " " P3);
    set_members(line.b, SET_NEIGHBOR, "ns", MEMBERS(d_name), control_set_replace);
    expect(&line.lab, line.c, P1 " " P2 " " P3);
    expect(&line.lab, d, P2 " " P3);
    set_members(line.b, SET_NEIGHBOR, "ns", MEMBERS(c_name), control_set_add);
    expect(&line.lab, line.c, P2 " " P3);
    lab_announce(line.a, "10.0.0.0/8", 0, 0);
    lab_withdraw(line.a, P3);
    expect(&line.lab, line.c, "10.0.0.0/8 " P2);
    expect(&line.lab, d, "10.0.0.0/8 " P2);
    assign(line.b, NULL, POLICY_EXPORT, NULL, POLICY_NONE);
    expect(&line.lab, line.c, "10.0.0.0/8 " P1 " " P2);
    expect(&line.lab, d, "10.0.0.0/8 " P1 " " P2);
    assert_int_equal(flaps(line.b, d), 0);
    line_release(&line);
}

/* Statements and policies change under routes that passed them. */
static void test_statement_changes(void **state)
{
    struct line line;
    struct lab_route route;
    struct err err = {{0}};
    (void)state;
    line_init(&line);
    struct statement_spec statement = {.name = "s", .actions.med = {MED_SET, 5}};
    define(line.b, "p", &statement, 1);
    assign(line.b, NULL, POLICY_EXPORT, "p", POLICY_NONE);
    lab_run_ms(&line.lab, 1000);
    assert_true(lab_route(line.c, TABLE_GLOBAL, NULL, P1, &route));
    struct statement_spec more = {.name = "s", .actions.prepend = {true, .last_as = true, .repeat = 1}};
    assert_int_equal(control_statement_add(line.b->control, &more, &err), 0);
    lab_run_ms(&line.lab, 1000);
    assert_true(lab_route(line.c, TABLE_GLOBAL, NULL, P1, &route));
    assert_string_equal(lab_as_path(&route), "65002 65002 65001");
    assert_int_equal(control_statement_delete(line.b->control, &more, false, &err), 0);
    struct statement_spec reject = {.name = "s", .actions.route_action = POLICY_REJECT};
    assert_int_equal(control_statement_add(line.b->control, &reject, &err), 0);
    expect(&line.lab, line.c, "");
    line_release(&line);
}

/* What is in use stays; what is not there cannot be used: GoBGP's words. */
static void test_refusals(void **state)
{
    struct lab lab;
    struct err err;
    (void)state;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    set_members(a, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(a, "p", &reject_ps, 1);
    struct set_spec set = {.type = SET_PREFIX, .name = "ps"};
    assert_true(control_set_delete(a->control, &set, true, &err) < 0);
    assert_string_equal(err.text, "can't delete. defined-set ps is in use");
    assert_true(control_statement_delete(a->control, &reject_ps, true, &err) < 0);
    assert_string_equal(err.text, "can't delete. statement reject-ps is in use");
    assign(a, NULL, POLICY_IMPORT, "p", POLICY_NONE);
    struct policy_spec policy = {.name = "p"};
    assert_true(control_policy_delete(a->control, &policy, true, false, &err) < 0);
    assert_string_equal(err.text, "can't delete. policy p is in use");
    const char *unknown = "q";
    struct assignment_spec assignment = {
        .target = "global", .direction = POLICY_IMPORT, .policies = &unknown, .policy_count = 1};
    assert_true(control_assignment_add(a->control, &assignment, &err) < 0);
    assert_string_equal(err.text, "not found policy q");
    assignment.target = "10.0.0.77";
    assert_true(control_assignment_add(a->control, &assignment, &err) < 0);
    assert_string_equal(err.text, "not found peer 10.0.0.77");
    struct statement_spec statement = {.name = "t", .conditions.as_path_set = {"nothing", MATCH_ANY}};
    assert_true(control_statement_add(a->control, &statement, &err) < 0);
    assert_string_equal(err.text, "not found as path set nothing");
    struct prefix_range other;
    prefix_range_parse("2001:db8::/32", NULL, &other, NULL);
    set.prefixes = &other;
    set.count = 1;
    assert_true(control_set_add(a->control, &set, &err) < 0);
    assert_string_equal(err.text, "can't append different family");
    lab_release(&lab);
}

/* Everything is gone, everything else is there: routes hear of the difference. */
static void test_all_replaced(void **state)
{
    struct line line;
    struct err err = {{0}};
    struct prefix_range ranges[2];
    (void)state;
    line_init(&line);
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(line.b, "p", &reject_ps, 1);
    assign(line.b, NULL, POLICY_IMPORT, "p", POLICY_NONE);
    expect(&line.lab, line.c, P2 " " P3);
    prefix_range_parse(P2, NULL, &ranges[0], NULL);
    prefix_range_parse(P3, NULL, &ranges[1], NULL);
    const struct set_spec set = {.type = SET_PREFIX, .name = "ps", .prefixes = ranges, .count = 2};
    const struct policy_spec policy = {.name = "q", .statements = &reject_ps, .statement_count = 1};
    const struct policy_definitions definitions = {
        .sets = &set, .set_count = 1, .policies = &policy, .policy_count = 1};
    const char *name = "q";
    const struct assignment_spec assignment = {
        .target = "global", .direction = POLICY_EXPORT, .policies = &name, .policy_count = 1};
    assert_int_equal(control_policies_set(line.b->control, &definitions, &assignment, 1, &err), 0);
    expect(&line.lab, line.c, P1);
    expect(&line.lab, line.b, P1 " " P2 " " P3);
    line_release(&line);
}

#define FILE_HEAD                                                                                                  \
    "global: {config: {as: 65002, router-id: 10.0.0.2}, apply-policy: {config: {%s}}}\n"                           \
    "neighbors:\n"                                                                                                 \
    "  - {config: {neighbor-address: 10.0.0.1, peer-as: 65001}, transport: {config: {local-address: 10.0.0.2}}}\n" \
    "  - config: {neighbor-address: 10.0.0.3, peer-as: 65003}\n"                                                   \
    "    transport: {config: {local-address: 10.0.0.2}}\n"                                                         \
    "    apply-policy: {config: {%s}}\n"                                                                           \
    "defined-sets: {prefix-sets: [{prefix-set-name: ps, prefix-list: [{ip-prefix: %s}]}]}\n"                       \
    "policy-definitions:\n"                                                                                        \
    "  - {name: p, statements: [{name: s, conditions: {match-prefix-set: {prefix-set: ps}},\n"                     \
    "                            actions: {route-disposition: reject-route}}]}\n"

static void load_file(struct lab_node *node, const char *global, const char *neighbor, const char *prefix)
{
    char text[2048];
    struct config *config;
    struct err err = {{0}};
    snprintf(text, sizeof(text), FILE_HEAD, global, neighbor, prefix);
    if (config_read_text("file", text, strlen(text), CONFIG_YAML, &config, &err) < 0 ||
        control_apply(node->control, config, NULL, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

/* A file, and the same file with this and that in it changed. */
static void test_reload(void **state)
{
    struct lab lab;
    (void)state;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL), *b = lab_node(&lab, 65002, NULL),
                    *c = lab_node(&lab, 65003, NULL);
    load_file(b, "", "", P1);
    lab_neighbor(a, b, NULL);
    lab_neighbor(c, b, NULL);
    lab_announce(a, P1, 0, 0);
    lab_announce(a, P2, 0, 0);
    lab_announce(a, P3, 0, 0);
    expect(&lab, c, P1 " " P2 " " P3);
    load_file(b, "import-policy-list: [p]", "", P1);
    expect(&lab, c, P2 " " P3);
    load_file(b, "import-policy-list: [p]", "", P2);
    expect(&lab, c, P1 " " P3);
    load_file(b, "", "export-policy-list: [p]", P2);
    expect(&lab, b, P1 " " P2 " " P3);
    expect(&lab, c, P1 " " P3);
    load_file(b, "default-export-policy: reject-route", "export-policy-list: [p]", P3);
    expect(&lab, c, "");
    load_file(b, "default-export-policy: reject-route", "export-policy-list: [p], default-export-policy: accept-route",
              P3);
    expect(&lab, c, P1 " " P2);
    load_file(b, "", "", P3);
    expect(&lab, c, P1 " " P2 " " P3);
    assert_int_equal(flaps(b, a), 0);
    assert_int_equal(flaps(b, c), 0);
    lab_release(&lab);
}

struct group_counts {
    unsigned groups;
    uint32_t largest;
};

static void count_group(void *context, const struct group_view *view)
{
    struct group_counts *counts = context;
    counts->groups += view->member_count > 0;
    counts->largest = view->member_count > counts->largest ? view->member_count : counts->largest;
}

static void assert_groups(struct lab_node *node, unsigned groups, uint32_t largest)
{
    struct group_counts counts = {0};
    control_group_list(node->control, count_group, &counts);
    assert_int_equal(counts.largest, largest);
    assert_int_equal(counts.groups, groups);
}

enum { MANY = 6 };

/* Neighbours with policies of their own that say the same share what is encoded; one that comes to have others does not
 * take the rest along, and one that goes leaves them what they have. */
static void test_same_policies_share(void **state)
{
    struct lab lab;
    (void)state;
    lab_init(&lab);
    struct lab_node *source = lab_node(&lab, 65001, NULL), *b = lab_node(&lab, 65002, NULL), *many[MANY];
    lab_peer(source, b, NULL);
    lab_announce(source, P1, 0, 0);
    lab_announce(source, P2, 0, 0);
    set_members(b, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(b, "p", &reject_ps, 1);
    for (unsigned i = 0; i < MANY; i++) {
        many[i] = lab_node(&lab, 65003, NULL);
        lab_peer(b, many[i], NULL);
        assign(b, many[i], POLICY_EXPORT, "p", POLICY_NONE);
    }
    for (unsigned i = 0; i < MANY; i++)
        expect(&lab, many[i], P2);
    lab_run_ms(&lab, 1000);
    assert_groups(b, 2, MANY);
    assign(b, many[0], POLICY_EXPORT, NULL, POLICY_NONE);
    expect(&lab, many[0], P1 " " P2);
    lab_run_ms(&lab, 1000);
    assert_groups(b, 2, MANY - 1);
    set_members(b, SET_PREFIX, "ps", MEMBERS(P2), control_set_replace);
    for (unsigned i = 1; i < MANY; i++)
        expect(&lab, many[i], P1);
    /* Whoever's assignment the group happened to use. */
    for (unsigned i = 1; i < MANY - 1; i++) {
        struct peer_name name = {.address = many[i]->addr};
        assert_int_equal(control_peer_delete(b->control, &name, "", NULL), 0);
    }
    set_members(b, SET_PREFIX, "ps", MEMBERS(P1), control_set_replace);
    expect(&lab, many[MANY - 1], P2);
    assert_int_equal(flaps(b, many[MANY - 1]), 0);
    assert_int_equal(flaps(b, many[0]), 0);
    lab_release(&lab);
}

static void make_client(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.route_server_client = neighbor->peer.secondary_route = self->as == 64999;
}

/* A route server client has only its own policies; the global ones are not for it. */
static void test_route_server_clients(void **state)
{
    struct lab lab;
    (void)state;
    lab_init(&lab);
    struct lab_node *server = lab_node(&lab, 64999, NULL), *clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = lab_node(&lab, 65001 + i, NULL);
        lab_peer(server, clients[i], make_client);
    }
    lab_announce(clients[0], P1, 0, 0);
    lab_announce(clients[0], P2, 0, 0);
    lab_announce(clients[1], P3, 0, 0);
    expect(&lab, clients[2], P1 " " P2 " " P3);
    set_members(server, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(server, "p", &reject_ps, 1);
    assign(server, NULL, POLICY_IMPORT, "p", POLICY_NONE);
    assign(server, NULL, POLICY_EXPORT, "p", POLICY_REJECT);
    assign(server, clients[2], POLICY_EXPORT, "p", POLICY_NONE);
    expect(&lab, clients[2], P2 " " P3);
    expect(&lab, clients[1], P1 " " P2 " " P3);
    set_members(server, SET_PREFIX, "ps", MEMBERS(P2), control_set_add);
    expect(&lab, clients[2], P3);
    assign(server, clients[0], POLICY_IMPORT, "p", POLICY_NONE);
    expect(&lab, clients[1], P3);
    assign(server, clients[2], POLICY_EXPORT, NULL, POLICY_NONE);
    expect(&lab, clients[2], P3);
    assign(server, clients[0], POLICY_IMPORT, NULL, POLICY_NONE);
    expect(&lab, clients[1], P1 " " P2 " " P3);
    expect(&lab, clients[2], P1 " " P2 " " P3);
    /* What a client's policy rejects does not hide the next best, if it asks for that. */
    lab_announce(clients[1], P1, 0, 0);
    expect(&lab, clients[2], P1 " " P2 " " P3);
    const struct statement_spec not_first = {
        .name = "not-65001", .conditions.as_path_set = {"first", MATCH_ANY}, .actions.route_action = POLICY_REJECT};
    set_members(server, SET_AS_PATH, "first", MEMBERS("^65001_"), control_set_add);
    define(server, "q", &not_first, 1);
    assign(server, clients[2], POLICY_EXPORT, "q", POLICY_NONE);
    expect(&lab, clients[2], P1 " " P3);
    struct lab_route route;
    assert_true(lab_route(clients[2], TABLE_GLOBAL, NULL, P1, &route));
    assert_string_equal(lab_as_path(&route), "65002");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(flaps(server, clients[i]), 0);
    lab_release(&lab);
}

struct steps {
    unsigned count;
    char words[512];
};

static void note_step(void *context, const struct policy_step *step)
{
    struct steps *steps = context;
    struct str str = {.text = steps->words, .length = strlen(steps->words), .capacity = sizeof(steps->words)};
    steps->count++;
    str_printf(&str, "%s%s%s", str.length ? ", " : "", step->statement, step->matched ? " matches" : "");
}

/* A policy is tried out on a route of the table, and changes nothing. */
static void test_trying_out(void **state)
{
    struct line line;
    struct policy_test_result result;
    struct steps steps = {0};
    const struct policy_watcher watcher = {.step = note_step, .context = &steps};
    struct err err = {{0}};
    (void)state;
    line_init(&line);
    const struct statement_spec statements[] = {
        {.name = "med", .actions.med = {MED_SET, 77}},
        {.name = "far",
         .conditions.as_path_length = {true, COMPARE_AT_LEAST, 5},
         .actions.route_action = POLICY_ACCEPT},
        reject_ps,
    };
    set_members(line.b, SET_PREFIX, "ps", MEMBERS(P1), control_set_add);
    define(line.b, "p", statements, 3);
    struct policy_test test = {.direction = POLICY_IMPORT,
                               .policy = "p",
                               .family = FAMILY_IPV4_UNICAST,
                               .watcher = &watcher,
                               .from = line.a->addr};
    prefix_parse(P1, false, &test.prefix);
    assert_int_equal(control_policy_test(line.b->control, &test, &result, &err), 0);
    assert_int_equal(result.action, POLICY_REJECT);
    assert_string_equal(result.statement, "reject-ps");
    assert_string_equal(steps.words, "med matches, far, reject-ps matches");
    struct attr_block block;
    attr_block_of(result.before, result.before_length, &block);
    assert_int_equal(block.summary.facts & ATTR_HAS_MED, 0);
    attr_block_of(result.after, result.after_length, &block);
    assert_int_equal(block.summary.med, 77);
    prefix_parse(P2, false, &test.prefix);
    assert_int_equal(control_policy_test(line.b->control, &test, &result, &err), 0);
    assert_int_equal(result.action, POLICY_NONE);
    assert_string_equal(result.policy, "");
    /* As assigned it has a default, and somebody who decides. */
    assign(line.b, line.a, POLICY_IMPORT, "p", POLICY_NONE);
    test.policy = NULL;
    assert_int_equal(control_policy_test(line.b->control, &test, &result, &err), 0);
    assert_int_equal(result.action, POLICY_ACCEPT);
    assert_string_equal(result.target, "global");
    assert_true(addr_equal(&result.from, &line.a->addr));
    addr_parse("10.0.0.9", &test.from);
    assert_true(control_policy_test(line.b->control, &test, &result, &err) < 0);
    assert_string_equal(err.text, "neighbor that has 10.0.0.9 doesn't exist");
    line_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import_by_prefix),
        cmocka_unit_test(test_import_changes),
        cmocka_unit_test(test_own_routes),
        cmocka_unit_test(test_export_to_one),
        cmocka_unit_test(test_export_by_neighbor),
        cmocka_unit_test(test_statement_changes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_all_replaced),
        cmocka_unit_test(test_same_policies_share),
        cmocka_unit_test(test_trying_out),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_route_server_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
