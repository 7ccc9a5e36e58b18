/* Values of keys: from a node of a file's tree, and back to text. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "config/schema.h"
#include "config/tree.h"

/* Reads `node` as the value of a key that is no list of tables, weakly typed as GoBGP's reader is: numbers and bools
 * may be strings, one value stands for a list of one, "a, b" for a list of two, an empty string for nothing said.
 * `object` is the section's; NULL: only checks. With `only_default` anything but the default is E_UNSUPPORTED.
 * `err` gets the problem without its place. */
int value_read(const struct key *key, const struct node *node, void *object, bool only_default, struct err *err);

enum value_shape {
    VALUE_QUOTED,
    VALUE_NUMBER,
    VALUE_BOOL,
};

/* One value at `field`, as a file would say it. */
enum value_shape value_format(const struct key *key, const void *field, struct str *text);
