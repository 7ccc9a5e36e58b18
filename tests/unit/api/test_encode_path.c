/* The hand-written encoder against protobuf-c: what it writes is read by protobuf-c, packed again by protobuf-c, and
 * the bytes are the same. And there and back: a path told to a client and given back is the same canonical block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "api/any_in.h"
#include "api/convert_attrs.h"
#include "api/encode_path.h"
#include "attribute.pb-c.h"
#include "base/check.h"

enum { MEMORY_BYTES = 1 << 20 };

struct fixture {
    struct buf block;
    struct path_view view;
    struct arena arena;
    uint8_t *memory;
};

static int fixture_begin(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    buf_init(&fixture->block, ATTR_BLOCK_MAX);
    arena_init(&fixture->arena, 0);
    fixture->memory = test_malloc(MEMORY_BYTES);
    *state = fixture;
    return 0;
}

static int fixture_end(void **state)
{
    struct fixture *fixture = *state;
    buf_release(&fixture->block);
    arena_release(&fixture->arena);
    test_free(fixture->memory);
    test_free(fixture);
    return 0;
}

#define PUT(fixture, flags, type, ...)                                    \
    do {                                                                  \
        static const uint8_t value_[] = {__VA_ARGS__};                    \
        attr_put(&(fixture)->block, flags, type, value_, sizeof(value_)); \
    } while (0)

/* Every attribute with a row of its own, and one without. */
static void put_attrs(struct fixture *fixture, bool ipv6)
{
    PUT(fixture, 0x40, ATTR_ORIGIN, 1);
    PUT(fixture, 0x40, ATTR_AS_PATH, 2, 2, 0, 0, 0xfd, 0xe9, 0, 1, 0, 0, 1, 1, 0, 0, 0, 7, 3, 1, 0, 0, 0, 8, 4, 1, 0, 0,
        0, 9);
    if (ipv6)
        PUT(fixture, 0x40, ATTR_NEXT_HOP, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfe, 0x80, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
    else
        PUT(fixture, 0x40, ATTR_NEXT_HOP, 192, 0, 2, 1);
    PUT(fixture, 0x80, ATTR_MED, 0, 0, 0, 0);
    PUT(fixture, 0x40, ATTR_LOCAL_PREF, 0, 0, 0, 200);
    attr_put(&fixture->block, 0x40, ATTR_ATOMIC_AGGREGATE, "", 0);
    PUT(fixture, 0xc0, ATTR_AGGREGATOR, 0, 1, 0, 0, 10, 0, 0, 1);
    PUT(fixture, 0xc0, ATTR_COMMUNITIES, 0xff, 0xff, 0xff, 0x01, 0, 0, 0, 0, 0xfd, 0xe9, 0, 100);
    PUT(fixture, 0x80, ATTR_ORIGINATOR_ID, 10, 0, 0, 9);
    PUT(fixture, 0x80, ATTR_CLUSTER_LIST, 10, 0, 0, 7, 10, 0, 0, 8);
    PUT(fixture, 0xc0, ATTR_EXT_COMMUNITIES,         /* */
        0x00, 0x02, 0xfd, 0xe9, 0, 0, 0, 1,          /* two-octet AS */
        0x40, 0x04, 0xfd, 0xe9, 0x47, 0xf1, 0x20, 0, /* link bandwidth */
        0x01, 0x02, 10, 0, 0, 1, 0, 5,               /* IPv4 */
        0x42, 0x03, 0, 1, 0, 0, 0, 6,                /* four-octet AS, not transitive */
        0x03, 0x0b, 0, 0, 0, 0, 0, 100,              /* color */
        0x03, 0x0c, 0, 0, 0, 0, 0, 8,                /* encapsulation */
        0x03, 0x0d, 0, 0, 0, 0, 0, 0,                /* default gateway */
        0x03, 0x77, 1, 2, 3, 4, 5, 6,                /* opaque */
        0x43, 0x00, 0, 0, 0, 0, 0, 2,                /* validation */
        0x06, 0x00, 1, 0, 0, 0, 0, 9,                /* MAC mobility */
        0x06, 0x01, 1, 0, 0, 0, 0x01, 0x40,          /* ESI label */
        0x06, 0x02, 1, 2, 3, 4, 5, 6,                /* ES import */
        0x06, 0x03, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf,    /* router's MAC */
        0x0c, 0x00, 0, 1, 0, 0, 0, 2,                /* MUP */
        0x80, 0x06, 0xfd, 0xe9, 0x44, 0x7a, 0, 0,    /* traffic rate */
        0x80, 0x07, 0, 0, 0, 0, 0, 3,                /* traffic action */
        0x80, 0x08, 0xfd, 0xe9, 0, 0, 0, 9,          /* redirect */
        0x81, 0x08, 10, 0, 0, 1, 0, 5,               /* redirect, IPv4 */
        0x82, 0x08, 0, 1, 0, 0, 0, 5,                /* redirect, four-octet AS */
        0x80, 0x09, 0, 0, 0, 0, 0, 46,               /* remark */
        0x90, 0x01, 1, 2, 3, 4, 5, 6);               /* unknown */
    PUT(fixture, 0xc0, ATTR_PMSI_TUNNEL, 1, 6, 0x00, 0x06, 0x40, 10, 0, 0, 7);
    PUT(fixture, 0xc0, ATTR_IPV6_EXT_COMMUNITIES, 0x00, 0x02, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
        5, 0x80, 0x0b, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 6);
    PUT(fixture, 0x80, ATTR_AIGP, 1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 77, 9, 0, 5, 1, 2);
    PUT(fixture, 0xc0, ATTR_LARGE_COMMUNITIES, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    PUT(fixture, 0xe0, 99, 1, 2, 3);
    assert_int_equal(attr_block_check(fixture->block.bytes, (uint32_t)fixture->block.length, NULL), 0);
}

static void fill_view(struct fixture *fixture, enum family_id family, const char *prefix)
{
    fixture->view = (struct path_view){
        .family = family,
        .path_id = 7,
        .local_path_id = 300,
        .attrs = fixture->block.bytes,
        .attrs_length = (uint32_t)fixture->block.length,
        .received_at = {.ns = 1700000000 * INT64_C(1000000000) + 5},
        .best = true,
        .stale = true,
        .from_external = true,
        .source_as = 65001,
        .source_id = 0x0aff0002,
        .neighbor = addr_ipv4(0x0a000002),
    };
    assert_int_equal(prefix_parse(prefix, false, &fixture->view.prefix), 0);
}

/* Encodes, and holds the bytes against protobuf-c's. What protobuf-c read is in the fixture's arena. */
static const Apipb__Destination *encode_and_compare(struct fixture *fixture, size_t count, const struct path_form *form)
{
    struct path_view views[3] = {fixture->view, fixture->view, fixture->view};
    struct proto proto = proto_over(fixture->memory, MEMORY_BYTES);
    encode_destination(&proto, views, count, form);
    assert_false(proto.failed);
    Apipb__ListPathResponse *read =
        message_unpack(&fixture->arena, &apipb__list_path_response__descriptor, proto.at, proto_length(&proto));
    assert_non_null(read);
    uint8_t *packed = arena_alloc(&fixture->arena, proto_length(&proto) + 16);
    assert_int_equal(apipb__list_path_response__get_packed_size(read), proto_length(&proto));
    apipb__list_path_response__pack(read, packed);
    assert_memory_equal(packed, proto.at, proto_length(&proto));
    assert_int_equal(read->base.n_unknown_fields, 0);
    assert_int_equal(read->destination->n_paths, count);
    return read->destination;
}

/* Every Any inside packs to itself too, and is of a type the contract knows. */
static void check_any(struct fixture *fixture, const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *read = any_in_unpack(&fixture->arena, any, type);
    assert_non_null(read);
    assert_int_equal(read->n_unknown_fields, 0);
    size_t length = protobuf_c_message_get_packed_size(read);
    uint8_t *packed = arena_alloc(&fixture->arena, length + 1);
    protobuf_c_message_pack(read, packed);
    assert_int_equal(length, any->value.len);
    assert_memory_equal(packed, any->value.data, length);
}

static void check_attrs(struct fixture *fixture, const Apipb__Path *path, const ProtobufCMessageDescriptor **types,
                        size_t count)
{
    assert_int_equal(path->n_pattrs, count);
    for (size_t i = 0; i < count; i++)
        check_any(fixture, path->pattrs[i], types[i]);
}

static void there_and_back(struct fixture *fixture, const Apipb__Path *path)
{
    struct buf attrs;
    struct local_path local;
    struct err err = {0};
    buf_init(&attrs, ATTR_BLOCK_MAX);
    int result = convert_path(&fixture->arena, path, false, &attrs, &local, &err);
    if (result < 0)
        fail_msg("%s", err.text);
    assert_true(prefix_equal(&local.prefix, &fixture->view.prefix));
    assert_int_equal(local.family, fixture->view.family);
    assert_int_equal(local.identifier, 7);
    assert_int_equal(attrs.length, fixture->block.length);
    assert_memory_equal(attrs.bytes, fixture->block.bytes, attrs.length);
    buf_release(&attrs);
}

static void test_ipv4_path(void **state)
{
    static const ProtobufCMessageDescriptor *types[] = {
        &apipb__origin_attribute__descriptor,
        &apipb__as_path_attribute__descriptor,
        &apipb__next_hop_attribute__descriptor,
        &apipb__multi_exit_disc_attribute__descriptor,
        &apipb__local_pref_attribute__descriptor,
        &apipb__atomic_aggregate_attribute__descriptor,
        &apipb__aggregator_attribute__descriptor,
        &apipb__communities_attribute__descriptor,
        &apipb__originator_id_attribute__descriptor,
        &apipb__cluster_list_attribute__descriptor,
        &apipb__extended_communities_attribute__descriptor,
        &apipb__pmsi_tunnel_attribute__descriptor,
        &apipb__ip6_extended_communities_attribute__descriptor,
        &apipb__aigp_attribute__descriptor,
        &apipb__large_communities_attribute__descriptor,
        &apipb__unknown_attribute__descriptor,
    };
    struct fixture *fixture = *state;
    put_attrs(fixture, false);
    fill_view(fixture, FAMILY_IPV4_UNICAST, "10.1.0.0/16");
    const Apipb__Destination *read = encode_and_compare(fixture, 3, &(struct path_form){.decoded = true});
    const Apipb__Path *path = read->paths[1];
    assert_string_equal(read->prefix, "10.1.0.0/16");
    assert_int_equal(path->age->seconds, 1700000000);
    assert_int_equal(path->age->nanos, 5);
    assert_true(path->best && path->stale && path->is_from_external && !path->filtered && !path->is_withdraw);
    assert_int_equal(path->identifier, 7);
    assert_int_equal(path->local_identifier, 300);
    assert_int_equal(path->source_asn, 65001);
    assert_string_equal(path->source_id, "10.255.0.2");
    assert_string_equal(path->neighbor_ip, "10.0.0.2");
    assert_non_null(path->validation);
    assert_int_equal(path->family->afi, 1);
    check_attrs(fixture, path, types, ARRAY_LEN(types));
    there_and_back(fixture, path);
}

static void test_ext_communities_are_their_messages(void **state)
{
    static const ProtobufCMessageDescriptor *types[] = {
        &apipb__two_octet_as_specific_extended__descriptor,
        &apipb__link_bandwidth_extended__descriptor,
        &apipb__ipv4_address_specific_extended__descriptor,
        &apipb__four_octet_as_specific_extended__descriptor,
        &apipb__color_extended__descriptor,
        &apipb__encap_extended__descriptor,
        &apipb__default_gateway_extended__descriptor,
        &apipb__opaque_extended__descriptor,
        &apipb__validation_extended__descriptor,
        &apipb__mac_mobility_extended__descriptor,
        &apipb__esilabel_extended__descriptor,
        &apipb__esimport_route_target__descriptor,
        &apipb__router_mac_extended__descriptor,
        &apipb__mupextended__descriptor,
        &apipb__traffic_rate_extended__descriptor,
        &apipb__traffic_action_extended__descriptor,
        &apipb__redirect_two_octet_as_specific_extended__descriptor,
        &apipb__redirect_ipv4_address_specific_extended__descriptor,
        &apipb__redirect_four_octet_as_specific_extended__descriptor,
        &apipb__traffic_remark_extended__descriptor,
        &apipb__unknown_extended__descriptor,
    };
    struct fixture *fixture = *state;
    put_attrs(fixture, false);
    fill_view(fixture, FAMILY_IPV4_UNICAST, "10.1.0.0/16");
    const Apipb__Destination *read = encode_and_compare(fixture, 1, &(struct path_form){.decoded = true});
    const Apipb__ExtendedCommunitiesAttribute *attr =
        any_in_unpack(&fixture->arena, read->paths[0]->pattrs[10], &apipb__extended_communities_attribute__descriptor);
    assert_int_equal(attr->n_communities, ARRAY_LEN(types));
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        check_any(fixture, attr->communities[i], types[i]);
    const Apipb__ESILabelExtended *label =
        any_in_unpack(&fixture->arena, attr->communities[10], &apipb__esilabel_extended__descriptor);
    assert_int_equal(label->label, 20);
    assert_true(label->is_single_active);
    const Apipb__TrafficRateExtended *rate =
        any_in_unpack(&fixture->arena, attr->communities[14], &apipb__traffic_rate_extended__descriptor);
    assert_float_equal(rate->rate, 1000.0, 0.0);
}

static void test_ipv6_path_has_mp_reach(void **state)
{
    struct fixture *fixture = *state;
    put_attrs(fixture, true);
    fill_view(fixture, FAMILY_IPV6_UNICAST, "2001:db8:1::/48");
    const Apipb__Destination *read = encode_and_compare(fixture, 1, &(struct path_form){.decoded = true});
    const Apipb__Path *path = read->paths[0];
    const Apipb__MpReachNLRIAttribute *mp = NULL;
    for (size_t i = 0; i < path->n_pattrs; i++) {
        assert_string_not_equal(any_in_name(path->pattrs[i]), "apipb.NextHopAttribute");
        const void *found = any_in_unpack(&fixture->arena, path->pattrs[i], &apipb__mp_reach_nlriattribute__descriptor);
        if (found) {
            mp = found;
            assert_string_equal(any_in_name(path->pattrs[i - 1]), "apipb.ClusterListAttribute");
        }
    }
    assert_non_null(mp);
    assert_int_equal(mp->n_next_hops, 2);
    assert_string_equal(mp->next_hops[0], "2001:db8::1");
    assert_string_equal(mp->next_hops[1], "fe80::2");
    assert_int_equal(mp->n_nlris, 1);
    assert_int_equal(mp->family->afi, 2);
    there_and_back(fixture, path);
}

static void test_binary_forms(void **state)
{
    struct fixture *fixture = *state;
    put_attrs(fixture, true);
    fill_view(fixture, FAMILY_IPV6_UNICAST, "2001:db8:1::/48");
    const Apipb__Destination *read =
        encode_and_compare(fixture, 1, &(struct path_form){.nlri_binary = true, .attrs_binary = true});
    const Apipb__Path *path = read->paths[0];
    assert_null(path->nlri);
    assert_int_equal(path->n_pattrs, 0);
    assert_int_equal(path->nlri_binary.len, 7);
    assert_int_equal(path->n_pattrs_binary, 16);
    there_and_back(fixture, path);
}

/* A long path: many segments and more than a byte of length everywhere. */
static void test_long_as_path(void **state)
{
    struct fixture *fixture = *state;
    struct buf path;
    buf_init(&path, ATTR_BLOCK_MAX);
    for (unsigned segment = 0; segment < 40; segment++) {
        buf_u8(&path, segment % 2 ? SEGMENT_AS_SET : SEGMENT_AS_SEQUENCE);
        buf_u8(&path, 255);
        for (unsigned i = 0; i < 255; i++)
            buf_u32(&path, 4200000000u + i);
    }
    PUT(fixture, 0x40, ATTR_ORIGIN, 2);
    attr_put(&fixture->block, 0x40, ATTR_AS_PATH, path.bytes, (uint16_t)path.length);
    PUT(fixture, 0x40, ATTR_NEXT_HOP, 192, 0, 2, 1);
    fill_view(fixture, FAMILY_IPV4_UNICAST, "0.0.0.0/0");
    const Apipb__Destination *read = encode_and_compare(fixture, 2, &(struct path_form){.decoded = true});
    there_and_back(fixture, read->paths[1]);
    buf_release(&path);
}

static void test_withdraw_without_attributes(void **state)
{
    struct fixture *fixture = *state;
    fill_view(fixture, FAMILY_IPV4_UNICAST, "10.1.0.0/16");
    fixture->view.attrs = NULL;
    fixture->view.attrs_length = 0;
    fixture->view.withdraw = true;
    fixture->view.neighbor = (struct addr){0};
    fixture->view.source_id = 0;
    fixture->view.local = true;
    const Apipb__Destination *read = encode_and_compare(fixture, 1, &(struct path_form){.decoded = true});
    assert_int_equal(read->paths[0]->n_pattrs, 0);
    assert_true(read->paths[0]->is_withdraw);
    assert_string_equal(read->paths[0]->source_id, "<nil>");
    assert_string_equal(read->paths[0]->neighbor_ip, "<nil>");
}

/* With too little room the encoder says so and does not write beyond it. */
static void test_too_little_room(void **state)
{
    struct fixture *fixture = *state;
    put_attrs(fixture, false);
    fill_view(fixture, FAMILY_IPV4_UNICAST, "10.1.0.0/16");
    struct proto whole = proto_over(fixture->memory, MEMORY_BYTES);
    encode_destination(&whole, &fixture->view, 1, &(struct path_form){.decoded = true});
    size_t needed = proto_length(&whole);
    for (size_t room = 0; room < needed; room += 7) {
        uint8_t *exact = test_malloc(room + 1);
        struct proto proto = proto_over(exact, room);
        encode_destination(&proto, &fixture->view, 1, &(struct path_form){.decoded = true});
        assert_true(proto.failed);
        test_free(exact);
    }
}

/* What clients may send -------------------------------------------------------------------------------------------- */

struct given {
    Apipb__Path path;
    Apipb__Family family;
    Google__Protobuf__Any *attrs[8];
};

static Google__Protobuf__Any *any_of(struct fixture *fixture, const ProtobufCMessage *message)
{
    Google__Protobuf__Any *any = arena_alloc(&fixture->arena, sizeof(*any));
    google__protobuf__any__init(any);
    any->type_url = arena_printf(&fixture->arena, "anything/%s", message->descriptor->name);
    any->value.len = protobuf_c_message_get_packed_size(message);
    any->value.data = arena_alloc(&fixture->arena, any->value.len + 1);
    protobuf_c_message_pack(message, any->value.data);
    return any;
}

static struct given *given_new(struct fixture *fixture, const char *prefix, unsigned length)
{
    struct given *given = arena_alloc(&fixture->arena, sizeof(*given));
    Apipb__IPAddressPrefix nlri = APIPB__IPADDRESS_PREFIX__INIT;
    apipb__path__init(&given->path);
    apipb__family__init(&given->family);
    given->family.afi = 1;
    given->family.safi = 1;
    given->path.family = &given->family;
    given->path.pattrs = given->attrs;
    nlri.prefix = (char *)prefix;
    nlri.prefix_len = length;
    given->path.nlri = any_of(fixture, &nlri.base);
    return given;
}

static void give_origin(struct fixture *fixture, struct given *given, uint32_t value)
{
    Apipb__OriginAttribute origin = APIPB__ORIGIN_ATTRIBUTE__INIT;
    origin.origin = value;
    given->attrs[given->path.n_pattrs++] = any_of(fixture, &origin.base);
}

static void give_next_hop(struct fixture *fixture, struct given *given, const char *text)
{
    Apipb__NextHopAttribute next_hop = APIPB__NEXT_HOP_ATTRIBUTE__INIT;
    next_hop.next_hop = (char *)text;
    given->attrs[given->path.n_pattrs++] = any_of(fixture, &next_hop.base);
}

static void refused(struct fixture *fixture, const struct given *given, const char *text)
{
    struct buf attrs;
    struct local_path local;
    struct err err = {0};
    buf_init(&attrs, ATTR_BLOCK_MAX);
    assert_true(convert_path(&fixture->arena, &given->path, false, &attrs, &local, &err) < 0);
    assert_string_equal(err.text, text);
    buf_release(&attrs);
}

static void test_refused_paths(void **state)
{
    struct fixture *fixture = *state;
    struct given *given = given_new(fixture, "10.0.0.0", 24);
    refused(fixture, given, "nexthop not found");
    give_next_hop(fixture, given, "192.0.2.1");
    refused(fixture, given, "no origin path attr");
    give_origin(fixture, given, 0);
    give_origin(fixture, given, 0);
    refused(fixture, given, "duplicated path attribute type: 1");

    given = given_new(fixture, "10.0.0.0", 33);
    refused(fixture, given, "invalid prefix: 10.0.0.0/33");
    given = given_new(fixture, "2001:db8::", 24);
    refused(fixture, given, "invalid prefix: 2001:db8::/24");
    given = given_new(fixture, "10.0.0.0", 24);
    give_origin(fixture, given, 3);
    refused(fixture, given, "invalid origin: 3");
    given = given_new(fixture, "10.0.0.0", 24);
    give_next_hop(fixture, given, "nobody");
    refused(fixture, given, "invalid nexthop address: nobody");
    given = given_new(fixture, "10.0.0.0", 24);
    given->path.nlri = NULL;
    refused(fixture, given, "nlri not found");
    given->path.family = NULL;
    refused(fixture, given, "family cannot be nil");
    given = given_new(fixture, "10.0.0.0", 24);
    given->family.safi = 128;
    refused(fixture, given, "address family: l3vpn-ipv4-unicast not supported");
}

/* What would end our peers' sessions is not made: unknown attributes that are not optional, wrong flags. */
static void test_flags(void **state)
{
    struct fixture *fixture = *state;
    struct given *given = given_new(fixture, "10.0.0.0", 24);
    Apipb__UnknownAttribute unknown = APIPB__UNKNOWN_ATTRIBUTE__INIT;
    unknown.flags = 0x40;
    unknown.type = 99;
    given->attrs[given->path.n_pattrs++] = any_of(fixture, &unknown.base);
    refused(fixture, given, "path attribute 99: an attribute unknown here must be optional");
    unknown.type = 1;
    given->attrs[0] = any_of(fixture, &unknown.base);
    refused(fixture, given, "path attribute 1 is known: say it by its own message");

    static uint8_t origin[] = {0xff, 1, 0, 1, 0}, next_hop[] = {0x80, 3, 4, 192, 0, 2, 1}, well_known[] = {0x40, 99, 0};
    ProtobufCBinaryData binary[] = {
        {.data = origin, .len = 5}, {.data = next_hop, .len = 7}, {.data = well_known, .len = 3}};
    static const uint8_t canonical[] = {0x40, 1, 1, 0, 0x40, 3, 4, 192, 0, 2, 1};
    struct buf attrs;
    struct local_path local;
    given = given_new(fixture, "10.0.0.0", 24);
    given->path.pattrs_binary = binary;
    given->path.n_pattrs_binary = 2;
    buf_init(&attrs, ATTR_BLOCK_MAX);
    assert_int_equal(convert_path(&fixture->arena, &given->path, false, &attrs, &local, NULL), 0);
    assert_int_equal(attrs.length, sizeof(canonical));
    assert_memory_equal(attrs.bytes, canonical, sizeof(canonical));
    buf_release(&attrs);
    given->path.n_pattrs_binary = 3;
    refused(fixture, given, "path attribute 99: an attribute unknown here must be optional");
}

/* Cut off or bent octets never get through, and never do harm. */
static void test_damaged_binary_attributes(void **state)
{
    struct fixture *fixture = *state;
    put_attrs(fixture, false);
    struct cursor cursor = cursor_of(fixture->block.bytes, fixture->block.length);
    struct given *given = given_new(fixture, "10.0.0.0", 24);
    ProtobufCBinaryData damaged[2];
    struct attr_item item;
    const uint8_t *start = cursor.at;
    given->path.pattrs_binary = damaged;
    given->path.n_pattrs_binary = 1;
    while (attr_next(&cursor, &item)) {
        size_t whole = (size_t)(cursor.at - start);
        for (size_t length = 0; length < whole; length++) {
            struct buf attrs;
            struct local_path local;
            uint8_t *exact = test_malloc(length + 1);
            memcpy(exact, start, length);
            damaged[0] = (ProtobufCBinaryData){.data = exact, .len = length};
            buf_init(&attrs, ATTR_BLOCK_MAX);
            assert_true(convert_path(&fixture->arena, &given->path, false, &attrs, &local, NULL) < 0);
            buf_release(&attrs);
            test_free(exact);
        }
        start = cursor.at;
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        CASE(test_ipv4_path),
        CASE(test_ext_communities_are_their_messages),
        CASE(test_ipv6_path_has_mp_reach),
        CASE(test_binary_forms),
        CASE(test_long_as_path),
        CASE(test_withdraw_without_attributes),
        CASE(test_too_little_room),
        CASE(test_refused_paths),
        CASE(test_flags),
        CASE(test_damaged_binary_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
