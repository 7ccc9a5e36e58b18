/* UPDATEs as neighbors write them: a table's, in advance, or single changes. */
#pragma once

#include "bench/table.h"

enum stream_packing {
    STREAM_PACKED, /* as many prefixes in a message as share attributes and fit */
    STREAM_SINGLE, /* one prefix in a message */
    STREAM_UNIQUE, /* one prefix in a message, and no two with equal attributes */
};

enum {
    BENCH_TARGET_AS = 65000,
    BENCH_SENDER_AS = 10001, /* of the first; the others follow */
    BENCH_RECEIVER_AS = 20001,
    BENCH_CLIENT_AS = 30001,
    /* A community TICK_MARK:n says that the route changed in tick n. */
    BENCH_TICK_MARK = 64999,
    CONTROLLED_MAX = 8,
};

/* Who speaks. */
struct voice {
    uint32_t number; /* of the speaker, from 0; decides about paths and communities */
    uint32_t as;
    uint8_t next_hop[16];
    bool internal;          /* a session within the AS: no AS number of its own, LOCAL_PREF */
    bool best;              /* its paths are the shortest */
    uint32_t controlled_of; /* clients of the route server among which some sets are controlled; 0: none */
};

/* To whom a route server may pass on a set: to the listed ones only, or to all but these. */
struct control {
    bool only;
    uint32_t count; /* 0: to all */
    uint32_t clients[CONTROLLED_MAX];
};
struct control control_of(const struct voice *voice, uint32_t set);
bool control_allows(const struct control *control, uint32_t client);

struct stream {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    uint64_t updates;
};

void stream_release(struct stream *stream);

/* The prefixes of one set; `tick` 0 leaves the mark out. */
void stream_put_set(struct stream *stream, const struct table *table, const struct voice *voice, uint32_t set,
                    enum stream_packing packing, uint32_t tick);
void stream_withdraw_set(struct stream *stream, const struct table *table, uint32_t set);

/* Every set, in the table's order. */
void stream_put_table(struct stream *stream, const struct table *table, const struct voice *voice,
                      enum stream_packing packing);
