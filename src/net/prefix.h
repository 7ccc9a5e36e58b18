/* IP prefixes, IPv4 and IPv6. Host bits are always zero: whoever makes a prefix masks it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "net/addr.h"

enum { PREFIX_TEXT_MAX = ADDR_TEXT_MAX + 4 };

struct prefix {
    struct addr addr;
    uint8_t length; /* bits */
};

struct prefix prefix_make(const struct addr *addr,
                          uint8_t length); /* masks; a length beyond the address's bits is cut */

/* "192.0.2.0/24". A bare address is accepted as a host prefix when `host_allowed`. Host bits set are masked off.
 * 0 or E_INVALID. */
int prefix_parse(const char *text, bool host_allowed, struct prefix *prefix);
const char *prefix_format(const struct prefix *prefix, char *text); /* room for PREFIX_TEXT_MAX; returns it */

/* The wire form of RFC 4271 4.3: length in bits, then as few octets as hold them. Trailing bits are masked.
 * On a length beyond the kind's bits or too few octets the cursor fails. */
void prefix_read(struct cursor *cursor, enum addr_kind kind, struct prefix *prefix);
unsigned prefix_write(const struct prefix *prefix, uint8_t *to); /* octets written, at most 17 */

int prefix_compare(const struct prefix *a, const struct prefix *b); /* by address, then shorter first */
bool prefix_equal(const struct prefix *a, const struct prefix *b);
bool prefix_covers(const struct prefix *outer, const struct prefix *inner); /* equal counts as covering */
