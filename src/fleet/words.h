/* Identifiers and times as the API writes them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    ID_TEXT_MAX = 37, /* a UUID, terminated */
    TIME_TEXT_MAX = 32,
    SECRET_TEXT_MAX = 48,
    DIGEST_TEXT_MAX = 65, /* SHA-256 in hex, terminated */
};

void id_make(char id[ID_TEXT_MAX]); /* version 4: random */
bool id_is_valid(const char *text);

int64_t time_now_ms(void);
/* "2026-11-22T02:51:45.123Z". Returns `text`. */
const char *time_format(int64_t time_ms, char text[TIME_TEXT_MAX]);
bool time_parse(const char *text, int64_t *time_ms); /* RFC 3339 with Z or an offset */

/* What is no UTF-8, and control characters, become '?': stores and readers may refuse them. */
void words_mend(char *text);

/* 32 random bytes in text, after `prefix` (at most four letters). */
void secret_make(const char *prefix, char text[SECRET_TEXT_MAX]);
void digest_text(const void *bytes, uint64_t length, char digest[DIGEST_TEXT_MAX]);
void digest_keyed(const char *key, const void *bytes, uint64_t length, char digest[DIGEST_TEXT_MAX]); /* HMAC */
