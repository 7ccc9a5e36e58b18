#include "net/family.h"

#include <string.h>

#include "base/check.h"
#include "base/str.h"

static const struct family families[FAMILY_COUNT] = {
    [FAMILY_IPV4_UNICAST] = {AFI_IPV4, SAFI_UNICAST, "ipv4-unicast", "ipv4 v4 4", true},
    [FAMILY_IPV6_UNICAST] = {AFI_IPV6, SAFI_UNICAST, "ipv6-unicast", "ipv6 v6 6", true},
    [FAMILY_IPV4_LABELLED] = {AFI_IPV4, SAFI_MPLS_LABEL, "ipv4-labelled-unicast",
                              "ipv4-labeled ipv4-labelled ipv4-mpls", false},
    [FAMILY_IPV6_LABELLED] = {AFI_IPV6, SAFI_MPLS_LABEL, "ipv6-labelled-unicast",
                              "ipv6-labeled ipv6-labelled ipv6-mpls", false},
    [FAMILY_VPN_IPV4] = {AFI_IPV4, SAFI_MPLS_VPN, "l3vpn-ipv4-unicast", "ipv4-l3vpn vpnv4 vpn-ipv4", false},
    [FAMILY_VPN_IPV6] = {AFI_IPV6, SAFI_MPLS_VPN, "l3vpn-ipv6-unicast", "ipv6-l3vpn vpnv6 vpn-ipv6", false},
    [FAMILY_VPN_IPV4_MULTICAST] = {AFI_IPV4, SAFI_MPLS_VPN_MULTICAST, "l3vpn-ipv4-multicast", "", false},
    [FAMILY_VPN_IPV6_MULTICAST] = {AFI_IPV6, SAFI_MPLS_VPN_MULTICAST, "l3vpn-ipv6-multicast", "", false},
    [FAMILY_VPLS] = {AFI_L2VPN, SAFI_VPLS, "l2vpn-vpls", "l2vpn-vpls", false},
    [FAMILY_EVPN] = {AFI_L2VPN, SAFI_EVPN, "l2vpn-evpn", "evpn", false},
    [FAMILY_IPV4_MULTICAST] = {AFI_IPV4, SAFI_MULTICAST, "ipv4-multicast", "", false},
    [FAMILY_IPV6_MULTICAST] = {AFI_IPV6, SAFI_MULTICAST, "ipv6-multicast", "", false},
    [FAMILY_RTC] = {AFI_IPV4, SAFI_ROUTE_TARGET, "rtc", "rtc", false},
    [FAMILY_IPV4_ENCAP] = {AFI_IPV4, SAFI_ENCAPSULATION, "ipv4-encap", "encap ipv4-encap", false},
    [FAMILY_IPV6_ENCAP] = {AFI_IPV6, SAFI_ENCAPSULATION, "ipv6-encap", "ipv6-encap", false},
    [FAMILY_IPV4_FLOWSPEC] = {AFI_IPV4, SAFI_FLOWSPEC, "ipv4-flowspec", "ipv4-flowspec ipv4-flow flow4", false},
    [FAMILY_VPN_IPV4_FLOWSPEC] = {AFI_IPV4, SAFI_FLOWSPEC_VPN, "l3vpn-ipv4-flowspec",
                                  "ipv4-l3vpn-flowspec ipv4vpn-flowspec flowvpn4", false},
    [FAMILY_IPV6_FLOWSPEC] = {AFI_IPV6, SAFI_FLOWSPEC, "ipv6-flowspec", "ipv6-flowspec ipv6-flow flow6", false},
    [FAMILY_VPN_IPV6_FLOWSPEC] = {AFI_IPV6, SAFI_FLOWSPEC_VPN, "l3vpn-ipv6-flowspec",
                                  "ipv6-l3vpn-flowspec ipv6vpn-flowspec flowvpn6", false},
    [FAMILY_L2VPN_FLOWSPEC] = {AFI_L2VPN, SAFI_FLOWSPEC_VPN, "l2vpn-flowspec", "l2vpn-flowspec", false},
    [FAMILY_IPV4_SRPOLICY] = {AFI_IPV4, SAFI_SR_POLICY, "ipv4-srpolicy", "", false},
    [FAMILY_IPV6_SRPOLICY] = {AFI_IPV6, SAFI_SR_POLICY, "ipv6-srpolicy", "", false},
    [FAMILY_OPAQUE] = {AFI_OPAQUE, SAFI_KEY_VALUE, "opaque", "opaque", false},
    [FAMILY_LS] = {AFI_LS, SAFI_LS, "ls", "ls linkstate bgpls", false},
    [FAMILY_IPV4_MUP] = {AFI_IPV4, SAFI_MUP, "ipv4-mup", "ipv4-mup mup-ipv4 mup4", false},
    [FAMILY_IPV6_MUP] = {AFI_IPV6, SAFI_MUP, "ipv6-mup", "ipv6-mup mup-ipv6 mup6", false},
};

const struct family *family_get(enum family_id id)
{
    return (unsigned)id < FAMILY_COUNT ? &families[id] : NULL;
}

enum family_id family_from_afi_safi(uint16_t afi, uint8_t safi)
{
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (families[id].afi == afi && families[id].safi == safi)
            return (enum family_id)id;
    }
    return FAMILY_UNKNOWN;
}

enum family_id family_from_config_name(const char *name)
{
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (strcmp(families[id].config_name, name) == 0)
            return (enum family_id)id;
    }
    return FAMILY_UNKNOWN;
}

/* Is `name` one of the words of `names`? */
static bool names_contain(const char *names, const char *name)
{
    size_t length = strlen(name);
    while (*names) {
        size_t word = strcspn(names, " ");
        if (word == length && memcmp(names, name, length) == 0)
            return true;
        names += word;
        names += strspn(names, " ");
    }
    return false;
}

enum family_id family_from_cli_name(const char *name)
{
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (names_contain(families[id].cli_names, name))
            return (enum family_id)id;
    }
    return FAMILY_UNKNOWN;
}

unsigned family_address_bits(enum family_id id)
{
    const struct family *family = family_get(id);
    if (!family)
        return 0;
    return family->afi == AFI_IPV4 ? 32 : family->afi == AFI_IPV6 ? 128 : 0;
}
