/* A synthetic full table with the statistics of the real one (about 60 % /24, 6.8 prefixes per attribute set), always
 * the same for the same numbers. As UPDATE streams for senders, and as an exact list of what a receiver must get.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct table {
    uint32_t count;
    uint32_t *addresses; /* host order; unique in their first 24 bits */
    uint8_t *lengths;    /* all <= 24 */
    uint32_t set_count;
    uint32_t *set_first; /* index: set; prefixes of a set are consecutive. set_count + 1 entries */
    uint32_t *order;     /* sets in the order they are sent */
};

void table_init(struct table *table, uint32_t prefixes);
void table_release(struct table *table);

/* The whole table as one sender says it: packed UPDATEs with 4-octet AS numbers. The caller frees. */
uint8_t *table_stream(const struct table *table, uint32_t sender, uint32_t sender_as, uint32_t next_hop,
                      size_t *length, uint32_t *updates);
