/* Statements: what was said, copied in normal form, and compiled. A change makes a new one out of the old one's words.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/internal.h"

enum { STATEMENT_BYTES_MAX = 16 << 20 };

/* Copies ----------------------------------------------------------------------------------------------------------- */

/* As prefixes: "192.0.2.1" is "192.0.2.1/32". */
static const char *copy_next_hop(struct arena *arena, const char *said, struct err *err)
{
    struct prefix prefix;
    char text[PREFIX_TEXT_MAX];
    if (prefix_parse(said, true, &prefix) < 0) {
        err_set(err, E_INVALID, "invalid address or prefix: %s", said);
        return NULL;
    }
    const char *copy = arena_strdup(arena, prefix_format(&prefix, text));
    if (copy == NULL)
        err_set(err, E_LIMIT, "the statement is too large");
    return copy;
}

static int copy_next_hops(struct arena *arena, struct conditions_spec *conditions, struct err *err)
{
    size_t count = conditions->next_hop_count;
    if (count > POLICY_LIST_MAX)
        return err_set(err, E_LIMIT, "a list of %zu, at most %d are allowed", count, POLICY_LIST_MAX);
    const char **copies = arena_alloc(arena, (count + 1) * sizeof(*copies));
    if (copies == NULL)
        return err_set(err, E_LIMIT, "the statement is too large");
    for (size_t i = 0; i < count; i++) {
        copies[i] = copy_next_hop(arena, conditions->next_hops[i], err);
        if (copies[i] == NULL)
            return E_INVALID;
    }
    conditions->next_hops = copies;
    return 0;
}

/* The text of a community as it is listed; NULL with an error. */
static const char *normal_text(struct arena *arena, enum set_type type, const char *text, struct err *err)
{
    char normal[POLICY_TEXT_MAX];
    uint8_t value[12];
    struct str str = str_over(normal, sizeof(normal));
    if (community_value_parse(type, text, value, err) < 0)
        return NULL;
    community_value_format(type, value, &str);
    return arena_strdup(arena, normal);
}

/* What is to be removed is listed as members of a set are. */
static const char *normal_pattern(struct arena *arena, enum set_type type, const char *text, struct err *err)
{
    struct pattern_set one;
    const char *copy = NULL;
    pattern_set_init(&one, type);
    if (pattern_set_add(&one, text, err) == 0)
        copy = arena_strdup(arena, pattern_set_text(&one, 0));
    pattern_set_release(&one);
    return copy;
}

static int copy_values(struct arena *arena, enum set_type type, struct community_action *action, struct err *err)
{
    if (action->change == COMMUNITY_KEEP) {
        *action = (struct community_action){0};
        return 0;
    }
    if (action->count > POLICY_LIST_MAX)
        return err_set(err, E_LIMIT, "a list of %zu, at most %d are allowed", action->count, POLICY_LIST_MAX);
    const char **copies = arena_alloc(arena, (action->count + 1) * sizeof(*copies));
    for (size_t i = 0; i < action->count; i++) {
        copies[i] = action->change == COMMUNITY_REMOVE ? normal_pattern(arena, type, action->values[i], err)
                                                       : normal_text(arena, type, action->values[i], err);
        if (copies[i] == NULL)
            return E_INVALID;
    }
    action->values = copies;
    return 0;
}

static int copy_set_name(struct arena *arena, struct match_set *match, struct err *err)
{
    if (match->set == NULL || match->set[0] == '\0') {
        *match = (struct match_set){0};
        return 0;
    }
    match->set = arena_strdup(arena, match->set);
    return match->set != NULL ? 0 : err_set(err, E_LIMIT, "the statement is too large");
}

static int copy_spec(struct arena *arena, struct statement_spec *spec, const char **key, struct err *err)
{
    struct conditions_spec *conditions = &spec->conditions;
    struct actions_spec *actions = &spec->actions;
    int result = 0;
    spec->name = arena_strdup(arena, spec->name);
    for (unsigned i = 0; i < CONDITION_KINDS && result == 0; i++) {
        if (condition_kinds[i].set_type != SET_TYPE_COUNT) {
            *key = condition_kinds[i].key;
            result = copy_set_name(arena, (struct match_set *)((char *)conditions + condition_kinds[i].offset), err);
        }
    }
    if (result == 0) {
        *key = "bgp-conditions.next-hop-in-list";
        result = copy_next_hops(arena, conditions, err);
    }
    if (result == 0) {
        *key = "bgp-actions.set-community";
        result = copy_values(arena, SET_COMMUNITY, &actions->community, err);
    }
    if (result == 0) {
        *key = "bgp-actions.set-ext-community";
        result = copy_values(arena, SET_EXT_COMMUNITY, &actions->ext_community, err);
    }
    if (result == 0) {
        *key = "bgp-actions.set-large-community";
        result = copy_values(arena, SET_LARGE_COMMUNITY, &actions->large_community, err);
    }
    return result;
}

/* Compiling -------------------------------------------------------------------------------------------------------- */

static const char *const set_words[SET_TYPE_COUNT] = {
    [SET_PREFIX] = "prefix",
    [SET_NEIGHBOR] = "neighbor",
    [SET_TAG] = "tag",
    [SET_AS_PATH] = "as path",
    [SET_COMMUNITY] = "community",
    [SET_EXT_COMMUNITY] = "ext-community",
    [SET_LARGE_COMMUNITY] = "large-community",
    [SET_NEXT_HOP] = "next-hop",
};

static int add_condition(struct policy_statement *statement, const struct policy_table *table,
                         const struct condition_kind *kind, struct err *err)
{
    const void *said = (const char *)&statement->spec.conditions + kind->offset;
    if (!kind->said(said))
        return 0;
    struct condition *condition = &statement->conditions[statement->condition_count++];
    *condition = (struct condition){.kind = kind};
    if (kind->set_type != SET_TYPE_COUNT) {
        const char *name = ((const struct match_set *)said)->set;
        condition->set = policy_set_find(table, kind->set_type, name);
        if (condition->set == NULL)
            return err_set(err, E_NOT_FOUND, "not found %s set %s", set_words[kind->set_type], name);
    }
    return kind->compile != NULL ? kind->compile(condition, said, err) : 0;
}

static int add_action(struct policy_statement *statement, const struct action_kind *kind, struct err *err)
{
    const void *said = (const char *)&statement->spec.actions + kind->offset;
    if (!kind->said(said))
        return 0;
    struct action *action = &statement->actions[statement->action_count++];
    *action = (struct action){.kind = kind, .spec = said};
    return kind->compile != NULL ? kind->compile(action, said, err) : 0;
}

static int compile(struct policy_statement *statement, const struct policy_table *table, const char **key,
                   struct err *err)
{
    for (unsigned i = 0; i < CONDITION_KINDS; i++) {
        *key = condition_kinds[i].key;
        int result = add_condition(statement, table, &condition_kinds[i], err);
        if (result < 0)
            return result;
    }
    for (unsigned i = 0; i < ACTION_KINDS; i++) {
        *key = action_kinds[i].key;
        int result = add_action(statement, &action_kinds[i], err);
        if (result < 0)
            return result;
    }
    *key = "route-disposition";
    if (statement->spec.actions.route_action > POLICY_REJECT)
        return err_set(err, E_INVALID, "invalid route disposition");
    return 0;
}

struct policy_statement *statement_new(const struct policy_table *table, const struct statement_spec *spec,
                                       const char **key, struct err *err)
{
    const char *unread;
    key = key != NULL ? key : &unread;
    *key = "name";
    if (spec->name == NULL || spec->name[0] == '\0') {
        err_set(err, E_INVALID, "empty statement name");
        return NULL;
    }
    if (strlen(spec->name) >= POLICY_NAME_MAX) {
        err_set(err, E_INVALID, "a name of more than %d octets", POLICY_NAME_MAX - 1);
        return NULL;
    }
    struct policy_statement *statement = mem_zalloc(MEM_POLICY, sizeof(*statement));
    arena_init(&statement->arena, STATEMENT_BYTES_MAX);
    statement->head.name = mem_strdup(MEM_POLICY, spec->name);
    statement->spec = *spec;
    int result = copy_spec(&statement->arena, &statement->spec, key, err);
    if (result == 0)
        result = compile(statement, table, key, err);
    if (result < 0) {
        statement_free(statement);
        return NULL;
    }
    return statement;
}

void statement_free(struct policy_statement *statement)
{
    if (statement == NULL)
        return;
    for (unsigned i = 0; i < statement->condition_count; i++) {
        struct address_set *addresses = statement->conditions[i].addresses;
        if (addresses != NULL)
            address_set_release(addresses);
        mem_free(MEM_POLICY, addresses);
    }
    for (unsigned i = 0; i < statement->action_count; i++) {
        mem_free(MEM_POLICY, statement->actions[i].values);
        pattern_set_release(&statement->actions[i].patterns);
    }
    arena_release(&statement->arena);
    mem_free(MEM_POLICY, statement->head.name);
    mem_free(MEM_POLICY, statement);
}

void statement_use_sets(struct policy_statement *statement, int change)
{
    for (unsigned i = 0; i < statement->condition_count; i++)
        if (statement->conditions[i].set != NULL)
            statement->conditions[i].set->uses += (uint32_t)change;
}

/* Comparing and changing what is said ------------------------------------------------------------------------------ */

static bool same_texts(const char *const *a, const char *const *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool same_match(const struct match_set *a, const struct match_set *b)
{
    if (a->set == NULL || b->set == NULL)
        return a->set == b->set;
    return a->option == b->option && strcmp(a->set, b->set) == 0;
}

static bool same_number(const struct said_number *a, const struct said_number *b)
{
    return a->present == b->present && (!a->present || a->value == b->value);
}

static bool same_compare(const struct compare_number *a, const struct compare_number *b)
{
    return a->present == b->present && (!a->present || (a->value == b->value && a->comparison == b->comparison));
}

static bool same_communities(const struct community_action *a, const struct community_action *b)
{
    return a->change == b->change && a->count == b->count && same_texts(a->values, b->values, a->count);
}

static bool same_conditions(const struct conditions_spec *a, const struct conditions_spec *b)
{
    return same_match(&a->prefix_set, &b->prefix_set) && same_match(&a->neighbor_set, &b->neighbor_set) &&
           same_match(&a->as_path_set, &b->as_path_set) && same_match(&a->community_set, &b->community_set) &&
           same_match(&a->ext_community_set, &b->ext_community_set) &&
           same_match(&a->large_community_set, &b->large_community_set) &&
           same_compare(&a->as_path_length, &b->as_path_length) &&
           same_compare(&a->community_count, &b->community_count) && same_number(&a->origin, &b->origin) &&
           same_number(&a->local_pref, &b->local_pref) && same_number(&a->med, &b->med) && a->rpki == b->rpki &&
           a->route_type == b->route_type && a->families == b->families && a->next_hop_count == b->next_hop_count &&
           same_texts(a->next_hops, b->next_hops, a->next_hop_count);
}

static bool same_actions(const struct actions_spec *a, const struct actions_spec *b)
{
    return a->route_action == b->route_action && same_communities(&a->community, &b->community) &&
           same_communities(&a->ext_community, &b->ext_community) &&
           same_communities(&a->large_community, &b->large_community) && a->med.change == b->med.change &&
           a->med.value == b->med.value && same_number(&a->local_pref, &b->local_pref) &&
           a->prepend.present == b->prepend.present && a->prepend.last_as == b->prepend.last_as &&
           a->prepend.asn == b->prepend.asn && a->prepend.repeat == b->prepend.repeat &&
           a->next_hop.change == b->next_hop.change && addr_equal(&a->next_hop.address, &b->next_hop.address) &&
           same_number(&a->origin, &b->origin);
}

bool statement_spec_equal(const struct statement_spec *a, const struct statement_spec *b)
{
    return strcmp(a->name, b->name) == 0 && same_conditions(&a->conditions, &b->conditions) &&
           same_actions(&a->actions, &b->actions);
}

int statement_spec_merge(struct statement_spec *spec, const struct statement_spec *more, struct err *err)
{
    for (unsigned i = 0; i < CONDITION_KINDS; i++) {
        const struct condition_kind *kind = &condition_kinds[i];
        void *to = (char *)&spec->conditions + kind->offset;
        const void *from = (const char *)&more->conditions + kind->offset;
        if (!kind->said(from))
            continue;
        if (kind->said(to))
            return err_set(err, E_EXISTS, "condition %u is already set", kind->number);
        memcpy(to, from, kind->size);
    }
    if (more->actions.route_action != POLICY_NONE) {
        if (spec->actions.route_action != POLICY_NONE)
            return err_set(err, E_EXISTS, "route action is already set");
        spec->actions.route_action = more->actions.route_action;
    }
    for (unsigned i = 0; i < ACTION_KINDS; i++) {
        const struct action_kind *kind = &action_kinds[i];
        void *to = (char *)&spec->actions + kind->offset;
        const void *from = (const char *)&more->actions + kind->offset;
        if (!kind->said(from))
            continue;
        if (kind->said(to))
            return err_set(err, E_EXISTS, "action %u is already set", kind->number);
        memcpy(to, from, kind->size);
    }
    return 0;
}

int statement_spec_take(struct statement_spec *spec, const struct statement_spec *less, struct err *err)
{
    for (unsigned i = 0; i < CONDITION_KINDS; i++) {
        const struct condition_kind *kind = &condition_kinds[i];
        void *from = (char *)&spec->conditions + kind->offset;
        if (!kind->said((const char *)&less->conditions + kind->offset))
            continue;
        if (!kind->said(from))
            return err_set(err, E_NOT_FOUND, "condition %u is not set", kind->number);
        memset(from, 0, kind->size);
    }
    if (less->actions.route_action != POLICY_NONE) {
        if (spec->actions.route_action == POLICY_NONE)
            return err_set(err, E_NOT_FOUND, "route action is not set");
        spec->actions.route_action = POLICY_NONE;
    }
    for (unsigned i = 0; i < ACTION_KINDS; i++) {
        const struct action_kind *kind = &action_kinds[i];
        void *from = (char *)&spec->actions + kind->offset;
        if (!kind->said((const char *)&less->actions + kind->offset))
            continue;
        if (!kind->said(from))
            return err_set(err, E_NOT_FOUND, "action %u is not set", kind->number);
        memset(from, 0, kind->size);
    }
    return 0;
}
