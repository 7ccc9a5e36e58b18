/* Server-sent events, read as they come: the pure part of a reader (WHATWG HTML, 9.2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { HTTP_EVENT_MAX_BYTES = 1 << 20, HTTP_EVENT_ID_MAX = 32, HTTP_EVENT_TYPE_MAX = 64 };

struct http_event {
    const char *id; /* the last that was said, "" for none: what to resume after */
    const char *type;
    const char *data; /* ended by a zero */
    size_t length;
};

/* Good during the call. */
typedef void (*http_event_each)(void *context, const struct http_event *event);

struct http_events_in {
    http_event_each each;
    void *context;
    struct text line;
    struct text data;
    char id[HTTP_EVENT_ID_MAX];
    char type[HTTP_EVENT_TYPE_MAX];
    bool failed;
    bool carriage_return; /* the last octet was one: a newline behind it is the same end of line */
};

void http_events_init(struct http_events_in *in, http_event_each each, void *context);
void http_events_release(struct http_events_in *in);

/* The next octets. False: an event is longer than HTTP_EVENT_MAX_BYTES; nothing more is read. */
bool http_events_read(struct http_events_in *in, const char *bytes, size_t length);

/* The connection was lost: what is begun is forgotten, the last id is not. */
void http_events_restart(struct http_events_in *in);
