/* Peers. ListPeer notes who is there and then shows one after another, as the client takes them: a peer added meanwhile
 * is not shown, one deleted meanwhile neither. */
#include <string.h>

#include "api/convert.h"
#include "api/internal.h"
#include "base/mem.h"

static const char *text_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static int need_name(const char *address, struct peer_name *name, struct err *err)
{
    if (peer_name_parse(address, NULL, name))
        return 0;
    return err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", address);
}

void add_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__add_peer_request__descriptor, bytes, length)) {
        const Apipb__AddPeerRequest *message = request.message;
        struct neighbor_config *neighbor = mem_zalloc(MEM_CONFIG, sizeof(*neighbor));
        int result =
            message->peer ? neighbor_from_api(message->peer, neighbor, &err) : err_set(&err, E_INVALID, "nil request");
        if (result == 0)
            result = control_peer_add(request.api->control, neighbor, &err);
        mem_free(MEM_CONFIG, neighbor);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void delete_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct peer_name name;
    if (request_begin(&request, call, &apipb__delete_peer_request__descriptor, bytes, length)) {
        const Apipb__DeletePeerRequest *message = request.message;
        int result;
        if (peer_name_parse(message->address, message->interface, &name))
            result = control_peer_delete(request.api->control, &name, NULL, &err);
        else
            result = err_set(&err, E_NOT_FOUND, "can't delete a peer configuration for %s", message->address);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void update_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__update_peer_request__descriptor, bytes, length)) {
        const Apipb__UpdatePeerRequest *message = request.message;
        struct neighbor_config *neighbor = mem_zalloc(MEM_CONFIG, sizeof(*neighbor));
        bool needs_soft_reset = false;
        int result =
            message->peer ? neighbor_from_api(message->peer, neighbor, &err) : err_set(&err, E_INVALID, "nil request");
        if (result == 0)
            result = control_peer_update(request.api->control, neighbor, &needs_soft_reset, &err);
        if (result == 0 && needs_soft_reset && message->do_soft_reset_in) {
            struct peer_name name = {.address = neighbor->address};
            memcpy(name.interface, neighbor->interface, sizeof(name.interface));
            result = control_peer_soft_reset(request.api->control, &name, SOFT_RESET_IN, &err);
        }
        mem_free(MEM_CONFIG, neighbor);
        if (result < 0) {
            reply_error(call, &err);
        } else {
            Apipb__UpdatePeerResponse response = APIPB__UPDATE_PEER_RESPONSE__INIT;
            response.needs_soft_reset_in = needs_soft_reset;
            reply_message(call, &response.base);
        }
    }
    request_end(&request);
}

void reset_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct peer_name name;
    if (request_begin(&request, call, &apipb__reset_peer_request__descriptor, bytes, length)) {
        const Apipb__ResetPeerRequest *message = request.message;
        struct control *control = request.api->control;
        bool all = strcmp(message->address, "all") == 0;
        int result = all ? 0 : need_name(message->address, &name, &err);
        if (result == 0 && (unsigned)message->direction > SOFT_RESET_BOTH)
            result = err_set(&err, E_INVALID, "unknown direction");
        else if (result == 0 && message->soft)
            result = control_peer_soft_reset(control, all ? NULL : &name, (enum soft_reset)message->direction, &err);
        else if (result == 0)
            result = control_peer_reset(control, all ? NULL : &name, text_or_null(message->communication), &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void shutdown_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct peer_name name;
    if (request_begin(&request, call, &apipb__shutdown_peer_request__descriptor, bytes, length)) {
        const Apipb__ShutdownPeerRequest *message = request.message;
        bool all = strcmp(message->address, "all") == 0;
        int result = all ? 0 : need_name(message->address, &name, &err);
        if (result == 0)
            result = control_peer_shutdown(request.api->control, all ? NULL : &name,
                                           text_or_null(message->communication), &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void enable_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct peer_name name;
    if (request_begin(&request, call, &apipb__enable_peer_request__descriptor, bytes, length)) {
        const Apipb__EnablePeerRequest *message = request.message;
        int result = need_name(message->address, &name, &err);
        if (result == 0)
            result = control_peer_enable(request.api->control, &name, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void disable_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct peer_name name;
    if (request_begin(&request, call, &apipb__disable_peer_request__descriptor, bytes, length)) {
        const Apipb__DisablePeerRequest *message = request.message;
        int result = need_name(message->address, &name, &err);
        if (result == 0)
            result = control_peer_disable(request.api->control, &name, text_or_null(message->communication), &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

/* Lists ------------------------------------------------------------------------------------------------------------ */

struct peer_list {
    struct peer_name *names;
    size_t count;
    size_t capacity;
    size_t next;
};

enum { LIST_STEP = 16 }; /* peers shown at a time */

static void note_name(void *context, const struct peer_name *name)
{
    struct peer_list *list = context;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->names = mem_realloc(MEM_RPC, list->names, list->capacity * sizeof(*list->names));
    }
    list->names[list->count++] = *name;
}

void list_peer(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__list_peer_request__descriptor, bytes, length)) {
        const Apipb__ListPeerRequest *message = request.message;
        struct peer_list *list = mem_zalloc(MEM_RPC, sizeof(*list));
        struct peer_name name;
        if (!message->address[0])
            control_peer_names(request.api->control, note_name, list);
        else if (peer_name_parse(message->address, NULL, &name))
            note_name(list, &name);
        rpc_call_set_state(call, list);
    }
    request_end(&request);
}

static void show_peer(void *context, const struct peer_view *view)
{
    struct rpc_call *call = context;
    struct arena arena;
    Apipb__ListPeerResponse response = APIPB__LIST_PEER_RESPONSE__INIT;
    arena_init(&arena, 0);
    response.peer = peer_to_api(&arena, view);
    send_message(call, &response.base);
    arena_release(&arena);
}

bool list_peer_more(struct rpc_call *call)
{
    struct peer_list *list = rpc_call_state(call);
    struct mono_time until = {.ns = mono_now().ns + SLICE_US * 1000};
    while (list->next < list->count) {
        if (!rpc_call_has_room(call) || !mono_before(mono_now(), until))
            return true;
        size_t left = list->count - list->next, step = left < LIST_STEP ? left : LIST_STEP;
        control_peer_list_named(api_of(call)->control, &list->names[list->next], step, show_peer, call);
        list->next += step;
    }
    list_peer_cancelled(call);
    rpc_call_finish(call, RPC_OK, NULL);
    return false;
}

void list_peer_cancelled(struct rpc_call *call)
{
    struct peer_list *list = rpc_call_state(call);
    if (!list)
        return;
    mem_free(MEM_RPC, list->names);
    mem_free(MEM_RPC, list);
    rpc_call_set_state(call, NULL);
}
