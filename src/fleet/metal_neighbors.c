/* What a server's daemon needs to know. Exactly ten keys, each always there: clients make tuples of them. IPv4 first:
 * some look at no other. IPv6 addresses are written in full.
 */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/objects.h"
#include "net/addr.h"

static void write_full_address(struct json *json, const char *text)
{
    struct addr addr;
    char full[ADDR_TEXT_MAX];
    if (addr_parse(text, &addr) < 0 || addr.kind != ADDR_IPV6) {
        json_string(json, text);
        return;
    }
    for (unsigned i = 0; i < 8; i++)
        snprintf(full + (size_t)i * 5, 6, "%02x%02x%s", addr.bytes[i * 2], addr.bytes[i * 2 + 1], i < 7 ? ":" : "");
    json_string(json, full);
}

static void write_route(struct json *json, const char *route, bool exact)
{
    json_object(json);
    member_text(json, "route", route);
    member_bool(json, "exact", exact);
    json_object_end(json);
}

static void write_routes_in(struct api_call *call, const char *project_id, int64_t family)
{
    struct store_rows *rows = store_query(
        call->store, "SELECT prefix FROM project_prefixes WHERE project_id = $1 AND family = $2 ORDER BY prefix",
        STORE_ARGS(store_text(project_id), store_number(family)));
    json_key(&call->json, "routes_in");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_route(&call->json, store_rows_text(rows, 0), false);
    store_rows_end(rows);
    json_array_end(&call->json);
}

/* The routers that carry the session; whether the first of them is more than a hop away, and its AS. */
static void write_peers(struct api_call *call, const char *session_id, int64_t family)
{
    struct json *json = &call->json;
    bool multihop = false;
    int64_t asn = 0;
    struct store_rows *rows =
        store_query(call->store,
                    "SELECT r.peer_ipv4, r.peer_ipv6, r.multihop, r.asn FROM legs l"
                    " JOIN routers r ON r.id = l.router_id WHERE l.session_id = $1 ORDER BY r.name",
                    STORE_ARGS(store_text(session_id)));
    json_key(json, "peer_ips");
    json_array(json);
    while (store_rows_next(rows)) {
        write_full_address(json, store_rows_text(rows, family == 6));
        multihop = store_rows_number(rows, 2) != 0;
        asn = store_rows_number(rows, 3);
    }
    store_rows_end(rows);
    json_array_end(json);
    member_bool(json, "multihop", multihop);
    member_number(json, "peer_as", asn);
}

static void write_neighbor(struct api_call *call, const struct store_rows *rows)
{
    struct json *json = &call->json;
    int64_t family = store_rows_number(rows, 1);
    json_object(json);
    member_number(json, "address_family", family);
    member_number(json, "customer_as", store_rows_number(rows, 4));
    json_key(json, "customer_ip");
    write_full_address(json, store_rows_text(rows, 2));
    member_bool(json, "md5_enabled", !store_rows_null(rows, 5));
    member_row_text(json, "md5_password", rows, 5);
    write_peers(call, store_rows_text(rows, 0), family);
    write_routes_in(call, store_rows_text(rows, 6), family);
    json_key(json, "routes_out");
    json_array(json);
    if (store_rows_number(rows, 3) != 0)
        write_route(json, family == 6 ? "::/0" : "0.0.0.0/0", true);
    json_array_end(json);
    json_object_end(json);
}

void metal_neighbors(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_device(call, project))
        return;
    struct store_rows *rows = store_query(call->store,
                                          "SELECT s.id, s.family, s.customer_ip, s.default_route, c.asn, c.md5,"
                                          " s.project_id FROM sessions s"
                                          " LEFT JOIN bgp_configs c ON c.project_id = s.project_id"
                                          " WHERE s.device_id = $1 ORDER BY s.family",
                                          STORE_ARGS(store_text(call->id)));
    json_object(&call->json);
    json_key(&call->json, "bgp_neighbors");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_neighbor(call, rows);
    store_rows_end(rows);
    json_array_end(&call->json);
    json_object_end(&call->json);
    api_reply(call, 200);
}
