/* AS_PATH values with 4-octet AS numbers, in wire form (RFC 4271 4.3, RFC 5065). Inputs are well formed (wire/ has
 * checked them); a malformed one yields "absent", never harm. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "net/bgp.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/str.h"

struct as_segment {
    uint8_t type;
    uint8_t count;
    const uint8_t *numbers; /* count x 4 octets, network order */
};

/* The next segment; false at the end. On an unknown type, a count of 0 or too few numbers the cursor is left failed. */
static inline bool as_segment_next(struct cursor *path, struct as_segment *segment)
{
    const uint8_t *at = path->at;
    size_t left = cursor_left(path);
    if (left == 0)
        return false;
    if (likely(left >= 2)) {
        *segment = (struct as_segment){.type = at[0], .count = at[1], .numbers = at + 2};
        size_t length = 2 + 4 * (size_t)segment->count;
        if (likely(left >= length && segment->count && segment->type >= SEGMENT_AS_SET &&
                   segment->type <= SEGMENT_CONFED_SET)) {
            path->at += length;
            return true;
        }
    }
    cursor_fail(path);
    return false;
}

static inline uint32_t as_segment_number(const struct as_segment *segment, unsigned index)
{
    uint32_t number;
    memcpy(&number, segment->numbers + 4 * (size_t)index, sizeof(number));
    return __builtin_bswap32(number);
}

unsigned as_path_occurrences(const uint8_t *path, uint16_t length, uint32_t asn);

/* Writes the path with `asn` put `times` times in front, as one AS_SEQUENCE (or the given segment type) with the
 * first segment where that has room, else as a new segment. */
void as_path_prepend(const uint8_t *path, uint16_t length, uint8_t segment_type, uint32_t asn, unsigned times,
                     struct buf *out);

/* What may become of the numbers in a path on its way out. */
struct as_path_change {
    uint32_t replace; /* this number becomes... 0: none does */
    uint32_t replace_with;
    bool remove_private;   /* then numbers kept for private use (RFC 6996) go... */
    uint32_t private_with; /* or, if this is not 0, become this */
};

/* Writes the path so changed. A segment that loses all its numbers goes too. */
void as_path_rewrite(const uint8_t *path, uint16_t length, const struct as_path_change *change, struct buf *out);

/* "65001 65002 {65010,65011} (64512 64513) [64514,64515]" as GoBGP prints it. */
void as_path_format(const uint8_t *path, uint16_t length, struct str *out);

/* From that form: blanks or commas between numbers, brackets as above, asdot allowed; a long sequence is split into
 * segments. 0, or E_INVALID with nothing added (also when it does not fit into `out`). */
int as_path_parse(const char *text, struct buf *out);
