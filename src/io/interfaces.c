/* See interfaces.h. */
#include "io/interfaces.h"

#include <ifaddrs.h>
#include <stdbool.h>
#include <string.h>

static struct addr addr_of(const struct ifaddrs *entry)
{
    if (entry->ifa_addr == NULL)
        return (struct addr){0};
    if (entry->ifa_addr->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)entry->ifa_addr;
        return addr_from_bytes(ADDR_IPV4, &ipv4->sin_addr);
    }
    if (entry->ifa_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)entry->ifa_addr;
        return addr_from_bytes(ADDR_IPV6, &ipv6->sin6_addr);
    }
    return (struct addr){0};
}

static void take(struct interface_addresses *companions, const struct addr *addr)
{
    struct addr *place = addr->kind == ADDR_IPV4    ? &companions->ipv4
                         : addr->kind != ADDR_IPV6  ? NULL
                         : addr_is_link_local(addr) ? &companions->link_local
                         : addr_is_loopback(addr)   ? NULL
                                                    : &companions->ipv6;
    if (place != NULL && place->kind == ADDR_NONE)
        *place = *addr;
}

void interface_addresses_of(const struct addr *local, struct interface_addresses *companions)
{
    struct ifaddrs *list;
    *companions = (struct interface_addresses){0};
    if (getifaddrs(&list) != 0)
        return;
    const char *name = NULL;
    for (const struct ifaddrs *entry = list; entry != NULL && name == NULL; entry = entry->ifa_next) {
        struct addr addr = addr_of(entry);
        if (addr_equal(&addr, local))
            name = entry->ifa_name;
    }
    for (const struct ifaddrs *entry = list; entry != NULL && name != NULL; entry = entry->ifa_next) {
        struct addr addr = addr_of(entry);
        if (strcmp(entry->ifa_name, name) == 0)
            take(companions, &addr);
    }
    freeifaddrs(list);
}
