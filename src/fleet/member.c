#include "fleet/member.h"

#include <stdio.h>

#include "fleet/words.h"

enum { HREF_MAX = 512 };

void member_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    if (text)
        json_string(json, text);
    else
        json_null(json);
}

void member_number(struct json *json, const char *key, int64_t number)
{
    json_key(json, key);
    json_i64(json, number);
}

void member_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

void member_time(struct json *json, const char *key, int64_t time_ms)
{
    char text[TIME_TEXT_MAX];
    member_text(json, key, time_format(time_ms, text));
}

void member_href(struct json *json, const char *key, const char *path, const char *id)
{
    char href[HREF_MAX];
    snprintf(href, sizeof(href), "/metal/v1/%s/%s", path, id);
    json_key(json, key);
    json_object(json);
    member_text(json, "href", href);
    member_text(json, "id", id);
    json_object_end(json);
}

void member_row_text(struct json *json, const char *key, const struct store_rows *rows, unsigned column)
{
    member_text(json, key, store_rows_null(rows, column) ? NULL : store_rows_text(rows, column));
}

void member_row_time(struct json *json, const char *key, const struct store_rows *rows, unsigned column)
{
    if (store_rows_null(rows, column))
        member_text(json, key, NULL);
    else
        member_time(json, key, store_rows_number(rows, column));
}
