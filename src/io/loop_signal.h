/* Signals of one loop, through a signalfd. Internal to io/loop.c, which holds the contract. */
#pragma once

#include "base/err.h"
#include "io/loop.h"

struct loop_signals;

struct loop_signals *loop_signals_new(struct loop *loop);
void loop_signals_free(struct loop_signals *signals); /* gives blocked signals back to the thread's old mask */
int loop_signals_set(struct loop_signals *signals, int signal_number, void (*handler)(void *context, int signal_number),
                     void *context);
