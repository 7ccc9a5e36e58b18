/* Writing protobuf from back to front.
 *
 * A nested message needs its length in front of it; written backwards the length is known when it is due, so that a
 * message of any depth takes one pass and no tree. Fields are therefore written in falling order of their numbers, and
 * repeated ones from the last to the first; what comes out is byte for byte what protobuf-c packs. Default values are
 * left out. Past the room `failed` sticks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct proto {
    uint8_t *start;
    uint8_t *at; /* what is written lies from here to `end` */
    uint8_t *end;
    bool failed;
};

enum {
    PROTO_VARINT = 0,
    PROTO_LENGTH = 2,
    PROTO_FIXED32 = 5,
};

static inline struct proto proto_over(void *memory, size_t capacity)
{
    uint8_t *start = memory;
    return (struct proto){.start = start, .at = start + capacity, .end = start + capacity};
}

static inline size_t proto_length(const struct proto *proto)
{
    return (size_t)(proto->end - proto->at);
}

/* Where a nested message ends: what proto_close is given. */
static inline size_t proto_mark(const struct proto *proto)
{
    return proto_length(proto);
}

static inline void proto_put(struct proto *proto, const void *bytes, size_t length)
{
    if ((size_t)(proto->at - proto->start) < length) {
        proto->failed = true;
        return;
    }
    proto->at -= length;
    if (length)
        memcpy(proto->at, bytes, length);
}

static inline void proto_varint(struct proto *proto, uint64_t value)
{
    uint8_t bytes[10];
    unsigned length = 0;
    while (value >= 0x80) {
        bytes[length++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[length++] = (uint8_t)value;
    proto_put(proto, bytes, length);
}

static inline void proto_tag(struct proto *proto, unsigned field, unsigned kind)
{
    proto_varint(proto, (uint64_t)field << 3 | kind);
}

static inline void proto_number(struct proto *proto, unsigned field, uint64_t value)
{
    if (value) {
        proto_varint(proto, value);
        proto_tag(proto, field, PROTO_VARINT);
    }
}

/* Like proto_number for an int32 or int64: negative numbers take ten octets. */
static inline void proto_signed(struct proto *proto, unsigned field, int64_t value)
{
    proto_number(proto, field, (uint64_t)value);
}

static inline void proto_float(struct proto *proto, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    if (!bits)
        return;
    uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16), (uint8_t)(bits >> 24)};
    proto_put(proto, bytes, sizeof(bytes));
    proto_tag(proto, field, PROTO_FIXED32);
}

/* A bytes or string field, or a packed nested message; left out if empty, unless an element of a repeated field. */
static inline void proto_element(struct proto *proto, unsigned field, const void *bytes, size_t length)
{
    proto_put(proto, bytes, length);
    proto_varint(proto, length);
    proto_tag(proto, field, PROTO_LENGTH);
}

static inline void proto_bytes(struct proto *proto, unsigned field, const void *bytes, size_t length)
{
    if (length)
        proto_element(proto, field, bytes, length);
}

static inline void proto_text(struct proto *proto, unsigned field, const char *text)
{
    proto_bytes(proto, field, text, strlen(text));
}

/* Puts field and length before all that was written since `mark`. An empty message stays as one of length 0. */
static inline void proto_close(struct proto *proto, unsigned field, size_t mark)
{
    proto_varint(proto, proto_length(proto) - mark);
    proto_tag(proto, field, PROTO_LENGTH);
}

/* The same for packed repeated numbers: nothing if there are none. */
static inline void proto_close_packed(struct proto *proto, unsigned field, size_t mark)
{
    if (proto_length(proto) > mark)
        proto_close(proto, field, mark);
}

/* Makes what was written since `mark` a google.protobuf.Any in `field`: the value, and before it the type's URL. */
static inline void proto_close_any(struct proto *proto, unsigned field, size_t mark, const char *type_url)
{
    proto_close_packed(proto, 2, mark);
    proto_text(proto, 1, type_url);
    proto_close(proto, field, mark);
}

#define PROTO_TYPE_URL(name) "type.googleapis.com/apipb." name
