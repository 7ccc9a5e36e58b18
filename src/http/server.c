/* libmicrohttpd, turned by our loop: its epoll descriptor is watched, its next time-out is a timer. A request that is
 * not answered at once, and a stream with nothing to send, is suspended; waking it up is a resume and one run of the
 * library, by a task, since both may be asked for from inside its callbacks.
 */
#include "http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/connections.h"
#include "http/listen.h"
#include "io/file.h"

enum {
    STREAM_BLOCK_BYTES = 16 << 10,
    CONNECTION_MEMORY_BYTES = 64 << 10, /* headers and what is on its way */
    PEM_MAX_BYTES = 1 << 20,
    REPLY_HEADERS_MAX = 8,
    CONNECTIONS_SPARE = 200, /* those that are being cut off while others take their place */
};

struct http_server {
    struct loop *loop;
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    struct loop_watch watch;
    struct loop_timer timer;
    struct loop_task run;
    struct endpoint local;
    struct list requests;
    struct connections connections;
    size_t held_bytes;
    bool closing;
    char *certificate;
    char *key;
};

struct reply_header {
    char *name;
    char *value;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct list link;
    char *method;
    char *path;
    char remote[ADDR_TEXT_MAX];
    struct buf body;
    size_t held_bytes; /* of it and of its answer */
    bool handed;       /* to the owner */
    bool suspended;    /* no callback comes before it is resumed */
    bool queued;
    void (*gone)(void *context);
    void *context;
    struct reply_header headers[REPLY_HEADERS_MAX];
    unsigned header_count;
    unsigned status;
    struct MHD_Response *response; /* ready to be queued */
    const struct http_stream_ops *stream;
};

static void resume(struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    loop_task_schedule(&request->server->run);
}

static void suspend(struct http_request *request)
{
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

static struct connection *connection_of(const struct http_request *request)
{
    return MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Memory for a request that its client decides about. False: there is no room. */
static bool hold(struct http_request *request, size_t bytes, size_t limit)
{
    struct http_server *server = request->server;
    if (server->held_bytes + bytes > limit)
        return false;
    server->held_bytes += bytes;
    request->held_bytes += bytes;
    return true;
}

/* Requests -------------------------------------------------------------------------------------------------------- */

const char *http_request_method(const struct http_request *request)
{
    return request->method;
}

const char *http_request_path(const struct http_request *request)
{
    return request->path;
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_body(const struct http_request *request, size_t *length)
{
    *length = request->body.length;
    return request->body.length > 0 ? (const char *)request->body.bytes : "";
}

const char *http_request_remote(const struct http_request *request)
{
    return request->remote;
}

void http_request_wait(struct http_request *request, void (*gone)(void *context), void *context)
{
    request->gone = gone;
    request->context = context;
}

static struct http_request *request_new(struct http_server *server, struct MHD_Connection *connection, const char *url,
                                        const char *method)
{
    struct http_request *request = mem_zalloc(MEM_OTHER, sizeof(*request));
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    request->server = server;
    request->connection = connection;
    request->method = mem_strdup(MEM_OTHER, method);
    request->path = mem_strdup(MEM_OTHER, url);
    if (info && info->client_addr) {
        struct sockaddr_storage storage = {0};
        size_t length =
            info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        memcpy(&storage, info->client_addr, length);
        struct endpoint remote = endpoint_from_sockaddr(&storage);
        addr_format(&remote.addr, request->remote);
    }
    buf_init(&request->body, HTTP_BODY_MAX_BYTES);
    list_append(&server->requests, &request->link);
    return request;
}

static void request_free(struct http_request *request)
{
    list_remove(&request->link);
    if (request->response)
        MHD_destroy_response(request->response);
    for (unsigned i = 0; i < request->header_count; i++) {
        mem_free(MEM_OTHER, request->headers[i].name);
        mem_free(MEM_OTHER, request->headers[i].value);
    }
    buf_release(&request->body);
    request->server->held_bytes -= request->held_bytes;
    mem_free(MEM_OTHER, request->method);
    mem_free(MEM_OTHER, request->path);
    mem_free(MEM_OTHER, request);
}

/* Answers --------------------------------------------------------------------------------------------------------- */

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    CHECK(request->header_count < REPLY_HEADERS_MAX);
    request->headers[request->header_count++] =
        (struct reply_header){.name = mem_strdup(MEM_OTHER, name), .value = mem_strdup(MEM_OTHER, value)};
}

static void answer(struct http_request *request, unsigned status, const char *type, struct MHD_Response *response)
{
    CHECK(!request->response);
    CHECK(response != NULL);
    request->status = status;
    request->response = response;
    if (type)
        MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (unsigned i = 0; i < request->header_count; i++)
        MHD_add_response_header(response, request->headers[i].name, request->headers[i].value);
    resume(request);
}

void http_reply(struct http_request *request, unsigned status, const char *type, const void *body, size_t length)
{
    static const char no_room[] = "{\"errors\":[\"too much is being answered just now\"]}";
    if (!type)
        length = 0;
    if (!hold(request, length, HTTP_HELD_MAX_BYTES)) {
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
        type = "application/json";
        body = no_room;
        length = sizeof(no_room) - 1;
    }
    request->gone = NULL;
    connection_answers(&request->server->connections, connection_of(request));
    answer(request, status, type,
           MHD_create_response_from_buffer(length, (void *)(uintptr_t)(length ? body : ""), MHD_RESPMEM_MUST_COPY));
}

static ssize_t stream_pull(void *context, uint64_t position, char *to, size_t capacity)
{
    struct http_request *request = context;
    ssize_t length = request->server->closing ? -1 : request->stream->pull(request->context, to, capacity);
    if (length < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (length == 0)
        suspend(request);
    return length;
}

void http_reply_stream(struct http_request *request, const char *type, const struct http_stream_ops *ops, void *context)
{
    request->stream = ops;
    request->context = context;
    request->gone = ops->closed;
    answer(request, MHD_HTTP_OK, type,
           MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_pull, request, NULL));
}

void http_stream_wake(struct http_request *request)
{
    resume(request);
}

/* What the library calls ------------------------------------------------------------------------------------------ */

static enum MHD_Result queue(struct http_request *request)
{
    request->queued = true;
    return MHD_queue_response(request->connection, request->status, request->response);
}

static void refuse_length(struct http_request *request)
{
    static const char body[] = "{\"errors\":[\"the body is longer than is accepted\"]}";
    request->handed = true;
    http_reply(request, MHD_HTTP_CONTENT_TOO_LARGE, "application/json", body, sizeof(body) - 1);
}

static bool announces_too_much(struct MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    return text && (strlen(text) > 10 || strtoll(text, NULL, 10) > HTTP_BODY_MAX_BYTES);
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *upload, size_t *upload_length, void **slot)
{
    struct http_server *server = context;
    struct http_request *request = *slot;
    if (!request) {
        request = *slot = request_new(server, connection, url, method);
        if (announces_too_much(connection))
            refuse_length(request);
        return request->response ? queue(request) : MHD_YES;
    }
    if (*upload_length > 0) {
        bool room = hold(request, *upload_length, HTTP_HELD_BODIES_MAX_BYTES);
        if (room)
            buf_put(&request->body, upload, *upload_length);
        *upload_length = 0;
        /* In the middle of a body nothing can be answered; who announced less than he sends is cut off. */
        return !room || request->body.failed ? MHD_NO : MHD_YES;
    }
    if (!request->handed) {
        request->handed = true;
        connection_lasts(&server->connections, connection_of(request));
        server->options.handle(server->options.context, request);
    }
    if (request->response)
        return request->queued ? MHD_YES : queue(request);
    suspend(request);
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *slot;
    *slot = NULL;
    if (!request)
        return;
    if (request->gone)
        request->gone(request->context);
    connection_waits(&request->server->connections, connection_of(request));
    request_free(request);
}

static enum MHD_Result on_accept(void *context, const struct sockaddr *from, socklen_t length)
{
    struct http_server *server = context;
    struct sockaddr_storage storage = {0};
    memcpy(&storage, from, length < sizeof(storage) ? length : sizeof(storage));
    struct endpoint remote = endpoint_from_sockaddr(&storage);
    return connections_accept(&server->connections, &remote.addr) ? MHD_YES : MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *slot = connection_new(&server->connections, connection);
    else
        connection_free(&server->connections, *slot);
}

/* Turning --------------------------------------------------------------------------------------------------------- */

static void turn(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(server->daemon);
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
        loop_timer_start(&server->timer, wait_ms > 1000 ? 1000 : (int64_t)wait_ms);
    else
        loop_timer_stop(&server->timer);
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
    turn(container_of(watch, struct http_server, watch));
}

static void on_timer(struct loop_timer *timer)
{
    turn(container_of(timer, struct http_server, timer));
}

static bool on_run(struct loop_task *task)
{
    turn(container_of(task, struct http_server, run));
    return false;
}

/* Beginning and end ----------------------------------------------------------------------------------------------- */

static int read_pem(const char *path, char **text, struct err *err)
{
    size_t length = 0;
    *text = NULL;
    return path ? file_read(path, PEM_MAX_BYTES, text, &length, err) : E_OK;
}

static void log_library(void *context, const char *format, va_list arguments)
{
    char text[512];
    vsnprintf(text, sizeof(text), format, arguments);
    log_debug("http", NULL, "%s", text);
}

static struct MHD_Daemon *daemon_start(struct http_server *server, int fd)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (server->certificate)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(flags, 0, on_accept, server, on_access, server, MHD_OPTION_EXTERNAL_LOGGER, log_library,
                            NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)HTTP_CONNECTIONS_MAX + CONNECTIONS_SPARE, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)HTTP_REQUEST_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_ARRAY,
                            server->certificate ? tls : none, MHD_OPTION_END);
}

static void server_release(struct http_server *server)
{
    connections_release(&server->connections);
    mem_free(MEM_OTHER, server->certificate);
    mem_free(MEM_OTHER, server->key);
    mem_free(MEM_OTHER, server);
}

int http_server_new(struct loop *loop, const struct http_server_options *options, struct http_server **server_out,
                    struct err *err)
{
    struct http_server *server = mem_zalloc(MEM_OTHER, sizeof(*server));
    server->loop = loop;
    server->options = *options;
    server->local = options->local;
    list_init(&server->requests);
    connections_init(&server->connections, loop);
    int fd = -1;
    if (read_pem(options->certificate_file, &server->certificate, err) < 0 ||
        read_pem(options->key_file, &server->key, err) < 0 || (fd = http_listen(&server->local, err)) < 0) {
        server_release(server);
        return E_IO;
    }
    server->daemon = daemon_start(server, fd);
    if (!server->daemon) {
        close(fd);
        server_release(server);
        return err_set(err, E_IO, "the HTTP server cannot be started: are certificate and key a pair?");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    CHECK(info != NULL);
    loop_timer_init(&server->timer, loop, on_timer);
    loop_task_init(&server->run, loop, on_run);
    loop_watch_init(&server->watch, loop, info->epoll_fd, on_ready);
    loop_watch_want(&server->watch, LOOP_READ);
    *server_out = server;
    return E_OK;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    server->closing = true;
    list_foreach_safe (request, &server->requests, struct http_request, link)
        resume(request);
    loop_watch_stop(&server->watch); /* before its descriptor is closed */
    MHD_stop_daemon(server->daemon);
    loop_timer_stop(&server->timer);
    loop_task_cancel(&server->run);
    server_release(server);
}

struct endpoint http_server_local(const struct http_server *server)
{
    return server->local;
}

void http_server_adopt(struct http_server *server, int fd, const struct endpoint *remote)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(remote, &storage);
    if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&storage, length) == MHD_YES)
        loop_task_schedule(&server->run);
    else
        log_debug("http", NULL, "a connection was not taken: %s", strerror(errno)); /* it is closed by then */
}
