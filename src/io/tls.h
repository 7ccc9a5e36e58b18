/* TLS over any stream, as a stream: version 1.2 or later, always verified where there is something to verify with.
 *
 * A context belongs to one thread. It is shared: streams keep theirs, so new certificates are a new context for the
 * connections to come.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "io/stream.h"

struct tls_context;

/* Files are PEM. Strings need to live only during the call. */
struct tls_settings {
    const char *certificate_file; /* with the chain to present; a client may have none */
    const char *key_file;         /* unencrypted */
    const char *ca_file;          /* server: clients must present a certificate signed by these (mTLS), NULL: none asked
                                     for; client: who may have signed the server's, NULL: the system's authorities */
    const char *server_name;      /* client: whose certificate it must be, a host name or an address; required */
    const char *alpn;             /* the one protocol offered or accepted ("h2"); NULL: no ALPN */
};

/* NULL with `err` filled if files cannot be read or do not fit each other. */
struct tls_context *tls_context_new_server(const struct tls_settings *settings, struct err *err);
struct tls_context *tls_context_new_client(const struct tls_settings *settings, struct err *err);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context); /* NULL is fine */

enum { TLS_HANDSHAKE_LIMIT_MS = 10000 };

/* Takes over `raw` (connected, or still connecting) and is a stream of its own from then on; freeing it frees `raw`.
 * The handshake runs inside; `connected` comes when it is through, on either side, and `failed` if it is not, within
 * TLS_HANDSHAKE_LIMIT_MS of the connection (EPROTO: see tls_error). Bytes that `raw` has not taken when the stream is
 * freed are lost. The end of `raw` without TLS's own goodbye reads as E_IO, ECONNRESET. */
struct stream *tls_wrap(struct tls_context *context, struct loop *loop, struct stream *raw,
                        const struct stream_handler *handler, void *owner);

/* About a stream made by tls_wrap: */
const char *
tls_error(const struct stream *stream);            /* why it failed, for humans; "" if it did not, or is another kind */
bool tls_alpn_agreed(const struct stream *stream); /* both sides named the context's protocol */

/* The common name in the peer's verified certificate. E_OK, E_NOT_FOUND (none), E_LIMIT (does not fit). */
int tls_peer_name(const struct stream *stream, char *text, size_t capacity);
