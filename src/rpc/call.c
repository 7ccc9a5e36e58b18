/* One call: what gRPC adds to an HTTP/2 stream. Requests are checked and cut into messages here, answers are prefixed,
 * queued and handed to HTTP/2 as it asks for them, and the status goes out in the trailers.
 *
 * Answers wait in `out`. HTTP/2 takes from it what its windows allow; when little is left, the call joins the server's
 * queue of those to be asked for more. So a list of a million paths is never in memory, and a client that does not
 * read holds one small buffer.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "rpc/server_internal.h"
#include "rpc/wording.h"

/* Answers --------------------------------------------------------------------------------------------------------- */

size_t rpc_call_pending_bytes(const struct rpc_call *call)
{
    return call->out.length - call->out_taken;
}

static void pending_change(struct rpc_call *call, int64_t bytes)
{
    call->connection->pending_bytes += (uint64_t)bytes;
    call->connection->server->pending_bytes += (uint64_t)bytes;
}

static void trailers_submit(struct rpc_call *call)
{
    char code[12];
    char text[RPC_ENCODED_TEXT_MAX];
    snprintf(code, sizeof(code), "%u", (unsigned)call->code);
    nghttp2_nv headers[2] = {rpc_header_copied("grpc-status", code)};
    size_t count = 1;
    if (call->text && rpc_text_encode(call->text, text) > 0)
        headers[count++] = rpc_header_copied("grpc-message", text);
    nghttp2_submit_trailer(call->connection->link.session, call->stream_id, headers, count);
}

/* libnghttp2 asks for the next bytes of the body. */
static ssize_t out_read(nghttp2_session *session, int32_t stream_id, uint8_t *to, size_t capacity, uint32_t *flags,
                        nghttp2_data_source *source, void *user)
{
    struct rpc_call *call = source->ptr;
    size_t length = rpc_call_pending_bytes(call);
    if (length > capacity)
        length = capacity;
    if (length > 0) {
        memcpy(to, call->out.bytes + call->out_taken, length);
        call->out_taken += length;
        pending_change(call, -(int64_t)length);
    }
    if (rpc_call_pending_bytes(call) == 0) {
        if (call->wants_more)
            buf_clear(&call->out);
        else
            buf_release(&call->out);
        call->out_taken = 0;
        if (call->finished) {
            *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
            trailers_submit(call);
            return (ssize_t)length;
        }
    }
    if (call->wants_more)
        rpc_call_wake(call);
    return length > 0 ? (ssize_t)length : NGHTTP2_ERR_DEFERRED;
}

/* The answer's headers, or a sign that there is more behind them. */
static void answer_proceed(struct rpc_call *call)
{
    nghttp2_session *session = call->connection->link.session;
    if (!call->answering) {
        call->answering = true;
        const nghttp2_nv headers[] = {
            rpc_header(":status", "200"),
            rpc_header("content-type", "application/grpc"),
        };
        nghttp2_data_provider provider = {.source.ptr = call, .read_callback = out_read};
        nghttp2_submit_response(session, call->stream_id, headers, ARRAY_LEN(headers), &provider);
    } else {
        nghttp2_session_resume_data(session, call->stream_id); /* an error only says that it was not waiting */
    }
    rpc_link_flush_soon(&call->connection->link);
}

/* Status without a message: all in one header block. */
static void answer_status_only(struct rpc_call *call)
{
    char code[12];
    char text[RPC_ENCODED_TEXT_MAX];
    snprintf(code, sizeof(code), "%u", (unsigned)call->code);
    nghttp2_nv headers[5] = {
        rpc_header(":status", "200"),
        rpc_header("content-type", "application/grpc"),
        rpc_header_copied("grpc-status", code),
    };
    size_t count = 3;
    if (call->text && rpc_text_encode(call->text, text) > 0)
        headers[count++] = rpc_header_copied("grpc-message", text);
    if (call->is_encoded)
        headers[count++] = rpc_header("grpc-accept-encoding", "identity");
    call->answering = true;
    nghttp2_submit_response(call->connection->link.session, call->stream_id, headers, count, NULL);
    rpc_link_flush_soon(&call->connection->link);
}

uint8_t *rpc_call_reserve(struct rpc_call *call, size_t length)
{
    CHECK(!call->finished);
    if (length > RPC_MESSAGE_MAX_BYTES || rpc_call_pending_bytes(call) > RPC_MESSAGE_MAX_BYTES)
        return NULL;
    if (call->out_taken > call->out.length / 2) {
        buf_consume(&call->out, call->out_taken);
        call->out_taken = 0;
    }
    buf_u8(&call->out, 0);
    buf_u32(&call->out, (uint32_t)length);
    uint8_t *room = buf_extend(&call->out, length);
    CHECK(room);
    pending_change(call, (int64_t)(RPC_PREFIX_BYTES + length));
    answer_proceed(call);
    return room;
}

int rpc_call_send(struct rpc_call *call, const void *message, size_t length)
{
    uint8_t *room = rpc_call_reserve(call, length);
    if (!room)
        return E_LIMIT;
    if (length > 0)
        memcpy(room, message, length);
    return E_OK;
}

bool rpc_call_has_room(const struct rpc_call *call)
{
    size_t pending = rpc_call_pending_bytes(call);
    /* One message always fits, so that calls which share a connection cannot starve each other. */
    return !call->finished && (pending == 0 || (pending < RPC_CALL_ROOM_BYTES &&
                                                call->connection->pending_bytes < RPC_CONNECTION_ROOM_BYTES));
}

void rpc_call_wake(struct rpc_call *call)
{
    if (call->finished || !call->started || call->registered->method->kind != RPC_SERVER_STREAM)
        return;
    call->wants_more = true;
    struct rpc_server *server = call->connection->server;
    if (rpc_call_has_room(call) && list_empty(&call->in_runnable)) {
        list_append(&server->runnable, &call->in_runnable);
        loop_task_schedule(&server->pump);
    }
}

void rpc_call_run_more(struct rpc_call *call)
{
    list_remove(&call->in_runnable);
    call->wants_more = false;
    if (call->registered->method->more(call))
        rpc_call_wake(call);
    else if (!call->finished && rpc_call_pending_bytes(call) == 0)
        buf_release(&call->out);
    /* Without room now, out_read wakes it when there is. */
}

static void call_settle(struct rpc_call *call, enum rpc_code code, const char *text)
{
    call->finished = true;
    call->code = code;
    if (text && *text)
        call->text = mem_strdup(MEM_RPC, text);
    list_remove(&call->in_runnable);
    loop_timer_stop(&call->timer);
    if (code != RPC_OK)
        call->connection->server->calls_failed++;
    if (!call->answering)
        answer_status_only(call);
    else
        answer_proceed(call);
}

void rpc_call_finish(struct rpc_call *call, enum rpc_code code, const char *text)
{
    CHECK(!call->finished);
    call_settle(call, code, text);
}

void rpc_call_reply(struct rpc_call *call, const void *message, size_t length)
{
    if (rpc_call_send(call, message, length) == E_OK)
        rpc_call_finish(call, RPC_OK, NULL);
    else
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "the answer is longer than a message may be");
}

void rpc_call_abort(struct rpc_call *call, enum rpc_code code, const char *text)
{
    if (call->finished)
        return;
    if (call->started && call->registered->method->cancelled)
        call->registered->method->cancelled(call);
    call_settle(call, code, text);
}

/* Requests -------------------------------------------------------------------------------------------------------- */

static void call_timed_out(struct loop_timer *timer)
{
    struct rpc_call *call = container_of(timer, struct rpc_call, timer);
    if (!call->headers_complete) {
        /* Mid-header nothing else can be said on this connection. */
        rpc_connection_close(call->connection, "headers took too long");
        return;
    }
    bool passed = call->has_deadline && !mono_before(loop_now(timer->loop), call->deadline);
    rpc_call_abort(call, RPC_DEADLINE_EXCEEDED, passed ? "context deadline exceeded" : "the request took too long");
}

/* (Re)starts the timer for what is next to expire. */
static void timer_arrange(struct rpc_call *call)
{
    struct mono_time now = loop_now(call->timer.loop);
    bool wait_for_request =
        !call->request_complete && !(call->registered && call->registered->method->kind == RPC_CLIENT_STREAM);
    int64_t left_ms = call->has_deadline ? mono_diff_ms(call->deadline, now) + 1 : INT64_MAX;
    if (wait_for_request && left_ms > call->connection->server->limits.request_ms)
        left_ms = call->connection->server->limits.request_ms;
    if (left_ms == INT64_MAX)
        loop_timer_stop(&call->timer);
    else
        loop_timer_start(&call->timer, left_ms > 0 ? left_ms : 0);
}

struct rpc_call *rpc_call_new(struct rpc_connection *connection, int32_t stream_id)
{
    struct rpc_server *server = connection->server;
    struct rpc_call *call = mem_zalloc(MEM_RPC, sizeof(*call));
    call->connection = connection;
    call->stream_id = stream_id;
    list_init(&call->in_runnable);
    list_init(&call->in_connection);
    list_append(&connection->calls, &call->in_connection);
    connection->call_count++;
    server->call_count++;
    rpc_assembly_init(&call->assembly, server->limits.message_bytes);
    /* As much as rpc_call_reserve may let in: one message behind one that is already there. */
    buf_init(&call->out, 4 * ((size_t)RPC_MESSAGE_MAX_BYTES + RPC_PREFIX_BYTES));
    loop_timer_init(&call->timer, server->loop, call_timed_out);
    loop_timer_start(&call->timer, server->limits.preface_ms);
    return call;
}

void rpc_call_free(struct rpc_call *call)
{
    struct rpc_server *server = call->connection->server;
    if (!call->finished) {
        call->finished = true;
        server->calls_failed++;
        if (call->started && call->registered->method->cancelled)
            call->registered->method->cancelled(call);
    }
    loop_timer_stop(&call->timer);
    list_remove(&call->in_runnable);
    list_remove(&call->in_connection);
    pending_change(call, -(int64_t)rpc_call_pending_bytes(call));
    server->assembling_bytes -= rpc_assembly_kept_bytes(&call->assembly);
    call->connection->call_count--;
    server->call_count--;
    rpc_assembly_release(&call->assembly);
    buf_release(&call->out);
    mem_free(MEM_RPC, call->text);
    mem_free(MEM_RPC, call);
}

static bool bytes_are(const uint8_t *bytes, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

bool rpc_call_header(struct rpc_call *call, const uint8_t *name, size_t name_length, const uint8_t *value,
                     size_t value_length)
{
    static const char grpc_type[] = "application/grpc";
    /* Counted as RFC 9113 6.5.2 does. Trailers of a request count too. */
    call->header_bytes += name_length + value_length + 32;
    if (call->header_bytes > RPC_HEADER_LIST_MAX_BYTES)
        return false;
    if (call->headers_complete)
        return true;
    if (bytes_are(name, name_length, ":method")) {
        call->is_post = bytes_are(value, value_length, "POST");
    } else if (bytes_are(name, name_length, ":path")) {
        call->path_too_long = value_length >= sizeof(call->path);
        size_t length = call->path_too_long ? sizeof(call->path) - 1 : value_length;
        memcpy(call->path, value, length);
        call->path[length] = '\0';
    } else if (bytes_are(name, name_length, "content-type")) {
        size_t length = sizeof(grpc_type) - 1;
        call->is_grpc = value_length >= length && memcmp(value, grpc_type, length) == 0 &&
                        (value_length == length || value[length] == '+' || value[length] == ';');
    } else if (bytes_are(name, name_length, "grpc-timeout")) {
        int64_t timeout_ms = 0;
        call->has_deadline = rpc_timeout_parse(value, value_length, &timeout_ms);
        call->deadline = mono_add_ms(loop_now(call->timer.loop), timeout_ms);
    } else if (bytes_are(name, name_length, "grpc-encoding")) {
        call->is_encoded = !bytes_are(value, value_length, "identity");
    }
    return true;
}

/* An answer below gRPC, for what is no gRPC request. */
static void answer_http(struct rpc_call *call, const char *status)
{
    const nghttp2_nv headers[] = {rpc_header(":status", status)};
    call->finished = true;
    call->answering = true;
    call->connection->server->calls_failed++;
    loop_timer_stop(&call->timer);
    nghttp2_submit_response(call->connection->link.session, call->stream_id, headers, ARRAY_LEN(headers), NULL);
    rpc_link_flush_soon(&call->connection->link);
}

static void abort_unknown(struct rpc_call *call)
{
    char text[2 * RPC_PATH_MAX + 64];
    const char *service = call->path[0] == '/' ? call->path + 1 : call->path;
    const char *slash = strrchr(service, '/');
    if (call->path_too_long || call->path[0] != '/' || !slash)
        snprintf(text, sizeof(text), "malformed method name: \"%s\"", call->path);
    else if (!rpc_server_knows_service(call->connection->server, call->path, (size_t)(slash - call->path)))
        snprintf(text, sizeof(text), "unknown service %.*s", (int)(slash - service), service);
    else
        snprintf(text, sizeof(text), "unknown method %s for service %.*s", slash + 1, (int)(slash - service), service);
    rpc_call_abort(call, RPC_UNIMPLEMENTED, text);
}

void rpc_call_headers_end(struct rpc_call *call)
{
    call->headers_complete = true;
    if (!call->is_post) {
        answer_http(call, "405");
        return;
    }
    if (!call->is_grpc) {
        answer_http(call, "415");
        return;
    }
    call->registered = call->path_too_long ? NULL : rpc_server_find(call->connection->server, call->path);
    if (!call->registered) {
        abort_unknown(call);
    } else if (call->connection->read_only && !call->registered->method->reads_only) {
        rpc_call_abort(call, RPC_PERMISSION_DENIED, "this address serves only methods that change nothing");
    } else if (call->is_encoded) {
        rpc_call_abort(call, RPC_UNIMPLEMENTED, "compressed messages are not accepted: use grpc-encoding identity");
    } else {
        timer_arrange(call);
    }
}

static void message_deliver(struct rpc_call *call, struct cursor message)
{
    const struct rpc_method *method = call->registered->method;
    if (call->started && method->kind != RPC_CLIENT_STREAM) {
        rpc_call_abort(call, RPC_INVALID_ARGUMENT, "a second request message");
        return;
    }
    if (!call->started) {
        call->started = true;
        call->connection->server->calls_started++;
    }
    method->message(call, message.at, cursor_left(&message));
    rpc_call_wake(call);
}

void rpc_call_data(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct rpc_server *server = call->connection->server;
    struct cursor input = cursor_of(bytes, length);
    while (!call->finished) {
        struct cursor message;
        size_t kept_before = rpc_assembly_kept_bytes(&call->assembly);
        enum rpc_assembly_result result = rpc_assembly_next(&call->assembly, &input, &message);
        server->assembling_bytes += rpc_assembly_kept_bytes(&call->assembly) - kept_before;
        if (result == RPC_ASSEMBLY_MESSAGE) {
            message_deliver(call, message);
        } else if (result == RPC_ASSEMBLY_TOO_LONG) {
            char text[96];
            snprintf(text, sizeof(text), "a message is longer than %u bytes", server->limits.message_bytes);
            rpc_call_abort(call, RPC_RESOURCE_EXHAUSTED, text);
        } else if (result == RPC_ASSEMBLY_COMPRESSED) {
            rpc_call_abort(call, RPC_INTERNAL, "a compressed message without grpc-encoding");
        } else {
            if (server->assembling_bytes > server->limits.assembling_bytes)
                rpc_call_abort(call, RPC_RESOURCE_EXHAUSTED, "too much in messages that are not complete");
            break;
        }
    }
    if (call->finished) {
        server->assembling_bytes -= rpc_assembly_kept_bytes(&call->assembly);
        rpc_assembly_release(&call->assembly);
    }
}

void rpc_call_request_end(struct rpc_call *call)
{
    call->request_complete = true;
    if (call->finished)
        return;
    const struct rpc_method *method = call->registered->method;
    if (rpc_assembly_kept_bytes(&call->assembly) > 0) {
        rpc_call_abort(call, RPC_INTERNAL, "the request ends within a message");
    } else if (method->kind == RPC_CLIENT_STREAM) {
        if (!call->started) {
            call->started = true;
            call->connection->server->calls_started++;
        }
        method->end(call);
    } else if (!call->started) {
        rpc_call_abort(call, RPC_INTERNAL, "a request without a message");
        return;
    }
    if (!call->finished)
        timer_arrange(call);
}

/* What handlers may ask ------------------------------------------------------------------------------------------- */

void *rpc_call_context(const struct rpc_call *call)
{
    return call->registered->context;
}

const struct rpc_method *rpc_call_method(const struct rpc_call *call)
{
    return call->registered->method;
}

const struct rpc_peer *rpc_call_peer(const struct rpc_call *call)
{
    return &call->connection->peer;
}

void rpc_call_set_state(struct rpc_call *call, void *state)
{
    call->state = state;
}

void *rpc_call_state(const struct rpc_call *call)
{
    return call->state;
}
