/* The decision process of RFC 4271 9.1.2, numbered, and saying which step decided.
 *
 * Most comparisons end at the rank, a number precomputed per attribute set (attr/store.h); the steps behind it run
 * only on a tie. MED is compared within one neighbour AS only, so it is no order on its own: a choice among tied
 * paths goes through decision_select, which first takes the best of each neighbour AS (deterministic MED).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr/store.h"
#include "net/addr.h"

enum decision_step {
    DECISION_ONLY_PATH,        /* nothing to compare with */
    DECISION_NOT_ELIGIBLE,     /* rejected on the way in, or next hop unreachable */
    DECISION_LLGR_STALE,       /* 0: RFC 9494 4.3 */
    DECISION_LOCAL_PREF,       /* 1: higher */
    DECISION_LOCAL_ORIGIN,     /* 2: ours over a neighbour's */
    DECISION_AS_PATH_LENGTH,   /* 3: shorter */
    DECISION_ORIGIN,           /* 4: IGP < EGP < INCOMPLETE */
    DECISION_MED,              /* 5: lower, same neighbour AS only */
    DECISION_EXTERNAL,         /* 6: eBGP over iBGP */
    DECISION_IGP_METRIC,       /* 7: nearer next hop */
    DECISION_AGE,              /* 8: older, among eBGP, unless external-compare-router-id */
    DECISION_ROUTER_ID,        /* 9: lower ORIGINATOR_ID or router id */
    DECISION_CLUSTER_LIST,     /* 10: shorter (RFC 4456 9) */
    DECISION_NEIGHBOR_ADDRESS, /* 11: lower */
    DECISION_PATH_ID,          /* 12: lower (add-path: same neighbour) */
    DECISION_STEP_COUNT,
};
const char *decision_step_name(enum decision_step step); /* "AS_PATH length" */

struct decision_rules {
    bool always_compare_med;
    bool ignore_as_path_length;
    bool external_compare_router_id;
};

/* Who a path came from, as far as decisions care. */
enum source_kind {
    SOURCE_LOCAL,
    SOURCE_INTERNAL,
    SOURCE_CONFEDERATION,
    SOURCE_EXTERNAL,
};

struct decision_path {
    const struct attr_set *set;
    const uint8_t *attrs;    /* the set's bytes, for ORIGINATOR_ID and CLUSTER_LIST */
    const struct addr *peer; /* neighbour's address */
    uint32_t router_id;      /* host order */
    uint32_t igp_metric;
    uint32_t path_id;
    uint32_t age_order; /* smaller is older */
    uint8_t kind;       /* enum source_kind */
};

/* The set's rank as the rules and the source want it. */
uint64_t decision_rank(const struct decision_rules *rules, uint64_t set_rank, enum source_kind kind);

/* < 0: a is better, > 0: b is. Never 0 for two different paths. `step` (may be NULL) gets what decided. MED counts
 * only between equal neighbour AS numbers (or always, by the rules). */
int decision_compare(const struct decision_rules *rules, const struct decision_path *a, const struct decision_path *b,
                     enum decision_step *step);

/* Is it age that decides between two paths of equal rank, MED and IGP metric? (Step 8; true for external ones.) */
static inline bool decision_keeps_older(const struct decision_rules *rules, uint8_t kind_a, uint8_t kind_b)
{
    return !rules->external_compare_router_id && kind_a == SOURCE_EXTERNAL && kind_b == SOURCE_EXTERNAL;
}

/* Index of the best of `count` > 0 paths, independent of their order. */
size_t decision_select(const struct decision_rules *rules, const struct decision_path *paths, size_t count);

/* Equal to the best as far as multipath asks: all steps up to the IGP metric. */
bool decision_is_multipath(const struct decision_rules *rules, const struct decision_path *best,
                           const struct decision_path *path);
