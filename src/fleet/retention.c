/* Rows are numbered in the order in which they were written, so the old ones are at the beginning of the primary key:
 * a slice reads the first few, and removes up to the last one that is old. What is in the middle of the table is never
 * looked at.
 */
#include "fleet/retention.h"

#include "base/log.h"
#include "base/mem.h"
#include "fleet/replica.h"
#include "fleet/words.h"

enum {
    SLICE_ROWS = 500,
    SLICE_PAUSE_MS = 50,
    ROUND_MS = 30000,
};

struct kept {
    const char *oldest;
    const char *newest;
    const char *remove;
    bool is_audit;
    bool is_events;
};

static const struct kept tables[] = {
    {"SELECT id, at FROM events ORDER BY id LIMIT $1", "SELECT max(id) FROM events",
     "DELETE FROM events WHERE id <= $1", .is_events = true},
    {"SELECT id, at FROM transitions ORDER BY id LIMIT $1", "SELECT max(id) FROM transitions",
     "DELETE FROM transitions WHERE id <= $1"},
    {"SELECT id, at FROM audit ORDER BY id LIMIT $1", "SELECT max(id) FROM audit", "DELETE FROM audit WHERE id <= $1",
     .is_audit = true},
};

struct retention {
    struct service *service;
    struct loop_timer timer;
    unsigned table; /* whose turn it is */
};

/* The last number of those that are to go, among the first few; 0: none. `whole`: perhaps there are more. */
static int64_t last_old(struct store *store, const struct kept *kept, const struct keep_limit *limit, bool *whole)
{
    int64_t newest = 0;
    int64_t last = 0;
    int64_t before = limit->days ? time_now_ms() - (int64_t)limit->days * 24 * 3600 * 1000 : INT64_MIN;
    unsigned count = 0;
    store_find_number(store, kept->newest, STORE_NO_ARGS, &newest);
    struct store_rows *rows = store_query(store, kept->oldest, STORE_ARGS(store_number(SLICE_ROWS)));
    while (store_rows_next(rows)) {
        int64_t id = store_rows_number(rows, 0);
        bool too_many = limit->count && id <= newest - limit->count;
        if (!too_many && store_rows_number(rows, 1) >= before)
            break;
        last = id;
        count++;
    }
    store_rows_end(rows);
    *whole = count == SLICE_ROWS;
    return last;
}

/* Webhooks whose receivers could not be reached for so long are told what they lose. */
static void forget_undelivered(struct store *store, int64_t last)
{
    store_run(store,
              "UPDATE webhooks SET last_status = 'events got too old to be kept before they could be delivered'"
              " WHERE delivered < $1 AND EXISTS (SELECT 1 FROM events e WHERE e.project_id = webhooks.project_id"
              " AND e.id > webhooks.delivered AND e.id <= $1 AND e.type NOT LIKE 'bgp_leg.%'"
              " AND e.type <> 'bgp_session.routes')",
              STORE_ARGS(store_number(last)));
    if (store_changed(store) > 0)
        log_warn("fleet", NULL, "%lld webhooks lose events that got too old", (long long)store_changed(store));
}

/* True: there may be more. */
static bool slice(struct retention *retention, const struct kept *kept)
{
    struct fleet *fleet = &retention->service->fleet;
    bool whole = false;
    const struct keep_limit *limit = kept->is_audit ? &fleet->settings.keep_audit : &fleet->settings.keep_events;
    int64_t last = last_old(fleet->store, kept, limit, &whole);
    if (last == 0)
        return false;
    fleet_begin(fleet);
    if (kept->is_events) {
        forget_undelivered(fleet->store, last);
        store_run(fleet->store, "UPDATE counters SET value = $1 WHERE name = 'trimmed'",
                  STORE_ARGS(store_number(last)));
    }
    store_run(fleet->store, kept->remove, STORE_ARGS(store_number(last)));
    return fleet_commit(fleet) == E_OK && whole;
}

static void timer_expired(struct loop_timer *timer)
{
    struct retention *retention = container_of(timer, struct retention, timer);
    if (!replica_delivers(retention->service->replica)) {
        loop_timer_start(timer, ROUND_MS);
        return;
    }
    if (!slice(retention, &tables[retention->table]))
        retention->table++;
    bool round_over = retention->table == ARRAY_LEN(tables);
    if (round_over)
        retention->table = 0;
    loop_timer_start(timer, round_over ? ROUND_MS : SLICE_PAUSE_MS);
}

struct retention *retention_new(struct service *service)
{
    struct retention *retention = mem_zalloc(MEM_OTHER, sizeof(*retention));
    retention->service = service;
    loop_timer_init(&retention->timer, service->fleet.loop, timer_expired);
    loop_timer_start(&retention->timer, SLICE_PAUSE_MS);
    return retention;
}

void retention_free(struct retention *retention)
{
    loop_timer_stop(&retention->timer);
    mem_free(MEM_OTHER, retention);
}
