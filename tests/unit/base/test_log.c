#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"

static char last[70000];
static enum log_level last_level;
static unsigned lines;

static void keep(void *context, enum log_level level, const char *line)
{
    assert_ptr_equal(context, last);
    last_level = level;
    lines++;
    snprintf(last, sizeof(last), "%s", line);
    errno = EBADF; /* as a failing write leaves it */
}

static int setup(void **state)
{
    lines = 0;
    last[0] = '\0';
    log_set_level(LOG_LEVEL_INFO);
    log_set_format(LOG_FORMAT_JSON);
    log_set_sink(keep, last);
    return 0;
}

static int teardown(void **state)
{
    log_set_sink(NULL, NULL);
    return 0;
}

/* Replaces the digits of the time, which no test can foresee, with 9. */
static const char *timeless(void)
{
    char *time = strstr(last, "time");
    assert_non_null(time);
    char *from = time + strcspn(time, "0123456789"), *to = strchr(from, 'Z');
    assert_non_null(to);
    assert_int_equal(to - from, 19);
    for (; from < to; from++) {
        if (*from >= '0' && *from <= '9')
            *from = '9';
    }
    return last;
}

static void test_json_line(void **state)
{
    log_info("peer", "192.0.2.1", "state is %s", "up");
    assert_string_equal(timeless(), "{\"Key\":\"192.0.2.1\",\"Topic\":\"peer\",\"level\":\"info\","
                                    "\"msg\":\"state is up\",\"time\":\"9999-99-99T99:99:99Z\"}");
    log_warn(NULL, NULL, "x");
    assert_string_equal(timeless(), "{\"level\":\"warning\",\"msg\":\"x\",\"time\":\"9999-99-99T99:99:99Z\"}");
    assert_int_equal(last_level, LOG_LEVEL_WARN);
}

static void test_text_line(void **state)
{
    log_set_format(LOG_FORMAT_TEXT);
    log_error("peer", "2001:db8::1", "it \"broke\" \\");
    assert_string_equal(timeless(), "time=\"9999-99-99T99:99:99Z\" level=error msg=\"it \\\"broke\\\" \\\\\" "
                                    "Key=\"2001:db8::1\" Topic=peer");
    log_error("peer", "", "word");
    assert_string_equal(timeless(), "time=\"9999-99-99T99:99:99Z\" level=error msg=word Key=\"\" Topic=peer");
}

static void test_foreign_text_is_escaped(void **state)
{
    log_info("peer", "a\nb", "%s", "one\ntwo\x1b[0m<\xff>");
    assert_non_null(strstr(last, "\"msg\":\"one\\\\x0atwo\\\\x1b[0m\\u003c\\\\xff\\u003e\""));
    assert_non_null(strstr(last, "\"Key\":\"a\\\\x0ab\""));
    log_set_format(LOG_FORMAT_TEXT);
    log_info("peer", NULL, "%s", "one\ntwo level=error");
    assert_null(strchr(last, '\n'));
    assert_non_null(strstr(last, "msg=\"one\\\\x0atwo level=error\""));
}

static void test_too_long_is_cut(void **state)
{
    char big[10000], key[2000];
    memset(big, '\n', sizeof(big) - 1); /* the worst escaping */
    big[sizeof(big) - 1] = '\0';
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    log_info("peer", key, "%s", big);
    assert_non_null(strstr(last, "\\x0a...\",\"time\":\""));
    assert_true(strlen(last) < 16384);
    assert_int_equal(last[strlen(last) - 1], '}');

    memset(big, 'y', sizeof(big) - 1);
    log_info("peer", NULL, "%s", big);
    assert_non_null(strstr(last, "yyy...\",\"time\":\""));
}

static void test_levels(void **state)
{
    assert_true(log_wants(LOG_LEVEL_INFO));
    assert_false(log_wants(LOG_LEVEL_DEBUG));
    log_debug("peer", NULL, "hidden");
    assert_int_equal(lines, 0);
    log_set_level(LOG_LEVEL_DEBUG);
    assert_int_equal(log_level(), LOG_LEVEL_DEBUG);
    log_debug("peer", NULL, "seen");
    assert_int_equal(lines, 1);
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("peer", NULL, "hidden");
    assert_int_equal(lines, 1);
}

static void test_level_names(void **state)
{
    static const char *const names[] = {"panic", "fatal", "error", "warning", "info", "debug", "trace"};
    enum log_level level = LOG_LEVEL_TRACE;
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(log_level_parse(names[i], &level), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(log_level_parse("warn", &level), 0);
    assert_int_equal(level, LOG_LEVEL_WARN);
    assert_int_equal(log_level_parse("INFO", &level), 0);
    assert_int_equal(log_level_parse("loud", &level), E_INVALID);
    assert_int_equal(level, LOG_LEVEL_INFO);
}

static void test_errno_survives(void **state)
{
    errno = ENOTTY;
    log_info("peer", NULL, "%m");
    assert_int_equal(errno, ENOTTY);
    assert_non_null(strstr(last, "Inappropriate ioctl"));
}

enum { THREADS = 4, LINES_EACH = 200 };

static void *chatter(void *number)
{
    char filler[400];
    memset(filler, 'a' + (int)(intptr_t)number, sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    for (unsigned i = 0; i < LINES_EACH; i++)
        log_info("test", NULL, "%s", filler);
    return NULL;
}

/* Standard error goes to a file meanwhile, so that nothing has to read along. */
static void test_lines_of_threads_do_not_mix(void **state)
{
    log_set_sink(NULL, NULL);
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    dup2(saved, STDERR_FILENO);
    close(saved);

    rewind(file);
    char line[1000];
    unsigned count[THREADS] = {0};
    while (fgets(line, sizeof(line), file)) {
        char *message = strstr(line, "\"msg\":\"");
        assert_int_equal(line[0], '{');
        assert_non_null(message);
        message += 7;
        unsigned who = (unsigned)(message[0] - 'a');
        assert_true(who < THREADS);
        const char same[] = {message[0], '\0'};
        assert_int_equal(strspn(message, same), 399);
        assert_string_equal(line + strlen(line) - 4, "Z\"}\n");
        count[who]++;
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(count[i], LINES_EACH);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_json_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_text_is_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_long_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_level_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errno_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_of_threads_do_not_mix, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
