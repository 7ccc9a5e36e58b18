#include "http/post.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/resolve.h"
#include "io/stream.h"
#include "io/tls.h"
#include "net/prefix.h"

enum { POST_REQUEST_MAX_BYTES = 1 << 20, POST_STATUS_BYTES = 64 };

struct http_post {
    struct loop *loop;
    struct http_url url;
    bool private_allowed;
    struct buf request;
    size_t sent;
    char answer[POST_STATUS_BYTES];
    size_t answer_length;
    struct resolution *resolving;
    struct stream *stream;
    struct tls_context *tls;
    struct loop_timer limit;
    http_post_done done;
    void *context;
};

/* Addresses that a tenant could not reach himself are not reached for him. */
static bool is_private(const struct addr *addr)
{
    static const char *const ranges[] = {"0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10",  "127.0.0.0/8",
                                         "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15",
                                         "224.0.0.0/3",    "::/127",        "fc00::/7",       "fe80::/10",
                                         "ff00::/8",       "64:ff9b::/96",  "2002::/16"};
    struct prefix host = prefix_make(addr, (uint8_t)addr_bits(addr));
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        struct prefix range;
        if (prefix_parse(ranges[i], false, &range) == 0 && prefix_covers(&range, &host))
            return true;
    }
    return false;
}

static void post_free(struct http_post *post)
{
    if (post->resolving)
        resolve_forget(post->resolving);
    loop_timer_stop(&post->limit);
    stream_free(post->stream);
    tls_context_unref(post->tls);
    buf_release(&post->request);
    mem_free(MEM_OTHER, post);
}

static void post_end(struct http_post *post, unsigned status, const char *reason)
{
    http_post_done done = post->done;
    void *context = post->context;
    char text[160];
    snprintf(text, sizeof(text), "%s", reason);
    post_free(post);
    done(context, status, text);
}

/* "HTTP/1.1 204 No Content": the number. */
static unsigned status_of(const char *answer)
{
    uint64_t number = 0;
    char digits[4] = "";
    if (!str_starts_with(answer, "HTTP/1.") || strlen(answer) < 12)
        return 0;
    memcpy(digits, answer + 9, 3);
    return str_parse_u64(digits, 100, 599, &number) == 0 ? (unsigned)number : 0;
}

static void post_write(struct http_post *post)
{
    while (post->sent < post->request.length) {
        ssize_t taken = stream_write(post->stream, post->request.bytes + post->sent, post->request.length - post->sent);
        if (taken == E_AGAIN) {
            stream_want(post->stream, LOOP_READ | LOOP_WRITE);
            return;
        }
        if (taken < 0) {
            post_end(post, 0, strerror(errno));
            return;
        }
        post->sent += (size_t)taken;
    }
    stream_want(post->stream, LOOP_READ);
}

static void on_connected(struct stream *stream, void *owner)
{
    post_write(owner);
}

static void on_writable(struct stream *stream, void *owner)
{
    post_write(owner);
}

static void on_failed(struct stream *stream, void *owner, int system_errno)
{
    struct http_post *post = owner;
    const char *tls = post->tls ? tls_error(stream) : "";
    post_end(post, 0, *tls ? tls : strerror(system_errno));
}

static void on_readable(struct stream *stream, void *owner)
{
    struct http_post *post = owner;
    ssize_t length =
        stream_read(stream, post->answer + post->answer_length, POST_STATUS_BYTES - 1 - post->answer_length);
    if (length == E_AGAIN)
        return;
    if (length > 0)
        post->answer_length += (size_t)length;
    bool whole = memchr(post->answer, '\n', post->answer_length) || post->answer_length == POST_STATUS_BYTES - 1;
    if (!whole && length > 0)
        return;
    unsigned status = status_of(post->answer);
    post_end(post, status, status ? "" : "no HTTP answer");
}

static const struct stream_handler handler = {
    .connected = on_connected, .failed = on_failed, .readable = on_readable, .writable = on_writable};

static void limit_expired(struct loop_timer *timer)
{
    post_end(container_of(timer, struct http_post, limit), 0, "no answer in time");
}

static void post_dial(struct http_post *post, const struct endpoint *address)
{
    const struct transport_options options = {0};
    struct err err = {.text = ""};
    struct transport *tcp = transport_tcp();
    if (!post->private_allowed && is_private(&address->addr)) {
        post_end(post, 0, "its address is a private one");
        return;
    }
    if (tcp->ops->dial(tcp, post->loop, address, &options, &handler, post, &post->stream, &err) < 0) {
        post_end(post, 0, err.text);
        return;
    }
    if (post->url.secure) {
        const struct tls_settings settings = {.server_name = post->url.host};
        post->tls = tls_context_new_client(&settings, &err);
        if (!post->tls) {
            post_end(post, 0, err.text);
            return;
        }
        post->stream = tls_wrap(post->tls, post->loop, post->stream, &handler, post);
    }
}

static void resolved(void *context, const struct endpoint *addresses, int count, const char *reason)
{
    struct http_post *post = context;
    post->resolving = NULL;
    if (count > 0)
        post_dial(post, &addresses[0]);
    else
        post_end(post, 0, reason);
}

struct http_post *http_post_start(struct loop *loop, const struct http_post_wish *wish, http_post_done done,
                                  void *context)
{
    struct http_post *post = mem_zalloc(MEM_OTHER, sizeof(*post));
    char head[HTTP_URL_PART_MAX * 3];
    struct err err;
    *post =
        (struct http_post){.loop = loop, .private_allowed = wish->private_allowed, .done = done, .context = context};
    CHECK(http_url_parse(wish->url, &post->url, &err) == E_OK); /* it was checked when it was stored */
    bool ipv6 = strchr(post->url.host, ':') != NULL;
    struct str out = str_over(head, sizeof(head));
    str_printf(&out,
               "POST %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: godwit-fleet/" GODWIT_VERSION
               "\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
               post->url.path, ipv6 ? "[" : "", post->url.host, ipv6 ? "]" : "", post->url.port, wish->length,
               wish->headers);
    buf_init(&post->request, POST_REQUEST_MAX_BYTES);
    buf_put(&post->request, head, out.length);
    buf_put(&post->request, wish->body, wish->length);
    loop_timer_init(&post->limit, loop, limit_expired);
    loop_timer_start(&post->limit, HTTP_POST_LIMIT_MS);
    post->resolving = resolve_start(loop, post->url.host, post->url.port, resolved, post);
    if (!post->resolving)
        loop_timer_start(&post->limit, 0);
    return post;
}

void http_post_cancel(struct http_post *post)
{
    post_free(post);
}
