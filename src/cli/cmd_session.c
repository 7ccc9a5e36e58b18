/* godwit session: a server's BGP session of one family, with a leg to each router. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_body.h"
#include "cli/fleet_find.h"
#include "cli/fleet_session.h"
#include "cli/fleet_watch.h"

static int show_by_id(struct cli *cli, const char *id)
{
    const struct json_node *session;
    if (fleet_ask(cli, &(struct fleet_request){.path = fleet_path(cli, "/v1/sessions/%s", id)}, &session) < 0)
        return E_INVALID;
    return fleet_session_show(cli, session);
}

/* The session that the words, or -i, or -d name. */
static const char *the_session(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const char *word =
        fleet_the_word(cli, command, words, flags->id ? flags->id : flags->device, "the session, or --device-id (-d),");
    return word ? fleet_find_session(cli, word) : NULL;
}

/* Lists ------------------------------------------------------------------------------------------------------------ */

/* The filters, as a query of sessions and as one of events. */
static int list_filters(struct cli *cli, const char **sessions, const char **events)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const char *project = fleet_a_project(cli);
    const char *device = "", *router = "";
    if (!project || (flags->device && !(device = fleet_find_device(cli, flags->device))) ||
        (flags->router && !(router = fleet_find_router(cli, flags->router))))
        return E_INVALID;
    *sessions = fleet_path(cli, "/v1/sessions?project=%s&device=%s&router=%s&state=%s", project, device, router,
                           flags->state ? flags->state : "");
    *events = fleet_path(cli, "&project=%s&device=%s", project, device);
    return 0;
}

static int check_state(struct cli *cli)
{
    static const char *const states[] = {"up", "partial", "down", "unknown"};
    const char *state = cli->options.fleet.state;
    for (size_t i = 0; state && i < ARRAY_LEN(states); i++) {
        if (strcmp(state, states[i]) == 0)
            return 0;
    }
    return state ? cli_fail(cli, "--state %s: up, partial, down or unknown is allowed", state) : 0;
}

int cmd_session_list(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *sessions, *events;
    if (check_state(cli) < 0 || list_filters(cli, &sessions, &events) < 0)
        return E_INVALID;
    return cli->options.fleet.watch ? fleet_session_watch(cli, sessions, events, false)
                                    : fleet_list_show(cli, &fleet_session_list, sessions);
}

int cmd_device_sessions(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_flags *flags = &cli->options.fleet;
    flags->device = fleet_the_word(cli, command, words, flags->id ? flags->id : flags->device, "--id (-i)");
    return flags->device ? cmd_session_list(cli, command, words) : E_INVALID;
}

int cmd_session_get(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *id = the_session(cli, command, words);
    if (!id)
        return E_INVALID;
    if (cli->options.fleet.watch)
        return fleet_session_watch(cli, fleet_path(cli, "/v1/sessions/%s", id), fleet_path(cli, "&session=%s", id),
                                   true);
    return show_by_id(cli, id);
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

int cmd_session_enable(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const struct json_node *made;
    const char *word = fleet_the_word(cli, command, words, cli->options.fleet.device, "--device-id (-d)");
    const char *family = word ? fleet_the_family(cli, "ipv4") : NULL;
    const char *device = family ? fleet_find_device(cli, word) : NULL;
    if (!device)
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "address_family", family);
    fleet_body_bool(&body, "default_route", cli->options.fleet.default_route);
    if (fleet_body_send(&body, "POST", fleet_path(cli, "/devices/%s/bgp/sessions", device), &made) < 0)
        return E_INVALID;
    return show_by_id(cli, fleet_member_text(cli, made, "id"));
}

int cmd_session_disable(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct json_node *answer;
    const char *id = the_session(cli, command, words);
    if (!id)
        return E_INVALID;
    const char *path = fleet_path(cli, "/bgp/sessions/%s", id);
    if (strcmp(command_verb(command), "delete") == 0)
        return fleet_delete(cli, "session", id, path);
    if (fleet_ask(cli, &(struct fleet_request){.method = "DELETE", .path = path}, &answer) < 0)
        return E_INVALID;
    fleet_done(cli, "session %s is disabled", id);
    return 0;
}

/* `session default-route ID on`: the last word is the switch. */
int cmd_session_default_route(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const struct json_node *answer;
    const struct words named = {.count = words->count - 1, .word = words->word};
    const char *last = words->count ? words->word[words->count - 1] : "";
    bool on = strcmp(last, "on") == 0;
    if (!on && strcmp(last, "off") != 0)
        return cli_fail(cli, "session default-route: \"%s\": on or off is allowed as the last word", last);
    const char *id = the_session(cli, command, &named);
    if (!id)
        return E_INVALID;
    fleet_body_init(&body, cli);
    fleet_body_bool(&body, "default_route", on);
    if (fleet_body_send(&body, "PUT", fleet_path(cli, "/bgp/sessions/%s", id), &answer) < 0)
        return E_INVALID;
    return show_by_id(cli, id);
}

int cmd_session_reset(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct json_node *answer;
    const char *id = the_session(cli, command, words);
    if (!id ||
        fleet_ask(cli, &(struct fleet_request){.method = "POST", .path = fleet_path(cli, "/v1/sessions/%s/reset", id)},
                  &answer) < 0)
        return E_INVALID;
    fleet_done(cli, "session %s begins anew on every router", id);
    return 0;
}

/* Of one session; without one, of all of a device or a project. What the routers said is shown. */
int cmd_session_update_now(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const struct json_node *answer;
    const char *id = NULL, *path;
    if (words->count || flags->id || flags->family) {
        if (!(id = the_session(cli, command, words)))
            return E_INVALID;
        path = fleet_path(cli, "/v1/sessions/%s/refresh", id);
    } else if (flags->device) {
        const char *device = fleet_find_device(cli, flags->device);
        if (!device)
            return E_INVALID;
        path = fleet_path(cli, "/devices/%s/bgp/discover", device);
    } else {
        const char *project = fleet_the_project(cli, command);
        if (!project)
            return E_INVALID;
        path = fleet_path(cli, "/projects/%s/bgp/discover", project);
    }
    if (fleet_ask(cli, &(struct fleet_request){.method = "POST", .path = path}, &answer) < 0)
        return E_INVALID;
    return id ? show_by_id(cli, id) : cmd_session_list(cli, command, words);
}

/* What is behind a session ----------------------------------------------------------------------------------------- */

int cmd_session_timeline(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_column columns[] = {{"AT", "at", TABLE_TIME},
                                                  {"ROUTER", "router.name"},
                                                  {"FROM", "from", TABLE_STATE},
                                                  {"TO", "to", TABLE_STATE},
                                                  {"SESSION", "session_state", TABLE_STATE},
                                                  {"REASON", "reason"}};
    static const struct fleet_list list = {.key = "timeline",
                                           .pages = PAGES_CURSOR,
                                           .columns = FLEET_COLUMNS(columns),
                                           .nothing = "Nothing has happened yet"};
    const char *id = the_session(cli, command, words);
    return id ? fleet_list_show(cli, &list, fleet_path(cli, "/v1/sessions/%s/timeline", id)) : E_INVALID;
}

static const struct fleet_column route_columns[] = {
    {"PREFIX", "prefix"},
    {"STATE", "accepted", TABLE_STATE, "accepted", "rejected"},
    {"HOSTNAME", "device.hostname"},
    {"ROUTER", "router.name"},
    {"NEXT HOP", "next_hop"},
    {"AS PATH", "as_path"},
    {"MED", "med", TABLE_NUMBER},
    {"COMMUNITIES", "communities"},
    {"RECEIVED", "received_at", TABLE_TIME},
    {"REASON", "reason"},
};

int cmd_session_routes(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_list list = {
        .key = "routes", .pages = PAGES_CURSOR, .columns = FLEET_COLUMNS(route_columns), .nothing = "No routes"};
    const char *state = cli->options.fleet.state;
    if (state && strcmp(state, "accepted") != 0 && strcmp(state, "rejected") != 0)
        return cli_fail(cli, "--state %s: accepted or rejected is allowed", state);
    const char *id = the_session(cli, command, words);
    return id ? fleet_list_show(cli, &list, fleet_path(cli, "/v1/sessions/%s/routes?state=%s", id, state ? state : ""))
              : E_INVALID;
}

int cmd_lookup(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_list list = {
        .key = "routes", .columns = FLEET_COLUMNS(route_columns), .nothing = "No server announces it"};
    const char *prefix = fleet_the_word(cli, command, words, NULL, "an address or a prefix");
    return prefix ? fleet_list_show(cli, &list,
                                    fleet_path(cli, "/v1/routes?prefix=%s&match=%s", prefix,
                                               strcmp(command->path, "lookup exact") == 0 ? "exact" : "longest"))
                  : E_INVALID;
}

/* The daemon is the last word. */
int cmd_session_config(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct words named = {.count = words->count - 1, .word = words->word};
    const char *text;
    if (words->count == 0)
        return cli_fail(cli, "session config: the daemon is missing; bird, frr, gobgp, openbgpd, exabgp or godwitd is "
                             "allowed");
    const char *id = the_session(cli, command, &named);
    const char *daemon = words->word[words->count - 1];
    if (!id || fleet_ask_text(
                   cli, &(struct fleet_request){.path = fleet_path(cli, "/v1/sessions/%s/config?for=%s", id, daemon)},
                   &text) < 0)
        return E_INVALID;
    output_add(&cli->out, text);
    return 0;
}
