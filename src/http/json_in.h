/* JSON that a client sent: a tree to be read. A node that is not there is NULL, and every question about NULL has an
 * answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json_node;

enum json_kind {
    JSON_KIND_NONE, /* no such node */
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER, /* a whole one, of 64 bits */
    JSON_KIND_REAL,
    JSON_KIND_TEXT,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
};

/* Any value, no key twice in an object. Members keep their order. NULL with `err` filled: place and reason. */
struct json_node *json_in_parse(const char *bytes, size_t length, struct err *err);
void json_in_free(struct json_node *root); /* NULL is fine */

enum json_kind json_in_kind(const struct json_node *node);
const struct json_node *json_in_member(const struct json_node *object, const char *key);
/* The key behind `key`, which must have come from here; NULL: the first. NULL when there is no more. */
const char *json_in_next_key(const struct json_node *object, const char *key);
size_t json_in_count(const struct json_node *array);
const struct json_node *json_in_at(const struct json_node *array, size_t index);
const char *json_in_text(const struct json_node *node); /* NULL if it is no text */
int64_t json_in_number(const struct json_node *node);   /* 0 if it is no whole number */
double json_in_real(const struct json_node *node);      /* 0 if it is no number */
bool json_in_bool(const struct json_node *node);        /* false if it is neither */
