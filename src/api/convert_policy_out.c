/* Policies as clients get them. */
#include "api/convert.h"
#include "api/convert_policy.h"
#include <string.h>

enum {
    SET_MESSAGE_BYTES = 2 << 20, /* half of what stock clients take: a larger set goes in several messages */
    MEMBER_BYTES = 64,           /* of a prefix, at most, or around a text */
};

static char **texts_to_api(struct arena *arena, const char *const *texts, size_t count)
{
    char **to = arena_alloc(arena, (count + 1) * sizeof(*to));
    for (size_t i = 0; i < count; i++)
        to[i] = arena_strdup(arena, texts[i]);
    return to;
}

/* Sets --------------------------------------------------------------------------------------------------------- */

static Apipb__Prefix *range_to_api(struct arena *arena, const struct prefix_range *from)
{
    char text[PREFIX_TEXT_MAX];
    Apipb__Prefix *to = MESSAGE_NEW(arena, Apipb__Prefix, apipb__prefix__init);
    to->ip_prefix = arena_strdup(arena, prefix_format(&from->prefix, text));
    to->mask_length_min = from->length_min;
    to->mask_length_max = from->length_max;
    return to;
}

/* How many members from `at` on fit one message; one does in any case. */
static size_t members_for_message(const struct set_spec *set, size_t at)
{
    size_t count = 0, bytes = 0;
    while (at + count < set->count && bytes < SET_MESSAGE_BYTES) {
        bytes += MEMBER_BYTES + (set->type == SET_PREFIX ? 0 : strlen(set->texts[at + count]));
        count++;
    }
    return count;
}

Apipb__DefinedSet *set_to_api(struct arena *arena, const struct set_spec *from, size_t *at)
{
    size_t count = members_for_message(from, *at);
    Apipb__DefinedSet *to = MESSAGE_NEW(arena, Apipb__DefinedSet, apipb__defined_set__init);
    to->defined_type = (Apipb__DefinedType)from->type;
    to->name = arena_strdup(arena, from->name);
    if (from->type == SET_PREFIX) {
        to->prefixes = arena_alloc(arena, (count + 1) * sizeof(*to->prefixes));
        for (size_t i = 0; i < count; i++)
            to->prefixes[to->n_prefixes++] = range_to_api(arena, &from->prefixes[*at + i]);
    } else {
        to->list = texts_to_api(arena, from->texts + *at, count);
        to->n_list = count;
    }
    *at += count;
    return to;
}

/* Conditions --------------------------------------------------------------------------------------------------- */

static Apipb__MatchSet *match_to_api(struct arena *arena, const struct match_set *from)
{
    if (!from->set)
        return NULL;
    Apipb__MatchSet *to = MESSAGE_NEW(arena, Apipb__MatchSet, apipb__match_set__init);
    to->type = (Apipb__MatchSet__Type)from->option;
    to->name = arena_strdup(arena, from->set);
    return to;
}

static Apipb__RouteOriginType origin_to_api(const struct said_number *from)
{
    return from->present ? (Apipb__RouteOriginType)(from->value + 1) : APIPB__ROUTE_ORIGIN_TYPE__ORIGIN_NONE;
}

static void numbers_to_api(struct arena *arena, const struct conditions_spec *from, Apipb__Conditions *to)
{
    if (from->as_path_length.present) {
        to->as_path_length = MESSAGE_NEW(arena, Apipb__AsPathLength, apipb__as_path_length__init);
        to->as_path_length->type = (Apipb__AsPathLength__Type)from->as_path_length.comparison;
        to->as_path_length->length = from->as_path_length.value;
    }
    if (from->community_count.present) {
        to->community_count = MESSAGE_NEW(arena, Apipb__CommunityCount, apipb__community_count__init);
        to->community_count->type = (Apipb__CommunityCount__Type)from->community_count.comparison;
        to->community_count->count = from->community_count.value;
    }
    if (from->local_pref.present) {
        to->local_pref_eq = MESSAGE_NEW(arena, Apipb__LocalPrefEq, apipb__local_pref_eq__init);
        to->local_pref_eq->value = from->local_pref.value;
    }
    if (from->med.present) {
        to->med_eq = MESSAGE_NEW(arena, Apipb__MedEq, apipb__med_eq__init);
        to->med_eq->value = from->med.value;
    }
}

static Apipb__Conditions *conditions_to_api(struct arena *arena, const struct conditions_spec *from)
{
    Apipb__Conditions *to = MESSAGE_NEW(arena, Apipb__Conditions, apipb__conditions__init);
    to->prefix_set = match_to_api(arena, &from->prefix_set);
    to->neighbor_set = match_to_api(arena, &from->neighbor_set);
    to->as_path_set = match_to_api(arena, &from->as_path_set);
    to->community_set = match_to_api(arena, &from->community_set);
    to->ext_community_set = match_to_api(arena, &from->ext_community_set);
    to->large_community_set = match_to_api(arena, &from->large_community_set);
    numbers_to_api(arena, from, to);
    to->origin = origin_to_api(&from->origin);
    to->rpki_result = from->rpki == RPKI_RESULT_ANY ? -1 : (int32_t)from->rpki;
    to->route_type = (Apipb__Conditions__RouteType)from->route_type;
    to->n_next_hop_in_list = from->next_hop_count;
    to->next_hop_in_list = texts_to_api(arena, from->next_hops, from->next_hop_count);
    to->afi_safi_in = arena_alloc(arena, FAMILY_COUNT * sizeof(Apipb__Family *));
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (from->families & (family_set)1 << family)
            to->afi_safi_in[to->n_afi_safi_in++] = family_to_api(arena, family);
    }
    return to;
}

/* Actions ------------------------------------------------------------------------------------------------------ */

static Apipb__CommunityAction *communities_to_api(struct arena *arena, const struct community_action *from)
{
    if (from->change == COMMUNITY_KEEP || from->count == 0)
        return NULL;
    Apipb__CommunityAction *to = MESSAGE_NEW(arena, Apipb__CommunityAction, apipb__community_action__init);
    to->type = from->change == COMMUNITY_ADD      ? APIPB__COMMUNITY_ACTION__TYPE__ADD
               : from->change == COMMUNITY_REMOVE ? APIPB__COMMUNITY_ACTION__TYPE__REMOVE
                                                  : APIPB__COMMUNITY_ACTION__TYPE__REPLACE;
    to->n_communities = from->count;
    to->communities = texts_to_api(arena, from->values, from->count);
    return to;
}

static Apipb__NexthopAction *next_hop_to_api(struct arena *arena, const struct actions_spec *from)
{
    if (from->next_hop.change == NEXT_HOP_KEEP)
        return NULL;
    Apipb__NexthopAction *to = MESSAGE_NEW(arena, Apipb__NexthopAction, apipb__nexthop_action__init);
    to->self = from->next_hop.change == NEXT_HOP_SELF;
    to->unchanged = from->next_hop.change == NEXT_HOP_UNCHANGED;
    to->peer_address = from->next_hop.change == NEXT_HOP_PEER_ADDRESS;
    if (from->next_hop.change == NEXT_HOP_ADDRESS)
        to->address = text_of_addr(arena, &from->next_hop.address);
    return to;
}

static Apipb__Actions *actions_to_api(struct arena *arena, const struct actions_spec *from)
{
    Apipb__Actions *to = MESSAGE_NEW(arena, Apipb__Actions, apipb__actions__init);
    to->route_action = (Apipb__RouteAction)from->route_action;
    to->community = communities_to_api(arena, &from->community);
    to->ext_community = communities_to_api(arena, &from->ext_community);
    to->large_community = communities_to_api(arena, &from->large_community);
    if (from->med.change != MED_KEEP) {
        to->med = MESSAGE_NEW(arena, Apipb__MedAction, apipb__med_action__init);
        to->med->type = from->med.change == MED_SET ? APIPB__MED_ACTION__TYPE__REPLACE : APIPB__MED_ACTION__TYPE__MOD;
        to->med->value = from->med.value;
    }
    if (from->local_pref.present) {
        to->local_pref = MESSAGE_NEW(arena, Apipb__LocalPrefAction, apipb__local_pref_action__init);
        to->local_pref->value = from->local_pref.value;
    }
    if (from->prepend.present) {
        to->as_prepend = MESSAGE_NEW(arena, Apipb__AsPrependAction, apipb__as_prepend_action__init);
        to->as_prepend->asn = from->prepend.asn;
        to->as_prepend->repeat = from->prepend.repeat;
        to->as_prepend->use_left_most = from->prepend.last_as;
    }
    to->nexthop = next_hop_to_api(arena, from);
    if (from->origin.present) {
        to->origin_action = MESSAGE_NEW(arena, Apipb__OriginAction, apipb__origin_action__init);
        to->origin_action->origin = origin_to_api(&from->origin);
    }
    return to;
}

/* Statements, policies ------------------------------------------------------------------------------------------- */

Apipb__Statement *statement_to_api(struct arena *arena, const struct statement_spec *from)
{
    Apipb__Statement *to = MESSAGE_NEW(arena, Apipb__Statement, apipb__statement__init);
    to->name = arena_strdup(arena, from->name);
    to->conditions = conditions_to_api(arena, &from->conditions);
    to->actions = actions_to_api(arena, &from->actions);
    return to;
}

Apipb__Policy *policy_to_api(struct arena *arena, const struct policy_spec *from)
{
    Apipb__Policy *to = MESSAGE_NEW(arena, Apipb__Policy, apipb__policy__init);
    to->name = arena_strdup(arena, from->name);
    to->statements = arena_alloc(arena, (from->statement_count + 1) * sizeof(*to->statements));
    for (size_t i = 0; i < from->statement_count; i++)
        to->statements[to->n_statements++] = statement_to_api(arena, &from->statements[i]);
    return to;
}
