/* ListPath: a walk of control/, turned by the client's appetite. Nothing is gathered: one destination at a time is
 * encoded and sent, for half a millisecond, then others get their turn. */
#include <string.h>

#include "api/list.h"
#include "base/mem.h"

enum { FIRST_SCRATCH_BYTES = 64 * 1024 };

struct path_list {
    struct path_walk *walk;
    struct path_form form;
};

int query_name(struct path_query *query, const char *name, struct err *err)
{
    if (query->table == TABLE_GLOBAL)
        return 0;
    if ((unsigned)query->table > TABLE_VRF)
        return err_set(err, E_INVALID, "unsupported resource type: %d", (int)query->table);
    if (peer_name_parse(name, NULL, &query->peer))
        return 0;
    if (query->table == TABLE_VRF)
        return err_set(err, E_NOT_FOUND, "vrf %s not found", name);
    return err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", name);
}

int send_destination(struct rpc_call *call, const struct path_view *paths, size_t count, const struct path_form *form)
{
    struct api *api = api_of(call);
    size_t room = api->scratch_bytes < FIRST_SCRATCH_BYTES ? FIRST_SCRATCH_BYTES : api->scratch_bytes;
    for (;;) {
        struct proto proto = proto_over(api_scratch(api, room), room);
        encode_destination(&proto, paths, count, form);
        if (!proto.failed && proto_length(&proto) <= RPC_MESSAGE_MAX_BYTES)
            return rpc_call_send(call, proto.at, proto_length(&proto));
        if (room >= RPC_MESSAGE_MAX_BYTES)
            break;
        room *= 2;
    }
    if (count < 2)
        return E_LIMIT;
    int result = send_destination(call, paths, count / 2, form);
    return result < 0 ? result : send_destination(call, paths + count / 2, count - count / 2, form);
}

static int lookups_from_api(struct request *request, const Apipb__ListPathRequest *message, struct path_query *query,
                            struct err *err)
{
    struct path_lookup *lookups = arena_alloc(&request->answer, (message->n_prefixes + 1) * sizeof(struct path_lookup));
    unsigned bits = family_address_bits(query->family);
    for (size_t i = 0; i < message->n_prefixes; i++) {
        const Apipb__TableLookupPrefix *from = message->prefixes[i];
        if ((unsigned)from->type > LOOKUP_SHORTER)
            return err_set(err, E_INVALID, "unknown lookup type: %d", (int)from->type);
        if (prefix_parse(from->prefix, true, &lookups[i].prefix) < 0 || addr_bits(&lookups[i].prefix.addr) != bits)
            return err_set(err, E_INVALID, "invalid prefix: %s", from->prefix);
        lookups[i].type = (enum lookup_type)from->type;
        if (lookups[i].type == LOOKUP_EXACT && !strchr(from->prefix, '/'))
            lookups[i].type = LOOKUP_LONGEST_MATCH;
    }
    query->lookups = lookups;
    query->lookup_count = message->n_prefixes;
    return 0;
}

static int list_begin(struct request *request, struct path_list *list, struct err *err)
{
    const Apipb__ListPathRequest *message = request->message;
    struct path_query query = {
        .table = (enum table_type)message->table_type,
        .family = family_in(message->family),
        .include_filtered = message->enable_filtered,
    };
    if (query_name(&query, message->name, err) < 0 || lookups_from_api(request, message, &query, err) < 0)
        return E_INVALID;
    list->form.decoded = !message->enable_only_binary;
    list->form.nlri_binary = message->enable_only_binary || message->enable_nlri_binary;
    list->form.attrs_binary = message->enable_only_binary || message->enable_attribute_binary;
    if (control_rpki_enabled(request->api->control))
        list->form.validated = request->api->control;
    return control_path_walk(request->api->control, &query, &list->walk, err);
}

void list_path(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__list_path_request__descriptor, bytes, length)) {
        struct path_list *list = mem_zalloc(MEM_RPC, sizeof(*list));
        if (list_begin(&request, list, &err) < 0) {
            mem_free(MEM_RPC, list);
            reply_error(call, &err);
        } else {
            rpc_call_set_state(call, list);
        }
    }
    request_end(&request);
}

bool list_path_more(struct rpc_call *call)
{
    struct path_list *list = rpc_call_state(call);
    struct mono_time until = {.ns = mono_now().ns + SLICE_US * 1000};
    const struct path_view *paths;
    while (rpc_call_has_room(call) && mono_before(mono_now(), until)) {
        bool again = false;
        size_t count = path_walk_next(list->walk, &paths, &again);
        if (count == 0 && again)
            return true;
        if (count > 0 && send_destination(call, paths, count, &list->form) == 0)
            continue;
        list_path_cancelled(call);
        rpc_call_finish(call, count ? RPC_RESOURCE_EXHAUSTED : RPC_OK, count ? "a path is too long to be sent" : NULL);
        return false;
    }
    return true;
}

void list_path_cancelled(struct rpc_call *call)
{
    struct path_list *list = rpc_call_state(call);
    if (!list)
        return;
    path_walk_free(list->walk);
    mem_free(MEM_RPC, list);
    rpc_call_set_state(call, NULL);
}
