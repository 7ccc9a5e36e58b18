/* A bump allocator for things that live and die together: one configuration tree, one request.
 * Freed as a whole. Not for threads to share. `limit_bytes` bounds it: past it allocation returns NULL, so that
 * hostile input fails instead of growing the process.
 */
#pragma once

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t used_bytes;
    size_t limit_bytes;
};

void arena_init(struct arena *arena, size_t limit_bytes); /* 0 = no limit */
void arena_release(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t bytes); /* zeroed, 16-byte aligned; NULL past the limit */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
