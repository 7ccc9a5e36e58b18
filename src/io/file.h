/* Whole files. Blocking: for start-up, reload and saving, not for the paths that routes take. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Reads everything, of a file, a pipe or a terminal. `*bytes` is terminated and owned by the caller (MEM_OTHER), also
 * when empty. E_LIMIT if it is longer than `limit_bytes`, E_NOT_FOUND, E_IO. */
int file_read(const char *path, size_t limit_bytes, char **bytes, size_t *length, struct err *err);

/* Replaces the file as a whole: after E_OK the new contents survive a power cut, after anything else the old ones are
 * still there. Through a symbolic link it replaces what the link points to. `mode` is for a file that did not exist;
 * one that did keeps its permissions and, where this process may give it away, its owner. */
int file_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode, struct err *err);
