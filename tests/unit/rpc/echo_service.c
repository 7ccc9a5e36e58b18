#include "echo_service.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"

static void say(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    rpc_call_reply(call, bytes, length);
}

static void fail(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    char text[256];
    size_t kept = length < sizeof(text) - 1 ? length : sizeof(text) - 1;
    if (kept > 0)
        memcpy(text, bytes, kept);
    text[kept] = '\0';
    rpc_call_finish(call, RPC_UNKNOWN, text);
}

static void hold(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    ((struct echo_service *)rpc_call_context(call))->held = call;
}

static void cancelled(struct rpc_call *call)
{
    struct echo_service *service = rpc_call_context(call);
    service->cancelled++;
    if (service->held == call)
        service->held = NULL;
    if (service->watching == call)
        service->watching = NULL;
    free(rpc_call_state(call));
}

struct count {
    uint32_t left;
    uint32_t bytes;
};

static void count_begin(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct cursor cursor = cursor_of(bytes, length);
    struct count *count = calloc(1, sizeof(*count));
    count->left = cursor_u32(&cursor);
    count->bytes = cursor_u32(&cursor);
    rpc_call_set_state(call, count);
}

static bool count_more(struct rpc_call *call)
{
    struct count *count = rpc_call_state(call);
    ((struct echo_service *)rpc_call_context(call))->asked++;
    while (count->left > 0 && rpc_call_has_room(call)) {
        uint8_t *room = rpc_call_reserve(call, count->bytes);
        if (!room)
            break;
        memset(room, (int)(count->left & 0xff), count->bytes);
        count->left--;
    }
    bool too_long = count->bytes > RPC_MESSAGE_MAX_BYTES;
    if (count->left > 0 && !too_long)
        return true;
    free(count);
    rpc_call_set_state(call, NULL);
    rpc_call_finish(call, too_long ? RPC_OUT_OF_RANGE : RPC_OK, NULL);
    return false;
}

static void watch_begin(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    ((struct echo_service *)rpc_call_context(call))->watching = call;
}

static bool watch_more(struct rpc_call *call)
{
    struct echo_service *service = rpc_call_context(call);
    while (service->events > 0 && rpc_call_has_room(call)) {
        CHECK(rpc_call_send(call, "event", 5) == E_OK);
        service->events--;
    }
    return service->events > 0;
}

static void sum_message(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct echo_service *service = rpc_call_context(call);
    service->messages++;
    service->summed_bytes += length;
}

static void sum_end(struct rpc_call *call)
{
    struct echo_service *service = rpc_call_context(call);
    uint8_t memory[8];
    struct buf answer;
    buf_init_fixed(&answer, memory, sizeof(memory));
    buf_u64(&answer, service->summed_bytes);
    service->ended++;
    rpc_call_reply(call, memory, sizeof(memory));
}

static const struct rpc_method echo_methods[] = {
    {.path = "/test.Echo/Say", .kind = RPC_UNARY, .reads_only = true, .message = say},
    {.path = "/test.Echo/Fail", .kind = RPC_UNARY, .reads_only = true, .message = fail},
    {.path = "/test.Echo/Change", .kind = RPC_UNARY, .message = say},
    {.path = "/test.Echo/Hold", .kind = RPC_UNARY, .reads_only = true, .message = hold, .cancelled = cancelled},
    {.path = "/test.Echo/Count",
     .kind = RPC_SERVER_STREAM,
     .reads_only = true,
     .message = count_begin,
     .more = count_more,
     .cancelled = cancelled},
    {.path = "/test.Echo/Watch",
     .kind = RPC_SERVER_STREAM,
     .reads_only = true,
     .message = watch_begin,
     .more = watch_more,
     .cancelled = cancelled},
    {.path = "/test.Echo/Sum",
     .kind = RPC_CLIENT_STREAM,
     .reads_only = true,
     .message = sum_message,
     .end = sum_end,
     .cancelled = cancelled},
};

void echo_service_register(struct echo_service *service, struct rpc_server *server)
{
    rpc_server_register(server, echo_methods, ARRAY_LEN(echo_methods), service);
}
