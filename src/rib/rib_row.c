/* See rib_row.h. Identifiers we send (local ids): a path in narrow storage has 1 + its source's number, unique because
 * a source has one path there; when a chunk becomes wide these are written down, and paths that come later get the
 * lowest number above all of them that is free. So an identifier never changes while its path lives.
 */
#include "rib/rib_row.h"

#include <string.h>

#include "base/check.h"

enum { LOCAL_ID_WIDE_FIRST = 0x10001 };

static uint32_t narrow_local_id(source_id source)
{
    return source + 1u;
}

void row_path_get(const struct rib *rib, const struct rib_row *row, uint32_t index, struct rib_path *path)
{
    if (row_is_inline(row)) {
        *path = (struct rib_path){.attrs = row->paths,
                                  .source = row->inline_peer,
                                  .flags = row->inline_flags,
                                  .local_id = narrow_local_id(row->inline_peer)};
    } else if (path_chunk_is_wide(row->chunk_class)) {
        const struct path_wide *wide = path_pool_wide(&rib->pool, row->paths) + index;
        *path = (struct rib_path){.attrs = wide->attr,
                                  .path_id = wide->path_id,
                                  .local_id = wide->local_id,
                                  .source = wide->peer,
                                  .flags = wide->flags};
    } else {
        const struct path_narrow *narrow = path_pool_narrow(&rib->pool, row->paths) + index;
        *path = (struct rib_path){.attrs = narrow->attr,
                                  .source = narrow->peer,
                                  .flags = narrow->flags,
                                  .local_id = narrow_local_id(narrow->peer)};
    }
}

void row_path_set(struct rib *rib, struct rib_row *row, uint32_t index, const struct rib_path *path)
{
    if (row_is_inline(row)) {
        row->paths = path->attrs;
        row->inline_peer = path->source;
        row->inline_flags = path->flags;
        row->best_rank = NO_RANK;
    } else if (path_chunk_is_wide(row->chunk_class)) {
        path_pool_wide(&rib->pool, row->paths)[index] = (struct path_wide){.attr = path->attrs,
                                                                           .path_id = path->path_id,
                                                                           .peer = path->source,
                                                                           .flags = path->flags,
                                                                           .local_id = path->local_id};
    } else {
        path_pool_narrow(&rib->pool, row->paths)[index] =
            (struct path_narrow){.attr = path->attrs, .peer = path->source, .flags = path->flags};
    }
}

static uint32_t next_local_id(const struct rib *rib, const struct rib_row *row)
{
    uint32_t highest = LOCAL_ID_WIDE_FIRST - 1;
    for (uint32_t i = 0; i < row->path_count; i++) {
        uint32_t id = path_pool_wide(&rib->pool, row->paths)[i].local_id;
        highest = id > highest ? id : highest;
    }
    if (highest != UINT32_MAX)
        return highest + 1;
    /* Four thousand million announcements later: the lowest free one. */
    for (uint32_t candidate = LOCAL_ID_WIDE_FIRST;; candidate++) {
        bool taken = false;
        for (uint32_t i = 0; i < row->path_count && !taken; i++)
            taken = path_pool_wide(&rib->pool, row->paths)[i].local_id == candidate;
        if (!taken)
            return candidate;
    }
}

/* Room for one path more, in the form needed. Moving out of the row or into wide form keeps every path's local id. */
static bool make_room(struct rib *rib, struct rib_row *row, bool wide)
{
    if (row->path_count == 0) {
        CHECK(row_is_inline(row));
        if (!wide)
            return true;
        uint8_t fresh = path_chunk_for(1, true);
        uint32_t place = path_pool_alloc(&rib->pool, fresh);
        if (place == 0)
            return false;
        row->paths = place;
        row->chunk_class = fresh;
        row_set_best(row, BEST_NONE);
        row->best_rank = NO_RANK;
        return true;
    }
    bool is_wide = path_chunk_is_wide(row->chunk_class);
    if (!row_is_inline(row) && is_wide >= wide && path_chunk_capacity(row->chunk_class) > row->path_count)
        return true;
    uint8_t target = path_chunk_for(row->path_count + 1u, wide || is_wide);
    if (target == PATH_CHUNK_NONE)
        return false;
    if (row_is_inline(row)) {
        struct rib_path only;
        row_path_get(rib, row, 0, &only);
        uint32_t place = path_pool_alloc(&rib->pool, target);
        if (place == 0)
            return false;
        row->paths = place;
        row->chunk_class = target;
        row_path_set(rib, row, 0, &only);
        row_set_best(row, BEST_UNKNOWN);
        return true;
    }
    uint32_t place = path_pool_move(&rib->pool, row->paths, row->chunk_class, target, row->path_count);
    if (place == 0)
        return false;
    row->paths = place;
    row->chunk_class = target;
    if (!is_wide && path_chunk_is_wide(target)) {
        struct path_wide *paths = path_pool_wide(&rib->pool, place);
        for (uint32_t i = 0; i < row->path_count; i++)
            paths[i].local_id = narrow_local_id(paths[i].peer);
    }
    return true;
}

bool row_path_append(struct rib *rib, struct rib_row *row, const struct rib_path *path)
{
    if (!make_room(rib, row, path->path_id != 0))
        return false;
    struct rib_path stored = *path;
    if (path_chunk_is_wide(row->chunk_class))
        stored.local_id = path->path_id == 0 ? narrow_local_id(path->source) : next_local_id(rib, row);
    row_path_set(rib, row, row->path_count, &stored);
    row->path_count++;
    return true;
}

static void close_gap(struct rib *rib, struct rib_row *row, uint32_t index)
{
    uint32_t behind = row->path_count - index - 1;
    if (path_chunk_is_wide(row->chunk_class)) {
        struct path_wide *at = path_pool_wide(&rib->pool, row->paths) + index;
        memmove(at, at + 1, behind * sizeof(*at));
    } else {
        struct path_narrow *at = path_pool_narrow(&rib->pool, row->paths) + index;
        memmove(at, at + 1, behind * sizeof(*at));
    }
    uint16_t best = row_best(row);
    if (best < BEST_NONE && best > index)
        row_set_best(row, best - 1u);
}

/* The only path left moves into the row, where it has the same local id. */
static void go_inline(struct rib *rib, struct rib_row *row)
{
    struct rib_path only;
    row_path_get(rib, row, 0, &only);
    path_pool_free(&rib->pool, row->paths, row->chunk_class);
    row->chunk_class = PATH_CHUNK_NONE;
    row_path_set(rib, row, 0, &only);
}

/* Chunks shrink with slack, so that a path that comes and goes does not move the others each time. */
static void shrink(struct rib *rib, struct rib_row *row)
{
    if (row->path_count == 1 && !path_chunk_is_wide(row->chunk_class)) {
        go_inline(rib, row);
        return;
    }
    if (row->path_count == 0) {
        path_pool_free(&rib->pool, row->paths, row->chunk_class);
        row->paths = 0;
        row->chunk_class = PATH_CHUNK_NONE;
        row->best_rank = NO_RANK;
        row->inline_peer = 0;
        row->inline_flags = 0;
        return;
    }
    if (row->path_count * 3u > path_chunk_capacity(row->chunk_class))
        return;
    uint8_t target = path_chunk_for(row->path_count * 2u, path_chunk_is_wide(row->chunk_class));
    uint32_t place = path_pool_move(&rib->pool, row->paths, row->chunk_class, target, row->path_count);
    if (place == 0)
        return;
    row->paths = place;
    row->chunk_class = target;
}

void row_path_remove(struct rib *rib, struct rib_row *row, uint32_t index)
{
    if (row_is_inline(row)) {
        row->path_count = 0;
        row->paths = 0;
        row->best_rank = NO_RANK;
        return;
    }
    close_gap(rib, row, index);
    row->path_count--;
    shrink(rib, row);
}

void row_path_replace_at_end(struct rib *rib, struct rib_row *row, uint32_t index, const struct rib_path *path)
{
    close_gap(rib, row, index);
    row_path_set(rib, row, row->path_count - 1u, path);
}
