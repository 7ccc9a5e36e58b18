/* From apipb.Path to a canonical block. One row per attribute message: its type code, flags, and how its value looks on
 * the wire. The values are collected in whatever order the client chose, then written in order of type. */
#include "api/convert_attrs.h"

#include <string.h>

#include "api/any_in.h"
#include "attribute.pb-c.h"
#include "base/check.h"

enum {
    ITEMS_MAX = 64,
    WELL_KNOWN = ATTR_FLAG_TRANSITIVE,
    OPTIONAL_TRANSITIVE = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,
    OPTIONAL_ONLY = ATTR_FLAG_OPTIONAL,
};

struct item {
    uint8_t flags;
    uint8_t type;
    uint32_t offset; /* in `values` */
    uint32_t length;
};

/* The attributes of one path on their way. */
struct assembly {
    struct arena *arena;
    struct buf values;
    struct item items[ITEMS_MAX];
    size_t count;
    struct addr next_hop; /* of NEXT_HOP or MP_REACH_NLRI, the later one; ADDR_NONE: none yet */
    struct addr link_local;
    bool seen[256];
    struct err *err;
};

struct attr_convert {
    const ProtobufCMessageDescriptor *type;
    uint8_t code;
    uint8_t flags;
    int (*value)(struct assembly *assembly, const void *message);
};

static int put_ipv4(struct assembly *assembly, const char *text, const char *what)
{
    struct addr addr;
    if (addr_parse(text, &addr) < 0 || addr.kind != ADDR_IPV4)
        return err_set(assembly->err, E_INVALID, "invalid %s: %s", what, text);
    buf_put(&assembly->values, addr.bytes, 4);
    return 0;
}

static int origin_value(struct assembly *assembly, const void *message)
{
    const Apipb__OriginAttribute *attr = message;
    if (attr->origin > ORIGIN_INCOMPLETE)
        return err_set(assembly->err, E_INVALID, "invalid origin: %u", attr->origin);
    buf_u8(&assembly->values, (uint8_t)attr->origin);
    return 0;
}

static int as_path_value(struct assembly *assembly, const void *message)
{
    const Apipb__AsPathAttribute *attr = message;
    for (size_t i = 0; i < attr->n_segments; i++) {
        const Apipb__AsSegment *segment = attr->segments[i];
        unsigned type = (unsigned)segment->type;
        if (type < SEGMENT_AS_SET || type > SEGMENT_CONFED_SET || segment->n_numbers > UINT8_MAX)
            return err_set(assembly->err, E_INVALID, "invalid as path segment: type %u with %zu numbers", type,
                           segment->n_numbers);
        if (segment->n_numbers == 0)
            continue;
        buf_u8(&assembly->values, (uint8_t)type);
        buf_u8(&assembly->values, (uint8_t)segment->n_numbers);
        for (size_t j = 0; j < segment->n_numbers; j++)
            buf_u32(&assembly->values, segment->numbers[j]);
    }
    return 0;
}

static int next_hop_value(struct assembly *assembly, const void *message)
{
    const Apipb__NextHopAttribute *attr = message;
    assembly->link_local = (struct addr){0};
    if (addr_parse(attr->next_hop, &assembly->next_hop) < 0)
        return err_set(assembly->err, E_INVALID, "invalid nexthop address: %s", attr->next_hop);
    return 0;
}

static int mp_reach_value(struct assembly *assembly, const void *message)
{
    const Apipb__MpReachNLRIAttribute *attr = message;
    if (attr->n_nlris == 0)
        return err_set(assembly->err, E_INVALID, "invalid mp reach attribute");
    assembly->link_local = (struct addr){0};
    for (size_t i = 0; i < attr->n_next_hops && i < 2; i++) {
        struct addr *addr = i ? &assembly->link_local : &assembly->next_hop;
        if (addr_parse(attr->next_hops[i], addr) < 0)
            return err_set(assembly->err, E_INVALID, "invalid nexthop: %s", attr->next_hops[i]);
    }
    if (attr->n_next_hops == 0)
        assembly->next_hop = attr->family && attr->family->afi == APIPB__FAMILY__AFI__AFI_IP6
                                 ? (struct addr){.kind = ADDR_IPV6}
                                 : (struct addr){.kind = ADDR_IPV4};
    return 0;
}

static int med_value(struct assembly *assembly, const void *message)
{
    buf_u32(&assembly->values, ((const Apipb__MultiExitDiscAttribute *)message)->med);
    return 0;
}

static int local_pref_value(struct assembly *assembly, const void *message)
{
    buf_u32(&assembly->values, ((const Apipb__LocalPrefAttribute *)message)->local_pref);
    return 0;
}

static int nothing_value(struct assembly *assembly, const void *message)
{
    return 0;
}

static int aggregator_value(struct assembly *assembly, const void *message)
{
    const Apipb__AggregatorAttribute *attr = message;
    buf_u32(&assembly->values, attr->asn);
    return put_ipv4(assembly, attr->address, "aggregator address");
}

static int communities_value(struct assembly *assembly, const void *message)
{
    const Apipb__CommunitiesAttribute *attr = message;
    for (size_t i = 0; i < attr->n_communities; i++)
        buf_u32(&assembly->values, attr->communities[i]);
    return 0;
}

static int originator_value(struct assembly *assembly, const void *message)
{
    return put_ipv4(assembly, ((const Apipb__OriginatorIdAttribute *)message)->id, "originator id");
}

static int cluster_list_value(struct assembly *assembly, const void *message)
{
    const Apipb__ClusterListAttribute *attr = message;
    int result = 0;
    for (size_t i = 0; i < attr->n_ids && result == 0; i++)
        result = put_ipv4(assembly, attr->ids[i], "cluster list");
    return result;
}

static int ext_communities_value(struct assembly *assembly, const void *message)
{
    const Apipb__ExtendedCommunitiesAttribute *attr = message;
    int result = 0;
    for (size_t i = 0; i < attr->n_communities && result == 0; i++)
        result = convert_ext_community(assembly->arena, attr->communities[i], &assembly->values, assembly->err);
    return result;
}

static int ipv6_ext_communities_value(struct assembly *assembly, const void *message)
{
    const Apipb__IP6ExtendedCommunitiesAttribute *attr = message;
    int result = 0;
    for (size_t i = 0; i < attr->n_communities && result == 0; i++)
        result = convert_ipv6_ext_community(assembly->arena, attr->communities[i], &assembly->values, assembly->err);
    return result;
}

static int large_communities_value(struct assembly *assembly, const void *message)
{
    const Apipb__LargeCommunitiesAttribute *attr = message;
    for (size_t i = 0; i < attr->n_communities; i++) {
        buf_u32(&assembly->values, attr->communities[i]->global_admin);
        buf_u32(&assembly->values, attr->communities[i]->local_data1);
        buf_u32(&assembly->values, attr->communities[i]->local_data2);
    }
    return 0;
}

static int aigp_value(struct assembly *assembly, const void *message)
{
    enum { AIGP_METRIC = 1, AIGP_METRIC_BYTES = 11 };
    const Apipb__AigpAttribute *attr = message;
    for (size_t i = 0; i < attr->n_tlvs; i++) {
        Apipb__AigpTLVIGPMetric *metric =
            any_in_unpack(assembly->arena, attr->tlvs[i], &apipb__aigp_tlvigpmetric__descriptor);
        Apipb__AigpTLVUnknown *unknown =
            any_in_unpack(assembly->arena, attr->tlvs[i], &apipb__aigp_tlvunknown__descriptor);
        if (metric) {
            buf_u8(&assembly->values, AIGP_METRIC);
            buf_u16(&assembly->values, AIGP_METRIC_BYTES);
            buf_u64(&assembly->values, metric->metric);
        } else if (unknown && unknown->value.len <= UINT16_MAX - 3) {
            buf_u8(&assembly->values, (uint8_t)unknown->type);
            buf_u16(&assembly->values, (uint16_t)(unknown->value.len + 3));
            buf_put(&assembly->values, unknown->value.data, unknown->value.len);
        } else {
            return err_set(assembly->err, E_INVALID, "invalid aigp attribute tlv: %s", any_in_name(attr->tlvs[i]));
        }
    }
    return 0;
}

static int pmsi_value(struct assembly *assembly, const void *message)
{
    const Apipb__PmsiTunnelAttribute *attr = message;
    buf_u8(&assembly->values, attr->flags & 1);
    buf_u8(&assembly->values, (uint8_t)attr->type);
    buf_u24(&assembly->values, (attr->label & 0xfffff) << 4);
    buf_put(&assembly->values, attr->id.data, attr->id.len);
    return 0;
}

static const struct attr_convert conversions[] = {
    {&apipb__origin_attribute__descriptor, ATTR_ORIGIN, WELL_KNOWN, origin_value},
    {&apipb__as_path_attribute__descriptor, ATTR_AS_PATH, WELL_KNOWN, as_path_value},
    {&apipb__next_hop_attribute__descriptor, ATTR_NEXT_HOP, WELL_KNOWN, next_hop_value},
    {&apipb__multi_exit_disc_attribute__descriptor, ATTR_MED, OPTIONAL_ONLY, med_value},
    {&apipb__local_pref_attribute__descriptor, ATTR_LOCAL_PREF, WELL_KNOWN, local_pref_value},
    {&apipb__atomic_aggregate_attribute__descriptor, ATTR_ATOMIC_AGGREGATE, WELL_KNOWN, nothing_value},
    {&apipb__aggregator_attribute__descriptor, ATTR_AGGREGATOR, OPTIONAL_TRANSITIVE, aggregator_value},
    {&apipb__communities_attribute__descriptor, ATTR_COMMUNITIES, OPTIONAL_TRANSITIVE, communities_value},
    {&apipb__originator_id_attribute__descriptor, ATTR_ORIGINATOR_ID, OPTIONAL_ONLY, originator_value},
    {&apipb__cluster_list_attribute__descriptor, ATTR_CLUSTER_LIST, OPTIONAL_ONLY, cluster_list_value},
    {&apipb__mp_reach_nlriattribute__descriptor, ATTR_MP_REACH, OPTIONAL_ONLY, mp_reach_value},
    {&apipb__extended_communities_attribute__descriptor, ATTR_EXT_COMMUNITIES, OPTIONAL_TRANSITIVE,
     ext_communities_value},
    {&apipb__pmsi_tunnel_attribute__descriptor, ATTR_PMSI_TUNNEL, OPTIONAL_TRANSITIVE, pmsi_value},
    {&apipb__ip6_extended_communities_attribute__descriptor, ATTR_IPV6_EXT_COMMUNITIES, OPTIONAL_TRANSITIVE,
     ipv6_ext_communities_value},
    {&apipb__aigp_attribute__descriptor, ATTR_AIGP, OPTIONAL_ONLY, aigp_value},
    {&apipb__large_communities_attribute__descriptor, ATTR_LARGE_COMMUNITIES, OPTIONAL_TRANSITIVE,
     large_communities_value},
};

static const struct attr_convert *conversion_of(unsigned code)
{
    for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
        if (conversions[i].code == code)
            return &conversions[i];
    }
    return NULL;
}

/* Peers end the session over a well-known attribute they do not know (RFC 4271 6.3): none is made here. */
static int unknown_flags(struct assembly *assembly, unsigned type, unsigned flags, uint8_t *kept)
{
    *kept = flags & (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE | ATTR_FLAG_PARTIAL);
    if (!(flags & ATTR_FLAG_OPTIONAL))
        return err_set(assembly->err, E_INVALID, "path attribute %u: an attribute unknown here must be optional", type);
    return 0;
}

/* Notes that a type is there; twice is an error. */
static int assembly_see(struct assembly *assembly, unsigned type)
{
    if (assembly->seen[type & 0xff])
        return err_set(assembly->err, E_INVALID, "duplicated path attribute type: %u", type);
    assembly->seen[type & 0xff] = true;
    return 0;
}

/* An attribute whose value was written from `offset` on. The next hop is kept apart. */
static int assembly_add(struct assembly *assembly, uint8_t flags, uint8_t type, size_t offset)
{
    size_t length = assembly->values.length - offset;
    bool list = type == ATTR_COMMUNITIES || type == ATTR_EXT_COMMUNITIES || type == ATTR_LARGE_COMMUNITIES ||
                type == ATTR_CLUSTER_LIST || type == ATTR_IPV6_EXT_COMMUNITIES;
    if (type == ATTR_NEXT_HOP || type == ATTR_MP_REACH || (list && length == 0))
        return 0;
    if (assembly->count == ITEMS_MAX || assembly->values.failed)
        return err_set(assembly->err, E_LIMIT, "too many path attributes");
    assembly->items[assembly->count++] =
        (struct item){.flags = flags, .type = type, .offset = (uint32_t)offset, .length = (uint32_t)length};
    return 0;
}

static int add_unknown(struct assembly *assembly, const Apipb__UnknownAttribute *attr)
{
    size_t offset = assembly->values.length;
    uint8_t flags;
    if (attr->type == 0 || attr->type > UINT8_MAX)
        return err_set(assembly->err, E_INVALID, "invalid path attribute type: %u", attr->type);
    if (conversion_of(attr->type))
        return err_set(assembly->err, E_INVALID, "path attribute %u is known: say it by its own message", attr->type);
    if (unknown_flags(assembly, attr->type, attr->flags, &flags) < 0)
        return E_INVALID;
    if (assembly_see(assembly, attr->type) < 0)
        return E_INVALID;
    buf_put(&assembly->values, attr->value.data, attr->value.len);
    return assembly_add(assembly, flags, (uint8_t)attr->type, offset);
}

static int add_any(struct assembly *assembly, const Google__Protobuf__Any *any)
{
    for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
        const struct attr_convert *convert = &conversions[i];
        const void *message = any_in_unpack(assembly->arena, any, convert->type);
        size_t offset = assembly->values.length;
        if (!message)
            continue;
        if (assembly_see(assembly, convert->code) < 0)
            return E_INVALID;
        int result = convert->value(assembly, message);
        return result < 0 ? result : assembly_add(assembly, convert->flags, convert->code, offset);
    }
    const Apipb__UnknownAttribute *unknown = any_in_unpack(assembly->arena, any, &apipb__unknown_attribute__descriptor);
    if (unknown)
        return add_unknown(assembly, unknown);
    return err_set(assembly->err, E_UNSUPPORTED, "unknown path attribute: %s", any_in_name(any));
}

/* Wire forms ---------------------------------------------------------------------------------------------------- */

static int binary_next_hop(struct assembly *assembly, const uint8_t *bytes, size_t length)
{
    if (length != 4 && length != 16 && length != 32)
        return err_set(assembly->err, E_INVALID, "invalid nexthop of %zu octets", length);
    assembly->next_hop = addr_from_bytes(length == 4 ? ADDR_IPV4 : ADDR_IPV6, bytes);
    assembly->link_local = (struct addr){0};
    if (length == 32)
        assembly->link_local = addr_from_bytes(ADDR_IPV6, bytes + 16);
    return 0;
}

static int binary_mp_reach(struct assembly *assembly, const struct attr_item *item)
{
    struct cursor value = cursor_of(item->value, item->length);
    cursor_take(&value, 3);
    struct cursor next_hop = cursor_sub(&value, cursor_u8(&value));
    if (value.failed)
        return err_set(assembly->err, E_INVALID, "invalid mp reach attribute");
    return binary_next_hop(assembly, next_hop.at, cursor_left(&next_hop));
}

/* AS_PATH and AGGREGATOR in the form of a 4-octet speaker; an AGGREGATOR of 6 octets is widened. What we know gets the
 * flags it must have. */
static int binary_value(struct assembly *assembly, const struct attr_item *item)
{
    const struct attr_convert *known = conversion_of(item->type);
    size_t offset = assembly->values.length;
    uint8_t flags = known ? known->flags | (item->flags & ATTR_FLAG_PARTIAL) : 0;
    if (!known && unknown_flags(assembly, item->type, item->flags, &flags) < 0)
        return E_INVALID;
    if (known && (known->flags & (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE)) != OPTIONAL_TRANSITIVE)
        flags = known->flags;
    if (item->type == ATTR_AGGREGATOR && item->length == 6)
        buf_u16(&assembly->values, 0);
    buf_put(&assembly->values, item->value, item->length);
    return assembly_add(assembly, flags, item->type, offset);
}

static int add_binary(struct assembly *assembly, const ProtobufCBinaryData *bytes)
{
    struct attr_item item;
    struct cursor cursor = cursor_of(bytes->data, bytes->len);
    if (!attr_next(&cursor, &item) || cursor_left(&cursor) > 0)
        return err_set(assembly->err, E_INVALID, "path attribute is malformed");
    if (assembly_see(assembly, item.type) < 0)
        return E_INVALID;
    switch (item.type) {
    case ATTR_NEXT_HOP:
        return binary_next_hop(assembly, item.value, item.length);
    case ATTR_MP_REACH:
        return binary_mp_reach(assembly, &item);
    case ATTR_MP_UNREACH:
    case ATTR_AS4_PATH:
    case ATTR_AS4_AGGREGATOR:
        return 0; /* merged into the others by whoever made the 4-octet form */
    default:
        return binary_value(assembly, &item);
    }
}

/* Together ------------------------------------------------------------------------------------------------------ */

static void assembly_put_next_hop(struct assembly *assembly)
{
    size_t offset = assembly->values.length;
    buf_put(&assembly->values, assembly->next_hop.bytes, addr_bits(&assembly->next_hop) / 8);
    if (assembly->next_hop.kind == ADDR_IPV6 && assembly->link_local.kind == ADDR_IPV6)
        buf_put(&assembly->values, assembly->link_local.bytes, 16);
    if (assembly->count < ITEMS_MAX)
        assembly->items[assembly->count++] = (struct item){.flags = WELL_KNOWN,
                                                           .type = ATTR_NEXT_HOP,
                                                           .offset = (uint32_t)offset,
                                                           .length = (uint32_t)(assembly->values.length - offset)};
}

static void assembly_write(struct assembly *assembly, struct buf *out)
{
    for (unsigned type = 0; type <= UINT8_MAX; type++) {
        for (size_t i = 0; i < assembly->count; i++) {
            const struct item *item = &assembly->items[i];
            if (item->type != type)
                continue;
            if (item->length > UINT16_MAX)
                out->failed = true;
            else
                attr_put(out, item->flags, item->type, assembly->values.bytes + item->offset, (uint16_t)item->length);
        }
    }
}

static int assembly_fill(struct assembly *assembly, const Apipb__Path *path)
{
    int result = 0;
    for (size_t i = 0; i < path->n_pattrs_binary && result == 0; i++)
        result = add_binary(assembly, &path->pattrs_binary[i]);
    for (size_t i = 0; i < path->n_pattrs && path->n_pattrs_binary == 0 && result == 0; i++)
        result = add_any(assembly, path->pattrs[i]);
    return result;
}

static int convert_attrs(struct arena *arena, const Apipb__Path *path, struct buf *attrs, struct err *err)
{
    struct assembly assembly = {.arena = arena, .err = err};
    buf_init(&assembly.values, 2 * ATTR_BLOCK_MAX);
    int result = assembly_fill(&assembly, path);
    if (result == 0 && assembly.next_hop.kind == ADDR_NONE)
        result = err_set(err, E_INVALID, "nexthop not found");
    if (result == 0 && !assembly.seen[ATTR_ORIGIN])
        result = err_set(err, E_INVALID, "no origin path attr");
    if (result == 0) {
        assembly_put_next_hop(&assembly);
        assembly_write(&assembly, attrs);
        if (attrs->failed || assembly.values.failed)
            result = err_set(err, E_LIMIT, "path attributes longer than %d bytes", ATTR_BLOCK_MAX);
        else
            result = attr_block_check(attrs->bytes, (uint32_t)attrs->length, err);
    }
    buf_release(&assembly.values);
    return result;
}

static int convert_nlri(struct arena *arena, const Apipb__Path *path, struct local_path *local, struct err *err)
{
    struct addr addr;
    unsigned bits = family_address_bits(local->family);
    if (path->nlri_binary.len) {
        struct cursor cursor = cursor_of(path->nlri_binary.data, path->nlri_binary.len);
        prefix_read(&cursor, bits == 32 ? ADDR_IPV4 : ADDR_IPV6, &local->prefix);
        return cursor.failed || cursor_left(&cursor) ? err_set(err, E_INVALID, "invalid nlri") : 0;
    }
    const Apipb__IPAddressPrefix *nlri = any_in_unpack(arena, path->nlri, &apipb__ipaddress_prefix__descriptor);
    if (!nlri)
        return err_set(err, E_INVALID, "nlri not found");
    if (addr_parse(nlri->prefix, &addr) < 0 || addr_bits(&addr) != bits || nlri->prefix_len > bits)
        return err_set(err, E_INVALID, "invalid prefix: %s/%u", nlri->prefix, nlri->prefix_len);
    local->prefix = prefix_make(&addr, (uint8_t)nlri->prefix_len);
    return 0;
}

int convert_path(struct arena *arena, const Apipb__Path *path, bool withdraw, struct buf *attrs,
                 struct local_path *local, struct err *err)
{
    *local = (struct local_path){
        .identifier = path->identifier, .source_as = path->source_asn, .is_from_external = path->is_from_external};
    buf_clear(attrs);
    if (!path->family)
        return err_set(err, E_INVALID, "family cannot be nil");
    local->family = family_from_afi_safi((uint16_t)path->family->afi, (uint8_t)path->family->safi);
    const struct family *family = family_get(local->family);
    if (!family || !family->routed)
        return err_set(err, E_UNSUPPORTED, "address family: %s not supported",
                       family ? family->config_name : "unknown");
    if (path->source_asn && addr_parse(path->source_id, &local->source_id) < 0)
        local->source_id = (struct addr){0};
    if (convert_nlri(arena, path, local, err) < 0)
        return E_INVALID;
    if (withdraw)
        return 0;
    int result = convert_attrs(arena, path, attrs, err);
    local->attrs = attrs->bytes;
    local->attrs_length = (uint32_t)attrs->length;
    return result;
}
