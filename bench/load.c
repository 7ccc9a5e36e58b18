/* The load generator: senders that write a table's precomputed UPDATEs, receivers that know exactly which prefixes
 * they have, and the accounts of the process under test.
 *
 *   bench-load --target ADDRESS [--port N] --pid PID --senders N --receivers N --prefixes N --name NAME
 *
 * Sender i speaks from 198.18.1.i with AS 65100+i, receiver i from 198.18.2.i with AS 65300+i; the addresses must
 * exist. All sessions come up first; then the clock starts. It stops when every receiver has every prefix; then the
 * first sender's session is closed, and the clock runs again until the receivers have what is left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/table.h"

enum {
    BUFFER_BYTES = 1 << 20,
    WRITE_BYTES = 256 * 1024,
    SLOTS = 1 << 24,
    SESSIONS_MAX = 2048,
    GIVE_UP_S = 600,
};

struct peer {
    int fd;
    bool sender;
    bool open; /* KEEPALIVE seen */
    uint32_t as;
    const uint8_t *out;
    size_t out_left;
    uint8_t *in;
    size_t in_length;
    uint64_t *have; /* bit per /24 */
    uint32_t have_count;
    uint64_t announced, withdrawn, updates, bytes;
};

struct accounts {
    double user_s, system_s;
    long peak_kb;
};

static struct peer peers[SESSIONS_MAX];
static unsigned peer_count;
static uint8_t *expected_length; /* by /24 */

static void fail(const char *what)
{
    fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void read_accounts(int pid, struct accounts *accounts)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        fail(path);
    fclose(file);
    sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    accounts->user_s = (double)user / (double)sysconf(_SC_CLK_TCK);
    accounts->system_s = (double)system / (double)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        sscanf(line, "VmHWM: %ld", &accounts->peak_kb);
    if (file != NULL)
        fclose(file);
}

static void write_all(int fd, const void *bytes, size_t length)
{
    if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
        fail("send");
}

static void send_open(const struct peer *peer, uint32_t id)
{
    uint8_t open[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                      0,    45,   1,    4,    0,    0,    0x0E, 0x10, 0,    0,    0,    0,    16,   2,    14,   1,
                      4,    0,    1,    0,    1,    65,   4,    0,    0,    0,    0,    2,    0};
    open[20] = (uint8_t)(peer->as >> 8);
    open[21] = (uint8_t)peer->as;
    open[41] = open[20];
    open[42] = open[21];
    memcpy(open + 24, &id, 4);
    write_all(peer->fd, open, sizeof(open));
}

static void connect_peer(struct peer *peer, const char *target, uint16_t port, uint32_t local)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(local)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, target, &to.sin_addr);
    double limit = now_s() + 30;
    for (;;) {
        peer->fd = socket(AF_INET, SOCK_STREAM, 0);
        int one = 1;
        setsockopt(peer->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (bind(peer->fd, (struct sockaddr *)&from, sizeof(from)) != 0)
            fail("bind");
        if (connect(peer->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
            break;
        close(peer->fd);
        if (now_s() > limit)
            fail("connect");
        usleep(20000);
    }
    peer->in = malloc(BUFFER_BYTES);
    send_open(peer, htonl(local));
}

static void note_prefix(struct peer *peer, uint32_t address, uint8_t length, bool there)
{
    uint32_t slot = address >> 8;
    uint64_t bit = 1ull << (slot & 63);
    if (expected_length[slot] != length) {
        fprintf(stderr, "bench-load: unexpected prefix %08x/%u\n", address, length);
        exit(1);
    }
    bool had = peer->have[slot >> 6] & bit;
    if (there && !had) {
        peer->have[slot >> 6] |= bit;
        peer->have_count++;
    } else if (!there && had) {
        peer->have[slot >> 6] &= ~bit;
        peer->have_count--;
    }
}

static uint32_t take_nlri(struct peer *peer, const uint8_t *at, const uint8_t *end, bool there)
{
    uint32_t count = 0;
    for (; at < end; count++) {
        uint8_t length = *at++;
        uint32_t address = 0;
        for (unsigned i = 0; i < (length + 7u) / 8; i++)
            address |= (uint32_t)*at++ << (24 - 8 * i);
        note_prefix(peer, address, length, there);
    }
    return count;
}

static void take_update(struct peer *peer, const uint8_t *body, size_t length)
{
    size_t withdrawn = (size_t)body[0] << 8 | body[1];
    size_t attributes = (size_t)body[2 + withdrawn] << 8 | body[3 + withdrawn];
    peer->updates++;
    peer->withdrawn += take_nlri(peer, body + 2, body + 2 + withdrawn, false);
    peer->announced += take_nlri(peer, body + 4 + withdrawn + attributes, body + length, true);
}

static void take_message(struct peer *peer, const uint8_t *message, size_t length)
{
    static const uint8_t keepalive[19] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0,    19,   4};
    switch (message[18]) {
    case 1:
        write_all(peer->fd, keepalive, sizeof(keepalive));
        break;
    case 2:
        if (!peer->sender)
            take_update(peer, message + 19, length - 19);
        break;
    case 3:
        fprintf(stderr, "bench-load: NOTIFICATION %u/%u\n", message[19], message[20]);
        exit(1);
    case 4:
        peer->open = true;
        break;
    default:
        break;
    }
}

static void read_peer(struct peer *peer)
{
    ssize_t got = recv(peer->fd, peer->in + peer->in_length, BUFFER_BYTES - peer->in_length, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        fail("session lost");
    peer->in_length += (size_t)got;
    peer->bytes += (uint64_t)got;
    size_t at = 0;
    while (peer->in_length - at >= 19) {
        size_t length = (size_t)peer->in[at + 16] << 8 | peer->in[at + 17];
        if (peer->in_length - at < length)
            break;
        take_message(peer, peer->in + at, length);
        at += length;
    }
    memmove(peer->in, peer->in + at, peer->in_length - at);
    peer->in_length -= at;
}

static void write_peer(struct peer *peer)
{
    size_t length = peer->out_left < WRITE_BYTES ? peer->out_left : WRITE_BYTES;
    ssize_t sent = send(peer->fd, peer->out, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        fail("send");
    if (sent > 0) {
        peer->out += sent;
        peer->out_left -= (size_t)sent;
    }
}

static void turn(void)
{
    static struct pollfd polls[SESSIONS_MAX];
    for (unsigned i = 0; i < peer_count; i++)
        polls[i] = (struct pollfd){.fd = peers[i].fd, .events = (short)(POLLIN | (peers[i].out_left ? POLLOUT : 0))};
    if (poll(polls, peer_count, 1000) < 0)
        fail("poll");
    for (unsigned i = 0; i < peer_count; i++) {
        if (polls[i].revents & (POLLIN | POLLHUP | POLLERR))
            read_peer(&peers[i]);
        if (peers[i].out_left > 0 && polls[i].revents & POLLOUT)
            write_peer(&peers[i]);
    }
}

static bool all_open(void)
{
    for (unsigned i = 0; i < peer_count; i++)
        if (!peers[i].open)
            return false;
    return true;
}

static bool all_have(uint32_t count)
{
    for (unsigned i = 0; i < peer_count; i++)
        if (!peers[i].sender && peers[i].have_count != count)
            return false;
    return true;
}

static void until_have(uint32_t count, const char *what)
{
    double limit = now_s() + GIVE_UP_S;
    while (!all_have(count)) {
        if (now_s() > limit) {
            fprintf(stderr, "bench-load: %s: not within %d s\n", what, GIVE_UP_S);
            exit(1);
        }
        turn();
    }
}

struct options {
    const char *target;
    const char *name;
    uint16_t port;
    int pid;
    unsigned senders, receivers;
    uint32_t prefixes;
};

static void read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"target", 1, NULL, 't'},   {"port", 1, NULL, 'p'},
                                          {"pid", 1, NULL, 'i'},      {"senders", 1, NULL, 's'},
                                          {"receivers", 1, NULL, 'r'}, {"prefixes", 1, NULL, 'n'},
                                          {"name", 1, NULL, 'm'},     {NULL, 0, NULL, 0}};
    *options = (struct options){.target = "198.18.0.1", .name = "?", .port = 179, .senders = 1, .receivers = 1};
    options->prefixes = 1000000;
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 't': options->target = optarg; break;
        case 'm': options->name = optarg; break;
        case 'p': options->port = (uint16_t)strtoul(optarg, NULL, 10); break;
        case 'i': options->pid = (int)strtol(optarg, NULL, 10); break;
        case 's': options->senders = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': options->receivers = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'n': options->prefixes = (uint32_t)strtoul(optarg, NULL, 10); break;
        default: exit(2);
        }
    }
    if (options->pid <= 0 || options->senders + options->receivers > SESSIONS_MAX) {
        fprintf(stderr, "bench-load: --pid is missing, or more than %d sessions\n", SESSIONS_MAX);
        exit(2);
    }
}

static void start_peers(const struct options *options)
{
    for (unsigned i = 0; i < options->senders + options->receivers; i++) {
        struct peer *peer = &peers[peer_count++];
        bool sender = i < options->senders;
        unsigned number = sender ? i : i - options->senders;
        *peer = (struct peer){.sender = sender, .as = (sender ? 65100 : 65300) + number};
        if (!sender)
            peer->have = calloc(SLOTS / 64, 8);
        connect_peer(peer, options->target, options->port, (sender ? 0xC6120101 : 0xC6120201) + number);
    }
    double limit = now_s() + 60;
    while (!all_open() && now_s() < limit)
        turn();
    if (!all_open())
        fail("not every session came up");
    usleep(300000);
}

static void report(const struct options *options, const char *phase, double wall_s, const struct accounts *before,
                   const struct accounts *after)
{
    uint64_t announced = 0, updates = 0, bytes = 0;
    for (unsigned i = 0; i < peer_count; i++) {
        announced += peers[i].sender ? 0 : peers[i].announced + peers[i].withdrawn;
        updates += peers[i].sender ? 0 : peers[i].updates;
        bytes += peers[i].sender ? 0 : peers[i].bytes;
    }
    printf("{\"name\":\"%s\",\"phase\":\"%s\",\"wall_s\":%.3f,\"user_s\":%.2f,\"system_s\":%.2f,\"peak_mb\":%.1f,"
           "\"prefixes_out\":%llu,\"updates_out\":%llu,\"bytes_out\":%llu}\n",
           options->name, phase, wall_s, after->user_s - before->user_s, after->system_s - before->system_s,
           (double)after->peak_kb / 1024, (unsigned long long)announced, (unsigned long long)updates,
           (unsigned long long)bytes);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct options options;
    struct table table;
    struct accounts before, after;
    read_options(argc, argv, &options);
    table_init(&table, options.prefixes);
    expected_length = calloc(SLOTS, 1);
    for (uint32_t i = 0; i < table.count; i++)
        expected_length[table.addresses[i] >> 8] = table.lengths[i];
    start_peers(&options);
    for (unsigned i = 0; i < options.senders; i++) {
        uint32_t updates;
        peers[i].out = table_stream(&table, i, peers[i].as, 0xC6120101 + i, &peers[i].out_left, &updates);
    }
    read_accounts(options.pid, &before);
    double start = now_s();
    until_have(table.count, "announce");
    read_accounts(options.pid, &after);
    report(&options, "announce", now_s() - start, &before, &after);
    before = after;
    start = now_s();
    close(peers[0].fd);
    peers[0] = peers[--peer_count];
    until_have(options.senders > 1 ? table.count : 0, "sender gone");
    read_accounts(options.pid, &after);
    report(&options, "sender gone", now_s() - start, &before, &after);
    table_release(&table);
    return 0;
}
