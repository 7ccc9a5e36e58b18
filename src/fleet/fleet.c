#include "fleet/fleet.h"

#include <string.h>

#include "fleet/leg.h"
#include "fleet/router.h"
#include "fleet/words.h"

const struct fleet_settings fleet_defaults = {
    .unreadable_ms = 2000,
    .refresh_ms = 6 * 3600 * 1000,
    .answer_ms = 5000,
    .hold_time_s = 90,
    .multihop_ttl = 5,
    .max_prefix = 10,
    .passive = true,
    .keep_events = {.days = 400, .count = 2000000},
    .keep_audit = {.days = 2557, .count = 1000000}, /* seven years */
};

/* Keeps the counter's row until the transaction ends. */
static void event_counter_take(struct fleet *fleet)
{
    if (fleet->event_number > 0)
        return;
    store_find_number(fleet->store, "UPDATE counters SET value = value WHERE name = 'event' RETURNING value",
                      STORE_NO_ARGS, &fleet->event_number);
    fleet->event_first = fleet->event_number;
}

/* Replicas take turns: what a session is is derived from legs that several of them write, each of which must see what
 * the others wrote. The counter is what they would wait for each other at anyway, and who takes it first of all cannot
 * be in a deadlock. */
void fleet_begin(struct fleet *fleet)
{
    store_begin(fleet->store);
    if (store_is_shared(fleet->store))
        event_counter_take(fleet);
}

int fleet_commit(struct fleet *fleet)
{
    bool has_events = fleet->event_number > fleet->event_first;
    if (has_events)
        store_run(fleet->store, "UPDATE counters SET value = $1 WHERE name = 'event'",
                  STORE_ARGS(store_number(fleet->event_number)));
    fleet->event_number = fleet->event_first = 0;
    int result = store_commit(fleet->store);
    if (result == E_OK && has_events)
        loop_task_schedule(&fleet->tell);
    return result;
}

bool fleet_holds(struct fleet *fleet, const char *router_id)
{
    return !fleet->holds || fleet->holds(fleet->owner, router_id);
}

void event_put(struct fleet *fleet, const struct event *event)
{
    event_counter_take(fleet);
    int64_t id = ++fleet->event_number;
    store_run(fleet->store,
              "INSERT INTO events (id, at, type, body, project_id, device_id, session_id, router_id, state, reason)"
              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
              STORE_ARGS(store_number(id), store_number(event->at_ms ? event->at_ms : time_now_ms()),
                         store_text(event->type), store_text(event->body), store_text(event->project_id),
                         store_text(event->device_id), store_text(event->session_id), store_text(event->router_id),
                         store_text(event->state), store_text(event->reason)));
}

static bool tell_news(struct loop_task *task)
{
    struct fleet *fleet = container_of(task, struct fleet, tell);
    list_foreach_safe (listener, &fleet->listeners, struct event_listener, link)
        listener->news(listener);
    return false;
}

void event_listen(struct fleet *fleet, struct event_listener *listener)
{
    list_append(&fleet->listeners, &listener->link);
}

static int64_t counter(struct fleet *fleet, const char *name)
{
    int64_t value = 0;
    store_find_number(fleet->store, "SELECT value FROM counters WHERE name = $1", STORE_ARGS(store_text(name)), &value);
    return value;
}

int64_t event_last_id(struct fleet *fleet)
{
    return counter(fleet, "event");
}

int64_t event_trimmed(struct fleet *fleet)
{
    return counter(fleet, "trimmed");
}

static void refresh_due(struct loop_timer *timer)
{
    struct fleet *fleet = container_of(timer, struct fleet, refresh);
    list_foreach (router, &fleet->routers, struct router, link)
        router_refresh(router, NULL, NULL);
    loop_timer_start(timer, fleet->settings.refresh_ms);
}

void fleet_init(struct fleet *fleet, struct loop *loop, struct store *store, const struct fleet_settings *settings)
{
    *fleet = (struct fleet){.loop = loop, .store = store, .settings = *settings};
    list_init(&fleet->routers);
    list_init(&fleet->dirty);
    list_init(&fleet->listeners);
    loop_task_init(&fleet->flush, loop, legs_flush);
    loop_timer_init(&fleet->flush_again, loop, legs_flush_again);
    loop_task_init(&fleet->tell, loop, tell_news);
    loop_timer_init(&fleet->refresh, loop, refresh_due);
    loop_timer_start(&fleet->refresh, settings->refresh_ms);
}

void fleet_release(struct fleet *fleet)
{
    list_foreach_safe (router, &fleet->routers, struct router, link)
        router_free(router);
    loop_task_cancel(&fleet->flush);
    loop_timer_stop(&fleet->flush_again);
    loop_task_cancel(&fleet->tell);
    loop_timer_stop(&fleet->refresh);
}
