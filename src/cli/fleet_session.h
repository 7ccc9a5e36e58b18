/* How sessions are shown. */
#pragma once

#include "cli/fleet_show.h"

extern const struct fleet_list fleet_session_list; /* rows of /v1/sessions */

/* One, with its legs. */
int fleet_session_show(struct cli *cli, const struct json_node *session);
