/* NOTIFICATION (RFC 4271 4.5, 4486, 6608, 7313, 8203, 9003, 8538, 9234): value, codec, and meaning in words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    NOTIFY_HEADER = 1,
    NOTIFY_OPEN = 2,
    NOTIFY_UPDATE = 3,
    NOTIFY_HOLD_TIMER = 4,
    NOTIFY_FSM = 5,
    NOTIFY_CEASE = 6,
    NOTIFY_ROUTE_REFRESH = 7,
    NOTIFY_SEND_HOLD_TIMER = 8, /* RFC 9687 */
};

enum {
    NOTIFY_HEADER_NOT_SYNCHRONIZED = 1,
    NOTIFY_HEADER_BAD_LENGTH = 2,
    NOTIFY_HEADER_BAD_TYPE = 3,
    NOTIFY_OPEN_BAD_VERSION = 1,
    NOTIFY_OPEN_BAD_PEER_AS = 2,
    NOTIFY_OPEN_BAD_ID = 3,
    NOTIFY_OPEN_BAD_PARAMETER = 4,
    NOTIFY_OPEN_BAD_HOLD_TIME = 6,
    NOTIFY_OPEN_BAD_CAPABILITY = 7,
    NOTIFY_OPEN_ROLE_MISMATCH = 11,
    NOTIFY_UPDATE_MALFORMED = 1,
    NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN = 2,
    NOTIFY_UPDATE_MISSING_WELL_KNOWN = 3,
    NOTIFY_UPDATE_FLAGS = 4,
    NOTIFY_UPDATE_LENGTH = 5,
    NOTIFY_UPDATE_ORIGIN = 6,
    NOTIFY_UPDATE_NEXT_HOP = 8,
    NOTIFY_UPDATE_OPTIONAL = 9,
    NOTIFY_UPDATE_NETWORK = 10,
    NOTIFY_UPDATE_AS_PATH = 11,
    NOTIFY_FSM_OPEN_SENT = 1,
    NOTIFY_FSM_OPEN_CONFIRM = 2,
    NOTIFY_FSM_ESTABLISHED = 3,
    NOTIFY_CEASE_MAX_PREFIXES = 1,
    NOTIFY_CEASE_ADMIN_SHUTDOWN = 2,
    NOTIFY_CEASE_DECONFIGURED = 3,
    NOTIFY_CEASE_ADMIN_RESET = 4,
    NOTIFY_CEASE_REJECTED = 5,
    NOTIFY_CEASE_CONFIG_CHANGE = 6,
    NOTIFY_CEASE_COLLISION = 7,
    NOTIFY_CEASE_OUT_OF_RESOURCES = 8,
    NOTIFY_CEASE_HARD_RESET = 9,
    NOTIFY_CEASE_BFD_DOWN = 10,
    NOTIFY_REFRESH_BAD_LENGTH = 1,
};

enum { NOTIFICATION_DATA_MAX = 512 }; /* octets kept; more is cut off */

struct notification {
    uint8_t code; /* 0: none */
    uint8_t subcode;
    uint16_t data_length;
    uint8_t data[NOTIFICATION_DATA_MAX];
};

struct notification notification_make(uint8_t code, uint8_t subcode);
struct notification notification_with_data(uint8_t code, uint8_t subcode, const void *data, size_t length);

/* Cease with a shutdown communication (subcodes 2 and 4 only). UTF-8, cut at 255 octets on a character boundary. */
struct notification notification_shutdown(uint8_t subcode, const char *communication);

/* Cease / Hard Reset around what would have been sent (RFC 8538 3.1), and back: false unless it is one that holds at
 * least a code and a subcode. */
struct notification notification_hard_reset(const struct notification *inner);
/* Is it meant to take the routes away, so that it has to go as a Hard Reset where both sides would keep them otherwise?
 * As RFC 8538 4 suggests; an administrative reset is not: the routes survive it. */
bool notification_wants_hard_reset(const struct notification *notification);
/* True if the sender of this one wants its peer to keep no routes, where both know RFC 8538. */
bool notification_is_hard_reset(const struct notification *notification);
bool notification_inner(const struct notification *notification, struct notification *inner);

/* The shutdown communication, escaped. False if there is none or its length octet lies. */
bool notification_communication(const struct notification *notification, struct str *out);

void notification_encode(const struct notification *notification, struct buf *buf);

/* From a message body. Bodies under 2 octets give code 0, subcode 0. */
struct notification notification_decode(const uint8_t *body, size_t length);

/* "Cease", "Administrative Shutdown"; "unknown (238)" forms are made by notification_describe. NULL if unknown. */
const char *notification_code_name(uint8_t code);
const char *notification_subcode_name(uint8_t code, uint8_t subcode);

/* One line for a human: "Cease / Administrative Shutdown: \"maintenance\"", "Hold Timer Expired",
 * "OPEN Message Error / Bad Peer AS (peer announced 65010)". Foreign text is escaped. */
void notification_describe(const struct notification *notification, struct str *out);
