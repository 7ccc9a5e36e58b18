/* What may stand in a neighbour, in a peer group, and in an address family of either. */
#include "base/check.h"
#include "config/schema.h"

enum { ROLE_NOT_SET = 255, TTL_MAX = 255, HOLD_TIME_MIN = 3 };

const struct word schema_remove_private_words[] = {
    {"none", REMOVE_PRIVATE_NONE},
    {"", REMOVE_PRIVATE_NONE},
    {"all", REMOVE_PRIVATE_ALL},
    {"replace", REMOVE_PRIVATE_REPLACE},
    {NULL, 0},
};

const struct word schema_default_action_words[] = {
    {"none", DEFAULT_ACTION_NONE},
    {"", DEFAULT_ACTION_NONE},
    {"accept-route", DEFAULT_ACTION_ACCEPT},
    {"reject-route", DEFAULT_ACTION_REJECT},
    {NULL, 0},
};

/* The local side's role (RFC 9234 4.1). */
const struct word schema_role_words[] = {
    {"none", ROLE_NOT_SET}, {"provider", 0}, {"route-server", 1}, {"rs", 1}, {"route-server-client", 2},
    {"rs-client", 2},       {"customer", 3}, {"peer", 4},         {NULL, 0},
};

static const struct word send_community_words[] = {
    {"none", 0}, {"standard", 1}, {"extended", 2}, {"both", 3}, {"", 0}, {NULL, 0},
};

static const struct word peer_type_words[] = {
    {"internal", PEER_TYPE_INTERNAL},
    {"external", PEER_TYPE_EXTERNAL},
    {"", PEER_TYPE_INTERNAL},
    {NULL, 0},
};

static const struct key graceful_restart_keys[] = {
    {"config.enabled", KEY_BOOL, HONOURED, IN(graceful_restart_config, enabled),
     .remark = "RFC 4724: routes of a neighbor that restarts are kept"},
    {"config.restart-time", KEY_NUMBER, HONOURED, IN(graceful_restart_config, restart_time_s), RANGE(0, 4095),
     .remark = "seconds; the hold time when not said"},
    {"config.stale-routes-time", KEY_SECONDS, HONOURED, LIVE, IN(graceful_restart_config, stale_routes_time_s),
     .remark = "seconds a neighbor that is back may take to End-of-RIB; 360 when not said"},
    {"config.helper-only", KEY_BOOL, HONOURED, IN(graceful_restart_config, helper_only),
     .remark = "keep others' routes, ask nobody to keep ours"},
    {"config.deferral-time", KEY_NUMBER, HONOURED, IN(graceful_restart_config, deferral_time_s),
     .remark = "seconds; 360 when not said"},
    {"config.notification-enabled", KEY_BOOL, HONOURED, IN(graceful_restart_config, notification_enabled),
     .remark = "RFC 8538"},
    {"config.long-lived-enabled", KEY_BOOL, HONOURED, IN(graceful_restart_config, long_lived_enabled),
     .remark = "RFC 9494"},
};
const struct section schema_graceful_restart =
    SECTION("graceful-restart", graceful_restart_keys, sizeof(struct graceful_restart_config));

static const struct key apply_policy_keys[] = {
    {"config.import-policy-list", KEY_TEXTS, HONOURED, LIVE,
     LIST_IN(apply_policy_config, import_policies, import_count)},
    {"config.default-import-policy", KEY_WORD, HONOURED, LIVE, IN(apply_policy_config, default_import),
     .words = schema_default_action_words},
    {"config.export-policy-list", KEY_TEXTS, HONOURED, LIVE,
     LIST_IN(apply_policy_config, export_policies, export_count)},
    {"config.default-export-policy", KEY_WORD, HONOURED, LIVE, IN(apply_policy_config, default_export),
     .words = schema_default_action_words},
    {"config.in-policy-list", KEY_TEXTS, IGNORED},
    {"config.default-in-policy", KEY_WORD, IGNORED, .words = schema_default_action_words},
};
const struct section schema_apply_policy =
    SECTION("apply-policy", apply_policy_keys, sizeof(struct apply_policy_config));

static const struct key multiple_paths_keys[] = {
    {"ebgp.config.allow-multiple-as", KEY_BOOL, IGNORED},
    {"ebgp.config.maximum-paths", KEY_NUMBER, IGNORED, RANGE(0, UINT32_MAX)},
    {"ibgp.config.maximum-paths", KEY_NUMBER, IGNORED, RANGE(0, UINT32_MAX)},
};
const struct section schema_multiple_paths = SECTION("use-multiple-paths", multiple_paths_keys, 0);

/* The blocks named after families: in the model, without effect. The limit that works is afi-safis[].prefix-limit. */
static const struct key family_block_keys[] = {
    {"prefix-limit.config.max-prefixes", KEY_NUMBER, IGNORED, RANGE(0, UINT32_MAX)},
    {"prefix-limit.config.shutdown-threshold-pct", KEY_NUMBER, IGNORED, RANGE(0, UINT8_MAX)},
    {"prefix-limit.config.restart-timer", KEY_SECONDS, IGNORED, RANGE(0, UINT32_MAX)},
};
static const struct section family_block = SECTION("family", family_block_keys, 0);

static const struct key unicast_block_keys[] = {
    {"", KEY_BLOCK, IGNORED, .section = &family_block},
    {"config.send-default-route", KEY_BOOL, IGNORED},
};
static const struct section unicast_block = SECTION("unicast", unicast_block_keys, 0);

static void prepare_family(void *element, const void *owner)
{
    struct family_config *family = element;
    const struct peer_config *peer = owner;
    family->add_paths = peer->add_paths;
}

static const struct key family_keys[] = {
    {"config.afi-safi-name", KEY_FAMILY, HONOURED, ALWAYS, IN(family_config, family), .fallback = FAMILY_UNKNOWN},
    {"config.enabled", KEY_BOOL, HONOURED, IN(family_config, enabled), .fallback = true},
    {"mp-graceful-restart.config.enabled", KEY_BOOL, HONOURED, IN(family_config, mp_graceful_restart)},
    {"prefix-limit.config.max-prefixes", KEY_NUMBER, HONOURED, LIVE, IN(family_config, prefix_limit.max_prefixes),
     .remark = "0: none"},
    {"prefix-limit.config.shutdown-threshold-pct", KEY_NUMBER, HONOURED, LIVE,
     IN(family_config, prefix_limit.shutdown_threshold_pct), RANGE(0, 100), .remark = "percent that warns"},
    {"prefix-limit.config.restart-timer", KEY_SECONDS, HONOURED, LIVE, IN(family_config, prefix_limit.restart_timer_s),
     .remark = "0: down until enabled"},
    {"add-paths.config.receive", KEY_BOOL, HONOURED, IN(family_config, add_paths.receive)},
    {"add-paths.config.send-max", KEY_NUMBER, HONOURED, IN(family_config, add_paths.send_max)},
    {"long-lived-graceful-restart.config.enabled", KEY_BOOL, HONOURED, IN(family_config, long_lived),
     .remark = "RFC 9494"},
    {"long-lived-graceful-restart.config.restart-time", KEY_NUMBER, HONOURED,
     IN(family_config, long_lived_restart_time_s), RANGE(0, 0xffffff), .remark = "seconds"},
    {"route-target-membership.config.deferral-time", KEY_NUMBER, HONOURED, IN(family_config, rtc_deferral_time_s),
     .remark = "seconds"},
    {"apply-policy", KEY_BLOCK, IGNORED, .section = &schema_apply_policy},
    {"route-selection-options", KEY_BLOCK, IGNORED, .section = &schema_route_selection},
    {"use-multiple-paths", KEY_BLOCK, IGNORED, .section = &schema_multiple_paths},
    {"use-multiple-paths.config.enabled", KEY_BOOL, IGNORED},
    {"ipv4-unicast", KEY_BLOCK, IGNORED, .section = &unicast_block},
    {"ipv6-unicast", KEY_BLOCK, IGNORED, .section = &unicast_block},
    {"ipv4-labelled-unicast", KEY_BLOCK, IGNORED, .section = &family_block},
    {"ipv6-labelled-unicast", KEY_BLOCK, IGNORED, .section = &family_block},
    {"l3vpn-ipv4-unicast", KEY_BLOCK, IGNORED, .section = &family_block},
    {"l3vpn-ipv6-unicast", KEY_BLOCK, IGNORED, .section = &family_block},
    {"l3vpn-ipv4-multicast", KEY_BLOCK, IGNORED, .section = &family_block},
    {"l3vpn-ipv6-multicast", KEY_BLOCK, IGNORED, .section = &family_block},
    {"l2vpn-vpls", KEY_BLOCK, IGNORED, .section = &family_block},
    {"l2vpn-evpn", KEY_BLOCK, IGNORED, .section = &family_block},
};
const struct section schema_family = {
    .name = "afi-safis",
    .keys = family_keys,
    .key_count = ARRAY_LEN(family_keys),
    .object_size = sizeof(struct family_config),
    .prepare = prepare_family,
};

static const struct key peer_keys[] = {
    {"config.peer-as", KEY_ASN, HONOURED, IN(peer_config, peer_as), .remark = "0: any"},
    {"config.local-as", KEY_ASN, HONOURED, IN(peer_config, local_as), .remark = "0: the speaker's"},
    {"config.peer-type", KEY_WORD, IGNORED, .words = peer_type_words, .remark = "follows from the AS numbers"},
    {"config.auth-password", KEY_SECRET, HONOURED, IN(peer_config, auth_password), .remark = "TCP MD5"},
    {"config.remove-private-as", KEY_WORD, HONOURED, IN(peer_config, remove_private),
     .words = schema_remove_private_words},
    {"config.route-flap-damping", KEY_BOOL, IGNORED, LIVE, IN(peer_config, route_flap_damping)},
    {"config.send-community", KEY_WORD, IGNORED, LIVE, IN(peer_config, send_community), .words = send_community_words},
    {"config.description", KEY_TEXT, HONOURED, LIVE, IN(peer_config, description)},
    {"config.send-software-version", KEY_BOOL, HONOURED, IN(peer_config, send_software_version)},
    {"timers.config.connect-retry", KEY_SECONDS, HONOURED, LIVE, IN(peer_config, timers.connect_retry_s),
     RANGE(0, 65535), .fallback = 120},
    {"timers.config.hold-time", KEY_SECONDS, HONOURED, ZERO | LIVE, IN(peer_config, timers.hold_time_s),
     RANGE(HOLD_TIME_MIN, 65535), .fallback = 90},
    {"timers.config.keepalive-interval", KEY_SECONDS, HONOURED, LIVE, IN(peer_config, timers.keepalive_interval_s),
     RANGE(0, 21845), .remark = "0: a third of the hold time"},
    {"timers.config.minimum-advertisement-interval", KEY_SECONDS, IGNORED, LIVE,
     IN(peer_config, timers.minimum_advertisement_interval_s)},
    {"timers.config.idle-hold-time-after-reset", KEY_SECONDS, HONOURED, LIVE,
     IN(peer_config, timers.idle_hold_time_after_reset_s), RANGE(0, 65535), .fallback = 30},
    {"transport.config.tcp-mss", KEY_NUMBER, HONOURED, IN(peer_config, transport.tcp_mss)},
    {"transport.config.mtu-discovery", KEY_BOOL, IGNORED, IN(peer_config, transport.mtu_discovery)},
    {"transport.config.passive-mode", KEY_BOOL, HONOURED, IN(peer_config, transport.passive_mode)},
    {"transport.config.local-address", KEY_ADDR, HONOURED, IN(peer_config, transport.local_address)},
    {"transport.config.local-port", KEY_NUMBER, HONOURED, IN(peer_config, transport.local_port)},
    {"transport.config.remote-port", KEY_NUMBER, HONOURED, IN(peer_config, transport.remote_port), .fallback = 179},
    {"transport.config.ttl", KEY_NUMBER, IGNORED, RANGE(0, TTL_MAX)},
    {"transport.config.ip-tos", KEY_NUMBER, HONOURED, IN(peer_config, transport.ip_tos)},
    {"transport.config.bind-interface", KEY_TEXT, HONOURED, IN(peer_config, transport.bind_interface)},
    {"error-handling.config.treat-as-withdraw", KEY_BOOL, HONOURED, IN(peer_config, treat_as_withdraw),
     .fallback = true, .remark = "RFC 7606"},
    {"logging-options.config.log-neighbor-state-changes", KEY_BOOL, IGNORED},
    {"ebgp-multihop.config.enabled", KEY_BOOL, HONOURED, IN(peer_config, ebgp_multihop)},
    {"ebgp-multihop.config.multihop-ttl", KEY_NUMBER, HONOURED, IN(peer_config, multihop_ttl), .fallback = TTL_MAX},
    {"ttl-security.config.enabled", KEY_BOOL, HONOURED, IN(peer_config, ttl_security), .remark = "RFC 5082"},
    {"ttl-security.config.ttl-min", KEY_NUMBER, HONOURED, IN(peer_config, ttl_min), .fallback = TTL_MAX},
    {"route-reflector.config.route-reflector-client", KEY_BOOL, HONOURED, IN(peer_config, route_reflector_client),
     .remark = "RFC 4456"},
    {"route-reflector.config.route-reflector-cluster-id", KEY_CLUSTER_ID, HONOURED, IN(peer_config, cluster_id)},
    {"as-path-options.config.allow-own-as", KEY_NUMBER, HONOURED, IN(peer_config, allow_own_as)},
    {"as-path-options.config.replace-peer-as", KEY_BOOL, HONOURED, IN(peer_config, replace_peer_as)},
    {"as-path-options.config.allow-as-path-loop-local", KEY_BOOL, NOT_YET, IN(peer_config, allow_as_path_loop_local),
     .remark = "loops through the local AS"},
    {"add-paths.config.receive", KEY_BOOL, HONOURED, IN(peer_config, add_paths.receive), .remark = "RFC 7911"},
    {"add-paths.config.send-max", KEY_NUMBER, HONOURED, IN(peer_config, add_paths.send_max)},
    {"graceful-restart", KEY_BLOCK, HONOURED, IN(peer_config, graceful_restart), .section = &schema_graceful_restart},
    {"apply-policy", KEY_BLOCK, HONOURED, IN(peer_config, apply_policy), .section = &schema_apply_policy},
    {"use-multiple-paths.config.enabled", KEY_BOOL, IGNORED, LIVE, IN(peer_config, use_multiple_paths),
     .remark = "the global one decides"},
    {"use-multiple-paths", KEY_BLOCK, IGNORED, .section = &schema_multiple_paths},
    {"route-server.config.route-server-client", KEY_BOOL, HONOURED, IN(peer_config, route_server_client),
     .remark = "RFC 7947"},
    {"route-server.config.secondary-route", KEY_BOOL, HONOURED, IN(peer_config, secondary_route)},
    {"bfd.config.enabled", KEY_BOOL, NOT_YET, .remark = "BFD"},
    {"bfd.config.port", KEY_NUMBER, IGNORED, RANGE(0, 65535), .fallback = 3784},
    {"bfd.config.desired-minimum-tx-interval", KEY_NUMBER, IGNORED, RANGE(0, UINT32_MAX), .fallback = 1000000},
    {"bfd.config.required-minimum-receive", KEY_NUMBER, IGNORED, RANGE(0, UINT32_MAX), .fallback = 1000000},
    {"bfd.config.detection-multiplier", KEY_NUMBER, IGNORED, RANGE(0, UINT8_MAX), .fallback = 3},
    {"godwit.config.role", KEY_WORD, HONOURED, IN(peer_config, role), .words = schema_role_words,
     .fallback = ROLE_NOT_SET, .remark = "our side's, RFC 9234"},
    {"godwit.config.role-strict", KEY_BOOL, HONOURED, IN(peer_config, role_strict)},
    {"godwit.config.send-hold-time", KEY_SECONDS, HONOURED, LIVE, IN(peer_config, timers.send_hold_time_s),
     RANGE(0, 65535), .remark = "RFC 9687; 0: the larger of 480 and twice the hold time"},
    {"godwit.config.enforce-first-as", KEY_BOOL, HONOURED, IN(peer_config, enforce_first_as)},
    {"godwit.config.next-hop-self", KEY_BOOL, HONOURED, IN(peer_config, next_hop_self)},
    {"godwit.config.graceful-shutdown", KEY_BOOL, HONOURED, LIVE, IN(peer_config, graceful_shutdown),
     .remark = "RFC 8326"},
    {"afi-safis", KEY_LIST, HONOURED, LIST_IN(peer_config, families, family_count), .section = &schema_family},
};
const struct section schema_peer = SECTION("peer", peer_keys, sizeof(struct peer_config));

static const struct key neighbor_keys[] = {
    {"config.neighbor-address", KEY_NEIGHBOR_ADDRESS, HONOURED, IN(neighbor_config, address)},
    {"config.neighbor-interface", KEY_INTERFACE, HONOURED, IN(neighbor_config, interface),
     .remark = "instead of the address: whoever is at the other end of this link"},
    {"config.peer-group", KEY_TEXT, HONOURED, LIVE, IN(neighbor_config, peer_group)},
    {"config.vrf", KEY_TEXT, NOT_YET, IN(neighbor_config, vrf), .remark = "VRFs"},
    {"config.admin-down", KEY_BOOL, HONOURED, IN(neighbor_config, admin_down)},
    {"", KEY_BLOCK, HONOURED, IN(neighbor_config, peer), .section = &schema_peer},
};
const struct section schema_neighbor = SECTION("neighbors", neighbor_keys, sizeof(struct neighbor_config));

static const struct key peer_group_keys[] = {
    {"config.peer-group-name", KEY_TEXT, HONOURED, ALWAYS, IN(peer_group_config, name)},
    {"", KEY_BLOCK, HONOURED, IN(peer_group_config, peer), .section = &schema_peer},
};
const struct section schema_peer_group = SECTION("peer-groups", peer_group_keys, sizeof(struct peer_group_config));
