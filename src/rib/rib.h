/* The routing information base of one family: prefixes, the paths to each, the best of them.
 *
 * Belongs to one thread, the only writer and reader. There is no Adj-RIB-In and Loc-RIB side by side: a path holds the
 * attribute id after import policy, that set's `pre` is the id before it, and a path that was rejected stays with the
 * reason in its flags. Adj-RIB-Outs live with the update groups (speaker/), column by column beside these rows.
 *
 * Changing a path marks its row dirty when the best changed (or, if somebody asked for it, when anything changed).
 * Dirty rows form a queue in order of arrival; whoever exports takes them from there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr/store.h"
#include "base/list.h"
#include "net/family.h"
#include "net/nlri.h"
#include "rib/age.h"
#include "rib/decision.h"
#include "rib/path_pool.h"
#include "rib/prefix_table.h"

typedef uint32_t row_id; /* 0: none */
typedef uint16_t source_id;

enum {
    RIB_SOURCE_LOCAL = 0,
    RIB_SOURCE_MAX = 65535, /* the last number means "none" */
    RIB_SOURCE_NONE = 65535,
    RIB_ROWS_MAX = ROW_ID_MAX + 1, /* columns beside the rows have as many elements */
};

/* Bits of a path's flags. */
enum {
    PATH_EPOCH_MASK = 0x000F,
    PATH_REJECT_SHIFT = 4,
    PATH_REJECT_MASK = 0x00F0,
    PATH_NEXT_HOP_DOWN = 0x0100,
    PATH_HAS_MED = 0x0200, /* among its attributes: so that a tie does not fetch them to see */
};

/* Why a path that was received takes no part in the decision. Kept with the path. */
enum path_reject {
    PATH_ACCEPTED,
    PATH_REJECT_AS_LOOP,
    PATH_REJECT_ORIGINATOR,
    PATH_REJECT_CLUSTER_LOOP,
    PATH_REJECT_NO_POLICY, /* RFC 8212 */
    PATH_REJECT_OTC_LEAK,  /* RFC 9234 */
    PATH_REJECT_POLICY,
    PATH_REJECT_COUNT,
};
const char *path_reject_text(enum path_reject reject); /* "own AS in AS_PATH" */

/* A neighbour (or, number 0, this speaker itself) as the origin of paths. */
struct rib_source {
    bool in_use;
    bool reflector_client; /* RFC 4456 */
    bool changed;  /* opened with another identity while paths of the old one are there: they weigh otherwise now */
    uint8_t kind;  /* enum source_kind */
    uint8_t epoch; /* paths with another epoch are stale */
    uint32_t router_id;
    uint32_t cluster_id; /* of a reflector client */
    uint32_t as;
    struct addr address;
    uint64_t received; /* paths, Adj-RIB-In */
    uint64_t accepted; /* of these, not rejected */
    uint64_t stale;    /* epoch differs: waiting for the sweep or for End-of-RIB */
};

struct rib_options {
    struct decision_rules decision;
    bool any_change_dirties; /* add-path senders and multipath watchers need to hear of every change */
    bool no_best;            /* a route collector: every path is kept, none is chosen */
};

struct next_hops;

struct rib {
    enum family_id family;
    enum addr_kind kind;
    struct rib_options options;
    struct attr_store *attrs;
    const struct attr_store_view *view;
    struct prefix_table *prefixes;
    struct path_pool pool;
    struct age age;   /* when each version was */
    uint32_t now_s;   /* the wall clock's second, set by whoever changes the RIB */
    uint32_t version; /* counts best changes, for "changed since"; wraps: see rib_version_reached */
    row_id dirty_head, dirty_tail;
    uint32_t dirty_count;
    uint64_t path_count;
    uint64_t rows_with_paths;
    uint64_t refused_paths; /* beyond what one prefix, or the table, may hold */
    struct rib_source *sources;
    uint32_t source_count;        /* highest number in use + 1 */
    struct next_hops *next_hops;  /* next_hops.h; owned. NULL: every next hop counts as reachable */
    struct tombstone *tombstones; /* a ring, oldest first */
    uint32_t tombstone_first, tombstone_count, tombstone_capacity;
};

struct rib *rib_new(enum family_id family, const struct rib_options *options);
void rib_free(struct rib *rib);

/* Sources. Numbers are the speaker's; the same in every family. */
struct rib_source *rib_source(struct rib *rib, source_id source);
void rib_source_open(struct rib *rib, source_id source, enum source_kind kind, const struct addr *address, uint32_t as,
                     uint32_t router_id);

/* A run of validated NLRI, all with one attribute set (announce) or none (withdraw). `attrs` comes without a
 * reference for the run: the RIB takes its own, one per path. `touched` (may be NULL) hears of each prefix. */
struct rib_update {
    source_id source;
    attr_id attrs;   /* 0: withdraw */
    uint16_t reject; /* enum path_reject */
    bool add_path;
    const uint8_t *nlri;
    uint32_t nlri_length;
    void (*touched)(void *context, struct rib *rib, const struct rib_update *update, const struct prefix *prefix,
                    uint32_t path_id);
    void *context;
};
void rib_apply(struct rib *rib, const struct rib_update *update);

/* The same in steps, for a caller who has other work in between (judging the attributes, interning them): what its
 * first prefixes need is on its way from memory meanwhile. rib_run_approach goes one access further; it may be left
 * out. The NLRI are those of the rib_update that is applied at the end. */
struct rib_run {
    const struct rib *rib; /* NULL: none, or at its end */
    const uint8_t *nlri;
    uint32_t length;
    struct cursor rest; /* NLRI not yet read */
    bool add_path;
    uint32_t path_ids[PREFIX_BATCH];
    struct prefix_batch batch;
};
void rib_run_begin(const struct rib *rib, struct rib_run *run, const uint8_t *nlri, uint32_t length, bool add_path);
/* Was it begun with these, and not applied yet? Bytes that were not validated may be begun with, and only looked at. */
bool rib_run_is(const struct rib_run *run, const struct rib *rib, const uint8_t *nlri, uint32_t length, bool add_path);
void rib_run_end(struct rib_run *run);
void rib_run_approach(const struct rib *rib, struct rib_run *run);
void rib_run_apply(struct rib *rib, struct rib_run *run, const struct rib_update *update);

/* One path, for local routes. */
void rib_announce(struct rib *rib, source_id source, const struct prefix *prefix, uint32_t path_id, attr_id attrs,
                  uint16_t flags);
bool rib_withdraw(struct rib *rib, source_id source, const struct prefix *prefix, uint32_t path_id);

/* Stale paths. rib_source_new_epoch makes every path of the source stale at once; rib_sweep removes stale paths row by
 * row: at most `row_budget` rows behind `*row`, which advances from 0; true when the end is reached. */
void rib_source_new_epoch(struct rib *rib, source_id source);
bool rib_sweep(struct rib *rib, source_id source, row_id *row, uint32_t row_budget);
/* The same for those that were stale already when the last epoch began. */
bool rib_sweep_older(struct rib *rib, source_id source, row_id *row, uint32_t row_budget);

/* Another judgement on a path that is there. */
void rib_set_reject(struct rib *rib, row_id row, uint32_t index, enum path_reject reject);
/* Other attributes for a path that is there (the RIB takes a reference of its own); it stays as stale as it is. */
void rib_set_attrs(struct rib *rib, row_id row, uint32_t index, attr_id attrs);
void rib_remove_path(struct rib *rib, row_id row, uint32_t index);

/* Its next hop went, or is there again. */
void rib_set_next_hop_down(struct rib *rib, row_id row, uint32_t index, bool down);
/* The metric of a next hop in the row is another one. */
void rib_weigh_again(struct rib *rib, row_id row);

/* Reading ----------------------------------------------------------------------------------------------------- */

struct rib_path {
    attr_id attrs;
    uint32_t path_id;
    uint32_t local_id; /* the identifier we send with add-path */
    source_id source;
    uint16_t flags;
};

row_id rib_find(const struct rib *rib, const struct prefix *prefix);
row_id rib_row_end(const struct rib *rib); /* one past the highest id */
/* The first row in use behind `row`, 0 at the end: walks start with 0, and survive any change in between. */
row_id rib_row_next(const struct rib *rib, row_id row);
void rib_row_prefix(const struct rib *rib, row_id row, struct prefix *prefix);
uint32_t rib_row_path_count(const struct rib *rib, row_id row);
/* In order of arrival. */
void rib_row_path(const struct rib *rib, row_id row, uint32_t index, struct rib_path *path);
/* The best path, if any is eligible. Decides if that is still due. */
bool rib_row_best(struct rib *rib, row_id row, struct rib_path *best, uint32_t *index);
uint32_t rib_row_version(const struct rib *rib, row_id row);
uint32_t rib_row_changed_s(const struct rib *rib, row_id row); /* when its best changed last; seconds of now_s */
bool rib_path_eligible(const struct rib_path *path);
bool rib_path_stale(const struct rib *rib, const struct rib_path *path);
void rib_decision_path(const struct rib *rib, const struct rib_path *path, uint32_t index,
                       struct decision_path *decision);

/* Is `version` the same as `since` or a later one? Right for any two that are less than 2^31 changes apart. */
static inline bool rib_version_reached(uint32_t version, uint32_t since)
{
    return (int32_t)(version - since) >= 0;
}

/* Dirty rows -------------------------------------------------------------------------------------------------- */

row_id rib_dirty_take(struct rib *rib); /* the oldest, 0: none. The row is clean from then on */
void rib_dirty_mark(struct rib *rib, row_id row);
bool rib_row_dirty(const struct rib *rib, row_id row);
/* Tells that a taken row was dealt with. If it has no paths left it becomes a tombstone: a peer that missed its
 * withdraw can still be told. rib_reclaim frees tombstones older than the version everybody is past; true if there are
 * more of them than the budget allowed. */
void rib_row_release(struct rib *rib, row_id row);
bool rib_reclaim(struct rib *rib, uint32_t version, uint32_t budget);
