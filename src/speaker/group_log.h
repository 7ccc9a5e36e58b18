/* The log of an update group: complete UPDATE messages, back to back, encoded once and read by every member.
 *
 * A chain of segments. The RIB's thread appends and publishes; members read through cursors, on their own threads,
 * straight from the shared bytes. A segment is divided into runs, each from one source: a member skips the runs whose
 * source it is itself, which is how nobody is told his own routes without an encoding of his own. A run may name more
 * members that have to skip it: route server clients, who are not all told the same path.
 *
 * Positions are byte offsets since the log began; they never wrap. Memory is freed from the tail once every member is
 * past it (group_log_trim), and only by the RIB's thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rib/rib.h"

enum {
    LOG_SEGMENT_MIN_BYTES = 4 * 1024,
    LOG_SEGMENT_MAX_BYTES = 256 * 1024,
    LOG_BYTES_PER_RUN = 64, /* nearly no message is shorter: room for a run for each */
};

struct log_run {
    uint32_t end; /* offset behind its last byte */
    source_id source;
};

/* A set of members, by source number. */
struct log_skip {
    uint32_t refs;
    uint32_t words;
    uint64_t bits[];
};
struct log_skip *log_skip_new(const uint64_t *bits, uint32_t words); /* one reference */
void log_skip_unref(struct log_skip *skip);                          /* NULL: nothing */
bool log_skip_equal(const struct log_skip *a, const struct log_skip *b);

struct log_segment {
    _Atomic(struct log_segment *) next; /* set once this one is full: its length is final then */
    uint64_t start;                     /* position of the first byte */
    uint32_t version;                   /* rows told in here have this version or a later one */
    uint32_t capacity;
    _Atomic uint32_t length; /* published */
    uint32_t run_count;      /* published with length */
    uint32_t pins;           /* pieces on offer that point in here */
    bool orphan;             /* trimmed while pinned: freed with the last pin */
    uint32_t run_capacity;
    struct log_run *runs;    /* behind the bytes */
    struct log_skip **skips; /* by run, who else skips it; NULL: nobody any */
    uint8_t bytes[];
};

struct group_log {
    struct log_segment *tail; /* oldest retained */
    struct log_segment *head; /* being written */
    uint32_t head_length;     /* written, not necessarily published */
    uint32_t head_runs;
    bool run_open; /* the last run may still grow */
    uint64_t retained_bytes;
    struct log_segment *spare; /* of the largest size, kept while there is a backlog; NULL */
};

void group_log_init(struct group_log *log, uint32_t rib_version);
void group_log_release(struct group_log *log);

/* Room for `bytes` (at most LOG_SEGMENT_MAX_BYTES) in one piece; `expected_bytes` sizes a new segment. What is written
 * there and later is about rows of `version` and later. */
uint8_t *group_log_reserve(struct group_log *log, uint32_t bytes, uint32_t expected_bytes, uint32_t version);
/* `skip` (NULL: nobody) is not taken over: the log takes a reference of its own. */
void group_log_commit(struct group_log *log, uint32_t bytes, source_id source, struct log_skip *skip);
void group_log_publish(struct group_log *log);
bool group_log_has_source(const struct group_log *log, source_id source); /* in anything retained */
uint64_t group_log_end(const struct group_log *log);                      /* position behind everything written */
void group_log_trim(struct group_log *log, uint64_t position);            /* frees whole segments before it */

/* A piece on offer keeps its bytes alive, whatever becomes of the log meanwhile. */
void log_segment_pin(struct log_segment *segment);
void log_segment_unpin(struct log_segment *segment);

/* Where one member is. */
struct log_cursor {
    struct log_segment *segment;
    uint32_t offset;
    uint32_t run; /* index of the run `offset` is in, or the first not yet looked at */
};

struct log_cursor group_log_cursor_at_end(const struct group_log *log);
struct log_cursor group_log_cursor_at_tail(const struct group_log *log);
uint64_t log_cursor_position(const struct log_cursor *cursor);

/* The next bytes for a member that is `self`, but none at or behind `limit` (UINT64_MAX, or the end of the log at some
 * time it was published): at most `max_bytes`, whole messages, in
 * place. False: nothing published for it up to there; the cursor then stands at the end of what it may skip.
 * Advances the cursor past what it returns. */
bool log_cursor_next(struct log_cursor *cursor, source_id self, uint64_t limit, uint32_t max_bytes,
                     const uint8_t **bytes, uint32_t *length);
