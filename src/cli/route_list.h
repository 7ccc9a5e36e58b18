/* The list of a table's routes. Its columns are as wide as their widest cell, and it is sorted, so it is printed when
 * it is complete; until then each route is kept as text. How it looks is a const set of functions: text or JSON. */
#pragma once

#include "cli/cli.h"
#include "gobgp.pb-c.h"

enum route_table {
    ROUTES_GLOBAL,
    ROUTES_LOCAL,
    ROUTES_ADJ_IN,
    ROUTES_ACCEPTED,
    ROUTES_REJECTED,
    ROUTES_ADJ_OUT,
};

/* `name`: the neighbor's address, "" for the global table. `words`: what narrows it ("10.0.0.0/8 longer-prefixes"). */
int route_list(struct cli *cli, enum route_table table, const char *name, enum family_id preset, int word_count,
               char **words);

/* One path as GoBGP's JSON has it; for lists and for monitor. */
struct json;
void path_json(const Apipb__Path *path, struct json *json);
