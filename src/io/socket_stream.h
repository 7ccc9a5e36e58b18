/* Streams and listeners over kernel sockets: what TCP and UNIX sockets have in common. Internal to io/. */
#pragma once

#include "io/stream.h"

/* Both take over the descriptor, which must be a non-blocking stream socket. */
struct stream *socket_stream_new(struct loop *loop, int fd);

/* For a socket on which connect() has just returned; `connect_errno` is 0 or its errno. Reports connected or failed
 * in a later turn, whatever it was. */
struct stream *socket_stream_new_connecting(struct loop *loop, int fd, int connect_errno);

/* The descriptor, or -1 if this stream is not over a socket. It stays the stream's. */
int socket_stream_fd(const struct stream *stream);

struct socket_listener {
    struct listener base;
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer retry;
    int fd;
    listener_accept accept;
    void *owner;
    bool short_of_descriptors;
    bool accepting; /* the owner is being given a stream */
    bool doomed;    /* freed meanwhile; the memory waits until he has it */
    void *extra;    /* for the kind of socket */
};

/* Takes over a bound socket and makes it listen. NULL if the system refuses (errno; the descriptor is still the
 * caller's). `base.free` and `base.local` are the caller's to fill. */
struct socket_listener *socket_listener_new(struct loop *loop, int fd, listener_accept accept, void *owner);
void socket_listener_free(struct socket_listener *listener); /* closes the descriptor */
