/* apipb.Peer and apipb.PeerGroup from what runs. GoBGP's clients look into nearly every sub-message without asking
 * whether it is there: all are. */
#include "api/convert.h"

#include <string.h>

#include "base/check.h"

/* "fe80::1%eth0": an address that means nothing without its link. */
static char *text_of_linked(struct arena *arena, const struct addr *addr, const struct neighbor_config *config)
{
    char text[ADDR_TEXT_MAX];
    char linked[ADDR_TEXT_MAX + CONFIG_INTERFACE_MAX];
    struct str out = str_over(linked, sizeof(linked));
    str_add(&out, addr_format(addr, text));
    if (addr_is_link_local(addr) && config->interface[0] != '\0')
        str_printf(&out, "%%%s", config->interface);
    return arena_strdup(arena, linked);
}

static Apipb__PeerConf *conf_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct neighbor_config *config = view->config;
    const struct peer_config *peer = &config->peer;
    Apipb__PeerConf *to = MESSAGE_NEW(arena, Apipb__PeerConf, apipb__peer_conf__init);
    if (!view->dynamic)
        to->neighbor_address = text_of_linked(arena, &config->address, config);
    to->neighbor_interface = arena_strdup(arena, config->address.kind == ADDR_NONE ? config->interface : "");
    to->peer_asn = peer->peer_as;
    to->local_asn = view->local_as;
    to->type = view->type == PEER_TYPE_EXTERNAL ? APIPB__PEER_TYPE__EXTERNAL : APIPB__PEER_TYPE__INTERNAL;
    to->auth_password = arena_strdup(arena, peer->auth_password);
    to->description = arena_strdup(arena, peer->description);
    to->peer_group = arena_strdup(arena, config->peer_group);
    to->vrf = arena_strdup(arena, config->vrf);
    to->route_flap_damping = peer->route_flap_damping;
    to->allow_own_asn = peer->allow_own_as;
    to->remove_private = (Apipb__RemovePrivate)peer->remove_private;
    to->replace_peer_asn = peer->replace_peer_as;
    to->admin_down = config->admin_down;
    return to;
}

static Apipb__Message *counters_to_api(struct arena *arena, const struct session_counters *from)
{
    Apipb__Message *to = MESSAGE_NEW(arena, Apipb__Message, apipb__message__init);
    to->open = from->open;
    to->update = from->update;
    to->notification = from->notification;
    to->keepalive = from->keepalive;
    to->refresh = from->refresh;
    to->discarded = from->discarded;
    to->total = from->total;
    to->withdraw_update = from->withdraw_update;
    to->withdraw_prefix = from->withdraw_prefix;
    return to;
}

static bool is_established(const struct peer_view *view)
{
    return view->session->state == SESSION_ESTABLISHED;
}

static Apipb__PeerState *state_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct session_status *session = view->session;
    Apipb__PeerState *to = MESSAGE_NEW(arena, Apipb__PeerState, apipb__peer_state__init);
    to->neighbor_address = text_of_linked(arena, &view->address, view->config);
    to->peer_asn = session->negotiated ? session->negotiated->peer_as : view->config->peer.peer_as;
    to->type = view->type == PEER_TYPE_EXTERNAL ? APIPB__PEER_TYPE__EXTERNAL : APIPB__PEER_TYPE__INTERNAL;
    to->session_state = (Apipb__PeerState__SessionState)session->state; /* the same numbers */
    to->admin_state = (Apipb__PeerState__AdminState)view->admin_state;
    to->flops = session->flaps;
    to->messages = MESSAGE_NEW(arena, Apipb__Messages, apipb__messages__init);
    to->messages->received = counters_to_api(arena, &session->received);
    to->messages->sent = counters_to_api(arena, &session->sent);
    to->queues = MESSAGE_NEW(arena, Apipb__Queues, apipb__queues__init);
    const struct capabilities *offer = session->local_open ? &session->local_open->capabilities : session->offer;
    capabilities_to_api(arena, offer, &to->n_local_cap, &to->local_cap);
    if (is_established(view)) {
        open_capabilities_to_api(arena, session->remote_open, &to->n_remote_cap, &to->remote_cap);
        to->router_id = text_of_ipv4(arena, session->negotiated ? session->negotiated->peer_id : 0);
    }
    return to;
}

/* Both times are there once the session was up; before, neither is. */
static Apipb__Timers *timers_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct timers_config *config = &view->config->peer.timers;
    const struct session_status *session = view->session;
    Apipb__Timers *to = MESSAGE_NEW(arena, Apipb__Timers, apipb__timers__init);
    to->config = MESSAGE_NEW(arena, Apipb__TimersConfig, apipb__timers_config__init);
    to->config->connect_retry = config->connect_retry_s;
    to->config->hold_time = config->hold_time_s;
    to->config->keepalive_interval =
        config->keepalive_interval_s ? config->keepalive_interval_s : config->hold_time_s / 3u;
    to->config->idle_hold_time_after_reset = config->idle_hold_time_after_reset_s;
    to->state = MESSAGE_NEW(arena, Apipb__TimersState, apipb__timers_state__init);
    if (session->negotiated) {
        to->state->negotiated_hold_time = session->negotiated->hold_time_s;
        to->state->keepalive_interval = session->negotiated->keepalive_s;
    }
    to->state->uptime = timestamp_of(arena, session->established_at);
    to->state->downtime = timestamp_of(arena, session->down_at);
    return to;
}

static Apipb__Transport *transport_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct transport_config *config = &view->config->peer.transport;
    const struct session_status *session = view->session;
    Apipb__Transport *to = MESSAGE_NEW(arena, Apipb__Transport, apipb__transport__init);
    bool connected = session->local.addr.kind != ADDR_NONE;
    to->local_address = connected ? text_of_linked(arena, &session->local.addr, view->config)
                        : config->local_address.kind != ADDR_NONE
                            ? text_of_addr(arena, &config->local_address)
                            : arena_strdup(arena, view->config->address.kind == ADDR_IPV6 ? "::" : "0.0.0.0");
    to->local_port = config->local_port;
    to->remote_port = config->remote_port;
    to->passive_mode = config->passive_mode;
    to->bind_interface = arena_strdup(arena, config->bind_interface);
    return to;
}

static Apipb__GracefulRestart *restart_to_api(struct arena *arena, const struct graceful_restart_config *from)
{
    Apipb__GracefulRestart *to = MESSAGE_NEW(arena, Apipb__GracefulRestart, apipb__graceful_restart__init);
    to->enabled = from->enabled;
    to->helper_only = from->helper_only;
    to->notification_enabled = from->notification_enabled;
    to->longlived_enabled = from->long_lived_enabled;
    to->restart_time = from->restart_time_s;
    to->deferral_time = from->deferral_time_s;
    to->stale_routes_time = from->stale_routes_time_s;
    return to;
}

static Apipb__GracefulRestart *restart_state_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct open_message *remote = view->session->remote_open;
    Apipb__GracefulRestart *to = restart_to_api(arena, &view->config->peer.graceful_restart);
    to->local_restarting = view->local_restarting;
    to->peer_restarting = view->peer_restarting;
    if (remote && remote->capabilities.graceful_restart)
        to->peer_restart_time = remote->capabilities.restart_time_s;
    return to;
}

static Apipb__RouteReflector *reflector_to_api(struct arena *arena, const struct peer_config *from)
{
    Apipb__RouteReflector *to = MESSAGE_NEW(arena, Apipb__RouteReflector, apipb__route_reflector__init);
    to->route_reflector_client = from->route_reflector_client;
    if (from->cluster_id)
        to->route_reflector_cluster_id = text_of_ipv4(arena, from->cluster_id);
    return to;
}

static Apipb__EbgpMultihop *multihop_to_api(struct arena *arena, const struct peer_config *from)
{
    Apipb__EbgpMultihop *to = MESSAGE_NEW(arena, Apipb__EbgpMultihop, apipb__ebgp_multihop__init);
    to->enabled = from->ebgp_multihop;
    to->multihop_ttl = from->ebgp_multihop ? from->multihop_ttl : 0;
    return to;
}

static Apipb__RouteServer *server_to_api(struct arena *arena, const struct peer_config *from)
{
    Apipb__RouteServer *to = MESSAGE_NEW(arena, Apipb__RouteServer, apipb__route_server__init);
    to->route_server_client = from->route_server_client;
    to->secondary_route = from->secondary_route;
    return to;
}

static Apipb__TtlSecurity *ttl_security_to_api(struct arena *arena, const struct peer_config *from)
{
    Apipb__TtlSecurity *to = MESSAGE_NEW(arena, Apipb__TtlSecurity, apipb__ttl_security__init);
    to->enabled = from->ttl_security;
    to->ttl_min = from->ttl_security ? from->ttl_min : 0;
    return to;
}

Apipb__Peer *peer_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct peer_config *peer = &view->config->peer;
    Apipb__Peer *to = MESSAGE_NEW(arena, Apipb__Peer, apipb__peer__init);
    to->apply_policy = apply_policy_to_api(arena, &peer->apply_policy);
    to->conf = conf_to_api(arena, view);
    to->ebgp_multihop = multihop_to_api(arena, peer);
    to->route_reflector = reflector_to_api(arena, peer);
    to->state = state_to_api(arena, view);
    to->timers = timers_to_api(arena, view);
    to->transport = transport_to_api(arena, view);
    to->route_server = server_to_api(arena, peer);
    to->graceful_restart = restart_state_to_api(arena, view);
    families_to_api(arena, peer, view, &to->n_afi_safis, &to->afi_safis);
    to->ttl_security = ttl_security_to_api(arena, peer);
    return to;
}

Apipb__Peer *peer_event_to_api(struct arena *arena, const struct peer_view *view)
{
    const struct session_status *session = view->session;
    Apipb__Peer *to = MESSAGE_NEW(arena, Apipb__Peer, apipb__peer__init);
    to->conf = MESSAGE_NEW(arena, Apipb__PeerConf, apipb__peer_conf__init);
    to->conf->peer_asn = view->config->peer.peer_as;
    to->conf->local_asn = view->local_as;
    to->conf->neighbor_address = text_of_linked(arena, &view->address, view->config);
    to->conf->neighbor_interface =
        arena_strdup(arena, view->config->address.kind == ADDR_NONE ? view->config->interface : "");
    to->state = MESSAGE_NEW(arena, Apipb__PeerState, apipb__peer_state__init);
    to->state->peer_asn = session->negotiated ? session->negotiated->peer_as : view->config->peer.peer_as;
    to->state->local_asn = view->local_as;
    to->state->neighbor_address = to->conf->neighbor_address;
    to->state->session_state = (Apipb__PeerState__SessionState)session->state;
    to->state->admin_state = (Apipb__PeerState__AdminState)view->admin_state;
    to->state->router_id =
        session->negotiated ? text_of_ipv4(arena, session->negotiated->peer_id) : arena_strdup(arena, "<nil>");
    to->transport = MESSAGE_NEW(arena, Apipb__Transport, apipb__transport__init);
    to->transport->local_address =
        session->local.addr.kind ? text_of_addr(arena, &session->local.addr) : arena_strdup(arena, "<nil>");
    to->transport->local_port = session->local.port;
    to->transport->remote_port = session->remote.port;
    if (is_established(view))
        to->timers = timers_to_api(arena, view);
    return to;
}

Apipb__PeerGroup *peer_group_to_api(struct arena *arena, const struct peer_group_config *from)
{
    const struct peer_config *peer = &from->peer;
    Apipb__PeerGroup *to = MESSAGE_NEW(arena, Apipb__PeerGroup, apipb__peer_group__init);
    to->apply_policy = apply_policy_to_api(arena, &peer->apply_policy);
    to->conf = MESSAGE_NEW(arena, Apipb__PeerGroupConf, apipb__peer_group_conf__init);
    to->conf->peer_group_name = arena_strdup(arena, from->name);
    to->conf->description = arena_strdup(arena, peer->description);
    to->conf->auth_password = arena_strdup(arena, peer->auth_password);
    to->conf->peer_asn = peer->peer_as;
    to->conf->local_asn = peer->local_as;
    to->conf->remove_private = (Apipb__RemovePrivate)peer->remove_private;
    to->conf->route_flap_damping = peer->route_flap_damping;
    to->ebgp_multihop = multihop_to_api(arena, peer);
    to->route_reflector = reflector_to_api(arena, peer);
    to->info = MESSAGE_NEW(arena, Apipb__PeerGroupState, apipb__peer_group_state__init);
    to->info->peer_asn = peer->peer_as;
    to->info->peer_group_name = to->conf->peer_group_name;
    to->timers = MESSAGE_NEW(arena, Apipb__Timers, apipb__timers__init);
    to->timers->config = MESSAGE_NEW(arena, Apipb__TimersConfig, apipb__timers_config__init);
    to->timers->config->connect_retry = peer->timers.connect_retry_s;
    to->timers->config->hold_time = peer->timers.hold_time_s;
    to->timers->config->keepalive_interval = peer->timers.keepalive_interval_s;
    to->timers->state = MESSAGE_NEW(arena, Apipb__TimersState, apipb__timers_state__init);
    to->transport = MESSAGE_NEW(arena, Apipb__Transport, apipb__transport__init);
    to->transport->local_address = text_of_addr(arena, &peer->transport.local_address);
    to->transport->remote_port = peer->transport.remote_port;
    to->transport->passive_mode = peer->transport.passive_mode;
    to->route_server = server_to_api(arena, peer);
    to->graceful_restart = restart_to_api(arena, &peer->graceful_restart);
    families_to_api(arena, peer, NULL, &to->n_afi_safis, &to->afi_safis);
    to->ttl_security = ttl_security_to_api(arena, peer);
    return to;
}
