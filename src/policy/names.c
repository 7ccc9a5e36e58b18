/* Things by name: a sorted array. There are few changes and many look-ups, and listings want the order. */
#include <string.h>

#include "base/mem.h"
#include "policy/internal.h"

static size_t place_of(const struct name_table *names, const char *name, bool *found)
{
    size_t low = 0, high = names->count;
    *found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, ((const struct named *)names->items[middle])->name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void *names_find(const struct name_table *names, const char *name)
{
    bool found;
    size_t at = place_of(names, name, &found);
    return found ? names->items[at] : NULL;
}

void names_add(struct name_table *names, void *item)
{
    bool found;
    size_t at = place_of(names, ((const struct named *)item)->name, &found);
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? names->capacity * 2 : 8;
        names->items = mem_realloc(MEM_POLICY, names->items, names->capacity * sizeof(*names->items));
    }
    memmove(&names->items[at + 1], &names->items[at], (names->count - at) * sizeof(*names->items));
    names->items[at] = item;
    names->count++;
}

void names_remove(struct name_table *names, const void *item)
{
    bool found;
    size_t at = place_of(names, ((const struct named *)item)->name, &found);
    if (!found)
        return;
    names->count--;
    memmove(&names->items[at], &names->items[at + 1], (names->count - at) * sizeof(*names->items));
}

void names_release(struct name_table *names)
{
    mem_free(MEM_POLICY, names->items);
    *names = (struct name_table){0};
}
