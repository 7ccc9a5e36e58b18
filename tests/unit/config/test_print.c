/* What is printed reads back as the same configuration, in every syntax. */
#include "config/config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"
#include "base/log.h"
#include "config/config_paths.h"
#include "config/schema.h"
#include "policy/policy_table.h"
#include "samples.h"

#define GLOBAL "global: {config: {as: 65001, router-id: 192.0.2.1}}\n"

enum { PRINT_BYTES_MAX = 1 << 20, RANDOM_FILES = 600 };

static void on_neighbor(void *context, enum config_change change, const struct neighbor_config *before,
                        const struct neighbor_config *after)
{
    fail_msg("%s a neighbour changed in\n%s", "after printing", (const char *)context);
}

static void on_group(void *context, enum config_change change, const struct peer_group_config *before,
                     const struct peer_group_config *after)
{
    fail_msg("a group changed in\n%s", (const char *)context);
}

static void on_global(void *context, const char *key)
{
    fail_msg("%s changed in\n%s", key, (const char *)context);
}

static void assert_policies_equal(const struct policy_definitions *a, const struct policy_definitions *b,
                                  const char *text)
{
    if ((a == NULL) != (b == NULL) || (a != NULL && !policy_definitions_equal(a, b)))
        fail_msg("the policies changed in\n%s", text);
}

static void assert_round_trip(const struct config *config)
{
    static const struct config_diff_ops ops = {.neighbor = on_neighbor, .peer_group = on_group, .global = on_global};
    for (enum config_format format = CONFIG_TOML; format <= CONFIG_JSON; format++) {
        struct config *again;
        struct text text;
        struct err err;
        text_init(&text, PRINT_BYTES_MAX);
        assert_int_equal(config_print(config, format, true, &text), 0);
        if (config_read_text("printed", text.bytes, text.length, format, &again, &err) < 0)
            fail_msg("%s\n%s", err.text, text.bytes);
        config_diff(config, again, &ops, text.bytes);
        if (memcmp(&config->global.apply_policy, &again->global.apply_policy, sizeof(again->global.apply_policy)) != 0)
            fail_msg("the policies applied changed in\n%s", text.bytes);
        assert_policies_equal(config->policies, again->policies, text.bytes);
        config_free(again);
        text_release(&text);
    }
}

static struct config *of(const char *yaml)
{
    struct config *config;
    struct err err;
    if (config_read_text("x", yaml, strlen(yaml), CONFIG_YAML, &config, &err) < 0)
        fail_msg("%s\n%s", yaml, err.text);
    return config;
}

static void assert_prints(const char *yaml, enum config_format format, bool with_secrets, const char *expected)
{
    struct config *config = of(yaml);
    struct text text;
    text_init(&text, PRINT_BYTES_MAX);
    assert_int_equal(config_print(config, format, with_secrets, &text), 0);
    assert_string_equal(text.bytes, expected);
    assert_round_trip(config);
    text_release(&text);
    config_free(config);
}

static const char sample[] = GLOBAL
    "godwit: {refuse-as-set: true}\n"
    "peer-groups:\n  - config: {peer-group-name: g}\n    timers: {config: {hold-time: 9}}\n"
    "neighbors:\n"
    "  - config: {neighbor-address: 192.0.2.2, peer-as: 0, peer-group: g, description: 'a \"b\"', auth-password: pw}\n"
    "    afi-safis: [{config: {afi-safi-name: ipv4-unicast}, add-paths: {config: {send-max: 2}}}]\n";

static void test_toml(void **state)
{
    assert_prints(sample, CONFIG_TOML, true,
                  "[global.config]\nas = 65001\nrouter-id = \"192.0.2.1\"\n\n"
                  "[godwit]\nrefuse-as-set = true\n\n"
                  "[[peer-groups]]\n\n[peer-groups.config]\npeer-group-name = \"g\"\n\n"
                  "[peer-groups.timers.config]\nhold-time = 9\n\n"
                  "[[neighbors]]\n\n[neighbors.config]\nneighbor-address = \"192.0.2.2\"\npeer-group = \"g\"\n"
                  "peer-as = 0\nauth-password = \"pw\"\ndescription = \"a \\\"b\\\"\"\n\n"
                  "[[neighbors.afi-safis]]\n\n[neighbors.afi-safis.config]\nafi-safi-name = \"ipv4-unicast\"\n\n"
                  "[neighbors.afi-safis.add-paths.config]\nsend-max = 2\n");
}

static void test_yaml(void **state)
{
    assert_prints(sample, CONFIG_YAML, false,
                  "global:\n  config:\n    as: 65001\n    router-id: \"192.0.2.1\"\n"
                  "godwit:\n  refuse-as-set: true\n"
                  "peer-groups:\n  - config:\n      peer-group-name: \"g\"\n"
                  "    timers:\n      config:\n        hold-time: 9\n"
                  "neighbors:\n  - config:\n      neighbor-address: \"192.0.2.2\"\n      peer-group: \"g\"\n"
                  "      peer-as: 0\n      description: \"a \\\"b\\\"\"\n"
                  "    afi-safis:\n      - config:\n          afi-safi-name: \"ipv4-unicast\"\n"
                  "        add-paths:\n          config:\n            send-max: 2\n");
}

static void test_json(void **state)
{
    assert_prints(GLOBAL "neighbors: [{config: {neighbor-address: 'fe80::1%eth0', peer-as: 2}}]\n", CONFIG_JSON, false,
                  "{\n  \"global\": {\n    \"config\": {\n      \"as\": 65001,\n"
                  "      \"router-id\": \"192.0.2.1\"\n    }\n  },\n"
                  "  \"neighbors\": [\n    {\n      \"config\": {\n"
                  "        \"neighbor-address\": \"fe80::1%eth0\",\n        \"peer-as\": 2\n      },\n"
                  "      \"afi-safis\": [\n        {\n          \"config\": {\n"
                  "            \"afi-safi-name\": \"ipv6-unicast\"\n          }\n        }\n      ]\n"
                  "    }\n  ]\n}\n");
}

static void test_dynamic_neighbors(void **state)
{
    struct dynamic_neighbor_config dynamic = {.peer_group = "g"};
    struct config *config = of(GLOBAL);
    struct text text;
    text_init(&text, PRINT_BYTES_MAX);
    assert_int_equal(prefix_parse("192.0.2.0/24", false, &dynamic.prefix), 0);
    config->dynamic_neighbors = &dynamic;
    config->dynamic_neighbor_count = 1;
    assert_int_equal(config_print(config, CONFIG_YAML, false, &text), 0);
    assert_non_null(strstr(text.bytes, "\ndynamic-neighbors:\n  - config:\n      prefix: \"192.0.2.0/24\"\n"
                                       "      peer-group: \"g\"\n"));
    config->dynamic_neighbors = NULL;
    config->dynamic_neighbor_count = 0;
    config_free(config);
    text_release(&text);
}

static void test_mrt_dumps(void **state)
{
    static const char dumps[] = "\nmrt-dump:\n  - config:\n      dump-type: \"table\"\n"
                                "      file-name: \"/t/%Y\"\n      table-name: \"192.0.2.2\"\n"
                                "      dump-interval: 300\n"
                                "  - config:\n      dump-type: \"updates\"\n      file-name: \"/u\"\n"
                                "      rotation-interval: 900\n";
    struct config *config =
        of(GLOBAL "mrt-dump:\n"
                  "  - config: {dump-type: table, file-name: /t/%Y, table-name: 192.0.2.2, dump-interval: 300}\n"
                  "  - config: {dump-type: table, file-name: ''}\n"
                  "  - config: {dump-type: updates, file-name: /u, rotation-interval: 900, dump-interval: 0}\n");
    struct text text;
    text_init(&text, PRINT_BYTES_MAX);
    assert_int_equal(config->mrt_dump_count, 2);
    assert_int_equal(config->mrt_dumps[0].type, MRT_DUMP_TABLE);
    assert_int_equal(config->mrt_dumps[1].rotation_interval_s, 900);
    assert_int_equal(config_print(config, CONFIG_YAML, false, &text), 0);
    assert_non_null(strstr(text.bytes, dumps));
    config_free(config);
    text_release(&text);
}

static void test_global_lists(void **state)
{
    struct config *config = of("global:\n  config: {as: 65001, router-id: 192.0.2.1, local-address-list: ['::1']}\n"
                               "  confederation: {config: {member-as-list: [64512, 64513]}}\n"
                               "  afi-safis: [{config: {afi-safi-name: ls}}, {config: {afi-safi-name: ipv6-unicast}}]\n"
                               "neighbors: [{config: {neighbor-address: 'fe80::1%7', peer-as: 2}}]\n");
    assert_round_trip(config);
    config_free(config);
}

static void test_against_the_group(void **state)
{
    struct config *config =
        of(GLOBAL "peer-groups:\n"
                  "  - config: {peer-group-name: g, peer-as: 65002, description: d, remove-private-as: all}\n"
                  "    timers: {config: {hold-time: 9, connect-retry: 9}}\n"
                  "    transport: {config: {passive-mode: true, local-address: 192.0.2.1}}\n"
                  "    graceful-restart: {config: {enabled: true}}\n"
                  "    apply-policy: {config: {default-import-policy: accept-route}}\n"
                  "    godwit: {config: {role: peer}}\n"
                  "    afi-safis: [{config: {afi-safi-name: ipv6-unicast}}]\n"
                  "neighbors:\n"
                  "  - config: {neighbor-address: 192.0.2.2, peer-group: g}\n"
                  "  - config: {neighbor-address: 192.0.2.3, peer-group: g, description: '', remove-private-as: none}\n"
                  "    timers: {config: {hold-time: 90}}\n"
                  "    transport: {config: {passive-mode: false, local-address: 0.0.0.0}}\n"
                  "    graceful-restart: {config: {enabled: false}}\n"
                  "    apply-policy: {config: {default-import-policy: none}}\n"
                  "    godwit: {config: {role: none}}\n");
    assert_string_equal(config->neighbors[1].peer.description, "");
    assert_int_equal(config->neighbors[1].peer.timers.hold_time_s, 90);
    assert_int_equal(config->neighbors[1].peer.apply_policy.default_import, DEFAULT_ACTION_NONE);
    assert_round_trip(config);
    config_free(config);
}

static void test_foreign_text_is_escaped(void **state)
{
    struct config *config = of(GLOBAL "neighbors: [{config: {neighbor-address: 192.0.2.2, peer-as: 2}}]\n");
    char *description = config->neighbors[0].peer.description;
    snprintf(description, CONFIG_DESCRIPTION_MAX, "\\ \" ' # \xc2\x9b \xc3\xa9 \xef\xbb\xbf: -");
    struct text text;
    text_init(&text, PRINT_BYTES_MAX);
    assert_int_equal(config_print(config, CONFIG_TOML, false, &text), 0);
    assert_non_null(strstr(text.bytes, "\"\\\\ \\\" ' # \\u009b \xc3\xa9 \\ufeff: -\""));
    text_release(&text);
    assert_round_trip(config);
    /* Not what a reader accepts, but an API may have put it there. */
    snprintf(description, CONFIG_DESCRIPTION_MAX, "\a\xff");
    text_init(&text, PRINT_BYTES_MAX);
    assert_int_equal(config_print(config, CONFIG_JSON, false, &text), 0);
    assert_non_null(strstr(text.bytes, "\"\\u0007\\ufffd\""));
    text_release(&text);
    config_free(config);
}

static void test_full_output(void **state)
{
    struct config *config = of(GLOBAL);
    struct text text;
    text_init(&text, 10);
    assert_int_equal(config_print(config, CONFIG_TOML, false, &text), E_LIMIT);
    text_release(&text);
    config_free(config);
}

/* Every condition and every action, each way it can be said. */
static const char every_policy[] =
    "global:\n  config: {as: 65001, router-id: 192.0.2.1}\n"
    "  apply-policy: {config: {import-policy-list: [p1, p2], default-import-policy: reject-route,\n"
    "                          export-policy-list: p2}}\n"
    "defined-sets:\n"
    "  prefix-sets:\n"
    "    - prefix-set-name: ps\n"
    "      prefix-list: [{ip-prefix: 10.0.0.0/8, masklength-range: 16..24}, {ip-prefix: 192.0.2.0/24}]\n"
    "    - {prefix-set-name: p6, prefix-list: [{ip-prefix: '2001:db8::/32', masklength-range: 32..128}]}\n"
    "    - {prefix-set-name: empty}\n"
    "  neighbor-sets: [{neighbor-set-name: ns, neighbor-info-list: [192.0.2.2, 2001:db8::/64]}]\n"
    "  bgp-defined-sets:\n"
    "    as-path-sets: [{as-path-set-name: as, as-path-list: ['^65001_', '_65[0-9]{3}$']}]\n"
    "    community-sets: [{community-set-name: cs, community-list: ['65001:1', no-export, '65001:.*']}]\n"
    "    ext-community-sets: [{ext-community-set-name: es, ext-community-list: ['rt:65001:1', 'soo:.*']}]\n"
    "    large-community-sets: [{large-community-set-name: ls, large-community-list: ['65001:1:2']}]\n"
    "policy-definitions:\n"
    "  - name: p1\n"
    "    statements:\n"
    "      - name: all\n"
    "        conditions:\n"
    "          match-prefix-set: {prefix-set: ps, match-set-options: invert}\n"
    "          match-neighbor-set: {neighbor-set: ns}\n"
    "          bgp-conditions:\n"
    "            match-as-path-set: {as-path-set: as, match-set-options: all}\n"
    "            match-community-set: {community-set: cs, match-set-options: any}\n"
    "            match-ext-community-set: {ext-community-set: es}\n"
    "            match-large-community-set: {large-community-set: ls, match-set-options: invert}\n"
    "            as-path-length: {operator: ge, value: 3}\n"
    "            community-count: {operator: le, value: 0}\n"
    "            origin-eq: incomplete\n"
    "            local-pref-eq: 200\n"
    "            med-eq: 0\n"
    "            rpki-validation-result: invalid\n"
    "            route-type: internal\n"
    "            next-hop-in-list: [192.0.2.9, 198.51.100.0/24]\n"
    "            afi-safi-in-list: [ipv4-unicast, ipv6-unicast]\n"
    "        actions:\n"
    "          route-disposition: accept-route\n"
    "          bgp-actions:\n"
    "            set-community: {options: add, set-community-method: {communities-list: ['65001:2', no-export]}}\n"
    "            set-ext-community:\n"
    "              {options: REMOVE, set-ext-community-method: {communities-list: ['rt:65001:.*']}}\n"
    "            set-large-community:\n"
    "              {options: replace, set-large-community-method: {communities-list: ['1:2:3']}}\n"
    "            set-med: '-10'\n"
    "            set-local-pref: 150\n"
    "            set-as-path-prepend: {as: last-as, repeat-n: 5}\n"
    "            set-next-hop: 2001:db8::1\n"
    "            set-route-origin: egp\n"
    "      - {actions: {bgp-actions: {set-med: '+7', set-next-hop: unchanged,\n"
    "                                 set-as-path-prepend: {as: 65099, repeat-n: 1}}}}\n"
    "      - {name: last, actions: {bgp-actions: {set-med: 7, set-next-hop: peer-address},\n"
    "                               route-disposition: reject-route}}\n"
    "  - name: p2\n";

static void test_policies(void **state)
{
    struct config *config = of(every_policy);
    const struct policy_definitions *policies = config->policies;
    assert_int_equal(policies->set_count, 8);
    assert_int_equal(policies->policy_count, 2);
    const struct statement_spec *all = &policies->policies[0].statements[0];
    assert_int_equal(all->conditions.prefix_set.option, MATCH_INVERT);
    assert_int_equal(all->conditions.community_count.comparison, COMPARE_AT_MOST);
    assert_true(all->conditions.med.present && all->conditions.origin.present);
    assert_int_equal(all->conditions.families, 1 << FAMILY_IPV4_UNICAST | 1 << FAMILY_IPV6_UNICAST);
    assert_int_equal(all->actions.ext_community.change, COMMUNITY_REMOVE);
    assert_int_equal(all->actions.med.value, -10);
    assert_int_equal(config->global.apply_policy.import_count, 2);
    assert_round_trip(config);
    config_free(config);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Some of a section's keys with valid values, as lines or (separator ", ") inside an inline table. */
static void add_random_keys(const struct section *section, const char *prefix, const char *separator, unsigned *random,
                            struct str *text)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        char path[256];
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix && *key->path ? "." : "", key->path);
        if (key->type == KEY_BLOCK) {
            add_random_keys(key->section, path, separator, random, text);
            continue;
        }
        if (key->section || key->class == NOT_YET || key->type == KEY_NEIGHBOR_ADDRESS || (key->flags & ALWAYS) ||
            strcmp(key->path, "config.peer-group") == 0 || strstr(key->path, "port-policy-list") != NULL ||
            strcmp(key->path, "config.peer-as") == 0 || next_random(random) % 6)
            continue;
        str_printf(text, "%s = ", path);
        sample_valid(key, next_random(random), text);
        str_add(text, separator);
    }
}

static void add_random_families(unsigned *random, struct str *text)
{
    if (next_random(random) % 2)
        return;
    str_add(text, "afi-safis = [{");
    add_random_keys(&schema_family, "", ", ", random, text);
    str_add(text, "config.afi-safi-name = \"ipv4-unicast\"}]\n");
}

static void random_file(unsigned seed, struct str *text)
{
    unsigned random = seed;
    str_printf(text, "[global]\nconfig.as = 65001\nconfig.router-id = \"192.0.2.1\"\n");
    add_random_keys(&schema_global, "", "\n", &random, text);
    str_printf(text, "[godwit]\n");
    add_random_keys(&schema_godwit, "", "\n", &random, text);
    str_printf(text, "[[peer-groups]]\nconfig.peer-group-name = \"g\"\n%s",
               seed % 3 ? "" : "config.peer-as = 4200000001\n");
    add_random_keys(&schema_peer_group, "", "\n", &random, text);
    add_random_families(&random, text);
    for (unsigned i = 0; i < 3; i++) {
        str_printf(text, "[[neighbors]]\nconfig.neighbor-address = \"198.51.100.%u\"\nconfig.peer-as = %u\n%s", i,
                   i % 2 ? 65002 : 0, i ? "config.peer-group = \"g\"\n" : "");
        add_random_keys(&schema_neighbor, "", "\n", &random, text);
        add_random_families(&random, text);
    }
}

static void test_random_round_trips(void **state)
{
    static char memory[1 << 16];
    unsigned accepted = 0;
    for (unsigned seed = 1; seed <= RANDOM_FILES; seed++) {
        struct str text = str_over(memory, sizeof(memory));
        struct config *config;
        struct err err;
        random_file(seed, &text);
        assert_false(text.truncated);
        /* Some contradict themselves; the rest must survive. */
        if (config_read_text("x", text.text, text.length, CONFIG_TOML, &config, &err) < 0)
            continue;
        accepted++;
        assert_round_trip(config);
        config_free(config);
    }
    assert_in_range(accepted, RANDOM_FILES / 20, RANDOM_FILES);
}

static void test_examples(void **state)
{
    struct dirent *entry;
    unsigned seen = 0;
    DIR *directory = opendir(SOURCE_ROOT "/examples");
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        char path[1024];
        struct config *config;
        struct err err;
        const char *extension = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || !extension ||
            (strcmp(extension, ".toml") && strcmp(extension, ".yaml") && strcmp(extension, ".json")))
            continue;
        snprintf(path, sizeof(path), SOURCE_ROOT "/examples/%s", entry->d_name);
        if (config_read_file(path, config_format_of(path, CONFIG_TOML), &config, &err) < 0)
            fail_msg("%s", err.text);
        assert_true(config->global.ebgp_requires_policy && config->global.honour_well_known &&
                    config->global.refuse_as_set);
        assert_true(config->neighbor_count > 0);
        assert_round_trip(config);
        config_free(config);
        seen++;
    }
    closedir(directory);
    assert_in_range(seen, 4, 100);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_toml),
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_dynamic_neighbors),
        cmocka_unit_test(test_mrt_dumps),
        cmocka_unit_test(test_global_lists),
        cmocka_unit_test(test_against_the_group),
        cmocka_unit_test(test_foreign_text_is_escaped),
        cmocka_unit_test(test_full_output),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_random_round_trips),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
