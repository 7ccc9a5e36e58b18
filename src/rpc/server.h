/* A gRPC server on a loop: listeners, connections, calls. One thread, nothing blocks, memory bounded whatever clients
 * do.
 *
 * A call begins when its first whole message is there and ends exactly once: the handler calls rpc_call_finish (or
 * rpc_call_reply), or `cancelled` is called because nobody waits any more (the client went, the deadline passed, the
 * server shuts down). After either the handle is gone. Between the two the handler may keep it and answer later.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "io/loop.h"
#include "io/stream.h"
#include "rpc/rpc.h"

struct rpc_server;
struct rpc_call;

/* What answers at one path. Constant; a table of these is registered. Calls that do not apply to the kind are NULL. */
struct rpc_method {
    const char *path; /* "/package.Service/Method" */
    enum rpc_kind kind;
    bool reads_only; /* allowed through listeners that do not grant writing */

    /* A request message, good during the call. Unary and server stream: once. Client stream: each as it arrives,
     * whether or not the client ever says that it has finished. */
    void (*message)(struct rpc_call *call, const uint8_t *bytes, size_t length);

    /* Client stream: that was the last message. Not called when the client just goes: see `cancelled`. */
    void (*end)(struct rpc_call *call);

    /* Server stream: send while rpc_call_has_room, spending less than a millisecond. Called first right after
     * `message`. True: ask again when there is room. False: nothing to send now, ask after rpc_call_wake.
     * (After rpc_call_finish the answer does not matter.) */
    bool (*more)(struct rpc_call *call);

    /* Nobody waits any more; give up what belongs to this call. May be NULL. */
    void (*cancelled)(struct rpc_call *call);
};

/* Who called. */
struct rpc_peer {
    struct endpoint address; /* ADDR_NONE for UNIX sockets */
    bool local;              /* a UNIX socket: uid and pid are known */
    uid_t uid;
    pid_t pid;
    char certificate[256]; /* common name of a verified client certificate; "" = none */
};

/* 0 in a field: the default given behind it. */
struct rpc_limits {
    uint32_t connections;      /* 128. The longest idle one makes room for a new one; without an idle one the new
                                  one is closed. */
    uint32_t streams;          /* 100 calls at a time per connection */
    uint32_t preface_ms;       /* 10,000 until the client has said that it speaks HTTP/2 */
    uint32_t request_ms;       /* 30,000 from the first byte of a request to its last (client streams excepted) */
    uint32_t idle_ms;          /* 300,000 without a call until the connection is closed, in an orderly way */
    uint32_t message_bytes;    /* RPC_MESSAGE_MAX_BYTES in one incoming message */
    uint32_t assembling_bytes; /* 16 MiB in incoming messages not yet complete, over all connections */
};

struct rpc_server *rpc_server_new(struct loop *loop, const struct rpc_limits *limits); /* NULL = all defaults */

/* Cancels all calls, closes everything at once. */
void rpc_server_free(struct rpc_server *server);

/* `methods` is kept, not copied. `context` is what rpc_call_context gives their handlers. */
void rpc_server_register(struct rpc_server *server, const struct rpc_method *methods, size_t count, void *context);

struct tls_context;

struct rpc_listen_options {
    struct tls_context *tls; /* NULL = in the clear. Made with alpn "h2"; a reference is taken */
    bool read_only;          /* refuse methods that are not `reads_only` */
};

/* Listens on `local` (transport_tcp() in the daemon). `bound` (may be NULL) gets the real port. */
int rpc_server_listen(struct rpc_server *server, struct transport *transport, const struct endpoint *local,
                      const struct rpc_listen_options *options, struct endpoint *bound, struct err *err);

/* Listens on a UNIX socket at `path` with `mode`. Replaces a socket that nobody listens on any more. */
int rpc_server_listen_unix(struct rpc_server *server, const char *path, mode_t mode,
                           const struct rpc_listen_options *options, struct err *err);

/* Listeners that use `old` give connections to come `new`: certificates were renewed. */
void rpc_server_replace_tls(struct rpc_server *server, const struct tls_context *old, struct tls_context *new);

/* Serves a connection that came otherwise. Takes the stream. */
void rpc_server_adopt(struct rpc_server *server, struct stream *stream, const struct rpc_peer *peer, bool read_only);

/* Takes no new connections and calls, lets running ones finish for `limit_ms` (streams that wait for events are ended
 * at once, as unavailable), then ends the rest. `done` may be called before this returns, and at most once. */
void rpc_server_drain(struct rpc_server *server, uint32_t limit_ms, void (*done)(void *context), void *context);

struct rpc_server_counters {
    uint32_t connections;
    uint32_t calls;
    uint64_t accepted;
    uint64_t refused;        /* connections closed because of the limit */
    uint64_t calls_started;  /* handed to a handler */
    uint64_t calls_failed;   /* ended with another status than OK, by anyone */
    uint64_t buffered_bytes; /* answers not yet taken by HTTP/2, and messages not yet complete */
};
void rpc_server_counters(const struct rpc_server *server, struct rpc_server_counters *counters);

/* Calls ------------------------------------------------------------------------------------------------------- */

void *rpc_call_context(const struct rpc_call *call); /* as registered */
const struct rpc_method *rpc_call_method(const struct rpc_call *call);
const struct rpc_peer *rpc_call_peer(const struct rpc_call *call);
void rpc_call_set_state(struct rpc_call *call, void *state); /* the handler's, NULL at first */
void *rpc_call_state(const struct rpc_call *call);

/* Sends one message. E_LIMIT: it is longer than RPC_MESSAGE_MAX_BYTES, or so much is waiting already that only a
 * handler that never asked rpc_call_has_room can come here. Nothing was sent then. */
int rpc_call_send(struct rpc_call *call, const void *message, size_t length);

/* The same without a copy: room for a message of exactly `length` bytes, to be filled before anything else is done
 * with the call. NULL where rpc_call_send says E_LIMIT. */
uint8_t *rpc_call_reserve(struct rpc_call *call, size_t length);

/* May more be sent now? True again when the client has taken what is there. */
bool rpc_call_has_room(const struct rpc_call *call);

/* Server streams: `more` has something to send again. Harmless at any time of a call. */
void rpc_call_wake(struct rpc_call *call);

/* Ends the call. `text` (NULL = "") is for the client's user. */
void rpc_call_finish(struct rpc_call *call, enum rpc_code code, const char *text);

/* Sends one message and ends the call well: the usual answer of unary methods and client streams. */
void rpc_call_reply(struct rpc_call *call, const void *message, size_t length);
