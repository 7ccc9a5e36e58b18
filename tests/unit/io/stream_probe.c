#include "stream_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { WAIT_MS = 10000, TURN_MS = 100 };

static void probe_connected(struct stream *stream, void *owner)
{
    struct stream_probe *probe = owner;
    probe->connected = true;
}

static void probe_failed(struct stream *stream, void *owner, int system_errno)
{
    struct stream_probe *probe = owner;
    probe->failed = system_errno;
}

static void probe_readable(struct stream *stream, void *owner)
{
    struct stream_probe *probe = owner;
    probe->readable++;
    if (probe->free_on_read) {
        stream_free(stream);
        probe->stream = NULL;
    } else if (!probe->keep_unread) {
        stream_probe_read(probe);
    }
}

static void probe_writable(struct stream *stream, void *owner)
{
    struct stream_probe *probe = owner;
    probe->writable++;
    struct iovec piece = {.iov_base = (void *)probe->to_write, .iov_len = probe->left_to_write};
    ssize_t taken = probe->left_to_write ? stream_writev(stream, &piece, 1) : 0;
    if (taken > 0) {
        probe->to_write += taken;
        probe->left_to_write -= (size_t)taken;
    } else if (taken == E_IO) {
        probe->end = E_IO;
        probe->end_errno = errno;
        probe->left_to_write = 0;
    }
    if (probe->left_to_write == 0)
        stream_want(stream, probe->end ? 0 : LOOP_READ);
}

const struct stream_handler stream_probe_handler = {
    .connected = probe_connected,
    .failed = probe_failed,
    .readable = probe_readable,
    .writable = probe_writable,
};

void stream_probe_take(struct stream_probe *probe, struct stream *stream)
{
    probe->stream = stream;
    stream_set_owner(stream, &stream_probe_handler, probe);
    stream_want(stream, LOOP_READ);
}

void stream_probe_accept(void *owner, struct stream *stream)
{
    struct stream_probe *probe = owner;
    stream_probe_take(probe, stream);
    probe->connected = true;
}

void stream_probe_read(struct stream_probe *probe)
{
    static uint8_t piece[65536];
    for (;;) {
        ssize_t got = stream_read(probe->stream, piece, sizeof(piece));
        if (got > 0) {
            if (probe->length + (size_t)got > probe->capacity) {
                probe->capacity = 2 * probe->capacity + (size_t)got;
                probe->bytes = realloc(probe->bytes, probe->capacity);
            }
            memcpy(probe->bytes + probe->length, piece, (size_t)got);
            probe->length += (size_t)got;
            continue;
        }
        if (got != E_AGAIN) {
            probe->end = (int)got;
            probe->end_errno = errno;
            stream_want(probe->stream, 0);
        }
        return;
    }
}

void stream_probe_write(struct stream_probe *probe, const void *bytes, size_t length)
{
    probe->to_write = bytes;
    probe->left_to_write = length;
    stream_want(probe->stream, LOOP_READ | LOOP_WRITE);
}

void stream_probe_release(struct stream_probe *probe)
{
    stream_free(probe->stream);
    free(probe->bytes);
    *probe = (struct stream_probe){0};
}

static bool turns_left(struct loop *loop, struct mono_time start)
{
    if (mono_diff_ms(mono_now(), start) > WAIT_MS)
        return false;
    return loop_turn(loop, TURN_MS) || !loop_is_simulated(loop) || loop_next_timeout_ms(loop) >= 0;
}

bool turn_until(struct loop *loop, const bool *flag)
{
    struct mono_time start = mono_now();
    while (!*flag && turns_left(loop, start))
        continue;
    return *flag;
}

bool turn_until_count(struct loop *loop, const size_t *count, size_t wanted)
{
    struct mono_time start = mono_now();
    while (*count < wanted && turns_left(loop, start))
        continue;
    return *count == wanted;
}

bool turn_until_set(struct loop *loop, const int *value)
{
    struct mono_time start = mono_now();
    while (!*value && turns_left(loop, start))
        continue;
    return *value != 0;
}
