/* Every condition: routes for which it holds, and routes for which it does not. */
#include "lab.h"

#include "net/bgp.h"
#include "base/check.h"

#define STATEMENT(...) \
    ((struct statement_spec){.name = "s", .conditions = {__VA_ARGS__}, .actions = {.route_action = POLICY_ACCEPT}})
#define ROUTE(...) (&(struct route){__VA_ARGS__})

static bool holds(struct policy_lab *lab, struct statement_spec statement, const struct route *route)
{
    lab_policy(lab, &statement, 1);
    return lab_pass(lab, route) == POLICY_ACCEPT;
}

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
    assert_true(holds(*state, STATEMENT(), ROUTE()));
}

static void test_prefix(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_PREFIX, "ps", "10.0.0.0/8 16..24", "192.0.2.0/24");
    lab_set(lab, SET_PREFIX, "none", NULL, 0);
    struct statement_spec any = STATEMENT(.prefix_set = {"ps", MATCH_ANY});
    struct statement_spec invert = STATEMENT(.prefix_set = {"ps", MATCH_INVERT});
    assert_true(holds(lab, any, ROUTE(.prefix = "10.1.0.0/16")));
    assert_false(holds(lab, any, ROUTE(.prefix = "10.0.0.0/8")));
    assert_false(holds(lab, invert, ROUTE(.prefix = "10.1.0.0/16")));
    assert_true(holds(lab, invert, ROUTE(.prefix = "10.0.0.0/8")));
    /* Neither way says anything about the other address family; an empty set about nothing. */
    assert_false(holds(lab, invert, ROUTE(.prefix = "2001:db8::/32", .family = FAMILY_IPV6_UNICAST)));
    assert_false(holds(lab, STATEMENT(.prefix_set = {"none", MATCH_INVERT}), ROUTE()));
}

static void test_neighbor(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_NEIGHBOR, "ns", "192.0.2.1", "198.51.100.0/24", "2001:db8::1");
    lab_set(lab, SET_NEIGHBOR, "none", NULL, 0);
    struct statement_spec any = STATEMENT(.neighbor_set = {"ns", MATCH_ANY});
    struct statement_spec invert = STATEMENT(.neighbor_set = {"ns", MATCH_INVERT});
    assert_true(holds(lab, any, ROUTE(.neighbor = "192.0.2.1")));
    assert_true(holds(lab, any, ROUTE(.neighbor = "198.51.100.77")));
    assert_true(holds(lab, any, ROUTE(.neighbor = "2001:db8::1")));
    assert_false(holds(lab, any, ROUTE(.neighbor = "192.0.2.2")));
    assert_true(holds(lab, invert, ROUTE(.neighbor = "192.0.2.2")));
    assert_false(holds(lab, invert, ROUTE(.neighbor = "192.0.2.1")));
    /* Our own routes are nobody's; an empty set is everybody. */
    assert_false(holds(lab, any, ROUTE()));
    assert_false(holds(lab, invert, ROUTE()));
    assert_true(holds(lab, STATEMENT(.neighbor_set = {"none", MATCH_ANY}), ROUTE()));
}

static void test_as_path(void **state)
{
    struct policy_lab *lab = *state;
    static const struct {
        const char *pattern, *yes, *no;
    } cases[] = {
        {"^65001_", "65001 65002", "65002 65001"},
        {"_65001$", "65002 65001", "65001 65002"},
        {"^65001$", "65001", "65001 65001"},
        {"_65001_", "65002 65001 65003", "165001"},
        {"_65001_", "65001", "650010"},
        {"_65001", "7 {65001,65002}", "7 {65002,65003}"}, /* an expression: sees sets too */
        {"^$", "", "65001"},
        {"^6500[1-3]( [0-9]+)*$", "65002 7 8", "65004 7"},
        {"_6500[12]_", "7 65002 8", "7 65003 8"},
        {"^\\(64512", "(64512 64513) 65001", "64512 65001"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        lab_set(lab, SET_AS_PATH, "as", &cases[i].pattern, 1);
        if (!holds(lab, STATEMENT(.as_path_set = {"as", MATCH_ANY}), ROUTE(.as_path = cases[i].yes)))
            fail_msg("%s does not match [%s]", cases[i].pattern, cases[i].yes);
        if (holds(lab, STATEMENT(.as_path_set = {"as", MATCH_ANY}), ROUTE(.as_path = cases[i].no)))
            fail_msg("%s matches [%s]", cases[i].pattern, cases[i].no);
        if (!holds(lab, STATEMENT(.as_path_set = {"as", MATCH_INVERT}), ROUTE(.as_path = cases[i].no)))
            fail_msg("%s inverted does not match [%s]", cases[i].pattern, cases[i].no);
    }
    LAB_SET(lab, SET_AS_PATH, "as", "^65001_", "_65002$", "6500[0-9]");
    struct statement_spec all = STATEMENT(.as_path_set = {"as", MATCH_ALL});
    struct statement_spec any = STATEMENT(.as_path_set = {"as", MATCH_ANY});
    struct statement_spec invert = STATEMENT(.as_path_set = {"as", MATCH_INVERT});
    assert_true(holds(lab, all, ROUTE(.as_path = "65001 65002")));
    assert_false(holds(lab, all, ROUTE(.as_path = "65001 65003")));
    assert_true(holds(lab, any, ROUTE(.as_path = "7 65002")));
    assert_false(holds(lab, invert, ROUTE(.as_path = "7 65002")));
    assert_true(holds(lab, invert, ROUTE(.as_path = "7 8")));
}

static void test_community(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_COMMUNITY, "cs", "65001:1", "no-export", "^65002:");
    struct statement_spec any = STATEMENT(.community_set = {"cs", MATCH_ANY});
    struct statement_spec all = STATEMENT(.community_set = {"cs", MATCH_ALL});
    struct statement_spec invert = STATEMENT(.community_set = {"cs", MATCH_INVERT});
    assert_true(holds(lab, any, ROUTE(.communities = "7:7 65001:1")));
    assert_true(holds(lab, any, ROUTE(.communities = "65535:65281")));
    assert_true(holds(lab, any, ROUTE(.communities = "65002:9")));
    assert_false(holds(lab, any, ROUTE(.communities = "65001:11 165:1")));
    assert_false(holds(lab, any, ROUTE()));
    assert_true(holds(lab, invert, ROUTE()));
    assert_false(holds(lab, invert, ROUTE(.communities = "7:7 65001:1")));
    assert_true(holds(lab, all, ROUTE(.communities = "65002:2 65001:1 no-export")));
    assert_false(holds(lab, all, ROUTE(.communities = "65002:2 65001:1")));
    /* As GoBGP: a plain N:N is the whole, anything else matches anywhere in it. */
    LAB_SET(lab, SET_COMMUNITY, "cs", "5001:[0-9]");
    assert_true(holds(lab, any, ROUTE(.communities = "65001:1")));
    LAB_SET(lab, SET_COMMUNITY, "cs", "4259905537"); /* 65001:1 */
    assert_true(holds(lab, any, ROUTE(.communities = "65001:1")));
}

static void test_ext_community(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_EXT_COMMUNITY, "es", "rt:65001:1", "soo:65001:.*", "encap:VXLAN");
    struct statement_spec any = STATEMENT(.ext_community_set = {"es", MATCH_ANY});
    struct statement_spec all = STATEMENT(.ext_community_set = {"es", MATCH_ALL});
    struct statement_spec invert = STATEMENT(.ext_community_set = {"es", MATCH_INVERT});
    assert_true(holds(lab, any, ROUTE(.ext_communities = "rt:7:7 rt:65001:1")));
    assert_true(holds(lab, any, ROUTE(.ext_communities = "soo:65001:77")));
    assert_true(holds(lab, any, ROUTE(.ext_communities = "encap:VXLAN")));
    assert_false(holds(lab, any, ROUTE(.ext_communities = "soo:65002:1 rt:65001:2 rt:65001:11")));
    assert_false(holds(lab, any, ROUTE(.ext_communities = "soo:7:7 valid")));
    assert_true(holds(lab, all, ROUTE(.ext_communities = "rt:65001:1 soo:65001:2 encap:VXLAN rt:9:9")));
    assert_false(holds(lab, all, ROUTE(.ext_communities = "rt:65001:1 soo:65001:2")));
    /* GoBGP 3 asks about the last community only. */
    assert_false(holds(lab, invert, ROUTE(.ext_communities = "rt:65001:1 rt:7:7")));
    assert_true(holds(lab, invert, ROUTE(.ext_communities = "rt:7:7")));
    LAB_SET(lab, SET_EXT_COMMUNITY, "es", "rt:192.0.2.1:5", "rt:1.2:3", "lb:65001:1000");
    assert_true(holds(lab, any, ROUTE(.ext_communities = "rt:192.0.2.1:5")));
    assert_true(holds(lab, any, ROUTE(.ext_communities = "rt:65538:3")));
    assert_true(holds(lab, any, ROUTE(.ext_communities = "lb:65001:1000")));
}

static void test_large_community(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_LARGE_COMMUNITY, "ls", "65001:1:2", "^4200000000:[0-9]+:7$");
    struct statement_spec any = STATEMENT(.large_community_set = {"ls", MATCH_ANY});
    struct statement_spec all = STATEMENT(.large_community_set = {"ls", MATCH_ALL});
    struct statement_spec invert = STATEMENT(.large_community_set = {"ls", MATCH_INVERT});
    assert_true(holds(lab, any, ROUTE(.large_communities = "1:1:1 65001:1:2")));
    assert_true(holds(lab, any, ROUTE(.large_communities = "4200000000:9:7")));
    assert_false(holds(lab, any, ROUTE(.large_communities = "65001:1:22")));
    assert_true(holds(lab, all, ROUTE(.large_communities = "65001:1:2 4200000000:9:7")));
    assert_false(holds(lab, all, ROUTE(.large_communities = "65001:1:2")));
    assert_true(holds(lab, invert, ROUTE(.large_communities = "1:1:1")));
}

static void test_numbers(void **state)
{
    struct policy_lab *lab = *state;
    static const struct {
        enum comparison comparison;
        bool below, equal, above;
    } cases[] = {{COMPARE_EQUAL, false, true, false},
                 {COMPARE_AT_LEAST, false, true, true},
                 {COMPARE_AT_MOST, true, true, false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct statement_spec length = STATEMENT(.as_path_length = {true, cases[i].comparison, 3});
        struct statement_spec count = STATEMENT(.community_count = {true, cases[i].comparison, 2});
        assert_int_equal(holds(lab, length, ROUTE(.as_path = "1 2")), cases[i].below);
        assert_int_equal(holds(lab, length, ROUTE(.as_path = "1 2 {3,4,5}")), cases[i].equal);
        assert_int_equal(holds(lab, length, ROUTE(.as_path = "1 2 3 4")), cases[i].above);
        assert_int_equal(holds(lab, count, ROUTE(.communities = "1:1")), cases[i].below);
        assert_int_equal(holds(lab, count, ROUTE(.communities = "1:1 1:2")), cases[i].equal);
        assert_int_equal(holds(lab, count, ROUTE(.communities = "1:1 1:2 1:3")), cases[i].above);
    }
    assert_true(holds(lab, STATEMENT(.community_count = {true, COMPARE_EQUAL, 0}), ROUTE()));
    assert_true(holds(lab, STATEMENT(.as_path_length = {true, COMPARE_EQUAL, 1}), ROUTE(.as_path = "(64512 64513) 7")));
    assert_true(holds(lab, STATEMENT(.origin = {true, ORIGIN_EGP}), ROUTE(.origin = ORIGIN_EGP)));
    assert_false(holds(lab, STATEMENT(.origin = {true, ORIGIN_EGP}), ROUTE(.origin = ORIGIN_IGP)));
    assert_true(holds(lab, STATEMENT(.local_pref = {true, 200}), ROUTE(.local_pref = 1 + 200)));
    assert_false(holds(lab, STATEMENT(.local_pref = {true, 200}), ROUTE()));
    assert_true(holds(lab, STATEMENT(.local_pref = {true, 100}), ROUTE())); /* what none comes to */
    assert_true(holds(lab, STATEMENT(.med = {true, 0}), ROUTE(.med = 1 + 0)));
    assert_false(holds(lab, STATEMENT(.med = {true, 0}), ROUTE())); /* none is not 0 */
}

static enum rpki_result validity(void *context, const struct prefix *prefix, uint32_t origin_as)
{
    (void)prefix;
    assert_int_equal(origin_as, 65003);
    return *(const enum rpki_result *)context;
}

static void test_rpki(void **state)
{
    struct policy_lab *lab = *state;
    struct statement_spec invalid = STATEMENT(.rpki = RPKI_RESULT_INVALID);
    enum rpki_result result = RPKI_RESULT_INVALID;
    assert_false(holds(lab, invalid, ROUTE(.as_path = "65002 65003"))); /* nobody knows */
    lab->facts.rpki = validity;
    lab->facts.rpki_context = &result;
    assert_true(holds(lab, invalid, ROUTE(.as_path = "65002 65003")));
    result = RPKI_RESULT_VALID;
    assert_false(holds(lab, invalid, ROUTE(.as_path = "65002 65003")));
    assert_true(holds(lab, STATEMENT(.rpki = RPKI_RESULT_VALID), ROUTE(.as_path = "65002 65003")));
    result = RPKI_RESULT_NOT_FOUND;
    assert_true(holds(lab, STATEMENT(.rpki = RPKI_RESULT_NOT_FOUND), ROUTE(.as_path = "65002 65003")));
}

static void test_route_type(void **state)
{
    for (enum route_type said = ROUTE_TYPE_INTERNAL; said <= ROUTE_TYPE_LOCAL; said++)
        for (enum route_type is = ROUTE_TYPE_INTERNAL; is <= ROUTE_TYPE_LOCAL; is++)
            assert_int_equal(holds(*state, STATEMENT(.route_type = said), ROUTE(.type = is)), said == is);
}

static void test_next_hop(void **state)
{
    struct policy_lab *lab = *state;
    static const char *const list[] = {"192.0.2.9", "198.51.100.0/24"};
    struct statement_spec statement = STATEMENT(.next_hops = list, .next_hop_count = 2);
    assert_true(holds(lab, statement, ROUTE(.next_hop = "192.0.2.9")));
    assert_true(holds(lab, statement, ROUTE(.next_hop = "198.51.100.3")));
    assert_false(holds(lab, statement, ROUTE(.next_hop = "192.0.2.1")));
    assert_false(holds(lab, statement, ROUTE(.next_hop = "2001:db8::1")));
    /* In export what counts is the one it came with, not our own. */
    lab->facts.old_next_hop = addr_ipv4(0xC0000209);
    assert_true(holds(lab, statement, ROUTE(.next_hop = "192.0.2.1")));
}

static void test_family(void **state)
{
    struct statement_spec ipv6 = STATEMENT(.families = 1 << FAMILY_IPV6_UNICAST | 1 << FAMILY_EVPN);
    assert_false(holds(*state, ipv6, ROUTE()));
    assert_true(holds(*state, ipv6, ROUTE(.prefix = "2001:db8::/32", .family = FAMILY_IPV6_UNICAST)));
}

/* All conditions of a statement must hold. */
static void test_together(void **state)
{
    struct policy_lab *lab = *state;
    LAB_SET(lab, SET_PREFIX, "ps", "10.0.0.0/8");
    LAB_SET(lab, SET_COMMUNITY, "cs", "65001:1");
    struct statement_spec both = STATEMENT(.prefix_set = {"ps", MATCH_ANY}, .community_set = {"cs", MATCH_ANY});
    assert_true(holds(lab, both, ROUTE(.prefix = "10.0.0.0/8", .communities = "65001:1")));
    assert_false(holds(lab, both, ROUTE(.prefix = "10.0.0.0/8")));
    assert_false(holds(lab, both, ROUTE(.communities = "65001:1")));
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_nothing),   LAB_TEST(test_prefix),        LAB_TEST(test_neighbor),        LAB_TEST(test_as_path),
        LAB_TEST(test_community), LAB_TEST(test_ext_community), LAB_TEST(test_large_community), LAB_TEST(test_numbers),
        LAB_TEST(test_rpki),      LAB_TEST(test_route_type),    LAB_TEST(test_next_hop),        LAB_TEST(test_family),
        LAB_TEST(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
