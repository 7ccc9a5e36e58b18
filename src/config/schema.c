/* What can be done with any section: make the tree of names, set defaults, compare, list. */
#include "config/schema.h"

#include <string.h>
#include <strings.h>

#include "base/check.h"

static struct schema_node *child_named(struct arena *arena, struct schema_node *parent, const char *name, size_t length)
{
    struct schema_node **link = &parent->first;
    for (; *link; link = &(*link)->next) {
        if (strlen((*link)->name) == length && memcmp((*link)->name, name, length) == 0)
            return *link;
    }
    struct schema_node *child = arena_alloc(arena, sizeof(*child));
    if (!child)
        return NULL;
    child->name = arena_strndup(arena, name, length);
    if (!child->name)
        return NULL;
    child->outer = parent;
    if (strcmp(child->name, "config") == 0)
        parent->has_state = true;
    *link = child;
    return child;
}

static bool compile(struct arena *arena, struct schema_node *root, const struct section *section, uint32_t base,
                    bool ignored)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        struct schema_node *node = root;
        for (const char *path = key->path; *path;) {
            size_t length = strcspn(path, ".");
            node = child_named(arena, node, path, length);
            if (!node)
                return false;
            path += length + (path[length] == '.');
        }
        bool key_ignored = ignored || key->class == IGNORED;
        bool kept = base != SCHEMA_NOT_KEPT && key->size > 0;
        if (key->type == KEY_BLOCK) {
            CHECK(key->class != NOT_YET);
            if (!compile(arena, node, key->section, kept ? base + key->offset : SCHEMA_NOT_KEPT, key_ignored))
                return false;
            continue;
        }
        node->key = key;
        node->base = kept ? base : SCHEMA_NOT_KEPT;
        node->ignored = key_ignored;
        if (key->section && !compile(arena, node, key->section, 0, key_ignored))
            return false;
    }
    return true;
}

struct schema_node *schema_compile(struct arena *arena, const struct section *section)
{
    struct schema_node *root = arena_alloc(arena, sizeof(*root));
    if (!root)
        return NULL;
    root->name = "";
    return compile(arena, root, section, 0, false) ? root : NULL;
}

const struct schema_node *schema_child(const struct schema_node *node, const char *name)
{
    for (const struct schema_node *child = node->first; child; child = child->next) {
        if (strcasecmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

bool key_is_integer(const struct key *key)
{
    return key->type <= KEY_CLUSTER_ID;
}

bool key_is_values(const struct key *key)
{
    return key->type == KEY_TEXTS || key->type == KEY_ADDRS || key->type == KEY_ASNS;
}

struct key key_element(const struct key *key)
{
    struct key element = *key;
    element.type = key->type == KEY_ADDRS ? KEY_ADDR : key->type == KEY_ASNS ? KEY_ASN : KEY_TEXT;
    element.offset = 0;
    element.size = key->element_size;
    return element;
}

static uint64_t unsigned_at(const void *object, uint32_t offset, uint32_t size)
{
    const uint8_t *at = (const uint8_t *)object + offset;
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        memcpy(&one, at, 1);
        return one;
    case 2:
        memcpy(&two, at, 2);
        return two;
    case 4:
        memcpy(&four, at, 4);
        return four;
    default:
        CHECK(size == 8);
        memcpy(&eight, at, 8);
        return eight;
    }
}

static void unsigned_set(void *object, uint32_t offset, uint32_t size, uint64_t value)
{
    uint8_t *at = (uint8_t *)object + offset;
    uint8_t one = (uint8_t)value;
    uint16_t two = (uint16_t)value;
    uint32_t four = (uint32_t)value;
    CHECK(size == 1 || size == 2 || size == 4 || size == 8);
    memcpy(at, size == 1 ? (void *)&one : size == 2 ? (void *)&two : size == 4 ? (void *)&four : (void *)&value, size);
}

int64_t key_integer(const struct key *key, const void *object)
{
    uint64_t value = unsigned_at(object, key->offset, key->size);
    return key->minimum < 0 && key->size == 4 ? (int32_t)value : (int64_t)value;
}

void key_integer_set(const struct key *key, void *object, int64_t value)
{
    unsigned_set(object, key->offset, key->size, (uint64_t)value);
}

uint64_t key_count(const struct key *key, const void *object)
{
    return unsigned_at(object, key->count_offset, key->count_size);
}

void key_count_set(const struct key *key, void *object, uint64_t count)
{
    unsigned_set(object, key->count_offset, key->count_size, count);
}

size_t key_capacity(const struct key *key)
{
    return key->element_size ? key->size / key->element_size : 0;
}

void key_range(const struct key *key, int64_t *minimum, int64_t *maximum)
{
    *minimum = key->minimum;
    *maximum = key->maximum;
    if (key->type == KEY_ASN) {
        *maximum = UINT32_MAX;
    } else if (*minimum == 0 && *maximum == 0) {
        CHECK(key->size == 1 || key->size == 2 || key->size == 4);
        *maximum = (int64_t)(UINT64_MAX >> (64 - 8 * key->size));
    }
}

static void set_fallbacks(const struct section *section, uint8_t *object)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        if (key->size == 0 || (key->flags & BY_HAND))
            continue;
        if (key->type == KEY_BLOCK)
            set_fallbacks(key->section, object + key->offset);
        else if (key_is_integer(key))
            key_integer_set(key, object, key->fallback);
    }
}

void section_defaults(const struct section *section, void *object)
{
    memset(object, 0, section->object_size);
    set_fallbacks(section, object);
}

static bool neighbor_address_differs(const void *a, const void *b)
{
    const struct neighbor_config *one = container_of(a, const struct neighbor_config, address);
    const struct neighbor_config *other = container_of(b, const struct neighbor_config, address);
    return !addr_equal(&one->address, &other->address) || one->scope_id != other->scope_id ||
           (one->address.kind != ADDR_NONE && strcmp(one->interface, other->interface) != 0);
}

/* Of a neighbour with an address the interface is part of that. */
static bool neighbor_interface_differs(const void *a, const void *b)
{
    const struct neighbor_config *one = container_of(a, const struct neighbor_config, interface);
    return one->address.kind == ADDR_NONE && strcmp(a, b) != 0;
}

/* One value; `a` and `b` point at it. */
static bool value_differs(const struct key *key, const void *a, const void *b)
{
    switch (key->type) {
    case KEY_TEXT:
    case KEY_SECRET:
        return strcmp(a, b) != 0;
    case KEY_INTERFACE:
        return neighbor_interface_differs(a, b);
    case KEY_ADDR:
        return !addr_equal(a, b);
    case KEY_PREFIX:
        return !prefix_equal(a, b);
    case KEY_NEIGHBOR_ADDRESS:
        return neighbor_address_differs(a, b);
    default:
        return memcmp(a, b, key->size) != 0;
    }
}

static bool list_differs(const struct key *key, const void *a, const void *b, unsigned skipped)
{
    uint64_t count = key_count(key, a);
    if (count != key_count(key, b))
        return true;
    struct key element = key->type == KEY_LIST ? *key : key_element(key);
    const uint8_t *one = (const uint8_t *)a + key->offset;
    const uint8_t *other = (const uint8_t *)b + key->offset;
    for (uint64_t i = 0; i < count; i++, one += key->element_size, other += key->element_size) {
        if (key->type == KEY_LIST ? section_differs(key->section, one, other, skipped, NULL, NULL)
                                  : value_differs(&element, one, other))
            return true;
    }
    return false;
}

bool key_differs(const struct key *key, const void *a, const void *b, unsigned skipped)
{
    if (key->count_size)
        return list_differs(key, a, b, skipped);
    return value_differs(key, (const uint8_t *)a + key->offset, (const uint8_t *)b + key->offset);
}

struct block_path {
    const char *block;
    void (*differs)(void *context, const char *path);
    void *context;
};

static void differs_in_block(void *context, const char *path)
{
    const struct block_path *outer = context;
    char whole[CONFIG_NAME_MAX];
    struct str str = str_over(whole, sizeof(whole));
    str_printf(&str, "%s%s%s", outer->block, *outer->block ? "." : "", path);
    outer->differs(outer->context, whole);
}

bool section_differs(const struct section *section, const void *a, const void *b, unsigned skipped,
                     void (*differs)(void *context, const char *path), void *context)
{
    bool any = false;
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        if (key->size == 0 || (key->flags & (BY_HAND | skipped)))
            continue;
        if (key->type == KEY_BLOCK) {
            struct block_path path = {key->path, differs, context};
            any |= section_differs(key->section, (const uint8_t *)a + key->offset, (const uint8_t *)b + key->offset,
                                   skipped, differs ? differs_in_block : NULL, &path);
            continue;
        }
        if (!key_differs(key, a, b, skipped))
            continue;
        any = true;
        if (differs)
            differs(context, key->path);
    }
    return any;
}

static bool is_at_default(const struct key *key, const void *object)
{
    if (key->count_size)
        return key_count(key, object) == 0;
    if (key_is_integer(key))
        return key_integer(key, object) == key->fallback;
    CHECK(key->type == KEY_TEXT || key->type == KEY_SECRET || key->type == KEY_INTERFACE);
    return ((const char *)object)[key->offset] == '\0';
}

static bool elements_not_yet(const struct key *key, const void *object, struct str *path, const char **remark)
{
    uint64_t count = key_count(key, object);
    size_t length = path->length;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *element = (const uint8_t *)object + key->offset + i * key->element_size;
        str_printf(path, "[%u]", (unsigned)i);
        if (section_not_yet(key->section, element, path, remark))
            return true;
        path->length = length;
    }
    return false;
}

bool section_not_yet(const struct section *section, const void *object, struct str *path, const char **remark)
{
    size_t length = path->length;
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        bool block = key->type == KEY_BLOCK;
        if (key->size == 0 || (key->flags & BY_HAND))
            continue;
        str_printf(path, "%s%s", length && *key->path ? "." : "", key->path);
        if (block && section_not_yet(key->section, (const uint8_t *)object + key->offset, path, remark))
            return true;
        if (key->type == KEY_LIST && elements_not_yet(key, object, path, remark))
            return true;
        if (!block && key->class == NOT_YET && !is_at_default(key, object)) {
            *remark = key->remark ? key->remark : "";
            return true;
        }
        path->length = length;
        path->text[length] = '\0';
    }
    return false;
}

const char *key_type_text(const struct key *key)
{
    static const char *const texts[] = {
        [KEY_BOOL] = "bool",
        [KEY_NUMBER] = "number",
        [KEY_SECONDS] = "seconds",
        [KEY_WORD] = "word",
        [KEY_ASN] = "AS number",
        [KEY_FAMILY] = "address family",
        [KEY_ROUTER_ID] = "router id",
        [KEY_CLUSTER_ID] = "cluster id",
        [KEY_TEXT] = "text",
        [KEY_INTERFACE] = "text",
        [KEY_SECRET] = "secret text",
        [KEY_ADDR] = "address",
        [KEY_PREFIX] = "prefix",
        [KEY_NEIGHBOR_ADDRESS] = "address",
        [KEY_TEXTS] = "list of texts",
        [KEY_ADDRS] = "list of addresses",
        [KEY_ASNS] = "list of AS numbers",
        [KEY_FAMILY_SET] = "list of tables",
        [KEY_LIST] = "list of tables",
        [KEY_BLOCK] = "table",
    };
    return texts[key->type];
}

struct listing {
    void (*line)(void *context, const char *key, const char *type, const char *remark);
    void *context;
};

static void list_section(const struct listing *listing, const struct section *section, const char *prefix, bool ignored)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        bool several = key->section && key->type != KEY_BLOCK;
        bool key_ignored = ignored || key->class == IGNORED;
        char path[2 * CONFIG_NAME_MAX];
        struct str str = str_over(path, sizeof(path));
        str_printf(&str, "%s%s%s%s", prefix, *prefix && *key->path ? "." : "", key->path, several ? "[]" : "");
        char remark[CONFIG_DESCRIPTION_MAX];
        str = str_over(remark, sizeof(remark));
        if (key_ignored)
            str_add(&str, "accepted, no effect");
        else if (key->class == NOT_YET)
            str_add(&str, "not yet supported");
        if (key->remark)
            str_printf(&str, "%s%s", str.length ? "; " : "", key->remark);
        if (key->type != KEY_BLOCK)
            listing->line(listing->context, path, key_type_text(key), remark);
        if (key->section)
            list_section(listing, key->section, path, key_ignored);
    }
}

void config_list_keys(void (*line)(void *context, const char *key, const char *type, const char *remark), void *context)
{
    struct listing listing = {line, context};
    list_section(&listing, &schema_root, "", false);
}
