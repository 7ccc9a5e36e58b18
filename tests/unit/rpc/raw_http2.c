#include "raw_http2.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"

enum {
    FRAME_HEADER_BYTES = 9,
    FRAME_MAX_BYTES = 16384,
    BLOCK_MAX_BYTES = 32 << 10,
};

static void keep_header(struct raw_answer *answer, const nghttp2_nv *header)
{
    const struct {
        const char *name;
        char *to;
        size_t capacity;
    } known[] = {
        {":status", answer->http_status, sizeof(answer->http_status)},
        {"grpc-status", answer->grpc_status, sizeof(answer->grpc_status)},
        {"grpc-message", answer->grpc_message, sizeof(answer->grpc_message)},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (header->namelen == strlen(known[i].name) && memcmp(header->name, known[i].name, header->namelen) == 0)
            snprintf(known[i].to, known[i].capacity, "%.*s", (int)header->valuelen, (const char *)header->value);
}

static void take_headers(struct raw_http2 *raw, struct raw_answer *answer, struct cursor payload)
{
    int flags = 0;
    do {
        nghttp2_nv header;
        ssize_t used = nghttp2_hd_inflate_hd2(raw->inflater, &header, &flags, payload.at, cursor_left(&payload), 1);
        CHECK(used >= 0);
        (void)cursor_take(&payload, (size_t)used);
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            keep_header(answer, &header);
    } while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
    nghttp2_hd_inflate_end_headers(raw->inflater);
}

static void take_frame(struct raw_http2 *raw, uint8_t type, uint8_t flags, uint32_t stream_id, struct cursor payload)
{
    struct raw_answer *answer = raw_answer(raw, stream_id);
    switch (type) {
    case NGHTTP2_SETTINGS:
        if (flags & NGHTTP2_FLAG_ACK)
            raw->settings_acks++;
        else
            raw->settings++;
        break;
    case NGHTTP2_PING:
        raw->pings++;
        break;
    case NGHTTP2_GOAWAY:
        raw->goaways++;
        (void)cursor_u32(&payload);
        raw->goaway_code = cursor_u32(&payload);
        break;
    case NGHTTP2_HEADERS:
        take_headers(raw, answer, payload);
        answer->ended |= (flags & NGHTTP2_FLAG_END_STREAM) != 0;
        break;
    case NGHTTP2_DATA:
        buf_put(&answer->data, payload.at, cursor_left(&payload));
        answer->ended |= (flags & NGHTTP2_FLAG_END_STREAM) != 0;
        break;
    case NGHTTP2_RST_STREAM:
        answer->reset = true;
        answer->reset_code = cursor_u32(&payload);
        break;
    default:
        break;
    }
}

static void take_frames(struct raw_http2 *raw)
{
    while (raw->received.length >= FRAME_HEADER_BYTES) {
        const uint8_t *begin = raw->received.bytes;
        struct cursor cursor = {.at = begin, .end = begin + raw->received.length};
        uint32_t length = cursor_u24(&cursor);
        uint8_t type = cursor_u8(&cursor);
        uint8_t flags = cursor_u8(&cursor);
        uint32_t stream_id = cursor_u32(&cursor);
        struct cursor payload = cursor_sub(&cursor, length);
        if (payload.failed)
            return;
        take_frame(raw, type, flags, stream_id, payload);
        buf_consume(&raw->received, FRAME_HEADER_BYTES + length);
    }
}

static void raw_connected(struct stream *stream, void *owner)
{
    ((struct raw_http2 *)owner)->connected = true;
}

static void raw_readable(struct stream *stream, void *owner)
{
    struct raw_http2 *raw = owner;
    uint8_t bytes[16 << 10];
    ssize_t length = stream_read(stream, bytes, sizeof(bytes));
    if (length == E_AGAIN)
        return;
    if (length < 0) {
        raw->closed = true;
        stream_want(stream, 0);
        return;
    }
    buf_put(&raw->received, bytes, (size_t)length);
    take_frames(raw);
}

const struct stream_handler raw_http2_handler = {.connected = raw_connected, .readable = raw_readable};

void raw_http2_init(struct raw_http2 *raw)
{
    *raw = (struct raw_http2){.reading = true};
    buf_init(&raw->received, 1 << 20);
    for (size_t i = 0; i < RAW_STREAMS_MAX; i++)
        buf_init(&raw->answers[i].data, 64 << 20);
    CHECK(nghttp2_hd_deflate_new(&raw->deflater, 4096) == 0);
    CHECK(nghttp2_hd_inflate_new(&raw->inflater) == 0);
}

void raw_http2_release(struct raw_http2 *raw)
{
    stream_free(raw->stream);
    nghttp2_hd_deflate_del(raw->deflater);
    nghttp2_hd_inflate_del(raw->inflater);
    buf_release(&raw->received);
    for (size_t i = 0; i < RAW_STREAMS_MAX; i++)
        buf_release(&raw->answers[i].data);
}

bool raw_bytes(struct raw_http2 *raw, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t written = stream_write(raw->stream, at, length);
        if (written < 0)
            return false;
        at += written;
        length -= (size_t)written;
    }
    return true;
}

bool raw_frame(struct raw_http2 *raw, uint8_t type, uint8_t flags, uint32_t stream_id, const void *payload,
               size_t length)
{
    uint8_t memory[FRAME_HEADER_BYTES + FRAME_MAX_BYTES];
    struct buf frame;
    buf_init_fixed(&frame, memory, sizeof(memory));
    buf_u24(&frame, (uint32_t)length);
    buf_u8(&frame, type);
    buf_u8(&frame, flags);
    buf_u32(&frame, stream_id);
    buf_put(&frame, payload, length);
    CHECK(!frame.failed);
    return raw_bytes(raw, frame.bytes, frame.length);
}

void raw_preface(struct raw_http2 *raw)
{
    raw_bytes(raw, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_frame(raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static nghttp2_nv header_of(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

size_t raw_header_block(struct raw_http2 *raw, const char *path, const char *name, const char *value, uint8_t *block,
                        size_t capacity)
{
    /* A given name replaces the header that is usually sent, or is added. */
    nghttp2_nv headers[8] = {
        header_of(":method", "POST"),    header_of(":scheme", "http"), header_of(":path", path),
        header_of(":authority", "test"), header_of("te", "trailers"),  header_of("content-type", "application/grpc"),
    };
    size_t count = 6;
    size_t place = count;
    for (size_t i = 0; name && i < count; i++)
        if (headers[i].namelen == strlen(name) && memcmp(headers[i].name, name, headers[i].namelen) == 0)
            place = i;
    if (name)
        headers[place] = header_of(name, value);
    if (name && place == count)
        count++;
    ssize_t length = nghttp2_hd_deflate_hd(raw->deflater, block, capacity, headers, count);
    CHECK(length >= 0);
    return (size_t)length;
}

void raw_headers(struct raw_http2 *raw, uint32_t stream_id, const char *path, const char *name, const char *value)
{
    uint8_t block[BLOCK_MAX_BYTES];
    size_t length = raw_header_block(raw, path, name, value, block, sizeof(block));
    raw_frame(raw, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream_id, block, length);
}

void raw_message(struct raw_http2 *raw, uint32_t stream_id, const void *bytes, size_t length, bool end)
{
    uint8_t memory[FRAME_MAX_BYTES];
    struct buf message;
    buf_init_fixed(&message, memory, sizeof(memory));
    buf_u8(&message, 0);
    buf_u32(&message, (uint32_t)length);
    buf_put(&message, bytes, length);
    CHECK(!message.failed);
    raw_frame(raw, NGHTTP2_DATA, end ? NGHTTP2_FLAG_END_STREAM : 0, stream_id, message.bytes, message.length);
}

void raw_call(struct raw_http2 *raw, uint32_t stream_id, const char *path, const void *bytes, size_t length)
{
    raw_headers(raw, stream_id, path, NULL, NULL);
    raw_message(raw, stream_id, bytes, length, true);
}

static void send_u32_frame(struct raw_http2 *raw, uint8_t type, uint32_t stream_id, uint32_t value)
{
    uint8_t memory[4];
    struct buf payload;
    buf_init_fixed(&payload, memory, sizeof(memory));
    buf_u32(&payload, value);
    raw_frame(raw, type, 0, stream_id, memory, sizeof(memory));
}

void raw_window_update(struct raw_http2 *raw, uint32_t stream_id, uint32_t bytes)
{
    send_u32_frame(raw, NGHTTP2_WINDOW_UPDATE, stream_id, bytes);
}

void raw_reset(struct raw_http2 *raw, uint32_t stream_id)
{
    send_u32_frame(raw, NGHTTP2_RST_STREAM, stream_id, NGHTTP2_CANCEL);
}

struct raw_answer *raw_answer(struct raw_http2 *raw, uint32_t stream_id)
{
    size_t index = stream_id / 2;
    CHECK(index < RAW_STREAMS_MAX);
    return &raw->answers[index];
}

void raw_set_reading(struct raw_http2 *raw, bool reading)
{
    raw->reading = reading;
    stream_want(raw->stream, reading ? LOOP_READ : 0);
}
