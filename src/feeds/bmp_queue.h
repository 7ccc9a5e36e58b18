/* Bytes that wait to be written to a stream, in blocks, up to a limit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "io/stream.h"

struct bmp_queue {
    struct list blocks;
    size_t length; /* not written yet */
    size_t limit_bytes;
};

void bmp_queue_init(struct bmp_queue *queue, size_t limit_bytes);
void bmp_queue_clear(struct bmp_queue *queue);
/* False, and nothing is added: it is full. */
bool bmp_queue_put(struct bmp_queue *queue, const void *bytes, size_t length);
/* Bytes taken by the stream, 0 if there were none, or what stream_writev returned. */
ssize_t bmp_queue_write(struct bmp_queue *queue, struct stream *stream);
