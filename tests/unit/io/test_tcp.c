#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/socket_stream.h"
#include "stream_probe.h"

struct lab {
    struct loop *loop;
    struct transport *tcp;
    struct listener *listener;
    struct endpoint where; /* of the listener */
    struct stream_probe dialer, acceptor;
    struct transport_options options;
};

static int lab_open(struct lab *lab, struct addr addr)
{
    lab->loop = loop_new();
    lab->tcp = transport_tcp();
    struct endpoint local = {.addr = addr};
    int status = lab->tcp->ops->listen(lab->tcp, lab->loop, &local, NULL, stream_probe_accept, &lab->acceptor,
                                       &lab->listener, NULL);
    if (status == E_OK)
        lab->where = listener_local(lab->listener);
    return status;
}

static int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    *state = lab;
    return lab_open(lab, addr_ipv4(INADDR_LOOPBACK));
}

static int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    stream_probe_release(&lab->dialer);
    stream_probe_release(&lab->acceptor);
    listener_free(lab->listener);
    loop_free(lab->loop);
    free(lab);
    return 0;
}

static int try_dial(struct lab *lab, struct err *err)
{
    return lab->tcp->ops->dial(lab->tcp, lab->loop, &lab->where, &lab->options, &stream_probe_handler, &lab->dialer,
                               &lab->dialer.stream, err);
}

static void dial(struct lab *lab)
{
    struct err err;
    assert_int_equal(try_dial(lab, &err), E_OK);
    assert_false(lab->dialer.connected || lab->dialer.failed);
    stream_want(lab->dialer.stream, LOOP_READ);
}

static void connect_both(struct lab *lab)
{
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
}

static int option_of(const struct stream *stream, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    assert_int_equal(getsockopt(socket_stream_fd(stream), level, option, &value, &length), 0);
    return value;
}

static void test_bytes_go_both_ways(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    struct endpoint dialer_local = stream_local(lab->dialer.stream);
    struct endpoint dialer_remote = stream_remote(lab->dialer.stream);
    struct endpoint acceptor_remote = stream_remote(lab->acceptor.stream);
    assert_memory_equal(&dialer_remote, &lab->where, sizeof(lab->where));
    assert_memory_equal(&dialer_local, &acceptor_remote, sizeof(dialer_local));
    assert_int_not_equal(dialer_local.port, 0);
    assert_int_equal(stream_write(lab->dialer.stream, "hello", 5), 5);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, 5));
    assert_int_equal(stream_write(lab->acceptor.stream, "you", 3), 3);
    assert_true(turn_until_count(lab->loop, &lab->dialer.length, 3));
    assert_memory_equal(lab->acceptor.bytes, "hello", 5);
    stream_probe_release(&lab->dialer);
    assert_true(turn_until_set(lab->loop, &lab->acceptor.end));
    assert_int_equal(lab->acceptor.end, E_EOF);
}

static void test_sockets_are_marked_as_routers_do(void **state)
{
    struct lab *lab = *state;
    lab->options.ttl = 1;
    lab->options.mss = 1000;
    connect_both(lab);
    assert_int_equal(option_of(lab->dialer.stream, IPPROTO_IP, IP_TOS), IPTOS_CLASS_CS6);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_IP, IP_TOS), IPTOS_CLASS_CS6);
    assert_int_equal(option_of(lab->dialer.stream, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(lab->dialer.stream, IPPROTO_IP, IP_TTL), 1);
    assert_true(option_of(lab->dialer.stream, IPPROTO_TCP, TCP_MAXSEG) <= 1000);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_IP, IP_TTL), 255);
    struct transport_options none = {0}, some = {.ttl = 7, .ttl_min = 3, .mss = 900};
    assert_int_equal(lab->tcp->ops->apply(lab->acceptor.stream, &some, NULL), E_OK);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_IP, IP_TTL), 7);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_IP, IP_MINTTL), 3);
    assert_int_equal(lab->tcp->ops->apply(lab->acceptor.stream, &none, NULL), E_OK);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_IP, IP_TTL), 64);
    assert_int_equal(option_of(lab->acceptor.stream, IPPROTO_IP, IP_MINTTL), 0);
}

static void test_refusal_is_told_later(void **state)
{
    struct lab *lab = *state;
    listener_free(lab->listener);
    lab->listener = NULL;
    dial(lab);
    assert_true(turn_until_set(lab->loop, &lab->dialer.failed));
    assert_int_equal(lab->dialer.failed, ECONNREFUSED);
    assert_int_equal(stream_write(lab->dialer.stream, "x", 1), E_AGAIN);
    stream_probe_release(&lab->dialer);
    dial(lab);
    stream_probe_release(&lab->dialer); /* before it was told */
    loop_turn(lab->loop, 0);
    assert_int_equal(lab->dialer.failed, 0);
}

static void test_local_address(void **state)
{
    struct lab *lab = *state;
    lab->options.local.addr = addr_ipv4(0x7f000005);
    connect_both(lab);
    assert_int_equal(stream_remote(lab->acceptor.stream).addr.bytes[3], 5);
    stream_probe_release(&lab->dialer);

    struct err err = {0};
    lab->options.local.addr = addr_ipv4(0xc0000201);
    assert_int_equal(try_dial(lab, &err), E_IO);
    assert_non_null(strstr(err.text, "192.0.2.1"));
    assert_int_equal(addr_parse("::1", &lab->options.local.addr), 0);
    assert_int_equal(try_dial(lab, &err), E_INVALID);
}

static void test_interface(void **state)
{
    struct lab *lab = *state;
    struct err err = {0};
    memcpy(lab->options.bind_interface, "nosuchifindeed", 15);
    assert_int_equal(try_dial(lab, &err), E_IO);
    assert_non_null(strstr(err.text, "nosuchifindeed"));
    struct listener *listener;
    struct endpoint local = {.addr = addr_ipv4(INADDR_LOOPBACK)};
    assert_int_equal(lab->tcp->ops->listen(lab->tcp, lab->loop, &local, "nosuchifindeed", stream_probe_accept, NULL,
                                           &listener, &err),
                     E_IO);
    memcpy(lab->options.bind_interface, "lo", 3);
    connect_both(lab);
}

static void test_address_in_use(void **state)
{
    struct lab *lab = *state;
    struct listener *listener;
    struct err err = {0};
    assert_int_equal(
        lab->tcp->ops->listen(lab->tcp, lab->loop, &lab->where, NULL, stream_probe_accept, NULL, &listener, &err),
        E_IO);
    assert_non_null(strstr(err.text, "127.0.0.1"));
}

static void test_ipv6(void **state)
{
    struct lab lab = {0};
    struct addr six;
    assert_int_equal(addr_parse("::1", &six), 0);
    if (lab_open(&lab, six) != E_OK) {
        loop_free(lab.loop);
        print_message("no IPv6 loopback here\n");
        skip();
    }
    lab.options.ttl = 255;
    lab.options.ttl_min = 255;
    connect_both(&lab);
    assert_int_equal(option_of(lab.dialer.stream, IPPROTO_IPV6, IPV6_TCLASS), IPTOS_CLASS_CS6);
    assert_int_equal(option_of(lab.dialer.stream, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 255);
    assert_int_equal(lab.tcp->ops->apply(lab.acceptor.stream, &lab.options, NULL), E_OK);
    assert_int_equal(stream_write(lab.acceptor.stream, "x", 1), 1);
    assert_true(turn_until_count(lab.loop, &lab.dialer.length, 1));
    stream_probe_release(&lab.dialer);
    stream_probe_release(&lab.acceptor);
    listener_free(lab.listener);
    loop_free(lab.loop);
}

static void turn_for_ms(struct loop *loop, int64_t ms)
{
    struct mono_time start = mono_now();
    while (mono_diff_ms(mono_now(), start) < ms)
        loop_turn(loop, 20);
}

/* Loopback takes nothing from the TTL: 255 is from here, 64 must have come from elsewhere. */
static void test_ttl_security_drops_what_comes_from_afar(void **state)
{
    struct lab *lab = *state;
    lab->options.ttl_min = 255;
    connect_both(lab);
    struct transport_options far = {.ttl = 64}, near = {.ttl = 255};
    assert_int_equal(lab->tcp->ops->apply(lab->acceptor.stream, &far, NULL), E_OK);
    assert_int_equal(stream_write(lab->acceptor.stream, "x", 1), 1);
    turn_for_ms(lab->loop, 100);
    assert_int_equal(lab->dialer.length, 0);
    assert_int_equal(lab->tcp->ops->apply(lab->acceptor.stream, &near, NULL), E_OK);
    assert_true(turn_until_count(lab->loop, &lab->dialer.length, 1)); /* sent again */
}

/* A NOTIFICATION written just before closing arrives, though bytes of the other side were never read. */
static void test_last_words_survive_unread_bytes(void **state)
{
    enum { FLOOD = 100000 };
    struct lab *lab = *state;
    connect_both(lab);
    stream_want(lab->acceptor.stream, 0);
    uint8_t *flood = calloc(1, FLOOD);
    assert_true(stream_write(lab->dialer.stream, flood, FLOOD) > 0);
    assert_int_equal(stream_write(lab->acceptor.stream, "bye", 3), 3);
    stream_probe_release(&lab->acceptor);
    assert_true(turn_until_set(lab->loop, &lab->dialer.end));
    assert_int_equal(lab->dialer.end, E_EOF);
    assert_int_equal(lab->dialer.length, 3);
    free(flood);
}

static void test_back_pressure_and_writable(void **state)
{
    enum { LENGTH = 8 << 20 };
    struct lab *lab = *state;
    connect_both(lab);
    uint8_t *bytes = malloc(LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    stream_want(lab->acceptor.stream, 0);
    size_t sent = 0;
    ssize_t taken;
    while ((taken = stream_write(lab->dialer.stream, bytes + sent, LENGTH - sent)) > 0)
        sent += (size_t)taken;
    assert_int_equal(taken, E_AGAIN);
    stream_probe_write(&lab->dialer, bytes + sent, LENGTH - sent);
    stream_want(lab->acceptor.stream, LOOP_READ);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, LENGTH));
    assert_memory_equal(lab->acceptor.bytes, bytes, LENGTH);
    free(bytes);
}

/* Until it takes no more; what the system then holds and could not send, the other side reading nothing. */
static int unsent_when_full(struct lab *lab)
{
    static const uint8_t bytes[1 << 20];
    int unsent = -1;
    while (stream_write(lab->dialer.stream, bytes, sizeof(bytes)) > 0)
        continue;
    assert_int_equal(ioctl(socket_stream_fd(lab->dialer.stream), SIOCOUTQNSD, &unsent), 0);
    return unsent;
}

static void test_what_was_not_sent_is_limited(void **state)
{
    enum { LIMIT = 64 * 1024, SLACK = 64 * 1024 }; /* a buffer of the system's is filled up */
    struct lab *lab = *state;
    connect_both(lab);
    stream_want(lab->acceptor.stream, 0);
    stream_limit_unsent(lab->dialer.stream, LIMIT);
    assert_in_range(unsent_when_full(lab), 1, LIMIT + SLACK);
    stream_limit_unsent(lab->dialer.stream, 0);
    assert_true(unsent_when_full(lab) > LIMIT + SLACK);
}

static void test_owner_may_free_inside_a_callback(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    lab->acceptor.free_on_read = true;
    stream_want(lab->acceptor.stream, LOOP_READ | LOOP_WRITE);
    assert_int_equal(stream_write(lab->dialer.stream, "x", 1), 1);
    assert_true(turn_until_set(lab->loop, &lab->dialer.end));
    assert_null(lab->acceptor.stream);
    assert_int_equal(lab->acceptor.readable, 1);
}

/* MD5 ------------------------------------------------------------------------------------------------------------- */

static void use_key(struct transport_options *options, const char *key)
{
    options->md5_key_length = (uint8_t)strlen(key);
    memcpy(options->md5_key, key, strlen(key));
}

static void listener_key(struct lab *lab, const char *key, unsigned bits)
{
    struct transport_options options = {0};
    struct addr dialer = addr_ipv4(bits == 32 ? 0x7f000001 : 0x7f000000);
    struct err err = {0};
    use_key(&options, key);
    int status = lab->tcp->ops->listener_set_key(lab->listener, &dialer, bits, &options, &err);
    if (status == E_UNSUPPORTED) {
        print_message("%s\n", err.text);
        skip();
    }
    assert_int_equal(status, E_OK);
}

static void test_md5_match(void **state)
{
    struct lab *lab = *state;
    listener_key(lab, "correct horse", 32);
    use_key(&lab->options, "correct horse");
    connect_both(lab);
    assert_int_equal(stream_write(lab->dialer.stream, "x", 1), 1);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, 1));
}

static void test_md5_mismatch_is_silence_until_it_matches(void **state)
{
    struct lab *lab = *state;
    listener_key(lab, "one", 32);
    use_key(&lab->options, "two");
    dial(lab);
    turn_for_ms(lab->loop, 200);
    assert_false(lab->dialer.connected || lab->dialer.failed || lab->acceptor.connected);
    listener_key(lab, "two", 32);
    assert_true(turn_until(lab->loop, &lab->dialer.connected)); /* the SYN comes again after a second */
}

static void test_md5_prefix_key(void **state)
{
    struct lab *lab = *state;
    listener_key(lab, "for all of them", 8);
    use_key(&lab->options, "for all of them");
    lab->options.local.addr = addr_ipv4(0x7f010203);
    connect_both(lab);
}

static void test_md5_key_removed(void **state)
{
    struct lab *lab = *state;
    listener_key(lab, "gone soon", 32);
    listener_key(lab, "", 32);
    listener_key(lab, "", 32); /* none there: fine */
    connect_both(lab);
}

static void test_md5_bad_requests(void **state)
{
    struct lab *lab = *state;
    struct transport_options options = {.md5_key_length = TCP_MD5_KEY_MAX + 1};
    struct addr four = addr_ipv4(0x7f000001), six;
    assert_int_equal(addr_parse("::1", &six), 0);
    assert_int_equal(lab->tcp->ops->listener_set_key(lab->listener, &four, 32, &options, NULL), E_INVALID);
    options.md5_key_length = 1;
    assert_int_equal(lab->tcp->ops->listener_set_key(lab->listener, &four, 33, &options, NULL), E_INVALID);
    assert_int_equal(lab->tcp->ops->listener_set_key(lab->listener, &six, 128, &options, NULL), E_INVALID);
}

/* Accepting ------------------------------------------------------------------------------------------------------- */

static void free_listener_at_once(void *owner, struct stream *stream)
{
    struct lab *lab = owner;
    stream_probe_take(&lab->acceptor, stream);
    lab->acceptor.connected = true;
    listener_free(lab->listener);
    lab->listener = NULL;
}

static void test_listener_freed_while_accepting(void **state)
{
    struct lab *lab = *state;
    listener_free(lab->listener);
    struct endpoint local = {.addr = addr_ipv4(INADDR_LOOPBACK)};
    assert_int_equal(
        lab->tcp->ops->listen(lab->tcp, lab->loop, &local, NULL, free_listener_at_once, lab, &lab->listener, NULL),
        E_OK);
    lab->where = listener_local(lab->listener);
    connect_both(lab);
    assert_null(lab->listener);
}

static void test_shortage_of_descriptors_does_not_spin(void **state)
{
    struct lab *lab = *state;
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    dial(lab);
    int next_fd = dup(STDERR_FILENO);
    assert_true(next_fd > 0);
    close(next_fd);
    now = before;
    now.rlim_cur = (rlim_t)next_fd;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    unsigned turns = 0;
    struct mono_time start = mono_now();
    while (mono_diff_ms(mono_now(), start) < 100) {
        loop_turn(lab->loop, 10);
        turns++;
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(lab->acceptor.connected);
    assert_true(turns < 50);
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_bytes_go_both_ways),
        LAB_TEST(test_sockets_are_marked_as_routers_do),
        LAB_TEST(test_refusal_is_told_later),
        LAB_TEST(test_local_address),
        LAB_TEST(test_interface),
        LAB_TEST(test_address_in_use),
        cmocka_unit_test(test_ipv6),
        LAB_TEST(test_ttl_security_drops_what_comes_from_afar),
        LAB_TEST(test_last_words_survive_unread_bytes),
        LAB_TEST(test_back_pressure_and_writable),
        LAB_TEST(test_what_was_not_sent_is_limited),
        LAB_TEST(test_owner_may_free_inside_a_callback),
        LAB_TEST(test_md5_match),
        LAB_TEST(test_md5_mismatch_is_silence_until_it_matches),
        LAB_TEST(test_md5_prefix_key),
        LAB_TEST(test_md5_key_removed),
        LAB_TEST(test_md5_bad_requests),
        LAB_TEST(test_listener_freed_while_accepting),
        LAB_TEST(test_shortage_of_descriptors_does_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
