/* See update_group.h. How a change becomes bytes:
 *
 *   update_group_row   compares today's choice with out[]; nothing to say costs two loads
 *                      something to say: an entry in the packer, and, where the new route came from a member that
 *                      had been told another, a withdraw for that member alone
 *   update_group_flush encodes entries into the log, then moves out[] to what was said
 *
 * References: out[] holds one on each attribute set it names.
 */
#include "speaker/update_group.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "speaker/catch_up.h"
#include "speaker/client_views.h"
#include "speaker/group_paths.h"
#include "speaker/outbox.h"
#include "speaker/packer.h"
#include "speaker/policy_export.h"

enum {
    /* Address space for the columns: as many rows as a table may have. */
    COLUMN_ROWS_MAX = RIB_ROWS_MAX,
    SOURCES_STEP = 64,
};

struct update_group *update_group_new(uint32_t id, struct packer *packer, struct catch_up_set *catch_ups,
                                      const struct speaker_tuning *tuning, const struct export_rules *rules)
{
    struct rib *rib = packer->rib;
    struct update_group *group = mem_zalloc(MEM_GROUP, sizeof(*group));
    group->id = id;
    group->rib = rib;
    group->packer = packer;
    group->catch_ups = catch_ups;
    group->tuning = tuning;
    group->rules = *rules;
    list_init(&group->link);
    list_init(&group->members);
    group->policy = policy_export_new(group);
    group_log_init(&group->log, rib->version);
    update_group_fill_after_queue(group);
    if (rules->add_path) {
        group->paths = group_paths_new(group);
    } else {
        group->out_attrs = mem_reserve(sizeof(attr_id) * COLUMN_ROWS_MAX);
        group->out_sources = mem_reserve(sizeof(source_id) * COLUMN_ROWS_MAX);
    }
    if (rules->route_server_client && !rules->add_path)
        group->views = client_views_new(group);
    return group;
}

static void update_group_free(struct update_group *group)
{
    if (group->views != NULL)
        client_views_free(group->views);
    if (group->paths != NULL) {
        group_paths_free(group->paths);
    } else {
        mem_unreserve(group->out_attrs, sizeof(attr_id) * COLUMN_ROWS_MAX);
        mem_unreserve(group->out_sources, sizeof(source_id) * COLUMN_ROWS_MAX);
    }
    policy_export_free(group->policy);
    group_log_release(&group->log);
    mem_free(MEM_GROUP, group->advertised_by_source);
    mem_free(MEM_GROUP, group->member_by_source);
    list_remove(&group->link);
    mem_free(MEM_GROUP, group);
}

bool update_group_dissolve(struct update_group *group, uint32_t budget)
{
    CHECK(group->member_count == 0);
    if (!group->dissolving) {
        group->dissolving = true;
        group->fill_row = 0;
    }
    while (budget-- > 0) {
        row_id row = group->fill_row = rib_row_next(group->rib, group->fill_row);
        if (row == 0) {
            update_group_free(group);
            return false;
        }
        if (group->views != NULL)
            client_views_drop_row(group->views, row);
        if (group->paths != NULL)
            group_paths_drop_row(group->paths, row);
        else if (group->out_attrs[row] != 0)
            attr_store_unref(group->rib->attrs, group->out_attrs[row], 1);
    }
    return true;
}

/* Room for per-source columns up to and including `source`. */
static void reach_source(struct update_group *group, source_id source)
{
    if (source < group->source_capacity)
        return;
    uint32_t capacity = (source / SOURCES_STEP + 1u) * SOURCES_STEP;
    group->advertised_by_source =
        mem_realloc(MEM_GROUP, group->advertised_by_source, capacity * sizeof(*group->advertised_by_source));
    group->member_by_source =
        mem_realloc(MEM_GROUP, group->member_by_source, capacity * sizeof(*group->member_by_source));
    for (uint32_t i = group->source_capacity; i < capacity; i++) {
        group->advertised_by_source[i] = 0;
        group->member_by_source[i] = NULL;
    }
    group->source_capacity = capacity;
}

struct outbox *update_group_member(const struct update_group *group, source_id source)
{
    return source < group->source_capacity ? group->member_by_source[source] : NULL;
}

/* Members ---------------------------------------------------------------------------------------------------------- */

/* Does the log still hold all that was ever said, and is all of it for him? Then reading it from the start is the
 * cheapest way in. Not for somebody whose own routes are in there: what replaced others' then is not for him, and would
 * leave those standing. Nor for a route server client: who may hear what was said without asking about him. */
static bool log_is_for(const struct update_group *group, const struct outbox *outbox)
{
    if (group->log.tail->start != 0 || group->log_is_partial)
        return false;
    if (group->views != NULL)
        return !group->filled && group->fill_row == 0 && group_log_end(&group->log) == 0;
    return !group_log_has_source(&group->log, outbox->self);
}

void update_group_join(struct update_group *group, struct outbox *outbox)
{
    reach_source(group, outbox->self);
    group->member_by_source[outbox->self] = outbox;
    outbox->group = group;
    outbox->wants_end_of_rib = true;
    outbox->end_of_rib_sent = false;
    outbox->old_rows_position = 0;
    outbox->behind = false;
    list_append(&group->members, &outbox->link);
    group->member_count++;
    if (group->views != NULL)
        client_views_join(group->views, outbox);
    if (!log_is_for(group, outbox)) {
        catch_up_start(group, outbox, CATCH_UP_JOIN, 0);
        return;
    }
    group_log_publish(&group->log);
    outbox->live = group_log_cursor_at_tail(&group->log);
    if (group->filled)
        outbox_end_of_rib(outbox);
    outbox->ops->wake(outbox);
}

void update_group_leave(struct update_group *group, struct outbox *outbox)
{
    if (outbox->catch_up != NULL)
        catch_up_leave(outbox);
    if (group->views != NULL)
        client_views_leave(group->views, outbox);
    group->member_by_source[outbox->self] = NULL;
    list_remove(&outbox->link);
    group->member_count--;
    outbox->group = NULL;
    outbox->behind = false;
}

uint64_t update_group_backlog(const struct update_group *group, struct mono_time since)
{
    uint64_t least = UINT64_MAX;
    list_foreach (outbox, &group->members, struct outbox, link) {
        uint64_t backlog = mono_before(outbox->read_at, since) ? UINT64_MAX : outbox_backlog(outbox);
        least = backlog < least ? backlog : least;
    }
    return least == UINT64_MAX ? 0 : least;
}

bool update_group_most_behind(const struct update_group *group, uint64_t bytes, struct mono_time since)
{
    uint32_t readers = 0, behind = 0;
    list_foreach (outbox, &group->members, struct outbox, link) {
        if (mono_before(outbox->read_at, since))
            continue;
        readers++;
        behind += outbox_backlog(outbox) >= bytes;
    }
    return behind * 2 > readers;
}

static struct outbox *slowest_member(const struct update_group *group, uint64_t *position)
{
    struct outbox *slowest = NULL;
    *position = group_log_end(&group->log);
    list_foreach (outbox, &group->members, struct outbox, link) {
        if (outbox_is_live(outbox) && log_cursor_position(&outbox->live) < *position) {
            slowest = outbox;
            *position = log_cursor_position(&outbox->live);
        }
    }
    return slowest;
}

uint32_t update_group_trim(struct update_group *group)
{
    uint64_t position;
    struct outbox *slowest = slowest_member(group, &position);
    group_log_trim(&group->log, position);
    while (group->log.retained_bytes > group->tuning->log_cap_bytes && slowest != NULL) {
        outbox_cut_off(slowest, false);
        slowest = slowest_member(group, &position);
        group_log_trim(&group->log, position);
    }
    uint32_t tombstones = group->rib->version + 1;
    list_foreach (outbox, &group->members, struct outbox, link) {
        uint32_t needed = outbox_tombstones_needed(outbox);
        tombstones = rib_version_reached(needed, tombstones) ? tombstones : needed;
    }
    if (group->paths != NULL)
        group_paths_trim(group->paths, tombstones, tombstones == group->rib->version + 1);
    return tombstones;
}

/* Choice ----------------------------------------------------------------------------------------------------------- */

static enum export_reason check_rules(const struct update_group *group, const struct rib_path *path)
{
    struct export_path export_path;
    export_path_of(group->rib, path->attrs, path->source, &export_path);
    enum export_reason reason = export_check(&group->rules, &export_path);
    if (reason == EXPORT_TOLD && group->rules.client_as != 0)
        reason = export_check_client(&group->rules, &export_path, group->rules.client_as);
    /* With a policy it is what that makes of it that must fit. */
    if (reason == EXPORT_TOLD && group->policy == NULL &&
        !packer_fits(group->packer, &group->rules, path->attrs, path->source))
        reason = EXPORT_TOO_LONG;
    return reason;
}

enum export_reason update_group_check(struct update_group *group, row_id row, const struct rib_path *path)
{
    attr_id told;
    enum export_reason reason = check_rules(group, path);
    if (reason == EXPORT_TOLD && group->policy != NULL)
        reason = policy_export_path(group->policy, row, path, &told);
    return reason;
}

/* Rows that change together mostly share their set; one remembered answer catches them. */
static inline bool allows(struct update_group *group, const struct rib_path *path)
{
    if (path->attrs != group->checked_attrs || path->source != group->checked_source) {
        group->checked_attrs = path->attrs;
        group->checked_source = path->source;
        group->checked_reason = (uint8_t)check_rules(group, path);
    }
    return group->checked_reason == EXPORT_TOLD;
}

bool update_group_allows(struct update_group *group, const struct rib_path *path)
{
    return allows(group, path);
}

/* May the path be told, and as which set? */
static inline bool choose(struct update_group *group, row_id row, const struct rib_path *path, attr_id *attrs)
{
    *attrs = path->attrs;
    if (!allows(group, path))
        return false;
    return group->policy == NULL || policy_export_path(group->policy, row, path, attrs) == EXPORT_TOLD;
}

bool update_group_choose(struct update_group *group, row_id row, const struct rib_path *path, struct told_path *told)
{
    *told = (struct told_path){.source = path->source};
    return choose(group, row, path, &told->attrs);
}

bool update_group_same_bytes(struct update_group *group, const struct told_path *before, const struct told_path *now)
{
    if (before->attrs == now->attrs && before->source == now->source)
        return true;
    const struct told_path *memo = group->compared;
    if (memo[0].attrs != before->attrs || memo[0].source != before->source || memo[1].attrs != now->attrs ||
        memo[1].source != now->source) {
        group->compared[0] = *before;
        group->compared[1] = *now;
        group->compared_same = packer_same_section(group->packer, &group->rules, before, now);
    }
    return group->compared_same;
}

/* The bytes would be those told before: out[] moves alone. If the route now comes from elsewhere, the member it came
 * from has to be told, and the one it comes from not any more. */
static void change_source(struct update_group *group, row_id row, const struct told_path *before,
                          const struct told_path *now)
{
    if (before->source != now->source) {
        group->log_is_partial = true;
        struct outbox *newly_told = update_group_member(group, before->source);
        struct outbox *newly_own = update_group_member(group, now->source);
        if (newly_told != NULL)
            outbox_collect_announce(newly_told, row, now->attrs, now->source);
        if (newly_own != NULL)
            outbox_collect_withdraw(newly_own, row, 0);
        group->private_waiting |= newly_told != NULL || newly_own != NULL;
    }
    attr_store_ref(group->rib->attrs, now->attrs, 1);
    update_group_set_out(group, row, now->attrs, now->source);
}

/* What was told before may be the same, or the same in other words. */
static void tell_again(struct update_group *group, row_id row, const struct told_path *now)
{
    struct told_path before = {.attrs = group->out_attrs[row], .source = group->out_sources[row]};
    if (before.attrs == now->attrs && before.source == now->source)
        return;
    if (update_group_same_bytes(group, &before, now)) {
        change_source(group, row, &before, now);
        return;
    }
    packer_announce(group->packer, row, 0, now->attrs, now->source);
    struct outbox *own = before.source != now->source ? update_group_member(group, now->source) : NULL;
    if (own != NULL)
        outbox_collect_withdraw(own, row, 0);
}

/* A row of a group that tells one path to all. */
static inline void column_row(struct update_group *group, row_id row)
{
    struct rib_path best;
    attr_id attrs;
    bool tell = rib_row_best(group->rib, row, &best, NULL) && choose(group, row, &best, &attrs);
    bool was_told = group->out_attrs[row] != 0;
    if (tell && was_told)
        tell_again(group, row, &(struct told_path){.attrs = attrs, .source = best.source});
    else if (tell)
        packer_announce(group->packer, row, 0, attrs, best.source);
    else if (was_told)
        packer_withdraw(group->packer, row, 0, group->out_sources[row]);
}

void update_group_row(struct update_group *group, row_id row)
{
    if (group->paths != NULL)
        group_paths_row(group->paths, row);
    else if (group->views != NULL)
        client_views_row(group->views, row);
    else
        column_row(group, row);
}

void update_group_rows(struct update_group *group, const row_id *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        update_group_row(group, rows[i]);
        if (packer_nearly_full(group->packer))
            update_group_flush(group);
    }
    update_group_flush(group);
}

/* Saying it -------------------------------------------------------------------------------------------------------- */

/* Counts announcements to come of a set from a source, and takes their references. */
static void take_out(struct update_group *group, attr_id attrs, source_id source, uint32_t count)
{
    reach_source(group, source);
    attr_store_ref(group->rib->attrs, attrs, count);
    group->advertised += count;
    group->advertised_by_source[source] += count;
}

/* What the row was told is no more. */
static inline void give_back_out(struct update_group *group, row_id row)
{
    attr_id before = group->out_attrs[row];
    if (before == 0)
        return;
    group->advertised--;
    group->advertised_by_source[group->out_sources[row]]--;
    attr_store_unref(group->rib->attrs, before, 1);
}

void update_group_set_out(struct update_group *group, row_id row, attr_id attrs, source_id source)
{
    give_back_out(group, row);
    group->out_attrs[row] = attrs;
    group->out_sources[row] = source;
    if (attrs != 0) {
        reach_source(group, source);
        group->advertised++;
        group->advertised_by_source[source]++;
    }
}

/* All is taken before anything is given back: a set may be another row's before. */
static void move_out(struct update_group *group)
{
    const struct packer *packer = group->packer;
    for (uint32_t i = 0; i < packer->run_count; i++) {
        const struct pack_run *run = &packer->runs[i];
        if (run->attrs != 0)
            take_out(group, run->attrs, run->source, run->count);
    }
    for (uint32_t i = 0; i < packer->run_count; i++) {
        const struct pack_run *run = &packer->runs[i];
        for (uint32_t j = run->first; j < run->first + run->count; j++) {
            row_id row = packer->entries[j].row;
            give_back_out(group, row);
            group->out_attrs[row] = run->attrs;
            group->out_sources[row] = run->source;
        }
    }
}

void update_group_flush(struct update_group *group)
{
    group->checked_attrs = group->compared[0].attrs = 0; /* the numbers may soon stand for other sets */
    if (group->views != NULL)
        client_views_forget_scopes(group->views);
    if (group->packer->count == 0 && !group->private_waiting)
        return;
    group->private_waiting = false;
    struct pack_target target = {.rules = &group->rules, .log = &group->log};
    list_foreach (outbox, &group->members, struct outbox, link) {
        outbox_flush_withdraws(outbox);
    }
    if (group->paths == NULL && group->views == NULL)
        move_out(group);
    packer_flush(group->packer, &target);
    group_log_publish(&group->log);
    list_foreach_safe (outbox, &group->members, struct outbox, link) {
        outbox_flush_announces(outbox);
        outbox->ops->wake(outbox);
    }
}

void update_group_fill_after_queue(struct update_group *group)
{
    group->fill_after = group->rib->version + group->rib->dirty_count;
}

bool update_group_fill(struct update_group *group, uint32_t budget)
{
    if (group->filled || !rib_version_reached(group->rib->version, group->fill_after))
        return false;
    group->packer->since_version = group->rib->version + 1;
    while (!group->filled && budget-- > 0 && !packer_nearly_full(group->packer)) {
        group->fill_row = rib_row_next(group->rib, group->fill_row);
        group->filled = group->fill_row == 0;
        /* Dirty rows come by themselves, and get their new version first. */
        if (!group->filled && !rib_row_dirty(group->rib, group->fill_row))
            update_group_row(group, group->fill_row);
    }
    update_group_flush(group);
    if (!group->filled)
        return true;
    group->filled_position = group_log_end(&group->log);
    list_foreach (outbox, &group->members, struct outbox, link) {
        if (outbox->wants_end_of_rib && outbox->catch_up == NULL && !outbox->behind)
            outbox_end_of_rib(outbox);
        if (outbox->moved)
            outbox->ops->wake(outbox);
    }
    return false;
}

void update_group_refill(struct update_group *group)
{
    group->filled = false;
    group->refills = true;
    group->fill_row = 0;
}

void update_group_change_policy(struct update_group *group, const struct export_rules *rules)
{
    CHECK(group->packer->count == 0); /* entries name sets of the memo */
    policy_export_free(group->policy);
    group->rules = *rules;
    group->policy = policy_export_new(group);
    group->checked_attrs = group->compared[0].attrs = 0;
    update_group_refill(group);
}

/* What was told ---------------------------------------------------------------------------------------------------- */

void update_group_retell(struct update_group *group, row_id row, source_id self, bool withdraw_absent)
{
    if (group->paths != NULL) {
        group_paths_retell(group->paths, row, self);
        return;
    }
    struct told_path told = {.attrs = group->out_attrs[row], .source = group->out_sources[row]};
    if (group->views != NULL)
        client_views_told(group->views, self, row, &told);
    if (told.attrs != 0 && told.source != self)
        packer_announce(group->packer, row, 0, told.attrs, told.source);
    else if (withdraw_absent)
        packer_withdraw(group->packer, row, 0, RIB_SOURCE_NONE);
}

size_t update_group_told(const struct update_group *group, const struct outbox *outbox, row_id row,
                         struct told_path *told, size_t max)
{
    if (group->paths != NULL)
        return group_paths_told(group->paths, outbox->self, row, told, max);
    if (group->views != NULL)
        return max > 0 && client_views_told(group->views, outbox->self, row, told);
    if (group->out_attrs[row] == 0 || group->out_sources[row] == outbox->self || max == 0)
        return 0;
    told[0] = (struct told_path){.attrs = group->out_attrs[row], .source = group->out_sources[row]};
    return 1;
}

uint64_t update_group_told_count(const struct update_group *group, const struct outbox *outbox)
{
    if (group->views != NULL)
        return client_views_told_count(group->views, outbox->self);
    uint32_t own = outbox->self < group->source_capacity ? group->advertised_by_source[outbox->self] : 0;
    return group->advertised - own;
}

void update_group_count(struct update_group *group, source_id source, int change)
{
    reach_source(group, source);
    group->advertised += (uint64_t)(int64_t)change;
    group->advertised_by_source[source] += (uint32_t)change;
}

bool update_group_row_told(const struct update_group *group, row_id row)
{
    if (group->views != NULL)
        return client_views_row_told(group->views, row);
    return group->paths != NULL ? group_paths_row_told(group->paths, row) : group->out_attrs[row] != 0;
}
