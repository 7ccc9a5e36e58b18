/* Framing: where a message ends, and whether its header may be believed (RFC 4271 4.1 and 6.1).
 *
 * The header is judged as soon as its octets are there, the marker even octet by octet: who speaks another protocol
 * to the port is told at once, and nothing waits for the end of a message whose length is a lie. A NOTIFICATION is
 * the exception: an error in one must not be answered (RFC 4271 6.4), so a short one is passed on as it is.
 */
#include "wire/message.h"

#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"

enum {
    MARKER_BYTES = 16,
    LENGTH_OFFSET = 16,
    TYPE_OFFSET = 18,
};

/* Lengths a message may have, header included, by type (RFC 4271 4.2-4.5, RFC 8654 2). */
static const struct length_rule {
    uint16_t minimum;
    uint16_t maximum;
} length_rules[] = {
    [MESSAGE_OPEN] = {29, MESSAGE_MAX_BYTES},
    [MESSAGE_UPDATE] = {23, MESSAGE_EXTENDED_MAX_BYTES},
    [MESSAGE_NOTIFICATION] = {MESSAGE_HEADER_BYTES, MESSAGE_EXTENDED_MAX_BYTES},
    [MESSAGE_KEEPALIVE] = {MESSAGE_HEADER_BYTES, MESSAGE_HEADER_BYTES},
    [MESSAGE_ROUTE_REFRESH] = {MESSAGE_HEADER_BYTES, MESSAGE_EXTENDED_MAX_BYTES},
};

static const uint8_t marker[MARKER_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                             0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static int header_error(struct notification *notification, uint8_t subcode, const void *data, size_t length)
{
    *notification = notification_with_data(NOTIFY_HEADER, subcode, data, length);
    return -1;
}

int message_frame(const uint8_t *bytes, size_t length, size_t max_bytes, struct message *message,
                  struct notification *notification)
{
    size_t marker_length = length < MARKER_BYTES ? length : MARKER_BYTES;
    if (marker_length && memcmp(bytes, marker, marker_length) != 0)
        return header_error(notification, NOTIFY_HEADER_NOT_SYNCHRONIZED, NULL, 0);
    if (length < MESSAGE_HEADER_BYTES)
        return 0;

    const uint8_t *length_field = bytes + LENGTH_OFFSET;
    uint16_t total = (uint16_t)(length_field[0] << 8 | length_field[1]);
    uint8_t type = bytes[TYPE_OFFSET];
    if (total < MESSAGE_HEADER_BYTES || total > max_bytes)
        return header_error(notification, NOTIFY_HEADER_BAD_LENGTH, length_field, 2);
    if (type < MESSAGE_OPEN || type > MESSAGE_ROUTE_REFRESH)
        return header_error(notification, NOTIFY_HEADER_BAD_TYPE, &type, 1);
    if (total < length_rules[type].minimum || total > length_rules[type].maximum)
        return header_error(notification, NOTIFY_HEADER_BAD_LENGTH, length_field, 2);
    if (length < total)
        return 0;

    *message = (struct message){
        .type = type,
        .length = total,
        .body = bytes + MESSAGE_HEADER_BYTES,
        .body_length = (uint16_t)(total - MESSAGE_HEADER_BYTES),
    };
    return 1;
}

size_t message_begin(struct buf *buf, enum message_type type)
{
    size_t offset = buf->length;
    buf_put(buf, marker, sizeof(marker));
    buf_u16(buf, 0);
    buf_u8(buf, (uint8_t)type);
    return offset;
}

void message_end(struct buf *buf, size_t offset)
{
    if (buf->failed)
        return;
    size_t total = buf->length - offset;
    CHECK(total >= MESSAGE_HEADER_BYTES && total <= MESSAGE_EXTENDED_MAX_BYTES);
    buf_patch_u16(buf, offset + LENGTH_OFFSET, (uint16_t)total);
}

void keepalive_encode(struct buf *buf)
{
    message_end(buf, message_begin(buf, MESSAGE_KEEPALIVE));
}

void route_refresh_encode(struct buf *buf, enum family_id family, enum refresh_kind kind)
{
    const struct family *facts = family_get(family);
    CHECK(facts);
    size_t offset = message_begin(buf, MESSAGE_ROUTE_REFRESH);
    buf_u16(buf, facts->afi);
    buf_u8(buf, (uint8_t)kind);
    buf_u8(buf, facts->safi);
    message_end(buf, offset);
}

int route_refresh_decode(const struct message *message, bool enhanced, struct route_refresh *refresh,
                         struct notification *notification)
{
    struct cursor cursor = cursor_of(message->body, message->body_length);
    refresh->afi = cursor_u16(&cursor);
    refresh->kind = cursor_u8(&cursor);
    refresh->safi = cursor_u8(&cursor);
    if (!cursor.failed && cursor_left(&cursor) == 0)
        return 0;

    uint8_t length_field[2] = {(uint8_t)(message->length >> 8), (uint8_t)message->length};
    if (!enhanced) {
        header_error(notification, NOTIFY_HEADER_BAD_LENGTH, length_field, sizeof(length_field));
        return E_INVALID;
    }
    /* RFC 7313 5: the data is the whole message. */
    uint8_t memory[NOTIFICATION_DATA_MAX];
    struct buf whole;
    buf_init_fixed(&whole, memory, sizeof(memory));
    buf_put(&whole, marker, sizeof(marker));
    buf_put(&whole, length_field, sizeof(length_field));
    buf_u8(&whole, message->type);
    size_t room = sizeof(memory) - whole.length;
    buf_put(&whole, message->body, message->body_length < room ? message->body_length : room);
    *notification = notification_with_data(NOTIFY_ROUTE_REFRESH, NOTIFY_REFRESH_BAD_LENGTH, whole.bytes, whole.length);
    return E_INVALID;
}
