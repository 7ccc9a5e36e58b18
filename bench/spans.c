/* See spans.h. */
#include "bench/spans.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"

static const size_t spans_max = (size_t)1 << 28;

void spans_init(struct spans *spans)
{
    void *memory = mmap(NULL, spans_max * sizeof(struct span), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    *spans = (struct spans){.list = memory};
}

void spans_release(struct spans *spans)
{
    munmap(spans->list, spans_max * sizeof(struct span));
}

void spans_clear(struct spans *spans)
{
    spans->count = 0;
}

void spans_add(struct spans *spans, const struct span *span)
{
    struct span *last = spans->count > 0 ? &spans->list[spans->count - 1] : NULL;
    if (last != NULL && last->begin_ns == span->begin_ns && last->end_ns == span->end_ns) {
        last->weight += span->weight;
        return;
    }
    CHECK(spans->count < spans_max);
    spans->list[spans->count++] = *span;
}

/* Shadows ---------------------------------------------------------------------------------------------------------- */

static int by_begin(const void *a, const void *b)
{
    const struct span *left = a, *right = b;
    return (left->begin_ns > right->begin_ns) - (left->begin_ns < right->begin_ns);
}

void spans_unite(struct spans *spans)
{
    size_t kept = 0;
    qsort(spans->list, spans->count, sizeof(*spans->list), by_begin);
    for (size_t i = 0; i < spans->count; i++) {
        struct span *last = &spans->list[kept - (kept > 0)];
        const struct span *next = &spans->list[i];
        if (kept == 0 || next->begin_ns > last->end_ns)
            spans->list[kept++] = *next;
        else if (next->end_ns > last->end_ns)
            last->end_ns = next->end_ns;
    }
    spans->count = kept;
}

void spans_double(struct spans *spans)
{
    for (size_t i = 0; i < spans->count; i++)
        spans->list[i].end_ns += spans->list[i].end_ns - spans->list[i].begin_ns;
}

/* How much of a span lies in shadows, which are sorted and apart. */
static uint64_t in_shadows(const struct span *span, const struct spans *shadows)
{
    size_t low = 0, high = shadows->count;
    uint64_t covered = 0;
    while (low < high) { /* the first that ends behind the span's begin */
        size_t middle = low + (high - low) / 2;
        if (shadows->list[middle].end_ns <= span->begin_ns)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < shadows->count && shadows->list[low].begin_ns < span->end_ns; low++) {
        const struct span *shadow = &shadows->list[low];
        uint64_t begin = shadow->begin_ns > span->begin_ns ? shadow->begin_ns : span->begin_ns;
        uint64_t end = shadow->end_ns < span->end_ns ? shadow->end_ns : span->end_ns;
        covered += end - begin;
    }
    return covered;
}

/* Summing up ------------------------------------------------------------------------------------------------------- */

/* A length and for how many it stands. */
struct weighed {
    uint64_t ns, weight;
};

static int by_length(const void *a, const void *b)
{
    const struct weighed *left = a, *right = b;
    return (left->ns > right->ns) - (left->ns < right->ns);
}

static uint64_t quantile(const struct weighed *sorted, size_t count, double wanted)
{
    double seen = 0;
    for (size_t i = 0; i < count; i++) {
        seen += (double)sorted[i].weight;
        if (seen >= wanted)
            return sorted[i].ns;
    }
    return 0;
}

void spans_sum_up(const struct spans *spans, const struct spans *shadows, struct spans_summary *summary)
{
    struct weighed *lengths = malloc((spans->count + 1) * sizeof(*lengths));
    size_t count = 0;
    double counted = 0;
    CHECK(lengths != NULL);
    *summary = (struct spans_summary){0};
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->list[i];
        uint64_t ns = span->end_ns - span->begin_ns;
        uint64_t covered = shadows != NULL ? in_shadows(span, shadows) : 0;
        summary->total += span->weight;
        if (covered * 2 > ns) {
            summary->left_out += span->weight;
            continue;
        }
        summary->sum_ns += ns - covered;
        lengths[count++] = (struct weighed){.ns = ns - covered, .weight = span->weight};
        counted += (double)span->weight;
    }
    qsort(lengths, count, sizeof(*lengths), by_length);
    summary->p50_ns = quantile(lengths, count, counted * 0.5);
    summary->p99_ns = quantile(lengths, count, counted * 0.99);
    summary->longest_ns = count > 0 ? lengths[count - 1].ns : 0;
    free(lengths);
}
