#include "cache.h"

#include <string.h>

#include "base/check.h"

enum { VERSION = 1, SESSION_ID = 77, PORT = 323, ANSWER_MAX = 4096 };

static void put_header(struct buf *buf, uint8_t type, uint16_t field, uint32_t length)
{
    buf_u8(buf, VERSION);
    buf_u8(buf, type);
    buf_u16(buf, field);
    buf_u32(buf, length);
}

static void put_route(struct buf *buf, const struct rtr_route *route)
{
    put_header(buf, RTR_IPV4_PREFIX, 0, 20);
    buf_u8(buf, route->announce);
    buf_u8(buf, route->prefix.length);
    buf_u8(buf, route->max_length);
    buf_u8(buf, 0);
    buf_put(buf, route->prefix.addr.bytes, 4);
    buf_u32(buf, route->asn);
}

static void say(struct cache *cache, const struct buf *buf)
{
    struct iovec piece = {.iov_base = buf->bytes, .iov_len = buf->length};
    assert_int_equal(stream_writev(cache->stream, &piece, 1), buf->length);
}

static void answer(struct cache *cache, const struct rtr_pdu *query)
{
    uint8_t memory[ANSWER_MAX];
    struct buf buf;
    bool whole = query->type == RTR_RESET_QUERY;
    cache->whole += whole;
    cache->differences += !whole;
    if (cache->silent)
        return;
    buf_init_fixed(&buf, memory, sizeof(memory));
    if (!whole && query->serial + 1 != cache->serial && query->serial != cache->serial) {
        put_header(&buf, RTR_CACHE_RESET, 0, RTR_HEADER_BYTES);
        say(cache, &buf);
        return;
    }
    put_header(&buf, RTR_CACHE_RESPONSE, SESSION_ID, RTR_HEADER_BYTES);
    for (unsigned i = 0; whole && i < cache->count; i++)
        put_route(&buf, &cache->vrps[i]);
    for (unsigned i = 0; !whole && query->serial != cache->serial && i < cache->change_count; i++)
        put_route(&buf, &cache->changes[i]);
    put_header(&buf, RTR_END_OF_DATA, SESSION_ID, 24);
    buf_u32(&buf, cache->serial);
    buf_u32(&buf, cache->timing.refresh_s);
    buf_u32(&buf, cache->timing.retry_s);
    buf_u32(&buf, cache->timing.expire_s);
    say(cache, &buf);
}

static void readable(struct stream *stream, void *owner)
{
    struct cache *cache = owner;
    uint8_t bytes[ANSWER_MAX];
    struct rtr_pdu pdu;
    uint16_t code;
    ssize_t length = stream_read(stream, bytes, sizeof(bytes));
    if (length <= 0) {
        if (length != E_AGAIN) {
            stream_free(stream);
            cache->stream = NULL;
        }
        return;
    }
    struct cursor cursor = cursor_of(bytes, (size_t)length); /* queries come whole here */
    while (rtr_next(&cursor, &pdu, &code, NULL) == 1) {
        struct buf buf;
        uint8_t memory[64];
        if (pdu.version <= VERSION) {
            answer(cache, &pdu);
            continue;
        }
        buf_init_fixed(&buf, memory, sizeof(memory));
        rtr_put_error(&buf, VERSION, RTR_ERROR_UNSUPPORTED_VERSION, NULL, 0, "");
        say(cache, &buf);
    }
}

static const struct stream_handler handler = {.readable = readable};

static void accept_router(void *owner, struct stream *stream)
{
    struct cache *cache = owner;
    stream_free(cache->stream);
    cache->stream = stream;
    stream_set_owner(stream, &handler, cache);
    stream_want(stream, LOOP_READ);
}

void cache_init(struct cache *cache, struct lab *lab)
{
    *cache = (struct cache){
        .addr = addr_ipv4(0x0a0000c8), .serial = 1, .timing = {.refresh_s = 3600, .retry_s = 600, .expire_s = 7200}};
    struct transport *transport = memory_net_transport(lab->net, &cache->addr);
    struct endpoint local = {.addr = cache->addr, .port = PORT};
    assert_int_equal(
        transport->ops->listen(transport, lab->loop, &local, "", accept_router, cache, &cache->listener, NULL), 0);
}

void cache_hang_up(struct cache *cache)
{
    listener_free(cache->listener);
    cache->listener = NULL;
    stream_free(cache->stream);
    cache->stream = NULL;
}

void cache_release(struct cache *cache)
{
    cache_hang_up(cache);
}

void cache_change(struct cache *cache, const char *prefix, unsigned max_length, uint32_t asn, bool announce)
{
    struct rtr_route route = {.announce = true, .max_length = (uint8_t)max_length, .asn = asn};
    assert_int_equal(prefix_parse(prefix, false, &route.prefix), 0);
    unsigned at = 0;
    while (at < cache->count && memcmp(&cache->vrps[at], &route, sizeof(route)) != 0)
        at++;
    if (announce) {
        assert_true(at == cache->count && at < CACHE_VRPS_MAX);
        cache->vrps[cache->count++] = route;
    } else {
        assert_true(at < cache->count);
        cache->vrps[at] = cache->vrps[--cache->count];
    }
    route.announce = announce;
    cache->changes[0] = route;
    cache->change_count = 1;
    cache->serial++;
}

void cache_notify(struct cache *cache)
{
    uint8_t memory[16];
    struct buf buf;
    buf_init_fixed(&buf, memory, sizeof(memory));
    put_header(&buf, RTR_SERIAL_NOTIFY, SESSION_ID, 12);
    buf_u32(&buf, cache->serial);
    say(cache, &buf);
}
