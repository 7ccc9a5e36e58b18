/* Well-known communities and their names (RFC 1997, 3765, 7611, 7999, 8326, 9494), as GoBGP spells them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* NULL: it has none. */
const char *community_name(uint32_t community);
/* Upper case or lower case. False: no community has that name. */
bool community_by_name(const char *name, uint32_t *community);
