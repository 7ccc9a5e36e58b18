/* See peer_session.h. */
#include "speaker/peer_session.h"

#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/acceptor.h"
#include "speaker/catch_up.h"
#include "speaker/dynamic_peers.h"
#include "speaker/events.h"
#include "speaker/import.h"
#include "speaker/peer_groups.h"
#include "speaker/pipeline.h"
#include "speaker/restart.h"
#include "speaker/sweep.h"
#include "speaker/unnumbered.h"

enum {
    BGP_PORT = 179,
    OPEN_WAIT_S = 240, /* RFC 4271 8: "a large value" */
    TTL_GTSM = 255,
    AS_PATH_NUMBERS_MAX = 4000,
};

/* Configuration ---------------------------------------------------------------------------------------------------- */

/* RFC 4271 says nothing of TTLs; everybody sends 1 to a neighbour that must be on the link, RFC 5082 sends 255 and
 * refuses what travelled. */
static void transport_of(const struct peer *peer, struct transport_options *options)
{
    const struct peer_config *config = &peer->config.peer;
    options->local = (struct endpoint){
        .addr = config->transport.local_address, .port = config->transport.local_port, .scope_id = peer->at.scope_id};
    memcpy(options->bind_interface, config->transport.bind_interface, sizeof(options->bind_interface));
    options->mss = config->transport.tcp_mss;
    options->tos = config->transport.ip_tos;
    options->md5_key_length = (uint8_t)strlen(config->auth_password);
    memcpy(options->md5_key, config->auth_password, options->md5_key_length);
    if (config->ttl_security) {
        options->ttl = TTL_GTSM;
        options->ttl_min = config->ttl_min;
    } else if (!peer->ibgp) {
        options->ttl = config->ebgp_multihop ? config->multihop_ttl : 1;
    }
}

static void restart_capabilities(const struct peer *peer, struct capabilities *capabilities)
{
    const struct peer_config *config = &peer->config.peer;
    const struct graceful_restart_config *restart = &config->graceful_restart;
    capabilities->graceful_restart = restart->enabled;
    capabilities->restart_time_s = restart->restart_time_s;
    capabilities->restart_notification = restart->notification_enabled;
    capabilities->long_lived = restart->enabled && restart->long_lived_enabled;
    capabilities->restarting = restart->enabled && peer->restarted;
    if (!restart->enabled || restart->helper_only)
        return;
    for (uint32_t i = 0; i < config->family_count; i++) {
        const struct family_config *family = &config->families[i];
        family_set bit = (family_set)1 << family->family;
        if (family->mp_graceful_restart)
            capabilities->restart_families |= bit;
        if (family->long_lived && capabilities->long_lived) {
            capabilities->long_lived_families |= bit;
            capabilities->long_lived_time_s[family->family] = family->long_lived_restart_time_s;
        }
    }
    if (peer->forwarding_kept) {
        capabilities->restart_forwarding = capabilities->restart_families;
        capabilities->long_lived_forwarding = capabilities->long_lived_families;
    }
}

static void capabilities_of(const struct peer *peer, struct capabilities *capabilities)
{
    const struct peer_config *config = &peer->config.peer;
    *capabilities = (struct capabilities){
        .has_multiprotocol = true,
        .route_refresh = true,
        .enhanced_refresh = true,
        .extended_message = true,
        .four_octet_as = true,
        .as4 = peer->local_as,
        .role = peer->kind == SOURCE_EXTERNAL ? config->role : ROLE_NONE,
        .fqdn = true,
    };
    for (uint32_t i = 0; i < config->family_count; i++) {
        const struct family_config *family = &config->families[i];
        if (!family->enabled || peer->speaker->tables[family->family].rib == NULL)
            continue;
        family_set bit = 1u << family->family;
        capabilities->multiprotocol |= bit;
        if (family_get(family->family)->afi == AFI_IPV4)
            capabilities->extended_next_hop |= bit;
        if (family->add_paths.receive)
            capabilities->add_path_receive |= bit;
        if (family->add_paths.send_max > 0)
            capabilities->add_path_send |= bit;
    }
    restart_capabilities(peer, capabilities);
    if (gethostname(capabilities->host_name, sizeof(capabilities->host_name) - 1) != 0)
        capabilities->fqdn = false;
    if (config->send_software_version)
        strncpy(capabilities->software_version, "godwit/" GODWIT_VERSION, CAPABILITY_TEXT_MAX);
}

static void rules_of(const struct peer *peer, struct update_rules *rules)
{
    const struct peer_config *config = &peer->config.peer;
    *rules = (struct update_rules){
        .ebgp = peer->kind == SOURCE_EXTERNAL,
        .confederation = peer->kind == SOURCE_CONFEDERATION,
        .treat_as_withdraw = config->treat_as_withdraw,
        .enforce_first_as = config->enforce_first_as && !config->route_server_client,
        .allow_as_set = !peer->speaker->global.refuse_as_set,
        .as_path_max = AS_PATH_NUMBERS_MAX,
    };
}

void peer_session_config(const struct peer *peer, struct session_config *session)
{
    const struct peer_config *config = &peer->config.peer;
    *session = (struct session_config){
        .remote = {.addr = peer->at.addr,
                   .port = config->transport.remote_port ? config->transport.remote_port : BGP_PORT,
                   .scope_id = peer->at.scope_id},
        .passive = config->transport.passive_mode,
        .admin_down = peer->admin != PEER_UP,
        .local_as = peer->local_as,
        .peer_as = config->peer_as,
        .local_id = peer->speaker->global.router_id,
        .ibgp = peer->ibgp,
        .hold_time_s = config->timers.hold_time_s,
        .keepalive_s = config->timers.keepalive_interval_s,
        .connect_retry_s = config->timers.connect_retry_s,
        .idle_hold_after_reset_s = config->timers.idle_hold_time_after_reset_s,
        .send_hold_s = config->timers.send_hold_time_s,
        .open_wait_s = OPEN_WAIT_S,
        .role_strict = config->role_strict,
    };
    transport_of(peer, &session->transport);
    capabilities_of(peer, &session->capabilities);
    rules_of(peer, &session->rules);
}

void peer_session_reconfigure(struct peer *peer)
{
    struct session_config config;
    peer_session_config(peer, &config);
    link_configure(peer->session, &config);
    explicit_bzero(&config, sizeof(config));
}

int peer_session_set_key(const struct peer *peer, bool remove, struct err *err)
{
    struct transport_options options = {0};
    transport_of(peer, &options);
    if (peer->dynamic) /* the range has the key */
        return E_OK;
    if (peer->speaker->acceptor == NULL || (options.md5_key_length == 0 && !remove))
        return E_OK;
    if (remove)
        options.md5_key_length = 0;
    if (peer->at.addr.kind == ADDR_NONE) /* when it is found */
        return E_OK;
    return acceptor_set_key(peer->speaker->acceptor, &peer->at.addr, addr_bits(&peer->at.addr), &options, err);
}

/* Up and down ------------------------------------------------------------------------------------------------------ */

static void state_changed(void *owner, enum session_state to)
{
    struct peer *peer = owner;
    peer->state = to;
    peer->was_connected |= to > SESSION_ACTIVE;
    events_peer_state(peer->speaker, peer);
    if (to <= SESSION_ACTIVE)
        dynamic_peer_look(peer);
    if (to == SESSION_IDLE)
        unnumbered_look(peer);
}

/* Its routes are where other clients' are, or where everybody else's are. */
static void choose_tables(struct peer *peer)
{
    bool is_client = peer->config.peer.route_server_client;
    if (peer->is_client == is_client)
        return;
    restart_forget(peer, 0);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct speaker_table *table = peer_table(peer, family);
        if (table == NULL || peer->source >= table->rib->source_count)
            continue;
        rib_source_new_epoch(table->rib, peer->source);
        sweep_start(peer->speaker, family, peer->source, SWEEP_STALE);
    }
    peer->is_client = is_client;
}

static void established(void *owner, const struct negotiated *negotiated, const struct endpoint *local)
{
    struct peer *peer = owner;
    peer->local = *local;
    peer->negotiated = *negotiated;
    peer_set_kind(peer, negotiated->peer_as);
    choose_tables(peer);
    peer->established = true;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (!(negotiated->families & 1u << family))
            continue;
        struct speaker_table *table =
            peer->is_client ? speaker_need_client_table(peer->speaker, family) : speaker_table(peer->speaker, family);
        if (table == NULL)
            continue;
        struct peer_family *state = &peer->families[family];
        *state = (struct peer_family){.configured = true, .negotiated = true};
        rib_source_open(table->rib, peer->source, peer->kind, &peer->at.addr, negotiated->peer_as, negotiated->peer_id);
        struct rib_source *source = rib_source(table->rib, peer->source);
        source->reflector_client = peer->ibgp && peer->config.peer.route_reflector_client;
        source->cluster_id =
            peer->config.peer.cluster_id ? peer->config.peer.cluster_id : peer->speaker->global.router_id;
        peer_group_join(peer, family);
    }
    restart_session_established(peer);
    deferral_look(peer->speaker);
    pipeline_wake(peer->speaker);
}

family_set peer_leave_groups(struct peer *peer)
{
    family_set families = 0;
    peer->established = false;
    peer->piece_count = 0;
    peer->piece_written = 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (!peer->families[family].negotiated)
            continue;
        peer_group_leave(peer, family);
        peer->families[family].negotiated = false;
        families |= (family_set)1 << family;
    }
    return families;
}

/* What an OPEN says of a restart is true of the first one only; what it says of forwarding is true of all that follow
 * in this process's life, which does not end with a session. */
static void lost(void *owner, bool graceful)
{
    struct peer *peer = owner;
    restart_session_lost(peer, peer_leave_groups(peer), graceful && peer->admin == PEER_UP);
    peer->restarted = false;
    peer->forwarding_kept = true;
    if (peer->config.peer.graceful_restart.enabled)
        peer_session_reconfigure(peer);
    dynamic_peer_look(peer);
}

/* In --------------------------------------------------------------------------------------------------------------- */

static void update_ahead(void *owner, const uint8_t *body, size_t length)
{
    import_update_ahead(owner, body, length);
}

static void update(void *owner, const struct update *update)
{
    import_update(owner, update);
}

/* RFC 7313 4.2: what the peer does not say again between BoRR and EoRR is gone. */
static void refresh_from_peer(struct peer *peer, enum family_id family, enum refresh_kind kind)
{
    struct peer_family *state = &peer->families[family];
    if (kind == REFRESH_BEGIN) {
        sweep_new_epoch(peer->speaker, family, peer->source);
        state->refreshing_in = true;
    } else if (state->refreshing_in) {
        state->refreshing_in = false;
        events_refreshed(peer->speaker, peer, family);
        sweep_start(peer->speaker, family, peer->source, SWEEP_STALE);
    }
}

static void refresh(void *owner, enum family_id family, enum refresh_kind kind)
{
    struct peer *peer = owner;
    if (family >= FAMILY_COUNT || !peer->families[family].negotiated)
        return;
    if (kind == REFRESH_REQUEST)
        peer_group_retell(peer, family);
    else
        refresh_from_peer(peer, family, kind);
}

/* Out -------------------------------------------------------------------------------------------------------------- */

/* Families take turns, so that a full table of one does not hold up the other. */
static void gather_pieces(struct peer *peer)
{
    unsigned idle = 0;
    while (idle < FAMILY_COUNT && peer->piece_count < PEER_PIECES_MAX) {
        struct outbox *outbox = peer->families[peer->next_family].outbox;
        peer->next_family = (peer->next_family + 1) % FAMILY_COUNT;
        bool moved = false;
        if (outbox != NULL && outbox_offer(outbox, &peer->pieces[peer->piece_count], &moved)) {
            peer->piece_owners[peer->piece_count++] = outbox;
            idle = 0;
            continue;
        }
        if (moved)
            pipeline_wake(peer->speaker);
        idle++;
    }
}

static int output(void *owner, struct iovec *pieces, int max_pieces)
{
    struct peer *peer = owner;
    gather_pieces(peer);
    int count = peer->piece_count < (unsigned)max_pieces ? (int)peer->piece_count : max_pieces;
    memcpy(pieces, peer->pieces, (size_t)count * sizeof(*pieces));
    if (count > 0) {
        pieces[0].iov_base = (uint8_t *)pieces[0].iov_base + peer->piece_written;
        pieces[0].iov_len -= peer->piece_written;
    }
    return count;
}

static void output_taken(void *owner, size_t bytes)
{
    struct peer *peer = owner;
    peer->piece_written += bytes;
    peer->piece_owners[0]->read_at = loop_now(peer->speaker->loop);
    while (peer->piece_count > 0 && peer->piece_written >= peer->pieces[0].iov_len) {
        struct outbox *first = peer->piece_owners[0];
        peer->piece_written -= peer->pieces[0].iov_len;
        peer->piece_count--;
        memmove(peer->pieces, peer->pieces + 1, peer->piece_count * sizeof(peer->pieces[0]));
        memmove(peer->piece_owners, peer->piece_owners + 1, peer->piece_count * sizeof(peer->piece_owners[0]));
        outbox_taken(first);
    }
    /* Encoding may have waited for this. */
    pipeline_wake(peer->speaker);
}

const struct link_ops peer_link_ops = {
    .state_changed = state_changed,
    .established = established,
    .lost = lost,
    .update_ahead = update_ahead,
    .update = update,
    .refresh = refresh,
    .output = output,
    .output_taken = output_taken,
};
