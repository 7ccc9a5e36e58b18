/* How many routers each of several replicas has to watch: as many as the others, give or take one. Who has most keeps
 * the one more, so that nothing moves but when replicas or routers come and go.
 */
#pragma once

#include <stdbool.h>

struct share_holder {
    const char *id;
    unsigned held;
};

/* What `id`, which is among the holders, should hold of `routers`. All who see the same say what adds up. */
unsigned share_target(const struct share_holder *holders, unsigned count, const char *id, unsigned routers);
