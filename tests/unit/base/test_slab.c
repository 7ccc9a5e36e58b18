#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/slab.h"

static const uint16_t classes[] = {1, 2, 3, 5, 100};

static void init(struct slab *slab, uint32_t max_pages)
{
    slab_init(slab, &(struct slab_layout){.kind = MEM_OTHER,
                                          .unit_bytes = 8,
                                          .page_units = 512,
                                          .max_pages = max_pages,
                                          .class_units = classes,
                                          .class_count = ARRAY_LEN(classes)});
}

struct chunk {
    uint32_t place;
    unsigned class_index;
    uint8_t fill;
};

static void chunk_fill(const struct slab *slab, const struct chunk *chunk)
{
    memset(slab_at(slab, chunk->place), chunk->fill, classes[chunk->class_index] * 8u);
}

static void chunk_assert(const struct slab *slab, const struct chunk *chunk)
{
    const uint8_t *bytes = slab_at(slab, chunk->place);
    for (unsigned i = 0; i < classes[chunk->class_index] * 8u; i++)
        assert_int_equal(bytes[i], chunk->fill);
}

/* Random allocation and freeing: no chunk ever overlaps another, and the counts are exact. */
static void test_chunks_do_not_overlap(void **state)
{
    enum { CHUNKS = 3000, STEPS = 60000 };
    struct slab slab;
    struct chunk *chunks = calloc(CHUNKS, sizeof(*chunks));
    uint64_t units = 0;
    init(&slab, 4096);
    srand(7);
    for (unsigned step = 0; step < STEPS; step++) {
        struct chunk *chunk = &chunks[rand() % CHUNKS];
        if (chunk->place) {
            chunk_assert(&slab, chunk);
            slab_free(&slab, chunk->place, chunk->class_index);
            units -= classes[chunk->class_index];
            chunk->place = 0;
        } else {
            chunk->class_index = (unsigned)rand() % ARRAY_LEN(classes);
            chunk->fill = (uint8_t)rand();
            chunk->place = slab_alloc(&slab, chunk->class_index);
            assert_int_not_equal(chunk->place, 0);
            units += classes[chunk->class_index];
            chunk_fill(&slab, chunk);
        }
        assert_int_equal(slab.used_units, units);
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (!chunks[i].place)
            continue;
        chunk_assert(&slab, &chunks[i]);
        slab_free(&slab, chunks[i].place, chunks[i].class_index);
    }
    assert_int_equal(slab.used_units, 0);
    free(chunks);
    slab_release(&slab);
}

/* What is touched is counted, goes back when freed, and serves other classes later. */
static void test_memory_goes_back(void **state)
{
    enum { COUNT = 100000 };
    struct slab slab;
    uint32_t *places = calloc(COUNT, sizeof(*places));
    uint64_t before = mem_usage(MEM_OTHER).bytes;
    init(&slab, 4096);
    for (unsigned i = 0; i < COUNT; i++)
        places[i] = slab_alloc(&slab, 0);
    assert_in_range(slab.touched_bytes, COUNT * 8, COUNT * 8 + 2 * 4096);
    assert_int_equal(mem_usage(MEM_OTHER).bytes - before, slab.touched_bytes);
    uint32_t pages = slab.page_count;
    for (unsigned i = 0; i < COUNT; i++)
        slab_free(&slab, places[i], 0);
    assert_in_range(slab.touched_bytes, 0, 10 * 4096);
    assert_int_equal(mem_usage(MEM_OTHER).bytes - before, slab.touched_bytes);
    for (unsigned i = 0; i < COUNT / 2; i++)
        places[i] = slab_alloc(&slab, 1);
    assert_in_range(slab.page_count, pages, pages + 1);
    free(places);
    slab_release(&slab);
    assert_int_equal(mem_usage(MEM_OTHER).bytes, before);
}

static void test_full_is_refused(void **state)
{
    struct slab slab;
    init(&slab, 2);
    unsigned got = 0;
    uint32_t last = 0, place;
    while ((place = slab_alloc(&slab, 4)) != 0) {
        last = place;
        got++;
    }
    assert_int_equal(got, 5); /* the other page serves place 0's class */
    slab_free(&slab, last, 4);
    assert_int_equal(slab_alloc(&slab, 4), last);
    slab_release(&slab);
}

static void test_array_walk(void **state)
{
    struct slab slab;
    slab_init(&slab, &(struct slab_layout){.kind = MEM_OTHER,
                                           .unit_bytes = 32,
                                           .page_units = 128,
                                           .max_pages = 64,
                                           .class_units = (const uint16_t[]){1},
                                           .class_count = 1});
    assert_int_equal(slab_highest(&slab), 0);
    for (uint32_t i = 1; i <= 1000; i++)
        assert_int_equal(slab_alloc(&slab, 0), i);
    assert_int_equal(slab_highest(&slab), 1000);
    for (uint32_t i = 128; i < 256; i++) /* the whole second page */
        slab_free(&slab, i, 0);
    assert_int_equal(slab_walk(&slab, 1), 1);
    assert_int_equal(slab_walk(&slab, 127), 127);
    assert_int_equal(slab_walk(&slab, 128), 256);
    assert_int_equal(slab_walk(&slab, 1000), 1000);
    assert_int_equal(slab_walk(&slab, 1001), 0);
    for (uint32_t i = 256; i <= 1000; i++)
        slab_free(&slab, i, 0);
    assert_int_equal(slab_highest(&slab), 127);
    slab_release(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks_do_not_overlap),
        cmocka_unit_test(test_memory_goes_back),
        cmocka_unit_test(test_full_is_refused),
        cmocka_unit_test(test_array_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
