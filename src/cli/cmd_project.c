/* godwit project: with the words and the options of the client that Equinix Metal's users had. */
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/fleet_body.h"
#include "cli/fleet_find.h"
#include "cli/fleet_settings.h"
#include "cli/fleet_show.h"

static const struct fleet_column project_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"CREATED", "created_at"}};

static const struct fleet_list project_list = {
    .key = "projects", .pages = PAGES_NUMBERED, .columns = FLEET_COLUMNS(project_columns)};

static int show_project(struct cli *cli, const struct json_node *project)
{
    return fleet_one_show(cli, &project_list.columns, project);
}

int cmd_project_list(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *word = cli->options.fleet.name;
    const struct json_node *project;
    if (words->count || cli->options.fleet.id)
        word = fleet_the_word(cli, command, words, cli->options.fleet.id, "the project");
    else if (!word)
        return fleet_list_show(cli, &project_list, "/projects");
    const char *id = word ? fleet_find_project(cli, word) : NULL;
    if (!id || fleet_ask(cli, &(struct fleet_request){.path = fleet_path(cli, "/projects/%s", id)}, &project) < 0)
        return E_INVALID;
    return show_project(cli, project);
}

int cmd_project_create(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const struct json_node *project;
    const char *name = fleet_the_word(cli, command, words, cli->options.fleet.name, "--name (-n)");
    const struct fleet_settings *settings = name ? fleet_settings(cli) : NULL;
    if (!settings)
        return E_INVALID;
    const char *organization = NULL;
    if (settings->organization && !(organization = fleet_find_organization(cli, settings->organization)))
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "name", name);
    fleet_body_text(&body, "organization_id", organization);
    if (fleet_body_send(&body, "POST", "/projects", &project) < 0)
        return E_INVALID;
    return show_project(cli, project);
}

int cmd_project_update(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const struct json_node *project;
    const char *word = fleet_the_word(cli, command, words, cli->options.fleet.id, "--id (-i)");
    const char *id = word ? fleet_find_project(cli, word) : NULL;
    if (!id)
        return E_INVALID;
    if (!cli->options.fleet.name)
        return cli_fail(cli, "project update: --name (-n) is missing");
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "name", cli->options.fleet.name);
    if (fleet_body_send(&body, "PUT", fleet_path(cli, "/projects/%s", id), &project) < 0)
        return E_INVALID;
    return show_project(cli, project);
}

int cmd_project_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *word = fleet_the_word(cli, command, words, cli->options.fleet.id, "--id (-i)");
    const char *id = word ? fleet_find_project(cli, word) : NULL;
    return id ? fleet_delete(cli, "project", word, fleet_path(cli, "/projects/%s", id)) : E_INVALID;
}

/* BGP -------------------------------------------------------------------------------------------------------------- */

/* A password is not for a table. The first column is the project's identifier, as scripts written for that client
 * expect. */
static int show_bgp_config(struct cli *cli, const char *project)
{
    static const struct fleet_column columns[] = {{"ID", "project.id"},
                                                  {"STATUS", "status", TABLE_STATE},
                                                  {"ASN", "asn"},
                                                  {"DEPLOYMENTTYPE", "deployment_type"},
                                                  {"MAXPREFIX", "max_prefix"}};
    static const struct fleet_columns shown = FLEET_COLUMNS(columns);
    const struct json_node *config;
    const char *path = fleet_path(cli, "/projects/%s/bgp-config", project);
    if (fleet_ask(cli, &(struct fleet_request){.path = path}, &config) < 0)
        return E_INVALID;
    if (!json_in_text(json_in_member(config, "id")) && fleet_wants_table(cli)) {
        fleet_done(cli, "BGP has not been enabled for project %s", project);
        return 0;
    }
    return fleet_one_show(cli, &shown, config);
}

int cmd_project_bgp_config(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *id = fleet_the_project(cli, command);
    return id ? show_bgp_config(cli, id) : E_INVALID;
}

/* The table comes by pages; the documents are those of Metal's one answer. */
int cmd_project_bgp_sessions(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_column columns[] = {{"ID", "id"},
                                                  {"STATUS", "status"},
                                                  {"LEARNED ROUTES", "learned_routes"},
                                                  {"DEFAULT ROUTE", "default_route"},
                                                  {"HOSTNAME", "device.hostname"},
                                                  {"FAMILY", "address_family"},
                                                  {"STATE", "state", TABLE_STATE},
                                                  {"REASON", "reason"}};
    struct fleet_list list = {.key = "bgp_sessions", .columns = FLEET_COLUMNS(columns)};
    enum fleet_format format;
    const char *id = fleet_the_project(cli, command);
    if (!id || fleet_format(cli, &format) < 0)
        return E_INVALID;
    if (cli->options.fleet.watch)
        return cmd_session_list(cli, command, words);
    list.nothing = arena_printf(&cli->arena, "No BGP Sessions found for project %s", id);
    if (format != FORMAT_TABLE)
        return fleet_list_show(cli, &list, fleet_path(cli, "/projects/%s/bgp/sessions", id));
    list.key = "sessions";
    list.pages = PAGES_CURSOR;
    return fleet_list_show(cli, &list, fleet_path(cli, "/v1/sessions?project=%s", id));
}

/* The password of --md5-file or --md5; NULL: none. False with the error noted. */
static bool wished_md5(struct cli *cli, const char **md5)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    *md5 = flags->md5;
    if (flags->md5 && flags->md5_file) {
        cli_fail(cli, "--md5 and --md5-file: only one of them");
        return false;
    }
    if (flags->md5_file)
        *md5 = fleet_secret_file(cli, flags->md5_file);
    return *md5 || !flags->md5_file;
}

int cmd_project_bgp_enable(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    struct fleet_body body;
    const struct json_node *answer;
    const char *md5;
    if (!flags->deployment_type)
        return cli_fail(cli, "project bgp-enable: --deployment-type is missing; local or global is allowed");
    const char *id = fleet_the_project(cli, command);
    if (!id || !wished_md5(cli, &md5))
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "deployment_type", flags->deployment_type);
    fleet_body_text(&body, "md5", md5);
    fleet_body_text(&body, "use_case", flags->use_case);
    if (fleet_body_number(&body, "asn", "--asn", flags->asn ? flags->asn : "65000") < 0) {
        fleet_body_release(&body);
        return E_INVALID;
    }
    if (fleet_body_send(&body, "POST", fleet_path(cli, "/projects/%s/bgp-configs", id), &answer) < 0)
        return E_INVALID;
    return show_bgp_config(cli, id);
}

/* The provider's part: to approve, to switch off, to set the limit. */
int cmd_project_bgp_limit(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    struct fleet_body body;
    const struct json_node *answer;
    if (!flags->status && !flags->max_prefix)
        return cli_fail(cli, "project bgp-limit: --status or --max-prefix is missing");
    const char *id = fleet_the_project(cli, command);
    if (!id)
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "status", flags->status);
    if (fleet_body_number(&body, "max_prefix", "--max-prefix", flags->max_prefix) < 0) {
        fleet_body_release(&body);
        return E_INVALID;
    }
    if (fleet_body_send(&body, "PATCH", fleet_path(cli, "/v1/projects/%s/bgp-config", id), &answer) < 0)
        return E_INVALID;
    return show_bgp_config(cli, id);
}

/* Without words the prefixes are shown; words replace them, "none" with nothing. */
int cmd_project_prefixes(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_column columns[] = {{"PREFIX", ""}};
    static const struct fleet_list list = {
        .key = "prefixes", .columns = FLEET_COLUMNS(columns), .nothing = "The project may announce nothing"};
    const struct json_node *answer;
    struct fleet_body body;
    const char *id = fleet_the_project(cli, command);
    const char *path = id ? fleet_path(cli, "/v1/projects/%s/prefixes", id) : NULL;
    if (!id || words->count == 0)
        return id ? fleet_list_show(cli, &list, path) : E_INVALID;
    bool none = words->count == 1 && strcmp(words->word[0], "none") == 0;
    fleet_body_init(&body, cli);
    json_key(&body.json, "prefixes");
    json_array(&body.json);
    for (int i = 0; i < words->count && !none; i++)
        json_string(&body.json, words->word[i]);
    json_array_end(&body.json);
    return fleet_body_send(&body, "PUT", path, &answer) < 0 ? E_INVALID : fleet_list_show(cli, &list, path);
}
