/* A growing byte buffer with a mandatory ceiling; the writing counterpart of struct cursor.
 * Past the ceiling `failed` sticks and further writes do nothing; callers ask once. Network order throughout.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    size_t limit_bytes;
    bool failed;
    bool fixed; /* memory belongs to the caller: never grown, never freed */
};

void buf_init(struct buf *buf, size_t limit_bytes);
void buf_init_fixed(struct buf *buf, void *memory, size_t capacity);
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf); /* empties, keeps the memory, forgets failure */

/* Room for `length` more bytes, uninitialised and already counted; NULL on failure. */
uint8_t *buf_extend(struct buf *buf, size_t length);
void buf_u8(struct buf *buf, uint8_t value);
void buf_u16(struct buf *buf, uint16_t value);
void buf_u24(struct buf *buf, uint32_t value);
void buf_u32(struct buf *buf, uint32_t value);
void buf_u64(struct buf *buf, uint64_t value);
void buf_put(struct buf *buf, const void *bytes, size_t length);

/* Overwrites at `offset`, which must lie within what is written. For lengths known only afterwards. */
void buf_patch_u8(struct buf *buf, size_t offset, uint8_t value);
void buf_patch_u16(struct buf *buf, size_t offset, uint16_t value);

/* Drops the first `length` bytes. */
void buf_consume(struct buf *buf, size_t length);
