/* From a file to a whole configuration.
 *
 * Everything but neighbours and groups goes straight through the schema. A neighbour is made in layers: the defaults,
 * the keys its group's table has, the keys its own table has; so inheritance is key by key, and nobody has to remember
 * which keys were written. Address families come last, from the neighbour's table or else the group's as a whole,
 * because they inherit add-paths from what the layers came to. One exception is GoBGP's: a group's peer-as wins.
 *
 * References and what must be unique are checked over sorted arrays: a file may have tens of thousands of neighbours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/complete.h"
#include "config/policies.h"
#include "config/reader.h"

enum { READ_BYTES = 64 << 10 };

/* A group as neighbours see it: its table, and what its table makes of the defaults. */
struct group {
    const char *name;
    const struct node *node;
    size_t index;
    struct peer_config values; /* lists not read, nothing completed */
};

struct loader {
    struct reader reader;
    struct config *config;
    const struct schema_node *schema;
    const struct schema_node *group_schema;
    const struct schema_node *neighbor_schema;
    const struct group **groups; /* by name */
};

/* Is there a value at all? An empty string says nothing. */
static bool is_said(const struct node *table, const char *path)
{
    const struct node *node = node_find_path(table, path);
    return node && node->kind != NODE_NULL && (!node->text || *node->text);
}

static int report(const struct loader *loader, const struct frame *frame, const struct node *node,
                  const struct problem *problem)
{
    struct frame inner = {frame, problem->key, -1};
    reader_error(&loader->reader, &inner, node_place(node), "%s", problem->text);
    return problem->code;
}

static int load_global(struct loader *loader)
{
    struct problem problem;
    const struct node *root = loader->reader.tree->root;
    struct config *config = loader->config;
    section_defaults(&schema_root, config);
    int result = reader_table(&loader->reader, NULL, loader->schema, root, config, PASS_VALUES);
    if (result == 0)
        result = reader_table(&loader->reader, NULL, loader->schema, root, config, PASS_LISTS);
    if (result == 0 && global_finish(&config->global, &problem) < 0) {
        const struct node *global = node_find(root, "global");
        struct frame frame = {NULL, "global", -1};
        result = report(loader, &frame, global ? node_nearest(global, problem.key) : root, &problem);
    }
    return result;
}

static int load_policies(const struct loader *loader)
{
    const struct node *root = loader->reader.tree->root;
    struct frame frame = {NULL, "global", -1};
    int result = policies_read(&loader->reader, root, loader->config);
    if (result < 0)
        return result;
    return policies_check_applied(&loader->reader, &frame, node_find(root, "global"), loader->config);
}

/* The elements of a top-level list. */
static int open_list(const struct loader *loader, const char *name, const struct node **first, size_t *count)
{
    struct frame frame = {NULL, name, -1};
    const struct node *list = node_find(loader->reader.tree->root, name);
    *first = NULL;
    *count = 0;
    if (!list)
        return 0;
    int result = reader_elements(&loader->reader, &frame, list, first, count);
    if (result < 0)
        return result;
    if (*count > CONFIG_NEIGHBORS_MAX)
        return reader_error(&loader->reader, &frame, node_place(list), "%zu entries are too many (at most %d)", *count,
                            CONFIG_NEIGHBORS_MAX);
    return 0;
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *const *one = a;
    const struct group *const *other = b;
    int order = strcmp((*one)->name, (*other)->name);
    return order ? order : ((*one)->index > (*other)->index) - ((*one)->index < (*other)->index);
}

static int load_group(struct loader *loader, const struct node *node, size_t index, struct peer_group_config *config)
{
    struct problem problem;
    struct frame frame = {NULL, "peer-groups", (int)index};
    struct group *group = arena_alloc(&loader->reader.tree->arena, sizeof(*group));
    if (!group)
        return tree_full(loader->reader.tree, loader->reader.err);
    section_defaults(&schema_peer_group, config);
    int result = reader_table(&loader->reader, &frame, loader->group_schema, node, config, PASS_VALUES);
    if (result < 0)
        return result;
    *group = (struct group){.name = config->name, .node = node, .index = index, .values = config->peer};
    loader->groups[index] = group;
    result = reader_table(&loader->reader, &frame, loader->group_schema, node, config, PASS_LISTS);
    if (result < 0)
        return result;
    if (peer_group_finish(config, &loader->config->global, &problem) < 0)
        return report(loader, &frame, node_nearest(node, problem.key), &problem);
    return policies_check_applied(&loader->reader, &frame, node, loader->config);
}

static int load_groups(struct loader *loader)
{
    const struct node *node;
    size_t count;
    struct config *config = loader->config;
    int result = open_list(loader, "peer-groups", &node, &count);
    if (result < 0 || count == 0)
        return result;
    config->peer_groups = mem_zalloc(MEM_CONFIG, count * sizeof(*config->peer_groups));
    config->peer_group_count = count;
    loader->groups = arena_alloc(&loader->reader.tree->arena, count * sizeof(struct group *));
    if (!loader->groups)
        return tree_full(loader->reader.tree, loader->reader.err);
    for (size_t i = 0; i < count; i++, node = node->next) {
        result = load_group(loader, node, i, &config->peer_groups[i]);
        if (result < 0)
            return result;
    }
    qsort(loader->groups, count, sizeof(struct group *), compare_groups);
    for (size_t i = 1; i < count; i++) {
        const struct group *group = loader->groups[i];
        struct frame frame = {NULL, "peer-groups", (int)group->index};
        struct problem problem = {.code = E_INVALID, .key = "config.peer-group-name"};
        struct str str = str_over(problem.text, sizeof(problem.text));
        if (strcmp(loader->groups[i - 1]->name, group->name) != 0)
            continue;
        str_printf(&str, "peer-groups[%zu] has this name already", loader->groups[i - 1]->index);
        return report(loader, &frame, node_nearest(group->node, problem.key), &problem);
    }
    return 0;
}

static int compare_group_name(const void *name, const void *element)
{
    const struct group *const *group = element;
    return strcmp(name, (*group)->name);
}

/* The group a table names at config.peer-group: NULL if none. An unknown one is an error. */
static int find_group(const struct loader *loader, const struct frame *frame, const struct node *node,
                      const struct group **group)
{
    const struct node *name = node_find_path(node, "config.peer-group");
    size_t count = loader->config->peer_group_count;
    *group = NULL;
    if (!name || !name->text || !*name->text)
        return 0;
    const struct group *const *found =
        count ? bsearch(name->text, loader->groups, count, sizeof(struct group *), compare_group_name) : NULL;
    if (found) {
        *group = *found;
        return 0;
    }
    char excerpt[TREE_EXCERPT_MAX];
    const char *nearest = NULL;
    unsigned best = 4;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = str_distance(name->text, loader->groups[i]->name);
        if (distance < best) {
            best = distance;
            nearest = loader->groups[i]->name;
        }
    }
    struct frame inner = {frame, "config.peer-group", -1};
    return reader_error(&loader->reader, &inner, node_place(name), "unknown peer-group '%s'%s%s%s",
                        tree_excerpt(name->text, excerpt), nearest ? ", did you mean '" : "", nearest ? nearest : "",
                        nearest ? "'?" : "");
}

static void take_group_as(const struct loader *loader, struct neighbor_config *neighbor, const struct group *group)
{
    char text[ADDR_TEXT_MAX];
    uint32_t as = group->values.peer_as;
    if (neighbor->peer.peer_as != as)
        log_warn("config", addr_format(&neighbor->address, text), "peer-as %u of peer-group %s replaces %u", as,
                 group->name, neighbor->peer.peer_as);
    neighbor->peer.peer_as = as;
}

/* The neighbour's own families, or else its group's. */
static int load_families(const struct loader *loader, const struct frame *frame, const struct node *node,
                         const struct group *group, struct neighbor_config *neighbor)
{
    const struct node *own = node_find(node, "afi-safis");
    if (!group || (own && own->kind != NODE_NULL))
        return reader_table(&loader->reader, frame, loader->neighbor_schema, node, neighbor, PASS_LISTS);
    struct peer_group_config layer = {.peer = neighbor->peer};
    int result = reader_table(&loader->reader, frame, loader->group_schema, group->node, &layer, PASS_LISTS);
    neighbor->peer = layer.peer;
    return result;
}

static int load_neighbor(const struct loader *loader, const struct node *node, size_t index,
                         struct neighbor_config *neighbor)
{
    struct frame frame = {NULL, "neighbors", (int)index};
    struct problem problem = {.code = E_INVALID, .key = "config.peer-as", .text = "missing"};
    const struct group *group;
    section_defaults(&schema_neighbor, neighbor);
    int result = find_group(loader, &frame, node, &group);
    if (result < 0)
        return result;
    if (group)
        neighbor->peer = group->values;
    result = reader_table(&loader->reader, &frame, loader->neighbor_schema, node, neighbor, PASS_VALUES);
    if (result < 0)
        return result;
    bool group_says_as = group && is_said(group->node, "config.peer-as");
    if (group_says_as)
        take_group_as(loader, neighbor, group);
    else if (!is_said(node, "config.peer-as"))
        return report(loader, &frame, node_nearest(node, problem.key), &problem);
    result = load_families(loader, &frame, node, group, neighbor);
    if (result < 0)
        return result;
    if (neighbor_finish(neighbor, &loader->config->global, &problem) == 0)
        return policies_check_applied(&loader->reader, &frame, node, loader->config);
    const struct node *place = node_find_path(node, problem.key);
    if (!place && group)
        place = node_find_path(group->node, problem.key);
    return report(loader, &frame, place ? place : node_nearest(node, problem.key), &problem);
}

struct neighbor_place {
    const struct neighbor_config *config;
    const struct node *node;
    size_t index;
};

static int compare_addresses(const struct neighbor_config *a, const struct neighbor_config *b)
{
    int order = addr_compare(&a->address, &b->address);
    if (order == 0)
        order = (a->scope_id > b->scope_id) - (a->scope_id < b->scope_id);
    return order ? order : strcmp(a->interface, b->interface);
}

static int compare_neighbors(const void *a, const void *b)
{
    const struct neighbor_place *one = a;
    const struct neighbor_place *other = b;
    int order = compare_addresses(one->config, other->config);
    return order ? order : (one->index > other->index) - (one->index < other->index);
}

static int check_unique(const struct loader *loader, struct neighbor_place *places, size_t count)
{
    qsort(places, count, sizeof(*places), compare_neighbors);
    for (size_t i = 1; i < count; i++) {
        if (compare_addresses(places[i - 1].config, places[i].config) != 0)
            continue;
        char text[ADDR_TEXT_MAX];
        struct frame frame = {NULL, "neighbors", (int)places[i].index};
        struct problem problem = {.code = E_INVALID, .key = "config.neighbor-address"};
        struct str str = str_over(problem.text, sizeof(problem.text));
        str_printf(&str, "%s is neighbors[%zu] already", addr_format(&places[i].config->address, text),
                   places[i - 1].index);
        return report(loader, &frame, node_nearest(places[i].node, problem.key), &problem);
    }
    return 0;
}

static int load_neighbors(struct loader *loader)
{
    const struct node *node;
    size_t count;
    struct config *config = loader->config;
    int result = open_list(loader, "neighbors", &node, &count);
    if (result < 0 || count == 0)
        return result;
    struct neighbor_place *places = arena_alloc(&loader->reader.tree->arena, count * sizeof(*places));
    if (!places)
        return tree_full(loader->reader.tree, loader->reader.err);
    config->neighbors = mem_zalloc(MEM_CONFIG, count * sizeof(*config->neighbors));
    config->neighbor_count = count;
    for (size_t i = 0; i < count; i++, node = node->next) {
        places[i] = (struct neighbor_place){&config->neighbors[i], node, i};
        result = load_neighbor(loader, node, i, &config->neighbors[i]);
        if (result < 0)
            return result;
    }
    return check_unique(loader, places, count);
}

static int load_dynamic_neighbor(const struct loader *loader, const struct schema_node *schema, const struct node *node,
                                 size_t index, struct dynamic_neighbor_config *dynamic)
{
    struct frame frame = {NULL, schema->name, (int)index};
    struct problem problem;
    const struct group *group;
    section_defaults(&schema_dynamic_neighbor, dynamic);
    int result = reader_table(&loader->reader, &frame, schema, node, dynamic, PASS_VALUES);
    if (result == 0)
        result = find_group(loader, &frame, node, &group);
    if (result < 0)
        return result;
    if (dynamic_neighbor_finish(dynamic, &problem) < 0)
        return report(loader, &frame, node_nearest(node, problem.key), &problem);
    return 0;
}

static int load_dynamic_neighbors(struct loader *loader)
{
    const struct node *node;
    size_t count;
    struct config *config = loader->config;
    const struct schema_node *schema = schema_child(loader->schema, "dynamic-neighbors");
    struct frame frame = {NULL, schema->name, -1};
    int result = open_list(loader, schema->name, &node, &count);
    if (result < 0 || count == 0)
        return result;
    config->dynamic_neighbors = mem_zalloc(MEM_CONFIG, count * sizeof(*config->dynamic_neighbors));
    config->dynamic_neighbor_count = count;
    for (size_t i = 0; i < count; i++, node = node->next) {
        result = load_dynamic_neighbor(loader, schema, node, i, &config->dynamic_neighbors[i]);
        if (result < 0)
            return result;
    }
    if (schema->key->class != NOT_YET)
        return 0;
    node = node_find(loader->reader.tree->root, schema->name);
    reader_error(&loader->reader, &frame, node_place(node), "not yet supported");
    return E_UNSUPPORTED;
}

static int check_dump(const struct loader *loader, const struct frame *frame, const struct node *node, size_t index)
{
    const struct mrt_dump_config *dumps = loader->config->mrt_dumps;
    struct problem problem = {.code = E_INVALID, .key = "config.dump-type", .text = "missing"};
    if (!is_said(node, problem.key))
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    if (mrt_dump_finish(&dumps[index], &problem) < 0)
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    for (size_t i = 0; i < index; i++) {
        struct str str = str_over(problem.text, sizeof(problem.text));
        if (strcmp(dumps[i].file_name, dumps[index].file_name) != 0)
            continue;
        problem = (struct problem){.code = E_INVALID, .key = "config.file-name"};
        str_add(&str, "another dump is written there already");
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    }
    return 0;
}

static int check_rpki_server(const struct loader *loader, const struct frame *frame, const struct node *node,
                             size_t index)
{
    struct rpki_server_config *servers = loader->config->rpki_servers;
    struct problem problem;
    if (rpki_server_finish(&servers[index], &problem) < 0)
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    for (size_t i = 0; i < index; i++) {
        struct str str = str_over(problem.text, sizeof(problem.text));
        if (strcmp(servers[i].address, servers[index].address) != 0 || servers[i].port != servers[index].port)
            continue;
        problem = (struct problem){.code = E_INVALID, .key = "config.address"};
        str_add(&str, "the same server is there already");
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    }
    return 0;
}

static int check_bmp_server(const struct loader *loader, const struct frame *frame, const struct node *node,
                            size_t index)
{
    const struct bmp_server_config *servers = loader->config->bmp_servers;
    struct problem problem = {.code = E_INVALID, .key = "config.address", .text = "missing"};
    if (servers[index].address.kind == ADDR_NONE)
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    for (size_t i = 0; i < index; i++) {
        struct str str = str_over(problem.text, sizeof(problem.text));
        if (!addr_equal(&servers[i].address, &servers[index].address) || servers[i].port != servers[index].port)
            continue;
        str_add(&str, "the same server is there already");
        return report(loader, frame, node_nearest(node, problem.key), &problem);
    }
    return 0;
}

/* Dumps without a file name are left out, as GoBGP leaves them out. */
static bool names_a_file(const void *dump)
{
    return ((const struct mrt_dump_config *)dump)->file_name[0] != '\0';
}

/* What stands beside the speaker, as lists of plain structures. */
struct service {
    const char *name;
    const struct section *section;
    size_t list_offset, count_offset; /* in struct config */
    size_t most;
    bool (*wanted)(const void *element); /* NULL: every one */
    int (*check)(const struct loader *loader, const struct frame *frame, const struct node *node, size_t index);
};

#define SERVICE_LIST(list, count) \
    .list_offset = offsetof(struct config, list), .count_offset = offsetof(struct config, count)

static const struct service services[] = {
    {"mrt-dump", &schema_mrt_dump, SERVICE_LIST(mrt_dumps, mrt_dump_count), .most = CONFIG_DUMPS_MAX,
     .wanted = names_a_file, .check = check_dump},
    {"rpki-servers", &schema_rpki_server, SERVICE_LIST(rpki_servers, rpki_server_count),
     .most = CONFIG_RPKI_SERVERS_MAX, .check = check_rpki_server},
    {"bmp-servers", &schema_bmp_server, SERVICE_LIST(bmp_servers, bmp_server_count), .most = CONFIG_BMP_SERVERS_MAX,
     .check = check_bmp_server},
};

static int load_service(struct loader *loader, const struct service *service)
{
    const struct node *node;
    size_t count;
    const struct schema_node *schema = schema_child(loader->schema, service->name);
    int result = open_list(loader, schema->name, &node, &count);
    if (result < 0 || count == 0)
        return result;
    struct frame list = {NULL, schema->name, -1};
    if (count > service->most)
        return reader_error(&loader->reader, &list, node_place(node), "%zu entries are too many (at most %zu)", count,
                            service->most);
    size_t size = service->section->object_size;
    uint8_t *elements = mem_zalloc(MEM_CONFIG, count * size);
    size_t *used = (size_t *)(void *)((uint8_t *)loader->config + service->count_offset);
    *(void **)(void *)((uint8_t *)loader->config + service->list_offset) = elements;
    for (size_t i = 0; i < count && result == 0; i++, node = node->next) {
        struct frame frame = {NULL, schema->name, (int)i};
        void *element = elements + *used * size;
        section_defaults(service->section, element);
        result = reader_table(&loader->reader, &frame, schema, node, element, PASS_VALUES);
        if (result == 0 && (service->wanted == NULL || service->wanted(element)))
            result = service->check(loader, &frame, node, (*used)++);
    }
    return result;
}

static int load(struct loader *loader)
{
    struct arena *arena = &loader->reader.tree->arena;
    loader->schema = schema_compile(arena, &schema_root);
    if (!loader->schema)
        return tree_full(loader->reader.tree, loader->reader.err);
    loader->group_schema = schema_child(loader->schema, "peer-groups");
    loader->neighbor_schema = schema_child(loader->schema, "neighbors");
    int result = load_global(loader);
    if (result == 0)
        result = load_policies(loader);
    if (result == 0)
        result = load_groups(loader);
    if (result == 0)
        result = load_dynamic_neighbors(loader);
    for (size_t i = 0; i < ARRAY_LEN(services) && result == 0; i++)
        result = load_service(loader, &services[i]);
    return result == 0 ? load_neighbors(loader) : result;
}

static int read_tree(struct tree *tree, const char *text, size_t length, enum config_format format, struct err *err)
{
    switch (format) {
    case CONFIG_TOML:
        return tree_read_toml(tree, text, length, err);
    case CONFIG_YAML:
        return tree_read_yaml(tree, text, length, err);
    case CONFIG_JSON:
        return tree_read_json(tree, text, length, err);
    }
    return err_set(err, E_INVALID, "%s: unknown format", tree->name);
}

int config_read_text(const char *name, const char *text, size_t length, enum config_format format,
                     struct config **config, struct err *err)
{
    struct tree tree;
    struct err unread;
    tree_init(&tree, name);
    struct unheeded unheeded = {0};
    struct loader loader = {.reader = {.tree = &tree, .err = err ? err : &unread, .unheeded = &unheeded}};
    *config = NULL;
    int result = read_tree(&tree, text, length, format, loader.reader.err);
    if (result == 0) {
        loader.config = mem_zalloc(MEM_CONFIG, sizeof(*loader.config));
        result = load(&loader);
    }
    tree_release(&tree);
    if (result == 0 && unheeded.names[0])
        log_info("config", name, "accepted without effect%s: %s", unheeded.more > 0 ? " (among others)" : "",
                 unheeded.names);
    if (result < 0)
        config_free(loader.config);
    else
        *config = loader.config;
    return result;
}

static int read_all(int fd, struct buf *buf, const char *path, struct err *err)
{
    for (;;) {
        uint8_t *room = buf_extend(buf, READ_BYTES);
        if (!room)
            return err_set(err, E_LIMIT, "%s: too large (at most %d MiB)", path, TREE_FILE_BYTES_MAX >> 20);
        ssize_t got = read(fd, room, READ_BYTES);
        buf->length -= READ_BYTES - (got > 0 ? (size_t)got : 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, E_IO, "%s: %s", path, strerror(errno));
        if (got == 0)
            return 0;
    }
}

int config_read_file(const char *path, enum config_format format, struct config **config, struct err *err)
{
    struct buf buf;
    *config = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "%s: %s", path, strerror(errno));
    buf_init(&buf, TREE_FILE_BYTES_MAX + 2 * READ_BYTES);
    int result = read_all(fd, &buf, path, err);
    close(fd);
    if (result == 0)
        result = config_read_text(path, (const char *)buf.bytes, buf.length, format, config, err);
    buf_release(&buf);
    return result;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    mem_free(MEM_CONFIG, config->neighbors);
    mem_free(MEM_CONFIG, config->peer_groups);
    mem_free(MEM_CONFIG, config->dynamic_neighbors);
    mem_free(MEM_CONFIG, config->mrt_dumps);
    mem_free(MEM_CONFIG, config->rpki_servers);
    mem_free(MEM_CONFIG, config->bmp_servers);
    config_policies_unref(config->policies);
    mem_free(MEM_CONFIG, config);
}

enum config_format config_format_of(const char *path, enum config_format fallback)
{
    static const struct {
        const char *extension;
        enum config_format format;
    } formats[] = {{".toml", CONFIG_TOML}, {".yaml", CONFIG_YAML}, {".yml", CONFIG_YAML}, {".json", CONFIG_JSON}};
    const char *extension = strrchr(path, '.');
    for (size_t i = 0; extension && i < ARRAY_LEN(formats); i++) {
        if (str_equal_nocase(extension, formats[i].extension))
            return formats[i].format;
    }
    return fallback;
}
