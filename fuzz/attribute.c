/* One attribute in an UPDATE that is good otherwise: octet 0 is the kind of session, then flags, type, value. The
 * worst that may come of it, but for the multiprotocol ones and what claims to be well-known, is that the route goes:
 * RFC 7606's whole point. */
#include "attr/block.h"
#include "base/check.h"
#include "fuzz.h"
#include "updates.h"

enum { VALUE_MAX_BYTES = 65000 };

static void put_path(const struct update_rules *rules, struct buf *body)
{
    uint8_t segment = rules->confederation ? SEGMENT_CONFED_SEQUENCE : SEGMENT_AS_SEQUENCE;
    if (rules->four_octet_as)
        attr_put(body, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, (const uint8_t[]){segment, 1, 0, 0, 0xfd, 0xe9}, 6);
    else
        attr_put(body, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, (const uint8_t[]){segment, 1, 0xfd, 0xe9}, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size - 3 > VALUE_MAX_BYTES)
        return 0;
    struct update_rules rules = fuzz_rules(data[0]);
    uint8_t flags = data[1], type = data[2];
    uint16_t length = (uint16_t)(size - 3);
    struct buf body;
    buf_init(&body, 65535 - 19);
    buf_u32(&body, 0);
    if (type != ATTR_ORIGIN)
        attr_put(&body, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, (const uint8_t[]){ORIGIN_IGP}, 1);
    if (type != ATTR_AS_PATH)
        put_path(&rules, &body);
    if (type != ATTR_NEXT_HOP)
        attr_put(&body, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, (const uint8_t[]){10, 99, 1, 1}, 4);
    /* By hand: reserved bits and long headers are part of the input. */
    bool is_long = flags & ATTR_FLAG_EXTENDED_LENGTH || length > UINT8_MAX;
    buf_u8(&body, is_long ? flags | ATTR_FLAG_EXTENDED_LENGTH : flags);
    buf_u8(&body, type);
    if (is_long)
        buf_u16(&body, length);
    else
        buf_u8(&body, (uint8_t)length);
    buf_put(&body, data + 3, length);
    CHECK(!body.failed);
    buf_patch_u16(&body, 2, (uint16_t)(body.length - 4));
    if (rules.add_path_receive)
        buf_u32(&body, 1);
    buf_put(&body, (const uint8_t[]){24, 198, 51, 100}, 4);

    enum verdict verdict = fuzz_update(&rules, body.bytes, body.length);
    bool may_reset = type == ATTR_MP_REACH || type == ATTR_MP_UNREACH || !(flags & ATTR_FLAG_OPTIONAL);
    CHECK(verdict != VERDICT_RESET || may_reset || !rules.treat_as_withdraw);
    buf_release(&body);
    return 0;
}
