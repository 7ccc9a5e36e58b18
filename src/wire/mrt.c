/* See mrt.h.
 *
 * Every record begins with the header of RFC 6396 2, whose length is filled in at the end. AS_PATH in a RIB entry
 * always has 4-octet AS numbers (4.3.4), which a canonical block has anyway. A canonical block keeps every next hop in
 * NEXT_HOP; where it cannot stand there, for IPv6 prefixes and IPv6 next hops of IPv4 prefixes (RFC 8950), it goes into
 * MP_REACH_NLRI, and that is written whole: docs/design/2026-11-22-mrt-dumps.md.
 */
#include "wire/mrt.h"

#include "base/check.h"
#include "wire/message.h"
#include "wire/update_write.h"

enum {
    LENGTH_AT = 8, /* of a record's length, in its header */
    IPV4_BYTES = 4,
    ADDRESS_MAX_BYTES = 16,
    MP_REACH_OVERHEAD_BYTES = 2 + 1 + 1 + 1, /* AFI, SAFI, length of the next hop, reserved */
    NEXT_HOP_MAX_BYTES = 32,                 /* global and link-local, RFC 2545 3 */
};

static void patch_u32(struct buf *buf, size_t offset, uint32_t value)
{
    buf_patch_u16(buf, offset, (uint16_t)(value >> 16));
    buf_patch_u16(buf, offset + 2, (uint16_t)value);
}

static size_t record_begin(struct buf *buf, uint32_t timestamp, uint16_t type, uint16_t subtype)
{
    size_t record = buf->length;
    buf_u32(buf, timestamp);
    buf_u16(buf, type);
    buf_u16(buf, subtype);
    buf_u32(buf, 0);
    return record;
}

static void record_end(struct buf *buf, size_t record)
{
    patch_u32(buf, record + LENGTH_AT, (uint32_t)(buf->length - record - MRT_HEADER_BYTES));
}

/* TABLE_DUMP_V2 ---------------------------------------------------------------------------------------------------- */

void mrt_peer_index_begin(struct mrt_peer_index *index, struct buf *buf, uint32_t timestamp, uint32_t collector_id)
{
    *index = (struct mrt_peer_index){.buf = buf};
    index->record = record_begin(buf, timestamp, MRT_TABLE_DUMP_V2, MRT_PEER_INDEX_TABLE);
    buf_u32(buf, collector_id);
    buf_u16(buf, 0); /* no name of a view */
    index->count_at = buf->length;
    buf_u16(buf, 0);
}

void mrt_peer_index_add(struct mrt_peer_index *index, const struct addr *addr, uint32_t asn, uint32_t router_id)
{
    bool ipv6 = addr->kind == ADDR_IPV6;
    CHECK(index->count < MRT_PEERS_MAX);
    buf_u8(index->buf, (uint8_t)(MRT_PEER_AS4 | (ipv6 ? MRT_PEER_IPV6 : 0)));
    buf_u32(index->buf, router_id);
    buf_put(index->buf, addr->bytes, ipv6 ? ADDRESS_MAX_BYTES : IPV4_BYTES);
    buf_u32(index->buf, asn);
    index->count++;
}

void mrt_peer_index_end(struct mrt_peer_index *index)
{
    buf_patch_u16(index->buf, index->count_at, index->count);
    record_end(index->buf, index->record);
}

void mrt_rib_begin(struct mrt_rib_writer *writer, struct buf *buf, const struct mrt_rib_head *head)
{
    static const uint16_t subtypes[2][2] = {{MRT_RIB_IPV6_UNICAST, MRT_RIB_IPV6_UNICAST_ADDPATH},
                                            {MRT_RIB_IPV4_UNICAST, MRT_RIB_IPV4_UNICAST_ADDPATH}};
    bool ipv4 = head->prefix.addr.kind == ADDR_IPV4;
    *writer = (struct mrt_rib_writer){.buf = buf, .add_path = head->add_path, .ipv4 = ipv4};
    writer->record = record_begin(buf, head->timestamp, MRT_TABLE_DUMP_V2, subtypes[ipv4][head->add_path]);
    buf_u32(buf, head->sequence);
    writer->nlri_length = (uint8_t)prefix_write(&head->prefix, writer->nlri);
    buf_put(buf, writer->nlri, writer->nlri_length);
    writer->count_at = buf->length;
    buf_u16(buf, 0);
}

/* A block whose next hop goes into MP_REACH_NLRI. */
static void put_with_mp_reach(const struct mrt_rib_writer *writer, const struct mrt_rib_entry *entry,
                              const struct attr_item *next_hop)
{
    uint8_t memory[MP_REACH_OVERHEAD_BYTES + NEXT_HOP_MAX_BYTES + sizeof(writer->nlri)];
    struct attr_edit edit;
    struct buf value;
    CHECK(next_hop->length <= NEXT_HOP_MAX_BYTES);
    buf_init_fixed(&value, memory, sizeof(memory));
    update_put_mp_reach(&value, writer->ipv4 ? FAMILY_IPV4_UNICAST : FAMILY_IPV6_UNICAST, next_hop, writer->nlri,
                        writer->nlri_length);
    attr_edit_init(&edit, entry->attrs, entry->attrs_length);
    attr_edit_remove(&edit, ATTR_NEXT_HOP);
    attr_edit_set(&edit, ATTR_FLAG_OPTIONAL, ATTR_MP_REACH, value.bytes, (uint16_t)value.length);
    attr_edit_finish(&edit, writer->buf);
}

void mrt_rib_add(struct mrt_rib_writer *writer, const struct mrt_rib_entry *entry)
{
    struct buf *buf = writer->buf;
    struct attr_item next_hop;
    CHECK(writer->count < UINT16_MAX);
    buf_u16(buf, entry->peer_index);
    buf_u32(buf, entry->originated_at);
    if (writer->add_path)
        buf_u32(buf, entry->path_id);
    size_t length_at = buf->length;
    buf_u16(buf, 0);
    if (attr_find(entry->attrs, entry->attrs_length, ATTR_NEXT_HOP, &next_hop) &&
        !(writer->ipv4 && next_hop.length == IPV4_BYTES))
        put_with_mp_reach(writer, entry, &next_hop);
    else
        buf_put(buf, entry->attrs, entry->attrs_length);
    buf_patch_u16(buf, length_at, (uint16_t)(buf->length - length_at - 2));
    writer->count++;
}

void mrt_rib_end(struct mrt_rib_writer *writer)
{
    buf_patch_u16(writer->buf, writer->count_at, writer->count);
    record_end(writer->buf, writer->record);
}

/* BGP4MP ----------------------------------------------------------------------------------------------------------- */

static void put_address(struct buf *buf, const struct addr *addr, bool ipv6)
{
    static const uint8_t zeros[ADDRESS_MAX_BYTES];
    bool fits = addr->kind == (ipv6 ? ADDR_IPV6 : ADDR_IPV4);
    buf_put(buf, fits ? addr->bytes : zeros, ipv6 ? ADDRESS_MAX_BYTES : IPV4_BYTES);
}

/* What MESSAGE_AS4 and STATE_CHANGE_AS4 begin with. */
static void put_session(struct buf *buf, const struct mrt_session *session)
{
    bool ipv6 = session->peer.kind == ADDR_IPV6;
    buf_u32(buf, session->peer_as);
    buf_u32(buf, session->local_as);
    buf_u16(buf, 0); /* the interface; 0: not said */
    buf_u16(buf, ipv6 ? AFI_IPV6 : AFI_IPV4);
    put_address(buf, &session->peer, ipv6);
    put_address(buf, &session->local, ipv6);
}

void mrt_state_change(struct buf *buf, uint32_t timestamp, const struct mrt_session *session, uint16_t from,
                      uint16_t to)
{
    size_t record = record_begin(buf, timestamp, MRT_BGP4MP, MRT_STATE_CHANGE_AS4);
    put_session(buf, session);
    buf_u16(buf, from);
    buf_u16(buf, to);
    record_end(buf, record);
}

static size_t begin_message(struct buf *buf, uint32_t timestamp, const struct mrt_session *session, bool add_path)
{
    size_t record = record_begin(buf, timestamp, MRT_BGP4MP, add_path ? MRT_MESSAGE_AS4_ADDPATH : MRT_MESSAGE_AS4);
    put_session(buf, session);
    return record;
}

unsigned mrt_update(struct buf *buf, uint32_t timestamp, const struct mrt_session *session, const struct update *update,
                    unsigned *too_long)
{
    unsigned count = 0;
    for (unsigned i = 0; i < update->run_count; i++) {
        const struct nlri_run *run = &update->runs[i];
        size_t record = begin_message(buf, timestamp, session, run->add_path);
        /* AS numbers that grew to four octets can make it so. */
        if (!update_write_run(buf, update, run)) {
            buf->length = record;
            (*too_long)++;
            continue;
        }
        record_end(buf, record);
        count++;
    }
    if (update->end_of_rib != FAMILY_UNKNOWN) {
        size_t record = begin_message(buf, timestamp, session, false);
        end_of_rib_encode(buf, update->end_of_rib);
        record_end(buf, record);
        count++;
    }
    return count;
}
