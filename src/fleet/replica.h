/* Several services over one store. Each router is watched by exactly one of them, and webhooks are delivered by one:
 * whoever holds the lock of that name. Locks are renewed every few seconds and run out if they are not; so what a
 * replica did that died, another does soon after. Clocks must agree to a second or two.
 *
 * Routers are spread evenly (share.h). Who gives one up writes what he has seen of it, then lets go of the lock; who
 * takes it up reads what was written, then what the router says. A write about a router has the row of its lock in the
 * same transaction, so who lost it without knowing (he was stopped, or cut off) writes nothing any more.
 *
 * What one replica changes the others learn from counters in the store, read four times a second. A store that only
 * one program can have open needs none of this.
 */
#pragma once

#include "fleet/service.h"

struct replica;

struct replica *replica_new(struct service *service); /* NULL: the store is not shared, everything is ours */
void replica_free(struct replica *replica);           /* lets go of its locks; NULL is fine */

/* May this one watch the router? Takes the lock if it is free. */
bool replica_takes_router(struct replica *replica, const char *router_id);
bool replica_delivers(const struct replica *replica); /* webhooks; and the one who clears away what is old */

/* Something that others must know of was changed in this project (NULL or "": anywhere): within the transaction. */
void replica_intent(struct replica *replica, const char *project_id);

/* Has whoever watches the router read it again. A number to ask replica_has_read() with; 0: nobody can. */
int64_t replica_asks_to_read(struct replica *replica, const char *router_id);
bool replica_has_read(struct replica *replica, const char *router_id, int64_t number);
