/* See speaker.h. */
#include "speaker/speaker.h"

#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpki/vrp_table.h"
#include "session/acceptor.h"
#include "speaker/link_thread.h"
#include "speaker/catch_up.h"
#include "speaker/dynamic_peers.h"
#include "speaker/events.h"
#include "speaker/monitor.h"
#include "speaker/originate.h"
#include "speaker/packer.h"
#include "speaker/peer.h"
#include "speaker/pipeline.h"
#include "speaker/policy_run.h"
#include "speaker/sweep.h"
#include "speaker/unnumbered.h"
#include "speaker/update_group.h"

enum {
    BGP_PORT = 179,
    SOURCES_STEP = 64,
    CLUSTERS_MIN = 4,
};

struct speaker *speaker_new(struct loop *loop, struct transport *transport)
{
    struct speaker *speaker = mem_zalloc(MEM_OTHER, sizeof(*speaker));
    speaker->loop = loop;
    speaker->transport = transport;
    speaker->tuning = (struct speaker_tuning)SPEAKER_TUNING_DEFAULT;
    list_init(&speaker->peers);
    list_init(&speaker->subscribers);
    pipeline_init(speaker);
    deferral_init(speaker);
    return speaker;
}

void speaker_free(struct speaker *speaker)
{
    if (speaker == NULL)
        return;
    speaker_stop(speaker);
    mem_free(MEM_OTHER, speaker);
}

struct speaker_table *speaker_table(struct speaker *speaker, enum family_id family)
{
    return family < FAMILY_COUNT && speaker->tables[family].rib != NULL ? &speaker->tables[family] : NULL;
}

struct speaker_table *speaker_client_table(struct speaker *speaker, enum family_id family)
{
    return speaker_table(speaker, family) != NULL && speaker->tables[FAMILY_COUNT + family].rib != NULL
               ? &speaker->tables[FAMILY_COUNT + family]
               : NULL;
}

struct speaker_table *speaker_table_of(struct speaker *speaker, const struct rib *rib)
{
    unsigned i = 0;
    while (speaker->tables[i].rib != rib)
        CHECK(++i < TABLE_COUNT);
    return &speaker->tables[i];
}

/* Sources ---------------------------------------------------------------------------------------------------------- */

struct peer *speaker_peer_of(const struct speaker *speaker, source_id source)
{
    return source < speaker->source_capacity ? speaker->peer_by_source[source] : NULL;
}

/* A number is free again once no table holds paths with it. */
static bool source_is_idle(struct speaker *speaker, source_id source)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        struct rib *rib = speaker->tables[i].rib;
        if (rib != NULL && source < rib->source_count && rib_source(rib, source)->received > 0)
            return false;
    }
    return true;
}

source_id speaker_take_source(struct speaker *speaker, struct peer *peer)
{
    for (uint32_t source = 1; source < RIB_SOURCE_MAX; source++) {
        if (source >= speaker->source_capacity) {
            uint32_t capacity = speaker->source_capacity + SOURCES_STEP;
            speaker->peer_by_source =
                mem_realloc(MEM_OTHER, speaker->peer_by_source, capacity * sizeof(*speaker->peer_by_source));
            for (uint32_t i = speaker->source_capacity; i < capacity; i++)
                speaker->peer_by_source[i] = NULL;
            speaker->source_capacity = capacity;
        }
        if (speaker->peer_by_source[source] == NULL && source_is_idle(speaker, (source_id)source)) {
            speaker->peer_by_source[source] = peer;
            return (source_id)source;
        }
    }
    return RIB_SOURCE_NONE;
}

void speaker_give_source(struct speaker *speaker, source_id source)
{
    speaker->peer_by_source[source] = NULL;
}

/* Clusters --------------------------------------------------------------------------------------------------------- */

bool speaker_is_own_cluster(const struct speaker *speaker, uint32_t cluster_id)
{
    if (cluster_id == speaker->global.router_id)
        return true;
    for (uint32_t i = 0; i < speaker->cluster_ids.count; i++)
        if (speaker->cluster_ids.ids[i] == cluster_id)
            return true;
    return false;
}

void speaker_gather_clusters(struct speaker *speaker)
{
    struct cluster_ids *clusters = &speaker->cluster_ids;
    uint32_t capacity = 0;
    mem_free(MEM_OTHER, clusters->ids);
    *clusters = (struct cluster_ids){0};
    list_foreach (peer, &speaker->peers, struct peer, link) {
        uint32_t id = peer->config.peer.cluster_id;
        if (id == 0 || speaker_is_own_cluster(speaker, id))
            continue;
        if (clusters->count == capacity) {
            capacity = capacity ? 2 * capacity : CLUSTERS_MIN;
            clusters->ids = mem_realloc(MEM_OTHER, clusters->ids, capacity * sizeof(*clusters->ids));
        }
        clusters->ids[clusters->count++] = id;
    }
}

/* Start and stop --------------------------------------------------------------------------------------------------- */

static void wake_pipeline(void *context)
{
    pipeline_wake(context);
}

static void open_table(struct speaker *speaker, unsigned index)
{
    enum family_id family = index % FAMILY_COUNT;
    bool of_clients = index >= FAMILY_COUNT;
    const struct route_selection_config *selection = &speaker->global.route_selection;
    struct rib_options options = {
        .decision = {.always_compare_med = selection->always_compare_med,
                     .ignore_as_path_length = selection->ignore_as_path_length,
                     .external_compare_router_id = selection->external_compare_router_id},
        /* A client that may not have the best path is told the next one: all of them matter. */
        .any_change_dirties = of_clients,
        .no_best = selection->disable_best_path_selection,
    };
    struct speaker_table *table = &speaker->tables[index];
    *table = (struct speaker_table){.family = family, .of_clients = of_clients, .deferred = speaker->deferral.active};
    table->rib = rib_new(family, &options);
    table->rib->now_s = (uint32_t)(loop_wall_now(speaker->loop).ns / 1000000000);
    next_hop_tracking_open(speaker, table->rib);
    table->packer = packer_new(table->rib);
    table->catch_ups = catch_up_set_new(speaker->loop, &speaker->tuning, wake_pipeline, speaker);
    list_init(&table->groups);
    list_init(&table->dissolving);
    list_init(&table->sweeps);
    list_init(&table->policy_walks);
}

struct speaker_table *speaker_need_client_table(struct speaker *speaker, enum family_id family)
{
    if (speaker_table(speaker, family) != NULL && speaker_client_table(speaker, family) == NULL)
        open_table(speaker, FAMILY_COUNT + family);
    return speaker_client_table(speaker, family);
}

static void close_table(struct speaker_table *table)
{
    if (table->rib == NULL)
        return;
    list_foreach_safe (group, &table->groups, struct update_group, link) {
        while (update_group_dissolve(group, UINT32_MAX))
            continue;
    }
    list_foreach_safe (dissolving, &table->dissolving, struct update_group, link) {
        while (update_group_dissolve(dissolving, UINT32_MAX))
            continue;
    }
    sweep_drop_all(table);
    policy_walk_drop_all(table);
    policy_memo_free(table->import_memo);
    monitor_free(table->monitor);
    catch_up_set_free(table->catch_ups);
    packer_free(table->packer);
    rib_free(table->rib);
    *table = (struct speaker_table){0};
}

static bool take_connection(void *owner, struct stream *stream)
{
    struct speaker *speaker = owner;
    struct endpoint remote = stream_remote(stream);
    struct peer *peer = peer_find_remote(speaker, &remote);
    if (peer == NULL)
        peer = unnumbered_peer_for(speaker, &remote);
    if (peer == NULL)
        peer = dynamic_peer_for(speaker, &remote);
    if (peer == NULL)
        return false;
    link_accept(peer->session, stream);
    return true;
}

/* Session threads -------------------------------------------------------------------------------------------------- */

enum { THREADS_AUTO_MAX = 4 };

/* `threads: auto` uses one thread on small machines: two that share two cores with everything else gain nothing. */
static unsigned session_thread_count(const struct speaker *speaker)
{
    if (loop_is_simulated(speaker->loop))
        return 0;
    unsigned threads = speaker->global.threads;
    if (threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores <= 2 ? 1 : cores / 2 > THREADS_AUTO_MAX ? THREADS_AUTO_MAX : (unsigned)(cores / 2);
    }
    return threads - 1;
}

static void start_threads(struct speaker *speaker)
{
    unsigned wanted = session_thread_count(speaker);
    speaker->threads = mem_zalloc(MEM_OTHER, (wanted + 1) * sizeof(*speaker->threads));
    while (speaker->thread_count < wanted) {
        struct session_thread_options options = {.number = speaker->thread_count + 1,
                                                 .ring_bytes = speaker->tuning.session_ring_bytes};
        struct session_thread *thread = session_thread_new(speaker->loop, &options, threaded_link_handle);
        if (thread == NULL) {
            log_warn("speaker", NULL, "no more than %u session threads could be started", speaker->thread_count);
            break;
        }
        speaker->threads[speaker->thread_count++] = thread;
    }
}

static void stop_threads(struct speaker *speaker)
{
    while (speaker->thread_count > 0)
        session_thread_free(speaker->threads[--speaker->thread_count]);
    mem_free(MEM_OTHER, speaker->threads);
    speaker->threads = NULL;
}

void speaker_link_place(const struct speaker *speaker, source_id source, struct link_place *place)
{
    *place = (struct link_place){.loop = speaker->loop, .transport = speaker->transport};
    if (speaker->thread_count > 0)
        place->thread = speaker->threads[source % speaker->thread_count];
}

static int listen_everywhere(struct speaker *speaker, struct err *err)
{
    const struct global_config *global = &speaker->global;
    if (global->port < 0)
        return E_OK;
    for (uint32_t i = 0; i < global->listen_count; i++) {
        struct endpoint local = {.addr = global->listen[i], .port = (uint16_t)(global->port ? global->port : BGP_PORT)};
        int result = acceptor_listen(speaker->acceptor, &local, global->bind_to_device, err);
        if (result != E_OK)
            return result;
    }
    return E_OK;
}

int speaker_start(struct speaker *speaker, const struct global_config *global, struct err *err)
{
    CHECK(!speaker->started);
    speaker->global = *global;
    dynamic_peers_init(speaker);
    speaker->acceptor = acceptor_new(speaker->loop, speaker->transport, take_connection, speaker);
    int result = listen_everywhere(speaker, err);
    if (result == E_OK)
        result = next_hop_tracking_start(speaker, err);
    if (result != E_OK) {
        acceptor_free(speaker->acceptor);
        speaker->acceptor = NULL;
        return result;
    }
    speaker->policy = policy_run_new();
    policy_run_configure_global(speaker, NULL);
    for (unsigned i = 0; i < FAMILY_COUNT; i++)
        if (family_get(i)->routed && (global->families == 0 || (global->families & 1u << i)))
            open_table(speaker, i);
    start_threads(speaker);
    speaker->originate = originate_new(speaker);
    speaker->started = true;
    if (speaker->restarted)
        deferral_begin(speaker);
    speaker->restarted = false;
    events_adjust_monitors(speaker);
    return E_OK;
}

void speaker_stop(struct speaker *speaker)
{
    if (!speaker->started)
        return;
    list_foreach_safe (peer, &speaker->peers, struct peer, link) {
        peer_free(peer);
    }
    dynamic_peers_release(speaker);
    deferral_stop(speaker);
    unnumbered_free(speaker->unnumbered);
    speaker->unnumbered = NULL;
    acceptor_free(speaker->acceptor);
    speaker->acceptor = NULL;
    stop_threads(speaker);
    originate_free(speaker->originate);
    speaker->originate = NULL;
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        close_table(&speaker->tables[i]);
    policy_run_free(speaker->policy);
    vrp_table_free(speaker->vrps);
    speaker->vrps = NULL;
    speaker->policy = NULL;
    next_hop_tracking_stop(speaker);
    mem_free(MEM_OTHER, speaker->cluster_ids.ids);
    speaker->cluster_ids = (struct cluster_ids){0};
    mem_free(MEM_OTHER, speaker->peer_by_source);
    speaker->peer_by_source = NULL;
    speaker->source_capacity = 0;
    pipeline_stop(speaker);
    speaker->started = false;
}
