/* Path attributes. One row per message: the code JSON calls "type", and the two ways to show it. */
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "cli/any.h"
#include "cli/ext_community.h"
#include "net/bgp.h"
#include "cli/community.h"
#include "net/addr.h"

struct attr_show {
    const ProtobufCMessageDescriptor *type;
    uint8_t code;
    bool has_column; /* shown elsewhere in a table */
    void (*text)(const void *message, struct text *out);
    void (*json)(const void *message, struct json *json); /* the members behind "type"; NULL: none */
};

static void json_member_text(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    json_string(json, value);
}

static void json_member_number(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_u64(json, value);
}

static void origin_text(const void *message, struct text *out)
{
    static const char letters[] = "ie?";
    const Apipb__OriginAttribute *attr = message;
    text_printf(out, "{Origin: %c}", attr->origin < 3 ? letters[attr->origin] : '-');
}

static void origin_json(const void *message, struct json *json)
{
    json_member_number(json, "value", ((const Apipb__OriginAttribute *)message)->origin);
}

static void segments_text(size_t count, Apipb__AsSegment **segments, struct text *out)
{
    static const struct {
        const char *open, *close, *between;
    } forms[] = {
        [SEGMENT_AS_SET] = {"{", "}", ","},
        [SEGMENT_AS_SEQUENCE] = {"", "", " "},
        [SEGMENT_CONFED_SEQUENCE] = {"(", ")", " "},
        [SEGMENT_CONFED_SET] = {"[", "]", ","},
    };
    for (size_t i = 0; i < count; i++) {
        unsigned type = segments[i]->type;
        if (type < SEGMENT_AS_SET || type > SEGMENT_CONFED_SET)
            type = SEGMENT_AS_SEQUENCE;
        text_add(out, i ? " " : "");
        text_add(out, forms[type].open);
        for (size_t j = 0; j < segments[i]->n_numbers; j++)
            text_printf(out, "%s%" PRIu32, j ? forms[type].between : "", segments[i]->numbers[j]);
        text_add(out, forms[type].close);
    }
}

static void segments_json(size_t count, Apipb__AsSegment **segments, struct json *json)
{
    json_key(json, "as_paths");
    json_array(json);
    for (size_t i = 0; i < count; i++) {
        json_object(json);
        json_member_number(json, "segment_type", segments[i]->type);
        json_member_number(json, "num", (uint8_t)segments[i]->n_numbers);
        json_key(json, "asns");
        if (segments[i]->n_numbers) {
            json_array(json);
            for (size_t j = 0; j < segments[i]->n_numbers; j++)
                json_u64(json, segments[i]->numbers[j]);
            json_array_end(json);
        } else {
            json_null(json);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

static void as_path_text(const void *message, struct text *out)
{
    const Apipb__AsPathAttribute *attr = message;
    segments_text(attr->n_segments, attr->segments, out);
}

static void as_path_json(const void *message, struct json *json)
{
    const Apipb__AsPathAttribute *attr = message;
    segments_json(attr->n_segments, attr->segments, json);
}

static void as4_path_text(const void *message, struct text *out)
{
    const Apipb__As4PathAttribute *attr = message;
    segments_text(attr->n_segments, attr->segments, out);
}

static void as4_path_json(const void *message, struct json *json)
{
    const Apipb__As4PathAttribute *attr = message;
    segments_json(attr->n_segments, attr->segments, json);
}

static void next_hop_text(const void *message, struct text *out)
{
    text_printf(out, "{Nexthop: %s}", ((const Apipb__NextHopAttribute *)message)->next_hop);
}

static void next_hop_json(const void *message, struct json *json)
{
    json_member_text(json, "nexthop", ((const Apipb__NextHopAttribute *)message)->next_hop);
}

static void med_text(const void *message, struct text *out)
{
    text_printf(out, "{Med: %" PRIu32 "}", ((const Apipb__MultiExitDiscAttribute *)message)->med);
}

static void med_json(const void *message, struct json *json)
{
    json_member_number(json, "metric", ((const Apipb__MultiExitDiscAttribute *)message)->med);
}

static void local_pref_text(const void *message, struct text *out)
{
    text_printf(out, "{LocalPref: %" PRIu32 "}", ((const Apipb__LocalPrefAttribute *)message)->local_pref);
}

static void local_pref_json(const void *message, struct json *json)
{
    json_member_number(json, "value", ((const Apipb__LocalPrefAttribute *)message)->local_pref);
}

static void atomic_aggregate_text(const void *message, struct text *out)
{
    text_add(out, "{AtomicAggregate}");
}

static void aggregator_text(const void *message, struct text *out)
{
    const Apipb__AggregatorAttribute *attr = message;
    text_printf(out, "{Aggregate: {AS: %" PRIu32 ", Address: %s}}", attr->asn, attr->address);
}

static void aggregator_json(const void *message, struct json *json)
{
    const Apipb__AggregatorAttribute *attr = message;
    json_member_number(json, "as", attr->asn);
    json_member_text(json, "address", attr->address);
}

static void as4_aggregator_text(const void *message, struct text *out)
{
    const Apipb__As4AggregatorAttribute *attr = message;
    text_printf(out, "{As4Aggregator: {AS: %" PRIu32 ", Address: %s}}", attr->asn, attr->address);
}

static void as4_aggregator_json(const void *message, struct json *json)
{
    const Apipb__As4AggregatorAttribute *attr = message;
    json_member_number(json, "as", attr->asn);
    json_member_text(json, "address", attr->address);
}

static void communities_text(const void *message, struct text *out)
{
    const Apipb__CommunitiesAttribute *attr = message;
    text_add(out, "{Communities: ");
    for (size_t i = 0; i < attr->n_communities; i++) {
        char text[COMMUNITY_TEXT_MAX];
        text_printf(out, "%s%s", i ? ", " : "", community_format(attr->communities[i], text));
    }
    text_add(out, "}");
}

static void communities_json(const void *message, struct json *json)
{
    const Apipb__CommunitiesAttribute *attr = message;
    json_key(json, "communities");
    if (attr->n_communities == 0) {
        json_null(json);
        return;
    }
    json_array(json);
    for (size_t i = 0; i < attr->n_communities; i++)
        json_u64(json, attr->communities[i]);
    json_array_end(json);
}

static void originator_text(const void *message, struct text *out)
{
    text_printf(out, "{Originator: %s}", ((const Apipb__OriginatorIdAttribute *)message)->id);
}

static void originator_json(const void *message, struct json *json)
{
    json_member_text(json, "value", ((const Apipb__OriginatorIdAttribute *)message)->id);
}

static void cluster_list_text(const void *message, struct text *out)
{
    const Apipb__ClusterListAttribute *attr = message;
    text_add(out, "{ClusterList: [");
    for (size_t i = 0; i < attr->n_ids; i++)
        text_printf(out, "%s%s", i ? " " : "", attr->ids[i]);
    text_add(out, "]}");
}

static void cluster_list_json(const void *message, struct json *json)
{
    const Apipb__ClusterListAttribute *attr = message;
    json_key(json, "value");
    json_array(json);
    for (size_t i = 0; i < attr->n_ids; i++)
        json_string(json, attr->ids[i]);
    json_array_end(json);
}

static const char *mp_next_hop(const Apipb__MpReachNLRIAttribute *attr, const char *none)
{
    return attr->n_next_hops && attr->next_hops[0][0] ? attr->next_hops[0] : none;
}

static void nlris_text(size_t count, Google__Protobuf__Any **nlris, struct text *out)
{
    text_add(out, "NLRIs: [");
    for (size_t i = 0; i < count; i++) {
        text_add(out, i ? " " : "");
        nlri_text(nlris[i], out);
    }
    text_add(out, "]");
}

static void mp_reach_text(const void *message, struct text *out)
{
    const Apipb__MpReachNLRIAttribute *attr = message;
    text_add(out, "{MpReach(");
    family_text(attr->family, out);
    text_printf(out, "): {Nexthop: %s, ", mp_next_hop(attr, "<nil>"));
    nlris_text(attr->n_nlris, attr->nlris, out);
    text_add(out, "}}");
}

static void mp_family_json(const Apipb__Family *family, size_t count, Google__Protobuf__Any **nlris, struct json *json)
{
    json_member_number(json, "afi", family ? (uint16_t)family->afi : 0);
    json_member_number(json, "safi", family ? (uint8_t)family->safi : 0);
    json_key(json, "value");
    json_array(json);
    for (size_t i = 0; i < count; i++)
        nlri_json(nlris[i], json);
    json_array_end(json);
}

static void mp_reach_json(const void *message, struct json *json)
{
    const Apipb__MpReachNLRIAttribute *attr = message;
    unsigned afi = attr->family ? (unsigned)attr->family->afi : 0;
    const char *none = afi == AFI_IPV4 ? "0.0.0.0" : afi == AFI_IPV6 ? "::" : "fictitious";
    json_member_text(json, "nexthop", mp_next_hop(attr, none));
    mp_family_json(attr->family, attr->n_nlris, attr->nlris, json);
}

static void mp_unreach_text(const void *message, struct text *out)
{
    const Apipb__MpUnreachNLRIAttribute *attr = message;
    text_add(out, "{MpUnreach(");
    family_text(attr->family, out);
    text_add(out, "): ");
    if (attr->n_nlris == 0) {
        text_add(out, "End-of-Rib}");
        return;
    }
    text_add(out, "{");
    nlris_text(attr->n_nlris, attr->nlris, out);
    text_add(out, "}}");
}

static void mp_unreach_json(const void *message, struct json *json)
{
    const Apipb__MpUnreachNLRIAttribute *attr = message;
    mp_family_json(attr->family, attr->n_nlris, attr->nlris, json);
}

static void ext_communities_text(const void *message, struct text *out)
{
    const Apipb__ExtendedCommunitiesAttribute *attr = message;
    text_add(out, "{Extcomms: ");
    for (size_t i = 0; i < attr->n_communities; i++) {
        text_add(out, i ? ", [" : "[");
        ext_community_text(attr->communities[i], out);
        text_add(out, "]");
    }
    text_add(out, "}");
}

static void ext_communities_list_json(size_t count, Google__Protobuf__Any **communities, struct json *json)
{
    json_key(json, "value");
    json_array(json);
    for (size_t i = 0; i < count; i++)
        ext_community_json(communities[i], json);
    json_array_end(json);
}

static void ext_communities_json(const void *message, struct json *json)
{
    const Apipb__ExtendedCommunitiesAttribute *attr = message;
    ext_communities_list_json(attr->n_communities, attr->communities, json);
}

static void ip6_ext_communities_text(const void *message, struct text *out)
{
    const Apipb__IP6ExtendedCommunitiesAttribute *attr = message;
    text_add(out, "{Extcomms: ");
    for (size_t i = 0; i < attr->n_communities; i++) {
        text_add(out, i ? ",[" : "[");
        ext_community_text(attr->communities[i], out);
        text_add(out, "]");
    }
    text_add(out, "}");
}

static void ip6_ext_communities_json(const void *message, struct json *json)
{
    const Apipb__IP6ExtendedCommunitiesAttribute *attr = message;
    ext_communities_list_json(attr->n_communities, attr->communities, json);
}

static void large_communities_text(const void *message, struct text *out)
{
    const Apipb__LargeCommunitiesAttribute *attr = message;
    text_add(out, "{LargeCommunity: [ ");
    for (size_t i = 0; i < attr->n_communities; i++) {
        const Apipb__LargeCommunity *community = attr->communities[i];
        text_printf(out, "%s%" PRIu32 ":%" PRIu32 ":%" PRIu32, i ? ", " : "", community->global_admin,
                    community->local_data1, community->local_data2);
    }
    text_add(out, "]}");
}

static void large_communities_json(const void *message, struct json *json)
{
    const Apipb__LargeCommunitiesAttribute *attr = message;
    json_key(json, "value");
    json_array(json);
    for (size_t i = 0; i < attr->n_communities; i++) {
        json_object(json);
        json_member_number(json, "ASN", attr->communities[i]->global_admin);
        json_member_number(json, "LocalData1", attr->communities[i]->local_data1);
        json_member_number(json, "LocalData2", attr->communities[i]->local_data2);
        json_object_end(json);
    }
    json_array_end(json);
}

/* The octets of something unknown: "[1 2 255]". */
static void octets_text(const ProtobufCBinaryData *bytes, struct text *out)
{
    text_add(out, "[");
    for (size_t i = 0; i < bytes->len; i++)
        text_printf(out, "%s%u", i ? " " : "", bytes->data[i]);
    text_add(out, "]");
}

static void aigp_text(const void *message, struct text *out)
{
    const Apipb__AigpAttribute *attr = message;
    text_add(out, "{Aigp: [");
    for (size_t i = 0; i < attr->n_tlvs; i++) {
        Apipb__AigpTLVIGPMetric *metric = any_unpack(attr->tlvs[i], &apipb__aigp_tlvigpmetric__descriptor);
        Apipb__AigpTLVUnknown *unknown = any_unpack(attr->tlvs[i], &apipb__aigp_tlvunknown__descriptor);
        if (metric)
            text_printf(out, "{Metric: %" PRIu64 "}", metric->metric);
        if (unknown) {
            text_printf(out, "{Type: %" PRIu32 ", Value: ", unknown->type);
            octets_text(&unknown->value, out);
            text_add(out, "}");
        }
        apipb__aigp_tlvigpmetric__free_unpacked(metric, NULL);
        apipb__aigp_tlvunknown__free_unpacked(unknown, NULL);
    }
    text_add(out, "]}");
}

static void aigp_json(const void *message, struct json *json)
{
    enum { AIGP_METRIC = 1 };
    const Apipb__AigpAttribute *attr = message;
    json_key(json, "value");
    json_array(json);
    for (size_t i = 0; i < attr->n_tlvs; i++) {
        Apipb__AigpTLVIGPMetric *metric = any_unpack(attr->tlvs[i], &apipb__aigp_tlvigpmetric__descriptor);
        Apipb__AigpTLVUnknown *unknown = any_unpack(attr->tlvs[i], &apipb__aigp_tlvunknown__descriptor);
        json_object(json);
        json_member_number(json, "type", unknown ? unknown->type : AIGP_METRIC);
        if (metric)
            json_member_number(json, "metric", metric->metric);
        if (unknown) {
            json_key(json, "value");
            json_base64(json, unknown->value.data, unknown->value.len);
        }
        json_object_end(json);
        apipb__aigp_tlvigpmetric__free_unpacked(metric, NULL);
        apipb__aigp_tlvunknown__free_unpacked(unknown, NULL);
    }
    json_array_end(json);
}

enum { PMSI_INGRESS_REPLICATION = 6 };

static void pmsi_id_text(const Apipb__PmsiTunnelAttribute *attr, struct text *out)
{
    char text[ADDR_TEXT_MAX];
    if (attr->type == PMSI_INGRESS_REPLICATION && (attr->id.len == 4 || attr->id.len == 16)) {
        struct addr addr = addr_from_bytes(attr->id.len == 4 ? ADDR_IPV4 : ADDR_IPV6, attr->id.data);
        text_add(out, addr_format(&addr, text));
    } else if (attr->id.len) {
        text_add_n(out, (const char *)attr->id.data, attr->id.len);
    }
}

static void pmsi_text(const void *message, struct text *out)
{
    static const char *const names[] = {"no-tunnel",   "rsvp-te-p2mp",   "mldp-p2mp",    "pim-ssm-tree",
                                        "pim-sm-tree", "bidir-pim-tree", "ingress-repl", "mldp-mp2mp"};
    const Apipb__PmsiTunnelAttribute *attr = message;
    if (attr->type < ARRAY_LEN(names))
        text_printf(out, "{Pmsi: type: %s,", names[attr->type]);
    else
        text_printf(out, "{Pmsi: type: PmsiTunnelType(%" PRIu32 "),", attr->type);
    text_printf(out, "%s label: %" PRIu32 ", tunnel-id: ", attr->flags & 1 ? " leaf-info-required," : "", attr->label);
    pmsi_id_text(attr, out);
    text_add(out, "}");
}

static void pmsi_json(const void *message, struct json *json)
{
    const Apipb__PmsiTunnelAttribute *attr = message;
    struct text id;
    text_init(&id, 4096);
    pmsi_id_text(attr, &id);
    json_key(json, "is-leaf-info-required");
    json_bool(json, attr->flags & 1);
    json_member_number(json, "tunnel-type", (uint8_t)attr->type);
    json_member_number(json, "label", attr->label);
    json_key(json, "tunnel-id");
    json_string_n(json, id.bytes ? id.bytes : "", id.length);
    text_release(&id);
}

static void unknown_text(const void *message, struct text *out)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } flags[] = {
        {ATTR_FLAG_EXTENDED_LENGTH, "EXTENDED_LENGTH"},
        {ATTR_FLAG_PARTIAL, "PARTIAL"},
        {ATTR_FLAG_TRANSITIVE, "TRANSITIVE"},
        {ATTR_FLAG_OPTIONAL, "OPTIONAL"},
    };
    const Apipb__UnknownAttribute *attr = message;
    const char *between = "";
    text_add(out, "{Flags: ");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (attr->flags & flags[i].bit) {
            text_printf(out, "%s%s", between, flags[i].name);
            between = "|";
        }
    }
    text_printf(out, ", Type: BGPAttrType(%" PRIu32 "), Value: ", attr->type);
    octets_text(&attr->value, out);
    text_add(out, "}");
}

static const struct attr_show attrs_table[] = {
    {&apipb__origin_attribute__descriptor, ATTR_ORIGIN, false, origin_text, origin_json},
    {&apipb__as_path_attribute__descriptor, ATTR_AS_PATH, true, as_path_text, as_path_json},
    {&apipb__next_hop_attribute__descriptor, ATTR_NEXT_HOP, true, next_hop_text, next_hop_json},
    {&apipb__multi_exit_disc_attribute__descriptor, ATTR_MED, false, med_text, med_json},
    {&apipb__local_pref_attribute__descriptor, ATTR_LOCAL_PREF, false, local_pref_text, local_pref_json},
    {&apipb__atomic_aggregate_attribute__descriptor, ATTR_ATOMIC_AGGREGATE, false, atomic_aggregate_text, NULL},
    {&apipb__aggregator_attribute__descriptor, ATTR_AGGREGATOR, false, aggregator_text, aggregator_json},
    {&apipb__communities_attribute__descriptor, ATTR_COMMUNITIES, false, communities_text, communities_json},
    {&apipb__originator_id_attribute__descriptor, ATTR_ORIGINATOR_ID, false, originator_text, originator_json},
    {&apipb__cluster_list_attribute__descriptor, ATTR_CLUSTER_LIST, false, cluster_list_text, cluster_list_json},
    {&apipb__mp_reach_nlriattribute__descriptor, ATTR_MP_REACH, true, mp_reach_text, mp_reach_json},
    {&apipb__mp_unreach_nlriattribute__descriptor, ATTR_MP_UNREACH, false, mp_unreach_text, mp_unreach_json},
    {&apipb__extended_communities_attribute__descriptor, ATTR_EXT_COMMUNITIES, false, ext_communities_text,
     ext_communities_json},
    {&apipb__as4_path_attribute__descriptor, ATTR_AS4_PATH, true, as4_path_text, as4_path_json},
    {&apipb__as4_aggregator_attribute__descriptor, ATTR_AS4_AGGREGATOR, false, as4_aggregator_text,
     as4_aggregator_json},
    {&apipb__pmsi_tunnel_attribute__descriptor, ATTR_PMSI_TUNNEL, false, pmsi_text, pmsi_json},
    {&apipb__ip6_extended_communities_attribute__descriptor, ATTR_IPV6_EXT_COMMUNITIES, false, ip6_ext_communities_text,
     ip6_ext_communities_json},
    {&apipb__aigp_attribute__descriptor, ATTR_AIGP, false, aigp_text, aigp_json},
    {&apipb__large_communities_attribute__descriptor, ATTR_LARGE_COMMUNITIES, false, large_communities_text,
     large_communities_json},
    {&apipb__unknown_attribute__descriptor, 0, false, unknown_text, NULL},
};

static const struct attr_show *attr_find_show(const Google__Protobuf__Any *attr)
{
    const char *name = any_name(attr);
    for (size_t i = 0; i < ARRAY_LEN(attrs_table); i++) {
        if (strcmp(attrs_table[i].type->name, name) == 0)
            return &attrs_table[i];
    }
    return NULL;
}

void attrs_text(size_t count, Google__Protobuf__Any **attrs, const Google__Protobuf__Any *nlri, struct text *out)
{
    const char *between = "";
    text_add(out, "[");
    for (size_t i = 0; i < count; i++) {
        const struct attr_show *show = attr_find_show(attrs[i]);
        if (show && show->has_column)
            continue;
        void *message = show ? any_unpack(attrs[i], show->type) : NULL;
        text_add(out, between);
        between = " ";
        if (message)
            show->text(message, out);
        else
            text_printf(out, "{?: %s}", any_name(attrs[i]));
        if (message)
            protobuf_c_message_free_unpacked(message, NULL);
    }
    size_t before = out->length;
    nlri_extras_text(nlri, out);
    if (out->length > before && !*between)
        memmove(out->bytes + before, out->bytes + before + 1, out->length-- - before); /* its leading blank */
    text_add(out, "]");
}

void attr_json(const Google__Protobuf__Any *attr, struct json *json)
{
    const struct attr_show *show = attr_find_show(attr);
    void *message = show ? any_unpack(attr, show->type) : NULL;
    if (!message) {
        json_null(json);
        return;
    }
    json_object(json);
    if (show->type == &apipb__unknown_attribute__descriptor) {
        const Apipb__UnknownAttribute *unknown = message;
        json_member_number(json, "flags", unknown->flags);
        json_member_number(json, "type", unknown->type);
        json_key(json, "value");
        json_base64(json, unknown->value.data, unknown->value.len);
    } else {
        json_member_number(json, "type", show->code);
        if (show->json)
            show->json(message, json);
    }
    json_object_end(json);
    protobuf_c_message_free_unpacked(message, NULL);
}

void attrs_as_path_text(size_t count, Google__Protobuf__Any **attrs, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        Apipb__AsPathAttribute *path = any_unpack(attrs[i], &apipb__as_path_attribute__descriptor);
        if (!path)
            continue;
        as_path_text(path, out);
        apipb__as_path_attribute__free_unpacked(path, NULL);
        return;
    }
}

void attrs_next_hop_text(size_t count, Google__Protobuf__Any **attrs, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        Apipb__NextHopAttribute *plain = any_unpack(attrs[i], &apipb__next_hop_attribute__descriptor);
        Apipb__MpReachNLRIAttribute *mp = any_unpack(attrs[i], &apipb__mp_reach_nlriattribute__descriptor);
        if (plain)
            text_add(out, plain->next_hop);
        if (mp)
            text_add(out, mp_next_hop(mp, "fictitious"));
        apipb__next_hop_attribute__free_unpacked(plain, NULL);
        apipb__mp_reach_nlriattribute__free_unpacked(mp, NULL);
        if (plain || mp)
            return;
    }
    text_add(out, "fictitious");
}
