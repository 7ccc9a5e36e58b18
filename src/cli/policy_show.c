#include "cli/policy_show.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "cli/message_json.h"

/* The word for a number that a newer daemon may have made larger. */
#define WORD_OF(words, number) ((unsigned)(number) < ARRAY_LEN(words) ? (words)[number] : "unknown")

/* Statements ------------------------------------------------------------------------------------------------- */

/* Where one statement's lines go. */
struct lines {
    struct output *out;
    int indent;
    bool compat;
};

/* GoBGP leaves a blank behind some of them. */
static void show_set(const struct lines *lines, const char *title, const Apipb__MatchSet *set, const char *end)
{
    static const char *const options[] = {"any", "all", "invert"};
    if (set)
        output_printf(lines->out, "%*s%s: %s %s%s\n", lines->indent, "", title, WORD_OF(options, set->type), set->name,
                      end);
}

static void show_number(const struct lines *lines, const char *title, unsigned comparison, uint32_t number)
{
    static const char *const signs[] = {"=", ">=", "<="};
    output_printf(lines->out, "%*s%s: %s%" PRIu32 "\n", lines->indent, "", title, WORD_OF(signs, comparison), number);
}

static void show_families(const struct lines *lines, const Apipb__Conditions *conditions)
{
    if (!conditions->n_afi_safi_in)
        return;
    output_printf(lines->out, "%*sAFI SAFI In: [", lines->indent, "");
    for (size_t i = 0; i < conditions->n_afi_safi_in; i++) {
        if (i > 0)
            output_add(lines->out, " ");
        const Apipb__Family *family = conditions->afi_safi_in[i];
        output_printf(lines->out, "afi:%s safi:%s", enum_word(&apipb__family__afi__descriptor, family->afi),
                      enum_word(&apipb__family__safi__descriptor, family->safi));
    }
    output_add(lines->out, "]\n");
}

static const char *origin_word(Apipb__RouteOriginType origin)
{
    return enum_word(&apipb__route_origin_type__descriptor, (int)origin);
}

static void show_next_hops(const struct lines *lines, const Apipb__Conditions *conditions)
{
    if (!conditions->n_next_hop_in_list)
        return;
    output_printf(lines->out, "%*sNextHopInList: [ ", lines->indent, "");
    for (size_t i = 0; i < conditions->n_next_hop_in_list; i++)
        output_printf(lines->out, "%s%s", i ? ", " : "", conditions->next_hop_in_list[i]);
    output_add(lines->out, " ]\n");
}

static void show_conditions(const struct lines *lines, const Apipb__Conditions *conditions)
{
    static const char *const states[] = {"NONE", "NOT_FOUND", "VALID", "INVALID"};
    static const char *const route_types[] = {"unknown", "internal", "external", "local"};
    show_set(lines, "PrefixSet", conditions->prefix_set, " ");
    show_set(lines, "NeighborSet", conditions->neighbor_set, "");
    show_set(lines, "AsPathSet", conditions->as_path_set, " ");
    show_set(lines, "CommunitySet", conditions->community_set, "");
    show_set(lines, "ExtCommunitySet", conditions->ext_community_set, "");
    show_set(lines, "LargeCommunitySet", conditions->large_community_set, "");
    show_next_hops(lines, conditions);
    if (conditions->as_path_length)
        show_number(lines, "AsPathLength", conditions->as_path_length->type, conditions->as_path_length->length);
    if (conditions->community_count)
        show_number(lines, "CommunityCount", conditions->community_count->type, conditions->community_count->count);
    if (conditions->local_pref_eq)
        output_printf(lines->out, "%*sLocalPrefEq: %" PRIu32 "\n", lines->indent, "", conditions->local_pref_eq->value);
    if (conditions->med_eq)
        output_printf(lines->out, "%*sMEDEq: %" PRIu32 "\n", lines->indent, "", conditions->med_eq->value);
    if (conditions->origin != APIPB__ROUTE_ORIGIN_TYPE__ORIGIN_NONE)
        output_printf(lines->out, "%*sOrigin: %s\n", lines->indent, "", origin_word(conditions->origin));
    if (conditions->rpki_result != -1)
        output_printf(lines->out, "%*sRPKI result: %s\n", lines->indent, "", WORD_OF(states, conditions->rpki_result));
    if (conditions->route_type != APIPB__CONDITIONS__ROUTE_TYPE__ROUTE_TYPE_NONE)
        output_printf(lines->out, "%*sRoute Type: %s\n", lines->indent, "",
                      WORD_OF(route_types, conditions->route_type));
    show_families(lines, conditions);
}

/* The values, without the anchors that the daemon put around them. */
static void show_communities(const struct lines *lines, const char *title, const Apipb__CommunityAction *action)
{
    static const char *const changes[] = {"add", "remove", "replace"};
    if (!action)
        return;
    output_printf(lines->out, "%*s %s:  %s[", lines->indent, "", title, WORD_OF(changes, action->type));
    for (size_t i = 0; i < action->n_communities; i++) {
        output_add(lines->out, i ? ", " : "");
        for (const char *c = action->communities[i]; *c; c++) {
            if (*c != '^' && *c != '$')
                output_add_n(lines->out, c, 1);
        }
    }
    output_add(lines->out, "]\n");
}

/* The first AS of the path is "0" in GoBGP's client. */
static void show_prepend(const struct lines *lines, const Apipb__AsPrependAction *prepend)
{
    output_printf(lines->out, "%*s ASPathPrepend:  prepend ", lines->indent, "");
    if (prepend->use_left_most && !lines->compat)
        output_add(lines->out, "last-as");
    else
        output_printf(lines->out, "%" PRIu32, prepend->asn);
    output_printf(lines->out, " %" PRIu32 " times\n", prepend->repeat);
}

static const char *next_hop_word(const Apipb__NexthopAction *action)
{
    return action->self           ? "self"
           : action->unchanged    ? "unchanged"
           : action->peer_address ? "peer-address"
                                  : action->address;
}

static void show_actions(const struct lines *lines, const Apipb__Actions *actions)
{
    show_communities(lines, "Community", actions->community);
    show_communities(lines, "ExtCommunity", actions->ext_community);
    show_communities(lines, "LargeCommunity", actions->large_community);
    if (actions->med)
        output_printf(lines->out, "%*s MED:  %s%" PRId64 "\n", lines->indent, "",
                      actions->med->type == APIPB__MED_ACTION__TYPE__MOD && actions->med->value > 0 ? "+" : "",
                      actions->med->value);
    if (actions->local_pref)
        output_printf(lines->out, "%*s LocalPref:  %" PRIu32 "\n", lines->indent, "", actions->local_pref->value);
    if (actions->as_prepend)
        show_prepend(lines, actions->as_prepend);
    if (actions->nexthop)
        output_printf(lines->out, "%*s Nexthop:  %s\n", lines->indent, "", next_hop_word(actions->nexthop));
    if (actions->origin_action)
        output_printf(lines->out, "%*s Origin:  %s\n", lines->indent, "", origin_word(actions->origin_action->origin));
    if (actions->route_action != APIPB__ROUTE_ACTION__NONE)
        output_printf(lines->out, "%*s %s\n", lines->indent, "",
                      actions->route_action == APIPB__ROUTE_ACTION__REJECT ? "reject" : "accept");
}

void statement_show(struct cli *cli, const Apipb__Statement *statement, int indent)
{
    struct output *out = &cli->out;
    struct lines lines = {.out = out, .indent = indent + 4, .compat = cli->options.compat};
    output_printf(out, "%*sStatementName %s:\n%*sConditions:\n", indent, "", statement->name, indent + 2, "");
    if (statement->conditions)
        show_conditions(&lines, statement->conditions);
    output_printf(out, "%*sActions:\n", indent + 2, "");
    if (statement->actions)
        show_actions(&lines, statement->actions);
}

void policy_show(struct cli *cli, const Apipb__Policy *policy, int indent)
{
    output_printf(&cli->out, "%*sName %s:\n", indent, "", policy->name);
    for (size_t i = 0; i < policy->n_statements; i++)
        statement_show(cli, policy->statements[i], indent + 4);
}

/* Sets ------------------------------------------------------------------------------------------------------- */

/* The member, with "^^1:2:3$$" as "1:2:3": GoBGP anchors a large community that was anchored already. */
static void show_member(struct output *out, const char *text)
{
    while (*text) {
        size_t length = 0;
        while (text[length] && !isspace((unsigned char)text[length]))
            length++;
        const char *anchor = strstr(text, "^^");
        bool doubled = anchor && anchor + 4 < text + length && text[length - 1] == '$' && text[length - 2] == '$';
        if (doubled) {
            output_add_n(out, text, (size_t)(anchor - text));
            output_add_n(out, anchor + 2, (size_t)(text + length - 2 - (anchor + 2)));
        } else {
            output_add_n(out, text, length);
        }
        text += length;
        for (; isspace((unsigned char)*text); text++)
            output_add_n(out, text, 1);
    }
}

static void show_set_lines(struct output *out, const Apipb__DefinedSet *set, int width)
{
    const char *name = set->name;
    if (set->n_prefixes + set->n_list == 0)
        output_printf(out, "%-*s  \n", width, name);
    for (size_t i = 0; i < set->n_prefixes; i++, name = "")
        output_printf(out, "%-*s  %s %" PRIu32 "..%" PRIu32 "\n", width, name, set->prefixes[i]->ip_prefix,
                      set->prefixes[i]->mask_length_min, set->prefixes[i]->mask_length_max);
    for (size_t i = 0; i < set->n_list; i++, name = "") {
        output_printf(out, "%-*s  ", width, name);
        show_member(out, set->list[i]);
        output_add(out, "\n");
    }
}

void defined_sets_show(struct output *out, const Apipb__DefinedSet *const *sets, size_t count, const char *heading)
{
    int width = (int)strlen("NAME");
    if (count == 0) {
        output_add(out, "Nothing defined yet\n");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if ((int)strlen(sets[i]->name) > width)
            width = (int)strlen(sets[i]->name);
    }
    output_printf(out, "%-*s  %s\n", width, "NAME", heading);
    for (size_t i = 0; i < count; i++)
        show_set_lines(out, sets[i], width);
}
