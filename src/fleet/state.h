/* What a session is, from what its legs are. Pure.
 *
 * A leg is a session on one router; its state is what that router says. Unknown is not down: it means that nobody
 * could be asked, or that nobody has answered yet.
 */
#pragma once

#include <stdbool.h>

enum leg_state {
    LEG_UNKNOWN,
    LEG_UP,
    LEG_DOWN,
    LEG_STATE_COUNT,
};

enum fleet_state {
    FLEET_DISABLED, /* there is no session */
    FLEET_UNKNOWN,  /* nobody can tell */
    FLEET_UP,       /* with every router */
    FLEET_PARTIAL,  /* with some */
    FLEET_DOWN,     /* with none, and at least one says so */
    FLEET_STATE_COUNT,
};

enum fleet_state fleet_state_of(const unsigned legs[LEG_STATE_COUNT]); /* how many legs are in each state */

const char *leg_state_name(enum leg_state state); /* "up", ... */
enum leg_state leg_state_parse(const char *name); /* what is no name is unknown */
const char *fleet_state_name(enum fleet_state state);
bool fleet_state_parse(const char *name, enum fleet_state *state);
