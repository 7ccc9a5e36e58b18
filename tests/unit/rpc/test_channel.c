/* The client on a loop against a real server on another thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/channel.h"
#include "server_thread.h"

enum { WAIT_MS = 20000 };

struct fixture {
    struct server_thread server;
    struct loop *loop;
    struct rpc_channel *channel;
    unsigned connected;
    unsigned lost;
    char reason[256];
};

struct call {
    unsigned messages;
    unsigned stop_after;
    unsigned ended;
    struct rpc_status status;
};

static void on_connected(void *context)
{
    ((struct fixture *)context)->connected++;
}

static void on_lost(void *context, const char *reason)
{
    struct fixture *fixture = context;
    fixture->lost++;
    snprintf(fixture->reason, sizeof(fixture->reason), "%s", reason);
}

static const struct rpc_channel_handler handler = {.connected = on_connected, .lost = on_lost};

static bool on_message(void *context, const uint8_t *bytes, size_t length)
{
    struct call *call = context;
    call->messages++;
    return call->messages != call->stop_after;
}

static void on_ended(void *context, const struct rpc_status *status)
{
    struct call *call = context;
    call->ended++;
    call->status = *status;
}

static int start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    server_thread_start(&fixture->server, NULL);
    fixture->loop = loop_new();
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;
    rpc_channel_free(fixture->channel);
    loop_turn(fixture->loop, 0);
    loop_free(fixture->loop);
    server_thread_stop(&fixture->server);
    free(fixture);
    return 0;
}

static void open_channel(struct fixture *fixture, const char *target, uint32_t connect_ms, uint32_t ping_ms)
{
    struct err err = {.text = ""};
    const struct rpc_channel_options options = {.target = target, .connect_ms = connect_ms, .ping_ms = ping_ms};
    if (rpc_channel_new(fixture->loop, &options, &handler, fixture, &fixture->channel, &err) != E_OK)
        fail_msg("%s", err.text);
}

/* Turns until `*counter` has reached `value`. */
static void wait_for(struct fixture *fixture, const unsigned *counter, unsigned value)
{
    struct mono_time end = mono_add_ms(mono_now(), WAIT_MS);
    while (*counter < value && mono_before(mono_now(), end))
        loop_turn(fixture->loop, 100);
    assert_true(*counter >= value);
}

static struct rpc_pending *echo(struct fixture *fixture, struct call *call, const char *path, const char *text)
{
    const struct rpc_request request = {.path = path, .message = text, .length = strlen(text)};
    return rpc_channel_call(fixture->channel, &request, on_message, on_ended, call);
}

static void many_calls_share_a_connection(void **state)
{
    struct fixture *fixture = *state;
    struct call calls[50] = {0};
    open_channel(fixture, fixture->server.tcp, 10000, 0);
    wait_for(fixture, &fixture->connected, 1);
    for (unsigned i = 0; i < 50; i++)
        echo(fixture, &calls[i], "/test.Echo/Say", "hello");
    for (unsigned i = 0; i < 50; i++) {
        wait_for(fixture, &calls[i].ended, 1);
        assert_int_equal(calls[i].status.code, RPC_OK);
        assert_int_equal(calls[i].messages, 1);
    }
    assert_int_equal(fixture->lost, 0);
}

static void calls_without_connection_end_as_unavailable(void **state)
{
    struct fixture *fixture = *state;
    struct call call = {0};
    open_channel(fixture, "127.0.0.1:1", 10000, 0);
    echo(fixture, &call, "/test.Echo/Say", "hello");
    assert_int_equal(call.ended, 0); /* never from inside the call */
    wait_for(fixture, &call.ended, 1);
    assert_int_equal(call.status.code, RPC_UNAVAILABLE);
    wait_for(fixture, &fixture->lost, 3); /* it goes on trying */
    assert_string_equal(fixture->reason, "Connection refused");
}

static void unknown_methods_are_told(void **state)
{
    struct fixture *fixture = *state;
    struct call call = {0};
    open_channel(fixture, fixture->server.local, 10000, 0);
    wait_for(fixture, &fixture->connected, 1);
    echo(fixture, &call, "/test.Echo/Nothing", "hello");
    wait_for(fixture, &call.ended, 1);
    assert_int_equal(call.status.code, RPC_UNIMPLEMENTED);
}

static void cancelled_calls_are_silent(void **state)
{
    struct fixture *fixture = *state;
    struct call cancelled = {0};
    struct call other = {0};
    open_channel(fixture, fixture->server.tcp, 10000, 0);
    wait_for(fixture, &fixture->connected, 1);
    struct rpc_pending *pending = echo(fixture, &cancelled, "/test.Echo/Say", "hello");
    rpc_pending_cancel(pending);
    echo(fixture, &other, "/test.Echo/Say", "hello");
    wait_for(fixture, &other.ended, 1);
    assert_int_equal(other.status.code, RPC_OK);
    assert_int_equal(cancelled.ended, 0);
}

/* A listener whose kernel accepts and who never says a word. */
static void the_silent_are_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    char target[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 16), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    snprintf(target, sizeof(target), "127.0.0.1:%u", ntohs(address.sin_port));
    open_channel(fixture, target, 50, 0);
    wait_for(fixture, &fixture->lost, 1);
    assert_string_equal(fixture->reason, "no answer in time");
    assert_int_equal(fixture->connected, 0);
    close(fd);
}

static void names_are_resolved_beside_the_loop(void **state)
{
    struct fixture *fixture = *state;
    char target[64];
    snprintf(target, sizeof(target), "localhost:%u", fixture->server.tcp_port);
    open_channel(fixture, target, 10000, 0);
    wait_for(fixture, &fixture->connected, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_calls_share_a_connection, start, stop),
        cmocka_unit_test_setup_teardown(calls_without_connection_end_as_unavailable, start, stop),
        cmocka_unit_test_setup_teardown(unknown_methods_are_told, start, stop),
        cmocka_unit_test_setup_teardown(cancelled_calls_are_silent, start, stop),
        cmocka_unit_test_setup_teardown(the_silent_are_given_up, start, stop),
        cmocka_unit_test_setup_teardown(names_are_resolved_beside_the_loop, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
