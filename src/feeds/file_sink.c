/* See file_sink.h. One mutex guards what both sides touch; it is never held while the system writes.
 *
 * Who frees: the loop's side, on the mail the thread posts as its last deed, or in file_sink_close. Only when a disk
 * does not answer in time is the thread left alone with everything; it frees it when, or if, the disk does.
 */
#include "feeds/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

enum { NS_PER_S = 1000000000 };

static const char part_suffix[] = ".part";

struct block {
    struct list link;
    uint32_t records;
    struct buf bytes;
    char *reopen; /* owned: no records, but the file to go on with */
};

struct file_sink {
    /* Set once. */
    struct loop *loop;
    const struct file_sink_ops *ops;
    void *context;
    bool replace;
    bool threaded;
    size_t limit_bytes;
    pthread_t thread;

    /* The loop's side. */
    struct block *filling;
    bool finishing;
    struct doorbell *room;
    struct mail ended;

    /* The thread's side. */
    char path[PATH_MAX];
    char part[PATH_MAX + sizeof(part_suffix)]; /* where a replacing file is written; else the path */
    int fd;
    off_t length; /* of the file: the end of the last whole block */

    /* Both, under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;    /* the thread: there are blocks, or it is to finish */
    pthread_cond_t stopped; /* who closes: the thread is through */
    struct list queue;      /* of struct block */
    size_t queued_bytes;
    bool finish, keep;
    bool room_wanted;
    bool failed;
    bool through;  /* the thread touches nothing any more */
    bool orphaned; /* nobody waits for the thread any more */
    uint64_t lost_records;
    struct file_sink_report report;
};

static void block_free(struct block *block)
{
    buf_release(&block->bytes);
    mem_free(MEM_OTHER, block->reopen);
    mem_free(MEM_BUFFER, block);
}

static void sink_free(struct file_sink *sink)
{
    list_foreach_safe (block, &sink->queue, struct block, link) {
        list_remove(&block->link);
        block_free(block);
    }
    if (sink->filling != NULL)
        block_free(sink->filling);
    pthread_cond_destroy(&sink->wake);
    pthread_cond_destroy(&sink->stopped);
    pthread_mutex_destroy(&sink->mutex);
    mem_free(MEM_OTHER, sink);
}

/* The thread's side ------------------------------------------------------------------------------------------------ */

static void fail(struct file_sink *sink, const char *what)
{
    int reason = errno;
    pthread_mutex_lock(&sink->mutex);
    bool first = !sink->failed;
    sink->failed = true;
    if (sink->room_wanted && !sink->orphaned && sink->room != NULL)
        doorbell_ring(sink->room);
    sink->room_wanted = false;
    pthread_mutex_unlock(&sink->mutex);
    if (first)
        log_warn("mrt", sink->path, "the dump cannot be written: %s: %s", what, strerror(reason));
}

/* The folders a path leads through. What is wrong with them will be said when the file cannot be opened. */
static void make_folders(const char *path)
{
    char folder[PATH_MAX];
    struct str str = str_over(folder, sizeof(folder));
    str_add(&str, path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(folder, 0755);
        *slash = '/';
    }
}

static void open_file(struct file_sink *sink)
{
    make_folders(sink->part);
    sink->fd = open(sink->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (sink->replace ? O_TRUNC : O_APPEND), 0644);
    off_t end = sink->fd < 0 ? -1 : lseek(sink->fd, 0, SEEK_END);
    if (sink->fd < 0 || (end < 0 && errno != ESPIPE)) {
        fail(sink, "cannot open it");
        return;
    }
    sink->length = end < 0 ? 0 : end; /* a pipe has none */
}

/* Takes back a piece of a block, unless somebody else has added to the file meanwhile. */
static void cut_off(struct file_sink *sink, size_t piece)
{
    struct stat status;
    if (piece > 0 && (fstat(sink->fd, &status) < 0 || status.st_size != sink->length + (off_t)piece ||
                      ftruncate(sink->fd, sink->length) < 0))
        log_warn("mrt", sink->path, "a piece of a record is left in it");
}

/* All of it, or (cut off again) nothing. */
static void write_block(struct file_sink *sink, const struct block *block)
{
    size_t done = 0;
    while (done < block->bytes.length) {
        ssize_t written = write(sink->fd, block->bytes.bytes + done, block->bytes.length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            fail(sink, "cannot write");
            cut_off(sink, done);
            return;
        }
        done += (size_t)written;
    }
    sink->length += (off_t)done;
}

static void end_file(struct file_sink *sink, bool keep)
{
    if (sink->fd >= 0) {
        if (keep && !sink->failed && fdatasync(sink->fd) < 0 && errno != EINVAL && errno != EROFS)
            fail(sink, "cannot bring it to the disk");
        if (close(sink->fd) < 0 && !sink->failed)
            fail(sink, "cannot close it");
        sink->fd = -1;
    }
    if (!sink->replace)
        return;
    if (keep && !sink->failed && rename(sink->part, sink->path) == 0)
        return;
    if (keep && !sink->failed)
        fail(sink, "cannot rename it");
    (void)unlink(sink->part);
}

static void set_path(struct file_sink *sink, const char *path)
{
    struct str whole = str_over(sink->path, sizeof(sink->path));
    struct str part = str_over(sink->part, sizeof(sink->part));
    str_add(&whole, path);
    str_printf(&part, "%s%s", path, sink->replace ? part_suffix : "");
}

static void go_on_with(struct file_sink *sink, const char *path)
{
    end_file(sink, true);
    pthread_mutex_lock(&sink->mutex);
    sink->failed = false;
    pthread_mutex_unlock(&sink->mutex);
    set_path(sink, path);
    open_file(sink);
}

/* Takes one block out and deals with it. False: there is none. The mutex is held before and after. */
static bool next_block(struct file_sink *sink)
{
    if (list_empty(&sink->queue))
        return false;
    struct block *block = list_entry(sink->queue.next, struct block, link);
    list_remove(&block->link);
    bool called_off = sink->finish && !sink->keep;
    bool drop = sink->failed || called_off;
    pthread_mutex_unlock(&sink->mutex);
    if (block->reopen != NULL && !called_off)
        go_on_with(sink, block->reopen);
    else if (!drop)
        write_block(sink, block);
    pthread_mutex_lock(&sink->mutex);
    if (drop || sink->failed)
        sink->lost_records += block->records;
    else
        sink->report.bytes += block->bytes.length;
    sink->queued_bytes -= block->bytes.length;
    if (sink->room_wanted && sink->queued_bytes <= sink->limit_bytes / 2) {
        sink->room_wanted = false;
        if (!sink->orphaned && sink->room != NULL)
            doorbell_ring(sink->room);
    }
    block_free(block);
    return true;
}

static void deliver_ended(struct mail *mail);

static void *run_thread(void *context)
{
    struct file_sink *sink = context;
    open_file(sink);
    pthread_mutex_lock(&sink->mutex);
    for (;;) {
        if (next_block(sink))
            continue;
        if (sink->finish)
            break;
        pthread_cond_wait(&sink->wake, &sink->mutex);
    }
    bool keep = sink->keep;
    pthread_mutex_unlock(&sink->mutex);
    end_file(sink, keep);
    pthread_mutex_lock(&sink->mutex);
    sink->report.complete = keep && !sink->failed;
    sink->through = true;
    bool orphaned = sink->orphaned;
    pthread_cond_signal(&sink->stopped);
    if (!orphaned)
        mailbox_post(sink->loop, &sink->ended);
    pthread_mutex_unlock(&sink->mutex);
    if (orphaned)
        sink_free(sink);
    return NULL;
}

static bool start_thread(struct file_sink *sink)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&sink->thread, NULL, run_thread, sink);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        pthread_setname_np(sink->thread, "mrt-file");
    return error == 0;
}

/* The loop's side -------------------------------------------------------------------------------------------------- */

static void room_came(void *context)
{
    struct file_sink *sink = context;
    if (sink->ops->room != NULL && !sink->finishing)
        sink->ops->room(sink->context);
}

struct file_sink *file_sink_new(struct loop *loop, const struct file_sink_options *options,
                                const struct file_sink_ops *ops, void *context)
{
    struct file_sink *sink = mem_zalloc(MEM_OTHER, sizeof(*sink));
    pthread_condattr_t monotonic;
    sink->loop = loop;
    sink->ops = ops;
    sink->context = context;
    sink->replace = options->replace;
    sink->limit_bytes = options->limit_bytes;
    set_path(sink, options->path);
    sink->fd = -1;
    sink->ended.deliver = deliver_ended;
    list_init(&sink->queue);
    pthread_mutex_init(&sink->mutex, NULL);
    pthread_cond_init(&sink->wake, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sink->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sink->room = doorbell_new(loop, room_came, sink);
    /* Without a thread the file is written all the same. */
    sink->threaded = !loop_is_simulated(loop) && start_thread(sink);
    if (!sink->threaded)
        open_file(sink);
    return sink;
}

struct buf *file_sink_block(struct file_sink *sink)
{
    if (sink->filling == NULL) {
        sink->filling = mem_zalloc(MEM_BUFFER, sizeof(*sink->filling));
        buf_init(&sink->filling->bytes, SIZE_MAX / 2);
        buf_extend(&sink->filling->bytes, FILE_SINK_BLOCK_BYTES + FILE_SINK_BLOCK_BYTES / 4);
        buf_clear(&sink->filling->bytes);
    }
    return &sink->filling->bytes;
}

static void hand_over(struct file_sink *sink, struct block *block)
{
    pthread_mutex_lock(&sink->mutex);
    list_append(&sink->queue, &block->link);
    sink->queued_bytes += block->bytes.length;
    if (sink->threaded)
        pthread_cond_signal(&sink->wake);
    else
        next_block(sink);
    pthread_mutex_unlock(&sink->mutex);
}

void file_sink_flush(struct file_sink *sink)
{
    struct block *block = sink->filling;
    if (block == NULL || block->bytes.length == 0)
        return;
    sink->filling = NULL;
    hand_over(sink, block);
}

void file_sink_reopen(struct file_sink *sink, const char *path)
{
    struct block *block = mem_zalloc(MEM_BUFFER, sizeof(*block));
    file_sink_flush(sink);
    buf_init(&block->bytes, 0);
    block->reopen = mem_strdup(MEM_OTHER, path);
    hand_over(sink, block);
}

uint64_t file_sink_take_lost(struct file_sink *sink)
{
    pthread_mutex_lock(&sink->mutex);
    uint64_t lost = sink->lost_records;
    sink->lost_records = 0;
    pthread_mutex_unlock(&sink->mutex);
    return lost;
}

void file_sink_added(struct file_sink *sink, uint32_t records)
{
    sink->filling->records += records;
    if (sink->filling->bytes.length >= FILE_SINK_BLOCK_BYTES)
        file_sink_flush(sink);
}

bool file_sink_has_room(struct file_sink *sink)
{
    pthread_mutex_lock(&sink->mutex);
    bool room = !sink->failed && sink->queued_bytes < sink->limit_bytes;
    if (!room && !sink->failed)
        sink->room_wanted = true;
    pthread_mutex_unlock(&sink->mutex);
    return room;
}

bool file_sink_failed(struct file_sink *sink)
{
    pthread_mutex_lock(&sink->mutex);
    bool failed = sink->failed;
    pthread_mutex_unlock(&sink->mutex);
    return failed;
}

static void ask_to_finish(struct file_sink *sink, bool keep)
{
    CHECK(!sink->finishing);
    sink->finishing = true;
    file_sink_flush(sink);
    pthread_mutex_lock(&sink->mutex);
    sink->finish = true;
    sink->keep = keep;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->mutex);
    if (sink->threaded)
        return;
    end_file(sink, keep);
    sink->report.complete = keep && !sink->failed;
    sink->through = true;
    mailbox_post(sink->loop, &sink->ended);
}

/* The thread is through, and does nothing but return. */
static void deliver_ended(struct mail *mail)
{
    struct file_sink *sink = container_of(mail, struct file_sink, ended);
    if (sink->threaded)
        pthread_join(sink->thread, NULL);
    doorbell_free(sink->room);
    sink->ops->ended(sink->context, &sink->report);
    sink_free(sink);
}

void file_sink_finish(struct file_sink *sink, bool keep)
{
    ask_to_finish(sink, keep);
}

void file_sink_close(struct file_sink *sink, bool keep, struct mono_time limit)
{
    struct timespec until = {.tv_sec = limit.ns / NS_PER_S, .tv_nsec = limit.ns % NS_PER_S};
    if (!sink->finishing)
        ask_to_finish(sink, keep);
    pthread_mutex_lock(&sink->mutex);
    while (!sink->through && pthread_cond_timedwait(&sink->stopped, &sink->mutex, &until) != ETIMEDOUT)
        ;
    bool through = sink->through;
    sink->orphaned = !through;
    doorbell_free(sink->room);
    sink->room = NULL;
    pthread_t thread = sink->thread;
    bool threaded = sink->threaded;
    if (through)
        mailbox_withdraw(sink->loop, &sink->ended);
    pthread_mutex_unlock(&sink->mutex);
    if (!through) {
        pthread_detach(thread);
        return;
    }
    if (threaded)
        pthread_join(thread, NULL);
    sink_free(sink);
}
