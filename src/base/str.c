#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

enum {
    TEXT_FIRST_BYTES = 256,
    DISTANCE_LENGTH_MAX = 127,
};

struct str str_over(char *memory, size_t capacity)
{
    CHECK(capacity > 0);
    memory[0] = '\0';
    return (struct str){.text = memory, .capacity = capacity};
}

void str_add_n(struct str *str, const char *text, size_t length)
{
    size_t room = str->capacity - 1 - str->length;
    if (str->truncated || length == 0)
        return;
    if (length > room) {
        str->truncated = true;
        length = utf8_floor(text, room);
    }
    memcpy(str->text + str->length, text, length);
    str->length += length;
    str->text[str->length] = '\0';
}

void str_add(struct str *str, const char *text)
{
    str_add_n(str, text, strlen(text));
}

void str_add_char(struct str *str, char c)
{
    str_add_n(str, &c, 1);
}

void str_vprintf(struct str *str, const char *format, va_list arguments)
{
    if (str->truncated)
        return;
    size_t room = str->capacity - str->length;
    int length = vsnprintf(str->text + str->length, room, format, arguments);
    if (length < 0) {
        str->text[str->length] = '\0';
        str->truncated = true;
        return;
    }
    if ((size_t)length < room) {
        str->length += (size_t)length;
        return;
    }
    str->truncated = true;
    str->length += room - 1;
}

void str_printf(struct str *str, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(str, format, arguments);
    va_end(arguments);
}

/* May this character be shown as it is? */
static bool rune_is_printable(uint32_t rune)
{
    if (rune < 0x20 || (rune >= 0x7f && rune <= 0x9f))
        return false;
    if (rune == 0x061c || rune == 0x200e || rune == 0x200f) /* direction marks */
        return false;
    if (rune >= 0x2028 && rune <= 0x202e) /* line and paragraph separators, embeddings, overrides */
        return false;
    if (rune >= 0x2066 && rune <= 0x2069) /* isolates */
        return false;
    return true;
}

void str_add_foreign(struct str *str, const void *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = bytes, *end = at + length;
    while (at < end && !str->truncated) {
        uint32_t rune;
        unsigned octets = utf8_decode(at, (size_t)(end - at), &rune);
        if (octets && rune_is_printable(rune)) {
            str_add_n(str, (const char *)at, octets);
            at += octets;
            continue;
        }
        for (unsigned left = octets ? octets : 1; left > 0; left--, at++) {
            char escape[4] = {'\\', 'x', digits[*at >> 4], digits[*at & 15]};
            if (str->capacity - 1 - str->length < sizeof(escape)) /* never half an escape */
                str->truncated = true;
            str_add_n(str, escape, sizeof(escape));
        }
    }
}

void text_init(struct text *text, size_t limit_bytes)
{
    *text = (struct text){.limit_bytes = limit_bytes};
}

void text_release(struct text *text)
{
    mem_free(MEM_OTHER, text->bytes);
    text->bytes = NULL;
    text->length = text->capacity = 0;
    text->failed = false;
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

/* Room for `length` more bytes and the terminator. */
static bool text_reserve(struct text *text, size_t length)
{
    if (text->failed)
        return false;
    if (length > text->limit_bytes - text->length) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + length + 1;
    if (needed <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : TEXT_FIRST_BYTES;
    while (capacity < needed)
        capacity *= 2;
    text->bytes = mem_realloc(MEM_OTHER, text->bytes, capacity);
    text->capacity = capacity;
    return true;
}

void text_add_n(struct text *text, const char *more, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length)
        memcpy(text->bytes + text->length, more, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
    text_add_n(text, more, strlen(more));
}

void text_vprintf(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    size_t room = text->capacity - text->length;
    int length =
        text->failed ? -1 : vsnprintf(text->bytes ? text->bytes + text->length : NULL, room, format, arguments);
    if (length < 0) {
        text->failed = true;
    } else if ((size_t)length < room && (size_t)length <= text->limit_bytes - text->length) {
        text->length += (size_t)length;
    } else if (text_reserve(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    if (text->bytes)
        text->bytes[text->length] = '\0';
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

bool str_equal_nocase(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

bool str_starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

int str_parse_u64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *value)
{
    uint64_t number = 0;
    if (!*text)
        return E_INVALID;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return E_INVALID;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
            return E_INVALID;
    }
    if (number < minimum || number > maximum)
        return E_INVALID;
    *value = number;
    return E_OK;
}

unsigned str_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > DISTANCE_LENGTH_MAX || b_length > DISTANCE_LENGTH_MAX)
        return strcmp(a, b) == 0 ? 0 : (unsigned)(a_length > b_length ? a_length : b_length);

    uint8_t row[DISTANCE_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (uint8_t)j;
    for (size_t i = 1; i <= a_length; i++) {
        uint8_t diagonal = row[0];
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b_length; j++) {
            uint8_t replaced = (uint8_t)(diagonal + (a[i - 1] != b[j - 1]));
            uint8_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            diagonal = row[j];
            row[j] = replaced < shorter + 1 ? replaced : (uint8_t)(shorter + 1);
        }
    }
    return row[b_length];
}
