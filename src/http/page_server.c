/* See page_server.h. A reader is a connection: it says what it wants, is answered in chunks, and is closed.
 *
 * Chunks tell the reader whether it has the whole page: one that is cut off has no last chunk. To a reader that speaks
 * HTTP/1.0 the end of the connection has to do.
 */
#include "http/page_server.h"

#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    LINGER_MS = 2000, /* for the last bytes to leave through TLS */
    CHUNK_LINE_MAX_BYTES = 16,
};

struct page_server {
    struct loop *loop;
    struct listener *listener;
    struct tls_context *tls;
    const struct page *pages;
    unsigned page_count;
    void *context;
    struct list readers;  /* oldest first */
    struct list runnable; /* whose next piece is due */
    unsigned count;
    struct loop_task pump;
    struct text piece; /* of who is being served */
};

struct reader {
    struct list link;
    struct list in_runnable;
    struct page_server *server;
    struct stream *stream;
    struct loop_timer deadline;
    char request[PAGE_REQUEST_MAX_BYTES];
    size_t request_length;
    bool answered; /* the request was understood, or not; nothing more is read */
    bool chunked;
    bool ending; /* `out` has the last of it */
    const struct page *page;
    void *reading; /* NULL: no page is being read */
    struct text out;
    size_t written;
};

static void reader_free(struct reader *reader)
{
    struct page_server *server = reader->server;
    if (reader->reading)
        reader->page->close(reader->reading);
    loop_timer_stop(&reader->deadline);
    list_remove(&reader->link);
    list_remove(&reader->in_runnable);
    text_release(&reader->out);
    stream_free(reader->stream);
    server->count--;
    mem_free(MEM_RPC, reader);
}

static void on_deadline(struct loop_timer *timer)
{
    reader_free(container_of(timer, struct reader, deadline));
}

/* Answers --------------------------------------------------------------------------------------------------------- */

static void answer_head(struct reader *reader, const char *status, const char *type)
{
    text_printf(&reader->out,
                "HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n", status,
                type);
}

static void answer_text(struct reader *reader, const char *status, const char *more_headers, const char *body)
{
    answer_head(reader, status, "text/plain; charset=utf-8");
    text_printf(&reader->out, "%sContent-Length: %zu\r\n\r\n%s", more_headers, strlen(body), body);
    reader->ending = true;
}

static void run_soon(struct reader *reader)
{
    struct page_server *server = reader->server;
    list_remove(&reader->in_runnable);
    list_append(&server->runnable, &reader->in_runnable);
    loop_task_schedule(&server->pump);
}

/* Everything was given to the stream. TLS may still have some of it: then it is for the reader to close. */
static void reader_done(struct reader *reader)
{
    if (reader->server->tls == NULL) {
        reader_free(reader);
        return;
    }
    stream_want(reader->stream, LOOP_READ);
    loop_timer_start(&reader->deadline, LINGER_MS);
}

static void reader_write(struct reader *reader)
{
    while (reader->written < reader->out.length) {
        ssize_t taken =
            stream_write(reader->stream, reader->out.bytes + reader->written, reader->out.length - reader->written);
        if (taken == E_AGAIN) {
            stream_want(reader->stream, LOOP_READ | LOOP_WRITE);
            return;
        }
        if (taken < 0) {
            reader_free(reader);
            return;
        }
        reader->written += (size_t)taken;
    }
    text_clear(&reader->out);
    reader->written = 0;
    stream_want(reader->stream, LOOP_READ);
    if (reader->ending)
        reader_done(reader);
    else
        run_soon(reader);
}

static void next_piece(struct reader *reader)
{
    struct text *piece = &reader->server->piece;
    text_clear(piece);
    reader->ending = !reader->page->more(reader->reading, piece);
    if (piece->failed) {
        log_warn("http", reader->page->path, "cut off: a piece of it is longer than %d bytes", PAGE_PIECE_MAX_BYTES);
        reader_free(reader);
        return;
    }
    if (piece->length > 0) {
        if (reader->chunked)
            text_printf(&reader->out, "%zx\r\n", piece->length);
        text_add_n(&reader->out, piece->bytes, piece->length);
        if (reader->chunked)
            text_add(&reader->out, "\r\n");
    }
    if (reader->ending && reader->chunked)
        text_add(&reader->out, "0\r\n\r\n");
    reader_write(reader);
}

static bool pump(struct loop_task *task)
{
    struct page_server *server = container_of(task, struct page_server, pump);
    if (!list_empty(&server->runnable)) {
        struct reader *reader = list_entry(server->runnable.next, struct reader, in_runnable);
        list_remove(&reader->in_runnable);
        next_piece(reader);
    }
    return !list_empty(&server->runnable);
}

/* Requests -------------------------------------------------------------------------------------------------------- */

static const struct page *find_page(const struct page_server *server, const char *path, size_t length)
{
    for (unsigned i = 0; i < server->page_count; i++) {
        if (strlen(server->pages[i].path) == length && memcmp(server->pages[i].path, path, length) == 0)
            return &server->pages[i];
    }
    return NULL;
}

/* "GET /metrics?x HTTP/1.1", terminated. */
static void answer_request(struct reader *reader, const char *line)
{
    struct page_server *server = reader->server;
    bool is_head = str_starts_with(line, "HEAD ");
    const char *path = strchr(line, ' ');
    const char *version = path ? strchr(path + 1, ' ') : NULL;
    if (version == NULL || !str_starts_with(version, " HTTP/1.")) {
        answer_text(reader, "400 Bad Request", "", "this is not a request of HTTP/1.1\n");
        return;
    }
    if (!is_head && !str_starts_with(line, "GET ")) {
        answer_text(reader, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", "there are only pages to be read here\n");
        return;
    }
    path++;
    const struct page *page = find_page(server, path, strcspn(path, " ?"));
    if (page == NULL) {
        answer_text(reader, "404 Not Found", "", "there is no such page\n");
        return;
    }
    reader->chunked = strcmp(version, " HTTP/1.0") != 0;
    answer_head(reader, "200 OK", page->type);
    text_add(&reader->out, reader->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    reader->ending = is_head;
    if (is_head)
        return;
    reader->page = page;
    reader->reading = page->open(server->context);
}

static const char *request_end(const struct reader *reader)
{
    const char *end = memmem(reader->request, reader->request_length, "\r\n\r\n", 4);
    return end ? end : memmem(reader->request, reader->request_length, "\n\n", 2);
}

static void request_arrived(struct reader *reader)
{
    reader->answered = true;
    loop_timer_start(&reader->deadline, PAGE_ANSWER_MS);
    char line[512];
    struct str str = str_over(line, sizeof(line));
    const char *end = memchr(reader->request, '\n', reader->request_length);
    size_t length = (size_t)(end - reader->request);
    if (length > 0 && end[-1] == '\r')
        length--;
    str_add_n(&str, reader->request, length);
    if (str.truncated)
        answer_text(reader, "414 URI Too Long", "", "there is no page with so long a name\n");
    else
        answer_request(reader, line);
    reader_write(reader);
}

static void on_readable(struct stream *stream, void *owner)
{
    struct reader *reader = owner;
    char ignored[512];
    size_t room = sizeof(reader->request) - reader->request_length;
    ssize_t got = reader->answered ? stream_read(stream, ignored, sizeof(ignored))
                                   : stream_read(stream, reader->request + reader->request_length, room);
    if (got == E_AGAIN)
        return;
    if (got < 0) {
        reader_free(reader);
        return;
    }
    if (reader->answered)
        return;
    reader->request_length += (size_t)got;
    if (request_end(reader)) {
        request_arrived(reader);
    } else if (reader->request_length == sizeof(reader->request)) {
        reader->answered = true;
        answer_text(reader, "431 Request Header Fields Too Large", "", "so much is not needed to ask for a page\n");
        reader_write(reader);
    }
}

static void on_writable(struct stream *stream, void *owner)
{
    reader_write(owner);
}

static void on_failed(struct stream *stream, void *owner, int system_errno)
{
    reader_free(owner);
}

static const struct stream_handler reader_handler = {
    .failed = on_failed, .readable = on_readable, .writable = on_writable};

/* Who comes ------------------------------------------------------------------------------------------------------- */

/* The one that has not said what it wants for longest gives way. */
static bool make_room(struct page_server *server)
{
    if (server->count < PAGE_READERS_MAX)
        return true;
    list_foreach (reader, &server->readers, struct reader, link) {
        if (!reader->answered) {
            reader_free(reader);
            return true;
        }
    }
    return false;
}

static void on_accept(void *owner, struct stream *stream)
{
    struct page_server *server = owner;
    if (!make_room(server)) {
        stream_free(stream);
        return;
    }
    struct reader *reader = mem_alloc(MEM_RPC, sizeof(*reader));
    *reader = (struct reader){.server = server};
    text_init(&reader->out, PAGE_PIECE_MAX_BYTES + 2 * CHUNK_LINE_MAX_BYTES + sizeof(reader->request));
    list_init(&reader->in_runnable);
    list_append(&server->readers, &reader->link);
    server->count++;
    loop_timer_init(&reader->deadline, server->loop, on_deadline);
    loop_timer_start(&reader->deadline, PAGE_REQUEST_MS);
    if (server->tls) {
        reader->stream = tls_wrap(server->tls, server->loop, stream, &reader_handler, reader);
    } else {
        reader->stream = stream;
        stream_set_owner(stream, &reader_handler, reader);
    }
    stream_want(reader->stream, LOOP_READ);
}

/* Beginning and end ----------------------------------------------------------------------------------------------- */

int page_server_new(struct loop *loop, const struct page_server_options *options, struct page_server **server_out,
                    struct err *err)
{
    struct page_server *server = mem_zalloc(MEM_RPC, sizeof(*server));
    server->loop = loop;
    server->pages = options->pages;
    server->page_count = options->page_count;
    server->context = options->context;
    list_init(&server->readers);
    list_init(&server->runnable);
    text_init(&server->piece, PAGE_PIECE_MAX_BYTES);
    loop_task_init(&server->pump, loop, pump);
    int result = options->transport->ops->listen(options->transport, loop, &options->local, "", on_accept, server,
                                                 &server->listener, err);
    if (result < 0) {
        mem_free(MEM_RPC, server);
        return result;
    }
    server->tls = options->tls ? tls_context_ref(options->tls) : NULL;
    *server_out = server;
    return E_OK;
}

void page_server_free(struct page_server *server)
{
    if (server == NULL)
        return;
    listener_free(server->listener);
    list_foreach_safe (reader, &server->readers, struct reader, link)
        reader_free(reader);
    loop_task_cancel(&server->pump);
    text_release(&server->piece);
    tls_context_unref(server->tls);
    mem_free(MEM_RPC, server);
}

struct endpoint page_server_local(const struct page_server *server)
{
    return listener_local(server->listener);
}

void page_server_set_tls(struct page_server *server, struct tls_context *tls)
{
    struct tls_context *before = server->tls;
    server->tls = tls_context_ref(tls);
    tls_context_unref(before);
}
