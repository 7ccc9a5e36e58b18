#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/objects.h"

#define VISIBLE_ORGANIZATION                                                                                \
    "($1 = 'provider' OR EXISTS (SELECT 1 FROM projects vp WHERE vp.organization_id = o.id AND vp.id = $2)" \
    " OR EXISTS (SELECT 1 FROM members vm WHERE vm.organization_id = o.id AND vm.user_id = $3))"

static void write_user(struct api_call *call, const struct store_rows *rows)
{
    struct json *json = &call->json;
    char id[ID_TEXT_MAX] = "";
    json_object(json);
    member_row_text(json, "id", rows, 0);
    member_row_text(json, "full_name", rows, 1);
    member_row_text(json, "email", rows, 2);
    member_row_time(json, "created_at", rows, 3);
    bool has = store_find_text(call->store, "SELECT min(organization_id) FROM members WHERE user_id = $1",
                               STORE_ARGS(store_text(store_rows_text(rows, 0))), id, sizeof(id));
    member_text(json, "default_organization_id", has ? id : NULL);
    has = store_find_text(call->store, "SELECT p.id FROM projects p WHERE " VISIBLE("p.id") " ORDER BY p.name LIMIT 1",
                          STORE_ARGS(VISIBLE_ARGS(call)), id, sizeof(id));
    member_text(json, "default_project_id", has ? id : NULL);
    member_text(json, "href", "/metal/v1/user");
    json_object_end(json);
}

/* A token that is nobody's has a user all the same: clients ask who they are. */
static void write_token_as_user(struct api_call *call)
{
    struct json *json = &call->json;
    char id[ID_TEXT_MAX] = "";
    int64_t created_at = 0;
    store_find_number(call->store, "SELECT created_at FROM tokens WHERE id = $1",
                      STORE_ARGS(store_text(call->who.token_id)), &created_at);
    json_object(json);
    member_text(json, "id", call->who.token_id);
    member_text(json, "full_name", call->who.name);
    member_text(json, "email", NULL);
    member_time(json, "created_at", created_at);
    bool has = store_find_text(
        call->store, "SELECT o.id FROM organizations o WHERE " VISIBLE_ORGANIZATION " ORDER BY o.name LIMIT 1",
        STORE_ARGS(VISIBLE_ARGS(call)), id, sizeof(id));
    member_text(json, "default_organization_id", has ? id : NULL);
    has = store_find_text(call->store, "SELECT p.id FROM projects p WHERE " VISIBLE("p.id") " ORDER BY p.name LIMIT 1",
                          STORE_ARGS(VISIBLE_ARGS(call)), id, sizeof(id));
    member_text(json, "default_project_id", has ? id : NULL);
    member_text(json, "href", "/metal/v1/user");
    json_object_end(json);
}

void metal_user(struct api_call *call)
{
    struct store_rows *rows =
        store_query(call->store, "SELECT id, full_name, email, created_at FROM users WHERE id = $1",
                    STORE_ARGS(store_text(call->who.user_id)));
    if (store_rows_next(rows))
        write_user(call, rows);
    else
        write_token_as_user(call);
    store_rows_end(rows);
    api_reply(call, 200);
}

bool write_organization(struct api_call *call, const char *id)
{
    struct json *json = &call->json;
    char href[96];
    struct store_rows *rows = store_query(call->store, "SELECT id, name, created_at FROM organizations WHERE id = $1",
                                          STORE_ARGS(store_text(id)));
    bool found = store_rows_next(rows);
    if (found) {
        snprintf(href, sizeof(href), "/metal/v1/organizations/%s", id);
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "name", rows, 1);
        member_row_time(json, "created_at", rows, 2);
        member_text(json, "href", href);
        json_object_end(json);
    }
    store_rows_end(rows);
    return found;
}

void metal_organizations(struct api_call *call)
{
    struct api_page page = api_page_of(call);
    struct json *json = &call->json;
    store_find_number(call->store, "SELECT count(*) FROM organizations o WHERE " VISIBLE_ORGANIZATION,
                      STORE_ARGS(VISIBLE_ARGS(call)), &page.total);
    struct store_rows *rows = store_query(
        call->store,
        "SELECT o.id FROM organizations o WHERE " VISIBLE_ORGANIZATION " ORDER BY o.name, o.id LIMIT $4 OFFSET $5",
        STORE_ARGS(VISIBLE_ARGS(call), store_number(page.size), store_number((page.number - 1) * page.size)));
    json_object(json);
    json_key(json, "organizations");
    json_array(json);
    while (store_rows_next(rows))
        write_organization(call, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(json);
    api_page_meta(call, &page, "/organizations");
    json_object_end(json);
    api_reply(call, 200);
}

void metal_organization(struct api_call *call)
{
    int64_t found = 0;
    if (store_find_number(call->store, "SELECT 1 FROM organizations o WHERE " VISIBLE_ORGANIZATION " AND o.id = $4",
                          STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id)), &found) &&
        write_organization(call, call->id))
        api_reply(call, 200);
    else
        api_not_found(call);
}

void metal_metros(struct api_call *call)
{
    struct json *json = &call->json;
    struct store_rows *rows =
        store_query(call->store, "SELECT id, code, name, country FROM metros ORDER BY code", STORE_NO_ARGS);
    json_object(json);
    json_key(json, "metros");
    json_array(json);
    while (store_rows_next(rows)) {
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "code", rows, 1);
        member_row_text(json, "name", rows, 2);
        member_row_text(json, "country", rows, 3);
        json_object_end(json);
    }
    store_rows_end(rows);
    json_array_end(json);
    json_object_end(json);
    api_reply(call, 200);
}

/* Lists of what a fleet of sessions does not have, for clients that look at them. */
void metal_nothing(struct api_call *call)
{
    struct json *json = &call->json;
    const char *name = strrchr(http_request_path(call->http), '/');
    const char *key = strncmp(name, "/operating", 10) == 0 ? "operating_systems"
                      : strncmp(name, "/plans", 6) == 0    ? "plans"
                                                           : "facilities";
    json_object(json);
    json_key(json, key);
    json_array(json);
    json_array_end(json);
    json_object_end(json);
    api_reply(call, 200);
}
