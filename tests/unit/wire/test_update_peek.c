#include "wire/update_peek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ORIGIN 0x40, 0x01, 0x01, 0x00
#define MP_REACH 0x90, 0x0E, 0x00, 0x0D, 0x00, 0x02, 0x01, 0x04, 1, 2, 3, 4, 0x00, 0x10, 0x20, 0x01, 0x00
#define MP_UNREACH 0x80, 0x0F, 0x06, 0x00, 0x02, 0x01, 0x10, 0x20, 0x01

static bool peek_at(const uint8_t *bytes, size_t length, struct update_peek *peek)
{
    uint8_t *exact = malloc(length); /* so that a read beyond is seen */
    memcpy(exact, bytes, length);
    bool found = update_peek(exact, length, peek);
    if (found)
        peek->nlri = bytes + (peek->nlri - exact);
    free(exact);
    return found;
}

#define PEEK(...) peek_at((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), &peek)

static void test_fields(void **state)
{
    struct update_peek peek;
    (void)state;
    static const uint8_t both[] = {0, 2, 8, 10, 0, 4, ORIGIN, 16, 10, 1, 8, 11};
    assert_true(peek_at(both, sizeof(both), &peek));
    assert_int_equal(peek.family, FAMILY_IPV4_UNICAST);
    assert_ptr_equal(peek.nlri, both + 10);
    assert_int_equal(peek.length, 5);
    static const uint8_t withdrawn[] = {0, 2, 8, 10, 0, 0};
    assert_true(peek_at(withdrawn, sizeof(withdrawn), &peek));
    assert_ptr_equal(peek.nlri, withdrawn + 2);
    assert_int_equal(peek.length, 2);
    assert_false(PEEK(0, 0, 0, 0)); /* End-of-RIB */
    assert_false(PEEK(0, 0, 0, 4, ORIGIN));
}

static void test_multiprotocol(void **state)
{
    struct update_peek peek;
    (void)state;
    static const uint8_t reach[] = {0, 0, 0, 21, ORIGIN, MP_REACH};
    assert_true(peek_at(reach, sizeof(reach), &peek));
    assert_int_equal(peek.family, FAMILY_IPV6_UNICAST);
    assert_ptr_equal(peek.nlri, reach + sizeof(reach) - 4);
    assert_int_equal(peek.length, 4);
    static const uint8_t unreach[] = {0, 0, 0, 13, ORIGIN, MP_UNREACH};
    assert_true(peek_at(unreach, sizeof(unreach), &peek));
    assert_ptr_equal(peek.nlri, unreach + sizeof(unreach) - 3);
    assert_int_equal(peek.length, 3);
    assert_false(PEEK(0, 0, 0, 6, 0x80, 0x0F, 0x03, 0x00, 0x02, 0x01));       /* End-of-RIB */
    assert_false(PEEK(0, 0, 0, 7, 0x80, 0x0F, 0x04, 0x00, 0x63, 0x63, 0x01)); /* a family nobody knows */
}

/* Whatever ends too early has no prefixes. */
static void test_cut_short(void **state)
{
    struct update_peek peek;
    (void)state;
    static const uint8_t reach[] = {0, 0, 0, 21, ORIGIN, MP_REACH};
    for (size_t length = 0; length < sizeof(reach); length++)
        assert_false(peek_at(reach, length, &peek));
    assert_false(PEEK(0, 9, 8, 10, 0, 0));
    assert_false(PEEK(0, 0, 0, 9, ORIGIN, 16, 10, 1));
    assert_false(PEEK(0, 0, 0, 4, 0x80, 0x0E, 0xFF, 0x00));
    assert_false(PEEK(0, 0, 0, 7, 0x80, 0x0E, 0x04, 0x00, 0x02, 0x01, 0xFF)); /* a next hop longer than the rest */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_multiprotocol),
        cmocka_unit_test(test_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
