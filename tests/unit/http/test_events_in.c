/* Server-sent events, however the octets arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/str.h"
#include "http/events_in.h"

static void keep(void *context, const struct http_event *event)
{
    text_printf(context, "<%s|%s|%.*s>", event->id, event->type, (int)event->length, event->data);
}

static void check(const char *text, const char *expected)
{
    for (size_t piece = 1; piece < 9; piece++) {
        struct http_events_in in;
        struct text told;
        size_t length = strlen(text);
        text_init(&told, 1 << 16);
        http_events_init(&in, keep, &told);
        for (size_t at = 0; at < length; at += piece)
            assert_true(http_events_read(&in, text + at, length - at < piece ? length - at : piece));
        assert_string_equal(told.bytes ? told.bytes : "", expected);
        http_events_release(&in);
        text_release(&told);
    }
}

static void events_are_read(void **state)
{
    check("id: 7\nevent: up\ndata: {\"a\":1}\n\n", "<7|up|{\"a\":1}>");
    check("data:x\r\n\r\nid:8\r\ndata\r\n\r\n", "<|message|x><8|message|>");
    check("data: a\rdata: b\r\rdata: c\n\n", "<|message|a\nb><|message|c>");
    check("data:  two blanks: one stays\n\n", "<|message| two blanks: one stays>");
}

/* An id holds until another is said; a type does not. */
static void ids_stay(void **state)
{
    check("id: 1\nevent: x\ndata: a\n\ndata: b\n\n", "<1|x|a><1|message|b>");
}

static void comments_and_the_unknown_are_passed_over(void **state)
{
    check(":\n\n: heart\nretry: 5\nnonsense\n\nid: 3\n\ndata: a\n\n", "<3|message|a>");
    check("data: never ended\n", "");
}

static void a_lost_connection_forgets_what_was_begun(void **state)
{
    struct http_events_in in;
    struct text told;
    static const char begun[] = "id: 4\ndata: x\n\nid: 5\nevent: y\ndata: ha";
    text_init(&told, 1 << 16);
    http_events_init(&in, keep, &told);
    assert_true(http_events_read(&in, begun, strlen(begun)));
    http_events_restart(&in);
    assert_true(http_events_read(&in, "data: z\n\n", 9));
    assert_string_equal(told.bytes, "<4|message|x><5|message|z>");
    http_events_release(&in);
    text_release(&told);
}

static void events_are_bounded(void **state)
{
    struct http_events_in in;
    struct text told;
    static char line[1025];
    bool good = true;
    memset(line, 'x', 1024);
    line[1024] = '\n';
    memcpy(line, "data:", 5);
    text_init(&told, 1 << 16);
    http_events_init(&in, keep, &told);
    for (int i = 0; i < 1100 && good; i++)
        good = http_events_read(&in, line, sizeof(line));
    assert_false(good);
    assert_false(http_events_read(&in, "\n\n", 2));
    assert_null(told.bytes);
    http_events_restart(&in);
    for (int i = 0; i < 1100; i++)
        good = http_events_read(&in, line, 1024);
    assert_false(good);
    http_events_release(&in);
    text_release(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read),
        cmocka_unit_test(ids_stay),
        cmocka_unit_test(comments_and_the_unknown_are_passed_over),
        cmocka_unit_test(a_lost_connection_forgets_what_was_begun),
        cmocka_unit_test(events_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
