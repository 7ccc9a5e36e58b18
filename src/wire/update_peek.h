/* Where the prefixes of an UPDATE stand, by a look at lengths alone, before it is decoded: for asking memory for what
 * they will need. Nothing is checked but that it lies within the body; who decodes may come to find it malformed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/family.h"

struct update_peek {
    enum family_id family;
    const uint8_t *nlri;
    uint32_t length;
};

/* The NLRI field, else Withdrawn Routes, else the first MP_REACH_NLRI or MP_UNREACH_NLRI. False: there are none. */
bool update_peek(const uint8_t *body, size_t length, struct update_peek *peek);
