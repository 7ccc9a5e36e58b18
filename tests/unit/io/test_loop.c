#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/loop.h"

enum { TURNS_MAX = 1000 };

/* Timers ---------------------------------------------------------------------------------------------------------- */

struct probe {
    struct loop_timer timer;
    struct loop_task task;
    struct loop_watch watch;
    struct probe *victim; /* stopped and wiped when this one is called */
    int calls;
    int order;
    int runs_wanted;
    unsigned events;
};

static int order_next;

static void wipe(struct probe *probe)
{
    if (!probe)
        return;
    loop_timer_stop(&probe->timer);
    loop_task_cancel(&probe->task);
    loop_watch_stop(&probe->watch);
    memset(probe, 0xa5, sizeof(*probe)); /* as good as freed: a call into it crashes */
}

static void probe_expired(struct loop_timer *timer)
{
    struct probe *probe = container_of(timer, struct probe, timer);
    probe->calls++;
    probe->order = ++order_next;
    wipe(probe->victim);
    probe->victim = NULL;
}

static bool probe_run(struct loop_task *task)
{
    struct probe *probe = container_of(task, struct probe, task);
    probe->calls++;
    probe->order = ++order_next;
    wipe(probe->victim);
    probe->victim = NULL;
    return probe->calls < probe->runs_wanted;
}

static void probe_ready(struct loop_watch *watch, unsigned events)
{
    struct probe *probe = container_of(watch, struct probe, watch);
    probe->calls++;
    probe->events |= events;
    wipe(probe->victim);
    probe->victim = NULL;
}

static void probe_init(struct probe *probe, struct loop *loop)
{
    memset(probe, 0, sizeof(*probe));
    loop_timer_init(&probe->timer, loop, probe_expired);
    loop_task_init(&probe->task, loop, probe_run);
}

static void test_timers_expire_in_order(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe probes[4];
    static const int delays[4] = {30, 10, 20, 10};
    order_next = 0;
    for (int i = 0; i < 4; i++) {
        probe_init(&probes[i], loop);
        loop_timer_start(&probes[i].timer, delays[i]);
    }
    struct mono_time start = loop_now(loop);
    loop_run(loop);
    assert_int_equal(probes[1].order, 1);
    assert_int_equal(probes[3].order, 2);
    assert_int_equal(probes[2].order, 3);
    assert_int_equal(probes[0].order, 4);
    assert_int_equal(mono_diff_ms(loop_now(loop), start), 30);
    loop_free(loop);
}

static void test_timer_moved_later_and_earlier(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe probe;
    probe_init(&probe, loop);
    struct mono_time start = loop_now(loop);
    loop_timer_start(&probe.timer, 100);
    for (int i = 0; i < 9; i++) {
        loop_turn(loop, 50);
        loop_timer_start(&probe.timer, 100); /* as a hold timer: always in time */
    }
    assert_int_equal(probe.calls, 0);
    assert_int_equal(loop_timer_left_ms(&probe.timer), 100);
    loop_timer_start(&probe.timer, 1000);
    loop_timer_start(&probe.timer, 5);
    assert_int_equal(loop_next_timeout_ms(loop), 5);
    loop_run(loop);
    assert_int_equal(probe.calls, 1);
    assert_int_equal(mono_diff_ms(loop_now(loop), start), 455);
    assert_false(loop_timer_running(&probe.timer));
    assert_int_equal(loop_timer_left_ms(&probe.timer), 0);
    loop_free(loop);
}

static void test_timer_callback_stops_and_frees_others(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe first, victim, other;
    probe_init(&first, loop);
    probe_init(&victim, loop);
    probe_init(&other, loop);
    loop_timer_start(&first.timer, 10);
    loop_timer_start(&victim.timer, 10);
    loop_timer_start(&other.timer, 10);
    first.victim = &victim;
    assert_true(loop_turn(loop, -1));
    assert_int_equal(first.calls, 1);
    assert_int_equal(other.calls, 1);
    assert_int_equal(loop_next_timeout_ms(loop), -1);
    loop_free(loop);
}

static void restart_at_once(struct loop_timer *timer)
{
    struct probe *probe = container_of(timer, struct probe, timer);
    probe->calls++;
    loop_timer_start(timer, 0);
}

static void test_timer_restarted_with_no_delay_waits_for_the_next_turn(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe probe;
    probe_init(&probe, loop);
    probe.timer.expired = restart_at_once;
    loop_timer_start(&probe.timer, 0);
    for (int turn = 1; turn <= 3; turn++) {
        assert_true(loop_turn(loop, -1));
        assert_int_equal(probe.calls, turn);
    }
    loop_timer_stop(&probe.timer);
    loop_timer_stop(&probe.timer);
    assert_false(loop_turn(loop, -1));
    loop_free(loop);
}

/* Random operations against the plain definition: a timer expires exactly at the time last asked for. */
struct model_timer {
    struct loop_timer timer;
    struct mono_time due;
    bool running;
    int expired;
};

static void model_expired(struct loop_timer *timer)
{
    struct model_timer *model = container_of(timer, struct model_timer, timer);
    assert_true(model->running);
    assert_int_equal(loop_now(timer->loop).ns, model->due.ns);
    model->running = false;
    model->expired++;
}

static void test_timers_against_a_model(void **state)
{
    enum { TIMERS = 200, STEPS = 20000 };
    struct loop *loop = loop_new_simulated();
    struct model_timer *models = calloc(TIMERS, sizeof(*models));
    for (int i = 0; i < TIMERS; i++)
        loop_timer_init(&models[i].timer, loop, model_expired);
    unsigned seed = 1;
    for (int step = 0; step < STEPS; step++) {
        struct model_timer *model = &models[rand_r(&seed) % TIMERS];
        switch (rand_r(&seed) % 4) {
        case 0:
        case 1: {
            int delay = rand_r(&seed) % 1000;
            loop_timer_start(&model->timer, delay);
            model->due = mono_add_ms(loop_now(loop), delay);
            model->running = true;
            break;
        }
        case 2:
            loop_timer_stop(&model->timer);
            model->running = false;
            break;
        default:
            loop_turn(loop, rand_r(&seed) % 8);
            break;
        }
        assert_int_equal(loop_timer_running(&model->timer), model->running);
    }
    loop_run(loop);
    int expired = 0;
    for (int i = 0; i < TIMERS; i++) {
        assert_false(models[i].running);
        expired += models[i].expired;
    }
    assert_true(expired > 100);
    free(models);
    loop_free(loop);
}

static void test_real_timer_is_not_early(void **state)
{
    struct loop *loop = loop_new();
    assert_non_null(loop);
    struct probe probe;
    probe_init(&probe, loop);
    struct mono_time start = mono_now();
    loop_timer_start(&probe.timer, 20);
    for (int turn = 0; turn < TURNS_MAX && probe.calls == 0; turn++)
        loop_turn(loop, 1000);
    assert_int_equal(probe.calls, 1);
    assert_true(mono_now().ns - start.ns >= 20000000);
    loop_free(loop);
}

/* Tasks ----------------------------------------------------------------------------------------------------------- */

static void test_task_runs_once_per_turn(void **state)
{
    struct loop *loop = loop_new();
    struct probe probe;
    probe_init(&probe, loop);
    probe.runs_wanted = 3;
    loop_task_schedule(&probe.task);
    loop_task_schedule(&probe.task);
    assert_true(loop_task_scheduled(&probe.task));
    assert_int_equal(loop_next_timeout_ms(loop), 0);
    for (int turn = 1; turn <= 3; turn++) {
        assert_true(loop_turn(loop, -1));
        assert_int_equal(probe.calls, turn);
    }
    assert_false(loop_task_scheduled(&probe.task));
    assert_false(loop_turn(loop, 0));
    loop_free(loop);
}

static void test_task_cancels_and_frees_another(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe first, victim, last;
    probe_init(&first, loop);
    probe_init(&victim, loop);
    probe_init(&last, loop);
    first.victim = &victim;
    loop_task_schedule(&first.task);
    loop_task_schedule(&victim.task);
    loop_task_schedule(&last.task);
    assert_true(loop_turn(loop, 0));
    assert_int_equal(first.calls, 1);
    assert_int_equal(last.calls, 1);
    assert_false(loop_turn(loop, 0));
    loop_free(loop);
}

static bool free_self(struct loop_task *task)
{
    free(container_of(task, struct probe, task));
    return false;
}

static void test_task_frees_itself(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe *probe = malloc(sizeof(*probe));
    probe_init(probe, loop);
    probe->task.run = free_self;
    loop_task_schedule(&probe->task);
    assert_true(loop_turn(loop, 0));
    assert_false(loop_turn(loop, 0));
    loop_free(loop);
}

static void test_simulated_clock_waits_for_tasks(void **state)
{
    struct loop *loop = loop_new_simulated();
    struct probe timer, task;
    probe_init(&timer, loop);
    probe_init(&task, loop);
    task.runs_wanted = 5;
    loop_timer_start(&timer.timer, 1);
    loop_task_schedule(&task.task);
    struct mono_time start = loop_now(loop);
    for (int turn = 0; turn < 5; turn++) {
        loop_turn(loop, -1);
        assert_int_equal(loop_now(loop).ns, start.ns);
    }
    loop_turn(loop, -1);
    assert_int_equal(mono_diff_ms(loop_now(loop), start), 1);
    assert_int_equal(timer.calls, 1);
    struct wall_time wall = loop_wall_now(loop);
    assert_false(loop_turn(loop, 500));
    assert_int_equal(mono_diff_ms(loop_now(loop), start), 501);
    assert_int_equal(loop_wall_now(loop).ns - wall.ns, 500000000);
    assert_true(loop_is_simulated(loop));
    loop_free(loop);
}

/* Descriptors ----------------------------------------------------------------------------------------------------- */

static void test_watch_is_level_triggered(void **state)
{
    struct loop *loop = loop_new();
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    struct probe probe;
    probe_init(&probe, loop);
    loop_watch_init(&probe.watch, loop, pair[0], probe_ready);
    loop_watch_want(&probe.watch, LOOP_READ);
    assert_false(loop_turn(loop, 0));
    assert_int_equal(write(pair[1], "x", 1), 1);
    struct pollfd outer = {.fd = loop_descriptor(loop), .events = POLLIN};
    assert_int_equal(poll(&outer, 1, 1000), 1);
    assert_true(loop_turn(loop, 1000));
    assert_true(loop_turn(loop, 1000));
    assert_int_equal(probe.calls, 2);
    assert_int_equal(probe.events, LOOP_READ);
    loop_watch_want(&probe.watch, LOOP_WRITE);
    assert_true(loop_turn(loop, 1000));
    assert_int_equal(probe.events, LOOP_READ | LOOP_WRITE);
    loop_watch_stop(&probe.watch);
    loop_watch_stop(&probe.watch);
    assert_false(loop_turn(loop, 0));
    close(pair[0]);
    close(pair[1]);
    loop_free(loop);
}

static void test_hang_up_reaches_only_who_wants_something(void **state)
{
    struct loop *loop = loop_new();
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    struct probe probe;
    probe_init(&probe, loop);
    loop_watch_init(&probe.watch, loop, pair[0], probe_ready);
    loop_watch_want(&probe.watch, LOOP_READ);
    loop_watch_want(&probe.watch, 0);
    close(pair[1]);
    assert_false(loop_turn(loop, 0));
    loop_watch_want(&probe.watch, LOOP_WRITE);
    assert_true(loop_turn(loop, 1000));
    assert_int_equal(probe.events, LOOP_WRITE);
    loop_watch_stop(&probe.watch);
    close(pair[0]);
    loop_free(loop);
}

/* Two descriptors ready in one batch: whoever comes first stops and wipes the other, which must not be called. */
static void test_watch_stopped_in_the_same_turn_is_not_called(void **state)
{
    struct loop *loop = loop_new();
    int pairs[2][2];
    struct probe probes[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]), 0);
        probe_init(&probes[i], loop);
        loop_watch_init(&probes[i].watch, loop, pairs[i][0], probe_ready);
        loop_watch_want(&probes[i].watch, LOOP_READ);
        assert_int_equal(write(pairs[i][1], "x", 1), 1);
    }
    probes[0].victim = &probes[1];
    probes[1].victim = &probes[0];
    assert_true(loop_turn(loop, 1000));
    int survivor = probes[0].watch.loop == loop ? 0 : 1;
    assert_int_equal(probes[survivor].calls, 1);
    loop_watch_stop(&probes[survivor].watch);
    for (int i = 0; i < 2; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    loop_free(loop);
}

/* Signals --------------------------------------------------------------------------------------------------------- */

static int signal_seen;

static void on_signal(void *context, int signal_number)
{
    signal_seen = signal_number;
    loop_stop(context);
}

static void test_signal_is_an_event(void **state)
{
    struct loop *loop = loop_new();
    signal_seen = 0;
    assert_int_equal(loop_on_signal(loop, SIGUSR1, on_signal, loop), E_OK);
    assert_int_equal(loop_on_signal(loop, SIGUSR2, on_signal, loop), E_OK);
    assert_int_equal(loop_on_signal(loop, SIGUSR1, on_signal, loop), E_EXISTS);
    assert_int_equal(loop_on_signal(loop, 0, on_signal, loop), E_INVALID);
    kill(getpid(), SIGUSR1);
    loop_run(loop);
    assert_int_equal(signal_seen, SIGUSR1);
    kill(getpid(), SIGUSR2);
    loop_run(loop);
    assert_int_equal(signal_seen, SIGUSR2);
    assert_int_equal(loop_on_signal(loop, SIGUSR1, NULL, NULL), E_OK);
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGUSR1));
    assert_true(sigismember(&mask, SIGUSR2));
    loop_free(loop);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGUSR2));

    struct loop *simulated = loop_new_simulated();
    assert_int_equal(loop_on_signal(simulated, SIGUSR1, on_signal, NULL), E_UNSUPPORTED);
    loop_free(simulated);
}

static void test_working_memory_is_one_per_key(void **state)
{
    static const char key_a, key_b;
    struct loop *loop = loop_new_simulated();
    uint8_t *a = loop_local(loop, &key_a, 1000);
    uint8_t *b = loop_local(loop, &key_b, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(a[i] | b[i], 0);
    memset(a, 1, 1000);
    memset(b, 2, 1000);
    assert_ptr_equal(loop_local(loop, &key_a, 1000), a);
    assert_int_equal(a[999], 1);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_expire_in_order),
        cmocka_unit_test(test_timer_moved_later_and_earlier),
        cmocka_unit_test(test_timer_callback_stops_and_frees_others),
        cmocka_unit_test(test_timer_restarted_with_no_delay_waits_for_the_next_turn),
        cmocka_unit_test(test_timers_against_a_model),
        cmocka_unit_test(test_real_timer_is_not_early),
        cmocka_unit_test(test_task_runs_once_per_turn),
        cmocka_unit_test(test_task_cancels_and_frees_another),
        cmocka_unit_test(test_task_frees_itself),
        cmocka_unit_test(test_simulated_clock_waits_for_tasks),
        cmocka_unit_test(test_watch_is_level_triggered),
        cmocka_unit_test(test_hang_up_reaches_only_who_wants_something),
        cmocka_unit_test(test_watch_stopped_in_the_same_turn_is_not_called),
        cmocka_unit_test(test_signal_is_an_event),
        cmocka_unit_test(test_working_memory_is_one_per_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
