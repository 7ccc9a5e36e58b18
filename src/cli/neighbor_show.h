/* `godwit neighbor X`: one neighbor at length. */
#pragma once

#include "cli/cli.h"
#include "gobgp.pb-c.h"

void neighbor_show(struct cli *cli, const Apipb__Peer *peer, enum family_id family);

/* The capabilities of both sides, those they share on one line. */
void capabilities_show(struct output *out, const Apipb__PeerState *state);
