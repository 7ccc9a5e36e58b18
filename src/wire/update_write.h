/* Writing UPDATE messages out of canonical blocks, as they would be on a session with 4-octet AS numbers: for whoever
 * passes on what was understood (MRT, BMP). What peers are sent is written by speaker/packer.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire/update.h"

struct update_parts {
    enum family_id family;
    const uint8_t *attrs; /* canonical; NULL: the NLRI are withdrawn */
    uint32_t attrs_length;
    const uint8_t *nlri; /* with path identifiers, if there are any */
    uint32_t nlri_length;
};

/* One whole message; false, and nothing is written, if it would be longer than a message may be (RFC 8654). */
bool update_write(struct buf *buf, const struct update_parts *parts);
/* A run of an UPDATE: withdrawn if that is what RFC 7606 made of it. */
bool update_write_run(struct buf *buf, const struct update *update, const struct nlri_run *run);

/* AFI, SAFI, next hop, reserved, NLRI: the value of MP_REACH_NLRI. */
void update_put_mp_reach(struct buf *buf, enum family_id family, const struct attr_item *next_hop, const uint8_t *nlri,
                         uint32_t nlri_length);
