/* The requests that make and unmake the fleet's policies. */
#pragma once

#include "fleet/policy_items.h"
#include "fleet/router.h"

extern const char policy_export[];       /* "fleet-export" */
extern const char policy_import[];       /* "fleet-import" */
extern const char policy_servers_set[];  /* every server */
extern const char policy_default_set[];  /* those with the default route */
extern const char policy_default_ipv4[]; /* 0.0.0.0/0 */
extern const char policy_default_ipv6[]; /* ::/0 */

/* One call that brings `first`, and whatever of `list` goes with it (members of the same set), into or out of the
 * router; marks them so. */
void policy_item_change(struct router *router, struct policy_items *list, struct policy_item *first, bool add,
                        rpc_pending_ended ended, void *context);

/* The default route of a family, originated or taken back. */
void policy_default_route(struct router *router, bool ipv6, bool originate, rpc_pending_ended ended, void *context);
/* Has the policies run again over what is there: over what the neighbor sent, and what it is told. */
void policy_run_again(struct router *router, const struct addr *neighbor, rpc_pending_ended ended, void *context);
