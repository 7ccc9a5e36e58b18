/* The body of an OPEN. What was understood, encoded, is understood again and encodes to the same octets. */
#include "wire/open.h"

#include <string.h>

#include "base/check.h"
#include "fuzz.h"

static struct message frame(const struct buf *buf)
{
    struct message message;
    struct notification notification;
    CHECK(message_frame(buf->bytes, buf->length, MESSAGE_MAX_BYTES, &message, &notification) == 1);
    CHECK(message.length == buf->length);
    return message;
}

static void check_text(const char *text)
{
    CHECK(strnlen(text, CAPABILITY_TEXT_MAX + 1) <= CAPABILITY_TEXT_MAX);
    for (; *text; text++)
        CHECK((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_open(const struct open_message *open)
{
    const struct capabilities *capabilities = &open->capabilities;
    CHECK(open->as != 0 && open->router_id != 0 && open->hold_time_s != 1 && open->hold_time_s != 2);
    CHECK(capabilities->graceful_restart || !capabilities->long_lived);
    check_text(capabilities->host_name);
    check_text(capabilities->domain_name);
    check_text(capabilities->software_version);

    static struct open_message again;
    struct notification notification;
    struct negotiated negotiated;
    struct buf first, second;
    buf_init(&first, MESSAGE_MAX_BYTES);
    buf_init(&second, MESSAGE_MAX_BYTES);
    open_encode(open, &first);
    struct message message = frame(&first);
    CHECK(open_decode(&message, &again, &notification) == 0);
    open_encode(&again, &second);
    CHECK(first.length == second.length && memcmp(first.bytes, second.bytes, first.length) == 0);
    capabilities_negotiate(open, &again, &negotiated);
    CHECK(negotiated.peer_as == open->as && negotiated.hold_time_s == open->hold_time_s);
    CHECK((negotiated.add_path_receive & ~negotiated.families) == 0);
    buf_release(&first);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct open_message open;
    struct notification notification;
    if (size > MESSAGE_MAX_BYTES - MESSAGE_HEADER_BYTES)
        return 0;
    struct message message = {.type = MESSAGE_OPEN,
                              .length = (uint16_t)(size + MESSAGE_HEADER_BYTES),
                              .body = data,
                              .body_length = (uint16_t)size};
    if (open_decode(&message, &open, &notification) < 0)
        CHECK(notification.code == NOTIFY_OPEN);
    else
        check_open(&open);
    return 0;
}
