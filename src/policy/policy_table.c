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

static void assignment_free(struct policy_assignment *assignment)
{
    mem_free(MEM_POLICY, assignment->change.ranges);
    mem_free(MEM_POLICY, assignment->policies);
    mem_free(MEM_POLICY, assignment->head.name);
    mem_free(MEM_POLICY, assignment);
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

/* Changes ------------------------------------------------------------------------------------------------------------ */

static void mark_everything(struct policy_table *table, struct policy_assignment *assignment)
{
    assignment->change.any = true;
    assignment->change.everything = true;
    assignment->change.range_count = 0;
    table->generation++;
}

static void mark_range(struct policy_assignment *assignment, const struct prefix_range *range)
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

static void note_questions(struct policy_assignment *assignment)
{
    assignment->asks_prefix = false;
    for (size_t i = 0; i < assignment->count; i++) {
        const struct policy *policy = assignment->policies[i];
        for (size_t at = 0; at < policy->count; at++) {
            const struct policy_statement *statement = policy->statements[at];
            for (unsigned c = 0; c < statement->condition_count; c++)
                assignment->asks_prefix |= statement->conditions[c].kind->asks_prefix;
        }
    }
}

#define EACH_ASSIGNMENT(table, assignment)                                                              \
    for (unsigned each_direction = POLICY_IMPORT; each_direction <= POLICY_EXPORT; each_direction++)    \
        for (size_t each_at = 0; each_at < (table)->assignments[each_direction].count &&                \
                                 ((assignment) = (table)->assignments[each_direction].items[each_at]); \
             each_at++)

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
            mark_range(assignment, range);
        else
            mark_everything(table, assignment);
    }
}

static void policy_changed(struct policy_table *table, const struct policy *policy)
{
    struct policy_assignment *assignment;
    EACH_ASSIGNMENT(table, assignment)
    {
        if (!assignment_has(assignment, policy))
            continue;
        note_questions(assignment);
        mark_everything(table, assignment);
    }
}

static void statement_changed(struct policy_table *table, const struct policy_statement *statement)
{
    struct policy_assignment *assignment;
    EACH_ASSIGNMENT(table, assignment)
    {
        if (!assignment_uses_statement(assignment, statement))
            continue;
        note_questions(assignment);
        mark_everything(table, assignment);
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

/* Sets --------------------------------------------------------------------------------------------------------------- */

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
    uint32_t number = TEST_FIRST_SET;
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
    bool was_empty = set->prefixes.count == 0;
    for (size_t i = 0; i < spec->count; i++) {
        if (prefix_set_has(&set->prefixes, &spec->prefixes[i]))
            continue;
        prefix_set_add(&set->prefixes, &spec->prefixes[i]);
        set_changed(table, set, was_empty ? NULL : &spec->prefixes[i]);
    }
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
    for (size_t i = 0; i < set->prefixes.count; i++)
        if (!prefix_set_has(other, &list[i]))
            set_changed(table, set, &list[i]);
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
        for (size_t i = 0; i < spec->count; i++)
            if (prefix_set_remove(&set->prefixes, &spec->prefixes[i]))
                set_changed(table, set, set->prefixes.count == 0 ? NULL : &spec->prefixes[i]);
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
    if (set->type == SET_PREFIX)
        table->tests[set->test] = NULL;
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

/* Statements --------------------------------------------------------------------------------------------------------- */

/* The new one takes the old one's place everywhere. */
static void replace_statement(struct policy_table *table, struct policy_statement *before,
                              struct policy_statement *now)
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

/* Policies ----------------------------------------------------------------------------------------------------------- */

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

static int add_policy(struct policy_table *table, const struct policy_spec *spec, bool refer,
                      struct policy_place *place, struct err *err)
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
    return add_policy(table, spec, refer, &place, err);
}

static bool names_statement(const struct policy_spec *spec, const struct policy_statement *statement)
{
    for (size_t i = 0; i < spec->statement_count; i++)
        if (spec->statements[i].name != NULL && strcmp(spec->statements[i].name, statement->head.name) == 0)
            return true;
    return false;
}

/* Takes the statements out, all or those named; what nobody uses any more goes too. */
static void drop_statements(struct policy_table *table, struct policy *policy, const struct policy_spec *spec,
                            bool all, bool preserve)
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

int policy_delete(struct policy_table *table, const struct policy_spec *spec, bool all, bool preserve,
                  struct err *err)
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
    struct policy_spec spec = {
        .name = policy->head.name, .statements = statements, .statement_count = policy->count};
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

/* Definitions as a whole ---------------------------------------------------------------------------------------------- */

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
            result = add_policy(table, policy, false, place, err);
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
        mark_everything(table, assignment);
        return;
    }
    const struct prefix_set *sides[] = {&before->prefixes, &now->prefixes};
    for (unsigned side = 0; side < 2; side++) {
        struct prefix_range *list = prefix_set_list(sides[side]);
        for (size_t i = 0; i < sides[side]->count; i++)
            if (!prefix_set_has(sides[1 - side], &list[i]))
                mark_range(assignment, &list[i]);
        mem_free(MEM_POLICY, list);
    }
}

static void mark_policy(struct policy_table *table, struct policy_assignment *assignment, const struct policy *before,
                        const struct policy *now)
{
    if (!same_statements(before, now)) {
        mark_everything(table, assignment);
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
    note_questions(assignment);
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

/* Assignments -------------------------------------------------------------------------------------------------------- */

static enum policy_action unsaid_default(const char *target)
{
    return strcmp(target, POLICY_TARGET_GLOBAL) == 0 ? POLICY_ACCEPT : POLICY_NONE;
}

struct policy_assignment *policy_assignment(struct policy_table *table, const char *target,
                                            enum policy_direction direction)
{
    struct policy_assignment *assignment = names_find(&table->assignments[direction], target);
    if (assignment != NULL)
        return assignment;
    assignment = mem_zalloc(MEM_POLICY, sizeof(*assignment));
    assignment->head.name = mem_strdup(MEM_POLICY, target);
    assignment->direction = direction;
    assignment->default_action = unsaid_default(target);
    names_add(&table->assignments[direction], assignment);
    return assignment;
}

static int check_assignment(const struct assignment_spec *spec, struct err *err)
{
    if (spec->target == NULL || spec->target[0] == '\0')
        return err_set(err, E_INVALID, "empty table name");
    if (spec->direction != POLICY_IMPORT && spec->direction != POLICY_EXPORT)
        return err_set(err, E_INVALID, "invalid policy type");
    if (spec->default_action > POLICY_REJECT)
        return err_set(err, E_INVALID, "invalid default action");
    return 0;
}

/* The policies of both: those there are, then those named. NULL with an error. */
static struct policy **gather_policies(struct policy_table *table, const struct policy_assignment *there,
                                       const struct assignment_spec *spec, struct err *err)
{
    size_t count = there != NULL ? there->count : 0;
    struct policy **policies = mem_alloc(MEM_POLICY, (count + spec->policy_count + 1) * sizeof(*policies));
    if (count > 0)
        memcpy(policies, there->policies, count * sizeof(*policies));
    for (size_t i = 0; i < spec->policy_count; i++) {
        policies[count] = names_find(&table->policies, spec->policies[i]);
        bool missing = policies[count] == NULL;
        size_t at = 0;
        while (!missing && policies[at] != policies[count])
            at++;
        if (missing || at < count) {
            err_set(err, missing ? E_NOT_FOUND : E_EXISTS, missing ? "not found policy %s" : "duplicated policy %s",
                    spec->policies[i]);
            mem_free(MEM_POLICY, policies);
            return NULL;
        }
        count++;
    }
    return policies;
}

static void set_policies(struct policy_table *table, struct policy_assignment *assignment, struct policy **policies,
                         size_t count)
{
    bool same = count == assignment->count &&
                (count == 0 || memcmp(policies, assignment->policies, count * sizeof(*policies)) == 0);
    for (size_t i = 0; i < count; i++)
        policies[i]->uses++;
    for (size_t i = 0; i < assignment->count; i++)
        assignment->policies[i]->uses--;
    mem_free(MEM_POLICY, assignment->policies);
    assignment->policies = policies;
    assignment->count = count;
    if (same)
        return;
    note_questions(assignment);
    mark_everything(table, assignment);
}

static void set_default(struct policy_table *table, struct policy_assignment *assignment, enum policy_action action,
                        bool said)
{
    if (assignment->default_action == action && assignment->default_said == said)
        return;
    assignment->default_action = action;
    assignment->default_said = said;
    mark_everything(table, assignment);
}

static int assign(struct policy_table *table, const struct assignment_spec *spec, bool append, struct err *err)
{
    int result = check_assignment(spec, err);
    if (result < 0)
        return result;
    struct policy_assignment *assignment = policy_assignment(table, spec->target, spec->direction);
    struct policy **policies = gather_policies(table, append ? assignment : NULL, spec, err);
    if (policies == NULL)
        return E_INVALID;
    set_policies(table, assignment, policies, (append ? assignment->count : 0) + spec->policy_count);
    if (spec->default_action != POLICY_NONE)
        set_default(table, assignment, spec->default_action, true);
    return 0;
}

int policy_assign(struct policy_table *table, const struct assignment_spec *spec, struct err *err)
{
    return assign(table, spec, true, err);
}

int policy_assign_set(struct policy_table *table, const struct assignment_spec *spec, struct err *err)
{
    return assign(table, spec, false, err);
}

int policy_assign_exactly(struct policy_table *table, const struct assignment_spec *spec, struct err *err)
{
    int result = assign(table, spec, false, err);
    if (result == 0 && spec->default_action == POLICY_NONE)
        set_default(table, policy_assignment(table, spec->target, spec->direction), unsaid_default(spec->target), false);
    return result;
}

static bool names_policy(const struct assignment_spec *spec, const struct policy *policy)
{
    for (size_t i = 0; i < spec->policy_count; i++)
        if (strcmp(spec->policies[i], policy->head.name) == 0)
            return true;
    return false;
}

int policy_assign_delete(struct policy_table *table, const struct assignment_spec *spec, bool all, struct err *err)
{
    int result = check_assignment(spec, err);
    for (size_t i = 0; result == 0 && i < spec->policy_count; i++)
        if (names_find(&table->policies, spec->policies[i]) == NULL)
            result = err_set(err, E_NOT_FOUND, "not found policy %s", spec->policies[i]);
    if (result < 0)
        return result;
    struct policy_assignment *assignment = policy_assignment(table, spec->target, spec->direction);
    struct policy **kept = mem_alloc(MEM_POLICY, (assignment->count + 1) * sizeof(*kept));
    size_t count = 0;
    for (size_t i = 0; i < assignment->count && !all; i++)
        if (!names_policy(spec, assignment->policies[i]))
            kept[count++] = assignment->policies[i];
    set_policies(table, assignment, kept, count);
    if (all)
        set_default(table, assignment, POLICY_NONE, true);
    return 0;
}

void policy_assign_show(const struct policy_table *table, const char *target, enum policy_direction direction,
                        void (*show)(void *context, const struct assignment_spec *assignment), void *context)
{
    const struct policy_assignment *assignment = names_find(&table->assignments[direction], target);
    size_t count = assignment != NULL ? assignment->count : 0;
    const char **names = mem_alloc(MEM_POLICY, (count + 1) * sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = assignment->policies[i]->head.name;
    struct assignment_spec spec = {
        .target = target, .direction = direction, .policies = names, .policy_count = count,
        .default_action = assignment != NULL ? assignment->default_action : unsaid_default(target)};
    show(context, &spec);
    mem_free(MEM_POLICY, names);
}

void policy_target_forget(struct policy_table *table, const char *target)
{
    for (unsigned i = 0; i < ARRAY_LEN(directions); i++) {
        struct policy_assignment *assignment = names_find(&table->assignments[directions[i]], target);
        if (assignment == NULL)
            continue;
        for (size_t at = 0; at < assignment->count; at++)
            assignment->policies[at]->uses--;
        names_remove(&table->assignments[directions[i]], assignment);
        assignment_free(assignment);
        table->generation++;
    }
}
