/* Mutations of session inputs that keep operations whole: one is changed inside, added, doubled, moved or left out; two
 * inputs are joined between operations. Now and then libFuzzer may do as it likes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

enum {
    HEAD_BYTES = 4,
    PARTS_MAX = 256,
    ARGUMENTS_MAX = 4096,
    NEW_ARGUMENTS_MAX = 24,
    OPERATIONS = 24, /* more does no harm */
    NEIGHBOURS = 10,
};

struct part {
    uint8_t operation, neighbour;
    const uint8_t *arguments;
    size_t length;
};

struct parts {
    const uint8_t *head;
    unsigned count;
    struct part items[PARTS_MAX];
};

static bool parts_read(struct parts *parts, const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_of(data, size);
    parts->count = 0;
    parts->head = cursor_take(&cursor, HEAD_BYTES);
    while (parts->head && parts->count < PARTS_MAX && !cursor_done(&cursor)) {
        struct part *part = &parts->items[parts->count++];
        part->operation = cursor_u8(&cursor);
        part->neighbour = cursor_u8(&cursor);
        part->length = part->operation & 0x80 ? cursor_u16(&cursor) : cursor_u8(&cursor);
        if (part->length > cursor_left(&cursor))
            part->length = cursor_left(&cursor);
        part->arguments = cursor_take(&cursor, part->length);
    }
    return parts->head != NULL;
}

static void put_part(struct buf *out, const struct part *part)
{
    bool is_long = part->length > UINT8_MAX;
    buf_u8(out, (uint8_t)((part->operation & 0x7F) | (is_long ? 0x80 : 0)));
    buf_u8(out, part->neighbour);
    if (is_long)
        buf_u16(out, (uint16_t)part->length);
    else
        buf_u8(out, (uint8_t)part->length);
    buf_put(out, part->arguments, part->length);
}

static size_t put_parts(const struct parts *parts, uint8_t *data, size_t max_size)
{
    struct buf out;
    buf_init(&out, max_size);
    buf_put(&out, parts->head, HEAD_BYTES);
    for (unsigned i = 0; i < parts->count && !out.failed; i++) {
        size_t before = out.length;
        put_part(&out, &parts->items[i]);
        if (out.failed)
            out.length = before;
    }
    size_t size = out.length;
    if (size)
        memcpy(data, out.bytes, size);
    buf_release(&out);
    return size;
}

static void insert(struct parts *parts, unsigned at, const struct part *part)
{
    if (parts->count == PARTS_MAX)
        return;
    memmove(&parts->items[at + 1], &parts->items[at], (parts->count - at) * sizeof(*part));
    parts->items[at] = *part;
    parts->count++;
}

static void take_out(struct parts *parts, unsigned at)
{
    memmove(&parts->items[at], &parts->items[at + 1], (--parts->count - at) * sizeof(parts->items[0]));
}

static void change_inside(struct part *part, uint8_t *memory)
{
    size_t length = part->length < ARGUMENTS_MAX ? part->length : ARGUMENTS_MAX;
    if (length)
        memcpy(memory, part->arguments, length);
    part->length = LLVMFuzzerMutate(memory, length, ARGUMENTS_MAX);
    part->arguments = memory;
}

static struct part new_part(unsigned *random, uint8_t *memory)
{
    struct part part = {.operation = (uint8_t)(rand_r(random) % OPERATIONS),
                        .neighbour = (uint8_t)(rand_r(random) % NEIGHBOURS),
                        .arguments = memory,
                        .length = (size_t)rand_r(random) % NEW_ARGUMENTS_MAX};
    for (size_t i = 0; i < part.length; i++)
        memory[i] = (uint8_t)(rand_r(random) % 3 ? rand_r(random) % 8 : rand_r(random));
    return part;
}

static void mutate_parts(struct parts *parts, unsigned *random, uint8_t *memory)
{
    unsigned at = parts->count ? (unsigned)rand_r(random) % parts->count : 0;
    unsigned to = (unsigned)rand_r(random) % (parts->count + 1);
    struct part part;
    switch (parts->count ? rand_r(random) % 8 : 0) {
    case 0:
        part = new_part(random, memory);
        insert(parts, to, &part);
        break;
    case 1:
        take_out(parts, at);
        break;
    case 2:
        part = parts->items[at];
        insert(parts, to, &part);
        break;
    case 3:
        part = parts->items[at];
        take_out(parts, at);
        insert(parts, to > at ? to - 1 : to, &part);
        break;
    case 4:
        parts->items[at].neighbour = (uint8_t)(rand_r(random) % NEIGHBOURS);
        break;
    default:
        change_inside(&parts->items[at], memory);
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint8_t memory[ARGUMENTS_MAX];
    struct parts parts;
    unsigned random = seed;
    uint8_t copy[1 << 16];
    if (size > sizeof(copy) || rand_r(&random) % 12 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(copy, data, size);
    if (!parts_read(&parts, copy, size))
        return LLVMFuzzerMutate(data, size, max_size);
    mutate_parts(&parts, &random, memory);
    return put_parts(&parts, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    struct parts a, b;
    unsigned random = seed;
    if (!parts_read(&a, first, first_size) || !parts_read(&b, second, second_size))
        return 0;
    unsigned from = b.count ? (unsigned)rand_r(&random) % b.count : 0;
    a.count = a.count ? (unsigned)rand_r(&random) % (a.count + 1) : 0;
    for (unsigned i = from; i < b.count && a.count < PARTS_MAX; i++)
        a.items[a.count++] = b.items[i];
    return put_parts(&a, out, max_size);
}
