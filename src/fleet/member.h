/* Members of JSON objects: the shapes that answers, events and deliveries have in common. */
#pragma once

#include "base/json.h"
#include "store/store.h"

void member_text(struct json *json, const char *key, const char *text); /* NULL is null */
void member_number(struct json *json, const char *key, int64_t number);
void member_bool(struct json *json, const char *key, bool value);
void member_time(struct json *json, const char *key, int64_t time_ms);
void member_href(struct json *json, const char *key, const char *path, const char *id); /* {"href", "id"} */
void member_row_text(struct json *json, const char *key, const struct store_rows *rows, unsigned column);
void member_row_time(struct json *json, const char *key, const struct store_rows *rows, unsigned column); /* or null */
