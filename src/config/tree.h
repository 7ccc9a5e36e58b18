/* What a configuration file says, before anybody asks what it means: one tree from three syntaxes.
 *
 * Every node knows its place in the file, every member of a table also that of its key. Keys compare without regard
 * to case, and a table has each key once. All of it lives in one arena with a ceiling and is freed as a whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    TREE_FILE_BYTES_MAX = 64 << 20,
    TREE_ARENA_BYTES_MAX = 1 << 30,
    TREE_DEPTH_MAX = 32,
    TREE_TABLE_KEYS_MAX = 256, /* the widest table has about 30; it also bounds the search for duplicates */
    TREE_STRING_BYTES_MAX = 1 << 20,
    TREE_EXCERPT_MAX = 64, /* foreign text in a message, terminated */
};

enum node_kind {
    NODE_NULL,
    NODE_BOOL,   /* text "true" or "false" */
    NODE_NUMBER, /* text as written */
    NODE_STRING,
    NODE_LIST,
    NODE_TABLE,
};

struct place {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
};

struct node {
    struct node *next; /* sibling */
    struct node *first;
    struct node *last;
    const char *key;  /* in a table */
    const char *text; /* of a scalar; never with a NUL inside */
    struct place key_place;
    struct place place;
    uint32_t count; /* of children */
    uint8_t kind;   /* enum node_kind */
    uint8_t origin; /* the TOML reader's own: how a table came to be */
};

struct tree {
    struct arena arena;
    const char *name;  /* of the file, for messages */
    struct node *root; /* a table; NULL until read */
};

void tree_init(struct tree *tree, const char *name);
void tree_release(struct tree *tree);

/* The readers: the whole text, or an error with its place. */
int tree_read_toml(struct tree *tree, const char *text, size_t length, struct err *err);
int tree_read_yaml(struct tree *tree, const char *text, size_t length, struct err *err);
int tree_read_json(struct tree *tree, const char *text, size_t length, struct err *err);

/* For readers, and for whoever builds a tree to print it. NULL past the ceiling: say tree_full(). `text` is copied;
 * `key` is kept and must live as long as the tree. */
struct node *tree_node(struct tree *tree, enum node_kind kind, struct place place);
struct node *tree_scalar(struct tree *tree, enum node_kind kind, struct place place, const char *text, size_t length);
int tree_full(const struct tree *tree, struct err *err);
void tree_append(struct node *list, struct node *child);
int tree_put(struct tree *tree, struct node *table, const char *key, struct place key_place, struct node *child,
             struct err *err);

/* "name:line:column: ..." Returns E_INVALID. */
int tree_error(const struct tree *tree, struct place place, struct err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct node *node_find(const struct node *table, const char *key); /* NULL if absent or no table */
/* "afi-safis[1].config.enabled". NULL if absent. */
const struct node *node_find_path(const struct node *table, const char *path);
/* The same, but stops at the last node that is there: where to point when something is missing. */
const struct node *node_nearest(const struct node *table, const char *path);
struct place node_place(const struct node *node); /* where a human looks for it: the key's place if there is one */
const char *node_kind_text(enum node_kind kind);  /* "a table" */

/* `text` made printable and short enough for a message; `excerpt` has room for TREE_EXCERPT_MAX. Returns it. */
const char *tree_excerpt(const char *text, char *excerpt);
