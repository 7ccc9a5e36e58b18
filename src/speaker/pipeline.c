/* See pipeline.h. One turn of the loop gives the pipeline one slice:
 *
 *   1. dirty rows, oldest first: told to the watchers, compared by every update group, encoded
 *   2. groups that just began look at the rows that were there before them
 *   3. peers that catch up get more of their stream
 *   4. sweeps go on, and walks for policies that changed; dissolved groups give back what they hold
 *   5. logs are trimmed to what somebody still reads
 *
 * Encoding waits while even the fastest reader is far behind: rows stay in the dirty queue then, where a
 * second change costs nothing, instead of in a log, where it costs bytes. For the same reason it pauses, for some
 * milliseconds, while session threads have more input: tables that many neighbors tell at the same time are to meet in
 * the dirty queue. (With one thread it is the turn that sees to that: it reads from everybody before it encodes.)
 */
#include "speaker/pipeline.h"

#include "base/check.h"
#include "base/time.h"
#include "speaker/catch_up.h"
#include "speaker/events.h"
#include "speaker/monitor.h"
#include "speaker/packer.h"
#include "speaker/policy_run.h"
#include "speaker/session_thread.h"
#include "speaker/sweep.h"
#include "speaker/update_group.h"

enum {
    SLICE_NS = 1000 * 1000,
    INPUT_PAUSE_NS = 20 * 1000 * 1000,
};

void pipeline_wake(struct speaker *speaker)
{
    loop_task_schedule(&speaker->work);
}

/* How far behind is the fastest reader of all? */
static uint64_t least_backlog(const struct speaker_table *table)
{
    uint64_t least = UINT64_MAX;
    list_foreach (group, &table->groups, struct update_group, link) {
        uint64_t backlog = update_group_backlog(group);
        least = backlog < least ? backlog : least;
    }
    return least == UINT64_MAX ? 0 : least;
}

static bool input_waits(const struct speaker *speaker)
{
    for (unsigned i = 0; i < speaker->thread_count; i++)
        if (session_thread_has_events(speaker->threads[i]))
            return true;
    return false;
}

static bool pauses(const struct speaker *speaker)
{
    struct mono_time next = {.ns = speaker->encoded_at.ns + INPUT_PAUSE_NS};
    return mono_before(mono_now(), next) && input_waits(speaker);
}

static bool may_export(const struct speaker *speaker, const struct speaker_table *table)
{
    return !table->deferred && table->rib->dirty_count > 0 && least_backlog(table) < speaker->tuning.backlog_bytes;
}

static void export_batch(struct speaker_table *table, struct speaker *speaker)
{
    row_id rows[TUNING_BATCH_ROWS_MAX];
    uint32_t count = 0;
    table->packer->since_version = table->rib->version + 1;
    while (count < speaker->tuning.batch_rows && (rows[count] = rib_dirty_take(table->rib)) != 0)
        count++;
    if (table->monitor != NULL)
        monitor_rows(table->monitor, speaker, rows, count);
    list_foreach (group, &table->groups, struct update_group, link) {
        update_group_rows(group, rows, count);
    }
    for (uint32_t i = 0; i < count; i++)
        rib_row_release(table->rib, rows[i]);
}

static bool fill_groups(struct speaker_table *table)
{
    bool more = false;
    if (table->deferred)
        return false;
    list_foreach (group, &table->groups, struct update_group, link) {
        if (!group->filled && update_group_backlog(group) < group->tuning->backlog_bytes)
            more |= update_group_fill(group, group->tuning->walk_rows) &&
                    update_group_backlog(group) < group->tuning->backlog_bytes;
    }
    return more;
}

static bool dissolve_groups(struct speaker_table *table)
{
    bool more = false;
    list_foreach_safe (group, &table->dissolving, struct update_group, link) {
        more |= update_group_dissolve(group, group->tuning->walk_rows);
    }
    return more;
}

/* True while there are rows to be freed. */
static bool trim_groups(const struct speaker *speaker, struct speaker_table *table)
{
    uint32_t tombstones = table->rib->version + 1;
    list_foreach (group, &table->groups, struct update_group, link) {
        uint32_t needed = update_group_trim(group);
        tombstones = rib_version_reached(needed, tombstones) ? tombstones : needed;
    }
    /* A dissolving group still holds what it told of rows that died since. */
    return list_empty(&table->dissolving) && rib_reclaim(table->rib, tombstones, speaker->tuning.walk_rows);
}

static bool run_table(struct speaker *speaker, struct speaker_table *table, struct mono_time until)
{
    bool paused = speaker->thread_count > 0 && pauses(speaker);
    while (!paused && may_export(speaker, table)) {
        export_batch(table, speaker);
        speaker->encoded_at = mono_now();
        if (!mono_before(mono_now(), until))
            break;
    }
    bool more = fill_groups(table);
    more |= catch_up_run(table->catch_ups, speaker->tuning.walk_rows);
    more |= sweep_run(speaker, table, speaker->tuning.walk_rows);
    more |= policy_walk_run(speaker, table, until);
    more |= dissolve_groups(table);
    more |= trim_groups(speaker, table);
    /* Asked last: the rows a sweep has just changed are to be exported, even if it was its last slice. */
    return more || may_export(speaker, table);
}

static bool run(struct loop_task *task)
{
    struct speaker *speaker = container_of(task, struct speaker, work);
    struct mono_time until = {.ns = mono_now().ns + SLICE_NS};
    bool more = false;
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (speaker->tables[i].rib != NULL)
            more |= run_table(speaker, &speaker->tables[i], until);
    return more;
}

void pipeline_init(struct speaker *speaker)
{
    loop_task_init(&speaker->work, speaker->loop, run);
}
