/* Routes from words.
 *
 * As in GoBGP, attribute words may stand anywhere: each is looked for and cut out, in the order of the table below.
 * What remains is the NLRI, at the front, and extended communities behind it. */
#include "cli/route_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.pb-c.h"
#include "base/check.h"
#include "cli/any.h"
#include "cli/ext_community.h"
#include "net/bgp.h"
#include "cli/community.h"
#include "cli/words.h"
#include "net/addr.h"
#include "net/asn.h"
#include "net/prefix.h"

enum { ROUTE_ATTRS_MAX = 16 };

struct route_attr {
    unsigned code;
    Google__Protobuf__Any *any;
};

struct route {
    struct cli *cli;
    const struct family *family;
    struct words words; /* what is left */
    struct route_attr attrs[ROUTE_ATTRS_MAX];
    size_t attr_count;
    const char *next_hop;
};

static void *route_alloc(struct route *route, size_t bytes)
{
    void *memory = arena_alloc(&route->cli->arena, bytes ? bytes : 1);
    CHECK(memory != NULL);
    return memory;
}

static void route_put(struct route *route, unsigned code, const ProtobufCMessage *message)
{
    CHECK(route->attr_count < ROUTE_ATTRS_MAX);
    size_t at = route->attr_count++;
    while (at > 0 && route->attrs[at - 1].code > code) {
        route->attrs[at] = route->attrs[at - 1];
        at--;
    }
    route->attrs[at] = (struct route_attr){code, any_pack(&route->cli->arena, message)};
}

/* The parts of `text` between separators; how many, and their beginnings in `parts`. Cuts `text`. */
static size_t split(struct route *route, const char *text, char separator, char ***parts)
{
    size_t count = 1;
    for (const char *at = text; *at; at++)
        count += *at == separator;
    char *copy = arena_strdup(&route->cli->arena, text);
    *parts = route_alloc(route, count * sizeof(**parts));
    for (size_t i = 0; i < count; i++) {
        (*parts)[i] = copy;
        copy = strchrnul(copy, separator);
        if (*copy)
            *copy++ = '\0';
    }
    return count;
}

static int origin_word(struct route *route, char **values)
{
    static const char *const names[] = {"igp", "egp", "incomplete"};
    Apipb__OriginAttribute attr = APIPB__ORIGIN_ATTRIBUTE__INIT;
    for (attr.origin = 0; attr.origin < ARRAY_LEN(names); attr.origin++) {
        if (strcmp(values[0], names[attr.origin]) == 0) {
            route_put(route, ATTR_ORIGIN, &attr.base);
            return 0;
        }
    }
    return cli_fail(route->cli, "invalid origin type. expect [igp|egp|incomplete] but %s", values[0]);
}

/* "1 2,3 {4,5} 6.7": numbers outside braces are a sequence, inside a set. */
static int as_path_word(struct route *route, char **values)
{
    static const char separators[] = ", \t{}";
    const char *text = values[0];
    size_t most = strlen(text) + 1, count = 0;
    uint32_t *numbers = route_alloc(route, most * sizeof(*numbers));
    Apipb__AsSegment **segments = route_alloc(route, most * sizeof(Apipb__AsSegment *));
    Apipb__AsPathAttribute attr = APIPB__AS_PATH_ATTRIBUTE__INIT;
    Apipb__AsSegment *segment = NULL;
    bool in_set = false;
    attr.segments = segments;
    while (*text) {
        size_t length = strcspn(text, separators);
        if (length > 0) {
            const char *word = arena_strndup(&route->cli->arena, text, length);
            if (asn_parse(word, &numbers[count]) < 0)
                return cli_fail(route->cli, "strconv.ParseUint: parsing \"%s\": invalid syntax", word);
            if (!segment) {
                segment = segments[attr.n_segments++] = route_alloc(route, sizeof(*segment));
                apipb__as_segment__init(segment);
                segment->type = in_set ? APIPB__AS_SEGMENT__TYPE__AS_SET : APIPB__AS_SEGMENT__TYPE__AS_SEQUENCE;
                segment->numbers = &numbers[count];
            }
            segment->n_numbers++;
            count++;
        }
        text += length;
        if (*text == '{' || *text == '}') {
            in_set = *text == '{';
            segment = NULL;
        }
        text += *text ? 1 : 0;
    }
    route_put(route, ATTR_AS_PATH, &attr.base);
    return 0;
}

static int med_word(struct route *route, char **values)
{
    uint64_t number;
    Apipb__MultiExitDiscAttribute attr = APIPB__MULTI_EXIT_DISC_ATTRIBUTE__INIT;
    if (number_parse(route->cli, values[0], UINT32_MAX, &number) < 0)
        return E_INVALID;
    attr.med = (uint32_t)number;
    route_put(route, ATTR_MED, &attr.base);
    return 0;
}

static int local_pref_word(struct route *route, char **values)
{
    uint64_t number;
    Apipb__LocalPrefAttribute attr = APIPB__LOCAL_PREF_ATTRIBUTE__INIT;
    if (number_parse(route->cli, values[0], UINT32_MAX, &number) < 0)
        return E_INVALID;
    attr.local_pref = (uint32_t)number;
    route_put(route, ATTR_LOCAL_PREF, &attr.base);
    return 0;
}

static int aggregator_word(struct route *route, char **values)
{
    char **parts;
    struct addr addr;
    Apipb__AggregatorAttribute attr = APIPB__AGGREGATOR_ATTRIBUTE__INIT;
    if (split(route, values[0], ':', &parts) != 2 || asn_parse(parts[0], &attr.asn) < 0 ||
        addr_parse(parts[1], &addr) < 0 || addr.kind != ADDR_IPV4)
        return cli_fail(route->cli, "invalid aggregator format");
    attr.address = parts[1];
    route_put(route, ATTR_AGGREGATOR, &attr.base);
    return 0;
}

static int community_word(struct route *route, char **values)
{
    char **parts;
    Apipb__CommunitiesAttribute attr = APIPB__COMMUNITIES_ATTRIBUTE__INIT;
    attr.n_communities = split(route, values[0], ',', &parts);
    attr.communities = route_alloc(route, attr.n_communities * sizeof(*attr.communities));
    for (size_t i = 0; i < attr.n_communities; i++) {
        if (community_parse(parts[i], &attr.communities[i]) < 0)
            return cli_fail(route->cli, "failed to parse %s as community", parts[i]);
    }
    route_put(route, ATTR_COMMUNITIES, &attr.base);
    return 0;
}

static int large_community_parse(struct route *route, const char *text, Apipb__LargeCommunity *community)
{
    char **parts;
    uint64_t numbers[3];
    apipb__large_community__init(community);
    if (split(route, text, ':', &parts) != 3)
        return E_INVALID;
    for (int i = 0; i < 3; i++) {
        if (str_parse_u64(parts[i], 0, UINT32_MAX, &numbers[i]) < 0)
            return E_INVALID;
    }
    community->global_admin = (uint32_t)numbers[0];
    community->local_data1 = (uint32_t)numbers[1];
    community->local_data2 = (uint32_t)numbers[2];
    return 0;
}

static int large_community_word(struct route *route, char **values)
{
    char **parts;
    Apipb__LargeCommunitiesAttribute attr = APIPB__LARGE_COMMUNITIES_ATTRIBUTE__INIT;
    attr.n_communities = split(route, values[0], ',', &parts);
    attr.communities = route_alloc(route, attr.n_communities * sizeof(Apipb__LargeCommunity *));
    for (size_t i = 0; i < attr.n_communities; i++) {
        attr.communities[i] = route_alloc(route, sizeof(Apipb__LargeCommunity));
        if (large_community_parse(route, parts[i], attr.communities[i]) < 0)
            return cli_fail(route->cli, "invalid large community format");
    }
    route_put(route, ATTR_LARGE_COMMUNITIES, &attr.base);
    return 0;
}

static int aigp_word(struct route *route, char **values)
{
    Apipb__AigpTLVIGPMetric metric = APIPB__AIGP_TLVIGPMETRIC__INIT;
    Apipb__AigpAttribute attr = APIPB__AIGP_ATTRIBUTE__INIT;
    Google__Protobuf__Any *tlv;
    if (strcmp(values[0], "metric") != 0)
        return cli_fail(route->cli, "unknown aigp type: %s", values[0]);
    if (number_parse(route->cli, values[1], UINT64_MAX, &metric.metric) < 0)
        return E_INVALID;
    tlv = any_pack(&route->cli->arena, &metric.base);
    attr.n_tlvs = 1;
    attr.tlvs = &tlv;
    route_put(route, ATTR_AIGP, &attr.base);
    return 0;
}

static int next_hop_word(struct route *route, char **values)
{
    struct addr addr;
    if (addr_parse(values[0], &addr) < 0)
        return cli_fail(route->cli, "invalid nexthop address");
    route->next_hop = values[0];
    return 0;
}

static const struct attr_word {
    const char *name;
    int values;
    int (*take)(struct route *route, char **values);
} attr_words[] = {
    {"origin", 1, origin_word},
    {"aspath", 1, as_path_word},
    {"med", 1, med_word},
    {"local-pref", 1, local_pref_word},
    {"aggregator", 1, aggregator_word},
    {"community", 1, community_word},
    {"aigp", 2, aigp_word},
    {"large-community", 1, large_community_word},
    {"nexthop", 1, next_hop_word},
};

static int take_attr_word(struct route *route, const struct attr_word *attr)
{
    struct words *words = &route->words;
    for (int i = 0; i + attr->values < words->count; i++) {
        if (strcmp(words->word[i], attr->name) != 0)
            continue;
        if (attr->take(route, words->word + i + 1) < 0)
            return E_INVALID;
        int gone = attr->values + 1;
        memmove(words->word + i, words->word + i + gone, (size_t)(words->count - i - gone) * sizeof(char *));
        words->count -= gone;
        return 0;
    }
    return 0;
}

static bool has_attr(const struct route *route, unsigned code)
{
    for (size_t i = 0; i < route->attr_count; i++) {
        if (route->attrs[i].code == code)
            return true;
    }
    return false;
}

/* Go's text for what is not a prefix. */
static int route_prefix(struct route *route, const char *word, const char **text, uint32_t *length)
{
    struct prefix prefix;
    struct addr addr;
    const char *slash = strchr(word, '/');
    if (!slash || prefix_parse(word, false, &prefix) < 0)
        return cli_fail(route->cli, "invalid CIDR address: %s", word);
    const char *host = arena_strndup(&route->cli->arena, word, (size_t)(slash - word));
    if (addr_parse(host, &addr) < 0 || (route->family->afi == AFI_IPV4) != (addr.kind == ADDR_IPV4))
        return cli_fail(route->cli, route->family->afi == AFI_IPV4 ? "invalid ipv4 prefix" : "invalid ipv6 prefix");
    char *printed = route_alloc(route, ADDR_TEXT_MAX);
    *text = addr_format(&prefix.addr, printed);
    *length = prefix.length;
    return 0;
}

static Google__Protobuf__Any *unicast_nlri(struct route *route, uint32_t *identifier)
{
    struct words *words = &route->words;
    uint64_t number;
    Apipb__IPAddressPrefix nlri = APIPB__IPADDRESS_PREFIX__INIT;
    if (words->count < 1) {
        cli_fail(route->cli, "invalid format");
        return NULL;
    }
    if (route_prefix(route, words->word[0], (const char **)&nlri.prefix, &nlri.prefix_len) < 0)
        return NULL;
    int used = 1;
    if (words->count > 2 && strcmp(words->word[1], "identifier") == 0) {
        if (str_parse_u64(words->word[2], 0, UINT32_MAX, &number) < 0) {
            cli_fail(route->cli, "invalid format");
            return NULL;
        }
        *identifier = (uint32_t)number;
        used = 3;
    }
    words->word += used;
    words->count -= used;
    return any_pack(&route->cli->arena, &nlri.base);
}

static Google__Protobuf__Any *vpn_nlri(struct route *route, uint32_t *identifier)
{
    struct words *words = &route->words;
    uint64_t number;
    uint32_t label;
    Apipb__LabeledVPNIPAddressPrefix nlri = APIPB__LABELED_VPNIPADDRESS_PREFIX__INIT;
    if (words->count < 5 || strcmp(words->word[1], "label") != 0 || strcmp(words->word[3], "rd") != 0 ||
        str_parse_u64(words->word[2], 0, (1 << 20) - 1, &number) < 0) {
        cli_fail(route->cli, "invalid format");
        return NULL;
    }
    if (route_prefix(route, words->word[0], (const char **)&nlri.prefix, &nlri.prefix_len) < 0)
        return NULL;
    label = (uint32_t)number;
    nlri.n_labels = 1;
    nlri.labels = &label;
    nlri.rd = rd_from_text(route->cli, words->word[4]);
    if (!nlri.rd) {
        cli_fail(route->cli, "invalid rd: %s", words->word[4]);
        return NULL;
    }
    words->word += 5;
    words->count -= 5;
    return any_pack(&route->cli->arena, &nlri.base);
}

static Google__Protobuf__Any *labelled_nlri(struct route *route, uint32_t *identifier)
{
    struct words *words = &route->words;
    char **parts;
    uint64_t number;
    Apipb__LabeledIPAddressPrefix nlri = APIPB__LABELED_IPADDRESS_PREFIX__INIT;
    if (words->count < 2) {
        cli_fail(route->cli, "invalid format");
        return NULL;
    }
    if (route_prefix(route, words->word[0], (const char **)&nlri.prefix, &nlri.prefix_len) < 0)
        return NULL;
    nlri.n_labels = split(route, words->word[1], '/', &parts);
    nlri.labels = route_alloc(route, nlri.n_labels * sizeof(*nlri.labels));
    for (size_t i = 0; i < nlri.n_labels; i++) {
        if (str_parse_u64(parts[i], 0, (1 << 20) - 1, &number) < 0) {
            cli_fail(route->cli, "invalid mpls label: %s", words->word[1]);
            return NULL;
        }
        nlri.labels[i] = (uint32_t)number;
    }
    words->word += 2;
    words->count -= 2;
    return any_pack(&route->cli->arena, &nlri.base);
}

static const struct nlri_words {
    enum family_id family;
    const char *usage;
    Google__Protobuf__Any *(*read)(struct route *route, uint32_t *identifier);
} nlri_words[] = {
    {FAMILY_IPV4_UNICAST, "[identifier <NUMBER>]", unicast_nlri},
    {FAMILY_IPV6_UNICAST, "[identifier <NUMBER>]", unicast_nlri},
    {FAMILY_VPN_IPV4, "label <LABEL> rd <RD>", vpn_nlri},
    {FAMILY_VPN_IPV6, "label <LABEL> rd <RD>", vpn_nlri},
    {FAMILY_IPV4_LABELLED, "<LABEL>[/<LABEL>...]", labelled_nlri},
    {FAMILY_IPV6_LABELLED, "<LABEL>[/<LABEL>...]", labelled_nlri},
};

static const struct nlri_words *nlri_words_of(enum family_id family)
{
    for (size_t i = 0; i < ARRAY_LEN(nlri_words); i++) {
        if (nlri_words[i].family == family)
            return &nlri_words[i];
    }
    return NULL;
}

/* IPv4 over an IPv4 next hop has a NEXT_HOP; all else travels in MP_REACH_NLRI (RFC 4760). */
static void put_next_hop(struct route *route, Google__Protobuf__Any *nlri)
{
    struct addr addr = {0};
    addr_parse(route->next_hop, &addr);
    if (route->family->afi == AFI_IPV4 && route->family->safi == SAFI_UNICAST && addr.kind == ADDR_IPV4) {
        Apipb__NextHopAttribute attr = APIPB__NEXT_HOP_ATTRIBUTE__INIT;
        attr.next_hop = (char *)route->next_hop;
        route_put(route, ATTR_NEXT_HOP, &attr.base);
        return;
    }
    Apipb__MpReachNLRIAttribute attr = APIPB__MP_REACH_NLRIATTRIBUTE__INIT;
    Apipb__Family family = APIPB__FAMILY__INIT;
    char *next_hops[] = {(char *)route->next_hop};
    family.afi = route->family->afi;
    family.safi = route->family->safi;
    attr.family = &family;
    attr.n_next_hops = 1;
    attr.next_hops = next_hops;
    attr.n_nlris = 1;
    attr.nlris = &nlri;
    route_put(route, ATTR_MP_REACH, &attr.base);
}

static Apipb__Path *route_finish(struct route *route, Google__Protobuf__Any *nlri, uint32_t identifier)
{
    Apipb__Path *path = route_alloc(route, sizeof(*path));
    apipb__path__init(path);
    path->family = route_alloc(route, sizeof(*path->family));
    apipb__family__init(path->family);
    path->family->afi = route->family->afi;
    path->family->safi = route->family->safi;
    path->age = route_alloc(route, sizeof(*path->age));
    google__protobuf__timestamp__init(path->age);
    path->age->seconds = now_s();
    path->nlri = nlri;
    path->identifier = identifier;
    path->n_pattrs = route->attr_count;
    path->pattrs = route_alloc(route, route->attr_count * sizeof(*path->pattrs));
    for (size_t i = 0; i < route->attr_count; i++)
        path->pattrs[i] = route->attrs[i].any;
    return path;
}

static Apipb__Path *route_read(struct route *route, const struct nlri_words *form)
{
    uint32_t identifier = 0;
    Google__Protobuf__Any *communities = NULL;
    for (size_t i = 0; i < ARRAY_LEN(attr_words); i++) {
        if (take_attr_word(route, &attr_words[i]) < 0)
            return NULL;
    }
    if (!has_attr(route, ATTR_ORIGIN))
        origin_word(route, (char *[]){(char *)"incomplete"});
    Google__Protobuf__Any *nlri = form->read(route, &identifier);
    if (!nlri || ext_communities_from_words(route->cli, &route->words, &communities) < 0)
        return NULL;
    put_next_hop(route, nlri);
    if (communities) {
        Apipb__ExtendedCommunitiesAttribute *attr =
            any_unpack(communities, &apipb__extended_communities_attribute__descriptor);
        route_put(route, ATTR_EXT_COMMUNITIES, &attr->base);
        apipb__extended_communities_attribute__free_unpacked(attr, NULL);
    }
    return route_finish(route, nlri, identifier);
}

Apipb__Path *route_from_words(struct cli *cli, const struct command *command, const struct words *words)
{
    enum family_id family;
    if (cli_family(cli, FAMILY_IPV4_UNICAST, &family) < 0)
        return NULL;
    const struct nlri_words *form = nlri_words_of(family);
    if (!form) {
        cli_fail(cli, "adding routes of the family %s: not offered yet", family_get(family)->config_name);
        return NULL;
    }
    struct route route = {.cli = cli, .family = family_get(family), .words = *words};
    route.next_hop = route.family->afi == AFI_IPV6 ? "::" : "0.0.0.0";
    Apipb__Path *path = route_read(&route, form);
    if (!path) {
        const char *reason = arena_strdup(&cli->arena, cli->error.bytes);
        cli_fail(cli,
                 "error: %s\nusage: global rib -a %s %s <PREFIX> %s [origin { igp | egp | incomplete }] "
                 "[aspath <ASPATH>] [nexthop <ADDRESS>] [med <NUM>] [local-pref <NUM>] [community <COMMUNITY>[,...]] "
                 "[aigp metric <NUM>] [large-community <A:B:C>[,...]] [aggregator <AS>:<ADDRESS>] [rt <RT>...]",
                 reason, route.family->config_name, command_verb(command), form->usage);
    }
    return path;
}
