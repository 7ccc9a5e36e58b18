/* Walks over tables for lists and look-ups. A walk is a source of rows (the whole table in order of row numbers, or
 * one look-up after another) and a way to turn a row into views (by table type). Each step is bounded; a table that
 * goes away ends its walks.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"
#include "speaker/client_scope.h"

enum {
    STEP_ROWS = 2000,   /* rows looked at in one call, about half a millisecond */
    STEP_INDEX = 50000, /* steps of sorting */
    TOLD_BYTES_MAX = 16 * 1024 * 1024,
};

struct path_walk {
    struct list link;
    struct control *control;
    struct path_query query;
    struct path_lookup *lookups;
    size_t lookup;               /* the one being answered */
    struct speaker_table *table; /* NULL: the table has gone */
    row_id row;
    int covering_length; /* LOOKUP_SHORTER: bits still to be tried */
    bool lookup_begun;
    struct prefix_order *order; /* LOOKUP_LONGER */
    uint32_t order_at, order_end;
    uint64_t order_generation;
    struct path_view *views;
    size_t view_capacity;
    struct buf told_bytes;
};

static int check_query(struct control *control, const struct path_query *query, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (query->table == TABLE_VRF)
        return err_set(err, E_NOT_FOUND, "vrf %s not found", query->peer.interface);
    if (query->table > TABLE_VRF)
        return err_set(err, E_INVALID, "unsupported resource type: %d", (int)query->table);
    const struct peer *peer = query->table == TABLE_GLOBAL ? NULL : control_need_peer(control, &query->peer, err);
    if (query->table != TABLE_GLOBAL && peer == NULL)
        return E_NOT_FOUND;
    if (query->table == TABLE_LOCAL && !peer->config.peer.route_server_client)
        return err_set(err, E_INVALID, "neighbor %s doesn't have local rib", peer_name_format(&query->peer, text));
    if (speaker_table(control->speaker, query->family) == NULL)
        return err_set(err, E_UNSUPPORTED, "address family: %s not supported",
                       query->family < FAMILY_COUNT ? family_get(query->family)->config_name : "unknown");
    return E_OK;
}

/* The table that answers; NULL: a route server client whose like was never there. */
static struct speaker_table *table_of(struct control *control, const struct path_query *query)
{
    if (query->table == TABLE_GLOBAL)
        return speaker_table(control->speaker, query->family);
    return peer_table(peer_find(control->speaker, &query->peer.address, query->peer.interface), query->family);
}

int control_path_walk(struct control *control, const struct path_query *query, struct path_walk **made, struct err *err)
{
    int result = check_query(control, query, err);
    if (result != E_OK)
        return result;
    struct path_walk *walk = mem_zalloc(MEM_OTHER, sizeof(*walk));
    walk->control = control;
    walk->query = *query;
    walk->table = table_of(control, query);
    buf_init(&walk->told_bytes, TOLD_BYTES_MAX);
    if (query->lookup_count > 0) {
        walk->lookups = mem_alloc(MEM_OTHER, query->lookup_count * sizeof(*walk->lookups));
        memcpy(walk->lookups, query->lookups, query->lookup_count * sizeof(*walk->lookups));
    }
    list_append(&control->walks, &walk->link);
    *made = walk;
    return E_OK;
}

void path_walk_free(struct path_walk *walk)
{
    if (walk == NULL)
        return;
    if (walk->order != NULL)
        prefix_order_unref(walk->order);
    list_remove(&walk->link);
    buf_release(&walk->told_bytes);
    mem_free(MEM_OTHER, walk->lookups);
    mem_free(MEM_OTHER, walk->views);
    mem_free(MEM_OTHER, walk);
}

void path_walks_stop(struct control *control)
{
    list_foreach (walk, &control->walks, struct path_walk, link) {
        if (walk->order != NULL)
            prefix_order_unref(walk->order);
        walk->order = NULL;
        walk->table = NULL;
    }
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

static void next_lookup(struct path_walk *walk)
{
    walk->lookup++;
    walk->lookup_begun = false;
    if (walk->order != NULL)
        prefix_order_unref(walk->order);
    walk->order = NULL;
}

static struct prefix_index *index_of(struct path_walk *walk)
{
    struct prefix_index **index = &walk->control->indexes[walk->table - walk->control->speaker->tables];
    if (*index == NULL)
        *index = prefix_index_new(walk->table->rib->prefixes);
    return *index;
}

/* Rows below a prefix: from an ordered copy of the keys, made in steps. */
static row_id next_longer(struct path_walk *walk, const struct path_lookup *lookup, bool *again)
{
    const struct prefix_table *prefixes = walk->table->rib->prefixes;
    if (!walk->lookup_begun) {
        walk->order_generation = prefixes->generation;
        walk->lookup_begun = true;
    }
    if (walk->order == NULL) {
        walk->order = prefix_index_get(index_of(walk), walk->order_generation, STEP_INDEX);
        if (walk->order == NULL) {
            *again = true;
            return 0;
        }
        prefix_order_within(walk->order, lookup->prefix.addr.bytes, lookup->prefix.length, &walk->order_at,
                            &walk->order_end);
    }
    while (walk->order_at < walk->order_end) {
        row_id row = prefix_order_row(walk->order, prefixes, walk->order_at++);
        if (row != 0)
            return row;
    }
    next_lookup(walk);
    *again = true;
    return 0;
}

/* Rows that cover a prefix, longest first. */
static row_id next_shorter(struct path_walk *walk, const struct path_lookup *lookup, bool *again)
{
    const struct prefix_table *prefixes = walk->table->rib->prefixes;
    if (!walk->lookup_begun) {
        walk->covering_length = lookup->prefix.length;
        walk->lookup_begun = true;
    }
    row_id row = prefix_longest_match(prefixes, lookup->prefix.addr.bytes, walk->covering_length);
    if (row == 0) {
        next_lookup(walk);
        *again = true;
        return 0;
    }
    walk->covering_length = prefix_table_row(prefixes, row)->length - 1;
    return row;
}

/* The longest match that has something to show for this query. */
static row_id next_longest(struct path_walk *walk, const struct path_lookup *lookup, bool *again)
{
    row_id row = next_shorter(walk, lookup, again);
    if (row == 0)
        return 0;
    walk->lookup_begun = true;
    return row;
}

static row_id next_row(struct path_walk *walk, bool *again)
{
    *again = false;
    if (walk->query.lookup_count == 0) {
        walk->row = rib_row_next(walk->table->rib, walk->row);
        return walk->row;
    }
    if (walk->lookup >= walk->query.lookup_count)
        return 0;
    const struct path_lookup *lookup = &walk->lookups[walk->lookup];
    row_id row;
    switch (lookup->type) {
    case LOOKUP_EXACT:
        row = rib_find(walk->table->rib, &lookup->prefix);
        next_lookup(walk);
        *again = true;
        return row;
    case LOOKUP_LONGER:
        return next_longer(walk, lookup, again);
    case LOOKUP_SHORTER:
        return next_shorter(walk, lookup, again);
    case LOOKUP_LONGEST_MATCH:
        return next_longest(walk, lookup, again);
    }
    return 0;
}

/* Views ------------------------------------------------------------------------------------------------------------ */

static struct path_view *view_at(struct path_walk *walk, size_t index)
{
    if (index >= walk->view_capacity) {
        walk->view_capacity = walk->view_capacity ? walk->view_capacity * 2 : 8;
        walk->views = mem_realloc(MEM_OTHER, walk->views, walk->view_capacity * sizeof(*walk->views));
    }
    return &walk->views[index];
}

static bool is_multipath(const struct rib *rib, const struct rib_path *best, const struct rib_path *path)
{
    struct decision_path a, b;
    rib_decision_path(rib, best, 0, &a);
    rib_decision_path(rib, path, 1, &b);
    return decision_is_multipath(&rib->options.decision, &a, &b);
}

static size_t view_global(struct path_walk *walk, row_id row, const struct prefix *prefix)
{
    struct rib *rib = walk->table->rib;
    uint32_t all = rib_row_path_count(rib, row);
    struct rib_path *paths = mem_alloc(MEM_OTHER, (all + 1) * sizeof(*paths));
    size_t eligible = 0, behind = all;
    for (uint32_t i = 0; i < all; i++) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        if (rib_path_eligible(&path))
            paths[eligible++] = path;
        else if ((path.flags & PATH_REJECT_MASK) == 0) /* its next hop cannot be reached */
            paths[--behind] = path;
    }
    if (!rib->options.no_best)
        control_sort_paths(rib, paths, eligible);
    size_t count = eligible + (all - behind);
    memmove(paths + eligible, paths + behind, (all - behind) * sizeof(*paths));
    bool multipath = walk->control->speaker->global.use_multiple_paths;
    for (size_t i = 0; i < count; i++) {
        struct path_view *view = view_at(walk, i);
        control_view_path(walk->control, rib, prefix, &paths[i], paths[i].attrs, view);
        view->best = !rib->options.no_best && rib_path_eligible(&paths[i]) &&
                     (i == 0 || (multipath && is_multipath(rib, &paths[0], &paths[i])));
    }
    mem_free(MEM_OTHER, paths);
    return count;
}

/* What a route server client may choose from (RFC 7947 2.3), as the export policy finds it. */
static size_t view_local(struct path_walk *walk, row_id row, const struct prefix *prefix, const struct peer *peer)
{
    struct rib *rib = walk->table->rib;
    uint32_t all = rib_row_path_count(rib, row);
    struct rib_path *paths = mem_alloc(MEM_OTHER, (all + 1) * sizeof(*paths));
    size_t count = 0;
    for (uint32_t i = 0; i < all; i++) {
        rib_row_path(rib, row, i, &paths[count]);
        count += client_may_choose(peer, rib, &paths[count]);
    }
    control_sort_paths(rib, paths, count);
    for (size_t i = 0; i < count; i++) {
        struct path_view *view = view_at(walk, i);
        control_view_path(walk->control, rib, prefix, &paths[i], paths[i].attrs, view);
        view->best = i == 0;
    }
    mem_free(MEM_OTHER, paths);
    return count;
}

static size_t view_adj_in(struct path_walk *walk, row_id row, const struct prefix *prefix, const struct peer *peer)
{
    struct rib *rib = walk->table->rib;
    size_t count = 0;
    for (uint32_t i = 0; i < rib_row_path_count(rib, row); i++) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        if (path.source != peer->source)
            continue;
        attr_id received = attr_get(rib->view, path.attrs)->pre;
        struct path_view *view = view_at(walk, count++);
        control_view_path(walk->control, rib, prefix, &path, received ? received : path.attrs, view);
        view->filtered &= walk->query.include_filtered;
    }
    return count;
}

static size_t view_adj_out(struct path_walk *walk, row_id row, const struct prefix *prefix, const struct peer *peer)
{
    enum { TOLD_MAX = 255 };
    struct told_path told[TOLD_MAX];
    const struct outbox *outbox = peer->families[walk->query.family].outbox;
    if (outbox == NULL || outbox->group == NULL)
        return 0;
    size_t count = update_group_told(outbox->group, outbox, row, told, TOLD_MAX);
    buf_clear(&walk->told_bytes);
    for (size_t i = 0; i < count; i++)
        control_view_told(walk->control, outbox->group, prefix, &told[i], &walk->told_bytes, view_at(walk, i));
    /* The buffer may have moved while it grew: point again. */
    const uint8_t *at = walk->told_bytes.bytes;
    for (size_t i = 0; i < count; i++) {
        walk->views[i].attrs = at;
        at += walk->views[i].attrs_length;
    }
    return count;
}

static size_t view_row(struct path_walk *walk, row_id row)
{
    struct prefix prefix;
    rib_row_prefix(walk->table->rib, row, &prefix);
    if (walk->query.table == TABLE_GLOBAL)
        return view_global(walk, row, &prefix);
    const struct peer *peer = peer_find(walk->control->speaker, &walk->query.peer.address, walk->query.peer.interface);
    if (peer == NULL || peer_table(peer, walk->query.family) != walk->table)
        return 0;
    if (peer->source >= walk->table->rib->source_count)
        return 0;
    if (walk->query.table == TABLE_LOCAL)
        return view_local(walk, row, &prefix, peer);
    return walk->query.table == TABLE_ADJ_IN ? view_adj_in(walk, row, &prefix, peer)
                                             : view_adj_out(walk, row, &prefix, peer);
}

size_t path_walk_next(struct path_walk *walk, const struct path_view **paths, bool *again)
{
    *again = false;
    if (walk->table == NULL)
        return 0;
    for (unsigned looked_at = 0; looked_at < STEP_ROWS; looked_at++) {
        bool answered_by_one =
            walk->lookup < walk->query.lookup_count && walk->lookups[walk->lookup].type == LOOKUP_LONGEST_MATCH;
        row_id row = next_row(walk, again);
        if (row == 0 && !*again)
            return 0;
        if (row == 0)
            return 0; /* the step was spent on finding */
        size_t count = view_row(walk, row);
        if (count == 0)
            continue;
        /* One answer is enough; an exact look-up has gone on to the next by itself. */
        if (answered_by_one)
            next_lookup(walk);
        *again = false;
        *paths = walk->views;
        return count;
    }
    *again = true;
    return 0;
}

/* Counting --------------------------------------------------------------------------------------------------------- */

static void count_by_walking(struct path_walk *walk, struct table_counts *counts)
{
    const struct path_view *paths;
    size_t count;
    bool again;
    while ((count = path_walk_next(walk, &paths, &again)) > 0 || again) {
        counts->destinations += count > 0;
        counts->paths += count;
        for (size_t i = 0; i < count; i++)
            counts->accepted += !paths[i].filtered;
    }
}

/* Known without walking in all common cases: no path refused; no path identifiers. */
static bool count_at_once(struct control *control, const struct path_query *query, struct table_counts *counts)
{
    if (table_of(control, query) == NULL)
        return true;
    struct rib *rib = table_of(control, query)->rib;
    if (query->table == TABLE_LOCAL)
        return false;
    if (query->table == TABLE_GLOBAL) {
        for (uint32_t i = 0; i < rib->source_count; i++)
            counts->accepted += rib->sources[i].accepted;
        counts->paths = rib->path_count;
        counts->destinations = rib->rows_with_paths;
        return counts->accepted == rib->path_count;
    }
    const struct peer *peer = peer_find(control->speaker, &query->peer.address, query->peer.interface);
    const struct peer_family *state = &peer->families[query->family];
    if (!state->negotiated)
        return true;
    if (query->table == TABLE_ADJ_OUT) {
        counts->destinations = counts->paths = update_group_told_count(state->outbox->group, state->outbox);
        return !state->outbox->group->rules.add_path;
    }
    const struct rib_source *source = rib_source(rib, peer->source);
    counts->destinations = counts->paths = source->received;
    counts->accepted = source->accepted;
    return (peer->negotiated.add_path_receive & 1u << query->family) == 0;
}

int control_table_counts(struct control *control, const struct path_query *query, struct table_counts *counts,
                         struct err *err)
{
    int result = check_query(control, query, err);
    if (result != E_OK)
        return result;
    *counts = (struct table_counts){0};
    if (!count_at_once(control, query, counts)) {
        struct path_query whole = *query;
        struct path_walk *walk;
        whole.lookup_count = 0;
        whole.include_filtered = true;
        *counts = (struct table_counts){0};
        result = control_path_walk(control, &whole, &walk, err);
        if (result != E_OK)
            return result;
        count_by_walking(walk, counts);
        path_walk_free(walk);
    }
    if (query->table != TABLE_ADJ_IN)
        counts->accepted = 0;
    return E_OK;
}
