/* The log against one plain array of pieces: every reader gets what is not his own, in order, once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "speaker/group_log.h"

enum { READERS = 5, PIECES_MAX = 20000 };

struct piece {
    uint64_t start;
    uint32_t length;
    source_id source;
    uint64_t skip; /* who else is not to hear it, as bits */
    bool first;    /* something was published right before */
};

struct reader {
    struct log_cursor cursor;
    source_id self;
    unsigned piece; /* the next one due */
    struct log_segment *pinned;
    const uint8_t *bytes;
    uint32_t length;
};

struct bench {
    struct group_log log;
    struct piece pieces[PIECES_MAX];
    unsigned count, published;
    struct reader readers[READERS];
};

static bool is_for(const struct piece *piece, const struct reader *reader)
{
    return piece->source != reader->self && (reader->self >= 64 || !(piece->skip >> reader->self & 1));
}

static uint8_t byte_at(uint64_t position)
{
    return (uint8_t)(position * 31 + (position >> 8));
}

static void append(struct bench *bench)
{
    struct piece *piece = &bench->pieces[bench->count++];
    uint32_t length = rand() % 50 == 0 ? 1 + (uint32_t)rand() % 60000 : 1 + (uint32_t)rand() % 300;
    uint32_t bound = length + (uint32_t)rand() % 4096;
    const struct log_segment *before = bench->log.head;
    uint8_t *at = group_log_reserve(&bench->log, bound, (uint32_t)rand() % 300000, bench->count);
    if (bench->log.head != before)
        bench->published = bench->count - 1; /* a segment that is full is published */
    *piece = (struct piece){.start = group_log_end(&bench->log),
                            .length = length,
                            .source = (source_id)(rand() % (READERS + 1)),
                            .skip = rand() % 3 == 0 ? (uint64_t)rand() % 64 : 0,
                            .first = bench->count - 1 == bench->published};
    for (uint32_t i = 0; i < length; i++)
        at[i] = byte_at(piece->start + i);
    struct log_skip *skip = piece->skip != 0 ? log_skip_new(&piece->skip, 1) : NULL;
    group_log_commit(&bench->log, length, piece->source, skip);
    log_skip_unref(skip);
}

/* Whole pieces, none of the reader's own, from the one due on, without gaps but those. */
static void check_bytes(struct bench *bench, struct reader *reader, const uint8_t *bytes, uint32_t length,
                        uint64_t limit)
{
    while (!is_for(&bench->pieces[reader->piece], reader))
        reader->piece++;
    while (length > 0) {
        assert_true(reader->piece < bench->published);
        const struct piece *piece = &bench->pieces[reader->piece];
        assert_true(is_for(piece, reader));
        assert_true(piece->length <= length);
        assert_true(piece->start + piece->length <= limit);
        for (uint32_t i = 0; i < piece->length; i++)
            assert_int_equal(bytes[i], byte_at(piece->start + i));
        bytes += piece->length;
        length -= piece->length;
        reader->piece++;
    }
}

static void read_once(struct bench *bench, struct reader *reader)
{
    if (reader->pinned != NULL) {
        log_segment_unpin(reader->pinned);
        reader->pinned = NULL;
    }
    uint64_t limit = UINT64_MAX;
    if (rand() % 4 == 0 && reader->piece < bench->published) {
        unsigned ahead = reader->piece + (unsigned)rand() % (bench->published - reader->piece);
        while (ahead > reader->piece && !bench->pieces[ahead].first)
            ahead--;
        if (bench->pieces[ahead].first)
            limit = bench->pieces[ahead].start;
    }
    if (log_cursor_next(&reader->cursor, reader->self, limit, 1 + (uint32_t)rand() % 100000, &reader->bytes,
                        &reader->length)) {
        check_bytes(bench, reader, reader->bytes, reader->length, limit);
        reader->pinned = reader->cursor.segment;
        log_segment_pin(reader->pinned);
        return;
    }
    /* Nothing more for it up to there. */
    for (unsigned i = reader->piece; i < bench->published && bench->pieces[i].start < limit; i++)
        assert_false(is_for(&bench->pieces[i], reader));
    uint64_t end = limit < group_log_end(&bench->log) ? limit : bench->log.head->start + bench->log.head->length;
    assert_true(log_cursor_position(&reader->cursor) >= end || limit == UINT64_MAX);
}

static void trim(struct bench *bench)
{
    uint64_t oldest = UINT64_MAX, retained = 0;
    for (unsigned i = 0; i < READERS; i++) {
        uint64_t position = log_cursor_position(&bench->readers[i].cursor);
        oldest = position < oldest ? position : oldest;
    }
    group_log_trim(&bench->log, oldest);
    for (struct log_segment *segment = bench->log.tail; segment != NULL; segment = atomic_load(&segment->next))
        retained += segment->capacity;
    assert_int_equal(retained, bench->log.retained_bytes);
    assert_true(bench->log.tail->start <= oldest);
}

static void test_readers(void **state)
{
    (void)state;
    static struct bench bench;
    for (unsigned seed = 1; seed <= 20; seed++) {
        srand(seed);
        memset(&bench, 0, sizeof(bench));
        group_log_init(&bench.log, 0);
        for (unsigned i = 0; i < READERS; i++)
            bench.readers[i] = (struct reader){.cursor = group_log_cursor_at_tail(&bench.log),
                                               .self = (source_id)(i == 0 ? RIB_SOURCE_NONE : i)};
        for (unsigned step = 0; step < 4000; step++) {
            struct reader *reader = &bench.readers[rand() % READERS];
            switch (rand() % 8) {
            case 0:
            case 1:
            case 2:
                append(&bench);
                break;
            case 3:
                group_log_publish(&bench.log);
                bench.published = bench.count;
                break;
            case 4:
                trim(&bench);
                break;
            default:
                read_once(&bench, reader);
            }
        }
        group_log_publish(&bench.log);
        bench.published = bench.count;
        for (unsigned i = 0; i < READERS; i++) {
            struct reader *reader = &bench.readers[i];
            for (unsigned tries = 0; tries < 100000 && log_cursor_position(&reader->cursor) < group_log_end(&bench.log);
                 tries++)
                read_once(&bench, reader);
            if (reader->pinned != NULL)
                log_segment_unpin(reader->pinned);
            assert_int_equal(log_cursor_position(&reader->cursor), group_log_end(&bench.log));
        }
        trim(&bench);
        assert_ptr_equal(bench.log.tail, bench.log.head);
        group_log_release(&bench.log);
    }
}

/* A piece on offer outlives the log it came from. */
static void test_pins(void **state)
{
    (void)state;
    struct group_log log;
    const uint8_t *bytes;
    uint32_t length;
    group_log_init(&log, 0);
    memset(group_log_reserve(&log, 100, 0, 1), 7, 100);
    group_log_commit(&log, 100, 1, NULL);
    group_log_publish(&log);
    struct log_cursor cursor = group_log_cursor_at_tail(&log);
    assert_true(log_cursor_next(&cursor, 2, UINT64_MAX, 1000, &bytes, &length));
    assert_int_equal(length, 100);
    struct log_segment *segment = cursor.segment;
    log_segment_pin(segment);
    log_segment_pin(segment);
    group_log_release(&log);
    assert_int_equal(bytes[99], 7);
    log_segment_unpin(segment);
    assert_int_equal(bytes[0], 7);
    log_segment_unpin(segment);
}

static void test_sources_and_versions(void **state)
{
    (void)state;
    struct group_log log;
    group_log_init(&log, 3);
    assert_int_equal(log.head->version, 3);
    assert_false(group_log_has_source(&log, 1));
    group_log_reserve(&log, 10, 0, 9);
    group_log_commit(&log, 10, 1, NULL);
    assert_true(group_log_has_source(&log, 1));
    assert_int_equal(log.head->version, 3); /* what is in it may be as old */
    group_log_reserve(&log, LOG_SEGMENT_MIN_BYTES, 0, 12);
    assert_int_equal(log.head->version, 12);
    group_log_commit(&log, 10, 2, NULL);
    group_log_publish(&log);
    assert_true(group_log_has_source(&log, 1));
    assert_true(group_log_has_source(&log, 2));
    group_log_trim(&log, 11);
    assert_false(group_log_has_source(&log, 1));
    group_log_release(&log);
}

/* A backlog gets large segments; when it is read, all but the last one go. */
static void test_segments_grow_and_go(void **state)
{
    (void)state;
    struct group_log log;
    group_log_init(&log, 0);
    uint64_t at_first = mem_usage(MEM_LOG_SEGMENT).bytes;
    uint32_t segments = 1;
    for (unsigned i = 0; i < 4 * 1024; i++) {
        const struct log_segment *head = log.head;
        group_log_reserve(&log, 1024, 0, 1);
        group_log_commit(&log, 1024, 1, NULL);
        segments += head != log.head;
    }
    assert_in_range(segments, 18, 26); /* 4 MB */
    assert_int_equal(log.head->capacity, LOG_SEGMENT_MAX_BYTES);
    group_log_publish(&log);
    group_log_trim(&log, group_log_end(&log) - LOG_SEGMENT_MAX_BYTES);
    assert_non_null(log.spare);
    group_log_reserve(&log, LOG_SEGMENT_MAX_BYTES, 0, 1);
    assert_null(log.spare);
    group_log_trim(&log, group_log_end(&log) + 1);
    assert_ptr_equal(log.tail, log.head);
    assert_null(log.spare);
    assert_in_range(mem_usage(MEM_LOG_SEGMENT).bytes - at_first, 0, LOG_SEGMENT_MAX_BYTES * 9 / 8 + 4096);
    group_log_release(&log);
}

/* More sources in turn than one segment can tell apart. */
static void test_many_runs(void **state)
{
    enum { RUNS = LOG_SEGMENT_MAX_BYTES / LOG_BYTES_PER_RUN };
    (void)state;
    struct group_log log;
    const uint8_t *bytes;
    uint32_t length, total = 0;
    group_log_init(&log, 0);
    for (unsigned i = 0; i < 3 * RUNS; i++) {
        *group_log_reserve(&log, 1, LOG_SEGMENT_MAX_BYTES, 1) = (uint8_t)(i % 2);
        group_log_commit(&log, 1, (source_id)(i % 2), NULL);
    }
    group_log_publish(&log);
    struct log_cursor cursor = group_log_cursor_at_tail(&log);
    while (log_cursor_next(&cursor, 0, UINT64_MAX, 1000, &bytes, &length)) {
        for (uint32_t i = 0; i < length; i++)
            assert_int_equal(bytes[i], 1);
        total += length;
    }
    assert_int_equal(total, 3 * RUNS / 2);
    group_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_sources_and_versions),
        cmocka_unit_test(test_segments_grow_and_go),
        cmocka_unit_test(test_many_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
