#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "net/nlri.h"
#include "rib/prefix_table.h"

static struct prefix_key key_ipv4(uint32_t address, uint8_t length)
{
    struct prefix_key key = {.length = length};
    uint32_t masked = length ? address & ~0u << (32 - length) : 0;
    uint32_t wire = __builtin_bswap32(masked);
    memcpy(key.bytes, &wire, sizeof(wire));
    return key;
}

/* The nth of many prefixes; IPv6 ones differ in all parts of the address. */
static struct prefix_key key_number(enum addr_kind kind, uint32_t n)
{
    if (kind == ADDR_IPV4)
        return key_ipv4(n << 8, n % 4 ? 24 : 32);
    struct prefix_key key = {.bytes = {0x20, 0x01}, .length = n % 4 ? 48 : 128};
    for (unsigned i = 0; i < 4; i++)
        key.bytes[(key.length == 48 ? 2 : 12) + i] = (uint8_t)(n >> 8 * (3 - i));
    return key;
}

static uint32_t add(struct prefix_table *table, const struct prefix_key *key)
{
    uint32_t id = prefix_table_get_or_add(table, key->bytes, key->length);
    assert_int_not_equal(id, 0);
    return id;
}

static void test_rows(void **state)
{
    struct prefix_table *table = prefix_table_new(ADDR_IPV4);
    struct prefix_key eight = key_ipv4(0x0A000000, 8), sixteen = key_ipv4(0x0A000000, 16), any = key_ipv4(0, 0);
    assert_int_equal(prefix_table_find(table, eight.bytes, 8), 0);
    uint32_t id = add(table, &eight);
    assert_int_equal(id, 1);
    assert_int_equal(add(table, &eight), id);
    assert_int_equal(table->row_count, 1);
    assert_int_not_equal(add(table, &sixteen), id);
    assert_int_not_equal(add(table, &any), id);
    const struct rib_row *row = prefix_table_row(table, id);
    assert_true(row->best_rank == UINT64_MAX);
    assert_int_equal(row->paths, 0);
    assert_int_equal(row->path_count, 0);
    assert_int_equal(row->chunk_class, 0);
    assert_int_equal(row->length, 8);
    struct prefix prefix = prefix_table_prefix(table, id);
    char text[PREFIX_TEXT_MAX];
    assert_string_equal(prefix_format(&prefix, text), "10.0.0.0/8");
    assert_ptr_equal((const uint8_t *)prefix_table_row(table, 2) - (const uint8_t *)row, 32);
    uint64_t generation = table->generation;
    prefix_table_remove(table, id);
    assert_true(table->generation > generation);
    assert_int_equal(row->length, ROW_FREED);
    assert_int_equal(prefix_table_find(table, eight.bytes, 8), 0);
    assert_int_equal(table->row_count, 2);
    assert_int_equal(prefix_table_next(table, 0), 2);
    assert_int_equal(prefix_table_next(table, 2), 3);
    assert_int_equal(prefix_table_next(table, 3), 0);
    prefix_table_row(table, 2)->paths = 77; /* rows come back clean */
    prefix_table_remove(table, 2);
    assert_int_equal(add(table, &eight), 2);
    assert_int_equal(prefix_table_row(table, 2)->paths, 0);
    prefix_table_free(table);

    table = prefix_table_new(ADDR_IPV6);
    struct prefix_key host = key_number(ADDR_IPV6, 4);
    add(table, &host);
    assert_ptr_equal((uint8_t *)prefix_table_row(table, 2) - (uint8_t *)prefix_table_row(table, 1), 48);
    prefix = prefix_table_prefix(table, 1);
    assert_string_equal(prefix_format(&prefix, text), "2001::4/128");
    prefix_table_free(table);
}

/* Random keys in one batch, one of them, if there, removed between two steps; returns how many rows more there are. */
static int model_batch(struct prefix_table *table, uint32_t *ids, uint32_t count)
{
    struct prefix_batch batch = {.count = 1 + (uint32_t)rand() % PREFIX_BATCH};
    uint32_t numbers[PREFIX_BATCH];
    int more = 0;
    for (uint32_t i = 0; i < batch.count; i++) {
        numbers[i] = (uint32_t)rand() % count;
        batch.keys[i] = key_number(table->kind, numbers[i]);
    }
    prefix_batch_ask_slots(table, &batch);
    if (rand() % 2)
        prefix_batch_ask_rows(table, &batch);
    if (rand() % 2 && ids[numbers[0]]) {
        prefix_table_remove(table, ids[numbers[0]]);
        ids[numbers[0]] = 0;
        more--;
    }
    prefix_batch_find(table, &batch);
    for (uint32_t i = 0; i < batch.count; i++)
        assert_int_equal(batch.ids[i], ids[numbers[i]]);
    prefix_batch_get_or_add(table, &batch);
    for (uint32_t i = 0; i < batch.count; i++) {
        more += !ids[numbers[i]];
        assert_int_not_equal(batch.ids[i], 0);
        assert_true(!ids[numbers[i]] || ids[numbers[i]] == batch.ids[i]);
        ids[numbers[i]] = batch.ids[i];
    }
    return more;
}

static void random_model(enum addr_kind kind)
{
    enum { KEYS = 30000, STEPS = 400000 };
    uint32_t *ids = calloc(KEYS, sizeof(*ids)); /* of key n; 0 = not in the table */
    struct prefix_table *table = prefix_table_new(kind);
    uint32_t rows = 0;
    srand(23);
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t n = (uint32_t)rand() % KEYS;
        struct prefix_key key = key_number(kind, n);
        assert_int_equal(prefix_table_find(table, key.bytes, key.length), ids[n]);
        bool growing = step / (STEPS / 8) % 2 == 0;
        if (rand() % 5 < (growing ? 4 : 1)) {
            uint32_t id = add(table, &key);
            rows += !ids[n];
            assert_true(!ids[n] || id == ids[n]);
            ids[n] = id;
        } else if (ids[n]) {
            prefix_table_remove(table, ids[n]);
            ids[n] = 0;
            rows--;
        }
        assert_int_equal(table->row_count, rows);
        if (step % 1000 == 0)
            rows += (uint32_t)model_batch(table, ids, KEYS);
    }
    uint32_t walked = 0, last = 0;
    for (uint32_t id = prefix_table_next(table, 0); id; id = prefix_table_next(table, id)) {
        assert_true(id > last && id <= prefix_table_highest(table));
        last = id;
        walked++;
    }
    assert_int_equal(walked, rows);
    uint64_t by_length = 0;
    for (unsigned length = 0; length <= 128; length++)
        by_length += table->length_counts[length];
    assert_int_equal(by_length, rows);
    for (uint32_t n = 0; n < KEYS; n++) {
        if (!ids[n])
            continue;
        struct prefix_key key = key_number(kind, n);
        const struct rib_row *row = prefix_table_row(table, ids[n]);
        assert_int_equal(row->length, key.length);
        assert_memory_equal(row->key, key.bytes, table->key_bytes);
    }
    prefix_table_free(table);
    free(ids);
}

static void test_random_against_model(void **state)
{
    random_model(ADDR_IPV4);
    random_model(ADDR_IPV6);
}

/* A walk survives removal and addition, and skips pages that were given back. */
/* Keys read straight from NLRI are those of the prefixes read the careful way, broken bytes included. */
static void test_keys_from_nlri(void **state)
{
    (void)state;
    srand(7);
    for (unsigned round = 0; round < 20000; round++) {
        enum addr_kind kind = round % 2 ? ADDR_IPV4 : ADDR_IPV6;
        uint8_t *bytes = malloc(64); /* reading past the end is for the sanitizer to see */
        size_t length = (size_t)rand() % 64;
        for (size_t i = 0; i < length; i++)
            bytes[i] = rand() % 3 ? (uint8_t)(rand() % 34) : (uint8_t)rand();
        uint8_t *run = memmove(bytes + 64 - length, bytes, length);
        struct cursor quick = cursor_of(run, length), careful = quick;
        struct prefix_key key;
        struct nlri nlri;
        while (nlri_next(&careful, kind, false, &nlri)) {
            assert_true(prefix_key_next(&quick, kind, &key));
            assert_int_equal(key.length, nlri.prefix.length);
            assert_memory_equal(key.bytes, nlri.prefix.addr.bytes, kind == ADDR_IPV4 ? 4 : 16);
            assert_ptr_equal(quick.at, careful.at);
        }
        assert_false(prefix_key_next(&quick, kind, &key));
        assert_int_equal(quick.failed, careful.failed);
        free(bytes);
    }
}

static void test_walk_under_change(void **state)
{
    enum { ROWS = 50000 };
    struct prefix_table *table = prefix_table_new(ADDR_IPV4);
    for (uint32_t n = 0; n < ROWS; n++) {
        struct prefix_key key = key_number(ADDR_IPV4, n);
        assert_int_equal(add(table, &key), n + 1);
    }
    uint32_t walked = 0;
    for (uint32_t id = prefix_table_next(table, 0); id; id = prefix_table_next(table, id)) {
        walked++;
        prefix_table_remove(table, id);
        if (id == 1000) {
            for (uint32_t gone = 2000; gone < 48000; gone++)
                prefix_table_remove(table, gone);
        }
    }
    assert_int_equal(walked, ROWS - 46000);
    assert_int_equal(table->row_count, 0);
    prefix_table_free(table);
}

static void test_memory_goes_back(void **state)
{
    enum { ROWS = 200000 };
    uint64_t before = mem_usage(MEM_PREFIX).bytes;
    struct prefix_table *table = prefix_table_new(ADDR_IPV4);
    uint64_t empty = prefix_table_bytes(table), full = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t n = 0; n < ROWS; n++) {
            struct prefix_key key = key_number(ADDR_IPV4, n + round * 1000);
            add(table, &key);
        }
        if (round == 0)
            full = prefix_table_bytes(table);
        assert_in_range(full, ROWS * (32 + 8 / 0.85), ROWS * (32 + 8 / 0.5) + 65536);
        assert_in_range(prefix_table_bytes(table), full * 97 / 100, full * 103 / 100);
        for (uint32_t n = 0; n < ROWS; n++) {
            struct prefix_key key = key_number(ADDR_IPV4, n + round * 1000);
            prefix_table_remove(table, prefix_table_find(table, key.bytes, key.length));
        }
        /* what is kept warm, the directory and the smallest segments */
        assert_in_range(prefix_table_bytes(table), empty, full / 8);
    }
    prefix_table_free(table);
    assert_int_equal(mem_usage(MEM_PREFIX).bytes, before);
}

/* Prefixes that all meet in one place under one seed are scattered under another: knowing the hash function without
 * the seed gains nothing. */
static void test_hash_flood(void **state)
{
    enum { KEYS = 2000 };
    struct prefix_key *keys = calloc(KEYS, sizeof(*keys));
    hash_set_seed(1);
    struct prefix_table *known = prefix_table_new(ADDR_IPV4);
    unsigned count = 0;
    for (uint32_t n = 0; count < KEYS; n++) {
        struct prefix_key key = key_ipv4(n, 32);
        /* the first bucket of any segment, and of those that come of splitting it a few times */
        if (id_bucket_home(prefix_table_hash(known, key.bytes, 32), 0, 4096) == 0)
            keys[count++] = key;
    }
    hash_set_seed(2);
    struct prefix_table *secret = prefix_table_new(ADDR_IPV4);
    for (unsigned i = 0; i < KEYS; i++) {
        add(known, &keys[i]);
        add(secret, &keys[i]);
    }
    assert_true(id_table_longest_search(&known->ids) > KEYS / 2 / ID_BUCKET_SLOTS); /* the flood is one */
    assert_true(id_table_longest_search(&secret->ids) < 8);
    prefix_table_free(known);
    prefix_table_free(secret);
    free(keys);
}

/* Prefixes as they really come, in rows and columns: runs of full buckets stay as short as with random ones. */
static void test_regular_prefixes_spread(void **state)
{
    enum { ROWS = 200000 };
    for (unsigned shape = 0; shape < 6; shape++) {
        struct prefix_table *table = prefix_table_new(shape < 3 ? ADDR_IPV4 : ADDR_IPV6);
        for (uint32_t n = 0; n < ROWS; n++) {
            struct prefix_key key = {0};
            uint32_t shifted = __builtin_bswap32(shape % 3 == 0 ? n : shape % 3 == 1 ? n << 8 : n << 14);
            key.length = shape % 3 == 0 ? 32 : 24;
            memcpy(key.bytes + (shape == 4 ? 4 : shape == 5 ? 12 : 0), &shifted, 4);
            if (shape >= 3)
                key.length = 128;
            add(table, &key);
        }
        assert_int_equal(table->row_count, ROWS);
        assert_true(id_table_longest_search(&table->ids) < 40);
        prefix_table_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_random_against_model),
        cmocka_unit_test(test_keys_from_nlri),
        cmocka_unit_test(test_walk_under_change),
        cmocka_unit_test(test_memory_goes_back),
        cmocka_unit_test(test_hash_flood),
        cmocka_unit_test(test_regular_prefixes_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
