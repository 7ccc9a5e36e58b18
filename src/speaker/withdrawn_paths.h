/* Paths that were withdrawn from an add-path group and whose withdraw some member may still miss: a row alone does not
 * say which identifiers a member that lost its place in the log still holds. One entry per row and identifier,
 * whatever happened how often, so the memory is bounded by what was told; empty whenever everybody is up to date.
 */
#pragma once

#include <stdint.h>

#include "base/id_table.h"
#include "rib/rib.h"

struct withdrawn_path {
    row_id row;
    uint32_t path_id;
    uint32_t version; /* of the row when it was withdrawn last */
};

struct withdrawn_paths {
    struct withdrawn_path *entries;
    uint32_t count, capacity;
    uint32_t trim_at;
    struct id_table index; /* ids: index + 1 */
};

void withdrawn_paths_init(struct withdrawn_paths *paths);
void withdrawn_paths_release(struct withdrawn_paths *paths);
void withdrawn_paths_note(struct withdrawn_paths *paths, row_id row, uint32_t path_id, uint32_t version);

/* Forgets entries older than `needed`, looking at up to `budget`; all at once if `nobody_needs`. Entries are walked
 * from the last to the first: what moves meanwhile moves to where the walk comes again. */
void withdrawn_paths_trim(struct withdrawn_paths *paths, uint32_t needed, bool nobody_needs, uint32_t budget);
