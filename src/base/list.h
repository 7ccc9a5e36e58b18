/* An intrusive doubly linked list. A node that is in no list points at itself, so list_remove is always safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *node)
{
    node->next = node->prev = node;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_before(struct list *place, struct list *node)
{
    node->next = place;
    node->prev = place->prev;
    place->prev->next = node;
    place->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_foreach(cursor, head, type, member)                                           \
    for (type *cursor = list_entry((head)->next, type, member); &cursor->member != (head); \
         cursor = list_entry(cursor->member.next, type, member))

/* The current node may be removed (and freed) inside the body. */
#define list_foreach_safe(cursor, head, type, member)                         \
    for (type *cursor = list_entry((head)->next, type, member),               \
              *cursor##_next = list_entry(cursor->member.next, type, member); \
         &cursor->member != (head);                                           \
         cursor = cursor##_next, cursor##_next = list_entry(cursor->member.next, type, member))
