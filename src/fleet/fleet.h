/* The fleet: what there is is in the store, what is going on is in memory, and this is where both meet.
 *
 * Everything runs on one loop. Whoever changes something does it in a transaction (fleet_begin, fleet_commit), puts an
 * event for it into the same transaction, and afterwards lets the routers be brought in line (legs_load).
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "io/loop.h"
#include "store/store.h"

struct keep_limit {
    uint32_t days; /* 0: whatever their age */
    int64_t count; /* 0: however many */
};

struct fleet_settings {
    uint32_t unreadable_ms; /* how long a router may be silent until its legs are unknown */
    uint32_t refresh_ms;    /* the safety net: everything is read again */
    uint32_t answer_ms;     /* how long "Update now" waits for the routers */
    uint16_t hold_time_s;   /* of the sessions that are set up */
    uint8_t multihop_ttl;
    uint16_t max_prefix;           /* of projects that were given no other */
    bool passive;                  /* routers wait for the servers to connect */
    bool webhooks_to_private;      /* webhooks may go to private and loopback addresses */
    struct keep_limit keep_events; /* of the events, and of the sessions' timeline */
    struct keep_limit keep_audit;
};

extern const struct fleet_settings fleet_defaults;

struct fleet {
    struct loop *loop;
    struct store *store;
    struct fleet_settings settings;
    struct list routers;
    struct list dirty; /* legs with something to be written */
    unsigned queued;   /* observations of all legs */
    struct loop_task flush;
    struct loop_timer flush_again;
    struct loop_timer refresh;
    struct list listeners; /* struct event_listener */
    struct loop_task tell;
    int64_t event_number; /* of the last event, in the running transaction; 0: its counter is not ours yet */
    int64_t event_first;  /* the last one before it */
    unsigned flush_round;

    /* Among replicas. `holds`: is the router ours, from here to the end of the transaction? NULL: they all are. While
     * `hands_off`, nobody can say whose routers are, and nothing is changed on them; they are watched on. */
    bool (*holds)(void *owner, const char *router_id);
    void *owner;
    bool hands_off;
};

/* Watches no routers yet: routers_load, router_add. */
void fleet_init(struct fleet *fleet, struct loop *loop, struct store *store, const struct fleet_settings *settings);
void fleet_release(struct fleet *fleet);

void fleet_begin(struct fleet *fleet);
int fleet_commit(struct fleet *fleet);

bool fleet_holds(struct fleet *fleet, const char *router_id); /* within a transaction */

/* Events ---------------------------------------------------------------------------------------------------------- */

/* What happened; NULL where it is not about one. `body` is a sentence. */
struct event {
    const char *type;
    const char *body;
    const char *project_id;
    const char *device_id;
    const char *session_id;
    const char *router_id;
    const char *state;
    const char *reason;
    int64_t at_ms; /* 0: now */
};

/* Within a transaction. */
void event_put(struct fleet *fleet, const struct event *event);

/* Who wants to know that there are new events; told from the loop after they were committed. */
struct event_listener {
    struct list link;
    void (*news)(struct event_listener *listener);
};
void event_listen(struct fleet *fleet, struct event_listener *listener);
int64_t event_last_id(struct fleet *fleet);
int64_t event_trimmed(struct fleet *fleet); /* events up to this number are not kept any more; 0: all are */
