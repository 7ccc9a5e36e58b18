#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "attr/block.h"
#include "base/check.h"
#include "base/hash.h"

#define BLOCK(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* ORIGIN EGP, path "65001 65002 {65003,65004}", next hop 192.0.2.1, MED 5, LOCAL_PREF 200 */
#define FULL_BLOCK                                                                                                  \
    0x40, 1, 1, 1, 0x40, 2, 20, 2, 2, 0, 0, 0xFD, 0xE9, 0, 0, 0xFD, 0xEA, 1, 2, 0, 0, 0xFD, 0xEB, 0, 0, 0xFD, 0xEC, \
        0x40, 3, 4, 192, 0, 2, 1, 0x80, 4, 4, 0, 0, 0, 5, 0x40, 5, 4, 0, 0, 0, 200

static struct attr_summary summary_of(const uint8_t *bytes, size_t length)
{
    struct attr_block block;
    attr_block_of(bytes, (uint32_t)length, &block);
    assert_ptr_equal(block.bytes, bytes);
    assert_int_equal(block.length, length);
    assert_int_equal(block.hash, hash_bytes(bytes, length));
    return block.summary;
}

static void test_summary(void **state)
{
    struct attr_summary summary = summary_of(BLOCK(FULL_BLOCK));
    assert_int_equal(summary.origin, ORIGIN_EGP);
    assert_int_equal(summary.med, 5);
    assert_int_equal(summary.local_pref, 200);
    assert_int_equal(summary.neighbor_as, 65001);
    assert_int_equal(summary.origin_as, 0); /* ends in a set */
    assert_int_equal(summary.path_length, 3);
    assert_int_equal(summary.facts, ATTR_HAS_MED | ATTR_HAS_LOCAL_PREF | ATTR_PATH_HAS_SET);
}

static void test_summary_of_nothing(void **state)
{
    struct attr_summary summary = summary_of(BLOCK(0x40, 1, 1, 0, 0x40, 2, 0));
    assert_int_equal(summary.facts, ATTR_PATH_EMPTY);
    assert_int_equal(summary.local_pref, LOCAL_PREF_DEFAULT);
    assert_int_equal(summary.med, 0);
    assert_int_equal(summary.neighbor_as, 0);
    assert_int_equal(summary.origin_as, 0);
    assert_int_equal(summary.path_length, 0);
    assert_int_equal(summary_of(NULL, 0).facts, ATTR_PATH_EMPTY);
}

static void test_summary_of_confederation(void **state)
{
    /* (65001 65002) 7 8 */
    struct attr_summary summary =
        summary_of(BLOCK(0x40, 2, 20, 3, 2, 0, 0, 0xFD, 0xE9, 0, 0, 0xFD, 0xEA, 2, 2, 0, 0, 0, 7, 0, 0, 0, 8));
    assert_int_equal(summary.path_length, 2);
    assert_int_equal(summary.neighbor_as, 7);
    assert_int_equal(summary.origin_as, 8);
    assert_int_equal(summary.facts, ATTR_PATH_HAS_CONFED);
    /* [65001]: only confederation */
    summary = summary_of(BLOCK(0x40, 2, 6, 4, 1, 0, 0, 0xFD, 0xE9));
    assert_int_equal(summary.path_length, 0);
    assert_int_equal(summary.neighbor_as, 0);
    assert_int_equal(summary.origin_as, 0);
    assert_int_equal(summary.facts, ATTR_PATH_HAS_CONFED | ATTR_PATH_HAS_SET);
    /* {9} 7: starts with a set */
    summary = summary_of(BLOCK(0x40, 2, 12, 1, 1, 0, 0, 0, 9, 2, 1, 0, 0, 0, 7));
    assert_int_equal(summary.path_length, 2);
    assert_int_equal(summary.neighbor_as, 0);
    assert_int_equal(summary.origin_as, 7);
}

static void test_summary_of_communities(void **state)
{
    static const struct {
        uint32_t community;
        uint16_t fact;
    } cases[] = {
        {0xFFFF0000, ATTR_GRACEFUL_SHUTDOWN},
        {0xFFFF0006, ATTR_LLGR_STALE},
        {0xFFFF0007, ATTR_NO_LLGR},
        {0xFFFF029A, ATTR_BLACKHOLE},
        {0xFFFFFF01, ATTR_NO_EXPORT},
        {0xFFFFFF02, ATTR_NO_ADVERTISE},
        {0xFFFFFF03, ATTR_NO_EXPORT_SUBCONFED},
        {0xFFFFFF04, ATTR_NO_PEER},
        {0xFFFFFF05, 0},
        {0x00000001, 0},
        {0xFFFE0000, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t c = cases[i].community;
        struct attr_summary summary = summary_of(
            BLOCK(0xC0, 8, 8, 0xFD, 0xE9, 0, 1, (uint8_t)(c >> 24), (uint8_t)(c >> 16), (uint8_t)(c >> 8), (uint8_t)c));
        assert_int_equal(summary.facts, cases[i].fact | ATTR_PATH_EMPTY);
    }
}

static void test_summary_of_others(void **state)
{
    assert_int_equal(summary_of(BLOCK(0x80, 9, 4, 1, 2, 3, 4, 0x80, 10, 4, 1, 2, 3, 4)).facts,
                     ATTR_HAS_ORIGINATOR_ID | ATTR_PATH_EMPTY);
    assert_int_equal(summary_of(BLOCK(0xC0, 35, 4, 0, 0, 0, 1)).facts, ATTR_HAS_OTC | ATTR_PATH_EMPTY);
    assert_int_equal(summary_of(BLOCK(0x80, 200, 1, 0)).facts, ATTR_HAS_NON_TRANSITIVE | ATTR_PATH_EMPTY);
    assert_int_equal(summary_of(BLOCK(0x80, 26, 0)).facts, ATTR_HAS_NON_TRANSITIVE | ATTR_PATH_EMPTY);
    assert_int_equal(summary_of(BLOCK(0xC0, 200, 1, 0)).facts, ATTR_PATH_EMPTY);
}

/* Whatever the bytes, summing up stays inside them (the sanitizers look). */
static void test_random_bytes(void **state)
{
    srand(3);
    for (unsigned i = 0; i < 20000; i++) {
        size_t length = (size_t)rand() % 64;
        uint8_t *bytes = malloc(length + !length);
        for (size_t at = 0; at < length; at++)
            bytes[at] = (uint8_t)(rand() % 3 ? rand() % 12 : rand());
        struct attr_summary summary = summary_of(bytes, length);
        assert_true(summary.path_length <= length / 4);
        struct addr next_hop, link_local;
        attr_block_next_hop(bytes, (uint32_t)length, &next_hop, &link_local);
        attr_block_check(bytes, (uint32_t)length, NULL);
        struct attr_edit edit;
        struct buf out;
        attr_edit_init(&edit, bytes, (uint32_t)length);
        attr_edit_set(&edit, 0x80, ATTR_MED, "abcd", 4);
        attr_edit_remove(&edit, ATTR_ORIGIN);
        buf_init(&out, 1024);
        attr_edit_finish(&edit, &out);
        assert_true(out.length >= 7 && out.length <= length + 7);
        buf_release(&out);
        free(bytes);
    }
}

static void test_check(void **state)
{
    struct err err;
    assert_int_equal(attr_block_check(BLOCK(FULL_BLOCK), &err), 0);
    assert_int_equal(attr_block_check(NULL, 0, &err), 0);
    assert_int_equal(attr_block_check(BLOCK(0x80, 4, 4, 0, 0, 0, 1, 0x40, 1, 1, 0), &err), E_INVALID); /* order */
    assert_string_equal(err.text, "attribute 1 after 4");
    assert_int_equal(attr_block_check(BLOCK(0x40, 1, 1, 0, 0x40, 1, 1, 0), &err), E_INVALID); /* twice */
    assert_int_equal(attr_block_check(BLOCK(0x41, 1, 1, 0), &err), E_INVALID);                /* reserved bit */
    assert_int_equal(attr_block_check(BLOCK(0x50, 1, 0, 1, 0), &err), E_INVALID);             /* needless length */
    assert_int_equal(attr_block_check(BLOCK(0x40, 1, 1, 3), &err), E_INVALID);                /* ORIGIN 3 */
    assert_int_equal(attr_block_check(BLOCK(0x40, 1, 2, 0, 0), &err), E_INVALID);
    assert_int_equal(attr_block_check(BLOCK(0x40, 3, 5, 1, 2, 3, 4, 5), &err), E_INVALID);
    assert_int_equal(attr_block_check(BLOCK(0xC0, 8, 3, 1, 2, 3), &err), E_INVALID);
    assert_int_equal(attr_block_check(BLOCK(0xC0, 7, 6, 1, 2, 3, 4, 5, 6), &err), E_INVALID); /* 2-octet AGGREGATOR */
    assert_int_equal(attr_block_check(BLOCK(0x40, 2, 4, 2, 1, 0xFD, 0xE9), &err), E_INVALID); /* 2-octet path */
    assert_int_equal(attr_block_check(BLOCK(0x40, 2, 2, 2, 0), &err), E_INVALID);             /* empty segment */
    assert_int_equal(attr_block_check(BLOCK(0x40, 2, 6, 5, 1, 0, 0, 0, 1), &err), E_INVALID); /* segment type 5 */
    for (unsigned type = 14; type <= 18; type++) {
        int expected = type == ATTR_EXT_COMMUNITIES ? 0 : E_INVALID;
        assert_int_equal(attr_block_check(BLOCK(0xC0, (uint8_t)type, 8, 0, 2, 0, 0, 0, 0, 0, 0), &err), expected);
    }
    assert_int_equal(attr_block_check(BLOCK(0x40, 1, 1), &err), E_INVALID); /* cut short */
    assert_int_equal(attr_block_check(BLOCK(0x40), &err), E_INVALID);
}

static void test_put(void **state)
{
    static const uint8_t value[300] = {9};
    struct buf buf;
    buf_init(&buf, 1000);
    attr_put(&buf, 0x5F, 2, value, 255);
    assert_int_equal(buf.length, 258);
    assert_memory_equal(buf.bytes, ((const uint8_t[]){0x40, 2, 255, 9}), 4);
    attr_put(&buf, 0xC0, 8, value, 256);
    assert_int_equal(buf.length, 258 + 260);
    assert_memory_equal(buf.bytes + 258, ((const uint8_t[]){0xD0, 8, 1, 0, 9}), 5);
    attr_put(&buf, 0x40, 6, NULL, 0);
    assert_memory_equal(buf.bytes + 518, ((const uint8_t[]){0x40, 6, 0}), 3);
    attr_put(&buf, 0xC0, 32, value, 300);
    attr_put(&buf, 0xC0, 32, value, 300);
    assert_true(buf.failed);
    buf_release(&buf);
}

static void test_find_and_next_hop(void **state)
{
    struct attr_item item;
    assert_true(attr_find(BLOCK(FULL_BLOCK), ATTR_LOCAL_PREF, &item));
    assert_int_equal(item.length, 4);
    assert_int_equal(item.value[3], 200);
    assert_false(attr_find(BLOCK(FULL_BLOCK), ATTR_COMMUNITIES, &item));

    struct addr next_hop, link_local;
    char text[ADDR_TEXT_MAX];
    assert_true(attr_block_next_hop(BLOCK(FULL_BLOCK), &next_hop, &link_local));
    assert_string_equal(addr_format(&next_hop, text), "192.0.2.1");
    assert_int_equal(link_local.kind, ADDR_NONE);
    assert_true(attr_block_next_hop(BLOCK(0x40, 3, 32, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfe,
                                          0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
                                    &next_hop, &link_local));
    assert_string_equal(addr_format(&next_hop, text), "2001:db8::1");
    assert_string_equal(addr_format(&link_local, text), "fe80::2");
    assert_true(attr_block_next_hop(BLOCK(0x40, 3, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
                                    &next_hop, &link_local));
    assert_int_equal(next_hop.kind, ADDR_IPV6);
    assert_int_equal(link_local.kind, ADDR_NONE);
    assert_false(attr_block_next_hop(BLOCK(0x40, 1, 1, 0), &next_hop, &link_local));
    assert_int_equal(next_hop.kind, ADDR_NONE);
}

static void edit_assert(const struct attr_edit *edit, const uint8_t *expected, size_t length)
{
    struct buf out;
    buf_init(&out, 4096);
    attr_edit_finish(edit, &out);
    assert_false(out.failed);
    assert_int_equal(out.length, length);
    if (length)
        assert_memory_equal(out.bytes, expected, length);
    buf_release(&out);
}

static void test_edit(void **state)
{
    struct attr_edit edit;
    attr_edit_init(&edit, BLOCK(FULL_BLOCK));
    edit_assert(&edit, BLOCK(FULL_BLOCK));

    attr_edit_init(&edit, BLOCK(0x40, 1, 1, 0, 0x80, 4, 4, 0, 0, 0, 1, 0x40, 6, 0));
    attr_edit_set(&edit, 0x40, ATTR_LOCAL_PREF, "\0\0\0\7", 4);
    attr_edit_set(&edit, 0xC0, ATTR_COMMUNITIES, "abcd", 4);
    attr_edit_remove(&edit, ATTR_MED);
    attr_edit_remove(&edit, ATTR_ORIGINATOR_ID); /* not there */
    attr_edit_set(&edit, 0x40, ATTR_ORIGIN, "\1", 1);
    attr_edit_set(&edit, 0x40, ATTR_ORIGIN, "\2", 1); /* the later one holds */
    edit_assert(&edit, BLOCK(0x40, 1, 1, 2, 0x40, 5, 4, 0, 0, 0, 7, 0x40, 6, 0, 0xC0, 8, 4, 'a', 'b', 'c', 'd'));

    attr_edit_init(&edit, BLOCK(0x40, 1, 1, 0));
    attr_edit_set(&edit, 0x40, ATTR_ATOMIC_AGGREGATE, NULL, 0);
    edit_assert(&edit, BLOCK(0x40, 1, 1, 0, 0x40, 6, 0));
    attr_edit_remove(&edit, ATTR_ATOMIC_AGGREGATE);
    attr_edit_remove(&edit, ATTR_ORIGIN);
    edit_assert(&edit, NULL, 0);
}

/* Random edits against a table of values by type. */
static void test_edit_random(void **state)
{
    srand(5);
    for (unsigned round = 0; round < 3000; round++) {
        uint16_t lengths[40];
        bool present[40];
        struct buf before, expected, after;
        struct attr_edit edit;
        static const uint8_t zeros[400];
        buf_init(&before, 65536);
        buf_init(&expected, 65536);
        buf_init(&after, 65536);
        for (unsigned type = 0; type < 40; type++) {
            present[type] = rand() % 2;
            lengths[type] = (uint16_t)(rand() % 400);
            if (present[type])
                attr_put(&before, 0xC0, (uint8_t)type, zeros, lengths[type]);
        }
        attr_edit_init(&edit, before.bytes, (uint32_t)before.length);
        for (unsigned change = 0; change < ATTR_EDIT_MAX; change++) {
            unsigned type = (unsigned)rand() % 40;
            present[type] = rand() % 3;
            lengths[type] = (uint16_t)(rand() % 400);
            if (present[type])
                attr_edit_set(&edit, 0xC0, (uint8_t)type, zeros, lengths[type]);
            else
                attr_edit_remove(&edit, (uint8_t)type);
        }
        for (unsigned type = 0; type < 40; type++) {
            if (present[type])
                attr_put(&expected, 0xC0, (uint8_t)type, zeros, lengths[type]);
        }
        attr_edit_finish(&edit, &after);
        assert_int_equal(after.length, expected.length);
        if (expected.length)
            assert_memory_equal(after.bytes, expected.bytes, expected.length);
        buf_release(&before);
        buf_release(&expected);
        buf_release(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_summary_of_nothing),
        cmocka_unit_test(test_summary_of_confederation),
        cmocka_unit_test(test_summary_of_communities),
        cmocka_unit_test(test_summary_of_others),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_find_and_next_hop),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_edit_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
