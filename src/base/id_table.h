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
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "base/mem.h"
#include "base/slab.h"

enum {
    ID_BUCKET_SLOTS = 8,
    ID_TABLE_SEGMENT_SLOTS = 8192, /* of the largest segment */
};

/* One line of the cache. Its slots are used from the front; the id of an empty one is 0, its hash anything. */
struct id_bucket {
    uint32_t hashes[ID_BUCKET_SLOTS];
    uint32_t ids[ID_BUCKET_SLOTS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct id_bucket) == 64, "a bucket is a line of the cache");

/* One entry of the directory. Several neighbouring ones may stand for the same segment. */
struct id_segment_ref {
    struct id_bucket *buckets;
    uint32_t homes; /* buckets that are home to some hash; the rest is for what the last of them have no room for */
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
    uint64_t layout; /* another number whenever buckets went elsewhere: see id_table_home */
    struct slab slots;
};

void id_table_init(struct id_table *table, enum mem_kind kind);
void id_table_release(struct id_table *table);

/* Adds an id that is not in the table and not 0. False when the table cannot grow any more. */
bool id_table_put(struct id_table *table, uint32_t hash, uint32_t id);

/* Removes an id that is in the table, with the hash it was put with. */
void id_table_remove(struct id_table *table, uint32_t hash, uint32_t id);

/* The most buckets between any id and its home: walks the whole table, for tests and diagnosis. */
uint32_t id_table_longest_search(const struct id_table *table);

uint64_t id_table_bytes(const struct id_table *table);

struct id_probe {
    const struct id_bucket *bucket;
    uint32_t hash;
    unsigned matches; /* a bit for each slot of the bucket that has the hash and was not returned yet */
};

static inline const struct id_segment_ref *id_table_segment(const struct id_table *table, uint32_t hash)
{
    return &table->directory[(uint64_t)hash << table->depth >> 32];
}

/* The bucket a hash would like best: in the order of hashes. */
static inline uint32_t id_bucket_home(uint32_t hash, unsigned depth, uint32_t homes)
{
    return (uint32_t)((uint64_t)(hash << depth) * homes >> 32);
}

/* Where a search for the hash begins, while `layout` of the table is the same. */
static inline const struct id_bucket *id_table_home(const struct id_table *table, uint32_t hash)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    return &ref->buckets[id_bucket_home(hash, ref->depth, ref->homes)];
}

static inline void id_table_prefetch(const struct id_table *table, uint32_t hash)
{
    __builtin_prefetch(id_table_home(table, hash));
}

/* A bit for each of the words (of half a bucket, which is aligned) that has the value. */
static inline unsigned id_bucket_equal(const uint32_t words[ID_BUCKET_SLOTS], uint32_t value)
{
#ifdef __SSE2__
    const __m128i *halves = (const __m128i *)words;
    __m128i wanted = _mm_set1_epi32((int)value);
    __m128i low = _mm_cmpeq_epi32(_mm_load_si128(halves), wanted);
    __m128i high = _mm_cmpeq_epi32(_mm_load_si128(halves + 1), wanted);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128()));
#else
    unsigned equal = 0;
    for (unsigned i = 0; i < ID_BUCKET_SLOTS; i++)
        equal |= (unsigned)(words[i] == value) << i;
    return equal;
#endif
}

static inline bool id_bucket_full(const struct id_bucket *bucket)
{
    return bucket->ids[ID_BUCKET_SLOTS - 1] != 0;
}

/* The next id with the same hash; 0 = the key is not in the table. */
static inline uint32_t id_probe_next(struct id_probe *probe)
{
    while (probe->matches == 0) {
        if (likely(!id_bucket_full(probe->bucket)))
            return 0;
        probe->bucket++;
        probe->matches = id_bucket_equal(probe->bucket->hashes, probe->hash);
    }
    unsigned slot = (unsigned)__builtin_ctz(probe->matches);
    probe->matches &= probe->matches - 1;
    return probe->bucket->ids[slot]; /* of an empty slot: 0, and behind a bucket with room there is nothing */
}

static inline uint32_t id_probe_from(const struct id_bucket *home, uint32_t hash, struct id_probe *probe)
{
    *probe = (struct id_probe){.bucket = home, .hash = hash, .matches = id_bucket_equal(home->hashes, hash)};
    return id_probe_next(probe);
}

static inline uint32_t id_probe_first(const struct id_table *table, uint32_t hash, struct id_probe *probe)
{
    return id_probe_from(id_table_home(table, hash), hash, probe);
}
