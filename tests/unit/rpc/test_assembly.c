#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/assembly.h"

/* However the bytes are cut, the messages are the same. */
static void test_any_cut(void **state)
{
    static uint8_t bytes[20000];
    struct buf stream;
    uint8_t expected[200][2]; /* length, content */
    for (unsigned round = 0; round < 300; round++) {
        buf_init_fixed(&stream, bytes, sizeof(bytes));
        unsigned count = (unsigned)rand() % 60;
        for (unsigned i = 0; i < count; i++) {
            expected[i][0] = (uint8_t)(rand() % 3 ? rand() % 200 : 0);
            expected[i][1] = (uint8_t)rand();
            buf_u8(&stream, 0);
            buf_u32(&stream, expected[i][0]);
            memset(buf_extend(&stream, expected[i][0]), expected[i][1], expected[i][0]);
        }
        assert_false(stream.failed);
        struct rpc_assembly assembly;
        rpc_assembly_init(&assembly, 200);
        unsigned seen = 0;
        for (size_t at = 0; at < stream.length;) {
            size_t piece = 1 + (size_t)rand() % (round % 2 ? 7 : 500);
            if (piece > stream.length - at)
                piece = stream.length - at;
            struct cursor input = cursor_of(bytes + at, piece);
            struct cursor message;
            enum rpc_assembly_result result;
            while ((result = rpc_assembly_next(&assembly, &input, &message)) == RPC_ASSEMBLY_MESSAGE) {
                assert_true(seen < count);
                assert_int_equal(cursor_left(&message), expected[seen][0]);
                while (cursor_left(&message) > 0)
                    assert_int_equal(cursor_u8(&message), expected[seen][1]);
                seen++;
            }
            assert_int_equal(result, RPC_ASSEMBLY_NEEDS_MORE);
            assert_int_equal(cursor_left(&input), 0);
            assert_true(rpc_assembly_kept_bytes(&assembly) < 205);
            at += piece;
        }
        assert_int_equal(seen, count);
        assert_int_equal(rpc_assembly_kept_bytes(&assembly), 0);
        rpc_assembly_release(&assembly);
    }
}

static enum rpc_assembly_result result_of(const void *bytes, size_t length)
{
    struct rpc_assembly assembly;
    struct cursor message;
    enum rpc_assembly_result result = RPC_ASSEMBLY_NEEDS_MORE;
    rpc_assembly_init(&assembly, 100);
    /* In one piece, and byte by byte: the same. */
    struct cursor input = cursor_of(bytes, length);
    enum rpc_assembly_result whole = rpc_assembly_next(&assembly, &input, &message);
    rpc_assembly_release(&assembly);
    rpc_assembly_init(&assembly, 100);
    for (size_t i = 0; i < length && result == RPC_ASSEMBLY_NEEDS_MORE; i++) {
        input = cursor_of((const uint8_t *)bytes + i, 1);
        result = rpc_assembly_next(&assembly, &input, &message);
    }
    rpc_assembly_release(&assembly);
    assert_int_equal(result, whole);
    return whole;
}

static void test_refusals(void **state)
{
    assert_int_equal(result_of("\0\0\0\0\x65", 5), RPC_ASSEMBLY_TOO_LONG);
    assert_int_equal(result_of("\0\xff\xff\xff\xff", 5), RPC_ASSEMBLY_TOO_LONG);
    assert_int_equal(result_of("\1\0\0\0\1", 5), RPC_ASSEMBLY_COMPRESSED);
    assert_int_equal(result_of("\0\0\0\0\x64", 5), RPC_ASSEMBLY_NEEDS_MORE);
    assert_int_equal(result_of("\0\0\0\0\0", 5), RPC_ASSEMBLY_MESSAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_cut),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
