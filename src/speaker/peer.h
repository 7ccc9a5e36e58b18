/* A peer: a neighbour as the operator configured it and as the RIB knows it. It owns a session (which talks) and, per
 * negotiated family, an outbox (what is still to be said).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "config/config.h"
#include "io/loop.h"
#include "speaker/link.h"
#include "speaker/outbox.h"
#include "speaker/speaker.h"

enum { PEER_PIECES_MAX = 16 };

struct peer_family {
    bool configured;
    bool negotiated;
    bool end_of_rib_received;
    bool refreshing_in;  /* between BoRR and EoRR: paths of the older epoch go at the end (RFC 7313 4) */
    bool refreshing_out; /* EoRR is due when the catch-up is through */
    bool prefix_warned;
    struct outbox *outbox; /* NULL unless negotiated */
};

enum peer_state_admin { /* the numbers are those of the API */
                        PEER_UP = 0,
                        PEER_DOWN = 1,
                        PEER_PREFIX_LIMIT = 2,
};

struct peer {
    struct list link;
    struct speaker *speaker;
    struct neighbor_config config;
    struct endpoint at; /* where it is, without port; of an unnumbered one ADDR_NONE until it is found on its link */
    source_id source;
    struct policy_assignment *policies[POLICY_EXPORT + 1]; /* its own, by direction: policy_run.h */
    uint8_t kind;                                          /* enum source_kind: INTERNAL, CONFEDERATION, EXTERNAL */
    bool ibgp;                                             /* kind is INTERNAL */
    bool is_client;                                        /* its routes are in the tables of route server clients */
    bool dynamic;       /* made for a connection, and gone with its session: dynamic_peers.h */
    bool was_connected; /* of a dynamic one */
    struct mono_time made_at;
    uint8_t admin; /* enum peer_state_admin */
    uint32_t local_as;
    struct link *session;         /* wherever it runs */
    struct negotiated negotiated; /* good while established */
    struct endpoint local;        /* likewise: our end of the connection */
    bool established;
    bool restarted;                /* the next OPEN says that this speaker has restarted (deferral.h) */
    bool forwarding_kept;          /* and, that packets went on being forwarded meanwhile */
    struct peer_restart *graceful; /* restart.h; NULL: none of its routes are stale */
    enum session_state state;      /* as last heard */
    struct peer_family families[FAMILY_COUNT];

    /* Pieces offered to the session, in order, and how much of the first is written. */
    struct iovec pieces[PEER_PIECES_MAX]; /* on their way out */
    struct outbox *piece_owners[PEER_PIECES_MAX];
    unsigned piece_count;
    size_t piece_written;
    unsigned next_family; /* who may offer first next time */

    struct loop_timer restart; /* after a prefix limit, where configured */
    uint64_t withdraw_updates, withdraw_prefixes;
    uint64_t imported_updates;
};

/* Registers with the speaker and starts the session unless admin-down. */
int peer_new(struct speaker *speaker, const struct neighbor_config *config, struct peer **peer, struct err *err);
/* The same for a neighbour that came by itself, out of a range. */
int peer_new_dynamic(struct speaker *speaker, const struct neighbor_config *config, struct peer **peer,
                     struct err *err);
/* Takes its routes away and forgets it. The session must be closed or may be cut off. */
void peer_free(struct peer *peer);

/* Takes a new configuration. True if the session had to be reset for it. `*in_matters` tells whether routes already
 * received would be treated otherwise. */
bool peer_configure(struct peer *peer, const struct neighbor_config *config, bool *in_matters);

void peer_enable(struct peer *peer);
void peer_disable(struct peer *peer, const char *communication);
void peer_shutdown(struct peer *peer, const char *communication); /* comes back by itself */
void peer_reset(struct peer *peer, const char *communication);
void peer_deconfigure(struct peer *peer, const char *communication); /* Cease/3, before peer_free */

/* Judge again what was received (without asking for it); tell everything again. */
/* RFC 8326: is the session about to end? Then what is told over it says so, and what came over it is the last choice */
bool peer_shuts_down_gracefully(const struct peer *peer);
void peer_graceful_shutdown_changed(struct peer *peer); /* tells, and judges again */

void peer_soft_reset_in(struct peer *peer);
void peer_soft_reset_out(struct peer *peer);

/* The table its routes are in; NULL: the family is not routed. */
struct speaker_table *peer_table(const struct peer *peer, enum family_id family);
/* What it is to us once we know its AS number (RFC 5065 for members of our confederation). */
void peer_set_kind(struct peer *peer, uint32_t peer_as);

struct peer *peer_find(const struct speaker *speaker, const struct addr *address, const char *interface);
/* Whose connection this is: a link-local address counts on its own link only. */
struct peer *peer_find_remote(const struct speaker *speaker, const struct endpoint *remote);
/* An unnumbered peer was found at `at`, or (ADDR_NONE) is lost again: unnumbered.h. Its session is not up. */
void peer_found_at(struct peer *peer, const struct endpoint *at);
enum session_state peer_session_state(const struct peer *peer);
/* Address or interface, for logs and texts. */
const char *peer_name(const struct peer *peer, char text[ADDR_TEXT_MAX]);
