/* The body of a NOTIFICATION: it survives a round trip, alone and in a Hard Reset, and reads as clean text. */
#include "wire/notification.h"

#include <string.h>

#include "base/check.h"
#include "fuzz.h"
#include "wire/message.h"

static void check_describes(const struct notification *notification)
{
    char memory[4096];
    struct str text = str_over(memory, sizeof(memory));
    notification_describe(notification, &text);
    CHECK(!text.truncated && text.length > 0);
    for (size_t i = 0; i < text.length; i++)
        CHECK((unsigned char)memory[i] >= ' ' && memory[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct notification notification = notification_decode(data, size), inner;
    check_describes(&notification);
    if (notification.code == 0)
        return 0;
    struct buf buf;
    struct message message;
    struct notification error;
    buf_init(&buf, MESSAGE_MAX_BYTES);
    notification_encode(&notification, &buf);
    CHECK(message_frame(buf.bytes, buf.length, MESSAGE_MAX_BYTES, &message, &error) == 1);
    struct notification again = notification_decode(message.body, message.body_length);
    CHECK(memcmp(&again, &notification, sizeof(again)) == 0);

    struct notification outer = notification_hard_reset(&notification);
    check_describes(&outer);
    CHECK(notification_inner(&outer, &inner));
    CHECK(inner.code == notification.code && inner.subcode == notification.subcode);
    size_t kept =
        notification.data_length < NOTIFICATION_DATA_MAX - 2 ? notification.data_length : NOTIFICATION_DATA_MAX - 2;
    CHECK(inner.data_length == kept && memcmp(inner.data, notification.data, kept) == 0);
    buf_release(&buf);
    return 0;
}
