#include "http/files.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

enum { FILE_MAX_BYTES = 8 << 20, FILE_PATH_MAX = 1024 };

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
};

/* Nothing but names, none of them hidden or a way up. */
static bool path_is_safe(const char *path)
{
    bool at_start = true;
    for (const char *at = path; *at; at++) {
        if ((at_start && *at == '.') || *at == '\\' || (unsigned char)*at < ' ')
            return false;
        at_start = *at == '/';
    }
    return true;
}

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].ending, dot) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static bool reply_with(struct http_request *request, const char *folder, const char *path, bool compressed)
{
    char name[FILE_PATH_MAX];
    char *bytes = NULL;
    size_t length = 0;
    struct str out = str_over(name, sizeof(name));
    str_printf(&out, "%s/%s%s", folder, path, compressed ? ".gz" : "");
    if (out.truncated || file_read(name, FILE_MAX_BYTES, &bytes, &length, NULL) < 0)
        return false;
    if (compressed)
        http_reply_header(request, "Content-Encoding", "gzip");
    http_reply_header(request, "Vary", "Accept-Encoding");
    /* Names with a hash of their contents may be kept; what names them must be asked for again. */
    http_reply_header(request, "Cache-Control",
                      str_starts_with(path, "assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_header(request, "Content-Security-Policy",
                      "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
                      "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
    http_reply_header(request, "Referrer-Policy", "no-referrer");
    http_reply(request, 200, type_of(path), bytes, length);
    mem_free(MEM_OTHER, bytes);
    return true;
}

void http_reply_file(struct http_request *request, const char *folder, const char *path)
{
    static const char missing[] = "no such file\n";
    const char *accepts = http_request_header(request, "Accept-Encoding");
    bool gzip = accepts && strstr(accepts, "gzip");
    if (!*path || !strchr(path, '.'))
        path = "index.html";
    if (path_is_safe(path) &&
        ((gzip && reply_with(request, folder, path, true)) || reply_with(request, folder, path, false)))
        return;
    http_reply(request, 404, "text/plain; charset=utf-8", missing, sizeof(missing) - 1);
}
