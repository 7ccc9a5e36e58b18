/* Extendible hashing over linear probing.
 *
 *     hash  | d bits: entry of the directory | the rest: slot |
 *
 * A segment is an open-addressing table of 8 to 8,192 slots, at most 7/8 full, whose ids stand in the order of their
 * hashes: an id's home is where its hash would be if all hashes there are were spread evenly over the segment, and ids
 * that come to stand there before it move it on. So a search ends at the first higher hash, also when it finds nothing,
 * which is what every new prefix begins with (unordered, it has to find an empty slot: 30 steps in so full a table);
 * and a segment is made larger, or split, by copying it from front to back.
 *
 * It grows by a quarter or so until it has the largest size and then splits in two by the next bit of the hash; the
 * directory doubles when that bit is not in its index yet. Segments of a good hash fill evenly and so all grow at
 * nearly the same time: with sizes that only double, a table just past that point would stand half empty (16.8 MB
 * instead of 10.5 for a million ids). So the largest thing ever done at once is to copy one segment, 7,168 ids or about
 * 30 us, and the table grows a segment at a time instead of holding two copies while it is rebuilt.
 *
 * Removal closes the gap by moving later ids of the run back: no tombstones, so a table after years of churn probes
 * as one freshly filled. Segments shrink a size at a time below 3/8 full; they are not joined again, a segment at its
 * smallest being one cache line.
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
    SLOT_UNIT_BYTES = 64,
    SLOTS_PER_UNIT = SLOT_UNIT_BYTES / sizeof(struct id_slot),
};

/* Sizes of segments, in units; the slab's classes. */
static const uint16_t size_units[] = {1,  2,  3,   4,   6,   8,   12,  16,  24,  32,  48,
                                      64, 96, 128, 192, 256, 384, 512, 640, 832, 1024};
enum {
    SIZE_COUNT = sizeof(size_units) / sizeof(size_units[0]),
    SIZE_LARGEST = SIZE_COUNT - 1,
    SIZE_AFTER_SPLIT = SIZE_COUNT - 3,
};
_Static_assert(1024 * SLOTS_PER_UNIT == ID_TABLE_SEGMENT_SLOTS, "the largest segment is the last class");

struct id_segment {
    uint32_t place; /* of the slots */
    uint32_t count;
    uint32_t limit; /* most ids it may hold */
    uint8_t size;   /* index into size_units */
    uint8_t depth;  /* bits of the hash all its ids share */
};

static uint32_t segment_slot_count(const struct id_segment *segment)
{
    return (uint32_t)size_units[segment->size] * SLOTS_PER_UNIT;
}

/* Most ids a segment of a size may hold. */
static uint32_t size_limit(unsigned size)
{
    return (uint32_t)size_units[size] * SLOTS_PER_UNIT / 8 * 7;
}

/* The last slots are nobody's home, and the very last is always empty. */
static uint32_t segment_homes(const struct id_segment *segment)
{
    uint32_t slots = segment_slot_count(segment);
    return slots - slots / 64 - 4;
}

static struct id_slot *segment_slots(const struct id_table *table, const struct id_segment *segment)
{
    return slab_at(&table->slots, segment->place);
}

static void segment_make(struct id_table *table, struct id_segment *segment, unsigned size, unsigned depth)
{
    segment->size = (uint8_t)size;
    uint32_t slots = segment_slot_count(segment);
    segment->place = slab_alloc(&table->slots, size);
    segment->depth = (uint8_t)depth;
    segment->count = 0;
    segment->limit = size_limit(size);
    table->slot_count += slots;
    struct id_slot *at = segment->place ? segment_slots(table, segment) : NULL;
    for (struct id_slot *end = at ? at + slots : NULL; at < end; at++)
        *at = ID_SLOT_EMPTY;
}

static void segment_drop(struct id_table *table, const struct id_segment *segment)
{
    table->slot_count -= segment_slot_count(segment);
    if (segment->place)
        slab_free(&table->slots, segment->place, segment->size);
}

/* Puts a slot behind the lower hashes and moves the rest of the run on. False when it would reach the last slot. */
static bool segment_add(const struct id_table *table, struct id_segment *segment, struct id_slot slot)
{
    struct id_slot *slots = segment_slots(table, segment);
    uint32_t last = segment_slot_count(segment) - 1;
    uint32_t at = id_slot_home(slot.hash, segment->depth, segment_homes(segment));
    while (slots[at].hash <= slot.hash && slots[at].id)
        at++;
    uint32_t end = at;
    while (slots[end].id)
        end++;
    if (unlikely(end == last))
        return false;
    memmove(&slots[at + 1], &slots[at], (end - at) * sizeof(*slots));
    slots[at] = slot;
    segment->count++;
    return true;
}

/* Makes the directory entries of a segment, all those that begin with the `depth` bits of `hash`, point at it. */
static void directory_set(struct id_table *table, uint32_t segment_index, uint32_t hash)
{
    const struct id_segment *segment = &table->segments[segment_index];
    uint64_t first = (uint64_t)hash << segment->depth >> 32 << (table->depth - segment->depth);
    uint64_t count = 1ull << (table->depth - segment->depth);
    for (uint64_t i = 0; i < count; i++) {
        table->directory[first + i] = (struct id_segment_ref){.slots = segment_slots(table, segment),
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
                                 .unit_bytes = SLOT_UNIT_BYTES,
                                 .page_units = 1024,
                                 .max_pages = SEGMENTS_MAX,
                                 .class_units = size_units,
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

/* Copies slots in order of hash, from front to back, into an empty segment. False when it would reach the last slot. */
static bool segment_fill(const struct id_table *table, struct id_segment *segment, const struct id_slot *from,
                         const struct id_slot *end)
{
    struct id_slot *slots = segment_slots(table, segment);
    uint32_t homes = segment_homes(segment), last = segment_slot_count(segment) - 1, next = 0, count = 0;
    for (; from < end; from++) {
        if (!from->id)
            continue;
        uint32_t home = id_slot_home(from->hash, segment->depth, homes);
        next = home > next ? home : next;
        if (unlikely(next == last))
            return false;
        slots[next++] = *from;
        count++;
    }
    segment->count = count;
    return true;
}

/* Gives a segment another size. `hash` is that of any key in its range. */
static bool segment_resize(struct id_table *table, uint32_t index, unsigned size, uint32_t hash)
{
    const struct id_segment *segment = &table->segments[index];
    const struct id_slot *slots = segment_slots(table, segment);
    struct id_segment resized;
    segment_make(table, &resized, size, segment->depth);
    if (!resized.place || !segment_fill(table, &resized, slots, slots + segment_slot_count(segment))) {
        segment_drop(table, &resized);
        return false;
    }
    segment_drop(table, segment);
    table->segments[index] = resized;
    directory_set(table, index, hash);
    return true;
}

/* The first slot of the upper half of the hashes a segment is for; counts the ids below it. */
static const struct id_slot *upper_half(const struct id_table *table, const struct id_segment *segment, uint32_t *lower)
{
    const struct id_slot *slots = segment_slots(table, segment);
    const struct id_slot *end = slots + segment_slot_count(segment);
    for (*lower = 0; slots < end && !(slots->id && slots->hash << segment->depth & 0x80000000u); slots++)
        *lower += slots->id != 0;
    return slots;
}

/* A good hash halves a segment; one that does not must still find room. */
static unsigned size_after_split(uint32_t count)
{
    return count < size_limit(SIZE_AFTER_SPLIT) ? SIZE_AFTER_SPLIT : SIZE_LARGEST;
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
    const struct id_slot *slots = segment_slots(table, segment);
    struct id_segment low, high;
    uint32_t lower;
    const struct id_slot *middle = upper_half(table, segment, &lower);
    segment_make(table, &low, size_after_split(lower), depth + 1);
    segment_make(table, &high, size_after_split(segment->count - lower), depth + 1);
    if (!low.place || !high.place || !segment_fill(table, &low, slots, middle) ||
        !segment_fill(table, &high, middle, slots + segment_slot_count(segment))) {
        segment_drop(table, &low);
        segment_drop(table, &high);
        return false;
    }
    segment_drop(table, segment);
    uint32_t branch = 0x80000000u >> depth;
    uint32_t high_index = table->segment_count++;
    table->segments[index] = low;
    table->segments[high_index] = high;
    directory_set(table, index, hash & ~branch);
    directory_set(table, high_index, hash | branch);
    return true;
}

static bool segment_grow(struct id_table *table, uint32_t index, uint32_t hash)
{
    unsigned size = table->segments[index].size;
    return size < SIZE_LARGEST ? segment_resize(table, index, size + 1, hash) : segment_split(table, index, hash);
}

bool id_table_put(struct id_table *table, uint32_t hash, uint32_t id)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    while (unlikely(table->segments[ref->segment].count >= table->segments[ref->segment].limit) ||
           unlikely(!segment_add(table, &table->segments[ref->segment], (struct id_slot){.hash = hash, .id = id}))) {
        if (!segment_grow(table, ref->segment, hash))
            return false;
        ref = id_table_segment(table, hash);
    }
    table->count++;
    return true;
}

void id_table_remove(struct id_table *table, uint32_t hash, uint32_t id)
{
    const struct id_segment_ref *ref = id_table_segment(table, hash);
    struct id_segment *segment = &table->segments[ref->segment];
    struct id_slot *slots = ref->slots;
    uint32_t hole = id_slot_home(hash, ref->depth, ref->homes);
    while (slots[hole].id != id) {
        CHECK(slots[hole].id);
        hole++;
    }
    /* What was moved on moves back. */
    for (uint32_t at = hole + 1; slots[at].id && id_slot_home(slots[at].hash, ref->depth, ref->homes) < at; at++)
        slots[hole++] = slots[at];
    slots[hole] = ID_SLOT_EMPTY;
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
        const struct id_slot *slots = segment_slots(table, segment);
        uint32_t size = segment_slot_count(segment), homes = segment_homes(segment);
        for (uint32_t at = 0; at < size; at++) {
            uint32_t steps = slots[at].id ? at - id_slot_home(slots[at].hash, segment->depth, homes) : 0;
            longest = steps > longest ? steps : longest;
        }
    }
    return longest;
}

uint64_t id_table_bytes(const struct id_table *table)
{
    return table->slots.touched_bytes + (sizeof(*table->directory) << table->depth) +
           (uint64_t)table->segment_capacity * sizeof(*table->segments);
}
