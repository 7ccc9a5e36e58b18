#include "http/post.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "io/resolve.h"
#include "io/tls.h"
#include "net/prefix.h"

struct http_post {
    struct loop *loop;
    struct http_url url;
    bool private_allowed;
    char *headers;
    char *body;
    size_t length;
    unsigned status; /* 0: not known yet */
    struct resolution *resolving;
    struct http_exchange *exchange;
    struct tls_context *tls;
    struct loop_timer limit;
    http_post_done done;
    void *context;
};

/* Of IPv6 only what is handed out to the public is taken, so what stands for IPv4 addresses (::ffff:0:0/96,
 * 64:ff9b::/96) is not; of that, not what carries IPv4 inside (Teredo, 6to4) nor what is for documents. */
bool http_post_is_private(const struct addr *addr)
{
    static const char *const ranges[] = {
        "0.0.0.0/8",    "10.0.0.0/8",     "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",    "::/3",
        "2001::/23",    "2001:db8::/32",  "2002::/16",      "3fff::/20",     "4000::/2",       "8000::/1"};
    struct prefix host = prefix_make(addr, (uint8_t)addr_bits(addr));
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        struct prefix range;
        CHECK(prefix_parse(ranges[i], false, &range) == 0);
        if (prefix_covers(&range, &host))
            return true;
    }
    return false;
}

static void post_free(struct http_post *post)
{
    if (post->resolving)
        resolve_forget(post->resolving);
    loop_timer_stop(&post->limit);
    http_exchange_free(post->exchange);
    tls_context_unref(post->tls);
    mem_free(MEM_OTHER, post->headers);
    mem_free(MEM_OTHER, post->body);
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

/* The status is all that matters: what else they have to say is not waited for. */
static void on_head(void *context, unsigned status)
{
    struct http_post *post = context;
    post->status = status;
    loop_timer_start(&post->limit, 0);
}

static void on_done(void *context, const char *reason)
{
    struct http_post *post = context;
    post_end(post, post->status, post->status || !reason ? "" : reason);
}

static const struct http_exchange_ops ops = {.head = on_head, .done = on_done};

static void limit_expired(struct loop_timer *timer)
{
    struct http_post *post = container_of(timer, struct http_post, limit);
    post_end(post, post->status, post->status ? "" : "no answer in time");
}

static void post_dial(struct http_post *post, const struct endpoint *address)
{
    struct err err = {.text = ""};
    struct http_wish wish = {
        .method = "POST",
        .url = &post->url,
        .path = post->url.path,
        .address = *address,
        .headers = post->headers,
        .body = post->body,
        .length = post->length,
        .idle_ms = HTTP_POST_LIMIT_MS,
    };
    if (!post->private_allowed && http_post_is_private(&address->addr)) {
        post_end(post, 0, "its address is a private one");
        return;
    }
    if (post->url.secure) {
        const struct tls_settings settings = {.server_name = post->url.host};
        post->tls = wish.tls = tls_context_new_client(&settings, &err);
        if (!post->tls) {
            post_end(post, 0, err.text);
            return;
        }
    }
    post->exchange = http_exchange_start(post->loop, &wish, &ops, post, &err);
    if (!post->exchange)
        post_end(post, 0, err.text);
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
    struct err err;
    *post = (struct http_post){.loop = loop,
                               .private_allowed = wish->private_allowed,
                               .headers = mem_strdup(MEM_OTHER, wish->headers),
                               .body = mem_alloc(MEM_OTHER, wish->length + 1),
                               .length = wish->length,
                               .done = done,
                               .context = context};
    memcpy(post->body, wish->body, wish->length);
    CHECK(http_url_parse(wish->url, &post->url, &err) == E_OK); /* it was checked when it was stored */
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
