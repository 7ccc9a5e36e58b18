/* What a client packed into a google.protobuf.Any. */
#pragma once

#include "base/arena.h"
#include "google/protobuf/any.pb-c.h"

/* The name behind the last '/' of the type URL. Never NULL. */
const char *any_in_name(const Google__Protobuf__Any *any);

/* Unpacks into `arena`. NULL: another type, or broken. */
void *any_in_unpack(struct arena *arena, const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type);

/* Any message into `arena`. NULL: broken, or larger than the arena's limit. */
void *message_unpack(struct arena *arena, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length);
