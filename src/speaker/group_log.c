/* See group_log.h. What makes it safe between threads without a lock: bytes and runs are written before `length` is
 * published with release order, a reader loads `length` with acquire order and looks at nothing beyond; a run that was
 * published never grows, the next commit opens another; `next` is set only after the final length.
 */
#include "speaker/group_log.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct log_skip *log_skip_new(const uint64_t *bits, uint32_t words)
{
    struct log_skip *skip = mem_alloc(MEM_LOG_SEGMENT, sizeof(*skip) + words * sizeof(*bits));
    skip->refs = 1;
    skip->words = words;
    memcpy(skip->bits, bits, words * sizeof(*bits));
    return skip;
}

void log_skip_unref(struct log_skip *skip)
{
    if (skip != NULL && --skip->refs == 0)
        mem_free(MEM_LOG_SEGMENT, skip);
}

bool log_skip_equal(const struct log_skip *a, const struct log_skip *b)
{
    if (a == b)
        return true;
    return a != NULL && b != NULL && a->words == b->words &&
           memcmp(a->bits, b->bits, a->words * sizeof(a->bits[0])) == 0;
}

static struct log_segment *segment_alloc(uint32_t capacity)
{
    uint32_t runs = capacity / LOG_BYTES_PER_RUN;
    struct log_segment *segment =
        mem_alloc(MEM_LOG_SEGMENT, sizeof(*segment) + capacity + runs * sizeof(struct log_run));
    segment->capacity = capacity;
    segment->run_capacity = runs;
    segment->runs = (struct log_run *)(void *)(segment->bytes + capacity);
    segment->skips = NULL;
    return segment;
}

static void segment_begin(struct log_segment *segment, uint64_t start, uint32_t version)
{
    atomic_init(&segment->next, NULL);
    atomic_init(&segment->length, 0);
    segment->start = start;
    segment->version = version;
    segment->run_count = 0;
    segment->pins = 0;
    segment->orphan = false;
}

static void forget_skips(struct log_segment *segment)
{
    for (uint32_t i = 0; segment->skips != NULL && i < segment->run_capacity; i++)
        log_skip_unref(segment->skips[i]);
    mem_free(MEM_LOG_SEGMENT, segment->skips);
    segment->skips = NULL;
}

static void segment_free(struct log_segment *segment)
{
    forget_skips(segment);
    mem_free(MEM_LOG_SEGMENT, segment);
}

static void segment_drop(struct log_segment *segment)
{
    if (segment->pins > 0)
        segment->orphan = true;
    else
        segment_free(segment);
}

void log_segment_pin(struct log_segment *segment)
{
    segment->pins++;
}

void log_segment_unpin(struct log_segment *segment)
{
    CHECK(segment->pins > 0);
    if (--segment->pins == 0 && segment->orphan)
        segment_free(segment);
}

void group_log_init(struct group_log *log, uint32_t rib_version)
{
    *log = (struct group_log){0};
    log->head = log->tail = segment_alloc(LOG_SEGMENT_MIN_BYTES);
    segment_begin(log->head, 0, rib_version);
    log->retained_bytes = LOG_SEGMENT_MIN_BYTES;
}

void group_log_release(struct group_log *log)
{
    struct log_segment *segment = log->tail;
    while (segment != NULL) {
        struct log_segment *next = atomic_load(&segment->next);
        segment_drop(segment);
        segment = next;
    }
    mem_free(MEM_LOG_SEGMENT, log->spare);
    *log = (struct group_log){0};
}

uint64_t group_log_end(const struct group_log *log)
{
    return log->head->start + log->head_length;
}

static void begin_segment(struct group_log *log, uint32_t capacity, uint32_t version)
{
    group_log_publish(log);
    struct log_segment *segment = log->spare;
    if (segment != NULL && segment->capacity == capacity)
        log->spare = NULL;
    else
        segment = segment_alloc(capacity);
    segment_begin(segment, group_log_end(log), version);
    atomic_store_explicit(&log->head->next, segment, memory_order_release);
    log->head = segment;
    log->head_length = 0;
    log->head_runs = 0;
    log->retained_bytes += capacity;
}

/* While some of the log is unread more is likely to come, and few large segments take less than many small ones. */
static uint32_t next_capacity(const struct group_log *log, uint32_t expected_bytes)
{
    uint32_t capacity = log->tail != log->head ? 2 * log->head->capacity : LOG_SEGMENT_MIN_BYTES;
    capacity = capacity > expected_bytes ? capacity : expected_bytes;
    capacity = (capacity + LOG_BYTES_PER_RUN - 1) / LOG_BYTES_PER_RUN * LOG_BYTES_PER_RUN;
    return capacity < LOG_SEGMENT_MAX_BYTES ? capacity : LOG_SEGMENT_MAX_BYTES;
}

uint8_t *group_log_reserve(struct group_log *log, uint32_t bytes, uint32_t expected_bytes, uint32_t version)
{
    CHECK(bytes <= LOG_SEGMENT_MAX_BYTES);
    if (log->head->capacity - log->head_length < bytes || log->head_runs == log->head->run_capacity)
        begin_segment(log, next_capacity(log, expected_bytes > bytes ? expected_bytes : bytes), version);
    return log->head->bytes + log->head_length;
}

static struct log_skip *skip_of(const struct log_segment *segment, uint32_t run)
{
    return segment->skips != NULL ? segment->skips[run] : NULL;
}

static void set_skip(struct log_segment *segment, uint32_t run, struct log_skip *skip)
{
    if (skip == NULL)
        return;
    if (segment->skips == NULL)
        segment->skips = mem_zalloc(MEM_LOG_SEGMENT, segment->run_capacity * sizeof(*segment->skips));
    skip->refs++;
    segment->skips[run] = skip;
}

void group_log_commit(struct group_log *log, uint32_t bytes, source_id source, struct log_skip *skip)
{
    struct log_segment *head = log->head;
    log->head_length += bytes;
    if (log->run_open && head->runs[log->head_runs - 1].source == source &&
        log_skip_equal(skip_of(head, log->head_runs - 1), skip)) {
        head->runs[log->head_runs - 1].end = log->head_length;
        return;
    }
    set_skip(head, log->head_runs, skip);
    head->runs[log->head_runs++] = (struct log_run){.end = log->head_length, .source = source};
    log->run_open = true;
}

void group_log_publish(struct group_log *log)
{
    log->head->run_count = log->head_runs;
    atomic_store_explicit(&log->head->length, log->head_length, memory_order_release);
    log->run_open = false;
}

bool group_log_has_source(const struct group_log *log, source_id source)
{
    for (const struct log_segment *segment = log->tail; segment != NULL; segment = atomic_load(&segment->next)) {
        uint32_t runs = segment == log->head ? log->head_runs : segment->run_count;
        for (uint32_t i = 0; i < runs; i++)
            if (segment->runs[i].source == source)
                return true;
    }
    return false;
}

void group_log_trim(struct group_log *log, uint64_t position)
{
    while (log->tail != log->head) {
        struct log_segment *next = atomic_load_explicit(&log->tail->next, memory_order_relaxed);
        /* A cursor at the very end of a segment still points into it. */
        if (next->start >= position)
            return;
        log->retained_bytes -= log->tail->capacity;
        if (log->spare == NULL && log->tail->pins == 0 && log->tail->capacity == LOG_SEGMENT_MAX_BYTES) {
            log->spare = log->tail;
            forget_skips(log->spare);
        } else {
            segment_drop(log->tail);
        }
        log->tail = next;
    }
    mem_free(MEM_LOG_SEGMENT, log->spare);
    log->spare = NULL;
}

struct log_cursor group_log_cursor_at_end(const struct group_log *log)
{
    CHECK(!log->run_open);
    return (struct log_cursor){.segment = log->head, .offset = log->head_length, .run = log->head_runs};
}

struct log_cursor group_log_cursor_at_tail(const struct group_log *log)
{
    return (struct log_cursor){.segment = log->tail};
}

uint64_t log_cursor_position(const struct log_cursor *cursor)
{
    return cursor->segment->start + cursor->offset;
}

/* Moves to the next segment when this one is used up. False at the end of the log. */
static bool enter_next_segment(struct log_cursor *cursor)
{
    struct log_segment *next = atomic_load_explicit(&cursor->segment->next, memory_order_acquire);
    if (next == NULL)
        return false;
    /* The final length was published before `next`; what we compared with may have been older. */
    if (cursor->offset < atomic_load_explicit(&cursor->segment->length, memory_order_acquire))
        return true;
    *cursor = (struct log_cursor){.segment = next};
    return true;
}

static bool run_is_for(const struct log_segment *segment, uint32_t run, source_id self)
{
    if (segment->runs[run].source == self)
        return false;
    const struct log_skip *skip = skip_of(segment, run);
    return skip == NULL || self / 64u >= skip->words || !(skip->bits[self / 64u] >> (self % 64u) & 1);
}

bool log_cursor_next(struct log_cursor *cursor, source_id self, uint64_t limit, uint32_t max_bytes,
                     const uint8_t **bytes, uint32_t *length)
{
    for (;;) {
        struct log_segment *segment = cursor->segment;
        uint32_t end = atomic_load_explicit(&segment->length, memory_order_acquire);
        if (segment->start + end > limit)
            end = limit > segment->start ? (uint32_t)(limit - segment->start) : 0;
        while (cursor->offset < end && !run_is_for(segment, cursor->run, self))
            cursor->offset = segment->runs[cursor->run++].end;
        if (cursor->offset >= end) {
            if (segment->start + cursor->offset >= limit || !enter_next_segment(cursor))
                return false;
            continue;
        }
        uint32_t from = cursor->offset;
        while (cursor->offset < end && cursor->offset - from < max_bytes && run_is_for(segment, cursor->run, self))
            cursor->offset = segment->runs[cursor->run++].end;
        *bytes = segment->bytes + from;
        *length = cursor->offset - from;
        return true;
    }
}
