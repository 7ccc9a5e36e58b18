#include "lab.h"

#include <inttypes.h>
#include <string.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "base/check.h"
#include "policy/pattern_set.h"

void policy_lab_init(struct policy_lab *lab)
{
    *lab = (struct policy_lab){.table = policy_table_new(), .scratch = policy_scratch_new()};
    buf_init(&lab->bytes, ATTR_BLOCK_MAX);
}

void policy_lab_release(struct policy_lab *lab)
{
    policy_table_free(lab->table);
    policy_scratch_free(lab->scratch);
    buf_release(&lab->bytes);
}

void lab_set(struct policy_lab *lab, enum set_type type, const char *name, const char *const *members, size_t count)
{
    struct prefix_range ranges[32];
    struct set_spec set = {.type = type, .name = name, .texts = members, .prefixes = ranges, .count = count};
    struct err err = {{0}};
    assert_true(count <= ARRAY_LEN(ranges));
    for (size_t i = 0; type == SET_PREFIX && i < count; i++) {
        char prefix[64];
        size_t length = strcspn(members[i], " ");
        memcpy(prefix, members[i], length);
        prefix[length] = '\0';
        const char *lengths = members[i][length] ? members[i] + length + 1 : NULL;
        if (prefix_range_parse(prefix, lengths, &ranges[i], &err) < 0)
            fail_msg("%s", err.text);
    }
    if (policy_set_replace(lab->table, &set, &err) < 0)
        fail_msg("%s", err.text);
}

void lab_policy(struct policy_lab *lab, const struct statement_spec *statements, size_t count)
{
    static const char *const names[] = {"p"};
    struct policy_spec policy = {.name = "p", .statements = statements, .statement_count = count};
    struct assignment_spec assignment = {.target = POLICY_TARGET_GLOBAL,
                                         .direction = POLICY_IMPORT,
                                         .policies = names,
                                         .policy_count = 1,
                                         .default_action = POLICY_REJECT};
    struct assignment_spec none = assignment;
    struct err err = {{0}};
    none.policy_count = 0;
    policy_assign_set(lab->table, &none, NULL);
    policy_delete(lab->table, &policy, true, false, NULL);
    if (policy_add(lab->table, &policy, false, &err) < 0 || policy_assign_set(lab->table, &assignment, &err) < 0)
        fail_msg("%s", err.text);
}

static void put_number(struct buf *buf, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    attr_put(buf, flags, type, bytes, 4);
}

static void put_communities(struct buf *buf, uint8_t attribute, enum set_type type, const char *text)
{
    struct buf values;
    if (text == NULL)
        return;
    buf_init(&values, ATTR_BLOCK_MAX);
    while (*text != '\0') {
        char one[64];
        uint8_t value[12];
        size_t length = strcspn(text, " ");
        memcpy(one, text, length);
        one[length] = '\0';
        assert_int_equal(community_value_parse(type, one, value, NULL), 0);
        buf_put(&values, value, community_bytes(type));
        text += length + (text[length] == ' ');
    }
    attr_put(buf, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, attribute, values.bytes, (uint16_t)values.length);
    buf_release(&values);
}

void lab_block(struct policy_lab *lab, const struct route *route, struct attr_block *block)
{
    struct buf path;
    struct addr next_hop;
    buf_init(&path, ATTR_BLOCK_MAX);
    buf_clear(&lab->bytes);
    attr_put(&lab->bytes, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &route->origin, 1);
    assert_int_equal(as_path_parse(route->as_path ? route->as_path : "", &path), 0);
    attr_put(&lab->bytes, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path.bytes, (uint16_t)path.length);
    assert_int_equal(addr_parse(route->next_hop ? route->next_hop : "192.0.2.1", &next_hop), 0);
    attr_put(&lab->bytes, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop.bytes, next_hop.kind == ADDR_IPV4 ? 4 : 16);
    if (route->med > 0)
        put_number(&lab->bytes, ATTR_FLAG_OPTIONAL, ATTR_MED, (uint32_t)(route->med - 1));
    if (route->local_pref > 0)
        put_number(&lab->bytes, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, (uint32_t)(route->local_pref - 1));
    put_communities(&lab->bytes, ATTR_COMMUNITIES, SET_COMMUNITY, route->communities);
    put_communities(&lab->bytes, ATTR_EXT_COMMUNITIES, SET_EXT_COMMUNITY, route->ext_communities);
    put_communities(&lab->bytes, ATTR_LARGE_COMMUNITIES, SET_LARGE_COMMUNITY, route->large_communities);
    buf_release(&path);
    assert_int_equal(attr_block_check(lab->bytes.bytes, (uint32_t)lab->bytes.length, NULL), 0);
    attr_block_of(lab->bytes.bytes, (uint32_t)lab->bytes.length, block);
}

enum policy_action lab_pass(struct policy_lab *lab, const struct route *route)
{
    struct policy_chain chain = {.global = policy_assignment(lab->table, POLICY_TARGET_GLOBAL, POLICY_IMPORT)};
    struct attr_block block;
    struct prefix prefix;
    assert_int_equal(prefix_parse(route->prefix ? route->prefix : "192.0.2.0/24", false, &prefix), 0);
    lab_block(lab, route, &block);
    lab->facts.prefix = &prefix;
    lab->facts.family = route->family;
    lab->facts.route_type = (uint8_t)(route->type ? route->type : ROUTE_TYPE_EXTERNAL);
    lab->facts.origin_as = block.summary.origin_as;
    lab->facts.neighbor = (struct addr){.kind = ADDR_NONE};
    if (route->neighbor != NULL)
        assert_int_equal(addr_parse(route->neighbor, &lab->facts.neighbor), 0);
    policy_evaluate(lab->scratch, &chain, &lab->facts, &block, &lab->trace, &lab->result);
    assert_int_equal(attr_block_check(lab->result.attrs, lab->result.length, NULL), 0);
    return lab->result.action;
}

static void say_communities(const struct attr_item *item, enum set_type type, const char *word, struct str *out)
{
    str_printf(out, " %s", word);
    for (unsigned at = 0; at < item->length; at += community_bytes(type)) {
        str_add_char(out, ' ');
        community_value_format(type, item->value + at, out);
    }
}

const char *lab_outcome(struct policy_lab *lab)
{
    static char text[4096];
    char address[ADDR_TEXT_MAX];
    struct str out = str_over(text, sizeof(text));
    struct cursor cursor = cursor_of(lab->result.attrs, lab->result.length);
    struct attr_block block;
    struct attr_item item;
    struct addr next_hop, link_local;
    attr_block_of(lab->result.attrs, lab->result.length, &block);
    attr_block_next_hop(lab->result.attrs, lab->result.length, &next_hop, &link_local);
    while (attr_next(&cursor, &item)) {
        if (item.type == ATTR_ORIGIN && item.value[0] != ORIGIN_IGP)
            str_printf(&out, " origin %u", item.value[0]);
        if (item.type == ATTR_AS_PATH) {
            str_add(&out, " path [");
            as_path_format(item.value, item.length, &out);
            str_add(&out, "]");
        }
        if (item.type == ATTR_NEXT_HOP)
            str_printf(&out, " next-hop %s", addr_format(&next_hop, address));
        if (item.type == ATTR_MED)
            str_printf(&out, " med %" PRIu32, block.summary.med);
        if (item.type == ATTR_LOCAL_PREF)
            str_printf(&out, " local-pref %" PRIu32, block.summary.local_pref);
        if (item.type == ATTR_COMMUNITIES)
            say_communities(&item, SET_COMMUNITY, "communities", &out);
        if (item.type == ATTR_EXT_COMMUNITIES)
            say_communities(&item, SET_EXT_COMMUNITY, "ext", &out);
        if (item.type == ATTR_LARGE_COMMUNITIES)
            say_communities(&item, SET_LARGE_COMMUNITY, "large", &out);
    }
    return text + (text[0] == ' ');
}
