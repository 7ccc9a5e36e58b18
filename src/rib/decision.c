/* The decision process (RFC 4271 9.1.2; RFC 4456 9 for reflected routes; RFC 9494 for stale ones).
 *
 * Degree of preference (9.1.1) is LOCAL_PREF. Steps 0 to 4 are the rank. The steps behind them are in decision_tie,
 * one line each, in the order operators of GoBGP know, including "older first" among external paths, which saves the
 * network a change where RFC 4271 would go by router id.
 */
#include "rib/decision.h"

#include "base/check.h"

static const char *const step_names[DECISION_STEP_COUNT] = {
    [DECISION_ONLY_PATH] = "only path",
    [DECISION_NOT_ELIGIBLE] = "not eligible",
    [DECISION_LLGR_STALE] = "LLGR stale",
    [DECISION_LOCAL_PREF] = "LOCAL_PREF",
    [DECISION_LOCAL_ORIGIN] = "locally originated",
    [DECISION_AS_PATH_LENGTH] = "AS_PATH length",
    [DECISION_ORIGIN] = "ORIGIN",
    [DECISION_MED] = "MED",
    [DECISION_EXTERNAL] = "external over internal",
    [DECISION_IGP_METRIC] = "IGP metric",
    [DECISION_AGE] = "older",
    [DECISION_ROUTER_ID] = "router id",
    [DECISION_CLUSTER_LIST] = "CLUSTER_LIST length",
    [DECISION_NEIGHBOR_ADDRESS] = "neighbour address",
    [DECISION_PATH_ID] = "path id",
};

/* Where each step sits in the rank; see attr_rank. */
static const struct rank_field {
    enum decision_step step;
    uint64_t mask;
} rank_fields[] = {
    {DECISION_LLGR_STALE, 1ull << 63},
    {DECISION_LOCAL_PREF, 0xFFFFFFFFull << 31},
    {DECISION_LOCAL_ORIGIN, 1ull << ATTR_RANK_NOT_LOCAL_BIT},
    {DECISION_AS_PATH_LENGTH, 0xFFFull << 18},
    {DECISION_ORIGIN, 0x3ull << 16},
};

const char *decision_step_name(enum decision_step step)
{
    return step_names[step];
}

uint64_t decision_rank(const struct decision_rules *rules, uint64_t set_rank, enum source_kind kind)
{
    if (kind == SOURCE_LOCAL)
        set_rank &= ~(1ull << ATTR_RANK_NOT_LOCAL_BIT);
    if (rules->ignore_as_path_length)
        set_rank &= ~(0xFFFull << 18);
    return set_rank;
}

static enum decision_step rank_step(uint64_t a, uint64_t b)
{
    for (size_t i = 0; i < ARRAY_LEN(rank_fields); i++)
        if ((a ^ b) & rank_fields[i].mask)
            return rank_fields[i].step;
    return DECISION_ORIGIN;
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

/* RFC 4456 9: a reflected route is judged by its ORIGINATOR_ID instead of the neighbour's router id. */
static uint32_t originator(const struct decision_path *path)
{
    struct attr_item item;
    if ((path->set->facts & ATTR_HAS_ORIGINATOR_ID) &&
        attr_find(path->attrs, path->set->wire_length, ATTR_ORIGINATOR_ID, &item) && item.length == 4) {
        struct cursor value = cursor_of(item.value, 4);
        return cursor_u32(&value);
    }
    return path->router_id;
}

static uint32_t cluster_list_length(const struct decision_path *path)
{
    struct attr_item item;
    if (!(path->set->facts & ATTR_HAS_ORIGINATOR_ID) ||
        !attr_find(path->attrs, path->set->wire_length, ATTR_CLUSTER_LIST, &item))
        return 0;
    return item.length / 4;
}

/* Confederation members count as internal here (RFC 5065 5.3). */
static int externality(uint8_t kind)
{
    return kind == SOURCE_EXTERNAL ? 0 : 1;
}

static bool med_comparable(const struct decision_rules *rules, const struct decision_path *a,
                           const struct decision_path *b)
{
    return rules->always_compare_med || a->set->neighbor_as == b->set->neighbor_as;
}

/* Steps behind MED, up to where multipath stops. */
static int compare_near(const struct decision_path *a, const struct decision_path *b, enum decision_step *step)
{
    int order;
    *step = DECISION_EXTERNAL;
    if ((order = externality(a->kind) - externality(b->kind)) != 0)
        return order;
    *step = DECISION_IGP_METRIC;
    return compare_u32(a->igp_metric, b->igp_metric);
}

/* The tie-breakers that tell any two paths apart. */
static int compare_far(const struct decision_rules *rules, const struct decision_path *a, const struct decision_path *b,
                       enum decision_step *step)
{
    int order;
    *step = DECISION_AGE;
    if (decision_keeps_older(rules, a->kind, b->kind) && (order = compare_u32(a->age_order, b->age_order)) != 0)
        return order;
    *step = DECISION_ROUTER_ID;
    if ((order = compare_u32(originator(a), originator(b))) != 0)
        return order;
    *step = DECISION_CLUSTER_LIST;
    if ((order = compare_u32(cluster_list_length(a), cluster_list_length(b))) != 0)
        return order;
    *step = DECISION_NEIGHBOR_ADDRESS;
    if ((order = addr_compare(a->peer, b->peer)) != 0)
        return order;
    *step = DECISION_PATH_ID;
    if ((order = compare_u32(a->path_id, b->path_id)) != 0)
        return order;
    return compare_u32(a->age_order, b->age_order);
}

int decision_compare(const struct decision_rules *rules, const struct decision_path *a, const struct decision_path *b,
                     enum decision_step *step)
{
    enum decision_step unused;
    if (step == NULL)
        step = &unused;
    uint64_t rank_a = decision_rank(rules, a->set->rank, a->kind);
    uint64_t rank_b = decision_rank(rules, b->set->rank, b->kind);
    if (rank_a != rank_b) {
        *step = rank_step(rank_a, rank_b);
        return rank_a < rank_b ? -1 : 1;
    }
    int order;
    *step = DECISION_MED;
    if (med_comparable(rules, a, b) && (order = compare_u32(a->set->med, b->set->med)) != 0)
        return order;
    if ((order = compare_near(a, b, step)) != 0)
        return order;
    return compare_far(rules, a, b, step);
}

/* Is there a path of the same neighbour AS that beats this one? Then it is out, whatever the others are: without this,
 * the winner would depend on the order of comparison (RFC 4271 9.1.2.2 c, RFC 3345). */
static bool eliminated_by_med(const struct decision_rules *rules, const struct decision_path *paths, size_t count,
                              size_t index, uint64_t best_rank)
{
    const struct decision_path *path = &paths[index];
    for (size_t i = 0; i < count; i++) {
        if (i == index || decision_rank(rules, paths[i].set->rank, paths[i].kind) != best_rank)
            continue;
        if (med_comparable(rules, path, &paths[i]) && paths[i].set->med < path->set->med)
            return true;
    }
    return false;
}

size_t decision_select(const struct decision_rules *rules, const struct decision_path *paths, size_t count)
{
    uint64_t best_rank = UINT64_MAX;
    bool any_med = false;
    for (size_t i = 0; i < count; i++) {
        uint64_t rank = decision_rank(rules, paths[i].set->rank, paths[i].kind);
        if (rank < best_rank)
            best_rank = rank;
        any_med |= paths[i].set->med != 0;
    }
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        if (decision_rank(rules, paths[i].set->rank, paths[i].kind) != best_rank)
            continue;
        if (best != count && decision_compare(rules, &paths[i], &paths[best], NULL) > 0)
            continue;
        if (!any_med || !eliminated_by_med(rules, paths, count, i, best_rank))
            best = i;
    }
    CHECK(best < count);
    return best;
}

bool decision_is_multipath(const struct decision_rules *rules, const struct decision_path *best,
                           const struct decision_path *path)
{
    enum decision_step step;
    if (decision_rank(rules, best->set->rank, best->kind) != decision_rank(rules, path->set->rank, path->kind))
        return false;
    if (med_comparable(rules, best, path) && best->set->med != path->set->med)
        return false;
    return compare_near(best, path, &step) == 0;
}
