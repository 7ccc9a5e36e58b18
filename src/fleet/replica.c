#include "fleet/replica.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "fleet/router.h"
#include "fleet/webhooks.h"
#include "fleet/words.h"

enum {
    LOCK_MS = 9000,
    RENEW_MS = 2000,
    LOOK_MS = 250,
    LOCK_NAME_MAX = 64,
};

struct replica {
    struct service *service;
    char id[ID_TEXT_MAX];
    struct loop_timer renew;
    struct loop_timer look;
    int64_t held_until; /* by our own clock: what was renewed last runs out then */
    int64_t events;     /* counters as they were seen last */
    int64_t intent;
    bool delivers;
};

static struct store *store_of(const struct replica *replica)
{
    return replica->service->fleet.store;
}

static bool take(struct replica *replica, const char *name)
{
    int64_t now = time_now_ms();
    int result = store_run(
        store_of(replica),
        "INSERT INTO locks (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE"
        " SET holder = excluded.holder, until = excluded.until"
        " WHERE locks.holder = excluded.holder OR locks.until < $4",
        STORE_ARGS(store_text(name), store_text(replica->id), store_number(now + LOCK_MS), store_number(now)));
    return result == E_OK && store_changed(store_of(replica)) == 1;
}

bool replica_takes_router(struct replica *replica, const char *router_id)
{
    char name[LOCK_NAME_MAX];
    snprintf(name, sizeof(name), "router:%s", router_id);
    return !replica || take(replica, name);
}

bool replica_delivers(const struct replica *replica)
{
    return !replica || replica->delivers;
}

void replica_intent(struct replica *replica)
{
    if (replica)
        store_run(store_of(replica), "UPDATE counters SET value = value + 1 WHERE name = 'intent'", STORE_NO_ARGS);
}

static int64_t counter(struct replica *replica, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    store_find_number(store_of(replica), "SELECT value FROM counters WHERE name = $1", STORE_ARGS(store_text(name)),
                      &value);
    return value;
}

/* Routers ---------------------------------------------------------------------------------------------------------- */

static void watch_or_not(struct replica *replica, const char *id, const char *name)
{
    struct fleet *fleet = &replica->service->fleet;
    struct router *router = router_find(fleet, id);
    struct err err = {.text = ""};
    if (replica_takes_router(replica, id)) {
        if (!router && router_add(fleet, id, &err) < 0)
            log_error("fleet", name, "cannot be watched: %s", err.text);
        router = router_find(fleet, id);
        if (router)
            router->listed = true;
    } else if (router) {
        log_info("fleet", name, "is watched by another replica now");
        router_free(router);
    }
}

/* Without the store nothing can be renewed; what has run out may be somebody else's. */
static void let_go_of_all(struct replica *replica)
{
    replica->delivers = false;
    list_foreach_safe (router, &replica->service->fleet.routers, struct router, link)
        router_free(router);
}

static void renew_all(struct replica *replica)
{
    struct fleet *fleet = &replica->service->fleet;
    bool delivered = replica->delivers;
    struct store_rows *rows = store_query(fleet->store, "SELECT id, name FROM routers ORDER BY name", STORE_NO_ARGS);
    while (store_rows_next(rows))
        watch_or_not(replica, store_rows_text(rows, 0), store_rows_text(rows, 1));
    if (store_rows_end(rows) < 0) {
        if (time_now_ms() > replica->held_until)
            let_go_of_all(replica);
        return;
    }
    replica->held_until = time_now_ms() + LOCK_MS - RENEW_MS;
    list_foreach_safe (router, &fleet->routers, struct router, link) {
        if (!router->listed)
            router_free(router);
        else
            router->listed = false;
    }
    replica->delivers = take(replica, "webhooks");
    if (replica->delivers != delivered && replica->service->webhooks)
        webhooks_restart(replica->service->webhooks);
}

static void renew_due(struct loop_timer *timer)
{
    renew_all(container_of(timer, struct replica, renew));
    loop_timer_start(timer, RENEW_MS);
}

/* What others did -------------------------------------------------------------------------------------------------- */

/* A reset is asked for wherever the request came; the one who watches the router does it. */
static void do_resets(struct replica *replica, int64_t after)
{
    struct fleet *fleet = &replica->service->fleet;
    struct store_rows *rows =
        store_query(fleet->store, "SELECT session_id FROM events WHERE id > $1 AND type = 'bgp_session.reset'",
                    STORE_ARGS(store_number(after)));
    while (store_rows_next(rows))
        session_reset(fleet, store_rows_text(rows, 0));
    store_rows_end(rows);
}

static void look_due(struct loop_timer *timer)
{
    struct replica *replica = container_of(timer, struct replica, look);
    struct fleet *fleet = &replica->service->fleet;
    int64_t events = counter(replica, "event", replica->events);
    int64_t intent = counter(replica, "intent", replica->intent);
    if (events != replica->events) {
        do_resets(replica, replica->events);
        replica->events = events;
        loop_task_schedule(&fleet->tell);
    }
    if (intent != replica->intent) {
        replica->intent = intent;
        legs_load(fleet, NULL, NULL);
        webhooks_reload(replica->service->webhooks);
    }
    loop_timer_start(timer, LOOK_MS);
}

struct replica *replica_new(struct service *service)
{
    if (!store_is_shared(service->fleet.store))
        return NULL;
    struct replica *replica = mem_zalloc(MEM_OTHER, sizeof(*replica));
    replica->service = service;
    id_make(replica->id);
    replica->events = counter(replica, "event", 0);
    replica->intent = counter(replica, "intent", 0);
    loop_timer_init(&replica->renew, service->fleet.loop, renew_due);
    loop_timer_init(&replica->look, service->fleet.loop, look_due);
    loop_timer_start(&replica->renew, 0);
    loop_timer_start(&replica->look, LOOK_MS);
    log_info("fleet", NULL, "is replica %s of the store", replica->id);
    return replica;
}

void replica_free(struct replica *replica)
{
    if (!replica)
        return;
    loop_timer_stop(&replica->renew);
    loop_timer_stop(&replica->look);
    store_run(store_of(replica), "DELETE FROM locks WHERE holder = $1", STORE_ARGS(store_text(replica->id)));
    mem_free(MEM_OTHER, replica);
}
