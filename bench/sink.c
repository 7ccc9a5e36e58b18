/* The null target: a daemon that decides nothing. It holds sessions and passes every UPDATE on to everybody who did not
 * send it, byte for byte. What the generator reaches against it is the ceiling of all its figures.
 *
 *   bench-sink PORT
 *
 * One log of all that came in; each neighbor is a place in it. Only the framing is looked at. (A neighbor from the
 * addresses of senders only, 198.18.16.0/20 and fd18::1:0/112, is told nothing: its own table would come back tenfold.)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

enum {
    NEIGHBORS_MAX = 8192,
    BLOCKS_MAX = 1 << 20,
    READ_BYTES = 256 * 1024,
    KEPT_BYTES = 65536,
    EVENTS_MAX = 256,
    HEADER_BYTES = 19,
    BENCH_AS = 65000,
};

static const size_t log_bytes_max = 64ull << 30;

struct block {
    size_t start, end;
    uint32_t source;
};

struct neighbor {
    int fd;
    bool sender;
    uint8_t kept[KEPT_BYTES];
    size_t kept_length;
    uint32_t block; /* to be told next, */
    size_t offset;  /* from here */
};

static uint8_t *log_bytes;
static size_t log_length;
static struct block *blocks;
static uint32_t block_count;
static struct neighbor *neighbors[NEIGHBORS_MAX];
static uint32_t neighbor_count;
static int epoll;

static void say(struct neighbor *neighbor, const uint8_t *message, size_t length)
{
    uint8_t bytes[128];
    memset(bytes, 0xFF, 16);
    bytes[16] = 0;
    bytes[17] = (uint8_t)(16 + 2 + length);
    memcpy(bytes + 18, message, length);
    if (send(neighbor->fd, bytes, 18 + length, MSG_NOSIGNAL) < 0)
        return;
}

static void answer_open(struct neighbor *neighbor)
{
    static const uint8_t open[] = {1,
                                   4,
                                   BENCH_AS >> 8,
                                   BENCH_AS & 0xFF,
                                   14,
                                   16,
                                   198,
                                   18,
                                   0,
                                   1,
                                   22,
                                   2,
                                   20,
                                   1,
                                   4,
                                   0,
                                   1,
                                   0,
                                   1,
                                   1,
                                   4,
                                   0,
                                   2,
                                   0,
                                   1,
                                   65,
                                   4,
                                   0,
                                   0,
                                   BENCH_AS >> 8,
                                   BENCH_AS & 0xFF,
                                   2,
                                   0};
    static const uint8_t keepalive[] = {4};
    say(neighbor, open, sizeof(open));
    say(neighbor, keepalive, sizeof(keepalive));
}

static void keep(uint32_t source, const uint8_t *message, size_t length)
{
    CHECK(log_length + length <= log_bytes_max && block_count < BLOCKS_MAX);
    struct block *last = block_count ? &blocks[block_count - 1] : NULL;
    if (last == NULL || last->source != source)
        *(last = &blocks[block_count++]) = (struct block){.start = log_length, .end = log_length, .source = source};
    memcpy(log_bytes + log_length, message, length);
    log_length += length;
    last->end = log_length;
}

static void digest(uint32_t index, const uint8_t *bytes, size_t length)
{
    struct neighbor *neighbor = neighbors[index];
    size_t done = 0;
    while (length - done >= HEADER_BYTES) {
        const uint8_t *message = bytes + done;
        size_t size = (size_t)message[16] << 8 | message[17];
        CHECK(size >= HEADER_BYTES);
        if (length - done < size)
            break;
        if (message[18] == 1)
            answer_open(neighbor);
        else if (message[18] == 2)
            keep(index, message, size);
        done += size;
    }
    neighbor->kept_length = length - done;
    CHECK(neighbor->kept_length <= KEPT_BYTES);
    memcpy(neighbor->kept, bytes + done, neighbor->kept_length);
}

static void read_all(uint32_t index)
{
    static uint8_t buffer[KEPT_BYTES + READ_BYTES];
    struct neighbor *neighbor = neighbors[index];
    for (;;) {
        memcpy(buffer, neighbor->kept, neighbor->kept_length);
        ssize_t got = recv(neighbor->fd, buffer + neighbor->kept_length, READ_BYTES, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0)
            break;
        digest(index, buffer, neighbor->kept_length + (size_t)got);
    }
    close(neighbor->fd);
    neighbor->fd = -1;
}

static void tell(uint32_t index)
{
    struct neighbor *neighbor = neighbors[index];
    while (neighbor->fd >= 0 && !neighbor->sender && neighbor->block < block_count) {
        const struct block *block = &blocks[neighbor->block];
        if (neighbor->offset < block->start)
            neighbor->offset = block->start;
        if (block->source == index || neighbor->offset == block->end) {
            if (neighbor->block + 1 == block_count && block->source != index)
                return;
            neighbor->block++;
            continue;
        }
        ssize_t sent = send(neighbor->fd, log_bytes + neighbor->offset, block->end - neighbor->offset,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        neighbor->offset += (size_t)sent;
    }
}

static void accept_one(int listener)
{
    struct sockaddr_in6 from;
    socklen_t length = sizeof(from);
    int fd = accept(listener, (struct sockaddr *)&from, &length);
    if (fd < 0)
        return;
    CHECK(neighbor_count < NEIGHBORS_MAX);
    struct neighbor *neighbor = calloc(1, sizeof(*neighbor));
    CHECK(neighbor != NULL);
    neighbor->fd = fd;
    neighbor->block = block_count ? block_count - 1 : 0;
    const uint8_t *octets = from.sin6_addr.s6_addr;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&from.sin6_addr);
    neighbor->sender = mapped ? octets[14] >> 4 == 1 : octets[13] == 1;
    neighbors[neighbor_count] = neighbor;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = neighbor_count++};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int one = 1, off = 0, fd = socket(AF_INET6, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* of those it accepts too */
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 1024) != 0) {
        fprintf(stderr, "bench-sink: port %u: %s\n", port, strerror(errno));
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    int listener = listen_on(argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 179);
    log_bytes = mmap(NULL, log_bytes_max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    blocks = calloc(BLOCKS_MAX, sizeof(*blocks));
    epoll = epoll_create1(0);
    CHECK(log_bytes != MAP_FAILED && blocks != NULL && epoll >= 0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        size_t before = log_length;
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == UINT32_MAX)
                accept_one(listener);
            else if (neighbors[events[i].data.u32]->fd >= 0 && events[i].events & EPOLLIN)
                read_all(events[i].data.u32);
        }
        for (int i = 0; i < count && log_length == before; i++)
            if (events[i].data.u32 != UINT32_MAX)
                tell(events[i].data.u32);
        for (uint32_t i = 0; i < neighbor_count && log_length > before; i++)
            tell(i);
    }
}
