/* See kernel_routes.h.
 *
 * No copy of the kernel's tables: each address is asked for when it matters (RTM_GETROUTE with RTM_F_FIB_MATCH tells
 * the route that matches, not the one made for the packet), and asked for again when a change may concern it. The
 * kernel does not tell of IPv4 routes that go with their interface or address, so changes of those concern everybody.
 */
#include "io/kernel_routes.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/netlink.h"

struct kernel_routes {
    struct netlink_watch *watch;
    struct netlink netlink;
    void (*changed)(void *context, const struct prefix *prefix);
    void *context;
};

static enum addr_kind kind_of(uint8_t family)
{
    return family == AF_INET ? ADDR_IPV4 : family == AF_INET6 ? ADDR_IPV6 : ADDR_NONE;
}

/* The prefix a route is for; false if it is none that packets to others take. */
static bool route_prefix(const struct nlmsghdr *message, struct prefix *prefix)
{
    const struct rtmsg *route = NLMSG_DATA(message);
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) || kind_of(route->rtm_family) == ADDR_NONE ||
        (route->rtm_flags & RTM_F_CLONED))
        return false;
    const uint8_t none[16] = {0};
    const struct rtattr *destination = netlink_attribute(message, sizeof(*route), RTA_DST);
    size_t bytes = route->rtm_family == AF_INET ? 4 : 16;
    if (destination != NULL && RTA_PAYLOAD(destination) != bytes)
        return false;
    struct addr addr = addr_from_bytes(kind_of(route->rtm_family), destination != NULL ? RTA_DATA(destination) : none);
    *prefix = prefix_make(&addr, route->rtm_dst_len);
    return true;
}

static void on_message(void *context, const struct nlmsghdr *message)
{
    const struct kernel_routes *routes = context;
    struct prefix prefix;
    if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE)
        routes->changed(routes->context, NULL);
    else if (route_prefix(message, &prefix))
        routes->changed(routes->context, &prefix);
}

static void on_lost(void *context)
{
    const struct kernel_routes *routes = context;
    routes->changed(routes->context, NULL);
}

struct kernel_routes *kernel_routes_new(struct loop *loop, void (*changed)(void *context, const struct prefix *prefix),
                                        void *context, struct err *err)
{
    static const unsigned groups[] = {RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK,      RTNLGRP_IPV4_IFADDR,
                                      RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_RULE,  RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP};
    static const struct netlink_watch_ops ops = {.message = on_message, .lost = on_lost};
    struct kernel_routes *routes = mem_zalloc(MEM_OTHER, sizeof(*routes));
    routes->changed = changed;
    routes->context = context;
    routes->netlink.fd = -1;
    routes->watch = netlink_watch_new(loop, groups, ARRAY_LEN(groups), &ops, routes, err);
    if (routes->watch != NULL && netlink_open(&routes->netlink, err) == E_OK)
        return routes;
    kernel_routes_free(routes);
    return NULL;
}

void kernel_routes_free(struct kernel_routes *routes)
{
    if (routes == NULL)
        return;
    netlink_watch_free(routes->watch);
    netlink_close(&routes->netlink);
    mem_free(MEM_OTHER, routes);
}

static void read_route(void *context, const struct nlmsghdr *message)
{
    struct kernel_route *answer = context;
    const struct rtmsg *route = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(*route)))
        return;
    answer->metric = netlink_u32(netlink_attribute(message, sizeof(*route), RTA_PRIORITY), 0);
    if (route->rtm_type == RTN_LOCAL || route->rtm_type == RTN_ANYCAST || route->rtm_type == RTN_BROADCAST)
        answer->kind = KERNEL_ROUTE_OWN;
    else if (route->rtm_type != RTN_UNICAST)
        answer->kind = KERNEL_ROUTE_FORBIDDEN;
    else if (route->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
        answer->kind = KERNEL_ROUTE_DOWN;
    else
        answer->kind = route->rtm_dst_len == 0 ? KERNEL_ROUTE_DEFAULT : KERNEL_ROUTE_USABLE;
}

struct kernel_route kernel_route_to(struct kernel_routes *routes, const struct addr *addr)
{
    struct kernel_route answer = {.kind = KERNEL_ROUTE_NONE};
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        uint8_t attributes[64];
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)), .nlmsg_type = RTM_GETROUTE},
        .route = {.rtm_family = addr->kind == ADDR_IPV4 ? AF_INET : AF_INET6,
                  .rtm_dst_len = (uint8_t)addr_bits(addr),
                  .rtm_flags = RTM_F_FIB_MATCH},
    };
    netlink_add(&request.header, sizeof(request), RTA_DST, addr->bytes, addr_bits(addr) / 8);
    int result = netlink_ask(&routes->netlink, &request.header, read_route, &answer);
    /* Of IPv4's forbidding routes the kernel tells what they say, not the routes. */
    if (result == -EHOSTUNREACH || result == -EACCES || result == -EINVAL)
        answer.kind = KERNEL_ROUTE_FORBIDDEN;
    return answer;
}
