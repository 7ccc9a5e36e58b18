/* Writing the canonical block: most attributes are copied, and only those of old speakers and LARGE_COMMUNITIES with
 * duplicates are made anew. */
#include "wire/canonical.h"

#include <string.h>

#include "net/bgp.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "net/asn.h"
#include "wire/as4.h"

enum {
    HEADER_SHORT_BYTES = 3,
    HEADER_LONG_BYTES = 4,
    AGGREGATOR_ADDRESS_BYTES = 4,
    COMMUNITY_BYTES = 12,
    SLOTS = 8192, /* > UINT16_MAX / COMMUNITY_BYTES / 0.67; a power of two */
    QUADRATIC_MAX = 16,
};

/* An old speaker's AGGREGATOR that names another AS than AS_TRANS was put there by a speaker that dropped the AS4_
 * attributes' meaning: both are stale then (RFC 6793 4.2.3). */
static bool as4_is_stale(const struct attr_item *aggregator, const struct attr_item *as4_aggregator)
{
    if (!aggregator || !as4_aggregator)
        return false;
    struct cursor cursor = cursor_of(aggregator->value, aggregator->length);
    return cursor_u16(&cursor) != AS_TRANS;
}

static void write_old_aggregator(const struct attr_list *list, const struct attr_item *item, struct buf *scratch)
{
    const struct attr_item *as4 = attr_list_find(list, ATTR_AS4_AGGREGATOR);
    if (as4 && !as4_is_stale(item, as4)) {
        attr_put(scratch, item->flags, ATTR_AGGREGATOR, as4->value, as4->length);
        return;
    }
    uint8_t value[4 + AGGREGATOR_ADDRESS_BYTES] = {0, 0};
    memcpy(value + 2, item->value, 2 + AGGREGATOR_ADDRESS_BYTES);
    attr_put(scratch, item->flags, ATTR_AGGREGATOR, value, sizeof(value));
}

static void write_old_path(const struct attr_list *list, const struct attr_item *item, struct buf *scratch)
{
    const struct attr_item *as4 = attr_list_find(list, ATTR_AS4_PATH);
    if (as4_is_stale(attr_list_find(list, ATTR_AGGREGATOR), attr_list_find(list, ATTR_AS4_AGGREGATOR)))
        as4 = NULL;
    /* The length is known only afterwards: written behind a long header, moved if the short one does. */
    size_t header = scratch->length;
    buf_extend(scratch, HEADER_LONG_BYTES);
    as_path_merge(item->value, item->length, as4 ? as4->value : NULL, as4 ? as4->length : 0, scratch);
    if (scratch->failed)
        return;
    size_t length = scratch->length - header - HEADER_LONG_BYTES;
    uint8_t *to = scratch->bytes + header;
    to[0] = item->flags;
    to[1] = ATTR_AS_PATH;
    if (length <= UINT8_MAX) {
        to[2] = (uint8_t)length;
        memmove(to + HEADER_SHORT_BYTES, to + HEADER_LONG_BYTES, length);
        scratch->length--;
    } else if (length <= UINT16_MAX) {
        to[0] |= ATTR_FLAG_EXTENDED_LENGTH;
        to[2] = (uint8_t)(length >> 8);
        to[3] = (uint8_t)length;
    } else {
        scratch->failed = true;
    }
}

/* Is community `index` one of the earlier ones? `slots` holds the indices + 1 of those, open addressing. */
static bool community_is_repeated(const uint8_t *communities, unsigned index, uint16_t *slots)
{
    const uint8_t *community = communities + (size_t)index * COMMUNITY_BYTES;
    size_t slot = hash_bytes(community, COMMUNITY_BYTES) % SLOTS;
    for (; slots[slot]; slot = (slot + 1) % SLOTS) {
        if (memcmp(communities + (size_t)(slots[slot] - 1) * COMMUNITY_BYTES, community, COMMUNITY_BYTES) == 0)
            return true;
    }
    slots[slot] = (uint16_t)(index + 1);
    return false;
}

static bool communities_repeat(const uint8_t *communities, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (memcmp(communities + i * COMMUNITY_BYTES, communities + j * COMMUNITY_BYTES, COMMUNITY_BYTES) == 0)
                return true;
        }
    }
    return false;
}

bool canonical_is_copy(const struct attr_list *list)
{
    const struct attr_item *item = attr_list_find(list, ATTR_LARGE_COMMUNITIES);
    if (!item)
        return true;
    unsigned count = item->length / COMMUNITY_BYTES;
    return count <= QUADRATIC_MAX && !communities_repeat(item->value, count);
}

/* RFC 8092 5: a receiver silently removes duplicates. */
static void write_large_communities(const struct attr_item *item, struct buf *scratch)
{
    unsigned count = item->length / COMMUNITY_BYTES;
    if (count <= QUADRATIC_MAX && !communities_repeat(item->value, count)) {
        attr_put(scratch, item->flags, item->type, item->value, item->length);
        return;
    }
    uint16_t slots[SLOTS] = {0};
    unsigned kept = 0;
    size_t header = scratch->length;
    attr_put(scratch, item->flags, item->type, item->value, item->length);
    if (scratch->failed)
        return;
    uint8_t *values = scratch->bytes + scratch->length - item->length;
    for (unsigned i = 0; i < count; i++) {
        if (!community_is_repeated(item->value, i, slots))
            memcpy(values + (size_t)kept++ * COMMUNITY_BYTES, item->value + (size_t)i * COMMUNITY_BYTES,
                   COMMUNITY_BYTES);
    }
    if (kept == count)
        return;
    uint16_t length = (uint16_t)(kept * COMMUNITY_BYTES);
    uint8_t *to = scratch->bytes + header;
    bool shorter = length <= UINT8_MAX && item->length > UINT8_MAX;
    if (shorter)
        memmove(to + HEADER_SHORT_BYTES, values, length);
    if (length <= UINT8_MAX) {
        to[0] &= (uint8_t)~ATTR_FLAG_EXTENDED_LENGTH;
        to[2] = (uint8_t)length;
    } else {
        to[2] = (uint8_t)(length >> 8);
        to[3] = (uint8_t)length;
    }
    scratch->length = header + (length <= UINT8_MAX ? HEADER_SHORT_BYTES : HEADER_LONG_BYTES) + length;
}

/* The attributes whose value is not simply copied. False: not one of them. */
static bool write_special(const struct attr_list *list, const struct attr_item *item, bool four_octet_as,
                          struct buf *scratch)
{
    switch (item->type) {
    case ATTR_AS_PATH:
        if (four_octet_as)
            return false;
        write_old_path(list, item, scratch);
        return true;
    case ATTR_AGGREGATOR:
        if (four_octet_as)
            return false;
        write_old_aggregator(list, item, scratch);
        return true;
    case ATTR_AS4_PATH:
    case ATTR_AS4_AGGREGATOR:
        return true;
    case ATTR_LARGE_COMMUNITIES:
        write_large_communities(item, scratch);
        return true;
    default:
        return false;
    }
}

void canonical_write(const struct attr_list *list, bool four_octet_as, const struct next_hop *next_hop,
                     struct buf *scratch)
{
    bool hop_is_due = true;
    for (unsigned i = 0; i < list->count; i++) {
        const struct attr_item *item = &list->items[i];
        if (hop_is_due && item->type > ATTR_NEXT_HOP) {
            attr_put(scratch, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop->bytes, next_hop->length);
            hop_is_due = false;
        }
        if (!write_special(list, item, four_octet_as, scratch))
            attr_put(scratch, item->flags, item->type, item->value, item->length);
    }
    if (hop_is_due)
        attr_put(scratch, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop->bytes, next_hop->length);
}
