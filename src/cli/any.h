/* google.protobuf.Any: how the API carries NLRI, attributes, communities, route distinguishers and capabilities. */
#pragma once

#include "base/arena.h"
#include "google/protobuf/any.pb-c.h"

/* The full name of the message inside ("apipb.OriginAttribute"): what stands behind the last '/'. Never NULL. */
const char *any_name(const Google__Protobuf__Any *any);

/* The message inside, if it is of this type and well formed; else NULL. Freed with protobuf_c_message_free_unpacked. */
void *any_unpack(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type);

/* Packs a message; everything is allocated from `arena`, which must not be limited below the message's size. */
Google__Protobuf__Any *any_pack(struct arena *arena, const ProtobufCMessage *message);
