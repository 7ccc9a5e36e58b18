#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io/loop.h"
#include "io/ring.h"

static void test_records_come_out_as_they_went_in(void **state)
{
    struct ring *ring = ring_new(256);
    size_t bytes;
    assert_int_equal(ring_record_max(ring), 120);
    assert_null(ring_peek(ring, &bytes));
    char *record = ring_reserve(ring, 10);
    assert_int_equal((uintptr_t)record % 8, 0);
    memcpy(record, "0123456789", 10);
    ring_commit(ring, 10);
    assert_null(ring_peek(ring, &bytes)); /* not before it is flushed */
    record = ring_reserve(ring, 20);
    memcpy(record, "abc", 3);
    ring_commit(ring, 3);
    assert_false(ring_flush(ring));
    assert_memory_equal(ring_peek(ring, &bytes), "0123456789", 10);
    assert_int_equal(bytes, 10);
    ring_consume(ring);
    assert_memory_equal(ring_peek(ring, &bytes), "abc", 3);
    assert_int_equal(bytes, 3);
    ring_consume(ring);
    assert_null(ring_peek(ring, &bytes));
    assert_false(ring_release(ring));
    ring_free(ring);
}

static void test_longest_record_fits_at_every_position(void **state)
{
    struct ring *ring = ring_new(256);
    for (int position = 0; position < 100; position++) {
        size_t bytes;
        assert_non_null(ring_reserve(ring, 1)); /* 16 bytes further each time */
        ring_commit(ring, 1);
        ring_flush(ring);
        assert_non_null(ring_peek(ring, &bytes));
        ring_consume(ring);
        ring_release(ring);
        char *record = ring_reserve(ring, ring_record_max(ring));
        assert_non_null(record);
        memset(record, position, ring_record_max(ring));
        ring_commit(ring, ring_record_max(ring));
        ring_flush(ring);
        const char *read = ring_peek(ring, &bytes);
        assert_int_equal(bytes, ring_record_max(ring));
        assert_int_equal(read[0], position);
        assert_int_equal(read[bytes - 1], position);
        ring_consume(ring);
        ring_release(ring);
    }
    ring_free(ring);
}

static void fill(struct ring *ring, size_t bytes)
{
    while (ring_reserve(ring, bytes))
        ring_commit(ring, bytes);
    ring_flush(ring);
}

static void test_who_waits_is_woken_once(void **state)
{
    struct ring *ring = ring_new(256);
    size_t bytes;
    assert_true(ring_wait_for_data(ring));
    assert_non_null(ring_reserve(ring, 8));
    ring_commit(ring, 8);
    assert_true(ring_flush(ring));
    assert_non_null(ring_reserve(ring, 8));
    ring_commit(ring, 8);
    assert_false(ring_flush(ring));
    assert_false(ring_wait_for_data(ring)); /* there is something */
    fill(ring, 8);

    assert_null(ring_reserve(ring, 40)); /* needs 48: three records of 16 */
    assert_true(ring_wait_for_room(ring, 40));
    for (int record = 1; record <= 3; record++) {
        assert_non_null(ring_peek(ring, &bytes));
        ring_consume(ring);
        assert_int_equal(ring_release(ring), record == 3); /* not for less than it waits for */
    }
    assert_non_null(ring_reserve(ring, 40));
    assert_false(ring_wait_for_room(ring, 40));
    ring_free(ring);
}

/* Two threads, each on its loop, each sleeping whenever it has nothing to do: everything arrives, in order, and
 * nobody sleeps for ever. A small ring makes both sides wait often. */
enum { RECORDS = 200000, RING_BYTES = 4096 };

struct side {
    struct loop *loop;
    struct doorbell *own;
    struct doorbell *other;
    struct loop_task work;
    struct ring *ring;
    uint32_t next;
    uint32_t wrong;
};

static size_t length_of(uint32_t number)
{
    return 8 + number * UINT32_C(2654435761) % 200;
}

static bool produce(struct loop_task *task)
{
    struct side *side = container_of(task, struct side, work);
    for (int batch = 0; batch < 100 && side->next < RECORDS; batch++) {
        size_t length = length_of(side->next);
        uint8_t *record = ring_reserve(side->ring, length);
        if (!record) {
            if (ring_flush(side->ring))
                doorbell_ring(side->other);
            return !ring_wait_for_room(side->ring, length);
        }
        memset(record, (uint8_t)side->next, length);
        memcpy(record, &side->next, sizeof(side->next));
        ring_commit(side->ring, length);
        side->next++;
    }
    if (ring_flush(side->ring))
        doorbell_ring(side->other);
    if (side->next < RECORDS)
        return true;
    loop_stop(side->loop);
    return false;
}

static bool consume(struct loop_task *task)
{
    struct side *side = container_of(task, struct side, work);
    for (int batch = 0; batch < 70; batch++) {
        size_t length;
        const uint8_t *record = ring_peek(side->ring, &length);
        if (!record) {
            if (ring_release(side->ring))
                doorbell_ring(side->other);
            return !ring_wait_for_data(side->ring);
        }
        uint32_t number;
        memcpy(&number, record, sizeof(number));
        if (number != side->next || length != length_of(number) ||
            (length > 8 && record[length - 1] != (uint8_t)number))
            side->wrong++;
        ring_consume(side->ring);
        if (++side->next == RECORDS)
            loop_stop(side->loop);
    }
    if (ring_release(side->ring))
        doorbell_ring(side->other);
    return true;
}

static void woken(void *context)
{
    struct side *side = context;
    loop_task_schedule(&side->work);
}

static void *run_side(void *argument)
{
    struct side *side = argument;
    loop_task_schedule(&side->work);
    loop_run(side->loop);
    loop_task_cancel(&side->work);
    return NULL;
}

static void test_two_threads(void **state)
{
    struct ring *ring = ring_new(RING_BYTES);
    struct side sides[2];
    for (int i = 0; i < 2; i++) {
        sides[i] = (struct side){.loop = loop_new(), .ring = ring};
        sides[i].own = doorbell_new(sides[i].loop, woken, &sides[i]);
        loop_task_init(&sides[i].work, sides[i].loop, i == 0 ? produce : consume);
    }
    sides[0].other = sides[1].own;
    sides[1].other = sides[0].own;
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, run_side, &sides[0]), 0);
    run_side(&sides[1]);
    pthread_join(producer, NULL);
    assert_int_equal(sides[1].next, RECORDS);
    assert_int_equal(sides[1].wrong, 0);
    for (int i = 0; i < 2; i++) {
        while (loop_turn(sides[i].loop, 0))
            loop_task_cancel(&sides[i].work);
        doorbell_free(sides[i].own);
        loop_free(sides[i].loop);
    }
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_out_as_they_went_in),
        cmocka_unit_test(test_longest_record_fits_at_every_position),
        cmocka_unit_test(test_who_waits_is_woken_once),
        cmocka_unit_test(test_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
