/* Communities as people write them (RFC 1997): "65001:100", a number, or a well-known name. */
#pragma once

#include <stdint.h>

enum { COMMUNITY_TEXT_MAX = 32 };

/* Well-known values by name. Returns `text`, which has room for COMMUNITY_TEXT_MAX. */
const char *community_format(uint32_t community, char *text);
/* 0 or E_INVALID. */
int community_parse(const char *text, uint32_t *community);
