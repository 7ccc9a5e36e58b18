/* See table.h. Made-up tables lay prefixes one behind the other, in units of the longest usual length (/24, /48). Those
 * from a file are grouped by their origin AS; when more are asked for than the file has, the shorter ones are split,
 * as operators do.
 */
#include "bench/table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/check.h"

struct share {
    unsigned below; /* of 1000 */
    uint8_t length;
};

static const struct share shares_ipv4[] = {{600, 24}, {690, 23}, {810, 22}, {880, 21}, {940, 20},
                                           {980, 19}, {990, 18}, {995, 17}, {1000, 16}};
static const struct share shares_ipv6[] = {{460, 48}, {500, 47}, {560, 46}, {700, 44}, {790, 40},
                                           {860, 36}, {880, 33}, {980, 32}, {1000, 29}};

enum {
    ORIGIN_FIRST = 100000,
    ORIGIN_COUNT = 80000,
    LINE_BYTES = 256,
};

struct found {
    struct table_prefix prefix;
    uint32_t origin;
};

uint64_t mix(uint64_t word)
{
    word ^= word >> 33;
    word *= 0xff51afd7ed558ccdull;
    word ^= word >> 33;
    word *= 0xc4ceb9fe1a85ec53ull;
    return word ^ word >> 33;
}

static void *need(void *memory)
{
    CHECK(memory != NULL);
    return memory;
}

static uint8_t pick_length(const struct share *shares, uint64_t random)
{
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

static uint64_t prefix_mask(unsigned length)
{
    return length ? ~0ull << (64 - length) : 0;
}

/* Made up ---------------------------------------------------------------------------------------------------------- */

static void make_prefixes(struct table *table)
{
    unsigned unit_bits = table->ipv6 ? 48 : 24;
    const struct share *shares = table->ipv6 ? shares_ipv6 : shares_ipv4;
    uint64_t slot = table->ipv6 ? 0x240000000000ull : 0x010000;
    uint64_t end = table->ipv6 ? 0x400000000000ull : 0xDF0000;
    for (uint32_t i = 0; i < table->count; i++) {
        uint8_t length = pick_length(shares, mix(i));
        uint64_t size = 1ull << (unit_bits > length ? unit_bits - length : 0);
        slot = (slot + size - 1) & ~(size - 1);
        if (!table->ipv6 && (slot >> 16 == 10 || slot >> 16 == 127))
            slot += 0x10000;
        CHECK(slot < end);
        table->prefixes[i] = (struct table_prefix){.high = slot << (64 - unit_bits), .length = length};
        slot += size;
    }
    for (uint32_t i = 0; i < table->count;) {
        table->set_first[table->set_count] = i;
        table->set_origin[table->set_count] = ORIGIN_FIRST + (uint32_t)(mix(table->set_count) % ORIGIN_COUNT);
        i += pick_set_size(mix(i * 77ull + 1));
        table->set_count++;
    }
}

/* From a file ------------------------------------------------------------------------------------------------------ */

static bool read_line(const char *line, bool ipv6, struct found *found)
{
    char address[LINE_BYTES];
    unsigned length;
    unsigned long origin;
    if (sscanf(line, "%255[0-9a-fA-F.:]/%u %lu", address, &length, &origin) != 3)
        return false;
    uint8_t octets[16] = {0};
    if (inet_pton(ipv6 ? AF_INET6 : AF_INET, address, octets) != 1 || length > (ipv6 ? 56u : 24u) || length < 8)
        return false;
    uint64_t high = 0;
    for (unsigned i = 0; i < (ipv6 ? 8u : 4u); i++)
        high |= (uint64_t)octets[i] << (56 - 8 * i);
    unsigned first = octets[0];
    if (!ipv6 && (first == 0 || first == 10 || first == 127 || first >= 224))
        return false;
    *found = (struct found){.prefix = {.high = high & prefix_mask(length), .length = (uint8_t)length},
                            .origin = (uint32_t)origin};
    return true;
}

static uint32_t read_file(const struct table_options *options, struct found *found)
{
    gzFile file = gzopen(options->file, "rb");
    char line[LINE_BYTES];
    uint32_t count = 0;
    if (file == NULL) {
        fprintf(stderr, "bench: %s cannot be read\n", options->file);
        exit(1);
    }
    while (count < options->prefixes && gzgets(file, line, sizeof(line)) != NULL)
        count += read_line(line, options->ipv6, &found[count]);
    gzclose(file);
    if (count == 0) {
        fprintf(stderr, "bench: %s has no line \"prefix/length AS\"\n", options->file);
        exit(1);
    }
    return count;
}

static int compare_prefixes(const void *a, const void *b)
{
    const struct found *one = a, *other = b;
    uint64_t key = table_key(one->prefix.high, one->prefix.length);
    uint64_t other_key = table_key(other->prefix.high, other->prefix.length);
    return key < other_key ? -1 : key > other_key;
}

static int compare_origins(const void *a, const void *b)
{
    const struct found *one = a, *other = b;
    if (one->origin != other->origin)
        return one->origin < other->origin ? -1 : 1;
    return compare_prefixes(a, b);
}

static uint32_t drop_duplicates(struct found *found, uint32_t count)
{
    uint32_t kept = 0;
    qsort(found, count, sizeof(*found), compare_prefixes);
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || compare_prefixes(&found[kept - 1], &found[i]) != 0)
            found[kept++] = found[i];
    }
    return kept;
}

/* More specific halves, quarters and so on of what is there, until `wanted` are there. */
static uint32_t split_prefixes(struct found *found, uint32_t count, uint32_t wanted, bool ipv6)
{
    unsigned longest = ipv6 ? 48 : 24;
    for (unsigned bits = 1; bits <= 16 && count < wanted; bits++) {
        uint32_t there = count;
        for (uint32_t i = 0; i < there && count < wanted; i++) {
            unsigned length = found[i].prefix.length + bits;
            if (length > longest)
                continue;
            found[count] = found[i];
            found[count].prefix.length = (uint8_t)length;
            found[count].prefix.high |= 1ull << (64 - length);
            count++;
        }
        count = drop_duplicates(found, count);
    }
    return count;
}

static void group_by_origin(struct table *table, const struct found *found)
{
    for (uint32_t i = 0; i < table->count;) {
        uint32_t end = i;
        uint32_t size = pick_set_size(mix(i * 77ull + 1));
        while (end < table->count && end - i < size && found[end].origin == found[i].origin)
            end++;
        table->set_first[table->set_count] = i;
        table->set_origin[table->set_count++] = found[i].origin;
        i = end;
    }
}

static void load_prefixes(struct table *table, const struct table_options *options)
{
    struct found *found = need(calloc(options->prefixes, sizeof(*found)));
    uint32_t count = drop_duplicates(found, read_file(options, found));
    count = split_prefixes(found, count, options->prefixes, options->ipv6);
    qsort(found, count, sizeof(*found), compare_origins);
    table->count = count;
    for (uint32_t i = 0; i < count; i++)
        table->prefixes[i] = found[i].prefix;
    group_by_origin(table, found);
    free(found);
}

/* --------------------------------------------------------------------------------------------------------------------
 */

static void index_prefixes(struct table *table)
{
    uint32_t size = 16;
    while (size < 2 * table->count)
        size *= 2;
    table->slots = need(calloc(size, sizeof(*table->slots)));
    table->slot_mask = size - 1;
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = table_slot(table, table_key(table->prefixes[i].high, table->prefixes[i].length));
        while (table->slots[at])
            at = (at + 1) & table->slot_mask;
        table->slots[at] = i + 1;
    }
}

void table_init(struct table *table, const struct table_options *options)
{
    *table = (struct table){.count = options->prefixes, .ipv6 = options->ipv6};
    table->prefixes = need(malloc(options->prefixes * sizeof(*table->prefixes)));
    table->set_first = need(malloc((options->prefixes + 1) * sizeof(*table->set_first)));
    table->set_origin = need(malloc(options->prefixes * sizeof(*table->set_origin)));
    table->order = need(malloc(options->prefixes * sizeof(*table->order)));
    if (options->file != NULL)
        load_prefixes(table, options);
    else
        make_prefixes(table);
    table->set_first[table->set_count] = table->count;
    for (uint32_t i = 0; i < table->set_count; i++)
        table->order[i] = i;
    for (uint32_t i = table->set_count; i-- > 1;) {
        uint32_t other = (uint32_t)(mix(i * 31337ull) % (i + 1));
        uint32_t set = table->order[i];
        table->order[i] = table->order[other];
        table->order[other] = set;
    }
    index_prefixes(table);
}

void table_release(struct table *table)
{
    free(table->prefixes);
    free(table->set_first);
    free(table->set_origin);
    free(table->order);
    free(table->slots);
}
