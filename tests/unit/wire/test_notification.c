#include "wire/notification.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "wire/message.h"

static void assert_describes(struct notification notification, const char *expected)
{
    char memory[2048];
    struct str text = str_over(memory, sizeof(memory));
    notification_describe(&notification, &text);
    assert_string_equal(memory, expected);
}

#define WITH(code, subcode, data) notification_with_data(code, subcode, data, sizeof(data) - 1)

static void test_describe(void **state)
{
    assert_describes(notification_make(NOTIFY_HOLD_TIMER, 0), "Hold Timer Expired");
    assert_describes(notification_make(NOTIFY_SEND_HOLD_TIMER, 0), "Send Hold Timer Expired");
    assert_describes(notification_make(NOTIFY_OPEN, 0), "OPEN Message Error");
    assert_describes(WITH(NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, "\0\0\xfd\xf2"),
                     "OPEN Message Error / Bad Peer AS (peer announced 65010)");
    assert_describes(WITH(NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, "\xfd\xf2"),
                     "OPEN Message Error / Bad Peer AS (peer announced 65010)");
    assert_describes(WITH(NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, "\xfd"), "OPEN Message Error / Bad Peer AS (data fd)");
    assert_describes(WITH(NOTIFY_OPEN, NOTIFY_OPEN_BAD_VERSION, "\0\4"),
                     "OPEN Message Error / Unsupported Version Number (supported version 4)");
    assert_describes(WITH(NOTIFY_OPEN, NOTIFY_OPEN_BAD_HOLD_TIME, "\0\2"),
                     "OPEN Message Error / Unacceptable Hold Time (hold time 2 s)");
    assert_describes(WITH(NOTIFY_OPEN, NOTIFY_OPEN_BAD_CAPABILITY, "\x01\x04"),
                     "OPEN Message Error / Unsupported Capability (capability 1)");
    assert_describes(WITH(NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, "\x10\x01"),
                     "Message Header Error / Bad Message Length (length field 4097)");
    assert_describes(WITH(NOTIFY_HEADER, NOTIFY_HEADER_BAD_TYPE, "\x06"),
                     "Message Header Error / Bad Message Type (type 6)");
    assert_describes(WITH(NOTIFY_UPDATE, NOTIFY_UPDATE_LENGTH, "\x40\x01\x02\0\0"),
                     "UPDATE Message Error / Attribute Length Error (attribute 1 ORIGIN)");
    assert_describes(WITH(NOTIFY_UPDATE, NOTIFY_UPDATE_FLAGS, "\x40\xfb\0"),
                     "UPDATE Message Error / Attribute Flags Error (attribute 251)");
    assert_describes(WITH(NOTIFY_UPDATE, NOTIFY_UPDATE_MISSING_WELL_KNOWN, "\3"),
                     "UPDATE Message Error / Missing Well-known Attribute (attribute 3 NEXT_HOP)");
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_MAX_PREFIXES, "\0\2\1\0\0\3\xe8"),
                     "Cease / Maximum Number of Prefixes Reached (ipv6-unicast, 1000)");
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_MAX_PREFIXES, "\0\2\x63\0\0\3\xe8"),
                     "Cease / Maximum Number of Prefixes Reached (AFI 2 SAFI 99, 1000)");
    assert_describes(notification_make(238, 238), "unknown (238) / unknown (238)");
    assert_describes(WITH(NOTIFY_CEASE, 99, "\1\2"), "Cease / unknown (99) (data 0102)");
    assert_describes(WITH(NOTIFY_CEASE, 99, "0123456789abcdefg"),
                     "Cease / unknown (99) (data 30313233343536373839616263646566...)");
}

/* Data that is too short for its meaning is left out, whatever the code. */
static void test_describe_any_data(void **state)
{
    for (unsigned code = 0; code < 12; code++) {
        for (unsigned subcode = 0; subcode < 14; subcode++) {
            for (unsigned length = 0; length < 12; length++) {
                char memory[512];
                struct str text = str_over(memory, sizeof(memory));
                struct notification notification = notification_with_data(
                    (uint8_t)code, (uint8_t)subcode, "\xff\x1b\x06\x02\x09\x06\x09\0\0\0\1\1", length);
                notification_describe(&notification, &text);
                assert_true(text.length > 0);
                assert_null(strchr(memory, '\x1b'));
            }
        }
    }
}

static void test_shutdown_communication(void **state)
{
    struct notification sent = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "maintenance");
    assert_int_equal(sent.data_length, 12);
    assert_memory_equal(sent.data, "\x0bmaintenance", 12);
    assert_describes(sent, "Cease / Administrative Shutdown: \"maintenance\"");
    assert_describes(notification_shutdown(NOTIFY_CEASE_ADMIN_RESET, "again"),
                     "Cease / Administrative Reset: \"again\"");
    assert_int_equal(notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "").data_length, 0);
    assert_int_equal(notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, NULL).data_length, 0);
    assert_int_equal(notification_shutdown(NOTIFY_CEASE_DECONFIGURED, "not here").data_length, 0);
}

/* RFC 9003: at most 255 octets, and no character cut in two. */
static void test_shutdown_communication_is_cut(void **state)
{
    char text[600];
    memset(text, 'a', sizeof(text));
    text[599] = '\0';
    struct notification sent = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, text);
    assert_int_equal(sent.data_length, 256);
    assert_int_equal(sent.data[0], 255);
    memcpy(text + 254, "\xc3\xa4", 2);
    sent = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, text);
    assert_int_equal(sent.data[0], 254);
    assert_int_equal(sent.data_length, 255);
}

static void test_foreign_communication(void **state)
{
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_SHUTDOWN, "\x05\x1b[2J\xff"),
                     "Cease / Administrative Shutdown: \"\\x1b[2J\\xff\"");
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_SHUTDOWN, "\xffhello"), "Cease / Administrative Shutdown");
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_SHUTDOWN, "\0"), "Cease / Administrative Shutdown");
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, "\x02hi"), "Cease / Connection Collision Resolution");
}

static void test_hard_reset(void **state)
{
    struct notification inner = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "bye"), back;
    struct notification outer = notification_hard_reset(&inner);
    assert_describes(outer, "Cease / Hard Reset (Cease / Administrative Shutdown: \"bye\")");
    assert_true(notification_inner(&outer, &back));
    assert_memory_equal(&back, &inner, sizeof(inner));
    assert_false(notification_inner(&inner, &back));
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET, "\6"), "Cease / Hard Reset");
    assert_describes(WITH(NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET, "\6\x09\6\x09\6\x09"),
                     "Cease / Hard Reset (Cease / Hard Reset)");
    /* The fullest inner one loses its end, nothing else. */
    uint8_t full[NOTIFICATION_DATA_MAX];
    memset(full, 7, sizeof(full));
    inner = notification_with_data(NOTIFY_UPDATE, NOTIFY_UPDATE_FLAGS, full, sizeof(full));
    outer = notification_hard_reset(&inner);
    assert_int_equal(outer.data_length, NOTIFICATION_DATA_MAX);
}

static void test_round_trip(void **state)
{
    uint8_t data[600], memory[1000];
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    for (unsigned length = 0; length < sizeof(data); length += 7) {
        struct notification sent = notification_with_data(NOTIFY_UPDATE, NOTIFY_UPDATE_LENGTH, data, length);
        struct buf buf;
        struct message message;
        struct notification error;
        buf_init_fixed(&buf, memory, sizeof(memory));
        notification_encode(&sent, &buf);
        assert_int_equal(message_frame(buf.bytes, buf.length, MESSAGE_MAX_BYTES, &message, &error), 1);
        assert_int_equal(message.type, MESSAGE_NOTIFICATION);
        struct notification received = notification_decode(message.body, message.body_length);
        assert_memory_equal(&received, &sent, sizeof(sent));
        assert_int_equal(received.data_length, length < NOTIFICATION_DATA_MAX ? length : NOTIFICATION_DATA_MAX);
    }
}

static void test_short_bodies(void **state)
{
    const uint8_t body[] = {NOTIFY_CEASE};
    assert_int_equal(notification_decode(body, 0).code, 0);
    assert_int_equal(notification_decode(body, 1).code, 0);
}

static void test_names(void **state)
{
    assert_string_equal(notification_code_name(NOTIFY_CEASE), "Cease");
    assert_null(notification_code_name(0));
    assert_null(notification_code_name(9));
    assert_string_equal(notification_subcode_name(NOTIFY_CEASE, NOTIFY_CEASE_BFD_DOWN), "BFD Down");
    assert_null(notification_subcode_name(NOTIFY_CEASE, 11));
    assert_null(notification_subcode_name(NOTIFY_HOLD_TIMER, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_describe_any_data),
        cmocka_unit_test(test_shutdown_communication),
        cmocka_unit_test(test_shutdown_communication_is_cut),
        cmocka_unit_test(test_foreign_communication),
        cmocka_unit_test(test_hard_reset),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_short_bodies),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
