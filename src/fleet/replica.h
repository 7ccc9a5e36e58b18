/* Several services over one store. Each router is watched by exactly one of them, and webhooks are delivered by one:
 * whoever holds the lock of that name. Locks are renewed every few seconds and run out if they are not; so what a
 * replica did that died, another does soon after. Clocks must agree to a second or two.
 *
 * What one replica changes the others learn from two counters in the store, read four times a second: that of events,
 * and that of intent (what is wanted). A store that only one program can have open needs none of this.
 */
#pragma once

#include "fleet/service.h"

struct replica;

struct replica *replica_new(struct service *service); /* NULL: the store is not shared, everything is ours */
void replica_free(struct replica *replica);           /* lets go of its locks; NULL is fine */

/* May this one watch the router? Takes the lock if it is free. */
bool replica_takes_router(struct replica *replica, const char *router_id);
bool replica_delivers(const struct replica *replica); /* webhooks */

/* Something that others must know of was changed: within the transaction. */
void replica_intent(struct replica *replica);
