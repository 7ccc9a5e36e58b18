/* Long-lived stale routes (RFC 9494 4.2, 4.3): what happens to each path of a neighbor that has stayed away longer than
 * its restart time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rib/rib.h"

/* A walk over the stale paths of a source, `row_budget` rows at a time; `*row` advances from 0, true at the end. Paths
 * with NO_LLGR are removed, the others get LLGR_STALE. */
bool long_lived_sweep(struct rib *rib, source_id source, row_id *row, uint32_t row_budget);

/* The same attributes with LLGR_STALE, and a reference for the caller. 0: the store is full. */
attr_id long_lived_attrs(struct rib *rib, attr_id attrs);
