/* The commands that speak to the fleet service, and how they are told from those that speak to a daemon. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_options.h"

static const struct command commands[] = {
    {"project", NULL, 0, false, "", ""},
    {"project list", cmd_project_list, FLEET_NAME, false, "", "list the projects"},
    {"project get", cmd_project_list, FLEET_ID | FLEET_NAME, false, "[ID | NAME]", "list them, or show one"},
    {"project create", cmd_project_create, FLEET_NAME | FLEET_ORGANIZATION, false, "[NAME]", "make one"},
    {"project update", cmd_project_update, FLEET_ID | FLEET_NAME, false, "[ID | NAME] -n NAME", "rename one"},
    {"project delete", cmd_project_delete, FLEET_ID | FLEET_FORCE, false, "[ID | NAME]", "delete one"},
    {"project bgp-config", cmd_project_bgp_config, FLEET_PROJECT, false, "", "how BGP is set up"},
    {"project bgp-sessions", cmd_project_bgp_sessions, FLEET_PROJECT, false, "",
     "its sessions, with what they learned"},
    {"project bgp-enable", cmd_project_bgp_enable, FLEET_PROJECT | FLEET_BGP | FLEET_ASN, false,
     "--deployment-type local|global", "enable BGP, or set it up differently"},
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
