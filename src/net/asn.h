/* Autonomous system numbers: always 4 octets inside; AS_TRANS stands in for big ones towards old speakers
 * (RFC 6793). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { AS_TRANS = 23456, ASN_TEXT_MAX = 12 };

/* Plain ("65536") or dotted ("1.0", RFC 5396). 0 or E_INVALID. AS 0 parses; whether it is allowed is the caller's. */
int asn_parse(const char *text, uint32_t *asn);

/* 64512-65534 and 4200000000-4294967294 (RFC 6996). */
bool asn_is_private(uint32_t asn);
