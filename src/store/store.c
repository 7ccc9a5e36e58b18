#include "store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/backend.h"

int store_open(const char *where, struct store **store, struct err *err)
{
    bool server = str_starts_with(where, "postgresql://") || str_starts_with(where, "postgres://");
    int result = server ? store_open_postgres(where, store, err) : store_open_sqlite(where, store, err);
    if (result < 0)
        return result;
    result = store_migrate(*store, err);
    if (result < 0) {
        store_close(*store);
        *store = NULL;
    }
    return result;
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

bool store_is_shared(const struct store *store)
{
    return store->ops->shared;
}

struct store_rows *store_query(struct store *store, const char *sql, struct store_args args)
{
    return store->ops->query(store, sql, args);
}

bool store_rows_next(struct store_rows *rows)
{
    return rows->result == E_OK && rows->store->ops->next(rows);
}

bool store_rows_null(const struct store_rows *rows, unsigned column)
{
    return rows->store->ops->text(rows, column) == NULL;
}

const char *store_rows_text(const struct store_rows *rows, unsigned column)
{
    const char *text = rows->store->ops->text(rows, column);
    return text ? text : "";
}

int64_t store_rows_number(const struct store_rows *rows, unsigned column)
{
    const char *text = store_rows_text(rows, column);
    uint64_t number = 0;
    bool negative = text[0] == '-';
    if (str_parse_u64(text + negative, 0, INT64_MAX, &number) < 0)
        return 0;
    return negative ? -(int64_t)number : (int64_t)number;
}

int store_rows_end(struct store_rows *rows)
{
    struct store *store = rows->store;
    int result = store->ops->end(rows);
    if (result < 0 && store->depth > 0 && store->failed == E_OK)
        store->failed = result;
    return result;
}

int store_run(struct store *store, const char *sql, struct store_args args)
{
    struct store_rows *rows = store_query(store, sql, args);
    while (store_rows_next(rows))
        ;
    return store_rows_end(rows);
}

int64_t store_changed(const struct store *store)
{
    return store->changed;
}

void store_begin(struct store *store)
{
    if (store->depth++ > 0)
        return;
    store->failed = E_OK;
    store->failed = store_run(store, "BEGIN", STORE_NO_ARGS);
}

int store_commit(struct store *store)
{
    CHECK(store->depth > 0);
    if (--store->depth > 0)
        return store->failed;
    int result = store->failed;
    store->failed = E_OK;
    if (result == E_OK)
        result = store_run(store, "COMMIT", STORE_NO_ARGS);
    if (result < 0)
        store_run(store, "ROLLBACK", STORE_NO_ARGS);
    return result;
}

void store_rollback(struct store *store)
{
    CHECK(store->depth > 0);
    if (store->failed == E_OK)
        store->failed = E_STATE;
}

bool store_find_number(struct store *store, const char *sql, struct store_args args, int64_t *number)
{
    struct store_rows *rows = store_query(store, sql, args);
    bool found = store_rows_next(rows) && !store_rows_null(rows, 0);
    if (found)
        *number = store_rows_number(rows, 0);
    store_rows_end(rows);
    return found;
}

bool store_find_text(struct store *store, const char *sql, struct store_args args, char *text, size_t capacity)
{
    struct store_rows *rows = store_query(store, sql, args);
    bool found = store_rows_next(rows) && !store_rows_null(rows, 0);
    if (found)
        snprintf(text, capacity, "%s", store_rows_text(rows, 0));
    store_rows_end(rows);
    return found;
}
