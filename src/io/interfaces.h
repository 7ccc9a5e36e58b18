/* Addresses of this machine's interfaces. */
#pragma once

#include "net/addr.h"

/* The companions of one of our own addresses: what else the interface that has it can be reached by. A next hop of
 * the other family, and the link-local address, come from here. ADDR_NONE where there is none. */
struct interface_addresses {
    struct addr ipv4;
    struct addr ipv6; /* global or unique local */
    struct addr link_local;
};

void interface_addresses_of(const struct addr *local, struct interface_addresses *companions);
