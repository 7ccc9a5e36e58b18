/* What the RIB's tables cost: 1 M prefixes of each kind, 150 k attribute sets, and the longest single operation met
 * on the way. `bench-table [prefixes]`. Runs for a few seconds on one core.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attr/store.h"
#include "rib/path_pool.h"
#include "rib/prefix_index.h"
#include "rib/prefix_table.h"

enum { SETS = 150000, SLICE = 65536 };

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545F4914F6CDD1Dull;
}

/* CPU time of the process: other work on the machine disturbs it least. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double since_ns(double start)
{
    return now_ns() - start;
}

static void say(const char *what, double ns, size_t count)
{
    printf("  %-34s %7.1f ns\n", what, ns / (double)count);
}

/* Lengths roughly as in the global table: most are /24, then /22, /23, /20. */
static struct prefix_key *keys_make(enum addr_kind kind, size_t count)
{
    static const uint8_t lengths[] = {24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20, 16};
    struct prefix_key *keys = calloc(count, sizeof(*keys));
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = random_next();
        unsigned length = lengths[bits & 15] * (kind == ADDR_IPV6 ? 2u : 1u);
        uint64_t address = random_next() & ~0ull << (64 - length);
        address = __builtin_bswap64(address);
        memcpy(keys[i].bytes, &address, kind == ADDR_IPV4 ? 4 : 8);
        keys[i].length = (uint8_t)length;
    }
    return keys;
}

static void keys_shuffle(struct prefix_key *keys, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_next() % i;
        struct prefix_key swapped = keys[i - 1];
        keys[i - 1] = keys[j];
        keys[j] = swapped;
    }
}

static void bench_resolve(struct prefix_table *table, const struct prefix_key *keys, size_t count, const char *what)
{
    struct prefix_batch batch;
    double start = now_ns();
    for (size_t i = 0; i < count; i += batch.count) {
        batch.count = count - i < PREFIX_BATCH ? (uint32_t)(count - i) : PREFIX_BATCH;
        memcpy(batch.keys, keys + i, batch.count * sizeof(*keys));
        prefix_batch_ask_slots(table, &batch);
        prefix_batch_get_or_add(table, &batch);
    }
    say(what, since_ns(start), count);
}

static void bench_insert_singly(enum addr_kind kind, const struct prefix_key *keys, size_t count)
{
    struct prefix_table *table = prefix_table_new(kind);
    double start = now_ns();
    for (size_t i = 0; i < count; i++)
        prefix_table_get_or_add(table, keys[i].bytes, keys[i].length);
    say("insert one by one", since_ns(start), count);
    prefix_table_free(table);

    table = prefix_table_new(kind);
    double longest = 0;
    for (size_t i = 0; i < count; i++) {
        start = now_ns();
        prefix_table_get_or_add(table, keys[i].bytes, keys[i].length);
        double took = since_ns(start);
        longest = took > longest ? took : longest;
    }
    printf("  %-34s %7.0f us\n", "longest single insert", longest / 1000);
    prefix_table_free(table);
}

static void bench_order(const struct prefix_table *table)
{
    struct prefix_index *index = prefix_index_new(table);
    struct prefix_order *order;
    double longest = 0;
    double start = now_ns();
    do {
        double slice = now_ns();
        order = prefix_index_get(index, table->generation, SLICE);
        double took = since_ns(slice);
        longest = took > longest ? took : longest;
    } while (!order);
    printf("  %-34s %7.1f ms, longest slice of %d: %.2f ms\n", "sort", since_ns(start) / 1e6, SLICE, longest / 1e6);
    prefix_order_unref(order);
    prefix_index_free(index);
}

static void bench_prefixes(enum addr_kind kind, size_t count)
{
    struct prefix_key *keys = keys_make(kind, count);
    printf("%zu prefixes, IPv%d\n", count, (int)kind);
    bench_insert_singly(kind, keys, count);
    struct prefix_table *table = prefix_table_new(kind);
    bench_resolve(table, keys, count, "insert in batches of 32");
    printf("  %-34s %7u, %.1f bytes each, longest search %u\n", "rows", table->row_count,
           (double)prefix_table_bytes(table) / table->row_count, id_table_longest_search(&table->ids));
    bench_resolve(table, keys, count, "look up in batches, same order");
    keys_shuffle(keys, count);
    bench_resolve(table, keys, count, "look up in batches, random order");

    uint64_t sum = 0;
    double start = now_ns();
    for (size_t i = 0; i < count; i++)
        sum += prefix_table_find(table, keys[i].bytes, keys[i].length);
    say("look up one by one, random order", since_ns(start), count);
    start = now_ns();
    for (size_t i = 0; i < count; i++)
        sum += prefix_longest_match(table, keys[i].bytes, (int)table->key_bytes * 8) != 0;
    say("longest match", since_ns(start), count);
    start = now_ns();
    for (uint32_t id = prefix_table_next(table, 0); id; id = prefix_table_next(table, id))
        sum += prefix_table_row(table, id)->length;
    say("walk", since_ns(start), table->row_count);
    bench_order(table);
    start = now_ns();
    for (size_t i = 0; i < count; i++) {
        uint32_t id = prefix_table_find(table, keys[i].bytes, keys[i].length);
        if (id)
            prefix_table_remove(table, id);
    }
    say("find and remove, random order", since_ns(start), count);
    printf("  %-34s %7.1f kB (%" PRIu64 ")\n", "left when empty", (double)prefix_table_bytes(table) / 1024, sum);
    prefix_table_free(table);
    free(keys);
}

/* Blocks of a usual shape: ORIGIN, a path of 4, NEXT_HOP and two communities; 59 bytes. */
static size_t block_make(uint8_t *to, uint64_t number)
{
    struct buf buf;
    uint8_t path[18] = {2, 4}, communities[8];
    uint64_t words[3] = {number * 0x9E3779B97F4A7C15ull, number, ~number};
    memcpy(path + 2, words, 16);
    memcpy(communities, words, 8);
    buf_init_fixed(&buf, to, 128);
    attr_put(&buf, 0x40, ATTR_ORIGIN, "\0", 1);
    attr_put(&buf, 0x40, ATTR_AS_PATH, path, sizeof(path));
    attr_put(&buf, 0x40, ATTR_NEXT_HOP, "\300\0\2\1", 4);
    attr_put(&buf, 0xC0, ATTR_COMMUNITIES, communities, sizeof(communities));
    return buf.length;
}

static void bench_sets(void)
{
    uint8_t *bytes = calloc(SETS, 64);
    struct attr_block *blocks = calloc(SETS, sizeof(*blocks));
    attr_id *ids = calloc(SETS, sizeof(*ids));
    uint32_t length = 0;
    for (unsigned i = 0; i < SETS; i++)
        length = (uint32_t)block_make(bytes + i * 64ul, i);
    printf("%d attribute sets of %u bytes\n", SETS, length);
    double start = now_ns();
    for (unsigned i = 0; i < SETS; i++)
        attr_block_of(bytes + i * 64ul, length, &blocks[i]);
    say("hash and sum up", since_ns(start), SETS);
    struct attr_store *store = attr_store_new();
    start = now_ns();
    for (unsigned i = 0; i < SETS; i++)
        ids[i] = attr_store_intern(store, &blocks[i], 0);
    say("intern, new (first touch of memory)", since_ns(start), SETS);
    start = now_ns();
    for (unsigned i = 0; i < SETS; i++)
        attr_store_intern(store, &blocks[i], 0);
    say("intern, known, same order", since_ns(start), SETS);
    start = now_ns();
    for (unsigned i = 0; i < SETS; i++)
        attr_store_intern(store, &blocks[i % 1000], 0);
    say("intern, known, 1,000 in use", since_ns(start), SETS);
    start = now_ns();
    for (unsigned i = 0; i < SETS; i++)
        attr_store_intern(store, &blocks[(i * 40503ull) % SETS], 0);
    say("intern, known, random order", since_ns(start), SETS);
    struct attr_store_stats stats = attr_store_stats(store);
    printf("  %-34s %7.1f\n", "bytes each", (double)stats.reserved_bytes / (double)stats.sets);
    start = now_ns();
    for (unsigned i = 0; i < SETS; i++)
        attr_store_unref(store, ids[i], attr_get(attr_store_view(store), ids[i])->refs);
    say("free", since_ns(start), SETS);
    for (unsigned round = 0; round < 2; round++) {
        start = now_ns();
        for (unsigned i = 0; i < SETS / 10; i++)
            ids[i] = attr_store_intern(store, &blocks[i], 0);
        if (round)
            say("intern, new (memory warm)", since_ns(start), SETS / 10);
        for (unsigned i = 0; i < SETS / 10 && !round; i += 1)
            attr_store_unref(store, ids[i], 1);
    }
    attr_store_free(store);
    free(bytes);
    free(blocks);
    free(ids);
}

static void bench_paths(size_t count)
{
    enum { PEERS = 10 };
    struct path_pool pool;
    uint32_t *places = calloc(count, sizeof(*places));
    path_pool_init(&pool);
    printf("%zu rows getting %d paths each\n", count, PEERS);
    double start = now_ns();
    for (unsigned peer = 0; peer < PEERS; peer++) {
        uint8_t from = path_chunk_for(peer, false), to = path_chunk_for(peer + 1, false);
        for (size_t i = 0; i < count; i++) {
            if (i + 8 < count)
                path_pool_prefetch(&pool, places[i + 8]);
            if (!from)
                places[i] = path_pool_alloc(&pool, to);
            else if (from != to)
                places[i] = path_pool_move(&pool, places[i], from, to, peer);
            path_pool_narrow(&pool, places[i])[peer] = (struct path_narrow){.peer = (uint16_t)peer};
        }
    }
    say("add a path", since_ns(start), count * PEERS);
    printf("  %-34s %7.1f\n", "bytes each", (double)pool.slab.touched_bytes / (double)(count * PEERS));
    path_pool_release(&pool);
    free(places);
}

int main(int count, char **arguments)
{
    size_t prefixes = count > 1 ? strtoull(arguments[1], NULL, 10) : 1000000;
    if (prefixes == 0 || prefixes > 50000000)
        return 1;
    bench_prefixes(ADDR_IPV4, prefixes);
    bench_prefixes(ADDR_IPV6, prefixes);
    bench_sets();
    bench_paths(prefixes);
    return 0;
}
