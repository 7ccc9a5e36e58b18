#include "cli/command.h"

#include <string.h>

#include "base/check.h"
#include "cli/commands.h"

static const char route_words[] = "PREFIX [identifier N] [nexthop A] [aspath \"1 2 {3}\"] [origin igp|egp|incomplete] "
                                  "[med N] [local-pref N] [community C,..] [large-community C,..] [aggregator AS:A] "
                                  "[aigp metric N] [rt RT] ...";
static const char neighbor_words[] =
    "{ADDRESS | interface NAME} as N [local-as N] [family F,..] [vrf V] [route-reflector-client [ID]] "
    "[route-server-client] [allow-own-as N] [remove-private-as all|replace] [replace-peer-as] [ebgp-multihop-ttl N]";

static const char assignment_words[] = "POLICY... [default accept|reject]";

static const char test_words[] = "{PREFIX | ADDRESS | route as for \"global rib add\"} [from NEIGHBOR] "
                                 "{import [NEIGHBOR] | export [NEIGHBOR]} [policy POLICY]";

static const struct command commands[] = {
    {"global", cmd_global, OPTION_ANY, false,
     "[as N router-id A [listen-port N] [listen-addresses A...] [use-multipath]]", "show the speaker, or start it"},
    {"global del", NULL, OPTION_ANY, false, "", "stop the speaker"},
    {"global del all", cmd_global_delete_all, OPTION_ANY, false, "", "stop it: sessions, paths and peers go"},
    {"global rib", cmd_rib, OPTION_FAMILY, false, "[PREFIX | ADDRESS] [longer-prefixes | shorter-prefixes]",
     "list the routes"},
    {"global rib add", cmd_rib_add, OPTION_FAMILY, false, route_words, "add a route"},
    {"global rib del", cmd_rib_delete, OPTION_FAMILY, false, route_words, "delete a route"},
    {"global rib del all", cmd_rib_delete_all, OPTION_FAMILY, false, "", "delete every route added here"},
    {"global rib summary", cmd_rib_summary, OPTION_FAMILY, false, "", "count the routes"},
    {"global policy", cmd_global_policy, OPTION_ANY, false, "", "show which policies apply to all"},
    {"global policy import", cmd_global_policy_direction, OPTION_ANY, false, "", "to what comes in"},
    {"global policy import add", cmd_global_policy_change, OPTION_ANY, false, assignment_words, "append policies"},
    {"global policy import del", cmd_global_policy_change, OPTION_ANY, false, "[POLICY...]", "take some away, or all"},
    {"global policy import set", cmd_global_policy_change, OPTION_ANY, false, assignment_words, "replace them"},
    {"global policy export", cmd_global_policy_direction, OPTION_ANY, false, "", "to what goes out"},
    {"global policy export add", cmd_global_policy_change, OPTION_ANY, false, assignment_words, "append policies"},
    {"global policy export del", cmd_global_policy_change, OPTION_ANY, false, "[POLICY...]", "take some away, or all"},
    {"global policy export set", cmd_global_policy_change, OPTION_ANY, false, assignment_words, "replace them"},
    {"global graceful-shutdown", cmd_global_graceful_shutdown, OPTION_ANY, true, "[on | off]",
     "tell all that their sessions are about to end (RFC 8326)"},
    {"neighbor", cmd_neighbor, OPTION_FAMILY | OPTION_NEIGHBOR, false, "[ADDRESS [VERB]]",
     "list neighbors, show one, or do something with it"},
    {"neighbor add", cmd_neighbor_add, OPTION_FAMILY | OPTION_NEIGHBOR, false, neighbor_words, "add a neighbor"},
    {"neighbor del", cmd_neighbor_delete, OPTION_FAMILY | OPTION_NEIGHBOR, false, "{ADDRESS | interface NAME}",
     "delete a neighbor"},
    {"neighbor update", cmd_neighbor_update, OPTION_FAMILY | OPTION_NEIGHBOR, false, neighbor_words,
     "change a neighbor"},
    {"vrf", cmd_not_offered, OPTION_ANY, false, "", "not offered yet"},
    {"policy", cmd_policy, OPTION_ANY, false, "[POLICY]", "show the policies"},
    {"policy add", cmd_policy_add, OPTION_ANY, false, "POLICY [STATEMENT...]", "make one, or append statements to it"},
    {"policy del", cmd_policy_delete, OPTION_ANY, false, "POLICY [STATEMENT...]", "delete one, or take statements out"},
    {"policy prefix", cmd_policy_set, OPTION_ANY, false, "[SET]", "show the sets of prefixes, by length"},
    {"policy prefix add", cmd_policy_set_add, OPTION_ANY, false, "SET [PREFIX [MIN..MAX]]", "make one, or add members"},
    {"policy prefix set", cmd_policy_set_add, OPTION_ANY, true, "SET [PREFIX [MIN..MAX]]", "replace its members"},
    {"policy prefix del", cmd_policy_set_delete, OPTION_ANY, false, "SET [PREFIX [MIN..MAX]]",
     "delete members, or all of it"},
    {"policy neighbor", cmd_policy_set, OPTION_ANY, false, "[SET]", "show the sets of neighbors"},
    {"policy neighbor add", cmd_policy_set_add, OPTION_ANY, false, "SET [ADDRESS...]", "make one, or add members"},
    {"policy neighbor set", cmd_policy_set_add, OPTION_ANY, true, "SET [ADDRESS...]", "replace its members"},
    {"policy neighbor del", cmd_policy_set_delete, OPTION_ANY, false, "SET [ADDRESS...]",
     "delete members, or all of it"},
    {"policy as-path", cmd_policy_set, OPTION_ANY, false, "[SET]", "show the sets of AS paths"},
    {"policy as-path add", cmd_policy_set_add, OPTION_ANY, false, "SET [REGEXP...]", "make one, or add members"},
    {"policy as-path set", cmd_policy_set_add, OPTION_ANY, true, "SET [REGEXP...]", "replace its members"},
    {"policy as-path del", cmd_policy_set_delete, OPTION_ANY, false, "SET [REGEXP...]", "delete members, or all of it"},
    {"policy community", cmd_policy_set, OPTION_ANY, false, "[SET]", "show the sets of communities"},
    {"policy community add", cmd_policy_set_add, OPTION_ANY, false, "SET [REGEXP...]", "make one, or add members"},
    {"policy community set", cmd_policy_set_add, OPTION_ANY, true, "SET [REGEXP...]", "replace its members"},
    {"policy community del", cmd_policy_set_delete, OPTION_ANY, false, "SET [REGEXP...]",
     "delete members, or all of it"},
    {"policy ext-community", cmd_policy_set, OPTION_ANY, false, "[SET]",
     "show the sets of extended communities (rt:, soo:, encap:, lb:)"},
    {"policy ext-community add", cmd_policy_set_add, OPTION_ANY, false, "SET [REGEXP...]", "make one, or add members"},
    {"policy ext-community set", cmd_policy_set_add, OPTION_ANY, true, "SET [REGEXP...]", "replace its members"},
    {"policy ext-community del", cmd_policy_set_delete, OPTION_ANY, false, "SET [REGEXP...]",
     "delete members, or all of it"},
    {"policy large-community", cmd_policy_set, OPTION_ANY, false, "[SET]", "show the sets of large communities"},
    {"policy large-community add", cmd_policy_set_add, OPTION_ANY, false, "SET [REGEXP...]",
     "make one, or add members"},
    {"policy large-community set", cmd_policy_set_add, OPTION_ANY, true, "SET [REGEXP...]", "replace its members"},
    {"policy large-community del", cmd_policy_set_delete, OPTION_ANY, false, "SET [REGEXP...]",
     "delete members, or all of it"},
    {"policy statement", cmd_policy_statement, OPTION_ANY, false, "[STATEMENT [VERB]]", "show the statements"},
    {"policy statement add", cmd_policy_statement_add, OPTION_ANY, false, "STATEMENT", "make one"},
    {"policy statement del", cmd_policy_statement_delete, OPTION_ANY, false, "STATEMENT", "delete one"},
    {"policy test", cmd_policy_test, OPTION_FAMILY, true, test_words, "what policies make of a route, and why"},
    {"monitor", NULL, OPTION_MONITOR, false, "", "show changes as they happen"},
    {"monitor global", NULL, OPTION_MONITOR, false, "", "of the table"},
    {"monitor global rib", cmd_monitor_rib, OPTION_MONITOR | OPTION_FAMILY, false, "", "best paths"},
    {"monitor neighbor", cmd_monitor_neighbor, OPTION_MONITOR, false, "[ADDRESS]", "session states"},
    {"monitor adj-in", cmd_monitor_adj_in, OPTION_MONITOR | OPTION_FAMILY, false, "[ADDRESS]",
     "routes as neighbors send them"},
    {"mrt", NULL, OPTION_MRT, false, "", "MRT files (RFC 6396)"},
    {"mrt inject", NULL, OPTION_MRT, false, "", "add the routes of a file"},
    {"mrt inject global", cmd_mrt_inject, OPTION_MRT, false, "FILE [COUNT [SKIP]]",
     "TABLE_DUMP_V2, plain, .gz or .bz2"},
    {"rpki", NULL, OPTION_ANY, false, "", "RPKI caches and what they say"},
    {"rpki server", cmd_rpki_server, OPTION_ANY, false,
     "[ADDRESS [add | delete | enable | disable | reset | softreset]]", "show the caches, or change one"},
    {"rpki table", cmd_rpki_table, OPTION_FAMILY, false, "[SERVER]", "show who may originate which prefixes"},
    {"bmp", cmd_bmp, OPTION_ANY, false, "", "stations that are told what neighbors say (RFC 7854)"},
    {"bmp add", cmd_bmp_add, OPTION_BMP, false, "ADDRESS[:PORT] [pre | post | both | local-rib | all]",
     "tell one; before import policy if not said"},
    {"bmp del", cmd_bmp_delete, OPTION_ANY, false, "ADDRESS[:PORT]", "no more"},
    {"completion", cmd_completion, OPTION_ANY, true, "bash | zsh | fish", "print what makes a shell complete all this"},
    {"log-level", NULL, OPTION_ANY, false, "", "set how much the daemon logs"},
    {"log-level panic", cmd_log_level, OPTION_ANY, false, "", ""},
    {"log-level fatal", cmd_log_level, OPTION_ANY, false, "", ""},
    {"log-level error", cmd_log_level, OPTION_ANY, false, "", ""},
    {"log-level warn", cmd_log_level, OPTION_ANY, false, "", ""},
    {"log-level info", cmd_log_level, OPTION_ANY, false, "", ""},
    {"log-level debug", cmd_log_level, OPTION_ANY, false, "", ""},
    {"log-level trace", cmd_log_level, OPTION_ANY, false, "", ""},
    {"why", cmd_why, OPTION_FAMILY, true, "PREFIX | ADDRESS [to NEIGHBOR]",
     "why a path is best, and whether a neighbor was told"},
    {"groups", cmd_groups, OPTION_ANY, true, "", "update groups: which neighbors share their output"},
    {"counters", cmd_counters, OPTION_ANY, true, "", "tables and memory"},
    {"reload", cmd_reload, OPTION_ANY, true, "[check]", "read the configuration file again"},
    {"save", cmd_save, OPTION_ANY, true, "[FILE] [format toml|yaml|json] [without-secrets]",
     "what runs now, as a configuration"},
};

const struct command_table command_table = {commands, ARRAY_LEN(commands), "godwit", &daemon_option_table};

enum { OF_NEIGHBOR = OPTION_FAMILY | OPTION_NEIGHBOR };
static const char lookup_words[] = "[PREFIX | ADDRESS] [longer-prefixes | shorter-prefixes]";

static const struct command neighbor_commands[] = {
    {"local", cmd_neighbor_rib, OF_NEIGHBOR, false, lookup_words, "the table of a route server client"},
    {"local summary", cmd_neighbor_rib_summary, OF_NEIGHBOR, false, "", "count it"},
    {"adj-in", cmd_neighbor_rib, OF_NEIGHBOR, false, lookup_words, "routes it sent"},
    {"adj-in summary", cmd_neighbor_rib_summary, OF_NEIGHBOR, false, "", "count them"},
    {"adj-out", cmd_neighbor_rib, OF_NEIGHBOR, false, lookup_words, "routes it is told"},
    {"adj-out summary", cmd_neighbor_rib_summary, OF_NEIGHBOR, false, "", "count them"},
    {"accepted", cmd_neighbor_rib, OF_NEIGHBOR, false, lookup_words, "routes it sent that policy let in"},
    {"rejected", cmd_neighbor_rib, OF_NEIGHBOR, false, lookup_words, "routes it sent that policy kept out"},
    {"reset", cmd_neighbor_reset, OF_NEIGHBOR, false, "", "end the session; it starts again"},
    {"softreset", cmd_neighbor_reset, OF_NEIGHBOR, false, "", "apply policy again both ways"},
    {"softresetin", cmd_neighbor_reset, OF_NEIGHBOR, false, "", "to what it sent"},
    {"softresetout", cmd_neighbor_reset, OF_NEIGHBOR, false, "", "to what it is told"},
    {"shutdown", cmd_neighbor_state, OF_NEIGHBOR, false, "", "deprecated: use disable"},
    {"enable", cmd_neighbor_state, OF_NEIGHBOR, false, "", "let its session start"},
    {"disable", cmd_neighbor_state, OF_NEIGHBOR, false, "", "end its session and keep it down"},
    {"policy", cmd_neighbor_policy, OF_NEIGHBOR, false, "", "which policies apply to it alone"},
    {"policy import", cmd_neighbor_policy_direction, OF_NEIGHBOR, false, "", "to what it sends"},
    {"policy import add", cmd_neighbor_policy_change, OF_NEIGHBOR, false, assignment_words, "append policies"},
    {"policy import del", cmd_neighbor_policy_change, OF_NEIGHBOR, false, "[POLICY...]", "take some away, or all"},
    {"policy import set", cmd_neighbor_policy_change, OF_NEIGHBOR, false, assignment_words, "replace them"},
    {"policy export", cmd_neighbor_policy_direction, OF_NEIGHBOR, false, "", "to what it is told"},
    {"policy export add", cmd_neighbor_policy_change, OF_NEIGHBOR, false, assignment_words, "append policies"},
    {"policy export del", cmd_neighbor_policy_change, OF_NEIGHBOR, false, "[POLICY...]", "take some away, or all"},
    {"policy export set", cmd_neighbor_policy_change, OF_NEIGHBOR, false, assignment_words, "replace them"},
    {"graceful-shutdown", cmd_neighbor_graceful_shutdown, OF_NEIGHBOR, true, "[on | off]",
     "tell it that the session is about to end (RFC 8326)"},
    {"why", cmd_neighbor_why, OF_NEIGHBOR, true, "", "why its session is not up, or was not last"},
    {"groups", cmd_neighbor_groups, OF_NEIGHBOR, true, "", "its update groups, and why others are not in them"},
};

const struct command_table neighbor_command_table = {neighbor_commands, ARRAY_LEN(neighbor_commands),
                                                     "godwit neighbor ADDRESS", &daemon_option_table};

static const struct command statement_commands[] = {
    {"add", NULL, OPTION_ANY, false, "", ""},
    {"add condition", cmd_statement_condition, OPTION_ANY, false, "CONDITION", "what must hold"},
    {"add action", cmd_statement_action, OPTION_ANY, false, "ACTION", "what is done then"},
    {"del", NULL, OPTION_ANY, false, "", ""},
    {"del condition", cmd_statement_condition, OPTION_ANY, false, "CONDITION", "take it away"},
    {"del action", cmd_statement_action, OPTION_ANY, false, "ACTION", "take it away"},
};

const struct command_table statement_command_table = {statement_commands, ARRAY_LEN(statement_commands),
                                                      "godwit policy statement STATEMENT", &daemon_option_table};

const char *command_verb(const struct command *command)
{
    const char *blank = strrchr(command->path, ' ');
    return blank ? blank + 1 : command->path;
}

int cmd_not_offered(struct cli *cli, const struct command *command, const struct words *words)
{
    return cli_fail(cli, "%s: not offered yet", command->path);
}

const char *command_word_below(const struct command *parent, const char *path)
{
    size_t length = parent ? strlen(parent->path) : 0;
    if (parent && (strncmp(path, parent->path, length) != 0 || path[length] != ' '))
        return NULL;
    const char *word = path + length + (parent ? 1 : 0);
    return strchr(word, ' ') ? NULL : word;
}

/* The child of `parent` that `word` names, in full or, if it is the only one, in its beginning. */
static const struct command *command_child(const struct command_table *table, const struct command *parent,
                                           const char *word)
{
    const struct command *begun = NULL;
    unsigned begun_count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const char *name = command_word_below(parent, table->commands[i].path);
        if (!name)
            continue;
        if (strcmp(name, word) == 0)
            return &table->commands[i];
        if (!table->commands[i].whole && str_starts_with(name, word)) {
            begun = &table->commands[i];
            begun_count++;
        }
    }
    return begun_count == 1 ? begun : NULL;
}

/* The name most like a word nobody knows, if one is near. */
static const char *command_suggest(const struct command_table *table, const struct command *parent, const char *word)
{
    const char *best = NULL;
    unsigned best_distance = strlen(word) < 3 ? (unsigned)strlen(word) : 3; /* not another word altogether */
    for (size_t i = 0; i < table->count; i++) {
        const char *name = command_word_below(parent, table->commands[i].path);
        unsigned distance = name ? str_distance(name, word) : best_distance;
        if (distance < best_distance) {
            best = name;
            best_distance = distance;
        }
    }
    return best;
}

static int unknown_word(struct cli *cli, const struct command_table *table, const struct command *parent,
                        const char *word)
{
    const char *near = command_suggest(table, parent, word);
    cli_fail(cli, "unknown command \"%s\" for \"%s%s%s\"", word, table->prefix, parent ? " " : "",
             parent ? parent->path : "");
    if (near)
        text_printf(&cli->error, "\ndid you mean \"%s\"?", near);
    return E_NOT_FOUND;
}

const struct command *command_find(struct cli *cli, const struct command_table *table, const struct words *words,
                                   struct words *rest)
{
    const struct command *command = NULL;
    int used = 0;
    while (used < words->count) {
        const struct command *child = command_child(table, command, words->word[used]);
        if (!child)
            break;
        command = child;
        used++;
    }
    *rest = (struct words){.count = words->count - used, .word = words->word + used};
    if (rest->count > 0 && (!command || !command->run)) {
        unknown_word(cli, table, command, rest->word[0]);
        return NULL;
    }
    return command;
}

int command_run(struct cli *cli, const struct command_table *table, const struct words *words)
{
    struct words rest;
    const struct command *command = command_find(cli, table, words, &rest);
    if (!command && words->count > 0)
        return E_NOT_FOUND;
    if (!command || !command->run || cli->options.help) {
        command_help(cli, table, command ? command->path : "");
        return 0;
    }
    const struct option *stranger = option_of_scope(table->options, cli->options.given & ~command->scopes);
    if (stranger)
        return cli_fail(cli, "\"%s %s\" does not take --%s", table->prefix, command->path, stranger->name);
    if (table == &fleet_command_table && rest.count > 0 && !*command->words)
        return cli_fail(cli, "%s: \"%s\" is one word too many", command->path, rest.word[0]);
    return command->run(cli, command, &rest);
}

int command_run_named(struct cli *cli, const struct command_table *table, const struct words *words)
{
    char *name = words->word[0];
    memmove(words->word, words->word + 1, (size_t)(words->count - 1) * sizeof(char *));
    words->word[words->count - 1] = name;
    return command_run(cli, table, words);
}

static bool is_at_or_below(const char *path, const char *top)
{
    size_t length = strlen(top);
    return length == 0 || (strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == ' '));
}

void command_help(struct cli *cli, const struct command_table *table, const char *path)
{
    struct output *out = &cli->out;
    uint64_t scopes = 0;
    output_add(out, "Usage:\n");
    for (size_t i = 0; i < table->count; i++) {
        const struct command *command = &table->commands[i];
        if (!is_at_or_below(command->path, path) || (!command->run && *path == '\0'))
            continue;
        scopes |= command->scopes;
        if (command->run)
            output_printf(out, "  %s %s%s%s\n", table->prefix, command->path, *command->words ? " " : "",
                          command->words);
        if (command->run && *command->help)
            output_printf(out, "        %s\n", command->help);
    }
    if (table == &command_table && (*path == '\0' || strcmp(path, "neighbor") == 0)) {
        output_add(out, "\n");
        for (size_t i = 0; i < neighbor_command_table.count; i++)
            output_printf(out, "  %s %-16s %s\n", neighbor_command_table.prefix, neighbor_commands[i].path,
                          neighbor_commands[i].help);
    }
    if (table == &command_table && *path == '\0') {
        output_add(out, "\nThe fleet's:\n");
        for (size_t i = 0; i < fleet_command_table.count; i++) {
            if (!strchr(fleet_command_table.commands[i].path, ' '))
                output_printf(out, "  godwit help %s\n", fleet_command_table.commands[i].path);
        }
    }
    output_add(out, "\nOptions:\n");
    options_print(out, table->options, scopes);
}
