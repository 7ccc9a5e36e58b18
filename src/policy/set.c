/* Defined sets: one struct for all kinds, with the members where their kind keeps them. */
#include <string.h>

#include "base/mem.h"
#include "policy/internal.h"

int prefix_range_parse(const char *prefix, const char *lengths, struct prefix_range *range, struct err *err)
{
    if (prefix_parse(prefix, false, &range->prefix) < 0)
        return err_set(err, E_INVALID, "invalid CIDR address: %s", prefix);
    range->length_min = range->length_max = range->prefix.length;
    if (lengths == NULL || lengths[0] == '\0')
        return 0;
    char first[8];
    uint64_t low, high;
    unsigned bits = addr_bits(&range->prefix.addr);
    const char *dots = strstr(lengths, "..");
    struct str str = str_over(first, sizeof(first));
    if (dots != NULL)
        str_add_n(&str, lengths, (size_t)(dots - lengths));
    if (dots == NULL || str.truncated || str_parse_u64(first, 0, UINT8_MAX, &low) < 0 ||
        str_parse_u64(dots + 2, 0, UINT8_MAX, &high) < 0)
        return err_set(err, E_INVALID, "mask length range format is invalid: %s", lengths);
    if (low > high || high > bits)
        return err_set(err, E_INVALID, "mask length range %s: not within 0..%u, or empty", lengths, bits);
    range->length_min = (uint8_t)low;
    range->length_max = (uint8_t)high;
    return 0;
}

/* Addresses -------------------------------------------------------------------------------------------------------- */

static int parse_address(const char *text, struct prefix *prefix, struct err *err)
{
    if (prefix_parse(text, true, prefix) == 0)
        return 0;
    return err_set(err, E_INVALID, "invalid address or prefix: %s", text);
}

/* Whatever lies within it is a host. */
static struct prefix_range hosts_of(const struct prefix *prefix)
{
    uint8_t bits = (uint8_t)addr_bits(&prefix->addr);
    return (struct prefix_range){.prefix = *prefix, .length_min = bits, .length_max = bits};
}

static struct prefix_set *side(struct address_set *set, const struct prefix *prefix)
{
    return prefix->addr.kind == ADDR_IPV4 ? &set->ipv4 : &set->ipv6;
}

void address_set_release(struct address_set *set)
{
    mem_free(MEM_POLICY, set->list);
    prefix_set_release(&set->ipv4);
    prefix_set_release(&set->ipv6);
    *set = (struct address_set){0};
}

int address_set_add(struct address_set *set, const char *text, struct err *err)
{
    struct prefix prefix;
    int result = parse_address(text, &prefix, err);
    if (result < 0)
        return result;
    struct prefix_range hosts = hosts_of(&prefix);
    if (prefix_set_has(side(set, &prefix), &hosts))
        return 0;
    result = prefix_set_add(side(set, &prefix), &hosts);
    if (result < 0)
        return err_set(err, result, "too many members");
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? set->capacity * 2 : 8;
        set->list = mem_realloc(MEM_POLICY, set->list, set->capacity * sizeof(*set->list));
    }
    set->list[set->count++] = prefix;
    return 0;
}

int address_set_remove(struct address_set *set, const char *text, struct err *err)
{
    struct prefix prefix;
    int result = parse_address(text, &prefix, err);
    if (result < 0)
        return result;
    struct prefix_range hosts = hosts_of(&prefix);
    if (!prefix_set_remove(side(set, &prefix), &hosts))
        return 0;
    size_t at = 0;
    while (!prefix_equal(&set->list[at], &prefix))
        at++;
    set->count--;
    memmove(&set->list[at], &set->list[at + 1], (set->count - at) * sizeof(*set->list));
    return 0;
}

bool address_set_match(const struct address_set *set, const struct addr *addr)
{
    struct prefix host = {.addr = *addr, .length = (uint8_t)addr_bits(addr)};
    return addr->kind != ADDR_NONE && prefix_set_match(addr->kind == ADDR_IPV4 ? &set->ipv4 : &set->ipv6, &host);
}

/* Sets ------------------------------------------------------------------------------------------------------------- */

struct policy_set *policy_set_new(enum set_type type, const char *name)
{
    struct policy_set *set = mem_zalloc(MEM_POLICY, sizeof(*set));
    set->head.name = mem_strdup(MEM_POLICY, name);
    set->type = type;
    prefix_set_init(&set->prefixes);
    pattern_set_init(&set->patterns, type);
    return set;
}

void policy_set_free(struct policy_set *set)
{
    if (set == NULL)
        return;
    prefix_set_release(&set->prefixes);
    address_set_release(&set->addresses);
    pattern_set_release(&set->patterns);
    mem_free(MEM_POLICY, set->head.name);
    mem_free(MEM_POLICY, set);
}

static int extend_prefixes(struct policy_set *set, const struct set_spec *spec, struct err *err)
{
    for (size_t i = 0; i < spec->count; i++) {
        int result = prefix_set_add(&set->prefixes, &spec->prefixes[i]);
        if (result == E_INVALID)
            return err_set(err, result, i > 0 ? "multiple families" : "can't append different family");
        if (result < 0)
            return err_set(err, result, "%s: too many members", set->head.name);
    }
    return 0;
}

int policy_set_extend(struct policy_set *set, const struct set_spec *spec, struct err *err)
{
    int result = 0;
    if (set->type == SET_PREFIX)
        return extend_prefixes(set, spec, err);
    for (size_t i = 0; i < spec->count && result == 0; i++)
        result = set->type == SET_NEIGHBOR ? address_set_add(&set->addresses, spec->texts[i], err)
                                           : pattern_set_add(&set->patterns, spec->texts[i], err);
    return result;
}

static bool same_prefixes(const struct prefix_set *a, const struct prefix_set *b)
{
    if (a->count != b->count)
        return false;
    struct prefix_range *list = prefix_set_list(a);
    size_t same = 0;
    while (same < a->count && prefix_set_has(b, &list[same]))
        same++;
    mem_free(MEM_POLICY, list);
    return same == a->count;
}

static bool same_addresses(const struct address_set *a, const struct address_set *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!prefix_equal(&a->list[i], &b->list[i]))
            return false;
    return true;
}

bool policy_set_equal(const struct policy_set *a, const struct policy_set *b)
{
    switch (a->type) {
    case SET_PREFIX:
        return same_prefixes(&a->prefixes, &b->prefixes);
    case SET_NEIGHBOR:
        return same_addresses(&a->addresses, &b->addresses);
    default:
        return pattern_set_equal(&a->patterns, &b->patterns);
    }
}

static void show_addresses(const struct policy_set *set, struct set_spec *spec,
                           void (*show)(void *context, const struct set_spec *set), void *context)
{
    const struct address_set *addresses = &set->addresses;
    char(*memory)[PREFIX_TEXT_MAX] = mem_alloc(MEM_POLICY, (addresses->count + 1) * sizeof(*memory));
    const char **texts = mem_alloc(MEM_POLICY, (addresses->count + 1) * sizeof(*texts));
    for (size_t i = 0; i < addresses->count; i++)
        texts[i] = prefix_format(&addresses->list[i], memory[i]);
    spec->texts = texts;
    spec->count = addresses->count;
    show(context, spec);
    mem_free(MEM_POLICY, texts);
    mem_free(MEM_POLICY, memory);
}

void policy_set_show(const struct policy_set *set, void (*show)(void *context, const struct set_spec *set),
                     void *context)
{
    struct set_spec spec = {.type = set->type, .name = set->head.name};
    if (set->type == SET_NEIGHBOR) {
        show_addresses(set, &spec, show, context);
    } else if (set->type == SET_PREFIX) {
        struct prefix_range *list = prefix_set_list(&set->prefixes);
        spec.prefixes = list;
        spec.count = set->prefixes.count;
        show(context, &spec);
        mem_free(MEM_POLICY, list);
    } else {
        const char **texts = mem_alloc(MEM_POLICY, (set->patterns.count + 1) * sizeof(*texts));
        for (size_t i = 0; i < set->patterns.count; i++)
            texts[i] = pattern_set_text(&set->patterns, i);
        spec.texts = texts;
        spec.count = set->patterns.count;
        show(context, &spec);
        mem_free(MEM_POLICY, texts);
    }
}

int policy_member_check(enum set_type type, const char *text, struct err *err)
{
    struct prefix prefix;
    struct pattern_set one;
    if (type == SET_NEIGHBOR || type == SET_NEXT_HOP)
        return parse_address(text, &prefix, err);
    pattern_set_init(&one, type);
    int result = pattern_set_add(&one, text, err);
    pattern_set_release(&one);
    return result;
}
