/* An HTTP/1.1 answer (RFC 9112): a status line, headers, and a body that ends in one of three ways: after
 * Content-Length octets, with the last chunk, or with the connection. Of the headers only those two matter. Interim
 * answers (1xx) are read over.
 *
 *   STATUS -> HEADER* -+-> LENGTH --------------------------> whole
 *                      +-> CHUNK_SIZE -> CHUNK -> CHUNK_END -+
 *                      |       ^                             |
 *                      |       +-----------------------------+
 *                      |       +-> TRAILER* ---------------> whole
 *                      +-> TO_END ---- end of connection --> whole
 */
#include "http/answer.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

enum part {
    PART_STATUS,
    PART_HEADER,
    PART_LENGTH,
    PART_TO_END,
    PART_CHUNK_SIZE,
    PART_CHUNK,
    PART_CHUNK_END,
    PART_TRAILER
};

void http_answer_init(struct http_answer *answer, http_answer_body body, void *context)
{
    answer->status = 0;
    answer->whole = answer->chunked = answer->has_length = answer->bodiless = false;
    answer->body = body;
    answer->context = context;
    answer->part = PART_STATUS;
    answer->headers = 0;
    answer->left = 0;
    answer->line_length = 0;
}

/* "HTTP/1.1 204 No Content" */
static int read_status(struct http_answer *answer, struct err *err)
{
    const char *line = answer->line;
    uint64_t number = 0;
    char digits[4] = "";
    if (!str_starts_with(line, "HTTP/1.") || strlen(line) < 12 || line[8] != ' ')
        return err_set(err, E_INVALID, "the answer is not HTTP/1.1");
    memcpy(digits, line + 9, 3);
    if (str_parse_u64(digits, 100, 599, &number) < 0)
        return err_set(err, E_INVALID, "the answer's status is not 100 to 599");
    answer->status = (unsigned)number;
    answer->bodiless = number < 200 || number == 204 || number == 304;
    answer->part = PART_HEADER;
    return E_OK;
}

/* The value behind `name`, if this is its line; NULL: another header. */
static const char *header_value(const char *line, const char *name)
{
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    line += length + 1;
    return line + strspn(line, " \t");
}

static int body_begins(struct http_answer *answer)
{
    if (answer->status < 200) {
        http_answer_init(answer, answer->body, answer->context);
        return E_OK;
    }
    if (answer->bodiless || (!answer->chunked && answer->has_length && answer->left == 0))
        answer->whole = true;
    answer->part = answer->chunked ? PART_CHUNK_SIZE : answer->has_length ? PART_LENGTH : PART_TO_END;
    return E_OK;
}

static int read_header(struct http_answer *answer, struct err *err)
{
    const char *value;
    if (answer->line_length == 0)
        return body_begins(answer);
    if (++answer->headers > HTTP_ANSWER_HEADERS_MAX)
        return err_set(err, E_LIMIT, "the answer has more than %d headers", HTTP_ANSWER_HEADERS_MAX);
    if ((value = header_value(answer->line, "Content-Length"))) {
        if (str_parse_u64(value, 0, INT64_MAX, &answer->left) < 0)
            return err_set(err, E_INVALID, "the answer's Content-Length is no number");
        answer->has_length = true;
    } else if ((value = header_value(answer->line, "Transfer-Encoding"))) {
        if (strcasecmp(value, "chunked") != 0)
            return err_set(err, E_INVALID, "the answer's Transfer-Encoding is not \"chunked\"");
        answer->chunked = true;
    }
    return E_OK;
}

/* "1f40", and after a semicolon what nobody needs. */
static int read_chunk_size(struct http_answer *answer, struct err *err)
{
    uint64_t size = 0;
    size_t digits = strspn(answer->line, "0123456789abcdefABCDEF");
    char after = answer->line[digits];
    if (digits == 0 || digits > 15 || (after && !strchr("; \t", after)))
        return err_set(err, E_INVALID, "a chunk of the answer has no size");
    for (size_t i = 0; i < digits; i++) {
        char c = answer->line[i];
        size = size << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    answer->left = size;
    answer->part = size ? PART_CHUNK : PART_TRAILER;
    return E_OK;
}

static int read_line(struct http_answer *answer, struct err *err)
{
    switch ((enum part)answer->part) {
    case PART_STATUS:
        return read_status(answer, err);
    case PART_HEADER:
        return read_header(answer, err);
    case PART_CHUNK_SIZE:
        return read_chunk_size(answer, err);
    case PART_CHUNK_END:
        answer->part = PART_CHUNK_SIZE;
        return answer->line_length ? err_set(err, E_INVALID, "a chunk of the answer is too long") : E_OK;
    case PART_TRAILER:
        answer->whole = answer->line_length == 0;
        if (++answer->headers > HTTP_ANSWER_HEADERS_MAX)
            return err_set(err, E_LIMIT, "the answer has more than %d headers", HTTP_ANSWER_HEADERS_MAX);
        return E_OK;
    default:
        return E_OK;
    }
}

/* Octets up to the end of the line, or all there are. */
static size_t take_line(struct http_answer *answer, const char *bytes, size_t length, int *result, struct err *err)
{
    const char *newline = memchr(bytes, '\n', length);
    size_t taken = newline ? (size_t)(newline - bytes) : length;
    if (answer->line_length + taken >= sizeof(answer->line)) {
        *result = err_set(err, E_LIMIT, "a line of the answer is too long");
        return length;
    }
    memcpy(answer->line + answer->line_length, bytes, taken);
    answer->line_length += taken;
    if (!newline)
        return taken;
    if (answer->line_length > 0 && answer->line[answer->line_length - 1] == '\r')
        answer->line_length--;
    answer->line[answer->line_length] = '\0';
    *result = read_line(answer, err);
    answer->line_length = 0;
    return taken + 1;
}

static size_t take_body(struct http_answer *answer, const char *bytes, size_t length)
{
    size_t taken = length;
    if (answer->part != PART_TO_END) {
        if (taken > answer->left)
            taken = (size_t)answer->left;
        answer->left -= taken;
    }
    answer->body(answer->context, bytes, taken);
    if (answer->part == PART_LENGTH)
        answer->whole = answer->left == 0;
    else if (answer->part == PART_CHUNK && answer->left == 0)
        answer->part = PART_CHUNK_END;
    return taken;
}

int http_answer_read(struct http_answer *answer, const char *bytes, size_t length, struct err *err)
{
    int result = E_OK;
    while (length > 0 && !answer->whole && result == E_OK) {
        bool body = answer->part == PART_LENGTH || answer->part == PART_TO_END || answer->part == PART_CHUNK;
        size_t taken = body ? take_body(answer, bytes, length) : take_line(answer, bytes, length, &result, err);
        bytes += taken;
        length -= taken;
    }
    return result;
}

int http_answer_end(struct http_answer *answer, struct err *err)
{
    if (answer->part == PART_TO_END)
        answer->whole = true;
    if (answer->whole)
        return E_OK;
    return err_set(err, E_EOF,
                   answer->part == PART_STATUS ? "the connection ended without an answer"
                                               : "the connection ended in the middle of the answer");
}
