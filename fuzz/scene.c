/* The speaker among its neighbours: how it begins, and what must hold at any time and at the end. */
#include <stdio.h>
#include <string.h>

#include "attr/store.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/internal.h"
#include "session.h"
#include "speaker/update_group.h"
#include "wire/attr_rules.h"

enum {
    CONNECT_RETRY_S = 10,
    IDLE_HOLD_S = 5,
    SETTLE_MS = 2000,
    SETTLE_TRIES = 30,
    WHY_MAX = 30, /* rows asked about, of each table */
    END_MS = 30 * 1000,
    PREFIX_LIMIT_RESTART_S = 30,
    SEND_MAX = 3,
};

/* Bits of scene_options.global. */
enum {
    GLOBAL_IGNORE_WELL_KNOWN = 1 << 0,
    GLOBAL_REFUSE_AS_SET = 1 << 1,
    GLOBAL_ALWAYS_COMPARE_MED = 1 << 2,
    GLOBAL_ROUTER_ID = 1 << 3,
    GLOBAL_MULTIPLE_PATHS = 1 << 4,
    GLOBAL_LARGE_CAPS = 1 << 5,
    GLOBAL_IGNORE_LENGTH = 1 << 6,
    GLOBAL_REQUIRES_POLICY = 1 << 7, /* only with all the others: it leaves little to see */
};

/* Bits of scene_options.flags. */
enum {
    FLAG_LOG_TEXT = 1 << 0,
    FLAG_WATCH = 1 << 1,
    FLAG_SMALL_BUFFERS = 1 << 2,
    FLAG_DELAY = 1 << 3,
};

/* The beginning ---------------------------------------------------------------------------------------------------- */

static void watch_log(void *context, enum log_level level, const char *line)
{
    check_text(line);
}

static void watch_paths(void *context, const struct path_view *paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (paths[i].attrs != NULL)
            scene_check_view(&paths[i]);
}

static void check_peer(void *context, const struct peer_view *view);

static const struct watch_ops watch_ops = {
    .peer_state = check_peer,
    .best = watch_paths,
    .adj_in = watch_paths,
    .post_policy = watch_paths,
};

void scene_start_speaker(struct scene *scene, uint8_t options)
{
    struct err err;
    struct global_config global = {
        .as = SPEAKER_AS,
        .router_id = 0x0A630001,
        .port = BGP_PORT,
        .listen_count = 2,
        .listen = {speaker_addr(false), speaker_addr(true)},
        .honour_well_known = !(options & GLOBAL_IGNORE_WELL_KNOWN),
        .refuse_as_set = options & GLOBAL_REFUSE_AS_SET,
        .use_multiple_paths = options & GLOBAL_MULTIPLE_PATHS,
        .ebgp_requires_policy = options == 0xFF,
        .route_selection = {.always_compare_med = options & GLOBAL_ALWAYS_COMPARE_MED,
                            .external_compare_router_id = options & GLOBAL_ROUTER_ID,
                            .ignore_as_path_length = options & GLOBAL_IGNORE_LENGTH},
    };
    if (!(options & GLOBAL_LARGE_CAPS))
        scene->control->speaker->tuning = (struct speaker_tuning){.log_cap_bytes = 8192,
                                                                  .backlog_bytes = 2048,
                                                                  .walk_ahead_bytes = 1024,
                                                                  .catch_up_ahead_bytes = 2048,
                                                                  .cohort_wait_ms = 50,
                                                                  .batch_rows = 16,
                                                                  .walk_rows = 16};
    CHECK(control_start(scene->control, &global, &err) == E_OK);
}

static void put_families(struct neighbor_config *config, const struct neighbour_kind *kind)
{
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (!(kind->families >> id & 1))
            continue;
        struct family_config *family = &config->peer.families[config->peer.family_count++];
        *family = (struct family_config){.family = id,
                                         .enabled = true,
                                         .mp_graceful_restart = kind->graceful,
                                         .long_lived = kind->graceful,
                                         .long_lived_restart_time_s = LONG_LIVED_TIME_S};
        family->add_paths =
            (struct add_paths_config){.receive = kind->add_path, .send_max = kind->add_path ? SEND_MAX : 0};
        family->prefix_limit = (struct prefix_limit_config){.max_prefixes = kind->prefix_limit,
                                                            .shutdown_threshold_pct = 75,
                                                            .restart_timer_s = PREFIX_LIMIT_RESTART_S};
    }
}

static void make_config(struct neighbor_config *config, unsigned number)
{
    const struct neighbour_kind *kind = &neighbour_kinds[number];
    *config = (struct neighbor_config){.address = neighbour_addr(number)};
    peer_config_init(&config->peer);
    config->peer.peer_as = kind->any_as ? 0 : kind->as;
    config->peer.role = kind->role_of_speaker;
    config->peer.treat_as_withdraw = !kind->session_reset;
    config->peer.transport.local_address = speaker_addr(kind->over_ipv6);
    config->peer.timers.connect_retry_s = CONNECT_RETRY_S;
    config->peer.timers.idle_hold_time_after_reset_s = IDLE_HOLD_S;
    config->peer.graceful_restart = (struct graceful_restart_config){.enabled = kind->graceful,
                                                                     .notification_enabled = kind->graceful,
                                                                     .long_lived_enabled = kind->graceful,
                                                                     .stale_routes_time_s = LONG_LIVED_TIME_S};
    put_families(config, kind);
}

void scene_configure(struct scene *scene, unsigned number)
{
    const struct neighbour_kind *kind = &neighbour_kinds[number];
    struct neighbor_config *config = &scene->configs[number];
    struct err err;
    struct peer *peer;
    make_config(config, number);
    if (!kind->reflector_client && !kind->route_server_client) {
        CHECK(control_peer_add(scene->control, config, &err) == E_OK);
    } else {
        /* The configuration does not offer these two yet. */
        CHECK(neighbor_config_complete(config, &scene->control->speaker->global, NULL, &err) == E_OK);
        config->peer.route_reflector_client = kind->reflector_client;
        config->peer.route_server_client = kind->route_server_client;
        CHECK(peer_new(scene->control->speaker, config, &peer, &err) == E_OK);
    }
    scene->configured[number] = true;
}

void scene_start(struct scene *scene, const struct scene_options *options)
{
    struct addr own = speaker_addr(false), own_ipv6 = speaker_addr(true);
    hash_set_seed(42);
    log_set_level(LOG_LEVEL_TRACE);
    log_set_format(options->flags & FLAG_LOG_TEXT ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
    log_set_sink(watch_log, NULL);
    scene->loop = loop_new_simulated();
    scene->net = memory_net_new(scene->loop);
    if (options->flags & FLAG_SMALL_BUFFERS)
        memory_net_set_buffer(scene->net, 1500);
    struct transport *transport = memory_net_transport(scene->net, &own);
    memory_net_add_address(transport, &own_ipv6);
    scene->control = control_new(scene->loop, transport);
    scene_start_speaker(scene, options->global);
    for (unsigned i = 0; i < neighbour_kind_count; i++) {
        neighbour_init(&scene->neighbours[i], scene->net, scene->loop, i);
        if (options->flags & FLAG_DELAY)
            memory_net_set_delay(scene->net, &scene->neighbours[i].addr, &scene->neighbours[i].speaker, 10 * i);
        if (options->neighbours >> i & 1)
            scene_configure(scene, i);
    }
    if (options->flags & FLAG_WATCH)
        scene->watch = control_watch_new(scene->control, &watch_ops, scene);
    scene_run_ms(scene, SETTLE_MS);
}

void scene_run_ms(struct scene *scene, int64_t ms)
{
    struct mono_time limit = mono_add_ms(loop_now(scene->loop), ms);
    while (mono_before(loop_now(scene->loop), limit))
        loop_turn(scene->loop, (int)mono_diff_ms(limit, loop_now(scene->loop)) + 1);
}

/* Views ------------------------------------------------------------------------------------------------------------ */

void scene_check_view(const struct path_view *view)
{
    struct addr next_hop, link_local;
    struct attr_item item;
    CHECK(family_address_bits(view->family) == addr_bits(&view->prefix.addr));
    CHECK(attr_block_check(view->attrs, view->attrs_length, NULL) == 0);
    CHECK(attr_block_next_hop(view->attrs, view->attrs_length, &next_hop, &link_local));
    CHECK(view->family == FAMILY_IPV4_UNICAST || next_hop.kind == ADDR_IPV6);
    CHECK(attr_find(view->attrs, view->attrs_length, ATTR_ORIGIN, &item));
    CHECK(attr_find(view->attrs, view->attrs_length, ATTR_AS_PATH, &item));
}

static void check_notification(const struct notification *notification)
{
    char memory[512];
    struct str text = str_over(memory, sizeof(memory));
    notification_describe(notification, &text);
    check_text(memory);
}

static void check_peer(void *context, const struct peer_view *view)
{
    const struct session_status *session = view->session;
    check_text(session->down.why);
    check_notification(&session->last_sent);
    check_notification(&session->last_received);
    if (session->remote_open != NULL) {
        check_text(session->remote_open->capabilities.host_name);
        check_text(session->remote_open->capabilities.domain_name);
        check_text(session->remote_open->capabilities.software_version);
    }
    CHECK((session->negotiated != NULL) ==
          (session->state == SESSION_OPENCONFIRM || session->state == SESSION_ESTABLISHED));
    for (uint32_t i = 0; i < view->family_count; i++)
        CHECK(view->families[i].accepted <= view->families[i].received);
}

static void check_group(void *context, const struct group_view *view)
{
    check_text(view->key);
    check_text(view->difference);
    CHECK(view->member_count > 0);
}

bool scene_walk_step(struct scene *scene, struct path_walk *walk)
{
    const struct path_view *paths;
    bool again;
    size_t count = path_walk_next(walk, &paths, &again);
    for (size_t i = 0; i < count; i++) {
        scene_check_view(&paths[i]);
        CHECK(prefix_equal(&paths[i].prefix, &paths[0].prefix));
    }
    return count > 0 || again;
}

/* Walking ---------------------------------------------------------------------------------------------------------- */

struct tally {
    uint64_t rows, paths, accepted, stale, known;
};

static struct peer_name name_of(unsigned neighbour)
{
    return (struct peer_name){.address = neighbour_addr(neighbour)};
}

static void ask_why(struct scene *scene, const struct path_view *path, const struct peer_name *peer)
{
    const struct why *why;
    struct err err;
    const struct why_query query = {.family = path->family, .prefix = path->prefix, .to_peer = peer};
    CHECK(control_why(scene->control, &query, &why, &err) == E_OK);
    CHECK(why->path_count > 0);
    for (size_t i = 0; i < why->path_count; i++) {
        check_text(why->paths[i].sentence);
        CHECK(why->paths[i].sentence[0] != '\0' && why->paths[i].step[0] != '\0');
        scene_check_view(&why->paths[i].view);
    }
    CHECK(why->asked_peer == (peer != NULL));
    if (peer == NULL)
        return;
    check_text(why->told.sentence);
    CHECK(why->told.sentence[0] != '\0');
    if (why->told.told)
        scene_check_view(&why->told.sent);
}

/* Of the attributes as a receiver keeps them: what he does not know is Partial from then on, or not kept at all. */
static uint64_t received_hash(const struct path_view *path)
{
    struct cursor cursor = cursor_of(path->attrs, path->attrs_length);
    struct attr_item item;
    struct buf kept;
    buf_init(&kept, ATTR_BLOCK_MAX);
    while (attr_next(&cursor, &item)) {
        if (attr_rule_get(item.type) != NULL)
            attr_put(&kept, item.flags, item.type, item.value, item.length);
        else if (item.flags & ATTR_FLAG_TRANSITIVE)
            attr_put(&kept, item.flags | ATTR_FLAG_PARTIAL, item.type, item.value, item.length);
    }
    uint64_t hash = hash_bytes(kept.bytes, kept.length);
    buf_release(&kept);
    return hash;
}

/* Was the neighbour told it as the speaker says it told it? `conn` may be NULL. */
static bool is_known(const struct neighbour_conn *conn, const struct path_view *path)
{
    const struct nlri nlri = {.prefix = path->prefix, .path_id = path->local_path_id};
    uint64_t hash;
    if (conn == NULL || !told_find(&conn->told, path->family, &nlri, &hash))
        return false;
    /* Octets are lost on the way to who knows small AS numbers only. */
    return !conn->negotiated.four_octet_as || hash == received_hash(path);
}

static struct tally walk_all(struct scene *scene, const struct path_query *query, const struct neighbour_conn *conn,
                             bool why)
{
    struct tally tally = {0};
    struct path_walk *walk;
    struct err err;
    const struct path_view *paths;
    size_t count;
    bool again;
    CHECK(control_path_walk(scene->control, query, &walk, &err) == E_OK);
    while ((count = path_walk_next(walk, &paths, &again)) > 0 || again) {
        tally.rows += count > 0;
        tally.paths += count;
        for (size_t i = 0; i < count; i++) {
            scene_check_view(&paths[i]);
            tally.accepted += !paths[i].filtered;
            tally.stale += paths[i].stale;
            tally.known += is_known(conn, &paths[i]);
        }
        if (!why || count == 0 || tally.rows > WHY_MAX)
            continue;
        struct path_view first = paths[0];
        ask_why(scene, &first, NULL);
        for (unsigned i = 0; i < neighbour_kind_count; i++) {
            struct peer_name name = name_of(i);
            if (scene->configured[i])
                ask_why(scene, &first, &name);
        }
    }
    path_walk_free(walk);
    return tally;
}

static void check_counts(struct scene *scene, const struct path_query *query, const struct tally *tally)
{
    struct table_counts counts;
    struct err err;
    CHECK(control_table_counts(scene->control, query, &counts, &err) == E_OK);
    CHECK(counts.destinations == tally->rows && counts.paths == tally->paths);
}

static void ask_why_down(struct scene *scene, unsigned neighbour)
{
    struct peer_name name = name_of(neighbour);
    struct why_session why;
    struct err err;
    CHECK(control_why_session(scene->control, &name, &why, &err) == E_OK);
    check_text(why.sentence);
    check_text(why.reason.text);
    check_text(why.stale);
    check_text(why.sent.text);
    check_text(why.received.text);
    CHECK(why.sentence[0] != '\0');
    CHECK(why.state == SESSION_ESTABLISHED || why.flaps == 0 || why.reason.text[0] != '\0');
}

void scene_check_tables(struct scene *scene)
{
    for (unsigned i = 0; i < neighbour_kind_count; i++)
        if (scene->configured[i])
            ask_why_down(scene, i);
    for (enum family_id family = FAMILY_IPV4_UNICAST; family <= FAMILY_IPV6_UNICAST; family++) {
        struct path_query query = {.table = TABLE_GLOBAL, .family = family, .include_filtered = true};
        struct tally tally = walk_all(scene, &query, NULL, true);
        check_counts(scene, &query, &tally);
        for (unsigned i = 0; i < neighbour_kind_count; i++) {
            if (!scene->configured[i])
                continue;
            query.peer = name_of(i);
            query.table = TABLE_ADJ_IN;
            tally = walk_all(scene, &query, NULL, false);
            query.table = TABLE_ADJ_OUT;
            tally = walk_all(scene, &query, NULL, false);
        }
    }
    control_peer_list(scene->control, NULL, check_peer, scene);
    control_group_list(scene->control, check_group, NULL);
}

/* Settling
 * -------------------------------------------------------------------------------------------------------------- */

struct settled {
    struct scene *scene;
    struct neighbour *neighbour;
    bool agrees;
    bool last; /* say what does not agree */
};

/* The connection UPDATEs come on. There may be another, whose OPEN the speaker still waits for. */
static struct neighbour_conn *agreed_conn(struct neighbour *neighbour)
{
    struct neighbour_conn *found = NULL;
    for (unsigned i = 0; i < NEIGHBOUR_CONNS; i++) {
        if (!neighbour->conns[i].agreed)
            continue;
        if (found != NULL)
            return NULL;
        found = &neighbour->conns[i];
    }
    return found;
}

static bool family_agrees(struct settled *settled, const struct peer_family_view *view, struct neighbour_conn *conn)
{
    struct path_query query = {.family = view->family, .include_filtered = true};
    query.peer = (struct peer_name){.address = settled->neighbour->addr};
    query.table = TABLE_ADJ_IN;
    struct tally in = walk_all(settled->scene, &query, NULL, false);
    query.table = TABLE_ADJ_OUT;
    struct tally out = walk_all(settled->scene, &query, conn, false);
    /* Between BoRR and EoRR what has not come again is there, and does not count; after a restart it does. */
    uint64_t uncounted = view->stale ? 0 : in.stale;
    bool counted = in.paths - uncounted == view->received && (uncounted || in.accepted == view->accepted);
    if (!counted || out.paths != view->advertised) {
        if (settled->last)
            fprintf(stderr, "%s, %s: counted %u received, %u accepted, %u advertised; there are %u, %u, %u\n",
                    settled->neighbour->kind->name, family_get(view->family)->config_name, (unsigned)view->received,
                    (unsigned)view->accepted, (unsigned)view->advertised, (unsigned)in.paths, (unsigned)in.accepted,
                    (unsigned)out.paths);
        return false;
    }
    uint32_t heard = told_count(&conn->told, view->family);
    bool ended = conn->ended >> view->family & 1 && view->end_of_rib_sent;
    if (out.known == out.paths && heard == out.paths && ended)
        return true;
    if (settled->last)
        fprintf(stderr, "%s, %s: %u routes heard, %u told, %u of these known; End-of-RIB: %s\n",
                settled->neighbour->kind->name, family_get(view->family)->config_name, heard, (unsigned)out.paths,
                (unsigned)out.known, ended ? "yes" : "no");
    return false;
}

static void compare(void *context, const struct peer_view *view)
{
    struct settled *settled = context;
    struct neighbour_conn *conn = agreed_conn(settled->neighbour);
    if (view->session->state != SESSION_ESTABLISHED)
        return;
    if (conn == NULL) {
        if (settled->last)
            fprintf(stderr, "%s: established, but not on one connection\n", settled->neighbour->kind->name);
        settled->agrees = false;
        return;
    }
    for (uint32_t i = 0; i < view->family_count; i++)
        if (view->families[i].negotiated)
            settled->agrees &= family_agrees(settled, &view->families[i], conn);
}

void scene_settle(struct scene *scene)
{
    for (unsigned i = 0; i < neighbour_kind_count; i++) {
        struct neighbour *neighbour = &scene->neighbours[i];
        memory_net_restore(scene->net, &neighbour->addr, &neighbour->speaker);
        neighbour_set_deaf(neighbour, false);
    }
    struct settled settled = {.scene = scene};
    for (unsigned try = 0; try < SETTLE_TRIES && !settled.agrees; try++) {
        scene_run_ms(scene, SETTLE_MS);
        settled.agrees = true;
        settled.last = try == SETTLE_TRIES - 1;
        for (unsigned i = 0; i < neighbour_kind_count; i++) {
            struct peer_name name = name_of(i);
            settled.neighbour = &scene->neighbours[i];
            control_peer_list(scene->control, &name, compare, &settled);
        }
    }
    CHECK(settled.agrees);
}

/* The end ---------------------------------------------------------------------------------------------------------- */

static void check_empty(const struct speaker_table *table)
{
    const struct rib *rib = table->rib;
    struct attr_store_stats stats = attr_store_stats(rib->attrs);
    CHECK(rib->path_count == 0 && rib->rows_with_paths == 0 && rib->dirty_count == 0);
    for (uint32_t i = 0; i < rib->source_count; i++)
        CHECK(rib->sources[i].received == 0 && rib->sources[i].accepted == 0 && rib->sources[i].stale == 0);
    CHECK(list_empty(&table->groups) && list_empty(&table->dissolving) && list_empty(&table->sweeps));
    CHECK(stats.sets == 0 && stats.wire_bytes == 0);
    CHECK(rib->tombstone_count == 0 && rib_row_next(rib, 0) == 0);
}

static void check_idle(void *context, const struct peer_view *view)
{
    check_peer(context, view);
    CHECK(view->session->state == SESSION_IDLE);
    for (uint32_t i = 0; i < view->family_count; i++)
        CHECK(view->families[i].received == 0 && view->families[i].accepted == 0 && view->families[i].advertised == 0);
}

void scene_check_end(struct scene *scene)
{
    struct err err;
    for (unsigned i = 0; i < WALKS_MAX; i++) {
        path_walk_free(scene->walks[i]);
        scene->walks[i] = NULL;
    }
    CHECK(control_peer_disable(scene->control, NULL, "the end\n", &err) == E_OK);
    control_path_delete_all(scene->control, FAMILY_UNKNOWN);
    scene_run_ms(scene, END_MS);
    control_peer_list(scene->control, NULL, check_idle, scene);
    for (enum family_id family = FAMILY_IPV4_UNICAST; family <= FAMILY_IPV6_UNICAST; family++)
        check_empty(&scene->control->speaker->tables[family]);
}

void scene_release(struct scene *scene)
{
    for (unsigned i = 0; i < neighbour_kind_count; i++)
        neighbour_release(&scene->neighbours[i]);
    if (scene->watch != NULL)
        control_watch_free(scene->watch);
    control_free(scene->control);
    scene_run_ms(scene, SETTLE_MS);
    CHECK(memory_net_connections(scene->net) == 0);
    memory_net_free(scene->net);
    loop_free(scene->loop);
    log_set_sink(NULL, NULL);
}
