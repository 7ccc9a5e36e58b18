/* Extended communities as apipb messages (RFC 4360, 5668, 5701, 7432, 8955, 9012): one row per type and subtype; the
 * first that fits counts. */
#include "api/encode_parts.h"

#include "base/check.h"

struct ext_encode {
    uint8_t high;
    int16_t low; /* -1: any */
    const char *type_url;
    void (*value)(struct proto *proto, const uint8_t *community);
};

static uint32_t be16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t be32(const uint8_t *bytes)
{
    return be16(bytes) << 16 | be16(bytes + 2);
}

static float be_float(const uint8_t *bytes)
{
    uint32_t bits = be32(bytes);
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void mac_text(struct proto *proto, unsigned field, const uint8_t *mac)
{
    char text[18];
    struct str str = str_over(text, sizeof(text));
    for (unsigned i = 0; i < 6; i++)
        str_printf(&str, "%s%02x", i ? ":" : "", mac[i]);
    proto_text(proto, field, text);
}

/* The first two fields of the AS- and address-specific ones. */
static void specific_head(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, community[1]);
    proto_number(proto, 1, !(community[0] & 0x40));
}

static void two_octet_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 4, be32(community + 4));
    proto_number(proto, 3, be16(community + 2));
    specific_head(proto, community);
}

static void ipv4_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 4, be16(community + 6));
    encode_ipv4(proto, 3, community + 2);
    specific_head(proto, community);
}

static void four_octet_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 4, be16(community + 6));
    proto_number(proto, 3, be32(community + 2));
    specific_head(proto, community);
}

static void link_bandwidth_value(struct proto *proto, const uint8_t *community)
{
    proto_float(proto, 2, be_float(community + 4));
    proto_number(proto, 1, be16(community + 2));
}

static void color_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 1, be32(community + 4));
}

static void encap_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 1, be16(community + 6));
}

static void nothing_value(struct proto *proto, const uint8_t *community)
{
}

static void opaque_value(struct proto *proto, const uint8_t *community)
{
    proto_bytes(proto, 3, community + 1, 7);
    proto_number(proto, 1, !(community[0] & 0x40));
}

static void validation_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 1, community[7]);
}

static void mac_mobility_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, be32(community + 4));
    proto_number(proto, 1, community[2] & 1);
}

static void esi_label_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, be32(community + 4) >> 4 & 0xfffff);
    proto_number(proto, 1, community[2] & 1);
}

static void mac_value(struct proto *proto, const uint8_t *community)
{
    mac_text(proto, 1, community + 2);
}

static void traffic_rate_value(struct proto *proto, const uint8_t *community)
{
    proto_float(proto, 2, be_float(community + 4));
    proto_number(proto, 1, be16(community + 2));
}

static void traffic_action_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, community[7] >> 1 & 1);
    proto_number(proto, 1, community[7] & 1);
}

static void redirect_two_octet_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, be32(community + 4));
    proto_number(proto, 1, be16(community + 2));
}

static void redirect_ipv4_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, be16(community + 6));
    encode_ipv4(proto, 1, community + 2);
}

static void redirect_four_octet_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 2, be16(community + 6));
    proto_number(proto, 1, be32(community + 2));
}

static void traffic_remark_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 1, community[7]);
}

static void mup_value(struct proto *proto, const uint8_t *community)
{
    proto_number(proto, 3, be32(community + 4));
    proto_number(proto, 2, be16(community + 2));
}

static void unknown_value(struct proto *proto, const uint8_t *community)
{
    proto_bytes(proto, 2, community + 1, 7);
    proto_number(proto, 1, community[0]);
}

static const struct ext_encode unknown_encode = {0, -1, PROTO_TYPE_URL("UnknownExtended"), unknown_value};

static const struct ext_encode encodings[] = {
    {0x40, 0x04, PROTO_TYPE_URL("LinkBandwidthExtended"), link_bandwidth_value},
    {0x00, -1, PROTO_TYPE_URL("TwoOctetAsSpecificExtended"), two_octet_value},
    {0x40, -1, PROTO_TYPE_URL("TwoOctetAsSpecificExtended"), two_octet_value},
    {0x01, -1, PROTO_TYPE_URL("IPv4AddressSpecificExtended"), ipv4_value},
    {0x41, -1, PROTO_TYPE_URL("IPv4AddressSpecificExtended"), ipv4_value},
    {0x02, -1, PROTO_TYPE_URL("FourOctetAsSpecificExtended"), four_octet_value},
    {0x42, -1, PROTO_TYPE_URL("FourOctetAsSpecificExtended"), four_octet_value},
    {0x03, 0x0b, PROTO_TYPE_URL("ColorExtended"), color_value},
    {0x03, 0x0c, PROTO_TYPE_URL("EncapExtended"), encap_value},
    {0x03, 0x0d, PROTO_TYPE_URL("DefaultGatewayExtended"), nothing_value},
    {0x03, -1, PROTO_TYPE_URL("OpaqueExtended"), opaque_value},
    {0x43, 0x00, PROTO_TYPE_URL("ValidationExtended"), validation_value},
    {0x43, -1, PROTO_TYPE_URL("OpaqueExtended"), opaque_value},
    {0x06, 0x00, PROTO_TYPE_URL("MacMobilityExtended"), mac_mobility_value},
    {0x06, 0x01, PROTO_TYPE_URL("ESILabelExtended"), esi_label_value},
    {0x06, 0x02, PROTO_TYPE_URL("ESImportRouteTarget"), mac_value},
    {0x06, 0x03, PROTO_TYPE_URL("RouterMacExtended"), mac_value},
    {0x0c, 0x00, PROTO_TYPE_URL("MUPExtended"), mup_value},
    {0x80, 0x06, PROTO_TYPE_URL("TrafficRateExtended"), traffic_rate_value},
    {0x80, 0x07, PROTO_TYPE_URL("TrafficActionExtended"), traffic_action_value},
    {0x80, 0x08, PROTO_TYPE_URL("RedirectTwoOctetAsSpecificExtended"), redirect_two_octet_value},
    {0x81, 0x08, PROTO_TYPE_URL("RedirectIPv4AddressSpecificExtended"), redirect_ipv4_value},
    {0x82, 0x08, PROTO_TYPE_URL("RedirectFourOctetAsSpecificExtended"), redirect_four_octet_value},
    {0x80, 0x09, PROTO_TYPE_URL("TrafficRemarkExtended"), traffic_remark_value},
};

void encode_ext_communities(struct proto *proto, const uint8_t *value, size_t length)
{
    for (size_t at = length / 8 * 8; at > 0; at -= 8) {
        const uint8_t *community = value + at - 8;
        const struct ext_encode *encode = &unknown_encode;
        for (size_t i = 0; i < ARRAY_LEN(encodings) && encode == &unknown_encode; i++) {
            if (encodings[i].high == community[0] && (encodings[i].low < 0 || encodings[i].low == community[1]))
                encode = &encodings[i];
        }
        size_t mark = proto_mark(proto);
        encode->value(proto, community);
        proto_close_any(proto, 1, mark, encode->type_url);
    }
}

/* Type, subtype, address, number (RFC 5701); 0x80 0x0b is the redirect of flowspec. */
void encode_ipv6_ext_communities(struct proto *proto, const uint8_t *value, size_t length)
{
    for (size_t at = length / 20 * 20; at > 0; at -= 20) {
        const uint8_t *community = value + at - 20;
        struct addr addr = addr_from_bytes(ADDR_IPV6, community + 2);
        bool redirect = community[0] == 0x80 && community[1] == 0x0b;
        size_t mark = proto_mark(proto);
        proto_number(proto, redirect ? 2 : 4, be16(community + 18));
        encode_addr(proto, redirect ? 1 : 3, &addr);
        if (!redirect)
            specific_head(proto, community);
        proto_close_any(proto, 1, mark,
                        redirect ? PROTO_TYPE_URL("RedirectIPv6AddressSpecificExtended")
                                 : PROTO_TYPE_URL("IPv6AddressSpecificExtended"));
    }
}
