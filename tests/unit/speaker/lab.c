#include "lab.h"

#include <stdlib.h>
#include <string.h>

#include "attr/as_path.h"
#include "base/hash.h"

struct rib *lab_rib_new(enum family_id family)
{
    static const uint8_t kinds[] = {SOURCE_LOCAL,    SOURCE_EXTERNAL, SOURCE_EXTERNAL,
                                    SOURCE_INTERNAL, SOURCE_INTERNAL, SOURCE_CONFEDERATION};
    hash_set_seed(5);
    struct rib *rib = rib_new(family, &(struct rib_options){0});
    for (source_id source = 1; source <= LAB_CONFEDERATION; source++) {
        struct addr address = addr_ipv4(0x0A000000 + source);
        rib_source_open(rib, source, kinds[source], &address, 65000u + source, 0x01010100u + source);
    }
    rib_source(rib, LAB_CLIENT)->reflector_client = true;
    rib_source(rib, LAB_CLIENT)->cluster_id = 78;
    return rib;
}

void lab_rib_free(struct rib *rib)
{
    assert_int_equal(attr_store_stats(rib->attrs).sets, 0);
    rib_free(rib);
}

static void put_number(struct buf *out, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    attr_put(out, flags, type, bytes, 4);
}

static void put_numbers(struct buf *out, uint8_t flags, uint8_t type, const char *text)
{
    struct buf list;
    buf_init(&list, 65536);
    while (*text != '\0') {
        char *end;
        buf_u32(&list, (uint32_t)strtoul(text, &end, 10));
        text = *end == ',' ? end + 1 : end;
    }
    attr_put(out, flags, type, list.bytes, (uint16_t)list.length);
    buf_release(&list);
}

static uint8_t *next_hop_bytes(const char *text, uint8_t bytes[32], uint16_t *length)
{
    char first[64];
    struct addr addr;
    const char *plus = strchr(text, '+');
    size_t size = plus ? (size_t)(plus - text) : strlen(text);
    memcpy(first, text, size);
    first[size] = '\0';
    assert_int_equal(addr_parse(first, &addr), 0);
    *length = addr.kind == ADDR_IPV4 ? 4 : 16;
    memcpy(bytes, addr.bytes, 16);
    if (plus == NULL)
        return bytes;
    assert_int_equal(addr_parse(plus + 1, &addr), 0);
    memcpy(bytes + 16, addr.bytes, 16);
    *length = 32;
    return bytes;
}

static const struct field {
    const char *name;
    uint8_t type;
    uint8_t flags;
} fields[] = {
    {"origin", ATTR_ORIGIN, ATTR_FLAG_TRANSITIVE},
    {"path", ATTR_AS_PATH, ATTR_FLAG_TRANSITIVE},
    {"nh", ATTR_NEXT_HOP, ATTR_FLAG_TRANSITIVE},
    {"med", ATTR_MED, ATTR_FLAG_OPTIONAL},
    {"pref", ATTR_LOCAL_PREF, ATTR_FLAG_TRANSITIVE},
    {"aggregator", ATTR_AGGREGATOR, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE},
    {"comm", ATTR_COMMUNITIES, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE},
    {"originator", ATTR_ORIGINATOR_ID, ATTR_FLAG_OPTIONAL},
    {"clusters", ATTR_CLUSTER_LIST, ATTR_FLAG_OPTIONAL},
    {"as4path", ATTR_AS4_PATH, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE},
    {"as4aggregator", ATTR_AS4_AGGREGATOR, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE},
    {"aigp", ATTR_AIGP, ATTR_FLAG_OPTIONAL},
    {"otc", ATTR_OTC, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE},
    {"sid", ATTR_PREFIX_SID, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE},
};

static void put_field(struct buf *out, const struct field *field, const char *value)
{
    uint8_t bytes[32];
    uint16_t length;
    struct buf path;
    switch (field->type) {
    case ATTR_ORIGIN:
        bytes[0] = (uint8_t)atol(value);
        attr_put(out, field->flags, field->type, bytes, 1);
        return;
    case ATTR_AS_PATH:
        buf_init(&path, 65536);
        if (*value != '\0')
            assert_int_equal(as_path_parse(value, &path), 0);
        attr_put(out, field->flags, field->type, path.bytes, (uint16_t)path.length);
        buf_release(&path);
        return;
    case ATTR_NEXT_HOP:
        next_hop_bytes(value, bytes, &length);
        attr_put(out, field->flags, field->type, bytes, length);
        return;
    case ATTR_AGGREGATOR:
        put_number(out, field->flags, field->type, 0);
        out->length -= 7;
        memset(bytes, 0, 8);
        for (unsigned i = 0; i < 4; i++)
            bytes[i] = (uint8_t)(strtoul(value, NULL, 10) >> (24 - 8 * i));
        bytes[4] = 10;
        attr_put(out, field->flags, field->type, bytes, 8);
        return;
    default:
        put_numbers(out, field->flags, field->type, value);
    }
}

attr_id lab_set(struct rib *rib, const char *text)
{
    struct buf bytes;
    struct attr_block block;
    char copy[512], *rest = copy, *word;
    buf_init(&bytes, ATTR_BLOCK_MAX);
    assert_true(strlen(text) < sizeof(copy));
    memcpy(copy, text, strlen(text) + 1);
    while ((word = strtok_r(rest, " ", &rest)) != NULL) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
            if (strcmp(word, fields[i].name) == 0)
                put_field(&bytes, &fields[i], value);
    }
    attr_block_of(bytes.bytes, (uint32_t)bytes.length, &block);
    attr_id id = attr_store_intern(rib->attrs, &block, 0);
    buf_release(&bytes);
    return id;
}

static void say_numbers(struct str *out, const struct attr_item *item)
{
    struct cursor list = cursor_of(item->value, item->length);
    for (bool first = true; !cursor_done(&list); first = false)
        str_printf(out, "%s%u", first ? "" : ",", cursor_u32(&list));
}

static void say_value(struct str *out, const struct attr_item *item, bool four_octet)
{
    char text[ADDR_TEXT_MAX];
    struct cursor value = cursor_of(item->value, item->length);
    struct addr addr;
    switch (item->type) {
    case ATTR_ORIGIN:
        str_printf(out, "%u", item->value[0]);
        return;
    case ATTR_AS_PATH:
    case ATTR_AS4_PATH:
        if (four_octet || item->type == ATTR_AS4_PATH) {
            as_path_format(item->value, item->length, out);
            return;
        }
        str_add(out, "2:");
        cursor_u16(&value); /* one sequence */
        for (bool first = true; !cursor_done(&value); first = false)
            str_printf(out, "%s%u", first ? "" : ",", cursor_u16(&value));
        return;
    case ATTR_NEXT_HOP:
        addr = addr_from_bytes(item->length == 4 ? ADDR_IPV4 : ADDR_IPV6, item->value);
        str_add(out, addr_format(&addr, text));
        return;
    case ATTR_AGGREGATOR:
        if (item->length == 6)
            str_printf(out, "2:%u", cursor_u16(&value));
        else
            str_printf(out, "%u", cursor_u32(&value));
        return;
    case ATTR_AS4_AGGREGATOR:
        str_printf(out, "%u", cursor_u32(&value));
        return;
    default:
        say_numbers(out, item);
    }
}

const char *lab_text(const uint8_t *bytes, size_t length, bool four_octet)
{
    static char text[4096];
    struct str out = str_over(text, sizeof(text));
    struct cursor cursor = cursor_of(bytes, length);
    struct attr_item item;
    text[0] = '\0';
    while (attr_next(&cursor, &item)) {
        const char *name = NULL;
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
            if (fields[i].type == item.type) {
                name = fields[i].name;
                assert_int_equal(item.flags & ~ATTR_FLAG_EXTENDED_LENGTH, fields[i].flags);
            }
        if (text[0] != '\0')
            str_add(&out, " ");
        if (name == NULL) {
            str_printf(&out, "?%u", item.type);
            continue;
        }
        str_printf(&out, "%s=", name);
        say_value(&out, &item, four_octet);
    }
    assert_false(cursor.failed);
    return text;
}

struct prefix lab_prefix(const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, false, &prefix), 0);
    return prefix;
}

row_id lab_announce(struct rib *rib, source_id source, const char *prefix, uint32_t path_id, attr_id attrs)
{
    struct prefix key = lab_prefix(prefix);
    rib_announce(rib, source, &key, path_id, attrs, 0);
    return rib_find(rib, &key);
}

struct export_rules lab_rules(enum family_id family, enum source_kind kind)
{
    struct export_rules rules;
    memset(&rules, 0, sizeof(rules));
    rules.family = (uint8_t)family;
    rules.kind = (uint8_t)kind;
    rules.four_octet_as = true;
    rules.local_role = 255;
    rules.honour_well_known = true;
    rules.local_as = 65000;
    if (family == FAMILY_IPV4_UNICAST)
        assert_int_equal(addr_parse("192.0.2.99", &rules.next_hop_ipv4), 0);
    else
        assert_int_equal(addr_parse("2001:db8::99", &rules.next_hop_ipv6), 0);
    if (kind == SOURCE_INTERNAL)
        rules.cluster_id = 77;
    return rules;
}
