/* Routes, of a session and by looking up. The longest match over the fleet is at most one query by key for each length
 * of prefix: 33 or 129 of them, each in microseconds, and none that grows with the table.
 */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "net/prefix.h"

#define ROUTE_COLUMNS                                                                                                \
    "SELECT o.prefix, l.session_id, s.project_id, d.id, d.hostname, r.id, r.name, o.accepted, o.reason, o.next_hop," \
    " o.as_path, o.origin, o.med, o.communities, o.received_at FROM routes o JOIN legs l ON l.id = o.leg_id"         \
    " JOIN sessions s ON s.id = l.session_id JOIN devices d ON d.id = s.device_id JOIN routers r"                    \
    " ON r.id = l.router_id"

static void write_words(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_array(json);
    while (*text) {
        size_t length = strcspn(text, " ");
        json_string_n(json, text, length);
        text += length + (text[length] == ' ');
    }
    json_array_end(json);
}

static void write_named(struct json *json, const char *key, const char *name_key, const struct store_rows *rows,
                        unsigned column)
{
    json_key(json, key);
    json_object(json);
    member_row_text(json, "id", rows, column);
    member_row_text(json, name_key, rows, column + 1);
    json_object_end(json);
}

static void write_route(struct json *json, const struct store_rows *rows)
{
    json_object(json);
    member_row_text(json, "prefix", rows, 0);
    member_row_text(json, "session_id", rows, 1);
    member_row_text(json, "project_id", rows, 2);
    write_named(json, "device", "hostname", rows, 3);
    write_named(json, "router", "name", rows, 5);
    member_bool(json, "accepted", store_rows_number(rows, 7) != 0);
    member_row_text(json, "reason", rows, 8);
    member_row_text(json, "next_hop", rows, 9);
    member_row_text(json, "as_path", rows, 10);
    member_row_text(json, "origin", rows, 11);
    json_key(json, "med");
    if (store_rows_null(rows, 12))
        json_null(json);
    else
        json_i64(json, store_rows_number(rows, 12));
    write_words(json, "communities", store_rows_text(rows, 13));
    member_row_time(json, "received_at", rows, 14);
    json_object_end(json);
}

void view_session_routes(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    int64_t limit = api_limit(call);
    int64_t skip = api_cursor(call, 0);
    int64_t count = 0;
    const char *state = api_query(call, "state");
    if (!api_find_session(call, project))
        return;
    int64_t wanted = strcmp(state, "accepted") == 0 ? 1 : strcmp(state, "rejected") == 0 ? 0 : -1;
    struct store_rows *rows = store_query(
        call->store,
        ROUTE_COLUMNS " WHERE l.session_id = $1 AND ($2 < 0 OR o.accepted = $2)"
                      " ORDER BY o.prefix, r.name, o.path_id LIMIT $3 OFFSET $4",
        STORE_ARGS(store_text(call->id), store_number(wanted), store_number(limit + 1), store_number(skip)));
    json_object(&call->json);
    json_key(&call->json, "routes");
    json_array(&call->json);
    while (store_rows_next(rows)) {
        if (++count <= limit)
            write_route(&call->json, rows);
    }
    store_rows_end(rows);
    json_array_end(&call->json);
    api_next(call, count > limit, skip + limit);
    json_object_end(&call->json);
    api_reply(call, 200);
}

static bool any_route(struct api_call *call, const char *prefix)
{
    int64_t found = 0;
    return store_find_number(call->store,
                             "SELECT 1 FROM routes o JOIN legs l ON l.id = o.leg_id JOIN sessions s"
                             " ON s.id = l.session_id WHERE " VISIBLE("s.project_id") " AND o.prefix = $4 LIMIT 1",
                             STORE_ARGS(VISIBLE_ARGS(call), store_text(prefix)), &found);
}

/* The longest prefix with routes that covers `wish`; with `exact` only itself. */
static bool find_match(struct api_call *call, const struct prefix *wish, bool exact, char match[PREFIX_TEXT_MAX])
{
    for (int length = wish->length; length >= (exact ? wish->length : 0); length--) {
        struct prefix shorter = prefix_make(&wish->addr, (uint8_t)length);
        if (any_route(call, prefix_format(&shorter, match)))
            return true;
    }
    return false;
}

void view_lookup(struct api_call *call)
{
    struct prefix wish;
    char match[PREFIX_TEXT_MAX];
    bool exact = strcmp(api_query(call, "match"), "exact") == 0;
    if (prefix_parse(api_query(call, "prefix"), true, &wish) < 0) {
        api_invalid(call, "prefix: must be an address or a prefix");
        return;
    }
    bool found = find_match(call, &wish, exact, match);
    json_object(&call->json);
    member_text(&call->json, "match", found ? match : NULL);
    json_key(&call->json, "routes");
    json_array(&call->json);
    if (found) {
        struct store_rows *rows = store_query(
            call->store,
            ROUTE_COLUMNS " WHERE " VISIBLE("s.project_id") " AND o.prefix = $4 ORDER BY d.hostname, r.name LIMIT 1000",
            STORE_ARGS(VISIBLE_ARGS(call), store_text(match)));
        while (store_rows_next(rows))
            write_route(&call->json, rows);
        store_rows_end(rows);
    }
    json_array_end(&call->json);
    json_object_end(&call->json);
    api_reply(call, 200);
}
