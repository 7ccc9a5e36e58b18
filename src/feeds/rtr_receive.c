/* See rtr_servers.h. Here: what a server says, PDU by PDU (RFC 8210 5, 8, 10). What is wrong ends the connection with
 * an error report; what it had said before, in its last complete answer, holds on.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "feeds/rtr_internal.h"

enum {
    READ_BYTES = 64 * 1024, /* at a time: some 3,000 VRPs */
    MINUTE_MS = 60 * 1000,
    MINUTE_BYTES_MAX = 256 * 1024 * 1024, /* several times everything a server may have */
    PATIENCE_MS = 60 * 1000,
    NO_DATA_RETRY_MAX_S = 60,
    TRUSTED_FAILURES = 3,
    MS_PER_S = 1000,
};

static uint32_t within(uint32_t value, uint32_t minimum, uint32_t maximum)
{
    return value < minimum ? minimum : value > maximum ? maximum : value;
}

/* RFC 8210 6: what they may be. Version 0 says none. */
static void take_timing(struct rtr_client *client, const struct rtr_end *end)
{
    if (client->version == 0)
        return;
    client->timing = (struct rtr_timing){.refresh_s = within(end->refresh_s, 1, 86400),
                                         .retry_s = within(end->retry_s, 1, 7200),
                                         .expire_s = within(end->expire_s, 600, 172800)};
}

/* PDUs ------------------------------------------------------------------------------------------------------------- */

static void out_of_place(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    char text[RTR_WORDS_MAX];
    struct str str = str_over(text, sizeof(text));
    str_printf(&str, "%s out of place", rtr_type_name(pdu->type));
    rtr_client_refuse(client, RTR_ERROR_INVALID_REQUEST, pdu, text);
}

static void on_serial_notify(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    client->counters.serial_notify++;
    if (!client->agreed || (client->known && pdu->session_id == client->session_id && pdu->serial == client->serial))
        return;
    if (client->known && pdu->session_id != client->session_id)
        rtr_client_forget_session(client);
    if (client->state == RTR_READY)
        rtr_client_ask_soon(client);
    else
        client->ask_again = true;
}

static void on_cache_response(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    client->counters.cache_response++;
    if (client->state != RTR_ASKED) {
        out_of_place(client, pdu);
        return;
    }
    if (!client->asked_whole && pdu->session_id != client->session_id) {
        rtr_client_refuse(client, RTR_ERROR_CORRUPT_DATA, pdu, "another session id than asked for");
        return;
    }
    client->session_id = pdu->session_id;
    client->state = RTR_RECEIVING;
    vrp_change_begin(client->servers->table, client->source, client->asked_whole);
}

static void on_prefix(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    const struct rtr_route *route = &pdu->route;
    const struct vrp vrp = {.prefix = route->prefix, .max_length = route->max_length, .asn = route->asn};
    struct vrp_table *table = client->servers->table;
    client->counters.ipv4_prefix += pdu->type == RTR_IPV4_PREFIX;
    client->counters.ipv6_prefix += pdu->type == RTR_IPV6_PREFIX;
    if (client->state != RTR_RECEIVING) {
        out_of_place(client, pdu);
        return;
    }
    int result = route->announce ? vrp_change_announce(table, client->source, &vrp)
                                 : vrp_change_withdraw(table, client->source, &vrp);
    if (result == E_EXISTS)
        rtr_client_refuse(client, RTR_ERROR_DUPLICATE, pdu, "it had announced this before");
    else if (result == E_NOT_FOUND)
        rtr_client_refuse(client, RTR_ERROR_UNKNOWN_WITHDRAWAL, pdu, "it had not announced this");
    else if (result == E_LIMIT)
        rtr_client_refuse(client, RTR_ERROR_INTERNAL, pdu,
                          "more VRPs than are allowed (2000000, and 1024 of one prefix)");
    else if (result < 0)
        rtr_client_refuse(client, RTR_ERROR_CORRUPT_DATA, pdu, "no VRP can be like this");
}

_Static_assert((int)VRP_SOURCE_RECORDS_MAX == 2000000 && (int)VRP_PER_PREFIX_MAX == 1024, "as the message says");

static void on_end_of_data(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    client->counters.end_of_data++;
    if (client->state != RTR_RECEIVING) {
        out_of_place(client, pdu);
        return;
    }
    if (pdu->session_id != client->session_id) {
        rtr_client_refuse(client, RTR_ERROR_CORRUPT_DATA, pdu, "the session id changed in the middle");
        return;
    }
    client->end = pdu->end;
    take_timing(client, &pdu->end);
    client->state = RTR_TAKING;
    stream_want(client->stream, 0); /* until it has settled: the next change comes after this one */
    rtr_wish(client, RTR_WISH_COMMIT);
}

/* It cannot tell the differences: everything, then. */
static void on_cache_reset(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    client->counters.cache_reset++;
    if (client->state != RTR_ASKED || client->asked_whole) {
        out_of_place(client, pdu);
        return;
    }
    client->state = RTR_READY;
    rtr_client_ask(client, true);
}

static void on_error(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    char text[RTR_WORDS_MAX];
    struct str str = str_over(text, sizeof(text));
    client->counters.error++;
    str_printf(&str, "it reports %s", rtr_error_name(pdu->report.code));
    if (pdu->report.text_length > 0) {
        str_add(&str, ": ");
        str_add_foreign(&str, pdu->report.text, pdu->report.text_length < 120 ? pdu->report.text_length : 120);
    }
    if (pdu->report.code == RTR_ERROR_UNSUPPORTED_VERSION && !client->agreed) {
        uint8_t lower = client->version > 0 ? (uint8_t)(client->version - 1) : 0;
        rtr_client_lower_version(client, pdu->version < client->version ? pdu->version : lower);
        return;
    }
    /* It will have something later (RFC 8210 8.4). */
    if (pdu->report.code == RTR_ERROR_NO_DATA && client->state == RTR_ASKED) {
        struct str trouble = str_over(client->trouble, sizeof(client->trouble));
        str_add(&trouble, text);
        client->state = RTR_READY;
        loop_timer_stop(&client->patience);
        loop_timer_start(&client->retry, (int64_t)within(client->timing.retry_s, 1, NO_DATA_RETRY_MAX_S) * MS_PER_S);
        return;
    }
    if (client->state == RTR_ASKED || client->state == RTR_RECEIVING)
        rtr_client_forget_session(client);
    rtr_client_drop(client, text);
}

/* Router keys and ASPAs belong to an answer and are of no use to us. */
static void on_other(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    if (client->state != RTR_RECEIVING)
        out_of_place(client, pdu);
}

static void (*const handlers[RTR_TYPE_COUNT])(struct rtr_client *client, const struct rtr_pdu *pdu) = {
    [RTR_SERIAL_NOTIFY] = on_serial_notify,
    [RTR_SERIAL_QUERY] = out_of_place,
    [RTR_RESET_QUERY] = out_of_place,
    [RTR_CACHE_RESPONSE] = on_cache_response,
    [RTR_IPV4_PREFIX] = on_prefix,
    [RTR_IPV6_PREFIX] = on_prefix,
    [RTR_END_OF_DATA] = on_end_of_data,
    [RTR_CACHE_RESET] = on_cache_reset,
    [RTR_ROUTER_KEY] = on_other,
    [RTR_ERROR_REPORT] = on_error,
    [RTR_ASPA] = on_other,
};

/* RFC 8210 7: the first answer settles the version. A Serial Notify that comes before it may be of any. */
static bool version_holds(struct rtr_client *client, const struct rtr_pdu *pdu)
{
    client->heard = true;
    if (pdu->version == client->version) {
        client->agreed |= pdu->type != RTR_SERIAL_NOTIFY;
        return true;
    }
    if (!client->agreed && (pdu->type == RTR_SERIAL_NOTIFY || pdu->type == RTR_ERROR_REPORT))
        return true;
    if (!client->agreed && pdu->version < client->version) {
        client->version = pdu->version;
        client->agreed = true;
        return true;
    }
    rtr_client_refuse(client, client->version == 0 ? RTR_ERROR_UNSUPPORTED_VERSION : RTR_ERROR_UNEXPECTED_VERSION, pdu,
                      "another version than before");
    return false;
}

/* Bytes ------------------------------------------------------------------------------------------------------------ */

/* A connection that ends, or a server that is being taken, is to be left alone. */
static bool goes_on(const struct rtr_client *client)
{
    return client->stream != NULL && client->state != RTR_TAKING;
}

static void digest(struct rtr_client *client)
{
    struct cursor cursor = cursor_of(client->input.bytes, client->input.length);
    struct rtr_pdu pdu;
    struct err err;
    uint16_t code;
    int result = E_AGAIN;
    while (goes_on(client) && (result = rtr_next(&cursor, &pdu, &code, &err)) == 1)
        if (version_holds(client, &pdu))
            handlers[pdu.type](client, &pdu);
    if (goes_on(client) && result == E_INVALID)
        rtr_client_refuse(client, code, &pdu, err.text);
    if (client->stream == NULL)
        buf_clear(&client->input);
    else
        buf_consume(&client->input, client->input.length - cursor_left(&cursor));
}

static bool is_flooding(struct rtr_client *client, size_t more)
{
    struct mono_time now = loop_now(client->servers->speaker->loop);
    if (client->window_bytes == 0 || mono_diff_ms(now, client->window) >= MINUTE_MS) {
        client->window = now;
        client->window_bytes = 0;
    }
    client->window_bytes += more;
    return client->window_bytes > MINUTE_BYTES_MAX;
}

static void ended(struct rtr_client *client, ssize_t result)
{
    /* Once it spoke a version, a connection or two that end early mean nothing. */
    bool trusted = client->proven == client->version + 1 && client->failures < TRUSTED_FAILURES;
    if (!client->heard && client->state == RTR_ASKED && !trusted)
        rtr_client_lower_version(client, client->version > 0 ? (uint8_t)(client->version - 1) : 0);
    else
        rtr_client_drop(client, result == E_EOF ? "it closed the connection" : strerror(errno));
}

void rtr_receive(struct rtr_client *client)
{
    struct buf *input = &client->input;
    digest(client); /* what was left for later */
    if (!goes_on(client))
        return;
    uint8_t *to = buf_extend(input, READ_BYTES);
    ssize_t result = stream_read(client->stream, to, READ_BYTES);
    input->length -= READ_BYTES - (result > 0 ? (size_t)result : 0);
    if (result > 0) {
        if (is_flooding(client, (size_t)result)) {
            rtr_client_refuse(client, RTR_ERROR_INTERNAL, NULL, "more than 256 MB within a minute");
            return;
        }
        if (loop_timer_running(&client->patience))
            loop_timer_start(&client->patience, PATIENCE_MS);
        digest(client);
    } else if (result != E_AGAIN) {
        ended(client, result);
    }
}
