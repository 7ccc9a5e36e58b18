#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/id_table.h"

/* Keys are numbers; records an array of them, 0 = not in the table. */
struct records {
    uint64_t *keys;
};

static uint32_t key_hash(uint64_t key)
{
    key ^= key >> 31;
    key *= 0x9E3779B97F4A7C15ull;
    return (uint32_t)((key ^ key >> 29) * 0xBF58476D1CE4E5B9ull >> 32);
}

static uint32_t find(const struct id_table *table, const struct records *records, uint64_t key)
{
    struct id_probe probe;
    uint32_t id = id_probe_first(table, key_hash(key), &probe);
    while (id && records->keys[id] != key)
        id = id_probe_next(&probe);
    return id;
}

/* Against the array itself, with the number of entries swinging between few and many. */
static void test_random_against_model(void **state)
{
    enum { IDS = 60000, STEPS = 600000 };
    struct records records = {.keys = calloc(IDS + 1, sizeof(uint64_t))};
    struct id_table table;
    uint64_t count = 0;
    id_table_init(&table, MEM_OTHER);
    srand(11);
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t id = 1 + (uint32_t)rand() % IDS;
        bool growing = step / (STEPS / 4) % 2 == 0;
        uint64_t key = records.keys[id];
        if (key && (!growing || rand() % 8 == 0)) {
            assert_int_equal(find(&table, &records, key), id);
            id_table_remove(&table, key_hash(key), id);
            records.keys[id] = 0;
            count--;
            assert_int_equal(find(&table, &records, key), 0);
        } else if (!key && growing) {
            key = (uint64_t)id << 20 | ((uint64_t)step & 0xFFFFF);
            assert_int_equal(find(&table, &records, key), 0);
            records.keys[id] = key;
            assert_true(id_table_put(&table, key_hash(key), id));
            count++;
        }
        assert_int_equal(table.count, count);
    }
    for (uint32_t id = 1; id <= IDS; id++) {
        if (records.keys[id])
            assert_int_equal(find(&table, &records, records.keys[id]), id);
    }
    id_table_release(&table);
    free(records.keys);
}

/* No single operation makes or drops more than one segment, runs of full buckets stay short, and emptying gives all
 * back.
 */
static void test_operations_are_bounded(void **state)
{
    enum { IDS = 400000 };
    struct records records = {.keys = calloc(IDS + 1, sizeof(uint64_t))};
    struct id_table table;
    id_table_init(&table, MEM_OTHER);
    uint64_t empty_bytes = id_table_bytes(&table);
    for (uint32_t id = 1; id <= IDS; id++) {
        uint64_t slots = table.slot_count;
        records.keys[id] = id * 3ull;
        assert_true(id_table_put(&table, key_hash(records.keys[id]), id));
        assert_in_range(table.slot_count - slots, 0, ID_TABLE_SEGMENT_SLOTS);
        assert_true(id < 64 || table.count * 10 >= table.slot_count * 4);
    }
    assert_true(table.count * 8 <= table.slot_count * 7);
    assert_in_range(id_table_longest_search(&table), 1, 40);
    for (uint32_t id = 1; id <= IDS; id++) {
        uint64_t slots = table.slot_count;
        id_table_remove(&table, key_hash(records.keys[id]), id);
        assert_in_range(slots - table.slot_count, 0, ID_TABLE_SEGMENT_SLOTS);
    }
    assert_in_range(id_table_bytes(&table), 1, empty_bytes + 10 * 65536);
    id_table_release(&table);
    free(records.keys);
}

/* More equal hashes than a segment holds: refused, and the table stays whole. */
static void test_degenerate_hash_is_refused(void **state)
{
    struct id_table table;
    id_table_init(&table, MEM_OTHER);
    uint32_t id = 1;
    while (id_table_put(&table, 0x12345678, id))
        id++;
    assert_in_range(id - 1, ID_TABLE_SEGMENT_SLOTS / 4, ID_TABLE_SEGMENT_SLOTS);
    struct id_probe probe;
    uint32_t seen = 0;
    for (uint32_t at = id_probe_first(&table, 0x12345678, &probe); at; at = id_probe_next(&probe))
        seen++;
    assert_int_equal(seen, id - 1);
    id_table_release(&table);
}

/* At both ends of the hashes there are, where slots that are nobody's home and empty ones could be mistaken. */
static void test_first_and_last_hashes(void **state)
{
    enum { IDS = 300 };
    static const uint32_t hashes[] = {0, 1, UINT32_MAX, UINT32_MAX - 1, 0x7FFFFFFF, 0x80000000};
    struct id_table table;
    id_table_init(&table, MEM_OTHER);
    for (uint32_t id = 1; id <= IDS; id++)
        assert_true(id_table_put(&table, hashes[id % 6], id));
    for (uint32_t round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 6; i++) {
            struct id_probe probe;
            uint32_t seen = 0;
            for (uint32_t id = id_probe_first(&table, hashes[i], &probe); id; id = id_probe_next(&probe)) {
                assert_int_equal(id % 6, i);
                seen++;
            }
            assert_int_equal(seen, round ? IDS / 12 : IDS / 6);
        }
        for (uint32_t id = 1; id <= IDS / 2 && !round; id++)
            id_table_remove(&table, hashes[id % 6], id);
    }
    id_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_against_model),
        cmocka_unit_test(test_operations_are_bounded),
        cmocka_unit_test(test_degenerate_hash_is_refused),
        cmocka_unit_test(test_first_and_last_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
