/* See restart.h. One family of one neighbor:
 *
 *                        lost gracefully
 *      +------+ --------------------------------> +------+
 *      | none |                                   | away | --- restart time over ----+
 *      +------+ <-- no F bit, family not back --- +------+                           |
 *        ^  ^                                      |    ^                            v
 *        |  |                                 back |    | lost again        +------------+
 *        |  |                                      v    |                   | long-lived |
 *        |  +----- End-of-RIB, stale time ----- +----------+ <--- back ---- +------------+
 *        |                                      | returned |                       |
 *        |                                      +----------+                       |
 *        +------------------ long-lived stale time over, no F bit -----------------+
 *
 * Stale are the paths of another epoch than their source's: all routes of a neighbor become so in one step, and come
 * out of it one by one as the neighbor says them again. What stays stale is swept in slices (sweep.h). In the
 * long-lived phase each stale path gets the community LLGR_STALE, which puts it behind all others, or goes if it
 * carries NO_LLGR.
 *
 * A neighbor that is lost again before its End-of-RIB loses what was stale already (RFC 4724 4.2: routes are kept over
 * one restart); what it had said since is kept.
 */
#include "speaker/restart.h"

#include "base/log.h"
#include "base/mem.h"
#include "speaker/dynamic_peers.h"
#include "speaker/peer.h"
#include "speaker/sweep.h"

enum {
    /* RFC 4724 4.2 wants a limit and names none; FRR's. */
    STALE_TIME_S = 360,
    MS_PER_S = 1000,
};

static struct rib *rib_of(const struct peer *peer, enum family_id family)
{
    return peer_table(peer, family)->rib;
}

static const struct rib_source *source_of(const struct peer *peer, enum family_id family)
{
    return rib_source(rib_of(peer, family), peer->source);
}

enum restart_phase restart_phase_of(const struct peer *peer, enum family_id family)
{
    return peer->graceful != NULL ? peer->graceful->families[family].phase : RESTART_NONE;
}

static void log_family(const struct restart_family *state, const char *what)
{
    char name[ADDR_TEXT_MAX];
    log_info("peer", peer_name(state->peer, name), "%s: %s (stale routes: %llu)",
             family_get(state->family)->config_name, what,
             (unsigned long long)source_of(state->peer, state->family)->stale);
}

/* Ends ------------------------------------------------------------------------------------------------------------- */

static void free_if_over(struct peer *peer)
{
    struct peer_restart *restart = peer->graceful;
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (restart->families[family].phase != RESTART_NONE)
            return;
    loop_timer_stop(&restart->away);
    loop_timer_stop(&restart->returned);
    peer->graceful = NULL;
    dynamic_peer_look(peer);
    mem_free(MEM_PEER, restart);
}

/* What is stale now goes. The caller looks whether it was the last family. */
static void end_family(struct restart_family *state, const char *why)
{
    if (state->phase == RESTART_NONE)
        return;
    log_family(state, why);
    state->phase = RESTART_NONE;
    loop_timer_stop(&state->long_lived);
    sweep_cancel(state->peer->speaker, state->family, state->peer->source, SWEEP_LONG_LIVED);
    sweep_start(state->peer->speaker, state->family, state->peer->source, SWEEP_STALE);
}

static void end_phase(struct peer *peer, enum restart_phase phase, const char *why)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->graceful->families[family].phase == phase)
            end_family(&peer->graceful->families[family], why);
    free_if_over(peer);
}

void restart_end_of_rib(struct peer *peer, enum family_id family)
{
    if (restart_phase_of(peer, family) != RESTART_RETURNED)
        return;
    end_family(&peer->graceful->families[family], "all routes were announced again");
    free_if_over(peer);
}

void restart_forget(struct peer *peer, family_set but)
{
    if (peer->graceful == NULL)
        return;
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (!(but & (family_set)1 << family))
            end_family(&peer->graceful->families[family], "stale routes are not kept any longer");
    free_if_over(peer);
}

/* Timers ----------------------------------------------------------------------------------------------------------- */

static void long_lived_expired(struct loop_timer *timer)
{
    struct restart_family *state = container_of(timer, struct restart_family, long_lived);
    end_family(state, "long-lived stale time is over");
    free_if_over(state->peer);
}

static void begin_long_lived(struct restart_family *state)
{
    struct peer *peer = state->peer;
    uint32_t time_s = peer->negotiated.restart.long_lived_time_s[state->family];
    log_family(state, "the neighbor is not back: long-lived graceful restart begins");
    state->phase = RESTART_LONG_LIVED;
    loop_timer_start(&state->long_lived, (int64_t)time_s * MS_PER_S);
    sweep_start(peer->speaker, state->family, peer->source, SWEEP_LONG_LIVED);
}

static void begin_long_lived_or_end(struct restart_family *state)
{
    if (state->peer->negotiated.restart.long_lived_families & (family_set)1 << state->family)
        begin_long_lived(state);
    else
        end_family(state, "the neighbor did not come back within its restart time");
}

static void away_expired(struct loop_timer *timer)
{
    struct peer *peer = container_of(timer, struct peer_restart, away)->peer;
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->graceful->families[family].phase == RESTART_AWAY)
            begin_long_lived_or_end(&peer->graceful->families[family]);
    free_if_over(peer);
}

static void returned_expired(struct loop_timer *timer)
{
    struct peer *peer = container_of(timer, struct peer_restart, returned)->peer;
    end_phase(peer, RESTART_RETURNED, "no End-of-RIB came in time");
}

int64_t restart_left_ms(const struct peer *peer, enum family_id family)
{
    const struct peer_restart *restart = peer->graceful;
    int64_t long_lived_ms;
    switch (restart_phase_of(peer, family)) {
    case RESTART_NONE:
        break;
    case RESTART_AWAY:
        return loop_timer_left_ms(&restart->away);
    case RESTART_LONG_LIVED:
        return loop_timer_left_ms(&restart->families[family].long_lived);
    case RESTART_RETURNED:
        long_lived_ms = loop_timer_left_ms(&restart->families[family].long_lived);
        if (long_lived_ms > 0 && long_lived_ms < loop_timer_left_ms(&restart->returned))
            return long_lived_ms;
        return loop_timer_left_ms(&restart->returned);
    }
    return 0;
}

/* Away ------------------------------------------------------------------------------------------------------------- */

static struct peer_restart *restart_new(struct peer *peer)
{
    struct peer_restart *restart = mem_zalloc(MEM_PEER, sizeof(*restart));
    struct loop *loop = peer->speaker->loop;
    restart->peer = peer;
    loop_timer_init(&restart->away, loop, away_expired);
    loop_timer_init(&restart->returned, loop, returned_expired);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        restart->families[family] = (struct restart_family){.peer = peer, .family = family};
        loop_timer_init(&restart->families[family].long_lived, loop, long_lived_expired);
    }
    return restart;
}

static void drop(struct peer *peer, enum family_id family)
{
    if (peer->graceful != NULL)
        end_family(&peer->graceful->families[family], "the session did not end gracefully");
    rib_source_new_epoch(rib_of(peer, family), peer->source);
    sweep_start(peer->speaker, family, peer->source, SWEEP_STALE);
}

static void retain(struct peer *peer, enum family_id family)
{
    struct restart_family *state = &peer->graceful->families[family];
    bool stale_again = state->phase == RESTART_RETURNED;
    loop_timer_stop(&state->long_lived);
    sweep_cancel(peer->speaker, family, peer->source, SWEEP_LONG_LIVED);
    sweep_new_epoch(peer->speaker, family, peer->source);
    if (stale_again)
        sweep_start(peer->speaker, family, peer->source, SWEEP_OLDER);
    state->phase = RESTART_AWAY;
}

void restart_session_lost(struct peer *peer, family_set families, bool gracefully)
{
    const struct negotiated_restart *negotiated = &peer->negotiated.restart;
    family_set kept = gracefully ? families & (negotiated->families | negotiated->long_lived_families) : 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        family_set bit = (family_set)1 << family;
        if (!(families & bit))
            continue;
        if (!(kept & bit) || source_of(peer, family)->received == 0) {
            drop(peer, family);
            continue;
        }
        if (peer->graceful == NULL)
            peer->graceful = restart_new(peer);
        retain(peer, family);
        log_family(&peer->graceful->families[family], "the neighbor restarts: its routes are kept");
        /* A family without a restart time of its own has only the long one. */
        if (!(negotiated->families & bit) || negotiated->time_s == 0)
            begin_long_lived_or_end(&peer->graceful->families[family]);
    }
    if (peer->graceful == NULL)
        return;
    peer->graceful->since = loop_wall_now(peer->speaker->loop);
    loop_timer_stop(&peer->graceful->returned);
    loop_timer_start(&peer->graceful->away, (int64_t)negotiated->time_s * MS_PER_S);
    free_if_over(peer);
}

/* Back ------------------------------------------------------------------------------------------------------------- */

/* Did forwarding go on meanwhile? The capability that holds in this phase has to say so, anew (RFC 4724 4.2, RFC 9494
 * 4.2). */
static bool forwarding_went_on(const struct restart_family *state)
{
    const struct negotiated *negotiated = &state->peer->negotiated;
    const struct negotiated_restart *restart = &negotiated->restart;
    family_set bit = (family_set)1 << state->family;
    family_set forwarding = state->phase == RESTART_LONG_LIVED ? restart->long_lived_forwarding : restart->forwarding;
    return negotiated->families & forwarding & bit;
}

void restart_session_established(struct peer *peer)
{
    struct peer_restart *restart = peer->graceful;
    if (restart == NULL)
        return;
    uint32_t stale_time_s = peer->config.peer.graceful_restart.stale_routes_time_s;
    loop_timer_stop(&restart->away);
    loop_timer_start(&restart->returned, (int64_t)(stale_time_s ? stale_time_s : STALE_TIME_S) * MS_PER_S);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct restart_family *state = &restart->families[family];
        if (state->phase == RESTART_NONE)
            continue;
        if (!forwarding_went_on(state)) {
            end_family(state, "the neighbor is back and has not kept forwarding");
            continue;
        }
        log_family(state, "the neighbor is back");
        sweep_cancel(peer->speaker, family, peer->source, SWEEP_LONG_LIVED);
        state->phase = RESTART_RETURNED;
    }
    free_if_over(peer);
}
