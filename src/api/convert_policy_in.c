/* Policies of a request as control/ takes them. */
#include <string.h>

#include "api/convert.h"
#include "api/convert_policy.h"
#include "api/internal.h"
#include "base/check.h"
#include "base/utf8.h"

/* For an array out of the arena of a request, which has an end. */
static int too_large(struct err *err)
{
    return err_set(err, E_LIMIT, "the request is too large");
}

static int nil_request(struct err *err)
{
    return err_set(err, E_INVALID, "nil request");
}

/* What is stored is listed again, to clients that refuse broken texts. */
static int text_check(const char *text, size_t limit, const char *what, struct err *err)
{
    uint32_t rune;
    size_t length = strlen(text);
    if (length >= limit)
        return err_set(err, E_LIMIT, "%s is longer than %zu bytes", what, limit - 1);
    for (size_t at = 0, octets; at < length; at += octets) {
        octets = utf8_decode(text + at, length - at, &rune);
        if (octets == 0)
            return err_set(err, E_INVALID, "%s is not UTF-8", what);
    }
    return 0;
}

static int texts_check(char **texts, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (text_check(texts[i], POLICY_TEXT_MAX, "a member of a set", err) < 0)
            return E_INVALID;
    }
    return 0;
}

/* Sets --------------------------------------------------------------------------------------------------------- */

static int range_from_api(const Apipb__Prefix *from, struct prefix_range *to, struct err *err)
{
    if (!strchr(from->ip_prefix, '/') || prefix_parse(from->ip_prefix, true, &to->prefix) < 0)
        return err_set(err, E_INVALID, "invalid CIDR address: %s", from->ip_prefix);
    if (from->mask_length_min > from->mask_length_max || from->mask_length_max > addr_bits(&to->prefix.addr))
        return err_set(err, E_INVALID, "invalid mask length range: %u..%u", from->mask_length_min,
                       from->mask_length_max);
    to->length_min = (uint8_t)from->mask_length_min;
    to->length_max = (uint8_t)from->mask_length_max;
    return 0;
}

int set_from_api(struct arena *arena, const Apipb__DefinedSet *from, struct set_spec *to, struct err *err)
{
    if (!from)
        return nil_request(err);
    if (!from->name[0])
        return err_set(err, E_INVALID, "empty neighbor set name"); /* GoBGP says so for every type */
    if ((unsigned)from->defined_type >= SET_NEXT_HOP || from->defined_type == APIPB__DEFINED_TYPE__TAG)
        return err_set(err, E_INVALID, "invalid defined type");
    if (text_check(from->name, POLICY_NAME_MAX, "the name of a set", err) < 0)
        return E_INVALID;
    *to = (struct set_spec){.type = (enum set_type)from->defined_type, .name = from->name};
    if (to->type != SET_PREFIX) {
        to->texts = (const char *const *)from->list;
        to->count = from->n_list;
        return texts_check(from->list, from->n_list, err);
    }
    struct prefix_range *ranges = arena_alloc(arena, (from->n_prefixes + 1) * sizeof(*ranges));
    if (!ranges)
        return too_large(err);
    for (size_t i = 0; i < from->n_prefixes; i++) {
        if (range_from_api(from->prefixes[i], &ranges[i], err) < 0)
            return E_INVALID;
    }
    to->prefixes = ranges;
    to->count = from->n_prefixes;
    return 0;
}

/* Conditions --------------------------------------------------------------------------------------------------- */

static int match_from_api(const Apipb__MatchSet *from, bool may_be_all, struct match_set *to, struct err *err)
{
    if (!from || !from->name[0])
        return 0;
    if ((unsigned)from->type > APIPB__MATCH_SET__TYPE__INVERT ||
        (from->type == APIPB__MATCH_SET__TYPE__ALL && !may_be_all))
        return err_set(err, E_INVALID, "invalid match type");
    to->set = from->name;
    to->option = (enum match_option)from->type;
    return text_check(from->name, POLICY_NAME_MAX, "the name of a set", err);
}

static int comparison_from_api(unsigned type, uint32_t value, struct compare_number *to, struct err *err)
{
    if (type > COMPARE_AT_MOST)
        return err_set(err, E_INVALID, "invalid comparison: %u", type);
    *to = (struct compare_number){.present = true, .comparison = (enum comparison)type, .value = value};
    return 0;
}

/* The contract counts origins from 1, 0 is none. */
static int origin_from_api(Apipb__RouteOriginType from, struct said_number *to, struct err *err)
{
    if ((unsigned)from > APIPB__ROUTE_ORIGIN_TYPE__ORIGIN_INCOMPLETE)
        return err_set(err, E_INVALID, "invalid origin: %d", (int)from);
    if (from != APIPB__ROUTE_ORIGIN_TYPE__ORIGIN_NONE)
        *to = (struct said_number){.present = true, .value = (uint32_t)from - 1};
    return 0;
}

static int families_in_from_api(const Apipb__Conditions *from, struct conditions_spec *to, struct err *err)
{
    for (size_t i = 0; i < from->n_afi_safi_in; i++) {
        enum family_id family = family_in(from->afi_safi_in[i]);
        if (family == FAMILY_UNKNOWN)
            return err_set(err, E_INVALID, "unknown afi-safi-in type value: afi:%d safi:%d",
                           (int)from->afi_safi_in[i]->afi, (int)from->afi_safi_in[i]->safi);
        to->families |= (family_set)1 << family;
    }
    return 0;
}

static int matches_from_api(const Apipb__Conditions *from, struct conditions_spec *to, struct err *err)
{
    if (match_from_api(from->prefix_set, false, &to->prefix_set, err) < 0 ||
        match_from_api(from->neighbor_set, false, &to->neighbor_set, err) < 0 ||
        match_from_api(from->as_path_set, true, &to->as_path_set, err) < 0 ||
        match_from_api(from->community_set, true, &to->community_set, err) < 0 ||
        match_from_api(from->ext_community_set, true, &to->ext_community_set, err) < 0 ||
        match_from_api(from->large_community_set, true, &to->large_community_set, err) < 0)
        return E_INVALID;
    return 0;
}

static int conditions_from_api(const Apipb__Conditions *from, struct conditions_spec *to, struct err *err)
{
    if (!from)
        return 0;
    if (matches_from_api(from, to, err) < 0)
        return E_INVALID;
    if (from->as_path_length && comparison_from_api((unsigned)from->as_path_length->type, from->as_path_length->length,
                                                    &to->as_path_length, err) < 0)
        return E_INVALID;
    if (from->community_count && comparison_from_api((unsigned)from->community_count->type,
                                                     from->community_count->count, &to->community_count, err) < 0)
        return E_INVALID;
    if (from->rpki_result > RPKI_RESULT_INVALID)
        return err_set(err, E_INVALID, "invalid rpki validation result: %d", from->rpki_result);
    to->rpki = from->rpki_result < 1 ? RPKI_RESULT_ANY : (enum rpki_result)from->rpki_result;
    if ((unsigned)from->route_type > APIPB__CONDITIONS__ROUTE_TYPE__ROUTE_TYPE_LOCAL)
        return err_set(err, E_INVALID, "invalid route type: %d", (int)from->route_type);
    to->route_type = (enum route_type)from->route_type;
    to->next_hops = (const char *const *)from->next_hop_in_list;
    to->next_hop_count = from->n_next_hop_in_list;
    if (from->local_pref_eq)
        to->local_pref = (struct said_number){.present = true, .value = from->local_pref_eq->value};
    if (from->med_eq)
        to->med = (struct said_number){.present = true, .value = from->med_eq->value};
    if (texts_check(from->next_hop_in_list, from->n_next_hop_in_list, err) < 0 ||
        origin_from_api(from->origin, &to->origin, err) < 0)
        return E_INVALID;
    return families_in_from_api(from, to, err);
}

/* Actions ------------------------------------------------------------------------------------------------------ */

static int communities_from_api(const Apipb__CommunityAction *from, struct community_action *to, struct err *err)
{
    static const enum community_change changes[] = {COMMUNITY_ADD, COMMUNITY_REMOVE, COMMUNITY_REPLACE};
    if (!from)
        return 0;
    if ((unsigned)from->type >= ARRAY_LEN(changes))
        return err_set(err, E_INVALID, "invalid option name: %d", (int)from->type);
    to->change = changes[from->type];
    to->values = (const char *const *)from->communities;
    to->count = from->n_communities;
    return texts_check(from->communities, from->n_communities, err);
}

static int med_from_api(const Apipb__MedAction *from, struct actions_spec *to, struct err *err)
{
    if (!from)
        return 0;
    if ((unsigned)from->type > APIPB__MED_ACTION__TYPE__REPLACE)
        return err_set(err, E_INVALID, "invalid med action format");
    to->med.change = from->type == APIPB__MED_ACTION__TYPE__REPLACE ? MED_SET : MED_ADD;
    to->med.value = from->value;
    return 0;
}

/* GoBGP's client says "last-as" as AS 0, which no path may have (RFC 7607): taken as it was meant. */
static int prepend_from_api(const Apipb__AsPrependAction *from, struct actions_spec *to, struct err *err)
{
    if (!from)
        return 0;
    if (from->repeat > UINT8_MAX)
        return err_set(err, E_INVALID, "AS numbers are prepended 255 times at most, not %u", from->repeat);
    to->prepend.present = true;
    to->prepend.last_as = from->use_left_most || from->asn == 0;
    to->prepend.asn = to->prepend.last_as ? 0 : from->asn;
    to->prepend.repeat = (uint8_t)from->repeat;
    return 0;
}

/* GoBGP's client sends the words as an address. */
static int next_hop_from_api(const Apipb__NexthopAction *from, struct actions_spec *to, struct err *err)
{
    if (!from)
        return 0;
    if (from->self || str_equal_nocase(from->address, "self"))
        to->next_hop.change = NEXT_HOP_SELF;
    else if (from->unchanged || str_equal_nocase(from->address, "unchanged"))
        to->next_hop.change = NEXT_HOP_UNCHANGED;
    else if (from->peer_address || str_equal_nocase(from->address, "peer-address"))
        to->next_hop.change = NEXT_HOP_PEER_ADDRESS;
    else if (from->address[0] && addr_parse(from->address, &to->next_hop.address) < 0)
        return err_set(err, E_INVALID, "invalid ip address format: %s", from->address);
    else if (from->address[0])
        to->next_hop.change = NEXT_HOP_ADDRESS;
    return 0;
}

static int actions_from_api(const Apipb__Actions *from, struct actions_spec *to, struct err *err)
{
    if (!from)
        return 0;
    to->route_action = from->route_action == APIPB__ROUTE_ACTION__NONE     ? POLICY_NONE
                       : from->route_action == APIPB__ROUTE_ACTION__ACCEPT ? POLICY_ACCEPT
                                                                           : POLICY_REJECT;
    if (from->local_pref && from->local_pref->value)
        to->local_pref = (struct said_number){.present = true, .value = from->local_pref->value};
    if (communities_from_api(from->community, &to->community, err) < 0 ||
        communities_from_api(from->ext_community, &to->ext_community, err) < 0 ||
        communities_from_api(from->large_community, &to->large_community, err) < 0 ||
        med_from_api(from->med, to, err) < 0 || prepend_from_api(from->as_prepend, to, err) < 0 ||
        next_hop_from_api(from->nexthop, to, err) < 0)
        return E_INVALID;
    return from->origin_action ? origin_from_api(from->origin_action->origin, &to->origin, err) : 0;
}

/* Statements, policies, assignments ------------------------------------------------------------------------------ */

static int statement_named_from_api(const Apipb__Statement *from, const char *name, struct statement_spec *to,
                                    struct err *err)
{
    *to = (struct statement_spec){.name = name};
    if (!name[0])
        return err_set(err, E_INVALID, "empty statement name");
    if (text_check(name, POLICY_NAME_MAX, "the name of a statement", err) < 0 ||
        conditions_from_api(from->conditions, &to->conditions, err) < 0 ||
        actions_from_api(from->actions, &to->actions, err) < 0)
        return E_INVALID;
    return 0;
}

int statement_from_api(const Apipb__Statement *from, struct statement_spec *to, struct err *err)
{
    return from ? statement_named_from_api(from, from->name, to, err) : nil_request(err);
}

int policy_from_api(struct arena *arena, const Apipb__Policy *from, struct policy_spec *to, struct err *err)
{
    if (!from)
        return nil_request(err);
    if (!from->name[0])
        return err_set(err, E_INVALID, "empty policy name");
    if (text_check(from->name, POLICY_NAME_MAX, "the name of a policy", err) < 0)
        return E_INVALID;
    struct statement_spec *statements = arena_alloc(arena, (from->n_statements + 1) * sizeof(*statements));
    if (!statements)
        return too_large(err);
    for (size_t i = 0; i < from->n_statements; i++) {
        const char *name = from->statements[i]->name;
        if (!name[0])
            name = arena_printf(arena, "%s_stmt%zu", from->name, i);
        if (!name)
            return too_large(err);
        if (statement_named_from_api(from->statements[i], name, &statements[i], err) < 0)
            return E_INVALID;
    }
    *to = (struct policy_spec){.name = from->name, .statements = statements, .statement_count = from->n_statements};
    return 0;
}

int assignment_from_api(struct arena *arena, const Apipb__PolicyAssignment *from, struct assignment_spec *to,
                        struct err *err)
{
    if (!from)
        return nil_request(err);
    if (!from->name[0])
        return err_set(err, E_INVALID, "empty table name");
    if (from->direction != APIPB__POLICY_DIRECTION__IMPORT && from->direction != APIPB__POLICY_DIRECTION__EXPORT)
        return err_set(err, E_INVALID, "invalid policy type");
    if ((unsigned)from->default_action > APIPB__ROUTE_ACTION__REJECT)
        return err_set(err, E_INVALID, "invalid default action: %d", (int)from->default_action);
    const char **names = arena_alloc(arena, (from->n_policies + 1) * sizeof(*names));
    if (!names)
        return too_large(err);
    for (size_t i = 0; i < from->n_policies; i++) {
        names[i] = from->policies[i]->name;
        if (text_check(names[i], POLICY_NAME_MAX, "the name of a policy", err) < 0)
            return E_INVALID;
    }
    *to = (struct assignment_spec){.target = from->name,
                                   .direction = (enum policy_direction)from->direction,
                                   .policies = names,
                                   .policy_count = from->n_policies,
                                   .default_action = (enum policy_action)from->default_action};
    return 0;
}
