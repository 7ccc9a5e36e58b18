/* Next hops against the kernel's routes (RFC 4271 9.1.2.1), where `godwit.next-hop-tracking` asks for it. */
#pragma once

#include "base/err.h"
#include "net/prefix.h"
#include "rib/next_hops.h"

struct speaker;
struct next_hop_tracking;

/* Where answers come from: the kernel, or what a test says. */
struct next_hop_source {
    void (*look)(void *context, const struct addr *next_hop, struct next_hop_state *state);
    void *context;
};

/* Before the tables are opened. Nothing where tracking is off. */
int next_hop_tracking_start(struct speaker *speaker, struct err *err);
void next_hop_tracking_stop(struct speaker *speaker);                                 /* when the tables are closed */
void next_hop_tracking_open(struct speaker *speaker, struct rib *rib);                /* a new table */
void next_hop_tracking_changed(struct speaker *speaker, const struct prefix *prefix); /* NULL: anything */
/* Why it cannot be reached: "there is no route to it". */
const char *next_hop_tracking_why(struct speaker *speaker, const struct addr *next_hop);
