/* See monitor.h. */
#include "speaker/monitor.h"

#include "base/mem.h"
#include "speaker/events.h"

enum { LOOKED_AT = RIB_SOURCE_NONE };

struct monitor {
    struct rib *rib;
    row_id known_rows;       /* rows up to this one were there before watching began */
    attr_id *told_attrs;     /* by row; 0: nothing, or not known since watching began later */
    source_id *told_sources; /* with told_attrs 0: LOOKED_AT or, not known, 0 */
};

struct monitor *monitor_new(struct rib *rib)
{
    struct monitor *monitor = mem_zalloc(MEM_OTHER, sizeof(*monitor));
    monitor->rib = rib;
    monitor->known_rows = rib_row_end(rib) - 1;
    monitor->told_attrs = mem_reserve(sizeof(attr_id) * RIB_ROWS_MAX);
    monitor->told_sources = mem_reserve(sizeof(source_id) * RIB_ROWS_MAX);
    return monitor;
}

void monitor_free(struct monitor *monitor)
{
    if (monitor == NULL)
        return;
    for (row_id row = 0; (row = rib_row_next(monitor->rib, row)) != 0;)
        if (monitor->told_attrs[row] != 0)
            attr_store_unref(monitor->rib->attrs, monitor->told_attrs[row], 1);
    mem_unreserve(monitor->told_attrs, sizeof(attr_id) * RIB_ROWS_MAX);
    mem_unreserve(monitor->told_sources, sizeof(source_id) * RIB_ROWS_MAX);
    mem_free(MEM_OTHER, monitor);
}

bool monitor_told(struct monitor *monitor, row_id row, struct rib_path *path)
{
    *path = (struct rib_path){.attrs = monitor->told_attrs[row], .source = monitor->told_sources[row]};
    if (path->attrs != 0)
        return true;
    bool nothing = path->source == LOOKED_AT || row > monitor->known_rows;
    return !nothing && rib_row_best(monitor->rib, row, path, NULL);
}

static void monitor_row(struct monitor *monitor, struct speaker *speaker, row_id row)
{
    struct rib *rib = monitor->rib;
    struct path_event event = {.rib = rib};
    attr_id before = monitor->told_attrs[row];
    source_id before_source = monitor->told_sources[row];
    rib_row_prefix(rib, row, &event.prefix);
    if (rib_row_best(rib, row, &event.path, NULL)) {
        if (before == event.path.attrs && before_source == event.path.source)
            return;
        attr_store_ref(rib->attrs, event.path.attrs, 1);
        monitor->told_attrs[row] = event.path.attrs;
        monitor->told_sources[row] = event.path.source;
    } else {
        /* Nothing before, nothing now: a route that was never the best, because it was rejected, came or went. */
        bool nothing = before == 0 && (before_source == LOOKED_AT || row > monitor->known_rows);
        monitor->told_attrs[row] = 0;
        monitor->told_sources[row] = LOOKED_AT;
        if (nothing)
            return;
        event.withdraw = true;
        event.path = (struct rib_path){.attrs = before, .source = before != 0 ? before_source : RIB_SOURCE_LOCAL};
    }
    events_best(speaker, &event);
    if (before != 0)
        attr_store_unref(rib->attrs, before, 1);
}

void monitor_rows(struct monitor *monitor, struct speaker *speaker, const row_id *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        monitor_row(monitor, speaker, rows[i]);
}
