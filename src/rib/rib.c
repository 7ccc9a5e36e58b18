/* See rib.h. How a row finds its best path:
 *
 * A row with one path holds it itself; that path is the best if it is eligible. A row with more holds them in a chunk,
 * in order of arrival, and remembers the best one's index and rank. A new path is compared with the best alone: by
 * rank, which decides nearly always, else by the full order. Two things make the best "unknown", to be selected among
 * all when somebody asks: the best went away, or MED takes part in a tie, because MED is not transitive and a path
 * that is not the best may still decide who is.
 */
#include "rib/rib.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "rib/next_hops.h"
#include "rib/rib_row.h"

static const char *const reject_texts[PATH_REJECT_COUNT] = {
    [PATH_ACCEPTED] = "accepted",
    [PATH_REJECT_AS_LOOP] = "our own AS number is in its AS_PATH",
    [PATH_REJECT_ORIGINATOR] = "its ORIGINATOR_ID is our own (RFC 4456)",
    [PATH_REJECT_CLUSTER_LOOP] = "our cluster id is in its CLUSTER_LIST (RFC 4456)",
    [PATH_REJECT_NO_POLICY] = "no import policy is configured for this external peer (RFC 8212)",
    [PATH_REJECT_OTC_LEAK] = "it is a route leak: OTC from a customer, a client or with another AS (RFC 9234)",
    [PATH_REJECT_POLICY] = "the import policy rejects it",
};

const char *path_reject_text(enum path_reject reject)
{
    return reject_texts[reject];
}

struct rib *rib_new(enum family_id family, const struct rib_options *options)
{
    struct rib *rib = mem_zalloc(MEM_OTHER, sizeof(*rib));
    rib->family = family;
    rib->kind = family_address_bits(family) == 32 ? ADDR_IPV4 : ADDR_IPV6;
    rib->options = *options;
    rib->attrs = attr_store_new();
    rib->view = attr_store_view(rib->attrs);
    rib->prefixes = prefix_table_new(rib->kind);
    path_pool_init(&rib->pool);
    rib_source_open(rib, RIB_SOURCE_LOCAL, SOURCE_LOCAL, &(struct addr){0}, 0, 0);
    return rib;
}

void rib_free(struct rib *rib)
{
    if (rib == NULL)
        return;
    next_hops_free(rib->next_hops);
    prefix_table_free(rib->prefixes);
    path_pool_release(&rib->pool);
    attr_store_free(rib->attrs);
    age_release(&rib->age);
    mem_free(MEM_OTHER, rib->sources);
    mem_free(MEM_PREFIX, rib->tombstones);
    mem_free(MEM_OTHER, rib);
}

/* Sources --------------------------------------------------------------------------------------------------------- */

struct rib_source *rib_source(struct rib *rib, source_id source)
{
    return &rib->sources[source];
}

void rib_source_open(struct rib *rib, source_id source, enum source_kind kind, const struct addr *address, uint32_t as,
                     uint32_t router_id)
{
    if (source >= rib->source_count) {
        uint32_t count = (source / 64u + 1) * 64;
        rib->sources = mem_realloc(MEM_OTHER, rib->sources, count * sizeof(*rib->sources));
        memset(rib->sources + rib->source_count, 0, (count - rib->source_count) * sizeof(*rib->sources));
        rib->source_count = count;
    }
    struct rib_source *row = &rib->sources[source];
    row->changed = row->received > 0 && (row->changed || row->kind != kind || row->router_id != router_id ||
                                         !addr_equal(&row->address, address));
    row->in_use = true;
    row->kind = (uint8_t)kind;
    row->address = *address;
    row->as = as;
    row->router_id = router_id;
}

void rib_source_new_epoch(struct rib *rib, source_id source)
{
    struct rib_source *row = &rib->sources[source];
    row->epoch = (row->epoch + 1) & PATH_EPOCH_MASK;
    row->stale = row->received;
}

/* Counting -------------------------------------------------------------------------------------------------------- */

static bool flags_accepted(uint16_t flags)
{
    return (flags & PATH_REJECT_MASK) == 0;
}

static bool flags_stale(const struct rib_source *source, uint16_t flags)
{
    return (flags & PATH_EPOCH_MASK) != source->epoch;
}

static void count_paths(struct rib *rib, source_id source, uint16_t flags, int32_t change)
{
    struct rib_source *row = &rib->sources[source];
    row->received += (uint64_t)(int64_t)change;
    if (flags_accepted(flags))
        row->accepted += (uint64_t)(int64_t)change;
    if (flags_stale(row, flags) && (change > 0 || row->stale > 0))
        row->stale += (uint64_t)(int64_t)change;
    rib->path_count += (uint64_t)(int64_t)change;
}

/* Dirty rows ------------------------------------------------------------------------------------------------------ */

static inline void mark_dirty(struct rib *rib, struct rib_row *row, row_id id)
{
    if (row->dirty_next != 0)
        return;
    row->dirty_next = DIRTY_LAST;
    if (rib->dirty_tail != 0)
        prefix_table_row(rib->prefixes, rib->dirty_tail)->dirty_next = id;
    else
        rib->dirty_head = id;
    rib->dirty_tail = id;
    rib->dirty_count++;
}

void rib_dirty_mark(struct rib *rib, row_id id)
{
    mark_dirty(rib, prefix_table_row(rib->prefixes, id), id);
}

bool rib_row_dirty(const struct rib *rib, row_id row)
{
    return prefix_table_row(rib->prefixes, row)->dirty_next != 0;
}

row_id rib_dirty_take(struct rib *rib)
{
    row_id id = rib->dirty_head;
    if (id == 0)
        return 0;
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    rib->dirty_head = row->dirty_next == DIRTY_LAST ? 0 : row->dirty_next;
    if (rib->dirty_head == 0)
        rib->dirty_tail = 0;
    row->dirty_next = 0;
    row->version = ++rib->version;
    age_note(&rib->age, row->version, rib->now_s);
    rib->dirty_count--;
    return id;
}

/* Reading --------------------------------------------------------------------------------------------------------- */

row_id rib_find(const struct rib *rib, const struct prefix *prefix)
{
    return prefix_table_find(rib->prefixes, prefix->addr.bytes, prefix->length);
}

row_id rib_row_end(const struct rib *rib)
{
    return prefix_table_highest(rib->prefixes) + 1;
}

row_id rib_row_next(const struct rib *rib, row_id row)
{
    return prefix_table_next(rib->prefixes, row);
}

void rib_row_prefix(const struct rib *rib, row_id row, struct prefix *prefix)
{
    *prefix = prefix_table_prefix(rib->prefixes, row);
}

uint32_t rib_row_path_count(const struct rib *rib, row_id row)
{
    return prefix_table_row(rib->prefixes, row)->path_count;
}

uint32_t rib_row_version(const struct rib *rib, row_id row)
{
    return prefix_table_row(rib->prefixes, row)->version;
}

uint32_t rib_row_changed_s(const struct rib *rib, row_id row)
{
    const struct rib_row *of = prefix_table_row(rib->prefixes, row);
    return of->dirty_next != 0 ? rib->now_s : age_second(&rib->age, of->version);
}

void rib_row_path(const struct rib *rib, row_id id, uint32_t index, struct rib_path *path)
{
    row_path_get(rib, prefix_table_row(rib->prefixes, id), index, path);
}

bool rib_path_eligible(const struct rib_path *path)
{
    return (path->flags & (PATH_REJECT_MASK | PATH_NEXT_HOP_DOWN)) == 0;
}

bool rib_path_stale(const struct rib *rib, const struct rib_path *path)
{
    return flags_stale(&rib->sources[path->source], path->flags);
}

void rib_decision_path(const struct rib *rib, const struct rib_path *path, uint32_t index,
                       struct decision_path *decision)
{
    const struct attr_set *set = attr_get(rib->view, path->attrs);
    const struct rib_source *source = &rib->sources[path->source];
    *decision = (struct decision_path){
        .set = set,
        .attrs = attr_bytes(rib->view, set),
        .peer = &source->address,
        .router_id = source->router_id,
        .igp_metric = rib->next_hops != NULL ? next_hops_metric(rib, set) : 0,
        .path_id = path->path_id,
        .age_order = index,
        .kind = source->kind,
    };
}

/* Deciding -------------------------------------------------------------------------------------------------------- */

static uint64_t path_rank(const struct rib *rib, const struct rib_path *path)
{
    return decision_rank(&rib->options.decision, attr_get(rib->view, path->attrs)->rank,
                         rib->sources[path->source].kind);
}

/* The eligible paths that tie at the best rank: room for all the row's paths is needed. */
static size_t gather_tied(const struct rib *rib, const struct rib_row *row, uint64_t *best_rank,
                          struct decision_path *tied, uint16_t *indices)
{
    size_t count = 0;
    *best_rank = NO_RANK;
    for (uint32_t i = 0; i < row->path_count; i++) {
        struct rib_path path;
        row_path_get(rib, row, i, &path);
        if (!rib_path_eligible(&path))
            continue;
        uint64_t rank = path_rank(rib, &path);
        if (rank > *best_rank)
            continue;
        if (rank < *best_rank)
            count = 0;
        *best_rank = rank;
        rib_decision_path(rib, &path, i, &tied[count]);
        indices[count++] = (uint16_t)i;
    }
    return count;
}

/* All that tie must be weighed together: MED forbids doing it in rounds. */
static void select_best(struct rib *rib, struct rib_row *row)
{
    enum { ON_STACK = 32 };
    struct decision_path few[ON_STACK], *tied = few;
    uint16_t few_indices[ON_STACK], *indices = few_indices;
    if (row->path_count > ON_STACK) {
        tied = mem_alloc(MEM_OTHER, row->path_count * sizeof(*tied));
        indices = mem_alloc(MEM_OTHER, row->path_count * sizeof(*indices));
    }
    size_t count = gather_tied(rib, row, &row->best_rank, tied, indices);
    row_set_best(row, count == 0 ? BEST_NONE : indices[decision_select(&rib->options.decision, tied, count)]);
    if (tied != few) {
        mem_free(MEM_OTHER, tied);
        mem_free(MEM_OTHER, indices);
    }
}

bool rib_row_best(struct rib *rib, row_id id, struct rib_path *best, uint32_t *index)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    if (row->path_count == 0 || rib->options.no_best)
        return false;
    uint32_t at = 0;
    if (!row_is_inline(row)) {
        if (row_best(row) == BEST_UNKNOWN)
            select_best(rib, row);
        if (row_best(row) == BEST_NONE)
            return false;
        at = row_best(row);
    }
    row_path_get(rib, row, at, best);
    if (index != NULL)
        *index = at;
    return rib_path_eligible(best);
}

static uint16_t med_flag(const struct rib *rib, attr_id attrs)
{
    return attr_get(rib->view, attrs)->facts & ATTR_HAS_MED ? PATH_HAS_MED : 0;
}

/* Without MED, is the path that was put at the end better than the best one, whose rank it has? Mostly both are
 * external, equally far, and the older one stays. */
static bool beats_best(const struct rib *rib, const struct rib_path *path, uint32_t index, const struct rib_path *best,
                       uint32_t best_index)
{
    const struct rib_source *source = &rib->sources[path->source], *best_source = &rib->sources[best->source];
    if (rib->next_hops == NULL && decision_keeps_older(&rib->options.decision, source->kind, best_source->kind))
        return false;
    struct decision_path a, b;
    rib_decision_path(rib, path, index, &a);
    rib_decision_path(rib, best, best_index, &b);
    return decision_compare(&rib->options.decision, &a, &b, NULL) < 0;
}

/* A path was put at the end of a chunk row: is it the best now? True if the best changed, or may have. */
static bool weigh_new_path(struct rib *rib, struct rib_row *row, const struct rib_path *path, uint64_t rank,
                           uint32_t index)
{
    if (!rib_path_eligible(path))
        return false;
    if (row_best(row) == BEST_UNKNOWN)
        return true;
    if (row_best(row) == BEST_NONE || rank < row->best_rank) {
        row->best_rank = rank;
        row_set_best(row, index);
        return true;
    }
    if (rank > row->best_rank)
        return false;
    struct rib_path best;
    row_path_get(rib, row, row_best(row), &best);
    /* May the MED of one of them decide? Then it takes all who tie. */
    bool unknown = (path->flags | best.flags) & PATH_HAS_MED;
    if (!unknown && !beats_best(rib, path, index, &best, row_best(row)))
        return false;
    row_set_best(row, unknown ? BEST_UNKNOWN : index);
    return true;
}

/* Has any path but the one at `except` a MED and this rank? Then who is best may depend on all who tie. */
static bool med_in_tie(const struct rib *rib, const struct rib_row *row, uint64_t rank, uint32_t except)
{
    for (uint32_t i = 0; i < row->path_count; i++) {
        struct rib_path path;
        row_path_get(rib, row, i, &path);
        if (i != except && rib_path_eligible(&path) && (path.flags & PATH_HAS_MED) && path_rank(rib, &path) == rank)
            return true;
    }
    return false;
}

/* A path is about to leave a chunk row. True if the best changed, or may have. */
static bool weigh_leaving_path(struct rib *rib, struct rib_row *row, const struct rib_path *path, uint32_t index)
{
    if (!rib_path_eligible(path) || row_best(row) == BEST_NONE)
        return false;
    if (row_best(row) == BEST_UNKNOWN)
        return true;
    /* One that is not the best, with a low MED or none, may have kept a third path of its neighbour AS out. */
    bool decided = row_best(row) == index || (row->path_count > 2 && path_rank(rib, path) == row->best_rank &&
                                              med_in_tie(rib, row, row->best_rank, index));
    if (decided)
        row_set_best(row, BEST_UNKNOWN);
    return decided;
}

/* Changing -------------------------------------------------------------------------------------------------------- */

static inline void touch(struct rib *rib, struct rib_row *row, row_id id, bool best_changed)
{
    if (best_changed || rib->options.any_change_dirties)
        mark_dirty(rib, row, id);
}

static void remove_at(struct rib *rib, struct rib_row *row, row_id id, uint32_t index)
{
    struct rib_path path;
    row_path_get(rib, row, index, &path);
    bool changed = row_is_inline(row) ? rib_path_eligible(&path) : weigh_leaving_path(rib, row, &path, index);
    count_paths(rib, path.source, path.flags, -1);
    row_path_remove(rib, row, index);
    attr_store_unref(rib->attrs, path.attrs, 1);
    if (row->path_count == 0) {
        rib->rows_with_paths--;
        /* Freed once whoever still has it in a list let go. */
        mark_dirty(rib, row, id);
        return;
    }
    touch(rib, row, id, changed);
}

/* The same path heard again: nothing changed but that it is not stale any more, or who it is from. */
static void refresh(struct rib *rib, struct rib_row *row, row_id id, uint32_t index, struct rib_path *path)
{
    struct rib_source *source = &rib->sources[path->source];
    if (!flags_stale(source, path->flags))
        return;
    if (source->changed && !row_is_inline(row))
        row_set_best(row, BEST_UNKNOWN);
    if (source->changed)
        mark_dirty(rib, row, id);
    if (source->stale > 0)
        source->stale--;
    path->flags = (uint16_t)((path->flags & ~PATH_EPOCH_MASK) | source->epoch);
    row_path_set(rib, row, index, path);
}

/* A row's only path moved into a chunk: it is the best so far, if it may be. */
static void note_first_path(struct rib *rib, struct rib_row *row)
{
    struct rib_path first;
    row_path_get(rib, row, 0, &first);
    bool eligible = rib_path_eligible(&first);
    if (!eligible)
        row->best_rank = NO_RANK;
    else if (row->best_rank == NO_RANK)
        row->best_rank = path_rank(rib, &first);
    row_set_best(row, eligible ? 0 : BEST_NONE);
}

/* What a run announces: the same for all its prefixes, so that its rank is found once, and references and counts are
 * taken for all of them together. */
struct arrival {
    struct rib_path path;
    uint64_t rank;
    uint32_t added;
};

static struct arrival arrival_of(const struct rib *rib, const struct rib_path *path)
{
    struct arrival arrival = {.path = *path, .rank = path_rank(rib, path)};
    arrival.path.flags |= med_flag(rib, path->attrs);
    return arrival;
}

/* The caller holds a reference of his own until then. */
static void arrival_settle(struct rib *rib, struct arrival *arrival)
{
    if (arrival->added == 0)
        return;
    attr_store_ref(rib->attrs, arrival->path.attrs, arrival->added);
    count_paths(rib, arrival->path.source, arrival->path.flags, (int32_t)arrival->added);
    arrival->added = 0;
}

static void add_path(struct rib *rib, struct rib_row *row, row_id id, struct arrival *arrival)
{
    const struct rib_path *path = &arrival->path;
    bool was_empty = row->path_count == 0;
    bool leaves_row = row_is_inline(row) && !was_empty;
    if (!row_path_append(rib, row, path)) {
        rib->refused_paths++;
        if (was_empty)
            mark_dirty(rib, row, id); /* to be freed again */
        return;
    }
    if (leaves_row)
        note_first_path(rib, row);
    arrival->added++;
    rib->rows_with_paths += was_empty;
    bool changed;
    if (row_is_inline(row)) {
        row->best_rank = arrival->rank;
        changed = rib_path_eligible(path);
    } else {
        changed = weigh_new_path(rib, row, path, arrival->rank, row->path_count - 1u);
    }
    /* A row without an eligible path is looked at once too: that gives it its version, and so its age. */
    touch(rib, row, id, changed || was_empty);
}

static void replace_path(struct rib *rib, struct rib_row *row, row_id id, uint32_t index, const struct rib_path *before,
                         const struct arrival *arrival)
{
    /* Out and in again at the end: a changed path is a young one. */
    struct rib_path after = arrival->path;
    after.local_id = before->local_id;
    attr_store_ref(rib->attrs, after.attrs, 1);
    count_paths(rib, before->source, before->flags, -1);
    count_paths(rib, after.source, after.flags, 1);
    bool changed;
    if (row_is_inline(row)) {
        row_path_set(rib, row, 0, &after);
        changed = rib_path_eligible(before) || rib_path_eligible(&after);
    } else {
        changed = weigh_leaving_path(rib, row, before, index);
        row_path_replace_at_end(rib, row, index, &after);
        changed |= weigh_new_path(rib, row, &after, arrival->rank, row->path_count - 1u);
    }
    attr_store_unref(rib->attrs, before->attrs, 1);
    touch(rib, row, id, changed);
}

static void put_path(struct rib *rib, row_id id, struct arrival *arrival)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    struct rib_path *path = &arrival->path, before;
    if (rib->next_hops != NULL)
        path->flags = (uint16_t)((path->flags & ~PATH_NEXT_HOP_DOWN) | next_hops_flags(rib, path->attrs, id));
    int32_t index = row_path_find(rib, row, path->source, path->path_id);
    if (index < 0) {
        add_path(rib, row, id, arrival);
        return;
    }
    row_path_get(rib, row, (uint32_t)index, &before);
    uint16_t same = (uint16_t)(before.flags ^ path->flags) & (uint16_t)~PATH_EPOCH_MASK;
    if (before.attrs == path->attrs && same == 0)
        refresh(rib, row, id, (uint32_t)index, &before);
    else
        replace_path(rib, row, id, (uint32_t)index, &before, arrival);
}

void rib_announce(struct rib *rib, source_id source, const struct prefix *prefix, uint32_t path_id, attr_id attrs,
                  uint16_t flags)
{
    row_id id = prefix_table_get_or_add(rib->prefixes, prefix->addr.bytes, prefix->length);
    if (id == 0) {
        rib->refused_paths++;
        return;
    }
    struct rib_path path = {
        .attrs = attrs, .path_id = path_id, .source = source, .flags = (uint16_t)(flags | rib->sources[source].epoch)};
    struct arrival arrival = arrival_of(rib, &path);
    put_path(rib, id, &arrival);
    arrival_settle(rib, &arrival);
}

static bool withdraw_row(struct rib *rib, row_id id, source_id source, uint32_t path_id)
{
    if (id == 0)
        return false;
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    int32_t index = row_path_find(rib, row, source, path_id);
    if (index < 0)
        return false;
    remove_at(rib, row, id, (uint32_t)index);
    return true;
}

bool rib_withdraw(struct rib *rib, source_id source, const struct prefix *prefix, uint32_t path_id)
{
    return withdraw_row(rib, rib_find(rib, prefix), source, path_id);
}

void rib_set_reject(struct rib *rib, row_id id, uint32_t index, enum path_reject reject)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    struct rib_path path;
    row_path_get(rib, row, index, &path);
    uint16_t flags = (uint16_t)((path.flags & ~PATH_REJECT_MASK) | reject << PATH_REJECT_SHIFT);
    if (flags == path.flags)
        return;
    count_paths(rib, path.source, path.flags, -1);
    count_paths(rib, path.source, flags, 1);
    path.flags = flags;
    row_path_set(rib, row, index, &path);
    if (!row_is_inline(row))
        row_set_best(row, BEST_UNKNOWN);
    rib_dirty_mark(rib, id);
}

void rib_set_attrs(struct rib *rib, row_id id, uint32_t index, attr_id attrs)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    struct rib_path path;
    row_path_get(rib, row, index, &path);
    if (path.attrs == attrs)
        return;
    attr_store_ref(rib->attrs, attrs, 1);
    attr_store_unref(rib->attrs, path.attrs, 1);
    path.attrs = attrs;
    path.flags = (uint16_t)((path.flags & ~PATH_HAS_MED) | med_flag(rib, attrs));
    bool was_eligible = rib_path_eligible(&path);
    if (rib->next_hops != NULL)
        path.flags = (uint16_t)((path.flags & ~PATH_NEXT_HOP_DOWN) | next_hops_flags(rib, attrs, id));
    row_path_set(rib, row, index, &path);
    if (!was_eligible && !rib_path_eligible(&path))
        return;
    if (!row_is_inline(row))
        row_set_best(row, BEST_UNKNOWN);
    rib_dirty_mark(rib, id);
}

void rib_remove_path(struct rib *rib, row_id id, uint32_t index)
{
    remove_at(rib, prefix_table_row(rib->prefixes, id), id, index);
}

/* Dirty only if another path is the best: a version that changed nothing would make the best path look young. */
void rib_weigh_again(struct rib *rib, row_id id)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    if (row_is_inline(row))
        return;
    uint16_t before = row_best(row);
    select_best(rib, row);
    touch(rib, row, id, before == BEST_UNKNOWN || before != row_best(row));
}

void rib_set_next_hop_down(struct rib *rib, row_id id, uint32_t index, bool down)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    struct rib_path path;
    row_path_get(rib, row, index, &path);
    bool was_eligible = rib_path_eligible(&path);
    path.flags = (uint16_t)(down ? path.flags | PATH_NEXT_HOP_DOWN : path.flags & ~PATH_NEXT_HOP_DOWN);
    row_path_set(rib, row, index, &path);
    if (was_eligible == rib_path_eligible(&path))
        return;
    if (row_is_inline(row))
        touch(rib, row, id, true);
    else
        rib_weigh_again(rib, id);
}

/* Runs of NLRI ---------------------------------------------------------------------------------------------------- */

static void ask_for_chunks(const struct rib *rib, const struct prefix_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct rib_row *row = prefix_table_row(rib->prefixes, batch->ids[i]);
        if (batch->ids[i] != 0 && !row_is_inline(row))
            path_pool_prefetch(&rib->pool, row->paths);
    }
}

static void withdraw_batch(struct rib *rib, struct rib_run *run, source_id source)
{
    prefix_batch_find(rib->prefixes, &run->batch);
    ask_for_chunks(rib, &run->batch);
    for (uint32_t i = 0; i < run->batch.count; i++)
        withdraw_row(rib, run->batch.ids[i], source, run->path_ids[i]);
}

static void announce_batch(struct rib *rib, struct rib_run *run, struct arrival *arrival)
{
    prefix_batch_get_or_add(rib->prefixes, &run->batch);
    ask_for_chunks(rib, &run->batch);
    for (uint32_t i = 0; i < run->batch.count; i++) {
        arrival->path.path_id = run->path_ids[i];
        if (likely(run->batch.ids[i] != 0))
            put_path(rib, run->batch.ids[i], arrival);
        else
            rib->refused_paths++;
    }
    arrival_settle(rib, arrival);
}

static void tell_touched(struct rib *rib, const struct rib_run *run, const struct rib_update *update)
{
    for (uint32_t i = 0; i < run->batch.count; i++) {
        const struct prefix_key *key = &run->batch.keys[i];
        struct prefix prefix = {.addr = addr_from_bytes(rib->kind, key->bytes), .length = key->length};
        update->touched(update->context, rib, update, &prefix, run->path_ids[i]);
    }
}

/* The next prefixes of the run; none at its end. */
static void run_read(const struct rib *rib, struct rib_run *run)
{
    uint32_t count = 0;
    while (count < PREFIX_BATCH && !cursor_done(&run->rest)) {
        run->path_ids[count] = run->add_path ? cursor_u32(&run->rest) : 0;
        if (!prefix_key_next(&run->rest, rib->kind, &run->batch.keys[count]))
            break;
        count++;
    }
    run->batch.count = count;
    prefix_batch_ask_slots(rib->prefixes, &run->batch);
}

void rib_run_begin(const struct rib *rib, struct rib_run *run, const uint8_t *nlri, uint32_t length, bool add_path)
{
    run->rib = rib;
    run->nlri = nlri;
    run->length = length;
    run->rest = cursor_of(nlri, length);
    run->add_path = add_path;
    run_read(rib, run);
}

bool rib_run_is(const struct rib_run *run, const struct rib *rib, const uint8_t *nlri, uint32_t length, bool add_path)
{
    return run->rib == rib && run->nlri == nlri && run->length == length && run->add_path == add_path;
}

void rib_run_end(struct rib_run *run)
{
    run->rib = NULL;
}

void rib_run_approach(const struct rib *rib, struct rib_run *run)
{
    prefix_batch_ask_rows(rib->prefixes, &run->batch);
}

void rib_run_apply(struct rib *rib, struct rib_run *run, const struct rib_update *update)
{
    struct arrival arrival = {0};
    if (update->attrs != 0) {
        unsigned flags = (unsigned)update->reject << PATH_REJECT_SHIFT | rib->sources[update->source].epoch;
        struct rib_path path = {.attrs = update->attrs, .source = update->source, .flags = (uint16_t)flags};
        arrival = arrival_of(rib, &path);
    }
    for (; run->batch.count > 0; run_read(rib, run)) {
        if (update->attrs != 0)
            announce_batch(rib, run, &arrival);
        else
            withdraw_batch(rib, run, update->source);
        if (update->touched != NULL)
            tell_touched(rib, run, update);
    }
    rib_run_end(run);
}

void rib_apply(struct rib *rib, const struct rib_update *update)
{
    struct rib_run run;
    rib_run_begin(rib, &run, update->nlri, update->nlri_length, update->add_path);
    rib_run_apply(rib, &run, update);
}

/* Sweeping -------------------------------------------------------------------------------------------------------- */

/* Removes the paths of `source` that are of neither of these epochs. */
static void sweep_row(struct rib *rib, row_id id, source_id source, uint8_t epoch, uint8_t kept_epoch)
{
    struct rib_row *row = prefix_table_row(rib->prefixes, id);
    for (uint32_t i = row->path_count; i-- > 0;) {
        struct rib_path path;
        row_path_get(rib, row, i, &path);
        unsigned of = path.flags & PATH_EPOCH_MASK;
        if (path.source == source && of != epoch && of != kept_epoch)
            remove_at(rib, row, id, i);
    }
}

static bool sweep(struct rib *rib, source_id source, uint8_t kept_epoch, row_id *row, uint32_t row_budget)
{
    while (row_budget-- > 0) {
        *row = prefix_table_next(rib->prefixes, *row);
        if (*row == 0 || rib->sources[source].stale == 0)
            return true;
        sweep_row(rib, *row, source, rib->sources[source].epoch, kept_epoch);
    }
    return false;
}

bool rib_sweep(struct rib *rib, source_id source, row_id *row, uint32_t row_budget)
{
    return sweep(rib, source, rib->sources[source].epoch, row, row_budget);
}

bool rib_sweep_older(struct rib *rib, source_id source, row_id *row, uint32_t row_budget)
{
    return sweep(rib, source, (uint8_t)(rib->sources[source].epoch - 1) & PATH_EPOCH_MASK, row, row_budget);
}
