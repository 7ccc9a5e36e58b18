#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/leg.h"
#include "fleet/route.h"
#include "fleet/router.h"
#include "fleet/router_policy.h"

enum {
    FLUSH_LEGS_MAX = 400, /* in one transaction, and no longer than so; then others get their turn */
    FLUSH_SLICE_MS = 30,
    FLUSH_AGAIN_MS = 1000,
    FLUSH_GATHER_MS = 25, /* what happens together is written together */
};

/* Loading --------------------------------------------------------------------------------------------------------- */

#define LEG_COLUMNS                                                                                                  \
    "SELECT l.id, l.session_id, s.project_id, s.device_id, d.hostname, l.router_id, s.customer_ip, s.default_route," \
    " c.status, c.asn, c.md5, c.max_prefix, l.state, l.fsm, l.since, l.reason, l.limit_hit, l.up_at, l.up_flaps"     \
    " FROM legs l JOIN sessions s ON s.id = l.session_id JOIN devices d ON d.id = s.device_id"                       \
    " LEFT JOIN bgp_configs c ON c.project_id = s.project_id"

static void copy(char *to, size_t capacity, const struct store_rows *rows, unsigned column)
{
    snprintf(to, capacity, "%s", store_rows_text(rows, column));
}

static void retry_expired(struct loop_timer *timer)
{
    leg_provision(container_of(timer, struct leg, retry));
}

static struct leg *leg_new(struct router *router, const struct store_rows *rows)
{
    struct leg *leg = mem_zalloc(MEM_OTHER, sizeof(*leg));
    struct loop *loop = router->fleet->loop;
    leg->router = router;
    leg->why.flaps = -1;
    copy(leg->id, sizeof(leg->id), rows, 0);
    copy(leg->session_id, sizeof(leg->session_id), rows, 1);
    copy(leg->project_id, sizeof(leg->project_id), rows, 2);
    copy(leg->device_id, sizeof(leg->device_id), rows, 3);
    leg->last.state = leg_state_parse(store_rows_text(rows, 12));
    copy(leg->last.fsm, sizeof(leg->last.fsm), rows, 13);
    leg->last.at_ms = store_rows_number(rows, 14);
    copy(leg->last.reason, sizeof(leg->last.reason), rows, 15);
    leg->last.limit_hit = store_rows_number(rows, 16) != 0;
    leg->last.up = (struct up_mark){.at_s = store_rows_number(rows, 17), .flaps = store_rows_number(rows, 18)};
    list_init(&leg->dirty);
    list_init(&leg->routes);
    list_init(&leg->queue);
    loop_timer_init(&leg->retry, loop, retry_expired);
    loop_timer_init(&leg->why.timer, loop, leg_ask_expired);
    list_append(&router->legs, &leg->link);
    return leg;
}

static void leg_wish(struct leg *leg, const struct store_rows *rows)
{
    copy(leg->hostname, sizeof(leg->hostname), rows, 4);
    if (addr_parse(store_rows_text(rows, 6), &leg->address) < 0)
        leg->address = (struct addr){0};
    leg->default_route = store_rows_number(rows, 7) != 0;
    leg->wanted = strcmp(store_rows_text(rows, 8), "enabled") == 0 && leg->address.kind != ADDR_NONE;
    leg->peer_as = (uint32_t)store_rows_number(rows, 9);
    copy(leg->md5, sizeof(leg->md5), rows, 10);
    leg->max_prefix = (uint32_t)store_rows_number(rows, 11);
    if (!leg->wanted) {
        const struct observation seen = {
            .at_ms = time_now_ms(), .state = LEG_UNKNOWN, .reason = "BGP is not enabled for the project"};
        leg_observe(leg, &seen);
    }
}

static struct leg *leg_by_id(struct router *router, const char *id)
{
    list_foreach (leg, &router->legs, struct leg, link) {
        if (strcmp(leg->id, id) == 0)
            return leg;
    }
    return NULL;
}

static bool in_scope(const struct leg *leg, const char *column, const char *id)
{
    if (!column)
        return true;
    if (strcmp(column, "l.router_id") == 0)
        return strcmp(leg->router->id, id) == 0;
    if (strcmp(column, "s.project_id") == 0)
        return strcmp(leg->project_id, id) == 0;
    if (strcmp(column, "s.device_id") == 0)
        return strcmp(leg->device_id, id) == 0;
    return strcmp(leg->session_id, id) == 0;
}

static int load_rows(struct fleet *fleet, const char *column, const char *id)
{
    char sql[1024];
    struct str out = str_over(sql, sizeof(sql));
    str_add(&out, LEG_COLUMNS);
    if (column)
        str_printf(&out, " WHERE %s = $1", column);
    struct store_rows *rows = store_query(fleet->store, sql, column ? STORE_ARGS(store_text(id)) : STORE_NO_ARGS);
    while (store_rows_next(rows)) {
        struct router *router = router_find(fleet, store_rows_text(rows, 5));
        if (!router)
            continue;
        struct leg *leg = leg_by_id(router, store_rows_text(rows, 0));
        if (!leg)
            leg = leg_new(router, rows);
        leg_wish(leg, rows);
        leg->seen = true;
    }
    return store_rows_end(rows);
}

void legs_load(struct fleet *fleet, const char *column, const char *id)
{
    if (load_rows(fleet, column, id) < 0)
        return;
    list_foreach (router, &fleet->routers, struct router, link) {
        bool touched = false;
        list_foreach_safe (leg, &router->legs, struct leg, link) {
            if (!in_scope(leg, column, id))
                continue;
            touched = true;
            if (!leg->seen) {
                leg->gone = true;
                leg->wanted = false;
            }
            leg->seen = false;
            leg_provision(leg);
        }
        if (touched && router->stage == ROUTER_FOLLOWING)
            router_policy_sync(router->policy);
    }
}

void legs_make(struct fleet *fleet, const char *session_id)
{
    struct store_rows *rows = store_query(
        fleet->store,
        "SELECT r.id FROM sessions s JOIN devices d ON d.id = s.device_id JOIN routers r ON r.metro_id = d.metro_id"
        " WHERE s.id = $1 AND ((s.family = 4 AND r.peer_ipv4 IS NOT NULL) OR (s.family = 6 AND r.peer_ipv6 IS NOT "
        "NULL))"
        " AND NOT EXISTS (SELECT 1 FROM legs l WHERE l.session_id = s.id AND l.router_id = r.id) ORDER BY r.name",
        STORE_ARGS(store_text(session_id)));
    while (store_rows_next(rows)) {
        char id[ID_TEXT_MAX];
        int64_t now = time_now_ms();
        id_make(id);
        store_run(
            fleet->store,
            "INSERT INTO legs (id, session_id, router_id, state, fsm, since, reason, limit_hit, received, accepted,"
            " updated_at) VALUES ($1, $2, $3, 'unknown', '', $4, 'just enabled', 0, 0, 0, $5)",
            STORE_ARGS(store_text(id), store_text(session_id), store_text(store_rows_text(rows, 0)), store_number(now),
                       store_number(now)));
    }
    store_rows_end(rows);
}

struct leg *leg_find(struct router *router, const char *address)
{
    struct addr addr;
    if (addr_parse(address, &addr) < 0)
        return NULL;
    list_foreach (leg, &router->legs, struct leg, link) {
        if (addr_equal(&leg->address, &addr))
            return leg;
    }
    return NULL;
}

/* Observing ------------------------------------------------------------------------------------------------------- */

void leg_dirty(struct leg *leg)
{
    struct fleet *fleet = leg->router->fleet;
    if (list_empty(&leg->dirty))
        list_append(&fleet->dirty, &leg->dirty);
    if (!loop_timer_running(&fleet->flush_again) && !loop_task_scheduled(&fleet->flush))
        loop_timer_start(&fleet->flush_again, FLUSH_GATHER_MS);
}

static void observation_free(struct leg *leg, struct observation *observation)
{
    list_remove(&observation->link);
    leg->queued--;
    leg->router->fleet->queued--;
    mem_free(MEM_OTHER, observation);
}

static void queue_clear(struct leg *leg)
{
    while (!list_empty(&leg->queue))
        observation_free(leg, list_entry(leg->queue.next, struct observation, link));
}

void leg_free(struct leg *leg)
{
    list_remove(&leg->link);
    list_remove(&leg->dirty);
    loop_timer_stop(&leg->retry);
    loop_timer_stop(&leg->why.timer);
    routes_drop(leg);
    queue_clear(leg);
    leg_keep_reason(leg, NULL);
    mem_free(MEM_OTHER, leg);
}

static bool queue_is_full(const struct leg *leg)
{
    unsigned limit = leg->router->fleet->queued < FLEET_QUEUE_MAX ? LEG_QUEUE_MAX : LEG_QUEUE_SURE;
    return leg->queued >= limit;
}

static bool says_nothing_new(const struct observation *last, const struct observation *now)
{
    return last->state == now->state && strcmp(last->fsm, now->fsm) == 0 && strcmp(last->reason, now->reason) == 0 &&
           last->limit_hit == now->limit_hit && last->up.at_s == now->up.at_s && last->up.flaps == now->up.flaps;
}

void leg_observe(struct leg *leg, const struct observation *observation)
{
    if (says_nothing_new(&leg->last, observation))
        return;
    struct observation *queued = mem_alloc(MEM_OTHER, sizeof(*queued));
    *queued = *observation;
    if (queue_is_full(leg)) { /* the store is stuck: the newest replaces the one before it, the first stay */
        struct observation *newest = list_entry(leg->queue.prev, struct observation, link);
        queued->flaps += newest->flaps + (newest->state == LEG_DOWN);
        observation_free(leg, newest);
    }
    words_mend(queued->reason); /* routers are given them by their neighbors */
    list_init(&queued->link);
    list_append(&leg->queue, &queued->link);
    leg->queued++;
    leg->router->fleet->queued++;
    leg->last = *observation;
    if (observation->state != LEG_UP)
        routes_forget(leg);
    leg_dirty(leg);
}

/* Writing --------------------------------------------------------------------------------------------------------- */

/* A session with its legs counted: what there is to be known before its state is derived. */
struct session_facts {
    char project_id[ID_TEXT_MAX];
    char device_id[ID_TEXT_MAX];
    char hostname[HOSTNAME_TEXT_MAX];
    char was[16];
    int family;
    enum fleet_state state;
};

static bool session_facts_read(struct fleet *fleet, const char *session_id, struct session_facts *facts)
{
    unsigned counts[LEG_STATE_COUNT] = {0};
    bool found = false;
    struct store_rows *rows = store_query(fleet->store,
                                          "SELECT s.project_id, s.device_id, d.hostname, s.state, s.family, l.state"
                                          " FROM sessions s JOIN devices d ON d.id = s.device_id"
                                          " LEFT JOIN legs l ON l.session_id = s.id WHERE s.id = $1",
                                          STORE_ARGS(store_text(session_id)));
    while (store_rows_next(rows)) {
        copy(facts->project_id, sizeof(facts->project_id), rows, 0);
        copy(facts->device_id, sizeof(facts->device_id), rows, 1);
        copy(facts->hostname, sizeof(facts->hostname), rows, 2);
        copy(facts->was, sizeof(facts->was), rows, 3);
        facts->family = (int)store_rows_number(rows, 4);
        if (!store_rows_null(rows, 5))
            counts[leg_state_parse(store_rows_text(rows, 5))]++;
        found = true;
    }
    store_rows_end(rows);
    facts->state = fleet_state_of(counts);
    return found;
}

static void session_event(struct fleet *fleet, const char *session_id, const struct session_facts *facts,
                          const char *reason, int64_t at_ms)
{
    char type[32];
    char body[LEG_REASON_MAX + HOSTNAME_TEXT_MAX + 64];
    const char *state = fleet_state_name(facts->state);
    bool tells = facts->state != FLEET_UP && reason && *reason;
    snprintf(type, sizeof(type), "bgp_session.%s", state);
    snprintf(body, sizeof(body), "The IPv%d BGP session of %s is %s%s%s.", facts->family, facts->hostname, state,
             tells ? ": " : "", tells ? reason : "");
    event_put(fleet, &(struct event){.type = type,
                                     .body = body,
                                     .project_id = facts->project_id,
                                     .device_id = facts->device_id,
                                     .session_id = session_id,
                                     .state = state,
                                     .reason = tells ? reason : NULL,
                                     .at_ms = at_ms});
}

enum fleet_state session_derive(struct fleet *fleet, const char *session_id, const char *reason, int64_t at_ms)
{
    struct session_facts facts = {.state = FLEET_DISABLED};
    if (!session_facts_read(fleet, session_id, &facts))
        return FLEET_DISABLED;
    bool changed = strcmp(facts.was, fleet_state_name(facts.state)) != 0;
    store_run(fleet->store,
              "UPDATE sessions SET updated_at = $1, since = CASE WHEN state = $2 THEN since ELSE $1 END, state = $2"
              " WHERE id = $3",
              STORE_ARGS(store_number(at_ms), store_text(fleet_state_name(facts.state)), store_text(session_id)));
    if (changed)
        session_event(fleet, session_id, &facts, reason, at_ms);
    return facts.state;
}

static void leg_event(struct leg *leg, const struct observation *seen, bool changed, const char *session_state)
{
    char type[32];
    char body[LEG_REASON_MAX + ROUTER_NAME_MAX + HOSTNAME_TEXT_MAX + 64];
    const char *state = leg_state_name(seen->state);
    bool tells = seen->state != LEG_UP && seen->reason[0];
    snprintf(type, sizeof(type), "bgp_leg.%s", changed ? state : "reason");
    snprintf(body, sizeof(body), "%s with %s is %s%s%s.", leg->hostname, leg->router->name, state, tells ? ": " : "",
             tells ? seen->reason : "");
    event_put(leg->router->fleet, &(struct event){.type = type,
                                                  .body = body,
                                                  .project_id = leg->project_id,
                                                  .device_id = leg->device_id,
                                                  .session_id = leg->session_id,
                                                  .router_id = leg->router->id,
                                                  .state = session_state,
                                                  .reason = tells ? seen->reason : NULL,
                                                  .at_ms = seen->at_ms});
}

/* A commit that failed with the connection may have happened: then this is in the store already, with what came of it.
 */
static bool written_before(struct leg *leg, const struct observation *seen)
{
    int64_t found = 0;
    return leg->unsure &&
           store_find_number(leg->router->fleet->store,
                             "SELECT 1 FROM transitions WHERE session_id = $1 AND leg_id = $2 AND at = $3"
                             " AND became = $4 AND COALESCE(reason, '') = $5",
                             STORE_ARGS(store_text(leg->session_id), store_text(leg->id), store_number(seen->at_ms),
                                        store_text(leg_state_name(seen->state)), store_text(seen->reason)),
                             &found);
}

/* What is stored of a leg. */
struct leg_stored {
    char state[16];
    char reason[LEG_REASON_MAX];
    char session_state[16];
};

static bool leg_stored_read(struct leg *leg, struct leg_stored *stored)
{
    struct store_rows *rows = store_query(leg->router->fleet->store,
                                          "SELECT l.state, l.reason, s.state FROM legs l JOIN sessions s"
                                          " ON s.id = l.session_id WHERE l.id = $1",
                                          STORE_ARGS(store_text(leg->id)));
    bool found = store_rows_next(rows);
    if (found) {
        copy(stored->state, sizeof(stored->state), rows, 0);
        copy(stored->reason, sizeof(stored->reason), rows, 1);
        copy(stored->session_state, sizeof(stored->session_state), rows, 2);
    }
    store_rows_end(rows);
    return found;
}

/* `stored` becomes what is stored then. */
static void observation_write(struct leg *leg, const struct observation *seen, struct leg_stored *stored)
{
    struct fleet *fleet = leg->router->fleet;
    const char *state = leg_state_name(seen->state);
    const struct store_value reason = store_text(seen->reason[0] ? seen->reason : NULL);
    if (written_before(leg, seen))
        return;
    bool changed = strcmp(stored->state, state) != 0;
    bool new_reason = strcmp(stored->reason, seen->reason) != 0;
    bool went_down = seen->state == LEG_DOWN && leg_state_parse(stored->state) == LEG_UP;
    store_run(fleet->store,
              "UPDATE legs SET since = CASE WHEN state = $1 THEN since ELSE $5 END, state = $1, fsm = $2, reason = $3,"
              " limit_hit = $4, updated_at = $5, up_at = $6, up_flaps = $7, flaps = flaps + $8 WHERE id = $9",
              STORE_ARGS(store_text(state), store_text(seen->fsm), reason, store_number(seen->limit_hit),
                         store_number(seen->at_ms), store_number(seen->up.at_s), store_number(seen->up.flaps),
                         store_number(seen->flaps + went_down), store_text(leg->id)));
    if (!changed && !new_reason)
        return;
    if (changed)
        snprintf(stored->session_state, sizeof(stored->session_state), "%s",
                 fleet_state_name(session_derive(fleet, leg->session_id, seen->reason, seen->at_ms)));
    store_run(fleet->store,
              "INSERT INTO transitions (session_id, leg_id, router_id, at, was, became, session_state, reason)"
              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
              STORE_ARGS(store_text(leg->session_id), store_text(leg->id), store_text(leg->router->id),
                         store_number(seen->at_ms), store_text(stored->state), store_text(state),
                         store_text(stored->session_state), reason));
    leg_event(leg, seen, changed, stored->session_state);
    snprintf(stored->state, sizeof(stored->state), "%s", state);
    snprintf(stored->reason, sizeof(stored->reason), "%s", seen->reason);
}

static void leg_write(struct leg *leg)
{
    struct leg_stored stored;
    if (!leg_stored_read(leg, &stored))
        return; /* deleted meanwhile */
    list_foreach (observation, &leg->queue, struct observation, link)
        observation_write(leg, observation, &stored);
    routes_write(leg);
}

/* Asked once in a flush: the answer holds until its transaction ends. */
static bool is_ours(struct router *router)
{
    struct fleet *fleet = router->fleet;
    if (router->flush_round != fleet->flush_round)
        router->ours = fleet_holds(fleet, router->id);
    router->flush_round = fleet->flush_round;
    return router->ours;
}

static void leg_written(struct leg *leg)
{
    queue_clear(leg);
    routes_written(leg);
    leg->unsure = false;
    list_remove(&leg->dirty);
}

/* One transaction's worth. E_OK, or what the store said. */
static int flush_some(struct fleet *fleet)
{
    struct leg *written[FLUSH_LEGS_MAX];
    unsigned count = 0;
    struct mono_time begin = mono_now();
    fleet->flush_round++;
    fleet_begin(fleet);
    list_foreach (leg, &fleet->dirty, struct leg, dirty) {
        if (count == FLUSH_LEGS_MAX || (count > 0 && mono_diff_ms(mono_now(), begin) >= FLUSH_SLICE_MS))
            break;
        if (is_ours(leg->router))
            leg_write(leg); /* otherwise who watches it now has seen it too */
        written[count++] = leg;
    }
    int result = fleet_commit(fleet);
    for (unsigned i = 0; i < count; i++) {
        if (result == E_OK)
            leg_written(written[i]);
        else
            written[i]->unsure = true;
    }
    if (result < 0)
        log_warn("store", NULL, "what %u legs did could not be written; trying again", count);
    return result;
}

bool legs_flush(struct loop_task *task)
{
    struct fleet *fleet = container_of(task, struct fleet, flush);
    if (flush_some(fleet) < 0) {
        loop_timer_start(&fleet->flush_again, FLUSH_AGAIN_MS);
        return false;
    }
    return !list_empty(&fleet->dirty);
}

void legs_flush_all(struct fleet *fleet)
{
    while (!list_empty(&fleet->dirty) && flush_some(fleet) == E_OK)
        ;
}

void legs_flush_again(struct loop_timer *timer)
{
    loop_task_schedule(&container_of(timer, struct fleet, flush_again)->flush);
}
