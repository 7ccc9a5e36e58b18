/* The three readers: what they make of values, and what they refuse. */
#include "config/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef int (*reader)(struct tree *tree, const char *text, size_t length, struct err *err);

/* A tree as one line: {key:value ...}, [value ...], 'string', #number, true, null. */
static void show(const struct node *node, char *line, size_t size)
{
    size_t used = strlen(line);
    switch (node->kind) {
    case NODE_TABLE:
    case NODE_LIST:
        snprintf(line + used, size - used, "%c", node->kind == NODE_TABLE ? '{' : '[');
        for (const struct node *child = node->first; child; child = child->next) {
            used = strlen(line);
            snprintf(line + used, size - used, "%s%s%s", child == node->first ? "" : " ", child->key ? child->key : "",
                     child->key ? ":" : "");
            show(child, line, size);
        }
        used = strlen(line);
        snprintf(line + used, size - used, "%c", node->kind == NODE_TABLE ? '}' : ']');
        break;
    case NODE_STRING:
        snprintf(line + used, size - used, "'%s'", node->text);
        break;
    case NODE_NUMBER:
        snprintf(line + used, size - used, "#%s", node->text);
        break;
    case NODE_BOOL:
        snprintf(line + used, size - used, "%s", node->text);
        break;
    default:
        snprintf(line + used, size - used, "null");
        break;
    }
}

static void assert_reads_n(reader read, const char *text, size_t length, const char *expected)
{
    struct tree tree;
    struct err err;
    char line[4096] = "";
    tree_init(&tree, "x");
    if (read(&tree, text, length, &err) < 0)
        fail_msg("%s\nis refused: %s", text, err.text);
    show(tree.root, line, sizeof(line));
    assert_string_equal(line, expected);
    tree_release(&tree);
}

static void assert_reads(reader read, const char *text, const char *expected)
{
    assert_reads_n(read, text, strlen(text), expected);
}

static void assert_refuses_n(reader read, const char *text, size_t length, const char *expected)
{
    struct tree tree;
    struct err err;
    tree_init(&tree, "x");
    if (read(&tree, text, length, &err) == 0)
        fail_msg("%s\nis accepted", text);
    assert_string_equal(err.text, expected);
    tree_release(&tree);
}

static void assert_refuses(reader read, const char *text, const char *expected)
{
    assert_refuses_n(read, text, strlen(text), expected);
}

static void test_toml_values(void **state)
{
    assert_reads(tree_read_toml, "", "{}");
    assert_reads(tree_read_toml, "# nothing", "{}");
    assert_reads(tree_read_toml,
                 "\xef\xbb\xbf"
                 "a = 1\r\nb = 2",
                 "{a:#1 b:#2}");
    assert_reads(tree_read_toml, "a = +1\nb = -2\nc = 1_000\nd = 0xfF\ne = 0o17\nf = 0b101\ng = 0",
                 "{a:#+1 b:#-2 c:#1_000 d:#0xfF e:#0o17 f:#0b101 g:#0}");
    assert_reads(tree_read_toml, "a = 1.5\nb = 1e3\nc = -0.5E-2\nd = 6.02e+23",
                 "{a:#1.5 b:#1e3 c:#-0.5E-2 d:#6.02e+23}");
    assert_reads(tree_read_toml, "a = true # yes\nb = false", "{a:true b:false}");
    assert_reads(tree_read_toml, "a = \"x\\t\\\"y\\\" \\u00e9 \\U0001F40D\"\nb = 'c:\\new'",
                 "{a:'x\t\"y\" \xc3\xa9 \xf0\x9f\x90\x8d' b:'c:\\new'}");
    assert_reads(tree_read_toml, "a = \"\"\nb = ''", "{a:'' b:''}");
    assert_reads(tree_read_toml, "a = \"\"\"\none\n  two\\\n   three \"quoted\"\"\"\"\nb = '''\nx''y'''",
                 "{a:'one\n  twothree \"quoted\"' b:'x''y'}");
    assert_reads(tree_read_toml, "a = \"\"\"\\u0041\\\\\\\n \n\tb\r\n\"\"\"", "{a:'A\\b\r\n'}");
    assert_refuses(tree_read_toml, "a = \"\"\"\\x\"\"\"", "x:1:9: not a valid escape sequence");
    assert_refuses(tree_read_toml, "a = \"\"\"\n\x01\"\"\"", "x:2:1: a control character in a string");
    assert_reads(tree_read_toml, "a = \"\"\"\"\"\"\nb = \"\"\"\"\"two\"\"\"\"\"", "{a:'' b:'\"\"two\"\"'}");
    assert_reads(tree_read_toml, "a = [1, 'b', [true], {c = 1}]", "{a:[#1 'b' [true] {c:#1}]}");
    assert_reads(tree_read_toml, "a = [ # first\n 1, # one\n\n 2,\n]\nb = []", "{a:[#1 #2] b:[]}");
    assert_reads(tree_read_toml, "a = {}\nb = { c = 1, d.e = 2, d.f = 3 }", "{a:{} b:{c:#1 d:{e:#2 f:#3}}}");
}

static void test_toml_tables(void **state)
{
    assert_reads(tree_read_toml, "a.b.c = 1\na.b.d = 2\n'x y'.\"z\" = 3", "{a:{b:{c:#1 d:#2}} x y:{z:#3}}");
    assert_reads(tree_read_toml, "[a]\nb = 1\n[ a . c ]\nd = 2\n[e.f]", "{a:{b:#1 c:{d:#2}} e:{f:{}}}");
    assert_reads(tree_read_toml, "[a.b]\nc = 1\n[a]\nd = 2", "{a:{b:{c:#1} d:#2}}");
    assert_reads(tree_read_toml, "[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3\n[[a.e]]\nf = 4\n[[a.e]]",
                 "{a:[{b:#1 c:{d:#2}} {b:#3 e:[{f:#4} {}]}]}");
    assert_reads(tree_read_toml, "[a]\nb.c = 1\n[a.b.d]\ne = 2", "{a:{b:{c:#1 d:{e:#2}}}}");
    assert_reads(tree_read_toml, "[Global]\nx = 1\n[global.Config]\ny = 2", "{Global:{x:#1 Config:{y:#2}}}");
}

static void test_toml_refuses(void **state)
{
    assert_refuses(tree_read_toml, "a = 1\na = 2", "x:2:1: duplicate key 'a', first in line 1");
    assert_refuses(tree_read_toml, "[a]\n[a]", "x:2:2: 'a' cannot be extended here: it is a table of line 1");
    assert_refuses(tree_read_toml, "[a.b]\nc = 1\n[a]\nb.d = 2",
                   "x:4:1: 'b' cannot be extended here: it is a table of line 1");
    assert_refuses(tree_read_toml, "[a]\nb.c = 1\n[a.b]",
                   "x:3:4: 'b' cannot be extended here: it is a table of line 2");
    assert_refuses(tree_read_toml, "a = [1]\n[[a]]", "x:2:3: 'a' cannot be extended here: it is a list of line 1");
    assert_refuses(tree_read_toml, "a = {b = 1}\na.c = 2",
                   "x:2:1: 'a' cannot be extended here: it is a table of line 1");
    assert_refuses(tree_read_toml, "a = {b = 1,}", "x:1:12: a key expected, found '}'");
    assert_refuses(tree_read_toml, "a = {b = 1\n}", "x:1:11: ',' or '}' expected, found the end of the line");
    assert_refuses(tree_read_toml, "a = [1 2]", "x:1:8: ',' or ']' expected, found '2'");
    assert_refuses(tree_read_toml, "a = [,]", "x:1:6: a value expected, found ','");
    assert_refuses(tree_read_toml, "a =", "x:1:4: a value expected, found the end of the file");
    assert_refuses(tree_read_toml, "= 1", "x:1:1: a key expected, found '='");
    assert_refuses(tree_read_toml, "a = 1__0",
                   "x:1:5: '1__0' is no value of TOML a configuration can use; a string needs quotes");
    assert_refuses(tree_read_toml, "a = 1979-05-27T07:32:00Z",
                   "x:1:5: '1979-05-27T07:32:00Z' is no value of TOML a configuration can use; a string needs quotes");
    assert_refuses(tree_read_toml, "a = inf",
                   "x:1:5: 'inf' is no value of TOML a configuration can use; a string needs quotes");
    assert_refuses(tree_read_toml, "a = \"\\ud800\"", "x:1:7: not a valid escape sequence");
    assert_refuses(tree_read_toml, "a = \"\\u0000\"", "x:1:7: not a valid escape sequence");
    assert_refuses(tree_read_toml, "a = \"x\x01\"", "x:1:7: a control character in a string");
    assert_refuses(tree_read_toml, "a = '''x", "x:1:5: this string has no end");
    assert_refuses(tree_read_toml, "a = ''''''''''", "x:1:5: too many quotes in a row");
    assert_refuses_n(tree_read_toml, "a\0b", 3, "x:1:2: a NUL character");
    assert_refuses(tree_read_toml, "a = \"\xc3\xa9\" b", "x:1:9: the end of the line expected, found 'b'");
}

static void test_json_values(void **state)
{
    assert_reads(tree_read_json, " {} ", "{}");
    assert_reads(tree_read_json, "{\"a\": [1, -2.5e+3, 0, true, false, null, \"x\", {}, []]}",
                 "{a:[#1 #-2.5e+3 #0 true false null 'x' {} []]}");
    assert_reads(tree_read_json, "{\"a\": \"\\\"\\\\\\/\\n\\t\\u00e9\\ud83d\\udc0d\", \"\": \"\"}",
                 "{a:'\"\\/\n\t\xc3\xa9\xf0\x9f\x90\x8d' :''}");
}

static void test_json_refuses(void **state)
{
    assert_refuses(tree_read_json, "{} {}", "x:1:4: the end of the file expected, found '{'");
    assert_refuses(tree_read_json, "{\"a\": 1.}", "x:1:7: not a valid number");
    assert_refuses(tree_read_json, "{\"a\": +1}", "x:1:7: a value expected, found '+'");
    assert_refuses(tree_read_json, "{\"a\": tru}", "x:1:7: a value expected, found 't'");
    assert_refuses(tree_read_json, "{\"a\": [1,]}", "x:1:10: a value expected, found ']'");
    assert_refuses(tree_read_json, "{\"a\" 1}", "x:1:6: ':' expected, found '1'");
    assert_refuses(tree_read_json, "{\"a\": \"x", "x:1:7: this string has no end");
    assert_refuses(tree_read_json, "{\"a\": \"x\ny\"}", "x:1:9: a control character in a string");
    assert_refuses(tree_read_json, "{\"a\": \"\\x\"}", "x:1:8: not a valid escape sequence");
    assert_refuses(tree_read_json, "{'a': 1}", "x:1:2: a key in double quotes expected, found '''");
    assert_refuses(tree_read_json, "\"x\"", "x:1:1: a configuration is an object, not a string");
}

static void test_yaml_values(void **state)
{
    assert_reads(tree_read_yaml, "", "{}");
    assert_reads(tree_read_yaml, "# nothing\n---\n", "{}");
    assert_reads(tree_read_yaml, "a: 1\nb: -2.5\nc: 0x1f\nd: 1e3\ne: 192.0.2.1\nf: 65000:1\ng: \"7\"\nh: +5\n",
                 "{a:#1 b:#-2.5 c:#0x1f d:#1e3 e:'192.0.2.1' f:'65000:1' g:'7' h:#+5}");
    assert_reads(tree_read_yaml, "a: true\nb: False\nc: yes\nd: ~\ne:\nf: null\ng: ''\n",
                 "{a:true b:false c:'yes' d:null e:null f:null g:''}");
    assert_reads(tree_read_yaml, "a: &x [1, two]\nb:\n  - c: d\n  -\n    - e\n", "{a:[#1 'two'] b:[{c:'d'} ['e']]}");
    assert_reads(tree_read_yaml, "a: |\n  one\n  two\nb: !!str 5\n", "{a:'one\ntwo\n' b:'5'}");
}

static void test_yaml_refuses(void **state)
{
    assert_refuses(tree_read_yaml, "a: *b",
                   "x:1:4: aliases (*name) are not accepted; a peer group can hold what "
                   "neighbors share");
    assert_refuses(tree_read_yaml, "? [a]\n: b", "x:1:3: a key must be plain text");
    assert_refuses(tree_read_yaml, "a: b: c", "x:1:5: mapping values are not allowed in this context");
    assert_refuses(tree_read_yaml, "a: [1", "x:2:1: while parsing a flow sequence: did not find expected ',' or ']'");
    assert_refuses(tree_read_yaml, "a: \"\\0\"", "x:1:4: a NUL character");
    assert_refuses(tree_read_yaml, "hello", "x:1:1: a configuration is a mapping, not a string");
}

static void assert_deep_refused(reader read, const char *open, const char *expected)
{
    enum { LEVELS = 100 };
    char text[8192] = "";
    size_t used = 0;
    if (read == tree_read_toml)
        used = (size_t)snprintf(text, sizeof(text), "a = ");
    for (int i = 0; i < LEVELS; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", open);
    assert_refuses(read, text, expected);
}

static void test_depth_is_bounded(void **state)
{
    assert_deep_refused(tree_read_toml, "[", "x:1:37: nested too deeply");
    assert_deep_refused(tree_read_toml, "{a=", "x:1:101: nested too deeply");
    assert_deep_refused(tree_read_json, "[", "x:1:33: nested too deeply");
    assert_deep_refused(tree_read_yaml, "[", "x:1:33: nested too deeply");
    assert_deep_refused(tree_read_toml, "[[", "x:1:37: nested too deeply");
}

static void test_width_is_bounded(void **state)
{
    char *text = calloc(1, 1 << 16);
    size_t used = 0;
    for (int i = 0; i <= TREE_TABLE_KEYS_MAX; i++)
        used += (size_t)snprintf(text + used, (1 << 16) - used, "k%d: 1\n", i);
    assert_refuses(tree_read_yaml, text, "x:257:1: more than 256 keys in one table");
    for (char *colon = text; (colon = strchr(colon, ':')); colon++)
        *colon = '=';
    assert_refuses(tree_read_toml, text, "x:257:1: more than 256 keys in one table");
    free(text);
}

static void test_length_is_bounded(void **state)
{
    static char text[TREE_STRING_BYTES_MAX + 64];
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "a: ", 3);
    assert_refuses(tree_read_yaml, text, "x:1:4: this string is too long");
    memcpy(text, "a='", 3);
    text[sizeof(text) - 2] = '\'';
    assert_refuses(tree_read_toml, text, "x:1:3: this string is too long");
    memcpy(text, "{\"a\":\"", 6);
    text[sizeof(text) - 2] = '"';
    assert_refuses(tree_read_json, text, "x:1:6: this string is too long");
}

static void test_key_parts_are_bounded(void **state)
{
    char text[256] = "";
    for (int i = 0; i < TREE_DEPTH_MAX; i++)
        memcpy(text + strlen(text), "a.", sizeof("a."));
    memcpy(text + strlen(text), "a=1", sizeof("a=1"));
    assert_refuses(tree_read_toml, text, "x:1:65: too many parts in one key");
}

static void test_paths(void **state)
{
    static const char text[] = "a:\n  b:\n    - c: 1\n    - c: 2\nd: {c: 3}\n";
    struct tree tree;
    struct err err;
    tree_init(&tree, "x");
    assert_int_equal(tree_read_yaml(&tree, text, strlen(text), &err), 0);
    assert_string_equal(node_find_path(tree.root, "a.b[1].c")->text, "2");
    assert_string_equal(node_find_path(tree.root, "A.B[0].C")->text, "1");
    assert_string_equal(node_find_path(tree.root, "d[0].c")->text, "3");
    assert_null(node_find_path(tree.root, "a.b[2].c"));
    assert_null(node_find_path(tree.root, "a.x"));
    assert_ptr_equal(node_nearest(tree.root, "a.b[1].x"), node_find_path(tree.root, "a.b[1]"));
    assert_ptr_equal(node_nearest(tree.root, "x.y"), tree.root);
    assert_int_equal(node_place(node_find_path(tree.root, "a.b[1].c")).line, 4);
    assert_int_equal(node_place(node_find_path(tree.root, "a.b[1].c")).column, 7);
    tree_release(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_toml_values),       cmocka_unit_test(test_toml_tables),
        cmocka_unit_test(test_toml_refuses),      cmocka_unit_test(test_json_values),
        cmocka_unit_test(test_json_refuses),      cmocka_unit_test(test_yaml_values),
        cmocka_unit_test(test_yaml_refuses),      cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_width_is_bounded),  cmocka_unit_test(test_paths),
        cmocka_unit_test(test_length_is_bounded), cmocka_unit_test(test_key_parts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
