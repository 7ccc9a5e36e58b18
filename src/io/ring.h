/* A bounded ring of records between two threads: one produces, one consumes, no locks.
 *
 * Records are contiguous, 8-byte aligned, and come out in order. Writing and reading work on private positions;
 * flush and release publish them, once per batch, and say whether the other side must be woken. Whoever finds
 * nothing to do arms first and then sleeps; exactly one flush or release after that returns true, and its caller
 * rings the sleeper's doorbell (io/loop.h):
 *
 *   producer:  record = ring_reserve(ring, n)   -> fill -> ring_commit(ring, n) ... if (ring_flush(ring)) ring consumer
 *              NULL? flush, then if (ring_wait_for_room(ring, n)) sleep, else try again
 *   consumer:  record = ring_peek(ring, &n)     -> use  -> ring_consume(ring)   ... if (ring_release(ring)) ring
 * producer NULL? release, then if (ring_wait_for_data(ring)) sleep, else try again
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ring;

struct ring *ring_new(size_t size_bytes); /* a power of two, at least 64 */
void ring_free(struct ring *ring);        /* when neither side uses it any more; NULL is fine */

size_t ring_record_max(const struct ring *ring); /* the longest record: any of that size fits sooner or later */

/* Producer's thread only. */
void *ring_reserve(struct ring *ring, size_t bytes);      /* NULL: no room now. `bytes` <= ring_record_max */
void ring_commit(struct ring *ring, size_t bytes);        /* of the last reserve; may be fewer than reserved, not 0 */
bool ring_flush(struct ring *ring);                       /* true: the consumer sleeps, wake it */
bool ring_wait_for_room(struct ring *ring, size_t bytes); /* true: armed, sleep; false: there is room already */

/* Consumer's thread only. */
const void *ring_peek(struct ring *ring, size_t *bytes); /* the oldest record, or NULL. Valid until released */
void ring_consume(struct ring *ring);                    /* done with what peek returned */
bool ring_release(struct ring *ring);                    /* true: the producer waits for this room, wake it */
bool ring_wait_for_data(struct ring *ring);              /* true: armed, sleep; false: there is something already */
