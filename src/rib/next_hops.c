/* See next_hops.h.
 *
 * From a next hop to its paths there is no list: that would cost every path memory for what happens rarely. Instead
 * each next hop has a bitmap of blocks of 1,024 rows in which it was ever seen. Rows get their numbers in order of
 * arrival, so the few routes of a small neighbour are in few blocks, and only those are looked at when its next hop
 * changes; a next hop with a full table behind it is in all of them, and has to be. A walk through a block sets the
 * bits of what it finds there, so bits that are no longer true go away with the next walk.
 *
 * Nor does an attribute set remember its next hop: reading it from the block and finding it by hash costs some 50 ns,
 * four octets in each set would cost everybody memory.
 *
 * A neighbour may make up next hops without end. When there are twice as many as were needed the last time, one walk
 * through everything finds those that are left, and the others are forgotten.
 */
#include "rib/next_hops.h"

#include <string.h>

#include "attr/block.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/id_table.h"
#include "base/mem.h"

enum {
    PLACES_MAX = 1 << 17, /* beyond, next hops are not tracked */
    NOT_TRACKED = 0,      /* a place nobody has: link-local, unspecified, or too many */
    FORGET_MIN = 4096,
    BLOCK_ROWS = 1024,
    WORD_BITS = 64,
    LOOKS_PER_SLICE = 64,
};

struct bitmap {
    uint64_t *words;
    uint32_t count;
};

struct next_hop {
    struct addr addr; /* ADDR_NONE: a free place */
    struct next_hop_state state;
    bool due;     /* to be asked for again */
    bool changed; /* since the walk that is on its way began */
    struct bitmap blocks;
};

struct next_hops {
    const struct next_hop_ops *ops;
    void *context;
    struct next_hop *places; /* [0] is NOT_TRACKED */
    uint32_t place_count, place_capacity;
    uint32_t *free_places;
    uint32_t free_count;
    struct id_table by_addr;
    uint32_t count, down;
    uint32_t forget_at;
    bool forgetting; /* this walk is through everything */
    bool any_due, any_changed;
    uint32_t next_due;     /* where asking goes on */
    struct bitmap pending; /* blocks still to be walked */
    bool in_block;
    uint32_t block; /* being walked, */
    row_id row;     /* behind this one */
};

/* Bitmaps ---------------------------------------------------------------------------------------------------------- */

static void bitmap_reserve(struct bitmap *bitmap, uint32_t count)
{
    if (count <= bitmap->count)
        return;
    bitmap->words = mem_realloc(MEM_PATH, bitmap->words, count * sizeof(uint64_t));
    memset(bitmap->words + bitmap->count, 0, (count - bitmap->count) * sizeof(uint64_t));
    bitmap->count = count;
}

static void bitmap_set(struct bitmap *bitmap, uint32_t bit)
{
    bitmap_reserve(bitmap, bit / WORD_BITS + 1);
    bitmap->words[bit / WORD_BITS] |= 1ull << bit % WORD_BITS;
}

static void bitmap_clear(struct bitmap *bitmap, uint32_t bit)
{
    if (bit / WORD_BITS < bitmap->count)
        bitmap->words[bit / WORD_BITS] &= ~(1ull << bit % WORD_BITS);
}

static bool bitmap_next(const struct bitmap *bitmap, uint32_t from, uint32_t *bit)
{
    for (uint32_t word = from / WORD_BITS; word < bitmap->count; word++) {
        uint64_t bits = bitmap->words[word];
        if (word == from / WORD_BITS)
            bits &= UINT64_MAX << from % WORD_BITS;
        if (bits != 0) {
            *bit = word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
            return true;
        }
    }
    return false;
}

static void bitmap_add_all(struct bitmap *to, const struct bitmap *from)
{
    bitmap_reserve(to, from->count);
    for (uint32_t word = 0; word < from->count; word++)
        to->words[word] |= from->words[word];
}

static void bitmap_release(struct bitmap *bitmap)
{
    mem_free(MEM_PATH, bitmap->words);
    *bitmap = (struct bitmap){0};
}

/* Places ----------------------------------------------------------------------------------------------------------- */

struct next_hops *next_hops_new(const struct next_hop_ops *ops, void *context)
{
    struct next_hops *hops = mem_zalloc(MEM_PATH, sizeof(*hops));
    hops->ops = ops;
    hops->context = context;
    hops->place_count = 1;
    hops->forget_at = FORGET_MIN;
    id_table_init(&hops->by_addr, MEM_PATH);
    return hops;
}

void next_hops_free(struct next_hops *hops)
{
    if (hops == NULL)
        return;
    for (uint32_t i = 1; i < hops->place_count; i++)
        bitmap_release(&hops->places[i].blocks);
    bitmap_release(&hops->pending);
    id_table_release(&hops->by_addr);
    mem_free(MEM_PATH, hops->places);
    mem_free(MEM_PATH, hops->free_places);
    mem_free(MEM_PATH, hops);
}

static uint32_t addr_hash(const struct addr *addr)
{
    return (uint32_t)hash_bytes(addr, sizeof(*addr));
}

static void grow(struct next_hops *hops)
{
    uint32_t capacity = hops->place_capacity ? hops->place_capacity * 2 : 64;
    hops->places = mem_realloc(MEM_PATH, hops->places, capacity * sizeof(*hops->places));
    hops->free_places = mem_realloc(MEM_PATH, hops->free_places, capacity * sizeof(*hops->free_places));
    memset(hops->places + hops->place_capacity, 0, (capacity - hops->place_capacity) * sizeof(*hops->places));
    hops->place_capacity = capacity;
}

static uint32_t take_place(struct next_hops *hops)
{
    if (hops->free_count > 0)
        return hops->free_places[--hops->free_count];
    if (hops->place_count == PLACES_MAX)
        return NOT_TRACKED;
    if (hops->place_count >= hops->place_capacity)
        grow(hops);
    return hops->place_count++;
}

static void look(struct next_hops *hops, struct next_hop *hop)
{
    hop->due = false;
    hops->down -= hop->state.down;
    hops->ops->look(hops->context, &hop->addr, &hop->state);
    hops->down += hop->state.down;
}

static uint32_t add(struct next_hops *hops, const struct addr *addr, uint32_t hash)
{
    uint32_t place = take_place(hops);
    if (place == NOT_TRACKED || !id_table_put(&hops->by_addr, hash, place)) {
        if (place != NOT_TRACKED)
            hops->free_places[hops->free_count++] = place;
        return NOT_TRACKED;
    }
    struct next_hop *hop = &hops->places[place];
    *hop = (struct next_hop){.addr = *addr};
    hops->count++;
    look(hops, hop);
    if (hops->count >= hops->forget_at && !hops->forgetting)
        hops->ops->wake(hops->context);
    return place;
}

static uint32_t find(const struct next_hops *hops, const struct addr *addr, uint32_t hash)
{
    struct id_probe probe;
    uint32_t place = id_probe_first(&hops->by_addr, hash, &probe);
    while (place != 0 && !addr_equal(&hops->places[place].addr, addr))
        place = id_probe_next(&probe);
    return place;
}

/* The next hop of a set, if it is one to be tracked. A link-local one is on the link of who told it, and as good as
 * that session; an unspecified one is ourselves. */
static bool tracked_of(const struct rib *rib, const struct attr_set *set, struct addr *addr)
{
    struct addr link_local;
    return attr_block_next_hop(attr_bytes(rib->view, set), set->wire_length, addr, &link_local) && !addr_is_any(addr) &&
           !addr_is_link_local(addr);
}

static uint32_t place_of(struct rib *rib, attr_id attrs)
{
    struct next_hops *hops = rib->next_hops;
    struct addr addr;
    if (!tracked_of(rib, attr_get(rib->view, attrs), &addr))
        return NOT_TRACKED;
    uint32_t hash = addr_hash(&addr);
    uint32_t place = find(hops, &addr, hash);
    return place != NOT_TRACKED ? place : add(hops, &addr, hash);
}

uint16_t next_hops_flags(struct rib *rib, attr_id attrs, row_id row)
{
    uint32_t place = place_of(rib, attrs);
    if (place == NOT_TRACKED)
        return 0;
    bitmap_set(&rib->next_hops->places[place].blocks, row / BLOCK_ROWS);
    return rib->next_hops->places[place].state.down ? PATH_NEXT_HOP_DOWN : 0;
}

uint32_t next_hops_metric(const struct rib *rib, const struct attr_set *set)
{
    struct addr addr;
    if (!tracked_of(rib, set, &addr))
        return 0;
    uint32_t place = find(rib->next_hops, &addr, addr_hash(&addr));
    return place != NOT_TRACKED ? rib->next_hops->places[place].state.metric : 0;
}

struct next_hops_stats next_hops_stats(const struct next_hops *hops)
{
    return (struct next_hops_stats){.count = hops->count, .down = hops->down};
}

/* Asking again ----------------------------------------------------------------------------------------------------- */

void next_hops_routes_changed(struct next_hops *hops, const struct prefix *prefix)
{
    bool any = false;
    for (uint32_t i = 1; i < hops->place_count; i++) {
        struct next_hop *hop = &hops->places[i];
        struct prefix host = prefix_make(&hop->addr, (uint8_t)addr_bits(&hop->addr));
        if (hop->addr.kind == ADDR_NONE || (prefix != NULL && !prefix_covers(prefix, &host)))
            continue;
        hop->due = any = true;
    }
    if (!any)
        return;
    hops->any_due = true;
    hops->next_due = 1; /* those behind it may have become due as well */
    hops->ops->wake(hops->context);
}

/* True when all are through. */
static bool ask_again(struct next_hops *hops)
{
    unsigned budget = LOOKS_PER_SLICE;
    for (; hops->next_due < hops->place_count; hops->next_due++) {
        struct next_hop *hop = &hops->places[hops->next_due];
        struct next_hop_state before = hop->state;
        if (!hop->due)
            continue;
        if (budget-- == 0)
            return false;
        look(hops, hop);
        if (before.down == hop->state.down && before.metric == hop->state.metric)
            continue;
        hop->changed = hops->any_changed = true;
        bitmap_add_all(&hops->pending, &hop->blocks);
    }
    hops->any_due = false;
    return true;
}

/* Walking ---------------------------------------------------------------------------------------------------------- */

static void begin_forgetting(struct rib *rib)
{
    struct next_hops *hops = rib->next_hops;
    hops->forgetting = true;
    for (uint32_t i = 1; i < hops->place_count; i++)
        bitmap_add_all(&hops->pending, &hops->places[i].blocks);
}

static void forget(struct next_hops *hops, uint32_t place)
{
    struct next_hop *hop = &hops->places[place];
    id_table_remove(&hops->by_addr, addr_hash(&hop->addr), place);
    hops->down -= hop->state.down;
    hops->count--;
    bitmap_release(&hop->blocks);
    *hop = (struct next_hop){0};
    hops->free_places[hops->free_count++] = place;
}

static void walk_is_over(struct next_hops *hops)
{
    uint32_t bit;
    for (uint32_t i = 1; i < hops->place_count; i++) {
        struct next_hop *hop = &hops->places[i];
        hop->changed = false;
        if (hops->forgetting && hop->addr.kind != ADDR_NONE && !bitmap_next(&hop->blocks, 0, &bit))
            forget(hops, i);
    }
    if (hops->forgetting)
        hops->forget_at = hops->count * 2 > FORGET_MIN ? hops->count * 2 : FORGET_MIN;
    hops->forgetting = hops->any_changed = false;
}

/* What is not found in the block again is not there. */
static void enter_block(struct next_hops *hops, uint32_t block)
{
    bitmap_clear(&hops->pending, block);
    hops->block = block;
    hops->row = block > 0 ? block * BLOCK_ROWS - 1 : 0;
    for (uint32_t i = 1; i < hops->place_count; i++) {
        if (hops->forgetting || hops->places[i].changed)
            bitmap_clear(&hops->places[i].blocks, block);
    }
}

/* The flags of the row's paths as they ought to be, and whether its best path may be another one now. */
static void walk_row(struct rib *rib, row_id row)
{
    struct next_hops *hops = rib->next_hops;
    uint32_t count = rib_row_path_count(rib, row);
    bool weigh = false;
    for (uint32_t i = 0; i < count; i++) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        uint16_t flags = next_hops_flags(rib, path.attrs, row);
        uint32_t place = place_of(rib, path.attrs);
        weigh |= place != NOT_TRACKED && hops->places[place].changed;
        if ((path.flags & PATH_NEXT_HOP_DOWN) != flags)
            rib_set_next_hop_down(rib, row, i, flags != 0);
    }
    if (weigh && count > 1)
        rib_weigh_again(rib, row);
}

/* True at the end. */
static bool walk(struct rib *rib, uint32_t row_budget)
{
    struct next_hops *hops = rib->next_hops;
    uint32_t block;
    while (row_budget-- > 0) {
        row_id row = hops->in_block ? rib_row_next(rib, hops->row) : 0;
        if (row != 0 && row / BLOCK_ROWS == hops->block) {
            walk_row(rib, row);
            hops->row = row;
            continue;
        }
        hops->in_block = bitmap_next(&hops->pending, 0, &block);
        if (!hops->in_block)
            return true;
        enter_block(hops, block);
    }
    return false;
}

bool next_hops_run(struct rib *rib, uint32_t row_budget)
{
    struct next_hops *hops = rib->next_hops;
    uint32_t block;
    if (hops->any_due && !ask_again(hops))
        return true;
    if (hops->count >= hops->forget_at && !hops->forgetting)
        begin_forgetting(rib);
    if (!hops->any_changed && !hops->forgetting)
        return false;
    if (!walk(rib, row_budget))
        return true;
    walk_is_over(hops);
    return bitmap_next(&hops->pending, 0, &block);
}
