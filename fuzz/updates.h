/* Sessions of every kind, and what must hold for any UPDATE on them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/update.h"

/* The bits of `kind` choose; all values are good. */
struct update_rules fuzz_rules(uint8_t kind);

/* Decodes, and aborts if the result breaks a promise of wire/update.h, or if what would be sent on of it reads back
 * otherwise. */
enum verdict fuzz_update(const struct update_rules *rules, const uint8_t *body, size_t length);
