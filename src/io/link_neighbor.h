/* Who is at the other end of a link: the kernel's table of neighbours, for neighbours named by interface alone.
 *
 * On a point-to-point link there is one other router, and its link-local address is in the table once it said anything
 * at all. To be heard there ourselves we announce ourselves as a router (RFC 4861 4.2): that puts us into the other
 * side's table, and is what FRR waits for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"
#include "net/addr.h"

/* Link-local addresses of neighbours on interface `index`: how many there are, the first in `found`. Our own do not
 * count, nor those that did not answer. */
unsigned link_neighbor_find(unsigned index, struct addr *found);

/* The first link-local address of our own on the interface; ADDR_NONE: none that may be used yet. */
struct addr link_local_own(unsigned index);

/* Hears of changes: of neighbours on a link, of the link itself, of its addresses. `index` 0: of any. */
struct link_watch;
struct link_watch *link_watch_new(struct loop *loop, void (*changed)(void *context, unsigned index), void *context,
                                  struct err *err);
void link_watch_free(struct link_watch *watch);

/* One router advertisement to everybody on the link: that we are there, not that we are a default router. Needs
 * CAP_NET_RAW. */
int router_advertise(unsigned index, struct err *err);
