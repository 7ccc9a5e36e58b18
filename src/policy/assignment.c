/* Assignments: which policies routes pass where, and what is done with those none decides on. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/internal.h"

static const enum policy_direction directions[] = {POLICY_IMPORT, POLICY_EXPORT};

void assignment_free(struct policy_assignment *assignment)
{
    mem_free(MEM_POLICY, assignment->change.ranges);
    mem_free(MEM_POLICY, assignment->policies);
    mem_free(MEM_POLICY, assignment->head.name);
    mem_free(MEM_POLICY, assignment);
}

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
    assignment_note_questions(assignment);
    assignment_mark_everything(table, assignment);
}

static void set_default(struct policy_table *table, struct policy_assignment *assignment, enum policy_action action,
                        bool said)
{
    if (assignment->default_action == action && assignment->default_said == said)
        return;
    assignment->default_action = action;
    assignment->default_said = said;
    assignment_mark_everything(table, assignment);
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
        set_default(table, policy_assignment(table, spec->target, spec->direction), unsaid_default(spec->target),
                    false);
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
    struct assignment_spec spec = {.target = target,
                                   .direction = direction,
                                   .policies = names,
                                   .policy_count = count,
                                   .default_action =
                                       assignment != NULL ? assignment->default_action : unsaid_default(target)};
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

bool policy_assignment_says_nothing(const struct policy_assignment *assignment)
{
    return assignment == NULL || (assignment->count == 0 && !assignment->default_said);
}

const char *policy_assignment_target(const struct policy_assignment *assignment)
{
    return assignment->head.name;
}

bool policy_assignment_equal(const struct policy_assignment *a, const struct policy_assignment *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->count == b->count && a->default_action == b->default_action && a->default_said == b->default_said &&
           (a->count == 0 || memcmp(a->policies, b->policies, a->count * sizeof(struct policy *)) == 0);
}
