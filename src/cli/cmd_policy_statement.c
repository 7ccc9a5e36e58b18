/* godwit policy statement NAME {add|del} {condition|action}: one const table for the conditions, one for the actions,
 * each row with the words that follow and the function that reads them. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "gobgp.pb-c.h"
#include "net/family.h"

/* What a reader of words may find, besides 0 and an error it noted. */
enum { NOT_UNDERSTOOD = 1 };

/* A condition or an action. */
struct part {
    const char *word;
    /* `into` is Apipb__Conditions or Apipb__Actions. 0, E_INVALID with the error noted, or NOT_UNDERSTOOD. */
    int (*read)(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into);
    const char *words; /* what follows, for the usage */
    size_t offset;     /* of the field, for readers that several rows share */
};

/* The place of the word among `choices`, whatever its case; -1: it is none of them. */
static int choice_of(const char *word, const char *const *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal_nocase(word, choices[i]))
            return (int)i;
    }
    return -1;
}

#define CHOICE_OF(word, choices) choice_of(word, choices, ARRAY_LEN(choices))

static void *message_new(struct cli *cli, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = arena_alloc(&cli->arena, type->sizeof_message);
    protobuf_c_message_init(type, message);
    return message;
}

static int number_read(struct cli *cli, const char *text, uint32_t *number)
{
    uint64_t value;
    if (number_parse(cli, text, UINT32_MAX, &value) < 0)
        return E_INVALID;
    *number = (uint32_t)value;
    return 0;
}

/* Conditions --------------------------------------------------------------------------------------------------- */

static int read_set(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    static const char *const options[] = {"any", "all", "invert"};
    if (words->count < 1)
        return NOT_UNDERSTOOD;
    Apipb__MatchSet *set = message_new(cli, &apipb__match_set__descriptor);
    set->name = words->word[0];
    if (words->count > 1) {
        int option = CHOICE_OF(words->word[1], options);
        if (option < 0 || !strstr(part->words, options[option]))
            return NOT_UNDERSTOOD;
        set->type = (Apipb__MatchSet__Type)option;
    }
    *(Apipb__MatchSet **)((char *)into + part->offset) = set;
    return 0;
}

/* "10 ge". */
static int read_comparison(struct cli *cli, const struct words *words, uint32_t *number, unsigned *comparison)
{
    static const char *const comparisons[] = {"eq", "ge", "le"};
    if (words->count < 2)
        return NOT_UNDERSTOOD;
    int found = CHOICE_OF(words->word[1], comparisons);
    if (number_read(cli, words->word[0], number) < 0)
        return E_INVALID;
    *comparison = (unsigned)found;
    return found < 0 ? NOT_UNDERSTOOD : 0;
}

static int read_as_path_length(struct cli *cli, const struct part *part, const struct words *words,
                               ProtobufCMessage *into)
{
    Apipb__AsPathLength *length = message_new(cli, &apipb__as_path_length__descriptor);
    unsigned comparison = 0;
    int result = read_comparison(cli, words, &length->length, &comparison);
    length->type = (Apipb__AsPathLength__Type)comparison;
    ((Apipb__Conditions *)into)->as_path_length = length;
    return result;
}

static int read_community_count(struct cli *cli, const struct part *part, const struct words *words,
                                ProtobufCMessage *into)
{
    Apipb__CommunityCount *count = message_new(cli, &apipb__community_count__descriptor);
    unsigned comparison = 0;
    int result = read_comparison(cli, words, &count->count, &comparison);
    count->type = (Apipb__CommunityCount__Type)comparison;
    ((Apipb__Conditions *)into)->community_count = count;
    return result;
}

static int read_rpki(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    static const char *const states[] = {"none", "not-found", "valid", "invalid"};
    int state = words->count ? CHOICE_OF(words->word[0], states) : -1;
    if (state < 1)
        return NOT_UNDERSTOOD;
    ((Apipb__Conditions *)into)->rpki_result = state;
    return 0;
}

static int read_route_type(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    static const char *const types[] = {"none", "internal", "external", "local"};
    int type = words->count ? CHOICE_OF(words->word[0], types) : -1;
    if (type < 1)
        return NOT_UNDERSTOOD;
    ((Apipb__Conditions *)into)->route_type = (Apipb__Conditions__RouteType)type;
    return 0;
}

static int read_next_hops(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    Apipb__Conditions *conditions = (Apipb__Conditions *)into;
    conditions->n_next_hop_in_list = (size_t)words->count;
    conditions->next_hop_in_list = words->word;
    return 0;
}

static int read_families(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    Apipb__Conditions *conditions = (Apipb__Conditions *)into;
    conditions->afi_safi_in = arena_alloc(&cli->arena, ((size_t)words->count + 1) * sizeof(Apipb__Family *));
    for (int i = 0; i < words->count; i++) {
        const struct family *family = family_get(family_from_config_name(words->word[i]));
        if (!family)
            return cli_fail(cli, "unknown afi-safi-in type value: %s", words->word[i]);
        Apipb__Family *message = message_new(cli, &apipb__family__descriptor);
        message->afi = (Apipb__Family__Afi)family->afi;
        message->safi = (Apipb__Family__Safi)family->safi;
        conditions->afi_safi_in[conditions->n_afi_safi_in++] = message;
    }
    return 0;
}

static int origin_of(const struct words *words)
{
    static const char *const origins[] = {"none", "igp", "egp", "incomplete"};
    return words->count ? CHOICE_OF(words->word[0], origins) : -1;
}

static int read_origin(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    int origin = origin_of(words);
    if (origin < 1)
        return NOT_UNDERSTOOD;
    ((Apipb__Conditions *)into)->origin = (Apipb__RouteOriginType)origin;
    return 0;
}

static int read_local_pref_eq(struct cli *cli, const struct part *part, const struct words *words,
                              ProtobufCMessage *into)
{
    Apipb__LocalPrefEq *condition = message_new(cli, &apipb__local_pref_eq__descriptor);
    ((Apipb__Conditions *)into)->local_pref_eq = condition;
    return words->count ? number_read(cli, words->word[0], &condition->value) : NOT_UNDERSTOOD;
}

static int read_med_eq(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    Apipb__MedEq *condition = message_new(cli, &apipb__med_eq__descriptor);
    ((Apipb__Conditions *)into)->med_eq = condition;
    return words->count ? number_read(cli, words->word[0], &condition->value) : NOT_UNDERSTOOD;
}

#define CONDITION(field) offsetof(Apipb__Conditions, field)

static const char any_or_invert[] = "<set-name> [{ any | invert }]";
static const char any_all_or_invert[] = "<set-name> [{ any | all | invert }]";

static const struct part conditions_table[] = {
    {"prefix", read_set, any_or_invert, CONDITION(prefix_set)},
    {"neighbor", read_set, any_or_invert, CONDITION(neighbor_set)},
    {"as-path", read_set, any_all_or_invert, CONDITION(as_path_set)},
    {"community", read_set, any_all_or_invert, CONDITION(community_set)},
    {"ext-community", read_set, any_all_or_invert, CONDITION(ext_community_set)},
    {"large-community", read_set, any_all_or_invert, CONDITION(large_community_set)},
    {"as-path-length", read_as_path_length, "<length> { eq | ge | le }", 0},
    {"rpki", read_rpki, "{ valid | invalid | not-found }", 0},
    {"route-type", read_route_type, "{ internal | external | local }", 0},
    {"next-hop-in-list", read_next_hops, "{ <address> | <prefix> }...", 0},
    {"afi-safi-in", read_families, "<family>...", 0},
    {"community-count", read_community_count, "<count> { eq | ge | le }", 0},
    {"origin", read_origin, "{ igp | egp | incomplete }", 0},
    {"local-pref-eq", read_local_pref_eq, "<local-pref>", 0},
    {"med-eq", read_med_eq, "<med>", 0},
};

/* Actions ------------------------------------------------------------------------------------------------------ */

static int read_accept(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    ((Apipb__Actions *)into)->route_action = APIPB__ROUTE_ACTION__ACCEPT;
    return 0;
}

static int read_reject(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    ((Apipb__Actions *)into)->route_action = APIPB__ROUTE_ACTION__REJECT;
    return 0;
}

static int read_communities(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    static const char *const changes[] = {"add", "remove", "replace"};
    int change = words->count ? CHOICE_OF(words->word[0], changes) : -1;
    if (change < 0)
        return NOT_UNDERSTOOD;
    Apipb__CommunityAction *action = message_new(cli, &apipb__community_action__descriptor);
    action->type = (Apipb__CommunityAction__Type)change;
    action->n_communities = (size_t)words->count - 1;
    action->communities = words->word + 1;
    *(Apipb__CommunityAction **)((char *)into + part->offset) = action;
    return 0;
}

static int read_med(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    static const char *const changes[] = {"add", "sub", "set"};
    Apipb__MedAction *action = message_new(cli, &apipb__med_action__descriptor);
    uint32_t value;
    if (words->count < 2)
        return NOT_UNDERSTOOD;
    int change = CHOICE_OF(words->word[0], changes);
    bool negative = words->word[1][0] == '-';
    if (number_read(cli, words->word[1] + negative, &value) < 0)
        return E_INVALID;
    if (change < 0)
        return NOT_UNDERSTOOD;
    action->type = change == 2 ? APIPB__MED_ACTION__TYPE__REPLACE : APIPB__MED_ACTION__TYPE__MOD;
    action->value = negative != (change == 1) ? -(int64_t)value : (int64_t)value;
    ((Apipb__Actions *)into)->med = action;
    return 0;
}

static int read_local_pref(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    Apipb__LocalPrefAction *action = message_new(cli, &apipb__local_pref_action__descriptor);
    ((Apipb__Actions *)into)->local_pref = action;
    return words->count ? number_read(cli, words->word[0], &action->value) : NOT_UNDERSTOOD;
}

static int read_prepend(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    Apipb__AsPrependAction *action = message_new(cli, &apipb__as_prepend_action__descriptor);
    uint64_t repeat;
    if (words->count < 2)
        return NOT_UNDERSTOOD;
    action->use_left_most = strcmp(words->word[0], "last-as") == 0;
    if ((!action->use_left_most && number_read(cli, words->word[0], &action->asn) < 0) ||
        number_parse(cli, words->word[1], UINT8_MAX, &repeat) < 0)
        return E_INVALID;
    action->repeat = (uint32_t)repeat;
    ((Apipb__Actions *)into)->as_prepend = action;
    return 0;
}

static int read_next_hop(struct cli *cli, const struct part *part, const struct words *words, ProtobufCMessage *into)
{
    static const char *const changes[] = {"self", "unchanged", "peer-address"};
    Apipb__NexthopAction *action = message_new(cli, &apipb__nexthop_action__descriptor);
    if (words->count != 1)
        return NOT_UNDERSTOOD;
    int change = CHOICE_OF(words->word[0], changes);
    action->self = change == 0;
    action->unchanged = change == 1;
    action->peer_address = change == 2;
    if (change < 0)
        action->address = words->word[0];
    ((Apipb__Actions *)into)->nexthop = action;
    return 0;
}

static int read_origin_action(struct cli *cli, const struct part *part, const struct words *words,
                              ProtobufCMessage *into)
{
    Apipb__OriginAction *action = message_new(cli, &apipb__origin_action__descriptor);
    int origin = origin_of(words);
    if (origin < 1)
        return NOT_UNDERSTOOD;
    action->origin = (Apipb__RouteOriginType)origin;
    ((Apipb__Actions *)into)->origin_action = action;
    return 0;
}

#define ACTION(field) offsetof(Apipb__Actions, field)

static const char community_change[] = "{ add | remove | replace } <value>...";

static const struct part actions_table[] = {
    {"reject", read_reject, "", 0},
    {"accept", read_accept, "", 0},
    {"community", read_communities, community_change, ACTION(community)},
    {"ext-community", read_communities, community_change, ACTION(ext_community)},
    {"large-community", read_communities, community_change, ACTION(large_community)},
    {"med", read_med, "{ add | sub | set } <value>", 0},
    {"local-pref", read_local_pref, "<value>", 0},
    {"as-prepend", read_prepend, "{ <asn> | last-as } <repeat-value>", 0},
    {"next-hop", read_next_hop, "{ <value> | self | unchanged | peer-address }", 0},
    {"origin", read_origin_action, "{ igp | egp | incomplete }", 0},
};

/* Both ----------------------------------------------------------------------------------------------------------- */

static int parts_usage(struct cli *cli, const struct part *parts, size_t count, const char *usage)
{
    cli_fail(cli, "%s { ", usage);
    for (size_t i = 0; i < count; i++)
        text_printf(&cli->error, "%s%s", i ? " | " : "", parts[i].word);
    text_add(&cli->error, " }");
    return E_INVALID;
}

/* Reads one of `parts` from the words; the last of them is the statement's name. */
static int part_read(struct cli *cli, const struct command *command, const struct words *words,
                     const struct part *parts, size_t count, ProtobufCMessage *into)
{
    const struct part *part = NULL;
    const char *usage =
        arena_printf(&cli->arena, "usage: godwit policy statement %s %s", words->word[words->count - 1], command->path);
    for (size_t i = 0; i < count && words->count > 1; i++) {
        if (strcmp(parts[i].word, words->word[0]) == 0)
            part = &parts[i];
    }
    if (!part)
        return parts_usage(cli, parts, count, usage);
    struct words rest = {.count = words->count - 2, .word = words->word + 1};
    int result = part->read(cli, part, &rest, into);
    if (result == NOT_UNDERSTOOD)
        return cli_fail(cli, "%s %s %s", usage, part->word, part->words);
    return result;
}

static int statement_change(struct cli *cli, const struct command *command, Apipb__Statement *statement)
{
    if (str_starts_with(command->path, "add")) {
        Apipb__AddStatementRequest request = APIPB__ADD_STATEMENT_REQUEST__INIT;
        request.statement = statement;
        return call(cli, "AddStatement", &request.base, NULL, NULL, NULL);
    }
    Apipb__DeleteStatementRequest request = APIPB__DELETE_STATEMENT_REQUEST__INIT;
    request.statement = statement;
    return call(cli, "DeleteStatement", &request.base, NULL, NULL, NULL);
}

int cmd_statement_condition(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__Statement statement = APIPB__STATEMENT__INIT;
    Apipb__Conditions conditions = APIPB__CONDITIONS__INIT;
    statement.name = words->word[words->count - 1];
    statement.conditions = &conditions;
    if (part_read(cli, command, words, conditions_table, ARRAY_LEN(conditions_table), &conditions.base) < 0)
        return E_INVALID;
    return statement_change(cli, command, &statement);
}

int cmd_statement_action(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__Statement statement = APIPB__STATEMENT__INIT;
    Apipb__Actions actions = APIPB__ACTIONS__INIT;
    statement.name = words->word[words->count - 1];
    statement.actions = &actions;
    if (part_read(cli, command, words, actions_table, ARRAY_LEN(actions_table), &actions.base) < 0)
        return E_INVALID;
    return statement_change(cli, command, &statement);
}
