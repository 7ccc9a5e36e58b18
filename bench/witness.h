/* When was a processor not there? Whoever judges delays on a virtual machine has to know.
 *
 * One thread on each processor sleeps a millisecond at a time and notes when it is woken late. It runs before all
 * others (SCHED_FIFO, highest priority), so neither the daemon under test nor the generator can be the cause: what it
 * sees is time in which the host gave the processor to somebody else, and which no program in here could have used.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/spans.h"

struct witness;

/* One for each processor we may use; NULL if the system does not let us (SCHED_FIFO takes root). */
struct witness *witness_new(void);
void witness_free(struct witness *witness);

/* All interruptions that ended after a time are added to `spans`, in no order. */
void witness_tell(const struct witness *witness, uint64_t after_ns, struct spans *spans);
