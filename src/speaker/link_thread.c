/* See link.h. Here: the link to a session on another thread.
 *
 *   speaker's thread                         session's thread
 *   threaded_link --- calls (mail) --------> session
 *                 <-- events (ring) --------
 *
 * Who may touch what
 *  - A session, its connections, streams and timers: its thread alone, from run_new to close_session. An accepted
 *    stream is the speaker's until threaded_accept has detached it, and the thread's from run_accept on.
 *  - Peers, outboxes, groups, the RIB, the link's owner: the speaker's thread alone.
 *  - struct threaded_link is both's, in two halves on cache lines of their own. Neither thread reads the other's half;
 *    what stands above them is constant. Copies go across: configurations and notifications out (a configuration holds
 *    the MD5 key and is wiped), UPDATEs, negotiated parameters and snapshots back. A notification is never shared.
 *  - Bytes of the log: written by the speaker before the mail that hands over the piece, read by the thread while the
 *    piece is its own, pinned until the speaker knows that it is not any more. It is the thread's from the mail on
 *    until EVENT_TAKEN counts it, EVENT_LOST ends its connection, or threaded_free returns. The pins and the segments
 *    around the bytes are never the thread's.
 *  - Log, hash seed and memory counters are the process's, and safe for all.
 *
 * Order. Mail arrives in the order it was posted, events in the order they were made. What crosses on the way is told
 * apart by two numbers: `connection` counts the times the session became Established, so that a piece never gets into
 * a later connection; `stops` counts link_stop and link_reset, so that a connection which came up before it heard of
 * one is not told to the owner at all, as it would be with the session in our hand.
 *
 * Waiting. The speaker waits for a thread in threaded_free and threaded_status; a thread waits for nobody, so this
 * ends. Inside state_changed the status is that of the event, without waiting.
 *
 * Memory. The link outlives threaded_free until its last event (CLOSED) has come back; those before it are recognised
 * by `released` and dropped.
 */
#include "speaker/link_thread.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "speaker/link_kind.h"
#include "speaker/update_pack.h"

enum {
    PIECES_AHEAD = 16, /* handed over and not yet taken */
    CACHE_LINE = 64,
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

struct event_state;

struct threaded_link {
    struct link base;
    struct session_thread *thread;
    struct transport *transport;

    char speaker_line[CACHE_LINE]; /* keeps what the two sides write on lines of their own */
    bool released;
    bool established;
    bool stopped;        /* since it was: what the connection still says is not heard */
    uint32_t connection; /* the one that is established */
    uint32_t stops;      /* posted */
    unsigned handed_over;
    size_t piece_left[PIECES_AHEAD];   /* of those handed over: bytes not known to be taken */
    const struct event_state *telling; /* inside state_changed */
    struct loop_task output;           /* hands over pieces: never from inside a call of the owner */

    char thread_line[CACHE_LINE];
    struct session *session;
    uint32_t connections; /* became Established so far */
    uint32_t stops_run;
    bool up;
    unsigned piece_count;
    size_t piece_written; /* of pieces[0] */
    size_t taken_unreported;
    struct iovec pieces[PIECES_AHEAD];
    struct list waiter; /* while input waits for the ring */
};

static struct threaded_link *threaded_of(struct link *link)
{
    return container_of(link, struct threaded_link, base);
}

/* Events: the thread's side makes them, the speaker's side handles them ------------------------------------------- */

struct event_state {
    struct thread_event event;
    enum session_state to;
    struct link_snapshot snapshot; /* pointers to be made good */
};

struct event_established {
    struct thread_event event;
    uint32_t connection;
    uint32_t stops;
    struct negotiated negotiated;
    struct endpoint local;
};

struct event_update {
    struct thread_event event;
    uint64_t packed[]; /* update_pack.h */
};

struct event_lost {
    struct thread_event event;
    bool graceful;
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

static void take_snapshot(const struct threaded_link *link, struct link_snapshot *snapshot)
{
    struct session_status *status = &snapshot->status;
    session_status(link->session, status);
    if (status->negotiated != NULL)
        snapshot->negotiated = *status->negotiated;
    if (status->local_open != NULL)
        open_copy(&snapshot->local_open, status->local_open);
    if (status->remote_open != NULL)
        open_copy(&snapshot->remote_open, status->remote_open);
}

/* Of a snapshot that has arrived where it will be looked at. */
static void point_into(struct link_snapshot *snapshot)
{
    struct session_status *status = &snapshot->status;
    status->negotiated = status->negotiated != NULL ? &snapshot->negotiated : NULL;
    status->local_open = status->local_open != NULL ? &snapshot->local_open : NULL;
    status->remote_open = status->remote_open != NULL ? &snapshot->remote_open : NULL;
}

static void on_state_changed(struct session *session, enum session_state from, enum session_state to)
{
    struct threaded_link *link = session_owner(session);
    (void)from;
    struct event_state *event = session_thread_event(link->thread, EVENT_STATE, link, sizeof(*event));
    event->to = to;
    take_snapshot(link, &event->snapshot);
    event->snapshot.status.state = to; /* it may be further already */
    session_thread_send(link->thread);
}

static void on_established(struct session *session, const struct negotiated *negotiated)
{
    struct threaded_link *link = session_owner(session);
    struct session_status status;
    session_status(session, &status);
    link->up = true;
    link->connections++;
    struct event_established *event = session_thread_event(link->thread, EVENT_ESTABLISHED, link, sizeof(*event));
    event->connection = link->connections;
    event->stops = link->stops_run;
    event->negotiated = *negotiated;
    event->local = status.local;
    session_thread_send(link->thread);
}

static void on_lost(struct session *session, const struct session_down *down)
{
    struct threaded_link *link = session_owner(session);
    link->up = false;
    link->piece_count = 0;
    link->piece_written = 0;
    link->taken_unreported = 0;
    struct event_lost *event = session_thread_event(link->thread, EVENT_LOST, link, sizeof(*event));
    event->graceful = down->graceful;
    session_thread_send(link->thread);
}

static void on_update(struct session *session, const struct update *update)
{
    struct threaded_link *link = session_owner(session);
    struct event_update *event =
        session_thread_event(link->thread, EVENT_UPDATE, link, sizeof(*event) + update_packed_size(update));
    update_pack(update, event->packed);
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
    event->connection = link->connections;
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
    struct threaded_link *link;
    void (*run)(struct threaded_link *link, struct link_call *call);
    enum session_end end;
    uint32_t idle_hold_s;
    enum family_id family;
    enum refresh_kind kind;
    uint32_t unsent_bytes;
    struct stream *stream;
    struct session_config *config; /* owned */
    struct notification notification;
};

struct piece_call {
    struct thread_call call;
    struct threaded_link *link;
    uint32_t connection; /* the one it is for */
    struct iovec piece;
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
    call->link->telling = NULL; /* what the event says is history */
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
    link->session =
        session_new(session_thread_loop(link->thread), link->transport, call->config, &threaded_session_ops, link);
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
    link->stops_run++;
    session_stop(link->session, &call->notification, call->end);
}

static void run_reset(struct threaded_link *link, struct link_call *call)
{
    link->stops_run++;
    session_reset(link->session, &call->notification, call->end, call->idle_hold_s);
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

static void run_limit_unsent(struct threaded_link *link, struct link_call *call)
{
    session_limit_unsent(link->session, call->unsent_bytes);
}

static void run_send_refresh(struct threaded_link *link, struct link_call *call)
{
    session_send_refresh(link->session, call->family, call->kind);
}

/* For a connection that is gone it needs no answer: the loss was one. */
static void run_piece(struct thread_call *thread_call)
{
    struct piece_call *call = container_of(thread_call, struct piece_call, call);
    struct threaded_link *link = call->link;
    if (link->up && call->connection == link->connections) {
        CHECK(link->piece_count < PIECES_AHEAD);
        link->pieces[link->piece_count++] = call->piece;
        session_output_ready(link->session);
    }
    mem_free(MEM_SESSION, call);
}

/* The speaker's side ----------------------------------------------------------------------------------------------- */

static void threaded_free(struct link *base)
{
    struct threaded_link *link = threaded_of(base);
    /* Waits: the pieces the thread has are the caller's again when this returns. */
    link->released = true;
    link->established = false;
    loop_task_cancel(&link->output);
    session_thread_call_and_wait(link->thread, close_session, link);
}

static void threaded_start(struct link *base)
{
    post(call_new(threaded_of(base), run_start));
}

static void post_stop(struct link_call *call, const struct notification *notification, enum session_end end)
{
    call->notification = *notification;
    call->end = end;
    call->link->stops++;
    call->link->stopped = true;
    loop_task_cancel(&call->link->output);
    post(call);
}

static void threaded_stop(struct link *base, const struct notification *notification, enum session_end end)
{
    post_stop(call_new(threaded_of(base), run_stop), notification, end);
}

static void threaded_reset(struct link *base, const struct notification *notification, enum session_end end,
                           uint32_t idle_hold_s)
{
    struct link_call *call = call_new(threaded_of(base), run_reset);
    call->idle_hold_s = idle_hold_s;
    post_stop(call, notification, end);
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

static void threaded_limit_unsent(struct link *base, uint32_t bytes)
{
    struct link_call *call = call_new(threaded_of(base), run_limit_unsent);
    call->unsent_bytes = bytes;
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
static bool hand_over(struct loop_task *task)
{
    struct threaded_link *link = container_of(task, struct threaded_link, output);
    struct iovec pieces[PIECES_AHEAD];
    int count = link->base.ops->output(link->base.owner, pieces, PIECES_AHEAD);
    for (; link->handed_over < (unsigned)count; link->handed_over++) {
        const struct iovec *piece = &pieces[link->handed_over];
        struct piece_call *call = mem_alloc(MEM_SESSION, sizeof(*call));
        *call =
            (struct piece_call){.call.run = run_piece, .link = link, .connection = link->connection, .piece = *piece};
        link->piece_left[link->handed_over] = piece->iov_len;
        session_thread_post(link->thread, &call->call);
    }
    return false;
}

static void threaded_output_ready(struct link *base)
{
    struct threaded_link *link = threaded_of(base);
    if (link->established && !link->stopped)
        loop_task_schedule(&link->output);
}

struct snapshot_call {
    struct thread_wait wait;
    struct session_thread *thread;
    struct link *const *links;
    size_t count;
    struct link_snapshot *snapshots;
};

/* On the thread: those of the links that are its own. */
static void run_snapshot(void *context)
{
    const struct snapshot_call *call = context;
    for (size_t i = 0; i < call->count; i++) {
        const struct threaded_link *link = threaded_of(call->links[i]);
        if (link->thread == call->thread)
            take_snapshot(link, &call->snapshots[i]);
    }
}

static void threaded_status(struct link *const *links, size_t count, struct link_snapshot *snapshots)
{
    const struct threaded_link *first = threaded_of(links[0]);
    struct snapshot_call calls[SESSION_THREADS_MAX];
    unsigned call_count = 0;
    if (count == 1 && first->telling != NULL) {
        *snapshots = first->telling->snapshot;
        point_into(snapshots);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct session_thread *thread = threaded_of(links[i])->thread;
        unsigned known = 0;
        while (known < call_count && calls[known].thread != thread)
            known++;
        if (known < call_count)
            continue;
        CHECK(call_count < SESSION_THREADS_MAX);
        struct snapshot_call *call = &calls[call_count++];
        *call = (struct snapshot_call){.thread = thread, .links = links, .count = count, .snapshots = snapshots};
        session_thread_begin(thread, &call->wait, run_snapshot, call);
    }
    for (unsigned i = 0; i < call_count; i++)
        session_thread_finish(&calls[i].wait);
    for (size_t i = 0; i < count; i++)
        point_into(&snapshots[i]);
}

static void handle_state(struct threaded_link *link, const struct event_state *event)
{
    link->telling = event;
    link->base.ops->state_changed(link->base.owner, event->to);
    link->telling = NULL;
}

static void handle_established(struct threaded_link *link, const struct event_established *event)
{
    if (event->stops != link->stops)
        return; /* it will hear, and go */
    link->established = true;
    link->stopped = false;
    link->connection = event->connection;
    link->handed_over = 0;
    link->base.ops->established(link->base.owner, &event->negotiated, &event->local);
}

static void handle_lost(struct threaded_link *link, const struct event_lost *event)
{
    if (!link->established)
        return;
    link->established = false;
    loop_task_cancel(&link->output);
    link->base.ops->lost(link->base.owner, event->graceful);
}

static void handle_update(struct threaded_link *link, const struct event_update *event)
{
    struct update update;
    update_unpack(event->packed, &update);
    link->base.ops->update(link->base.owner, &update);
}

static void handle_taken(struct threaded_link *link, const struct event_taken *event)
{
    if (event->connection != link->connection)
        return;
    size_t left = event->bytes;
    unsigned finished = 0;
    while (left > 0) {
        CHECK(finished < link->handed_over);
        size_t part = left < link->piece_left[finished] ? left : link->piece_left[finished];
        link->piece_left[finished] -= part;
        left -= part;
        finished += link->piece_left[finished] == 0;
    }
    link->handed_over -= finished;
    memmove(link->piece_left, link->piece_left + finished, link->handed_over * sizeof(link->piece_left[0]));
    link->base.ops->output_taken(link->base.owner, event->bytes);
    threaded_output_ready(&link->base);
}

/* Events of the connection the owner knows, and has not ended. */
static void handle_traffic(struct threaded_link *link, const struct thread_event *event)
{
    if (!link->established || link->stopped)
        return;
    if (event->type == EVENT_UPDATE) {
        handle_update(link, (const struct event_update *)event);
    } else if (event->type == EVENT_TAKEN) {
        handle_taken(link, (const struct event_taken *)event);
    } else {
        const struct event_refresh *refresh = (const struct event_refresh *)event;
        link->base.ops->refresh(link->base.owner, refresh->family, refresh->kind);
    }
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
        handle_state(link, (const struct event_state *)event);
        break;
    case EVENT_ESTABLISHED:
        handle_established(link, (const struct event_established *)event);
        break;
    case EVENT_LOST:
        handle_lost(link, (const struct event_lost *)event);
        break;
    case EVENT_UPDATE:
    case EVENT_REFRESH:
    case EVENT_TAKEN:
        handle_traffic(link, event);
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
    .limit_unsent = threaded_limit_unsent,
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
    loop_task_init(&link->output, place->loop, hand_over);
    struct link_call *call = call_new(link, run_new);
    call->config = copy_config(config);
    post(call);
    return &link->base;
}
