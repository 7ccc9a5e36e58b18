/* An HTTP/2 session on a byte stream. Bytes that arrive go into libnghttp2; frames it wants to send are gathered
 * into one buffer a turn and written when the stream takes them. Nothing more is asked of libnghttp2 while that buffer
 * has not left: this is where a slow reader is felt first.
 *
 * The owner embeds the link, makes the session, and is told once when the connection is over.
 */
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#include "base/buf.h"
#include "io/loop.h"
#include "io/stream.h"

enum {
    RPC_STREAMS_MAX = 100,
    RPC_HEADER_LIST_MAX_BYTES = 16 << 10,
    RPC_STREAM_WINDOW_BYTES = 256 << 10,
    RPC_CONNECTION_WINDOW_BYTES = 1 << 20,
};

struct rpc_link {
    struct stream *stream;
    nghttp2_session *session;
    struct loop_task flush;
    struct buf out;
    size_t out_written;
    bool blocked;              /* the stream takes no more */
    struct mono_time heard_at; /* when something arrived last */
    /* The connection is over; `reason` in words. Called from the loop only; the owner may release the link. */
    void (*lost)(struct rpc_link *link, const char *reason);
    void (*secured)(struct rpc_link *link); /* the TLS handshake is through; may be NULL */
};

/* Takes the stream. The session is made by the owner, with rpc_link_memory. */
void rpc_link_init(struct rpc_link *link, struct loop *loop, struct stream *stream,
                   void (*lost)(struct rpc_link *link, const char *reason));
void rpc_link_start(struct rpc_link *link); /* with the session in place: reads, and sends what was submitted */
void rpc_link_release(struct rpc_link *link);

/* To be called after anything was submitted to the session, from wherever. */
void rpc_link_flush_soon(struct rpc_link *link);

/* Counted memory for sessions. */
nghttp2_mem *rpc_link_memory(void);

/* A header of constant text: not copied. */
nghttp2_nv rpc_header(const char *name, const char *value);
/* A header whose value is copied when it is submitted. */
nghttp2_nv rpc_header_copied(const char *name, const char *value);
