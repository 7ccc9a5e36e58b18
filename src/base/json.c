#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

struct json json_over(struct text *out)
{
    return (struct json){.out = out};
}

/* What must stand before a value: a comma, unless it is the first one or follows its key. */
static void json_value(struct json *json)
{
    uint64_t bit = UINT64_C(1) << json->depth;
    if (json->after_key)
        json->after_key = false;
    else if (json->depth > 0 && (json->has_member & bit))
        text_add_n(json->out, ",", 1);
    json->has_member |= bit;
}

static void json_open(struct json *json, const char *bracket)
{
    json_value(json);
    CHECK(json->depth < JSON_DEPTH_MAX - 1);
    json->depth++;
    json->has_member &= ~(UINT64_C(1) << json->depth);
    text_add_n(json->out, bracket, 1);
}

static void json_close(struct json *json, const char *bracket)
{
    CHECK(json->depth > 0 && !json->after_key);
    json->depth--;
    text_add_n(json->out, bracket, 1);
}

void json_object(struct json *json)
{
    json_open(json, "{");
}

void json_object_end(struct json *json)
{
    json_close(json, "}");
}

void json_array(struct json *json)
{
    json_open(json, "[");
}

void json_array_end(struct json *json)
{
    json_close(json, "]");
}

/* Writes the escape of `rune`, or nothing if it needs none. */
static bool json_escape(struct text *out, uint32_t rune)
{
    switch (rune) {
    case '"':
        text_add_n(out, "\\\"", 2);
        return true;
    case '\\':
        text_add_n(out, "\\\\", 2);
        return true;
    case '\n':
        text_add_n(out, "\\n", 2);
        return true;
    case '\r':
        text_add_n(out, "\\r", 2);
        return true;
    case '\t':
        text_add_n(out, "\\t", 2);
        return true;
    case '<':
    case '>':
    case '&':
    case 0x2028:
    case 0x2029:
        break;
    default:
        if (rune >= 0x20)
            return false;
    }
    text_printf(out, "\\u%04x", (unsigned)rune);
    return true;
}

static void json_quoted(struct text *out, const char *value, size_t length)
{
    const uint8_t *at = (const uint8_t *)value, *end = at + length, *plain = at;
    text_add_n(out, "\"", 1);
    while (at < end) {
        uint32_t rune;
        unsigned octets = utf8_decode(at, (size_t)(end - at), &rune);
        const uint8_t *next = at + (octets ? octets : 1);
        bool special = octets == 0 || rune < 0x20 || rune == '"' || rune == '\\' || rune == '<' || rune == '>' ||
                       rune == '&' || rune == 0x2028 || rune == 0x2029;
        if (special) {
            text_add_n(out, (const char *)plain, (size_t)(at - plain));
            if (octets == 0)
                text_add_n(out, "\\ufffd", 6);
            else
                json_escape(out, rune);
            plain = next;
        }
        at = next;
    }
    text_add_n(out, (const char *)plain, (size_t)(at - plain));
    text_add_n(out, "\"", 1);
}

void json_key(struct json *json, const char *key)
{
    CHECK(!json->after_key);
    json_value(json);
    json_quoted(json->out, key, strlen(key));
    text_add_n(json->out, ":", 1);
    json->after_key = true;
}

void json_string(struct json *json, const char *value)
{
    json_string_n(json, value, strlen(value));
}

void json_string_n(struct json *json, const char *value, size_t length)
{
    json_value(json);
    json_quoted(json->out, value, length);
}

void json_u64(struct json *json, uint64_t value)
{
    json_value(json);
    text_printf(json->out, "%" PRIu64, value);
}

void json_i64(struct json *json, int64_t value)
{
    json_value(json);
    text_printf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, bool value)
{
    json_value(json);
    text_add(json->out, value ? "true" : "false");
}

void json_null(struct json *json)
{
    json_value(json);
    text_add_n(json->out, "null", 4);
}

/* The fewest significant digits (9 always do) that read back as the same float, in %e form. */
static void float32_shortest(float value, char *text, size_t capacity)
{
    for (int digits = 0; digits < 9; digits++) {
        snprintf(text, capacity, "%.*e", digits, (double)value);
        if (strtof(text, NULL) == value)
            return;
        /* Above a power of two floats are twice as sparse as below, so the next decimal up may read back where the
         * nearest one, which lies below, does not (2^90: 1.2379401e+27). */
        char *last = strchr(text, 'e') - 1;
        if (*last >= '0' && *last < '9') {
            ++*last;
            if (strtof(text, NULL) == value)
                return;
            --*last;
        }
    }
}

void json_float32(struct json *json, float value)
{
    json_value(json);
    if (!isfinite(value)) {
        text_add_n(json->out, "null", 4);
        return;
    }
    char text[64];
    float size = fabsf(value);
    float32_shortest(value, text, sizeof(text));
    char *exponent_at = strchr(text, 'e');
    CHECK(exponent_at);
    int exponent = (int)strtol(exponent_at + 1, NULL, 10);
    if (size != 0 && (size < 1e-6f || size >= 1e21f)) {
        text_printf(json->out, "%.*se%c%d", (int)(exponent_at - text), text, exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    /* Plain notation of the very same digits: %f of the float would add the ones it does not need. */
    char digits[16];
    int count = 0;
    for (const char *at = text; at < exponent_at; at++) {
        if (*at >= '0' && *at <= '9')
            digits[count++] = *at;
    }
    struct text *out = json->out;
    if (text[0] == '-')
        text_add_n(out, "-", 1);
    if (exponent < 0) {
        text_add_n(out, "0.", 2);
        for (int i = -1; i > exponent; i--)
            text_add_n(out, "0", 1);
        text_add_n(out, digits, (size_t)count);
        return;
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        if (i == exponent + 1)
            text_add_n(out, ".", 1);
        text_add_n(out, i < count ? &digits[i] : "0", 1);
    }
}

void json_base64(struct json *json, const void *bytes, size_t length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = bytes;
    json_value(json);
    text_add_n(json->out, "\"", 1);
    for (; length > 0; at += 3) {
        uint32_t group = (uint32_t)at[0] << 16 | (length > 1 ? (uint32_t)at[1] << 8 : 0) | (length > 2 ? at[2] : 0u);
        char quad[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], '=', '='};
        if (length > 1)
            quad[2] = alphabet[group >> 6 & 63];
        if (length > 2)
            quad[3] = alphabet[group & 63];
        text_add_n(json->out, quad, 4);
        length -= length < 3 ? length : 3;
    }
    text_add_n(json->out, "\"", 1);
}
