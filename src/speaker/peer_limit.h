/* Prefix limits: a warning at a share of the maximum, and at the maximum the end of the session (RFC 4486: Cease,
 * Maximum Number of Prefixes Reached), for good or for a configured time. */
#pragma once

#include "speaker/peer.h"

/* After routes of a family were taken in. May stop the session. */
void peer_limit_check(struct peer *peer, enum family_id family);
void peer_limit_restart_init(struct peer *peer);
