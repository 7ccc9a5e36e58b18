/* Questions to the fleet service, one after another, waiting for each answer. Whatever goes wrong is noted as the
 * command's error, with what was asked for and the service's own words.
 *
 * Where the service is and whose token is shown, the first that says so: the command line, the environment, the
 * configuration file, the defaults. */
#pragma once

#include "cli/cli.h"
#include "http/json_in.h"

struct fleet_request {
    const char *method; /* NULL: GET */
    const char *path;   /* with the query; made with fleet_path */
    const char *body;   /* JSON; NULL: none */
};

/* The answer, which lives as long as the command; NULL in `answer` if it is empty. 0, or E_* with the error noted. */
int fleet_ask(struct cli *cli, const struct fleet_request *request, const struct json_node **answer);

/* The same, the caller's to free: for commands that do not end. */
int fleet_ask_owned(struct cli *cli, const struct fleet_request *request, struct json_node **answer);

/* The answer as it is, in the command's arena. */
int fleet_ask_text(struct cli *cli, const struct fleet_request *request, const char **answer);

/* A path in the command's arena: each %s of the format (nothing else may stand there) is escaped for a URL. */
const char *fleet_path(struct cli *cli, const char *format, ...);

/* Read at the first use. NULL with the error noted. */
const struct fleet_settings *fleet_settings(struct cli *cli);

enum fleet_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_YAML };
/* The format of -o or -j. E_INVALID with the error noted. */
int fleet_format(struct cli *cli, enum fleet_format *format);
bool fleet_wants_table(struct cli *cli);

void fleet_client_free(struct fleet_client *client); /* NULL is fine */
