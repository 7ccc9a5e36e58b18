/* See originate.h. The RIB holds the routes, under source number 0; here is only the way from a UUID to one. A UUID
 * whose route was deleted some other way, or replaced, is found to be stale when it is used.
 */
#include "speaker/originate.h"

#include <string.h>
#include <sys/random.h>

#include "attr/block.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/id_table.h"
#include "base/mem.h"
#include "base/slab.h"
#include "speaker/pipeline.h"
#include "speaker/policy_run.h"
#include "speaker/sweep.h"
#include "wire/update.h"

struct named_route {
    uint32_t in_use; /* NAMED_IN_USE; the slab's own once freed, and then smaller */
    uint8_t uuid[ORIGINATE_UUID_BYTES];
    struct originated route;
};

enum {
    NAMED_IN_USE = 0x7FFFFFFF,
    ROUTE_UNIT_BYTES = 64,
    ROUTES_PER_PAGE = 1024,
    ROUTE_PAGES_MAX = 16 * 1024,
};

_Static_assert(sizeof(struct named_route) <= ROUTE_UNIT_BYTES, "one unit holds a route");

struct originate {
    struct speaker *speaker;
    struct slab routes;
    struct id_table by_uuid;
    struct id_table by_route;
};

static struct named_route *route_at(const struct originate *originate, uint32_t place)
{
    return slab_at(&originate->routes, place);
}

static uint32_t uuid_hash(const uint8_t *uuid)
{
    return (uint32_t)hash_bytes(uuid, ORIGINATE_UUID_BYTES);
}

/* The fields, not the structure: its padding may hold anything. */
static uint32_t route_hash(const struct originated *route)
{
    uint8_t key[16 + 1 + 1 + 4];
    memcpy(key, route->prefix.addr.bytes, 16);
    key[16] = route->prefix.length;
    key[17] = (uint8_t)route->family;
    memcpy(key + 18, &route->identifier, 4);
    return (uint32_t)hash_bytes(key, sizeof(key));
}

static bool same_route(const struct originated *a, const struct originated *b)
{
    return a->family == b->family && a->identifier == b->identifier && prefix_equal(&a->prefix, &b->prefix);
}

struct originate *originate_new(struct speaker *speaker)
{
    static const uint16_t one_unit[] = {1};
    const struct slab_layout layout = {.kind = MEM_OTHER,
                                       .unit_bytes = ROUTE_UNIT_BYTES,
                                       .page_units = ROUTES_PER_PAGE,
                                       .max_pages = ROUTE_PAGES_MAX,
                                       .class_count = 1,
                                       .class_units = one_unit};
    struct originate *originate = mem_zalloc(MEM_OTHER, sizeof(*originate));
    originate->speaker = speaker;
    slab_init(&originate->routes, &layout);
    id_table_init(&originate->by_uuid, MEM_OTHER);
    id_table_init(&originate->by_route, MEM_OTHER);
    return originate;
}

void originate_free(struct originate *originate)
{
    if (originate == NULL)
        return;
    id_table_release(&originate->by_uuid);
    id_table_release(&originate->by_route);
    slab_release(&originate->routes);
    mem_free(MEM_OTHER, originate);
}

static uint32_t find_uuid(const struct originate *originate, const uint8_t *uuid)
{
    struct id_probe probe;
    uint32_t id = id_probe_first(&originate->by_uuid, uuid_hash(uuid), &probe);
    while (id != 0 && memcmp(route_at(originate, id)->uuid, uuid, ORIGINATE_UUID_BYTES) != 0)
        id = id_probe_next(&probe);
    return id;
}

static uint32_t find_route(const struct originate *originate, const struct originated *route)
{
    struct id_probe probe;
    uint32_t id = id_probe_first(&originate->by_route, route_hash(route), &probe);
    while (id != 0 && !same_route(&route_at(originate, id)->route, route))
        id = id_probe_next(&probe);
    return id;
}

static void forget(struct originate *originate, uint32_t id)
{
    if (id == 0)
        return;
    id_table_remove(&originate->by_uuid, uuid_hash(route_at(originate, id)->uuid), id);
    id_table_remove(&originate->by_route, route_hash(&route_at(originate, id)->route), id);
    slab_free(&originate->routes, id, 0);
}

/* RFC 4122 version 4. */
static void make_uuid(uint8_t uuid[ORIGINATE_UUID_BYTES])
{
    if (getrandom(uuid, ORIGINATE_UUID_BYTES, 0) != ORIGINATE_UUID_BYTES)
        memset(uuid, 0, ORIGINATE_UUID_BYTES);
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

static int name_route(struct originate *originate, const struct originated *route, uint8_t *uuid, struct err *err)
{
    /* Announced again: the new UUID takes the place of the old one. */
    forget(originate, find_route(originate, route));
    uint32_t id = slab_alloc(&originate->routes, 0);
    if (id == 0)
        return err_set(err, E_LIMIT, "too many routes were added with an identifier");
    struct named_route *named = route_at(originate, id);
    *named = (struct named_route){.in_use = NAMED_IN_USE, .route = *route};
    make_uuid(named->uuid);
    /* A table takes as many ids as the slab has places. */
    CHECK(id_table_put(&originate->by_uuid, uuid_hash(named->uuid), id));
    CHECK(id_table_put(&originate->by_route, route_hash(route), id));
    memcpy(uuid, named->uuid, ORIGINATE_UUID_BYTES);
    return E_OK;
}

/* Import policy is for our own routes too, as GoBGP has it; one it rejects is kept as a neighbour's would be. */
static void announce(struct speaker *speaker, struct speaker_table *table, const struct originated *route, attr_id id)
{
    enum path_reject reject;
    attr_id imported = policy_import_local(speaker, table, &route->prefix, id, &reject);
    rib_announce(table->rib, RIB_SOURCE_LOCAL, &route->prefix, route->identifier, imported,
                 (uint16_t)(reject << PATH_REJECT_SHIFT));
    attr_store_unref(table->rib->attrs, imported, 1);
}

int originate_add(struct originate *originate, const struct originated *route, const uint8_t *attrs, uint32_t length,
                  uint8_t uuid[ORIGINATE_UUID_BYTES], struct err *err)
{
    struct speaker_table *table = speaker_table(originate->speaker, route->family);
    struct attr_block block;
    if (table == NULL)
        return err_set(err, E_UNSUPPORTED, "address family: %s not supported",
                       route->family < FAMILY_COUNT ? family_get(route->family)->config_name : "unknown");
    int result = update_check_block(attrs, length, err);
    if (result != E_OK)
        return result;
    attr_block_of(attrs, length, &block);
    attr_id id = attr_store_intern(table->rib->attrs, &block, 0);
    if (id == 0)
        return err_set(err, E_LIMIT, "the attribute store is full");
    if (uuid != NULL)
        result = name_route(originate, route, uuid, err);
    if (result == E_OK)
        announce(originate->speaker, table, route, id);
    attr_store_unref(table->rib->attrs, id, 1);
    pipeline_wake(originate->speaker);
    return result;
}

bool originate_delete(struct originate *originate, const struct originated *route)
{
    struct speaker_table *table = speaker_table(originate->speaker, route->family);
    if (table == NULL)
        return false;
    forget(originate, find_route(originate, route));
    pipeline_wake(originate->speaker);
    return rib_withdraw(table->rib, RIB_SOURCE_LOCAL, &route->prefix, route->identifier);
}

int originate_delete_uuid(struct originate *originate, const uint8_t uuid[ORIGINATE_UUID_BYTES], struct err *err)
{
    uint32_t id = find_uuid(originate, uuid);
    if (id == 0)
        return err_set(err, E_NOT_FOUND, "can't find a specified path");
    struct originated route = route_at(originate, id)->route;
    if (!originate_delete(originate, &route))
        return err_set(err, E_NOT_FOUND, "can't find a specified path");
    return E_OK;
}

static void forget_family(struct originate *originate, enum family_id family)
{
    for (uint32_t id = 0; (id = slab_walk(&originate->routes, id + 1)) != 0;)
        if (route_at(originate, id)->in_use == NAMED_IN_USE && route_at(originate, id)->route.family == family)
            forget(originate, id);
}

void originate_delete_all(struct originate *originate, enum family_id family)
{
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        struct speaker_table *table = speaker_table(originate->speaker, i);
        if (table == NULL || (family != FAMILY_UNKNOWN && family != i))
            continue;
        forget_family(originate, i);
        rib_source_new_epoch(table->rib, RIB_SOURCE_LOCAL);
        sweep_start(originate->speaker, i, RIB_SOURCE_LOCAL, SWEEP_STALE);
    }
}
