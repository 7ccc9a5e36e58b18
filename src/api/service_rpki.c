/* AddRpki, DeleteRpki, EnableRpki, DisableRpki, ResetRpki, ListRpki, ListRpkiTable. */
#include "api/encode_parts.h"
#include "api/convert.h"
#include "api/internal.h"
#include "api/packed_list.h"
#include "base/mem.h"

enum { ROA_BYTES_MAX = 1024, PORT_DEFAULT = 323 };

static int port_of(uint32_t port, struct err *err)
{
    return port <= UINT16_MAX ? (int)port : err_set(err, E_INVALID, "invalid port: %u", port);
}

static int server_from_api(const Apipb__AddRpkiRequest *from, struct rpki_server_config *to, struct err *err)
{
    *to = (struct rpki_server_config){0};
    int port = port_of(from->port, err);
    if (port < 0)
        return port;
    if (from->lifetime < 0 || from->lifetime > UINT32_MAX)
        return err_set(err, E_INVALID, "invalid lifetime: %lld", (long long)from->lifetime);
    to->port = (uint16_t)port;
    to->record_lifetime_s = (uint32_t)from->lifetime;
    return copy_text(from->address, to->address, sizeof(to->address), "the address", err);
}

void add_rpki(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct rpki_server_config server;
    if (request_begin(&request, call, &apipb__add_rpki_request__descriptor, bytes, length)) {
        int result = server_from_api(request.message, &server, &err);
        if (result == 0)
            result = control_rpki_add(request.api->control, &server, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void delete_rpki(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__delete_rpki_request__descriptor, bytes, length)) {
        const Apipb__DeleteRpkiRequest *message = request.message;
        int result = port_of(message->port, &err);
        if (result >= 0)
            result = control_rpki_remove(request.api->control, message->address,
                                         result != 0 ? (uint16_t)result : PORT_DEFAULT, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

static void reply_request(const struct request *request, enum rpki_request what, const char *address, uint32_t port)
{
    struct err err = {0};
    int result = port_of(port, &err);
    if (result >= 0)
        result = control_rpki_request(request->api->control, what, address, (uint16_t)result, &err);
    reply_result(request->call, result, &err);
}

void enable_rpki(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__enable_rpki_request__descriptor, bytes, length)) {
        const Apipb__EnableRpkiRequest *message = request.message;
        reply_request(&request, RPKI_ENABLE, message->address, message->port);
    }
    request_end(&request);
}

void disable_rpki(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__disable_rpki_request__descriptor, bytes, length)) {
        const Apipb__DisableRpkiRequest *message = request.message;
        reply_request(&request, RPKI_DISABLE, message->address, message->port);
    }
    request_end(&request);
}

void reset_rpki(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__reset_rpki_request__descriptor, bytes, length)) {
        const Apipb__ResetRpkiRequest *message = request.message;
        reply_request(&request, message->soft ? RPKI_SOFT_RESET : RPKI_RESET, message->address, message->port);
    }
    request_end(&request);
}

/* ListRpki --------------------------------------------------------------------------------------------------------- */

struct server_list {
    struct arena *arena;
    struct packed_list *list;
};

static Apipb__RPKIState *state_to_api(struct arena *arena, const struct rtr_server_view *view)
{
    Apipb__RPKIState *state = MESSAGE_NEW(arena, Apipb__RPKIState, apipb__rpkistate__init);
    const struct rtr_counters *counters = &view->counters;
    state->uptime = timestamp_of(arena, view->up_since);
    state->downtime = timestamp_of(arena, view->down_since);
    state->up = view->up;
    state->record_ipv4 = view->counts.records[0];
    state->record_ipv6 = view->counts.records[1];
    state->prefix_ipv4 = view->counts.prefixes[0];
    state->prefix_ipv6 = view->counts.prefixes[1];
    state->serial = view->serial;
    state->received_ipv4 = counters->ipv4_prefix;
    state->received_ipv6 = counters->ipv6_prefix;
    state->serial_notify = counters->serial_notify;
    state->cache_reset = counters->cache_reset;
    state->cache_response = counters->cache_response;
    state->end_of_data = counters->end_of_data;
    state->error = counters->error;
    state->serial_query = counters->serial_query;
    state->reset_query = counters->reset_query;
    return state;
}

static void list_server(void *context, const struct rtr_server_view *view)
{
    struct server_list *to = context;
    Apipb__ListRpkiResponse response = APIPB__LIST_RPKI_RESPONSE__INIT;
    Apipb__Rpki server = APIPB__RPKI__INIT;
    Apipb__RPKIConf conf = APIPB__RPKICONF__INIT;
    conf.address = (char *)view->config->address;
    conf.remote_port = view->config->port;
    server.conf = &conf;
    server.state = state_to_api(to->arena, view);
    response.server = &server;
    packed_list_add(to->list, &response.base);
}

void list_rpki(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__list_rpki_request__descriptor, bytes, length)) {
        struct server_list list = {.arena = &request.answer, .list = packed_list_begin(call)};
        control_rpki_list(request.api->control, list_server, &list);
    }
    request_end(&request);
}

/* ListRpkiTable ---------------------------------------------------------------------------------------------------- */

void list_rpki_table(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__list_rpki_table_request__descriptor, bytes, length)) {
        const Apipb__ListRpkiTableRequest *message = request.message;
        enum family_id family = family_in(message->family);
        bool any = message->family == NULL || (family != FAMILY_IPV4_UNICAST && family != FAMILY_IPV6_UNICAST);
        rpc_call_set_state(call, control_roa_walk(request.api->control, any || family == FAMILY_IPV4_UNICAST,
                                                  any || family == FAMILY_IPV6_UNICAST));
    }
    request_end(&request);
}

bool list_rpki_table_more(struct rpc_call *call)
{
    struct roa_walk *walk = rpc_call_state(call);
    struct mono_time until = {.ns = mono_now().ns + SLICE_US * 1000};
    while (rpc_call_has_room(call) && mono_before(mono_now(), until)) {
        uint8_t memory[ROA_BYTES_MAX];
        struct proto proto = proto_over(memory, sizeof(memory));
        struct roa_view roa;
        bool again;
        if (!roa_walk_next(walk, &roa, &again)) {
            if (again)
                return true;
            list_rpki_table_cancelled(call);
            rpc_call_finish(call, RPC_OK, NULL);
            return false;
        }
        encode_roa(&proto, 1, &roa);
        rpc_call_send(call, proto.at, proto_length(&proto));
    }
    return true;
}

void list_rpki_table_cancelled(struct rpc_call *call)
{
    roa_walk_free(rpc_call_state(call));
    rpc_call_set_state(call, NULL);
}
