/* What an operator should know of a configuration that is right. */
#pragma once

#include "config/config.h"

/* Lines in the log, once at start: safe choices a file for GoBGP leaves off, and what is announced without being done
 * yet. `file` names the configuration. */
void advise(const struct config *config, const char *file);
