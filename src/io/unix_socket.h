/* Streams over UNIX sockets: for the management interface, where the kernel says who is at the other end. */
#pragma once

#include <sys/types.h>

#include "io/stream.h"

/* Listens on `path`, with exactly the permissions `mode`. A socket file nobody listens on any more is replaced;
 * E_EXISTS if somebody does, or if the path is something else. The file goes away with the listener, unless it has
 * become another's meanwhile. NULL with `err` filled otherwise; free with listener_free. */
struct listener *unix_listen(struct loop *loop, const char *path, mode_t mode, listener_accept accept, void *owner,
                             struct err *err);

/* Starts connecting; `connected` or `failed` follows. E_OK; E_INVALID if the path is too long; E_IO. */
int unix_dial(struct loop *loop, const char *path, const struct stream_handler *handler, void *owner,
              struct stream **stream, struct err *err);

struct unix_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/* Who connected, as of then. E_OK, or E_UNSUPPORTED if the stream is not a UNIX socket. */
int unix_peer_of(const struct stream *stream, struct unix_peer *peer);
