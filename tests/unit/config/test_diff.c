/* What a reload is told. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define GLOBAL "global: {config: {as: 65001, router-id: 192.0.2.1}}\n"

static struct config *of(const char *yaml)
{
    struct config *config;
    struct err err;
    if (config_read_text("x", yaml, strlen(yaml), CONFIG_YAML, &config, &err) < 0)
        fail_msg("%s", err.text);
    return config;
}

struct journal {
    char text[1024];
};

static void add(struct journal *journal, char sign, const char *what)
{
    size_t used = strlen(journal->text);
    snprintf(journal->text + used, sizeof(journal->text) - used, "%c%s ", sign, what);
}

static char sign_of(enum config_change change)
{
    return change == CONFIG_ADDED ? '+' : change == CONFIG_REMOVED ? '-' : '~';
}

static void on_neighbor(void *context, enum config_change change, const struct neighbor_config *before,
                        const struct neighbor_config *after)
{
    char text[ADDR_TEXT_MAX];
    assert_true((before != NULL) == (change != CONFIG_ADDED) && (after != NULL) == (change != CONFIG_REMOVED));
    add(context, sign_of(change), addr_format(&(after ? after : before)->address, text));
}

static void on_group(void *context, enum config_change change, const struct peer_group_config *before,
                     const struct peer_group_config *after)
{
    assert_true((before != NULL) == (change != CONFIG_ADDED) && (after != NULL) == (change != CONFIG_REMOVED));
    add(context, sign_of(change), (after ? after : before)->name);
}

static void on_global(void *context, const char *key)
{
    add(context, '!', key);
}

static void on_policies(void *context, const struct config *before, const struct config *after)
{
    add(context, '~', "policies");
}

static void assert_diff(const char *before_yaml, const char *after_yaml, const char *expected)
{
    static const struct config_diff_ops ops = {
        .neighbor = on_neighbor, .peer_group = on_group, .global = on_global, .policies = on_policies};
    static const struct config_diff_ops nobody = {0};
    struct journal journal = {""};
    struct config *before = of(before_yaml);
    struct config *after = of(after_yaml);
    config_diff(before, after, &ops, &journal);
    assert_string_equal(journal.text, expected);
    config_diff(before, after, &nobody, NULL);
    config_free(before);
    config_free(after);
}

#define NEIGHBOR(address, rest) "  - config: {neighbor-address: " address ", peer-as: 65002" rest "}\n"

static void test_neighbors(void **state)
{
    static const char two[] =
        GLOBAL "neighbors:\n" NEIGHBOR("192.0.2.2", "") NEIGHBOR("192.0.2.3", ", description: old");
    assert_diff(two, two, "");
    assert_diff(two, GLOBAL "neighbors:\n" NEIGHBOR("192.0.2.3", ", description: old") NEIGHBOR("192.0.2.2", ""), "");
    assert_diff(two, GLOBAL "neighbors:\n" NEIGHBOR("192.0.2.3", ", description: new") NEIGHBOR("192.0.2.1", ""),
                "+192.0.2.1 -192.0.2.2 ~192.0.2.3 ");
    assert_diff(two, GLOBAL, "-192.0.2.2 -192.0.2.3 ");
    assert_diff(GLOBAL, two, "+192.0.2.2 +192.0.2.3 ");
}

static void test_a_group_changes_its_members(void **state)
{
    static const char format[] = GLOBAL "peer-groups:\n  - config: {peer-group-name: g}\n"
                                        "    timers: {config: {hold-time: %d}}\n"
                                        "neighbors:\n" NEIGHBOR("192.0.2.2", ", peer-group: g");
    char before[512];
    char after[512];
    snprintf(before, sizeof(before), format, 9);
    snprintf(after, sizeof(after), format, 30);
    assert_diff(before, after, "~g ~192.0.2.2 ");
}

static void test_global(void **state)
{
    assert_diff(GLOBAL,
                "global:\n  config: {as: 65001, router-id: 192.0.2.9, port: 1790, local-address-list: ['::']}\n"
                "  graceful-restart: {config: {enabled: true}}\n"
                "  afi-safis: [{config: {afi-safi-name: ipv4-unicast}}]\n"
                "godwit: {deterministic-med: true}\n",
                "!global.config.router-id !global.config.port !global.config.local-address-list "
                "!global.graceful-restart.config.enabled !global.graceful-restart.config.restart-time "
                "!global.graceful-restart.config.deferral-time !global.afi-safis !godwit.deterministic-med ");
}

static void on_dynamic_neighbor(void *context, enum config_change change, const struct dynamic_neighbor_config *before,
                                const struct dynamic_neighbor_config *after)
{
    char text[PREFIX_TEXT_MAX];
    assert_true((before != NULL) == (change != CONFIG_ADDED) && (after != NULL) == (change != CONFIG_REMOVED));
    add(context, sign_of(change), prefix_format(&(after ? after : before)->prefix, text));
}

static struct dynamic_neighbor_config dynamic(const char *prefix, const char *group)
{
    struct dynamic_neighbor_config config = {0};
    assert_int_equal(prefix_parse(prefix, false, &config.prefix), 0);
    memcpy(config.peer_group, group, strlen(group));
    return config;
}

static void test_policies(void **state)
{
    static const char sets[] = GLOBAL "defined-sets: {prefix-sets: [{prefix-set-name: ps, prefix-list:\n"
                                      "    [{ip-prefix: 10.0.0.0/8}]}]}\n"
                                      "policy-definitions: [{name: p, statements: [{name: s}]}]\n";
    static const char wider[] = GLOBAL "defined-sets: {prefix-sets: [{prefix-set-name: ps, prefix-list:\n"
                                       "    [{ip-prefix: 10.0.0.0/8, masklength-range: 8..16}]}]}\n"
                                       "policy-definitions: [{name: p, statements: [{name: s}]}]\n";
    static const char applied[] = "global:\n  config: {as: 65001, router-id: 192.0.2.1}\n"
                                  "  apply-policy: {config: {import-policy-list: [p]}}\n"
                                  "policy-definitions: [{name: p}]\n";
    static const char not_applied[] = GLOBAL "policy-definitions: [{name: p}]\n";
    assert_diff(GLOBAL, GLOBAL, "");
    assert_diff(GLOBAL, GLOBAL "defined-sets: {}\npolicy-definitions: []\n", "");
    assert_diff(GLOBAL, sets, "~policies ");
    assert_diff(sets, sets, "");
    assert_diff(sets, wider, "~policies ");
    assert_diff(sets, GLOBAL, "~policies ");
    assert_diff(not_applied, applied, "~policies ");
}

static void test_dynamic_neighbors(void **state)
{
    static const struct config_diff_ops ops = {.dynamic_neighbor = on_dynamic_neighbor};
    static const struct config_diff_ops nobody = {0};
    struct dynamic_neighbor_config old[] = {dynamic("192.0.2.0/24", "a"), dynamic("10.0.0.0/8", "a"),
                                            dynamic("2001:db8::/32", "a")};
    struct dynamic_neighbor_config new[] = {dynamic("2001:db8::/32", "a"), dynamic("192.0.2.0/24", "b"),
                                            dynamic("192.0.2.0/25", "a")};
    struct config before = {.dynamic_neighbors = old, .dynamic_neighbor_count = 3};
    struct config after = {.dynamic_neighbors = new, .dynamic_neighbor_count = 3};
    struct journal journal = {""};
    config_diff(&before, &after, &ops, &journal);
    assert_string_equal(journal.text, "-10.0.0.0/8 ~192.0.2.0/24 +192.0.2.0/25 ");
    config_diff(&before, &after, &nobody, NULL);
}

static void on_mrt_dump(void *context, enum config_change change, const struct mrt_dump_config *before,
                        const struct mrt_dump_config *after)
{
    assert_true((before != NULL) == (change != CONFIG_ADDED) && (after != NULL) == (change != CONFIG_REMOVED));
    add(context, sign_of(change), (after ? after : before)->file_name);
}

static void test_mrt_dumps(void **state)
{
    static const struct config_diff_ops ops = {.mrt_dump = on_mrt_dump};
    struct mrt_dump_config old[] = {{.file_name = "same"}, {.file_name = "gone"}, {.file_name = "other"}};
    struct mrt_dump_config new[] = {
        {.file_name = "other", .dump_interval_s = 1}, {.file_name = "same"}, {.file_name = "new"}};
    struct config before = {.mrt_dumps = old, .mrt_dump_count = 3}, after = {.mrt_dumps = new, .mrt_dump_count = 3};
    struct journal journal = {""};
    config_diff(&before, &after, &ops, &journal);
    assert_string_equal(journal.text, "-gone +new ~other ");
}

static void assert_needs_reset(const char *rest, bool expected)
{
    char yaml[1024];
    snprintf(yaml, sizeof(yaml), GLOBAL "neighbors:\n  - config: {neighbor-address: 192.0.2.2, peer-as: 65002}\n%s",
             rest);
    struct config *before = of(GLOBAL "neighbors:\n" NEIGHBOR("192.0.2.2", ""));
    struct config *after = of(yaml);
    if (neighbor_config_needs_reset(&before->neighbors[0], &after->neighbors[0]) != expected)
        fail_msg("%s %s a reset", rest, expected ? "needs" : "does not need");
    assert_false(neighbor_config_needs_reset(&after->neighbors[0], &after->neighbors[0]));
    config_free(before);
    config_free(after);
}

static void test_needs_reset(void **state)
{
    assert_needs_reset("", false);
    assert_needs_reset("    timers: {config: {hold-time: 9, connect-retry: 5}}\n", false);
    assert_needs_reset("    apply-policy: {config: {default-import-policy: reject-route}}\n", false);
    assert_needs_reset("    afi-safis:\n      - config: {afi-safi-name: ipv4-unicast}\n"
                       "        prefix-limit: {config: {max-prefixes: 9}}\n",
                       false);
    assert_needs_reset("    afi-safis:\n      - config: {afi-safi-name: ipv4-unicast}\n"
                       "        add-paths: {config: {send-max: 9}}\n",
                       true);
    assert_needs_reset("    afi-safis: [{config: {afi-safi-name: ipv6-unicast}}]\n", true);
    assert_needs_reset("    transport: {config: {passive-mode: true}}\n", true);
    assert_needs_reset("    transport: {config: {local-address: 192.0.2.1}}\n", true);
    assert_needs_reset("    ebgp-multihop: {config: {enabled: true}}\n", true);
    assert_needs_reset("    graceful-restart: {config: {enabled: true}}\n", true);
    assert_needs_reset("    godwit: {config: {role: peer}}\n", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbors),
        cmocka_unit_test(test_a_group_changes_its_members),
        cmocka_unit_test(test_global),
        cmocka_unit_test(test_needs_reset),
        cmocka_unit_test(test_dynamic_neighbors),
        cmocka_unit_test(test_mrt_dumps),
        cmocka_unit_test(test_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
