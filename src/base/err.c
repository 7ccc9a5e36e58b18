#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void err_store(struct err *err, const char *text, size_t length)
{
    const size_t room = sizeof(err->text) - 1;
    if (length <= room) {
        memcpy(err->text, text, length);
        err->text[length] = '\0';
        return;
    }
    size_t kept = utf8_floor(text, room - 3);
    memcpy(err->text, text, kept);
    memcpy(err->text + kept, "...", 4);
}

/* Formats into memory of its own first: the arguments may point into err->text. */
__attribute__((format(printf, 3, 0))) static size_t err_format(char *text, size_t capacity, const char *format,
                                                               va_list arguments)
{
    int length = vsnprintf(text, capacity, format, arguments);
    if (length < 0) {
        text[0] = '\0';
        return 0;
    }
    return (size_t)length < capacity ? (size_t)length : capacity - 1;
}

int err_set(struct err *err, int code, const char *format, ...)
{
    if (!err)
        return code;
    int saved_errno = errno;
    char text[sizeof(err->text) + 8];
    va_list arguments;
    va_start(arguments, format);
    size_t length = err_format(text, sizeof(text), format, arguments);
    va_end(arguments);
    err_store(err, text, length);
    errno = saved_errno;
    return code;
}

int err_prefix(struct err *err, int code, const char *format, ...)
{
    if (!err)
        return code;
    int saved_errno = errno;
    char text[2 * sizeof(err->text) + 16];
    va_list arguments;
    va_start(arguments, format);
    size_t length = err_format(text, sizeof(err->text) + 8, format, arguments);
    va_end(arguments);
    size_t old = strnlen(err->text, sizeof(err->text));
    memcpy(text + length, ": ", 2);
    memcpy(text + length + 2, err->text, old);
    err_store(err, text, length + 2 + old);
    errno = saved_errno;
    return code;
}

const char *err_code_text(int code)
{
    switch (code) {
    case E_OK:
        return "ok";
    case E_AGAIN:
        return "would block";
    case E_EOF:
        return "closed by the other end";
    case E_IO:
        return "input/output error";
    case E_INVALID:
        return "invalid";
    case E_NOT_FOUND:
        return "not found";
    case E_EXISTS:
        return "exists already";
    case E_LIMIT:
        return "limit reached";
    case E_UNSUPPORTED:
        return "not supported";
    case E_STATE:
        return "not possible in this state";
    default:
        return "unknown error";
    }
}
