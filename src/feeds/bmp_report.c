/* What a station is told as it happens: sessions that come and go, routes as they come (before policy: the UPDATEs as
 * they were understood; after it: path by path, neighbouring ones gathered), best paths, numbers.
 *
 * A station knows of a peer what it was told since the peer's last Peer Up. So a peer that comes up needs no dump: all
 * it says is told. What is only kept of it, from the session before, is never told. A peer that began again within a
 * session (RFC 7313) and left routes out takes a Peer Down and a Peer Up, and a dump: what goes then is not looked up
 * one by one.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "feeds/bmp_internal.h"
#include "net/nlri.h"

enum {
    NS_PER_S = 1000000000,
    MS_PER_S = 1000,
    LIVE_MAX_BYTES = 2048, /* of NLRI in one message */
    OPEN_MAX_BYTES = 8192,
    STATISTICS_PER_SLICE = 32, /* peers */
    HOST_NAME_MAX_BYTES = 256,
    NUMBER_RESERVED = 64,  /* told peers are made room for in steps */
    EVENT_MANUAL_STOP = 2, /* RFC 4271 8.1 */
    EVENT_HOLD_TIMER = 10,
    EVENT_TCP_FAILS = 18,
};

static const char table_name[] = "global";
static const char default_descr[] = "Godwit " GODWIT_VERSION;

static struct speaker *speaker_of(const struct bmp_station *station)
{
    return station->stations->speaker;
}

static struct wall_time wall(const struct bmp_station *station, uint32_t when_s)
{
    if (when_s != 0)
        return (struct wall_time){.ns = (int64_t)when_s * NS_PER_S};
    return loop_wall_now(speaker_of(station)->loop);
}

/* Of a peer the station knows, or of the Loc-RIB. */
static struct bmp_peer header_of(const struct bmp_station *station, enum bmp_view view, source_id source,
                                 uint32_t when_s)
{
    const struct global_config *global = &speaker_of(station)->global;
    if (view == BMP_VIEW_LOC_RIB)
        return (struct bmp_peer){
            .type = BMP_PEER_LOC_RIB, .as = global->as, .id = global->router_id, .when = wall(station, when_s)};
    const struct told_peer *told = &station->told[source];
    return (struct bmp_peer){.type = BMP_PEER_GLOBAL,
                             .post_policy = view == BMP_VIEW_POST,
                             .address = told->address,
                             .as = told->as,
                             .id = told->id,
                             .when = wall(station, when_s)};
}

/* NULL: the station was not told of it. */
static struct told_peer *told_of(struct bmp_station *station, source_id source)
{
    return station->connected && source < station->told_count && station->told[source].up ? &station->told[source]
                                                                                          : NULL;
}

/* Routes ----------------------------------------------------------------------------------------------------------- */

void bmp_report_route(struct bmp_station *station, enum bmp_view view, source_id source, uint32_t when_s,
                      const struct update_parts *parts)
{
    struct buf *buf = bmp_message(station);
    struct bmp_peer peer = header_of(station, view, source, when_s);
    size_t message = bmp_route_begin(buf, &peer);
    if (!update_write(buf, parts)) {
        station->lost++;
        return;
    }
    bmp_route_end(buf, message);
    bmp_send(station);
}

void bmp_report_end_of_rib(struct bmp_station *station, enum bmp_view view, source_id source, enum family_id family)
{
    struct buf *buf = bmp_message(station);
    struct bmp_peer peer = header_of(station, view, source, 0);
    size_t message = bmp_route_begin(buf, &peer);
    end_of_rib_encode(buf, family);
    bmp_route_end(buf, message);
    bmp_send(station);
}

void bmp_report_flush(struct bmp_station *station)
{
    struct bmp_live *run = &station->run;
    source_id source = run->source;
    run->source = RIB_SOURCE_NONE;
    if (source == RIB_SOURCE_NONE || told_of(station, source) == NULL)
        return;
    struct update_parts parts = {.family = run->family,
                                 .attrs = run->withdraw ? NULL : run->bytes.bytes,
                                 .attrs_length = run->withdraw ? 0 : (uint32_t)run->bytes.length,
                                 .nlri = station->live.bytes,
                                 .nlri_length = (uint32_t)station->live.length};
    bmp_report_route(station, BMP_VIEW_POST, source, 0, &parts);
}

static void put_nlri(struct buf *buf, const struct prefix *prefix, bool add_path, uint32_t path_id)
{
    uint8_t nlri[BMP_NLRI_MAX_BYTES];
    if (add_path)
        buf_u32(buf, path_id);
    buf_put(buf, nlri, prefix_write(prefix, nlri));
}

static bool has_add_path(const struct bmp_station *station, source_id source, enum family_id family)
{
    const struct peer *peer = speaker_peer_of(speaker_of(station), source);
    return peer != NULL && (peer->negotiated.add_path_receive >> family & 1) != 0;
}

static bool has_bytes(const struct bmp_live *run, const struct rib *rib, attr_id attrs)
{
    const struct attr_set *set = attr_get(rib->view, attrs);
    return set->wire_length == run->bytes.length &&
           (set->wire_length == 0 || memcmp(attr_bytes(rib->view, set), run->bytes.bytes, set->wire_length) == 0);
}

/* A change of what is left after the import policy. Changes that go together, as those of one UPDATE do, become one
 * message. */
static void gather(struct bmp_station *station, const struct path_event *event, bool withdraw)
{
    struct bmp_live *run = &station->run;
    const struct rib_path *path = &event->path;
    enum family_id family = event->rib->family;
    if (told_of(station, path->source) == NULL)
        return;
    bool goes_on = run->source == path->source && run->family == family && run->withdraw == withdraw &&
                   (withdraw || has_bytes(run, event->rib, path->attrs)) && station->live.length < LIVE_MAX_BYTES &&
                   bmp_fits(run->bytes.length, station->live.length);
    if (!goes_on) {
        bmp_report_flush(station);
        run->source = path->source;
        run->family = family;
        run->withdraw = withdraw;
        buf_clear(&station->live);
        buf_clear(&run->bytes);
        if (!withdraw) {
            const struct attr_set *set = attr_get(event->rib->view, path->attrs);
            buf_put(&run->bytes, attr_bytes(event->rib->view, set), set->wire_length);
        }
    }
    put_nlri(&station->live, &event->prefix, has_add_path(station, path->source, family), path->path_id);
    loop_task_schedule(&station->flush);
}

static void on_update(void *context, struct peer *peer, const struct update *update)
{
    struct bmp_station *station = context;
    if (told_of(station, peer->source) == NULL)
        return;
    bmp_report_flush(station);
    for (unsigned i = 0; i < update->run_count && station->pre; i++) {
        struct buf *buf = bmp_message(station);
        struct bmp_peer header = header_of(station, BMP_VIEW_PRE, peer->source, 0);
        size_t message = bmp_route_begin(buf, &header);
        if (!update_write_run(buf, update, &update->runs[i])) {
            station->lost++;
            continue;
        }
        bmp_route_end(buf, message);
        bmp_send(station);
    }
    if (update->end_of_rib == FAMILY_UNKNOWN)
        return;
    if (station->pre)
        bmp_report_end_of_rib(station, BMP_VIEW_PRE, peer->source, update->end_of_rib);
    if (station->post)
        bmp_report_end_of_rib(station, BMP_VIEW_POST, peer->source, update->end_of_rib);
}

/* Every announcement is heard here; of those that are accepted on_post_policy tells more. */
static void on_adj_in(void *context, const struct path_event *event)
{
    bool rejected = (event->path.flags & PATH_REJECT_MASK) != 0;
    if (!event->withdraw && rejected)
        gather(context, event, true);
}

static void on_post_policy(void *context, const struct path_event *event)
{
    gather(context, event, event->withdraw);
}

/* Of stale paths the station was not told. */
static void on_judged(void *context, const struct path_event *event)
{
    if (!rib_path_stale(event->rib, &event->path))
        gather(context, event, event->withdraw);
}

static void on_best(void *context, const struct path_event *event)
{
    struct bmp_station *station = context;
    uint8_t memory[BMP_NLRI_MAX_BYTES];
    struct buf nlri;
    if (!station->connected)
        return;
    const struct attr_set *set = event->withdraw ? NULL : attr_get(event->rib->view, event->path.attrs);
    buf_init_fixed(&nlri, memory, sizeof(memory));
    put_nlri(&nlri, &event->prefix, false, 0);
    struct update_parts parts = {.family = event->rib->family,
                                 .attrs = set != NULL ? attr_bytes(event->rib->view, set) : NULL,
                                 .attrs_length = set != NULL ? set->wire_length : 0,
                                 .nlri = nlri.bytes,
                                 .nlri_length = (uint32_t)nlri.length};
    bmp_report_route(station, BMP_VIEW_LOC_RIB, RIB_SOURCE_LOCAL, 0, &parts);
}

/* Peers ------------------------------------------------------------------------------------------------------------ */

/* Grows with the highest number a peer has had. */
static struct told_peer *need_told(struct bmp_station *station, source_id source)
{
    if (source >= station->told_count) {
        uint32_t count = (uint32_t)source + NUMBER_RESERVED;
        station->told = mem_realloc(MEM_OTHER, station->told, count * sizeof(*station->told));
        memset(station->told + station->told_count, 0, (count - station->told_count) * sizeof(*station->told));
        station->told_count = count;
    }
    return &station->told[source];
}

static void tell_up(struct bmp_station *station, struct peer *peer)
{
    struct link_snapshot snapshot;
    struct buf sent, received;
    const struct session_status *status = &snapshot.status;
    link_status(peer->session, &snapshot);
    if (status->negotiated == NULL || status->local_open == NULL || status->remote_open == NULL)
        return;
    struct told_peer *told = need_told(station, peer->source);
    *told = (struct told_peer){.up = true,
                               .address = status->remote.addr,
                               .as = status->negotiated->peer_as,
                               .id = status->negotiated->peer_id,
                               .families = status->negotiated->families};
    buf_init(&sent, OPEN_MAX_BYTES);
    buf_init(&received, OPEN_MAX_BYTES);
    open_encode(status->local_open, &sent);
    open_encode_received(status->remote_open, &received);
    struct bmp_session session = {.local = status->local.addr,
                                  .local_port = status->local.port,
                                  .remote_port = status->remote.port,
                                  .sent = sent.bytes,
                                  .sent_length = sent.length,
                                  .received = received.bytes,
                                  .received_length = received.length};
    uint32_t since_s = (uint32_t)(status->established_at.ns / NS_PER_S);
    struct bmp_peer header = header_of(station, BMP_VIEW_PRE, peer->source, since_s);
    bmp_peer_up(bmp_message(station), &header, &session);
    bmp_send(station);
    buf_release(&sent);
    buf_release(&received);
}

/* What ended the session, as RFC 7854 4.9 tells it. */
static struct bmp_down_reason reason_of(const struct session_status *status)
{
    bool sent = status->last_sent.code != 0 && status->last_sent_at.ns >= status->established_at.ns;
    bool received = status->last_received.code != 0 && status->last_received_at.ns >= status->established_at.ns;
    enum session_end end = status->down.end;
    if (end == SESSION_END_RECEIVED && received)
        return (struct bmp_down_reason){.reason = BMP_DOWN_RECEIVED, .notification = &status->last_received};
    bool timed_out = end == SESSION_END_TRANSPORT && status->down.system_errno == ETIMEDOUT;
    if (end == SESSION_END_CLOSED || end == SESSION_END_RECEIVED || (end == SESSION_END_TRANSPORT && !timed_out))
        return (struct bmp_down_reason){.reason = BMP_DOWN_CLOSED};
    if (sent && !timed_out)
        return (struct bmp_down_reason){.reason = BMP_DOWN_SENT, .notification = &status->last_sent};
    return (struct bmp_down_reason){.reason = BMP_DOWN_LOCAL,
                                    .fsm_event = timed_out                       ? EVENT_TCP_FAILS
                                                 : end == SESSION_END_HOLD_TIMER ? EVENT_HOLD_TIMER
                                                                                 : EVENT_MANUAL_STOP};
}

static void tell_down(struct bmp_station *station, source_id source, const struct bmp_down_reason *reason)
{
    bmp_report_flush(station);
    struct bmp_peer header = header_of(station, BMP_VIEW_PRE, source, 0);
    bmp_peer_down(bmp_message(station), &header, reason);
    bmp_send(station);
    station->told[source] = (struct told_peer){0};
}

static void on_peer_state(void *context, struct peer *peer)
{
    struct bmp_station *station = context;
    bool up = peer->state == SESSION_ESTABLISHED;
    if (!station->connected || up == (told_of(station, peer->source) != NULL))
        return;
    if (up) {
        tell_up(station, peer);
        return;
    }
    struct link_snapshot snapshot;
    link_status(peer->session, &snapshot);
    struct bmp_down_reason reason = reason_of(&snapshot.status);
    tell_down(station, peer->source, &reason);
}

static void on_peer_gone(void *context, struct peer *peer)
{
    struct bmp_station *station = context;
    struct bmp_down_reason reason = {.reason = BMP_DOWN_NOT_MONITORED};
    if (told_of(station, peer->source) != NULL)
        tell_down(station, peer->source, &reason);
}

static void on_refreshed(void *context, struct peer *peer, enum family_id family)
{
    struct bmp_station *station = context;
    struct bmp_down_reason reason = {.reason = BMP_DOWN_NOT_MONITORED};
    struct speaker_table *table = peer_table(peer, family);
    if (told_of(station, peer->source) == NULL || (!station->pre && !station->post) || table == NULL ||
        rib_source(table->rib, peer->source)->stale == 0)
        return;
    tell_down(station, peer->source, &reason);
    tell_up(station, peer);
    if (told_of(station, peer->source) == NULL)
        return;
    station->told[peer->source].dump = DUMP_WAITING;
    bmp_dump_start(station);
}

/* The Loc-RIB ------------------------------------------------------------------------------------------------------ */

family_set bmp_loc_rib_families(const struct bmp_station *station)
{
    family_set families = 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (speaker_of(station)->tables[family].rib != NULL)
            families |= (family_set)1 << family;
    }
    return families;
}

/* Its OPENs are made up: that is how a station learns what families it has (RFC 9069 4.4). */
static void tell_loc_rib_up(struct bmp_station *station)
{
    const struct global_config *global = &speaker_of(station)->global;
    struct open_message *open = mem_zalloc(MEM_OTHER, sizeof(*open));
    struct buf bytes;
    open->as = global->as;
    open->router_id = global->router_id;
    open->capabilities = (struct capabilities){.multiprotocol = bmp_loc_rib_families(station),
                                               .has_multiprotocol = true,
                                               .four_octet_as = true,
                                               .as4 = global->as,
                                               .role = ROLE_NONE};
    buf_init(&bytes, OPEN_MAX_BYTES);
    open_encode(open, &bytes);
    mem_free(MEM_OTHER, open);
    struct bmp_session session = {.sent = bytes.bytes,
                                  .sent_length = bytes.length,
                                  .received = bytes.bytes,
                                  .received_length = bytes.length,
                                  .table = table_name};
    struct bmp_peer header = header_of(station, BMP_VIEW_LOC_RIB, RIB_SOURCE_LOCAL, 0);
    bmp_peer_up(bmp_message(station), &header, &session);
    bmp_send(station);
    buf_release(&bytes);
    station->loc_rib_dump = DUMP_WAITING;
}

/* Numbers ---------------------------------------------------------------------------------------------------------- */

static void tell_peer_statistics(struct bmp_station *station, struct peer *peer)
{
    struct link_snapshot snapshot;
    struct bmp_statistics statistics;
    uint64_t received[FAMILY_COUNT] = {0}, accepted[FAMILY_COUNT] = {0}, all_received = 0, all_accepted = 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct speaker_table *table = peer_table(peer, family);
        if (table == NULL || !peer->families[family].negotiated || peer->source >= table->rib->source_count)
            continue;
        const struct rib_source *source = rib_source(table->rib, peer->source);
        all_received += received[family] = source->received - source->stale;
        all_accepted += accepted[family] = source->accepted < received[family] ? source->accepted : received[family];
    }
    link_status(peer->session, &snapshot);
    const struct session_counters *counters = &snapshot.status.received;
    struct bmp_peer header = header_of(station, BMP_VIEW_PRE, peer->source, 0);
    bmp_statistics_begin(&statistics, bmp_message(station), &header);
    bmp_statistics_u64(&statistics, BMP_STATISTIC_ADJ_RIB_IN, all_received);
    bmp_statistics_u64(&statistics, BMP_STATISTIC_LOC_RIB, all_accepted);
    bmp_statistics_u32(&statistics, BMP_STATISTIC_WITHDRAW_UPDATES, counters->withdraw_update);
    bmp_statistics_u32(&statistics, BMP_STATISTIC_WITHDRAW_PREFIXES, counters->withdraw_prefix);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (!peer->families[family].negotiated)
            continue;
        bmp_statistics_family(&statistics, BMP_STATISTIC_FAMILY_ADJ_RIB_IN, family, received[family]);
        bmp_statistics_family(&statistics, BMP_STATISTIC_FAMILY_LOC_RIB, family, accepted[family]);
    }
    bmp_statistics_end(&statistics);
    bmp_send(station);
}

static void tell_loc_rib_statistics(struct bmp_station *station)
{
    struct bmp_statistics statistics;
    uint64_t all = 0;
    family_set families = bmp_loc_rib_families(station);
    struct bmp_peer header = header_of(station, BMP_VIEW_LOC_RIB, RIB_SOURCE_LOCAL, 0);
    bmp_statistics_begin(&statistics, bmp_message(station), &header);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (!(families >> family & 1))
            continue;
        uint64_t routes = speaker_of(station)->tables[family].rib->rows_with_paths;
        bmp_statistics_family(&statistics, BMP_STATISTIC_FAMILY_LOC_RIB, family, routes);
        all += routes;
    }
    bmp_statistics_u64(&statistics, BMP_STATISTIC_LOC_RIB, all);
    bmp_statistics_end(&statistics);
    bmp_send(station);
}

static bool statistics_slice(struct loop_task *task)
{
    struct bmp_station *station = container_of(task, struct bmp_station, statistics);
    for (unsigned looked = 0; looked < STATISTICS_PER_SLICE; station->statistics_next++) {
        source_id source = station->statistics_next;
        if (!station->connected || source >= station->told_count)
            return false;
        struct peer *peer = told_of(station, source) != NULL ? speaker_peer_of(speaker_of(station), source) : NULL;
        if (peer == NULL)
            continue;
        tell_peer_statistics(station, peer);
        looked++;
    }
    return true;
}

static void on_statistics(struct loop_timer *timer)
{
    struct bmp_station *station = container_of(timer, struct bmp_station, statistics_due);
    loop_timer_start(timer, (int64_t)station->config.statistics_timeout_s * MS_PER_S);
    if (station->loc_rib)
        tell_loc_rib_statistics(station);
    if (loop_task_scheduled(&station->statistics))
        return;
    station->statistics_next = 0;
    loop_task_schedule(&station->statistics);
}

/* Beginning and end ------------------------------------------------------------------------------------------------ */

void bmp_report_init(struct bmp_station *station)
{
    struct loop *loop = speaker_of(station)->loop;
    station->ops = (struct subscriber_ops){.peer_state = on_peer_state, .peer_gone = on_peer_gone};
    if (station->pre || station->post) {
        station->ops.update = on_update;
        station->ops.refreshed = on_refreshed;
    }
    if (station->post) {
        station->ops.adj_in = on_adj_in;
        station->ops.post_policy = on_post_policy;
        station->ops.judged = on_judged;
    }
    if (station->loc_rib)
        station->ops.best = on_best;
    station->subscriber.ops = &station->ops;
    station->subscriber.context = station;
    station->run.source = RIB_SOURCE_NONE;
    buf_init(&station->live, LIVE_MAX_BYTES + BMP_NLRI_MAX_BYTES);
    buf_init(&station->run.bytes, ATTR_BLOCK_MAX);
    loop_timer_init(&station->statistics_due, loop, on_statistics);
    loop_task_init(&station->statistics, loop, statistics_slice);
}

static void tell_initiation(struct bmp_station *station)
{
    char host[HOST_NAME_MAX_BYTES] = "";
    const struct bmp_server_config *config = &station->config;
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    bmp_initiation(bmp_message(station), config->sys_name[0] ? config->sys_name : host,
                   config->sys_descr[0] ? config->sys_descr : default_descr);
    bmp_send(station);
}

void bmp_report_begin(struct bmp_station *station)
{
    tell_initiation(station);
    if (station->loc_rib)
        tell_loc_rib_up(station);
    list_foreach (peer, &speaker_of(station)->peers, struct peer, link) {
        if (peer->state != SESSION_ESTABLISHED)
            continue;
        tell_up(station, peer);
        if (told_of(station, peer->source) != NULL && (station->pre || station->post))
            station->told[peer->source].dump = DUMP_WAITING;
    }
    if (station->config.statistics_timeout_s > 0)
        loop_timer_start(&station->statistics_due, (int64_t)station->config.statistics_timeout_s * MS_PER_S);
    bmp_dump_start(station);
}

void bmp_report_end(struct bmp_station *station)
{
    bmp_dump_stop(station);
    loop_timer_stop(&station->statistics_due);
    loop_task_cancel(&station->statistics);
    mem_free(MEM_OTHER, station->told);
    station->told = NULL;
    station->told_count = 0;
    station->loc_rib_dump = DUMP_NONE;
    station->run.source = RIB_SOURCE_NONE;
    if (station->lost > 0)
        log_warn("bmp", station->name, "%llu routes were not told: their attributes leave no room in a message",
                 (unsigned long long)station->lost);
    station->lost = 0;
}
