/* See group_paths.h. */
#include "speaker/group_paths.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/slab.h"
#include "speaker/withdrawn_paths.h"

enum {
    TOLD_MAX = 255, /* send-max is an octet */
    CANDIDATES_MIN = 64,
    TRIM_BUDGET = 4096,
    TOLD_PAGE_UNITS = 4096,
    TOLD_PAGES_MAX = 64 * 1024,
};

static const uint16_t class_units[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 255};

struct group_paths {
    struct update_group *group;
    uint32_t *places; /* by row: the chunk of told_path; 0 with count 0 */
    uint8_t *counts;
    struct slab slab;
    struct withdrawn_paths withdrawn;
    struct rib_path *candidates; /* scratch: the paths of one row */
    struct decision_path *weighed;
    uint32_t candidate_capacity;
};

static unsigned class_for(unsigned count)
{
    unsigned class_index = 0;
    while (class_units[class_index] < count)
        class_index++;
    return class_index;
}

struct group_paths *group_paths_new(struct update_group *group)
{
    const struct slab_layout layout = {.kind = MEM_GROUP,
                                       .unit_bytes = sizeof(struct told_path),
                                       .page_units = TOLD_PAGE_UNITS,
                                       .max_pages = TOLD_PAGES_MAX,
                                       .class_count = ARRAY_LEN(class_units),
                                       .class_units = class_units};
    struct group_paths *paths = mem_zalloc(MEM_GROUP, sizeof(*paths));
    paths->group = group;
    paths->places = mem_reserve(sizeof(uint32_t) * RIB_ROWS_MAX);
    paths->counts = mem_reserve(RIB_ROWS_MAX);
    slab_init(&paths->slab, &layout);
    withdrawn_paths_init(&paths->withdrawn);
    return paths;
}

void group_paths_free(struct group_paths *paths)
{
    slab_release(&paths->slab);
    withdrawn_paths_release(&paths->withdrawn);
    mem_free(MEM_GROUP, paths->candidates);
    mem_free(MEM_GROUP, paths->weighed);
    mem_unreserve(paths->places, sizeof(uint32_t) * RIB_ROWS_MAX);
    mem_unreserve(paths->counts, RIB_ROWS_MAX);
    mem_free(MEM_GROUP, paths);
}

static struct told_path *row_told(const struct group_paths *paths, row_id row)
{
    return paths->counts[row] > 0 ? slab_at(&paths->slab, paths->places[row]) : NULL;
}

bool group_paths_row_told(const struct group_paths *paths, row_id row)
{
    return paths->counts[row] > 0;
}

static void reach_candidates(struct group_paths *paths, uint32_t count)
{
    if (count <= paths->candidate_capacity)
        return;
    uint32_t capacity = paths->candidate_capacity ? paths->candidate_capacity : CANDIDATES_MIN;
    while (capacity < count)
        capacity *= 2;
    paths->candidates = mem_realloc(MEM_GROUP, paths->candidates, capacity * sizeof(*paths->candidates));
    paths->weighed = mem_realloc(MEM_GROUP, paths->weighed, capacity * sizeof(*paths->weighed));
    paths->candidate_capacity = capacity;
}

/* The paths the group should be told, best first, with a reference each. */
static unsigned choose(struct group_paths *paths, row_id row, struct told_path chosen[TOLD_MAX])
{
    struct update_group *group = paths->group;
    struct rib *rib = group->rib;
    uint32_t count = 0, all = rib_row_path_count(rib, row);
    reach_candidates(paths, all);
    struct rib_path *candidates = paths->candidates;
    struct decision_path *weighed = paths->weighed;
    for (uint32_t i = 0; i < all; i++) {
        rib_row_path(rib, row, i, &candidates[count]);
        /* Left out before anything is weighed: MED lets a path that is not told put others behind. */
        if (!rib_path_eligible(&candidates[count]) || !update_group_allows(group, &candidates[count]))
            continue;
        rib_decision_path(rib, &candidates[count], i, &weighed[count]);
        count++;
    }
    unsigned told = 0;
    while (told < group->rules.add_path_max && count > 0) {
        size_t best = decision_select(&rib->options.decision, weighed, count);
        if (update_group_choose(group, row, &candidates[best], &chosen[told])) {
            chosen[told].path_id = candidates[best].local_id;
            attr_store_ref(rib->attrs, chosen[told++].attrs, 1);
        }
        count--;
        candidates[best] = candidates[count];
        weighed[best] = weighed[count];
    }
    return told;
}

static const struct told_path *find_told(const struct told_path *told, unsigned count, uint32_t path_id)
{
    for (unsigned i = 0; i < count; i++)
        if (told[i].path_id == path_id)
            return &told[i];
    return NULL;
}

/* What is remembered; 0 when the slab is full. */
static unsigned store(struct group_paths *paths, row_id row, const struct told_path *told, unsigned count)
{
    unsigned before = paths->counts[row];
    if (before > 0 && (count == 0 || class_for(before) != class_for(count)))
        slab_free(&paths->slab, paths->places[row], class_for(before));
    if (count > 0 && (before == 0 || class_for(before) != class_for(count)))
        paths->places[row] = slab_alloc(&paths->slab, class_for(count));
    if (count > 0 && paths->places[row] == 0)
        count = 0;
    paths->counts[row] = (uint8_t)count;
    if (count > 0)
        memcpy(slab_at(&paths->slab, paths->places[row]), told, count * sizeof(*told));
    return count;
}

/* Going down gives back the references choose() took. */
static void count_told(struct group_paths *paths, const struct told_path *told, unsigned count, int change)
{
    struct attr_store *attrs = paths->group->rib->attrs;
    for (unsigned i = 0; i < count; i++) {
        if (change < 0)
            attr_store_unref(attrs, told[i].attrs, 1);
        update_group_count(paths->group, told[i].source, change);
    }
}

/* Is it the path told before, whose place the new one can take? */
static bool replaces(const struct told_path *before, const struct told_path *now)
{
    return before != NULL && now != NULL && before->source == now->source;
}

static void say(struct group_paths *paths, row_id row, const struct told_path *before, const struct told_path *now)
{
    struct update_group *group = paths->group;
    if (before != NULL && !replaces(before, now)) {
        packer_withdraw(group->packer, row, before->path_id, before->source);
        withdrawn_paths_note(&paths->withdrawn, row, before->path_id, rib_row_version(group->rib, row));
    }
    if (now != NULL && !(replaces(before, now) && update_group_same_bytes(group, before, now)))
        packer_announce(group->packer, row, now->path_id, now->attrs, now->source);
}

void group_paths_row(struct group_paths *paths, row_id row)
{
    struct told_path now[TOLD_MAX], before[TOLD_MAX];
    unsigned before_count = paths->counts[row];
    if (before_count > 0)
        memcpy(before, row_told(paths, row), before_count * sizeof(before[0]));
    unsigned count = choose(paths, row, now);
    /* No room to remember it: then nothing is told. */
    count_told(paths, now, count, 1);
    unsigned stored = store(paths, row, now, count);
    if (stored < count)
        count_told(paths, now + stored, count - stored, -1);
    for (unsigned i = 0; i < before_count; i++)
        if (find_told(now, stored, before[i].path_id) == NULL)
            say(paths, row, &before[i], NULL);
    for (unsigned i = 0; i < stored; i++)
        say(paths, row, find_told(before, before_count, now[i].path_id), &now[i]);
    count_told(paths, before, before_count, -1);
}

void group_paths_retell(struct group_paths *paths, row_id row, source_id self)
{
    const struct told_path *told = row_told(paths, row);
    for (unsigned i = 0; i < paths->counts[row]; i++)
        if (told[i].source != self)
            packer_announce(paths->group->packer, row, told[i].path_id, told[i].attrs, told[i].source);
}

uint32_t group_paths_withdrawn_count(const struct group_paths *paths)
{
    return paths->withdrawn.count;
}

void group_paths_rewithdraw(struct group_paths *paths, source_id self, uint32_t since, uint32_t *at, uint32_t budget)
{
    if (*at > paths->withdrawn.count)
        *at = paths->withdrawn.count;
    while (*at > 0 && budget-- > 0 && !packer_nearly_full(paths->group->packer)) {
        const struct withdrawn_path *gone = &paths->withdrawn.entries[--*at];
        if (!rib_version_reached(gone->version, since))
            continue;
        const struct told_path *told = find_told(row_told(paths, gone->row), paths->counts[gone->row], gone->path_id);
        if (told == NULL || told->source == self)
            packer_withdraw(paths->group->packer, gone->row, gone->path_id, RIB_SOURCE_NONE);
    }
}

void group_paths_trim(struct group_paths *paths, uint32_t needed, bool nobody_needs)
{
    withdrawn_paths_trim(&paths->withdrawn, needed, nobody_needs, TRIM_BUDGET);
}

void group_paths_drop_row(struct group_paths *paths, row_id row)
{
    if (paths->counts[row] == 0)
        return;
    count_told(paths, row_told(paths, row), paths->counts[row], -1);
    store(paths, row, NULL, 0);
}

size_t group_paths_told(const struct group_paths *paths, source_id self, row_id row, struct told_path *told, size_t max)
{
    const struct told_path *all = row_told(paths, row);
    size_t count = 0;
    for (unsigned i = 0; i < paths->counts[row] && count < max; i++)
        if (all[i].source != self)
            told[count++] = all[i];
    return count;
}
