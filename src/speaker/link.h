/* A link: a peer's session, wherever it runs.
 *
 * With one thread the session runs on the speaker's loop and calls go straight through. With several, sessions are
 * spread over session threads; then a link is the speaker's end of one: calls become mails to its thread, and what
 * happens there comes back through the thread's ring, in order. Output is never copied: the thread writes from the
 * update group's log, whose segments the speaker pins until it hears that they were taken.
 *
 * This file is the only place where threads meet sessions. A link's owner sees one thread: the speaker's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "session/session.h"

struct link;
struct session_thread;

/* As struct session_ops; on the speaker's loop. After link_stop and link_reset there are no more updates and refreshes
 * of that connection, only state changes and `lost`. */
struct link_ops {
    void (*state_changed)(void *owner, enum session_state to);
    void (*established)(void *owner, const struct negotiated *negotiated, const struct endpoint *local);
    void (*lost)(void *owner, bool graceful); /* graceful: session_down.graceful */
    /* One is about to be decoded on this very thread: with several threads never called. */
    void (*update_ahead)(void *owner, const uint8_t *body, size_t length);
    /* With what import needs; verdict and texts have been dealt with. */
    void (*update)(void *owner, const struct update *update);
    void (*refresh)(void *owner, enum family_id family, enum refresh_kind kind);
    /* All pieces on offer, in order, the first perhaps partly taken. Offered again until output_taken. */
    int (*output)(void *owner, struct iovec *pieces, int max_pieces);
    void (*output_taken)(void *owner, size_t bytes);
};

/* What a link runs on; for all links of a speaker the same, but for the thread's number. */
struct link_place {
    struct loop *loop; /* the speaker's */
    struct transport *transport;
    struct session_thread *thread; /* NULL: on the speaker's loop */
};

struct link *link_new(const struct link_place *place, const struct session_config *config, const struct link_ops *ops,
                      void *owner);
/* Never calls its owner again. The session says what it has been told to say, and goes. */
void link_free(struct link *link);

void link_start(struct link *link);
void link_stop(struct link *link, const struct notification *notification, enum session_end end);
void link_reset(struct link *link, const struct notification *notification, enum session_end end, uint32_t idle_hold_s);
void link_configure(struct link *link, const struct session_config *config);
void link_accept(struct link *link, struct stream *stream);
void link_output_ready(struct link *link);
void link_limit_unsent(struct link *link, uint32_t bytes); /* as session_limit_unsent */
/* BEGIN and END need enhanced refresh to have been negotiated. */
void link_send_refresh(struct link *link, enum family_id family, enum refresh_kind kind);

/* A session's status together with what it points to. */
struct link_snapshot {
    struct session_status status;
    struct negotiated negotiated;
    struct open_message local_open, remote_open;
};

/* As of now; inside `state_changed`, as of that change. Good until the loop turns. Waits for the session's thread, at
 * most one turn of it (it never waits for us). */
void link_status(struct link *link, struct link_snapshot *snapshot);
/* Of several links of one speaker: waits once for each thread, and for all at the same time. */
void link_status_many(struct link *const *links, size_t count, struct link_snapshot *snapshots);
