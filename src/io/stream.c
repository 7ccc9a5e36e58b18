#include "io/stream.h"

#include "base/check.h"

void stream_set_owner(struct stream *stream, const struct stream_handler *handler, void *owner)
{
    stream->handler = handler;
    stream->owner = owner;
}

ssize_t stream_read(struct stream *stream, void *bytes, size_t length)
{
    return stream->ops->read(stream, bytes, length);
}

ssize_t stream_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    return stream->ops->writev(stream, pieces, count);
}

ssize_t stream_write(struct stream *stream, const void *bytes, size_t length)
{
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
    return stream->ops->writev(stream, &piece, 1);
}

void stream_limit_unsent(struct stream *stream, uint32_t bytes)
{
    if (stream->ops->limit_unsent != NULL)
        stream->ops->limit_unsent(stream, bytes);
}

void stream_want(struct stream *stream, unsigned loop_events)
{
    stream->ops->want(stream, loop_events);
}

struct endpoint stream_local(const struct stream *stream)
{
    return stream->local;
}

struct endpoint stream_remote(const struct stream *stream)
{
    return stream->remote;
}

void stream_free(struct stream *stream)
{
    if (stream)
        stream->ops->free(stream);
}

void stream_tell_connected(struct stream *stream)
{
    if (stream->handler && stream->handler->connected)
        stream->handler->connected(stream, stream->owner);
}

void stream_tell_failed(struct stream *stream, int system_errno)
{
    if (stream->handler && stream->handler->failed)
        stream->handler->failed(stream, stream->owner, system_errno);
}

void stream_tell_readable(struct stream *stream)
{
    if (stream->handler && stream->handler->readable)
        stream->handler->readable(stream, stream->owner);
}

void stream_tell_writable(struct stream *stream)
{
    if (stream->handler && stream->handler->writable)
        stream->handler->writable(stream, stream->owner);
}

struct endpoint listener_local(const struct listener *listener)
{
    return listener->local;
}

void listener_free(struct listener *listener)
{
    if (listener)
        listener->free(listener);
}

void stream_detach(struct stream *stream)
{
    CHECK(stream->ops->detach != NULL);
    stream->ops->detach(stream);
}

void stream_attach(struct stream *stream, struct loop *loop)
{
    stream->ops->attach(stream, loop);
}
