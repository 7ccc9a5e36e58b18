/* From a configuration back to a file: first to a tree by the schema, then to text.
 *
 * A key is written when it differs from what the reader would otherwise come to: the default, or for a member of a
 * peer group the group's value. Address families are always written, because their default depends on the address.
 */
#include <string.h>

#include "base/check.h"
#include "config/emit.h"
#include "config/policies.h"
#include "config/schema.h"
#include "config/value.h"

struct printer {
    struct tree tree;
    bool with_secrets;
    bool full;
};

static struct node *new_node(struct printer *printer, enum node_kind kind)
{
    struct node *node = tree_node(&printer->tree, kind, (struct place){1, 1});
    printer->full |= node == NULL;
    return node;
}

static void put(struct printer *printer, struct node *table, const char *key, struct node *child)
{
    if (table && child && tree_put(&printer->tree, table, key, (struct place){1, 1}, child, NULL) < 0)
        printer->full = true;
}

static struct node *value_node(struct printer *printer, const struct key *key, const void *field)
{
    char memory[CONFIG_DESCRIPTION_MAX];
    struct str str = str_over(memory, sizeof(memory));
    static const enum node_kind kinds[] = {
        [VALUE_QUOTED] = NODE_STRING, [VALUE_NUMBER] = NODE_NUMBER, [VALUE_BOOL] = NODE_BOOL};
    enum value_shape shape = value_format(key, field, &str);
    struct node *node = tree_scalar(&printer->tree, kinds[shape], (struct place){1, 1}, str.text, str.length);
    printer->full |= node == NULL;
    return node;
}

static struct node *values_node(struct printer *printer, const struct key *key, const uint8_t *object)
{
    struct node *list = new_node(printer, NODE_LIST);
    struct key element = key_element(key);
    uint64_t count = key_count(key, object);
    for (uint64_t i = 0; list && i < count && !printer->full; i++) {
        struct node *child = value_node(printer, &element, object + key->offset + i * key->element_size);
        if (child)
            tree_append(list, child);
    }
    return list;
}

static void add_table(struct printer *printer, const struct schema_node *schema, const void *object, const void *base,
                      struct node *table);

static struct node *list_node(struct printer *printer, const struct schema_node *schema, const uint8_t *owner)
{
    const struct key *key = schema->key;
    const struct section *section = key->section;
    struct node *list = new_node(printer, NODE_LIST);
    uint64_t count = key_count(key, owner);
    struct family_config base;
    CHECK(section->object_size <= sizeof(base));
    section_defaults(section, &base);
    if (section->prepare)
        section->prepare(&base, owner);
    for (uint64_t i = 0; list && i < count && !printer->full; i++) {
        struct node *element = new_node(printer, NODE_TABLE);
        add_table(printer, schema, owner + key->offset + i * key->element_size, &base, element);
        if (element)
            tree_append(list, element);
    }
    return list;
}

/* A family set, as the list of tables it was read from. */
static struct node *family_set_node(struct printer *printer, const struct schema_node *schema, const void *owner)
{
    struct node *list = new_node(printer, NODE_LIST);
    family_set families = (family_set)key_integer(schema->key, owner);
    struct family_config base;
    section_defaults(schema->key->section, &base);
    for (unsigned id = 0; list && id < FAMILY_COUNT && !printer->full; id++) {
        struct family_config family = base;
        struct node *element = families & 1u << id ? new_node(printer, NODE_TABLE) : NULL;
        if (!element)
            continue;
        family.family = (enum family_id)id;
        add_table(printer, schema, &family, &base, element);
        tree_append(list, element);
    }
    return list;
}

static void add_key(struct printer *printer, const struct schema_node *schema, const uint8_t *object,
                    const uint8_t *base, struct node *table)
{
    const struct key *key = schema->key;
    if ((key->flags & BY_HAND) || schema->base == SCHEMA_NOT_KEPT)
        return;
    object += schema->base;
    base += schema->base;
    if (key->type == KEY_LIST) {
        if (key_count(key, object) > 0)
            put(printer, table, schema->name, list_node(printer, schema, object));
        return;
    }
    if (!(key->flags & ALWAYS) && !key_differs(key, object, base, 0))
        return;
    if (key->type == KEY_SECRET && !printer->with_secrets)
        return;
    struct node *node = key->type == KEY_FAMILY_SET ? family_set_node(printer, schema, object)
                        : key_is_values(key)        ? values_node(printer, key, object)
                                                    : value_node(printer, key, object + key->offset);
    put(printer, table, schema->name, node);
}

/* The members of `object` that say something `base` does not. */
static void add_table(struct printer *printer, const struct schema_node *schema, const void *object, const void *base,
                      struct node *table)
{
    for (const struct schema_node *child = schema->first; child && !printer->full; child = child->next) {
        if (child->key) {
            add_key(printer, child, object, base, table);
            continue;
        }
        struct node *inner = new_node(printer, NODE_TABLE);
        add_table(printer, child, object, base, inner);
        if (inner && inner->count > 0)
            put(printer, table, child->name, inner);
    }
}

static const struct peer_group_config *find_group(const struct config *config, const char *name)
{
    for (size_t i = 0; *name && i < config->peer_group_count; i++) {
        if (strcmp(config->peer_groups[i].name, name) == 0)
            return &config->peer_groups[i];
    }
    return NULL;
}

static void neighbor_base(const struct config *config, const struct neighbor_config *neighbor,
                          struct neighbor_config *base)
{
    const struct peer_group_config *group = find_group(config, neighbor->peer_group);
    section_defaults(&schema_neighbor, base);
    if (group)
        base->peer = group->peer;
    /* The AS is always said by one of the two, even where it is 0. */
    if (base->peer.peer_as == 0)
        base->peer.peer_as = ~neighbor->peer.peer_as;
}

static void add_neighbors(struct printer *printer, const struct schema_node *schema, const struct config *config)
{
    struct node *list = new_node(printer, NODE_LIST);
    for (size_t i = 0; list && i < config->neighbor_count && !printer->full; i++) {
        struct neighbor_config base;
        struct node *element = new_node(printer, NODE_TABLE);
        neighbor_base(config, &config->neighbors[i], &base);
        add_table(printer, schema, &config->neighbors[i], &base, element);
        if (element)
            tree_append(list, element);
    }
    if (config->neighbor_count > 0)
        put(printer, printer->tree.root, schema->name, list);
}

/* The other lists of plain elements: everything against the defaults. */
static void add_elements(struct printer *printer, const struct schema_node *schema, const void *first, size_t count)
{
    const struct section *section = schema->key->section;
    struct node *list = new_node(printer, NODE_LIST);
    struct peer_group_config base;
    CHECK(section->object_size <= sizeof(base));
    section_defaults(section, &base);
    for (size_t i = 0; list && i < count && !printer->full; i++) {
        struct node *element = new_node(printer, NODE_TABLE);
        add_table(printer, schema, (const uint8_t *)first + i * section->object_size, &base, element);
        if (element)
            tree_append(list, element);
    }
    if (count > 0)
        put(printer, printer->tree.root, schema->name, list);
}

static void build(struct printer *printer, const struct config *config)
{
    struct config base;
    struct err err;
    printer->tree.root = new_node(printer, NODE_TABLE);
    const struct schema_node *schema = schema_compile(&printer->tree.arena, &schema_root);
    if (!schema || !printer->tree.root) {
        printer->full = true;
        return;
    }
    section_defaults(&schema_root, &base);
    /* Only what completion adds by itself counts here, so any valid speaker will do. */
    base.global.as = base.global.router_id = 1;
    CHECK(global_config_complete(&base.global, &err) == 0);
    add_table(printer, schema, config, &base, printer->tree.root);
    add_elements(printer, schema_child(schema, "peer-groups"), config->peer_groups, config->peer_group_count);
    add_elements(printer, schema_child(schema, "dynamic-neighbors"), config->dynamic_neighbors,
                 config->dynamic_neighbor_count);
    add_elements(printer, schema_child(schema, "mrt-dump"), config->mrt_dumps, config->mrt_dump_count);
    add_elements(printer, schema_child(schema, "rpki-servers"), config->rpki_servers, config->rpki_server_count);
    add_elements(printer, schema_child(schema, "bmp-servers"), config->bmp_servers, config->bmp_server_count);
    add_neighbors(printer, schema_child(schema, "neighbors"), config);
    if (config->policies != NULL && !policies_print(&printer->tree, printer->tree.root, config->policies))
        printer->full = true;
}

int config_print(const struct config *config, enum config_format format, bool with_secrets, struct text *out)
{
    struct printer printer = {.with_secrets = with_secrets};
    tree_init(&printer.tree, "");
    build(&printer, config);
    if (!printer.full)
        tree_write(printer.tree.root, format, out);
    tree_release(&printer.tree);
    return printer.full || out->failed ? E_LIMIT : 0;
}
