/* See link.h. Here: the link to a session on another thread.
 *
 *   speaker's thread                         session's thread
 *   threaded_link --- calls (mail) --------> session
 *                 <-- events (ring) --------
 *
 * Both sides' fields live in one struct, apart from each other; `link` and `session` sides never touch the other's.
 * The memory goes when the last event (CLOSED) has come back: events under way to a freed link are recognised by
 * `released` and dropped.
 *
 * Output: the speaker hands over pieces (address and length) in order and pins what they point to; the thread writes
 * them and tells how many bytes were taken.
 */
#include "speaker/link_thread.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "speaker/link_kind.h"

enum {
    PIECES_AHEAD = 16,   /* handed over and not yet taken */
    TAKEN_REPORT_BYTES = 64 * 1024, /* taken bytes are reported in such steps, or when nothing is left */
};

enum event_type {
    EVENT_STATE,
    EVENT_ESTABLISHED,
    EVENT_LOST,
    EVENT_UPDATE,
    EVENT_REFRESH,
    EVENT_TAKEN,
    EVENT_CLOSED,
};

/* A connection's life as far as output is concerned: pieces of an older one are not for the new one. */
struct threaded_link {
    struct link base;
    struct session_thread *thread;

    /* The speaker's side. */
    bool released;
    bool established;
    uint32_t generation;   /* of the connection whose EVENT_ESTABLISHED was handled */
    unsigned handed_over;  /* pieces the thread has */
    size_t first_taken;    /* bytes of the first of them */
    struct session_status status; /* the last snapshot, with what it points to */
    struct negotiated negotiated;
    struct open_message local_open, remote_open;

    /* The session's side. */
    struct session *session;
    struct transport *transport;
    uint32_t connection;   /* counts connections that became Established */
    bool up;
    struct iovec pieces[PIECES_AHEAD];
    unsigned piece_count;
    size_t piece_written;  /* of pieces[0] */
    size_t taken_unreported;
    struct list waiter;    /* while input waits for the ring */
};

static struct threaded_link *threaded_of(struct link *link)
{
    return container_of(link, struct threaded_link, base);
}

/* Events: the thread's side makes them, the speaker's side handles them ------------------------------------------- */

struct event_state {
    struct thread_event event;
    enum session_state to;
};

struct event_established {
    struct thread_event event;
    uint32_t connection;
    struct negotiated negotiated;
    struct endpoint local;
};

struct event_refresh {
    struct thread_event event;
    enum family_id family;
    enum refresh_kind kind;
};

struct event_taken {
    struct thread_event event;
    uint32_t connection;
    size_t bytes;
};

/* An UPDATE with its bytes behind it: the attribute block, then the runs' NLRI. Pointers are made good on arrival. */
struct event_update {
    struct thread_event event;
    struct update update;
    uint8_t bytes[];
};

static void on_state_changed(struct session *session, enum session_state from, enum session_state to)
{
    struct threaded_link *link = session_owner(session);
    (void)from;
    struct event_state *event = session_thread_event(link->thread, EVENT_STATE, link, sizeof(*event));
    event->to = to;
    session_thread_send(link->thread);
}

static void on_established(struct session *session, const struct negotiated *negotiated)
{
    struct threaded_link *link = session_owner(session);
    struct session_status status;
    session_status(session, &status);
    link->up = true;
    link->connection++;
    struct event_established *event =
        session_thread_event(link->thread, EVENT_ESTABLISHED, link, sizeof(*event));
    event->connection = link->connection;
    event->negotiated = *negotiated;
    event->local = status.local;
    session_thread_send(link->thread);
}

static void on_lost(struct session *session, const struct session_down *down)
{
    struct threaded_link *link = session_owner(session);
    (void)down;
    link->up = false;
    link->piece_count = 0;
    link->piece_written = 0;
    link->taken_unreported = 0;
    session_thread_event(link->thread, EVENT_LOST, link, sizeof(struct thread_event));
    session_thread_send(link->thread);
}

static size_t update_bytes(const struct update *update)
{
    size_t bytes = update->attrs.length;
    for (unsigned i = 0; i < update->run_count; i++)
        bytes += update->runs[i].length;
    return bytes;
}

static bool announces(const struct update *update)
{
    for (unsigned i = 0; i < update->run_count; i++)
        if (!update->runs[i].withdraw)
            return true;
    return false;
}

static void on_update(struct session *session, const struct update *update)
{
    struct threaded_link *link = session_owner(session);
    struct update copy = *update;
    if (!announces(update))
        copy.attrs = (struct attr_block){0};
    struct event_update *event =
        session_thread_event(link->thread, EVENT_UPDATE, link, sizeof(*event) + update_bytes(&copy));
    uint8_t *at = event->bytes;
    if (copy.attrs.length > 0)
        memcpy(at, copy.attrs.bytes, copy.attrs.length);
    at += copy.attrs.length;
    for (unsigned i = 0; i < copy.run_count; i++) {
        memcpy(at, copy.runs[i].bytes, copy.runs[i].length);
        at += copy.runs[i].length;
    }
    event->update = copy;
    session_thread_send(link->thread);
}

static void on_refresh(struct session *session, enum family_id family, enum refresh_kind kind)
{
    struct threaded_link *link = session_owner(session);
    struct event_refresh *event = session_thread_event(link->thread, EVENT_REFRESH, link, sizeof(*event));
    event->family = family;
    event->kind = kind;
    session_thread_send(link->thread);
}

static int on_output(struct session *session, struct iovec *pieces, int max_pieces)
{
    struct threaded_link *link = session_owner(session);
    int count = 0;
    for (; count < max_pieces && (unsigned)count < link->piece_count; count++)
        pieces[count] = link->pieces[count];
    if (count > 0) {
        pieces[0].iov_base = (uint8_t *)pieces[0].iov_base + link->piece_written;
        pieces[0].iov_len -= link->piece_written;
    }
    return count;
}

static void report_taken(struct threaded_link *link)
{
    struct event_taken *event = session_thread_event(link->thread, EVENT_TAKEN, link, sizeof(*event));
    event->connection = link->connection;
    event->bytes = link->taken_unreported;
    link->taken_unreported = 0;
    session_thread_send(link->thread);
}

static void on_output_written(struct session *session, size_t bytes)
{
    struct threaded_link *link = session_owner(session);
    bool finished = false;
    link->taken_unreported += bytes;
    link->piece_written += bytes;
    while (link->piece_count > 0 && link->piece_written >= link->pieces[0].iov_len) {
        link->piece_written -= link->pieces[0].iov_len;
        link->piece_count--;
        memmove(link->pieces, link->pieces + 1, link->piece_count * sizeof(link->pieces[0]));
        finished = true;
    }
    if (finished && (link->taken_unreported >= TAKEN_REPORT_BYTES || link->piece_count == 0))
        report_taken(link);
}

static void resume_input(struct list *waiter)
{
    session_input_ready(container_of(waiter, struct threaded_link, waiter)->session);
}

static bool on_input_allowed(struct session *session)
{
    struct threaded_link *link = session_owner(session);
    if (!session_thread_congested(link->thread))
        return true;
    session_thread_when_free(link->thread, &link->waiter, resume_input);
    return false;
}

static const struct session_ops threaded_session_ops = {
    .state_changed = on_state_changed,
    .established = on_established,
    .lost = on_lost,
    .update = on_update,
    .refresh = on_refresh,
    .output = on_output,
    .output_written = on_output_written,
    .input_allowed = on_input_allowed,
};

/* Calls: posted by the speaker's side, run by the thread ----------------------------------------------------------- */

struct link_call {
    struct thread_call call;
    void (*run)(struct threaded_link *link, struct link_call *call);
    struct threaded_link *link;
    enum session_end end;
    uint32_t number;
    enum family_id family;
    enum refresh_kind kind;
    struct stream *stream;
    struct iovec piece;
    struct notification notification;
    struct session_config *config; /* owned */
};

static void run_call(struct thread_call *thread_call)
{
    struct link_call *call = container_of(thread_call, struct link_call, call);
    call->run(call->link, call);
    if (call->config != NULL) {
        explicit_bzero(call->config, sizeof(*call->config));
        mem_free(MEM_SESSION, call->config);
    }
    mem_free(MEM_SESSION, call);
}

static struct link_call *call_new(struct threaded_link *link,
                                  void (*run)(struct threaded_link *link, struct link_call *call))
{
    struct link_call *call = mem_zalloc(MEM_SESSION, sizeof(*call));
    call->call.run = run_call;
    call->run = run;
    call->link = link;
    return call;
}

static void post(struct link_call *call)
{
    session_thread_post(call->link->thread, &call->call);
}

static struct session_config *copy_config(const struct session_config *config)
{
    struct session_config *copy = mem_alloc(MEM_SESSION, sizeof(*copy));
    *copy = *config;
    return copy;
}

static void run_new(struct threaded_link *link, struct link_call *call)
{
    link->session = session_new(session_thread_loop(link->thread), link->transport, call->config,
                                &threaded_session_ops, link);
}

static void close_session(void *context)
{
    struct threaded_link *link = context;
    list_remove(&link->waiter);
    session_free(link->session);
    session_thread_event(link->thread, EVENT_CLOSED, link, sizeof(struct thread_event));
    session_thread_send(link->thread);
}

static void run_start(struct threaded_link *link, struct link_call *call)
{
    (void)call;
    session_start(link->session);
}

static void run_stop(struct threaded_link *link, struct link_call *call)
{
    session_stop(link->session, &call->notification, call->end);
}

static void run_reset(struct threaded_link *link, struct link_call *call)
{
    session_reset(link->session, &call->notification, call->end, call->number);
}

static void run_configure(struct threaded_link *link, struct link_call *call)
{
    session_configure(link->session, call->config);
}

static void run_accept(struct threaded_link *link, struct link_call *call)
{
    stream_attach(call->stream, session_thread_loop(link->thread));
    session_accept(link->session, call->stream);
}

static void run_send_refresh(struct threaded_link *link, struct link_call *call)
{
    session_send_refresh(link->session, call->family, call->kind);
}

/* `number` is the connection the piece is for. One that is gone needs no answer: its loss was one. */
static void run_piece(struct threaded_link *link, struct link_call *call)
{
    if (!link->up || call->number != link->connection)
        return;
    link->pieces[link->piece_count++] = call->piece;
    session_output_ready(link->session);
}

/* The speaker's side ------------------------------------------------------------------------------------------------ */

static void threaded_free(struct link *base)
{
    struct threaded_link *link = threaded_of(base);
    /* Waits: the pieces the thread has are the caller's again when this returns. */
    link->released = true;
    session_thread_call_and_wait(link->thread, close_session, link);
}

static void threaded_start(struct link *base)
{
    post(call_new(threaded_of(base), run_start));
}

static void threaded_stop(struct link *base, const struct notification *notification, enum session_end end)
{
    struct link_call *call = call_new(threaded_of(base), run_stop);
    call->notification = *notification;
    call->end = end;
    post(call);
}

static void threaded_reset(struct link *base, const struct notification *notification, enum session_end end,
                           uint32_t idle_hold_s)
{
    struct link_call *call = call_new(threaded_of(base), run_reset);
    call->notification = *notification;
    call->end = end;
    call->number = idle_hold_s;
    post(call);
}

static void threaded_configure(struct link *base, const struct session_config *config)
{
    struct link_call *call = call_new(threaded_of(base), run_configure);
    call->config = copy_config(config);
    post(call);
}

static void threaded_accept(struct link *base, struct stream *stream)
{
    struct link_call *call = call_new(threaded_of(base), run_accept);
    stream_detach(stream);
    call->stream = stream;
    post(call);
}

static void threaded_send_refresh(struct link *base, enum family_id family, enum refresh_kind kind)
{
    struct link_call *call = call_new(threaded_of(base), run_send_refresh);
    call->family = family;
    call->kind = kind;
    post(call);
}

/* Hands over the pieces the thread does not have yet. */
static void threaded_output_ready(struct link *base)
{
    struct threaded_link *link = threaded_of(base);
    struct iovec pieces[PIECES_AHEAD];
    if (!link->established)
        return;
    int count = base->ops->output(base->owner, pieces, PIECES_AHEAD);
    for (; link->handed_over < (unsigned)count; link->handed_over++) {
        struct link_call *call = call_new(link, run_piece);
        call->number = link->generation;
        call->piece = pieces[link->handed_over];
        post(call);
    }
}

static void take_snapshot(void *context)
{
    struct threaded_link *link = context;
    struct session_status *status = &link->status;
    session_status(link->session, status);
    if (status->negotiated != NULL) {
        link->negotiated = *status->negotiated;
        status->negotiated = &link->negotiated;
    }
    if (status->local_open != NULL) {
        link->local_open = *status->local_open;
        status->local_open = &link->local_open;
    }
    if (status->remote_open != NULL) {
        link->remote_open = *status->remote_open;
        status->remote_open = &link->remote_open;
    }
}

static void threaded_status(struct link *base, struct session_status *status)
{
    struct threaded_link *link = threaded_of(base);
    session_thread_call_and_wait(link->thread, take_snapshot, link);
    *status = link->status;
}

static void handle_established(struct threaded_link *link, const struct event_established *event)
{
    link->established = true;
    link->generation = event->connection;
    link->handed_over = 0;
    link->first_taken = 0;
    link->base.ops->established(link->base.owner, &event->negotiated, &event->local);
}

static void handle_update(struct threaded_link *link, const struct event_update *event)
{
    struct update update = event->update;
    const uint8_t *at = event->bytes;
    update.attrs.bytes = at;
    at += update.attrs.length;
    for (unsigned i = 0; i < update.run_count; i++) {
        update.runs[i].bytes = at;
        at += update.runs[i].length;
    }
    link->base.ops->update(link->base.owner, &update);
}

/* The owner counts pieces by their bytes; we need to know how many are still with the thread. */
static void handle_taken(struct threaded_link *link, const struct event_taken *event)
{
    struct iovec pieces[PIECES_AHEAD];
    if (!link->established || event->connection != link->generation)
        return;
    int count = link->base.ops->output(link->base.owner, pieces, PIECES_AHEAD);
    size_t bytes = event->bytes;
    for (int i = 0; i < count && bytes >= pieces[i].iov_len; i++) {
        bytes -= pieces[i].iov_len;
        link->handed_over--;
    }
    link->base.ops->output_taken(link->base.owner, event->bytes);
    threaded_output_ready(&link->base);
}

void threaded_link_handle(const struct thread_event *event)
{
    struct threaded_link *link = event->link;
    if (event->type == EVENT_CLOSED) {
        mem_free(MEM_PEER, link);
        return;
    }
    if (link->released)
        return;
    switch ((enum event_type)event->type) {
    case EVENT_STATE:
        link->base.ops->state_changed(link->base.owner, ((const struct event_state *)event)->to);
        break;
    case EVENT_ESTABLISHED:
        handle_established(link, (const struct event_established *)event);
        break;
    case EVENT_LOST:
        link->established = false;
        link->base.ops->lost(link->base.owner);
        break;
    case EVENT_UPDATE:
        handle_update(link, (const struct event_update *)event);
        break;
    case EVENT_REFRESH: {
        const struct event_refresh *refresh = (const struct event_refresh *)event;
        link->base.ops->refresh(link->base.owner, refresh->family, refresh->kind);
        break;
    }
    case EVENT_TAKEN:
        handle_taken(link, (const struct event_taken *)event);
        break;
    case EVENT_CLOSED:
        break;
    }
}

static const struct link_kind threaded_kind = {
    .free = threaded_free,
    .start = threaded_start,
    .stop = threaded_stop,
    .reset = threaded_reset,
    .configure = threaded_configure,
    .accept = threaded_accept,
    .output_ready = threaded_output_ready,
    .send_refresh = threaded_send_refresh,
    .status = threaded_status,
};

struct link *threaded_link_new(const struct link_place *place, const struct session_config *config,
                               const struct link_ops *ops, void *owner)
{
    struct threaded_link *link = mem_zalloc(MEM_PEER, sizeof(*link));
    link->base = (struct link){.kind = &threaded_kind, .ops = ops, .owner = owner};
    link->thread = place->thread;
    link->transport = place->transport;
    list_init(&link->waiter);
    struct link_call *call = call_new(link, run_new);
    call->config = copy_config(config);
    post(call);
    return &link->base;
}
