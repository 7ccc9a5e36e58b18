/* Events in Metal's shape, newest first. Changes of sessions are among them, so that clients that know nothing of ours
 * see the history of their BGP.
 */
#include <stdio.h>

#include "fleet/handlers.h"

static void write_relationship(struct json *json, const char *path, const char *id)
{
    char href[96];
    if (!*id)
        return;
    snprintf(href, sizeof(href), "/metal/v1/%s/%s", path, id);
    json_object(json);
    member_text(json, "href", href);
    json_object_end(json);
}

static void write_event(struct api_call *call, const struct store_rows *rows)
{
    struct json *json = &call->json;
    char href[80];
    char id[56];
    /* Clients want a UUID; the number is its last part. */
    snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012llx", (unsigned long long)store_rows_number(rows, 0));
    snprintf(href, sizeof(href), "/metal/v1/events/%s", id);
    json_object(json);
    member_text(json, "id", id);
    member_row_text(json, "type", rows, 2);
    member_row_text(json, "body", rows, 3);
    member_row_text(json, "interpolated", rows, 3);
    member_text(json, "state", "normal");
    member_text(json, "ip", NULL);
    member_row_time(json, "created_at", rows, 1);
    json_key(json, "relationships");
    json_array(json);
    write_relationship(json, "projects", store_rows_text(rows, 4));
    write_relationship(json, "devices", store_rows_text(rows, 5));
    write_relationship(json, "bgp/sessions", store_rows_text(rows, 6));
    json_array_end(json);
    member_text(json, "href", href);
    json_object_end(json);
}

/* `count` and `list` take the three of VISIBLE, then `id`; `list` then size and offset. */
static void reply_events(struct api_call *call, const char *count, const char *list, const char *path)
{
    struct api_page page = api_page_of(call);
    store_find_number(call->store, count, STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id)), &page.total);
    struct store_rows *rows = store_query(call->store, list,
                                          STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id), store_number(page.size),
                                                     store_number((page.number - 1) * page.size)));
    json_object(&call->json);
    json_key(&call->json, "events");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_event(call, rows);
    store_rows_end(rows);
    json_array_end(&call->json);
    api_page_meta(call, &page, path);
    json_object_end(&call->json);
    api_reply(call, 200);
}

#define EVENT_COLUMNS "SELECT e.id, e.at, e.type, e.body, e.project_id, e.device_id, e.session_id FROM events e WHERE "
#define EVENT_PAGE " ORDER BY e.id DESC LIMIT $5 OFFSET $6"
#define EVENT_COUNT "SELECT count(*) FROM events e WHERE "

void metal_project_events(struct api_call *call)
{
    char path[96];
    if (!api_find_project(call))
        return;
    snprintf(path, sizeof(path), "/projects/%s/events", call->id);
    reply_events(call, EVENT_COUNT VISIBLE("e.project_id") " AND e.project_id = $4",
                 EVENT_COLUMNS VISIBLE("e.project_id") " AND e.project_id = $4" EVENT_PAGE, path);
}

void metal_device_events(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    char path[96];
    if (!api_find_device(call, project))
        return;
    snprintf(path, sizeof(path), "/devices/%s/events", call->id);
    reply_events(call, EVENT_COUNT VISIBLE("e.project_id") " AND e.device_id = $4",
                 EVENT_COLUMNS VISIBLE("e.project_id") " AND e.device_id = $4" EVENT_PAGE, path);
}

void metal_events(struct api_call *call)
{
    reply_events(call, EVENT_COUNT VISIBLE("e.project_id") " AND $4 = ''",
                 EVENT_COLUMNS VISIBLE("e.project_id") " AND $4 = ''" EVENT_PAGE, "/events");
}
