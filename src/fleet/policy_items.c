#include "fleet/policy_items.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void policy_items_release(struct policy_items *list)
{
    mem_free(MEM_OTHER, list->items);
    *list = (struct policy_items){0};
}

/* The one that is there already, or a new one that is neither wanted nor present. */
struct policy_item *policy_items_put(struct policy_items *list, enum policy_kind kind, const char *set,
                                     const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        struct policy_item *item = &list->items[i];
        if (item->kind == kind && strcmp(item->text, text) == 0 && strcmp(item->set, set) == 0)
            return item;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->items = mem_realloc(MEM_OTHER, list->items, list->capacity * sizeof(*list->items));
    }
    struct policy_item *item = &list->items[list->count++];
    *item = (struct policy_item){.kind = kind};
    snprintf(item->set, sizeof(item->set), "%s", set);
    snprintf(item->text, sizeof(item->text), "%s", text);
    return item;
}
