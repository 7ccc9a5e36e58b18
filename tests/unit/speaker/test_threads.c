/* Sessions on several threads, over real TCP: the same tables as with one thread, whatever happens meanwhile. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "raw_peer.h"

enum {
    RAW_NODE = 100,     /* 127.77.0.100 and up: neighbours by hand */
    BIG_ROUTES = 12000, /* of about 700 bytes each: more than the kernel's buffers hold */
    BIG_COMMUNITIES = 150,
    SMALL_RING_BYTES = 512 * 1024,
};

static struct addr raw_addr(unsigned number)
{
    return addr_ipv4(0x7F4D0000 + RAW_NODE + number);
}

/* What all tables are in the end, however it came about: known from a run with one thread. */
static struct world_digest expected;

static bool as_expected(struct world *world, void *context)
{
    struct world_digest now;
    world_digest(world, &now);
    return memcmp(&now, &expected, sizeof(now)) == 0;
}

static int learn_expected(void **state)
{
    struct world world;
    world_start(&world, &(struct world_options){.threads = 1});
    world_until_settled(&world);
    world_digest(&world, &expected);
    world_end(&world);
    return 0;
}

static void test_tables_are_the_same_with_any_number_of_threads(void **state)
{
    static const unsigned counts[] = {2, 3, 5};
    assert_int_equal(expected.speaker.destinations, WORLD_NODES * WORLD_ROUTES + WORLD_SHARED);
    assert_int_equal(expected.speaker.paths, WORLD_NODES * (WORLD_ROUTES + WORLD_SHARED));
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct world world;
        world_start(&world, &(struct world_options){.threads = counts[i]});
        world_until(&world, "as expected", as_expected, NULL);
        world_end(&world);
    }
}

/* Everything at once ----------------------------------------------------------------------------------------------- */

struct action {
    unsigned node;
    uint32_t round;
};

static void restart_node(struct world *world, void *context)
{
    const struct action *action = context;
    node_end(&world->nodes[action->node]);
    node_start(world, &world->nodes[action->node], NULL);
}

static void churn_node(struct world *world, void *context)
{
    const struct action *action = context;
    node_announce(&world->nodes[action->node], action->round);
}

static void check_view(void *context, const struct peer_view *view)
{
    unsigned *count = context;
    const struct session_status *status = view->session;
    ++*count;
    assert_in_range(status->state, SESSION_IDLE, SESSION_ESTABLISHED);
    if (status->state == SESSION_ESTABLISHED) {
        assert_non_null(status->negotiated);
        assert_non_null(status->remote_open);
        assert_int_equal(status->negotiated->peer_as, WORLD_AS);
        assert_int_equal(status->remote_open->as, WORLD_AS);
        assert_true(status->received.open > 0 && status->sent.open > 0);
    }
}

static void list_peers(struct world *world)
{
    unsigned count = 0;
    assert_int_equal(control_peer_list(world->speaker, NULL, check_view, &count), WORLD_NODES);
    assert_int_equal(count, WORLD_NODES);
}

static void act(struct world *world, unsigned step)
{
    struct action action = {.node = (unsigned)rand() % WORLD_NODES, .round = step};
    const struct addr *addr = &world->nodes[action.node].addr;
    struct peer_name name = world_name(addr);
    switch (rand() % 8) {
    case 0:
        world_delete_peer(world, addr);
        world_add_peer(world, addr, &(struct world_options){0});
        break;
    case 1:
        world_run(world, restart_node, &action);
        break;
    case 2:
        control_peer_disable(world->speaker, &name, "for a moment", NULL);
        control_peer_enable(world->speaker, &name, NULL);
        break;
    case 3:
        control_peer_soft_reset(world->speaker, &name, SOFT_RESET_BOTH, NULL);
        break;
    case 4:
        control_peer_reset(world->speaker, &name, "again", NULL);
        break;
    case 5:
        local_route(world->speaker, 0x0A400000 + (step % 64 << 8), 0xC0000264, step, 3);
        break;
    default:
        world_run(world, churn_node, &action);
        break;
    }
    list_peers(world);
}

/* Back to what is expected: everybody anew, so that nobody rests after an error. */
static void calm_down(struct world *world)
{
    for (uint32_t i = 0; i < 64; i++)
        local_withdraw(world->speaker, 0x0A400000 + (i << 8));
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        world_delete_peer(world, &world->nodes[i].addr);
        world_run(world, restart_node, &(struct action){.node = i});
        world_add_peer(world, &world->nodes[i].addr, &(struct world_options){0});
    }
}

static void stir(unsigned threads, unsigned seed, unsigned steps)
{
    struct world world;
    world_start(&world, &(struct world_options){
                            .threads = threads, .ring_bytes = SMALL_RING_BYTES, .log_cap_bytes = 128 * 1024});
    srand(seed);
    for (unsigned step = 0; step < steps; step++) {
        act(&world, step);
        world_turn_for(&world, rand() % 50);
    }
    calm_down(&world);
    world_until(&world, "as expected", as_expected, NULL);
    world_end(&world);
}

static void test_sessions_come_and_go_while_others_are_busy(void **state)
{
    stir(2, 1, 60);
    stir(4, 2, 60);
}

static void test_the_same_without_threads(void **state)
{
    stir(1, 3, 40);
}

/* Ends ------------------------------------------------------------------------------------------------------------- */

static bool some_routes(struct world *world, void *context)
{
    struct path_query query = {.table = TABLE_GLOBAL, .family = FAMILY_IPV4_UNICAST};
    struct table_counts counts;
    struct err err;
    control_table_counts(world->speaker, &query, &counts, &err);
    return counts.paths > WORLD_ROUTES / 2;
}

static void test_freed_in_the_middle_of_it(void **state)
{
    for (unsigned threads = 2; threads <= 4; threads++) {
        struct world world;
        world_start(&world, &(struct world_options){.threads = threads, .ring_bytes = SMALL_RING_BYTES});
        world_until(&world, "some routes", some_routes, NULL);
        world_end(&world);
    }
}

static void note_done(void *context)
{
    *(bool *)context = true;
}

static bool is_done(struct world *world, void *context)
{
    return *(const bool *)context;
}

struct farewells {
    unsigned heard;
    unsigned absent;
    const char *text;
};

static void note_farewell(void *context, const struct peer_view *view)
{
    struct farewells *farewells = context;
    char memory[256];
    struct str text = str_over(memory, sizeof(memory));
    const struct notification *received = &view->session->last_received;
    farewells->heard += received->code == NOTIFY_CEASE && received->subcode == NOTIFY_CEASE_ADMIN_SHUTDOWN &&
                        notification_communication(received, &text) && strcmp(text.text, farewells->text) == 0;
}

static void ask_farewells(struct world *world, void *context)
{
    for (unsigned i = 0; i < WORLD_NODES; i++)
        control_peer_list(world->nodes[i].control, NULL, note_farewell, context);
}

static bool all_heard(struct world *world, void *context)
{
    struct farewells *farewells = context;
    farewells->heard = 0;
    world_run(world, ask_farewells, farewells);
    return farewells->heard == WORLD_NODES - farewells->absent;
}

static bool all_up(struct world *world, void *context)
{
    unsigned up = 0;
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        const struct peer *peer = peer_find(world->speaker->speaker, &world->nodes[i].addr, NULL);
        up += peer->established;
    }
    return up == WORLD_NODES;
}

static void test_stopped_under_load_everybody_hears_why(void **state)
{
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct world world;
        bool stopped = false;
        struct farewells farewells = {.text = "moving house"};
        world_start(&world, &(struct world_options){.threads = threads, .ring_bytes = SMALL_RING_BYTES});
        world_until(&world, "all up", all_up, NULL);
        control_stop(world.speaker, "moving house", note_done, &stopped);
        world_until(&world, "stopped", is_done, &stopped);
        assert_false(control_started(world.speaker));
        assert_int_equal(control_peer_list(world.speaker, NULL, check_view, NULL), 0);
        world_until(&world, "all heard", all_heard, &farewells);
        world_end(&world);
    }
}

static void disable_peer(struct world *world, void *context)
{
    struct peer_name name = world_name(&world->addr);
    control_peer_disable(world->nodes[0].control, &name, "the other way", NULL);
}

static bool heard_from_node(struct world *world, void *context)
{
    struct farewells *farewells = context;
    struct peer_name name = world_name(&world->nodes[0].addr);
    farewells->heard = 0;
    control_peer_list(world->speaker, &name, note_farewell, farewells);
    return farewells->heard == 1;
}

static void test_notifications_arrive_with_their_text(void **state)
{
    struct world world;
    struct farewells farewells = {.text = "the other way"};
    world_start(&world, &(struct world_options){.threads = 3});
    world_until(&world, "all up", all_up, NULL);
    world_run(&world, disable_peer, NULL);
    world_until(&world, "the speaker heard", heard_from_node, &farewells);
    farewells.text = "one by one";
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        struct peer_name name = world_name(&world.nodes[i].addr);
        assert_int_equal(control_peer_disable(world.speaker, &name, "one by one", NULL), E_OK);
    }
    farewells.absent = 1; /* the one that had left before */
    world_until(&world, "all heard", all_heard, &farewells);
    world_end(&world);
}

static void test_md5_on_accepted_and_on_dialed_connections(void **state)
{
    struct world world;
    world_start(&world, &(struct world_options){.threads = 3, .password = "a secret"});
    world_until(&world, "as expected", as_expected, NULL);
    world_end(&world);
}

/* By hand ---------------------------------------------------------------------------------------------------------- */

struct by_hand {
    struct raw_peer *raw;
    uint32_t wanted;
};

static bool raw_is_up(struct world *world, void *context)
{
    struct raw_peer *raw = context;
    raw_peer_read(raw);
    assert_false(raw->closed);
    return raw->keepalive_received;
}

static bool raw_has(struct world *world, void *context)
{
    const struct by_hand *by_hand = context;
    raw_peer_read(by_hand->raw);
    assert_false(by_hand->raw->closed);
    return by_hand->raw->have_count == by_hand->wanted;
}

static void connect_by_hand(struct world *world, struct raw_peer *raw, unsigned number, int receive_bytes,
                            uint16_t hold_time_s)
{
    struct addr addr = raw_addr(number);
    world_add_peer(world, &addr, &(struct world_options){.hold_time_s = hold_time_s});
    raw_peer_connect(raw, &addr, &world->addr, world->port, receive_bytes);
    world_until(world, "a neighbour by hand", raw_is_up, raw);
}

static void big_routes(struct world *world, uint32_t med)
{
    for (uint32_t i = 0; i < BIG_ROUTES; i++)
        local_route(world->speaker, 0x0B000000 + (i << 8), 0xC0000264, med + i, BIG_COMMUNITIES);
}

static void note_backlog(void *context, const struct peer_view *view)
{
    *(bool *)context = view->session->output_pending > 0;
}

static bool raw_is_blocked(struct world *world, void *context)
{
    bool blocked = false;
    struct addr addr = raw_addr(*(const unsigned *)context);
    struct peer_name name = world_name(&addr);
    control_peer_list(world->speaker, &name, note_backlog, &blocked);
    return blocked;
}

static void test_a_slow_reader_holds_up_nobody_and_gets_the_latest(void **state)
{
    struct world world;
    struct raw_peer slow, fast;
    world_start(&world, &(struct world_options){.threads = 3, .log_cap_bytes = 1024 * 1024, .without_nodes = true});
    connect_by_hand(&world, &slow, 0, 4096, 0);
    connect_by_hand(&world, &fast, 1, 0, 0);
    big_routes(&world, 1);
    world_until(&world, "blocked", raw_is_blocked, &(unsigned){0});
    world_until(&world, "fast has all", raw_has, &(struct by_hand){&fast, BIG_ROUTES});
    assert_true(slow.have_count < BIG_ROUTES);
    for (uint32_t i = 0; i < BIG_ROUTES; i += 2)
        local_withdraw(world.speaker, 0x0B000000 + (i << 8));
    world_until(&world, "fast has half", raw_has, &(struct by_hand){&fast, BIG_ROUTES / 2});
    raw_peer_widen(&slow);
    world_until(&world, "slow has half", raw_has, &(struct by_hand){&slow, BIG_ROUTES / 2});
    assert_memory_equal(slow.have, fast.have, (1 << 24) / 8);
    raw_peer_close(&slow);
    raw_peer_close(&fast);
    world_end(&world);
}

/* The thread is writing from the log when the peer, and then the log, go. */
static void test_deleted_while_its_thread_writes(void **state)
{
    struct world world;
    struct raw_peer slow[3];
    world_start(&world, &(struct world_options){.threads = 3, .log_cap_bytes = 1024 * 1024, .without_nodes = true});
    for (unsigned i = 0; i < 3; i++)
        connect_by_hand(&world, &slow[i], i, 4096, 0);
    big_routes(&world, 1);
    for (unsigned i = 0; i < 3; i++)
        world_until(&world, "blocked", raw_is_blocked, &i);
    struct addr first = raw_addr(0), second = raw_addr(1);
    struct peer_name name = world_name(&second);
    world_delete_peer(&world, &first);
    control_peer_shutdown(world.speaker, &name, "go", NULL);
    big_routes(&world, 1000000);
    raw_peer_close(&slow[2]);
    world_turn_for(&world, 100);
    raw_peer_close(&slow[0]);
    raw_peer_close(&slow[1]);
    world_end(&world);
}

static void test_a_refresh_is_answered_between_its_marks(void **state)
{
    struct world world;
    struct raw_peer raw;
    world_start(&world, &(struct world_options){.threads = 2, .without_nodes = true});
    connect_by_hand(&world, &raw, 0, 0, 0);
    for (uint32_t i = 0; i < 500; i++)
        local_route(world.speaker, 0x0B000000 + (i << 8), 0xC0000264, i, 2);
    world_until(&world, "all", raw_has, &(struct by_hand){&raw, 500});
    for (unsigned round = 1; round <= 3; round++) {
        struct mono_time limit = mono_add_ms(mono_now(), WORLD_BOUND_S * 1000);
        raw_peer_send_refresh(&raw);
        while (raw.refresh_ends < round && mono_before(mono_now(), limit)) {
            world_turn_for(&world, 5);
            raw_peer_read(&raw);
        }
        assert_int_equal(raw.refresh_begins, round);
        assert_int_equal(raw.refresh_ends, round);
        assert_int_equal(raw.announced_since_begin, 500);
    }
    raw_peer_close(&raw);
    world_end(&world);
}

/* Input ------------------------------------------------------------------------------------------------------------ */

static bool big_routes_arrived(struct world *world, void *context)
{
    struct table_digest digest = control_digest(world->speaker);
    return digest.destinations == BIG_ROUTES;
}

static struct buf big_stream(void)
{
    struct buf stream;
    buf_init(&stream, 64 * 1024 * 1024);
    for (uint32_t i = 0; i < BIG_ROUTES; i++)
        raw_update_put(&stream, 0x0B000000 + (i << 8), 0xC0000201, BIG_COMMUNITIES);
    return stream;
}

/* The speaker does nothing at all: its thread takes in what the ring holds, stops reading, and keeps the session. */
static void test_a_full_ring_stops_reading(void **state)
{
    enum { STUCK_MS = 500, KEEPALIVES = 4, HOLD_S = 3, EXTRA_BYTES = 2 * 1024 * 1024 };
    struct world world;
    struct raw_peer raw;
    world_start(&world, &(struct world_options){.threads = 2, .ring_bytes = SMALL_RING_BYTES, .without_nodes = true});
    connect_by_hand(&world, &raw, 0, 0, HOLD_S);
    struct buf stream = big_stream();
    size_t sent = 0, before = mem_usage(MEM_SESSION).bytes + mem_usage(MEM_BUFFER).bytes;
    while (sent < stream.length && raw_peer_writable_within(&raw, STUCK_MS))
        sent += raw_peer_write(&raw, stream.bytes + sent, stream.length - sent);
    assert_true(sent < stream.length);
    assert_true(mem_usage(MEM_SESSION).bytes + mem_usage(MEM_BUFFER).bytes < before + EXTRA_BYTES);

    struct mono_time limit = mono_add_ms(mono_now(), WORLD_BOUND_S * 1000);
    for (raw.keepalives = 0; raw.keepalives < KEEPALIVES && mono_before(mono_now(), limit);) {
        raw_peer_writable_within(&raw, 50);
        raw_peer_read(&raw);
    }
    assert_false(raw.closed);
    assert_int_equal(raw.keepalives, KEEPALIVES);
    while (sent < stream.length) {
        world_turn_for(&world, 5);
        sent += raw_peer_write(&raw, stream.bytes + sent, stream.length - sent);
        raw_peer_read(&raw);
        assert_false(raw.closed);
    }
    world_until(&world, "all arrived", big_routes_arrived, NULL);
    buf_release(&stream);
    raw_peer_close(&raw);
    world_end(&world);
}

/* What was on its way when the limit was reached is not taken in any more. */
static void test_a_prefix_limit_is_kept(void **state)
{
    enum { LIMIT = 100 };
    struct world world;
    struct raw_peer raw;
    struct addr addr = raw_addr(0);
    struct peer_name name = world_name(&addr);
    world_start(&world, &(struct world_options){.threads = 2, .without_nodes = true});
    world_add_peer(&world, &addr, &(struct world_options){0});
    struct peer *peer = peer_find(world.speaker->speaker, &addr, NULL);
    peer->config.peer.families[0].prefix_limit.max_prefixes = LIMIT;
    raw_peer_connect(&raw, &addr, &world.addr, world.port, 0);
    world_until(&world, "a neighbour by hand", raw_is_up, &raw);
    struct buf stream = big_stream();
    size_t sent = 0;
    while (raw.notification.code == 0) {
        if (!raw.closed)
            sent += raw_peer_write(&raw, stream.bytes + sent, stream.length - sent);
        world_turn_for(&world, 1);
        raw.closed = false;
        raw_peer_read(&raw);
    }
    assert_int_equal(raw.notification.code, NOTIFY_CEASE);
    assert_int_equal(raw.notification.subcode, NOTIFY_CEASE_MAX_PREFIXES);
    assert_int_equal(peer->imported_updates, LIMIT + 1);
    assert_int_equal(peer->admin, PEER_PREFIX_LIMIT);
    assert_int_equal(control_peer_enable(world.speaker, &name, NULL), E_OK);
    buf_release(&stream);
    raw_peer_close(&raw);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_the_same_with_any_number_of_threads),
        cmocka_unit_test(test_sessions_come_and_go_while_others_are_busy),
        cmocka_unit_test(test_the_same_without_threads),
        cmocka_unit_test(test_freed_in_the_middle_of_it),
        cmocka_unit_test(test_stopped_under_load_everybody_hears_why),
        cmocka_unit_test(test_notifications_arrive_with_their_text),
        cmocka_unit_test(test_md5_on_accepted_and_on_dialed_connections),
        cmocka_unit_test(test_a_slow_reader_holds_up_nobody_and_gets_the_latest),
        cmocka_unit_test(test_deleted_while_its_thread_writes),
        cmocka_unit_test(test_a_refresh_is_answered_between_its_marks),
        cmocka_unit_test(test_a_full_ring_stops_reading),
        cmocka_unit_test(test_a_prefix_limit_is_kept),
    };
    return cmocka_run_group_tests(tests, learn_expected, NULL);
}
