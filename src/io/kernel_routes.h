/* The kernel's routes, as far as somebody wants to reach an address: is there one, and how good is it? */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"
#include "net/addr.h"
#include "net/prefix.h"

enum kernel_route_kind {
    KERNEL_ROUTE_NONE,      /* no route at all */
    KERNEL_ROUTE_FORBIDDEN, /* one that says unreachable, prohibit or blackhole */
    KERNEL_ROUTE_DOWN,      /* its interface is down */
    KERNEL_ROUTE_OWN,       /* the address is one of ours */
    KERNEL_ROUTE_DEFAULT,   /* only the default route */
    KERNEL_ROUTE_USABLE,
};

struct kernel_route {
    enum kernel_route_kind kind;
    uint32_t metric; /* of the route (`ip route ... metric`); 0 is the best */
};

struct kernel_routes;

/* `changed` hears of the routes within a prefix, or (NULL) that any may have changed. */
struct kernel_routes *kernel_routes_new(struct loop *loop, void (*changed)(void *context, const struct prefix *prefix),
                                        void *context, struct err *err);
void kernel_routes_free(struct kernel_routes *routes);

/* The route that a packet to `addr` would take now. Answers at once. */
struct kernel_route kernel_route_to(struct kernel_routes *routes, const struct addr *addr);
