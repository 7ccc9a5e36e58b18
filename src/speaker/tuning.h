/* How much memory slow readers and a slow RIB may cost, how long to wait for company, how large the slices are. The
 * defaults are for real networks; tests make them small, so that what happens at the edges happens often.
 */
#pragma once

#include <stdint.h>

struct speaker_tuning {
    uint64_t log_cap_bytes;        /* a group's log retained for slow members; past it the slowest lose their cursor */
    uint64_t backlog_bytes;        /* the fastest member's backlog at which encoding waits */
    uint64_t walk_ahead_bytes;     /* the backlog of most members at which looking at rows again waits */
    uint64_t catch_up_ahead_bytes; /* of a catch-up's stream, encoded beyond the fastest reader */
    uint32_t cohort_wait_ms;       /* how long a joiner waits for others to share the walk with */
    uint32_t batch_rows; /* dirty rows told to all groups before the clock is looked at; TUNING_BATCH_ROWS_MAX */
    uint32_t walk_rows;  /* rows looked at in one slice of a walk */
    uint32_t session_ring_bytes; /* between a session thread and us; a power of two. Full: its sessions stop reading */
};

enum { TUNING_BATCH_ROWS_MAX = 1024 };

#define SPEAKER_TUNING_DEFAULT                                                                          \
    {                                                                                                   \
        .log_cap_bytes = 16 * 1024 * 1024, .backlog_bytes = 1024 * 1024, .walk_ahead_bytes = 64 * 1024, \
        .catch_up_ahead_bytes = 1024 * 1024, .cohort_wait_ms = 50, .batch_rows = TUNING_BATCH_ROWS_MAX, \
        .walk_rows = 4096, .session_ring_bytes = 1024 * 1024,                                           \
    }
