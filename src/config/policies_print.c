/* Policies as a file would say them. */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "config/policies.h"

struct printer {
    struct tree *tree;
    bool full;
};

static const struct place nowhere = {1, 1};

static struct node *new_node(struct printer *printer, enum node_kind kind)
{
    struct node *node = tree_node(printer->tree, kind, nowhere);
    printer->full |= node == NULL;
    return node;
}

static struct node *new_scalar(struct printer *printer, enum node_kind kind, const char *text)
{
    struct node *node = tree_scalar(printer->tree, kind, nowhere, text, strlen(text));
    printer->full |= node == NULL;
    return node;
}

/* Puts `child` under a path of tables, which are made as far as they are missing. Keys live as long as the tree: the
 * path is a constant, its parts are copied. */
static void put(struct printer *printer, struct node *table, const char *path, struct node *child)
{
    while (table != NULL && child != NULL && !printer->full) {
        size_t length = strcspn(path, ".");
        char *key = arena_strndup(&printer->tree->arena, path, length);
        struct node *inner = key != NULL ? node_find(table, key) : NULL;
        bool last = path[length] == '\0';
        if (key == NULL ||
            (inner == NULL && tree_put(printer->tree, table, key, nowhere,
                                       last ? child : (inner = new_node(printer, NODE_TABLE)), NULL) < 0))
            printer->full = true;
        if (last)
            return;
        table = inner;
        path += length + 1;
    }
}

static void put_text(struct printer *printer, struct node *table, const char *path, const char *text)
{
    put(printer, table, path, new_scalar(printer, NODE_STRING, text));
}

static void put_number(struct printer *printer, struct node *table, const char *path, uint32_t value)
{
    char text[16];
    struct str str = str_over(text, sizeof(text));
    str_printf(&str, "%" PRIu32, value);
    put(printer, table, path, new_scalar(printer, NODE_NUMBER, text));
}

static void put_word(struct printer *printer, struct node *table, const char *path, const struct word *words,
                     int64_t value)
{
    while (words->name != NULL && words->value != value)
        words++;
    put_text(printer, table, path, words->name != NULL ? words->name : "");
}

static void put_texts(struct printer *printer, struct node *table, const char *path, const char *const *texts,
                      size_t count)
{
    struct node *list = new_node(printer, NODE_LIST);
    for (size_t i = 0; i < count && !printer->full; i++) {
        struct node *text = new_scalar(printer, NODE_STRING, texts[i]);
        if (text != NULL)
            tree_append(list, text);
    }
    put(printer, table, path, list);
}

static struct node *append_table(struct printer *printer, struct node *list)
{
    struct node *table = new_node(printer, NODE_TABLE);
    if (table != NULL && list != NULL)
        tree_append(list, table);
    return table;
}

/* Sets ------------------------------------------------------------------------------------------------------------- */

static void put_ranges(struct printer *printer, struct node *table, const struct set_spec *set)
{
    struct node *list = new_node(printer, NODE_LIST);
    for (size_t i = 0; i < set->count && !printer->full; i++) {
        const struct prefix_range *range = &set->prefixes[i];
        char text[PREFIX_TEXT_MAX];
        struct node *element = append_table(printer, list);
        put_text(printer, element, "ip-prefix", prefix_format(&range->prefix, text));
        if (range->length_min == range->prefix.length && range->length_max == range->prefix.length)
            continue;
        struct str str = str_over(text, sizeof(text));
        str_printf(&str, "%u..%u", range->length_min, range->length_max);
        put_text(printer, element, "masklength-range", text);
    }
    put(printer, table, "prefix-list", list);
}

static void put_sets(struct printer *printer, struct node *root, const struct policy_definitions *definitions)
{
    for (unsigned i = 0; i < POLICIES_SET_LISTS; i++) {
        const struct set_list *where = &policies_set_lists[i];
        struct node *list = NULL;
        for (size_t at = 0; at < definitions->set_count && !printer->full; at++) {
            const struct set_spec *set = &definitions->sets[at];
            if (set->type != where->type)
                continue;
            list = list != NULL ? list : new_node(printer, NODE_LIST);
            struct node *table = append_table(printer, list);
            put_text(printer, table, where->name, set->name);
            if (set->type == SET_PREFIX)
                put_ranges(printer, table, set);
            else
                put_texts(printer, table, where->members, set->texts, set->count);
        }
        char path[128];
        struct str str = str_over(path, sizeof(path));
        str_printf(&str, "defined-sets.%s", where->path);
        put(printer, root, path, list);
    }
}

/* Statements ------------------------------------------------------------------------------------------------------- */

static void put_match(struct printer *printer, struct node *table, const char *block, const char *name,
                      const struct match_set *match)
{
    char path[128];
    struct str str = str_over(path, sizeof(path));
    if (match->set == NULL)
        return;
    str_printf(&str, "%s.%s", block, name);
    put_text(printer, table, path, match->set);
    str = str_over(path, sizeof(path));
    str_printf(&str, "%s.match-set-options", block);
    put_word(printer, table, path, schema_match_words, match->option);
}

static void put_compare(struct printer *printer, struct node *table, const char *block,
                        const struct compare_number *number)
{
    char path[128];
    struct str str = str_over(path, sizeof(path));
    if (!number->present)
        return;
    str_printf(&str, "%s.operator", block);
    put_word(printer, table, path, schema_operator_words, number->comparison);
    str = str_over(path, sizeof(path));
    str_printf(&str, "%s.value", block);
    put_number(printer, table, path, number->value);
}

static void put_families(struct printer *printer, struct node *table, family_set families)
{
    const char *names[FAMILY_COUNT];
    size_t count = 0;
    for (unsigned id = 0; id < FAMILY_COUNT; id++)
        if (families >> id & 1)
            names[count++] = family_get(id)->config_name;
    if (count > 0)
        put_texts(printer, table, "bgp-conditions.afi-safi-in-list", names, count);
}

static void put_conditions(struct printer *printer, struct node *table, const struct conditions_spec *conditions)
{
    put_match(printer, table, "match-prefix-set", "prefix-set", &conditions->prefix_set);
    put_match(printer, table, "match-neighbor-set", "neighbor-set", &conditions->neighbor_set);
    put_match(printer, table, "bgp-conditions.match-as-path-set", "as-path-set", &conditions->as_path_set);
    put_match(printer, table, "bgp-conditions.match-community-set", "community-set", &conditions->community_set);
    put_match(printer, table, "bgp-conditions.match-ext-community-set", "ext-community-set",
              &conditions->ext_community_set);
    put_match(printer, table, "bgp-conditions.match-large-community-set", "large-community-set",
              &conditions->large_community_set);
    put_compare(printer, table, "bgp-conditions.as-path-length", &conditions->as_path_length);
    put_compare(printer, table, "bgp-conditions.community-count", &conditions->community_count);
    if (conditions->origin.present)
        put_word(printer, table, "bgp-conditions.origin-eq", schema_origin_words, conditions->origin.value);
    if (conditions->local_pref.present)
        put_number(printer, table, "bgp-conditions.local-pref-eq", conditions->local_pref.value);
    if (conditions->med.present)
        put_number(printer, table, "bgp-conditions.med-eq", conditions->med.value);
    if (conditions->rpki != RPKI_RESULT_ANY)
        put_word(printer, table, "bgp-conditions.rpki-validation-result", schema_validation_words, conditions->rpki);
    if (conditions->route_type != ROUTE_TYPE_ANY)
        put_word(printer, table, "bgp-conditions.route-type", schema_route_type_words, conditions->route_type);
    if (conditions->next_hop_count > 0)
        put_texts(printer, table, "bgp-conditions.next-hop-in-list", conditions->next_hops, conditions->next_hop_count);
    put_families(printer, table, conditions->families);
}

static void put_communities(struct printer *printer, struct node *table, const char *kind,
                            const struct community_action *action)
{
    static const char *const options[] = {
        [COMMUNITY_ADD] = "add", [COMMUNITY_REMOVE] = "remove", [COMMUNITY_REPLACE] = "replace"};
    char path[128];
    struct str str = str_over(path, sizeof(path));
    if (action->change == COMMUNITY_KEEP)
        return;
    str_printf(&str, "bgp-actions.set-%s.set-%s-method.communities-list", kind, kind);
    put_texts(printer, table, path, action->values, action->count);
    str = str_over(path, sizeof(path));
    str_printf(&str, "bgp-actions.set-%s.options", kind);
    put_text(printer, table, path, options[action->change]);
}

static void put_next_hop(struct printer *printer, struct node *table, const struct actions_spec *actions)
{
    char text[ADDR_TEXT_MAX];
    static const char *const words[] = {
        [NEXT_HOP_SELF] = "self", [NEXT_HOP_UNCHANGED] = "unchanged", [NEXT_HOP_PEER_ADDRESS] = "peer-address"};
    if (actions->next_hop.change != NEXT_HOP_KEEP)
        put_text(printer, table, "bgp-actions.set-next-hop",
                 actions->next_hop.change == NEXT_HOP_ADDRESS ? addr_format(&actions->next_hop.address, text)
                                                              : words[actions->next_hop.change]);
}

static void put_actions(struct printer *printer, struct node *table, const struct actions_spec *actions)
{
    char text[32];
    struct str str = str_over(text, sizeof(text));
    if (actions->route_action != POLICY_NONE)
        put_word(printer, table, "route-disposition", schema_disposition_words, actions->route_action);
    put_communities(printer, table, "community", &actions->community);
    put_communities(printer, table, "ext-community", &actions->ext_community);
    put_communities(printer, table, "large-community", &actions->large_community);
    if (actions->med.change != MED_KEEP) {
        str_printf(&str, actions->med.change == MED_ADD ? "%+" PRId64 : "%" PRId64, actions->med.value);
        put_text(printer, table, "bgp-actions.set-med", text);
    }
    if (actions->local_pref.present)
        put_number(printer, table, "bgp-actions.set-local-pref", actions->local_pref.value);
    if (actions->prepend.present) {
        str = str_over(text, sizeof(text));
        str_printf(&str, actions->prepend.last_as ? "last-as" : "%" PRIu32, actions->prepend.asn);
        put_text(printer, table, "bgp-actions.set-as-path-prepend.as", text);
        put_number(printer, table, "bgp-actions.set-as-path-prepend.repeat-n", actions->prepend.repeat);
    }
    put_next_hop(printer, table, actions);
    if (actions->origin.present)
        put_word(printer, table, "bgp-actions.set-route-origin", schema_origin_words, actions->origin.value);
}

static void put_policies(struct printer *printer, struct node *root, const struct policy_definitions *definitions)
{
    struct node *list = definitions->policy_count > 0 ? new_node(printer, NODE_LIST) : NULL;
    for (size_t i = 0; i < definitions->policy_count && !printer->full; i++) {
        const struct policy_spec *policy = &definitions->policies[i];
        struct node *table = append_table(printer, list);
        struct node *statements = policy->statement_count > 0 ? new_node(printer, NODE_LIST) : NULL;
        put_text(printer, table, "name", policy->name);
        for (size_t at = 0; at < policy->statement_count && !printer->full; at++) {
            const struct statement_spec *statement = &policy->statements[at];
            struct node *element = append_table(printer, statements);
            struct node *conditions = new_node(printer, NODE_TABLE), *actions = new_node(printer, NODE_TABLE);
            if (printer->full)
                break;
            if (statement->name[0] != '\0')
                put_text(printer, element, "name", statement->name);
            put_conditions(printer, conditions, &statement->conditions);
            put_actions(printer, actions, &statement->actions);
            put(printer, element, "conditions", conditions->count > 0 ? conditions : NULL);
            put(printer, element, "actions", actions->count > 0 ? actions : NULL);
        }
        put(printer, table, "statements", statements);
    }
    put(printer, root, "policy-definitions", list);
}

bool policies_print(struct tree *tree, struct node *root, const struct policy_definitions *definitions)
{
    struct printer printer = {.tree = tree};
    put_sets(&printer, root, definitions);
    put_policies(&printer, root, definitions);
    return !printer.full;
}
