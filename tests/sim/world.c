#include "world.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "speaker/outbox.h"

enum {
    BGP_PORT = 179,
    WAIT_LIMIT_S = 2000,
    QUIET_MS = 1000,
    MARK_BASE = 0xFD000000,
};

uint32_t world_random(struct world *world, uint32_t below)
{
    uint64_t word = world->random += 0x9E3779B97F4A7C15ull;
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9ull;
    word = (word ^ word >> 27) * 0x94D049BB133111EBull;
    return (uint32_t)((word >> 32) % below);
}

bool world_chance(struct world *world, unsigned percent)
{
    return world_random(world, 100) < percent;
}

/* Peers ------------------------------------------------------------------------------------------------------------ */

static struct addr puppet_address(const struct model_peer *peer, unsigned number)
{
    if (!peer->ipv6_transport)
        return addr_ipv4(0x0A000100 + number);
    const uint8_t bytes[16] = {0xfd, 0, 0, 0, 0, 0, 0, 1, [15] = (uint8_t)number};
    return addr_from_bytes(ADDR_IPV6, bytes);
}

static void invent_peer(struct world *world, unsigned number, struct model_peer *peer)
{
    static const uint32_t external[] = {65001, 65002, 65003, 65004, 4200000003};
    *peer = (struct model_peer){.role = MODEL_NO_ROLE};
    bool internal = world->options.clients_pct < 100 && world_chance(world, 35);
    peer->kind = internal ? MODEL_INTERNAL : MODEL_EXTERNAL;
    peer->as = internal ? world->model.as : external[world_random(world, 5)];
    peer->router_id = 0x01010100 + world_random(world, 4); /* some are equal */
    peer->ipv6_transport = world->options.ipv6 && world_chance(world, 50);
    peer->extended_next_hop = peer->ipv6_transport && world_chance(world, 70);
    peer->extended_message = world_chance(world, 70);
    peer->families[0] = true;
    peer->families[1] = world->options.ipv6 && world_chance(world, 80);
    if (!internal && world_chance(world, 25)) {
        static const uint8_t roles[] = {MODEL_PROVIDER, MODEL_CUSTOMER, MODEL_PEERING, MODEL_ROUTE_SERVER,
                                        MODEL_ROUTE_SERVER_CLIENT};
        peer->role = roles[world_random(world, sizeof(roles))];
    }
    peer->reflector_client = internal && world_chance(world, 40);
    peer->route_server_client = !internal && world_chance(world, world->options.clients_pct);
    peer->next_hop_self = internal && world_chance(world, 30);
    if (world->options.add_path && world_chance(world, 50))
        peer->send_max = (uint8_t)(1 + world_random(world, 4));
    peer->address = puppet_address(peer, number);
}

static uint8_t role_opposite(uint8_t role)
{
    static const uint8_t opposite[] = {[MODEL_PROVIDER] = MODEL_CUSTOMER,
                                       [MODEL_ROUTE_SERVER] = MODEL_ROUTE_SERVER_CLIENT,
                                       [MODEL_ROUTE_SERVER_CLIENT] = MODEL_ROUTE_SERVER,
                                       [MODEL_CUSTOMER] = MODEL_PROVIDER,
                                       [MODEL_PEERING] = MODEL_PEERING};
    return role == MODEL_NO_ROLE ? MODEL_NO_ROLE : opposite[role];
}

static void configure_puppet(struct world *world, unsigned number, bool sends_ids)
{
    const struct model_peer *peer = &world->model.peers[number];
    bool old = peer->as <= UINT16_MAX && world->model.as <= UINT16_MAX && world_chance(world, 25);
    bool refresh = world_chance(world, 85);
    struct session_config *config = &world->puppets[number].config;
    *config = (struct session_config){
        .remote = {.addr = peer->ipv6_transport ? world->model.ipv6 : world->model.ipv4, .port = BGP_PORT},
        .transport = {.local = {.addr = peer->address}},
        .local_as = peer->as,
        .local_id = peer->router_id,
        .ibgp = peer->kind == MODEL_INTERNAL,
        .peer_as = world->model.as,
        .hold_time_s = 90,
        .connect_retry_s = 5,
        .idle_hold_after_reset_s = 2,
        .open_wait_s = 60,
        .capabilities = {.has_multiprotocol = true,
                         .route_refresh = true,
                         .enhanced_refresh = refresh,
                         .extended_message = peer->extended_message,
                         .four_octet_as = !old,
                         .as4 = peer->as,
                         .role = role_opposite(peer->role)},
        .rules = {.ebgp = peer->kind == MODEL_EXTERNAL, .allow_as_set = true},
    };
    family_set families = (peer->families[0] ? 1u : 0) | (peer->families[1] ? 2u : 0);
    config->capabilities.multiprotocol = families;
    config->capabilities.extended_next_hop = peer->extended_next_hop ? families & 1u : 0;
    config->capabilities.add_path_receive = peer->send_max > 0 ? families : 0;
    config->capabilities.add_path_send = sends_ids ? families : 0;
}

static void configure_neighbor(struct world *world, unsigned number, bool sends_ids, struct neighbor_config *neighbor)
{
    const struct model_peer *peer = &world->model.peers[number];
    *neighbor = (struct neighbor_config){.address = peer->address};
    peer_config_init(&neighbor->peer);
    neighbor->peer.peer_as = peer->as;
    neighbor->peer.transport.local_address = peer->ipv6_transport ? world->model.ipv6 : world->model.ipv4;
    neighbor->peer.transport.passive_mode = true;
    neighbor->peer.timers.idle_hold_time_after_reset_s = 2;
    neighbor->peer.role = peer->role;
    neighbor->peer.next_hop_self = peer->next_hop_self;
    neighbor->peer.route_reflector_client = peer->reflector_client;
    neighbor->peer.route_server_client = peer->route_server_client;
    for (unsigned family = 0; family < MODEL_FAMILIES; family++)
        if (peer->families[family])
            neighbor->peer.families[neighbor->peer.family_count++] = (struct family_config){
                .family = family, .enabled = true, .add_paths = {.receive = sends_ids, .send_max = peer->send_max}};
}

static void puppet_came(void *context, struct puppet *puppet)
{
    struct world *world = context;
    world->model.peers[puppet - world->puppets].up = true;
}

static void puppet_went(void *context, struct puppet *puppet)
{
    struct world *world = context;
    unsigned number = (unsigned)(puppet - world->puppets);
    world->announced += puppet->announced;
    world->withdrawn += puppet->withdrawn;
    world->duplicates += puppet->duplicates;
    world->model.peers[number].up = false;
    model_drop(&world->model, number);
}

void world_add_peer(struct world *world, unsigned number)
{
    struct puppet *puppet = &world->puppets[number];
    struct neighbor_config neighbor;
    struct err err = {0};
    struct peer *peer;
    struct model_peer *model = &world->model.peers[number];
    invent_peer(world, number, model);
    bool sends_ids = world->options.add_path && world_chance(world, 50);
    configure_neighbor(world, number, sends_ids, &neighbor);
    if (neighbor_config_complete(&neighbor, &world->control->speaker->global, NULL, &err) != E_OK)
        fail_msg("%s", err.text);
    if (peer_new(world->control->speaker, &neighbor, &peer, &err) != E_OK)
        fail_msg("%s", err.text);
    configure_puppet(world, number, sends_ids);
    /* Never the same twice: what an earlier neighbor of this number announced may still be told for a moment. */
    puppet->mark = world->options.marks ? MARK_BASE + ++world->peers_made : 0;
    puppet->came = puppet_came;
    puppet->went = puppet_went;
    puppet->context = world;
    puppet_init(puppet, world->loop, memory_net_transport(world->net, &model->address));
    world->presence[number] = PEER_ON;
}

struct peer_name world_peer_name(const struct world *world, unsigned number)
{
    return (struct peer_name){.address = world->model.peers[number].address};
}

void world_delete_peer(struct world *world, unsigned number)
{
    struct err err = {0};
    struct peer_name name = world_peer_name(world, number);
    if (control_peer_delete(world->control, &name, "", &err) != E_OK)
        fail_msg("%s", err.text);
    world_settle(world);
    if (world->puppets[number].established)
        puppet_went(world, &world->puppets[number]);
    puppet_release(&world->puppets[number]);
    memset(&world->puppets[number], 0, sizeof(world->puppets[number]));
    world->model.peers[number] = (struct model_peer){0};
    world->presence[number] = PEER_ABSENT;
    world_settle(world);
}

/* The world -------------------------------------------------------------------------------------------------------- */

static void watch_best(void *context, const struct path_view *paths, size_t count)
{
    struct world *world = context;
    for (size_t i = 0; i < count; i++) {
        int index = model_prefix_index(paths[i].family, &paths[i].prefix);
        assert_true(index >= 0);
        bool before = world->watched[paths[i].family][index].there;
        world->watch_errors += paths[i].withdraw && !before;
        world->watched[paths[i].family][index].there = !paths[i].withdraw;
        world->watched[paths[i].family][index].neighbor = paths[i].neighbor;
    }
}

static void choose_options(struct world *world, uint32_t seed)
{
    struct world_options *options = &world->options;
    world->random = seed * 0x2545F4914F6CDD1Dull;
    options->seed = seed;
    options->peer_count = 3 + world_random(world, 10);
    options->prefix_count = world_chance(world, 40) ? 1 + world_random(world, 4) : MODEL_PREFIXES;
    options->ipv6 = world_chance(world, 40);
    options->settles = world_chance(world, 40);
    options->marks = world_chance(world, 50);
    options->add_path = world_chance(world, 40);
    options->restless = world_chance(world, 75);
    options->tiny = world_chance(world, 60);
    options->clients_pct = world_chance(world, 50) ? 15 : world_chance(world, 60) ? 100 : 0;
    options->padding_pct = world_chance(world, 50) ? 0 : world_chance(world, 50) ? 10 : 60;
    world->model.as = world_chance(world, 80) ? 65000 : 4200000000;
    world->model.communities = world->model.as <= UINT16_MAX && world_chance(world, 60);
    world->model.always_compare_med = world_chance(world, 20);
    world->model.ignore_path_length = world_chance(world, 20);
    /* Where steps overtake each other nobody knows which path is older: then it must not matter. */
    world->model.compare_router_id = !options->settles || world_chance(world, 30);
}

static void choose_tuning(struct world *world)
{
    struct speaker_tuning *tuning = &world->control->speaker->tuning;
    if (!world->options.tiny)
        return;
    tuning->log_cap_bytes = 4096 * (1 + world_random(world, 8));
    tuning->backlog_bytes = 256 + world_random(world, 16384);
    tuning->walk_ahead_bytes = 1 + world_random(world, 4096);
    tuning->catch_up_ahead_bytes = 1 + world_random(world, 4096);
    tuning->cohort_wait_ms = world_random(world, 100);
    if (world_chance(world, 50))
        tuning->batch_rows = 1 + world_random(world, 8);
    if (world_chance(world, 50))
        tuning->walk_rows = 1 + world_random(world, 8);
    memory_net_set_buffer(world->net, 64 + world_random(world, 8192));
}

void world_init(struct world *world, uint32_t seed)
{
    static const struct watch_ops watch_ops = {.best = watch_best};
    struct err err = {0};
    const uint8_t ipv6[16] = {0xfd, 0, 0, 0, 0, 0, 0, 1, [14] = 1};
    memset(world, 0, sizeof(*world));
    choose_options(world, seed);
    hash_set_seed(seed);
    log_set_level(LOG_LEVEL_ERROR);
    world->model.ipv4 = addr_ipv4(0x0A000001);
    world->model.ipv6 = addr_from_bytes(ADDR_IPV6, ipv6);
    world->model.router_id = 0x0A000001;
    world->loop = loop_new_simulated();
    world->net = memory_net_new(world->loop);
    struct transport *transport = memory_net_transport(world->net, &world->model.ipv4);
    memory_net_add_address(transport, &world->model.ipv6);
    world->control = control_new(world->loop, transport);
    choose_tuning(world);
    struct global_config global = {.as = world->model.as,
                                   .router_id = world->model.router_id,
                                   .port = BGP_PORT,
                                   .listen_count = 2,
                                   .listen = {world->model.ipv4, world->model.ipv6},
                                   .honour_well_known = true,
                                   .route_server_communities = world->model.communities};
    global.route_selection.always_compare_med = world->model.always_compare_med;
    global.route_selection.ignore_as_path_length = world->model.ignore_path_length;
    global.route_selection.external_compare_router_id = world->model.compare_router_id;
    if (control_start(world->control, &global, &err) != E_OK)
        fail_msg("%s", err.text);
    if (world_chance(world, 30)) /* near the version's wrap */
        for (unsigned family = 0; family < MODEL_FAMILIES; family++)
            world->control->speaker->tables[family].rib->version = UINT32_MAX - world_random(world, 200);
    world->watch = control_watch_new(world->control, &watch_ops, world);
    unsigned at_once = world_chance(world, 50) ? world->options.peer_count : 1 + world_random(world, 3);
    for (unsigned number = 1; number <= at_once && number <= world->options.peer_count; number++)
        world_add_peer(world, number);
    world_quiet(world);
}

void world_release(struct world *world)
{
    control_watch_free(world->watch);
    for (unsigned number = 1; number < MODEL_PEERS; number++)
        if (world->presence[number] != PEER_ABSENT)
            puppet_release(&world->puppets[number]);
    control_free(world->control);
    memory_net_free(world->net);
    loop_free(world->loop);
}

void world_settle(struct world *world)
{
    for (unsigned turns = 0; loop_turn(world->loop, 0); turns++)
        if (turns > 1000000)
            fail_msg("the loop does not come to rest");
}

void world_pass_ms(struct world *world, int64_t ms)
{
    struct mono_time limit = mono_add_ms(loop_now(world->loop), ms);
    while (mono_before(loop_now(world->loop), limit))
        loop_turn(world->loop, (int)mono_diff_ms(limit, loop_now(world->loop)) + 1);
}

static bool all_up(const struct world *world)
{
    for (unsigned number = 1; number < MODEL_PEERS; number++)
        if (world->presence[number] == PEER_ON && !world->puppets[number].established)
            return false;
    return true;
}

void world_quiet(struct world *world)
{
    struct mono_time limit = mono_add_ms(loop_now(world->loop), WAIT_LIMIT_S * 1000);
    for (unsigned number = 1; number < MODEL_PEERS; number++)
        if (world->presence[number] != PEER_ABSENT)
            puppet_read(&world->puppets[number], true);
    while (!all_up(world)) {
        if (!mono_before(loop_now(world->loop), limit))
            fail_msg("not every session came up again");
        loop_turn(world->loop, 1000);
    }
    world_pass_ms(world, QUIET_MS);
}

/* Checking --------------------------------------------------------------------------------------------------------- */

/* The identifier the speaker sends a path with: its own business, but always the same for one path. */
static uint32_t sent_id(const struct world *world, unsigned family, unsigned prefix, const struct model_told *told)
{
    const struct speaker *speaker = world->control->speaker;
    bool is_client = world->model.peers[told->source].route_server_client;
    const struct rib *rib = speaker->tables[is_client ? FAMILY_COUNT + family : family].rib;
    const struct addr *address = &world->model.peers[told->source].address;
    source_id source = told->source == 0 ? RIB_SOURCE_LOCAL : peer_find(speaker, address, NULL)->source;
    struct prefix key = model_prefix(family, prefix);
    row_id row = rib_find(rib, &key);
    assert_int_not_equal(row, 0);
    for (uint32_t i = 0; i < rib_row_path_count(rib, row); i++) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        if (path.source == source && path.path_id == told->id)
            return path.local_id;
    }
    fail_msg("a path of the model is not in the RIB");
    return 0;
}

static void print_path(const char *what, unsigned source, uint32_t id, const uint8_t *bytes, size_t length)
{
    fprintf(stderr, "  %s, from %u, id %u:", what, source, id);
    for (size_t i = 0; i < length && i < 120; i++)
        fprintf(stderr, " %02x", bytes[i]);
    fprintf(stderr, "\n");
}

static bool is_told(const struct puppet_path *table, uint32_t id, const struct buf *bytes)
{
    for (unsigned i = 0; i < PUPPET_PATHS_MAX; i++)
        if (table[i].present && table[i].path_id == id && table[i].length == bytes->length &&
            memcmp(table[i].attrs, bytes->bytes, bytes->length) == 0)
            return true;
    return false;
}

static bool compare_prefix(const struct world *world, unsigned family, unsigned prefix, unsigned number, bool print)
{
    struct model_told told[MODEL_TOLD_MAX];
    const struct puppet_path *table = world->puppets[number].table[family][prefix];
    size_t expected = model_told(&world->model, family, prefix, number, told), there = 0;
    bool same = true;
    for (unsigned i = 0; i < PUPPET_PATHS_MAX; i++) {
        there += table[i].present;
        if (print && table[i].present)
            print_path("told", 0, table[i].path_id, table[i].attrs, table[i].length);
    }
    for (size_t i = 0; i < expected; i++) {
        uint32_t id = world->model.peers[number].send_max > 0 ? sent_id(world, family, prefix, &told[i]) : 0;
        struct buf bytes;
        buf_init(&bytes, 65536);
        model_encode(&told[i].attrs, &bytes);
        same &= is_told(table, id, &bytes);
        if (print)
            print_path("due", told[i].source, id, bytes.bytes, bytes.length);
        buf_release(&bytes);
    }
    return same && there == expected;
}

static void check_prefix(const struct world *world, unsigned family, unsigned prefix, unsigned number)
{
    if (compare_prefix(world, family, prefix, number, false))
        return;
    compare_prefix(world, family, prefix, number, true);
    fail_msg("peer %u, family %u, prefix %u: not what is due", number, family, prefix);
}

struct counter_check {
    const struct world *world;
    unsigned number;
};

static void check_counters(void *context, const struct peer_view *view)
{
    const struct counter_check *check = context;
    const struct model *model = &check->world->model;
    for (uint32_t i = 0; i < view->family_count; i++) {
        const struct peer_family_view *family = &view->families[i];
        struct model_told told[MODEL_TOLD_MAX];
        uint64_t received, accepted, advertised = 0;
        model_counts(model, family->family, check->number, &received, &accepted);
        for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
            advertised += model_told(model, family->family, prefix, check->number, told);
        if (family->received != received || family->accepted != accepted || family->advertised != advertised)
            fail_msg("peer %u, family %d: received %u, accepted %u, advertised %u; due %u, %u, %u", check->number,
                     (int)family->family, (unsigned)family->received, (unsigned)family->accepted,
                     (unsigned)family->advertised, (unsigned)received, (unsigned)accepted, (unsigned)advertised);
        if (model->peers[check->number].up)
            assert_true(family->end_of_rib_sent);
    }
}

/* Without catching up, nothing is said twice and nothing taken back that was not said. */
static void check_manners(struct world *world, unsigned number)
{
    struct puppet *puppet = &world->puppets[number];
    const struct peer *peer = peer_find(world->control->speaker, &world->model.peers[number].address, NULL);
    uint64_t catch_ups = 0;
    for (unsigned family = 0; family < MODEL_FAMILIES; family++) {
        const struct outbox *outbox = peer->families[family].outbox;
        if (outbox == NULL)
            continue;
        catch_ups += outbox->catch_up_count;
        assert_null(outbox->catch_up);
        assert_false(outbox->behind);
        if (puppet->end_of_ribs[family] != 1)
            fail_msg("peer %u: %u End-of-RIB markers", number, puppet->end_of_ribs[family]);
    }
    if (catch_ups == 0 && puppet->duplicates > 0)
        fail_msg("peer %u: %llu announcements repeated", number, (unsigned long long)puppet->duplicates);
    if (catch_ups == 0 && puppet->stray_withdraws > 0)
        fail_msg("peer %u: %llu withdraws of nothing", number, (unsigned long long)puppet->stray_withdraws);
    world->catch_ups += catch_ups;
}

static void check_watched(const struct world *world)
{
    for (unsigned family = 0; family < MODEL_FAMILIES; family++) {
        for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++) {
            unsigned source, id;
            bool there = model_best(&world->model, family, prefix, &source, &id);
            assert_int_equal(there, world->watched[family][prefix].there);
            if (!there)
                continue;
            assert_true(addr_equal(&world->watched[family][prefix].neighbor, &world->model.peers[source].address));
        }
    }
    assert_int_equal(world->watch_errors, 0);
}

/* The listings say the same as the wire. */
static void check_listing(struct world *world, unsigned family, enum table_type table, unsigned number)
{
    struct path_query query = {.table = table, .family = family, .peer = world_peer_name(world, number)};
    struct path_walk *walk;
    struct err err = {0};
    const struct path_view *paths;
    size_t listed = 0, due = 0, count;
    bool again;
    if (control_path_walk(world->control, &query, &walk, &err) != E_OK)
        fail_msg("%s", err.text);
    while ((count = path_walk_next(walk, &paths, &again)) > 0 || again) {
        listed += count;
        if (count == 0 || table != TABLE_ADJ_OUT)
            continue;
        int prefix = model_prefix_index(family, &paths[0].prefix);
        for (size_t i = 0; i < count; i++) {
            bool found = false;
            for (unsigned j = 0; j < PUPPET_PATHS_MAX; j++) {
                const struct puppet_path *path = &world->puppets[number].table[family][prefix][j];
                found |= path->present && path->length == paths[i].attrs_length &&
                         memcmp(path->attrs, paths[i].attrs, path->length) == 0 &&
                         path->path_id == paths[i].local_path_id;
            }
            assert_true(found);
        }
    }
    path_walk_free(walk);
    uint64_t received, accepted;
    struct model_told told[MODEL_TOLD_MAX];
    model_counts(&world->model, family, number, &received, &accepted);
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
        due += model_told(&world->model, family, prefix, number, told);
    assert_int_equal(listed, table == TABLE_ADJ_OUT ? due : received);
}

void world_check(struct world *world)
{
    for (unsigned number = 1; number < MODEL_PEERS; number++) {
        struct counter_check check = {world, number};
        struct peer_name name = world_peer_name(world, number);
        if (world->presence[number] == PEER_ABSENT)
            continue;
        assert_int_equal(control_peer_list(world->control, &name, check_counters, &check), 1);
        if (!world->puppets[number].established)
            continue;
        for (unsigned family = 0; family < MODEL_FAMILIES; family++) {
            for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
                check_prefix(world, family, prefix, number);
            if (!world->model.peers[number].families[family])
                continue;
            check_listing(world, family, TABLE_ADJ_IN, number);
            check_listing(world, family, TABLE_ADJ_OUT, number);
        }
        check_manners(world, number);
    }
    check_watched(world);
}

void world_check_empty(struct world *world)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        struct speaker_table *table = &world->control->speaker->tables[i];
        if (table->rib == NULL)
            continue;
        assert_int_equal(table->rib->path_count, 0);
        assert_int_equal(table->rib->rows_with_paths, 0);
        assert_int_equal(table->rib->dirty_count, 0);
        assert_int_equal(table->rib->tombstone_count, 0);
        assert_int_equal(table->rib->prefixes->row_count, 0);
        assert_int_equal(attr_store_stats(table->rib->attrs).sets, 0);
        assert_true(list_empty(&table->sweeps));
        assert_true(list_empty(&table->dissolving));
        list_foreach (group, &table->groups, struct update_group, link) {
            assert_int_equal(group->advertised, 0);
        }
    }
}
