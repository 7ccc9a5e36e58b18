/* An HTTP/1.1 server on a loop: requests come whole and bounded, answers go now, later, or as a stream without end.
 * TLS where certificates are given. One thread. What there may be of connections, and how slow they may be, is in
 * http/connections.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "io/loop.h"
#include "net/addr.h"

struct http_server;
struct http_request;

enum {
    HTTP_BODY_MAX_BYTES = 1 << 20,
    HTTP_HELD_MAX_BYTES = 256 << 20,       /* bodies and answers under way, of all requests together */
    HTTP_HELD_BODIES_MAX_BYTES = 32 << 20, /* above it bodies find no room: answers must */
};

struct http_server_options {
    struct endpoint local;        /* port 0: any */
    const char *certificate_file; /* PEM, with key_file; NULL: in the clear */
    const char *key_file;
    /* A whole request. Answer it, now or later, exactly once. */
    void (*handle)(void *context, struct http_request *request);
    void *context;
};

int http_server_new(struct loop *loop, const struct http_server_options *options, struct http_server **server,
                    struct err *err);
void http_server_free(struct http_server *server); /* NULL is fine; requests that wait are told `gone` */
struct endpoint http_server_local(const struct http_server *server);
/* Serves a connection that was accepted elsewhere. Takes the descriptor, whatever happens. */
void http_server_adopt(struct http_server *server, int fd, const struct endpoint *remote);

/* Requests; texts are good until it is answered. */
const char *http_request_method(const struct http_request *request);
const char *http_request_path(const struct http_request *request);                     /* decoded; as sent otherwise */
const char *http_request_query(const struct http_request *request, const char *name);  /* NULL: not there */
const char *http_request_header(const struct http_request *request, const char *name); /* NULL: not there */
const char *http_request_body(const struct http_request *request, size_t *length);     /* never NULL */
const char *http_request_remote(const struct http_request *request);                   /* address, as text */

/* For who answers later: `gone` if nobody waits any more; then it must not be answered. */
void http_request_wait(struct http_request *request, void (*gone)(void *context), void *context);

/* One more header of the answer to come; `name` and `value` are copied. */
void http_reply_header(struct http_request *request, const char *name, const char *value);
/* The answer; `type` NULL: no body, whatever `length`. The body is copied. It becomes a 503 if so much is under way
 * already that there is no room for it. */
void http_reply(struct http_request *request, unsigned status, const char *type, const void *body, size_t length);

/* An answer without a known end. */
struct http_stream_ops {
    /* Up to `capacity` bytes to send; 0: nothing now, ask after http_stream_wake; negative: the end. */
    ssize_t (*pull)(void *context, char *to, size_t capacity);
    void (*closed)(void *context); /* once, always: release */
};
void http_reply_stream(struct http_request *request, const char *type, const struct http_stream_ops *ops,
                       void *context);
void http_stream_wake(struct http_request *request); /* until `closed` */
