/* The RPKI to router protocol: PDUs by value, wrong ones with the code that answers them. */
#include "wire/rtr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"

/* Octets of a string literal. */
#define PDU(octets) octets, sizeof(octets) - 1

static int next(const char *octets, size_t length, struct rtr_pdu *pdu, uint16_t *code)
{
    struct cursor cursor = cursor_of(octets, length);
    struct err err;
    int result = rtr_next(&cursor, pdu, code, &err);
    assert_int_equal(cursor_left(&cursor), result == 1 ? length - pdu->length : length);
    return result;
}

static void right(const char *octets, size_t length, uint8_t type, struct rtr_pdu *pdu)
{
    uint16_t code;
    for (size_t cut = 0; cut < length; cut++)
        assert_int_equal(next(octets, cut, pdu, &code), E_AGAIN);
    assert_int_equal(next(octets, length, pdu, &code), 1);
    assert_int_equal(pdu->type, type);
    assert_int_equal(pdu->length, length);
}

static void wrong(const char *octets, size_t length, uint16_t expected)
{
    struct rtr_pdu pdu;
    uint16_t code = 99;
    assert_int_equal(next(octets, length, &pdu, &code), E_INVALID);
    assert_int_equal(code, expected);
    assert_true(pdu.length <= length);
}

static void test_right(void **state)
{
    struct rtr_pdu pdu;
    right(PDU("\x01\x00\x12\x34\0\0\0\x0c\0\0\0\x07"), RTR_SERIAL_NOTIFY, &pdu);
    assert_int_equal(pdu.session_id, 0x1234);
    assert_int_equal(pdu.serial, 7);
    right(PDU("\x00\x03\x00\x05\0\0\0\x08"), RTR_CACHE_RESPONSE, &pdu);
    assert_int_equal(pdu.session_id, 5);
    right(PDU("\x02\x08\0\0\0\0\0\x08"), RTR_CACHE_RESET, &pdu);

    right(PDU("\x00\x04\0\0\0\0\0\x14\x01\x10\x18\0\x0a\x01\0\0\0\0\xfd\xe9"), RTR_IPV4_PREFIX, &pdu);
    struct prefix prefix;
    prefix_parse("10.1.0.0/16", false, &prefix);
    assert_true(pdu.route.announce && prefix_equal(&pdu.route.prefix, &prefix));
    assert_int_equal(pdu.route.max_length, 24);
    assert_int_equal(pdu.route.asn, 65001);
    right(PDU("\x01\x06\0\0\0\0\0\x20\x00\x20\x30\0\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0"),
          RTR_IPV6_PREFIX, &pdu);
    prefix_parse("2001:db8::/32", false, &prefix);
    assert_true(!pdu.route.announce && prefix_equal(&pdu.route.prefix, &prefix));
    assert_int_equal(pdu.route.asn, 65536);

    right(PDU("\x00\x07\0\x05\0\0\0\x0c\0\0\0\x2a"), RTR_END_OF_DATA, &pdu);
    assert_int_equal(pdu.end.serial, 42);
    assert_int_equal(pdu.end.expire_s, 0);
    right(PDU("\x01\x07\0\x05\0\0\0\x18\0\0\0\x2a\0\0\x0e\x10\0\0\x02\x58\0\0\x1c\x20"), RTR_END_OF_DATA, &pdu);
    assert_int_equal(pdu.end.refresh_s, 3600);
    assert_int_equal(pdu.end.retry_s, 600);
    assert_int_equal(pdu.end.expire_s, 7200);

    right(PDU("\x01\x0a\0\x02\0\0\0\x13\0\0\0\0\0\0\0\x03"
              "abc"),
          RTR_ERROR_REPORT, &pdu);
    assert_int_equal(pdu.report.code, RTR_ERROR_NO_DATA);
    assert_memory_equal(pdu.report.text, "abc", 3);
    assert_int_equal(pdu.report.text_length, 3);

    right(PDU("\x02\x0b\x01\0\0\0\0\x14\0\0\xfd\xe9\0\0\xfd\xea\0\0\xfd\xeb"), RTR_ASPA, &pdu);
    right(PDU("\x01\x09\x01\0\0\0\0\x24"
              "01234567890123456789\0\0\xfd\xe9key!"),
          RTR_ROUTER_KEY, &pdu);
}

static void test_wrong(void **state)
{
    /* Lengths that cannot be, judged by the header alone. */
    wrong(PDU("\x01\x00\0\0\0\0\0\0"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x00\0\0\0\0\0\x07"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x00\0\0\x80\0\0\0"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x0a\0\0\xff\xff\xff\xff"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x0a\0\0\0\x01\0\x01"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x04\0\0\0\0\0\x20"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x08\0\0\0\0\0\x09\0"), RTR_ERROR_CORRUPT_DATA);
    /* A length between the two there are. */
    wrong(PDU("\x00\x07\0\x05\0\0\0\x10\0\0\0\x2a\0\0\0\x01"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x07\0\x05\0\0\0\x0c\0\0\0\x2a"), RTR_ERROR_CORRUPT_DATA);

    wrong(PDU("\x03\x00\0\0\0\0\0\x0c\0\0\0\x01"), RTR_ERROR_UNSUPPORTED_VERSION);
    wrong(PDU("\x01\x05\0\0\0\0\0\x08"), RTR_ERROR_UNSUPPORTED_TYPE);
    wrong(PDU("\x01\xff\0\0\0\0\0\x08"), RTR_ERROR_UNSUPPORTED_TYPE);
    wrong(PDU("\x00\x09\0\0\0\0\0\x24"), RTR_ERROR_UNSUPPORTED_TYPE);
    wrong(PDU("\x01\x0b\0\0\0\0\0\x0c"), RTR_ERROR_UNSUPPORTED_TYPE);
    wrong(PDU("\x02\x0b\x01\0\0\0\0\x0e\0\0\xfd\xe9\0\0"), RTR_ERROR_CORRUPT_DATA);

    /* Maximum length below the length, or above what there is; bits behind the prefix. */
    wrong(PDU("\x00\x04\0\0\0\0\0\x14\x01\x18\x10\0\x0a\x01\x02\0\0\0\xfd\xe9"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x00\x04\0\0\0\0\0\x14\x01\x18\x21\0\x0a\x01\x02\0\0\0\xfd\xe9"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x00\x04\0\0\0\0\0\x14\x01\x21\x21\0\x0a\x01\x02\0\0\0\xfd\xe9"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x00\x04\0\0\0\0\0\x14\x01\x10\x18\0\x0a\x01\x02\0\0\0\xfd\xe9"), RTR_ERROR_CORRUPT_DATA);

    /* Error Reports whose inner lengths overrun, or leave something over. */
    wrong(PDU("\x01\x0a\0\0\0\0\0\x10\0\0\0\x05\0\0\0\0"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x0a\0\0\0\0\0\x10\xff\xff\xff\xff\0\0\0\0"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x0a\0\0\0\0\0\x10\0\0\0\0\0\0\0\x01"), RTR_ERROR_CORRUPT_DATA);
    wrong(PDU("\x01\x0a\0\0\0\0\0\x11\0\0\0\0\0\0\0\0!"), RTR_ERROR_CORRUPT_DATA);
}

static void test_put(void **state)
{
    static uint8_t long_pdu[4096];
    struct buf buf;
    struct rtr_pdu pdu;
    buf_init(&buf, 4096);
    rtr_put_reset_query(&buf, 2);
    right((const char *)buf.bytes, buf.length, RTR_RESET_QUERY, &pdu);
    assert_int_equal(pdu.version, 2);
    buf_clear(&buf);
    rtr_put_serial_query(&buf, 1, 0xabcd, 0xfffffffe);
    right((const char *)buf.bytes, buf.length, RTR_SERIAL_QUERY, &pdu);
    assert_int_equal(pdu.session_id, 0xabcd);
    assert_int_equal(pdu.serial, 0xfffffffe);
    buf_clear(&buf);
    rtr_put_error(&buf, 1, RTR_ERROR_DUPLICATE, long_pdu, sizeof(long_pdu), "twice");
    right((const char *)buf.bytes, buf.length, RTR_ERROR_REPORT, &pdu);
    assert_int_equal(pdu.report.code, RTR_ERROR_DUPLICATE);
    assert_memory_equal(pdu.report.text, "twice", 5);
    assert_true(buf.length < 1024);
    buf_release(&buf);
    assert_string_equal(rtr_type_name(5), "unknown PDU");
    assert_string_equal(rtr_type_name(7), "End of Data");
    assert_string_equal(rtr_error_name(2), "No Data Available");
    assert_string_equal(rtr_error_name(4711), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
