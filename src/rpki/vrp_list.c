/* See vrp_table.h, Listing. The numbers of all records, sorted by merging from pairs up, which can be left off after
 * every step. Records may be freed, and their numbers used again, while that goes on: the order is then not quite right
 * there, but everything that is read is a record or is left out. */
#include <string.h>

#include "base/mem.h"
#include "rpki/internal.h"

struct vrp_list {
    const struct vrp_table *table;
    const struct vrp_family *family;
    uint32_t *ids, *merged;
    uint32_t count, capacity;
    uint32_t width;            /* of the runs that are sorted; 0: still gathering */
    uint32_t start;            /* of the pair of runs being merged */
    uint32_t left, right, out; /* in that pair */
    uint32_t next;             /* to be gathered, or listed */
};

struct vrp_list *vrp_list_new(const struct vrp_table *table, enum addr_kind kind)
{
    struct vrp_list *list = mem_zalloc(MEM_RPKI, sizeof(*list));
    list->table = table;
    list->family = vrp_family_of(table, kind);
    list->capacity = list->family->count;
    list->ids = mem_alloc(MEM_RPKI, (list->capacity + 1) * sizeof(*list->ids));
    list->merged = mem_alloc(MEM_RPKI, (list->capacity + 1) * sizeof(*list->merged));
    return list;
}

void vrp_list_free(struct vrp_list *list)
{
    if (list == NULL)
        return;
    mem_free(MEM_RPKI, list->ids);
    mem_free(MEM_RPKI, list->merged);
    mem_free(MEM_RPKI, list);
}

static bool comes_before(const struct vrp_family *family, uint32_t one, uint32_t other)
{
    const struct vrp_record *a = vrp_record_at(family, one), *b = vrp_record_at(family, other);
    int order = memcmp(a->key, b->key, family->key_bytes);
    if (order != 0)
        return order < 0;
    if (a->length != b->length)
        return a->length < b->length;
    return a->max_length != b->max_length ? a->max_length < b->max_length : a->asn < b->asn;
}

static void gather(struct vrp_list *list)
{
    list->next = vrp_record_next(list->family, list->next);
    if (list->next != 0 && list->count < list->capacity) {
        list->ids[list->count++] = list->next;
        return;
    }
    list->width = 1;
    list->right = list->width;
    list->next = 0;
}

static uint32_t end_of(const struct vrp_list *list, uint32_t runs)
{
    uint64_t end = (uint64_t)list->start + (uint64_t)runs * list->width;
    return end < list->count ? (uint32_t)end : list->count;
}

static void begin_pair(struct vrp_list *list, uint32_t start)
{
    list->start = list->left = list->out = start;
    list->right = end_of(list, 1);
}

/* One record to its place. */
static void merge(struct vrp_list *list)
{
    uint32_t middle = end_of(list, 1), end = end_of(list, 2);
    if (list->out < end) {
        bool from_left =
            list->left < middle &&
            (list->right >= end || !comes_before(list->family, list->ids[list->right], list->ids[list->left]));
        list->merged[list->out++] = list->ids[from_left ? list->left++ : list->right++];
        return;
    }
    if (end < list->count) {
        begin_pair(list, end);
        return;
    }
    uint32_t *sorted = list->merged;
    list->merged = list->ids;
    list->ids = sorted;
    list->width = list->width > list->count / 2 ? list->count : list->width * 2;
    begin_pair(list, 0);
}

bool vrp_list_prepare(struct vrp_list *list, uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++) {
        if (list->width == 0) {
            gather(list);
            if (list->width != 0)
                begin_pair(list, 0);
        } else if (list->width >= list->count) {
            return true;
        } else {
            merge(list);
        }
    }
    return list->width != 0 && list->width >= list->count;
}

bool vrp_list_next(struct vrp_list *list, struct vrp *vrp, uint32_t *sources)
{
    while (list->next < list->count) {
        uint32_t id = list->ids[list->next++];
        const struct vrp_record *record = vrp_record_at(list->family, id);
        if (record->length == RECORD_FREED)
            continue;
        *sources = vrp_record_sources(list->table, list->family, id);
        vrp_record_show(list->family, record, vrp);
        if (*sources != 0)
            return true;
    }
    return false;
}
