/* Error codes and error texts.
 *
 * Functions that can fail for reasons outside the program return 0 or one of the negative codes below. Where a
 * human must be told, the last parameter is a `struct err *` (may be NULL), filled at the deepest place that
 * knows place, value found and values allowed.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum {
    E_OK = 0,
    E_AGAIN = -1,   /* would block; try again when ready */
    E_EOF = -2,     /* the other end closed in an orderly way */
    E_IO = -3,      /* the system refused; errno says why at the place it happened */
    E_INVALID = -4, /* the input is wrong */
    E_NOT_FOUND = -5,
    E_EXISTS = -6,
    E_LIMIT = -7,       /* a configured or built-in bound was reached */
    E_UNSUPPORTED = -8, /* understood, and not offered */
    E_STATE = -9,       /* right request at the wrong time */
};

/* A text for a human. Always terminated; truncated with "..." when too long. */
struct err {
    char text[512];
};

/* Replaces the text. Returns `code`, so that callers can write `return err_set(err, E_INVALID, ...)`. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text that is already there. Returns `code`. */
int err_prefix(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "would block", "not found", ...: the bare meaning of a code. Never NULL. */
const char *err_code_text(int code);
