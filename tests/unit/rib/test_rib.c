/* The RIB against plain arrays, and what random steps do not reach. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "rib/rib.h"

enum { PREFIXES = 12, SOURCES = 7, IDS = 3, SETS = 24 };

struct model_path {
    bool present, rejected, stale;
    attr_id attrs;
    uint64_t order;
    uint32_t local_id; /* 0: not seen yet */
};

struct lab {
    struct rib *rib;
    attr_id sets[SETS];
    struct model_path paths[PREFIXES][SOURCES][IDS];
    uint64_t clock;
    struct { /* what an exporter would have told */
        bool told;
        attr_id attrs;
        source_id source;
        uint32_t path_id;
    } exported[PREFIXES];
};

static struct prefix prefix_of(unsigned index)
{
    struct addr addr = addr_ipv4(0x0A000000 + (index << 16));
    return prefix_make(&addr, 16);
}

static attr_id make_set(struct rib *rib, uint32_t as, uint32_t med, uint32_t local_pref)
{
    const uint8_t origin = 0, next_hop[4] = {192, 0, 2, 1};
    const uint8_t path[6] = {SEGMENT_AS_SEQUENCE, 1, 0, 0, (uint8_t)(as >> 8), (uint8_t)as};
    const uint8_t med_value[4] = {0, 0, 0, (uint8_t)med}, pref_value[4] = {0, 0, 0, (uint8_t)local_pref};
    struct buf bytes;
    struct attr_block block;
    buf_init(&bytes, 256);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &origin, 1);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path, sizeof(path));
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, sizeof(next_hop));
    if (med > 0)
        attr_put(&bytes, ATTR_FLAG_OPTIONAL, ATTR_MED, med_value, 4);
    if (local_pref > 0)
        attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, pref_value, 4);
    attr_block_of(bytes.bytes, (uint32_t)bytes.length, &block);
    attr_id id = attr_store_intern(rib->attrs, &block, 0);
    buf_release(&bytes);
    return id;
}

static void open_source(struct rib *rib, source_id source, uint32_t router_id)
{
    struct addr address = addr_ipv4(0x0A000100 + source);
    rib_source_open(rib, source, source % 2 ? SOURCE_EXTERNAL : SOURCE_INTERNAL, &address, 65000u + source, router_id);
}

static void lab_init(struct lab *lab, const struct rib_options *options)
{
    memset(lab, 0, sizeof(*lab));
    hash_set_seed(11);
    lab->rib = rib_new(FAMILY_IPV4_UNICAST, options);
    for (source_id source = 1; source < SOURCES; source++)
        open_source(lab->rib, source, 100 - source / 2u);
    for (unsigned i = 0; i < SETS; i++)
        lab->sets[i] = make_set(lab->rib, 65001 + i % 2, i / 2 % 3 * 10, i < 18 ? 0 : 90 + i);
}

static void lab_release(struct lab *lab)
{
    for (unsigned i = 0; i < SETS; i++)
        attr_store_unref(lab->rib->attrs, lab->sets[i], 1);
    assert_int_equal(attr_store_stats(lab->rib->attrs).sets, 0);
    rib_free(lab->rib);
}

/* Steps ------------------------------------------------------------------------------------------------------------ */

static void announce(struct lab *lab, unsigned prefix, source_id source, uint32_t id, attr_id attrs, bool rejected)
{
    struct model_path *path = &lab->paths[prefix][source][id];
    uint8_t nlri[8];
    struct prefix key = prefix_of(prefix);
    unsigned at = 0;
    if (id != 0) {
        memset(nlri, 0, 4);
        nlri[3] = (uint8_t)id;
        at = 4;
    }
    at += prefix_write(&key, nlri + at);
    struct rib_update update = {.source = source,
                                .attrs = attrs,
                                .add_path = id != 0,
                                .nlri = nlri,
                                .nlri_length = at,
                                .reject = rejected ? PATH_REJECT_AS_LOOP : PATH_ACCEPTED};
    rib_apply(lab->rib, &update);
    bool same = path->present && path->attrs == attrs && path->rejected == rejected;
    uint64_t order = same ? path->order : ++lab->clock;
    *path = (struct model_path){
        .present = true, .rejected = rejected, .attrs = attrs, .order = order, .local_id = path->local_id};
}

static void withdraw(struct lab *lab, unsigned prefix, source_id source, uint32_t id)
{
    struct prefix key = prefix_of(prefix);
    assert_int_equal(rib_withdraw(lab->rib, source, &key, id), lab->paths[prefix][source][id].present);
    lab->paths[prefix][source][id] = (struct model_path){0};
}

static void sweep_fully(struct lab *lab, source_id source)
{
    row_id row = 0;
    unsigned slices = 0;
    while (!rib_sweep(lab->rib, source, &row, 1 + (uint32_t)rand() % 4))
        assert_true(slices++ < 1000);
    for (unsigned prefix = 0; prefix < PREFIXES; prefix++)
        for (unsigned id = 0; id < IDS; id++)
            if (lab->paths[prefix][source][id].stale)
                lab->paths[prefix][source][id] = (struct model_path){0};
    assert_int_equal(rib_source(lab->rib, source)->stale, 0);
}

static void begin_epoch(struct lab *lab, source_id source)
{
    rib_source_new_epoch(lab->rib, source);
    for (unsigned prefix = 0; prefix < PREFIXES; prefix++)
        for (unsigned id = 0; id < IDS; id++)
            lab->paths[prefix][source][id].stale = lab->paths[prefix][source][id].present;
}

/* Another judgement, of whatever path stands at a random place of a row. */
static void judge_again(struct lab *lab, unsigned prefix, bool reject)
{
    struct prefix key = prefix_of(prefix);
    row_id row = rib_find(lab->rib, &key);
    struct rib_path path;
    if (row == 0 || rib_row_path_count(lab->rib, row) == 0)
        return;
    uint32_t index = (uint32_t)rand() % rib_row_path_count(lab->rib, row);
    rib_row_path(lab->rib, row, index, &path);
    rib_set_reject(lab->rib, row, index, reject ? PATH_REJECT_AS_LOOP : PATH_ACCEPTED);
    lab->paths[prefix][path.source][path.path_id].rejected = reject;
}

/* Checks ----------------------------------------------------------------------------------------------------------- */

struct candidates {
    struct decision_path paths[SOURCES * IDS];
    const struct model_path *models[SOURCES * IDS];
    size_t count;
};

static void gather(const struct lab *lab, unsigned prefix, struct candidates *candidates)
{
    candidates->count = 0;
    for (source_id source = 0; source < SOURCES; source++) {
        for (uint32_t id = 0; id < IDS; id++) {
            const struct model_path *path = &lab->paths[prefix][source][id];
            if (!path->present || path->rejected)
                continue;
            const struct attr_set *set = attr_get(lab->rib->view, path->attrs);
            const struct rib_source *row = rib_source(lab->rib, source);
            candidates->models[candidates->count] = path;
            candidates->paths[candidates->count++] = (struct decision_path){.set = set,
                                                                            .attrs = attr_bytes(lab->rib->view, set),
                                                                            .peer = &row->address,
                                                                            .router_id = row->router_id,
                                                                            .path_id = id,
                                                                            .kind = row->kind,
                                                                            .age_order = (uint32_t)path->order};
        }
    }
}

static void check_paths(struct lab *lab, unsigned prefix, row_id row)
{
    unsigned present = 0;
    uint32_t count = row ? rib_row_path_count(lab->rib, row) : 0;
    uint32_t local_ids[SOURCES * IDS];
    for (source_id source = 0; source < SOURCES; source++)
        for (uint32_t id = 0; id < IDS; id++)
            present += lab->paths[prefix][source][id].present;
    assert_int_equal(count, present);
    uint64_t last_order = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct rib_path path;
        rib_row_path(lab->rib, row, i, &path);
        struct model_path *model = &lab->paths[prefix][path.source][path.path_id];
        assert_true(model->present);
        assert_int_equal(path.attrs, model->attrs);
        assert_int_equal(rib_path_eligible(&path), !model->rejected);
        assert_int_equal(rib_path_stale(lab->rib, &path), model->stale);
        assert_true(model->order > last_order); /* by arrival */
        last_order = model->order;
        if (model->local_id == 0)
            model->local_id = path.local_id;
        assert_int_equal(path.local_id, model->local_id); /* for as long as it lives */
        local_ids[i] = path.local_id;
        for (uint32_t j = 0; j < i; j++)
            assert_int_not_equal(local_ids[j], path.local_id);
    }
}

static void check_best(struct lab *lab, unsigned prefix, row_id row)
{
    struct candidates candidates;
    struct rib_path best;
    uint32_t index;
    gather(lab, prefix, &candidates);
    bool told = lab->exported[prefix].told;
    /* A row that nobody was told of as changed has the best it had. */
    bool clean = row == 0 || !rib_row_dirty(lab->rib, row);
    if (candidates.count == 0) {
        assert_false(row != 0 && rib_row_best(lab->rib, row, &best, NULL));
        assert_false(clean && told);
        return;
    }
    const struct model_path *model =
        candidates.models[decision_select(&lab->rib->options.decision, candidates.paths, candidates.count)];
    assert_true(rib_row_best(lab->rib, row, &best, &index));
    assert_ptr_equal(model, &lab->paths[prefix][best.source][best.path_id]);
    struct rib_path same;
    rib_row_path(lab->rib, row, index, &same);
    assert_memory_equal(&same, &best, sizeof(same));
    if (clean)
        assert_true(told && lab->exported[prefix].attrs == best.attrs && lab->exported[prefix].source == best.source &&
                    lab->exported[prefix].path_id == best.path_id);
}

static void check_counters(struct lab *lab)
{
    uint64_t all = 0, rows = 0;
    for (source_id source = 0; source < SOURCES; source++) {
        uint64_t received = 0, accepted = 0, stale = 0;
        for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
            for (uint32_t id = 0; id < IDS; id++) {
                const struct model_path *path = &lab->paths[prefix][source][id];
                received += path->present;
                accepted += path->present && !path->rejected;
                stale += path->present && path->stale;
            }
        }
        assert_int_equal(rib_source(lab->rib, source)->received, received);
        assert_int_equal(rib_source(lab->rib, source)->accepted, accepted);
        assert_int_equal(rib_source(lab->rib, source)->stale, stale);
        all += received;
    }
    for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
        struct prefix key = prefix_of(prefix);
        row_id row = rib_find(lab->rib, &key);
        rows += row != 0 && rib_row_path_count(lab->rib, row) > 0;
    }
    assert_int_equal(lab->rib->path_count, all);
    assert_int_equal(lab->rib->rows_with_paths, rows);
}

static void check(struct lab *lab)
{
    for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
        struct prefix key = prefix_of(prefix);
        row_id row = rib_find(lab->rib, &key);
        check_paths(lab, prefix, row);
        check_best(lab, prefix, row);
    }
    check_counters(lab);
}

/* Takes some dirty rows, as the pipeline would. */
static void export_some(struct lab *lab, unsigned budget)
{
    row_id row;
    uint32_t version = lab->rib->version;
    while (budget-- > 0 && (row = rib_dirty_take(lab->rib)) != 0) {
        struct rib_path best;
        struct prefix key;
        unsigned prefix = 0;
        rib_row_prefix(lab->rib, row, &key);
        for (struct prefix other = prefix_of(0); !prefix_equal(&other, &key); other = prefix_of(prefix))
            prefix++;
        assert_int_equal(rib_row_version(lab->rib, row), ++version);
        lab->exported[prefix].told = rib_row_best(lab->rib, row, &best, NULL);
        if (lab->exported[prefix].told) {
            lab->exported[prefix].attrs = best.attrs;
            lab->exported[prefix].source = best.source;
            lab->exported[prefix].path_id = best.path_id;
        }
        rib_row_release(lab->rib, row);
    }
}

static void random_step(struct lab *lab, bool ids)
{
    unsigned prefix = (unsigned)rand() % PREFIXES;
    source_id source = (source_id)(rand() % SOURCES);
    uint32_t id = ids && rand() % 2 ? (uint32_t)rand() % IDS : 0;
    switch (rand() % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        announce(lab, prefix, source, id, lab->sets[rand() % SETS], rand() % 6 == 0);
        break;
    case 5:
    case 6:
    case 7:
        withdraw(lab, prefix, source, id);
        break;
    case 8:
        export_some(lab, 1 + (unsigned)rand() % PREFIXES);
        break;
    case 9:
        judge_again(lab, prefix, rand() % 2);
        break;
    case 10:
        begin_epoch(lab, source);
        for (unsigned i = 0; i < 4; i++)
            announce(lab, (unsigned)rand() % PREFIXES, source, 0, lab->sets[rand() % SETS], false);
        if (rand() % 2)
            judge_again(lab, prefix, rand() % 2);
        sweep_fully(lab, source);
        break;
    default:
        rib_reclaim(lab->rib, lab->rib->version + 1 - (uint32_t)rand() % 8, 1 + (uint32_t)rand() % 4);
    }
}

static void run_random(unsigned seed)
{
    struct lab lab;
    struct rib_options options = {
        .decision = {.always_compare_med = seed % 5 == 0, .external_compare_router_id = seed % 3 == 0}};
    srand(seed);
    lab_init(&lab, &options);
    if (seed % 4 == 0)
        lab.rib->version = UINT32_MAX - 40;
    for (unsigned step = 0; step < 400; step++) {
        random_step(&lab, seed % 2);
        check(&lab);
    }
    for (unsigned prefix = 0; prefix < PREFIXES; prefix++)
        for (source_id source = 0; source < SOURCES; source++)
            for (uint32_t id = 0; id < IDS; id++)
                withdraw(&lab, prefix, source, id);
    check(&lab);
    export_some(&lab, PREFIXES);
    assert_int_equal(lab.rib->dirty_count, 0);
    while (rib_reclaim(lab.rib, lab.rib->version + 1, 3))
        continue;
    assert_int_equal(lab.rib->tombstone_count, 0);
    assert_int_equal(lab.rib->prefixes->row_count, 0);
    lab_release(&lab);
}

static void test_random(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 120; seed++)
        run_random(seed);
}

/* Particular cases ------------------------------------------------------------------------------------------------- */

static void test_any_change_dirties(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab, &(struct rib_options){.any_change_dirties = true});
    announce(&lab, 0, 1, 0, lab.sets[0], false);
    export_some(&lab, 1);
    announce(&lab, 0, 2, 0, lab.sets[3], false); /* worse: no best changes */
    assert_int_equal(lab.rib->dirty_count, 1);
    export_some(&lab, 1);
    announce(&lab, 0, 2, 0, lab.sets[3], false); /* nothing changes */
    assert_int_equal(lab.rib->dirty_count, 0);
    withdraw(&lab, 0, 2, 0);
    assert_int_equal(lab.rib->dirty_count, 1);
    withdraw(&lab, 0, 1, 0);
    lab_release(&lab);
}

static void test_no_best(void **state)
{
    (void)state;
    struct lab lab;
    struct rib_path best;
    struct prefix key = prefix_of(0);
    lab_init(&lab, &(struct rib_options){.no_best = true});
    announce(&lab, 0, 1, 0, lab.sets[0], false);
    announce(&lab, 0, 2, 0, lab.sets[1], false);
    assert_false(rib_row_best(lab.rib, rib_find(lab.rib, &key), &best, NULL));
    withdraw(&lab, 0, 1, 0);
    withdraw(&lab, 0, 2, 0);
    lab_release(&lab);
}

/* A neighbour that came back as somebody else, before its old routes were swept: they weigh otherwise now. */
static void test_changed_identity(void **state)
{
    (void)state;
    struct lab lab;
    struct rib_path best;
    struct prefix key = prefix_of(0);
    lab_init(&lab, &(struct rib_options){.decision = {.external_compare_router_id = true}});
    announce(&lab, 0, 1, 0, lab.sets[0], false); /* router id 100 */
    announce(&lab, 0, 3, 0, lab.sets[0], false); /* router id 99 */
    export_some(&lab, 1);
    row_id row = rib_find(lab.rib, &key);
    assert_true(rib_row_best(lab.rib, row, &best, NULL));
    assert_int_equal(best.source, 3);
    begin_epoch(&lab, 3);
    open_source(lab.rib, 3, 200);
    announce(&lab, 0, 3, 0, lab.sets[0], false);
    assert_true(rib_row_dirty(lab.rib, row));
    assert_true(rib_row_best(lab.rib, row, &best, NULL));
    assert_int_equal(best.source, 1);
    withdraw(&lab, 0, 1, 0);
    withdraw(&lab, 0, 3, 0);
    lab_release(&lab);
}

/* More paths that tie than fit on any stack, with a MED that strikes out the one that would win. */
static void test_many_that_tie(void **state)
{
    (void)state;
    enum { MANY = 200 };
    struct lab lab;
    struct rib_path best;
    struct prefix key = prefix_of(0);
    lab_init(&lab, &(struct rib_options){.decision = {.external_compare_router_id = true}});
    attr_id low = make_set(lab.rib, 65001, 1, 0), high = make_set(lab.rib, 65001, 2, 0);
    attr_id other = make_set(lab.rib, 65002, 9, 0);
    for (source_id source = 1; source <= MANY; source++) {
        struct addr address = addr_ipv4(0x0A000100 + source);
        rib_source_open(lab.rib, source, SOURCE_EXTERNAL, &address, 65001, source);
        rib_announce(lab.rib, source, &key, 0, source == MANY ? low : source == MANY / 2 ? other : high, 0);
    }
    row_id row = rib_find(lab.rib, &key);
    assert_true(rib_row_best(lab.rib, row, &best, NULL));
    assert_int_equal(best.source, MANY / 2);
    rib_withdraw(lab.rib, MANY, &key, 0); /* what kept the others out */
    assert_true(rib_row_best(lab.rib, row, &best, NULL));
    assert_int_equal(best.source, 1);
    for (source_id source = 1; source < MANY; source++)
        assert_true(rib_withdraw(lab.rib, source, &key, 0));
    attr_store_unref(lab.rib->attrs, low, 1);
    attr_store_unref(lab.rib->attrs, high, 1);
    attr_store_unref(lab.rib->attrs, other, 1);
    lab_release(&lab);
}

/* As many as one prefix may have; one more is refused and changes nothing. */
static void test_path_limit(void **state)
{
    (void)state;
    struct lab lab;
    struct prefix key = prefix_of(0);
    lab_init(&lab, &(struct rib_options){0});
    for (uint32_t id = 1; id <= PATH_WIDE_MAX; id++)
        rib_announce(lab.rib, 1, &key, id, lab.sets[0], 0);
    row_id row = rib_find(lab.rib, &key);
    assert_int_equal(rib_row_path_count(lab.rib, row), PATH_WIDE_MAX);
    rib_announce(lab.rib, 1, &key, PATH_WIDE_MAX + 1, lab.sets[0], 0);
    assert_int_equal(rib_row_path_count(lab.rib, row), PATH_WIDE_MAX);
    assert_int_equal(lab.rib->refused_paths, 1);
    assert_int_equal(rib_source(lab.rib, 1)->received, PATH_WIDE_MAX);
    begin_epoch(&lab, 1);
    sweep_fully(&lab, 1);
    assert_int_equal(lab.rib->path_count, 0);
    lab_release(&lab);
}

/* Routes of three epochs: what was stale already goes, what becomes so only now stays, in chunks and alone. */
static void test_sweep_of_what_is_older(void **state)
{
    (void)state;
    struct lab lab;
    row_id row = 0;
    lab_init(&lab, &(struct rib_options){0});
    for (unsigned prefix = 0; prefix < 6; prefix++) {
        announce(&lab, prefix, 1, 0, lab.sets[0], false);
        if (prefix % 2)
            announce(&lab, prefix, 2, 0, lab.sets[1], false);
    }
    rib_source_new_epoch(lab.rib, 1);
    for (unsigned prefix = 0; prefix < 3; prefix++)
        announce(&lab, prefix, 1, 0, lab.sets[0], false);
    rib_source_new_epoch(lab.rib, 1);
    announce(&lab, 0, 1, 0, lab.sets[2], false);
    assert_int_equal(rib_source(lab.rib, 1)->stale, 5);
    while (!rib_sweep_older(lab.rib, 1, &row, 2))
        continue;
    assert_int_equal(rib_source(lab.rib, 1)->received, 3);
    assert_int_equal(rib_source(lab.rib, 1)->stale, 2);
    assert_int_equal(rib_source(lab.rib, 2)->received, 3);
    row = 0;
    while (!rib_sweep(lab.rib, 1, &row, 2))
        continue;
    assert_int_equal(rib_source(lab.rib, 1)->received, 1);
    for (source_id source = 1; source < 3; source++) {
        begin_epoch(&lab, source);
        sweep_fully(&lab, source);
    }
    lab_release(&lab);
}

/* Other attributes make another choice, and leave the path as stale as it was. */
static void test_other_attributes_for_a_path(void **state)
{
    (void)state;
    struct lab lab;
    struct rib_path path;
    struct prefix key = prefix_of(0);
    lab_init(&lab, &(struct rib_options){0});
    announce(&lab, 0, 1, 0, lab.sets[19], false); /* LOCAL_PREF 109 */
    row_id row = rib_find(lab.rib, &key);
    while (rib_dirty_take(lab.rib) != 0)
        continue;
    rib_set_attrs(lab.rib, row, 0, lab.sets[20]);
    assert_true(rib_row_dirty(lab.rib, row));
    announce(&lab, 0, 3, 0, lab.sets[19], false);
    assert_true(rib_row_best(lab.rib, row, &path, NULL));
    assert_int_equal(path.source, 1);
    rib_source_new_epoch(lab.rib, 1);
    rib_set_attrs(lab.rib, row, 0, lab.sets[0]);
    assert_true(rib_row_best(lab.rib, row, &path, NULL));
    assert_int_equal(path.source, 3);
    rib_row_path(lab.rib, row, 0, &path);
    assert_true(rib_path_stale(lab.rib, &path));
    assert_int_equal(rib_source(lab.rib, 1)->stale, 1);
    rib_remove_path(lab.rib, row, 0);
    assert_int_equal(rib_source(lab.rib, 1)->received, 0);
    assert_int_equal(rib_source(lab.rib, 1)->stale, 0);
    assert_true(rib_withdraw(lab.rib, 3, &key, 0));
    lab_release(&lab);
}

struct touch_count {
    unsigned announced, withdrawn;
    uint32_t last_id;
};

static void count_touched(void *context, struct rib *rib, const struct rib_update *update, const struct prefix *prefix,
                          uint32_t path_id)
{
    struct touch_count *count = context;
    (void)rib;
    assert_int_equal(prefix->length, 16);
    count->announced += update->attrs != 0;
    count->withdrawn += update->attrs == 0;
    count->last_id = path_id;
}

static void test_runs_tell_of_each_prefix(void **state)
{
    (void)state;
    struct lab lab;
    struct touch_count count = {0};
    uint8_t nlri[PREFIXES * 7];
    unsigned length = 0;
    lab_init(&lab, &(struct rib_options){0});
    for (unsigned i = 0; i < PREFIXES; i++) {
        struct prefix key = prefix_of(i);
        memcpy(nlri + length, (uint8_t[]){0, 0, 1, (uint8_t)i}, 4);
        length += 4;
        length += prefix_write(&key, nlri + length);
    }
    struct rib_update update = {.source = 1,
                                .attrs = lab.sets[0],
                                .add_path = true,
                                .nlri = nlri,
                                .nlri_length = length,
                                .touched = count_touched,
                                .context = &count};
    rib_apply(lab.rib, &update);
    assert_int_equal(count.announced, PREFIXES);
    assert_int_equal(count.last_id, 256 + PREFIXES - 1);
    assert_int_equal(lab.rib->path_count, PREFIXES);
    update.attrs = 0;
    rib_apply(lab.rib, &update);
    assert_int_equal(count.withdrawn, PREFIXES);
    assert_int_equal(lab.rib->path_count, 0);
    lab_release(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_any_change_dirties),
        cmocka_unit_test(test_no_best),
        cmocka_unit_test(test_changed_identity),
        cmocka_unit_test(test_many_that_tie),
        cmocka_unit_test(test_path_limit),
        cmocka_unit_test(test_sweep_of_what_is_older),
        cmocka_unit_test(test_other_attributes_for_a_path),
        cmocka_unit_test(test_runs_tell_of_each_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
