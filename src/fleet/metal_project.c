#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/objects.h"

enum { PROJECT_NAME_MAX = 80 };

bool write_project(struct api_call *call, const char *id)
{
    struct json *json = &call->json;
    char href[96];
    struct store_rows *rows =
        store_query(call->store, "SELECT id, name, organization_id, created_at, updated_at FROM projects WHERE id = $1",
                    STORE_ARGS(store_text(id)));
    bool found = store_rows_next(rows);
    if (found) {
        snprintf(href, sizeof(href), "/metal/v1/projects/%s", id);
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "name", rows, 1);
        member_row_time(json, "created_at", rows, 3);
        member_row_time(json, "updated_at", rows, 4);
        member_bool(json, "backend_transfer_enabled", false);
        if (api_includes(call, "organization")) {
            json_key(json, "organization");
            write_organization(call, store_rows_text(rows, 2));
        } else {
            member_href(json, "organization", "organizations", store_rows_text(rows, 2));
        }
        json_key(json, "members");
        json_array(json);
        json_array_end(json);
        member_text(json, "href", href);
        json_object_end(json);
    }
    store_rows_end(rows);
    return found;
}

void metal_projects(struct api_call *call)
{
    struct api_page page = api_page_of(call);
    struct json *json = &call->json;
    store_find_number(call->store, "SELECT count(*) FROM projects p WHERE " VISIBLE("p.id"),
                      STORE_ARGS(VISIBLE_ARGS(call)), &page.total);
    struct store_rows *rows = store_query(
        call->store, "SELECT p.id FROM projects p WHERE " VISIBLE("p.id") " ORDER BY p.name, p.id LIMIT $4 OFFSET $5",
        STORE_ARGS(VISIBLE_ARGS(call), store_number(page.size), store_number((page.number - 1) * page.size)));
    json_object(json);
    json_key(json, "projects");
    json_array(json);
    while (store_rows_next(rows))
        write_project(call, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(json);
    api_page_meta(call, &page, "/projects");
    json_object_end(json);
    api_reply(call, 200);
}

void metal_project(struct api_call *call)
{
    if (!api_find_project(call))
        return;
    write_project(call, call->id);
    api_reply(call, 200);
}

/* The name in the body, if it is one. */
static const char *wished_name(struct api_call *call)
{
    const char *name = api_body_text(call, "name");
    if (!name || !*name || strlen(name) > PROJECT_NAME_MAX) {
        api_invalid(call, "name: must be 1 to %d characters", PROJECT_NAME_MAX);
        return NULL;
    }
    return name;
}

/* The organization a new project goes to: the named one, or the caller's only one. */
static bool wished_organization(struct api_call *call, char id[ID_TEXT_MAX])
{
    const char *wish = api_body_text(call, "organization_id");
    return store_find_text(call->store,
                           "SELECT o.id FROM organizations o WHERE ($1 = 'provider' OR EXISTS (SELECT 1 FROM members m"
                           " WHERE m.organization_id = o.id AND m.user_id = $2)) AND ($3 = '' OR o.id = $3)"
                           " ORDER BY o.created_at, o.id LIMIT 1",
                           STORE_ARGS(store_text(principal_kind_name(call->who.kind)), store_text(call->who.user_id),
                                      store_text(wish ? wish : "")),
                           id, ID_TEXT_MAX);
}

void metal_project_create(struct api_call *call)
{
    char id[ID_TEXT_MAX];
    char organization[ID_TEXT_MAX];
    int64_t now = time_now_ms();
    if (!api_body(call))
        return;
    if (call->who.kind == PRINCIPAL_PROJECT) {
        api_error(call, 403, "A project's token cannot make projects");
        return;
    }
    const char *name = wished_name(call);
    if (!name)
        return;
    if (!wished_organization(call, organization)) {
        api_invalid(call, "organization_id: no such organization");
        return;
    }
    id_make(id);
    fleet_begin(call->fleet);
    store_run(
        call->store,
        "INSERT INTO projects (id, organization_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
        STORE_ARGS(store_text(id), store_text(organization), store_text(name), store_number(now), store_number(now)));
    api_audit(call, "project.create", id, id, name);
    event_put(call->fleet,
              &(struct event){.type = "project.created", .body = "The project was created.", .project_id = id});
    if (!api_committed(call))
        return;
    write_project(call, id);
    api_reply(call, 201);
}

void metal_project_update(struct api_call *call)
{
    if (!api_body(call) || !api_find_project(call))
        return;
    if (api_body_member(call, "name")) {
        const char *name = wished_name(call);
        if (!name)
            return;
        fleet_begin(call->fleet);
        store_run(call->store, "UPDATE projects SET name = $1, updated_at = $2 WHERE id = $3",
                  STORE_ARGS(store_text(name), store_number(time_now_ms()), store_text(call->id)));
        api_audit(call, "project.rename", call->id, call->id, name);
        if (!api_committed(call))
            return;
    }
    write_project(call, call->id);
    api_reply(call, 200);
}

void metal_project_delete(struct api_call *call)
{
    int64_t devices = 0;
    if (!api_find_project(call))
        return;
    store_find_number(call->store, "SELECT count(*) FROM devices WHERE project_id = $1",
                      STORE_ARGS(store_text(call->id)), &devices);
    if (devices > 0) {
        api_invalid(call, "The project has %lld devices", (long long)devices);
        return;
    }
    fleet_begin(call->fleet);
    store_run(call->store, "DELETE FROM projects WHERE id = $1", STORE_ARGS(store_text(call->id)));
    api_audit(call, "project.delete", call->id, NULL, "");
    if (api_committed(call))
        api_reply_empty(call, 204);
}
