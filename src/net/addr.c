#include "net/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/octets.h"

static const uint8_t addr_mapped_start[12] = {[10] = 0xff, [11] = 0xff};

struct addr addr_ipv4(uint32_t host_order)
{
    return (struct addr){
        .kind = ADDR_IPV4,
        .bytes = {(uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16), (uint8_t)(host_order >> 8),
                  (uint8_t)host_order},
    };
}

struct addr addr_from_bytes(enum addr_kind kind, const void *bytes)
{
    struct addr addr = {.kind = (uint8_t)kind};
    if (kind == ADDR_IPV4)
        memcpy(addr.bytes, bytes, 4);
    else if (kind == ADDR_IPV6)
        memcpy(addr.bytes, bytes, 16);
    return addr;
}

uint32_t addr_ipv4_value(const struct addr *addr)
{
    return addr->kind == ADDR_IPV4 ? load_u32(addr->bytes) : 0;
}

unsigned addr_bits(const struct addr *addr)
{
    return addr->kind == ADDR_IPV4 ? 32 : addr->kind == ADDR_IPV6 ? 128 : 0;
}

int addr_parse(const char *text, struct addr *addr)
{
    struct addr parsed = {0};
    if (inet_pton(AF_INET, text, parsed.bytes) == 1)
        parsed.kind = ADDR_IPV4;
    else if (inet_pton(AF_INET6, text, parsed.bytes) == 1)
        parsed.kind = ADDR_IPV6;
    else
        return E_INVALID;
    *addr = parsed;
    return E_OK;
}

static char *put_octet(char *to, uint8_t value)
{
    if (value >= 100)
        *to++ = (char)('0' + value / 100);
    if (value >= 10)
        *to++ = (char)('0' + value / 10 % 10);
    *to++ = (char)('0' + value % 10);
    return to;
}

static char *put_dotted(char *to, const uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            *to++ = '.';
        to = put_octet(to, bytes[i]);
    }
    return to;
}

static char *put_group(char *to, unsigned value)
{
    static const char digits[] = "0123456789abcdef";
    if (value >= 0x1000)
        *to++ = digits[value >> 12];
    if (value >= 0x100)
        *to++ = digits[value >> 8 & 15];
    if (value >= 0x10)
        *to++ = digits[value >> 4 & 15];
    *to++ = digits[value & 15];
    return to;
}

/* RFC 5952. Not inet_ntop, which prints ::102:304 as ::1.2.3.4. */
static char *put_ipv6(char *to, const uint8_t *bytes)
{
    if (memcmp(bytes, addr_mapped_start, sizeof(addr_mapped_start)) == 0) {
        memcpy(to, "::ffff:", 7);
        return put_dotted(to + 7, bytes + 12);
    }

    unsigned groups[8];
    unsigned zeros_at = 8, zeros = 1; /* the first longest run of two or more zero groups */
    for (unsigned i = 0; i < 8; i++)
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    for (unsigned i = 0; i < 8; i++) {
        unsigned end = i;
        while (end < 8 && groups[end] == 0)
            end++;
        if (end - i > zeros) {
            zeros_at = i;
            zeros = end - i;
        }
        if (end > i)
            i = end - 1;
    }

    for (unsigned i = 0; i < 8; i++) {
        if (i == zeros_at) {
            *to++ = ':';
            *to++ = ':';
            i += zeros - 1;
            continue;
        }
        if (i && i != zeros_at + zeros)
            *to++ = ':';
        to = put_group(to, groups[i]);
    }
    return to;
}

const char *addr_format(const struct addr *addr, char *text)
{
    char *end = text;
    if (addr->kind == ADDR_IPV4)
        end = put_dotted(text, addr->bytes);
    else if (addr->kind == ADDR_IPV6)
        end = put_ipv6(text, addr->bytes);
    *end = '\0';
    return text;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
    return order < 0 ? -1 : order > 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool addr_bytes_zero(const struct addr *addr, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (addr->bytes[i])
            return false;
    }
    return true;
}

bool addr_is_any(const struct addr *addr)
{
    return addr->kind != ADDR_NONE && addr_bytes_zero(addr, 16);
}

bool addr_is_link_local(const struct addr *addr)
{
    const uint8_t *bytes = addr->bytes;
    if (addr->kind == ADDR_IPV4)
        return bytes[0] == 169 && bytes[1] == 254;
    return addr->kind == ADDR_IPV6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

bool addr_is_multicast(const struct addr *addr)
{
    if (addr->kind == ADDR_IPV4)
        return (addr->bytes[0] & 0xf0) == 0xe0;
    return addr->kind == ADDR_IPV6 && addr->bytes[0] == 0xff;
}

bool addr_is_loopback(const struct addr *addr)
{
    if (addr->kind == ADDR_IPV4)
        return addr->bytes[0] == 127;
    return addr->kind == ADDR_IPV6 && addr_bytes_zero(addr, 15) && addr->bytes[15] == 1;
}

bool addr_is_valid_next_hop(const struct addr *addr)
{
    if (addr->kind == ADDR_IPV4)
        return addr->bytes[0] != 0 && addr->bytes[0] != 127 && addr->bytes[0] < 224;
    if (addr->kind != ADDR_IPV6)
        return false;
    return !addr_is_any(addr) && !addr_is_loopback(addr) && !addr_is_multicast(addr) &&
           memcmp(addr->bytes, addr_mapped_start, sizeof(addr_mapped_start)) != 0;
}

const char *endpoint_format(const struct endpoint *endpoint, char *text)
{
    char addr_text[INET6_ADDRSTRLEN];
    addr_format(&endpoint->addr, addr_text);
    if (endpoint->addr.kind != ADDR_IPV6)
        snprintf(text, ENDPOINT_TEXT_MAX, "%s:%u", addr_text, endpoint->port);
    else if (endpoint->scope_id)
        snprintf(text, ENDPOINT_TEXT_MAX, "[%s%%%u]:%u", addr_text, endpoint->scope_id, endpoint->port);
    else
        snprintf(text, ENDPOINT_TEXT_MAX, "[%s]:%u", addr_text, endpoint->port);
    return text;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *storage)
{
    memset(storage, 0, sizeof(*storage));
    if (endpoint->addr.kind == ADDR_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
        memcpy(&in.sin_addr, endpoint->addr.bytes, 4);
        memcpy(storage, &in, sizeof(in));
        return sizeof(in);
    }
    if (endpoint->addr.kind == ADDR_IPV6) {
        struct sockaddr_in6 in6 = {
            .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = endpoint->scope_id};
        memcpy(&in6.sin6_addr, endpoint->addr.bytes, 16);
        memcpy(storage, &in6, sizeof(in6));
        return sizeof(in6);
    }
    return 0;
}

struct endpoint endpoint_from_sockaddr(const struct sockaddr_storage *storage)
{
    struct endpoint endpoint = {0};
    if (storage->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, storage, sizeof(in));
        endpoint.addr = addr_from_bytes(ADDR_IPV4, &in.sin_addr);
        endpoint.port = ntohs(in.sin_port);
    } else if (storage->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, storage, sizeof(in6));
        endpoint.port = ntohs(in6.sin6_port);
        if (memcmp(&in6.sin6_addr, addr_mapped_start, sizeof(addr_mapped_start)) == 0) {
            endpoint.addr = addr_from_bytes(ADDR_IPV4, (const uint8_t *)&in6.sin6_addr + 12);
        } else {
            endpoint.addr = addr_from_bytes(ADDR_IPV6, &in6.sin6_addr);
            endpoint.scope_id = in6.sin6_scope_id;
        }
    }
    return endpoint;
}
