/* Sweeps: walks over one table on behalf of one source, a slice at a time: removing what is stale, or judging again
 * what was received. At most one of each kind per source and table; starting it again begins it anew. The two that
 * remove count as one kind.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "speaker/speaker.h"

enum sweep_kind {
    SWEEP_STALE,      /* remove paths of an older epoch */
    SWEEP_OLDER,      /* remove those that were stale already when the last epoch began */
    SWEEP_REIMPORT,   /* judge again */
    SWEEP_LONG_LIVED, /* stale paths get LLGR_STALE, or go (long_lived.h) */
};

void sweep_start(struct speaker *speaker, enum family_id family, source_id source, enum sweep_kind kind);
void sweep_cancel(struct speaker *speaker, enum family_id family, source_id source, enum sweep_kind kind);
/* All paths of the source become stale; a removal that is under way goes on with those that were so before. */
void sweep_new_epoch(struct speaker *speaker, enum family_id family, source_id source);
/* Up to `row_budget` rows for the oldest sweep. True while there are sweeps. */
bool sweep_run(struct speaker *speaker, struct speaker_table *table, uint32_t row_budget);
void sweep_drop_all(struct speaker_table *table);
