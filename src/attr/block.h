/* The canonical attribute block: how a set of path attributes looks everywhere between two sessions.
 *
 * It is the wire form, made unique, so that equality is memcmp and output is mostly a copy:
 *  - attributes in order of type code, each once;
 *  - the shortest header (extended length only when needed), reserved flag bits clear;
 *  - AS_PATH and AGGREGATOR with 4-octet AS numbers, AS4_* merged away (RFC 6793 4.2.3);
 *  - MP_REACH_NLRI and MP_UNREACH_NLRI taken out; the next hop, whatever the family, stands in one NEXT_HOP
 *    attribute (type 3) of 4, 16 or 32 octets (32: global and link-local, RFC 2545).
 * A block in this form is called canonical; attr_block_check holds it against these rules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/bgp.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"
#include "net/addr.h"

enum { ATTR_BLOCK_MAX = 65000 }; /* bytes; more is treated as withdraw */

/* Facts a block is asked for again and again, found in one pass. */
enum {
    ATTR_HAS_MED = 1 << 0,
    ATTR_HAS_LOCAL_PREF = 1 << 1,
    ATTR_HAS_ORIGINATOR_ID = 1 << 2,
    ATTR_HAS_OTC = 1 << 3,
    ATTR_NO_EXPORT = 1 << 4,
    ATTR_NO_ADVERTISE = 1 << 5,
    ATTR_NO_EXPORT_SUBCONFED = 1 << 6,
    ATTR_NO_PEER = 1 << 7,
    ATTR_LLGR_STALE = 1 << 8,
    ATTR_NO_LLGR = 1 << 9,
    ATTR_GRACEFUL_SHUTDOWN = 1 << 10,
    ATTR_BLACKHOLE = 1 << 11,
    ATTR_PATH_HAS_SET = 1 << 12, /* AS_SET or AS_CONFED_SET */
    ATTR_PATH_HAS_CONFED = 1 << 13,
    ATTR_HAS_NON_TRANSITIVE = 1 << 14, /* an optional non-transitive one besides MED, ORIGINATOR_ID, CLUSTER_LIST */
    ATTR_PATH_EMPTY = 1 << 15,         /* no segment at all, or no AS_PATH */
};

/* Confederation segments count for nothing here (RFC 5065 5.3): path_length 0 says that nothing else is in the path,
 * so that its origin is our own AS (RFC 6811 2). */
struct attr_summary {
    uint32_t local_pref;  /* LOCAL_PREF_DEFAULT if absent */
    uint32_t med;         /* 0 if absent */
    uint32_t neighbor_as; /* first AS of the path; 0 if empty or starting with a set */
    uint32_t origin_as;   /* last AS of the path; 0 if empty or ending in a set */
    uint16_t path_length; /* RFC 4271 9.1.2.2 (a): a set counts 1, confederation segments 0 */
    uint16_t facts;       /* ATTR_HAS_... */
    uint8_t origin;       /* ORIGIN_INCOMPLETE if absent */
};

/* A canonical block on its way into a store. The bytes are the maker's. */
struct attr_block {
    const uint8_t *bytes;
    uint32_t length;
    uint64_t hash; /* hash_bytes of the bytes */
    struct attr_summary summary;
};

/* Fills hash and summary from canonical bytes. */
void attr_block_of(const uint8_t *bytes, uint32_t length, struct attr_block *block);
/* The same where somebody has walked over the attributes anyway, and summed them up (below) on the way. */
void attr_block_of_summed(const uint8_t *bytes, uint32_t length, const struct attr_summary *summary,
                          struct attr_block *block);

/* Are these bytes canonical? For tests, fuzzing and input that did not come through wire/. 0 or E_INVALID. */
int attr_block_check(const uint8_t *bytes, uint32_t length, struct err *err);

struct attr_item {
    uint8_t flags;
    uint8_t type;
    uint16_t length;
    const uint8_t *value;
};

/* The next attribute of a canonical block, in order; false at the end. Also reads non-canonical sequences; on a
 * broken one the cursor is left failed. */
static inline bool attr_next(struct cursor *cursor, struct attr_item *item)
{
    const uint8_t *at = cursor->at;
    size_t left = cursor_left(cursor);
    if (left == 0)
        return false;
    size_t header = *at & ATTR_FLAG_EXTENDED_LENGTH ? 4 : 3;
    if (likely(left >= header)) {
        item->flags = at[0];
        item->type = at[1];
        item->length = header == 3 ? at[2] : load_u16(at + 2);
        item->value = at + header;
        if (likely(left - header >= item->length)) {
            cursor->at += header + item->length;
            return true;
        }
    }
    cursor_fail(cursor);
    return false;
}

/* Where the attribute begins that attr_next found. */
static inline const uint8_t *attr_item_start(const struct attr_item *item)
{
    return item->value - (item->flags & ATTR_FLAG_EXTENDED_LENGTH ? 4 : 3);
}

void attr_summary_init(struct attr_summary *summary);
/* Each attribute of the block to be, its AS numbers of 4 octets; in any order. */
void attr_summary_add(struct attr_summary *summary, const struct attr_item *item);

/* False: `item` holds nothing of use. */
__attribute__((warn_unused_result)) bool attr_find(const uint8_t *bytes, uint32_t length, uint8_t type,
                                                   struct attr_item *item);

/* Appends one attribute with the shortest header. */
void attr_put(struct buf *buf, uint8_t flags, uint8_t type, const void *value, uint16_t length);

/* Editing: a few attributes replaced or removed, the rest copied, order kept. At most ATTR_EDIT_MAX changes, a later
 * change of the same type replaces the earlier one. Values are borrowed until finish. The block is walked once, at the
 * start. */
enum { ATTR_TYPES = 256, ATTR_EDIT_MAX = 16 };

struct attr_edit {
    const uint8_t *bytes;
    const uint8_t *end; /* of the last attribute */
    uint32_t item_count;
    uint32_t change_count;
    uint64_t touched[ATTR_TYPES / 64];       /* types that are there or are being changed, as bits */
    struct attr_item items[ATTR_TYPES];      /* of the block; only `item_count` of them are set */
    struct attr_item changes[ATTR_EDIT_MAX]; /* value NULL = remove */
};

void attr_edit_init(struct attr_edit *edit, const uint8_t *bytes, uint32_t length);
/* The attribute as it stands in the block, whatever is to become of it; NULL: it is not there. */
const struct attr_item *attr_edit_find(const struct attr_edit *edit, uint8_t type);
void attr_edit_set(struct attr_edit *edit, uint8_t flags, uint8_t type, const void *value, uint16_t length);
void attr_edit_remove(struct attr_edit *edit, uint8_t type);
/* All of a set of types below 64, as bits. Much is removed to be on the safe side, and hardly ever there. */
void attr_edit_remove_types(struct attr_edit *edit, uint64_t types);
void attr_edit_finish(const struct attr_edit *edit, struct buf *out);

/* The next hop of a canonical block: kind, and the link-local companion if there is one (else ADDR_NONE). */
bool attr_block_next_hop(const uint8_t *bytes, uint32_t length, struct addr *next_hop, struct addr *link_local);
