/* See scene.h. */
#include "scene.h"

#include <string.h>

struct addr puppet_addr(unsigned number)
{
    return addr_ipv4(0x0A000064 + number);
}

static void nothing(void *context, struct puppet *puppet)
{
    (void)context;
    (void)puppet;
}

static struct capabilities puppet_capabilities(unsigned number)
{
    struct capabilities capabilities = {.has_multiprotocol = true,
                                        .multiprotocol = 3,
                                        .route_refresh = true,
                                        .enhanced_refresh = true,
                                        .four_octet_as = true,
                                        .as4 = DUT_AS + 1 + number,
                                        .role = ROLE_NONE};
    if (number == PLAIN)
        return capabilities;
    capabilities.graceful_restart = capabilities.long_lived = true;
    if (number == OBSERVER)
        return capabilities;
    capabilities.restart_time_s = RESTART_TIME_S;
    capabilities.restart_families = 3;
    return capabilities;
}

void configure_puppet(struct scene *scene, unsigned number)
{
    struct puppet *puppet = &scene->puppets[number];
    *puppet = (struct puppet){.came = nothing, .went = nothing};
    puppet->config = (struct session_config){
        .remote = {.addr = scene->dut->addr, .port = 179},
        .transport = {.local = {.addr = puppet_addr(number)}},
        .local_as = DUT_AS + 1 + number,
        .local_id = 100 + number,
        .peer_as = DUT_AS,
        .hold_time_s = 90,
        .connect_retry_s = 1,
        .open_wait_s = 60,
        .capabilities = puppet_capabilities(number),
        .rules = {.ebgp = true, .allow_as_set = true},
    };
}

void run_puppet(struct scene *scene, unsigned number)
{
    struct addr addr = puppet_addr(number);
    puppet_init(&scene->puppets[number], scene->lab.loop, memory_net_transport(scene->lab.net, &addr));
}

void make_neighbor(unsigned number, struct neighbor_config *neighbor)
{
    *neighbor = (struct neighbor_config){.address = puppet_addr(number)};
    peer_config_init(&neighbor->peer);
    neighbor->peer.peer_as = DUT_AS + 1 + number;
    neighbor->peer.transport.passive_mode = true;
    neighbor->peer.timers.idle_hold_time_after_reset_s = 1;
    neighbor->peer.graceful_restart =
        (struct graceful_restart_config){.enabled = number != PLAIN, .long_lived_enabled = number != PLAIN};
    for (unsigned family = 0; family < 2; family++)
        neighbor->peer.families[neighbor->peer.family_count++] =
            (struct family_config){.family = family,
                                   .enabled = true,
                                   .mp_graceful_restart = true,
                                   .long_lived = true,
                                   .long_lived_restart_time_s = LONG_LIVED_TIME_S};
}

struct peer_name name_of(unsigned number)
{
    return (struct peer_name){.address = puppet_addr(number)};
}

static void add_neighbors(struct scene *scene, void (*adjust)(struct neighbor_config *neighbor))
{
    struct err err = {0};
    for (unsigned i = 0; i < PUPPETS; i++) {
        struct neighbor_config neighbor;
        make_neighbor(i, &neighbor);
        if (adjust != NULL && i == RESTARTER)
            adjust(&neighbor);
        if (control_peer_add(scene->dut->control, &neighbor, &err) != E_OK)
            fail_msg("%s", err.text);
    }
}

void scene_begin(struct scene *scene, void (*adjust)(struct neighbor_config *neighbor))
{
    *scene = (struct scene){0};
    lab_init(&scene->lab);
    scene->dut = lab_node(&scene->lab, DUT_AS, NULL);
    add_neighbors(scene, adjust);
    for (unsigned i = 0; i < PUPPETS; i++)
        configure_puppet(scene, i);
}

void restart_dut(struct scene *scene, void (*adjust)(struct neighbor_config *neighbor))
{
    lab_kill(scene->dut);
    scene->dut->control = control_new(scene->lab.loop, scene->dut->transport);
    control_set_restarted(scene->dut->control);
    lab_start(&scene->lab, scene->dut, NULL);
    add_neighbors(scene, adjust);
}

void scene_end(struct scene *scene)
{
    for (unsigned i = 0; i < PUPPETS; i++)
        if (scene->puppets[i].session != NULL)
            puppet_release(&scene->puppets[i]);
    lab_release(&scene->lab);
}

/* Conditions ------------------------------------------------------------------------------------------------------- */

bool is_up(void *context)
{
    return ((const struct puppet *)context)->established;
}

bool is_down(void *context)
{
    return !((const struct puppet *)context)->established;
}

void until_up(struct scene *scene, unsigned number)
{
    lab_until(&scene->lab, 120, is_up, &scene->puppets[number]);
}

/* Everything that takes no time, and the answers to it. */
void settle(struct scene *scene)
{
    lab_run_ms(&scene->lab, 100);
}

enum presence at_dut(struct scene *scene, unsigned family, unsigned prefix)
{
    char text[PREFIX_TEXT_MAX];
    struct prefix wanted = model_prefix(family, prefix);
    struct lab_route route;
    if (!lab_route(scene->dut, TABLE_GLOBAL, NULL, prefix_format(&wanted, text), &route))
        return GONE;
    return route.view.stale ? STALE : FRESH;
}

bool at_puppet(const struct scene *scene, unsigned number, unsigned family, unsigned prefix)
{
    return scene->puppets[number].table[family][prefix][0].present;
}

bool heard_llgr_stale(const struct scene *scene, unsigned number, unsigned family, unsigned prefix)
{
    const struct puppet_path *path = &scene->puppets[number].table[family][prefix][0];
    struct attr_block block;
    attr_block_of(path->attrs, path->length, &block);
    return block.summary.facts & ATTR_LLGR_STALE;
}

/* Steps ------------------------------------------------------------------------------------------------------------ */

void announce(struct scene *scene, unsigned number, unsigned family, unsigned prefix, uint32_t community)
{
    struct model_attrs attrs = {.path = {DUT_AS + 1 + number}, .path_length = 1, .mark = community};
    const uint8_t global[16] = {0x20, 0x01, 0x0d, 0xb8, 0xff, [15] = (uint8_t)(number + 1)};
    attrs.next_hop = family == 0 ? puppet_addr(number) : addr_from_bytes(ADDR_IPV6, global);
    puppet_announce(&scene->puppets[number], family, &prefix, 1, 0, &attrs);
}

void kill_puppet(struct scene *scene, unsigned number)
{
    puppet_release(&scene->puppets[number]);
    configure_puppet(scene, number);
    settle(scene);
}

/* With the R and F bits, as a speaker that has restarted gracefully. */
void restart_puppet(struct scene *scene, unsigned number)
{
    struct capabilities *capabilities = &scene->puppets[number].config.capabilities;
    capabilities->restarting = true;
    capabilities->restart_forwarding = capabilities->restart_families;
    capabilities->long_lived_forwarding = capabilities->long_lived_families;
    run_puppet(scene, number);
    until_up(scene, number);
    settle(scene);
}
