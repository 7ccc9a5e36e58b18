/* godwit global policy, godwit neighbor ADDRESS policy: which policies routes pass, and what happens to those that no
 * policy decides on. */
#include <string.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/neighbor.h"
#include "cli/policy_show.h"

static const char global_name[] = "global";

static Apipb__PolicyDirection direction_of(const struct command *command)
{
    return strstr(command->path, "import") ? APIPB__POLICY_DIRECTION__IMPORT : APIPB__POLICY_DIRECTION__EXPORT;
}

static int show_assignment(struct cli *cli, const char *name, Apipb__PolicyDirection direction, int indent)
{
    Apipb__ListPolicyAssignmentRequest request = APIPB__LIST_POLICY_ASSIGNMENT_REQUEST__INIT;
    Apipb__PolicyAssignment nothing = APIPB__POLICY_ASSIGNMENT__INIT;
    struct call_answers answers;
    request.name = (char *)name;
    request.direction = direction;
    if (call_all(cli, "ListPolicyAssignment", &request.base, &apipb__list_policy_assignment_response__descriptor,
                 &answers) < 0)
        return E_INVALID;
    const Apipb__PolicyAssignment *assignment =
        answers.count ? ((Apipb__ListPolicyAssignmentResponse *)answers.messages[0])->assignment : NULL;
    if (!assignment)
        assignment = &nothing;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &assignment->base);
        output_add(&cli->out, "\n");
        return 0;
    }
    output_printf(&cli->out, "%s policy:\n%*sDefault: %s\n",
                  direction == APIPB__POLICY_DIRECTION__IMPORT ? "Import" : "Export", indent, "",
                  enum_word(&apipb__route_action__descriptor, (int)assignment->default_action));
    for (size_t i = 0; i < assignment->n_policies; i++)
        policy_show(cli, assignment->policies[i], indent);
    return 0;
}

static int show_both(struct cli *cli, const char *name)
{
    int result = show_assignment(cli, name, APIPB__POLICY_DIRECTION__IMPORT, 4);
    return result == 0 ? show_assignment(cli, name, APIPB__POLICY_DIRECTION__EXPORT, 4) : result;
}

/* Takes "default accept" out of the words. Those of a neighbor have its name behind them: `count` is without. */
static int take_default(struct cli *cli, const char *usage, struct words *words, Apipb__RouteAction *action)
{
    for (int i = 0; i < words->count; i++) {
        if (strcmp(words->word[i], "default") != 0)
            continue;
        const char *word = i + 1 < words->count ? words->word[i + 1] : NULL;
        if (!word)
            return cli_fail(cli, "specify default action [accept|reject]\n%s", usage);
        if (!str_equal_nocase(word, "accept") && !str_equal_nocase(word, "reject"))
            return cli_fail(cli, "invalid default action\n%s", usage);
        *action = str_equal_nocase(word, "accept") ? APIPB__ROUTE_ACTION__ACCEPT : APIPB__ROUTE_ACTION__REJECT;
        memmove(words->word + i, words->word + i + 2, (size_t)(words->count - i - 2) * sizeof(char *));
        words->count -= 2;
        break;
    }
    return 0;
}

static int send_assignment(struct cli *cli, const char *verb, Apipb__PolicyAssignment *assignment)
{
    if (strcmp(verb, "add") == 0) {
        Apipb__AddPolicyAssignmentRequest request = APIPB__ADD_POLICY_ASSIGNMENT_REQUEST__INIT;
        request.assignment = assignment;
        return call(cli, "AddPolicyAssignment", &request.base, NULL, NULL, NULL);
    }
    if (strcmp(verb, "set") == 0) {
        Apipb__SetPolicyAssignmentRequest request = APIPB__SET_POLICY_ASSIGNMENT_REQUEST__INIT;
        request.assignment = assignment;
        return call(cli, "SetPolicyAssignment", &request.base, NULL, NULL, NULL);
    }
    Apipb__DeletePolicyAssignmentRequest request = APIPB__DELETE_POLICY_ASSIGNMENT_REQUEST__INIT;
    request.assignment = assignment;
    request.all = assignment->n_policies == 0;
    return call(cli, "DeletePolicyAssignment", &request.base, NULL, NULL, NULL);
}

static int change(struct cli *cli, const struct command *command, const char *name, struct words words)
{
    const char *verb = command_verb(command);
    Apipb__PolicyAssignment assignment = APIPB__POLICY_ASSIGNMENT__INIT;
    if (strcmp(verb, "del") != 0) {
        const char *usage =
            arena_printf(&cli->arena, "usage: godwit %s%s%s <policy name>... [default {accept|reject}]",
                         name == global_name ? "" : "neighbor ",
                         name == global_name ? "" : arena_printf(&cli->arena, "%s ", name), command->path);
        if (words.count == 0)
            return cli_fail(cli, "%s", usage);
        if (take_default(cli, usage, &words, &assignment.default_action) < 0)
            return E_INVALID;
    }
    assignment.name = (char *)name;
    assignment.direction = direction_of(command);
    assignment.policies = arena_alloc(&cli->arena, ((size_t)words.count + 1) * sizeof(*assignment.policies));
    for (int i = 0; i < words.count; i++) {
        Apipb__Policy *policy = arena_alloc(&cli->arena, sizeof(*policy));
        apipb__policy__init(policy);
        policy->name = words.word[i];
        assignment.policies[assignment.n_policies++] = policy;
    }
    return send_assignment(cli, verb, &assignment);
}

/* The global table --------------------------------------------------------------------------------------------- */

int cmd_global_policy(struct cli *cli, const struct command *command, const struct words *words)
{
    if (words->count)
        return cli_fail(cli, "usage: godwit global policy [{ import | export }]");
    return show_both(cli, global_name);
}

int cmd_global_policy_direction(struct cli *cli, const struct command *command, const struct words *words)
{
    return show_assignment(cli, global_name, direction_of(command), 0);
}

int cmd_global_policy_change(struct cli *cli, const struct command *command, const struct words *words)
{
    return change(cli, command, global_name, *words);
}

/* A neighbor; its name is the last word -------------------------------------------------------------------------- */

static const char *neighbor_name(struct cli *cli, const struct words *words)
{
    Apipb__Peer *peer = neighbor_find(cli, words->word[words->count - 1], false);
    return peer ? peer->state->neighbor_address : NULL;
}

int cmd_neighbor_policy(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *name = neighbor_name(cli, words);
    return name ? show_both(cli, name) : E_INVALID;
}

int cmd_neighbor_policy_direction(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *name = neighbor_name(cli, words);
    return name ? show_assignment(cli, name, direction_of(command), 0) : E_INVALID;
}

int cmd_neighbor_policy_change(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *name = neighbor_name(cli, words);
    struct words policies = {.count = words->count - 1, .word = words->word};
    return name ? change(cli, command, name, policies) : E_INVALID;
}
