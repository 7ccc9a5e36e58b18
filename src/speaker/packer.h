/* The packer: turns "these rows now have these attributes" into as few UPDATEs as possible.
 *
 * Rows that follow one another mostly have the same set from the same source: they are collected as runs. Runs are
 * chained by attribute set through the set's scratch field, so grouping costs no sort and no hash; each chain becomes
 * one or more messages with one attribute section, written straight into a log. Withdraws come first, ordered by the
 * source the routes had, so that a run of the log has one source.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "rib/rib.h"
#include "speaker/export.h"
#include "speaker/group_log.h"

struct told_path;

enum {
    PACKER_ENTRIES = 8192,
    PACKER_ROW_ENTRIES = 512, /* most entries one row may add: paths told with add-path, withdraws included */
};

struct pack_entry {
    row_id row;
    uint32_t path_id; /* add-path: the identifier we send */
};

/* Entries that follow one another, with one set and for the same hearers. */
struct pack_run {
    uint32_t first; /* entry */
    uint32_t count;
    uint32_t next; /* chain: index + 1; the last one's is the first */
    attr_id attrs; /* 0: withdraw */
    source_id source;
    uint16_t skip; /* who else is not to hear of it: index + 1 in packer.skips; 0: nobody */
};

struct packer {
    struct rib *rib;
    uint32_t since_version; /* the rows now being collected have this version or a later one */
    uint32_t count;         /* entries */
    uint32_t run_count;
    uint32_t set_count; /* distinct attribute sets among the announcements, in order of first appearance */
    uint32_t withdraw_count;
    struct pack_entry entries[PACKER_ENTRIES];
    struct pack_run runs[PACKER_ENTRIES];
    attr_id sets[PACKER_ENTRIES];
    uint32_t withdraws[PACKER_ENTRIES];     /* runs */
    struct log_skip *skips[PACKER_ENTRIES]; /* owned */
    uint32_t skip_count;
    struct buf work;       /* export_attributes' scratch */
    struct buf attributes; /* one attribute section */
    struct buf compared;   /* another */
};

/* Where packed messages go. */
struct pack_target {
    const struct export_rules *rules;
    struct group_log *log;
};

struct packer *packer_new(struct rib *rib);
void packer_free(struct packer *packer);

/* Does the attribute section leave room for a prefix in a message? To be asked before announcing: what does not fit
 * must be withdrawn (RFC 8654 4 says so for extended messages; for the others it follows from RFC 4271 9.2). */
bool packer_fits(struct packer *packer, const struct export_rules *rules, attr_id attrs, source_id source);

/* Are the attribute sections of two paths the same, next hop included? */
bool packer_same_section(struct packer *packer, const struct export_rules *rules, const struct told_path *a,
                         const struct told_path *b);

/* No room for another row. */
static inline bool packer_nearly_full(const struct packer *packer)
{
    return packer->count > PACKER_ENTRIES - PACKER_ROW_ENTRIES;
}

void packer_announce(struct packer *packer, row_id row, uint32_t path_id, attr_id attrs, source_id source);
void packer_withdraw(struct packer *packer, row_id row, uint32_t path_id, source_id source);

/* The last entry collected is not for these members (more than for its source); NULL: for all the same. */
void packer_skip(struct packer *packer, const uint64_t *members, uint32_t words);

/* Encodes and forgets everything collected. The caller publishes the log. */
void packer_flush(struct packer *packer, const struct pack_target *target);

/* Appends messages that withdraw `count` prefixes of rows to `out`: for what only one peer must be told. */
void packer_encode_withdraw(const struct export_rules *rules, const struct rib *rib, const struct pack_entry *entries,
                            uint32_t count, struct buf *out);
