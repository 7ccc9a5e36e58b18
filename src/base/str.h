/* Bounded text building, and the escaping of text we did not write. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builds into memory of the caller; truncates silently and remembers it. Always terminated. */
struct str {
    char *text;
    size_t length;
    size_t capacity;
    bool truncated;
};

struct str str_over(char *memory, size_t capacity);
void str_add(struct str *str, const char *text);
void str_add_n(struct str *str, const char *text, size_t length);
void str_add_char(struct str *str, char c);
void str_printf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *str, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* Appends `length` bytes of foreign text as printable: valid UTF-8 stays, control characters (C0, C1, DEL),
 * line separators, bidirectional controls and broken sequences become \xNN. What terminals, logs and JSON get to see.
 */
void str_add_foreign(struct str *str, const void *bytes, size_t length);

/* A growing, owned text with a ceiling, for outputs whose size is not known. What would pass the ceiling is not added
 * at all and `failed` sticks. */
struct text {
    char *bytes; /* terminated once anything was added; owned */
    size_t length;
    size_t capacity;
    size_t limit_bytes;
    bool failed;
};

void text_init(struct text *text, size_t limit_bytes);
void text_release(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *more);
void text_add_n(struct text *text, const char *more, size_t length);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

bool str_equal_nocase(const char *a, const char *b);
bool str_starts_with(const char *text, const char *start);

/* The whole text as an unsigned decimal number within [minimum, maximum]: 0, or E_INVALID. */
int str_parse_u64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *value);

/* Levenshtein distance, for "did you mean". Texts beyond 127 bytes count as wholly different unless equal. */
unsigned str_distance(const char *a, const char *b);
