/* Defined sets and policy definitions. */
#include "base/check.h"
#include "config/schema.h"

static const struct word any_invert_words[] = {{"any", 0}, {"invert", 1}, {"", 0}, {NULL, 0}};
const struct word schema_match_words[] = {{"any", 0}, {"all", 1}, {"invert", 2}, {"", 0}, {NULL, 0}};
static const struct word protocol_words[] = {
    {"bgp", 0},
    {"isis", 1},
    {"ospf", 2},
    {"ospf3", 3},
    {"static", 4},
    {"directly-connected", 5},
    {"local-aggregate", 6},
    {"", 0},
    {NULL, 0},
};
const struct word schema_origin_words[] = {{"igp", 0}, {"egp", 1}, {"incomplete", 2}, {"", 0}, {NULL, 0}};
const struct word schema_operator_words[] = {
    {"eq", 0}, {"ge", 1}, {"le", 2}, {"attribute-eq", 0}, {"attribute-ge", 1}, {"attribute-le", 2}, {"", 0}, {NULL, 0},
};
const struct word schema_route_type_words[] = {
    {"none", 0}, {"internal", 1}, {"external", 2}, {"local", 3}, {"", 0}, {NULL, 0},
};
const struct word schema_validation_words[] = {
    {"none", 0}, {"not-found", 1}, {"valid", 2}, {"invalid", 3}, {"", 0}, {NULL, 0},
};
const struct word schema_disposition_words[] = {
    {"none", 0}, {"accept-route", 1}, {"reject-route", 2}, {"", 0}, {NULL, 0},
};

static const struct key prefix_keys[] = {
    {"ip-prefix", KEY_TEXT, HONOURED},
    {"masklength-range", KEY_TEXT, HONOURED},
    {"rtc-prefix", KEY_TEXT, NOT_YET, .remark = "route target membership"},
};
static const struct section prefix_section = SECTION("prefix-list", prefix_keys, 0);

static const struct key prefix_set_keys[] = {
    {"prefix-set-name", KEY_TEXT, HONOURED},
    {"prefix-list", KEY_LIST, HONOURED, .section = &prefix_section},
};
static const struct section prefix_set_section = SECTION("prefix-sets", prefix_set_keys, 0);

static const struct key neighbor_set_keys[] = {
    {"neighbor-set-name", KEY_TEXT, HONOURED},
    {"neighbor-info-list", KEY_TEXTS, HONOURED},
};
static const struct section neighbor_set_section = SECTION("neighbor-sets", neighbor_set_keys, 0);

static const struct key tag_keys[] = {{"value", KEY_TEXT, IGNORED}};
static const struct section tag_section = SECTION("tag-list", tag_keys, 0);

static const struct key tag_set_keys[] = {
    {"tag-set-name", KEY_TEXT, IGNORED},
    {"tag-list", KEY_LIST, IGNORED, .section = &tag_section},
};
static const struct section tag_set_section = SECTION("tag-sets", tag_set_keys, 0);

static const struct key community_set_keys[] = {
    {"community-set-name", KEY_TEXT, HONOURED},
    {"community-list", KEY_TEXTS, HONOURED},
};
static const struct section community_set_section = SECTION("community-sets", community_set_keys, 0);

static const struct key ext_community_set_keys[] = {
    {"ext-community-set-name", KEY_TEXT, HONOURED},
    {"ext-community-list", KEY_TEXTS, HONOURED},
};
static const struct section ext_community_set_section = SECTION("ext-community-sets", ext_community_set_keys, 0);

static const struct key large_community_set_keys[] = {
    {"large-community-set-name", KEY_TEXT, HONOURED},
    {"large-community-list", KEY_TEXTS, HONOURED},
};
static const struct section large_community_set_section = SECTION("large-community-sets", large_community_set_keys, 0);

static const struct key as_path_set_keys[] = {
    {"as-path-set-name", KEY_TEXT, HONOURED},
    {"as-path-list", KEY_TEXTS, HONOURED},
};
static const struct section as_path_set_section = SECTION("as-path-sets", as_path_set_keys, 0);

static const struct key defined_sets_keys[] = {
    {"prefix-sets", KEY_LIST, HONOURED, .section = &prefix_set_section},
    {"neighbor-sets", KEY_LIST, HONOURED, .section = &neighbor_set_section},
    {"tag-sets", KEY_LIST, IGNORED, .section = &tag_set_section},
    {"bgp-defined-sets.community-sets", KEY_LIST, HONOURED, .section = &community_set_section},
    {"bgp-defined-sets.ext-community-sets", KEY_LIST, HONOURED, .section = &ext_community_set_section},
    {"bgp-defined-sets.large-community-sets", KEY_LIST, HONOURED, .section = &large_community_set_section},
    {"bgp-defined-sets.as-path-sets", KEY_LIST, HONOURED, .section = &as_path_set_section},
};
const struct section schema_defined_sets = SECTION("defined-sets", defined_sets_keys, 0);

static const struct section igp_condition_section = {.name = "igp-conditions"};

static const struct key condition_keys[] = {
    {"call-policy", KEY_TEXT, IGNORED},
    {"match-prefix-set.prefix-set", KEY_TEXT, HONOURED},
    {"match-prefix-set.match-set-options", KEY_WORD, HONOURED, .words = any_invert_words},
    {"match-neighbor-set.neighbor-set", KEY_TEXT, HONOURED},
    {"match-neighbor-set.match-set-options", KEY_WORD, HONOURED, .words = any_invert_words},
    {"match-tag-set.tag-set", KEY_TEXT, IGNORED},
    {"match-tag-set.match-set-options", KEY_WORD, IGNORED, .words = any_invert_words},
    {"install-protocol-eq", KEY_WORD, IGNORED, .words = protocol_words},
    {"igp-conditions", KEY_BLOCK, IGNORED, .section = &igp_condition_section},
    {"bgp-conditions.match-community-set.community-set", KEY_TEXT, HONOURED},
    {"bgp-conditions.match-community-set.match-set-options", KEY_WORD, HONOURED, .words = schema_match_words},
    {"bgp-conditions.match-ext-community-set.ext-community-set", KEY_TEXT, HONOURED},
    {"bgp-conditions.match-ext-community-set.match-set-options", KEY_WORD, HONOURED, .words = schema_match_words},
    {"bgp-conditions.match-large-community-set.large-community-set", KEY_TEXT, HONOURED},
    {"bgp-conditions.match-large-community-set.match-set-options", KEY_WORD, HONOURED, .words = schema_match_words},
    {"bgp-conditions.match-as-path-set.as-path-set", KEY_TEXT, HONOURED},
    {"bgp-conditions.match-as-path-set.match-set-options", KEY_WORD, HONOURED, .words = schema_match_words},
    {"bgp-conditions.med-eq", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"bgp-conditions.origin-eq", KEY_WORD, HONOURED, .words = schema_origin_words},
    {"bgp-conditions.next-hop-in-list", KEY_TEXTS, HONOURED},
    {"bgp-conditions.afi-safi-in-list", KEY_TEXTS, HONOURED},
    {"bgp-conditions.local-pref-eq", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"bgp-conditions.community-count.operator", KEY_WORD, HONOURED, .words = schema_operator_words},
    {"bgp-conditions.community-count.value", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"bgp-conditions.as-path-length.operator", KEY_WORD, HONOURED, .words = schema_operator_words},
    {"bgp-conditions.as-path-length.value", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"bgp-conditions.route-type", KEY_WORD, HONOURED, .words = schema_route_type_words},
    {"bgp-conditions.rpki-validation-result", KEY_WORD, HONOURED, .words = schema_validation_words},
};
static const struct section condition_section = SECTION("conditions", condition_keys, 0);

static const struct key action_keys[] = {
    {"route-disposition", KEY_WORD, HONOURED, .words = schema_disposition_words},
    {"igp-actions.set-tag", KEY_TEXT, IGNORED},
    {"bgp-actions.set-as-path-prepend.repeat-n", KEY_NUMBER, HONOURED, RANGE(0, UINT8_MAX)},
    {"bgp-actions.set-as-path-prepend.as", KEY_TEXT, HONOURED},
    {"bgp-actions.set-community.set-community-method.communities-list", KEY_TEXTS, HONOURED},
    {"bgp-actions.set-community.set-community-method.community-set-ref", KEY_TEXT, IGNORED},
    {"bgp-actions.set-community.options", KEY_TEXT, HONOURED},
    {"bgp-actions.set-ext-community.set-ext-community-method.communities-list", KEY_TEXTS, HONOURED},
    {"bgp-actions.set-ext-community.set-ext-community-method.ext-community-set-ref", KEY_TEXT, IGNORED},
    {"bgp-actions.set-ext-community.options", KEY_TEXT, HONOURED},
    {"bgp-actions.set-large-community.set-large-community-method.communities-list", KEY_TEXTS, HONOURED},
    {"bgp-actions.set-large-community.options", KEY_TEXT, HONOURED},
    {"bgp-actions.set-route-origin", KEY_WORD, HONOURED, .words = schema_origin_words},
    {"bgp-actions.set-local-pref", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"bgp-actions.set-next-hop", KEY_TEXT, HONOURED},
    {"bgp-actions.set-med", KEY_TEXT, HONOURED},
};
static const struct section action_section = SECTION("actions", action_keys, 0);

static const struct key statement_keys[] = {
    {"name", KEY_TEXT, HONOURED},
    {"conditions", KEY_BLOCK, HONOURED, .section = &condition_section},
    {"actions", KEY_BLOCK, HONOURED, .section = &action_section},
};
static const struct section statement_section = SECTION("statements", statement_keys, 0);

static const struct key policy_definition_keys[] = {
    {"name", KEY_TEXT, HONOURED},
    {"statements", KEY_LIST, HONOURED, .section = &statement_section},
};
const struct section schema_policy_definition = SECTION("policy-definitions", policy_definition_keys, 0);
