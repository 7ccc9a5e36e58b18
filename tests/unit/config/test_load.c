/* Whole configurations: the three syntaxes agree, defaults, inheritance, weak typing, the API's way in. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"

#define GLOBAL "global: {config: {as: 65001, router-id: 192.0.2.1}}\n"
#define GROUP(text) GLOBAL "peer-groups:\n  - config: {peer-group-name: g}\n" text

static struct config *read_as(const char *text, enum config_format format)
{
    struct config *config;
    struct err err;
    if (config_read_text("x", text, strlen(text), format, &config, &err) < 0)
        fail_msg("%s\n%s", text, err.text);
    return config;
}

static struct config *of(const char *yaml)
{
    return read_as(yaml, CONFIG_YAML);
}

static void assert_refused(const char *yaml, const char *expected)
{
    struct config *config;
    struct err err;
    assert_true(config_read_text("x", yaml, strlen(yaml), CONFIG_YAML, &config, &err) < 0);
    assert_string_equal(err.text, expected);
}

static void ignore_neighbor(void *context, enum config_change change, const struct neighbor_config *before,
                            const struct neighbor_config *after)
{
    fail_msg("neighbours differ");
}

static void ignore_group(void *context, enum config_change change, const struct peer_group_config *before,
                         const struct peer_group_config *after)
{
    fail_msg("groups differ");
}

static void ignore_global(void *context, const char *key)
{
    fail_msg("%s differs", key);
}

static void assert_same(const struct config *a, const struct config *b)
{
    const struct config_diff_ops ops = {
        .neighbor = ignore_neighbor, .peer_group = ignore_group, .global = ignore_global};
    assert_int_equal(a->neighbor_count, b->neighbor_count);
    config_diff(a, b, &ops, NULL);
}

static const char same_toml[] =
    "[global.config]\nas = 65001\nrouter-id = '192.0.2.1'\nport = 1790\nlocal-address-list = ['127.0.0.1', '::1']\n"
    "[godwit]\nthreads = 2\nrefuse-as-set = true\n"
    "[[peer-groups]]\n[peer-groups.config]\npeer-group-name = 'g'\n[peer-groups.timers.config]\nhold-time = 9\n"
    "[[neighbors]]\n[neighbors.config]\nneighbor-address = '2001:db8::2'\npeer-as = 65002\npeer-group = 'g'\n"
    "auth-password = 'secret'\ndescription = 'a \"b\"'\n"
    "[neighbors.godwit.config]\nrole = 'customer'\n"
    "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = 'ipv6-unicast'\n"
    "[neighbors.afi-safis.prefix-limit.config]\nmax-prefixes = 100\nshutdown-threshold-pct = 80\n"
    "[[neighbors.afi-safis]]\nconfig.afi-safi-name = 'ipv4-unicast'\n";

static const char same_yaml[] =
    "global:\n  config:\n    as: 65001\n    router-id: 192.0.2.1\n    port: 1790\n"
    "    local-address-list: [127.0.0.1, '::1']\n"
    "godwit: {threads: 2, refuse-as-set: true}\n"
    "neighbors:\n  - afi-safis:\n      - config: {afi-safi-name: ipv6-unicast}\n"
    "        prefix-limit: {config: {max-prefixes: 100, shutdown-threshold-pct: 80}}\n"
    "      - config: {afi-safi-name: ipv4-unicast}\n"
    "    config: {neighbor-address: '2001:db8::2', peer-as: 65002, peer-group: g, auth-password: secret,\n"
    "             description: 'a \"b\"'}\n"
    "    godwit: {config: {role: customer}}\n"
    "peer-groups:\n  - config: {peer-group-name: g}\n    timers: {config: {hold-time: 9}}\n";

static const char same_json[] =
    "{\"GLOBAL\": {\"Config\": {\"AS\": \"65001\", \"Router-Id\": \"192.0.2.1\", \"port\": 1790.0,"
    "\"local-address-list\": \"127.0.0.1, ::1\"}}, \"godwit\": {\"threads\": \"0x2\", \"refuse-as-set\": 1},"
    "\"peer-groups\": {\"config\": {\"peer-group-name\": \"g\"}, \"timers\": {\"config\": {\"hold-time\": 9.5}}},"
    "\"neighbors\": [{\"config\": {\"neighbor-address\": \"2001:db8:0::2\", \"peer-as\": 65002, \"peer-group\": \"g\","
    "\"auth-password\": \"secret\", \"description\": \"a \\\"b\\\"\"}, \"godwit\": {\"config\": {\"role\": "
    "\"customer\"}},"
    "\"afi-safis\": [{\"config\": {\"afi-safi-name\": \"ipv6-unicast\"},"
    "\"prefix-limit\": {\"config\": {\"max-prefixes\": 1e2, \"shutdown-threshold-pct\": 80}}},"
    "{\"config\": {\"afi-safi-name\": \"ipv4-unicast\"}}]}]}";

static void test_three_syntaxes_agree(void **state)
{
    struct config *toml = read_as(same_toml, CONFIG_TOML);
    struct config *yaml = read_as(same_yaml, CONFIG_YAML);
    struct config *json = read_as(same_json, CONFIG_JSON);
    assert_same(toml, yaml);
    assert_same(toml, json);
    const struct neighbor_config *neighbor = &toml->neighbors[0];
    assert_int_equal(toml->global.port, 1790);
    assert_int_equal(toml->global.listen_count, 2);
    assert_int_equal(toml->global.threads, 2);
    assert_true(toml->global.refuse_as_set);
    assert_int_equal(neighbor->peer.timers.hold_time_s, 9);
    assert_int_equal(neighbor->peer.role, 3);
    assert_string_equal(neighbor->peer.auth_password, "secret");
    assert_string_equal(neighbor->peer.description, "a \"b\"");
    assert_int_equal(neighbor->peer.family_count, 2);
    assert_int_equal(neighbor->peer.families[0].family, FAMILY_IPV6_UNICAST);
    assert_int_equal(neighbor->peer.families[0].prefix_limit.max_prefixes, 100);
    assert_int_equal(neighbor->peer.families[0].prefix_limit.shutdown_threshold_pct, 80);
    config_free(toml);
    config_free(yaml);
    config_free(json);
}

static void test_global_defaults(void **state)
{
    struct config *config = of(GLOBAL);
    const struct global_config *global = &config->global;
    assert_int_equal(global->as, 65001);
    assert_int_equal(global->router_id, 0xc0000201);
    assert_int_equal(global->port, 179);
    assert_int_equal(global->listen_count, 2);
    assert_true(addr_is_any(&global->listen[0]) && global->listen[0].kind == ADDR_IPV4);
    assert_true(addr_is_any(&global->listen[1]) && global->listen[1].kind == ADDR_IPV6);
    assert_int_equal(global->families, 0);
    assert_int_equal(global->apply_policy.default_import, DEFAULT_ACTION_NONE);
    assert_false(global->ebgp_requires_policy || global->honour_well_known || global->refuse_as_set);
    assert_int_equal(config->neighbor_count, 0);
    config_free(config);
}

static void test_neighbor_defaults(void **state)
{
    struct config *config = of(GLOBAL "neighbors:\n"
                                      "  - config: {neighbor-address: 192.0.2.2, peer-as: 65002}\n"
                                      "  - config: {neighbor-address: '2001:db8::2', peer-as: 0}\n"
                                      "  - config: {neighbor-address: 'fe80::1%eth0', peer-as: 65002}\n"
                                      "  - config: {neighbor-address: 'fe80::1%7', peer-as: 65002}\n");
    const struct neighbor_config *neighbor = &config->neighbors[0];
    const struct peer_config *peer = &neighbor->peer;
    assert_int_equal(addr_ipv4_value(&neighbor->address), 0xc0000202);
    assert_false(neighbor->admin_down);
    assert_string_equal(neighbor->peer_group, "");
    assert_int_equal(peer->peer_as, 65002);
    assert_int_equal(peer->local_as, 0);
    assert_int_equal(peer->timers.connect_retry_s, 120);
    assert_int_equal(peer->timers.hold_time_s, 90);
    assert_int_equal(peer->timers.keepalive_interval_s, 0);
    assert_int_equal(peer->timers.idle_hold_time_after_reset_s, 30);
    assert_int_equal(peer->transport.remote_port, 179);
    assert_int_equal(peer->transport.local_address.kind, ADDR_NONE);
    assert_true(peer->treat_as_withdraw);
    assert_int_equal(peer->multihop_ttl, 255);
    assert_int_equal(peer->ttl_min, 255);
    assert_int_equal(peer->role, 255);
    assert_int_equal(peer->family_count, 1);
    assert_int_equal(peer->families[0].family, FAMILY_IPV4_UNICAST);
    assert_true(peer->families[0].enabled);
    peer = &config->neighbors[1].peer;
    assert_int_equal(peer->peer_as, 0);
    assert_int_equal(peer->family_count, 1);
    assert_int_equal(peer->families[0].family, FAMILY_IPV6_UNICAST);
    assert_string_equal(config->neighbors[2].interface, "eth0");
    assert_int_equal(config->neighbors[2].scope_id, 0);
    assert_string_equal(config->neighbors[3].interface, "");
    assert_int_equal(config->neighbors[3].scope_id, 7);
    config_free(config);
}

static void test_explicit_zero_and_any(void **state)
{
    struct config *config = of(GLOBAL "neighbors:\n  - config: {neighbor-address: 192.0.2.2, peer-as: 65002}\n"
                                      "    timers: {config: {hold-time: 0, idle-hold-time-after-reset: 0}}\n"
                                      "    transport: {config: {local-address: 0.0.0.0}}\n");
    assert_int_equal(config->neighbors[0].peer.timers.hold_time_s, 0);
    assert_int_equal(config->neighbors[0].peer.timers.idle_hold_time_after_reset_s, 0);
    assert_int_equal(config->neighbors[0].peer.transport.local_address.kind, ADDR_NONE);
    config_free(config);
}

static void test_inheritance_is_key_by_key(void **state)
{
    struct config *config = of(GROUP(
        "    timers: {config: {hold-time: 30, connect-retry: 7}}\n"
        "    transport: {config: {passive-mode: true, local-address: 192.0.2.1}}\n"
        "    graceful-restart: {config: {enabled: true, restart-time: 50}}\n"
        "    add-paths: {config: {receive: true}}\n"
        "    afi-safis:\n      - config: {afi-safi-name: ipv4-unicast}\n      - config: {afi-safi-name: ipv6-unicast}\n"
        "neighbors:\n"
        "  - config: {neighbor-address: 192.0.2.2, peer-as: 65002, peer-group: g}\n"
        "  - config: {neighbor-address: 192.0.2.3, peer-as: 65003, peer-group: g}\n"
        "    timers: {config: {hold-time: 90}}\n"
        "    transport: {config: {passive-mode: false}}\n"
        "    graceful-restart: {config: {restart-time: 60}}\n"
        "    add-paths: {config: {receive: false, send-max: 4}}\n"
        "  - config: {neighbor-address: 192.0.2.4, peer-as: 65003, peer-group: g}\n"
        "    afi-safis:\n      - config: {afi-safi-name: ipv4-unicast}\n        add-paths: {config: {send-max: 2}}\n"));
    const struct peer_config *peer = &config->neighbors[0].peer;
    assert_int_equal(peer->timers.hold_time_s, 30);
    assert_int_equal(peer->timers.connect_retry_s, 7);
    assert_true(peer->transport.passive_mode);
    assert_int_equal(peer->graceful_restart.restart_time_s, 50);
    assert_int_equal(peer->graceful_restart.deferral_time_s, 360);
    assert_int_equal(peer->family_count, 2);
    assert_true(peer->families[1].add_paths.receive);
    assert_string_equal(config->neighbors[0].peer_group, "g");
    peer = &config->neighbors[1].peer;
    assert_int_equal(peer->timers.hold_time_s, 90);
    assert_int_equal(peer->timers.connect_retry_s, 7);
    assert_false(peer->transport.passive_mode);
    assert_int_equal(peer->transport.local_address.kind, ADDR_IPV4);
    assert_true(peer->graceful_restart.enabled);
    assert_int_equal(peer->graceful_restart.restart_time_s, 60);
    assert_int_equal(peer->family_count, 2);
    assert_false(peer->families[0].add_paths.receive);
    assert_int_equal(peer->families[0].add_paths.send_max, 4);
    peer = &config->neighbors[2].peer;
    assert_int_equal(peer->family_count, 1);
    assert_true(peer->families[0].add_paths.receive);
    assert_int_equal(peer->families[0].add_paths.send_max, 2);
    assert_int_equal(config->peer_groups[0].peer.family_count, 2);
    config_free(config);
}

static void count_warning(void *context, enum log_level level, const char *line)
{
    unsigned *count = context;
    assert_non_null(strstr(line, "peer-as 65009 of peer-group h replaces 65002"));
    (*count)++;
}

static void test_peer_as_of_the_group_wins(void **state)
{
    unsigned warnings = 0;
    log_set_sink(count_warning, &warnings);
    struct config *config = of(GROUP("  - config: {peer-group-name: h, peer-as: 65009}\n"
                                     "neighbors:\n"
                                     "  - config: {neighbor-address: 192.0.2.2, peer-as: 65002, peer-group: h}\n"
                                     "  - config: {neighbor-address: 192.0.2.3, peer-group: h}\n"
                                     "  - config: {neighbor-address: 192.0.2.4, peer-as: 65004, peer-group: g}\n"));
    log_set_sink(NULL, NULL);
    assert_int_equal(config->neighbors[0].peer.peer_as, 65009);
    assert_int_equal(config->neighbors[1].peer.peer_as, 65009);
    assert_int_equal(config->neighbors[2].peer.peer_as, 65004);
    assert_int_equal(warnings, 1);
    config_free(config);
}

static void test_graceful_restart_completion(void **state)
{
    struct config *config =
        of(GLOBAL "neighbors:\n"
                  "  - config: {neighbor-address: 192.0.2.2, peer-as: 65002}\n"
                  "    graceful-restart: {config: {enabled: true}}\n"
                  "  - config: {neighbor-address: 192.0.2.3, peer-as: 65002}\n"
                  "    graceful-restart: {config: {enabled: true, deferral-time: 9, notification-enabled: true}}\n"
                  "    timers: {config: {hold-time: 5000}}\n"
                  "  - config: {neighbor-address: 192.0.2.4, peer-as: 65002}\n");
    assert_int_equal(config->neighbors[0].peer.graceful_restart.restart_time_s, 90);
    assert_int_equal(config->neighbors[0].peer.graceful_restart.deferral_time_s, 360);
    assert_int_equal(config->neighbors[1].peer.graceful_restart.restart_time_s, 4095);
    assert_int_equal(config->neighbors[1].peer.graceful_restart.deferral_time_s, 9);
    assert_int_equal(config->neighbors[2].peer.graceful_restart.restart_time_s, 0);
    config_free(config);
}

static void test_weak_typing(void **state)
{
    struct config *config =
        of("Global:\n  CONFIG: {as: '65001', router-id: 192.0.2.1, port: '0x6fe', local-address-list: 127.0.0.1}\n"
           "neighbors:\n  config: {neighbor-address: 192.0.2.2, peer-as: '1.10', admin-down: 1, description: 5}\n"
           "  transport: {config: {passive-mode: 't', remote-port: '1_790', tcp-mss: ''}}\n"
           "  ebgp-multihop: {config: {enabled: 'false', multihop-ttl: 10.0}}\n"
           "  timers: {config: {connect-retry: 2.9}}\n"
           "  afi-safis: {config: {afi-safi-name: ipv4-unicast}}\n");
    const struct neighbor_config *neighbor = &config->neighbors[0];
    assert_int_equal(config->global.as, 65001);
    assert_int_equal(config->global.port, 1790);
    assert_int_equal(config->global.listen_count, 1);
    assert_int_equal(neighbor->peer.peer_as, 65546);
    assert_true(neighbor->admin_down);
    assert_string_equal(neighbor->peer.description, "5");
    assert_true(neighbor->peer.transport.passive_mode);
    assert_int_equal(neighbor->peer.transport.remote_port, 1790);
    assert_int_equal(neighbor->peer.transport.tcp_mss, 0);
    assert_false(neighbor->peer.ebgp_multihop);
    assert_int_equal(neighbor->peer.multihop_ttl, 10);
    assert_int_equal(neighbor->peer.timers.connect_retry_s, 2);
    assert_int_equal(neighbor->peer.family_count, 1);
    config_free(config);
}

static void test_accepted_without_effect(void **state)
{
    struct config *config =
        of("global:\n  config: {as: 65001, router-id: 192.0.2.1}\n  state: {as: 7, whatever: [1, {x: y}]}\n"
           "  default-route-distance: {config: {external-route-distance: 20}}\n"
           "  use-multiple-paths: {ebgp: {config: {maximum-paths: 4}, state: {}}}\n"
           "  afi-safis:\n    - config: {afi-safi-name: l2vpn-evpn}\n    - config: {afi-safi-name: ipv4-unicast}\n"
           "neighbors:\n"
           "  - config: {neighbor-address: 192.0.2.2, peer-as: 65002, send-community: both, peer-type: external}\n"
           "    state: {session-state: established}\n"
           "    transport: {config: {ttl: 64, mtu-discovery: true}}\n"
           "    logging-options: {config: {log-neighbor-state-changes: true}}\n"
           "    apply-policy: {config: {in-policy-list: [p], default-in-policy: reject-route}}\n"
           "    afi-safis:\n"
           "      - config: {afi-safi-name: ipv4-unicast}\n"
           "        ipv4-unicast: {prefix-limit: {config: {max-prefixes: 5}}, config: {send-default-route: true}}\n"
           "        apply-policy: {config: {import-policy-list: [p], default-import-policy: reject-route}}\n"
           "        route-selection-options: {config: {always-compare-med: true}}\n"
           "      - config: {afi-safi-name: l2vpn-evpn, enabled: false}\n");
    const struct peer_config *peer = &config->neighbors[0].peer;
    assert_int_equal(config->global.as, 65001);
    assert_int_equal(config->global.families, 1u << FAMILY_IPV4_UNICAST | 1u << FAMILY_EVPN);
    assert_int_equal(peer->apply_policy.import_count, 0);
    assert_int_equal(peer->apply_policy.default_import, DEFAULT_ACTION_NONE);
    assert_int_equal(peer->family_count, 2);
    assert_int_equal(peer->families[0].prefix_limit.max_prefixes, 0);
    assert_false(peer->families[1].enabled);
    config_free(config);
}

static void test_not_yet_at_its_default(void **state)
{
    struct config *config =
        of("global:\n  config: {as: 65001, router-id: 192.0.2.1}\n"
           "  confederation: {config: {enabled: false, identifier: 7, member-as-list: [64512, 1.1]}}\n"
           "  apply-policy: {config: {import-policy-list: [], default-import-policy: reject-route}}\n"
           "neighbors:\n  - config: {neighbor-address: 192.0.2.2, peer-as: 65002, vrf: ''}\n"
           "    route-reflector: {config: {route-reflector-client: false, route-reflector-cluster-id: 10}}\n"
           "    route-server: {config: {route-server-client: 0}}\n"
           "    bfd: {config: {enabled: false, port: 3785}}\n"
           "rpki-servers: []\nbmp-servers:\nvrfs: {}\nmrt-dump: []\ndynamic-neighbors: []\npolicy-definitions: []\n"
           "zebra: {config: {enabled: false, url: 'unix:/run/zserv.api', version: 6}}\n"
           "collector: {config: {url: '', db-name: x}}\n"
           "defined-sets: {prefix-sets: [], bgp-defined-sets: {community-sets: []},\n"
           "               tag-sets: [{tag-set-name: t, tag-list: [{value: '1'}]}]}\n");
    assert_int_equal(config->neighbors[0].peer.cluster_id, 10);
    assert_int_equal(config->global.confederation.member_count, 2);
    assert_int_equal(config->global.confederation.members[1], 65537);
    assert_int_equal(config->global.apply_policy.default_import, DEFAULT_ACTION_REJECT);
    config_free(config);
    struct err err;
    static const char bfd[] = GLOBAL "neighbors: {config: {neighbor-address: 192.0.2.2, peer-as: 65001},\n"
                                     "bfd: {config: {enabled: true}}}\n";
    assert_int_equal(config_read_text("x", bfd, strlen(bfd), CONFIG_YAML, &config, &err), E_UNSUPPORTED);
    assert_refused(GLOBAL "zebra: {config: {enabled: true}}\n",
                   "x:2:18: zebra.config.enabled: not yet supported (zebra)");
}

static void test_complete_for_the_api(void **state)
{
    struct config *config = of(GROUP("    timers: {config: {hold-time: 30}}\n"
                                     "    afi-safis: [{config: {afi-safi-name: ipv6-unicast}}]\n"));
    struct neighbor_config neighbor = {.address = addr_ipv4(0xc0000202)};
    struct err err;
    peer_config_init(&neighbor.peer);
    neighbor.peer.peer_as = 65002;
    neighbor.peer.timers.hold_time_s = 0;
    neighbor.peer.timers.idle_hold_time_after_reset_s = 0;
    neighbor.peer.timers.connect_retry_s = 0;
    neighbor.peer.multihop_ttl = 0;
    neighbor.peer.transport.remote_port = 0;
    assert_int_equal(neighbor_config_complete(&neighbor, &config->global, NULL, &err), 0);
    assert_int_equal(neighbor.peer.timers.hold_time_s, 90);
    assert_int_equal(neighbor.peer.timers.idle_hold_time_after_reset_s, 30);
    assert_int_equal(neighbor.peer.timers.connect_retry_s, 120);
    assert_int_equal(neighbor.peer.multihop_ttl, 255);
    assert_int_equal(neighbor.peer.transport.remote_port, 179);
    assert_int_equal(neighbor.peer.family_count, 1);

    struct neighbor_config member = {.address = addr_ipv4(0xc0000203)};
    peer_config_init(&member.peer);
    member.peer.peer_as = 65003;
    member.peer.timers.hold_time_s = 60;
    assert_int_equal(neighbor_config_complete(&member, &config->global, &config->peer_groups[0], &err), 0);
    assert_int_equal(member.peer.timers.hold_time_s, 30);
    assert_int_equal(member.peer.peer_as, 65003);
    assert_int_equal(member.peer.families[0].family, FAMILY_IPV6_UNICAST);

    struct neighbor_config nobody = {0};
    peer_config_init(&nobody.peer);
    assert_int_equal(neighbor_config_complete(&nobody, &config->global, NULL, &err), E_INVALID);
    assert_string_equal(err.text, "config.neighbor-address: no neighbor address/interface specified");
    nobody.address = addr_ipv4(0xc0000204);
    nobody.peer.peer_as = 65001;
    nobody.peer.remove_private = REMOVE_PRIVATE_ALL;
    assert_int_equal(neighbor_config_complete(&nobody, &config->global, NULL, &err), E_INVALID);
    assert_non_null(strstr(err.text, "can't set remove-private-as for iBGP peer"));

    config_free(config);
}

static void test_the_api_cannot_ask_for_more(void **state)
{
    struct config *config = of(GLOBAL);
    struct err err;
    struct neighbor_config wishes = {.address = addr_ipv4(0xc0000205)};
    peer_config_init(&wishes.peer);
    wishes.peer.peer_as = 65001;
    wishes.peer.family_count = 2;
    wishes.peer.families[0] = (struct family_config){.family = FAMILY_IPV4_UNICAST, .enabled = true};
    wishes.peer.families[1] = (struct family_config){.family = FAMILY_IPV6_UNICAST, .enabled = true};
    memcpy(wishes.vrf, "red", sizeof("red"));
    assert_int_equal(neighbor_config_complete(&wishes, &config->global, NULL, &err), E_UNSUPPORTED);
    assert_string_equal(err.text, "config.vrf: not yet supported (VRFs)");
    wishes.vrf[0] = '\0';
    assert_int_equal(neighbor_config_complete(&wishes, &config->global, NULL, &err), 0);
    config_free(config);
}

static void assert_api_refuses(const struct neighbor_config *neighbor, int code, const char *expected)
{
    static const struct global_config global = {.as = 65001, .router_id = 1};
    struct neighbor_config copy = *neighbor;
    struct err err;
    assert_int_equal(neighbor_config_complete(&copy, &global, NULL, &err), code);
    assert_string_equal(err.text, expected);
}

/* What a file's reader refuses by its ranges, the API can say too. */
static void test_the_api_is_checked(void **state)
{
    struct neighbor_config good = {.address = addr_ipv4(0xc0000205)};
    peer_config_init(&good.peer);
    good.peer.peer_as = 65002;
    struct neighbor_config bad = good;
    bad.peer.timers.hold_time_s = 2;
    assert_api_refuses(&bad, E_INVALID, "timers.config.hold-time: 2 s is below 3 (allowed: 0, 3..65535)");
    bad = good;
    bad.peer.graceful_restart.restart_time_s = 5000;
    assert_api_refuses(&bad, E_INVALID, "graceful-restart.config.restart-time: 5000 s is above 4095");
    bad = good;
    bad.peer.family_count = FAMILY_COUNT + 1;
    assert_api_refuses(&bad, E_INVALID, "afi-safis: more than 26 entries");
    bad = good;
    bad.address = addr_ipv4(0xe0000001);
    assert_api_refuses(&bad, E_INVALID, "config.neighbor-address: invalid neighbor address: 224.0.0.1");
    bad = good;
    bad.address.kind = ADDR_NONE;
    memcpy(bad.interface, "eth0", sizeof("eth0"));
    struct err err;
    const struct global_config global = {.as = 65001};
    assert_int_equal(neighbor_config_complete(&bad, &global, NULL, &err), 0);
    assert_int_equal(bad.peer.family_count, 2);
    bad = good;
    memcpy(bad.interface, "eth0", sizeof("eth0"));
    assert_api_refuses(&bad, E_INVALID,
                       "config.neighbor-interface: 192.0.2.5 is no link-local address: say one of the two");
    bad = good;
    bad.peer.ttl_security = bad.peer.ebgp_multihop = true;
    assert_api_refuses(&bad, E_INVALID,
                       "ttl-security.config.enabled: ebgp-multihop and ttl-security are mutually exclusive");
}

static void test_the_api_with_an_open_group(void **state)
{
    static const struct global_config global = {.as = 65001, .router_id = 1};
    struct peer_group_config group = {.name = "g"};
    struct neighbor_config neighbor = {.address = addr_ipv4(0xc0000205)};
    struct err err;
    peer_config_init(&group.peer);
    peer_config_init(&neighbor.peer);
    neighbor.peer.peer_as = 65002;
    neighbor.peer.local_as = 65009;
    neighbor.peer.role = 4;
    neighbor.peer.role_strict = true;
    memcpy(neighbor.peer.auth_password, "pw", sizeof("pw"));
    memcpy(neighbor.peer.description, "mine", sizeof("mine"));
    neighbor.peer.family_count = 1;
    neighbor.peer.families[0] = (struct family_config){.family = FAMILY_IPV6_UNICAST, .enabled = true};
    assert_int_equal(neighbor_config_complete(&neighbor, &global, &group, &err), 0);
    assert_int_equal(neighbor.peer.local_as, 65009);
    assert_int_equal(neighbor.peer.role, 4);
    assert_true(neighbor.peer.role_strict);
    assert_string_equal(neighbor.peer.auth_password, "pw");
    assert_string_equal(neighbor.peer.description, "mine");
    assert_int_equal(neighbor.peer.families[0].family, FAMILY_IPV6_UNICAST);
}

static void test_too_many_neighbors(void **state)
{
    enum { BYTES = 3 * (CONFIG_NEIGHBORS_MAX + 1) };
    static const char head[] = "{\"global\": {\"config\": {\"as\": 1, \"router-id\": \"1.1.1.1\"}}, \"neighbors\": [";
    char *text = malloc(sizeof(head) + BYTES + 2);
    struct config *config;
    struct err err;
    memcpy(text, head, sizeof(head) - 1);
    char *at = text + sizeof(head) - 1;
    for (int i = 0; i <= CONFIG_NEIGHBORS_MAX; i++, at += 3)
        memcpy(at, "{},", 3);
    memcpy(at - 1, "]}", 2);
    assert_int_equal(config_read_text("x", text, (size_t)(at + 1 - text), CONFIG_JSON, &config, &err), E_INVALID);
    assert_string_equal(err.text, "x:1:59: neighbors: 65537 entries are too many (at most 65536)");
    free(text);
}

static void test_complete_a_speaker(void **state)
{
    struct err err;
    struct global_config global = {.as = 1};
    assert_int_equal(global_config_complete(&global, &err), E_INVALID);
    assert_string_equal(err.text, "global.config.router-id: missing");
    global.router_id = 1;
    assert_int_equal(global_config_complete(&global, &err), 0);
    assert_int_equal(global.port, 179);
    assert_int_equal(global.listen_count, 2);
    global.port = 65536;
    assert_int_equal(global_config_complete(&global, &err), E_INVALID);
    assert_string_equal(err.text, "global.config.port: 65536 is no port (allowed: -1..65535)");
}

static void test_format_by_name(void **state)
{
    assert_int_equal(config_format_of("a/b.toml", CONFIG_JSON), CONFIG_TOML);
    assert_int_equal(config_format_of("b.YAML", CONFIG_JSON), CONFIG_YAML);
    assert_int_equal(config_format_of("b.yml", CONFIG_JSON), CONFIG_YAML);
    assert_int_equal(config_format_of("b.toml.json", CONFIG_TOML), CONFIG_JSON);
    assert_int_equal(config_format_of("gobgpd.conf", CONFIG_TOML), CONFIG_TOML);
    assert_int_equal(config_format_of("gobgpd", CONFIG_YAML), CONFIG_YAML);
}

/* Through the API a group changes while its members are there: key by key. */
static void test_a_group_takes_its_members_along(void **state)
{
    static const char text[] = "[global.config]\nas = 65001\nrouter-id = \"192.0.2.1\"\n"
                               "[[peer-groups]]\nconfig.peer-group-name = \"g\"\nconfig.peer-as = 65002\n"
                               "timers.config.hold-time = 30\nconfig.description = \"group\"\n"
                               "[[neighbors]]\nconfig.neighbor-address = \"192.0.2.2\"\nconfig.peer-group = \"g\"\n"
                               "timers.config.hold-time = 60\ngraceful-restart.config.enabled = true\n";
    struct config *config;
    struct err err;
    assert_int_equal(config_read_text("x", text, sizeof(text) - 1, CONFIG_TOML, &config, &err), 0);
    struct peer_group_config after = config->peer_groups[0];
    struct neighbor_config *member = &config->neighbors[0];
    after.peer.peer_as = 65003;
    after.peer.timers.hold_time_s = 45;
    after.peer.timers.connect_retry_s = 7;
    after.peer.transport.passive_mode = true;
    after.peer.description[0] = 'G';
    after.peer.families[0] = (struct family_config){.family = FAMILY_IPV6_UNICAST, .enabled = true};
    after.peer.family_count = 1;
    assert_int_equal(neighbor_config_regroup(member, &config->global, &config->peer_groups[0], &after, &err), 0);
    assert_int_equal(member->peer.peer_as, 65003);         /* the group's always wins */
    assert_int_equal(member->peer.timers.hold_time_s, 60); /* its own */
    assert_true(member->peer.graceful_restart.enabled);
    assert_int_equal(member->peer.timers.connect_retry_s, 7);
    assert_true(member->peer.transport.passive_mode);
    assert_string_equal(member->peer.description, "Group");
    assert_int_equal(member->peer.families[0].family, FAMILY_IPV4_UNICAST); /* by its address, as the group said none */
    struct peer_group_config wrong = after;
    wrong.peer.timers.hold_time_s = 2;
    assert_int_equal(peer_group_config_complete(&wrong, &config->global, &err), E_INVALID);
    assert_string_equal(err.text, "peer-group g: timers.config.hold-time: 2 s is below 3 (allowed: 0, 3..65535)");
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_syntaxes_agree),
        cmocka_unit_test(test_global_defaults),
        cmocka_unit_test(test_neighbor_defaults),
        cmocka_unit_test(test_explicit_zero_and_any),
        cmocka_unit_test(test_inheritance_is_key_by_key),
        cmocka_unit_test(test_peer_as_of_the_group_wins),
        cmocka_unit_test(test_graceful_restart_completion),
        cmocka_unit_test(test_weak_typing),
        cmocka_unit_test(test_accepted_without_effect),
        cmocka_unit_test(test_not_yet_at_its_default),
        cmocka_unit_test(test_complete_for_the_api),
        cmocka_unit_test(test_the_api_cannot_ask_for_more),
        cmocka_unit_test(test_complete_a_speaker),
        cmocka_unit_test(test_the_api_is_checked),
        cmocka_unit_test(test_the_api_with_an_open_group),
        cmocka_unit_test(test_too_many_neighbors),
        cmocka_unit_test(test_format_by_name),
        cmocka_unit_test(test_a_group_takes_its_members_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
