/* AS paths as they arrive, with 2- or 4-octet numbers: checking, and making 4-octet ones. Internal to wire/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct as_path_facts {
    unsigned numbers; /* AS numbers, those in sets included */
    unsigned hops;    /* as RFC 4271 9.1.2.2 a counts: a set is 1, confederation segments are 0 */
    uint32_t first_as;
    uint8_t first_type; /* 0: the path is empty */
    bool has_set;
    bool has_confed;
};

/* NULL and the facts if every segment is of a known type, not empty, complete, and without AS 0 (RFC 7606 7.2,
 * RFC 7607); else what is wrong. `width` is 2 or 4. */
const char *as_path_scan(const uint8_t *path, uint16_t length, unsigned width, struct as_path_facts *facts);

/* The 4-octet path that a 2-octet path and an AS4_PATH (NULL: none) stand for (RFC 6793 4.2.3). Both have passed
 * as_path_scan. */
void as_path_merge(const uint8_t *path, uint16_t length, const uint8_t *as4_path, uint16_t as4_length, struct buf *out);
