/* Tables, indented JSON and YAML of documents that somebody else wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/check.h"
#include "cli/json_show.h"
#include "cli/table.h"

typedef void show_function(struct text *out, const struct json_node *node);

static void as_json(struct text *out, const struct json_node *node)
{
    json_show(out, node, 0);
}

static void as_yaml(struct text *out, const struct json_node *node)
{
    yaml_show(out, node, 0);
}

static void check(show_function *show, const char *document, const char *expected)
{
    struct err err = {.text = ""};
    struct text out;
    struct json_node *node = json_in_parse(document, strlen(document), &err);
    assert_non_null(node);
    text_init(&out, 1 << 20);
    show(&out, node);
    assert_string_equal(out.bytes, expected);
    text_release(&out);
    json_in_free(node);
}

static const char document[] =
    "{\"id\":5,\"name\":\"r1\",\"none\":null,\"yes\":true,\"empty\":[],\"bare\":{},\"list\":[1,\"a b\",[2,3],"
    "{\"x\":1.5,\"y\":\"\"}],\"sub\":{\"deep\":{\"k\":false}}}";

static void json_is_indented(void **state)
{
    check(
        as_json, document,
        "{\n  \"id\": 5,\n  \"name\": \"r1\",\n  \"none\": null,\n  \"yes\": true,\n  \"empty\": [],\n  \"bare\": {},\n"
        "  \"list\": [\n    1,\n    \"a b\",\n    [\n      2,\n      3\n    ],\n    {\n      \"x\": 1.5,\n"
        "      \"y\": \"\"\n    }\n  ],\n  \"sub\": {\n    \"deep\": {\n      \"k\": false\n    }\n  }\n}");
    check(json_show_line, document,
          "{\"id\":5,\"name\":\"r1\",\"none\":null,\"yes\":true,\"empty\":[],\"bare\":{},\"list\":[1,\"a b\",[2,3],"
          "{\"x\":1.5,\"y\":\"\"}],\"sub\":{\"deep\":{\"k\":false}}}");
    check(as_json, "\"text\"", "\"text\"");
}

static void yaml_is_indented(void **state)
{
    check(as_yaml, document,
          "id: 5\nname: r1\nnone: null\n\"yes\": true\nempty: []\nbare: {}\nlist:\n- 1\n- a b\n- - 2\n  - 3\n- x: 1.5\n"
          "  \"y\": \"\"\nsub:\n  deep:\n    k: false");
    check(as_yaml, "[]", "[]");
    check(as_yaml, "[{\"a\":[{\"b\":1,\"c\":2}]}]", "- a:\n  - b: 1\n    c: 2");
}

/* A text that YAML would read as something else, or not at all, is quoted. */
static void yaml_texts_stay_texts(void **state)
{
    static const char *const quoted[] = {"",           "true",  "No",  "null", "y",    "5",        "1e3",     "0x1f",
                                         "2026-11-22", "~",     "- a", "a: b", "a #b", "a ",       "*x",      "{",
                                         "up,down",    "a\\nb", "'x'", ".inf", "a  b", "\xc3\xa9", "10.0.0.1"};
    for (size_t i = 0; i < ARRAY_LEN(quoted); i++) {
        char text[64], expected[64];
        struct str str = str_over(text, sizeof(text));
        str_printf(&str, "{\"k\":\"%s\"}", quoted[i]);
        str = str_over(expected, sizeof(expected));
        str_printf(&str, "k: \"%s\"", quoted[i]);
        check(as_yaml, text, expected);
    }
    check(as_yaml, "{\"k\":\"e1-x_y./z 2\"}", "k: e1-x_y./z 2");
}

static void check_table(const struct table *table, const char *expected)
{
    struct output out;
    char text[1024] = "";
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    output_init(&out, ends[1]);
    table_print(table, &out);
    output_release(&out);
    close(ends[1]);
    ssize_t length = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    assert_true(length > 0);
    assert_string_equal(text, expected);
}

static void columns_fit_what_is_in_them(void **state)
{
    static const char *const cells[] = {"server1", "5", "up", "", "12345", "down"};
    struct table table;
    table_init(&table);
    table_column(&table, "NAME", TABLE_TEXT);
    table_column(&table, "N", TABLE_NUMBER);
    table_column(&table, "STATE", TABLE_STATE);
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        table_cell(&table, cells[i]);
    check_table(&table, "NAME         N  STATE\nserver1      5  up\n         12345  down\n");
    table_release(&table);
}

/* Foreign text neither breaks a line nor steers a terminal; signs count as many places as they take. */
static void cells_are_tame(void **state)
{
    static const char *const cells[] = {"a\x1b[2J\nb", "x", "\xe6\x9c\x8d\xe5\x8a\xa1", "y", "caf\xc3\xa9", "z"};
    struct table table;
    table_init(&table);
    table_column(&table, "A", TABLE_TEXT);
    table_column(&table, "B", TABLE_TEXT);
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        table_cell(&table, cells[i]);
    check_table(
        &table,
        "A              B\na\\x1b[2J\\x0ab  x\n\xe6\x9c\x8d\xe5\x8a\xa1           y\ncaf\xc3\xa9           z\n");
    table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_indented),      cmocka_unit_test(yaml_is_indented),
        cmocka_unit_test(yaml_texts_stay_texts), cmocka_unit_test(columns_fit_what_is_in_them),
        cmocka_unit_test(cells_are_tame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
