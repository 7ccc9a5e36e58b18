/* Extended communities from words: "rt 65000:1 65000:2 color 100 encap vxlan". One row per word. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.pb-c.h"
#include "base/check.h"
#include "cli/any.h"
#include "cli/ext_community.h"
#include "cli/route_words.h"
#include "cli/words.h"
#include "net/addr.h"

enum { COMMUNITIES_MAX = 256 };

struct communities {
    struct cli *cli;
    Google__Protobuf__Any *list[COMMUNITIES_MAX];
    size_t count;
};

static int put(struct communities *communities, const ProtobufCMessage *message)
{
    if (communities->count == COMMUNITIES_MAX)
        return cli_fail(communities->cli, "more than %d extended communities", COMMUNITIES_MAX);
    communities->list[communities->count++] = any_pack(&communities->cli->arena, message);
    return 0;
}

/* "65000:1", "1.0:1" or "192.0.2.1:1" in its parts. */
struct admin_assigned {
    enum { ADMIN_TWO_OCTET_AS, ADMIN_ADDRESS, ADMIN_FOUR_OCTET_AS } kind;
    uint32_t admin;
    char *address;
    uint32_t assigned;
};

static int admin_parse(struct arena *arena, const char *text, struct admin_assigned *parts)
{
    uint64_t high, low, assigned;
    struct addr addr;
    const char *colon = strrchr(text, ':');
    if (!colon)
        return E_INVALID;
    parts->address = arena_strndup(arena, text, (size_t)(colon - text));
    char *dot = strchr(parts->address, '.');
    if (addr_parse(parts->address, &addr) == 0 && addr.kind == ADDR_IPV4) {
        parts->kind = ADMIN_ADDRESS;
    } else if (dot) {
        *dot = '\0';
        if (str_parse_u64(parts->address, 0, UINT16_MAX, &high) < 0 || str_parse_u64(dot + 1, 0, UINT16_MAX, &low) < 0)
            return E_INVALID;
        parts->kind = ADMIN_FOUR_OCTET_AS;
        parts->admin = (uint32_t)(high << 16 | low);
    } else {
        if (str_parse_u64(parts->address, 0, UINT32_MAX, &low) < 0)
            return E_INVALID;
        parts->kind = low > UINT16_MAX ? ADMIN_FOUR_OCTET_AS : ADMIN_TWO_OCTET_AS;
        parts->admin = (uint32_t)low;
    }
    uint64_t most = parts->kind == ADMIN_TWO_OCTET_AS ? UINT32_MAX : UINT16_MAX;
    if (str_parse_u64(colon + 1, 0, most, &assigned) < 0)
        return E_INVALID;
    parts->assigned = (uint32_t)assigned;
    return 0;
}

Google__Protobuf__Any *rd_from_text(struct cli *cli, const char *text)
{
    struct admin_assigned parts = {0};
    if (admin_parse(&cli->arena, text, &parts) < 0)
        return NULL;
    if (parts.kind == ADMIN_ADDRESS) {
        Apipb__RouteDistinguisherIPAddress rd = APIPB__ROUTE_DISTINGUISHER_IPADDRESS__INIT;
        rd.admin = parts.address;
        rd.assigned = parts.assigned;
        return any_pack(&cli->arena, &rd.base);
    }
    if (parts.kind == ADMIN_FOUR_OCTET_AS) {
        Apipb__RouteDistinguisherFourOctetASN rd = APIPB__ROUTE_DISTINGUISHER_FOUR_OCTET_ASN__INIT;
        rd.admin = parts.admin;
        rd.assigned = parts.assigned;
        return any_pack(&cli->arena, &rd.base);
    }
    Apipb__RouteDistinguisherTwoOctetASN rd = APIPB__ROUTE_DISTINGUISHER_TWO_OCTET_ASN__INIT;
    rd.admin = parts.admin;
    rd.assigned = parts.assigned;
    return any_pack(&cli->arena, &rd.base);
}

static int route_target(struct communities *communities, const char *text)
{
    struct admin_assigned parts = {0};
    if (admin_parse(&communities->cli->arena, text, &parts) < 0)
        return cli_fail(communities->cli, "invalid rt: %s", text);
    if (parts.kind == ADMIN_ADDRESS) {
        Apipb__IPv4AddressSpecificExtended rt = APIPB__IPV4_ADDRESS_SPECIFIC_EXTENDED__INIT;
        rt.is_transitive = true;
        rt.sub_type = EXT_ROUTE_TARGET;
        rt.address = parts.address;
        rt.local_admin = parts.assigned;
        return put(communities, &rt.base);
    }
    if (parts.kind == ADMIN_FOUR_OCTET_AS) {
        Apipb__FourOctetAsSpecificExtended rt = APIPB__FOUR_OCTET_AS_SPECIFIC_EXTENDED__INIT;
        rt.is_transitive = true;
        rt.sub_type = EXT_ROUTE_TARGET;
        rt.asn = parts.admin;
        rt.local_admin = parts.assigned;
        return put(communities, &rt.base);
    }
    Apipb__TwoOctetAsSpecificExtended rt = APIPB__TWO_OCTET_AS_SPECIFIC_EXTENDED__INIT;
    rt.is_transitive = true;
    rt.sub_type = EXT_ROUTE_TARGET;
    rt.asn = parts.admin;
    rt.local_admin = parts.assigned;
    return put(communities, &rt.base);
}

static int rt_word(struct communities *communities, const struct words *words)
{
    if (words->count < 2)
        return cli_fail(communities->cli, "invalid rt");
    for (int i = 1; i < words->count; i++) {
        if (route_target(communities, words->word[i]) < 0)
            return E_INVALID;
    }
    return 0;
}

static int encap_word(struct communities *communities, const struct words *words)
{
    static const struct {
        const char *name;
        uint32_t type;
    } tunnels[] = {
        {"l2tpv3", 1}, {"gre", 2},          {"ip-in-ip", 7},   {"vxlan", 8},        {"nvgre", 9},
        {"mpls", 10},  {"mpls-in-gre", 11}, {"vxlan-gre", 12}, {"mpls-in-udp", 13}, {"geneve", 19},
    };
    Apipb__EncapExtended encap = APIPB__ENCAP_EXTENDED__INIT;
    if (words->count < 2)
        return cli_fail(communities->cli, "invalid encap");
    for (size_t i = 0; i < ARRAY_LEN(tunnels); i++) {
        if (strcmp(tunnels[i].name, words->word[1]) == 0) {
            encap.tunnel_type = tunnels[i].type;
            return put(communities, &encap.base);
        }
    }
    return cli_fail(communities->cli, "invalid encap type");
}

static int color_word(struct communities *communities, const struct words *words)
{
    uint64_t number;
    Apipb__ColorExtended color = APIPB__COLOR_EXTENDED__INIT;
    if (words->count != 2)
        return cli_fail(communities->cli, "invalid color");
    if (number_parse(communities->cli, words->word[1], UINT32_MAX, &number) < 0)
        return E_INVALID;
    color.color = (uint32_t)number;
    return put(communities, &color.base);
}

static int link_bandwidth_word(struct communities *communities, const struct words *words)
{
    uint64_t asn;
    Apipb__LinkBandwidthExtended bandwidth = APIPB__LINK_BANDWIDTH_EXTENDED__INIT;
    if (words->count != 3)
        return cli_fail(communities->cli, "invalid lb");
    if (number_parse(communities->cli, words->word[1], UINT16_MAX, &asn) < 0)
        return E_INVALID;
    char *end;
    bandwidth.asn = (uint32_t)asn;
    bandwidth.bandwidth = strtof(words->word[2], &end);
    if (*end || end == words->word[2] || !isfinite(bandwidth.bandwidth) || bandwidth.bandwidth < 0)
        return cli_fail(communities->cli, "invalid lb: %s octets a second", words->word[2]);
    return put(communities, &bandwidth.base);
}

static int validation_word(struct communities *communities, const struct words *words)
{
    static const char *const states[] = {"valid", "not-found", "invalid"};
    Apipb__ValidationExtended validation = APIPB__VALIDATION_EXTENDED__INIT;
    if (words->count != 1)
        return cli_fail(communities->cli, "invalid validation state");
    while (strcmp(states[validation.state], words->word[0]) != 0)
        validation.state++;
    return put(communities, &validation.base);
}

static int default_gateway_word(struct communities *communities, const struct words *words)
{
    Apipb__DefaultGatewayExtended gateway = APIPB__DEFAULT_GATEWAY_EXTENDED__INIT;
    if (words->count != 1)
        return cli_fail(communities->cli, "invalid default-gateway");
    return put(communities, &gateway.base);
}

static const struct ext_word {
    const char *name;
    int (*take)(struct communities *communities, const struct words *words);
} ext_words[] = {
    {"rt", rt_word},
    {"encap", encap_word},
    {"color", color_word},
    {"lb", link_bandwidth_word},
    {"valid", validation_word},
    {"not-found", validation_word},
    {"invalid", validation_word},
    {"default-gateway", default_gateway_word},
};

static const struct ext_word *ext_word_find(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(ext_words); i++) {
        if (strcmp(ext_words[i].name, word) == 0)
            return &ext_words[i];
    }
    return NULL;
}

static int unreadable(struct cli *cli, const struct words *words)
{
    cli_fail(cli, "failed to parse [");
    for (int i = 0; i < words->count; i++)
        text_printf(&cli->error, "%s%s", i ? " " : "", words->word[i]);
    text_add(&cli->error, "]");
    return E_INVALID;
}

int ext_communities_from_words(struct cli *cli, const struct words *words, Google__Protobuf__Any **attr)
{
    struct communities *communities = arena_alloc(&cli->arena, sizeof(*communities));
    communities->cli = cli;
    *attr = NULL;
    if (words->count > 0 && !ext_word_find(words->word[0]))
        return unreadable(cli, words);
    for (int at = 0; at < words->count;) {
        struct words these = {.word = words->word + at, .count = 1};
        while (at + these.count < words->count && !ext_word_find(these.word[these.count]))
            these.count++;
        if (ext_word_find(these.word[0])->take(communities, &these) < 0)
            return E_INVALID;
        at += these.count;
    }
    if (communities->count > 0) {
        Apipb__ExtendedCommunitiesAttribute message = APIPB__EXTENDED_COMMUNITIES_ATTRIBUTE__INIT;
        message.n_communities = communities->count;
        message.communities = communities->list;
        *attr = any_pack(&cli->arena, &message.base);
    }
    return 0;
}
