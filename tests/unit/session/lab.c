#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "base/hash.h"
#include "base/log.h"
#include "wire/message.h"

static void discard_log(void *context, enum log_level level, const char *line)
{
}

int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    if (!getenv("LAB_LOG"))
        log_set_sink(discard_log, NULL);
    log_set_level(LOG_LEVEL_TRACE);
    hash_set_seed(1);
    lab->loop = loop_new_simulated();
    lab->net = memory_net_new(lab->loop);
    *state = lab;
    return 0;
}

int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    lab_run_ms(lab, 10000); /* the ends of connections */
    if (memory_net_connections(lab->net) > 0)
        return -1; /* the test failed half way, or a connection was left: the net would not go */
    memory_net_free(lab->net);
    loop_free(lab->loop);
    free(lab);
    return 0;
}

bool lab_until(struct lab *lab, bool (*done)(void *context), void *context, int64_t bound_ms)
{
    struct mono_time limit = mono_add_ms(loop_now(lab->loop), bound_ms);
    while (!done(context)) {
        int64_t left_ms = mono_diff_ms(limit, loop_now(lab->loop));
        if (left_ms < 0)
            return false;
        if (!loop_turn(lab->loop, (int)left_ms) && left_ms == 0)
            return done(context);
    }
    return true;
}

static bool never(void *context)
{
    return false;
}

void lab_run_ms(struct lab *lab, int64_t ms)
{
    lab_until(lab, never, NULL, ms);
}

/* Speakers -------------------------------------------------------------------------------------------------------- */

static void trace(struct speaker *speaker, char c)
{
    size_t length = strlen(speaker->trace);
    if (length + 1 < sizeof(speaker->trace))
        speaker->trace[length] = c;
}

static void on_state_changed(struct session *session, enum session_state from, enum session_state to)
{
    struct speaker *speaker = session_owner(session);
    static const char letters[] = " ICASOE"; /* S: OpenSent, O: OpenConfirm */
    assert_true(from != to);
    trace(speaker, letters[to]);
}

static void on_established(struct session *session, const struct negotiated *negotiated)
{
    struct speaker *speaker = session_owner(session);
    speaker->established++;
    speaker->negotiated = *negotiated;
    trace(speaker, '+');
}

static void on_lost(struct session *session, const struct session_down *down)
{
    struct speaker *speaker = session_owner(session);
    speaker->lost++;
    speaker->down = *down;
    trace(speaker, '-');
    if (speaker->free_on_lost) {
        session_free(session);
        speaker->session = NULL;
    }
}

static void on_update(struct session *session, const struct update *update)
{
    struct speaker *speaker = session_owner(session);
    assert_int_equal(speaker->established, speaker->lost + 1); /* only while told to be up */
    speaker->updates++;
    speaker->end_of_rib = update->end_of_rib;
    for (unsigned i = 0; i < update->run_count; i++)
        speaker->prefixes += update->runs[i].count;
    if (speaker->free_on_update) {
        session_free(session);
        speaker->session = NULL;
    } else if (speaker->reset_on_update) {
        struct notification cease = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_MAX_PREFIXES);
        unsigned lost = speaker->lost;
        session_reset(session, &cease, SESSION_END_PREFIX_LIMIT, 0);
        assert_int_equal(speaker->lost, lost); /* not from inside the call */
    }
}

static void on_refresh(struct session *session, enum family_id family, enum refresh_kind kind)
{
    struct speaker *speaker = session_owner(session);
    speaker->refreshes++;
}

static int on_output(struct session *session, struct iovec *pieces, int max_pieces)
{
    struct speaker *speaker = session_owner(session);
    size_t at = speaker->output_taken;
    int count = 0;
    while (at < speaker->output_length && count < max_pieces) {
        /* Whole messages, as many as fit into a piece. */
        size_t end = at;
        while (end < speaker->output_length) {
            size_t length = (size_t)(speaker->output[end + 16] << 8 | speaker->output[end + 17]);
            if (end > at && end + length - at > speaker->piece_bytes)
                break;
            end += length;
        }
        pieces[count++] = (struct iovec){.iov_base = (void *)(speaker->output + at), .iov_len = end - at};
        at = end;
    }
    return count;
}

static void on_output_written(struct session *session, size_t bytes)
{
    struct speaker *speaker = session_owner(session);
    speaker->output_taken += bytes;
    assert_true(speaker->output_taken <= speaker->output_length);
}

static bool on_input_allowed(struct session *session)
{
    const struct speaker *speaker = session_owner(session);
    return !speaker->deny_input && (!speaker->input_limit || speaker->updates < speaker->input_limit);
}

static const struct session_ops speaker_ops = {
    .state_changed = on_state_changed,
    .established = on_established,
    .lost = on_lost,
    .update = on_update,
    .refresh = on_refresh,
    .output = on_output,
    .output_written = on_output_written,
    .input_allowed = on_input_allowed,
};

static bool take_stream(void *owner, struct stream *stream)
{
    struct speaker *speaker = owner;
    struct endpoint remote = stream_remote(stream);
    if (!speaker->session || !addr_equal(&remote.addr, &speaker->config.remote.addr))
        return false;
    session_accept(speaker->session, stream);
    return true;
}

void speaker_init(struct speaker *speaker, struct lab *lab, uint32_t addr, uint32_t as, uint32_t peer_addr,
                  uint32_t peer_as)
{
    *speaker = (struct speaker){.lab = lab, .addr = addr_ipv4(addr), .piece_bytes = 4096};
    speaker->end_of_rib = FAMILY_UNKNOWN;
    speaker->host = lab->net ? memory_net_transport(lab->net, &speaker->addr) : transport_tcp();
    speaker->listen_on = (struct endpoint){.addr = lab->net ? addr_ipv4(0) : speaker->addr, .port = lab->net ? 179 : 0};
    speaker->config = (struct session_config){
        .remote = {.addr = addr_ipv4(peer_addr), .port = 179},
        .local_as = as,
        .peer_as = peer_as,
        .local_id = addr,
        .ibgp = as == peer_as,
        .hold_time_s = 90,
        .connect_retry_s = 120,
        .idle_hold_after_reset_s = 30,
        .open_wait_s = 240,
        .capabilities = {.multiprotocol = 1 << FAMILY_IPV4_UNICAST | 1 << FAMILY_IPV6_UNICAST,
                         .has_multiprotocol = true,
                         .route_refresh = true,
                         .four_octet_as = true,
                         .as4 = as,
                         .role = ROLE_NONE},
        .rules = {.ebgp = as != peer_as, .treat_as_withdraw = true, .allow_as_set = true},
    };
}

void speaker_make(struct speaker *speaker)
{
    struct err err;
    speaker->acceptor = acceptor_new(speaker->lab->loop, speaker->host, take_stream, speaker);
    assert_int_equal(acceptor_listen(speaker->acceptor, &speaker->listen_on, NULL, &err), E_OK);
    if (speaker->config.transport.md5_key_length)
        assert_int_equal(
            acceptor_set_key(speaker->acceptor, &speaker->config.remote.addr, 32, &speaker->config.transport, &err),
            E_OK);
    speaker->session = session_new(speaker->lab->loop, speaker->host, &speaker->config, &speaker_ops, speaker);
}

void speaker_release(struct speaker *speaker)
{
    session_free(speaker->session);
    acceptor_free(speaker->acceptor);
}

enum session_state speaker_state(const struct speaker *speaker)
{
    struct session_status status;
    session_status(speaker->session, &status);
    return status.state;
}

bool speaker_is_up(void *speaker)
{
    return speaker_state(speaker) == SESSION_ESTABLISHED;
}

bool speaker_is_idle(void *speaker)
{
    return speaker_state(speaker) == SESSION_IDLE;
}

void pair_init(struct pair *pair, struct lab *lab)
{
    speaker_init(&pair->a, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    speaker_init(&pair->b, lab, 0x0a000002, 65002, 0x0a000001, 65001);
}

void pair_start(struct pair *pair)
{
    speaker_make(&pair->a);
    speaker_make(&pair->b);
    session_start(pair->a.session);
    session_start(pair->b.session);
}

bool pair_is_up(void *context)
{
    struct pair *pair = context;
    return speaker_is_up(&pair->a) && speaker_is_up(&pair->b);
}

void pair_release(struct pair *pair)
{
    speaker_release(&pair->a);
    speaker_release(&pair->b);
}

/* Raw ------------------------------------------------------------------------------------------------------------- */

static void raw_connected(struct stream *stream, void *owner)
{
    struct raw *raw = owner;
    raw->connected = true;
}

static void raw_failed(struct stream *stream, void *owner, int system_errno)
{
    struct raw *raw = owner;
    raw->failed = system_errno;
}

void raw_pull(struct raw *raw, size_t length)
{
    size_t room = sizeof(raw->bytes) - raw->length;
    ssize_t got = stream_read(raw->stream, raw->bytes + raw->length, length < room ? length : room);
    if (got > 0)
        raw->length += (size_t)got;
    else if (got != E_AGAIN)
        raw->closed = true;
}

static void raw_readable(struct stream *stream, void *owner)
{
    struct raw *raw = owner;
    if (raw->idle) {
        stream_want(stream, 0);
        return;
    }
    raw_pull(raw, sizeof(raw->bytes));
    if (raw->closed || raw->length == sizeof(raw->bytes))
        stream_want(stream, 0);
}

static const struct stream_handler raw_handler = {
    .connected = raw_connected,
    .failed = raw_failed,
    .readable = raw_readable,
};

static void raw_take(struct raw *raw, struct stream *stream)
{
    raw->stream = stream;
    raw->closed = false;
    raw->length = 0;
    stream_want(stream, LOOP_READ);
}

static void raw_on_accept(void *owner, struct stream *stream)
{
    struct raw *raw = owner;
    stream_free(raw->stream);
    stream_set_owner(stream, &raw_handler, raw);
    raw->accepted++;
    raw->connected = true;
    raw_take(raw, stream);
}

void raw_init(struct raw *raw, struct lab *lab, uint32_t addr)
{
    *raw = (struct raw){.lab = lab, .addr = addr_ipv4(addr)};
    raw->host = memory_net_transport(lab->net, &raw->addr);
}

void raw_listen(struct raw *raw)
{
    struct endpoint any = {.addr = addr_ipv4(0), .port = 179};
    assert_int_equal(
        raw->host->ops->listen(raw->host, raw->lab->loop, &any, NULL, raw_on_accept, raw, &raw->listener, NULL), E_OK);
}

static bool raw_is_settled(void *context)
{
    const struct raw *raw = context;
    return raw->connected || raw->failed;
}

void raw_dial(struct raw *raw, const struct speaker *to)
{
    struct endpoint remote = {.addr = to->addr, .port = 179};
    struct transport_options options = {0};
    raw_close(raw);
    raw->connected = false;
    raw->failed = 0;
    assert_int_equal(
        raw->host->ops->dial(raw->host, raw->lab->loop, &remote, &options, &raw_handler, raw, &raw->stream, NULL),
        E_OK);
    raw_take(raw, raw->stream);
    assert_true(lab_until(raw->lab, raw_is_settled, raw, 1000));
    assert_int_equal(raw->failed, 0);
}

void raw_write(struct raw *raw, const void *bytes, size_t length)
{
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
    assert_int_equal(stream_writev(raw->stream, &piece, 1), length);
}

void raw_message(struct raw *raw, uint8_t type, const void *body, size_t length)
{
    struct buf buf;
    buf_init(&buf, 65535);
    size_t offset = message_begin(&buf, (enum message_type)type);
    buf_put(&buf, body, length);
    message_end(&buf, offset);
    raw_write(raw, buf.bytes, buf.length);
    buf_release(&buf);
}

void raw_keepalive(struct raw *raw)
{
    raw_message(raw, MESSAGE_KEEPALIVE, NULL, 0);
}

void raw_open(struct raw *raw, uint32_t as, uint32_t id, uint16_t hold_time_s, const void *extra, size_t length)
{
    struct buf buf;
    buf_init(&buf, 4096);
    buf_u8(&buf, 4);
    buf_u16(&buf, as > 65535 ? 23456 : (uint16_t)as);
    buf_u16(&buf, hold_time_s);
    buf_u32(&buf, id);
    buf_u8(&buf, (uint8_t)(2 + 6 + length));
    buf_u8(&buf, 2);
    buf_u8(&buf, (uint8_t)(6 + length));
    buf_u8(&buf, CAPABILITY_FOUR_OCTET_AS);
    buf_u8(&buf, 4);
    buf_u32(&buf, as);
    buf_put(&buf, extra, length);
    raw_message(raw, MESSAGE_OPEN, buf.bytes, buf.length);
    buf_release(&buf);
}

void raw_close(struct raw *raw)
{
    stream_free(raw->stream);
    raw->stream = NULL;
}

void raw_release(struct raw *raw)
{
    raw_close(raw);
    listener_free(raw->listener);
}

static bool raw_has_message(void *context)
{
    const struct raw *raw = context;
    if (raw->closed)
        return true;
    return raw->length >= 19 && raw->length >= (size_t)(raw->bytes[16] << 8 | raw->bytes[17]);
}

bool raw_is_closed(void *raw)
{
    return ((const struct raw *)raw)->closed;
}

uint8_t raw_next(struct raw *raw, const uint8_t **body, size_t *length)
{
    static uint8_t message[65536];
    if (!lab_until(raw->lab, raw_has_message, raw, 10000) || raw->length < 19)
        return 0;
    size_t total = (size_t)(raw->bytes[16] << 8 | raw->bytes[17]);
    if (total > raw->length)
        return 0;
    memcpy(message, raw->bytes, total);
    raw->length -= total;
    memmove(raw->bytes, raw->bytes + total, raw->length);
    stream_want(raw->stream, raw->closed || raw->idle ? 0 : LOOP_READ);
    *body = message + 19;
    *length = total - 19;
    return message[18];
}

bool raw_expect(struct raw *raw, uint8_t type)
{
    const uint8_t *body;
    size_t length;
    return raw_next(raw, &body, &length) == type;
}

bool raw_expect_notification(struct raw *raw, uint8_t code, uint8_t subcode)
{
    const uint8_t *body;
    size_t length;
    uint8_t type;
    do { /* what was on its way before does not matter */
        type = raw_next(raw, &body, &length);
    } while (type != 0 && type != MESSAGE_NOTIFICATION);
    if (type != MESSAGE_NOTIFICATION || length < 2 || body[0] != code || body[1] != subcode) {
        print_message("got type %u, %u/%u\n", type, length >= 2 ? body[0] : 0, length >= 2 ? body[1] : 0);
        return false;
    }
    return lab_until(raw->lab, raw_is_closed, raw, 10000) && raw->length == 0;
}

void raw_establish(struct raw *raw, struct speaker *to)
{
    raw_dial(raw, to);
    assert_true(raw_expect(raw, MESSAGE_OPEN));
    raw_open(raw, to->config.peer_as, 0x0a0000fe, 90, NULL, 0);
    assert_true(raw_expect(raw, MESSAGE_KEEPALIVE));
    raw_keepalive(raw);
    assert_true(lab_until(raw->lab, speaker_is_up, to, 10000));
}
