/* See packer.h. */
#include "speaker/packer.h"

#include <stdlib.h>
#include <string.h>

#include "net/bgp.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/octets.h"
#include "speaker/update_group.h"
#include "wire/message.h"

enum {
    NLRI_BYTES_MAX = 4 + 17,         /* path id, length octet, 16 octets */
    UPDATE_FIXED_BYTES = 4,          /* the two length fields */
    MP_HEADER_BYTES = 4 + 3 + 1 + 1, /* attribute header, AFI and SAFI, next hop length, reserved octet */
    WITHDRAW_FIXED_BYTES = MESSAGE_HEADER_BYTES + UPDATE_FIXED_BYTES + 4 + 3, /* with MP_UNREACH_NLRI's header */
    ADDED_BYTES_MAX = 256,
};

struct packer *packer_new(struct rib *rib)
{
    struct packer *packer = mem_zalloc(MEM_GROUP, sizeof(*packer));
    packer->rib = rib;
    buf_init(&packer->work, 5 * ATTR_BLOCK_MAX);
    buf_init(&packer->attributes, 2 * ATTR_BLOCK_MAX);
    buf_init(&packer->compared, 2 * ATTR_BLOCK_MAX);
    return packer;
}

void packer_free(struct packer *packer)
{
    if (packer == NULL)
        return;
    buf_release(&packer->work);
    buf_release(&packer->attributes);
    buf_release(&packer->compared);
    mem_free(MEM_GROUP, packer);
}

/* A run of its own for the last entry. Apart, so that the others have few registers to save. */
__attribute__((noinline)) static struct pack_run *add_run(struct packer *packer, attr_id attrs, source_id source)
{
    struct pack_run *run = &packer->runs[packer->run_count++];
    *run = (struct pack_run){
        .first = packer->count - 1, .count = 1, .next = packer->run_count, .attrs = attrs, .source = source};
    if (attrs == 0) {
        packer->withdraws[packer->withdraw_count++] = packer->run_count - 1;
        return run;
    }
    struct attr_set *set = attr_get(packer->rib->view, attrs);
    if (set->pack == 0) {
        packer->sets[packer->set_count++] = attrs;
    } else {
        struct pack_run *last = &packer->runs[set->pack - 1];
        run->next = last->next;
        last->next = packer->run_count;
    }
    set->pack = packer->run_count;
    return run;
}

static inline void collect(struct packer *packer, row_id row, uint32_t path_id, attr_id attrs, source_id source)
{
    packer->entries[packer->count++] = (struct pack_entry){.row = row, .path_id = path_id};
    struct pack_run *last = packer->run_count > 0 ? &packer->runs[packer->run_count - 1] : NULL;
    if (last != NULL && last->attrs == attrs && last->source == source && last->skip == 0)
        last->count++;
    else
        add_run(packer, attrs, source);
}

void packer_announce(struct packer *packer, row_id row, uint32_t path_id, attr_id attrs, source_id source)
{
    collect(packer, row, path_id, attrs, source);
}

void packer_withdraw(struct packer *packer, row_id row, uint32_t path_id, source_id source)
{
    collect(packer, row, path_id, 0, source);
}

void packer_skip(struct packer *packer, const uint64_t *members, uint32_t words)
{
    struct pack_run *run = &packer->runs[packer->run_count - 1];
    if (run->count > 1) {
        run->count--;
        run = add_run(packer, run->attrs, run->source);
    }
    /* Neighbouring entries mostly are for the same members. */
    if (packer->skip_count > 0) {
        const struct log_skip *last = packer->skips[packer->skip_count - 1];
        if (last->words == words && memcmp(last->bits, members, words * sizeof(*members)) == 0) {
            run->skip = (uint16_t)packer->skip_count;
            return;
        }
    }
    packer->skips[packer->skip_count] = log_skip_new(members, words);
    run->skip = (uint16_t)++packer->skip_count;
}

static struct log_skip *skip_of(const struct packer *packer, const struct pack_run *run)
{
    return run->skip > 0 ? packer->skips[run->skip - 1] : NULL;
}

/* May two runs stand in one message, as far as who hears it goes? */
static bool same_hearers(const struct packer *packer, const struct pack_run *a, const struct pack_run *b)
{
    return a->source == b->source && (a->skip == b->skip || log_skip_equal(skip_of(packer, a), skip_of(packer, b)));
}

static uint32_t message_limit(const struct export_rules *rules)
{
    return rules->extended_message ? MESSAGE_EXTENDED_MAX_BYTES : MESSAGE_MAX_BYTES;
}

/* The most a message of so many prefixes can take: a log's segment is used up to its end by small changes too. */
static uint32_t message_bound(const struct export_rules *rules, uint32_t fixed_bytes, uint32_t prefixes)
{
    uint32_t limit = message_limit(rules);
    return prefixes < limit / NLRI_BYTES_MAX && fixed_bytes + prefixes * NLRI_BYTES_MAX < limit
               ? fixed_bytes + prefixes * NLRI_BYTES_MAX
               : limit;
}

static uint8_t *put_header(uint8_t *at)
{
    memset(at, 0xFF, 16);
    at[18] = MESSAGE_UPDATE;
    return at + MESSAGE_HEADER_BYTES;
}

/* Uses up to NLRI_BYTES_MAX. */
static inline uint8_t *put_nlri(uint8_t *at, bool add_path, const struct rib *rib, const struct pack_entry *entry)
{
    if (add_path)
        at = put_u32(at, entry->path_id);
    const struct rib_row *row = prefix_table_row(rib->prefixes, entry->row);
    *at++ = row->length;
    /* The whole key: a copy of known size is cheaper, there is room, and what is too much is written over. */
    if (rib->kind == ADDR_IPV4)
        memcpy(at, row->key, 4);
    else
        memcpy(at, row->key, 16);
    return at + (row->length + 7u) / 8;
}

/* Takes entries off the front of a run as long as the next is not to begin behind `end`. */
static uint8_t *put_run(uint8_t *at, const uint8_t *end, const struct export_rules *rules, const struct rib *rib,
                        const struct pack_entry *entries, struct pack_run *run)
{
    bool add_path = rules->add_path;
    uint32_t next = run->first, stop = run->first + run->count;
    while (next < stop && at <= end)
        at = put_nlri(at, add_path, rib, &entries[next++]);
    run->first = next;
    run->count = stop - next;
    return at;
}

/* Withdraws ------------------------------------------------------------------------------------------------------ */

static bool plain_withdraw(const struct export_rules *rules)
{
    return rules->family == FAMILY_IPV4_UNICAST;
}

/* Runs to be withdrawn, for the same hearers. */
struct withdrawal {
    const struct export_rules *rules;
    const struct rib *rib;
    const struct pack_entry *entries;
    struct pack_run *runs;
    const uint32_t *order; /* indices of runs */
    uint32_t count;
};

/* Writes one message that withdraws as many from the front as fit, and takes them off; returns its length. */
static uint32_t encode_withdraw(struct withdrawal *withdrawal, uint8_t *to)
{
    const struct export_rules *rules = withdrawal->rules;
    const struct family *family = family_get(rules->family);
    bool plain = plain_withdraw(rules);
    uint8_t *at = put_header(to);
    uint8_t *lengths = at;
    at += plain ? 2 : UPDATE_FIXED_BYTES + 4 + 3;
    uint8_t *nlri = at;
    const uint8_t *end = to + message_limit(rules) - NLRI_BYTES_MAX - 2;
    while (withdrawal->count > 0 && at <= end) {
        struct pack_run *run = &withdrawal->runs[*withdrawal->order];
        at = put_run(at, end, rules, withdrawal->rib, withdrawal->entries, run);
        if (run->count == 0) {
            withdrawal->order++;
            withdrawal->count--;
        }
    }
    if (plain) {
        put_u16(lengths, (uint32_t)(at - nlri));
        at = put_u16(at, 0);
    } else {
        put_u16(lengths, 0);
        put_u16(lengths + 2, (uint32_t)(at - nlri) + 4 + 3);
        lengths[4] = ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED_LENGTH;
        lengths[5] = ATTR_MP_UNREACH;
        put_u16(lengths + 6, (uint32_t)(at - nlri) + 3);
        put_u16(lengths + 8, family->afi);
        lengths[10] = family->safi;
    }
    put_u16(to + 16, (uint32_t)(at - to));
    return (uint32_t)(at - to);
}

void packer_encode_withdraw(const struct export_rules *rules, const struct rib *rib, const struct pack_entry *entries,
                            uint32_t count, struct buf *out)
{
    uint8_t message[MESSAGE_MAX_BYTES];
    struct export_rules small = *rules;
    small.extended_message = false;
    struct pack_run all = {.count = count};
    struct withdrawal withdrawal = {
        .rules = &small, .rib = rib, .entries = entries, .runs = &all, .order = &(uint32_t){0}, .count = count > 0};
    while (withdrawal.count > 0)
        buf_put(out, message, encode_withdraw(&withdrawal, message));
}

static int compare_withdraws(const void *a, const void *b, void *context)
{
    const struct pack_run *runs = context;
    const struct pack_run *run_a = &runs[*(const uint32_t *)a];
    const struct pack_run *run_b = &runs[*(const uint32_t *)b];
    if (run_a->source != run_b->source)
        return run_a->source < run_b->source ? -1 : 1;
    return run_a->skip < run_b->skip ? -1 : run_a->skip > run_b->skip;
}

static void flush_withdraws(struct packer *packer, const struct pack_target *target)
{
    bool mixed = false;
    for (uint32_t i = 1; i < packer->withdraw_count && !mixed; i++)
        mixed = !same_hearers(packer, &packer->runs[packer->withdraws[i]], &packer->runs[packer->withdraws[0]]);
    if (mixed)
        qsort_r(packer->withdraws, packer->withdraw_count, sizeof(packer->withdraws[0]), compare_withdraws,
                packer->runs);
    uint32_t from = 0;
    while (from < packer->withdraw_count) {
        const struct pack_run *first = &packer->runs[packer->withdraws[from]];
        uint32_t to = from, prefixes = 0;
        while (to < packer->withdraw_count && same_hearers(packer, &packer->runs[packer->withdraws[to]], first))
            prefixes += packer->runs[packer->withdraws[to++]].count;
        struct withdrawal withdrawal = {.rules = target->rules,
                                        .rib = packer->rib,
                                        .entries = packer->entries,
                                        .runs = packer->runs,
                                        .order = packer->withdraws + from,
                                        .count = to - from};
        while (withdrawal.count > 0) {
            uint32_t bound = message_bound(target->rules, WITHDRAW_FIXED_BYTES, prefixes);
            uint8_t *at = group_log_reserve(target->log, bound, prefixes * 5, packer->since_version);
            group_log_commit(target->log, encode_withdraw(&withdrawal, at), first->source, skip_of(packer, first));
        }
        from = to;
    }
}

/* Announcements -------------------------------------------------------------------------------------------------- */

/* One attribute section ready to be put into messages. */
struct section {
    uint8_t next_hop[32];
    unsigned next_hop_length;
    bool mp_reach;
    uint32_t fixed_bytes; /* of a message without NLRI */
};

/* Takes the runs for the hearers of `like` off the chain at *chain (the others stay, in order) until the message is
 * full. Returns the end of what was written. */
static uint8_t *put_chain(struct packer *packer, const struct export_rules *rules, uint32_t *chain,
                          const struct pack_run *like, uint8_t *at, const uint8_t *end)
{
    uint32_t *link = chain;
    while (*link != 0 && at <= end) {
        struct pack_run *run = &packer->runs[*link - 1];
        if (same_hearers(packer, run, like))
            at = put_run(at, end, rules, packer->rib, packer->entries, run);
        if (run->count == 0)
            *link = run->next;
        else
            link = &run->next;
    }
    return at;
}

static uint8_t *put_mp_reach_head(uint8_t *at, const struct export_rules *rules, const struct section *section)
{
    const struct family *family = family_get(rules->family);
    *at++ = ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED_LENGTH;
    *at++ = ATTR_MP_REACH;
    at += 2; /* its length, known later */
    at = put_u16(at, family->afi);
    *at++ = family->safi;
    *at++ = (uint8_t)section->next_hop_length;
    memcpy(at, section->next_hop, section->next_hop_length);
    at += section->next_hop_length;
    *at++ = 0;
    return at;
}

/* One message from the front of the chain; returns its length. MP_REACH_NLRI is the first attribute, as RFC 7606 5.1
 * asks. */
static uint32_t encode_announce(struct packer *packer, const struct export_rules *rules, const struct section *section,
                                uint32_t *chain, const struct pack_run *like, uint8_t *to)
{
    const uint8_t *limit = to + message_limit(rules) - NLRI_BYTES_MAX;
    uint8_t *at = put_header(to);
    at = put_u16(at, 0);
    uint8_t *attributes_length = at;
    at += 2;
    uint8_t *attributes = at;
    if (section->mp_reach) {
        uint8_t *mp_length = at + 2;
        at = put_mp_reach_head(at, rules, section);
        at = put_chain(packer, rules, chain, like, at, limit - packer->attributes.length);
        put_u16(mp_length, (uint32_t)(at - mp_length) - 2);
    }
    memcpy(at, packer->attributes.bytes, packer->attributes.length);
    at += packer->attributes.length;
    put_u16(attributes_length, (uint32_t)(at - attributes));
    if (!section->mp_reach)
        at = put_chain(packer, rules, chain, like, at, limit);
    put_u16(to + 16, (uint32_t)(at - to));
    return (uint32_t)(at - to);
}

static void make_section(struct packer *packer, const struct export_rules *rules, attr_id attrs, source_id source,
                         struct section *section)
{
    struct export_path path;
    export_path_of(packer->rib, attrs, source, &path);
    buf_clear(&packer->attributes);
    section->next_hop_length = export_attributes(rules, &path, &packer->work, &packer->attributes, section->next_hop);
    section->mp_reach = export_uses_mp_reach(rules, section->next_hop_length);
    section->fixed_bytes = MESSAGE_HEADER_BYTES + UPDATE_FIXED_BYTES + (uint32_t)packer->attributes.length +
                           (section->mp_reach ? MP_HEADER_BYTES + section->next_hop_length : 0);
}

bool packer_fits(struct packer *packer, const struct export_rules *rules, attr_id attrs, source_id source)
{
    /* Nothing we add comes near this, AS4_PATH beside AS_PATH included. */
    if (2u * attr_get(packer->rib->view, attrs)->wire_length + ADDED_BYTES_MAX < message_limit(rules))
        return true;
    struct section section;
    make_section(packer, rules, attrs, source, &section);
    return section.fixed_bytes + NLRI_BYTES_MAX <= message_limit(rules);
}

/* Most changes show already here: another neighbour or origin, a longer path, another ORIGIN. */
static bool clearly_differ(const struct attr_set *a, const struct attr_set *b)
{
    const uint64_t path_and_origin = 0x3FFFull << 16;
    return a->neighbor_as != b->neighbor_as || a->origin_as != b->origin_as ||
           ((a->rank ^ b->rank) & path_and_origin) != 0;
}

bool packer_same_section(struct packer *packer, const struct export_rules *rules, const struct told_path *a,
                         const struct told_path *b)
{
    const struct attr_store_view *view = packer->rib->view;
    struct section section_a, section_b;
    if (!export_changes_numbers(rules) && clearly_differ(attr_get(view, a->attrs), attr_get(view, b->attrs)))
        return false;
    make_section(packer, rules, a->attrs, a->source, &section_a);
    buf_clear(&packer->compared);
    buf_put(&packer->compared, packer->attributes.bytes, packer->attributes.length);
    make_section(packer, rules, b->attrs, b->source, &section_b);
    return section_a.next_hop_length == section_b.next_hop_length &&
           memcmp(section_a.next_hop, section_b.next_hop, section_a.next_hop_length) == 0 &&
           packer->compared.length == packer->attributes.length &&
           memcmp(packer->compared.bytes, packer->attributes.bytes, packer->attributes.length) == 0;
}

/* The runs with this set, in order of arrival: the set knows the last, the last the first. */
static uint32_t take_chain(struct packer *packer, attr_id attrs)
{
    struct attr_set *set = attr_get(packer->rib->view, attrs);
    struct pack_run *last = &packer->runs[set->pack - 1];
    uint32_t first = last->next;
    last->next = 0;
    set->pack = 0;
    return first;
}

/* All runs with one attribute set: usually for the same hearers; internal peers may send equal sets, then source by
 * source. */
static void flush_set(struct packer *packer, const struct pack_target *target, attr_id attrs)
{
    uint32_t chain = take_chain(packer, attrs);
    while (chain != 0) {
        const struct pack_run *like = &packer->runs[chain - 1];
        struct section section;
        make_section(packer, target->rules, attrs, like->source, &section);
        CHECK(section.fixed_bytes + NLRI_BYTES_MAX <= message_limit(target->rules));
        while (chain != 0 && same_hearers(packer, &packer->runs[chain - 1], like)) {
            uint32_t expected = packer->set_count * (section.fixed_bytes + 32);
            uint32_t bound = message_bound(target->rules, section.fixed_bytes, packer->count);
            uint8_t *at = group_log_reserve(target->log, bound, expected, packer->since_version);
            uint32_t length = encode_announce(packer, target->rules, &section, &chain, like, at);
            group_log_commit(target->log, length, like->source, skip_of(packer, like));
        }
    }
}

void packer_flush(struct packer *packer, const struct pack_target *target)
{
    flush_withdraws(packer, target);
    for (uint32_t i = 0; i < packer->set_count; i++)
        flush_set(packer, target, packer->sets[i]);
    while (packer->skip_count > 0)
        log_skip_unref(packer->skips[--packer->skip_count]);
    packer->count = packer->run_count = packer->set_count = packer->withdraw_count = 0;
}
