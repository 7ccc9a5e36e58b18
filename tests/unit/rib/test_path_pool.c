#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "rib/path_pool.h"

static void test_chunk_classes(void **state)
{
    for (unsigned wide = 0; wide < 2; wide++) {
        unsigned most = wide ? PATH_WIDE_MAX : PATH_NARROW_MAX;
        uint8_t last = 0;
        for (unsigned count = 1; count <= most; count++) {
            uint8_t class = path_chunk_for(count, wide);
            assert_int_not_equal(class & ~PATH_CHUNK_WIDE, PATH_CHUNK_NONE);
            assert_int_equal(path_chunk_is_wide(class), wide);
            assert_true(path_chunk_capacity(class) >= count);
            assert_true(count == 1 || path_chunk_capacity(class) < 2 * count || count > most / 2);
            assert_true(class >= last);
            if (class != last && last)
                assert_true(path_chunk_capacity(last) < count); /* the smallest that fits */
            last = class;
        }
        assert_int_equal(path_chunk_for(most + 1, wide), PATH_CHUNK_NONE);
        assert_int_equal(path_chunk_for(0, wide), PATH_CHUNK_NONE);
    }
    assert_int_equal(path_chunk_capacity(PATH_CHUNK_NONE), 0);
}

static void test_widen_and_narrow(void **state)
{
    struct path_pool pool;
    path_pool_init(&pool);
    uint8_t narrow = path_chunk_for(5, false), wide = path_chunk_for(5, true);
    uint32_t place = path_pool_alloc(&pool, narrow);
    for (unsigned i = 0; i < 5; i++)
        path_pool_narrow(&pool, place)[i] =
            (struct path_narrow){.attr = i, .peer = (uint16_t)(10 + i), .flags = (uint16_t)(20 + i)};
    place = path_pool_move(&pool, place, narrow, wide, 5);
    for (unsigned i = 0; i < 5; i++) {
        struct path_wide *path = &path_pool_wide(&pool, place)[i];
        assert_int_equal(path->attr, i);
        assert_int_equal(path->peer, 10 + i);
        assert_int_equal(path->flags, 20 + i);
        assert_int_equal(path->path_id, 0);
        assert_int_equal(path->local_id, 0);
        path->path_id = path->local_id = 99;
    }
    place = path_pool_move(&pool, place, wide, narrow, 5);
    for (unsigned i = 0; i < 5; i++) {
        const struct path_narrow *path = &path_pool_narrow(&pool, place)[i];
        assert_int_equal(path->attr, i);
        assert_int_equal(path->peer, 10 + i);
        assert_int_equal(path->flags, 20 + i);
    }
    path_pool_free(&pool, place, narrow);
    assert_int_equal(pool.slab.used_units, 0);
    path_pool_release(&pool);
}

/* A row of the model: its paths, and the chunk that should hold the same. */
struct model_row {
    uint32_t place;
    uint8_t class;
    bool wide;
    unsigned count;
    uint32_t first; /* paths have attributes first, first + 1, ... */
};

static void row_assert(const struct path_pool *pool, const struct model_row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        uint32_t attr =
            row->wide ? path_pool_wide(pool, row->place)[i].attr : path_pool_narrow(pool, row->place)[i].attr;
        assert_int_equal(attr, row->first + i);
    }
}

static void row_resize(struct path_pool *pool, struct model_row *row, unsigned count)
{
    uint8_t class = path_chunk_for(count, row->wide);
    if (!class) {
        path_pool_free(pool, row->place, row->class);
        *row = (struct model_row){.wide = row->wide};
        return;
    }
    if (!row->class)
        row->place = path_pool_alloc(pool, class);
    else if (class != row->class)
        row->place = path_pool_move(pool, row->place, row->class, class, row->count < count ? row->count : count);
    assert_int_not_equal(row->place, 0);
    row->class = class;
    for (unsigned i = row->count; i < count; i++) {
        if (row->wide)
            path_pool_wide(pool, row->place)[i] = (struct path_wide){.attr = row->first + i};
        else
            path_pool_narrow(pool, row->place)[i] = (struct path_narrow){.attr = row->first + i};
    }
    row->count = count;
}

static void test_random_against_model(void **state)
{
    enum { ROWS = 4000, STEPS = 300000 };
    struct path_pool pool;
    struct model_row *rows = calloc(ROWS, sizeof(*rows));
    path_pool_init(&pool);
    srand(29);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned index = (unsigned)rand() % ROWS;
        struct model_row *row = &rows[index];
        if (!row->class) {
            row->first = step;
            row->wide = index % 5 == 0;
        }
        row_assert(&pool, row);
        unsigned grown = index % 100 == 0 ? row->count + (unsigned)rand() % 300 : row->count + 1;
        unsigned count = rand() % 3 ? (grown <= PATH_WIDE_MAX ? grown : row->count) : row->count / 2;
        if (count || row->class)
            row_resize(&pool, row, count);
    }
    uint64_t units = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        row_assert(&pool, &rows[i]);
        if (rows[i].class) {
            units += path_chunk_capacity(rows[i].class) * (rows[i].wide ? 2 : 1);
            row_resize(&pool, &rows[i], 0);
        }
    }
    assert_int_not_equal(units, 0);
    assert_int_equal(pool.slab.used_units, 0);
    path_pool_release(&pool);
    free(rows);
}

/* Ten tables loaded one after another and taken out again: chunks move through the small classes, and the memory is
 * that of the paths in use, give or take. */
static void test_memory_follows_use(void **state)
{
    enum { ROWS = 100000, PEERS = 10 };
    struct path_pool pool;
    struct model_row *rows = calloc(ROWS, sizeof(*rows));
    path_pool_init(&pool);
    for (unsigned peer = 1; peer <= PEERS; peer++) {
        for (unsigned i = 0; i < ROWS; i++)
            row_resize(&pool, &rows[i], peer);
        uint64_t chunk_bytes = ROWS * 8ull * path_chunk_capacity(rows[0].class);
        assert_in_range(pool.slab.touched_bytes, chunk_bytes, chunk_bytes * 102 / 100 + 10 * 65536);
    }
    for (unsigned peer = PEERS - 1; peer > 0; peer--) {
        for (unsigned i = 0; i < ROWS; i++)
            row_resize(&pool, &rows[i], peer);
        uint64_t chunk_bytes = ROWS * 8ull * path_chunk_capacity(rows[0].class);
        assert_in_range(pool.slab.touched_bytes, chunk_bytes, chunk_bytes * 102 / 100 + 10 * 65536);
    }
    for (unsigned i = 0; i < ROWS; i++)
        row_resize(&pool, &rows[i], 0);
    assert_in_range(pool.slab.touched_bytes, 0, 10 * 65536);
    path_pool_release(&pool);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunk_classes),
        cmocka_unit_test(test_widen_and_narrow),
        cmocka_unit_test(test_random_against_model),
        cmocka_unit_test(test_memory_follows_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
