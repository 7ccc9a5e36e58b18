/* Update groups: peers to whom the same is said in the same bytes share one Adj-RIB-Out and one encoded log.
 *
 *   rows that changed -> group_export -> out[] (what the group was told) + log (UPDATEs) -> members' outboxes
 *
 * out[] is two columns beside the RIB's rows: the attribute set last told and the source it came from. The difference
 * between out[] and today's choice is what has to be said: exact duplicates are never sent, withdraws are exact. What
 * one member was told is out[] without the rows whose source is that member.
 *
 * Everything here runs on the RIB's thread. Members' reading is outbox.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/time.h"
#include "rib/rib.h"
#include "speaker/export.h"
#include "speaker/group_log.h"
#include "speaker/tuning.h"

struct outbox;
struct packer;
struct policy_export;
struct catch_up_set;

/* A path somebody was told. */
struct told_path {
    attr_id attrs;
    uint32_t path_id; /* the identifier it was told with; 0 without add-path */
    source_id source;
};

struct update_group {
    struct list link;
    uint32_t id;
    struct export_rules rules;
    struct rib *rib;
    struct packer *packer;          /* shared by the groups of a RIB */
    struct catch_up_set *catch_ups; /* likewise */
    const struct speaker_tuning *tuning;
    struct group_log log;
    bool log_is_partial; /* some changes were told to single members only */

    attr_id *out_attrs; /* by row; 0: not told */
    source_id *out_sources;
    uint64_t advertised;
    uint32_t *advertised_by_source;
    uint32_t source_capacity;
    struct outbox **member_by_source;
    struct policy_export *policy;     /* NULL: the rules have none */
    bool look_at_rules, look_at_rows; /* policies have changed: policy_walk.c is about to */
    struct group_paths *paths;        /* instead of the columns, when several paths are told (add-path) */
    struct client_views *views;       /* beside the columns, for route server clients */

    struct list members;
    uint32_t member_count;
    row_id fill_row; /* the last row the first look at the table came to */
    bool filled;
    bool refills;             /* it has looked at all rows before */
    uint32_t fill_after;      /* the version of the last row that was in the queue before */
    bool dissolving;          /* fill_row counts again, for giving back */
    uint64_t filled_position; /* log position when the fill was done */

    attr_id checked_attrs; /* memo of the last update_group_check, of this batch; 0: none */
    source_id checked_source;
    uint8_t checked_reason;
    struct told_path compared[2]; /* memo of the last update_group_same_bytes, of this batch; attrs 0: none */
    bool compared_same;
    bool private_waiting; /* members have collected what only they are told */
};

struct update_group *update_group_new(uint32_t id, struct packer *packer, struct catch_up_set *catch_ups,
                                      const struct speaker_tuning *tuning, const struct export_rules *rules);
/* Gives back what a group without members holds, `budget` rows at a time; frees it with the last, and returns false
 * then. */
bool update_group_dissolve(struct update_group *group, uint32_t budget);

void update_group_join(struct update_group *group, struct outbox *outbox);
void update_group_leave(struct update_group *group, struct outbox *outbox);

/* One row: finds out what the group should be told now. What differs is collected in the packer, which
 * update_group_flush encodes; call it at the latest when packer_full says so, and before another group collects. */
void update_group_row(struct update_group *group, row_id row);
void update_group_flush(struct update_group *group);
/* All of it for some rows, as many as there are. */
void update_group_rows(struct update_group *group, const row_id *rows, uint32_t count);

/* The first look at the table, and with it End-of-RIB, comes after all that is in the table's queue now. */
void update_group_fill_after_queue(struct update_group *group);
/* Looks at up to `budget` rows nobody has looked at for this group yet. True while there are more. */
bool update_group_fill(struct update_group *group, uint32_t budget);

/* Its rules are others now, as far as policies go: it looks at all rows again. What it told stands until then. */
void update_group_change_policy(struct update_group *group, const struct export_rules *rules);
void update_group_refill(struct update_group *group);

/* How far readers are behind. Only those count that read something after `since`: who reads nothing is waited for by
 * nobody, and whose own routes are told is always at the end of the log, without having read any of it. */
uint64_t update_group_backlog(const struct update_group *group, struct mono_time since); /* the fastest one's */
bool update_group_most_behind(const struct update_group *group, uint64_t bytes, struct mono_time since);

/* Frees what all members have read; cuts off members that keep too much alive. Returns the version from which on
 * tombstones may still matter to a member. */
uint32_t update_group_trim(struct update_group *group);

/* What this member was told of a row, at most `max` paths. */
size_t update_group_told(const struct update_group *group, const struct outbox *outbox, row_id row,
                         struct told_path *told, size_t max);
uint64_t update_group_told_count(const struct update_group *group, const struct outbox *outbox);

bool update_group_row_told(const struct update_group *group, row_id row); /* anything, to anybody */

/* Why would (or will) this path not be told to the group? EXPORT_TOLD if it is. */
enum export_reason update_group_check(struct update_group *group, row_id row, const struct rib_path *path);

/* For group_paths.c and client_views.c. */
/* May the path be told, as far as the rules say? Remembered for the next call; the policy was not asked. */
bool update_group_allows(struct update_group *group, const struct rib_path *path);
/* May the path be told, and as what? `told` has all but the path identifier; its set is good until the next call. */
bool update_group_choose(struct update_group *group, row_id row, const struct rib_path *path, struct told_path *told);
/* Would an announcement of `now` be the same bytes as that of `before`, path identifier aside? */
bool update_group_same_bytes(struct update_group *group, const struct told_path *before, const struct told_path *now);
struct outbox *update_group_member(const struct update_group *group, source_id source); /* NULL: not a member */
/* out[], without the bytes; takes over a reference on `attrs` (0: told nothing). */
void update_group_set_out(struct update_group *group, row_id row, attr_id attrs, source_id source);
void update_group_count(struct update_group *group, source_id source, int change);

/* For catching up: puts into the packer what the group was told of a row; to a member `self` as a withdraw if it came
 * from there, or if nothing is told and `withdraw_absent`. */
void update_group_retell(struct update_group *group, row_id row, source_id self, bool withdraw_absent);
