/* The commands: const tables of paths ("global rib add"), matched word by word. A word may be cut short as long as one
 * command is meant. */
#pragma once

#include "cli/cli.h"
#include "cli/options.h"

struct command {
    const char *path; /* the words, separated by blanks */
    int (*run)(struct cli *cli, const struct command *command, const struct words *words); /* NULL: needs a verb */
    uint64_t scopes;                                                                       /* enum option_scope */
    bool whole;        /* its last word may not be cut short: the short forms belong to GoBGP's commands */
    const char *words; /* what may follow */
    const char *help;
};

struct command_table {
    const struct command *commands;
    size_t count;
    const char *prefix; /* what is said before the path: "godwit", "godwit neighbor ADDRESS" */
    const struct option_table *options;
};

extern const struct command_table command_table;           /* everything but the next */
extern const struct command_table neighbor_command_table;  /* verbs behind a neighbor's name */
extern const struct command_table statement_command_table; /* verbs behind a statement's name */
extern const struct command_table fleet_command_table;     /* what is asked of the fleet service, not of a daemon */

/* Whose command these arguments are: the fleet's, if their first word is a noun of it ("project", or "projects", which
 * is put right in place), else a daemon's. */
const struct command_table *command_table_of(int count, char **arguments);

/* The command that is meant; `rest` gets the words behind it. NULL, with the reason noted. */
const struct command *command_find(struct cli *cli, const struct command_table *table, const struct words *words,
                                   struct words *rest);
/* Finds and runs. 0, or E_* with the error noted. */
int command_run(struct cli *cli, const struct command_table *table, const struct words *words);

/* The same for words that begin with a name ("10.0.0.1 policy import"): it is handed on as the last one. */
int command_run_named(struct cli *cli, const struct command_table *table, const struct words *words);

/* Usage of everything at or below `path` ("" = all). */
void command_help(struct cli *cli, const struct command_table *table, const char *path);

/* The last word of its path: what tells apart commands that share a function. */
const char *command_verb(const struct command *command);

/* Is `path` directly below `parent` (NULL: the root)? Then its last word. */
const char *command_word_below(const struct command *parent, const char *path);

/* Writes the completion file for bash. */
int completion_write(struct cli *cli, const char *path);
