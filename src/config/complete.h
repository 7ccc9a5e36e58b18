/* What no single key can say: values that follow from others, and what must not be said together. */
#pragma once

#include "config/config.h"

/* What is wrong, and by which key below the object ("afi-safis[1].config.afi-safi-name"). */
struct problem {
    int code; /* E_INVALID, or E_UNSUPPORTED: right, but not yet supported */
    char key[CONFIG_NAME_MAX];
    char text[CONFIG_DESCRIPTION_MAX];
};

/* Each completes its object in place: 0, or negative and the problem. They take values as said: a hold time of 0 is
 * none, where config.h's own functions for the API take it as not said. */
int global_finish(struct global_config *global, struct problem *problem);
int peer_group_finish(struct peer_group_config *group, const struct global_config *global, struct problem *problem);
int neighbor_finish(struct neighbor_config *neighbor, const struct global_config *global, struct problem *problem);
int dynamic_neighbor_finish(const struct dynamic_neighbor_config *dynamic, struct problem *problem);
int rpki_server_finish(struct rpki_server_config *server, struct problem *problem);
int mrt_dump_finish(const struct mrt_dump_config *dump, struct problem *problem);
