/* Sessions that are watched. */
#pragma once

#include "cli/cli.h"

/* Lists what is at `path` ("/v1/sessions?..."), then goes on: what changes is shown as it does, until interrupted. On a
 * terminal the list is drawn anew; elsewhere each change is a line. `events` is the query of the events ("&project=..."
 * or ""). `one`: there is one session, which is shown with its legs. */
int fleet_session_watch(struct cli *cli, const char *path, const char *events, bool one);
