/* A neighbor of the daemon under test: speaks prepared streams, and knows exactly which prefixes it was told.
 *
 * No timers but KEEPALIVE, no decisions: what arrives is counted, and that is all. One thread; net.h drives it.
 */
#pragma once

#include <netinet/in.h>

#include "bench/spans.h"
#include "bench/stream.h"

enum peer_role {
    PEER_SENDER,
    PEER_RECEIVER,
    PEER_CLIENT, /* of a route server: both */
    PEER_ROLE_COUNT,
};

enum peer_state {
    PEER_CLOSED,
    PEER_CONNECTING,
    PEER_OPENING, /* OPEN is sent */
    PEER_UP,
    PEER_LOST, /* closed by the other side when up */
};

/* What a mark tells of a prefix: see peer_options. */
enum peer_marks {
    MARKS_NONE,
    MARKS_SPEAKER, /* the number of the sender the path came from, + 1 */
    MARKS_TICK,    /* the last change */
};

enum { TICKS_MAX = 65536 };

/* What is measured while changes flow, of all receivers. */
struct times {
    bool gaps_measured;
    struct spans delays;     /* from a tick's changes to an announcement of them; weighed by prefixes */
    struct spans silences;   /* from one UPDATE to the next */
    struct spans keepalives; /* from when a KEEPALIVE was due at the latest until it came */
};

struct bench {
    struct table table;
    uint64_t tick_ns[TICKS_MAX]; /* when a tick's changes were written */
    uint64_t now_ns;
    uint64_t last_news_ns; /* when an UPDATE came last, at any receiver */
    struct times times;
    uint32_t hold_time_s;
    uint32_t buffer_bytes; /* for what was not read yet, of each neighbor; 0: as many as the kernel likes */
    bool ipv6;
    bool internal;
};

struct peer_counts {
    uint64_t announced, withdrawn, updates, bytes, reads;
    uint64_t own; /* announcements of its own routes, told back */
};

struct peer {
    struct bench *bench;
    enum peer_role role;
    enum peer_state state;
    struct voice voice;
    struct sockaddr_storage local, target;
    int fd;
    uint64_t retry_ns;
    uint64_t keepalive_ns;
    uint64_t update_seen_ns, keepalive_seen_ns; /* the last one of those whose gaps are measured; 0: none */
    uint8_t reason[2];                          /* of the last NOTIFICATION */
    bool deaf;                                  /* reads nothing */
    bool polled;                                /* for writing */
    const uint8_t *out;
    size_t out_left;
    uint8_t *kept; /* the beginning of a message whose rest is to come */
    size_t kept_length;
    uint64_t *have;         /* a bit per prefix; NULL: it only counts */
    uint64_t *wanted;       /* likewise; NULL: every prefix */
    uint32_t have_count;    /* of the wanted */
    uint32_t surplus_count; /* of the others */
    uint32_t wanted_count;
    uint32_t *marks; /* by prefix; NULL: none */
    enum peer_marks mark_kind;
    uint64_t fresh; /* prefixes whose mark changed, of the UPDATE being read */
    bool is_late;   /* its delays are its own fault, and not measured */
    struct peer_counts counts;
};

void peer_init(struct peer *peer, struct bench *bench, enum peer_role role, uint32_t number);
void peer_watch(struct peer *peer, enum peer_marks marks);
void peer_want(struct peer *peer, uint64_t *wanted);

/* Whole messages from the front; returns how many bytes they were, or -1 when the peer must go. */
ssize_t peer_digest(struct peer *peer, const uint8_t *bytes, size_t length);

/* From now on gaps are measured, or not any more: then what is open at the end counts too. */
void peer_measure_gaps(struct peer *peer, bool on);

/* OPEN and KEEPALIVE, written at once. */
bool peer_send_open(struct peer *peer);
bool peer_send_keepalive(struct peer *peer);

static inline bool peer_complete(const struct peer *peer)
{
    return peer->have == NULL || peer->have_count == peer->wanted_count;
}
