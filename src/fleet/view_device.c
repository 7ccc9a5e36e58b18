/* Devices as the service knows them: one with its sessions, and lists that find one by its host name. */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/leg.h"
#include "fleet/list_query.h"
#include "fleet/objects.h"

enum { CURSOR_TEXT_MAX = HOSTNAME_TEXT_MAX + ID_TEXT_MAX + 2 };

static void write_device_session(struct api_call *call, const char *key, int64_t family)
{
    char id[ID_TEXT_MAX];
    json_key(&call->json, key);
    if (store_find_text(call->store, "SELECT id FROM sessions WHERE device_id = $1 AND family = $2",
                        STORE_ARGS(store_text(call->id), store_number(family)), id, sizeof(id)))
        write_session(call, id);
    else
        json_null(&call->json);
}

static void write_device_addresses(struct api_call *call)
{
    struct store_rows *rows =
        store_query(call->store, "SELECT address FROM device_addresses WHERE device_id = $1 ORDER BY position",
                    STORE_ARGS(store_text(call->id)));
    json_key(&call->json, "addresses");
    json_array(&call->json);
    while (store_rows_next(rows))
        json_string(&call->json, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(&call->json);
}

void view_device(struct api_call *call)
{
    struct json *json = &call->json;
    char project[ID_TEXT_MAX];
    if (!api_find_device(call, project))
        return;
    struct store_rows *rows =
        store_query(call->store,
                    "SELECT d.id, d.hostname, d.project_id, m.code FROM devices d JOIN metros m ON m.id = d.metro_id"
                    " WHERE d.id = $1",
                    STORE_ARGS(store_text(call->id)));
    json_object(json);
    if (store_rows_next(rows)) {
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "hostname", rows, 1);
        member_row_text(json, "project_id", rows, 2);
        member_row_text(json, "metro", rows, 3);
    }
    store_rows_end(rows);
    write_device_addresses(call);
    json_key(json, "sessions");
    json_object(json);
    write_device_session(call, "ipv4", 4);
    write_device_session(call, "ipv6", 6);
    json_object_end(json);
    json_object_end(json);
    api_reply(call, 200);
}

/* Lists ------------------------------------------------------------------------------------------------------------ */

/* A page begins behind the host name and identifier of the last device of the one before: "name~id". */
static bool cursor_parse(const char *cursor, char hostname[HOSTNAME_TEXT_MAX], const char **id)
{
    const char *end = strchr(cursor, '~');
    if (!end || end - cursor >= HOSTNAME_TEXT_MAX)
        return false;
    snprintf(hostname, HOSTNAME_TEXT_MAX, "%.*s", (int)(end - cursor), cursor);
    *id = end + 1;
    return true;
}

static struct store_rows *query_devices(struct api_call *call, const char *hostname, const char *id, int64_t limit)
{
    struct list_query query;
    list_query_init(&query, &call->who,
                    "SELECT d.id, d.hostname, d.project_id FROM devices d WHERE " VISIBLE("d.project_id"));
    list_query_project(&query, &call->who, "d.project_id", api_query(call, "project"));
    list_query_filter(&query, "d.hostname = ", "", api_query(call, "hostname"));
    if (id)
        str_printf(&query.sql, " AND (d.hostname, d.id) > ($%u, $%u)", list_query_value(&query, store_text(hostname)),
                   list_query_value(&query, store_text(id)));
    return list_query_run(&query, call->store, " ORDER BY d.hostname, d.id", limit);
}

/* The filters are all optional. */
void view_devices(struct api_call *call)
{
    struct json *json = &call->json;
    char hostname[HOSTNAME_TEXT_MAX] = "", next[CURSOR_TEXT_MAX];
    const char *cursor = api_query(call, "cursor"), *id = NULL;
    int64_t limit = api_limit(call), count = 0;
    if (cursor[0] && !cursor_parse(cursor, hostname, &id)) {
        api_error(call, 400, "cursor: is none of this list; leave it out to begin again");
        return;
    }
    struct store_rows *rows = query_devices(call, hostname, id, limit + 1);
    json_object(json);
    json_key(json, "devices");
    json_array(json);
    for (; count < limit && store_rows_next(rows); count++) {
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "hostname", rows, 1);
        member_row_text(json, "project_id", rows, 2);
        json_object_end(json);
        snprintf(next, sizeof(next), "%s~%s", store_rows_text(rows, 1), store_rows_text(rows, 0));
    }
    bool more = count == limit && store_rows_next(rows);
    store_rows_end(rows);
    json_array_end(json);
    member_text(json, "next", more ? next : NULL);
    json_object_end(json);
    api_reply(call, 200);
}
