#include "neighbours.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/asn.h"
#include "net/nlri.h"
#include "wire/attr_rules.h"

enum {
    READ_BYTES = 64 * 1024,
    OUT_LIMIT_BYTES = 4 * 1024 * 1024,
    KEEPALIVE_MS = 20 * 1000,
    HOLD_TIME_S = 90,
};

/* The numbers of open_shape.toggled. */
enum {
    TOGGLE_FOUR_OCTET = 1 << 0,
    TOGGLE_EXTENDED_MESSAGE = 1 << 1,
    TOGGLE_ENHANCED_REFRESH = 1 << 2,
    TOGGLE_ROUTE_REFRESH = 1 << 3,
    TOGGLE_ADD_PATH = 1 << 4,
    TOGGLE_EXTENDED_NEXT_HOP = 1 << 5,
    TOGGLE_IPV6 = 1 << 6,
    TOGGLE_MULTIPROTOCOL = 1 << 7,
};

const struct neighbour_kind neighbour_kinds[] = {
    {.name = "plain", .as = 65001, .families = FAMILIES_IPV4, .role_of_speaker = ROLE_NONE, .role = ROLE_NONE},
    {.name = "twin",
     .as = 65002,
     .graceful = true,
     .families = FAMILIES_IPV4,
     .role_of_speaker = ROLE_NONE,
     .role = ROLE_NONE},
    {.name = "old",
     .as = 65003,
     .two_octet = true,
     .families = FAMILIES_IPV4,
     .role_of_speaker = ROLE_NONE,
     .role = ROLE_NONE},
    {.name = "internal", .as = SPEAKER_AS, .families = FAMILIES_BOTH, .role_of_speaker = ROLE_NONE, .role = ROLE_NONE},
    {.name = "client",
     .as = SPEAKER_AS,
     .over_ipv6 = true,
     .extended_message = true,
     .extended_next_hop = true,
     .add_path = true,
     .graceful = true,
     .reflector_client = true,
     .families = FAMILIES_BOTH,
     .role_of_speaker = ROLE_NONE,
     .role = ROLE_NONE},
    {.name = "add-path",
     .as = 65004,
     .add_path = true,
     .families = FAMILIES_IPV4,
     .role_of_speaker = ROLE_NONE,
     .role = ROLE_NONE},
    {.name = "six",
     .as = 4200000005,
     .over_ipv6 = true,
     .extended_message = true,
     .extended_next_hop = true,
     .families = FAMILIES_BOTH,
     .role_of_speaker = ROLE_NONE,
     .role = ROLE_NONE},
    {.name = "customer",
     .as = 65006,
     .over_ipv6 = true,
     .families = FAMILIES_BOTH,
     .role_of_speaker = ROLE_PROVIDER,
     .role = ROLE_CUSTOMER},
    {.name = "provider",
     .as = 65007,
     .families = FAMILIES_IPV4,
     .role_of_speaker = ROLE_CUSTOMER,
     .role = ROLE_PROVIDER},
    {.name = "client of the route server",
     .as = 65008,
     .any_as = true,
     .session_reset = true,
     .route_server_client = true,
     .prefix_limit = 40,
     .families = FAMILIES_IPV4,
     .role_of_speaker = ROLE_NONE,
     .role = ROLE_NONE},
};
const unsigned neighbour_kind_count = ARRAY_LEN(neighbour_kinds);

static struct addr address(bool ipv6, uint8_t host)
{
    const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x63, [15] = host};
    return ipv6 ? addr_from_bytes(ADDR_IPV6, bytes) : addr_ipv4(0x0A630000u | host);
}

struct addr speaker_addr(bool ipv6)
{
    return address(ipv6, 1);
}

struct addr neighbour_addr(unsigned kind)
{
    return address(neighbour_kinds[kind].over_ipv6, (uint8_t)(11 + kind));
}

uint32_t neighbour_identifier(const struct neighbour_kind *kind)
{
    return 0x0A630000u + 11 + (uint32_t)(kind - neighbour_kinds);
}

/* Texts ------------------------------------------------------------------------------------------------------------ */

static bool is_control(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7F && rune < 0xA0) || rune == 0x2028 || rune == 0x2029 || rune == 0x061C ||
           rune == 0x200E || rune == 0x200F || (rune >= 0x202A && rune <= 0x202E) || (rune >= 0x2066 && rune <= 0x2069);
}

void check_text(const char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        uint32_t rune;
        unsigned octets = utf8_decode(text + at, length - at, &rune);
        CHECK(octets > 0);
        CHECK(!is_control(rune));
        at += octets;
    }
}

static void check_notification(const struct notification *notification)
{
    char memory[512], small[16];
    struct str text = str_over(memory, sizeof(memory));
    notification_describe(notification, &text);
    check_text(memory);
    text = str_over(small, sizeof(small));
    notification_describe(notification, &text);
    check_text(small);
}

/* What a neighbour is told ----------------------------------------------------------------------------------------- */

static void conn_agree(struct neighbour_conn *conn)
{
    struct message message;
    struct notification notification;
    struct open_message own;
    const struct neighbour_kind *kind = conn->neighbour->kind;
    CHECK(conn->speaker_open != NULL);
    CHECK(message_frame(conn->sent, conn->sent_length, MESSAGE_MAX_BYTES, &message, &notification) == 1);
    CHECK(message.type == MESSAGE_OPEN && open_decode(&message, &own, &notification) == 0);
    capabilities_negotiate(&own, conn->speaker_open, &conn->negotiated);
    conn->rules = (struct update_rules){
        .ebgp = own.as != SPEAKER_AS,
        .four_octet_as = conn->negotiated.four_octet_as,
        .treat_as_withdraw = true,
        .enforce_first_as = !kind->route_server_client,
        .allow_as_set = true,
        .reset_unknown_well_known = true,
        .peer_as = SPEAKER_AS,
        .families = conn->negotiated.families,
        .add_path_receive = conn->negotiated.add_path_receive,
        .extended_next_hop = conn->negotiated.extended_next_hop,
    };
    conn->agreed = true;
}

/* RFC 4271 5: what is optional, not transitive and not known to us is not passed on; RFC 9234 5. */
static void check_attributes(const struct neighbour_conn *conn, const struct attr_block *block)
{
    struct cursor cursor = cursor_of(block->bytes, block->length);
    struct attr_item item;
    bool has_otc = false;
    CHECK(attr_block_check(block->bytes, block->length, NULL) == 0);
    while (attr_next(&cursor, &item)) {
        CHECK(attr_rule_get(item.type) != NULL || item.flags & ATTR_FLAG_TRANSITIVE);
        has_otc |= item.type == ATTR_OTC;
    }
    if (conn->rules.ebgp && conn->neighbour->kind->role_of_speaker == ROLE_CUSTOMER)
        CHECK(!has_otc);
    if (conn->rules.ebgp && conn->neighbour->kind->role_of_speaker == ROLE_PROVIDER)
        CHECK(has_otc);
}

static void take_run(struct neighbour_conn *conn, const struct update *update, const struct nlri_run *run)
{
    struct cursor cursor = cursor_of(run->bytes, run->length);
    enum addr_kind kind = family_address_bits(run->family) == 32 ? ADDR_IPV4 : ADDR_IPV6;
    struct nlri nlri;
    const struct attr_block *attrs = update_run_attrs(update, run);
    if (!run->withdraw)
        check_attributes(conn, attrs);
    while (nlri_next(&cursor, kind, run->add_path, &nlri)) {
        if (run->withdraw)
            told_withdraw(&conn->told, run->family, &nlri);
        else
            told_announce(&conn->told, run->family, &nlri, attrs->hash);
    }
}

static void take_update(struct neighbour_conn *conn, const struct message *message)
{
    struct update update;
    struct buf scratch;
    if (!conn->agreed)
        conn_agree(conn);
    buf_init(&scratch, 2 * ATTR_BLOCK_MAX);
    CHECK(message->length <= (conn->negotiated.extended_message ? MESSAGE_EXTENDED_MAX_BYTES : MESSAGE_MAX_BYTES));
    enum verdict verdict = update_decode(&conn->rules, message->body, message->body_length, &scratch, &update);
    if (verdict != VERDICT_OK)
        fprintf(stderr, "%s: %s\n", conn->neighbour->kind->name, update.why);
    CHECK(verdict == VERDICT_OK);
    CHECK(update.run_count > 0 || update.end_of_rib != FAMILY_UNKNOWN);
    for (unsigned i = 0; i < update.run_count; i++)
        take_run(conn, &update, &update.runs[i]);
    if (update.end_of_rib != FAMILY_UNKNOWN)
        conn->ended |= (family_set)1 << update.end_of_rib;
    conn->neighbour->updates++;
    buf_release(&scratch);
}

static void take_refresh(struct neighbour_conn *conn, const struct message *message)
{
    struct route_refresh refresh;
    struct notification notification;
    if (!conn->agreed)
        conn_agree(conn);
    CHECK(conn->negotiated.route_refresh);
    CHECK(route_refresh_decode(message, conn->negotiated.enhanced_refresh, &refresh, &notification) == 0);
    enum family_id family = family_from_afi_safi(refresh.afi, refresh.safi);
    CHECK(family < FAMILY_COUNT && conn->negotiated.families >> family & 1);
    CHECK(refresh.kind == REFRESH_REQUEST || conn->negotiated.enhanced_refresh);
    if (refresh.kind == REFRESH_BEGIN)
        told_mark(&conn->told, family);
    else if (refresh.kind == REFRESH_END)
        told_sweep(&conn->told, family);
}

/* Connections ------------------------------------------------------------------------------------------------------ */

static void conn_close(struct neighbour_conn *conn)
{
    struct neighbour *neighbour = conn->neighbour;
    stream_free(conn->stream);
    buf_release(&conn->in);
    buf_release(&conn->out);
    mem_free(MEM_OTHER, conn->speaker_open);
    told_release(&conn->told);
    *conn = (struct neighbour_conn){.neighbour = neighbour};
    if (neighbour->latest != conn)
        return;
    struct neighbour_conn *other = &neighbour->conns[conn == neighbour->conns];
    neighbour->latest = other->stream != NULL ? other : NULL;
}

static void conn_watch(struct neighbour_conn *conn)
{
    stream_want(conn->stream, (conn->neighbour->deaf ? 0 : LOOP_READ) | (conn->out.length > 0 ? LOOP_WRITE : 0));
}

static void conn_flush(struct neighbour_conn *conn)
{
    while (conn->connected && conn->out.length > 0) {
        ssize_t taken = stream_write(conn->stream, conn->out.bytes, conn->out.length);
        if (taken == E_IO)
            buf_clear(&conn->out); /* what is broken is found by reading */
        if (taken <= 0)
            break;
        size_t room = NEIGHBOUR_SENT_BYTES - conn->sent_length;
        size_t kept = (size_t)taken < room ? (size_t)taken : room;
        memcpy(conn->sent + conn->sent_length, conn->out.bytes, kept);
        conn->sent_length += (uint32_t)kept;
        buf_consume(&conn->out, (size_t)taken);
    }
    conn_watch(conn);
}

static void conn_send(struct neighbour_conn *conn, const void *bytes, size_t length)
{
    buf_put(&conn->out, bytes, length);
    conn->out.failed = false;
    conn_flush(conn);
}

/* What the toggles of route refresh stand for as well, so that inputs of before mean what they meant: the N bit, and
 * whether forwarding went on. */
static void shape_restart(uint8_t toggled, family_set families, struct capabilities *capabilities)
{
    capabilities->graceful_restart = capabilities->restarting = capabilities->long_lived = true;
    capabilities->restart_notification = toggled & TOGGLE_ROUTE_REFRESH;
    capabilities->restart_time_s = GRACEFUL_TIME_S;
    capabilities->restart_families = capabilities->long_lived_families = families;
    if (!(toggled & TOGGLE_ENHANCED_REFRESH))
        capabilities->restart_forwarding = capabilities->long_lived_forwarding = families;
    for (unsigned id = 0; id < FAMILY_COUNT; id++)
        capabilities->long_lived_time_s[id] = LONG_LIVED_TIME_S;
}

static void shape_capabilities(const struct neighbour *neighbour, struct capabilities *capabilities)
{
    const struct neighbour_kind *kind = neighbour->kind;
    uint8_t toggled = neighbour->shape.toggled;
    family_set families = kind->families ^ (toggled & TOGGLE_IPV6 ? FAMILIES_BOTH & ~FAMILIES_IPV4 : 0);
    *capabilities = (struct capabilities){
        .has_multiprotocol = !kind->two_octet ^ !!(toggled & TOGGLE_MULTIPROTOCOL),
        .multiprotocol = families,
        .route_refresh = !kind->two_octet ^ !!(toggled & TOGGLE_ROUTE_REFRESH),
        .enhanced_refresh = !kind->two_octet ^ !!(toggled & TOGGLE_ENHANCED_REFRESH),
        .extended_message = kind->extended_message ^ !!(toggled & TOGGLE_EXTENDED_MESSAGE),
        .four_octet_as = !kind->two_octet ^ !!(toggled & TOGGLE_FOUR_OCTET),
        .as4 = kind->as,
        .extended_next_hop = kind->extended_next_hop ^ !!(toggled & TOGGLE_EXTENDED_NEXT_HOP) ? FAMILIES_IPV4 : 0,
        .role = neighbour->shape.role ? (uint8_t)(neighbour->shape.role - 1) : kind->role,
    };
    if (kind->add_path ^ !!(toggled & TOGGLE_ADD_PATH))
        capabilities->add_path_receive = capabilities->add_path_send = families;
    if (kind->graceful)
        shape_restart(toggled, families, capabilities);
}

static void conn_send_open(struct neighbour_conn *conn)
{
    const struct neighbour *neighbour = conn->neighbour;
    const struct neighbour_kind *kind = neighbour->kind;
    struct open_message open = {
        .version = 4,
        .as = kind->as,
        .my_as = kind->as > UINT16_MAX ? AS_TRANS : (uint16_t)kind->as,
        .hold_time_s = neighbour->shape.hold_time_s ? neighbour->shape.hold_time_s : HOLD_TIME_S,
        .router_id = neighbour_identifier(kind),
    };
    struct buf message;
    buf_init(&message, MESSAGE_MAX_BYTES);
    shape_capabilities(neighbour, &open.capabilities);
    open_encode(&open, &message);
    conn_send(conn, message.bytes, message.length);
    buf_release(&message);
}

static void conn_send_keepalive(struct neighbour_conn *conn)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX_BYTES);
    keepalive_encode(&message);
    conn_send(conn, message.bytes, message.length);
    buf_release(&message);
}

static void take_open(struct neighbour_conn *conn, const struct message *message)
{
    struct notification notification;
    CHECK(conn->speaker_open == NULL);
    conn->speaker_open = mem_alloc(MEM_OTHER, sizeof(*conn->speaker_open));
    CHECK(open_decode(message, conn->speaker_open, &notification) == 0);
    CHECK(conn->speaker_open->as == SPEAKER_AS);
    if (conn->neighbour->keeps_alive)
        conn_send_keepalive(conn);
}

/* False: the connection has been closed. */
static bool take_message(struct neighbour_conn *conn, const struct message *message)
{
    struct notification notification;
    switch (message->type) {
    case MESSAGE_OPEN:
        take_open(conn, message);
        return true;
    case MESSAGE_UPDATE:
        take_update(conn, message);
        return true;
    case MESSAGE_NOTIFICATION:
        notification = notification_decode(message->body, message->body_length);
        CHECK(notification.code != 0);
        check_notification(&notification);
        conn_close(conn);
        return false;
    case MESSAGE_ROUTE_REFRESH:
        take_refresh(conn, message);
        return true;
    default:
        CHECK(message->type == MESSAGE_KEEPALIVE);
        return true;
    }
}

static void conn_digest(struct neighbour_conn *conn)
{
    struct message message;
    struct notification notification;
    size_t offset = 0;
    while (offset < conn->in.length) {
        int found = message_frame(conn->in.bytes + offset, conn->in.length - offset, MESSAGE_EXTENDED_MAX_BYTES,
                                  &message, &notification);
        CHECK(found >= 0);
        if (found == 0)
            break;
        offset += message.length;
        if (!take_message(conn, &message))
            return;
    }
    buf_consume(&conn->in, offset);
}

static void conn_readable(struct stream *stream, void *owner)
{
    struct neighbour_conn *conn = owner;
    size_t before = conn->in.length;
    uint8_t *room = buf_extend(&conn->in, READ_BYTES);
    CHECK(room != NULL);
    ssize_t got = stream_read(stream, room, READ_BYTES);
    conn->in.length = before + (got > 0 ? (size_t)got : 0);
    if (got > 0)
        conn_digest(conn);
    else if (got != E_AGAIN)
        conn_close(conn);
}

static void conn_writable(struct stream *stream, void *owner)
{
    conn_flush(owner);
}

static void conn_is_up(struct neighbour_conn *conn)
{
    conn->connected = true;
    if (conn->neighbour->opens)
        conn_send_open(conn);
    conn_flush(conn);
}

static void conn_connected(struct stream *stream, void *owner)
{
    conn_is_up(owner);
}

static void conn_failed(struct stream *stream, void *owner, int system_errno)
{
    conn_close(owner);
}

static const struct stream_handler conn_handler = {
    .connected = conn_connected,
    .failed = conn_failed,
    .readable = conn_readable,
    .writable = conn_writable,
};

static struct neighbour_conn *conn_open(struct neighbour *neighbour)
{
    for (unsigned i = 0; i < NEIGHBOUR_CONNS; i++) {
        struct neighbour_conn *conn = &neighbour->conns[i];
        if (conn->stream != NULL)
            continue;
        buf_init(&conn->in, MESSAGE_EXTENDED_MAX_BYTES + READ_BYTES);
        buf_init(&conn->out, OUT_LIMIT_BYTES);
        told_init(&conn->told);
        neighbour->latest = conn;
        return conn;
    }
    return NULL;
}

static void accepted(void *owner, struct stream *stream)
{
    struct neighbour_conn *conn = conn_open(owner);
    if (conn == NULL) {
        stream_free(stream);
        return;
    }
    conn->stream = stream;
    stream_set_owner(stream, &conn_handler, conn);
    conn_is_up(conn);
}

/* The neighbour ---------------------------------------------------------------------------------------------------- */

static void keepalive_due(struct loop_timer *timer)
{
    struct neighbour *neighbour = container_of(timer, struct neighbour, keepalive);
    for (unsigned i = 0; i < NEIGHBOUR_CONNS; i++)
        if (neighbour->keeps_alive && neighbour->conns[i].speaker_open != NULL)
            conn_send_keepalive(&neighbour->conns[i]);
    loop_timer_start(timer, KEEPALIVE_MS);
}

void neighbour_init(struct neighbour *neighbour, struct memory_net *net, struct loop *loop, unsigned kind)
{
    *neighbour = (struct neighbour){.kind = &neighbour_kinds[kind],
                                    .loop = loop,
                                    .addr = neighbour_addr(kind),
                                    .speaker = speaker_addr(neighbour_kinds[kind].over_ipv6),
                                    .opens = true,
                                    .keeps_alive = true};
    const struct endpoint local = {.addr = neighbour->addr, .port = BGP_PORT};
    neighbour->transport = memory_net_transport(net, &neighbour->addr);
    for (unsigned i = 0; i < NEIGHBOUR_CONNS; i++)
        neighbour->conns[i].neighbour = neighbour;
    CHECK(neighbour->transport->ops->listen(neighbour->transport, loop, &local, "", accepted, neighbour,
                                            &neighbour->listener, NULL) == E_OK);
    loop_timer_init(&neighbour->keepalive, loop, keepalive_due);
    loop_timer_start(&neighbour->keepalive, KEEPALIVE_MS);
}

void neighbour_release(struct neighbour *neighbour)
{
    neighbour_close(neighbour);
    loop_timer_stop(&neighbour->keepalive);
    listener_free(neighbour->listener);
}

void neighbour_dial(struct neighbour *neighbour)
{
    struct neighbour_conn *conn = conn_open(neighbour);
    if (conn == NULL)
        return;
    const struct endpoint remote = {.addr = neighbour->speaker, .port = BGP_PORT};
    const struct transport_options options = {.local = {.addr = neighbour->addr}};
    CHECK(neighbour->transport->ops->dial(neighbour->transport, neighbour->loop, &remote, &options, &conn_handler, conn,
                                          &conn->stream, NULL) == E_OK);
}

void neighbour_close(struct neighbour *neighbour)
{
    for (unsigned i = 0; i < NEIGHBOUR_CONNS; i++)
        if (neighbour->conns[i].stream != NULL)
            conn_close(&neighbour->conns[i]);
}

void neighbour_set_deaf(struct neighbour *neighbour, bool deaf)
{
    neighbour->deaf = deaf;
    for (unsigned i = 0; i < NEIGHBOUR_CONNS; i++)
        if (neighbour->conns[i].connected)
            conn_watch(&neighbour->conns[i]);
}

void neighbour_send_open(struct neighbour *neighbour, unsigned conn)
{
    if (neighbour->conns[conn].connected)
        conn_send_open(&neighbour->conns[conn]);
}

void neighbour_send_keepalive(struct neighbour *neighbour, unsigned conn)
{
    if (neighbour->conns[conn].connected)
        conn_send_keepalive(&neighbour->conns[conn]);
}

void neighbour_send(struct neighbour *neighbour, const void *bytes, size_t length)
{
    if (neighbour->latest != NULL)
        conn_send(neighbour->latest, bytes, length);
}

void neighbour_send_message(struct neighbour *neighbour, uint8_t type, const void *body, size_t length)
{
    struct buf message;
    if (neighbour->latest == NULL)
        return;
    buf_init(&message, MESSAGE_HEADER_BYTES + length);
    size_t offset = message_begin(&message, type);
    buf_put(&message, body, length);
    message_end(&message, offset);
    conn_send(neighbour->latest, message.bytes, message.length);
    buf_release(&message);
}
