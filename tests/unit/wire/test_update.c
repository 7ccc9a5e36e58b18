#include "wire/update.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "net/bgp.h"
#include "base/check.h"
#include "net/nlri.h"
#include "wire/attr_rules.h"
#include "wire/message.h"

#define BIT(family) ((family_set)1 << (family))

/* Attributes in hex, blanks between them. */
#define ORIGIN "40010100"
#define PATH "40020a02020000fde90000fdf2"
#define HOP "4003040a630101"
#define COMMUNITIES "c00804fde90002"
#define GOOD ORIGIN " " PATH " " HOP " "
#define ROUTE "18c63364"
#define ROUTE6 "3020010db80005"
#define HOP6 "20010db8ffff00000000000000000001"
#define LINK_LOCAL "fe800000000000000000000000000001"
#define MP_REACH "800e1c000201 10 " HOP6 " 00 " ROUTE6 " "

static struct buf scratch;
static struct update update;
static uint8_t *exact; /* the body last decoded */

static struct update_rules rules_of(void)
{
    return (struct update_rules){
        .ebgp = true,
        .four_octet_as = true,
        .treat_as_withdraw = true,
        .enforce_first_as = true,
        .reset_unknown_well_known = true,
        .as_path_max = 500,
        .community_max = 500,
        .peer_as = 65001,
        .families = BIT(FAMILY_IPV4_UNICAST) | BIT(FAMILY_IPV6_UNICAST),
        .local_address = addr_ipv4(0x0a630102),
    };
}

static void put_hex(struct buf *buf, const char *hex)
{
    while (*hex) {
        unsigned octet;
        if (*hex == ' ') {
            hex++;
            continue;
        }
        if (sscanf(hex, "%2x", &octet) != 1)
            fail_msg("%s is no hex", hex);
        buf_u8(buf, (uint8_t)octet);
        hex += 2;
    }
}

/* Decodes a body in memory of exactly its size. The runs point into it: it lives until the next call. */
static enum verdict decode(const struct update_rules *rules, const char *withdrawn, const char *attributes,
                           const char *routes)
{
    static uint8_t memory[70000];
    struct buf body;
    buf_init_fixed(&body, memory, sizeof(memory));
    buf_u16(&body, 0);
    put_hex(&body, withdrawn);
    buf_patch_u16(&body, 0, (uint16_t)(body.length - 2));
    size_t at = body.length;
    buf_u16(&body, 0);
    put_hex(&body, attributes);
    buf_patch_u16(&body, at, (uint16_t)(body.length - at - 2));
    put_hex(&body, routes);
    assert_false(body.failed);
    free(exact);
    exact = malloc(body.length);
    memcpy(exact, body.bytes, body.length);
    enum verdict verdict = update_decode(rules, exact, body.length, &scratch, &update);
    assert_int_equal(verdict, update.verdict);
    return verdict;
}

static void assert_hex(const uint8_t *bytes, size_t length, const char *expected)
{
    static uint8_t memory[70000];
    struct buf buf;
    buf_init_fixed(&buf, memory, sizeof(memory));
    put_hex(&buf, expected);
    assert_int_equal(length, buf.length);
    assert_memory_equal(bytes, buf.bytes, length);
}

/* Hash and summary are those of the block's bytes, whichever way they were found. */
static void assert_summed_up(const struct attr_block *block)
{
    struct attr_block again;
    attr_block_of(block->bytes, block->length, &again);
    const struct attr_summary *a = &block->summary, *b = &again.summary;
    assert_true(block->hash == again.hash);
    assert_int_equal(a->local_pref, b->local_pref);
    assert_int_equal(a->med, b->med);
    assert_int_equal(a->neighbor_as, b->neighbor_as);
    assert_int_equal(a->origin_as, b->origin_as);
    assert_int_equal(a->path_length, b->path_length);
    assert_int_equal(a->facts, b->facts);
    assert_int_equal(a->origin, b->origin);
}

static void assert_block(const struct attr_block *block, const char *expected)
{
    struct err err = {.text = ""};
    assert_summed_up(block);
    if (attr_block_check(block->bytes, block->length, &err) < 0)
        fail_msg("%s", err.text);
    assert_hex(block->bytes, block->length, expected);
}

static void assert_decodes(const struct update_rules *rules, const char *attributes, enum verdict verdict,
                           const char *expected)
{
    enum verdict found = decode(rules, "", attributes, ROUTE);
    if (found != verdict)
        fail_msg("%s: verdict %d (%s), due %d", attributes, found, update.why, verdict);
    assert_block(&update.attrs, expected);
}

static void test_canonical_is_copied(void **state)
{
    struct update_rules rules = rules_of();
    const char *attributes = GOOD "80040400000005 400600 c007080000fde90a000001 " COMMUNITIES
                                  " c0100800020001000000ff c0200c000000010000000200000003 c023040000fde9";
    assert_decodes(&rules, attributes, VERDICT_OK, attributes);
    assert_int_equal(update.attrs.summary.med, 5);
    assert_int_equal(update.attrs.summary.neighbor_as, 65001);
    assert_int_equal(update.attrs.summary.origin_as, 65010);
    assert_string_equal(update.why, "");
    assert_int_equal(update.bad_attribute, 0);
    assert_ptr_equal(update.attrs.bytes, exact + 4); /* where it came */
}

/* Whatever differs from the canonical form in one point alone is written anew. */
static void test_almost_canonical(void **state)
{
    static const char *const attributes[] = {
        PATH ORIGIN HOP,
        ORIGIN HOP PATH,
        "50010001 00" PATH HOP,
        "60010100" PATH HOP,
        "41010100" PATH HOP,
        ORIGIN PATH "43 03040a630101",
        GOOD ORIGIN,
        GOOD "80fc00",
        GOOD "c0fd00",
        GOOD "40050400000064",
        GOOD "c02018000000010000000200000003000000010000000200000003",
        GOOD "800f03000201",
    };
    struct update_rules rules = rules_of();
    for (unsigned i = 0; i < ARRAY_LEN(attributes); i++) {
        assert_true(decode(&rules, "", attributes[i], ROUTE) <= VERDICT_ATTR_DISCARD);
        assert_ptr_equal(update.attrs.bytes, scratch.bytes);
        assert_int_equal(attr_block_check(update.attrs.bytes, update.attrs.length, NULL), 0);
    }
}

static void test_order_headers_and_flags(void **state)
{
    struct update_rules rules = rules_of();
    assert_decodes(&rules, COMMUNITIES " " HOP " " PATH " " ORIGIN, VERDICT_OK, GOOD COMMUNITIES);
    assert_decodes(&rules, "5f01000100 6f020a02020000fde90000fdf2 " HOP, VERDICT_OK, GOOD);
    /* Partial stays on what is optional and transitive, nowhere else */
    assert_decodes(&rules, GOOD "a0040400000005 e00804fde90002", VERDICT_OK, GOOD "80040400000005 e00804fde90002");
}

static void test_unknown_attributes(void **state)
{
    struct update_rules rules = rules_of();
    assert_decodes(&rules, GOOD "c0fd04deadbeef", VERDICT_OK, GOOD "e0fd04deadbeef");
    assert_decodes(&rules, GOOD "e0fd04deadbeef", VERDICT_OK, GOOD "e0fd04deadbeef");
    assert_decodes(&rules, GOOD "dffd0004deadbeef", VERDICT_OK, GOOD "e0fd04deadbeef");
    assert_decodes(&rules, GOOD "c0fd00 80fc021234 80fb00", VERDICT_OK, GOOD "e0fd00");
    assert_decodes(&rules, GOOD "c0ff00 c00b03abcdef", VERDICT_OK, GOOD "e00b03abcdef e0ff00");
    static char longest[2 * 3000 + 1], attributes[7000], expected[7000];
    memset(longest, 'a', sizeof(longest) - 1);
    snprintf(attributes, sizeof(attributes), GOOD "d0fd0bb8%s", longest);
    snprintf(expected, sizeof(expected), GOOD "f0fd0bb8%s", longest);
    assert_decodes(&rules, attributes, VERDICT_OK, expected);
}

static void test_unknown_well_known_knob(void **state)
{
    struct update_rules rules = rules_of();
    assert_int_equal(decode(&rules, "", GOOD "40fb0100", ROUTE), VERDICT_RESET);
    assert_int_equal(update.notification.code, NOTIFY_UPDATE);
    assert_int_equal(update.notification.subcode, NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN);
    assert_hex(update.notification.data, update.notification.data_length, "40fb0100");
    rules.reset_unknown_well_known = false;
    assert_int_equal(decode(&rules, "", GOOD "40fb0100", ROUTE), VERDICT_TREAT_AS_WITHDRAW);
}

/* Attributes that some peers may not send are as if they had not been there. */
static void test_refused_by_peer(void **state)
{
    static const struct {
        const char *attribute;
        uint8_t type;
        uint8_t kept_from; /* FROM_... */
    } rows[] = {
        {"40050400000064", ATTR_LOCAL_PREF, FROM_CONFED | FROM_IBGP},
        {"8009040a000001", ATTR_ORIGINATOR_ID, FROM_IBGP},
        {"800a040a000001", ATTR_CLUSTER_LIST, FROM_IBGP},
        {"801a0b01000b0000000000000001", ATTR_AIGP, FROM_CONFED | FROM_IBGP},
        {"c0280a01000700000000000064", ATTR_PREFIX_SID, FROM_CONFED | FROM_IBGP},
        {"c01c0101", ATTR_ENTROPY_LABEL, FROM_CONFED | FROM_IBGP},
        {"801d0404020000", ATTR_LS, 0},
        {"c0110602010000fde9", ATTR_AS4_PATH, 0},
        {"c012080000fde90a000001", ATTR_AS4_AGGREGATOR, 0},
        {"c00000", 0, 0},
        {"c023040000fde9", ATTR_OTC, FROM_ANY},
    };
    static const uint8_t peers[] = {FROM_EBGP, FROM_CONFED, FROM_IBGP};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        for (unsigned j = 0; j < ARRAY_LEN(peers); j++) {
            struct update_rules rules = rules_of();
            rules.ebgp = peers[j] == FROM_EBGP;
            rules.confederation = peers[j] == FROM_CONFED;
            char attributes[200];
            snprintf(attributes, sizeof(attributes), ORIGIN "%s" HOP "%s",
                     rules.confederation ? "40020603010000fde9" : PATH, rows[i].attribute);
            enum verdict verdict = decode(&rules, "", attributes, ROUTE);
            bool kept = rows[i].kept_from & peers[j];
            struct attr_item item;
            if (verdict != (kept ? VERDICT_OK : VERDICT_ATTR_DISCARD))
                fail_msg("attribute %u from %u: verdict %d (%s)", rows[i].type, peers[j], verdict, update.why);
            assert_int_equal(attr_find(update.attrs.bytes, update.attrs.length, rows[i].type, &item), kept);
            assert_int_equal(update.bad_attribute, kept ? 0 : rows[i].type);
        }
    }
}

static void test_switches(void **state)
{
    struct update_rules rules = rules_of();
    rules.accept_aigp = rules.accept_prefix_sid = true;
    const char *attributes = GOOD "801a0b01000b0000000000000001 c0280a01000700000000000064";
    assert_decodes(&rules, attributes, VERDICT_OK, attributes);
    assert_decodes(&rules, GOOD "801a0b01000c0000000000000001", VERDICT_ATTR_DISCARD, GOOD);
    rules.families |= BIT(FAMILY_LS);
    assert_decodes(&rules, GOOD "801d0404020000", VERDICT_OK, GOOD "801d0404020000");
    rules.allow_as_set = true;
    const char *with_set = ORIGIN " 40021002010000fde901020000fdf20000fdf3 " HOP;
    assert_decodes(&rules, with_set, VERDICT_OK, with_set);
    rules.enforce_first_as = false;
    const char *other_first = ORIGIN " 40020602010000fdf2 " HOP;
    assert_decodes(&rules, other_first, VERDICT_OK, other_first);
    assert_decodes(&rules, ORIGIN "400200" HOP, VERDICT_OK, ORIGIN "400200" HOP);
}

/* SRv6 SID structures, three TLVs deep in PREFIX_SID (RFC 9252 3.2.1). */
static void test_sid_structures(void **state)
{
    static const struct {
        const char *attribute;
        bool good;
    } cases[] = {
        {"c028250500220001001e0020010db800000000000000000000000100001200010006302010000000",
         true}, /* a structure that fits */
        {"c028240500210001001d0020010db8000000000000000000000001000012000100053020100000", false}, /* of five octets */
        {"c028260500230001001f0020010db80000000000000000000000010000120001000730201000000000",
         false}, /* of seven octets */
        {"c028250500220001001e0020010db800000000000000000000000100001200010006602021000000",
         false}, /* longer than a SID */
        {"c028250500220001001e0020010db800000000000000000000000100001200010006302010008001",
         false}, /* transposing too much */
        {"c028250500220001001e0020010db800000000000000000000000100001200010007302010000000",
         false}, /* overrunning the information */
        {"c02829050026000100220020010db80000000000000000000000010000120001000630201000000002000100",
         true}, /* of another type behind it */
        {"c028260500230001001f0020010db80000000000000000000000010000120001000630201000000002",
         false}, /* cut in its header */
    };
    struct update_rules rules = rules_of();
    rules.accept_prefix_sid = true;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char attributes[512];
        snprintf(attributes, sizeof(attributes), "%s%s", GOOD, cases[i].attribute);
        assert_decodes(&rules, attributes, cases[i].good ? VERDICT_OK : VERDICT_ATTR_DISCARD,
                       cases[i].good ? attributes : GOOD);
    }
}

static void test_bounds(void **state)
{
    struct update_rules rules = rules_of();
    rules.as_path_max = 3;
    assert_int_equal(decode(&rules, "", ORIGIN "40020e02030000fde90000fdf20000fdf2" HOP, ROUTE), VERDICT_OK);
    assert_int_equal(decode(&rules, "", ORIGIN "40021202040000fde90000fdf20000fdf20000fdf2" HOP, ROUTE),
                     VERDICT_TREAT_AS_WITHDRAW);
    assert_string_equal(update.why, "AS_PATH: more AS numbers than are allowed");
    rules.community_max = 2;
    static const struct {
        unsigned type, octets;
    } lists[] = {{ATTR_COMMUNITIES, 4},
                 {ATTR_EXT_COMMUNITIES, 8},
                 {ATTR_IPV6_EXT_COMMUNITIES, 20},
                 {ATTR_LARGE_COMMUNITIES, 12}};
    for (unsigned i = 0; i < ARRAY_LEN(lists); i++) {
        for (unsigned count = 1; count <= 3; count++) {
            char attributes[400];
            int length =
                snprintf(attributes, sizeof(attributes), GOOD "c0%02x%02x", lists[i].type, lists[i].octets * count);
            for (unsigned j = 0; j < lists[i].octets * count; j++)
                length += snprintf(attributes + length, sizeof(attributes) - (size_t)length, "%02x", j);
            assert_int_equal(decode(&rules, "", attributes, ROUTE),
                             count <= 2 ? VERDICT_OK : VERDICT_TREAT_AS_WITHDRAW);
        }
    }
    rules.as_path_max = rules.community_max = 0;
    assert_int_equal(decode(&rules, "",
                            ORIGIN "40021202040000fde90000fdf20000fdf20000fdf2" HOP "c0080c000000010000000200000003",
                            ROUTE),
                     VERDICT_OK);
}

static void test_two_octet_peer(void **state)
{
    struct update_rules rules = rules_of();
    rules.four_octet_as = false;
    assert_decodes(&rules, ORIGIN "4002060202fde9fdf2" HOP, VERDICT_OK, GOOD);
    assert_decodes(&rules, ORIGIN "4002060202fde95ba0" HOP "c01106020100011170", VERDICT_OK,
                   ORIGIN "40020a02020000fde900011170" HOP);
    assert_decodes(&rules, "c01106020100011170" ORIGIN "4002060202fde95ba0" HOP, VERDICT_OK,
                   ORIGIN "40020a02020000fde900011170" HOP);
    /* AGGREGATOR: widened; replaced; or proof that the AS4_ attributes are stale */
    assert_decodes(&rules, ORIGIN "4002060202fde95ba0" HOP "c00706fde90a000001", VERDICT_OK,
                   ORIGIN "40020a02020000fde900005ba0" HOP "c007080000fde90a000001");
    assert_decodes(&rules,
                   ORIGIN "4002060202fde95ba0" HOP "e007065ba00a000001 c01106020100011170 c01208000111700a000009",
                   VERDICT_OK, ORIGIN "40020a02020000fde900011170" HOP "e00708000111700a000009");
    assert_decodes(&rules,
                   ORIGIN "4002060202fde95ba0" HOP "c00706fde90a000001 c01106020100011170 c01208000111700a000009",
                   VERDICT_OK, ORIGIN "40020a02020000fde900005ba0" HOP "c007080000fde90a000001");
    assert_decodes(&rules, ORIGIN "4002060202fde9fdf2" HOP "c01208000111700a000009", VERDICT_OK, GOOD);
    /* a malformed one costs itself only */
    assert_decodes(&rules, ORIGIN "4002060202fde9fdf2" HOP "c0110102", VERDICT_ATTR_DISCARD, GOOD);
    assert_int_equal(update.bad_attribute, ATTR_AS4_PATH);
    /* a peer with a large number is AS_TRANS to us */
    rules.peer_as = 70000;
    assert_decodes(&rules, ORIGIN "40020402015ba0" HOP "c01106020100011170", VERDICT_OK,
                   ORIGIN "40020602010001 1170" HOP);
}

/* A path that doubles over the bound of the short header, and one over that of the block. */
static void test_two_octet_lengths(void **state)
{
    struct update_rules rules = rules_of();
    rules.four_octet_as = false;
    rules.as_path_max = 0;
    static char attributes[140000];
    for (unsigned count = 62; count <= 64; count++) {
        int length = snprintf(attributes, sizeof(attributes), ORIGIN "4002%02x02%02x", 2 + 2 * count, count);
        for (unsigned i = 0; i < count; i++)
            length += snprintf(attributes + length, sizeof(attributes) - (size_t)length, "fde9");
        snprintf(attributes + length, sizeof(attributes) - (size_t)length, HOP);
        assert_int_equal(decode(&rules, "", attributes, ROUTE), VERDICT_OK);
        struct attr_item item;
        assert_true(attr_find(update.attrs.bytes, update.attrs.length, ATTR_AS_PATH, &item));
        assert_int_equal(item.length, 2 + 4 * count);
        assert_int_equal(item.flags, item.length > 255 ? 0x50 : 0x40);
        assert_int_equal(attr_block_check(update.attrs.bytes, update.attrs.length, NULL), 0);
    }
    for (unsigned segments = 63; segments <= 65; segments++) {
        int length = snprintf(attributes, sizeof(attributes), ORIGIN HOP "5002%04x", 512 * segments);
        for (unsigned i = 0; i < segments; i++) {
            length += snprintf(attributes + length, sizeof(attributes) - (size_t)length, "02ff");
            for (unsigned j = 0; j < 255; j++)
                length += snprintf(attributes + length, sizeof(attributes) - (size_t)length, "fde9");
        }
        assert_int_equal(decode(&rules, "", attributes, ROUTE),
                         segments == 63 ? VERDICT_OK : VERDICT_TREAT_AS_WITHDRAW);
    }
}

static void test_multiprotocol_next_hop(void **state)
{
    struct update_rules rules = rules_of();
    assert_int_equal(decode(&rules, "", MP_REACH ORIGIN PATH, ""), VERDICT_OK);
    assert_block(&update.attrs, ORIGIN PATH "400310" HOP6);
    assert_int_equal(update.attrs_mp.length, 0);
    assert_int_equal(update.run_count, 1);
    assert_ptr_equal(update_run_attrs(&update, &update.runs[0]), &update.attrs);
    /* two next hops; a NEXT_HOP beside them is ignored */
    assert_int_equal(decode(&rules, "", ORIGIN PATH HOP COMMUNITIES "800e2c000201 20" HOP6 LINK_LOCAL "00" ROUTE6, ""),
                     VERDICT_OK);
    assert_block(&update.attrs, ORIGIN PATH "400320" HOP6 LINK_LOCAL COMMUNITIES);
    assert_int_equal(decode(&rules, "", ORIGIN PATH "800e2c000201 20" HOP6 HOP6 "00" ROUTE6, ""), VERDICT_OK);
    assert_block(&update.attrs, ORIGIN PATH "400310" HOP6);
    /* IPv4 routes that way */
    assert_int_equal(decode(&rules, "", ORIGIN PATH "800e0d000101 04 0a630101 00" ROUTE, ""), VERDICT_OK);
    assert_block(&update.attrs, GOOD);
    assert_int_equal(decode(&rules, "", ORIGIN PATH "800e19000101 10" HOP6 "00" ROUTE, ""), VERDICT_TREAT_AS_WITHDRAW);
    assert_true(update.run_count == 1 && update.runs[0].withdraw);
    rules.extended_next_hop = BIT(FAMILY_IPV4_UNICAST);
    assert_int_equal(decode(&rules, "", ORIGIN PATH "800e19000101 10" HOP6 "00" ROUTE, ""), VERDICT_OK);
    assert_block(&update.attrs, ORIGIN PATH "400310" HOP6);
    assert_int_equal(update.runs[0].family, FAMILY_IPV4_UNICAST);
    /* our own address */
    assert_int_equal(addr_parse("2001:db8:ffff::1", &rules.local_address), 0);
    assert_int_equal(decode(&rules, "", MP_REACH ORIGIN PATH, ""), VERDICT_TREAT_AS_WITHDRAW);
    assert_string_equal(update.why, "next hop 2001:db8:ffff::1 is our own address");
}

static void test_two_next_hops_two_blocks(void **state)
{
    struct update_rules rules = rules_of();
    assert_int_equal(decode(&rules, "", MP_REACH GOOD COMMUNITIES, ROUTE), VERDICT_OK);
    assert_block(&update.attrs, GOOD COMMUNITIES);
    assert_block(&update.attrs_mp, ORIGIN PATH "400310" HOP6 COMMUNITIES);
    assert_int_equal(update.run_count, 2);
    assert_int_equal(update.runs[0].family, FAMILY_IPV4_UNICAST);
    assert_ptr_equal(update_run_attrs(&update, &update.runs[0]), &update.attrs);
    assert_ptr_equal(update_run_attrs(&update, &update.runs[1]), &update.attrs_mp);
}

static void test_runs(void **state)
{
    struct update_rules rules = rules_of();
    assert_int_equal(decode(&rules, ROUTE ROUTE, "800f0a000201" ROUTE6 MP_REACH GOOD, ROUTE "00" ROUTE), VERDICT_OK);
    static const struct nlri_run due[] = {
        {.family = FAMILY_IPV4_UNICAST, .withdraw = true, .length = 8, .count = 2},
        {.family = FAMILY_IPV6_UNICAST, .withdraw = true, .multiprotocol = true, .length = 7, .count = 1},
        {.family = FAMILY_IPV4_UNICAST, .length = 9, .count = 3},
        {.family = FAMILY_IPV6_UNICAST, .multiprotocol = true, .length = 7, .count = 1},
    };
    assert_int_equal(update.run_count, ARRAY_LEN(due));
    for (unsigned i = 0; i < ARRAY_LEN(due); i++) {
        assert_int_equal(update.runs[i].family, due[i].family);
        assert_int_equal(update.runs[i].withdraw, due[i].withdraw);
        assert_int_equal(update.runs[i].multiprotocol, due[i].multiprotocol);
        assert_int_equal(update.runs[i].length, due[i].length);
        assert_int_equal(update.runs[i].count, due[i].count);
        assert_false(update.runs[i].add_path);
    }
    /* all of them withdraw after an error */
    assert_int_equal(decode(&rules, ROUTE, "800f0a000201" ROUTE6 MP_REACH "400101ff" PATH HOP, ROUTE),
                     VERDICT_TREAT_AS_WITHDRAW);
    assert_int_equal(update.run_count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(update.runs[i].withdraw);
    assert_int_equal(update.attrs.length, 0);
    /* and none is left after a worse one */
    assert_int_equal(decode(&rules, ROUTE, GOOD, "2100"), VERDICT_RESET);
    assert_int_equal(update.run_count, 0);
}

static void test_path_identifiers(void **state)
{
    struct update_rules rules = rules_of();
    rules.add_path_receive = BIT(FAMILY_IPV4_UNICAST);
    assert_int_equal(decode(&rules, "", MP_REACH GOOD, "00000007" ROUTE "00000008" ROUTE), VERDICT_OK);
    assert_true(update.runs[0].add_path);
    assert_false(update.runs[1].add_path);
    assert_int_equal(update.runs[0].count, 2);
    struct cursor cursor = cursor_of(update.runs[0].bytes, update.runs[0].length);
    struct nlri nlri;
    assert_true(nlri_next(&cursor, ADDR_IPV4, true, &nlri));
    assert_int_equal(nlri.path_id, 7);
    assert_true(nlri_next(&cursor, ADDR_IPV4, true, &nlri));
    assert_int_equal(nlri.path_id, 8);
    assert_int_equal(nlri.prefix.length, 24);
    assert_false(nlri_next(&cursor, ADDR_IPV4, true, &nlri));
}

static void test_families_not_agreed(void **state)
{
    struct update_rules rules = rules_of();
    rules.families = BIT(FAMILY_IPV6_UNICAST) | BIT(FAMILY_EVPN);
    assert_int_equal(decode(&rules, ROUTE, MP_REACH GOOD, ROUTE), VERDICT_ATTR_DISCARD);
    assert_int_equal(update.run_count, 1);
    assert_int_equal(update.runs[0].family, FAMILY_IPV6_UNICAST);
    assert_block(&update.attrs, ORIGIN PATH "400310" HOP6);
    /* one that was, but whose routes are no prefixes */
    assert_int_equal(decode(&rules, "", ORIGIN PATH "800e0b001946 04 0a630101 00 0200", ""), VERDICT_ATTR_DISCARD);
    assert_int_equal(update.run_count, 0);
    assert_int_equal(update.bad_attribute, ATTR_MP_REACH);
}

static void test_end_of_rib(void **state)
{
    struct update_rules rules = rules_of();
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        uint8_t memory[100];
        struct buf buf;
        struct message message;
        struct notification notification;
        buf_init_fixed(&buf, memory, sizeof(memory));
        end_of_rib_encode(&buf, (enum family_id)family);
        assert_int_equal(message_frame(buf.bytes, buf.length, MESSAGE_MAX_BYTES, &message, &notification), 1);
        enum verdict verdict = update_decode(&rules, message.body, message.body_length, &scratch, &update);
        bool agreed = rules.families >> family & 1;
        assert_int_equal(verdict, agreed ? VERDICT_OK : VERDICT_ATTR_DISCARD);
        assert_int_equal(update.end_of_rib, agreed ? family : FAMILY_UNKNOWN);
        assert_int_equal(update.run_count, 0);
    }
    assert_int_equal(decode(&rules, "", "900f0003000201", ""), VERDICT_OK);
    assert_int_equal(update.end_of_rib, FAMILY_IPV6_UNICAST);
    assert_int_equal(decode(&rules, "", "800f03000201" ORIGIN, ""), VERDICT_OK);
    assert_int_equal(update.end_of_rib, FAMILY_UNKNOWN);
    assert_int_equal(decode(&rules, ROUTE, "800f03000201", ""), VERDICT_OK);
    assert_int_equal(update.end_of_rib, FAMILY_UNKNOWN);
    assert_int_equal(decode(&rules, "", ORIGIN, ""), VERDICT_OK);
    assert_int_equal(update.end_of_rib, FAMILY_UNKNOWN);
    rules.families = BIT(FAMILY_IPV6_UNICAST);
    assert_int_equal(decode(&rules, "", "", ""), VERDICT_OK);
    assert_int_equal(update.end_of_rib, FAMILY_UNKNOWN);
}

/* Without treat-as-withdraw each error resets, with the code of RFC 4271 6.3. */
static void test_resets_of_rfc_4271(void **state)
{
    static const struct {
        const char *attributes;
        uint8_t subcode;
        const char *data;
    } rows[] = {
        {"c0010100" PATH HOP, NOTIFY_UPDATE_FLAGS, "c0010100"},
        {"4001020000" PATH HOP, NOTIFY_UPDATE_LENGTH, "4001020000"},
        {"40010103" PATH HOP, NOTIFY_UPDATE_ORIGIN, "40010103"},
        {ORIGIN PATH "40030400000000", NOTIFY_UPDATE_NEXT_HOP, "40030400000000"},
        {ORIGIN PATH "4003040a630102", NOTIFY_UPDATE_NEXT_HOP, "4003040a630102"},
        {ORIGIN "40020302010a" HOP, NOTIFY_UPDATE_AS_PATH, "40020302010a"},
        {ORIGIN "40020602010000fdf2" HOP, NOTIFY_UPDATE_AS_PATH, "40020602010000fdf2"},
        {PATH HOP, NOTIFY_UPDATE_MISSING_WELL_KNOWN, "01"},
        {ORIGIN HOP, NOTIFY_UPDATE_MISSING_WELL_KNOWN, "02"},
        {ORIGIN PATH, NOTIFY_UPDATE_MISSING_WELL_KNOWN, "03"},
        {GOOD "c0230400000000", NOTIFY_UPDATE_OPTIONAL, "c0230400000000"},
        {GOOD "d008000300aabb", NOTIFY_UPDATE_LENGTH, "d008000300aabb"},
        {GOOD "c008", NOTIFY_UPDATE_MALFORMED, ""},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct update_rules rules = rules_of();
        assert_int_equal(decode(&rules, "", rows[i].attributes, ROUTE), VERDICT_TREAT_AS_WITHDRAW);
        assert_int_equal(update.notification.code, 0);
        rules.treat_as_withdraw = false;
        if (decode(&rules, "", rows[i].attributes, ROUTE) != VERDICT_RESET)
            fail_msg("%s: no reset (%s)", rows[i].attributes, update.why);
        assert_int_equal(update.notification.code, NOTIFY_UPDATE);
        assert_int_equal(update.notification.subcode, rows[i].subcode);
        assert_hex(update.notification.data, update.notification.data_length, rows[i].data);
        /* what only costs an attribute still does */
        assert_int_equal(decode(&rules, "", GOOD "40060100", ROUTE), VERDICT_ATTR_DISCARD);
    }
}

static void test_the_worst_is_told(void **state)
{
    struct update_rules rules = rules_of();
    assert_int_equal(decode(&rules, "", GOOD "40060100 c00803aabbcc 80040100", ROUTE), VERDICT_TREAT_AS_WITHDRAW);
    assert_int_equal(update.bad_attribute, ATTR_COMMUNITIES);
    assert_string_equal(update.why, "COMMUNITIES: a length of 3");
    assert_int_equal(decode(&rules, "", "40060100" ORIGIN HOP, ROUTE), VERDICT_TREAT_AS_WITHDRAW);
    assert_int_equal(update.bad_attribute, ATTR_AS_PATH);
    assert_string_equal(update.why, "AS_PATH is missing");
    /* RFC 7606 5.2 raises the verdict and keeps the reason */
    assert_int_equal(decode(&rules, ROUTE, "400101ff", ""), VERDICT_RESET);
    assert_int_equal(update.notification.subcode, NOTIFY_UPDATE_MALFORMED);
    assert_int_equal(update.bad_attribute, ATTR_ORIGIN);
    assert_string_equal(update.why, "ORIGIN: a value that is not defined");
}

static void test_large_communities_once(void **state)
{
    struct update_rules rules = rules_of();
    assert_decodes(&rules,
                   GOOD "c02030 000000010000000200000003 000000010000000200000004 "
                        "000000010000000200000003 000000010000000200000003",
                   VERDICT_OK, GOOD "c02018 000000010000000200000003 000000010000000200000004");
    static char attributes[140000], expected[140000];
    rules.community_max = 0;
    /* each of `unique` values `times` times, in rounds: the order of the first round stays */
    for (unsigned unique = 20; unique <= 2500; unique += 620) {
        for (unsigned times = 1; times <= 2; times++) {
            unsigned octets = 12 * unique;
            int length = snprintf(attributes, sizeof(attributes), GOOD "d020%04x", octets * times);
            for (unsigned i = 0; i < unique * times; i++)
                length += snprintf(attributes + length, sizeof(attributes) - (size_t)length, "0000fde900000007%08x",
                                   (i % unique) * 7919);
            length = snprintf(expected, sizeof(expected), octets > 255 ? GOOD "d020%04x" : GOOD "c020%02x", octets);
            for (unsigned i = 0; i < unique; i++)
                length +=
                    snprintf(expected + length, sizeof(expected) - (size_t)length, "0000fde900000007%08x", i * 7919);
            assert_decodes(&rules, attributes, VERDICT_OK, expected);
        }
    }
}

static void test_scratch_is_reused_and_bounds(void **state)
{
    struct update_rules rules = rules_of();
    struct buf small;
    uint8_t memory[30];
    /* NEXT_HOP before AS_PATH: the block must be written */
    const char body[] =
        "\0\0\0\x18\x40\1\1\0\x40\3\4\x0a\x63\1\1\x40\2\x0a\2\2\0\0\xfd\xe9\0\0\xfd\xf2\x18\xc6\x33\x64";
    buf_init_fixed(&small, memory, sizeof(memory));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(update_decode(&rules, (const uint8_t *)body, sizeof(body) - 1, &small, &update), VERDICT_OK);
        assert_int_equal(update.attrs.length, 24);
    }
    buf_init_fixed(&small, memory, 23);
    assert_int_equal(update_decode(&rules, (const uint8_t *)body, sizeof(body) - 1, &small, &update),
                     VERDICT_TREAT_AS_WITHDRAW);
    assert_true(update.runs[0].withdraw);
}

/* Every octet of a rich message changed in every bit, for every kind of peer: whatever comes out keeps the promises
 * of the header. */
static void test_mutations(void **state)
{
    static uint8_t memory[1000];
    struct buf body;
    buf_init_fixed(&body, memory, sizeof(memory));
    buf_u16(&body, 4);
    put_hex(&body, ROUTE);
    size_t at = body.length;
    buf_u16(&body, 0);
    put_hex(&body, MP_REACH "800f0a000201" ROUTE6 GOOD
                            "80040400000005 40050400000064 400600 c007080000fde90a000001 " COMMUNITIES
                            "8009040a000001 800a040a000001 c0100800020001000000ff c0110602010000fde9 "
                            "c012080000fde90a000001 c0170800070004010203 04 801a0b01000b0000000000000001 "
                            "c0200c000000010000000200000003 c023040000fde9 c0280a01000700000000000064 c0fd02abcd");
    buf_patch_u16(&body, at, (uint16_t)(body.length - at - 2));
    put_hex(&body, ROUTE ROUTE);
    unsigned verdicts[VERDICT_RESET + 1] = {0};
    for (unsigned kind = 0; kind < 8; kind++) {
        struct update_rules rules = rules_of();
        rules.ebgp = kind < 4;
        rules.confederation = kind == 6;
        rules.four_octet_as = !(kind & 1);
        rules.add_path_receive = kind & 2 ? rules.families : 0;
        rules.enforce_first_as = false;
        for (size_t octet = 0; octet < body.length; octet++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                memory[octet] ^= (uint8_t)(1 << bit);
                uint8_t *copy = test_malloc(body.length);
                memcpy(copy, memory, body.length);
                verdicts[update_decode(&rules, copy, body.length, &scratch, &update)]++;
                bool announces = false;
                for (unsigned i = 0; i < update.run_count; i++) {
                    struct nlri_run *run = &update.runs[i];
                    struct cursor cursor = cursor_of(run->bytes, run->length);
                    struct nlri nlri;
                    uint32_t count = 0;
                    while (nlri_next(&cursor, family_address_bits(run->family) == 32 ? ADDR_IPV4 : ADDR_IPV6,
                                     run->add_path, &nlri))
                        count++;
                    assert_false(cursor.failed);
                    assert_int_equal(count, run->count);
                    announces |= !run->withdraw;
                    if (!run->withdraw) {
                        const struct attr_block *block = update_run_attrs(&update, run);
                        assert_int_equal(attr_block_check(block->bytes, block->length, NULL), 0);
                        assert_summed_up(block);
                    }
                }
                assert_false(announces && update.verdict > VERDICT_ATTR_DISCARD);
                test_free(copy);
                memory[octet] ^= (uint8_t)(1 << bit);
            }
        }
    }
    assert_true(verdicts[VERDICT_TREAT_AS_WITHDRAW] && verdicts[VERDICT_RESET] && verdicts[VERDICT_ATTR_DISCARD]);
    assert_int_equal(verdicts[VERDICT_FAMILY_DISABLE], 0);
}

/* Blocks that somebody here made: what an internal peer would take, and with a next hop of zeros. */
static void test_block_check(void **state)
{
    static const struct {
        const char *block;
        const char *problem; /* NULL: none */
    } cases[] = {
        {GOOD, NULL},
        {ORIGIN " 400200 40030400000000", NULL},
        {ORIGIN " 400200 400310" HOP6, NULL},
        {GOOD "c0c80161", NULL},
        {GOOD "80c80161", NULL},
        {ORIGIN " 400200 400304e0000001", "next hop 224.0.0.1"},
        {"40010103 400200", "ORIGIN: a value"},
        {ORIGIN " 400206020100000000", "AS_PATH"},
        {GOOD "c00803616263", "COMMUNITIES: a length of 3"},
        {GOOD "80080461626364", "COMMUNITIES: flags 0x80"},
        {GOOD "40c80161", "attribute 200 is marked well-known"},
        {GOOD "c011060201fde90001", "AS4_PATH (attribute 17)"},
        {GOOD "800f03000101", "MP_UNREACH_NLRI (attribute 15)"},
        {GOOD "c008", "end early"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf block;
        struct err err = {0};
        buf_init(&block, 256);
        put_hex(&block, cases[i].block);
        int result = update_check_block(block.bytes, (uint32_t)block.length, &err);
        assert_int_equal(result, cases[i].problem ? E_INVALID : E_OK);
        if (cases[i].problem && !strstr(err.text, cases[i].problem))
            fail_msg("%s: %s", cases[i].block, err.text);
        buf_release(&block);
    }
}

static int set_up(void **state)
{
    buf_init(&scratch, ATTR_BLOCK_MAX);
    return 0;
}

static int tear_down(void **state)
{
    buf_release(&scratch);
    free(exact);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_is_copied),
        cmocka_unit_test(test_almost_canonical),
        cmocka_unit_test(test_order_headers_and_flags),
        cmocka_unit_test(test_unknown_attributes),
        cmocka_unit_test(test_unknown_well_known_knob),
        cmocka_unit_test(test_refused_by_peer),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_sid_structures),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_two_octet_peer),
        cmocka_unit_test(test_two_octet_lengths),
        cmocka_unit_test(test_multiprotocol_next_hop),
        cmocka_unit_test(test_two_next_hops_two_blocks),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_path_identifiers),
        cmocka_unit_test(test_families_not_agreed),
        cmocka_unit_test(test_end_of_rib),
        cmocka_unit_test(test_resets_of_rfc_4271),
        cmocka_unit_test(test_the_worst_is_told),
        cmocka_unit_test(test_large_communities_once),
        cmocka_unit_test(test_scratch_is_reused_and_bounds),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_block_check),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
