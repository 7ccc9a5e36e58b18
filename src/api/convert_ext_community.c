/* Extended communities from apipb messages to octets. One row per message. */
#include <string.h>

#include "api/any_in.h"
#include "api/convert_attrs.h"
#include "attribute.pb-c.h"
#include "base/check.h"

struct ext_convert {
    const ProtobufCMessageDescriptor *type;
    int (*put)(const void *message, struct buf *out);
};

static void put_types(struct buf *out, unsigned high, bool transitive, unsigned low)
{
    buf_u8(out, (uint8_t)(high | (transitive ? 0 : 0x40)));
    buf_u8(out, (uint8_t)low);
}

static void put_float(struct buf *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    buf_u32(out, bits);
}

static int put_addr(struct buf *out, const char *text, enum addr_kind kind)
{
    struct addr addr;
    if (addr_parse(text, &addr) < 0 || addr.kind != kind)
        return E_INVALID;
    buf_put(out, addr.bytes, addr_bits(&addr) / 8);
    return 0;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* "aa:bb:cc:dd:ee:ff". */
static int put_mac(struct buf *out, const char *text)
{
    if (strlen(text) != 17)
        return E_INVALID;
    for (unsigned i = 0; i < 17; i += 3) {
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0 || (i < 15 && text[i + 2] != ':'))
            return E_INVALID;
        buf_u8(out, (uint8_t)(high << 4 | low));
    }
    return 0;
}

static int two_octet(const void *message, struct buf *out)
{
    const Apipb__TwoOctetAsSpecificExtended *from = message;
    put_types(out, 0x00, from->is_transitive, from->sub_type);
    buf_u16(out, (uint16_t)from->asn);
    buf_u32(out, from->local_admin);
    return from->asn > UINT16_MAX ? E_INVALID : 0;
}

static int ipv4(const void *message, struct buf *out)
{
    const Apipb__IPv4AddressSpecificExtended *from = message;
    put_types(out, 0x01, from->is_transitive, from->sub_type);
    int result = put_addr(out, from->address, ADDR_IPV4);
    buf_u16(out, (uint16_t)from->local_admin);
    return result;
}

static int four_octet(const void *message, struct buf *out)
{
    const Apipb__FourOctetAsSpecificExtended *from = message;
    put_types(out, 0x02, from->is_transitive, from->sub_type);
    buf_u32(out, from->asn);
    buf_u16(out, (uint16_t)from->local_admin);
    return 0;
}

static int validation(const void *message, struct buf *out)
{
    const Apipb__ValidationExtended *from = message;
    put_types(out, 0x03, false, 0);
    buf_u32(out, 0);
    buf_u16(out, (uint16_t)(from->state & 0xff));
    return 0;
}

static int link_bandwidth(const void *message, struct buf *out)
{
    const Apipb__LinkBandwidthExtended *from = message;
    put_types(out, 0x00, false, 4);
    buf_u16(out, (uint16_t)from->asn);
    put_float(out, from->bandwidth);
    return 0;
}

static int color(const void *message, struct buf *out)
{
    put_types(out, 0x03, true, 0x0b);
    buf_u16(out, 0);
    buf_u32(out, ((const Apipb__ColorExtended *)message)->color);
    return 0;
}

static int encap(const void *message, struct buf *out)
{
    put_types(out, 0x03, true, 0x0c);
    buf_u32(out, 0);
    buf_u16(out, (uint16_t)((const Apipb__EncapExtended *)message)->tunnel_type);
    return 0;
}

static int default_gateway(const void *message, struct buf *out)
{
    put_types(out, 0x03, true, 0x0d);
    buf_u16(out, 0);
    buf_u32(out, 0);
    return 0;
}

static int opaque(const void *message, struct buf *out)
{
    const Apipb__OpaqueExtended *from = message;
    buf_u8(out, from->is_transitive ? 0x03 : 0x43);
    buf_put(out, from->value.data, from->value.len);
    return from->value.len == 7 ? 0 : E_INVALID;
}

static int esi_label(const void *message, struct buf *out)
{
    const Apipb__ESILabelExtended *from = message;
    put_types(out, 0x06, true, 1);
    buf_u8(out, from->is_single_active ? 1 : 0);
    buf_u16(out, 0);
    buf_u24(out, (from->label & 0xfffff) << 4);
    return 0;
}

static int es_import(const void *message, struct buf *out)
{
    put_types(out, 0x06, true, 2);
    return put_mac(out, ((const Apipb__ESImportRouteTarget *)message)->es_import);
}

static int mac_mobility(const void *message, struct buf *out)
{
    const Apipb__MacMobilityExtended *from = message;
    put_types(out, 0x06, true, 0);
    buf_u16(out, from->is_sticky ? 0x0100 : 0);
    buf_u32(out, from->sequence_num);
    return 0;
}

static int router_mac(const void *message, struct buf *out)
{
    put_types(out, 0x06, true, 3);
    return put_mac(out, ((const Apipb__RouterMacExtended *)message)->mac);
}

static int traffic_rate(const void *message, struct buf *out)
{
    const Apipb__TrafficRateExtended *from = message;
    put_types(out, 0x80, true, 6);
    buf_u16(out, (uint16_t)from->asn);
    put_float(out, from->rate);
    return 0;
}

static int traffic_action(const void *message, struct buf *out)
{
    const Apipb__TrafficActionExtended *from = message;
    put_types(out, 0x80, true, 7);
    buf_u32(out, 0);
    buf_u16(out, (uint16_t)((from->terminal ? 1 : 0) | (from->sample ? 2 : 0)));
    return 0;
}

static int redirect_two_octet(const void *message, struct buf *out)
{
    const Apipb__RedirectTwoOctetAsSpecificExtended *from = message;
    put_types(out, 0x80, true, 8);
    buf_u16(out, (uint16_t)from->asn);
    buf_u32(out, from->local_admin);
    return 0;
}

static int redirect_ipv4(const void *message, struct buf *out)
{
    const Apipb__RedirectIPv4AddressSpecificExtended *from = message;
    put_types(out, 0x81, true, 8);
    int result = put_addr(out, from->address, ADDR_IPV4);
    buf_u16(out, (uint16_t)from->local_admin);
    return result;
}

static int redirect_four_octet(const void *message, struct buf *out)
{
    const Apipb__RedirectFourOctetAsSpecificExtended *from = message;
    put_types(out, 0x82, true, 8);
    buf_u32(out, from->asn);
    buf_u16(out, (uint16_t)from->local_admin);
    return 0;
}

static int traffic_remark(const void *message, struct buf *out)
{
    put_types(out, 0x80, true, 9);
    buf_u32(out, 0);
    buf_u16(out, (uint16_t)(((const Apipb__TrafficRemarkExtended *)message)->dscp & 0xff));
    return 0;
}

static int mup(const void *message, struct buf *out)
{
    const Apipb__MUPExtended *from = message;
    put_types(out, 0x0c, true, from->sub_type);
    buf_u16(out, (uint16_t)from->segment_id2);
    buf_u32(out, from->segment_id4);
    return 0;
}

static int unknown(const void *message, struct buf *out)
{
    const Apipb__UnknownExtended *from = message;
    buf_u8(out, (uint8_t)from->type);
    buf_put(out, from->value.data, from->value.len);
    return from->value.len == 7 ? 0 : E_INVALID;
}

static const struct ext_convert conversions[] = {
    {&apipb__two_octet_as_specific_extended__descriptor, two_octet},
    {&apipb__ipv4_address_specific_extended__descriptor, ipv4},
    {&apipb__four_octet_as_specific_extended__descriptor, four_octet},
    {&apipb__validation_extended__descriptor, validation},
    {&apipb__link_bandwidth_extended__descriptor, link_bandwidth},
    {&apipb__color_extended__descriptor, color},
    {&apipb__encap_extended__descriptor, encap},
    {&apipb__default_gateway_extended__descriptor, default_gateway},
    {&apipb__opaque_extended__descriptor, opaque},
    {&apipb__esilabel_extended__descriptor, esi_label},
    {&apipb__esimport_route_target__descriptor, es_import},
    {&apipb__mac_mobility_extended__descriptor, mac_mobility},
    {&apipb__router_mac_extended__descriptor, router_mac},
    {&apipb__traffic_rate_extended__descriptor, traffic_rate},
    {&apipb__traffic_action_extended__descriptor, traffic_action},
    {&apipb__redirect_two_octet_as_specific_extended__descriptor, redirect_two_octet},
    {&apipb__redirect_ipv4_address_specific_extended__descriptor, redirect_ipv4},
    {&apipb__redirect_four_octet_as_specific_extended__descriptor, redirect_four_octet},
    {&apipb__traffic_remark_extended__descriptor, traffic_remark},
    {&apipb__mupextended__descriptor, mup},
    {&apipb__unknown_extended__descriptor, unknown},
};

int convert_ext_community(struct arena *arena, const Google__Protobuf__Any *any, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
        const void *message = any_in_unpack(arena, any, conversions[i].type);
        if (!message)
            continue;
        if (conversions[i].put(message, out) < 0)
            return err_set(err, E_INVALID, "invalid extended community: %s", any_in_name(any));
        return 0;
    }
    return err_set(err, E_UNSUPPORTED, "invalid extended community: %s", any_in_name(any));
}

int convert_ipv6_ext_community(struct arena *arena, const Google__Protobuf__Any *any, struct buf *out, struct err *err)
{
    const Apipb__IPv6AddressSpecificExtended *plain =
        any_in_unpack(arena, any, &apipb__ipv6_address_specific_extended__descriptor);
    const Apipb__RedirectIPv6AddressSpecificExtended *redirect =
        any_in_unpack(arena, any, &apipb__redirect_ipv6_address_specific_extended__descriptor);
    if (plain)
        put_types(out, 0x00, plain->is_transitive, plain->sub_type);
    else if (redirect)
        put_types(out, 0x80, true, 0x0b);
    else
        return err_set(err, E_UNSUPPORTED, "invalid ipv6 extended community: %s", any_in_name(any));
    if (put_addr(out, plain ? plain->address : redirect->address, ADDR_IPV6) < 0)
        return err_set(err, E_INVALID, "invalid ipv6 extended community: %s", any_in_name(any));
    buf_u16(out, (uint16_t)(plain ? plain->local_admin : redirect->local_admin));
    return 0;
}
