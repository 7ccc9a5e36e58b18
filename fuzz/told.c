#include "told.h"

#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

struct told_route {
    uint8_t family;
    bool stale;
    struct nlri nlri;
    uint64_t attrs_hash;
};

static uint32_t route_hash(enum family_id family, const struct nlri *nlri)
{
    uint8_t key[16 + 1 + 1 + 4];
    memcpy(key, nlri->prefix.addr.bytes, 16);
    key[16] = nlri->prefix.length;
    key[17] = (uint8_t)family;
    memcpy(key + 18, &nlri->path_id, 4);
    return (uint32_t)hash_bytes(key, sizeof(key));
}

void told_init(struct told *told)
{
    *told = (struct told){0};
    id_table_init(&told->places, MEM_OTHER);
}

void told_release(struct told *told)
{
    id_table_release(&told->places);
    mem_free(MEM_OTHER, told->routes);
}

/* Its place plus one; 0: none. */
static uint32_t find(const struct told *told, enum family_id family, const struct nlri *nlri)
{
    struct id_probe probe;
    uint32_t id = id_probe_first(&told->places, route_hash(family, nlri), &probe);
    for (; id != 0; id = id_probe_next(&probe)) {
        const struct told_route *route = &told->routes[id - 1];
        if (route->family == family && route->nlri.path_id == nlri->path_id &&
            prefix_equal(&route->nlri.prefix, &nlri->prefix))
            return id;
    }
    return 0;
}

static struct told_route *make(struct told *told, enum family_id family, const struct nlri *nlri)
{
    if (told->count == told->capacity) {
        told->capacity = told->capacity ? told->capacity * 2 : 16;
        told->routes = mem_realloc(MEM_OTHER, told->routes, told->capacity * sizeof(*told->routes));
    }
    struct told_route *route = &told->routes[told->count++];
    *route = (struct told_route){.family = (uint8_t)family, .nlri = *nlri};
    CHECK(id_table_put(&told->places, route_hash(family, nlri), told->count));
    return route;
}

void told_announce(struct told *told, enum family_id family, const struct nlri *nlri, uint64_t attrs_hash)
{
    uint32_t id = find(told, family, nlri);
    struct told_route *route = id ? &told->routes[id - 1] : make(told, family, nlri);
    route->attrs_hash = attrs_hash;
    route->stale = false;
}

/* The last one takes its place. */
static void remove_at(struct told *told, uint32_t index)
{
    struct told_route *route = &told->routes[index], *last = &told->routes[told->count - 1];
    id_table_remove(&told->places, route_hash(route->family, &route->nlri), index + 1);
    if (route != last) {
        uint32_t hash = route_hash(last->family, &last->nlri);
        id_table_remove(&told->places, hash, told->count);
        CHECK(id_table_put(&told->places, hash, index + 1));
        *route = *last;
    }
    told->count--;
}

void told_withdraw(struct told *told, enum family_id family, const struct nlri *nlri)
{
    uint32_t id = find(told, family, nlri);
    if (id != 0)
        remove_at(told, id - 1);
}

bool told_find(const struct told *told, enum family_id family, const struct nlri *nlri, uint64_t *attrs_hash)
{
    uint32_t id = find(told, family, nlri);
    if (id != 0)
        *attrs_hash = told->routes[id - 1].attrs_hash;
    return id != 0;
}

uint32_t told_count(const struct told *told, enum family_id family)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < told->count; i++)
        count += told->routes[i].family == family;
    return count;
}

void told_mark(struct told *told, enum family_id family)
{
    for (uint32_t i = 0; i < told->count; i++)
        if (told->routes[i].family == family)
            told->routes[i].stale = true;
}

void told_sweep(struct told *told, enum family_id family)
{
    for (uint32_t i = told->count; i-- > 0;)
        if (told->routes[i].family == family && told->routes[i].stale)
            remove_at(told, i);
}
