/* UPDATE, from bytes to validated values (RFC 4271 4.3 and 6.3, RFC 7606, RFC 4760, RFC 7911, RFC 8950).
 *
 * One walk over the attributes asks the table in attr_rules.c about each, sums the good ones up and collects them in
 * order of type; then the NLRI are counted, what needs both is checked, and the canonical block is written. Every
 * complaint goes through report(), which keeps the worst (RFC 7606 3 h), so the walk itself never decides anything. The
 * walk goes on after an error: a later one may be worse, and MP_REACH_NLRI must be found to be withdrawn.
 *
 * What no row of the table can say is here: how framing errors end the walk (RFC 7606 4), duplicates (3 g), attributes
 * without a row (RFC 4271 5), missing ones (3 d), and that an error in a message that announces nothing resets, since
 * what it was about is unknown (5.2).
 */
#include "wire/update.h"

#include <stdio.h>
#include <string.h>

#include "net/bgp.h"
#include "base/check.h"
#include "base/cursor.h"
#include "wire/as4.h"
#include "wire/attr_rules.h"
#include "wire/canonical.h"
#include "wire/message.h"

enum {
    OPTIONAL_AND_TRANSITIVE = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,
    PATH_ID_BYTES = 4,
    IPV4_BITS = 32,
    IPV6_BITS = 128,
    MP_HEAD_BYTES = 3, /* AFI, SAFI */
};

/* One UPDATE on its way through. */
struct parse {
    const struct update_rules *rules;
    struct update *update;
    uint8_t from;   /* FROM_... */
    bool has_other; /* an attribute besides MP_UNREACH_NLRI, or bytes that are none */
    uint8_t last_type;
    unsigned met;             /* attributes met ... */
    unsigned canonical;       /* ... and those of them that stood where and as the canonical block has them */
    uint64_t seen[4];         /* types met, as bits */
    struct cursor attributes; /* all of them */
    struct attr_item mp_reach, mp_unreach, next_hop; /* value NULL: absent or unusable */
    struct next_hop mp_next_hop;
    struct attr_summary summary; /* of what will be in the block, its AS numbers taken for 4-octet ones */
    struct attr_list attrs;
};

static bool is_seen(const struct parse *parse, uint8_t type)
{
    return parse->seen[type / 64] >> (type % 64) & 1;
}

/* The attribute as it stood in the message: what a NOTIFICATION about it carries. */
static struct notification notification_about(uint8_t subcode, const struct attr_item *item)
{
    if (!item || !item->value)
        return notification_make(NOTIFY_UPDATE, subcode);
    unsigned header = item->flags & ATTR_FLAG_EXTENDED_LENGTH ? 4 : 3;
    return notification_with_data(NOTIFY_UPDATE, subcode, item->value - header, header + (size_t)item->length);
}

static void __attribute__((cold, format(printf, 5, 6)))
report(struct parse *parse, enum verdict verdict, uint8_t subcode, const struct attr_item *item, const char *format,
       ...)
{
    struct update *update = parse->update;
    if (verdict == VERDICT_TREAT_AS_WITHDRAW && !parse->rules->treat_as_withdraw)
        verdict = VERDICT_RESET;
    if (verdict <= update->verdict)
        return;
    update->verdict = verdict;
    update->bad_attribute = item ? item->type : 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(update->why, sizeof(update->why), format, arguments);
    va_end(arguments);
    if (verdict == VERDICT_RESET)
        update->notification = notification_about(subcode, item);
}

/* An attribute that will be in the block, there with these flags. Counts it, and whether a copy of its octets would do:
 * sent in order, with the flags and the header it is to have. */
static inline void keep(struct parse *parse, struct attr_item *item, uint8_t flags)
{
    uint8_t with_length = item->length > UINT8_MAX ? flags | ATTR_FLAG_EXTENDED_LENGTH : flags;
    parse->canonical += item->flags == with_length && (item->type > parse->last_type || parse->met == 1);
    parse->last_type = item->type;
    item->flags = flags;
    attr_summary_add(&parse->summary, item);
}

/* Attributes without a row, by their flags alone (RFC 4271 5 and 6.3). */
static void take_unrecognised(struct parse *parse, struct attr_item *item)
{
    if (!(item->flags & ATTR_FLAG_OPTIONAL)) {
        report(parse, parse->rules->reset_unknown_well_known ? VERDICT_RESET : VERDICT_TREAT_AS_WITHDRAW,
               NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN, item, "attribute %u is marked well-known and is not known",
               item->type);
    } else if (item->flags & ATTR_FLAG_TRANSITIVE) {
        keep(parse, item, OPTIONAL_AND_TRANSITIVE | ATTR_FLAG_PARTIAL);
        attr_list_add(&parse->attrs, item);
    }
}

/* Reserved and length bits go; Partial stays where it has a meaning. */
static uint8_t canonical_flags(uint8_t flags)
{
    uint8_t kept = flags & OPTIONAL_AND_TRANSITIVE;
    return kept == OPTIONAL_AND_TRANSITIVE ? kept | (flags & ATTR_FLAG_PARTIAL) : kept;
}

static bool length_obeys(const struct attr_rule *rule, uint16_t length)
{
    return length >= rule->length_min && length <= rule->length_max &&
           (rule->length_unit == 1 || length % rule->length_unit == 0);
}

/* What the table says about the value. False: reported. */
static bool value_obeys(struct parse *parse, const struct attr_rule *rule, const struct attr_item *item)
{
    if (unlikely(!length_obeys(rule, item->length))) {
        report(parse, rule->malformed, NOTIFY_UPDATE_LENGTH, item, "%s: a length of %u", rule->name, item->length);
        return false;
    }
    const char *wrong = rule->check ? rule->check(parse->rules, item) : NULL;
    if (unlikely(wrong != NULL)) {
        report(parse, rule->malformed, rule->subcode, item, "%s: %s", rule->name, wrong);
        return false;
    }
    uint16_t most = parse->rules->community_max;
    if (rule->bounded && most && unlikely(item->length / rule->length_unit > most)) {
        report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_OPTIONAL, item, "%s: %u of them, at most %u are allowed",
               rule->name, item->length / rule->length_unit, most);
        return false;
    }
    return true;
}

static void take_recognised(struct parse *parse, const struct attr_rule *rule, struct attr_item *item)
{
    if (unlikely(rule->refused_from & parse->from) && !(rule->unless && rule->unless(parse->rules))) {
        report(parse, VERDICT_ATTR_DISCARD, 0, item, "%s is not taken from this peer", rule->name);
        return;
    }
    bool is_multiprotocol = item->type == ATTR_MP_REACH || item->type == ATTR_MP_UNREACH;
    if (unlikely((item->flags ^ rule->flags) & OPTIONAL_AND_TRANSITIVE)) {
        report(parse, rule->bad_flags, NOTIFY_UPDATE_FLAGS, item, "%s: flags 0x%02x", rule->name, item->flags);
        if (!is_multiprotocol) /* whose NLRI must be read all the same, to be withdrawn */
            return;
    }
    if (!value_obeys(parse, rule, item))
        return;
    switch (item->type) {
    case ATTR_NEXT_HOP:
        parse->next_hop = *item;
        keep(parse, item, ATTR_FLAG_TRANSITIVE);
        return;
    case ATTR_MP_REACH:
        parse->mp_reach = *item;
        return;
    case ATTR_MP_UNREACH:
        parse->mp_unreach = *item;
        return;
    default:
        keep(parse, item, canonical_flags(item->flags));
        attr_list_add(&parse->attrs, item);
    }
}

static void take_attribute(struct parse *parse, struct attr_item *item)
{
    const struct attr_rule *rule = attr_rule_get(item->type);
    parse->met++;
    if (item->type != ATTR_MP_UNREACH)
        parse->has_other = true;
    if (unlikely(is_seen(parse, item->type))) {
        /* RFC 7606 3 g */
        bool is_multiprotocol = item->type == ATTR_MP_REACH || item->type == ATTR_MP_UNREACH;
        report(parse, is_multiprotocol ? VERDICT_RESET : VERDICT_ATTR_DISCARD, NOTIFY_UPDATE_MALFORMED,
               is_multiprotocol ? NULL : item, "%s (attribute %u) stands twice", rule ? rule->name : "unrecognised",
               item->type);
        return;
    }
    parse->seen[item->type / 64] |= (uint64_t)1 << (item->type % 64);
    if (rule)
        take_recognised(parse, rule, item);
    else
        take_unrecognised(parse, item);
}

/* RFC 7606 4: whatever the inner lengths say, the total length tells where the attributes end. */
static void take_attributes(struct parse *parse)
{
    struct cursor attributes = parse->attributes;
    struct attr_item item;
    while (attr_next(&attributes, &item))
        take_attribute(parse, &item);
    if (attributes.failed) {
        parse->has_other = true;
        report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_MALFORMED, NULL,
               "the attributes do not fill their total length");
    }
}

/* Counts the prefixes of a run; false if it does not parse. */
static bool nlri_scan(const uint8_t *bytes, size_t length, unsigned max_bits, bool add_path, uint32_t *count)
{
    size_t id_bytes = add_path ? PATH_ID_BYTES : 0, at = id_bytes; /* of the next length */
    unsigned most_bits = 0;
    uint32_t found = 0;
    while (at < length) {
        unsigned bits = bytes[at];
        most_bits = bits > most_bits ? bits : most_bits;
        at += 1 + (bits + 7) / 8 + id_bytes;
        found++;
    }
    *count = found;
    return at == length + id_bytes && most_bits <= max_bits;
}

/* Bits of an address in the families whose NLRI are plain prefixes; 0 for all others. */
static unsigned plain_bits(enum family_id family)
{
    switch (family) {
    case FAMILY_IPV4_UNICAST:
    case FAMILY_IPV4_MULTICAST:
        return IPV4_BITS;
    case FAMILY_IPV6_UNICAST:
    case FAMILY_IPV6_MULTICAST:
        return IPV6_BITS;
    default:
        return 0;
    }
}

static bool is_readable(const struct parse *parse, enum family_id family)
{
    return family != FAMILY_UNKNOWN && parse->rules->families >> family & 1 && plain_bits(family);
}

/* Appends a run if there is anything in it; false if it does not parse. */
static bool add_run(struct parse *parse, struct nlri_run run)
{
    struct update *update = parse->update;
    if (run.length == 0)
        return true;
    run.add_path = parse->rules->add_path_receive >> run.family & 1;
    if (!nlri_scan(run.bytes, run.length, plain_bits(run.family), run.add_path, &run.count))
        return false;
    update->runs[update->run_count++] = run;
    return true;
}

/* The Withdrawn Routes or the NLRI field, which are IPv4 unicast. */
static void take_field(struct parse *parse, struct cursor field, bool withdraw)
{
    if (cursor_done(&field))
        return;
    if (!is_readable(parse, FAMILY_IPV4_UNICAST)) {
        report(parse, VERDICT_ATTR_DISCARD, 0, NULL, "IPv4 unicast routes, which were not agreed upon, are ignored");
        return;
    }
    struct nlri_run run = {.family = FAMILY_IPV4_UNICAST,
                           .withdraw = withdraw,
                           .bytes = field.at,
                           .length = (uint32_t)cursor_left(&field)};
    if (!add_run(parse, run))
        report(parse, VERDICT_RESET, NOTIFY_UPDATE_NETWORK, NULL, "the %s field does not parse",
               withdraw ? "Withdrawn Routes" : "NLRI");
}

/* AFI and SAFI of an MP attribute; false if its routes are to be passed over. */
static bool take_family(struct parse *parse, const struct attr_item *item, struct cursor *cursor,
                        enum family_id *family)
{
    uint16_t afi = cursor_u16(cursor);
    uint8_t safi = cursor_u8(cursor);
    if (cursor->failed) {
        report(parse, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, item, "%s: a length of %u",
               attr_rule_get(item->type)->name, item->length);
        return false;
    }
    *family = family_from_afi_safi(afi, safi);
    if (is_readable(parse, *family))
        return true;
    report(parse, VERDICT_ATTR_DISCARD, 0, item, "%s: AFI %u SAFI %u, which was not agreed upon, is ignored",
           attr_rule_get(item->type)->name, afi, safi);
    return false;
}

static void take_mp_unreach(struct parse *parse)
{
    const struct attr_item *item = &parse->mp_unreach;
    if (!item->value)
        return;
    struct cursor cursor = cursor_of(item->value, item->length);
    enum family_id family;
    if (!take_family(parse, item, &cursor, &family))
        return;
    struct nlri_run run = {.family = family,
                           .withdraw = true,
                           .multiprotocol = true,
                           .bytes = cursor.at,
                           .length = (uint32_t)cursor_left(&cursor)};
    if (!add_run(parse, run))
        report(parse, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, item, "MP_UNREACH_NLRI: the routes do not parse");
}

/* May this be a next hop? `bytes` are 4 or 16. */
static void check_next_hop(struct parse *parse, const struct attr_item *item, const uint8_t *bytes, unsigned length)
{
    struct addr addr = addr_from_bytes(length == 4 ? ADDR_IPV4 : ADDR_IPV6, bytes);
    bool is_own = addr_equal(&addr, &parse->rules->local_address);
    if (likely(addr_is_valid_next_hop(&addr) && !is_own))
        return;
    char text[ADDR_TEXT_MAX];
    report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_NEXT_HOP, item, "next hop %s %s", addr_format(&addr, text),
           is_own ? "is our own address" : "is not one a router can have");
}

/* Whether the length of the next hop is one the family can have (RFC 7606 7.11). If not, nothing behind it can be
 * trusted. */
static bool take_mp_next_hop(struct parse *parse, enum family_id family, const uint8_t *bytes, uint8_t length)
{
    const struct attr_item *item = &parse->mp_reach;
    bool is_ipv4 = plain_bits(family) == IPV4_BITS;
    if (length != 16 && length != 32 && !(is_ipv4 && length == 4)) {
        report(parse, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, item, "MP_REACH_NLRI: a next hop of %u octets", length);
        return false;
    }
    /* RFC 8950 4: the length is one of the family's, so the routes can be found; they may just not be used. */
    if (is_ipv4 && length != 4 && !(parse->rules->extended_next_hop >> family & 1))
        report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_OPTIONAL, item,
               "MP_REACH_NLRI: an IPv6 next hop for IPv4, which was not agreed upon");
    check_next_hop(parse, item, bytes, length == 4 ? 4 : 16);
    if (length == 32) {
        /* RFC 2545 3: the second is link-local; what is not is of no use to anybody. */
        struct addr second = addr_from_bytes(ADDR_IPV6, bytes + 16);
        length = addr_is_link_local(&second) ? 32 : 16;
    }
    parse->mp_next_hop = (struct next_hop){.bytes = bytes, .length = length};
    return true;
}

static void take_mp_reach(struct parse *parse)
{
    const struct attr_item *item = &parse->mp_reach;
    if (!item->value)
        return;
    struct cursor cursor = cursor_of(item->value, item->length);
    enum family_id family;
    if (!take_family(parse, item, &cursor, &family))
        return;
    uint8_t length = cursor_u8(&cursor);
    const uint8_t *next_hop = cursor_take(&cursor, length);
    cursor_u8(&cursor); /* reserved; once a count of SNPAs, now ignored (RFC 4760 3) */
    if (cursor.failed) {
        report(parse, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, item, "MP_REACH_NLRI: the next hop overruns");
        return;
    }
    if (!take_mp_next_hop(parse, family, next_hop, length))
        return;
    struct nlri_run run = {
        .family = family, .multiprotocol = true, .bytes = cursor.at, .length = (uint32_t)cursor_left(&cursor)};
    if (!add_run(parse, run))
        report(parse, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, item, "MP_REACH_NLRI: the routes do not parse");
}

static void report_missing(struct parse *parse, uint8_t type)
{
    /* The data is the type code alone (RFC 4271 6.3). */
    report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_MISSING_WELL_KNOWN, NULL, "%s is missing",
           attr_rule_get(type)->name);
    struct update *update = parse->update;
    if (update->verdict == VERDICT_RESET && update->notification.subcode == NOTIFY_UPDATE_MISSING_WELL_KNOWN &&
        update->notification.data_length == 0)
        update->notification = notification_with_data(NOTIFY_UPDATE, NOTIFY_UPDATE_MISSING_WELL_KNOWN, &type, 1);
    if (update->bad_attribute == 0)
        update->bad_attribute = type;
}

/* What routes need beside attributes that are good each for itself. */
static void check_announcement(struct parse *parse, bool field, bool multiprotocol)
{
    if (!field && !multiprotocol)
        return;
    if (!is_seen(parse, ATTR_ORIGIN))
        report_missing(parse, ATTR_ORIGIN);
    if (!is_seen(parse, ATTR_AS_PATH))
        report_missing(parse, ATTR_AS_PATH);
    if (!field)
        return; /* RFC 4760 3: a NEXT_HOP beside MP_REACH_NLRI alone is ignored */
    if (!is_seen(parse, ATTR_NEXT_HOP))
        report_missing(parse, ATTR_NEXT_HOP);
    else if (parse->next_hop.value)
        check_next_hop(parse, &parse->next_hop, parse->next_hop.value, 4);
}

/* A set that old speakers' AS_PATH hides would come back from AS4_PATH (RFC 9774 3). */
static void check_as4_set(struct parse *parse)
{
    const struct attr_item *item = attr_list_find(&parse->attrs, ATTR_AS4_PATH);
    struct as_path_facts facts;
    if (item && !parse->rules->allow_as_set && !as_path_scan(item->value, item->length, 4, &facts) && facts.has_set)
        report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_OPTIONAL, item, "AS4_PATH: an AS_SET");
}

/* Most blocks of IPv4 routes come as they are to be. What a speaker sorted and abbreviated, nobody need write again:
 * the block is then the message's own octets. */
static bool is_canonical(const struct parse *parse)
{
    return parse->met == parse->canonical && parse->rules->four_octet_as && canonical_is_copy(&parse->attrs) &&
           cursor_left(&parse->attributes) <= ATTR_BLOCK_MAX;
}

static void block_of(const struct parse *parse, const uint8_t *bytes, size_t length, struct attr_block *block)
{
    if (parse->rules->four_octet_as)
        attr_block_of_summed(bytes, (uint32_t)length, &parse->summary, block);
    else /* the walk saw other numbers */
        attr_block_of(bytes, (uint32_t)length, block);
}

static void write_blocks(struct parse *parse, bool field, bool multiprotocol, struct buf *scratch)
{
    struct update *update = parse->update;
    bool four_octet_as = parse->rules->four_octet_as;
    if (field && !multiprotocol && is_canonical(parse)) {
        block_of(parse, parse->attributes.at, cursor_left(&parse->attributes), &update->attrs);
        return;
    }
    size_t start = scratch->length, middle = start;
    if (field) {
        struct next_hop next_hop = {.bytes = parse->next_hop.value, .length = 4};
        canonical_write(&parse->attrs, four_octet_as, &next_hop, scratch);
        middle = scratch->length;
    }
    if (multiprotocol)
        canonical_write(&parse->attrs, four_octet_as, &parse->mp_next_hop, scratch);
    size_t end = scratch->length;
    if (scratch->failed || middle - start > ATTR_BLOCK_MAX || end - middle > ATTR_BLOCK_MAX) {
        report(parse, VERDICT_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_MALFORMED, NULL, "more than %d octets of attributes",
               ATTR_BLOCK_MAX);
        return;
    }
    /* Only now: the memory of scratch has stopped moving. */
    if (field)
        block_of(parse, scratch->bytes + start, middle - start, &update->attrs);
    if (multiprotocol)
        block_of(parse, scratch->bytes + middle, end - middle, field ? &update->attrs_mp : &update->attrs);
}

/* RFC 4724 2: no routes at all, or an MP_UNREACH_NLRI alone that withdraws none. */
static enum family_id end_of_rib_family(const struct parse *parse, size_t length)
{
    if (parse->update->verdict != VERDICT_OK || parse->update->run_count || parse->has_other)
        return FAMILY_UNKNOWN;
    if (!parse->mp_unreach.value)
        return length == 4 && is_readable(parse, FAMILY_IPV4_UNICAST) ? FAMILY_IPV4_UNICAST : FAMILY_UNKNOWN;
    struct cursor cursor = cursor_of(parse->mp_unreach.value, parse->mp_unreach.length);
    uint16_t afi = cursor_u16(&cursor);
    return family_from_afi_safi(afi, cursor_u8(&cursor));
}

static void finish(struct parse *parse, size_t length, struct buf *scratch)
{
    struct update *update = parse->update;
    bool field = false, multiprotocol = false;
    for (unsigned i = 0; i < update->run_count; i++) {
        if (update->runs[i].withdraw)
            continue;
        field |= !update->runs[i].multiprotocol;
        multiprotocol |= update->runs[i].multiprotocol;
    }
    check_announcement(parse, field, multiprotocol);
    if (!parse->rules->four_octet_as)
        check_as4_set(parse);
    if ((field || multiprotocol) && update->verdict <= VERDICT_ATTR_DISCARD)
        write_blocks(parse, field, multiprotocol, scratch);
    update->end_of_rib = end_of_rib_family(parse, length);
    if (update->verdict == VERDICT_TREAT_AS_WITHDRAW) {
        for (unsigned i = 0; i < update->run_count; i++)
            update->runs[i].withdraw = true;
    } else if (update->verdict == VERDICT_RESET) {
        update->run_count = 0;
    }
}

static void update_init(struct update *update)
{
    update->verdict = VERDICT_OK;
    update->notification.code = 0;
    update->attrs.length = 0;
    update->attrs_mp.length = 0;
    update->run_count = 0;
    update->end_of_rib = FAMILY_UNKNOWN;
    update->disable_family = FAMILY_UNKNOWN;
    update->bad_attribute = 0;
    update->why[0] = '\0';
}

enum verdict update_decode(const struct update_rules *rules, const uint8_t *body, size_t length, struct buf *scratch,
                           struct update *update)
{
    struct parse parse;
    parse.rules = rules;
    parse.update = update;
    parse.from = rules->confederation ? FROM_CONFED : rules->ebgp ? FROM_EBGP : FROM_IBGP;
    parse.has_other = false;
    parse.last_type = 0;
    parse.met = parse.canonical = 0;
    memset(parse.seen, 0, sizeof(parse.seen));
    parse.mp_reach.value = parse.mp_unreach.value = parse.next_hop.value = NULL;
    parse.attrs.count = 0;
    attr_summary_init(&parse.summary);
    buf_clear(scratch);
    update_init(update);

    struct cursor cursor = cursor_of(body, length);
    struct cursor withdrawn = cursor_sub(&cursor, cursor_u16(&cursor));
    parse.attributes = cursor_sub(&cursor, cursor_u16(&cursor));
    if (cursor.failed) {
        report(&parse, VERDICT_RESET, NOTIFY_UPDATE_MALFORMED, NULL,
               "the lengths of Withdrawn Routes and attributes exceed the message");
        return update->verdict;
    }
    take_attributes(&parse);
    take_field(&parse, withdrawn, true);
    take_mp_unreach(&parse);
    take_field(&parse, cursor, false);
    take_mp_reach(&parse);
    /* RFC 7606 5.2 */
    bool announces = cursor_left(&cursor) || is_seen(&parse, ATTR_MP_REACH);
    if (!announces && parse.has_other && update->verdict == VERDICT_TREAT_AS_WITHDRAW) {
        update->verdict = VERDICT_RESET;
        update->notification = notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_MALFORMED);
    }
    finish(&parse, length, scratch);
    return update->verdict;
}

/* Blocks that did not come in an UPDATE --------------------------------------------------------------------------- */

static int check_block_next_hop(const struct attr_item *item, struct err *err)
{
    struct addr next_hop = addr_from_bytes(item->length == 4 ? ADDR_IPV4 : ADDR_IPV6, item->value);
    char text[ADDR_TEXT_MAX];
    if (addr_is_any(&next_hop) || addr_is_valid_next_hop(&next_hop))
        return E_OK;
    return err_set(err, E_INVALID, "next hop %s is not one a router can have", addr_format(&next_hop, text));
}

static int check_block_item(const struct update_rules *rules, const struct attr_item *item, struct err *err)
{
    const struct attr_rule *rule = attr_rule_get(item->type);
    if (!rule)
        return item->flags & ATTR_FLAG_OPTIONAL
                   ? E_OK
                   : err_set(err, E_INVALID, "attribute %u is marked well-known and is not known", item->type);
    bool has_no_place = item->type == ATTR_MP_REACH || item->type == ATTR_MP_UNREACH ||
                        (rule->refused_from & FROM_IBGP && !(rule->unless && rule->unless(rules)));
    if (has_no_place)
        return err_set(err, E_INVALID, "%s (attribute %u) is not one a route can be given", rule->name, item->type);
    if ((item->flags ^ rule->flags) & OPTIONAL_AND_TRANSITIVE)
        return err_set(err, E_INVALID, "%s: flags 0x%02x", rule->name, item->flags);
    if (item->type == ATTR_NEXT_HOP) /* of any family, so the rule does not fit */
        return check_block_next_hop(item, err);
    if (!length_obeys(rule, item->length))
        return err_set(err, E_INVALID, "%s: a length of %u", rule->name, item->length);
    const char *wrong = rule->check ? rule->check(rules, item) : NULL;
    return wrong ? err_set(err, E_INVALID, "%s: %s", rule->name, wrong) : E_OK;
}

int update_check_block(const uint8_t *bytes, uint32_t length, struct err *err)
{
    static const struct update_rules rules = {.four_octet_as = true, .allow_as_set = true, .families = ~(family_set)0};
    struct cursor cursor = cursor_of(bytes, length);
    struct attr_item item;
    while (attr_next(&cursor, &item)) {
        int result = check_block_item(&rules, &item, err);
        if (result < 0)
            return result;
    }
    return cursor.failed ? err_set(err, E_INVALID, "the attributes end early") : E_OK;
}

void end_of_rib_encode(struct buf *buf, enum family_id family)
{
    size_t offset = message_begin(buf, MESSAGE_UPDATE);
    buf_u16(buf, 0);
    if (family == FAMILY_IPV4_UNICAST) {
        buf_u16(buf, 0);
    } else {
        const struct family *facts = family_get(family);
        CHECK(facts);
        uint8_t value[MP_HEAD_BYTES] = {(uint8_t)(facts->afi >> 8), (uint8_t)facts->afi, facts->safi};
        buf_u16(buf, 3 + MP_HEAD_BYTES);
        attr_put(buf, ATTR_FLAG_OPTIONAL, ATTR_MP_UNREACH, value, sizeof(value));
    }
    message_end(buf, offset);
}
