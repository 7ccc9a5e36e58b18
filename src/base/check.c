#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Straight to standard error: whatever broke, the log may be part of it. */
_Noreturn void check_failed(const char *condition, const char *file, int line)
{
    char text[512];
    int length = snprintf(text, sizeof(text), "godwit: %s:%d: impossible: !(%s)\n", file, line, condition);
    if (length > (int)sizeof(text) - 1)
        length = (int)sizeof(text) - 1;
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)length);
    (void)ignored;
    abort();
}
