/* A leg in memory: what it should be on its router, what is there, and what was observed and not yet written.
 *
 * Observations are queued and written by a task, many legs in one transaction. If the store refuses (a full disk), they
 * stay and are tried again. Memory is bounded, because queues are: what finds no room is counted, not told.
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
    LEG_QUEUE_MAX = 64,
    LEG_QUEUE_SURE = 8,          /* of each leg, whatever the others have */
    FLEET_QUEUE_MAX = 100 << 10, /* of all legs */
    LEG_REASON_MAX = 400,
    LEG_FSM_MAX = 16,
    LEG_MARK_MAX = 64,
    LEG_ROUTES_QUEUED_MAX = 4096,
    HOSTNAME_TEXT_MAX = 128,
    MD5_TEXT_MAX = 81,
};

struct router;

/* When the router says that a session came up, and how often it has gone down. What differs from what was known tells
 * what happened while nobody was watching. */
struct up_mark {
    int64_t at_s;  /* by the router's clock; negative: it has gone down since; 0: not known */
    int64_t flaps; /* -1: not known */
};

struct observation {
    struct list link; /* in the leg's queue */
    int64_t at_ms;
    enum leg_state state;
    char fsm[LEG_FSM_MAX];
    char reason[LEG_REASON_MAX]; /* "": none */
    bool limit_hit;
    struct up_mark up; /* of LEG_UNKNOWN: the one before */
    unsigned flaps;    /* it stands for so many that have no observation of their own */
};

/* Why is it down? Asked of the router; and what happened until the answer is here. */
struct leg_question {
    bool asking;
    bool again; /* there may be another answer by now */
    struct loop_timer timer;
    bool down; /* it went down, which is told with the answer */
    int64_t down_at_ms;
    int64_t flaps;          /* as the list has it that a connection to the router began with; -1: not known */
    bool doubtful;          /* a list says so, or events may be of what a list told already */
    int64_t ahead_until_ms; /* a list told what events will tell again */
    bool up_after;          /* and came up again */
    int64_t up_at_ms;
    struct up_mark up_mark;
    char *reason; /* the answer, while it is made sure that it really was down; NULL: none */
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
    struct leg_question why;
    bool limit_hit;
    char fsm[LEG_FSM_MAX];
    struct peer_facts facts; /* of a router that has to be guessed at */

    struct list routes; /* struct route_change, oldest first */
    unsigned routes_queued;
    bool routes_cleared; /* what is stored is to be forgotten before `routes` */
    bool unsure;         /* a commit failed, which may have happened all the same */
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
void legs_flush_all(struct fleet *fleet); /* now; gives up if the store does not take it */
void legs_flush_again(struct loop_timer *timer);
void leg_dirty(struct leg *leg);

/* The state of a session after its legs have changed, which is written and, if it is another, told: within a
 * transaction. `reason`: what the event will say. */
enum fleet_state session_derive(struct fleet *fleet, const char *session_id, const char *reason, int64_t at_ms);
