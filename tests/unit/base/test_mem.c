#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"

static void test_counts_follow_allocations(void **state)
{
    struct mem_usage before = mem_usage(MEM_PEER), other = mem_usage(MEM_PATH);
    void *a = mem_alloc(MEM_PEER, 1000);
    char *b = mem_zalloc(MEM_PEER, 500);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(b[i], 0);
    assert_true(mem_usage(MEM_PEER).bytes >= before.bytes + 1500);
    assert_true(mem_usage(MEM_PEER).objects == before.objects + 2);
    assert_true(mem_usage(MEM_PATH).bytes == other.bytes);

    memset(a, 7, 1000);
    uint8_t *moved = mem_realloc(MEM_PEER, a, 100000);
    assert_int_equal(moved[999], 7);
    assert_true(mem_usage(MEM_PEER).bytes >= before.bytes + 100500);
    assert_true(mem_usage(MEM_PEER).objects == before.objects + 2);

    mem_free(MEM_PEER, moved);
    mem_free(MEM_PEER, b);
    mem_free(MEM_PEER, NULL);
    assert_true(mem_usage(MEM_PEER).bytes == before.bytes);
    assert_true(mem_usage(MEM_PEER).objects == before.objects);
}

static void test_realloc_of_nothing_allocates(void **state)
{
    uint64_t before = mem_usage(MEM_RPC).objects;
    void *memory = mem_realloc(MEM_RPC, NULL, 10);
    assert_true(mem_usage(MEM_RPC).objects == before + 1);
    memory = mem_realloc(MEM_RPC, memory, 0);
    assert_non_null(memory);
    mem_free(MEM_RPC, memory);
    assert_true(mem_usage(MEM_RPC).objects == before);

    void *empty = mem_alloc(MEM_RPC, 0);
    assert_non_null(empty);
    mem_free(MEM_RPC, empty);
}

static void test_strdup(void **state)
{
    char *copy = mem_strdup(MEM_CONFIG, "text");
    assert_string_equal(copy, "text");
    mem_free(MEM_CONFIG, copy);
}

static void test_account_moves_bytes_only(void **state)
{
    struct mem_usage before = mem_usage(MEM_PREFIX);
    mem_account(MEM_PREFIX, 4096);
    assert_true(mem_usage(MEM_PREFIX).bytes == before.bytes + 4096);
    assert_true(mem_usage(MEM_PREFIX).objects == before.objects);
    mem_account(MEM_PREFIX, -4096);
    assert_true(mem_usage(MEM_PREFIX).bytes == before.bytes);
}

static void test_kinds_have_distinct_names(void **state)
{
    for (int kind = 0; kind < MEM_KIND_COUNT; kind++) {
        assert_non_null(mem_kind_name((enum mem_kind)kind));
        for (int other = 0; other < kind; other++)
            assert_string_not_equal(mem_kind_name((enum mem_kind)kind), mem_kind_name((enum mem_kind)other));
    }
}

static unsigned pages_resident(void *from, size_t bytes)
{
    unsigned char present[64];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned count = 0;
    assert_true(bytes / page <= sizeof(present));
    assert_int_equal(mincore(from, bytes, present), 0);
    for (size_t i = 0; i < bytes / page; i++)
        count += present[i] & 1;
    return count;
}

static void test_reservation_costs_nothing_until_touched(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (size_t)1 << 36;
    uint8_t *memory = mem_reserve(size);
    assert_int_equal(pages_resident(memory, 8 * page), 0);
    memory[3 * page] = 1;
    assert_true(pages_resident(memory, 8 * page) >= 1);
    memory[size - 1] = 1;
    assert_int_equal(memory[2 * page], 0);
    mem_unreserve(memory, size);
    mem_unreserve(NULL, 0);
}

static void test_trim_clears_exactly_its_range(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 16 * page;
    static const size_t ranges[][2] = {{0, 0},       {0, 100},     {100, 200},   {1, 65535},
                                       {4096, 8192}, {4000, 4200}, {5000, 20000}};
    uint8_t *memory = mem_reserve(size);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        size_t from = ranges[i][0], to = ranges[i][1];
        memset(memory, 0xaa, size);
        mem_reserve_trim(memory + from, to - from);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(memory[at], at >= from && at < to ? 0 : 0xaa);
    }
    memset(memory, 0xaa, size);
    mem_reserve_trim(memory, size);
    assert_int_equal(pages_resident(memory, size), 0);
    mem_unreserve(memory, size);
}

static void test_arena_aligns_zeroes_and_keeps(void **state)
{
    struct arena arena;
    uint64_t before = mem_usage(MEM_OTHER).bytes;
    arena_init(&arena, 0);
    uint8_t *blocks[300];
    for (unsigned i = 0; i < 300; i++) {
        size_t size = i * 37 % 1500;
        blocks[i] = arena_alloc(&arena, size);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(blocks[i][at], 0);
        memset(blocks[i], (int)i, size);
    }
    uint8_t *large = arena_alloc(&arena, 3000000);
    memset(large, 1, 3000000);
    uint8_t *after = arena_alloc(&arena, 16);
    assert_non_null(after);
    for (unsigned i = 0; i < 300; i++) {
        for (size_t at = 0; at < i * 37 % 1500; at++)
            assert_int_equal(blocks[i][at], (uint8_t)i);
    }
    arena_release(&arena);
    assert_true(mem_usage(MEM_OTHER).bytes == before);
    assert_int_equal(arena.used_bytes, 0);
    arena_release(&arena);
}

static void test_arena_limit(void **state)
{
    struct arena arena;
    arena_init(&arena, 100);
    assert_non_null(arena_alloc(&arena, 96));
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_strdup(&arena, "x"));
    assert_null(arena_printf(&arena, "x"));
    arena_release(&arena);

    arena_init(&arena, 1 << 20);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 20));
    assert_null(arena_strndup(&arena, "x", SIZE_MAX));
    arena_release(&arena);
}

static void test_arena_texts(void **state)
{
    struct arena arena;
    arena_init(&arena, 0);
    assert_string_equal(arena_strdup(&arena, "whole"), "whole");
    assert_string_equal(arena_strndup(&arena, "cut off", 3), "cut");
    assert_string_equal(arena_strndup(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%d-%s", 5, "x"), "5-x");
    char *wide = arena_printf(&arena, "%10000d", 1);
    assert_int_equal(strlen(wide), 10000);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_follow_allocations),
        cmocka_unit_test(test_realloc_of_nothing_allocates),
        cmocka_unit_test(test_strdup),
        cmocka_unit_test(test_account_moves_bytes_only),
        cmocka_unit_test(test_kinds_have_distinct_names),
        cmocka_unit_test(test_reservation_costs_nothing_until_touched),
        cmocka_unit_test(test_trim_clears_exactly_its_range),
        cmocka_unit_test(test_arena_aligns_zeroes_and_keeps),
        cmocka_unit_test(test_arena_limit),
        cmocka_unit_test(test_arena_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
