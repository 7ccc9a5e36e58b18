#include "raw_peer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attr/block.h"
#include "world.h"
#include "wire/open.h"

enum {
    SLOTS = 1 << 24,
    IN_LIMIT = 1 << 20,
    READ_BYTES = 64 * 1024,
};

void raw_peer_connect(struct raw_peer *raw, const struct addr *local, const struct addr *remote, uint16_t port,
                      int receive_bytes)
{
    struct endpoint from = {.addr = *local}, to = {.addr = *remote, .port = port};
    struct sockaddr_storage storage;
    *raw = (struct raw_peer){.have = calloc(SLOTS / 8, 1)};
    buf_init(&raw->in, IN_LIMIT);
    raw->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes)
        setsockopt(raw->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    setsockopt(raw->fd, SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof(int));
    socklen_t length = endpoint_to_sockaddr(&from, &storage);
    assert_int_equal(bind(raw->fd, (struct sockaddr *)&storage, length), 0);
    length = endpoint_to_sockaddr(&to, &storage);
    assert_int_equal(connect(raw->fd, (struct sockaddr *)&storage, length), 0);

    struct open_message open = {.version = 4, .as = WORLD_AS, .my_as = (uint16_t)WORLD_AS, .hold_time_s = 90};
    open.router_id = addr_ipv4_value(local);
    open.capabilities = (struct capabilities){.multiprotocol = 1u << FAMILY_IPV4_UNICAST,
                                              .has_multiprotocol = true,
                                              .route_refresh = true,
                                              .enhanced_refresh = true,
                                              .four_octet_as = true,
                                              .as4 = WORLD_AS,
                                              .role = ROLE_NONE};
    struct buf out;
    buf_init(&out, MESSAGE_MAX_BYTES);
    open_encode(&open, &out);
    assert_int_equal(raw_peer_write(raw, out.bytes, out.length), out.length);
    buf_release(&out);
}

void raw_peer_widen(struct raw_peer *raw)
{
    setsockopt(raw->fd, SOL_SOCKET, SO_RCVBUF, &(int){1 << 20}, sizeof(int));
}

void raw_peer_close(struct raw_peer *raw)
{
    close(raw->fd);
    buf_release(&raw->in);
    free(raw->have);
    *raw = (struct raw_peer){.fd = -1};
}

size_t raw_peer_write(struct raw_peer *raw, const uint8_t *bytes, size_t length)
{
    ssize_t sent = send(raw->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        raw->closed = true;
    return sent > 0 ? (size_t)sent : 0;
}

bool raw_peer_writable_within(struct raw_peer *raw, int wait_ms)
{
    struct pollfd poll_fd = {.fd = raw->fd, .events = POLLOUT};
    return poll(&poll_fd, 1, wait_ms) == 1;
}

void raw_peer_send_refresh(struct raw_peer *raw)
{
    struct buf out;
    buf_init(&out, MESSAGE_MAX_BYTES);
    route_refresh_encode(&out, FAMILY_IPV4_UNICAST, REFRESH_REQUEST);
    assert_int_equal(raw_peer_write(raw, out.bytes, out.length), out.length);
    buf_release(&out);
}

static void take_nlri(struct raw_peer *raw, struct cursor nlri, bool there)
{
    while (!cursor_done(&nlri)) {
        uint8_t length = cursor_u8(&nlri);
        uint32_t address = 0;
        for (unsigned i = 0; i < (length + 7u) / 8; i++)
            address |= (uint32_t)cursor_u8(&nlri) << (24 - 8 * i);
        uint8_t bit = (uint8_t)(1 << (address >> 8 & 7)), *slot = &raw->have[address >> 11];
        bool had = *slot & bit;
        *slot = (uint8_t)(there ? *slot | bit : *slot & ~bit);
        raw->have_count += (uint32_t)there - (uint32_t)had;
        raw->announced_since_begin += there;
    }
}

static void take_update(struct raw_peer *raw, const struct message *message)
{
    struct cursor body = cursor_of(message->body, message->body_length);
    uint16_t withdrawn = cursor_u16(&body);
    take_nlri(raw, cursor_sub(&body, withdrawn), false);
    cursor_take(&body, cursor_u16(&body));
    take_nlri(raw, body, true);
    raw->updates++;
}

static void take_message(struct raw_peer *raw, const struct message *message)
{
    static const uint8_t keepalive[19] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0,    19,   4};
    switch (message->type) {
    case MESSAGE_OPEN:
        raw->open_received = true;
        raw_peer_write(raw, keepalive, sizeof(keepalive));
        break;
    case MESSAGE_UPDATE:
        take_update(raw, message);
        break;
    case MESSAGE_NOTIFICATION:
        raw->notification = notification_decode(message->body, message->body_length);
        break;
    case MESSAGE_KEEPALIVE:
        raw->keepalive_received = true;
        raw->keepalives++;
        break;
    case MESSAGE_ROUTE_REFRESH:
        raw->refresh_begins += message->body[2] == REFRESH_BEGIN;
        raw->refresh_ends += message->body[2] == REFRESH_END;
        if (message->body[2] == REFRESH_BEGIN)
            raw->announced_since_begin = 0;
        break;
    }
}

void raw_peer_read(struct raw_peer *raw)
{
    static uint8_t bytes[READ_BYTES];
    ssize_t got;
    while (!raw->closed && (got = recv(raw->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
        if (got == 0)
            raw->closed = true;
        buf_put(&raw->in, bytes, (size_t)got);
        assert_false(raw->in.failed);
        struct message message;
        struct notification notification;
        size_t at = 0;
        int found;
        while ((found = message_frame(raw->in.bytes + at, raw->in.length - at, MESSAGE_MAX_BYTES, &message,
                                      &notification)) == 1) {
            take_message(raw, &message);
            at += message.length;
        }
        assert_int_equal(found, 0);
        buf_consume(&raw->in, at);
    }
    if (!raw->closed && errno != EAGAIN)
        raw->closed = true;
}

void raw_update_put(struct buf *buf, uint32_t prefix, uint32_t next_hop, unsigned communities)
{
    size_t offset = message_begin(buf, MESSAGE_UPDATE);
    uint8_t value[4 * 256];
    buf_u16(buf, 0);
    size_t attributes = buf->length;
    buf_u16(buf, 0);
    attr_put(buf, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &(uint8_t){ORIGIN_IGP}, 1);
    attr_put(buf, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
    for (unsigned i = 0; i < 4; i++)
        value[i] = (uint8_t)(next_hop >> (24 - 8 * i));
    attr_put(buf, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, value, 4);
    attr_put(buf, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, (uint8_t[]){0, 0, 0, 100}, 4);
    for (unsigned i = 0; i < communities; i++)
        memcpy(value + 4 * i, (uint8_t[]){(uint8_t)(prefix >> 16), (uint8_t)(prefix >> 8), 1, (uint8_t)i}, 4);
    attr_put(buf, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, value, (uint16_t)(4 * communities));
    buf_patch_u16(buf, attributes, (uint16_t)(buf->length - attributes - 2));
    buf_put(buf, (uint8_t[]){24, (uint8_t)(prefix >> 24), (uint8_t)(prefix >> 16), (uint8_t)(prefix >> 8)}, 4);
    message_end(buf, offset);
}
