/* The extended communities that the words and the JSON of the program name (RFC 4360 and the IANA registries). */
#pragma once

/* The high octet, or the low one of those that have both. */
enum {
    EXT_TWO_OCTET_AS = 0x00,
    EXT_IPV4_ADDRESS = 0x01,
    EXT_FOUR_OCTET_AS = 0x02,
    EXT_OPAQUE = 0x03,
    EXT_EVPN = 0x06,
    EXT_MUP = 0x0c,
    EXT_NON_TRANSITIVE = 0x40,
    EXT_FLOWSPEC = 0x80,
    EXT_FLOWSPEC_IPV4 = 0x81,
    EXT_FLOWSPEC_FOUR_OCTET_AS = 0x82,
    EXT_ROUTE_TARGET = 2,
    EXT_SITE_OF_ORIGIN = 3,
};
