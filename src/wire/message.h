/* The BGP message header (RFC 4271 4.1) and the messages without a file of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/family.h"
#include "wire/notification.h"

enum {
    MESSAGE_HEADER_BYTES = 19,
    MESSAGE_MAX_BYTES = 4096,
    MESSAGE_EXTENDED_MAX_BYTES = 65535, /* RFC 8654 */
};

enum message_type {
    MESSAGE_OPEN = 1,
    MESSAGE_UPDATE = 2,
    MESSAGE_NOTIFICATION = 3,
    MESSAGE_KEEPALIVE = 4,
    MESSAGE_ROUTE_REFRESH = 5,
};

struct message {
    uint8_t type;
    uint16_t length; /* with header */
    const uint8_t *body;
    uint16_t body_length;
};

/* Looks at the start of `bytes`. 1: a whole message, described in `message`. 0: more bytes are needed.
 * -1: header error; `notification` is what to send (RFC 4271 6.1). A NOTIFICATION too short to be one is a whole
 * message all the same, since it must not be answered (6.4). `max_bytes` is 4096 or, when negotiated and
 * only for messages that may be long (not OPEN, not KEEPALIVE), 65535. */
int message_frame(const uint8_t *bytes, size_t length, size_t max_bytes, struct message *message,
                  struct notification *notification);

/* Starts a message at the end of `buf`: marker, room for the length, type. Returns its offset. */
size_t message_begin(struct buf *buf, enum message_type type);
void message_end(struct buf *buf, size_t offset); /* fills in the length */

void keepalive_encode(struct buf *buf);

/* ROUTE-REFRESH (RFC 2918, 7313). */
enum refresh_kind {
    REFRESH_REQUEST = 0,
    REFRESH_BEGIN = 1, /* BoRR */
    REFRESH_END = 2,   /* EoRR */
};

struct route_refresh {
    uint16_t afi;
    uint8_t safi;
    uint8_t kind; /* enum refresh_kind, or an unknown subtype */
};

void route_refresh_encode(struct buf *buf, enum family_id family, enum refresh_kind kind);

/* 0, or E_INVALID with the NOTIFICATION due: 7/1 for a wrong length when enhanced refresh is negotiated. A message
 * longer than 4 octets of body carries ORF entries, which are not offered: it counts as wrong length. */
int route_refresh_decode(const struct message *message, bool enhanced, struct route_refresh *refresh,
                         struct notification *notification);
