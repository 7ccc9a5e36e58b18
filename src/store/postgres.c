/* PostgreSQL, through libpq. Results are taken whole; a connection that was lost is made again by the next statement
 * outside of a transaction.
 *
 * Every call waits, so nothing may wait for long: connecting, a server that is gone without a word, locks that somebody
 * holds, all have their limits. The server ends transactions of ours that stand still (a stopped process), so that they
 * do not keep others waiting either.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/backend.h"

enum {
    POSTGRES_ARGS_MAX = 32,
    POSTGRES_NUMBER_TEXT = 24,
};

struct postgres_store {
    struct store base;
    PGconn *connection;
};

struct postgres_rows {
    struct store_rows base;
    PGresult *answer;
    int row; /* of the next one */
};

static struct postgres_store *postgres_of(struct store *store)
{
    return container_of(store, struct postgres_store, base);
}

static struct postgres_rows *rows_of(const struct store_rows *rows)
{
    return container_of((struct store_rows *)(uintptr_t)rows, struct postgres_rows, base);
}

/* Class 23 is a violated constraint, 53100 a full disk. */
static int code_of(const PGresult *answer)
{
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    if (state && str_starts_with(state, "23"))
        return E_EXISTS;
    return state && strcmp(state, "53100") == 0 ? E_LIMIT : E_IO;
}

static void set_limits(PGconn *connection)
{
    static const char sql[] = "SET lock_timeout = '5s'; SET statement_timeout = '30s';"
                              " SET idle_in_transaction_session_timeout = '10s'; SET client_encoding = 'UTF8'";
    if (PQstatus(connection) == CONNECTION_OK)
        PQclear(PQexec(connection, sql));
}

static void execute(struct postgres_store *store, struct postgres_rows *rows, const char *sql, struct store_args args)
{
    const char *values[POSTGRES_ARGS_MAX];
    char numbers[POSTGRES_ARGS_MAX][POSTGRES_NUMBER_TEXT];
    CHECK(args.count <= POSTGRES_ARGS_MAX);
    for (size_t i = 0; i < args.count; i++) {
        values[i] = args.values[i].text;
        if (args.values[i].kind == STORE_NUMBER) {
            snprintf(numbers[i], sizeof(numbers[i]), "%lld", (long long)args.values[i].number);
            values[i] = numbers[i];
        }
    }
    if (store->base.depth == 0 && PQstatus(store->connection) != CONNECTION_OK) {
        PQreset(store->connection);
        set_limits(store->connection);
    }
    rows->answer = PQexecParams(store->connection, sql, (int)args.count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(rows->answer);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        uint64_t changed = 0;
        str_parse_u64(PQcmdTuples(rows->answer), 0, INT64_MAX, &changed);
        store->base.changed = (int64_t)changed;
        return;
    }
    rows->base.result = code_of(rows->answer);
    if (rows->base.result != E_EXISTS)
        log_error("store", NULL, "%s: %s", PQerrorMessage(store->connection), sql);
}

static struct store_rows *postgres_query(struct store *base, const char *sql, struct store_args args)
{
    struct postgres_rows *rows = mem_zalloc(MEM_OTHER, sizeof(*rows));
    rows->base.store = base;
    if (base->depth > 0 && base->failed < 0)
        rows->base.result = E_STATE;
    else
        execute(postgres_of(base), rows, sql, args);
    return &rows->base;
}

static bool postgres_next(struct store_rows *base)
{
    struct postgres_rows *rows = rows_of(base);
    return rows->row < PQntuples(rows->answer) && ++rows->row;
}

static const char *postgres_text(const struct store_rows *base, unsigned column)
{
    const struct postgres_rows *rows = rows_of(base);
    if (PQgetisnull(rows->answer, rows->row - 1, (int)column))
        return NULL;
    return PQgetvalue(rows->answer, rows->row - 1, (int)column);
}

static int postgres_end(struct store_rows *base)
{
    struct postgres_rows *rows = rows_of(base);
    int result = base->result;
    PQclear(rows->answer);
    mem_free(MEM_OTHER, rows);
    return result;
}

static void postgres_close(struct store *base)
{
    struct postgres_store *store = postgres_of(base);
    PQfinish(store->connection);
    mem_free(MEM_OTHER, store);
}

static const struct store_ops postgres_ops = {
    .query = postgres_query,
    .next = postgres_next,
    .text = postgres_text,
    .end = postgres_end,
    .close = postgres_close,
    .shared = true,
    .identity = "BIGSERIAL PRIMARY KEY",
};

static void ignore_notice(void *context, const char *message)
{
}

int store_open_postgres(const char *where, struct store **store_out, struct err *err)
{
    struct postgres_store *store = mem_zalloc(MEM_OTHER, sizeof(*store));
    store->base.ops = &postgres_ops;
    /* What `where` says comes last, and counts. */
    static const char *const keywords[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle", "dbname", NULL};
    const char *const values[] = {"3", "5000", "5", where, NULL};
    store->connection = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(store->connection) != CONNECTION_OK) {
        err_set(err, E_IO, "%s", PQerrorMessage(store->connection)); /* never names the password */
        postgres_close(&store->base);
        return E_IO;
    }
    set_limits(store->connection);
    PQsetNoticeProcessor(store->connection, ignore_notice, NULL);
    *store_out = &store->base;
    return E_OK;
}
