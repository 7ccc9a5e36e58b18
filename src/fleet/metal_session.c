#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/leg.h"
#include "fleet/objects.h"

static const char *family_name(int64_t family)
{
    return family == 6 ? "ipv6" : "ipv4";
}

/* A reason that several routers give is told once: "r1, r2: ...". They are told apart where they stand side by side. */
struct told_reason {
    char routers[256];
    char text[LEG_REASON_MAX];
};

static void tell_reason(struct told_reason *told, struct str *out)
{
    if (told->routers[0])
        str_printf(out, "%s%s: %s", out->length ? "; " : "", told->routers, told->text);
    told->routers[0] = '\0';
}

static void add_reason(struct told_reason *told, const char *router, const char *text, struct str *out)
{
    if (told->routers[0] && strcmp(told->text, text) == 0) {
        size_t length = strlen(told->routers);
        snprintf(told->routers + length, sizeof(told->routers) - length, ", %s", router);
        return;
    }
    tell_reason(told, out);
    snprintf(told->routers, sizeof(told->routers), "%s", router);
    snprintf(told->text, sizeof(told->text), "%s", text);
}

void session_words(struct store *store, const char *session_id, struct str *status, struct str *reason)
{
    struct told_reason told = {.routers = ""};
    struct store_rows *rows = store_query(store,
                                          "SELECT l.state, l.reason, r.name FROM legs l JOIN routers r"
                                          " ON r.id = l.router_id WHERE l.session_id = $1 ORDER BY r.name",
                                          STORE_ARGS(store_text(session_id)));
    while (store_rows_next(rows)) {
        const char *state = store_rows_text(rows, 0);
        str_printf(status, "%s%s", status->length ? "," : "", state);
        if (strcmp(state, "up") != 0 && !store_rows_null(rows, 1))
            add_reason(&told, store_rows_text(rows, 2), store_rows_text(rows, 1), reason);
    }
    tell_reason(&told, reason);
    store_rows_end(rows);
    if (status->length == 0) {
        str_add(status, "unknown");
        str_add(reason, "no router of the server's metro carries this family");
    }
}

void write_learned(struct api_call *call, const char *session_id)
{
    struct store_rows *rows = store_query(call->store,
                                          "SELECT DISTINCT o.prefix FROM routes o JOIN legs l ON l.id = o.leg_id"
                                          " WHERE l.session_id = $1 AND o.accepted = 1 ORDER BY o.prefix",
                                          STORE_ARGS(store_text(session_id)));
    json_array(&call->json);
    while (store_rows_next(rows))
        json_string(&call->json, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(&call->json);
}

bool write_metal_session(struct api_call *call, const char *id)
{
    struct json *json = &call->json;
    char href[96];
    char status_text[256];
    char reason_text[1024];
    struct str status = str_over(status_text, sizeof(status_text));
    struct str reason = str_over(reason_text, sizeof(reason_text));
    struct store_rows *rows = store_query(call->store,
                                          "SELECT id, device_id, family, state, default_route, created_at, updated_at"
                                          " FROM sessions WHERE id = $1",
                                          STORE_ARGS(store_text(id)));
    bool found = store_rows_next(rows);
    if (found) {
        session_words(call->store, id, &status, &reason);
        snprintf(href, sizeof(href), "/metal/v1/bgp/sessions/%s", id);
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_text(json, "address_family", family_name(store_rows_number(rows, 2)));
        member_text(json, "status", status_text);
        member_row_text(json, "state", rows, 3);
        member_text(json, "reason", reason.length ? reason_text : NULL);
        json_key(json, "learned_routes");
        write_learned(call, id);
        member_bool(json, "default_route", store_rows_number(rows, 4) != 0);
        member_row_time(json, "created_at", rows, 5);
        member_row_time(json, "updated_at", rows, 6);
        if (api_includes(call, "device")) {
            json_key(json, "device");
            write_device(call, store_rows_text(rows, 1));
        } else {
            member_href(json, "device", "devices", store_rows_text(rows, 1));
        }
        member_text(json, "href", href);
        json_object_end(json);
    }
    store_rows_end(rows);
    return found;
}

static void reply_sessions(struct api_call *call, struct store_rows *rows)
{
    json_object(&call->json);
    json_key(&call->json, "bgp_sessions");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_metal_session(call, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(&call->json);
    json_object_end(&call->json);
    api_reply(call, 200);
}

void metal_project_sessions(struct api_call *call)
{
    if (!api_find_project(call))
        return;
    reply_sessions(call, store_query(call->store,
                                     "SELECT s.id FROM sessions s JOIN devices d ON d.id = s.device_id"
                                     " WHERE s.project_id = $1 ORDER BY d.hostname, d.id, s.family",
                                     STORE_ARGS(store_text(call->id))));
}

void metal_device_sessions(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_device(call, project))
        return;
    reply_sessions(call, store_query(call->store, "SELECT id FROM sessions WHERE device_id = $1 ORDER BY family",
                                     STORE_ARGS(store_text(call->id))));
}

/* Enabling --------------------------------------------------------------------------------------------------------- */

struct session_wish {
    int64_t family;
    bool default_route;
    char address[ADDR_TEXT_MAX];
};

/* The family may stand in the body or, by clients that send none, in the query. */
static bool read_family(struct api_call *call, int64_t *family)
{
    const char *name = api_body_text(call, "address_family");
    if (!name)
        name = api_query(call, "address_family");
    if (*name && strcmp(name, "ipv4") != 0 && strcmp(name, "ipv6") != 0) {
        api_invalid(call, "address_family: must be ipv4 or ipv6");
        return false;
    }
    *family = strcmp(name, "ipv6") == 0 ? 6 : 4;
    return true;
}

/* IPv4 sessions run from the private address, which the routers are reached from. */
static bool find_address(struct api_call *call, struct session_wish *wish)
{
    bool found = store_find_text(call->store,
                                 "SELECT address FROM device_addresses WHERE device_id = $1 AND family = $2"
                                 " ORDER BY CASE WHEN family = 4 THEN public ELSE 0 END, position LIMIT 1",
                                 STORE_ARGS(store_text(call->id), store_number(wish->family)), wish->address,
                                 sizeof(wish->address));
    if (!found)
        api_invalid(call, "The device has no %s address", wish->family == 6 ? "IPv6" : "IPv4");
    return found;
}

static bool config_is_enabled(struct api_call *call, const char *project_id)
{
    char status[16] = "";
    store_find_text(call->store, "SELECT status FROM bgp_configs WHERE project_id = $1",
                    STORE_ARGS(store_text(project_id)), status, sizeof(status));
    if (strcmp(status, "enabled") == 0)
        return true;
    if (strcmp(status, "requested") == 0)
        api_invalid(call, "Global BGP is requested for this project and not enabled yet");
    else
        api_invalid(call, "BGP is not enabled for this project");
    return false;
}

static bool session_exists(struct api_call *call, const struct session_wish *wish)
{
    int64_t found = 0;
    if (!store_find_number(call->store, "SELECT 1 FROM sessions WHERE device_id = $1 AND family = $2",
                           STORE_ARGS(store_text(call->id), store_number(wish->family)), &found))
        return false;
    api_invalid(call, "The device already has session for address family %s", family_name(wish->family));
    return true;
}

static void put_session(struct api_call *call, const struct session_wish *wish, const char *id, const char *project_id)
{
    int64_t now = time_now_ms();
    char body[96];
    store_run(call->store,
              "INSERT INTO sessions (id, device_id, project_id, family, customer_ip, default_route, state, since,"
              " created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'unknown', $7, $8, $9)",
              STORE_ARGS(store_text(id), store_text(call->id), store_text(project_id), store_number(wish->family),
                         store_text(wish->address), store_number(wish->default_route), store_number(now),
                         store_number(now), store_number(now)));
    legs_make(call->fleet, id);
    snprintf(body, sizeof(body), "The IPv%lld BGP session was enabled.", (long long)wish->family);
    api_audit(call, "bgp_session.create", id, project_id, family_name(wish->family));
    event_put(call->fleet, &(struct event){.type = "bgp_session.created",
                                           .body = body,
                                           .project_id = project_id,
                                           .device_id = call->id,
                                           .session_id = id,
                                           .state = "unknown"});
}

void metal_session_create(struct api_call *call)
{
    struct session_wish wish = {0};
    char project[ID_TEXT_MAX];
    char id[ID_TEXT_MAX];
    if (!api_body(call) || !api_find_device(call, project) || !read_family(call, &wish.family))
        return;
    const struct json_node *flag = api_body_member(call, "default_route");
    if (flag && json_in_kind(flag) != JSON_KIND_BOOL && json_in_kind(flag) != JSON_KIND_NULL) {
        api_invalid(call, "default_route: must be true or false");
        return;
    }
    wish.default_route = json_in_bool(flag);
    if (!config_is_enabled(call, project) || session_exists(call, &wish) || !find_address(call, &wish))
        return;
    id_make(id);
    fleet_begin(call->fleet);
    put_session(call, &wish, id, project);
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.id", id);
    write_metal_session(call, id);
    api_reply(call, 201);
}

/* One session ------------------------------------------------------------------------------------------------------ */

void metal_session(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_session(call, project))
        return;
    write_metal_session(call, call->id);
    api_reply(call, 200);
}

static void session_event(struct api_call *call, const char *type, const char *body, const char *project)
{
    char device[ID_TEXT_MAX] = "";
    store_find_text(call->store, "SELECT device_id FROM sessions WHERE id = $1", STORE_ARGS(store_text(call->id)),
                    device, sizeof(device));
    event_put(call->fleet,
              &(struct event){
                  .type = type, .body = body, .project_id = project, .device_id = device, .session_id = call->id});
}

void metal_session_update(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_body(call) || !api_find_session(call, project))
        return;
    const struct json_node *flag =
        json_in_kind(call->body) == JSON_KIND_BOOL ? call->body : api_body_member(call, "default_route");
    if (json_in_kind(flag) != JSON_KIND_BOOL) {
        api_invalid(call, "default_route: must be true or false");
        return;
    }
    bool on = json_in_bool(flag);
    fleet_begin(call->fleet);
    store_run(call->store, "UPDATE sessions SET default_route = $1 WHERE id = $2",
              STORE_ARGS(store_number(on), store_text(call->id)));
    api_audit(call, "bgp_session.default_route", call->id, project, on ? "on" : "off");
    session_event(call, "bgp_session.default_route",
                  on ? "The default route was switched on." : "The default route was switched off.", project);
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.id", call->id);
    write_metal_session(call, call->id);
    api_reply(call, 200);
}

void metal_session_delete(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_session(call, project))
        return;
    fleet_begin(call->fleet);
    api_audit(call, "bgp_session.delete", call->id, project, "");
    session_event(call, "bgp_session.deleted", "The BGP session was disabled.", project);
    store_run(call->store, "DELETE FROM sessions WHERE id = $1", STORE_ARGS(store_text(call->id)));
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.id", call->id);
    api_reply_empty(call, 204);
}
