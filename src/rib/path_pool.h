/* The paths of rows that have more than one, or wide ones: runs of records in chunks of a few sizes.
 *
 * A chunk is named by its place (0 = none) and by the `chunk_class` byte its row keeps, which says how many records
 * fit and of which form. Records are packed from the front; how many are in use is the row's path_count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slab.h"

struct path_narrow {
    uint32_t attr;
    uint16_t peer;
    uint16_t flags;
};

/* For prefixes with path identifiers (RFC 7911) in either direction. */
struct path_wide {
    uint32_t attr;
    uint32_t path_id; /* as received */
    uint16_t peer;
    uint16_t flags;
    uint32_t local_id; /* as sent */
};

_Static_assert(sizeof(struct path_narrow) == 8, "a path is budgeted");
_Static_assert(sizeof(struct path_wide) == 16, "a path with its identifiers is budgeted");

enum {
    PATH_CHUNK_NONE = 0,
    PATH_CHUNK_WIDE = 0x80, /* in a chunk_class: the records are wide */
    PATH_NARROW_MAX = 8192, /* most paths of one prefix */
    PATH_WIDE_MAX = 4096,
};

struct path_pool {
    struct slab slab;
};

void path_pool_init(struct path_pool *pool);
void path_pool_release(struct path_pool *pool);

/* Units of 8 bytes, by chunk_class without PATH_CHUNK_WIDE. */
enum { PATH_CHUNK_CLASS_END = 24 };
extern const uint16_t path_chunk_units[PATH_CHUNK_CLASS_END];

/* The smallest chunk_class for so many records; PATH_CHUNK_NONE for 0 records or more than fit into any. */
uint8_t path_chunk_for(unsigned count, bool wide);

/* A chunk with its records uninitialised; 0 when the pool's 32 GB are in use. */
uint32_t path_pool_alloc(struct path_pool *pool, uint8_t chunk_class);
void path_pool_free(struct path_pool *pool, uint32_t place, uint8_t chunk_class);

/* Moves the first `count` records of a chunk into one of another class and frees the old. The form may change:
 * widened paths get identifiers of 0, narrowed ones lose theirs. 0, with nothing changed, when there is no room. */
uint32_t path_pool_move(struct path_pool *pool, uint32_t place, uint8_t from, uint8_t to, unsigned count);

static inline bool path_chunk_is_wide(uint8_t chunk_class)
{
    return chunk_class & PATH_CHUNK_WIDE;
}

static inline unsigned path_chunk_capacity(uint8_t chunk_class)
{
    unsigned units = path_chunk_units[chunk_class & ~PATH_CHUNK_WIDE];
    return path_chunk_is_wide(chunk_class) ? units / 2 : units;
}

static inline struct path_narrow *path_pool_narrow(const struct path_pool *pool, uint32_t place)
{
    return (struct path_narrow *)(pool->slab.memory + (size_t)place * sizeof(struct path_narrow));
}

static inline struct path_wide *path_pool_wide(const struct path_pool *pool, uint32_t place)
{
    return (struct path_wide *)(pool->slab.memory + (size_t)place * sizeof(struct path_narrow));
}

static inline void path_pool_prefetch(const struct path_pool *pool, uint32_t place)
{
    __builtin_prefetch(path_pool_narrow(pool, place), 1);
}
