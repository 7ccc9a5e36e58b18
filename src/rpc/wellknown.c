/* The messages of these services have a handful of fields, so they are read and written right here.
 *
 * Reflection asks for the file that holds a name and may be given more files than that one. It is given all of them:
 * a FileDescriptorSet and a FileDescriptorResponse look the same on the wire, and no index is needed.
 */
#include "rpc/wellknown.h"

#include <string.h>

#include "rpc/server_internal.h"

enum {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5,
    HEALTH_SERVING = 1,
    HEALTH_NOT_SERVING = 2,
    HEALTH_SERVICE_UNKNOWN = 3,
    SERVICE_NAME_MAX = 128,
    UNREAD_MAX_BYTES = 8 << 20, /* answers are much longer than questions, and nobody may be reading them */
};

/* The wire form of protobuf messages ------------------------------------------------------------------------------ */

static uint64_t varint_read(struct cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = cursor_u8(cursor);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    cursor_fail(cursor);
    return 0;
}

static void varint_write(struct buf *buf, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_u8(buf, (uint8_t)(value | 0x80));
    buf_u8(buf, (uint8_t)value);
}

/* The next field; its value is empty unless it is bytes. False at the end, or with `cursor` failed. */
static bool field_read(struct cursor *cursor, uint64_t *number, struct cursor *value)
{
    *value = (struct cursor){0};
    if (cursor_done(cursor))
        return false;
    uint64_t key = varint_read(cursor);
    *number = key >> 3;
    switch (key & 7) {
    case WIRE_VARINT:
        varint_read(cursor);
        break;
    case WIRE_64:
        (void)cursor_take(cursor, 8);
        break;
    case WIRE_BYTES: {
        uint64_t length = varint_read(cursor);
        *value = cursor_sub(cursor, length);
        break;
    }
    case WIRE_32:
        (void)cursor_take(cursor, 4);
        break;
    default:
        cursor_fail(cursor);
    }
    return !cursor->failed;
}

static void bytes_field_begin(struct buf *buf, unsigned number, size_t length)
{
    varint_write(buf, number << 3 | WIRE_BYTES);
    varint_write(buf, length);
}

static void bytes_field_write(struct buf *buf, unsigned number, const void *bytes, size_t length)
{
    bytes_field_begin(buf, number, length);
    buf_put(buf, bytes, length);
}

static size_t varint_bytes(uint64_t value)
{
    size_t bytes = 1;
    for (; value >= 0x80; value >>= 7)
        bytes++;
    return bytes;
}

/* Health ---------------------------------------------------------------------------------------------------------- */

/* HEALTH_..., or -1 if the request cannot be read. */
static int health_of(const struct rpc_server *server, struct cursor request)
{
    struct cursor service = {0};
    struct cursor value;
    uint64_t number = 0;
    while (field_read(&request, &number, &value))
        if (number == 1)
            service = value;
    if (request.failed)
        return -1;
    char path[SERVICE_NAME_MAX + 1] = "/";
    size_t length = cursor_left(&service);
    if (length >= SERVICE_NAME_MAX)
        return HEALTH_SERVICE_UNKNOWN;
    if (length > 0) {
        cursor_copy(&service, path + 1, length);
        if (!rpc_server_knows_service(server, path, length + 1))
            return HEALTH_SERVICE_UNKNOWN;
    }
    return server->draining ? HEALTH_NOT_SERVING : HEALTH_SERVING;
}

static void health_check(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    int health = health_of(rpc_call_context(call), cursor_of(bytes, length));
    const uint8_t answer[] = {1 << 3 | WIRE_VARINT, (uint8_t)health};
    if (health < 0)
        rpc_call_finish(call, RPC_INVALID_ARGUMENT, "the request is not readable");
    else if (health == HEALTH_SERVICE_UNKNOWN)
        rpc_call_finish(call, RPC_NOT_FOUND, "unknown service");
    else
        rpc_call_reply(call, answer, sizeof(answer));
}

/* Draining ends the calls that wait, which is the only change there can be. */
static void health_watch(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    int health = health_of(rpc_call_context(call), cursor_of(bytes, length));
    const uint8_t answer[] = {1 << 3 | WIRE_VARINT, (uint8_t)health};
    if (health < 0)
        rpc_call_finish(call, RPC_INVALID_ARGUMENT, "the request is not readable");
    else
        rpc_call_send(call, answer, sizeof(answer));
}

static bool health_watch_more(struct rpc_call *call)
{
    return false;
}

static const struct rpc_method health_methods[] = {
    {.path = "/grpc.health.v1.Health/Check", .kind = RPC_UNARY, .reads_only = true, .message = health_check},
    {.path = "/grpc.health.v1.Health/Watch",
     .kind = RPC_SERVER_STREAM,
     .reads_only = true,
     .message = health_watch,
     .more = health_watch_more},
};

void rpc_health_register(struct rpc_server *server)
{
    rpc_server_register(server, health_methods, ARRAY_LEN(health_methods), server);
}

/* Reflection ------------------------------------------------------------------------------------------------------ */

enum {
    /* Of ServerReflectionRequest */
    ASK_FILE_BY_NAME = 3,
    ASK_FILE_OF_SYMBOL = 4,
    ASK_SERVICES = 7,
    /* Of ServerReflectionResponse */
    ANSWER_REQUEST = 2,
    ANSWER_FILES = 4,
    ANSWER_SERVICES = 6,
    ANSWER_ERROR = 7,
};

/* Each service once; methods are sorted by path, so those of one service stand together. */
static void services_write(const struct rpc_server *server, struct buf *list)
{
    const char *last = "";
    size_t last_length = 0;
    for (size_t i = 0; i < server->method_count; i++) {
        const char *name = server->methods[i].method->path + 1;
        size_t length = (size_t)(strrchr(name, '/') - name);
        if (length == last_length && memcmp(name, last, length) == 0)
            continue;
        last = name;
        last_length = length;
        bytes_field_begin(list, 1, 1 + varint_bytes(length) + length);
        bytes_field_write(list, 1, name, length);
    }
}

static void error_write(struct buf *error)
{
    static const char text[] = "only files and services can be asked for";
    buf_u8(error, 1 << 3 | WIRE_VARINT);
    buf_u8(error, RPC_NOT_FOUND);
    bytes_field_write(error, 2, text, sizeof(text) - 1);
}

/* One question, one answer, on a stream for both. */
static void reflection_question(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct rpc_server *server = call->connection->server;
    const struct rpc_descriptors *descriptors = rpc_call_context(call);
    struct cursor request = cursor_of(bytes, length);
    struct cursor value;
    uint64_t number = 0;
    uint64_t question = 0;
    if (!rpc_call_has_room(call) || server->pending_bytes > UNREAD_MAX_BYTES) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "too many questions, and no answer is read");
        return;
    }
    while (field_read(&request, &number, &value))
        if (number >= ASK_FILE_BY_NAME && number <= ASK_SERVICES)
            question = number;
    if (request.failed) {
        rpc_call_finish(call, RPC_INVALID_ARGUMENT, "the request is not readable");
        return;
    }

    struct buf answer;
    struct buf part;
    buf_init(&answer, RPC_MESSAGE_MAX_BYTES);
    buf_init(&part, RPC_MESSAGE_MAX_BYTES);
    bytes_field_write(&answer, ANSWER_REQUEST, bytes, length);
    if (question == ASK_FILE_BY_NAME || question == ASK_FILE_OF_SYMBOL) {
        bytes_field_write(&answer, ANSWER_FILES, descriptors->bytes, descriptors->length);
    } else if (question == ASK_SERVICES) {
        services_write(server, &part);
        bytes_field_write(&answer, ANSWER_SERVICES, part.bytes, part.length);
    } else {
        error_write(&part);
        bytes_field_write(&answer, ANSWER_ERROR, part.bytes, part.length);
    }
    if (answer.failed || part.failed || rpc_call_send(call, answer.bytes, answer.length) < 0)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "the answer is longer than a message may be");
    buf_release(&part);
    buf_release(&answer);
}

static void reflection_end(struct rpc_call *call)
{
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_method reflection_methods[] = {
    {.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
     .kind = RPC_CLIENT_STREAM,
     .reads_only = true,
     .message = reflection_question,
     .end = reflection_end},
    {.path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
     .kind = RPC_CLIENT_STREAM,
     .reads_only = true,
     .message = reflection_question,
     .end = reflection_end},
};

void rpc_reflection_register(struct rpc_server *server, const struct rpc_descriptors *descriptors)
{
    rpc_server_register(server, reflection_methods, ARRAY_LEN(reflection_methods),
                        (struct rpc_descriptors *)(uintptr_t)descriptors);
}
