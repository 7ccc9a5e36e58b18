/* Every file of tests/config/bad is refused with exactly the line that stands in the .err beside it. */
#include "config/config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/config_paths.h"

#define BAD SOURCE_ROOT "/tests/config/bad"

static char *read_whole(const char *name, size_t *length)
{
    char path[1024];
    snprintf(path, sizeof(path), BAD "/%s", name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s cannot be read", path);
    char *text = calloc(1, 1 << 16);
    *length = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    return text;
}

static void check_file(const char *name)
{
    struct config *config = NULL;
    struct err err = {{0}};
    char expected_name[512];
    size_t length;
    size_t expected_length;
    snprintf(expected_name, sizeof(expected_name), "%s.err", name);
    char *text = read_whole(name, &length);
    char *expected = read_whole(expected_name, &expected_length);
    expected[strcspn(expected, "\n")] = '\0';
    if (config_read_text(name, text, length, config_format_of(name, CONFIG_TOML), &config, &err) == 0)
        fail_msg("%s was accepted", name);
    assert_null(config);
    assert_string_equal(err.text, expected);
    free(text);
    free(expected);
}

static void test_golden_errors(void **state)
{
    struct dirent *entry;
    unsigned seen = 0;
    DIR *directory = opendir(BAD);
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        const char *extension = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || strcmp(extension, ".err") == 0)
            continue;
        check_file(entry->d_name);
        seen++;
    }
    closedir(directory);
    assert_in_range(seen, 80, 1000);
}

static void test_no_such_file(void **state)
{
    struct config *config;
    struct err err;
    assert_int_equal(config_read_file(BAD "/not-there.toml", CONFIG_TOML, &config, &err), E_NOT_FOUND);
    assert_string_equal(err.text, BAD "/not-there.toml: No such file or directory");
    assert_int_equal(config_read_file(BAD, CONFIG_TOML, &config, &err), E_IO);
    assert_string_equal(err.text, BAD ": Is a directory");
    assert_null(config);
}

static void test_without_err(void **state)
{
    struct config *config;
    assert_int_equal(config_read_text("x", "[", 1, CONFIG_TOML, &config, NULL), E_INVALID);
    assert_int_equal(config_read_text("x", "{}", 2, CONFIG_JSON, &config, NULL), E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_errors),
        cmocka_unit_test(test_no_such_file),
        cmocka_unit_test(test_without_err),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
