/* See deferral.h. Waited for is, per family, the End-of-RIB of each neighbor with whom graceful restart is configured;
 * but not of
 *
 *  - one that does not announce graceful restart, or has restarted itself (RFC 4724 4.1);
 *  - one that is not back when our own restart time is over: it has given our routes up by then;
 *  - anybody for longer than the configured deferral time.
 *
 * Meanwhile sessions come up and routes arrive as ever; their rows wait in the table's queue, where a second change
 * costs nothing. Then they are told, and after them End-of-RIB (update_group.h: filled).
 */
#include "speaker/deferral.h"

#include "base/log.h"
#include "speaker/peer.h"
#include "speaker/peer_session.h"
#include "speaker/pipeline.h"
#include "speaker/speaker.h"
#include "speaker/update_group.h"

enum {
    LOOK_MS = 1000,
    /* How long to wait for the first neighbor: they may be added one by one, by a client that starts when we do. */
    NO_PEERS_MS = 5000,
    MS_PER_S = 1000,
};

static bool configured_for_restart(const struct peer *peer, enum family_id family)
{
    const struct peer_config *config = &peer->config.peer;
    if (!config->graceful_restart.enabled || !peer->families[family].configured || peer->admin != PEER_UP)
        return false;
    for (uint32_t i = 0; i < config->family_count; i++)
        if (config->families[i].family == family)
            return config->families[i].mp_graceful_restart;
    return false;
}

static bool is_waited_for(const struct peer *peer, enum family_id family, int64_t elapsed_ms)
{
    const struct graceful_restart_config *config = &peer->config.peer.graceful_restart;
    if (!configured_for_restart(peer, family) || elapsed_ms >= config->deferral_time_s * (int64_t)MS_PER_S)
        return false;
    if (!peer->established)
        return elapsed_ms < config->restart_time_s * (int64_t)MS_PER_S;
    const struct negotiated *negotiated = &peer->negotiated;
    return negotiated->restart.enabled && !negotiated->restart.peer_restarting && peer->families[family].negotiated &&
           !peer->families[family].end_of_rib_received;
}

static bool is_complete(const struct speaker *speaker, enum family_id family, int64_t elapsed_ms)
{
    if (list_empty(&speaker->peers))
        return elapsed_ms >= NO_PEERS_MS;
    list_foreach (peer, &speaker->peers, struct peer, link) {
        if (is_waited_for(peer, family, elapsed_ms))
            return false;
    }
    return true;
}

static void release_table(struct speaker_table *table, int64_t elapsed_ms)
{
    log_info("speaker", NULL, "%s: restarted; routes are selected and told after %lld ms",
             family_get(table->family)->config_name, (long long)elapsed_ms);
    table->deferred = false;
    list_foreach (group, &table->groups, struct update_group, link) {
        update_group_fill_after_queue(group);
    }
}

/* Who connects from now on meets a speaker like any other. */
static void finish(struct speaker *speaker)
{
    speaker->deferral.active = false;
    loop_timer_stop(&speaker->deferral.timer);
    list_foreach (peer, &speaker->peers, struct peer, link) {
        if (peer->established || !peer->restarted)
            continue;
        peer->restarted = false;
        peer_session_reconfigure(peer);
    }
}

void deferral_look(struct speaker *speaker)
{
    bool waiting = false;
    if (!speaker->deferral.active)
        return;
    int64_t elapsed_ms = mono_diff_ms(loop_now(speaker->loop), speaker->deferral.since);
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        struct speaker_table *table = &speaker->tables[i];
        if (table->deferred && is_complete(speaker, table->family, elapsed_ms))
            release_table(table, elapsed_ms);
        waiting |= table->deferred;
    }
    if (!waiting)
        finish(speaker);
    pipeline_wake(speaker);
}

/* What our OPEN asks of this neighbor, if it has asked for the capability too. */
static uint32_t promised_by(const struct peer *peer)
{
    const struct peer_config *config = &peer->config.peer;
    const struct graceful_restart_config *restart = &config->graceful_restart;
    uint32_t longest_s = 0;
    bool asked = false;
    if (!restart->enabled || restart->helper_only || (peer->established && !peer->negotiated.restart.enabled))
        return 0;
    for (uint32_t i = 0; i < config->family_count; i++) {
        const struct family_config *family = &config->families[i];
        asked |= family->mp_graceful_restart;
        if (restart->long_lived_enabled && family->long_lived && family->long_lived_restart_time_s > longest_s)
            longest_s = family->long_lived_restart_time_s;
    }
    return longest_s + (asked ? restart->restart_time_s : 0);
}

uint32_t deferral_promise_s(const struct speaker *speaker)
{
    uint32_t longest_s = 0;
    if (!speaker->started)
        return 0;
    list_foreach (peer, &speaker->peers, struct peer, link) {
        uint32_t promised_s = peer->established || speaker->deferral.active ? promised_by(peer) : 0;
        longest_s = promised_s > longest_s ? promised_s : longest_s;
    }
    return longest_s;
}

static void look_again(struct loop_timer *timer)
{
    struct speaker *speaker = container_of(timer, struct speaker, deferral.timer);
    loop_timer_start(timer, LOOK_MS);
    deferral_look(speaker);
}

void deferral_init(struct speaker *speaker)
{
    loop_timer_init(&speaker->deferral.timer, speaker->loop, look_again);
}

void deferral_begin(struct speaker *speaker)
{
    speaker->deferral.active = true;
    speaker->deferral.since = loop_now(speaker->loop);
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        speaker->tables[i].deferred = speaker->tables[i].rib != NULL;
    loop_timer_start(&speaker->deferral.timer, LOOK_MS);
}

void deferral_stop(struct speaker *speaker)
{
    speaker->deferral.active = false;
    loop_timer_stop(&speaker->deferral.timer);
}
