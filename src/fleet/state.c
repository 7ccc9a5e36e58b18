#include "fleet/state.h"

#include <string.h>

static const char *const leg_names[LEG_STATE_COUNT] = {"unknown", "up", "down"};
static const char *const session_names[FLEET_STATE_COUNT] = {"disabled", "unknown", "up", "partial", "down"};

enum fleet_state fleet_state_of(const unsigned legs[LEG_STATE_COUNT])
{
    unsigned others = legs[LEG_DOWN] + legs[LEG_UNKNOWN];
    if (legs[LEG_UP] > 0)
        return others > 0 ? FLEET_PARTIAL : FLEET_UP;
    return legs[LEG_DOWN] > 0 ? FLEET_DOWN : FLEET_UNKNOWN;
}

const char *leg_state_name(enum leg_state state)
{
    return leg_names[state];
}

enum leg_state leg_state_parse(const char *name)
{
    for (unsigned i = 0; i < LEG_STATE_COUNT; i++) {
        if (strcmp(name, leg_names[i]) == 0)
            return i;
    }
    return LEG_UNKNOWN;
}

const char *fleet_state_name(enum fleet_state state)
{
    return session_names[state];
}

bool fleet_state_parse(const char *name, enum fleet_state *state)
{
    for (unsigned i = 0; i < FLEET_STATE_COUNT; i++) {
        if (strcmp(name, session_names[i]) == 0) {
            *state = i;
            return true;
        }
    }
    return false;
}
