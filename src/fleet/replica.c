#include "fleet/replica.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "fleet/router.h"
#include "fleet/share.h"
#include "fleet/webhooks.h"
#include "fleet/words.h"

enum {
    LOCK_MS = 9000,
    RENEW_MS = 2000,
    LOOK_MS = 250,
    SETTLE_MS = 10,
    LOCK_NAME_MAX = 64,
    /* After the store was away, those who were too renew what is theirs before others take it. */
    OTHERS_MS = 4000,
    /* A router that nobody has for so long is taken by whoever sees it, whatever his share. */
    ORPHAN_MS = 3 * RENEW_MS,
    HANDOVERS_AT_ONCE = 50,
    REPLICAS_MAX = 64,
    INTENTS_KEPT = 10000,
};

struct counters {
    int64_t event;
    int64_t intent;
    int64_t refresh;
    int64_t handover;
};

struct replica {
    struct service *service;
    char id[ID_TEXT_MAX];
    struct loop_timer renew;
    struct loop_timer look;
    struct loop_timer settle; /* until what was read again is written */
    int64_t held_until;       /* by our own clock: what was renewed last runs out then */
    int64_t others_from;      /* when what others have let run out may be taken */
    struct counters seen;
    bool delivers;
};

static struct store *store_of(const struct replica *replica)
{
    return replica->service->fleet.store;
}

/* Locks ------------------------------------------------------------------------------------------------------------ */

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

static void router_lock(const char *router_id, char name[LOCK_NAME_MAX])
{
    snprintf(name, LOCK_NAME_MAX, "router:%s", router_id);
}

bool replica_takes_router(struct replica *replica, const char *router_id)
{
    char name[LOCK_NAME_MAX];
    router_lock(router_id, name);
    return !replica || take(replica, name);
}

/* Writing the lock's row keeps others from taking it until the transaction ends. */
static bool holds(void *owner, const char *router_id)
{
    struct replica *replica = owner;
    char name[LOCK_NAME_MAX];
    router_lock(router_id, name);
    int result = store_run(store_of(replica), "UPDATE locks SET until = until WHERE name = $1 AND holder = $2",
                           STORE_ARGS(store_text(name), store_text(replica->id)));
    return result == E_OK && store_changed(store_of(replica)) == 1;
}

bool replica_delivers(const struct replica *replica)
{
    return !replica || replica->delivers;
}

static void count_up(struct replica *replica, const char *counter)
{
    store_run(store_of(replica), "UPDATE counters SET value = value + 1 WHERE name = $1",
              STORE_ARGS(store_text(counter)));
}

void replica_intent(struct replica *replica, const char *project_id)
{
    int64_t number = 0;
    if (!replica)
        return;
    store_find_number(store_of(replica), "UPDATE counters SET value = value + 1 WHERE name = 'intent' RETURNING value",
                      STORE_NO_ARGS, &number);
    store_run(store_of(replica), "INSERT INTO intents (number, project_id) VALUES ($1, $2)",
              STORE_ARGS(store_number(number), store_text(project_id && *project_id ? project_id : NULL)));
    store_run(store_of(replica), "DELETE FROM intents WHERE number <= $1",
              STORE_ARGS(store_number(number - INTENTS_KEPT)));
}

/* Routers ---------------------------------------------------------------------------------------------------------- */

/* What is known of who holds what, in one look. */
struct holding {
    unsigned held;
    unsigned target;
    unsigned given; /* up, this time */
    int64_t now;
};

static void holding_read(struct replica *replica, struct holding *holding)
{
    struct share_holder holders[REPLICAS_MAX];
    char ids[REPLICAS_MAX][ID_TEXT_MAX];
    unsigned count = 0;
    int64_t routers = 0;
    store_find_number(store_of(replica), "SELECT count(*) FROM routers", STORE_NO_ARGS, &routers);
    struct store_rows *rows = store_query(
        store_of(replica),
        "SELECT l.holder, (SELECT count(*) FROM locks r WHERE r.holder = l.holder AND r.name LIKE 'router:%')"
        " FROM locks l WHERE l.name LIKE 'replica:%' AND l.until >= $1 ORDER BY l.holder",
        STORE_ARGS(store_number(holding->now)));
    while (count < REPLICAS_MAX && store_rows_next(rows)) {
        snprintf(ids[count], ID_TEXT_MAX, "%s", store_rows_text(rows, 0));
        holders[count] = (struct share_holder){.id = ids[count], .held = (unsigned)store_rows_number(rows, 1)};
        if (strcmp(ids[count], replica->id) == 0)
            holding->held = holders[count].held;
        count++;
    }
    store_rows_end(rows);
    holding->target = count ? share_target(holders, count, replica->id, (unsigned)routers) : 0;
}

static void let_go(struct replica *replica, struct router *router, const char *why)
{
    log_info("fleet", router->name, "%s", why);
    router_free(router);
}

/* To whoever has fewer. What was seen is written first; who takes it up begins with that. */
static bool hand_over(struct replica *replica, struct router *router)
{
    struct fleet *fleet = &replica->service->fleet;
    char name[LOCK_NAME_MAX];
    router_lock(router->id, name);
    legs_flush_all(fleet);
    fleet_begin(fleet);
    store_run(fleet->store, "UPDATE locks SET holder = '', until = $1 WHERE name = $2 AND holder = $3",
              STORE_ARGS(store_number(time_now_ms() - 1), store_text(name), store_text(replica->id)));
    count_up(replica, "handover");
    if (fleet_commit(fleet) < 0)
        return false;
    let_go(replica, router, "is handed over to another replica");
    return true;
}

/* A row is a router: id, name, holder, until. */
static bool may_take(const struct replica *replica, const struct holding *holding, const struct store_rows *rows)
{
    const char *holder = store_rows_text(rows, 2);
    int64_t until = store_rows_number(rows, 3);
    if (strcmp(holder, replica->id) == 0)
        return true;
    if (until >= holding->now || (*holder && holding->now < replica->others_from))
        return false;
    return holding->held < holding->target || holding->now - until > ORPHAN_MS;
}

static void watch_or_not(struct replica *replica, struct holding *holding, const struct store_rows *rows)
{
    struct fleet *fleet = &replica->service->fleet;
    const char *id = store_rows_text(rows, 0);
    const char *name = store_rows_text(rows, 1);
    bool mine = strcmp(store_rows_text(rows, 2), replica->id) == 0;
    struct router *router = router_find(fleet, id);
    struct err err = {.text = ""};
    if (mine && router && holding->held > holding->target && holding->given < HANDOVERS_AT_ONCE) {
        if (hand_over(replica, router)) {
            holding->held--;
            holding->given++;
        }
        return;
    }
    if (may_take(replica, holding, rows) && replica_takes_router(replica, id)) {
        holding->held += !mine;
        if (!router && router_add(fleet, id, &err) < 0)
            log_error("fleet", name, "cannot be watched: %s", err.text);
    } else if (router) {
        let_go(replica, router, "is watched by another replica now");
    }
    router = router_find(fleet, id);
    if (router)
        router->listed = true;
}

static void forget_unlisted(struct fleet *fleet)
{
    list_foreach_safe (router, &fleet->routers, struct router, link) {
        if (!router->listed)
            router_free(router);
        else
            router->listed = false;
    }
}

/* The store is away. What we hold may be somebody else's once it has run out: the routers are watched on, since nobody
 * may be there to do it, but nothing is changed on them. */
static void out_of_reach(struct replica *replica)
{
    struct fleet *fleet = &replica->service->fleet;
    replica->delivers = false;
    replica->others_from = INT64_MAX;
    if (time_now_ms() > replica->held_until && !fleet->hands_off) {
        log_warn("fleet", NULL, "the store cannot be reached; nothing is changed on the routers until it can");
        fleet->hands_off = true;
    }
}

static void within_reach(struct replica *replica, int64_t now)
{
    struct fleet *fleet = &replica->service->fleet;
    if (replica->others_from == INT64_MAX)
        replica->others_from = now + OTHERS_MS;
    replica->held_until = now + LOCK_MS - RENEW_MS;
    if (!fleet->hands_off)
        return;
    fleet->hands_off = false;
    legs_load(fleet, NULL, NULL);
    list_foreach (router, &fleet->routers, struct router, link)
        router_refresh(router, NULL, NULL);
}

static bool renew_own(struct replica *replica, int64_t now)
{
    char name[LOCK_NAME_MAX];
    snprintf(name, sizeof(name), "replica:%s", replica->id);
    return take(replica, name) &&
           store_run(store_of(replica), "UPDATE locks SET until = $1 WHERE holder = $2",
                     STORE_ARGS(store_number(now + LOCK_MS), store_text(replica->id))) == E_OK &&
           store_run(store_of(replica), "DELETE FROM locks WHERE name LIKE 'replica:%' AND until < $1",
                     STORE_ARGS(store_number(now - LOCK_MS))) == E_OK;
}

static void renew_all(struct replica *replica)
{
    struct fleet *fleet = &replica->service->fleet;
    bool delivered = replica->delivers;
    struct holding holding = {.now = time_now_ms()};
    if (!renew_own(replica, holding.now)) {
        out_of_reach(replica);
        return;
    }
    holding_read(replica, &holding);
    struct store_rows *rows = store_query(fleet->store,
                                          "SELECT r.id, r.name, l.holder, l.until FROM routers r"
                                          " LEFT JOIN locks l ON l.name = 'router:' || r.id ORDER BY r.name",
                                          STORE_NO_ARGS);
    while (store_rows_next(rows))
        watch_or_not(replica, &holding, rows);
    if (store_rows_end(rows) < 0) {
        list_foreach (router, &fleet->routers, struct router, link)
            router->listed = false;
        out_of_reach(replica);
        return;
    }
    forget_unlisted(fleet);
    within_reach(replica, holding.now);
    replica->delivers = take(replica, "webhooks");
    if (replica->delivers != delivered && replica->service->webhooks)
        webhooks_restart(replica->service->webhooks);
}

static void renew_due(struct loop_timer *timer)
{
    renew_all(container_of(timer, struct replica, renew));
    loop_timer_start(timer, RENEW_MS);
}

/* Reading again ---------------------------------------------------------------------------------------------------- */

int64_t replica_asks_to_read(struct replica *replica, const char *router_id)
{
    int64_t number = 0;
    if (!replica)
        return 0;
    store_begin(store_of(replica));
    bool readable =
        store_find_number(store_of(replica),
                          "UPDATE routers SET refresh_asked = refresh_asked + 1 WHERE id = $1 AND state = 'readable'"
                          " RETURNING refresh_asked",
                          STORE_ARGS(store_text(router_id)), &number);
    if (readable)
        count_up(replica, "refresh");
    return store_commit(store_of(replica)) == E_OK && readable ? number : 0;
}

bool replica_has_read(struct replica *replica, const char *router_id, int64_t number)
{
    int64_t waiting = 0;
    return !store_find_number(store_of(replica),
                              "SELECT 1 FROM routers WHERE id = $1 AND refresh_done < $2 AND state = 'readable'",
                              STORE_ARGS(store_text(router_id), store_number(number)), &waiting);
}

/* What was seen is written before it is said to be. */
static void settle_due(struct loop_timer *timer)
{
    struct replica *replica = container_of(timer, struct replica, settle);
    struct fleet *fleet = &replica->service->fleet;
    if (!list_empty(&fleet->dirty)) {
        loop_timer_start(timer, SETTLE_MS);
        return;
    }
    list_foreach (router, &fleet->routers, struct router, link) {
        if (router->read_number)
            store_run(fleet->store, "UPDATE routers SET refresh_done = $1 WHERE id = $2 AND refresh_done < $1",
                      STORE_ARGS(store_number(router->read_number), store_text(router->id)));
        router->read_number = 0;
    }
}

static void was_read(void *context, bool answered)
{
    struct router *router = context;
    struct replica *replica = router->fleet->owner;
    router->read_number = router->reading_number;
    if (replica)
        loop_timer_start(&replica->settle, SETTLE_MS);
}

static void do_refreshes(struct replica *replica)
{
    struct fleet *fleet = &replica->service->fleet;
    struct store_rows *rows = store_query(
        fleet->store, "SELECT id, refresh_asked FROM routers WHERE refresh_asked > refresh_done", STORE_NO_ARGS);
    while (store_rows_next(rows)) {
        struct router *router = router_find(fleet, store_rows_text(rows, 0));
        if (!router || router->reading_number == store_rows_number(rows, 1))
            continue;
        router->reading_number = store_rows_number(rows, 1);
        if (router->stage == ROUTER_FOLLOWING)
            router_refresh(router, was_read, router);
        else
            was_read(router, false);
    }
    store_rows_end(rows);
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

/* Projects that were changed are loaded; everything, if it cannot be said which they were. */
static void do_intents(struct replica *replica, int64_t after, int64_t last)
{
    struct fleet *fleet = &replica->service->fleet;
    int64_t known = 0;
    store_find_number(fleet->store, "SELECT count(*) FROM intents WHERE number > $1 AND project_id IS NOT NULL",
                      STORE_ARGS(store_number(after)), &known);
    if (known < last - after) {
        legs_load(fleet, NULL, NULL);
    } else {
        struct store_rows *rows = store_query(fleet->store, "SELECT DISTINCT project_id FROM intents WHERE number > $1",
                                              STORE_ARGS(store_number(after)));
        while (store_rows_next(rows))
            legs_load(fleet, "s.project_id", store_rows_text(rows, 0));
        store_rows_end(rows);
    }
    webhooks_reload(replica->service->webhooks);
}

static struct counters counters_read(struct replica *replica)
{
    struct counters now = replica->seen;
    struct store_rows *rows = store_query(store_of(replica), "SELECT name, value FROM counters", STORE_NO_ARGS);
    while (store_rows_next(rows)) {
        const char *name = store_rows_text(rows, 0);
        int64_t value = store_rows_number(rows, 1);
        if (strcmp(name, "event") == 0)
            now.event = value;
        else if (strcmp(name, "intent") == 0)
            now.intent = value;
        else if (strcmp(name, "refresh") == 0)
            now.refresh = value;
        else if (strcmp(name, "handover") == 0)
            now.handover = value;
    }
    store_rows_end(rows);
    return now;
}

static void look_due(struct loop_timer *timer)
{
    struct replica *replica = container_of(timer, struct replica, look);
    struct counters was = replica->seen;
    struct counters now = replica->seen = counters_read(replica);
    if (now.event != was.event) {
        do_resets(replica, was.event);
        loop_task_schedule(&replica->service->fleet.tell);
    }
    if (now.intent != was.intent)
        do_intents(replica, was.intent, now.intent);
    if (now.refresh != was.refresh)
        do_refreshes(replica);
    if (now.handover != was.handover)
        loop_timer_start(&replica->renew, 0);
    loop_timer_start(timer, LOOK_MS);
}

struct replica *replica_new(struct service *service)
{
    if (!store_is_shared(service->fleet.store))
        return NULL;
    struct replica *replica = mem_zalloc(MEM_OTHER, sizeof(*replica));
    replica->service = service;
    id_make(replica->id);
    replica->seen = counters_read(replica);
    loop_timer_init(&replica->renew, service->fleet.loop, renew_due);
    loop_timer_init(&replica->look, service->fleet.loop, look_due);
    loop_timer_init(&replica->settle, service->fleet.loop, settle_due);
    loop_timer_start(&replica->renew, 0);
    loop_timer_start(&replica->look, LOOK_MS);
    service->fleet.holds = holds;
    service->fleet.owner = replica;
    log_info("fleet", NULL, "is replica %s of the store", replica->id);
    return replica;
}

void replica_free(struct replica *replica)
{
    if (!replica)
        return;
    loop_timer_stop(&replica->renew);
    loop_timer_stop(&replica->look);
    loop_timer_stop(&replica->settle);
    store_begin(store_of(replica));
    store_run(store_of(replica), "DELETE FROM locks WHERE holder = $1", STORE_ARGS(store_text(replica->id)));
    count_up(replica, "handover");
    store_commit(store_of(replica));
    replica->service->fleet.hands_off = true; /* the routers are others' from here on */
    replica->service->fleet.holds = NULL;
    replica->service->fleet.owner = NULL;
    mem_free(MEM_OTHER, replica);
}
