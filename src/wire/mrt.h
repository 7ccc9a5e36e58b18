/* Writing MRT (RFC 6396, RFC 8050): each function appends whole records to a buffer. Attributes come as canonical
 * blocks (attr/block.h) and leave as they would be in an UPDATE. A buffer past its ceiling fails as struct buf does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/addr.h"
#include "net/mrt.h"
#include "net/prefix.h"
#include "wire/update.h"

/* TABLE_DUMP_V2 ---------------------------------------------------------------------------------------------------- */

/* PEER_INDEX_TABLE: begun, then a peer at a time (MRT_PEERS_MAX at most), then ended. RIB entries name peers by their
 * place in it, from 0. */
struct mrt_peer_index {
    struct buf *buf;
    size_t record; /* where it begins */
    size_t count_at;
    uint16_t count;
};
void mrt_peer_index_begin(struct mrt_peer_index *index, struct buf *buf, uint32_t timestamp, uint32_t collector_id);
/* `addr` ADDR_NONE is written as 0.0.0.0. */
void mrt_peer_index_add(struct mrt_peer_index *index, const struct addr *addr, uint32_t asn, uint32_t router_id);
void mrt_peer_index_end(struct mrt_peer_index *index);

/* RIB_IPV4_UNICAST, RIB_IPV6_UNICAST and their ADDPATH forms: one prefix with its paths. */
struct mrt_rib_writer {
    struct buf *buf;
    size_t record;
    size_t count_at;
    uint16_t count;
    bool add_path;
    bool ipv4;
    uint8_t nlri_length;
    uint8_t nlri[1 + 16];
};
struct mrt_rib_head {
    uint32_t timestamp;
    uint32_t sequence;
    struct prefix prefix;
    bool add_path;
};
struct mrt_rib_entry {
    uint16_t peer_index;
    uint32_t originated_at;
    uint32_t path_id; /* written with add_path only */
    const uint8_t *attrs;
    uint32_t attrs_length;
};
void mrt_rib_begin(struct mrt_rib_writer *writer, struct buf *buf, const struct mrt_rib_head *head);
/* At most 65535 entries. */
void mrt_rib_add(struct mrt_rib_writer *writer, const struct mrt_rib_entry *entry);
void mrt_rib_end(struct mrt_rib_writer *writer);

/* BGP4MP ----------------------------------------------------------------------------------------------------------- */

/* Both ends of a session. An address that is not known (ADDR_NONE), or not of the peer's kind, is written as zeros. */
struct mrt_session {
    uint32_t peer_as;
    uint32_t local_as;
    struct addr peer;
    struct addr local;
};

/* BGP4MP_STATE_CHANGE_AS4; states have the numbers of RFC 4271 8.2.2, 1 (Idle) to 6 (Established). */
void mrt_state_change(struct buf *buf, uint32_t timestamp, const struct mrt_session *session, uint16_t from,
                      uint16_t to);

/* BGP4MP_MESSAGE_AS4, or _ADDPATH where path identifiers precede the NLRI: the UPDATE as it was understood. AS numbers
 * have four octets whatever the session's; withdrawn and announced routes of one UPDATE become a message each, and
 * what RFC 7606 treats as withdrawn is withdrawn. Returns how many messages were written; one that would be longer
 * than a message may be is left out, and counted in `too_long`. */
unsigned mrt_update(struct buf *buf, uint32_t timestamp, const struct mrt_session *session, const struct update *update,
                    unsigned *too_long);
