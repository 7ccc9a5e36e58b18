/* Writing BMP version 3 (RFC 7854; Loc-RIB: RFC 9069; TLVs of Peer Up: RFC 9736): each function appends whole messages,
 * or begins or ends one, in a buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/time.h"
#include "net/addr.h"
#include "net/family.h"
#include "wire/notification.h"

enum { BMP_PORT = 11019 };

enum bmp_peer_type {
    BMP_PEER_GLOBAL = 0,
    BMP_PEER_LOC_RIB = 3,
};

/* What every message about a peer begins with. */
struct bmp_peer {
    enum bmp_peer_type type;
    bool post_policy;    /* of Route Monitoring: after the import policy; before it otherwise */
    struct addr address; /* ADDR_NONE: zeros */
    uint32_t as;
    uint32_t id; /* host order */
    struct wall_time when;
};

/* The longest header of a message, and of the peer in it. */
enum { BMP_HEADERS_BYTES = 6 + 42 };

void bmp_initiation(struct buf *buf, const char *sys_name, const char *sys_descr);

enum bmp_termination {
    BMP_TERMINATION_ADMIN = 0,
    BMP_TERMINATION_PERMANENT = 4,
};
void bmp_termination(struct buf *buf, enum bmp_termination reason);

struct bmp_session {
    struct addr local; /* ADDR_NONE: zeros */
    uint16_t local_port, remote_port;
    const uint8_t *sent, *received; /* whole OPEN messages */
    size_t sent_length, received_length;
    const char *table; /* VRF/Table Name; NULL: not said */
};
void bmp_peer_up(struct buf *buf, const struct bmp_peer *peer, const struct bmp_session *session);

enum bmp_down {
    BMP_DOWN_SENT = 1,          /* we closed, with a NOTIFICATION */
    BMP_DOWN_LOCAL = 2,         /* we closed without one: an event of the state machine says why */
    BMP_DOWN_RECEIVED = 3,      /* the peer closed, with a NOTIFICATION */
    BMP_DOWN_CLOSED = 4,        /* without one */
    BMP_DOWN_NOT_MONITORED = 5, /* it is no longer told about */
    BMP_DOWN_TABLE = 6,         /* of a Loc-RIB */
};
/* `notification` for SENT and RECEIVED, `fsm_event` (RFC 4271 8.1) for LOCAL, `table` for TABLE. */
struct bmp_down_reason {
    enum bmp_down reason;
    const struct notification *notification;
    uint16_t fsm_event;
    const char *table;
};
void bmp_peer_down(struct buf *buf, const struct bmp_peer *peer, const struct bmp_down_reason *down);

/* Route Monitoring: what is written between is one UPDATE message. Returns where it begins. */
size_t bmp_route_begin(struct buf *buf, const struct bmp_peer *peer);
void bmp_route_end(struct buf *buf, size_t message);

/* Statistics Report: begun, then number by number, then ended. */
enum bmp_statistic {
    BMP_STATISTIC_ADJ_RIB_IN = 7,         /* routes: 64 bits */
    BMP_STATISTIC_LOC_RIB = 8,            /* likewise */
    BMP_STATISTIC_FAMILY_ADJ_RIB_IN = 9,  /* of a family */
    BMP_STATISTIC_FAMILY_LOC_RIB = 10,    /* likewise */
    BMP_STATISTIC_WITHDRAW_UPDATES = 11,  /* treated as withdraw (RFC 7606): 32 bits */
    BMP_STATISTIC_WITHDRAW_PREFIXES = 12, /* likewise */
};
struct bmp_statistics {
    struct buf *buf;
    size_t message;
    size_t count_at;
    uint32_t count;
};
void bmp_statistics_begin(struct bmp_statistics *statistics, struct buf *buf, const struct bmp_peer *peer);
void bmp_statistics_u32(struct bmp_statistics *statistics, enum bmp_statistic type, uint64_t value);
void bmp_statistics_u64(struct bmp_statistics *statistics, enum bmp_statistic type, uint64_t value);
void bmp_statistics_family(struct bmp_statistics *statistics, enum bmp_statistic type, enum family_id family,
                           uint64_t value);
void bmp_statistics_end(struct bmp_statistics *statistics);
