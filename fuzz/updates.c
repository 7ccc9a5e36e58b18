#include "updates.h"

#include <string.h>

#include "net/bgp.h"
#include "base/check.h"
#include "net/nlri.h"

enum { BODY_MAX_BYTES = 65535 - 19, MP_VALUE_MAX_BYTES = 64 };

#define UNICAST ((family_set)1 << FAMILY_IPV4_UNICAST | (family_set)1 << FAMILY_IPV6_UNICAST)

struct update_rules fuzz_rules(uint8_t kind)
{
    unsigned peer = kind & 3;
    return (struct update_rules){
        .ebgp = peer == 0 || peer == 1,
        .confederation = peer == 2,
        .four_octet_as = kind & 4,
        .treat_as_withdraw = !(kind & 0x80),
        .enforce_first_as = peer == 1,
        .allow_as_set = kind & 8,
        .accept_prefix_sid = kind & 8,
        .accept_aigp = kind & 8,
        .reset_unknown_well_known = kind & 0x40,
        .as_path_max = kind & 8 ? 0 : 500,
        .community_max = kind & 8 ? 0 : 500,
        .peer_as = 65001,
        .families = kind & 0x40 ? ~(family_set)0 : UNICAST,
        .add_path_receive = kind & 0x10 ? UNICAST : 0,
        .extended_next_hop = kind & 0x20 ? UNICAST : 0,
        .local_address = addr_ipv4(0x0a630102),
    };
}

static enum addr_kind run_kind(const struct nlri_run *run)
{
    return family_address_bits(run->family) == 32 ? ADDR_IPV4 : ADDR_IPV6;
}

static void check_run(const struct nlri_run *run)
{
    struct cursor cursor = cursor_of(run->bytes, run->length);
    struct nlri nlri;
    uint32_t count = 0;
    while (nlri_next(&cursor, run_kind(run), run->add_path, &nlri)) {
        CHECK(nlri.prefix.length <= family_address_bits(run->family));
        count++;
    }
    CHECK(!cursor.failed && count == run->count && count > 0 && run->length > 0);
}

/* An UPDATE that announces the first route of `run` with `block`, as an internal peer would send it on. */
static void body_write(const struct attr_block *block, const struct nlri_run *run, struct buf *body)
{
    struct cursor routes = cursor_of(run->bytes, run->length);
    struct nlri nlri;
    CHECK(nlri_next(&routes, run_kind(run), run->add_path, &nlri));
    size_t route_length = (size_t)(routes.at - run->bytes);
    const struct family *family = family_get(run->family);
    struct attr_item item;
    CHECK(attr_find(block->bytes, block->length, ATTR_NEXT_HOP, &item));

    uint8_t memory[MP_VALUE_MAX_BYTES];
    struct buf value;
    buf_init_fixed(&value, memory, sizeof(memory));
    buf_u16(&value, family->afi);
    buf_u8(&value, family->safi);
    buf_u8(&value, (uint8_t)item.length);
    buf_put(&value, item.value, item.length);
    buf_u8(&value, 0);
    buf_put(&value, run->bytes, route_length);
    CHECK(!value.failed);

    buf_u32(body, 0);
    attr_put(body, ATTR_FLAG_OPTIONAL, ATTR_MP_REACH, value.bytes, (uint16_t)value.length);
    struct cursor attributes = cursor_of(block->bytes, block->length);
    while (attr_next(&attributes, &item)) {
        if (item.type != ATTR_NEXT_HOP)
            attr_put(body, item.flags, item.type, item.value, item.length);
    }
    buf_patch_u16(body, 2, (uint16_t)(body->length - 4));
}

static void check_reads_back(const struct attr_block *block, const struct nlri_run *run)
{
    static const struct update_rules internal = {
        .four_octet_as = true,
        .treat_as_withdraw = true,
        .allow_as_set = true,
        .reset_unknown_well_known = true,
        .families = ~(family_set)0,
        .extended_next_hop = ~(family_set)0,
    };
    struct update_rules rules = internal;
    rules.add_path_receive = run->add_path ? ~(family_set)0 : 0;
    struct buf body, scratch;
    buf_init(&body, BODY_MAX_BYTES);
    buf_init(&scratch, ATTR_BLOCK_MAX);
    body_write(block, run, &body);
    if (!body.failed) {
        struct update update;
        CHECK(update_decode(&rules, body.bytes, body.length, &scratch, &update) == VERDICT_OK);
        CHECK(update.run_count == 1 && update.runs[0].count == 1 && update.runs[0].family == run->family);
        CHECK(update.attrs.length == block->length && update.attrs.hash == block->hash);
        CHECK(memcmp(update.attrs.bytes, block->bytes, block->length) == 0);
    }
    buf_release(&body);
    buf_release(&scratch);
}

/* Summed up on the way as it would be from the block's bytes. */
static void check_summary(const struct attr_block *block)
{
    struct attr_block again;
    attr_block_of(block->bytes, block->length, &again);
    const struct attr_summary *a = &block->summary, *b = &again.summary;
    CHECK(block->hash == again.hash && a->facts == b->facts && a->origin == b->origin && a->med == b->med);
    CHECK(a->local_pref == b->local_pref && a->path_length == b->path_length);
    CHECK(a->neighbor_as == b->neighbor_as && a->origin_as == b->origin_as);
}

static void check_result(const struct update_rules *rules, const struct update *update)
{
    bool announces = false;
    for (unsigned i = 0; i < update->run_count; i++) {
        const struct nlri_run *run = &update->runs[i];
        check_run(run);
        CHECK(rules->families >> run->family & 1);
        if (run->withdraw)
            continue;
        announces = true;
        const struct attr_block *block = update_run_attrs(update, run);
        CHECK(attr_block_check(block->bytes, block->length, NULL) == 0);
        check_summary(block);
        check_reads_back(block, run);
    }
    CHECK(!announces || update->verdict <= VERDICT_ATTR_DISCARD);
    CHECK((update->verdict == VERDICT_OK) == (update->why[0] == '\0'));
    CHECK((update->verdict == VERDICT_RESET) == (update->notification.code == NOTIFY_UPDATE));
    CHECK(update->verdict != VERDICT_RESET || update->run_count == 0);
    CHECK(rules->treat_as_withdraw || update->verdict != VERDICT_TREAT_AS_WITHDRAW);
    CHECK(update->end_of_rib == FAMILY_UNKNOWN || (update->verdict == VERDICT_OK && update->run_count == 0));
}

enum verdict fuzz_update(const struct update_rules *rules, const uint8_t *body, size_t length)
{
    struct update update;
    struct buf scratch;
    buf_init(&scratch, ATTR_BLOCK_MAX);
    enum verdict verdict = update_decode(rules, body, length, &scratch, &update);
    CHECK(verdict == update.verdict);
    check_result(rules, &update);
    buf_release(&scratch);
    return verdict;
}
