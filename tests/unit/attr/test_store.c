#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "attr/store.h"
#include "base/mem.h"

/* A block that differs by `number`, with a filler of `extra` octets. */
static void block_make(struct buf *buf, uint32_t number, uint16_t extra, struct attr_block *block)
{
    static const uint8_t filler[65000];
    uint8_t med[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    buf_clear(buf);
    attr_put(buf, 0x40, ATTR_ORIGIN, "\0", 1);
    attr_put(buf, 0x80, ATTR_MED, med, 4);
    if (extra)
        attr_put(buf, 0xC0, 200, filler, extra);
    attr_block_of(buf->bytes, (uint32_t)buf->length, block);
    assert_int_equal(attr_block_check(block->bytes, block->length, NULL), 0);
}

static void test_rank_order(void **state)
{
    /* each better than the next */
    static const struct attr_summary order[] = {
        {.local_pref = 0xFFFFFFFF, .path_length = 5},
        {.local_pref = 101, .path_length = 4095, .origin = ORIGIN_INCOMPLETE},
        {.local_pref = 100, .path_length = 0, .origin = ORIGIN_INCOMPLETE},
        {.local_pref = 100, .path_length = 3, .origin = ORIGIN_IGP},
        {.local_pref = 100, .path_length = 3, .origin = ORIGIN_EGP},
        {.local_pref = 100, .path_length = 3, .origin = ORIGIN_INCOMPLETE},
        {.local_pref = 100, .path_length = 4},
        {.local_pref = 0, .path_length = 0},
        {.local_pref = 0xFFFFFFFF, .facts = ATTR_LLGR_STALE},
    };
    for (unsigned i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++)
        assert_true(attr_rank(&order[i]) < attr_rank(&order[i + 1]));
    struct attr_summary longest = {.local_pref = 100, .path_length = 4095};
    struct attr_summary longer = {.local_pref = 100, .path_length = 16000};
    assert_int_equal(attr_rank(&longest), attr_rank(&longer));
    assert_int_equal(attr_rank(&order[3]),
                     (uint64_t)(uint32_t)~100u << 31 | 1ull << ATTR_RANK_NOT_LOCAL_BIT | 3ull << 18);
}

static void test_same_bytes_same_id(void **state)
{
    struct attr_store *store = attr_store_new();
    const struct attr_store_view *view = attr_store_view(store);
    struct buf buf;
    struct attr_block block;
    buf_init(&buf, 70000);
    block_make(&buf, 5, 0, &block);
    attr_id one = attr_store_intern(store, &block, 0);
    assert_int_not_equal(one, 0);
    assert_int_equal(attr_store_intern(store, &block, 0), one);
    assert_int_equal(attr_get(view, one)->refs, 2);
    assert_int_equal(attr_get(view, one)->pre, one);
    assert_int_equal(attr_get(view, one)->med, 5);
    assert_int_equal(attr_get(view, one)->facts, block.summary.facts);
    assert_int_equal(attr_get(view, one)->rank, attr_rank(&block.summary));
    assert_int_equal(attr_get(view, one)->wire_length, block.length);
    assert_memory_equal(attr_bytes(view, attr_get(view, one)), block.bytes, block.length);
    block_make(&buf, 6, 0, &block);
    attr_id two = attr_store_intern(store, &block, 0);
    assert_int_not_equal(two, one);
    attr_store_unref(store, one, 2);
    assert_int_equal(attr_store_stats(store).sets, 1);
    assert_int_equal(attr_store_intern(store, &block, 0), two);
    buf_release(&buf);
    attr_store_free(store);
}

static void test_pre_is_identity(void **state)
{
    struct attr_store *store = attr_store_new();
    const struct attr_store_view *view = attr_store_view(store);
    struct buf buf;
    struct attr_block block;
    buf_init(&buf, 70000);
    block_make(&buf, 1, 0, &block);
    attr_id received = attr_store_intern(store, &block, 0);
    assert_int_equal(attr_store_intern(store, &block, received), received); /* policy changed nothing */
    block_make(&buf, 2, 0, &block);
    attr_id other = attr_store_intern(store, &block, 0);
    attr_id changed = attr_store_intern(store, &block, received);
    assert_int_not_equal(changed, other);
    assert_int_equal(attr_get(view, changed)->pre, received);
    assert_int_equal(attr_get(view, other)->pre, other);
    assert_int_equal(attr_store_intern(store, &block, received), changed);
    assert_int_equal(attr_get(view, received)->refs, 3);
    assert_int_equal(attr_get(view, changed)->refs, 2);

    attr_store_unref(store, received, 2); /* only `changed` still holds it */
    assert_int_equal(attr_get(view, received)->refs, 1);
    assert_int_equal(attr_store_stats(store).sets, 3);
    attr_store_unref(store, changed, 2);
    assert_int_equal(attr_store_stats(store).sets, 1);
    attr_store_unref(store, other, 1);
    assert_int_equal(attr_store_stats(store).sets, 0);
    assert_int_equal(attr_store_stats(store).wire_bytes, 0);
    buf_release(&buf);
    attr_store_free(store);
}

static void test_every_length(void **state)
{
    struct attr_store *store = attr_store_new();
    const struct attr_store_view *view = attr_store_view(store);
    struct attr_block block;
    uint8_t *bytes = malloc(ATTR_BLOCK_MAX + 1);
    memset(bytes, 0xFF, ATTR_BLOCK_MAX + 1);
    attr_id previous = 0;
    for (uint32_t length = 0; length <= ATTR_BLOCK_MAX; length += length < 2000 ? 1 : 251) {
        attr_block_of(bytes, length, &block);
        attr_id id = attr_store_intern(store, &block, 0);
        assert_int_not_equal(id, 0);
        assert_int_equal(attr_get(view, id)->wire_length, length);
        assert_memory_equal(attr_bytes(view, attr_get(view, id)), bytes, length);
        if (previous && length % 2)
            attr_store_unref(store, previous, 1);
        previous = id;
    }
    attr_block_of(bytes, ATTR_BLOCK_MAX + 1, &block);
    assert_int_equal(attr_store_intern(store, &block, 0), 0);
    /* a block of its own size wastes at most an eighth */
    struct attr_store *big = attr_store_new();
    uint64_t before = attr_store_stats(big).reserved_bytes;
    attr_block_of(bytes, 2048, &block);
    for (unsigned i = 0; i < 1000; i++) {
        memcpy(bytes, &i, sizeof(i));
        attr_block_of(bytes, 2048, &block);
        attr_store_intern(big, &block, 0);
    }
    assert_in_range(attr_store_stats(big).reserved_bytes - before, 2048000, 2048000 * 9 / 8 + 200000);
    attr_store_free(big);
    free(bytes);
    attr_store_free(store);
}

/* The naive table: what was interned, with its count. */
struct model_set {
    uint32_t number;
    uint16_t extra;
    int pre; /* index in the model, -1 = none */
    uint32_t refs;
    uint32_t held; /* by sets made from this one */
    attr_id id;
};

static void model_unref(struct model_set *sets, int index)
{
    while (index >= 0) {
        struct model_set *set = &sets[index];
        if (set->refs + set->held > 0)
            return;
        set->id = 0;
        index = set->pre;
        if (index >= 0)
            sets[index].held--;
    }
}

/* The store holds what the model says, byte for byte, and nothing else. */
static void model_assert(const struct attr_store *store, const struct model_set *sets, int count)
{
    const struct attr_store_view *view = attr_store_view(store);
    struct buf buf;
    struct attr_block block;
    buf_init(&buf, 70000);
    uint64_t live = 0, bytes = 0;
    for (int i = 0; i < count; i++) {
        if (!sets[i].id)
            continue;
        const struct attr_set *set = attr_get(view, sets[i].id);
        block_make(&buf, sets[i].number, sets[i].extra, &block);
        live++;
        bytes += block.length;
        assert_int_equal(set->refs, sets[i].refs + sets[i].held);
        assert_int_equal(set->pre, sets[i].pre >= 0 ? sets[sets[i].pre].id : sets[i].id);
        assert_int_equal(set->wire_length, block.length);
        assert_memory_equal(attr_bytes(view, set), block.bytes, block.length);
    }
    assert_int_equal(attr_store_stats(store).sets, live);
    assert_int_equal(attr_store_stats(store).wire_bytes, bytes);
    assert_true(live > 100);
    buf_release(&buf);
}

static void test_random_against_model(void **state)
{
    enum { SETS = 3000, STEPS = 200000 };
    struct model_set *sets = calloc(SETS, sizeof(*sets));
    struct attr_store *store = attr_store_new();
    const struct attr_store_view *view = attr_store_view(store);
    struct buf buf;
    struct attr_block block;
    uint64_t before = mem_usage(MEM_ATTR).bytes;
    buf_init(&buf, 70000);
    srand(17);
    for (int i = 0; i < SETS; i++) {
        /* the second half are the first half's bytes seen after policy, many to one */
        bool post = i >= SETS / 2;
        sets[i] = (struct model_set){.number = (uint32_t)(post ? 1000000 + i % 7 : i),
                                     .extra = (uint16_t)(i % 11 ? i % 90 : i),
                                     .pre = post ? i - SETS / 2 : -1};
        if (post)
            sets[i].extra = 0;
    }
    for (unsigned step = 0; step < STEPS; step++) {
        int index = rand() % SETS;
        struct model_set *set = &sets[index];
        bool growing = step / 50000 % 2 == 0;
        if (rand() % 5 < (growing ? 4 : 1)) {
            attr_id pre = 0;
            if (set->pre >= 0 && !(pre = sets[set->pre].id))
                continue;
            block_make(&buf, set->number, set->extra, &block);
            attr_id id = attr_store_intern(store, &block, pre);
            assert_int_not_equal(id, 0);
            if (set->id)
                assert_int_equal(id, set->id);
            else if (set->pre >= 0)
                sets[set->pre].held++;
            set->id = id;
            set->refs++;
        } else if (set->refs) {
            uint32_t count = 1 + (uint32_t)rand() % set->refs;
            if (rand() % 4 == 0) {
                attr_store_ref(store, set->id, count);
                set->refs += count;
                continue;
            }
            attr_store_unref(store, set->id, count);
            set->refs -= count;
            model_unref(sets, index);
        }
        if (set->id)
            assert_int_equal(attr_get(view, set->id)->refs, set->refs + set->held);
    }
    model_assert(store, sets, SETS);
    buf_release(&buf);
    free(sets);
    attr_store_free(store);
    assert_true(mem_usage(MEM_ATTR).bytes < before);
}

static void test_memory_goes_back(void **state)
{
    enum { SETS = 100000 };
    uint64_t before = mem_usage(MEM_ATTR).bytes;
    struct attr_store *store = attr_store_new();
    struct buf buf;
    struct attr_block block;
    attr_id *ids = calloc(SETS, sizeof(*ids));
    buf_init(&buf, 70000);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < SETS; i++) {
            block_make(&buf, i, (uint16_t)(20 + i % 40), &block);
            ids[i] = attr_store_intern(store, &block, 0);
        }
        struct attr_store_stats full = attr_store_stats(store);
        assert_int_equal(full.sets, SETS);
        /* record, bytes, slots, and little else */
        uint64_t payload = SETS * (sizeof(struct attr_set) + 8 / 0.35) + (double)full.wire_bytes * 1.1;
        assert_in_range(full.reserved_bytes, SETS * sizeof(struct attr_set) + full.wire_bytes, payload + 1000000);
        assert_in_range(mem_usage(MEM_ATTR).bytes - before, full.reserved_bytes, full.reserved_bytes + 20000);
        for (unsigned i = 0; i < SETS; i++)
            attr_store_unref(store, ids[(i * 7919ull) % SETS], 1);
        assert_int_equal(attr_store_stats(store).sets, 0);
        assert_in_range(attr_store_stats(store).reserved_bytes, 0, full.reserved_bytes / 8);
    }
    attr_store_free(store);
    assert_int_equal(mem_usage(MEM_ATTR).bytes, before);
    buf_release(&buf);
    free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank_order),           cmocka_unit_test(test_same_bytes_same_id),
        cmocka_unit_test(test_pre_is_identity),      cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_random_against_model), cmocka_unit_test(test_memory_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
