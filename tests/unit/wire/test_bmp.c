#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bmp.h"
#include "wire/update_write.h"

static struct buf empty(void)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    return buf;
}

static void assert_is(struct buf *buf, const uint8_t *expected, size_t length)
{
    assert_false(buf->failed);
    assert_int_equal(buf->length, length);
    assert_memory_equal(buf->bytes, expected, length);
    buf_release(buf);
}

static const struct bmp_peer ipv4_peer = {
    .post_policy = true, .as = 65001, .id = 0xC0000201, .when = {.ns = INT64_C(5000007000)}};

/* clang-format off */
#define PEER_BYTES(kind, flags) \
    kind, flags, 0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0,0,0,0,0,198,18,0,2, 0,0,0xFD,0xE9, 192,0,2,1, 0,0,0,5, 0,0,0,7
#define MARKER 255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255
/* clang-format on */

static struct bmp_peer peer_of(void)
{
    struct bmp_peer peer = ipv4_peer;
    peer.address = addr_ipv4(0xC6120002);
    return peer;
}

static void test_initiation_and_termination(void **state)
{
    struct buf buf = empty();
    bmp_initiation(&buf, "r1", "abc");
    bmp_termination(&buf, BMP_TERMINATION_PERMANENT);
    static const uint8_t expected[] = {3, 0,   0,   0, 19, 4, 0, 1,  0, 3, 'a', 'b', 'c', 0, 2, 0,
                                       2, 'r', '1', 3, 0,  0, 0, 12, 5, 0, 1,   0,   2,   0, 4};
    assert_is(&buf, expected, sizeof(expected));
}

static void test_route(void **state)
{
    static const uint8_t nlri[] = {8, 10};
    struct buf buf = empty();
    struct bmp_peer peer = peer_of();
    size_t message = bmp_route_begin(&buf, &peer);
    struct update_parts parts = {.family = FAMILY_IPV4_UNICAST, .nlri = nlri, .nlri_length = sizeof(nlri)};
    assert_true(update_write(&buf, &parts));
    bmp_route_end(&buf, message);
    static const uint8_t expected[] = {3, 0, 0, 0, 73, 0, PEER_BYTES(0, 0x40), MARKER, 0, 25, 2, 0, 2, 8, 10, 0, 0};
    assert_is(&buf, expected, sizeof(expected));
}

static void test_flags(void **state)
{
    struct buf buf = empty();
    struct bmp_peer peer = peer_of();
    struct in6_addr address = IN6ADDR_LOOPBACK_INIT;
    peer.address = addr_from_bytes(ADDR_IPV6, &address);
    bmp_route_begin(&buf, &peer);
    assert_int_equal(buf.bytes[7], 0xC0);
    buf_clear(&buf);
    peer.type = BMP_PEER_LOC_RIB; /* V and L mean nothing there */
    bmp_route_begin(&buf, &peer);
    assert_int_equal(buf.bytes[6], 3);
    assert_int_equal(buf.bytes[7], 0);
    buf_release(&buf);
}

static void test_peer_down(void **state)
{
    struct bmp_peer peer = peer_of();
    struct notification notification = notification_make(6, 2);
    struct bmp_down_reason sent = {.reason = BMP_DOWN_SENT, .notification = &notification};
    struct buf buf = empty();
    bmp_peer_down(&buf, &peer, &sent);
    static const uint8_t with_notification[] = {3, 0, 0, 0, 70, 2, PEER_BYTES(0, 0x40), 1, MARKER, 0, 21, 3, 6, 2};
    assert_is(&buf, with_notification, sizeof(with_notification));
    struct bmp_down_reason local = {.reason = BMP_DOWN_LOCAL, .fsm_event = 10};
    buf = empty();
    bmp_peer_down(&buf, &peer, &local);
    static const uint8_t with_event[] = {3, 0, 0, 0, 51, 2, PEER_BYTES(0, 0x40), 2, 0, 10};
    assert_is(&buf, with_event, sizeof(with_event));
    struct bmp_down_reason table = {.reason = BMP_DOWN_TABLE, .table = "x"};
    buf = empty();
    bmp_peer_down(&buf, &peer, &table);
    static const uint8_t with_name[] = {3, 0, 0, 0, 54, 2, PEER_BYTES(0, 0x40), 6, 0, 3, 0, 1, 'x'};
    assert_is(&buf, with_name, sizeof(with_name));
}

static void test_statistics(void **state)
{
    struct bmp_statistics statistics;
    struct bmp_peer peer = peer_of();
    struct buf buf = empty();
    bmp_statistics_begin(&statistics, &buf, &peer);
    bmp_statistics_u64(&statistics, BMP_STATISTIC_ADJ_RIB_IN, 0x0102030405060708);
    bmp_statistics_u32(&statistics, BMP_STATISTIC_WITHDRAW_UPDATES, 9);
    bmp_statistics_family(&statistics, BMP_STATISTIC_FAMILY_LOC_RIB, FAMILY_IPV6_UNICAST, 3);
    bmp_statistics_end(&statistics);
    static const uint8_t expected[] = {3, 0, 0, 0,  87, 1, PEER_BYTES(0, 0x40),
                                       0, 0, 0, 3,  0,  7, 0,
                                       8, 1, 2, 3,  4,  5, 6,
                                       7, 8, 0, 11, 0,  4, 0,
                                       0, 0, 9, 0,  10, 0, 11,
                                       0, 2, 1, 0,  0,  0, 0,
                                       0, 0, 0, 3};
    assert_is(&buf, expected, sizeof(expected));
}

static void test_a_message_that_would_be_too_long(void **state)
{
    static uint8_t attrs[65000], nlri[2000];
    struct buf buf = empty();
    struct update_parts parts = {.family = FAMILY_IPV4_UNICAST,
                                 .attrs = attrs,
                                 .attrs_length = sizeof(attrs),
                                 .nlri = nlri,
                                 .nlri_length = sizeof(nlri)};
    buf_u8(&buf, 7);
    assert_false(update_write(&buf, &parts));
    assert_int_equal(buf.length, 1);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiation_and_termination),
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_peer_down),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_a_message_that_would_be_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
