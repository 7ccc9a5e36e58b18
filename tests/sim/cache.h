/* An RPKI cache in the simulated network (RFC 8210, version 1): says its VRPs when asked, and notes what it is asked.
 */
#pragma once

#include "lab.h"
#include "wire/rtr.h"

enum { CACHE_VRPS_MAX = 16 };

struct cache {
    struct addr addr;
    struct listener *listener;
    struct stream *stream; /* NULL: nobody is there */
    struct rtr_route vrps[CACHE_VRPS_MAX];
    unsigned count;
    struct rtr_route changes[CACHE_VRPS_MAX]; /* since the serial before */
    unsigned change_count;
    uint32_t serial;
    unsigned whole, differences; /* how often it was asked for them */
    bool silent;                 /* hears and says nothing */
    struct rtr_end timing;
};

void cache_init(struct cache *cache, struct lab *lab);
void cache_release(struct cache *cache);

/* Adds a VRP, or takes it away; a new serial of that one change. Nobody is told before cache_notify. */
void cache_change(struct cache *cache, const char *prefix, unsigned max_length, uint32_t asn, bool announce);
void cache_notify(struct cache *cache);
void cache_hang_up(struct cache *cache); /* and nobody is let in any more */
