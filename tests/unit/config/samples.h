/* Valid and invalid values for any key of the schema, as TOML writes them. */
#pragma once

#include "base/str.h"
#include "config/schema.h"

/* A valid value that is not the default; which one depends on `seed`. */
void sample_valid(const struct key *key, unsigned seed, struct str *text);

/* A value the key cannot have. */
void sample_invalid(const struct key *key, struct str *text);
