/* The sorted copy is an array of entries that compare as numbers: for IPv4 one word
 *
 *     | address 32 | length 6 | row id 26 |
 *
 * and for IPv6 three, the last with length and id. Keys are copied because rows change while the sort goes on; the
 * id is only a hint, checked when it is used. The sort is a bottom-up merge sort, which can stop after any entry:
 * collect the keys, sort runs of 32 in place, then merge runs of 32, 64, ... between two buffers.
 */
#include "rib/prefix_index.h"

#include <string.h>

#include "base/check.h"
#include "base/octets.h"

enum { IPV4_WORDS = 1, IPV6_WORDS = 3, RUN_ENTRIES = 32, LENGTH_SHIFT = ROW_ID_BITS };

_Static_assert(32 + 6 + ROW_ID_BITS == 64, "an IPv4 entry is one word");

enum build_phase { BUILD_NONE, BUILD_COLLECT, BUILD_RUNS, BUILD_MERGE };

struct prefix_index {
    const struct prefix_table *table;
    struct prefix_order *order; /* the last finished one */
    unsigned words;
    enum build_phase phase;
    uint64_t generation; /* of the table when the build began */
    uint64_t *entries;
    uint64_t *other; /* merges go from `entries` to here, then the two change places */
    size_t count;
    size_t capacity;
    uint32_t collected;       /* row id */
    size_t run;               /* start of the run to be sorted */
    size_t width;             /* entries in the runs being merged */
    size_t pair, left, right; /* start of the pair of runs at work, and what is next in each */
};

static unsigned words_of(enum addr_kind kind)
{
    return kind == ADDR_IPV4 ? IPV4_WORDS : IPV6_WORDS;
}

static void entry_make(enum addr_kind kind, const uint8_t *key, uint64_t length, uint32_t id, uint64_t *entry)
{
    if (kind == ADDR_IPV4) {
        entry[0] = (uint64_t)load_u32(key) << 32 | length << LENGTH_SHIFT | id;
        return;
    }
    entry[0] = load_u64(key);
    entry[1] = load_u64(key + 8);
    entry[2] = length << LENGTH_SHIFT | id;
}

static uint8_t entry_key(enum addr_kind kind, const uint64_t *entry, uint8_t *key)
{
    if (kind == ADDR_IPV4) {
        uint32_t address = __builtin_bswap32((uint32_t)(entry[0] >> 32));
        memcpy(key, &address, sizeof(address));
        return (uint8_t)(entry[0] >> LENGTH_SHIFT & 0x3F);
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t word = __builtin_bswap64(entry[i]);
        memcpy(key + 8 * i, &word, sizeof(word));
    }
    return (uint8_t)(entry[2] >> LENGTH_SHIFT);
}

static inline bool entry_before(const uint64_t *a, const uint64_t *b, unsigned words)
{
    for (unsigned i = 0; i + 1 < words; i++) {
        if (a[i] != b[i])
            return a[i] < b[i];
    }
    return a[words - 1] < b[words - 1];
}

static inline void entry_copy(uint64_t *to, const uint64_t *from, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        to[i] = from[i];
}

uint32_t prefix_longest_match(const struct prefix_table *table, const uint8_t *key, int max_length)
{
    uint8_t masked[16] = {0};
    int bits = (int)table->key_bytes * 8;
    memcpy(masked, key, table->key_bytes);
    for (int length = bits; length >= 0; length--) {
        if (length < bits)
            masked[length / 8] &= (uint8_t)(0xFF00 >> length % 8);
        if (length > max_length || !table->length_counts[length])
            continue;
        uint32_t id = prefix_table_find(table, masked, (uint8_t)length);
        if (id)
            return id;
    }
    return 0;
}

struct prefix_order *prefix_order_ref(struct prefix_order *order)
{
    order->refs++;
    return order;
}

void prefix_order_unref(struct prefix_order *order)
{
    if (!order || --order->refs)
        return;
    mem_free(MEM_PREFIX, order->entries);
    mem_free(MEM_PREFIX, order);
}

static const uint64_t *order_entry(const struct prefix_order *order, uint32_t position)
{
    return order->entries + (size_t)position * words_of(order->kind);
}

uint32_t prefix_order_row(const struct prefix_order *order, const struct prefix_table *table, uint32_t position)
{
    const uint64_t *entry = order_entry(order, position);
    uint8_t key[16], before[16];
    uint8_t length = entry_key(order->kind, entry, key);
    /* A prefix removed and added again while it was collected is there twice. */
    if (position > 0 && entry_key(order->kind, order_entry(order, position - 1), before) == length &&
        memcmp(key, before, table->key_bytes) == 0)
        return 0;
    return prefix_table_find(table, key, length);
}

/* The first position not before `bound`. */
static uint32_t order_search(const struct prefix_order *order, const uint64_t *bound)
{
    uint32_t low = 0, high = order->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entry_before(order_entry(order, middle), bound, words_of(order->kind)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t prefix_order_find(const struct prefix_order *order, const uint8_t *key, uint8_t length)
{
    uint64_t bound[IPV6_WORDS];
    entry_make(order->kind, key, length, 0, bound);
    return order_search(order, bound);
}

void prefix_order_within(const struct prefix_order *order, const uint8_t *key, uint8_t length, uint32_t *first,
                         uint32_t *end)
{
    unsigned key_bytes = order->kind == ADDR_IPV4 ? 4 : 16;
    uint64_t bound[IPV6_WORDS];
    uint8_t last[16];
    *first = prefix_order_find(order, key, length);
    memcpy(last, key, key_bytes);
    for (unsigned bit = length; bit < key_bytes * 8; bit++)
        last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    entry_make(order->kind, last, key_bytes * 8, ROW_ID_MAX, bound);
    *end = order_search(order, bound);
    if (*end < order->count && !entry_before(bound, order_entry(order, *end), words_of(order->kind)))
        ++*end; /* the very last address with the very last id */
}

struct prefix_index *prefix_index_new(const struct prefix_table *table)
{
    struct prefix_index *index = mem_zalloc(MEM_PREFIX, sizeof(*index));
    index->table = table;
    index->words = words_of(table->kind);
    return index;
}

static void build_drop(struct prefix_index *index)
{
    mem_free(MEM_PREFIX, index->entries);
    mem_free(MEM_PREFIX, index->other);
    index->entries = index->other = NULL;
    index->phase = BUILD_NONE;
}

void prefix_index_forget(struct prefix_index *index)
{
    prefix_order_unref(index->order);
    index->order = NULL;
}

void prefix_index_free(struct prefix_index *index)
{
    if (!index)
        return;
    build_drop(index);
    prefix_index_forget(index);
    mem_free(MEM_PREFIX, index);
}

static size_t entry_bytes(const struct prefix_index *index)
{
    return index->words * sizeof(uint64_t);
}

static void build_begin(struct prefix_index *index)
{
    index->phase = BUILD_COLLECT;
    index->generation = index->table->generation;
    index->count = index->run = 0;
    index->collected = 0;
    index->capacity = index->table->row_count + 1024;
    index->entries = mem_alloc(MEM_PREFIX, index->capacity * entry_bytes(index));
}

/* The steps below return how many entries they handled, and set the next phase when they are through. */

static uint32_t build_collect(struct prefix_index *index, uint32_t budget)
{
    const struct prefix_table *table = index->table;
    for (uint32_t done = 0; done < budget; done++) {
        index->collected = prefix_table_next(table, index->collected);
        if (!index->collected) {
            index->phase = BUILD_RUNS;
            return done + 1;
        }
        if (index->count == index->capacity) { /* rows were added meanwhile */
            index->capacity += index->capacity / 4;
            index->entries = mem_realloc(MEM_PREFIX, index->entries, index->capacity * entry_bytes(index));
        }
        const struct rib_row *row = prefix_table_row(table, index->collected);
        entry_make(table->kind, row->key, row->length, index->collected,
                   index->entries + index->count++ * index->words);
    }
    return budget;
}

static inline __attribute__((always_inline)) void run_sort(uint64_t *entries, size_t count, unsigned words)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t moving[IPV6_WORDS];
        size_t at = i;
        entry_copy(moving, entries + i * words, words);
        while (at > 0 && entry_before(moving, entries + (at - 1) * words, words)) {
            entry_copy(entries + at * words, entries + (at - 1) * words, words);
            at--;
        }
        entry_copy(entries + at * words, moving, words);
    }
}

static void build_pass_begin(struct prefix_index *index, size_t width)
{
    index->width = width;
    index->pair = index->left = 0;
    index->right = width < index->count ? width : index->count;
}

static uint32_t build_runs(struct prefix_index *index, uint32_t budget)
{
    uint32_t done = 0;
    uint32_t cost = RUN_ENTRIES * (1 + index->words);
    for (; index->run < index->count && done < budget; index->run += RUN_ENTRIES, done += cost) {
        size_t left = index->count - index->run;
        size_t count = left < RUN_ENTRIES ? left : RUN_ENTRIES;
        if (index->words == IPV4_WORDS)
            run_sort(index->entries + index->run, count, IPV4_WORDS);
        else
            run_sort(index->entries + index->run * IPV6_WORDS, count, IPV6_WORDS);
    }
    if (index->run >= index->count) {
        index->phase = BUILD_MERGE;
        index->other = mem_alloc(MEM_PREFIX, index->count * entry_bytes(index));
        build_pass_begin(index, RUN_ENTRIES);
    }
    return done ? done : 1;
}

struct merge {
    const uint64_t *from;
    uint64_t *to;
    size_t left, left_end;
    size_t right, right_end;
};

static inline __attribute__((always_inline)) void merge_some(struct merge *merge, size_t out, size_t count,
                                                             unsigned words)
{
    struct merge m = *merge;
    uint64_t *to = m.to + out * words;
    for (; count; count--, to += words) {
        bool from_right =
            m.left == m.left_end ||
            (m.right < m.right_end && entry_before(m.from + m.right * words, m.from + m.left * words, words));
        entry_copy(to, m.from + (from_right ? m.right : m.left) * words, words);
        m.right += from_right;
        m.left += !from_right;
    }
    *merge = m;
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint32_t build_merge(struct prefix_index *index, uint32_t budget)
{
    uint32_t spent = 0;
    while (index->width < index->count && spent < budget) {
        size_t middle = at_most(index->pair + index->width, index->count);
        size_t end = at_most(middle + index->width, index->count);
        size_t out = index->left + index->right - middle;
        size_t count = at_most(end - out, budget - spent);
        struct merge merge = {.from = index->entries,
                              .to = index->other,
                              .left = index->left,
                              .left_end = middle,
                              .right = index->right,
                              .right_end = end};
        if (index->words == IPV4_WORDS)
            merge_some(&merge, out, count, IPV4_WORDS);
        else
            merge_some(&merge, out, count, IPV6_WORDS);
        spent += (uint32_t)count;
        index->left = merge.left;
        index->right = merge.right;
        if (out + count < end)
            return spent;
        index->pair = index->left = end;
        index->right = at_most(end + index->width, index->count);
        if (end == index->count) {
            uint64_t *merged = index->other;
            index->other = index->entries;
            index->entries = merged;
            build_pass_begin(index, 2 * index->width);
        }
    }
    if (index->width >= index->count)
        index->phase = BUILD_NONE;
    return spent ? spent : 1;
}

static void build_finish(struct prefix_index *index)
{
    prefix_order_unref(index->order);
    index->order = mem_zalloc(MEM_PREFIX, sizeof(*index->order));
    *index->order = (struct prefix_order){.entries = index->entries,
                                          .generation = index->generation,
                                          .count = (uint32_t)index->count,
                                          .refs = 1,
                                          .kind = index->table->kind};
    index->entries = NULL;
    build_drop(index);
}

struct prefix_order *prefix_index_get(struct prefix_index *index, uint64_t generation, uint32_t budget)
{
    while (!index->order || index->order->generation < generation) {
        if (budget == 0)
            return NULL;
        uint32_t spent = 0;
        switch (index->phase) {
        case BUILD_NONE:
            build_begin(index);
            continue;
        case BUILD_COLLECT:
            spent = build_collect(index, budget);
            break;
        case BUILD_RUNS:
            spent = build_runs(index, budget);
            break;
        case BUILD_MERGE:
            spent = build_merge(index, budget);
            if (index->phase == BUILD_NONE)
                build_finish(index);
            break;
        }
        budget -= spent < budget ? spent : budget;
    }
    return prefix_order_ref(index->order);
}
