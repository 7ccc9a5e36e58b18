/* Which one is meant: people give names, the service wants identifiers. */
#pragma once

#include "cli/fleet_call.h"
#include "cli/command.h"

/* The identifier of the thing that a word names: an identifier is taken as it is, a name is looked up. NULL with the
 * error noted: nothing, or more than one, has that name. */
const char *fleet_find_project(struct cli *cli, const char *word);
const char *fleet_find_device(struct cli *cli, const char *word);
const char *fleet_find_router(struct cli *cli, const char *word);
const char *fleet_find_organization(struct cli *cli, const char *word);

/* A session by its identifier, or by its server's host name: of the family of -a, which need not be said where there
 * is one session only. */
const char *fleet_find_session(struct cli *cli, const char *word);

/* The family of -a; NULL with the error noted if it is none. */
const char *fleet_the_family(struct cli *cli, const char *otherwise);

bool fleet_is_id(const char *word);

/* The one word behind the verb, or `given` (an option's value) in its place; NULL with the error noted if there is
 * neither, or both. `what` for the message: "--id". */
const char *fleet_the_word(struct cli *cli, const struct command *command, const struct words *words, const char *given,
                           const char *what);

/* The project of -p, the environment or the configuration. NULL with the error noted. */
const char *fleet_the_project(struct cli *cli, const struct command *command);

/* The same where none is needed: "". */
const char *fleet_a_project(struct cli *cli);
