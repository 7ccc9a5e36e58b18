/* Definitions as a whole: a file's. They are made in a table on the side, which takes the other one's place when all of
 * it is right; assignments then go on with the policies of the same names, and are marked as far as these differ.
 */
#include <string.h>

#include "base/mem.h"
#include "policy/internal.h"

/* Everything into an empty table. */
static int define_all(struct policy_table *table, const struct policy_definitions *definitions,
                      struct policy_place *place, struct err *err)
{
    int result = 0;
    place->kind = POLICY_PLACE_SET;
    place->key = "";
    for (size_t i = 0; i < definitions->set_count && result == 0; i++) {
        const struct set_spec *set = &definitions->sets[i];
        place->index = i;
        result = set->count == 0 && (set->name == NULL || set->name[0] == '\0')
                     ? err_set(err, E_INVALID, "a set without name")
                     : policy_set_replace(table, set, err);
    }
    if (result == 0)
        place->kind = POLICY_PLACE_STATEMENT;
    for (size_t i = 0; i < definitions->policy_count && result == 0; i++) {
        const struct policy_spec *policy = &definitions->policies[i];
        place->index = i;
        place->statement = 0;
        place->key = "name";
        if (policy->name != NULL && names_find(&table->policies, policy->name) != NULL)
            result = err_set(err, E_EXISTS, "duplicated policy name. policy name must be unique");
        else
            result = policy_add_at(table, policy, false, place, err);
    }
    return result;
}

int policy_definitions_check(const struct policy_definitions *definitions, struct policy_place *place, struct err *err)
{
    struct policy_table *table = policy_table_new();
    *place = (struct policy_place){.key = ""};
    int result = define_all(table, definitions, place, err);
    policy_table_free(table);
    return result;
}

static bool same_statements(const struct policy *a, const struct policy *b)
{
    if (a == NULL || b == NULL || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!statement_spec_equal(&a->statements[i]->spec, &b->statements[i]->spec))
            return false;
    return true;
}

/* What a set that has other members now means to those who pass an assignment; its condition is the same. */
static void mark_set(struct policy_table *table, struct policy_assignment *assignment, const struct policy_set *before,
                     const struct policy_set *now)
{
    if (policy_set_equal(before, now))
        return;
    if (before->type != SET_PREFIX || before->prefixes.kind != now->prefixes.kind) {
        assignment_mark_everything(table, assignment);
        return;
    }
    const struct prefix_set *sides[] = {&before->prefixes, &now->prefixes};
    for (unsigned side = 0; side < 2; side++) {
        struct prefix_range *list = prefix_set_list(sides[side]);
        for (size_t i = 0; i < sides[side]->count; i++)
            if (!prefix_set_has(sides[1 - side], &list[i]))
                assignment_mark_range(assignment, &list[i]);
        mem_free(MEM_POLICY, list);
    }
}

static void mark_policy(struct policy_table *table, struct policy_assignment *assignment, const struct policy *before,
                        const struct policy *now)
{
    if (!same_statements(before, now)) {
        assignment_mark_everything(table, assignment);
        return;
    }
    for (size_t i = 0; i < before->count; i++) {
        const struct policy_statement *old = before->statements[i], *new = now->statements[i];
        for (unsigned c = 0; c < old->condition_count; c++)
            if (old->conditions[c].set != NULL)
                mark_set(table, assignment, old->conditions[c].set, new->conditions[c].set);
    }
}

/* The assignment's policies by name in the new definitions; marked as far as they differ. */
static void reassign(struct policy_table *table, struct policy_assignment *assignment)
{
    size_t kept = 0;
    for (size_t i = 0; i < assignment->count; i++) {
        const struct policy *before = assignment->policies[i];
        struct policy *now = names_find(&table->policies, before->head.name);
        mark_policy(table, assignment, before, now);
        if (now == NULL)
            continue;
        assignment->policies[kept++] = now;
        now->uses++;
    }
    assignment->count = kept;
    assignment_note_questions(assignment);
}

int policy_table_define(struct policy_table *table, const struct policy_definitions *definitions, struct err *err)
{
    struct policy_table *made = policy_table_new();
    struct policy_assignment *assignment;
    struct policy_place place = {.key = ""};
    int result = define_all(made, definitions, &place, err);
    if (result < 0) {
        policy_table_free(made);
        return result;
    }
    struct policy_table before = *table;
    memcpy(table->sets, made->sets, sizeof(table->sets));
    table->statements = made->statements;
    table->policies = made->policies;
    table->tests = made->tests;
    table->test_capacity = made->test_capacity;
    table->test_hint = made->test_hint;
    table->generation++;
    memcpy(made->sets, before.sets, sizeof(made->sets));
    made->statements = before.statements;
    made->policies = before.policies;
    made->tests = before.tests;
    EACH_ASSIGNMENT(table, assignment)
    {
        reassign(table, assignment);
    }
    policy_table_free(made);
    return 0;
}

static bool same_set(const struct set_spec *a, const struct set_spec *b)
{
    if (a->type != b->type || a->count != b->count || strcmp(a->name, b->name) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->type != SET_PREFIX && strcmp(a->texts[i], b->texts[i]) != 0)
            return false;
        if (a->type == SET_PREFIX && (!prefix_equal(&a->prefixes[i].prefix, &b->prefixes[i].prefix) ||
                                      a->prefixes[i].length_min != b->prefixes[i].length_min ||
                                      a->prefixes[i].length_max != b->prefixes[i].length_max))
            return false;
    }
    return true;
}

static bool same_policy(const struct policy_spec *a, const struct policy_spec *b)
{
    if (a->statement_count != b->statement_count || strcmp(a->name, b->name) != 0)
        return false;
    for (size_t i = 0; i < a->statement_count; i++)
        if (!statement_spec_equal(&a->statements[i], &b->statements[i]))
            return false;
    return true;
}

bool policy_definitions_equal(const struct policy_definitions *a, const struct policy_definitions *b)
{
    if (a->set_count != b->set_count || a->policy_count != b->policy_count)
        return false;
    for (size_t i = 0; i < a->set_count; i++)
        if (!same_set(&a->sets[i], &b->sets[i]))
            return false;
    for (size_t i = 0; i < a->policy_count; i++)
        if (!same_policy(&a->policies[i], &b->policies[i]))
            return false;
    return true;
}
