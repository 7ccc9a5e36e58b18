/* Path chunks. The unit is a narrow record, 8 bytes; a wide one takes two. Sizes grow by a third
 * and a half in turn, so that little of a chunk is empty and growing path by path copies it twice per doubling; the
 * first by more, because most rows grow through those: ten tables copy a row's paths four times.
 */
#include "rib/path_pool.h"

#include <string.h>

#include "base/check.h"

enum { PATH_PAGE_UNITS = 8192, PATH_UNIT_BYTES = sizeof(struct path_narrow) };

/* PATH_CHUNK_NONE has none. The slab's classes begin behind it. */
const uint16_t path_chunk_units[PATH_CHUNK_CLASS_END] = {
    0, 1, 2, 4, 7, 11, 16, 21, 32, 42, 64, 85, 128, 170, 256, 341, 512, 682, 1024, 1365, 2048, 2730, 4096, 8192};

void path_pool_init(struct path_pool *pool)
{
    slab_init(&pool->slab, &(struct slab_layout){
                               .kind = MEM_PATH,
                               .unit_bytes = PATH_UNIT_BYTES,
                               .page_units = PATH_PAGE_UNITS,
                               .max_pages = (uint32_t)((1ull << 32) / PATH_PAGE_UNITS),
                               .class_units = path_chunk_units + 1,
                               .class_count = PATH_CHUNK_CLASS_END - 1,
                           });
}

void path_pool_release(struct path_pool *pool)
{
    slab_release(&pool->slab);
}

static unsigned size_class(uint8_t chunk_class)
{
    unsigned number = chunk_class & ~PATH_CHUNK_WIDE;
    CHECK(number != PATH_CHUNK_NONE && number < PATH_CHUNK_CLASS_END);
    return number - 1;
}

uint8_t path_chunk_for(unsigned count, bool wide)
{
    if (count == 0 || count > (wide ? PATH_WIDE_MAX : PATH_NARROW_MAX))
        return PATH_CHUNK_NONE;
    unsigned units = wide ? 2 * count : count;
    unsigned number = 1;
    while (path_chunk_units[number] < units)
        number++;
    return (uint8_t)(number | (wide ? PATH_CHUNK_WIDE : 0));
}

uint32_t path_pool_alloc(struct path_pool *pool, uint8_t chunk_class)
{
    return slab_alloc(&pool->slab, size_class(chunk_class));
}

void path_pool_free(struct path_pool *pool, uint32_t place, uint8_t chunk_class)
{
    slab_free(&pool->slab, place, size_class(chunk_class));
}

static void widen(struct path_wide *to, const struct path_narrow *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        to[i] = (struct path_wide){.attr = from[i].attr, .peer = from[i].peer, .flags = from[i].flags};
}

static void narrow(struct path_narrow *to, const struct path_wide *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        to[i] = (struct path_narrow){.attr = from[i].attr, .peer = from[i].peer, .flags = from[i].flags};
}

uint32_t path_pool_move(struct path_pool *pool, uint32_t place, uint8_t from, uint8_t to, unsigned count)
{
    CHECK(count <= path_chunk_capacity(from) && count <= path_chunk_capacity(to));
    uint32_t moved = path_pool_alloc(pool, to);
    if (unlikely(!moved))
        return 0;
    bool from_wide = path_chunk_is_wide(from), to_wide = path_chunk_is_wide(to);
    if (from_wide == to_wide)
        memcpy(path_pool_narrow(pool, moved), path_pool_narrow(pool, place),
               count * (to_wide ? sizeof(struct path_wide) : sizeof(struct path_narrow)));
    else if (to_wide)
        widen(path_pool_wide(pool, moved), path_pool_narrow(pool, place), count);
    else
        narrow(path_pool_narrow(pool, moved), path_pool_wide(pool, place), count);
    path_pool_free(pool, place, from);
    return moved;
}
