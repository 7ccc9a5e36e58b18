/* What several commands want to know of a neighbor. */
#pragma once

#include "cli/cli.h"
#include "cli/show.h"
#include "gobgp.pb-c.h"

/* One neighbor by address or interface, in the command's arena; its `conf` and `state` are there. NULL: the error is
 * noted ("not found neighbor X"). */
Apipb__Peer *neighbor_find(struct cli *cli, const char *name, bool with_advertised);

int neighbor_must_be_established(struct cli *cli, const char *name);

struct peer_counts {
    uint64_t received;
    uint64_t accepted;
    uint64_t advertised;
};

/* Summed over its families, or of one. */
void peer_counts(const Apipb__Peer *peer, enum family_id family, struct peer_counts *counts);

/* Its AS number, "*" if not known yet. Room for 16. */
const char *peer_asn_text(const Apipb__Peer *peer, char *text);
