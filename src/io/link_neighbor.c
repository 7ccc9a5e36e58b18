/* See link_neighbor.h. */
#include "io/link_neighbor.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/netlink.h"

enum { HOP_LIMIT = 255 }; /* RFC 4861 6.1.2: others are dropped */

/* Looking ---------------------------------------------------------------------------------------------------------- */

struct search {
    unsigned index;
    unsigned count;
    struct addr *found;
};

static void look_at(void *context, const struct nlmsghdr *message)
{
    struct search *search = context;
    const struct ndmsg *neighbor = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWNEIGH || message->nlmsg_len < NLMSG_LENGTH(sizeof(*neighbor)))
        return;
    if ((unsigned)neighbor->ndm_ifindex != search->index ||
        (neighbor->ndm_state & (NUD_NONE | NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP)) || neighbor->ndm_state == 0)
        return;
    const struct rtattr *destination = netlink_attribute(message, sizeof(*neighbor), NDA_DST);
    if (destination == NULL || RTA_PAYLOAD(destination) != sizeof(struct in6_addr))
        return;
    struct addr addr = addr_from_bytes(ADDR_IPV6, RTA_DATA(destination));
    if (!addr_is_link_local(&addr))
        return;
    if (search->count++ == 0)
        *search->found = addr;
}

unsigned link_neighbor_find(unsigned index, struct addr *found)
{
    struct netlink netlink;
    struct search search = {.index = index, .found = found};
    struct {
        struct nlmsghdr header;
        struct ndmsg neighbor;
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)),
                   .nlmsg_type = RTM_GETNEIGH,
                   .nlmsg_flags = NLM_F_DUMP},
        .neighbor = {.ndm_family = AF_INET6},
    };
    *found = (struct addr){0};
    if (netlink_open(&netlink, NULL) < 0)
        return 0;
    netlink_ask(&netlink, &request.header, look_at, &search);
    netlink_close(&netlink);
    return search.count;
}

struct addr link_local_own(unsigned index)
{
    struct addr own = {0};
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0)
        return own;
    for (const struct ifaddrs *entry = list; entry != NULL && own.kind == ADDR_NONE; entry = entry->ifa_next) {
        const struct sockaddr_in6 *address = (const void *)entry->ifa_addr;
        if (address == NULL || address->sin6_family != AF_INET6 || address->sin6_scope_id != index)
            continue;
        struct addr addr = addr_from_bytes(ADDR_IPV6, &address->sin6_addr);
        if (addr_is_link_local(&addr))
            own = addr;
    }
    freeifaddrs(list);
    return own;
}

/* Watching --------------------------------------------------------------------------------------------------------- */

struct link_watch {
    struct netlink_watch *netlink;
    void (*changed)(void *context, unsigned index);
    void *context;
};

static void on_message(void *context, const struct nlmsghdr *message)
{
    const struct link_watch *watch = context;
    const void *body = NLMSG_DATA(message);
    size_t length = message->nlmsg_len;
    switch (message->nlmsg_type) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
        if (length >= NLMSG_LENGTH(sizeof(struct ndmsg)) && ((const struct ndmsg *)body)->ndm_family == AF_INET6)
            watch->changed(watch->context, (unsigned)((const struct ndmsg *)body)->ndm_ifindex);
        break;
    case RTM_NEWLINK:
    case RTM_DELLINK:
        if (length >= NLMSG_LENGTH(sizeof(struct ifinfomsg)))
            watch->changed(watch->context, (unsigned)((const struct ifinfomsg *)body)->ifi_index);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        if (length >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
            watch->changed(watch->context, ((const struct ifaddrmsg *)body)->ifa_index);
        break;
    }
}

static void on_lost(void *context)
{
    const struct link_watch *watch = context;
    watch->changed(watch->context, 0);
}

struct link_watch *link_watch_new(struct loop *loop, void (*changed)(void *context, unsigned index), void *context,
                                  struct err *err)
{
    static const unsigned groups[] = {RTNLGRP_NEIGH, RTNLGRP_LINK, RTNLGRP_IPV6_IFADDR};
    static const struct netlink_watch_ops ops = {.message = on_message, .lost = on_lost};
    struct link_watch *watch = mem_zalloc(MEM_OTHER, sizeof(*watch));
    watch->changed = changed;
    watch->context = context;
    watch->netlink = netlink_watch_new(loop, groups, ARRAY_LEN(groups), &ops, watch, err);
    if (watch->netlink != NULL)
        return watch;
    mem_free(MEM_OTHER, watch);
    return NULL;
}

void link_watch_free(struct link_watch *watch)
{
    if (watch == NULL)
        return;
    netlink_watch_free(watch->netlink);
    mem_free(MEM_OTHER, watch);
}

/* Announcing ourselves --------------------------------------------------------------------------------------------- */

struct advertisement {
    struct nd_router_advert router;
    struct nd_opt_hdr option; /* source link-layer address: the receiver need not ask for it */
    uint8_t link_address[6];
};

_Static_assert(sizeof(struct advertisement) == 24, "as on the wire");

static bool link_address_of(int fd, unsigned index, uint8_t address[6])
{
    struct ifreq request = {0};
    if (if_indextoname(index, request.ifr_name) == NULL || ioctl(fd, SIOCGIFHWADDR, &request) != 0)
        return false;
    memcpy(address, request.ifr_hwaddr.sa_data, 6);
    return true;
}

static int set_int(int fd, int option, int value)
{
    return setsockopt(fd, IPPROTO_IPV6, option, &value, sizeof(value));
}

static int advertise_on(int fd, unsigned index)
{
    struct advertisement message = {
        .router = {.nd_ra_type = ND_ROUTER_ADVERT}, /* lifetime 0: nobody's default router */
        .option = {.nd_opt_type = ND_OPT_SOURCE_LINKADDR, .nd_opt_len = 1},
    };
    struct sockaddr_in6 everybody = {.sin6_family = AF_INET6, .sin6_scope_id = index};
    struct addr own = link_local_own(index);
    if (own.kind == ADDR_NONE) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    struct sockaddr_storage source;
    socklen_t source_length = endpoint_to_sockaddr(&(struct endpoint){.addr = own, .scope_id = index}, &source);
    size_t length = link_address_of(fd, index, message.link_address) ? sizeof(message) : sizeof(message.router);
    memcpy(&everybody.sin6_addr, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    if (set_int(fd, IPV6_MULTICAST_HOPS, HOP_LIMIT) != 0 || set_int(fd, IPV6_MULTICAST_LOOP, 0) != 0 ||
        set_int(fd, IPV6_MULTICAST_IF, (int)index) != 0 || bind(fd, (struct sockaddr *)&source, source_length) != 0)
        return -1;
    return sendto(fd, &message, length, 0, (struct sockaddr *)&everybody, sizeof(everybody)) < 0 ? -1 : 0;
}

int router_advertise(unsigned index, struct err *err)
{
    int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    int result = fd < 0 ? -1 : advertise_on(fd, index);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    return result == 0 ? E_OK : err_set(err, E_IO, "no router advertisement: %s", strerror(reason));
}
