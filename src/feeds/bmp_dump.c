/* Telling a station what is there: one walk over all tables for all peers whose dump waits, and the Loc-RIB, in slices,
 * as long as the queue has room.
 *
 * The tables are not copied. What changes between two slices is told as it happens, by bmp_report.c; the walk tells
 * each path as it is when it comes there, so what a station hears last of a path is always how it is. Paths of
 * neighbouring rows with the same attributes go into one message: within a slice, where nothing changes, several such
 * runs are kept open at a time. Stale paths are left out.
 */
#include <string.h>

#include "base/mem.h"
#include "feeds/bmp_internal.h"
#include "speaker/monitor.h"

enum {
    SLICE_NS = 500000,
    PATHS_PER_LOOK = 64, /* at the clock */
    RUNS = 64,           /* a power of two */
    RUN_BYTES = 2048,
};

/* Prefixes that go into one message. */
struct dump_run {
    bool open;
    enum bmp_view view;
    source_id source;
    attr_id attrs;
    uint32_t when_s;
    const uint8_t *bytes;
    uint32_t bytes_length;
    uint32_t nlri_length;
    uint8_t nlri[RUN_BYTES];
};

struct bmp_walk {
    struct bmp_station *station;
    struct loop_task task;
    unsigned table; /* of the speaker's */
    row_id row;
    bool peers; /* any whose dump runs */
    bool loc_rib;
    enum family_id family; /* of the table, during a slice */
    struct dump_run runs[RUNS];
};

/* Runs ------------------------------------------------------------------------------------------------------------- */

static void run_send(struct bmp_walk *walk, struct dump_run *run)
{
    struct update_parts parts = {.family = walk->family,
                                 .attrs = run->bytes,
                                 .attrs_length = run->bytes_length,
                                 .nlri = run->nlri,
                                 .nlri_length = run->nlri_length};
    run->open = false;
    bmp_report_route(walk->station, run->view, run->source, run->when_s, &parts);
}

static void runs_send(struct bmp_walk *walk)
{
    for (unsigned i = 0; i < RUNS; i++) {
        if (walk->runs[i].open)
            run_send(walk, &walk->runs[i]);
    }
}

/* A path to be told. */
struct dump_path {
    enum bmp_view view;
    source_id source;
    attr_id attrs;
    uint32_t when_s;
    bool add_path;
    uint32_t path_id;
};

/* At least one prefix goes into each. */
static bool has_room(const struct dump_run *run)
{
    return run->nlri_length == 0 ||
           (run->nlri_length + BMP_NLRI_MAX_BYTES <= RUN_BYTES && bmp_fits(run->bytes_length, run->nlri_length));
}

static struct dump_run *run_for(struct bmp_walk *walk, const struct rib *rib, const struct dump_path *path)
{
    uint32_t hash = (path->attrs * 3 + path->view) * 31 + path->source;
    struct dump_run *run = &walk->runs[hash % RUNS];
    bool same = run->open && run->view == path->view && run->source == path->source && run->attrs == path->attrs &&
                run->when_s == path->when_s;
    if (same && has_room(run))
        return run;
    if (run->open)
        run_send(walk, run);
    const struct attr_set *set = attr_get(rib->view, path->attrs);
    run->open = true;
    run->view = path->view;
    run->source = path->source;
    run->attrs = path->attrs;
    run->when_s = path->when_s;
    run->bytes = attr_bytes(rib->view, set);
    run->bytes_length = set->wire_length;
    run->nlri_length = 0;
    return run;
}

static void tell(struct bmp_walk *walk, const struct rib *rib, const struct prefix *prefix,
                 const struct dump_path *path)
{
    struct dump_run *run = run_for(walk, rib, path);
    if (path->add_path) {
        const uint8_t id[4] = {(uint8_t)(path->path_id >> 24), (uint8_t)(path->path_id >> 16),
                               (uint8_t)(path->path_id >> 8), (uint8_t)path->path_id};
        memcpy(run->nlri + run->nlri_length, id, sizeof(id));
        run->nlri_length += sizeof(id);
    }
    run->nlri_length += (uint32_t)prefix_write(prefix, run->nlri + run->nlri_length);
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

static bool is_dumped(const struct bmp_station *station, source_id source)
{
    return source < station->told_count && station->told[source].up && station->told[source].dump == DUMP_RUNNING;
}

static void tell_path(struct bmp_walk *walk, const struct rib *rib, const struct prefix *prefix,
                      const struct rib_path *path)
{
    const struct bmp_station *station = walk->station;
    const struct peer *peer = speaker_peer_of(station->stations->speaker, path->source);
    if (peer == NULL || !is_dumped(station, path->source) || rib_path_stale(rib, path))
        return;
    attr_id pre = attr_get(rib->view, path->attrs)->pre;
    struct dump_path told = {.source = path->source,
                             .when_s = rib_row_changed_s(rib, walk->row),
                             .add_path = (peer->negotiated.add_path_receive >> rib->family & 1) != 0,
                             .path_id = path->path_id};
    if (station->pre) {
        told.view = BMP_VIEW_PRE;
        told.attrs = pre != 0 ? pre : path->attrs;
        tell(walk, rib, prefix, &told);
    }
    if (station->post && (path->flags & PATH_REJECT_MASK) == 0) {
        told.view = BMP_VIEW_POST;
        told.attrs = path->attrs;
        tell(walk, rib, prefix, &told);
    }
}

/* What watchers of best paths were told last, whatever has become of it since: they will be told that, too. */
static void tell_best(struct bmp_walk *walk, const struct speaker_table *table, const struct prefix *prefix)
{
    struct rib_path best;
    if (table->of_clients || table->monitor == NULL || !monitor_told(table->monitor, walk->row, &best))
        return;
    struct dump_path told = {.view = BMP_VIEW_LOC_RIB,
                             .source = RIB_SOURCE_LOCAL,
                             .attrs = best.attrs,
                             .when_s = rib_row_changed_s(table->rib, walk->row)};
    tell(walk, table->rib, prefix, &told);
}

/* Returns how many paths it has. */
static uint32_t tell_row(struct bmp_walk *walk, const struct speaker_table *table)
{
    struct rib *rib = table->rib;
    struct prefix prefix;
    uint32_t count = rib_row_path_count(rib, walk->row);
    rib_row_prefix(rib, walk->row, &prefix);
    for (uint32_t i = 0; i < count && walk->peers; i++) {
        struct rib_path path;
        rib_row_path(rib, walk->row, i, &path);
        tell_path(walk, rib, &prefix, &path);
    }
    if (walk->loc_rib)
        tell_best(walk, table, &prefix);
    return count;
}

/* The walk --------------------------------------------------------------------------------------------------------- */

/* True at the end of the table. */
static bool walk_rows(struct bmp_walk *walk, const struct speaker_table *table, struct mono_time until)
{
    for (;;) {
        for (uint32_t paths = 0; paths < PATHS_PER_LOOK;) {
            row_id next = rib_row_next(table->rib, walk->row);
            if (next == 0)
                return true;
            walk->row = next;
            paths += 1 + tell_row(walk, table);
        }
        if (!mono_before(mono_now(), until) || !bmp_has_room(walk->station))
            return false;
    }
}

static void end_families(struct bmp_station *station, enum bmp_view view, source_id source, family_set families)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (families >> family & 1)
            bmp_report_end_of_rib(station, view, source, family);
    }
}

static void walk_free(struct bmp_walk *walk)
{
    walk->station->walk = NULL;
    loop_task_cancel(&walk->task);
    mem_free(MEM_OTHER, walk);
}

static void walk_end(struct bmp_walk *walk)
{
    struct bmp_station *station = walk->station;
    walk_free(walk);
    for (uint32_t source = 0; source < station->told_count; source++) {
        struct told_peer *told = &station->told[source];
        if (!told->up || told->dump != DUMP_RUNNING)
            continue;
        told->dump = DUMP_NONE;
        if (station->pre)
            end_families(station, BMP_VIEW_PRE, (source_id)source, told->families);
        if (station->post)
            end_families(station, BMP_VIEW_POST, (source_id)source, told->families);
    }
    if (station->loc_rib_dump == DUMP_RUNNING) {
        station->loc_rib_dump = DUMP_NONE;
        end_families(station, BMP_VIEW_LOC_RIB, RIB_SOURCE_LOCAL, bmp_loc_rib_families(station));
    }
    bmp_dump_start(station); /* for who came meanwhile */
}

static bool run_slice(struct loop_task *task)
{
    struct bmp_walk *walk = container_of(task, struct bmp_walk, task);
    struct bmp_station *station = walk->station;
    struct mono_time until = {.ns = mono_now().ns + SLICE_NS};
    if (!bmp_has_room(station))
        return false; /* bmp_dump_go_on comes */
    bmp_report_flush(station);
    for (; walk->table < TABLE_COUNT; walk->table++, walk->row = 0) {
        const struct speaker_table *table = &station->stations->speaker->tables[walk->table];
        walk->family = table->family;
        if (table->rib == NULL)
            continue;
        bool done = walk_rows(walk, table, until);
        runs_send(walk);
        if (!done)
            return true;
    }
    walk_end(walk);
    return false;
}

void bmp_dump_start(struct bmp_station *station)
{
    if (station->walk != NULL)
        return;
    bool peers = false;
    for (uint32_t source = 0; source < station->told_count; source++) {
        struct told_peer *told = &station->told[source];
        if (told->up && told->dump == DUMP_WAITING) {
            told->dump = DUMP_RUNNING;
            peers = true;
        }
    }
    bool loc_rib = station->loc_rib_dump == DUMP_WAITING;
    if (!peers && !loc_rib)
        return;
    if (loc_rib)
        station->loc_rib_dump = DUMP_RUNNING;
    struct bmp_walk *walk = mem_zalloc(MEM_OTHER, sizeof(*walk));
    walk->station = station;
    walk->peers = peers;
    walk->loc_rib = loc_rib;
    station->walk = walk;
    loop_task_init(&walk->task, station->stations->speaker->loop, run_slice);
    loop_task_schedule(&walk->task);
}

void bmp_dump_go_on(struct bmp_station *station)
{
    if (station->walk != NULL)
        loop_task_schedule(&station->walk->task);
}

void bmp_dump_stop(struct bmp_station *station)
{
    if (station->walk != NULL)
        walk_free(station->walk);
}
