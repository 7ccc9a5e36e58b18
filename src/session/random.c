#include "session/random.h"

void random_init(struct random *random, uint64_t seed)
{
    /* splitmix64: seeds that differ in one bit give unrelated states. */
    uint64_t mixed = seed + UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    random->state = mixed ? mixed : 1;
}

uint64_t random_next(struct random *random)
{
    /* xorshift64* (Marsaglia; Vigna). */
    uint64_t state = random->state;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    random->state = state;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

int64_t random_below(struct random *random, int64_t bound)
{
    return bound > 0 ? (int64_t)((random_next(random) >> 1) % (uint64_t)bound) : 0;
}

int64_t random_jitter_ms(struct random *random, int64_t ms)
{
    return ms - random_below(random, ms / 4 + 1);
}
