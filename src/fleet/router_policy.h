/* The policies of the fleet on a router: what a server is told, and what is taken from it.
 *
 *     export   a server whose session has the default route is told 0.0.0.0/0 (or ::/0); no server anything else
 *     import   from a project's servers, only what is in the project's prefixes
 *
 * They stand beside whatever else the router's operator has set up: every name begins with "fleet-", every statement
 * names the fleet's servers and no other neighbor. What there is is read, compared with what should be, and only the
 * difference is changed; so a restart of anybody changes nothing.
 */
#pragma once

#include "fleet/router.h"

struct router_policy;

struct router_policy *router_policy_new(struct router *router);
void router_policy_free(struct router_policy *policy); /* NULL is fine */

/* The router is followed, or something has changed that policies depend on. Legs become `policed` when it is done. */
void router_policy_sync(struct router_policy *policy);
void router_policy_stop(struct router_policy *policy); /* the router is not followed any more */
