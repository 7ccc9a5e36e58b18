/* A leg in memory: what it should be on its router, what is there, and what was observed and not yet written.
 *
 * Observations are queued and written by a task, many legs in one transaction. If the store refuses (a full disk), they
 * stay and are tried again; memory is bounded, because a leg's queue is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/fleet.h"
#include "fleet/reason.h"
#include "fleet/state.h"
#include "fleet/words.h"
#include "net/addr.h"

enum {
    LEG_QUEUE_MAX = 8,
    LEG_REASON_MAX = 400,
    LEG_FSM_MAX = 16,
    LEG_MARK_MAX = 64,
    LEG_ROUTES_QUEUED_MAX = 4096,
    HOSTNAME_TEXT_MAX = 128,
    MD5_TEXT_MAX = 81,
};

struct router;

struct observation {
    struct list link; /* in the leg's queue */
    int64_t at_ms;
    enum leg_state state;
    char fsm[LEG_FSM_MAX];
    char reason[LEG_REASON_MAX]; /* "": none */
    bool limit_hit;
};

struct leg {
    struct list link; /* in router->legs */
    struct list dirty;
    struct router *router;
    char id[ID_TEXT_MAX];
    char session_id[ID_TEXT_MAX];
    char project_id[ID_TEXT_MAX];
    char device_id[ID_TEXT_MAX];
    char hostname[HOSTNAME_TEXT_MAX];
    bool seen; /* while loading: still in the store */

    /* What it should be. */
    bool wanted;
    bool gone; /* from the store; freed when nothing is under way */
    struct addr address;
    uint32_t peer_as;
    uint32_t max_prefix;
    bool default_route;
    char md5[MD5_TEXT_MAX];

    /* What is on the router. */
    char present[LEG_MARK_MAX]; /* the mark it was set up with; "": nothing, or not known */
    char adding[LEG_MARK_MAX];  /* being set up with this mark */
    bool foreign;               /* somebody else's neighbor has the address */
    bool policed;               /* the router's policies know of it */
    bool policing;              /* they are being told */
    unsigned calls;             /* under way that name this leg */
    bool changing;
    struct loop_timer retry;

    /* What it is. */
    struct observation last; /* the newest, queued or written */
    struct list queue;       /* struct observation, oldest first; seldom more than one, so not kept in place */
    unsigned queued;
    bool down_pending; /* it went down, and the reason is being asked for */
    int64_t down_at_ms;
    bool up_after_pending;
    int64_t up_at_ms;
    bool asking;
    bool ask_again;
    bool limit_hit;
    char fsm[LEG_FSM_MAX];
    struct peer_facts facts; /* of a router that has to be guessed at */
    struct loop_timer ask;

    struct list routes; /* struct route_change, oldest first */
    unsigned routes_queued;
    bool routes_cleared; /* what is stored is to be forgotten before `routes` */
};

/* Reads legs anew: those of one router, project, device or session, or (column NULL) all; makes, changes and removes
 * what is in memory, and has the routers follow. `column` is "l.router_id", "s.project_id", "s.device_id", "s.id". */
void legs_load(struct fleet *fleet, const char *column, const char *id);

/* Adds the legs that a session should have, within a transaction. */
void legs_make(struct fleet *fleet, const char *session_id);

void leg_free(struct leg *leg); /* at once */
bool leg_done(struct leg *leg); /* frees it if it is gone and nothing is under way: true */
struct leg *leg_find(struct router *router, const char *address);

/* Something was seen. What says nothing new is not queued. */
void leg_observe(struct leg *leg, const struct observation *observation);

bool legs_flush(struct loop_task *task);
void legs_flush_again(struct loop_timer *timer);
void leg_dirty(struct leg *leg);

/* The state of a session after its legs have changed: within a transaction. `reason`: what the event will say. */
void session_derive(struct fleet *fleet, const char *session_id, const char *reason, int64_t at_ms);
