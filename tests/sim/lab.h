/* A laboratory of whole speakers in one process: simulated clock, network in memory, the management interface as the
 * only handle. Always runs the same way.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/control.h"
#include "io/memory_net.h"

enum { LAB_NODES_MAX = 24 };

struct lab_node {
    struct control *control;
    struct transport *transport;
    struct addr addr;
    uint32_t as;
};

struct lab {
    struct loop *loop;
    struct memory_net *net;
    struct lab_node nodes[LAB_NODES_MAX];
    unsigned node_count;
};

void lab_init(struct lab *lab);
void lab_release(struct lab *lab);

/* Node i gets the address 10.0.0.(i + 1), router id the same, and AS `as`. */
struct lab_node *lab_node(struct lab *lab, uint32_t as, void (*adjust)(struct global_config *global));

/* Configures both ends as neighbours; `adjust` (may be NULL) sees each side before it is added. */
void lab_peer(struct lab_node *a, struct lab_node *b,
              void (*adjust)(struct neighbor_config *neighbor, const struct lab_node *self));

/* One side of that. */
void lab_neighbor(struct lab_node *self, const struct lab_node *other,
                  void (*adjust)(struct neighbor_config *neighbor, const struct lab_node *self));

/* The process is killed: its connections close without a word, and everything it knew is gone. */
void lab_kill(struct lab_node *node);
/* It is started again, without neighbors; with the control that is there, or a new one. */
void lab_start(struct lab *lab, struct lab_node *node, void (*adjust)(struct global_config *global));

/* Turns the loop until `done` says so; fails the test after `limit_s` seconds of simulated time. */
void lab_until(struct lab *lab, int limit_s, bool (*done)(void *context), void *context);
void lab_run_ms(struct lab *lab, int64_t ms);
void lab_until_established(struct lab *lab, struct lab_node *a, struct lab_node *b);

/* Adds or deletes a local route; `community` 0: none. */
void lab_announce(struct lab_node *node, const char *prefix, uint32_t med, uint32_t community);
/* The same, as it would be passed on: `as_path` is what stands behind the node's own number. */
struct lab_offer {
    const char *prefix;
    const char *as_path;
    uint32_t med, community; /* 0: none */
};
void lab_offer(struct lab_node *node, const struct lab_offer *offer);
void lab_withdraw(struct lab_node *node, const char *prefix);

/* One route of a table: its first path's view copied, attributes included. */
struct lab_route {
    struct prefix prefix;
    struct path_view view;
    uint8_t attrs[512];
};
size_t lab_routes(struct lab_node *node, enum table_type table, const struct lab_node *peer, enum family_id family,
                  struct lab_route *routes, size_t max);
bool lab_route(struct lab_node *node, enum table_type table, const struct lab_node *peer, const char *prefix,
               struct lab_route *route);
/* Turns the loop until a table has the route (`peer` NULL: the node's own table), or has not. */
struct lab_expectation {
    struct lab_node *node;
    enum table_type table;
    const struct lab_node *peer;
    const char *prefix;
    bool absent;
    const char *as_path; /* of the first path; NULL: any */
};
void lab_expect(struct lab *lab, const struct lab_expectation *expectation);
/* An attribute of one number, or one of a list of them; `otherwise` if it is not there. */
uint32_t lab_number(const struct lab_route *route, uint8_t type, unsigned index, uint32_t otherwise);
bool lab_has(const struct lab_route *route, uint8_t type);
bool lab_next_hop_is(const struct lab_route *route, const struct lab_node *node);
const char *lab_as_path(const struct lab_route *route); /* text, good until the next call */
