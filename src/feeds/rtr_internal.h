/* Inside the RTR feed: what rtr_servers.c, rtr_client.c and rtr_receive.c share. */
#pragma once

#include "base/buf.h"
#include "feeds/rtr_servers.h"
#include "io/resolve.h"
#include "io/stream.h"
#include "speaker/speaker.h"
#include "speaker/validation.h"
#include "wire/rtr.h"

/*
 *            DOWN --timer--> CONNECTING --connected, nothing of ours settles--> ASKED
 *   Cache Response: ASKED -> RECEIVING;  End of Data: RECEIVING -> TAKING;  in force and settled: TAKING -> READY
 *   Serial Notify, refresh timer: READY -> ASKED;  the end of the connection: any -> DOWN
 */
enum rtr_state {
    RTR_DOWN,
    RTR_CONNECTING,
    RTR_WAITING, /* connected, and what the session before left behind is not settled yet */
    RTR_ASKED,
    RTR_RECEIVING,
    RTR_TAKING,
    RTR_READY,
};

/* What a client wants to be done with the table as soon as nothing settles. */
enum rtr_wish {
    RTR_WISH_NONE,
    RTR_WISH_COMMIT,
    RTR_WISH_ABANDON, /* the change it has begun */
    RTR_WISH_FLUSH,   /* all its VRPs */
};

struct rtr_timing {
    uint32_t refresh_s, retry_s, expire_s;
};

struct rtr_client {
    struct list link;
    struct rtr_servers *servers;
    struct rpki_server_config config;
    char name[CONFIG_HOST_MAX + 16]; /* "192.0.2.1:323" */
    unsigned source;
    enum rtr_state state;
    enum rtr_wish wish;
    enum rtr_wish in_turn; /* what the table settles for us */
    bool disabled;
    bool removed; /* goes when its VRPs have */

    struct stream *stream;
    struct resolution *resolution;
    struct buf input;
    uint8_t version; /* to be spoken, or spoken */
    bool agreed;     /* the server has answered in it */
    bool heard;      /* anything at all, in this connection */
    bool asked_whole;
    bool ask_again;    /* as soon as it is ready */
    bool whole_wanted; /* by the next query */
    uint8_t proven;    /* the version it was in session with, plus 1; 0: it was not */
    struct mono_time asked_at;
    unsigned failures;       /* in a row */
    struct mono_time window; /* the minute in which `window_bytes` were received */
    uint64_t window_bytes;

    bool known; /* what the next three say is in the table */
    uint8_t known_version;
    uint16_t session_id;
    uint32_t serial;
    struct rtr_end end; /* being taken */
    struct rtr_timing timing;

    struct loop_timer retry;    /* DOWN: to connect; READY: to ask again after an error */
    struct loop_timer refresh;  /* READY: to ask */
    struct loop_timer expiry;   /* of what it said */
    struct loop_timer patience; /* with one that says nothing */

    struct rtr_counters counters;
    struct mono_time up_at; /* on the loop's clock */
    struct wall_time up_since, down_since, answered_at;
    char trouble[RTR_WORDS_MAX];
};

struct rtr_servers {
    struct speaker *speaker;
    struct vrp_table *table;
    struct list clients; /* of struct rtr_client, as added; those that leave too */
    unsigned count;      /* without those */
    struct rtr_client *settling;
    struct loop_task task;
    struct policy_change changes; /* ranges are ours */
};

/* rtr_servers.c */
void rtr_wish(struct rtr_client *client, enum rtr_wish wish);

/* rtr_client.c */
void rtr_client_init(struct rtr_client *client);
void rtr_client_release(struct rtr_client *client);
void rtr_client_connect(struct rtr_client *client);
void rtr_client_settled(struct rtr_client *client, enum rtr_wish wish); /* what it wished is done */
/* Ends the connection, if there is one, because we were told to; nothing follows. */
void rtr_client_end(struct rtr_client *client, const char *reason);
/* The same because of some trouble; it is tried again. */
void rtr_client_drop(struct rtr_client *client, const char *reason);
void rtr_client_stop(struct rtr_client *client);
void rtr_client_reconnect(struct rtr_client *client, int64_t delay_ms);
/* Asks for what is new, or for everything; not ready, later. */
void rtr_client_ask(struct rtr_client *client, bool whole);
void rtr_client_ask_soon(struct rtr_client *client); /* but not more often than it is good */
void rtr_client_forget_session(struct rtr_client *client);
bool rtr_client_send(struct rtr_client *client, const struct buf *buf);
/* Tells the server what is wrong and ends the connection. */
void rtr_client_refuse(struct rtr_client *client, uint16_t code, const struct rtr_pdu *pdu, const char *reason);
/* The server does not speak ours: another connection with this one. */
void rtr_client_lower_version(struct rtr_client *client, uint8_t version);

/* rtr_receive.c */
void rtr_receive(struct rtr_client *client);
