/* See prefix_set.h. Open addressing, a prefix with its length as key; a node has the lengths it matches as bits, for
 * matching, and its ranges as they were said, chained, for listing and removal. */
#include "policy/prefix_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 16, NO_RANGE = 0 };

struct prefix_node {
    uint8_t key[16];
    uint8_t length;
    bool used;
    uint32_t first_range; /* NO_RANGE: none */
    uint64_t matches[3];  /* bits of prefix lengths */
};

struct length_range {
    uint8_t minimum;
    uint8_t maximum;
    uint32_t next;
};

void prefix_set_init(struct prefix_set *set)
{
    *set = (struct prefix_set){0};
}

void prefix_set_release(struct prefix_set *set)
{
    mem_free(MEM_POLICY, set->nodes);
    mem_free(MEM_POLICY, set->ranges);
    prefix_set_init(set);
}

static uint32_t home(const struct prefix_set *set, const uint8_t key[16], uint8_t length)
{
    uint8_t bytes[17];
    memcpy(bytes, key, 16);
    bytes[16] = length;
    return (uint32_t)hash_bytes(bytes, sizeof(bytes)) & (set->capacity - 1);
}

/* The node, or the empty place where it would be. */
static struct prefix_node *find(const struct prefix_set *set, const uint8_t key[16], uint8_t length)
{
    uint32_t at = home(set, key, length);
    while (set->nodes[at].used && (set->nodes[at].length != length || memcmp(set->nodes[at].key, key, 16) != 0))
        at = (at + 1) & (set->capacity - 1);
    return &set->nodes[at];
}

static void grow(struct prefix_set *set)
{
    struct prefix_node *before = set->nodes;
    uint32_t capacity = set->capacity;
    set->capacity = capacity ? capacity * 2 : CAPACITY_MIN;
    set->nodes = mem_zalloc(MEM_POLICY, set->capacity * sizeof(*set->nodes));
    for (uint32_t i = 0; i < capacity; i++)
        if (before[i].used)
            *find(set, before[i].key, before[i].length) = before[i];
    mem_free(MEM_POLICY, before);
}

static void count_length(struct prefix_set *set, uint8_t length, int change)
{
    set->length_counts[length] += (uint32_t)change;
    uint64_t bit = 1ull << (length & 63);
    if (set->length_counts[length] > 0)
        set->lengths[length >> 6] |= bit;
    else
        set->lengths[length >> 6] &= ~bit;
}

static uint32_t take_range(struct prefix_set *set)
{
    uint32_t taken = set->free_range;
    if (taken != NO_RANGE) {
        set->free_range = set->ranges[taken].next;
        return taken;
    }
    if (set->range_count + 1 >= set->range_capacity) {
        set->range_capacity = set->range_capacity ? set->range_capacity * 2 : CAPACITY_MIN;
        set->ranges = mem_realloc(MEM_POLICY, set->ranges, set->range_capacity * sizeof(*set->ranges));
    }
    return ++set->range_count; /* number 0 stands for none */
}

static void note_matches(const struct prefix_set *set, struct prefix_node *node)
{
    memset(node->matches, 0, sizeof(node->matches));
    for (uint32_t at = node->first_range; at != NO_RANGE; at = set->ranges[at].next)
        for (unsigned length = set->ranges[at].minimum; length <= set->ranges[at].maximum && length <= 128; length++)
            node->matches[length >> 6] |= 1ull << (length & 63);
}

/* Where the chain names this range, or its end. */
static uint32_t *find_range(const struct prefix_set *set, struct prefix_node *node, const struct prefix_range *range)
{
    uint32_t *link = &node->first_range;
    while (*link != NO_RANGE &&
           (set->ranges[*link].minimum != range->length_min || set->ranges[*link].maximum != range->length_max))
        link = &set->ranges[*link].next;
    return link;
}

int prefix_set_add(struct prefix_set *set, const struct prefix_range *range)
{
    if (set->count > 0 && set->kind != range->prefix.addr.kind)
        return E_INVALID;
    if (set->count >= POLICY_MEMBERS_MAX)
        return E_LIMIT;
    if (set->node_count + 1 > set->capacity / 4 * 3)
        grow(set);
    set->kind = range->prefix.addr.kind;
    struct prefix_node *node = find(set, range->prefix.addr.bytes, range->prefix.length);
    if (node->used && *find_range(set, node, range) != NO_RANGE)
        return 0;
    uint32_t number = take_range(set); /* may move the ranges: chains are looked up behind it */
    set->ranges[number] = (struct length_range){.minimum = range->length_min, .maximum = range->length_max};
    if (!node->used) {
        *node = (struct prefix_node){.length = range->prefix.length, .used = true};
        memcpy(node->key, range->prefix.addr.bytes, sizeof(node->key));
        set->node_count++;
        count_length(set, node->length, 1);
    }
    *find_range(set, node, range) = number;
    note_matches(set, node);
    set->count++;
    return 0;
}

bool prefix_set_has(const struct prefix_set *set, const struct prefix_range *range)
{
    if (set->count == 0 || set->kind != range->prefix.addr.kind)
        return false;
    struct prefix_node *node = find(set, range->prefix.addr.bytes, range->prefix.length);
    return node->used && *find_range(set, node, range) != NO_RANGE;
}

/* Those behind it in its run close up. */
static void remove_node(struct prefix_set *set, struct prefix_node *node)
{
    uint32_t mask = set->capacity - 1;
    uint32_t hole = (uint32_t)(node - set->nodes);
    count_length(set, node->length, -1);
    set->node_count--;
    for (uint32_t at = (hole + 1) & mask; set->nodes[at].used; at = (at + 1) & mask) {
        uint32_t wanted = home(set, set->nodes[at].key, set->nodes[at].length);
        if (((at - wanted) & mask) < ((at - hole) & mask))
            continue;
        set->nodes[hole] = set->nodes[at];
        hole = at;
    }
    set->nodes[hole] = (struct prefix_node){0};
}

bool prefix_set_remove(struct prefix_set *set, const struct prefix_range *range)
{
    if (set->count == 0 || set->kind != range->prefix.addr.kind)
        return false;
    struct prefix_node *node = find(set, range->prefix.addr.bytes, range->prefix.length);
    uint32_t *link = node->used ? find_range(set, node, range) : NULL;
    if (link == NULL || *link == NO_RANGE)
        return false;
    uint32_t number = *link;
    *link = set->ranges[number].next;
    set->ranges[number].next = set->free_range;
    set->free_range = number;
    set->count--;
    if (node->first_range == NO_RANGE)
        remove_node(set, node);
    else
        note_matches(set, node);
    if (set->count == 0)
        set->kind = ADDR_NONE;
    return true;
}

bool prefix_set_match(const struct prefix_set *set, const struct prefix *prefix)
{
    if (set->count == 0 || set->kind != prefix->addr.kind)
        return false;
    for (unsigned word = 0; word <= prefix->length >> 6u; word++) {
        for (uint64_t left = set->lengths[word]; left != 0; left &= left - 1) {
            unsigned length = word * 64 + (unsigned)__builtin_ctzll(left);
            if (length > prefix->length)
                return false;
            struct prefix shorter = prefix_make(&prefix->addr, (uint8_t)length);
            const struct prefix_node *node = find(set, shorter.addr.bytes, (uint8_t)length);
            if (node->used && (node->matches[prefix->length >> 6] >> (prefix->length & 63) & 1))
                return true;
        }
    }
    return false;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct prefix_node *const *one = a, *const *other = b;
    int order = memcmp((*one)->key, (*other)->key, sizeof((*one)->key));
    return order ? order : (*one)->length - (*other)->length;
}

struct prefix_range *prefix_set_list(const struct prefix_set *set)
{
    struct prefix_range *list = mem_alloc(MEM_POLICY, (set->count + 1) * sizeof(*list));
    const struct prefix_node **nodes = mem_alloc(MEM_POLICY, (set->node_count + 1) * sizeof(*nodes));
    size_t node_count = 0, count = 0;
    for (uint32_t i = 0; i < set->capacity; i++)
        if (set->nodes[i].used)
            nodes[node_count++] = &set->nodes[i];
    qsort(nodes, node_count, sizeof(*nodes), compare_nodes);
    for (size_t i = 0; i < node_count; i++)
        for (uint32_t at = nodes[i]->first_range; at != NO_RANGE; at = set->ranges[at].next)
            list[count++] = (struct prefix_range){
                .prefix = {.addr = addr_from_bytes(set->kind, nodes[i]->key), .length = nodes[i]->length},
                .length_min = set->ranges[at].minimum,
                .length_max = set->ranges[at].maximum,
            };
    CHECK(count == set->count);
    mem_free(MEM_POLICY, nodes);
    return list;
}
