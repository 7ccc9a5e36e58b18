#include "api/any_in.h"

#include <string.h>

static void *arena_allocate(void *context, size_t bytes)
{
    return arena_alloc(context, bytes);
}

static void arena_keep(void *context, void *memory)
{
}

const char *any_in_name(const Google__Protobuf__Any *any)
{
    if (!any || !any->type_url)
        return "";
    const char *slash = strrchr(any->type_url, '/');
    return slash ? slash + 1 : any->type_url;
}

void *message_unpack(struct arena *arena, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length)
{
    ProtobufCAllocator allocator = {.alloc = arena_allocate, .free = arena_keep, .allocator_data = arena};
    return protobuf_c_message_unpack(type, &allocator, length, bytes);
}

void *any_in_unpack(struct arena *arena, const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    if (strcmp(any_in_name(any), type->name) != 0)
        return NULL;
    return message_unpack(arena, type, any->value.data, any->value.len);
}
