/* One speaker under test on the test's own thread, with session threads, against a world of small speakers that share
 * one loop on a thread of their own; real TCP on loopback (127.77.0.0/16), internal BGP, the speaker a reflector.
 *
 * Everything is a wait for a condition with a bound; the speaker's loop turns only inside these waits.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "control/internal.h"

enum {
    WORLD_MARKERS = 0x0AFF0000, /* 10.255.0.0/16: not in digests */
    WORLD_NODES = 5,
    WORLD_ROUTES = 400, /* of each node alone */
    WORLD_SHARED = 100, /* of all nodes, the same prefixes */
    WORLD_AS = 64512,
    WORLD_BOUND_S = 120, /* for anything: machines may be slow, sanitizers are */
};

struct world_node {
    struct control *control;
    struct addr addr;
    uint32_t number;
};

struct world {
    struct loop *loop; /* the speaker's */
    struct control *speaker;
    struct addr addr;
    uint16_t port;

    pthread_t thread;
    struct loop *node_loop;
    struct world_node nodes[WORLD_NODES];
};

struct world_options {
    unsigned threads;
    uint32_t ring_bytes;    /* 0: the default */
    uint64_t log_cap_bytes; /* 0: the default */
    uint16_t hold_time_s;   /* 0: the default */
    const char *password;   /* NULL: none */
    bool without_nodes;
};

void world_start(struct world *world, const struct world_options *options);
void world_end(struct world *world); /* without ceremony */
void world_end_nodes(struct world *world);

/* Runs on the nodes' thread, waited for. */
void world_run(struct world *world, void (*run)(struct world *world, void *context), void *context);
void node_start(struct world *world, struct world_node *node, const char *password); /* there */
void node_end(struct world_node *node);                                              /* there */
/* Announces all its routes as of `round`; of an odd round a third is withdrawn instead. */
void node_announce(struct world_node *node, uint32_t round);

/* The speaker's neighbour at `addr`. */
void world_add_peer(struct world *world, const struct addr *addr, const struct world_options *options);
void world_delete_peer(struct world *world, const struct addr *addr);
struct peer_name world_name(const struct addr *addr);

void world_turn_for(struct world *world, int64_t ms);
void world_until(struct world *world, const char *what, bool (*done)(struct world *world, void *context),
                 void *context);
void world_until_settled(struct world *world); /* all sessions up, every node and the speaker have the last of all */

/* The Loc-RIB as a number: the same set of paths gives the same digest. */
struct table_digest {
    uint64_t sum;
    uint64_t paths;
    uint64_t destinations;
};
struct table_digest control_digest(struct control *control);
struct world_digest {
    struct table_digest speaker, nodes[WORLD_NODES];
};
void world_digest(struct world *world, struct world_digest *digest);

void local_route(struct control *control, uint32_t prefix, uint32_t next_hop, uint32_t med, unsigned communities);
void local_withdraw(struct control *control, uint32_t prefix);
