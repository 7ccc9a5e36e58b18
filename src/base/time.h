/* Time as two types that cannot be mixed up: monotonic for every timer, wall clock for display only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mono_time {
    int64_t ns;
};

struct wall_time {
    int64_t ns; /* since 1970-01-01 UTC */
};

struct mono_time mono_now(void);
struct wall_time wall_now(void);

static inline struct mono_time mono_add_ms(struct mono_time time, int64_t ms)
{
    return (struct mono_time){.ns = time.ns + ms * 1000000};
}

static inline int64_t mono_diff_ms(struct mono_time later, struct mono_time earlier)
{
    return (later.ns - earlier.ns) / 1000000;
}

static inline bool mono_before(struct mono_time a, struct mono_time b)
{
    return a.ns < b.ns;
}
