#include "http/url.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

int http_url_parse(const char *text, struct http_url *url, struct err *err)
{
    *url = (struct http_url){.port = 80};
    for (const char *at = text; *at; at++) {
        if (*at <= ' ' || *at > '~')
            return err_set(err, E_INVALID, "a URL has only printable ASCII");
    }
    url->secure = str_starts_with(text, "https://");
    if (!url->secure && !str_starts_with(text, "http://"))
        return err_set(err, E_INVALID, "must begin with http:// or https://");
    const char *host = text + (url->secure ? 8 : 7);
    const char *path = host + strcspn(host, "/?#");
    const char *end = path;
    const char *port = NULL;
    if (host[0] == '[') {
        end = memchr(host, ']', (size_t)(path - host));
        if (!end || (end + 1 != path && end[1] != ':'))
            return err_set(err, E_INVALID, "the host is wrong");
        port = end + 1 != path ? end + 2 : NULL;
        host++;
    } else if ((port = memchr(host, ':', (size_t)(path - host)))) {
        end = port++;
    }
    size_t length = (size_t)(end - host);
    if (length == 0 || length >= sizeof(url->host) || memchr(host, '@', length))
        return err_set(err, E_INVALID, "the host is wrong");
    memcpy(url->host, host, length);
    uint64_t number = url->secure ? 443 : 80;
    char digits[8] = "";
    if (port) {
        snprintf(digits, sizeof(digits), "%.*s", path - port < 7 ? (int)(path - port) : 7, port);
        if (str_parse_u64(digits, 1, UINT16_MAX, &number) < 0)
            return err_set(err, E_INVALID, "the port is wrong");
    }
    url->port = (unsigned short)number;
    length = strcspn(path, "#");
    if (length + 2 > sizeof(url->path))
        return err_set(err, E_INVALID, "the URL is too long");
    snprintf(url->path, sizeof(url->path), "%s%.*s", *path == '/' ? "" : "/", (int)length, path);
    return E_OK;
}
