/* Peer groups and ranges of dynamic neighbors. There are few: a list is sent at once. */
#include <string.h>

#include "api/convert.h"
#include "api/internal.h"
#include "base/mem.h"

void add_peer_group(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__add_peer_group_request__descriptor, bytes, length)) {
        const Apipb__AddPeerGroupRequest *message = request.message;
        struct peer_group_config *group = mem_zalloc(MEM_CONFIG, sizeof(*group));
        int result = message->peer_group ? peer_group_from_api(message->peer_group, group, &err)
                                         : err_set(&err, E_INVALID, "nil request");
        if (result == 0)
            result = control_peer_group_add(request.api->control, group, &err);
        mem_free(MEM_CONFIG, group);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void delete_peer_group(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__delete_peer_group_request__descriptor, bytes, length)) {
        const Apipb__DeletePeerGroupRequest *message = request.message;
        reply_result(call, control_peer_group_delete(request.api->control, message->name, &err), &err);
    }
    request_end(&request);
}

/* Names of all members of a group, to be refreshed one by one. */
struct members {
    const char *group;
    struct control *control;
};

static void refresh_member(void *context, const struct peer_view *view)
{
    const struct members *members = context;
    struct peer_name name = {.address = view->config->address};
    if (strcmp(view->config->peer_group, members->group) != 0)
        return;
    memcpy(name.interface, view->config->interface, sizeof(name.interface));
    control_peer_soft_reset(members->control, &name, SOFT_RESET_IN, NULL);
}

void update_peer_group(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__update_peer_group_request__descriptor, bytes, length)) {
        const Apipb__UpdatePeerGroupRequest *message = request.message;
        struct peer_group_config *group = mem_zalloc(MEM_CONFIG, sizeof(*group));
        bool needs_soft_reset = false;
        int result = message->peer_group ? peer_group_from_api(message->peer_group, group, &err)
                                         : err_set(&err, E_INVALID, "nil request");
        if (result == 0)
            result = control_peer_group_update(request.api->control, group, &needs_soft_reset, &err);
        if (result == 0 && needs_soft_reset && message->do_soft_reset_in) {
            struct members members = {.group = group->name, .control = request.api->control};
            control_peer_list(request.api->control, NULL, refresh_member, &members);
        }
        mem_free(MEM_CONFIG, group);
        if (result < 0) {
            reply_error(call, &err);
        } else {
            Apipb__UpdatePeerGroupResponse response = APIPB__UPDATE_PEER_GROUP_RESPONSE__INIT;
            response.needs_soft_reset_in = needs_soft_reset;
            reply_message(call, &response.base);
        }
    }
    request_end(&request);
}

static void show_group(void *context, const struct peer_group_config *group)
{
    struct rpc_call *call = context;
    struct arena arena;
    Apipb__ListPeerGroupResponse response = APIPB__LIST_PEER_GROUP_RESPONSE__INIT;
    arena_init(&arena, 0);
    response.peer_group = peer_group_to_api(&arena, group);
    send_message(call, &response.base);
    arena_release(&arena);
}

void list_peer_group(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__list_peer_group_request__descriptor, bytes, length)) {
        const Apipb__ListPeerGroupRequest *message = request.message;
        const char *name = message->peer_group_name[0] ? message->peer_group_name : NULL;
        control_peer_group_list(request.api->control, name, show_group, call);
        rpc_call_finish(call, RPC_OK, NULL);
    }
    request_end(&request);
}

bool nothing_more(struct rpc_call *call)
{
    return false;
}

/* Dynamic neighbors ------------------------------------------------------------------------------------------------ */

static int dynamic_from_api(const char *prefix, const char *group, struct dynamic_neighbor_config *to, struct err *err)
{
    *to = (struct dynamic_neighbor_config){0};
    if (prefix_parse(prefix, false, &to->prefix) < 0)
        return err_set(err, E_INVALID, "invalid CIDR address: %s", prefix);
    return copy_text(group, to->peer_group, sizeof(to->peer_group), "peer_group", err);
}

void add_dynamic_neighbor(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__add_dynamic_neighbor_request__descriptor, bytes, length)) {
        const Apipb__AddDynamicNeighborRequest *message = request.message;
        const Apipb__DynamicNeighbor *from = message->dynamic_neighbor;
        struct dynamic_neighbor_config dynamic;
        int result = from ? dynamic_from_api(from->prefix, from->peer_group, &dynamic, &err)
                          : err_set(&err, E_INVALID, "nil request");
        if (result == 0)
            result = control_dynamic_neighbor_add(request.api->control, &dynamic, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void delete_dynamic_neighbor(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__delete_dynamic_neighbor_request__descriptor, bytes, length)) {
        const Apipb__DeleteDynamicNeighborRequest *message = request.message;
        struct dynamic_neighbor_config dynamic;
        int result = dynamic_from_api(message->prefix, message->peer_group, &dynamic, &err);
        if (result == 0)
            result = control_dynamic_neighbor_delete(request.api->control, &dynamic, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

static void show_dynamic(void *context, const struct dynamic_neighbor_config *dynamic)
{
    struct rpc_call *call = context;
    char text[PREFIX_TEXT_MAX];
    Apipb__DynamicNeighbor to = APIPB__DYNAMIC_NEIGHBOR__INIT;
    Apipb__ListDynamicNeighborResponse response = APIPB__LIST_DYNAMIC_NEIGHBOR_RESPONSE__INIT;
    prefix_format(&dynamic->prefix, text);
    to.prefix = text;
    to.peer_group = (char *)dynamic->peer_group;
    response.dynamic_neighbor = &to;
    send_message(call, &response.base);
}

void list_dynamic_neighbor(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__list_dynamic_neighbor_request__descriptor, bytes, length)) {
        const Apipb__ListDynamicNeighborRequest *message = request.message;
        const char *group = message->peer_group[0] ? message->peer_group : NULL;
        control_dynamic_neighbor_list(request.api->control, group, show_dynamic, call);
        rpc_call_finish(call, RPC_OK, NULL);
    }
    request_end(&request);
}
