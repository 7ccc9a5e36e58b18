#include "base/time.h"

#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct mono_time mono_now(void)
{
    return (struct mono_time){.ns = clock_ns(CLOCK_MONOTONIC)};
}

struct wall_time wall_now(void)
{
    return (struct wall_time){.ns = clock_ns(CLOCK_REALTIME)};
}
