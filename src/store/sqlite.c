/* SQLite: one file beside its write-ahead log. Statements are kept prepared, found by their text; one that is in use
 * already, because a query runs inside another of the same text, is prepared a second time.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/backend.h"

enum {
    SQLITE_CACHE_SLOTS = 512,
    SQLITE_CACHE_WAYS = 4, /* slots that a statement may be in */
    SQLITE_BUSY_MS = 5000,
};

struct sqlite_cached {
    char *sql;
    sqlite3_stmt *statement;
    bool busy;
};

struct sqlite_store {
    struct store base;
    sqlite3 *database;
    struct sqlite_cached cache[SQLITE_CACHE_SLOTS];
};

struct sqlite_rows {
    struct store_rows base;
    sqlite3_stmt *statement; /* NULL: it could not be prepared */
    struct sqlite_cached *cached;
    bool stepped_over; /* the last row was seen */
};

static struct sqlite_store *sqlite_of(struct store *store)
{
    return container_of(store, struct sqlite_store, base);
}

static struct sqlite_rows *rows_of(const struct store_rows *rows)
{
    return container_of((struct store_rows *)(uintptr_t)rows, struct sqlite_rows, base);
}

static int code_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return E_EXISTS;
    case SQLITE_FULL:
        return E_LIMIT;
    default:
        return E_IO;
    }
}

static int complain(struct sqlite_store *store, int code, const char *sql)
{
    int result = code_of(code);
    if (result == E_EXISTS)
        log_debug("store", NULL, "%s: %s", sqlite3_errmsg(store->database), sql);
    else
        log_error("store", NULL, "%s: %s", sqlite3_errmsg(store->database), sql);
    return result;
}

/* The slot of this statement, or one that it may have; NULL: they are all in use. */
static struct sqlite_cached *slot_of(struct sqlite_store *store, const char *sql)
{
    size_t first = hash_bytes(sql, strlen(sql)) % SQLITE_CACHE_SLOTS;
    struct sqlite_cached *room = NULL;
    for (unsigned i = 0; i < SQLITE_CACHE_WAYS; i++) {
        struct sqlite_cached *slot = &store->cache[(first + i) % SQLITE_CACHE_SLOTS];
        if (slot->busy)
            continue;
        if (slot->sql && strcmp(slot->sql, sql) == 0)
            return slot;
        if (!room || (room->sql && !slot->sql))
            room = slot;
    }
    return room;
}

static sqlite3_stmt *prepare(struct sqlite_store *store, const char *sql, struct sqlite_cached **cached_out)
{
    struct sqlite_cached *cached = slot_of(store, sql);
    sqlite3_stmt *statement = NULL;
    *cached_out = NULL;
    if (cached && cached->sql && strcmp(cached->sql, sql) == 0) {
        *cached_out = cached;
        cached->busy = true;
        return cached->statement;
    }
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (code != SQLITE_OK) {
        complain(store, code, sql);
        return NULL;
    }
    if (cached) {
        sqlite3_finalize(cached->statement);
        mem_free(MEM_OTHER, cached->sql);
        *cached = (struct sqlite_cached){.sql = mem_strdup(MEM_OTHER, sql), .statement = statement, .busy = true};
        *cached_out = cached;
    }
    return statement;
}

static void bind(sqlite3_stmt *statement, int at, const struct store_value *value)
{
    switch (value->kind) {
    case STORE_NULL:
        sqlite3_bind_null(statement, at);
        break;
    case STORE_TEXT:
        sqlite3_bind_text(statement, at, value->text, -1, SQLITE_TRANSIENT);
        break;
    case STORE_NUMBER:
        sqlite3_bind_int64(statement, at, value->number);
        break;
    }
}

/* SQLite numbers its parameters as it meets them, whatever they are called. */
static int parameter_of(sqlite3_stmt *statement, size_t number)
{
    char name[24];
    snprintf(name, sizeof(name), "$%zu", number);
    return sqlite3_bind_parameter_index(statement, name);
}

static struct store_rows *sqlite_query(struct store *base, const char *sql, struct store_args args)
{
    struct sqlite_store *store = sqlite_of(base);
    struct sqlite_rows *rows = mem_zalloc(MEM_OTHER, sizeof(*rows));
    rows->base.store = base;
    if (base->depth > 0 && base->failed < 0) {
        rows->base.result = E_STATE;
        return &rows->base;
    }
    rows->statement = prepare(store, sql, &rows->cached);
    if (!rows->statement)
        rows->base.result = E_IO;
    for (size_t i = 0; rows->statement && i < args.count; i++)
        bind(rows->statement, parameter_of(rows->statement, i + 1), &args.values[i]);
    return &rows->base;
}

static bool sqlite_next(struct store_rows *base)
{
    struct sqlite_rows *rows = rows_of(base);
    if (rows->stepped_over)
        return false;
    int code = sqlite3_step(rows->statement);
    if (code == SQLITE_ROW)
        return true;
    rows->stepped_over = true;
    if (code == SQLITE_DONE)
        base->store->changed = sqlite3_changes(sqlite_of(base->store)->database);
    else
        base->result = complain(sqlite_of(base->store), code, sqlite3_sql(rows->statement));
    return false;
}

static const char *sqlite_text(const struct store_rows *rows, unsigned column)
{
    return (const char *)sqlite3_column_text(rows_of(rows)->statement, (int)column);
}

static int sqlite_end(struct store_rows *base)
{
    struct sqlite_rows *rows = rows_of(base);
    int result = base->result;
    if (rows->cached) {
        sqlite3_reset(rows->statement);
        sqlite3_clear_bindings(rows->statement);
        rows->cached->busy = false;
    } else {
        sqlite3_finalize(rows->statement);
    }
    mem_free(MEM_OTHER, rows);
    return result;
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);
    for (unsigned i = 0; i < SQLITE_CACHE_SLOTS; i++) {
        sqlite3_finalize(store->cache[i].statement);
        mem_free(MEM_OTHER, store->cache[i].sql);
    }
    sqlite3_close(store->database);
    mem_free(MEM_OTHER, store);
}

static const struct store_ops sqlite_ops = {
    .query = sqlite_query,
    .next = sqlite_next,
    .text = sqlite_text,
    .end = sqlite_end,
    .close = sqlite_close,
    .identity = "INTEGER PRIMARY KEY AUTOINCREMENT",
};

/* There are secrets in it. SQLite gives the files beside it the rights that this one has. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

int store_open_sqlite(const char *path, struct store **store_out, struct err *err)
{
    /* NORMAL in WAL mode: a crash of this program loses nothing, a crash of the machine perhaps the last moments, and
     * never consistency. What the routers do is read again anyway. */
    static const char settings[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                                   "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768; "
                                   "PRAGMA wal_autocheckpoint=16384;";
    struct sqlite_store *store = mem_zalloc(MEM_OTHER, sizeof(*store));
    store->base.ops = &sqlite_ops;
    make_private(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &store->database, flags, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(store->database, SQLITE_BUSY_MS);
        code = sqlite3_exec(store->database, settings, NULL, NULL, NULL);
    }
    if (code != SQLITE_OK) {
        err_set(err, E_IO, "%s: %s", path, sqlite3_errmsg(store->database));
        sqlite_close(&store->base);
        return E_IO;
    }
    *store_out = &store->base;
    return E_OK;
}
