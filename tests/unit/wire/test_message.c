#include "wire/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static uint8_t memory[70000];

static struct buf empty_buf(void)
{
    struct buf buf;
    buf_init_fixed(&buf, memory, sizeof(memory));
    return buf;
}

static int frame(const struct buf *buf, size_t max_bytes, struct message *message, struct notification *notification)
{
    return message_frame(buf->bytes, buf->length, max_bytes, message, notification);
}

static void test_keepalive_round_trip(void **state)
{
    struct buf buf = empty_buf();
    struct message message;
    struct notification notification;
    keepalive_encode(&buf);
    assert_int_equal(buf.length, MESSAGE_HEADER_BYTES);
    assert_int_equal(frame(&buf, MESSAGE_MAX_BYTES, &message, &notification), 1);
    assert_int_equal(message.type, MESSAGE_KEEPALIVE);
    assert_int_equal(message.length, MESSAGE_HEADER_BYTES);
    assert_int_equal(message.body_length, 0);
}

/* Every shorter piece of a good message asks for more, and none is judged. */
static void test_pieces_wait(void **state)
{
    struct buf buf = empty_buf();
    struct message message;
    struct notification notification;
    route_refresh_encode(&buf, FAMILY_IPV6_UNICAST, REFRESH_REQUEST);
    for (size_t length = 0; length < buf.length; length++)
        assert_int_equal(message_frame(buf.bytes, length, MESSAGE_MAX_BYTES, &message, &notification), 0);
    assert_int_equal(frame(&buf, MESSAGE_MAX_BYTES, &message, &notification), 1);
}

static void assert_header_error(const struct buf *buf, size_t max_bytes, uint8_t subcode, const char *data,
                                size_t data_length)
{
    struct message message;
    struct notification notification;
    assert_int_equal(frame(buf, max_bytes, &message, &notification), -1);
    assert_int_equal(notification.code, NOTIFY_HEADER);
    assert_int_equal(notification.subcode, subcode);
    assert_int_equal(notification.data_length, data_length);
    assert_memory_equal(notification.data, data, data_length);
}

static void test_marker(void **state)
{
    struct buf buf = empty_buf();
    for (unsigned i = 0; i < 16; i++) {
        buf_clear(&buf);
        keepalive_encode(&buf);
        buf.bytes[i] = 0xfe;
        assert_header_error(&buf, MESSAGE_MAX_BYTES, NOTIFY_HEADER_NOT_SYNCHRONIZED, "", 0);
        buf.length = i + 1; /* as soon as the octet is there */
        assert_header_error(&buf, MESSAGE_MAX_BYTES, NOTIFY_HEADER_NOT_SYNCHRONIZED, "", 0);
    }
}

/* Least and most a message may have, by type and by what was negotiated. */
static void test_length_bounds(void **state)
{
    static const struct {
        uint8_t type;
        size_t max_bytes;
        unsigned least, most;
    } rows[] = {
        {MESSAGE_OPEN, MESSAGE_MAX_BYTES, 29, 4096},
        {MESSAGE_OPEN, MESSAGE_EXTENDED_MAX_BYTES, 29, 4096},
        {MESSAGE_UPDATE, MESSAGE_MAX_BYTES, 23, 4096},
        {MESSAGE_UPDATE, MESSAGE_EXTENDED_MAX_BYTES, 23, 65535},
        {MESSAGE_NOTIFICATION, MESSAGE_MAX_BYTES, 19, 4096},
        {MESSAGE_NOTIFICATION, MESSAGE_EXTENDED_MAX_BYTES, 19, 65535},
        {MESSAGE_KEEPALIVE, MESSAGE_MAX_BYTES, 19, 19},
        {MESSAGE_KEEPALIVE, MESSAGE_EXTENDED_MAX_BYTES, 19, 19},
        {MESSAGE_ROUTE_REFRESH, MESSAGE_MAX_BYTES, 19, 4096},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned length = 0; length <= 65535; length++) {
            uint8_t bytes[MESSAGE_HEADER_BYTES];
            memset(bytes, 0xff, 16);
            bytes[16] = (uint8_t)(length >> 8);
            bytes[17] = (uint8_t)length;
            bytes[18] = rows[i].type;
            struct message message;
            struct notification notification;
            int due = length < rows[i].least || length > rows[i].most ? -1 : length == MESSAGE_HEADER_BYTES ? 1 : 0;
            int result = message_frame(bytes, sizeof(bytes), rows[i].max_bytes, &message, &notification);
            if (result != due)
                fail_msg("type %u length %u: %d, due %d", rows[i].type, length, result, due);
            if (result < 0) {
                assert_int_equal(notification.subcode, NOTIFY_HEADER_BAD_LENGTH);
                assert_memory_equal(notification.data, bytes + 16, 2);
            }
        }
    }
}

static void test_types(void **state)
{
    struct buf buf = empty_buf();
    for (unsigned type = 0; type < 256; type++) {
        buf_clear(&buf);
        keepalive_encode(&buf);
        buf.bytes[18] = (uint8_t)type;
        if (type == 0 || type > MESSAGE_ROUTE_REFRESH)
            assert_header_error(&buf, MESSAGE_MAX_BYTES, NOTIFY_HEADER_BAD_TYPE, (const char *)&buf.bytes[18], 1);
    }
}

static void test_begin_and_end_nest_in_a_stream(void **state)
{
    struct buf buf = empty_buf();
    struct message message;
    struct notification notification;
    keepalive_encode(&buf);
    size_t offset = message_begin(&buf, MESSAGE_UPDATE);
    assert_int_equal(offset, MESSAGE_HEADER_BYTES);
    buf_u32(&buf, 0);
    message_end(&buf, offset);
    keepalive_encode(&buf);
    buf_consume(&buf, MESSAGE_HEADER_BYTES);
    assert_int_equal(frame(&buf, MESSAGE_MAX_BYTES, &message, &notification), 1);
    assert_int_equal(message.type, MESSAGE_UPDATE);
    assert_int_equal(message.body_length, 4);
    assert_ptr_equal(message.body, buf.bytes + MESSAGE_HEADER_BYTES);
}

static void test_route_refresh_round_trip(void **state)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        for (unsigned kind = REFRESH_REQUEST; kind <= REFRESH_END; kind++) {
            struct buf buf = empty_buf();
            struct message message;
            struct notification notification;
            struct route_refresh refresh;
            route_refresh_encode(&buf, (enum family_id)family, (enum refresh_kind)kind);
            assert_int_equal(frame(&buf, MESSAGE_MAX_BYTES, &message, &notification), 1);
            assert_int_equal(route_refresh_decode(&message, true, &refresh, &notification), 0);
            assert_int_equal(family_from_afi_safi(refresh.afi, refresh.safi), family);
            assert_int_equal(refresh.kind, kind);
        }
    }
}

static void test_route_refresh_lengths(void **state)
{
    for (unsigned length = 0; length < 1000; length++) {
        struct buf buf = empty_buf();
        struct message message;
        struct notification notification;
        struct route_refresh refresh;
        size_t offset = message_begin(&buf, MESSAGE_ROUTE_REFRESH);
        memset(buf_extend(&buf, length), 1, length);
        message_end(&buf, offset);
        assert_int_equal(frame(&buf, MESSAGE_MAX_BYTES, &message, &notification), 1);
        if (length == 4) {
            assert_int_equal(route_refresh_decode(&message, false, &refresh, &notification), 0);
            continue;
        }
        assert_int_equal(route_refresh_decode(&message, true, &refresh, &notification), E_INVALID);
        assert_int_equal(notification.code, NOTIFY_ROUTE_REFRESH);
        assert_int_equal(notification.subcode, NOTIFY_REFRESH_BAD_LENGTH);
        size_t kept = buf.length < NOTIFICATION_DATA_MAX ? buf.length : NOTIFICATION_DATA_MAX;
        assert_int_equal(notification.data_length, kept); /* the message itself */
        assert_memory_equal(notification.data, buf.bytes, kept);
        assert_int_equal(route_refresh_decode(&message, false, &refresh, &notification), E_INVALID);
        assert_int_equal(notification.code, NOTIFY_HEADER);
        assert_int_equal(notification.subcode, NOTIFY_HEADER_BAD_LENGTH);
        assert_memory_equal(notification.data, buf.bytes + 16, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keepalive_round_trip),
        cmocka_unit_test(test_pieces_wait),
        cmocka_unit_test(test_marker),
        cmocka_unit_test(test_length_bounds),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_begin_and_end_nest_in_a_stream),
        cmocka_unit_test(test_route_refresh_round_trip),
        cmocka_unit_test(test_route_refresh_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
