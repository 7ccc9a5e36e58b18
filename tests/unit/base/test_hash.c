#include "base/hash.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <xxhash.h>

static void *ask(void *seed)
{
    *(uint64_t *)seed = hash_seed();
    return NULL;
}

/* Runs first: only the first use draws. */
static void test_threads_agree_on_the_seed(void **state)
{
    pthread_t threads[4];
    uint64_t seeds[4];
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &seeds[i]), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(seeds[0] != 0);
    for (unsigned i = 1; i < 4; i++)
        assert_true(seeds[i] == seeds[0]);
    assert_true(hash_seed() == seeds[0]);
}

static void test_is_seeded_xxh3(void **state)
{
    uint8_t bytes[600];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    static const uint64_t seeds[] = {1, 0x123456789abcdef};
    for (unsigned s = 0; s < 2; s++) {
        hash_set_seed(seeds[s]);
        for (size_t length = 0; length <= sizeof(bytes); length++)
            assert_true(hash_bytes(bytes, length) == XXH3_64bits_withSeed(bytes, length, seeds[s]));
    }
}

static void test_seed_changes_everything(void **state)
{
    hash_set_seed(1);
    uint64_t first = hash_bytes("192.0.2.0/24", 12);
    assert_true(hash_bytes("192.0.2.0/24", 12) == first);
    hash_set_seed(2);
    assert_true(hash_bytes("192.0.2.0/24", 12) != first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_agree_on_the_seed),
        cmocka_unit_test(test_is_seeded_xxh3),
        cmocka_unit_test(test_seed_changes_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
