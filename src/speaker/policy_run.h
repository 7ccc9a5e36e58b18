/* Policies at work: where the speaker passes routes through them.
 *
 *   import   received attributes -> [loops, roles] -> chain of the neighbor -> the path's attributes, or rejected
 *   export   what a session of that kind would be told -> chain of the neighbor told -> what it is told, or nothing
 *   change   a set, policy or assignment changes -> exactly the rows and groups it reaches are looked at again, in slices
 *
 * A chain is the global assignment and then the neighbor's own; a route server client has only its own. Import is asked
 * once per UPDATE, or, where prefixes matter, once per run of prefixes that are treated alike; export once per set of
 * attributes and group: both remember what they found (policy/memo.h).
 *
 * What an export policy makes of a route is a set of its own, complete but for what the session's encoding asks for:
 * groups with a policy carry such sets in out[], and export_attributes() copies them.
 */
#pragma once

#include "policy/evaluate.h"
#include "rib/rib.h"
#include "speaker/export.h"
#include "speaker/speaker.h"

struct peer;
struct update_group;

/* What a neighbor's routes pass. */
void policy_chain_of(const struct peer *peer, enum policy_direction direction, struct policy_chain *chain);

/* One path through a chain, as found. `attrs` comes with a reference for the caller, unless rejected (then 0). */
struct policy_outcome {
    attr_id attrs;
    bool rejected;
};
