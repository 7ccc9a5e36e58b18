/* The canonical attribute block: reading, summing up, checking and editing (RFC 4271 4.3, 5; RFC 4760; RFC 6793).
 *
 * A block is a run of attributes in the order of their type codes, so everything here is one pass over bytes. The
 * pass never trusts them: a block that is not canonical gives a poorer summary, never a read past its end. A new
 * fact about blocks is a bit in the header and a line in attr_summary_add.
 */
#include "attr/block.h"

#include <string.h>

#include "attr/as_path.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/octets.h"

bool attr_find(const uint8_t *bytes, uint32_t length, uint8_t type, struct attr_item *item)
{
    struct cursor cursor = cursor_of(bytes, length);
    while (attr_next(&cursor, item)) {
        if (item->type == type)
            return true;
    }
    return false;
}

static void summary_add_path(struct attr_summary *summary, const struct attr_item *item)
{
    struct cursor path = cursor_of(item->value, item->length);
    struct as_segment segment;
    bool first = true;
    if (item->length)
        summary->facts &= (uint16_t)~ATTR_PATH_EMPTY;
    while (as_segment_next(&path, &segment)) {
        switch (segment.type) {
        case SEGMENT_CONFED_SET:
            summary->facts |= ATTR_PATH_HAS_SET | ATTR_PATH_HAS_CONFED;
            continue;
        case SEGMENT_CONFED_SEQUENCE:
            summary->facts |= ATTR_PATH_HAS_CONFED;
            continue;
        case SEGMENT_AS_SET:
            summary->facts |= ATTR_PATH_HAS_SET;
            summary->path_length++;
            summary->origin_as = 0;
            break;
        default:
            if (first)
                summary->neighbor_as = load_u32(segment.numbers);
            summary->path_length = (uint16_t)(summary->path_length + segment.count);
            summary->origin_as = load_u32(segment.numbers + 4 * (segment.count - 1u));
        }
        first = false;
    }
}

/* The well-known communities a speaker acts upon. All lie in 0xFFFF0000-0xFFFFFFFF, which few routes carry. */
static uint16_t community_fact(uint32_t community)
{
    switch ((int)community) {
    case COMMUNITY_GRACEFUL_SHUTDOWN:
        return ATTR_GRACEFUL_SHUTDOWN;
    case COMMUNITY_LLGR_STALE:
        return ATTR_LLGR_STALE;
    case COMMUNITY_NO_LLGR:
        return ATTR_NO_LLGR;
    case COMMUNITY_BLACKHOLE:
        return ATTR_BLACKHOLE;
    case COMMUNITY_NO_EXPORT:
        return ATTR_NO_EXPORT;
    case COMMUNITY_NO_ADVERTISE:
        return ATTR_NO_ADVERTISE;
    case COMMUNITY_NO_EXPORT_SUBCONFED:
        return ATTR_NO_EXPORT_SUBCONFED;
    case COMMUNITY_NO_PEER:
        return ATTR_NO_PEER;
    default:
        return 0;
    }
}

static void summary_add_communities(struct attr_summary *summary, const struct attr_item *item)
{
    for (unsigned at = 0; at + 4 <= item->length; at += 4) {
        if ((item->value[at] & item->value[at + 1]) == 0xFF)
            summary->facts |= community_fact(load_u32(item->value + at));
    }
}

void attr_summary_add(struct attr_summary *summary, const struct attr_item *item)
{
    switch (item->type) {
    case ATTR_ORIGIN:
        if (item->length == 1)
            summary->origin = item->value[0];
        return;
    case ATTR_AS_PATH:
        summary_add_path(summary, item);
        return;
    case ATTR_MED:
        if (item->length == 4) {
            summary->med = load_u32(item->value);
            summary->facts |= ATTR_HAS_MED;
        }
        return;
    case ATTR_LOCAL_PREF:
        if (item->length == 4) {
            summary->local_pref = load_u32(item->value);
            summary->facts |= ATTR_HAS_LOCAL_PREF;
        }
        return;
    case ATTR_COMMUNITIES:
        summary_add_communities(summary, item);
        return;
    case ATTR_ORIGINATOR_ID:
        summary->facts |= ATTR_HAS_ORIGINATOR_ID;
        return;
    case ATTR_CLUSTER_LIST:
        return;
    case ATTR_OTC:
        summary->facts |= ATTR_HAS_OTC;
        return;
    default:
        if ((item->flags & (ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE)) == ATTR_FLAG_OPTIONAL)
            summary->facts |= ATTR_HAS_NON_TRANSITIVE;
    }
}

void attr_summary_init(struct attr_summary *summary)
{
    *summary =
        (struct attr_summary){.local_pref = LOCAL_PREF_DEFAULT, .facts = ATTR_PATH_EMPTY, .origin = ORIGIN_INCOMPLETE};
}

void attr_block_of_summed(const uint8_t *bytes, uint32_t length, const struct attr_summary *summary,
                          struct attr_block *block)
{
    *block =
        (struct attr_block){.bytes = bytes, .length = length, .hash = hash_bytes(bytes, length), .summary = *summary};
}

void attr_block_of(const uint8_t *bytes, uint32_t length, struct attr_block *block)
{
    struct attr_summary summary;
    struct cursor cursor = cursor_of(bytes, length);
    struct attr_item item;
    attr_summary_init(&summary);
    while (attr_next(&cursor, &item))
        attr_summary_add(&summary, &item);
    attr_block_of_summed(bytes, length, &summary, block);
}

/* What length a value has in canonical form, where the rest of the program relies on it. */
static const struct value_size {
    uint8_t type;
    uint16_t minimum;
    uint16_t maximum;
    uint16_t unit; /* a multiple of this */
} value_sizes[] = {
    {ATTR_ORIGIN, 1, 1, 1},
    {ATTR_MED, 4, 4, 4},
    {ATTR_LOCAL_PREF, 4, 4, 4},
    {ATTR_ATOMIC_AGGREGATE, 0, 0, 1},
    {ATTR_AGGREGATOR, 8, 8, 8},
    {ATTR_COMMUNITIES, 4, UINT16_MAX, 4},
    {ATTR_ORIGINATOR_ID, 4, 4, 4},
    {ATTR_CLUSTER_LIST, 4, UINT16_MAX, 4},
    {ATTR_EXT_COMMUNITIES, 8, UINT16_MAX, 8},
    {ATTR_IPV6_EXT_COMMUNITIES, 20, UINT16_MAX, 20},
    {ATTR_LARGE_COMMUNITIES, 12, UINT16_MAX, 12},
    {ATTR_OTC, 4, 4, 4},
};

static int check_value(const struct attr_item *item, struct err *err)
{
    for (unsigned i = 0; i < ARRAY_LEN(value_sizes); i++) {
        const struct value_size *size = &value_sizes[i];
        if (item->type == size->type &&
            (item->length < size->minimum || item->length > size->maximum || item->length % size->unit))
            return err_set(err, E_INVALID, "attribute %u: a length of %u", item->type, item->length);
    }
    switch (item->type) {
    case ATTR_ORIGIN:
        if (item->value[0] > ORIGIN_INCOMPLETE)
            return err_set(err, E_INVALID, "ORIGIN %u is not known", item->value[0]);
        return 0;
    case ATTR_NEXT_HOP:
        if (item->length != 4 && item->length != 16 && item->length != 32)
            return err_set(err, E_INVALID, "next hop of %u octets", item->length);
        return 0;
    case ATTR_AS_PATH: {
        struct cursor path = cursor_of(item->value, item->length);
        struct as_segment segment;
        while (as_segment_next(&path, &segment))
            ;
        return path.failed ? err_set(err, E_INVALID, "AS_PATH is malformed") : 0;
    }
    case ATTR_MP_REACH:
    case ATTR_MP_UNREACH:
    case ATTR_AS4_PATH:
    case ATTR_AS4_AGGREGATOR:
        return err_set(err, E_INVALID, "attribute %u does not belong into a canonical block", item->type);
    default:
        return 0;
    }
}

int attr_block_check(const uint8_t *bytes, uint32_t length, struct err *err)
{
    if (length > ATTR_BLOCK_MAX)
        return err_set(err, E_INVALID, "%u bytes of attributes, at most %d are allowed", length, ATTR_BLOCK_MAX);
    struct cursor cursor = cursor_of(bytes, length);
    struct attr_item item;
    int last_type = -1;
    while (attr_next(&cursor, &item)) {
        if (item.type <= last_type)
            return err_set(err, E_INVALID, "attribute %u after %d", item.type, last_type);
        if (item.flags & 0x0F)
            return err_set(err, E_INVALID, "attribute %u: reserved flag bits 0x%02x", item.type, item.flags);
        if (item.flags & ATTR_FLAG_EXTENDED_LENGTH && item.length <= UINT8_MAX)
            return err_set(err, E_INVALID, "attribute %u: extended length for %u octets", item.type, item.length);
        int result = check_value(&item, err);
        if (result < 0)
            return result;
        last_type = item.type;
    }
    return cursor.failed ? err_set(err, E_INVALID, "attributes end early, after attribute %d", last_type) : 0;
}

void attr_put(struct buf *buf, uint8_t flags, uint8_t type, const void *value, uint16_t length)
{
    bool extended = length > UINT8_MAX;
    unsigned header = extended ? 4 : 3;
    uint8_t *to = buf_extend(buf, header + length);
    if (!to)
        return;
    to[0] = (uint8_t)((flags & 0xE0) | (extended ? ATTR_FLAG_EXTENDED_LENGTH : 0));
    to[1] = type;
    if (extended) {
        to[2] = (uint8_t)(length >> 8);
        to[3] = (uint8_t)length;
    } else {
        to[2] = (uint8_t)length;
    }
    if (length)
        memcpy(to + header, value, length);
}

static bool is_touched(const struct attr_edit *edit, uint8_t type)
{
    return edit->touched[type / 64] >> (type % 64) & 1;
}

static void touch_type(struct attr_edit *edit, uint8_t type)
{
    edit->touched[type / 64] |= (uint64_t)1 << (type % 64);
}

void attr_edit_init(struct attr_edit *edit, const uint8_t *bytes, uint32_t length)
{
    edit->bytes = bytes;
    edit->item_count = 0;
    edit->change_count = 0;
    memset(edit->touched, 0, sizeof(edit->touched));
    struct cursor cursor = cursor_of(bytes, length);
    while (edit->item_count < ATTR_TYPES && attr_next(&cursor, &edit->items[edit->item_count]))
        touch_type(edit, edit->items[edit->item_count++].type);
    const struct attr_item *last = edit->items + edit->item_count - 1;
    edit->end = edit->item_count > 0 ? last->value + last->length : bytes;
}

const struct attr_item *attr_edit_find(const struct attr_edit *edit, uint8_t type)
{
    for (uint32_t i = 0; i < edit->item_count && is_touched(edit, type); i++) {
        if (edit->items[i].type == type)
            return &edit->items[i];
    }
    return NULL;
}

/* The changes are kept in the order of their types, so that finish is a merge. */
static struct attr_item *edit_slot(struct attr_edit *edit, uint8_t type)
{
    uint32_t at = edit->change_count;
    while (at > 0 && edit->changes[at - 1].type >= type)
        at--;
    if (at < edit->change_count && edit->changes[at].type == type)
        return &edit->changes[at];
    CHECK(edit->change_count < ATTR_EDIT_MAX);
    for (uint32_t i = edit->change_count++; i > at; i--)
        edit->changes[i] = edit->changes[i - 1];
    return &edit->changes[at];
}

void attr_edit_set(struct attr_edit *edit, uint8_t flags, uint8_t type, const void *value, uint16_t length)
{
    static const uint8_t nothing;
    touch_type(edit, type);
    *edit_slot(edit, type) =
        (struct attr_item){.flags = flags, .type = type, .length = length, .value = length ? value : &nothing};
}

void attr_edit_remove(struct attr_edit *edit, uint8_t type)
{
    if (is_touched(edit, type))
        *edit_slot(edit, type) = (struct attr_item){.type = type};
}

void attr_edit_remove_types(struct attr_edit *edit, uint64_t types)
{
    for (types &= edit->touched[0]; types != 0; types &= types - 1)
        attr_edit_remove(edit, (uint8_t)__builtin_ctzll(types));
}

/* Where the attribute with this index begins, or the last one ends. */
static const uint8_t *item_start(const struct attr_edit *edit, uint32_t index)
{
    return index < edit->item_count ? attr_item_start(&edit->items[index]) : edit->end;
}

/* What stands between two changes is copied in one piece. */
void attr_edit_finish(const struct attr_edit *edit, struct buf *out)
{
    const uint8_t *run = edit->bytes; /* start of what is still to be copied as it is */
    uint32_t at = 0;
    for (uint32_t i = 0; i < edit->change_count; i++) {
        const struct attr_item *change = &edit->changes[i];
        while (at < edit->item_count && edit->items[at].type < change->type)
            at++;
        const uint8_t *stop = item_start(edit, at);
        buf_put(out, run, (size_t)(stop - run));
        if (change->value)
            attr_put(out, change->flags, change->type, change->value, change->length);
        bool replaces = at < edit->item_count && edit->items[at].type == change->type;
        run = replaces ? item_start(edit, ++at) : stop;
    }
    buf_put(out, run, (size_t)(edit->end - run));
}

bool attr_block_next_hop(const uint8_t *bytes, uint32_t length, struct addr *next_hop, struct addr *link_local)
{
    struct attr_item item;
    *next_hop = *link_local = (struct addr){.kind = ADDR_NONE};
    if (!attr_find(bytes, length, ATTR_NEXT_HOP, &item))
        return false;
    switch (item.length) {
    case 4:
        *next_hop = addr_from_bytes(ADDR_IPV4, item.value);
        return true;
    case 32:
        *link_local = addr_from_bytes(ADDR_IPV6, item.value + 16);
        /* fall through */
    case 16:
        *next_hop = addr_from_bytes(ADDR_IPV6, item.value);
        return true;
    default:
        return false;
    }
}
