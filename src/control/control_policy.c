/* See control_policy.h. The table does what is asked; here is who may be asked about, and that routes hear of it. */
#include "control/control_policy.h"

#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "control/internal.h"
#include "policy/evaluate.h"
#include "policy/policy_table.h"
#include "speaker/policy_run.h"

static struct policy_table *table_of(const struct control *control)
{
    return policy_run_table(control->speaker->policy);
}

/* What was changed reaches the routes it touches. */
static int changed(struct control *control, int result)
{
    policy_run_changed(control->speaker);
    return result;
}

/* Definitions ------------------------------------------------------------------------------------------------------ */

int control_set_add(struct control *control, const struct set_spec *set, struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result : changed(control, policy_set_add(table_of(control), set, err));
}

int control_set_replace(struct control *control, const struct set_spec *set, struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result : changed(control, policy_set_replace(table_of(control), set, err));
}

int control_set_delete(struct control *control, const struct set_spec *set, bool all, struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result : changed(control, policy_set_delete(table_of(control), set, all, err));
}

size_t control_set_list(struct control *control, enum set_type type, const char *name,
                        void (*show)(void *context, const struct set_spec *set), void *context)
{
    return control_started(control) ? policy_set_list(table_of(control), type, name, show, context) : 0;
}

int control_statement_add(struct control *control, const struct statement_spec *statement, struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result : changed(control, policy_statement_add(table_of(control), statement, err));
}

int control_statement_delete(struct control *control, const struct statement_spec *statement, bool all, struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result : changed(control, policy_statement_delete(table_of(control), statement, all, err));
}

size_t control_statement_list(struct control *control, const char *name,
                              void (*show)(void *context, const struct statement_spec *statement), void *context)
{
    return control_started(control) ? policy_statement_list(table_of(control), name, show, context) : 0;
}

int control_policy_add(struct control *control, const struct policy_spec *policy, bool refer_existing, struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result : changed(control, policy_add(table_of(control), policy, refer_existing, err));
}

int control_policy_delete(struct control *control, const struct policy_spec *policy, bool all, bool preserve_statements,
                          struct err *err)
{
    int result = control_need_started(control, err);
    return result < 0 ? result
                      : changed(control, policy_delete(table_of(control), policy, all, preserve_statements, err));
}

size_t control_policy_list(struct control *control, const char *name,
                           void (*show)(void *context, const struct policy_spec *policy), void *context)
{
    return control_started(control) ? policy_list(table_of(control), name, show, context) : 0;
}

/* Assignments ------------------------------------------------------------------------------------------------------ */

struct peer *control_policy_target(struct control *control, const char *target)
{
    struct addr address;
    if (addr_parse(target, &address) < 0)
        address = (struct addr){.kind = ADDR_NONE};
    return peer_find(control->speaker, &address, target);
}

static int check_target(struct control *control, const char *target, struct err *err)
{
    int result = control_need_started(control, err);
    if (result < 0)
        return result;
    if (target == NULL || target[0] == '\0')
        return err_set(err, E_INVALID, "empty table name");
    if (strcmp(target, POLICY_TARGET_GLOBAL) == 0 || control_policy_target(control, target) != NULL)
        return 0;
    return err_set(err, E_NOT_FOUND, "not found peer %s", target);
}

/* The target as the table knows it: a neighbour may be named in several ways. */
static struct assignment_spec normal(struct control *control, const struct assignment_spec *spec)
{
    struct assignment_spec copy = *spec;
    if (strcmp(spec->target, POLICY_TARGET_GLOBAL) != 0)
        copy.target = policy_run_target(control_policy_target(control, spec->target));
    return copy;
}

static int assign(struct control *control, const struct assignment_spec *spec,
                  int (*act)(struct policy_table *table, const struct assignment_spec *spec, struct err *err),
                  struct err *err)
{
    int result = check_target(control, spec->target, err);
    if (result < 0)
        return result;
    struct assignment_spec named = normal(control, spec);
    return changed(control, act(table_of(control), &named, err));
}

int control_assignment_add(struct control *control, const struct assignment_spec *assignment, struct err *err)
{
    return assign(control, assignment, policy_assign, err);
}

int control_assignment_set(struct control *control, const struct assignment_spec *assignment, struct err *err)
{
    return assign(control, assignment, policy_assign_set, err);
}

static int assign_delete_all(struct policy_table *table, const struct assignment_spec *spec, struct err *err)
{
    return policy_assign_delete(table, spec, true, err);
}

static int assign_delete_some(struct policy_table *table, const struct assignment_spec *spec, struct err *err)
{
    return policy_assign_delete(table, spec, false, err);
}

int control_assignment_delete(struct control *control, const struct assignment_spec *assignment, bool all,
                              struct err *err)
{
    return assign(control, assignment, all ? assign_delete_all : assign_delete_some, err);
}

int control_assignment_show(struct control *control, const char *target, enum policy_direction direction,
                            void (*show)(void *context, const struct assignment_spec *assignment), void *context,
                            struct err *err)
{
    int result = check_target(control, target, err);
    if (result < 0)
        return result;
    if (direction != POLICY_IMPORT && direction != POLICY_EXPORT)
        return err_set(err, E_INVALID, "invalid policy type");
    struct assignment_spec spec = {.target = target};
    spec = normal(control, &spec);
    policy_assign_show(table_of(control), spec.target, direction, show, context);
    return 0;
}

/* Everything ------------------------------------------------------------------------------------------------------- */

static int forget_assignments(struct control *control, struct err *err)
{
    static const enum policy_direction directions[] = {POLICY_IMPORT, POLICY_EXPORT};
    int result = 0;
    for (unsigned i = 0; i < ARRAY_LEN(directions) && result == 0; i++) {
        struct assignment_spec nothing = {.target = POLICY_TARGET_GLOBAL, .direction = directions[i]};
        result = policy_assign_exactly(table_of(control), &nothing, err);
        list_foreach (peer, &control->speaker->peers, struct peer, link) {
            nothing.target = policy_run_target(peer);
            policy_assign_exactly(table_of(control), &nothing, err);
        }
    }
    return result;
}

int control_policies_set(struct control *control, const struct policy_definitions *definitions,
                         const struct assignment_spec *assignments, size_t assignment_count, struct err *err)
{
    int result = control_need_started(control, err);
    for (size_t i = 0; i < assignment_count && result == 0; i++)
        result = check_target(control, assignments[i].target, err);
    if (result == 0)
        result = policy_table_define(table_of(control), definitions, err);
    if (result < 0)
        return result;
    if (assignment_count > 0)
        result = forget_assignments(control, err);
    for (size_t i = 0; i < assignment_count && result == 0; i++) {
        struct assignment_spec named = normal(control, &assignments[i]);
        result = policy_assign_exactly(table_of(control), &named, err);
    }
    return changed(control, result);
}

/* A file ----------------------------------------------------------------------------------------------------------- */

static const struct policy_definitions no_definitions;

static const struct policy_definitions *definitions_of(const struct config *config)
{
    return config->policies != NULL ? config->policies : &no_definitions;
}

/* The file was checked as a whole: what fails here is not its fault. */
void control_apply_policies(struct control *control, const struct config *before, const struct config *after)
{
    struct err err;
    if (!policy_definitions_equal(definitions_of(before), definitions_of(after)) &&
        policy_table_define(table_of(control), definitions_of(after), &err) < 0)
        log_error("policy", NULL, "the policies of the file were not defined: %s", err.text);
    control->speaker->global.apply_policy = after->global.apply_policy;
    if (policy_run_configure_global(control->speaker, &err) < 0)
        log_error("policy", NULL, "the policies of the file were not assigned: %s", err.text);
}
