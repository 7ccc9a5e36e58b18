/* What several commands want to know of a neighbor. */
#pragma once

#include "cli/cli.h"
#include "gobgp.pb-c.h"

/* One neighbor by address or interface, in the command's arena; its `conf` and `state` are there. NULL: the error is
 * noted ("not found neighbor X"). */
Apipb__Peer *neighbor_find(struct cli *cli, const char *name, bool with_advertised);

int neighbor_must_be_established(struct cli *cli, const char *name);
