/* Extended communities as texts (RFC 4360, 5668, 5512, 8097, and link bandwidth), in GoBGP's words. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { EXT_COMMUNITY_BYTES = 8 };

/* The kinds that can be said. */
enum ext_community_kind {
    EXT_ROUTE_TARGET,
    EXT_ROUTE_ORIGIN,
    EXT_ENCAPSULATION,
    EXT_LINK_BANDWIDTH,
    EXT_VALIDATION,
    EXT_OTHER,
};

const char *ext_community_word(enum ext_community_kind kind); /* "rt"; "" for those that have none */

/* "rt:..." -> the kind, and what stands behind the colon; E_INVALID if it is none of those with a word. */
int ext_community_kind_parse(const char *text, enum ext_community_kind *kind, const char **value);

/* A whole value: "rt:65000:1", "soo:192.0.2.1:5", "encap:VXLAN", "lb:65000:1000", "valid". 0 or E_INVALID. */
int ext_community_parse(const char *text, uint8_t bytes[EXT_COMMUNITY_BYTES]);

enum ext_community_kind ext_community_kind_of(const uint8_t bytes[EXT_COMMUNITY_BYTES]);
/* Without its word: "65000:1", "1.2:3", "VXLAN". */
void ext_community_format(const uint8_t bytes[EXT_COMMUNITY_BYTES], struct str *out);
