/* See bmp.h. AS numbers in the UPDATEs that go with it have four octets, so the A flag is never set, whatever the
 * peer's session has (RFC 7854 4.2).
 */
#include "wire/bmp.h"

#include <string.h>

enum {
    VERSION = 3,
    LENGTH_AT = 1,
    ADDRESS_BYTES = 16,
    IPV4_BYTES = 4,
    NS_PER_S = 1000000000,
    NS_PER_US = 1000,

    ROUTE_MONITORING = 0,
    STATISTICS_REPORT = 1,
    PEER_DOWN = 2,
    PEER_UP = 3,
    INITIATION = 4,
    TERMINATION = 5,

    FLAG_IPV6 = 0x80,
    FLAG_POST_POLICY = 0x40,

    TLV_SYS_DESCR = 1,
    TLV_SYS_NAME = 2,
    TLV_TABLE_NAME = 3,
    TLV_TERMINATION_REASON = 1,
};

static void patch_u32(struct buf *buf, size_t offset, uint32_t value)
{
    buf_patch_u16(buf, offset, (uint16_t)(value >> 16));
    buf_patch_u16(buf, offset + 2, (uint16_t)value);
}

static size_t begin(struct buf *buf, uint8_t type)
{
    size_t message = buf->length;
    buf_u8(buf, VERSION);
    buf_u32(buf, 0);
    buf_u8(buf, type);
    return message;
}

static void end(struct buf *buf, size_t message)
{
    if (!buf->failed)
        patch_u32(buf, message + LENGTH_AT, (uint32_t)(buf->length - message));
}

/* IPv4 addresses stand in the last four octets. */
static void put_address(struct buf *buf, const struct addr *addr)
{
    uint8_t bytes[ADDRESS_BYTES] = {0};
    if (addr->kind == ADDR_IPV6)
        memcpy(bytes, addr->bytes, ADDRESS_BYTES);
    else if (addr->kind == ADDR_IPV4)
        memcpy(bytes + ADDRESS_BYTES - IPV4_BYTES, addr->bytes, IPV4_BYTES);
    buf_put(buf, bytes, sizeof(bytes));
}

static void put_peer(struct buf *buf, const struct bmp_peer *peer)
{
    uint8_t flags = 0;
    if (peer->type == BMP_PEER_GLOBAL)
        flags =
            (uint8_t)((peer->address.kind == ADDR_IPV6 ? FLAG_IPV6 : 0) | (peer->post_policy ? FLAG_POST_POLICY : 0));
    buf_u8(buf, (uint8_t)peer->type);
    buf_u8(buf, flags);
    buf_u64(buf, 0); /* no distinguisher: there is one instance */
    put_address(buf, &peer->address);
    buf_u32(buf, peer->as);
    buf_u32(buf, peer->id);
    buf_u32(buf, (uint32_t)(peer->when.ns / NS_PER_S));
    buf_u32(buf, (uint32_t)(peer->when.ns % NS_PER_S / NS_PER_US));
}

static void put_text(struct buf *buf, uint16_t type, const char *text)
{
    size_t length = strnlen(text, UINT16_MAX);
    buf_u16(buf, type);
    buf_u16(buf, (uint16_t)length);
    buf_put(buf, text, length);
}

void bmp_initiation(struct buf *buf, const char *sys_name, const char *sys_descr)
{
    size_t message = begin(buf, INITIATION);
    put_text(buf, TLV_SYS_DESCR, sys_descr);
    put_text(buf, TLV_SYS_NAME, sys_name);
    end(buf, message);
}

void bmp_termination(struct buf *buf, enum bmp_termination reason)
{
    size_t message = begin(buf, TERMINATION);
    buf_u16(buf, TLV_TERMINATION_REASON);
    buf_u16(buf, 2);
    buf_u16(buf, (uint16_t)reason);
    end(buf, message);
}

void bmp_peer_up(struct buf *buf, const struct bmp_peer *peer, const struct bmp_session *session)
{
    size_t message = begin(buf, PEER_UP);
    put_peer(buf, peer);
    put_address(buf, &session->local);
    buf_u16(buf, session->local_port);
    buf_u16(buf, session->remote_port);
    buf_put(buf, session->sent, session->sent_length);
    buf_put(buf, session->received, session->received_length);
    if (session->table)
        put_text(buf, TLV_TABLE_NAME, session->table);
    end(buf, message);
}

void bmp_peer_down(struct buf *buf, const struct bmp_peer *peer, const struct bmp_down_reason *down)
{
    size_t message = begin(buf, PEER_DOWN);
    put_peer(buf, peer);
    buf_u8(buf, (uint8_t)down->reason);
    switch (down->reason) {
    case BMP_DOWN_SENT:
    case BMP_DOWN_RECEIVED:
        notification_encode(down->notification, buf);
        break;
    case BMP_DOWN_LOCAL:
        buf_u16(buf, down->fsm_event);
        break;
    case BMP_DOWN_TABLE:
        put_text(buf, TLV_TABLE_NAME, down->table);
        break;
    case BMP_DOWN_CLOSED:
    case BMP_DOWN_NOT_MONITORED:
        break;
    }
    end(buf, message);
}

size_t bmp_route_begin(struct buf *buf, const struct bmp_peer *peer)
{
    size_t message = begin(buf, ROUTE_MONITORING);
    put_peer(buf, peer);
    return message;
}

void bmp_route_end(struct buf *buf, size_t message)
{
    end(buf, message);
}

void bmp_statistics_begin(struct bmp_statistics *statistics, struct buf *buf, const struct bmp_peer *peer)
{
    *statistics = (struct bmp_statistics){.buf = buf, .message = begin(buf, STATISTICS_REPORT)};
    put_peer(buf, peer);
    statistics->count_at = buf->length;
    buf_u32(buf, 0);
}

static void put_statistic(struct bmp_statistics *statistics, enum bmp_statistic type, uint16_t length)
{
    buf_u16(statistics->buf, (uint16_t)type);
    buf_u16(statistics->buf, length);
    statistics->count++;
}

void bmp_statistics_u32(struct bmp_statistics *statistics, enum bmp_statistic type, uint64_t value)
{
    put_statistic(statistics, type, 4);
    buf_u32(statistics->buf, (uint32_t)value);
}

void bmp_statistics_u64(struct bmp_statistics *statistics, enum bmp_statistic type, uint64_t value)
{
    put_statistic(statistics, type, 8);
    buf_u64(statistics->buf, value);
}

void bmp_statistics_family(struct bmp_statistics *statistics, enum bmp_statistic type, enum family_id family,
                           uint64_t value)
{
    const struct family *facts = family_get(family);
    put_statistic(statistics, type, 2 + 1 + 8);
    buf_u16(statistics->buf, facts->afi);
    buf_u8(statistics->buf, facts->safi);
    buf_u64(statistics->buf, value);
}

void bmp_statistics_end(struct bmp_statistics *statistics)
{
    if (!statistics->buf->failed)
        patch_u32(statistics->buf, statistics->count_at, statistics->count);
    end(statistics->buf, statistics->message);
}
