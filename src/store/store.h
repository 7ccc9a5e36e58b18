/* One store, whatever is behind it: a file (SQLite) or a PostgreSQL server. The same SQL for both, the schema made and
 * brought up to date when it is opened.
 *
 * SQL that both understand: parameters $1, $2, ...; text, and 64-bit numbers (times are milliseconds since 1970);
 * INSERT ... ON CONFLICT; RETURNING. One thread, and every call waits.
 *
 * Errors stick within a transaction: what comes after one does nothing, and store_commit() then rolls back and says so.
 * They are logged where they happen, with the statement and never with values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/err.h"

struct store;
struct store_rows;

enum store_kind {
    STORE_NULL,
    STORE_TEXT,
    STORE_NUMBER,
};

struct store_value {
    enum store_kind kind;
    const char *text; /* good during the call */
    int64_t number;
};

struct store_args {
    const struct store_value *values;
    size_t count;
};

static inline struct store_value store_text(const char *text) /* NULL is SQL's */
{
    return (struct store_value){.kind = text ? STORE_TEXT : STORE_NULL, .text = text};
}

static inline struct store_value store_number(int64_t number)
{
    return (struct store_value){.kind = STORE_NUMBER, .number = number};
}

static inline struct store_value store_null(void)
{
    return (struct store_value){.kind = STORE_NULL};
}

#define STORE_ARGS(...)                                             \
    ((struct store_args){(const struct store_value[]){__VA_ARGS__}, \
                         ARRAY_LEN(((const struct store_value[]){__VA_ARGS__}))})
#define STORE_NO_ARGS ((struct store_args){NULL, 0})

/* `where`: "postgresql://...", or the name of a file, made if it is not there. */
int store_open(const char *where, struct store **store, struct err *err);
void store_close(struct store *store);           /* NULL is fine */
bool store_is_shared(const struct store *store); /* other programs may have it open too */

/* Never NULL: what goes wrong is told by store_rows_end(), which must come. Several may be open at a time. */
struct store_rows *store_query(struct store *store, const char *sql, struct store_args args);
bool store_rows_next(struct store_rows *rows);
const char *store_rows_text(const struct store_rows *rows, unsigned column); /* until the next row; null is "" */
int64_t store_rows_number(const struct store_rows *rows, unsigned column);   /* null is 0 */
bool store_rows_null(const struct store_rows *rows, unsigned column);
/* E_OK; E_EXISTS: a uniqueness or reference was violated; E_LIMIT: the disk is full; E_STATE: the transaction had
 * failed before; E_IO: anything else. */
int store_rows_end(struct store_rows *rows);

/* A statement whose rows nobody wants. */
int store_run(struct store *store, const char *sql, struct store_args args);
int64_t store_changed(const struct store *store); /* rows that the last statement changed */

/* Transactions nest: only the outermost commits. */
void store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store); /* makes the commit to come fail, quietly */

/* The first column of the first row. False: there is none. */
bool store_find_number(struct store *store, const char *sql, struct store_args args, int64_t *number);
bool store_find_text(struct store *store, const char *sql, struct store_args args, char *text, size_t capacity);
