#include "config/value.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "net/asn.h"

enum { PIECE_MAX = 256, DIGITS_MAX = 40 };

static int mismatch(const char *expected, const struct node *node, struct err *err)
{
    char excerpt[TREE_EXCERPT_MAX];
    if (node->text)
        return err_set(err, E_INVALID, "'%s' is not %s", tree_excerpt(node->text, excerpt), expected);
    return err_set(err, E_INVALID, "%s expected, found %s", expected, node_kind_text(node->kind));
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A' + 10);
    return 16;
}

/* Digits of a base with underscores between them, up to the end. */
static bool parse_based(const char *text, unsigned base, int64_t *value)
{
    uint64_t sum = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text == '_')
            continue;
        unsigned digit = digit_value(*text);
        if (digit >= base || sum > (uint64_t)INT64_MAX / base - 1)
            return false;
        sum = sum * base + digit;
    }
    *value = (int64_t)sum;
    return true;
}

/* "12", "1_000", "0x1f", "90.0", "9e1". The fraction is cut off, and told. */
static bool parse_number(const char *text, int64_t *value, bool *has_fraction)
{
    bool negative = *text == '-';
    char digits[DIGITS_MAX];
    int count = 0;
    int point = -1;
    int64_t exponent = 0;
    *has_fraction = false;
    if (*text == '-' || *text == '+')
        text++;
    if (text[0] == '0' && text[1] != '\0' && strchr("xXoObB", text[1])) {
        bool valid = parse_based(text + 2, strchr("xX", text[1]) ? 16 : strchr("oO", text[1]) ? 8 : 2, value);
        *value = negative ? -*value : *value;
        return valid;
    }
    for (; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.' && point < 0)
            point = count;
        else if (*text >= '0' && *text <= '9' && count < DIGITS_MAX)
            digits[count++] = *text;
        else if (*text != '_' || count == 0)
            return false;
    }
    if (count == 0)
        return false;
    if (*text) {
        bool small = *++text == '-';
        if ((*text == '-' || *text == '+'))
            text++;
        if (!parse_based(text, 10, &exponent) || exponent > DIGITS_MAX)
            return false;
        exponent = small ? -exponent : exponent;
    }
    int64_t whole = (point < 0 ? count : point) + exponent;
    int64_t sum = 0;
    for (int64_t i = 0; i < whole || i < count; i++) {
        int digit = i < count && i >= 0 ? digits[i] - '0' : 0;
        if (i >= whole)
            *has_fraction |= digit != 0;
        else if (sum > (INT64_MAX - digit) / 10)
            return false;
        else
            sum = sum * 10 + digit;
    }
    *value = negative ? -sum : sum;
    return true;
}

static int out_of_range(const struct key *key, const struct node *node, int64_t value, struct err *err)
{
    char excerpt[TREE_EXCERPT_MAX];
    int64_t minimum;
    int64_t maximum;
    key_range(key, &minimum, &maximum);
    return err_set(err, E_INVALID, "%s%s is %s %" PRId64 " (allowed: %s%" PRId64 "..%" PRId64 ")",
                   tree_excerpt(node->text, excerpt), key->type == KEY_SECONDS ? " s" : "",
                   value < minimum ? "below" : "above", value < minimum ? minimum : maximum,
                   key->flags & ZERO ? "0, " : "", minimum, maximum);
}

static int read_number(const struct key *key, const struct node *node, int64_t *value, struct err *err)
{
    int64_t minimum;
    int64_t maximum;
    bool has_fraction;
    bool scalar = node->kind == NODE_NUMBER || node->kind == NODE_STRING;
    if (!scalar || !parse_number(node->text, value, &has_fraction) || (has_fraction && key->type != KEY_SECONDS))
        return mismatch(key->type == KEY_SECONDS ? "a number of seconds" : "a whole number", node, err);
    if (*value == 0 && (key->flags & ZERO))
        return 0;
    key_range(key, &minimum, &maximum);
    return *value < minimum || *value > maximum ? out_of_range(key, node, *value, err) : 0;
}

static int read_bool(const struct node *node, int64_t *value, struct err *err)
{
    static const char *const yes[] = {"true", "True", "TRUE", "t", "T", "1"};
    static const char *const no[] = {"false", "False", "FALSE", "f", "F", "0"};
    bool has_fraction;
    if (node->kind == NODE_NUMBER && parse_number(node->text, value, &has_fraction)) {
        *value = *value != 0;
        return 0;
    }
    for (size_t i = 0; node->text && i < ARRAY_LEN(yes); i++) {
        *value = strcmp(node->text, yes[i]) == 0;
        if (*value || strcmp(node->text, no[i]) == 0)
            return 0;
    }
    return mismatch("true or false", node, err);
}

static int read_word(const struct key *key, const struct node *node, int64_t *value, struct err *err)
{
    char excerpt[TREE_EXCERPT_MAX];
    char words[CONFIG_DESCRIPTION_MAX];
    struct str str = str_over(words, sizeof(words));
    for (const struct word *word = key->words; word->name; word++) {
        if (node->text && strcmp(word->name, node->text) == 0) {
            *value = word->value;
            return 0;
        }
        if (*word->name)
            str_printf(&str, "%s%s", str.length ? ", " : "", word->name);
    }
    if (!node->text)
        return mismatch("a word", node, err);
    return err_set(err, E_INVALID, "'%s' is unknown (allowed: %s)", tree_excerpt(node->text, excerpt), words);
}

static int read_asn(const struct key *key, const struct node *node, int64_t *value, struct err *err)
{
    uint32_t asn;
    if (node->text && asn_parse(node->text, &asn) == 0) {
        *value = asn;
        return 0;
    }
    int result = read_number(key, node, value, err);
    return result < 0 && node->text ? mismatch("an AS number (0..4294967295)", node, err) : result;
}

static int read_family(const struct node *node, int64_t *value, struct err *err)
{
    char excerpt[TREE_EXCERPT_MAX];
    enum family_id id = node->text ? family_from_config_name(node->text) : FAMILY_UNKNOWN;
    *value = id;
    if (id != FAMILY_UNKNOWN)
        return 0;
    if (!node->text)
        return mismatch("an address family", node, err);
    const char *nearest = NULL;
    unsigned best = 6;
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        unsigned distance = str_distance(node->text, family_get((enum family_id)i)->config_name);
        if (distance < best) {
            best = distance;
            nearest = family_get((enum family_id)i)->config_name;
        }
    }
    return err_set(err, E_INVALID, "'%s' is not an address family%s%s%s", tree_excerpt(node->text, excerpt),
                   nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int read_router_id(const struct key *key, const struct node *node, int64_t *value, struct err *err)
{
    struct addr addr;
    uint64_t number;
    if (node->text && addr_parse(node->text, &addr) == 0 && addr.kind == ADDR_IPV4) {
        *value = addr_ipv4_value(&addr);
        return 0;
    }
    if (key->type == KEY_ROUTER_ID)
        return mismatch("an IPv4 address", node, err);
    if (node->text && str_parse_u64(node->text, 0, UINT32_MAX, &number) == 0) {
        *value = (int64_t)number;
        return 0;
    }
    return err_set(err, E_INVALID,
                   "route-reflector-cluster-id should be specified as IPv4 address or 32-bit unsigned integer");
}

static int read_integer(const struct key *key, const struct node *node, int64_t *value, struct err *err)
{
    switch (key->type) {
    case KEY_BOOL:
        return read_bool(node, value, err);
    case KEY_WORD:
        return read_word(key, node, value, err);
    case KEY_ASN:
        return read_asn(key, node, value, err);
    case KEY_FAMILY:
        return read_family(node, value, err);
    case KEY_ROUTER_ID:
    case KEY_CLUSTER_ID:
        return read_router_id(key, node, value, err);
    default:
        return read_number(key, node, value, err);
    }
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

static int read_text(const struct key *key, const struct node *node, char *field, struct err *err)
{
    size_t room = key->size ? key->size : TREE_STRING_BYTES_MAX;
    if (!node->text)
        return mismatch("a text", node, err);
    size_t length = strlen(node->text);
    if (length >= room)
        return err_set(err, E_INVALID, "%zu octets are too long (at most %zu)", length, room - 1);
    if (has_control(node->text))
        return err_set(err, E_INVALID, "contains a control character");
    if (field) {
        memset(field, 0, key->size);
        memcpy(field, node->text, length);
    }
    return 0;
}

/* "fe80::1%eth0": the zone goes into the neighbour's interface or, as a number, its scope. */
static int read_neighbor_address(const struct node *node, struct addr *field, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    char excerpt[TREE_EXCERPT_MAX];
    struct addr addr;
    uint64_t scope = 0;
    struct str str = str_over(text, sizeof(text));
    if (!node->text)
        return mismatch("an address", node, err);
    size_t length = strcspn(node->text, "%");
    const char *zone = node->text[length] ? node->text + length + 1 : "";
    str_add_n(&str, node->text, length);
    if (str.truncated || addr_parse(text, &addr) < 0 || addr_is_any(&addr) || addr_is_multicast(&addr) ||
        strlen(zone) >= CONFIG_INTERFACE_MAX || has_control(zone) || (node->text[length] && !*zone))
        return err_set(err, E_INVALID, "invalid neighbor address: %s", tree_excerpt(node->text, excerpt));
    if (*zone && !addr_is_link_local(&addr))
        return err_set(err, E_INVALID, "invalid neighbor address: %s: only link-local addresses have a zone",
                       tree_excerpt(node->text, excerpt));
    if (!field)
        return 0;
    struct neighbor_config *neighbor = container_of(field, struct neighbor_config, address);
    bool numeric = *zone && str_parse_u64(zone, 1, UINT32_MAX, &scope) == 0;
    neighbor->address = addr;
    neighbor->scope_id = (uint32_t)scope;
    if (!*zone) /* neighbor-interface may have been read before */
        return 0;
    memset(neighbor->interface, 0, sizeof(neighbor->interface));
    if (!numeric)
        memcpy(neighbor->interface, zone, strlen(zone));
    return 0;
}

/* One value that is not an integer. */
static int read_plain(const struct key *key, const struct node *node, void *field, struct err *err)
{
    struct addr addr;
    struct prefix prefix;
    switch (key->type) {
    case KEY_TEXT:
    case KEY_INTERFACE:
    case KEY_SECRET:
        return read_text(key, node, field, err);
    case KEY_NEIGHBOR_ADDRESS:
        return read_neighbor_address(node, field, err);
    case KEY_PREFIX:
        if (!node->text || prefix_parse(node->text, false, &prefix) < 0)
            return mismatch("a prefix such as 192.0.2.0/24", node, err);
        if (field)
            memcpy(field, &prefix, sizeof(prefix));
        return 0;
    default:
        CHECK(key->type == KEY_ADDR);
        if (!node->text || addr_parse(node->text, &addr) < 0)
            return mismatch("an IP address", node, err);
        if (field)
            memcpy(field, &addr, sizeof(addr));
        return 0;
    }
}

static int read_one(const struct key *key, const struct node *node, void *object, struct err *err)
{
    if (!key_is_integer(key))
        return read_plain(key, node, object ? (uint8_t *)object + key->offset : NULL, err);
    int64_t value;
    int result = read_integer(key, node, &value, err);
    if (result == 0 && object)
        key_integer_set(key, object, value);
    return result;
}

struct values {
    const struct key *key;
    struct key element;
    uint8_t *object;
    uint64_t count;
};

static int add_value(struct values *values, const struct node *node, struct err *err)
{
    const struct key *key = values->key;
    if (values->object && values->count == key_capacity(key))
        return err_set(err, E_INVALID, "more than %zu entries", key_capacity(key));
    uint8_t *field = values->object ? values->object + key->offset + values->count * key->element_size : NULL;
    int result = read_one(&values->element, node, field, err);
    if (result < 0)
        return result;
    values->count++;
    if (values->object)
        key_count_set(key, values->object, values->count);
    return 0;
}

/* "a, b": a list written as one string. */
static int add_pieces(struct values *values, const struct node *node, struct err *err)
{
    const char *text = node->text;
    for (;;) {
        char piece[PIECE_MAX];
        struct str str = str_over(piece, sizeof(piece));
        text += strspn(text, " ");
        size_t length = strcspn(text, ",");
        size_t kept = length;
        while (kept > 0 && text[kept - 1] == ' ')
            kept--;
        str_add_n(&str, text, kept);
        if (str.truncated)
            return err_set(err, E_INVALID, "an entry is too long (at most %d octets)", PIECE_MAX - 1);
        struct node one = {.kind = NODE_STRING, .text = piece};
        int result = add_value(values, &one, err);
        if (result < 0 || text[length] == '\0')
            return result;
        text += length + 1;
    }
}

static int read_values(const struct key *key, const struct node *node, void *object, uint64_t *count, struct err *err)
{
    struct values values = {.key = key, .element = key_element(key), .object = object};
    int result = 0;
    if (object)
        key_count_set(key, object, 0);
    if (node->kind == NODE_LIST) {
        for (const struct node *child = node->first; child && result == 0; child = child->next)
            result = add_value(&values, child, err);
    } else if (node->kind == NODE_STRING && *node->text) {
        result = add_pieces(&values, node, err);
    } else if (node->kind != NODE_STRING) {
        result = add_value(&values, node, err);
    }
    *count = values.count;
    return result;
}

static int not_yet(const struct key *key, struct err *err)
{
    return err_set(err, E_UNSUPPORTED, "not yet supported%s%s%s", key->remark ? " (" : "",
                   key->remark ? key->remark : "", key->remark ? ")" : "");
}

int value_read(const struct key *key, const struct node *node, void *object, bool only_default, struct err *err)
{
    if (key_is_values(key)) {
        uint64_t count;
        int result = read_values(key, node, object, &count, err);
        return result == 0 && only_default && count > 0 ? not_yet(key, err) : result;
    }
    bool words_know_empty = key->type == KEY_WORD;
    if (node->text && *node->text == '\0' && key_is_integer(key) && !words_know_empty)
        return 0; /* nothing said */
    if (!only_default)
        return read_one(key, node, object, err);
    int64_t value = 0;
    int result = key_is_integer(key) ? read_integer(key, node, &value, err) : read_plain(key, node, NULL, err);
    if (result < 0)
        return result;
    return (key_is_integer(key) ? value != key->fallback : *node->text != '\0') ? not_yet(key, err) : 0;
}

static enum value_shape format_integer(const struct key *key, const void *field, struct str *text)
{
    struct key here = *key;
    here.offset = 0;
    int64_t value = key_integer(&here, field);
    char address[ADDR_TEXT_MAX];
    struct addr addr;
    const struct family *family;
    switch (key->type) {
    case KEY_BOOL:
        str_add(text, value ? "true" : "false");
        return VALUE_BOOL;
    case KEY_WORD:
        for (const struct word *word = key->words; word->name; word++) {
            if (word->value == value) {
                str_add(text, word->name);
                break;
            }
        }
        return VALUE_QUOTED;
    case KEY_FAMILY:
        family = family_get((enum family_id)value);
        str_add(text, family ? family->config_name : "");
        return VALUE_QUOTED;
    case KEY_ROUTER_ID:
    case KEY_CLUSTER_ID:
        addr = addr_ipv4((uint32_t)value);
        str_add(text, addr_format(&addr, address));
        return VALUE_QUOTED;
    default:
        str_printf(text, "%" PRId64, value);
        return VALUE_NUMBER;
    }
}

enum value_shape value_format(const struct key *key, const void *field, struct str *text)
{
    char address[PREFIX_TEXT_MAX];
    const struct neighbor_config *neighbor;
    if (key_is_integer(key))
        return format_integer(key, field, text);
    switch (key->type) {
    case KEY_PREFIX:
        str_add(text, prefix_format(field, address));
        break;
    case KEY_ADDR:
        /* None is only ever said against something inherited, and then as "any". */
        str_add(text, ((const struct addr *)field)->kind == ADDR_NONE ? "0.0.0.0" : addr_format(field, address));
        break;
    case KEY_NEIGHBOR_ADDRESS:
        neighbor = container_of(field, const struct neighbor_config, address);
        str_add(text, addr_format(&neighbor->address, address));
        if (neighbor->interface[0])
            str_printf(text, "%%%s", neighbor->interface);
        else if (neighbor->scope_id)
            str_printf(text, "%%%u", neighbor->scope_id);
        break;
    default:
        str_add(text, field);
        break;
    }
    return VALUE_QUOTED;
}
