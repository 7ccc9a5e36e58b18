/* The owner of a stream in these tests: notes what it is told, and collects what it reads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/stream.h"

struct stream_probe {
    struct stream *stream;
    bool connected;
    int failed; /* errno */
    unsigned readable;
    unsigned writable;
    bool keep_unread;  /* count `readable`, do not read */
    bool free_on_read; /* free the stream from inside `readable` */
    uint8_t *bytes;    /* owned */
    size_t length;
    size_t capacity;
    int end; /* E_EOF or E_IO once the stream ended */
    int end_errno;
    const uint8_t *to_write; /* written as `writable` allows */
    size_t left_to_write;
};

extern const struct stream_handler stream_probe_handler;

void stream_probe_take(struct stream_probe *probe, struct stream *stream); /* owns an accepted stream from now on */
void stream_probe_read(struct stream_probe *probe);                        /* until E_AGAIN or the end */
void stream_probe_write(struct stream_probe *probe, const void *bytes, size_t length);
void stream_probe_release(struct stream_probe *probe);

/* A listener_accept: the owner is a struct stream_probe, which takes the stream and wants to read. */
void stream_probe_accept(void *owner, struct stream *stream);

/* Turns the loop until `*flag` or the bound is reached; what `*flag` is then. */
bool turn_until(struct loop *loop, const bool *flag);
bool turn_until_count(struct loop *loop, const size_t *count, size_t wanted);
bool turn_until_set(struct loop *loop, const int *value);
