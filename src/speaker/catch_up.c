/* See catch_up.h.
 *
 *   start ---- wait for company (only if everything is wanted) ----> begin: live cursor := end of the group's log
 *         ---- walk rows in id order, encode what out[] says, a little ahead of the fastest reader ---->
 *         ---- stream written to its end ----> back to the live log, from where the walk began
 *
 * What changes during the walk is in the live log behind that cursor, so the last word is always the latest. Rows the
 * walk has not reached yet may be told twice; never wrongly.
 */
#include "speaker/catch_up.h"

#include "base/check.h"
#include "base/mem.h"
#include "speaker/client_views.h"
#include "speaker/group_paths.h"
#include "speaker/outbox.h"
#include "speaker/packer.h"

struct catch_up {
    struct list link;
    struct catch_up_set *set;
    struct update_group *group;
    struct loop_timer company; /* runs while it waits for others */
    struct group_log log;
    struct list members; /* of struct outbox, catch_up_link */
    row_id last_row;     /* of the walk */
    enum catch_up_scope scope;
    uint32_t version;        /* CATCH_UP_SINCE */
    uint32_t withdrawn_left; /* group_paths_rewithdraw */
    bool begun;
    bool encoded; /* the stream is complete */
};

struct catch_up_set {
    struct loop *loop;
    const struct speaker_tuning *tuning;
    struct list running;
    void (*wake)(void *context);
    void *context;
};

struct catch_up_set *catch_up_set_new(struct loop *loop, const struct speaker_tuning *tuning,
                                      void (*wake)(void *context), void *context)
{
    struct catch_up_set *set = mem_zalloc(MEM_GROUP, sizeof(*set));
    set->loop = loop;
    set->tuning = tuning;
    set->wake = wake;
    set->context = context;
    list_init(&set->running);
    return set;
}

void catch_up_set_free(struct catch_up_set *set)
{
    if (set == NULL)
        return;
    CHECK(list_empty(&set->running));
    mem_free(MEM_GROUP, set);
}

static void begin(struct catch_up *catch_up)
{
    catch_up->begun = true;
    if (catch_up->scope != CATCH_UP_JOIN && catch_up->group->paths != NULL)
        catch_up->withdrawn_left = group_paths_withdrawn_count(catch_up->group->paths);
    list_foreach (outbox, &catch_up->members, struct outbox, catch_up_link) {
        outbox_drop_private(outbox);
        outbox->live = group_log_cursor_at_end(&catch_up->group->log);
        outbox->catch_up_cursor = group_log_cursor_at_tail(&catch_up->log);
    }
    catch_up->set->wake(catch_up->set->context);
}

static void company_came(struct loop_timer *timer)
{
    begin(container_of(timer, struct catch_up, company));
}

static struct catch_up *waiting_for_company(struct update_group *group)
{
    list_foreach (catch_up, &group->catch_ups->running, struct catch_up, link) {
        if (catch_up->group == group && !catch_up->begun)
            return catch_up;
    }
    return NULL;
}

static struct catch_up *catch_up_new(struct update_group *group, enum catch_up_scope scope, uint32_t version)
{
    struct catch_up *catch_up = mem_zalloc(MEM_GROUP, sizeof(*catch_up));
    catch_up->set = group->catch_ups;
    catch_up->group = group;
    catch_up->scope = scope;
    catch_up->version = version;
    list_init(&catch_up->members);
    group_log_init(&catch_up->log, version);
    loop_timer_init(&catch_up->company, catch_up->set->loop, company_came);
    list_append(&catch_up->set->running, &catch_up->link);
    return catch_up;
}

static void catch_up_free(struct catch_up *catch_up)
{
    loop_timer_stop(&catch_up->company);
    list_remove(&catch_up->link);
    group_log_release(&catch_up->log);
    mem_free(MEM_GROUP, catch_up);
}

void catch_up_start(struct update_group *group, struct outbox *outbox, enum catch_up_scope scope, uint32_t version)
{
    if (outbox->catch_up != NULL)
        catch_up_leave(outbox);
    struct catch_up *catch_up = scope == CATCH_UP_JOIN ? waiting_for_company(group) : NULL;
    if (catch_up == NULL)
        catch_up = catch_up_new(group, scope, version);
    outbox->behind = false;
    outbox->catch_up_count++;
    outbox->catch_up = catch_up;
    list_append(&catch_up->members, &outbox->catch_up_link);
    if (scope != CATCH_UP_JOIN)
        begin(catch_up);
    else if (!loop_timer_running(&catch_up->company))
        loop_timer_start(&catch_up->company, catch_up->set->tuning->cohort_wait_ms);
}

void catch_up_leave(struct outbox *outbox)
{
    struct catch_up *catch_up = outbox->catch_up;
    list_remove(&outbox->catch_up_link);
    outbox->catch_up = NULL;
    if (list_empty(&catch_up->members))
        catch_up_free(catch_up);
}

enum catch_up_scope catch_up_scope(const struct catch_up *catch_up)
{
    return catch_up->scope;
}

uint32_t catch_up_version(const struct catch_up *catch_up)
{
    return catch_up->version;
}

bool catch_up_begun(const struct catch_up *catch_up)
{
    return catch_up->begun;
}

static bool stream_read_to_end(const struct catch_up *catch_up, const struct outbox *outbox)
{
    return catch_up->encoded && outbox->offered_count == 0 &&
           log_cursor_position(&outbox->catch_up_cursor) == group_log_end(&catch_up->log);
}

/* A stream may end in runs its reader skips. */
static void skip_own_runs(struct outbox *outbox)
{
    const uint8_t *bytes;
    uint32_t length;
    log_cursor_next(&outbox->catch_up_cursor, outbox->self, UINT64_MAX, 0, &bytes, &length);
}

static void finish_if_read(struct catch_up *catch_up, struct outbox *outbox)
{
    if (catch_up->begun && catch_up->encoded && outbox->offered_count == 0)
        skip_own_runs(outbox);
    if (!stream_read_to_end(catch_up, outbox))
        return;
    catch_up_leave(outbox);
    outbox->ops->caught_up(outbox);
    outbox->ops->wake(outbox);
}

void catch_up_progress(struct outbox *outbox)
{
    struct catch_up *catch_up = outbox->catch_up;
    struct catch_up_set *set = catch_up->set;
    uint64_t oldest = UINT64_MAX;
    list_foreach (member, &catch_up->members, struct outbox, catch_up_link) {
        uint64_t position = log_cursor_position(&member->catch_up_cursor);
        oldest = position < oldest ? position : oldest;
    }
    group_log_trim(&catch_up->log, oldest);
    bool more_to_encode = !catch_up->encoded;
    finish_if_read(catch_up, outbox);
    if (more_to_encode)
        set->wake(set->context);
}

/* Encoding waits while even the fastest reader has enough to read. */
static bool may_encode(const struct catch_up *catch_up)
{
    if (!catch_up->begun || catch_up->encoded)
        return false;
    uint64_t end = group_log_end(&catch_up->log);
    list_foreach (outbox, &catch_up->members, struct outbox, catch_up_link) {
        if (end - log_cursor_position(&outbox->catch_up_cursor) < catch_up->set->tuning->catch_up_ahead_bytes)
            return true;
    }
    return false;
}

/* Joiners had nothing, so there is nothing to withdraw from them. Others are alone in their catch-up. */
static void encode_row(struct catch_up *catch_up, row_id row)
{
    struct update_group *group = catch_up->group;
    if (catch_up->scope == CATCH_UP_JOIN && group->views != NULL) {
        client_views_join_row(group->views, row);
        return;
    }
    if (catch_up->scope == CATCH_UP_JOIN) {
        update_group_retell(group, row, RIB_SOURCE_NONE, false);
        return;
    }
    /* It may have been cut off while it joined. */
    if (catch_up->scope == CATCH_UP_ALL && group->views != NULL)
        client_views_settle_row(group->views, row);
    uint32_t version = rib_row_version(group->rib, row);
    const struct outbox *only = list_entry(catch_up->members.next, struct outbox, catch_up_link);
    if (catch_up->scope == CATCH_UP_ALL || rib_version_reached(version, catch_up->version))
        update_group_retell(group, row, only->self, rib_version_reached(version, only->tombstones_since));
}

static void flush(struct catch_up *catch_up)
{
    struct pack_target target = {.rules = &catch_up->group->rules, .log = &catch_up->log};
    packer_flush(catch_up->group->packer, &target);
    group_log_publish(&catch_up->log);
}

static uint32_t encode_slice(struct catch_up *catch_up, uint32_t budget)
{
    struct update_group *group = catch_up->group;
    uint32_t looked_at = 0;
    if (group->views != NULL)
        client_views_joiners(group->views, &catch_up->members);
    if (catch_up->withdrawn_left > 0) {
        const struct outbox *only = list_entry(catch_up->members.next, struct outbox, catch_up_link);
        group_paths_rewithdraw(catch_up->group->paths, only->self, only->tombstones_since, &catch_up->withdrawn_left,
                               budget);
        looked_at = budget;
    }
    while (!catch_up->encoded && looked_at < budget && !packer_nearly_full(catch_up->group->packer)) {
        catch_up->last_row = rib_row_next(catch_up->group->rib, catch_up->last_row);
        catch_up->encoded = catch_up->last_row == 0;
        if (!catch_up->encoded)
            encode_row(catch_up, catch_up->last_row);
        looked_at++;
    }
    flush(catch_up);
    if (group->views != NULL)
        update_group_flush(group); /* what single joiners are told */
    list_foreach_safe (outbox, &catch_up->members, struct outbox, catch_up_link) {
        outbox->ops->wake(outbox);
    }
    return looked_at;
}

bool catch_up_run(struct catch_up_set *set, uint32_t row_budget)
{
    bool more = false;
    list_foreach_safe (catch_up, &set->running, struct catch_up, link) {
        if (!may_encode(catch_up))
            continue;
        uint32_t used = row_budget > 0 ? encode_slice(catch_up, row_budget) : 0;
        row_budget -= used < row_budget ? used : row_budget;
        if (!catch_up->encoded) {
            more |= may_encode(catch_up);
            continue;
        }
        /* The last member to finish frees the catch-up. */
        bool last = false;
        list_foreach_safe (outbox, &catch_up->members, struct outbox, catch_up_link) {
            last = catch_up->members.next == catch_up->members.prev;
            finish_if_read(catch_up, outbox);
            if (last)
                break;
        }
    }
    return more;
}
