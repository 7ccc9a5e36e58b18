/* JSON that clients send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "http/json_in.h"

static struct json_node *parse(const char *text)
{
    struct err err = {.text = ""};
    return json_in_parse(text, strlen(text), &err);
}

static void values_are_read(void **state)
{
    struct json_node *root = parse("{\"a\":true,\"b\":-5,\"c\":\"x\",\"d\":[1,2],\"e\":null,\"f\":1.5}");
    assert_non_null(root);
    assert_true(json_in_bool(json_in_member(root, "a")));
    assert_int_equal(json_in_number(json_in_member(root, "b")), -5);
    assert_string_equal(json_in_text(json_in_member(root, "c")), "x");
    assert_int_equal(json_in_count(json_in_member(root, "d")), 2);
    assert_int_equal(json_in_number(json_in_at(json_in_member(root, "d"), 1)), 2);
    assert_int_equal(json_in_kind(json_in_member(root, "e")), JSON_KIND_NULL);
    assert_int_equal(json_in_kind(json_in_member(root, "f")), JSON_KIND_REAL);
    json_in_free(root);
}

static void a_bare_value_is_a_document(void **state)
{
    struct json_node *root = parse("true\n");
    assert_int_equal(json_in_kind(root), JSON_KIND_BOOL);
    assert_true(json_in_bool(root));
    json_in_free(root);
}

static void what_is_not_there_has_answers(void **state)
{
    assert_int_equal(json_in_kind(NULL), JSON_KIND_NONE);
    assert_null(json_in_member(NULL, "a"));
    assert_null(json_in_at(NULL, 0));
    assert_int_equal(json_in_count(NULL), 0);
    assert_null(json_in_text(NULL));
    assert_int_equal(json_in_number(NULL), 0);
    assert_false(json_in_bool(NULL));
    json_in_free(NULL);
}

static void wrong_ones_say_where(void **state)
{
    static const char *const bad[] = {"", "{", "{\"a\":1,\"a\":2}", "[1,]", "nul", "\"\xff\"", "1 2", "\"\\u0000\""};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = {.text = ""};
        struct json_node *root = json_in_parse(bad[i], strlen(bad[i]), &err);
        if (root)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(err.text, "line 1"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(a_bare_value_is_a_document),
        cmocka_unit_test(what_is_not_there_has_answers),
        cmocka_unit_test(wrong_ones_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
