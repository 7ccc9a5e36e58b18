/* A few pages over HTTP/1.1, to be read only, made while they are read: for a process that has other things to do.
 *
 * Who reads is bounded in number and in time: PAGE_READERS_MAX at once, each with a request of PAGE_REQUEST_MAX_BYTES
 * within PAGE_REQUEST_MS and an answer within PAGE_ANSWER_MS. One request a connection. A page is asked for its next
 * piece only when the one before has left, and all readers together for one piece in a turn of the loop.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/tls.h"

enum {
    PAGE_READERS_MAX = 16,
    PAGE_REQUEST_MAX_BYTES = 8 << 10,
    PAGE_REQUEST_MS = 10 * 1000,
    PAGE_ANSWER_MS = 60 * 1000,
    PAGE_PIECE_MAX_BYTES = 1 << 20, /* a page that makes more at once is cut off */
};

struct page {
    const char *path; /* "/metrics" */
    const char *type;
    void *(*open)(void *context); /* somebody reads: what `more` and `close` get */
    /* Adds the next piece, within a millisecond; it may be empty, and it is asked again. False: that was the last. */
    bool (*more)(void *reading, struct text *out);
    void (*close)(void *reading);
};

struct page_server_options {
    struct transport *transport;
    struct endpoint local;   /* port 0: any */
    struct tls_context *tls; /* a reference is taken; NULL: in the clear */
    const struct page *pages;
    unsigned page_count;
    void *context;
};

struct page_server;

int page_server_new(struct loop *loop, const struct page_server_options *options, struct page_server **server,
                    struct err *err);
void page_server_free(struct page_server *server); /* NULL is fine */
struct endpoint page_server_local(const struct page_server *server);
void page_server_set_tls(struct page_server *server, struct tls_context *tls); /* for connections to come */
