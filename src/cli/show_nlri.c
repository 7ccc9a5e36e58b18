/* NLRI, route distinguishers and Ethernet segment identifiers. One row per message.
 *
 * What cannot be read is shown by the name of its message: a list must not end because one route is newer than we. */
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "cli/any.h"
#include "net/addr.h"

struct nlri_show {
    const ProtobufCMessageDescriptor *type;
    void (*text)(const void *message, struct text *out);
    void (*json)(const void *message, struct json *json);
};

enum family_id family_of(const Apipb__Family *family)
{
    return family ? family_from_afi_safi((uint16_t)family->afi, (uint8_t)family->safi) : FAMILY_UNKNOWN;
}

void family_text(const Apipb__Family *family, struct text *out)
{
    const struct family *known = family_get(family_of(family));
    if (known)
        text_add(out, known->config_name);
    else
        text_printf(out, "UnknownFamily(%d)",
                    family ? (int)(((unsigned)family->afi << 16) | (unsigned)family->safi) : 0);
}

static void member_text(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    json_string(json, value);
}

static void member_number(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_u64(json, value);
}

/* A member whose value is the words of something. */
static void member_words(struct json *json, const char *key, const void *thing,
                         void (*text)(const void *thing, struct text *out))
{
    struct text words;
    text_init(&words, 65536);
    text(thing, &words);
    json_key(json, key);
    json_string_n(json, words.bytes ? words.bytes : "", words.length);
    text_release(&words);
}

/* Route distinguishers (RFC 4364 4.2): the three kinds in one value. */
struct rd_view {
    int type; /* -1: not readable */
    uint32_t admin;
    char address[ADDR_TEXT_MAX];
    uint32_t assigned;
};

static struct rd_view rd_read(const Google__Protobuf__Any *rd)
{
    struct rd_view view = {.type = -1};
    Apipb__RouteDistinguisherTwoOctetASN *two = any_unpack(rd, &apipb__route_distinguisher_two_octet_asn__descriptor);
    Apipb__RouteDistinguisherIPAddress *ip = any_unpack(rd, &apipb__route_distinguisher_ipaddress__descriptor);
    Apipb__RouteDistinguisherFourOctetASN *four =
        any_unpack(rd, &apipb__route_distinguisher_four_octet_asn__descriptor);
    if (two)
        view = (struct rd_view){.type = 0, .admin = two->admin & 0xffff, .assigned = two->assigned};
    if (four)
        view = (struct rd_view){.type = 2, .admin = four->admin, .assigned = four->assigned & 0xffff};
    if (ip) {
        view = (struct rd_view){.type = 1, .assigned = ip->assigned & 0xffff};
        struct str address = str_over(view.address, sizeof(view.address));
        str_add(&address, ip->admin);
    }
    apipb__route_distinguisher_two_octet_asn__free_unpacked(two, NULL);
    apipb__route_distinguisher_ipaddress__free_unpacked(ip, NULL);
    apipb__route_distinguisher_four_octet_asn__free_unpacked(four, NULL);
    return view;
}

void rd_text(const Google__Protobuf__Any *rd, struct text *out)
{
    struct rd_view view = rd_read(rd);
    if (view.type == 0)
        text_printf(out, "%" PRIu32 ":%" PRIu32, view.admin, view.assigned);
    else if (view.type == 1)
        text_printf(out, "%s:%" PRIu32, view.address, view.assigned);
    else if (view.type == 2)
        text_printf(out, "%" PRIu32 ".%" PRIu32 ":%" PRIu32, view.admin >> 16, view.admin & 0xffff, view.assigned);
    else
        text_add(out, "<nil>");
}

void rd_json(const Google__Protobuf__Any *rd, struct json *json)
{
    struct rd_view view = rd_read(rd);
    if (view.type < 0) {
        json_null(json);
        return;
    }
    json_object(json);
    member_number(json, "type", (uint64_t)view.type);
    if (view.type == 1)
        member_text(json, "admin", view.address);
    else
        member_number(json, "admin", view.admin);
    member_number(json, "assigned", view.assigned);
    json_object_end(json);
}

static void member_rd(struct json *json, const Google__Protobuf__Any *rd)
{
    json_key(json, "rd");
    rd_json(rd, json);
}

static void member_labels(struct json *json, size_t count, const uint32_t *labels)
{
    json_key(json, "labels");
    json_array(json);
    for (size_t i = 0; i < count; i++)
        json_u64(json, labels[i]);
    json_array_end(json);
}

static void labels_text(size_t count, const uint32_t *labels, const char *between, struct text *out)
{
    if (count == 0)
        return;
    text_add(out, "[");
    for (size_t i = 0; i < count; i++)
        text_printf(out, "%s%" PRIu32, i ? between : "", labels[i]);
    text_add(out, "]");
}

static void prefix_text(const void *message, struct text *out)
{
    const Apipb__IPAddressPrefix *nlri = message;
    text_printf(out, "%s/%" PRIu32, nlri->prefix, nlri->prefix_len);
}

static void prefix_json(const void *message, struct json *json)
{
    member_words(json, "prefix", message, prefix_text);
}

static void labelled_text(const void *message, struct text *out)
{
    const Apipb__LabeledIPAddressPrefix *nlri = message;
    text_printf(out, "%s/%" PRIu32, nlri->prefix, nlri->prefix_len);
}

static void labelled_json(const void *message, struct json *json)
{
    const Apipb__LabeledIPAddressPrefix *nlri = message;
    member_words(json, "prefix", message, labelled_text);
    member_labels(json, nlri->n_labels, nlri->labels);
}

static void vpn_prefix_text(const void *message, struct text *out)
{
    const Apipb__LabeledVPNIPAddressPrefix *nlri = message;
    text_printf(out, "%s/%" PRIu32, nlri->prefix, nlri->prefix_len);
}

static void vpn_text(const void *message, struct text *out)
{
    const Apipb__LabeledVPNIPAddressPrefix *nlri = message;
    rd_text(nlri->rd, out);
    text_add(out, ":");
    vpn_prefix_text(message, out);
}

static void vpn_json(const void *message, struct json *json)
{
    const Apipb__LabeledVPNIPAddressPrefix *nlri = message;
    member_words(json, "prefix", message, vpn_prefix_text);
    member_labels(json, nlri->n_labels, nlri->labels);
    member_rd(json, nlri->rd);
}

static void encapsulation_text(const void *message, struct text *out)
{
    text_add(out, ((const Apipb__EncapsulationNLRI *)message)->address);
}

static void encapsulation_json(const void *message, struct json *json)
{
    member_text(json, "prefix", ((const Apipb__EncapsulationNLRI *)message)->address);
}

static void route_target_text(const void *message, struct text *out)
{
    const Apipb__RouteTargetMembershipNLRI *nlri = message;
    text_printf(out, "%" PRIu32 ":", nlri->asn);
    if (nlri->rt)
        ext_community_text(nlri->rt, out);
    else
        text_add(out, "default");
}

static void route_target_json(const void *message, struct json *json)
{
    member_words(json, "prefix", message, route_target_text);
}

/* Ethernet segment identifiers (RFC 7432 5): 1 octet of type and 9 of value. */
static void mac_text(const uint8_t *mac, struct text *out)
{
    for (unsigned i = 0; i < 6; i++)
        text_printf(out, "%s%02x", i ? ":" : "", mac[i]);
}

static void esi_value_text(unsigned type, const uint8_t *bytes, struct text *out)
{
    uint8_t value[9];
    memcpy(value, bytes, sizeof(value));
    struct cursor tail = cursor_of(value + 6, 3);
    switch (type) {
    case 1:
        text_add(out, "system mac ");
        mac_text(value, out);
        text_printf(out, ", port key %u", cursor_u16(&tail));
        break;
    case 2:
        text_add(out, "bridge mac ");
        mac_text(value, out);
        text_printf(out, ", priority %u", cursor_u16(&tail));
        break;
    case 3:
        text_add(out, "system mac ");
        mac_text(value, out);
        text_printf(out, ", local discriminator %" PRIu32, cursor_u24(&tail));
        break;
    default: {
        struct cursor cursor = cursor_of(value, 9);
        uint32_t first = cursor_u32(&cursor), second = cursor_u32(&cursor);
        char text[ADDR_TEXT_MAX];
        struct addr id = addr_ipv4(first);
        if (type == 4)
            text_printf(out, "router id %s", addr_format(&id, text));
        else
            text_printf(out, "as %" PRIu32, first);
        text_printf(out, ", local discriminator %" PRIu32, second);
        break;
    }
    }
}

static void esi_text(const void *thing, struct text *out)
{
    static const char *const names[] = {"ESI_ARBITRARY", "ESI_LACP", "ESI_MSTP", "ESI_MAC", "ESI_ROUTERID", "ESI_AS"};
    static const uint8_t zeros[9];
    const Apipb__EthernetSegmentIdentifier *esi = thing;
    if (!esi || (esi->type == 0 && (esi->value.len < 9 || memcmp(esi->value.data, zeros, 9) == 0))) {
        text_add(out, "single-homed");
        return;
    }
    if (esi->type < ARRAY_LEN(names))
        text_printf(out, "%s | ", names[esi->type]);
    else
        text_printf(out, "ESIType(%" PRIu32 ") | ", esi->type);
    if (esi->type >= 1 && esi->type <= 5 && esi->value.len >= 9) {
        esi_value_text(esi->type, esi->value.data, out);
        return;
    }
    for (size_t i = 0; i < esi->value.len; i++)
        text_printf(out, "%s%02x", i ? ":" : "", esi->value.data[i]);
}

static void evpn_ad_text(const void *message, struct text *out)
{
    const Apipb__EVPNEthernetAutoDiscoveryRoute *nlri = message;
    text_add(out, "[type:A-D][rd:");
    rd_text(nlri->rd, out);
    text_add(out, "][esi:");
    esi_text(nlri->esi, out);
    text_printf(out, "][etag:%" PRIu32 "]", nlri->ethernet_tag);
}

static void evpn_value(struct json *json, unsigned type)
{
    member_number(json, "type", type);
    json_key(json, "value");
    json_object(json);
}

static void evpn_ad_json(const void *message, struct json *json)
{
    const Apipb__EVPNEthernetAutoDiscoveryRoute *nlri = message;
    evpn_value(json, 1);
    member_rd(json, nlri->rd);
    member_words(json, "esi", nlri->esi, esi_text);
    member_number(json, "etag", nlri->ethernet_tag);
    member_number(json, "label", nlri->label);
    json_object_end(json);
}

static void evpn_mac_text(const void *message, struct text *out)
{
    const Apipb__EVPNMACIPAdvertisementRoute *nlri = message;
    text_add(out, "[type:macadv][rd:");
    rd_text(nlri->rd, out);
    text_printf(out, "][etag:%" PRIu32 "][mac:%s][ip:%s]", nlri->ethernet_tag, nlri->mac_address, nlri->ip_address);
}

static void evpn_mac_json(const void *message, struct json *json)
{
    const Apipb__EVPNMACIPAdvertisementRoute *nlri = message;
    evpn_value(json, 2);
    member_rd(json, nlri->rd);
    member_words(json, "esi", nlri->esi, esi_text);
    member_number(json, "etag", nlri->ethernet_tag);
    member_text(json, "mac", nlri->mac_address);
    member_text(json, "ip", nlri->ip_address);
    member_labels(json, nlri->n_labels, nlri->labels);
    json_object_end(json);
}

static void evpn_multicast_text(const void *message, struct text *out)
{
    const Apipb__EVPNInclusiveMulticastEthernetTagRoute *nlri = message;
    text_add(out, "[type:multicast][rd:");
    rd_text(nlri->rd, out);
    text_printf(out, "][etag:%" PRIu32 "][ip:%s]", nlri->ethernet_tag, nlri->ip_address);
}

static void evpn_multicast_json(const void *message, struct json *json)
{
    const Apipb__EVPNInclusiveMulticastEthernetTagRoute *nlri = message;
    evpn_value(json, 3);
    member_rd(json, nlri->rd);
    member_number(json, "etag", nlri->ethernet_tag);
    member_text(json, "ip", nlri->ip_address);
    json_object_end(json);
}

static void evpn_segment_text(const void *message, struct text *out)
{
    const Apipb__EVPNEthernetSegmentRoute *nlri = message;
    text_add(out, "[type:esi][rd:");
    rd_text(nlri->rd, out);
    text_add(out, "][esi:");
    esi_text(nlri->esi, out);
    text_printf(out, "][ip:%s]", nlri->ip_address);
}

static void evpn_segment_json(const void *message, struct json *json)
{
    const Apipb__EVPNEthernetSegmentRoute *nlri = message;
    evpn_value(json, 4);
    member_rd(json, nlri->rd);
    member_words(json, "esi", nlri->esi, esi_text);
    member_text(json, "ip", nlri->ip_address);
    json_object_end(json);
}

static void evpn_prefix_only_text(const void *message, struct text *out)
{
    const Apipb__EVPNIPPrefixRoute *nlri = message;
    text_printf(out, "%s/%" PRIu32, nlri->ip_prefix, nlri->ip_prefix_len);
}

static void evpn_prefix_text(const void *message, struct text *out)
{
    const Apipb__EVPNIPPrefixRoute *nlri = message;
    text_add(out, "[type:Prefix][rd:");
    rd_text(nlri->rd, out);
    text_printf(out, "][etag:%" PRIu32 "][prefix:", nlri->ethernet_tag);
    evpn_prefix_only_text(message, out);
    text_add(out, "]");
}

static void evpn_prefix_json(const void *message, struct json *json)
{
    const Apipb__EVPNIPPrefixRoute *nlri = message;
    evpn_value(json, 5);
    member_rd(json, nlri->rd);
    member_words(json, "esi", nlri->esi, esi_text);
    member_number(json, "etag", nlri->ethernet_tag);
    member_words(json, "prefix", message, evpn_prefix_only_text);
    member_text(json, "gateway", nlri->gw_address);
    member_number(json, "label", nlri->label);
    json_object_end(json);
}

static void opaque_text(const void *message, struct text *out)
{
    const Apipb__OpaqueNLRI *nlri = message;
    if (nlri->key.len)
        text_add_n(out, (const char *)nlri->key.data, nlri->key.len);
}

static void opaque_json(const void *message, struct json *json)
{
    const Apipb__OpaqueNLRI *nlri = message;
    json_key(json, "key");
    json_string_n(json, (const char *)nlri->key.data, nlri->key.len);
    json_key(json, "value");
    json_string_n(json, (const char *)nlri->value.data, nlri->value.len);
}

static const struct nlri_show nlri_table[] = {
    {&apipb__ipaddress_prefix__descriptor, prefix_text, prefix_json},
    {&apipb__labeled_ipaddress_prefix__descriptor, labelled_text, labelled_json},
    {&apipb__labeled_vpnipaddress_prefix__descriptor, vpn_text, vpn_json},
    {&apipb__encapsulation_nlri__descriptor, encapsulation_text, encapsulation_json},
    {&apipb__route_target_membership_nlri__descriptor, route_target_text, route_target_json},
    {&apipb__evpnethernet_auto_discovery_route__descriptor, evpn_ad_text, evpn_ad_json},
    {&apipb__evpnmacipadvertisement_route__descriptor, evpn_mac_text, evpn_mac_json},
    {&apipb__evpninclusive_multicast_ethernet_tag_route__descriptor, evpn_multicast_text, evpn_multicast_json},
    {&apipb__evpnethernet_segment_route__descriptor, evpn_segment_text, evpn_segment_json},
    {&apipb__evpnipprefix_route__descriptor, evpn_prefix_text, evpn_prefix_json},
    {&apipb__opaque_nlri__descriptor, opaque_text, opaque_json},
};

static const struct nlri_show *nlri_find(const Google__Protobuf__Any *nlri)
{
    const char *name = any_name(nlri);
    for (size_t i = 0; i < ARRAY_LEN(nlri_table); i++) {
        if (strcmp(nlri_table[i].type->name, name) == 0)
            return &nlri_table[i];
    }
    return NULL;
}

void nlri_text(const Google__Protobuf__Any *nlri, struct text *out)
{
    const struct nlri_show *show = nlri_find(nlri);
    void *message = show ? any_unpack(nlri, show->type) : NULL;
    if (!message) {
        text_printf(out, "?: %s", any_name(nlri));
        return;
    }
    show->text(message, out);
    protobuf_c_message_free_unpacked(message, NULL);
}

void nlri_json(const Google__Protobuf__Any *nlri, struct json *json)
{
    const struct nlri_show *show = nlri_find(nlri);
    void *message = show ? any_unpack(nlri, show->type) : NULL;
    if (!message) {
        json_null(json);
        return;
    }
    json_object(json);
    show->json(message, json);
    json_object_end(json);
    protobuf_c_message_free_unpacked(message, NULL);
}

void nlri_labels_text(const Google__Protobuf__Any *nlri, struct text *out)
{
    Apipb__LabeledIPAddressPrefix *labelled = any_unpack(nlri, &apipb__labeled_ipaddress_prefix__descriptor);
    Apipb__LabeledVPNIPAddressPrefix *vpn = any_unpack(nlri, &apipb__labeled_vpnipaddress_prefix__descriptor);
    Apipb__EVPNMACIPAdvertisementRoute *mac = any_unpack(nlri, &apipb__evpnmacipadvertisement_route__descriptor);
    Apipb__EVPNEthernetAutoDiscoveryRoute *ad = any_unpack(nlri, &apipb__evpnethernet_auto_discovery_route__descriptor);
    Apipb__EVPNIPPrefixRoute *prefix = any_unpack(nlri, &apipb__evpnipprefix_route__descriptor);
    if (labelled)
        labels_text(labelled->n_labels, labelled->labels, ", ", out);
    if (vpn)
        labels_text(vpn->n_labels, vpn->labels, ", ", out);
    if (mac && mac->n_labels)
        labels_text(mac->n_labels, mac->labels, ",", out);
    else if (mac)
        text_add(out, "[]");
    if (ad)
        labels_text(1, &ad->label, ",", out);
    if (prefix)
        labels_text(1, &prefix->label, ",", out);
    apipb__labeled_ipaddress_prefix__free_unpacked(labelled, NULL);
    apipb__labeled_vpnipaddress_prefix__free_unpacked(vpn, NULL);
    apipb__evpnmacipadvertisement_route__free_unpacked(mac, NULL);
    apipb__evpnethernet_auto_discovery_route__free_unpacked(ad, NULL);
    apipb__evpnipprefix_route__free_unpacked(prefix, NULL);
}

void nlri_extras_text(const Google__Protobuf__Any *nlri, struct text *out)
{
    Apipb__EVPNMACIPAdvertisementRoute *mac = any_unpack(nlri, &apipb__evpnmacipadvertisement_route__descriptor);
    Apipb__EVPNIPPrefixRoute *prefix = any_unpack(nlri, &apipb__evpnipprefix_route__descriptor);
    if (mac || prefix) {
        text_add(out, " [ESI: ");
        esi_text(mac ? mac->esi : prefix->esi, out);
        text_add(out, "]");
    }
    if (prefix && prefix->gw_address[0])
        text_printf(out, " [GW: %s]", prefix->gw_address);
    apipb__evpnmacipadvertisement_route__free_unpacked(mac, NULL);
    apipb__evpnipprefix_route__free_unpacked(prefix, NULL);
}
