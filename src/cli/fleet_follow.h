/* Live events of the fleet service. */
#pragma once

#include "cli/fleet_call.h"

/* Each returns 0; E_EOF: enough, the command has done well; or E_* with the error noted. All may ask the service; what
 * is answered, and what is in the command's arena, lives until they return. NULL members are not called. */
struct fleet_follower {
    int (*connected)(struct cli *cli, void *context); /* the first time, and again after a loss */
    int (*event)(struct cli *cli, void *context, const struct json_node *event);
    int (*quiet)(struct cli *cli, void *context); /* after some events, none is waiting any more */
};

/* What was answered before is forgotten. Until interrupted, or nobody reads the output any more (0), or refused (E_*
 * with the error noted). `query` is of /v1/events ("&project=...", or ""); `after` is the event it begins behind, NULL:
 * with what comes next. A connection that is lost is made again and goes on where it was: nothing is missed, nothing
 * comes twice. */
int fleet_follow(struct cli *cli, const char *query, const char *after, const struct fleet_follower *follower,
                 void *context);
