/* A project's BGP. One that was never enabled is shown with next to nothing in it: clients tell by what is missing. */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/leg.h"
#include "fleet/objects.h"

enum {
    MD5_LENGTH_MIN = 10,
    MD5_LENGTH_MAX = 20,
    LOCAL_ASN = 65000,
    AS_TRANS = 23456,
    MAX_PREFIX_LIMIT = 10000,
    TEXT_FIELD_MAX = 1000,
};

static void write_config_sessions(struct api_call *call, const char *project_id)
{
    struct store_rows *rows = store_query(call->store,
                                          "SELECT s.id FROM sessions s JOIN devices d ON d.id = s.device_id"
                                          " WHERE s.project_id = $1 ORDER BY d.hostname, d.id, s.family",
                                          STORE_ARGS(store_text(project_id)));
    json_key(&call->json, "sessions");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_metal_session(call, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(&call->json);
}

static void write_ranges(struct api_call *call, const char *project_id, const char *key, bool global)
{
    struct json *json = &call->json;
    struct store_rows *rows = store_query(
        call->store, "SELECT prefix, family FROM project_prefixes WHERE project_id = $1 ORDER BY family, prefix",
        STORE_ARGS(store_text(project_id)));
    json_key(json, key);
    json_array(json);
    while (global && store_rows_next(rows)) {
        char href[160];
        snprintf(href, sizeof(href), "/metal/v1/projects/%s/global-bgp-ranges", project_id);
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "range", rows, 0);
        member_number(json, "address_family", store_rows_number(rows, 1));
        member_href(json, "project", "projects", project_id);
        member_text(json, "href", href);
        json_object_end(json);
    }
    store_rows_end(rows);
    json_array_end(json);
}

void write_bgp_config(struct api_call *call, const char *project_id)
{
    struct json *json = &call->json;
    char href[96];
    struct store_rows *rows = store_query(call->store,
                                          "SELECT id, status, deployment_type, asn, md5, route_object, max_prefix,"
                                          " created_at, requested_at FROM bgp_configs WHERE project_id = $1",
                                          STORE_ARGS(store_text(project_id)));
    json_object(json);
    if (!store_rows_next(rows)) {
        member_number(json, "max_prefix", call->fleet->settings.max_prefix);
        member_text(json, "md5", NULL);
    } else {
        snprintf(href, sizeof(href), "/metal/v1/bgp-configs/%s", store_rows_text(rows, 0));
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "status", rows, 1);
        member_row_text(json, "deployment_type", rows, 2);
        member_number(json, "asn", store_rows_number(rows, 3));
        member_row_text(json, "md5", rows, 4);
        member_row_text(json, "route_object", rows, 5);
        member_number(json, "max_prefix", store_rows_number(rows, 6));
        member_row_time(json, "created_at", rows, 7);
        member_row_time(json, "requested_at", rows, 8);
        member_href(json, "project", "projects", project_id);
        write_config_sessions(call, project_id);
        write_ranges(call, project_id, "ranges", strcmp(store_rows_text(rows, 2), "global") == 0);
        member_text(json, "href", href);
    }
    store_rows_end(rows);
    json_object_end(json);
}

void metal_bgp_config(struct api_call *call)
{
    if (!api_find_project(call))
        return;
    write_bgp_config(call, call->id);
    api_reply(call, 200);
}

void metal_global_ranges(struct api_call *call)
{
    char type[16] = "";
    if (!api_find_project(call))
        return;
    store_find_text(call->store, "SELECT deployment_type FROM bgp_configs WHERE project_id = $1",
                    STORE_ARGS(store_text(call->id)), type, sizeof(type));
    json_object(&call->json);
    write_ranges(call, call->id, "global_bgp_ranges", strcmp(type, "global") == 0);
    json_object_end(&call->json);
    api_reply(call, 200);
}

/* Ten to twenty letters and digits, at least one lower case, one upper case, one digit. */
static bool md5_is_good(const char *text)
{
    bool lower = false;
    bool upper = false;
    bool digit = false;
    size_t length = strlen(text);
    for (const char *at = text; *at; at++) {
        bool is_lower = *at >= 'a' && *at <= 'z';
        bool is_upper = *at >= 'A' && *at <= 'Z';
        bool is_digit = *at >= '0' && *at <= '9';
        if (!is_lower && !is_upper && !is_digit)
            return false;
        lower = lower || is_lower;
        upper = upper || is_upper;
        digit = digit || is_digit;
    }
    return lower && upper && digit && length >= MD5_LENGTH_MIN && length <= MD5_LENGTH_MAX;
}

/* Numbers somebody may hold: not those of the protocol, of documentation or of private use (global only). */
static bool asn_is_good(int64_t asn, bool global)
{
    if (asn < 1 || asn > INT32_MAX || asn == AS_TRANS || asn == 65535)
        return false;
    if (!global)
        return asn == LOCAL_ASN;
    return !(asn >= 64496 && asn <= 64511) && !(asn >= 64512 && asn <= 65534) && !(asn >= 65536 && asn <= 65551);
}

struct config_wish {
    bool global;
    int64_t asn;
    const char *md5;      /* NULL: none */
    const char *use_case; /* NULL: none */
};

/* Absent, null and "" are the three ways in which clients say nothing. */
static const char *text_or_nothing(struct api_call *call, const char *key)
{
    const char *text = api_body_text(call, key);
    return text && *text ? text : NULL;
}

/* False: it is wrong, and that was answered. */
static bool read_wish(struct api_call *call, struct config_wish *wish)
{
    const char *type = api_body_text(call, "deployment_type");
    const struct json_node *asn = api_body_member(call, "asn");
    if (!type || (strcmp(type, "local") != 0 && strcmp(type, "global") != 0)) {
        api_invalid(call, "deployment_type: must be local or global");
        return false;
    }
    wish->global = strcmp(type, "global") == 0;
    wish->asn = json_in_kind(asn) == JSON_KIND_NUMBER ? json_in_number(asn) : 0;
    if (!asn_is_good(wish->asn, wish->global)) {
        api_invalid(call, wish->global ? "asn: must be a public AS number up to 2147483647"
                                       : "asn: local BGP has the AS number 65000");
        return false;
    }
    wish->md5 = text_or_nothing(call, "md5");
    wish->use_case = text_or_nothing(call, "use_case");
    if (wish->md5 && !md5_is_good(wish->md5)) {
        api_invalid(call, "md5: must be 10 to 20 letters and digits, with at least one lower case letter, one upper "
                          "case letter and one digit");
        return false;
    }
    if (wish->use_case && strlen(wish->use_case) > TEXT_FIELD_MAX) {
        api_invalid(call, "use_case: at most %d characters", TEXT_FIELD_MAX);
        return false;
    }
    return true;
}

static void put_config(struct api_call *call, const struct config_wish *wish, const char *status)
{
    char id[ID_TEXT_MAX];
    int64_t now = time_now_ms();
    id_make(id);
    store_run(call->store,
              "INSERT INTO bgp_configs (project_id, id, status, deployment_type, asn, md5, use_case, max_prefix,"
              " created_at, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
              " ON CONFLICT (project_id) DO UPDATE SET status = excluded.status,"
              " deployment_type = excluded.deployment_type, asn = excluded.asn, md5 = excluded.md5,"
              " use_case = excluded.use_case, requested_at = excluded.requested_at",
              STORE_ARGS(store_text(call->id), store_text(id), store_text(status),
                         store_text(wish->global ? "global" : "local"), store_number(wish->asn), store_text(wish->md5),
                         store_text(wish->use_case), store_number(call->fleet->settings.max_prefix), store_number(now),
                         store_number(now)));
}

/* What a global project that is enabled already asks for is not enabled again by asking: only a new number is. */
static const char *status_of_wish(struct api_call *call, const struct config_wish *wish)
{
    int64_t same = 0;
    if (!wish->global)
        return "enabled";
    return store_find_number(call->store,
                             "SELECT 1 FROM bgp_configs WHERE project_id = $1 AND status = 'enabled'"
                             " AND deployment_type = 'global' AND asn = $2",
                             STORE_ARGS(store_text(call->id), store_number(wish->asn)), &same)
               ? "enabled"
               : "requested";
}

void metal_bgp_config_set(struct api_call *call)
{
    struct config_wish wish = {0};
    char detail[64];
    if (!api_body(call) || !api_find_project(call) || !read_wish(call, &wish))
        return;
    const char *status = status_of_wish(call, &wish);
    bool enabled = strcmp(status, "enabled") == 0;
    fleet_begin(call->fleet);
    put_config(call, &wish, status);
    snprintf(detail, sizeof(detail), "%s AS %lld%s", wish.global ? "global" : "local", (long long)wish.asn,
             wish.md5 ? " with MD5" : "");
    api_audit(call, "bgp_config.set", call->id, call->id, detail);
    event_put(call->fleet,
              &(struct event){.type = enabled ? "bgp_config.enabled" : "bgp_config.requested",
                              .body = enabled ? "BGP was enabled for the project." : "Global BGP was requested.",
                              .project_id = call->id,
                              .state = status});
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.project_id", call->id);
    api_reply_empty(call, 204);
}

/* The provider's side: approve, disable, limit. */
void fleet_bgp_config_patch(struct api_call *call)
{
    char id[ID_TEXT_MAX];
    char type[32];
    if (!api_body(call) || !api_find_project(call))
        return;
    const char *status = api_body_text(call, "status");
    const struct json_node *limit = api_body_member(call, "max_prefix");
    int64_t max_prefix = json_in_number(limit);
    if (!store_find_text(call->store, "SELECT id FROM bgp_configs WHERE project_id = $1",
                         STORE_ARGS(store_text(call->id)), id, sizeof(id))) {
        api_invalid(call, "The project has not asked for BGP");
        return;
    }
    if (status && strcmp(status, "enabled") != 0 && strcmp(status, "disabled") != 0 &&
        strcmp(status, "requested") != 0) {
        api_invalid(call, "status: must be requested, enabled or disabled");
        return;
    }
    if (limit && (max_prefix < 1 || max_prefix > MAX_PREFIX_LIMIT)) {
        api_invalid(call, "max_prefix: must be 1 to %d", MAX_PREFIX_LIMIT);
        return;
    }
    fleet_begin(call->fleet);
    if (status)
        store_run(call->store, "UPDATE bgp_configs SET status = $1 WHERE project_id = $2",
                  STORE_ARGS(store_text(status), store_text(call->id)));
    if (limit)
        store_run(call->store, "UPDATE bgp_configs SET max_prefix = $1 WHERE project_id = $2",
                  STORE_ARGS(store_number(max_prefix), store_text(call->id)));
    snprintf(type, sizeof(type), "bgp_config.%s", status ? status : "updated");
    api_audit(call, type, call->id, call->id, "");
    event_put(call->fleet, &(struct event){.type = type,
                                           .body = "The provider changed the project's BGP.",
                                           .project_id = call->id,
                                           .state = status});
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.project_id", call->id);
    write_bgp_config(call, call->id);
    api_reply(call, 200);
}
