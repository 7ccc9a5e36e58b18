#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "wire/as4.h"
#include "wire/update.h"

enum { ROOM = 4096 };

/* The 4-octet path a text stands for, in `memory`. */
static struct buf path_of(const char *text, uint8_t *memory)
{
    struct buf buf;
    buf_init_fixed(&buf, memory, ROOM);
    if (as_path_parse(text, &buf) < 0)
        fail_msg("%s is no AS path", text);
    return buf;
}

static void assert_path(const struct buf *path, const char *expected)
{
    char text[ROOM];
    struct str str = str_over(text, sizeof(text));
    as_path_format(path->bytes, (uint16_t)path->length, &str);
    assert_string_equal(text, expected);
}

/* What a 2-octet path (numbers below 65536) and an AS4_PATH give. `as4` NULL: none. */
static void assert_merges(const char *old, const char *as4, const char *expected)
{
    uint8_t wide_memory[ROOM], old_memory[ROOM], as4_memory[ROOM], out_memory[ROOM];
    struct buf wide = path_of(old, wide_memory), narrow, as4_path = {0}, out;
    buf_init_fixed(&narrow, old_memory, ROOM);
    buf_init_fixed(&out, out_memory, ROOM);
    assert_false(as_path_two_octet(wide.bytes, (uint16_t)wide.length, &narrow));
    if (as4)
        as4_path = path_of(as4, as4_memory);
    as_path_merge(narrow.bytes, (uint16_t)narrow.length, as4 ? as4_path.bytes : NULL, (uint16_t)as4_path.length, &out);
    assert_false(out.failed);
    assert_path(&out, expected);
}

static void test_merge(void **state)
{
    assert_merges("", NULL, "");
    assert_merges("65001 65002", NULL, "65001 65002");
    assert_merges("65001 23456 65003", "70000 65003", "65001 70000 65003");
    assert_merges("65001 23456 23456", "70000 80000", "65001 70000 80000");
    assert_merges("23456 23456", "70000 80000", "70000 80000");
    /* longer than the path: stale */
    assert_merges("65001 23456", "65001 70000 80000", "65001 23456");
    /* a set counts one, on both sides */
    assert_merges("65001 23456 {23456,65004}", "70000 {80000,65004}", "65001 70000 {80000,65004}");
    assert_merges("65001 {65002,65003} 23456", "70000", "65001 {65002,65003} 70000");
    assert_merges("{65002,65003} 23456", "70000 80000", "70000 80000");
    /* confederation segments in front stay, those in AS4_PATH go */
    assert_merges("(64512 64513) 65001 23456", "70000", "(64512 64513) 65001 70000");
    assert_merges("(64512) 23456", "70000", "(64512) 70000");
    assert_merges("65001 (64512) 23456", "70000", "65001 (64512) 70000");
    assert_merges("65001 23456", "(64512) 70000", "65001 70000");
    assert_merges("65001 23456", "(64512)", "65001 23456");
}

static void test_join_only_while_there_is_room(void **state)
{
    uint8_t old[2 + 2 * 255], as4[6] = {SEGMENT_AS_SEQUENCE, 1, 0, 1, 0x11, 0x70}, memory[ROOM];
    for (unsigned count = 254; count <= 255; count++) {
        struct buf out;
        buf_init_fixed(&out, memory, ROOM);
        old[0] = SEGMENT_AS_SEQUENCE;
        old[1] = (uint8_t)count;
        for (unsigned i = 0; i < count; i++) {
            old[2 + 2 * i] = 0xfd;
            old[3 + 2 * i] = 0xe9;
        }
        as_path_merge(old, (uint16_t)(2 + 2 * count), as4, sizeof(as4), &out);
        assert_int_equal(out.length, 2 + 4 * count);
        assert_int_equal(out.bytes[1], count);
        assert_memory_equal(out.bytes + out.length - 4, as4 + 2, 4);
    }
    /* 255 old ones and 255 new ones of which none is shared: two segments */
    uint8_t long_old[2 * (2 + 2 * 255)], long_as4[2 + 4 * 255];
    for (unsigned i = 0; i < sizeof(long_old); i++)
        long_old[i] = i % (2 + 2 * 255) == 0 ? SEGMENT_AS_SEQUENCE : 255;
    memset(long_as4, 1, sizeof(long_as4));
    long_as4[0] = SEGMENT_AS_SEQUENCE;
    long_as4[1] = 255;
    struct buf out;
    buf_init_fixed(&out, memory, ROOM);
    as_path_merge(long_old, sizeof(long_old), long_as4, sizeof(long_as4), &out);
    assert_int_equal(out.length, 2 * (2 + 4 * 255));
}

static void test_two_octets(void **state)
{
    uint8_t memory[ROOM], narrow_memory[ROOM], as4_memory[ROOM];
    struct buf narrow, as4, path = path_of("(70000 64512) 65001 70000 {65002,80000}", memory);
    buf_init_fixed(&narrow, narrow_memory, ROOM);
    buf_init_fixed(&as4, as4_memory, ROOM);
    assert_true(as_path_two_octet(path.bytes, (uint16_t)path.length, &narrow));
    as4_path_of(path.bytes, (uint16_t)path.length, &as4);
    assert_path(&as4, "65001 70000 {65002,80000}");
    static const uint8_t expected[] = {3,    2,    0x5b, 0xa0, 0xfc, 0x00, 2,    2,    0xfd,
                                       0xe9, 0x5b, 0xa0, 1,    2,    0xfd, 0xea, 0x5b, 0xa0};
    assert_int_equal(narrow.length, sizeof(expected));
    assert_memory_equal(narrow.bytes, expected, sizeof(expected));
    /* and back: the confederation's big number alone is lost */
    uint8_t out_memory[ROOM];
    struct buf out;
    buf_init_fixed(&out, out_memory, ROOM);
    as_path_merge(narrow.bytes, (uint16_t)narrow.length, as4.bytes, (uint16_t)as4.length, &out);
    assert_path(&out, "(23456 64512) 65001 70000 {65002,80000}");
}

static void test_scan(void **state)
{
    struct as_path_facts facts;
    uint8_t memory[ROOM];
    struct buf path = path_of("(64512) 65001 65002 {65003,65004} [64513]", memory);
    assert_null(as_path_scan(path.bytes, (uint16_t)path.length, 4, &facts));
    assert_int_equal(facts.numbers, 6);
    assert_int_equal(facts.hops, 3);
    assert_int_equal(facts.first_type, SEGMENT_CONFED_SEQUENCE);
    assert_int_equal(facts.first_as, 64512);
    assert_true(facts.has_set && facts.has_confed);
    assert_null(as_path_scan(path.bytes, 0, 4, &facts));
    assert_int_equal(facts.first_type, 0);
    /* every cut but those between segments is found, and so is every zeroed number */
    unsigned whole = 0;
    for (unsigned length = 1; length < path.length; length++)
        whole += !as_path_scan(path.bytes, (uint16_t)length, 4, &facts);
    assert_int_equal(whole, 3);
    memset(path.bytes + 2, 0, 4);
    assert_string_equal(as_path_scan(path.bytes, (uint16_t)path.length, 4, &facts), "AS 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_join_only_while_there_is_room),
        cmocka_unit_test(test_two_octets),
        cmocka_unit_test(test_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
