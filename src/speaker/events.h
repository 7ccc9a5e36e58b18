/* What happens in a speaker, for whoever subscribed: the API's watchers, BMP, MRT. The speaker knows none of them.
 * Called on the speaker's loop, in the middle of its work: subscribers take notes, they do not act.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "rib/rib.h"

struct peer;
struct speaker;
struct update;

/* A path as it was, or is, in a table. */
struct path_event {
    struct rib *rib;
    struct prefix prefix;
    struct rib_path path; /* attrs 0: a withdraw that knows nothing more */
    bool withdraw;
};

struct subscriber_ops {
    void (*peer_state)(void *context, struct peer *peer);
    void (*peer_gone)(void *context, struct peer *peer); /* its configuration is; the last that is heard of it */
    /* Each UPDATE of a peer, whole, as it was understood: before policy, AS numbers with four octets. */
    void (*update)(void *context, struct peer *peer, const struct update *update);
    void (*best)(void *context, const struct path_event *event);
    void (*adj_in)(void *context, const struct path_event *event);      /* before policy; every announcement heard */
    void (*post_policy)(void *context, const struct path_event *event); /* accepted ones, withdraws */
    /* Policies have changed, and so what they make of a path that is there; a withdraw if it is rejected now. */
    void (*judged)(void *context, const struct path_event *event);
    /* The peer has said everything again (RFC 7313): what is stale goes now. */
    void (*refreshed)(void *context, struct peer *peer, enum family_id family);
};

struct subscriber {
    struct list link;
    const struct subscriber_ops *ops; /* any member may be NULL */
    void *context;
};

void speaker_subscribe(struct speaker *speaker, struct subscriber *subscriber);
void speaker_unsubscribe(struct speaker *speaker, struct subscriber *subscriber);

/* Does anybody listen to route changes at the Adj-RIB-In? (Asked once per UPDATE.) */
bool events_want_adj_in(const struct speaker *speaker);

void events_peer_state(struct speaker *speaker, struct peer *peer);
void events_peer_gone(struct speaker *speaker, struct peer *peer);
void events_update(struct speaker *speaker, struct peer *peer, const struct update *update);
void events_judged(struct speaker *speaker, const struct path_event *event);
void events_refreshed(struct speaker *speaker, struct peer *peer, enum family_id family);
void events_best(struct speaker *speaker, const struct path_event *event);
/* rib_update.touched, for updates heard from a peer; `context` is the speaker. */
void events_path_touched(void *context, struct rib *rib, const struct rib_update *update, const struct prefix *prefix,
                         uint32_t path_id);
/* Monitors of tables that came or went. */
void events_adjust_monitors(struct speaker *speaker);
