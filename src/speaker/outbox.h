/* What one peer still has to be sent of one family: its place in the group's log, what only it must be told, and, while
 * it catches up, a stream of its own.
 *
 * Order is everything here: private bytes carry the log position at which they are due, so that a withdraw for this
 * peer alone falls exactly between the shared announcements before and after it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/list.h"
#include "speaker/catch_up.h"
#include "speaker/group_log.h"

struct update_group;

enum {
    OUTBOX_PIECE_BYTES = 256 * 1024,
    OUTBOX_PIECES_MAX = 16, /* on offer at a time: a member's own routes among the others' cut the log into pieces */
};

/* On its way out: pins the segment it points into, or owns its private bytes. */
struct outbox_piece {
    struct log_segment *segment; /* NULL: private */
    const uint8_t *bytes;
    uint32_t length;
};

struct private_bytes {
    struct list link;
    uint64_t position; /* in the live log: due before the byte there */
    uint32_t length;
    bool end_of_rib;
    uint8_t bytes[];
};

struct outbox {
    struct list link; /* in its group's members */
    struct update_group *group;
    source_id self;
    enum family_id family;

    struct log_cursor live;
    struct list private_items; /* of struct private_bytes, by position */
    struct catch_up *catch_up; /* NULL: live */
    struct list catch_up_link;
    struct log_cursor catch_up_cursor;
    bool moved;                 /* came from another group: waits until this one has looked at all rows */
    uint64_t old_rows_position; /* private bytes up to here may be about rows that did not change of late */
    bool behind;                /* lost its cursor: catches up once it can write again */
    enum catch_up_scope behind_scope;
    uint32_t behind_version;
    uint32_t tombstones_since; /* withdraws from this version on may not have reached it */

    struct outbox_piece offered[OUTBOX_PIECES_MAX]; /* in the order they are to be written */
    uint32_t offered_count;
    uint32_t offered_bytes;
    uint64_t offered_until; /* no piece that begins behind this position: what slow members pin is bounded */

    struct buf withdraws; /* private withdraws collected during one export, as struct pack_entry */
    struct buf announces; /* likewise */
    bool wants_end_of_rib;
    bool end_of_rib_sent;
    uint64_t written_bytes;
    struct mono_time read_at; /* when something was taken last, perhaps a part of a piece */
    uint32_t catch_up_count;  /* begun since it joined */
    const struct outbox_ops *ops;
    void *owner; /* the peer */
};

/* What the peer is told. */
struct outbox_ops {
    void (*wake)(struct outbox *outbox);      /* there may be something to offer */
    void (*caught_up)(struct outbox *outbox); /* a catch-up was written out to its end */
};

void outbox_init(struct outbox *outbox, enum family_id family, source_id self, void *owner,
                 const struct outbox_ops *ops);
void outbox_release(struct outbox *outbox); /* leaves its group */

/* One piece more to be written behind those on offer: whole messages, in place until outbox_taken, which takes the
 * first one off. With nothing to offer it may still have moved on, past what is not for it: `*moved` then tells that
 * the log can perhaps be trimmed, or a catch-up go on. */
bool outbox_offer(struct outbox *outbox, struct iovec *piece, bool *moved);
void outbox_taken(struct outbox *outbox);

/* Bytes for this peer alone, due at the end of what the log holds now (which must be published). */
void outbox_add_private(struct outbox *outbox, const void *bytes, uint32_t length, bool end_of_rib);
void outbox_drop_private(struct outbox *outbox);
void outbox_collect_withdraw(struct outbox *outbox, row_id row, uint32_t path_id);
void outbox_flush_withdraws(struct outbox *outbox);
void outbox_collect_announce(struct outbox *outbox, row_id row, attr_id attrs, source_id source);
void outbox_flush_announces(struct outbox *outbox); /* with the packer empty */

/* Is it reading the live log, so that the log must keep what it has not read? */
bool outbox_is_live(const struct outbox *outbox);
/* Bytes of the live log not yet written (0 while catching up). */
uint64_t outbox_backlog(const struct outbox *outbox);
/* Gives up the cursor: memory is freed, the rest is caught up later, from where it was, or from the beginning. */
void outbox_cut_off(struct outbox *outbox, bool from_beginning);
/* It came from another group, which told it other things: it is told everything again, withdraws included, once the
 * group has looked at all rows. */
void outbox_forget_told(struct outbox *outbox);
/* Tombstones of this version and later may still matter to it. */
uint32_t outbox_tombstones_needed(const struct outbox *outbox);
/* The End-of-RIB marker, once everything the group knows at this moment is on its way. */
void outbox_end_of_rib(struct outbox *outbox);
