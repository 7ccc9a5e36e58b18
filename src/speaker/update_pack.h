/* An UPDATE on its way between threads: what import needs of it and nothing else, in one piece of memory. */
#pragma once

#include <stddef.h>

#include "wire/update.h"

size_t update_packed_size(const struct update *update);
/* Into `update_packed_size` bytes, 8-byte aligned. */
void update_pack(const struct update *update, void *packed);
/* Points into `packed`. Verdict, notification, bad_attribute and why stay behind: the session has dealt with them. */
void update_unpack(const void *packed, struct update *update);
