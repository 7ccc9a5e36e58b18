/* Files written by a thread: whole, in order, with what went wrong told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "feeds/file_sink.h"
#include "io/file.h"

enum { WAIT_TURNS = 500, WAIT_MS = 20, RECORD_BYTES = 1000, LIMIT_BYTES = 1 << 20, CLOSE_MS = 20000 };

static char folder[] = "/tmp/godwit-sink-XXXXXX";

struct outcome {
    bool ended;
    struct file_sink_report report;
};

static void on_ended(void *context, const struct file_sink_report *report)
{
    struct outcome *outcome = context;
    outcome->ended = true;
    outcome->report = *report;
}

static const struct file_sink_ops ops = {.ended = on_ended};

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static struct file_sink *open_sink(struct loop *loop, const char *name, bool replace, struct outcome *outcome)
{
    struct file_sink_options options = {.path = path_of(name), .replace = replace, .limit_bytes = LIMIT_BYTES};
    *outcome = (struct outcome){0};
    return file_sink_new(loop, &options, &ops, outcome);
}

static void add(struct file_sink *sink, char letter, unsigned records)
{
    uint8_t record[RECORD_BYTES];
    memset(record, letter, sizeof(record));
    for (unsigned i = 0; i < records; i++) {
        buf_put(file_sink_block(sink), record, sizeof(record));
        file_sink_added(sink, 1);
    }
}

static void until_ended(struct loop *loop, const struct outcome *outcome)
{
    for (unsigned i = 0; i < WAIT_TURNS && !outcome->ended; i++)
        loop_turn(loop, WAIT_MS);
    assert_true(outcome->ended);
}

/* The letter at each record's start. */
static void assert_file(const char *name, const char *letters)
{
    char *bytes;
    size_t length;
    struct err err;
    assert_int_equal(file_read(path_of(name), 64 << 20, &bytes, &length, &err), 0);
    assert_int_equal(length, strlen(letters) * RECORD_BYTES);
    for (size_t i = 0; letters[i] != '\0'; i++) {
        assert_int_equal(bytes[i * RECORD_BYTES], letters[i]);
        assert_int_equal(bytes[(i + 1) * RECORD_BYTES - 1], letters[i]);
    }
    mem_free(MEM_OTHER, bytes);
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static void test_replaces_when_complete(void **state)
{
    struct loop *loop = *state;
    struct outcome outcome;
    struct file_sink *sink = open_sink(loop, "deep/er/table", true, &outcome);
    add(sink, 'a', 1);
    file_sink_finish(sink, true);
    until_ended(loop, &outcome);
    assert_true(outcome.report.complete);
    assert_int_equal(outcome.report.bytes, RECORD_BYTES);
    assert_file("deep/er/table", "a");
    /* The next is not seen until it is whole. */
    sink = open_sink(loop, "deep/er/table", true, &outcome);
    add(sink, 'b', 2);
    file_sink_flush(sink);
    assert_file("deep/er/table", "a");
    file_sink_finish(sink, true);
    until_ended(loop, &outcome);
    assert_file("deep/er/table", "bb");
    assert_false(exists("deep/er/table.part"));
}

static void test_called_off(void **state)
{
    struct loop *loop = *state;
    struct outcome outcome;
    struct file_sink *sink = open_sink(loop, "off", true, &outcome);
    add(sink, 'a', 2000);
    file_sink_finish(sink, false);
    until_ended(loop, &outcome);
    assert_false(outcome.report.complete);
    assert_false(exists("off"));
    assert_false(exists("off.part"));
}

static void test_adds_and_goes_on(void **state)
{
    struct loop *loop = *state;
    struct outcome outcome;
    struct file_sink *sink = open_sink(loop, "one", false, &outcome);
    add(sink, 'a', 2);
    char *second = mem_strdup(MEM_OTHER, path_of("two"));
    file_sink_reopen(sink, second);
    add(sink, 'b', 1);
    file_sink_reopen(sink, path_of("one"));
    add(sink, 'c', 1);
    file_sink_finish(sink, true);
    until_ended(loop, &outcome);
    mem_free(MEM_OTHER, second);
    assert_true(outcome.report.complete);
    assert_file("one", "aac");
    assert_file("two", "b");
}

static bool has_failed(struct file_sink *sink)
{
    return file_sink_failed(sink);
}

static void until(struct loop *loop, bool (*done)(struct file_sink *sink), struct file_sink *sink)
{
    for (unsigned i = 0; i < WAIT_TURNS && !done(sink); i++)
        loop_turn(loop, 1);
    assert_true(done(sink));
}

/* /dev/full takes nothing; after a failure another file is tried. */
static void test_failure_counts_and_is_forgotten(void **state)
{
    struct loop *loop = *state;
    struct outcome outcome;
    struct file_sink_options options = {.path = "/dev/full", .limit_bytes = LIMIT_BYTES};
    outcome = (struct outcome){0};
    struct file_sink *sink = file_sink_new(loop, &options, &ops, &outcome);
    add(sink, 'a', 3);
    file_sink_flush(sink);
    until(loop, has_failed, sink);
    assert_false(file_sink_has_room(sink));
    add(sink, 'b', 2);
    file_sink_reopen(sink, path_of("better"));
    add(sink, 'c', 1);
    file_sink_finish(sink, true);
    until_ended(loop, &outcome);
    assert_file("better", "c");
    assert_true(outcome.report.complete);
}

static void test_lost_records_are_counted(void **state)
{
    struct loop *loop = *state;
    struct outcome outcome = {0};
    struct file_sink_options options = {.path = "/dev/full", .limit_bytes = LIMIT_BYTES};
    struct file_sink *sink = file_sink_new(loop, &options, &ops, &outcome);
    add(sink, 'a', 3);
    file_sink_flush(sink);
    uint64_t lost = 0;
    for (unsigned i = 0; i < WAIT_TURNS && lost < 3; i++) {
        loop_turn(loop, 1);
        lost += file_sink_take_lost(sink);
    }
    assert_int_equal(lost, 3);
    assert_int_equal(file_sink_take_lost(sink), 0);
    file_sink_close(sink, true, mono_add_ms(mono_now(), CLOSE_MS));
    assert_false(outcome.ended);
}

static void test_no_such_folder(void **state)
{
    struct loop *loop = *state;
    struct outcome outcome = {0};
    struct file_sink_options options = {.path = "/dev/null/table", .replace = true, .limit_bytes = LIMIT_BYTES};
    struct file_sink *sink = file_sink_new(loop, &options, &ops, &outcome);
    add(sink, 'a', 1);
    file_sink_finish(sink, true);
    until_ended(loop, &outcome);
    assert_false(outcome.report.complete);
}

static unsigned rooms;

static void on_room(void *context)
{
    rooms++;
}

/* A pipe nobody reads is a disk that does not answer: what waits is bounded, and room is told. */
static void test_back_pressure(void **state)
{
    static const struct file_sink_ops with_room = {.room = on_room, .ended = on_ended};
    struct loop *loop = *state;
    struct outcome outcome = {0};
    struct file_sink_options options = {.path = path_of("pipe"), .limit_bytes = LIMIT_BYTES};
    assert_int_equal(mkfifo(options.path, 0600), 0);
    int reader = open(options.path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    struct file_sink *sink = file_sink_new(loop, &options, &with_room, &outcome);
    unsigned records = 0;
    rooms = 0;
    while (file_sink_has_room(sink) && records < 100000) {
        add(sink, 'a', 1);
        records++;
    }
    assert_in_range(records, LIMIT_BYTES / RECORD_BYTES, 2 * LIMIT_BYTES / RECORD_BYTES);
    assert_false(file_sink_failed(sink));
    for (unsigned i = 0; i < 100 * WAIT_TURNS && rooms == 0; i++) {
        uint8_t bytes[RECORD_BYTES];
        if (read(reader, bytes, sizeof(bytes)) < 0)
            loop_turn(loop, 1);
        loop_turn(loop, 0);
    }
    assert_int_equal(rooms, 1);
    assert_true(file_sink_has_room(sink));
    close(reader); /* the rest fails at once */
    file_sink_close(sink, true, mono_add_ms(mono_now(), CLOSE_MS));
    assert_false(outcome.ended);
}

static void test_simulated(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct outcome outcome;
    struct file_sink *sink = open_sink(loop, "simulated", true, &outcome);
    add(sink, 'a', 300);
    file_sink_finish(sink, true);
    assert_false(outcome.ended);
    loop_turn(loop, 0);
    assert_true(outcome.ended && outcome.report.complete);
    assert_int_equal(outcome.report.bytes, 300 * RECORD_BYTES);
    loop_free(loop);
}

static int set_up(void **state)
{
    log_set_level(LOG_LEVEL_PANIC);
    *state = loop_new();
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[300];
    loop_free(*state);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaces_when_complete),
        cmocka_unit_test(test_called_off),
        cmocka_unit_test(test_adds_and_goes_on),
        cmocka_unit_test(test_failure_counts_and_is_forgotten),
        cmocka_unit_test(test_lost_records_are_counted),
        cmocka_unit_test(test_no_such_folder),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_simulated),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
