/* Lists of paths, for ListPath and the first dump of WatchEvent. */
#pragma once

#include "api/encode_path.h"
#include "api/internal.h"

/* Whose table: `name` is a neighbor or a VRF, "" for the global one. */
int query_name(struct path_query *query, const char *name, struct err *err);

/* Sends the paths of one destination, in more than one message if they are too many for one. E_LIMIT: nothing more
 * goes into this call. */
int send_destination(struct rpc_call *call, const struct path_view *paths, size_t count, const struct path_form *form);
