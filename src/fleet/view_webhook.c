#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/webhooks.h"
#include "http/post.h"

enum { URL_LENGTH_MAX = 500, HOLD_OFF_MAX_S = 3600, HOLD_OFF_S = 5, PROJECT_WEBHOOKS_MAX = 10 };

#define WEBHOOK_COLUMNS                                                                                        \
    "SELECT w.id, w.project_id, w.url, w.hold_off_s, w.created_at, w.last_status, w.failures FROM webhooks w " \
    "WHERE " VISIBLE("w.project_id")

static void write_members(struct json *json, const struct store_rows *rows)
{
    member_row_text(json, "id", rows, 0);
    member_row_text(json, "project_id", rows, 1);
    member_row_text(json, "url", rows, 2);
    member_number(json, "hold_off_s", store_rows_number(rows, 3));
    member_row_time(json, "created_at", rows, 4);
    member_row_text(json, "last_status", rows, 5);
    member_number(json, "failures", store_rows_number(rows, 6));
}

void view_webhooks(struct api_call *call)
{
    struct store_rows *rows =
        store_query(call->store, WEBHOOK_COLUMNS " ORDER BY w.created_at, w.id", STORE_ARGS(VISIBLE_ARGS(call)));
    api_reply_rows(call, "webhooks", rows, write_members);
}

/* `secret` is NULL except in the answer that made it. */
static void reply_webhook(struct api_call *call, const char *id, const char *secret)
{
    struct store_rows *rows =
        store_query(call->store, WEBHOOK_COLUMNS " AND w.id = $4", STORE_ARGS(VISIBLE_ARGS(call), store_text(id)));
    bool found = store_rows_next(rows);
    if (found) {
        json_object(&call->json);
        write_members(&call->json, rows);
        if (secret)
            member_text(&call->json, "secret", secret);
        json_object_end(&call->json);
    }
    store_rows_end(rows);
    if (found)
        api_reply(call, secret ? 201 : 200);
    else
        api_not_found(call);
}

void view_webhook(struct api_call *call)
{
    reply_webhook(call, call->id, NULL);
}

struct webhook_wish {
    const char *project_id;
    const char *url;
    int64_t hold_off_s;
};

static bool read_wish(struct api_call *call, struct webhook_wish *wish)
{
    struct err err = {.text = ""};
    struct http_url url;
    int64_t count = 0;
    const struct json_node *hold_off = api_body_member(call, "hold_off_s");
    wish->project_id = api_body_text(call, "project_id");
    wish->url = api_body_text(call, "url");
    wish->hold_off_s = hold_off ? json_in_number(hold_off) : HOLD_OFF_S;
    if (!wish->project_id && call->who.kind == PRINCIPAL_PROJECT)
        wish->project_id = call->who.project_id;
    if (!wish->project_id || !api_project_visible(call, wish->project_id))
        api_invalid(call, "project_id: no such project");
    else if (!wish->url || strlen(wish->url) > URL_LENGTH_MAX)
        api_invalid(call, "url: must be 1 to %d characters", URL_LENGTH_MAX);
    else if (http_url_parse(wish->url, &url, &err) < 0)
        api_invalid(call, "url: %s", err.text);
    else if ((hold_off && json_in_kind(hold_off) != JSON_KIND_NUMBER) || wish->hold_off_s < 0 ||
             wish->hold_off_s > HOLD_OFF_MAX_S)
        api_invalid(call, "hold_off_s: must be 0 to %d", HOLD_OFF_MAX_S);
    else if (store_find_number(call->store, "SELECT count(*) FROM webhooks WHERE project_id = $1",
                               STORE_ARGS(store_text(wish->project_id)), &count) &&
             count >= PROJECT_WEBHOOKS_MAX)
        api_invalid(call, "The project has %d webhooks, which is the most", PROJECT_WEBHOOKS_MAX);
    else
        return true;
    return false;
}

void view_webhook_create(struct api_call *call)
{
    struct webhook_wish wish = {0};
    char id[ID_TEXT_MAX];
    char secret[SECRET_TEXT_MAX];
    if (!api_body(call) || !read_wish(call, &wish))
        return;
    id_make(id);
    secret_make("gws_", secret);
    fleet_begin(call->fleet);
    store_run(call->store,
              "INSERT INTO webhooks (id, project_id, url, secret, hold_off_s, created_at, delivered, failures)"
              " VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
              STORE_ARGS(store_text(id), store_text(wish.project_id), store_text(wish.url), store_text(secret),
                         store_number(wish.hold_off_s), store_number(time_now_ms()),
                         store_number(event_last_id(call->fleet))));
    api_audit(call, "webhook.create", id, wish.project_id, "");
    if (!api_committed(call))
        return;
    webhooks_reload(call->service->webhooks);
    reply_webhook(call, id, secret);
}

void view_webhook_delete(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!store_find_text(call->store,
                         "SELECT w.project_id FROM webhooks w WHERE " VISIBLE("w.project_id") " AND w.id = $4",
                         STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id)), project, sizeof(project))) {
        api_not_found(call);
        return;
    }
    fleet_begin(call->fleet);
    store_run(call->store, "DELETE FROM webhooks WHERE id = $1", STORE_ARGS(store_text(call->id)));
    api_audit(call, "webhook.delete", call->id, project, "");
    if (!api_committed(call))
        return;
    webhooks_reload(call->service->webhooks);
    api_reply_empty(call, 204);
}
