/* Graceful restart from the side that stays: what becomes of the routes of a neighbor whose session is gone
 * (RFC 4724 4.2, RFC 8538, RFC 9494). The other side, a speaker that has restarted itself, is deferral.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"
#include "net/family.h"

struct peer;

/* Where the stale routes of one neighbor and family stand. */
enum restart_phase {
    RESTART_NONE,       /* there are none */
    RESTART_AWAY,       /* the neighbor has its restart time to come back */
    RESTART_LONG_LIVED, /* that is over: kept as a last resort, for the long-lived stale time */
    RESTART_RETURNED,   /* it is back: what it does not say again until End-of-RIB goes */
};

struct restart_family {
    struct peer *peer;
    enum family_id family;
    enum restart_phase phase;
    struct loop_timer long_lived; /* goes on when the neighbor is back, until End-of-RIB (RFC 9494 4.2) */
};

/* There only while a neighbor has stale routes. */
struct peer_restart {
    struct peer *peer;
    struct wall_time since; /* when the session was lost */
    struct loop_timer away;
    struct loop_timer returned; /* how long End-of-RIB may take */
    struct restart_family families[FAMILY_COUNT];
};

/* The session is gone, and with it these families. Their routes are kept if it went `gracefully` and the neighbor asked
 * for it, and leave the table otherwise. */
void restart_session_lost(struct peer *peer, family_set families, bool gracefully);
/* The session is back; peer->negotiated is the new one. */
void restart_session_established(struct peer *peer);
void restart_end_of_rib(struct peer *peer, enum family_id family);
/* Not kept any longer, because the operator wants so: all of them, or those of families not in `but`. */
void restart_forget(struct peer *peer, family_set but);

enum restart_phase restart_phase_of(const struct peer *peer, enum family_id family);
/* Milliseconds until stale routes of this family go; 0: not known, or none. */
int64_t restart_left_ms(const struct peer *peer, enum family_id family);
