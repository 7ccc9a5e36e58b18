/* Requests in, answers out: what all methods have in common. */
#include <string.h>

#include "api/any_in.h"
#include "api/internal.h"
#include "base/check.h"
#include "base/mem.h"

bool request_begin(struct request *request, struct rpc_call *call, const ProtobufCMessageDescriptor *type,
                   const uint8_t *bytes, size_t length)
{
    *request = (struct request){.api = api_of(call), .call = call};
    arena_init(&request->arena, REQUEST_ARENA_BYTES);
    arena_init(&request->answer, 0);
    request->message = message_unpack(&request->arena, type, bytes, length);
    if (!request->message)
        rpc_call_finish(call, RPC_INTERNAL, "the request is not readable");
    return request->message != NULL;
}

void request_end(struct request *request)
{
    arena_release(&request->arena);
    arena_release(&request->answer);
}

void reply_message(struct rpc_call *call, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = api_scratch(api_of(call), length + 1);
    protobuf_c_message_pack(message, bytes);
    rpc_call_reply(call, bytes, length);
}

int send_message(struct rpc_call *call, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = rpc_call_reserve(call, length);
    if (!bytes)
        return E_LIMIT;
    protobuf_c_message_pack(message, bytes);
    return 0;
}

void reply_error(struct rpc_call *call, const struct err *err)
{
    rpc_call_finish(call, RPC_UNKNOWN, err->text);
}

void reply_result(struct rpc_call *call, int result, const struct err *err)
{
    if (result < 0)
        reply_error(call, err);
    else
        rpc_call_reply(call, "", 0);
}

bool peer_name_parse(const char *address, const char *interface, struct peer_name *name)
{
    char host[ADDR_TEXT_MAX];
    *name = (struct peer_name){0};
    if (interface && *interface) {
        struct str str = str_over(name->interface, sizeof(name->interface));
        str_add(&str, interface);
        return !str.truncated;
    }
    const char *zone = strchr(address, '%');
    struct str text = str_over(host, sizeof(host));
    str_add_n(&text, address, zone ? (size_t)(zone - address) : strlen(address));
    bool is_address = !text.truncated && addr_parse(host, &name->address) == 0;
    if (is_address && !zone)
        return true;
    struct str scope = str_over(name->interface, sizeof(name->interface));
    str_add(&scope, zone ? zone + 1 : address);
    if (scope.truncated)
        *name = (struct peer_name){0};
    return !scope.truncated && *address != '\0';
}

enum family_id family_in(const Apipb__Family *family)
{
    return family ? family_from_afi_safi((uint16_t)family->afi, (uint8_t)family->safi) : FAMILY_UNKNOWN;
}

const char *family_word(const Apipb__Family *family)
{
    const struct family *known = family_get(family_in(family));
    return known ? known->config_name : "unknown";
}
