#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "io/memory_net.h"
#include "io/socket_stream.h"
#include "io/tls.h"
#include "stream_probe.h"

/* Certificates: two authorities; "server" and "client" of the first, "stranger" of the second. */
static char directory[64];
static char paths[10][96];
static unsigned path_count;

static const char *in_directory(const char *name)
{
    char *path = paths[path_count++ % 10];
    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

static const char *const names[] = {"ca", "other", "server", "client", "stranger"};

static int make_certificates(void **state)
{
    snprintf(directory, sizeof(directory), "/tmp/godwit-tls-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    struct certificate made[5];
    made[0] = certificate_make("Authority", NULL, NULL);
    made[1] = certificate_make("Other Authority", NULL, NULL);
    made[2] = certificate_make("router", &made[0], "DNS:router.example,IP:10.0.0.2");
    made[3] = certificate_make("operator", &made[0], NULL);
    made[4] = certificate_make("stranger", &made[1], "DNS:router.example");
    int status = 0;
    for (int i = 0; i < 5; i++) {
        status |= certificate_save(&made[i], directory, names[i]);
        certificate_release(&made[i]);
    }
    return status;
}

static int remove_certificates(void **state)
{
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s.pem", names[i]);
        unlink(in_directory(name));
        snprintf(name, sizeof(name), "%s.key", names[i]);
        unlink(in_directory(name));
    }
    return rmdir(directory);
}

static struct tls_settings server_settings(void)
{
    return (struct tls_settings){
        .certificate_file = in_directory("server.pem"), .key_file = in_directory("server.key"), .alpn = "h2"};
}

static struct tls_settings client_settings(void)
{
    return (struct tls_settings){.ca_file = in_directory("ca.pem"), .server_name = "router.example", .alpn = "h2"};
}

/* Two ends over the network in memory. */
struct lab {
    struct loop *loop;
    struct memory_net *net;
    struct addr a, b;
    struct stream_probe client, server;
    struct stream *accepted;
};

static void keep_raw(void *owner, struct stream *stream)
{
    struct lab *lab = owner;
    lab->accepted = stream;
}

static int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    lab->loop = loop_new_simulated();
    lab->net = memory_net_new(lab->loop);
    lab->a = addr_ipv4(0x0a000001);
    lab->b = addr_ipv4(0x0a000002);
    *state = lab;
    return 0;
}

static int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    stream_probe_release(&lab->client);
    stream_probe_release(&lab->server);
    loop_turn(lab->loop, 0);
    memory_net_free(lab->net);
    loop_free(lab->loop);
    free(lab);
    return 0;
}

/* The client's stream is wrapped while it still connects. */
static void start(struct lab *lab, struct tls_context *client, struct tls_context *server)
{
    struct transport *host_a = memory_net_transport(lab->net, &lab->a);
    struct transport *host_b = memory_net_transport(lab->net, &lab->b);
    struct endpoint where = {.addr = lab->b, .port = 50051};
    struct listener *listener;
    struct stream *raw;
    struct transport_options none = {0};
    assert_int_equal(host_b->ops->listen(host_b, lab->loop, &where, NULL, keep_raw, lab, &listener, NULL), E_OK);
    assert_int_equal(host_a->ops->dial(host_a, lab->loop, &where, &none, NULL, NULL, &raw, NULL), E_OK);
    lab->client.stream = tls_wrap(client, lab->loop, raw, &stream_probe_handler, &lab->client);
    tls_context_unref(client);
    stream_want(lab->client.stream, LOOP_READ);
    while (!lab->accepted)
        assert_true(loop_turn(lab->loop, -1));
    lab->server.stream = tls_wrap(server, lab->loop, lab->accepted, &stream_probe_handler, &lab->server);
    tls_context_unref(server);
    stream_want(lab->server.stream, LOOP_READ);
    listener_free(listener);
}

static void start_with(struct lab *lab, const struct tls_settings *client, const struct tls_settings *server)
{
    struct err err = {0};
    struct tls_context *client_context = tls_context_new_client(client, &err);
    struct tls_context *server_context = tls_context_new_server(server, &err);
    if (!client_context || !server_context)
        fail_msg("%s", err.text);
    start(lab, client_context, server_context);
}

static void start_normally(struct lab *lab)
{
    struct tls_settings client = client_settings(), server = server_settings();
    start_with(lab, &client, &server);
    assert_true(turn_until(lab->loop, &lab->client.connected));
    assert_true(turn_until(lab->loop, &lab->server.connected));
}

/* Nothing to do means nothing is done: no event is reported over and over. */
static void assert_quiet(struct loop *loop)
{
    for (int turn = 0; turn < 20; turn++)
        loop_turn(loop, 0);
    assert_false(loop_turn(loop, 0));
}

static void test_bytes_go_both_ways(void **state)
{
    struct lab *lab = *state;
    start_normally(lab);
    assert_true(tls_alpn_agreed(lab->client.stream));
    assert_true(tls_alpn_agreed(lab->server.stream));
    struct endpoint remote = stream_remote(lab->server.stream);
    assert_true(addr_equal(&remote.addr, &lab->a));
    assert_quiet(lab->loop);
    char one[] = "hello ", two[] = "world";
    struct iovec pieces[2] = {{.iov_base = one, .iov_len = 6}, {.iov_base = two, .iov_len = 5}};
    assert_int_equal(stream_writev(lab->client.stream, pieces, 2), 11);
    assert_true(turn_until_count(lab->loop, &lab->server.length, 11));
    assert_memory_equal(lab->server.bytes, "hello world", 11);
    assert_int_equal(stream_write(lab->server.stream, "yes", 3), 3);
    assert_true(turn_until_count(lab->loop, &lab->client.length, 3));
    assert_quiet(lab->loop);
    stream_probe_release(&lab->client);
    assert_true(turn_until_set(lab->loop, &lab->server.end));
    assert_int_equal(lab->server.end, E_EOF);
    assert_string_equal(tls_error(lab->server.stream), "");
}

static void test_nothing_is_told_from_inside_a_call(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    start_with(lab, &client, &server);
    assert_false(lab->server.connected);
    assert_int_equal(stream_write(lab->server.stream, "early", 5), E_AGAIN);
    assert_int_equal(stream_read(lab->server.stream, (char[1]){0}, 1), E_AGAIN);
    assert_true(turn_until(lab->loop, &lab->server.connected));
}

static void fill_pattern(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(i * 131 >> 4);
}

/* A network buffer smaller than a record: writes must wait, reads see incomplete records. */
static void test_small_buffers(void **state)
{
    enum { LENGTH = 300000 };
    struct lab *lab = *state;
    memory_net_set_buffer(lab->net, 1000);
    memory_net_set_delay(lab->net, &lab->a, &lab->b, 1);
    start_normally(lab);
    uint8_t *bytes = malloc(LENGTH);
    fill_pattern(bytes, LENGTH);
    ssize_t taken = stream_write(lab->client.stream, bytes, LENGTH);
    assert_true(taken > 0 && taken < LENGTH);
    assert_int_equal(stream_write(lab->client.stream, "other bytes", 11), E_AGAIN); /* not those taken before */
    stream_probe_write(&lab->client, bytes + taken, LENGTH - (size_t)taken);
    stream_probe_write(&lab->server, bytes, LENGTH); /* both ways at once */
    assert_true(turn_until_count(lab->loop, &lab->server.length, LENGTH));
    assert_true(turn_until_count(lab->loop, &lab->client.length, LENGTH));
    assert_memory_equal(lab->server.bytes, bytes, LENGTH);
    assert_memory_equal(lab->client.bytes, bytes, LENGTH);
    assert_quiet(lab->loop);
    free(bytes);
}

static void test_unread_bytes_are_told_again_and_silence_is_kept(void **state)
{
    struct lab *lab = *state;
    start_normally(lab);
    lab->server.keep_unread = true;
    assert_int_equal(stream_write(lab->client.stream, "abc", 3), 3);
    assert_int_equal(stream_write(lab->client.stream, "def", 3), 3);
    for (int turn = 0; turn < 10; turn++)
        loop_turn(lab->loop, -1);
    assert_true(lab->server.readable >= 3);
    /* One byte is read: the rest is decrypted, and the raw stream is empty. It must be told of all the same. */
    char byte;
    assert_int_equal(stream_read(lab->server.stream, &byte, 1), 1);
    unsigned seen = lab->server.readable;
    loop_turn(lab->loop, 0);
    loop_turn(lab->loop, 0);
    assert_true(lab->server.readable > seen);
    stream_want(lab->server.stream, 0);
    assert_quiet(lab->loop);
    lab->server.keep_unread = false;
    stream_want(lab->server.stream, LOOP_READ);
    assert_true(turn_until_count(lab->loop, &lab->server.length, 5));
    assert_memory_equal(lab->server.bytes, "bcdef", 5);
}

static void test_client_certificate(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    server.ca_file = in_directory("ca.pem");
    client.certificate_file = in_directory("client.pem");
    client.key_file = in_directory("client.key");
    client.server_name = "10.0.0.2";
    start_with(lab, &client, &server);
    assert_true(turn_until(lab->loop, &lab->server.connected));
    char name[64];
    assert_int_equal(tls_peer_name(lab->server.stream, name, sizeof(name)), E_OK);
    assert_string_equal(name, "operator");
    assert_int_equal(tls_peer_name(lab->server.stream, name, 8), E_LIMIT);
    assert_int_equal(tls_peer_name(lab->client.stream, name, sizeof(name)), E_OK);
    assert_string_equal(name, "router");
}

static void assert_server_refuses(struct lab *lab, const char *why)
{
    assert_true(turn_until_set(lab->loop, &lab->server.failed));
    assert_int_equal(lab->server.failed, EPROTO);
    assert_false(lab->server.connected);
    if (!strstr(tls_error(lab->server.stream), why))
        fail_msg("\"%s\" is not in \"%s\"", why, tls_error(lab->server.stream));
    stream_probe_release(&lab->server);
    /* In TLS 1.3 the client learns of it only after it thought the handshake was through. */
    while (!lab->client.failed && !lab->client.end)
        assert_true(loop_turn(lab->loop, -1));
    assert_string_not_equal(tls_error(lab->client.stream), "");
}

static void test_client_without_certificate_is_refused(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    server.ca_file = in_directory("ca.pem");
    start_with(lab, &client, &server);
    assert_server_refuses(lab, "certificate");
}

static void test_client_of_another_authority_is_refused(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    server.ca_file = in_directory("ca.pem");
    client.certificate_file = in_directory("stranger.pem");
    client.key_file = in_directory("stranger.key");
    start_with(lab, &client, &server);
    assert_server_refuses(lab, "issuer");
}

static void assert_client_refuses(struct lab *lab, const char *why)
{
    assert_true(turn_until_set(lab->loop, &lab->client.failed));
    assert_int_equal(lab->client.failed, EPROTO);
    assert_false(lab->client.connected);
    if (!strstr(tls_error(lab->client.stream), why))
        fail_msg("\"%s\" is not in \"%s\"", why, tls_error(lab->client.stream));
    assert_true(turn_until_set(lab->loop, &lab->server.failed)); /* by an alert */
    assert_quiet(lab->loop);
}

static void test_wrong_server_name_is_refused(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    client.server_name = "elsewhere.example";
    start_with(lab, &client, &server);
    assert_client_refuses(lab, "ostname");
}

static void test_server_of_another_authority_is_refused(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    server.certificate_file = in_directory("stranger.pem");
    server.key_file = in_directory("stranger.key");
    start_with(lab, &client, &server);
    assert_client_refuses(lab, "issuer");
}

static void test_alpn_must_match_if_offered(void **state)
{
    struct lab *lab = *state;
    struct tls_settings client = client_settings(), server = server_settings();
    client.alpn = "http/1.1";
    start_with(lab, &client, &server);
    assert_true(turn_until_set(lab->loop, &lab->server.failed));
    assert_true(turn_until_set(lab->loop, &lab->client.failed));
    stream_probe_release(&lab->client);
    stream_probe_release(&lab->server);

    lab->accepted = NULL;
    client.alpn = NULL;
    start_with(lab, &client, &server);
    assert_true(turn_until(lab->loop, &lab->server.connected));
    assert_false(tls_alpn_agreed(lab->server.stream));
}

/* What is no TLS, and what stops half way. */
static struct stream *raw_client(struct lab *lab)
{
    struct tls_settings server = server_settings();
    struct tls_context *context = tls_context_new_server(&server, NULL);
    assert_non_null(context);
    struct transport *host_a = memory_net_transport(lab->net, &lab->a);
    struct transport *host_b = memory_net_transport(lab->net, &lab->b);
    struct endpoint where = {.addr = lab->b, .port = 50051};
    struct transport_options none = {0};
    struct listener *listener;
    struct stream *raw;
    assert_int_equal(host_b->ops->listen(host_b, lab->loop, &where, NULL, keep_raw, lab, &listener, NULL), E_OK);
    assert_int_equal(
        host_a->ops->dial(host_a, lab->loop, &where, &none, &stream_probe_handler, &lab->client, &raw, NULL), E_OK);
    lab->client.stream = raw;
    while (!lab->accepted)
        assert_true(loop_turn(lab->loop, -1));
    lab->server.stream = tls_wrap(context, lab->loop, lab->accepted, &stream_probe_handler, &lab->server);
    tls_context_unref(context);
    listener_free(listener);
    return raw;
}

static void test_garbage_is_refused(void **state)
{
    struct lab *lab = *state;
    struct stream *raw = raw_client(lab);
    assert_true(stream_write(raw, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24) > 0);
    assert_true(turn_until_set(lab->loop, &lab->server.failed));
    assert_int_equal(lab->server.failed, EPROTO);
    assert_string_not_equal(tls_error(lab->server.stream), "");
    assert_quiet(lab->loop);
}

static void test_silence_has_a_limit(void **state)
{
    struct lab *lab = *state;
    raw_client(lab);
    struct mono_time start_time = loop_now(lab->loop);
    assert_quiet(lab->loop);
    assert_true(turn_until_set(lab->loop, &lab->server.failed));
    assert_int_equal(lab->server.failed, ETIMEDOUT);
    assert_int_equal(mono_diff_ms(loop_now(lab->loop), start_time), TLS_HANDSHAKE_LIMIT_MS);
}

static void test_end_during_the_handshake(void **state)
{
    struct lab *lab = *state;
    raw_client(lab);
    stream_probe_release(&lab->client);
    assert_true(turn_until_set(lab->loop, &lab->server.failed));
    assert_int_equal(lab->server.failed, ECONNRESET);
}

static void test_cut_off_connection_is_no_orderly_end(void **state)
{
    struct lab *lab = *state;
    start_normally(lab);
    assert_int_equal(memory_net_reset(lab->net, &lab->a, &lab->b), 1);
    assert_true(turn_until_set(lab->loop, &lab->server.end));
    assert_int_equal(lab->server.end, E_IO);
    assert_int_equal(lab->server.end_errno, ECONNRESET);
    assert_int_equal(stream_write(lab->client.stream, "x", 1), E_IO);
    assert_int_equal(errno, ECONNRESET);
}

static void test_owner_may_free_inside_a_callback(void **state)
{
    struct lab *lab = *state;
    start_normally(lab);
    lab->server.free_on_read = true;
    stream_want(lab->server.stream, LOOP_READ | LOOP_WRITE);
    assert_int_equal(stream_write(lab->client.stream, "x", 1), 1);
    assert_true(turn_until_set(lab->loop, &lab->client.end));
    assert_null(lab->server.stream);
}

static void assert_refused_settings(struct tls_settings settings, bool server, const char *why)
{
    struct err err = {0};
    assert_null(server ? tls_context_new_server(&settings, &err) : tls_context_new_client(&settings, &err));
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not in \"%s\"", why, err.text);
}

static void test_bad_settings_say_what_is_wrong(void **state)
{
    struct tls_settings settings = server_settings();
    settings.certificate_file = NULL;
    assert_refused_settings(settings, true, "needs a certificate");
    settings = server_settings();
    settings.key_file = NULL;
    assert_refused_settings(settings, true, "belong together");
    settings.key_file = in_directory("client.key");
    assert_refused_settings(settings, true, "client.key");
    settings = server_settings();
    settings.certificate_file = in_directory("missing.pem");
    assert_refused_settings(settings, true, "No such file");
    settings = server_settings();
    settings.certificate_file = settings.key_file;
    assert_refused_settings(settings, true, "server.key");
    settings = server_settings();
    settings.ca_file = in_directory("missing.pem");
    assert_refused_settings(settings, true, "missing.pem");
    settings = server_settings();
    settings.alpn = "";
    assert_refused_settings(settings, true, "ALPN");
    settings = client_settings();
    settings.server_name = NULL;
    assert_refused_settings(settings, false, "name");
    settings = client_settings();
    settings.ca_file = NULL;
    struct tls_context *context = tls_context_new_client(&settings, NULL); /* the system's authorities */
    assert_non_null(context);
    tls_context_unref(context);
}

/* Over kernel sockets as well, where raw readiness is epoll's. */
static void test_over_sockets(void **state)
{
    enum { LENGTH = 2000000 };
    struct tls_settings client = client_settings(), server = server_settings();
    struct tls_context *contexts[2] = {tls_context_new_client(&client, NULL), tls_context_new_server(&server, NULL)};
    struct loop *loop = loop_new();
    struct stream_probe probes[2] = {{0}};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    for (int i = 0; i < 2; i++) {
        probes[i].stream =
            tls_wrap(contexts[i], loop, socket_stream_new(loop, pair[i]), &stream_probe_handler, &probes[i]);
        tls_context_unref(contexts[i]);
        stream_want(probes[i].stream, LOOP_READ);
    }
    uint8_t *bytes = malloc(LENGTH);
    fill_pattern(bytes, LENGTH);
    stream_probe_write(&probes[0], bytes, LENGTH);
    stream_probe_write(&probes[1], bytes, LENGTH);
    assert_true(turn_until_count(loop, &probes[1].length, LENGTH));
    assert_true(turn_until_count(loop, &probes[0].length, LENGTH));
    assert_memory_equal(probes[0].bytes, bytes, LENGTH);
    assert_memory_equal(probes[1].bytes, bytes, LENGTH);
    assert_quiet(loop);
    stream_probe_release(&probes[0]);
    assert_true(turn_until_set(loop, &probes[1].end));
    assert_int_equal(probes[1].end, E_EOF);
    stream_probe_release(&probes[1]);
    free(bytes);
    loop_free(loop);
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_bytes_go_both_ways),
        LAB_TEST(test_nothing_is_told_from_inside_a_call),
        LAB_TEST(test_small_buffers),
        LAB_TEST(test_unread_bytes_are_told_again_and_silence_is_kept),
        LAB_TEST(test_client_certificate),
        LAB_TEST(test_client_without_certificate_is_refused),
        LAB_TEST(test_client_of_another_authority_is_refused),
        LAB_TEST(test_wrong_server_name_is_refused),
        LAB_TEST(test_server_of_another_authority_is_refused),
        LAB_TEST(test_alpn_must_match_if_offered),
        LAB_TEST(test_garbage_is_refused),
        LAB_TEST(test_silence_has_a_limit),
        LAB_TEST(test_end_during_the_handshake),
        LAB_TEST(test_cut_off_connection_is_no_orderly_end),
        LAB_TEST(test_owner_may_free_inside_a_callback),
        cmocka_unit_test(test_bad_settings_say_what_is_wrong),
        cmocka_unit_test(test_over_sockets),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
