/* Policies as text, in the lines of GoBGP's client. */
#pragma once

#include "cli/cli.h"
#include "gobgp.pb-c.h"

/* One statement, its lines behind `indent` blanks. */
void statement_show(struct cli *cli, const Apipb__Statement *statement, int indent);

/* "Name P:" and its statements. */
void policy_show(struct cli *cli, const Apipb__Policy *policy, int indent);

/* Two columns below `heading`: the name on the first line of each set, a member on every line. */
void defined_sets_show(struct output *out, const Apipb__DefinedSet *const *sets, size_t count, const char *heading);
