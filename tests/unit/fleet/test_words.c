#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fleet/words.h"

static void ids_are_uuids(void **state)
{
    char a[ID_TEXT_MAX];
    char b[ID_TEXT_MAX];
    id_make(a);
    id_make(b);
    assert_true(id_is_valid(a));
    assert_int_equal(a[14], '4');
    assert_string_not_equal(a, b);
    assert_false(id_is_valid("no id"));
    assert_false(id_is_valid("00000000-0000-0000-0000-00000000000G"));
}

static void times_are_read_back(void **state)
{
    char text[TIME_TEXT_MAX];
    int64_t time = 0;
    assert_string_equal(time_format(1790000000123, text), "2026-09-21T14:13:20.123Z");
    assert_true(time_parse("2026-09-21T14:13:20Z", &time));
    assert_int_equal(time, 1790000000000);
    assert_true(time_parse("2026-09-21T16:13:20.5+02:00", &time));
    assert_int_equal(time, 1790000000000);
    assert_false(time_parse("2026-09-21 14:13:20Z", &time));
    assert_false(time_parse("2026-09-21T14:13:20", &time));
    assert_false(time_parse("", &time));
}

static void digests_are_sha256(void **state)
{
    char digest[DIGEST_TEXT_MAX];
    digest_text("abc", 3, digest); /* FIPS 180-2, B.1 */
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_keyed("Jefe", "what do ya want for nothing?", 28, digest); /* RFC 4231, 4.3 */
    assert_string_equal(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void secrets_differ(void **state)
{
    char a[SECRET_TEXT_MAX];
    char b[SECRET_TEXT_MAX];
    secret_make("gwt_", a);
    secret_make("gwt_", b);
    assert_int_equal(strlen(a), 36);
    assert_memory_equal(a, "gwt_", 4);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_uuids),
        cmocka_unit_test(times_are_read_back),
        cmocka_unit_test(digests_are_sha256),
        cmocka_unit_test(secrets_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
