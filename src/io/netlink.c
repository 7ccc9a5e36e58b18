/* See netlink.h. */
#include "io/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    READ_BYTES = 32 * 1024, /* as large as a message of a dump becomes */
    READS_PER_TURN = 16,
    WATCH_BUFFER_BYTES = 4 * 1024 * 1024,
    ANSWER_LIMIT_S = 1,
};

struct netlink_watch {
    struct loop_watch watch;
    const struct netlink_watch_ops *ops;
    void *context;
    int fd;
};

struct read_buffer {
    _Alignas(struct nlmsghdr) uint8_t bytes[READ_BYTES];
};

static int open_socket(struct err *err)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct timeval limit = {.tv_sec = ANSWER_LIMIT_S}; /* nobody waits so long; nor for ever */
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&kernel, sizeof(kernel)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0)
        return fd;
    err_set(err, E_IO, "no netlink socket: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

int netlink_open(struct netlink *netlink, struct err *err)
{
    *netlink = (struct netlink){.fd = open_socket(err)};
    return netlink->fd < 0 ? E_IO : E_OK;
}

void netlink_close(struct netlink *netlink)
{
    if (netlink->fd >= 0)
        close(netlink->fd);
    netlink->fd = -1;
}

/* Watching --------------------------------------------------------------------------------------------------------- */

static void read_events(struct loop_watch *base, unsigned events)
{
    static const char key;
    struct netlink_watch *watch = container_of(base, struct netlink_watch, watch);
    struct read_buffer *buffer = loop_local(base->loop, &key, sizeof(*buffer));
    for (unsigned reads = 0; reads < READS_PER_TURN; reads++) {
        ssize_t got = recv(watch->fd, buffer->bytes, sizeof(buffer->bytes), MSG_DONTWAIT | MSG_TRUNC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno != ENOBUFS)
            return;
        if (got < 0 || (size_t)got > sizeof(buffer->bytes)) {
            watch->ops->lost(watch->context);
            continue;
        }
        size_t left = (size_t)got;
        for (const struct nlmsghdr *message = (void *)buffer->bytes; NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left))
            watch->ops->message(watch->context, message);
    }
}

struct netlink_watch *netlink_watch_new(struct loop *loop, const unsigned *groups, unsigned count,
                                        const struct netlink_watch_ops *ops, void *context, struct err *err)
{
    int fd = open_socket(err);
    if (fd < 0)
        return NULL;
    for (unsigned i = 0; i < count; i++) {
        if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) == 0)
            continue;
        err_set(err, E_IO, "netlink group %u: %s", groups[i], strerror(errno));
        close(fd);
        return NULL;
    }
    int bytes = WATCH_BUFFER_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)); /* what does not fit is `lost`, and asked again */
    struct netlink_watch *watch = mem_zalloc(MEM_OTHER, sizeof(*watch));
    *watch = (struct netlink_watch){.ops = ops, .context = context, .fd = fd};
    loop_watch_init(&watch->watch, loop, fd, read_events);
    loop_watch_want(&watch->watch, LOOP_READ);
    return watch;
}

void netlink_watch_free(struct netlink_watch *watch)
{
    if (watch == NULL)
        return;
    loop_watch_stop(&watch->watch);
    close(watch->fd);
    mem_free(MEM_OTHER, watch);
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

/* One datagram of an answer. 1: that was the end; 0: more comes; negative: the kernel's word. */
static int take_answer(const struct read_buffer *buffer, size_t left, const struct nlmsghdr *request,
                       void (*answer)(void *context, const struct nlmsghdr *message), void *context)
{
    bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    for (const struct nlmsghdr *message = (const void *)buffer->bytes; NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_seq != request->nlmsg_seq)
            continue; /* of a question that was given up */
        if (message->nlmsg_type == NLMSG_DONE)
            return 1;
        if (message->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *error = NLMSG_DATA(message);
            return error->error != 0 ? error->error : 1;
        }
        if (answer != NULL)
            answer(context, message);
        if (!dump)
            return 1;
    }
    return 0;
}

int netlink_ask(struct netlink *netlink, struct nlmsghdr *request,
                void (*answer)(void *context, const struct nlmsghdr *message), void *context)
{
    struct read_buffer buffer;
    request->nlmsg_flags |= NLM_F_REQUEST;
    request->nlmsg_seq = ++netlink->sequence;
    if (send(netlink->fd, request, request->nlmsg_len, 0) < 0)
        return -errno;
    for (;;) {
        ssize_t got = recv(netlink->fd, buffer.bytes, sizeof(buffer.bytes), MSG_TRUNC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if ((size_t)got > sizeof(buffer.bytes))
            return -EMSGSIZE;
        int result = take_answer(&buffer, (size_t)got, request, answer, context);
        if (result != 0)
            return result > 0 ? 0 : result;
    }
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

const struct rtattr *netlink_attribute(const struct nlmsghdr *message, size_t fixed, unsigned short type)
{
    size_t header = NLMSG_LENGTH(fixed);
    if (message->nlmsg_len < header)
        return NULL;
    size_t left = message->nlmsg_len - NLMSG_ALIGN(header);
    const struct rtattr *attribute = (const void *)((const uint8_t *)message + NLMSG_ALIGN(header));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
    }
    return NULL;
}

uint32_t netlink_u32(const struct rtattr *attribute, uint32_t otherwise)
{
    uint32_t value;
    if (attribute == NULL || RTA_PAYLOAD(attribute) != sizeof(value))
        return otherwise;
    memcpy(&value, RTA_DATA(attribute), sizeof(value));
    return value;
}

void netlink_add(struct nlmsghdr *request, size_t room, unsigned short type, const void *value, size_t length)
{
    size_t at = NLMSG_ALIGN(request->nlmsg_len);
    CHECK(at + RTA_LENGTH(length) <= room);
    struct rtattr *attribute = (void *)((uint8_t *)request + at);
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(length);
    memcpy(RTA_DATA(attribute), value, length);
    request->nlmsg_len = (uint32_t)(at + attribute->rta_len);
}
