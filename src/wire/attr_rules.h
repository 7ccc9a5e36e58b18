/* What a path attribute must look like when it arrives, and what becomes of it when it does not: one row per type
 * code that we recognise. Internal to wire/, but for the names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr/block.h"
#include "wire/update.h"
#include "wire/verdict.h"

/* Whom an attribute comes from, as bits. */
enum {
    FROM_EBGP = 1 << 0,
    FROM_CONFED = 1 << 1,
    FROM_IBGP = 1 << 2,
    FROM_ANY = FROM_EBGP | FROM_CONFED | FROM_IBGP,
};

struct attr_rule {
    const char *name;
    uint8_t flags;     /* the Optional and Transitive bits it must have */
    uint8_t bad_flags; /* enum verdict if it has others (RFC 7606 3 c) */
    uint8_t malformed; /* enum verdict for a bad length or value */
    uint8_t subcode;   /* of the UPDATE Message Error for a bad value, where that resets the session */
    uint16_t length_min, length_max, length_unit;
    bool bounded;                                     /* a list of communities, under update_rules.community_max */
    uint8_t refused_from;                             /* FROM_...: discarded unread from such a peer ... */
    bool (*unless)(const struct update_rules *rules); /* ... unless this holds; NULL: always */
    /* NULL, or what is wrong with the value. Called with a length that obeys the rule. */
    const char *(*check)(const struct update_rules *rules, const struct attr_item *item);
};

/* By type; those that are not recognised have no name. */
enum { ATTR_RULE_END = ATTR_PREFIX_SID + 1 };
extern const struct attr_rule attr_rules[ATTR_RULE_END];

/* NULL if the type is not recognised. */
static inline const struct attr_rule *attr_rule_get(uint8_t type)
{
    return type < ATTR_RULE_END && attr_rules[type].name ? &attr_rules[type] : NULL;
}
