/* A RIB with a few sources, and attribute sets out of short texts. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "rib/rib.h"
#include "speaker/export.h"

enum lab_source {
    LAB_LOCAL = RIB_SOURCE_LOCAL,
    LAB_EXTERNAL = 1,
    LAB_EXTERNAL_TOO = 2,
    LAB_INTERNAL = 3,
    LAB_CLIENT = 4, /* internal, a reflector client */
    LAB_CONFEDERATION = 5,
};

struct rib *lab_rib_new(enum family_id family);
void lab_rib_free(struct rib *rib); /* every set is gone by then, or the test fails */

/* "origin=0 path=65001,{65002,65003} nh=2001:db8::1+fe80::1 med=5 pref=200 aggregator=70000 comm=4294967041 otc=65001":
 * in order of type. With a reference. */
attr_id lab_set(struct rib *rib, const char *text);
/* Attributes, canonical or as an old speaker hears them, in that form; unknown ones as "?type". Good until the next
 * call. */
const char *lab_text(const uint8_t *bytes, size_t length, bool four_octet);

struct prefix lab_prefix(const char *text);
row_id lab_announce(struct rib *rib, source_id source, const char *prefix, uint32_t path_id, attr_id attrs);

/* Towards an external neighbour over IPv4, everything modern agreed on. */
struct export_rules lab_rules(enum family_id family, enum source_kind kind);
