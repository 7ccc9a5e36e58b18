/* Two connections at once: simultaneous opens, the rules of RFC 4271 6.8, and how many there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lab.h"
#include "base/hash.h"
#include "wire/message.h"

/* Up at both ends, over one and the same connection. */
static void assert_one_connection(struct pair *pair)
{
    struct session_status a, b;
    session_status(pair->a.session, &a);
    session_status(pair->b.session, &b);
    assert_int_equal(a.local.port, b.remote.port);
    assert_int_equal(a.remote.port, b.local.port);
    assert_true(a.local.port == 179 || b.local.port == 179);
    lab_run_ms(pair->a.lab, 10000);
    assert_int_equal(memory_net_connections(pair->a.lab->net), 1);
}

static void run_seed(struct lab *lab, uint64_t seed, int64_t delay_ms, bool *a_dialed)
{
    struct pair pair;
    hash_set_seed(seed);
    pair_init(&pair, lab);
    memory_net_set_delay(lab->net, &pair.a.addr, &pair.b.addr, delay_ms);
    memory_net_set_delay(lab->net, &pair.b.addr, &pair.a.addr, delay_ms + (int64_t)(seed % 7));
    pair_start(&pair);
    assert_true(lab_until(lab, pair_is_up, &pair, 30 * 1000));
    assert_one_connection(&pair);
    assert_true(pair_is_up(&pair));
    assert_int_equal(pair.a.lost + pair.b.lost, 0);
    struct session_status status;
    session_status(pair.a.session, &status);
    *a_dialed = status.remote.port == 179;
    pair_release(&pair);
    lab_run_ms(lab, 10000);
}

/* With a round trip of seconds nearly every start is a collision; none may cost more than the second connection. */
static void test_simultaneous_opens_converge(void **state)
{
    struct lab *lab = *state;
    unsigned a_dialed = 0, b_dialed = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        bool a;
        run_seed(lab, seed, (int64_t)(seed % 5) * 400, &a);
        a_dialed += a;
        b_dialed += !a;
    }
    assert_true(a_dialed > 0); /* b has the higher identifier and wins collisions; a wins by being early */
    assert_true(b_dialed > a_dialed);
}

/* Ours and theirs, both open, driven by hand: the raw peer's identifier decides. */
struct duel {
    struct lab *lab;
    struct speaker speaker;
    struct raw theirs; /* the connection the peer opened */
    struct raw ours;   /* the one our session opened, at the peer's end */
};

static void duel_open(struct duel *duel, struct lab *lab)
{
    duel->lab = lab;
    speaker_init(&duel->speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    raw_init(&duel->theirs, lab, 0x0a000002);
    raw_init(&duel->ours, lab, 0x0a000002);
    raw_listen(&duel->ours);
    speaker_make(&duel->speaker);
    session_start(duel->speaker.session);
    assert_true(raw_expect(&duel->ours, MESSAGE_OPEN)); /* dialed */
    raw_dial(&duel->theirs, &duel->speaker);
    assert_true(raw_expect(&duel->theirs, MESSAGE_OPEN));
    assert_int_equal(speaker_state(&duel->speaker), SESSION_OPENSENT);
}

static void duel_close(struct duel *duel)
{
    raw_release(&duel->theirs);
    raw_release(&duel->ours);
    speaker_release(&duel->speaker);
}

static void assert_wins(struct duel *duel, struct raw *winner, struct raw *loser)
{
    assert_true(raw_expect_notification(loser, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
    assert_true(raw_expect(winner, MESSAGE_KEEPALIVE));
    raw_keepalive(winner);
    assert_true(lab_until(duel->lab, speaker_is_up, &duel->speaker, 1000));
    lab_run_ms(duel->lab, 60000);
    assert_true(speaker_is_up(&duel->speaker));
    assert_false(winner->closed);
}

static void test_higher_identifier_keeps_its_connection(void **state)
{
    struct duel duel;
    duel_open(&duel, *state);
    raw_open(&duel.ours, 65002, 0x0a000002, 90, NULL, 0); /* higher: theirs stays, though its OPEN is to come */
    assert_true(raw_expect_notification(&duel.ours, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
    raw_open(&duel.theirs, 65002, 0x0a000002, 90, NULL, 0);
    assert_true(raw_expect(&duel.theirs, MESSAGE_KEEPALIVE));
    raw_keepalive(&duel.theirs);
    assert_true(lab_until(duel.lab, speaker_is_up, &duel.speaker, 1000));
    assert_int_equal(duel.speaker.lost, 0);
    duel_close(&duel);
}

/* The preferred connection turns out to be dead: seconds, not minutes. */
static void test_preferred_connection_stays_silent(void **state)
{
    struct duel duel;
    duel_open(&duel, *state);
    raw_open(&duel.ours, 65002, 0x0a000002, 90, NULL, 0);
    assert_true(raw_expect_notification(&duel.ours, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
    lab_run_ms(duel.lab, 9000);
    assert_int_equal(speaker_state(&duel.speaker), SESSION_OPENSENT);
    assert_true(raw_expect_notification(&duel.theirs, NOTIFY_HOLD_TIMER, 0));
    duel_close(&duel);
}

static void test_lower_identifier_loses_its_connection(void **state)
{
    struct duel duel;
    duel_open(&duel, *state);
    raw_open(&duel.ours, 65002, 0x09000002, 90, NULL, 0);
    lab_run_ms(duel.lab, 10);
    assert_int_equal(speaker_state(&duel.speaker), SESSION_OPENCONFIRM);
    raw_open(&duel.theirs, 65002, 0x09000002, 90, NULL, 0);
    assert_wins(&duel, &duel.ours, &duel.theirs);
    duel_close(&duel);
}

static void test_lower_identifier_loses_whichever_opens_first(void **state)
{
    struct duel duel;
    duel_open(&duel, *state);
    raw_open(&duel.theirs, 65002, 0x09000002, 90, NULL, 0);
    assert_true(raw_expect_notification(&duel.theirs, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
    raw_open(&duel.ours, 65002, 0x09000002, 90, NULL, 0);
    assert_true(raw_expect(&duel.ours, MESSAGE_KEEPALIVE));
    duel_close(&duel);
}

static void test_equal_identifiers_go_by_as(void **state)
{
    struct duel duel;
    duel_open(&duel, *state);
    raw_open(&duel.theirs, 65002, 0x0a000001, 90, NULL, 0); /* RFC 6286: 65002 > 65001 */
    lab_run_ms(duel.lab, 10);
    raw_open(&duel.ours, 65002, 0x0a000001, 90, NULL, 0);
    assert_wins(&duel, &duel.theirs, &duel.ours);
    duel_close(&duel);
}

/* An old connection on which no OPEN ever came is not worth closing a live one for. */
static void test_dead_wood_does_not_win(void **state)
{
    struct lab *lab = *state;
    struct duel duel = {.lab = lab};
    speaker_init(&duel.speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    duel.speaker.config.passive = true;
    raw_init(&duel.theirs, lab, 0x0a000002);
    raw_init(&duel.ours, lab, 0x0a000002);
    speaker_make(&duel.speaker);
    session_start(duel.speaker.session);
    raw_dial(&duel.theirs, &duel.speaker);
    assert_true(raw_expect(&duel.theirs, MESSAGE_OPEN));
    lab_run_ms(lab, 30000);
    raw_dial(&duel.ours, &duel.speaker); /* the same peer once more, reborn */
    assert_true(raw_expect(&duel.ours, MESSAGE_OPEN));
    raw_open(&duel.ours, 65002, 0x0a000002, 90, NULL, 0);
    assert_true(raw_expect(&duel.ours, MESSAGE_KEEPALIVE));
    raw_keepalive(&duel.ours);
    assert_true(raw_expect_notification(&duel.theirs, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
    assert_true(speaker_is_up(&duel.speaker));
    duel_close(&duel);
}

static void test_established_refuses_another(void **state)
{
    struct lab *lab = *state;
    struct duel duel = {.lab = lab};
    speaker_init(&duel.speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    duel.speaker.config.passive = true;
    raw_init(&duel.theirs, lab, 0x0a000002);
    raw_init(&duel.ours, lab, 0x0a000002);
    speaker_make(&duel.speaker);
    session_start(duel.speaker.session);
    raw_establish(&duel.theirs, &duel.speaker);
    for (int i = 0; i < 3; i++) {
        raw_dial(&duel.ours, &duel.speaker);
        assert_true(raw_expect(&duel.ours, MESSAGE_OPEN));
        raw_open(&duel.ours, 65002, 0x0a0000ff, 90, NULL, 0);
        assert_true(raw_expect_notification(&duel.ours, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
        assert_true(speaker_is_up(&duel.speaker));
    }
    assert_int_equal(duel.speaker.lost, 0);
    assert_string_equal(duel.speaker.trace, "ASOE+");
    struct session_status status;
    session_status(duel.speaker.session, &status);
    assert_int_equal(status.down.end, SESSION_END_NONE);
    duel_close(&duel);
}

/* With graceful restart on both sides, the peer that comes again has restarted: RFC 4724 5. */
static void test_graceful_restart_replaces_established(void **state)
{
    static const uint8_t restart[] = {CAPABILITY_GRACEFUL_RESTART, 6, 0, 120, 0, 1, 1, 0x80};
    struct lab *lab = *state;
    struct duel duel = {.lab = lab};
    speaker_init(&duel.speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    duel.speaker.config.passive = true;
    duel.speaker.config.capabilities.graceful_restart = true;
    duel.speaker.config.capabilities.restart_time_s = 120;
    duel.speaker.config.capabilities.restart_families = 1 << FAMILY_IPV4_UNICAST;
    raw_init(&duel.theirs, lab, 0x0a000002);
    raw_init(&duel.ours, lab, 0x0a000002);
    speaker_make(&duel.speaker);
    session_start(duel.speaker.session);
    raw_dial(&duel.theirs, &duel.speaker);
    assert_true(raw_expect(&duel.theirs, MESSAGE_OPEN));
    raw_open(&duel.theirs, 65002, 0x0a000002, 90, restart, sizeof(restart));
    assert_true(raw_expect(&duel.theirs, MESSAGE_KEEPALIVE));
    raw_keepalive(&duel.theirs);
    assert_true(lab_until(lab, speaker_is_up, &duel.speaker, 1000));

    raw_dial(&duel.ours, &duel.speaker);
    assert_true(raw_expect(&duel.ours, MESSAGE_OPEN));
    lab_run_ms(lab, 100);
    assert_true(speaker_is_up(&duel.speaker)); /* a connection alone proves nothing */
    raw_open(&duel.ours, 65002, 0x0a000002, 90, restart, sizeof(restart));
    assert_true(raw_expect(&duel.ours, MESSAGE_KEEPALIVE));
    assert_int_equal(duel.speaker.lost, 1);
    assert_int_equal(duel.speaker.down.end, SESSION_END_CLOSED);
    assert_non_null(strstr(duel.speaker.down.why, "peer restarted"));
    assert_true(lab_until(lab, raw_is_closed, &duel.theirs, 1000));
    assert_int_equal(duel.theirs.length, 0); /* without a NOTIFICATION, which would end the restart */
    raw_keepalive(&duel.ours);
    assert_true(lab_until(lab, speaker_is_up, &duel.speaker, 1000));
    assert_string_equal(duel.speaker.trace, "ASOE+S-OE+");
    duel_close(&duel);
}

static void test_third_connection_is_closed_at_once(void **state)
{
    struct lab *lab = *state;
    struct speaker speaker;
    struct raw raw[3];
    speaker_init(&speaker, lab, 0x0a000001, 65001, 0x0a000002, 65002);
    speaker.config.passive = true;
    speaker_make(&speaker);
    session_start(speaker.session);
    for (int i = 0; i < 3; i++) {
        raw_init(&raw[i], lab, 0x0a000002);
        raw_dial(&raw[i], &speaker);
    }
    assert_true(lab_until(lab, raw_is_closed, &raw[2], 100));
    assert_int_equal(raw[2].length, 0);
    assert_true(raw_expect(&raw[0], MESSAGE_OPEN));
    assert_true(raw_expect(&raw[1], MESSAGE_OPEN));
    assert_false(raw[0].closed || raw[1].closed);
    /* The peer's second attempt replaces its first one when it speaks. */
    raw_open(&raw[0], 65002, 0x0a000002, 90, NULL, 0);
    raw_open(&raw[1], 65002, 0x0a000002, 90, NULL, 0);
    assert_true(raw_expect_notification(&raw[0], NOTIFY_CEASE, NOTIFY_CEASE_COLLISION));
    assert_true(raw_expect(&raw[1], MESSAGE_KEEPALIVE));
    for (int i = 0; i < 3; i++)
        raw_release(&raw[i]);
    speaker_release(&speaker);
}

#define LAB_TEST(function) cmocka_unit_test_setup_teardown(function, lab_set_up, lab_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_simultaneous_opens_converge),
        LAB_TEST(test_higher_identifier_keeps_its_connection),
        LAB_TEST(test_preferred_connection_stays_silent),
        LAB_TEST(test_lower_identifier_loses_its_connection),
        LAB_TEST(test_lower_identifier_loses_whichever_opens_first),
        LAB_TEST(test_equal_identifiers_go_by_as),
        LAB_TEST(test_dead_wood_does_not_win),
        LAB_TEST(test_established_refuses_another),
        LAB_TEST(test_graceful_restart_replaces_established),
        LAB_TEST(test_third_connection_is_closed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
