#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lab.h"
#include "base/log.h"
#include "wire/message.h"

static void count_lines(void *context, enum log_level level, const char *line)
{
    if (strstr(line, "not configured"))
        ++*(unsigned *)context;
}

static void test_strangers(void **state)
{
    struct lab *lab = *state;
    struct speaker speaker;
    unsigned lines = 0;
    speaker_init(&speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    speaker_make(&speaker);
    session_start(speaker.session);
    log_set_sink(count_lines, &lines);
    for (uint32_t i = 0; i < 300; i++) {
        struct raw raw;
        raw_init(&raw, lab, 0x0a000100 + i);
        raw_dial(&raw, &speaker);
        assert_true(lab_until(lab, raw_is_closed, &raw, 100));
        assert_int_equal(raw.length, 0);
        raw_release(&raw);
    }
    assert_int_equal(lines, 1);
    lab_run_ms(lab, 1000);
    struct raw raw;
    raw_init(&raw, lab, 0x0a000200);
    raw_dial(&raw, &speaker);
    assert_true(lab_until(lab, raw_is_closed, &raw, 100));
    assert_int_equal(lines, 2);
    raw_release(&raw);
    speaker_release(&speaker);
}

static bool nobody(void *owner, struct stream *stream)
{
    return false;
}

static void test_listeners(void **state)
{
    struct lab *lab = *state;
    struct err err;
    struct addr first = addr_ipv4(0x0a000001), second = addr_ipv4(0x0a000009);
    struct transport *host = memory_net_transport(lab->net, &first);
    memory_net_add_address(host, &second);
    struct acceptor *acceptor = acceptor_new(lab->loop, host, nobody, NULL);
    struct endpoint a = {.addr = first, .port = 179}, b = {.addr = second, .port = 179};
    struct endpoint elsewhere = {.addr = addr_ipv4(0x0a0000aa), .port = 179};
    assert_int_equal(acceptor_listen(acceptor, &a, NULL, &err), E_OK);
    assert_int_equal(acceptor_listen(acceptor, &b, NULL, &err), E_OK);
    assert_int_equal(acceptor_listen(acceptor, &a, NULL, &err), E_EXISTS);
    assert_string_equal(err.text, "already listening on 10.0.0.1:179");
    assert_true(acceptor_listen(acceptor, &elsewhere, NULL, &err) < 0);
    assert_int_equal(acceptor_count(acceptor), 2);
    struct endpoint bound = acceptor_local(acceptor, 1);
    assert_true(addr_equal(&bound.addr, &second));
    assert_int_equal(acceptor_unlisten(acceptor, &a), E_OK);
    assert_int_equal(acceptor_unlisten(acceptor, &a), E_NOT_FOUND);
    assert_int_equal(acceptor_count(acceptor), 1);
    assert_int_equal(acceptor_listen(acceptor, &a, NULL, &err), E_OK);
    acceptor_free(acceptor);
}

/* A key set before the listener exists, changed and removed afterwards. */
static void test_keys(void **state)
{
    struct lab *lab = *state;
    struct err err;
    struct pair pair;
    pair_init(&pair, lab);
    pair.b.config.passive = true;
    memcpy(pair.a.config.transport.md5_key, "s3cret", 6);
    pair.a.config.transport.md5_key_length = 6;
    pair_start(&pair);
    lab_run_ms(lab, 10000);
    assert_int_equal(pair.b.established, 0); /* b has no key */
    assert_int_equal(acceptor_set_key(pair.b.acceptor, &pair.a.addr, 32, &pair.a.config.transport, &err), E_OK);
    struct endpoint any = {.addr = addr_ipv4(0), .port = 179};
    assert_int_equal(acceptor_unlisten(pair.b.acceptor, &any), E_OK);
    assert_int_equal(acceptor_listen(pair.b.acceptor, &any, NULL, &err), E_OK); /* with the key */
    assert_true(lab_until(lab, pair_is_up, &pair, 130 * 1000));
    struct transport_options none = {0};
    assert_int_equal(acceptor_set_key(pair.b.acceptor, &pair.a.addr, 32, &none, &err), E_OK);
    assert_int_equal(acceptor_set_key(pair.b.acceptor, &pair.a.addr, 32, &none, &err), E_OK);
    pair_release(&pair);
}

#define LAB_TEST(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_strangers),
        LAB_TEST(test_listeners),
        LAB_TEST(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
