#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/memory_net.h"
#include "stream_probe.h"

/* Two hosts, A dialing B, who listens on port 179. */
struct lab {
    struct loop *loop;
    struct memory_net *net;
    struct addr a, b;
    struct transport *host_a, *host_b;
    struct listener *listener;
    struct stream_probe dialer, acceptor;
    struct transport_options options;
};

static int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    lab->loop = loop_new_simulated();
    lab->net = memory_net_new(lab->loop);
    lab->a = addr_ipv4(0x0a000001);
    lab->b = addr_ipv4(0x0a000002);
    lab->host_a = memory_net_transport(lab->net, &lab->a);
    lab->host_b = memory_net_transport(lab->net, &lab->b);
    struct endpoint any = {.addr = addr_ipv4(0), .port = 179};
    if (lab->host_b->ops->listen(lab->host_b, lab->loop, &any, NULL, stream_probe_accept, &lab->acceptor,
                                 &lab->listener, NULL) != E_OK)
        return -1;
    *state = lab;
    return 0;
}

static int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    stream_probe_release(&lab->dialer);
    stream_probe_release(&lab->acceptor);
    listener_free(lab->listener);
    memory_net_free(lab->net);
    loop_free(lab->loop);
    free(lab);
    return 0;
}

static void dial(struct lab *lab)
{
    struct endpoint remote = {.addr = lab->b, .port = 179};
    assert_int_equal(lab->host_a->ops->dial(lab->host_a, lab->loop, &remote, &lab->options, &stream_probe_handler,
                                            &lab->dialer, &lab->dialer.stream, NULL),
                     E_OK);
    stream_want(lab->dialer.stream, LOOP_READ);
}

static void connect_both(struct lab *lab)
{
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
}

static bool end_is(struct endpoint endpoint, const struct addr *addr)
{
    return addr_equal(&endpoint.addr, addr);
}

static int64_t elapsed_ms(struct lab *lab, struct mono_time start)
{
    return mono_diff_ms(loop_now(lab->loop), start);
}

static void test_bytes_go_both_ways(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    assert_true(end_is(stream_local(lab->dialer.stream), &lab->a));
    assert_true(end_is(stream_remote(lab->dialer.stream), &lab->b));
    assert_true(end_is(stream_local(lab->acceptor.stream), &lab->b));
    assert_int_equal(stream_remote(lab->acceptor.stream).port, stream_local(lab->dialer.stream).port);
    assert_int_equal(listener_local(lab->listener).port, 179);
    char open[] = "open", ing[] = "ing", rest[8];
    struct iovec pieces[2] = {{.iov_base = open, .iov_len = 4}, {.iov_base = ing, .iov_len = 3}};
    assert_int_equal(stream_writev(lab->dialer.stream, pieces, 2), 7);
    assert_int_equal(lab->acceptor.length, 0); /* never inside the writer's call */
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, 7));
    assert_memory_equal(lab->acceptor.bytes, "opening", 7);
    assert_int_equal(stream_writev(lab->acceptor.stream, pieces, 1), 4);
    assert_true(turn_until_count(lab->loop, &lab->dialer.length, 4));
    assert_int_equal(stream_read(lab->dialer.stream, rest, sizeof(rest)), E_AGAIN);
}

static void test_end_of_stream_comes_after_the_bytes(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    assert_int_equal(stream_write(lab->dialer.stream, "bye", 3), 3);
    stream_probe_release(&lab->dialer);
    assert_true(turn_until_set(lab->loop, &lab->acceptor.end));
    assert_int_equal(lab->acceptor.end, E_EOF);
    assert_int_equal(lab->acceptor.length, 3);
    /* Writing to who is gone works once; then the reset is back. */
    assert_int_equal(stream_write(lab->acceptor.stream, "bye", 3), 3);
    loop_turn(lab->loop, 10);
    assert_int_equal(stream_write(lab->acceptor.stream, "bye", 3), E_IO);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(memory_net_connections(lab->net), 1);
    stream_probe_release(&lab->acceptor);
    assert_int_equal(memory_net_connections(lab->net), 0);
}

static void test_delay_is_per_direction(void **state)
{
    struct lab *lab = *state;
    memory_net_set_delay(lab->net, &lab->a, &lab->b, 30);
    memory_net_set_delay(lab->net, &lab->b, &lab->a, 5);
    struct mono_time start = loop_now(lab->loop);
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    assert_int_equal(elapsed_ms(lab, start), 35);
    assert_false(lab->acceptor.connected);
    assert_int_equal(stream_write(lab->dialer.stream, "x", 1), 1);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, 1));
    assert_int_equal(elapsed_ms(lab, start), 65);
    assert_int_equal(stream_write(lab->acceptor.stream, "x", 1), 1);
    assert_true(turn_until_count(lab->loop, &lab->dialer.length, 1));
    assert_int_equal(elapsed_ms(lab, start), 70);
    /* A delay made shorter does not let bytes overtake. */
    assert_int_equal(stream_write(lab->dialer.stream, "1", 1), 1);
    memory_net_set_delay(lab->net, &lab->a, &lab->b, 1);
    assert_int_equal(stream_write(lab->dialer.stream, "2", 1), 1);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, 3));
    assert_memory_equal(lab->acceptor.bytes, "x12", 3);
    assert_int_equal(elapsed_ms(lab, start), 100);
}

static void test_full_buffer_pushes_back(void **state)
{
    enum { LENGTH = 10000 };
    struct lab *lab = *state;
    memory_net_set_buffer(lab->net, 1000);
    connect_both(lab);
    uint8_t *bytes = malloc(LENGTH);
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (uint8_t)(i * 7);
    lab->acceptor.keep_unread = true;
    stream_want(lab->acceptor.stream, 0);
    struct iovec piece = {.iov_base = bytes, .iov_len = LENGTH};
    assert_int_equal(stream_writev(lab->dialer.stream, &piece, 1), 1000);
    assert_int_equal(stream_writev(lab->dialer.stream, &piece, 1), E_AGAIN);
    stream_probe_write(&lab->dialer, bytes + 1000, LENGTH - 1000);
    while (loop_turn(lab->loop, -1))
        continue;
    assert_int_equal(lab->dialer.writable, 0);
    lab->acceptor.keep_unread = false;
    stream_want(lab->acceptor.stream, LOOP_READ);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, LENGTH));
    assert_memory_equal(lab->acceptor.bytes, bytes, LENGTH);
    assert_true(lab->dialer.writable >= 9);
    free(bytes);
}

static void test_want_is_level_triggered(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    lab->acceptor.keep_unread = true;
    assert_int_equal(stream_write(lab->dialer.stream, "x", 1), 1);
    for (int turn = 0; turn < 10; turn++)
        loop_turn(lab->loop, -1);
    assert_true(lab->acceptor.readable >= 5);
    stream_want(lab->acceptor.stream, 0);
    unsigned seen = lab->acceptor.readable;
    loop_turn(lab->loop, 0);
    loop_turn(lab->loop, 0);
    assert_int_equal(lab->acceptor.readable, seen);
    lab->acceptor.free_on_read = true;
    stream_want(lab->acceptor.stream, LOOP_READ | LOOP_WRITE);
    loop_turn(lab->loop, 0);
    assert_null(lab->acceptor.stream);
}

static void test_refused_when_nobody_listens(void **state)
{
    struct lab *lab = *state;
    listener_free(lab->listener);
    lab->listener = NULL;
    memory_net_set_delay(lab->net, &lab->a, &lab->b, 10);
    struct mono_time start = loop_now(lab->loop);
    dial(lab);
    assert_true(turn_until_set(lab->loop, &lab->dialer.failed));
    assert_int_equal(lab->dialer.failed, ECONNREFUSED);
    assert_int_equal(elapsed_ms(lab, start), 10);
}

static void test_listening_is_checked(void **state)
{
    struct lab *lab = *state;
    struct listener *listener;
    struct err err;
    struct endpoint same = {.addr = addr_ipv4(0), .port = 179};
    assert_int_equal(
        lab->host_b->ops->listen(lab->host_b, lab->loop, &same, NULL, stream_probe_accept, NULL, &listener, &err),
        E_IO);
    assert_int_equal(errno, EADDRINUSE);
    struct endpoint foreign = {.addr = lab->a, .port = 179};
    assert_int_equal(
        lab->host_b->ops->listen(lab->host_b, lab->loop, &foreign, NULL, stream_probe_accept, NULL, &listener, &err),
        E_IO);
    assert_int_equal(errno, EADDRNOTAVAIL);
    lab->options.local.addr = lab->b;
    struct stream *stream;
    assert_int_equal(lab->host_a->ops->dial(lab->host_a, lab->loop, &same, &lab->options, NULL, NULL, &stream, &err),
                     E_IO);
}

static void set_key(struct lab *lab, const char *key, unsigned bits)
{
    struct transport_options options = {.md5_key_length = (uint8_t)strlen(key)};
    memcpy(options.md5_key, key, strlen(key));
    assert_int_equal(lab->host_b->ops->listener_set_key(lab->listener, &lab->a, bits, &options, NULL), E_OK);
}

static void test_key_mismatch_is_silence(void **state)
{
    struct lab *lab = *state;
    set_key(lab, "secret", 24);
    struct mono_time start = loop_now(lab->loop);
    dial(lab);
    assert_true(turn_until_set(lab->loop, &lab->dialer.failed));
    assert_int_equal(lab->dialer.failed, ETIMEDOUT);
    assert_int_equal(elapsed_ms(lab, start), 127000);
    assert_false(lab->acceptor.connected);
    stream_probe_release(&lab->dialer);

    lab->options.md5_key_length = 6;
    memcpy(lab->options.md5_key, "sEcret", 6);
    dial(lab);
    loop_turn(lab->loop, 0);
    loop_turn(lab->loop, 2000);
    assert_false(lab->dialer.connected);
    set_key(lab, "sEcret", 32); /* more exact than the prefix's; the SYN is repeated and now fits */
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
    assert_true(elapsed_ms(lab, start) < 127000 + 10000);
}

static void test_exact_key_goes_before_a_prefix_key(void **state)
{
    struct lab *lab = *state;
    set_key(lab, "exact", 32);
    set_key(lab, "prefix", 8);
    lab->options.md5_key_length = 5;
    memcpy(lab->options.md5_key, "exact", 5);
    connect_both(lab);
}

static void test_removed_key_lets_the_keyless_in(void **state)
{
    struct lab *lab = *state;
    set_key(lab, "secret", 32);
    set_key(lab, "", 32);
    connect_both(lab);
}

static void test_cut_holds_everything_until_restored(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    memory_net_cut(lab->net, &lab->a, &lab->b);
    assert_int_equal(stream_write(lab->dialer.stream, "late", 4), 4);
    stream_probe_release(&lab->dialer);
    for (int turn = 0; turn < 10; turn++)
        loop_turn(lab->loop, 60000);
    assert_int_equal(lab->acceptor.length, 0);
    assert_int_equal(lab->acceptor.end, 0);
    memory_net_restore(lab->net, &lab->a, &lab->b);
    assert_true(turn_until_set(lab->loop, &lab->acceptor.end));
    assert_int_equal(lab->acceptor.length, 4);
    assert_int_equal(lab->acceptor.end, E_EOF);
}

static void test_dial_over_a_cut_times_out(void **state)
{
    struct lab *lab = *state;
    memory_net_cut(lab->net, &lab->b, &lab->a);
    dial(lab);
    assert_true(turn_until_set(lab->loop, &lab->dialer.failed));
    assert_int_equal(lab->dialer.failed, ETIMEDOUT);
}

static void test_reset_reaches_both_ends(void **state)
{
    struct lab *lab = *state;
    connect_both(lab);
    assert_int_equal(memory_net_reset(lab->net, &lab->b, &lab->a), 1);
    assert_true(turn_until_set(lab->loop, &lab->dialer.end));
    assert_true(turn_until_set(lab->loop, &lab->acceptor.end));
    assert_int_equal(lab->dialer.end, E_IO);
    assert_int_equal(lab->dialer.end_errno, ECONNRESET);
    assert_int_equal(lab->acceptor.end_errno, ECONNRESET);
    stream_probe_release(&lab->dialer);
    stream_probe_release(&lab->acceptor);
    assert_int_equal(memory_net_reset(lab->net, &lab->a, &lab->b), 0);
}

static void test_ttl_security(void **state)
{
    struct lab *lab = *state;
    memory_net_set_routers(lab->net, &lab->a, &lab->b, 1);
    lab->options.ttl = 255;
    lab->options.ttl_min = 255;
    dial(lab);
    assert_true(turn_until_set(lab->loop, &lab->dialer.failed));
    assert_int_equal(lab->dialer.failed, ETIMEDOUT);
    stream_probe_release(&lab->dialer);

    memory_net_set_routers(lab->net, &lab->a, &lab->b, 0);
    connect_both(lab);
    assert_int_equal(lab->host_b->ops->apply(lab->acceptor.stream, &(struct transport_options){0}, NULL), E_OK);
    assert_int_equal(stream_write(lab->acceptor.stream, "x", 1), 1); /* TTL 64: too far away */
    for (int turn = 0; turn < 5; turn++)
        loop_turn(lab->loop, 1000);
    assert_int_equal(lab->dialer.length, 0);
    assert_int_equal(lab->host_b->ops->apply(lab->acceptor.stream, &lab->options, NULL), E_OK);
    assert_true(turn_until_count(lab->loop, &lab->dialer.length, 1));
}

static void test_dialer_gives_up_at_every_step(void **state)
{
    struct lab *lab = *state;
    memory_net_set_delay(lab->net, &lab->a, &lab->b, 10);
    memory_net_set_delay(lab->net, &lab->b, &lab->a, 10);
    static const int after_ms[] = {0, 5, 15};
    for (size_t i = 0; i < sizeof(after_ms) / sizeof(after_ms[0]); i++) {
        dial(lab);
        loop_turn(lab->loop, after_ms[i]);
        stream_probe_release(&lab->dialer);
        while (loop_next_timeout_ms(lab->loop) >= 0)
            loop_turn(lab->loop, -1);
        assert_false(lab->acceptor.connected);
        assert_int_equal(memory_net_connections(lab->net), 0);
    }
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    stream_probe_release(&lab->dialer); /* connected, but the ACK is still under way */
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
    assert_true(turn_until_set(lab->loop, &lab->acceptor.end));
    assert_int_equal(lab->acceptor.end, E_EOF);
}

static void test_listener_gone_before_the_ack(void **state)
{
    struct lab *lab = *state;
    memory_net_set_delay(lab->net, &lab->a, &lab->b, 10);
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    listener_free(lab->listener);
    lab->listener = NULL;
    assert_true(turn_until_set(lab->loop, &lab->dialer.end));
    assert_int_equal(lab->dialer.end_errno, ECONNRESET);
}

static void test_host_with_several_addresses(void **state)
{
    struct lab *lab = *state;
    struct addr six_a, six_b;
    assert_int_equal(addr_parse("2001:db8::1", &six_a), 0);
    assert_int_equal(addr_parse("2001:db8::2", &six_b), 0);
    memory_net_add_address(lab->host_a, &six_a);
    memory_net_add_address(lab->host_b, &six_b);
    assert_ptr_equal(memory_net_transport(lab->net, &six_a), lab->host_a);
    struct listener *listener;
    struct endpoint local = {.addr = six_b};
    assert_int_equal(lab->host_b->ops->listen(lab->host_b, lab->loop, &local, NULL, stream_probe_accept, &lab->acceptor,
                                              &listener, NULL),
                     E_OK);
    struct endpoint remote = listener_local(listener);
    assert_int_equal(lab->host_a->ops->dial(lab->host_a, lab->loop, &remote, &lab->options, &stream_probe_handler,
                                            &lab->dialer, &lab->dialer.stream, NULL),
                     E_OK);
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
    assert_true(end_is(stream_remote(lab->acceptor.stream), &six_a));
    listener_free(listener);
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_bytes_go_both_ways),
        LAB_TEST(test_end_of_stream_comes_after_the_bytes),
        LAB_TEST(test_delay_is_per_direction),
        LAB_TEST(test_full_buffer_pushes_back),
        LAB_TEST(test_want_is_level_triggered),
        LAB_TEST(test_refused_when_nobody_listens),
        LAB_TEST(test_listening_is_checked),
        LAB_TEST(test_key_mismatch_is_silence),
        LAB_TEST(test_exact_key_goes_before_a_prefix_key),
        LAB_TEST(test_removed_key_lets_the_keyless_in),
        LAB_TEST(test_cut_holds_everything_until_restored),
        LAB_TEST(test_dial_over_a_cut_times_out),
        LAB_TEST(test_reset_reaches_both_ends),
        LAB_TEST(test_ttl_security),
        LAB_TEST(test_dialer_gives_up_at_every_step),
        LAB_TEST(test_listener_gone_before_the_ack),
        LAB_TEST(test_host_with_several_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
