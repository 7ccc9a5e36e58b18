/* The options of the command line: one const table, read before the command is known, because they may stand
 * anywhere. */
#pragma once

#include "base/err.h"
#include "cli/cli.h"

/* Who takes an option. A command lists the scopes it takes beyond the first. */
enum option_scope {
    OPTION_ANY = 0,
    OPTION_FAMILY = 1 << 0,   /* -a */
    OPTION_NEIGHBOR = 1 << 1, /* --reason, -t */
    OPTION_MONITOR = 1 << 2,  /* --current */
    OPTION_MRT = 1 << 3,      /* --only-best and the like */
};

struct words {
    int count;
    char **word;
};

/* Takes the options out of the arguments (without the program's name); `words` gets the rest, in place of them. */
int options_parse(struct cli_options *options, int count, char **arguments, struct words *words, struct err *err);

/* The options that commands with these scopes take, a line each. */
void options_print(struct output *output, uint32_t scopes);
