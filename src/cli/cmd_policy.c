/* godwit policy: defined sets, statements and policies, listed, added to and deleted. What a statement says is in
 * cmd_policy_statement.c, where policies are applied in cmd_policy_assign.c. */
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/policy_show.h"
#include "cli/words.h"
#include "net/addr.h"
#include "net/prefix.h"

/* What is listed --------------------------------------------------------------------------------------------------- */

/* Sets, policies or statements: whatever has a name and comes as the only field of an answer. */
struct items {
    ProtobufCMessage **items;
    size_t count;
};

static int items_fetch(struct cli *cli, const char *method, const ProtobufCMessage *request,
                       const ProtobufCMessageDescriptor *answer, struct items *items)
{
    struct call_answers answers;
    if (call_all(cli, method, request, answer, &answers) < 0)
        return E_INVALID;
    *items = (struct items){.items = answers.messages};
    for (size_t i = 0; i < answers.count; i++) {
        ProtobufCMessage *item = *(ProtobufCMessage **)((char *)answers.messages[i] + answer->fields[0].offset);
        if (item)
            items->items[items->count++] = item;
    }
    return 0;
}

static const char *item_name(const ProtobufCMessage *item)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(item->descriptor, "name");
    return *(char *const *)((const char *)item + field->offset);
}

/* Leaves the one whose name was given. */
static int items_take(struct cli *cli, struct items *items, const struct words *words)
{
    if (words->count == 0)
        return 0;
    for (size_t i = 0; i < items->count; i++) {
        if (strcmp(item_name(items->items[i]), words->word[0]) == 0) {
            *items = (struct items){.items = &items->items[i], .count = 1};
            return 0;
        }
    }
    return cli_fail(cli, "not found %s", words->word[0]);
}

/* As JSON or as names, if that was asked for. */
static bool items_show(struct cli *cli, const struct items *items)
{
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        json_array(&json);
        for (size_t i = 0; i < items->count; i++)
            message_json(&json, items->items[i]);
        json_array_end(&json);
        output_add(&cli->out, "\n");
    } else if (cli->options.quiet) {
        for (size_t i = 0; i < items->count; i++)
            output_printf(&cli->out, "%s\n", item_name(items->items[i]));
    }
    return cli->options.json || cli->options.quiet;
}

/* Defined sets ------------------------------------------------------------------------------------------------- */

struct set_noun {
    const char *noun;
    Apipb__DefinedType type;
    const char *heading;
    const char *members; /* in the usage */
};

static const struct set_noun set_nouns[] = {
    {"prefix", APIPB__DEFINED_TYPE__PREFIX, "PREFIX", "[<prefix> [<mask range>]]"},
    {"neighbor", APIPB__DEFINED_TYPE__NEIGHBOR, "ADDRESS", "[<neighbor address>...]"},
    {"as-path", APIPB__DEFINED_TYPE__AS_PATH, "AS-PATH", "[<regexp>...]"},
    {"community", APIPB__DEFINED_TYPE__COMMUNITY, "COMMUNITY", "[<regexp>...]"},
    {"ext-community", APIPB__DEFINED_TYPE__EXT_COMMUNITY, "EXT-COMMUNITY", "[<regexp>...]"},
    {"large-community", APIPB__DEFINED_TYPE__LARGE_COMMUNITY, "LARGE-COMMUNITY", "[<regexp>...]"},
};

/* "policy NOUN" or "policy NOUN VERB". */
static const struct set_noun *set_noun_of(const struct command *command)
{
    const char *word = command->path + strlen("policy ");
    size_t length = strcspn(word, " ");
    size_t i = 0;
    while (strlen(set_nouns[i].noun) != length || strncmp(set_nouns[i].noun, word, length) != 0)
        i++;
    CHECK(i < ARRAY_LEN(set_nouns));
    return &set_nouns[i];
}

int cmd_policy_set(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct set_noun *noun = set_noun_of(command);
    Apipb__ListDefinedSetRequest request = APIPB__LIST_DEFINED_SET_REQUEST__INIT;
    struct items items;
    request.defined_type = noun->type;
    if (words->count)
        request.name = words->word[0];
    if (items_fetch(cli, "ListDefinedSet", &request.base, &apipb__list_defined_set_response__descriptor, &items) < 0)
        return E_INVALID;
    if (!items_show(cli, &items))
        defined_sets_show(&cli->out, (const Apipb__DefinedSet *const *)items.items, items.count, noun->heading);
    return 0;
}

/* "24..28" within what the family has. */
static int mask_range_parse(struct cli *cli, const char *text, const struct prefix *prefix, Apipb__Prefix *member)
{
    unsigned bits = prefix->addr.kind == ADDR_IPV6 ? 128 : 32;
    const char *dots = strstr(text, "..");
    uint64_t shortest, longest;
    if (!dots || str_parse_u64(arena_strndup(&cli->arena, text, (size_t)(dots - text)), 0, UINT32_MAX, &shortest) < 0 ||
        str_parse_u64(dots + 2, 0, UINT32_MAX, &longest) < 0 || shortest > longest)
        return cli_fail(cli, "invalid mask length range: %s", text);
    if (longest > bits)
        return cli_fail(cli, "ipv%s mask length range outside scope :%s", bits == 32 ? "4" : "6", text);
    member->mask_length_min = (uint32_t)shortest;
    member->mask_length_max = (uint32_t)longest;
    return 0;
}

static int prefix_members(struct cli *cli, const struct words *words, Apipb__DefinedSet *set)
{
    struct prefix prefix;
    if (words->count == 0)
        return 0;
    if (!strchr(words->word[0], '/') || prefix_parse(words->word[0], true, &prefix) < 0)
        return cli_fail(cli, "invalid prefix: %s", words->word[0]);
    Apipb__Prefix *member = arena_alloc(&cli->arena, sizeof(*member));
    apipb__prefix__init(member);
    member->ip_prefix = words->word[0];
    member->mask_length_min = member->mask_length_max = prefix.length;
    if (words->count > 1 && mask_range_parse(cli, words->word[1], &prefix, member) < 0)
        return E_INVALID;
    set->n_prefixes = 1;
    set->prefixes = arena_alloc(&cli->arena, sizeof(*set->prefixes));
    set->prefixes[0] = member;
    return 0;
}

/* Addresses become prefixes: the API takes nothing else. */
static int neighbor_members(struct cli *cli, const struct words *words, Apipb__DefinedSet *set)
{
    set->list = arena_alloc(&cli->arena, ((size_t)words->count + 1) * sizeof(*set->list));
    for (int i = 0; i < words->count; i++) {
        struct prefix prefix;
        char *text = words->word[i];
        if (prefix_parse(text, true, &prefix) < 0)
            return cli_fail(cli, "invalid address or prefix: %s\nplease enter ipv4 or ipv6 format", text);
        set->list[set->n_list++] =
            strchr(text, '/') ? text : arena_printf(&cli->arena, "%s/%u", text, (unsigned)prefix.length);
    }
    return 0;
}

/* The set that `words` name and its members. NULL: the error is noted. */
static Apipb__DefinedSet *set_from_words(struct cli *cli, const struct set_noun *noun, const struct words *words)
{
    struct words members = {.count = words->count - 1, .word = words->word + 1};
    Apipb__DefinedSet *set = arena_alloc(&cli->arena, sizeof(*set));
    int result = 0;
    apipb__defined_set__init(set);
    set->defined_type = noun->type;
    set->name = words->word[0];
    if (noun->type == APIPB__DEFINED_TYPE__PREFIX) {
        result = prefix_members(cli, &members, set);
    } else if (noun->type == APIPB__DEFINED_TYPE__NEIGHBOR) {
        result = neighbor_members(cli, &members, set);
    } else {
        set->n_list = (size_t)members.count;
        set->list = members.word;
    }
    return result < 0 ? NULL : set;
}

static Apipb__DefinedSet *set_to_change(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct set_noun *noun = set_noun_of(command);
    if (words->count > 0)
        return set_from_words(cli, noun, words);
    cli_fail(cli, "usage: policy %s %s <name> %s", noun->noun, command_verb(command), noun->members);
    return NULL;
}

/* `add` appends to the members, `set` replaces them. */
int cmd_policy_set_add(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__AddDefinedSetRequest request = APIPB__ADD_DEFINED_SET_REQUEST__INIT;
    request.defined_set = set_to_change(cli, command, words);
    request.replace = strcmp(command_verb(command), "set") == 0;
    return request.defined_set ? call(cli, "AddDefinedSet", &request.base, NULL, NULL, NULL) : E_INVALID;
}

int cmd_policy_set_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__DeleteDefinedSetRequest request = APIPB__DELETE_DEFINED_SET_REQUEST__INIT;
    request.defined_set = set_to_change(cli, command, words);
    request.all = words->count < 2;
    return request.defined_set ? call(cli, "DeleteDefinedSet", &request.base, NULL, NULL, NULL) : E_INVALID;
}

/* Policies ----------------------------------------------------------------------------------------------------- */

int cmd_policy(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__ListPolicyRequest request = APIPB__LIST_POLICY_REQUEST__INIT;
    struct items policies;
    if (items_fetch(cli, "ListPolicy", &request.base, &apipb__list_policy_response__descriptor, &policies) < 0 ||
        items_take(cli, &policies, words) < 0)
        return E_INVALID;
    if (items_show(cli, &policies))
        return 0;
    for (size_t i = 0; i < policies.count; i++)
        policy_show(cli, (const Apipb__Policy *)policies.items[i], 0);
    return 0;
}

/* The policy and the statements that `words` name. NULL: the usage is noted. */
static Apipb__Policy *policy_from_words(struct cli *cli, const struct command *command, const struct words *words)
{
    if (words->count == 0) {
        cli_fail(cli, "usage: godwit %s <name> [<statement name>...]", command->path);
        return NULL;
    }
    Apipb__Policy *policy = arena_alloc(&cli->arena, sizeof(*policy));
    apipb__policy__init(policy);
    policy->name = words->word[0];
    policy->statements = arena_alloc(&cli->arena, (size_t)words->count * sizeof(*policy->statements));
    for (int i = 1; i < words->count; i++) {
        Apipb__Statement *statement = arena_alloc(&cli->arena, sizeof(*statement));
        apipb__statement__init(statement);
        statement->name = words->word[i];
        policy->statements[policy->n_statements++] = statement;
    }
    return policy;
}

int cmd_policy_add(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__AddPolicyRequest request = APIPB__ADD_POLICY_REQUEST__INIT;
    request.policy = policy_from_words(cli, command, words);
    request.refer_existing_statements = true;
    return request.policy ? call(cli, "AddPolicy", &request.base, NULL, NULL, NULL) : E_INVALID;
}

int cmd_policy_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__DeletePolicyRequest request = APIPB__DELETE_POLICY_REQUEST__INIT;
    request.policy = policy_from_words(cli, command, words);
    request.preserve_statements = true;
    request.all = words->count == 1;
    return request.policy ? call(cli, "DeletePolicy", &request.base, NULL, NULL, NULL) : E_INVALID;
}

/* Statements --------------------------------------------------------------------------------------------------- */

/* `policy statement NAME VERB ...`: the verb comes to the front, the name is handed on as the last word. */
int cmd_policy_statement(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__ListStatementRequest request = APIPB__LIST_STATEMENT_REQUEST__INIT;
    struct items statements;
    if (words->count > 1)
        return command_run_named(cli, &statement_command_table, words);
    if (items_fetch(cli, "ListStatement", &request.base, &apipb__list_statement_response__descriptor, &statements) <
            0 ||
        items_take(cli, &statements, words) < 0)
        return E_INVALID;
    if (items_show(cli, &statements))
        return 0;
    for (size_t i = 0; i < statements.count; i++)
        statement_show(cli, (const Apipb__Statement *)statements.items[i], 0);
    return 0;
}

int cmd_policy_statement_add(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__AddStatementRequest request = APIPB__ADD_STATEMENT_REQUEST__INIT;
    Apipb__Statement statement = APIPB__STATEMENT__INIT;
    if (words->count == 0)
        return cli_fail(cli, "usage: godwit %s <name>", command->path);
    statement.name = words->word[0];
    request.statement = &statement;
    return call(cli, "AddStatement", &request.base, NULL, NULL, NULL);
}

int cmd_policy_statement_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__DeleteStatementRequest request = APIPB__DELETE_STATEMENT_REQUEST__INIT;
    Apipb__Statement statement = APIPB__STATEMENT__INIT;
    if (words->count == 0)
        return cli_fail(cli, "usage: godwit %s <name>", command->path);
    statement.name = words->word[0];
    request.statement = &statement;
    request.all = true;
    return call(cli, "DeleteStatement", &request.base, NULL, NULL, NULL);
}
