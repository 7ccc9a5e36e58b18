/* The ends of a connection in memory, which are its streams.
 *
 * What is written at one end becomes a segment in the other end's `arriving` queue; the end's timer moves it to
 * `arrived`, where it can be read. Both queues together are bounded, which is the writer's back-pressure. FIN and RST
 * are segments too, so they keep their place.
 *
 * Owners are told from a task, never from inside their own calls; the task repeats while what they want holds.
 */
#include "io/memory_conn.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct memory_segment {
    struct list link;
    struct mono_time arrival;
    enum segment_kind kind;
    size_t offset; /* read so far */
    size_t length;
    uint8_t bytes[];
};

static const struct stream_ops memory_stream_ops;

bool memory_path_passes(const struct memory_path *path, uint8_t ttl, uint8_t ttl_min)
{
    return !path->cut && ttl > path->routers && ttl - path->routers >= ttl_min;
}

void memory_conn_free(struct memory_conn *conn)
{
    loop_timer_stop(&conn->handshake);
    list_remove(&conn->link);
    if (conn->telling)
        conn->doomed = true;
    else
        mem_free(MEM_OTHER, conn);
}

struct memory_end *memory_end_of(struct stream *stream)
{
    return container_of(stream, struct memory_end, base);
}

static struct memory_end *end_other(struct memory_end *end)
{
    return end == &end->conn->dialer ? &end->conn->acceptor : &end->conn->dialer;
}

static size_t end_room(const struct memory_end *end, const struct memory_end *other)
{
    size_t limit = end->conn->net->buffer_bytes;
    return other->held_bytes < limit ? limit - other->held_bytes : 0;
}

static bool end_readable(const struct memory_end *end)
{
    return !list_empty(&end->arrived) || end->ended || end->error;
}

static bool end_writable(struct memory_end *end)
{
    return end->error || end_room(end, end_other(end)) > 0;
}

static bool end_has_news(struct memory_end *end)
{
    if (end->state == END_CONNECTED_UNTOLD || end->state == END_FAILED_UNTOLD)
        return true;
    return end->state == END_CONNECTED &&
           ((end->wanted & LOOP_READ && end_readable(end)) || (end->wanted & LOOP_WRITE && end_writable(end)));
}

void memory_end_tell_soon(struct memory_end *end)
{
    if (end_has_news(end))
        loop_task_schedule(&end->tell);
}

/* Tells the owner what there is to tell. He may free the stream at any of it, which closes the end. */
static void end_tell_all(struct memory_end *end)
{
    if (end->state == END_FAILED_UNTOLD) {
        end->state = END_FAILED;
        stream_tell_failed(&end->base, end->error);
        return;
    }
    if (end->state == END_CONNECTED_UNTOLD) {
        end->state = END_CONNECTED;
        stream_tell_connected(&end->base);
    }
    if (end->state == END_CONNECTED && end->wanted & LOOP_READ && end_readable(end))
        stream_tell_readable(&end->base);
    if (end->state == END_CONNECTED && end->wanted & LOOP_WRITE && end_writable(end))
        stream_tell_writable(&end->base);
}

static bool end_tell(struct loop_task *task)
{
    struct memory_end *end = container_of(task, struct memory_end, tell);
    struct memory_conn *conn = end->conn;
    conn->telling = true;
    end_tell_all(end);
    conn->telling = false;
    if (!conn->doomed)
        return end_has_news(end);
    mem_free(MEM_OTHER, conn);
    return false;
}

static void segments_drop(struct list *segments)
{
    list_foreach_safe (segment, segments, struct memory_segment, link)
        mem_free(MEM_OTHER, segment);
    list_init(segments);
}

/* `end` is where it will arrive. */
static struct memory_segment *segment_send(struct memory_end *end, enum segment_kind kind, size_t length)
{
    struct memory_segment *segment = mem_alloc(MEM_OTHER, sizeof(*segment) + length);
    struct loop *loop = end->conn->net->loop;
    *segment = (struct memory_segment){
        .kind = kind, .length = length, .arrival = mono_add_ms(loop_now(loop), end->inward->delay_ms)};
    if (list_empty(&end->arriving)) {
        loop_timer_start(&end->arrival, end->inward->delay_ms);
    } else { /* never overtakes, even if the delay was made shorter */
        const struct memory_segment *last = list_entry(end->arriving.prev, struct memory_segment, link);
        if (mono_before(segment->arrival, last->arrival))
            segment->arrival = last->arrival;
    }
    list_append(&end->arriving, &segment->link);
    end->held_bytes += length;
    return segment;
}

static void segment_arrives(struct memory_end *end, struct memory_segment *segment)
{
    list_remove(&segment->link);
    switch (segment->kind) {
    case SEGMENT_DATA:
        list_append(&end->arrived, &segment->link);
        return;
    case SEGMENT_FIN:
        end->ended = true;
        break;
    case SEGMENT_RST:
        end->error = end->ended ? EPIPE : ECONNRESET;
        break;
    }
    mem_free(MEM_OTHER, segment);
}

static void end_arrival(struct loop_timer *timer)
{
    struct memory_end *end = container_of(timer, struct memory_end, arrival);
    if (!memory_path_passes(end->inward, end_other(end)->ttl, end->ttl_min))
        return; /* looked at again when that changes */
    struct mono_time now = loop_now(timer->loop);
    while (!list_empty(&end->arriving)) {
        struct memory_segment *segment = list_entry(end->arriving.next, struct memory_segment, link);
        if (mono_before(now, segment->arrival)) {
            loop_timer_start(timer, mono_diff_ms(segment->arrival, now));
            break;
        }
        segment_arrives(end, segment);
    }
    memory_end_tell_soon(end);
}

void memory_end_look_again(struct memory_end *end)
{
    if (!list_empty(&end->arriving) && !loop_timer_running(&end->arrival))
        loop_timer_start(&end->arrival, end->inward->delay_ms);
}

void memory_end_signal(struct memory_end *end, enum segment_kind kind)
{
    segment_send(end, kind, 0);
}

static ssize_t memory_read(struct stream *stream, void *bytes, size_t length)
{
    struct memory_end *end = memory_end_of(stream);
    size_t got = 0;
    while (got < length && !list_empty(&end->arrived)) {
        struct memory_segment *segment = list_entry(end->arrived.next, struct memory_segment, link);
        size_t piece =
            segment->length - segment->offset < length - got ? segment->length - segment->offset : length - got;
        memcpy((uint8_t *)bytes + got, segment->bytes + segment->offset, piece);
        segment->offset += piece;
        got += piece;
        if (segment->offset == segment->length) {
            list_remove(&segment->link);
            mem_free(MEM_OTHER, segment);
        }
    }
    if (got > 0) {
        end->held_bytes -= got;
        memory_end_tell_soon(end_other(end));
        return (ssize_t)got;
    }
    if (length == 0 || (!end->ended && !end->error))
        return E_AGAIN;
    if (end->ended)
        return E_EOF;
    errno = end->error;
    return E_IO;
}

static size_t pieces_length(const struct iovec *pieces, int count)
{
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += pieces[i].iov_len;
    return length;
}

static void pieces_copy(uint8_t *to, size_t length, const struct iovec *pieces)
{
    while (length > 0) {
        size_t piece = pieces->iov_len < length ? pieces->iov_len : length;
        if (piece > 0)
            memcpy(to, pieces->iov_base, piece);
        to += piece;
        length -= piece;
        pieces++;
    }
}

static ssize_t memory_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    struct memory_end *end = memory_end_of(stream);
    struct memory_end *other = end_other(end);
    if (end->error) {
        errno = end->error;
        return E_IO;
    }
    size_t length = pieces_length(pieces, count);
    size_t room = end_room(end, other);
    if (end->state != END_CONNECTED || length == 0 || room == 0)
        return E_AGAIN;
    if (length > room)
        length = room;
    if (other->state == END_CLOSED) { /* nobody there any more, as the writer will hear */
        segment_send(end, SEGMENT_RST, 0);
        return (ssize_t)length;
    }
    struct memory_segment *segment = segment_send(other, SEGMENT_DATA, length);
    pieces_copy(segment->bytes, length, pieces);
    return (ssize_t)length;
}

static void memory_want(struct stream *stream, unsigned loop_events)
{
    struct memory_end *end = memory_end_of(stream);
    end->wanted = loop_events;
    memory_end_tell_soon(end);
}

void memory_end_close(struct memory_end *end)
{
    loop_task_cancel(&end->tell);
    loop_timer_stop(&end->arrival);
    segments_drop(&end->arriving);
    segments_drop(&end->arrived);
    end->held_bytes = 0;
    end->state = END_CLOSED;
}

static void memory_free(struct stream *stream)
{
    struct memory_end *end = memory_end_of(stream);
    struct memory_end *other = end_other(end);
    bool was_connected = end->state == END_CONNECTED || end->state == END_CONNECTED_UNTOLD;
    bool data_under_way = !list_empty(&end->arriving);
    memory_end_close(end);
    if (other->state == END_CLOSED) {
        memory_conn_free(end->conn);
        return;
    }
    if (!was_connected || end->error)
        return;
    segment_send(other, SEGMENT_FIN, 0);
    if (data_under_way)
        segment_send(other, SEGMENT_RST, 0);
}

static const struct stream_ops memory_stream_ops = {
    .read = memory_read,
    .writev = memory_writev,
    .want = memory_want,
    .free = memory_free,
};

void memory_end_init(struct memory_end *end, struct memory_conn *conn, const struct endpoint *local,
                     const struct endpoint *remote, struct memory_path *inward)
{
    end->base.ops = &memory_stream_ops;
    end->base.local = *local;
    end->base.remote = *remote;
    end->conn = conn;
    end->inward = inward;
    loop_task_init(&end->tell, conn->net->loop, end_tell);
    loop_timer_init(&end->arrival, conn->net->loop, end_arrival);
    list_init(&end->arriving);
    list_init(&end->arrived);
}

void memory_end_reset(struct memory_end *end)
{
    if (end->state == END_CLOSED || end->state == END_FAILED)
        return;
    loop_timer_stop(&end->arrival);
    segments_drop(&end->arriving);
    segments_drop(&end->arrived);
    end->held_bytes = 0;
    end->error = ECONNRESET;
    end->ended = false;
    if (end->state == END_CONNECTING)
        end->state = END_FAILED_UNTOLD;
    memory_end_tell_soon(end);
}
