#include "wire/open.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "net/asn.h"

#define BIT(family) ((family_set)1 << (family))
#define ALL_FAMILIES (BIT(FAMILY_COUNT) - 1)

static uint8_t memory[8192];

static struct open_message plain_open(void)
{
    return (struct open_message){.version = 4,
                                 .as = 65001,
                                 .my_as = 65001,
                                 .hold_time_s = 90,
                                 .router_id = 0x0a630101,
                                 .capabilities = {.role = ROLE_NONE}};
}

/* Encodes, frames and decodes; the octets stay in `memory`. */
static int transfer(const struct open_message *sent, struct open_message *received, struct notification *notification)
{
    struct buf buf;
    struct message message;
    buf_init_fixed(&buf, memory, sizeof(memory));
    open_encode(sent, &buf);
    assert_int_equal(message_frame(buf.bytes, buf.length, MESSAGE_MAX_BYTES, &message, notification), 1);
    assert_int_equal(message.length, buf.length);
    return open_decode(&message, received, notification);
}

static void assert_round_trip(struct open_message *sent)
{
    static struct open_message received;
    struct notification notification;
    assert_int_equal(transfer(sent, &received, &notification), 0);
    /* the octets that came, and those that what was understood makes, are those that were sent */
    struct buf raw;
    uint8_t raw_memory[CAPABILITIES_RAW_MAX];
    buf_init_fixed(&raw, raw_memory, sizeof(raw_memory));
    capabilities_encode(&sent->capabilities, &raw);
    assert_int_equal(received.raw_length, raw.length);
    assert_memory_equal(received.raw, raw.bytes, raw.length);
    buf_clear(&raw);
    capabilities_encode(&received.capabilities, &raw);
    assert_int_equal(received.raw_length, raw.length);
    assert_memory_equal(received.raw, raw.bytes, raw.length);
    assert_int_equal(received.capabilities.multiprotocol, sent->capabilities.multiprotocol);
    assert_int_equal(received.capabilities.add_path_send, sent->capabilities.add_path_send);
    assert_int_equal(received.capabilities.restart_forwarding, sent->capabilities.restart_forwarding);
    assert_string_equal(received.capabilities.domain_name, sent->capabilities.domain_name);
    assert_int_equal(received.as, sent->as);
    assert_int_equal(received.my_as, sent->my_as);
    assert_int_equal(received.hold_time_s, sent->hold_time_s);
    assert_int_equal(received.router_id, sent->router_id);
}

static void test_plain_round_trip(void **state)
{
    struct open_message open = plain_open();
    assert_round_trip(&open);
    assert_int_equal(memory[28], 0);
    open.hold_time_s = 0;
    assert_round_trip(&open);
}

static void test_four_octet_round_trip(void **state)
{
    struct open_message open = plain_open();
    open.as = open.capabilities.as4 = 4200000001;
    open.my_as = AS_TRANS;
    open.capabilities.four_octet_as = true;
    assert_round_trip(&open);
}

static struct open_message full_open(family_set families)
{
    struct open_message open = plain_open();
    struct capabilities *capabilities = &open.capabilities;
    capabilities->has_multiprotocol = true;
    capabilities->multiprotocol = families;
    capabilities->route_refresh = capabilities->route_refresh_cisco = capabilities->enhanced_refresh = true;
    capabilities->extended_message = capabilities->four_octet_as = true;
    capabilities->as4 = open.as;
    capabilities->extended_next_hop = families & BIT(FAMILY_IPV4_UNICAST);
    capabilities->add_path_receive = families;
    capabilities->add_path_send = families & 0x55555555;
    capabilities->graceful_restart = capabilities->restarting = capabilities->restart_notification = true;
    capabilities->restart_time_s = 4095;
    capabilities->restart_families = families;
    capabilities->restart_forwarding = families & 0x33333333;
    capabilities->long_lived = true;
    capabilities->long_lived_families = families;
    capabilities->long_lived_forwarding = families & 0x0f0f0f0f;
    for (unsigned id = 0; id < FAMILY_COUNT; id++)
        capabilities->long_lived_time_s[id] = families >> id & 1 ? 0xfffff0 + id % 16 : 0;
    capabilities->role = ROLE_PEER;
    capabilities->fqdn = true;
    snprintf(capabilities->host_name, sizeof(capabilities->host_name), "edge1");
    snprintf(capabilities->domain_name, sizeof(capabilities->domain_name), "example.net");
    snprintf(capabilities->software_version, sizeof(capabilities->software_version), "Godwit/0.1.0");
    return open;
}

/* RFC 9072 only when it must be. */
static void test_full_round_trip(void **state)
{
    struct open_message open = full_open(BIT(FAMILY_IPV4_UNICAST) | BIT(FAMILY_IPV6_UNICAST));
    assert_round_trip(&open);
    assert_true(memory[28] < 255 && memory[29] == 2);
    open = full_open(ALL_FAMILIES);
    assert_round_trip(&open);
    assert_int_equal(memory[28], 255);
    assert_int_equal(memory[29], 255);
}

/* The last size that fits the classic format, and the next. */
static void test_formats_meet(void **state)
{
    unsigned classic = 0, extended = 0;
    for (unsigned host = 0; host <= CAPABILITY_TEXT_MAX; host++) {
        for (unsigned domain = 0; domain <= CAPABILITY_TEXT_MAX; domain++) {
            struct open_message open = full_open(BIT(4) - 1);
            memset(open.capabilities.host_name, 0, sizeof(open.capabilities.host_name));
            memset(open.capabilities.domain_name, 0, sizeof(open.capabilities.domain_name));
            memset(open.capabilities.host_name, 'h', host);
            memset(open.capabilities.domain_name, 'd', domain);
            assert_round_trip(&open);
            bool is_extended = memory[29] == 255;
            classic += !is_extended;
            extended += is_extended;
            if (is_extended)
                assert_true((memory[30] << 8 | memory[31]) - 3 > 253);
            else
                assert_int_equal(memory[28], memory[30] + 2);
        }
    }
    assert_true(classic && extended);
}

static void test_over_long_times_are_cut(void **state)
{
    struct open_message open = plain_open(), received;
    struct notification notification;
    open.capabilities.graceful_restart = true;
    open.capabilities.restart_time_s = 5000;
    assert_int_equal(transfer(&open, &received, &notification), 0);
    assert_int_equal(received.capabilities.restart_time_s, 4095);
    assert_false(received.capabilities.restarting);
}

/* An OPEN of AS 65001 whose only parameter holds `tlvs`. */
static int decode_tlvs(const char *tlvs, size_t length, struct open_message *open, struct notification *notification)
{
    struct buf buf;
    struct message message;
    buf_init_fixed(&buf, memory, sizeof(memory));
    size_t offset = message_begin(&buf, MESSAGE_OPEN);
    buf_put(&buf, "\4\xfd\xe9\0\x5a\x0a\x63\1\1", 9);
    buf_u8(&buf, (uint8_t)(length + 2));
    buf_u8(&buf, 2);
    buf_u8(&buf, (uint8_t)length);
    buf_put(&buf, tlvs, length);
    message_end(&buf, offset);
    assert_int_equal(message_frame(buf.bytes, buf.length, MESSAGE_MAX_BYTES, &message, notification), 1);
    return open_decode(&message, open, notification);
}

#define DECODE(tlvs, open, notification) decode_tlvs(tlvs, sizeof(tlvs) - 1, open, notification)

static void test_foreign_text(void **state)
{
    static struct open_message open;
    struct notification notification;
    assert_int_equal(DECODE("\x49\x0a\4\x1b[2J\4<i>\0", &open, &notification), 0);
    assert_true(open.capabilities.fqdn);
    assert_string_equal(open.capabilities.host_name, "\\x1b[2J");
    assert_string_equal(open.capabilities.domain_name, "<i>\\x00");
    assert_int_equal(DECODE("\x4b\3\2\xff\xfe", &open, &notification), 0);
    assert_string_equal(open.capabilities.software_version, "\\xff\\xfe");
    /* the longest that fits, escaped, ends within the room */
    char tlvs[2 + 1 + 200] = {0x4b, (char)201, (char)200};
    memset(tlvs + 3, 1, 200);
    assert_int_equal(decode_tlvs(tlvs, sizeof(tlvs), &open, &notification), 0);
    assert_int_equal(strlen(open.capabilities.software_version), CAPABILITY_TEXT_MAX);
}

static void test_malformed_informative_ones_are_absent(void **state)
{
    static struct open_message open;
    struct notification notification;
    assert_int_equal(DECODE("\x49\3\xff"
                            "hi",
                            &open, &notification),
                     0);
    assert_false(open.capabilities.fqdn);
    assert_string_equal(open.capabilities.host_name, "");
    assert_int_equal(open.raw_length, 5);
    assert_int_equal(DECODE("\x4b\2\7v", &open, &notification), 0);
    assert_string_equal(open.capabilities.software_version, "");
    assert_int_equal(DECODE("\x40\1\x80", &open, &notification), 0);
    assert_false(open.capabilities.graceful_restart);
    assert_int_equal(DECODE("\x40\5\x80\1\0\1\1", &open, &notification), 0);
    assert_false(open.capabilities.graceful_restart);
    assert_int_equal(DECODE("\2\1\0", &open, &notification), 0);
    assert_false(open.capabilities.route_refresh);
}

static void test_repeated(void **state)
{
    static struct open_message open;
    struct notification notification;
    /* MULTIPROTOCOL adds up */
    assert_int_equal(DECODE("\1\4\0\1\0\1\1\4\0\2\0\1\1\4\0\1\0\1", &open, &notification), 0);
    assert_int_equal(open.capabilities.multiprotocol, BIT(FAMILY_IPV4_UNICAST) | BIT(FAMILY_IPV6_UNICAST));
    /* of GRACEFUL RESTART the last holds */
    assert_int_equal(DECODE("\x40\6\x80\x78\0\1\1\x80\x40\6\x40\x0a\0\2\1\0", &open, &notification), 0);
    assert_false(open.capabilities.restarting);
    assert_true(open.capabilities.restart_notification);
    assert_int_equal(open.capabilities.restart_time_s, 10);
    assert_int_equal(open.capabilities.restart_families, BIT(FAMILY_IPV6_UNICAST));
    assert_int_equal(open.capabilities.restart_forwarding, 0);
    /* of a family in ADD-PATH too */
    assert_int_equal(DECODE("\x45\x08\0\1\1\3\0\1\1\1", &open, &notification), 0);
    assert_int_equal(open.capabilities.add_path_receive, BIT(FAMILY_IPV4_UNICAST));
    assert_int_equal(open.capabilities.add_path_send, 0);
}

static void test_unknown_families_are_passed_over(void **state)
{
    static struct open_message open;
    struct notification notification;
    assert_int_equal(DECODE("\1\4\xff\xff\0\xff", &open, &notification), 0);
    assert_true(open.capabilities.has_multiprotocol);
    assert_int_equal(open.capabilities.multiprotocol, 0);
    assert_int_equal(DECODE("\x05\x0c\0\1\0\1\0\2\0\1\1\1\0\2", &open, &notification), 0);
    assert_int_equal(open.capabilities.extended_next_hop, BIT(FAMILY_IPV4_UNICAST));
}

static void test_long_lived_needs_graceful_restart(void **state)
{
    static struct open_message open;
    struct notification notification;
    assert_int_equal(DECODE("\x47\7\0\1\1\x80\0\x0e\x10", &open, &notification), 0);
    assert_false(open.capabilities.long_lived);
    assert_int_equal(DECODE("\x47\7\0\1\1\x80\0\x0e\x10\x40\2\0\x78", &open, &notification), 0);
    assert_true(open.capabilities.long_lived);
    assert_int_equal(open.capabilities.long_lived_time_s[FAMILY_IPV4_UNICAST], 3600);
}

static void test_roles(void **state)
{
    static struct open_message open;
    struct notification notification;
    assert_int_equal(DECODE("\x09\1\3\x09\1\3", &open, &notification), 0);
    assert_int_equal(open.capabilities.role, ROLE_CUSTOMER);
    assert_int_equal(DECODE("\x09\1\3\x09\1\2", &open, &notification), E_INVALID);
    assert_int_equal(notification.code, NOTIFY_OPEN);
    assert_int_equal(notification.subcode, NOTIFY_OPEN_ROLE_MISMATCH);
}

static void test_raw_keeps_the_unknown(void **state)
{
    static struct open_message open;
    struct notification notification;
    static const char tlvs[] = "\xde\3abc\xdf\0";
    assert_int_equal(DECODE(tlvs, &open, &notification), 0);
    assert_int_equal(open.raw_length, sizeof(tlvs) - 1);
    assert_memory_equal(open.raw, tlvs, sizeof(tlvs) - 1);
    assert_null(capability_name(0xde));
    assert_string_equal(capability_name(CAPABILITY_ADD_PATH), "add-path");
}

/* What is kept is what was received, in no more memory than that takes (the sanitizer sees to it). */
static void test_kept(void **state)
{
    static struct open_message sent, received, again;
    struct notification notification;
    sent = full_open(BIT(FAMILY_IPV4_UNICAST));
    assert_int_equal(transfer(&sent, &received, &notification), 0);
    uint64_t before = mem_usage(MEM_SESSION).bytes;
    struct open_message *kept = open_keep(MEM_SESSION, &received);
    assert_true(mem_usage(MEM_SESSION).bytes - before < 1024);
    open_copy(&again, kept);
    mem_free(MEM_SESSION, kept);
    assert_memory_equal(&again, &received, sizeof(again));
    assert_int_equal(mem_usage(MEM_SESSION).bytes, before);
}

/* The parameters of an OPEN, cut anywhere or with any octet changed, never read past the end (the sanitizer sees to
 * it) and, when refused, name an OPEN error. */
static void test_mutations(void **state)
{
    static struct open_message open, received;
    uint8_t whole[1024];
    for (unsigned format = 0; format < 2; format++) {
        struct notification notification;
        open = full_open(format ? ALL_FAMILIES : BIT(FAMILY_IPV4_UNICAST));
        assert_int_equal(transfer(&open, &received, &notification), 0);
        size_t length = (size_t)(memory[16] << 8 | memory[17]);
        memcpy(whole, memory, length);
        for (size_t at = MESSAGE_HEADER_BYTES; at < length; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                uint8_t *exact = test_malloc(length - MESSAGE_HEADER_BYTES);
                memcpy(exact, whole + MESSAGE_HEADER_BYTES, length - MESSAGE_HEADER_BYTES);
                exact[at - MESSAGE_HEADER_BYTES] ^= (uint8_t)(1 << bit);
                struct message message = {.type = MESSAGE_OPEN,
                                          .length = (uint16_t)length,
                                          .body = exact,
                                          .body_length = (uint16_t)(length - MESSAGE_HEADER_BYTES)};
                if (open_decode(&message, &received, &notification) < 0)
                    assert_int_equal(notification.code, NOTIFY_OPEN);
                message.body_length = (uint16_t)(at - MESSAGE_HEADER_BYTES);
                assert_int_equal(open_decode(&message, &received, &notification), E_INVALID);
                test_free(exact);
            }
        }
    }
}

static void test_negotiate(void **state)
{
    struct open_message local = full_open(BIT(FAMILY_IPV4_UNICAST) | BIT(FAMILY_IPV6_UNICAST));
    struct open_message remote = plain_open();
    struct negotiated negotiated;
    remote.as = 65010;
    remote.router_id = 7;
    remote.hold_time_s = 30;
    /* an old speaker: IPv4 unicast and nothing else */
    capabilities_negotiate(&local, &remote, &negotiated);
    assert_int_equal(negotiated.peer_as, 65010);
    assert_int_equal(negotiated.peer_id, 7);
    assert_int_equal(negotiated.hold_time_s, 30);
    assert_int_equal(negotiated.keepalive_s, 10);
    assert_int_equal(negotiated.families, BIT(FAMILY_IPV4_UNICAST));
    assert_int_equal(negotiated.peer_role, ROLE_NONE);
    assert_false(negotiated.four_octet_as || negotiated.extended_message || negotiated.route_refresh ||
                 negotiated.enhanced_refresh);
    assert_int_equal(negotiated.add_path_receive | negotiated.add_path_send | negotiated.extended_next_hop, 0);

    remote.capabilities = full_open(BIT(FAMILY_IPV6_UNICAST) | BIT(FAMILY_EVPN)).capabilities;
    remote.capabilities.add_path_receive = BIT(FAMILY_IPV6_UNICAST);
    remote.capabilities.add_path_send = 0;
    remote.hold_time_s = 0;
    local.capabilities.add_path_send = BIT(FAMILY_IPV6_UNICAST) | BIT(FAMILY_IPV4_UNICAST);
    capabilities_negotiate(&local, &remote, &negotiated);
    assert_int_equal(negotiated.hold_time_s, 0);
    assert_int_equal(negotiated.keepalive_s, 0);
    assert_int_equal(negotiated.families, BIT(FAMILY_IPV6_UNICAST));
    assert_int_equal(negotiated.add_path_send, BIT(FAMILY_IPV6_UNICAST));
    assert_int_equal(negotiated.add_path_receive, 0);
    assert_int_equal(negotiated.extended_next_hop, 0);
    assert_true(negotiated.four_octet_as && negotiated.extended_message && negotiated.route_refresh &&
                negotiated.enhanced_refresh);
    assert_int_equal(negotiated.peer_role, ROLE_PEER);

    /* MULTIPROTOCOL without IPv4 unicast takes that away (RFC 4760 8) */
    local.capabilities.multiprotocol = BIT(FAMILY_IPV4_UNICAST);
    capabilities_negotiate(&local, &remote, &negotiated);
    assert_int_equal(negotiated.families, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_round_trip),
        cmocka_unit_test(test_four_octet_round_trip),
        cmocka_unit_test(test_full_round_trip),
        cmocka_unit_test(test_formats_meet),
        cmocka_unit_test(test_over_long_times_are_cut),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_malformed_informative_ones_are_absent),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_unknown_families_are_passed_over),
        cmocka_unit_test(test_long_lived_needs_graceful_restart),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_raw_keeps_the_unknown),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_negotiate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
