#include "base/utf8.h"

unsigned utf8_decode(const void *bytes, size_t length, uint32_t *rune)
{
    const uint8_t *at = bytes;
    if (length == 0)
        return 0;
    if (at[0] < 0x80) {
        *rune = at[0];
        return 1;
    }

    unsigned octets;
    uint32_t value, smallest;
    if ((at[0] & 0xe0) == 0xc0) {
        octets = 2, value = at[0] & 0x1f, smallest = 0x80;
    } else if ((at[0] & 0xf0) == 0xe0) {
        octets = 3, value = at[0] & 0x0f, smallest = 0x800;
    } else if ((at[0] & 0xf8) == 0xf0) {
        octets = 4, value = at[0] & 0x07, smallest = 0x10000;
    } else {
        return 0;
    }
    if (length < octets)
        return 0;
    for (unsigned i = 1; i < octets; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    if (value < smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *rune = value;
    return octets;
}

size_t utf8_floor(const char *text, size_t length)
{
    /* A sequence has at most 3 continuation octets; more of them in a row are not UTF-8 and may be cut anywhere. */
    size_t floor = length;
    for (unsigned i = 0; i < 3 && floor > 0 && ((uint8_t)text[floor] & 0xc0) == 0x80; i++)
        floor--;
    return ((uint8_t)text[floor] & 0xc0) == 0x80 ? length : floor;
}
