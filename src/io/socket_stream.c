/* A stream over a kernel socket, and the accepting side.
 *
 * Closing. close() with unread bytes in the receive buffer makes the kernel answer with a reset, which may overtake a
 * NOTIFICATION just written. So the sending side is shut down first and what has arrived is thrown away.
 *
 * Accepting goes in bounded batches, so that a flood of connections cannot hold up the sessions on the same loop.
 * When descriptors run out the listener rests for a moment: it would be reported ready for ever.
 */
#include "io/socket_stream.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    LISTEN_BACKLOG = 4096,
    ACCEPT_BATCH = 64,
    ACCEPT_RETRY_MS = 200,
    DISCARD_BYTES = 1 << 20,
    DISCARDS_MAX = 16,
};

enum socket_state {
    SOCKET_CONNECTING,
    SOCKET_CONNECTED,
    SOCKET_FAILED,
};

struct socket_stream {
    struct stream base;
    struct loop_watch watch;
    struct loop_task failing; /* tells of a dial that failed inside connect() */
    int fd;
    int connect_errno;
    enum socket_state state;
    unsigned wanted; /* by the owner, while connecting */
    bool telling;    /* the owner is being told something */
    bool doomed;     /* freed meanwhile; the memory waits until he has been told */
};

static const struct stream_ops socket_stream_ops;
static void socket_ready(struct loop_watch *watch, unsigned events);
static bool socket_failing(struct loop_task *task);

static struct socket_stream *socket_stream_of(struct stream *stream)
{
    return container_of(stream, struct socket_stream, base);
}

static ssize_t socket_read(struct stream *stream, void *bytes, size_t length)
{
    struct socket_stream *socket = socket_stream_of(stream);
    if (socket->state != SOCKET_CONNECTED)
        return E_AGAIN;
    for (;;) {
        ssize_t got = recv(socket->fd, bytes, length, 0);
        if (got > 0)
            return got;
        if (got == 0)
            return length > 0 ? E_EOF : E_AGAIN;
        if (errno == EAGAIN)
            return E_AGAIN;
        if (errno != EINTR)
            return E_IO;
    }
}

static ssize_t socket_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    struct socket_stream *socket = socket_stream_of(stream);
    if (socket->state != SOCKET_CONNECTED)
        return E_AGAIN;
    struct msghdr message = {.msg_iov = (struct iovec *)pieces,
                             .msg_iovlen = (size_t)(count < IOV_MAX ? count : IOV_MAX)};
    for (;;) {
        ssize_t sent = sendmsg(socket->fd, &message, MSG_NOSIGNAL);
        if (sent > 0)
            return sent;
        if (sent == 0 || errno == EAGAIN)
            return E_AGAIN;
        if (errno != EINTR)
            return E_IO;
    }
}

static void socket_want(struct stream *stream, unsigned loop_events)
{
    struct socket_stream *socket = socket_stream_of(stream);
    socket->wanted = loop_events;
    if (socket->state == SOCKET_CONNECTED)
        loop_watch_want(&socket->watch, loop_events);
}

/* Of a UNIX socket it is refused: nothing there is under way. */
static void socket_limit_unsent(struct stream *stream, uint32_t bytes)
{
    setsockopt(socket_stream_of(stream)->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

static void socket_free(struct stream *stream)
{
    struct socket_stream *socket = socket_stream_of(stream);
    loop_task_cancel(&socket->failing);
    loop_watch_stop(&socket->watch);
    if (socket->state == SOCKET_CONNECTED && stream->remote.addr.kind != ADDR_NONE) {
        shutdown(socket->fd, SHUT_WR);
        for (int i = 0; i < DISCARDS_MAX; i++) {
            if (recv(socket->fd, NULL, DISCARD_BYTES, MSG_TRUNC | MSG_DONTWAIT) <= 0)
                break;
        }
    }
    close(socket->fd);
    if (socket->telling)
        socket->doomed = true;
    else
        mem_free(MEM_SESSION, socket);
}

static void socket_detach(struct stream *stream)
{
    struct socket_stream *socket = socket_stream_of(stream);
    CHECK(socket->state == SOCKET_CONNECTED && !socket->telling);
    loop_watch_stop(&socket->watch);
}

static void socket_attach(struct stream *stream, struct loop *loop)
{
    struct socket_stream *socket = socket_stream_of(stream);
    loop_watch_init(&socket->watch, loop, socket->fd, socket_ready);
    loop_task_init(&socket->failing, loop, socket_failing);
}

static const struct stream_ops socket_stream_ops = {
    .detach = socket_detach,
    .attach = socket_attach,
    .read = socket_read,
    .writev = socket_writev,
    .want = socket_want,
    .limit_unsent = socket_limit_unsent,
    .free = socket_free,
};

static void socket_note_endpoints(struct socket_stream *socket)
{
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof(storage);
    if (getsockname(socket->fd, (struct sockaddr *)&storage, &length) == 0)
        socket->base.local = endpoint_from_sockaddr(&storage);
    storage = (struct sockaddr_storage){0};
    length = sizeof(storage);
    if (getpeername(socket->fd, (struct sockaddr *)&storage, &length) == 0)
        socket->base.remote = endpoint_from_sockaddr(&storage);
}

/* On loopback a socket that connects to a port nobody listens on may be given that very port and meet itself. */
static bool socket_met_itself(const struct socket_stream *socket)
{
    const struct endpoint *local = &socket->base.local;
    const struct endpoint *remote = &socket->base.remote;
    return local->port != 0 && local->port == remote->port && addr_equal(&local->addr, &remote->addr);
}

static void socket_connect_done(struct socket_stream *socket)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error == 0)
        socket_note_endpoints(socket);
    if (error == 0 && socket_met_itself(socket))
        error = ECONNREFUSED;
    if (error != 0) {
        socket->state = SOCKET_FAILED;
        loop_watch_want(&socket->watch, 0);
        stream_tell_failed(&socket->base, error);
        return;
    }
    socket->state = SOCKET_CONNECTED;
    loop_watch_want(&socket->watch, socket->wanted);
    stream_tell_connected(&socket->base);
}

static void socket_ready(struct loop_watch *watch, unsigned events)
{
    struct socket_stream *socket = container_of(watch, struct socket_stream, watch);
    if (socket->state == SOCKET_CONNECTING) {
        socket_connect_done(socket);
        return;
    }
    socket->telling = true;
    if (events & LOOP_READ)
        stream_tell_readable(&socket->base);
    if (!socket->doomed && events & LOOP_WRITE & socket->watch.wanted)
        stream_tell_writable(&socket->base);
    socket->telling = false;
    if (socket->doomed)
        mem_free(MEM_SESSION, socket);
}

static bool socket_failing(struct loop_task *task)
{
    struct socket_stream *socket = container_of(task, struct socket_stream, failing);
    stream_tell_failed(&socket->base, socket->connect_errno);
    return false;
}

static struct socket_stream *socket_stream_alloc(struct loop *loop, int fd, enum socket_state state)
{
    struct socket_stream *socket = mem_zalloc(MEM_SESSION, sizeof(*socket));
    socket->base.ops = &socket_stream_ops;
    socket->fd = fd;
    socket->state = state;
    loop_watch_init(&socket->watch, loop, fd, socket_ready);
    loop_task_init(&socket->failing, loop, socket_failing);
    return socket;
}

struct stream *socket_stream_new(struct loop *loop, int fd)
{
    struct socket_stream *socket = socket_stream_alloc(loop, fd, SOCKET_CONNECTED);
    socket_note_endpoints(socket);
    return &socket->base;
}

struct stream *socket_stream_new_connecting(struct loop *loop, int fd, int connect_errno)
{
    struct socket_stream *socket = socket_stream_alloc(loop, fd, SOCKET_CONNECTING);
    if (connect_errno == 0 || connect_errno == EINPROGRESS) {
        loop_watch_want(&socket->watch, LOOP_WRITE);
    } else {
        socket->state = SOCKET_FAILED;
        socket->connect_errno = connect_errno;
        loop_task_schedule(&socket->failing);
    }
    return &socket->base;
}

int socket_stream_fd(const struct stream *stream)
{
    if (stream->ops != &socket_stream_ops)
        return -1;
    return container_of((struct stream *)stream, struct socket_stream, base)->fd;
}

/* Accepting ------------------------------------------------------------------------------------------------------- */

static void listener_rest(struct socket_listener *listener, int reason)
{
    if (!listener->short_of_descriptors)
        log_error("io", NULL, "cannot accept connections: %s", strerror(reason));
    listener->short_of_descriptors = true;
    loop_watch_want(&listener->watch, 0);
    loop_timer_start(&listener->retry, ACCEPT_RETRY_MS);
}

static void listener_retry(struct loop_timer *timer)
{
    struct socket_listener *listener = container_of(timer, struct socket_listener, retry);
    loop_watch_want(&listener->watch, LOOP_READ);
}

static void listener_ready(struct loop_watch *watch, unsigned events)
{
    struct socket_listener *listener = container_of(watch, struct socket_listener, watch);
    listener->accepting = true;
    for (int i = 0; i < ACCEPT_BATCH && !listener->doomed; i++) {
        struct sockaddr_storage from = {0};
        socklen_t length = sizeof(from);
        int fd = accept4(listener->fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN)
            break;
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            listener_rest(listener, errno);
            break;
        }
        if (fd < 0)
            continue; /* that connection died in the queue, or EINTR; the next may be well */
        listener->short_of_descriptors = false;
        struct stream *stream = socket_stream_new(listener->loop, fd);
        stream->remote = endpoint_from_sockaddr(&from); /* also if it has been reset already */
        listener->accept(listener->owner, stream);
    }
    listener->accepting = false;
    if (listener->doomed)
        mem_free(MEM_OTHER, listener);
}

struct socket_listener *socket_listener_new(struct loop *loop, int fd, listener_accept accept, void *owner)
{
    if (listen(fd, LISTEN_BACKLOG) < 0)
        return NULL;
    struct socket_listener *listener = mem_zalloc(MEM_OTHER, sizeof(*listener));
    listener->loop = loop;
    listener->fd = fd;
    listener->accept = accept;
    listener->owner = owner;
    loop_watch_init(&listener->watch, loop, fd, listener_ready);
    loop_timer_init(&listener->retry, loop, listener_retry);
    loop_watch_want(&listener->watch, LOOP_READ);
    return listener;
}

void socket_listener_free(struct socket_listener *listener)
{
    loop_timer_stop(&listener->retry);
    loop_watch_stop(&listener->watch);
    close(listener->fd);
    if (listener->accepting)
        listener->doomed = true;
    else
        mem_free(MEM_OTHER, listener);
}
