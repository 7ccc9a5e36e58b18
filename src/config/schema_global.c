/* The root of the configuration, what may stand in `global`, and our own switches. */
#include "base/check.h"
#include "config/schema.h"

static const struct key route_selection_keys[] = {
    {"config.always-compare-med", KEY_BOOL, HONOURED, IN(route_selection_config, always_compare_med)},
    {"config.ignore-as-path-length", KEY_BOOL, HONOURED, IN(route_selection_config, ignore_as_path_length)},
    {"config.external-compare-router-id", KEY_BOOL, HONOURED, IN(route_selection_config, external_compare_router_id)},
    {"config.advertise-inactive-routes", KEY_BOOL, IGNORED, IN(route_selection_config, advertise_inactive_routes)},
    {"config.enable-aigp", KEY_BOOL, IGNORED, IN(route_selection_config, enable_aigp)},
    {"config.ignore-next-hop-igp-metric", KEY_BOOL, HONOURED, IN(route_selection_config, ignore_next_hop_igp_metric),
     .remark = "where next hops are tracked"},
    {"config.disable-best-path-selection", KEY_BOOL, HONOURED, IN(route_selection_config, disable_best_path_selection)},
};
const struct section schema_route_selection =
    SECTION("route-selection-options", route_selection_keys, sizeof(struct route_selection_config));

static const struct key global_keys[] = {
    {"config.as", KEY_ASN, HONOURED, ALWAYS, IN(global_config, as)},
    {"config.router-id", KEY_ROUTER_ID, HONOURED, ALWAYS, IN(global_config, router_id)},
    {"config.port", KEY_NUMBER, HONOURED, IN(global_config, port), RANGE(-1, 65535), .fallback = 179,
     .remark = "-1: do not listen"},
    {"config.local-address-list", KEY_ADDRS, HONOURED, LIST_IN(global_config, listen, listen_count)},
    {"config.bind-to-device", KEY_TEXT, HONOURED, IN(global_config, bind_to_device)},
    {"route-selection-options", KEY_BLOCK, HONOURED, IN(global_config, route_selection),
     .section = &schema_route_selection},
    {"default-route-distance.config.external-route-distance", KEY_NUMBER, IGNORED, RANGE(0, UINT8_MAX)},
    {"default-route-distance.config.internal-route-distance", KEY_NUMBER, IGNORED, RANGE(0, UINT8_MAX)},
    {"confederation.config.enabled", KEY_BOOL, HONOURED, IN(global_config, confederation.enabled),
     .remark = "RFC 5065"},
    {"confederation.config.identifier", KEY_ASN, HONOURED, IN(global_config, confederation.identifier)},
    {"confederation.config.member-as-list", KEY_ASNS, HONOURED,
     LIST_IN(global_config, confederation.members, confederation.member_count)},
    {"use-multiple-paths.config.enabled", KEY_BOOL, HONOURED, IN(global_config, use_multiple_paths)},
    {"use-multiple-paths", KEY_BLOCK, IGNORED, .section = &schema_multiple_paths},
    {"graceful-restart", KEY_BLOCK, HONOURED, IN(global_config, graceful_restart), .section = &schema_graceful_restart},
    {"apply-policy", KEY_BLOCK, HONOURED, IN(global_config, apply_policy), .section = &schema_apply_policy},
    {"afi-safis", KEY_FAMILY_SET, IGNORED, IN(global_config, families), .section = &schema_family,
     .remark = "all families there are"},
};
const struct section schema_global = SECTION("global", global_keys, sizeof(struct global_config));

static const struct key godwit_keys[] = {
    {"threads", KEY_NUMBER, HONOURED, IN(global_config, threads), RANGE(0, 64), .remark = "0: by the machine"},
    {"ebgp-requires-policy", KEY_BOOL, HONOURED, IN(global_config, ebgp_requires_policy), .remark = "RFC 8212"},
    {"well-known-communities", KEY_BOOL, HONOURED, IN(global_config, honour_well_known), .remark = "RFC 1997"},
    {"refuse-as-set", KEY_BOOL, HONOURED, IN(global_config, refuse_as_set), .remark = "RFC 9774"},
    {"graceful-shutdown", KEY_BOOL, HONOURED, IN(global_config, graceful_shutdown),
     .remark = "RFC 8326, of all sessions"},
    {"honour-graceful-shutdown", KEY_BOOL, HONOURED, IN(global_config, honour_graceful_shutdown), .remark = "RFC 8326"},
    {"route-server-communities", KEY_BOOL, HONOURED, IN(global_config, route_server_communities),
     .remark = "control communities"},
    {"deterministic-med", KEY_BOOL, IGNORED, IN(global_config, deterministic_med), .remark = "always so"},
    {"next-hop-tracking", KEY_BOOL, HONOURED, IN(global_config, next_hop_tracking),
     .remark = "the kernel must have a route to a path's next hop; its metric counts"},
    {"next-hop-via-default", KEY_BOOL, HONOURED, IN(global_config, next_hop_via_default),
     .remark = "the default route counts for that"},
    {"dynamic-neighbor-limit", KEY_NUMBER, HONOURED, IN(global_config, dynamic_neighbor_limit), RANGE(1, 65000),
     .fallback = 5000, .remark = "neighbors out of all ranges together"},
    {"metrics-listen", KEY_TEXT, HONOURED, IN(global_config, metrics_listen),
     .remark = "ADDRESS:PORT, where Prometheus may read metrics"},
};
const struct section schema_godwit = SECTION("godwit", godwit_keys, sizeof(struct global_config));

static const struct key root_keys[] = {
    {"global", KEY_BLOCK, HONOURED, IN(config, global), .section = &schema_global},
    {"godwit", KEY_BLOCK, HONOURED, IN(config, global), .section = &schema_godwit},
    {"neighbors", KEY_LIST, HONOURED, BY_HAND, .section = &schema_neighbor},
    {"peer-groups", KEY_LIST, HONOURED, BY_HAND, .section = &schema_peer_group},
    {"dynamic-neighbors", KEY_LIST, HONOURED, BY_HAND, .section = &schema_dynamic_neighbor},
    {"rpki-servers", KEY_LIST, HONOURED, BY_HAND, .section = &schema_rpki_server},
    {"bmp-servers", KEY_LIST, HONOURED, BY_HAND, .section = &schema_bmp_server},
    {"vrfs", KEY_LIST, NOT_YET, .section = &schema_vrf},
    {"mrt-dump", KEY_LIST, HONOURED, BY_HAND, .section = &schema_mrt_dump},
    {"zebra", KEY_BLOCK, HONOURED, .section = &schema_zebra},
    {"collector", KEY_BLOCK, HONOURED, .section = &schema_collector},
    {"defined-sets", KEY_BLOCK, HONOURED, .section = &schema_defined_sets},
    {"policy-definitions", KEY_LIST, HONOURED, .section = &schema_policy_definition},
};
const struct section schema_root = SECTION("configuration", root_keys, sizeof(struct config));
