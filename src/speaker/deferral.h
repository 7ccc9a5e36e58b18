/* Graceful restart from the side that restarts (RFC 4724 4.1): route selection waits until the neighbors have said what
 * they know, so that nobody is told something half-known, and nothing is withdrawn that will be there in a moment.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"

struct speaker;

struct deferral {
    bool active;
    struct mono_time since;
    struct loop_timer timer; /* looks again: some neighbors are waited for only so long */
};

void deferral_init(struct speaker *speaker);
/* From the start of the speaker on, its tables are not told to anybody, and OPENs say that it has restarted. */
void deferral_begin(struct speaker *speaker);
void deferral_stop(struct speaker *speaker); /* with the speaker */
/* A session came up, an End-of-RIB arrived: perhaps nobody is waited for any more. */
void deferral_look(struct speaker *speaker);
/* The longest time for which a neighbor would keep our routes if this speaker were gone now. While others still wait
 * for us after a restart, theirs counts as well. */
uint32_t deferral_promise_s(const struct speaker *speaker);
