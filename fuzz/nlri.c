/* Routes as they stand in a message. Bit 0 of octet 0: IPv6; bit 1: path identifiers. What UPDATE takes and what
 * iterating gives must agree, and each prefix must survive being written. */
#include "net/nlri.h"

#include "base/buf.h"
#include "base/check.h"
#include "fuzz.h"
#include "updates.h"

enum { RUN_MAX_BYTES = 60000 };

static uint32_t count_by_iterating(const uint8_t *bytes, size_t length, enum addr_kind kind, bool add_path, bool *good)
{
    struct cursor cursor = cursor_of(bytes, length);
    struct nlri nlri;
    uint32_t count = 0;
    while (nlri_next(&cursor, kind, add_path, &nlri)) {
        struct prefix back;
        uint8_t written[17];
        unsigned octets = prefix_write(&nlri.prefix, written);
        struct cursor again = cursor_of(written, octets);
        prefix_read(&again, kind, &back);
        CHECK(cursor_done(&again) && !again.failed && prefix_equal(&back, &nlri.prefix));
        char text[PREFIX_TEXT_MAX];
        CHECK(prefix_parse(prefix_format(&nlri.prefix, text), false, &back) == 0 && prefix_equal(&back, &nlri.prefix));
        count++;
    }
    *good = !cursor.failed;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 1 > RUN_MAX_BYTES)
        return 0;
    bool is_ipv6 = data[0] & 1, add_path = data[0] & 2, good;
    const uint8_t *bytes = data + 1;
    uint16_t length = (uint16_t)(size - 1);
    uint32_t count = count_by_iterating(bytes, length, is_ipv6 ? ADDR_IPV6 : ADDR_IPV4, add_path, &good);

    struct update_rules rules = fuzz_rules(0);
    rules.add_path_receive = add_path ? rules.families : 0;
    struct buf body, scratch;
    struct update update;
    buf_init(&body, 65535);
    buf_init(&scratch, ATTR_BLOCK_MAX);
    buf_u16(&body, is_ipv6 ? 0 : length);
    if (is_ipv6) {
        buf_u16(&body, (uint16_t)(length + 7));
        buf_put(&body, (const uint8_t[]){ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED_LENGTH, ATTR_MP_UNREACH}, 2);
        buf_u16(&body, (uint16_t)(length + 3));
        buf_put(&body, (const uint8_t[]){0, 2, 1}, 3);
        buf_put(&body, bytes, length);
    } else {
        buf_put(&body, bytes, length);
        buf_u16(&body, 0);
    }
    enum verdict verdict = update_decode(&rules, body.bytes, body.length, &scratch, &update);
    CHECK(verdict == (good ? VERDICT_OK : VERDICT_RESET));
    CHECK(!good || (update.run_count == 1 && update.runs[0].count == count && update.runs[0].length == length));
    buf_release(&body);
    buf_release(&scratch);
    return 0;
}
