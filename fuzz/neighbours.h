/* The neighbours of the speaker that is being fuzzed: one of each kind there is. They have manners, unless told
 * otherwise: they answer an OPEN, send KEEPALIVEs, read what they are sent; and they check it: whatever anybody
 * else does, what a neighbour is told must be good by the rules of its own session.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/memory_net.h"
#include "told.h"
#include "wire/message.h"
#include "wire/open.h"
#include "wire/update.h"

enum {
    NEIGHBOUR_CONNS = 2, /* collision */
    NEIGHBOUR_SENT_BYTES = 4096,
    SPEAKER_AS = 65000,
    BGP_PORT = 179,
};

#define FAMILIES_IPV4 ((family_set)1 << FAMILY_IPV4_UNICAST)
#define FAMILIES_BOTH (FAMILIES_IPV4 | (family_set)1 << FAMILY_IPV6_UNICAST)

struct neighbour_kind {
    const char *name;
    uint32_t as;
    bool over_ipv6;
    bool two_octet; /* of AS numbers; and no other capability either */
    bool extended_message;
    bool extended_next_hop;
    bool add_path;      /* both ways */
    bool any_as;        /* the speaker does not say which AS it expects */
    bool session_reset; /* no treat-as-withdraw */
    bool graceful;      /* restarts gracefully, and has long-lived stale routes */
    bool reflector_client;
    bool route_server_client;
    uint8_t role_of_speaker, role;
    uint32_t prefix_limit;
    family_set families;
};

enum { GRACEFUL_TIME_S = 30, LONG_LIVED_TIME_S = 120 };

extern const struct neighbour_kind neighbour_kinds[];
extern const unsigned neighbour_kind_count;

/* How the next OPENs differ from what the kind would say. */
struct open_shape {
    uint8_t toggled; /* capabilities, a bit each; see neighbours.c */
    uint8_t role;    /* 0: as it should be */
    uint16_t hold_time_s;
};

struct neighbour;

struct neighbour_conn {
    struct neighbour *neighbour;
    struct stream *stream; /* NULL: not in use */
    bool connected;
    struct buf in, out;
    uint8_t sent[NEIGHBOUR_SENT_BYTES]; /* the first bytes that went out: our OPEN, if we are understood */
    uint32_t sent_length;
    struct open_message *speaker_open; /* NULL until received */
    bool agreed;                       /* the two below are set */
    struct negotiated negotiated;
    struct update_rules rules; /* what the speaker's UPDATEs must obey */
    struct told told;
    family_set ended; /* End-of-RIB came */
};

struct neighbour {
    const struct neighbour_kind *kind;
    struct loop *loop;
    struct transport *transport;
    struct listener *listener;
    struct loop_timer keepalive;
    struct addr addr, speaker;
    struct neighbour_conn conns[NEIGHBOUR_CONNS];
    struct neighbour_conn *latest; /* what is sent goes there */
    bool deaf, opens, keeps_alive;
    struct open_shape shape;
    uint64_t updates; /* received */
};

void neighbour_init(struct neighbour *neighbour, struct memory_net *net, struct loop *loop, unsigned kind);
void neighbour_release(struct neighbour *neighbour);

void neighbour_dial(struct neighbour *neighbour);
void neighbour_close(struct neighbour *neighbour); /* all its connections, without a word */
void neighbour_set_deaf(struct neighbour *neighbour, bool deaf);

/* A good OPEN or KEEPALIVE on a connection, whatever its state. */
void neighbour_send_open(struct neighbour *neighbour, unsigned conn);
void neighbour_send_keepalive(struct neighbour *neighbour, unsigned conn);

/* On the latest connection; nothing happens without one. */
void neighbour_send(struct neighbour *neighbour, const void *bytes, size_t length);
/* With a right marker and length, if the latter can be. */
void neighbour_send_message(struct neighbour *neighbour, uint8_t type, const void *body, size_t length);

struct addr neighbour_addr(unsigned kind);
struct addr speaker_addr(bool ipv6);
uint32_t neighbour_identifier(const struct neighbour_kind *kind);

/* Aborts unless the text is one that terminals, logs and JSON may get to see. */
void check_text(const char *text);
