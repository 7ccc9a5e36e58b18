/* The waiting client against a real server: TCP, TLS, UNIX sockets. */
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

#include "base/buf.h"
#include "rpc/client.h"
#include "server_thread.h"

struct received {
    unsigned messages;
    uint64_t bytes;
    unsigned stop_after; /* 0: never */
    uint8_t last[64];
    size_t last_length;
};

static bool receive(void *context, const uint8_t *bytes, size_t length)
{
    struct received *received = context;
    received->messages++;
    received->bytes += length;
    received->last_length = length < sizeof(received->last) ? length : sizeof(received->last);
    memcpy(received->last, bytes, received->last_length);
    return received->stop_after == 0 || received->messages < received->stop_after;
}

static int start(void **state)
{
    struct server_thread *thread = malloc(sizeof(*thread));
    server_thread_start(thread, NULL);
    *state = thread;
    return 0;
}

static int stop(void **state)
{
    server_thread_stop(*state);
    free(*state);
    return 0;
}

static struct rpc_client *connect_to(const char *target)
{
    struct rpc_client *client = NULL;
    struct err err = {.text = ""};
    const struct rpc_client_options options = {.target = target, .connect_ms = 10000};
    if (rpc_client_connect(&options, &client, &err) != E_OK)
        fail_msg("%s", err.text);
    return client;
}

static void count_request(uint8_t message[8], uint32_t count, uint32_t bytes)
{
    struct buf buf;
    buf_init_fixed(&buf, message, 8);
    buf_u32(&buf, count);
    buf_u32(&buf, bytes);
}

/* Everything a client does, over one connection. */
static void exercise(struct rpc_client *client)
{
    struct rpc_status status;
    struct received received = {0};
    const struct rpc_request say = {.path = "/test.Echo/Say", .message = "hello", .length = 5};
    assert_int_equal(rpc_client_call(client, &say, receive, &received, &status), RPC_OK);
    assert_string_equal(status.text, "");
    assert_int_equal(received.messages, 1);
    assert_memory_equal(received.last, "hello", 5);

    const struct rpc_request fail = {.path = "/test.Echo/Fail", .message = " 5% \xc3\xa9\n", .length = 7};
    assert_int_equal(rpc_client_call(client, &fail, NULL, NULL, &status), RPC_UNKNOWN);
    assert_string_equal(status.text, " 5% \xc3\xa9\n");

    const struct rpc_request unknown = {.path = "/test.Echo/None"};
    assert_int_equal(rpc_client_call(client, &unknown, NULL, NULL, &status), RPC_UNIMPLEMENTED);
    assert_string_equal(status.text, "unknown method None for service test.Echo");

    uint8_t message[8];
    count_request(message, 20000, 700);
    const struct rpc_request count = {.path = "/test.Echo/Count", .message = message, .length = 8};
    received = (struct received){0};
    assert_int_equal(rpc_client_call(client, &count, receive, &received, &status), RPC_OK);
    assert_int_equal(received.messages, 20000);
    assert_int_equal(received.bytes, 20000 * 700);

    /* Enough after a few: the call is cancelled, and the next is as good as any. */
    received = (struct received){.stop_after = 10};
    assert_int_equal(rpc_client_call(client, &count, receive, &received, &status), RPC_CANCELLED);
    assert_int_equal(received.messages, 10);

    static uint8_t piece[100000];
    received = (struct received){0};
    rpc_client_begin(client, &(struct rpc_request){.path = "/test.Echo/Sum"}, receive, &received);
    for (unsigned i = 0; i < 100; i++)
        assert_true(rpc_client_send(client, piece, sizeof(piece)));
    assert_int_equal(rpc_client_finish(client, &status), RPC_OK);
    assert_int_equal(received.messages, 1);
    assert_memory_equal(received.last, "\0\0\0\0\0\x98\x96\x80", 8); /* 10,000,000 */
}

/* What the server's side says of a call. */
struct look {
    struct rpc_peer peer;
    struct rpc_server_counters counters;
};

static struct look look;

static void look_at_watcher(struct server_thread *thread)
{
    look.peer = *rpc_call_peer(thread->service.watching);
}

static void look_at_counters(struct server_thread *thread)
{
    rpc_server_counters(thread->server, &look.counters);
}

static void expect_event(struct server_thread *thread)
{
    thread->service.events = 1;
}

static bool receive_and_look(void *context, const uint8_t *bytes, size_t length)
{
    server_thread_run(context, look_at_watcher);
    return false;
}

/* Who calls, as a handler sees it. */
static void watch_and_look(struct server_thread *thread, struct rpc_client *client)
{
    struct rpc_status status;
    const struct rpc_request watch = {.path = "/test.Echo/Watch"};
    look = (struct look){0};
    server_thread_run(thread, expect_event);
    assert_int_equal(rpc_client_call(client, &watch, receive_and_look, thread, &status), RPC_CANCELLED);
}

static void test_tcp(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = connect_to(thread->tcp);
    exercise(client);
    rpc_client_free(client);
}

static void test_unix(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = connect_to(thread->local);
    exercise(client);
    watch_and_look(thread, client);
    assert_true(look.peer.local);
    assert_int_equal(look.peer.uid, getuid());
    assert_int_equal(look.peer.pid, getpid());
    assert_string_equal(look.peer.certificate, "");
    rpc_client_free(client);
}

static int tls_connect(struct server_thread *thread, const char *certificate, const char *server_name,
                       struct rpc_client **client, struct err *err)
{
    struct rpc_client_options options = {.target = thread->tls, .connect_ms = 10000};
    options.tls = server_thread_tls_client(thread, certificate, server_name);
    int result = rpc_client_connect(&options, client, err);
    tls_context_unref(options.tls);
    return result;
}

static void test_tls(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = NULL;
    struct err err = {.text = ""};
    if (tls_connect(thread, "client", "router.example", &client, &err) != E_OK)
        fail_msg("%s", err.text);
    exercise(client);
    watch_and_look(thread, client);
    assert_string_equal(look.peer.certificate, "operator");
    assert_false(look.peer.local);
    assert_int_equal(look.peer.address.addr.kind, ADDR_IPV4);
    rpc_client_free(client);
}

static void test_tls_without_trust(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = NULL;
    struct err err = {.text = ""};
    assert_int_equal(tls_connect(thread, "client", "elsewhere.example", &client, &err), E_IO);
    assert_non_null(strstr(err.text, thread->tls));
    assert_int_equal(tls_connect(thread, NULL, "router.example", &client, &err), E_IO);
    assert_int_equal(tls_connect(thread, "other", "router.example", &client, &err), E_IO);
    assert_null(client);
    /* In the clear to a TLS port, and TLS to a port in the clear. */
    const struct rpc_client_options plain = {.target = thread->tls, .connect_ms = 10000};
    assert_int_equal(rpc_client_connect(&plain, &client, &err), E_IO);
    struct rpc_client_options secret = {.target = thread->tcp, .connect_ms = 10000};
    secret.tls = server_thread_tls_client(thread, "client", "router.example");
    assert_int_equal(rpc_client_connect(&secret, &client, &err), E_IO);
    tls_context_unref(secret.tls);
    assert_null(client);
}

static void test_deadline(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = connect_to(thread->tcp);
    struct rpc_status status;
    const struct rpc_request hold = {.path = "/test.Echo/Hold", .timeout_ms = 30};
    assert_int_equal(rpc_client_call(client, &hold, NULL, NULL, &status), RPC_DEADLINE_EXCEEDED);
    assert_string_equal(status.text, "context deadline exceeded");
    /* The connection lives, and by the answer the server has seen the reset or the deadline. */
    const struct rpc_request say = {.path = "/test.Echo/Say"};
    assert_int_equal(rpc_client_call(client, &say, NULL, NULL, &status), RPC_OK);
    server_thread_run(thread, look_at_counters);
    assert_int_equal(look.counters.calls, 0);
    assert_int_equal(look.counters.buffered_bytes, 0);
    assert_int_equal(look.counters.connections, 1);
    rpc_client_free(client);
}

static void close_everything(struct server_thread *thread)
{
    /* The port stays, connections go. */
    rpc_server_free(thread->server);
    thread->server = rpc_server_new(thread->loop, NULL);
    echo_service_register(&thread->service, thread->server);
    struct err err;
    const struct endpoint same = {.addr = addr_ipv4(0x7f000001), .port = thread->tcp_port};
    const struct rpc_listen_options options = {0};
    assert_int_equal(rpc_server_listen(thread->server, transport_tcp(), &same, &options, NULL, &err), E_OK);
}

static void test_lost_connection_is_made_again(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = connect_to(thread->tcp);
    struct rpc_status status;
    const struct rpc_request say = {.path = "/test.Echo/Say"};
    assert_int_equal(rpc_client_call(client, &say, NULL, NULL, &status), RPC_OK);
    server_thread_run(thread, close_everything);
    assert_int_equal(rpc_client_call(client, &say, NULL, NULL, &status), RPC_OK);
    rpc_client_free(client);
}

static void free_server(struct server_thread *thread)
{
    rpc_server_free(thread->server);
    thread->server = rpc_server_new(thread->loop, NULL);
}

static bool receive_and_kill(void *context, const uint8_t *bytes, size_t length)
{
    struct server_thread *thread = context;
    server_thread_run(thread, free_server);
    return true;
}

static void test_server_that_goes_away(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = connect_to(thread->tcp);
    struct rpc_status status;
    uint8_t message[8];
    count_request(message, 1, 5);
    const struct rpc_request count = {.path = "/test.Echo/Count", .message = message, .length = 8};
    assert_int_equal(rpc_client_call(client, &count, NULL, NULL, &status), RPC_OK);
    count_request(message, 1000000, 1000000);
    assert_int_equal(rpc_client_call(client, &count, receive_and_kill, thread, &status), RPC_UNAVAILABLE);
    assert_int_equal(rpc_client_call(client, &count, NULL, NULL, &status), RPC_UNAVAILABLE);
    assert_non_null(strstr(status.text, "refused"));
    rpc_client_free(client);
}

static void test_message_longer_than_accepted(void **state)
{
    struct server_thread *thread = *state;
    struct rpc_client *client = NULL;
    struct rpc_status status;
    struct err err;
    uint8_t message[8];
    const struct rpc_client_options options = {.target = thread->tcp, .connect_ms = 10000, .message_bytes = 1000};
    assert_int_equal(rpc_client_connect(&options, &client, &err), E_OK);
    count_request(message, 10, 1001);
    const struct rpc_request count = {.path = "/test.Echo/Count", .message = message, .length = 8};
    assert_int_equal(rpc_client_call(client, &count, NULL, NULL, &status), RPC_RESOURCE_EXHAUSTED);
    rpc_client_free(client);
}

static void test_nobody_there(void **state)
{
    struct rpc_client *client = NULL;
    struct err err = {.text = ""};
    struct rpc_client_options options = {.target = "unix:///nonexistent/socket"};
    assert_int_equal(rpc_client_connect(&options, &client, &err), E_IO);
    assert_string_equal(err.text, "/nonexistent/socket: No such file or directory");
    options.target = "127.0.0.1:1";
    assert_int_equal(rpc_client_connect(&options, &client, &err), E_IO);
    assert_string_equal(err.text, "127.0.0.1:1: Connection refused");
    options.target = "127.0.0.1";
    assert_int_equal(rpc_client_connect(&options, &client, &err), E_INVALID);
    assert_null(client);
}

/* A port where the kernel accepts and nobody speaks. */
static void test_no_http2_there(void **state)
{
    struct rpc_client *client = NULL;
    struct err err = {.text = ""};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    char target[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(target, sizeof(target), "127.0.0.1:%u", ntohs(address.sin_port));
    const struct rpc_client_options options = {.target = target, .connect_ms = 50};
    assert_int_equal(rpc_client_connect(&options, &client, &err), E_IO);
    assert_non_null(strstr(err.text, "no HTTP/2 answer in time"));
    close(fd);
    assert_null(client);
}

#define server_test(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(test_tcp),
        server_test(test_unix),
        server_test(test_tls),
        server_test(test_tls_without_trust),
        server_test(test_deadline),
        server_test(test_lost_connection_is_made_again),
        server_test(test_server_that_goes_away),
        server_test(test_message_longer_than_accepted),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_no_http2_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
