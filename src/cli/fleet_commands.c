/* The commands that speak to the fleet service, and how they are told from those that speak to a daemon. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_options.h"

#define ONE_SESSION (FLEET_PROJECT | FLEET_ID | FLEET_DEVICE | FLEET_FAMILY)
#define EVENT_FILTERS (FLEET_PROJECT | FLEET_DEVICE | FLEET_SESSION | FLEET_FAMILY | FLEET_AFTER | FLEET_WATCH)

static const char session_words[] = "[ID | HOSTNAME]";

static const struct command commands[] = {
    {"project", NULL, 0, false, "", ""},
    {"project list", cmd_project_list, FLEET_NAME, false, "", "list the projects"},
    {"project get", cmd_project_list, FLEET_ID | FLEET_NAME, false, "[ID | NAME]", "list them, or show one"},
    {"project create", cmd_project_create, FLEET_NAME | FLEET_ORGANIZATION, false, "[NAME]", "make one"},
    {"project update", cmd_project_update, FLEET_ID | FLEET_NAME, false, "[ID | NAME] -n NAME", "rename one"},
    {"project delete", cmd_project_delete, FLEET_ID | FLEET_FORCE, false, "[ID | NAME]", "delete one"},
    {"project bgp-config", cmd_project_bgp_config, FLEET_PROJECT, false, "", "how BGP is set up"},
    {"project bgp-enable", cmd_project_bgp_enable, FLEET_PROJECT | FLEET_BGP | FLEET_ASN, false, "",
     "enable BGP, or set it up differently"},
    {"project bgp-sessions", cmd_project_bgp_sessions, FLEET_PROJECT | FLEET_WATCH, false, "",
     "its sessions, with what they learned"},
    {"project bgp-limit", cmd_project_bgp_limit, FLEET_PROJECT | FLEET_LIMIT, false, "",
     "approve it, switch it off, set the prefix limit (provider)"},
    {"project prefixes", cmd_project_prefixes, FLEET_PROJECT, false, "[PREFIX... | none]",
     "what it may announce; replace that (provider)"},
    {"device", NULL, 0, false, "", ""},
    {"device list", cmd_device_list, FLEET_PROJECT, false, "", "list the servers of a project"},
    {"device get", cmd_device_get, FLEET_PROJECT | FLEET_ID | FLEET_DEVICE, false, "[ID | HOSTNAME]", "or show one"},
    {"device create", cmd_device_create, FLEET_PROJECT | FLEET_HOST | FLEET_METRO, false, "[HOSTNAME]",
     "register one (provider)"},
    {"device delete", cmd_device_delete, FLEET_PROJECT | FLEET_ID | FLEET_DEVICE | FLEET_FORCE, false,
     "[ID | HOSTNAME]", "delete one with its sessions (provider)"},
    {"device bgp-sessions", cmd_device_sessions, FLEET_PROJECT | FLEET_ID | FLEET_DEVICE | FLEET_WATCH, false,
     "[ID | HOSTNAME]", "its sessions"},
    {"device bgp-neighbors", cmd_device_neighbors, FLEET_PROJECT | FLEET_ID | FLEET_DEVICE, false, "[ID | HOSTNAME]",
     "what its daemon needs to know"},
    {"session", NULL, 0, false, "", ""},
    {"session list", cmd_session_list, FLEET_PROJECT | FLEET_DEVICE | FLEET_ROUTER | FLEET_STATE | FLEET_WATCH, false,
     "", "list sessions"},
    {"session get", cmd_session_get, ONE_SESSION | FLEET_WATCH, false, session_words, "show one with its legs"},
    {"session enable", cmd_session_enable, FLEET_PROJECT | FLEET_DEVICE | FLEET_FAMILY | FLEET_DEFAULT_ROUTE, false,
     "[HOSTNAME]", "have the routers wait for a server"},
    {"session create", cmd_session_enable, FLEET_PROJECT | FLEET_DEVICE | FLEET_FAMILY | FLEET_DEFAULT_ROUTE, false,
     "[HOSTNAME]", "the same"},
    {"session disable", cmd_session_disable, ONE_SESSION, false, session_words, "end one; what it learned goes"},
    {"session delete", cmd_session_disable, ONE_SESSION | FLEET_FORCE, false, session_words, "the same, after asking"},
    {"session default-route", cmd_session_default_route, ONE_SESSION, false, "SESSION on | off",
     "tell the server a default route"},
    {"session update-now", cmd_session_update_now, ONE_SESSION, false, session_words,
     "ask the routers; without a session, about all of a device or project"},
    {"session timeline", cmd_session_timeline, ONE_SESSION, false, session_words, "its changes, newest first, and why"},
    {"session routes", cmd_session_routes, ONE_SESSION | FLEET_STATE, false, session_words,
     "what the routers were sent: accepted, or rejected and why"},
    {"session config", cmd_session_config, ONE_SESSION, false,
     "SESSION bird | frr | gobgp | openbgpd | exabgp | godwitd", "a configuration for the server's daemon"},
    {"session reset", cmd_session_reset, ONE_SESSION, false, session_words,
     "begin anew, also after the prefix limit ended it"},
    {"router", NULL, 0, false, "", ""},
    {"router list", cmd_router_list, 0, false, "", "list the routers"},
    {"router get", cmd_router_get, FLEET_ID, false, "[ID | NAME]", "or show one"},
    {"router create", cmd_router_create, FLEET_NAME | FLEET_METRO | FLEET_TARGET | FLEET_ASN, false, "[NAME]",
     "add one (provider)"},
    {"router delete", cmd_router_delete, FLEET_ID | FLEET_FORCE, false, "[ID | NAME]", "forget one (provider)"},
    {"lookup", cmd_lookup, 0, false, "ADDRESS | PREFIX", "who announces it: the longest match on all routers"},
    {"lookup exact", cmd_lookup, 0, true, "PREFIX", "who announces exactly this"},
    {"event", NULL, 0, false, "", ""},
    {"event list", cmd_event_list, EVENT_FILTERS, false, "", "what happened, and with --watch what happens"},
    {"event get", cmd_event_list, EVENT_FILTERS, false, "", "the same"},
    {"audit", NULL, 0, false, "", ""},
    {"audit list", cmd_audit_list, FLEET_PROJECT, false, "", "who changed what"},
    {"token", NULL, 0, false, "", ""},
    {"token list", cmd_token_list, 0, false, "", "list the tokens"},
    {"token create", cmd_token_create, FLEET_PROJECT | FLEET_USER | FLEET_TOKEN | FLEET_TEXT, false, "",
     "make one; it is shown once"},
    {"token delete", cmd_token_delete, FLEET_ID | FLEET_FORCE, false, "[ID]", "revoke one"},
    {"token whoami", cmd_token_whoami, 0, false, "", "what this token is"},
    {"webhook", NULL, 0, false, "", ""},
    {"webhook list", cmd_webhook_list, 0, false, "", "list the webhooks"},
    {"webhook get", cmd_webhook_list, FLEET_ID, false, "[ID]", "or show one"},
    {"webhook create", cmd_webhook_create, FLEET_PROJECT | FLEET_HOLD_OFF, false, "URL",
     "have a project's events posted there; the secret is shown once"},
    {"webhook delete", cmd_webhook_delete, FLEET_ID | FLEET_FORCE, false, "[ID]", "delete one"},
    {"organization", NULL, 0, false, "", ""},
    {"organization list", cmd_organization_list, 0, false, "", "list the organizations"},
    {"organization get", cmd_organization_list, 0, false, "", "the same"},
    {"organization create", cmd_organization_create, FLEET_NAME, false, "[NAME]", "make one (provider)"},
    {"user", NULL, 0, false, "", ""},
    {"user get", cmd_user_get, 0, false, "", "whose token this is"},
    {"user list", cmd_user_list, 0, false, "", "list the users (provider)"},
    {"user create", cmd_user_create, FLEET_NAME | FLEET_ORGANIZATION, false, "EMAIL", "make one (provider)"},
    {"metro", NULL, 0, false, "", ""},
    {"metro list", cmd_metro_list, 0, false, "", "list the metros"},
    {"metro get", cmd_metro_list, 0, false, "", "the same"},
    {"metro create", cmd_metro_create, FLEET_NAME, false, "CODE COUNTRY", "make one (provider)"},
};

const struct command_table fleet_command_table = {commands, ARRAY_LEN(commands), "godwit", &fleet_option_table};

/* "project" for "project" and "projects". */
static bool is_noun(const char *path, const char *word)
{
    size_t length = strlen(path);
    return !strchr(path, ' ') && strncmp(path, word, length) == 0 &&
           (!word[length] || (word[length] == 's' && !word[length + 1]));
}

const struct command_table *command_table_of(int count, char **arguments)
{
    char **word = options_first_word(&fleet_option_table, count, arguments);
    if (word && strcmp(*word, "help") == 0) {
        int rest = count - (int)(word + 1 - arguments);
        word = options_first_word(&fleet_option_table, rest, word + 1);
    }
    for (size_t i = 0; word && i < ARRAY_LEN(commands); i++) {
        if (!is_noun(commands[i].path, *word))
            continue;
        (*word)[strlen(commands[i].path)] = '\0';
        return &fleet_command_table;
    }
    return &command_table;
}
