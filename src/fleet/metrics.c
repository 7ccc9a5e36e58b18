/* For Prometheus. By default what grows with routers, not with sessions: a hundred thousand series more are asked for
 * by project.
 */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"

enum { METRICS_MAX_BYTES = 32 << 20 };

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* A label's value: quotes, backslashes and line ends escaped. */
static void add_label(struct text *out, const char *name, const char *value)
{
    text_printf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n')
            text_add(out, "\\n");
        else if (*value == '"' || *value == '\\')
            text_printf(out, "\\%c", *value);
        else
            text_add_n(out, value, 1);
    }
    text_add(out, "\"");
}

static void add_head(struct text *out, const char *name, const char *type, const char *help)
{
    text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_routers(struct store *store, struct text *out)
{
    int64_t now = time_now_ms();
    struct store_rows *rows =
        store_query(store, "SELECT name, state, heard_at FROM routers ORDER BY name", STORE_NO_ARGS);
    add_head(out, "godwit_fleet_router_up", "gauge", "1 if the router can be read.");
    while (store_rows_next(rows)) {
        text_add(out, "godwit_fleet_router_up{");
        add_label(out, "router", store_rows_text(rows, 0));
        text_printf(out, "} %d\n", strcmp(store_rows_text(rows, 1), "readable") == 0);
        if (store_rows_null(rows, 2))
            continue;
        text_add(out, "godwit_fleet_router_lag_seconds{");
        add_label(out, "router", store_rows_text(rows, 0));
        text_printf(out, "} %.3f\n", (double)(now - store_rows_number(rows, 2)) / 1000);
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
    add_head(out, "godwit_fleet_legs", "gauge", "Sessions on each router, by state.");
    while (store_rows_next(rows)) {
        text_add(out, "godwit_fleet_legs{");
        add_label(out, "router", store_rows_text(rows, 0));
        text_add(out, ",");
        add_label(out, "state", store_rows_text(rows, 1));
        text_printf(out, "} %lld\n", (long long)store_rows_number(rows, 2));
        if (strcmp(store_rows_text(rows, 1), "up") != 0)
            continue;
        text_add(out, "godwit_fleet_routes_received{");
        add_label(out, "router", store_rows_text(rows, 0));
        text_printf(out, "} %lld\ngodwit_fleet_routes_accepted{", (long long)store_rows_number(rows, 3));
        add_label(out, "router", store_rows_text(rows, 0));
        text_printf(out, "} %lld\n", (long long)store_rows_number(rows, 4));
    }
    store_rows_end(rows);
}

static void add_sessions(struct store *store, struct text *out)
{
    struct store_rows *rows =
        store_query(store, "SELECT state, count(*) FROM sessions GROUP BY state ORDER BY state", STORE_NO_ARGS);
    add_head(out, "godwit_fleet_sessions", "gauge", "Sessions by state.");
    while (store_rows_next(rows)) {
        text_add(out, "godwit_fleet_sessions{");
        add_label(out, "state", store_rows_text(rows, 0));
        text_printf(out, "} %lld\n", (long long)store_rows_number(rows, 1));
    }
    store_rows_end(rows);
}

static void add_session_labels(struct text *out, const struct store_rows *rows)
{
    text_add(out, "{");
    add_label(out, "session", store_rows_text(rows, 0));
    text_add(out, ",");
    add_label(out, "host", store_rows_text(rows, 1));
    text_printf(out, ",family=\"%s\"} ", store_rows_number(rows, 2) == 6 ? "ipv6" : "ipv4");
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
        text_add(out, "godwit_fleet_session_up");
        add_session_labels(out, rows);
        text_printf(out, "%d\n", strcmp(store_rows_text(rows, 3), "up") == 0);
        for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
            text_printf(out, "godwit_fleet_session_%s", names[i]);
            add_session_labels(out, rows);
            text_printf(out, "%lld\n", (long long)store_rows_number(rows, 4 + i));
        }
    }
    store_rows_end(rows);
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
        add_head(&out, "godwit_fleet_requests_total", "counter", "HTTP requests.");
        text_printf(&out, "godwit_fleet_requests_total %llu\n", (unsigned long long)call->service->requests);
        add_head(&out, "godwit_fleet_events_total", "counter", "Events ever written.");
        text_printf(&out, "godwit_fleet_events_total %lld\n", (long long)event_last_id(call->fleet));
    }
    api_reply_text(call, metrics_type, out.bytes ? out.bytes : "", out.length);
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
