/* The event loop: epoll, a timer heap, a list of tasks, a mailbox; and the simulated loop, which is the same without
 * epoll and with a clock of its own.
 *
 * Cancelling inside a turn. epoll hands out a batch of events that hold pointers to watches; loop_watch_stop wipes
 * the watch from what is left of the batch, so a stopped (and perhaps freed) watch is never touched. Timers are
 * taken from the heap one by one, tasks from the list one by one, so stopping is simply removal. What is started in
 * a phase of the turn waits for the next turn: timers by their sequence number, tasks by a marker in the list.
 *
 * Mailbox. Senders push onto a lock-free stack; the loop takes the whole stack with one exchange and turns it
 * around. Only the sender that finds the stack empty writes the eventfd: it is the first after the loop's last
 * exchange, and the loop clears the eventfd before it takes the stack, so no mail is left lying without a wake-up.
 */
#include "io/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/loop_signal.h"
#include "io/timer_heap.h"

enum { EVENT_BATCH = 256 };

#define DELAY_MAX_MS INT64_C(315360000000) /* ten years: far from overflowing nanoseconds */

/* Where a simulated loop's clocks begin: not 0, which many take for "never". */
#define SIMULATED_MONO_NS INT64_C(1000000000000)
#define SIMULATED_WALL_NS INT64_C(1767225600000000000) /* 2026-01-01 00:00:00 UTC */

struct loop_block {
    struct loop_block *next;
    const void *key;
    max_align_t memory[];
};

struct loop {
    bool simulated;
    bool stopping;
    bool in_turn;
    int epoll_fd;
    int event_fd;
    struct mono_time now;
    struct loop_turns turns; /* its longest_ns: of the window before */
    uint64_t window_longest_ns;
    struct mono_time window_end;
    struct timer_heap timers;
    struct list tasks;
    struct loop_signals *signals;
    struct loop_block *blocks;
    struct epoll_event events[EVENT_BATCH];
    int event_next; /* the batch being delivered: [event_next, event_count) is still to come */
    int event_count;
    struct mail *taken;      /* out of the inbox and not yet delivered, oldest first */
    char own_cache_line[64]; /* senders on other threads hammer the inbox */
    _Atomic(struct mail *) inbox;
};

static struct loop *loop_alloc(bool simulated)
{
    struct loop *loop = mem_zalloc(MEM_OTHER, sizeof(*loop));
    loop->simulated = simulated;
    loop->epoll_fd = -1;
    loop->event_fd = -1;
    loop->now = simulated ? (struct mono_time){.ns = SIMULATED_MONO_NS} : mono_now();
    timer_heap_init(&loop->timers);
    list_init(&loop->tasks);
    atomic_init(&loop->inbox, NULL);
    return loop;
}

struct loop *loop_new(void)
{
    struct loop *loop = loop_alloc(false);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wake_up = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->event_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->event_fd, &wake_up) < 0) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

struct loop *loop_new_simulated(void)
{
    return loop_alloc(true);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    CHECK(!loop->in_turn);
    CHECK(list_empty(&loop->tasks));
    loop_signals_free(loop->signals);
    timer_heap_release(&loop->timers);
    while (loop->blocks) {
        struct loop_block *block = loop->blocks;
        loop->blocks = block->next;
        mem_free(MEM_BUFFER, block);
    }
    if (loop->event_fd >= 0)
        close(loop->event_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    mem_free(MEM_OTHER, loop);
}

void *loop_local(struct loop *loop, const void *key, size_t bytes)
{
    for (struct loop_block *block = loop->blocks; block; block = block->next) {
        if (block->key == key)
            return block->memory;
    }
    struct loop_block *block = mem_zalloc(MEM_BUFFER, sizeof(*block) + bytes);
    block->key = key;
    block->next = loop->blocks;
    loop->blocks = block;
    return block->memory;
}

/* Time ------------------------------------------------------------------------------------------------------------ */

struct mono_time loop_now(const struct loop *loop)
{
    return loop->simulated || loop->in_turn ? loop->now : mono_now();
}

struct wall_time loop_wall_now(const struct loop *loop)
{
    if (!loop->simulated)
        return wall_now();
    return (struct wall_time){.ns = SIMULATED_WALL_NS + (loop->now.ns - SIMULATED_MONO_NS)};
}

bool loop_is_simulated(const struct loop *loop)
{
    return loop->simulated;
}

int loop_descriptor(const struct loop *loop)
{
    return loop->epoll_fd;
}

/* Milliseconds from `now` to `due`, rounded up: waking early would mean another turn for nothing. */
static int64_t wait_ms(struct mono_time due, struct mono_time now)
{
    return mono_before(now, due) ? (due.ns - now.ns + 999999) / 1000000 : 0;
}

/* Both clocks are read, not noted, in a real loop: the turn may have taken long. */
static struct mono_time clock_now(const struct loop *loop)
{
    return loop->simulated ? loop->now : mono_now();
}

static bool work_pending(const struct loop *loop)
{
    return !list_empty(&loop->tasks) || loop->taken || atomic_load_explicit(&loop->inbox, memory_order_relaxed);
}

static int next_timeout_ms(struct loop *loop)
{
    if (work_pending(loop))
        return 0;
    const struct loop_timer *first = timer_heap_first(&loop->timers);
    if (!first)
        return -1;
    int64_t left = wait_ms(first->due, clock_now(loop));
    return left > INT_MAX ? INT_MAX : (int)left;
}

int loop_next_timeout_ms(const struct loop *loop)
{
    /* Asking may correct lagging keys in the heap, which nobody can see: the loop is logically const. */
    return next_timeout_ms((struct loop *)loop);
}

/* Descriptors ----------------------------------------------------------------------------------------------------- */

void loop_watch_init(struct loop_watch *watch, struct loop *loop, int fd,
                     void (*ready)(struct loop_watch *watch, unsigned events))
{
    CHECK(!loop->simulated);
    *watch = (struct loop_watch){.loop = loop, .ready = ready, .fd = fd};
}

void loop_watch_want(struct loop_watch *watch, unsigned events)
{
    if (watch->wanted == events)
        return;
    /* epoll reports errors and hang-ups of everything registered; a silent watch must not be. */
    int operation = watch->wanted == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    struct epoll_event event = {.data.ptr = watch};
    event.events = (events & LOOP_READ ? (uint32_t)EPOLLIN : 0) | (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
    CHECK(epoll_ctl(watch->loop->epoll_fd, operation, watch->fd, &event) == 0);
    watch->wanted = events;
}

void loop_watch_stop(struct loop_watch *watch)
{
    struct loop *loop = watch->loop;
    if (!loop)
        return;
    loop_watch_want(watch, 0);
    for (int i = loop->event_next; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
    }
    watch->loop = NULL;
}

static void clear_event_fd(const struct loop *loop)
{
    uint64_t count;
    ssize_t got = read(loop->event_fd, &count, sizeof(count));
    CHECK(got == (ssize_t)sizeof(count) || errno == EAGAIN || errno == EINTR);
}

/* Fetches ready descriptors. The wake-up is answered here, before the mailbox is emptied. */
static void collect_events(struct loop *loop, int timeout_ms)
{
    int count = epoll_wait(loop->epoll_fd, loop->events, EVENT_BATCH, timeout_ms);
    CHECK(count >= 0 || errno == EINTR);
    loop->event_next = 0;
    loop->event_count = count > 0 ? count : 0;
    for (int i = 0; i < loop->event_count; i++) {
        if (!loop->events[i].data.ptr) {
            clear_event_fd(loop);
            break;
        }
    }
}

static bool deliver_events(struct loop *loop)
{
    bool delivered = false;
    while (loop->event_next < loop->event_count) {
        const struct epoll_event *event = &loop->events[loop->event_next++];
        struct loop_watch *watch = event->data.ptr;
        if (!watch)
            continue;
        unsigned ready = 0;
        if (event->events & (EPOLLERR | EPOLLHUP))
            ready = LOOP_READ | LOOP_WRITE;
        if (event->events & EPOLLIN)
            ready |= LOOP_READ;
        if (event->events & EPOLLOUT)
            ready |= LOOP_WRITE;
        ready &= watch->wanted; /* which an earlier callback of this turn may have changed */
        if (ready == 0)
            continue;
        watch->ready(watch, ready);
        delivered = true;
    }
    loop->event_next = loop->event_count = 0;
    return delivered;
}

/* Timers ---------------------------------------------------------------------------------------------------------- */

void loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*expired)(struct loop_timer *timer))
{
    *timer = (struct loop_timer){.loop = loop, .expired = expired};
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
    if (delay_ms < 0)
        delay_ms = 0;
    if (delay_ms > DELAY_MAX_MS)
        delay_ms = DELAY_MAX_MS;
    timer_heap_put(&timer->loop->timers, timer, mono_add_ms(loop_now(timer->loop), delay_ms));
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->heap_index != 0)
        timer_heap_remove(&timer->loop->timers, timer);
}

bool loop_timer_running(const struct loop_timer *timer)
{
    return timer->heap_index != 0;
}

int64_t loop_timer_left_ms(const struct loop_timer *timer)
{
    return timer->heap_index != 0 ? wait_ms(timer->due, loop_now(timer->loop)) : 0;
}

static bool run_timers(struct loop *loop)
{
    /* A timer started meanwhile is due now at the earliest and has a later number: it sorts behind all that were
     * already due, so the first such timer ends the phase. */
    uint64_t started_meanwhile = loop->timers.next_sequence;
    bool ran = false;
    for (;;) {
        struct loop_timer *timer = timer_heap_first(&loop->timers);
        if (!timer || mono_before(loop->now, timer->due) || timer->sequence >= started_meanwhile)
            return ran;
        timer_heap_remove(&loop->timers, timer);
        timer->expired(timer);
        ran = true;
    }
}

/* Tasks ----------------------------------------------------------------------------------------------------------- */

void loop_task_init(struct loop_task *task, struct loop *loop, bool (*run)(struct loop_task *task))
{
    *task = (struct loop_task){.loop = loop, .run = run};
    list_init(&task->link);
}

void loop_task_schedule(struct loop_task *task)
{
    if (list_empty(&task->link))
        list_append(&task->loop->tasks, &task->link);
}

void loop_task_cancel(struct loop_task *task)
{
    if (task->loop)
        list_remove(&task->link);
}

bool loop_task_scheduled(const struct loop_task *task)
{
    return task->loop && !list_empty(&task->link);
}

static bool run_tasks(struct loop *loop)
{
    if (list_empty(&loop->tasks))
        return false;
    struct list end_of_turn;
    list_append(&loop->tasks, &end_of_turn);
    while (loop->tasks.next != &end_of_turn) {
        struct loop_task *task = list_entry(loop->tasks.next, struct loop_task, link);
        list_remove(&task->link);
        if (task->run(task))
            loop_task_schedule(task);
    }
    list_remove(&end_of_turn);
    return true;
}

/* Mailbox --------------------------------------------------------------------------------------------------------- */

void mailbox_post(struct loop *loop, struct mail *mail)
{
    struct mail *top = atomic_load_explicit(&loop->inbox, memory_order_relaxed);
    /* Once the mail is in, the loop may be gone as soon as it is delivered: only a local may be used after that. */
    int event_fd = loop->event_fd;
    do {
        mail->next = top;
    } while (
        !atomic_compare_exchange_weak_explicit(&loop->inbox, &top, mail, memory_order_release, memory_order_relaxed));
    if (top || event_fd < 0)
        return;
    uint64_t one = 1;
    ssize_t written = write(event_fd, &one, sizeof(one));
    (void)written; /* EAGAIN: the counter is full, so the loop is awake anyway */
}

/* Empties the inbox, behind what was taken before. */
static void take_mail(struct loop *loop)
{
    if (!atomic_load_explicit(&loop->inbox, memory_order_relaxed))
        return;
    struct mail *newest = atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acquire);
    struct mail *oldest = NULL;
    while (newest) {
        struct mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    struct mail **end = &loop->taken;
    while (*end)
        end = &(*end)->next;
    *end = oldest;
}

static bool deliver_mail(struct loop *loop)
{
    take_mail(loop);
    if (!loop->taken)
        return false;
    while (loop->taken) {
        struct mail *mail = loop->taken;
        loop->taken = mail->next;
        mail->deliver(mail);
    }
    return true;
}

bool mailbox_withdraw(struct loop *loop, struct mail *mail)
{
    take_mail(loop);
    for (struct mail **at = &loop->taken; *at; at = &(*at)->next) {
        if (*at == mail) {
            *at = mail->next;
            return true;
        }
    }
    return false;
}

/* Signals --------------------------------------------------------------------------------------------------------- */

int loop_on_signal(struct loop *loop, int signal_number, void (*handler)(void *context, int signal_number),
                   void *context)
{
    if (loop->simulated)
        return E_UNSUPPORTED;
    if (!loop->signals)
        loop->signals = loop_signals_new(loop);
    return loop_signals_set(loop->signals, signal_number, handler, context);
}

/* Turns ----------------------------------------------------------------------------------------------------------- */

/* Moves a simulated clock to the next timer if there is nothing to do now, and at most `max_wait_ms`. */
static void jump(struct loop *loop, int max_wait_ms)
{
    int next_ms = next_timeout_ms(loop);
    if (next_ms == 0 || (next_ms < 0 && max_wait_ms < 0))
        return;
    const struct loop_timer *first = timer_heap_first(&loop->timers);
    struct mono_time limit = mono_add_ms(loop->now, max_wait_ms);
    if (first && (max_wait_ms < 0 || !mono_before(limit, first->due)))
        loop->now = first->due;
    else
        loop->now = limit;
}

/* How long turns take --------------------------------------------------------------------------------------------- */

enum { WINDOW_MS = 60 * 1000, NS_PER_US = 1000 };

const uint32_t loop_turn_bounds_us[LOOP_TURN_BOUNDS] = {100, 500, 1000, 2500, 5000, 10000, 50000, 250000};

static void note_turn(struct loop *loop)
{
    struct loop_turns *turns = &loop->turns;
    struct mono_time end = mono_now();
    uint64_t took_ns = (uint64_t)(end.ns - loop->now.ns);
    turns->count++;
    turns->sum_ns += took_ns;
    for (unsigned i = 0; i < LOOP_TURN_BOUNDS; i++) {
        if (took_ns <= (uint64_t)loop_turn_bounds_us[i] * NS_PER_US) {
            turns->at_most[i]++;
            break;
        }
    }
    if (!mono_before(end, loop->window_end)) {
        turns->longest_ns = loop->window_longest_ns;
        loop->window_longest_ns = 0;
        loop->window_end = mono_add_ms(end, WINDOW_MS);
    }
    if (took_ns > loop->window_longest_ns)
        loop->window_longest_ns = took_ns;
}

struct loop_turns loop_turns(const struct loop *loop)
{
    struct loop_turns turns = loop->turns;
    if (loop->window_longest_ns > turns.longest_ns)
        turns.longest_ns = loop->window_longest_ns;
    return turns;
}

bool loop_turn(struct loop *loop, int max_wait_ms)
{
    CHECK(!loop->in_turn);
    if (loop->simulated) {
        jump(loop, max_wait_ms);
    } else {
        int timeout_ms = next_timeout_ms(loop);
        if (max_wait_ms >= 0 && (timeout_ms < 0 || timeout_ms > max_wait_ms))
            timeout_ms = max_wait_ms;
        collect_events(loop, timeout_ms);
        loop->now = mono_now();
    }
    loop->in_turn = true;
    bool ran = deliver_mail(loop);
    ran |= deliver_events(loop);
    ran |= run_timers(loop);
    ran |= run_tasks(loop);
    loop->in_turn = false;
    if (!loop->simulated)
        note_turn(loop);
    return ran;
}

void loop_run(struct loop *loop)
{
    while (!loop->stopping) {
        if (!loop_turn(loop, -1) && loop->simulated && next_timeout_ms(loop) < 0)
            return;
    }
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}
