/* See sweep.h. */
#include "speaker/sweep.h"

#include "base/mem.h"
#include "speaker/long_lived.h"
#include "speaker/peer.h"
#include "speaker/pipeline.h"
#include "speaker/policy_run.h"

struct sweep {
    struct list link;
    source_id source;
    enum sweep_kind kind;
    row_id row;
};

static bool removes(enum sweep_kind kind)
{
    return kind == SWEEP_STALE || kind == SWEEP_OLDER;
}

static struct sweep *find(const struct speaker_table *table, source_id source, enum sweep_kind kind)
{
    list_foreach (sweep, &table->sweeps, struct sweep, link) {
        if (sweep->source == source && (sweep->kind == kind || (removes(kind) && removes(sweep->kind))))
            return sweep;
    }
    return NULL;
}

static struct speaker_table *table_of(struct speaker *speaker, enum family_id family, source_id source)
{
    const struct peer *peer = speaker_peer_of(speaker, source);
    return peer != NULL ? peer_table(peer, family) : &speaker->tables[family];
}

void sweep_start(struct speaker *speaker, enum family_id family, source_id source, enum sweep_kind kind)
{
    struct speaker_table *table = table_of(speaker, family, source);
    pipeline_wake(speaker);
    struct sweep *sweep = find(table, source, kind);
    if (sweep != NULL) {
        sweep->kind = kind;
        sweep->row = 0;
        return;
    }
    sweep = mem_zalloc(MEM_OTHER, sizeof(*sweep));
    *sweep = (struct sweep){.source = source, .kind = kind};
    list_append(&table->sweeps, &sweep->link);
}

static void finish(struct sweep *sweep)
{
    list_remove(&sweep->link);
    mem_free(MEM_OTHER, sweep);
}

void sweep_cancel(struct speaker *speaker, enum family_id family, source_id source, enum sweep_kind kind)
{
    struct sweep *sweep = find(table_of(speaker, family, source), source, kind);
    if (sweep != NULL)
        finish(sweep);
}

void sweep_new_epoch(struct speaker *speaker, enum family_id family, source_id source)
{
    struct speaker_table *table = table_of(speaker, family, source);
    rib_source_new_epoch(table->rib, source);
    if (find(table, source, SWEEP_STALE) != NULL)
        sweep_start(speaker, family, source, SWEEP_OLDER);
}

static bool reimport(struct speaker *speaker, struct speaker_table *table, struct sweep *sweep, uint32_t row_budget)
{
    if (speaker_peer_of(speaker, sweep->source) == NULL)
        return true;
    while (row_budget-- > 0) {
        sweep->row = rib_row_next(table->rib, sweep->row);
        if (sweep->row == 0)
            return true;
        policy_import_row(speaker, table, sweep->row, sweep->source);
    }
    return false;
}

static bool run_one(struct speaker *speaker, struct speaker_table *table, struct sweep *sweep, uint32_t row_budget)
{
    struct rib *rib = table->rib;
    switch (sweep->kind) {
    case SWEEP_STALE:
        return rib_sweep(rib, sweep->source, &sweep->row, row_budget);
    case SWEEP_OLDER:
        return rib_sweep_older(rib, sweep->source, &sweep->row, row_budget);
    case SWEEP_REIMPORT:
        return reimport(speaker, table, sweep, row_budget);
    case SWEEP_LONG_LIVED:
        return long_lived_sweep(rib, sweep->source, &sweep->row, row_budget);
    }
    return true;
}

bool sweep_run(struct speaker *speaker, struct speaker_table *table, uint32_t row_budget)
{
    if (list_empty(&table->sweeps))
        return false;
    struct sweep *sweep = list_entry(table->sweeps.next, struct sweep, link);
    if (run_one(speaker, table, sweep, row_budget))
        finish(sweep);
    return !list_empty(&table->sweeps);
}

void sweep_drop_all(struct speaker_table *table)
{
    list_foreach_safe (sweep, &table->sweeps, struct sweep, link) {
        finish(sweep);
    }
}
