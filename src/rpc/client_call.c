#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "rpc/client_internal.h"
#include "rpc/wording.h"

enum { CALL_OUT_MAX_BYTES = 256 << 20 };

void client_call_settle(struct client_call *call, enum rpc_code code, const char *text)
{
    if (!call->running)
        return;
    call->running = false;
    call->code = code;
    if (call->text != text)
        snprintf(call->text, sizeof(call->text), "%s", text);
    list_remove(&call->link);
    loop_timer_stop(&call->timer);
    if (call->conn->linked && call->stream_id > 0)
        nghttp2_session_set_stream_user_data(call->conn->link.session, call->stream_id, NULL);
    if (call->settled)
        call->settled(call);
}

void client_call_release(struct client_call *call)
{
    rpc_assembly_release(&call->assembly);
    buf_release(&call->out);
    call->out_taken = 0;
    call->stream_id = 0;
}

void client_call_cancel(struct client_call *call, enum rpc_code code, const char *text)
{
    struct client_conn *conn = call->conn;
    if (!call->running)
        return;
    int32_t stream_id = call->stream_id;
    client_call_settle(call, code, text);
    nghttp2_submit_rst_stream(conn->link.session, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_CANCEL);
    rpc_link_flush_soon(&conn->link);
}

static void call_timed_out(struct loop_timer *timer)
{
    client_call_cancel(container_of(timer, struct client_call, timer), RPC_DEADLINE_EXCEEDED,
                       "context deadline exceeded");
}

/* Sending --------------------------------------------------------------------------------------------------------- */

size_t client_call_pending_bytes(const struct client_call *call)
{
    return call->out.length - call->out_taken;
}

static ssize_t out_read(nghttp2_session *session, int32_t stream_id, uint8_t *to, size_t capacity, uint32_t *flags,
                        nghttp2_data_source *source, void *user)
{
    struct client_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* it was given up */
    size_t length = client_call_pending_bytes(call);
    if (length > capacity)
        length = capacity;
    if (length > 0)
        memcpy(to, call->out.bytes + call->out_taken, length);
    call->out_taken += length;
    if (client_call_pending_bytes(call) == 0) {
        buf_clear(&call->out);
        call->out_taken = 0;
        if (call->request_complete) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
            return (ssize_t)length;
        }
    }
    return length > 0 ? (ssize_t)length : NGHTTP2_ERR_DEFERRED;
}

void client_call_put(struct client_call *call, const void *message, size_t length)
{
    if (call->out_taken > call->out.length / 2) {
        buf_consume(&call->out, call->out_taken);
        call->out_taken = 0;
    }
    if (length > UINT32_MAX) {
        client_call_cancel(call, RPC_RESOURCE_EXHAUSTED, "a message is too long to be sent");
        return;
    }
    buf_u8(&call->out, 0);
    buf_u32(&call->out, (uint32_t)length);
    buf_put(&call->out, message, length);
    if (call->out.failed) {
        client_call_cancel(call, RPC_RESOURCE_EXHAUSTED, "a message is too long to be sent");
        return;
    }
    nghttp2_session_resume_data(call->conn->link.session, call->stream_id);
    rpc_link_flush_soon(&call->conn->link);
}

void client_call_complete_request(struct client_call *call)
{
    call->request_complete = true;
    nghttp2_session_resume_data(call->conn->link.session, call->stream_id);
    rpc_link_flush_soon(&call->conn->link);
}

void client_call_start(struct client_conn *conn, struct client_call *call, const struct rpc_request *request)
{
    call->conn = conn;
    call->running = true;
    list_init(&call->link);
    list_append(&conn->calls, &call->link);
    rpc_assembly_init(&call->assembly, conn->message_bytes);
    buf_init(&call->out, CALL_OUT_MAX_BYTES);
    loop_timer_init(&call->timer, conn->loop, call_timed_out);

    char timeout[RPC_TIMEOUT_TEXT_MAX];
    rpc_timeout_format(request->timeout_ms, timeout);
    const nghttp2_nv headers[] = {
        rpc_header(":method", "POST"),
        rpc_header(":scheme", conn->secure ? "https" : "http"),
        rpc_header_copied(":path", request->path),
        rpc_header_copied(":authority", conn->authority),
        rpc_header("content-type", "application/grpc"),
        rpc_header("te", "trailers"),
        rpc_header("user-agent", "godwit/" GODWIT_VERSION),
        rpc_header_copied("grpc-timeout", timeout),
    };
    size_t count = ARRAY_LEN(headers) - (request->timeout_ms == 0);
    nghttp2_data_provider provider = {.read_callback = out_read};
    int32_t id = nghttp2_submit_request(conn->link.session, NULL, headers, count, &provider, call);
    if (id < 0) {
        client_call_settle(call, RPC_UNAVAILABLE, nghttp2_strerror(id));
        return;
    }
    call->stream_id = id;
    if (request->timeout_ms > 0)
        loop_timer_start(&call->timer, request->timeout_ms);
    rpc_link_flush_soon(&conn->link);
}

/* Receiving ------------------------------------------------------------------------------------------------------- */

/* NULL: it was given up here. */
static struct client_call *call_of(nghttp2_session *session, int32_t stream_id)
{
    return nghttp2_session_get_stream_user_data(session, stream_id);
}

/* The decimal number at the start of a header's value; what is none is as good as unknown. */
static unsigned number_of(nghttp2_vec value, unsigned otherwise)
{
    unsigned number = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.base[i] < '0' || value.base[i] > '9' || number > 9999)
            return otherwise;
        number = number * 10 + (value.base[i] - '0');
    }
    return value.len > 0 ? number : otherwise;
}

static bool name_is(nghttp2_vec name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.base, text, name.len) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name_buf,
                     nghttp2_rcbuf *value_buf, uint8_t flags, void *user)
{
    struct client_call *call = call_of(session, frame->hd.stream_id);
    if (!call)
        return 0;
    nghttp2_vec name = nghttp2_rcbuf_get_buf(name_buf);
    nghttp2_vec value = nghttp2_rcbuf_get_buf(value_buf);
    if (name_is(name, ":status")) {
        call->http_status = number_of(value, 0);
        call->answered_http = call->http_status != 200;
    } else if (name_is(name, "grpc-status")) {
        call->has_status = true;
        call->code = (enum rpc_code)number_of(value, RPC_UNKNOWN);
    } else if (name_is(name, "grpc-message")) {
        rpc_text_decode(value.base, value.len, call->text, sizeof(call->text));
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t length,
                   void *user)
{
    struct client_call *call = call_of(session, stream_id);
    struct cursor input = cursor_of(bytes, length);
    while (call && call->running) {
        struct cursor message;
        switch (rpc_assembly_next(&call->assembly, &input, &message)) {
        case RPC_ASSEMBLY_MESSAGE:
            if (call->on_message && !call->on_message(call->context, message.at, cursor_left(&message)))
                client_call_cancel(call, RPC_CANCELLED, "context canceled");
            break;
        case RPC_ASSEMBLY_TOO_LONG:
            client_call_cancel(call, RPC_RESOURCE_EXHAUSTED, "the server's message is longer than is accepted");
            break;
        case RPC_ASSEMBLY_COMPRESSED:
            client_call_cancel(call, RPC_INTERNAL, "the server's message is compressed, which was not asked for");
            break;
        case RPC_ASSEMBLY_NEEDS_MORE:
            return 0;
        }
    }
    return 0;
}

/* What gRPC makes of an HTTP/2 error code. */
static enum rpc_code code_of_reset(uint32_t error_code)
{
    switch (error_code) {
    case NGHTTP2_REFUSED_STREAM:
        return RPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return RPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return RPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return RPC_PERMISSION_DENIED;
    default:
        return RPC_INTERNAL;
    }
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user)
{
    struct client_call *call = call_of(session, stream_id);
    if (!call)
        return 0;
    char text[RPC_STATUS_TEXT_MAX];
    if (call->has_status) {
        client_call_settle(call, call->code, call->text);
    } else if (call->answered_http) {
        snprintf(text, sizeof(text), "the server answers with HTTP status %u", call->http_status);
        client_call_settle(call, call->http_status == 404 ? RPC_UNIMPLEMENTED : RPC_UNKNOWN, text);
    } else if (error_code != NGHTTP2_NO_ERROR) {
        snprintf(text, sizeof(text), "the call was reset: %s", nghttp2_http2_strerror(error_code));
        client_call_settle(call, code_of_reset(error_code), text);
    } else {
        client_call_settle(call, RPC_INTERNAL, "the server ended the call without a status");
    }
    return 0;
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct client_conn *conn = user;
    bool acknowledges = frame->hd.flags & NGHTTP2_FLAG_ACK;
    if (frame->hd.type == NGHTTP2_SETTINGS && !acknowledges && !conn->established) {
        conn->established = true;
        if (conn->on_established)
            conn->on_established(conn);
    }
    return 0;
}

void client_call_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
}
