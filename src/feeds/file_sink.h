/* A file being written by a thread of its own, so that a slow disk holds up nobody: the loop's side collects whole
 * records in blocks and hands them over; the thread opens the file, writes, and in the end gives it its name.
 *
 * A file that replaces is written as PATH.part and takes over the name when it is complete and on the disk: readers
 * see the old one or the new one. One that is added to never keeps a piece of a block that could not be written whole.
 * On a simulated loop there is no thread and everything is written at once.
 *
 * The loop's side belongs to one loop. A file sink logs why it failed, once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/loop.h"

enum { FILE_SINK_BLOCK_BYTES = 256 * 1024 }; /* what is written at once; a block is longer by one record at most */

struct file_sink;

struct file_sink_options {
    const char *path;   /* copied; folders on the way are made */
    bool replace;       /* otherwise: add at its end */
    size_t limit_bytes; /* of what waits for the disk */
};

struct file_sink_report {
    bool complete;  /* nothing failed since it was opened, nothing was called off */
    uint64_t bytes; /* written */
};

struct file_sink_ops {
    /* There is room again after file_sink_has_room said no, or the file has failed. May be NULL. */
    void (*room)(void *context);
    /* After file_sink_finish: the file is closed. The sink is gone when this returns. */
    void (*ended)(void *context, const struct file_sink_report *report);
};

struct file_sink *file_sink_new(struct loop *loop, const struct file_sink_options *options,
                                const struct file_sink_ops *ops, void *context);

/* Where the next records go: append to it, whole records only, then tell how many. */
struct buf *file_sink_block(struct file_sink *sink);
void file_sink_added(struct file_sink *sink, uint32_t records);
/* False: more is waiting for the disk than allowed, or it failed. Adding is allowed nevertheless; who goes on adding
 * is not bounded. */
bool file_sink_has_room(struct file_sink *sink);
bool file_sink_failed(struct file_sink *sink);
void file_sink_flush(struct file_sink *sink); /* do not wait for a whole block */
/* Goes on with another file, or the same once more, behind what was added so far. A failure is forgotten. */
void file_sink_reopen(struct file_sink *sink, const char *path);
/* How many records were handed over and not written, since it was asked last. */
uint64_t file_sink_take_lost(struct file_sink *sink);

/* No more records. What is there is written (`keep`) or dropped, a replacing file with it. `ended` comes later. */
void file_sink_finish(struct file_sink *sink, bool keep);
/* The same for a process that ends, finished before or not: waits until `limit` at most, and calls nothing back. */
void file_sink_close(struct file_sink *sink, bool keep, struct mono_time limit);
