/* Path attributes as apipb messages: one row per type, what is not in the table is an UnknownAttribute. */
#include "api/encode_parts.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/octets.h"

struct attr_encode {
    const char *type_url;
    void (*value)(struct proto *proto, const struct path_view *path, const struct attr_item *item);
};

/* MED, LOCAL_PREF, ORIGIN: one number. */
static void number_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < item->length; i++)
        value = value << 8 | item->value[i];
    proto_number(proto, 1, value);
}

static void segment_value(struct proto *proto, const struct as_segment *segment)
{
    size_t mark = proto_mark(proto);
    for (unsigned i = segment->count; i > 0; i--)
        proto_varint(proto, as_segment_number(segment, i - 1));
    proto_close_packed(proto, 2, mark);
    proto_number(proto, 1, segment->type);
    proto_close(proto, 1, mark);
}

/* Segments are found from the front and written from the back. */
static void as_path_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    enum { USUAL_SEGMENTS = 16 };
    struct as_segment usual[USUAL_SEGMENTS], segment, *segments = usual;
    size_t count = 0;
    struct cursor cursor = cursor_of(item->value, item->length);
    while (as_segment_next(&cursor, &segment))
        count++;
    if (count > USUAL_SEGMENTS)
        segments = mem_alloc(MEM_RPC, count * sizeof(*segments));
    cursor = cursor_of(item->value, item->length);
    for (size_t i = 0; i < count; i++)
        as_segment_next(&cursor, &segments[i]);
    while (count > 0)
        segment_value(proto, &segments[--count]);
    if (segments != usual)
        mem_free(MEM_RPC, segments);
}

static void next_hop_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    encode_ipv4(proto, 1, item->value);
}

static void nothing_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
}

static void aggregator_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    encode_ipv4(proto, 2, item->value + 4);
    proto_number(proto, 1, load_u32(item->value));
}

static void communities_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    size_t mark = proto_mark(proto);
    for (unsigned at = item->length / 4 * 4; at > 0; at -= 4)
        proto_varint(proto, load_u32(item->value + at - 4));
    proto_close_packed(proto, 1, mark);
}

static void originator_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    encode_ipv4(proto, 1, item->value);
}

static void cluster_list_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    for (unsigned at = item->length / 4 * 4; at > 0; at -= 4)
        encode_ipv4(proto, 1, item->value + at - 4);
}

static void ext_communities_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    encode_ext_communities(proto, item->value, item->length);
}

static void ipv6_ext_communities_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    encode_ipv6_ext_communities(proto, item->value, item->length);
}

static void large_communities_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    for (unsigned at = item->length / 12 * 12; at > 0; at -= 12) {
        size_t mark = proto_mark(proto);
        const uint8_t *community = item->value + at - 12;
        proto_number(proto, 3, load_u32(community + 8));
        proto_number(proto, 2, load_u32(community + 4));
        proto_number(proto, 1, load_u32(community));
        proto_close(proto, 1, mark);
    }
}

/* The TLVs of AIGP (RFC 7311 3): type, length of the whole, value. */
static void aigp_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    enum { AIGP_METRIC = 1, AIGP_METRIC_BYTES = 11, TLVS_MAX = 32 };
    const uint8_t *tlvs[TLVS_MAX];
    size_t count = 0;
    for (unsigned at = 0; count < TLVS_MAX && at + 3u <= item->length; count++) {
        unsigned length = (unsigned)item->value[at + 1] << 8 | item->value[at + 2];
        if (length < 3 || at + length > item->length)
            break;
        tlvs[count] = item->value + at;
        at += length;
    }
    while (count > 0) {
        const uint8_t *tlv = tlvs[--count];
        unsigned length = (unsigned)tlv[1] << 8 | tlv[2];
        size_t mark = proto_mark(proto);
        if (tlv[0] == AIGP_METRIC && length == AIGP_METRIC_BYTES) {
            proto_number(proto, 1, (uint64_t)load_u32(tlv + 3) << 32 | load_u32(tlv + 7));
            proto_close_any(proto, 1, mark, PROTO_TYPE_URL("AigpTLVIGPMetric"));
        } else {
            proto_bytes(proto, 2, tlv + 3, length - 3);
            proto_number(proto, 1, tlv[0]);
            proto_close_any(proto, 1, mark, PROTO_TYPE_URL("AigpTLVUnknown"));
        }
    }
}

/* Flags, tunnel type, label in the high 20 of 24 bits, tunnel identifier (RFC 6514 5). */
static void pmsi_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    const uint8_t *value = item->value;
    if (item->length < 5)
        return;
    proto_bytes(proto, 4, value + 5, item->length - 5u);
    proto_number(proto, 3, (uint32_t)value[2] << 12 | (uint32_t)value[3] << 4 | value[4] >> 4);
    proto_number(proto, 2, value[1]);
    proto_number(proto, 1, value[0] & 1);
}

static void unknown_value(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    proto_bytes(proto, 3, item->value, item->length);
    proto_number(proto, 2, item->type);
    proto_number(proto, 1, item->flags);
}

static const struct attr_encode unknown_encode = {PROTO_TYPE_URL("UnknownAttribute"), unknown_value};

static const struct attr_encode encodings[] = {
    [ATTR_ORIGIN] = {PROTO_TYPE_URL("OriginAttribute"), number_value},
    [ATTR_AS_PATH] = {PROTO_TYPE_URL("AsPathAttribute"), as_path_value},
    [ATTR_NEXT_HOP] = {PROTO_TYPE_URL("NextHopAttribute"), next_hop_value},
    [ATTR_MED] = {PROTO_TYPE_URL("MultiExitDiscAttribute"), number_value},
    [ATTR_LOCAL_PREF] = {PROTO_TYPE_URL("LocalPrefAttribute"), number_value},
    [ATTR_ATOMIC_AGGREGATE] = {PROTO_TYPE_URL("AtomicAggregateAttribute"), nothing_value},
    [ATTR_AGGREGATOR] = {PROTO_TYPE_URL("AggregatorAttribute"), aggregator_value},
    [ATTR_COMMUNITIES] = {PROTO_TYPE_URL("CommunitiesAttribute"), communities_value},
    [ATTR_ORIGINATOR_ID] = {PROTO_TYPE_URL("OriginatorIdAttribute"), originator_value},
    [ATTR_CLUSTER_LIST] = {PROTO_TYPE_URL("ClusterListAttribute"), cluster_list_value},
    [ATTR_EXT_COMMUNITIES] = {PROTO_TYPE_URL("ExtendedCommunitiesAttribute"), ext_communities_value},
    [ATTR_PMSI_TUNNEL] = {PROTO_TYPE_URL("PmsiTunnelAttribute"), pmsi_value},
    [ATTR_IPV6_EXT_COMMUNITIES] = {PROTO_TYPE_URL("IP6ExtendedCommunitiesAttribute"), ipv6_ext_communities_value},
    [ATTR_AIGP] = {PROTO_TYPE_URL("AigpAttribute"), aigp_value},
    [ATTR_LARGE_COMMUNITIES] = {PROTO_TYPE_URL("LargeCommunitiesAttribute"), large_communities_value},
};

static void encode_attr(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    const struct attr_encode *encode = &unknown_encode;
    size_t mark = proto_mark(proto);
    if (item->type < ARRAY_LEN(encodings) && encodings[item->type].value)
        encode = &encodings[item->type];
    encode->value(proto, path, item);
    proto_close_any(proto, 2, mark, encode->type_url);
}

/* Everything but IPv4 over IPv4 carries its next hop, and itself, in MP_REACH_NLRI. */
static void encode_mp_reach(struct proto *proto, const struct path_view *path, const struct attr_item *next_hop)
{
    size_t mark = proto_mark(proto);
    encode_nlri(proto, 3, &path->prefix);
    if (next_hop->length == 32) {
        struct addr link_local = addr_from_bytes(ADDR_IPV6, next_hop->value + 16);
        if (addr_is_link_local(&link_local))
            encode_addr(proto, 2, &link_local);
    }
    struct addr addr = addr_from_bytes(next_hop->length == 4 ? ADDR_IPV4 : ADDR_IPV6, next_hop->value);
    encode_addr(proto, 2, &addr);
    encode_family(proto, 1, path->family);
    proto_close_any(proto, 2, mark, PROTO_TYPE_URL("MpReachNLRIAttribute"));
}

enum { ITEMS_MAX = 256 }; /* types are a byte, each at most once */

void encode_attrs(struct proto *proto, const struct path_view *path)
{
    struct attr_item items[ITEMS_MAX];
    const struct attr_item *mp_next_hop = NULL;
    size_t count = 0;
    struct cursor cursor = cursor_of(path->attrs, path->attrs_length);
    while (count < ITEMS_MAX && attr_next(&cursor, &items[count])) {
        const struct attr_item *item = &items[count++];
        if (item->type == ATTR_NEXT_HOP && (path->family != FAMILY_IPV4_UNICAST || item->length != 4))
            mp_next_hop = item;
    }
    while (count > 0) {
        const struct attr_item *item = &items[--count];
        if (mp_next_hop && item->type < ATTR_MP_REACH) {
            encode_mp_reach(proto, path, mp_next_hop);
            mp_next_hop = NULL;
        }
        if (item->type != ATTR_NEXT_HOP || (path->family == FAMILY_IPV4_UNICAST && item->length == 4))
            encode_attr(proto, path, item);
    }
}
