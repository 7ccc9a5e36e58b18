/* See peer.h. */
#include "speaker/peer.h"

#include <net/if.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "speaker/events.h"
#include "speaker/peer_groups.h"
#include "speaker/peer_limit.h"
#include "speaker/peer_session.h"
#include "speaker/pipeline.h"
#include "speaker/policy_run.h"
#include "speaker/restart.h"
#include "speaker/sweep.h"
#include "speaker/unnumbered.h"

const char *peer_name(const struct peer *peer, char text[ADDR_TEXT_MAX])
{
    if (peer->config.address.kind == ADDR_NONE)
        return peer->config.interface;
    return addr_format(&peer->config.address, text);
}

/* A link-local address may be there on several links; an unnumbered peer goes by its interface, or by the address it
 * was found at. */
static bool is_named(const struct peer *peer, const struct addr *address, const char *interface)
{
    bool link_said = interface != NULL && interface[0] != '\0';
    bool same_link = link_said && strcmp(peer->config.interface, interface) == 0;
    if (address->kind == ADDR_NONE)
        return same_link && peer->config.address.kind == ADDR_NONE;
    return addr_equal(&peer->at.addr, address) && (!link_said || same_link || peer->config.interface[0] == '\0');
}

struct peer *peer_find(const struct speaker *speaker, const struct addr *address, const char *interface)
{
    list_foreach (peer, &speaker->peers, struct peer, link) {
        if (is_named(peer, address, interface))
            return peer;
    }
    return NULL;
}

struct peer *peer_find_remote(const struct speaker *speaker, const struct endpoint *remote)
{
    list_foreach (peer, &speaker->peers, struct peer, link) {
        bool elsewhere = remote->scope_id != 0 && peer->at.scope_id != 0 && remote->scope_id != peer->at.scope_id;
        if (!elsewhere && addr_equal(&peer->at.addr, &remote->addr))
            return peer;
    }
    return NULL;
}

enum session_state peer_session_state(const struct peer *peer)
{
    return peer->state;
}

/* Listed in order of address, IPv4 first. */
static void insert_sorted(struct speaker *speaker, struct peer *peer)
{
    list_foreach (other, &speaker->peers, struct peer, link) {
        int order = addr_compare(&peer->config.address, &other->config.address);
        if (order == 0)
            order = strcmp(peer->config.interface, other->config.interface);
        if (order < 0) {
            list_insert_before(&other->link, &peer->link);
            return;
        }
    }
    list_append(&speaker->peers, &peer->link);
}

struct speaker_table *peer_table(const struct peer *peer, enum family_id family)
{
    return peer->is_client ? speaker_client_table(peer->speaker, family) : speaker_table(peer->speaker, family);
}

static bool is_member(const struct confederation_config *confederation, uint32_t asn)
{
    bool found = false;
    for (uint32_t i = 0; i < confederation->member_count; i++)
        found |= confederation->members[i] == asn;
    return confederation->enabled && found;
}

void peer_set_kind(struct peer *peer, uint32_t peer_as)
{
    peer->ibgp = peer_as == peer->local_as;
    peer->kind = peer->ibgp                                                 ? SOURCE_INTERNAL
                 : is_member(&peer->speaker->global.confederation, peer_as) ? SOURCE_CONFEDERATION
                                                                            : SOURCE_EXTERNAL;
}

/* Outside its confederation a member goes by the confederation's number (RFC 5065 4). */
static uint32_t default_local_as(const struct global_config *global, uint32_t peer_as)
{
    const struct confederation_config *confederation = &global->confederation;
    bool outside = confederation->enabled && peer_as != global->as && !is_member(confederation, peer_as);
    return outside ? confederation->identifier : global->as;
}

static void derive(struct peer *peer)
{
    const struct peer_config *config = &peer->config.peer;
    peer->local_as = config->local_as ? config->local_as : default_local_as(&peer->speaker->global, config->peer_as);
    peer_set_kind(peer, config->peer_as);
    if (peer->config.address.kind != ADDR_NONE) {
        uint32_t scope = peer->config.scope_id;
        if (scope == 0 && peer->config.interface[0] != '\0')
            scope = if_nametoindex(peer->config.interface);
        peer->at = (struct endpoint){.addr = peer->config.address, .scope_id = scope};
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        peer->families[family].configured = false;
    for (uint32_t i = 0; i < config->family_count; i++)
        peer->families[config->families[i].family].configured = config->families[i].enabled;
}

/* One nobody knows where to find waits. */
static void start(struct peer *peer)
{
    if (peer->admin == PEER_UP && peer->at.addr.kind != ADDR_NONE)
        link_start(peer->session);
}

static int make(struct speaker *speaker, const struct neighbor_config *config, bool dynamic, struct peer **made,
                struct err *err)
{
    struct peer *peer = mem_zalloc(MEM_PEER, sizeof(*peer));
    char name[ADDR_TEXT_MAX];
    peer->speaker = speaker;
    peer->config = *config;
    peer->dynamic = dynamic;
    peer->made_at = loop_now(speaker->loop);
    peer->admin = config->admin_down ? PEER_DOWN : PEER_UP;
    list_init(&peer->link);
    peer->state = SESSION_IDLE;
    peer->restarted = peer->forwarding_kept = speaker->deferral.active;
    derive(peer);
    peer_limit_restart_init(peer);
    peer->source = speaker_take_source(speaker, peer);
    if (peer->source == RIB_SOURCE_NONE) {
        mem_free(MEM_PEER, peer);
        return err_set(err, E_LIMIT, "%s: no more than %d neighbours", addr_format(&config->address, name),
                       RIB_SOURCE_MAX - 1);
    }
    int result = policy_run_configure(peer, err);
    if (result == E_OK)
        result = peer_session_set_key(peer, false, err);
    if (result != E_OK) {
        policy_run_forget(peer);
        speaker_give_source(speaker, peer->source);
        mem_free(MEM_PEER, peer);
        return result;
    }
    struct session_config session;
    peer_session_config(peer, &session);
    struct link_place place;
    speaker_link_place(speaker, peer->source, &place);
    peer->session = link_new(&place, &session, &peer_link_ops, peer);
    explicit_bzero(&session, sizeof(session));
    insert_sorted(speaker, peer);
    speaker_gather_clusters(speaker);
    start(peer);
    unnumbered_look(peer);
    *made = peer;
    return E_OK;
}

int peer_new(struct speaker *speaker, const struct neighbor_config *config, struct peer **made, struct err *err)
{
    return make(speaker, config, false, made, err);
}

int peer_new_dynamic(struct speaker *speaker, const struct neighbor_config *config, struct peer **made, struct err *err)
{
    return make(speaker, config, true, made, err);
}

void peer_free(struct peer *peer)
{
    /* The session first: it may be writing from what leaving the groups gives back. */
    link_free(peer->session);
    events_peer_gone(peer->speaker, peer);
    if (peer->established)
        restart_session_lost(peer, peer_leave_groups(peer), false);
    restart_forget(peer, 0);
    peer_session_set_key(peer, true, NULL);
    if (peer->dynamic)
        peer->speaker->dynamic.peer_count--;
    loop_timer_stop(&peer->restart);
    list_remove(&peer->link);
    policy_run_forget(peer);
    speaker_gather_clusters(peer->speaker);
    speaker_give_source(peer->speaker, peer->source);
    explicit_bzero(peer->config.peer.auth_password, sizeof(peer->config.peer.auth_password));
    mem_free(MEM_PEER, peer);
}

/* Administration --------------------------------------------------------------------------------------------------- */

static void cease(struct peer *peer, uint8_t subcode, const char *communication, enum session_end end)
{
    struct notification notification = notification_shutdown(subcode, communication ? communication : "");
    link_stop(peer->session, &notification, end);
}

void peer_enable(struct peer *peer)
{
    loop_timer_stop(&peer->restart);
    if (peer->admin == PEER_UP)
        return;
    peer->admin = PEER_UP;
    peer->config.admin_down = false;
    peer_session_reconfigure(peer);
    start(peer);
    unnumbered_look(peer);
    events_peer_state(peer->speaker, peer);
}

void peer_found_at(struct peer *peer, const struct endpoint *at)
{
    struct err err = {0};
    char name[ADDR_TEXT_MAX];
    if (peer->at.addr.kind != ADDR_NONE)
        peer_session_set_key(peer, true, NULL);
    struct notification notification = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG_CHANGE);
    link_stop(peer->session, &notification, SESSION_END_ADMIN);
    peer->at = *at;
    if (at->addr.kind == ADDR_NONE)
        return;
    if (peer_session_set_key(peer, false, &err) != E_OK) {
        log_error("peer", peer_name(peer, name), "%s", err.text);
        peer->at = (struct endpoint){0};
        return;
    }
    peer_session_reconfigure(peer);
    start(peer);
}

void peer_disable(struct peer *peer, const char *communication)
{
    loop_timer_stop(&peer->restart);
    peer->admin = PEER_DOWN;
    peer->config.admin_down = true;
    restart_forget(peer, 0);
    cease(peer, NOTIFY_CEASE_ADMIN_SHUTDOWN, communication, SESSION_END_ADMIN);
    peer_session_reconfigure(peer);
    events_peer_state(peer->speaker, peer);
}

/* Whoever resets a neighbor that is away means its routes, too. */
static void forget_if_away(struct peer *peer)
{
    if (!peer->established)
        restart_forget(peer, 0);
}

void peer_shutdown(struct peer *peer, const char *communication)
{
    forget_if_away(peer);
    struct notification notification =
        notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, communication ? communication : "");
    link_reset(peer->session, &notification, SESSION_END_ADMIN, peer->config.peer.timers.idle_hold_time_after_reset_s);
}

void peer_reset(struct peer *peer, const char *communication)
{
    forget_if_away(peer);
    struct notification notification =
        notification_shutdown(NOTIFY_CEASE_ADMIN_RESET, communication ? communication : "");
    link_reset(peer->session, &notification, SESSION_END_ADMIN, peer->config.peer.timers.idle_hold_time_after_reset_s);
}

void peer_deconfigure(struct peer *peer, const char *communication)
{
    (void)communication; /* RFC 8203 gives texts to shutdown and reset only */
    struct notification notification = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_DECONFIGURED);
    link_stop(peer->session, &notification, SESSION_END_ADMIN);
}

bool peer_shuts_down_gracefully(const struct peer *peer)
{
    return peer->config.peer.graceful_shutdown || peer->speaker->global.graceful_shutdown;
}

void peer_graceful_shutdown_changed(struct peer *peer)
{
    peer_soft_reset_in(peer);
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->families[family].negotiated)
            peer_group_move(peer, family);
}

void peer_soft_reset_in(struct peer *peer)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->families[family].negotiated || restart_phase_of(peer, family) != RESTART_NONE)
            sweep_start(peer->speaker, family, peer->source, SWEEP_REIMPORT);
}

void peer_soft_reset_out(struct peer *peer)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->families[family].negotiated)
            peer_group_retell(peer, family);
}

/* Those whose routes may be kept while the neighbor is away. */
static family_set restart_families(const struct peer *peer)
{
    family_set families = 0;
    if (!peer->config.peer.graceful_restart.enabled)
        return 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->families[family].configured)
            families |= (family_set)1 << family;
    return families;
}

static bool import_differs(const struct peer_config *a, const struct peer_config *b)
{
    return a->allow_own_as != b->allow_own_as || a->cluster_id != b->cluster_id;
}

/* Those assigned by hand go: the configuration's last word counts. */
static void change_policies(struct peer *peer)
{
    char name[ADDR_TEXT_MAX];
    struct err err;
    if (policy_run_configure(peer, &err) < 0)
        log_warn("policy", peer_name(peer, name), "%s", err.text);
    policy_run_changed(peer->speaker);
}

bool peer_configure(struct peer *peer, const struct neighbor_config *config, bool *in_matters)
{
    struct neighbor_config before = peer->config;
    bool reset = neighbor_config_needs_reset(&before, config);
    *in_matters = import_differs(&before.peer, &config->peer);
    if (strcmp(before.peer.auth_password, config->peer.auth_password) != 0)
        peer_session_set_key(peer, true, NULL);
    peer->config = *config;
    derive(peer);
    speaker_gather_clusters(peer->speaker);
    if (memcmp(&before.peer.apply_policy, &config->peer.apply_policy, sizeof(before.peer.apply_policy)) != 0)
        change_policies(peer);
    restart_forget(peer, restart_families(peer));
    if (before.peer.graceful_shutdown != config->peer.graceful_shutdown && !reset && peer->established)
        peer_graceful_shutdown_changed(peer);
    peer_session_set_key(peer, false, NULL);
    if (before.admin_down != config->admin_down) {
        if (config->admin_down)
            peer_disable(peer, "");
        else
            peer_enable(peer);
    }
    peer_session_reconfigure(peer);
    if (reset && peer->admin == PEER_UP) {
        struct notification notification = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG_CHANGE);
        link_reset(peer->session, &notification, SESSION_END_ADMIN, 0);
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        if (peer->families[family].negotiated)
            peer_limit_check(peer, family);
    explicit_bzero(&before, sizeof(before));
    return reset;
}
