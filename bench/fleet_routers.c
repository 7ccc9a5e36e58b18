/* Many routers in one process, as the fleet service sees them: they have neighbors as they are told to, each is up at
 * once, and all go down on SIGUSR1 and up again on SIGUSR2. For measuring; no BGP is spoken.
 *
 * usage: fleet-routers FOLDER COUNT      gRPC on FOLDER/0.sock, FOLDER/1.sock, ...
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/str.h"
#include "base/time.h"
#include "godwit.pb-c.h"
#include "gobgp.pb-c.h"
#include "rpc/server.h"

enum { ROUTERS_MAX = 1000, ASN = 65530, MESSAGE_MAX = 1024 };

struct neighbor {
    struct list link;
    char address[64];
    char description[96];
};

struct router {
    struct rpc_server *server;
    struct list neighbors;
    struct list *at; /* of the watcher: the next to be told */
    struct rpc_call *watcher;
    bool up;
    int64_t up_since_s;
};

static struct {
    struct loop *loop;
    struct router routers[ROUTERS_MAX];
    unsigned count;
} all;

static struct router *router_of(const struct rpc_call *call)
{
    return rpc_call_context(call);
}

static void send_message(struct rpc_call *call, const ProtobufCMessage *message)
{
    uint8_t bytes[MESSAGE_MAX];
    CHECK(protobuf_c_message_get_packed_size(message) <= sizeof(bytes));
    size_t length = protobuf_c_message_pack(message, bytes);
    CHECK(rpc_call_send(call, bytes, length) == 0);
}

struct peer_message {
    Apipb__Peer peer;
    Apipb__PeerConf conf;
    Apipb__PeerState state;
    Apipb__Timers timers;
    Apipb__TimersState timers_state;
    Google__Protobuf__Timestamp uptime;
};

static void peer_make(struct peer_message *message, const struct router *router, struct neighbor *neighbor)
{
    apipb__peer__init(&message->peer);
    apipb__peer_conf__init(&message->conf);
    apipb__peer_state__init(&message->state);
    message->conf.neighbor_address = neighbor->address;
    message->conf.description = neighbor->description;
    message->state.neighbor_address = neighbor->address;
    message->state.session_state =
        router->up ? APIPB__PEER_STATE__SESSION_STATE__ESTABLISHED : APIPB__PEER_STATE__SESSION_STATE__IDLE;
    message->peer.conf = &message->conf;
    message->peer.state = &message->state;
    apipb__timers__init(&message->timers);
    apipb__timers_state__init(&message->timers_state);
    google__protobuf__timestamp__init(&message->uptime);
    message->uptime.seconds = router->up_since_s;
    message->timers_state.uptime = &message->uptime;
    message->timers.state = &message->timers_state;
    message->peer.timers = &message->timers;
}

static void get_bgp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    Apipb__Global global = APIPB__GLOBAL__INIT;
    Apipb__GetBgpResponse response = APIPB__GET_BGP_RESPONSE__INIT;
    global.asn = ASN;
    response.global = &global;
    send_message(call, &response.base);
    rpc_call_finish(call, RPC_OK, "");
}

static void add_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct router *router = router_of(call);
    Apipb__AddPeerRequest *request = apipb__add_peer_request__unpack(NULL, length, bytes);
    struct neighbor *neighbor = calloc(1, sizeof(*neighbor));
    snprintf(neighbor->address, sizeof(neighbor->address), "%s", request->peer->conf->neighbor_address);
    snprintf(neighbor->description, sizeof(neighbor->description), "%s", request->peer->conf->description);
    list_append(&router->neighbors, &neighbor->link);
    if (router->at == &router->neighbors)
        router->at = &neighbor->link;
    apipb__add_peer_request__free_unpacked(request, NULL);
    rpc_call_send(call, NULL, 0);
    rpc_call_finish(call, RPC_OK, "");
    if (router->watcher)
        rpc_call_wake(router->watcher);
}

static void list_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct router *router = router_of(call);
    list_foreach (neighbor, &router->neighbors, struct neighbor, link) {
        struct peer_message message;
        Apipb__ListPeerResponse response = APIPB__LIST_PEER_RESPONSE__INIT;
        peer_make(&message, router, neighbor);
        response.peer = &message.peer;
        send_message(call, &response.base);
    }
    rpc_call_finish(call, RPC_OK, "");
}

static bool nothing_more(struct rpc_call *call)
{
    return false;
}

static void watch(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct router *router = router_of(call);
    router->watcher = call;
    router->at = router->neighbors.next;
}

static bool watch_more(struct rpc_call *call)
{
    struct router *router = router_of(call);
    while (router->at != &router->neighbors && rpc_call_has_room(call)) {
        struct peer_message message;
        Apipb__WatchEventResponse__PeerEvent event = APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__INIT;
        Apipb__WatchEventResponse response = APIPB__WATCH_EVENT_RESPONSE__INIT;
        peer_make(&message, router, list_entry(router->at, struct neighbor, link));
        event.type = APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__TYPE__STATE;
        event.peer = &message.peer;
        response.event_case = APIPB__WATCH_EVENT_RESPONSE__EVENT_PEER;
        response.peer = &event;
        send_message(call, &response.base);
        router->at = router->at->next;
    }
    return router->at != &router->neighbors;
}

static void watch_cancelled(struct rpc_call *call)
{
    router_of(call)->watcher = NULL;
}

static void why(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    Godwit__V1__WhyNeighborResponse response = GODWIT__V1__WHY_NEIGHBOR_RESPONSE__INIT;
    bool up = router_of(call)->up;
    response.state = (char *)(uintptr_t)(up ? "ESTABLISHED" : "IDLE");
    response.sentence = (char *)(uintptr_t) "peer sent Cease, Administrative Reset";
    send_message(call, &response.base);
    rpc_call_finish(call, RPC_OK, "");
}

static const struct rpc_method methods[] = {
    {.path = "/apipb.GobgpApi/GetBgp", .kind = RPC_UNARY, .message = get_bgp},
    {.path = "/apipb.GobgpApi/AddPeer", .kind = RPC_UNARY, .message = add_peer},
    {.path = "/apipb.GobgpApi/ListPeer", .kind = RPC_SERVER_STREAM, .message = list_peer, .more = nothing_more},
    {.path = "/apipb.GobgpApi/WatchEvent",
     .kind = RPC_SERVER_STREAM,
     .message = watch,
     .more = watch_more,
     .cancelled = watch_cancelled},
    {.path = "/godwit.v1.Godwit/WhyNeighbor", .kind = RPC_UNARY, .message = why},
};

static void on_signal(void *context, int signal_number)
{
    for (unsigned i = 0; i < all.count && signal_number != SIGTERM; i++) {
        struct router *router = &all.routers[i];
        router->up = signal_number == SIGUSR2;
        router->up_since_s = wall_now().ns / 1000000000;
        router->at = router->neighbors.next;
        if (router->watcher)
            rpc_call_wake(router->watcher);
    }
    if (signal_number == SIGTERM)
        loop_stop(all.loop);
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    if (argc != 3 || str_parse_u64(argv[2], 1, ROUTERS_MAX, &count) < 0) {
        fprintf(stderr, "usage: fleet-routers FOLDER COUNT\n");
        return 2;
    }
    all.loop = loop_new();
    all.count = (unsigned)count;
    for (unsigned i = 0; i < all.count; i++) {
        struct router *router = &all.routers[i];
        char path[108];
        struct err err = {.text = ""};
        snprintf(path, sizeof(path), "%.90s/%u.sock", argv[1], i);
        list_init(&router->neighbors);
        router->at = &router->neighbors;
        router->up = true;
        router->up_since_s = wall_now().ns / 1000000000;
        router->server = rpc_server_new(all.loop, NULL);
        rpc_server_register(router->server, methods, ARRAY_LEN(methods), router);
        if (rpc_server_listen_unix(router->server, path, 0600, &(struct rpc_listen_options){0}, &err) < 0) {
            fprintf(stderr, "fleet-routers: %s\n", err.text);
            return 1;
        }
    }
    loop_on_signal(all.loop, SIGUSR1, on_signal, NULL);
    loop_on_signal(all.loop, SIGUSR2, on_signal, NULL);
    loop_on_signal(all.loop, SIGTERM, on_signal, NULL);
    loop_run(all.loop);
    return 0;
}
