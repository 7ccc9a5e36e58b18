/* NOTIFICATION: one table says what every (code, subcode) is called and what its data means (RFC 4271 4.5 and the
 * IANA registries); everything here is a look-up in it.
 *
 * The data is foreign: it is read through a cursor and shown escaped. Shutdown communications go both ways (RFC 8203,
 * RFC 9003); a Hard Reset wraps another NOTIFICATION (RFC 8538).
 */
#include "wire/notification.h"

#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include "net/family.h"
#include "wire/attr_rules.h"
#include "wire/message.h"

enum { COMMUNICATION_MAX = 255, SHOWN_DATA_MAX = 16 };

struct notification notification_make(uint8_t code, uint8_t subcode)
{
    return notification_with_data(code, subcode, NULL, 0);
}

struct notification notification_with_data(uint8_t code, uint8_t subcode, const void *data, size_t length)
{
    struct notification notification;
    notification.code = code;
    notification.subcode = subcode;
    notification.data_length = (uint16_t)(length < NOTIFICATION_DATA_MAX ? length : NOTIFICATION_DATA_MAX);
    if (notification.data_length)
        memcpy(notification.data, data, notification.data_length);
    memset(notification.data + notification.data_length, 0, NOTIFICATION_DATA_MAX - notification.data_length);
    return notification;
}

static bool carries_communication(const struct notification *notification)
{
    return notification->code == NOTIFY_CEASE &&
           (notification->subcode == NOTIFY_CEASE_ADMIN_SHUTDOWN || notification->subcode == NOTIFY_CEASE_ADMIN_RESET);
}

struct notification notification_shutdown(uint8_t subcode, const char *communication)
{
    struct notification notification = notification_make(NOTIFY_CEASE, subcode);
    size_t length = communication && carries_communication(&notification) ? strlen(communication) : 0;
    if (length > COMMUNICATION_MAX)
        length = utf8_floor(communication, COMMUNICATION_MAX);
    if (length) {
        notification.data[0] = (uint8_t)length;
        memcpy(notification.data + 1, communication, length);
        notification.data_length = (uint16_t)(1 + length);
    }
    return notification;
}

bool notification_communication(const struct notification *notification, struct str *out)
{
    if (!carries_communication(notification))
        return false;
    struct cursor cursor = cursor_of(notification->data, notification->data_length);
    uint8_t length = cursor_u8(&cursor);
    const uint8_t *text = cursor_take(&cursor, length);
    if (!text || length == 0)
        return false;
    str_add_foreign(out, text, length);
    return true;
}

struct notification notification_hard_reset(const struct notification *inner)
{
    struct notification outer = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET);
    struct buf data;
    buf_init_fixed(&data, outer.data, sizeof(outer.data));
    buf_u8(&data, inner->code);
    buf_u8(&data, inner->subcode);
    size_t room = sizeof(outer.data) - data.length;
    buf_put(&data, inner->data, inner->data_length < room ? inner->data_length : room);
    outer.data_length = (uint16_t)data.length;
    return outer;
}

bool notification_is_hard_reset(const struct notification *notification)
{
    return notification->code == NOTIFY_CEASE && notification->subcode == NOTIFY_CEASE_HARD_RESET;
}

bool notification_wants_hard_reset(const struct notification *notification)
{
    if (notification->code != NOTIFY_CEASE)
        return false;
    switch (notification->subcode) {
    case NOTIFY_CEASE_MAX_PREFIXES:
    case NOTIFY_CEASE_ADMIN_SHUTDOWN:
    case NOTIFY_CEASE_DECONFIGURED:
        return true;
    default:
        return false;
    }
}

bool notification_inner(const struct notification *notification, struct notification *inner)
{
    if (!notification_is_hard_reset(notification) || notification->data_length < 2)
        return false;
    *inner = notification_decode(notification->data, notification->data_length);
    return true;
}

void notification_encode(const struct notification *notification, struct buf *buf)
{
    size_t offset = message_begin(buf, MESSAGE_NOTIFICATION);
    buf_u8(buf, notification->code);
    buf_u8(buf, notification->subcode);
    buf_put(buf, notification->data, notification->data_length);
    message_end(buf, offset);
}

struct notification notification_decode(const uint8_t *body, size_t length)
{
    if (length < 2)
        return notification_make(0, 0);
    return notification_with_data(body[0], body[1], body + 2, length - 2);
}

/* How the data of a NOTIFICATION reads. Each adds " (...)", or nothing when the data is not of that shape. */

static void describe_bytes(const struct notification *notification, struct str *out)
{
    if (notification->data_length == 0)
        return;
    str_add(out, " (data ");
    for (unsigned i = 0; i < notification->data_length && i < SHOWN_DATA_MAX; i++)
        str_printf(out, "%02x", notification->data[i]);
    str_add(out, notification->data_length > SHOWN_DATA_MAX ? "...)" : ")");
}

static void describe_length(const struct notification *notification, struct str *out)
{
    struct cursor data = cursor_of(notification->data, notification->data_length);
    uint16_t length = cursor_u16(&data);
    if (!data.failed)
        str_printf(out, " (length field %u)", length);
}

static void describe_type(const struct notification *notification, struct str *out)
{
    if (notification->data_length)
        str_printf(out, " (type %u)", notification->data[0]);
}

static void describe_version(const struct notification *notification, struct str *out)
{
    struct cursor data = cursor_of(notification->data, notification->data_length);
    uint16_t version = cursor_u16(&data);
    if (!data.failed)
        str_printf(out, " (supported version %u)", version);
}

/* No RFC gives Bad Peer AS data; some speakers append the number they saw, in 2 or 4 octets. */
static void describe_peer_as(const struct notification *notification, struct str *out)
{
    struct cursor data = cursor_of(notification->data, notification->data_length);
    if (notification->data_length == 2)
        str_printf(out, " (peer announced %u)", cursor_u16(&data));
    else if (notification->data_length == 4)
        str_printf(out, " (peer announced %u)", cursor_u32(&data));
    else
        describe_bytes(notification, out);
}

static void describe_hold_time(const struct notification *notification, struct str *out)
{
    struct cursor data = cursor_of(notification->data, notification->data_length);
    uint16_t hold_time_s = cursor_u16(&data);
    if (!data.failed)
        str_printf(out, " (hold time %u s)", hold_time_s);
}

static void describe_capability(const struct notification *notification, struct str *out)
{
    if (notification->data_length)
        str_printf(out, " (capability %u)", notification->data[0]);
}

/* The data is the attribute at fault, flags first. */
static void describe_attribute(const struct notification *notification, struct str *out)
{
    if (notification->data_length < 2) {
        describe_bytes(notification, out);
        return;
    }
    const struct attr_rule *rule = attr_rule_get(notification->data[1]);
    str_printf(out, " (attribute %u%s%s)", notification->data[1], rule ? " " : "", rule ? rule->name : "");
}

static void describe_missing(const struct notification *notification, struct str *out)
{
    if (notification->data_length == 0)
        return;
    const struct attr_rule *rule = attr_rule_get(notification->data[0]);
    str_printf(out, " (attribute %u%s%s)", notification->data[0], rule ? " " : "", rule ? rule->name : "");
}

static void describe_max_prefixes(const struct notification *notification, struct str *out)
{
    struct cursor data = cursor_of(notification->data, notification->data_length);
    uint16_t afi = cursor_u16(&data);
    uint8_t safi = cursor_u8(&data);
    uint32_t bound = cursor_u32(&data);
    if (data.failed)
        return;
    const struct family *family = family_get(family_from_afi_safi(afi, safi));
    if (family)
        str_printf(out, " (%s, %u)", family->config_name, bound);
    else
        str_printf(out, " (AFI %u SAFI %u, %u)", afi, safi, bound);
}

static void describe_communication(const struct notification *notification, struct str *out)
{
    char memory[4 * COMMUNICATION_MAX + 1];
    struct str text = str_over(memory, sizeof(memory));
    if (notification_communication(notification, &text)) {
        str_add(out, ": \"");
        str_add(out, text.text);
        str_add_char(out, '"');
    }
}

static void describe_inner(const struct notification *notification, struct str *out)
{
    struct notification inner;
    if (!notification_inner(notification, &inner))
        return;
    str_add(out, " (");
    if (inner.code == NOTIFY_CEASE && inner.subcode == NOTIFY_CEASE_HARD_RESET)
        str_add(out, "Cease / Hard Reset"); /* nested: no deeper */
    else
        notification_describe(&inner, out);
    str_add_char(out, ')');
}

static const char *const code_names[] = {
    [NOTIFY_HEADER] = "Message Header Error",
    [NOTIFY_OPEN] = "OPEN Message Error",
    [NOTIFY_UPDATE] = "UPDATE Message Error",
    [NOTIFY_HOLD_TIMER] = "Hold Timer Expired",
    [NOTIFY_FSM] = "Finite State Machine Error",
    [NOTIFY_CEASE] = "Cease",
    [NOTIFY_ROUTE_REFRESH] = "ROUTE-REFRESH Message Error",
    [NOTIFY_SEND_HOLD_TIMER] = "Send Hold Timer Expired",
};

static const struct reason {
    uint8_t code;
    uint8_t subcode;
    const char *name;
    void (*describe)(const struct notification *notification, struct str *out);
} reasons[] = {
    {NOTIFY_HEADER, NOTIFY_HEADER_NOT_SYNCHRONIZED, "Connection Not Synchronized", NULL},
    {NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, "Bad Message Length", describe_length},
    {NOTIFY_HEADER, NOTIFY_HEADER_BAD_TYPE, "Bad Message Type", describe_type},
    {NOTIFY_OPEN, NOTIFY_OPEN_BAD_VERSION, "Unsupported Version Number", describe_version},
    {NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, "Bad Peer AS", describe_peer_as},
    {NOTIFY_OPEN, NOTIFY_OPEN_BAD_ID, "Bad BGP Identifier", describe_bytes},
    {NOTIFY_OPEN, NOTIFY_OPEN_BAD_PARAMETER, "Unsupported Optional Parameter", describe_bytes},
    {NOTIFY_OPEN, 5, "Authentication Failure", describe_bytes},
    {NOTIFY_OPEN, NOTIFY_OPEN_BAD_HOLD_TIME, "Unacceptable Hold Time", describe_hold_time},
    {NOTIFY_OPEN, NOTIFY_OPEN_BAD_CAPABILITY, "Unsupported Capability", describe_capability},
    {NOTIFY_OPEN, NOTIFY_OPEN_ROLE_MISMATCH, "Role Mismatch", describe_bytes},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_MALFORMED, "Malformed Attribute List", NULL},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN, "Unrecognized Well-known Attribute", describe_attribute},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_MISSING_WELL_KNOWN, "Missing Well-known Attribute", describe_missing},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_FLAGS, "Attribute Flags Error", describe_attribute},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_LENGTH, "Attribute Length Error", describe_attribute},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_ORIGIN, "Invalid ORIGIN Attribute", describe_attribute},
    {NOTIFY_UPDATE, 7, "AS Routing Loop", NULL},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_NEXT_HOP, "Invalid NEXT_HOP Attribute", describe_attribute},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_OPTIONAL, "Optional Attribute Error", describe_attribute},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_NETWORK, "Invalid Network Field", NULL},
    {NOTIFY_UPDATE, NOTIFY_UPDATE_AS_PATH, "Malformed AS_PATH", NULL},
    {NOTIFY_FSM, NOTIFY_FSM_OPEN_SENT, "Receive Unexpected Message in OpenSent State", describe_type},
    {NOTIFY_FSM, NOTIFY_FSM_OPEN_CONFIRM, "Receive Unexpected Message in OpenConfirm State", describe_type},
    {NOTIFY_FSM, NOTIFY_FSM_ESTABLISHED, "Receive Unexpected Message in Established State", describe_type},
    {NOTIFY_CEASE, NOTIFY_CEASE_MAX_PREFIXES, "Maximum Number of Prefixes Reached", describe_max_prefixes},
    {NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_SHUTDOWN, "Administrative Shutdown", describe_communication},
    {NOTIFY_CEASE, NOTIFY_CEASE_DECONFIGURED, "Peer De-configured", NULL},
    {NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_RESET, "Administrative Reset", describe_communication},
    {NOTIFY_CEASE, NOTIFY_CEASE_REJECTED, "Connection Rejected", NULL},
    {NOTIFY_CEASE, NOTIFY_CEASE_CONFIG_CHANGE, "Other Configuration Change", NULL},
    {NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, "Connection Collision Resolution", NULL},
    {NOTIFY_CEASE, NOTIFY_CEASE_OUT_OF_RESOURCES, "Out of Resources", NULL},
    {NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET, "Hard Reset", describe_inner},
    {NOTIFY_CEASE, NOTIFY_CEASE_BFD_DOWN, "BFD Down", NULL},
    {NOTIFY_ROUTE_REFRESH, NOTIFY_REFRESH_BAD_LENGTH, "Invalid Message Length", NULL},
};

static const struct reason *reason_find(uint8_t code, uint8_t subcode)
{
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].code == code && reasons[i].subcode == subcode)
            return &reasons[i];
    }
    return NULL;
}

const char *notification_code_name(uint8_t code)
{
    return code < ARRAY_LEN(code_names) ? code_names[code] : NULL;
}

const char *notification_subcode_name(uint8_t code, uint8_t subcode)
{
    const struct reason *reason = reason_find(code, subcode);
    return reason ? reason->name : NULL;
}

void notification_describe(const struct notification *notification, struct str *out)
{
    const char *code_name = notification_code_name(notification->code);
    const struct reason *reason = reason_find(notification->code, notification->subcode);
    if (code_name)
        str_add(out, code_name);
    else
        str_printf(out, "unknown (%u)", notification->code);
    if (reason)
        str_printf(out, " / %s", reason->name);
    else if (notification->subcode)
        str_printf(out, " / unknown (%u)", notification->subcode);
    if (!reason)
        describe_bytes(notification, out);
    else if (reason->describe)
        reason->describe(notification, out);
}
