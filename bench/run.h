/* One run of the generator against one daemon: options, neighbors, and the phases it goes through. */
#pragma once

#include "bench/accounts.h"
#include "bench/net.h"
#include "bench/witness.h"

/* Numbers are all of one type: load.c's table of options sets them by their offsets. */
struct run_options {
    char *target, *name, *phases;
    char *table; /* a file of real prefixes; NULL: made up */
    unsigned port;
    unsigned pid;
    unsigned senders, receivers, clients;
    unsigned prefixes; /* of clients: of each */
    unsigned overlap;  /* percent of a client's prefixes that the one before it announces too */
    unsigned dying;
    unsigned rate; /* changed prefixes a second */
    unsigned seconds;
    unsigned limit_s;
    unsigned hold_time_s;
    unsigned buffer_bytes;
    enum stream_packing packing;
    bool controlled; /* some of the clients' sets may go to some clients only */
    bool ipv6, internal;
    bool best;   /* the first sender's paths are the shortest */
    bool marked; /* every receiver keeps marks, and changes told again do not count as delayed */
};

struct run {
    struct run_options options;
    struct bench bench;
    struct peer *peers;
    unsigned peer_count;
    struct net net;
    struct accounts accounts;
    struct stream *streams;  /* by peer */
    struct witness *witness; /* NULL: there can be none */
    uint64_t timed_from_ns;  /* interruptions before do not count */
    unsigned dead;           /* the first so many are gone */
    uint32_t tick;
    uint32_t *set_ticks; /* by set: of its last change */
};

struct result {
    double wall_s;
    struct usage before, after;
    struct peer_counts counts;
    double generator_s; /* CPU-seconds of our own */
    uint64_t missing, surplus;
    unsigned lost;
    bool timed; /* run.bench.times says something */
    uint64_t changes;
    uint64_t away_ns; /* the longest time the generator itself did not look */
};

struct phase {
    const char *name;
    void (*run)(struct run *run, struct result *result);
};
extern const struct phase phases[];
extern const unsigned phase_count;

/* Which prefixes a client must have, given who is there; for each that says so. */
void run_expect(struct run *run);
