/* The tree the readers build. */
#include "config/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/str.h"

void tree_init(struct tree *tree, const char *name)
{
    memset(tree, 0, sizeof(*tree));
    arena_init(&tree->arena, TREE_ARENA_BYTES_MAX);
    tree->name = name;
}

void tree_release(struct tree *tree)
{
    arena_release(&tree->arena);
    tree->root = NULL;
}

struct node *tree_node(struct tree *tree, enum node_kind kind, struct place place)
{
    struct node *node = arena_alloc(&tree->arena, sizeof(*node));
    if (node) {
        node->kind = (uint8_t)kind;
        node->place = place;
    }
    return node;
}

struct node *tree_scalar(struct tree *tree, enum node_kind kind, struct place place, const char *text, size_t length)
{
    struct node *node = tree_node(tree, kind, place);
    if (!node)
        return NULL;
    node->text = arena_strndup(&tree->arena, text, length);
    return node->text ? node : NULL;
}

int tree_full(const struct tree *tree, struct err *err)
{
    return err_set(err, E_LIMIT, "%s: too large: more than %u MiB of values", tree->name, TREE_ARENA_BYTES_MAX >> 20);
}

void tree_append(struct node *list, struct node *child)
{
    if (list->last)
        list->last->next = child;
    else
        list->first = child;
    list->last = child;
    list->count++;
}

int tree_put(struct tree *tree, struct node *table, const char *key, struct place key_place, struct node *child,
             struct err *err)
{
    char excerpt[TREE_EXCERPT_MAX];
    const struct node *before = node_find(table, key);
    if (before)
        return tree_error(tree, key_place, err, "duplicate key '%s', first in line %u", tree_excerpt(key, excerpt),
                          before->key_place.line);
    if (table->count == TREE_TABLE_KEYS_MAX)
        return tree_error(tree, key_place, err, "more than %d keys in one table", TREE_TABLE_KEYS_MAX);
    child->key = key;
    child->key_place = key_place;
    tree_append(table, child);
    return 0;
}

int tree_error(const struct tree *tree, struct place place, struct err *err, const char *format, ...)
{
    char text[sizeof(err->text)];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return err_set(err, E_INVALID, "%s:%u:%u: %s", tree->name, place.line, place.column, length < 0 ? "" : text);
}

struct node *node_find(const struct node *table, const char *key)
{
    if (!table || table->kind != NODE_TABLE)
        return NULL;
    for (struct node *child = table->first; child; child = child->next) {
        if (strcasecmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}

/* One step: the member whose name stands at the start of `*path`, and of a list the element in brackets. */
static const struct node *step(const struct node *node, const char **path)
{
    char name[TREE_EXCERPT_MAX];
    struct str str = str_over(name, sizeof(name));
    size_t length = strcspn(*path, ".[");
    str_add_n(&str, *path, length);
    *path += length;
    node = node_find(node, name);
    if (**path == '[') {
        unsigned long index = strtoul(*path + 1, NULL, 10);
        *path += strcspn(*path, ".");
        if (node && node->kind == NODE_LIST) {
            node = node->first;
            while (node && index-- > 0)
                node = node->next;
        }
    }
    if (**path == '.')
        (*path)++;
    return node;
}

const struct node *node_find_path(const struct node *table, const char *path)
{
    while (table && *path)
        table = step(table, &path);
    return table;
}

const struct node *node_nearest(const struct node *table, const char *path)
{
    const struct node *nearest = table;
    while (table && *path) {
        table = step(table, &path);
        if (table)
            nearest = table;
    }
    return nearest;
}

struct place node_place(const struct node *node)
{
    return node->key ? node->key_place : node->place;
}

const char *node_kind_text(enum node_kind kind)
{
    static const char *const texts[] = {
        [NODE_NULL] = "nothing",    [NODE_BOOL] = "true or false", [NODE_NUMBER] = "a number",
        [NODE_STRING] = "a string", [NODE_LIST] = "a list",        [NODE_TABLE] = "a table",
    };
    CHECK(kind < ARRAY_LEN(texts));
    return texts[kind];
}

const char *tree_excerpt(const char *text, char *excerpt)
{
    enum { KEPT = TREE_EXCERPT_MAX - 4 };
    struct str str = str_over(excerpt, KEPT);
    size_t length = strlen(text);
    str_add_foreign(&str, text, length);
    if (str.truncated)
        memcpy(excerpt + str.length, "...", 4);
    return excerpt;
}
