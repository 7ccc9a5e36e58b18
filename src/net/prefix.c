#include "net/prefix.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

static void addr_mask(struct addr *addr, unsigned bits)
{
    unsigned whole = bits / 8;
    if (whole >= sizeof(addr->bytes))
        return;
    addr->bytes[whole] &= (uint8_t)(0xff00 >> (bits % 8));
    memset(addr->bytes + whole + 1, 0, sizeof(addr->bytes) - whole - 1);
}

struct prefix prefix_make(const struct addr *addr, uint8_t length)
{
    unsigned bits = addr_bits(addr);
    struct prefix prefix = {.addr = *addr, .length = length < bits ? length : (uint8_t)bits};
    addr_mask(&prefix.addr, prefix.length);
    return prefix;
}

int prefix_parse(const char *text, bool host_allowed, struct prefix *prefix)
{
    struct addr addr;
    const char *slash = strchr(text, '/');
    if (!slash) {
        if (!host_allowed || addr_parse(text, &addr) != E_OK)
            return E_INVALID;
        *prefix = prefix_make(&addr, (uint8_t)addr_bits(&addr));
        return E_OK;
    }

    char addr_text[ADDR_TEXT_MAX];
    size_t addr_length = (size_t)(slash - text);
    uint64_t length;
    if (addr_length >= sizeof(addr_text))
        return E_INVALID;
    memcpy(addr_text, text, addr_length);
    addr_text[addr_length] = '\0';
    if (addr_parse(addr_text, &addr) != E_OK || str_parse_u64(slash + 1, 0, addr_bits(&addr), &length) != E_OK)
        return E_INVALID;
    *prefix = prefix_make(&addr, (uint8_t)length);
    return E_OK;
}

const char *prefix_format(const struct prefix *prefix, char *text)
{
    addr_format(&prefix->addr, text);
    size_t length = strlen(text);
    snprintf(text + length, PREFIX_TEXT_MAX - length, "/%u", prefix->length);
    return text;
}

void prefix_read(struct cursor *cursor, enum addr_kind kind, struct prefix *prefix)
{
    *prefix = (struct prefix){.addr.kind = (uint8_t)kind};
    uint8_t length = cursor_u8(cursor);
    if (length > addr_bits(&prefix->addr)) {
        cursor_fail(cursor);
        return;
    }
    const uint8_t *bytes = cursor_take(cursor, (length + 7u) / 8);
    if (!bytes || length == 0)
        return;
    prefix->length = length;
    memcpy(prefix->addr.bytes, bytes, (length + 7u) / 8);
    if (length % 8)
        prefix->addr.bytes[length / 8] &= (uint8_t)(0xff00 >> (length % 8));
}

unsigned prefix_write(const struct prefix *prefix, uint8_t *to)
{
    unsigned octets = (prefix->length + 7u) / 8;
    to[0] = prefix->length;
    memcpy(to + 1, prefix->addr.bytes, octets);
    return 1 + octets;
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
    int order = addr_compare(&a->addr, &b->addr);
    if (order)
        return order;
    return a->length < b->length ? -1 : a->length > b->length;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return a->length == b->length && addr_equal(&a->addr, &b->addr);
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
    if (outer->addr.kind != inner->addr.kind || outer->length > inner->length)
        return false;
    unsigned whole = outer->length / 8, rest = outer->length % 8;
    if (memcmp(outer->addr.bytes, inner->addr.bytes, whole) != 0)
        return false;
    return rest == 0 || ((outer->addr.bytes[whole] ^ inner->addr.bytes[whole]) & (0xff00 >> rest) & 0xff) == 0;
}
