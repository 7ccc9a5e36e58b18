/* Replacing a file: the new contents go into a temporary file beside it, are forced to the disk, take over the name,
 * and the directory is forced as well. A reader sees the old file or the new one, never a part.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { READ_PIECE = 64 * 1024 };

/* Appends up to `limit_bytes` + 1 bytes, so that the caller sees whether there were more. */
static int read_all(int fd, size_t limit_bytes, struct buf *buf)
{
    for (;;) {
        size_t piece = limit_bytes + 1 - buf->length;
        if (piece > READ_PIECE)
            piece = READ_PIECE;
        if (piece == 0)
            return E_LIMIT;
        size_t before = buf->length;
        ssize_t got = read(fd, buf_extend(buf, piece), piece);
        buf->length = before + (got > 0 ? (size_t)got : 0);
        if (got == 0)
            return E_OK;
        if (got < 0 && errno != EINTR)
            return E_IO;
    }
}

int file_read(const char *path, size_t limit_bytes, char **bytes, size_t *length, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "cannot open %s: %s", path, strerror(errno));
    struct buf buf;
    buf_init(&buf, limit_bytes + 1);
    int status = read_all(fd, limit_bytes, &buf);
    int reason = errno;
    close(fd);
    if (status == E_LIMIT)
        err_set(err, E_LIMIT, "%s is longer than %zu bytes", path, limit_bytes);
    if (status == E_IO)
        err_set(err, E_IO, "cannot read %s: %s", path, strerror(reason));
    if (status == E_OK) {
        *length = buf.length;
        *bytes = mem_alloc(MEM_OTHER, buf.length + 1);
        if (buf.length > 0)
            memcpy(*bytes, buf.bytes, buf.length);
        (*bytes)[buf.length] = '\0';
    }
    buf_release(&buf);
    return status;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR)
            return E_IO;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return E_OK;
}

/* Permissions and owner of the file that is replaced. */
static int inherit(int fd, const char *target, mode_t mode)
{
    struct stat old;
    if (stat(target, &old) < 0)
        return errno == ENOENT && fchmod(fd, mode) == 0 ? E_OK : E_IO;
    if (fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
        return E_IO;
    return fchmod(fd, old.st_mode & 07777) == 0 ? E_OK : E_IO; /* after fchown, which may clear bits */
}

static int sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return E_IO;
    int status = fsync(fd) == 0 ? E_OK : E_IO;
    int reason = errno;
    close(fd);
    errno = reason;
    return status;
}

/* Writes `temporary` (a mkostemp template) and moves it over `target`. E_IO with errno; nothing is left behind. */
static int replace(const char *target, char *temporary, const void *bytes, size_t length, mode_t mode)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return E_IO;
    int status = write_all(fd, bytes, length);
    if (status == E_OK)
        status = inherit(fd, target, mode);
    if (status == E_OK && fsync(fd) < 0)
        status = E_IO;
    int reason = errno;
    if (close(fd) < 0 && status == E_OK) {
        reason = errno;
        status = E_IO;
    }
    if (status == E_OK && rename(temporary, target) == 0)
        return E_OK;
    if (status == E_OK)
        reason = errno;
    unlink(temporary);
    errno = reason;
    return E_IO;
}

int file_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode, struct err *err)
{
    char target[PATH_MAX], temporary[PATH_MAX + 16], directory[PATH_MAX];
    if (!realpath(path, target)) {
        if (errno != ENOENT || strlen(path) >= sizeof(target))
            return err_set(err, E_IO, "cannot write %s: %s", path, strerror(errno == ENOENT ? ENAMETOOLONG : errno));
        memcpy(target, path, strlen(path) + 1);
    }
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", target);
    const char *slash = strrchr(target, '/');
    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - target) + 1 : 1, slash ? target : ".");
    int status = replace(target, temporary, bytes, length, mode);
    if (status == E_OK)
        status = sync_directory(directory);
    return status == E_OK ? E_OK : err_set(err, status, "cannot write %s: %s", path, strerror(errno));
}
