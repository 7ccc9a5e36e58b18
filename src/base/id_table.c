/* Extendible hashing over buckets that overflow into the next.
 *
 *     hash  | d bits: entry of the directory | the rest: bucket |
 *
 * A segment is 1 to 1,024 buckets of 8 slots, at most 7/8 full. An id's home is the bucket where its hash would be if
 * all hashes there are were spread evenly over the segment; if that is full, the id stands in the first one behind it
 * that has room. So a search ends at the first bucket with room, which mostly is the home, also when it finds nothing
 * (what every new prefix begins with), a bucket is one line of the cache, and its hashes are compared all at once. An
 * id is put into the first free slot; nothing is moved for it. (Single slots in the order of hashes, of which each new
 * one moves a run on, took 217 instructions to put an id into a table of 30,000, and a fifth of the processor's time
 * while a million prefixes came in.)
 *
 * A segment grows until it has the largest size and then splits in two by the next bit of the hash; the directory
 * doubles when that bit is not in its index yet. Segments of a good hash fill evenly and so all grow at nearly the same
 * time: if the halves had the largest size at once, a table just past that point would stand half empty (16.8 MB
 * instead of 12.6 for a million ids), and with more steps than the one in between, each id is copied more often: 3.5
 * times for each that is added, 5 times with two. So the largest thing ever done at once is to copy one segment, 7,168
 * ids or about 30 us, and the table grows a segment at a time instead of holding two copies while it is rebuilt.
 *
 * Removal fills the gap with an id that stands behind its home for want of that room: no tombstones, so a table after
 * years of churn probes as one freshly filled. Segments shrink a size at a time below 3/8 full; they are not joined
 * again, a segment at its smallest being one cache line.
 *
 * The hash stands beside the id although the record could give it again: with slots of 4 bytes, which had to read
 * records all over memory, a million prefixes took 231 ns each to insert and 290 to remove instead of 162 and 201.
 */
#include "base/id_table.h"

#include <string.h>

#include "base/check.h"

enum {
    DEPTH_MAX = 20,
    SEGMENTS_MAX = 128 * 1024,
    BUCKETS_MAX = ID_TABLE_SEGMENT_SLOTS / ID_BUCKET_SLOTS,
    LAST_SLOT = ID_BUCKET_SLOTS - 1,
};

/* Sizes of segments, in buckets; the slab's classes. */
static const uint16_t size_buckets[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768, BUCKETS_MAX};
enum {
    SIZE_COUNT = sizeof(size_buckets) / sizeof(size_buckets[0]),
    SIZE_LARGEST = SIZE_COUNT - 1,
    SIZE_AFTER_SPLIT = SIZE_COUNT - 2,
};

struct id_segment {
    uint32_t place; /* of the buckets */
    uint32_t count;
    uint32_t limit; /* most ids it may hold */
    uint8_t size;   /* index into size_buckets */
    uint8_t depth;  /* bits of the hash all its ids share */
};

static uint32_t segment_bucket_count(const struct id_segment *segment)
{
    return size_buckets[segment->size];
}

static uint32_t segment_slot_count(const struct id_segment *segment)
{
    return segment_bucket_count(segment) * ID_BUCKET_SLOTS;
}

/* Most ids a segment of a size may hold. */
static uint32_t size_limit(unsigned size)
{
    return (uint32_t)size_buckets[size] * ID_BUCKET_SLOTS / 8 * 7;
}

/* The last buckets are nobody's home, and the very last slot is always empty. */
static uint32_t segment_homes(const struct id_segment *segment)
{
    uint32_t buckets = segment_bucket_count(segment);
    return buckets - buckets / 64 - (buckets > 1);
}

static struct id_bucket *segment_buckets(const struct id_table *table, const struct id_segment *segment)
{
    return slab_at(&table->slots, segment->place);
}

static void segment_make(struct id_table *table, struct id_segment *segment, unsigned size, unsigned depth)
{
    segment->size = (uint8_t)size;
    segment->place = slab_alloc(&table->slots, size);
    segment->depth = (uint8_t)depth;
    segment->count = 0;
    segment->limit = size_limit(size);
    table->slot_count += segment_slot_count(segment);
    struct id_bucket *bucket = segment->place ? segment_buckets(table, segment) : NULL;
    for (struct id_bucket *end = bucket + (bucket ? segment_bucket_count(segment) : 0); bucket < end; bucket++)
        memset(bucket->ids, 0, sizeof(bucket->ids));
}

static void segment_drop(struct id_table *table, const struct id_segment *segment)
{
    table->slot_count -= segment_slot_count(segment);
    if (segment->place)
        slab_free(&table->slots, segment->place, segment->size);
}

static unsigned bucket_used(const struct id_bucket *bucket)
{
    return id_bucket_full(bucket) ? ID_BUCKET_SLOTS : (unsigned)__builtin_ctz(id_bucket_equal(bucket->ids, 0));
}

static void bucket_set(struct id_bucket *bucket, unsigned slot, uint32_t hash, uint32_t id)
{
    bucket->hashes[slot] = hash;
    bucket->ids[slot] = id;
}

/* False when it is as full as it may be, or it would take the last slot. */
static bool segment_add(const struct id_segment_ref *ref, struct id_segment *segment, uint32_t hash, uint32_t id)
{
    struct id_bucket *bucket = &ref->buckets[id_bucket_home(hash, ref->depth, ref->homes)];
    if (unlikely(segment->count >= segment->limit))
        return false;
    while (id_bucket_full(bucket))
        bucket++;
    unsigned slot = (unsigned)__builtin_ctz(id_bucket_equal(bucket->ids, 0));
    if (unlikely(slot == LAST_SLOT) && bucket == &ref->buckets[segment_bucket_count(segment) - 1])
        return false;
    bucket_set(bucket, slot, hash, id);
    segment->count++;
    return true;
}

/* Makes the directory entries of a segment, all those that begin with the `depth` bits of `hash`, point at it. */
static void directory_set(struct id_table *table, uint32_t segment_index, uint32_t hash)
{
    const struct id_segment *segment = &table->segments[segment_index];
    table->layout++;
    uint64_t first = (uint64_t)hash << segment->depth >> 32 << (table->depth - segment->depth);
    uint64_t count = 1ull << (table->depth - segment->depth);
    for (uint64_t i = 0; i < count; i++) {
        table->directory[first + i] = (struct id_segment_ref){.buckets = segment_buckets(table, segment),
                                                              .homes = segment_homes(segment),
                                                              .segment = segment_index,
                                                              .depth = segment->depth};
    }
}

static void directory_double(struct id_table *table)
{
    size_t size = (size_t)1 << table->depth;
    table->directory = mem_realloc(table->kind, table->directory, 2 * size * sizeof(*table->directory));
    for (size_t i = size; i-- > 0;)
        table->directory[2 * i] = table->directory[2 * i + 1] = table->directory[i];
    table->depth++;
}

void id_table_init(struct id_table *table, enum mem_kind kind)
{
    memset(table, 0, sizeof(*table));
    table->kind = kind;
    slab_init(&table->slots, &(struct slab_layout){
                                 .kind = kind,
                                 .unit_bytes = sizeof(struct id_bucket),
                                 .page_units = BUCKETS_MAX,
                                 .max_pages = SEGMENTS_MAX,
                                 .class_units = size_buckets,
                                 .class_count = SIZE_COUNT,
                             });
    table->directory = mem_zalloc(kind, sizeof(*table->directory));
    table->segment_capacity = 8;
    table->segments = mem_zalloc(kind, table->segment_capacity * sizeof(*table->segments));
    table->segment_count = 1;
    segment_make(table, &table->segments[0], 0, 0);
    directory_set(table, 0, 0);
}

void id_table_release(struct id_table *table)
{
    slab_release(&table->slots);
    mem_free(table->kind, table->directory);
    mem_free(table->kind, table->segments);
    table->directory = NULL;
    table->segments = NULL;
}

/* The filling of a new segment: how full its buckets are is kept aside meanwhile, close by. */
struct filling {
    struct id_bucket *buckets;
    uint32_t homes, last;
    uint8_t used[BUCKETS_MAX];
};

static void filling_begin(const struct id_table *table, struct filling *filling, const struct id_segment *segment)
{
    filling->buckets = segment_buckets(table, segment);
    filling->homes = segment_homes(segment);
    filling->last = segment_bucket_count(segment) - 1;
    memset(filling->used, 0, segment_bucket_count(segment));
}

/* False when it would take the last slot. */
static inline bool filling_add(struct filling *filling, unsigned depth, uint32_t hash, uint32_t id)
{
    uint32_t at = id_bucket_home(hash, depth, filling->homes);
    while (filling->used[at] == ID_BUCKET_SLOTS)
        at++;
    unsigned slot = filling->used[at];
    if (unlikely(at == filling->last) && slot == LAST_SLOT)
        return false;
    filling->used[at] = (uint8_t)(slot + 1);
    bucket_set(&filling->buckets[at], slot, hash, id);
    return true;
}

static bool segment_copy(const struct id_table *table, const struct id_segment *from, const struct id_segment *to)
{
    struct filling filling;
    filling_begin(table, &filling, to);
    const struct id_bucket *bucket = segment_buckets(table, from);
    for (const struct id_bucket *end = bucket + segment_bucket_count(from); bucket < end; bucket++) {
        for (unsigned slot = 0; slot < ID_BUCKET_SLOTS && bucket->ids[slot] != 0; slot++) {
            if (unlikely(!filling_add(&filling, to->depth, bucket->hashes[slot], bucket->ids[slot])))
                return false;
        }
    }
    return true;
}

/* Gives a segment another size. `hash` is that of any key in its range. */
static bool segment_resize(struct id_table *table, uint32_t index, unsigned size, uint32_t hash)
{
    const struct id_segment *segment = &table->segments[index];
    struct id_segment resized;
    segment_make(table, &resized, size, segment->depth);
    if (!resized.place || !segment_copy(table, segment, &resized)) {
        segment_drop(table, &resized);
        return false;
    }
    resized.count = segment->count;
    segment_drop(table, segment);
    table->segments[index] = resized;
    directory_set(table, index, hash);
    return true;
}

/* Copies the ids of a segment into two, of which the second is for hashes that go on with a 1. */
static bool segment_deal_out(const struct id_table *table, const struct id_segment *from, struct id_segment *low,
                             struct id_segment *high)
{
    struct filling zeros, ones;
    filling_begin(table, &zeros, low);
    filling_begin(table, &ones, high);
    const struct id_bucket *bucket = segment_buckets(table, from);
    for (const struct id_bucket *end = bucket + segment_bucket_count(from); bucket < end; bucket++) {
        for (unsigned slot = 0; slot < ID_BUCKET_SLOTS && bucket->ids[slot] != 0; slot++) {
            uint32_t hash = bucket->hashes[slot], one = hash << from->depth >> 31;
            if (unlikely(!filling_add(one ? &ones : &zeros, low->depth, hash, bucket->ids[slot])))
                return false;
            high->count += one;
        }
    }
    low->count = from->count - high->count;
    return true;
}

/* A good hash halves a segment; with one that does not, two of `size` may be too small. */
static bool segment_halve(struct id_table *table, const struct id_segment *segment, unsigned size,
                          struct id_segment *low, struct id_segment *high)
{
    segment_make(table, low, size, segment->depth + 1u);
    segment_make(table, high, size, segment->depth + 1u);
    if (low->place && high->place && segment_deal_out(table, segment, low, high))
        return true;
    segment_drop(table, low);
    segment_drop(table, high);
    return false;
}

static bool segment_split(struct id_table *table, uint32_t index, uint32_t hash)
{
    unsigned depth = table->segments[index].depth;
    if (depth == DEPTH_MAX)
        return false;
    if (depth == table->depth)
        directory_double(table);
    if (table->segment_count == table->segment_capacity) {
        table->segment_capacity *= 2;
        table->segments = mem_realloc(table->kind, table->segments, table->segment_capacity * sizeof(*table->segments));
    }
    const struct id_segment *segment = &table->segments[index];
    struct id_segment low, high;
    if (!segment_halve(table, segment, SIZE_AFTER_SPLIT, &low, &high) &&
        !segment_halve(table, segment, SIZE_LARGEST, &low, &high))
        return false;
    segment_drop(table, segment);
    uint32_t branch = 0x80000000u >> depth;
    uint32_t high_index = table->segment_count++;
    table->segments[index] = low;
    table->segments[high_index] = high;
    directory_set(table, index, hash & ~branch);
    directory_set(table, high_index, hash | branch);
    return true;
}

/* Seldom, and apart, so that putting an id has few registers to save. */
__attribute__((noinline)) static bool segment_grow(struct id_table *table, uint32_t index, uint32_t hash)
{
    unsigned size = table->segments[index].size;
    return size < SIZE_LARGEST ? segment_resize(table, index, size + 1, hash) : segment_split(table, index, hash);
}

bool id_table_put(struct id_table *table, uint32_t hash, uint32_t id)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    while (unlikely(!segment_add(ref, &table->segments[ref->segment], hash, id))) {
        if (!segment_grow(table, ref->segment, hash))
            return false;
        ref = id_table_segment(table, hash);
    }
    table->count++;
    return true;
}

/* The slot of an id in a bucket; ID_BUCKET_SLOTS: not there. */
static unsigned bucket_find(const struct id_bucket *bucket, uint32_t id)
{
    unsigned found = id_bucket_equal(bucket->ids, id);
    return found ? (unsigned)__builtin_ctz(found) : ID_BUCKET_SLOTS;
}

/* The slot of an id in a bucket whose home is buckets[hole] or before; ID_BUCKET_SLOTS: none. */
static unsigned bucket_find_for(const struct id_segment_ref *ref, const struct id_bucket *bucket, uint32_t hole)
{
    for (unsigned slot = 0; slot < ID_BUCKET_SLOTS && bucket->ids[slot] != 0; slot++) {
        if (id_bucket_home(bucket->hashes[slot], ref->depth, ref->homes) <= hole)
            return slot;
    }
    return ID_BUCKET_SLOTS;
}

/* Empties a slot. What had to go on because the bucket was full comes back, from as far as full buckets follow each
 * other, and leaves a slot to be emptied itself. In the end the last one of the bucket takes the place. */
static void slot_empty(const struct id_segment_ref *ref, uint32_t at, unsigned slot)
{
    for (uint32_t next = at; id_bucket_full(&ref->buckets[next]);) {
        next++;
        const struct id_bucket *bucket = &ref->buckets[next];
        unsigned from = bucket_find_for(ref, bucket, at);
        if (from == ID_BUCKET_SLOTS)
            continue;
        bucket_set(&ref->buckets[at], slot, bucket->hashes[from], bucket->ids[from]);
        at = next;
        slot = from;
    }
    struct id_bucket *bucket = &ref->buckets[at];
    unsigned last = bucket_used(bucket) - 1;
    bucket_set(bucket, slot, bucket->hashes[last], bucket->ids[last]);
    bucket->ids[last] = 0;
}

void id_table_remove(struct id_table *table, uint32_t hash, uint32_t id)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    struct id_segment *segment = &table->segments[ref->segment];
    uint32_t at = id_bucket_home(hash, ref->depth, ref->homes);
    unsigned slot;
    while ((slot = bucket_find(&ref->buckets[at], id)) == ID_BUCKET_SLOTS) {
        CHECK(id_bucket_full(&ref->buckets[at]));
        at++;
    }
    slot_empty(ref, at, slot);
    segment->count--;
    table->count--;
    if (segment->count < segment_slot_count(segment) / 8 * 3 && segment->size > 0)
        segment_resize(table, ref->segment, segment->size - 1u, hash);
}

uint32_t id_table_longest_search(const struct id_table *table)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < table->segment_count; i++) {
        const struct id_segment *segment = &table->segments[i];
        const struct id_bucket *buckets = segment_buckets(table, segment);
        for (uint32_t at = 0; at < segment_bucket_count(segment); at++) {
            for (unsigned slot = 0; slot < bucket_used(&buckets[at]); slot++) {
                uint32_t home = id_bucket_home(buckets[at].hashes[slot], segment->depth, segment_homes(segment));
                longest = at - home > longest ? at - home : longest;
            }
        }
    }
    return longest;
}

uint64_t id_table_bytes(const struct id_table *table)
{
    return table->slots.touched_bytes + (sizeof(*table->directory) << table->depth) +
           (uint64_t)table->segment_capacity * sizeof(*table->segments);
}
