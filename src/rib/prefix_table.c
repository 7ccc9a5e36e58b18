/* The prefix table. Exact match is all the data path needs, so it is a hash table and not a trie: one slot and one
 * row per look-up instead of a node per bit that differs. Order and longest match, which only people ask for, are
 * in rib/prefix_index.c.
 *
 * Rows stand in a slab of one-unit chunks: their ids are array indices, and a page of 1,024 rows whose last prefix is
 * gone goes back to the system.
 */
#include "rib/prefix_table.h"

#include "base/check.h"
#include "base/hash.h"

enum { ROW_PAGE_UNITS = 1024 };

/* Splitmix: one secret word into several independent ones. */
static uint64_t seed_next(uint64_t *state)
{
    uint64_t word = *state += 0x9E3779B97F4A7C15ull;
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9ull;
    word = (word ^ word >> 27) * 0x94D049BB133111EBull;
    return word ^ word >> 31;
}

struct prefix_table *prefix_table_new(enum addr_kind kind)
{
    CHECK(kind == ADDR_IPV4 || kind == ADDR_IPV6);
    struct prefix_table *table = mem_zalloc(MEM_PREFIX, sizeof(*table));
    table->kind = kind;
    table->key_bytes = kind == ADDR_IPV4 ? 4 : 16;
    table->row_bytes = kind == ADDR_IPV4 ? 32 : 48;
    uint64_t state = hash_seed();
    for (unsigned i = 0; i < 3; i++)
        table->seeds[i] = seed_next(&state) | 1;
    slab_init(&table->rows, &(struct slab_layout){
                                .kind = MEM_PREFIX,
                                .unit_bytes = table->row_bytes,
                                .page_units = ROW_PAGE_UNITS,
                                .max_pages = (1u << ROW_ID_BITS) / ROW_PAGE_UNITS,
                                .class_units = (const uint16_t[]){1},
                                .class_count = 1,
                            });
    table->memory = slab_at(&table->rows, 0);
    id_table_init(&table->ids, MEM_PREFIX);
    return table;
}

void prefix_table_free(struct prefix_table *table)
{
    if (!table)
        return;
    id_table_release(&table->ids);
    slab_release(&table->rows);
    mem_free(MEM_PREFIX, table);
}

static uint32_t row_add(struct prefix_table *table, uint32_t hash, const uint8_t *key, uint8_t length)
{
    CHECK(length <= table->key_bytes * 8);
    uint32_t id = slab_alloc(&table->rows, 0);
    if (unlikely(!id))
        return 0;
    struct rib_row *row = prefix_table_row(table, id);
    *row = (struct rib_row){.best_rank = UINT64_MAX, .length = length};
    if (table->kind == ADDR_IPV4)
        memcpy(row->key, key, 4);
    else
        memcpy(row->key, key, 16);
    if (unlikely(!id_table_put(&table->ids, hash, id))) {
        row->length = ROW_FREED;
        slab_free(&table->rows, id, 0);
        return 0;
    }
    table->length_counts[length]++;
    table->row_count++;
    table->generation++;
    return id;
}

uint32_t prefix_table_get_or_add(struct prefix_table *table, const uint8_t *key, uint8_t length)
{
    uint32_t id = prefix_table_find(table, key, length);
    return id ? id : row_add(table, prefix_table_hash(table, key, length), key, length);
}

void prefix_batch_ask_slots(const struct prefix_table *table, struct prefix_batch *batch)
{
    CHECK(batch->count <= PREFIX_BATCH);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct prefix_key *key = &batch->keys[i];
        batch->hashes[i] = prefix_table_hash(table, key->bytes, key->length);
        batch->homes[i] = id_table_home(&table->ids, batch->hashes[i]);
        __builtin_prefetch(batch->homes[i]);
    }
    batch->layout = table->ids.layout;
    batch->generation = 0;
}

/* A table grows seldom. */
static void keep_homes_right(const struct prefix_table *table, struct prefix_batch *batch)
{
    if (likely(batch->layout == table->ids.layout))
        return;
    for (uint32_t i = 0; i < batch->count; i++)
        batch->homes[i] = id_table_home(&table->ids, batch->hashes[i]);
    batch->layout = table->ids.layout;
}

void prefix_batch_ask_rows(const struct prefix_table *table, struct prefix_batch *batch)
{
    keep_homes_right(table, batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct id_probe probe;
        batch->ids[i] = id_probe_from(batch->homes[i], batch->hashes[i], &probe);
        if (batch->ids[i])
            __builtin_prefetch(prefix_table_row(table, batch->ids[i]), 1);
    }
    batch->generation = table->generation + 1;
}

/* What was found once may be another prefix's row by now. */
static void ask_again_if_changed(const struct prefix_table *table, struct prefix_batch *batch)
{
    if (unlikely(batch->generation != table->generation + 1))
        prefix_batch_ask_rows(table, batch);
}

/* The first row with the hash mostly is the one. */
static inline bool is_found(const struct prefix_table *table, const struct prefix_batch *batch, uint32_t i)
{
    return batch->ids[i] &&
           likely(prefix_row_matches(table, batch->ids[i], batch->keys[i].bytes, batch->keys[i].length));
}

void prefix_batch_find(const struct prefix_table *table, struct prefix_batch *batch)
{
    ask_again_if_changed(table, batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct prefix_key *key = &batch->keys[i];
        if (batch->ids[i] && !is_found(table, batch, i))
            batch->ids[i] = prefix_table_find_from(table, batch->homes[i], batch->hashes[i], key->bytes, key->length);
    }
}

void prefix_batch_get_or_add(struct prefix_table *table, struct prefix_batch *batch)
{
    ask_again_if_changed(table, batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct prefix_key *key = &batch->keys[i];
        if (is_found(table, batch, i))
            continue;
        /* The same prefix may have stood earlier in the batch. */
        batch->ids[i] = prefix_table_find_from(table, batch->homes[i], batch->hashes[i], key->bytes, key->length);
        if (batch->ids[i])
            continue;
        batch->ids[i] = row_add(table, batch->hashes[i], key->bytes, key->length);
        keep_homes_right(table, batch);
    }
}

void prefix_table_remove(struct prefix_table *table, uint32_t id)
{
    struct rib_row *row = prefix_table_row(table, id);
    CHECK(row->length != ROW_FREED);
    id_table_remove(&table->ids, prefix_table_hash(table, row->key, row->length), id);
    table->length_counts[row->length]--;
    table->row_count--;
    table->generation++;
    row->length = ROW_FREED;
    slab_free(&table->rows, id, 0);
}

uint32_t prefix_table_next(const struct prefix_table *table, uint32_t id)
{
    while ((id = slab_walk(&table->rows, id + 1)) != 0) {
        if (prefix_table_row(table, id)->length != ROW_FREED)
            return id;
    }
    return 0;
}

uint32_t prefix_table_highest(const struct prefix_table *table)
{
    return slab_highest(&table->rows);
}

struct prefix prefix_table_prefix(const struct prefix_table *table, uint32_t id)
{
    const struct rib_row *row = prefix_table_row(table, id);
    return (struct prefix){.addr = addr_from_bytes(table->kind, row->key), .length = row->length};
}

uint64_t prefix_table_bytes(const struct prefix_table *table)
{
    return table->rows.touched_bytes + id_table_bytes(&table->ids);
}
