#include "http/exchange.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/answer.h"
#include "io/stream.h"
#include "io/tls.h"

enum { REQUEST_MAX_BYTES = 1 << 20, READ_BYTES = 64 * 1024 };

struct http_exchange {
    struct loop *loop;
    struct stream *stream;
    struct tls_context *tls;
    struct text request;
    size_t sent;
    bool head_told;
    struct http_answer answer;
    struct loop_timer idle;
    uint32_t idle_ms;
    const struct http_exchange_ops *ops;
    void *context;
};

static void exchange_end(struct http_exchange *exchange, const char *reason)
{
    stream_want(exchange->stream, 0);
    loop_timer_stop(&exchange->idle);
    exchange->ops->done(exchange->context, reason);
}

static void exchange_write(struct http_exchange *exchange)
{
    while (exchange->sent < exchange->request.length) {
        ssize_t taken = stream_write(exchange->stream, exchange->request.bytes + exchange->sent,
                                     exchange->request.length - exchange->sent);
        if (taken == E_AGAIN) {
            stream_want(exchange->stream, LOOP_READ | LOOP_WRITE);
            return;
        }
        if (taken < 0) {
            exchange_end(exchange, strerror(errno));
            return;
        }
        exchange->sent += (size_t)taken;
    }
    stream_want(exchange->stream, LOOP_READ);
}

static void on_connected(struct stream *stream, void *owner)
{
    exchange_write(owner);
}

static void on_writable(struct stream *stream, void *owner)
{
    exchange_write(owner);
}

static void on_failed(struct stream *stream, void *owner, int system_errno)
{
    struct http_exchange *exchange = owner;
    const char *tls = exchange->tls ? tls_error(stream) : "";
    exchange_end(exchange, *tls ? tls : strerror(system_errno));
}

/* Once its status is there, and it is not an interim one. */
static void tell_head(struct http_exchange *exchange)
{
    if (exchange->head_told || exchange->answer.status < 200)
        return;
    exchange->head_told = true;
    if (exchange->ops->head)
        exchange->ops->head(exchange->context, exchange->answer.status);
}

static void on_body(void *context, const char *bytes, size_t length)
{
    struct http_exchange *exchange = context;
    tell_head(exchange);
    if (exchange->ops->body)
        exchange->ops->body(exchange->context, bytes, length);
}

static void on_readable(struct stream *stream, void *owner)
{
    struct http_exchange *exchange = owner;
    struct err err = {.text = ""};
    static const char buffer_key;
    char *buffer = loop_local(exchange->loop, &buffer_key, READ_BYTES);
    ssize_t length = stream_read(stream, buffer, READ_BYTES);
    if (length == E_AGAIN)
        return;
    loop_timer_start(&exchange->idle, exchange->idle_ms);
    int result = length > 0        ? http_answer_read(&exchange->answer, buffer, (size_t)length, &err)
                 : length == E_EOF ? http_answer_end(&exchange->answer, &err)
                                   : err_set(&err, E_IO, "%s", strerror(errno));
    tell_head(exchange);
    if (result == E_OK && !exchange->answer.whole)
        return;
    exchange_end(exchange, result == E_OK ? NULL : err.text);
}

static const struct stream_handler handler = {
    .connected = on_connected, .failed = on_failed, .readable = on_readable, .writable = on_writable};

static void idle_expired(struct loop_timer *timer)
{
    exchange_end(container_of(timer, struct http_exchange, idle), "no answer in time");
}

static void write_request(struct text *request, const struct http_wish *wish)
{
    const struct http_url *url = wish->url;
    bool ipv6 = strchr(url->host, ':') != NULL;
    text_printf(request,
                "%s %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: godwit/" GODWIT_VERSION "\r\nConnection: close\r\n",
                wish->method, wish->path, ipv6 ? "[" : "", url->host, ipv6 ? "]" : "", url->port);
    if (wish->body)
        text_printf(request, "Content-Type: application/json\r\nContent-Length: %zu\r\n", wish->length);
    text_printf(request, "%s\r\n", wish->headers);
    if (wish->body)
        text_add_n(request, wish->body, wish->length);
}

struct http_exchange *http_exchange_start(struct loop *loop, const struct http_wish *wish,
                                          const struct http_exchange_ops *ops, void *context, struct err *err)
{
    const struct transport_options options = {0};
    struct transport *tcp = transport_tcp();
    struct http_exchange *exchange = mem_zalloc(MEM_OTHER, sizeof(*exchange));
    exchange->loop = loop;
    exchange->ops = ops;
    exchange->context = context;
    exchange->idle_ms = wish->idle_ms;
    http_answer_init(&exchange->answer, on_body, exchange);
    loop_timer_init(&exchange->idle, loop, idle_expired);
    text_init(&exchange->request, REQUEST_MAX_BYTES);
    write_request(&exchange->request, wish);
    if (exchange->request.failed) {
        err_set(err, E_LIMIT, "the request is too long");
        http_exchange_free(exchange);
        return NULL;
    }
    if (tcp->ops->dial(tcp, loop, &wish->address, &options, &handler, exchange, &exchange->stream, err) < 0) {
        http_exchange_free(exchange);
        return NULL;
    }
    if (wish->tls) {
        exchange->tls = tls_context_ref(wish->tls);
        exchange->stream = tls_wrap(exchange->tls, loop, exchange->stream, &handler, exchange);
    }
    loop_timer_start(&exchange->idle, exchange->idle_ms);
    return exchange;
}

void http_exchange_free(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    loop_timer_stop(&exchange->idle);
    stream_free(exchange->stream);
    tls_context_unref(exchange->tls);
    text_release(&exchange->request);
    mem_free(MEM_OTHER, exchange);
}
