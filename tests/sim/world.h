/* One speaker under test among puppets, and the model it is compared with. Everything follows from a seed. */
#pragma once

#include "puppet.h"

#include "control/control.h"
#include "control/internal.h"

enum peer_presence {
    PEER_ABSENT,   /* not configured at the speaker */
    PEER_DISABLED, /* admin down at the speaker */
    PEER_STOPPED,  /* its own side is down */
    PEER_ON,
};

/* What a seed is about. */
struct world_options {
    uint32_t seed;
    unsigned peer_count;
    unsigned prefix_count;
    bool ipv6;
    bool settles; /* every step arrives before the next: ages are known */
    bool marks;   /* routes carry who announced them */
    bool add_path;
    bool restless;        /* sessions come and go, peers ask for refreshes */
    bool tiny;            /* caps and buffers small enough to be felt */
    unsigned clients_pct; /* of the external peers, how many are route server clients; 100: all peers are */
    unsigned padding_pct; /* how many routes have long attributes */
};

struct world {
    struct world_options options;
    struct loop *loop;
    struct memory_net *net;
    struct control *control;
    struct control_watch *watch;
    struct model model;
    struct puppet puppets[MODEL_PEERS]; /* from 1 on */
    enum peer_presence presence[MODEL_PEERS];
    uint64_t random;
    uint32_t peers_made;
    /* What the watcher of best paths was told. */
    struct {
        bool there;
        struct addr neighbor;
    } watched[MODEL_FAMILIES][MODEL_PREFIXES];
    uint64_t watch_errors;
    /* Of the whole run, to see that it was about something. */
    uint64_t catch_ups, announced, withdrawn, duplicates;
};

uint32_t world_random(struct world *world, uint32_t below);
bool world_chance(struct world *world, unsigned percent);

void world_init(struct world *world, uint32_t seed);
void world_release(struct world *world);

void world_add_peer(struct world *world, unsigned number); /* with a new random configuration */
void world_delete_peer(struct world *world, unsigned number);
struct peer_name world_peer_name(const struct world *world, unsigned number);

void world_settle(struct world *world); /* everything that takes no time */
void world_pass_ms(struct world *world, int64_t ms);
void world_quiet(struct world *world); /* everybody reads, everybody who should be up is up, nothing moves */

/* At a quiet point. */
void world_check(struct world *world);
void world_check_empty(struct world *world);
