#include "cli/fleet_find.h"

#include <ctype.h>
#include <string.h>

#include "cli/fleet_settings.h"
#include "cli/fleet_show.h"

enum { ID_LENGTH = 36 };

bool fleet_is_id(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? word[i] != '-' : !isxdigit((unsigned char)word[i]))
            return false;
    }
    return length == ID_LENGTH;
}

/* Among the rows at `path`, the one whose `member` is the word. More than one is no answer. */
static int find_in(struct cli *cli, const struct fleet_list *list, const char *path, const char *member,
                   const char *word, const char **id)
{
    struct fleet_rows rows;
    if (fleet_rows_ask(cli, list, path, &rows) < 0)
        return E_INVALID;
    for (size_t i = 0; i < rows.count; i++) {
        if (strcmp(fleet_member_text(cli, rows.rows[i], member), word) != 0)
            continue;
        if (*id)
            return cli_fail(cli, "%s: more than one has this name; give the identifier", word);
        *id = fleet_member_text(cli, rows.rows[i], "id");
    }
    return 0;
}

static const struct fleet_list project_list = {.key = "projects", .pages = PAGES_NUMBERED};
static const struct fleet_list device_list = {.key = "devices", .pages = PAGES_CURSOR};
static const struct fleet_list router_list = {.key = "routers", .pages = PAGES_NONE};
static const struct fleet_list organization_list = {.key = "organizations", .pages = PAGES_NUMBERED};

static const char *find_by_name(struct cli *cli, const struct fleet_list *list, const char *path, const char *what,
                                const char *word)
{
    const char *id = NULL;
    if (fleet_is_id(word))
        return word;
    if (find_in(cli, list, path, "name", word, &id) < 0)
        return NULL;
    if (!id)
        cli_fail(cli, "%s: there is no %s of this name or identifier", word, what);
    return id;
}

const char *fleet_find_project(struct cli *cli, const char *word)
{
    return find_by_name(cli, &project_list, "/projects", "project", word);
}

const char *fleet_find_router(struct cli *cli, const char *word)
{
    return find_by_name(cli, &router_list, "/v1/routers", "router", word);
}

const char *fleet_find_organization(struct cli *cli, const char *word)
{
    return find_by_name(cli, &organization_list, "/organizations", "organization", word);
}

/* In the project that is set, else in all. */
const char *fleet_find_device(struct cli *cli, const char *word)
{
    const struct fleet_settings *settings = fleet_settings(cli);
    const char *id = NULL, *project = "";
    if (fleet_is_id(word))
        return word;
    if (!settings || (settings->project && !(project = fleet_find_project(cli, settings->project))))
        return NULL;
    const char *path = fleet_path(cli, "/v1/devices?hostname=%s&project=%s", word, project);
    if (find_in(cli, &device_list, path, "hostname", word, &id) < 0)
        return NULL;
    if (!id)
        cli_fail(cli, "%s: there is no device of this host name or identifier", word);
    return id;
}

/* NULL, with the error noted, for a family that is none. */
const char *fleet_the_family(struct cli *cli, const char *otherwise)
{
    const char *family = cli->options.fleet.family ? cli->options.fleet.family : otherwise;
    if (strcmp(family, "") == 0 || strcmp(family, "ipv4") == 0 || strcmp(family, "ipv6") == 0)
        return family;
    cli_fail(cli, "--address-family %s: ipv4 or ipv6 is allowed", family);
    return NULL;
}

const char *fleet_find_session(struct cli *cli, const char *word)
{
    static const struct fleet_list sessions = {.key = "sessions", .pages = PAGES_CURSOR};
    struct fleet_rows rows;
    const char *family = fleet_the_family(cli, "");
    const char *id = NULL;
    if (!family || (fleet_is_id(word) && !*family))
        return family ? word : NULL;
    const char *device = fleet_find_device(cli, word);
    if (!device || fleet_rows_ask(cli, &sessions, fleet_path(cli, "/v1/sessions?device=%s", device), &rows) < 0)
        return NULL;
    for (size_t i = 0; i < rows.count; i++) {
        if (*family && strcmp(fleet_member_text(cli, rows.rows[i], "address_family"), family) != 0)
            continue;
        if (id) {
            cli_fail(cli, "%s: it has two sessions; say which with --address-family (-a), ipv4 or ipv6", word);
            return NULL;
        }
        id = fleet_member_text(cli, rows.rows[i], "id");
    }
    if (!id)
        cli_fail(cli, "%s: it has no %s%ssession", word, family, *family ? " " : "");
    return id;
}

const char *fleet_the_word(struct cli *cli, const struct command *command, const struct words *words, const char *given,
                           const char *what)
{
    if (words->count > 1 || (words->count == 1 && given)) {
        cli_fail(cli, "%s: \"%s\" is one word too many", command->path, words->word[words->count - 1]);
        return NULL;
    }
    if (words->count == 1 || given)
        return given ? given : words->word[0];
    cli_fail(cli, "%s: %s is missing", command->path, what);
    return NULL;
}

const char *fleet_the_project(struct cli *cli, const struct command *command)
{
    const struct fleet_settings *settings = fleet_settings(cli);
    if (!settings)
        return NULL;
    if (settings->project)
        return fleet_find_project(cli, settings->project);
    cli_fail(cli, "%s: --project-id (-p) is missing; GODWIT_FLEET_PROJECT or METAL_PROJECT_ID may say it too",
             command->path);
    return NULL;
}

const char *fleet_a_project(struct cli *cli)
{
    const struct fleet_settings *settings = fleet_settings(cli);
    if (!settings)
        return NULL;
    return settings->project ? fleet_find_project(cli, settings->project) : "";
}
