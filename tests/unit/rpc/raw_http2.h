/* The other end of an HTTP/2 connection, frame by frame, so that tests can send what no client sends.
 * What arrives is sorted by stream. Nothing is sent that was not asked for: no SETTINGS ACK, no WINDOW_UPDATE.
 */
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#include "base/buf.h"
#include "io/stream.h"

enum { RAW_STREAMS_MAX = 512 };

struct raw_answer {
    char http_status[8];
    char grpc_status[8]; /* "" = none came */
    char grpc_message[1024];
    struct buf data; /* with prefixes */
    bool ended;
    bool reset;
    uint32_t reset_code;
};

struct raw_http2 {
    struct stream *stream;
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
    struct buf received; /* of the frame that is not complete */
    bool connected;
    bool closed;
    bool reading; /* false: leaves what arrives where it is */
    unsigned settings;
    unsigned settings_acks;
    unsigned pings;
    unsigned goaways;
    uint32_t goaway_code;
    struct raw_answer answers[RAW_STREAMS_MAX]; /* by stream id / 2 */
};

extern const struct stream_handler raw_http2_handler;

void raw_http2_init(struct raw_http2 *raw); /* then dial with the handler, and put the stream in */
void raw_http2_release(struct raw_http2 *raw);

/* False: the connection does not take it. */
bool raw_bytes(struct raw_http2 *raw, const void *bytes, size_t length);
bool raw_frame(struct raw_http2 *raw, uint8_t type, uint8_t flags, uint32_t stream_id, const void *payload,
               size_t length);
void raw_preface(struct raw_http2 *raw); /* and an empty SETTINGS */

/* A gRPC request's headers as a block; `name` and `value` (may be NULL) one more. Its length. */
size_t raw_header_block(struct raw_http2 *raw, const char *path, const char *name, const char *value, uint8_t *block,
                        size_t capacity);
void raw_headers(struct raw_http2 *raw, uint32_t stream_id, const char *path, const char *name, const char *value);

/* One gRPC message in a DATA frame; at most 16,000 bytes. */
void raw_message(struct raw_http2 *raw, uint32_t stream_id, const void *bytes, size_t length, bool end);

/* Headers and message of a whole unary call. */
void raw_call(struct raw_http2 *raw, uint32_t stream_id, const char *path, const void *bytes, size_t length);
void raw_window_update(struct raw_http2 *raw, uint32_t stream_id, uint32_t bytes);
void raw_reset(struct raw_http2 *raw, uint32_t stream_id);

struct raw_answer *raw_answer(struct raw_http2 *raw, uint32_t stream_id);
void raw_set_reading(struct raw_http2 *raw, bool reading);
