/* Routes from a few octets of input: mostly good ones, so that what is bad in them stands alone.
 *
 * An announcement is: flags, how many prefixes, their choices, a variant of the ordinary attributes, then further
 * attributes. Each of these is: type, flags (0: those it should have), length, how often the value is repeated, value.
 */
#include <string.h>

#include "session.h"
#include "wire/attr_rules.h"

enum {
    PREFIXES_MAX = 8,
    EXTRAS_MAX = 7,
    VALUE_MAX_BYTES = 60000,
    MANY_MAX = 1500,
    MANY_EACH = 60, /* prefixes per UPDATE */
};

/* Flags of an announcement. */
enum {
    ANNOUNCE_IPV6 = 1 << 0,
    ANNOUNCE_BOTH = 1 << 1,        /* IPv4 in the NLRI field and IPv6 in MP_REACH_NLRI */
    ANNOUNCE_MP_IPV4 = 1 << 2,     /* IPv4 in MP_REACH_NLRI, with an IPv6 next hop */
    ANNOUNCE_BARE = 1 << 3,        /* no ordinary attributes */
    ANNOUNCE_THIRD_PARTY = 1 << 4, /* another next hop */
    ANNOUNCE_TOGGLE_ID = 1 << 5,   /* path identifiers where there should be none, or none where there should be */
    ANNOUNCE_LINK_LOCAL = 1 << 6,
    ANNOUNCE_BAD_LENGTHS = 1 << 7,
};

void fuzz_prefix(uint8_t choice, bool ipv6, struct prefix *prefix)
{
    static const uint8_t lengths[2][8] = {{24, 24, 16, 8, 25, 32, 20, 0}, {48, 48, 32, 64, 127, 128, 56, 0}};
    struct addr addr = ipv6 ? addr_from_bytes(ADDR_IPV6, (const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, choice >> 6,
                                                                             choice & 0xF8, choice, choice, [15] = 1})
                            : addr_ipv4(0xC6000000u | (uint32_t)(choice >> 6) << 16 | (choice & 0x38u) << 8 | choice);
    *prefix = prefix_make(&addr, lengths[ipv6][choice & 7]);
}

static bool sends_path_ids(const struct neighbour *neighbour)
{
    return neighbour->kind->add_path;
}

static void put_prefix(struct buf *buf, const struct prefix *prefix, bool with_id, uint32_t id)
{
    uint8_t bytes[17];
    if (with_id)
        buf_u32(buf, id);
    buf_put(buf, bytes, prefix_write(prefix, bytes));
}

struct prefixes {
    unsigned count;
    uint8_t choices[PREFIXES_MAX];
};

static void read_prefixes(struct cursor *arguments, struct prefixes *prefixes)
{
    prefixes->count = cursor_u8(arguments) % PREFIXES_MAX + 1;
    for (unsigned i = 0; i < prefixes->count; i++)
        prefixes->choices[i] = cursor_u8(arguments);
}

static void put_prefixes(struct buf *buf, const struct prefixes *prefixes, bool ipv6, bool with_id)
{
    for (unsigned i = 0; i < prefixes->count; i++) {
        struct prefix prefix;
        fuzz_prefix(prefixes->choices[i], ipv6, &prefix);
        put_prefix(buf, &prefix, with_id, 1u + prefixes->choices[i] % 3);
    }
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

/* As many hops as the variant says, some of them wide, some the speaker's own, perhaps a set. */
static void put_as_path(struct buf *out, const struct neighbour *neighbour, uint8_t variant)
{
    const struct neighbour_kind *kind = neighbour->kind;
    unsigned width = kind->two_octet ? 2 : 4;
    uint8_t memory[128];
    struct buf path;
    buf_init_fixed(&path, memory, sizeof(memory));
    unsigned hops = variant & 3, own = kind->as != SPEAKER_AS && !kind->route_server_client ? 1 : 0;
    if (hops + own > 0) {
        buf_u8(&path, SEGMENT_AS_SEQUENCE);
        buf_u8(&path, (uint8_t)(hops + own));
    }
    for (unsigned i = 0; i < hops + own; i++) {
        uint32_t as = i < own ? kind->as : variant & 0x10 ? 4200000100u + i : 64600u + i;
        if (i + 1 == hops + own && (variant & 0x60) == 0x60)
            as = SPEAKER_AS;
        if (width == 2)
            buf_u16(&path, as > UINT16_MAX ? 23456 : (uint16_t)as);
        else
            buf_u32(&path, as);
    }
    if ((variant & 0x60) == 0x40) {
        buf_u8(&path, SEGMENT_AS_SET);
        buf_u8(&path, 1);
        if (width == 2)
            buf_u16(&path, 64700);
        else
            buf_u32(&path, 64700);
    }
    attr_put(out, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path.bytes, (uint16_t)path.length);
}

static void put_u32_attr(struct buf *out, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    attr_put(out, flags, type, bytes, 4);
}

static uint8_t due_flags(uint8_t type)
{
    const struct attr_rule *rule = attr_rule_get(type);
    return rule ? rule->flags : ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE;
}

/* The next of the further attributes; `value` is scratch. False at the end. */
static bool read_extra(struct cursor *arguments, struct attr_item *item, struct buf *value)
{
    if (cursor_done(arguments))
        return false;
    item->type = cursor_u8(arguments);
    item->flags = cursor_u8(arguments);
    if (item->flags == 0)
        item->flags = due_flags(item->type);
    size_t length = cursor_u8(arguments);
    unsigned times = cursor_u8(arguments);
    if (length > cursor_left(arguments))
        length = cursor_left(arguments);
    const uint8_t *bytes = cursor_take(arguments, length);
    buf_clear(value);
    for (unsigned i = 0; i <= times * times / 8u && value->length + length <= VALUE_MAX_BYTES && length > 0; i++)
        buf_put(value, bytes, length);
    item->value = value->bytes;
    item->length = (uint16_t)value->length;
    return true;
}

static void put_extras(struct buf *out, struct cursor *arguments)
{
    struct buf value;
    struct attr_item item;
    buf_init(&value, VALUE_MAX_BYTES);
    for (unsigned i = 0; i < EXTRAS_MAX && read_extra(arguments, &item, &value); i++)
        attr_put(out, item.flags & ~ATTR_FLAG_EXTENDED_LENGTH, item.type, item.value, item.length);
    buf_release(&value);
}

static struct addr next_hop_of(const struct neighbour *neighbour, bool ipv6, bool third_party)
{
    unsigned kind = (unsigned)(neighbour->kind - neighbour_kinds);
    uint8_t host = (uint8_t)(third_party ? 200 : 11 + kind);
    const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x63, [15] = host};
    return ipv6 ? addr_from_bytes(ADDR_IPV6, bytes) : addr_ipv4(0x0A630000u | host);
}

static void put_mp_reach(struct buf *out, const struct neighbour *neighbour, uint8_t flags,
                         const struct prefixes *prefixes, bool with_id)
{
    bool ipv6 = !(flags & ANNOUNCE_MP_IPV4);
    uint8_t memory[512];
    struct buf value;
    buf_init_fixed(&value, memory, sizeof(memory));
    struct addr next_hop = next_hop_of(neighbour, true, flags & ANNOUNCE_THIRD_PARTY);
    buf_u16(&value, ipv6 ? AFI_IPV6 : AFI_IPV4);
    buf_u8(&value, SAFI_UNICAST);
    buf_u8(&value, flags & ANNOUNCE_LINK_LOCAL ? 32 : 16);
    buf_put(&value, next_hop.bytes, 16);
    if (flags & ANNOUNCE_LINK_LOCAL)
        buf_put(&value, (const uint8_t[16]){0xFE, 0x80, [15] = 7}, 16);
    buf_u8(&value, 0);
    put_prefixes(&value, prefixes, ipv6, with_id);
    attr_put(out, ATTR_FLAG_OPTIONAL, ATTR_MP_REACH, value.bytes, (uint16_t)value.length);
}

static void put_ordinary(struct buf *out, const struct neighbour *neighbour, uint8_t flags, uint8_t variant)
{
    attr_put(out, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &(uint8_t){variant & 8 ? ORIGIN_INCOMPLETE : ORIGIN_IGP}, 1);
    put_as_path(out, neighbour, variant);
    if (!(flags & (ANNOUNCE_IPV6 | ANNOUNCE_MP_IPV4))) {
        struct addr next_hop = next_hop_of(neighbour, false, flags & ANNOUNCE_THIRD_PARTY);
        attr_put(out, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop.bytes, 4);
    }
    if (variant & 4)
        put_u32_attr(out, ATTR_FLAG_OPTIONAL, ATTR_MED, variant & 0x83);
    if (neighbour->kind->as == SPEAKER_AS)
        put_u32_attr(out, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, 100u + (variant >> 7));
}

/* UPDATEs ---------------------------------------------------------------------------------------------------------- */

static void send_update(struct neighbour *neighbour, const struct buf *body)
{
    if (!body->failed)
        neighbour_send_message(neighbour, MESSAGE_UPDATE, body->bytes, body->length);
}

void fuzz_announce(struct neighbour *neighbour, struct cursor *arguments)
{
    uint8_t flags = cursor_u8(arguments);
    struct prefixes prefixes;
    read_prefixes(arguments, &prefixes);
    uint8_t variant = cursor_u8(arguments);
    bool with_id = sends_path_ids(neighbour) ^ !!(flags & ANNOUNCE_TOGGLE_ID);
    struct buf body;
    buf_init(&body, MESSAGE_EXTENDED_MAX_BYTES - MESSAGE_HEADER_BYTES);
    buf_u32(&body, 0);
    if (flags & (ANNOUNCE_IPV6 | ANNOUNCE_BOTH | ANNOUNCE_MP_IPV4))
        put_mp_reach(&body, neighbour, flags, &prefixes, with_id);
    if (!(flags & ANNOUNCE_BARE))
        put_ordinary(&body, neighbour, flags, variant);
    put_extras(&body, arguments);
    if (!body.failed)
        buf_patch_u16(&body, 2, (uint16_t)(body.length - 4 + (flags & ANNOUNCE_BAD_LENGTHS ? variant : 0)));
    if (!(flags & (ANNOUNCE_IPV6 | ANNOUNCE_MP_IPV4)))
        put_prefixes(&body, &prefixes, false, with_id);
    send_update(neighbour, &body);
    buf_release(&body);
}

/* First prefix, how many, variant. Every UPDATE has a MED of its own. */
void fuzz_announce_many(struct neighbour *neighbour, struct cursor *arguments)
{
    uint32_t first = cursor_u8(arguments), count = cursor_u16(arguments) % MANY_MAX + 1;
    uint8_t variant = cursor_u8(arguments);
    for (uint32_t at = 0; at < count; at += MANY_EACH) {
        struct buf body;
        buf_init(&body, MESSAGE_MAX_BYTES - MESSAGE_HEADER_BYTES);
        buf_u32(&body, 0);
        put_ordinary(&body, neighbour, 0, variant & ~4);
        put_u32_attr(&body, ATTR_FLAG_OPTIONAL, ATTR_MED, at + variant);
        buf_patch_u16(&body, 2, (uint16_t)(body.length - 4));
        for (uint32_t i = at; i < at + MANY_EACH && i < count; i++) {
            struct addr addr = addr_ipv4(0x64000000u + ((first * 16 + i) << 8));
            struct prefix prefix = prefix_make(&addr, 24);
            put_prefix(&body, &prefix, sends_path_ids(neighbour), 1);
        }
        send_update(neighbour, &body);
        buf_release(&body);
    }
}

/* Flags, how many prefixes, their choices. */
void fuzz_withdraw(struct neighbour *neighbour, struct cursor *arguments)
{
    uint8_t flags = cursor_u8(arguments);
    struct prefixes prefixes;
    read_prefixes(arguments, &prefixes);
    bool with_id = sends_path_ids(neighbour) ^ !!(flags & ANNOUNCE_TOGGLE_ID);
    bool mp = flags & (ANNOUNCE_IPV6 | ANNOUNCE_MP_IPV4), ipv6 = flags & ANNOUNCE_IPV6;
    uint8_t memory[512];
    struct buf routes, body;
    buf_init_fixed(&routes, memory, sizeof(memory));
    buf_init(&body, MESSAGE_MAX_BYTES);
    if (mp) {
        buf_u16(&routes, ipv6 ? AFI_IPV6 : AFI_IPV4);
        buf_u8(&routes, SAFI_UNICAST);
    }
    put_prefixes(&routes, &prefixes, ipv6, with_id);
    buf_u16(&body, mp ? 0 : (uint16_t)routes.length);
    if (!mp)
        buf_put(&body, routes.bytes, routes.length);
    buf_u16(&body, 0);
    if (mp) {
        attr_put(&body, ATTR_FLAG_OPTIONAL, ATTR_MP_UNREACH, routes.bytes, (uint16_t)routes.length);
        buf_patch_u16(&body, 2, (uint16_t)(body.length - 4));
    }
    send_update(neighbour, &body);
    buf_release(&body);
}

/* In canonical form as far as the input keeps the order. */
void fuzz_local_attrs(struct cursor *arguments, bool ipv6, struct buf *attrs)
{
    static const uint8_t zeros[16];
    uint8_t variant = cursor_u8(arguments);
    attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &(uint8_t){variant & 3}, 1);
    if (variant & 0x10)
        attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, (const uint8_t[]){SEGMENT_AS_SEQUENCE, 1, 0, variant, 0, 1},
                 6);
    else
        attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
    struct addr next_hop = variant & 8 ? speaker_addr(ipv6) : addr_from_bytes(ipv6 ? ADDR_IPV6 : ADDR_IPV4, zeros);
    attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop.bytes, ipv6 ? 16 : 4);
    if (variant & 4)
        put_u32_attr(attrs, ATTR_FLAG_OPTIONAL, ATTR_MED, variant);
    put_extras(attrs, arguments);
}
