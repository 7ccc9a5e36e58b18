/* A session thread: a loop of its own with sessions on it, a mailbox in, a ring out.
 *
 * The ring is bounded. When the speaker does not keep up it fills, sessions stop reading, and TCP does the rest. A
 * session thread never waits for anybody.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/loop.h"
#include "session/session.h"

struct session_thread;

/* What comes back; each starts with this. */
struct thread_event {
    uint32_t type; /* enum thread_event_type */
    uint32_t size; /* with the header */
    void *link;    /* who it is for */
};

/* `handle` gets every event on `home`, the speaker's loop. NULL: the system refuses another thread. */
struct session_thread *session_thread_new(struct loop *home, void (*handle)(const struct thread_event *event));
/* Ends the thread and handles what it still had to say. Every session on it must have been freed. */
void session_thread_free(struct session_thread *thread);

struct loop *session_thread_loop(const struct session_thread *thread);

/* On the speaker's side: runs `call` there, soon, or (call_and_wait) before returning. */
struct thread_call {
    struct mail mail;
    void (*run)(struct thread_call *call); /* on the thread; owns the call */
};
void session_thread_post(struct session_thread *thread, struct thread_call *call);
void session_thread_call_and_wait(struct session_thread *thread, void (*run)(void *context), void *context);

/* On the thread's side: room for an event, to be filled in and sent. Never fails: beyond the ring events queue up,
 * and session_thread_congested says that sessions should stop reading. */
void *session_thread_event(struct session_thread *thread, uint32_t type, void *link, size_t size);
void session_thread_send(struct session_thread *thread);
bool session_thread_congested(const struct session_thread *thread);
/* Calls `resume` on the thread once it is not congested any more. */
void session_thread_when_free(struct session_thread *thread, struct list *waiter, void (*resume)(struct list *waiter));
