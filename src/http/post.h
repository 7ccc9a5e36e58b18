/* One POST to somebody's server, on the loop: connect, send, read the status, close. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "http/url.h"
#include "io/loop.h"
#include "net/addr.h"

enum { HTTP_POST_LIMIT_MS = 10000 };

struct http_post;

struct http_post_wish {
    const char *url;
    const char *headers; /* whole lines, each with its CR and LF; may be "" */
    const char *body;    /* JSON */
    size_t length;
    bool private_allowed; /* addresses of this machine and of private networks too */
};

/* How it went: the status, or 0 and the reason. Once; not from inside http_post_start. */
typedef void (*http_post_done)(void *context, unsigned status, const char *reason);

/* Addresses of this machine, of private networks, and those that stand for others: not to be reached for a tenant who
 * could not reach them himself. It is the address that is dialed that is judged, whatever the name says next time. */
bool http_post_is_private(const struct addr *addr);

struct http_post *http_post_start(struct loop *loop, const struct http_post_wish *wish, http_post_done done,
                                  void *context);
void http_post_cancel(struct http_post *post); /* it will not be told */
