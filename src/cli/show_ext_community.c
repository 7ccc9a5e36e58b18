/* Extended communities (RFC 4360, 5668, 5701, 7432, 8955, 9012). One row per message: the type and subtype octets JSON
 * names, the words, and the members behind the two. A type of -1 depends on the message's is_transitive. */
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "cli/any.h"
#include "cli/ext_community.h"

struct ext_show {
    const ProtobufCMessageDescriptor *type;
    int high;
    int low; /* -1: the message's sub_type */
    void (*text)(const void *message, struct text *out);
    void (*json)(const void *message, struct json *json); /* NULL: "value" with the text */
};

static void member_number(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_u64(json, value);
}

static void two_octet_text(const void *message, struct text *out)
{
    const Apipb__TwoOctetAsSpecificExtended *community = message;
    text_printf(out, "%u:%" PRIu32, community->asn & 0xffff, community->local_admin);
}

static void ipv4_text(const void *message, struct text *out)
{
    const Apipb__IPv4AddressSpecificExtended *community = message;
    text_printf(out, "%s:%u", community->address, community->local_admin & 0xffff);
}

static void ipv6_text(const void *message, struct text *out)
{
    const Apipb__IPv6AddressSpecificExtended *community = message;
    text_printf(out, "%s:%u", community->address, community->local_admin & 0xffff);
}

static void four_octet_text(const void *message, struct text *out)
{
    const Apipb__FourOctetAsSpecificExtended *community = message;
    text_printf(out, "%" PRIu32 ".%" PRIu32 ":%u", community->asn >> 16, community->asn & 0xffff,
                community->local_admin & 0xffff);
}

static void validation_text(const void *message, struct text *out)
{
    static const char *const states[] = {"valid", "not-found", "invalid"};
    const Apipb__ValidationExtended *community = message;
    if (community->state < ARRAY_LEN(states))
        text_add(out, states[community->state]);
    else
        text_printf(out, "unknown validation state(%" PRIu32 ")", community->state);
}

static void validation_json(const void *message, struct json *json)
{
    member_number(json, "value", ((const Apipb__ValidationExtended *)message)->state);
}

static void link_bandwidth_text(const void *message, struct text *out)
{
    const Apipb__LinkBandwidthExtended *community = message;
    bool whole = community->bandwidth >= 0 && community->bandwidth < 4294967040.0f;
    text_printf(out, "%u:%" PRIu32, community->asn & 0xffff, whole ? (uint32_t)community->bandwidth : 0);
}

static void link_bandwidth_json(const void *message, struct json *json)
{
    const Apipb__LinkBandwidthExtended *community = message;
    member_number(json, "asn", community->asn & 0xffff);
    json_key(json, "bandwidth");
    json_float32(json, community->bandwidth);
}

static void color_text(const void *message, struct text *out)
{
    text_printf(out, "%" PRIu32, ((const Apipb__ColorExtended *)message)->color);
}

static void color_json(const void *message, struct json *json)
{
    member_number(json, "color", ((const Apipb__ColorExtended *)message)->color);
}

static void encap_text(const void *message, struct text *out)
{
    static const char *const names[] = {
        [1] = "L2TPv3 over IP", [2] = "GRE",        [7] = "IP in IP",     [8] = "VXLAN",
        [9] = "NVGRE",          [10] = "MPLS",      [11] = "MPLS in GRE", [12] = "VXLAN GRE",
        [13] = "MPLS in UDP",   [15] = "SR Policy", [19] = "GENEVE",
    };
    uint32_t tunnel = ((const Apipb__EncapExtended *)message)->tunnel_type;
    if (tunnel < ARRAY_LEN(names) && names[tunnel])
        text_add(out, names[tunnel]);
    else
        text_printf(out, "tunnel: %" PRIu32, tunnel);
}

static void encap_json(const void *message, struct json *json)
{
    member_number(json, "tunnel_type", ((const Apipb__EncapExtended *)message)->tunnel_type);
}

static void default_gateway_text(const void *message, struct text *out)
{
    text_add(out, "default-gateway");
}

static void nothing_json(const void *message, struct json *json)
{
}

/* Up to 7 octets as the low end of a 64-bit number whose first octet is 0. */
static void octets_number_text(const ProtobufCBinaryData *bytes, struct text *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 7; i++)
        number = number << 8 | (i < bytes->len ? bytes->data[i] : 0);
    text_printf(out, "%" PRIu64, number);
}

static void opaque_text(const void *message, struct text *out)
{
    octets_number_text(&((const Apipb__OpaqueExtended *)message)->value, out);
}

static void opaque_json(const void *message, struct json *json)
{
    const Apipb__OpaqueExtended *community = message;
    json_key(json, "value");
    json_base64(json, community->value.data, community->value.len);
}

static void unknown_text(const void *message, struct text *out)
{
    octets_number_text(&((const Apipb__UnknownExtended *)message)->value, out);
}

static void unknown_json(const void *message, struct json *json)
{
    const Apipb__UnknownExtended *community = message;
    json_key(json, "value");
    json_base64(json, community->value.data, community->value.len);
}

static void esi_label_text(const void *message, struct text *out)
{
    const Apipb__ESILabelExtended *community = message;
    text_printf(out, "esi-label: %" PRIu32 "%s", community->label,
                community->is_single_active ? ", single-active" : "");
}

static void esi_label_json(const void *message, struct json *json)
{
    const Apipb__ESILabelExtended *community = message;
    member_number(json, "label", community->label);
    json_key(json, "is_single_active");
    json_bool(json, community->is_single_active);
}

static void es_import_text(const void *message, struct text *out)
{
    text_printf(out, "es-import rt: %s", ((const Apipb__ESImportRouteTarget *)message)->es_import);
}

static void es_import_json(const void *message, struct json *json)
{
    json_key(json, "value");
    json_string(json, ((const Apipb__ESImportRouteTarget *)message)->es_import);
}

static void mac_mobility_text(const void *message, struct text *out)
{
    const Apipb__MacMobilityExtended *community = message;
    text_printf(out, "mac-mobility: %" PRIu32 "%s", community->sequence_num, community->is_sticky ? ", sticky" : "");
}

static void mac_mobility_json(const void *message, struct json *json)
{
    const Apipb__MacMobilityExtended *community = message;
    member_number(json, "sequence", community->sequence_num);
    json_key(json, "is_sticky");
    json_bool(json, community->is_sticky);
}

static void router_mac_text(const void *message, struct text *out)
{
    text_printf(out, "router's mac: %s", ((const Apipb__RouterMacExtended *)message)->mac);
}

static void router_mac_json(const void *message, struct json *json)
{
    json_key(json, "mac");
    json_string(json, ((const Apipb__RouterMacExtended *)message)->mac);
}

static void traffic_rate_text(const void *message, struct text *out)
{
    const Apipb__TrafficRateExtended *community = message;
    if (community->rate == 0)
        text_add(out, "discard");
    else
        text_printf(out, "rate: %f", (double)community->rate);
    if (community->asn & 0xffff)
        text_printf(out, "(as: %u)", community->asn & 0xffff);
}

static void traffic_rate_json(const void *message, struct json *json)
{
    const Apipb__TrafficRateExtended *community = message;
    member_number(json, "as", community->asn & 0xffff);
    json_key(json, "rate");
    json_float32(json, community->rate);
}

static void traffic_action_text(const void *message, struct text *out)
{
    const Apipb__TrafficActionExtended *community = message;
    text_printf(out, "action: %s%s%s", community->terminal ? "terminal" : "",
                community->terminal && community->sample ? "-" : "", community->sample ? "sample" : "");
}

static void traffic_action_json(const void *message, struct json *json)
{
    const Apipb__TrafficActionExtended *community = message;
    json_key(json, "terminal");
    json_bool(json, community->terminal);
    json_key(json, "sample");
    json_bool(json, community->sample);
}

static void redirect_two_octet_text(const void *message, struct text *out)
{
    const Apipb__RedirectTwoOctetAsSpecificExtended *community = message;
    text_printf(out, "redirect: %u:%" PRIu32, community->asn & 0xffff, community->local_admin);
}

static void redirect_ipv4_text(const void *message, struct text *out)
{
    const Apipb__RedirectIPv4AddressSpecificExtended *community = message;
    text_printf(out, "redirect: %s:%u", community->address, community->local_admin & 0xffff);
}

static void redirect_ipv6_text(const void *message, struct text *out)
{
    const Apipb__RedirectIPv6AddressSpecificExtended *community = message;
    text_printf(out, "redirect: %s:%u", community->address, community->local_admin & 0xffff);
}

static void redirect_four_octet_text(const void *message, struct text *out)
{
    const Apipb__RedirectFourOctetAsSpecificExtended *community = message;
    text_printf(out, "redirect: %" PRIu32 ".%" PRIu32 ":%u", community->asn >> 16, community->asn & 0xffff,
                community->local_admin & 0xffff);
}

/* JSON of a redirect leaves the word out. */
static void redirect_json(const void *message, struct json *json, void (*text)(const void *message, struct text *out))
{
    struct text words;
    text_init(&words, 256);
    text(message, &words);
    json_key(json, "value");
    json_string(json, words.bytes ? words.bytes + strlen("redirect: ") : "");
    text_release(&words);
}

static void redirect_two_octet_json(const void *message, struct json *json)
{
    redirect_json(message, json, redirect_two_octet_text);
}

static void redirect_ipv4_json(const void *message, struct json *json)
{
    redirect_json(message, json, redirect_ipv4_text);
}

static void redirect_ipv6_json(const void *message, struct json *json)
{
    redirect_json(message, json, redirect_ipv6_text);
}

static void redirect_four_octet_json(const void *message, struct json *json)
{
    redirect_json(message, json, redirect_four_octet_text);
}

static void traffic_remark_text(const void *message, struct text *out)
{
    text_printf(out, "remark: %u", ((const Apipb__TrafficRemarkExtended *)message)->dscp & 0xff);
}

static void traffic_remark_json(const void *message, struct json *json)
{
    member_number(json, "value", ((const Apipb__TrafficRemarkExtended *)message)->dscp & 0xff);
}

static void mup_text(const void *message, struct text *out)
{
    const Apipb__MUPExtended *community = message;
    text_printf(out, "%u:%" PRIu32, community->segment_id2 & 0xffff, community->segment_id4);
}

static void mup_json(const void *message, struct json *json)
{
    const Apipb__MUPExtended *community = message;
    char text[32];
    struct str str = str_over(text, sizeof(text));
    str_printf(&str, "%u:%" PRIu32, community->segment_id2 & 0xffff, community->segment_id4);
    json_key(json, "segmend_id"); /* as GoBGP spells it */
    json_string(json, text);
}

static const struct ext_show communities_table[] = {
    {&apipb__two_octet_as_specific_extended__descriptor, EXT_TWO_OCTET_AS, -1, two_octet_text, NULL},
    {&apipb__ipv4_address_specific_extended__descriptor, EXT_IPV4_ADDRESS, -1, ipv4_text, NULL},
    {&apipb__four_octet_as_specific_extended__descriptor, EXT_FOUR_OCTET_AS, -1, four_octet_text, NULL},
    {&apipb__ipv6_address_specific_extended__descriptor, 0, -1, ipv6_text, NULL},
    {&apipb__validation_extended__descriptor, EXT_OPAQUE | EXT_NON_TRANSITIVE, 0, validation_text, validation_json},
    {&apipb__link_bandwidth_extended__descriptor, EXT_NON_TRANSITIVE, 4, link_bandwidth_text, link_bandwidth_json},
    {&apipb__color_extended__descriptor, EXT_OPAQUE, 0x0b, color_text, color_json},
    {&apipb__encap_extended__descriptor, EXT_OPAQUE, 0x0c, encap_text, encap_json},
    {&apipb__default_gateway_extended__descriptor, EXT_OPAQUE, 0x0d, default_gateway_text, nothing_json},
    {&apipb__opaque_extended__descriptor, EXT_OPAQUE, -1, opaque_text, opaque_json},
    {&apipb__esilabel_extended__descriptor, EXT_EVPN, 1, esi_label_text, esi_label_json},
    {&apipb__esimport_route_target__descriptor, EXT_EVPN, 2, es_import_text, es_import_json},
    {&apipb__mac_mobility_extended__descriptor, EXT_EVPN, 0, mac_mobility_text, mac_mobility_json},
    {&apipb__router_mac_extended__descriptor, EXT_EVPN, 3, router_mac_text, router_mac_json},
    {&apipb__traffic_rate_extended__descriptor, EXT_FLOWSPEC, 6, traffic_rate_text, traffic_rate_json},
    {&apipb__traffic_action_extended__descriptor, EXT_FLOWSPEC, 7, traffic_action_text, traffic_action_json},
    {&apipb__redirect_two_octet_as_specific_extended__descriptor, EXT_FLOWSPEC, 8, redirect_two_octet_text,
     redirect_two_octet_json},
    {&apipb__redirect_ipv4_address_specific_extended__descriptor, EXT_FLOWSPEC_IPV4, 8, redirect_ipv4_text,
     redirect_ipv4_json},
    {&apipb__redirect_ipv6_address_specific_extended__descriptor, EXT_FLOWSPEC, 0x0b, redirect_ipv6_text,
     redirect_ipv6_json},
    {&apipb__redirect_four_octet_as_specific_extended__descriptor, EXT_FLOWSPEC_FOUR_OCTET_AS, 8,
     redirect_four_octet_text, redirect_four_octet_json},
    {&apipb__traffic_remark_extended__descriptor, EXT_FLOWSPEC, 9, traffic_remark_text, traffic_remark_json},
    {&apipb__mupextended__descriptor, EXT_MUP, 0, mup_text, mup_json},
    {&apipb__unknown_extended__descriptor, -1, -1, unknown_text, unknown_json},
};

static const struct ext_show *ext_find(const Google__Protobuf__Any *community)
{
    const char *name = any_name(community);
    for (size_t i = 0; i < ARRAY_LEN(communities_table); i++) {
        if (strcmp(communities_table[i].type->name, name) == 0)
            return &communities_table[i];
    }
    return NULL;
}

void ext_community_text(const Google__Protobuf__Any *community, struct text *out)
{
    const struct ext_show *show = ext_find(community);
    void *message = show ? any_unpack(community, show->type) : NULL;
    if (!message) {
        text_printf(out, "?: %s", any_name(community));
        return;
    }
    show->text(message, out);
    protobuf_c_message_free_unpacked(message, NULL);
}

/* The members several of the messages have, read through their descriptors. */
static int64_t message_number(const ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (!field)
        return -1;
    const char *member = (const char *)message + field->offset;
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        return *(const protobuf_c_boolean *)member;
    return *(const uint32_t *)member;
}

static void ext_types(const struct ext_show *show, const ProtobufCMessage *message, unsigned *high, unsigned *low)
{
    const Apipb__UnknownExtended *unknown = (const Apipb__UnknownExtended *)message;
    const Apipb__OpaqueExtended *opaque = (const Apipb__OpaqueExtended *)message;
    int64_t sub_type = message_number(message, "sub_type");
    *high = (unsigned)show->high;
    *low = show->low >= 0 ? (unsigned)show->low : sub_type >= 0 ? (unsigned)sub_type & 0xff : 0;
    if (message_number(message, "is_transitive") == 0)
        *high |= EXT_NON_TRANSITIVE;
    if (show->type == &apipb__unknown_extended__descriptor) {
        *high = unknown->type & 0xff;
        *low = unknown->value.len ? unknown->value.data[0] : 0;
    } else if (show->type == &apipb__opaque_extended__descriptor) {
        *low = opaque->value.len ? opaque->value.data[0] : 0;
    }
}

void ext_community_json(const Google__Protobuf__Any *community, struct json *json)
{
    const struct ext_show *show = ext_find(community);
    ProtobufCMessage *message = show ? any_unpack(community, show->type) : NULL;
    unsigned high, low;
    if (!message) {
        json_null(json);
        return;
    }
    ext_types(show, message, &high, &low);
    json_object(json);
    member_number(json, "type", high);
    member_number(json, "subtype", low);
    if (show->json) {
        show->json(message, json);
    } else {
        struct text words;
        text_init(&words, 256);
        show->text(message, &words);
        json_key(json, "value");
        json_string(json, words.bytes ? words.bytes : "");
        text_release(&words);
    }
    json_object_end(json);
    protobuf_c_message_free_unpacked(message, NULL);
}
