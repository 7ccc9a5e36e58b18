/* Capabilities (RFC 5492) as the TLVs of an OPEN, one row per code; what is not in the table is an UnknownCapability.
 */
#include <string.h>

#include "api/convert.h"
#include "base/check.h"
#include "capability.pb-c.h"

enum { CAPABILITIES_MAX = 256 };

struct capability_convert {
    uint8_t code;
    ProtobufCMessage *(*message)(struct arena *arena, struct cursor value);
};

static Google__Protobuf__Any *pack(struct arena *arena, const ProtobufCMessage *message)
{
    Google__Protobuf__Any *any = MESSAGE_NEW(arena, Google__Protobuf__Any, google__protobuf__any__init);
    any->type_url = arena_printf(arena, "type.googleapis.com/%s", message->descriptor->name);
    any->value.len = protobuf_c_message_get_packed_size(message);
    any->value.data = arena_alloc(arena, any->value.len + 1);
    protobuf_c_message_pack(message, any->value.data);
    return any;
}

static Apipb__Family *family_of_octets(struct arena *arena, unsigned afi, unsigned safi)
{
    Apipb__Family *family = MESSAGE_NEW(arena, Apipb__Family, apipb__family__init);
    family->afi = (Apipb__Family__Afi)afi;
    family->safi = (Apipb__Family__Safi)safi;
    return family;
}

static ProtobufCMessage *multiprotocol(struct arena *arena, struct cursor value)
{
    Apipb__MultiProtocolCapability *to =
        MESSAGE_NEW(arena, Apipb__MultiProtocolCapability, apipb__multi_protocol_capability__init);
    unsigned afi = cursor_u16(&value);
    cursor_u8(&value);
    to->family = family_of_octets(arena, afi, cursor_u8(&value));
    return &to->base;
}

static ProtobufCMessage *route_refresh(struct arena *arena, struct cursor value)
{
    return &MESSAGE_NEW(arena, Apipb__RouteRefreshCapability, apipb__route_refresh_capability__init)->base;
}

static ProtobufCMessage *extended_next_hop(struct arena *arena, struct cursor value)
{
    Apipb__ExtendedNexthopCapability *to =
        MESSAGE_NEW(arena, Apipb__ExtendedNexthopCapability, apipb__extended_nexthop_capability__init);
    to->tuples = arena_alloc(arena, (cursor_left(&value) / 6 + 1) * sizeof(*to->tuples));
    while (cursor_left(&value) >= 6) {
        Apipb__ExtendedNexthopCapabilityTuple *tuple =
            MESSAGE_NEW(arena, Apipb__ExtendedNexthopCapabilityTuple, apipb__extended_nexthop_capability_tuple__init);
        unsigned afi = cursor_u16(&value), safi = cursor_u16(&value);
        tuple->nlri_family = family_of_octets(arena, afi, safi);
        tuple->nexthop_family = family_of_octets(arena, cursor_u16(&value), SAFI_UNICAST);
        to->tuples[to->n_tuples++] = tuple;
    }
    return &to->base;
}

static ProtobufCMessage *graceful_restart(struct arena *arena, struct cursor value)
{
    Apipb__GracefulRestartCapability *to =
        MESSAGE_NEW(arena, Apipb__GracefulRestartCapability, apipb__graceful_restart_capability__init);
    uint16_t head = cursor_u16(&value);
    to->flags = head >> 12;
    to->time = head & 0xfff;
    to->tuples = arena_alloc(arena, (cursor_left(&value) / 4 + 1) * sizeof(*to->tuples));
    while (cursor_left(&value) >= 4) {
        Apipb__GracefulRestartCapabilityTuple *tuple =
            MESSAGE_NEW(arena, Apipb__GracefulRestartCapabilityTuple, apipb__graceful_restart_capability_tuple__init);
        unsigned afi = cursor_u16(&value), safi = cursor_u8(&value);
        tuple->family = family_of_octets(arena, afi, safi);
        tuple->flags = cursor_u8(&value);
        to->tuples[to->n_tuples++] = tuple;
    }
    return &to->base;
}

static ProtobufCMessage *four_octet_as(struct arena *arena, struct cursor value)
{
    Apipb__FourOctetASNCapability *to =
        MESSAGE_NEW(arena, Apipb__FourOctetASNCapability, apipb__four_octet_asncapability__init);
    to->asn = cursor_u32(&value);
    return &to->base;
}

static ProtobufCMessage *add_path(struct arena *arena, struct cursor value)
{
    Apipb__AddPathCapability *to = MESSAGE_NEW(arena, Apipb__AddPathCapability, apipb__add_path_capability__init);
    to->tuples = arena_alloc(arena, (cursor_left(&value) / 4 + 1) * sizeof(*to->tuples));
    while (cursor_left(&value) >= 4) {
        Apipb__AddPathCapabilityTuple *tuple =
            MESSAGE_NEW(arena, Apipb__AddPathCapabilityTuple, apipb__add_path_capability_tuple__init);
        unsigned afi = cursor_u16(&value), safi = cursor_u8(&value);
        tuple->family = family_of_octets(arena, afi, safi);
        tuple->mode = (Apipb__AddPathCapabilityTuple__Mode)cursor_u8(&value);
        to->tuples[to->n_tuples++] = tuple;
    }
    return &to->base;
}

static ProtobufCMessage *enhanced_refresh(struct arena *arena, struct cursor value)
{
    return &MESSAGE_NEW(arena, Apipb__EnhancedRouteRefreshCapability, apipb__enhanced_route_refresh_capability__init)
                ->base;
}

static ProtobufCMessage *long_lived(struct arena *arena, struct cursor value)
{
    Apipb__LongLivedGracefulRestartCapability *to = MESSAGE_NEW(arena, Apipb__LongLivedGracefulRestartCapability,
                                                                apipb__long_lived_graceful_restart_capability__init);
    to->tuples = arena_alloc(arena, (cursor_left(&value) / 7 + 1) * sizeof(*to->tuples));
    while (cursor_left(&value) >= 7) {
        Apipb__LongLivedGracefulRestartCapabilityTuple *tuple =
            MESSAGE_NEW(arena, Apipb__LongLivedGracefulRestartCapabilityTuple,
                        apipb__long_lived_graceful_restart_capability_tuple__init);
        unsigned afi = cursor_u16(&value), safi = cursor_u8(&value);
        tuple->family = family_of_octets(arena, afi, safi);
        tuple->flags = cursor_u8(&value);
        tuple->time = cursor_u24(&value);
        to->tuples[to->n_tuples++] = tuple;
    }
    return &to->base;
}

/* A peer may send any octets; a protobuf string is UTF-8, or clients refuse the whole message. */
static char *counted_text(struct arena *arena, struct cursor *value)
{
    char memory[4 * UINT8_MAX + 1];
    struct str str = str_over(memory, sizeof(memory));
    uint8_t length = cursor_u8(value);
    const uint8_t *text = cursor_take(value, length);
    if (text)
        str_add_foreign(&str, text, length);
    return arena_strdup(arena, str.text);
}

static ProtobufCMessage *fqdn(struct arena *arena, struct cursor value)
{
    Apipb__FqdnCapability *to = MESSAGE_NEW(arena, Apipb__FqdnCapability, apipb__fqdn_capability__init);
    to->host_name = counted_text(arena, &value);
    to->domain_name = counted_text(arena, &value);
    return &to->base;
}

static ProtobufCMessage *route_refresh_cisco(struct arena *arena, struct cursor value)
{
    return &MESSAGE_NEW(arena, Apipb__RouteRefreshCiscoCapability, apipb__route_refresh_cisco_capability__init)->base;
}

static const struct capability_convert conversions[] = {
    {CAPABILITY_MULTIPROTOCOL, multiprotocol},
    {CAPABILITY_ROUTE_REFRESH, route_refresh},
    {CAPABILITY_EXTENDED_NEXT_HOP, extended_next_hop},
    {CAPABILITY_GRACEFUL_RESTART, graceful_restart},
    {CAPABILITY_FOUR_OCTET_AS, four_octet_as},
    {CAPABILITY_ADD_PATH, add_path},
    {CAPABILITY_ENHANCED_ROUTE_REFRESH, enhanced_refresh},
    {CAPABILITY_LONG_LIVED_GRACEFUL_RESTART, long_lived},
    {CAPABILITY_FQDN, fqdn},
    {CAPABILITY_ROUTE_REFRESH_CISCO, route_refresh_cisco},
};

static ProtobufCMessage *unknown(struct arena *arena, uint8_t code, struct cursor value)
{
    Apipb__UnknownCapability *to = MESSAGE_NEW(arena, Apipb__UnknownCapability, apipb__unknown_capability__init);
    to->code = code;
    to->value.len = cursor_left(&value);
    to->value.data = arena_alloc(arena, to->value.len + 1);
    if (to->value.len)
        memcpy(to->value.data, value.at, to->value.len);
    return &to->base;
}

static void tlvs_to_api(struct arena *arena, struct cursor tlvs, size_t *count, Google__Protobuf__Any ***list)
{
    *count = 0;
    *list = arena_alloc(arena, CAPABILITIES_MAX * sizeof(**list));
    while (!cursor_done(&tlvs) && *count < CAPABILITIES_MAX) {
        uint8_t code = cursor_u8(&tlvs);
        struct cursor value = cursor_sub(&tlvs, cursor_u8(&tlvs));
        ProtobufCMessage *message = NULL;
        if (tlvs.failed)
            break;
        for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
            if (conversions[i].code == code)
                message = conversions[i].message(arena, value);
        }
        (*list)[(*count)++] = pack(arena, message ? message : unknown(arena, code, value));
    }
}

void capabilities_to_api(struct arena *arena, const struct capabilities *from, size_t *count,
                         Google__Protobuf__Any ***list)
{
    struct buf sent;
    buf_init(&sent, CAPABILITIES_RAW_MAX);
    capabilities_encode(from, &sent);
    tlvs_to_api(arena, cursor_of(sent.bytes, sent.length), count, list);
    buf_release(&sent);
}

void open_capabilities_to_api(struct arena *arena, const struct open_message *open, size_t *count,
                              Google__Protobuf__Any ***list)
{
    tlvs_to_api(arena, open ? cursor_of(open->raw, open->raw_length) : cursor_of(NULL, 0), count, list);
}
