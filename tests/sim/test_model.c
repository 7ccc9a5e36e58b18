/* One speaker against the naive model: random routes, sessions, refreshes, slow readers and configurations; at every
 * quiet point each peer holds exactly what the model says.
 *
 * GODWIT_MODEL_SEEDS=n runs n seeds instead of the quick set, GODWIT_MODEL_FIRST=s begins at seed s: a failure names
 * its seed.
 *
 * Allowed, and not more: a peer that catches up (joined late, asked for a refresh, was too slow for the log) may be
 * told again what it has, and may be withdrawn what it has not. Everybody else is told each thing once.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUICK_SEEDS = 400,
    ROUNDS = 4,
    BURST_PREFIXES_MAX = 5,
    LONG_COMMUNITIES = 250,  /* fits any message, fills logs */
    HUGE_COMMUNITIES = 1500, /* fits extended messages only */
};

/* Routes ----------------------------------------------------------------------------------------------------------- */

/* Few values, so that routes tie at every step of the decision. */
static void invent_path(struct world *world, const struct model_peer *from, bool old, struct model_attrs *attrs)
{
    static const uint32_t others[] = {65001, 65010, 65020, 4200000003};
    if (from->kind == MODEL_EXTERNAL)
        attrs->path[attrs->path_length++] = from->as;
    unsigned more = world_random(world, 3);
    for (unsigned i = 0; i < more; i++)
        attrs->path[attrs->path_length++] = others[world_random(world, old ? 3 : 4)];
    if (from->kind != MODEL_LOCAL && world_chance(world, 3))
        attrs->path[attrs->path_length++] = old ? 65000 : world->model.as;
}

static void invent_next_hop(struct world *world, unsigned family, const struct model_peer *from,
                            struct model_attrs *attrs)
{
    const uint8_t third[16] = {0xfd, 0, 0, 0, 0, 0, 0, 9, [15] = (uint8_t)(1 + world_random(world, 2))};
    bool ipv6 = family == 1 || (from->kind != MODEL_LOCAL && from->extended_next_hop && world_chance(world, 60));
    if (from->kind == MODEL_LOCAL && world_chance(world, 70))
        attrs->next_hop = ipv6 ? addr_from_bytes(ADDR_IPV6, (uint8_t[16]){0}) : addr_ipv4(0);
    else if (from->kind != MODEL_LOCAL && from->ipv6_transport == ipv6 && world_chance(world, 60))
        attrs->next_hop = from->address;
    else
        attrs->next_hop = ipv6 ? addr_from_bytes(ADDR_IPV6, third) : addr_ipv4(0x0A090000 + third[15]);
}

/* What clients of a route server say about each other, at random; others say it too, and mean nothing by it. */
static void invent_controls(struct world *world, struct model_attrs *attrs)
{
    static const uint32_t low[] = {65001, 65002, 65003, 65010};
    uint32_t server = world->model.as;
    for (unsigned i = 0; i < MODEL_CONTROLS && server <= UINT16_MAX && world_chance(world, 30); i++) {
        uint32_t whom = world_chance(world, 25) ? server : low[world_random(world, 4)];
        attrs->control[i] = world_chance(world, 60) ? whom : server << 16 | whom;
    }
}

static void invent_attrs(struct world *world, unsigned family, unsigned number, struct model_attrs *attrs)
{
    const struct model_peer *from = &world->model.peers[number];
    const struct puppet *puppet = &world->puppets[number];
    memset(attrs, 0, sizeof(*attrs));
    invent_path(world, from, number != 0 && !puppet->negotiated.four_octet_as, attrs);
    invent_next_hop(world, family, from, attrs);
    attrs->origin = (uint8_t)(world_chance(world, 80) ? 0 : world_random(world, 3));
    attrs->has_med = world_chance(world, 50);
    if (attrs->has_med)
        attrs->med = world_random(world, 3) * 10;
    attrs->has_local_pref = from->kind == MODEL_INTERNAL || (from->kind == MODEL_LOCAL && world_chance(world, 30));
    if (attrs->has_local_pref)
        attrs->local_pref = world_chance(world, 70) ? 100 : 90 + world_random(world, 3) * 10;
    attrs->no_export = world_chance(world, 4);
    attrs->no_advertise = world_chance(world, 3);
    attrs->no_export_subconfed = world_chance(world, 3);
    invent_controls(world, attrs);
    attrs->mark = number != 0 ? puppet->mark : 0;
    if (world_chance(world, world->options.padding_pct)) {
        bool may_be_huge = number != 0 && from->extended_message;
        attrs->padding = may_be_huge && world_chance(world, 30) ? HUGE_COMMUNITIES : LONG_COMMUNITIES;
    }
    if (from->kind == MODEL_INTERNAL && world_chance(world, 20)) {
        attrs->has_originator = true;
        attrs->originator = world_chance(world, 5) ? world->model.router_id : 0x01010100 + world_random(world, 6);
        attrs->cluster_count = 1 + world_random(world, 2);
        for (unsigned i = 0; i < attrs->cluster_count; i++)
            attrs->clusters[i] = world_chance(world, 3) ? world->model.router_id : 0x02020200 + i;
    }
    if (from->kind == MODEL_EXTERNAL && world_chance(world, 10)) {
        attrs->has_otc = true;
        attrs->otc = world_chance(world, 50) ? from->as : 65077;
    }
}

static unsigned invent_prefixes(struct world *world, unsigned prefixes[BURST_PREFIXES_MAX])
{
    unsigned all = world->options.prefix_count;
    unsigned count = 1 + world_random(world, all < BURST_PREFIXES_MAX ? all : BURST_PREFIXES_MAX);
    unsigned first = world_random(world, all);
    for (unsigned i = 0; i < count; i++)
        prefixes[i] = (first + i) % all;
    return count;
}

static unsigned invent_id(struct world *world, const struct puppet *puppet, unsigned family)
{
    return puppet->negotiated.add_path_send & 1u << family ? world_random(world, MODEL_IDS) : 0;
}

/* A family and an established peer that has it; 0: none. */
static unsigned pick_speaking(struct world *world, unsigned *family)
{
    for (unsigned tries = 0; tries < 20; tries++) {
        unsigned number = 1 + world_random(world, world->options.peer_count);
        *family = world_random(world, MODEL_FAMILIES);
        if (world->presence[number] == PEER_ON && world->puppets[number].established &&
            world->model.peers[number].families[*family])
            return number;
    }
    return 0;
}

static void step_announce(struct world *world)
{
    unsigned prefixes[BURST_PREFIXES_MAX], family, number = pick_speaking(world, &family);
    struct model_attrs attrs;
    if (number == 0)
        return;
    struct puppet *puppet = &world->puppets[number];
    unsigned count = invent_prefixes(world, prefixes), id = invent_id(world, puppet, family);
    invent_attrs(world, family, number, &attrs);
    if (world_chance(world, 15)) /* again what it announced before, exactly or nearly */
        for (unsigned i = 0; i < MODEL_PREFIXES; i++)
            if (world->model.paths[family][i][number][id].present)
                attrs = world->model.paths[family][i][number][id].received;
    if (attrs.has_local_pref && world_chance(world, 20))
        attrs.local_pref += 10;
    puppet_announce(puppet, family, prefixes, count, id, &attrs);
    for (unsigned i = 0; i < count; i++)
        model_announce(&world->model, family, prefixes[i], number, id, &attrs);
}

static void step_withdraw(struct world *world)
{
    unsigned prefixes[BURST_PREFIXES_MAX], family, number = pick_speaking(world, &family);
    if (number == 0)
        return;
    struct puppet *puppet = &world->puppets[number];
    unsigned count = invent_prefixes(world, prefixes), id = invent_id(world, puppet, family);
    puppet_withdraw(puppet, family, prefixes, count, id);
    for (unsigned i = 0; i < count; i++)
        model_withdraw(&world->model, family, prefixes[i], number, id);
}

/* The same prefix over and over, from one peer: logs grow, rows die and are reborn. */
static void step_flap(struct world *world)
{
    unsigned family, number = pick_speaking(world, &family), prefix = world_random(world, world->options.prefix_count);
    struct model_attrs attrs;
    if (number == 0)
        return;
    struct puppet *puppet = &world->puppets[number];
    unsigned id = invent_id(world, puppet, family), flaps = 1 + world_random(world, 20);
    for (unsigned i = 0; i < flaps && puppet->established; i++) { /* it may find its connection broken on the way */
        invent_attrs(world, family, number, &attrs);
        puppet_announce(puppet, family, &prefix, 1, id, &attrs);
        model_announce(&world->model, family, prefix, number, id, &attrs);
        world_settle(world);
        if (!puppet->established || !world_chance(world, 50))
            continue;
        puppet_withdraw(puppet, family, &prefix, 1, id);
        model_withdraw(&world->model, family, prefix, number, id);
        world_settle(world);
    }
}

static void step_local(struct world *world)
{
    unsigned family = world_random(world, world->options.ipv6 ? 2 : 1),
             prefix = world_random(world, world->options.prefix_count);
    unsigned id = world_chance(world, 70) ? 0 : world_random(world, MODEL_IDS);
    struct local_path path = {.family = family, .prefix = model_prefix(family, prefix), .identifier = id};
    struct model_attrs attrs;
    struct buf bytes;
    struct err err = {0};
    if (world_chance(world, 50)) {
        control_path_delete(world->control, family, &path.prefix, id);
        model_withdraw(&world->model, family, prefix, 0, id);
        return;
    }
    invent_attrs(world, family, 0, &attrs);
    buf_init(&bytes, 65536);
    model_encode(&attrs, &bytes);
    path.attrs = bytes.bytes;
    path.attrs_length = (uint32_t)bytes.length;
    if (control_path_add(world->control, &path, NULL, &err) != E_OK)
        fail_msg("%s", err.text);
    buf_release(&bytes);
    model_announce(&world->model, family, prefix, 0, id, &attrs);
}

/* Readers and time ------------------------------------------------------------------------------------------------- */

static void step_pause(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    if (world->presence[number] != PEER_ABSENT)
        puppet_read(&world->puppets[number], !world_chance(world, 65));
}

static void step_time(struct world *world)
{
    bool long_enough_to_reconnect = world->options.restless && world_chance(world, 30);
    world_pass_ms(world, 1 + world_random(world, long_enough_to_reconnect ? 10000 : 120));
}

/* Refreshes -------------------------------------------------------------------------------------------------------- */

static void step_ask_refresh(struct world *world)
{
    unsigned family, number = pick_speaking(world, &family);
    if (number != 0)
        puppet_refresh(&world->puppets[number], family, REFRESH_REQUEST);
}

/* The peer tells some of its routes again, and so takes back the others (RFC 7313 4). */
static void step_refresh_own(struct world *world)
{
    unsigned family, number = pick_speaking(world, &family);
    if (number == 0 || !world->puppets[number].negotiated.enhanced_refresh)
        return;
    struct puppet *puppet = &world->puppets[number];
    puppet_refresh(puppet, family, REFRESH_BEGIN);
    model_refresh_begin(&world->model, family, number);
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++) {
        for (unsigned id = 0; id < MODEL_IDS; id++) {
            const struct model_path *path = &world->model.paths[family][prefix][number][id];
            if (!path->present || world_chance(world, 30))
                continue;
            struct model_attrs attrs = path->received;
            puppet_announce(puppet, family, &prefix, 1, id, &attrs);
            model_announce(&world->model, family, prefix, number, id, &attrs);
        }
    }
    puppet_refresh(puppet, family, REFRESH_END);
    model_refresh_end(&world->model, family, number);
    world_settle(world);
}

static void step_soft_reset(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    struct peer_name name = world_peer_name(world, number);
    struct err err = {0};
    enum soft_reset direction = world_random(world, 3);
    if (world->presence[number] == PEER_ABSENT)
        return;
    if (control_peer_soft_reset(world->control, world_chance(world, 20) ? NULL : &name, direction, &err) != E_OK)
        fail_msg("%s", err.text);
}

/* Sessions --------------------------------------------------------------------------------------------------------- */

static void step_stop_or_start(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    struct notification notification = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_RESET);
    if (world->presence[number] == PEER_ON) {
        session_stop(world->puppets[number].session, &notification, SESSION_END_ADMIN);
        world->presence[number] = PEER_STOPPED;
        world_settle(world);
    } else if (world->presence[number] == PEER_STOPPED) {
        session_start(world->puppets[number].session);
        world->presence[number] = PEER_ON;
    }
}

/* Several leave and come back together: joiners in company. */
static void step_crowd(struct world *world)
{
    struct notification notification = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_ADMIN_RESET);
    for (unsigned number = 1; number <= world->options.peer_count; number++)
        if (world->presence[number] == PEER_ON && world_chance(world, 60))
            session_stop(world->puppets[number].session, &notification, SESSION_END_ADMIN);
    world_settle(world);
    for (unsigned number = 1; number <= world->options.peer_count; number++)
        if (world->presence[number] == PEER_ON)
            session_start(world->puppets[number].session);
    world_pass_ms(world, 1 + world_random(world, 50));
}

static void step_break(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    const struct model_peer *peer = &world->model.peers[number];
    if (world->presence[number] == PEER_ABSENT)
        return;
    memory_net_reset(world->net, peer->ipv6_transport ? &world->model.ipv6 : &world->model.ipv4, &peer->address);
    world_settle(world);
}

static void step_disable_or_enable(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    struct peer_name name = world_peer_name(world, number);
    struct err err = {0};
    if (world->presence[number] == PEER_ON) {
        puppet_read(&world->puppets[number], true); /* or it would not hear of it */
        world_settle(world);
        assert_int_equal(control_peer_disable(world->control, &name, "", &err), E_OK);
        world->presence[number] = PEER_DISABLED;
        world_settle(world);
    } else if (world->presence[number] == PEER_DISABLED) {
        assert_int_equal(control_peer_enable(world->control, &name, &err), E_OK);
        world->presence[number] = PEER_ON;
    }
}

static void step_reset(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    struct peer_name name = world_peer_name(world, number);
    struct err err = {0};
    if (world->presence[number] != PEER_ON)
        return;
    puppet_read(&world->puppets[number], true);
    world_settle(world);
    assert_int_equal(control_peer_reset(world->control, &name, "", &err), E_OK);
    world_settle(world);
}

static void step_delete_or_add(struct world *world)
{
    unsigned number = 1 + world_random(world, world->options.peer_count);
    if (world->presence[number] == PEER_ABSENT) {
        world_add_peer(world, number);
        return;
    }
    if (world_chance(world, 60))
        return;
    puppet_read(&world->puppets[number], true);
    world_settle(world);
    world_delete_peer(world, number);
}

/* The run ---------------------------------------------------------------------------------------------------------- */

static const struct step {
    void (*run)(struct world *world);
    unsigned weight;
    bool restless;
} steps[] = {
    {step_announce, 45, false},    {step_withdraw, 20, false},    {step_flap, 6, false},
    {step_local, 8, false},        {step_pause, 12, false},       {step_time, 8, false},
    {world_settle, 8, false},      {step_ask_refresh, 3, true},   {step_refresh_own, 2, true},
    {step_soft_reset, 2, true},    {step_stop_or_start, 2, true}, {step_break, 1, true},
    {step_crowd, 1, true},         {step_reset, 1, true},         {step_disable_or_enable, 1, true},
    {step_delete_or_add, 3, true},
};

static void take_step(struct world *world)
{
    unsigned total = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        total += steps[i].restless && !world->options.restless ? 0 : steps[i].weight;
    unsigned at = world_random(world, total);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        unsigned weight = steps[i].restless && !world->options.restless ? 0 : steps[i].weight;
        if (at < weight) {
            steps[i].run(world);
            break;
        }
        at -= weight;
    }
    if (world->options.settles)
        world_settle(world);
}

/* Every route goes, the one way or the other; then nothing may be left of any. */
static void withdraw_everything(struct world *world)
{
    control_path_delete_all(world->control, FAMILY_UNKNOWN);
    model_drop(&world->model, 0);
    for (unsigned number = 1; number < MODEL_PEERS; number++) {
        struct puppet *puppet = &world->puppets[number];
        if (world->presence[number] == PEER_ABSENT || !puppet->established)
            continue;
        for (unsigned family = 0; family < MODEL_FAMILIES; family++) {
            for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++) {
                for (unsigned id = 0; id < MODEL_IDS; id++) {
                    if (!world->model.paths[family][prefix][number][id].present)
                        continue;
                    puppet_withdraw(puppet, family, &prefix, 1, id);
                    model_withdraw(&world->model, family, prefix, number, id);
                }
            }
        }
    }
}

struct totals {
    uint64_t catch_ups, announced, withdrawn;
};

static void run_seed(uint32_t seed, struct totals *totals)
{
    static struct world world;
    world_init(&world, seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned count = 5 + world_random(&world, 60);
        for (unsigned i = 0; i < count; i++)
            take_step(&world);
        world_quiet(&world);
        world_check(&world);
    }
    withdraw_everything(&world);
    world_quiet(&world);
    world_check(&world);
    world_check_empty(&world);
    for (unsigned number = 1; number < MODEL_PEERS; number++) {
        totals->announced += world.puppets[number].announced;
        totals->withdrawn += world.puppets[number].withdrawn;
    }
    totals->catch_ups += world.catch_ups;
    world_release(&world);
}

static uint32_t number_from_environment(const char *name, uint32_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

static uint32_t running_seed;

static void name_the_seed(void)
{
    if (running_seed != 0)
        fprintf(stderr, "seed %u (GODWIT_MODEL_FIRST=%u GODWIT_MODEL_SEEDS=1)\n", running_seed, running_seed);
}

static void test_model(void **state)
{
    (void)state;
    struct totals totals = {0};
    uint32_t first = number_from_environment("GODWIT_MODEL_FIRST", 1);
    uint32_t count = number_from_environment("GODWIT_MODEL_SEEDS", QUICK_SEEDS);
    for (uint32_t i = 0; i < count; i++) {
        running_seed = first + i;
        run_seed(running_seed, &totals);
    }
    running_seed = 0;
    if (count < QUICK_SEEDS)
        return;
    /* It was about something. */
    assert_true(totals.announced > 10000);
    assert_true(totals.withdrawn > 1000);
    assert_true(totals.catch_ups > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};
    atexit(name_the_seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
