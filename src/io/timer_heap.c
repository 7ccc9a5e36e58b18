/* A 4-ary heap whose keys may lag behind.
 *
 * A hold timer is restarted by every message and almost never expires. So moving a timer later only writes the new
 * time into the timer; its slot keeps the old, earlier key, which is a lower bound. Only when such a slot reaches
 * the root is its key corrected and the slot sifted down: once per original interval instead of once per message.
 * Moving earlier sifts up at once.
 *
 * Keys are (due, sequence), so that timers due at the same instant expire in the order they were started, which
 * keeps simulated runs the same. Slots hold a copy of the key: sifting does not touch the timers it compares.
 */
#include "io/timer_heap.h"

#include <stddef.h>

#include "base/check.h"
#include "base/mem.h"

enum { ARITY = 4, CAPACITY_MIN = 64 };

struct timer_slot {
    int64_t due_ns;
    uint64_t sequence;
    struct loop_timer *timer;
};

static bool slot_before(const struct timer_slot *a, const struct timer_slot *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->sequence < b->sequence;
}

static struct timer_slot slot_of(struct loop_timer *timer)
{
    return (struct timer_slot){.due_ns = timer->due.ns, .sequence = timer->sequence, .timer = timer};
}

static void slot_place(struct timer_heap *heap, uint32_t position, struct timer_slot slot)
{
    heap->slots[position] = slot;
    slot.timer->heap_index = position + 1;
}

/* Both sift a hole at `position` to where `slot` belongs and put it there. */
static void sift_up(struct timer_heap *heap, uint32_t position, struct timer_slot slot)
{
    while (position > 0) {
        uint32_t parent = (position - 1) / ARITY;
        if (!slot_before(&slot, &heap->slots[parent]))
            break;
        slot_place(heap, position, heap->slots[parent]);
        position = parent;
    }
    slot_place(heap, position, slot);
}

static void sift_down(struct timer_heap *heap, uint32_t position, struct timer_slot slot)
{
    for (;;) {
        uint64_t child = (uint64_t)position * ARITY + 1;
        if (child >= heap->count)
            break;
        uint64_t end = child + ARITY < heap->count ? child + ARITY : heap->count;
        uint64_t least = child;
        while (++child < end) {
            if (slot_before(&heap->slots[child], &heap->slots[least]))
                least = child;
        }
        if (!slot_before(&heap->slots[least], &slot))
            break;
        slot_place(heap, position, heap->slots[least]);
        position = (uint32_t)least;
    }
    slot_place(heap, position, slot);
}

void timer_heap_init(struct timer_heap *heap)
{
    *heap = (struct timer_heap){.next_sequence = 1};
}

void timer_heap_release(struct timer_heap *heap)
{
    CHECK(heap->count == 0);
    mem_free(MEM_OTHER, heap->slots);
    *heap = (struct timer_heap){0};
}

void timer_heap_put(struct timer_heap *heap, struct loop_timer *timer, struct mono_time due)
{
    bool later = due.ns >= timer->due.ns;
    timer->due = due;
    timer->sequence = heap->next_sequence++;
    if (timer->heap_index != 0 && later)
        return; /* without even a look at the slot: its key is no later than the old time */
    struct timer_slot slot = slot_of(timer);
    if (timer->heap_index != 0) {
        uint32_t position = timer->heap_index - 1;
        if (slot_before(&slot, &heap->slots[position]))
            sift_up(heap, position, slot);
        return;
    }
    if (heap->count == heap->capacity) {
        CHECK(heap->capacity <= UINT32_MAX / 4);
        heap->capacity = heap->capacity ? heap->capacity * 2 : CAPACITY_MIN;
        heap->slots = mem_realloc(MEM_OTHER, heap->slots, heap->capacity * sizeof(*heap->slots));
    }
    sift_up(heap, heap->count++, slot);
}

void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer)
{
    if (timer->heap_index == 0)
        return;
    uint32_t position = timer->heap_index - 1;
    timer->heap_index = 0;
    struct timer_slot last = heap->slots[--heap->count];
    if (position == heap->count)
        return;
    if (position > 0 && slot_before(&last, &heap->slots[(position - 1) / ARITY]))
        sift_up(heap, position, last);
    else
        sift_down(heap, position, last);
}

struct loop_timer *timer_heap_first(struct timer_heap *heap)
{
    while (heap->count > 0) {
        struct timer_slot actual = slot_of(heap->slots[0].timer);
        if (actual.sequence == heap->slots[0].sequence)
            return actual.timer;
        sift_down(heap, 0, actual);
    }
    return NULL;
}
