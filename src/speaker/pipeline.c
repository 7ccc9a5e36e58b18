/* See pipeline.h. One turn of the loop gives the pipeline one slice:
 *
 *   1. dirty rows, oldest first: told to the watchers, compared by every update group, encoded
 *   2. groups that just began, or got other policies, look at the rows that are there
 *   3. peers that catch up get more of their stream
 *   4. sweeps go on, and walks for policies that changed; dissolved groups give back what they hold
 *   5. logs are trimmed to what somebody still reads
 *
 * Encoding waits while even the fastest reader is far behind: rows stay in the dirty queue then, where a
 * second change costs nothing, instead of in a log, where it costs bytes. For the same reason it pauses, for some
 * milliseconds, while session threads have more input: tables that many neighbors tell at the same time are to meet in
 * the dirty queue. (With one thread it is the turn that sees to that: it reads from everybody before it encodes.)
 *
 * Fresh changes come before bulk. What has been said cannot be overtaken: neither in a log nor in a session. So 2 to 4
 * keep short what stands before the next change: looking at rows again waits for readers that have a little to read,
 * and what makes rows dirty by the thousand waits while the queue of the dirty is long.
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
    WALKS_NS = 600 * 1000, /* of it, for what is no fresh change; but one chunk of each goes ahead */
    CHUNK_ROWS = 512,
    /* Of a member's connection while there is bulk: what the kernel has and could not send yet also stands before the
     * next change, and before a KEEPALIVE; by itself it takes megabytes. Not always, as it costs system calls: a writer
     * is woken at half of it. */
    UNSENT_BYTES = 128 * 1024,
    STALLED_MS = 100, /* who took nothing for so long is not waited for */
    INPUT_PAUSE_NS = 20 * 1000 * 1000,
};

void pipeline_wake(struct speaker *speaker)
{
    loop_task_schedule(&speaker->work);
}

/* Who took nothing since then is not waited for. What they take wakes us; if they do not, the timer does. */
static struct mono_time readers_since(struct speaker *speaker)
{
    return mono_add_ms(loop_now(speaker->loop), -STALLED_MS);
}

static void wait_for_readers(struct speaker *speaker)
{
    loop_timer_start(&speaker->stalled, STALLED_MS);
}

/* Is even the fastest reader of all far behind? */
static bool readers_are_far_behind(struct speaker *speaker, const struct speaker_table *table)
{
    struct mono_time since = readers_since(speaker);
    bool behind = false;
    list_foreach (group, &table->groups, struct update_group, link) {
        if (update_group_backlog(group, since) < speaker->tuning.backlog_bytes)
            return false;
        behind = true;
    }
    if (behind)
        wait_for_readers(speaker);
    return behind;
}

bool pipeline_waits_for_readers(struct speaker *speaker, const struct update_group *group)
{
    if (!update_group_most_behind(group, speaker->tuning.walk_ahead_bytes, readers_since(speaker)))
        return false;
    wait_for_readers(speaker);
    return true;
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

static bool may_export(struct speaker *speaker, const struct speaker_table *table)
{
    return !table->deferred && table->rib->dirty_count > 0 && !readers_are_far_behind(speaker, table);
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

static uint32_t take_chunk(uint32_t *rows)
{
    uint32_t chunk = *rows < CHUNK_ROWS ? *rows : CHUNK_ROWS;
    *rows -= chunk;
    return chunk;
}

static bool may_fill(struct speaker *speaker, const struct update_group *group)
{
    return !group->filled && !pipeline_waits_for_readers(speaker, group);
}

static bool fill_groups(struct speaker *speaker, struct speaker_table *table, struct mono_time until)
{
    uint32_t rows = speaker->tuning.walk_rows;
    if (table->deferred)
        return false;
    list_foreach (group, &table->groups, struct update_group, link) {
        while (may_fill(speaker, group) && update_group_fill(group, take_chunk(&rows)))
            if (rows == 0 || !mono_before(mono_now(), until))
                return true;
    }
    return false;
}

static bool catch_up(struct speaker_table *table, uint32_t rows, struct mono_time until)
{
    bool more;
    do {
        more = catch_up_run(table->catch_ups, take_chunk(&rows));
    } while (more && rows > 0 && mono_before(mono_now(), until));
    return more;
}

/* A row that changes now would wait for all those that changed before it. */
static bool has_enough_to_tell(struct speaker *speaker, const struct speaker_table *table)
{
    return may_export(speaker, table) && table->rib->dirty_count >= speaker->tuning.batch_rows;
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
    until.ns -= SLICE_NS - WALKS_NS;
    bool more = fill_groups(speaker, table, until);
    more |= catch_up(table, speaker->tuning.walk_rows, until);
    bool rows_wait = has_enough_to_tell(speaker, table);
    if (!rows_wait)
        more |= sweep_run(speaker, table, speaker->tuning.walk_rows);
    more |= policy_walk_run(speaker, table, rows_wait, until);
    more |= dissolve_groups(table);
    more |= trim_groups(speaker, table);
    /* Asked last: the rows a sweep has just changed are to be exported, even if it was its last slice. */
    return more || may_export(speaker, table);
}

static bool has_bulk(const struct speaker_table *table)
{
    if (table->rib == NULL)
        return false;
    list_foreach (group, &table->groups, struct update_group, link) {
        if (group->refills && !group->filled)
            return true;
    }
    return !list_empty(&table->policy_walks);
}

static void limit_unsent(struct speaker *speaker)
{
    bool limited = false;
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        limited |= has_bulk(&speaker->tables[i]);
    if (limited == speaker->unsent_is_limited)
        return;
    speaker->unsent_is_limited = limited;
    list_foreach (peer, &speaker->peers, struct peer, link) {
        if (peer->session != NULL)
            link_limit_unsent(peer->session, limited ? UNSENT_BYTES : 0);
    }
}

static bool run(struct loop_task *task)
{
    struct speaker *speaker = container_of(task, struct speaker, work);
    limit_unsent(speaker);
    struct mono_time until = {.ns = mono_now().ns + SLICE_NS};
    bool more = false;
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (speaker->tables[i].rib != NULL)
            more |= run_table(speaker, &speaker->tables[i], until);
    return more;
}

static void readers_stalled(struct loop_timer *timer)
{
    pipeline_wake(container_of(timer, struct speaker, stalled));
}

void pipeline_init(struct speaker *speaker)
{
    loop_task_init(&speaker->work, speaker->loop, run);
    loop_timer_init(&speaker->stalled, speaker->loop, readers_stalled);
}

void pipeline_stop(struct speaker *speaker)
{
    loop_task_cancel(&speaker->work);
    loop_timer_stop(&speaker->stalled);
}
