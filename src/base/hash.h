/* Keyed hashing. The seed is drawn once per process from the kernel, so that nobody outside can choose inputs
 * that collide. Tests may fix it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t hash_seed(void);
void hash_set_seed(uint64_t seed); /* not 0; before anything was hashed; for tests and benches */
uint64_t hash_bytes(const void *bytes, size_t length);
