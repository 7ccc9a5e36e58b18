/* See net.h. */
#include "bench/net.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

enum {
    READ_BYTES = 64 * 1024,
    KEPT_BYTES = 65536,
    WRITE_BYTES = 256 * 1024,
    EVENTS_MAX = 256,
    IDLE_SLEEP_US = 250,
    /* Some listen with a backlog of five. */
    DIALS_AT_ONCE = 16,
    UNDER_WAY_MAX = 128,
    DIAL_INTERVAL_NS = 10 * 1000 * 1000,
    RETRY_NS = 200 * 1000 * 1000,
};

uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void net_init(struct net *net, struct bench *bench, struct peer *peers, unsigned count)
{
    *net = (struct net){.bench = bench, .peers = peers, .count = count, .epoll = epoll_create1(0)};
    net->buffer = malloc(KEPT_BYTES + READ_BYTES);
    CHECK(net->epoll >= 0 && net->buffer != NULL);
}

void net_release(struct net *net)
{
    for (unsigned i = 0; i < net->count; i++)
        net_close(net, &net->peers[i]);
    close(net->epoll);
    free(net->buffer);
}

unsigned net_count(const struct net *net, enum peer_state state)
{
    unsigned count = 0;
    for (unsigned i = 0; i < net->count; i++)
        count += net->peers[i].state == state;
    return count;
}

void net_close(struct net *net, struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    peer->state = PEER_CLOSED;
    peer->out_left = 0;
    peer->kept_length = 0;
    peer->polled = false;
}

/* The other side or the kernel ended it. */
static void lose(struct net *net, struct peer *peer)
{
    bool up = peer->state == PEER_UP;
    net_close(net, peer);
    peer->state = up ? PEER_LOST : PEER_CONNECTING;
    peer->retry_ns = net->bench->now_ns + RETRY_NS;
}

static void watch(struct net *net, struct peer *peer, int operation)
{
    bool writes = peer->out_left > 0 || peer->state == PEER_CONNECTING;
    struct epoll_event event = {.events = (peer->deaf ? 0 : EPOLLIN) | (writes ? EPOLLOUT : 0), .data.ptr = peer};
    CHECK(epoll_ctl(net->epoll, operation, peer->fd, &event) == 0);
    peer->polled = writes;
}

void net_set_deaf(struct net *net, struct peer *peer, bool deaf)
{
    peer->deaf = deaf;
    watch(net, peer, EPOLL_CTL_MOD);
}

static void dial(struct net *net, struct peer *peer)
{
    int one = 1;
    socklen_t length = peer->local.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    peer->fd = socket(peer->local.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(peer->fd >= 0);
    setsockopt(peer->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    /* A tick's changes are to be there at once, not when the ones before are acknowledged. */
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (net->bench->buffer_bytes > 0) {
        int bytes = (int)net->bench->buffer_bytes;
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    if (bind(peer->fd, (struct sockaddr *)&peer->local, length) != 0) {
        fprintf(stderr, "bench: the address of neighbor %u is not there: %s\n", peer->voice.number, strerror(errno));
        exit(1);
    }
    if (connect(peer->fd, (struct sockaddr *)&peer->target, length) != 0 && errno != EINPROGRESS) {
        lose(net, peer);
        return;
    }
    watch(net, peer, EPOLL_CTL_ADD);
}

static void dial_due(struct net *net)
{
    uint64_t now = net->bench->now_ns;
    unsigned dialed = 0, under_way = 0;
    if (now - net->last_dial_ns < DIAL_INTERVAL_NS)
        return;
    net->last_dial_ns = now;
    for (unsigned i = 0; i < net->count; i++) {
        struct peer *peer = &net->peers[i];
        under_way += peer->fd >= 0 && peer->state != PEER_UP;
    }
    for (unsigned i = 0; i < net->count && dialed < DIALS_AT_ONCE && under_way + dialed < UNDER_WAY_MAX; i++) {
        struct peer *peer = &net->peers[i];
        if (peer->state != PEER_CONNECTING || peer->fd >= 0 || now < peer->retry_ns)
            continue;
        dial(net, peer);
        dialed++;
    }
}

static void keep_alive(struct net *net)
{
    uint64_t interval_ns = net->bench->hold_time_s * 1000000000ull / 3;
    for (unsigned i = 0; i < net->count; i++) {
        struct peer *peer = &net->peers[i];
        if (peer->state == PEER_UP && peer->out_left == 0 && net->bench->now_ns - peer->keepalive_ns > interval_ns)
            peer_send_keepalive(peer);
    }
}

static void send_some(struct peer *peer)
{
    size_t piece = peer->out_left < WRITE_BYTES ? peer->out_left : WRITE_BYTES;
    ssize_t sent = send(peer->fd, peer->out, piece, MSG_NOSIGNAL);
    if (sent > 0) {
        peer->out += sent;
        peer->out_left -= (size_t)sent;
    }
}

void net_speak(struct net *net, struct peer *peer, const uint8_t *bytes, size_t length)
{
    bool waits = peer->out_left > 0;
    peer->out = bytes;
    peer->out_left = length;
    if (peer->fd < 0 || length == 0)
        return;
    /* At once: the receivers' turns are not to be part of a change's delay. */
    if (!waits && peer->state == PEER_UP)
        send_some(peer);
    if (!peer->polled && peer->out_left > 0)
        watch(net, peer, EPOLL_CTL_MOD);
}

static void write_some(struct net *net, struct peer *peer)
{
    if (peer->state == PEER_CONNECTING) {
        int error = 0;
        socklen_t length = sizeof(error);
        getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        peer->state = PEER_OPENING;
        if (error != 0 || !peer_send_open(peer))
            lose(net, peer);
        else
            watch(net, peer, EPOLL_CTL_MOD);
        return;
    }
    if (peer->state == PEER_UP && peer->out_left > 0)
        send_some(peer);
    if (peer->out_left == 0)
        watch(net, peer, EPOLL_CTL_MOD);
}

static void keep_rest(struct peer *peer, const uint8_t *rest, size_t length)
{
    CHECK(length <= KEPT_BYTES);
    if (length > 0) {
        peer->kept = realloc(peer->kept, length);
        CHECK(peer->kept != NULL);
        memcpy(peer->kept, rest, length);
    }
    peer->kept_length = length;
}

static void read_some(struct net *net, struct peer *peer)
{
    size_t kept = peer->kept_length;
    if (kept > 0)
        memcpy(net->buffer, peer->kept, kept);
    ssize_t got = recv(peer->fd, net->buffer + kept, READ_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    peer->counts.reads++;
    ssize_t done = got <= 0 ? -1 : peer_digest(peer, net->buffer, kept + (size_t)got);
    if (done < 0)
        lose(net, peer);
    else
        keep_rest(peer, net->buffer + done, kept + (size_t)got - (size_t)done);
}

static void note_turn(struct net *net)
{
    uint64_t away_ns = net->bench->now_ns - net->turned_ns;
    net->turned_ns = net->bench->now_ns;
    net->away_ns = away_ns > net->away_ns ? away_ns : net->away_ns;
}

void net_reset_away(struct net *net)
{
    net->turned_ns = now_ns();
    net->away_ns = 0;
}

void net_turn(struct net *net)
{
    struct epoll_event events[EVENTS_MAX];
    net->bench->now_ns = now_ns();
    note_turn(net);
    dial_due(net);
    keep_alive(net);
    int count = epoll_wait(net->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        struct peer *peer = events[i].data.ptr;
        net->bench->now_ns = now_ns();
        if (peer->fd >= 0 && events[i].events & EPOLLOUT)
            write_some(net, peer);
        if (peer->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !peer->deaf)
            read_some(net, peer);
    }
    if (count <= 0)
        usleep(IDLE_SLEEP_US);
}
