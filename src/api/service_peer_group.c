/* Peer groups. There are few: a list is sent at once. */
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

bool list_peer_group_more(struct rpc_call *call)
{
    return false;
}
