/* What of a well-formed OPEN depends on the configured peer, and which of two connections survives. Pure. */
#pragma once

#include <stdbool.h>

#include "base/str.h"
#include "session/session.h"

/* 0, or E_INVALID with the NOTIFICATION due and a sentence in `why`. */
int open_check(const struct session_config *config, const struct open_message *remote,
               struct notification *notification, struct str *why);

/* Our OPEN for this configuration. */
void open_make(const struct session_config *config, struct open_message *open);

/* Is this peer internal? Decided by the OPEN where the peer AS is open. */
bool open_is_ibgp(const struct session_config *config, const struct open_message *remote);

/* Both outcomes of capability negotiation that depend on the configuration. */
void open_negotiate(const struct session_config *config, const struct open_message *local,
                    const struct open_message *remote, struct negotiated *negotiated);

/* How UPDATEs of this connection are to be read. */
void open_rules(const struct session_config *config, const struct open_message *remote,
                const struct negotiated *negotiated, const struct addr *local_address, struct update_rules *rules);

/* Collision (RFC 4271 6.8, RFC 6286 2.3): does the connection that we opened survive, rather than the peer's? */
bool collision_keeps_ours(const struct session_config *config, const struct open_message *remote);
