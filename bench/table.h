/* A full table with the statistics of the real one (about 60 % /24, 6.8 prefixes per attribute set), always the same
 * for the same numbers: made up, or grown from a file of real prefixes.
 *
 * What can be asked of the generator's receivers rests on this: every prefix has a number, and a set is a run of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first 64 bits of the address, host order, host bits zero. At most TABLE_LENGTH_MAX bits long, so that address
 * and length together are one 64-bit key. */
struct table_prefix {
    uint64_t high;
    uint8_t length;
};

enum { TABLE_LENGTH_MAX = 56 };

struct table {
    bool ipv6;
    uint32_t count;
    struct table_prefix *prefixes;
    uint32_t set_count;
    uint32_t *set_first;  /* index: set; prefixes of a set are consecutive. set_count + 1 entries */
    uint32_t *set_origin; /* index: set; AS number */
    uint32_t *order;      /* sets in the order they are sent */
    uint32_t *slots;      /* hash of keys to prefix number + 1 */
    uint32_t slot_mask;
};

struct table_options {
    uint32_t prefixes;
    bool ipv6;
    const char *file; /* lines "prefix/length AS", gzipped or not; NULL: made up */
};

/* Ends the program with a message when the file is of no use. */
void table_init(struct table *table, const struct table_options *options);
void table_release(struct table *table);

static inline uint64_t table_key(uint64_t high, uint8_t length)
{
    return high | length;
}

static inline uint32_t table_slot(const struct table *table, uint64_t key)
{
    return (uint32_t)(key * 0x9E3779B97F4A7C15ull >> 32) & table->slot_mask;
}

/* The number of a prefix, or UINT32_MAX. */
static inline uint32_t table_find(const struct table *table, uint64_t key)
{
    for (uint32_t at = table_slot(table, key); table->slots[at]; at = (at + 1) & table->slot_mask) {
        const struct table_prefix *prefix = &table->prefixes[table->slots[at] - 1];
        if (table_key(prefix->high, prefix->length) == key)
            return table->slots[at] - 1;
    }
    return UINT32_MAX;
}

/* A good hash of 64 bits; the generator's only randomness. */
uint64_t mix(uint64_t word);
