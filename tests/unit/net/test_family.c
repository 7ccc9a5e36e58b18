#include "net/family.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* The numbering clients of the API rely on, in plain figures. */
static const struct {
    const char *name;
    uint16_t afi;
    uint8_t safi;
} numbering[] = {
    {"ipv4-unicast", 1, 1},
    {"ipv6-unicast", 2, 1},
    {"ipv4-labelled-unicast", 1, 4},
    {"ipv6-labelled-unicast", 2, 4},
    {"l3vpn-ipv4-unicast", 1, 128},
    {"l3vpn-ipv6-unicast", 2, 128},
    {"l3vpn-ipv4-multicast", 1, 129},
    {"l3vpn-ipv6-multicast", 2, 129},
    {"l2vpn-vpls", 25, 65},
    {"l2vpn-evpn", 25, 70},
    {"ipv4-multicast", 1, 2},
    {"ipv6-multicast", 2, 2},
    {"rtc", 1, 132},
    {"ipv4-encap", 1, 7},
    {"ipv6-encap", 2, 7},
    {"ipv4-flowspec", 1, 133},
    {"l3vpn-ipv4-flowspec", 1, 134},
    {"ipv6-flowspec", 2, 133},
    {"l3vpn-ipv6-flowspec", 2, 134},
    {"l2vpn-flowspec", 25, 134},
    {"ipv4-srpolicy", 1, 73},
    {"ipv6-srpolicy", 2, 73},
    {"opaque", 16397, 241},
    {"ls", 16388, 71},
    {"ipv4-mup", 1, 85},
    {"ipv6-mup", 2, 85},
};

static void test_numbering(void **state)
{
    assert_int_equal(FAMILY_COUNT, sizeof(numbering) / sizeof(numbering[0]));
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        const struct family *family = family_get((enum family_id)i);
        assert_non_null(family);
        assert_string_equal(family->config_name, numbering[i].name);
        assert_int_equal(family->afi, numbering[i].afi);
        assert_int_equal(family->safi, numbering[i].safi);
        assert_int_equal(family_from_afi_safi(numbering[i].afi, numbering[i].safi), i);
        assert_int_equal(family_from_config_name(numbering[i].name), i);
        assert_int_equal(family_address_bits((enum family_id)i), numbering[i].afi == 1   ? 32
                                                                 : numbering[i].afi == 2 ? 128
                                                                                         : 0);
    }
}

static void test_unknown(void **state)
{
    assert_null(family_get(FAMILY_UNKNOWN));
    assert_null(family_get((enum family_id) - 1));
    assert_int_equal(family_from_afi_safi(1, 3), FAMILY_UNKNOWN);
    assert_int_equal(family_from_afi_safi(3, 1), FAMILY_UNKNOWN);
    assert_int_equal(family_from_config_name("ipv4"), FAMILY_UNKNOWN);
    assert_int_equal(family_from_config_name(""), FAMILY_UNKNOWN);
    assert_int_equal(family_address_bits(FAMILY_UNKNOWN), 0);
}

static void test_cli_names(void **state)
{
    static const struct {
        const char *name;
        enum family_id id;
    } names[] = {
        {"ipv4", FAMILY_IPV4_UNICAST},
        {"v4", FAMILY_IPV4_UNICAST},
        {"4", FAMILY_IPV4_UNICAST},
        {"6", FAMILY_IPV6_UNICAST},
        {"vpnv4", FAMILY_VPN_IPV4},
        {"vpn-ipv6", FAMILY_VPN_IPV6},
        {"ipv4-mpls", FAMILY_IPV4_LABELLED},
        {"ipv6-labeled", FAMILY_IPV6_LABELLED},
        {"evpn", FAMILY_EVPN},
        {"encap", FAMILY_IPV4_ENCAP},
        {"ipv6-encap", FAMILY_IPV6_ENCAP},
        {"rtc", FAMILY_RTC},
        {"flow4", FAMILY_IPV4_FLOWSPEC},
        {"ipv6-flow", FAMILY_IPV6_FLOWSPEC},
        {"flowvpn4", FAMILY_VPN_IPV4_FLOWSPEC},
        {"ipv6vpn-flowspec", FAMILY_VPN_IPV6_FLOWSPEC},
        {"l2vpn-flowspec", FAMILY_L2VPN_FLOWSPEC},
        {"opaque", FAMILY_OPAQUE},
        {"bgpls", FAMILY_LS},
        {"mup6", FAMILY_IPV6_MUP},
        {"ipv", FAMILY_UNKNOWN},
        {"ipv4 v4", FAMILY_UNKNOWN},
        {"", FAMILY_UNKNOWN},
        {" ", FAMILY_UNKNOWN},
        {"ipv4-unicast", FAMILY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (family_from_cli_name(names[i].name) != names[i].id)
            fail_msg("\"%s\" is %d", names[i].name, (int)family_from_cli_name(names[i].name));
    }
}

/* No name may mean two families: every word of the table must lead back to its own row. */
static void test_cli_names_are_unique(void **state)
{
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        char words[128];
        const char *all = family_get((enum family_id)i)->cli_names;
        assert_true(strlen(all) < sizeof(words));
        memcpy(words, all, strlen(all) + 1);
        char *rest = words;
        for (char *word = strsep(&rest, " "); word && *word; word = strsep(&rest, " "))
            assert_int_equal(family_from_cli_name(word), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbering),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_cli_names),
        cmocka_unit_test(test_cli_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
