/* Connections of the network in memory. Internal to io/memory_net.c. */
#pragma once

#include "io/memory_net.h"

struct memory_path {
    struct list link;
    struct addr from;
    struct addr to;
    int64_t delay_ms;
    unsigned routers;
    bool cut;
};

struct memory_net {
    struct loop *loop;
    struct list hosts;
    struct list paths;
    struct list listeners;
    struct list conns;
    size_t buffer_bytes;
};

enum segment_kind {
    SEGMENT_DATA,
    SEGMENT_FIN,
    SEGMENT_RST,
};

enum end_state {
    END_CLOSED,     /* not opened yet, or freed */
    END_CONNECTING, /* at the acceptor: nobody has it yet */
    END_CONNECTED_UNTOLD,
    END_CONNECTED,
    END_FAILED_UNTOLD,
    END_FAILED,
};

struct memory_end {
    struct stream base;
    struct memory_conn *conn;
    struct loop_task tell;
    struct loop_timer arrival;
    struct list arriving;
    struct list arrived;
    size_t held_bytes; /* in both queues */
    enum end_state state;
    unsigned wanted;
    int error;
    bool ended; /* FIN arrived */
    uint8_t ttl;
    uint8_t ttl_min;
    struct memory_path *inward;
};

enum handshake_step {
    HANDSHAKE_SYN,
    HANDSHAKE_ANSWER,
    HANDSHAKE_ACK,
};

struct memory_conn {
    struct list link;
    struct memory_net *net;
    struct memory_end dialer;
    struct memory_end acceptor;
    struct loop_timer handshake;
    struct transport_options options; /* the dialer's */
    enum handshake_step step;         /* which segment is under way */
    unsigned tries;
    int answer;   /* errno for the dialer; 0: SYN-ACK */
    bool telling; /* an owner is being told something */
    bool doomed;  /* freed meanwhile; the memory waits until he has been told */
};

/* Does what is sent with `ttl` get to who accepts no less than `ttl_min`? */
bool memory_path_passes(const struct memory_path *path, uint8_t ttl, uint8_t ttl_min);

/* `inward` is the path that leads here. */
void memory_end_init(struct memory_end *end, struct memory_conn *conn, const struct endpoint *local,
                     const struct endpoint *remote, struct memory_path *inward);
void memory_end_close(struct memory_end *end); /* drops what it holds; tells nobody */
void memory_end_reset(struct memory_end *end); /* the owner finds ECONNRESET */
void memory_end_tell_soon(struct memory_end *end);

/* Lets what waits at this end be looked at again: a path or a TTL has changed. */
void memory_end_look_again(struct memory_end *end);

/* Sends a RST or FIN to this end. */
void memory_end_signal(struct memory_end *end, enum segment_kind kind);

struct memory_end *memory_end_of(struct stream *stream);
void memory_conn_free(struct memory_conn *conn);
