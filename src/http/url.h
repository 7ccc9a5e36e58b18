/* Where an HTTP server is. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum { HTTP_URL_PART_MAX = 512 };

struct http_url {
    bool secure;
    char host[256]; /* without brackets */
    unsigned short port;
    char path[HTTP_URL_PART_MAX]; /* with the query */
};

/* http:// or https://, no user, nothing but printable ASCII. */
int http_url_parse(const char *text, struct http_url *url, struct err *err);
