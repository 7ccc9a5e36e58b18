/* A stream of messages: octet 0 says whether they may be long (bit 0) and whether ROUTE-REFRESH is enhanced (bit 1). */
#include "wire/message.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "fuzz.h"

static void check_refresh(const struct message *message, bool enhanced)
{
    struct route_refresh refresh;
    struct notification notification;
    if (route_refresh_decode(message, enhanced, &refresh, &notification) < 0) {
        CHECK(message->body_length != 4);
        CHECK(notification.code == (enhanced ? NOTIFY_ROUTE_REFRESH : NOTIFY_HEADER));
        return;
    }
    enum family_id family = family_from_afi_safi(refresh.afi, refresh.safi);
    if (family == FAMILY_UNKNOWN || refresh.kind > REFRESH_END)
        return;
    struct buf buf;
    buf_init(&buf, MESSAGE_MAX_BYTES);
    route_refresh_encode(&buf, family, (enum refresh_kind)refresh.kind);
    CHECK(buf.length == message->length);
    CHECK(memcmp(buf.bytes + MESSAGE_HEADER_BYTES, message->body, message->body_length) == 0);
    buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t max_bytes = data[0] & 1 ? MESSAGE_EXTENDED_MAX_BYTES : MESSAGE_MAX_BYTES;
    bool enhanced = data[0] & 2;
    const uint8_t *at = data + 1;
    size_t left = size - 1;
    for (;;) {
        struct message message;
        struct notification notification;
        int result = message_frame(at, left, max_bytes, &message, &notification);
        CHECK(result >= -1 && result <= 1);
        CHECK(result != 0 || left < max_bytes);
        if (result < 0)
            CHECK(notification.code == NOTIFY_HEADER && notification.subcode >= 1 && notification.subcode <= 3);
        if (result <= 0)
            return 0;
        CHECK(message.length <= left && message.length <= max_bytes);
        CHECK(message.body == at + MESSAGE_HEADER_BYTES);
        CHECK(message.body_length + MESSAGE_HEADER_BYTES == message.length);
        if (message.type == MESSAGE_ROUTE_REFRESH)
            check_refresh(&message, enhanced);
        at += message.length;
        left -= message.length;
    }
}
