/* The naive model of a speaker: every peer's Adj-RIB-Out computed from scratch, out of plain arrays, by nothing that
 * src/rib or src/speaker know. Slow and obvious; what the speaker tells its neighbours must be exactly this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/prefix.h"

enum {
    MODEL_FAMILIES = 2, /* 0: IPv4 unicast, 1: IPv6 unicast; the same numbers as enum family_id */
    MODEL_PREFIXES = 24,
    MODEL_PEERS = 13, /* 0 is the speaker itself */
    MODEL_IDS = 4,    /* path identifiers 0 to 3 */
    MODEL_PATH_MAX = 8,
    MODEL_CONTROLS = 3,
    MODEL_TOLD_MAX = MODEL_PEERS * MODEL_IDS,
};

enum model_kind { MODEL_LOCAL, MODEL_INTERNAL, MODEL_EXTERNAL };

enum model_role { /* RFC 9234 4.1, the speaker's own role towards the peer */
                  MODEL_PROVIDER = 0,
                  MODEL_ROUTE_SERVER = 1,
                  MODEL_ROUTE_SERVER_CLIENT = 2,
                  MODEL_CUSTOMER = 3,
                  MODEL_PEERING = 4,
                  MODEL_NO_ROLE = 255,
};

/* Attributes as a value; always filled from zero, so that they compare as memory. */
struct model_attrs {
    uint32_t path[MODEL_PATH_MAX];
    uint32_t path_length;
    uint32_t med, local_pref, otc, originator;
    bool has_med, has_local_pref, has_otc, has_originator;
    uint8_t origin;
    bool no_export, no_advertise, no_export_subconfed;
    uint32_t mark;                    /* a community of the announcing peer; 0: none */
    uint32_t padding;                 /* so many more communities */
    uint32_t control[MODEL_CONTROLS]; /* control communities for a route server; 0: none */
    uint32_t clusters[4];
    uint32_t cluster_count;
    struct addr next_hop;
};

struct model_path {
    bool present;
    bool rejected;
    bool stale; /* not heard again since a refresh began */
    uint64_t age;
    struct model_attrs received;
    struct model_attrs imported;
};

struct model_peer {
    bool up;
    enum model_kind kind;
    uint32_t as;
    uint32_t router_id;
    struct addr address;
    bool ipv6_transport;
    bool extended_next_hop;
    bool extended_message;
    bool families[MODEL_FAMILIES];
    uint8_t role;
    bool reflector_client;
    bool route_server_client;
    bool next_hop_self;
    uint8_t send_max; /* add-path towards it; 0: none */
};

struct model {
    uint32_t as;
    uint32_t router_id;
    struct addr ipv4, ipv6; /* of the speaker */
    bool communities;       /* control communities are obeyed */
    bool always_compare_med, ignore_path_length, compare_router_id;
    uint64_t clock;
    struct model_peer peers[MODEL_PEERS];
    struct model_path paths[MODEL_FAMILIES][MODEL_PREFIXES][MODEL_PEERS][MODEL_IDS];
};

struct model_told {
    unsigned source; /* peer number */
    unsigned id;     /* path identifier as received */
    struct model_attrs attrs;
};

void model_announce(struct model *model, unsigned family, unsigned prefix, unsigned source, unsigned id,
                    const struct model_attrs *attrs);
void model_withdraw(struct model *model, unsigned family, unsigned prefix, unsigned source, unsigned id);
void model_drop(struct model *model, unsigned source); /* all of a peer's */
void model_refresh_begin(struct model *model, unsigned family, unsigned source);
void model_refresh_end(struct model *model, unsigned family, unsigned source);

/* What peer `to` holds of a prefix, at a quiet point. */
size_t model_told(const struct model *model, unsigned family, unsigned prefix, unsigned to,
                  struct model_told told[MODEL_TOLD_MAX]);
/* The best path of a prefix, of those that are not route server clients'. */
bool model_best(const struct model *model, unsigned family, unsigned prefix, unsigned *source, unsigned *id);
void model_counts(const struct model *model, unsigned family, unsigned source, uint64_t *received, uint64_t *accepted);

/* The attributes as a canonical block. */
void model_encode(const struct model_attrs *attrs, struct buf *out);
struct prefix model_prefix(unsigned family, unsigned prefix);
int model_prefix_index(unsigned family, const struct prefix *prefix); /* -1: none of ours */
