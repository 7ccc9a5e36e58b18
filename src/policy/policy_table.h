/* The policy table: everything that has a name (defined sets, statements, policies), and what is assigned where.
 *
 * One per speaker, on its thread. What is added is checked and compiled at once; errors are GoBGP's texts where its
 * users know them. A change marks the assignments it reaches; whoever holds routes takes these marks
 * (policy_table_next_change) and looks at the routes again.
 */
#pragma once

#include "policy/spec.h"

struct policy_table;

struct policy_table *policy_table_new(void);
void policy_table_free(struct policy_table *table);

/* Defined sets: adding to a set that is there adds members; removing takes members away, or (all) the whole set, if no
 * policy uses it. */
int policy_set_add(struct policy_table *table, const struct set_spec *set, struct err *err);
int policy_set_replace(struct policy_table *table, const struct set_spec *set, struct err *err);
int policy_set_delete(struct policy_table *table, const struct set_spec *set, bool all, struct err *err);
/* In order of name. `name` NULL or "": all of the type. Returns how many. */
size_t policy_set_list(const struct policy_table *table, enum set_type type, const char *name,
                       void (*show)(void *context, const struct set_spec *set), void *context);

/* Statements: adding to one that is there adds conditions and actions of kinds it has not; removing takes away those of
 * the kinds given, or (all) the statement, if no policy has it. */
int policy_statement_add(struct policy_table *table, const struct statement_spec *statement, struct err *err);
int policy_statement_delete(struct policy_table *table, const struct statement_spec *statement, bool all,
                            struct err *err);
size_t policy_statement_list(const struct policy_table *table, const char *name,
                             void (*show)(void *context, const struct statement_spec *statement), void *context);

/* Policies: adding to one that is there appends statements. With `refer` the statements are there already and only
 * their names count; else they are defined here. Removing takes away the statements named, or (all) the policy; what no
 * policy uses then is forgotten unless `preserve`. */
int policy_add(struct policy_table *table, const struct policy_spec *policy, bool refer, struct err *err);
int policy_delete(struct policy_table *table, const struct policy_spec *policy, bool all, bool preserve,
                  struct err *err);
size_t policy_list(const struct policy_table *table, const char *name,
                   void (*show)(void *context, const struct policy_spec *policy), void *context);

/* Assignments. A target is only a name here; targets that were never assigned anything have no policies and the default
 * POLICY_NONE, but for the global one, whose default is POLICY_ACCEPT. */
int policy_assign(struct policy_table *table, const struct assignment_spec *assignment, struct err *err); /* appends */
int policy_assign_set(struct policy_table *table, const struct assignment_spec *assignment, struct err *err);
/* The same, and a default of POLICY_NONE takes back what was said before: as a file has it. */
int policy_assign_exactly(struct policy_table *table, const struct assignment_spec *assignment, struct err *err);
/* With `all` the default goes too: nothing is said any more, which for the global target rejects every route. */
int policy_assign_delete(struct policy_table *table, const struct assignment_spec *assignment, bool all,
                         struct err *err);
void policy_assign_show(const struct policy_table *table, const char *target, enum policy_direction direction,
                        void (*show)(void *context, const struct assignment_spec *assignment), void *context);
/* The target is no more. */
void policy_target_forget(struct policy_table *table, const char *target);

/* Replaces all definitions. Assignments stay, without the policies that are gone; sets and statements that are the same
 * as before do not count as changed. With an error nothing is changed. */
int policy_table_define(struct policy_table *table, const struct policy_definitions *definitions, struct err *err);

/* Do both say the same, in the same words? */
bool policy_definitions_equal(const struct policy_definitions *a, const struct policy_definitions *b);

/* Is this a member a set of the type can have? Not for prefix sets. */
int policy_member_check(enum set_type type, const char *text, struct err *err);

/* Are these definitions right by themselves? For a file, before it is applied. On an error `place` tells which
 * definition it is about. */
struct policy_place {
    enum {
        POLICY_PLACE_SET,
        POLICY_PLACE_STATEMENT,
    } kind;
    size_t index;     /* of the set, or of the policy */
    size_t statement; /* in the policy */
    const char *key;  /* "bgp-conditions.match-as-path-set.as-path-set"; "" the whole */
};
int policy_definitions_check(const struct policy_definitions *definitions, struct policy_place *place, struct err *err);

/* What has changed for the routes that pass an assignment, since it was taken last: nothing, everything, or (when only
 * members of prefix sets came or went) the prefixes within some ranges. */
enum { POLICY_CHANGE_RANGES_MAX = 256 };

struct policy_change {
    bool any;
    bool everything;
    uint32_t range_count;
    struct prefix_range *ranges; /* the table's, until its next change */
};

/* Calls `changed` for each assignment that has, and forgets it. */
void policy_table_take_changes(struct policy_table *table,
                               void (*changed)(void *context, const char *target, enum policy_direction direction,
                                               const struct policy_change *change),
                               void *context);

/* Grows with every change: what was remembered of evaluations is of no use then. */
uint64_t policy_table_generation(const struct policy_table *table);

/* What evaluation uses: the place where routes pass. Stays where it is as long as the table; made when first asked
 * for. */
struct policy_assignment;
struct policy_assignment *policy_assignment(struct policy_table *table, const char *target,
                                            enum policy_direction direction);

/* Do routes fare alike in both, whoever they are of? NULL is equal to NULL only. */
bool policy_assignment_equal(const struct policy_assignment *a, const struct policy_assignment *b);

const char *policy_assignment_target(const struct policy_assignment *assignment);

/* Nothing is assigned, and no default said. NULL is such an assignment too. */
bool policy_assignment_says_nothing(const struct policy_assignment *assignment);
