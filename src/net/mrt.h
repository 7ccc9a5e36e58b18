/* The numbers of MRT files: RFC 6396, and RFC 8050 for add-path. Written in wire/mrt.c, read in cli/mrt_file.c. */
#pragma once

enum { MRT_HEADER_BYTES = 12 }; /* timestamp, type, subtype, length of what follows; RFC 6396 2 */

enum { /* types, RFC 6396 4 */
       MRT_TABLE_DUMP_V2 = 13,
       MRT_BGP4MP = 16,
};

enum { /* subtypes of TABLE_DUMP_V2, RFC 6396 4.3, RFC 8050 4 */
       MRT_PEER_INDEX_TABLE = 1,
       MRT_RIB_IPV4_UNICAST = 2,
       MRT_RIB_IPV4_MULTICAST = 3,
       MRT_RIB_IPV6_UNICAST = 4,
       MRT_RIB_IPV6_MULTICAST = 5,
       MRT_RIB_GENERIC = 6,
       MRT_GEO_PEER_TABLE = 7,
       MRT_RIB_IPV4_UNICAST_ADDPATH = 8,
       MRT_RIB_IPV6_UNICAST_ADDPATH = 10,
};

enum { /* subtypes of BGP4MP, RFC 6396 4.4, RFC 8050 3 */
       MRT_MESSAGE_AS4 = 4,
       MRT_STATE_CHANGE_AS4 = 5,
       MRT_MESSAGE_AS4_ADDPATH = 9,
};

enum { /* bits of a peer's type, RFC 6396 4.3.1 */
       MRT_PEER_IPV6 = 1,
       MRT_PEER_AS4 = 2,
};

enum { MRT_PEERS_MAX = 65535 };
