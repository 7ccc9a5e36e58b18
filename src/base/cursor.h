/* The one way to read bytes somebody sent: a window that checks every step and whose failure sticks.
 *
 * A read past the end sets `failed`, yields zeros and consumes nothing more; callers read a whole structure and
 * ask once. Multi-octet values are in network order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/octets.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

/* `bytes` may be NULL when `length` is 0. */
static inline struct cursor cursor_of(const void *bytes, size_t length)
{
    const uint8_t *start =
        bytes || length ? bytes : (const uint8_t *)""; /* NULL would look like a failed cursor_take */
    return (struct cursor){.at = start, .end = start + length};
}

static inline size_t cursor_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static inline bool cursor_done(const struct cursor *cursor)
{
    return cursor->failed || cursor->at == cursor->end;
}

static inline void cursor_fail(struct cursor *cursor)
{
    cursor->failed = true;
    cursor->at = cursor->end;
}

/* `length` bytes in place, or NULL (and failure) if there are fewer. */
static inline const uint8_t *cursor_take(struct cursor *cursor, size_t length)
{
    if (cursor->failed || cursor_left(cursor) < length) {
        cursor_fail(cursor);
        return NULL;
    }
    const uint8_t *bytes = cursor->at;
    cursor->at += length;
    return bytes;
}

/* A window over the next `length` bytes. Fails, together with its parent, if there are fewer. */
static inline struct cursor cursor_sub(struct cursor *cursor, size_t length)
{
    const uint8_t *bytes = cursor_take(cursor, length);
    return bytes ? cursor_of(bytes, length) : (struct cursor){.failed = true};
}

static inline uint8_t cursor_u8(struct cursor *cursor)
{
    const uint8_t *bytes = cursor_take(cursor, 1);
    return bytes ? bytes[0] : 0;
}

static inline uint16_t cursor_u16(struct cursor *cursor)
{
    const uint8_t *bytes = cursor_take(cursor, 2);
    return bytes ? load_u16(bytes) : 0;
}

static inline uint32_t cursor_u24(struct cursor *cursor)
{
    const uint8_t *bytes = cursor_take(cursor, 3);
    return bytes ? (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2] : 0;
}

static inline uint32_t cursor_u32(struct cursor *cursor)
{
    const uint8_t *bytes = cursor_take(cursor, 4);
    return bytes ? load_u32(bytes) : 0;
}

static inline uint64_t cursor_u64(struct cursor *cursor)
{
    uint64_t high = cursor_u32(cursor);
    return high << 32 | cursor_u32(cursor);
}

static inline void cursor_copy(struct cursor *cursor, void *to, size_t length)
{
    const uint8_t *bytes = cursor_take(cursor, length);
    if (bytes)
        memcpy(to, bytes, length);
    else
        memset(to, 0, length);
}
