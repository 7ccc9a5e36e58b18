/* The store over SQLite: values, transactions, migration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

struct fixture {
    char folder[64];
    char path[96];
    struct store *store;
};

static void open_store(struct fixture *fixture)
{
    struct err err = {.text = ""};
    if (store_open(fixture->path, &fixture->store, &err) != E_OK)
        fail_msg("%s", err.text);
}

static int start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/godwit-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/store.db", fixture->folder);
    open_store(fixture);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;
    static const char *const endings[] = {"", "-wal", "-shm"};
    store_close(fixture->store);
    for (unsigned i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s%s", fixture->path, endings[i]);
        unlink(name);
    }
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static int put_metro(struct store *store, const char *id, const char *code)
{
    return store_run(store, "INSERT INTO metros (id, code, name, country) VALUES ($1, $2, 'x', 'y')",
                     STORE_ARGS(store_text(id), store_text(code)));
}

static int64_t metros(struct store *store)
{
    int64_t count = -1;
    store_find_number(store, "SELECT count(*) FROM metros", STORE_NO_ARGS, &count);
    return count;
}

static void values_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct store_rows *rows = store_query(fixture->store, "SELECT $2, $1, $3, $1",
                                          STORE_ARGS(store_number(-9000000000), store_text("a'b"), store_null()));
    assert_true(store_rows_next(rows));
    assert_string_equal(store_rows_text(rows, 0), "a'b");
    assert_int_equal(store_rows_number(rows, 1), -9000000000);
    assert_true(store_rows_null(rows, 2));
    assert_string_equal(store_rows_text(rows, 2), "");
    assert_int_equal(store_rows_number(rows, 3), -9000000000);
    assert_false(store_rows_next(rows));
    assert_int_equal(store_rows_end(rows), E_OK);
}

static void what_was_committed_stays(void **state)
{
    struct fixture *fixture = *state;
    store_begin(fixture->store);
    put_metro(fixture->store, "1", "am");
    assert_int_equal(store_commit(fixture->store), E_OK);
    store_close(fixture->store);
    open_store(fixture); /* and the schema is not made twice */
    assert_int_equal(metros(fixture->store), 1);
}

static void an_error_spoils_the_transaction(void **state)
{
    struct fixture *fixture = *state;
    store_begin(fixture->store);
    assert_int_equal(put_metro(fixture->store, "1", "am"), E_OK);
    assert_int_equal(put_metro(fixture->store, "1", "fr"), E_EXISTS);
    assert_int_equal(put_metro(fixture->store, "2", "ny"), E_STATE);
    assert_int_equal(store_commit(fixture->store), E_EXISTS);
    assert_int_equal(metros(fixture->store), 0);
    assert_int_equal(put_metro(fixture->store, "2", "ny"), E_OK); /* afterwards all is well */
}

static void rolled_back_is_gone(void **state)
{
    struct fixture *fixture = *state;
    store_begin(fixture->store);
    put_metro(fixture->store, "1", "am");
    store_rollback(fixture->store);
    assert_int_equal(store_commit(fixture->store), E_STATE);
    assert_int_equal(metros(fixture->store), 0);
}

static void transactions_nest(void **state)
{
    struct fixture *fixture = *state;
    store_begin(fixture->store);
    store_begin(fixture->store);
    put_metro(fixture->store, "1", "am");
    assert_int_equal(store_commit(fixture->store), E_OK);
    put_metro(fixture->store, "2", "am"); /* the code is taken */
    assert_int_equal(store_commit(fixture->store), E_EXISTS);
    assert_int_equal(metros(fixture->store), 0);
}

/* The same statement inside itself needs a second one prepared. */
static void queries_nest(void **state)
{
    struct fixture *fixture = *state;
    static const char sql[] = "SELECT code FROM metros ORDER BY code";
    unsigned seen = 0;
    put_metro(fixture->store, "1", "am");
    put_metro(fixture->store, "2", "ny");
    struct store_rows *outer = store_query(fixture->store, sql, STORE_NO_ARGS);
    while (store_rows_next(outer)) {
        struct store_rows *inner = store_query(fixture->store, sql, STORE_NO_ARGS);
        while (store_rows_next(inner))
            seen++;
        store_rows_end(inner);
    }
    store_rows_end(outer);
    assert_int_equal(seen, 4);
}

static void wrong_statements_are_errors(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_run(fixture->store, "SELECT nothing FROM nowhere", STORE_NO_ARGS), E_IO);
}

static void later_schemas_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {.text = ""};
    store_run(fixture->store, "INSERT INTO schema_version (version) VALUES (99)", STORE_NO_ARGS);
    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(store_open(fixture->path, &fixture->store, &err), E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "schema 99"));
}

static void unwritable_places_are_told(void **state)
{
    struct store *store = NULL;
    struct err err = {.text = ""};
    assert_int_equal(store_open("/nonexistent/folder/store.db", &store, &err), E_IO);
    assert_non_null(strstr(err.text, "/nonexistent/folder/store.db"));
}

static void nobody_else_may_read_it(void **state)
{
    char path[] = "/tmp/godwit-store-XXXXXX";
    char file[64];
    struct store *store = NULL;
    struct stat status;
    struct err err;
    assert_non_null(mkdtemp(path));
    for (unsigned i = 0; i < 2; i++) {
        snprintf(file, sizeof(file), "%s/x.db%s", path, i ? "-wal" : "");
        if (i == 0)
            assert_int_equal(store_open(file, &store, &err), E_OK);
        assert_int_equal(stat(file, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    store_close(store);
    snprintf(file, sizeof(file), "%s/x.db", path);
    unlink(file);
    rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_back, start, stop),
        cmocka_unit_test_setup_teardown(what_was_committed_stays, start, stop),
        cmocka_unit_test_setup_teardown(an_error_spoils_the_transaction, start, stop),
        cmocka_unit_test_setup_teardown(rolled_back_is_gone, start, stop),
        cmocka_unit_test_setup_teardown(transactions_nest, start, stop),
        cmocka_unit_test_setup_teardown(queries_nest, start, stop),
        cmocka_unit_test_setup_teardown(wrong_statements_are_errors, start, stop),
        cmocka_unit_test_setup_teardown(later_schemas_are_refused, start, stop),
        cmocka_unit_test(unwritable_places_are_told),
        cmocka_unit_test(nobody_else_may_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
