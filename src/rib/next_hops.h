/* The next hops of a RIB's paths: can they be reached, and how far are they? There only where somebody tracks them;
 * without, every next hop counts as reachable and as near as any other.
 *
 * Each address is asked for once. Who tracks says when answers may have changed; they are asked for again, and the rows
 * of those that did change are decided anew, slice by slice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/prefix.h"
#include "rib/rib.h"

struct next_hops;

struct next_hop_state {
    bool down;
    uint32_t metric; /* of the route to it; 0 when down */
};

/* `look` answers at once; `wake` is called when there is work for next_hops_run. */
struct next_hop_ops {
    void (*look)(void *context, const struct addr *next_hop, struct next_hop_state *state);
    void (*wake)(void *context);
};

struct next_hops *next_hops_new(const struct next_hop_ops *ops, void *context);
void next_hops_free(struct next_hops *hops);

/* Of a path that is about to stand in `row` with these attributes: PATH_NEXT_HOP_DOWN or 0. */
uint16_t next_hops_flags(struct rib *rib, attr_id attrs, row_id row);
uint32_t next_hops_metric(const struct rib *rib, const struct attr_set *set);

/* The routes to addresses within `prefix` (NULL: to any) may have changed. */
void next_hops_routes_changed(struct next_hops *hops, const struct prefix *prefix);
/* Asks again, and decides again, for about `row_budget` rows. True if there is more to do. */
bool next_hops_run(struct rib *rib, uint32_t row_budget);

struct next_hops_stats {
    uint32_t count, down;
};
struct next_hops_stats next_hops_stats(const struct next_hops *hops);
