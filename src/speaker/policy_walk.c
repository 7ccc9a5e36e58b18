/* Looking at routes again because a policy changed (policy_run.h). What is done depends on what the change reaches:
 *
 *   import, everything     each path that passes the assignment goes through import again, from the set as received
 *   import, some prefixes  the same for the rows within them
 *   export, everything     each group that passes it looks at all rows again, as it did when it began (pipeline.c)
 *   export, some prefixes  each such group looks at the rows within them
 *
 * Groups whose rules have become others go on with the new ones: what they told stands in out[], so only differences
 * are sent, and no session notices. A neighbour that is not treated as the rest of its group any more moves to another
 * group and is told everything again there.
 *
 * Rows within prefixes are found by looking at the keys of all rows, which is cheap and needs no order; exact prefixes
 * by look-up.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/policy_table.h"
#include "policy/prefix_set.h"
#include "speaker/packer.h"
#include "speaker/peer_groups.h"
#include "speaker/pipeline.h"
#include "speaker/policy_export.h"
#include "speaker/policy_run.h"
#include "speaker/update_group.h"

enum { CHUNK_ROWS = 128 };

struct policy_walk {
    struct list link;
    bool import;
    source_id source;                           /* import: of whom; RIB_SOURCE_NONE: of all */
    const struct policy_assignment *assignment; /* export: of which groups */
    bool validity;                              /* export: of those that ask about it */
    bool again;                                 /* validity: over everything, once this is done */
    bool everything;
    struct prefix_set within; /* if not everything */
    struct prefix *exact;     /* all of `within`, if no range is wider than its prefix; else NULL */
    uint32_t exact_count, exact_next;
    row_id row;
};

static void finish(struct policy_walk *walk)
{
    prefix_set_release(&walk->within);
    mem_free(MEM_POLICY, walk->exact);
    list_remove(&walk->link);
    mem_free(MEM_POLICY, walk);
}

void policy_walk_drop_all(struct speaker_table *table)
{
    list_foreach_safe (walk, &table->policy_walks, struct policy_walk, link) {
        finish(walk);
    }
}

/* Starting --------------------------------------------------------------------------------------------------------- */

static struct policy_walk *find_import(struct speaker_table *table, source_id source)
{
    list_foreach (walk, &table->policy_walks, struct policy_walk, link) {
        if (walk->import && walk->everything && !walk->validity &&
            (walk->source == source || walk->source == RIB_SOURCE_NONE))
            return walk;
    }
    return NULL;
}

static struct policy_walk *walk_new(struct speaker_table *table, const struct policy_change *change)
{
    struct policy_walk *walk = mem_zalloc(MEM_POLICY, sizeof(*walk));
    walk->everything = change->everything;
    prefix_set_init(&walk->within);
    list_append(&table->policy_walks, &walk->link);
    return walk;
}

/* False if none of the ranges is of the table's address family. */
static bool take_ranges(struct policy_walk *walk, const struct rib *rib, const struct policy_change *change)
{
    bool exact = true;
    if (walk->everything)
        return true;
    walk->exact = mem_alloc(MEM_POLICY, (change->range_count + 1) * sizeof(*walk->exact));
    for (uint32_t i = 0; i < change->range_count; i++) {
        const struct prefix_range *range = &change->ranges[i];
        if (range->prefix.addr.kind != rib->kind)
            continue;
        prefix_set_add(&walk->within, range);
        walk->exact[walk->exact_count++] = range->prefix;
        exact &= range->length_min == range->prefix.length && range->length_max == range->prefix.length;
    }
    if (!exact) {
        mem_free(MEM_POLICY, walk->exact);
        walk->exact = NULL;
    }
    return walk->within.count > 0;
}

static void import_changed(struct speaker_table *table, source_id source, const struct policy_change *change)
{
    if (table == NULL || table->rib == NULL)
        return;
    struct policy_walk *walk = find_import(table, source);
    if (walk != NULL) {
        walk->row = 0; /* what it has seen it has judged by the rules of before */
        return;
    }
    walk = walk_new(table, change);
    walk->import = true;
    walk->source = source;
    if (!take_ranges(walk, table->rib, change))
        finish(walk);
}

/* A group's rules as they would be for a member today: only what policies are about may have become otherwise. */
static void rules_today(const struct update_group *group, const struct outbox *outbox, struct export_rules *rules)
{
    *rules = group->rules;
    policy_export_rules(outbox->owner, rules);
}

/* The rules a group goes on with: those of most of its members. */
static void choose_rules(const struct update_group *group, struct export_rules *rules)
{
    struct export_rules one;
    uint32_t votes = 0;
    list_foreach (outbox, &group->members, struct outbox, link) {
        rules_today(group, outbox, &one);
        if (votes == 0)
            *rules = one;
        if (memcmp(&one, rules, sizeof(one)) == 0)
            votes++;
        else
            votes--;
    }
}

/* Whoever has other rules now leaves the group. True if there may be more of them. */
static bool move_members(struct update_group *group)
{
    struct peer *leaving[CHUNK_ROWS];
    unsigned count = 0;
    list_foreach (outbox, &group->members, struct outbox, link) {
        struct export_rules own;
        rules_today(group, outbox, &own);
        if (count < CHUNK_ROWS && memcmp(&own, &group->rules, sizeof(own)) != 0)
            leaving[count++] = outbox->owner;
    }
    for (unsigned i = 0; i < count; i++)
        peer_group_move(leaving[i], group->rib->family);
    return count == CHUNK_ROWS;
}

static void change_rules(struct update_group *group)
{
    struct export_rules rules;
    if (list_empty(&group->members))
        return;
    choose_rules(group, &rules);
    if (memcmp(&rules, &group->rules, sizeof(rules)) != 0)
        update_group_change_policy(group, &rules);
    else if (group->look_at_rows)
        update_group_refill(group);
    group->look_at_rows = false;
}

/* First all groups get the rules of today, then those who are in the wrong one look for another: that may be one of
 * these. Once for each group, however many of its members' assignments have changed. */
static void change_groups(struct speaker_table *table)
{
    list_foreach (group, &table->groups, struct update_group, link) {
        if (group->look_at_rules)
            change_rules(group);
    }
    list_foreach_safe (group, &table->groups, struct update_group, link) {
        while (group->look_at_rules && move_members(group))
            continue;
        group->look_at_rules = false;
    }
}

static void note_group(struct update_group *group, const struct policy_assignment *assignment)
{
    group->look_at_rules = true;
    group->look_at_rows |= policy_export_passes(group, assignment);
}

static bool anybody_passes(const struct speaker_table *table, const struct policy_assignment *assignment)
{
    list_foreach (group, &table->groups, struct update_group, link) {
        if (policy_export_passes(group, assignment))
            return true;
    }
    return false;
}

static void export_changed(struct speaker_table *table, const struct policy_assignment *assignment,
                           const struct policy_change *change)
{
    if (table == NULL || table->rib == NULL)
        return;
    if (change->everything) {
        list_foreach (group, &table->groups, struct update_group, link) {
            note_group(group, assignment);
        }
        return;
    }
    /* Neighbours with the same policies share a group, which passes those of one of them. */
    if (!anybody_passes(table, assignment))
        return;
    struct policy_walk *walk = walk_new(table, change);
    walk->assignment = assignment;
    if (!take_ranges(walk, table->rib, change))
        finish(walk);
}

static void peer_export_changed(struct peer *peer, const struct policy_assignment *assignment,
                                const struct policy_change *change)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        const struct outbox *outbox = peer->families[family].outbox;
        if (outbox == NULL || outbox->group == NULL)
            continue;
        if (change->everything)
            note_group(outbox->group, assignment);
        else
            export_changed(peer_table(peer, family), assignment, change);
    }
}

static struct peer *find_target(const struct speaker *speaker, const char *target)
{
    struct addr address;
    if (addr_parse(target, &address) < 0)
        address = (struct addr){.kind = ADDR_NONE};
    return peer_find(speaker, &address, target);
}

static void target_changed(void *context, const char *target, enum policy_direction direction,
                           const struct policy_change *change)
{
    struct speaker *speaker = context;
    struct policy_table *table = policy_run_table(speaker->policy);
    const struct policy_assignment *assignment = policy_assignment(table, target, direction);
    bool global = strcmp(target, POLICY_TARGET_GLOBAL) == 0;
    struct peer *peer = global ? NULL : find_target(speaker, target);
    if (!global && peer == NULL)
        return;
    if (direction == POLICY_EXPORT && peer != NULL) {
        peer_export_changed(peer, assignment, change);
        return;
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct speaker_table *routes = peer != NULL ? peer_table(peer, family) : speaker_table(speaker, family);
        if (direction == POLICY_IMPORT)
            import_changed(routes, peer != NULL ? peer->source : RIB_SOURCE_NONE, change);
        else
            export_changed(routes, assignment, change);
    }
}

void policy_run_changed(struct speaker *speaker)
{
    policy_views_purge(policy_run_views(speaker->policy));
    policy_table_take_changes(policy_run_table(speaker->policy), target_changed, speaker);
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (speaker->tables[i].rib != NULL)
            change_groups(&speaker->tables[i]);
    pipeline_wake(speaker);
}

/* Validity --------------------------------------------------------------------------------------------------------- */

static bool import_asks_validity(struct speaker *speaker, const struct speaker_table *table)
{
    struct policy_chain chain;
    policy_chain_of(speaker, NULL, POLICY_IMPORT, &chain);
    if (!table->of_clients && policy_chain_asks_validity(&chain))
        return true;
    list_foreach (peer, &speaker->peers, struct peer, link) {
        policy_chain_of(speaker, peer, POLICY_IMPORT, &chain);
        if (peer->config.peer.route_server_client == table->of_clients && policy_chain_asks_validity(&chain))
            return true;
    }
    return false;
}

static bool export_asks_validity(const struct speaker_table *table)
{
    list_foreach (group, &table->groups, struct update_group, link) {
        if (policy_export_asks_validity(group))
            return true;
    }
    return false;
}

/* One walk for all neighbours. While it is under way further changes are put off until its end, so that a cache that
 * never stops changing neither adds walks nor keeps one from its end. */
static void validity_changed(struct speaker_table *table, bool import, const struct policy_change *change)
{
    list_foreach (walk, &table->policy_walks, struct policy_walk, link) {
        if (walk->validity && walk->import == import) {
            walk->again = true;
            return;
        }
    }
    struct policy_walk *walk = walk_new(table, change);
    walk->validity = true;
    walk->import = import;
    walk->source = RIB_SOURCE_NONE;
    if (!take_ranges(walk, table->rib, change))
        finish(walk);
}

void policy_run_validity_changed(struct speaker *speaker, const struct policy_change *change)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        struct speaker_table *table = &speaker->tables[i];
        if (table->rib != NULL && import_asks_validity(speaker, table))
            validity_changed(table, true, change);
        if (table->rib != NULL && export_asks_validity(table))
            validity_changed(table, false, change);
    }
    pipeline_wake(speaker);
}

/* Walking ---------------------------------------------------------------------------------------------------------- */

static bool concerns(const struct policy_walk *walk, const struct rib *rib, row_id row)
{
    struct prefix prefix;
    if (walk->everything)
        return true;
    rib_row_prefix(rib, row, &prefix);
    return prefix_set_match(&walk->within, &prefix);
}

static bool reaches(const struct policy_walk *walk, const struct update_group *group)
{
    return walk->validity ? policy_export_asks_validity(group) : policy_export_passes(group, walk->assignment);
}

static void walk_groups(struct speaker_table *table, const struct policy_walk *walk, const row_id *rows, uint32_t count)
{
    list_foreach (group, &table->groups, struct update_group, link) {
        if (!reaches(walk, group))
            continue;
        table->packer->since_version = table->rib->version + 1;
        for (uint32_t i = 0; i < count; i++) {
            /* Dirty rows come by themselves, and get their new version first. */
            if (!rib_row_dirty(table->rib, rows[i]))
                update_group_row(group, rows[i]);
            if (packer_nearly_full(table->packer))
                update_group_flush(group);
        }
        update_group_flush(group);
        /* The rows keep their versions: a member that is cut off before it has read this needs everything. */
        group->filled_position = group_log_end(&group->log);
    }
}

/* The next rows the walk is about, of so many looked at; false at the end. */
static bool find_rows(struct policy_walk *walk, const struct rib *rib, row_id rows[CHUNK_ROWS], uint32_t *count)
{
    for (uint32_t looked_at = 0; looked_at < CHUNK_ROWS; looked_at++) {
        if (walk->exact != NULL) {
            if (walk->exact_next == walk->exact_count)
                return false;
            rows[*count] = rib_find(rib, &walk->exact[walk->exact_next++]);
            *count += rows[*count] != 0;
            continue;
        }
        walk->row = rib_row_next(rib, walk->row);
        if (walk->row == 0)
            return false;
        rows[*count] = walk->row;
        *count += concerns(walk, rib, walk->row);
    }
    return true;
}

/* One chunk of rows; false at the end. */
static bool walk_chunk(struct speaker *speaker, struct speaker_table *table, struct policy_walk *walk)
{
    row_id rows[CHUNK_ROWS];
    uint32_t count = 0;
    bool more = find_rows(walk, table->rib, rows, &count);
    for (uint32_t i = 0; walk->import && i < count; i++)
        policy_import_row(speaker, table, rows[i], walk->source);
    if (!walk->import && count > 0)
        walk_groups(table, walk, rows, count);
    return more;
}

/* What changed on the way may be about rows it has passed. */
static void end(struct policy_walk *walk)
{
    if (!walk->again) {
        finish(walk);
        return;
    }
    mem_free(MEM_POLICY, walk->exact);
    walk->exact = NULL;
    walk->everything = true;
    walk->again = false;
    walk->row = 0;
}

static bool waits_for_readers(struct speaker *speaker, const struct speaker_table *table,
                              const struct policy_walk *walk)
{
    list_foreach (group, &table->groups, struct update_group, link) {
        if (reaches(walk, group) && pipeline_waits_for_readers(speaker, group))
            return true;
    }
    return false;
}

static struct policy_walk *next_walk(struct speaker *speaker, const struct speaker_table *table, bool rows_wait)
{
    list_foreach (walk, &table->policy_walks, struct policy_walk, link) {
        if (walk->import ? !rows_wait : !waits_for_readers(speaker, table, walk))
            return walk;
    }
    return NULL;
}

bool policy_walk_run(struct speaker *speaker, struct speaker_table *table, bool rows_wait, struct mono_time until)
{
    struct policy_walk *walk;
    while ((walk = next_walk(speaker, table, rows_wait)) != NULL) {
        if (!walk_chunk(speaker, table, walk))
            end(walk);
        if (!mono_before(mono_now(), until))
            return next_walk(speaker, table, rows_wait) != NULL;
    }
    return false;
}
