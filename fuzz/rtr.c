/* What an RPKI cache sends: every PDU is taken whole or refused, and what it says can be put into a table. */
#include "wire/rtr.h"

#include "base/check.h"
#include "fuzz.h"
#include "rpki/vrp_table.h"

static void ignore(void *context, const struct prefix *prefix)
{
}

static void take(struct vrp_table *table, const struct rtr_route *route)
{
    struct vrp vrp = {.prefix = route->prefix, .max_length = route->max_length, .asn = route->asn};
    int result = route->announce ? vrp_change_announce(table, 0, &vrp) : vrp_change_withdraw(table, 0, &vrp);
    CHECK(result == 0 || result == (route->announce ? E_EXISTS : E_NOT_FOUND) || result == E_LIMIT);
}

static void commit(struct vrp_table *table)
{
    vrp_change_commit(table, 0);
    while (vrp_table_settle(table, 16, ignore, NULL))
        continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_of(data, size);
    struct vrp_table *table = vrp_table_new();
    struct rtr_pdu pdu;
    struct err err;
    uint16_t code;
    CHECK(vrp_source_take(table) == 0);
    vrp_change_begin(table, 0, true);
    int result;
    while ((result = rtr_next(&cursor, &pdu, &code, &err)) == 1) {
        CHECK(pdu.length >= RTR_HEADER_BYTES && pdu.bytes + pdu.length == cursor.at);
        if (pdu.type == RTR_IPV4_PREFIX || pdu.type == RTR_IPV6_PREFIX)
            take(table, &pdu.route);
        if (pdu.type == RTR_END_OF_DATA) {
            commit(table);
            vrp_change_begin(table, 0, (pdu.end.serial & 1) != 0);
        }
        if (pdu.type == RTR_ERROR_REPORT)
            CHECK(pdu.report.text_length <= pdu.length);
    }
    if (result == E_INVALID) {
        struct buf buf;
        CHECK(pdu.length <= cursor_left(&cursor));
        buf_init(&buf, 4096);
        rtr_put_error(&buf, 1, code, pdu.bytes, pdu.length, err.text);
        struct cursor answer = cursor_of(buf.bytes, buf.length);
        CHECK(!buf.failed && rtr_next(&answer, &pdu, &code, &err) == 1 && cursor_done(&answer));
        buf_release(&buf);
    }
    commit(table);
    vrp_table_free(table);
    return 0;
}
