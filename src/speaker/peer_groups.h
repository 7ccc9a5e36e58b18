/* A peer's membership in update groups: finding or making the group whose rules are this peer's. */
#pragma once

#include "speaker/export.h"
#include "speaker/peer.h"

/* The rules for telling this established peer routes of a family. */
void peer_export_rules(const struct peer *peer, enum family_id family, struct export_rules *rules);

void peer_group_join(struct peer *peer, enum family_id family);
/* To the group of the rules it has now; it is told everything again. */
void peer_group_move(struct peer *peer, enum family_id family);
void peer_group_leave(struct peer *peer, enum family_id family);
void peer_group_retell(struct peer *peer, enum family_id family); /* everything, as after ROUTE-REFRESH */
