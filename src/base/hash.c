/* XXH3 with a secret seed. Compiled in rather than called from the shared library: the keys are mostly 5 to 17 bytes,
 * where the call through the linkage table costs as much as the hashing.
 */
#include "base/hash.h"

#include <stdatomic.h>
#include <sys/random.h>

#include "base/check.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* 0 = not drawn yet */
static atomic_uint_fast64_t hash_seed_value;

static uint64_t hash_seed_draw(void)
{
    uint64_t drawn = 0;
    while (drawn == 0)
        CHECK(getrandom(&drawn, sizeof(drawn), 0) == sizeof(drawn));
    uint64_t expected = 0;
    if (atomic_compare_exchange_strong(&hash_seed_value, &expected, drawn))
        return drawn;
    return expected; /* another thread was first */
}

uint64_t hash_seed(void)
{
    uint64_t seed = atomic_load_explicit(&hash_seed_value, memory_order_relaxed);
    return likely(seed) ? seed : hash_seed_draw();
}

void hash_set_seed(uint64_t seed)
{
    CHECK(seed != 0);
    atomic_store(&hash_seed_value, seed);
}

uint64_t hash_bytes(const void *bytes, size_t length)
{
    return XXH3_64bits_withSeed(bytes, length, hash_seed());
}
