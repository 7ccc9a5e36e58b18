/* The table: what is listed, what a change marks, chains of two assignments, whole definitions. */
#include "lab.h"

#include <string.h>

#include "base/check.h"
#include "base/str.h"

#define ROUTE(...) (&(struct route){__VA_ARGS__})

struct journal {
    char text[2048];
    struct str str;
};

static struct str *fresh(struct journal *journal)
{
    journal->str = str_over(journal->text, sizeof(journal->text));
    return &journal->str;
}

static void note_set(void *context, const struct set_spec *set)
{
    struct str *out = context;
    str_printf(out, "%s:", set->name);
    for (size_t i = 0; i < set->count; i++) {
        char text[PREFIX_TEXT_MAX];
        if (set->type == SET_PREFIX)
            str_printf(out, " %s %u..%u", prefix_format(&set->prefixes[i].prefix, text), set->prefixes[i].length_min,
                       set->prefixes[i].length_max);
        else
            str_printf(out, " %s", set->texts[i]);
    }
    str_add(out, ";");
}

static const char *listed(struct policy_lab *lab, enum set_type type, const char *name)
{
    static struct journal journal;
    policy_set_list(lab->table, type, name, note_set, fresh(&journal));
    return journal.text;
}

static int lab_setup(void **state)
{
    struct policy_lab *lab = test_malloc(sizeof(*lab));
    policy_lab_init(lab);
    *state = lab;
    return 0;
}

static int lab_teardown(void **state)
{
    policy_lab_release(*state);
    test_free(*state);
    return 0;
}

static void change_set(struct policy_lab *lab, enum set_type type, const char *name, const char *member, bool remove)
{
    struct prefix_range range;
    struct set_spec set = {.type = type, .name = name, .prefixes = &range, .texts = &member, .count = 1};
    struct err err = {{0}};
    if (type == SET_PREFIX)
        assert_int_equal(prefix_range_parse(member, NULL, &range, NULL), 0);
    if ((remove ? policy_set_delete(lab->table, &set, false, &err) : policy_set_add(lab->table, &set, &err)) != 0)
        fail_msg("%s", err.text);
}

/* As GoBGP lists them: in normal form, AS numbers before expressions. */
static void test_listing(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_COMMUNITY, "cs", "65001:1", "no-export", "100", "65001:.*", "65001:1");
    assert_string_equal(listed(lab, SET_COMMUNITY, NULL), "cs: ^65001:1$ ^65535:65281$ ^0:100$ 65001:.*;");
    LAB_SET(lab, SET_AS_PATH, "as", "_65001", "^65002_", "_65003$");
    assert_string_equal(listed(lab, SET_AS_PATH, "as"), "as: ^65002_ _65003$ (^|[,{}() ]|$)65001;");
    LAB_SET(lab, SET_EXT_COMMUNITY, "es", "RT:65001:1", "soo:6.*");
    assert_string_equal(listed(lab, SET_EXT_COMMUNITY, NULL), "es: rt:^65001:1$ soo:6.*;");
    LAB_SET(lab, SET_LARGE_COMMUNITY, "ls", "1:2:3", "^1:");
    assert_string_equal(listed(lab, SET_LARGE_COMMUNITY, NULL), "ls: ^1:2:3$ ^1:;");
    LAB_SET(lab, SET_NEIGHBOR, "ns", "192.0.2.1", "2001:db8::/32");
    assert_string_equal(listed(lab, SET_NEIGHBOR, NULL), "ns: 192.0.2.1/32 2001:db8::/32;");
    LAB_SET(lab, SET_PREFIX, "b", "10.1.0.0/16 20..24", "10.0.0.0/8");
    LAB_SET(lab, SET_PREFIX, "a", "192.0.2.0/24");
    assert_string_equal(listed(lab, SET_PREFIX, NULL), "a: 192.0.2.0/24 24..24;b: 10.0.0.0/8 8..8 10.1.0.0/16 20..24;");
    assert_string_equal(listed(lab, SET_PREFIX, "nothing"), "");
    /* What is listed can be taken away as it is listed. */
    change_set(lab, SET_COMMUNITY, "cs", "^65001:1$", true);
    change_set(lab, SET_COMMUNITY, "cs", "no-export", true);
    change_set(lab, SET_AS_PATH, "as", "(^|[,{}() ]|$)65001", true);
    assert_string_equal(listed(lab, SET_COMMUNITY, "cs"), "cs: ^0:100$ 65001:.*;");
    assert_string_equal(listed(lab, SET_AS_PATH, "as"), "as: ^65002_ _65003$;");
}

static void note_change(void *context, const char *target, enum policy_direction direction,
                        const struct policy_change *change)
{
    struct str *out = context;
    char text[PREFIX_TEXT_MAX];
    str_printf(out, "%s %s", target, direction == POLICY_IMPORT ? "in" : "out");
    for (uint32_t i = 0; i < change->range_count; i++)
        str_printf(out, " %s", prefix_format(&change->ranges[i].prefix, text));
    str_add(out, change->everything ? " all;" : ";");
}

static const char *changes(struct policy_lab *lab)
{
    static struct journal journal;
    policy_table_take_changes(lab->table, note_change, fresh(&journal));
    return journal.text;
}

static void assign(struct policy_lab *lab, const char *target, enum policy_direction direction, const char *policy,
                   enum policy_action otherwise)
{
    struct assignment_spec spec = {.target = target,
                                   .direction = direction,
                                   .policies = &policy,
                                   .policy_count = policy != NULL,
                                   .default_action = otherwise};
    assert_int_equal(policy_assign_set(lab->table, &spec, NULL), 0);
}

static void define(struct policy_lab *lab, const char *name, const struct statement_spec *statement)
{
    struct policy_spec policy = {.name = name, .statements = statement, .statement_count = 1};
    struct err err = {{0}};
    if (policy_add(lab->table, &policy, false, &err) != 0)
        fail_msg("%s", err.text);
}

/* Only those who pass what changed are marked, and only with what did. */
static void test_marks(void **state)
{
    struct policy_lab *lab = *state;
    const struct statement_spec by_prefix = {.name = "s1", .conditions.prefix_set = {"ps", MATCH_ANY}};
    const struct statement_spec by_path = {.name = "s2", .conditions.as_path_set = {"as", MATCH_ANY}};
    LAB_SET(lab, SET_PREFIX, "ps", "10.0.0.0/8");
    LAB_SET(lab, SET_AS_PATH, "as", "_65001_");
    define(lab, "p", &by_prefix);
    define(lab, "q", &by_path);
    assert_string_equal(changes(lab), "");
    assign(lab, "global", POLICY_IMPORT, "p", POLICY_NONE);
    assign(lab, "192.0.2.1", POLICY_EXPORT, "q", POLICY_NONE);
    assert_string_equal(changes(lab), "global in all;192.0.2.1 out all;");
    assert_string_equal(changes(lab), "");
    change_set(lab, SET_PREFIX, "ps", "10.1.0.0/16", false);
    change_set(lab, SET_PREFIX, "ps", "10.1.0.0/16", false); /* nothing new */
    change_set(lab, SET_PREFIX, "ps", "10.0.0.0/8", true);
    assert_string_equal(changes(lab), "global in 10.1.0.0/16 10.0.0.0/8;");
    change_set(lab, SET_PREFIX, "ps", "10.1.0.0/16", true); /* now it says nothing: also about all others */
    assert_string_equal(changes(lab), "global in all;");
    change_set(lab, SET_AS_PATH, "as", "_65002_", false);
    assert_string_equal(changes(lab), "192.0.2.1 out all;");
    LAB_SET(lab, SET_AS_PATH, "as", "_65001_", "_65002_"); /* the same again */
    assert_string_equal(changes(lab), "");
    LAB_SET(lab, SET_PREFIX, "other", "10.0.0.0/8");
    assign(lab, "global", POLICY_IMPORT, "p", POLICY_NONE);
    assert_string_equal(changes(lab), "");
    const struct statement_spec more = {.name = "s2", .actions.route_action = POLICY_REJECT};
    assert_int_equal(policy_statement_add(lab->table, &more, NULL), 0);
    assert_string_equal(changes(lab), "192.0.2.1 out all;");
    assign(lab, "global", POLICY_IMPORT, "p", POLICY_REJECT);
    assert_string_equal(changes(lab), "global in all;");
}

/* A whole new set of definitions marks what is different for those who pass it. */
static void test_definitions(void **state)
{
    struct policy_lab *lab = *state;
    struct prefix_range ranges[2];
    struct statement_spec statement = {.name = "s1", .conditions.prefix_set = {"ps", MATCH_ANY}};
    LAB_SET(lab, SET_PREFIX, "ps", "10.0.0.0/8");
    define(lab, "p", &statement);
    assign(lab, "global", POLICY_IMPORT, "p", POLICY_NONE);
    changes(lab);
    prefix_range_parse("10.0.0.0/8", NULL, &ranges[0], NULL);
    prefix_range_parse("10.7.0.0/16", NULL, &ranges[1], NULL);
    struct set_spec set = {.type = SET_PREFIX, .name = "ps", .prefixes = ranges, .count = 1};
    struct policy_spec policy = {.name = "p", .statements = &statement, .statement_count = 1};
    struct policy_definitions definitions = {.sets = &set, .set_count = 1, .policies = &policy, .policy_count = 1};
    assert_int_equal(policy_table_define(lab->table, &definitions, NULL), 0);
    assert_string_equal(changes(lab), "");
    set.count = 2;
    assert_int_equal(policy_table_define(lab->table, &definitions, NULL), 0);
    assert_string_equal(changes(lab), "global in 10.7.0.0/16;");
    statement.actions.med.change = MED_SET;
    assert_int_equal(policy_table_define(lab->table, &definitions, NULL), 0);
    assert_string_equal(changes(lab), "global in all;");
    /* Something wrong in it: nothing is changed. */
    statement.conditions.prefix_set.set = "nothing";
    struct err err = {{0}};
    assert_true(policy_table_define(lab->table, &definitions, &err) < 0);
    assert_string_equal(err.text, "not found prefix set nothing");
    assert_string_equal(changes(lab), "");
    assert_string_equal(listed(lab, SET_PREFIX, NULL), "ps: 10.0.0.0/8 8..8 10.7.0.0/16 16..16;");
    definitions.policy_count = 0;
    assert_int_equal(policy_table_define(lab->table, &definitions, NULL), 0);
    assert_string_equal(changes(lab), "global in all;");
}

static enum policy_action pass(struct policy_lab *lab, bool global, bool own, const struct route *route)
{
    struct policy_chain chain = {0};
    struct attr_block block;
    struct prefix prefix;
    prefix_parse(route->prefix ? route->prefix : "192.0.2.0/24", false, &prefix);
    lab->facts = (struct policy_facts){.prefix = &prefix};
    if (global)
        chain.global = policy_assignment(lab->table, "global", POLICY_IMPORT);
    if (own)
        chain.own = policy_assignment(lab->table, "own", POLICY_IMPORT);
    lab_block(lab, route, &block);
    policy_evaluate(lab->scratch, &chain, &lab->facts, &block, NULL, &lab->result);
    return lab->result.action;
}

/* The global assignment, then the neighbor's own: every outcome of one with every outcome of the other. */
static void test_chain(void **state)
{
    struct policy_lab *lab = *state;
    static const enum policy_action actions[] = {POLICY_NONE, POLICY_ACCEPT, POLICY_REJECT};
    static const char *const names[] = {"none", "accept", "reject"};
    for (unsigned i = 0; i < 3; i++) {
        struct statement_spec statement = {.name = names[i], .actions.route_action = actions[i]};
        define(lab, names[i], &statement);
    }
    for (unsigned global = 0; global < 3; global++)
        for (unsigned own = 0; own < 3; own++)
            for (unsigned otherwise = 0; otherwise < 3; otherwise++) {
                const struct assignment_spec spec = {.target = "own",
                                                     .direction = POLICY_IMPORT,
                                                     .policies = &names[own],
                                                     .policy_count = 1,
                                                     .default_action = actions[otherwise]};
                assign(lab, "global", POLICY_IMPORT, names[global], POLICY_REJECT);
                assert_int_equal(policy_assign_exactly(lab->table, &spec, NULL), 0);
                enum policy_action expected = actions[global] == POLICY_REJECT    ? POLICY_REJECT
                                              : actions[own] != POLICY_NONE       ? actions[own]
                                              : actions[otherwise] != POLICY_NONE ? actions[otherwise]
                                              : actions[global] != POLICY_NONE    ? actions[global]
                                                                                  : POLICY_REJECT;
                assert_int_equal(pass(lab, true, true, ROUTE()), expected);
                /* A route server client has only its own, which lets pass what it does not speak of. */
                expected = actions[own] != POLICY_NONE         ? actions[own]
                           : actions[otherwise] != POLICY_NONE ? actions[otherwise]
                                                               : POLICY_ACCEPT;
                assert_int_equal(pass(lab, false, true, ROUTE()), expected);
            }
    /* Everything taken away, GoBGP rejects everything. */
    const struct assignment_spec nothing = {.target = "global", .direction = POLICY_IMPORT};
    assert_int_equal(policy_assign_delete(lab->table, &nothing, true, NULL), 0);
    assert_int_equal(pass(lab, true, false, ROUTE()), POLICY_REJECT);
    assert_int_equal(policy_assign_exactly(lab->table, &nothing, NULL), 0);
    assert_int_equal(pass(lab, true, false, ROUTE()), POLICY_ACCEPT);
}

/* Statements in order, each sees what those before it made; the first that decides is the last. */
static void test_order(void **state)
{
    struct policy_lab *lab = *state;
    static const char *const community = "65001:1";
    LAB_SET(lab, SET_COMMUNITY, "cs", "65001:1");
    const struct statement_spec statements[] = {
        {.name = "mark",
         .conditions.as_path_length = {true, COMPARE_AT_LEAST, 2},
         .actions.community = {COMMUNITY_ADD, &community, 1}},
        {.name = "marked",
         .conditions.community_set = {"cs", MATCH_ANY},
         .actions = {.route_action = POLICY_ACCEPT, .med = {MED_SET, 1}}},
        {.name = "others", .actions = {.route_action = POLICY_REJECT, .med = {MED_SET, 2}}},
        {.name = "never", .actions = {.route_action = POLICY_ACCEPT, .med = {MED_SET, 3}}},
    };
    lab_policy(lab, statements, ARRAY_LEN(statements));
    assert_int_equal(lab_pass(lab, ROUTE(.as_path = "7 8")), POLICY_ACCEPT);
    assert_string_equal(lab->result.statement, "marked");
    assert_string_equal(lab->result.policy, "p");
    assert_string_equal(lab->result.target, "global");
    assert_string_equal(lab_outcome(lab), "path [7 8] next-hop 192.0.2.1 med 1 communities 65001:1");
    assert_int_equal(lab_pass(lab, ROUTE(.as_path = "7")), POLICY_REJECT);
    assert_string_equal(lab->result.statement, "others");
}

/* Statements are added to, and taken from, kind by kind. */
static void test_statement_parts(void **state)
{
    struct policy_lab *lab = *state;
    struct err err;
    const struct statement_spec first = {
        .name = "s", .conditions.med = {true, 5}, .actions = {.route_action = POLICY_ACCEPT, .med = {MED_SET, 1}}};
    const struct statement_spec second = {
        .name = "s", .conditions.local_pref = {true, 7}, .actions.local_pref = {true, 8}};
    assert_int_equal(policy_statement_add(lab->table, &first, &err), 0);
    assert_int_equal(policy_statement_add(lab->table, &second, &err), 0);
    assert_true(policy_statement_add(lab->table, &second, &err) < 0);
    assert_string_equal(err.text, "condition 14 is already set");
    const struct statement_spec action = {.name = "s", .actions.med = {MED_SET, 1}};
    assert_true(policy_statement_add(lab->table, &action, &err) < 0);
    assert_string_equal(err.text, "action 3 is already set");
    const struct statement_spec accept = {.name = "s", .actions.route_action = POLICY_ACCEPT};
    assert_true(policy_statement_add(lab->table, &accept, &err) < 0);
    assert_string_equal(err.text, "route action is already set");
    assert_int_equal(policy_statement_delete(lab->table, &first, false, &err), 0);
    assert_true(policy_statement_delete(lab->table, &first, false, &err) < 0);
    assert_string_equal(err.text, "condition 12 is not set");
    assert_int_equal(policy_statement_add(lab->table, &accept, &err), 0);
    const struct statement_spec unknown = {.name = "t"};
    assert_true(policy_statement_delete(lab->table, &unknown, true, &err) < 0);
    assert_string_equal(err.text, "not found statement: t");
    assert_int_equal(policy_statement_delete(lab->table, &accept, true, &err), 0);
}

static void note_policy(void *context, const struct policy_spec *policy)
{
    struct str *out = context;
    str_printf(out, "%s:", policy->name);
    for (size_t i = 0; i < policy->statement_count; i++)
        str_printf(out, " %s", policy->statements[i].name);
    str_add(out, ";");
}

static const char *policies(struct policy_lab *lab)
{
    static struct journal journal;
    policy_list(lab->table, NULL, note_policy, fresh(&journal));
    return journal.text;
}

static void note_statement(void *context, const struct statement_spec *statement)
{
    str_printf(context, "%s ", statement->name);
}

static const char *statements(struct policy_lab *lab)
{
    static struct journal journal;
    policy_statement_list(lab->table, NULL, note_statement, fresh(&journal));
    return journal.text;
}

static void test_policies(void **state)
{
    struct policy_lab *lab = *state;
    struct err err;
    const struct statement_spec unnamed[] = {{.name = ""}, {.name = "own"}, {.name = NULL}};
    struct policy_spec policy = {.name = "p", .statements = unnamed, .statement_count = 3};
    assert_int_equal(policy_add(lab->table, &policy, false, &err), 0);
    assert_string_equal(policies(lab), "p: p_stmt0 own p_stmt2;");
    /* Statements have names of their own, in one place. */
    policy.name = "q";
    policy.statements = &unnamed[1];
    policy.statement_count = 1;
    assert_true(policy_add(lab->table, &policy, false, &err) < 0);
    assert_string_equal(err.text, "statement own already defined");
    assert_int_equal(policy_add(lab->table, &policy, true, &err), 0);
    assert_string_equal(policies(lab), "p: p_stmt0 own p_stmt2;q: own;");
    policy.name = "p";
    assert_int_equal(policy_delete(lab->table, &policy, false, false, &err), 0); /* only "own", which q has */
    assert_string_equal(policies(lab), "p: p_stmt0 p_stmt2;q: own;");
    assert_string_equal(statements(lab), "own p_stmt0 p_stmt2 ");
    assert_int_equal(policy_delete(lab->table, &policy, true, false, &err), 0);
    assert_string_equal(statements(lab), "own ");
    policy.name = "q";
    assert_int_equal(policy_delete(lab->table, &policy, true, true, &err), 0);
    assert_string_equal(statements(lab), "own ");
    assert_true(policy_delete(lab->table, &policy, true, false, &err) < 0);
    assert_string_equal(err.text, "not found policy: q");
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_listing), LAB_TEST(test_marks),           LAB_TEST(test_definitions), LAB_TEST(test_chain),
        LAB_TEST(test_order),   LAB_TEST(test_statement_parts), LAB_TEST(test_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
