#include "base/buf.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/octets.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t limit_bytes)
{
    *buf = (struct buf){.limit_bytes = limit_bytes};
}

void buf_init_fixed(struct buf *buf, void *memory, size_t capacity)
{
    *buf = (struct buf){.bytes = memory, .capacity = capacity, .limit_bytes = capacity, .fixed = true};
}

void buf_release(struct buf *buf)
{
    if (!buf->fixed)
        mem_free(MEM_BUFFER, buf->bytes);
    buf->bytes = NULL;
    buf->length = buf->capacity = 0;
    buf->failed = false;
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
}

static void buf_grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > buf->limit_bytes)
        capacity = buf->limit_bytes;
    buf->bytes = mem_realloc(MEM_BUFFER, buf->bytes, capacity);
    buf->capacity = capacity;
}

uint8_t *buf_extend(struct buf *buf, size_t length)
{
    if (unlikely(buf->failed))
        return NULL;
    if (unlikely(length > buf->limit_bytes - buf->length)) {
        buf->failed = true;
        return NULL;
    }
    if (unlikely(length > buf->capacity - buf->length || !buf->bytes))
        buf_grow(buf, buf->length + length);
    uint8_t *room = buf->bytes + buf->length;
    buf->length += length;
    return room;
}

void buf_u8(struct buf *buf, uint8_t value)
{
    uint8_t *to = buf_extend(buf, 1);
    if (to)
        to[0] = value;
}

void buf_u16(struct buf *buf, uint16_t value)
{
    uint8_t *to = buf_extend(buf, 2);
    if (to)
        put_u16(to, value);
}

void buf_u24(struct buf *buf, uint32_t value)
{
    uint8_t *to = buf_extend(buf, 3);
    if (to) {
        to[0] = (uint8_t)(value >> 16);
        to[1] = (uint8_t)(value >> 8);
        to[2] = (uint8_t)value;
    }
}

void buf_u32(struct buf *buf, uint32_t value)
{
    uint8_t *to = buf_extend(buf, 4);
    if (to)
        put_u32(to, value);
}

void buf_u64(struct buf *buf, uint64_t value)
{
    uint8_t *to = buf_extend(buf, 8);
    if (to) {
        for (unsigned i = 0; i < 8; i++)
            to[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

void buf_put(struct buf *buf, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    uint8_t *to = buf_extend(buf, length);
    if (to)
        memcpy(to, bytes, length);
}

void buf_patch_u8(struct buf *buf, size_t offset, uint8_t value)
{
    if (buf->failed)
        return;
    CHECK(offset < buf->length);
    buf->bytes[offset] = value;
}

void buf_patch_u16(struct buf *buf, size_t offset, uint16_t value)
{
    if (buf->failed)
        return;
    CHECK(buf->length >= 2 && offset <= buf->length - 2);
    buf->bytes[offset] = (uint8_t)(value >> 8);
    buf->bytes[offset + 1] = (uint8_t)value;
}

void buf_consume(struct buf *buf, size_t length)
{
    CHECK(length <= buf->length);
    if (length == 0)
        return;
    buf->length -= length;
    if (buf->length)
        memmove(buf->bytes, buf->bytes + length, buf->length);
}
