/* A set of prefix ranges of one address family, asked whether it matches a prefix: one probe of a hash table for each
 * prefix length the set has up to the prefix's own, whatever its size. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy/spec.h"

struct prefix_node;
struct length_range;

struct prefix_set {
    enum addr_kind kind;       /* ADDR_NONE while empty */
    size_t count;              /* ranges */
    struct prefix_node *nodes; /* hash table: one prefix, and which lengths below it are in the set */
    uint32_t node_count;
    uint32_t capacity; /* of the table, a power of two; 0: no table yet */
    struct length_range *ranges;
    uint32_t range_count, range_capacity, free_range;
    uint32_t length_counts[129]; /* nodes by length */
    uint64_t lengths[3];         /* bits of those that are not 0 */
};

void prefix_set_init(struct prefix_set *set);
void prefix_set_release(struct prefix_set *set);

/* A range that is there already is not added again. E_INVALID for another address family, E_LIMIT when full. */
int prefix_set_add(struct prefix_set *set, const struct prefix_range *range);
bool prefix_set_has(const struct prefix_set *set, const struct prefix_range *range);
bool prefix_set_remove(struct prefix_set *set, const struct prefix_range *range); /* was it there? */

bool prefix_set_match(const struct prefix_set *set, const struct prefix *prefix);

/* All ranges, by address, then shorter first, then as added. The caller frees (mem_free, MEM_POLICY). */
struct prefix_range *prefix_set_list(const struct prefix_set *set);
