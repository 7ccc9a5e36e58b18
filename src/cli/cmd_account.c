/* godwit token, webhook, audit, organization, user, metro: who may ask the fleet service what, and who is told. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_body.h"
#include "cli/fleet_find.h"
#include "cli/fleet_settings.h"
#include "cli/fleet_show.h"

/* Sends a body and shows what was made. */
static int create(struct fleet_body *body, const char *path, const struct fleet_list *list)
{
    const struct json_node *made;
    struct cli *cli = body->cli;
    return fleet_body_send(body, "POST", path, &made) < 0 ? E_INVALID : fleet_one_show(cli, &list->columns, made);
}

/* The same for what comes with a secret: a table has no column for it. */
static int create_secret(struct fleet_body *body, const char *path, const struct fleet_list *list, const char *key)
{
    const struct json_node *made;
    struct cli *cli = body->cli;
    if (fleet_body_send(body, "POST", path, &made) < 0 || fleet_one_show(cli, &list->columns, made) < 0)
        return E_INVALID;
    fleet_done(cli, "\n%s: %s\nIt is shown this once.", key, fleet_member_text(cli, made, key));
    return 0;
}

static const char *the_id(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *word = fleet_the_word(cli, command, words, cli->options.fleet.id, "--id (-i)");
    if (!word || fleet_is_id(word))
        return word;
    cli_fail(cli, "%s: %s: this is no identifier", command->path, word);
    return NULL;
}

/* Tokens ----------------------------------------------------------------------------------------------------------- */

static const struct fleet_column token_columns[] = {{"ID", "id"},
                                                    {"KIND", "kind"},
                                                    {"SCOPE", "scope"},
                                                    {"DESCRIPTION", "description"},
                                                    {"PROJECT", "project_id"},
                                                    {"USER", "user_id"},
                                                    {"CREATED", "created_at", TABLE_TIME},
                                                    {"EXPIRES", "expires_at", TABLE_TIME},
                                                    {"LAST USED", "last_used_at", TABLE_TIME}};
static const struct fleet_list token_list = {.key = "tokens", .columns = FLEET_COLUMNS(token_columns)};

int cmd_token_list(struct cli *cli, const struct command *command, const struct words *words)
{
    return fleet_list_show(cli, &token_list, "/v1/tokens");
}

/* Of the project that is set, if no other kind is said. */
int cmd_token_create(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const struct fleet_settings *settings = fleet_settings(cli);
    const char *kind = flags->kind ? flags->kind : flags->user ? "user" : "project";
    const char *project = NULL;
    struct fleet_body body;
    if (!settings)
        return E_INVALID;
    if (strcmp(kind, "project") == 0 && settings->project && !(project = fleet_find_project(cli, settings->project)))
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "kind", kind);
    fleet_body_text(&body, "project_id", project);
    fleet_body_text(&body, "user_id", flags->user);
    fleet_body_text(&body, "scope", flags->scope);
    fleet_body_text(&body, "description", flags->text);
    fleet_body_text(&body, "expires_at", flags->expires);
    return create_secret(&body, "/v1/tokens", &token_list, "token");
}

int cmd_token_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *id = the_id(cli, command, words);
    return id ? fleet_delete(cli, "token", id, fleet_path(cli, "/v1/tokens/%s", id)) : E_INVALID;
}

int cmd_token_whoami(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_column columns[] = {{"TOKEN", "token_id"}, {"KIND", "kind"},    {"SCOPE", "scope"},
                                                  {"NAME", "name"},      {"USER", "user_id"}, {"PROJECT", "project_id"},
                                                  {"SERVICE", "version"}};
    static const struct fleet_columns shown = FLEET_COLUMNS(columns);
    const struct json_node *answer;
    if (fleet_ask(cli, &(struct fleet_request){.path = "/v1/whoami"}, &answer) < 0)
        return E_INVALID;
    return fleet_one_show(cli, &shown, answer);
}

/* Webhooks --------------------------------------------------------------------------------------------------------- */

static const struct fleet_column webhook_columns[] = {{"ID", "id"},
                                                      {"PROJECT", "project_id"},
                                                      {"URL", "url"},
                                                      {"HOLD OFF S", "hold_off_s", TABLE_NUMBER},
                                                      {"LAST STATUS", "last_status"},
                                                      {"FAILURES", "failures", TABLE_NUMBER},
                                                      {"CREATED", "created_at", TABLE_TIME}};
static const struct fleet_list webhook_list = {.key = "webhooks", .columns = FLEET_COLUMNS(webhook_columns)};

int cmd_webhook_list(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct json_node *webhook;
    if (words->count == 0 && !cli->options.fleet.id)
        return fleet_list_show(cli, &webhook_list, "/v1/webhooks");
    const char *id = the_id(cli, command, words);
    if (!id || fleet_ask(cli, &(struct fleet_request){.path = fleet_path(cli, "/v1/webhooks/%s", id)}, &webhook) < 0)
        return E_INVALID;
    return fleet_one_show(cli, &webhook_list.columns, webhook);
}

int cmd_webhook_create(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const char *url = fleet_the_word(cli, command, words, NULL, "the URL");
    const char *project = url ? fleet_the_project(cli, command) : NULL;
    if (!project)
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "project_id", project);
    fleet_body_text(&body, "url", url);
    if (fleet_body_number(&body, "hold_off_s", "--hold-off", cli->options.fleet.hold_off) < 0) {
        fleet_body_release(&body);
        return E_INVALID;
    }
    return create_secret(&body, "/v1/webhooks", &webhook_list, "secret");
}

int cmd_webhook_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *id = the_id(cli, command, words);
    return id ? fleet_delete(cli, "webhook", id, fleet_path(cli, "/v1/webhooks/%s", id)) : E_INVALID;
}

/* Records and names ------------------------------------------------------------------------------------------------ */

int cmd_audit_list(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_column columns[] = {{"AT", "at", TABLE_TIME},  {"WHO", "who"},
                                                  {"ACTION", "action"},      {"OBJECT", "object"},
                                                  {"PROJECT", "project_id"}, {"DETAIL", "detail"}};
    static const struct fleet_list list = {.key = "audit",
                                           .pages = PAGES_CURSOR,
                                           .columns = FLEET_COLUMNS(columns),
                                           .nothing = "Nothing has been changed yet"};
    const char *project = fleet_a_project(cli);
    return project ? fleet_list_show(cli, &list, fleet_path(cli, "/v1/audit?project=%s", project)) : E_INVALID;
}

static const struct fleet_column organization_columns[] = {
    {"ID", "id"}, {"NAME", "name"}, {"CREATED", "created_at", TABLE_TIME}};
static const struct fleet_list organization_list = {
    .key = "organizations", .pages = PAGES_NUMBERED, .columns = FLEET_COLUMNS(organization_columns)};

int cmd_organization_list(struct cli *cli, const struct command *command, const struct words *words)
{
    return fleet_list_show(cli, &organization_list, "/organizations");
}

int cmd_organization_create(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const char *name = fleet_the_word(cli, command, words, cli->options.fleet.name, "--name (-n)");
    if (!name)
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "name", name);
    return create(&body, "/v1/organizations", &organization_list);
}

static const struct fleet_column user_columns[] = {
    {"ID", "id"}, {"FULL NAME", "full_name"}, {"EMAIL", "email"}, {"CREATED", "created_at", TABLE_TIME}};
static const struct fleet_list user_list = {.key = "users", .columns = FLEET_COLUMNS(user_columns)};

int cmd_user_get(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct json_node *user;
    if (fleet_ask(cli, &(struct fleet_request){.path = "/user"}, &user) < 0)
        return E_INVALID;
    return fleet_one_show(cli, &user_list.columns, user);
}

int cmd_user_list(struct cli *cli, const struct command *command, const struct words *words)
{
    return fleet_list_show(cli, &user_list, "/v1/users");
}

int cmd_user_create(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const struct fleet_settings *settings = fleet_settings(cli);
    if (!settings)
        return E_INVALID;
    if (words->count != 1 || !cli->options.fleet.name || !settings->organization)
        return cli_fail(cli, "user create: the e-mail address, --name (-n) and --organization-id (-O) are needed");
    const char *organization = fleet_find_organization(cli, settings->organization);
    if (!organization)
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "email", words->word[0]);
    fleet_body_text(&body, "full_name", cli->options.fleet.name);
    fleet_body_text(&body, "organization_id", organization);
    return create(&body, "/v1/users", &user_list);
}

static const struct fleet_column metro_columns[] = {
    {"ID", "id"}, {"NAME", "name"}, {"CODE", "code"}, {"COUNTRY", "country"}};
static const struct fleet_list metro_list = {.key = "metros", .columns = FLEET_COLUMNS(metro_columns)};

int cmd_metro_list(struct cli *cli, const struct command *command, const struct words *words)
{
    return fleet_list_show(cli, &metro_list, "/locations/metros");
}

int cmd_metro_create(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    if (words->count != 2 || !cli->options.fleet.name)
        return cli_fail(cli, "metro create: a code, a country of two letters and --name (-n) are needed");
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "code", words->word[0]);
    fleet_body_text(&body, "country", words->word[1]);
    fleet_body_text(&body, "name", cli->options.fleet.name);
    return create(&body, "/v1/metros", &metro_list);
}
