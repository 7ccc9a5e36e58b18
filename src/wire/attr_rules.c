/* The attribute table: RFC 7606 section 7, one row per attribute, with the later attributes' own RFCs.
 *
 * Adding an attribute is a row here (and, if its value has an inner structure, a check function). A type without a row
 * is unrecognised: update.c treats it by its flags alone (RFC 4271 5).
 */
#include "wire/attr_rules.h"

#include <string.h>

#include "net/bgp.h"
#include "base/check.h"
#include "base/cursor.h"
#include "net/asn.h"
#include "wire/as4.h"

enum {
    WELL_KNOWN = ATTR_FLAG_TRANSITIVE,
    OPTIONAL_TRANSITIVE = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,
    OPTIONAL_NON_TRANSITIVE = ATTR_FLAG_OPTIONAL,
    ANY_LENGTH = UINT16_MAX,
};

enum {
    AIGP_TLV = 1,
    AIGP_TLV_BYTES = 11,
    TLV_HEADER_BYTES = 3,
    SID_LABEL_INDEX = 1,
    SID_ORIGINATOR_SRGB = 3,
    SID_SRV6_L3_SERVICE = 5,
    SID_SRV6_L2_SERVICE = 6,
    SRV6_SID_INFORMATION = 1,
    SRV6_SID_STRUCTURE = 1,
    SRV6_SID_STRUCTURE_BYTES = 6,
    SRV6_SID_BITS = 128,
};

static bool is_two_octet(const struct update_rules *rules)
{
    return !rules->four_octet_as;
}

static bool accepts_aigp(const struct update_rules *rules)
{
    return rules->accept_aigp;
}

static bool accepts_prefix_sid(const struct update_rules *rules)
{
    return rules->accept_prefix_sid;
}

static bool carries_link_state(const struct update_rules *rules)
{
    return rules->families >> FAMILY_LS & 1;
}

static const char *check_origin(const struct update_rules *rules, const struct attr_item *item)
{
    return item->value[0] <= ORIGIN_INCOMPLETE ? NULL : "a value that is not defined";
}

static const char *check_as_path(const struct update_rules *rules, const struct attr_item *item)
{
    struct as_path_facts facts;
    const char *wrong = as_path_scan(item->value, item->length, rules->four_octet_as ? 4 : 2, &facts);
    if (wrong)
        return wrong;
    if (rules->ebgp && facts.has_confed)
        return "a confederation segment from outside the confederation"; /* RFC 5065 5 */
    if (rules->confederation && facts.first_type != SEGMENT_CONFED_SEQUENCE)
        return "no AS_CONFED_SEQUENCE in front, from another member AS"; /* RFC 5065 5 */
    if (!rules->allow_as_set && facts.has_set)
        return "an AS_SET"; /* RFC 9774 3 */
    if (rules->as_path_max && facts.numbers > rules->as_path_max)
        return "more AS numbers than are allowed";
    uint32_t peer_as = rules->four_octet_as || rules->peer_as <= UINT16_MAX ? rules->peer_as : AS_TRANS;
    if (rules->ebgp && rules->enforce_first_as &&
        (facts.first_type != SEGMENT_AS_SEQUENCE || facts.first_as != peer_as))
        return "it does not begin with the peer's AS number"; /* RFC 4271 6.3 */
    return NULL;
}

static const char *check_aggregator(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    if (item->length != (rules->four_octet_as ? 8 : 6))
        return "a length that does not fit the size of AS numbers"; /* RFC 7606 7.7 */
    uint32_t as = rules->four_octet_as ? cursor_u32(&cursor) : cursor_u16(&cursor);
    return as ? NULL : "AS 0"; /* RFC 7607 2 */
}

/* RFC 6793 6, where everything wrong with it costs the attribute only; but a set in it is one in the path. */
static const char *check_as4_path(const struct update_rules *rules, const struct attr_item *item)
{
    struct as_path_facts facts;
    return as_path_scan(item->value, item->length, 4, &facts);
}

static const char *check_as4_aggregator(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    return cursor_u32(&cursor) ? NULL : "AS 0";
}

static const char *check_otc(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    return cursor_u32(&cursor) ? NULL : "AS 0";
}

/* RFC 9012 2: tunnel TLVs of two-octet type and length; sub-TLVs whose length has one octet below type 128, else
 * two. */
static const char *check_tunnel_encap(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    while (!cursor_done(&cursor)) {
        cursor_u16(&cursor);
        uint16_t length = cursor_u16(&cursor);
        struct cursor inner = cursor_sub(&cursor, length);
        while (!cursor_done(&inner)) {
            uint8_t type = cursor_u8(&inner);
            cursor_take(&inner, type < 128 ? cursor_u8(&inner) : cursor_u16(&inner));
        }
        if (cursor.failed || inner.failed)
            return "a TLV overruns";
    }
    return NULL;
}

/* RFC 7311 3: lengths include the three octets of the header. */
static const char *check_aigp(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    while (!cursor_done(&cursor)) {
        uint8_t type = cursor_u8(&cursor);
        uint16_t length = cursor_u16(&cursor);
        if (cursor.failed || length < TLV_HEADER_BYTES)
            return "a TLV shorter than its header";
        if (type == AIGP_TLV && length != AIGP_TLV_BYTES)
            return "an AIGP TLV of a wrong length";
        if (!cursor_take(&cursor, length - TLV_HEADER_BYTES))
            return "a TLV overruns";
    }
    return NULL;
}

/* RFC 9552 5.3: TLVs of two-octet type and length. */
static const char *check_link_state(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    while (!cursor_done(&cursor)) {
        cursor_u16(&cursor);
        cursor_take(&cursor, cursor_u16(&cursor));
    }
    return cursor.failed ? "a TLV overruns" : NULL;
}

/* RFC 9252 3.2.1: the parts of a SID fit it, and so does what moves into the label. */
static bool srv6_structure_fits(struct cursor structure)
{
    unsigned bits = cursor_u8(&structure);
    bits += cursor_u8(&structure);
    bits += cursor_u8(&structure);
    bits += cursor_u8(&structure);
    unsigned transposed = cursor_u8(&structure);
    transposed += cursor_u8(&structure);
    return !structure.failed && cursor_done(&structure) && bits <= SRV6_SID_BITS && transposed <= SRV6_SID_BITS;
}

/* RFC 9252 3.1: reserved, SID, flags, behaviour, reserved, sub-sub-TLVs. */
static bool srv6_information_fits(struct cursor information)
{
    cursor_take(&information, 1 + 16 + 1 + 2 + 1);
    while (!cursor_done(&information)) {
        uint8_t type = cursor_u8(&information);
        struct cursor value = cursor_sub(&information, cursor_u16(&information));
        if (information.failed)
            return false;
        if (type == SRV6_SID_STRUCTURE && !srv6_structure_fits(value))
            return false;
    }
    return !information.failed;
}

/* RFC 9252 2: reserved, then sub-TLVs. */
static bool srv6_service_fits(struct cursor service)
{
    cursor_u8(&service);
    while (!cursor_done(&service)) {
        uint8_t type = cursor_u8(&service);
        struct cursor value = cursor_sub(&service, cursor_u16(&service));
        if (service.failed)
            return false;
        if (type == SRV6_SID_INFORMATION && !srv6_information_fits(value))
            return false;
    }
    return !service.failed;
}

/* RFC 8669 3 and 6. */
static const char *check_prefix_sid(const struct update_rules *rules, const struct attr_item *item)
{
    struct cursor cursor = cursor_of(item->value, item->length);
    while (!cursor_done(&cursor)) {
        uint8_t type = cursor_u8(&cursor);
        uint16_t length = cursor_u16(&cursor);
        struct cursor value = cursor_sub(&cursor, length);
        if (cursor.failed)
            return "a TLV overruns";
        if (type == SID_LABEL_INDEX && length != 7)
            return "a label index of a wrong length";
        if (type == SID_ORIGINATOR_SRGB && (length < 8 || (length - 2) % 6))
            return "an originator SRGB of a wrong length";
        if ((type == SID_SRV6_L3_SERVICE || type == SID_SRV6_L2_SERVICE) && !srv6_service_fits(value))
            return "a malformed SRv6 service TLV";
    }
    return NULL;
}

#define WITHDRAW VERDICT_TREAT_AS_WITHDRAW
#define DISCARD VERDICT_ATTR_DISCARD

/* Columns: name, flags, what bad flags and a malformed value lead to, subcode, length (least, most, unit of),
 * bounded, refused from ... unless, check. */
const struct attr_rule attr_rules[ATTR_RULE_END] = {
    /* Reserved by IANA; no speaker has a use for it. */
    [0] = {"reserved", OPTIONAL_TRANSITIVE, DISCARD, DISCARD, NOTIFY_UPDATE_OPTIONAL, 0, ANY_LENGTH, 1, false, FROM_ANY,
           NULL, NULL},
    [ATTR_ORIGIN] = {"ORIGIN", WELL_KNOWN, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_ORIGIN, 1, 1, 1, false, 0, NULL,
                     check_origin},
    [ATTR_AS_PATH] = {"AS_PATH", WELL_KNOWN, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_AS_PATH, 0, ANY_LENGTH, 1, false, 0,
                      NULL, check_as_path},
    [ATTR_NEXT_HOP] = {"NEXT_HOP", WELL_KNOWN, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_NEXT_HOP, 4, 4, 4, false, 0, NULL,
                       NULL},
    [ATTR_MED] = {"MULTI_EXIT_DISC", OPTIONAL_NON_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 4, 4, 4,
                  false, 0, NULL, NULL},
    [ATTR_LOCAL_PREF] = {"LOCAL_PREF", WELL_KNOWN, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_LENGTH, 4, 4, 4, false, FROM_EBGP,
                         NULL, NULL},
    [ATTR_ATOMIC_AGGREGATE] = {"ATOMIC_AGGREGATE", WELL_KNOWN, WITHDRAW, DISCARD, NOTIFY_UPDATE_LENGTH, 0, 0, 1, false,
                               0, NULL, NULL},
    [ATTR_AGGREGATOR] = {"AGGREGATOR", OPTIONAL_TRANSITIVE, WITHDRAW, DISCARD, NOTIFY_UPDATE_OPTIONAL, 6, 8, 2, false,
                         0, NULL, check_aggregator},
    [ATTR_COMMUNITIES] = {"COMMUNITIES", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 4, ANY_LENGTH,
                          4, true, 0, NULL, NULL},
    [ATTR_ORIGINATOR_ID] = {"ORIGINATOR_ID", OPTIONAL_NON_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 4, 4,
                            4, false, FROM_EBGP | FROM_CONFED, NULL, NULL},
    [ATTR_CLUSTER_LIST] = {"CLUSTER_LIST", OPTIONAL_NON_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 4,
                           ANY_LENGTH, 4, false, FROM_EBGP | FROM_CONFED, NULL, NULL},
    /* The inside of these two is read by update.c: it decides over the NLRI. */
    [ATTR_MP_REACH] = {"MP_REACH_NLRI", OPTIONAL_NON_TRANSITIVE, WITHDRAW, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, 0,
                       ANY_LENGTH, 1, false, 0, NULL, NULL},
    [ATTR_MP_UNREACH] = {"MP_UNREACH_NLRI", OPTIONAL_NON_TRANSITIVE, WITHDRAW, VERDICT_RESET, NOTIFY_UPDATE_OPTIONAL, 0,
                         ANY_LENGTH, 1, false, 0, NULL, NULL},
    [ATTR_EXT_COMMUNITIES] = {"EXTENDED_COMMUNITIES", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL,
                              8, ANY_LENGTH, 8, true, 0, NULL, NULL},
    /* RFC 6793 4.1: a 4-octet speaker has no use for these two. */
    [ATTR_AS4_PATH] = {"AS4_PATH", OPTIONAL_TRANSITIVE, WITHDRAW, DISCARD, NOTIFY_UPDATE_OPTIONAL, 6, ANY_LENGTH, 2,
                       false, FROM_ANY, is_two_octet, check_as4_path},
    [ATTR_AS4_AGGREGATOR] = {"AS4_AGGREGATOR", OPTIONAL_TRANSITIVE, WITHDRAW, DISCARD, NOTIFY_UPDATE_OPTIONAL, 8, 8, 8,
                             false, FROM_ANY, is_two_octet, check_as4_aggregator},
    /* RFC 6514 5: flags, tunnel type, label, then an identifier of any length. */
    [ATTR_PMSI_TUNNEL] = {"PMSI_TUNNEL", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 5, ANY_LENGTH,
                          1, false, 0, NULL, NULL},
    [ATTR_TUNNEL_ENCAP] = {"TUNNEL_ENCAPSULATION", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 0,
                           ANY_LENGTH, 1, false, 0, NULL, check_tunnel_encap},
    [ATTR_IPV6_EXT_COMMUNITIES] = {"IPV6_EXTENDED_COMMUNITIES", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW,
                                   NOTIFY_UPDATE_OPTIONAL, 20, ANY_LENGTH, 20, true, 0, NULL, NULL},
    [ATTR_AIGP] = {"AIGP", OPTIONAL_NON_TRANSITIVE, DISCARD, DISCARD, NOTIFY_UPDATE_OPTIONAL, TLV_HEADER_BYTES,
                   ANY_LENGTH, 1, false, FROM_EBGP, accepts_aigp, check_aigp},
    /* Withdrawn from use by RFC 7447; since then it has only served to break other speakers. */
    [ATTR_ENTROPY_LABEL] = {"ENTROPY_LABEL", OPTIONAL_TRANSITIVE, DISCARD, DISCARD, NOTIFY_UPDATE_OPTIONAL, 0,
                            ANY_LENGTH, 1, false, FROM_EBGP, NULL, NULL},
    [ATTR_LS] = {"BGP-LS", OPTIONAL_NON_TRANSITIVE, DISCARD, DISCARD, NOTIFY_UPDATE_OPTIONAL, 0, ANY_LENGTH, 1, false,
                 FROM_ANY, carries_link_state, check_link_state},
    [ATTR_LARGE_COMMUNITIES] = {"LARGE_COMMUNITIES", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL,
                                12, ANY_LENGTH, 12, true, 0, NULL, NULL},
    [ATTR_OTC] = {"ONLY_TO_CUSTOMER", OPTIONAL_TRANSITIVE, WITHDRAW, WITHDRAW, NOTIFY_UPDATE_OPTIONAL, 4, 4, 4, false,
                  0, NULL, check_otc},
    [ATTR_PREFIX_SID] = {"PREFIX_SID", OPTIONAL_TRANSITIVE, DISCARD, DISCARD, NOTIFY_UPDATE_OPTIONAL, TLV_HEADER_BYTES,
                         ANY_LENGTH, 1, false, FROM_EBGP, accepts_prefix_sid, check_prefix_sid},
};
