/* Policies through the management interface: defined sets, statements, policies, and where they are assigned. Values
 * are those of policy/spec.h; error texts are GoBGP's. Every change reaches the routes it touches by itself, in and
 * out, without a session reset.
 *
 * (GoBGP's API: AddDefinedSet ... SetPolicies. All of these need a started speaker.)
 */
#pragma once

#include "control/control.h"
#include "policy/explain.h"
#include "policy/explain.h"
#include "policy/spec.h"

int control_set_add(struct control *control, const struct set_spec *set, struct err *err); /* appends to one there */
int control_set_replace(struct control *control, const struct set_spec *set, struct err *err);
int control_set_delete(struct control *control, const struct set_spec *set, bool all, struct err *err);
/* In order of name; `name` NULL or "": all of the type. The values are good during the call. Returns how many. */
size_t control_set_list(struct control *control, enum set_type type, const char *name,
                        void (*show)(void *context, const struct set_spec *set), void *context);

int control_statement_add(struct control *control, const struct statement_spec *statement, struct err *err);
int control_statement_delete(struct control *control, const struct statement_spec *statement, bool all,
                             struct err *err);
size_t control_statement_list(struct control *control, const char *name,
                              void (*show)(void *context, const struct statement_spec *statement), void *context);

int control_policy_add(struct control *control, const struct policy_spec *policy, bool refer_existing, struct err *err);
int control_policy_delete(struct control *control, const struct policy_spec *policy, bool all, bool preserve_statements,
                          struct err *err);
size_t control_policy_list(struct control *control, const char *name,
                           void (*show)(void *context, const struct policy_spec *policy), void *context);

/* Targets are POLICY_TARGET_GLOBAL or the address (or interface) of any neighbor, route server client or not. */
int control_assignment_add(struct control *control, const struct assignment_spec *assignment, struct err *err);
int control_assignment_set(struct control *control, const struct assignment_spec *assignment, struct err *err);
int control_assignment_delete(struct control *control, const struct assignment_spec *assignment, bool all,
                              struct err *err);
int control_assignment_show(struct control *control, const char *target, enum policy_direction direction,
                            void (*show)(void *context, const struct assignment_spec *assignment), void *context,
                            struct err *err);

/* SetPolicies: everything that was defined is replaced by this, and everything that was assigned. Without assignments,
 * as GoBGP's clients send it, what is assigned stays, but for policies that are gone: routes nobody spoke of do not
 * leak. */
int control_policies_set(struct control *control, const struct policy_definitions *definitions,
                         const struct assignment_spec *assignments, size_t assignment_count, struct err *err);

/* Trying policies out: what would become of a route. Nothing changes. */
struct policy_test {
    enum policy_direction direction;
    const char *policy; /* this one by itself, whether it is assigned or not; NULL: those that routes pass there */
    enum family_id family;
    struct prefix prefix;
    bool longest_match;   /* `prefix` is an address */
    const uint8_t *attrs; /* canonical; NULL: a route of the table, as it came (import) or as it is (export) */
    uint32_t attrs_length;
    struct addr from; /* the neighbor it came from; ADDR_NONE: nobody, or (of the table) whoever has the best one */
    struct addr to;   /* export: the neighbor who would be told; ADDR_NONE: nobody in particular */
    const struct policy_watcher *watcher; /* told about each statement; NULL: nobody */
};

struct policy_test_result {
    enum policy_action action; /* POLICY_NONE: a policy by itself, and it does not decide */
    enum family_id family;
    struct prefix prefix; /* the one found */
    struct addr from;     /* ADDR_NONE: it is our own */
    const char *target;   /* whose assignment decided; "" for a policy by itself */
    const char *policy;   /* what decided; "": a default did */
    const char *statement;
    const uint8_t *before; /* what policies were given */
    uint32_t before_length;
    const uint8_t *after; /* what they made of it */
    uint32_t after_length;
};

/* The answer is good until the next call of anything here. */
int control_policy_test(struct control *control, const struct policy_test *test, struct policy_test_result *result,
                        struct err *err);
