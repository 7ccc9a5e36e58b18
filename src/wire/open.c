/* OPEN (RFC 4271 4.2 and 6.2) and its capabilities (RFC 5492), one table row per capability.
 *
 * How strict a row is follows from what the capability changes. One that decides how later bytes are read, or who may
 * send us what, must parse: a session whose sides disagree about it fails later and with a worse message, so the OPEN
 * is refused with 2/0. A merely informative or auxiliary one is ignored when broken. Repeated capabilities add up, or
 * the last one holds, as their RFCs say; roles must not contradict each other (RFC 9234 4.2).
 *
 * Optional parameters come in the classic format and, when they would not fit 255 octets, in that of RFC 9072, where
 * the parameter lengths have two octets while those of capabilities keep one.
 */
#include "wire/open.h"

#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/str.h"
#include "net/asn.h"

enum {
    BGP_VERSION = 4,
    PARAMETER_CAPABILITIES = 2,
    PARAMETER_EXTENDED = 255, /* RFC 9072 2 */
    PARAMETERS_CLASSIC_MAX = 255,
    RESTART_FLAG_R = 0x8000,
    RESTART_FLAG_N = 0x4000,
    RESTART_TIME_MASK = 0x0FFF,
    FORWARDING_FLAG_F = 0x80,
    ADD_PATH_RECEIVE = 1,
    ADD_PATH_SEND = 2,
    ADD_PATH_BOTH = 3,
    CAPABILITIES_ENCODED_MAX = 2048, /* more than all families in all capabilities need */
};

static family_set family_bit(uint16_t afi, uint8_t safi)
{
    enum family_id id = family_from_afi_safi(afi, safi);
    return id == FAMILY_UNKNOWN ? 0 : (family_set)1 << id;
}

static size_t tlv_begin(struct buf *buf, uint8_t code)
{
    buf_u8(buf, code);
    buf_u8(buf, 0);
    return buf->length;
}

static void tlv_end(struct buf *buf, size_t value_offset)
{
    if (!buf->failed)
        buf_patch_u8(buf, value_offset - 1, (uint8_t)(buf->length - value_offset));
}

/* Decoders: 0; E_INVALID if the value is malformed; E_EXISTS if it contradicts an earlier one. What is left in the
 * cursor counts as malformed. */

static int multiprotocol_decode(struct cursor *value, struct capabilities *capabilities)
{
    uint16_t afi = cursor_u16(value);
    cursor_u8(value); /* reserved, to be ignored */
    uint8_t safi = cursor_u8(value);
    if (value->failed)
        return E_INVALID;
    capabilities->has_multiprotocol = true;
    capabilities->multiprotocol |= family_bit(afi, safi);
    return 0;
}

static void multiprotocol_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->has_multiprotocol)
        return;
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (!(capabilities->multiprotocol >> id & 1))
            continue;
        const struct family *family = family_get((enum family_id)id);
        size_t at = tlv_begin(buf, CAPABILITY_MULTIPROTOCOL);
        buf_u16(buf, family->afi);
        buf_u8(buf, 0);
        buf_u8(buf, family->safi);
        tlv_end(buf, at);
    }
}

static int route_refresh_flag_decode(struct cursor *value, struct capabilities *capabilities)
{
    capabilities->route_refresh |= cursor_done(value);
    return 0;
}

static void route_refresh_flag_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (capabilities->route_refresh)
        tlv_end(buf, tlv_begin(buf, CAPABILITY_ROUTE_REFRESH));
}

static int extended_next_hop_decode(struct cursor *value, struct capabilities *capabilities)
{
    while (!cursor_done(value)) {
        uint16_t afi = cursor_u16(value);
        uint16_t safi = cursor_u16(value);
        uint16_t next_hop_afi = cursor_u16(value);
        if (!value->failed && next_hop_afi == AFI_IPV6 && safi <= UINT8_MAX)
            capabilities->extended_next_hop |= family_bit(afi, (uint8_t)safi);
    }
    return value->failed ? E_INVALID : 0;
}

static void extended_next_hop_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->extended_next_hop)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_EXTENDED_NEXT_HOP);
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (!(capabilities->extended_next_hop >> id & 1))
            continue;
        const struct family *family = family_get((enum family_id)id);
        buf_u16(buf, family->afi);
        buf_u16(buf, family->safi);
        buf_u16(buf, AFI_IPV6);
    }
    tlv_end(buf, at);
}

static int extended_message_decode(struct cursor *value, struct capabilities *capabilities)
{
    capabilities->extended_message |= cursor_done(value);
    return 0;
}

static void extended_message_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (capabilities->extended_message)
        tlv_end(buf, tlv_begin(buf, CAPABILITY_EXTENDED_MESSAGE));
}

static int role_decode(struct cursor *value, struct capabilities *capabilities)
{
    uint8_t role = cursor_u8(value);
    if (value->failed)
        return E_INVALID;
    if (capabilities->role != ROLE_NONE && capabilities->role != role)
        return E_EXISTS;
    capabilities->role = role;
    return 0;
}

static void role_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (capabilities->role == ROLE_NONE)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_ROLE);
    buf_u8(buf, capabilities->role);
    tlv_end(buf, at);
}

/* RFC 4724 3: of several instances only the last one counts. */
static int graceful_restart_decode(struct cursor *value, struct capabilities *capabilities)
{
    family_set families = 0, forwarding = 0;
    uint16_t head = cursor_u16(value);
    while (!cursor_done(value)) {
        uint16_t afi = cursor_u16(value);
        uint8_t safi = cursor_u8(value);
        uint8_t flags = cursor_u8(value);
        if (value->failed)
            break;
        families |= family_bit(afi, safi);
        if (flags & FORWARDING_FLAG_F)
            forwarding |= family_bit(afi, safi);
    }
    if (value->failed)
        return E_INVALID;
    capabilities->graceful_restart = true;
    capabilities->restarting = head & RESTART_FLAG_R;
    capabilities->restart_notification = head & RESTART_FLAG_N;
    capabilities->restart_time_s = head & RESTART_TIME_MASK;
    capabilities->restart_families = families;
    capabilities->restart_forwarding = forwarding;
    return 0;
}

static void graceful_restart_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->graceful_restart)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_GRACEFUL_RESTART);
    uint16_t time_s =
        capabilities->restart_time_s < RESTART_TIME_MASK ? capabilities->restart_time_s : RESTART_TIME_MASK;
    buf_u16(buf, (uint16_t)((capabilities->restarting ? RESTART_FLAG_R : 0) |
                            (capabilities->restart_notification ? RESTART_FLAG_N : 0) | time_s));
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (!(capabilities->restart_families >> id & 1))
            continue;
        const struct family *family = family_get((enum family_id)id);
        buf_u16(buf, family->afi);
        buf_u8(buf, family->safi);
        buf_u8(buf, capabilities->restart_forwarding >> id & 1 ? FORWARDING_FLAG_F : 0);
    }
    tlv_end(buf, at);
}

static int four_octet_as_decode(struct cursor *value, struct capabilities *capabilities)
{
    uint32_t as4 = cursor_u32(value);
    if (value->failed)
        return E_INVALID;
    capabilities->four_octet_as = true;
    capabilities->as4 = as4;
    return 0;
}

static void four_octet_as_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->four_octet_as)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_FOUR_OCTET_AS);
    buf_u32(buf, capabilities->as4);
    tlv_end(buf, at);
}

/* RFC 7911 4: an entry with a direction other than 1, 2 or 3 is ignored; of a repeated family the last entry holds. */
static int add_path_decode(struct cursor *value, struct capabilities *capabilities)
{
    if (cursor_done(value))
        return E_INVALID;
    while (!cursor_done(value)) {
        uint16_t afi = cursor_u16(value);
        uint8_t safi = cursor_u8(value);
        uint8_t direction = cursor_u8(value);
        if (value->failed || direction < ADD_PATH_RECEIVE || direction > ADD_PATH_BOTH)
            continue;
        family_set family = family_bit(afi, safi);
        capabilities->add_path_receive &= ~family;
        capabilities->add_path_send &= ~family;
        if (direction & ADD_PATH_RECEIVE)
            capabilities->add_path_receive |= family;
        if (direction & ADD_PATH_SEND)
            capabilities->add_path_send |= family;
    }
    return value->failed ? E_INVALID : 0;
}

static void add_path_encode(const struct capabilities *capabilities, struct buf *buf)
{
    family_set families = capabilities->add_path_receive | capabilities->add_path_send;
    if (!families)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_ADD_PATH);
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (!(families >> id & 1))
            continue;
        const struct family *family = family_get((enum family_id)id);
        buf_u16(buf, family->afi);
        buf_u8(buf, family->safi);
        buf_u8(buf, (uint8_t)((capabilities->add_path_receive >> id & 1 ? ADD_PATH_RECEIVE : 0) |
                              (capabilities->add_path_send >> id & 1 ? ADD_PATH_SEND : 0)));
    }
    tlv_end(buf, at);
}

static int enhanced_refresh_decode(struct cursor *value, struct capabilities *capabilities)
{
    capabilities->enhanced_refresh |= cursor_done(value);
    return 0;
}

static void enhanced_refresh_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (capabilities->enhanced_refresh)
        tlv_end(buf, tlv_begin(buf, CAPABILITY_ENHANCED_ROUTE_REFRESH));
}

static int long_lived_decode(struct cursor *value, struct capabilities *capabilities)
{
    struct cursor look = *value;
    if (cursor_left(&look) % 7)
        return E_INVALID;
    capabilities->long_lived = true;
    while (!cursor_done(value)) {
        uint16_t afi = cursor_u16(value);
        uint8_t safi = cursor_u8(value);
        uint8_t flags = cursor_u8(value);
        uint32_t time_s = cursor_u24(value);
        enum family_id id = family_from_afi_safi(afi, safi);
        if (id == FAMILY_UNKNOWN)
            continue;
        capabilities->long_lived_families |= (family_set)1 << id;
        capabilities->long_lived_time_s[id] = time_s;
        if (flags & FORWARDING_FLAG_F)
            capabilities->long_lived_forwarding |= (family_set)1 << id;
    }
    return 0;
}

static void long_lived_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->long_lived)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_LONG_LIVED_GRACEFUL_RESTART);
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (!(capabilities->long_lived_families >> id & 1))
            continue;
        const struct family *family = family_get((enum family_id)id);
        buf_u16(buf, family->afi);
        buf_u8(buf, family->safi);
        buf_u8(buf, capabilities->long_lived_forwarding >> id & 1 ? FORWARDING_FLAG_F : 0);
        buf_u24(buf, capabilities->long_lived_time_s[id] & 0xFFFFFF);
    }
    tlv_end(buf, at);
}

/* Text with a length octet in front, kept escaped: `to` has room for CAPABILITY_TEXT_MAX + 1. */
static void text_decode(struct cursor *value, char *to)
{
    uint8_t length = cursor_u8(value);
    const uint8_t *bytes = cursor_take(value, length);
    struct str text = str_over(to, CAPABILITY_TEXT_MAX + 1);
    if (bytes)
        str_add_foreign(&text, bytes, length);
}

static void text_encode(const char *text, struct buf *buf)
{
    size_t length = strnlen(text, CAPABILITY_TEXT_MAX);
    buf_u8(buf, (uint8_t)length);
    buf_put(buf, text, length);
}

static int fqdn_decode(struct cursor *value, struct capabilities *capabilities)
{
    char host_name[CAPABILITY_TEXT_MAX + 1] = "", domain_name[CAPABILITY_TEXT_MAX + 1] = "";
    text_decode(value, host_name);
    text_decode(value, domain_name);
    if (value->failed || !cursor_done(value))
        return E_INVALID;
    capabilities->fqdn = true;
    memcpy(capabilities->host_name, host_name, sizeof(host_name));
    memcpy(capabilities->domain_name, domain_name, sizeof(domain_name));
    return 0;
}

static void fqdn_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->fqdn)
        return;
    size_t at = tlv_begin(buf, CAPABILITY_FQDN);
    text_encode(capabilities->host_name, buf);
    text_encode(capabilities->domain_name, buf);
    tlv_end(buf, at);
}

static int software_version_decode(struct cursor *value, struct capabilities *capabilities)
{
    char version[CAPABILITY_TEXT_MAX + 1] = "";
    text_decode(value, version);
    if (value->failed || !cursor_done(value))
        return E_INVALID;
    memcpy(capabilities->software_version, version, sizeof(version));
    return 0;
}

static void software_version_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (!capabilities->software_version[0])
        return;
    size_t at = tlv_begin(buf, CAPABILITY_SOFTWARE_VERSION);
    text_encode(capabilities->software_version, buf);
    tlv_end(buf, at);
}

static int route_refresh_cisco_decode(struct cursor *value, struct capabilities *capabilities)
{
    capabilities->route_refresh_cisco |= cursor_done(value);
    return 0;
}

static void route_refresh_cisco_encode(const struct capabilities *capabilities, struct buf *buf)
{
    if (capabilities->route_refresh_cisco)
        tlv_end(buf, tlv_begin(buf, CAPABILITY_ROUTE_REFRESH_CISCO));
}

/* In sending order. */
static const struct capability {
    uint8_t code;
    bool strict; /* malformed: refuse the OPEN; otherwise it counts as absent */
    const char *name;
    int (*decode)(struct cursor *value, struct capabilities *capabilities);
    void (*encode)(const struct capabilities *capabilities, struct buf *buf);
} capability_table[] = {
    {CAPABILITY_MULTIPROTOCOL, true, "multiprotocol", multiprotocol_decode, multiprotocol_encode},
    {CAPABILITY_ROUTE_REFRESH, false, "route-refresh", route_refresh_flag_decode, route_refresh_flag_encode},
    {CAPABILITY_EXTENDED_NEXT_HOP, true, "extended-nexthop", extended_next_hop_decode, extended_next_hop_encode},
    {CAPABILITY_EXTENDED_MESSAGE, true, "extended-message", extended_message_decode, extended_message_encode},
    {CAPABILITY_ROLE, true, "role", role_decode, role_encode},
    {CAPABILITY_GRACEFUL_RESTART, false, "graceful-restart", graceful_restart_decode, graceful_restart_encode},
    {CAPABILITY_FOUR_OCTET_AS, true, "4-octet-as", four_octet_as_decode, four_octet_as_encode},
    {CAPABILITY_ADD_PATH, true, "add-path", add_path_decode, add_path_encode},
    {CAPABILITY_ENHANCED_ROUTE_REFRESH, false, "enhanced-route-refresh", enhanced_refresh_decode,
     enhanced_refresh_encode},
    {CAPABILITY_LONG_LIVED_GRACEFUL_RESTART, false, "long-lived-graceful-restart", long_lived_decode,
     long_lived_encode},
    {CAPABILITY_FQDN, false, "fqdn", fqdn_decode, fqdn_encode},
    {CAPABILITY_SOFTWARE_VERSION, false, "software-version", software_version_decode, software_version_encode},
    {CAPABILITY_ROUTE_REFRESH_CISCO, false, "cisco-route-refresh", route_refresh_cisco_decode,
     route_refresh_cisco_encode},
};

static const struct capability *capability_find(uint8_t code)
{
    for (unsigned i = 0; i < ARRAY_LEN(capability_table); i++) {
        if (capability_table[i].code == code)
            return &capability_table[i];
    }
    return NULL;
}

const char *capability_name(uint8_t code)
{
    const struct capability *capability = capability_find(code);
    return capability ? capability->name : NULL;
}

void capabilities_encode(const struct capabilities *capabilities, struct buf *buf)
{
    for (unsigned i = 0; i < ARRAY_LEN(capability_table); i++)
        capability_table[i].encode(capabilities, buf);
}

/* Uses the extended form (RFC 9072) only when the classic one cannot hold the capabilities. */
static void put_open(struct buf *buf, const struct open_message *open, uint16_t my_as, const uint8_t *tlvs,
                     uint16_t length)
{
    size_t offset = message_begin(buf, MESSAGE_OPEN);
    buf_u8(buf, BGP_VERSION);
    buf_u16(buf, my_as);
    buf_u16(buf, open->hold_time_s);
    buf_u32(buf, open->router_id);
    if (length == 0) {
        buf_u8(buf, 0);
    } else if (length + 2 <= PARAMETERS_CLASSIC_MAX) {
        buf_u8(buf, (uint8_t)(length + 2));
        buf_u8(buf, PARAMETER_CAPABILITIES);
        buf_u8(buf, (uint8_t)length);
    } else {
        buf_u8(buf, PARAMETERS_CLASSIC_MAX);
        buf_u8(buf, PARAMETER_EXTENDED);
        buf_u16(buf, (uint16_t)(length + 3));
        buf_u8(buf, PARAMETER_CAPABILITIES);
        buf_u16(buf, length);
    }
    buf_put(buf, tlvs, length);
    message_end(buf, offset);
}

void open_encode(const struct open_message *open, struct buf *buf)
{
    uint8_t memory[CAPABILITIES_ENCODED_MAX];
    struct buf tlvs;
    buf_init_fixed(&tlvs, memory, sizeof(memory));
    capabilities_encode(&open->capabilities, &tlvs);
    CHECK(!tlvs.failed);
    uint16_t my_as = open->as > UINT16_MAX ? AS_TRANS : (uint16_t)open->as;
    put_open(buf, open, my_as, tlvs.bytes, (uint16_t)tlvs.length);
}

void open_encode_received(const struct open_message *open, struct buf *buf)
{
    put_open(buf, open, open->my_as, open->raw, open->raw_length);
}

static size_t bytes_kept(const struct open_message *open)
{
    return offsetof(struct open_message, raw) + open->raw_length;
}

struct open_message *open_keep(enum mem_kind kind, const struct open_message *open)
{
    size_t bytes = bytes_kept(open);
    return memcpy(mem_alloc(kind, bytes), open, bytes);
}

void open_copy(struct open_message *to, const struct open_message *from)
{
    memcpy(to, from, bytes_kept(from));
}

static int open_error(struct notification *notification, uint8_t subcode, const void *data, size_t length)
{
    *notification = notification_with_data(NOTIFY_OPEN, subcode, data, length);
    return E_INVALID;
}

static int capability_decode(uint8_t code, struct cursor value, struct open_message *open,
                             struct notification *notification)
{
    const struct capability *capability = capability_find(code);
    if (!capability)
        return 0;
    int result = capability->decode(&value, &open->capabilities);
    if (result == E_EXISTS)
        return open_error(notification, NOTIFY_OPEN_ROLE_MISMATCH, NULL, 0);
    if (capability->strict && (result < 0 || cursor_left(&value)))
        return open_error(notification, 0, NULL, 0);
    return 0;
}

/* The value of one Capabilities parameter (RFC 5492 4). */
static int capabilities_decode(struct cursor tlvs, struct open_message *open, struct notification *notification)
{
    while (!cursor_done(&tlvs)) {
        const uint8_t *start = tlvs.at;
        uint8_t code = cursor_u8(&tlvs);
        uint8_t length = cursor_u8(&tlvs);
        struct cursor value = cursor_sub(&tlvs, length);
        if (tlvs.failed)
            return open_error(notification, 0, NULL, 0);
        size_t whole = (size_t)(tlvs.at - start);
        if (whole <= sizeof(open->raw) - open->raw_length) {
            memcpy(open->raw + open->raw_length, start, whole);
            open->raw_length = (uint16_t)(open->raw_length + whole);
        }
        int result = capability_decode(code, value, open, notification);
        if (result < 0)
            return result;
    }
    return 0;
}

static int parameters_decode(struct cursor parameters, struct open_message *open, struct notification *notification)
{
    uint8_t length = cursor_u8(&parameters);
    /* RFC 9072 2: the type octet alone tells the extended format, whatever the length octet says. */
    bool extended = length && cursor_left(&parameters) && parameters.at[0] == PARAMETER_EXTENDED;
    if (extended)
        cursor_u8(&parameters);
    uint16_t total = extended ? cursor_u16(&parameters) : length;
    if (parameters.failed || total != cursor_left(&parameters))
        return open_error(notification, 0, NULL, 0);
    while (!cursor_done(&parameters)) {
        uint8_t type = cursor_u8(&parameters);
        uint16_t size = extended ? cursor_u16(&parameters) : cursor_u8(&parameters);
        struct cursor value = cursor_sub(&parameters, size);
        if (parameters.failed)
            return open_error(notification, 0, NULL, 0);
        if (type != PARAMETER_CAPABILITIES)
            return open_error(notification, NOTIFY_OPEN_BAD_PARAMETER, NULL, 0);
        int result = capabilities_decode(value, open, notification);
        if (result < 0)
            return result;
    }
    return 0;
}

int open_decode(const struct message *message, struct open_message *open, struct notification *notification)
{
    *open = (struct open_message){.capabilities.role = ROLE_NONE};
    struct cursor cursor = cursor_of(message->body, message->body_length);
    open->version = cursor_u8(&cursor);
    open->my_as = cursor_u16(&cursor);
    open->hold_time_s = cursor_u16(&cursor);
    open->router_id = cursor_u32(&cursor);
    if (cursor.failed)
        return open_error(notification, 0, NULL, 0);
    if (open->version != BGP_VERSION)
        return open_error(notification, NOTIFY_OPEN_BAD_VERSION, (const uint8_t[]){0, BGP_VERSION}, 2);

    int result = parameters_decode(cursor, open, notification);
    if (result < 0)
        return result;
    struct capabilities *capabilities = &open->capabilities;
    open->as = capabilities->four_octet_as ? capabilities->as4 : open->my_as;
    /* RFC 7607 2, RFC 6793 4.2.1: AS 0 is nobody, and the two fields must speak of the same AS. */
    if (open->as == 0 || (open->my_as != AS_TRANS && open->my_as != open->as))
        return open_error(notification, NOTIFY_OPEN_BAD_PEER_AS, NULL, 0);
    if (open->hold_time_s == 1 || open->hold_time_s == 2)
        return open_error(notification, NOTIFY_OPEN_BAD_HOLD_TIME, NULL, 0);
    if (open->router_id == 0)
        return open_error(notification, NOTIFY_OPEN_BAD_ID, NULL, 0);
    if (!capabilities->graceful_restart) /* RFC 9494 4.1: means nothing without it */
        capabilities->long_lived = false;
    return 0;
}

static family_set families_of(const struct capabilities *capabilities)
{
    return capabilities->has_multiprotocol ? capabilities->multiprotocol : (family_set)1 << FAMILY_IPV4_UNICAST;
}

static void restart_negotiate(const struct capabilities *ours, const struct capabilities *theirs, family_set families,
                              struct negotiated_restart *restart)
{
    restart->long_lived_understood = theirs->long_lived;
    if (!ours->graceful_restart || !theirs->graceful_restart)
        return;
    restart->enabled = true;
    restart->notification = ours->restart_notification && theirs->restart_notification;
    restart->peer_restarting = theirs->restarting;
    restart->time_s = theirs->restart_time_s;
    restart->families = families & theirs->restart_families;
    restart->forwarding = families & theirs->restart_forwarding;
    if (!ours->long_lived || !theirs->long_lived)
        return;
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        family_set bit = (family_set)1 << id;
        if (!(families & theirs->long_lived_families & bit) || theirs->long_lived_time_s[id] == 0)
            continue;
        restart->long_lived_families |= bit;
        restart->long_lived_forwarding |= theirs->long_lived_forwarding & bit;
        restart->long_lived_time_s[id] = theirs->long_lived_time_s[id];
    }
}

void capabilities_negotiate(const struct open_message *local, const struct open_message *remote,
                            struct negotiated *negotiated)
{
    const struct capabilities *ours = &local->capabilities, *theirs = &remote->capabilities;
    uint16_t hold_time_s = local->hold_time_s < remote->hold_time_s ? local->hold_time_s : remote->hold_time_s;
    family_set families = families_of(ours) & families_of(theirs);
    *negotiated = (struct negotiated){
        .peer_as = remote->as,
        .peer_id = remote->router_id,
        .hold_time_s = hold_time_s,
        .keepalive_s = hold_time_s / 3,
        .four_octet_as = ours->four_octet_as && theirs->four_octet_as,
        .extended_message = ours->extended_message && theirs->extended_message,
        .route_refresh = ours->route_refresh && theirs->route_refresh,
        .enhanced_refresh = ours->enhanced_refresh && theirs->enhanced_refresh,
        .families = families,
        .add_path_receive = families & ours->add_path_receive & theirs->add_path_send,
        .add_path_send = families & ours->add_path_send & theirs->add_path_receive,
        .extended_next_hop = families & ours->extended_next_hop & theirs->extended_next_hop,
        .peer_role = theirs->role,
    };
    restart_negotiate(ours, theirs, families, &negotiated->restart);
}
