/* One request to an HTTP server and its answer, on the loop, over a connection of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "http/url.h"
#include "io/loop.h"
#include "net/addr.h"

struct http_exchange;
struct tls_context;

struct http_wish {
    const char *method;
    const struct http_url *url; /* its host and port are named; its path is not used */
    const char *path;           /* what is asked for, with the query */
    struct endpoint address;    /* who is asked */
    struct tls_context *tls;    /* for https://; a reference is taken */
    const char *headers;        /* whole lines, each with its CR and LF; may be "" */
    const char *body;           /* JSON; NULL: none */
    size_t length;
    uint32_t idle_ms; /* the longest silence, the connection's making included */
};

/* None may free the exchange but `done`. NULL, of the first two: not wanted. */
struct http_exchange_ops {
    void (*head)(void *context, unsigned status);                  /* at once when it is known */
    void (*body)(void *context, const char *bytes, size_t length); /* pieces */
    /* It is over: `reason` is NULL after a whole answer. Once, and never from inside http_exchange_start. */
    void (*done)(void *context, const char *reason);
};

/* NULL with `err` filled if not even the connection can be begun. */
struct http_exchange *http_exchange_start(struct loop *loop, const struct http_wish *wish,
                                          const struct http_exchange_ops *ops, void *context, struct err *err);
void http_exchange_free(struct http_exchange *exchange); /* at any time; NULL is fine */
