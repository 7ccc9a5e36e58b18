/* Answers of HTTP servers, whole, in pieces, and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/check.h"
#include "base/str.h"
#include "http/answer.h"

static void keep(void *context, const char *bytes, size_t length)
{
    text_add_n(context, bytes, length);
}

/* Fed in pieces of `piece` octets, then the end of the connection. */
static int read_all(struct http_answer *answer, struct text *body, const char *text, size_t piece, struct err *err)
{
    size_t length = strlen(text);
    text_clear(body);
    http_answer_init(answer, keep, body);
    for (size_t at = 0; at < length; at += piece) {
        int result = http_answer_read(answer, text + at, length - at < piece ? length - at : piece, err);
        if (result < 0)
            return result;
    }
    return http_answer_end(answer, err);
}

static void check_good(const char *text, unsigned status, const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};
    struct http_answer answer;
    struct text body;
    struct err err = {.text = ""};
    text_init(&body, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        assert_int_equal(read_all(&answer, &body, text, pieces[i], &err), E_OK);
        assert_true(answer.whole);
        assert_int_equal(answer.status, status);
        assert_string_equal(body.bytes ? body.bytes : "", expected);
    }
    text_release(&body);
}

static void bodies_end_in_three_ways(void **state)
{
    check_good("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello");
    check_good("HTTP/1.1 200 OK\r\ncontent-length:\t5\r\n\r\nhellothere", 200, "hello");
    check_good("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               "5\r\nhello\r\nA;x=y\r\n, my world\r\n0\r\nTrailer: z\r\n\r\n",
               200, "hello, my world");
    check_good("HTTP/1.0 404 Not Found\n\nnothing here", 404, "nothing here");
}

static void some_have_no_body(void **state)
{
    check_good("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 204, "");
    check_good("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "");
    check_good("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
               "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
               201, "ok");
}

static void what_is_wrong_is_refused(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *reason;
    } cases[] = {
        {"", E_EOF, "the connection ended without an answer"},
        {"SSH-2.0-OpenSSH_9.2\r\n", E_INVALID, "the answer is not HTTP/1.1"},
        {"HTTP/1.1 999 Eh\r\n\r\n", E_INVALID, "the answer's status is not 100 to 599"},
        {"HTTP/1.1 200 OK\r\nContent-Le", E_EOF, "the connection ended in the middle of the answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", E_EOF,
         "the connection ended in the middle of the answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", E_INVALID, "the answer's Content-Length is no number"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", E_INVALID,
         "the answer's Transfer-Encoding is not \"chunked\""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", E_INVALID,
         "a chunk of the answer has no size"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\n", E_INVALID,
         "a chunk of the answer has no size"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", E_INVALID,
         "a chunk of the answer is too long"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", E_EOF,
         "the connection ended in the middle of the answer"},
    };
    struct http_answer answer;
    struct text body;
    text_init(&body, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {.text = ""};
        assert_int_equal(read_all(&answer, &body, cases[i].text, 3, &err), cases[i].code);
        assert_string_equal(err.text, cases[i].reason);
    }
    text_release(&body);
}

/* A server cannot make the reader grow, nor go on for ever with headers. */
static void lines_are_bounded(void **state)
{
    struct http_answer answer;
    struct err err = {.text = ""};
    static const char header[] = "X: y\r\n";
    static const char start[] = "HTTP/1.1 200 OK\r\n";
    int result = E_OK;
    http_answer_init(&answer, keep, NULL);
    assert_int_equal(http_answer_read(&answer, start, strlen(start), &err), E_OK);
    for (int i = 0; i < HTTP_ANSWER_HEADERS_MAX; i++)
        assert_int_equal(http_answer_read(&answer, header, strlen(header), &err), E_OK);
    assert_int_equal(http_answer_read(&answer, header, strlen(header), &err), E_LIMIT);
    http_answer_init(&answer, keep, NULL);
    for (int i = 0; i < HTTP_ANSWER_LINE_MAX && result == E_OK; i++)
        result = http_answer_read(&answer, "H", 1, &err);
    assert_int_equal(result, E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_end_in_three_ways),
        cmocka_unit_test(some_have_no_body),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(lines_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
