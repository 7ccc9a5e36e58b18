#include "bench/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    SLOTS_FIRST = 0x010000, /* 1.0.0.0, in units of /24 */
    SLOTS_END = 0xDF0000,
    UPDATE_BYTES_MAX = 4096,
    STREAM_BYTES_PER_PREFIX = 64,
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    return x ^ x >> 33;
}

static uint8_t pick_length(uint64_t random)
{
    static const struct {
        unsigned below;
        uint8_t length;
    } shares[] = {{600, 24}, {690, 23}, {810, 22}, {880, 21}, {940, 20}, {980, 19}, {990, 18}, {995, 17}, {1000, 16}};
    unsigned share = (unsigned)(random % 1000);
    size_t i = 0;
    while (share >= shares[i].below)
        i++;
    return shares[i].length;
}

static unsigned pick_set_size(uint64_t random)
{
    unsigned share = (unsigned)(random % 100);
    if (share < 45)
        return 1 + (unsigned)(random >> 8) % 3;
    if (share < 85)
        return 1 + (unsigned)(random >> 8) % 13;
    return 1 + (unsigned)(random >> 8) % 45;
}

void table_init(struct table *table, uint32_t prefixes)
{
    *table = (struct table){.count = prefixes};
    table->addresses = malloc(prefixes * sizeof(uint32_t));
    table->lengths = malloc(prefixes);
    table->set_first = malloc((prefixes + 1) * sizeof(uint32_t));
    table->order = malloc(prefixes * sizeof(uint32_t));
    uint32_t slot = SLOTS_FIRST;
    for (uint32_t i = 0; i < prefixes; i++) {
        uint8_t length = pick_length(mix(i));
        uint32_t size = 1u << (24 - length);
        slot = (slot + size - 1) & ~(size - 1);
        if (slot >> 16 == 10 || slot >> 16 == 127)
            slot += 0x10000;
        CHECK(slot < SLOTS_END);
        table->addresses[i] = slot << 8;
        table->lengths[i] = length;
        slot += size;
    }
    for (uint32_t i = 0; i < prefixes;) {
        table->set_first[table->set_count] = i;
        table->order[table->set_count] = table->set_count;
        i += pick_set_size(mix(i * 77ull + 1));
        table->set_count++;
    }
    table->set_first[table->set_count] = prefixes;
    for (uint32_t i = table->set_count - 1; i > 0; i--) {
        uint32_t other = (uint32_t)(mix(i * 31337ull) % (i + 1));
        uint32_t set = table->order[i];
        table->order[i] = table->order[other];
        table->order[other] = set;
    }
}

void table_release(struct table *table)
{
    free(table->addresses);
    free(table->lengths);
    free(table->set_first);
    free(table->order);
}

static uint8_t *put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    return put_u16(put_u16(at, value >> 16), value);
}

static uint8_t *put_head(uint8_t *at, uint8_t flags, uint8_t type, uint8_t length)
{
    at[0] = flags;
    at[1] = type;
    at[2] = length;
    return at + 3;
}

/* A path of three to six numbers, MED on a quarter, and communities from a pool of a few thousand lists per sender. */
static uint8_t *put_attributes(uint8_t *at, uint32_t set, uint32_t sender, uint32_t sender_as, uint32_t next_hop)
{
    uint64_t origin = mix(set * 0x9E3779B97F4A7C15ull);
    uint64_t path = mix(origin + sender * 2654435761ull);
    unsigned hops = 1 + (unsigned)(path % 3);
    unsigned repeats = (origin >> 8) % 10 == 0;
    at = put_head(at, 0x40, 1, 1);
    *at++ = (origin & 15) == 0 ? 2 : 0;
    at = put_head(at, 0x40, 2, (uint8_t)(2 + 4 * (2 + hops + repeats)));
    *at++ = 2;
    *at++ = (uint8_t)(2 + hops + repeats);
    at = put_u32(at, sender_as);
    for (unsigned i = 0; i < hops; i++)
        at = put_u32(at, 1000 + (uint32_t)(mix(origin % 30000 * 7 + sender * 131 + i) % 3000));
    for (unsigned i = 0; i <= repeats; i++)
        at = put_u32(at, 10000 + (uint32_t)(origin % 50000));
    at = put_head(at, 0x40, 3, 4);
    at = put_u32(at, next_hop);
    if ((path >> 20) % 4 == 0) {
        at = put_head(at, 0x80, 4, 4);
        at = put_u32(at, (uint32_t)(path >> 24) & 63);
    }
    uint64_t list = mix((path >> 32) % 64 * ((path >> 40) % 64) + sender);
    unsigned communities = (unsigned)(list % 8);
    if (communities > 0) {
        at = put_head(at, 0xC0, 8, (uint8_t)(4 * communities));
        for (unsigned i = 0; i < communities; i++)
            at = put_u32(at, (sender_as << 16) + (uint32_t)(mix(list + i) & 0x3FF));
    }
    return at;
}

uint8_t *table_stream(const struct table *table, uint32_t sender, uint32_t sender_as, uint32_t next_hop,
                      size_t *length, uint32_t *updates)
{
    uint8_t *stream = malloc((size_t)table->count * STREAM_BYTES_PER_PREFIX + UPDATE_BYTES_MAX);
    uint8_t *at = stream;
    *updates = 0;
    for (uint32_t i = 0; i < table->set_count; i++) {
        uint32_t set = table->order[i];
        for (uint32_t prefix = table->set_first[set]; prefix < table->set_first[set + 1];) {
            uint8_t *message = at;
            memset(at, 0xFF, 16);
            at[18] = 2;
            at = put_u16(at + 19, 0);
            uint8_t *attributes = at + 2;
            at = put_attributes(attributes, set, sender, sender_as, next_hop);
            put_u16(attributes - 2, (uint32_t)(at - attributes));
            while (prefix < table->set_first[set + 1] && at - message < UPDATE_BYTES_MAX - 5) {
                uint8_t octets[4];
                put_u32(octets, table->addresses[prefix]);
                *at++ = table->lengths[prefix];
                unsigned count = (table->lengths[prefix] + 7u) / 8;
                memcpy(at, octets, count);
                at += count;
                prefix++;
            }
            put_u16(message + 16, (uint32_t)(at - message));
            ++*updates;
        }
    }
    *length = (size_t)(at - stream);
    return stream;
}
