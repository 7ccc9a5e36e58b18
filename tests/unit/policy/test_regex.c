/* Expressions of RE2's dialect: what they match, what is refused and in which words, and that none takes long. */
#include "policy/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"

static bool matches(const char *pattern, const char *text)
{
    struct err err = {{0}};
    struct regex *regex = regex_new(pattern, &err);
    if (regex == NULL)
        fail_msg("%s: %s", pattern, err.text);
    bool result = regex_match(regex, text, strlen(text));
    /* Nothing of one text is left for the next. */
    assert_int_equal(regex_match(regex, text, strlen(text)), result);
    regex_free(regex);
    return result;
}

static void test_matches(void **state)
{
    static const struct {
        const char *pattern;
        const char *yes; /* NULL: nothing does */
        const char *no;  /* NULL: everything does */
    } cases[] = {
        {"", "", NULL},
        {"65001", "1 65001 2", "6500"},
        {"^65001$", "65001", "65001 2"},
        {"^$", "", "1"},
        {"^65[0-9]{3}$", "65123", "6512"},
        {"^(65001|65002)( |$)", "65002 7", "65003 7"},
        {"(^|[,{}() ]|$)65001(^|[,{}() ]|$)", "{65001,7}", "165001"},
        {"^6500[^1-3]$", "65004", "65002"},
        {"1{2,3}2", "0112", "0122"},
        {"^(1{2,3}){2}$", "11111", "111"},
        {"^a*?b+?c??$", "aabb", "aabbcc"},
        {"^\\d+:\\d+$", "65001:1", "65001:x"},
        {"^[[:digit:]]+$", "123", "12a"},
        {"^[^[:digit:]]+$", "abc", "1"},
        {"[]a]", "]", "b"},
        {"[^]a]", "b", "]a"},
        {"[a\\]b]", "]", "c"},
        {"[\\d-]", "-", "x"},
        {"a\\.b", "a.b", "axb"},
        {"\\x41\\x{42}\\103", "ABC", "AB"},
        {"\\Aab\\z", "ab", "abc"},
        {"\\b1\\b", "0 1 2", "012"},
        {"\\B1\\B", "012", "0 1 2"},
        {"(?i)aBc", "AbC", "ab"},
        {"(?i:a)b", "Ab", "AB"},
        {"a(?i)b|c", "aB", "Ab"},
        {"(?P<as>6500[12])", "65002", "65003"},
        {"\\Q65001.*\\E$", "65001.*", "65001x"},
        {"\\pN\\PN", "1x", "11"},
        {"\\p{Nd}\\p{^Nd}", "1x", "11"},
        {"a|b|", "x", NULL},
        {"x*", "", NULL},
        {"(a*)*b", "aaab", "aaa"},
        {"(|a)+b", "ab", "a"},
        {"a{0}b", "b", "a"},
        {"a{,2}", "a{,2}", "aa"},
        {"(?s)a.b", "a\nb", "ab"},
        {"a.b", "axb", "a\nb"},
        {"(?m)^b$", "a\nb\nc", "ab"},
        {"b$", "ab", "b\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].yes != NULL && !matches(cases[i].pattern, cases[i].yes))
            fail_msg("%s does not match '%s'", cases[i].pattern, cases[i].yes);
        if (cases[i].no != NULL && matches(cases[i].pattern, cases[i].no))
            fail_msg("%s matches '%s'", cases[i].pattern, cases[i].no);
    }
}

/* In Go's words. */
static void test_refused(void **state)
{
    static const char *const cases[][2] = {
        {"a**", "invalid nested repetition operator: `**`"},
        {"a+*", "invalid nested repetition operator: `+*`"},
        {"a{2}{3}", "invalid nested repetition operator: `{2}{3}`"},
        {"*a", "missing argument to repetition operator: `*`"},
        {"(+)", "missing argument to repetition operator: `+`"},
        {"a|?", "missing argument to repetition operator: `?`"},
        {"a{3,2}", "invalid repeat count: `{3,2}`"},
        {"a{1001}", "invalid repeat count: `{1001}`"},
        {"(a", "missing closing ): `(a`"},
        {"a)", "unexpected ): `a)`"},
        {"[a", "missing closing ]: `[a`"},
        {"[b-a]", "invalid character class range: `b-a`"},
        {"[[:nothing:]]", "invalid character class range: `[:nothing:]`"},
        {"a\\", "trailing backslash at end of expression: ``"},
        {"\\1", "invalid escape sequence: `\\1`"},
        {"\\8", "invalid escape sequence: `\\8`"},
        {"\\y", "invalid escape sequence: `\\y`"},
        {"\\xZZ", "invalid escape sequence: `\\x`"},
        {"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
        {"(?<n>a)", "invalid or unsupported Perl syntax: `(?<`"},
        {"(?z)", "invalid or unsupported Perl syntax: `(?z`"},
        {"(?P<n", "invalid named capture: `(?P<n`"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {{0}};
        assert_null(regex_new(cases[i][0], &err));
        assert_memory_equal(err.text, "error parsing regexp: ", 22);
        assert_string_equal(err.text + 22, cases[i][1]);
    }
}

static void test_too_large(void **state)
{
    struct err err;
    assert_null(regex_new("((a{100}){100}){100}", &err));
    assert_string_equal(err.text, "error parsing regexp: expression too large");
    char deep[1024];
    memset(deep, '(', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    assert_null(regex_new(deep, &err));
    assert_non_null(strstr(err.text, "nests too deeply"));
}

/* A backtracking matcher would not come back from these. */
static void test_no_catastrophe(void **state)
{
    char text[1024];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(matches("^(a*)*b", text));
    assert_false(matches("^(a|a)*$b", text));
    assert_false(matches("(a?){30}a{30}$b", text));
    assert_true(matches("(.*)(.*)(.*)(.*)a$", text));
}

static void test_long_alternation(void **state)
{
    char pattern[1000];
    memset(pattern, '1', sizeof(pattern));
    for (size_t i = 1; i < sizeof(pattern); i += 2)
        pattern[i] = '|';
    pattern[sizeof(pattern) - 2] = '7';
    pattern[sizeof(pattern) - 1] = '\0';
    assert_true(matches(pattern, "7"));
    assert_false(matches(pattern, "8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_large),        cmocka_unit_test(test_no_catastrophe),
        cmocka_unit_test(test_long_alternation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
