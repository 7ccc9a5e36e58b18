#include "config/scan.h"

#include <string.h>

#include "base/utf8.h"

int scan_open(struct scan *scan, const struct tree *tree, const char *text, size_t length, struct err *err)
{
    if (length > TREE_FILE_BYTES_MAX)
        return err_set(err, E_LIMIT, "%s: %zu octets are too many (at most %d MiB)", tree->name, length,
                       TREE_FILE_BYTES_MAX >> 20);
    static const char bom[] = "\xef\xbb\xbf";
    if (length >= 3 && memcmp(text, bom, 3) == 0) {
        text += 3;
        length -= 3;
    }
    *scan = (struct scan){.cursor = cursor_of(text, length), .place = {1, 1}};
    struct scan at = *scan;
    while (scan_peek(&at) != SCAN_END) {
        uint32_t rune;
        unsigned octets = utf8_decode(at.cursor.at, cursor_left(&at.cursor), &rune);
        if (octets == 0)
            return tree_error(tree, at.place, err, "not valid UTF-8 (octet 0x%02x)", (unsigned)scan_peek(&at));
        if (rune == 0)
            return tree_error(tree, at.place, err, "a NUL character");
        for (unsigned i = 0; i < octets; i++)
            scan_next(&at);
    }
    return 0;
}

bool scan_hex(struct scan *scan, unsigned digits, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++) {
        int c = scan_peek(scan);
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A' + 10);
        else
            return false;
        *value = *value << 4 | digit;
        scan_next(scan);
    }
    return true;
}

bool scan_add_rune(struct text *text, uint32_t rune)
{
    char bytes[4];
    size_t length;
    if (rune == 0 || (rune >= 0xd800 && rune <= 0xdfff) || rune > 0x10ffff)
        return false;
    if (rune < 0x80) {
        bytes[0] = (char)rune;
        length = 1;
    } else if (rune < 0x800) {
        bytes[0] = (char)(0xc0 | rune >> 6);
        length = 2;
    } else if (rune < 0x10000) {
        bytes[0] = (char)(0xe0 | rune >> 12);
        length = 3;
    } else {
        bytes[0] = (char)(0xf0 | rune >> 18);
        length = 4;
    }
    for (size_t i = 1; i < length; i++)
        bytes[i] = (char)(0x80 | (rune >> (6 * (length - 1 - i)) & 0x3f));
    text_add_n(text, bytes, length);
    return true;
}

const char *scan_shown(const struct scan *scan, char *shown)
{
    struct str str = str_over(shown, TREE_EXCERPT_MAX);
    int c = scan_peek(scan);
    uint32_t rune;
    if (c == SCAN_END) {
        str_add(&str, "the end of the file");
    } else if (c == '\n' || (c == '\r' && scan_look(scan, 1) == '\n')) {
        str_add(&str, "the end of the line");
    } else {
        str_add(&str, "'");
        str_add_foreign(&str, scan->cursor.at, utf8_decode(scan->cursor.at, cursor_left(&scan->cursor), &rune));
        str_add(&str, "'");
    }
    return shown;
}
