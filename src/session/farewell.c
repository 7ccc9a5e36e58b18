/* Farewells: a NOTIFICATION is no use unless it arrives. When the kernel does not take it at once, the stream and the
 * bytes live on beside the session, which is free to go on, until they are written or the time is up. The kernel
 * delivers what it has taken.
 */
#include "base/mem.h"
#include "session/internal.h"

enum { FAREWELL_MS = 5000 };

struct farewell {
    struct list link;
    struct session *session;
    struct stream *stream;
    struct buf out;
    struct loop_timer deadline;
};

static void farewell_free(struct farewell *farewell)
{
    list_remove(&farewell->link);
    farewell->session->farewell_count--;
    loop_timer_stop(&farewell->deadline);
    stream_free(farewell->stream);
    buf_release(&farewell->out);
    mem_free(MEM_SESSION, farewell);
}

/* True when there is nothing more to do. */
static bool farewell_write(struct stream *stream, struct buf *out)
{
    while (out->length > 0) {
        struct iovec piece = {.iov_base = out->bytes, .iov_len = out->length};
        ssize_t taken = stream_writev(stream, &piece, 1);
        if (taken < 0)
            return taken != E_AGAIN;
        buf_consume(out, (size_t)taken);
    }
    return true;
}

static void farewell_writable(struct stream *stream, void *owner)
{
    struct farewell *farewell = owner;
    if (farewell_write(stream, &farewell->out))
        farewell_free(farewell);
}

static void farewell_expired(struct loop_timer *timer)
{
    farewell_free(container_of(timer, struct farewell, deadline));
}

void farewell_start(struct conn *conn)
{
    static const struct stream_handler handler = {.writable = farewell_writable};
    struct session *session = conn->session;
    if (!conn->stream || farewell_write(conn->stream, &conn->out) || session->farewell_count >= SESSION_FAREWELLS_MAX)
        return;
    struct farewell *farewell = mem_alloc(MEM_SESSION, sizeof(*farewell));
    *farewell = (struct farewell){.session = session, .stream = conn->stream, .out = conn->out};
    conn->stream = NULL;
    buf_init(&conn->out, CONN_OUT_LIMIT_BYTES);
    list_init(&farewell->link);
    list_append(&session->farewells, &farewell->link);
    session->farewell_count++;
    loop_timer_init(&farewell->deadline, session->loop, farewell_expired);
    loop_timer_start(&farewell->deadline, FAREWELL_MS);
    stream_set_owner(farewell->stream, &handler, farewell);
    stream_want(farewell->stream, LOOP_WRITE);
}

void farewell_end_all(struct session *session)
{
    list_foreach_safe (farewell, &session->farewells, struct farewell, link)
        farewell_free(farewell);
}
