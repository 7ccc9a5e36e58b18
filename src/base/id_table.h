/* A hash table from keys to 32-bit ids, when the keys stand in records of the owner that the ids name.
 *
 * The table keeps 8 bytes per slot, id and hash, so that only a record with the very same hash is ever looked at, and
 * none when slots are rearranged. It never holds two ids to be told apart by anything but the owner's comparison.
 * Every operation is bounded by the size of one segment (see the .c); none rebuilds the whole table. Hashes must be
 * secret-keyed and good in all 32 bits. Not for threads to share.
 *
 *     struct id_probe probe;
 *     uint32_t id = id_probe_first(&table, hash, &probe);
 *     while (id && !record_matches(id, key))
 *         id = id_probe_next(&probe);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/slab.h"

enum { ID_TABLE_SEGMENT_SLOTS = 8192 }; /* of the largest segment */

/* Empty ones have the id 0 and the highest hash there is: a search that goes up the hashes ends at them by itself. */
struct id_slot {
    uint32_t hash;
    uint32_t id;
};

#define ID_SLOT_EMPTY ((struct id_slot){.hash = UINT32_MAX})

/* One entry of the directory. Several neighbouring ones may stand for the same segment. */
struct id_segment_ref {
    struct id_slot *slots;
    uint32_t homes; /* slots that are home to some hash; the rest is for what is moved on from the last of them */
    uint32_t segment : 24;
    uint32_t depth : 8; /* bits of the hash that chose the segment */
};

struct id_segment;

struct id_table {
    struct id_segment_ref *directory; /* index: the first `depth` bits of the hash */
    unsigned depth;
    enum mem_kind kind;
    struct id_segment *segments;
    uint32_t segment_count;
    uint32_t segment_capacity;
    uint64_t count;
    uint64_t slot_count;
    struct slab slots;
};

void id_table_init(struct id_table *table, enum mem_kind kind);
void id_table_release(struct id_table *table);

/* Adds an id that is not in the table and not 0. False when the table cannot grow any more. */
bool id_table_put(struct id_table *table, uint32_t hash, uint32_t id);

/* Removes an id that is in the table, with the hash it was put with. */
void id_table_remove(struct id_table *table, uint32_t hash, uint32_t id);

/* The furthest any id stands from its home: walks the whole table, for tests and diagnosis. */
uint32_t id_table_longest_search(const struct id_table *table);

uint64_t id_table_bytes(const struct id_table *table);

struct id_probe {
    const struct id_slot *at;
    uint32_t hash;
};

static inline const struct id_segment_ref *id_table_segment(const struct id_table *table, uint32_t hash)
{
    return &table->directory[(uint64_t)hash << table->depth >> 32];
}

/* The slot a hash would like best: in the order of hashes. */
static inline uint32_t id_slot_home(uint32_t hash, unsigned depth, uint32_t homes)
{
    return (uint32_t)((uint64_t)(hash << depth) * homes >> 32);
}

static inline void id_table_prefetch(const struct id_table *table, uint32_t hash)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    __builtin_prefetch(&ref->slots[id_slot_home(hash, ref->depth, ref->homes)]);
}

/* The next id with the same hash; 0 = the key is not in the table. */
static inline uint32_t id_probe_next(struct id_probe *probe)
{
    const struct id_slot *slot = probe->at;
    if (slot->hash != probe->hash || slot->id == 0)
        return 0;
    probe->at++;
    return slot->id;
}

static inline uint32_t id_probe_first(const struct id_table *table, uint32_t hash, struct id_probe *probe)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    const struct id_slot *slot = &ref->slots[id_slot_home(hash, ref->depth, ref->homes)];
    /* How far from home an id stands cannot be foreseen: the first four slots are counted instead of tried one by one,
     * which a wrongly predicted branch would cost more than. They exist: the last four are nobody's home. */
    unsigned lower = (slot[0].hash < hash) + (slot[1].hash < hash) + (slot[2].hash < hash) + (slot[3].hash < hash);
    slot += lower;
    while (unlikely(lower == 4) && slot->hash < hash)
        slot++;
    *probe = (struct id_probe){.at = slot, .hash = hash};
    return id_probe_next(probe);
}
