/* Jitter: a small generator per session, so that a simulated run is the same every time. Not for secrets. */
#pragma once

#include <stdint.h>

struct random {
    uint64_t state; /* never 0 */
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);

/* Between three quarters and the whole of `ms` (RFC 4271 10). */
int64_t random_jitter_ms(struct random *random, int64_t ms);
/* 0 <= result < bound; 0 for bound 0. */
int64_t random_below(struct random *random, int64_t bound);
