/* Counts of a table, the global one or a neighbor's. */
#pragma once

#include "cli/cli.h"
#include "gobgp.pb-c.h"

int rib_summary(struct cli *cli, Apipb__TableType table, const char *name, enum family_id preset);
