/* Actions, one table. Adding one: its row, its functions, a member of struct actions_spec, a test.
 *
 * Each changes one attribute, so those of a statement are collected into one edit of the block. What cannot be done (a
 * MED below 0, a next hop of the other family, an attribute beyond its length) leaves the attribute as it was.
 */
#include <string.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "base/check.h"
#include "base/mem.h"
#include "policy/internal.h"

static const uint8_t optional_transitive = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE;

static bool find_attr(const struct evaluation *evaluation, uint8_t type, struct attr_item *item)
{
    if (attr_find(evaluation->attrs, evaluation->length, type, item))
        return true;
    *item = (struct attr_item){.type = type};
    return false;
}

static void set_u32(struct change *change, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t *at = change->values->bytes + change->values->length;
    buf_u32(change->values, value);
    attr_edit_set(&change->edit, flags, type, at, sizeof(value));
}

/* Communities ------------------------------------------------------------------------------------------------------ */

static bool said_community(const void *spec)
{
    return ((const struct community_action *)spec)->change != COMMUNITY_KEEP;
}

static int compile_communities(struct action *action, const void *spec, enum set_type type, struct err *err)
{
    const struct community_action *said = spec;
    unsigned step = community_bytes(type);
    pattern_set_init(&action->patterns, type);
    if (said->change > COMMUNITY_REPLACE)
        return err_set(err, E_INVALID, "invalid option name: %u", said->change);
    action->change = said->change;
    if (said->change != COMMUNITY_REMOVE)
        action->values = mem_alloc(MEM_POLICY, (said->count + 1) * 12);
    for (size_t i = 0; i < said->count; i++) {
        int result = said->change == COMMUNITY_REMOVE
                         ? pattern_set_add(&action->patterns, said->values[i], err)
                         : community_value_parse(type, said->values[i], action->values + action->value_bytes, err);
        if (result < 0)
            return result;
        action->value_bytes += step;
    }
    return 0;
}

static int compile_community(struct action *action, const void *spec, struct err *err)
{
    return compile_communities(action, spec, SET_COMMUNITY, err);
}

static int compile_ext_community(struct action *action, const void *spec, struct err *err)
{
    return compile_communities(action, spec, SET_EXT_COMMUNITY, err);
}

static int compile_large_community(struct action *action, const void *spec, struct err *err)
{
    return compile_communities(action, spec, SET_LARGE_COMMUNITY, err);
}

static bool among(const uint8_t *values, uint32_t length, const uint8_t *value, unsigned step)
{
    for (uint32_t at = 0; at + step <= length; at += step)
        if (memcmp(values + at, value, step) == 0)
            return true;
    return false;
}

/* What stays of the attribute's communities, then what is added and not there yet: communities are a set (RFC 1997). */
static void change_communities(const struct action *action, const struct evaluation *evaluation, uint8_t type,
                               struct change *change)
{
    struct attr_item item;
    struct buf *values = change->values;
    size_t from = values->length;
    struct pattern_set *removed = (struct pattern_set *)&action->patterns; /* has an index it makes when asked */
    unsigned step = community_bytes(action->patterns.type);
    bool there = find_attr(evaluation, type, &item);
    for (unsigned at = 0; action->change != COMMUNITY_REPLACE && at + step <= item.length; at += step)
        if (action->change != COMMUNITY_REMOVE || !pattern_set_has(removed, item.value + at, evaluation->scratch->text))
            buf_put(values, item.value + at, step);
    for (uint32_t at = 0; action->change != COMMUNITY_REMOVE && at + step <= action->value_bytes; at += step)
        if (!among(values->bytes + from, (uint32_t)(values->length - from), action->values + at, step))
            buf_put(values, action->values + at, step);
    size_t length = values->length - from;
    if (length == 0 && there)
        attr_edit_remove(&change->edit, type);
    else if (length > 0 && length <= UINT16_MAX)
        attr_edit_set(&change->edit, optional_transitive, type, values->bytes + from, (uint16_t)length);
}

static void apply_community(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    change_communities(action, evaluation, ATTR_COMMUNITIES, change);
}

static void apply_ext_community(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    change_communities(action, evaluation, ATTR_EXT_COMMUNITIES, change);
}

static void apply_large_community(const struct action *action, const struct evaluation *evaluation,
                                  struct change *change)
{
    change_communities(action, evaluation, ATTR_LARGE_COMMUNITIES, change);
}

/* Numbers ---------------------------------------------------------------------------------------------------------- */

#define SPEC_OF(action, member) ((const __typeof__(((struct actions_spec *)0)->member) *)(action)->spec)

static bool said_number(const void *spec)
{
    return ((const struct said_number *)spec)->present;
}

static bool said_med(const void *spec)
{
    return ((const __typeof__(((struct actions_spec *)0)->med) *)spec)->change != MED_KEEP;
}

static void apply_med(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    int64_t value = SPEC_OF(action, med)->value;
    if (SPEC_OF(action, med)->change == MED_ADD)
        value += evaluation->summary.med;
    if (value >= 0 && value <= UINT32_MAX)
        set_u32(change, ATTR_FLAG_OPTIONAL, ATTR_MED, (uint32_t)value);
}

static int compile_med(struct action *action, const void *spec, struct err *err)
{
    (void)spec;
    int64_t value = SPEC_OF(action, med)->value;
    bool adds = SPEC_OF(action, med)->change == MED_ADD;
    if (value > UINT32_MAX || value < (adds ? -(int64_t)UINT32_MAX : 0))
        return err_set(err, E_INVALID, "invalid med action format: %lld", (long long)value);
    return 0;
}

static void apply_local_pref(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    (void)evaluation;
    set_u32(change, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, SPEC_OF(action, local_pref)->value);
}

static int compile_origin(struct action *action, const void *spec, struct err *err)
{
    (void)spec;
    return SPEC_OF(action, origin)->value <= ORIGIN_INCOMPLETE ? 0 : err_set(err, E_INVALID, "invalid origin");
}

static void apply_origin(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    (void)evaluation;
    const uint8_t origin = (uint8_t)SPEC_OF(action, origin)->value;
    const uint8_t *at = change->values->bytes + change->values->length;
    buf_put(change->values, &origin, 1);
    attr_edit_set(&change->edit, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, at, 1);
}

/* AS_PATH ---------------------------------------------------------------------------------------------------------- */

static bool said_prepend(const void *spec)
{
    return ((const __typeof__(((struct actions_spec *)0)->prepend) *)spec)->present;
}

static int compile_prepend(struct action *action, const void *spec, struct err *err)
{
    (void)spec;
    if (!SPEC_OF(action, prepend)->last_as && SPEC_OF(action, prepend)->asn == 0)
        return err_set(err, E_INVALID, "specify as to prepend: AS 0 is nobody's (RFC 7607)");
    return 0;
}

/* The first number of the path, if it begins with a plain sequence; else 0. */
static uint32_t first_as(const struct attr_item *path)
{
    struct cursor cursor = cursor_of(path->value, path->length);
    struct as_segment segment;
    return as_segment_next(&cursor, &segment) && segment.type == SEGMENT_AS_SEQUENCE ? as_segment_number(&segment, 0)
                                                                                     : 0;
}

static void apply_prepend(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    struct attr_item path;
    size_t from = change->values->length;
    find_attr(evaluation, ATTR_AS_PATH, &path);
    uint32_t as = SPEC_OF(action, prepend)->last_as ? first_as(&path) : SPEC_OF(action, prepend)->asn;
    if (as == 0 || SPEC_OF(action, prepend)->repeat == 0)
        return;
    uint8_t type = evaluation->facts->confederation ? SEGMENT_CONFED_SEQUENCE : SEGMENT_AS_SEQUENCE;
    as_path_prepend(path.value, path.length, type, as, SPEC_OF(action, prepend)->repeat, change->values);
    size_t length = change->values->length - from;
    if (length <= UINT16_MAX)
        attr_edit_set(&change->edit, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, change->values->bytes + from,
                      (uint16_t)length);
}

/* NEXT_HOP --------------------------------------------------------------------------------------------------------- */

static bool said_next_hop(const void *spec)
{
    return ((const __typeof__(((struct actions_spec *)0)->next_hop) *)spec)->change != NEXT_HOP_KEEP;
}

static int compile_next_hop(struct action *action, const void *spec, struct err *err)
{
    (void)spec;
    char text[ADDR_TEXT_MAX];
    const struct addr *address = &SPEC_OF(action, next_hop)->address;
    if (SPEC_OF(action, next_hop)->change > NEXT_HOP_PEER_ADDRESS)
        return err_set(err, E_INVALID, "invalid next hop action");
    if (SPEC_OF(action, next_hop)->change == NEXT_HOP_ADDRESS && !addr_is_valid_next_hop(address))
        return err_set(err, E_INVALID, "%s is no address a next hop can have", addr_format(address, text));
    return 0;
}

static struct addr wanted_next_hop(const struct action *action, const struct evaluation *evaluation)
{
    switch (SPEC_OF(action, next_hop)->change) {
    case NEXT_HOP_ADDRESS:
        return SPEC_OF(action, next_hop)->address;
    case NEXT_HOP_SELF:
        return evaluation->facts->self;
    case NEXT_HOP_UNCHANGED:
        return evaluation->facts->old_next_hop;
    case NEXT_HOP_PEER_ADDRESS:
        return evaluation->facts->neighbor;
    default:
        return (struct addr){0};
    }
}

static void apply_next_hop(const struct action *action, const struct evaluation *evaluation, struct change *change)
{
    struct addr address = wanted_next_hop(action, evaluation);
    const struct family *family = family_get(evaluation->facts->family);
    if (address.kind == ADDR_NONE || (address.kind == ADDR_IPV4 && family != NULL && family->afi == AFI_IPV6))
        return;
    const uint8_t *at = change->values->bytes + change->values->length;
    unsigned length = address.kind == ADDR_IPV4 ? 4 : 16;
    buf_put(change->values, address.bytes, length);
    attr_edit_set(&change->edit, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, at, (uint16_t)length);
}

#define SAYS(member) .offset = offsetof(struct actions_spec, member), .size = sizeof(((struct actions_spec *)0)->member)

const struct action_kind action_kinds[ACTION_KINDS] = {
    {"bgp-actions.set-community", 1, SAYS(community), .said = said_community, .compile = compile_community,
     .apply = apply_community},
    {"bgp-actions.set-ext-community", 2, SAYS(ext_community), .said = said_community, .compile = compile_ext_community,
     .apply = apply_ext_community},
    {"bgp-actions.set-large-community", 7, SAYS(large_community), .said = said_community,
     .compile = compile_large_community, .apply = apply_large_community},
    {"bgp-actions.set-med", 3, SAYS(med), .said = said_med, .compile = compile_med, .apply = apply_med},
    {"bgp-actions.set-local-pref", 6, SAYS(local_pref), .said = said_number, .apply = apply_local_pref},
    {"bgp-actions.set-as-path-prepend", 4, SAYS(prepend), .said = said_prepend, .compile = compile_prepend,
     .apply = apply_prepend},
    {"bgp-actions.set-next-hop", 5, SAYS(next_hop), .said = said_next_hop, .compile = compile_next_hop,
     .apply = apply_next_hop},
    {"bgp-actions.set-route-origin", 8, SAYS(origin), .said = said_number, .compile = compile_origin,
     .apply = apply_origin},
};
