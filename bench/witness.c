/* See witness.h. An interruption begins when the thread should have been woken and ends when it was. Up to LATE_NS is
 * no interruption: the kernel's own work that nobody interrupts, above all packets on loopback, of which it does up to
 * 2 ms at a time.
 */
#include "bench/witness.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"

enum {
    SLEEP_NS = 1000 * 1000,
    LATE_NS = 3 * 1000 * 1000,
    INTERRUPTIONS_MAX = 1 << 16, /* four minutes of nothing else */
    STACK_BYTES = 64 * 1024,
};

struct watcher {
    pthread_t thread;
    int processor;
    const atomic_bool *ends;
    _Atomic uint32_t count; /* written by the thread, with release */
    struct span interruptions[INTERRUPTIONS_MAX];
};

struct witness {
    atomic_bool ends;
    unsigned count;
    struct watcher *watchers[CPU_SETSIZE];
};

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

static void *watch(void *context)
{
    struct watcher *watcher = context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    while (!atomic_load_explicit(watcher->ends, memory_order_relaxed)) {
        uint64_t due_ns = nanoseconds(&now) + SLEEP_NS;
        struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000u), .tv_nsec = (long)(due_ns % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint32_t count = atomic_load_explicit(&watcher->count, memory_order_relaxed);
        if (nanoseconds(&now) - due_ns <= LATE_NS || count == INTERRUPTIONS_MAX)
            continue;
        watcher->interruptions[count] = (struct span){.begin_ns = due_ns, .end_ns = nanoseconds(&now), .weight = 1};
        atomic_store_explicit(&watcher->count, count + 1, memory_order_release);
    }
    return NULL;
}

static bool start(struct watcher *watcher)
{
    pthread_attr_t attributes;
    struct sched_param highest = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
    cpu_set_t processor;
    CPU_ZERO(&processor);
    CPU_SET(watcher->processor, &processor);
    memset(watcher->interruptions, 0, sizeof(watcher->interruptions)); /* no page is to be missing later */
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    pthread_attr_setschedparam(&attributes, &highest);
    pthread_attr_setaffinity_np(&attributes, sizeof(processor), &processor);
    int result = pthread_create(&watcher->thread, &attributes, watch, watcher);
    pthread_attr_destroy(&attributes);
    return result == 0;
}

struct witness *witness_new(void)
{
    struct witness *witness = calloc(1, sizeof(*witness));
    cpu_set_t processors;
    CHECK(witness != NULL && sched_getaffinity(0, sizeof(processors), &processors) == 0);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &processors))
            continue;
        struct watcher *watcher = malloc(sizeof(*watcher));
        CHECK(watcher != NULL);
        *watcher = (struct watcher){.processor = i, .ends = &witness->ends};
        if (!start(watcher)) {
            free(watcher);
            witness_free(witness);
            return NULL;
        }
        witness->watchers[witness->count++] = watcher;
    }
    return witness;
}

void witness_free(struct witness *witness)
{
    if (witness == NULL)
        return;
    atomic_store(&witness->ends, true);
    for (unsigned i = 0; i < witness->count; i++) {
        pthread_join(witness->watchers[i]->thread, NULL);
        free(witness->watchers[i]);
    }
    free(witness);
}

void witness_tell(const struct witness *witness, uint64_t after_ns, struct spans *spans)
{
    for (unsigned i = 0; i < witness->count; i++) {
        const struct watcher *watcher = witness->watchers[i];
        uint32_t count = atomic_load_explicit(&watcher->count, memory_order_acquire);
        for (uint32_t at = 0; at < count; at++)
            if (watcher->interruptions[at].end_ns > after_ns)
                spans_add(spans, &watcher->interruptions[at]);
    }
}
