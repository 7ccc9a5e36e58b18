/* One table as TABLE_DUMP_V2: the peers of the moment, then row after row, IPv4 before IPv6.
 *
 * The table is not copied. The walk does a slice at a time, and between two slices rows may come, go and change: each
 * row is written as it is when the walk is there, whole. Paths of a peer that came after the list of peers was written
 * wait for the next dump. The walk stops while the disk has enough to do.
 *
 * What is dumped is what GoBGP dumps: paths after import policy, those with an unreachable next hop too, the best one
 * first; index 0 of the peers stands for this speaker's own routes. Paths with path identifiers are in records of
 * their own (RFC 8050), beside those without.
 */
#include "base/log.h"
#include "base/mem.h"
#include "feeds/mrt_internal.h"
#include "speaker/client_scope.h"
#include "speaker/peer.h"
#include "wire/mrt.h"

enum {
    SLICE_NS = 500000,
    PATHS_PER_LOOK = 64,        /* at the clock; about 20 us */
    RECORD_MAX_BYTES = 1 << 20, /* a prefix with more has several records */
    PEER_UNKNOWN = UINT16_MAX,
    PEER_LOCAL = 0,
};

/* A source of paths as the list of peers has it. */
struct dumped_source {
    uint16_t index; /* PEER_UNKNOWN: not in it */
    family_set add_path;
    struct addr addr;
};

struct mrt_table_walk {
    struct mrt_dump *dump;
    struct mrt_output *output;
    struct loop_task task;
    uint32_t timestamp;
    uint32_t sequence;
    const struct peer *client; /* during a slice: whose table it is; NULL: the global one */
    enum family_id family;
    row_id row;
    uint32_t source_count;
    struct dumped_source *sources; /* by source_id */
};

static const enum family_id families[] = {FAMILY_IPV4_UNICAST, FAMILY_IPV6_UNICAST};

/* The peers -------------------------------------------------------------------------------------------------------- */

static void write_peers(struct mrt_table_walk *walk)
{
    static const struct addr nobody;
    struct speaker *speaker = walk->dump->dumps->speaker;
    struct mrt_peer_index index;
    mrt_peer_index_begin(&index, file_sink_block(walk->output->sink), walk->timestamp, speaker->global.router_id);
    mrt_peer_index_add(&index, &nobody, 0, 0);
    list_foreach (peer, &speaker->peers, struct peer, link) {
        if (peer->source >= walk->source_count || index.count == PEER_UNKNOWN)
            continue;
        walk->sources[peer->source] = (struct dumped_source){
            .index = index.count, .add_path = peer->negotiated.add_path_receive, .addr = peer->at.addr};
        uint32_t as = peer->config.peer.peer_as != 0 ? peer->config.peer.peer_as : peer->negotiated.peer_as;
        mrt_peer_index_add(&index, &peer->at.addr, as, peer->negotiated.peer_id);
    }
    mrt_peer_index_end(&index);
    file_sink_added(walk->output->sink, 1);
    walk->output->records++;
}

/* Whose path it is; NULL: of somebody the list does not have. A number may have got another owner meanwhile. */
static const struct dumped_source *source_of(const struct mrt_table_walk *walk, source_id source)
{
    if (source >= walk->source_count || walk->sources[source].index == PEER_UNKNOWN)
        return NULL;
    const struct dumped_source *known = &walk->sources[source];
    const struct peer *peer = speaker_peer_of(walk->dump->dumps->speaker, source);
    if (source != RIB_SOURCE_LOCAL && (peer == NULL || !addr_equal(&peer->at.addr, &known->addr)))
        return NULL;
    return known;
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

static bool is_dumped(const struct mrt_table_walk *walk, const struct rib *rib, const struct rib_path *path)
{
    if (walk->client != NULL)
        return client_may_choose(walk->client, rib, path);
    return (path->flags & PATH_REJECT_MASK) == 0;
}

/* Those paths of a row that have identifiers, or those that have none. */
struct row_writer {
    struct mrt_table_walk *walk;
    struct rib *rib;
    bool add_path;
    bool others; /* there are paths of the other kind */
    struct prefix prefix;
    uint32_t originated_at;
    struct mrt_rib_writer record;
    bool open;
};

static void end_record(struct row_writer *writer)
{
    if (!writer->open)
        return;
    mrt_rib_end(&writer->record);
    file_sink_added(writer->walk->output->sink, 1);
    writer->walk->output->records++;
    writer->open = false;
}

static void begin_record(struct row_writer *writer)
{
    struct mrt_table_walk *walk = writer->walk;
    struct mrt_rib_head head = {.timestamp = walk->timestamp,
                                .sequence = walk->sequence++,
                                .prefix = writer->prefix,
                                .add_path = writer->add_path};
    mrt_rib_begin(&writer->record, file_sink_block(walk->output->sink), &head);
    writer->open = true;
}

static void write_path(struct row_writer *writer, uint32_t index)
{
    struct mrt_table_walk *walk = writer->walk;
    struct rib_path path;
    rib_row_path(writer->rib, walk->row, index, &path);
    const struct dumped_source *source = source_of(walk, path.source);
    if (source == NULL || !is_dumped(walk, writer->rib, &path))
        return;
    /* Paths of a neighbor that is away may have identifiers that its next session will not have. */
    bool add_path = path.path_id != 0 || (source->add_path & 1u << walk->family) != 0;
    if (add_path != writer->add_path) {
        writer->others = true;
        return;
    }
    if (!writer->open)
        begin_record(writer);
    const struct attr_set *set = attr_get(writer->rib->view, path.attrs);
    struct mrt_rib_entry entry = {.peer_index = source->index,
                                  .originated_at = writer->originated_at,
                                  .path_id = path.path_id,
                                  .attrs = attr_bytes(writer->rib->view, set),
                                  .attrs_length = set->wire_length};
    mrt_rib_add(&writer->record, &entry);
    if (writer->record.count == UINT16_MAX || writer->record.buf->length - writer->record.record > RECORD_MAX_BYTES)
        end_record(writer);
}

/* Returns how many paths it has. */
static uint32_t write_row(struct mrt_table_walk *walk, struct rib *rib)
{
    struct row_writer writer = {.walk = walk, .rib = rib, .originated_at = rib_row_changed_s(rib, walk->row)};
    struct rib_path best;
    uint32_t best_index;
    uint32_t count = rib_row_path_count(rib, walk->row);
    if (count == 0)
        return 0;
    rib_row_prefix(rib, walk->row, &writer.prefix);
    bool has_best = rib_row_best(rib, walk->row, &best, &best_index);
    for (unsigned add_path = 0; add_path < 2 && (add_path == 0 || writer.others); add_path++) {
        writer.add_path = add_path != 0;
        if (has_best)
            write_path(&writer, best_index);
        for (uint32_t i = 0; i < count; i++) {
            if (!has_best || i != best_index)
                write_path(&writer, i);
        }
        end_record(&writer);
    }
    return count;
}

/* The walk --------------------------------------------------------------------------------------------------------- */

static void walk_free(struct mrt_table_walk *walk)
{
    loop_task_cancel(&walk->task);
    walk->dump->walk = NULL;
    mem_free(MEM_OTHER, walk->sources);
    mem_free(MEM_OTHER, walk);
}

static void walk_end(struct mrt_table_walk *walk, bool complete)
{
    struct mrt_output *output = walk->output;
    walk_free(walk);
    mrt_output_finish(output, complete);
}

/* The route server client whose table is wanted. False: it is not there (any more). */
static bool find_client(struct mrt_table_walk *walk)
{
    const struct mrt_dump *dump = walk->dump;
    char text[ADDR_TEXT_MAX];
    walk->client = NULL;
    if (dump->config.table.kind == ADDR_NONE)
        return true;
    const char *name = addr_format(&dump->config.table, text);
    walk->client = peer_find(dump->dumps->speaker, &dump->config.table, "");
    if (walk->client == NULL)
        log_warn("mrt", mrt_dump_key(dump), "not dumped: Neighbor that has %s doesn't exist.", name);
    else if (!walk->client->config.peer.route_server_client)
        log_warn("mrt", mrt_dump_key(dump), "not dumped: Neighbor %s doesn't have local rib", name);
    return walk->client != NULL && walk->client->config.peer.route_server_client;
}

static struct rib *rib_of(const struct mrt_table_walk *walk, enum family_id family)
{
    struct speaker_table *table =
        walk->client != NULL ? peer_table(walk->client, family) : speaker_table(walk->dump->dumps->speaker, family);
    return table != NULL ? table->rib : NULL;
}

/* True at the end of the table. */
static bool walk_rows(struct mrt_table_walk *walk, struct rib *rib, struct mono_time until)
{
    for (;;) {
        for (uint32_t paths = 0; paths < PATHS_PER_LOOK;) {
            row_id next = rib_row_next(rib, walk->row);
            if (next == 0)
                return true;
            walk->row = next;
            paths += 1 + write_row(walk, rib);
        }
        if (!mono_before(mono_now(), until) || !file_sink_has_room(walk->output->sink))
            return false;
    }
}

static bool run_slice(struct loop_task *task)
{
    struct mrt_table_walk *walk = container_of(task, struct mrt_table_walk, task);
    struct mono_time until = {.ns = mono_now().ns + SLICE_NS};
    if (!find_client(walk)) {
        walk_end(walk, false);
        return false;
    }
    if (!file_sink_has_room(walk->output->sink)) {
        if (file_sink_failed(walk->output->sink))
            walk_end(walk, false);
        return false; /* mrt_table_room comes */
    }
    while (walk->family != FAMILY_UNKNOWN) {
        struct rib *rib = rib_of(walk, walk->family);
        if (rib != NULL && !walk_rows(walk, rib, until))
            return true;
        walk->family = walk->family == families[0] ? families[1] : FAMILY_UNKNOWN;
        walk->row = 0;
    }
    walk_end(walk, true);
    return false;
}

void mrt_table_begin(struct mrt_dump *dump)
{
    struct speaker *speaker = dump->dumps->speaker;
    struct mrt_table_walk *walk = mem_zalloc(MEM_OTHER, sizeof(*walk));
    walk->dump = dump;
    dump->walk = walk;
    loop_task_init(&walk->task, speaker->loop, run_slice);
    walk->output = find_client(walk) ? mrt_output_open(dump, true) : NULL;
    if (walk->output == NULL) {
        walk_free(walk);
        return;
    }
    walk->timestamp = mrt_dump_now_s(dump);
    walk->family = families[0];
    walk->source_count = speaker->source_capacity > 0 ? speaker->source_capacity : 1; /* with ourselves */
    walk->sources = mem_zalloc(MEM_OTHER, walk->source_count * sizeof(*walk->sources));
    for (uint32_t i = 0; i < walk->source_count; i++)
        walk->sources[i].index = i == RIB_SOURCE_LOCAL ? PEER_LOCAL : PEER_UNKNOWN;
    write_peers(walk);
    loop_task_schedule(&walk->task);
}

void mrt_table_room(struct mrt_dump *dump)
{
    if (dump->walk != NULL)
        loop_task_schedule(&dump->walk->task);
}

void mrt_table_stop(struct mrt_dump *dump)
{
    if (dump->walk != NULL)
        walk_end(dump->walk, false);
}
