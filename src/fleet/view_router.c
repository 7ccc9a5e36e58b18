#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/objects.h"
#include "fleet/replica.h"
#include "fleet/router.h"

#define ROUTER_VIEW                                                                                                \
    "SELECT r.id, r.name, m.id, m.code, r.state, r.reason, r.since, r.heard_at, r.asn, r.peer_ipv4, r.peer_ipv6,"  \
    " r.multihop, r.target, r.policy, r.gateway_ipv4, r.gateway_ipv6 FROM routers r JOIN metros m ON m.id = "      \
    "r.metro_id WHERE"                                                                                             \
    " ($1 = 'provider' OR EXISTS (SELECT 1 FROM devices vd WHERE vd.metro_id = r.metro_id AND (vd.project_id = $2" \
    " OR EXISTS (SELECT 1 FROM projects vp JOIN members vm ON vm.organization_id = vp.organization_id"             \
    " WHERE vp.id = vd.project_id AND vm.user_id = $3))))"

static void write_provider_part(struct api_call *call, const struct store_rows *rows)
{
    static const char *const states[] = {"up", "down", "unknown"};
    struct json *json = &call->json;
    member_row_text(json, "target", rows, 12);
    member_row_text(json, "policy", rows, 13);
    member_row_text(json, "gateway_ipv4", rows, 14);
    member_row_text(json, "gateway_ipv6", rows, 15);
    json_key(json, "sessions");
    json_object(json);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        int64_t count = 0;
        store_find_number(call->store, "SELECT count(*) FROM legs WHERE router_id = $1 AND state = $2",
                          STORE_ARGS(store_text(store_rows_text(rows, 0)), store_text(states[i])), &count);
        member_number(json, states[i], count);
    }
    json_object_end(json);
}

void write_router(struct api_call *call, const struct store_rows *rows)
{
    struct json *json = &call->json;
    bool readable = strcmp(store_rows_text(rows, 4), "readable") == 0;
    bool provider = call->who.kind == PRINCIPAL_PROVIDER;
    json_object(json);
    member_row_text(json, "id", rows, 0);
    member_row_text(json, "name", rows, 1);
    json_key(json, "metro");
    json_object(json);
    member_row_text(json, "id", rows, 2);
    member_row_text(json, "code", rows, 3);
    json_object_end(json);
    member_row_text(json, "state", rows, 4);
    /* Why the provider's router cannot be read may name addresses that are the provider's business. */
    member_text(json, "reason", readable ? NULL : provider ? store_rows_text(rows, 5) : "the router cannot be read");
    member_row_time(json, "since", rows, 6);
    member_row_time(json, "heard_at", rows, 7);
    member_number(json, "asn", store_rows_number(rows, 8));
    member_row_text(json, "peer_ipv4", rows, 9);
    member_row_text(json, "peer_ipv6", rows, 10);
    member_bool(json, "multihop", store_rows_number(rows, 11) != 0);
    if (provider)
        write_provider_part(call, rows);
    json_object_end(json);
}

void view_routers(struct api_call *call)
{
    struct store_rows *rows =
        store_query(call->store, ROUTER_VIEW " ORDER BY m.code, r.name", STORE_ARGS(VISIBLE_ARGS(call)));
    json_object(&call->json);
    json_key(&call->json, "routers");
    json_array(&call->json);
    while (store_rows_next(rows))
        write_router(call, rows);
    store_rows_end(rows);
    json_array_end(&call->json);
    json_object_end(&call->json);
    api_reply(call, 200);
}

static void reply_router(struct api_call *call, const char *id, unsigned status)
{
    struct store_rows *rows =
        store_query(call->store, ROUTER_VIEW " AND r.id = $4", STORE_ARGS(VISIBLE_ARGS(call), store_text(id)));
    bool found = store_rows_next(rows);
    if (found)
        write_router(call, rows);
    store_rows_end(rows);
    if (found)
        api_reply(call, status);
    else
        api_not_found(call);
}

void view_router(struct api_call *call)
{
    reply_router(call, call->id, 200);
}

struct router_wish {
    const char *name;
    const char *target;
    char metro[ID_TEXT_MAX];
    int64_t asn;
    bool multihop;
    const char *peer[2];
    const char *gateway[2]; /* next hop of the default route */
};

static bool read_peer(struct api_call *call, const char *key, enum addr_kind kind, const char **text)
{
    struct addr addr;
    *text = api_body_text(call, key);
    if (!*text || (addr_parse(*text, &addr) == 0 && addr.kind == kind))
        return true;
    api_invalid(call, "%s: must be an IPv%u address", key, kind);
    return false;
}

static bool read_wish(struct api_call *call, struct router_wish *wish)
{
    const char *metro = api_body_text(call, "metro");
    const struct json_node *asn = api_body_member(call, "asn");
    const struct json_node *multihop = api_body_member(call, "multihop");
    wish->name = api_body_text(call, "name");
    wish->target = api_body_text(call, "target");
    wish->asn = asn ? json_in_number(asn) : 65530;
    wish->multihop = multihop ? json_in_bool(multihop) : true;
    if (!wish->name || !*wish->name || strlen(wish->name) >= ROUTER_NAME_MAX)
        api_invalid(call, "name: is required");
    else if (!wish->target || !*wish->target)
        api_invalid(call, "target: is required, as host:port or unix:///path");
    else if (wish->asn < 1 || wish->asn > INT32_MAX)
        api_invalid(call, "asn: must be 1 to 2147483647");
    else if (!metro || !store_find_text(call->store, "SELECT id FROM metros WHERE id = $1 OR code = $1",
                                        STORE_ARGS(store_text(metro)), wish->metro, sizeof(wish->metro)))
        api_invalid(call, "metro: no such metro");
    else
        return read_peer(call, "peer_ipv4", ADDR_IPV4, &wish->peer[0]) &&
               read_peer(call, "peer_ipv6", ADDR_IPV6, &wish->peer[1]) &&
               read_peer(call, "gateway_ipv4", ADDR_IPV4, &wish->gateway[0]) &&
               read_peer(call, "gateway_ipv6", ADDR_IPV6, &wish->gateway[1]);
    return false;
}

static int put_router(struct api_call *call, const struct router_wish *wish, const char *id)
{
    int64_t now = time_now_ms();
    const struct json_node *tls = api_body_member(call, "tls");
    return store_run(
        call->store,
        "INSERT INTO routers (id, name, metro_id, target, asn, peer_ipv4, peer_ipv6, multihop, tls_ca, tls_certificate,"
        " tls_key, tls_name, state, reason, since, created_at, gateway_ipv4, gateway_ipv6)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'unreadable', 'it has not answered yet', $13, "
        "$14, $15, $16)",
        STORE_ARGS(store_text(id), store_text(wish->name), store_text(wish->metro), store_text(wish->target),
                   store_number(wish->asn), store_text(wish->peer[0]), store_text(wish->peer[1]),
                   store_number(wish->multihop), store_text(json_in_text(json_in_member(tls, "ca_file"))),
                   store_text(json_in_text(json_in_member(tls, "certificate_file"))),
                   store_text(json_in_text(json_in_member(tls, "key_file"))),
                   store_text(json_in_text(json_in_member(tls, "server_name"))), store_number(now), store_number(now),
                   store_text(wish->gateway[0]), store_text(wish->gateway[1])));
}

/* Sessions that are there get a leg on the new router. */
static void extend_sessions(struct api_call *call, const char *metro_id)
{
    struct store_rows *rows = store_query(
        call->store, "SELECT s.id FROM sessions s JOIN devices d ON d.id = s.device_id WHERE d.metro_id = $1",
        STORE_ARGS(store_text(metro_id)));
    while (store_rows_next(rows)) {
        legs_make(call->fleet, store_rows_text(rows, 0));
        session_derive(call->fleet, store_rows_text(rows, 0), "a router was added", time_now_ms());
    }
    store_rows_end(rows);
}

void view_router_create(struct api_call *call)
{
    struct router_wish wish = {0};
    struct err err = {.text = ""};
    char id[ID_TEXT_MAX];
    if (!api_body(call) || !read_wish(call, &wish))
        return;
    id_make(id);
    fleet_begin(call->fleet);
    if (put_router(call, &wish, id) == E_EXISTS) {
        fleet_commit(call->fleet);
        api_invalid(call, "name: there is a router of this name");
        return;
    }
    extend_sessions(call, wish.metro);
    api_audit(call, "router.create", id, NULL, wish.name);
    if (!api_committed(call))
        return;
    if (replica_takes_router(call->service->replica, id) && router_add(call->fleet, id, &err) < 0) {
        store_run(call->store, "DELETE FROM routers WHERE id = $1", STORE_ARGS(store_text(id)));
        api_invalid(call, "target: %s", err.text);
        return;
    }
    reply_router(call, id, 201);
}

void view_router_delete(struct api_call *call)
{
    struct router *router = router_find(call->fleet, call->id);
    char session[ID_TEXT_MAX];
    int64_t found = 0;
    if (!store_find_number(call->store, "SELECT 1 FROM routers WHERE id = $1", STORE_ARGS(store_text(call->id)),
                           &found)) {
        api_not_found(call);
        return;
    }
    fleet_begin(call->fleet);
    while (store_find_text(call->store, "SELECT session_id FROM legs WHERE router_id = $1 LIMIT 1",
                           STORE_ARGS(store_text(call->id)), session, sizeof(session))) {
        store_run(call->store, "DELETE FROM legs WHERE router_id = $1 AND session_id = $2",
                  STORE_ARGS(store_text(call->id), store_text(session)));
        session_derive(call->fleet, session, "a router was removed", time_now_ms());
    }
    store_run(call->store, "DELETE FROM routers WHERE id = $1", STORE_ARGS(store_text(call->id)));
    api_audit(call, "router.delete", call->id, NULL, "");
    if (!api_committed(call))
        return;
    if (router)
        router_free(router);
    api_reply_empty(call, 204);
}
