/* Numbers for metrics: what tables and update groups come to. Nothing here walks a table. */
#include "control/control.h"
#include "control/internal.h"

enum { GROUP_ID_BITS = 32 };

size_t control_table_list(struct control *control, void (*show)(void *context, const struct table_view *view),
                          void *context)
{
    size_t count = 0;
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        const struct speaker_table *table = &control->speaker->tables[i];
        if (table->rib == NULL)
            continue;
        struct attr_store_stats attrs = attr_store_stats(table->rib->attrs);
        struct table_view view = {.family = table->family,
                                  .of_clients = table->of_clients,
                                  .prefixes = table->rib->rows_with_paths,
                                  .paths = table->rib->path_count,
                                  .attribute_sets = attrs.sets,
                                  .attribute_bytes = attrs.reserved_bytes,
                                  .waiting_rows = table->rib->dirty_count};
        show(context, &view);
        count++;
    }
    return count;
}

static struct group_size size_of(const struct speaker_table *table, const struct update_group *group)
{
    struct group_size size = {.id = group->id,
                              .family = table->family,
                              .member_count = group->member_count,
                              .advertised = group->advertised,
                              .log_bytes = group->log.retained_bytes};
    list_foreach (outbox, &group->members, struct outbox, link) {
        uint64_t backlog = outbox_backlog(outbox);
        size.backlog_bytes = backlog > size.backlog_bytes ? backlog : size.backlog_bytes;
        size.members_behind += outbox->behind || outbox->catch_up != NULL;
    }
    return size;
}

/* Table by table; in a table groups stand in the order they were made, and ids only grow. */
uint64_t control_group_sizes(struct control *control, uint64_t from, uint32_t members_budget,
                             void (*show)(void *context, const struct group_size *size), void *context)
{
    uint32_t members = 0;
    for (uint64_t i = from >> GROUP_ID_BITS; i < TABLE_COUNT; i++) {
        const struct speaker_table *table = &control->speaker->tables[i];
        if (table->rib == NULL)
            continue;
        list_foreach (group, &table->groups, struct update_group, link) {
            uint64_t place = i << GROUP_ID_BITS | group->id;
            if (place < from)
                continue;
            if (members >= members_budget)
                return place;
            struct group_size size = size_of(table, group);
            show(context, &size);
            members += group->member_count + 1;
        }
    }
    return 0;
}
