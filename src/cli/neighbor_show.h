/* `godwit neighbor X`: one neighbor at length. */
#pragma once

#include "cli/cli.h"
#include "cli/show.h"
#include "gobgp.pb-c.h"

struct peer_counts {
    uint64_t received;
    uint64_t accepted;
    uint64_t advertised;
};

/* Summed over its families, or of one. */
void peer_counts(const Apipb__Peer *peer, enum family_id family, struct peer_counts *counts);

/* Its AS number, "*" if not known yet. Room for 16. */
const char *peer_asn_text(const Apipb__Peer *peer, char *text);

void neighbor_show(struct cli *cli, const Apipb__Peer *peer, enum family_id family);

/* The capabilities of both sides, those they share on one line. */
void capabilities_show(struct output *out, const Apipb__PeerState *state);
