#include "net/addr.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static struct addr of(const char *text)
{
    struct addr addr;
    if (addr_parse(text, &addr) != 0)
        fail_msg("%s does not parse", text);
    return addr;
}

static void assert_prints(const char *text, const char *expected)
{
    char printed[ADDR_TEXT_MAX];
    struct addr addr = of(text);
    assert_ptr_equal(addr_format(&addr, printed), printed);
    assert_string_equal(printed, expected);
}

static void test_prints_rfc5952(void **state)
{
    assert_prints("0.0.0.0", "0.0.0.0");
    assert_prints("255.99.100.9", "255.99.100.9");
    assert_prints("::", "::");
    assert_prints("::1", "::1");
    assert_prints("1::", "1::");
    assert_prints("2001:0DB8::0001", "2001:db8::1");
    assert_prints("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"); /* one zero group stays */
    assert_prints("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");          /* the longest run */
    assert_prints("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");    /* the first of equal ones */
    assert_prints("0:0:1:0:0:0:0:0", "0:0:1::");
    assert_prints("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
    assert_prints("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
    assert_prints("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8");
    assert_prints("1:0:0:4:5:6:7:0", "1::4:5:6:7:0");
    assert_prints("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_prints("::ffff:192.0.2.1", "::ffff:192.0.2.1");
    assert_prints("::1.2.3.4", "::102:304");
    assert_prints("64:ff9b::1.2.3.4", "64:ff9b::102:304");

    char printed[ADDR_TEXT_MAX] = "x";
    struct addr none = {0};
    assert_string_equal(addr_format(&none, printed), "");
}

static void test_agrees_with_the_system(void **state)
{
    uint32_t random = 1;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[16];
        for (unsigned k = 0; k < 8; k++) {
            random = random * 1664525 + 1013904223;
            uint32_t value = random >> 28 < 9 ? 0 : random >> 12 & (0xffffu >> (random >> 26 & 12));
            bytes[2 * k] = (uint8_t)(value >> 8);
            bytes[2 * k + 1] = (uint8_t)value;
        }
        bytes[0] |= 0x20; /* away from the forms with embedded IPv4, where the system differs */
        char printed[ADDR_TEXT_MAX], system[INET6_ADDRSTRLEN];
        struct addr addr = addr_from_bytes(ADDR_IPV6, bytes);
        inet_ntop(AF_INET6, bytes, system, sizeof(system));
        assert_string_equal(addr_format(&addr, printed), system);
        addr = addr_ipv4(random);
        uint32_t network = htonl(random);
        inet_ntop(AF_INET, &network, system, sizeof(system));
        assert_string_equal(addr_format(&addr, printed), system);
        struct addr again = of(printed);
        assert_true(addr_equal(&addr, &again));
    }
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {"",         "1.2.3",      "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
                                        "1.2.3.4 ", "1.2.3.4/32", ":",         "1::2::3",   "fe80::1%eth0",
                                        "12345::",  "g::",        "::1.2.3",   "0x1.2.3.4"};
    struct addr addr = addr_ipv4(1), before = addr;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(addr_parse(wrong[i], &addr), E_INVALID);
    assert_memory_equal(&addr, &before, sizeof(addr));
}

static void test_values(void **state)
{
    struct addr addr = of("192.0.2.1");
    assert_int_equal(addr_ipv4_value(&addr), 0xc0000201);
    assert_int_equal(addr_bits(&addr), 32);
    struct addr same = addr_ipv4(0xc0000201);
    assert_memory_equal(&addr, &same, sizeof(addr));
    same = addr_from_bytes(ADDR_IPV4, "\xc0\x00\x02\x01");
    assert_memory_equal(&addr, &same, sizeof(addr));
    addr = of("::1");
    assert_int_equal(addr_ipv4_value(&addr), 0);
    assert_int_equal(addr_bits(&addr), 128);
    addr = addr_from_bytes(ADDR_NONE, NULL);
    assert_int_equal(addr_bits(&addr), 0);
}

static void test_order(void **state)
{
    static const char *const ordered[] = {"0.0.0.0", "9.255.255.255", "10.0.0.0", "128.0.0.0",
                                          "::",      "::2",           "1::",      "ff::"};
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) {
            struct addr a = of(ordered[i]), b = of(ordered[j]);
            assert_int_equal(addr_compare(&a, &b), i < j ? -1 : i > j);
            assert_int_equal(addr_equal(&a, &b), i == j);
        }
    }
}

static void test_kinds_of_addresses(void **state)
{
    /* a = any, l = link-local, m = multicast, o = loopback, n = valid next hop */
    static const struct {
        const char *text, *traits;
    } rows[] = {
        {"0.0.0.0", "a"},
        {"0.0.0.1", ""},
        {"127.0.0.1", "o"},
        {"127.255.0.9", "o"},
        {"128.0.0.1", "n"},
        {"169.254.3.4", "ln"},
        {"169.253.3.4", "n"},
        {"223.255.255.255", "n"},
        {"224.0.0.5", "m"},
        {"239.1.1.1", "m"},
        {"240.0.0.1", ""},
        {"255.255.255.255", ""},
        {"::", "a"},
        {"::1", "o"},
        {"::2", "n"},
        {"fe80::1", "ln"},
        {"febf::1", "ln"},
        {"fec0::1", "n"},
        {"fe7f::1", "n"},
        {"ff02::1", "m"},
        {"::ffff:192.0.2.1", ""},
        {"::fffe:192.0.2.1", "n"},
        {"2001:db8::1", "n"},
        {"100::", "n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr addr = of(rows[i].text);
        char traits[8] = "";
        size_t count = 0;
        if (addr_is_any(&addr))
            traits[count++] = 'a';
        if (addr_is_link_local(&addr))
            traits[count++] = 'l';
        if (addr_is_multicast(&addr))
            traits[count++] = 'm';
        if (addr_is_loopback(&addr))
            traits[count++] = 'o';
        if (addr_is_valid_next_hop(&addr))
            traits[count++] = 'n';
        if (strcmp(traits, rows[i].traits) != 0)
            fail_msg("%s is \"%s\", not \"%s\"", rows[i].text, traits, rows[i].traits);
    }
    struct addr none = {0};
    assert_false(addr_is_any(&none) || addr_is_link_local(&none) || addr_is_multicast(&none) ||
                 addr_is_loopback(&none) || addr_is_valid_next_hop(&none));
}

static void assert_endpoint(const char *addr, uint16_t port, uint32_t scope_id, const char *expected)
{
    struct endpoint endpoint = {.addr = of(addr), .port = port, .scope_id = scope_id};
    char text[ENDPOINT_TEXT_MAX];
    assert_string_equal(endpoint_format(&endpoint, text), expected);

    struct sockaddr_storage storage;
    memset(&storage, 0xaa, sizeof(storage));
    socklen_t length = endpoint_to_sockaddr(&endpoint, &storage);
    assert_int_equal(length,
                     endpoint.addr.kind == ADDR_IPV4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    struct endpoint back = endpoint_from_sockaddr(&storage);
    assert_true(addr_equal(&back.addr, &endpoint.addr));
    assert_int_equal(back.port, port);
    assert_int_equal(back.scope_id, scope_id);
}

static void test_endpoints(void **state)
{
    assert_endpoint("192.0.2.1", 179, 0, "192.0.2.1:179");
    assert_endpoint("2001:db8::1", 179, 0, "[2001:db8::1]:179");
    assert_endpoint("fe80::1", 65535, 3, "[fe80::1%3]:65535");
    assert_endpoint("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, 4294967295,
                    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

static void test_sockaddr_corners(void **state)
{
    struct endpoint mapped = {.addr = of("::ffff:192.0.2.1"), .port = 1};
    struct sockaddr_storage storage;
    endpoint_to_sockaddr(&mapped, &storage);
    struct endpoint back = endpoint_from_sockaddr(&storage);
    struct addr expected = of("192.0.2.1");
    assert_true(addr_equal(&back.addr, &expected));
    assert_int_equal(back.port, 1);

    struct endpoint none = {0};
    assert_int_equal(endpoint_to_sockaddr(&none, &storage), 0);
    assert_int_equal(storage.ss_family, AF_UNSPEC);
    storage.ss_family = AF_UNIX;
    assert_int_equal(endpoint_from_sockaddr(&storage).addr.kind, ADDR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_rfc5952), cmocka_unit_test(test_agrees_with_the_system),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_values),
        cmocka_unit_test(test_order),          cmocka_unit_test(test_kinds_of_addresses),
        cmocka_unit_test(test_endpoints),      cmocka_unit_test(test_sockaddr_corners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
