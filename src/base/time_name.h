/* File names that say when something is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/time.h"

/* A name with a percent sign is a strftime pattern, of the conversions %Y %m %d %H %M %S and others that give no blank
 * (%% stands for the sign). Any other name is, if `layout`, a time layout as GoBGP has it: 2006 01 02 15 04 05 and
 * their like stand for year, month, day, hour, minute and second. Local time. E_INVALID: a conversion that is none;
 * E_LIMIT: longer than `capacity`. */
int time_name_format(const char *pattern, bool layout, struct wall_time when, char *name, size_t capacity,
                     struct err *err);
