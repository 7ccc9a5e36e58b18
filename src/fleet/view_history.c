#include "fleet/handlers.h"
#include "fleet/list_query.h"

static void write_transition(struct json *json, const struct store_rows *rows)
{
    json_object(json);
    member_number(json, "id", store_rows_number(rows, 0));
    member_row_time(json, "at", rows, 1);
    json_key(json, "router");
    json_object(json);
    member_row_text(json, "id", rows, 2);
    member_row_text(json, "name", rows, 3);
    json_object_end(json);
    member_row_text(json, "from", rows, 4);
    member_row_text(json, "to", rows, 5);
    member_row_text(json, "session_state", rows, 6);
    member_row_text(json, "reason", rows, 7);
    json_object_end(json);
}

/* Rows with a falling number first, up to `limit` of them. */
static void reply_page(struct api_call *call, struct store_rows *rows, const char *key, int64_t limit,
                       void (*write)(struct json *json, const struct store_rows *rows))
{
    int64_t count = 0;
    int64_t last = 0;
    json_object(&call->json);
    json_key(&call->json, key);
    json_array(&call->json);
    while (store_rows_next(rows)) {
        if (++count > limit)
            break;
        last = store_rows_number(rows, 0);
        write(&call->json, rows);
    }
    store_rows_end(rows);
    json_array_end(&call->json);
    api_next(call, count > limit, last);
    json_object_end(&call->json);
    api_reply(call, 200);
}

void view_timeline(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    int64_t limit = api_limit(call);
    if (!api_find_session(call, project))
        return;
    reply_page(call,
               store_query(call->store,
                           "SELECT t.id, t.at, t.router_id, r.name, t.was, t.became, t.session_state, t.reason"
                           " FROM transitions t LEFT JOIN routers r ON r.id = t.router_id"
                           " WHERE t.session_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3",
                           STORE_ARGS(store_text(call->id), store_number(api_cursor(call, INT64_MAX)),
                                      store_number(limit + 1))),
               "timeline", limit, write_transition);
}

static void write_audit(struct json *json, const struct store_rows *rows)
{
    json_object(json);
    member_number(json, "id", store_rows_number(rows, 0));
    member_row_time(json, "at", rows, 1);
    member_row_text(json, "token_id", rows, 2);
    member_row_text(json, "who", rows, 3);
    member_row_text(json, "action", rows, 4);
    member_row_text(json, "object", rows, 5);
    member_row_text(json, "project_id", rows, 6);
    member_row_text(json, "detail", rows, 7);
    json_object_end(json);
}

void view_audit(struct api_call *call)
{
    int64_t limit = api_limit(call);
    struct list_query query;
    list_query_init(&query, &call->who,
                    "SELECT a.id, a.at, a.token_id, a.who, a.action, a.object, a.project_id, a.detail FROM audit a"
                    " WHERE " VISIBLE("a.project_id"));
    str_printf(&query.sql, " AND a.id < $%u", list_query_value(&query, store_number(api_cursor(call, INT64_MAX))));
    list_query_project(&query, &call->who, "a.project_id", api_query(call, "project"));
    reply_page(call, list_query_run(&query, call->store, " ORDER BY a.id DESC", limit + 1), "audit", limit,
               write_audit);
}
