#include "feeds/bmp_queue.h"

#include <string.h>

#include "base/mem.h"

enum {
    BLOCK_BYTES = 64 * 1024,
    PIECES_MAX = 8, /* of a write */
};

struct block {
    struct list link;
    size_t begin, end; /* what is not written yet */
    uint8_t bytes[BLOCK_BYTES];
};

void bmp_queue_init(struct bmp_queue *queue, size_t limit_bytes)
{
    *queue = (struct bmp_queue){.limit_bytes = limit_bytes};
    list_init(&queue->blocks);
}

static void block_free(struct block *block)
{
    list_remove(&block->link);
    mem_free(MEM_BUFFER, block);
}

void bmp_queue_clear(struct bmp_queue *queue)
{
    list_foreach_safe (block, &queue->blocks, struct block, link)
        block_free(block);
    queue->length = 0;
}

static struct block *last_block(struct bmp_queue *queue)
{
    struct block *last = list_empty(&queue->blocks) ? NULL : list_entry(queue->blocks.prev, struct block, link);
    if (last != NULL && last->end < BLOCK_BYTES)
        return last;
    last = mem_alloc(MEM_BUFFER, sizeof(*last));
    last->begin = last->end = 0;
    list_append(&queue->blocks, &last->link);
    return last;
}

bool bmp_queue_put(struct bmp_queue *queue, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;
    if (length > queue->limit_bytes - queue->length)
        return false;
    queue->length += length;
    while (length > 0) {
        struct block *block = last_block(queue);
        size_t part = length < BLOCK_BYTES - block->end ? length : BLOCK_BYTES - block->end;
        memcpy(block->bytes + block->end, from, part);
        block->end += part;
        from += part;
        length -= part;
    }
    return true;
}

ssize_t bmp_queue_write(struct bmp_queue *queue, struct stream *stream)
{
    struct iovec pieces[PIECES_MAX];
    int count = 0;
    list_foreach (block, &queue->blocks, struct block, link) {
        pieces[count++] = (struct iovec){.iov_base = block->bytes + block->begin, .iov_len = block->end - block->begin};
        if (count == PIECES_MAX)
            break;
    }
    if (count == 0)
        return 0;
    ssize_t taken = stream_writev(stream, pieces, count);
    for (size_t left = taken > 0 ? (size_t)taken : 0; left > 0;) {
        struct block *block = list_entry(queue->blocks.next, struct block, link);
        size_t part = left < block->end - block->begin ? left : block->end - block->begin;
        block->begin += part;
        queue->length -= part;
        left -= part;
        if (block->begin == block->end)
            block_free(block);
    }
    return taken;
}
