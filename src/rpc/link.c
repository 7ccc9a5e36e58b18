#include "rpc/link.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/tls.h"

enum {
    LINK_READ_BYTES = 32 << 10,
    /* A frame more (at most 16 kB and 9) and the buffer is 64 kB. */
    LINK_FILL_BYTES = 47 << 10,
    LINK_OUT_MAX_BYTES = 64 << 10,
};

static void *memory_malloc(size_t bytes, void *user)
{
    return mem_alloc(MEM_RPC, bytes);
}

static void memory_free(void *memory, void *user)
{
    mem_free(MEM_RPC, memory);
}

static void *memory_calloc(size_t count, size_t bytes, void *user)
{
    size_t total = 0;
    return __builtin_mul_overflow(count, bytes, &total) ? NULL : mem_zalloc(MEM_RPC, total);
}

static void *memory_realloc(void *memory, size_t bytes, void *user)
{
    return mem_realloc(MEM_RPC, memory, bytes);
}

nghttp2_mem *rpc_link_memory(void)
{
    /* The library's prototype lacks a const; it copies the structure. */
    static const nghttp2_mem memory = {
        .malloc = memory_malloc,
        .free = memory_free,
        .calloc = memory_calloc,
        .realloc = memory_realloc,
    };
    return (nghttp2_mem *)(uintptr_t)&memory;
}

static nghttp2_nv header_with(const char *name, const char *value, uint8_t flags)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = strlen(value),
        .flags = flags,
    };
}

nghttp2_nv rpc_header(const char *name, const char *value)
{
    return header_with(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

nghttp2_nv rpc_header_copied(const char *name, const char *value)
{
    return header_with(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

static size_t out_left(const struct rpc_link *link)
{
    return link->out.length - link->out_written;
}

/* Moves frames into the empty buffer. False: the session is beyond use. */
static bool link_fill(struct rpc_link *link)
{
    buf_clear(&link->out);
    link->out_written = 0;
    while (link->out.length < LINK_FILL_BYTES) {
        const uint8_t *bytes = NULL;
        ssize_t length = nghttp2_session_mem_send(link->session, &bytes);
        if (length < 0)
            return false;
        if (length == 0)
            break;
        buf_put(&link->out, bytes, (size_t)length);
    }
    return !link->out.failed;
}

/* Writes what is in the buffer. E_OK: all of it went. */
static int link_write(struct rpc_link *link)
{
    while (out_left(link) > 0) {
        struct iovec piece = {.iov_base = link->out.bytes + link->out_written, .iov_len = out_left(link)};
        ssize_t written = stream_writev(link->stream, &piece, 1);
        if (written < 0)
            return (int)written;
        link->out_written += (size_t)written;
    }
    return E_OK;
}

/* One buffer; true if another is due next turn. */
static bool link_flush(struct loop_task *task)
{
    struct rpc_link *link = container_of(task, struct rpc_link, flush);
    /* What was submitted while the stream was blocked is not in the buffer. */
    bool more = out_left(link) > 0;
    if (!more && !link_fill(link)) {
        link->lost(link, "HTTP/2 error");
        return false;
    }
    more = more || link->out.length >= LINK_FILL_BYTES;
    int result = link_write(link);
    if (result == E_AGAIN) {
        link->blocked = true;
        stream_want(link->stream, LOOP_READ | LOOP_WRITE);
        return false;
    }
    if (result < 0) {
        link->lost(link, strerror(errno));
        return false;
    }
    if (more)
        return true;
    buf_release(&link->out);
    link->out_written = 0;
    if (!nghttp2_session_want_read(link->session) && !nghttp2_session_want_write(link->session))
        link->lost(link, "closed after GOAWAY");
    return false;
}

static void link_writable(struct stream *stream, void *owner)
{
    struct rpc_link *link = owner;
    link->blocked = false;
    stream_want(stream, LOOP_READ);
    rpc_link_flush_soon(link);
}

/* A refused certificate shows only now: in TLS 1.3 the client is through with its handshake before it is judged. */
static const char *failure_text(const struct rpc_link *link, int system_errno)
{
    const char *tls = tls_error(link->stream);
    return *tls ? tls : strerror(system_errno);
}

/* One read a turn, so that a client that sends without pause leaves the loop to the others. */
static void link_readable(struct stream *stream, void *owner)
{
    struct rpc_link *link = owner;
    uint8_t bytes[LINK_READ_BYTES];
    ssize_t length = stream_read(stream, bytes, sizeof(bytes));
    if (length == E_AGAIN)
        return;
    if (length < 0) {
        link->lost(link, length == E_EOF ? "closed by the other end" : failure_text(link, errno));
        return;
    }
    link->heard_at = loop_now(link->flush.loop);
    ssize_t used = nghttp2_session_mem_recv(link->session, bytes, (size_t)length);
    if (used < 0)
        link->lost(link, nghttp2_strerror((int)used));
    else
        rpc_link_flush_soon(link);
}

static void link_connected(struct stream *stream, void *owner)
{
    struct rpc_link *link = owner;
    if (link->secured)
        link->secured(link);
}

static void link_failed(struct stream *stream, void *owner, int system_errno)
{
    struct rpc_link *link = owner;
    link->lost(link, failure_text(link, system_errno));
}

static const struct stream_handler link_handler = {
    .connected = link_connected,
    .failed = link_failed,
    .readable = link_readable,
    .writable = link_writable,
};

void rpc_link_init(struct rpc_link *link, struct loop *loop, struct stream *stream,
                   void (*lost)(struct rpc_link *link, const char *reason))
{
    *link = (struct rpc_link){.stream = stream, .lost = lost, .heard_at = loop_now(loop)};
    loop_task_init(&link->flush, loop, link_flush);
    buf_init(&link->out, LINK_OUT_MAX_BYTES);
}

void rpc_link_start(struct rpc_link *link)
{
    stream_set_owner(link->stream, &link_handler, link);
    stream_want(link->stream, LOOP_READ);
    rpc_link_flush_soon(link);
}

void rpc_link_release(struct rpc_link *link)
{
    loop_task_cancel(&link->flush);
    nghttp2_session_del(link->session);
    stream_free(link->stream);
    buf_release(&link->out);
}

void rpc_link_flush_soon(struct rpc_link *link)
{
    if (!link->blocked)
        loop_task_schedule(&link->flush);
}
