/* Policies in a configuration: from a file's tree to policy/spec.h, checked, and back. */
#pragma once

#include "config/reader.h"

/* The lists of sets: where they stand, what a set is called there, where its members are. */
enum { POLICIES_SET_LISTS = 6 };

struct set_list {
    enum set_type type;
    const char *path;
    const char *name;
    const char *members;
};
extern const struct set_list policies_set_lists[POLICIES_SET_LISTS];

/* Reads `defined-sets` and `policy-definitions` of the root, whose keys were checked, into `config->policies`. */
int policies_read(const struct reader *reader, const struct node *root, struct config *config);

/* Are the policies that `table` (of global, a neighbor or a group) applies defined? */
int policies_check_applied(const struct reader *reader, const struct frame *frame, const struct node *table,
                           const struct config *config);

/* Adds both to the table of a whole configuration. False when the tree is full. */
bool policies_print(struct tree *tree, struct node *root, const struct policy_definitions *definitions);
