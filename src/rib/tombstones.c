/* Rows that lost their last path, in a ring, oldest first: they are freed once nobody can have missed their withdraw.
 */
#include "base/mem.h"
#include "rib/rib.h"

enum { TOMBSTONES_MIN = 1024 };

struct tombstone {
    row_id row;
    uint32_t version;
};

static void grow_tombstones(struct rib *rib)
{
    uint32_t capacity = rib->tombstone_capacity ? rib->tombstone_capacity * 2 : TOMBSTONES_MIN;
    struct tombstone *ring = mem_alloc(MEM_PREFIX, capacity * sizeof(*ring));
    for (uint32_t i = 0; i < rib->tombstone_count; i++)
        ring[i] = rib->tombstones[(rib->tombstone_first + i) & (rib->tombstone_capacity - 1)];
    mem_free(MEM_PREFIX, rib->tombstones);
    rib->tombstones = ring;
    rib->tombstone_first = 0;
    rib->tombstone_capacity = capacity;
}

static void bury(struct rib *rib, row_id id, uint32_t version)
{
    if (rib->tombstone_count == rib->tombstone_capacity)
        grow_tombstones(rib);
    uint32_t at = (rib->tombstone_first + rib->tombstone_count++) & (rib->tombstone_capacity - 1);
    rib->tombstones[at] = (struct tombstone){.row = id, .version = version};
}

void rib_row_release(struct rib *rib, row_id id)
{
    const struct rib_row *row = prefix_table_row(rib->prefixes, id);
    if (row->path_count == 0 && row->dirty_next == 0)
        bury(rib, id, row->version);
}

/* What freeing the tombstones behind the oldest takes comes from memory meanwhile. Where a row is another's by now, or
 * nobody's, it is asked for in vain. */
static void approach_tombstones(const struct rib *rib)
{
    enum { ROW_AHEAD = 16, SLOT_AHEAD = 8 };
    uint32_t mask = rib->tombstone_capacity - 1, first = rib->tombstone_first;
    if (rib->tombstone_count <= ROW_AHEAD)
        return;
    prefix_table_ask_row(rib->prefixes, rib->tombstones[(first + ROW_AHEAD) & mask].row);
    prefix_table_ask_slot(rib->prefixes, rib->tombstones[(first + SLOT_AHEAD) & mask].row);
}

bool rib_reclaim(struct rib *rib, uint32_t version, uint32_t budget)
{
    while (rib->tombstone_count > 0) {
        const struct tombstone *oldest = &rib->tombstones[rib->tombstone_first];
        approach_tombstones(rib);
        if (rib_version_reached(oldest->version, version))
            return false;
        if (budget-- == 0)
            return true;
        const struct rib_row *row = prefix_table_row(rib->prefixes, oldest->row);
        /* It may have come back to life, and even died again: then another tombstone stands for it. */
        if (row->version == oldest->version && row->path_count == 0 && row->dirty_next == 0)
            prefix_table_remove(rib->prefixes, oldest->row);
        rib->tombstone_first = (rib->tombstone_first + 1) & (rib->tombstone_capacity - 1);
        rib->tombstone_count--;
    }
    if (rib->tombstone_count == 0 && rib->tombstone_capacity > TOMBSTONES_MIN) {
        mem_free(MEM_PREFIX, rib->tombstones);
        rib->tombstones = NULL;
        rib->tombstone_capacity = 0;
    }
    return false;
}
