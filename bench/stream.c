/* See stream.h. Paths have three to six AS numbers, MED is on a quarter of the sets, and communities come from a few
 * thousand lists per speaker, as in the tables route collectors publish.
 */
#include "bench/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/octets.h"

enum {
    UPDATE_BYTES_MAX = 4096,
    NLRI_BYTES_MAX = 9,
    TRANSIT_FIRST = 1000,
    TRANSIT_COUNT = 3000,
    CONTROLLED_SHARE = 40, /* percent of the sets */
    ONLY_SHARE = 10,       /* percent of these: "to the listed" */
};

struct control control_of(const struct voice *voice, uint32_t set)
{
    struct control control = {0};
    uint64_t random = mix(set * 2654435761ull + voice->number * 40503ull + 7);
    if (voice->controlled_of == 0 || random % 100 >= CONTROLLED_SHARE)
        return control;
    control.only = (random >> 8) % 100 < ONLY_SHARE;
    control.count = 1 + (uint32_t)(random >> 16) % (control.only ? CONTROLLED_MAX : 4);
    for (uint32_t i = 0; i < control.count; i++)
        control.clients[i] = (uint32_t)(mix(random + i) % voice->controlled_of);
    return control;
}

bool control_allows(const struct control *control, uint32_t client)
{
    bool listed = false;
    for (uint32_t i = 0; i < control->count; i++)
        listed |= control->clients[i] == client;
    return control->count == 0 || listed == control->only;
}

void stream_release(struct stream *stream)
{
    free(stream->bytes);
    *stream = (struct stream){0};
}

static uint8_t *put_head(uint8_t *at, uint8_t flags, uint8_t type, unsigned length)
{
    at[0] = flags;
    at[1] = type;
    at[2] = (uint8_t)length;
    return at + 3;
}

static uint8_t *put_path(uint8_t *at, const struct table *table, const struct voice *voice, uint32_t set, uint64_t path)
{
    uint64_t shape = mix(set * 0x9E3779B97F4A7C15ull);
    unsigned hops = voice->best ? 0 : 1 + (unsigned)(path % 3);
    unsigned repeats = (shape >> 8) % 10 == 0 && !voice->best;
    unsigned count = !voice->internal + hops + 1 + repeats;
    at = put_head(at, 0x40, 2, 2 + 4 * count);
    *at++ = 2;
    *at++ = (uint8_t)count;
    if (!voice->internal)
        at = put_u32(at, voice->as);
    for (unsigned i = 0; i < hops; i++)
        at = put_u32(at, TRANSIT_FIRST + (uint32_t)(mix(shape % 30000 * 7 + voice->number * 131 + i) % TRANSIT_COUNT));
    for (unsigned i = 0; i <= repeats; i++)
        at = put_u32(at, table->set_origin[set]);
    return at;
}

static uint8_t *put_communities(uint8_t *at, const struct voice *voice, uint32_t set, uint64_t path, uint32_t tick,
                                uint32_t unique)
{
    uint64_t list = mix((path >> 32) % 64 * ((path >> 40) % 64) + voice->number);
    struct control control = control_of(voice, set);
    unsigned ordinary = (unsigned)(list % 8);
    unsigned count = ordinary + control.count + control.only + (tick != 0) + (unique != 0);
    if (count == 0)
        return at;
    at = put_head(at, 0xC0, 8, 4 * count);
    for (uint32_t i = 0; i < control.count; i++)
        at = put_u32(at, (control.only ? (uint32_t)BENCH_TARGET_AS << 16 : 0) + BENCH_CLIENT_AS + control.clients[i]);
    if (control.only)
        at = put_u32(at, BENCH_TARGET_AS);
    for (unsigned i = 0; i < ordinary; i++)
        at = put_u32(at, (voice->as << 16) + (uint32_t)(mix(list + i) & 0x3FF));
    if (tick)
        at = put_u32(at, (uint32_t)BENCH_TICK_MARK << 16 | tick);
    if (unique)
        at = put_u32(at, unique | 0x40000000);
    return at;
}

/* All but MP_REACH_NLRI. */
static uint8_t *put_attributes(uint8_t *at, const struct table *table, const struct voice *voice, uint32_t set,
                               uint32_t tick, uint32_t unique)
{
    uint64_t shape = mix(set * 0x9E3779B97F4A7C15ull);
    uint64_t path = mix(shape + voice->number * 2654435761ull);
    at = put_head(at, 0x40, 1, 1);
    *at++ = (shape & 15) == 0 ? 2 : 0;
    at = put_path(at, table, voice, set, path);
    if (!table->ipv6) {
        at = put_head(at, 0x40, 3, 4);
        memcpy(at, voice->next_hop, 4);
        at += 4;
    }
    if ((path >> 20) % 4 == 0) {
        at = put_head(at, 0x80, 4, 4);
        at = put_u32(at, (uint32_t)(path >> 24) & 63);
    }
    if (voice->internal) {
        at = put_head(at, 0x40, 5, 4);
        at = put_u32(at, 100);
    }
    return put_communities(at, voice, set, path, tick, unique);
}

static uint8_t *put_prefix(uint8_t *at, const struct table_prefix *prefix)
{
    unsigned octets = (prefix->length + 7u) / 8;
    *at++ = prefix->length;
    for (unsigned i = 0; i < octets; i++)
        *at++ = (uint8_t)(prefix->high >> (56 - 8 * i));
    return at;
}

static uint8_t *message_start(struct stream *stream)
{
    if (stream->capacity - stream->length < UPDATE_BYTES_MAX) {
        stream->capacity = 2 * stream->capacity + 16 * UPDATE_BYTES_MAX;
        stream->bytes = realloc(stream->bytes, stream->capacity);
        CHECK(stream->bytes != NULL);
    }
    uint8_t *message = stream->bytes + stream->length;
    memset(message, 0xFF, 16);
    message[18] = 2;
    return message;
}

static void message_end(struct stream *stream, uint8_t *message, const uint8_t *end)
{
    put_u16(message + 16, (uint32_t)(end - message));
    stream->length += (size_t)(end - message);
    stream->updates++;
}

/* As many of the prefixes [*prefix, end) as fit, MP_REACH_NLRI last (RFC 7606 5.1 notwithstanding, as most do). */
static uint8_t *put_mp_reach(uint8_t *at, const struct table *table, const struct voice *voice, uint32_t *prefix,
                             uint32_t end, const uint8_t *limit)
{
    at[0] = 0x90;
    at[1] = 14;
    uint8_t *length = at + 2;
    at = put_u16(length + 2, 2);
    *at++ = 1;
    *at++ = 16;
    memcpy(at, voice->next_hop, 16);
    at += 16;
    *at++ = 0;
    while (*prefix < end && at < limit)
        at = put_prefix(at, &table->prefixes[(*prefix)++]);
    put_u16(length, (uint32_t)(at - length - 2));
    return at;
}

void stream_put_set(struct stream *stream, const struct table *table, const struct voice *voice, uint32_t set,
                    enum stream_packing packing, uint32_t tick)
{
    uint32_t end = table->set_first[set + 1];
    for (uint32_t prefix = table->set_first[set]; prefix < end;) {
        uint32_t unique = packing == STREAM_UNIQUE ? prefix + 1 : 0;
        uint32_t stop = packing == STREAM_PACKED ? end : prefix + 1;
        uint8_t *message = message_start(stream);
        const uint8_t *limit = message + UPDATE_BYTES_MAX - NLRI_BYTES_MAX;
        uint8_t *attributes = put_u16(message + 19, 0) + 2;
        uint8_t *at = put_attributes(attributes, table, voice, set, tick, unique);
        if (table->ipv6)
            at = put_mp_reach(at, table, voice, &prefix, stop, limit);
        put_u16(attributes - 2, (uint32_t)(at - attributes));
        while (!table->ipv6 && prefix < stop && at < limit)
            at = put_prefix(at, &table->prefixes[prefix++]);
        message_end(stream, message, at);
    }
}

void stream_withdraw_set(struct stream *stream, const struct table *table, uint32_t set)
{
    uint32_t end = table->set_first[set + 1];
    for (uint32_t prefix = table->set_first[set]; prefix < end;) {
        uint8_t *message = message_start(stream);
        const uint8_t *limit = message + UPDATE_BYTES_MAX - NLRI_BYTES_MAX - 2;
        uint8_t *length = message + 19;
        uint8_t *at = length + 2;
        if (table->ipv6) {
            length = at + 4;
            put_u16(at - 2, 0);
            at[2] = 0x90;
            at[3] = 15;
            at = put_u16(length + 2, 2);
            *at++ = 1;
        }
        while (prefix < end && at < limit)
            at = put_prefix(at, &table->prefixes[prefix++]);
        put_u16(length, (uint32_t)(at - length - 2));
        if (table->ipv6)
            put_u16(length - 4, (uint32_t)(at - length + 2));
        else
            at = put_u16(at, 0);
        message_end(stream, message, at);
    }
}

void stream_put_table(struct stream *stream, const struct table *table, const struct voice *voice,
                      enum stream_packing packing)
{
    for (uint32_t i = 0; i < table->set_count; i++)
        stream_put_set(stream, table, voice, table->order[i], packing, 0);
}
