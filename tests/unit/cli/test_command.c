/* Options, command words, and what a terminal gets to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/check.h"
#include "cli/command.h"
#include "cli/community.h"
#include "cli/words.h"

enum { WORDS_MAX = 16 };

/* Splits a line at blanks: options and words of a command. */
struct line {
    char text[256];
    char *word[WORDS_MAX];
    int count;
};

static void line_of(struct line *line, const char *text)
{
    struct str str = str_over(line->text, sizeof(line->text));
    str_add(&str, text);
    line->count = 0;
    char *at = line->text;
    while (*at) {
        line->word[line->count++] = at;
        at = strchrnul(at, ' ');
        if (*at)
            *at++ = '\0';
    }
}

static int cli_begin(void **state)
{
    struct cli *cli = test_calloc(1, sizeof(*cli));
    text_init(&cli->error, 65536);
    arena_init(&cli->arena, 0);
    *state = cli;
    return 0;
}

static int cli_end(void **state)
{
    struct cli *cli = *state;
    text_release(&cli->error);
    arena_release(&cli->arena);
    test_free(cli);
    return 0;
}

static void check_command(struct cli *cli, const char *text, const char *path, int rest_count)
{
    struct line line;
    struct words rest;
    line_of(&line, text);
    const struct command *command =
        command_find(cli, &command_table, &(struct words){.count = line.count, .word = line.word}, &rest);
    assert_non_null(command);
    assert_string_equal(command->path, path);
    assert_int_equal(rest.count, rest_count);
}

static void test_words_may_be_cut_short(void **state)
{
    struct cli *cli = *state;
    check_command(cli, "global", "global", 0);
    check_command(cli, "g r s", "global rib summary", 0);
    check_command(cli, "g r a 10.0.0.0/8 nexthop 1.1.1.1", "global rib add", 3);
    check_command(cli, "g r d a", "global rib del all", 0);
    check_command(cli, "g r 10.0.0.0/8", "global rib", 1);
    check_command(cli, "global as 65000 router-id 1.1.1.1", "global", 4);
    check_command(cli, "n 10.0.0.1 adj-in", "neighbor", 2);
    check_command(cli, "mon n", "monitor neighbor", 0);
    check_command(cli, "mr i g file", "mrt inject global", 1);
    check_command(cli, "l d", "log-level debug", 0);
    check_command(cli, "why 10.0.0.0/8", "why", 1);
    check_command(cli, "groups", "groups", 0);
}

static void test_unknown_words(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"globl", "unknown command \"globl\" for \"godwit\"\ndid you mean \"global\"?"},
        {"m", "unknown command \"m\" for \"godwit\""}, /* monitor or mrt */
        {"wh 10.0.0.0/8", "unknown command \"wh\" for \"godwit\"\ndid you mean \"why\"?"},
        {"monitor 1", "unknown command \"1\" for \"godwit monitor\""},
    };
    struct cli *cli = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct line line;
        struct words rest;
        line_of(&line, cases[i].text);
        assert_null(command_find(cli, &command_table, &(struct words){.count = line.count, .word = line.word}, &rest));
        assert_string_equal(cli->error.bytes, cases[i].error);
    }
}

static void test_options_stand_anywhere(void **state)
{
    struct line line;
    struct words words;
    struct err err;
    struct cli *cli = *state;
    const struct cli_options *options = &cli->options;
    line_of(&line, "-jq global -u10.0.0.1 rib -p=5 -a ipv6 --reason=x --tls=true -- -7");
    assert_int_equal(options_parse(cli, &daemon_option_table, line.count, line.word, &words, &err), 0);
    assert_true(options->json && options->quiet && options->tls && !options->debug);
    assert_string_equal(options->host, "10.0.0.1");
    assert_int_equal(options->port, 5);
    assert_string_equal(options->family, "ipv6");
    assert_string_equal(options->reason, "x");
    assert_int_equal(options->given, OPTION_FAMILY | OPTION_NEIGHBOR);
    assert_int_equal(words.count, 3);
    assert_string_equal(words.word[0], "global");
    assert_string_equal(words.word[2], "-7");
}

static void test_bad_options(void **state)
{
    static const char *const cases[][2] = {
        {"--nonsense", "unknown flag: --nonsense"},
        {"-z", "unknown shorthand flag: 'z' in -z"},
        {"global --port", "flag needs an argument: --port"},
        {"-u", "flag needs an argument: 'u' in -u"},
        {"--port 0", "invalid argument \"0\" for \"--port\": 1 to 65535 is allowed"},
        {"--json=maybe", "invalid argument \"maybe\" for \"--json\": true or false is allowed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct line line;
        struct words words;
        struct err err = {0};
        line_of(&line, cases[i][0]);
        assert_true(options_parse(*state, &daemon_option_table, line.count, line.word, &words, &err) < 0);
        assert_string_equal(err.text, cases[i][1]);
    }
}

/* Which program's commands they are depends on the first word; the letters mean different things to each. */
static void test_nouns_of_the_fleet(void **state)
{
    static const struct {
        const char *text;
        const struct command_table *table;
        const char *path;
    } cases[] = {
        {"project bgp-config -p 5", &fleet_command_table, "project bgp-config"},
        {"-p x projects bgp-s", &fleet_command_table, "project bgp-sessions"},
        {"-jo yaml project get", &fleet_command_table, "project get"},
        {"help project list", &fleet_command_table, NULL},
        {"-p 5 neighbor", &command_table, "neighbor"},
        {"-u project neighbor", &command_table, "neighbor"},
        {"-p project neighbor", &command_table, NULL},
        {"pol", &command_table, "policy"},
        {"proj", &command_table, NULL},
    };
    struct cli *cli = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct line line;
        struct words words, rest;
        struct err err;
        line_of(&line, cases[i].text);
        const struct command_table *table = command_table_of(line.count, line.word);
        assert_ptr_equal(table, cases[i].table);
        if (!cases[i].path)
            continue;
        assert_int_equal(options_parse(cli, table->options, line.count, line.word, &words, &err), 0);
        const struct command *command = command_find(cli, table, &words, &rest);
        assert_non_null(command);
        assert_string_equal(command->path, cases[i].path);
    }
}

static void test_keywords(void **state)
{
    struct cli *cli = *state;
    struct keyword keywords[] = {{"as", KEYWORD_SINGLE}, {"passive", KEYWORD_FLAG}, {"list", KEYWORD_LIST}};
    struct line line;
    struct words leading;
    line_of(&line, "a b as 1 list x y passive as 2");
    struct words words = {.count = line.count, .word = line.word};
    assert_int_equal(keywords_split(cli, &words, keywords, ARRAY_LEN(keywords), &leading), 0);
    assert_int_equal(leading.count, 2);
    assert_string_equal(keyword_value(&keywords[0]), "2");
    assert_true(keywords[1].given);
    assert_int_equal(keywords[2].values.count, 2);
    line_of(&line, "as");
    words = (struct words){.count = line.count, .word = line.word};
    keywords[0] = (struct keyword){"as", KEYWORD_SINGLE};
    assert_true(keywords_split(cli, &words, keywords, 1, &leading) < 0);
    assert_string_equal(cli->error.bytes, "as should have one argument");
}

static void test_communities(void **state)
{
    static const struct {
        const char *text;
        uint32_t value;
        const char *printed;
    } cases[] = {
        {"65001:100", 0xfde90064, "65001:100"},     {"no-export", 0xffffff01, "no-export"},
        {"4294967041", 0xffffff01, "no-export"},    {"0", 0, "internet"},
        {"65535:65535", 0xffffffff, "65535:65535"},
    };
    char text[COMMUNITY_TEXT_MAX];
    uint32_t value;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(community_parse(cases[i].text, &value), 0);
        assert_int_equal(value, cases[i].value);
        assert_string_equal(community_format(value, text), cases[i].printed);
    }
    static const char *const bad[] = {"", ":", "1:", ":1", "65536:1", "1:65536", "1:2:3", "nonsense", "-1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(community_parse(bad[i], &value) < 0);
}

static void test_ages(void **state)
{
    char text[AGE_TEXT_MAX];
    assert_string_equal(age_format(100, 100, text), "00:00:00");
    assert_string_equal(age_format(0, 86399, text), "23:59:59");
    assert_string_equal(age_format(0, 86400 * 3 + 3661, text), "3d 01:01:01");
    assert_string_equal(age_format(61, 0, text), "00:01:01");
}

/* What reaches a terminal cannot steer it; a pipe gets the bytes as they are. */
static void test_terminals_are_safe(void **state)
{
    static const char foreign[] = "name\x1b[2Jx\x07\ty\xc3\xa9\n";
    static const char *const expected[] = {foreign, "name\\x1b[2Jx\\x07\ty\xc3\xa9\n"};
    for (int terminal = 0; terminal < 2; terminal++) {
        int ends[2];
        char got[256] = {0};
        struct output output;
        assert_int_equal(pipe(ends), 0);
        output_init(&output, ends[1]);
        assert_false(output.terminal);
        output.terminal = terminal;
        output_add(&output, foreign);
        output_release(&output);
        close(ends[1]);
        assert_true(read(ends[0], got, sizeof(got) - 1) > 0);
        close(ends[0]);
        assert_string_equal(got, expected[terminal]);
    }
}

static void test_long_lines_are_escaped_whole(void **state)
{
    int ends[2];
    struct output output;
    struct text line;
    char got[65536] = {0};
    size_t length = 0;
    ssize_t more;
    text_init(&line, 65536);
    for (int i = 0; i < 4000; i++)
        text_add(&line, "\xc3\xa9");
    text_add(&line, "\x1b\n");
    assert_int_equal(pipe(ends), 0);
    output_init(&output, ends[1]);
    output.terminal = true;
    output_add_n(&output, line.bytes, line.length);
    output_release(&output);
    close(ends[1]);
    while ((more = read(ends[0], got + length, sizeof(got) - length)) > 0)
        length += (size_t)more;
    close(ends[0]);
    assert_int_equal(length, 8000 + strlen("\\x1b\n"));
    assert_memory_equal(got, line.bytes, 8000);
    text_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words_may_be_cut_short, cli_begin, cli_end),
        cmocka_unit_test_setup_teardown(test_unknown_words, cli_begin, cli_end),
        cmocka_unit_test_setup_teardown(test_options_stand_anywhere, cli_begin, cli_end),
        cmocka_unit_test_setup_teardown(test_bad_options, cli_begin, cli_end),
        cmocka_unit_test_setup_teardown(test_nouns_of_the_fleet, cli_begin, cli_end),
        cmocka_unit_test_setup_teardown(test_keywords, cli_begin, cli_end),
        cmocka_unit_test(test_communities),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_terminals_are_safe),
        cmocka_unit_test(test_long_lines_are_escaped_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
