/* URLs that webhooks may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "http/post.h"

static void good_ones_are_taken_apart(void **state)
{
    struct http_url url;
    struct err err;
    assert_int_equal(http_url_parse("http://example.net", &url, &err), E_OK);
    assert_false(url.secure);
    assert_string_equal(url.host, "example.net");
    assert_int_equal(url.port, 80);
    assert_string_equal(url.path, "/");
    assert_int_equal(http_url_parse("https://example.net:8443/a/b?c=d#e", &url, &err), E_OK);
    assert_true(url.secure);
    assert_int_equal(url.port, 8443);
    assert_string_equal(url.path, "/a/b?c=d");
    assert_int_equal(http_url_parse("https://[2001:db8::1]:444?x", &url, &err), E_OK);
    assert_string_equal(url.host, "2001:db8::1");
    assert_int_equal(url.port, 444);
    assert_string_equal(url.path, "/?x");
}

static void bad_ones_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "example.net",
                                      "ftp://example.net/",
                                      "http://",
                                      "http:///path",
                                      "http://user@example.net/",
                                      "http://example.net:0/",
                                      "http://example.net:65536/",
                                      "http://example.net:8a/",
                                      "http://example.net:12345678901/",
                                      "http://[2001:db8::1/",
                                      "http://[::1]x/",
                                      "http://example.net/\r\nX: y",
                                      "http://example.net/ x",
                                      "http://ex\xc3\xa4mple.net/"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_url url;
        struct err err;
        if (http_url_parse(bad[i], &url, &err) != E_INVALID)
            fail_msg("taken: %s", bad[i]);
    }
}

static void long_ones_are_refused(void **state)
{
    char text[2000] = "http://example.net/";
    struct http_url url;
    struct err err;
    memset(text + strlen(text), 'x', 1000);
    assert_int_equal(http_url_parse(text, &url, &err), E_INVALID);
}

static void only_public_addresses_are_reached(void **state)
{
    static const char *const private[] = {"127.0.0.1",
                                          "10.1.2.3",
                                          "169.254.169.254",
                                          "192.168.1.1",
                                          "172.31.255.255",
                                          "100.64.0.1",
                                          "0.0.0.0",
                                          "255.255.255.255",
                                          "::",
                                          "::1",
                                          "::ffff:127.0.0.1",
                                          "::ffff:10.0.0.1",
                                          "::127.0.0.1",
                                          "64:ff9b::7f00:1",
                                          "64:ff9b:1::a00:1",
                                          "fe80::1",
                                          "fd00::1",
                                          "fec0::1",
                                          "ff02::1",
                                          "2002:7f00:1::1",
                                          "2001:0:1::1",
                                          "2002:a9fe:a9fe::",
                                          "2001:db8::1",
                                          "192.0.0.192"};
    static const char *const public[] = {"192.1.2.3", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"};
    struct addr addr;
    for (size_t i = 0; i < ARRAY_LEN(private); i++) {
        assert_int_equal(addr_parse(private[i], &addr), E_OK);
        assert_true(http_post_is_private(&addr));
    }
    for (size_t i = 0; i < ARRAY_LEN(public); i++) {
        assert_int_equal(addr_parse(public[i], &addr), E_OK);
        assert_false(http_post_is_private(&addr));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_taken_apart),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(long_ones_are_refused),
        cmocka_unit_test(only_public_addresses_are_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
