/* Conditions, one table. Adding one: its row, its functions, a member of struct conditions_spec, a test.
 *
 * The order of the rows is the order in which conditions are asked: the cheap ones about attributes first, then those
 * that need texts, last those about the prefix (they are what keeps a result from holding for other prefixes).
 */
#include <string.h>

#include "net/bgp.h"
#include "base/check.h"
#include "base/mem.h"
#include "policy/internal.h"

static bool find_attr(const struct evaluation *evaluation, uint8_t type, struct attr_item *item)
{
    if (attr_find(evaluation->attrs, evaluation->length, type, item))
        return true;
    *item = (struct attr_item){.type = type};
    return false;
}

static bool compare(uint32_t operator, uint32_t value, uint32_t with)
{
    switch (operator) {
    case COMPARE_AT_LEAST:
        return value >= with;
    case COMPARE_AT_MOST:
        return value <= with;
    default:
        return value == with;
    }
}

/* What is said ----------------------------------------------------------------------------------------------------- */

static bool said_set(const void *spec)
{
    const struct match_set *match = spec;
    return match->set != NULL && match->set[0] != '\0';
}

static bool said_compare(const void *spec)
{
    return ((const struct compare_number *)spec)->present;
}

static bool said_number(const void *spec)
{
    return ((const struct said_number *)spec)->present;
}

static bool said_rpki(const void *spec)
{
    return *(const enum rpki_result *)spec != RPKI_RESULT_ANY;
}

static bool said_route_type(const void *spec)
{
    return *(const enum route_type *)spec != ROUTE_TYPE_ANY;
}

static bool said_families(const void *spec)
{
    return *(const family_set *)spec != 0;
}

/* The list of next hops is two members beside each other. */
struct next_hops {
    const char *const *texts;
    size_t count;
};

_Static_assert(offsetof(struct conditions_spec, next_hop_count) ==
                   offsetof(struct conditions_spec, next_hops) + offsetof(struct next_hops, count),
               "the list of next hops and its length stand together");

static bool said_next_hops(const void *spec)
{
    return ((const struct next_hops *)spec)->count > 0;
}

/* Compiling -------------------------------------------------------------------------------------------------------- */

static int compile_set(struct condition *condition, const void *spec, struct err *err)
{
    const struct match_set *match = spec;
    bool restricted = condition->kind->set_type == SET_PREFIX || condition->kind->set_type == SET_NEIGHBOR;
    if (match->option > MATCH_INVERT || (restricted && match->option == MATCH_ALL))
        return err_set(err, E_INVALID, "invalid argument to create match option: %u", match->option);
    condition->option = match->option;
    return 0;
}

static int compile_compare(struct condition *condition, const void *spec, struct err *err)
{
    const struct compare_number *number = spec;
    if (number->comparison > COMPARE_AT_MOST)
        return err_set(err, E_INVALID, "invalid operator: %u", number->comparison);
    condition->operator= number->comparison;
    condition->value = number->value;
    return 0;
}

static int compile_number(struct condition *condition, const void *spec, struct err *err)
{
    (void)err;
    condition->value = ((const struct said_number *)spec)->value;
    return 0;
}

static int compile_rpki(struct condition *condition, const void *spec, struct err *err)
{
    condition->value = *(const enum rpki_result *)spec;
    return condition->value <= RPKI_RESULT_INVALID ? 0 : err_set(err, E_INVALID, "invalid rpki validation result");
}

static int compile_route_type(struct condition *condition, const void *spec, struct err *err)
{
    condition->value = *(const enum route_type *)spec;
    return condition->value <= ROUTE_TYPE_LOCAL ? 0 : err_set(err, E_INVALID, "invalid route type");
}

static int compile_families(struct condition *condition, const void *spec, struct err *err)
{
    (void)err;
    condition->value = *(const family_set *)spec;
    return 0;
}

static int compile_next_hops(struct condition *condition, const void *spec, struct err *err)
{
    const struct next_hops *list = spec;
    condition->addresses = mem_zalloc(MEM_POLICY, sizeof(*condition->addresses));
    for (size_t i = 0; i < list->count; i++) {
        int result = address_set_add(condition->addresses, list->texts[i], err);
        if (result < 0)
            return result;
    }
    return 0;
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

static bool family_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return (condition->value >> evaluation->facts->family & 1) != 0;
}

static bool route_type_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return condition->value == evaluation->facts->route_type;
}

/* An empty set holds for everybody, as GoBGP has it. */
static bool neighbor_holds(const struct condition *condition, struct evaluation *evaluation)
{
    if (condition->set->addresses.count == 0)
        return true;
    if (evaluation->facts->neighbor.kind == ADDR_NONE)
        return false;
    return address_set_match(&condition->set->addresses, &evaluation->facts->neighbor) !=
           (condition->option == MATCH_INVERT);
}

static bool path_length_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return compare(condition->operator, evaluation->summary.path_length, condition->value);
}

static bool origin_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return evaluation->summary.origin == condition->value;
}

static bool local_pref_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return evaluation->summary.local_pref == condition->value;
}

static bool med_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return (evaluation->summary.facts & ATTR_HAS_MED) != 0 && evaluation->summary.med == condition->value;
}

static bool community_count_holds(const struct condition *condition, struct evaluation *evaluation)
{
    struct attr_item item;
    find_attr(evaluation, ATTR_COMMUNITIES, &item);
    return compare(condition->operator, item.length / 4u, condition->value);
}

/* In export the one the route came with, before we put in our own. */
static bool next_hop_holds(const struct condition *condition, struct evaluation *evaluation)
{
    struct addr next_hop = evaluation->facts->old_next_hop, link_local;
    if (next_hop.kind == ADDR_NONE || addr_is_any(&next_hop))
        attr_block_next_hop(evaluation->attrs, evaluation->length, &next_hop, &link_local);
    return address_set_match(condition->addresses, &next_hop);
}

static bool pattern_holds(const struct condition *condition, struct evaluation *evaluation, uint8_t type)
{
    struct attr_item item;
    find_attr(evaluation, type, &item);
    struct pattern_subject subject = {.value = item.value, .length = item.length, .text = evaluation->scratch->text};
    return pattern_set_match(&condition->set->patterns, condition->option, &subject);
}

static bool as_path_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return pattern_holds(condition, evaluation, ATTR_AS_PATH);
}

static bool community_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return pattern_holds(condition, evaluation, ATTR_COMMUNITIES);
}

static bool ext_community_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return pattern_holds(condition, evaluation, ATTR_EXT_COMMUNITIES);
}

static bool large_community_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return pattern_holds(condition, evaluation, ATTR_LARGE_COMMUNITIES);
}

/* A set says nothing about the other address family, inverted or not. */
static bool prefix_holds(const struct condition *condition, struct evaluation *evaluation)
{
    const struct policy_set *set = condition->set;
    if (set->prefixes.kind != evaluation->facts->prefix->addr.kind)
        return false;
    return evaluation_ask(evaluation, set->test, set) != (condition->option == MATCH_INVERT);
}

static bool rpki_holds(const struct condition *condition, struct evaluation *evaluation)
{
    return evaluation->facts->rpki != NULL && evaluation_ask(evaluation, TEST_RPKI + condition->value, NULL);
}

#define SAYS(member) \
    .offset = offsetof(struct conditions_spec, member), .size = sizeof(((struct conditions_spec *)0)->member)
#define NO_SET .set_type = SET_TYPE_COUNT

const struct condition_kind condition_kinds[CONDITION_KINDS] = {
    {"bgp-conditions.afi-safi-in-list", 10, SAYS(families), NO_SET, .said = said_families, .compile = compile_families,
     .holds = family_holds},
    {"bgp-conditions.route-type", 7, SAYS(route_type), NO_SET, .said = said_route_type, .compile = compile_route_type,
     .holds = route_type_holds},
    {"match-neighbor-set.neighbor-set", 1, SAYS(neighbor_set), .set_type = SET_NEIGHBOR, .said = said_set,
     .compile = compile_set, .holds = neighbor_holds},
    {"bgp-conditions.as-path-length", 5, SAYS(as_path_length), NO_SET, .said = said_compare, .compile = compile_compare,
     .holds = path_length_holds},
    {"bgp-conditions.origin-eq", 13, SAYS(origin), NO_SET, .said = said_number, .compile = compile_number,
     .holds = origin_holds},
    {"bgp-conditions.local-pref-eq", 14, SAYS(local_pref), NO_SET, .said = said_number, .compile = compile_number,
     .holds = local_pref_holds},
    {"bgp-conditions.med-eq", 12, SAYS(med), NO_SET, .said = said_number, .compile = compile_number,
     .holds = med_holds},
    {"bgp-conditions.community-count", 11, SAYS(community_count), NO_SET, .said = said_compare,
     .compile = compile_compare, .holds = community_count_holds},
    {"bgp-conditions.next-hop-in-list", 9, .offset = offsetof(struct conditions_spec, next_hops),
     .size = sizeof(struct next_hops), NO_SET, .said = said_next_hops, .compile = compile_next_hops,
     .holds = next_hop_holds},
    {"bgp-conditions.match-community-set.community-set", 3, SAYS(community_set), .set_type = SET_COMMUNITY,
     .said = said_set, .compile = compile_set, .holds = community_holds},
    {"bgp-conditions.match-large-community-set.large-community-set", 8, SAYS(large_community_set),
     .set_type = SET_LARGE_COMMUNITY, .said = said_set, .compile = compile_set, .holds = large_community_holds},
    {"bgp-conditions.match-ext-community-set.ext-community-set", 4, SAYS(ext_community_set),
     .set_type = SET_EXT_COMMUNITY, .said = said_set, .compile = compile_set, .holds = ext_community_holds},
    {"bgp-conditions.match-as-path-set.as-path-set", 2, SAYS(as_path_set), .set_type = SET_AS_PATH, .said = said_set,
     .compile = compile_set, .holds = as_path_holds},
    {"match-prefix-set.prefix-set", 0, SAYS(prefix_set), .set_type = SET_PREFIX, .asks_prefix = true, .said = said_set,
     .compile = compile_set, .holds = prefix_holds},
    {"bgp-conditions.rpki-validation-result", 6, SAYS(rpki), NO_SET, .asks_prefix = true, .asks_validity = true,
     .said = said_rpki, .compile = compile_rpki, .holds = rpki_holds},
};
