/* A streaming JSON writer. Knows nesting, commas and escaping; the caller knows the document.
 * Compact form as Go's encoding/json prints it: no blanks, <, >, & as \u003c, \u003e, \u0026.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { JSON_DEPTH_MAX = 64 };

struct json {
    struct text *out;
    unsigned depth;
    uint64_t has_member; /* bit per depth: a comma is due before the next value */
    bool after_key;
};

struct json json_over(struct text *out);
void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *value);
void json_string_n(struct json *json, const char *value, size_t length); /* broken UTF-8 becomes U+FFFD */
void json_u64(struct json *json, uint64_t value);
void json_i64(struct json *json, int64_t value);
void json_bool(struct json *json, bool value);
void json_float32(struct json *json, float value); /* as Go prints a float32; NaN and infinities as null */
void json_null(struct json *json);
void json_base64(struct json *json, const void *bytes, size_t length);
