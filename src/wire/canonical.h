/* From the checked attributes of one UPDATE to the canonical block of attr/block.h. Internal to wire/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr/block.h"
#include "base/buf.h"

enum { ATTR_LIST_MAX = 256 };

/* In order of type, each type once; values point into the message. NEXT_HOP, MP_REACH and MP_UNREACH stand apart. */
struct attr_list {
    unsigned count;
    struct attr_item items[ATTR_LIST_MAX]; /* only `count` of them are set */
};

/* Puts `item` at its place. Its type is not in the list yet. */
static inline void attr_list_add(struct attr_list *list, const struct attr_item *item)
{
    unsigned at = list->count++;
    for (; at > 0 && list->items[at - 1].type > item->type; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = *item;
}

static inline const struct attr_item *attr_list_find(const struct attr_list *list, uint8_t type)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->items[i].type == type)
            return &list->items[i];
    }
    return NULL;
}

struct next_hop {
    const uint8_t *bytes;
    uint8_t length; /* 4, 16 or 32 */
};

/* Would canonical_write, for numbers that arrived with 4 octets, copy each value as it is? */
bool canonical_is_copy(const struct attr_list *list);

/* Appends the block to `scratch`, whose failure means that it is too long. `four_octet_as` says how the AS numbers
 * arrived. */
void canonical_write(const struct attr_list *list, bool four_octet_as, const struct next_hop *next_hop,
                     struct buf *scratch);
