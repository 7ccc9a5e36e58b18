#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/file.h"
#include "io/service.h"

struct lab {
    char directory[64];
    char path[96];
    char link[96];
};

static int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    snprintf(lab->directory, sizeof(lab->directory), "/tmp/godwit-file-XXXXXX");
    if (!mkdtemp(lab->directory))
        return -1;
    snprintf(lab->path, sizeof(lab->path), "%s/file", lab->directory);
    snprintf(lab->link, sizeof(lab->link), "%s/link", lab->directory);
    *state = lab;
    return 0;
}

static int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    unlink(lab->link);
    unlink(lab->path);
    int status = rmdir(lab->directory); /* fails, and so does the test, if a temporary file was left */
    free(lab);
    return status;
}

static void assert_contents(const char *path, const char *wanted)
{
    char *bytes;
    size_t length;
    assert_int_equal(file_read(path, 1 << 20, &bytes, &length, NULL), E_OK);
    assert_int_equal(length, strlen(wanted));
    assert_string_equal(bytes, wanted);
    mem_free(MEM_OTHER, bytes);
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void test_write_and_read(void **state)
{
    struct lab *lab = *state;
    assert_int_equal(file_write_atomic(lab->path, "first", 5, 0640, NULL), E_OK);
    assert_contents(lab->path, "first");
    assert_int_equal(mode_of(lab->path), 0640);
    assert_int_equal(chmod(lab->path, 0604), 0);
    assert_int_equal(file_write_atomic(lab->path, "", 0, 0640, NULL), E_OK);
    assert_contents(lab->path, "");
    assert_int_equal(mode_of(lab->path), 0604);
}

static void test_write_through_a_link(void **state)
{
    struct lab *lab = *state;
    assert_int_equal(file_write_atomic(lab->path, "old", 3, 0600, NULL), E_OK);
    assert_int_equal(symlink("file", lab->link), 0);
    assert_int_equal(file_write_atomic(lab->link, "new", 3, 0600, NULL), E_OK);
    assert_contents(lab->path, "new");
    struct stat status;
    assert_int_equal(lstat(lab->link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void test_read_is_bounded(void **state)
{
    struct lab *lab = *state;
    size_t length = 200000;
    char *big = malloc(length), *bytes;
    memset(big, 'x', length);
    assert_int_equal(file_write_atomic(lab->path, big, length, 0600, NULL), E_OK);
    struct err err = {0};
    size_t got;
    assert_int_equal(file_read(lab->path, length - 1, &bytes, &got, &err), E_LIMIT);
    assert_non_null(strstr(err.text, lab->path));
    assert_int_equal(file_read(lab->path, length, &bytes, &got, &err), E_OK);
    assert_int_equal(got, length);
    assert_memory_equal(bytes, big, length);
    mem_free(MEM_OTHER, bytes);
    assert_int_equal(file_read("/dev/zero", 1000, &bytes, &got, &err), E_LIMIT);
    free(big);
}

static void test_failures_say_why(void **state)
{
    struct lab *lab = *state;
    struct err err = {0};
    char *bytes;
    size_t length;
    assert_int_equal(file_read(lab->path, 10, &bytes, &length, &err), E_NOT_FOUND);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(file_read(lab->directory, 10, &bytes, &length, &err), E_IO);
    assert_non_null(strstr(err.text, "directory"));
    char nowhere[128];
    snprintf(nowhere, sizeof(nowhere), "%s/no/such", lab->directory);
    assert_int_equal(file_write_atomic(nowhere, "x", 1, 0600, &err), E_IO);
    assert_non_null(strstr(err.text, nowhere));
}

/* The disk is full: the old contents stay, and no temporary file. */
static void test_failed_write_leaves_the_old_file(void **state)
{
    struct lab *lab = *state;
    assert_int_equal(file_write_atomic(lab->path, "old", 3, 0600, NULL), E_OK);
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    now = before;
    now.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    static char big[10000];
    struct err err = {0};
    int status = file_write_atomic(lab->path, big, sizeof(big), 0600, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, E_IO);
    assert_non_null(strstr(err.text, lab->path));
    assert_contents(lab->path, "old");
}

/* Service manager ------------------------------------------------------------------------------------------------- */

static void test_notify(void **state)
{
    struct lab *lab = *state;
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(service_notify("READY=1"), E_OK);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, lab->path, strlen(lab->path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", lab->path, 1);
    assert_int_equal(service_notify("READY=1\nSTATUS=up"), E_OK);
    char bytes[64] = {0};
    assert_int_equal(recv(fd, bytes, sizeof(bytes) - 1, 0), 17);
    assert_string_equal(bytes, "READY=1\nSTATUS=up");
    close(fd);

    char name[64];
    snprintf(name, sizeof(name), "@godwit-test-%d", (int)getpid());
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(service_notify("STOPPING=1"), E_OK);
    assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 10);
    close(fd);
    assert_int_equal(service_notify("STOPPING=1"), E_IO);
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_int_equal(service_notify("READY=1"), E_IO);
    unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog_interval(void **state)
{
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    assert_int_equal(service_watchdog_interval_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(service_watchdog_interval_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(service_watchdog_interval_ms(), 0);
    setenv("WATCHDOG_USEC", "soon", 1);
    unsetenv("WATCHDOG_PID");
    assert_int_equal(service_watchdog_interval_ms(), 0);
    unsetenv("WATCHDOG_USEC");
}

static void test_file_limit(void **state)
{
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(service_raise_file_limit(50), 100);
    assert_int_equal(service_raise_file_limit(200), 200);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(now.rlim_cur, 200);
    assert_true(service_raise_file_limit(UINT64_C(1) << 40) >= before.rlim_max); /* more than any kernel gives */
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, lab_set_up, lab_tear_down)

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_write_and_read),
        LAB_TEST(test_write_through_a_link),
        LAB_TEST(test_read_is_bounded),
        LAB_TEST(test_failures_say_why),
        LAB_TEST(test_failed_write_leaves_the_old_file),
        LAB_TEST(test_notify),
        cmocka_unit_test(test_watchdog_interval),
        cmocka_unit_test(test_file_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
