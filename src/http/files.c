/*
 * Files for browsers. What a program embeds is kept compressed only, a quarter of the size; the rare client that takes
 * no gzip gets it inflated. An entity tag is a hash of the bytes that are sent, so the two forms of a file have two, as
 * strong tags must (RFC 9110 8.8.3).
 */
#include "http/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>
#define ZLIB_CONST /* what goes in is only read */
#include <zlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

enum { FILE_MAX_BYTES = 8 << 20, FILE_PATH_MAX = 1024, TAG_MAX = 24 };

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

/* The file meant by `path`. */
static const char *name_of(const char *path)
{
    return strchr(path, '.') ? path : "index.html";
}

/* Whether a weight of "gzip;q=0.5" is more than nothing; without one, it is 1. */
static bool has_weight(const char *parameters, size_t length)
{
    const char *weight = memmem(parameters, length, "q=", 2);
    return !weight || strtod(weight + 2, NULL) > 0;
}

/* RFC 9110 12.5.3: a coding by its own name goes before "*". */
static bool takes_gzip(const struct http_request *request)
{
    const char *at = http_request_header(request, "Accept-Encoding");
    bool any = false;
    while (at && *at) {
        at += strspn(at, ", \t");
        size_t whole = strcspn(at, ",");
        size_t name = strcspn(at, ",; \t");
        if (name == strlen("gzip") && strncasecmp(at, "gzip", name) == 0)
            return has_weight(at, whole);
        if (name == 1 && *at == '*')
            any = has_weight(at, whole);
        at += whole;
    }
    return any;
}

/* Whether the client has what `tag` stands for: If-None-Match compares weakly (RFC 9110 13.1.2). */
static bool client_has(const struct http_request *request, const char *tag)
{
    const char *at = http_request_header(request, "If-None-Match");
    while (at && *at) {
        at += strspn(at, ", \t");
        if (*at == '*')
            return true;
        at += str_starts_with(at, "W/") ? 2 : 0;
        size_t length = strcspn(at, ", \t");
        if (length == strlen(tag) && memcmp(at, tag, length) == 0)
            return true;
        at += length;
    }
    return false;
}

static void reply_missing(struct http_request *request)
{
    static const char missing[] = "no such file\n";
    http_reply(request, 404, "text/plain; charset=utf-8", missing, sizeof(missing) - 1);
}

static void reply_bytes(struct http_request *request, const char *path, bool compressed, const void *bytes,
                        size_t length)
{
    char tag[TAG_MAX];
    struct str out = str_over(tag, sizeof(tag));
    str_printf(&out, "\"%016" PRIx64 "\"", (uint64_t)XXH64(bytes, length, 0));
    if (compressed)
        http_reply_header(request, "Content-Encoding", "gzip");
    http_reply_header(request, "Vary", "Accept-Encoding");
    http_reply_header(request, "ETag", tag);
    /* Names with a hash of their contents may be kept; what names them must be asked for again. */
    http_reply_header(request, "Cache-Control",
                      str_starts_with(path, "assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_header(request, "Content-Security-Policy",
                      "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
                      "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
    http_reply_header(request, "Referrer-Policy", "no-referrer");
    if (client_has(request, tag))
        http_reply(request, 304, NULL, NULL, 0);
    else
        http_reply(request, 200, type_of(path), bytes, length);
}

static void reply_inflated(struct http_request *request, const struct http_file *file)
{
    enum { WINDOW_GZIP = 15 + 16 };
    unsigned char *bytes = mem_alloc(MEM_OTHER, file->length + 1);
    z_stream stream = {
        .next_in = file->gzip,
        .avail_in = (unsigned)file->gzip_length,
        .next_out = bytes,
        .avail_out = (unsigned)file->length + 1,
    };
    CHECK(inflateInit2(&stream, WINDOW_GZIP) == Z_OK);
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == file->length);
    inflateEnd(&stream);
    reply_bytes(request, file->path, false, bytes, file->length);
    mem_free(MEM_OTHER, bytes);
}

void http_reply_embedded(struct http_request *request, const struct http_file *files, unsigned count, const char *path)
{
    const char *name = name_of(path);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(files[i].path, name) != 0)
            continue;
        if (takes_gzip(request))
            reply_bytes(request, name, true, files[i].gzip, files[i].gzip_length);
        else
            reply_inflated(request, &files[i]);
        return;
    }
    reply_missing(request);
}

static bool reply_from(struct http_request *request, const char *folder, const char *path, bool compressed)
{
    char name[FILE_PATH_MAX];
    char *bytes = NULL;
    size_t length = 0;
    struct str out = str_over(name, sizeof(name));
    str_printf(&out, "%s/%s%s", folder, path, compressed ? ".gz" : "");
    if (out.truncated || file_read(name, FILE_MAX_BYTES, &bytes, &length, NULL) < 0)
        return false;
    reply_bytes(request, path, compressed, bytes, length);
    mem_free(MEM_OTHER, bytes);
    return true;
}

void http_reply_file(struct http_request *request, const char *folder, const char *path)
{
    const char *name = name_of(path);
    if (!path_is_safe(name) ||
        !((takes_gzip(request) && reply_from(request, folder, name, true)) || reply_from(request, folder, name, false)))
        reply_missing(request);
}
