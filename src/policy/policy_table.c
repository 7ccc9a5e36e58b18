/* See policy_table.h. Objects are found by name when they are defined and by pointer afterwards: a condition points at
 * its set, a policy at its statements, an assignment at its policies. A changed set is changed in place; a changed
 * statement is a new one in the old one's place. How many point at an object is counted, and an object in use is not
 * deleted.
 */
#include "policy/policy_table.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/internal.h"

enum { TESTS_STEP = 64 };

static const enum policy_direction directions[] = {POLICY_IMPORT, POLICY_EXPORT};

struct policy_table *policy_table_new(void)
{
    struct policy_table *table = mem_zalloc(MEM_POLICY, sizeof(*table));
    table->generation = 1;
    return table;
}

static void policy_free(struct policy *policy)
{
    mem_free(MEM_POLICY, policy->statements);
    mem_free(MEM_POLICY, policy->head.name);
    mem_free(MEM_POLICY, policy);
}

/* All but the assignments. */
static void free_definitions(struct policy_table *table)
{
    for (size_t i = 0; i < table->policies.count; i++)
        policy_free(table->policies.items[i]);
    for (size_t i = 0; i < table->statements.count; i++)
        statement_free(table->statements.items[i]);
    for (unsigned type = 0; type < SET_TYPE_COUNT; type++) {
        for (size_t i = 0; i < table->sets[type].count; i++)
            policy_set_free(table->sets[type].items[i]);
        names_release(&table->sets[type]);
    }
    names_release(&table->policies);
    names_release(&table->statements);
    mem_free(MEM_POLICY, table->tests);
    table->tests = NULL;
    table->test_capacity = 0;
}

void policy_table_free(struct policy_table *table)
{
    if (table == NULL)
        return;
    for (unsigned i = 0; i < ARRAY_LEN(directions); i++) {
        struct name_table *names = &table->assignments[directions[i]];
        for (size_t at = 0; at < names->count; at++)
            assignment_free(names->items[at]);
        names_release(names);
    }
    free_definitions(table);
    mem_free(MEM_POLICY, table);
}

uint64_t policy_table_generation(const struct policy_table *table)
{
    return table->generation;
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

void assignment_mark_everything(struct policy_table *table, struct policy_assignment *assignment)
{
    assignment->change.any = true;
    assignment->change.everything = true;
    assignment->change.range_count = 0;
    table->generation++;
}

void assignment_mark_range(struct policy_assignment *assignment, const struct prefix_range *range)
{
    struct policy_change *change = &assignment->change;
    change->any = true;
    if (change->everything)
        return;
    if (change->range_count == POLICY_CHANGE_RANGES_MAX) {
        change->everything = true;
        change->range_count = 0;
        return;
    }
    if (change->ranges == NULL)
        change->ranges = mem_alloc(MEM_POLICY, POLICY_CHANGE_RANGES_MAX * sizeof(*change->ranges));
    change->ranges[change->range_count++] = *range;
}

static bool statement_uses(const struct policy_statement *statement, const struct policy_set *set)
{
    for (unsigned i = 0; i < statement->condition_count; i++)
        if (statement->conditions[i].set == set)
            return true;
    return false;
}

static bool policy_has(const struct policy *policy, const struct policy_statement *statement)
{
    for (size_t i = 0; i < policy->count; i++)
        if (policy->statements[i] == statement)
            return true;
    return false;
}

static bool assignment_has(const struct policy_assignment *assignment, const struct policy *policy)
{
    for (size_t i = 0; i < assignment->count; i++)
        if (assignment->policies[i] == policy)
            return true;
    return false;
}

static bool assignment_uses_statement(const struct policy_assignment *assignment,
                                      const struct policy_statement *statement)
{
    for (size_t i = 0; i < assignment->count; i++)
        if (policy_has(assignment->policies[i], statement))
            return true;
    return false;
}

static bool assignment_uses_set(const struct policy_assignment *assignment, const struct policy_set *set)
{
    for (size_t i = 0; i < assignment->count; i++)
        for (size_t at = 0; at < assignment->policies[i]->count; at++)
            if (statement_uses(assignment->policies[i]->statements[at], set))
                return true;
    return false;
}

void assignment_note_questions(struct policy_assignment *assignment)
{
    assignment->asks_prefix = assignment->asks_validity = false;
    for (size_t i = 0; i < assignment->count; i++) {
        const struct policy *policy = assignment->policies[i];
        for (size_t at = 0; at < policy->count; at++) {
            const struct policy_statement *statement = policy->statements[at];
            for (unsigned c = 0; c < statement->condition_count; c++) {
                assignment->asks_prefix |= statement->conditions[c].kind->asks_prefix;
                assignment->asks_validity |= statement->conditions[c].kind->asks_validity;
            }
        }
    }
}

/* `range` NULL: more than a range's worth. */
static void set_changed(struct policy_table *table, const struct policy_set *set, const struct prefix_range *range)
{
    struct policy_assignment *assignment;
    table->generation++;
    EACH_ASSIGNMENT(table, assignment)
    {
        if (set->uses == 0 || !assignment_uses_set(assignment, set))
            continue;
        if (range != NULL)
            assignment_mark_range(assignment, range);
        else
            assignment_mark_everything(table, assignment);
    }
}

static void policy_changed(struct policy_table *table, const struct policy *policy)
{
    struct policy_assignment *assignment;
    EACH_ASSIGNMENT(table, assignment)
    {
        if (!assignment_has(assignment, policy))
            continue;
        assignment_note_questions(assignment);
        assignment_mark_everything(table, assignment);
    }
}

static void statement_changed(struct policy_table *table, const struct policy_statement *statement)
{
    struct policy_assignment *assignment;
    EACH_ASSIGNMENT(table, assignment)
    {
        if (!assignment_uses_statement(assignment, statement))
            continue;
        assignment_note_questions(assignment);
        assignment_mark_everything(table, assignment);
    }
}

void policy_table_take_changes(struct policy_table *table,
                               void (*changed)(void *context, const char *target, enum policy_direction direction,
                                               const struct policy_change *change),
                               void *context)
{
    struct policy_assignment *assignment;
    EACH_ASSIGNMENT(table, assignment)
    {
        struct policy_change change = assignment->change;
        assignment->change = (struct policy_change){.ranges = change.ranges};
        if (change.any)
            changed(context, assignment->head.name, assignment->direction, &change);
    }
}

/* Sets ------------------------------------------------------------------------------------------------------------- */

struct policy_set *policy_set_find(const struct policy_table *table, enum set_type type, const char *name)
{
    return names_find(&table->sets[type], name);
}

static int check_set(const struct set_spec *spec, struct err *err)
{
    if (spec->type >= SET_TYPE_COUNT || spec->type == SET_TAG || spec->type == SET_NEXT_HOP)
        return err_set(err, E_INVALID, "invalid defined-set type: %d", (int)spec->type);
    if (spec->name == NULL || spec->name[0] == '\0')
        return err_set(err, E_INVALID, spec->type == SET_PREFIX ? "empty prefix set name" : "empty neighbor set name");
    if (strlen(spec->name) >= POLICY_NAME_MAX)
        return err_set(err, E_INVALID, "a name of more than %d octets", POLICY_NAME_MAX - 1);
    return 0;
}

/* Gives a prefix set its number as a question. */
static int number_set(struct policy_table *table, struct policy_set *set, struct err *err)
{
    if (set->type != SET_PREFIX)
        return 0;
    uint32_t number = table->test_hint > TEST_FIRST_SET ? table->test_hint : TEST_FIRST_SET;
    while (number < table->test_capacity && table->tests[number] != NULL)
        number++;
    if (number >= POLICY_OBJECTS_MAX)
        return err_set(err, E_LIMIT, "more than %d prefix sets", POLICY_OBJECTS_MAX - TEST_FIRST_SET);
    if (number >= table->test_capacity) {
        uint32_t capacity = number + TESTS_STEP;
        table->tests = mem_realloc(MEM_POLICY, table->tests, capacity * sizeof(*table->tests));
        for (uint32_t i = table->test_capacity; i < capacity; i++)
            table->tests[i] = NULL;
        table->test_capacity = capacity;
    }
    table->tests[number] = set;
    table->test_hint = number + 1; /* all before are taken */
    set->test = number;
    return 0;
}

/* The whole set or nothing: a new one is made on the side. */
static struct policy_set *set_made(const struct set_spec *spec, struct err *err)
{
    if (check_set(spec, err) < 0)
        return NULL;
    struct policy_set *set = policy_set_new(spec->type, spec->name);
    if (policy_set_extend(set, spec, err) == 0)
        return set;
    policy_set_free(set);
    return NULL;
}

static int add_new_set(struct policy_table *table, struct policy_set *set, struct err *err)
{
    int result = table->sets[set->type].count < POLICY_OBJECTS_MAX
                     ? number_set(table, set, err)
                     : err_set(err, E_LIMIT, "more than %d sets", POLICY_OBJECTS_MAX);
    if (result < 0)
        policy_set_free(set);
    else
        names_add(&table->sets[set->type], set);
    return result;
}

static void extend_prefixes(struct policy_table *table, struct policy_set *set, const struct set_spec *spec)
{
    bool one_by_one = set->prefixes.count > 0 && spec->count <= POLICY_CHANGE_RANGES_MAX;
    for (size_t i = 0; i < spec->count; i++) {
        if (prefix_set_has(&set->prefixes, &spec->prefixes[i]))
            continue;
        prefix_set_add(&set->prefixes, &spec->prefixes[i]);
        if (one_by_one)
            set_changed(table, set, &spec->prefixes[i]);
    }
    if (!one_by_one)
        set_changed(table, set, NULL);
}

int policy_set_add(struct policy_table *table, const struct set_spec *spec, struct err *err)
{
    struct policy_set *more = set_made(spec, err);
    if (more == NULL)
        return E_INVALID;
    struct policy_set *set = policy_set_find(table, spec->type, spec->name);
    if (set == NULL)
        return add_new_set(table, more, err);
    bool other_family = spec->type == SET_PREFIX && set->prefixes.count > 0 && more->prefixes.count > 0 &&
                        set->prefixes.kind != more->prefixes.kind;
    policy_set_free(more);
    if (other_family)
        return err_set(err, E_INVALID, "can't append different family");
    if (spec->type == SET_PREFIX) {
        if (set->prefixes.count + spec->count > POLICY_MEMBERS_MAX)
            return err_set(err, E_LIMIT, "more than %d members", POLICY_MEMBERS_MAX);
        extend_prefixes(table, set, spec);
        return 0;
    }
    int result = policy_set_extend(set, spec, err);
    set_changed(table, set, NULL);
    return result;
}

/* The members of one are moved into another, which keeps its identity. */
static void take_members(struct policy_set *set, struct policy_set *from)
{
    struct policy_set before = *set;
    set->prefixes = from->prefixes;
    set->addresses = from->addresses;
    set->patterns = from->patterns;
    from->prefixes = before.prefixes;
    from->addresses = before.addresses;
    from->patterns = before.patterns;
}

/* Marks the ranges that are in only one of two prefix sets. */
static void mark_difference(struct policy_table *table, struct policy_set *set, const struct prefix_set *other)
{
    struct prefix_range *list = prefix_set_list(&set->prefixes);
    uint32_t changes = 0;
    for (size_t i = 0; i < set->prefixes.count && changes <= POLICY_CHANGE_RANGES_MAX; i++)
        if (!prefix_set_has(other, &list[i])) {
            set_changed(table, set, &list[i]); /* beyond so many it is everything */
            changes++;
        }
    mem_free(MEM_POLICY, list);
}

int policy_set_replace(struct policy_table *table, const struct set_spec *spec, struct err *err)
{
    struct policy_set *now = set_made(spec, err);
    if (now == NULL)
        return E_INVALID;
    struct policy_set *set = policy_set_find(table, spec->type, spec->name);
    if (set == NULL)
        return add_new_set(table, now, err);
    bool by_range = spec->type == SET_PREFIX && set->prefixes.kind == now->prefixes.kind;
    if (by_range) {
        mark_difference(table, set, &now->prefixes);
        take_members(set, now);
        mark_difference(table, set, &now->prefixes);
    } else if (!policy_set_equal(set, now)) {
        take_members(set, now);
        set_changed(table, set, NULL);
    }
    policy_set_free(now);
    return 0;
}

static int remove_members(struct policy_table *table, struct policy_set *set, const struct set_spec *spec,
                          struct err *err)
{
    int result = 0;
    bool there;
    if (spec->type == SET_PREFIX) {
        bool one_by_one = spec->count <= POLICY_CHANGE_RANGES_MAX;
        for (size_t i = 0; i < spec->count; i++)
            if (prefix_set_remove(&set->prefixes, &spec->prefixes[i]) && one_by_one)
                set_changed(table, set, set->prefixes.count == 0 ? NULL : &spec->prefixes[i]);
        if (!one_by_one)
            set_changed(table, set, NULL);
        return 0;
    }
    for (size_t i = 0; i < spec->count && result == 0; i++)
        result = spec->type == SET_NEIGHBOR ? address_set_remove(&set->addresses, spec->texts[i], err)
                                            : pattern_set_remove(&set->patterns, spec->texts[i], &there, err);
    set_changed(table, set, NULL);
    return result;
}

int policy_set_delete(struct policy_table *table, const struct set_spec *spec, bool all, struct err *err)
{
    int result = check_set(spec, err);
    if (result < 0)
        return result;
    struct policy_set *set = policy_set_find(table, spec->type, spec->name);
    if (set == NULL)
        return err_set(err, E_NOT_FOUND, "not found defined-set: %s", spec->name);
    if (!all)
        return remove_members(table, set, spec, err);
    if (set->uses > 0)
        return err_set(err, E_STATE, "can't delete. defined-set %s is in use", spec->name);
    names_remove(&table->sets[set->type], set);
    if (set->type == SET_PREFIX) {
        table->tests[set->test] = NULL;
        table->test_hint = set->test < table->test_hint ? set->test : table->test_hint;
    }
    table->generation++;
    policy_set_free(set);
    return 0;
}

static bool wanted(const char *name, const char *found)
{
    return name == NULL || name[0] == '\0' || strcmp(name, found) == 0;
}

size_t policy_set_list(const struct policy_table *table, enum set_type type, const char *name,
                       void (*show)(void *context, const struct set_spec *set), void *context)
{
    size_t count = 0;
    for (size_t i = 0; type < SET_TYPE_COUNT && i < table->sets[type].count; i++) {
        const struct policy_set *set = table->sets[type].items[i];
        if (!wanted(name, set->head.name))
            continue;
        policy_set_show(set, show, context);
        count++;
    }
    return count;
}

/* Statements ------------------------------------------------------------------------------------------------------- */

/* The new one takes the old one's place everywhere. */
static void replace_statement(struct policy_table *table, struct policy_statement *before, struct policy_statement *now)
{
    for (size_t i = 0; i < table->policies.count; i++) {
        struct policy *policy = table->policies.items[i];
        for (size_t at = 0; at < policy->count; at++)
            if (policy->statements[at] == before)
                policy->statements[at] = now;
    }
    now->uses = before->uses;
    if (now->uses > 0) {
        statement_use_sets(before, -1);
        statement_use_sets(now, 1);
    }
    names_remove(&table->statements, before);
    names_add(&table->statements, now);
    statement_free(before);
    statement_changed(table, now);
}

static int add_new_statement(struct policy_table *table, const struct statement_spec *spec, const char **key,
                             struct err *err)
{
    if (table->statements.count >= POLICY_OBJECTS_MAX)
        return err_set(err, E_LIMIT, "more than %d statements", POLICY_OBJECTS_MAX);
    struct policy_statement *made = statement_new(table, spec, key, err);
    if (made == NULL)
        return E_INVALID;
    names_add(&table->statements, made);
    return 0;
}

int policy_statement_add(struct policy_table *table, const struct statement_spec *spec, struct err *err)
{
    if (spec->name == NULL)
        return err_set(err, E_INVALID, "empty statement name");
    struct policy_statement *there = names_find(&table->statements, spec->name);
    if (there == NULL)
        return add_new_statement(table, spec, NULL, err);
    struct statement_spec merged = there->spec;
    int result = statement_spec_merge(&merged, spec, err);
    if (result < 0)
        return result;
    struct policy_statement *made = statement_new(table, &merged, NULL, err);
    if (made == NULL)
        return E_INVALID;
    replace_statement(table, there, made);
    return 0;
}

static void forget_statement(struct policy_table *table, struct policy_statement *statement)
{
    names_remove(&table->statements, statement);
    statement_free(statement);
}

int policy_statement_delete(struct policy_table *table, const struct statement_spec *spec, bool all, struct err *err)
{
    struct policy_statement *there = spec->name != NULL ? names_find(&table->statements, spec->name) : NULL;
    if (there == NULL)
        return err_set(err, E_NOT_FOUND, "not found statement: %s", spec->name != NULL ? spec->name : "");
    if (all) {
        if (there->uses > 0)
            return err_set(err, E_STATE, "can't delete. statement %s is in use", spec->name);
        forget_statement(table, there);
        return 0;
    }
    struct statement_spec less = there->spec;
    int result = statement_spec_take(&less, spec, err);
    if (result < 0)
        return result;
    struct policy_statement *made = statement_new(table, &less, NULL, err);
    if (made == NULL)
        return E_INVALID;
    replace_statement(table, there, made);
    return 0;
}

size_t policy_statement_list(const struct policy_table *table, const char *name,
                             void (*show)(void *context, const struct statement_spec *statement), void *context)
{
    size_t count = 0;
    for (size_t i = 0; i < table->statements.count; i++) {
        const struct policy_statement *statement = table->statements.items[i];
        if (!wanted(name, statement->head.name))
            continue;
        show(context, &statement->spec);
        count++;
    }
    return count;
}

/* Policies --------------------------------------------------------------------------------------------------------- */

static void use_statement(struct policy_statement *statement)
{
    if (statement->uses++ == 0)
        statement_use_sets(statement, 1);
}

static void unuse_statement(struct policy_statement *statement)
{
    if (--statement->uses == 0)
        statement_use_sets(statement, -1);
}

/* Unnamed ones are called after their policy, as GoBGP does. */
static const char *statement_name(const struct policy_spec *policy, size_t index, char text[POLICY_NAME_MAX + 32])
{
    const char *name = policy->statements[index].name;
    if (name != NULL && name[0] != '\0')
        return name;
    struct str str = str_over(text, POLICY_NAME_MAX + 32);
    str_printf(&str, "%s_stmt%zu", policy->name, index);
    return text;
}

/* All statements of a policy, defined or found; those defined so far are forgotten on an error. */
static int gather_statements(struct policy_table *table, const struct policy_spec *spec, bool refer,
                             struct policy_statement **found, struct policy_place *place, struct err *err)
{
    char name[POLICY_NAME_MAX + 32];
    int result = 0;
    size_t count = 0;
    for (; count < spec->statement_count; count++) {
        struct statement_spec statement = spec->statements[count];
        statement.name = statement_name(spec, count, name);
        place->statement = count;
        place->key = "name";
        bool there = names_find(&table->statements, statement.name) != NULL;
        if (refer && !there)
            result = err_set(err, E_NOT_FOUND, "not found statement %s", statement.name);
        else if (!refer && there)
            result = err_set(err, E_EXISTS, "statement %s already defined", statement.name);
        else if (!refer)
            result = add_new_statement(table, &statement, &place->key, err);
        if (result < 0)
            break;
        found[count] = names_find(&table->statements, statement.name);
    }
    while (result < 0 && !refer && count > 0)
        forget_statement(table, found[--count]);
    return result;
}

int policy_add_at(struct policy_table *table, const struct policy_spec *spec, bool refer, struct policy_place *place,
                  struct err *err)
{
    place->key = "name";
    if (spec->name == NULL || spec->name[0] == '\0')
        return err_set(err, E_INVALID, "empty policy name");
    if (strlen(spec->name) >= POLICY_NAME_MAX)
        return err_set(err, E_INVALID, "a name of more than %d octets", POLICY_NAME_MAX - 1);
    if (table->policies.count >= POLICY_OBJECTS_MAX || spec->statement_count > POLICY_OBJECTS_MAX)
        return err_set(err, E_LIMIT, "more than %d policies or statements", POLICY_OBJECTS_MAX);
    struct policy *policy = names_find(&table->policies, spec->name);
    size_t before = policy != NULL ? policy->count : 0;
    struct policy_statement **statements =
        mem_alloc(MEM_POLICY, (before + spec->statement_count + 1) * sizeof(struct policy_statement *));
    int result = gather_statements(table, spec, refer, statements + before, place, err);
    if (result < 0) {
        mem_free(MEM_POLICY, statements);
        return result;
    }
    if (policy == NULL) {
        policy = mem_zalloc(MEM_POLICY, sizeof(*policy));
        policy->head.name = mem_strdup(MEM_POLICY, spec->name);
        names_add(&table->policies, policy);
    }
    if (before > 0)
        memcpy(statements, policy->statements, before * sizeof(struct policy_statement *));
    mem_free(MEM_POLICY, policy->statements);
    policy->statements = statements;
    policy->count = before + spec->statement_count;
    for (size_t i = before; i < policy->count; i++)
        use_statement(policy->statements[i]);
    policy_changed(table, policy);
    return 0;
}

int policy_add(struct policy_table *table, const struct policy_spec *spec, bool refer, struct err *err)
{
    struct policy_place place;
    return policy_add_at(table, spec, refer, &place, err);
}

static bool names_statement(const struct policy_spec *spec, const struct policy_statement *statement)
{
    for (size_t i = 0; i < spec->statement_count; i++)
        if (spec->statements[i].name != NULL && strcmp(spec->statements[i].name, statement->head.name) == 0)
            return true;
    return false;
}

/* Takes the statements out, all or those named; what nobody uses any more goes too. */
static void drop_statements(struct policy_table *table, struct policy *policy, const struct policy_spec *spec, bool all,
                            bool preserve)
{
    size_t kept = 0;
    for (size_t i = 0; i < policy->count; i++) {
        struct policy_statement *statement = policy->statements[i];
        if (!all && !names_statement(spec, statement)) {
            policy->statements[kept++] = statement;
            continue;
        }
        unuse_statement(statement);
        if (statement->uses == 0 && !preserve)
            forget_statement(table, statement);
    }
    policy->count = kept;
}

int policy_delete(struct policy_table *table, const struct policy_spec *spec, bool all, bool preserve, struct err *err)
{
    struct policy *policy = spec->name != NULL ? names_find(&table->policies, spec->name) : NULL;
    if (policy == NULL)
        return err_set(err, E_NOT_FOUND, "not found policy: %s", spec->name != NULL ? spec->name : "");
    if (all && policy->uses > 0)
        return err_set(err, E_STATE, "can't delete. policy %s is in use", spec->name);
    drop_statements(table, policy, spec, all, preserve);
    if (!all) {
        policy_changed(table, policy);
        return 0;
    }
    names_remove(&table->policies, policy);
    policy_free(policy);
    return 0;
}

static void show_policy(const struct policy *policy, void (*show)(void *context, const struct policy_spec *policy),
                        void *context)
{
    struct statement_spec *statements = mem_alloc(MEM_POLICY, (policy->count + 1) * sizeof(*statements));
    for (size_t i = 0; i < policy->count; i++)
        statements[i] = policy->statements[i]->spec;
    struct policy_spec spec = {.name = policy->head.name, .statements = statements, .statement_count = policy->count};
    show(context, &spec);
    mem_free(MEM_POLICY, statements);
}

size_t policy_list(const struct policy_table *table, const char *name,
                   void (*show)(void *context, const struct policy_spec *policy), void *context)
{
    size_t count = 0;
    for (size_t i = 0; i < table->policies.count; i++) {
        const struct policy *policy = table->policies.items[i];
        if (!wanted(name, policy->head.name))
            continue;
        show_policy(policy, show, context);
        count++;
    }
    return count;
}
