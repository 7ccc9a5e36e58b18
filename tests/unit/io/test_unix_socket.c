#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/unix_socket.h"
#include "stream_probe.h"

struct lab {
    struct loop *loop;
    char directory[64];
    char path[96];
    struct stream_probe dialer, acceptor;
};

static int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    lab->loop = loop_new();
    snprintf(lab->directory, sizeof(lab->directory), "/tmp/godwit-unix-XXXXXX");
    if (!mkdtemp(lab->directory))
        return -1;
    snprintf(lab->path, sizeof(lab->path), "%s/socket", lab->directory);
    *state = lab;
    return 0;
}

static int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    stream_probe_release(&lab->dialer);
    stream_probe_release(&lab->acceptor);
    loop_free(lab->loop);
    unlink(lab->path);
    rmdir(lab->directory);
    free(lab);
    return 0;
}

static struct listener *listen_here(struct lab *lab, struct err *err)
{
    return unix_listen(lab->loop, lab->path, 0660, stream_probe_accept, &lab->acceptor, err);
}

static void dial(struct lab *lab)
{
    assert_int_equal(unix_dial(lab->loop, lab->path, &stream_probe_handler, &lab->dialer, &lab->dialer.stream, NULL),
                     E_OK);
    stream_want(lab->dialer.stream, LOOP_READ);
}

static void test_connection_and_credentials(void **state)
{
    struct lab *lab = *state;
    struct listener *listener = listen_here(lab, NULL);
    assert_non_null(listener);
    struct stat status;
    assert_int_equal(stat(lab->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
    assert_int_equal(stream_remote(lab->acceptor.stream).addr.kind, ADDR_NONE);
    assert_int_equal(listener_local(listener).addr.kind, ADDR_NONE);
    struct unix_peer peer;
    assert_int_equal(unix_peer_of(lab->acceptor.stream, &peer), E_OK);
    assert_int_equal(peer.uid, getuid());
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(stream_write(lab->dialer.stream, "hello", 5), 5);
    assert_true(turn_until_count(lab->loop, &lab->acceptor.length, 5));
    stream_probe_release(&lab->acceptor);
    assert_true(turn_until_set(lab->loop, &lab->dialer.end));
    assert_int_equal(lab->dialer.end, E_EOF);
    listener_free(listener);
    assert_int_equal(access(lab->path, F_OK), -1);
}

static void test_nobody_there(void **state)
{
    struct lab *lab = *state;
    dial(lab);
    assert_true(turn_until_set(lab->loop, &lab->dialer.failed));
    assert_int_equal(lab->dialer.failed, ENOENT);
}

/* As a daemon leaves it that was killed. */
static void leave_stale_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
}

static void test_stale_socket_is_replaced(void **state)
{
    struct lab *lab = *state;
    leave_stale_socket(lab->path);
    struct listener *listener = listen_here(lab, NULL);
    assert_non_null(listener);
    dial(lab);
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
    listener_free(listener);
}

static void test_live_socket_is_respected(void **state)
{
    struct lab *lab = *state;
    struct err err = {0};
    struct listener *first = listen_here(lab, NULL);
    assert_non_null(first);
    assert_null(listen_here(lab, &err));
    assert_non_null(strstr(err.text, lab->path));
    /* Replaced by somebody else meanwhile: his file stays. */
    unlink(lab->path);
    leave_stale_socket(lab->path);
    listener_free(first);
    assert_int_equal(access(lab->path, F_OK), 0);
}

static void test_other_files_are_respected(void **state)
{
    struct lab *lab = *state;
    struct err err = {0};
    int fd = open(lab->path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "precious", 8), 8);
    close(fd);
    assert_null(listen_here(lab, &err));
    struct stat status;
    assert_int_equal(stat(lab->path, &status), 0);
    assert_int_equal(status.st_size, 8);
}

static void test_path_too_long(void **state)
{
    struct lab *lab = *state;
    char path[200];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct err err = {0};
    struct stream *stream;
    assert_null(unix_listen(lab->loop, path, 0600, stream_probe_accept, NULL, &err));
    assert_int_equal(unix_dial(lab->loop, path, NULL, NULL, &stream, &err), E_INVALID);
    assert_int_equal(unix_dial(lab->loop, "", NULL, NULL, &stream, &err), E_INVALID);
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_connection_and_credentials), LAB_TEST(test_nobody_there),
        LAB_TEST(test_stale_socket_is_replaced),   LAB_TEST(test_live_socket_is_respected),
        LAB_TEST(test_other_files_are_respected),  LAB_TEST(test_path_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
