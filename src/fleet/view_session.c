#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/list_query.h"
#include "fleet/objects.h"
#include "fleet/router.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, WEEK_MS = 7 * DAY_MS };
enum { CURSOR_TEXT_MAX = HOSTNAME_TEXT_MAX + ID_TEXT_MAX + 4 };

static void write_leg(struct json *json, const struct store_rows *rows)
{
    int64_t received = store_rows_number(rows, 8);
    int64_t accepted = store_rows_number(rows, 9);
    json_object(json);
    member_row_text(json, "id", rows, 0);
    json_key(json, "router");
    json_object(json);
    member_row_text(json, "id", rows, 1);
    member_row_text(json, "name", rows, 2);
    json_object_end(json);
    member_row_text(json, "peer_ip", rows, 3);
    member_row_text(json, "state", rows, 4);
    member_row_text(json, "fsm", rows, 5);
    member_row_time(json, "since", rows, 6);
    member_text(json, "reason",
                strcmp(store_rows_text(rows, 4), "up") == 0 || store_rows_null(rows, 7) ? NULL
                                                                                        : store_rows_text(rows, 7));
    member_number(json, "received", received);
    member_number(json, "accepted", accepted);
    member_number(json, "rejected", received - accepted);
    member_bool(json, "limit_hit", store_rows_number(rows, 11) != 0);
    member_row_time(json, "updated_at", rows, 10);
    json_object_end(json);
}

void write_legs(struct api_call *call, const char *session_id)
{
    struct store_rows *rows = store_query(
        call->store,
        "SELECT l.id, r.id, r.name, CASE WHEN s.family = 6 THEN r.peer_ipv6 ELSE r.peer_ipv4 END, l.state, l.fsm,"
        " l.since, l.reason, l.received, l.accepted,"
        " CASE WHEN r.heard_at > l.updated_at AND r.state = 'readable' THEN r.heard_at ELSE l.updated_at END,"
        " l.limit_hit FROM legs l JOIN sessions s ON s.id = l.session_id JOIN routers r ON r.id = l.router_id"
        " WHERE l.session_id = $1 ORDER BY r.name",
        STORE_ARGS(store_text(session_id)));
    json_array(&call->json);
    while (store_rows_next(rows))
        write_leg(&call->json, rows);
    store_rows_end(rows);
    json_array_end(&call->json);
}

/* How often the session left Up in the last hour, day and week. */
static void write_flaps(struct api_call *call, const char *session_id)
{
    struct json *json = &call->json;
    int64_t now = time_now_ms();
    static const char sql[] =
        "SELECT count(*) FROM transitions WHERE session_id = $1 AND was = 'up' AND became = 'down'"
        " AND at > $2";
    int64_t hour = 0;
    int64_t day = 0;
    int64_t week = 0;
    store_find_number(call->store, sql, STORE_ARGS(store_text(session_id), store_number(now - WEEK_MS)), &week);
    if (week > 0) {
        store_find_number(call->store, sql, STORE_ARGS(store_text(session_id), store_number(now - DAY_MS)), &day);
        store_find_number(call->store, sql, STORE_ARGS(store_text(session_id), store_number(now - HOUR_MS)), &hour);
    }
    json_key(json, "flaps");
    json_object(json);
    member_number(json, "hour", hour);
    member_number(json, "day", day);
    member_number(json, "week", week);
    json_object_end(json);
}

/* The gauge: the limit holds on each router by itself, so it shows the fullest one. */
static void write_gauge(struct api_call *call, const char *session_id, int64_t limit)
{
    struct json *json = &call->json;
    struct store_rows *rows = store_query(
        call->store, "SELECT max(received), max(accepted), max(received - accepted) FROM legs WHERE session_id = $1",
        STORE_ARGS(store_text(session_id)));
    bool found = store_rows_next(rows);
    json_key(json, "prefixes");
    json_object(json);
    member_number(json, "received", found ? store_rows_number(rows, 0) : 0);
    member_number(json, "accepted", found ? store_rows_number(rows, 1) : 0);
    member_number(json, "rejected", found ? store_rows_number(rows, 2) : 0);
    member_number(json, "limit", limit);
    json_object_end(json);
    store_rows_end(rows);
}

static void write_state(struct api_call *call, const struct store_rows *rows)
{
    char status_text[256];
    char reason_text[1024];
    struct str status = str_over(status_text, sizeof(status_text));
    struct str reason = str_over(reason_text, sizeof(reason_text));
    session_words(call->store, store_rows_text(rows, 0), &status, &reason);
    member_row_text(&call->json, "state", rows, 5);
    member_text(&call->json, "status", status_text);
    member_row_time(&call->json, "since", rows, 6);
    member_text(&call->json, "reason", reason.length ? reason_text : NULL);
}

bool write_session(struct api_call *call, const char *id)
{
    struct json *json = &call->json;
    struct store_rows *rows =
        store_query(call->store,
                    "SELECT s.id, s.project_id, s.device_id, d.hostname, s.family, s.state, s.since, s.default_route, "
                    "s.customer_ip,"
                    " s.created_at, s.updated_at, c.asn, c.max_prefix,"
                    " (SELECT min(r.asn) FROM legs l JOIN routers r ON r.id = l.router_id WHERE l.session_id = s.id)"
                    " FROM sessions s JOIN devices d ON d.id = s.device_id"
                    " LEFT JOIN bgp_configs c ON c.project_id = s.project_id WHERE s.id = $1",
                    STORE_ARGS(store_text(id)));
    bool found = store_rows_next(rows);
    if (found) {
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "project_id", rows, 1);
        json_key(json, "device");
        json_object(json);
        member_row_text(json, "id", rows, 2);
        member_row_text(json, "hostname", rows, 3);
        json_object_end(json);
        member_text(json, "address_family", store_rows_number(rows, 4) == 6 ? "ipv6" : "ipv4");
        write_state(call, rows);
        member_bool(json, "default_route", store_rows_number(rows, 7) != 0);
        member_row_text(json, "customer_ip", rows, 8);
        member_number(json, "customer_as", store_rows_number(rows, 11));
        member_number(json, "peer_as", store_rows_number(rows, 13));
        write_flaps(call, id);
        write_gauge(call, id, store_rows_number(rows, 12));
        json_key(json, "learned_routes");
        write_learned(call, id);
        member_row_time(json, "created_at", rows, 9);
        member_row_time(json, "updated_at", rows, 10);
        json_key(json, "legs");
        write_legs(call, id);
        json_object_end(json);
    }
    store_rows_end(rows);
    return found;
}

/* Where a page begins: behind the host name, device and family of the last session of the one before. */
struct list_place {
    char hostname[HOSTNAME_TEXT_MAX];
    char device[ID_TEXT_MAX];
    int family;
};

static void place_format(const struct list_place *place, char cursor[CURSOR_TEXT_MAX])
{
    snprintf(cursor, CURSOR_TEXT_MAX, "%s~%s~%d", place->hostname, place->device, place->family);
}

static bool place_parse(const char *cursor, struct list_place *place)
{
    char again[CURSOR_TEXT_MAX];
    const char *device = strchr(cursor, '~');
    const char *family = device ? strchr(device + 1, '~') : NULL;
    if (!family)
        return false;
    snprintf(place->hostname, sizeof(place->hostname), "%.*s", (int)(device - cursor), cursor);
    snprintf(place->device, sizeof(place->device), "%.*s", (int)(family - device - 1), device + 1);
    place->family = strcmp(family, "~6") == 0 ? 6 : 4;
    place_format(place, again);
    return strcmp(again, cursor) == 0;
}

/* A device and its sessions are of one project. */
static struct store_rows *query_sessions(struct api_call *call, const struct list_place *after, int64_t limit)
{
    struct list_query query;
    list_query_init(&query, &call->who,
                    "SELECT s.id, d.hostname, d.id, s.family FROM devices d JOIN sessions s ON s.device_id = d.id"
                    " WHERE " VISIBLE("d.project_id"));
    list_query_project(&query, &call->who, "d.project_id", api_query(call, "project"));
    list_query_filter(&query, "d.id = ", "", api_query(call, "device"));
    list_query_filter(&query, "s.state = ", "", api_query(call, "state"));
    list_query_filter(&query, "EXISTS (SELECT 1 FROM legs l WHERE l.session_id = s.id AND l.router_id = ", ")",
                      api_query(call, "router"));
    if (after)
        str_printf(&query.sql, " AND (d.hostname, d.id, s.family) > ($%u, $%u, $%u)",
                   list_query_value(&query, store_text(after->hostname)),
                   list_query_value(&query, store_text(after->device)),
                   list_query_value(&query, store_number(after->family)));
    return list_query_run(&query, call->store, " ORDER BY d.hostname, d.id, s.family", limit);
}

/* The filters are all optional. */
void view_sessions(struct api_call *call)
{
    char next[CURSOR_TEXT_MAX];
    struct list_place place;
    const char *cursor = api_query(call, "cursor");
    int64_t limit = api_limit(call);
    int64_t count = 0;
    if (cursor[0] && !place_parse(cursor, &place)) {
        api_error(call, 400, "cursor: is none of this list; leave it out to begin again");
        return;
    }
    struct store_rows *rows = query_sessions(call, cursor[0] ? &place : NULL, limit + 1);
    json_object(&call->json);
    json_key(&call->json, "sessions");
    json_array(&call->json);
    while (count < limit && store_rows_next(rows)) {
        write_session(call, store_rows_text(rows, 0));
        snprintf(place.hostname, sizeof(place.hostname), "%s", store_rows_text(rows, 1));
        snprintf(place.device, sizeof(place.device), "%s", store_rows_text(rows, 2));
        place.family = (int)store_rows_number(rows, 3);
        count++;
    }
    bool more = count == limit && store_rows_next(rows);
    store_rows_end(rows);
    json_array_end(&call->json);
    if (more)
        place_format(&place, next);
    member_text(&call->json, "next", more ? next : NULL);
    json_object_end(&call->json);
    api_reply(call, 200);
}

void view_session(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_session(call, project))
        return;
    write_session(call, call->id);
    api_reply(call, 200);
}

void view_session_legs(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_session(call, project))
        return;
    json_object(&call->json);
    json_key(&call->json, "legs");
    write_legs(call, call->id);
    json_object_end(&call->json);
    api_reply(call, 200);
}

void view_session_reset(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    char device[ID_TEXT_MAX] = "";
    if (!api_find_session(call, project))
        return;
    store_find_text(call->store, "SELECT device_id FROM sessions WHERE id = $1", STORE_ARGS(store_text(call->id)),
                    device, sizeof(device));
    fleet_begin(call->fleet);
    api_audit(call, "bgp_session.reset", call->id, project, "");
    event_put(call->fleet, &(struct event){.type = "bgp_session.reset",
                                           .body = "The BGP session was reset by its owner.",
                                           .project_id = project,
                                           .device_id = device,
                                           .session_id = call->id});
    if (!api_committed(call))
        return;
    if (!call->service->replica)
        session_reset(call->fleet, call->id); /* among several, who watches the router hears of it by the event */
    json_object(&call->json);
    json_object_end(&call->json);
    api_reply(call, 202);
}
