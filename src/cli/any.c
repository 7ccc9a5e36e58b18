#include "cli/any.h"

#include <string.h>

#include "base/check.h"

static const char type_url_start[] = "type.googleapis.com/";

const char *any_name(const Google__Protobuf__Any *any)
{
    if (!any || !any->type_url)
        return "";
    const char *slash = strrchr(any->type_url, '/');
    return slash ? slash + 1 : any->type_url;
}

void *any_unpack(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    if (strcmp(any_name(any), type->name) != 0)
        return NULL;
    return protobuf_c_message_unpack(type, NULL, any->value.len, any->value.data);
}

Google__Protobuf__Any *any_pack(struct arena *arena, const ProtobufCMessage *message)
{
    Google__Protobuf__Any *any = arena_alloc(arena, sizeof(*any));
    CHECK(any != NULL);
    google__protobuf__any__init(any);
    any->type_url = arena_printf(arena, "%s%s", type_url_start, message->descriptor->name);
    any->value.len = protobuf_c_message_get_packed_size(message);
    any->value.data = arena_alloc(arena, any->value.len + 1);
    CHECK(any->type_url && any->value.data);
    protobuf_c_message_pack(message, any->value.data);
    return any;
}
