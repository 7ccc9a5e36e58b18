/* Inside of rib.c: how the paths of a row are stored. One path without identifier stands in the row itself; others in
 * a chunk of the pool, narrow or wide.
 */
#pragma once

#include "rib/rib.h"

enum {
    BEST_UNKNOWN = 0xFFFF, /* select again when asked */
    BEST_NONE = 0xFFFE,    /* no path is eligible */
};

#define NO_RANK UINT64_MAX
#define DIRTY_LAST UINT32_MAX

static inline bool row_is_inline(const struct rib_row *row)
{
    return row->chunk_class == PATH_CHUNK_NONE;
}

/* Chunk rows have no inline path, so its place remembers the best one's index. */
static inline uint16_t row_best(const struct rib_row *row)
{
    return row->inline_peer;
}

static inline void row_set_best(struct rib_row *row, uint32_t best)
{
    row->inline_peer = (uint16_t)best;
}

void row_path_get(const struct rib *rib, const struct rib_row *row, uint32_t index, struct rib_path *path);
void row_path_set(struct rib *rib, struct rib_row *row, uint32_t index, const struct rib_path *path);

/* Where the path of a source is, or -1. All but add-path's is a look at the records' source numbers. */
static inline int32_t row_path_find(const struct rib *rib, const struct rib_row *row, source_id source,
                                    uint32_t path_id)
{
    uint32_t count = row->path_count;
    if (row_is_inline(row))
        return count > 0 && row->inline_peer == source && path_id == 0 ? 0 : -1;
    if (path_chunk_is_wide(row->chunk_class)) {
        const struct path_wide *wide = path_pool_wide(&rib->pool, row->paths);
        for (uint32_t i = 0; i < count; i++) {
            if (wide[i].peer == source && wide[i].path_id == path_id)
                return (int32_t)i;
        }
        return -1;
    }
    const struct path_narrow *narrow = path_pool_narrow(&rib->pool, row->paths);
    for (uint32_t i = 0; i < count && path_id == 0; i++) {
        if (narrow[i].peer == source)
            return (int32_t)i;
    }
    return -1;
}

/* False when the row has as many paths as one may have. */
bool row_path_append(struct rib *rib, struct rib_row *row, const struct rib_path *path);
void row_path_remove(struct rib *rib, struct rib_row *row, uint32_t index);
/* Takes the path at `index` out and puts `path` at the end; keeps the index of the best right. */
void row_path_replace_at_end(struct rib *rib, struct rib_row *row, uint32_t index, const struct rib_path *path);
