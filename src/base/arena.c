/* A bump allocator: chunks of growing size in a list, the newest first; only the newest is cut from. A request that
 * is large for the next chunk gets one of its own, behind the newest, so that its rest is not lost. Under
 * AddressSanitizer what was not handed out is poisoned, so an overrun is still caught.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#endif

enum {
    ARENA_ALIGNMENT = 16,
    ARENA_CHUNK_FIRST_BYTES = 4096,
    ARENA_CHUNK_MAX_BYTES = 256 * 1024,
};

struct arena_chunk {
    _Alignas(ARENA_ALIGNMENT) struct arena_chunk *next;
    size_t size; /* of bytes[] */
    size_t used;
    _Alignas(ARENA_ALIGNMENT) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

void arena_release(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        ASAN_UNPOISON_MEMORY_REGION(chunk->bytes, chunk->size);
        mem_free(MEM_OTHER, chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->used_bytes = 0;
}

static struct arena_chunk *arena_chunk_new(size_t size)
{
    struct arena_chunk *chunk = mem_zalloc(MEM_OTHER, sizeof(*chunk) + size);
    chunk->size = size;
    ASAN_POISON_MEMORY_REGION(chunk->bytes, size);
    return chunk;
}

/* A chunk with room for `rounded` bytes, in the list. */
static struct arena_chunk *arena_chunk_for(struct arena *arena, size_t rounded)
{
    struct arena_chunk *newest = arena->chunks;
    if (newest && newest->size - newest->used >= rounded)
        return newest;

    size_t size = newest ? newest->size * 2 : ARENA_CHUNK_FIRST_BYTES;
    if (size > ARENA_CHUNK_MAX_BYTES)
        size = ARENA_CHUNK_MAX_BYTES;
    if (newest && rounded > size / 2) {
        struct arena_chunk *own = arena_chunk_new(rounded);
        own->next = newest->next;
        newest->next = own;
        return own;
    }
    if (size < rounded)
        size = rounded;
    struct arena_chunk *chunk = arena_chunk_new(size);
    chunk->next = newest;
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - ARENA_ALIGNMENT)
        return NULL;
    size_t rounded = (bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    if (rounded == 0)
        rounded = ARENA_ALIGNMENT;
    if (arena->limit_bytes && rounded > arena->limit_bytes - arena->used_bytes)
        return NULL;

    struct arena_chunk *chunk = arena_chunk_for(arena, rounded);
    uint8_t *memory = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->used_bytes += rounded;
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1) : NULL;
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length >= 0 ? arena_alloc(arena, (size_t)length + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}
