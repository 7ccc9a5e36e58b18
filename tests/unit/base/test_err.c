#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/check.h"

static void test_set_returns_the_code(void **state)
{
    struct err err;
    assert_int_equal(err_set(&err, E_LIMIT, "%s is above %d", "7", 3), E_LIMIT);
    assert_string_equal(err.text, "7 is above 3");
    assert_int_equal(err_set(NULL, E_IO, "%d", 1), E_IO);
    assert_int_equal(err_prefix(NULL, E_IO, "%d", 1), E_IO);
}

static void test_prefix_goes_in_front(void **state)
{
    struct err err;
    err_set(&err, E_INVALID, "2 s is below 3");
    assert_int_equal(err_prefix(&err, E_INVALID, "file:%d", 12), E_INVALID);
    assert_string_equal(err.text, "file:12: 2 s is below 3");
}

static void test_arguments_may_be_the_text_itself(void **state)
{
    struct err err;
    err_set(&err, E_INVALID, "inner");
    err_set(&err, E_INVALID, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
    err_prefix(&err, E_INVALID, "[%s]", err.text);
    assert_string_equal(err.text, "[outer (inner)]: outer (inner)");
}

static void test_too_long_ends_in_dots(void **state)
{
    char big[2000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';

    struct err err;
    err_set(&err, E_INVALID, "%s", big);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_string_equal(err.text + sizeof(err.text) - 5, "x...");

    err_set(&err, E_INVALID, "%.511s", big); /* just fits */
    assert_int_equal(strlen(err.text), 511);
    assert_int_equal(err.text[510], 'x');

    err_prefix(&err, E_INVALID, "where");
    assert_int_equal(strlen(err.text), 511);
    assert_memory_equal(err.text, "where: xxx", 10);
    assert_string_equal(err.text + 508, "...");

    err_set(&err, E_INVALID, "inner");
    err_prefix(&err, E_INVALID, "%s", big);
    assert_string_equal(err.text + 508, "...");
}

static void test_truncation_keeps_utf8_whole(void **state)
{
    char big[2000] = "";
    for (size_t i = 0; i + 2 < sizeof(big); i += 3)
        memcpy(big + i, "\xe2\x82\xac", 3); /* EURO SIGN */
    struct err err;
    for (int shift = 0; shift < 3; shift++) {
        err_set(&err, E_INVALID, "%.*s%.1500s", shift, "ab", big);
        size_t length = strlen(err.text);
        assert_string_equal(err.text + length - 3, "...");
        assert_int_equal((length - 3 - (size_t)shift) % 3, 0);
    }
}

static void test_errno_survives(void **state)
{
    struct err err;
    errno = ENOENT;
    err_set(&err, E_IO, "cannot open: %m");
    assert_int_equal(errno, ENOENT);
    assert_string_equal(err.text, "cannot open: No such file or directory");
}

static void test_every_code_has_a_text(void **state)
{
    for (int code = E_STATE; code <= E_OK; code++) {
        assert_string_not_equal(err_code_text(code), err_code_text(-1000));
        for (int other = E_STATE; other < code; other++)
            assert_string_not_equal(err_code_text(code), err_code_text(other));
    }
    assert_string_equal(err_code_text(1), "unknown error");
}

static void test_check_aborts_with_place(void **state)
{
    CHECK(1 + 1 == 2);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        signal(SIGABRT, SIG_DFL);
        CHECK(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    char text[600] = "";
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "test_err.c:"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_returns_the_code),
        cmocka_unit_test(test_prefix_goes_in_front),
        cmocka_unit_test(test_arguments_may_be_the_text_itself),
        cmocka_unit_test(test_too_long_ends_in_dots),
        cmocka_unit_test(test_truncation_keeps_utf8_whole),
        cmocka_unit_test(test_errno_survives),
        cmocka_unit_test(test_every_code_has_a_text),
        cmocka_unit_test(test_check_aborts_with_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
