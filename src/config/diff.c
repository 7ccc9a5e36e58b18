/* What a reload has to do: two configurations side by side. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "config/schema.h"
#include "policy/policy_table.h"

bool neighbor_config_needs_reset(const struct neighbor_config *before, const struct neighbor_config *after)
{
    return section_differs(&schema_neighbor, before, after, LIVE, NULL, NULL);
}

void neighbor_config_changes(const struct neighbor_config *before, const struct neighbor_config *after,
                             void (*key)(void *context, const char *path), void *context)
{
    section_differs(&schema_neighbor, before, after, 0, key, context);
}

void peer_group_config_changes(const struct peer_group_config *before, const struct peer_group_config *after,
                               void (*key)(void *context, const char *path), void *context)
{
    section_differs(&schema_peer_group, before, after, 0, key, context);
}

/* The lists of a configuration, alike for merging. */
struct collection {
    const struct section *section;
    int (*compare)(const void *a, const void *b); /* of two pointers to elements */
    void (*change)(const struct config_diff_ops *ops, void *context, enum config_change change, const void *before,
                   const void *after);
};

static int compare_neighbors(const void *a, const void *b)
{
    const struct neighbor_config *one = *(const struct neighbor_config *const *)a;
    const struct neighbor_config *other = *(const struct neighbor_config *const *)b;
    int order = addr_compare(&one->address, &other->address);
    if (order == 0)
        order = (one->scope_id > other->scope_id) - (one->scope_id < other->scope_id);
    return order ? order : strcmp(one->interface, other->interface);
}

static int compare_groups(const void *a, const void *b)
{
    const struct peer_group_config *one = *(const struct peer_group_config *const *)a;
    const struct peer_group_config *other = *(const struct peer_group_config *const *)b;
    return strcmp(one->name, other->name);
}

static int compare_dynamic_neighbors(const void *a, const void *b)
{
    const struct dynamic_neighbor_config *one = *(const struct dynamic_neighbor_config *const *)a;
    const struct dynamic_neighbor_config *other = *(const struct dynamic_neighbor_config *const *)b;
    return prefix_compare(&one->prefix, &other->prefix);
}

static int compare_mrt_dumps(const void *a, const void *b)
{
    const struct mrt_dump_config *one = *(const struct mrt_dump_config *const *)a;
    const struct mrt_dump_config *other = *(const struct mrt_dump_config *const *)b;
    return strcmp(one->file_name, other->file_name);
}

static int compare_bmp_servers(const void *a, const void *b)
{
    const struct bmp_server_config *one = *(const struct bmp_server_config *const *)a;
    const struct bmp_server_config *other = *(const struct bmp_server_config *const *)b;
    int order = addr_compare(&one->address, &other->address);
    return order != 0 ? order : (int)one->port - (int)other->port;
}

static void neighbor_change(const struct config_diff_ops *ops, void *context, enum config_change change,
                            const void *before, const void *after)
{
    if (ops->neighbor)
        ops->neighbor(context, change, before, after);
}

static void group_change(const struct config_diff_ops *ops, void *context, enum config_change change,
                         const void *before, const void *after)
{
    if (ops->peer_group)
        ops->peer_group(context, change, before, after);
}

static void dynamic_neighbor_change(const struct config_diff_ops *ops, void *context, enum config_change change,
                                    const void *before, const void *after)
{
    if (ops->dynamic_neighbor)
        ops->dynamic_neighbor(context, change, before, after);
}

static void mrt_dump_change(const struct config_diff_ops *ops, void *context, enum config_change change,
                            const void *before, const void *after)
{
    if (ops->mrt_dump)
        ops->mrt_dump(context, change, before, after);
}

static void bmp_server_change(const struct config_diff_ops *ops, void *context, enum config_change change,
                              const void *before, const void *after)
{
    if (ops->bmp_server)
        ops->bmp_server(context, change, before, after);
}

static const struct collection neighbors = {&schema_neighbor, compare_neighbors, neighbor_change};
static const struct collection groups = {&schema_peer_group, compare_groups, group_change};
static const struct collection dynamic_neighbors = {&schema_dynamic_neighbor, compare_dynamic_neighbors,
                                                    dynamic_neighbor_change};
static const struct collection mrt_dumps = {&schema_mrt_dump, compare_mrt_dumps, mrt_dump_change};
static const struct collection bmp_servers = {&schema_bmp_server, compare_bmp_servers, bmp_server_change};

static int compare_rpki_servers(const void *a, const void *b)
{
    const struct rpki_server_config *one = *(const struct rpki_server_config *const *)a;
    const struct rpki_server_config *other = *(const struct rpki_server_config *const *)b;
    int order = strcmp(one->address, other->address);
    return order ? order : one->port - other->port;
}

static void rpki_server_change(const struct config_diff_ops *ops, void *context, enum config_change change,
                               const void *before, const void *after)
{
    if (ops->rpki_server)
        ops->rpki_server(context, change, before, after);
}

static const struct collection rpki_servers = {&schema_rpki_server, compare_rpki_servers, rpki_server_change};

struct elements {
    const void *first;
    size_t count;
};

static const void **sorted(const struct collection *collection, struct elements elements)
{
    const void **pointers = mem_alloc(MEM_CONFIG, (elements.count + 1) * sizeof(*pointers));
    for (size_t i = 0; i < elements.count; i++)
        pointers[i] = (const uint8_t *)elements.first + i * collection->section->object_size;
    qsort(pointers, elements.count, sizeof(*pointers), collection->compare);
    return pointers;
}

static void diff_collection(const struct collection *collection, struct elements before, struct elements after,
                            const struct config_diff_ops *ops, void *context)
{
    const void **old = sorted(collection, before);
    const void **new = sorted(collection, after);
    size_t i = 0;
    size_t j = 0;
    while (i < before.count || j < after.count) {
        int order = i == before.count ? 1 : j == after.count ? -1 : collection->compare(&old[i], &new[j]);
        if (order < 0)
            collection->change(ops, context, CONFIG_REMOVED, old[i++], NULL);
        else if (order > 0)
            collection->change(ops, context, CONFIG_ADDED, NULL, new[j++]);
        else if (section_differs(collection->section, old[i++], new[j++], 0, NULL, NULL))
            collection->change(ops, context, CONFIG_CHANGED, old[i - 1], new[j - 1]);
    }
    mem_free(MEM_CONFIG, old);
    mem_free(MEM_CONFIG, new);
}

static bool policies_differ(const struct config *before, const struct config *after)
{
    static const struct policy_definitions nothing;
    const struct policy_definitions *old = before->policies ? before->policies : &nothing;
    const struct policy_definitions *new = after->policies ? after->policies : &nothing;
    return !policy_definitions_equal(old, new) || section_differs(&schema_apply_policy, &before->global.apply_policy,
                                                                  &after->global.apply_policy, 0, NULL, NULL);
}

void config_diff(const struct config *before, const struct config *after, const struct config_diff_ops *ops,
                 void *context)
{
    if (ops->policies && policies_differ(before, after))
        ops->policies(context, before, after);
    if (ops->global)
        section_differs(&schema_root, before, after, BY_HAND | LIVE, ops->global, context);
    diff_collection(&groups, (struct elements){before->peer_groups, before->peer_group_count},
                    (struct elements){after->peer_groups, after->peer_group_count}, ops, context);
    diff_collection(&neighbors, (struct elements){before->neighbors, before->neighbor_count},
                    (struct elements){after->neighbors, after->neighbor_count}, ops, context);
    diff_collection(&dynamic_neighbors, (struct elements){before->dynamic_neighbors, before->dynamic_neighbor_count},
                    (struct elements){after->dynamic_neighbors, after->dynamic_neighbor_count}, ops, context);
    diff_collection(&mrt_dumps, (struct elements){before->mrt_dumps, before->mrt_dump_count},
                    (struct elements){after->mrt_dumps, after->mrt_dump_count}, ops, context);
    diff_collection(&rpki_servers, (struct elements){before->rpki_servers, before->rpki_server_count},
                    (struct elements){after->rpki_servers, after->rpki_server_count}, ops, context);
    diff_collection(&bmp_servers, (struct elements){before->bmp_servers, before->bmp_server_count},
                    (struct elements){after->bmp_servers, after->bmp_server_count}, ops, context);
}
