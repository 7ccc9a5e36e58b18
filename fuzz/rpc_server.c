/* What a client sends to the gRPC server, in pieces. Octet 0: bit 0 puts preface and SETTINGS before the rest, bit 1
 * makes the client not read, the other six are the length of a piece (0: all at once), and each piece takes 100 ms.
 * Whatever was sent, at the end no call and no byte may be left. */
#include "rpc/server.h"

#include <stdlib.h>
#include <string.h>

#include "../tests/unit/rpc/echo_service.h"
#include "base/check.h"
#include "base/cursor.h"
#include "fuzz.h"

enum {
    PIECE_MS = 100,
    TURNS_MAX = 64, /* a piece may ask for a list without end */
};

struct fuzz_stream {
    struct stream base;
    struct cursor input;
    unsigned wanted;
    bool deaf;
    bool freed;
};

static struct fuzz_stream *fuzz_stream_of(struct stream *stream)
{
    return container_of(stream, struct fuzz_stream, base);
}

static ssize_t fuzz_read(struct stream *stream, void *bytes, size_t length)
{
    struct cursor *input = &fuzz_stream_of(stream)->input;
    if (length > cursor_left(input))
        length = cursor_left(input);
    if (length == 0)
        return E_AGAIN;
    cursor_copy(input, bytes, length);
    return (ssize_t)length;
}

static ssize_t fuzz_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++)
        total += (ssize_t)pieces[i].iov_len;
    return fuzz_stream_of(stream)->deaf ? E_AGAIN : total;
}

static void fuzz_want(struct stream *stream, unsigned loop_events)
{
    fuzz_stream_of(stream)->wanted = loop_events;
}

static void fuzz_free(struct stream *stream)
{
    fuzz_stream_of(stream)->freed = true;
}

static const struct stream_ops fuzz_stream_ops = {
    .read = fuzz_read,
    .writev = fuzz_writev,
    .want = fuzz_want,
    .free = fuzz_free,
};

static void give(struct loop *loop, struct fuzz_stream *stream, const void *bytes, size_t length)
{
    stream->input = cursor_of(bytes, length);
    while (!stream->freed && cursor_left(&stream->input) > 0) {
        size_t before = cursor_left(&stream->input);
        if (stream->wanted & LOOP_READ)
            stream_tell_readable(&stream->base);
        for (unsigned i = 0; i < TURNS_MAX && loop_turn(loop, 0); i++)
            ;
        CHECK(stream->freed || cursor_left(&stream->input) < before);
    }
}

/* A quarter of an hour: every limit has passed. */
static void wait_for_all_limits(struct loop *loop)
{
    for (unsigned i = 0; i < 9 * TURNS_MAX; i++)
        loop_turn(loop, 100000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    if (size < 1)
        return 0;
    struct loop *loop = loop_new_simulated();
    struct rpc_server *server = rpc_server_new(loop, NULL);
    struct echo_service service = {0};
    struct fuzz_stream stream = {.base.ops = &fuzz_stream_ops, .deaf = data[0] & 2};
    const struct rpc_peer peer = {.local = true};
    echo_service_register(&service, server);
    rpc_server_adopt(server, &stream.base, &peer, false);
    loop_turn(loop, 0);
    if (data[0] & 1)
        give(loop, &stream, preface, sizeof(preface));
    size_t piece = data[0] >> 2 ? data[0] >> 2 : size;
    for (size_t at = 1; at < size && !stream.freed; at += piece) {
        give(loop, &stream, data + at, size - at < piece ? size - at : piece);
        loop_turn(loop, PIECE_MS);
    }
    if (service.held)
        rpc_call_reply(service.held, "held", 4);
    wait_for_all_limits(loop);
    rpc_server_free(server);
    CHECK(stream.freed);
    CHECK(!service.watching);
    loop_free(loop);
    return 0;
}
