/* What only the provider makes: organizations, users, metros. */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/objects.h"

enum { NAME_MAX_BYTES = 80 };

/* A text of the body that must be there; NULL: it is not, and that was answered. */
static const char *required(struct api_call *call, const char *key)
{
    const char *text = api_body_text(call, key);
    if (text && *text && strlen(text) <= NAME_MAX_BYTES)
        return text;
    api_invalid(call, "%s: must be 1 to %d bytes", key, NAME_MAX_BYTES);
    return NULL;
}

void view_organization_create(struct api_call *call)
{
    char id[ID_TEXT_MAX];
    const char *name = api_body(call) ? required(call, "name") : NULL;
    if (!name)
        return;
    id_make(id);
    fleet_begin(call->fleet);
    store_run(call->store, "INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)",
              STORE_ARGS(store_text(id), store_text(name), store_number(time_now_ms())));
    api_audit(call, "organization.create", id, NULL, name);
    if (!api_committed(call))
        return;
    write_organization(call, id);
    api_reply(call, 201);
}

static void write_user(struct json *json, const struct store_rows *rows)
{
    json_object(json);
    member_row_text(json, "id", rows, 0);
    member_row_text(json, "full_name", rows, 1);
    member_row_text(json, "email", rows, 2);
    member_row_time(json, "created_at", rows, 3);
    json_object_end(json);
}

void view_users(struct api_call *call)
{
    struct store_rows *rows =
        store_query(call->store, "SELECT id, full_name, email, created_at FROM users ORDER BY email", STORE_NO_ARGS);
    json_object(&call->json);
    json_key(&call->json, "users");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_user(&call->json, rows);
    store_rows_end(rows);
    json_array_end(&call->json);
    json_object_end(&call->json);
    api_reply(call, 200);
}

void view_user_create(struct api_call *call)
{
    char id[ID_TEXT_MAX];
    const char *name = api_body(call) ? required(call, "full_name") : NULL;
    const char *email = name ? required(call, "email") : NULL;
    const char *organization = email ? required(call, "organization_id") : NULL;
    if (!organization)
        return;
    id_make(id);
    fleet_begin(call->fleet);
    store_run(call->store, "INSERT INTO users (id, full_name, email, created_at) VALUES ($1, $2, $3, $4)",
              STORE_ARGS(store_text(id), store_text(name), store_text(email), store_number(time_now_ms())));
    store_run(call->store, "INSERT INTO members (organization_id, user_id) VALUES ($1, $2)",
              STORE_ARGS(store_text(organization), store_text(id)));
    api_audit(call, "user.create", id, NULL, email);
    if (fleet_commit(call->fleet) < 0) {
        api_invalid(call, "The email address is taken, or there is no such organization");
        return;
    }
    struct store_rows *rows = store_query(
        call->store, "SELECT id, full_name, email, created_at FROM users WHERE id = $1", STORE_ARGS(store_text(id)));
    if (store_rows_next(rows))
        write_user(&call->json, rows);
    store_rows_end(rows);
    api_reply(call, 201);
}

void view_metro_create(struct api_call *call)
{
    char id[ID_TEXT_MAX];
    struct json *json = &call->json;
    const char *code = api_body(call) ? required(call, "code") : NULL;
    const char *name = code ? required(call, "name") : NULL;
    const char *country = name ? required(call, "country") : NULL;
    if (!country)
        return;
    id_make(id);
    fleet_begin(call->fleet);
    store_run(call->store, "INSERT INTO metros (id, code, name, country) VALUES ($1, $2, $3, $4)",
              STORE_ARGS(store_text(id), store_text(code), store_text(name), store_text(country)));
    api_audit(call, "metro.create", id, NULL, code);
    if (fleet_commit(call->fleet) < 0) {
        api_invalid(call, "code: there is a metro with this code");
        return;
    }
    json_object(json);
    member_text(json, "id", id);
    member_text(json, "code", code);
    member_text(json, "name", name);
    member_text(json, "country", country);
    json_object_end(json);
    api_reply(call, 201);
}
