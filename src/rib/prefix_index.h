/* Order and longest match over a prefix table, for people: API look-ups, listings, pages.
 *
 * What covers an address is found in the table itself, one probe per prefix length in use, and is always current.
 * What lies below a prefix, and any listing in order, needs a sorted copy of the keys: made on demand in slices,
 * shared, and kept until the table has changed.
 */
#pragma once

#include <stdint.h>

#include "rib/prefix_table.h"

/* The longest prefix of at most `max_length` bits that covers `key` (bits beyond are ignored), or 0. All that cover
 * it, longest first, are found by asking again with the row's length - 1; a negative `max_length` finds nothing. */
uint32_t prefix_longest_match(const struct prefix_table *table, const uint8_t *key, int max_length);

/* The prefixes of a table at one time, by address, then shorter first. Immutable, counted by reference. Positions
 * run from 0 to count - 1. */
struct prefix_order {
    uint64_t *entries;
    uint64_t generation; /* of the table: all that was there then and still is, is in here */
    uint32_t count;
    uint32_t refs;
    enum addr_kind kind;
};

struct prefix_order *prefix_order_ref(struct prefix_order *order);
void prefix_order_unref(struct prefix_order *order);

/* The row at a position as the table is now; 0 if that prefix has gone since. */
uint32_t prefix_order_row(const struct prefix_order *order, const struct prefix_table *table, uint32_t position);

/* The first position whose prefix is not before key/length; count if there is none. To go on with a page. */
uint32_t prefix_order_find(const struct prefix_order *order, const uint8_t *key, uint8_t length);

/* The positions of all prefixes within key/length, itself included: *first up to, not including, *end. */
void prefix_order_within(const struct prefix_order *order, const uint8_t *key, uint8_t length, uint32_t *first,
                         uint32_t *end);

struct prefix_index;

struct prefix_index *prefix_index_new(const struct prefix_table *table);
void prefix_index_free(struct prefix_index *index);

/* The order of the table as of `generation` or later, with a reference for the caller; or NULL after `budget` steps of
 * work (10 to 30 ns each), to be called again. Take `generation` from the table once, when the request comes. */
struct prefix_order *prefix_index_get(struct prefix_index *index, uint64_t generation, uint32_t budget);

/* Gives back the memory of the kept order, once nobody asks any more. */
void prefix_index_forget(struct prefix_index *index);
