/* One BGP session: everything between a transport and validated UPDATEs.
 *
 * Three structs, from the first day: the *peer* (speaker/) is what the operator configured and what the RIB knows;
 * the *session* is the attempt to talk to it, with its timers, its state and its history; a *connection* (conn.h) is
 * one TCP connection with its own state machine (fsm.h), of which a session may have two for a moment (collision,
 * RFC 4271 6.8, RFC 6286).
 *
 * A session lives on one loop and calls its owner from there. It never calls back from inside session_new,
 * session_start, session_stop or session_free. It knows nothing of RIBs: UPDATEs go up decoded, output comes down as
 * ready bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "io/loop.h"
#include "io/stream.h"
#include "wire/notification.h"
#include "wire/open.h"
#include "wire/update.h"

struct session;

enum session_state { /* the numbers are those of the API */
                     SESSION_IDLE = 1,
                     SESSION_CONNECT = 2,
                     SESSION_ACTIVE = 3,
                     SESSION_OPENSENT = 4,
                     SESSION_OPENCONFIRM = 5,
                     SESSION_ESTABLISHED = 6,
};
const char *session_state_name(enum session_state state); /* "IDLE" ... "ESTABLISHED" */

/* Everything a session must know of its peer; copied by session_new and session_configure. */
struct session_config {
    struct endpoint remote;             /* with port */
    struct transport_options transport; /* local address, MD5, TTL, ... */
    bool passive;
    bool admin_down;
    uint32_t local_as;        /* what we say in OPEN */
    uint32_t peer_as;         /* 0: any */
    uint32_t local_id;        /* host order */
    bool ibgp;                /* peer_as == local_as; with peer_as 0 decided when the OPEN arrives */
    uint16_t hold_time_s;     /* offered; 0 or >= 3 */
    uint16_t keepalive_s;     /* 0: a third of the negotiated hold time */
    uint32_t connect_retry_s; /* the longest interval between attempts, and how long one may take; 0: 120 */
    uint32_t idle_hold_after_reset_s;
    uint32_t send_hold_s;             /* RFC 9687; 0: the larger of 480 and twice the hold time */
    uint32_t open_wait_s;             /* how long an OPEN may take to arrive; 0: 240, as in RFC 4271 */
    bool role_strict;                 /* RFC 9234: refuse a peer without the role capability */
    struct capabilities capabilities; /* what we offer; four_octet_as, as4 and the like filled in by the owner */
    struct update_rules rules;        /* everything but what negotiation decides */
};

/* Why a session is not, or no longer, up. Kept until the next one. */
enum session_end {
    SESSION_END_NONE,
    SESSION_END_ADMIN,    /* disabled, shut down, deconfigured or reset here */
    SESSION_END_SENT,     /* we sent `sent` */
    SESSION_END_RECEIVED, /* the peer sent `received` */
    SESSION_END_HOLD_TIMER,
    SESSION_END_SEND_HOLD_TIMER,
    SESSION_END_CLOSED,         /* the peer closed the connection without a NOTIFICATION */
    SESSION_END_TRANSPORT,      /* the connection broke: `system_errno` */
    SESSION_END_CONNECT_FAILED, /* it could not be opened: `system_errno` */
    SESSION_END_COLLISION,
    SESSION_END_PREFIX_LIMIT,
};
enum { SESSION_END_COUNT = SESSION_END_PREFIX_LIMIT + 1 };

struct session_down {
    enum session_end end;
    bool graceful; /* it was up, and the peer's routes are to be kept a while (RFC 4724, 8538) */
    int system_errno;
    struct wall_time when;
    char why[256]; /* one sentence for a human */
};

struct session_counters { /* messages since the session was created */
    uint64_t open, update, notification, keepalive, refresh, discarded, total;
    uint64_t withdraw_update, withdraw_prefix;
    uint64_t octets; /* of all connections, as TCP carries them */
};

/* A view for showing; pointers are good until the loop turns. */
struct session_status {
    enum session_state state;
    bool admin_down;
    uint32_t flaps;                         /* times it left Established */
    uint32_t losses[SESSION_END_COUNT];     /* the same, by what ended it */
    struct wall_time established_at;        /* 0 ns: never */
    struct wall_time down_at;               /* 0 ns: never */
    struct endpoint local, remote;          /* of the current connection */
    const struct negotiated *negotiated;    /* NULL unless in OpenConfirm or Established */
    const struct capabilities *offer;       /* what the next OPEN will say */
    const struct open_message *local_open;  /* last sent; NULL: never */
    const struct open_message *remote_open; /* last received; NULL: never */
    struct session_counters received, sent;
    struct notification last_sent, last_received; /* code 0: none; kept over restarts of the session */
    struct wall_time last_sent_at, last_received_at;
    struct session_down down;
    int64_t idle_hold_left_ms, connect_retry_left_ms;
    uint64_t output_pending; /* 1 if the owner's output was offered and not yet taken by the kernel */
};

/* What the owner does. Called on the session's loop. All but update_ahead and input_allowed must be there. Any of them
 * but update_ahead may call anything of the session, session_free included. */
struct session_ops {
    /* Every step, in order, and before `established` and `lost`. What a call of the owner changed is told by the
     * session's task, still in the same turn. */
    void (*state_changed)(struct session *session, enum session_state from, enum session_state to);
    /* Negotiation is done; output may start. */
    void (*established)(struct session *session, const struct negotiated *negotiated);
    /* It was Established and is not any more. */
    void (*lost)(struct session *session, const struct session_down *down);
    /* An UPDATE is about to be decoded; nothing is known of it but its length. NULL: nobody cares. */
    void (*update_ahead)(struct session *session, const uint8_t *body, size_t length);
    /* A decoded UPDATE with verdict below RESET (the session itself deals with RESET). Valid during the call.
     * End-of-RIB markers arrive here too. */
    void (*update)(struct session *session, const struct update *update);
    void (*refresh)(struct session *session, enum family_id family, enum refresh_kind kind);
    /* Output: up to `max_pieces` pieces of whole messages, to be written in order. Pieces stay in place until
     * output_written has told that their bytes were taken, always up to the end of a message. 0 pieces: nothing now;
     * session_output_ready will be called when there is. A piece once offered is offered again, from where it stopped,
     * until taken. */
    int (*output)(struct session *session, struct iovec *pieces, int max_pieces);
    void (*output_written)(struct session *session, size_t bytes);
    /* May this session read more now? False stops reading (back-pressure) until session_input_ready. NULL: always. */
    bool (*input_allowed)(struct session *session);
};

struct session *session_new(struct loop *loop, struct transport *transport, const struct session_config *config,
                            const struct session_ops *ops, void *owner);
void session_free(struct session *session); /* closes at once, without a NOTIFICATION unless one is queued */
void *session_owner(const struct session *session);
void session_status(const struct session *session, struct session_status *status);

/* ManualStart / ManualStop. Stop sends the given NOTIFICATION where a connection is open. A stopped session stays
 * Idle; a session with admin_down does not start. */
void session_start(struct session *session);
void session_stop(struct session *session, const struct notification *notification, enum session_end end);

/* Sends the NOTIFICATION and starts again after `idle_hold_s` (hard reset, prefix limit, configuration change). */
void session_reset(struct session *session, const struct notification *notification, enum session_end end,
                   uint32_t idle_hold_s);

/* New parameters. True if the running session could take them over (timers, passive mode, limits that only matter
 * later); false if they need a new session: the caller resets it, and the next connection uses them. */
bool session_configure(struct session *session, const struct session_config *config);

/* An incoming connection from this peer's address. The session takes the stream over: it either becomes a
 * connection or is closed (not started, admin down, already two). */
void session_accept(struct session *session, struct stream *stream);

/* There is new output / input may go on. Cheap when nothing changes. Same loop only. */
void session_output_ready(struct session *session);
void session_limit_unsent(struct session *session, uint32_t bytes); /* as stream_limit_unsent, of this connection */
void session_input_ready(struct session *session);

/* ROUTE-REFRESH out. False if not Established or not negotiated. BEGIN and END need enhanced refresh. */
bool session_send_refresh(struct session *session, enum family_id family, enum refresh_kind kind);
