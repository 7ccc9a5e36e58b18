#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "rib/prefix_index.h"

/* A naive table: prefixes in no order. */
struct model {
    struct prefix_table *table;
    struct prefix *prefixes;
    unsigned count;
};

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, true, &prefix), 0);
    return prefix;
}

static struct prefix random_prefix(enum addr_kind kind)
{
    struct addr addr = {.kind = kind};
    unsigned bits = kind == ADDR_IPV4 ? 32 : 128;
    /* few different octets, so that prefixes nest */
    for (unsigned i = 0; i < bits / 8; i++)
        addr.bytes[i] = rand() % 4 ? (uint8_t)(rand() % 3 * 127) : (uint8_t)rand();
    return prefix_make(&addr, (uint8_t)(rand() % (int)(bits + 1)));
}

static void model_init(struct model *model, enum addr_kind kind, unsigned count)
{
    model->table = prefix_table_new(kind);
    model->prefixes = calloc(count, sizeof(struct prefix));
    model->count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct prefix prefix = random_prefix(kind);
        uint32_t before = model->table->row_count;
        prefix_table_get_or_add(model->table, prefix.addr.bytes, prefix.length);
        if (model->table->row_count > before)
            model->prefixes[model->count++] = prefix;
    }
}

static void model_release(struct model *model)
{
    prefix_table_free(model->table);
    free(model->prefixes);
}

static struct prefix_order *order_get(struct prefix_index *index, const struct prefix_table *table, uint32_t budget)
{
    uint64_t generation = table->generation;
    for (unsigned slices = 0; slices < 1000000; slices++) {
        struct prefix_order *order = prefix_index_get(index, generation, budget);
        if (order)
            return order;
    }
    fail();
    return NULL;
}

static void order_assert_sorted(const struct prefix_order *order, const struct prefix_table *table)
{
    struct prefix last = {0};
    for (uint32_t i = 0; i < order->count; i++) {
        uint32_t id = prefix_order_row(order, table, i);
        assert_int_not_equal(id, 0);
        struct prefix prefix = prefix_table_prefix(table, id);
        assert_true(i == 0 || prefix_compare(&last, &prefix) < 0);
        last = prefix;
    }
}

static void test_order(void **state)
{
    static const struct {
        enum addr_kind kind;
        unsigned count;
        uint32_t budget;
    } cases[] = {{ADDR_IPV4, 0, 7},    {ADDR_IPV4, 1, 1},     {ADDR_IPV4, 32, 5},        {ADDR_IPV4, 33, 100},
                 {ADDR_IPV6, 64, 1},   {ADDR_IPV6, 2000, 37}, {ADDR_IPV4, 5000, 100000}, {ADDR_IPV4, 5000, 333},
                 {ADDR_IPV6, 1, 1000}, {ADDR_IPV6, 5001, 900}};
    srand(31);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct model model;
        model_init(&model, cases[i].kind, cases[i].count);
        struct prefix_index *index = prefix_index_new(model.table);
        struct prefix_order *order = order_get(index, model.table, cases[i].budget);
        assert_int_equal(order->count, model.count);
        order_assert_sorted(order, model.table);
        prefix_order_unref(order);
        prefix_index_free(index);
        model_release(&model);
    }
}

static void assert_lookups(const struct model *model, const struct prefix_order *order, const struct prefix *asked)
{
    uint32_t first, end, within = 0, covering = 0;
    prefix_order_within(order, asked->addr.bytes, asked->length, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        struct prefix prefix = prefix_table_prefix(model->table, prefix_order_row(order, model->table, i));
        assert_true(prefix_covers(asked, &prefix));
    }
    int longest = -1;
    for (unsigned i = 0; i < model->count; i++) {
        within += prefix_covers(asked, &model->prefixes[i]);
        if (prefix_covers(&model->prefixes[i], asked)) {
            covering++;
            longest = model->prefixes[i].length > longest ? model->prefixes[i].length : longest;
        }
    }
    assert_int_equal(end - first, within);
    int length = asked->length;
    uint32_t id;
    while ((id = prefix_longest_match(model->table, asked->addr.bytes, length)) != 0) {
        struct prefix prefix = prefix_table_prefix(model->table, id);
        assert_true(prefix_covers(&prefix, asked));
        assert_true(prefix.length <= length);
        if (longest >= 0)
            assert_int_equal(prefix.length, longest);
        longest = -1;
        covering--;
        length = prefix.length - 1;
    }
    assert_int_equal(covering, 0);
    assert_int_equal(longest, -1);
    uint32_t at = prefix_order_find(order, asked->addr.bytes, asked->length);
    assert_int_equal(at, first);
}

static void test_lookups_against_model(void **state)
{
    srand(37);
    for (unsigned round = 0; round < 2; round++) {
        struct model model;
        enum addr_kind kind = round ? ADDR_IPV6 : ADDR_IPV4;
        model_init(&model, kind, 1500);
        struct prefix_index *index = prefix_index_new(model.table);
        struct prefix_order *order = order_get(index, model.table, 1000);
        for (unsigned i = 0; i < 1500; i++) {
            struct prefix asked = i % 2 ? random_prefix(kind) : model.prefixes[(unsigned)rand() % model.count];
            assert_lookups(&model, order, &asked);
        }
        struct prefix everything = prefix_of(round ? "::/0" : "0.0.0.0/0");
        struct prefix last = prefix_of(round ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" : "255.255.255.255/32");
        assert_lookups(&model, order, &everything);
        assert_lookups(&model, order, &last);
        prefix_order_unref(order);
        prefix_index_free(index);
        model_release(&model);
    }
}

static void test_last_address(void **state)
{
    struct prefix_table *table = prefix_table_new(ADDR_IPV4);
    struct prefix last = prefix_of("255.255.255.255/32");
    prefix_table_get_or_add(table, last.addr.bytes, 32);
    struct prefix_index *index = prefix_index_new(table);
    struct prefix_order *order = order_get(index, table, 100);
    uint32_t first, end;
    prefix_order_within(order, last.addr.bytes, 32, &first, &end);
    assert_int_equal(end - first, 1);
    struct prefix above = prefix_of("255.0.0.0/8"), beside = prefix_of("254.0.0.0/8");
    prefix_order_within(order, above.addr.bytes, 8, &first, &end);
    assert_int_equal(end - first, 1);
    prefix_order_within(order, beside.addr.bytes, 8, &first, &end);
    assert_int_equal(end - first, 0);
    prefix_order_unref(order);
    prefix_index_free(index);
    prefix_table_free(table);
}

/* Kept while the table stays, made anew when it changed; an order somebody holds stays what it was. */
static void test_generations(void **state)
{
    struct model model;
    srand(41);
    model_init(&model, ADDR_IPV4, 1000);
    struct prefix_index *index = prefix_index_new(model.table);
    struct prefix_order *order = order_get(index, model.table, 50);
    struct prefix_order *again = prefix_index_get(index, model.table->generation, 0);
    assert_ptr_equal(again, order);
    prefix_order_unref(again);

    struct prefix gone = prefix_table_prefix(model.table, prefix_order_row(order, model.table, 5));
    struct prefix added = prefix_of("1.2.3.4/32");
    assert_int_equal(prefix_table_find(model.table, added.addr.bytes, 32), 0);
    prefix_table_remove(model.table, prefix_table_find(model.table, gone.addr.bytes, gone.length));
    prefix_table_get_or_add(model.table, added.addr.bytes, 32);
    assert_null(prefix_index_get(index, model.table->generation, 0));
    assert_int_equal(prefix_order_row(order, model.table, 5), 0); /* gone, though its row serves another */
    struct prefix_order *newer = order_get(index, model.table, 50);
    assert_ptr_not_equal(newer, order);
    assert_int_equal(newer->count, model.count);
    order_assert_sorted(newer, model.table);
    prefix_index_forget(index);
    prefix_order_unref(order);
    order_assert_sorted(newer, model.table);
    prefix_order_unref(newer);
    prefix_index_free(index);
    model_release(&model);
}

/* Between the slices the table changes: what stayed is in the order, once; what went is skipped. */
static void test_change_while_building(void **state)
{
    struct model model;
    srand(43);
    model_init(&model, ADDR_IPV6, 6000);
    struct prefix_index *index = prefix_index_new(model.table);
    uint64_t generation = model.table->generation;
    bool *changed = calloc(model.count, sizeof(*changed));
    struct prefix_order *order;
    unsigned slices = 0;
    while ((order = prefix_index_get(index, generation, 100)) == NULL) {
        unsigned i = (unsigned)rand() % model.count;
        struct prefix *prefix = &model.prefixes[i];
        uint32_t id = prefix_table_find(model.table, prefix->addr.bytes, prefix->length);
        changed[i] = true;
        if (id && rand() % 2)
            prefix_table_remove(model.table, id);
        prefix_table_get_or_add(model.table, prefix->addr.bytes, prefix->length);
        for (unsigned n = 0; n < 10; n++) {
            struct prefix more = random_prefix(ADDR_IPV6);
            prefix_table_get_or_add(model.table, more.addr.bytes, more.length);
        }
        slices++;
    }
    assert_true(slices > 100);
    for (unsigned i = 0; i < model.count; i++) {
        const struct prefix *prefix = &model.prefixes[i];
        uint32_t wanted = prefix_table_find(model.table, prefix->addr.bytes, prefix->length);
        uint32_t found = 0;
        for (uint32_t at = prefix_order_find(order, prefix->addr.bytes, prefix->length); at < order->count; at++) {
            uint32_t id = prefix_order_row(order, model.table, at);
            if (id == wanted)
                found++;
            else if (id)
                break;
        }
        assert_true(found == 1 || (found == 0 && changed[i]));
    }
    prefix_order_unref(order);
    prefix_index_free(index);
    free(changed);
    model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_lookups_against_model),
        cmocka_unit_test(test_last_address),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_change_while_building),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
