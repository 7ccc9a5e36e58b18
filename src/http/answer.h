/* What an HTTP/1.1 server answers, read as it comes: the pure part of a client (RFC 9112). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HTTP_ANSWER_LINE_MAX = 8192, HTTP_ANSWER_HEADERS_MAX = 200 };

/* A piece of the body, good during the call. */
typedef void (*http_answer_body)(void *context, const char *bytes, size_t length);

struct http_answer {
    unsigned status; /* 0: its head has not come yet */
    bool whole;      /* nothing more belongs to it */
    http_answer_body body;
    void *context;
    /* How far it is: */
    uint8_t part;
    bool chunked;
    bool has_length;
    bool bodiless; /* to a HEAD, or of a status that has none */
    uint16_t headers;
    uint64_t left; /* octets of the body, or of this chunk */
    size_t line_length;
    char line[HTTP_ANSWER_LINE_MAX];
};

void http_answer_init(struct http_answer *answer, http_answer_body body, void *context);

/* The next octets from the server. E_INVALID or E_LIMIT, with the reason: this is no answer. */
int http_answer_read(struct http_answer *answer, const char *bytes, size_t length, struct err *err);

/* The connection has ended. E_OK if the answer is whole (it may have had no other end), else E_EOF. */
int http_answer_end(struct http_answer *answer, struct err *err);
