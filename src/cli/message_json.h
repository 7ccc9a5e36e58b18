/* Any protobuf message as JSON in the shape GoBGP's client prints: keys as in the .proto file, default values left out,
 * enums as numbers, bytes in base64. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/json.h"

void message_json(struct json *json, const ProtobufCMessage *message);

/* The name a number has in the .proto file ("SAFI_UNICAST"), or "UNKNOWN". */
const char *enum_word(const ProtobufCEnumDescriptor *type, int value);
