/* For Prometheus. By default what grows with routers, not with sessions: a hundred thousand series more are asked for
 * by project.
 */
#include <string.h>

#include "base/exposition.h"
#include "fleet/handlers.h"

enum { METRICS_MAX_BYTES = 32 << 20 };

static void add_router_number(struct text *out, const char *name, const char *router, double value)
{
    struct exposition sample = exposition_begin(out, name, "");
    exposition_label(&sample, "router", router);
    exposition_end_real(&sample, value);
}

static void add_routers(struct store *store, struct text *out)
{
    int64_t now = time_now_ms();
    struct store_rows *rows =
        store_query(store, "SELECT name, state, heard_at FROM routers ORDER BY name", STORE_NO_ARGS);
    exposition_head(out, "godwit_fleet_router_up", "gauge", "1 if the router can be read.");
    while (store_rows_next(rows)) {
        const char *router = store_rows_text(rows, 0);
        add_router_number(out, "godwit_fleet_router_up", router, strcmp(store_rows_text(rows, 1), "readable") == 0);
        if (!store_rows_null(rows, 2))
            add_router_number(out, "godwit_fleet_router_lag_seconds", router,
                              (double)(now - store_rows_number(rows, 2)) / 1000);
    }
    store_rows_end(rows);
}

static void add_legs(struct store *store, struct text *out)
{
    struct store_rows *rows =
        store_query(store,
                    "SELECT r.name, l.state, count(*), sum(l.received), sum(l.accepted) FROM legs l JOIN routers r"
                    " ON r.id = l.router_id GROUP BY r.name, l.state ORDER BY r.name, l.state",
                    STORE_NO_ARGS);
    exposition_head(out, "godwit_fleet_legs", "gauge", "Sessions on each router, by state.");
    while (store_rows_next(rows)) {
        const char *router = store_rows_text(rows, 0);
        struct exposition sample = exposition_begin(out, "godwit_fleet_legs", "");
        exposition_label(&sample, "router", router);
        exposition_label(&sample, "state", store_rows_text(rows, 1));
        exposition_end(&sample, (uint64_t)store_rows_number(rows, 2));
        if (strcmp(store_rows_text(rows, 1), "up") != 0)
            continue;
        add_router_number(out, "godwit_fleet_routes_received", router, (double)store_rows_number(rows, 3));
        add_router_number(out, "godwit_fleet_routes_accepted", router, (double)store_rows_number(rows, 4));
    }
    store_rows_end(rows);
}

static void add_sessions(struct store *store, struct text *out)
{
    struct store_rows *rows =
        store_query(store, "SELECT state, count(*) FROM sessions GROUP BY state ORDER BY state", STORE_NO_ARGS);
    exposition_head(out, "godwit_fleet_sessions", "gauge", "Sessions by state.");
    while (store_rows_next(rows)) {
        struct exposition sample = exposition_begin(out, "godwit_fleet_sessions", "");
        exposition_label(&sample, "state", store_rows_text(rows, 0));
        exposition_end(&sample, (uint64_t)store_rows_number(rows, 1));
    }
    store_rows_end(rows);
}

static void add_session_number(struct text *out, const char *name, const struct store_rows *rows, int64_t value)
{
    struct exposition sample = exposition_begin(out, "godwit_fleet_session_", name);
    exposition_label(&sample, "session", store_rows_text(rows, 0));
    exposition_label(&sample, "host", store_rows_text(rows, 1));
    exposition_label(&sample, "family", store_rows_number(rows, 2) == 6 ? "ipv6" : "ipv4");
    exposition_end(&sample, (uint64_t)value);
}

static void add_project(struct store *store, struct text *out, const char *project_id)
{
    struct store_rows *rows = store_query(
        store,
        "SELECT s.id, d.hostname, s.family, s.state, c.max_prefix,"
        " (SELECT max(l.received) FROM legs l WHERE l.session_id = s.id),"
        " (SELECT max(l.accepted) FROM legs l WHERE l.session_id = s.id),"
        " (SELECT sum(l.flaps) FROM legs l WHERE l.session_id = s.id)"
        " FROM sessions s JOIN devices d ON d.id = s.device_id LEFT JOIN bgp_configs c ON c.project_id = s.project_id"
        " WHERE s.project_id = $1 ORDER BY d.hostname, s.family",
        STORE_ARGS(store_text(project_id)));
    while (store_rows_next(rows)) {
        static const char *const names[] = {"prefix_limit", "prefixes_received", "prefixes_accepted", "flaps_total"};
        add_session_number(out, "up", rows, strcmp(store_rows_text(rows, 3), "up") == 0);
        for (unsigned i = 0; i < ARRAY_LEN(names); i++)
            add_session_number(out, names[i], rows, store_rows_number(rows, 4 + i));
    }
    store_rows_end(rows);
}

static void add_total(struct text *out, const char *name, const char *help, uint64_t value)
{
    exposition_head(out, name, "counter", help);
    struct exposition sample = exposition_begin(out, name, "");
    exposition_end(&sample, value);
}

void metrics_show(struct api_call *call)
{
    struct text out;
    const char *project = api_query(call, "project");
    text_init(&out, METRICS_MAX_BYTES);
    if (*project) {
        add_project(call->store, &out, project);
    } else {
        add_routers(call->store, &out);
        add_legs(call->store, &out);
        add_sessions(call->store, &out);
        add_total(&out, "godwit_fleet_requests_total", "HTTP requests.", call->service->requests);
        add_total(&out, "godwit_fleet_events_total", "Events ever written.", (uint64_t)event_last_id(call->fleet));
    }
    api_reply_text(call, EXPOSITION_TYPE, out.bytes ? out.bytes : "", out.length);
    text_release(&out);
}

void health_show(struct api_call *call)
{
    int64_t one = 0;
    bool good = store_find_number(call->store, "SELECT count(*) FROM counters", STORE_NO_ARGS, &one);
    if (!good) {
        api_error(call, 503, "the store cannot be read");
        return;
    }
    json_object(&call->json);
    member_text(&call->json, "status", "ok");
    member_text(&call->json, "version", GODWIT_VERSION);
    json_object_end(&call->json);
    api_reply(call, 200);
}
