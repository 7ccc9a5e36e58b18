/* The members of sets and the statements of policies on a router, those that should be beside those that are. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum policy_kind {
    POLICY_NEIGHBORS, /* a member of a neighbor set: "192.0.2.1/32" */
    POLICY_PREFIXES,  /* of a prefix set: "203.0.113.0/24 24 32" */
    POLICY_STATEMENT, /* of the policy `set` */
    POLICY_ASSIGNED,  /* the policy `set` is assigned */
};

struct policy_item {
    enum policy_kind kind;
    char set[64];
    char text[80];
    bool wanted;
    bool present;
    bool changed; /* this time */
};

struct policy_items {
    struct policy_item *items;
    size_t count;
    size_t capacity;
};

void policy_items_release(struct policy_items *list);
struct policy_item *policy_items_put(struct policy_items *list, enum policy_kind kind, const char *set,
                                     const char *text);

static inline bool policy_item_missing(const struct policy_item *item)
{
    return item->wanted && !item->present;
}

static inline bool policy_item_surplus(const struct policy_item *item)
{
    return item->present && !item->wanted;
}
