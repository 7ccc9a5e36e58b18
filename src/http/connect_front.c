#include "http/connect_front.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/listen.h"

enum {
    FRONT_HEAD_MAX_BYTES = 4096,
    FRONT_WAIT_MS = 10000,
    FRONT_WAITING_MAX = 64,
};

struct connect_front {
    struct loop *loop;
    struct http_server *server;
    struct loop_watch watch;
    struct endpoint local;
    struct list callers;
    unsigned caller_count;
};

/* Who has connected and not yet said where to. */
struct caller {
    struct connect_front *front;
    struct list link;
    struct loop_watch watch;
    struct loop_timer timer;
    struct endpoint remote;
    char head[FRONT_HEAD_MAX_BYTES + 1];
    size_t length;
};

/* The descriptor, which is the caller's no more. */
static int caller_free(struct caller *caller)
{
    int fd = caller->watch.fd;
    loop_watch_stop(&caller->watch);
    loop_timer_stop(&caller->timer);
    list_remove(&caller->link);
    caller->front->caller_count--;
    mem_free(MEM_OTHER, caller);
    return fd;
}

static void caller_expired(struct loop_timer *timer)
{
    close(caller_free(container_of(timer, struct caller, timer)));
}

static void caller_answer(struct caller *caller)
{
    static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    static const char no[] = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    bool connects = str_starts_with(caller->head, "CONNECT ");
    struct http_server *server = caller->front->server;
    struct endpoint remote = caller->remote;
    int fd = caller_free(caller);
    /* So few bytes into an empty socket buffer: they fit or the connection is gone. */
    ssize_t sent = send(fd, connects ? yes : no, (connects ? sizeof(yes) : sizeof(no)) - 1, MSG_NOSIGNAL);
    if (connects && sent == sizeof(yes) - 1)
        http_server_adopt(server, fd, &remote);
    else
        close(fd);
}

static void caller_ready(struct loop_watch *watch, unsigned events)
{
    struct caller *caller = container_of(watch, struct caller, watch);
    ssize_t length =
        recv(watch->fd, caller->head + caller->length, FRONT_HEAD_MAX_BYTES - caller->length, MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        close(caller_free(caller));
        return;
    }
    caller->length += (size_t)length;
    caller->head[caller->length] = '\0';
    const char *end = strstr(caller->head, "\r\n\r\n");
    if (end && end + 4 == caller->head + caller->length)
        caller_answer(caller);
    else if (end || caller->length == FRONT_HEAD_MAX_BYTES)
        close(caller_free(caller)); /* who says more before he was answered is no client of a proxy */
}

static void front_ready(struct loop_watch *watch, unsigned events)
{
    struct connect_front *front = container_of(watch, struct connect_front, watch);
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    int fd = accept4(watch->fd, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (front->caller_count >= FRONT_WAITING_MAX) {
        close(fd);
        return;
    }
    struct caller *caller = mem_zalloc(MEM_OTHER, sizeof(*caller));
    caller->front = front;
    caller->remote = endpoint_from_sockaddr(&storage);
    list_append(&front->callers, &caller->link);
    front->caller_count++;
    loop_timer_init(&caller->timer, front->loop, caller_expired);
    loop_timer_start(&caller->timer, FRONT_WAIT_MS);
    loop_watch_init(&caller->watch, front->loop, fd, caller_ready);
    loop_watch_want(&caller->watch, LOOP_READ);
}

int connect_front_new(struct loop *loop, const struct endpoint *local, struct http_server *server,
                      struct connect_front **front_out, struct err *err)
{
    struct endpoint bound = *local;
    int fd = http_listen(&bound, err);
    if (fd < 0)
        return fd;
    struct connect_front *front = mem_zalloc(MEM_OTHER, sizeof(*front));
    *front = (struct connect_front){.loop = loop, .server = server, .local = bound};
    list_init(&front->callers);
    loop_watch_init(&front->watch, loop, fd, front_ready);
    loop_watch_want(&front->watch, LOOP_READ);
    *front_out = front;
    return E_OK;
}

void connect_front_free(struct connect_front *front)
{
    if (!front)
        return;
    list_foreach_safe (caller, &front->callers, struct caller, link)
        close(caller_free(caller));
    int fd = front->watch.fd;
    loop_watch_stop(&front->watch);
    close(fd);
    mem_free(MEM_OTHER, front);
}

struct endpoint connect_front_local(const struct connect_front *front)
{
    return front->local;
}
