/* google.protobuf.Any. */
#pragma once

#include <google/protobuf/any.pb-c.h>

/* The message, if it is of this type; to be freed with protobuf_c_message_free_unpacked. NULL otherwise. */
void *any_open(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type);
