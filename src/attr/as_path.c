/* AS_PATH (RFC 4271 4.3, 5.1.2; confederations RFC 5065; 4-octet numbers RFC 6793): a run of segments, each a type,
 * a count of 1-255 and that many numbers. In text, AS_SEQUENCE is bare, AS_SET stands in {}, AS_CONFED_SEQUENCE in
 * () and AS_CONFED_SET in [].
 */
#include "attr/as_path.h"

#include <string.h>

#include "net/bgp.h"
#include "base/err.h"
#include "net/asn.h"

enum { SEGMENT_HEAD_BYTES = 2, SEGMENT_COUNT_MAX = 255 };

unsigned as_path_occurrences(const uint8_t *path, uint16_t length, uint32_t asn)
{
    struct cursor cursor = cursor_of(path, length);
    struct as_segment segment;
    unsigned found = 0;
    while (as_segment_next(&cursor, &segment)) {
        for (unsigned i = 0; i < segment.count; i++)
            found += as_segment_number(&segment, i) == asn;
    }
    return found;
}

/* A segment's head and `times` times the number. */
static uint8_t *put_segment(uint8_t *to, uint8_t type, unsigned count, uint32_t asn, unsigned times)
{
    *to++ = type;
    *to++ = (uint8_t)count;
    for (unsigned i = 0; i < times; i++)
        to = put_u32(to, asn);
    return to;
}

void as_path_prepend(const uint8_t *path, uint16_t length, uint8_t segment_type, uint32_t asn, unsigned times,
                     struct buf *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct as_segment first;
    bool joins = times && as_segment_next(&cursor, &first) && first.type == segment_type &&
                 times <= SEGMENT_COUNT_MAX - (unsigned)first.count;
    unsigned segments = joins ? 1 : (times + SEGMENT_COUNT_MAX - 1) / SEGMENT_COUNT_MAX;
    size_t kept = joins ? length - SEGMENT_HEAD_BYTES : length;
    uint8_t *to = buf_extend(out, segments * SEGMENT_HEAD_BYTES + times * sizeof(asn) + kept);
    if (to == NULL)
        return;
    if (joins)
        to = put_segment(to, segment_type, first.count + times, asn, times);
    for (unsigned left = joins ? 0 : times, count; left > 0; left -= count) {
        count = left < SEGMENT_COUNT_MAX ? left : SEGMENT_COUNT_MAX;
        to = put_segment(to, segment_type, count, asn, count);
    }
    if (kept > 0)
        memcpy(to, path + length - kept, kept);
}

/* 0: the number goes. */
static uint32_t number_after(uint32_t asn, const struct as_path_change *change)
{
    if (change->replace != 0 && asn == change->replace)
        asn = change->replace_with;
    return change->remove_private && asn_is_private(asn) ? change->private_with : asn;
}

void as_path_rewrite(const uint8_t *path, uint16_t length, const struct as_path_change *change, struct buf *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct as_segment segment;
    while (as_segment_next(&cursor, &segment)) {
        uint8_t kept = 0;
        for (unsigned i = 0; i < segment.count; i++)
            kept += number_after(as_segment_number(&segment, i), change) != 0;
        if (kept == 0)
            continue;
        buf_u8(out, segment.type);
        buf_u8(out, kept);
        for (unsigned i = 0; i < segment.count; i++) {
            uint32_t asn = number_after(as_segment_number(&segment, i), change);
            if (asn != 0)
                buf_u32(out, asn);
        }
    }
}

/* How segments look in text, indexed by type. */
static const struct segment_text {
    char open; /* 0 = none */
    char close;
    char separator;
} segment_texts[] = {
    [SEGMENT_AS_SET] = {'{', '}', ','},
    [SEGMENT_AS_SEQUENCE] = {0, 0, ' '},
    [SEGMENT_CONFED_SEQUENCE] = {'(', ')', ' '},
    [SEGMENT_CONFED_SET] = {'[', ']', ','},
};

void as_path_format(const uint8_t *path, uint16_t length, struct str *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct as_segment segment;
    bool first = true;
    while (as_segment_next(&cursor, &segment)) {
        const struct segment_text *look = &segment_texts[segment.type];
        if (!first)
            str_add_char(out, ' ');
        first = false;
        if (look->open)
            str_add_char(out, look->open);
        for (unsigned i = 0; i < segment.count; i++) {
            if (i)
                str_add_char(out, look->separator);
            str_printf(out, "%u", as_segment_number(&segment, i));
        }
        if (look->close)
            str_add_char(out, look->close);
    }
}

/* A path being written number by number. */
struct path_writer {
    struct buf *out;
    size_t segment_at; /* offset of the open segment's header */
    unsigned count;    /* numbers in it so far; 0: it has no header yet */
    uint8_t type;
};

static int writer_add(struct path_writer *writer, uint32_t asn)
{
    if (writer->count == SEGMENT_COUNT_MAX) {
        if (writer->type != SEGMENT_AS_SEQUENCE && writer->type != SEGMENT_CONFED_SEQUENCE)
            return E_INVALID; /* a set cannot go on in another segment: two sets are longer than one */
        writer->count = 0;
    }
    if (writer->count == 0) {
        writer->segment_at = writer->out->length;
        buf_u8(writer->out, writer->type);
        buf_u8(writer->out, 0);
    }
    buf_u32(writer->out, asn);
    if (writer->out->failed)
        return E_INVALID;
    buf_patch_u8(writer->out, writer->segment_at + 1, (uint8_t)++writer->count);
    return 0;
}

static void writer_turn(struct path_writer *writer, uint8_t type)
{
    writer->type = type;
    writer->count = 0;
}

/* One number at `text`; *text is moved behind it. */
static int parse_number(const char **text, uint32_t *asn)
{
    char number[ASN_TEXT_MAX + 1];
    size_t length = strspn(*text, "0123456789.");
    if (length == 0 || length >= sizeof(number))
        return E_INVALID;
    memcpy(number, *text, length);
    number[length] = '\0';
    *text += length;
    return asn_parse(number, asn);
}

/* A bracket; 0, or E_INVALID where it does not fit. */
static int parse_bracket(struct path_writer *writer, char c)
{
    if (writer->type != SEGMENT_AS_SEQUENCE) {
        if (c != segment_texts[writer->type].close || writer->count == 0)
            return E_INVALID;
        writer_turn(writer, SEGMENT_AS_SEQUENCE);
        return 0;
    }
    for (uint8_t type = SEGMENT_AS_SET; type <= SEGMENT_CONFED_SET; type++) {
        if (c == segment_texts[type].open) {
            writer_turn(writer, type);
            return 0;
        }
    }
    return E_INVALID;
}

int as_path_parse(const char *text, struct buf *out)
{
    struct path_writer writer = {.out = out, .type = SEGMENT_AS_SEQUENCE};
    size_t start = out->length;
    int result = 0;
    while (*text && result == 0) {
        uint32_t asn;
        if (*text == ' ' || *text == '\t' || *text == ',') {
            text++;
        } else if (*text >= '0' && *text <= '9') {
            result = parse_number(&text, &asn);
            if (result == 0)
                result = writer_add(&writer, asn);
        } else {
            result = parse_bracket(&writer, *text++);
        }
    }
    if (result == 0 && writer.type != SEGMENT_AS_SEQUENCE)
        result = E_INVALID; /* a bracket is left open */
    if (result < 0)
        out->length = start;
    return result;
}
