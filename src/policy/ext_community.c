/* See ext_community.h. */
#include "policy/ext_community.h"

#include <string.h>

#include "base/check.h"
#include "base/octets.h"
#include "net/addr.h"

/* Types (high octet) and subtypes of the registry. */
enum {
    TYPE_TWO_OCTET_AS = 0x00,
    TYPE_IPV4 = 0x01,
    TYPE_FOUR_OCTET_AS = 0x02,
    TYPE_OPAQUE = 0x03,
    TYPE_NON_TRANSITIVE = 0x40,
    SUBTYPE_VALIDATION = 0x00,
    SUBTYPE_ROUTE_TARGET = 0x02,
    SUBTYPE_ROUTE_ORIGIN = 0x03,
    SUBTYPE_LINK_BANDWIDTH = 0x04,
    SUBTYPE_ENCAPSULATION = 0x0C,
};

static const char *const words[] = {
    [EXT_ROUTE_TARGET] = "rt",   [EXT_ROUTE_ORIGIN] = "soo", [EXT_ENCAPSULATION] = "encap",
    [EXT_LINK_BANDWIDTH] = "lb", [EXT_VALIDATION] = "",      [EXT_OTHER] = "",
};

static const char *const validation_states[] = {"valid", "not-found", "invalid"};

static const struct {
    uint16_t number;
    const char *name;
} tunnels[] = {
    {1, "L2TPv3 over IP"}, {2, "GRE"},        {7, "IP in IP"},     {8, "VXLAN"},      {9, "NVGRE"},   {10, "MPLS"},
    {11, "MPLS in GRE"},   {12, "VXLAN GRE"}, {13, "MPLS in UDP"}, {15, "SR Policy"}, {19, "GENEVE"},
};

const char *ext_community_word(enum ext_community_kind kind)
{
    return words[kind];
}

int ext_community_kind_parse(const char *text, enum ext_community_kind *kind, const char **value)
{
    const char *colon = strchr(text, ':');
    for (unsigned i = 0; colon != NULL && i < ARRAY_LEN(words); i++) {
        char word[8];
        struct str str = str_over(word, sizeof(word));
        str_add_n(&str, text, (size_t)(colon - text));
        if (words[i][0] != '\0' && str_equal_nocase(word, words[i])) {
            *kind = i;
            *value = colon + 1;
            return 0;
        }
    }
    return E_INVALID;
}

/* "65000:1", "100000:1", "1.2:3", "192.0.2.1:5": the administrator before the last colon, a number behind it. */
static int parse_pair(const char *text, uint8_t bytes[EXT_COMMUNITY_BYTES])
{
    char administrator[32];
    uint64_t as, high, local;
    struct addr addr;
    const char *colon = strrchr(text, ':');
    struct str str = str_over(administrator, sizeof(administrator));
    if (colon == NULL)
        return E_INVALID;
    str_add_n(&str, text, (size_t)(colon - text));
    const char *dot = strchr(administrator, '.');
    if (str_parse_u64(administrator, 0, UINT16_MAX, &as) == 0) {
        if (str_parse_u64(colon + 1, 0, UINT32_MAX, &local) < 0)
            return E_INVALID;
        bytes[0] = TYPE_TWO_OCTET_AS;
        put_u16(bytes + 2, (uint32_t)as);
        put_u32(bytes + 4, (uint32_t)local);
        return 0;
    }
    if (str_parse_u64(colon + 1, 0, UINT16_MAX, &local) < 0)
        return E_INVALID;
    put_u16(bytes + 6, (uint32_t)local);
    if (addr_parse(administrator, &addr) == 0 && addr.kind == ADDR_IPV4) {
        bytes[0] = TYPE_IPV4;
        memcpy(bytes + 2, addr.bytes, 4);
        return 0;
    }
    bytes[0] = TYPE_FOUR_OCTET_AS;
    if (str_parse_u64(administrator, 0, UINT32_MAX, &as) == 0) {
        put_u32(bytes + 2, (uint32_t)as);
        return 0;
    }
    if (dot == NULL || str_parse_u64(dot + 1, 0, UINT16_MAX, &as) < 0)
        return E_INVALID;
    administrator[dot - administrator] = '\0';
    if (str_parse_u64(administrator, 0, UINT16_MAX, &high) < 0)
        return E_INVALID;
    put_u32(bytes + 2, (uint32_t)(high << 16 | as));
    return 0;
}

static int parse_tunnel(const char *text, uint8_t bytes[EXT_COMMUNITY_BYTES])
{
    for (size_t i = 0; i < ARRAY_LEN(tunnels); i++) {
        if (!str_equal_nocase(text, tunnels[i].name))
            continue;
        bytes[0] = TYPE_OPAQUE;
        bytes[1] = SUBTYPE_ENCAPSULATION;
        put_u16(bytes + 6, tunnels[i].number);
        return 0;
    }
    return E_INVALID;
}

static int parse_bandwidth(const char *text, uint8_t bytes[EXT_COMMUNITY_BYTES])
{
    uint8_t pair[EXT_COMMUNITY_BYTES] = {0};
    if (parse_pair(text, pair) < 0 || pair[0] != TYPE_TWO_OCTET_AS)
        return E_INVALID;
    float bandwidth = (float)load_u32(pair + 4);
    uint32_t bits;
    memcpy(&bits, &bandwidth, sizeof(bits));
    bytes[0] = TYPE_NON_TRANSITIVE | TYPE_TWO_OCTET_AS;
    bytes[1] = SUBTYPE_LINK_BANDWIDTH;
    memcpy(bytes + 2, pair + 2, 2);
    put_u32(bytes + 4, bits);
    return 0;
}

int ext_community_parse(const char *text, uint8_t bytes[EXT_COMMUNITY_BYTES])
{
    enum ext_community_kind kind;
    const char *value;
    memset(bytes, 0, EXT_COMMUNITY_BYTES);
    for (unsigned i = 0; i < ARRAY_LEN(validation_states); i++) {
        if (!str_equal_nocase(text, validation_states[i]))
            continue;
        bytes[0] = TYPE_NON_TRANSITIVE | TYPE_OPAQUE;
        bytes[1] = SUBTYPE_VALIDATION;
        bytes[7] = (uint8_t)i;
        return 0;
    }
    if (ext_community_kind_parse(text, &kind, &value) < 0)
        return E_INVALID;
    if (kind == EXT_ENCAPSULATION)
        return parse_tunnel(value, bytes);
    if (kind == EXT_LINK_BANDWIDTH)
        return parse_bandwidth(value, bytes);
    bytes[1] = kind == EXT_ROUTE_TARGET ? SUBTYPE_ROUTE_TARGET : SUBTYPE_ROUTE_ORIGIN;
    return parse_pair(value, bytes);
}

enum ext_community_kind ext_community_kind_of(const uint8_t bytes[EXT_COMMUNITY_BYTES])
{
    uint8_t type = bytes[0], subtype = bytes[1];
    if (type <= TYPE_FOUR_OCTET_AS && subtype == SUBTYPE_ROUTE_TARGET)
        return EXT_ROUTE_TARGET;
    if (type <= TYPE_FOUR_OCTET_AS && subtype == SUBTYPE_ROUTE_ORIGIN)
        return EXT_ROUTE_ORIGIN;
    if ((type & ~TYPE_NON_TRANSITIVE) == TYPE_TWO_OCTET_AS && subtype == SUBTYPE_LINK_BANDWIDTH)
        return EXT_LINK_BANDWIDTH;
    if (type == TYPE_OPAQUE && subtype == SUBTYPE_ENCAPSULATION)
        return EXT_ENCAPSULATION;
    if (type == (TYPE_NON_TRANSITIVE | TYPE_OPAQUE) && subtype == SUBTYPE_VALIDATION)
        return EXT_VALIDATION;
    return EXT_OTHER;
}

static void format_tunnel(uint32_t number, struct str *out)
{
    for (size_t i = 0; i < ARRAY_LEN(tunnels); i++) {
        if (tunnels[i].number == number) {
            str_add(out, tunnels[i].name);
            return;
        }
    }
    str_printf(out, "tunnel: %u", number);
}

static void format_bandwidth(const uint8_t *bytes, struct str *out)
{
    uint32_t bits = load_u32(bytes + 4);
    float bandwidth;
    memcpy(&bandwidth, &bits, sizeof(bandwidth));
    bool fits = bandwidth >= 0 && bandwidth < 4294967296.0f;
    str_printf(out, "%u:%u", load_u16(bytes + 2), fits ? (uint32_t)bandwidth : 0);
}

void ext_community_format(const uint8_t bytes[EXT_COMMUNITY_BYTES], struct str *out)
{
    char text[ADDR_TEXT_MAX];
    struct addr addr;
    switch (ext_community_kind_of(bytes)) {
    case EXT_ENCAPSULATION:
        format_tunnel(load_u16(bytes + 6), out);
        return;
    case EXT_LINK_BANDWIDTH:
        format_bandwidth(bytes, out);
        return;
    case EXT_VALIDATION:
        str_add(out, bytes[7] < ARRAY_LEN(validation_states) ? validation_states[bytes[7]] : "unknown");
        return;
    default:
        break;
    }
    switch (bytes[0] & ~TYPE_NON_TRANSITIVE) {
    case TYPE_TWO_OCTET_AS:
        str_printf(out, "%u:%u", load_u16(bytes + 2), load_u32(bytes + 4));
        return;
    case TYPE_IPV4:
        addr = addr_from_bytes(ADDR_IPV4, bytes + 2);
        str_printf(out, "%s:%u", addr_format(&addr, text), load_u16(bytes + 6));
        return;
    case TYPE_FOUR_OCTET_AS:
        str_printf(out, "%u.%u:%u", load_u16(bytes + 2), load_u16(bytes + 4), load_u16(bytes + 6));
        return;
    default: {
        uint64_t value = (uint64_t)load_u16(bytes + 2) << 32 | load_u32(bytes + 4);
        str_printf(out, "%llu", (unsigned long long)((uint64_t)bytes[1] << 48 | value));
    }
    }
}
