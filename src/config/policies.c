/* See policies.h. The schema has checked names, types and words of all keys; here the values are taken out of the tree,
 * and what they mean together is checked by policy/, which names the definition at fault.
 */
#include "config/policies.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/policy_table.h"

enum { POLICIES_BYTES_MAX = 1 << 30, WORD_BYTES = 64 };

struct policies {
    unsigned refs;
    struct arena arena;
    struct policy_definitions definitions;
};

const struct set_list policies_set_lists[POLICIES_SET_LISTS] = {
    {SET_PREFIX, "prefix-sets", "prefix-set-name", "prefix-list"},
    {SET_NEIGHBOR, "neighbor-sets", "neighbor-set-name", "neighbor-info-list"},
    {SET_COMMUNITY, "bgp-defined-sets.community-sets", "community-set-name", "community-list"},
    {SET_EXT_COMMUNITY, "bgp-defined-sets.ext-community-sets", "ext-community-set-name", "ext-community-list"},
    {SET_LARGE_COMMUNITY, "bgp-defined-sets.large-community-sets", "large-community-set-name", "large-community-list"},
    {SET_AS_PATH, "bgp-defined-sets.as-path-sets", "as-path-set-name", "as-path-list"},
};

void config_policies_ref(const struct policy_definitions *definitions)
{
    if (definitions != NULL)
        container_of(definitions, struct policies, definitions)->refs++;
}

void config_policies_unref(const struct policy_definitions *definitions)
{
    if (definitions == NULL)
        return;
    struct policies *policies = container_of(definitions, struct policies, definitions);
    if (--policies->refs > 0)
        return;
    arena_release(&policies->arena);
    mem_free(MEM_CONFIG, policies);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* A definition and where it stands, for errors. */
struct defined {
    const struct node *node;
    struct frame outer;
    struct frame frame;
};

struct gatherer {
    const struct reader *reader;
    struct arena *arena;
    struct set_spec *sets;
    struct defined *set_places;
    size_t set_count;
    struct policy_spec *policies;
    struct defined *policy_places;
    size_t policy_count;
};

static int full(const struct gatherer *gatherer)
{
    return tree_full(gatherer->reader->tree, gatherer->reader->err);
}

static const char *text_of(const struct node *table, const char *path)
{
    const struct node *node = node_find_path(table, path);
    return node != NULL && node->text != NULL ? node->text : "";
}

static int word_of(const struct node *table, const char *path, const struct word *words)
{
    const char *text = text_of(table, path);
    for (; words->name != NULL; words++)
        if (strcmp(words->name, text) == 0)
            return (int)words->value;
    return 0;
}

static struct said_number number_of(const struct node *table, const char *path)
{
    uint64_t value;
    struct said_number number = {0};
    if (str_parse_u64(text_of(table, path), 0, UINT32_MAX, &value) == 0)
        number = (struct said_number){.present = true, .value = (uint32_t)value};
    return number;
}

/* Calls `each` for every text of a list: a list's elements, or what commas part in one value. */
static int each_text(const struct gatherer *gatherer, const struct frame *outer, const struct node *table,
                     const char *path,
                     int (*each)(const struct gatherer *gatherer, const struct frame *frame, const struct node *node,
                                 const char *text, void *context),
                     void *context)
{
    const struct node *list = node_find_path(table, path);
    struct frame frame = {outer, path, -1};
    int result = 0;
    if (list == NULL || list->kind == NODE_NULL)
        return 0;
    if (list->kind == NODE_LIST) {
        int index = 0;
        for (const struct node *node = list->first; node != NULL && result == 0; node = node->next) {
            frame.index = index++;
            if (node->text != NULL)
                result = each(gatherer, &frame, node, node->text, context);
        }
        return result;
    }
    for (const char *at = list->text; at != NULL && *at != '\0' && result == 0;) {
        size_t length = strcspn(at, ",");
        size_t blank = strspn(at, " ");
        char *text = arena_strndup(gatherer->arena, at + (blank < length ? blank : length),
                                   length - (blank < length ? blank : length));
        if (text == NULL)
            return full(gatherer);
        for (size_t end = strlen(text); end > 0 && text[end - 1] == ' ';)
            text[--end] = '\0';
        result = each(gatherer, &frame, list, text, context);
        at += length + (at[length] == ',');
    }
    return result;
}

/* Texts into an array that is large enough. */
struct texts {
    const char **texts;
    size_t count;
    enum set_type type; /* what they are members of; SET_TYPE_COUNT: not checked here */
};

static int take_text(const struct gatherer *gatherer, const struct frame *frame, const struct node *node,
                     const char *text, void *context)
{
    struct texts *texts = context;
    struct err err;
    if (texts->type != SET_TYPE_COUNT && policy_member_check(texts->type, text, &err) < 0)
        return reader_error(gatherer->reader, frame, node_place(node), "%s", err.text);
    texts->texts[texts->count] = arena_strdup(gatherer->arena, text);
    return texts->texts[texts->count++] != NULL ? 0 : full(gatherer);
}

static int gather_texts(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                        const char *path, struct texts *texts)
{
    const struct node *list = node_find_path(table, path);
    size_t most = list == NULL              ? 0
                  : list->kind == NODE_LIST ? list->count
                  : list->text != NULL      ? strlen(list->text)
                                            : 0;
    texts->texts = arena_alloc(gatherer->arena, (most + 1) * sizeof(*texts->texts));
    texts->count = 0;
    return texts->texts != NULL ? each_text(gatherer, frame, table, path, take_text, texts) : full(gatherer);
}

/* Sets ------------------------------------------------------------------------------------------------------------- */

static int read_prefixes(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                         const struct set_list *list, struct set_spec *set)
{
    const struct node *node = node_find_path(table, list->members);
    struct frame inner = {frame, list->members, -1};
    struct err err;
    size_t count = 0;
    if (node != NULL && reader_elements(gatherer->reader, &inner, node, &node, &count) < 0)
        return E_INVALID;
    struct prefix_range *ranges = arena_alloc(gatherer->arena, (count + 1) * sizeof(*ranges));
    if (ranges == NULL)
        return full(gatherer);
    for (size_t i = 0; i < count; i++, node = node->next) {
        inner.index = (int)i;
        struct frame key = {&inner, "ip-prefix", -1};
        const struct node *place = node_nearest(node, "ip-prefix");
        if (prefix_range_parse(text_of(node, "ip-prefix"), NULL, &ranges[i], &err) == 0) {
            key.name = "masklength-range";
            place = node_nearest(node, "masklength-range");
            if (prefix_range_parse(text_of(node, "ip-prefix"), text_of(node, "masklength-range"), &ranges[i], &err) ==
                0)
                continue;
        }
        return reader_error(gatherer->reader, &key, node_place(place), "%s", err.text);
    }
    set->prefixes = ranges;
    set->count = count;
    return 0;
}

static int read_set(const struct gatherer *gatherer, const struct set_list *list, const struct frame *frame,
                    const struct node *node, struct set_spec *set)
{
    struct texts texts = {.type = list->type};
    *set = (struct set_spec){.type = list->type, .name = arena_strdup(gatherer->arena, text_of(node, list->name))};
    if (set->name == NULL)
        return full(gatherer);
    if (list->type == SET_PREFIX)
        return read_prefixes(gatherer, frame, node, list, set);
    int result = gather_texts(gatherer, frame, node, list->members, &texts);
    set->texts = texts.texts;
    set->count = texts.count;
    return result;
}

static int read_sets(struct gatherer *gatherer, const struct node *root)
{
    const struct node *sets = node_find(root, "defined-sets");
    const struct node *lists[POLICIES_SET_LISTS] = {0};
    size_t counts[POLICIES_SET_LISTS] = {0}, all = 0;
    struct frame frame = {NULL, "defined-sets", -1};
    for (unsigned i = 0; i < POLICIES_SET_LISTS && sets != NULL; i++) {
        const struct node *list = node_find_path(sets, policies_set_lists[i].path);
        struct frame inner = {&frame, policies_set_lists[i].path, -1};
        if (list != NULL && reader_elements(gatherer->reader, &inner, list, &lists[i], &counts[i]) < 0)
            return E_INVALID;
        all += counts[i];
    }
    gatherer->sets = arena_alloc(gatherer->arena, (all + 1) * sizeof(*gatherer->sets));
    gatherer->set_places = arena_alloc(gatherer->arena, (all + 1) * sizeof(*gatherer->set_places));
    if (gatherer->sets == NULL || gatherer->set_places == NULL)
        return full(gatherer);
    for (unsigned i = 0; i < POLICIES_SET_LISTS; i++) {
        const struct node *node = lists[i];
        for (size_t at = 0; at < counts[i]; at++, node = node->next) {
            struct defined *place = &gatherer->set_places[gatherer->set_count];
            place->node = node;
            place->outer = frame;
            place->frame = (struct frame){&place->outer, policies_set_lists[i].path, (int)at};
            int result =
                read_set(gatherer, &policies_set_lists[i], &place->frame, node, &gatherer->sets[gatherer->set_count++]);
            if (result < 0)
                return result;
        }
    }
    return 0;
}

/* Statements ------------------------------------------------------------------------------------------------------- */

static struct match_set match_of(const struct gatherer *gatherer, const struct node *table, const char *block,
                                 const char *set)
{
    char path[WORD_BYTES * 2];
    struct str str = str_over(path, sizeof(path));
    str_printf(&str, "%s.%s", block, set);
    const char *name = text_of(table, path);
    if (name[0] == '\0')
        return (struct match_set){0};
    struct match_set match = {.set = arena_strdup(gatherer->arena, name)};
    str = str_over(path, sizeof(path));
    str_printf(&str, "%s.match-set-options", block);
    match.option = (enum match_option)word_of(table, path, schema_match_words);
    return match;
}

static struct compare_number compare_of(const struct node *table, const char *operator_path, const char *value_path)
{
    struct said_number value = number_of(table, value_path);
    return (struct compare_number){
        .present = text_of(table, operator_path)[0] != '\0',
        .comparison = (enum comparison)word_of(table, operator_path, schema_operator_words),
        .value = value.value,
    };
}

static struct said_number origin_of(const struct node *table, const char *path)
{
    return (struct said_number){.present = text_of(table, path)[0] != '\0',
                                .value = (uint32_t)word_of(table, path, schema_origin_words)};
}

static int take_family(const struct gatherer *gatherer, const struct frame *frame, const struct node *node,
                       const char *text, void *context)
{
    char excerpt[TREE_EXCERPT_MAX];
    enum family_id family = family_from_config_name(text);
    if (family == FAMILY_UNKNOWN)
        return reader_error(gatherer->reader, frame, node_place(node), "'%s' is no address family",
                            tree_excerpt(text, excerpt));
    *(family_set *)context |= 1u << family;
    return 0;
}

static int read_conditions(const struct gatherer *gatherer, const struct frame *outer, const struct node *node,
                           struct conditions_spec *conditions)
{
    const struct node *table = node_find(node, "conditions");
    struct frame frame = {outer, "conditions", -1};
    struct texts next_hops = {.type = SET_NEXT_HOP};
    if (table == NULL)
        return 0;
    conditions->prefix_set = match_of(gatherer, table, "match-prefix-set", "prefix-set");
    conditions->neighbor_set = match_of(gatherer, table, "match-neighbor-set", "neighbor-set");
    conditions->as_path_set = match_of(gatherer, table, "bgp-conditions.match-as-path-set", "as-path-set");
    conditions->community_set = match_of(gatherer, table, "bgp-conditions.match-community-set", "community-set");
    conditions->ext_community_set =
        match_of(gatherer, table, "bgp-conditions.match-ext-community-set", "ext-community-set");
    conditions->large_community_set =
        match_of(gatherer, table, "bgp-conditions.match-large-community-set", "large-community-set");
    conditions->as_path_length =
        compare_of(table, "bgp-conditions.as-path-length.operator", "bgp-conditions.as-path-length.value");
    conditions->community_count =
        compare_of(table, "bgp-conditions.community-count.operator", "bgp-conditions.community-count.value");
    conditions->origin = origin_of(table, "bgp-conditions.origin-eq");
    conditions->local_pref = number_of(table, "bgp-conditions.local-pref-eq");
    conditions->med = number_of(table, "bgp-conditions.med-eq");
    conditions->rpki =
        (enum rpki_result)word_of(table, "bgp-conditions.rpki-validation-result", schema_validation_words);
    conditions->route_type = (enum route_type)word_of(table, "bgp-conditions.route-type", schema_route_type_words);
    int result = gather_texts(gatherer, &frame, table, "bgp-conditions.next-hop-in-list", &next_hops);
    conditions->next_hops = next_hops.texts;
    conditions->next_hop_count = next_hops.count;
    if (result == 0)
        result =
            each_text(gatherer, &frame, table, "bgp-conditions.afi-safi-in-list", take_family, &conditions->families);
    return result;
}

static int action_error(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                        const char *path, const char *what)
{
    char excerpt[TREE_EXCERPT_MAX];
    struct frame inner = {frame, path, -1};
    return reader_error(gatherer->reader, &inner, node_place(node_nearest(table, path)), "%s: '%s'", what,
                        tree_excerpt(text_of(table, path), excerpt));
}

static int read_communities(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                            const char *list, const char *options, struct community_action *action)
{
    static const char *const words[] = {
        [COMMUNITY_ADD] = "add", [COMMUNITY_REMOVE] = "remove", [COMMUNITY_REPLACE] = "replace"};
    struct texts texts = {.type = SET_TYPE_COUNT};
    int result = gather_texts(gatherer, frame, table, list, &texts);
    const char *said = text_of(table, options);
    for (unsigned i = COMMUNITY_ADD; i <= COMMUNITY_REPLACE; i++)
        if (str_equal_nocase(said, words[i]))
            action->change = (enum community_change)i;
    action->values = texts.texts;
    action->count = texts.count;
    if (result == 0 && action->change == COMMUNITY_KEEP && (texts.count > 0 || said[0] != '\0'))
        return action_error(gatherer, frame, table, options, "invalid option name (add, remove, replace)");
    return result;
}

static int read_med(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                    struct actions_spec *actions)
{
    const char *path = "bgp-actions.set-med", *text = text_of(table, path);
    bool sign = text[0] == '+' || text[0] == '-';
    uint64_t value;
    if (text[0] == '\0')
        return 0;
    if (str_parse_u64(text + sign, 0, UINT32_MAX, &value) < 0)
        return action_error(gatherer, frame, table, path, "invalid med action format (N, +N, -N)");
    actions->med.change = sign ? MED_ADD : MED_SET;
    actions->med.value = text[0] == '-' ? -(int64_t)value : (int64_t)value;
    return 0;
}

static int read_prepend(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                        struct actions_spec *actions)
{
    const char *path = "bgp-actions.set-as-path-prepend.as", *text = text_of(table, path);
    struct said_number repeat = number_of(table, "bgp-actions.set-as-path-prepend.repeat-n");
    if (text[0] == '\0')
        return repeat.value > 0 ? action_error(gatherer, frame, table, path, "specify as to prepend") : 0;
    actions->prepend.present = true;
    actions->prepend.repeat = (uint8_t)repeat.value;
    actions->prepend.last_as = strcmp(text, "last-as") == 0;
    uint64_t as = 0;
    if (!actions->prepend.last_as && str_parse_u64(text, 1, UINT32_MAX, &as) < 0)
        return action_error(gatherer, frame, table, path, "AS number string invalid (1..4294967295 or last-as)");
    actions->prepend.asn = (uint32_t)as;
    return 0;
}

static int read_next_hop(const struct gatherer *gatherer, const struct frame *frame, const struct node *table,
                         struct actions_spec *actions)
{
    static const char *const words[] = {
        [NEXT_HOP_SELF] = "self", [NEXT_HOP_UNCHANGED] = "unchanged", [NEXT_HOP_PEER_ADDRESS] = "peer-address"};
    const char *path = "bgp-actions.set-next-hop", *text = text_of(table, path);
    if (text[0] == '\0')
        return 0;
    for (unsigned i = NEXT_HOP_SELF; i <= NEXT_HOP_PEER_ADDRESS; i++)
        if (str_equal_nocase(text, words[i]))
            actions->next_hop.change = (enum next_hop_change)i;
    if (actions->next_hop.change != NEXT_HOP_KEEP)
        return 0;
    actions->next_hop.change = NEXT_HOP_ADDRESS;
    if (addr_parse(text, &actions->next_hop.address) < 0)
        return action_error(gatherer, frame, table, path,
                            "invalid ip address format (an address, self, unchanged, peer-address)");
    return 0;
}

static int read_actions(const struct gatherer *gatherer, const struct frame *outer, const struct node *node,
                        struct actions_spec *actions)
{
    const struct node *table = node_find(node, "actions");
    struct frame frame = {outer, "actions", -1};
    if (table == NULL)
        return 0;
    actions->route_action = (enum policy_action)word_of(table, "route-disposition", schema_disposition_words);
    actions->origin = origin_of(table, "bgp-actions.set-route-origin");
    actions->local_pref = number_of(table, "bgp-actions.set-local-pref");
    actions->local_pref.present &= actions->local_pref.value != 0; /* GoBGP's way to say nothing */
    int result =
        read_communities(gatherer, &frame, table, "bgp-actions.set-community.set-community-method.communities-list",
                         "bgp-actions.set-community.options", &actions->community);
    if (result == 0)
        result = read_communities(gatherer, &frame, table,
                                  "bgp-actions.set-ext-community.set-ext-community-method.communities-list",
                                  "bgp-actions.set-ext-community.options", &actions->ext_community);
    if (result == 0)
        result = read_communities(gatherer, &frame, table,
                                  "bgp-actions.set-large-community.set-large-community-method.communities-list",
                                  "bgp-actions.set-large-community.options", &actions->large_community);
    if (result == 0)
        result = read_med(gatherer, &frame, table, actions);
    if (result == 0)
        result = read_prepend(gatherer, &frame, table, actions);
    return result == 0 ? read_next_hop(gatherer, &frame, table, actions) : result;
}

/* Policies --------------------------------------------------------------------------------------------------------- */

static int read_policy(const struct gatherer *gatherer, const struct frame *frame, const struct node *node,
                       struct policy_spec *policy)
{
    const struct node *list = node_find(node, "statements");
    struct frame inner = {frame, "statements", -1};
    size_t count = 0;
    if (list != NULL && reader_elements(gatherer->reader, &inner, list, &list, &count) < 0)
        return E_INVALID;
    struct statement_spec *statements = arena_alloc(gatherer->arena, (count + 1) * sizeof(*statements));
    policy->name = arena_strdup(gatherer->arena, text_of(node, "name"));
    if (statements == NULL || policy->name == NULL)
        return full(gatherer);
    policy->statements = statements;
    policy->statement_count = count;
    for (size_t i = 0; i < count; i++, list = list->next) {
        inner.index = (int)i;
        statements[i].name = arena_strdup(gatherer->arena, text_of(list, "name"));
        int result = statements[i].name == NULL ? full(gatherer)
                                                : read_conditions(gatherer, &inner, list, &statements[i].conditions);
        if (result == 0)
            result = read_actions(gatherer, &inner, list, &statements[i].actions);
        if (result < 0)
            return result;
    }
    return 0;
}

static int read_policies(struct gatherer *gatherer, const struct node *root)
{
    const struct node *node = node_find(root, "policy-definitions");
    struct frame frame = {NULL, "policy-definitions", -1};
    size_t count = 0;
    if (node != NULL && reader_elements(gatherer->reader, &frame, node, &node, &count) < 0)
        return E_INVALID;
    gatherer->policies = arena_alloc(gatherer->arena, (count + 1) * sizeof(*gatherer->policies));
    gatherer->policy_places = arena_alloc(gatherer->arena, (count + 1) * sizeof(*gatherer->policy_places));
    if (gatherer->policies == NULL || gatherer->policy_places == NULL)
        return full(gatherer);
    for (size_t i = 0; i < count; i++, node = node->next) {
        struct defined *place = &gatherer->policy_places[i];
        place->node = node;
        place->frame = (struct frame){NULL, "policy-definitions", (int)i};
        int result = read_policy(gatherer, &place->frame, node, &gatherer->policies[gatherer->policy_count++]);
        if (result < 0)
            return result;
    }
    return 0;
}

/* The statement at fault, and its key: in its conditions, its actions, or of itself. */
static int statement_error(const struct gatherer *gatherer, const struct policy_place *place, const char *text)
{
    const struct defined *policy = &gatherer->policy_places[place->index];
    const struct node *node = node_find(policy->node, "statements");
    struct frame statement = {&policy->frame, "statements", (int)place->statement};
    if (node != NULL && node->kind == NODE_LIST) {
        node = node->first;
        for (size_t i = 0; i < place->statement && node != NULL; i++)
            node = node->next;
    }
    if (node == NULL)
        return reader_error(gatherer->reader, &policy->frame, node_place(policy->node), "%s", text);
    static const char *const blocks[] = {"conditions", "actions"};
    for (unsigned i = 0; i < ARRAY_LEN(blocks); i++) {
        const struct node *block = node_find(node, blocks[i]);
        const struct node *key = block != NULL ? node_find_path(block, place->key) : NULL;
        struct frame outer = {&statement, blocks[i], -1}, inner = {&outer, place->key, -1};
        if (key != NULL)
            return reader_error(gatherer->reader, &inner, node_place(key), "%s", text);
    }
    struct frame inner = {&statement, place->key, -1};
    return reader_error(gatherer->reader, &inner, node_place(node_nearest(node, place->key)), "%s", text);
}

static int check_together(const struct gatherer *gatherer, const struct policy_definitions *definitions)
{
    struct policy_place place;
    struct err err;
    if (policy_definitions_check(definitions, &place, &err) == 0)
        return 0;
    if (place.kind == POLICY_PLACE_STATEMENT)
        return statement_error(gatherer, &place, err.text);
    const struct defined *set = &gatherer->set_places[place.index];
    return reader_error(gatherer->reader, &set->frame, node_place(set->node), "%s", err.text);
}

int policies_read(const struct reader *reader, const struct node *root, struct config *config)
{
    if (node_find(root, "defined-sets") == NULL && node_find(root, "policy-definitions") == NULL)
        return 0;
    struct policies *policies = mem_zalloc(MEM_CONFIG, sizeof(*policies));
    struct gatherer gatherer = {.reader = reader, .arena = &policies->arena};
    arena_init(&policies->arena, POLICIES_BYTES_MAX);
    policies->refs = 1;
    config->policies = &policies->definitions;
    int result = read_sets(&gatherer, root);
    if (result == 0)
        result = read_policies(&gatherer, root);
    policies->definitions = (struct policy_definitions){.sets = gatherer.sets,
                                                        .set_count = gatherer.set_count,
                                                        .policies = gatherer.policies,
                                                        .policy_count = gatherer.policy_count};
    return result == 0 ? check_together(&gatherer, &policies->definitions) : result;
}

/* Applying --------------------------------------------------------------------------------------------------------- */

static bool is_defined(const struct config *config, const char *name)
{
    const struct policy_definitions *definitions = config->policies;
    for (size_t i = 0; definitions != NULL && i < definitions->policy_count; i++)
        if (strcmp(definitions->policies[i].name, name) == 0)
            return true;
    return false;
}

struct applied {
    const struct config *config;
    const char *names[CONFIG_POLICIES_MAX];
    unsigned count;
};

static int check_applied(const struct gatherer *gatherer, const struct frame *frame, const struct node *node,
                         const char *text, void *context)
{
    struct applied *applied = context;
    char excerpt[TREE_EXCERPT_MAX];
    if (!is_defined(applied->config, text))
        return reader_error(gatherer->reader, frame, node_place(node), "not found policy %s",
                            tree_excerpt(text, excerpt));
    for (unsigned i = 0; i < applied->count; i++)
        if (strcmp(applied->names[i], text) == 0)
            return reader_error(gatherer->reader, frame, node_place(node), "duplicated policy %s",
                                tree_excerpt(text, excerpt));
    if (applied->count < CONFIG_POLICIES_MAX)
        applied->names[applied->count++] = text;
    return 0;
}

int policies_check_applied(const struct reader *reader, const struct frame *frame, const struct node *table,
                           const struct config *config)
{
    static const char *const lists[] = {"apply-policy.config.import-policy-list",
                                        "apply-policy.config.export-policy-list"};
    struct gatherer gatherer = {.reader = reader, .arena = &reader->tree->arena};
    int result = 0;
    for (unsigned i = 0; i < ARRAY_LEN(lists) && table != NULL && result == 0; i++) {
        struct applied applied = {.config = config};
        result = each_text(&gatherer, frame, table, lists[i], check_applied, &applied);
    }
    return result;
}
