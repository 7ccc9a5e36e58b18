/* Two of our sessions over the kernel's TCP, on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "base/log.h"
#include "wire/message.h"

enum { BOUND_MS = 20000 };

static void discard_log(void *context, enum log_level level, const char *line)
{
}

/* 127.0.0.1 listens on a free port, 127.0.0.2 dials it. */
static void pair_over_tcp(struct pair *pair, struct lab *lab, const char *key)
{
    log_set_sink(discard_log, NULL);
    *lab = (struct lab){.loop = loop_new()};
    speaker_init(&pair->a, lab, 0x7f000001, 65001, 0x7f000002, 65002);
    speaker_init(&pair->b, lab, 0x7f000002, 65002, 0x7f000001, 65001);
    pair->a.config.passive = true;
    pair->b.config.transport.local.addr = pair->b.addr;
    if (key) {
        pair->a.config.transport.md5_key_length = pair->b.config.transport.md5_key_length = (uint8_t)strlen(key);
        memcpy(pair->a.config.transport.md5_key, key, strlen(key));
        memcpy(pair->b.config.transport.md5_key, key, strlen(key));
    }
    speaker_make(&pair->a);
    pair->b.config.remote.port = acceptor_local(pair->a.acceptor, 0).port;
    speaker_make(&pair->b);
    session_start(pair->a.session);
    session_start(pair->b.session);
    assert_true(lab_until(lab, pair_is_up, pair, BOUND_MS));
}

static void pair_end(struct pair *pair)
{
    struct lab *lab = pair->a.lab;
    pair_release(pair);
    loop_turn(lab->loop, 0);
    loop_free(lab->loop);
}

enum { UPDATES = 200000 };

static bool all_arrived(void *context)
{
    return ((const struct pair *)context)->a.updates == UPDATES;
}

static bool both_lost(void *context)
{
    const struct pair *pair = context;
    return pair->a.lost == 1 && pair->b.lost == 1;
}

/* Megabytes one way, and a NOTIFICATION against the stream that is not lost in the reset of the connection. */
static void test_bulk_and_goodbye(void **state)
{
    struct lab lab;
    struct pair pair;
    struct buf buf;
    pair_over_tcp(&pair, &lab, NULL);
    buf_init(&buf, 16 << 20);
    for (unsigned i = 0; i < UPDATES; i++)
        end_of_rib_encode(&buf, FAMILY_IPV4_UNICAST);
    pair.b.piece_bytes = 65536;
    pair.b.output = buf.bytes;
    pair.b.output_length = buf.length;
    session_output_ready(pair.b.session);
    assert_true(lab_until(&lab, all_arrived, &pair, BOUND_MS));

    pair.b.output_taken = 0;
    session_output_ready(pair.b.session);
    loop_turn(lab.loop, 0); /* something is under way, unread */
    loop_turn(lab.loop, 0);
    struct notification cease = notification_shutdown(NOTIFY_CEASE_ADMIN_SHUTDOWN, "enough");
    session_stop(pair.a.session, &cease, SESSION_END_ADMIN);
    assert_true(lab_until(&lab, both_lost, &pair, BOUND_MS));
    assert_int_equal(pair.b.down.end, SESSION_END_RECEIVED);
    assert_non_null(strstr(pair.b.down.why, "\"enough\""));
    buf_release(&buf);
    pair_end(&pair);
}

static void test_md5(void **state)
{
    struct lab lab;
    struct pair pair;
    pair_over_tcp(&pair, &lab, "s3cret");
    struct session_status status;
    session_status(pair.a.session, &status);
    assert_true(addr_equal(&status.remote.addr, &pair.b.addr));
    pair_end(&pair);
}

static bool is_refused(void *context)
{
    struct session_status status;
    session_status(((struct speaker *)context)->session, &status);
    return status.down.end == SESSION_END_CONNECT_FAILED;
}

static void test_refused(void **state)
{
    log_set_sink(discard_log, NULL);
    struct lab lab = {.loop = loop_new()};
    struct speaker speaker;
    speaker_init(&speaker, &lab, 0x7f000001, 65001, 0x7f000002, 65002);
    speaker_make(&speaker);
    /* A port that was free a moment ago: ours, on the other address. */
    speaker.config.remote.port = acceptor_local(speaker.acceptor, 0).port;
    assert_true(session_configure(speaker.session, &speaker.config));
    session_start(speaker.session);
    assert_true(lab_until(&lab, is_refused, &speaker, BOUND_MS));
    struct session_status status;
    session_status(speaker.session, &status);
    assert_string_equal(status.down.why, "cannot connect: Connection refused");
    speaker_release(&speaker);
    loop_free(lab.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk_and_goodbye),
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
