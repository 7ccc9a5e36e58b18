/* A router being watched: connected, synchronised, followed.
 *
 *     waiting --connected--> asking (GetBgp) --> listing (WatchEvent, ListPeer) --> following
 *        ^                                                                             |
 *        +------------------------- connection lost, watch ended ---------------------+
 *
 * While it is not following, the states of its legs stand for `unreadable_ms`; then they are unknown.
 */
#pragma once

#include "fleet/leg.h"
#include "gobgp.pb-c.h"
#include "rpc/channel.h"

enum { ROUTER_NAME_MAX = 128, ROUTER_REASON_MAX = 256 };

enum router_stage {
    ROUTER_WAITING,
    ROUTER_ASKING,
    ROUTER_LISTING,
    ROUTER_FOLLOWING,
};

struct router {
    struct list link;
    struct fleet *fleet;
    char id[ID_TEXT_MAX];
    char name[ROUTER_NAME_MAX];
    uint32_t asn; /* the one the servers see */
    uint32_t global_asn;
    bool multihop;
    struct addr peer_addresses[2]; /* IPv4, IPv6; ADDR_NONE: no legs of this family */
    struct tls_context *tls;
    struct rpc_channel *channel;
    enum router_stage stage;
    struct rpc_pending *watch;
    bool replaying;              /* the stream is still at what there was when it began */
    struct mono_time replay_end; /* at the latest */
    struct loop_timer replayed;
    bool has_why;                    /* it can be asked for reasons (godwitd) */
    bool listed;                     /* while locks are renewed: it is still in the store */
    unsigned flush_round;            /* when it was last asked whether it is ours */
    bool ours;                       /* the answer */
    int64_t reading_number;          /* replicas: the reading that was asked for, and is under way */
    int64_t read_number;             /* and is done, but not yet said to be; 0: none */
    struct loop_timer learn;         /* its list is read, for what its events do not tell */
    bool readable;                   /* as told to everybody */
    char reason[ROUTER_REASON_MAX];  /* why not */
    struct loop_timer silence;       /* until it is unreadable */
    struct loop_timer again;         /* until the next try, connected and refused */
    struct loop_timer heard;         /* writes down now and then when it was heard */
    char gateways[2][ADDR_TEXT_MAX]; /* next hops of the default route, IPv4 and IPv6; "": the router itself */
    struct router_policy *policy;
    struct list legs;
    struct list asked; /* struct refresh, waiting for ListPeer */
};

void routers_load(struct fleet *fleet);
int router_add(struct fleet *fleet, const char *id, struct err *err); /* from the store */
void router_free(struct router *router);
struct router *router_find(struct fleet *fleet, const char *id);

/* Reads all of the router's neighbors again. `done` (may be NULL) is called when they are read, or cannot be; not from
 * inside this call. */
void router_refresh(struct router *router, void (*done)(void *context, bool answered), void *context);
void router_refresh_forget(struct router *router, void *context);
void router_learn(struct router *router); /* soon, and once for all who ask */

/* A call about a router; `message` is packed at once. */
struct rpc_pending *router_call(struct router *router, const char *path, const ProtobufCMessage *message,
                                rpc_client_message on_message, rpc_pending_ended ended, void *context);

/* Brings the leg on the router in line with what it should be. */
void leg_provision(struct leg *leg);
void leg_mark(const struct leg *leg, char mark[LEG_MARK_MAX]);
void session_reset(struct fleet *fleet, const char *session_id); /* has it begun anew on the routers watched here */
bool mark_is_ours(const char *description);
void router_delete_neighbor(struct router *router, const char *address);

/* What the router says of a neighbor. */
void leg_observe_peer(struct router *router, const Apipb__Peer *peer, bool listed);
void leg_ask_why(struct leg *leg);
void leg_keep_reason(struct leg *leg, const char *reason); /* NULL: none */
void leg_unreadable(struct leg *leg);
void leg_ask_expired(struct loop_timer *timer);
