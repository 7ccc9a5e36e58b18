/* See update_write.h. A canonical block keeps every next hop in NEXT_HOP; where it cannot stand there, for IPv6
 * prefixes and IPv6 next hops of IPv4 prefixes (RFC 8950), it goes into MP_REACH_NLRI.
 */
#include "wire/update_write.h"

#include "net/bgp.h"
#include "wire/message.h"

enum {
    IPV4_BYTES = 4,
    MP_REACH_OVERHEAD_BYTES = 2 + 1 + 1 + 1, /* AFI, SAFI, length of the next hop, reserved */
};

void update_put_mp_reach(struct buf *buf, enum family_id family, const struct attr_item *next_hop, const uint8_t *nlri,
                         uint32_t nlri_length)
{
    const struct family *facts = family_get(family);
    buf_u16(buf, facts->afi);
    buf_u8(buf, facts->safi);
    buf_u8(buf, (uint8_t)next_hop->length);
    if (next_hop->length > 0)
        buf_put(buf, next_hop->value, next_hop->length);
    buf_u8(buf, 0);
    buf_put(buf, nlri, nlri_length);
}

/* The header of an attribute whose value is written next. */
static void put_attr_header(struct buf *buf, uint8_t type, size_t length)
{
    buf_u8(buf, ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED_LENGTH);
    buf_u8(buf, type);
    buf_u16(buf, (uint16_t)length);
}

/* Attributes and NLRI of an announcement: as they are, or with MP_REACH_NLRI (first, RFC 7606 5.1). */
static void put_announcement(struct buf *buf, const struct update_parts *parts)
{
    struct attr_item next_hop = {0};
    struct attr_edit edit;
    buf_u16(buf, 0); /* no withdrawn routes */
    size_t length_at = buf->length;
    buf_u16(buf, 0);
    if (!attr_find(parts->attrs, parts->attrs_length, ATTR_NEXT_HOP, &next_hop))
        next_hop.length = 0;
    bool plain = parts->family == FAMILY_IPV4_UNICAST && (next_hop.length == 0 || next_hop.length == IPV4_BYTES);
    if (plain) {
        buf_put(buf, parts->attrs, parts->attrs_length);
    } else {
        put_attr_header(buf, ATTR_MP_REACH, MP_REACH_OVERHEAD_BYTES + (size_t)next_hop.length + parts->nlri_length);
        update_put_mp_reach(buf, parts->family, &next_hop, parts->nlri, parts->nlri_length);
        attr_edit_init(&edit, parts->attrs, parts->attrs_length);
        attr_edit_remove(&edit, ATTR_NEXT_HOP);
        attr_edit_finish(&edit, buf);
    }
    buf_patch_u16(buf, length_at, (uint16_t)(buf->length - length_at - 2));
    if (plain)
        buf_put(buf, parts->nlri, parts->nlri_length);
}

static void put_withdrawal(struct buf *buf, const struct update_parts *parts)
{
    const struct family *family = family_get(parts->family);
    if (parts->family == FAMILY_IPV4_UNICAST) {
        buf_u16(buf, (uint16_t)parts->nlri_length);
        buf_put(buf, parts->nlri, parts->nlri_length);
        buf_u16(buf, 0);
        return;
    }
    size_t value = 2 + 1 + (size_t)parts->nlri_length;
    buf_u16(buf, 0);
    buf_u16(buf, (uint16_t)(4 + value));
    put_attr_header(buf, ATTR_MP_UNREACH, value);
    buf_u16(buf, family->afi);
    buf_u8(buf, family->safi);
    buf_put(buf, parts->nlri, parts->nlri_length);
}

bool update_write(struct buf *buf, const struct update_parts *parts)
{
    size_t message = message_begin(buf, MESSAGE_UPDATE);
    if (parts->attrs == NULL)
        put_withdrawal(buf, parts);
    else
        put_announcement(buf, parts);
    if (!buf->failed && buf->length - message > MESSAGE_EXTENDED_MAX_BYTES) {
        buf->length = message;
        return false;
    }
    message_end(buf, message);
    return true;
}

bool update_write_run(struct buf *buf, const struct update *update, const struct nlri_run *run)
{
    const struct attr_block *attrs = update_run_attrs(update, run);
    const struct update_parts parts = {.family = run->family,
                                       .attrs = run->withdraw ? NULL : attrs->bytes,
                                       .attrs_length = run->withdraw ? 0 : attrs->length,
                                       .nlri = run->bytes,
                                       .nlri_length = run->length};
    return update_write(buf, &parts);
}
