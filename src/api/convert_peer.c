/* apipb.Peer and apipb.PeerGroup. A request says a whole neighbor: what is not in it has its default. */
#include "api/convert.h"

#include <string.h>

#include "api/internal.h"
#include "base/check.h"

/* From a client ---------------------------------------------------------------------------------------------------- */

static int uint8_from(uint32_t value, uint8_t *to, const char *what, struct err *err)
{
    if (value > UINT8_MAX)
        return err_set(err, E_INVALID, "%s: %u is above %u", what, value, UINT8_MAX);
    *to = (uint8_t)value;
    return 0;
}

static int uint16_from(uint64_t value, uint16_t *to, const char *what, struct err *err)
{
    if (value > UINT16_MAX)
        return err_set(err, E_INVALID, "%s: %llu is above %u", what, (unsigned long long)value, UINT16_MAX);
    *to = (uint16_t)value;
    return 0;
}

static uint32_t seconds_from(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int conf_from_api(const Apipb__PeerConf *from, struct neighbor_config *to, struct err *err)
{
    struct peer_config *peer = &to->peer;
    peer->peer_as = from->peer_asn;
    peer->local_as = from->local_asn;
    peer->remove_private = (uint8_t)from->remove_private;
    peer->route_flap_damping = from->route_flap_damping;
    peer->send_community = (uint8_t)from->send_community;
    peer->replace_peer_as = from->replace_peer_asn;
    to->admin_down = from->admin_down;
    if ((unsigned)from->remove_private > REMOVE_PRIVATE_REPLACE)
        return err_set(err, E_INVALID, "invalid remove_private: %d", (int)from->remove_private);
    if (uint8_from(from->allow_own_asn, &peer->allow_own_as, "allow_own_asn", err) < 0)
        return E_INVALID;
    if (copy_text(from->auth_password, peer->auth_password, sizeof(peer->auth_password), "auth_password", err) < 0 ||
        copy_text(from->description, peer->description, sizeof(peer->description), "description", err) < 0 ||
        copy_text(from->peer_group, to->peer_group, sizeof(to->peer_group), "peer_group", err) < 0 ||
        copy_text(from->vrf, to->vrf, sizeof(to->vrf), "vrf", err) < 0 ||
        copy_text(from->neighbor_interface, to->interface, sizeof(to->interface), "neighbor_interface", err) < 0)
        return E_INVALID;
    return 0;
}

static int address_from_api(const Apipb__PeerConf *from, struct neighbor_config *to, struct err *err)
{
    struct peer_name name;
    if (!from->neighbor_address[0]) {
        if (!to->interface[0])
            return err_set(err, E_INVALID, "neither a neighbor address nor an interface was given");
        return 0;
    }
    if (!peer_name_parse(from->neighbor_address, NULL, &name) || name.address.kind == ADDR_NONE)
        return err_set(err, E_INVALID, "invalid neighbor address: %s", from->neighbor_address);
    to->address = name.address;
    if (name.interface[0] && !to->interface[0])
        memcpy(to->interface, name.interface, sizeof(to->interface));
    return 0;
}

static int timers_from_api(const Apipb__Timers *from, struct timers_config *to, struct err *err)
{
    const Apipb__TimersConfig *config = from ? from->config : NULL;
    if (!config)
        return 0;
    if (config->connect_retry)
        to->connect_retry_s = seconds_from(config->connect_retry);
    if (config->idle_hold_time_after_reset)
        to->idle_hold_time_after_reset_s = seconds_from(config->idle_hold_time_after_reset);
    to->minimum_advertisement_interval_s = seconds_from(config->minimum_advertisement_interval);
    if (config->hold_time && uint16_from(config->hold_time, &to->hold_time_s, "hold_time", err) < 0)
        return E_INVALID;
    if (config->keepalive_interval)
        return uint16_from(config->keepalive_interval, &to->keepalive_interval_s, "keepalive_interval", err);
    return 0;
}

/* As it is shown: with the link behind it, if the address needs one. */
static int local_address_from_api(const char *from, struct addr *to, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    struct str out = str_over(text, sizeof(text));
    str_add_n(&out, from, strcspn(from, "%"));
    if (out.truncated || addr_parse(text, to) < 0)
        return err_set(err, E_INVALID, "invalid local address: %s", from);
    return 0;
}

static int transport_from_api(const Apipb__Transport *from, struct transport_config *to, struct err *err)
{
    if (!from)
        return 0;
    to->passive_mode = from->passive_mode;
    to->mtu_discovery = from->mtu_discovery;
    /* An unspecified address is what a neighbor without one is shown with. */
    if (from->local_address[0] && local_address_from_api(from->local_address, &to->local_address, err) < 0)
        return E_INVALID;
    if (addr_is_any(&to->local_address))
        to->local_address = (struct addr){0};
    if (uint16_from(from->local_port, &to->local_port, "local_port", err) < 0 ||
        uint16_from(from->remote_port, &to->remote_port, "remote_port", err) < 0 ||
        uint16_from(from->tcp_mss, &to->tcp_mss, "tcp_mss", err) < 0)
        return E_INVALID;
    return copy_text(from->bind_interface, to->bind_interface, sizeof(to->bind_interface), "bind_interface", err);
}

static void restart_from_api(const Apipb__GracefulRestart *from, struct graceful_restart_config *to)
{
    if (!from)
        return;
    to->enabled = from->enabled;
    to->helper_only = from->helper_only;
    to->notification_enabled = from->notification_enabled;
    to->long_lived_enabled = from->longlived_enabled;
    to->restart_time_s = (uint16_t)from->restart_time;
    to->deferral_time_s = (uint16_t)from->deferral_time;
    to->stale_routes_time_s = from->stale_routes_time;
}

static int reflector_from_api(const Apipb__RouteReflector *from, struct peer_config *to, struct err *err)
{
    struct addr id;
    uint64_t number;
    if (!from)
        return 0;
    to->route_reflector_client = from->route_reflector_client;
    if (!from->route_reflector_cluster_id[0])
        return 0;
    if (addr_parse(from->route_reflector_cluster_id, &id) == 0 && id.kind == ADDR_IPV4)
        to->cluster_id = addr_ipv4_value(&id);
    else if (str_parse_u64(from->route_reflector_cluster_id, 0, UINT32_MAX, &number) == 0)
        to->cluster_id = (uint32_t)number;
    else
        return err_set(err, E_INVALID, "invalid cluster id: %s", from->route_reflector_cluster_id);
    return 0;
}

/* The blocks a neighbor and a group have in common. */
struct common_blocks {
    const Apipb__EbgpMultihop *multihop;
    const Apipb__TtlSecurity *ttl_security;
    const Apipb__RouteReflector *reflector;
    const Apipb__RouteServer *server;
    const Apipb__GracefulRestart *restart;
    const Apipb__Timers *timers;
    const Apipb__Transport *transport;
    const Apipb__ApplyPolicy *policy;
};

static int common_from_api(const struct common_blocks *from, struct peer_config *to, struct err *err)
{
    if (from->multihop) {
        to->ebgp_multihop = from->multihop->enabled;
        if (uint8_from(from->multihop->multihop_ttl, &to->multihop_ttl, "multihop_ttl", err) < 0)
            return E_INVALID;
    }
    if (from->ttl_security) {
        to->ttl_security = from->ttl_security->enabled;
        if (uint8_from(from->ttl_security->ttl_min, &to->ttl_min, "ttl_min", err) < 0)
            return E_INVALID;
    }
    if (from->server) {
        to->route_server_client = from->server->route_server_client;
        to->secondary_route = from->server->secondary_route;
    }
    restart_from_api(from->restart, &to->graceful_restart);
    if (reflector_from_api(from->reflector, to, err) < 0 || timers_from_api(from->timers, &to->timers, err) < 0 ||
        transport_from_api(from->transport, &to->transport, err) < 0)
        return E_INVALID;
    return apply_policy_from_api(from->policy, &to->apply_policy, err);
}

int neighbor_from_api(const Apipb__Peer *from, struct neighbor_config *to, struct err *err)
{
    struct common_blocks blocks = {
        .multihop = from->ebgp_multihop,
        .ttl_security = from->ttl_security,
        .reflector = from->route_reflector,
        .server = from->route_server,
        .restart = from->graceful_restart,
        .timers = from->timers,
        .transport = from->transport,
        .policy = from->apply_policy,
    };
    *to = (struct neighbor_config){0};
    peer_config_init(&to->peer);
    if (!from->conf)
        return err_set(err, E_INVALID, "nil request");
    if (conf_from_api(from->conf, to, err) < 0 || address_from_api(from->conf, to, err) < 0 ||
        common_from_api(&blocks, &to->peer, err) < 0)
        return E_INVALID;
    return families_from_api(from->n_afi_safis, from->afi_safis, &to->peer, err);
}

int peer_group_from_api(const Apipb__PeerGroup *from, struct peer_group_config *to, struct err *err)
{
    struct common_blocks blocks = {
        .multihop = from->ebgp_multihop,
        .ttl_security = from->ttl_security,
        .reflector = from->route_reflector,
        .server = from->route_server,
        .restart = from->graceful_restart,
        .timers = from->timers,
        .transport = from->transport,
        .policy = from->apply_policy,
    };
    const Apipb__PeerGroupConf *conf = from->conf;
    *to = (struct peer_group_config){0};
    peer_config_init(&to->peer);
    if (!conf)
        return err_set(err, E_INVALID, "nil request");
    to->peer.peer_as = conf->peer_asn;
    to->peer.local_as = conf->local_asn;
    to->peer.remove_private = (uint8_t)conf->remove_private;
    to->peer.route_flap_damping = conf->route_flap_damping;
    if ((unsigned)conf->remove_private > REMOVE_PRIVATE_REPLACE)
        return err_set(err, E_INVALID, "invalid remove_private: %d", (int)conf->remove_private);
    if (copy_text(conf->peer_group_name, to->name, sizeof(to->name), "peer_group_name", err) < 0 ||
        copy_text(conf->description, to->peer.description, sizeof(to->peer.description), "description", err) < 0 ||
        copy_text(conf->auth_password, to->peer.auth_password, sizeof(to->peer.auth_password), "auth_password", err) <
            0 ||
        common_from_api(&blocks, &to->peer, err) < 0)
        return E_INVALID;
    return families_from_api(from->n_afi_safis, from->afi_safis, &to->peer, err);
}
