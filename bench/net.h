/* The generator's sessions on one loop. It polls instead of sleeping in the kernel: a reader that is woken for every
 * small write costs the writer, and that would be charged to the daemon under test.
 */
#pragma once

#include "bench/peer.h"

struct net {
    struct bench *bench;
    struct peer *peers;
    unsigned count;
    int epoll;
    uint8_t *buffer;
    uint64_t last_dial_ns;
    uint64_t turned_ns, away_ns; /* when the last turn was, and the longest time from one to the next */
};

uint64_t now_ns(void);

void net_init(struct net *net, struct bench *bench, struct peer *peers, unsigned count);
void net_release(struct net *net);

/* Everything that is due now: connecting, keeping alive, writing, reading. */
void net_turn(struct net *net);

void net_speak(struct net *net, struct peer *peer, const uint8_t *bytes, size_t length);
void net_close(struct net *net, struct peer *peer); /* stays closed until its state is PEER_CONNECTING again */
void net_set_deaf(struct net *net, struct peer *peer, bool deaf);

void net_reset_away(struct net *net);

unsigned net_count(const struct net *net, enum peer_state state);
