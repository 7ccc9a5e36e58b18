/* The ring.
 *
 * Positions count bytes since the beginning and are masked on use, so full and empty differ and nothing wraps in
 * practice. Each side keeps its own position and its last view of the other's on a cache line of its own, and reads
 * the other's published position only when its view does not suffice: in a steady flow that is once per batch.
 *
 * A record is a header of 8 bytes and its bytes, rounded up to 8. What does not fit before the end of the memory
 * starts anew at its beginning, behind a header that says "skip"; for that to succeed at any position a record may
 * take half of the ring at most.
 *
 * Waking. Both sides do "publish, then look whether the other waits" and "say that I wait, then look whether there is
 * something", all sequentially consistent. In any interleaving at least one of them sees the other: either the waiter
 * finds the data and does not sleep, or the publisher finds the flag. The flag is taken with an exchange, by the
 * publisher to wake or by the waiter to withdraw it, so exactly one of them has it. No fences, which TSan cannot see.
 * The producer waits for a position: the consumer wakes it only when it has released enough for the record.
 */
#include "io/ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    CACHE_LINE = 64,
    RING_SIZE_MIN = 64,
    RECORD_ALIGN = 8,
};

struct record_header {
    uint32_t bytes; /* of the record, without header and rounding */
    uint32_t skip;  /* this is no record: go on at the beginning of the memory */
};

struct ring {
    uint8_t *memory;
    uint64_t size;

    char producer_line[CACHE_LINE]; /* keeps what the two sides write on lines of their own */
    _Atomic uint64_t written;       /* published by the producer */
    uint64_t write_at;              /* private: committed */
    uint64_t released_seen;
    uint64_t reserved_at; /* where the reserved record starts, behind a skip if one was needed */
    size_t reserved_bytes;
    atomic_bool producer_waits;
    _Atomic uint64_t room_wanted; /* `released` must reach this; valid while producer_waits */

    char consumer_line[CACHE_LINE];
    _Atomic uint64_t released; /* published by the consumer */
    uint64_t read_at;          /* private: consumed */
    uint64_t written_seen;
    atomic_bool consumer_waits;
    char end_line[CACHE_LINE];
};

struct ring *ring_new(size_t size_bytes)
{
    CHECK(size_bytes >= RING_SIZE_MIN && (size_bytes & (size_bytes - 1)) == 0 && size_bytes <= UINT32_MAX);
    struct ring *ring = mem_zalloc(MEM_BUFFER, sizeof(*ring));
    ring->memory = mem_alloc(MEM_BUFFER, size_bytes);
    ring->size = size_bytes;
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    mem_free(MEM_BUFFER, ring->memory);
    mem_free(MEM_BUFFER, ring);
}

static uint64_t record_size(size_t bytes)
{
    return sizeof(struct record_header) + (((uint64_t)bytes + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1));
}

size_t ring_record_max(const struct ring *ring)
{
    return ring->size / 2 - sizeof(struct record_header);
}

static struct record_header *header_at(const struct ring *ring, uint64_t position)
{
    return (struct record_header *)(void *)(ring->memory + (position & (ring->size - 1)));
}

/* Where a record of this size would start, given what is committed: here, or at the beginning of the memory. */
static uint64_t record_start(const struct ring *ring, uint64_t size)
{
    uint64_t to_end = ring->size - (ring->write_at & (ring->size - 1));
    return size <= to_end ? ring->write_at : ring->write_at + to_end;
}

/* Producer -------------------------------------------------------------------------------------------------------- */

void *ring_reserve(struct ring *ring, size_t bytes)
{
    CHECK(bytes <= ring_record_max(ring));
    uint64_t size = record_size(bytes);
    uint64_t start = record_start(ring, size);
    if (start + size - ring->released_seen > ring->size) {
        ring->released_seen = atomic_load_explicit(&ring->released, memory_order_acquire);
        if (start + size - ring->released_seen > ring->size)
            return NULL;
    }
    ring->reserved_at = start;
    ring->reserved_bytes = bytes;
    return header_at(ring, start) + 1;
}

void ring_commit(struct ring *ring, size_t bytes)
{
    CHECK(bytes > 0 && bytes <= ring->reserved_bytes);
    if (ring->reserved_at != ring->write_at)
        *header_at(ring, ring->write_at) = (struct record_header){.skip = 1};
    *header_at(ring, ring->reserved_at) = (struct record_header){.bytes = (uint32_t)bytes};
    ring->write_at = ring->reserved_at + record_size(bytes);
    ring->reserved_bytes = 0;
}

bool ring_flush(struct ring *ring)
{
    atomic_store(&ring->written, ring->write_at);
    return atomic_load(&ring->consumer_waits) && atomic_exchange(&ring->consumer_waits, false);
}

bool ring_wait_for_room(struct ring *ring, size_t bytes)
{
    uint64_t size = record_size(bytes);
    uint64_t wanted = record_start(ring, size) + size - ring->size; /* reserve said no: above 0 */
    atomic_store(&ring->room_wanted, wanted);
    atomic_store(&ring->producer_waits, true);
    if ((int64_t)(atomic_load(&ring->released) - wanted) < 0)
        return true;
    /* Enough was released meanwhile. Whoever takes the flag back decides: if the consumer has, its doorbell rings. */
    return !atomic_exchange(&ring->producer_waits, false);
}

/* Consumer -------------------------------------------------------------------------------------------------------- */

const void *ring_peek(struct ring *ring, size_t *bytes)
{
    if (ring->read_at == ring->written_seen) {
        ring->written_seen = atomic_load_explicit(&ring->written, memory_order_acquire);
        if (ring->read_at == ring->written_seen)
            return NULL;
    }
    const struct record_header *header = header_at(ring, ring->read_at);
    if (header->skip) { /* a record always follows: both were committed in one step */
        ring->read_at += ring->size - (ring->read_at & (ring->size - 1));
        header = header_at(ring, ring->read_at);
    }
    *bytes = header->bytes;
    return header + 1;
}

void ring_consume(struct ring *ring)
{
    ring->read_at += record_size(header_at(ring, ring->read_at)->bytes);
}

bool ring_release(struct ring *ring)
{
    atomic_store(&ring->released, ring->read_at);
    return atomic_load(&ring->producer_waits) && (int64_t)(ring->read_at - atomic_load(&ring->room_wanted)) >= 0 &&
           atomic_exchange(&ring->producer_waits, false);
}

bool ring_wait_for_data(struct ring *ring)
{
    atomic_store(&ring->consumer_waits, true);
    if (atomic_load(&ring->written) == ring->read_at)
        return true;
    return !atomic_exchange(&ring->consumer_waits, false);
}
