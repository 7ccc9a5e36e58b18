/* The prefixes of one family in one RIB: rows named by 32-bit ids, found by key.
 *
 * A row is 32 bytes for IPv4 and 48 for IPv6 and never moves. What stands in it besides the key belongs to the RIB;
 * the table makes a new row with best_rank ~0 and the rest zero. Ids start at 1, stay low, and are used again after
 * removal. Keys are addresses in network order with host bits zero, 4 or 16 octets. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/id_table.h"
#include "base/slab.h"
#include "net/prefix.h"

enum { ROW_FREED = 0xFF, ROW_ID_BITS = 26, ROW_ID_MAX = (1 << ROW_ID_BITS) - 1 };

struct rib_row {
    uint64_t best_rank;  /* of the best path; ~0 = none, or, of a path in the row itself, not known. Its own only while
                            the row is in use. */
    uint32_t paths;      /* a path chunk, or the attr_id of the single path when chunk_class is 0 */
    uint32_t dirty_next; /* the RIB's list of rows to be looked at; 0 = not in it */
    uint32_t version;    /* of the RIB at the last change of the best path */
    uint16_t path_count;
    uint8_t chunk_class; /* see rib/path_pool.h; 0 = no chunk */
    uint8_t length;      /* bits; ROW_FREED */
    uint16_t inline_peer;
    uint16_t inline_flags;
    uint8_t key[];
};

_Static_assert(offsetof(struct rib_row, key) + 4 == 32, "an IPv4 row is 32 bytes");
_Static_assert(offsetof(struct rib_row, key) + 16 <= 48, "an IPv6 row is 48 bytes");

/* A prefix without its family, the form look-ups take in batches. IPv4 uses the first 4 octets. */
struct prefix_key {
    uint8_t bytes[16];
    uint8_t length;
};

struct prefix_table {
    uint8_t *memory; /* of the rows */
    uint32_t row_bytes;
    uint32_t key_bytes;
    enum addr_kind kind;
    uint32_t row_count;
    uint64_t generation; /* grows with every row added or removed */
    uint64_t seeds[3];
    uint32_t length_counts[129]; /* rows by prefix length */
    struct id_table ids;
    struct slab rows;
};

struct prefix_table *prefix_table_new(enum addr_kind kind);
void prefix_table_free(struct prefix_table *table);

/* The row, or 0. */
static inline uint32_t prefix_table_find(const struct prefix_table *table, const uint8_t *key, uint8_t length);

/* The row, made if it is missing; 0 only when ROW_ID_MAX rows are in use. */
uint32_t prefix_table_get_or_add(struct prefix_table *table, const uint8_t *key, uint8_t length);

/* The same two for many keys, whose cache misses overlap, and overlap with whatever is done between these steps: the
 * slots are asked for, then the rows they name, then the keys are looked up for good. `keys` and `count` are the
 * caller's to fill in; `ids` has the rows at the end, which are near the processor then. The table may change between
 * the steps. */
enum { PREFIX_BATCH = 32 };

struct prefix_batch {
    uint32_t count;
    uint32_t hashes[PREFIX_BATCH];
    uint32_t ids[PREFIX_BATCH];
    const struct id_bucket *homes[PREFIX_BATCH]; /* of the hashes, in that layout of the table */
    uint64_t layout;
    uint64_t generation; /* of the table, plus 1, when rows were asked for; 0: not yet */
    struct prefix_key keys[PREFIX_BATCH];
};

void prefix_batch_ask_slots(const struct prefix_table *table, struct prefix_batch *batch);
void prefix_batch_ask_rows(const struct prefix_table *table, struct prefix_batch *batch);
void prefix_batch_find(const struct prefix_table *table, struct prefix_batch *batch);
void prefix_batch_get_or_add(struct prefix_table *table, struct prefix_batch *batch);

/* What removing the row will need is asked for: first itself, and later, once it is near, its slot. */
static inline void prefix_table_ask_row(const struct prefix_table *table, uint32_t id);
static inline void prefix_table_ask_slot(const struct prefix_table *table, uint32_t id);

/* Removes a row in use. The RIB has taken its paths out and its id from every list before. */
void prefix_table_remove(struct prefix_table *table, uint32_t id);

static inline struct rib_row *prefix_table_row(const struct prefix_table *table, uint32_t id)
{
    return (struct rib_row *)(table->memory + (size_t)id * table->row_bytes);
}

/* Walks in the order of ids, resumable and safe against any change in between: the first row in use behind `id`, 0 at
 * the end. Start with 0. Removed rows have the length ROW_FREED or, where their whole page was given back, read as
 * zero: so walk with this, not by reading lengths. */
uint32_t prefix_table_next(const struct prefix_table *table, uint32_t id);

/* No row in use has a higher id. */
uint32_t prefix_table_highest(const struct prefix_table *table);

struct prefix prefix_table_prefix(const struct prefix_table *table, uint32_t id);

uint64_t prefix_table_bytes(const struct prefix_table *table); /* of memory touched */

/* Below: what the fast path needs inline. ------------------------------------------------------------------------- */

/* The first `bits` of an address, in network order, from `left` octets that hold them. */
static inline uint32_t prefix_bits_32(const uint8_t *from, size_t left, unsigned bits)
{
    uint32_t word = 0;
    if (likely(left >= sizeof(word)))
        memcpy(&word, from, sizeof(word));
    else
        memcpy(&word, from, (bits + 7) / 8);
    return word & __builtin_bswap32((uint32_t)(UINT64_MAX << (32 - bits)));
}

static inline void prefix_bits_128(const uint8_t *from, unsigned bits, uint8_t to[16])
{
    memset(to, 0, 16);
    memcpy(to, from, (bits + 7) / 8);
    if (bits % 8)
        to[bits / 8] &= (uint8_t)(0xFF00 >> bits % 8);
}

/* The next prefix of a run of NLRI; false at the end, and, the cursor failed, on bytes that do not parse. */
static inline bool prefix_key_next(struct cursor *cursor, enum addr_kind kind, struct prefix_key *key)
{
    size_t left = cursor_left(cursor);
    if (left == 0)
        return false;
    unsigned bits = *cursor->at, octets = (bits + 7) / 8;
    if (unlikely(bits > (kind == ADDR_IPV4 ? 32 : 128) || octets >= left)) {
        cursor_fail(cursor);
        return false;
    }
    key->length = (uint8_t)bits;
    if (kind == ADDR_IPV4) {
        uint32_t word = prefix_bits_32(cursor->at + 1, left - 1, bits);
        memcpy(key->bytes, &word, sizeof(word));
    } else {
        prefix_bits_128(cursor->at + 1, bits, key->bytes);
    }
    cursor->at += 1 + octets;
    return true;
}

static inline uint64_t prefix_hash_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiply-and-fold under three secret words, so that nobody outside can choose prefixes that collide. */
static inline uint32_t prefix_table_hash(const struct prefix_table *table, const uint8_t *key, uint8_t length)
{
    uint64_t hash;
    if (table->kind == ADDR_IPV4) {
        uint32_t address;
        memcpy(&address, key, sizeof(address));
        hash = prefix_hash_fold(((uint64_t)address << 8 | length) ^ table->seeds[0], table->seeds[1]);
    } else {
        uint64_t high, low;
        memcpy(&high, key, sizeof(high));
        memcpy(&low, key + 8, sizeof(low));
        hash = prefix_hash_fold(high ^ table->seeds[0], low ^ table->seeds[1]) + length;
    }
    hash = prefix_hash_fold(hash, table->seeds[2]);
    return (uint32_t)(hash >> 32);
}

static inline bool prefix_row_matches(const struct prefix_table *table, uint32_t id, const uint8_t *key, uint8_t length)
{
    const struct rib_row *row = prefix_table_row(table, id);
    if (row->length != length)
        return false;
    if (table->kind == ADDR_IPV4)
        return memcmp(row->key, key, 4) == 0;
    return memcmp(row->key, key, 16) == 0;
}

static inline uint32_t prefix_table_find_from(const struct prefix_table *table, const struct id_bucket *home,
                                              uint32_t hash, const uint8_t *key, uint8_t length)
{
    struct id_probe probe;
    uint32_t id = id_probe_from(home, hash, &probe);
    while (id && !prefix_row_matches(table, id, key, length))
        id = id_probe_next(&probe);
    return id;
}

static inline uint32_t prefix_table_find(const struct prefix_table *table, const uint8_t *key, uint8_t length)
{
    uint32_t hash = prefix_table_hash(table, key, length);
    return prefix_table_find_from(table, id_table_home(&table->ids, hash), hash, key, length);
}

static inline void prefix_table_ask_row(const struct prefix_table *table, uint32_t id)
{
    __builtin_prefetch(prefix_table_row(table, id), 1);
}

static inline void prefix_table_ask_slot(const struct prefix_table *table, uint32_t id)
{
    const struct rib_row *row = prefix_table_row(table, id);
    id_table_prefetch(&table->ids, prefix_table_hash(table, row->key, row->length));
}
