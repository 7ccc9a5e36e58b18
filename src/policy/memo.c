/* See memo.h. */
#include "policy/memo.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    SLOTS = 1024, /* a power of two */
    SLOTS_MAX = SLOTS / 4 * 3,
    NODES_MAX = 8 * 1024,
    NODES_FIRST = 256,
    LEAF = UINT32_MAX, /* in place of a question */
};

struct memo_slot {
    attr_id attrs; /* 0: empty */
    uint16_t source;
    uint32_t root;
};

struct memo_node {
    uint32_t test;     /* LEAF */
    uint32_t child[2]; /* by the answer; 0: not known yet */
    attr_id attrs;     /* of a leaf */
};

struct policy_memo {
    struct attr_store *store;
    uint64_t generation;
    struct memo_slot *slots; /* made with the first entry */
    struct memo_node *nodes; /* number 0 is nobody's */
    uint32_t slot_count;
    uint32_t node_count, node_capacity;
};

struct policy_memo *policy_memo_new(struct attr_store *store)
{
    struct policy_memo *memo = mem_zalloc(MEM_POLICY, sizeof(*memo));
    memo->store = store;
    return memo;
}

void policy_memo_clear(struct policy_memo *memo)
{
    for (uint32_t i = 0; memo->slot_count > 0 && i < SLOTS; i++)
        if (memo->slots[i].attrs != 0)
            attr_store_unref(memo->store, memo->slots[i].attrs, 1);
    for (uint32_t i = 1; i <= memo->node_count; i++)
        if (memo->nodes[i].test == LEAF && memo->nodes[i].attrs != 0)
            attr_store_unref(memo->store, memo->nodes[i].attrs, 1);
    if (memo->slot_count > 0)
        memset(memo->slots, 0, SLOTS * sizeof(*memo->slots));
    memo->slot_count = 0;
    memo->node_count = 0;
    memo->generation = 0;
}

void policy_memo_free(struct policy_memo *memo)
{
    if (memo == NULL)
        return;
    policy_memo_clear(memo);
    mem_free(MEM_POLICY, memo->slots);
    mem_free(MEM_POLICY, memo->nodes);
    mem_free(MEM_POLICY, memo);
}

/* One evaluation adds at most a trace of questions, and its leaf. */
bool policy_memo_is_stale(const struct policy_memo *memo, const struct policy_table *table)
{
    if (memo->generation == 0)
        return false; /* empty */
    return memo->generation != policy_table_generation(table) || memo->slot_count >= SLOTS_MAX ||
           memo->node_count + POLICY_QUESTIONS_MAX + 2 > NODES_MAX;
}

static uint32_t new_node(struct policy_memo *memo)
{
    if (memo->node_count + 1 >= memo->node_capacity) {
        memo->node_capacity = memo->node_capacity ? memo->node_capacity * 2 : NODES_FIRST;
        memo->nodes = mem_realloc(MEM_POLICY, memo->nodes, memo->node_capacity * sizeof(*memo->nodes));
    }
    memo->nodes[++memo->node_count] = (struct memo_node){.test = LEAF};
    return memo->node_count;
}

static struct memo_slot *find_slot(struct policy_memo *memo, attr_id attrs, uint16_t source)
{
    uint32_t at = (attrs * 0x9E3779B1u ^ source * 0x85EBCA6Bu) >> 16;
    for (;; at++) {
        struct memo_slot *slot = &memo->slots[at & (SLOTS - 1)];
        if (slot->attrs == 0 || (slot->attrs == attrs && slot->source == source))
            return slot;
    }
}

/* Down the tree as far as it is known; the leaf, or 0. */
static uint32_t walk(const struct policy_memo *memo, const struct policy_lookup *lookup, uint32_t node)
{
    while (node != 0 && memo->nodes[node].test != LEAF) {
        bool yes = policy_question_ask(lookup->table, memo->nodes[node].test, lookup->facts);
        node = memo->nodes[node].child[yes];
    }
    return node;
}

/* Puts the way a trace went into the tree of `slot`. */
static void remember(struct policy_memo *memo, struct memo_slot *slot, const struct policy_trace *trace, attr_id attrs)
{
    uint32_t parent = 0;
    bool side = false;
    for (uint32_t i = 0; i <= trace->count; i++) {
        uint32_t node = parent != 0 ? memo->nodes[parent].child[side] : slot->root;
        if (node == 0) {
            node = new_node(memo);
            if (parent != 0)
                memo->nodes[parent].child[side] = node;
            else
                slot->root = node;
            memo->nodes[node].test = i < trace->count ? trace->questions[i].test : LEAF;
        }
        parent = node;
        side = i < trace->count && trace->questions[i].answer;
    }
    CHECK(memo->nodes[parent].test == LEAF && memo->nodes[parent].attrs == 0);
    memo->nodes[parent].attrs = attrs;
}

/* More questions than can be remembered: a leaf without a way to it keeps the result for now. */
static void keep_aside(struct policy_memo *memo, attr_id attrs)
{
    uint32_t node = new_node(memo);
    memo->nodes[node].attrs = attrs;
}

attr_id policy_memo_get(struct policy_memo *memo, const struct policy_lookup *lookup)
{
    if (memo->slots == NULL)
        memo->slots = mem_zalloc(MEM_POLICY, SLOTS * sizeof(*memo->slots));
    memo->generation = policy_table_generation(lookup->table);
    struct memo_slot *slot = find_slot(memo, lookup->attrs, lookup->source);
    uint32_t leaf = slot->attrs != 0 ? walk(memo, lookup, slot->root) : 0;
    if (leaf != 0)
        return memo->nodes[leaf].attrs;
    attr_id attrs = lookup->evaluate(lookup->context, lookup->trace);
    if (lookup->trace->full) {
        keep_aside(memo, attrs);
        return attrs;
    }
    if (slot->attrs == 0) {
        *slot = (struct memo_slot){.attrs = lookup->attrs, .source = lookup->source};
        attr_store_ref(memo->store, lookup->attrs, 1);
        memo->slot_count++;
    }
    remember(memo, slot, lookup->trace, attrs);
    return attrs;
}
