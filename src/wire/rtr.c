/* See rtr.h. Types of PDU are a table: how long each may be, from which version on it exists, what reads its body. */
#include "wire/rtr.h"

#include <string.h>

#include "base/check.h"

enum {
    FLAG_ANNOUNCE = 1,
    REPORTED_MAX = 512, /* bytes of an erroneous PDU that go back */
    KEY_BODY_MIN = 24,  /* Subject Key Identifier, AS number */
};

struct type_row {
    const char *name;
    uint32_t length_min, length_max;
    uint8_t since_version;
    bool (*read)(struct cursor *body, struct rtr_pdu *pdu); /* NULL: nothing but the header matters */
};

static bool read_serial(struct cursor *body, struct rtr_pdu *pdu)
{
    pdu->serial = cursor_u32(body);
    return true;
}

static bool read_route(struct cursor *body, struct rtr_pdu *pdu)
{
    enum addr_kind kind = pdu->type == RTR_IPV4_PREFIX ? ADDR_IPV4 : ADDR_IPV6;
    uint8_t bytes[16] = {0};
    uint8_t flags = cursor_u8(body), length = cursor_u8(body), max_length = cursor_u8(body);
    cursor_u8(body);
    cursor_copy(body, bytes, kind == ADDR_IPV4 ? 4 : 16);
    struct addr addr = addr_from_bytes(kind, bytes);
    pdu->route = (struct rtr_route){.announce = (flags & FLAG_ANNOUNCE) != 0,
                                    .max_length = max_length,
                                    .prefix = prefix_make(&addr, length),
                                    .asn = cursor_u32(body)};
    return length <= max_length && max_length <= addr_bits(&addr) && addr_equal(&addr, &pdu->route.prefix.addr);
}

static bool read_end(struct cursor *body, struct rtr_pdu *pdu)
{
    pdu->end = (struct rtr_end){.serial = cursor_u32(body)};
    if (pdu->version == 0)
        return cursor_done(body);
    pdu->end.refresh_s = cursor_u32(body);
    pdu->end.retry_s = cursor_u32(body);
    pdu->end.expire_s = cursor_u32(body);
    return true;
}

static bool read_report(struct cursor *body, struct rtr_pdu *pdu)
{
    cursor_take(body, cursor_u32(body)); /* what it is about is ours, or of no interest */
    pdu->report = (struct rtr_report){.code = pdu->session_id, .text_length = cursor_u32(body)};
    pdu->report.text = cursor_take(body, pdu->report.text_length);
    return cursor_done(body);
}

static bool read_providers(struct cursor *body, struct rtr_pdu *pdu)
{
    return cursor_left(body) % sizeof(uint32_t) == 0;
}

static const struct type_row types[RTR_TYPE_COUNT] = {
    [RTR_SERIAL_NOTIFY] = {"Serial Notify", 12, 12, 0, read_serial},
    [RTR_SERIAL_QUERY] = {"Serial Query", 12, 12, 0, read_serial},
    [RTR_RESET_QUERY] = {"Reset Query", 8, 8, 0, NULL},
    [RTR_CACHE_RESPONSE] = {"Cache Response", 8, 8, 0, NULL},
    [RTR_IPV4_PREFIX] = {"IPv4 Prefix", 20, 20, 0, read_route},
    [RTR_IPV6_PREFIX] = {"IPv6 Prefix", 32, 32, 0, read_route},
    [RTR_END_OF_DATA] = {"End of Data", 12, 24, 0, read_end},
    [RTR_CACHE_RESET] = {"Cache Reset", 8, 8, 0, NULL},
    [RTR_ROUTER_KEY] = {"Router Key", RTR_HEADER_BYTES + KEY_BODY_MIN, RTR_PDU_MAX, 1, NULL},
    [RTR_ERROR_REPORT] = {"Error Report", 16, RTR_PDU_MAX, 0, read_report},
    [RTR_ASPA] = {"ASPA", 12, RTR_PDU_MAX, 2, read_providers},
};

const char *rtr_type_name(uint8_t type)
{
    return type < RTR_TYPE_COUNT && types[type].name != NULL ? types[type].name : "unknown PDU";
}

const char *rtr_error_name(uint16_t code)
{
    static const char *const names[] = {
        "Corrupt Data",        "Internal Error",           "No Data Available",  "Invalid Request",
        "Unsupported Version", "Unsupported PDU Type",     "Unknown Withdrawal", "Duplicate Announcement",
        "Unexpected Version",  "ASPA Provider List Error",
    };
    return code < ARRAY_LEN(names) ? names[code] : "unknown error";
}

static int bad(const struct rtr_pdu *pdu, uint16_t *code, uint16_t what, struct err *err)
{
    *code = what;
    return err_set(err, E_INVALID, "%s of version %u and %u bytes", rtr_type_name(pdu->type), pdu->version,
                   pdu->length);
}

int rtr_next(struct cursor *cursor, struct rtr_pdu *pdu, uint16_t *code, struct err *err)
{
    struct cursor ahead = *cursor;
    *pdu = (struct rtr_pdu){.bytes = ahead.at, .length = (uint32_t)cursor_left(&ahead)};
    if (pdu->length < RTR_HEADER_BYTES)
        return E_AGAIN;
    pdu->version = cursor_u8(&ahead);
    pdu->type = cursor_u8(&ahead);
    pdu->session_id = cursor_u16(&ahead);
    uint32_t length = cursor_u32(&ahead), there = pdu->length;
    pdu->length = length;
    const struct type_row *row = pdu->type < RTR_TYPE_COUNT ? &types[pdu->type] : NULL;
    uint16_t what = RTR_ERROR_CORRUPT_DATA;
    bool right = false;
    if (pdu->version > RTR_VERSION_MAX)
        what = RTR_ERROR_UNSUPPORTED_VERSION;
    else if (row == NULL || row->name == NULL || pdu->version < row->since_version)
        what = RTR_ERROR_UNSUPPORTED_TYPE;
    else
        right = length >= row->length_min && length <= row->length_max;
    if (right && there < length)
        return E_AGAIN;
    if (right) {
        struct cursor body = cursor_sub(&ahead, length - RTR_HEADER_BYTES);
        right = (row->read == NULL || row->read(&body, pdu)) && !body.failed;
    }
    if (!right) {
        int result = bad(pdu, code, what, err);
        pdu->length = length < there ? length : there;
        return result;
    }
    *cursor = ahead;
    return 1;
}

static void put_header(struct buf *buf, uint8_t version, uint8_t type, uint16_t field, uint32_t length)
{
    buf_u8(buf, version);
    buf_u8(buf, type);
    buf_u16(buf, field);
    buf_u32(buf, length);
}

void rtr_put_serial_query(struct buf *buf, uint8_t version, uint16_t session_id, uint32_t serial)
{
    put_header(buf, version, RTR_SERIAL_QUERY, session_id, 12);
    buf_u32(buf, serial);
}

void rtr_put_reset_query(struct buf *buf, uint8_t version)
{
    put_header(buf, version, RTR_RESET_QUERY, 0, RTR_HEADER_BYTES);
}

void rtr_put_error(struct buf *buf, uint8_t version, uint16_t code, const uint8_t *pdu, uint32_t length,
                   const char *text)
{
    uint32_t text_length = (uint32_t)strlen(text);
    if (length > REPORTED_MAX)
        length = REPORTED_MAX;
    put_header(buf, version, RTR_ERROR_REPORT, code, RTR_HEADER_BYTES + 4 + length + 4 + text_length);
    buf_u32(buf, length);
    if (length > 0)
        buf_put(buf, pdu, length);
    buf_u32(buf, text_length);
    buf_put(buf, text, text_length);
}
