/* MRT records against bytes put together by hand from RFC 6396 and RFC 8050. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/family.h"
#include "wire/mrt.h"

enum { ROOM = 70000 };

/* clang-format off */
#define MARKER 0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff
#define ORIGIN_IGP_BYTES 0x40,1,1,0
#define PATH_65001 0x40,2,6, 2,1,0,0,0xfd,0xe9
#define HOP_198_18_0_2 198,18,0,2
#define HOP6 0x20,1,0xd,0xb8,0,0,0,0,0,0,0,0,0,0,0,9
/* peer AS 65001, local AS 65000, interface 0, AFI 1, 198.18.0.2 and 198.18.0.1 */
#define SESSION_BYTES 0,0,0xfd,0xe9, 0,0,0xfd,0xe8, 0,0, 0,1, 198,18,0,2, 198,18,0,1
/* clang-format on */

static const uint8_t block4[] = {ORIGIN_IGP_BYTES, PATH_65001, 0x40, 3, 4, HOP_198_18_0_2};
static const uint8_t block6[] = {ORIGIN_IGP_BYTES, PATH_65001, 0x40, 3, 16, HOP6};

static uint8_t memory[ROOM];

static struct buf empty(void)
{
    struct buf buf;
    buf_init_fixed(&buf, memory, sizeof(memory));
    return buf;
}

#define assert_bytes(buf, expected)                                    \
    do {                                                               \
        assert_false((buf)->failed);                                   \
        assert_int_equal((buf)->length, sizeof(expected));             \
        assert_memory_equal((buf)->bytes, expected, sizeof(expected)); \
    } while (0)

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, false, &prefix), 0);
    return prefix;
}

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(text, &addr), 0);
    return addr;
}

static void test_peer_index(void **state)
{
    struct mrt_peer_index index;
    struct buf buf = empty();
    struct addr nobody = {0}, four = addr_of("198.18.0.2"), six = addr_of("2001:db8::9");
    mrt_peer_index_begin(&index, &buf, 0x01020304, 0xc6120001);
    mrt_peer_index_add(&index, &nobody, 0, 0);
    mrt_peer_index_add(&index, &four, 65001, 0xc6120002);
    mrt_peer_index_add(&index, &six, 4200000000, 7);
    mrt_peer_index_end(&index);
    /* clang-format off */
    static const uint8_t expected[] = {
        1,2,3,4, 0,13, 0,1, 0,0,0,59,
        198,18,0,1, 0,0, 0,3, /* collector, no view name, three peers */
        2, 0,0,0,0, 0,0,0,0, 0,0,0,0,
        2, 198,18,0,2, 198,18,0,2, 0,0,0xfd,0xe9,
        3, 0,0,0,7, HOP6, 0xfa,0x56,0xea,0x00};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

static void test_rib_ipv4(void **state)
{
    struct mrt_rib_writer writer;
    struct buf buf = empty();
    struct mrt_rib_head head = {.timestamp = 5, .sequence = 6, .prefix = prefix_of("203.0.113.0/25")};
    struct mrt_rib_entry entry = {
        .peer_index = 1, .originated_at = 4, .path_id = 9, .attrs = block4, .attrs_length = sizeof(block4)};
    mrt_rib_begin(&writer, &buf, &head);
    mrt_rib_add(&writer, &entry);
    entry.peer_index = 0x0203;
    entry.attrs_length = 4;
    mrt_rib_add(&writer, &entry);
    mrt_rib_end(&writer);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,5, 0,13, 0,2, 0,0,0,51,
        0,0,0,6, 25, 203,0,113,0, 0,2,
        0,1, 0,0,0,4, 0,20, ORIGIN_IGP_BYTES, PATH_65001, 0x40,3,4, HOP_198_18_0_2,
        2,3, 0,0,0,4, 0,4, ORIGIN_IGP_BYTES};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

/* RFC 8050 4.1: the identifier stands behind the time. */
static void test_rib_add_path(void **state)
{
    struct mrt_rib_writer writer;
    struct buf buf = empty();
    struct mrt_rib_head head = {.prefix = prefix_of("0.0.0.0/0"), .add_path = true};
    struct mrt_rib_entry entry = {.originated_at = 4, .path_id = 0x01020304, .attrs = block4, .attrs_length = 4};
    mrt_rib_begin(&writer, &buf, &head);
    mrt_rib_add(&writer, &entry);
    mrt_rib_end(&writer);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,0, 0,13, 0,8, 0,0,0,23,
        0,0,0,0, 0, 0,1,
        0,0, 0,0,0,4, 1,2,3,4, 0,4, ORIGIN_IGP_BYTES};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

static void test_rib_ipv6(void **state)
{
    struct mrt_rib_writer writer;
    struct buf buf = empty();
    struct mrt_rib_head head = {.prefix = prefix_of("2001:db8::/32")};
    struct mrt_rib_entry entry = {.attrs = block6, .attrs_length = sizeof(block6)};
    mrt_rib_begin(&writer, &buf, &head);
    mrt_rib_add(&writer, &entry);
    mrt_rib_end(&writer);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,0, 0,13, 0,4, 0,0,0,61,
        0,0,0,0, 32, 0x20,1,0xd,0xb8, 0,1,
        0,0, 0,0,0,0, 0,42, ORIGIN_IGP_BYTES, PATH_65001,
            0x80,14,26, 0,2, 1, 16, HOP6, 0, 32, 0x20,1,0xd,0xb8};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

/* RFC 8950: an IPv6 next hop cannot stand in NEXT_HOP. */
static void test_rib_ipv4_with_ipv6_next_hop(void **state)
{
    struct mrt_rib_writer writer;
    struct buf buf = empty();
    struct mrt_rib_head head = {.prefix = prefix_of("10.0.0.0/8"), .add_path = true};
    struct mrt_rib_entry entry = {.attrs = block6, .attrs_length = sizeof(block6)};
    mrt_rib_begin(&writer, &buf, &head);
    mrt_rib_add(&writer, &entry);
    mrt_rib_end(&writer);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,0, 0,13, 0,8, 0,0,0,59,
        0,0,0,0, 8, 10, 0,1,
        0,0, 0,0,0,0, 0,0,0,0, 0,39, ORIGIN_IGP_BYTES, PATH_65001,
            0x80,14,23, 0,1, 1, 16, HOP6, 0, 8, 10};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

static struct mrt_session session_of(const char *peer, const char *local)
{
    return (struct mrt_session){
        .peer_as = 65001, .local_as = 65000, .peer = addr_of(peer), .local = local ? addr_of(local) : (struct addr){0}};
}

static void test_state_change(void **state)
{
    struct buf buf = empty();
    struct mrt_session session = session_of("198.18.0.2", "198.18.0.1");
    mrt_state_change(&buf, 7, &session, 5, 6);
    static const uint8_t expected[] = {0, 0, 0, 7, 0, 16, 0, 5, 0, 0, 0, 24, SESSION_BYTES, 0, 5, 0, 6};
    assert_bytes(&buf, expected);
}

static void test_state_change_without_a_local_address(void **state)
{
    struct buf buf = empty();
    struct mrt_session session = session_of("2001:db8::9", NULL);
    mrt_state_change(&buf, 7, &session, 1, 3);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,7, 0,16, 0,5, 0,0,0,48,
        0,0,0xfd,0xe9, 0,0,0xfd,0xe8, 0,0, 0,2, HOP6, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0,1, 0,3};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

static unsigned put_update(struct buf *buf, const struct update *update)
{
    unsigned too_long = 0;
    struct mrt_session session = session_of("198.18.0.2", "198.18.0.1");
    unsigned count = mrt_update(buf, 7, &session, update, &too_long);
    assert_int_equal(too_long, 0);
    return count;
}

/* Withdrawn and announced: a message each. */
static void test_update_ipv4(void **state)
{
    static const uint8_t gone[] = {8, 10}, there[] = {24, 203, 0, 113};
    struct buf buf = empty();
    struct update update = {
        .attrs = {.bytes = block4, .length = sizeof(block4)},
        .runs = {{.family = FAMILY_IPV4_UNICAST, .withdraw = true, .bytes = gone, .length = sizeof(gone), .count = 1},
                 {.family = FAMILY_IPV4_UNICAST, .bytes = there, .length = sizeof(there), .count = 1}},
        .run_count = 2,
        .end_of_rib = FAMILY_UNKNOWN};
    assert_int_equal(put_update(&buf, &update), 2);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,7, 0,16, 0,4, 0,0,0,45, SESSION_BYTES, MARKER, 0,25, 2, 0,2, 8,10, 0,0,
        0,0,0,7, 0,16, 0,4, 0,0,0,67, SESSION_BYTES, MARKER, 0,47, 2, 0,0,
            0,20, ORIGIN_IGP_BYTES, PATH_65001, 0x40,3,4, HOP_198_18_0_2, 24,203,0,113};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

static void test_update_ipv6_add_path(void **state)
{
    static const uint8_t gone[] = {0, 0, 0, 1, 16, 0x20, 1}, there[] = {0, 0, 0, 2, 32, 0x20, 1, 0xd, 0xb8};
    struct buf buf = empty();
    struct update update = {.attrs = {.bytes = block6, .length = sizeof(block6)},
                            .runs = {{.family = FAMILY_IPV6_UNICAST,
                                      .withdraw = true,
                                      .add_path = true,
                                      .multiprotocol = true,
                                      .bytes = gone,
                                      .length = sizeof(gone)},
                                     {.family = FAMILY_IPV6_UNICAST,
                                      .add_path = true,
                                      .multiprotocol = true,
                                      .bytes = there,
                                      .length = sizeof(there)}},
                            .run_count = 2,
                            .end_of_rib = FAMILY_UNKNOWN};
    assert_int_equal(put_update(&buf, &update), 2);
    /* clang-format off */
    static const uint8_t expected[] = {
        0,0,0,7, 0,16, 0,9, 0,0,0,57, SESSION_BYTES, MARKER, 0,37, 2, 0,0, 0,14,
            0x90,15,0,10, 0,2, 1, 0,0,0,1, 16, 0x20,1,
        0,0,0,7, 0,16, 0,9, 0,0,0,90, SESSION_BYTES, MARKER, 0,70, 2, 0,0, 0,47,
            0x90,14,0,30, 0,2, 1, 16, HOP6, 0, 0,0,0,2, 32,0x20,1,0xd,0xb8, ORIGIN_IGP_BYTES, PATH_65001};
    /* clang-format on */
    assert_bytes(&buf, expected);
}

static void test_end_of_rib(void **state)
{
    struct buf buf = empty();
    struct update update = {.end_of_rib = FAMILY_IPV4_UNICAST};
    assert_int_equal(put_update(&buf, &update), 1);
    static const uint8_t expected[] = {0,      0, 0,  7, 0, 16, 0, 4, 0, 0, 0, 43, SESSION_BYTES,
                                       MARKER, 0, 23, 2, 0, 0,  0, 0};
    assert_bytes(&buf, expected);
}

static void test_update_too_long_is_left_out(void **state)
{
    static uint8_t nlri[65520];
    unsigned too_long = 0;
    struct buf buf = empty();
    struct mrt_session session = session_of("198.18.0.2", "198.18.0.1");
    struct update update = {.attrs = {.bytes = block4, .length = sizeof(block4)},
                            .runs = {{.family = FAMILY_IPV4_UNICAST, .bytes = nlri, .length = sizeof(nlri)}},
                            .run_count = 1,
                            .end_of_rib = FAMILY_UNKNOWN};
    assert_int_equal(mrt_update(&buf, 7, &session, &update, &too_long), 0);
    assert_int_equal(too_long, 1);
    assert_int_equal(buf.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_index),
        cmocka_unit_test(test_rib_ipv4),
        cmocka_unit_test(test_rib_add_path),
        cmocka_unit_test(test_rib_ipv6),
        cmocka_unit_test(test_rib_ipv4_with_ipv6_next_hop),
        cmocka_unit_test(test_state_change),
        cmocka_unit_test(test_state_change_without_a_local_address),
        cmocka_unit_test(test_update_ipv4),
        cmocka_unit_test(test_update_ipv6_add_path),
        cmocka_unit_test(test_end_of_rib),
        cmocka_unit_test(test_update_too_long_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
