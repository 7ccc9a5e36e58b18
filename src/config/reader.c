#include "config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "config/value.h"

enum { PATH_MAX_BYTES = 256 };

static void add_path(struct str *str, const struct frame *frame)
{
    if (!frame)
        return;
    add_path(str, frame->outer);
    if (str->length > 0)
        str_add_char(str, '.');
    str_add(str, frame->name);
    if (frame->index >= 0)
        str_printf(str, "[%d]", frame->index);
}

int reader_error(const struct reader *reader, const struct frame *frame, struct place place, const char *format, ...)
{
    char text[sizeof(reader->err->text)];
    char path[PATH_MAX_BYTES];
    struct str str = str_over(path, sizeof(path));
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    add_path(&str, frame);
    return tree_error(reader->tree, place, reader->err, "%s%s%s", path, *path ? ": " : "", length < 0 ? "" : text);
}

/* The child of `schema` whose name is almost `name`. */
static const struct schema_node *nearest_child(const struct schema_node *schema, const char *name)
{
    const struct schema_node *nearest = NULL;
    unsigned best = strlen(name) < 6 ? 2 : 4;
    for (const struct schema_node *child = schema->first; child; child = child->next) {
        unsigned distance = str_distance(name, child->name);
        if (distance < best) {
            best = distance;
            nearest = child;
        }
    }
    return nearest;
}

/* The block in `schema` that has the key `name`, at most in its "config": "timers.config.hold-time". */
static bool find_inside(const struct schema_node *schema, const char *name, struct str *path)
{
    for (const struct schema_node *child = schema->first; child; child = child->next) {
        const struct schema_node *config = schema_child(child, "config");
        bool direct = schema_child(child, name) != NULL;
        if (child->key || (!direct && (!config || !schema_child(config, name))))
            continue;
        str_printf(path, "%s%s.%s%s", path->length ? "." : "", child->name, direct ? "" : "config.", name);
        return true;
    }
    return false;
}

/* What was probably meant: a key of this table, of a table in it, or of one beside it. */
static bool suggest(const struct frame *outer, const struct schema_node *schema, const char *name, struct str *path)
{
    const struct schema_node *nearest = nearest_child(schema, name);
    if (nearest) {
        str_add(path, nearest->name);
        return true;
    }
    if (find_inside(schema, name, path))
        return true;
    if (!outer || !schema->outer || schema->key)
        return false;
    size_t length = path->length;
    const struct schema_node *beside = schema_child(schema->outer, name);
    add_path(path, outer->outer);
    if (beside)
        str_printf(path, "%s%s", path->length ? "." : "", beside->name);
    if (beside || find_inside(schema->outer, name, path))
        return true;
    path->length = length;
    path->text[length] = '\0';
    return false;
}

static int unknown_key(const struct reader *reader, const struct frame *outer, const struct schema_node *schema,
                       const struct node *node)
{
    char name[TREE_EXCERPT_MAX];
    char suggestion[TREE_EXCERPT_MAX * 2];
    struct str str = str_over(suggestion, sizeof(suggestion));
    struct frame frame = {outer, tree_excerpt(node->key, name), -1};
    if (suggest(outer, schema, name, &str))
        return reader_error(reader, &frame, node->key_place, "unknown key, did you mean '%s'?", suggestion);
    for (const struct schema_node *child = schema->first; child && !str.truncated; child = child->next)
        str_printf(&str, "%s%s", str.length ? ", " : "", child->name);
    return reader_error(reader, &frame, node->key_place, "unknown key (known: %s%s)", suggestion,
                        str.truncated ? " ..." : "");
}

int reader_elements(const struct reader *reader, const struct frame *frame, const struct node *list,
                    const struct node **first, size_t *count)
{
    *first = list;
    *count = 1;
    if (list->kind == NODE_LIST) {
        *first = list->first;
        *count = list->count;
    } else if (list->kind == NODE_NULL || (list->kind == NODE_TABLE && list->count == 0) ||
               (list->kind == NODE_STRING && *list->text == '\0')) {
        *first = NULL;
        *count = 0;
    }
    const struct node *element = *first;
    for (size_t i = 0; i < *count; i++, element = element->next) {
        if (element->kind != NODE_TABLE)
            return reader_error(reader, frame, node_place(element), "%s expected, found %s",
                                element == list ? "a list" : "a table", node_kind_text(element->kind));
    }
    return 0;
}

static int not_yet_list(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                        const struct node *node)
{
    const char *remark = schema->key->remark;
    reader_error(reader, frame, node_place(node), "not yet supported%s%s%s", remark ? " (" : "", remark ? remark : "",
                 remark ? ")" : "");
    return E_UNSUPPORTED;
}

/* One element into its place (NULL: only checked). */
static int read_element(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                        const struct node *node, void *element, const void *owner)
{
    if (element) {
        section_defaults(schema->key->section, element);
        if (schema->key->section->prepare && owner)
            schema->key->section->prepare(element, owner);
    }
    int result = reader_table(reader, frame, schema, node, element, PASS_VALUES);
    return result < 0 ? result : reader_table(reader, frame, schema, node, element, PASS_LISTS);
}

/* The family set of a whole speaker: the names count, and whether they are enabled. */
static int read_family_set(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                           const struct node *first, size_t count, void *owner)
{
    uint64_t families = 0;
    for (size_t i = 0; i < count; i++, first = first->next) {
        struct family_config family;
        struct frame element = {frame->outer, frame->name, (int)i};
        int result = read_element(reader, &element, schema, first, &family, NULL);
        if (result < 0)
            return result;
        struct frame name = {&element, "config.afi-safi-name", -1};
        if (family.family == FAMILY_UNKNOWN)
            return reader_error(reader, &name, node_place(first), "missing");
        if (family.enabled)
            families |= 1ull << family.family;
    }
    if (owner)
        key_integer_set(schema->key, owner, (int64_t)families);
    return 0;
}

static int read_list(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                     const struct node *list, void *owner)
{
    const struct key *key = schema->key;
    const struct node *node;
    size_t count;
    int result = reader_elements(reader, frame, list, &node, &count);
    if (result < 0)
        return result;
    if (count > 0 && key->class == NOT_YET && !schema->ignored)
        return not_yet_list(reader, frame, schema, list);
    if (key->type == KEY_FAMILY_SET)
        return read_family_set(reader, frame, schema, node, count, owner);
    if (owner && count > key_capacity(key))
        return reader_error(reader, frame, node_place(list), "more than %zu entries", key_capacity(key));
    if (owner)
        key_count_set(key, owner, count);
    for (size_t i = 0; i < count; i++, node = node->next) {
        struct frame element = {frame->outer, frame->name, (int)i};
        uint8_t *at = owner ? (uint8_t *)owner + key->offset + i * key->element_size : NULL;
        result = read_element(reader, &element, schema, node, at, owner);
        if (result < 0)
            return result;
    }
    return 0;
}

/* The path without the places in lists ("neighbors.transport.config.mtu-discovery"): of many neighbours it is said
 * once. */
static void add_names(struct str *str, const struct frame *frame)
{
    if (!frame)
        return;
    add_names(str, frame->outer);
    str_printf(str, "%s%s", str->length > 0 ? "." : "", frame->name);
}

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name)) {
        bool begins = at == list || at[-1] == ' ';
        if (begins && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

static void note_unheeded(const struct reader *reader, const struct frame *frame)
{
    char path[PATH_MAX_BYTES];
    struct unheeded *unheeded = reader->unheeded;
    struct str name = str_over(path, sizeof(path));
    add_names(&name, frame);
    size_t used = strlen(unheeded->names);
    if (is_listed(unheeded->names, path))
        return;
    if (used + name.length + 3 > sizeof(unheeded->names)) {
        unheeded->more++;
        return;
    }
    struct str list = str_over(unheeded->names + used, sizeof(unheeded->names) - used);
    str_printf(&list, "%s%s", used > 0 ? ", " : "", path);
}

static int read_key(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                    const struct node *node, void *object, enum pass pass)
{
    const struct key *key = schema->key;
    bool kept = object && schema->base != SCHEMA_NOT_KEPT;
    void *owner = kept ? (uint8_t *)object + schema->base : NULL;
    if (key->flags & BY_HAND)
        return 0;
    if (key->section)
        return pass == PASS_LISTS ? read_list(reader, frame, schema, node, owner) : 0;
    if (pass == PASS_LISTS)
        return 0;
    struct err problem;
    int result = value_read(key, node, owner, key->class == NOT_YET && !schema->ignored, &problem);
    if (result < 0)
        reader_error(reader, frame, node_place(node), "%s", problem.text);
    else if (reader->unheeded && (key->class == IGNORED || schema->ignored))
        note_unheeded(reader, frame);
    return result;
}

int reader_table(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                 const struct node *table, void *object, enum pass pass)
{
    for (const struct node *node = table->first; node; node = node->next) {
        const struct schema_node *child = schema_child(schema, node->key);
        if (!child && schema->has_state && strcasecmp(node->key, "state") == 0)
            continue;
        if (!child)
            return unknown_key(reader, frame, schema, node);
        if (node->kind == NODE_NULL)
            continue;
        struct frame inner = {frame, child->name, -1};
        int result;
        if (child->key)
            result = read_key(reader, &inner, child, node, object, pass);
        else if (node->kind == NODE_TABLE)
            result = reader_table(reader, &inner, child, node, object, pass);
        else
            result = reader_error(reader, &inner, node_place(node), "a table expected, found %s",
                                  node_kind_text(node->kind));
        if (result < 0)
            return result;
    }
    return 0;
}
