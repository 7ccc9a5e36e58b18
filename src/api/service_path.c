/* Adding, deleting and counting paths. */
#include "api/convert_attrs.h"
#include "api/internal.h"
#include "api/list.h"
#include "base/mem.h"

static int need_table(Apipb__TableType type, struct err *err)
{
    if (type == APIPB__TABLE_TYPE__GLOBAL)
        return 0;
    if (type == APIPB__TABLE_TYPE__VRF)
        return err_set(err, E_UNSUPPORTED, "VRFs are not offered yet");
    return err_set(err, E_INVALID, "unsupported resource: %d", (int)type);
}

static int add_one(struct request *request, const Apipb__Path *path, uint8_t uuid[UUID_BYTES], struct err *err)
{
    struct api *api = request->api;
    struct local_path local;
    if (!path)
        return err_set(err, E_INVALID, "nil request");
    if (!control_started(api->control))
        return err_set(err, E_STATE, "bgp server hasn't started yet");
    int result = convert_path(&request->arena, path, path->is_withdraw, &api->attrs, &local, err);
    if (result < 0)
        return result;
    if (path->is_withdraw)
        return control_path_delete(api->control, local.family, &local.prefix, local.identifier);
    return control_path_add(api->control, &local, uuid, err);
}

void add_path(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    uint8_t uuid[UUID_BYTES] = {0};
    if (request_begin(&request, call, &apipb__add_path_request__descriptor, bytes, length)) {
        const Apipb__AddPathRequest *message = request.message;
        int result = need_table(message->table_type, &err);
        if (result == 0)
            result = add_one(&request, message->path, uuid, &err);
        if (result < 0) {
            reply_error(call, &err);
        } else {
            Apipb__AddPathResponse response = APIPB__ADD_PATH_RESPONSE__INIT;
            response.uuid = (ProtobufCBinaryData){.data = uuid, .len = sizeof(uuid)};
            reply_message(call, &response.base);
        }
    }
    request_end(&request);
}

static int delete_path_by_key(struct request *request, const Apipb__Path *path, struct err *err)
{
    struct local_path local;
    int result = convert_path(&request->arena, path, true, &request->api->attrs, &local, err);
    if (result == 0)
        control_path_delete(request->api->control, local.family, &local.prefix, local.identifier); /* not there: fine */
    return result;
}

void delete_path(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__delete_path_request__descriptor, bytes, length)) {
        const Apipb__DeletePathRequest *message = request.message;
        struct control *control = request.api->control;
        int result = need_table(message->table_type, &err);
        if (result == 0 && !control_started(control))
            result = err_set(&err, E_STATE, "bgp server hasn't started yet");
        if (result == 0 && message->uuid.len > 0) {
            if (message->uuid.len == UUID_BYTES)
                result = control_path_delete_uuid(control, message->uuid.data, &err);
            else
                result = err_set(&err, E_NOT_FOUND, "can't find a specified path");
        } else if (result == 0 && message->path) {
            result = delete_path_by_key(&request, message->path, &err);
        } else if (result == 0) {
            control_path_delete_all(control, family_in(message->family));
        }
        reply_result(call, result, &err);
    }
    request_end(&request);
}

/* Each message is applied as it comes: stock clients never say that they have finished. */
void add_path_stream(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    uint8_t uuid[UUID_BYTES];
    if (request_begin(&request, call, &apipb__add_path_stream_request__descriptor, bytes, length)) {
        const Apipb__AddPathStreamRequest *message = request.message;
        int result = need_table(message->table_type, &err);
        for (size_t i = 0; i < message->n_paths && result == 0; i++)
            result = add_one(&request, message->paths[i], uuid, &err);
        if (result < 0)
            reply_error(call, &err);
    }
    request_end(&request);
}

void add_path_stream_end(struct rpc_call *call)
{
    rpc_call_reply(call, "", 0);
}

void get_table(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__get_table_request__descriptor, bytes, length)) {
        const Apipb__GetTableRequest *message = request.message;
        struct path_query query = {.table = (enum table_type)message->table_type, .family = family_in(message->family)};
        struct table_counts counts = {0};
        int result = query_name(&query, message->name, &err);
        if (result == 0)
            result = control_table_counts(request.api->control, &query, &counts, &err);
        if (result < 0) {
            reply_error(call, &err);
        } else {
            Apipb__GetTableResponse response = APIPB__GET_TABLE_RESPONSE__INIT;
            response.num_destination = counts.destinations;
            response.num_path = counts.paths;
            response.num_accepted = query.table == TABLE_ADJ_IN ? counts.accepted : 0;
            reply_message(call, &response.base);
        }
    }
    request_end(&request);
}
