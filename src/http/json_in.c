/* jansson behind a face of our own: its names for making values are those of our writer (base/json.h), and no file may
 * know both.
 */
#include "http/json_in.h"

#include <jansson.h>

static const json_t *value_of(const struct json_node *node)
{
    return (const json_t *)node;
}

static const struct json_node *node_of(const json_t *value)
{
    return (const struct json_node *)value;
}

struct json_node *json_in_parse(const char *bytes, size_t length, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root)
        err_set(err, E_INVALID, "the body is no JSON: line %d, column %d: %s", error.line, error.column, error.text);
    return (struct json_node *)root;
}

void json_in_free(struct json_node *root)
{
    json_decref((json_t *)root);
}

enum json_kind json_in_kind(const struct json_node *node)
{
    if (!node)
        return JSON_KIND_NONE;
    switch (json_typeof(value_of(node))) {
    case JSON_OBJECT:
        return JSON_KIND_OBJECT;
    case JSON_ARRAY:
        return JSON_KIND_ARRAY;
    case JSON_STRING:
        return JSON_KIND_TEXT;
    case JSON_INTEGER:
        return JSON_KIND_NUMBER;
    case JSON_REAL:
        return JSON_KIND_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_KIND_BOOL;
    default:
        return JSON_KIND_NULL;
    }
}

const struct json_node *json_in_member(const struct json_node *object, const char *key)
{
    return node_of(json_object_get(value_of(object), key));
}

const char *json_in_next_key(const struct json_node *object, const char *key)
{
    json_t *value = (json_t *)object;
    return json_object_iter_key(key ? json_object_iter_next(value, json_object_key_to_iter(key))
                                    : json_object_iter(value));
}

size_t json_in_count(const struct json_node *array)
{
    return json_array_size(value_of(array));
}

const struct json_node *json_in_at(const struct json_node *array, size_t index)
{
    return node_of(json_array_get(value_of(array), index));
}

const char *json_in_text(const struct json_node *node)
{
    return json_string_value(value_of(node));
}

int64_t json_in_number(const struct json_node *node)
{
    return json_integer_value(value_of(node));
}

double json_in_real(const struct json_node *node)
{
    return json_number_value(value_of(node));
}

bool json_in_bool(const struct json_node *node)
{
    return json_is_true(value_of(node));
}
