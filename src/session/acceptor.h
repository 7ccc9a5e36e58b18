/* The listening side: some local endpoints on one loop, and who an accepted connection belongs to. */
#pragma once

#include "base/err.h"
#include "io/stream.h"
#include "session/session.h"

struct acceptor;

/* Gives a connection to the session of whoever it comes from (stream_remote, stream_local); may make that session
 * (dynamic neighbours). False: a stranger; the stream is still ours, and closed at once. */
typedef bool (*acceptor_take)(void *owner, struct stream *stream);

struct acceptor *acceptor_new(struct loop *loop, struct transport *transport, acceptor_take take, void *owner);
void acceptor_free(struct acceptor *acceptor); /* accepted connections live on */

/* Listens on one more local endpoint, with every key set so far. Port 0 takes a free one. E_EXISTS: it does already;
 * others as transport listen. A key that cannot be set is logged, and the listener is not kept: it would let in who
 * has no key. */
int acceptor_listen(struct acceptor *acceptor, const struct endpoint *local, const char *bind_interface,
                    struct err *err);
int acceptor_unlisten(struct acceptor *acceptor, const struct endpoint *local); /* E_NOT_FOUND */
unsigned acceptor_count(const struct acceptor *acceptor);
struct endpoint acceptor_local(const struct acceptor *acceptor, unsigned index); /* as really bound */

/* The MD5 key for connections from `remote`/`remote_bits`, on all listeners of its family, present and future. Key
 * length 0 removes it. On an error no listener keeps the new key. */
int acceptor_set_key(struct acceptor *acceptor, const struct addr *remote, unsigned remote_bits,
                     const struct transport_options *options, struct err *err);
