/* Chunks of a few fixed sizes inside one reservation that never moves, named by 32-bit places instead of pointers.
 *
 * A place counts units of `unit_bytes`; a chunk of class c is class_units[c] consecutive units. Place 0 means "none"
 * and is never given out. Chunks come uninitialised. Not for threads to share.
 *
 * A slab with one class of one unit is an array with recycled indices: place = index, starting at 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum { SLAB_CLASS_MAX = 128 };

struct slab_layout {
    enum mem_kind kind;   /* what the touched memory is counted as */
    uint32_t unit_bytes;  /* at least 4 */
    uint32_t page_units;  /* at most 65535; a page is given back as a whole and must be a multiple of 4 KB */
    uint32_t max_pages;   /* bounds the address space and the places */
    uint32_t class_count; /* at most SLAB_CLASS_MAX */
    const uint16_t *class_units;
};

struct slab_class {
    uint32_t pages; /* list of pages with room; 0 = none */
    uint16_t units;
    uint16_t per_page;
};

struct slab_page {
    uint32_t free_head; /* place of a freed chunk; each holds the place of the next */
    uint32_t next;
    uint32_t previous;
    uint16_t used;    /* chunks in use; 0: the page is not in any class */
    uint16_t fresh;   /* chunks handed out at least once since the page got its class */
    uint16_t touched; /* in 4 KB */
    uint8_t class_index;
};

struct slab {
    uint8_t *memory;
    struct slab_page *pages;
    uint32_t unit_bytes;
    uint32_t page_units;
    uint32_t page_shift; /* page_units = 1 << page_shift */
    uint32_t max_pages;
    uint32_t page_count; /* pages ever used */
    uint32_t warm;       /* list of free pages that keep their memory */
    uint32_t warm_count;
    uint32_t cold; /* list of free pages without memory */
    enum mem_kind kind;
    uint32_t class_count;
    uint64_t touched_bytes;
    uint64_t used_units;
    struct slab_class classes[SLAB_CLASS_MAX];
};

void slab_init(struct slab *slab, const struct slab_layout *layout);
void slab_release(struct slab *slab);

/* A chunk's place, or 0 when max_pages are full. */
uint32_t slab_alloc(struct slab *slab, unsigned class_index);
void slab_free(struct slab *slab, uint32_t place, unsigned class_index);

static inline void *slab_at(const struct slab *slab, uint32_t place)
{
    return slab->memory + (size_t)place * slab->unit_bytes;
}

/* For slabs of one class of one unit: the highest place that may be in use, and, for walks in order, the first place
 * from `place` on which was handed out at some time and lies in a page with memory; 0 = none. Whether it is in use
 * now is for the owner to know (its first 4 bytes are not his once freed). */
uint32_t slab_highest(const struct slab *slab);
uint32_t slab_walk(const struct slab *slab, uint32_t place);
