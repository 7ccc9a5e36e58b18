/* See session_thread.h.
 *
 * Waking. The thread publishes what its turn produced once, at the end of the turn, and rings `data` if the speaker
 * sleeps; the speaker gives back room once per slice of events and rings `room` if the thread waits for it. The
 * protocol is the ring's (io/ring.h).
 */
#include "speaker/session_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/ring.h"

enum {
    HANDLE_BYTES = 128 * 1024, /* of events handled in one turn of the speaker's loop */
    NAME_MAX_BYTES = 16,       /* the kernel's */
};

/* An event that found the ring full, waiting its turn. */
struct queued_event {
    struct list link;
    size_t size;
    max_align_t bytes[];
};

struct session_thread {
    pthread_t thread;
    struct loop *loop;
    struct loop *home;
    struct ring *ring;
    void (*handle)(const struct thread_event *event);
    char name[NAME_MAX_BYTES];

    /* The thread's side. */
    struct doorbell *room;     /* there is room in the ring again */
    struct list queued;        /* of struct queued_event */
    struct queued_event *open; /* being filled in; NULL: the open event is in the ring */
    size_t open_size;
    struct loop_task flush; /* publishes what was committed during this turn */
    struct list waiters;
    void (*resume)(struct list *waiter);

    /* The speaker's side. */
    struct doorbell *data; /* there are events */
    struct loop_task drain;
};

/* The thread's side ------------------------------------------------------------------------------------------------ */

static bool move_queued(struct session_thread *thread)
{
    list_foreach_safe (event, &thread->queued, struct queued_event, link) {
        void *record = ring_reserve(thread->ring, event->size);
        if (record == NULL)
            return false;
        memcpy(record, event->bytes, event->size);
        ring_commit(thread->ring, event->size);
        list_remove(&event->link);
        mem_free(MEM_SESSION, event);
    }
    return true;
}

static size_t longest_wait(const struct session_thread *thread)
{
    return list_empty(&thread->queued) ? 0 : list_entry(thread->queued.next, struct queued_event, link)->size;
}

static void wake_waiters(struct session_thread *thread)
{
    while (!list_empty(&thread->waiters) && list_empty(&thread->queued)) {
        struct list *waiter = thread->waiters.next;
        list_remove(waiter);
        thread->resume(waiter);
    }
}

/* Publishes; with events queued, waits for room without blocking. */
static void publish(struct session_thread *thread)
{
    for (;;) {
        bool moved = move_queued(thread);
        if (ring_flush(thread->ring))
            doorbell_ring(thread->data);
        if (moved) {
            wake_waiters(thread);
            return;
        }
        if (ring_wait_for_room(thread->ring, longest_wait(thread)))
            return;
    }
}

static bool flush_task(struct loop_task *task)
{
    publish(container_of(task, struct session_thread, flush));
    return false;
}

static void room_came(void *context)
{
    publish(context);
}

void *session_thread_event(struct session_thread *thread, uint32_t type, void *link, size_t size)
{
    CHECK(thread->open_size == 0);
    CHECK(size >= sizeof(struct thread_event) && size <= ring_record_max(thread->ring));
    struct thread_event *event = list_empty(&thread->queued) ? ring_reserve(thread->ring, size) : NULL;
    thread->open_size = size;
    if (event == NULL) {
        thread->open = mem_alloc(MEM_SESSION, sizeof(*thread->open) + size);
        thread->open->size = size;
        event = (struct thread_event *)(void *)thread->open->bytes;
    }
    *event = (struct thread_event){.type = type, .size = (uint32_t)size, .link = link};
    return event;
}

void session_thread_send(struct session_thread *thread)
{
    if (thread->open != NULL)
        list_append(&thread->queued, &thread->open->link);
    else
        ring_commit(thread->ring, thread->open_size);
    thread->open = NULL;
    thread->open_size = 0;
    loop_task_schedule(&thread->flush);
}

bool session_thread_congested(const struct session_thread *thread)
{
    return !list_empty(&thread->queued);
}

void session_thread_when_free(struct session_thread *thread, struct list *waiter, void (*resume)(struct list *waiter))
{
    thread->resume = resume;
    list_remove(waiter);
    list_append(&thread->waiters, waiter);
}

static void *run_thread(void *context)
{
    struct session_thread *thread = context;
    pthread_setname_np(pthread_self(), thread->name);
    loop_run(thread->loop);
    return NULL;
}

/* The speaker's side ----------------------------------------------------------------------------------------------- */

/* True: there may be more. */
static bool handle_events(struct session_thread *thread, size_t budget)
{
    const struct thread_event *event;
    size_t size, handled = 0;
    while (handled < budget && (event = ring_peek(thread->ring, &size)) != NULL) {
        thread->handle(event);
        ring_consume(thread->ring);
        handled += size;
    }
    if (ring_release(thread->ring))
        doorbell_ring(thread->room);
    return handled >= budget || !ring_wait_for_data(thread->ring);
}

bool session_thread_has_events(struct session_thread *thread)
{
    size_t size;
    return ring_peek(thread->ring, &size) != NULL;
}

static bool drain_task(struct loop_task *task)
{
    return handle_events(container_of(task, struct session_thread, drain), HANDLE_BYTES);
}

static void data_came(void *context)
{
    struct session_thread *thread = context;
    loop_task_schedule(&thread->drain);
}

/* Signals are the main thread's. Those that a fault raises stay: they are for whoever did it. */
static int start_thread(struct session_thread *thread)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int result = pthread_create(&thread->thread, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

static void release(struct session_thread *thread)
{
    loop_task_cancel(&thread->flush);
    loop_task_cancel(&thread->drain);
    doorbell_free(thread->room);
    doorbell_free(thread->data);
    ring_free(thread->ring);
    loop_free(thread->loop);
    mem_free(MEM_SESSION, thread);
}

struct session_thread *session_thread_new(struct loop *home, const struct session_thread_options *options,
                                          void (*handle)(const struct thread_event *event))
{
    CHECK(options->ring_bytes >= SESSION_RING_MIN_BYTES);
    struct loop *loop = loop_new();
    if (loop == NULL)
        return NULL;
    struct session_thread *thread = mem_zalloc(MEM_SESSION, sizeof(*thread));
    thread->loop = loop;
    thread->home = home;
    thread->handle = handle;
    snprintf(thread->name, sizeof(thread->name), "godwit-io-%u", options->number % 1000);
    thread->ring = ring_new(options->ring_bytes);
    thread->data = doorbell_new(home, data_came, thread);
    thread->room = doorbell_new(thread->loop, room_came, thread);
    list_init(&thread->queued);
    list_init(&thread->waiters);
    loop_task_init(&thread->flush, thread->loop, flush_task);
    loop_task_init(&thread->drain, home, drain_task);
    ring_wait_for_data(thread->ring);
    if (start_thread(thread) != 0) {
        release(thread);
        return NULL;
    }
    return thread;
}

struct loop *session_thread_loop(const struct session_thread *thread)
{
    return thread->loop;
}

static void deliver_call(struct mail *mail)
{
    struct thread_call *call = container_of(mail, struct thread_call, mail);
    call->run(call);
}

void session_thread_post(struct session_thread *thread, struct thread_call *call)
{
    call->mail.deliver = deliver_call;
    mailbox_post(thread->loop, &call->mail);
}

static void run_waited_for(struct thread_call *call)
{
    struct thread_wait *wait = container_of(call, struct thread_wait, call);
    wait->run(wait->context);
    sem_post(&wait->done);
}

void session_thread_begin(struct session_thread *thread, struct thread_wait *wait, void (*run)(void *context),
                          void *context)
{
    *wait = (struct thread_wait){.call = {.run = run_waited_for}, .run = run, .context = context};
    CHECK(sem_init(&wait->done, 0, 0) == 0);
    session_thread_post(thread, &wait->call);
}

void session_thread_finish(struct thread_wait *wait)
{
    while (sem_wait(&wait->done) != 0)
        CHECK(errno == EINTR);
    sem_destroy(&wait->done);
}

void session_thread_call_and_wait(struct session_thread *thread, void (*run)(void *context), void *context)
{
    struct thread_wait wait;
    session_thread_begin(thread, &wait, run, context);
    session_thread_finish(&wait);
}

static void stop_loop(void *context)
{
    struct session_thread *thread = context;
    loop_stop(thread->loop);
}

void session_thread_free(struct session_thread *thread)
{
    if (thread == NULL)
        return;
    session_thread_call_and_wait(thread, stop_loop, thread);
    pthread_join(thread->thread, NULL);
    /* From here on this thread plays both sides: what could not leave yet leaves now. */
    do {
        publish(thread);
        handle_events(thread, SIZE_MAX);
    } while (!list_empty(&thread->queued));
    handle_events(thread, SIZE_MAX);
    release(thread);
}
