#include "cli/message_json.h"

#include <string.h>

#include "base/check.h"

static size_t element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(uint32_t);
    }
}

static bool is_default(ProtobufCType type, const void *value)
{
    static const uint64_t zero;
    switch (type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        return !text || !*text;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        return !*(ProtobufCMessage *const *)value;
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len == 0;
    default:
        return memcmp(value, &zero, element_size(type)) == 0;
    }
}

static void element_json(struct json *json, ProtobufCType type, const void *value)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        json_i64(json, *(const int64_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        json_u64(json, *(const uint64_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        json_u64(json, *(const uint32_t *)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        json_bool(json, *(const protobuf_c_boolean *)value);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        json_float32(json, *(const float *)value);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        json_float32(json, (float)*(const double *)value);
        break;
    case PROTOBUF_C_TYPE_STRING:
        json_string(json, *(char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = value;
        json_base64(json, bytes->data, bytes->len);
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        message_json(json, *(ProtobufCMessage *const *)value);
        break;
    default: /* the signed 32-bit kinds and enums */
        json_i64(json, *(const int32_t *)value);
        break;
    }
}

void message_json(struct json *json, const ProtobufCMessage *message)
{
    json_object(json);
    for (unsigned i = 0; i < message->descriptor->n_fields && json->depth < JSON_DEPTH_MAX - 2; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const char *member = (const char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
            if (count == 0)
                continue;
            json_key(json, field->name);
            json_array(json);
            const char *elements = *(char *const *)member;
            for (size_t at = 0; at < count; at++)
                element_json(json, field->type, elements + at * element_size(field->type));
            json_array_end(json);
            continue;
        }
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            if (*(const uint32_t *)((const char *)message + field->quantifier_offset) != field->id)
                continue;
        } else if (is_default(field->type, member)) {
            continue;
        }
        json_key(json, field->name);
        element_json(json, field->type, member);
    }
    json_object_end(json);
}

const char *enum_word(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);
    return known ? known->name : "UNKNOWN";
}
