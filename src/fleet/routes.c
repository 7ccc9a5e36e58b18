/* Routes on their way from a router's events into the store. Changes wait in the leg's queue until legs_flush writes
 * them; a queue that gets too long (the store is stuck while a server flaps) is given up, and the router is read anew.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "fleet/project_prefixes.h"
#include "fleet/route.h"
#include "fleet/route_words.h"
#include "fleet/router.h"

struct route_change {
    struct list link;
    int64_t at_ms;
    struct route_words words;
};

void routes_drop(struct leg *leg)
{
    list_foreach_safe (change, &leg->routes, struct route_change, link) {
        list_remove(&change->link);
        mem_free(MEM_OTHER, change);
    }
    leg->routes_queued = 0;
}

void routes_expect(struct leg *leg)
{
    routes_drop(leg);
    leg->routes_cleared = true;
}

void routes_forget(struct leg *leg)
{
    routes_expect(leg);
    leg_dirty(leg);
}

void route_observe(struct router *router, const Apipb__Path *path)
{
    struct leg *leg = leg_find(router, path->neighbor_ip);
    if (!leg)
        return;
    struct route_change *change = mem_alloc(MEM_OTHER, sizeof(*change));
    list_init(&change->link);
    change->at_ms = path->age && !path->is_withdraw ? path->age->seconds * 1000 : time_now_ms();
    if (!route_words_read(path, &change->words) || leg->routes_queued == LEG_ROUTES_QUEUED_MAX) {
        if (leg->routes_queued == LEG_ROUTES_QUEUED_MAX)
            log_warn("fleet", leg->id, "more changes of routes than can be kept; some are left out");
        mem_free(MEM_OTHER, change);
        return;
    }
    list_append(&leg->routes, &change->link);
    leg->routes_queued++;
    leg_dirty(leg);
}

static void withdraw(struct leg *leg, const struct route_change *change)
{
    char prefix[PREFIX_TEXT_MAX];
    store_run(leg->router->fleet->store, "DELETE FROM routes WHERE leg_id = $1 AND prefix = $2 AND path_id = $3",
              STORE_ARGS(store_text(leg->id), store_text(prefix_format(&change->words.prefix, prefix)),
                         store_number(change->words.path_id)));
}

static void announce(struct leg *leg, const struct route_change *change, const struct project_prefixes *allowed)
{
    const struct route_words *words = &change->words;
    char prefix[PREFIX_TEXT_MAX];
    char reason[LEG_REASON_MAX] = "";
    bool refused = route_refused(words, allowed->prefixes, allowed->count, reason, sizeof(reason));
    store_run(leg->router->fleet->store,
              "INSERT INTO routes (leg_id, prefix, path_id, accepted, reason, next_hop, as_path, origin, med,"
              " communities, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
              " ON CONFLICT (leg_id, prefix, path_id) DO UPDATE SET accepted = excluded.accepted,"
              " reason = excluded.reason, next_hop = excluded.next_hop, as_path = excluded.as_path,"
              " origin = excluded.origin, med = excluded.med, communities = excluded.communities,"
              " received_at = excluded.received_at",
              STORE_ARGS(store_text(leg->id), store_text(prefix_format(&words->prefix, prefix)),
                         store_number(words->path_id), store_number(!refused), store_text(refused ? reason : NULL),
                         store_text(words->next_hop), store_text(words->as_path), store_text(words->origin),
                         words->has_med ? store_number(words->med) : store_null(), store_text(words->communities),
                         store_number(change->at_ms)));
}

static void count_and_tell(struct leg *leg)
{
    struct fleet *fleet = leg->router->fleet;
    char body[HOSTNAME_TEXT_MAX + ROUTER_NAME_MAX + 96];
    struct store_rows *rows =
        store_query(fleet->store,
                    "SELECT l.received, l.accepted, (SELECT count(*) FROM routes o WHERE o.leg_id = l.id),"
                    " (SELECT count(*) FROM routes o WHERE o.leg_id = l.id AND o.accepted = 1)"
                    " FROM legs l WHERE l.id = $1",
                    STORE_ARGS(store_text(leg->id)));
    store_rows_next(rows);
    int64_t received = store_rows_number(rows, 2);
    int64_t accepted = store_rows_number(rows, 3);
    bool same = store_rows_number(rows, 0) == received && store_rows_number(rows, 1) == accepted;
    if (store_rows_end(rows) < 0 || same)
        return;
    store_run(fleet->store, "UPDATE legs SET received = $1, accepted = $2 WHERE id = $3",
              STORE_ARGS(store_number(received), store_number(accepted), store_text(leg->id)));
    snprintf(body, sizeof(body), "%s holds %lld routes of %s, %lld of them accepted.", leg->router->name,
             (long long)received, leg->hostname, (long long)accepted);
    event_put(fleet, &(struct event){.type = "bgp_session.routes",
                                     .body = body,
                                     .project_id = leg->project_id,
                                     .device_id = leg->device_id,
                                     .session_id = leg->session_id,
                                     .router_id = leg->router->id});
}

static void write_changes(struct leg *leg)
{
    struct project_prefixes allowed;
    project_prefixes_load(&allowed, leg->router->fleet->store, leg->project_id);
    list_foreach (change, &leg->routes, struct route_change, link) {
        if (change->words.withdrawn)
            withdraw(leg, change);
        else
            announce(leg, change, &allowed);
    }
    project_prefixes_release(&allowed);
}

void routes_write(struct leg *leg)
{
    if (leg->router->replaying || (!leg->routes_cleared && leg->routes_queued == 0))
        return;
    if (leg->routes_cleared)
        store_run(leg->router->fleet->store, "DELETE FROM routes WHERE leg_id = $1", STORE_ARGS(store_text(leg->id)));
    if (leg->routes_queued > 0)
        write_changes(leg);
    count_and_tell(leg);
}

void routes_written(struct leg *leg)
{
    if (leg->router->replaying)
        return;
    routes_drop(leg);
    leg->routes_cleared = false;
}

/* One stored route under new prefixes. What the router said of it before stays said. */
static void judge(struct fleet *fleet, const struct store_rows *rows, const struct project_prefixes *allowed)
{
    struct route_words words = {0};
    char reason[LEG_REASON_MAX] = "";
    if (prefix_parse(store_rows_text(rows, 1), true, &words.prefix) < 0)
        return;
    bool refused = route_refused(&words, allowed->prefixes, allowed->count, reason, sizeof(reason));
    store_run(
        fleet->store, "UPDATE routes SET accepted = $1, reason = $2 WHERE leg_id = $3 AND prefix = $4 AND path_id = $5",
        STORE_ARGS(store_number(!refused), store_text(refused ? reason : NULL), store_text(store_rows_text(rows, 0)),
                   store_text(store_rows_text(rows, 1)), store_number(store_rows_number(rows, 2))));
}

void routes_judge_again(struct fleet *fleet, const char *project_id)
{
    struct project_prefixes allowed;
    project_prefixes_load(&allowed, fleet->store, project_id);
    struct store_rows *rows = store_query(fleet->store,
                                          "SELECT o.leg_id, o.prefix, o.path_id FROM routes o"
                                          " JOIN legs l ON l.id = o.leg_id JOIN sessions s ON s.id = l.session_id"
                                          " WHERE s.project_id = $1 ORDER BY o.leg_id, o.prefix, o.path_id",
                                          STORE_ARGS(store_text(project_id)));
    while (store_rows_next(rows))
        judge(fleet, rows, &allowed);
    store_rows_end(rows);
    project_prefixes_release(&allowed);
    store_run(fleet->store,
              "UPDATE legs SET accepted = (SELECT count(*) FROM routes o WHERE o.leg_id = legs.id AND o.accepted = 1)"
              " WHERE session_id IN (SELECT id FROM sessions WHERE project_id = $1)",
              STORE_ARGS(store_text(project_id)));
}
