#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/objects.h"
#include "fleet/route.h"
#include "fleet/state.h"
#include "net/prefix.h"

enum { PROJECT_PREFIXES_MAX = 1000 };

static void write_prefixes(struct api_call *call, const char *project_id)
{
    struct store_rows *rows =
        store_query(call->store, "SELECT prefix FROM project_prefixes WHERE project_id = $1 ORDER BY family, prefix",
                    STORE_ARGS(store_text(project_id)));
    json_key(&call->json, "prefixes");
    json_array(&call->json);
    while (store_rows_next(rows))
        json_string(&call->json, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(&call->json);
}

static void write_bgp(struct api_call *call)
{
    struct json *json = &call->json;
    struct store_rows *rows = store_query(
        call->store, "SELECT status, deployment_type, asn, max_prefix, md5 FROM bgp_configs WHERE project_id = $1",
        STORE_ARGS(store_text(call->id)));
    json_key(json, "bgp");
    if (!store_rows_next(rows)) {
        json_null(json);
    } else {
        json_object(json);
        member_row_text(json, "status", rows, 0);
        member_row_text(json, "deployment_type", rows, 1);
        member_number(json, "asn", store_rows_number(rows, 2));
        member_number(json, "max_prefix", store_rows_number(rows, 3));
        member_bool(json, "has_md5", !store_rows_null(rows, 4));
        json_object_end(json);
    }
    store_rows_end(rows);
}

static void write_counts(struct api_call *call)
{
    struct json *json = &call->json;
    int64_t counts[FLEET_STATE_COUNT] = {0};
    struct store_rows *rows =
        store_query(call->store, "SELECT state, count(*) FROM sessions WHERE project_id = $1 GROUP BY state",
                    STORE_ARGS(store_text(call->id)));
    while (store_rows_next(rows)) {
        enum fleet_state state;
        if (fleet_state_parse(store_rows_text(rows, 0), &state))
            counts[state] = store_rows_number(rows, 1);
    }
    store_rows_end(rows);
    json_key(json, "sessions");
    json_object(json);
    for (enum fleet_state state = FLEET_UNKNOWN; state < FLEET_STATE_COUNT; state++)
        member_number(json, fleet_state_name(state), counts[state]);
    json_object_end(json);
}

void view_project(struct api_call *call)
{
    struct json *json = &call->json;
    int64_t devices = 0;
    if (!api_find_project(call))
        return;
    struct store_rows *rows =
        store_query(call->store, "SELECT id, name, organization_id, created_at FROM projects WHERE id = $1",
                    STORE_ARGS(store_text(call->id)));
    json_object(json);
    if (store_rows_next(rows)) {
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "name", rows, 1);
        member_row_text(json, "organization_id", rows, 2);
        member_row_time(json, "created_at", rows, 3);
    }
    store_rows_end(rows);
    write_bgp(call);
    write_prefixes(call, call->id);
    store_find_number(call->store, "SELECT count(*) FROM devices WHERE project_id = $1",
                      STORE_ARGS(store_text(call->id)), &devices);
    member_number(json, "devices", devices);
    write_counts(call);
    json_object_end(json);
    api_reply(call, 200);
}

void view_prefixes(struct api_call *call)
{
    if (!api_find_project(call))
        return;
    json_object(&call->json);
    write_prefixes(call, call->id);
    json_object_end(&call->json);
    api_reply(call, 200);
}

static bool put_prefix(struct api_call *call, const struct json_node *node, unsigned position)
{
    struct prefix prefix;
    char canonical[PREFIX_TEXT_MAX];
    const char *text = json_in_text(node);
    if (!text || prefix_parse(text, true, &prefix) < 0 || prefix.length == 0) {
        api_invalid(call, "prefixes[%u]: must be a prefix, and no default route", position);
        return false;
    }
    store_run(call->store,
              "INSERT INTO project_prefixes (project_id, prefix, family) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
              STORE_ARGS(store_text(call->id), store_text(prefix_format(&prefix, canonical)),
                         store_number(prefix.addr.kind)));
    return true;
}

void view_prefixes_set(struct api_call *call)
{
    char detail[64];
    if (!api_body(call) || !api_find_project(call))
        return;
    const struct json_node *list = api_body_member(call, "prefixes");
    size_t count = json_in_count(list);
    if (json_in_kind(list) != JSON_KIND_ARRAY || count > PROJECT_PREFIXES_MAX) {
        api_invalid(call, "prefixes: must be a list of at most %d", PROJECT_PREFIXES_MAX);
        return;
    }
    fleet_begin(call->fleet);
    store_run(call->store, "DELETE FROM project_prefixes WHERE project_id = $1", STORE_ARGS(store_text(call->id)));
    for (size_t i = 0; i < count; i++) {
        if (put_prefix(call, json_in_at(list, i), (unsigned)i))
            continue;
        store_rollback(call->store);
        fleet_commit(call->fleet);
        return;
    }
    routes_judge_again(call->fleet, call->id);
    snprintf(detail, sizeof(detail), "%zu prefixes", count);
    api_audit(call, "project.prefixes", call->id, call->id, detail);
    event_put(call->fleet, &(struct event){.type = "project.prefixes",
                                           .body = "The prefixes that the project may announce were changed.",
                                           .project_id = call->id});
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.project_id", call->id);
    view_prefixes(call);
}
