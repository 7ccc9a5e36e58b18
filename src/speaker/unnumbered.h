/* Neighbours named by an interface alone: whoever is at the other end of the link (RFC 8950 gives IPv4 routes over it).
 */
#pragma once

#include "net/addr.h"

struct peer;
struct speaker;
struct unnumbered;

/* Looks for the peer on its link soon, and goes on looking. Of peers with an address: nothing. */
void unnumbered_look(struct peer *peer);
/* The peer whose link this connection came over, if it waits for its neighbour to show itself. */
struct peer *unnumbered_peer_for(struct speaker *speaker, const struct endpoint *remote);
void unnumbered_free(struct unnumbered *unnumbered);
/* What is missing, for an operator: "eth0 has no neighbor yet". Good until the next call. */
const char *unnumbered_why(const struct peer *peer, char *text, size_t room);
