/* Standard output of a command: gathered, and escaped when a terminal reads it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct output {
    struct text pending;
    int fd;
    bool terminal; /* text others wrote must not steer it */
    bool failed;   /* the reader has gone */
};

void output_init(struct output *output, int fd);
void output_release(struct output *output);

void output_add(struct output *output, const char *text);
void output_add_n(struct output *output, const char *text, size_t length);
void output_printf(struct output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_flush(struct output *output);

/* How what follows looks; on a terminal only, nowhere else a trace of it. */
enum output_style {
    STYLE_NONE,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_DIM,
    STYLE_END,
    STYLE_CLEAR_SCREEN,
    STYLE_CUT_LINES, /* what is too long for a line is not shown, until STYLE_WRAP_LINES */
    STYLE_WRAP_LINES,
};
void output_style(struct output *output, enum output_style style);

enum { AGE_TEXT_MAX = 48 };

/* "00:01:02", from a day on "3d 00:01:02"; the distance between the two, whichever is later. Returns `text`, which has
 * room for AGE_TEXT_MAX. */
const char *age_format(int64_t since_s, int64_t now_s, char *text);
int64_t now_s(void);
