/* Between a peer and its session: what the session must be told of the configuration, and what it calls back. */
#pragma once

#include "speaker/peer.h"

extern const struct link_ops peer_link_ops;

void peer_session_config(const struct peer *peer, struct session_config *config);
/* The key and options connections from this peer must come with. */
int peer_session_set_key(const struct peer *peer, bool remove, struct err *err);
/* Takes the routes away and leaves the update groups. */
void peer_routes_leave(struct peer *peer);
