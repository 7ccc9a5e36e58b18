/* The protocol between a router and an RPKI cache: version 0 (RFC 6810), 1 (RFC 8210), 2 (draft-ietf-sidrops-8210bis).
 * Bytes to values and back; what they mean in which order is feeds/rtr_client.h.
 */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"
#include "net/prefix.h"

enum {
    RTR_VERSION_MAX = 2,
    RTR_HEADER_BYTES = 8,
    RTR_PDU_MAX = 64 * 1024, /* bytes: of an ASPA with as many providers as anybody has, and more */
};

enum rtr_type {
    RTR_SERIAL_NOTIFY = 0,
    RTR_SERIAL_QUERY = 1,
    RTR_RESET_QUERY = 2,
    RTR_CACHE_RESPONSE = 3,
    RTR_IPV4_PREFIX = 4,
    RTR_IPV6_PREFIX = 6,
    RTR_END_OF_DATA = 7,
    RTR_CACHE_RESET = 8,
    RTR_ROUTER_KEY = 9, /* from version 1 */
    RTR_ERROR_REPORT = 10,
    RTR_ASPA = 11, /* from version 2 */
    RTR_TYPE_COUNT
};

enum rtr_error {
    RTR_ERROR_CORRUPT_DATA = 0,
    RTR_ERROR_INTERNAL = 1,
    RTR_ERROR_NO_DATA = 2,
    RTR_ERROR_INVALID_REQUEST = 3,
    RTR_ERROR_UNSUPPORTED_VERSION = 4,
    RTR_ERROR_UNSUPPORTED_TYPE = 5,
    RTR_ERROR_UNKNOWN_WITHDRAWAL = 6,
    RTR_ERROR_DUPLICATE = 7,
    RTR_ERROR_UNEXPECTED_VERSION = 8,
};

struct rtr_route { /* IPv4 and IPv6 Prefix */
    bool announce;
    uint8_t max_length;
    struct prefix prefix;
    uint32_t asn;
};

struct rtr_end { /* End of Data */
    uint32_t serial;
    uint32_t refresh_s, retry_s, expire_s; /* 0 in version 0, which has none */
};

struct rtr_report { /* Error Report; as received, the text not terminated and of any octets */
    uint16_t code;
    uint32_t text_length;
    const uint8_t *text;
};

struct rtr_pdu {
    uint8_t version;
    uint8_t type;        /* enum rtr_type */
    uint16_t session_id; /* of those that have one */
    uint32_t length;
    const uint8_t *bytes; /* the whole of it */
    union {
        uint32_t serial; /* Serial Notify, Serial Query */
        struct rtr_route route;
        struct rtr_end end;
        struct rtr_report report;
    };
};

/* The next PDU: 1, or E_AGAIN: it is not whole yet, or E_INVALID: `*code` (enum rtr_error) and `err` say why; `pdu`
 * then has as much of its bytes as there are. Only a whole, right one is taken from the cursor. */
int rtr_next(struct cursor *cursor, struct rtr_pdu *pdu, uint16_t *code, struct err *err);

const char *rtr_type_name(uint8_t type);
const char *rtr_error_name(uint16_t code);

void rtr_put_serial_query(struct buf *buf, uint8_t version, uint16_t session_id, uint32_t serial);
void rtr_put_reset_query(struct buf *buf, uint8_t version);
/* `pdu` is what it is about, cut if it is long; length 0: nothing in particular. */
void rtr_put_error(struct buf *buf, uint8_t version, uint16_t code, const uint8_t *pdu, uint32_t length,
                   const char *text);
