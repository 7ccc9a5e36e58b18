/* Every action: what it makes of a route. */
#include "lab.h"

#include "net/bgp.h"
#include "base/check.h"

#define ROUTE(...) (&(struct route){__VA_ARGS__})
#define LIST(...) \
    .values = (const char *const[]){__VA_ARGS__}, .count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static const char *acted(struct policy_lab *lab, struct actions_spec actions, const struct route *route)
{
    struct statement_spec statement = {.name = "s", .actions = actions};
    statement.actions.route_action = POLICY_ACCEPT;
    lab_policy(lab, &statement, 1);
    assert_int_equal(lab_pass(lab, route), POLICY_ACCEPT);
    return lab_outcome(lab);
}

#define ACTED(lab, route, ...) acted(lab, (struct actions_spec){__VA_ARGS__}, route)

static int lab_setup(void **state)
{
    struct policy_lab *lab = test_malloc(sizeof(*lab));
    policy_lab_init(lab);
    *state = lab;
    return 0;
}

static int lab_teardown(void **state)
{
    policy_lab_release(*state);
    test_free(*state);
    return 0;
}

static void test_nothing(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(ACTED(lab, ROUTE(.as_path = "7"), .route_action = POLICY_ACCEPT),
                        "path [7] next-hop 192.0.2.1");
    assert_false(lab->result.changed);
}

static void test_community(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(ACTED(lab, ROUTE(), .community = {COMMUNITY_ADD, LIST("65001:1", "no-export")}),
                        "path [] next-hop 192.0.2.1 communities 65001:1 65535:65281");
    /* One that is there is not there twice. */
    assert_string_equal(
        ACTED(lab, ROUTE(.communities = "65001:2 65001:1"), .community = {COMMUNITY_ADD, LIST("65001:1", "65001:3")}),
        "path [] next-hop 192.0.2.1 communities 65001:2 65001:1 65001:3");
    assert_string_equal(ACTED(lab, ROUTE(.communities = "1:1 65001:2 65001:1"),
                              .community = {COMMUNITY_REMOVE, LIST("65001:1", "^1:")}),
                        "path [] next-hop 192.0.2.1 communities 65001:2");
    /* Nothing left: no attribute. */
    assert_string_equal(
        ACTED(lab, ROUTE(.communities = "65001:2 65001:1"), .community = {COMMUNITY_REMOVE, LIST("65001:.*")}),
        "path [] next-hop 192.0.2.1");
    assert_string_equal(
        ACTED(lab, ROUTE(.communities = "65001:2"), .community = {COMMUNITY_REPLACE, LIST("4259905537")}),
        "path [] next-hop 192.0.2.1 communities 65001:1");
    assert_string_equal(ACTED(lab, ROUTE(.communities = "65001:2"), .community = {.change = COMMUNITY_REPLACE}),
                        "path [] next-hop 192.0.2.1");
}

static void test_ext_community(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(
        ACTED(lab, ROUTE(.ext_communities = "rt:1:1"),
              .ext_community = {COMMUNITY_ADD, LIST("rt:65001:1", "soo:192.0.2.1:3", "rt:100000:2", "valid")}),
        "path [] next-hop 192.0.2.1 ext rt:1:1 rt:65001:1 soo:192.0.2.1:3 rt:1.34464:2 valid");
    /* What is not named stays, non-transitive ones too (GoBGP 3 loses them). */
    assert_string_equal(ACTED(lab, ROUTE(.ext_communities = "rt:1:1 rt:2:2 soo:1:1 valid"),
                              .ext_community = {COMMUNITY_REMOVE, LIST("rt:1:1", "rt:2:.*")}),
                        "path [] next-hop 192.0.2.1 ext soo:1:1 valid");
    assert_string_equal(ACTED(lab, ROUTE(.ext_communities = "rt:1:1"),
                              .ext_community = {COMMUNITY_REPLACE, LIST("encap:VXLAN", "lb:65001:1000")}),
                        "path [] next-hop 192.0.2.1 ext encap:VXLAN lb:65001:1000");
}

static void test_large_community(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(
        ACTED(lab, ROUTE(.large_communities = "1:1:1"), .large_community = {COMMUNITY_ADD, LIST("65001:1:2")}),
        "path [] next-hop 192.0.2.1 large 1:1:1 65001:1:2");
    assert_string_equal(ACTED(lab, ROUTE(.large_communities = "1:1:1 2:2:2"),
                              .large_community = {COMMUNITY_REMOVE, LIST("^1:.*", "3:3:3")}),
                        "path [] next-hop 192.0.2.1 large 2:2:2");
    assert_string_equal(
        ACTED(lab, ROUTE(.large_communities = "1:1:1"), .large_community = {COMMUNITY_REPLACE, LIST("7:7:7")}),
        "path [] next-hop 192.0.2.1 large 7:7:7");
}

static void test_med(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(ACTED(lab, ROUTE(), .med = {MED_SET, 7}), "path [] next-hop 192.0.2.1 med 7");
    assert_string_equal(ACTED(lab, ROUTE(.med = 1 + 10), .med = {MED_ADD, 5}), "path [] next-hop 192.0.2.1 med 15");
    assert_string_equal(ACTED(lab, ROUTE(.med = 1 + 10), .med = {MED_ADD, -10}), "path [] next-hop 192.0.2.1 med 0");
    assert_string_equal(ACTED(lab, ROUTE(), .med = {MED_ADD, 5}), "path [] next-hop 192.0.2.1 med 5");
    /* What cannot be leaves it as it was. */
    assert_string_equal(ACTED(lab, ROUTE(.med = 1 + 10), .med = {MED_ADD, -11}), "path [] next-hop 192.0.2.1 med 10");
    assert_string_equal(ACTED(lab, ROUTE(.med = 1 + 10), .med = {MED_ADD, UINT32_MAX}),
                        "path [] next-hop 192.0.2.1 med 10");
}

static void test_numbers(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(ACTED(lab, ROUTE(.local_pref = 1 + 100), .local_pref = {true, 200}),
                        "path [] next-hop 192.0.2.1 local-pref 200");
    assert_string_equal(ACTED(lab, ROUTE(), .local_pref = {true, 0}), "path [] next-hop 192.0.2.1 local-pref 0");
    assert_string_equal(ACTED(lab, ROUTE(), .origin = {true, ORIGIN_INCOMPLETE}),
                        "origin 2 path [] next-hop 192.0.2.1");
}

static void test_prepend(void **state)
{
    struct policy_lab *lab = *state;
    assert_string_equal(ACTED(lab, ROUTE(.as_path = "7 8"), .prepend = {true, .asn = 65001, .repeat = 3}),
                        "path [65001 65001 65001 7 8] next-hop 192.0.2.1");
    assert_string_equal(ACTED(lab, ROUTE(.as_path = "7 8"), .prepend = {true, .last_as = true, .repeat = 2}),
                        "path [7 7 7 8] next-hop 192.0.2.1");
    assert_string_equal(ACTED(lab, ROUTE(.as_path = ""), .prepend = {true, .last_as = true, .repeat = 2}),
                        "path [] next-hop 192.0.2.1");
    assert_string_equal(ACTED(lab, ROUTE(.as_path = "{7,8} 9"), .prepend = {true, .last_as = true, .repeat = 2}),
                        "path [{7,8} 9] next-hop 192.0.2.1");
    assert_string_equal(ACTED(lab, ROUTE(.as_path = ""), .prepend = {true, .asn = 65001, .repeat = 1}),
                        "path [65001] next-hop 192.0.2.1");
    assert_string_equal(ACTED(lab, ROUTE(.as_path = "7"), .prepend = {true, .asn = 65001, .repeat = 0}),
                        "path [7] next-hop 192.0.2.1");
    lab->facts.confederation = true;
    assert_string_equal(ACTED(lab, ROUTE(.as_path = "7"), .prepend = {true, .asn = 64512, .repeat = 2}),
                        "path [(64512 64512) 7] next-hop 192.0.2.1");
}

static void test_next_hop(void **state)
{
    struct policy_lab *lab = *state;
    struct actions_spec address = {.next_hop = {NEXT_HOP_ADDRESS, addr_ipv4(0xC0000207)}};
    assert_string_equal(acted(lab, address, ROUTE()), "path [] next-hop 192.0.2.7");
    /* Not of a family its routes could have. */
    assert_string_equal(
        acted(lab, address, ROUTE(.family = FAMILY_IPV6_UNICAST, .prefix = "2001:db8::/32", .next_hop = "2001:db8::1")),
        "path [] next-hop 2001:db8::1");
    assert_string_equal(ACTED(lab, ROUTE(), .next_hop = {.change = NEXT_HOP_SELF}), "path [] next-hop 192.0.2.1");
    lab->facts.self = addr_ipv4(0xC0000263);
    assert_string_equal(ACTED(lab, ROUTE(), .next_hop = {.change = NEXT_HOP_SELF}), "path [] next-hop 192.0.2.99");
    assert_string_equal(ACTED(lab, ROUTE(), .next_hop = {.change = NEXT_HOP_UNCHANGED}), "path [] next-hop 192.0.2.1");
    lab->facts.old_next_hop = addr_ipv4(0xC0000205);
    assert_string_equal(ACTED(lab, ROUTE(), .next_hop = {.change = NEXT_HOP_UNCHANGED}), "path [] next-hop 192.0.2.5");
    assert_string_equal(ACTED(lab, ROUTE(.neighbor = "192.0.2.66"), .next_hop = {.change = NEXT_HOP_PEER_ADDRESS}),
                        "path [] next-hop 192.0.2.66");
}

/* What could not be written is refused when it is said. */
static void test_refused(void **state)
{
    struct policy_lab *lab = *state;
    const struct {
        struct actions_spec actions;
        const char *text;
    } cases[] = {
        {{.community = {COMMUNITY_ADD, LIST("65001:")}}, "failed to parse 65001: as community"},
        {{.community = {COMMUNITY_REMOVE, LIST("(65001")}}, "error parsing regexp: missing closing ): `(65001`"},
        {{.ext_community = {COMMUNITY_ADD, LIST("rt:x")}},
         "rt:x: invalid ext-community (rt|soo|encap|lb):<value> | valid | not-found | invalid"},
        {{.large_community = {COMMUNITY_ADD, LIST("1:2")}}, "invalid large community format: 1:2"},
        {{.med = {MED_SET, -1}}, "invalid med action format: -1"},
        {{.med = {MED_ADD, 1LL << 32}}, "invalid med action format: 4294967296"},
        {{.prepend = {true, .asn = 0, .repeat = 1}}, "specify as to prepend: AS 0 is nobody's (RFC 7607)"},
        {{.origin = {true, 3}}, "invalid origin"},
        {{.next_hop = {NEXT_HOP_ADDRESS, {0}}}, " is no address a next hop can have"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct statement_spec statement = {.name = "s", .actions = cases[i].actions};
        struct err err = {{0}};
        assert_true(policy_statement_add(lab->table, &statement, &err) < 0);
        assert_string_equal(err.text, cases[i].text);
    }
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_nothing),         LAB_TEST(test_community), LAB_TEST(test_ext_community),
        LAB_TEST(test_large_community), LAB_TEST(test_med),       LAB_TEST(test_numbers),
        LAB_TEST(test_prepend),         LAB_TEST(test_next_hop),  LAB_TEST(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
