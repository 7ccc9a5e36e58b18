#include "wire/update_peek.h"

#include "attr/block.h"
#include "base/cursor.h"

static bool found(struct update_peek *peek, enum family_id family, const struct cursor *nlri)
{
    if (nlri->failed || cursor_done(nlri) || family == FAMILY_UNKNOWN)
        return false;
    *peek = (struct update_peek){.family = family, .nlri = nlri->at, .length = (uint32_t)cursor_left(nlri)};
    return true;
}

/* RFC 4760 3 and 4 */
static bool peek_multiprotocol(struct cursor attributes, struct update_peek *peek)
{
    while (cursor_left(&attributes) > 0) {
        uint8_t flags = cursor_u8(&attributes), type = cursor_u8(&attributes);
        size_t length = flags & ATTR_FLAG_EXTENDED_LENGTH ? cursor_u16(&attributes) : cursor_u8(&attributes);
        struct cursor value = cursor_sub(&attributes, length);
        if (type != ATTR_MP_REACH && type != ATTR_MP_UNREACH)
            continue;
        uint16_t afi = cursor_u16(&value);
        enum family_id family = family_from_afi_safi(afi, cursor_u8(&value));
        if (type == ATTR_MP_REACH) {
            cursor_take(&value, cursor_u8(&value)); /* next hop */
            cursor_u8(&value);                      /* reserved */
        }
        return found(peek, family, &value);
    }
    return false;
}

bool update_peek(const uint8_t *body, size_t length, struct update_peek *peek)
{
    struct cursor nlri = cursor_of(body, length);
    struct cursor withdrawn = cursor_sub(&nlri, cursor_u16(&nlri));
    struct cursor attributes = cursor_sub(&nlri, cursor_u16(&nlri));
    return !nlri.failed && (found(peek, FAMILY_IPV4_UNICAST, &nlri) || found(peek, FAMILY_IPV4_UNICAST, &withdrawn) ||
                            peek_multiprotocol(attributes, peek));
}
