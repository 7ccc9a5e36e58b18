/* The steps a route goes through, one function each, so that callgrind can count their instructions:
 *
 *   parse     UPDATEs from bytes to validated values
 *   intern    their attribute blocks, new to the store
 *   insert    their prefixes into an empty table, first path each
 *   decide    the same prefixes from a second neighbor, whose paths tie up to the last step for a third of them
 *   pack      every row compared with what a group was told, and encoded into its log
 *   walk      every row and its paths read
 *   withdraw  every path of the first neighbor taken out again
 *
 * The input is bench/table.h's, hashing has a fixed seed, nothing asks the clock: the counts are the same for the same
 * compiler. Prints the number of prefixes and of sets; tools/gates divides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "bench/stream.h"
#include "rib/rib.h"
#include "speaker/export.h"
#include "speaker/packer.h"
#include "speaker/tuning.h"
#include "speaker/update_group.h"
#include "wire/message.h"
#include "wire/update.h"

enum { PREFIXES = 30000, FIRST = 1, SECOND = 2, EXTERNAL_AS = BENCH_TARGET_AS };

#define GATE __attribute__((noinline, noclone))

struct gates {
    struct table table;
    struct stream streams[2];
    struct update *updates; /* of one stream */
    struct attr_block *blocks;
    uint8_t *block_bytes;
    attr_id *sets;
    uint32_t update_count;
    struct update_rules rules;
    struct rib *rib;
};

/* What a decoded UPDATE points into is reused by the next: kept for the later steps. */
static void keep_block(struct gates *gates, uint32_t index, const struct update *update)
{
    uint8_t *bytes = gates->block_bytes + (size_t)index * MESSAGE_MAX_BYTES;
    gates->updates[index] = *update;
    gates->blocks[index] = update->attrs;
    CHECK(update->attrs.length <= MESSAGE_MAX_BYTES);
    memcpy(bytes, update->attrs.bytes, update->attrs.length);
    gates->blocks[index].bytes = bytes;
}

GATE static void gate_parse(const struct gates *gates, const uint8_t *body, size_t length, struct buf *scratch,
                            struct update *update)
{
    CHECK(update_decode(&gates->rules, body, length, scratch, update) == VERDICT_OK);
}

static void parse(struct gates *gates, const struct stream *stream)
{
    struct buf scratch;
    struct update update;
    buf_init(&scratch, ATTR_BLOCK_MAX);
    gates->update_count = 0;
    for (size_t at = 0; at < stream->length;) {
        const uint8_t *message = stream->bytes + at;
        size_t length = (size_t)message[16] << 8 | message[17];
        gate_parse(gates, message + MESSAGE_HEADER_BYTES, length - MESSAGE_HEADER_BYTES, &scratch, &update);
        keep_block(gates, gates->update_count++, &update);
        at += length;
    }
    buf_release(&scratch);
}

GATE static void gate_intern(struct gates *gates)
{
    for (uint32_t i = 0; i < gates->update_count; i++)
        gates->sets[i] = attr_store_intern(gates->rib->attrs, &gates->blocks[i], 0);
}

static void apply(struct gates *gates, source_id source, bool announce)
{
    for (uint32_t i = 0; i < gates->update_count; i++) {
        const struct nlri_run *run = &gates->updates[i].runs[0];
        struct rib_update change = {
            .source = source, .attrs = announce ? gates->sets[i] : 0, .nlri = run->bytes, .nlri_length = run->length};
        rib_apply(gates->rib, &change);
    }
}

GATE static void gate_insert(struct gates *gates)
{
    apply(gates, FIRST, true);
}

GATE static void gate_decide(struct gates *gates)
{
    apply(gates, SECOND, true);
}

GATE static void gate_withdraw(struct gates *gates)
{
    apply(gates, FIRST, false);
}

GATE static void gate_pack(struct gates *gates, struct update_group *group)
{
    row_id rows[TUNING_BATCH_ROWS_MAX];
    uint32_t count;
    do {
        for (count = 0; count < TUNING_BATCH_ROWS_MAX && (rows[count] = rib_dirty_take(gates->rib)) != 0;)
            count++;
        update_group_rows(group, rows, count);
    } while (count > 0);
}

GATE static uint64_t gate_walk(const struct gates *gates)
{
    uint64_t sum = 0;
    struct rib_path path;
    for (row_id row = 0; (row = rib_row_next(gates->rib, row)) != 0;) {
        for (uint32_t i = 0; i < rib_row_path_count(gates->rib, row); i++) {
            rib_row_path(gates->rib, row, i, &path);
            sum += path.attrs;
        }
    }
    return sum;
}

static void drop_references(struct gates *gates)
{
    for (uint32_t i = 0; i < gates->update_count; i++)
        attr_store_unref(gates->rib->attrs, gates->sets[i], 1);
}

static void gates_init(struct gates *gates)
{
    table_init(&gates->table, &(struct table_options){.prefixes = PREFIXES});
    for (unsigned i = 0; i < 2; i++) {
        struct voice voice = {.number = i, .as = BENCH_SENDER_AS + i, .next_hop = {198, 18, 16, (uint8_t)(i + 1)}};
        stream_put_table(&gates->streams[i], &gates->table, &voice, STREAM_PACKED);
    }
    size_t updates =
        gates->streams[0].updates > gates->streams[1].updates ? gates->streams[0].updates : gates->streams[1].updates;
    gates->updates = calloc(updates, sizeof(*gates->updates));
    gates->blocks = calloc(updates, sizeof(*gates->blocks));
    gates->block_bytes = malloc(updates * MESSAGE_MAX_BYTES);
    gates->sets = calloc(updates, sizeof(*gates->sets));
    CHECK(gates->updates && gates->blocks && gates->block_bytes && gates->sets);
    gates->rules = (struct update_rules){.ebgp = true,
                                         .four_octet_as = true,
                                         .treat_as_withdraw = true,
                                         .families = 1u << FAMILY_IPV4_UNICAST,
                                         .local_address = addr_ipv4(0xC6120001)};
    gates->rib = rib_new(FAMILY_IPV4_UNICAST, &(struct rib_options){0});
    for (source_id source = FIRST; source <= SECOND; source++) {
        struct addr address = addr_ipv4(0xC6121000 + source);
        rib_source_open(gates->rib, source, SOURCE_EXTERNAL, &address, BENCH_SENDER_AS + source - 1u,
                        0xC6121000 + source);
    }
}

static struct update_group *group_new(struct packer *packer, const struct speaker_tuning *tuning)
{
    struct export_rules rules;
    memset(&rules, 0, sizeof(rules)); /* groups compare rules bytewise */
    rules.family = FAMILY_IPV4_UNICAST;
    rules.kind = SOURCE_EXTERNAL;
    rules.local_role = 255;
    rules.honour_well_known = true;
    rules.local_as = EXTERNAL_AS;
    rules.four_octet_as = true;
    rules.next_hop_ipv4 = addr_ipv4(0xC6120001);
    return update_group_new(1, packer, NULL, tuning, &rules);
}

int main(void)
{
    static struct gates gates;
    const struct speaker_tuning tuning = SPEAKER_TUNING_DEFAULT;
    hash_set_seed(0x0123456789ABCDEFull);
    gates_init(&gates);
    struct packer *packer = packer_new(gates.rib);
    struct update_group *group = group_new(packer, &tuning);
    parse(&gates, &gates.streams[0]);
    gate_intern(&gates);
    gate_insert(&gates);
    drop_references(&gates);
    gate_pack(&gates, group);
    parse(&gates, &gates.streams[1]);
    gate_intern(&gates);
    gate_decide(&gates);
    drop_references(&gates);
    uint64_t sum = gate_walk(&gates);
    parse(&gates, &gates.streams[0]);
    gate_withdraw(&gates);
    printf("prefixes %u\nsets %u\nwalked %llu\n", (unsigned)PREFIXES, gates.update_count, (unsigned long long)sum);
    return sum == 0;
}
