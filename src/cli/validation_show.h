/* godwit neighbor ADDRESS adj-in PREFIX validation: what the RPKI says about the routes of one prefix. */
#pragma once

#include "cli/cli.h"
#include "gobgp.pb-c.h"

/* One entry for each AS the prefix is said to come from, in GoBGP's words. 0, or E_INVALID with the error noted. */
int validation_show(struct cli *cli, const Apipb__Destination *destination);
