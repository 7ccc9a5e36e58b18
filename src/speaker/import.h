/* Import: what is done to a route before the RIB sees it. Once per UPDATE, whatever the number of prefixes. */
#pragma once

#include "rib/rib.h"
#include "speaker/peer.h"
#include "wire/update.h"

/* An UPDATE is about to be decoded: what its first prefixes need is asked of memory, which takes about as long. */
void import_update_ahead(struct peer *peer, const uint8_t *body, size_t length);

/* Takes one validated UPDATE of an established peer into the RIBs. */
void import_update(struct peer *peer, const struct update *update);

/* What import makes of a set as received, policies aside; with a reference. 0: the store is full. */
attr_id import_attributes(const struct peer *peer, struct rib *rib, attr_id received);

/* Judges again a path that is there already (soft reset, changed options): the reason to reject it today, policies
 * aside. */
enum path_reject import_judge(const struct peer *peer, const uint8_t *attrs, uint32_t length, uint16_t facts);
