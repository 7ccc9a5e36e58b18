/* Gathers what a command prints and writes it in large pieces.
 *
 * Much of it was written by others: descriptions, host names of peers, communication texts. To a pipe it goes out as it
 * is, byte for byte what GoBGP's client prints; on a terminal everything that could steer it is shown as \xNN. */
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/utf8.h"

enum {
    OUTPUT_FLUSH_BYTES = 256 * 1024,
    OUTPUT_LIMIT_BYTES = 1024 * 1024 * 1024,
};

void output_init(struct output *output, int fd)
{
    *output = (struct output){.fd = fd, .terminal = isatty(fd) == 1};
    text_init(&output->pending, OUTPUT_LIMIT_BYTES);
}

void output_release(struct output *output)
{
    output_flush(output);
    text_release(&output->pending);
}

static void output_write(struct output *output, const char *bytes, size_t length)
{
    while (length > 0 && !output->failed) {
        ssize_t written = write(output->fd, bytes, length);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = output->fd, .events = POLLOUT};
            poll(&wait, 1, -1);
            continue;
        }
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            output->failed = true;
            return;
        }
        bytes += written;
        length -= (size_t)written;
    }
}

/* Newlines and tabs are ours; the rest between them goes through the escaping. */
static void output_write_escaped(struct output *output, const char *bytes, size_t length)
{
    char piece[4096];
    const char *end = bytes + length;
    while (bytes < end) {
        size_t run = 0;
        while (bytes + run < end && bytes[run] != '\n' && bytes[run] != '\t' && run < sizeof(piece) / 4 - 4)
            run++;
        if (run > 0 && bytes + run < end && bytes[run] != '\n' && bytes[run] != '\t') {
            size_t whole = utf8_floor(bytes, run);
            run = whole ? whole : run;
        }
        struct str escaped = str_over(piece, sizeof(piece));
        str_add_foreign(&escaped, bytes, run);
        bytes += run;
        if (bytes < end && (*bytes == '\n' || *bytes == '\t'))
            str_add_char(&escaped, *bytes++);
        output_write(output, escaped.text, escaped.length);
    }
}

void output_flush(struct output *output)
{
    if (output->pending.length > 0) {
        if (output->terminal)
            output_write_escaped(output, output->pending.bytes, output->pending.length);
        else
            output_write(output, output->pending.bytes, output->pending.length);
    }
    text_clear(&output->pending);
}

static void output_grown(struct output *output)
{
    if (output->pending.length >= OUTPUT_FLUSH_BYTES || output->pending.failed)
        output_flush(output);
}

void output_add_n(struct output *output, const char *text, size_t length)
{
    text_add_n(&output->pending, text, length);
    output_grown(output);
}

void output_add(struct output *output, const char *text)
{
    output_add_n(output, text, strlen(text));
}

void output_printf(struct output *output, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&output->pending, format, arguments);
    va_end(arguments);
    output_grown(output);
}

void output_style(struct output *output, enum output_style style)
{
    static const char *const codes[] = {
        [STYLE_NONE] = "",
        [STYLE_GOOD] = "\033[32m",
        [STYLE_WARN] = "\033[33m",
        [STYLE_BAD] = "\033[31m",
        [STYLE_DIM] = "\033[2m",
        [STYLE_END] = "\033[0m",
        [STYLE_CLEAR_SCREEN] = "\033[H\033[J",
        [STYLE_CUT_LINES] = "\033[?7l",
        [STYLE_WRAP_LINES] = "\033[?7h",
    };
    if (!output->terminal || style == STYLE_NONE)
        return;
    output_flush(output); /* what is pending is escaped, this is not */
    output_write(output, codes[style], strlen(codes[style]));
}

const char *age_format(int64_t since_s, int64_t now, char *text)
{
    uint64_t left = now >= since_s ? (uint64_t)now - (uint64_t)since_s : (uint64_t)since_s - (uint64_t)now;
    unsigned seconds = left % 60, minutes = left / 60 % 60, hours = left / 3600 % 24;
    uint64_t days = left / 86400;
    struct str str = str_over(text, AGE_TEXT_MAX);
    if (days > 0)
        str_printf(&str, "%" PRIu64 "d ", days);
    str_printf(&str, "%02u:%02u:%02u", hours, minutes, seconds);
    return text;
}

int64_t now_s(void)
{
    return wall_now().ns / 1000000000;
}
