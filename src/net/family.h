/* Address families: AFI/SAFI pairs we know, one const table. The order is that of GoBGP's configuration model,
 * because its API numbers families by it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    AFI_IPV4 = 1,
    AFI_IPV6 = 2,
    AFI_L2VPN = 25,
    AFI_LS = 16388,
    AFI_OPAQUE = 16397,
};

enum {
    SAFI_UNICAST = 1,
    SAFI_MULTICAST = 2,
    SAFI_MPLS_LABEL = 4,
    SAFI_ENCAPSULATION = 7,
    SAFI_VPLS = 65,
    SAFI_EVPN = 70,
    SAFI_LS = 71,
    SAFI_SR_POLICY = 73,
    SAFI_MUP = 85,
    SAFI_MPLS_VPN = 128,
    SAFI_MPLS_VPN_MULTICAST = 129,
    SAFI_ROUTE_TARGET = 132,
    SAFI_FLOWSPEC = 133,
    SAFI_FLOWSPEC_VPN = 134,
    SAFI_KEY_VALUE = 241,
};

enum family_id {
    FAMILY_IPV4_UNICAST,
    FAMILY_IPV6_UNICAST,
    FAMILY_IPV4_LABELLED,
    FAMILY_IPV6_LABELLED,
    FAMILY_VPN_IPV4,
    FAMILY_VPN_IPV6,
    FAMILY_VPN_IPV4_MULTICAST,
    FAMILY_VPN_IPV6_MULTICAST,
    FAMILY_VPLS,
    FAMILY_EVPN,
    FAMILY_IPV4_MULTICAST,
    FAMILY_IPV6_MULTICAST,
    FAMILY_RTC,
    FAMILY_IPV4_ENCAP,
    FAMILY_IPV6_ENCAP,
    FAMILY_IPV4_FLOWSPEC,
    FAMILY_VPN_IPV4_FLOWSPEC,
    FAMILY_IPV6_FLOWSPEC,
    FAMILY_VPN_IPV6_FLOWSPEC,
    FAMILY_L2VPN_FLOWSPEC,
    FAMILY_IPV4_SRPOLICY,
    FAMILY_IPV6_SRPOLICY,
    FAMILY_OPAQUE,
    FAMILY_LS,
    FAMILY_IPV4_MUP,
    FAMILY_IPV6_MUP,
    FAMILY_COUNT,
    FAMILY_UNKNOWN = FAMILY_COUNT,
};

/* A set of families as bits 1 << family_id. */
typedef uint32_t family_set;

struct family {
    uint16_t afi;
    uint8_t safi;
    const char *config_name; /* "ipv4-unicast", "l3vpn-ipv4-unicast" */
    const char *cli_names;   /* what -a accepts, separated by blanks: "ipv4 v4 4" */
    bool routed;             /* this build carries routes of the family end to end */
};

const struct family *family_get(enum family_id id); /* NULL for FAMILY_UNKNOWN */
enum family_id family_from_afi_safi(uint16_t afi, uint8_t safi);
enum family_id family_from_config_name(const char *name);
enum family_id family_from_cli_name(const char *name);

/* Number of bits of an address in a plain prefix family: 32 for AFI 1, 128 for AFI 2. */
unsigned family_address_bits(enum family_id id);
