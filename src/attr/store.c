/* Interned attribute sets. Three parts: an array of records with recycled ids, the canonical bytes in chunks of fixed
 * sizes, and a hash table from (bytes, pre) to the id. Nearly every UPDATE of a full table brings a set its peer has
 * used before, so the path that matters is: probe, compare, count.
 *
 * `pre` belongs to the identity: two sets that import policy made equal stay two while they came from different
 * ones, since the set as received (Adj-RIB-In, soft reconfiguration, BMP pre-policy) is found through it.
 */
#include "attr/store.h"

#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/id_table.h"
#include "base/slab.h"

enum {
    WIRE_UNIT = 8,
    WIRE_PAGE_UNITS = 8192, /* 64 KB: the largest block in one page */
    WIRE_LINEAR_UNITS = 64, /* every multiple of 8 up to 512 bytes, */
    WIRE_STEPS = 8,         /* then 8 sizes per doubling */
    WIRE_CLASS_COUNT = WIRE_LINEAR_UNITS + 7 * WIRE_STEPS,
    SET_PAGE_UNITS = 512,
    SET_ID_BITS = 28,
};

struct attr_store {
    struct attr_store_view view;
    struct id_table ids;
    struct slab sets;
    struct slab wire;
    uint64_t wire_bytes;
};

/* Size classes of the bytes: class c holds wire_class_units(c) units. */
static unsigned wire_class_units(unsigned class_index)
{
    if (class_index < WIRE_LINEAR_UNITS)
        return class_index + 1;
    unsigned step = class_index - WIRE_LINEAR_UNITS;
    return (WIRE_STEPS + step % WIRE_STEPS + 1) * (WIRE_LINEAR_UNITS / WIRE_STEPS) << step / WIRE_STEPS;
}

static unsigned wire_class_of(uint32_t length)
{
    unsigned units = length ? (length + WIRE_UNIT - 1) / WIRE_UNIT : 1;
    if (units <= WIRE_LINEAR_UNITS)
        return units - 1;
    unsigned doubling = (31 - (unsigned)__builtin_clz(units - 1)) - 6;
    unsigned step_units = (WIRE_LINEAR_UNITS / WIRE_STEPS) << doubling;
    return WIRE_LINEAR_UNITS + doubling * WIRE_STEPS + (units - 1) / step_units - WIRE_STEPS;
}

/* Not kept with the set: it is asked for again only when the set goes. */
static uint32_t set_hash(uint64_t hash, attr_id pre)
{
    if (pre)
        hash = (hash ^ pre) * 0x9E3779B97F4A7C15ull >> 32;
    return (uint32_t)hash;
}

struct attr_store *attr_store_new(void)
{
    struct attr_store *store = mem_zalloc(MEM_ATTR, sizeof(*store));
    uint16_t wire_units[WIRE_CLASS_COUNT];
    for (unsigned i = 0; i < WIRE_CLASS_COUNT; i++)
        wire_units[i] = (uint16_t)wire_class_units(i);
    slab_init(&store->sets, &(struct slab_layout){
                                .kind = MEM_ATTR,
                                .unit_bytes = sizeof(struct attr_set),
                                .page_units = SET_PAGE_UNITS,
                                .max_pages = (1u << SET_ID_BITS) / SET_PAGE_UNITS,
                                .class_units = (const uint16_t[]){1},
                                .class_count = 1,
                            });
    slab_init(&store->wire, &(struct slab_layout){
                                .kind = MEM_ATTR,
                                .unit_bytes = WIRE_UNIT,
                                .page_units = WIRE_PAGE_UNITS,
                                .max_pages = (uint32_t)((1ull << 32) / WIRE_PAGE_UNITS),
                                .class_units = wire_units,
                                .class_count = WIRE_CLASS_COUNT,
                            });
    store->view = (struct attr_store_view){.sets = slab_at(&store->sets, 0), .wire = slab_at(&store->wire, 0)};
    id_table_init(&store->ids, MEM_ATTR);
    return store;
}

void attr_store_free(struct attr_store *store)
{
    if (!store)
        return;
    id_table_release(&store->ids);
    slab_release(&store->sets);
    slab_release(&store->wire);
    mem_free(MEM_ATTR, store);
}

const struct attr_store_view *attr_store_view(const struct attr_store *store)
{
    return &store->view;
}

uint64_t attr_rank(const struct attr_summary *summary)
{
    uint64_t stale = summary->facts & ATTR_LLGR_STALE ? 1 : 0;
    uint64_t length = summary->path_length < 0xFFF ? summary->path_length : 0xFFF;
    uint64_t origin = summary->origin & 3;
    return stale << 63 | (uint64_t)(uint32_t)~summary->local_pref << 31 | 1ull << ATTR_RANK_NOT_LOCAL_BIT |
           length << 18 | origin << 16;
}

static bool set_equals(const struct attr_store *store, const struct attr_set *set, const struct attr_block *block)
{
    return set->wire_length == block->length && memcmp(attr_bytes(&store->view, set), block->bytes, block->length) == 0;
}

static void set_fill(struct attr_set *set, const struct attr_block *block)
{
    const struct attr_summary *summary = &block->summary;
    *set = (struct attr_set){
        .rank = attr_rank(summary),
        .refs = 1,
        .wire_length = (uint16_t)block->length,
        .facts = summary->facts,
        .med = summary->med,
        .neighbor_as = summary->neighbor_as,
        .origin_as = summary->origin_as,
    };
}

static attr_id set_add(struct attr_store *store, const struct attr_block *block, attr_id pre, uint32_t hash)
{
    unsigned wire_class = wire_class_of(block->length);
    attr_id id = slab_alloc(&store->sets, 0);
    if (unlikely(!id))
        return 0;
    uint32_t wire = slab_alloc(&store->wire, wire_class);
    if (unlikely(!wire))
        goto no_wire;
    struct attr_set *set = attr_get(&store->view, id);
    set_fill(set, block);
    set->wire = wire;
    set->pre = pre ? pre : id;
    if (unlikely(!id_table_put(&store->ids, hash, id)))
        goto no_slot;
    if (block->length)
        memcpy(slab_at(&store->wire, wire), block->bytes, block->length);
    if (pre)
        attr_store_ref(store, pre, 1);
    store->wire_bytes += block->length;
    return id;

no_slot:
    slab_free(&store->wire, wire, wire_class);
no_wire:
    slab_free(&store->sets, id, 0);
    return 0;
}

void attr_store_approach(const struct attr_store *store, uint64_t hash)
{
    id_table_prefetch(&store->ids, set_hash(hash, 0));
}

attr_id attr_store_intern(struct attr_store *store, const struct attr_block *block, attr_id pre)
{
    if (unlikely(block->length > ATTR_BLOCK_MAX))
        return 0;
    if (pre) {
        const struct attr_set *before = attr_get(&store->view, pre);
        if (before->pre == pre && set_equals(store, before, block))
            pre = 0; /* changed nothing after all */
    }
    uint32_t hash = set_hash(block->hash, pre);
    struct id_probe probe;
    for (attr_id id = id_probe_first(&store->ids, hash, &probe); id; id = id_probe_next(&probe)) {
        struct attr_set *set = attr_get(&store->view, id);
        if (set->pre == (pre ? pre : id) && set_equals(store, set, block)) {
            CHECK(set->refs < UINT32_MAX);
            set->refs++;
            return id;
        }
    }
    return set_add(store, block, pre, hash);
}

void attr_store_ref(struct attr_store *store, attr_id id, uint32_t count)
{
    struct attr_set *set = attr_get(&store->view, id);
    CHECK(set->refs && count <= UINT32_MAX - set->refs);
    set->refs += count;
}

void attr_store_unref(struct attr_store *store, attr_id id, uint32_t count)
{
    /* The last reference takes along the set's own reference on the one before policy. */
    for (;;) {
        struct attr_set *set = attr_get(&store->view, id);
        CHECK(set->refs >= count);
        set->refs -= count;
        if (likely(set->refs))
            return;
        attr_id pre = set->pre;
        uint64_t bytes_hash = hash_bytes(attr_bytes(&store->view, set), set->wire_length);
        id_table_remove(&store->ids, set_hash(bytes_hash, pre == id ? 0 : pre), id);
        slab_free(&store->wire, set->wire, wire_class_of(set->wire_length));
        store->wire_bytes -= set->wire_length;
        slab_free(&store->sets, id, 0);
        if (pre == id)
            return;
        id = pre;
        count = 1;
    }
}

struct attr_store_stats attr_store_stats(const struct attr_store *store)
{
    return (struct attr_store_stats){
        .sets = store->ids.count,
        .wire_bytes = store->wire_bytes,
        .reserved_bytes = store->sets.touched_bytes + store->wire.touched_bytes + id_table_bytes(&store->ids),
    };
}
