/* Watching a router. See the header for the stages; everything here happens on the loop, and nothing waits.
 *
 * Whatever the router says is compared with what is known of each leg, so being told the same twice, by the watch and
 * by a list, or by a router that replays everything after a reconnection, makes no second event.
 */
#include "fleet/router.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/route.h"
#include "fleet/router_policy.h"
#include "io/tls.h"

enum {
    ROUTER_CALL_MS = 10000,
    ROUTER_AGAIN_MS = 1000,
    ROUTER_HEARD_MS = 5000,
    ROUTER_PING_MS = 1500, /* one that hangs is lost after 6 s: Unknown within 10 s, with unreadable_ms on top */
    ROUTER_LEARN_MS = 2000,
    REPLAY_QUIET_MS = 300, /* without a route, and all that were there have come */
    REPLAY_MAX_MS = 5000,  /* or new ones come without end */
};

/* Somebody who waits for ListPeer. */
struct refresh {
    struct list link;
    struct router *router;
    void (*done)(void *context, bool answered);
    void *context;
};

static void router_begin(struct router *router);

struct rpc_pending *router_call(struct router *router, const char *path, const ProtobufCMessage *message,
                                rpc_client_message on_message, rpc_pending_ended ended, void *context)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = mem_alloc(MEM_OTHER, length + 1);
    protobuf_c_message_pack(message, bytes);
    const struct rpc_request request = {.path = path, .message = bytes, .length = length, .timeout_ms = ROUTER_CALL_MS};
    struct rpc_pending *pending = rpc_channel_call(router->channel, &request, on_message, ended, context);
    mem_free(MEM_OTHER, bytes);
    return pending;
}

/* Readable or not -------------------------------------------------------------------------------------------------- */

static void router_tell(struct router *router, bool readable)
{
    struct fleet *fleet = router->fleet;
    char was[16] = "";
    char body[ROUTER_NAME_MAX + ROUTER_REASON_MAX + 64];
    const char *state = readable ? "readable" : "unreadable";
    const struct store_args id = STORE_ARGS(store_text(router->id));
    router->readable = readable;
    fleet_begin(fleet);
    if (!fleet_holds(fleet, router->id)) {
        fleet_commit(fleet);
        return;
    }
    store_find_text(fleet->store, "SELECT state FROM routers WHERE id = $1", id, was, sizeof(was));
    store_run(fleet->store, "UPDATE routers SET state = $1, reason = $2 WHERE id = $3",
              STORE_ARGS(store_text(state), store_text(readable ? NULL : router->reason), store_text(router->id)));
    if (strcmp(was, state) != 0) {
        store_run(fleet->store, "UPDATE routers SET since = $1 WHERE id = $2",
                  STORE_ARGS(store_number(time_now_ms()), store_text(router->id)));
        snprintf(body, sizeof(body), "Router %s can%s be read%s%s.", router->name, readable ? "" : "not",
                 readable ? "" : ": ", readable ? "" : router->reason);
        event_put(fleet, &(struct event){.type = readable ? "router.readable" : "router.unreadable",
                                         .body = body,
                                         .router_id = router->id,
                                         .state = state,
                                         .reason = readable ? NULL : router->reason});
    }
    fleet_commit(fleet);
}

static void silence_expired(struct loop_timer *timer)
{
    struct router *router = container_of(timer, struct router, silence);
    log_warn("fleet", router->name, "cannot be read: %s", router->reason);
    router_tell(router, false);
    list_foreach (leg, &router->legs, struct leg, link)
        leg_unreadable(leg);
}

/* It is not, or no longer, followed. */
static void router_stop_following(struct router *router, const char *reason)
{
    snprintf(router->reason, sizeof(router->reason), "%s", reason);
    router->stage = ROUTER_WAITING;
    if (router->watch)
        rpc_pending_cancel(router->watch);
    router->watch = NULL;
    loop_timer_stop(&router->replayed); /* half a replay is none: what is stored stands until the next */
    router_policy_stop(router->policy);
    if (!loop_timer_running(&router->silence) && router->readable)
        loop_timer_start(&router->silence, router->fleet->settings.unreadable_ms);
    else if (!router->readable)
        store_run(router->fleet->store, "UPDATE routers SET reason = $1 WHERE id = $2",
                  STORE_ARGS(store_text(router->reason), store_text(router->id)));
    if (rpc_channel_connected(router->channel))
        loop_timer_start(&router->again, ROUTER_AGAIN_MS);
}

static void again_expired(struct loop_timer *timer)
{
    struct router *router = container_of(timer, struct router, again);
    if (rpc_channel_connected(router->channel) && router->stage == ROUTER_WAITING)
        router_begin(router);
}

/* The console shows how old what it shows is; once in a few seconds is fine enough for that. */
static void heard_due(struct loop_timer *timer)
{
    struct router *router = container_of(timer, struct router, heard);
    if (router->stage == ROUTER_FOLLOWING)
        store_run(
            router->fleet->store, "UPDATE routers SET heard_at = $1 WHERE id = $2",
            STORE_ARGS(store_number(time_now_ms() - mono_diff_ms(mono_now(), rpc_channel_heard_at(router->channel))),
                       store_text(router->id)));
    loop_timer_start(timer, ROUTER_HEARD_MS);
}

/* Listing ---------------------------------------------------------------------------------------------------------- */

static void refreshes_answer(struct router *router, bool answered)
{
    struct list asked;
    list_init(&asked);
    while (!list_empty(&router->asked)) { /* who asks again meanwhile waits for the next list */
        struct list *first = router->asked.next;
        list_remove(first);
        list_append(&asked, first);
    }
    while (!list_empty(&asked)) {
        struct refresh *refresh = list_entry(asked.next, struct refresh, link);
        list_remove(&refresh->link);
        if (refresh->done)
            refresh->done(refresh->context, answered);
        mem_free(MEM_OTHER, refresh);
    }
}

static bool list_message(void *context, const uint8_t *bytes, size_t length)
{
    struct router *router = context;
    Apipb__ListPeerResponse *response = apipb__list_peer_response__unpack(NULL, length, bytes);
    if (response && response->peer && response->peer->conf) {
        const Apipb__PeerConf *conf = response->peer->conf;
        struct leg *leg = leg_find(router, conf->neighbor_address);
        if (leg) {
            leg->foreign = !mark_is_ours(conf->description);
            snprintf(leg->present, sizeof(leg->present), "%s", leg->foreign ? "" : conf->description);
            leg->seen = true;
            leg_observe_peer(router, response->peer, true);
        } else if (mark_is_ours(conf->description) && !router->fleet->hands_off) {
            router_delete_neighbor(router, conf->neighbor_address);
        }
    }
    if (response)
        apipb__list_peer_response__free_unpacked(response, NULL);
    return true;
}

static void list_ended(void *context, const struct rpc_status *status)
{
    struct router *router = context;
    bool complete = status->code == RPC_OK;
    bool following = router->stage == ROUTER_FOLLOWING;
    if (complete && router->stage == ROUTER_LISTING) {
        router->stage = ROUTER_FOLLOWING;
        loop_timer_stop(&router->silence);
        if (!router->readable)
            log_info("fleet", router->name, "is being followed, AS %u", router->global_asn);
        router_tell(router, true);
        router_policy_sync(router->policy);
    } else if (!complete && router->stage == ROUTER_LISTING) {
        router_stop_following(router, status->text);
    }
    list_foreach_safe (leg, &router->legs, struct leg, link) {
        bool there = leg->seen;
        leg->seen = false;
        if (!complete || leg->changing)
            continue;
        if (!there)
            leg->present[0] = '\0';
        if (!there || !following)
            leg_provision(leg);
    }
    store_run(router->fleet->store, "UPDATE legs SET updated_at = $1 WHERE router_id = $2",
              STORE_ARGS(store_number(time_now_ms()), store_text(router->id)));
    refreshes_answer(router, complete);
}

static void router_list(struct router *router)
{
    Apipb__ListPeerRequest request = APIPB__LIST_PEER_REQUEST__INIT;
    router_call(router, "/apipb.GobgpApi/ListPeer", &request.base, list_message, list_ended, router);
}

void router_refresh(struct router *router, void (*done)(void *context, bool answered), void *context)
{
    struct refresh *refresh = mem_zalloc(MEM_OTHER, sizeof(*refresh));
    *refresh = (struct refresh){.router = router, .done = done, .context = context};
    bool first = list_empty(&router->asked);
    list_init(&refresh->link);
    list_append(&router->asked, &refresh->link);
    if (first)
        router_list(router);
    list_foreach (leg, &router->legs, struct leg, link) {
        if (leg->last.state == LEG_DOWN && router->stage == ROUTER_FOLLOWING)
            leg_ask_why(leg);
    }
}

void router_refresh_forget(struct router *router, void *context)
{
    list_foreach (refresh, &router->asked, struct refresh, link) {
        if (refresh->context == context)
            refresh->done = NULL;
    }
}

static void learn_due(struct loop_timer *timer)
{
    struct router *router = container_of(timer, struct router, learn);
    if (router->stage == ROUTER_FOLLOWING)
        router_refresh(router, NULL, NULL);
}

void router_learn(struct router *router)
{
    if (!loop_timer_running(&router->learn))
        loop_timer_start(&router->learn, ROUTER_LEARN_MS);
}

/* Watching --------------------------------------------------------------------------------------------------------- */

/* A new stream begins with the routes that there are, and does not say where these end. Until they are complete what is
 * stored stands, so that nobody is told of routes that went and came back. */
static void replay_begin(struct router *router)
{
    router->replaying = true;
    router->replay_end = mono_add_ms(mono_now(), REPLAY_MAX_MS);
    list_foreach (leg, &router->legs, struct leg, link)
        routes_expect(leg);
    loop_timer_start(&router->replayed, REPLAY_QUIET_MS);
}

static void replay_goes_on(struct router *router)
{
    if (router->replaying && mono_diff_ms(router->replay_end, mono_now()) > REPLAY_QUIET_MS)
        loop_timer_start(&router->replayed, REPLAY_QUIET_MS);
}

static void replay_ended(struct loop_timer *timer)
{
    struct router *router = container_of(timer, struct router, replayed);
    router->replaying = false;
    list_foreach (leg, &router->legs, struct leg, link)
        leg_dirty(leg);
}

static bool watch_message(void *context, const uint8_t *bytes, size_t length)
{
    struct router *router = context;
    Apipb__WatchEventResponse *response = apipb__watch_event_response__unpack(NULL, length, bytes);
    if (!response)
        return true;
    if (response->event_case == APIPB__WATCH_EVENT_RESPONSE__EVENT_PEER && response->peer->peer) {
        leg_observe_peer(router, response->peer->peer, false);
    } else if (response->event_case == APIPB__WATCH_EVENT_RESPONSE__EVENT_TABLE) {
        replay_goes_on(router);
        for (size_t i = 0; i < response->table->n_paths; i++)
            route_observe(router, response->table->paths[i]);
    }
    apipb__watch_event_response__free_unpacked(response, NULL);
    return true;
}

static void watch_ended(void *context, const struct rpc_status *status)
{
    struct router *router = context;
    router->watch = NULL;
    if (router->stage == ROUTER_LISTING || router->stage == ROUTER_FOLLOWING)
        router_stop_following(router, status->text[0] ? status->text : "it ended the stream of events");
}

/* The watch goes first: what happens while the list is made is then told twice rather than not at all. */
static void router_follow(struct router *router)
{
    Apipb__WatchEventRequest__Peer peer = APIPB__WATCH_EVENT_REQUEST__PEER__INIT;
    Apipb__WatchEventRequest__Table__Filter filter = APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__INIT;
    Apipb__WatchEventRequest__Table__Filter *filters[] = {&filter};
    Apipb__WatchEventRequest__Table table = APIPB__WATCH_EVENT_REQUEST__TABLE__INIT;
    Apipb__WatchEventRequest request = APIPB__WATCH_EVENT_REQUEST__INIT;
    uint8_t bytes[64];
    filter.type = APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__TYPE__ADJIN;
    filter.init = true;
    table.n_filters = 1;
    table.filters = filters;
    request.peer = &peer;
    request.table = &table;
    CHECK(apipb__watch_event_request__get_packed_size(&request) <= sizeof(bytes));
    const struct rpc_request call = {.path = "/apipb.GobgpApi/WatchEvent",
                                     .message = bytes,
                                     .length = apipb__watch_event_request__pack(&request, bytes)};
    router->stage = ROUTER_LISTING;
    replay_begin(router);
    router->watch = rpc_channel_call(router->channel, &call, watch_message, watch_ended, router);
    router_list(router);
}

static bool global_message(void *context, const uint8_t *bytes, size_t length)
{
    struct router *router = context;
    Apipb__GetBgpResponse *response = apipb__get_bgp_response__unpack(NULL, length, bytes);
    router->global_asn = response && response->global ? response->global->asn : 0;
    if (response)
        apipb__get_bgp_response__free_unpacked(response, NULL);
    return true;
}

static void global_ended(void *context, const struct rpc_status *status)
{
    struct router *router = context;
    if (router->stage != ROUTER_ASKING)
        return;
    if (status->code != RPC_OK)
        router_stop_following(router, status->text);
    else if (router->global_asn == 0)
        router_stop_following(router, "BGP is not started on it");
    else
        router_follow(router);
}

static void router_begin(struct router *router)
{
    Apipb__GetBgpRequest request = APIPB__GET_BGP_REQUEST__INIT;
    router->stage = ROUTER_ASKING;
    router->global_asn = 0;
    router->has_why = true; /* until it says that it cannot */
    router_call(router, "/apipb.GobgpApi/GetBgp", &request.base, global_message, global_ended, router);
}

static void on_connected(void *context)
{
    router_begin(context);
}

static void on_lost(void *context, const char *reason)
{
    struct router *router = context;
    router_stop_following(router, reason);
}

static const struct rpc_channel_handler channel_handler = {.connected = on_connected, .lost = on_lost};

/* Routers ---------------------------------------------------------------------------------------------------------- */

#define ROUTER_COLUMNS                                                                                          \
    "SELECT id, name, target, asn, multihop, peer_ipv4, peer_ipv6, tls_ca, tls_certificate, tls_key, tls_name," \
    " state, reason, gateway_ipv4, gateway_ipv6 FROM routers"

static const char *text_or_null(const struct store_rows *rows, unsigned column)
{
    return store_rows_null(rows, column) ? NULL : store_rows_text(rows, column);
}

static struct router *router_new(struct fleet *fleet, const struct store_rows *rows)
{
    struct router *router = mem_zalloc(MEM_OTHER, sizeof(*router));
    router->fleet = fleet;
    snprintf(router->id, sizeof(router->id), "%s", store_rows_text(rows, 0));
    snprintf(router->name, sizeof(router->name), "%s", store_rows_text(rows, 1));
    router->asn = (uint32_t)store_rows_number(rows, 3);
    router->multihop = store_rows_number(rows, 4) != 0;
    addr_parse(store_rows_text(rows, 5), &router->peer_addresses[0]);
    addr_parse(store_rows_text(rows, 6), &router->peer_addresses[1]);
    /* What was readable before a restart is taken to be so until the first attempt is over. */
    router->readable = strcmp(store_rows_text(rows, 11), "readable") == 0;
    snprintf(router->reason, sizeof(router->reason), "%s",
             router->readable ? "it has not answered yet" : store_rows_text(rows, 12));
    list_init(&router->legs);
    list_init(&router->asked);
    snprintf(router->gateways[0], sizeof(router->gateways[0]), "%s", store_rows_text(rows, 13));
    snprintf(router->gateways[1], sizeof(router->gateways[1]), "%s", store_rows_text(rows, 14));
    router->policy = router_policy_new(router);
    loop_timer_init(&router->silence, fleet->loop, silence_expired);
    loop_timer_init(&router->again, fleet->loop, again_expired);
    loop_timer_init(&router->heard, fleet->loop, heard_due);
    loop_timer_init(&router->learn, fleet->loop, learn_due);
    loop_timer_init(&router->replayed, fleet->loop, replay_ended);
    loop_timer_start(&router->heard, ROUTER_HEARD_MS);
    loop_timer_start(&router->silence, fleet->settings.unreadable_ms);
    list_append(&fleet->routers, &router->link);
    return router;
}

static int router_connect(struct router *router, const struct store_rows *rows, struct err *err)
{
    struct tls_settings settings = {
        .ca_file = text_or_null(rows, 7),
        .certificate_file = text_or_null(rows, 8),
        .key_file = text_or_null(rows, 9),
        .server_name = text_or_null(rows, 10),
        .alpn = "h2",
    };
    if (settings.server_name) {
        router->tls = tls_context_new_client(&settings, err);
        if (!router->tls)
            return E_INVALID;
    }
    const struct rpc_channel_options options = {
        .target = store_rows_text(rows, 2), .tls = router->tls, .ping_ms = ROUTER_PING_MS};
    return rpc_channel_new(router->fleet->loop, &options, &channel_handler, router, &router->channel, err);
}

int router_add(struct fleet *fleet, const char *id, struct err *err)
{
    struct store_rows *rows = store_query(fleet->store, ROUTER_COLUMNS " WHERE id = $1", STORE_ARGS(store_text(id)));
    int result = E_NOT_FOUND;
    if (store_rows_next(rows)) {
        struct router *router = router_new(fleet, rows);
        result = router_connect(router, rows, err);
        if (result < 0)
            router_free(router);
    }
    store_rows_end(rows);
    if (result == E_OK)
        legs_load(fleet, "l.router_id", id);
    return result;
}

void routers_load(struct fleet *fleet)
{
    struct store_rows *rows = store_query(fleet->store, "SELECT id, name FROM routers ORDER BY name", STORE_NO_ARGS);
    while (store_rows_next(rows)) {
        struct err err = {.text = ""};
        if (router_add(fleet, store_rows_text(rows, 0), &err) < 0)
            log_error("fleet", store_rows_text(rows, 1), "cannot be watched: %s", err.text);
    }
    store_rows_end(rows);
}

void router_free(struct router *router)
{
    loop_timer_stop(&router->silence);
    loop_timer_stop(&router->again);
    loop_timer_stop(&router->heard);
    loop_timer_stop(&router->learn);
    loop_timer_stop(&router->replayed);
    rpc_channel_free(router->channel);
    list_foreach_safe (leg, &router->legs, struct leg, link)
        leg_free(leg);
    refreshes_answer(router, false);
    router_policy_free(router->policy);
    tls_context_unref(router->tls);
    list_remove(&router->link);
    mem_free(MEM_OTHER, router);
}

struct router *router_find(struct fleet *fleet, const char *id)
{
    list_foreach (router, &fleet->routers, struct router, link) {
        if (strcmp(router->id, id) == 0)
            return router;
    }
    return NULL;
}
