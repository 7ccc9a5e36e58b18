/* IP addresses. IPv4 uses the first 4 of the 16 bytes; the rest is zero, so addresses compare as memory. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDR_TEXT_MAX = 64 }; /* longest printed form with zone, terminated */

enum addr_kind {
    ADDR_NONE = 0,
    ADDR_IPV4 = 4,
    ADDR_IPV6 = 6,
};

struct addr {
    uint8_t kind; /* enum addr_kind */
    uint8_t bytes[16];
};

struct addr addr_ipv4(uint32_t host_order);
struct addr addr_from_bytes(enum addr_kind kind, const void *bytes);
uint32_t addr_ipv4_value(const struct addr *addr); /* host order; 0 unless IPv4 */
unsigned addr_bits(const struct addr *addr);       /* 32, 128 or 0 */

/* Exact textual forms only (inet_pton's); no zone. 0 or E_INVALID. */
int addr_parse(const char *text, struct addr *addr);

/* RFC 5952 for IPv6. `text` has room for ADDR_TEXT_MAX; returns it. ADDR_NONE prints "". */
const char *addr_format(const struct addr *addr, char *text);

int addr_compare(const struct addr *a, const struct addr *b); /* IPv4 before IPv6, then by value */
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *addr); /* 0.0.0.0 or :: */
bool addr_is_link_local(const struct addr *addr);
bool addr_is_multicast(const struct addr *addr);
bool addr_is_loopback(const struct addr *addr);

/* Is this address acceptable as a BGP NEXT_HOP (RFC 4271 6.3)? Not 0/8, 127/8, class D, class E; not ::, ::1,
 * ff00::/8, nor IPv4-mapped. */
bool addr_is_valid_next_hop(const struct addr *addr);

/* An address with port and, for link-local IPv6, scope (0 = none). */
struct endpoint {
    struct addr addr;
    uint16_t port;
    uint32_t scope_id;
};

enum { ENDPOINT_TEXT_MAX = 80 };
const char *endpoint_format(const struct endpoint *endpoint, char *text); /* "192.0.2.1:179", "[2001:db8::1]:179" */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *storage);
struct endpoint endpoint_from_sockaddr(const struct sockaddr_storage *storage); /* IPv4-mapped becomes IPv4 */
