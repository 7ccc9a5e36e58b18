/* What the kernel knows of links, neighbours, addresses and routes, over rtnetlink: a watch hears of changes, a
 * question is answered at once (the kernel answers within the call that asks, so there is nothing to wait for).
 */
#pragma once

#include <linux/rtnetlink.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"

struct netlink_watch;

struct netlink_watch_ops {
    void (*message)(void *context, const struct nlmsghdr *message); /* one rtnetlink message, complete */
    void (*lost)(void *context); /* some were lost: whatever was heard before may have changed */
};

/* Subscribes to `count` groups (RTNLGRP_...). */
struct netlink_watch *netlink_watch_new(struct loop *loop, const unsigned *groups, unsigned count,
                                        const struct netlink_watch_ops *ops, void *context, struct err *err);
void netlink_watch_free(struct netlink_watch *watch);

/* A socket to ask with. */
struct netlink {
    int fd; /* -1: not open */
    uint32_t sequence;
};

int netlink_open(struct netlink *netlink, struct err *err);
void netlink_close(struct netlink *netlink);

/* Sends `request` (its length and type filled in) and hands each message of the answer to `answer` (may be NULL).
 * 0, or -errno as the kernel said it: -ENETUNREACH, -ENODEV. */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *request,
                void (*answer)(void *context, const struct nlmsghdr *message), void *context);

/* An attribute behind a message's fixed part of `fixed` bytes; NULL if it is not there. */
const struct rtattr *netlink_attribute(const struct nlmsghdr *message, size_t fixed, unsigned short type);
uint32_t netlink_u32(const struct rtattr *attribute, uint32_t otherwise);

/* Appends an attribute to a request in a buffer that has room for it. */
void netlink_add(struct nlmsghdr *request, size_t room, unsigned short type, const void *value, size_t length);
