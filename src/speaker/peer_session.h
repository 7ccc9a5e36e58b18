/* Between a peer and its session: what the session must be told of the configuration, and what it calls back. */
#pragma once

#include "speaker/peer.h"

extern const struct link_ops peer_link_ops;

void peer_session_config(const struct peer *peer, struct session_config *config);
/* The key and options connections from this peer must come with. */
int peer_session_set_key(const struct peer *peer, bool remove, struct err *err);
/* Has the session told of the configuration as it is now. */
void peer_session_reconfigure(struct peer *peer);
/* Leaves the update groups. The families it was in: their routes are still there. */
family_set peer_leave_groups(struct peer *peer);
