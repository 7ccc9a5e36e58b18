/* See long_lived.h. A neighbor's routes mostly share their attribute sets with their neighbors in the table: the last
 * set that was made is remembered. The set as received stays what `pre` names, so that what was learned can still be
 * told from what was added here. */
#include "speaker/long_lived.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"

enum { COMMUNITY_BYTES = 4 };

attr_id long_lived_attrs(struct rib *rib, attr_id attrs)
{
    static const uint8_t community[COMMUNITY_BYTES] = {0xFF, 0xFF, 0x00, 0x06};
    const struct attr_set *set = attr_get(rib->view, attrs);
    const uint8_t *bytes = attr_bytes(rib->view, set);
    if (set->facts & ATTR_LLGR_STALE) {
        attr_store_ref(rib->attrs, attrs, 1);
        return attrs;
    }
    struct attr_item before = {0};
    struct attr_edit edit;
    struct attr_block block;
    struct buf list, out;
    if (!attr_find(bytes, set->wire_length, ATTR_COMMUNITIES, &before))
        before = (struct attr_item){0};
    buf_init(&list, ATTR_BLOCK_MAX);
    buf_init(&out, ATTR_BLOCK_MAX);
    if (before.length > 0)
        buf_put(&list, before.value, before.length);
    buf_put(&list, community, sizeof(community));
    attr_edit_init(&edit, bytes, set->wire_length);
    attr_edit_set(&edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, list.bytes,
                  (uint16_t)list.length);
    attr_edit_finish(&edit, &out);
    attr_id made = 0;
    if (!list.failed && !out.failed) {
        attr_block_of(out.bytes, (uint32_t)out.length, &block);
        made = attr_store_intern(rib->attrs, &block, set->pre);
    }
    buf_release(&list);
    buf_release(&out);
    return made;
}

struct marker {
    attr_id before, after; /* the last set that was changed, each with a reference; 0: none */
};

static attr_id marked(struct rib *rib, struct marker *marker, attr_id attrs)
{
    if (marker->before == attrs)
        return marker->after;
    if (marker->before != 0) {
        attr_store_unref(rib->attrs, marker->before, 1);
        attr_store_unref(rib->attrs, marker->after, 1);
    }
    *marker = (struct marker){0};
    attr_id after = long_lived_attrs(rib, attrs);
    if (after == 0)
        return 0;
    attr_store_ref(rib->attrs, attrs, 1);
    *marker = (struct marker){.before = attrs, .after = after};
    return after;
}

/* A path that cannot be marked goes: unmarked it would pass for a good one. */
static void mark_row(struct rib *rib, struct marker *marker, row_id row, source_id source)
{
    for (uint32_t i = rib_row_path_count(rib, row); i-- > 0;) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        if (path.source != source || !rib_path_stale(rib, &path))
            continue;
        bool keep = !(attr_get(rib->view, path.attrs)->facts & ATTR_NO_LLGR);
        attr_id after = keep ? marked(rib, marker, path.attrs) : 0;
        if (after != 0)
            rib_set_attrs(rib, row, i, after);
        else
            rib_remove_path(rib, row, i);
    }
}

bool long_lived_sweep(struct rib *rib, source_id source, row_id *row, uint32_t row_budget)
{
    struct marker marker = {0};
    bool done = false;
    while (!done && row_budget-- > 0) {
        *row = rib_row_next(rib, *row);
        done = *row == 0 || rib_source(rib, source)->stale == 0;
        if (!done)
            mark_row(rib, &marker, *row, source);
    }
    if (marker.before != 0) {
        attr_store_unref(rib->attrs, marker.before, 1);
        attr_store_unref(rib->attrs, marker.after, 1);
    }
    return done;
}
