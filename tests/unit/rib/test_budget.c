/* What a table may cost: bytes per path after loading, and what is left of a load that came and went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rib/rib.h"

enum { PREFIXES = 600000, PER_SET = 7, SOURCES = 4, NLRI_BYTES = 4 };

_Static_assert(sizeof(struct attr_set) == 40, "an attribute record");
_Static_assert(offsetof(struct rib_row, key) == 28, "a row and an IPv4 key are 32 bytes, with an IPv6 key 48");
_Static_assert(sizeof(struct path_narrow) == 8, "a path");

static uint64_t mix(uint64_t word)
{
    word ^= word >> 33;
    word *= 0xff51afd7ed558ccdull;
    return word ^ word >> 33;
}

/* ORIGIN, a path of 4, NEXT_HOP, and up to 15 communities: 43 to 102 bytes, 59 on average with `communities` 6. */
static attr_id intern_set(struct rib *rib, uint64_t number, unsigned communities)
{
    uint8_t bytes[256], path[18] = {2, 4}, values[64];
    uint64_t words[8];
    struct attr_block block;
    struct buf buf;
    for (unsigned i = 0; i < 8; i++)
        words[i] = mix(number * 8 + i) | 1;
    memcpy(path + 2, words, 16);
    memcpy(values, words, sizeof(values));
    buf_init_fixed(&buf, bytes, sizeof(bytes));
    attr_put(&buf, 0x40, ATTR_ORIGIN, "\0", 1);
    attr_put(&buf, 0x40, ATTR_AS_PATH, path, sizeof(path));
    attr_put(&buf, 0x40, ATTR_NEXT_HOP, "\300\0\2\1", 4);
    if (communities > 0)
        attr_put(&buf, 0xC0, ATTR_COMMUNITIES, values, (uint16_t)(4 * communities));
    attr_block_of(bytes, (uint32_t)buf.length, &block);
    attr_id id = attr_store_intern(rib->attrs, &block, 0);
    assert_int_not_equal(id, 0);
    return id;
}

static size_t put_prefixes(uint8_t *nlri, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++, nlri += NLRI_BYTES) {
        uint32_t slot = (first + i) * 3 + 0x010000;
        memcpy(nlri, (uint8_t[]){24, (uint8_t)(slot >> 16), (uint8_t)(slot >> 8), (uint8_t)slot}, NLRI_BYTES);
    }
    return (size_t)count * NLRI_BYTES;
}

static void say(struct rib *rib, source_id source, uint32_t first, uint32_t count, attr_id attrs)
{
    uint8_t nlri[PER_SET * NLRI_BYTES];
    struct rib_update update = {.source = source, .attrs = attrs, .nlri = nlri};
    update.nlri_length = (uint32_t)put_prefixes(nlri, first, count);
    rib_apply(rib, &update);
}

static void announce_table(struct rib *rib, source_id source)
{
    for (uint32_t first = 0; first + PER_SET <= PREFIXES; first += PER_SET) {
        attr_id attrs = intern_set(rib, (uint64_t)source << 32 | first, 4);
        say(rib, source, first, PER_SET, attrs);
        attr_store_unref(rib->attrs, attrs, 1);
    }
}

static void withdraw_table(struct rib *rib, source_id source)
{
    for (uint32_t first = 0; first + PER_SET <= PREFIXES; first += PER_SET)
        say(rib, source, first, PER_SET, 0);
}

/* As if everybody had been told. */
static void settle(struct rib *rib)
{
    for (row_id row; (row = rib_dirty_take(rib)) != 0;)
        rib_row_release(rib, row);
    while (rib_reclaim(rib, rib->version + 1, 4096))
        ;
}

static uint64_t bytes_used(void)
{
    return mem_usage(MEM_PREFIX).bytes + mem_usage(MEM_PATH).bytes + mem_usage(MEM_ATTR).bytes;
}

static struct rib *rib_with_sources(void)
{
    struct rib *rib = rib_new(FAMILY_IPV4_UNICAST, &(struct rib_options){0});
    for (source_id source = 1; source <= SOURCES; source++) {
        struct addr address = addr_ipv4(0xC6120000u + source);
        rib_source_open(rib, source, SOURCE_EXTERNAL, &address, 65000u + source, source);
    }
    return rib;
}

static void test_bytes_per_path(void **state)
{
    static const uint64_t most[SOURCES + 1] = {0, 60, 46, 40, 38};
    (void)state;
    struct rib *rib = rib_with_sources();
    uint64_t before = bytes_used();
    for (source_id source = 1; source <= SOURCES; source++) {
        announce_table(rib, source);
        settle(rib);
        uint64_t per_path = (bytes_used() - before) / rib->path_count;
        print_message("%u tables: %u bytes per path\n", (unsigned)source, (unsigned)per_path);
        assert_in_range(per_path, 20, most[source]);
    }
    rib_free(rib);
}

/* A neighbour that announces and withdraws sets of all sizes for a long time, beside another's table, and goes. */
static void test_memory_comes_back(void **state)
{
    enum { ROUNDS = 4 };
    (void)state;
    struct rib *rib = rib_with_sources();
    announce_table(rib, 1);
    settle(rib);
    uint64_t before = bytes_used();
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        for (uint32_t first = 0; first + PER_SET <= PREFIXES; first += PER_SET) {
            uint64_t random = mix(round * PREFIXES + first);
            attr_id attrs = random % 4 ? intern_set(rib, random, (unsigned)(random >> 8) % 16) : 0;
            say(rib, 2, first, 1 + (uint32_t)(random >> 16) % PER_SET, attrs);
            if (attrs)
                attr_store_unref(rib->attrs, attrs, 1);
        }
        settle(rib);
    }
    assert_true(bytes_used() > before * 11 / 10);
    withdraw_table(rib, 2);
    settle(rib);
    assert_int_equal(rib->path_count, PREFIXES / PER_SET * PER_SET);
    assert_in_range(bytes_used(), before, before + before / 20);
    withdraw_table(rib, 1);
    settle(rib);
    assert_int_equal(rib->prefixes->row_count, 0);
    assert_in_range(bytes_used(), 0, before / 10);
    rib_free(rib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_per_path),
        cmocka_unit_test(test_memory_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
