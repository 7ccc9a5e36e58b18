/* Pages of one size class each. A page hands out fresh chunks front to back, then the freed ones, newest first,
 * which are linked through their own first four bytes. Pages with room form a list per class; a page whose last
 * chunk is freed leaves its class and may serve any other, so that memory does not stay with sizes that were common
 * once (loading ten tables one after another empties the small path chunks again and again).
 *
 * Free pages keep their memory while they are few, because giving it back and touching it again costs a page fault
 * per 4 KB; the rest goes back to the system at once.
 */
#include "base/slab.h"

#include <string.h>

#include "base/check.h"

enum { SLAB_WARM_MAX = 4, TOUCH_BYTES = 4096 };

static size_t page_bytes(const struct slab *slab)
{
    return (size_t)slab->page_units * slab->unit_bytes;
}

static uint8_t *page_memory(const struct slab *slab, uint32_t page)
{
    return slab->memory + page * page_bytes(slab);
}

void slab_init(struct slab *slab, const struct slab_layout *layout)
{
    CHECK(layout->class_count >= 1 && layout->class_count <= SLAB_CLASS_MAX && layout->unit_bytes >= 4);
    CHECK(layout->page_units <= UINT16_MAX && (layout->page_units & (layout->page_units - 1)) == 0);
    CHECK((uint64_t)layout->max_pages * layout->page_units <= (uint64_t)1 << 32);
    memset(slab, 0, sizeof(*slab));
    slab->kind = layout->kind;
    slab->unit_bytes = layout->unit_bytes;
    slab->page_units = layout->page_units;
    slab->page_shift = (uint32_t)__builtin_ctz(layout->page_units);
    slab->max_pages = layout->max_pages;
    slab->class_count = layout->class_count;
    CHECK(page_bytes(slab) % TOUCH_BYTES == 0);
    for (unsigned i = 0; i < layout->class_count; i++) {
        uint16_t units = layout->class_units[i];
        CHECK(units >= 1 && units <= layout->page_units);
        slab->classes[i] = (struct slab_class){.units = units, .per_page = (uint16_t)(layout->page_units / units)};
    }
    slab->memory = mem_reserve(slab->max_pages * page_bytes(slab));
    slab->pages = mem_reserve((slab->max_pages + 1) * sizeof(struct slab_page));
    CHECK(slab_alloc(slab, 0) == 0); /* place 0, for ever */
    slab->used_units = 0;
}

void slab_release(struct slab *slab)
{
    if (!slab->memory)
        return;
    mem_account(slab->kind, -(int64_t)slab->touched_bytes);
    mem_unreserve(slab->memory, slab->max_pages * page_bytes(slab));
    mem_unreserve(slab->pages, (slab->max_pages + 1) * sizeof(struct slab_page));
    slab->memory = NULL;
}

/* Lists hold page + 1, so that 0 can end them. */
static struct slab_page *listed(const struct slab *slab, uint32_t link)
{
    return &slab->pages[link - 1];
}

__attribute__((noinline)) static void page_link(struct slab *slab, struct slab_class *class, uint32_t page)
{
    struct slab_page *entry = &slab->pages[page];
    entry->previous = 0;
    entry->next = class->pages;
    if (entry->next)
        listed(slab, entry->next)->previous = page + 1;
    class->pages = page + 1;
}

__attribute__((noinline)) static void page_unlink(struct slab *slab, struct slab_class *class, uint32_t page)
{
    struct slab_page *entry = &slab->pages[page];
    if (entry->previous)
        listed(slab, entry->previous)->next = entry->next;
    else
        class->pages = entry->next;
    if (entry->next)
        listed(slab, entry->next)->previous = entry->previous;
}

/* What the chunks of its new class cannot reach of a page that was used before goes back. */
static void page_cut(struct slab *slab, uint32_t page, const struct slab_class *class)
{
    struct slab_page *entry = &slab->pages[page];
    size_t reach = (size_t) class->units * class->per_page * slab->unit_bytes;
    size_t keep = (reach + TOUCH_BYTES - 1) / TOUCH_BYTES;
    if (entry->touched <= keep)
        return;
    size_t excess = (entry->touched - keep) * TOUCH_BYTES;
    mem_reserve_trim((uint8_t *)page_memory(slab, page) + keep * TOUCH_BYTES, excess);
    mem_account(slab->kind, -(int64_t)excess);
    slab->touched_bytes -= excess;
    entry->touched = (uint16_t)keep;
}

/* Puts a free page into a class; false when there is none left. Seldom, and apart, so that an allocation has few
 * registers to save. */
__attribute__((noinline)) static bool page_take(struct slab *slab, unsigned class_index)
{
    uint32_t page;
    if (slab->warm) {
        page = slab->warm - 1;
        slab->warm = slab->pages[page].next;
        slab->warm_count--;
    } else if (slab->cold) {
        page = slab->cold - 1;
        slab->cold = slab->pages[page].next;
    } else if (slab->page_count < slab->max_pages) {
        page = slab->page_count++;
    } else {
        return false;
    }
    struct slab_page *entry = &slab->pages[page];
    entry->free_head = 0;
    entry->used = entry->fresh = 0;
    entry->class_index = (uint8_t)class_index;
    page_cut(slab, page, &slab->classes[class_index]);
    page_link(slab, &slab->classes[class_index], page);
    return true;
}

__attribute__((noinline)) static void page_give(struct slab *slab, uint32_t page)
{
    struct slab_page *entry = &slab->pages[page];
    if (slab->warm_count < SLAB_WARM_MAX) {
        entry->next = slab->warm;
        slab->warm = page + 1;
        slab->warm_count++;
        return;
    }
    size_t touched = (size_t)entry->touched * TOUCH_BYTES;
    mem_reserve_trim(page_memory(slab, page), touched);
    mem_account(slab->kind, -(int64_t)touched);
    slab->touched_bytes -= touched;
    entry->touched = 0;
    entry->next = slab->cold;
    slab->cold = page + 1;
}

__attribute__((noinline)) static void page_touch(struct slab *slab, struct slab_page *entry, size_t end_bytes)
{
    size_t touched = (end_bytes + TOUCH_BYTES - 1) / TOUCH_BYTES;
    size_t more = (touched - entry->touched) * TOUCH_BYTES;
    entry->touched = (uint16_t)touched;
    slab->touched_bytes += more;
    mem_account(slab->kind, (int64_t)more);
}

static bool page_full(const struct slab_page *entry, const struct slab_class *class)
{
    return !entry->free_head && entry->fresh == class->per_page;
}

uint32_t slab_alloc(struct slab *slab, unsigned class_index)
{
    struct slab_class *class = &slab->classes[class_index];
    if (unlikely(!class->pages) && !page_take(slab, class_index))
        return 0;
    uint32_t page = class->pages - 1;
    struct slab_page *entry = &slab->pages[page];
    uint32_t place = entry->free_head;
    if (place) {
        memcpy(&entry->free_head, slab_at(slab, place), sizeof(entry->free_head));
    } else {
        uint32_t first_unit = (uint32_t)entry->fresh++ * class->units;
        place = (page << slab->page_shift) + first_unit;
        size_t end_bytes = (size_t)(first_unit + class->units) * slab->unit_bytes;
        if (unlikely(end_bytes > (size_t)entry->touched * TOUCH_BYTES))
            page_touch(slab, entry, end_bytes);
    }
    entry->used++;
    slab->used_units += class->units;
    if (unlikely(page_full(entry, class)))
        page_unlink(slab, class, page);
    return place;
}

void slab_free(struct slab *slab, uint32_t place, unsigned class_index)
{
    struct slab_class *class = &slab->classes[class_index];
    uint32_t page = place >> slab->page_shift;
    struct slab_page *entry = &slab->pages[page];
    CHECK(place && entry->used && entry->class_index == class_index);
    bool was_full = page_full(entry, class);
    memcpy(slab_at(slab, place), &entry->free_head, sizeof(entry->free_head));
    entry->free_head = place;
    slab->used_units -= class->units;
    if (--entry->used == 0) {
        if (!was_full)
            page_unlink(slab, class, page);
        page_give(slab, page);
    } else if (was_full) {
        page_link(slab, class, page);
    }
}

uint32_t slab_highest(const struct slab *slab)
{
    for (uint32_t page = slab->page_count; page-- > 0;) {
        const struct slab_page *entry = &slab->pages[page];
        if (entry->used)
            return (page << slab->page_shift) + entry->fresh - 1;
    }
    return 0;
}

uint32_t slab_walk(const struct slab *slab, uint32_t place)
{
    uint32_t page = place >> slab->page_shift;
    uint32_t unit = place & (slab->page_units - 1);
    for (; page < slab->page_count; page++, unit = 0) {
        const struct slab_page *entry = &slab->pages[page];
        if (entry->used && unit < entry->fresh)
            return (page << slab->page_shift) + unit;
    }
    return 0;
}
