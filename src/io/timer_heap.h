/* The timers of one loop, earliest first. Internal to io/loop.c. */
#pragma once

#include <stdint.h>

#include "io/loop.h"

struct timer_slot;

struct timer_heap {
    struct timer_slot *slots;
    uint32_t count;
    uint32_t capacity;
    uint64_t next_sequence;
};

void timer_heap_init(struct timer_heap *heap);
void timer_heap_release(struct timer_heap *heap);

/* Adds the timer, or moves it. */
void timer_heap_put(struct timer_heap *heap, struct loop_timer *timer, struct mono_time due);
void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer); /* nothing if it is not in */

/* The timer due first, or NULL. Stays in. */
struct loop_timer *timer_heap_first(struct timer_heap *heap);
