/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decodes the sequence at `bytes` (of `length` >= 1 readable ones) into `rune`. Returns its octets, or 0 if it is
 * broken or cut off; the reader then skips one octet, as Go does. */
unsigned utf8_decode(const void *bytes, size_t length, uint32_t *rune);

/* The largest length <= `length` that does not cut a sequence of `text` in two. */
size_t utf8_floor(const char *text, size_t length);
