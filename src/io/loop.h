/* One event loop: descriptors, timers, tasks, and a mailbox for other threads. One thread runs it; only
 * mailbox_post may be called from elsewhere.
 *
 * A turn: note the time; run what other threads posted; deliver ready descriptors; run due timers; run each
 * scheduled task once. A task is how long work stays out of the way: it does a slice (under 1 ms) and asks to be
 * run again. With a task pending, the loop polls instead of sleeping.
 *
 * A simulated loop has no descriptors: its clock stands still during a turn and jumps to the next timer when
 * nothing else is left to do, so that an hour of BGP takes a millisecond and always the same way.
 *
 * Any callback may stop, restart, start or free any watch, timer or task, its own included; what was stopped is not
 * called any more, not even in the same turn. A callback must not call loop_turn or loop_run of its own loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/time.h"

struct loop;

struct loop *loop_new(void); /* NULL only if the system refuses epoll */
struct loop *loop_new_simulated(void);
/* Watches, timers and tasks must be stopped before, and other threads must not post any more. Mail that was posted
 * and not delivered is forgotten, not freed: turn the loop once after the senders have ended. */
void loop_free(struct loop *loop);

/* One turn, sleeping at most `max_wait_ms` (-1: until something happens). In a simulated loop: one turn, jumping
 * the clock at most `max_wait_ms` ahead (-1: any distance) if there is nothing to do now.
 * True if anything was run. */
bool loop_turn(struct loop *loop, int max_wait_ms);
void loop_run(struct loop *loop); /* turns until loop_stop; in a simulated loop also until nothing is left to come */
/* loop_run returns after this turn; if it is not running, as soon as it is called. The loop's thread only: others post
 * a mail that calls it. */
void loop_stop(struct loop *loop);

struct mono_time loop_now(const struct loop *loop); /* as noted at the start of the turn; between turns, the time */
struct wall_time loop_wall_now(const struct loop *loop);
bool loop_is_simulated(const struct loop *loop);

/* For embedding in another loop: a turn is due when the descriptor is readable (-1: simulated), or after this time at
 * the latest (0: now, there are tasks; -1: no timers). */
int loop_descriptor(const struct loop *loop);
int loop_next_timeout_ms(const struct loop *loop);

/* How long turns took, sleeping aside. What nobody may hold up for long is seen here. Real loops only. */
enum { LOOP_TURN_BOUNDS = 8 };
extern const uint32_t loop_turn_bounds_us[LOOP_TURN_BOUNDS]; /* ascending */

struct loop_turns {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t at_most[LOOP_TURN_BOUNDS]; /* of `count`, those not longer than each bound but than the one before */
    uint64_t longest_ns;                /* of the last one to two minutes */
};
struct loop_turns loop_turns(const struct loop *loop);

/* Working memory of the loop, for buffers that everything on it may share because they are used within one callback
 * only. One block for each `key` (the address of something static), made zeroed at the first call, freed with the
 * loop. `bytes` is the same at each call with a key. */
void *loop_local(struct loop *loop, const void *key, size_t bytes);

/* Descriptors ---------------------------------------------------------------------------------------------- */

enum {
    LOOP_READ = 1,
    LOOP_WRITE = 2,
};

struct loop_watch {
    struct loop *loop;
    void (*ready)(struct loop_watch *watch, unsigned events);
    int fd;
    unsigned wanted;
};

/* Level-triggered. `ready` gets LOOP_READ and LOOP_WRITE; error and hang-up arrive as whatever is wanted. */
void loop_watch_init(struct loop_watch *watch, struct loop *loop, int fd,
                     void (*ready)(struct loop_watch *watch, unsigned events));
void loop_watch_want(struct loop_watch *watch, unsigned events); /* 0 (as after init): be silent, even about errors */
void loop_watch_stop(struct loop_watch *watch); /* before closing the descriptor; never called back afterwards */

/* Timers (one shot; a heap) ---------------------------------------------------------------------------------- */

struct loop_timer {
    struct loop *loop;
    void (*expired)(struct loop_timer *timer);
    struct mono_time due;
    uint64_t sequence;   /* among equal `due`, first started is first expired */
    uint32_t heap_index; /* 0: not running */
};

void loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*expired)(struct loop_timer *timer));
/* Restarts if running; moving later is cheap. Never expires in the turn that started it, not even with delay 0. */
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_running(const struct loop_timer *timer);
int64_t loop_timer_left_ms(const struct loop_timer *timer); /* 0 if not running */

/* Tasks ------------------------------------------------------------------------------------------------------ */

struct loop_task {
    struct loop *loop;
    bool (*run)(struct loop_task *task); /* true: not finished, run again next turn */
    struct list link;
};

void loop_task_init(struct loop_task *task, struct loop *loop, bool (*run)(struct loop_task *task));
void loop_task_schedule(struct loop_task *task); /* once per turn however often it is called */
void loop_task_cancel(struct loop_task *task);
bool loop_task_scheduled(const struct loop_task *task);

/* Mailbox ---------------------------------------------------------------------------------------------------- */

struct mail {
    struct mail *next;
    void (*deliver)(struct mail *mail); /* on the loop's thread; owns the mail from then on */
};

void mailbox_post(struct loop *loop, struct mail *mail); /* from any thread; never blocks; order kept per sender */
/* The loop's thread only: takes back a mail that was not delivered yet. False: it was, or is being. */
bool mailbox_withdraw(struct loop *loop, struct mail *mail);

/* A doorbell wakes a loop from another thread: rings not yet answered are one. `answered` runs on the loop. Whatever
 * was written to shared memory before doorbell_ring is seen by the answer. */
struct doorbell;

struct doorbell *doorbell_new(struct loop *loop, void (*answered)(void *context), void *context);
void doorbell_ring(struct doorbell *doorbell); /* from any thread */
void doorbell_free(struct doorbell *doorbell); /* on the loop's thread, when nobody rings it any more; not answered
                                                  afterwards */

/* Signals: delivered on the loop as ordinary calls. One handler per signal number. A NULL handler takes it back.
 * The signal is blocked in the calling thread: call this before other threads are started, so that they inherit it.
 * E_EXISTS: it has a handler. E_UNSUPPORTED: simulated loop. E_IO: the system refused. */
int loop_on_signal(struct loop *loop, int signal_number, void (*handler)(void *context, int signal_number),
                   void *context);
