/* One whole speaker among neighbours of every kind, on a simulated clock. The input says what they send and what the
 * operator does; see operations[].
 *
 * It begins with which neighbours there are (two octets), how the speaker is set up, and how the scene is. Operations
 * follow: a number (bit 7: a long one), a neighbour, the length of the arguments (one octet, or two), arguments. What
 * is missing counts as zero. So any input is a whole run, and octets can be changed without moving the rest.
 *
 * In the end what every neighbour was told must be what the speaker says it told, whoever misbehaved; and when all
 * sessions are over nothing may be left of them.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "fuzz.h"

enum {
    OPERATIONS_MAX = 200,
    COMMUNICATION_MAX = 300,
};

static void read_text(struct cursor *arguments, char text[COMMUNICATION_MAX])
{
    size_t length = cursor_left(arguments) < COMMUNICATION_MAX - 1 ? cursor_left(arguments) : COMMUNICATION_MAX - 1;
    cursor_copy(arguments, text, length);
    text[length] = '\0';
}

static struct peer_name name_of(const struct scene *scene, unsigned neighbour)
{
    return (struct peer_name){.address = scene->neighbours[neighbour].addr};
}

static void check_result(int result, const struct err *err)
{
    if (result != E_OK)
        check_text(err->text);
}

/* What neighbours do
 * --------------------------------------------------------------------------------------------------- */

static void send_raw(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    size_t length = cursor_left(arguments);
    neighbour_send(&scene->neighbours[neighbour], cursor_take(arguments, length), length);
}

static void send_message(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t type = cursor_u8(arguments);
    size_t length = cursor_left(arguments);
    if (length <= MESSAGE_EXTENDED_MAX_BYTES - MESSAGE_HEADER_BYTES)
        neighbour_send_message(&scene->neighbours[neighbour], type, cursor_take(arguments, length), length);
}

static void announce(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    fuzz_announce(&scene->neighbours[neighbour], arguments);
}

static void announce_many(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    fuzz_announce_many(&scene->neighbours[neighbour], arguments);
}

static void withdraw(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    fuzz_withdraw(&scene->neighbours[neighbour], arguments);
}

static void send_refresh(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t family = cursor_u8(arguments), kind = cursor_u8(arguments);
    const uint8_t body[4] = {0, family & 1 ? AFI_IPV6 : AFI_IPV4, kind, SAFI_UNICAST};
    neighbour_send_message(&scene->neighbours[neighbour], MESSAGE_ROUTE_REFRESH, body, sizeof(body));
}

static void send_end_of_rib(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX_BYTES);
    end_of_rib_encode(&message, cursor_u8(arguments) & 1 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST);
    neighbour_send(&scene->neighbours[neighbour], message.bytes, message.length);
    buf_release(&message);
}

static void dial(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    neighbour_dial(&scene->neighbours[neighbour]);
}

/* On one of two connections: collisions are resolved when the second OPEN comes. */
static void introduce(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t what = cursor_u8(arguments);
    if (!(what & 2))
        neighbour_send_open(&scene->neighbours[neighbour], what & 1);
    if (what & 4)
        neighbour_send_keepalive(&scene->neighbours[neighbour], what & 1);
}

static void hang_up(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    neighbour_close(&scene->neighbours[neighbour]);
}

static void reset_connections(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    memory_net_reset(scene->net, &scene->neighbours[neighbour].addr, &scene->neighbours[neighbour].speaker);
}

static void cut(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    const struct neighbour *one = &scene->neighbours[neighbour];
    if (cursor_u8(arguments) & 1)
        memory_net_restore(scene->net, &one->addr, &one->speaker);
    else
        memory_net_cut(scene->net, &one->addr, &one->speaker);
}

static void be_deaf(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    neighbour_set_deaf(&scene->neighbours[neighbour], !(cursor_u8(arguments) & 1));
}

static void change_manners(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    struct neighbour *one = &scene->neighbours[neighbour];
    uint8_t manners = cursor_u8(arguments);
    one->opens = !(manners & 1);
    one->keeps_alive = !(manners & 2);
    one->shape.toggled = cursor_u8(arguments);
    one->shape.role = cursor_u8(arguments);
    one->shape.hold_time_s = cursor_u16(arguments);
}

/* What the operator does
 * ------------------------------------------------------------------------------------------------ */

static void pass_time(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    static const int ms[] = {0, 1, 5, 20, 50, 60, 200, 1000, 1000, 3000, 5000, 10000, 31000, 60000, 100000, 400000};
    scene_run_ms(scene, ms[cursor_u8(arguments) % ARRAY_LEN(ms)]);
}

static void administer(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t what = cursor_u8(arguments);
    char communication[COMMUNICATION_MAX];
    read_text(arguments, communication);
    struct peer_name name = name_of(scene, neighbour);
    const struct peer_name *who = what & 0x80 ? NULL : &name;
    struct err err;
    int result = E_OK;
    switch (what % 6) {
    case 0:
        result = control_peer_reset(scene->control, who, communication, &err);
        break;
    case 1:
        result = control_peer_shutdown(scene->control, who, communication, &err);
        break;
    case 2:
        result = control_peer_disable(scene->control, who, communication, &err);
        break;
    case 3:
        result = control_peer_enable(scene->control, who, &err);
        break;
    default:
        result = control_peer_soft_reset(scene->control, who, (enum soft_reset)((what >> 3) % 3), &err);
        break;
    }
    check_result(result, &err);
}

static void change_rarer(struct peer_config *peer, uint8_t what, uint8_t value)
{
    peer->graceful_restart.enabled = what & 1 ? value & 1 : peer->graceful_restart.enabled;
    peer->send_software_version = what & 2 ? value & 1 : peer->send_software_version;
    peer->ttl_security = what & 4 ? value & 1 : peer->ttl_security;
    peer->role_strict = what & 8 ? value & 1 : peer->role_strict;
    peer->timers.keepalive_interval_s = what & 16 ? value : peer->timers.keepalive_interval_s;
    if (what & 32)
        snprintf(peer->auth_password, sizeof(peer->auth_password), "%s", value & 1 ? "secret" : "");
}

static void change_peer(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    struct neighbor_config *config = &scene->configs[neighbour];
    struct neighbor_config before = *config;
    struct peer_config *peer = &config->peer;
    struct peer_name name = name_of(scene, neighbour);
    struct err err;
    bool in_matters;
    uint8_t what = cursor_u8(arguments), value = cursor_u8(arguments);
    if (!scene->configured[neighbour])
        return;
    peer->allow_own_as = what & 1 ? value % 3 : peer->allow_own_as;
    peer->timers.hold_time_s = what & 2 ? value : peer->timers.hold_time_s;
    peer->next_hop_self = what & 4 ? value & 1 : peer->next_hop_self;
    peer->enforce_first_as = what & 8 ? value & 1 : peer->enforce_first_as;
    config->admin_down = what & 16 ? value & 1 : config->admin_down;
    peer->families[0].prefix_limit.max_prefixes = what & 32 ? value : peer->families[0].prefix_limit.max_prefixes;
    peer->families[0].add_paths.send_max = what & 64 ? value % 5 : peer->families[0].add_paths.send_max;
    peer->transport.passive_mode = what & 128 ? value & 1 : peer->transport.passive_mode;
    change_rarer(peer, cursor_u8(arguments), value);
    int result = control_peer_update(scene->control, config, &in_matters, &err);
    check_result(result, &err);
    if (result != E_OK)
        *config = before;
    if (result == E_OK && in_matters)
        control_peer_soft_reset(scene->control, &name, SOFT_RESET_IN, &err);
}

static void add_or_delete_peer(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    struct peer_name name = name_of(scene, neighbour);
    struct err err;
    int result = control_peer_delete(scene->control, &name, "", &err);
    CHECK((result == E_OK) == scene->configured[neighbour]);
    if (scene->configured[neighbour])
        scene->configured[neighbour] = false;
    else
        scene_configure(scene, neighbour);
}

static void add_local(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t flags = cursor_u8(arguments);
    bool ipv6 = flags & 1;
    struct local_path path = {.family = ipv6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST,
                              .identifier = flags & 2 ? flags >> 6 : 0};
    struct buf attrs;
    struct err err;
    fuzz_prefix(cursor_u8(arguments), ipv6, &path.prefix);
    buf_init(&attrs, ATTR_BLOCK_MAX);
    if (flags & 4) {
        size_t length = cursor_left(arguments);
        buf_put(&attrs, cursor_take(arguments, length), length);
    } else {
        fuzz_local_attrs(arguments, ipv6, &attrs);
    }
    path.attrs = attrs.bytes;
    path.attrs_length = (uint32_t)attrs.length;
    check_result(control_path_add(scene->control, &path, flags & 8 ? scene->uuid : NULL, &err), &err);
    buf_release(&attrs);
}

static void delete_local(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t flags = cursor_u8(arguments);
    enum family_id family = flags & 1 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST;
    struct prefix prefix;
    struct err err;
    fuzz_prefix(cursor_u8(arguments), flags & 1, &prefix);
    if (flags & 4)
        control_path_delete_all(scene->control, flags & 8 ? FAMILY_UNKNOWN : family);
    else if (flags & 8)
        check_result(control_path_delete_uuid(scene->control, scene->uuid, &err), &err);
    else
        control_path_delete(scene->control, family, &prefix, flags & 2 ? flags >> 6 : 0);
}

/* Opens a walk, or goes on with one that is open. */
static void walk(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t flags = cursor_u8(arguments);
    struct path_walk **open = &scene->walks[flags % WALKS_MAX];
    if (*open != NULL) {
        bool more = true;
        for (unsigned steps = cursor_u8(arguments) % 32u + 1; more && steps > 0; steps--)
            more = scene_walk_step(scene, *open);
        if (more)
            return;
        path_walk_free(*open);
        *open = NULL;
        return;
    }
    struct path_lookup lookups[3];
    struct path_query query = {.table = (enum table_type)(cursor_u8(arguments) % 6),
                               .peer = name_of(scene, neighbour),
                               .family = (enum family_id)(cursor_u8(arguments) % 3),
                               .include_filtered = flags & 0x80,
                               .lookups = lookups};
    for (size_t i = 0; i < (flags >> 4 & 3); i++) {
        fuzz_prefix(cursor_u8(arguments), query.family == FAMILY_IPV6_UNICAST, &lookups[i].prefix);
        lookups[i].type = (enum lookup_type)(cursor_u8(arguments) % 4);
        query.lookup_count++;
    }
    struct err err;
    check_result(control_path_walk(scene->control, &query, open, &err), &err);
}

static void ask(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t flags = cursor_u8(arguments);
    struct peer_name name = name_of(scene, neighbour);
    struct why_query query = {.family = flags & 1 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST,
                              .longest_match = flags & 2,
                              .to_peer = flags & 4 ? NULL : &name};
    const struct why *why;
    struct err err;
    fuzz_prefix(cursor_u8(arguments), flags & 1, &query.prefix);
    int result = control_why(scene->control, &query, &why, &err);
    check_result(result, &err);
    if (result == E_OK && why->asked_peer)
        check_text(why->told.sentence);
}

static void look_at_all(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    if (cursor_u8(arguments) & 1)
        scene_settle(scene);
    scene_check_tables(scene);
}

static void note_stopped(void *context)
{
    *(bool *)context = true;
}

/* A stop and a new start; the walks that were open may still be turned, and end. */
static void restart(struct scene *scene, unsigned neighbour, struct cursor *arguments)
{
    uint8_t global = cursor_u8(arguments);
    char communication[COMMUNICATION_MAX];
    bool stopped = false;
    read_text(arguments, communication);
    control_stop(scene->control, communication, note_stopped, &stopped);
    scene_run_ms(scene, 3000);
    CHECK(stopped && !control_started(scene->control));
    for (unsigned i = 0; i < WALKS_MAX; i++)
        CHECK(scene->walks[i] == NULL || !scene_walk_step(scene, scene->walks[i]));
    scene_start_speaker(scene, global);
    for (unsigned i = 0; i < neighbour_kind_count; i++)
        if (scene->configured[i])
            scene_configure(scene, i);
}

/* The order is that of the numbers in the input; kept corpora depend on it. */
static void (*const operations[])(struct scene *scene, unsigned neighbour, struct cursor *arguments) = {
    send_raw,    send_message, announce,           withdraw,  announce_many, send_refresh,   send_end_of_rib,
    dial,        hang_up,      reset_connections,  cut,       be_deaf,       change_manners, pass_time,
    administer,  change_peer,  add_or_delete_peer, add_local, delete_local,  walk,           ask,
    look_at_all, restart,      introduce,
};

void scene_operate(struct scene *scene, uint8_t operation, unsigned neighbour, struct cursor *arguments)
{
    operations[operation % ARRAY_LEN(operations)](scene, neighbour % neighbour_kind_count, arguments);
}

static void play(struct scene *scene, struct cursor *input)
{
    for (unsigned i = 0; i < OPERATIONS_MAX && !cursor_done(input); i++) {
        uint8_t operation = cursor_u8(input);
        uint8_t neighbour = cursor_u8(input);
        size_t length = operation & 0x80 ? cursor_u16(input) : cursor_u8(input);
        if (length > cursor_left(input))
            length = cursor_left(input);
        struct cursor arguments = cursor_sub(input, length);
        scene_operate(scene, operation & 0x7F, neighbour, &arguments);
    }
}

static void usage_of_all(struct mem_usage usage[MEM_KIND_COUNT])
{
    for (unsigned i = 0; i < MEM_KIND_COUNT; i++)
        usage[i] = mem_usage((enum mem_kind)i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_usage before[MEM_KIND_COUNT], after[MEM_KIND_COUNT];
    struct cursor input = cursor_of(data, size);
    struct scene_options options = {.neighbours = cursor_u16(&input)};
    options.global = cursor_u8(&input);
    options.flags = cursor_u8(&input);
    if (input.failed)
        return 0;
    usage_of_all(before);
    struct scene *scene = calloc(1, sizeof(*scene));
    CHECK(scene != NULL);
    scene_start(scene, &options);
    play(scene, &input);
    scene_settle(scene);
    scene_check_tables(scene);
    scene_check_end(scene);
    scene_release(scene);
    free(scene);
    usage_of_all(after);
    for (unsigned i = 0; i < MEM_KIND_COUNT; i++)
        CHECK(before[i].bytes == after[i].bytes && before[i].objects == after[i].objects);
    return 0;
}
