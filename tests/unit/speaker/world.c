#include "world.h"

#include <arpa/inet.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
/* recv() with MSG_TRUNC and no memory counts as a write to address 0. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:socket_free\n";
}
#endif

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    PORT_FIRST = 20000,
    PORT_COUNT = 20000,
    COMMUNITIES_MAX = 200,
    TURN_MS = 5,
};

static const uint32_t speaker_addr = 0x7F4D0001; /* 127.77.0.1 */

static void *run_nodes(void *context)
{
    struct world *world = context;
    loop_run(world->node_loop);
    return NULL;
}

/* A port that is free on the speaker's address; others may be running the same test. */
static uint16_t free_port(void)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + ((unsigned)getpid() * 7 + i) % PORT_COUNT);
        struct sockaddr_in at = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(speaker_addr)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int bound = bind(fd, (struct sockaddr *)&at, sizeof(at));
        close(fd);
        if (bound == 0)
            return port;
    }
    fail_msg("no free port");
    return 0;
}

/* Calls on the nodes' thread --------------------------------------------------------------------------------------- */

struct node_call {
    struct mail mail;
    struct world *world;
    void (*run)(struct world *world, void *context);
    void *context;
    sem_t done;
};

static void deliver_call(struct mail *mail)
{
    struct node_call *call = container_of(mail, struct node_call, mail);
    call->run(call->world, call->context);
    sem_post(&call->done);
}

void world_run(struct world *world, void (*run)(struct world *world, void *context), void *context)
{
    struct node_call call = {.mail.deliver = deliver_call, .world = world, .run = run, .context = context};
    sem_init(&call.done, 0, 0);
    mailbox_post(world->node_loop, &call.mail);
    while (sem_wait(&call.done) != 0)
        continue;
    sem_destroy(&call.done);
}

/* Speakers --------------------------------------------------------------------------------------------------------- */

static struct control *start_speaker(struct loop *loop, const struct addr *addr, uint16_t port,
                                     const struct world_options *options)
{
    struct err err = {0};
    struct control *control = control_new(loop, transport_tcp());
    struct global_config global = {.as = WORLD_AS,
                                   .router_id = addr_ipv4_value(addr),
                                   .port = port,
                                   .listen_count = 1,
                                   .threads = options ? (uint16_t)options->threads : 1};
    global.listen[0] = *addr;
    if (options && options->ring_bytes)
        control->speaker->tuning.session_ring_bytes = options->ring_bytes;
    if (options && options->log_cap_bytes)
        control->speaker->tuning.log_cap_bytes = options->log_cap_bytes;
    if (control_start(control, &global, &err) != E_OK)
        fail_msg("%s", err.text);
    return control;
}

static int add_neighbor(struct control *control, const struct addr *local, const struct addr *remote, uint16_t port,
                        const struct world_options *options)
{
    struct err err = {0};
    struct neighbor_config *neighbor = mem_zalloc(MEM_CONFIG, sizeof(*neighbor));
    neighbor->address = *remote;
    peer_config_init(&neighbor->peer);
    neighbor->peer.peer_as = WORLD_AS;
    neighbor->peer.transport.local_address = *local;
    neighbor->peer.transport.remote_port = port;
    neighbor->peer.timers.connect_retry_s = 1;
    neighbor->peer.timers.idle_hold_time_after_reset_s = 1;
    if (options->hold_time_s) {
        neighbor->peer.timers.hold_time_s = options->hold_time_s;
        neighbor->peer.timers.keepalive_interval_s = 1;
    }
    if (options->password)
        memcpy(neighbor->peer.auth_password, options->password, strlen(options->password));
    int result = control_peer_add(control, neighbor, &err);
    mem_free(MEM_CONFIG, neighbor);
    if (result != E_OK && !options->password)
        fail_msg("%s", err.text);
    if (result == E_OK && addr_ipv4_value(local) == speaker_addr)
        peer_find(control->speaker, remote, NULL)->config.peer.route_reflector_client = true;
    return result;
}

void node_start(struct world *world, struct world_node *node, const char *password)
{
    struct world_options options = {.password = password};
    node->control = start_speaker(world->node_loop, &node->addr, world->port, NULL);
    add_neighbor(node->control, &node->addr, &world->addr, world->port, &options);
    node_announce(node, 0);
}

void node_end(struct world_node *node)
{
    control_free(node->control);
    node->control = NULL;
}

static void start_nodes(struct world *world, void *context)
{
    const struct world_options *options = context;
    for (unsigned i = 0; i < WORLD_NODES; i++)
        node_start(world, &world->nodes[i], options->password);
}

static void end_nodes(struct world *world, void *context)
{
    for (unsigned i = 0; i < WORLD_NODES; i++)
        if (world->nodes[i].control != NULL)
            node_end(&world->nodes[i]);
}

void world_end_nodes(struct world *world)
{
    world_run(world, end_nodes, NULL);
}

struct peer_name world_name(const struct addr *addr)
{
    return (struct peer_name){.address = *addr};
}

void world_add_peer(struct world *world, const struct addr *addr, const struct world_options *options)
{
    if (add_neighbor(world->speaker, &world->addr, addr, world->port, options) != E_OK)
        skip(); /* no MD5 in this kernel */
}

void world_delete_peer(struct world *world, const struct addr *addr)
{
    struct peer_name name = world_name(addr);
    struct err err = {0};
    if (control_peer_delete(world->speaker, &name, NULL, &err) != E_OK)
        fail_msg("%s", err.text);
}

static void discard_log(void *context, enum log_level level, const char *line)
{
}

void world_start(struct world *world, const struct world_options *options)
{
    hash_set_seed(42);
    log_set_sink(discard_log, NULL);
    *world = (struct world){.loop = loop_new(), .node_loop = loop_new(), .addr = addr_ipv4(speaker_addr)};
    world->port = free_port();
    world->speaker = start_speaker(world->loop, &world->addr, world->port, options);
    for (unsigned i = 0; i < WORLD_NODES; i++)
        world->nodes[i] = (struct world_node){.addr = addr_ipv4(speaker_addr + 1 + i), .number = i};
    assert_int_equal(pthread_create(&world->thread, NULL, run_nodes, world), 0);
    if (options->without_nodes)
        return;
    for (unsigned i = 0; i < WORLD_NODES; i++)
        world_add_peer(world, &world->nodes[i].addr, options);
    world_run(world, start_nodes, (void *)options);
}

static void stop_node_loop(struct world *world, void *context)
{
    loop_stop(world->node_loop);
}

void world_end(struct world *world)
{
    control_free(world->speaker);
    loop_free(world->loop); /* at once: nothing may be left in it */
    world_end_nodes(world);
    world_run(world, stop_node_loop, NULL);
    pthread_join(world->thread, NULL);
    loop_free(world->node_loop);
}

/* Routes ----------------------------------------------------------------------------------------------------------- */

void local_route(struct control *control, uint32_t prefix, uint32_t next_hop, uint32_t med, unsigned communities)
{
    uint8_t value[4 * COMMUNITIES_MAX];
    struct err err = {0};
    struct buf attrs;
    struct local_path path = {.family = FAMILY_IPV4_UNICAST, .prefix = {.addr = addr_ipv4(prefix), .length = 24}};
    buf_init(&attrs, 4096);
    attr_put(&attrs, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &(uint8_t){ORIGIN_IGP}, 1);
    attr_put(&attrs, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
    put_u32(value, next_hop);
    attr_put(&attrs, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, value, 4);
    put_u32(value, med);
    attr_put(&attrs, ATTR_FLAG_OPTIONAL, ATTR_MED, value, 4);
    for (unsigned i = 0; i < communities; i++)
        put_u32(value + 4 * i, prefix + i);
    if (communities > 0)
        attr_put(&attrs, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, value,
                 (uint16_t)(4 * communities));
    path.attrs = attrs.bytes;
    path.attrs_length = (uint32_t)attrs.length;
    if (control_path_add(control, &path, NULL, &err) != E_OK)
        fail_msg("%s", err.text);
    buf_release(&attrs);
}

void local_withdraw(struct control *control, uint32_t prefix)
{
    struct prefix route = {.addr = addr_ipv4(prefix), .length = 24};
    control_path_delete(control, FAMILY_IPV4_UNICAST, &route, 0);
}

void node_announce(struct world_node *node, uint32_t round)
{
    uint32_t next_hop = 0xC0000200 + node->number + 1; /* 192.0.2.x */
    for (uint32_t i = 0; i < WORLD_ROUTES; i++) {
        uint32_t prefix = 0x0A000000 + (node->number << 18) + (i << 8);
        if (round % 2 == 1 && i % 3 == 0)
            local_withdraw(node->control, prefix);
        else
            local_route(node->control, prefix, next_hop, round * 7 + i % 40, i % 5);
    }
    for (uint32_t i = 0; i < WORLD_SHARED; i++)
        local_route(node->control, 0xAC100000 + (i << 8), next_hop, 100 + (i + node->number) % WORLD_NODES, 0);
}

/* Waiting ---------------------------------------------------------------------------------------------------------- */

void world_turn_for(struct world *world, int64_t ms)
{
    struct mono_time limit = mono_add_ms(mono_now(), ms);
    while (mono_before(mono_now(), limit))
        loop_turn(world->loop, 2);
}

/* Asking may take longer than what is waited for: half of the time is the loop's. */
void world_until(struct world *world, const char *what, bool (*done)(struct world *world, void *context), void *context)
{
    struct mono_time limit = mono_add_ms(mono_now(), WORLD_BOUND_S * 1000);
    for (;;) {
        struct mono_time asked = mono_now();
        if (done(world, context))
            return;
        if (!mono_before(mono_now(), limit))
            fail_msg("%s: not within %d s", what, WORLD_BOUND_S);
        world_turn_for(world, mono_diff_ms(mono_now(), asked) + TURN_MS);
    }
}

static void count_up(void *context, const struct peer_view *view)
{
    unsigned *up = context;
    *up += view->session->state == SESSION_ESTABLISHED;
}

static bool has_all(struct control *control, uint64_t paths_least)
{
    struct path_query query = {.table = TABLE_GLOBAL, .family = FAMILY_IPV4_UNICAST};
    struct table_counts counts;
    struct err err;
    control_table_counts(control, &query, &counts, &err);
    return counts.destinations >= WORLD_NODES * WORLD_ROUTES + WORLD_SHARED && counts.paths >= paths_least;
}

struct marker {
    uint32_t prefix;
    bool seen;
};

static void nodes_have_marker(struct world *world, void *context)
{
    struct marker *marker = context;
    struct path_lookup lookup = {.prefix = {.addr = addr_ipv4(marker->prefix), .length = 24}, .type = LOOKUP_EXACT};
    struct path_query query = {
        .table = TABLE_GLOBAL, .family = FAMILY_IPV4_UNICAST, .lookups = &lookup, .lookup_count = 1};
    marker->seen = true;
    for (unsigned i = 0; i < WORLD_NODES && marker->seen; i++) {
        struct control *control = world->nodes[i].control;
        struct path_walk *walk;
        const struct path_view *paths;
        struct err err;
        bool again;
        assert_int_equal(control_path_walk(control, &query, &walk, &err), E_OK);
        marker->seen = has_all(control, 0) && path_walk_next(walk, &paths, &again) > 0;
        path_walk_free(walk);
    }
}

static bool marker_seen(struct world *world, void *context)
{
    struct marker *marker = context;
    world_run(world, nodes_have_marker, marker);
    return marker->seen;
}

static bool speaker_settled(struct world *world, void *context)
{
    unsigned up = 0;
    control_peer_list(world->speaker, NULL, count_up, &up);
    return up == WORLD_NODES && has_all(world->speaker, WORLD_NODES * (WORLD_ROUTES + WORLD_SHARED));
}

/* Routes leave in the order they came, but for those of one batch: what was there before the first marker has arrived
 * when the second has. */
void world_until_settled(struct world *world)
{
    world_until(world, "speaker settled", speaker_settled, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        struct marker marker = {.prefix = WORLD_MARKERS + (i << 8)};
        local_route(world->speaker, marker.prefix, 0xC0000264, i + 1, 0);
        world_until(world, "nodes settled", marker_seen, &marker);
    }
}

/* Digests ---------------------------------------------------------------------------------------------------------- */

static uint64_t path_digest(const struct path_view *path)
{
    struct {
        struct prefix prefix;
        struct addr neighbor;
        uint64_t attrs;
        uint32_t source_id;
        uint32_t best;
    } what;
    memset(&what, 0, sizeof(what));
    what.prefix.addr = path->prefix.addr;
    what.prefix.length = path->prefix.length;
    what.neighbor = path->neighbor;
    what.attrs = hash_bytes(path->attrs, path->attrs_length);
    what.source_id = path->source_id;
    what.best = path->best;
    return hash_bytes(&what, sizeof(what));
}

struct table_digest control_digest(struct control *control)
{
    struct path_query query = {.table = TABLE_GLOBAL, .family = FAMILY_IPV4_UNICAST};
    struct table_digest digest = {0};
    struct path_walk *walk;
    struct err err = {0};
    const struct path_view *paths;
    size_t found;
    bool again;
    if (control_path_walk(control, &query, &walk, &err) != E_OK)
        fail_msg("%s", err.text);
    while ((found = path_walk_next(walk, &paths, &again)) > 0 || again) {
        if (found > 0 && addr_ipv4_value(&paths[0].prefix.addr) >> 16 == WORLD_MARKERS >> 16)
            continue;
        digest.destinations += found > 0;
        digest.paths += found;
        for (size_t i = 0; i < found; i++)
            digest.sum += path_digest(&paths[i]);
    }
    path_walk_free(walk);
    return digest;
}

static void digest_nodes(struct world *world, void *context)
{
    struct world_digest *digest = context;
    for (unsigned i = 0; i < WORLD_NODES; i++)
        digest->nodes[i] = control_digest(world->nodes[i].control);
}

void world_digest(struct world *world, struct world_digest *digest)
{
    digest->speaker = control_digest(world->speaker);
    world_run(world, digest_nodes, digest);
}
