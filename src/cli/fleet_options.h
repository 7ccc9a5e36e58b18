/* Who takes which option among the commands that speak to the fleet service: a bit for each, so that a command lists
 * exactly what it understands. */
#pragma once

#include "cli/options.h"

#define FLEET_SCOPE(number) (UINT64_C(1) << (FLEET_SCOPE_FIRST + (number)))
#define FLEET_PROJECT FLEET_SCOPE(0)
#define FLEET_ID FLEET_SCOPE(1)
#define FLEET_NAME FLEET_SCOPE(2)
#define FLEET_DEVICE FLEET_SCOPE(3)
#define FLEET_SESSION FLEET_SCOPE(4)
#define FLEET_ROUTER FLEET_SCOPE(5)
#define FLEET_ORGANIZATION FLEET_SCOPE(6)
#define FLEET_USER FLEET_SCOPE(7)
#define FLEET_METRO FLEET_SCOPE(8)
#define FLEET_BGP FLEET_SCOPE(9)    /* --asn and the like */
#define FLEET_LIMIT FLEET_SCOPE(10) /* --status, --max-prefix */
#define FLEET_HOST FLEET_SCOPE(11)  /* --hostname, --address */
#define FLEET_FAMILY FLEET_SCOPE(12)
#define FLEET_DEFAULT_ROUTE FLEET_SCOPE(13)
#define FLEET_TARGET FLEET_SCOPE(14) /* --target and the like */
#define FLEET_ASN FLEET_SCOPE(15)
#define FLEET_TOKEN FLEET_SCOPE(16) /* --kind, --scope, --expires */
#define FLEET_TEXT FLEET_SCOPE(17)  /* --description */
#define FLEET_HOLD_OFF FLEET_SCOPE(18)
#define FLEET_STATE FLEET_SCOPE(19)
#define FLEET_AFTER FLEET_SCOPE(20)
#define FLEET_WATCH FLEET_SCOPE(21)
#define FLEET_FORCE FLEET_SCOPE(22)
