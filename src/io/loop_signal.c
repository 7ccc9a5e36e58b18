/* Signals as ordinary events: blocked in the process, read from a signalfd, handed to one handler per number. So no
 * handler runs in signal context and none interrupts a system call.
 */
#include "io/loop_signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"

enum { SIGNAL_MAX = 64 };

struct signal_slot {
    void (*handler)(void *context, int signal_number);
    void *context;
    bool was_unblocked;
};

struct loop_signals {
    struct loop *loop;
    struct loop_watch watch;
    int fd;
    sigset_t handled;
    struct signal_slot slots[SIGNAL_MAX + 1];
};

struct loop_signals *loop_signals_new(struct loop *loop)
{
    struct loop_signals *signals = mem_zalloc(MEM_OTHER, sizeof(*signals));
    signals->loop = loop;
    signals->fd = -1;
    sigemptyset(&signals->handled);
    return signals;
}

static void signal_unblock(int signal_number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void loop_signals_free(struct loop_signals *signals)
{
    if (!signals)
        return;
    if (signals->fd >= 0) {
        loop_watch_stop(&signals->watch);
        close(signals->fd);
    }
    for (int number = 1; number <= SIGNAL_MAX; number++) {
        if (signals->slots[number].handler && signals->slots[number].was_unblocked)
            signal_unblock(number);
    }
    mem_free(MEM_OTHER, signals);
}

static void signals_ready(struct loop_watch *watch, unsigned events)
{
    struct loop_signals *signals = container_of(watch, struct loop_signals, watch);
    struct signalfd_siginfo info;
    /* One per call: the handler may take handlers back or stop everything; what is left is reported again. */
    if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info) || info.ssi_signo > SIGNAL_MAX)
        return;
    const struct signal_slot *slot = &signals->slots[info.ssi_signo];
    if (slot->handler)
        slot->handler(slot->context, (int)info.ssi_signo);
}

static int signals_update(struct loop_signals *signals)
{
    int fd = signalfd(signals->fd, &signals->handled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return E_IO;
    if (signals->fd < 0) {
        signals->fd = fd;
        loop_watch_init(&signals->watch, signals->loop, fd, signals_ready);
        loop_watch_want(&signals->watch, LOOP_READ);
    }
    return E_OK;
}

static int signals_remove(struct loop_signals *signals, int signal_number)
{
    struct signal_slot *slot = &signals->slots[signal_number];
    if (!slot->handler)
        return E_OK;
    sigdelset(&signals->handled, signal_number);
    int status = signals_update(signals);
    if (slot->was_unblocked)
        signal_unblock(signal_number);
    *slot = (struct signal_slot){0};
    return status;
}

int loop_signals_set(struct loop_signals *signals, int signal_number, void (*handler)(void *context, int signal_number),
                     void *context)
{
    if (signal_number < 1 || signal_number > SIGNAL_MAX)
        return E_INVALID;
    if (!handler)
        return signals_remove(signals, signal_number);
    struct signal_slot *slot = &signals->slots[signal_number];
    if (slot->handler)
        return E_EXISTS;
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    if (pthread_sigmask(SIG_BLOCK, &set, &before) != 0)
        return E_IO;
    *slot = (struct signal_slot){
        .handler = handler, .context = context, .was_unblocked = sigismember(&before, signal_number) == 0};
    sigaddset(&signals->handled, signal_number);
    int status = signals_update(signals);
    if (status != E_OK)
        signals_remove(signals, signal_number);
    return status;
}
