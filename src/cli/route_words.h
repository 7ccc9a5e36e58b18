/* A route as people type it: "10.0.0.0/24 nexthop 192.0.2.1 community 65000:1 ...". */
#pragma once

#include "cli/command.h"
#include "gobgp.pb-c.h"

/* The family is that of -a. Allocated in the command's arena. NULL: the error is noted, with the usage. */
Apipb__Path *route_from_words(struct cli *cli, const struct command *command, const struct words *words);

/* The extended community words at the end of a route ("rt 65000:1 color 100"). One attribute or none; E_INVALID with
 * the error noted. */
int ext_communities_from_words(struct cli *cli, const struct words *words, Google__Protobuf__Any **attr);

/* "65000:1", "192.0.2.1:1", "1.0:1". NULL: not one of them. */
Google__Protobuf__Any *rd_from_text(struct cli *cli, const char *text);
