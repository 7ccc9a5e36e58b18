#include "http/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 128 };

int http_listen(struct endpoint *local, struct err *err)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(local, &storage);
    char name[ENDPOINT_TEXT_MAX];
    int on = 1;
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&storage, length) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
        err_set(err, E_IO, "cannot listen on %s: %s", endpoint_format(local, name), strerror(errno));
        if (fd >= 0)
            close(fd);
        return E_IO;
    }
    length = sizeof(storage);
    getsockname(fd, (struct sockaddr *)&storage, &length);
    *local = endpoint_from_sockaddr(&storage);
    return fd;
}
