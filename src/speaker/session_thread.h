/* A session thread: a loop of its own with sessions on it, a mailbox in, a ring out.
 *
 * The ring is bounded. When the speaker does not keep up it fills, sessions stop reading, and TCP does the rest. A
 * session thread never waits for anybody, so the speaker may wait for it.
 */
#pragma once

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "io/loop.h"

enum {
    SESSION_THREADS_MAX = 64,
    /* Two attribute blocks and a message's NLRI, in a ring of records of at most half its size. */
    SESSION_RING_MIN_BYTES = 512 * 1024,
};

struct session_thread;

/* What comes back; each starts with this. */
struct thread_event {
    uint32_t type;
    uint32_t size; /* with the header */
    void *link;    /* who it is for */
};

struct session_thread_options {
    unsigned number;   /* for its name, from 1 */
    size_t ring_bytes; /* a power of two, at least SESSION_RING_MIN_BYTES */
};

/* `handle` gets every event on `home`, the speaker's loop. NULL: the system refuses another thread. */
struct session_thread *session_thread_new(struct loop *home, const struct session_thread_options *options,
                                          void (*handle)(const struct thread_event *event));
/* Ends the thread and handles what it still had to say. Every session on it must have been freed. NULL is fine. */
void session_thread_free(struct session_thread *thread);

/* On the speaker's side: are there events it has not handled? */
bool session_thread_has_events(struct session_thread *thread);
struct loop *session_thread_loop(const struct session_thread *thread);

/* On the speaker's side: `run` is called on the thread, soon. It owns the call. */
struct thread_call {
    struct mail mail;
    void (*run)(struct thread_call *call);
};
void session_thread_post(struct session_thread *thread, struct thread_call *call);

/* The same, waited for: between begin and finish several threads may be at work. */
struct thread_wait {
    struct thread_call call;
    void (*run)(void *context);
    void *context;
    sem_t done;
};
void session_thread_begin(struct session_thread *thread, struct thread_wait *wait, void (*run)(void *context),
                          void *context);
void session_thread_finish(struct thread_wait *wait);
void session_thread_call_and_wait(struct session_thread *thread, void (*run)(void *context), void *context);

/* On the thread's side: room for an event, to be filled in and sent. Never fails: beyond the ring events queue up,
 * and session_thread_congested says that sessions should stop reading. */
void *session_thread_event(struct session_thread *thread, uint32_t type, void *link, size_t size);
void session_thread_send(struct session_thread *thread);
bool session_thread_congested(const struct session_thread *thread);
/* Calls `resume` on the thread once it is not congested any more; the same function for every waiter. */
void session_thread_when_free(struct session_thread *thread, struct list *waiter, void (*resume)(struct list *waiter));
