/* A cursor over text that counts lines and columns: what the TOML and JSON readers stand on. The text is valid UTF-8
 * without NUL (scan_open checks), so a character is any octet that does not continue another. */
#pragma once

#include "base/cursor.h"
#include "base/str.h"
#include "config/tree.h"

struct scan {
    struct cursor cursor;
    struct place place; /* of the next character */
};

enum { SCAN_END = -1 };

/* Starts at the first character, behind a byte order mark. Refuses broken UTF-8 and NUL with their place. */
int scan_open(struct scan *scan, const struct tree *tree, const char *text, size_t length, struct err *err);

/* The octet `ahead` of the next one, or SCAN_END. */
static inline int scan_look(const struct scan *scan, size_t ahead)
{
    return cursor_left(&scan->cursor) > ahead ? scan->cursor.at[ahead] : SCAN_END;
}

static inline int scan_peek(const struct scan *scan)
{
    return scan_look(scan, 0);
}

static inline int scan_next(struct scan *scan)
{
    if (cursor_left(&scan->cursor) == 0)
        return SCAN_END;
    int c = cursor_u8(&scan->cursor);
    if (c == '\n') {
        scan->place.line++;
        scan->place.column = 1;
    } else if (scan_look(scan, 0) < 0x80 || scan_look(scan, 0) >= 0xc0) {
        scan->place.column++;
    }
    return c;
}

static inline bool scan_skip(struct scan *scan, int c)
{
    if (scan_peek(scan) != c)
        return false;
    scan_next(scan);
    return true;
}

/* Reads exactly `digits` hexadecimal ones; false if there are fewer. */
bool scan_hex(struct scan *scan, unsigned digits, uint32_t *value);

/* Appends a code point as UTF-8; false for NUL, surrogates and what lies beyond U+10FFFF. */
bool scan_add_rune(struct text *text, uint32_t rune);

/* The next character for a message: "'x'", "the end of the line", "the end of the file". Room for TREE_EXCERPT_MAX. */
const char *scan_shown(const struct scan *scan, char *shown);
