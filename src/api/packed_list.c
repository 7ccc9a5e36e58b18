#include "api/packed_list.h"

#include "base/cursor.h"
#include "base/mem.h"

enum { PACKED_LIMIT_BYTES = 256 << 20 };

struct packed_list {
    struct buf messages; /* length, bytes */
    size_t at;
    bool too_long;
};

struct packed_list *packed_list_begin(struct rpc_call *call)
{
    struct packed_list *list = mem_zalloc(MEM_RPC, sizeof(*list));
    buf_init(&list->messages, PACKED_LIMIT_BYTES);
    rpc_call_set_state(call, list);
    return list;
}

void packed_list_add(struct packed_list *list, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    if (length > RPC_MESSAGE_MAX_BYTES) {
        list->too_long = true;
        return;
    }
    buf_u32(&list->messages, (uint32_t)length);
    uint8_t *room = buf_extend(&list->messages, length);
    if (room)
        protobuf_c_message_pack(message, room);
}

void packed_list_refuse(struct rpc_call *call, const struct err *err)
{
    packed_list_cancelled(call);
    reply_error(call, err);
}

bool packed_list_more(struct rpc_call *call)
{
    struct packed_list *list = rpc_call_state(call);
    bool too_long = list->too_long || list->messages.failed;
    struct cursor cursor = cursor_of(list->messages.bytes, list->messages.length);
    cursor_take(&cursor, list->at);
    while (!too_long && !cursor_done(&cursor)) {
        if (!rpc_call_has_room(call))
            return true;
        uint32_t length = cursor_u32(&cursor);
        const uint8_t *bytes = cursor_take(&cursor, length);
        if (bytes)
            rpc_call_send(call, bytes, length);
        list->at = list->messages.length - cursor_left(&cursor);
    }
    packed_list_cancelled(call);
    if (too_long)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "the list is too long to be sent");
    else
        rpc_call_finish(call, RPC_OK, NULL);
    return false;
}

void packed_list_cancelled(struct rpc_call *call)
{
    struct packed_list *list = rpc_call_state(call);
    if (!list)
        return;
    buf_release(&list->messages);
    mem_free(MEM_RPC, list);
    rpc_call_set_state(call, NULL);
}
