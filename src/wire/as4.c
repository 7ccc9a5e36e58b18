/* AS paths between old (2-octet) and new (4-octet) speakers (RFC 6793).
 *
 * Inside there are only 4-octet paths. Towards an old speaker numbers that do not fit become AS_TRANS and the true
 * path travels in AS4_PATH; from one, the part of AS_PATH that is longer than AS4_PATH is what later old speakers
 * prepended, and the rest is taken from AS4_PATH. Confederation segments never stand in an AS4_PATH.
 */
#include "wire/as4.h"

#include <string.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/octets.h"
#include "net/asn.h"
#include "wire/update.h"

enum { SEGMENT_HEADER_BYTES = 2, SEGMENT_COUNT_MAX = 255 };

/* A segment with numbers of either width. */
struct raw_segment {
    uint8_t type;
    uint8_t count;
    const uint8_t *numbers;
};

static inline bool raw_segment_next(struct cursor *path, unsigned width, struct raw_segment *segment)
{
    if (cursor_done(path))
        return false;
    segment->type = cursor_u8(path);
    segment->count = cursor_u8(path);
    segment->numbers = cursor_take(path, (size_t)segment->count * width);
    return !path->failed;
}

static inline uint32_t number_at(const struct raw_segment *segment, unsigned width, unsigned index)
{
    const uint8_t *at = segment->numbers + (size_t)index * width;
    return width == 2 ? load_u16(at) : load_u32(at);
}

static bool is_confed(uint8_t type)
{
    return type == SEGMENT_CONFED_SEQUENCE || type == SEGMENT_CONFED_SET;
}

static bool is_set(uint8_t type)
{
    return type == SEGMENT_AS_SET || type == SEGMENT_CONFED_SET;
}

static inline bool has_zero(const struct raw_segment *segment, unsigned width)
{
    bool zero = false;
    for (unsigned i = 0; i < segment->count; i++)
        zero |= number_at(segment, width, i) == 0;
    return zero;
}

/* Inlined, so that each width has a loop of its own. */
static inline __attribute__((always_inline)) const char *scan(const uint8_t *path, uint16_t length, unsigned width,
                                                              struct as_path_facts *facts)
{
    struct cursor cursor = cursor_of(path, length);
    struct raw_segment segment;
    *facts = (struct as_path_facts){0};
    while (raw_segment_next(&cursor, width, &segment)) {
        if (segment.type < SEGMENT_AS_SET || segment.type > SEGMENT_CONFED_SET)
            return "a segment of unknown type";
        if (segment.count == 0)
            return "an empty segment";
        if (has_zero(&segment, width))
            return "AS 0";
        if (!facts->first_type) {
            facts->first_type = segment.type;
            facts->first_as = number_at(&segment, width, 0);
        }
        facts->numbers += segment.count;
        facts->has_set |= is_set(segment.type);
        if (is_confed(segment.type))
            facts->has_confed = true;
        else
            facts->hops += segment.type == SEGMENT_AS_SET ? 1 : segment.count;
    }
    return cursor.failed ? "a segment overruns" : NULL;
}

const char *as_path_scan(const uint8_t *path, uint16_t length, unsigned width, struct as_path_facts *facts)
{
    return width == 4 ? scan(path, length, 4, facts) : scan(path, length, 2, facts);
}

static void put_segment(struct buf *out, uint8_t type, const struct raw_segment *from, unsigned count, unsigned width)
{
    buf_u8(out, type);
    buf_u8(out, (uint8_t)count);
    for (unsigned i = 0; i < count; i++)
        buf_u32(out, number_at(from, width, i));
}

/* The leading `hops` hops of a 2-octet path. Returns the offset of the last segment's header if that is a sequence,
 * which the next one may join; else SIZE_MAX. A confederation segment is taken if it leads or follows a segment that
 * was taken whole (RFC 6793 4.2.3). */
static size_t put_leading(const uint8_t *path, uint16_t length, unsigned hops, struct buf *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct raw_segment segment;
    size_t open = SIZE_MAX;
    while (raw_segment_next(&cursor, 2, &segment)) {
        unsigned take = segment.count;
        if (segment.type == SEGMENT_AS_SEQUENCE) {
            take = take < hops ? take : hops;
            hops -= take;
        } else if (segment.type == SEGMENT_AS_SET) {
            take = hops ? take : 0;
            hops -= hops ? 1 : 0;
        }
        if (take == 0)
            break;
        open = segment.type == SEGMENT_AS_SEQUENCE ? out->length : SIZE_MAX;
        put_segment(out, segment.type, &segment, take, 2);
        if (take < segment.count)
            break;
    }
    return open;
}

/* An AS4_PATH behind what put_leading wrote, joined where two sequences meet, so that the path looks as if it had
 * never been through an old speaker. */
static void put_as4(const uint8_t *path, uint16_t length, size_t open, struct buf *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct raw_segment segment;
    while (raw_segment_next(&cursor, 4, &segment)) {
        if (is_confed(segment.type))
            continue; /* RFC 6793 6 */
        unsigned before = open != SIZE_MAX && !out->failed ? out->bytes[open + 1] : SEGMENT_COUNT_MAX;
        if (segment.type == SEGMENT_AS_SEQUENCE && before + segment.count <= SEGMENT_COUNT_MAX) {
            buf_patch_u8(out, open + 1, (uint8_t)(before + segment.count));
            buf_put(out, segment.numbers, (size_t)segment.count * 4);
        } else {
            put_segment(out, segment.type, &segment, segment.count, 4);
        }
        open = SIZE_MAX;
    }
}

void as_path_merge(const uint8_t *path, uint16_t length, const uint8_t *as4_path, uint16_t as4_length, struct buf *out)
{
    struct as_path_facts facts, as4_facts;
    CHECK(!as_path_scan(path, length, 2, &facts));
    if (as4_path) {
        CHECK(!as_path_scan(as4_path, as4_length, 4, &as4_facts));
        /* A longer AS4_PATH, or one of confederation segments alone, says nothing about this path. */
        if (as4_facts.hops && as4_facts.hops <= facts.hops) {
            size_t open = put_leading(path, length, facts.hops - as4_facts.hops, out);
            put_as4(as4_path, as4_length, open, out);
            return;
        }
    }
    struct cursor cursor = cursor_of(path, length);
    struct raw_segment segment;
    while (raw_segment_next(&cursor, 2, &segment))
        put_segment(out, segment.type, &segment, segment.count, 2);
}

bool as_path_two_octet(const uint8_t *path, uint16_t length, struct buf *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct as_segment segment;
    bool lossy = false;
    while (as_segment_next(&cursor, &segment)) {
        buf_u8(out, segment.type);
        buf_u8(out, segment.count);
        for (unsigned i = 0; i < segment.count; i++) {
            uint32_t asn = as_segment_number(&segment, i);
            /* A number in a confederation segment cannot be told in AS4_PATH: it is lost in any case. */
            lossy |= asn > UINT16_MAX && !is_confed(segment.type);
            buf_u16(out, asn > UINT16_MAX ? AS_TRANS : (uint16_t)asn);
        }
    }
    return lossy;
}

void as4_path_of(const uint8_t *path, uint16_t length, struct buf *out)
{
    struct cursor cursor = cursor_of(path, length);
    struct as_segment segment;
    while (as_segment_next(&cursor, &segment)) {
        if (is_confed(segment.type))
            continue;
        buf_u8(out, segment.type);
        buf_u8(out, segment.count);
        buf_put(out, segment.numbers, (size_t)segment.count * 4);
    }
}
