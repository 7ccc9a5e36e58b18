/* Spans of time: what a change was under way, how long nothing came, what a KEEPALIVE was late; and when the host was
 * away, which is judged against them when all is over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    uint64_t begin_ns, end_ns;
    uint64_t weight; /* for how many it stands */
};

/* Grows without being copied. */
struct spans {
    struct span *list;
    size_t count;
};

void spans_init(struct spans *spans);
void spans_release(struct spans *spans);
void spans_clear(struct spans *spans);
void spans_add(struct spans *spans, const struct span *span);

/* What there is to say of some. */
struct spans_summary {
    uint64_t p50_ns, p99_ns, longest_ns, sum_ns;
    uint64_t total, left_out; /* weights */
};

/* `shadows` NULL: of all as they are. Else what lies in shadows for its greater part is left out; of the rest, what
 * does not lie in them counts. */
void spans_sum_up(const struct spans *spans, const struct spans *shadows, struct spans_summary *summary);

/* Sorts, and makes one of those that overlap: no moment counts twice. */
void spans_unite(struct spans *spans);
/* An interruption's effects last as long again as it did: for so long there is twice the work. */
void spans_double(struct spans *spans);
