/* The attribute store: canonical blocks, each kept once, named by a 32-bit id, counted by reference.
 *
 * Belongs to one RIB and its thread. Ids are indices into arenas that never move; an id is valid while somebody
 * holds a reference. Id 0 means "none" and is never given out. Whole free pages go back to the system.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attr/block.h"

typedef uint32_t attr_id;

/* One stored set: 40 bytes, plus its bytes. Immutable but for `refs` and `pack`. */
struct attr_set {
    uint64_t rank; /* smaller is better; see attr_rank */
    uint32_t refs;
    uint32_t wire; /* place of the bytes, in units of 8 */
    uint16_t wire_length;
    uint16_t facts;
    attr_id pre; /* the set before import policy; itself (and no reference) if policy changed nothing */
    uint32_t med;
    uint32_t neighbor_as;
    uint32_t origin_as;
    uint32_t pack; /* scratch of the packer: end of a chain of rows; 0 between uses */
};

_Static_assert(sizeof(struct attr_set) == 40, "the attribute record is budgeted");

struct attr_store;

struct attr_store *attr_store_new(void);
void attr_store_free(struct attr_store *store);

/* The id of a set with these bytes and this `pre` (0 = none), with one reference more; a new set also takes one on
 * `pre`. A `pre` of the same bytes is itself returned. 0 only when the block is longer than ATTR_BLOCK_MAX, or 2^28
 * sets or 32 GB of bytes are in use. */
attr_id attr_store_intern(struct attr_store *store, const struct attr_block *block, attr_id pre);
/* Has the processor fetch what interning a block with this hash begins with. */
void attr_store_approach(const struct attr_store *store, uint64_t hash);
void attr_store_ref(struct attr_store *store, attr_id id, uint32_t count);
void attr_store_unref(struct attr_store *store, attr_id id, uint32_t count);

/* In place of struct attr_store's layout, what the data path needs inline. */
struct attr_store_view {
    struct attr_set *sets; /* index: attr_id */
    uint8_t *wire;         /* index: 8 * attr_set.wire */
};
const struct attr_store_view *attr_store_view(const struct attr_store *store);

static inline struct attr_set *attr_get(const struct attr_store_view *view, attr_id id)
{
    return &view->sets[id];
}

static inline const uint8_t *attr_bytes(const struct attr_store_view *view, const struct attr_set *set)
{
    return view->wire + (size_t)set->wire * 8;
}

/* The comparable part of the decision process as one number, smaller wins: LLGR-stale last, then higher LOCAL_PREF,
 * then (cleared by the RIB for local paths) not locally originated, shorter AS_PATH, lower ORIGIN.
 * Bits: 63 stale | 62..31 ~local_pref | 30 not local | 29..18 path length | 17..16 origin | 15..0 zero. */
enum { ATTR_RANK_NOT_LOCAL_BIT = 30 };
uint64_t attr_rank(const struct attr_summary *summary);

struct attr_store_stats {
    uint64_t sets;
    uint64_t wire_bytes;     /* in use by live sets */
    uint64_t reserved_bytes; /* touched in all arenas */
};
struct attr_store_stats attr_store_stats(const struct attr_store *store);
