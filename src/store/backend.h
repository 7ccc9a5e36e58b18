/* What a kind of store must do. */
#pragma once

#include "base/log.h"
#include "store/store.h"

struct store_ops {
    struct store_rows *(*query)(struct store *store, const char *sql, struct store_args args);
    bool (*next)(struct store_rows *rows);
    const char *(*text)(const struct store_rows *rows, unsigned column); /* NULL is SQL's */
    int (*end)(struct store_rows *rows);
    void (*close)(struct store *store);
    bool shared;
    const char *identity; /* of a column that numbers its rows */
};

struct store {
    const struct store_ops *ops;
    unsigned depth;
    int failed; /* the first error of this transaction */
    int64_t changed;
};

struct store_rows {
    struct store *store;
    int result;
};

int store_open_sqlite(const char *path, struct store **store, struct err *err);
int store_open_postgres(const char *where, struct store **store, struct err *err);

/* Brings the schema up to date, in one transaction a step. E_UNSUPPORTED: it is of a later program. */
int store_migrate(struct store *store, struct err *err);
