/* A byte stream to somebody: TCP, TLS over TCP, a UNIX socket, or memory in tests. And the ways to get one.
 *
 * A stream belongs to one loop and one owner. It never calls back from inside a call of its owner, and never after
 * stream_free.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/err.h"
#include "io/loop.h"
#include "net/addr.h"

struct stream;

/* What the owner is told; NULL members are not called. Errors and the end of the stream are found by reading or
 * writing: they count as readable and writable. After `failed` nothing more is told; free the stream. */
struct stream_handler {
    void (*connected)(struct stream *stream, void *owner);                /* after a dial only */
    void (*failed)(struct stream *stream, void *owner, int system_errno); /* a dial that came to nothing */
    void (*readable)(struct stream *stream, void *owner);
    void (*writable)(struct stream *stream, void *owner);
};

/* Who the owner is; both may be changed at any time (an accepted stream finds its session later). */
void stream_set_owner(struct stream *stream, const struct stream_handler *handler, void *owner);

/* Bytes read (> 0), E_AGAIN, E_EOF or E_IO (errno holds the reason). */
ssize_t stream_read(struct stream *stream, void *bytes, size_t length);

/* Bytes taken (> 0, possibly fewer than offered), E_AGAIN or E_IO. */
ssize_t stream_writev(struct stream *stream, const struct iovec *pieces, int count);
ssize_t stream_write(struct stream *stream, const void *bytes, size_t length); /* one piece */

/* Of what was written, the system holds at most so much that it has not sent yet; 0: as much as it likes. Until then
 * the stream takes no more. Where that is not to be had nothing happens. */
void stream_limit_unsent(struct stream *stream, uint32_t bytes);

/* Which of readable/writable to be told. A new stream is told nothing. Level-triggered. What is wanted while still
 * connecting counts from `connected` on. */
void stream_want(struct stream *stream, unsigned loop_events);

/* Ends of the connection; ADDR_NONE before it is connected, or for UNIX sockets. */
struct endpoint stream_local(const struct stream *stream);
struct endpoint stream_remote(const struct stream *stream);

/* Moves a stream over a socket to another loop: detach on the old one's thread, attach on the new one's. In between it
 * belongs to nobody, and nothing may be called. What the owner wanted to be told is forgotten. */
void stream_detach(struct stream *stream);
void stream_attach(struct stream *stream, struct loop *loop);

/* Closes; what was written is still delivered by the kernel. NULL is fine. */
void stream_free(struct stream *stream);

/* Transport: where streams come from. TCP in the daemon, a simulated network in tests. ----------------------- */

enum { TCP_MD5_KEY_MAX = 80 };

/* Options of one connection, for dialing and for accepting. All zero = system defaults. */
struct transport_options {
    struct endpoint local;   /* bind here first; ADDR_NONE: any; port 0: any */
    char bind_interface[16]; /* SO_BINDTODEVICE; "" = none */
    uint8_t ttl;             /* outgoing TTL/hop limit; 0 = system default */
    uint8_t ttl_min;         /* smallest accepted TTL (RFC 5082); 0 = any */
    uint8_t tos;             /* type of service, traffic class; 0: CS6, what routers mark routing protocols with */
    uint16_t mss;            /* TCP_MAXSEG; 0 = system default */
    uint8_t md5_key_length;  /* 0 = none (RFC 2385) */
    char md5_key[TCP_MD5_KEY_MAX];
};

struct transport;
struct listener;

/* An accepted stream is the callee's from then on. */
typedef void (*listener_accept)(void *owner, struct stream *stream);

struct transport_ops {
    /* Starts connecting. E_OK: `*stream` exists and will report connected or failed, also where the system knows
     * the outcome at once. E_INVALID, E_IO: the options cannot be had (no such local address, no MD5 here). */
    int (*dial)(struct transport *transport, struct loop *loop, const struct endpoint *remote,
                const struct transport_options *options, const struct stream_handler *handler, void *owner,
                struct stream **stream, struct err *err);
    int (*listen)(struct transport *transport, struct loop *loop, const struct endpoint *local,
                  const char *bind_interface, listener_accept accept, void *owner, struct listener **listener,
                  struct err *err);
    void (*listener_free)(struct listener *listener); /* same as listener_free() below */
    /* What the listener must know of a peer before its SYN arrives: an MD5 key for `remote` (key length 0 removes
     * it). `remote_bits` < full length makes it a prefix key (TCP_MD5SIG_EXT). */
    int (*listener_set_key)(struct listener *listener, const struct addr *remote, unsigned remote_bits,
                            const struct transport_options *options, struct err *err);
    /* Applies TTL, TTL security, type of service and MSS to an accepted stream. */
    int (*apply)(struct stream *stream, const struct transport_options *options, struct err *err);
};

struct transport {
    const struct transport_ops *ops;
};

struct transport *transport_tcp(void); /* a constant of the process */

/* A listener's bound endpoint (port 0 in the request becomes the real one). ADDR_NONE for a UNIX socket. */
struct endpoint listener_local(const struct listener *listener);
void listener_free(struct listener *listener); /* any kind; NULL is fine; accepted streams live on */

/* For implementations only -------------------------------------------------------------------------------------- */

struct stream_ops {
    ssize_t (*read)(struct stream *stream, void *bytes, size_t length);
    ssize_t (*writev)(struct stream *stream, const struct iovec *pieces, int count);
    void (*want)(struct stream *stream, unsigned loop_events);
    void (*limit_unsent)(struct stream *stream, uint32_t bytes); /* NULL: not to be had */
    void (*free)(struct stream *stream);
    void (*detach)(struct stream *stream); /* NULL, both: cannot be moved */
    void (*attach)(struct stream *stream, struct loop *loop);
};

struct stream {
    const struct stream_ops *ops;
    const struct stream_handler *handler;
    void *owner;
    struct endpoint local;
    struct endpoint remote;
};

struct listener {
    void (*free)(struct listener *listener);
    struct endpoint local;
};

/* Tell the owner, if he listens. The stream may be gone afterwards. */
void stream_tell_connected(struct stream *stream);
void stream_tell_failed(struct stream *stream, int system_errno);
void stream_tell_readable(struct stream *stream);
void stream_tell_writable(struct stream *stream);
