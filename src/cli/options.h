/* The options of the command line: one const table, read before the command is known, because they may stand
 * anywhere. */
#pragma once

#include "base/err.h"
#include "cli/cli.h"

/* Who takes an option. A command lists the scopes it takes beyond the first. Those of the fleet's commands are in
 * cli/fleet_options.h, from bit FLEET_SCOPE_FIRST on. */
enum option_scope {
    OPTION_ANY = 0,
    OPTION_FAMILY = 1 << 0,   /* -a */
    OPTION_NEIGHBOR = 1 << 1, /* --reason, -t */
    OPTION_MONITOR = 1 << 2,  /* --current */
    OPTION_MRT = 1 << 3,      /* --only-best and the like */
    OPTION_BMP = 1 << 4,      /* -s */
    FLEET_SCOPE_FIRST = 8,
};

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_TEXTS, /* may be given again: joined by commas */
    OPTION_PORT,
    OPTION_IGNORED_TEXT, /* understood, no effect here */
    OPTION_SECRET,       /* understood, and refused: everyone could read it in the list of processes */
};

struct option {
    const char *name;
    char letter; /* '\0': none */
    uint8_t kind;
    uint64_t scope;
    size_t offset; /* in struct cli_options */
    const char *argument;
    const char *help;
};

struct option_table {
    const struct option *options;
    size_t count;
};

extern const struct option_table common_option_table; /* every command takes them */
extern const struct option_table daemon_option_table; /* commands that speak to a daemon */
extern const struct option_table fleet_option_table;  /* commands that speak to the fleet service */

struct words {
    int count;
    char **word;
};

/* Takes the options of the table and the common ones out of the arguments (without the program's name); `words` gets
 * the rest, in place of them. */
int options_parse(struct cli *cli, const struct option_table *table, int count, char **arguments, struct words *words,
                  struct err *err);

/* The first argument that is neither an option of the table (or a common one) nor the value of one. NULL: there is
 * none, or an option stands before it that is not known. */
char **options_first_word(const struct option_table *table, int count, char **arguments);

/* An option of these scopes, for messages; NULL: there is none. */
const struct option *option_of_scope(const struct option_table *table, uint64_t scopes);

/* The options that commands with these scopes take, a line each. */
void options_print(struct output *output, const struct option_table *table, uint64_t scopes);
