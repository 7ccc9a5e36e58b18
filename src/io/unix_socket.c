#include "io/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/socket_stream.h"

/* The file a listener has made: removed with it if it is still the same. */
struct unix_file {
    dev_t device;
    ino_t inode;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static int unix_address(const char *path, struct sockaddr_un *address, struct err *err)
{
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(address->sun_path))
        return err_set(err, E_INVALID, "the socket path \"%.200s\" is %s (at most %zu bytes)", path,
                       length ? "too long" : "empty", sizeof(address->sun_path) - 1);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    return E_OK;
}

static int unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Is there a socket file nobody listens on? Anything else of that name is not ours to remove. */
static bool unix_is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = unix_socket();
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int unix_bind(int fd, const struct sockaddr_un *address, mode_t mode, struct err *err)
{
    /* The file is born with the socket's own mode less the umask: never wider than wanted, not even for a moment. */
    fchmod(fd, mode);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    if (result < 0 && errno == EADDRINUSE) {
        if (!unix_is_stale(address))
            return err_set(err, E_EXISTS, "%s exists and is in use, or is no socket", address->sun_path);
        unlink(address->sun_path);
        result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    }
    if (result < 0)
        return err_set(err, E_IO, "cannot bind to %s: %s", address->sun_path, strerror(errno));
    if (chmod(address->sun_path, mode) == 0)
        return E_OK;
    int reason = errno;
    unlink(address->sun_path);
    return err_set(err, E_IO, "cannot set the permissions of %s: %s", address->sun_path, strerror(reason));
}

static void unix_listener_free(struct listener *listener)
{
    struct socket_listener *socket = container_of(listener, struct socket_listener, base);
    struct unix_file *file = socket->extra;
    struct stat status;
    if (lstat(file->path, &status) == 0 && status.st_dev == file->device && status.st_ino == file->inode)
        unlink(file->path);
    mem_free(MEM_OTHER, file);
    socket_listener_free(socket);
}

struct listener *unix_listen(struct loop *loop, const char *path, mode_t mode, listener_accept accept, void *owner,
                             struct err *err)
{
    struct sockaddr_un address;
    if (unix_address(path, &address, err) != E_OK)
        return NULL;
    int fd = unix_socket();
    if (fd < 0) {
        err_set(err, E_IO, "cannot open a socket: %s", strerror(errno));
        return NULL;
    }
    if (unix_bind(fd, &address, mode, err) != E_OK) {
        close(fd);
        return NULL;
    }
    struct stat status;
    struct socket_listener *socket = NULL;
    if (lstat(path, &status) == 0)
        socket = socket_listener_new(loop, fd, accept, owner);
    if (!socket) {
        err_set(err, E_IO, "cannot listen on %s: %s", address.sun_path, strerror(errno));
        unlink(path);
        close(fd);
        return NULL;
    }
    struct unix_file *file = mem_zalloc(MEM_OTHER, sizeof(*file));
    file->device = status.st_dev;
    file->inode = status.st_ino;
    memcpy(file->path, address.sun_path, sizeof(file->path));
    socket->extra = file;
    socket->base.free = unix_listener_free;
    return &socket->base;
}

int unix_dial(struct loop *loop, const char *path, const struct stream_handler *handler, void *owner,
              struct stream **stream, struct err *err)
{
    struct sockaddr_un address;
    int status = unix_address(path, &address, err);
    if (status != E_OK)
        return status;
    int fd = unix_socket();
    if (fd < 0)
        return err_set(err, E_IO, "cannot open a socket: %s", strerror(errno));
    int reason = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    *stream = socket_stream_new_connecting(loop, fd, reason);
    stream_set_owner(*stream, handler, owner);
    return E_OK;
}

int unix_peer_of(const struct stream *stream, struct unix_peer *peer)
{
    int fd = socket_stream_fd(stream);
    int domain = 0;
    socklen_t length = sizeof(domain);
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || domain != AF_UNIX)
        return E_UNSUPPORTED;
    struct ucred credentials;
    length = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return E_UNSUPPORTED;
    *peer = (struct unix_peer){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    return E_OK;
}
